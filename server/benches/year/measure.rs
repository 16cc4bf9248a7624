//! Asks every page, of now and of then, through the routes that serve them; then prunes half of the history away.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use http::Request;
use http_body_util::BodyExt as _;
use jiff::{SignedDuration, Timestamp};
use server::backend::StoreBackend;
use server::clock::Clock;
use server::http::events::Notices;
use server::http::metrics::Metrics;
use server::http::session::Sessions;
use server::http::{AppState, SiteConfig, router};
use server::store::{Retention, Store};
use server::troubles::Troubles;
use tower::ServiceExt as _;

use crate::{CLUSTER, HUB, tell};

/// How often each page is asked for.
const REQUESTS: usize = 100;

/// Every kind of page, below the cluster's.
const PAGES: [&str; 10] = [
    "",
    "gaps",
    "checks",
    "certificates",
    "access",
    "drift",
    "history?span=30d",
    "history?span=365d",
    "hubs/{hub}",
    "hubs/{hub}/reach",
];

/// Measures a database of so many days.
pub(crate) async fn measure(file: &Path, days: i64) {
    let store = Store::open(file).await.expect("the database opens");
    tell("bytes", store.size_bytes().await.expect("it has a size").into(), "database");
    let (routes, cookie) = routes(&store);
    let site = Site { routes, cookie };
    let now = Clock::System.now();
    let ago = |days: i64| now.checked_sub(SignedDuration::from_hours(24 * days)).expect("an instant");
    let mut instants = vec![("now".to_owned(), None)];
    let old = [1, 30, 182, 364].into_iter().filter(|ago| *ago < days);
    instants.extend(old.map(|days| (format!("{days} d ago"), Some(ago(days)))));
    let hub = format!("{HUB}/prod");
    let checks = ["hubs/{hub}/checks/NET-01", "hubs/{hub}/checks/TLS-01"];
    for page in PAGES.into_iter().chain(checks) {
        for (when, at) in &instants {
            let path = page.replace("{hub}", &hub);
            site.page(&format!("/{path} {when}"), &path, *at).await;
        }
    }
    for span in [1, 30, 182].into_iter().filter(|span| *span < days) {
        let path = format!("drift?from={}", written(ago(span)));
        site.page(&format!("compare now with {span} d before"), &path, None).await;
        if let Some(then) = Some(span + 100).filter(|then| *then < days) {
            let path = format!("drift?from={}", written(ago(then)));
            site.page(&format!("compare 100 d ago with {span} d before"), &path, Some(ago(100))).await;
        }
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse::<u128>().ok());
    tell("bytes", peak.unwrap_or_default() * 1024, "memory, the most while pages were served");
    let start = Instant::now();
    let none = store.prune(&Retention::default(), now).await.expect("pruning works");
    tell("us", start.elapsed().as_micros(), &format!("prune: {} rows", none.rows));
    let start = Instant::now();
    let shorter = Retention { history_days: u32::try_from(days / 2).unwrap_or(30), ..Retention::default() };
    let half = store.prune(&shorter, now).await.expect("pruning works");
    tell("us", start.elapsed().as_micros(), &format!("prune: half of the history, {} rows", half.rows));
    tell("bytes", half.bytes.into(), "database with half of the history");
    store.close().await;
}

struct Site {
    routes: Router,
    cookie: String,
}

impl Site {
    async fn page(&self, what: &str, path: &str, at: Option<Timestamp>) {
        let mut uri = format!("/clusters/{CLUSTER}/{path}");
        uri = uri.trim_end_matches('/').to_owned();
        if let Some(at) = at {
            uri.push(if uri.contains('?') { '&' } else { '?' });
            uri += "at=";
            uri += &written(at);
        }
        let mut times = Vec::with_capacity(REQUESTS);
        for _ in 0..REQUESTS {
            let start = Instant::now();
            self.ask(&uri, "identity").await;
            times.push(start.elapsed());
            // Nobody waits for a page that takes so long to be asked for a hundred times.
            if times.iter().sum::<Duration>() > Duration::from_secs(10) {
                break;
            }
        }
        times.sort_unstable();
        tell("us", times[times.len() / 2].as_micros(), &format!("median {what}"));
        tell("us", times[(times.len() * 99 / 100).min(times.len() - 1)].as_micros(), &format!("p99 {what}"));
        if at.is_none() {
            tell("bytes", self.ask(&uri, "gzip").await as u128, &format!("HTML, compressed, {what}"));
        }
    }

    /// How many bytes a page takes on its way.
    async fn ask(&self, uri: &str, encoding: &str) -> usize {
        let request = Request::get(uri).header("host", "localhost").header("cookie", &self.cookie);
        let request = request.header("accept-encoding", encoding).body(Body::empty()).expect("a request");
        let response = self.routes.clone().oneshot(request).await.expect("routes answer");
        assert!(response.status().is_success(), "{uri}: {}", response.status());
        response.into_body().collect().await.expect("a page").to_bytes().len()
    }
}

/// An instant as an address has it.
fn written(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The routes of the program, and the cookie of somebody who is signed in.
fn routes(store: &Store) -> (Router, String) {
    let troubles = Arc::new(Troubles::default());
    let link = Arc::new(Mutex::new(String::new()));
    let told = Arc::clone(&link);
    let sessions = Sessions::new(move |token| token.clone_into(&mut told.lock().expect("nobody panics")));
    let sessions = sessions.expect("the system gives random bytes");
    let token = link.lock().expect("nobody panics").clone();
    let session = sessions.redeem(&token).expect("random bytes").expect("the token is the present one");
    let site = SiteConfig { prefix: "/".into(), allowed_hosts: Vec::new(), port: 1 };
    let cookie = format!("{}={session}", site.session_cookie());
    let state = AppState {
        backend: Arc::new(StoreBackend::new(store.clone(), Clock::System, Arc::clone(&troubles), 900, false)),
        sessions: Arc::new(sessions),
        notices: Notices::default(),
        metrics: Arc::new(Metrics::new(store.clone(), troubles)),
        site: Arc::new(site),
    };
    (router(state), cookie)
}
