//! `cargo xtask demo`: from a fresh clone to the demo in a browser.

use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::assets;
use crate::packages;
use crate::places::{self, Places};
use crate::step;
use crate::wasm::{Compiler, Profile};

/// Install what is missing, build everything, and serve the demo on this machine.
///
/// The demo is three invented clusters with a month of history. It needs no cluster and no network. The first run takes
/// minutes, since it builds every dependency; later runs start in seconds.
#[derive(Args)]
pub(crate) struct Options {
    /// Which compiler builds for the browser.
    #[arg(long, value_enum, default_value_t = Compiler::Auto)]
    compiler: Compiler,
    /// What else `perijove serve` is told, after `--`.
    #[arg(last = true)]
    serve: Vec<String>,
}

/// Runs the recipe. Ends only with an error: the server takes the place of this process.
pub(crate) fn run(places: &Places, options: &Options) -> Result<ExitCode> {
    c_compiler()?;
    assets::build(places, Profile::Dev, options.compiler)?;
    build_server(places)?;
    let mut perijove = Command::new(places.target.join("debug/perijove"));
    perijove.args(["serve", "--demo"]).args(&options.serve);
    // Replacing this process hands signals and the exit code through unchanged.
    Err(perijove.exec()).context("could not start the server that was just built")
}

/// Builds the binary with the development profile.
pub(crate) fn build_server(places: &Places) -> Result<()> {
    step::say("Building the server");
    let mut cargo = Command::new(Places::cargo());
    step::run(cargo.current_dir(&places.root).args(["build", "--package", "server", "--bin", "perijove"]))
}

/// SQLite and the cryptography are C.
fn c_compiler() -> Result<()> {
    let has_one = || places::program(&["cc", "gcc", "clang"]).is_some();
    if has_one() || (packages::install(&["build-essential"])? && has_one()) {
        return Ok(());
    }
    bail!("no C compiler: install one, on Debian with `apt-get install build-essential` as root")
}
