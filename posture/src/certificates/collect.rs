//! Gathers certificates and their uses from a snapshot.

use std::collections::{BTreeMap, BTreeSet};

use super::sighted::{Sighted, missed, silent};
use super::{
    Certificate, CertificateTable, Issuer, Kept, Place, Purpose, Renewer, Tiers, Uncovered, Unseen, Use,
    Validity, authorities,
};
use crate::derived::tls::{CERTIFICATE_ANNOTATIONS, covers, ends_tls, is_served_by};
use crate::derived::{Derived, TlsMode};
use crate::entrance::requested_hosts;
use crate::facts::network::{GatewayListener, IngressTls};
use crate::facts::{self, Gateway, Ingress};
use crate::gap::{Gap, Unknown};
use crate::hub::{Hub, HubKey};
use crate::kind::Kind;
use crate::listing::Placed;
use crate::object::ObjectRef;
use crate::snapshot::Snapshot;

impl CertificateTable {
    /// Every certificate that a snapshot shows.
    pub fn new(snapshot: &Snapshot, derived: &Derived) -> Self {
        let mut seen = Seen { snapshot, derived, uses: BTreeMap::new(), renewers: BTreeMap::new() };
        for hub in &derived.hubs {
            seen.hub(hub);
        }
        for ingress in snapshot.ingresses.present() {
            seen.ingress(ingress);
        }
        for gateway in snapshot.gateways.present() {
            seen.gateway(gateway);
        }
        seen.table()
    }
}

struct Seen<'a> {
    snapshot: &'a Snapshot,
    derived: &'a Derived,
    uses: BTreeMap<Kept, BTreeSet<Use>>,
    /// Who renews what a hub uses, by the hub's own way of HTTPS.
    renewers: BTreeMap<Kept, Renewer>,
}

