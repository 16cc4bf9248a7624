//! The catalogue: one file per check, sorted by code.

mod reference;

use crate::check::Check;

pub use reference::reference_page;

/// Every check, sorted by code.
pub const CHECKS: &[&Check] = &[];

/// The check of a code.
pub fn find(code: &str) -> Option<&'static Check> {
    CHECKS.iter().find(|check| check.code == code).copied()
}
