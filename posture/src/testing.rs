//! Snapshots for tests, written as Kubernetes manifests with a header that says what could not be read.
//!
//! ```yaml
//! perijove:
//!   now: 2026-11-02T12:00:00Z
//!   namespace: jhub          # of objects that name none
//!   origin: observed         # or `declared`: then every kind is a gap
//!   gaps:
//!     - { kind: Service, namespace: kube-system, reason: forbidden }
//!   settings: { attestations: [] }
//!   recall: { hubs: [], user_servers: [] }
//!   reviews: { granted: { question: list pods, allowed: true, reason: rbac } }
//!   sightings: { reads_secrets: true, spots: [[{ secret: { namespace: jhub, name: tls } }, { Err: absent }]] }
//! ---
//! apiVersion: v1
//! kind: Service
//! ```
//!
//! Every kind is complete unless the header says otherwise: what the manifests do not hold does not exist. The manifests are redacted
//! as those of a cluster are, so a fixture shows what a check really sees.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::check::{Context, Recall};
use crate::derived::{Derived, derive};
use crate::gap::GapReason;
use crate::kind::{KINDS, Kind};
use crate::listing::{Coverage, Listing, Placed};
use crate::object::ObjectRef;
use crate::record::Record;
use crate::redact::{Declared, Names, RedactionKey, Redactor, decode_manifests};
use crate::settings::Settings;
use crate::sighting::Sightings;
use crate::snapshot::{Origin, Reviews, Snapshot, SnapshotBuilder};

/// The instant of fixtures that name none.
pub const NOW: &str = "2026-11-02T12:00:00Z";

/// A snapshot with everything else that judging it takes.
#[derive(Debug, Clone)]
pub struct Fixture {
    /// The facts and the gaps.
    pub snapshot: Snapshot,
    /// What the operator decided.
    pub settings: Settings,
    /// What was last confirmed in earlier scans.
    pub recall: Recall,
    /// The present instant.
    pub now: Timestamp,
}

/// The document that stands above the manifests.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Header {
    now: Option<Timestamp>,
    namespace: Option<String>,
    origin: Option<Origin>,
    gaps: Vec<HeaderGap>,
    settings: Settings,
    recall: Option<Recall>,
    reviews: Option<Reviews>,
    sightings: Sightings,
}

/// A gap as the header writes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeaderGap {
    kind: Kind,
    namespace: Option<String>,
    #[serde(default = "forbidden")]
    reason: GapReason,
}

fn forbidden() -> GapReason {
    GapReason::Forbidden
}

/// Applies a macro to every listing of a snapshot that has a field of its own, with its kind.
macro_rules! for_each_listing {
    ($apply:ident) => {
        $apply! {
            namespaces: Namespace, nodes: Node, pods: Pod, services: Service, endpoints: Endpoints,
            endpoint_slices: EndpointSlice, config_maps: ConfigMap, service_accounts: ServiceAccount,
            claims: PersistentVolumeClaim, deployments: Deployment, stateful_sets: StatefulSet,
            daemon_sets: DaemonSet, replica_sets: ReplicaSet, replication_controllers: ReplicationController,
            jobs: Job, cron_jobs: CronJob, network_policies: NetworkPolicy, ingresses: Ingress,
            ingress_classes: IngressClass, gateways: Gateway, http_routes: HttpRoute, certificates: Certificate,
            roles: Role, cluster_roles: ClusterRole, role_bindings: RoleBinding,
            cluster_role_bindings: ClusterRoleBinding, admin_policies: AdminNetworkPolicy,
            baseline_policies: BaselineAdminNetworkPolicy, validating_webhooks: ValidatingWebhookConfiguration,
            mutating_webhooks: MutatingWebhookConfiguration, api_services: ApiService
        }
    };
}

/// The kinds of which a snapshot holds facts, those of policies outside Kubernetes included.
pub fn fact_kinds() -> Vec<Kind> {
    macro_rules! kinds { ($($field:ident: $kind:ident),+ $(,)?) => { vec![$(Kind::$kind),+] }; }
    let mut kinds = for_each_listing!(kinds);
    kinds.extend(FOREIGN);
    kinds
}

const FOREIGN: [Kind; 4] = [
    Kind::CiliumNetworkPolicy,
    Kind::CiliumClusterwideNetworkPolicy,
    Kind::CalicoNetworkPolicy,
    Kind::CalicoGlobalNetworkPolicy,
];

impl Fixture {
    /// Reads a fixture.
    ///
    /// # Panics
    /// If the text is not a fixture, with the reason.
    pub fn from_yaml(text: &str) -> Self {
        Self::parse(text).unwrap_or_else(|error| panic!("the fixture cannot be read: {error}"))
    }

