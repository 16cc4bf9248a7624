//! The catalogue: one file per check, sorted by code.

mod api_token;
mod autohttps_unready;
mod chart_rbac_off;
mod dashboard_exposed;
mod dashboard_login;
mod dashboard_present;
mod dashboard_rights;
mod dead_acme_client;
mod dns_elsewhere;
mod foreign_upstream;
mod front_without_tls;
mod helm_2_releases;
mod hub_account_in_servers;
mod metadata_block_lost;
mod metadata_block_weak;
mod metadata_open;
mod metadata_opened;
mod no_external_address;
mod no_hsts;
mod no_https;
mod old_tls_versions;
mod other_console;
mod permissive_bindings;
mod placeholder_acme_contact;
mod plain_http_open;
mod plain_public_url;
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
mod unproven_offload;
mod wrong_acme_server;

use crate::check::Check;

pub use reference::reference_page;

/// Every check, sorted by code.
pub const CHECKS: &[&Check] = &[
    &retired_ingress_controller::CHECK, // TLS-16
];

/// The check of a code.
pub fn find(code: &str) -> Option<&'static Check> {
    CHECKS.iter().find(|check| check.code == code).copied()
}
