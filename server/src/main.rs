//! The binary `perijove`: parses the command line and runs one subcommand.

use std::process::ExitCode;

use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    server::cli::panics::keep_quiet();
    server::cli::run(server::cli::Cli::parse()).await
}
