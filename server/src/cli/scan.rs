//! `perijove scan`: reads a cluster once, judges it and prints the findings.

use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use posture::check::Recall;
use posture::derived::derive;
use posture::hostile::visible;
use posture::judge::judge;
use posture::record::Record;
use posture::redact::{Names, RedactionKey, Redactor};

use super::{ClusterArgs, ResultArgs, Stopped};
use crate::clock::Clock;
use crate::cluster::{ApiError, Problem};
use crate::cluster::{Source, Target, Tuning};
use crate::collector::{
    ClusterSeen, Collector, CollectorError, Handle, ScanInput, Settings, Sink, SinkError,
};
use crate::config::{CollectConfig, Config};
use crate::keeper::{Keeper, Shared};
use crate::store::Store;

/// Arguments of `perijove scan`.
#[derive(Debug, Args)]
pub struct ScanArgs {
    #[command(flatten)]
    cluster: ClusterArgs,
    /// The cluster's name in the result.
    #[arg(long, value_name = "NAME", default_value = "cluster", value_parser = crate::config::cluster_name)]
    name: String,
    /// Also add the scan to the history in this database; without it nothing is written.
    #[arg(long, value_name = "FILE")]
    store: Option<PathBuf>,
    #[command(flatten)]
    result: ResultArgs,
}

/// Where the cluster is: as the arguments say, else the kubeconfig, else the in-cluster account.
pub fn target(args: &ClusterArgs) -> Target {
    let is_inside = std::env::var_os("KUBERNETES_SERVICE_HOST").is_some();
    let is_named =
        args.kubeconfig.is_some() || args.context.is_some() || std::env::var_os("KUBECONFIG").is_some();
    if is_inside && !is_named {
        return Target::InCluster;
    }
    Target::Kubeconfig { path: args.kubeconfig.clone(), context: args.context.clone() }
}

/// How gently the API server is asked, by the configuration.
pub fn tuning(config: &CollectConfig) -> Tuning {
    Tuning {
        requests_per_second: config.requests_per_second,
        burst: config.request_burst,
        ..Tuning::default()
    }
}

/// A key that lives as long as the process: nothing is stored with it.
pub fn passing_key() -> Result<RedactionKey, Stopped> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| Stopped::unavailable(format!("the system gives no random bytes: {error}")))?;
    Ok(RedactionKey::new(&bytes))
}

/// Collects once, with the progress on standard error where that is a terminal, and says what to do where the API server does not answer.
pub async fn once<S: Sink>(server: &str, collector: Collector<S>, handle: Handle) -> Result<S, Stopped> {
    let progress = std::io::stderr().is_terminal().then(|| tokio::spawn(show(visible(server), handle)));
    let done = Box::pin(collector.once()).await;
    if let Some(progress) = progress {
        progress.abort();
        super::tell("\r\u{1b}[K");
    }
    done.map_err(|error| Stopped::unavailable(format!("{}{}", asked(server, &error), hint(&error))))
}

/// Says every second how far it is, on one line.
async fn show(server: String, handle: Handle) {
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        super::tell(&format!("\rreading {server}: {} objects ", handle.status().objects));
    }
}

/// The sentence, with the address that was asked.
fn asked(server: &str, error: &CollectorError) -> String {
    match error {
        CollectorError::Api { error, .. } => format!("the API server {server} cannot be read: {error}"),
        other => other.to_string(),
    }
}

/// What to do about it.
fn hint(error: &CollectorError) -> &'static str {
    let CollectorError::Api { error, .. } = error else { return "" };
    match error {
        ApiError::Unauthorized => "; sign in again, or put a fresh token into the kubeconfig",
        ApiError::Forbidden => "; `perijove doctor --role` prints the account it needs",
        ApiError::Connection(Problem::Credentials) => {
            "; check the token file or the plugin of the kubeconfig"
        }
        ApiError::Connection(_) => {
            "; check the address in the kubeconfig, and that this machine reaches it (VPN, proxy, firewall)"
        }
        ApiError::NotFound | ApiError::Malformed(_) => {
            "; check that the address is that of a Kubernetes API server"
        }
        _ => "; try again later",
    }
}

/// Collects once and prints the findings.
pub async fn run(args: ScanArgs, config: Config) -> Result<u8, Stopped> {
    let source = Source::connect(&target(&args.cluster), tuning(&config.collect)).await?;
    let (key, store) = match &args.store {
        Some(path) => {
            let store = Store::open(path).await?;
            let key = store.redaction_key().await?;
            (key, Some(store))
        }
        None => (passing_key()?, None),
    };
    let keeper = store.map(|store| {
        let shared = Shared {
            store,
            notices: crate::http::events::Notices::default(),
            settings: Arc::new(config.judge.clone()),
            troubles: Arc::default(),
        };
        Keeper::new(shared, Clock::System)
    });
    let redactor = Arc::new(Redactor::new(key, Names::Hashed));
    // Nothing is judged by what Helm keeps: without a history nobody would see it.
    let releases = if args.store.is_some() { config.drift.namespaces() } else { BTreeSet::new() };
    let settings = Settings { sights: config.sights(), releases, ..settings(&args.name, &config) };
    let input = read(source, settings, redactor, keeper).await?;
    let derived = derive(&input.snapshot, &config.judge, input.taken_at);
    let findings = judge(&input.snapshot, &derived, &Recall::default(), &config.judge, input.taken_at);
    args.result.print(&findings, &input.snapshot.gaps())
}

/// What is collected, by the configuration; certificates outside the lists of the API are not looked at.
pub fn settings(name: &str, config: &Config) -> Settings {
    Settings {
        namespaces: config.collect.namespaces.iter().cloned().collect::<BTreeSet<_>>(),
        ..Settings::new(name)
    }
}

/// Reads a cluster once, and passes everything to the history where there is one.
pub async fn read(
    source: Source,
    settings: Settings,
    redactor: Arc<Redactor>,
    keeper: Option<Keeper>,
) -> Result<ScanInput, Stopped> {
    let server = source.server().to_owned();
    let (collector, handle) = Collector::new(source, settings, redactor, Once { keeper, input: None });
    let done = once(&server, collector, handle).await?;
    done.input.ok_or_else(|| Stopped::unavailable("the cluster gave no scan"))
}

/// Remembers the one scan, and passes everything to the history where there is one.
struct Once {
    keeper: Option<Keeper>,
    input: Option<ScanInput>,
}

impl Sink for Once {
    async fn connected(&mut self, cluster: &ClusterSeen) -> Result<(), SinkError> {
        match &mut self.keeper {
            Some(keeper) => keeper.connected(cluster).await,
            None => Ok(()),
        }
    }

    async fn records(&mut self, records: &[Record]) -> Result<(), SinkError> {
        match &mut self.keeper {
            Some(keeper) => keeper.records(records).await,
            None => Ok(()),
        }
    }

    async fn scan(&mut self, input: &ScanInput) -> Result<(), SinkError> {
        if let Some(keeper) = &mut self.keeper {
            keeper.scan(input).await?;
        }
        self.input = Some(input.clone());
        Ok(())
    }
}
