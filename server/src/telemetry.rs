//! Logs: to standard error, as text for people or JSON for machines. Fields hold tokens, never names of people.

use tracing_subscriber::EnvFilter;

use crate::cli::Stopped;
use crate::config::{LogConfig, LogFormat};

/// Starts logging.
pub fn start(config: &LogConfig) -> Result<(), Stopped> {
    let filter = EnvFilter::try_new(&config.filter)
        .map_err(|error| Stopped::input(format!("log.filter cannot be understood: {error}")))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match config.format {
        LogFormat::Text => builder.with_target(false).try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
    started.map_err(|error| Stopped::input(format!("logging cannot be started: {error}")))
}
