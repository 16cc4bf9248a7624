//! `perijove serve`: watches clusters and serves the pages.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use app::backend::Backend;
use clap::Args;
use jiff::Timestamp;
use posture::redact::{Names, RedactionKey, Redactor};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::scan::{target, tuning};
use super::{ClusterArgs, Stopped};
use crate::backend::StoreBackend;
use crate::clock::Clock;
use crate::cluster::{Source, Target};
use crate::collector::replay::Replay;
use crate::collector::{Collector, Settings};
use crate::config::{ClusterConfig, Config, NamesPolicy};
use crate::http::events::Notices;
use crate::http::session::Sessions;
use crate::http::{AppState, SiteConfig, router};
use crate::keeper::{Keeper, Shared};
use crate::store::{Retention, Store};
use crate::troubles::Troubles;
use crate::{demo, telemetry};

/// Arguments of `perijove serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    #[command(flatten)]
    cluster: ClusterArgs,
    /// The cluster's name on pages, where the configuration lists no clusters.
    #[arg(long, value_name = "NAME", default_value = "cluster")]
    name: String,
    /// Serve the embedded demo: three invented clusters with thirty days of past, in a database that is thrown away.
    #[arg(long, conflicts_with_all = ["kubeconfig", "context"])]
    demo: bool,
    /// The address to listen on; port 0 takes a free port.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// The path below which everything is served.
    #[arg(long, value_name = "PATH")]
    prefix: Option<String>,
    /// The database; it is made where there is none.
    #[arg(long, value_name = "FILE")]
    store: Option<PathBuf>,
}

/// Serves until it is told to stop.
pub async fn run(args: ServeArgs, config: Config) -> Result<u8, Stopped> {
    let config = with_arguments(&args, config)?;
    telemetry::start(&config.log)?;
    let address = loopback(&config.serve.listen)?;
    let listener = TcpListener::bind(address).await.map_err(|error| {
        Stopped::unavailable(format!(
            "cannot listen on {address}: {error}; choose another port with --listen"
        ))
    })?;
    let address = listener.local_addr().map_err(|error| Stopped::unavailable(error.to_string()))?;
    let folder = if args.demo { Some(temporary()?) } else { None };
    let path =
        folder.as_ref().map_or_else(|| config.store.path.clone(), |folder| folder.path().join("demo.db"));
    let store = Store::open(&path).await.map_err(|error| Stopped::unavailable(error.to_string()))?;
    let key = store.redaction_key().await.map_err(|error| Stopped::unavailable(error.to_string()))?;
    let shared = Shared {
        store: store.clone(),
        notices: Notices::default(),
        settings: Arc::new(config.judge.clone()),
        troubles: Arc::new(Troubles::default()),
    };
    let mut tasks = JoinSet::new();
    if args.demo {
        watch_demo(&mut tasks, &shared, &config, &key)?;
    } else {
        watch_clusters(&mut tasks, &args, &shared, &config, &key);
    }
    tasks.spawn(prune(store.clone(), retention(&config)));
    let stale_after = u32::try_from(config.collect.tick_seconds.saturating_mul(3)).unwrap_or(u32::MAX);
    let backend: Arc<dyn Backend> = Arc::new(StoreBackend::new(
        store.clone(),
        Clock::System,
        shared.troubles.clone(),
        stale_after,
        args.demo,
    ));
    let sessions = sessions(&config, address)?;
    let state = AppState {
        backend,
        sessions: Arc::new(sessions),
        notices: shared.notices.clone(),
        site: Arc::new(SiteConfig {
            prefix: config.serve.prefix.clone(),
            allowed_hosts: config.serve.allowed_hosts.clone(),
            port: address.port(),
        }),
    };
    let served = tokio::select! {
        served = axum::serve(listener, router(state)) => served,
        () = stop() => Ok(()),
    };
    tasks.shutdown().await;
    store.close().await;
    served.map_err(|error| Stopped::unavailable(format!("serving ended: {error}")))?;
    Ok(0)
}

/// Lays the arguments over the configuration.
fn with_arguments(args: &ServeArgs, mut config: Config) -> Result<Config, Stopped> {
    if let Some(listen) = &args.listen {
        config.serve.listen.clone_from(listen);
    }
    if let Some(prefix) = &args.prefix {
        config.serve.prefix.clone_from(prefix);
    }
    if let Some(store) = &args.store {
        config.store.path.clone_from(store);
    }
    Ok(crate::config::validate("the command line", config)?)
}

/// The address, if it is a loopback one: nobody else may reach the pages before the hub's sign-in guards them.
fn loopback(listen: &str) -> Result<SocketAddr, Stopped> {
    match listen.parse::<SocketAddr>() {
        Ok(address) if address.ip().is_loopback() => Ok(address),
        Ok(address) => Err(Stopped::input(format!(
            "{address} is not a loopback address; the pages show how a cluster can be attacked, so Perijove listens on 127.0.0.1 or \
             [::1] only; reach it by an ssh tunnel or `kubectl port-forward`"
        ))),
        Err(_) => {
            Err(Stopped::input(format!("`{listen}` is not an address and a port such as 127.0.0.1:8474")))
        }
    }
}

