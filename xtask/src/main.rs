//! Build and test automation: `cargo xtask <recipe>`, one file per recipe.

mod assets;
mod bench;
mod check;
mod control_plane;
mod css;
mod demo;
mod packages;
mod places;
mod site;
mod sqlx;
mod stamp;
mod step;
mod test;
mod wasm;

use std::io;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::places::Places;

/// The few commands that people need to build, try and test Perijove.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct Cli {
    #[command(subcommand)]
    recipe: Recipe,
}

#[derive(Subcommand)]
enum Recipe {
    Demo(demo::Options),
    Test(test::Options),
    Check(check::Options),
    Bench(bench::Options),
    Assets(assets::Options),
    /// Find or build the API server that the tests talk to, and print its folder.
    ControlPlane,
    /// Renew the query data in `server/.sqlx`, against which builds check every query without a database.
    Sqlx {
        /// Fail where the committed data differs, instead of writing it.
        #[arg(long)]
        check: bool,
    },
}

fn main() -> ExitCode {
    let recipe = Cli::parse().recipe;
    let outcome = Places::find().and_then(|places| match recipe {
        Recipe::Demo(options) => demo::run(&places, &options),
        Recipe::Test(options) => test::run(&places, &options),
        Recipe::Check(options) => Ok(check::run(&places, &options)),
        Recipe::Bench(options) => bench::run(&places, &options),
        Recipe::Assets(options) => assets::run(&places, &options),
        Recipe::ControlPlane => control_plane_folder(),
        Recipe::Sqlx { check } => {
            let mode = if check { sqlx::Mode::Compare } else { sqlx::Mode::Renew };
            sqlx::run(mode).map(|()| ExitCode::SUCCESS)
        }
    });
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Prints the folder of the API server's programs; the progress goes to the other stream.
fn control_plane_folder() -> Result<ExitCode> {
    let folder = control_plane::ensure(&mut io::stderr())?;
    if let Some(folder) = &folder {
        println!("{}", folder.display());
    }
    Ok(if folder.is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
