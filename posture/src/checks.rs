//! The catalogue: one file per check, sorted by code.

use crate::check::Check;

/// Every check, sorted by code.
pub const CHECKS: &[&Check] = &[];
