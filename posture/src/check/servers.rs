//! What checks of user servers share: the class that is worst off decides, and where no server runs nothing is proven.

use std::collections::BTreeMap;

use super::{Context, Evidence, Judgement, Outcome, RecalledServers, Verdict, worst};
use crate::derived::Barrier;
use crate::gap::Unknown;
use crate::hub::{Hub, UserClass};
use crate::kind::Kind;
use crate::object::ObjectRef;
use crate::text::{Arg, Reason};

/// The command that shows the init containers of user servers, among which is the block of the metadata server.
pub const SHOW_BLOCK: &[&str] = &[
    "kubectl",
    "--namespace",
    "<namespace>",
    "get",
    "pods",
    "--selector",
    "component=singleuser-server",
    "--output",
    "custom-columns=NAME:.metadata.name,INIT:.spec.initContainers[*].name",
];

/// Judges every class of user servers; the worst decides, and a gap that may hide servers is one more part. Without any server the
/// outcome is that of [`no_server`].
pub fn judge_servers(context: &Context<'_>, hub: &Hub, judge: impl Fn(&UserClass) -> Judgement) -> Judgement {
    worst_server(context, hub, judge).map_or_else(|| Ok(no_server(context, hub)), Ok)
}

/// The same where a check has its own answer to no server at all, which is `None` here.
pub fn worst_server(
    context: &Context<'_>,
    hub: &Hub,
    judge: impl Fn(&UserClass) -> Judgement,
) -> Option<Outcome> {
    let judged: Vec<(usize, Outcome)> = hub
        .user_classes
        .iter()
        .map(|class| (class.pods.len(), judge(class).unwrap_or_else(Outcome::from)))
        .collect();
    let counts: Vec<(usize, Verdict)> =
        judged.iter().map(|(count, outcome)| (*count, outcome.verdict)).collect();
    let hidden = context.derived.servers(hub).err().map(Err);
    let outcome = worst(judged.into_iter().map(|(_, outcome)| Ok(outcome)).chain(hidden))?;
    Some(with_share(outcome, &counts))
}

/// Says of how many servers a fault is true where others are better off.
fn with_share(outcome: Outcome, counts: &[(usize, Verdict)]) -> Outcome {
    let all: usize = counts.iter().map(|(count, _)| count).sum();
    let alike: usize =
        counts.iter().filter(|(_, verdict)| *verdict == outcome.verdict).map(|(count, _)| count).sum();
    let is_fault = matches!(outcome.verdict, Verdict::Fail | Verdict::Warn);
    if !is_fault || outcome.note.is_some() || alike == all {
        return outcome;
    }
    outcome.note(
        Reason::new("share", "This holds for {count} of {all} user servers")
            .with("count", Arg::Count(alike as u64))
            .with("all", Arg::Count(all as u64)),
    )
}

/// The outcome where no user server runs: absence proves nothing. When one was last seen is a note.
pub fn no_server(context: &Context<'_>, hub: &Hub) -> Outcome {
    let outcome = Outcome::unknown(Reason::new(
        "no-server",
        "No user server is running, and only a running one shows it; start one, or wait for a user",
    ));
    match recalled(context, hub) {
        None => outcome,
        Some(servers) => outcome.note(
            Reason::new("last-seen", "A user server was last seen at {when}")
                .with("when", Arg::Instant(servers.seen_at)),
        ),
    }
}

/// The last observation of a hub's user servers.
pub fn recalled<'a>(context: &Context<'a>, hub: &Hub) -> Option<&'a RecalledServers> {
    context.recall.user_servers.iter().find(|servers| servers.hub == hub.key)
}

/// A class of user servers as an object: the common name of its pods.
pub fn object_of(class: &UserClass) -> ObjectRef {
    ObjectRef::namespaced(Kind::Pod, &class.namespace, class.display_name())
}

/// A fact about a class of user servers, with how many there are.
pub fn evidence_of(class: &UserClass, path: impl Into<String>, found: impl Into<Arg>) -> Evidence {
    Evidence::new(object_of(class), path, found).count(class.pods.len())
}

/// The IPv6 address of servers of a class as a fact, `None` if they have none; it cannot be told before one runs, or where they share
/// the network of a node.
pub fn ipv6_of(class: &UserClass) -> Result<Option<Evidence>, Unknown> {
    let mut addresses = class.pods.iter().flat_map(|pod| &pod.status.pod_ips).peekable();
    let is_placed = addresses.peek().is_some();
    if let Some(address) = addresses.find(|address| address.ip.contains(':')) {
        return Ok(Some(evidence_of(class, "status.podIPs", Arg::text(&address.ip))));
    }
    if class.spec.host_network {
        let reason = "These servers share the network of their node, whose addresses decide";
        return Err(Reason::new("node-network", reason).into());
    }
    if is_placed {
        return Ok(None);
    }
    Err(Reason::new("no-address", "No server of this kind has an address yet").into())
}

/// The iptables barrier of one of the hub's classes.
pub fn barrier_of<'a>(
    context: &Context<'a>,
    hub: &'a Hub,
    class: &UserClass,
) -> Result<&'a Barrier, Unknown> {
    let mut barriers = context.derived.barriers(hub);
    let found = barriers.find(|(other, _)| std::ptr::eq(*other, class)).map(|(_, barrier)| barrier);
    found.ok_or_else(|| Reason::new("foreign-class", "these servers are not of this hub").into())
}

/// The container by which a user can take the iptables barrier away, as a fact.
pub fn undone_evidence(class: &UserClass, container: &str) -> Evidence {
    let index = class.spec.containers.iter().position(|other| other.name == container).unwrap_or_default();
    evidence_of(
        class,
        format!("spec.containers[{index}].securityContext"),
        Arg::word("privileged or NET_ADMIN"),
    )
    .wanted(Arg::word("neither"))
}

/// The label sets of a hub's user servers with their namespaces; where none runs, the one that the chart gives them.
pub fn label_sets(hub: &Hub) -> Vec<(String, BTreeMap<String, String>)> {
    if hub.user_classes.is_empty() {
        return vec![(hub.key.namespace.clone(), chart_labels(hub))];
    }
    let mut sets: Vec<_> =
        hub.user_classes.iter().map(|class| (class.namespace.clone(), class.labels.clone())).collect();
    sets.sort();
    sets.dedup();
    sets
}

/// The labels that the chart gives user servers.
pub fn chart_labels(hub: &Hub) -> BTreeMap<String, String> {
    let key = &hub.key;
    let legacy = [("component", "singleuser-server"), ("app", &key.app), ("release", &key.release)];
    let access = [("hub.jupyter.org/network-access-hub", "true")];
    let modern = [
        ("app.kubernetes.io/component", "singleuser-server"),
        ("app.kubernetes.io/name", &key.app),
        ("app.kubernetes.io/instance", &key.release),
    ];
    let has_modern = hub.chart.as_ref().is_ok_and(|chart| chart.is_at_least(4, 0));
    let modern = modern.into_iter().filter(|_| has_modern);
    let labels = legacy.into_iter().chain(access).chain(modern);
    labels.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}
