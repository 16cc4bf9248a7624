//! What the tests over the whole catalogue share: the fixtures on disk, and a finding as text.

mod fixture;
mod text;

use std::path::PathBuf;

use posture::check::Check;
use posture::checks::CHECKS;

pub(crate) use fixture::{Case, cases};
pub(crate) use text::render;

/// The name of a check as a file name.
pub(crate) fn file_name(check: &Check) -> String {
    check.name.replace('-', "_")
}

/// The folder with the fixtures of a check.
pub(crate) fn folder(check: &Check) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/checks").join(file_name(check))
}

/// Every check, or the one that the environment variable `CHECK` names.
pub(crate) fn selected_checks() -> Vec<&'static Check> {
    #[expect(clippy::disallowed_methods, reason = "a person chooses one check on the command line")]
    let wanted = std::env::var("CHECK").ok().filter(|name| !name.is_empty());
    let is_wanted = |check: &&&Check| wanted.as_ref().is_none_or(|w| w == check.name || w == check.code);
    let checks: Vec<_> = CHECKS.iter().filter(is_wanted).copied().collect();
    assert!(!checks.is_empty(), "CHECK={wanted:?} names no check of the catalogue");
    checks
}
