//! The binary `perijove`: parses the command line and runs one subcommand.

use std::process::ExitCode;
use std::thread::available_parallelism;

use clap::Parser;
use tokio::runtime::Builder;

/// A scan takes a third less processor time than with the allocator of glibc; see `docs/decisions/allocator.md`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How many threads answer at most: a machine with a hundred processors is not there for Perijove alone, and each costs memory.
const THREADS: usize = 4;

fn main() -> ExitCode {
    server::cli::panics::keep_quiet();
    let command = server::cli::Cli::parse();
    let threads = available_parallelism().map_or(THREADS, |processors| processors.get().min(THREADS));
    match Builder::new_multi_thread().worker_threads(threads).enable_all().build() {
        Ok(runtime) => runtime.block_on(server::cli::run(command)),
        Err(error) => {
            eprintln!("error: the program cannot start its threads: {error}");
            ExitCode::from(3)
        }
    }
}
