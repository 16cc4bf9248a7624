//! Flags parts of a hub that policies keep from the cluster's DNS.

use std::sync::Arc;

use crate::check::paths::{End, Fate, PATHS, Path, ask, ends_of_class, ends_of_part};
use crate::check::policies::{GUIDE, KUBERNETES, SHOW};
use crate::check::servers::no_server;
use crate::check::{Check, Context, Judge, Judgement, Outcome, Reference, Severity, Topic, Verdict, worst};
use crate::facts::network::ServicePort;
use crate::facts::{IntOrString, Pod, Service};
use crate::fix::egress::DNS_PORTS;
use crate::fix::{Fix, FixValue};
use crate::gap::Unknown;
use crate::hub::Hub;
use crate::hub::parts::target;
use crate::kind::Kind;
use crate::network::{Protocol, carrying};
use crate::object::ObjectRef;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "NET-09",
    name: "dns-blocked",
    title: "Every part of the hub reaches the cluster's DNS over UDP and TCP",
    fault: "A policy keeps a part of the hub from the cluster's DNS",
    severity: Severity::Medium,
    topic: Topic::NetworkPolicies,
    since: "0.1.0",
    why: "Without DNS nothing works, and the usual remedy is to turn policies off. With UDP alone, long answers fail now and then, which is \
          hard to find.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Fail, Verdict::Unknown],
    needs: PATHS,
    fixes: &[
        Fix::before(
            2,
            0,
            "Allow port 53 over UDP and TCP in the `networkPolicy.egress` of the part that lacks it. This list replaces the chart's own.",
        ),
        Fix::from(
            2,
            0,
            "Keep the chart's rules for DNS on. Where a DNS cache runs on every node, allow its address 169.254.20.10 too.",
        )
        .values(&[
            ("singleuser.networkPolicy.egressAllowRules.dnsPortsPrivateIPs", FixValue::Bool(true)),
            ("singleuser.networkPolicy.egress", FixValue::List(&[CACHE])),
        ]),
    ],
    kubectl: SHOW,
    references: &[
        GUIDE,
        KUBERNETES,
        Reference {
            title: "Zero to JupyterHub: DNS caches on nodes and network policies",
            url: "https://github.com/jupyterhub/zero-to-jupyterhub-k8s/issues/3719",
        },
    ],
    mappings: &[],
    judge: Judge::Hub(judge),
};

/// The rule for a DNS cache on every node.
const CACHE: FixValue = FixValue::Map(&[
    ("ports", DNS_PORTS),
    (
        "to",
        FixValue::List(&[FixValue::Map(&[(
            "ipBlock",
            FixValue::Map(&[("cidr", FixValue::Str("169.254.20.10/32"))]),
        )])]),
    ),
]);

/// The Services by which clusters publish their DNS.
const SERVICES: [(&str, &str); 4] = [
    ("kube-system", "kube-dns"),
    ("kube-system", "coredns"),
    ("kube-system", "rke2-coredns-rke2-coredns"),
    ("openshift-dns", "dns-default"),
];

/// The address of the DNS cache that `node-local-dns` puts on every node.
const CACHE_ADDRESS: &str = "169.254.20.10";

/// A server of names, and what it is called.
struct Dns {
    end: End,
    udp: u16,
    tcp: Option<u16>,
    is_cache: bool,
}

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    let resolvers = resolvers(context)?;
    let mut parts: Vec<Judgement> = Vec::new();
    for class in &hub.user_classes {
        parts.push(judge_ends(context, hub, &ends_of_class(context, class), &resolvers));
    }
    if hub.user_classes.is_empty() {
        parts.push(Ok(no_server(context, hub)));
    }
    parts.extend(context.derived.servers(hub).err().map(Err));
    for part in [Some(&hub.deployment), hub.proxy.as_ref(), hub.autohttps.as_ref()].into_iter().flatten() {
        let (ends, hidden) = ends_of_part(context, part);
        parts.push(judge_ends(context, hub, &ends, &resolvers));
        parts.extend(hidden.map(|gap| Err(gap.into())));
    }
    worst(parts).ok_or_else(|| Reason::new("no-part", "the hub has no part to ask about").into())
}

/// The pods behind the Service of the cluster's DNS, and the cache on the nodes.
fn resolvers(context: &Context<'_>) -> Result<Vec<Dns>, Unknown> {
    let services = &context.snapshot.services;
    let found = SERVICES.iter().find_map(|(namespace, name)| services.find(Some(namespace), name));
    let Some(service) = found else {
        for (namespace, _) in SERVICES {
            services.complete_in(namespace)?;
        }
        return Err(Reason::new("no-dns-service", "No Service of the cluster's DNS was recognised").into());
    };
    let mut resolvers = behind(context, service)?;
    if resolvers.is_empty() {
        return Err(Reason::new(
            "no-dns-pod",
            "The Service of the cluster's DNS has no endpoint that could be seen, and selects no pod",
        )
        .into());
    }
    let daemon_sets = &context.snapshot.daemon_sets;
    let cache = daemon_sets.get(Some("kube-system"), "node-local-dns")?;
    if cache.is_some()
        && let Some(end) = End::parse(context, CACHE_ADDRESS)
    {
        resolvers.push(Dns { end, udp: 53, tcp: Some(53), is_cache: true });
    }
    Ok(resolvers)
}

