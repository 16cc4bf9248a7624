//! What a page says when it cannot be shown.

use thiserror::Error;

/// Why a page cannot be shown, in words for the person who asked.
#[derive(Debug, Error)]
pub enum AppError {
    /// There is no such thing, or the viewer may not see it: both look the same on purpose.
    #[error("there is no {what} here, or you may not see it")]
    NotFound {
        /// What was asked for: `hub jhub/prod`.
        what: String,
    },
    /// Part of the address cannot be understood.
    #[error("{what}")]
    BadRequest {
        /// What was found and what would be right.
        what: String,
    },
    /// The viewer may see it and not change it.
    #[error("you may not {what}")]
    Forbidden {
        /// What was asked for: `pin scans of this cluster`.
        what: String,
    },
    /// Something of ours failed; the log has the details.
    #[error("the page could not be made: {what}")]
    Internal {
        /// What failed, without any text of the cluster.
        what: String,
    },
}

impl AppError {
    /// The HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            Self::NotFound { .. } => 404,
            Self::BadRequest { .. } => 400,
            Self::Forbidden { .. } => 403,
            Self::Internal { .. } => 500,
        }
    }
}