impl Seen<'_> {
    fn hub(&mut self, hub: &Hub) {
        let Ok(tls) = self.derived.tls(hub) else { return };
        let secret = tls.secret.as_deref().map(|name| secret(&hub.key.namespace, name));
        let (kept, renewer, hosts) = match tls.mode {
            TlsMode::LetsEncrypt => {
                let pods =
                    hub.autohttps.as_ref().or(hub.proxy.as_ref()).map(|pods| Kept::With(pods.object()));
                let renewer = if hub.autohttps.is_some() { Renewer::AutoHttps } else { Renewer::KubeLego };
                (secret.or(pods), renewer, requested_hosts(self.snapshot, hub).unwrap_or_default())
            }
            TlsMode::Manual => (secret, Renewer::Person, Vec::new()),
            TlsMode::Secret => (secret, Renewer::NobodySeen, Vec::new()),
            TlsMode::Offload => (Some(Kept::With(tls.service.clone())), Renewer::Operator, Vec::new()),
            TlsMode::Outside | TlsMode::UnseenEdge | TlsMode::None => return,
        };
        let Some(kept) = kept else { return };
        self.renewers.insert(kept.clone(), renewer);
        self.add(kept, tls.service.clone(), None, hosts, vec![hub.key.clone()]);
    }

    fn ingress(&mut self, ingress: &Ingress) {
        let Some(namespace) = ingress.namespace() else { return };
        let object = ObjectRef::namespaced(Kind::Ingress, namespace, ingress.name());
        let hubs = self.hubs_behind(|front| *front == object);
        for tls in &ingress.spec.tls {
            let kept = match tls.secret_name.as_deref().filter(|name| !name.is_empty()) {
                Some(name) => secret(namespace, name),
                None => Kept::With(object.clone()),
            };
            self.add(kept, object.clone(), None, hosts_of(ingress, tls), hubs.clone());
        }
        let annotations = &ingress.metadata.annotations;
        if ingress.spec.tls.is_empty()
            && CERTIFICATE_ANNOTATIONS.iter().any(|key| annotations.contains_key(*key))
        {
            let hosts = hosts_of(ingress, &IngressTls::default());
            self.add(Kept::With(object.clone()), object, None, hosts, hubs);
        }
    }

    fn gateway(&mut self, gateway: &Gateway) {
        let Some(namespace) = gateway.namespace() else { return };
        let object = ObjectRef::namespaced(Kind::Gateway, namespace, gateway.name());
        for listener in gateway.spec.listeners.iter().filter(|listener| holds_certificate(listener)) {
            let hosts: Vec<String> =
                listener.hostname.iter().filter(|host| !host.is_empty()).cloned().collect();
            let hubs = self.hubs_behind(|front| {
                let route = self.snapshot.http_routes.find(front.namespace.as_deref(), &front.name);
                front.kind == Kind::HttpRoute
                    && route.is_some_and(|route| is_served_by(self.snapshot, route, listener))
            });
            let references = listener.tls.iter().flat_map(|tls| &tls.certificate_refs);
            let mut kept: Vec<Kept> = references
                .filter(|reference| reference.kind.as_deref().unwrap_or("Secret") == "Secret")
                .map(|reference| secret(reference.namespace.as_deref().unwrap_or(namespace), &reference.name))
                .collect();
            if kept.is_empty() {
                kept.push(Kept::With(object.clone()));
            }
            for kept in kept {
                self.add(kept, object.clone(), Some(listener.name.clone()), hosts.clone(), hubs.clone());
            }
        }
    }

    fn add(
        &mut self,
        kept: Kept,
        object: ObjectRef,
        listener: Option<String>,
        hosts: Vec<String>,
        hubs: Vec<HubKey>,
    ) {
        self.uses.entry(kept).or_default().insert(Use { object, listener, hosts, hubs });
    }

    /// The hubs that are reached by an Ingress or a route.
    fn hubs_behind(&self, is_it: impl Fn(&ObjectRef) -> bool) -> Vec<HubKey> {
        let hubs = self.derived.hubs.iter().filter(|hub| {
            self.derived.tls(hub).is_ok_and(|tls| tls.fronts.iter().any(|front| is_it(&front.object)))
        });
        hubs.map(|hub| hub.key.clone()).collect()
    }

    fn table(mut self) -> CertificateTable {
        let mut uncovered = self.without_tls();
        let mut certificates = Vec::new();
        let mut described = BTreeSet::new();
        for found in self.snapshot.certificates.present() {
            let Some(namespace) = found.namespace() else { continue };
            let kept = secret(namespace, &found.spec.secret_name);
            let uses = self.uses.get(&kept).into_iter().flatten().cloned().collect();
            certificates.push(of_cert_manager(found, kept.clone(), uses));
            described.insert(kept);
        }
        for (kept, uses) in std::mem::take(&mut self.uses) {
            if !described.contains(&kept) {
                certificates.push(self.undescribed(kept, uses.into_iter().collect()));
            }
        }
        certificates.sort_by(|a, b| (&a.kept, &a.resource).cmp(&(&b.kept, &b.resource)));
        certificates.extend(authorities::collect(self.snapshot));
        let mut certificates = Sighted::new(self.snapshot, self.derived, certificates).complete();
        certificates.sort_by(|a, b| {
            (a.purpose, &a.kept, &a.resource, &a.entry).cmp(&(b.purpose, &b.kept, &b.resource, &b.entry))
        });
        uncovered.extend(not_named(&certificates));
        uncovered.sort();
        let sightings = &self.snapshot.sightings;
        let tiers = Tiers {
            secrets: sightings.reads_secrets,
            connections: sightings.connects,
            recalled_from: sightings.recalled_from,
        };
        CertificateTable {
            certificates,
            uncovered,
            gaps: self.gaps(),
            tiers,
            missed: missed(self.snapshot),
            silent: silent(self.snapshot),
        }
    }

    /// A certificate that something uses and no Certificate of cert-manager describes.
    fn undescribed(&self, kept: Kept, uses: Vec<Use>) -> Certificate {
        let by_hub = self.renewers.get(&kept).cloned();
        let hidden = match &kept {
            Kept::Secret { namespace, .. } => self.snapshot.certificates.complete_in(namespace).err(),
            _ => None,
        };
        let (validity, renewer) = match (&kept, hidden, by_hub) {
            (Kept::With(_), _, renewer) => (Unseen::Elsewhere, renewer.unwrap_or(Renewer::Operator)),
            // What the hub renews itself is no matter of cert-manager.
            (_, _, Some(renewer @ (Renewer::AutoHttps | Renewer::KubeLego | Renewer::Person))) => {
                (Unseen::InSecret, renewer)
            }
            (_, Some(gap), _) => (Unseen::Hidden(gap.clone()), Renewer::Hidden(gap)),
            (_, None, renewer) => (Unseen::InSecret, renewer.unwrap_or(Renewer::NobodySeen)),
        };
        // What autohttps serves are the names that it asks for.
        let names = match renewer {
            Renewer::AutoHttps => uses.iter().flat_map(|used| &used.hosts).cloned().collect(),
            _ => BTreeSet::new(),
        };
        Certificate {
            names: names.into_iter().collect(),
            uses,
            ..Certificate::unknown(kept, renewer, validity)
        }
    }

    /// Names by which a hub is reached without TLS.
    fn without_tls(&self) -> Vec<Uncovered> {
        let mut found = BTreeMap::<(String, ObjectRef), Vec<HubKey>>::new();
        for hub in &self.derived.hubs {
            let fronts = self.derived.tls(hub).map(|tls| tls.fronts.as_slice()).unwrap_or_default();
            for front in fronts {
                let plain = front.hosts.iter().filter(|host| host.tls == Ok(false));
                for host in plain.filter_map(|host| host.host.clone()) {
                    found.entry((host, front.object.clone())).or_default().push(hub.key.clone());
                }
            }
        }
        found
            .into_iter()
            .map(|((host, object), hubs)| Uncovered { host, object, hubs, used: Vec::new() })
            .collect()
    }

    fn gaps(&self) -> Vec<Gap> {
        let snapshot = self.snapshot;
        let listings =
            [snapshot.certificates.complete(), snapshot.ingresses.complete(), snapshot.gateways.complete()];
        let of_hubs = self.derived.hubs.iter().filter_map(|hub| match self.derived.tls(hub) {
            Err(Unknown::Gap(gap)) => Some(gap),
            Ok(tls) => tls.hidden_fronts.clone(),
            Err(Unknown::Reason(_)) => None,
        });
        let gaps: BTreeSet<Gap> = listings.into_iter().filter_map(Result::err).chain(of_hubs).collect();
        gaps.into_iter().collect()
    }
}