fn temporary() -> Result<tempfile::TempDir, Stopped> {
    tempfile::Builder::new().prefix("perijove-demo-").tempdir().map_err(|error| {
        Stopped::unavailable(format!("no temporary folder can be made for the demo: {error}"))
    })
}

/// Prints each one-time link on a line of its own.
fn sessions(config: &Config, address: SocketAddr) -> Result<Sessions, Stopped> {
    let base = format!("http://{address}{}", config.serve.prefix);
    let announce = move |token: &str| println!("Perijove is at {base}sign-in?token={token}");
    Sessions::new(announce)
        .map_err(|error| Stopped::unavailable(format!("the system gives no random bytes: {error}")))
}

/// One redactor for each cluster: what it learns about people is learned of one cluster.
fn redactor(config: &Config, key: &RedactionKey) -> Arc<Redactor> {
    let names = match config.privacy.names {
        NamesPolicy::Kept => Names::Resolvable,
        NamesPolicy::Hashed => Names::Hashed,
    };
    Arc::new(Redactor::new(key.clone(), names))
}

fn settings(config: &Config, cluster: &str) -> Settings {
    Settings {
        namespaces: config.collect.namespaces.iter().cloned().collect::<BTreeSet<_>>(),
        tick: std::time::Duration::from_secs(config.collect.tick_seconds),
        ..Settings::new(cluster)
    }
}

fn watch_demo(
    tasks: &mut JoinSet<()>,
    shared: &Shared,
    config: &Config,
    key: &RedactionKey,
) -> Result<(), Stopped> {
    let now = Timestamp::now();
    let clusters = demo::clusters(now).map_err(|error| Stopped::unavailable(error.to_string()))?;
    for cluster in clusters {
        let name = cluster.name.clone();
        shared.troubles.set(&name, "Its thirty days of past are being replayed; this takes a few seconds.");
        let clock = Clock::at(cluster.begins);
        let keeper = Keeper::new(shared.clone(), clock);
        let replay = Replay::new(cluster, settings(config, &name), redactor(config, key), keeper);
        let troubles = shared.troubles.clone();
        tasks.spawn(async move {
            if let Err(error) = Box::pin(replay.run(now, || {})).await {
                tracing::error!(cluster = name, error = %error, "the demo cluster has ended");
                troubles.set(&name, error.to_string());
            }
        });
    }
    Ok(())
}

fn watch_clusters(
    tasks: &mut JoinSet<()>,
    args: &ServeArgs,
    shared: &Shared,
    config: &Config,
    key: &RedactionKey,
) {
    let configured: Vec<(ClusterConfig, Target)> = if config.clusters.is_empty() {
        let only = ClusterConfig { name: args.name.clone(), ..ClusterConfig::default() };
        vec![(only, target(&args.cluster))]
    } else {
        config.clusters.iter().map(|cluster| (cluster.clone(), configured_target(cluster))).collect()
    };
    for (cluster, target) in configured {
        let shared = shared.clone();
        let settings = settings(config, &cluster.name);
        let tuning = tuning(&config.collect);
        let redactor = redactor(config, key);
        tasks.spawn(async move {
            shared.troubles.set(&cluster.name, "It has not answered yet.");
            let source = match Source::connect(&target, tuning).await {
                Ok(source) => source,
                Err(error) => {
                    tracing::error!(cluster = cluster.name, error = %error, "the cluster cannot be asked");
                    return shared.troubles.set(&cluster.name, error.to_string());
                }
            };
            let keeper = Keeper::new(shared.clone(), Clock::System);
            let (collector, handle) = Collector::new(source, settings, redactor, keeper);
            let watcher =
                tokio::spawn(crate::watcher::tell(handle, cluster.name.clone(), shared.troubles.clone()));
            if let Err(error) = Box::pin(collector.run()).await {
                tracing::error!(cluster = cluster.name, error = %error, "the cluster is no longer followed");
                shared.troubles.set(&cluster.name, error.to_string());
            }
            watcher.abort();
        });
    }
}

fn configured_target(cluster: &ClusterConfig) -> Target {
    if cluster.kubeconfig.is_none() && cluster.context.is_none() {
        return Target::InCluster;
    }
    Target::Kubeconfig { path: cluster.kubeconfig.clone(), context: cluster.context.clone() }
}

fn retention(config: &Config) -> Retention {
    Retention {
        history_days: config.store.keep_days,
        max_bytes: config.store.max_size_mib.saturating_mul(1 << 20),
        ..Retention::default()
    }
}

/// Prunes the history now and every hour.
async fn prune(store: Store, retention: Retention) {
    let mut hour = tokio::time::interval(std::time::Duration::from_hours(1));
    loop {
        hour.tick().await;
        match store.prune(&retention, Timestamp::now()).await {
            Ok(pruned) if pruned.is_over_bound => tracing::warn!(
                bytes = pruned.bytes,
                bound = retention.max_bytes,
                "the database is larger than store.max_size_mib and cannot be made smaller without losing what must be kept"
            ),
            Ok(pruned) => tracing::debug!(rows = pruned.rows, bytes = pruned.bytes, "history pruned"),
            Err(error) => {
                tracing::error!(error = %error, "history could not be pruned; it is tried again in an hour");
            }
        }
    }
}

/// Waits for the signals that end a program politely.
async fn stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
