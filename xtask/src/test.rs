//! `cargo xtask test`: every test there is, and a plain line that counts them.

mod browser;
mod tally;

use std::io;
use std::process::{Command, ExitCode};

use anyhow::Result;
use clap::Args;

use crate::places::{self, Places};
use crate::test::tally::Tally;
use crate::wasm::{Compiler, Profile};
use crate::{assets, control_plane, demo, step};

/// Tests below a module of this name talk to a real API server; without one they are left out and counted as skipped.
const NEEDS_CONTROL_PLANE: &str = "control_plane::";

/// Programs that tests of certificates compare with or get samples from, and what such tests have in their names.
const NEEDS_PROGRAM: [(&str, &[&str]); 2] =
    [("openssl", &["agreement::", "programs::"]), ("keytool", &["of_keytool"])];

/// Run all tests: of the crates, against a real API server where one can be had, and in a browser where there is one.
///
/// What cannot run is counted as skipped, with the reason.
#[derive(Args)]
pub(crate) struct Options {
    /// Leave out the tests in a browser.
    #[arg(long)]
    no_browser: bool,
    /// Which compiler builds for the browser.
    #[arg(long, value_enum, default_value_t = Compiler::Auto)]
    compiler: Compiler,
}

/// Runs the recipe.
pub(crate) fn run(places: &Places, options: &Options) -> Result<ExitCode> {
    let mut tally = Tally::default();
    assets::build(places, Profile::Dev, options.compiler)?;
    crates(places, &mut tally)?;
    if options.no_browser {
        println!("Browser tests are left out as asked.");
    } else {
        demo::build_server(places)?;
        browser::run(places, &mut tally)?;
    }
    println!("{tally}");
    Ok(if tally.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The tests of the crates, with the API server's programs where there are any.
fn crates(places: &Places, tally: &mut Tally) -> Result<()> {
    let programs = control_plane::ensure(&mut io::stdout())?;
    step::say("Testing the crates");
    let mut cargo = Command::new(Places::cargo());
    cargo.current_dir(&places.root).args(["test", "--workspace", "--no-fail-fast", "--"]);
    match programs {
        Some(folder) => cargo.env("PERIJOVE_CONTROL_PLANE", folder),
        None => cargo.args(["--skip", NEEDS_CONTROL_PLANE]).env_remove("PERIJOVE_CONTROL_PLANE"),
    };
    for (program, tests) in NEEDS_PROGRAM {
        if places::program(&[program]).is_none() {
            println!("The tests that need `{program}` are skipped. To have them run, install it.");
            cargo.args(tests.iter().flat_map(|test| ["--skip", test]));
        }
    }
    let before = tally.failed;
    let succeeded = step::follow(&mut cargo, |line| tally.read_libtest(line))?;
    if !succeeded && tally.failed == before {
        // A crate that does not compile, or a test that ends the process, prints no result of its own.
        tally.failed += 1;
    }
    Ok(())
}
