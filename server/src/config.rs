//! The configuration: one TOML file and the environment, one struct per section.

pub mod certificates;
pub mod drift;
pub mod keys;
mod load;

use std::path::PathBuf;

use posture::settings::Settings;
use serde::{Deserialize, Serialize};

pub use certificates::{CertificatesConfig, Private, Sights};
pub use drift::DriftConfig;
pub(crate) use load::validate;
pub use load::{ConfigError, cluster_name, load, namespace_name};

/// The whole configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where and how pages are served.
    pub serve: ServeConfig,
    /// Where history is kept, and how much of it.
    pub store: StoreConfig,
    /// How a cluster is read.
    pub collect: CollectConfig,
    /// Where certificates are looked at outside the lists of the API.
    pub certificates: CertificatesConfig,
    /// What a cluster may be compared with beside its own past.
    pub drift: DriftConfig,
    /// The clusters to read; empty means the one that `serve` or `scan` is told of on the command line.
    pub clusters: Vec<ClusterConfig>,
    /// What happens to names of people.
    pub privacy: PrivacyConfig,
    /// What an operator decides about judging.
    pub judge: Settings,
    /// What is logged.
    pub log: LogConfig,
}

impl Config {
    /// Where certificates are looked at; nowhere by a section that loading would have refused.
    pub fn sights(&self) -> Sights {
        self.certificates.sights().unwrap_or_default()
    }
}

/// Where and how pages are served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServeConfig {
    /// The address to listen on; only loopback until the hub's sign-in guards it.
    pub listen: String,
    /// The path below which everything is served; behind a hub `/services/perijove/`.
    pub prefix: String,
    /// Further values of the `Host` header to answer; loopback names are always answered.
    pub allowed_hosts: Vec<String>,
}

impl Default for ServeConfig {
    fn default() -> Self {
        Self { listen: "127.0.0.1:8474".to_owned(), prefix: "/".to_owned(), allowed_hosts: Vec::new() }
    }
}

/// Where history is kept, and how much of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreConfig {
    /// The SQLite file. Its folder also holds the key of keyed hashes.
    pub path: PathBuf,
    /// Days of history to keep.
    pub keep_days: u32,
    /// The size in MiB that pruning tries to hold.
    pub max_size_mib: u64,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self { path: PathBuf::from("perijove.db"), keep_days: 400, max_size_mib: 1024 }
    }
}

/// How a cluster is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CollectConfig {
    /// Seconds between scans that nothing but time triggers.
    pub tick_seconds: u64,
    /// Requests per second to one API server.
    pub requests_per_second: u32,
    /// Requests that may be made at once before that rate holds.
    pub request_burst: u32,
    /// Namespaces to list one by one where neither the cluster-wide list nor the list of namespaces is allowed.
    pub namespaces: Vec<String>,
}

impl Default for CollectConfig {
    fn default() -> Self {
        Self { tick_seconds: 300, requests_per_second: 20, request_burst: 40, namespaces: Vec::new() }
    }
}

/// One cluster to read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClusterConfig {
    /// Its name on pages and in addresses: lower case letters, digits and `-`.
    pub name: String,
    /// The kubeconfig; without one the in-cluster account is used.
    pub kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig; only a context named here may run an `exec` plugin.
    pub context: Option<String>,
}

/// What happens to names of people.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PrivacyConfig {
    /// Whether the names behind tokens are kept.
    pub names: NamesPolicy,
}

/// Whether the names behind tokens are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NamesPolicy {
    /// One table maps tokens to names; administrators see names.
    #[default]
    Kept,
    /// Names are never kept; everybody sees tokens.
    Hashed,
}

/// What is logged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// A level or a filter: `info`, `warn,server=debug`.
    pub filter: String,
    /// `text` for people, `json` for machines.
    pub format: LogFormat,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { filter: "info".to_owned(), format: LogFormat::Text }
    }
}

/// The form of log lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For machines.
    Json,
}
