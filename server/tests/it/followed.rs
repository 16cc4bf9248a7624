//! One cluster followed in this process, with its history and its pages: everything `serve` does, over any transport.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use posture::redact::{Names, Redactor};
use server::backend::StoreBackend;
use server::cluster::Source;
use server::collector::{Collector, Handle, Settings};
use server::declared::DeclaredFolder;
use server::http::events::Notices;
use server::http::metrics::Metrics;
use server::http::session::Sessions;
use server::http::{AppState, SiteConfig, router};
use server::keeper::{Keeper, Shared};
use server::store::Store;
use server::troubles::Troubles;
use tokio::task::JoinSet;
use tower::ServiceExt as _;

use crate::program::{Folder, PATIENCE, words};

/// The name of the cluster.
pub(crate) const CLUSTER: &str = "test";

/// A cluster at work; dropping it ends it.
pub(crate) struct Followed {
    pub(crate) folder: Folder,
    pub(crate) store: Store,
    pub(crate) handle: Handle,
    pub(crate) backend: StoreBackend,
    router: Router,
    cookie: String,
    _tasks: JoinSet<()>,
}

impl Followed {
    /// Begins to follow a cluster; no name of a person is kept.
    pub(crate) async fn start(source: Source) -> Self {
        Self::start_with(source, Settings::new(CLUSTER)).await
    }

    /// The same with other settings.
    pub(crate) async fn start_with(source: Source, settings: Settings) -> Self {
        let folder = Folder::new();
        let store = Store::open(&folder.database()).await.unwrap();
        let key = store.redaction_key().await.unwrap();
        let troubles = Arc::new(Troubles::default());
        let notices = Notices::default();
        let shared = Shared {
            store: store.clone(),
            notices: notices.clone(),
            settings: Arc::default(),
            troubles: troubles.clone(),
        };
        let clock = source.clock().clone();
        let redactor = Arc::new(Redactor::new(key.clone(), Names::Hashed));
        let keeper = Keeper::new(shared, clock.clone());
        let (collector, handle) = Collector::new(source, settings, redactor, keeper);
        let mut tasks = JoinSet::new();
        tasks.spawn(server::watcher::tell(handle.clone(), CLUSTER.to_owned(), troubles.clone()));
        tasks.spawn(async move { drop(Box::pin(collector.run()).await) });
        let metrics = Metrics::new(store.clone(), troubles.clone());
        let backend = StoreBackend::new(store.clone(), clock, troubles, 900, false)
            .with_declared(DeclaredFolder::new(folder.declared()), key);
        let (router, cookie) = site(backend.clone(), metrics, notices);
        Self { folder, store, handle, backend, router, cookie, _tasks: tasks }
    }

    /// The markup of a page that is there.
    pub(crate) async fn get(&self, path: &str) -> String {
        let request = http::Request::get(path)
            .header(http::header::HOST, "127.0.0.1:1")
            .header(http::header::COOKIE, &self.cookie)
            .body(axum::body::Body::empty())
            .unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let status = answer.status();
        let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        let body = String::from_utf8_lossy(&body).into_owned();
        assert!(status.is_success(), "{path}: {status}: {}", words(&body));
        body
    }

    /// What a person reads of the cluster's overview.
    pub(crate) async fn overview(&self) -> String {
        words(&self.get(&format!("/clusters/{CLUSTER}")).await)
    }

    /// The overview, as soon as it shows something.
    pub(crate) async fn wait_for(&self, shows: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let page = self.overview().await;
            if shows(&page) {
                return page;
            }
            assert!(Instant::now() < deadline, "the overview still reads:\n{page}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// A number that a query answers; 0 for nothing.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        let mut reading = self.store.read().await.unwrap();
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        let found: Option<i64> = sqlx::query_scalar(sql).fetch_one(&mut *reading).await.unwrap();
        found.unwrap_or_default()
    }

    /// Texts that a query answers.
    pub(crate) async fn texts(&self, sql: &str) -> Vec<String> {
        let mut reading = self.store.read().await.unwrap();
        sqlx::query_scalar(sqlx::AssertSqlSafe(sql.to_owned())).fetch_all(&mut *reading).await.unwrap()
    }

    /// Waits until a query answers these texts.
    pub(crate) async fn wait_for_texts(&self, sql: &str, wanted: &[&str]) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let found = self.texts(sql).await;
            if found == wanted {
                return;
            }
            assert!(Instant::now() < deadline, "`{sql}` still answers {found:?}, not {wanted:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// The pages, and the cookie of somebody who is signed in.
fn site(backend: StoreBackend, metrics: Metrics, notices: Notices) -> (Router, String) {
    let told = Arc::new(Mutex::new(String::new()));
    let ear = told.clone();
    let sessions = Sessions::new(move |token| token.clone_into(&mut ear.lock().unwrap())).unwrap();
    let token = told.lock().unwrap().clone();
    let session = sessions.redeem(&token).unwrap().expect("the first link signs in");
    let site = SiteConfig { prefix: "/".to_owned(), allowed_hosts: Vec::new(), port: 1 };
    let cookie = format!("{}={session}", site.session_cookie());
    let state = AppState {
        backend: Arc::new(backend),
        sessions: Arc::new(sessions),
        notices,
        metrics: Arc::new(metrics),
        site: Arc::new(site),
    };
    (router(state), cookie)
}
