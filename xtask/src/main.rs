//! Build and test automation.

mod control_plane;
mod sqlx;

use std::{env, io, process::ExitCode};

fn main() -> ExitCode {
    if env::args().nth(1).as_deref() == Some("sqlx") {
        let mode = if env::args().nth(2).as_deref() == Some("--check") {
            sqlx::Mode::Compare
        } else {
            sqlx::Mode::Renew
        };
        return match sqlx::run(mode) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{error:#}");
                ExitCode::FAILURE
            }
        };
    }
    if env::args().nth(1).as_deref() != Some("control-plane") {
        eprintln!("usage: cargo xtask control-plane | sqlx [--check]");
        return ExitCode::from(2);
    }
    match control_plane::ensure(&mut io::stderr()) {
        Ok(Some(folder)) => {
            println!("{}", folder.display());
            ExitCode::SUCCESS
        }
        Ok(None) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
