//! Certificates of authorities that objects tell their clients to trust.

use serde::Deserialize as _;

use super::sighted::put;
use super::{Certificate, Kept, Place, Purpose, Read, Renewer, Unseen};
use crate::facts::trust::Bundle;
use crate::kind::Kind;
use crate::object::ObjectRef;
use crate::snapshot::Snapshot;
use crate::x509::{Der, read};

/// One for each certificate of each bundle; copies are put together later.
pub(super) fn collect(snapshot: &Snapshot) -> Vec<Certificate> {
    let mut found = Vec::new();
    for (kind, listing) in [
        (Kind::ValidatingWebhookConfiguration, &snapshot.validating_webhooks),
        (Kind::MutatingWebhookConfiguration, &snapshot.mutating_webhooks),
    ] {
        for configuration in listing.present() {
            let object = ObjectRef::cluster(kind, &configuration.metadata.name);
            for (index, hook) in configuration.webhooks.iter().enumerate() {
                let path = format!("webhooks[{index}].clientConfig.caBundle");
                add(&mut found, &object, &path, &hook.client_config.ca_bundle);
            }
        }
    }
    for service in snapshot.api_services.present() {
        let object = ObjectRef::cluster(Kind::ApiService, &service.metadata.name);
        add(&mut found, &object, "spec.caBundle", &service.spec.ca_bundle);
    }
    for ((namespace, name), config_map) in &snapshot.config_data {
        let Ok(config_map) = config_map else { continue };
        let object = ObjectRef::namespaced(Kind::ConfigMap, namespace, name);
        for (key, value) in config_map.data.iter().flatten() {
            let bundle = Bundle::deserialize(value).unwrap_or_default();
            add(&mut found, &object, key, &bundle);
        }
    }
    found
}

fn add(found: &mut Vec<Certificate>, object: &ObjectRef, path: &str, bundle: &Bundle) {
    for (index, der) in bundle.certificates.iter().enumerate() {
        found.extend(authority(object, path, index, der));
    }
    if let Some(fault) = &bundle.fault {
        let mut row = row_of(object, path, Unseen::Unreadable(fault.clone()));
        row.entry = Some(format!("{path}, what cannot be read"));
        found.push(row);
    }
}

fn row_of(object: &ObjectRef, path: &str, unseen: Unseen) -> Certificate {
    let mut row = Certificate::unknown(Kept::Bundle(object.clone()), Renewer::NobodySeen, unseen);
    row.purpose = Purpose::Authority;
    row.seen.push(Place::Bundle { object: object.clone(), path: path.to_owned() });
    row
}

fn authority(object: &ObjectRef, path: &str, index: usize, der: &Der) -> Option<Certificate> {
    let certificate = read(der).ok()?;
    let mut row = row_of(object, path, Unseen::Elsewhere);
    row.entry = Some(if index == 0 { path.to_owned() } else { format!("{path} {}", index + 1) });
    put(&mut row, Read::alone(certificate));
    Some(row)
}
