//! The catalogue: one file per check, sorted by code.

mod helm_2_releases;
mod reference;

use crate::check::Check;

pub use reference::reference_page;

/// Every check, sorted by code.
pub const CHECKS: &[&Check] = &[
    &helm_2_releases::CHECK, // TIL-05
];

/// The check of a code.
pub fn find(code: &str) -> Option<&'static Check> {
    CHECKS.iter().find(|check| check.code == code).copied()
}
