//! `perijove config`: the effective configuration, or the reference of all keys.

use clap::Args;

use super::{Stopped, print};
use crate::config::{Config, keys};

/// Arguments of `perijove config`.
#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// Print the reference of all keys as Markdown instead.
    #[arg(long)]
    reference: bool,
}

/// Prints the configuration as TOML. No key holds a secret: credentials of clusters stay in their kubeconfigs.
pub fn run(args: &ConfigArgs, config: &Config) -> Result<u8, Stopped> {
    let text = if args.reference {
        keys::reference_page()
    } else {
        toml::to_string_pretty(config)
            .map_err(|error| Stopped::input(format!("the configuration cannot be printed: {error}")))?
    };
    print(&text)?;
    Ok(0)
}
