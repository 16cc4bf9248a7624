//! Answers what pages ask, from the store and nothing else.

mod access;
mod certificates;
mod checks;
mod drift;
mod feeds;
mod history;
mod overview;
mod past;
mod place;
mod reach;
mod renewals;

use std::collections::BTreeMap;
use std::sync::Arc;

use app::backend::{
    AccessQuery, AccessView, Answer, At, Backend, CertificateView, CertificatesView, CheckView,
    ChecklistView, DriftView, Earlier, GapsView, HistorySpan, HistoryView, HubName, NewBaseline,
    OverviewView, Place, ReachQuery, ReachView,
};
use app::error::AppError;
use app::viewer::Viewer;
use posture::Timestamp;
use posture::gap::GapReason;
use posture::hub::HubKey;
use posture::kind::Kind;
use posture::listing::Coverage;
use posture::redact::RedactionKey;
use posture::settings::Settings;

use crate::clock::Clock;
use crate::declared::DeclaredFolder;
use crate::store::clusters::{self, ClusterView};
use crate::store::coverage;
use crate::store::hubs::{self, HubView};
use crate::store::scans::{self, Scan};
use crate::store::{ClusterId, HubId, Reading, Scope, Store, StoreError};
use crate::troubles::Troubles;

/// Answers from the store.
#[derive(Debug, Clone)]
pub struct StoreBackend {
    store: Store,
    clock: Clock,
    troubles: Arc<Troubles>,
    settings: Arc<Settings>,
    stale_after_seconds: u32,
    is_demo: bool,
    declared: Option<Declared>,
}

/// Files to compare clusters with, and the key of the installation, so that what is hashed in them can be compared.
#[derive(Debug, Clone)]
struct Declared {
    folder: DeclaredFolder,
    key: RedactionKey,
}

impl StoreBackend {
    /// Answers from this store; what is older than `stale_after_seconds` counts as stale.
    pub fn new(
        store: Store,
        clock: Clock,
        troubles: Arc<Troubles>,
        stale_after_seconds: u32,
        is_demo: bool,
    ) -> Self {
        Self {
            store,
            clock,
            troubles,
            settings: Arc::default(),
            stale_after_seconds,
            is_demo,
            declared: None,
        }
    }

    /// Answers free questions with what the operator decided about judging.
    pub fn with_settings(self, settings: Arc<Settings>) -> Self {
        Self { settings, ..self }
    }

    /// Offers the files of a folder to compare clusters with; `key` is that of the store.
    pub fn with_declared(self, folder: DeclaredFolder, key: RedactionKey) -> Self {
        Self { declared: Some(Declared { folder, key }), ..self }
    }
}