    /// Reads a fixture, or says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut header = Header::default();
        let mut manifests = Vec::new();
        for (index, document) in serde_norway::Deserializer::from_str(text).enumerate() {
            let place = |error: &dyn std::fmt::Display| format!("document {}: {error}", index + 1);
            let value = Value::deserialize(document).map_err(|error| place(&error))?;
            if let Some(found) = value.get("perijove") {
                header = serde_json::from_value(found.clone()).map_err(|error| place(&error))?;
            } else if !value.is_null() {
                manifests.push(value);
            }
        }
        Self::assemble(header, manifests)
    }

    fn assemble(header: Header, manifests: Vec<Value>) -> Result<Self, String> {
        let now = header.now.unwrap_or_else(|| NOW.parse().expect("the constant is an instant"));
        let redactor = Redactor::new(RedactionKey::new(b"the key of fixtures is no secret"), Names::Hashed);
        let records = records(&redactor, header.namespace.as_deref(), manifests)?;
        let mut builder = SnapshotBuilder::new(header.origin.unwrap_or(Origin::Observed), "fixture");
        if header.origin != Some(Origin::Declared) {
            for info in KINDS {
                builder.cover(info.kind, Coverage::full());
            }
        }
        for record in &records {
            builder.apply(record).map_err(|misfit| misfit.to_string())?;
            if record.object.kind == Kind::ConfigMap {
                let namespace = record.object.namespace.clone().unwrap_or_default();
                builder.config_data(&namespace, &record.object.name, Ok(record));
            }
        }
        builder.sightings(header.sightings);
        builder.reviews(header.reviews.ok_or(GapReason::NotRead));
        let recall = header.recall.unwrap_or_default();
        let fixture = Self { snapshot: builder.build(now), settings: header.settings, recall, now };
        Ok(header.gaps.into_iter().fold(fixture, |fixture, gap| {
            let namespace = gap.namespace.map(|namespace| redactor.namespace(&namespace));
            fixture.with_gap(gap.kind, namespace.as_deref(), &gap.reason)
        }))
    }

    /// The same without the permission to read a kind.
    pub fn without(self, kind: Kind) -> Self {
        self.with_gap(kind, None, &GapReason::Forbidden)
    }

    /// The same without what a gap hides: a kind in one namespace, or everywhere.
    pub fn with_gap(mut self, kind: Kind, namespace: Option<&str>, reason: &GapReason) -> Self {
        if kind == Kind::ConfigMap {
            self.snapshot.config_data.retain(|(place, _), _| namespace.is_some_and(|hidden| hidden != place));
        }
        macro_rules! hide {
            ($($field:ident: $kind:ident),+ $(,)?) => {
                match kind {
                    $(Kind::$kind => self.snapshot.$field = hidden(&self.snapshot.$field, namespace, reason),)+
                    _ => {
                        if let Some(listing) = self.snapshot.foreign_policies.get_mut(&kind) {
                            *listing = hidden(listing, namespace, reason);
                        }
                    }
                }
            };
        }
        for_each_listing!(hide);
        self
    }

    /// The same after a list that broke off: this object is not seen, and its kind is a gap in its namespace, but what else was seen of
    /// it still is.
    pub fn losing(mut self, object: &ObjectRef) -> Self {
        let namespace = object.namespace.as_deref();
        if object.kind == Kind::ConfigMap {
            self.snapshot
                .config_data
                .remove(&(namespace.unwrap_or_default().to_owned(), object.name.clone()));
        }
        macro_rules! lose {
            ($($field:ident: $kind:ident),+ $(,)?) => {
                match object.kind {
                    $(Kind::$kind => self.snapshot.$field = broken_off(&self.snapshot.$field, object),)+
                    kind => {
                        if let Some(listing) = self.snapshot.foreign_policies.get_mut(&kind) {
                            *listing = broken_off(listing, object);
                        }
                    }
                }
            };
        }
        for_each_listing!(lose);
        self
    }

    /// The values that several checks need.
    pub fn derived(&self) -> Derived {
        derive(&self.snapshot, &self.settings, self.now)
    }

    /// What a check may look at.
    pub fn context<'a>(&'a self, derived: &'a Derived) -> Context<'a> {
        Context {
            snapshot: &self.snapshot,
            derived,
            recall: &self.recall,
            settings: &self.settings,
            now: self.now,
        }
    }
}

