//! The certificates of a cluster, one of them with its past, and the calendars of their ends.

use posture::Timestamp;
use posture::certificates::{CertificateTable, Purpose, Renewer, Standing};
use posture::x509::Fingerprint;

/// What the page of certificates knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificatesView {
    /// The cluster.
    pub cluster: String,
    /// Whether there is a scan to show.
    pub is_judged: bool,
    /// The certificates; `None` where there is no scan, or an earlier version of the program made it, and for viewers of some hubs only.
    pub table: Option<CertificateTable>,
    /// Whether the viewer may see some hubs only. What serves a name belongs to the cluster.
    pub is_limited: bool,
    /// The instant that ends are measured from: now, or the scan of the past that is shown.
    pub as_of: Timestamp,
    /// The calendars of ends; `None` where the viewer may not make any, and in the past.
    pub feeds: Option<Vec<FeedRow>>,
}

/// What the page of one certificate knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateView {
    /// The cluster.
    pub cluster: String,
    /// All certificates of the cluster.
    pub table: CertificateTable,
    /// The place of the one that is shown among them.
    pub index: usize,
    /// The instant that ends are measured from: now, or the scan of the past that is shown.
    pub as_of: Timestamp,
    /// What it was before, newest first, beginning with what it is; empty where nobody keeps record.
    pub renewals: Vec<Renewal>,
}

/// A certificate that was in a place for some time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewal {
    /// Since which scan it was seen.
    pub seen_at: Timestamp,
    /// From when it held, where that is known.
    pub not_before: Option<Timestamp>,
    /// Until when it held.
    pub not_after: Timestamp,
    /// Its fingerprint, where it was read.
    pub fingerprint: Option<Fingerprint>,
    /// How many times it had been issued, where cert-manager says so.
    pub revision: Option<i64>,
}

/// A calendar of the ends of a cluster's certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedRow {
    /// Its number in the store.
    pub id: i64,
    /// What it is called.
    pub name: String,
    /// When it was made.
    pub made_at: Timestamp,
    /// When somebody asked for it last.
    pub used_at: Option<Timestamp>,
}

/// How the address wants certificates to be shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CertificateQuery {
    /// The order.
    pub order: CertificateOrder,
    /// The text that must occur in what is said about a certificate.
    pub text: String,
    /// The state that it must be in.
    pub state: Option<CertificateState>,
    /// Who must renew it.
    pub renewer: Option<RenewerWord>,
    /// The hub that must be reached by it, as `namespace/release`, with `/app` where that label is not the usual one.
    pub hub: Option<String>,
    /// What it must be for.
    pub purpose: Option<Purpose>,
}

/// A state that certificates can be asked for by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateState {
    /// What is thought of its end.
    Standing(Standing),
    /// Something is wrong with it beside its end.
    Flawed,
}

impl CertificateState {
    /// Every state, as they are offered.
    pub const ALL: [Self; 7] = [
        Self::Standing(Standing::Expired),
        Self::Standing(Standing::NotYet),
        Self::Standing(Standing::RunningOut),
        Self::Standing(Standing::Late),
        Self::Flawed,
        Self::Standing(Standing::Good),
        Self::Standing(Standing::Unknown),
    ];

    /// The word in addresses.
    pub fn key(self) -> &'static str {
        match self {
            Self::Standing(Standing::Expired) => "expired",
            Self::Standing(Standing::NotYet) => "not-yet",
            Self::Standing(Standing::RunningOut) => "running-out",
            Self::Standing(Standing::Late) => "late",
            Self::Standing(Standing::Good) => "good",
            Self::Standing(Standing::Unknown) => "unknown",
            Self::Flawed => "flawed",
        }
    }
}

/// Who renews, without anything more about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RenewerWord {
    /// cert-manager.
    CertManager,
    /// The hub's own automatic HTTPS.
    AutoHttps,
    /// kube-lego.
    KubeLego,
    /// A person.
    Person,
    /// Nobody that was seen.
    NobodySeen,
    /// Whoever runs what keeps it.
    Operator,
    /// It is not known.
    Hidden,
}

impl RenewerWord {
    /// Every one, as they are offered.
    pub const ALL: [Self; 7] = [
        Self::CertManager,
        Self::AutoHttps,
        Self::KubeLego,
        Self::Person,
        Self::NobodySeen,
        Self::Operator,
        Self::Hidden,
    ];

    /// The word in addresses.
    pub fn key(self) -> &'static str {
        match self {
            Self::CertManager => "cert-manager",
            Self::AutoHttps => "autohttps",
            Self::KubeLego => "kube-lego",
            Self::Person => "person",
            Self::NobodySeen => "nobody-seen",
            Self::Operator => "operator",
            Self::Hidden => "not-known",
        }
    }
}

impl From<&Renewer> for RenewerWord {
    fn from(renewer: &Renewer) -> Self {
        match renewer {
            Renewer::CertManager => Self::CertManager,
            Renewer::AutoHttps => Self::AutoHttps,
            Renewer::KubeLego => Self::KubeLego,
            Renewer::Person => Self::Person,
            Renewer::NobodySeen => Self::NobodySeen,
            Renewer::Operator => Self::Operator,
            Renewer::Hidden(_) => Self::Hidden,
        }
    }
}

/// What certificates are sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CertificateOrder {
    /// The end; what has none comes last.
    #[default]
    End,
    /// The first name.
    Name,
    /// The share of the lifetime that is left.
    Share,
    /// Who issues it.
    Issuer,
    /// Who renews it.
    Renewer,
}

impl CertificateOrder {
    /// Every order, as they are offered.
    pub const ALL: [Self; 5] = [Self::End, Self::Share, Self::Name, Self::Issuer, Self::Renewer];

    /// The word in addresses.
    pub fn key(self) -> &'static str {
        match self {
            Self::End => "end",
            Self::Name => "name",
            Self::Share => "share",
            Self::Issuer => "issuer",
            Self::Renewer => "renewer",
        }
    }
}
