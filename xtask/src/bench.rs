//! `cargo xtask bench`: measures, and prints the results beside the goals.

mod api;
mod cluster;
mod http;
mod judging;
mod scan;
mod serve;
mod sizes;
mod table;
mod usage;
mod work;
mod year;

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Result, bail};
use clap::Args;

use crate::places::Places;
use crate::step;
use crate::wasm::Compiler;
use table::Table;

/// Measure sizes and speeds with release builds and print them beside the goals. Nothing here fails by being slow.
///
/// Clusters are fake: a server in this process invents a hub and pods of 9 KB as they are asked for, over plain HTTP on loopback. What
/// is measured is the real binary, as a process of its own. The cases are `sizes`, `judging`, `scan-1000`, `scan-10000`, `scan-100000`
/// (each also with `-stored`, into a new database), `idle`, `change`, `pages`, and, only where it is named, `year`.
#[derive(Args)]
pub(crate) struct Options {
    /// Which compiler builds for the browser.
    #[arg(long, value_enum, default_value_t = Compiler::Auto)]
    compiler: Compiler,
    /// Measure this binary instead of building one.
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    /// How many days the history of the case `year` has.
    #[arg(long, value_name = "N", default_value_t = 365, value_parser = clap::value_parser!(u32).range(2..=3650))]
    days: u32,
    /// Only these cases: `scan-10000` is also `scan-10000-stored`, and `scan` is all of them.
    cases: Vec<String>,
}

/// Runs the recipe.
pub(crate) fn run(places: &Places, options: &Options) -> Result<ExitCode> {
    let is_wanted =
        |name: &str| options.cases.is_empty() || options.cases.iter().any(|case| is_of(name, case));
    let needs_binary =
        scan::names().any(|name| is_wanted(&name)) || serve::NAMES.iter().any(|name| is_wanted(name));
    let wants_year = options.cases.iter().any(|case| case == year::NAME);
    if !needs_binary && !wants_year && !is_wanted(sizes::NAME) && !is_wanted(judging::NAME) {
        bail!("no case has such a name; see `cargo xtask bench --help`");
    }
    let mut table = Table::default();
    if is_wanted(sizes::NAME) {
        sizes::run(places, options.compiler, &mut table)?;
    }
    if is_wanted(judging::NAME) {
        step::say("Judging");
        judging::run(places, &mut table)?;
    }
    if needs_binary {
        let binary = match &options.binary {
            Some(binary) => binary.clone(),
            None => build(places)?,
        };
        step::say("Scanning");
        scan::run(places, &binary, is_wanted, &mut table)?;
        if serve::NAMES.iter().any(|name| is_wanted(name)) {
            step::say("Serving");
            serve::run(places, &binary, is_wanted, &mut table)?;
        }
    }
    if wants_year {
        step::say("A year of history");
        year::run(places, options.days, &mut table)?;
    }
    table.print();
    Ok(ExitCode::SUCCESS)
}

/// Whether a name is this one, or one of this family.
fn is_of(name: &str, case: &str) -> bool {
    name.strip_prefix(case).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

/// The binary as it is shipped, with whatever assets were built last.
fn build(places: &Places) -> Result<PathBuf> {
    step::say("Building the release");
    let mut cargo = Command::new(Places::cargo());
    cargo.current_dir(&places.root).args(["build", "--release", "--package", "server", "--bin", "perijove"]);
    step::run(&mut cargo)?;
    Ok(places.target.join("release/perijove"))
}
