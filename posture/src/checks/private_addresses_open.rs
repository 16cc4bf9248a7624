//! Flags user servers that reach private addresses, or pods and nodes of the cluster, that they have no need of.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::check::paths::{
    End, Fate, PATHS, ask, ends_of_class, enforcement_at, if_enforced, likely, of_rule,
};
use crate::check::policies::{GUIDE, KUBERNETES, SHOW};
use crate::check::servers::{evidence_of, judge_servers};
use crate::check::{
    Check, Context, Evidence, Judge, Judgement, Mapping, Outcome, Severity, Topic, Verdict, worst_with,
};
use crate::derived::EnforcementState;
use crate::facts::Pod;
use crate::fix::egress::PUBLIC;
use crate::fix::{Fix, FixValue};
use crate::gap::Unknown;
use crate::hub::{Hub, UserClass};
use crate::kind::Kind;
use crate::network::{AddressRange, PodClass, Point, Protocol, Verdict as Reach, parse_address};
use crate::object::ObjectRef;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "NET-05",
    name: "private-addresses-open",
    title: "User servers reach no private address beyond what they need",
    fault: "User servers reach private addresses that they have no need of",
    severity: Severity::Medium,
    topic: Topic::NetworkPolicies,
    since: "0.1.0",
    why: "Behind private addresses are the kubelets, the databases of other teams and whatever trusts its own network. A notebook is a \
          shell in the middle of it.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Unknown],
    needs: PATHS,
    fixes: &[
        Fix::before(
            0,
            7,
            "This chart has no network policies: write one for the user servers that denies private addresses, or upgrade.",
        ),
        Fix::from(
            0,
            7,
            "Turn the policy for user servers on and name what they may reach in `singleuser.networkPolicy.egress`, with private addresses \
             excepted. Charts from 2.0 on do so by default.",
        )
        .until(2, 0)
        .values(&[
            ("singleuser.networkPolicy.enabled", FixValue::Bool(true)),
            ("singleuser.networkPolicy.egress", FixValue::List(&[PUBLIC])),
        ]),
        Fix::from(
            2,
            0,
            "Turn the policy for user servers and its default for private addresses on, and take wider rules out of \
             `singleuser.networkPolicy.egress` and out of your own policies. Where pods or nodes have addresses outside the private \
             ranges, turn `egressAllowRules.nonPrivateIPs` off and write a rule of your own that excepts them.",
        )
        .values(&[
            ("singleuser.networkPolicy.enabled", FixValue::Bool(true)),
            ("singleuser.networkPolicy.egressAllowRules.privateIPs", FixValue::Bool(false)),
        ]),
    ],
    kubectl: SHOW,
    references: &[GUIDE, KUBERNETES],
    mappings: &[Mapping::Nsa("Network separation and hardening")],
    judge: Judge::Hub(judge),
};

/// The ranges that are private everywhere.
const PRIVATE: [&str; 4] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"];

/// Where kubelets listen.
const KUBELET: u16 = 10250;

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    judge_servers(context, hub, |class| judge_class(context, hub, class))
}

/// What was found to be open, and what keeps the answer open.
#[derive(Default)]
struct Found {
    open: Vec<Evidence>,
    names: BTreeSet<String>,
    unclear: Option<Unknown>,
    is_likely: bool,
}

fn judge_class(context: &Context<'_>, hub: &Hub, class: &UserClass) -> Judgement {
    let mut found = Found::default();
    let ends = ends_of_class(context, class);
    let enforcement = enforcement_at(context, hub, &ends);
    if enforcement.state == EnforcementState::NotEnforced {
        found.names.insert("every private address".to_owned());
        found.open.extend(enforcement.evidence.iter().cloned());
        if found.open.is_empty() {
            found.open.push(evidence_of(class, "egress", Arg::word("nothing enforces policies")));
        }
    } else {
        for end in ends {
            look_at_ranges(context, class, &end, &mut found);
            look_at_nodes(context, hub, &end, &mut found);
            look_at_pods(context, hub, &end, &mut found);
        }
    }
    if !found.names.is_empty() {
        let names = found.names.iter().take(MOST).map(Arg::text).collect();
        found.open.truncate(MOST);
        let reason = Reason::new("open", "User servers reach what they have no need of: {destinations}")
            .with("destinations", Arg::List(names));
        return Ok(Outcome::warn(reason).because_all(found.open));
    }
    let hidden = [context.snapshot.nodes.complete().err(), context.snapshot.pods.complete().err()];
    let hidden = hidden.into_iter().flatten().map(|gap| Err(gap.into()));
    if let Some(unknown) = found.unclear {
        return Err(unknown);
    }
    let closed = if found.is_likely {
        likely(Severity::Low).because_all(enforcement.evidence.iter().cloned())
    } else {
        let reason = "Policies that are enforced keep user servers from private addresses, from nodes and from other pods; DNS stays open";
        if_enforced(&enforcement, Outcome::pass(Reason::new("closed", reason)))?
    };
    Ok(worst_with(closed, hidden))
}

/// How many destinations and facts are named.
const MOST: usize = 6;

/// DNS is needed, also at the port that OpenShift's takes.
fn is_dns(first: u16, last: u16) -> bool {
    first == last && matches!(first, 53 | 5353)
}