/// The manifests as the collector would record them: pods first, for they tell whose a namespace is.
fn records(
    redactor: &Redactor,
    namespace: Option<&str>,
    mut manifests: Vec<Value>,
) -> Result<Vec<Record>, String> {
    let text = |value: &Value, field: &str| value[field].as_str().unwrap_or_default().to_owned();
    manifests.sort_by_key(|value| {
        let kind = Kind::of_manifest(&text(value, "apiVersion"), &text(value, "kind"));
        KINDS.iter().position(|info| Some(info.kind) == kind)
    });
    for deployment in manifests.iter().filter(|value| value["kind"] == "Deployment") {
        if let Some(namespace) = deployment["metadata"]["namespace"].as_str().or(namespace) {
            redactor.add_hub_namespace(namespace);
        }
    }
    let mut records = Vec::new();
    for value in manifests {
        let name = value["metadata"]["name"].as_str().unwrap_or("?").to_owned();
        let found = decode_manifests(&value.to_string(), &name, redactor, namespace)
            .map_err(|error| error.to_string())?;
        for declared in found {
            match declared {
                Declared::Object { record, .. } => records.push(*record),
                // Secrets may stand in a fixture: nothing of them is kept.
                Declared::Unsupported { kind, .. } if kind == "Secret" => {}
                Declared::Unsupported { kind, .. } => {
                    let version = text(&value, "apiVersion");
                    return Err(format!("{name}: `{kind}` of `{version}` is not a kind that is read"));
                }
            }
        }
    }
    Ok(records)
}

/// A listing that broke off before one of its objects.
fn broken_off<T: Placed>(listing: &Listing<T>, lost: &ObjectRef) -> Listing<T> {
    let reason = GapReason::Failed("the list broke off".to_owned());
    let mut coverage = listing.coverage().clone();
    match &lost.namespace {
        Some(namespace) => {
            coverage.namespaces.insert(namespace.clone(), Some(reason));
        }
        None => coverage = Coverage::gap(reason),
    }
    let is_lost = |item: &T| item.namespace() == lost.namespace.as_deref() && item.name() == lost.name;
    let items = listing.present().filter(|item| !is_lost(item)).cloned().collect();
    Listing::new(listing.kind(), items, coverage)
}

/// A listing without what a gap hides.
fn hidden<T: Placed>(listing: &Listing<T>, namespace: Option<&str>, reason: &GapReason) -> Listing<T> {
    let mut coverage = listing.coverage().clone();
    match namespace {
        Some(namespace) => {
            coverage.namespaces.insert(namespace.to_owned(), Some(reason.clone()));
        }
        None => coverage = Coverage::gap(reason.clone()),
    }
    let items = listing
        .present()
        .filter(|item| namespace.is_some_and(|hidden| item.namespace() != Some(hidden)))
        .cloned()
        .collect();
    Listing::new(listing.kind(), items, coverage)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "
perijove: { namespace: jhub, gaps: [{ kind: Service, namespace: other }] }
---
apiVersion: v1
kind: Service
metadata: { name: hub }
spec: { ports: [{ port: 8081, targetPort: http }] }
---
apiVersion: v1
kind: Service
metadata: { name: hidden, namespace: other }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: hub }
spec: { replicas: 1, template: { spec: { containers: [{ name: hub, image: a/b:1 }] } } }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: hub }
data: { hub: hub, traefik.yaml: 'log: { level: WARN }', code.py: \"a = 1\\nb = 2\\n\" }
";

    #[test]
    fn what_the_manifests_do_not_hold_does_not_exist() {
        let fixture = Fixture::from_yaml(TEXT);
        assert_eq!(fixture.snapshot.pods.get(Some("jhub"), "x"), Ok(None));
        assert_eq!(
            fixture.snapshot.deployments.find(Some("jhub"), "hub").unwrap().pod().containers[0].image,
            "a/b:1"
        );
    }

    #[test]
    fn a_gap_hides_its_objects() {
        let fixture = Fixture::from_yaml(TEXT);
        assert_eq!(fixture.snapshot.services.present().count(), 1);
        assert!(fixture.snapshot.services.complete_in("jhub").is_ok());
        assert!(fixture.snapshot.services.complete_in("other").is_err());
        assert_eq!(fixture.without(Kind::Service).snapshot.services.present().count(), 0);
    }

    #[test]
    fn configuration_files_are_parsed_and_code_is_dropped() {
        let fixture = Fixture::from_yaml(TEXT);
        let config_map = fixture.snapshot.config_map("jhub", "hub").unwrap().unwrap();
        assert_eq!(config_map.text("hub"), Some("hub"));
        assert_eq!(config_map.parsed("traefik.yaml", &["log", "level"]), Some(&Value::from("WARN")));
        assert_eq!(config_map.text("code.py"), None);
    }

    #[test]
    fn a_kind_nobody_knows_is_a_mistake() {
        let error = Fixture::parse("{ apiVersion: v1, kind: Servise, metadata: { name: x } }").unwrap_err();
        assert!(error.contains("Servise"), "{error}");
    }

    #[test]
    fn every_kind_can_be_turned_into_a_gap() {
        for kind in fact_kinds() {
            let fixture = Fixture::from_yaml(TEXT).without(kind);
            assert!(fixture.snapshot.gaps().iter().any(|gap| gap.kind == kind), "{kind}");
        }
    }
}
