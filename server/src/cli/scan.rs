//! `perijove scan`: reads a cluster once, judges it and prints the findings.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use posture::check::Recall;
use posture::derived::derive;
use posture::judge::judge;
use posture::record::Record;
use posture::redact::{Names, RedactionKey, Redactor};

use super::{ClusterArgs, ResultArgs, Stopped};
use crate::clock::Clock;
use crate::cluster::{Source, Target, Tuning};
use crate::collector::{ClusterSeen, Collector, ScanInput, Settings, Sink, SinkError};
use crate::config::{CollectConfig, Config};
use crate::keeper::{Keeper, Shared};
use crate::store::Store;

/// Arguments of `perijove scan`.
#[derive(Debug, Args)]
pub struct ScanArgs {
    #[command(flatten)]
    cluster: ClusterArgs,
    /// The cluster's name in the result.
    #[arg(long, value_name = "NAME", default_value = "cluster")]
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

/// Collects once and prints the findings.
pub async fn run(args: ScanArgs, config: Config) -> Result<u8, Stopped> {
    let source = Source::connect(&target(&args.cluster), tuning(&config.collect))
        .await
        .map_err(|error| Stopped::unavailable(error.to_string()))?;
    let settings = Settings {
        namespaces: config.collect.namespaces.iter().cloned().collect::<BTreeSet<_>>(),
        ..Settings::new(&args.name)
    };
    let (key, store) = match &args.store {
        Some(path) => {
            let store = Store::open(path).await.map_err(|error| Stopped::unavailable(error.to_string()))?;
            let key = store.redaction_key().await.map_err(|error| Stopped::unavailable(error.to_string()))?;
            (key, Some(store))
        }
        None => (passing_key()?, None),
    };
    let redactor = Arc::new(Redactor::new(key, Names::Hashed));
    let keeper = store.map(|store| {
        let shared = Shared {
            store,
            notices: crate::http::events::Notices::default(),
            settings: Arc::new(config.judge.clone()),
            troubles: Arc::default(),
        };
        Keeper::new(shared, Clock::System)
    });
    let (collector, _handle) = Collector::new(source, settings, redactor, Once { keeper, input: None });
    let done = Box::pin(collector.once()).await.map_err(|error| Stopped::unavailable(error.to_string()))?;
    let input = done.input.ok_or_else(|| Stopped::unavailable("the cluster gave no scan"))?;
    let derived = derive(&input.snapshot, &config.judge, input.taken_at);
    let findings = judge(&input.snapshot, &derived, &Recall::default(), &config.judge, input.taken_at);
    args.result.print(&findings, &input.snapshot.gaps())
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
