//! The history of a cluster: how many faults were open over time, what changed when, and what came back.

use posture::Timestamp;
use posture::check::Severity;

use super::place::HubName;

/// How far back the page looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum HistorySpan {
    /// A week.
    Week,
    /// Thirty days.
    #[default]
    Month,
    /// Ninety days.
    Quarter,
    /// A year.
    Year,
    /// Everything that is kept.
    All,
}

impl HistorySpan {
    /// Every span, the shortest first.
    pub const ALL: [Self; 5] = [Self::Week, Self::Month, Self::Quarter, Self::Year, Self::All];

    /// How many days that are; `None` for everything.
    pub fn days(self) -> Option<u16> {
        match self {
            Self::Week => Some(7),
            Self::Month => Some(30),
            Self::Quarter => Some(90),
            Self::Year => Some(365),
            Self::All => None,
        }
    }
}

/// How many faults are open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OpenFaults {
    /// Of each severity, the worst first, as far as the scan saw them.
    pub confirmed: [u32; 5],
    /// Those that the scan could not see, and that nothing proves to be over.
    pub unconfirmed: u32,
}

impl OpenFaults {
    /// The severities in the order of `confirmed`.
    pub const SEVERITIES: [Severity; 5] =
        [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Info];

    /// All of them.
    pub fn total(&self) -> u32 {
        self.confirmed.iter().sum::<u32>() + self.unconfirmed
    }
}

/// How many faults were open from an instant on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrendPoint {
    /// The instant.
    pub at: Timestamp,
    /// What was open.
    pub open: OpenFaults,
}

/// A scan that saw something change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryMoment {
    /// When it was taken.
    pub at: Timestamp,
    /// How many faults it saw first.
    pub opened: u32,
    /// How many faults it proved to be over.
    pub closed: u32,
    /// How many objects changed in what matters, came or went.
    pub objects: u32,
    /// How many faults were open from then on.
    pub open: u32,
}

/// How often a fault was open, and for how long.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Recurrence {
    /// How often.
    pub times: u32,
    /// How often it was proven to be over.
    pub fixes: u32,
    /// How many seconds that took, from the scan that first saw it: half of the fixes took less.
    pub median: Option<i64>,
    /// Since when it is open.
    pub open_since: Option<Timestamp>,
}

/// A finding that was open in the span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedRow {
    /// The code of its check.
    pub code: String,
    /// The fault as a statement.
    pub fault: String,
    /// The hub; `None` for the cluster itself.
    pub hub: Option<HubName>,
    /// Whether the hub is there at the instant shown, and has a page.
    pub has_page: bool,
    /// How often it was open.
    pub recurrence: Recurrence,
}

/// A stretch of time of which not everything is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unseen {
    /// The last scan before it, or the first of it where something could not be read.
    pub from: Timestamp,
    /// The first scan after it, or the end of the span.
    pub to: Timestamp,
    /// The kinds that could not be read, sorted, each with the namespace it could not be read in; empty where nothing was watched at all.
    pub kinds: Vec<String>,
}

impl Unseen {
    /// Whether nothing was watched at all.
    pub fn is_pause(&self) -> bool {
        self.kinds.is_empty()
    }
}

/// Something that happened to a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateMoment {
    /// When.
    pub at: Timestamp,
    /// Whether it ran out; else another one took its place.
    pub ran_out: bool,
    /// Where: a Secret, a name, a Certificate of cert-manager. Hostile text.
    pub place: String,
    /// Until when the certificate holds that it is about.
    pub not_after: Timestamp,
}

/// The history of a cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryView {
    /// The cluster.
    pub cluster: String,
    /// The present instant.
    pub now: Timestamp,
    /// What the address asks for.
    pub asked: HistorySpan,
    /// From when to when; `None` before the second scan.
    pub span: Option<(Timestamp, Timestamp)>,
    /// Whether nothing older is kept.
    pub is_whole: bool,
    /// What was open over time, the first at the beginning of the span; a few hundred points.
    pub points: Vec<TrendPoint>,
    /// The highest number of open faults, and since when it was last reached.
    pub most: Option<(Timestamp, u32)>,
    /// The moments at which something changed, oldest first: the newest few hundred.
    pub moments: Vec<HistoryMoment>,
    /// How many objects changed in what matters over time: the parts of the span in which any did.
    pub changes: Vec<(Timestamp, u32)>,
    /// How many objects changed in the whole span.
    pub objects: u32,
    /// How many moments there were.
    pub moment_count: u64,
    /// Pauses and gaps inside the span, oldest first.
    pub unseen: Vec<Unseen>,
    /// What happened to certificates, oldest first: the newest few hundred. Empty for viewers of some hubs only.
    pub certificates: Vec<CertificateMoment>,
    /// How many earlier renewals and ends are not among them.
    pub earlier_certificates: u64,
    /// The findings that were open most often.
    pub opened: Vec<OpenedRow>,
}

impl HistoryView {
    /// What was open at the beginning and at the end of the span.
    pub fn ends(&self) -> Option<(OpenFaults, OpenFaults)> {
        Some((self.points.first()?.open, self.points.last()?.open))
    }
}
