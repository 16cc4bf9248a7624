//! Build and test automation.

mod control_plane;

use std::{env, io, process::ExitCode};

fn main() -> ExitCode {
    if env::args().nth(1).as_deref() != Some("control-plane") {
        eprintln!("usage: cargo xtask control-plane");
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
