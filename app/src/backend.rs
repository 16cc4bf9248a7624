//! What pages need to know, and the little that they may change; the server provides it.

mod access;
mod certificates;
mod check;
mod checklist;
mod drift;
mod gaps;
mod history;
mod overview;
mod place;
mod reach;

use std::future::Future;
use std::pin::Pin;

use posture::Timestamp;

pub use access::{AccessAnswer, AccessQuery, AccessView, SubjectAccess};
pub use certificates::{
    CertificateOrder, CertificateQuery, CertificateState, CertificateView, CertificatesView, FeedRow,
    Renewal, RenewerWord,
};
pub use check::{CheckView, Elsewhere, FindingView, HistoryRow};
pub use checklist::{CheckRow, ChecklistView, Counts, Filter, LaterCheck, TopicView};
pub use drift::{
    BaselineRow, DeclaredFile, DeclaredFiles, DeclaredReleases, DeclaredView, Declarer, DriftChange,
    DriftEvent, DriftView, Earlier, HardeningChange, NewBaseline, ReleaseName, ReleaseRead, TurnedRow,
    Untried,
};
pub use gaps::{GapRow, GapsView};
pub use history::{
    CertificateMoment, HistoryMoment, HistorySpan, HistoryView, OpenFaults, OpenedRow, Recurrence,
    TrendPoint, Unseen,
};
pub use overview::{ChangeRow, ChangeWhat, ClusterCard, HubCard, OpenRow, OverviewView};
pub use place::{HubChoice, HubName, Moment, Past, Place, segment};
pub use reach::{ClassChoice, Compare, Compared, ComparedWith, ReachQuery, ReachView};

use crate::error::AppError;
use crate::viewer::Viewer;

/// The instant a page is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// The latest scan.
    Now,
    /// The scan that was the latest then.
    Past(Timestamp),
}

/// A question that is being answered.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, AppError>> + Send + 'a>>;

/// What pages need to know. Every method takes the viewer and answers only what that viewer may see.
pub trait Backend: Send + Sync + 'static {
    /// What the header shows: clusters, hubs and freshness.
    fn place<'a>(&'a self, viewer: &'a Viewer, at: At, cluster: Option<&'a str>) -> Answer<'a, Place>;
    /// The overview of one cluster, or of all.
    fn overview<'a>(
        &'a self,
        viewer: &'a Viewer,
        at: At,
        cluster: Option<&'a str>,
    ) -> Answer<'a, OverviewView>;
    /// The checklist of a hub, or with `None` of the cluster itself.
    fn checklist<'a>(
        &'a self,
        viewer: &'a Viewer,
        at: At,
        cluster: &'a str,
        hub: Option<&'a HubName>,
    ) -> Answer<'a, ChecklistView>;
    /// One check of a hub, or with `None` of the cluster itself.
    fn check<'a>(
        &'a self,
        viewer: &'a Viewer,
        at: At,
        cluster: &'a str,
        hub: Option<&'a HubName>,
        code: &'a str,
    ) -> Answer<'a, CheckView>;
    /// What the servers of a hub's users reach.
    fn reach<'a>(
        &'a self,
        viewer: &'a Viewer,
        at: At,
        cluster: &'a str,
        hub: &'a HubName,
        query: &'a ReachQuery,
    ) -> Answer<'a, ReachView>;
    /// What cannot be read in a cluster.
    fn gaps<'a>(&'a self, viewer: &'a Viewer, at: At, cluster: &'a str) -> Answer<'a, GapsView>;
    /// What changed in a cluster between an earlier instant and the one shown.
    fn drift<'a>(
        &'a self,
        viewer: &'a Viewer,
        at: At,
        cluster: &'a str,
        earlier: &'a Earlier,
    ) -> Answer<'a, DriftView>;
    /// How a cluster came to where it is at the instant shown.
    fn history<'a>(
        &'a self,
        viewer: &'a Viewer,
        at: At,
        cluster: &'a str,
        span: HistorySpan,
    ) -> Answer<'a, HistoryView>;
    /// Pins a scan as a baseline; answers its number.
    fn pin<'a>(&'a self, viewer: &'a Viewer, cluster: &'a str, pin: &'a NewBaseline) -> Answer<'a, i64>;
    /// Takes the pin of a baseline out.
    fn unpin<'a>(&'a self, viewer: &'a Viewer, cluster: &'a str, id: i64) -> Answer<'a, ()>;
    /// Who can do what in a cluster, and the answer to a question about it.
    fn access<'a>(
        &'a self,
        viewer: &'a Viewer,
        at: At,
        cluster: &'a str,
        query: &'a AccessQuery,
    ) -> Answer<'a, AccessView>;
    /// The certificates of a cluster, with everything that uses them.
    fn certificates<'a>(
        &'a self,
        viewer: &'a Viewer,
        at: At,
        cluster: &'a str,
    ) -> Answer<'a, CertificatesView>;
    /// One certificate of a cluster, by the key that tells it apart, with its past.
    fn certificate<'a>(
        &'a self,
        viewer: &'a Viewer,
        at: At,
        cluster: &'a str,
        key: &'a str,
    ) -> Answer<'a, CertificateView>;
    /// Makes a calendar of the ends of a cluster's certificates; `token` is the secret part of its address, of which only a hash is kept.
    fn make_feed<'a>(
        &'a self,
        viewer: &'a Viewer,
        cluster: &'a str,
        name: &'a str,
        token: &'a str,
    ) -> Answer<'a, ()>;
    /// Takes a calendar away.
    fn revoke_feed<'a>(&'a self, viewer: &'a Viewer, cluster: &'a str, id: i64) -> Answer<'a, ()>;
    /// What a calendar shows, for whoever knows its token: as much as its maker sees.
    fn feed<'a>(&'a self, token: &'a str) -> Answer<'a, CertificatesView>;
}