impl Backend for StoreBackend {
    fn place<'a>(&'a self, viewer: &'a Viewer, at: At, cluster: Option<&'a str>) -> Answer<'a, Place> {
        Box::pin(place::place(self, viewer, at, cluster))
    }

    fn overview<'a>(
        &'a self,
        viewer: &'a Viewer,
        at: At,
        cluster: Option<&'a str>,
    ) -> Answer<'a, OverviewView> {
        Box::pin(overview::overview(self, viewer, at, cluster))
    }

    fn checklist<'a>(
        &'a self,
        viewer: &'a Viewer,
        at: At,
        cluster: &'a str,
        hub: Option<&'a HubName>,
    ) -> Answer<'a, ChecklistView> {
        Box::pin(checks::checklist(self, viewer, at, cluster, hub))
    }

    fn check<'a>(
        &'a self,
        viewer: &'a Viewer,
        at: At,
        cluster: &'a str,
        hub: Option<&'a HubName>,
        code: &'a str,
    ) -> Answer<'a, CheckView> {
        Box::pin(checks::check(self, viewer, at, cluster, hub, code))
    }

    fn reach<'a>(
        &'a self,
        viewer: &'a Viewer,
        at: At,
        cluster: &'a str,
        hub: &'a HubName,
        query: &'a ReachQuery,
    ) -> Answer<'a, ReachView> {
        Box::pin(reach::reach(self, viewer, at, cluster, hub, query))
    }

    fn gaps<'a>(&'a self, viewer: &'a Viewer, at: At, cluster: &'a str) -> Answer<'a, GapsView> {
        Box::pin(place::gaps(self, viewer, at, cluster))
    }

    fn drift<'a>(
        &'a self,
        viewer: &'a Viewer,
        at: At,
        cluster: &'a str,
        earlier: &'a Earlier,
    ) -> Answer<'a, DriftView> {
        Box::pin(drift::drift(self, viewer, at, cluster, earlier))
    }

    fn history<'a>(
        &'a self,
        viewer: &'a Viewer,
        at: At,
        cluster: &'a str,
        span: HistorySpan,
    ) -> Answer<'a, HistoryView> {
        Box::pin(history::history(self, viewer, at, cluster, span))
    }

    fn pin<'a>(&'a self, viewer: &'a Viewer, cluster: &'a str, new: &'a NewBaseline) -> Answer<'a, i64> {
        Box::pin(drift::pin(self, viewer, cluster, new))
    }

    fn unpin<'a>(&'a self, viewer: &'a Viewer, cluster: &'a str, id: i64) -> Answer<'a, ()> {
        Box::pin(drift::unpin(self, viewer, cluster, id))
    }

    fn access<'a>(
        &'a self,
        viewer: &'a Viewer,
        at: At,
        cluster: &'a str,
        query: &'a AccessQuery,
    ) -> Answer<'a, AccessView> {
        Box::pin(access::access(self, viewer, at, cluster, query))
    }

    fn certificates<'a>(
        &'a self,
        viewer: &'a Viewer,
        at: At,
        cluster: &'a str,
    ) -> Answer<'a, CertificatesView> {
        Box::pin(certificates::certificates(self, viewer, at, cluster))
    }

    fn certificate<'a>(
        &'a self,
        viewer: &'a Viewer,
        at: At,
        cluster: &'a str,
        key: &'a str,
    ) -> Answer<'a, CertificateView> {
        Box::pin(certificates::certificate(self, viewer, at, cluster, key))
    }

    fn make_feed<'a>(
        &'a self,
        viewer: &'a Viewer,
        cluster: &'a str,
        name: &'a str,
        token: &'a str,
    ) -> Answer<'a, ()> {
        Box::pin(feeds::make(self, viewer, cluster, name, token))
    }

    fn revoke_feed<'a>(&'a self, viewer: &'a Viewer, cluster: &'a str, id: i64) -> Answer<'a, ()> {
        Box::pin(feeds::revoke(self, viewer, cluster, id))
    }

    fn feed<'a>(&'a self, token: &'a str) -> Answer<'a, CertificatesView> {
        Box::pin(feeds::feed(self, token))
    }
}

/// What a viewer may see, in the store's words.
fn scope(viewer: &Viewer) -> Scope {
    match &viewer.scope {
        app::viewer::Scope::All => Scope::All,
        app::viewer::Scope::Hubs(ids) => Scope::Hubs(ids.iter().copied().map(HubId).collect()),
    }
}

/// A failure of the store, logged once and told in one sentence.
fn failed(error: &StoreError) -> AppError {
    tracing::error!(error = %error, "a page could not be read from the store");
    AppError::Internal { what: "the store could not be read".to_owned() }
}

fn not_found(what: impl Into<String>) -> AppError {
    AppError::NotFound { what: what.into() }
}

fn hub_name(key: &HubKey) -> HubName {
    HubName { namespace: key.namespace.clone(), release: key.release.clone(), app: key.app.clone() }
}

fn is_hub(key: &HubKey, name: &HubName) -> bool {
    key.namespace == name.namespace && key.release == name.release && key.app == name.app
}

/// A cluster at an instant; `scan` is `None` before the first scan.
struct Spot {
    id: ClusterId,
    name: String,
    scan: Option<Scan>,
    /// Set where Perijove was not running at the instant: when the next run began.
    paused_until: Option<Timestamp>,
}