fn look_at_ranges(context: &Context<'_>, class: &UserClass, end: &End, found: &mut Found) {
    for opening in context.derived.network.reachable_addresses(&end.point) {
        let ranges: Vec<&str> = PRIVATE
            .into_iter()
            .filter(|text| AddressRange::parse(text).is_some_and(|range| opening.addresses.touches(&range)))
            .collect();
        for ports in
            opening.ports.iter().filter(|ports| !ranges.is_empty() && !is_dns(ports.first, ports.last))
        {
            if ports.verdict != Reach::Allowed {
                found.unclear.get_or_insert_with(|| {
                    Reason::new("ranges-unclear", "Whether private addresses are open cannot be told: policies that decide it are not evaluated or could not be read").into()
                });
                continue;
            }
            found.names.extend(ranges.iter().map(|range| (*range).to_owned()));
            found.open.extend(ports.rules.iter().map(|rule| of_rule(context, rule)));
            if ports.rules.is_empty() {
                found.open.push(evidence_of(class, "egress", Arg::word("no policy restricts it")));
            }
        }
    }
    let mut seen = Vec::new();
    found.open.retain(|fact| {
        !seen.contains(fact) && {
            seen.push(fact.clone());
            true
        }
    });
}

fn look_at_nodes(context: &Context<'_>, hub: &Hub, end: &End, found: &mut Found) {
    for node in context.snapshot.nodes.present() {
        let addresses: BTreeSet<IpAddr> = node
            .status
            .addresses
            .iter()
            .filter(|known| known.kind == "InternalIP")
            .filter_map(|known| parse_address(&known.address))
            .collect();
        let object = ObjectRef::cluster(Kind::Node, &node.metadata.name);
        for address in addresses {
            let to = End { object: Some(object.clone()), ..End::address(context, address) };
            // A kubelet tells more than whatever else listens there.
            if look(context, hub, end, &to, (Protocol::Tcp, KUBELET), found) {
                found.names.insert("kubelets of nodes".to_owned());
                return;
            }
            if look_at_ports(context, hub, end, &to, found) {
                found.names.insert("ports of nodes".to_owned());
                return;
            }
        }
    }
}

fn look_at_pods(context: &Context<'_>, hub: &Hub, end: &End, found: &mut Found) {
    for class in context.derived.network.classes() {
        let Some(pod) = class.pods.first() else { continue };
        if is_of_hub(hub, pod) {
            continue;
        }
        let to = End { point: Point::Pod(class.point.clone()), object: Some(object_of(class, pod)) };
        if look_at_ports(context, hub, end, &to, found) {
            let namespace = class.point.namespace();
            found.names.insert(format!("pods of namespace {namespace}"));
        }
    }
}

/// Whether some port of a destination is open, DNS aside; a pod may listen on ports that it does not declare.
fn look_at_ports(context: &Context<'_>, hub: &Hub, from: &End, to: &End, found: &mut Found) -> bool {
    let pieces = context.derived.network.port_pieces(&from.point, &to.point);
    let mut others = pieces.into_iter().filter(|(_, first, last)| !is_dns(*first, *last));
    others.any(|(protocol, first, _)| look(context, hub, from, to, (protocol, first), found))
}

/// Whether a path is open; what else is learned is kept.
fn look(
    context: &Context<'_>,
    hub: &Hub,
    from: &End,
    to: &End,
    (protocol, port): (Protocol, u16),
    found: &mut Found,
) -> bool {
    let path = ask(context, Some(hub), from, to, protocol, port);
    match &path.fate {
        Fate::Open => {
            let new: Vec<_> = path
                .evidence(context, Some(hub))
                .into_iter()
                .filter(|fact| !found.open.contains(fact))
                .collect();
            found.open.extend(new);
            return true;
        }
        Fate::Unclear(unknown) => {
            found.unclear.get_or_insert(unknown.clone());
        }
        Fate::LikelyClosed => found.is_likely = true,
        Fate::Closed => {}
    }
    false
}

/// The hub's own parts and its user servers are judged elsewhere.
fn is_of_hub(hub: &Hub, pod: &Pod) -> bool {
    let is_home = pod.metadata.namespace.as_deref() == Some(hub.key.namespace.as_str());
    let parts = [Some(&hub.deployment), hub.proxy.as_ref(), hub.autohttps.as_ref()];
    let is_part = parts.into_iter().flatten().any(|part| {
        part.template.metadata.labels.iter().all(|(key, value)| pod.metadata.label(key) == Some(value))
    });
    let is_server = hub.user_classes.iter().flat_map(|class| &class.pods).any(|server| {
        server.metadata.namespace == pod.metadata.namespace && server.metadata.name == pod.metadata.name
    });
    (is_home && is_part) || is_server
}

/// A pod by a name that outlives it.
fn object_of(class: &PodClass, pod: &Pod) -> ObjectRef {
    let owner = pod.metadata.owner_references.iter().find(|owner| owner.controller);
    let name = owner.map_or_else(|| pod.metadata.name.clone(), |owner| format!("{}-*", owner.name));
    ObjectRef::namespaced(Kind::Pod, class.point.namespace(), name)
}
