//! Flags user servers that accept connections from other user servers or from anywhere in the cluster.

use std::collections::BTreeSet;

use crate::check::paths::{End, Fate, PATHS, Path, ask, ends_of_class, likely, worst_path};
use crate::check::policies::{GUIDE, KUBERNETES, SHOW};
use crate::check::servers::judge_servers;
use crate::check::{Check, Context, Judge, Judgement, Mapping, Outcome, Severity, Topic, Verdict};
use crate::fix::{Fix, FixValue};
use crate::hub::{Hub, UserClass};
use crate::network::{Network, Point, Protocol};
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "NET-03",
    name: "servers-reach-each-other",
    title: "User servers accept connections from the proxy and the hub only",
    fault: "User servers accept connections from others than the proxy and the hub",
    severity: Severity::High,
    topic: Topic::NetworkPolicies,
    since: "0.1.0",
    why: "What a user starts in a notebook often listens without a password: a debugger, a database, a second Jupyter. Whoever connects \
          to it acts as that user.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Fail, Verdict::Unknown],
    needs: PATHS,
    fixes: &[
        Fix::before(
            0,
            7,
            "This chart has no network policies: write one for the user servers that lets only the proxy and the hub in, or upgrade.",
        ),
        Fix::from(
            0,
            7,
            "Turn the chart's policy for user servers on, and empty what opens it further: `allowedIngressPorts`, `ingress`, and policies \
             of your own that select user servers. Something has to enforce policies.",
        )
        .values(&[("singleuser.networkPolicy.enabled", FixValue::Bool(true))]),
    ],
    kubectl: SHOW,
    references: &[GUIDE, KUBERNETES],
    mappings: &[Mapping::Cis("5.3.2"), Mapping::Nsa("Network separation and hardening")],
    judge: Judge::Hub(judge),
};

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    let users: Vec<End> = hub.user_classes.iter().flat_map(|class| ends_of_class(context, class)).collect();
    judge_servers(context, hub, |class| Ok(judge_class(context, hub, &users, class)))
}

fn judge_class(context: &Context<'_>, hub: &Hub, users: &[End], class: &UserClass) -> Outcome {
    let tos = ends_of_class(context, class);
    let path = |froms: &[End]| {
        let pairs = froms.iter().flat_map(|from| tos.iter().map(move |to| (from, to)));
        let network = &context.derived.network;
        worst_path(pairs.flat_map(|(from, to)| {
            let ports = ports(network, class, &from.point, &to.point);
            ports.into_iter().map(move |(protocol, port)| ask(context, Some(hub), from, to, protocol, port))
        }))
    };
    let none = || Outcome::unknown(Reason::new("no-server", "No user server is running"));
    let Some(between) = path(users) else { return none() };
    if between.fate != Fate::Closed {
        let open = Outcome::fail(at(
            &between,
            "between-servers",
            "User servers reach each other, for example at port {port}",
        ));
        return between.outcome(context, hub, open, likely(Severity::Medium), none());
    }
    let Some(elsewhere) = path(&[End::stranger(context)]) else { return none() };
    let open = Outcome::warn(at(
        &elsewhere,
        "from-elsewhere",
        "Any pod of any other namespace reaches user servers at port {port}",
    ))
    .severity(Severity::Medium);
    let closed = Outcome::pass(Reason::new(
        "closed",
        "Policies that are enforced let neither other user servers nor ordinary pods of other namespaces in",
    ));
    elsewhere.outcome(context, hub, open, likely(Severity::Medium), closed)
}

fn at(path: &Path, id: &'static str, template: &'static str) -> Reason {
    Reason::new(id, template).with("port", Arg::text(format!("{}/{}", path.port, path.protocol)))
}

/// The ports that rules can tell apart: those that the containers declare, which tell most, then one of each piece between two rules.
pub(super) fn ports(network: &Network, class: &UserClass, from: &Point, to: &Point) -> Vec<(Protocol, u16)> {
    let declared = class.spec.containers.iter().flat_map(|container| &container.ports);
    let declared = declared
        .filter_map(|port| Some((Protocol::parse(port.protocol.as_deref())?, port.container_port)))
        .chain([(Protocol::Tcp, 8888)]);
    let pieces = network.port_pieces(from, to).into_iter().map(|(protocol, first, _)| (protocol, first));
    let mut seen = BTreeSet::new();
    declared.chain(pieces).filter(|port| seen.insert(*port)).collect()
}
