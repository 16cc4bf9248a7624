//! `perijove migrate`: brings the store's schema up to this version.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;

use super::{EXIT_FINDINGS, Stopped, print};
use crate::config::Config;
use crate::store::{Store, migrations};

/// Arguments of `perijove migrate`.
#[derive(Debug, Args)]
pub struct MigrateArgs {
    /// The database; otherwise `store.path` of the configuration.
    #[arg(long, value_name = "FILE")]
    store: Option<PathBuf>,
    /// Only say which migrations the database has; nothing is changed.
    #[arg(long)]
    status: bool,
}

/// Opens the database, which brings its schema up to date, and says so. `serve` does the same when it starts.
pub async fn run(args: &MigrateArgs, config: &Config) -> Result<u8, Stopped> {
    let path = args.store.as_ref().unwrap_or(&config.store.path);
    if args.status {
        let states = migrations(path).await?;
        let lines = states.iter().fold(String::new(), |mut text, state| {
            let mark = if state.is_applied { "done   " } else { "missing" };
            let _ = writeln!(text, "{mark}  {}  {}", state.version, state.description);
            text
        });
        print(&lines)?;
        return Ok(if states.iter().all(|state| state.is_applied) { 0 } else { EXIT_FINDINGS });
    }
    let store = Store::open(path).await?;
    store.close().await;
    print(&format!(
        "The database {} has the schema of Perijove {}.\n",
        path.display(),
        env!("CARGO_PKG_VERSION")
    ))?;
    Ok(0)
}