/// The endpoints of the Service; where none can be seen, the pods that it selects.
fn behind(context: &Context<'_>, service: &Service) -> Result<Vec<Dns>, Unknown> {
    let network = &context.derived.network;
    let backends = |protocol| network.backends(context.snapshot, service, protocol, 53);
    let (udp, tcp) = match (backends(Protocol::Udp), backends(Protocol::Tcp)) {
        (Ok(udp), Ok(tcp)) if !udp.is_empty() => (udp, tcp),
        _ => return selected(context, service),
    };
    let object = object_of(service);
    Ok(udp
        .into_iter()
        .map(|backend| {
            let same = tcp.iter().find(|other| other.address == backend.address);
            Dns {
                end: End { point: backend.point, object: Some(object.clone()) },
                udp: backend.port,
                tcp: same.map(|other| other.port),
                is_cache: false,
            }
        })
        .collect())
}

fn selected(context: &Context<'_>, service: &Service) -> Result<Vec<Dns>, Unknown> {
    let namespace = service.metadata.namespace.as_deref().unwrap_or_default();
    context.snapshot.pods.complete_in(namespace)?;
    if service.spec.selector.is_empty() {
        return Ok(Vec::new());
    }
    let port = |pod: &Pod, protocol: Protocol| {
        let is_asked = |port: &&ServicePort| {
            port.port == 53 && Protocol::parse(port.protocol.as_deref()) == Some(protocol)
        };
        let published = service.spec.ports.iter().find(is_asked)?;
        match target(published, &pod.spec) {
            IntOrString::Int(number) => u16::try_from(number).ok(),
            IntOrString::String(_) => None,
        }
    };
    let pods = carrying(context.snapshot, namespace, &service.spec.selector);
    let dns = |pod: &Arc<Pod>| {
        Some(Dns {
            end: End { point: context.derived.network.pod(pod), object: Some(object_of(service)) },
            udp: port(pod, Protocol::Udp)?,
            tcp: port(pod, Protocol::Tcp),
            is_cache: false,
        })
    };
    Ok(pods.iter().filter_map(dns).collect())
}

fn object_of(service: &Service) -> ObjectRef {
    let namespace = service.metadata.namespace.clone().unwrap_or_default();
    ObjectRef::namespaced(Kind::Service, namespace, &service.metadata.name)
}

/// A way to one of several servers of names does: Kubernetes does not choose the one that answers.
fn judge_ends(context: &Context<'_>, hub: &Hub, ends: &[End], resolvers: &[Dns]) -> Judgement {
    let parts = ends.iter().flat_map(|end| resolvers.iter().map(move |dns| (end, dns))).map(|(end, dns)| {
        let udp = ask(context, Some(hub), end, &dns.end, Protocol::Udp, dns.udp);
        let tcp = dns.tcp.map(|port| ask(context, Some(hub), end, &dns.end, Protocol::Tcp, port));
        Ok(judge_pair(context, hub, dns, &udp, tcp.as_ref()))
    });
    worst(parts).ok_or_else(|| Reason::new("no-path", "there is no path to ask about").into())
}

fn judge_pair(context: &Context<'_>, hub: &Hub, dns: &Dns, udp: &Path, tcp: Option<&Path>) -> Outcome {
    let part = Arg::from(udp.from.clone());
    let unclear = |path: &Path| match &path.fate {
        Fate::Unclear(unknown) => {
            Some(Outcome::from(unknown.clone()).because_all(path.evidence(context, Some(hub))))
        }
        _ => None,
    };
    let blocked = |path: &Path, reason: Reason, is_fatal: bool| {
        let outcome = match path.fate {
            Fate::Closed if is_fatal => Outcome::fail(reason),
            _ => Outcome::warn(reason).severity(Severity::Low),
        };
        outcome.because_all(path.evidence(context, Some(hub)))
    };
    let is_closed = |path: &Path| matches!(path.fate, Fate::Closed | Fate::LikelyClosed);
    if is_closed(udp) {
        let reason = if dns.is_cache {
            Reason::new(
                "cache-blocked",
                "A DNS cache runs on every node, and policies keep {part} from its address 169.254.20.10",
            )
        } else {
            Reason::new("udp-blocked", "Policies keep {part} from the cluster's DNS")
        };
        return blocked(udp, reason.with("part", part), !dns.is_cache);
    }
    if let Some(outcome) = unclear(udp) {
        return outcome;
    }
    if let Some(tcp) = tcp {
        if is_closed(tcp) {
            let reason = Reason::new(
                "tcp-blocked",
                "Policies let {part} ask the cluster's DNS over UDP and not over TCP, so long answers fail",
            );
            return blocked(tcp, reason.with("part", part), false);
        }
        if let Some(outcome) = unclear(tcp) {
            return outcome;
        }
    }
    Outcome::pass(Reason::new("open", "Every part of the hub reaches the cluster's DNS over UDP and TCP"))
}
