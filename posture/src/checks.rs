//! The catalogue: one file per check, sorted by code.

mod administrator_account;
mod api_reachable;
mod api_token;
mod autohttps_unready;
mod builders_reach_metadata;
mod certificate_not_served;
mod certificate_runs_out;
mod certificate_unfit;
mod chart_rbac_off;
mod cloud_identity_open;
mod dangling_bindings;
mod dashboard_exposed;
mod dashboard_login;
mod dashboard_present;
mod dashboard_rights;
mod dead_acme_client;
mod default_account_rights;
mod dns_blocked;
mod dns_elsewhere;
mod escalating_accounts;
mod foreign_upstream;
mod front_without_tls;
mod helm_2_releases;
mod hub_account_in_servers;
mod hub_reads_secrets;
mod hub_rights_differ;
mod ingress_from_everywhere;
mod internet_open;
mod ipv6_wide_open;
mod metadata_block_lost;
mod metadata_block_needless;
mod metadata_block_weak;
mod metadata_open;
mod metadata_opened;
mod metadata_over_ipv6;
mod metadata_settings_unseen;
mod no_external_address;
mod no_hsts;
mod no_https;
mod old_cluster_rights;
mod old_tls_versions;
mod other_console;
mod other_namespaces_accepted;
mod permissive_bindings;
mod placeholder_acme_contact;
mod plain_http_open;
mod plain_public_url;
mod pods_without_policy;
mod policies_not_enforced;
mod policies_select_nothing;
mod policy_widened;
mod port_433;
mod private_addresses_open;
mod proxy_api_open;
mod proxy_token;
mod rbac_off;
mod reference;
mod retired_ingress_controller;
mod rule_for_service_address;
mod rule_without_destination;
mod secret_readers;
mod server_account_rights;
mod servers_on_node_network;
mod servers_reach_each_other;
mod service_links;
mod shared_secrets;
mod shared_storage;
mod tiller_admin;
mod tiller_open;
mod tiller_present;
mod tiller_reachable;
mod unproven_offload;
mod user_namespaces_without_policy;
mod wide_egress_kept;
mod wildcard_rights;
mod wrong_acme_server;

use crate::check::{Check, Verdict};

pub use reference::reference_page;

/// Every check, sorted by code.
pub const CHECKS: &[&Check] = &[
    &api_token::CHECK,                      // API-01
    &server_account_rights::CHECK,          // API-02
    &hub_account_in_servers::CHECK,         // API-03
    &api_reachable::CHECK,                  // API-04
    &shared_secrets::CHECK,                 // API-05
    &service_links::CHECK,                  // API-06
    &shared_storage::CHECK,                 // API-07
    &dashboard_present::CHECK,              // DSH-01
    &dashboard_rights::CHECK,               // DSH-02
    &dashboard_exposed::CHECK,              // DSH-03
    &dashboard_login::CHECK,                // DSH-04
    &other_console::CHECK,                  // DSH-05
    &metadata_open::CHECK,                  // MET-01
    &metadata_block_weak::CHECK,            // MET-02
    &metadata_block_lost::CHECK,            // MET-03
    &metadata_opened::CHECK,                // MET-04
    &cloud_identity_open::CHECK,            // MET-05
    &metadata_over_ipv6::CHECK,             // MET-06
    &builders_reach_metadata::CHECK,        // MET-07
    &metadata_block_needless::CHECK,        // MET-08
    &metadata_settings_unseen::CHECK,       // MET-09
    &pods_without_policy::CHECK,            // NET-01
    &policies_not_enforced::CHECK,          // NET-02
    &servers_reach_each_other::CHECK,       // NET-03
    &proxy_api_open::CHECK,                 // NET-04
    &private_addresses_open::CHECK,         // NET-05
    &internet_open::CHECK,                  // NET-06
    &port_433::CHECK,                       // NET-07
    &rule_without_destination::CHECK,       // NET-08
    &dns_blocked::CHECK,                    // NET-09
    &policy_widened::CHECK,                 // NET-10
    &policies_select_nothing::CHECK,        // NET-11
    &other_namespaces_accepted::CHECK,      // NET-12
    &ingress_from_everywhere::CHECK,        // NET-13
    &wide_egress_kept::CHECK,               // NET-14
    &ipv6_wide_open::CHECK,                 // NET-15
    &servers_on_node_network::CHECK,        // NET-16
    &user_namespaces_without_policy::CHECK, // NET-17
    &rule_for_service_address::CHECK,       // NET-18
    &rbac_off::CHECK,                       // RBA-01
    &chart_rbac_off::CHECK,                 // RBA-02
    &hub_rights_differ::CHECK,              // RBA-03
    &hub_reads_secrets::CHECK,              // RBA-04
    &old_cluster_rights::CHECK,             // RBA-05
    &administrator_account::CHECK,          // RBA-06
    &default_account_rights::CHECK,         // RBA-07
    &permissive_bindings::CHECK,            // RBA-08
    &wildcard_rights::CHECK,                // RBA-09
    &escalating_accounts::CHECK,            // RBA-10
    &proxy_token::CHECK,                    // RBA-11
    &dangling_bindings::CHECK,              // RBA-12
    &secret_readers::CHECK,                 // RBA-13
    &tiller_present::CHECK,                 // TIL-01
    &tiller_open::CHECK,                    // TIL-02
    &tiller_reachable::CHECK,               // TIL-03
    &tiller_admin::CHECK,                   // TIL-04
    &helm_2_releases::CHECK,                // TIL-05
    &no_https::CHECK,                       // TLS-01
    &plain_http_open::CHECK,                // TLS-02
    &no_external_address::CHECK,            // TLS-03
    &dns_elsewhere::CHECK,                  // TLS-04
    &placeholder_acme_contact::CHECK,       // TLS-05
    &wrong_acme_server::CHECK,              // TLS-06
    &dead_acme_client::CHECK,               // TLS-07
    &autohttps_unready::CHECK,              // TLS-08
    &unproven_offload::CHECK,               // TLS-09
    &certificate_runs_out::CHECK,           // TLS-10
    &certificate_unfit::CHECK,              // TLS-11
    &certificate_not_served::CHECK,         // TLS-12
    &no_hsts::CHECK,                        // TLS-13
    &old_tls_versions::CHECK,               // TLS-14
    &front_without_tls::CHECK,              // TLS-15
    &retired_ingress_controller::CHECK,     // TLS-16
    &plain_public_url::CHECK,               // TLS-17
    &foreign_upstream::CHECK,               // TLS-18
];

/// What a check says in words once it gave a verdict: the fault if there is one, else what holds; for a code of another version, the code.
pub fn said(code: &str, verdict: Option<Verdict>) -> String {
    let is_fault = matches!(verdict, Some(Verdict::Fail | Verdict::Warn));
    find(code).map_or_else(
        || code.to_owned(),
        |check| if is_fault { check.fault.to_owned() } else { check.title.to_owned() },
    )
}

/// The check of a code.
pub fn find(code: &str) -> Option<&'static Check> {
    CHECKS.iter().find(|check| check.code == code).copied()
}
