//! The catalogue: one file per check, sorted by code.

mod dashboard_exposed;
mod dashboard_login;
mod dashboard_present;
mod dashboard_rights;
mod helm_2_releases;
mod other_console;
mod reference;
mod retired_ingress_controller;
mod tiller_admin;
mod tiller_open;
mod tiller_present;

use crate::check::Check;

pub use reference::reference_page;

/// Every check, sorted by code.
pub const CHECKS: &[&Check] = &[
    &dashboard_present::CHECK,          // DSH-01
    &dashboard_rights::CHECK,           // DSH-02
    &dashboard_exposed::CHECK,          // DSH-03
    &dashboard_login::CHECK,            // DSH-04
    &other_console::CHECK,              // DSH-05
    &tiller_present::CHECK,             // TIL-01
    &tiller_open::CHECK,                // TIL-02
    &tiller_admin::CHECK,               // TIL-04
    &helm_2_releases::CHECK,            // TIL-05
    &retired_ingress_controller::CHECK, // TLS-16
];

/// The check of a code.
pub fn find(code: &str) -> Option<&'static Check> {
    CHECKS.iter().find(|check| check.code == code).copied()
}
