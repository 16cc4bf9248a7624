//! `perijove serve`: watches clusters and serves the pages.

mod sources;

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use app::backend::Backend;
use clap::Args;
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::{ClusterArgs, Stopped};
use crate::backend::StoreBackend;
use crate::clock::Clock;
use crate::config::Config;
use crate::declared::DeclaredFolder;
use crate::http::events::Notices;
use crate::http::metrics::Metrics;
use crate::http::session::Sessions;
use crate::http::{AppState, SiteConfig, router};
use crate::keeper::Shared;
use crate::store::{Retention, Store};
use crate::telemetry;
use crate::troubles::Troubles;

/// How long pages that are being sent may take to end once Perijove was told to stop.
const LAST_PAGES: Duration = Duration::from_secs(5);

/// Arguments of `perijove serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    #[command(flatten)]
    cluster: ClusterArgs,
    /// The name on pages of the one cluster that is served where the configuration lists none; `cluster`, or `files` for manifests.
    #[arg(long, value_name = "NAME", value_parser = crate::config::cluster_name)]
    name: Option<String>,
    /// Serve the embedded demo: three invented clusters with thirty days of past, in a database that is thrown away.
    #[arg(long, conflicts_with_all = ["kubeconfig", "context", "manifests", "store"])]
    demo: bool,
    /// Let nothing happen in the demo once its past has been played: for tests, pictures and lessons, which need the same at any time.
    #[arg(long, requires = "demo")]
    still: bool,
    /// Serve a folder of manifests (YAML or JSON) instead of a cluster, and judge it again whenever a file changes.
    ///
    /// Files prove what they hold and nothing else: what rests on something absent is unknown. While a file is broken the last good
    /// state stays, with a notice that names the file, the line and the column.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["kubeconfig", "context"])]
    manifests: Option<PathBuf>,
    /// The namespace of manifests that name none.
    #[arg(long, value_name = "NAME", default_value = "default", requires = "manifests", value_parser = crate::config::namespace_name)]
    namespace: String,
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
    if let Some(path) = &args.manifests {
        readable_folder(path)?;
    }
    let only = sources::only(&args, &config).await?;
    let listener = TcpListener::bind(address).await.map_err(|error| {
        let why = match error.kind() {
            std::io::ErrorKind::AddrInUse => "another program listens there".to_owned(),
            std::io::ErrorKind::PermissionDenied => "this account may not use that port".to_owned(),
            _ => error.to_string(),
        };
        Stopped::unavailable(format!(
            "cannot listen on {address}: {why}; choose another port with --listen, or 0 for a free one"
        ))
    })?;
    let address = listener.local_addr().map_err(|error| Stopped::unavailable(error.to_string()))?;
    let folder = if args.demo { Some(temporary()?) } else { None };
    let path =
        folder.as_ref().map_or_else(|| config.store.path.clone(), |folder| folder.path().join("demo.db"));
    let declared = match &folder {
        Some(folder) => Some(sources::declared_of_demo(folder.path())?),
        None => config.drift.declared(),
    };
    if let Some(offered) = declared.as_ref().map(DeclaredFolder::offered) {
        offered.map_err(|error| {
            let path = config.drift.folder.display();
            Stopped::input(format!("the folder of declared files {path} cannot be read: {error}; check `drift.folder` in the configuration"))
        })?;
    }
    let store = Store::open(&path).await?;
    let key = store.redaction_key().await?;
    let shared = Shared {
        store: store.clone(),
        notices: Notices::default(),
        settings: Arc::new(config.judge.clone()),
        troubles: Arc::new(Troubles::default()),
    };
    let mut tasks = JoinSet::new();
    if args.demo {
        sources::watch_demo(&mut tasks, args.still, &shared, &config, &key)?;
    } else if let Some(path) = &args.manifests {
        sources::watch_manifests(&mut tasks, path, &args, &shared, &config, &key).await?;
    } else {
        let name = args.name.clone().unwrap_or_else(|| "cluster".to_owned());
        sources::watch_clusters(&mut tasks, only.map(|source| (name, source)), &shared, &config, &key);
    }
    tasks.spawn(prune(store.clone(), retention(&config)));
    let stale_after = u32::try_from(config.collect.tick_seconds.saturating_mul(3)).unwrap_or(u32::MAX);
    let backend =
        StoreBackend::new(store.clone(), Clock::System, shared.troubles.clone(), stale_after, args.demo);
    let backend = backend.with_settings(shared.settings.clone());
    let backend: Arc<dyn Backend> = Arc::new(match declared {
        Some(folder) => backend.with_declared(folder, key),
        None => backend,
    });
    let sessions = sessions(&config, address)?;
    let state = AppState {
        backend,
        sessions: Arc::new(sessions),
        notices: shared.notices.clone(),
        metrics: Arc::new(Metrics::new(store.clone(), shared.troubles.clone())),
        site: Arc::new(SiteConfig {
            prefix: config.serve.prefix.clone(),
            allowed_hosts: config.serve.allowed_hosts.clone(),
            port: address.port(),
        }),
    };
    let served = serve(listener, state).await;
    tasks.shutdown().await;
    store.close().await;
    served.map_err(|error| Stopped::unavailable(format!("serving ended: {error}")))?;
    Ok(0)
}

/// Serves until a signal tells it to stop; then no new page is begun, event streams end, and pages that are being sent get some
/// seconds to arrive.
async fn serve(listener: TcpListener, state: AppState) -> std::io::Result<()> {
    let notices = state.notices.clone();
    let (told, mut is_told) = tokio::sync::watch::channel(());
    let stopping = async move {
        stop().await;
        tracing::info!("stopping");
        notices.close();
        drop(told);
    };
    let late = async move {
        while is_told.changed().await.is_ok() {}
        tokio::time::sleep(LAST_PAGES).await;
    };
    tokio::select! {
        served = axum::serve(listener, router(state)).with_graceful_shutdown(stopping) => served,
        () = late => Ok(()),
    }
}

/// A folder of manifests that is not there is a slip of the pen, told at once; a broken file in it is told on the page.
fn readable_folder(path: &Path) -> Result<(), Stopped> {
    match std::fs::read_dir(path) {
        Ok(_) => Ok(()),
        Err(error) => Err(Stopped::input(format!(
            "the folder of manifests {} cannot be read: {error}; check the path given to --manifests",
            path.display()
        ))),
    }
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
    // Nobody may be reading any more; that must not end the request that spent the last link.
    let announce = move |token: &str| {
        drop(writeln!(std::io::stdout(), "Perijove is at {base}sign-in?token={token}"));
    };
    Sessions::new(announce)
        .map_err(|error| Stopped::unavailable(format!("the system gives no random bytes: {error}")))
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