impl Spot {
    async fn of(reading: &mut Reading, view: ClusterView, at: At) -> Result<Self, AppError> {
        let (scan, paused_until) = match at {
            At::Now => (view.latest, None),
            At::Past(instant) => {
                let moment =
                    scans::at(reading, view.id, Some(instant)).await.map_err(|error| failed(&error))?;
                (moment.map(|moment| moment.scan), moment.and_then(|moment| moment.paused_until))
            }
        };
        Ok(Self { id: view.id, name: view.name, scan, paused_until })
    }
}

impl StoreBackend {
    async fn read(&self) -> Result<Reading, AppError> {
        self.store.read().await.map_err(|error| failed(&error))
    }

    /// One cluster by name, or every cluster the viewer may see.
    async fn spots(
        &self,
        reading: &mut Reading,
        scope: &Scope,
        at: At,
        cluster: Option<&str>,
    ) -> Result<Vec<Spot>, AppError> {
        let all = clusters::list(reading, scope).await.map_err(|error| failed(&error))?;
        let wanted: Vec<ClusterView> =
            all.into_iter().filter(|view| cluster.is_none_or(|name| view.name == name)).collect();
        if let Some(name) = cluster
            && wanted.is_empty()
        {
            // One that has never answered is not in the store: nothing is read of it, as it has no scan, and its pages say so.
            let silent = || Spot { id: ClusterId(0), name: name.to_owned(), scan: None, paused_until: None };
            let known = self.troubles.of(name).filter(|_| *scope == Scope::All);
            return known.map(|_| vec![silent()]).ok_or_else(|| not_found("such cluster"));
        }
        let mut spots = Vec::with_capacity(wanted.len());
        for view in wanted {
            spots.push(Spot::of(reading, view, at).await?);
        }
        self.refuse_future(at, &spots)?;
        Ok(spots)
    }

    /// An instant that has not come yet has no page, except where a clock that ran ahead took scans then.
    fn refuse_future(&self, at: At, spots: &[Spot]) -> Result<(), AppError> {
        let now = self.clock.now();
        let is_known = |spot: &Spot| spot.scan.is_some_and(|scan| scan.taken_at > now);
        match at {
            At::Past(at) if at > now && !spots.iter().any(is_known) => Err(AppError::BadRequest {
                what: "the address asks for an instant that has not come yet".to_owned(),
            }),
            _ => Ok(()),
        }
    }

    /// One cluster by name.
    async fn spot(
        &self,
        reading: &mut Reading,
        scope: &Scope,
        at: At,
        cluster: &str,
    ) -> Result<Spot, AppError> {
        self.spots(reading, scope, at, Some(cluster))
            .await?
            .pop()
            .ok_or_else(|| not_found("scan of this cluster"))
    }
}

async fn hubs_of(reading: &mut Reading, spot: &Spot, scope: &Scope) -> Result<Vec<HubView>, AppError> {
    match spot.scan {
        Some(scan) => hubs::list(reading, spot.id, scan.number, scope).await.map_err(|error| failed(&error)),
        None => Ok(Vec::new()),
    }
}

/// The chart version as found, or that it is not known.
fn chart(hub: &HubView) -> String {
    hub.facts.chart.as_ref().map_or_else(|| "unknown".to_owned(), |chart| chart.version.to_string())
}

/// How many user servers run, or why that is not known: a hub may start them in any namespace, and where not all pods could be read, a count
/// of what was seen would be taken for all.
async fn server_count(
    reading: &mut Reading,
    scan: Option<Scan>,
    hub: &HubView,
    coverage: &BTreeMap<Kind, Coverage>,
) -> Result<Result<u64, GapReason>, AppError> {
    let Some(scan) = scan else { return Ok(Err(GapReason::NotRead)) };
    match pods_are_seen(hub, coverage) {
        Ok(()) => hubs::servers(reading, hub.id, scan.number).await.map(Ok).map_err(|error| failed(&error)),
        Err(why) => Ok(Err(why)),
    }
}

