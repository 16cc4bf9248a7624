//! The certificates that people meet at a hub, and what connections to its names showed.

use std::collections::BTreeSet;
use std::net::IpAddr;

use jiff::Timestamp;

use super::{Context, Evidence, Outcome, Verdict, worst};
use crate::certificates::{Certificate, Kept, Place, Purpose, hosts};
use crate::check::Judgement;
use crate::derived::Tls;
use crate::entrance;
use crate::facts::network::LoadBalancerAddress;
use crate::gap::Unknown;
use crate::hub::Hub;
use crate::kind::Kind;
use crate::listing::{Listing, Placed};
use crate::object::ObjectRef;
use crate::sighting::{ConnectFault, DnsFault, EndpointSight, Handshake, Unsighted, Vantage};
use crate::text::{Arg, Reason};

/// The certificates of servers by which a hub is reached.
pub fn of_hub<'a>(context: &Context<'a>, hub: &Hub) -> Vec<&'a Certificate> {
    let all = context.derived.certificates.certificates.iter();
    all.filter(|certificate| certificate.purpose == Purpose::Server)
        .filter(|certificate| certificate.hubs().any(|key| *key == hub.key))
        .collect()
}

/// The outcome of a check of certificates for a hub without HTTPS.
pub fn no_https() -> Outcome {
    Outcome::not_applicable(Reason::new("no-https", "There is no HTTPS, and so no certificate"))
}

/// What a certificate is called in a sentence: the Secret, the object that keeps it, or the name that it answers at.
pub fn called(certificate: &Certificate) -> Arg {
    let is_read_there = certificate.seen.iter().any(|place| matches!(place, Place::Secret { .. }));
    let presented = certificate.seen.iter().find_map(|place| match place {
        Place::Endpoint { host, port } if certificate.resource.is_none() && !is_read_there => {
            Some((host, *port))
        }
        _ => None,
    });
    // Nothing but the connection tells of it.
    if let Some((host, port)) = presented {
        return Arg::text(named(host, port));
    }
    Arg::text(match &certificate.kept {
        Kept::Secret { namespace, name } => format!("Secret {namespace}/{name}"),
        Kept::With(object) | Kept::Bundle(object) => object.to_string(),
        Kept::Endpoint { host, port } => named(host, *port),
        Kept::ApiServer => "API server".to_owned(),
    })
}

/// A name, with the port where it is not that of HTTPS.
fn named(host: &str, port: u16) -> String {
    if port == 443 { host.to_owned() } else { format!("{host}:{port}") }
}

/// A fact about a certificate: at its Certificate of cert-manager, else at what uses it.
pub fn evidence(certificate: &Certificate, path: &str, found: impl Into<Arg>) -> Evidence {
    match (&certificate.resource, &certificate.kept) {
        (Some(name), Kept::Secret { namespace, .. }) => {
            Evidence::new(ObjectRef::namespaced(Kind::Certificate, namespace, name), path, found)
        }
        (_, kept) => {
            let object = certificate.uses.first().map(|used| used.object.clone());
            let object = object
                .unwrap_or_else(|| ObjectRef::cluster(Kind::Namespace, kept.place().0.unwrap_or("default")));
            Evidence::new(object, format!("the certificate in use ({}): {path}", called(certificate)), found)
        }
    }
}

/// Fills the `kubectl` line that shows a certificate.
pub fn shown(outcome: Outcome, certificate: &Certificate) -> Outcome {
    match (&certificate.resource, &certificate.kept) {
        (Some(name), Kept::Secret { namespace, name: secret }) => outcome
            .slot("certificate-namespace", namespace)
            .slot("source", format!("certificate.cert-manager.io/{name}"))
            .slot("secret", secret)
            .slot("output", "yaml"),
        (None, Kept::Secret { namespace, name }) => outcome
            .slot("certificate-namespace", namespace)
            .slot("source", format!("secret/{name}"))
            .slot("secret", name)
            .slot("output", "jsonpath={.data.tls\\.crt}"),
        _ => outcome,
    }
}

/// Why what is kept was not looked at, although the configuration asks for it.
pub fn missed(certificate: &Certificate, why: &Unsighted) -> Reason {
    Reason::new("not-looked-at", "What {certificate} holds is not known: {why}")
        .with("certificate", called(certificate))
        .with("why", Arg::word(why.to_string()))
}

