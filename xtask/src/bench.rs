//! `cargo xtask bench`: measures, and prints the results beside the goals.

use std::process::{Command, ExitCode};

use anyhow::Result;
use clap::Args;

use crate::assets;
use crate::places::Places;
use crate::site;
use crate::step;
use crate::wasm::{Compiler, Profile};

/// The first view in a browser: all assets and one page, compressed.
const FIRST_VIEW_GOAL: usize = 150 * 1024;

/// Measure sizes and speeds with release builds and print them beside the goals. Nothing here fails by being slow.
#[derive(Args)]
pub(crate) struct Options {
    /// Which compiler builds for the browser.
    #[arg(long, value_enum, default_value_t = Compiler::Auto)]
    compiler: Compiler,
    /// Only the benchmarks whose name contains this.
    filter: Option<String>,
}

/// Runs the recipe.
pub(crate) fn run(places: &Places, options: &Options) -> Result<ExitCode> {
    sizes(places, options.compiler)?;
    step::say("Running the benchmarks of the crates");
    let mut cargo = Command::new(Places::cargo());
    cargo.current_dir(&places.root).args(["bench", "--workspace", "--benches"]);
    if let Some(filter) = &options.filter {
        cargo.arg("--").arg(filter);
    }
    step::run(&mut cargo)?;
    Ok(ExitCode::SUCCESS)
}

/// What the browser loads, as a release ships it.
fn sizes(places: &Places, compiler: Compiler) -> Result<()> {
    assets::build(places, Profile::Release, compiler)?;
    let mut sum = 0;
    for asset in site::list(places) {
        println!(
            "{:<12} {:>8} bytes with Brotli, {:>8} without",
            asset.name, asset.brotli_bytes, asset.bytes
        );
        sum += asset.brotli_bytes;
    }
    println!(
        "{:<12} {sum:>8} bytes with Brotli; the goal for the first view, with its page, is {FIRST_VIEW_GOAL}",
        "all assets"
    );
    Ok(())
}