/// Whether every pod that may be of a hub is seen, and if not, why.
fn pods_are_seen(hub: &HubView, coverage: &BTreeMap<Kind, Coverage>) -> Result<(), GapReason> {
    coverage::full(coverage, Kind::Pod, None)?;
    coverage::full(coverage, Kind::Pod, Some(&hub.key.namespace))
}

async fn coverage_of(reading: &mut Reading, spot: &Spot) -> Result<BTreeMap<Kind, Coverage>, AppError> {
    match spot.scan {
        Some(scan) => coverage::at(reading, spot.id, scan.number).await.map_err(|error| failed(&error)),
        None => Ok(BTreeMap::new()),
    }
}

#[cfg(test)]
mod tests {
    use posture::hub::Support;

    use super::*;

    fn hub() -> HubView {
        HubView {
            id: HubId(1),
            key: HubKey { namespace: "jhub".into(), release: "prod".into(), app: "jupyterhub".into() },
            facts: crate::store::hubs::HubFacts {
                support: Support::ZeroToJupyterHub,
                chart: None,
                tls_mode: None,
                names: BTreeMap::new(),
            },
            since: posture::Timestamp::UNIX_EPOCH,
        }
    }

    #[tokio::test]
    async fn a_past_that_is_replayed_is_neither_fresh_nor_stale() {
        use crate::store::{ClusterIdentity, ScanCommit, Trigger};
        use app::viewer::Viewer;
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("perijove.db")).await.unwrap();
        let past = posture::Timestamp::UNIX_EPOCH;
        let identity =
            ClusterIdentity { name: "demo".into(), uid: None, address: "https://demo.invalid".into() };
        let cluster = store.register_cluster(&identity, past).await.unwrap();
        store.commit_scan(&ScanCommit::new(cluster, Trigger::Initial, past)).await.unwrap();
        let troubles = Arc::new(Troubles::default());
        let backend = StoreBackend::new(store, Clock::System, troubles.clone(), 900, true);
        troubles.replaying("demo", "1 of 30 days");
        let place = backend.place(&Viewer::local(), At::Now, Some("demo")).await.unwrap();
        assert_eq!((place.heard_at, place.replays.len()), (None, 1));
        let overview = backend.overview(&Viewer::local(), At::Now, Some("demo")).await.unwrap();
        assert_eq!(overview.clusters[0].trouble, None, "it is said once");
        troubles.clear("demo");
        let place = backend.place(&Viewer::local(), At::Now, Some("demo")).await.unwrap();
        assert_eq!((place.heard_at, place.replays.len()), (Some(past), 0));
    }

    #[test]
    fn user_servers_are_counted_only_where_pods_can_be_read() {
        let full = BTreeMap::from([(Kind::Pod, Coverage::full())]);
        assert_eq!(pods_are_seen(&hub(), &full), Ok(()));
        assert_eq!(pods_are_seen(&hub(), &BTreeMap::new()), Err(GapReason::NotRead));
        let mut hidden = Coverage::full();
        hidden.namespaces.insert("jhub".into(), Some(GapReason::Forbidden));
        assert_eq!(pods_are_seen(&hub(), &BTreeMap::from([(Kind::Pod, hidden)])), Err(GapReason::Forbidden));
        let mut beside = Coverage { everywhere: Some(GapReason::Forbidden), ..Coverage::full() };
        beside.namespaces.insert("jhub".into(), None);
        assert_eq!(pods_are_seen(&hub(), &BTreeMap::from([(Kind::Pod, beside)])), Err(GapReason::Forbidden));
        let mut elsewhere = Coverage::full();
        elsewhere.namespaces.insert("kube-system".into(), Some(GapReason::Forbidden));
        assert_eq!(pods_are_seen(&hub(), &BTreeMap::from([(Kind::Pod, elsewhere)])), Ok(()));
    }
}
