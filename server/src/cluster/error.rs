//! What can go wrong when the API server is asked, in our words.

use std::time::Duration;

use posture::gap::GapReason;

use super::problem::Problem;

/// Why a request did not give what was asked for. No variant carries text of the server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// 401: the credentials are not (or no longer) valid.
    #[error("the API server does not accept the credentials (401); they may have expired")]
    Unauthorized,
    /// 403: the account may not do this.
    #[error("the API server refuses this to the account (403)")]
    Forbidden,
    /// 404: nothing is served there.
    #[error("the API server serves nothing there (404)")]
    NotFound,
    /// 410: the resourceVersion or the continue token is too old.
    #[error("the resourceVersion is too old (410)")]
    Gone,
    /// 429: too many requests.
    #[error("the API server asks for fewer requests (429)")]
    Throttled {
        /// What `Retry-After` asks for.
        retry_after: Option<Duration>,
    },
    /// 500 and above.
    #[error("the API server answered with error {status}")]
    Server {
        /// The HTTP status.
        status: u16,
        /// What `Retry-After` asks for.
        retry_after: Option<Duration>,
    },
    /// Another status that means no.
    #[error("the API server answered with status {0}")]
    Refused(u16),
    /// The request never got an answer, or the answer broke off.
    #[error("{0}")]
    Connection(Problem),
    /// The answer is larger than what is accepted.
    #[error("the answer is larger than {} MiB", .limit >> 20)]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The answer cannot be understood.
    #[error("{0}")]
    Malformed(String),
}

impl ApiError {
    /// Whether asking again later may help.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Throttled { .. } | Self::Server { .. } | Self::Connection(_))
    }

    /// How long the server wants us to wait, if it says so.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Throttled { retry_after } | Self::Server { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// The gap that this error leaves where objects should have been.
    pub fn gap(&self) -> GapReason {
        match self {
            Self::Forbidden => GapReason::Forbidden,
            Self::NotFound => GapReason::NotServed,
            other => GapReason::Failed(other.to_string()),
        }
    }
}