pub(super) fn secret(namespace: &str, name: &str) -> Kept {
    Kept::Secret { namespace: namespace.to_owned(), name: name.to_owned() }
}

/// Whether TLS of a listener ends at the Gateway.
fn holds_certificate(listener: &GatewayListener) -> bool {
    let mode = listener.tls.as_ref().and_then(|tls| tls.mode.as_deref());
    ends_tls(listener) && mode != Some("Passthrough")
}

/// The hosts of an entry: its own, else those of the rules.
fn hosts_of(ingress: &Ingress, tls: &IngressTls) -> Vec<String> {
    let rules = || ingress.spec.rules.iter().filter_map(|rule| rule.host.as_ref());
    let hosts: BTreeSet<&String> =
        if tls.hosts.is_empty() { rules().collect() } else { tls.hosts.iter().collect() };
    hosts.into_iter().filter(|host| !host.is_empty()).cloned().collect()
}

fn of_cert_manager(found: &facts::Certificate, kept: Kept, uses: Vec<Use>) -> Certificate {
    let (spec, status) = (&found.spec, &found.status);
    let condition = |kind: &str| status.conditions.iter().find(|condition| condition.kind == kind);
    let issuer = (!spec.issuer_ref.name.is_empty()).then(|| Issuer {
        kind: spec.issuer_ref.kind.clone().unwrap_or_else(|| "Issuer".to_owned()),
        name: spec.issuer_ref.name.clone(),
    });
    let validity = status.not_after.map(|not_after| Validity { not_before: status.not_before, not_after });
    let seen = Place::CertManager {
        namespace: found.namespace().unwrap_or_default().to_owned(),
        name: found.name().to_owned(),
    };
    Certificate {
        kept,
        entry: None,
        purpose: Purpose::Server,
        resource: Some(found.name().to_owned()),
        names: spec.dns_names.clone(),
        issuer,
        validity: validity.ok_or(Unseen::NoStatus),
        renewer: Renewer::CertManager,
        renewal_time: status.renewal_time,
        // cert-manager leaves this condition behind after a failure, and takes it away after a success.
        is_failing: condition("Issuing")
            .is_some_and(|issuing| issuing.status == "False" && issuing.reason.as_deref() == Some("Failed")),
        is_ready: condition("Ready").map(|ready| ready.status == "True"),
        revision: status.revision,
        uses,
        read: None,
        seen: vec![seen],
        missed: None,
        served: Vec::new(),
    }
}

impl Certificate {
    /// A certificate of which nothing is known yet but where it is kept and who renews it.
    pub(super) fn unknown(kept: Kept, renewer: Renewer, why: Unseen) -> Self {
        Self {
            kept,
            entry: None,
            purpose: Purpose::Server,
            resource: None,
            names: Vec::new(),
            issuer: None,
            validity: Err(why),
            renewer,
            renewal_time: None,
            is_failing: false,
            is_ready: None,
            revision: None,
            uses: Vec::new(),
            read: None,
            seen: Vec::new(),
            missed: None,
            served: Vec::new(),
        }
    }
}

/// Names that are served with certificates of which each is proven to be for others.
fn not_named(certificates: &[Certificate]) -> Vec<Uncovered> {
    let mut served = BTreeMap::<_, (Vec<&Certificate>, BTreeSet<&HubKey>)>::new();
    for certificate in certificates {
        for used in &certificate.uses {
            // What is behind a wildcard may be less than it takes, so a certificate without it proves nothing.
            for host in used.hosts.iter().filter(|host| !host.starts_with("*.")) {
                let (by, hubs) = served.entry((host, &used.object, &used.listener)).or_default();
                by.push(certificate);
                hubs.extend(&used.hubs);
            }
        }
    }
    let is_for_others = |certificate: &&Certificate, host: &str| {
        certificate.proven_names().is_some_and(|names| {
            // cert-manager tells of DNS names only; without any there are others.
            (certificate.read.is_some() || !names.is_empty()) && !names.iter().any(|name| covers(name, host))
        })
    };
    served
        .into_iter()
        .filter(|((host, ..), (by, _))| by.iter().all(|certificate| is_for_others(certificate, host)))
        .map(|((host, object, _), (by, hubs))| Uncovered {
            host: host.clone(),
            object: object.clone(),
            hubs: hubs.into_iter().cloned().collect(),
            used: by.into_iter().map(|certificate| certificate.kept.clone()).collect(),
        })
        .collect()
}