/// Why a certificate that a connection shows is not believed, as a clause.
pub const UNPROVEN: &str = "nothing proves that it has the key of the certificate it shows, because it answers in an old way only or the key is of a kind that cannot be checked here";

/// A name of the hub, and what a connection to it showed.
#[derive(Debug, Clone, Copy)]
pub struct Connection<'a> {
    /// The name.
    pub host: &'a str,
    /// The port of HTTPS.
    pub port: u16,
    /// What was seen.
    pub sight: &'a EndpointSight,
    /// When, where it is told from an earlier run of the program and was not looked at since.
    pub seen_at: Option<Timestamp>,
}

/// What is known of connections to the names of a hub.
#[derive(Debug, Default)]
pub struct Connections<'a> {
    /// What was seen.
    pub seen: Vec<Connection<'a>>,
    /// Names that the configuration confirms and that were not looked at.
    pub failed: Vec<Unknown>,
    /// What else is not known, and what would help.
    pub unseen: Vec<Unknown>,
    /// What may hide further names of the hub, which may have been looked at.
    pub hidden: Option<Unknown>,
}

/// What is known of connections to the names of a hub.
pub fn connections<'a>(context: &Context<'a>, hub: &Hub) -> Connections<'a> {
    let (names, hidden) = hosts::of_hub(context.snapshot, context.derived, hub);
    let sightings = &context.snapshot.sightings;
    let mut found = Connections::default();
    let mut unconfirmed = BTreeSet::new();
    for name in &names {
        let mut is_confirmed = false;
        for (spot_host, port, sight) in sightings.connections().filter(|(host, ..)| *host == name) {
            is_confirmed = true;
            match sight {
                Ok(sight) => {
                    let seen_at = sightings.recalled_from;
                    found.seen.push(Connection { host: spot_host, port, sight, seen_at });
                }
                Err(why) => found.failed.push(not_seen(name, why).into()),
            }
        }
        if !is_confirmed {
            unconfirmed.insert(name);
        }
    }
    if !unconfirmed.is_empty() {
        let names = unconfirmed.into_iter().map(Arg::text).collect();
        let reason = Reason::new(
            "not-confirmed",
            "What answers at {hosts} was not looked at; naming it under `certificates.hosts` in the configuration would settle it",
        );
        found.unseen.push(reason.with("hosts", Arg::List(names)).into());
    }
    if let Some(hidden) = hidden {
        found.unseen.push(hidden.clone());
        found.hidden = (sightings.connects || sightings.reads_secrets).then_some(hidden);
    } else if names.is_empty() {
        let reason = Reason::new(
            "no-name",
            "No name of the hub is visible in the cluster, so nothing could be connected to; look at it from outside",
        );
        found.unseen.push(reason.into());
    }
    found
}

fn not_seen(host: &str, why: &Unsighted) -> Reason {
    Reason::new("not-looked-at", "What answers at {host} is not known: {why}")
        .with("host", Arg::text(host))
        .with("why", Arg::word(why.to_string()))
}

impl Connections<'_> {
    /// Why a certificate of a name may not have been seen: it was to be looked at and showed none, or the name is hidden.
    pub fn not_shown(&self) -> Vec<Unknown> {
        let silent = self.seen.iter().filter_map(|connection| connection.proven().err());
        let hidden = self.hidden.iter().cloned();
        self.failed.iter().cloned().chain(silent.map(Unknown::from)).chain(hidden).collect()
    }
}

