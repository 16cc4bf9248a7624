//! The certificates of a cluster.

use posture::Timestamp;
use posture::certificates::CertificateTable;

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
}

/// How the address wants certificates to be shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CertificateQuery {
    /// The order.
    pub order: CertificateOrder,
    /// The text that must occur in what is said about a certificate.
    pub text: String,
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
