//! The catalogue: one file per check, sorted by code.

mod api_token;
mod chart_rbac_off;
mod dashboard_exposed;
mod dashboard_login;
mod dashboard_present;
mod dashboard_rights;
mod helm_2_releases;
mod hub_account_in_servers;
mod metadata_block_lost;
mod metadata_block_weak;
mod metadata_open;
mod metadata_opened;
mod other_console;
mod permissive_bindings;
mod pods_without_policy;
mod policies_not_enforced;
mod policies_select_nothing;
mod port_433;
mod rbac_off;
mod reference;
mod retired_ingress_controller;
mod tiller_admin;
mod tiller_open;
mod tiller_present;

use crate::check::Check;

pub use reference::reference_page;

/// Every check, sorted by code.
pub const CHECKS: &[&Check] = &[
    &api_token::CHECK,                  // API-01
    &hub_account_in_servers::CHECK,     // API-03
    &dashboard_present::CHECK,          // DSH-01
    &dashboard_rights::CHECK,           // DSH-02
    &dashboard_exposed::CHECK,          // DSH-03
    &dashboard_login::CHECK,            // DSH-04
    &other_console::CHECK,              // DSH-05
    &metadata_open::CHECK,              // MET-01
    &metadata_block_weak::CHECK,        // MET-02
    &metadata_block_lost::CHECK,        // MET-03
    &metadata_opened::CHECK,            // MET-04
    &pods_without_policy::CHECK,        // NET-01
    &policies_not_enforced::CHECK,      // NET-02
    &port_433::CHECK,                   // NET-07
    &policies_select_nothing::CHECK,    // NET-11
    &rbac_off::CHECK,                   // RBA-01
    &chart_rbac_off::CHECK,             // RBA-02
    &permissive_bindings::CHECK,        // RBA-08
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