impl<'a> Connection<'a> {
    /// The handshake, or why there is none.
    pub fn handshake(&self) -> Result<&'a Handshake, Reason> {
        self.sight.handshake.as_ref().ok_or_else(|| {
            Reason::new("no-handshake", "Nothing could be learned from a connection to {host}: {why}")
                .with("host", self.called())
                .with("why", Arg::word(self.fault()))
        })
    }

    /// The handshake in which the server proved to have its key, or why there is none.
    pub fn proven(&self) -> Result<&'a Handshake, Reason> {
        let handshake = self.handshake()?;
        if handshake.is_proven {
            return Ok(handshake);
        }
        let reason =
            Reason::new("unproven", "{host} speaks {version}, and what it shows is not believed: {why}");
        let reason =
            reason.with("host", self.called()).with("version", Arg::text(handshake.newest.to_string()));
        Err(reason.with("why", Arg::word(UNPROVEN)))
    }

    /// What it is called in a sentence.
    pub fn called(&self) -> Arg {
        Arg::text(if self.port == 443 {
            self.host.to_owned()
        } else {
            format!("{}:{}", self.host, self.port)
        })
    }

    /// Why there is no handshake, as a clause.
    pub fn fault(&self) -> &'static str {
        let dns = &self.sight.dns;
        if let Some(fault) = dns.fault.filter(|_| dns.addresses.is_empty() && dns.withheld.is_empty()) {
            return match fault {
                DnsFault::NoSuchName => "the name does not exist",
                DnsFault::NoAddress => "the name has no address",
                DnsFault::NoAnswer => "the name could not be resolved",
            };
        }
        match &self.sight.fault {
            Some(ConnectFault::NoAddress) => "the name has no address",
            Some(ConnectFault::RefusedAddress) => {
                "an address of it is one that is not connected to unless `certificates.private_hosts` lists it"
            }
            Some(ConnectFault::Closed) => "nobody listens there",
            Some(ConnectFault::NotAllTried) => {
                "nobody listens at the first of its addresses, and the others were not tried"
            }
            Some(ConnectFault::TimedOut) => "nobody answered in time",
            Some(ConnectFault::NotTls) => "what answers does not speak TLS",
            Some(ConnectFault::Alert) => "the server broke the handshake off",
            Some(ConnectFault::Broken) | None => "the connection broke",
        }
    }

    /// Whether it went to an address of the hub itself, with nothing known to stand between.
    pub fn is_direct(&self, context: &Context<'_>, hub: &Hub) -> bool {
        let Ok(Some(service)) = entrance::public_service(context, hub) else { return false };
        let own: Vec<IpAddr> =
            entrance::addresses(service).iter().filter_map(|address| address.parse().ok()).collect();
        self.sight.address.is_some_and(|address| own.contains(&address))
    }

    /// Whether it may have been led past a load balancer that does TLS: nodes send what goes to the address of one straight to the pods, unless it
    /// says otherwise (`ipMode`), and nothing tells whether this program runs on one. Where the hub does TLS itself that leads to the same pods.
    pub fn may_pass_by_balancer(&self, context: &Context<'_>, tls: &Tls) -> bool {
        let Some(address) = self.sight.address else { return false };
        let is_it = |own: &LoadBalancerAddress| {
            !own.is_proxied() && own.ip.as_deref().and_then(|ip| ip.parse::<IpAddr>().ok()) == Some(address)
        };
        let mut services = context.snapshot.services.present();
        let is_led = services.any(|service| service.status.load_balancer.ingress.iter().any(is_it));
        !tls.ends_in_hub() && (is_led || context.snapshot.services.complete().is_err())
    }

    /// Why it is not known whether nobody listens where a connection was refused; `None` where nothing but the other side can have done it.
    pub fn may_be_rejected(&self, context: &Context<'_>) -> Option<Reason> {
        let snapshot = context.snapshot;
        let is_confined = match &self.sight.from {
            Vantage::Outside => false,
            Vantage::OtherPod => true,
            Vantage::Pod { namespace } => {
                let own = snapshot.network_policies.all_in(namespace);
                own.map_or(true, |mut policies| policies.any(|policy| policy.spec.covers_egress()))
                    || [&snapshot.admin_policies, &snapshot.baseline_policies].into_iter().any(is_any)
                    || snapshot.foreign_policies.values().any(is_any)
            }
        };
        is_confined.then(|| {
            let reason = Reason::new(
                "refused-or-rejected",
                "A connection to {host} was refused: nobody listens there, or a network policy that confines Perijove's own pod rejects it; ask from outside",
            );
            reason.with("host", self.called())
        })
    }

    /// Whether the name is served over HTTPS, as a connection showed it.
    pub fn https(&self, context: &Context<'_>, tls: &Tls) -> Judgement {
        if self.sight.handshake.is_some() {
            let handshake = self.proven()?;
            let version = Arg::text(handshake.newest.to_string());
            let reason =
                Reason::new("https-seen", "{host} speaks {version}").with("version", version.clone());
            let fact = self.evidence(tls, "version", version);
            return Ok(Outcome::pass(reason.with("host", self.called())).because(fact));
        }
        if !matches!(self.sight.fault, Some(ConnectFault::Closed | ConnectFault::NotTls)) {
            self.handshake()?;
        }
        if matches!(self.sight.fault, Some(ConnectFault::Closed))
            && let Some(reason) = self.may_be_rejected(context)
        {
            return Err(reason.into());
        }
        if self.may_pass_by_balancer(context, tls) {
            let reason = Reason::new(
                "past-the-balancer",
                "A connection to {host} met no HTTPS, but it may have been led past the load balancer, as nodes of the cluster do; ask from outside",
            );
            return Err(reason.with("host", self.called()).into());
        }
        let why = Arg::word(self.fault());
        let fact = self.evidence(tls, "TLS", why.clone()).wanted(Arg::word("a handshake"));
        let reason = Reason::new("no-https-seen", "{host} does no HTTPS: {why}").with("host", self.called());
        Ok(Outcome::fail(reason.with("why", why)).because(fact))
    }

    /// A fact about what was seen there.
    pub fn evidence(&self, tls: &Tls, path: &str, found: impl Into<Arg>) -> Evidence {
        let front = tls
            .fronts
            .iter()
            .find(|front| front.hosts.iter().any(|host| host.host.as_deref() == Some(self.host)));
        let object = front.map_or_else(|| tls.service.clone(), |front| front.object.clone());
        let at = seen_at(self.seen_at);
        Evidence::new(object, format!("a connection to {}{at}: {path}", self.called()), found)
    }
}

/// When a connection was looked at, to stand behind what it is called; nothing where it is told as of now.
pub fn seen_at(recalled: Option<Timestamp>) -> String {
    recalled.map(|at| format!(", seen at {} UTC", at.strftime("%H:%M on %-d %b %Y"))).unwrap_or_default()
}

/// Puts what connections showed beside what objects say.
///
/// What was seen at every name decides, but a fault that objects show stays, unless each connection went to the hub's own address. Where
/// some names were not looked at, the worst of all decides.
pub fn observed(
    context: &Context<'_>,
    hub: &Hub,
    by_objects: Judgement,
    of_connection: impl Fn(&Connection<'_>) -> Judgement,
) -> Judgement {
    let connections = connections(context, hub);
    let seen = connections.seen.iter().map(of_connection);
    let Some(seen) = worst(seen.chain(connections.failed.iter().cloned().map(Err))) else {
        // A name that cannot be seen now may have shown something else.
        let hidden = connections.hidden.map(Err);
        return Ok(super::worst_with(by_objects?, hidden));
    };
    let is_direct = connections.seen.iter().all(|connection| connection.is_direct(context, hub));
    let is_fault = by_objects.as_ref().is_ok_and(|outcome| outcome.verdict == Verdict::Fail);
    let Some(open) = connections.unseen.into_iter().next() else {
        let is_decided = seen.verdict != Verdict::Unknown && (!is_fault || is_direct);
        return if is_decided { Ok(seen) } else { Ok(super::worst_with(seen, [by_objects])) };
    };
    // Where the two differ, what was not looked at may be like either.
    let agree = by_objects.as_ref().is_ok_and(|outcome| outcome.verdict == seen.verdict);
    let open = (!agree).then_some(Err(open));
    Ok(super::worst_with(seen, [by_objects].into_iter().chain(open)))
}

/// Whether an address is of those that are translated before they reach the internet.
pub fn is_private(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [a, b, ..] = address.octets();
            address.is_private() || address.is_link_local() || (a == 100 && (64..128).contains(&b))
        }
        IpAddr::V6(address) => address.is_unique_local() || address.is_unicast_link_local(),
    }
}

/// Whether a hub is to be reached from inside a network only: every address that is known of it is a private one.
pub fn is_inside(context: &Context<'_>, hub: &Hub, tls: &Tls) -> bool {
    let services = hub.public_services.iter().flat_map(|service| entrance::addresses(service));
    let fronts = tls.fronts.iter().filter_map(|front| {
        context.snapshot.ingresses.find(front.object.namespace.as_deref(), &front.object.name)
    });
    let fronts =
        fronts.flat_map(|ingress| &ingress.status.load_balancer.ingress).filter_map(|own| own.ip.as_deref());
    let addresses: Vec<Option<IpAddr>> = services.chain(fronts).map(|address| address.parse().ok()).collect();
    !addresses.is_empty() && addresses.iter().all(|address| address.as_ref().is_some_and(is_private))
}

/// Whether there is any of a kind, or may be.
fn is_any<T: Placed>(all: &Listing<T>) -> bool {
    all.complete().is_err() || all.present().next().is_some()
}
