//! Flags policies beside the chart's own that let user servers do, or let be done to them, what the chart's policy denies.

use crate::check::paths::{PATHS, metadata_addresses, of_rule};
use crate::check::policies::{GUIDE, KUBERNETES, object_of};
use crate::check::servers::judge_servers;
use crate::check::{Check, Context, Evidence, Judge, Judgement, Mapping, Outcome, Severity, Topic, Verdict};
use crate::facts::NetworkPolicy;
use crate::fix::Fix;
use crate::gap::Unknown;
use crate::hub::{Hub, UserClass, parts};
use crate::kind::Kind;
use crate::listing::Listing;
use crate::network::{AddressRange, Network, Point, Protocol, RuleRef, Verdict as Reach};
use crate::object::ObjectRef;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "NET-10",
    name: "policy-widened",
    title: "No other policy widens what the chart's policy for user servers allows",
    fault: "Another policy widens what the chart's policy for user servers allows",
    severity: Severity::High,
    topic: Topic::NetworkPolicies,
    since: "0.1.0",
    why: "Policies only add: one that is meant to be stricter never takes anything away, and each rule of it opens what the chart's policy \
          keeps closed.",
    verdicts: &[Verdict::Pass, Verdict::Fail, Verdict::Unknown, Verdict::NotApplicable],
    needs: PATHS,
    fixes: &[Fix::advice(
        "Delete the policy, or narrow its rules and the pods it selects. Whatever user servers need beyond the chart's policy stands better \
         in `singleuser.networkPolicy`, where its next reader looks.",
    )
    .commands(&[&["kubectl", "--namespace", "<policy-namespace>", "delete", "networkpolicy", "<policy>"]])],
    kubectl: &[
        "kubectl",
        "--namespace",
        "<policy-namespace>",
        "get",
        "networkpolicy",
        "<policy>",
        "--output",
        "yaml",
    ],
    references: &[GUIDE, KUBERNETES],
    mappings: &[Mapping::Nsa("Network separation and hardening")],
    judge: Judge::Hub(judge),
};

/// The ranges that are private everywhere.
const PRIVATE: [&str; 3] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    judge_servers(context, hub, |class| judge_class(context, hub, class))
}

fn judge_class(context: &Context<'_>, hub: &Hub, class: &UserClass) -> Judgement {
    let policies = &context.snapshot.network_policies;
    let selecting: Vec<&NetworkPolicy> = policies
        .present_in(&class.namespace)
        .map(|policy| &**policy)
        .filter(|policy| policy.spec.pod_selector.matches(&class.labels))
        .collect();
    let (own, others): (Vec<_>, Vec<_>) = selecting.into_iter().partition(|policy| is_of_chart(hub, policy));
    policies.complete_in(&class.namespace)?;
    if own.is_empty() {
        return Ok(Outcome::not_applicable(Reason::new(
            "no-policy-of-chart",
            "No policy of the chart selects user servers, so there is nothing to widen",
        )));
    }
    if others.is_empty() {
        return Ok(Outcome::pass(Reason::new("alone", "Only the chart's own policies select user servers")));
    }
    let names: Vec<ObjectRef> = others.iter().map(|policy| object_of(policy)).collect();
    let without = without(context, hub, &names);
    let now = &context.derived.network;
    let mut unclear = false;
    let mut opened: Vec<(Change, Vec<RuleRef>)> = Vec::new();
    for change in Change::ALL {
        let (before, _) = change.reach(context, hub, &without, class)?;
        let (after, rules) = change.reach(context, hub, now, class)?;
        match (before, after) {
            (Reach::Denied, Reach::Allowed) => opened.push((change, rules)),
            (Reach::Allowed, _) | (_, Reach::Denied) => {}
            _ => unclear = true,
        }
    }
    let list = || Arg::List(names.iter().cloned().map(Arg::from).collect());
    if let Some((change, _)) = opened.first() {
        let mut facts: Vec<Evidence> = Vec::new();
        for rule in opened.iter().flat_map(|(_, rules)| rules).filter(|rule| names.contains(&rule.policy)) {
            let fact = of_rule(context, rule);
            if !facts.contains(&fact) {
                facts.push(fact);
            }
        }
        let policy = facts.first().map_or_else(|| names[0].clone(), |fact| fact.object.clone());
        if facts.is_empty() {
            facts.extend(
                names
                    .iter()
                    .map(|name| Evidence::new(name.clone(), "spec", Arg::word("selects user servers"))),
            );
        }
        let reason = Reason::new("widened", "{policy} opens what the chart's policy keeps closed: {what}")
            .with("policy", policy.clone())
            .with("what", Arg::word(change.words()));
        return Ok(Outcome::fail(reason)
            .because_all(facts)
            .slot("policy", &policy.name)
            .slot("policy-namespace", policy.namespace.unwrap_or_default()));
    }
    if unclear {
        return Err(Reason::new(
            "unclear",
            "Whether {policies} open what the chart's policy keeps closed cannot be told: it depends on the network plug-in, or on what could not be read",
        )
        .with("policies", list())
        .into());
    }
    Ok(Outcome::pass(
        Reason::new(
            "no-wider",
            "{policies} select user servers too, and open nothing of what the chart's policy keeps closed",
        )
        .with("policies", list()),
    ))
}

fn is_of_chart(hub: &Hub, policy: &NetworkPolicy) -> bool {
    parts::carries_labels_of(&policy.metadata, &hub.key)
        && parts::component_of(&policy.metadata) == Some("singleuser")
}

/// The network as it would be without some policies.
fn without(context: &Context<'_>, hub: &Hub, names: &[ObjectRef]) -> Network {
    let known = &context.snapshot.network_policies;
    let kept = known.present().filter(|policy| !names.contains(&object_of(policy))).cloned().collect();
    let mut snapshot = context.snapshot.clone();
    snapshot.network_policies = Listing::new(Kind::NetworkPolicy, kept, known.coverage().clone());
    Network::new(&snapshot, context.derived.enforcement_for(hub))
}

/// What another policy may open.
#[derive(Debug, Clone, Copy)]
enum Change {
    Metadata,
    Private,
    Servers,
    Strangers,
}

impl Change {
    const ALL: [Self; 4] = [Self::Metadata, Self::Private, Self::Servers, Self::Strangers];

    fn words(self) -> &'static str {
        match self {
            Self::Metadata => "the cloud's metadata server",
            Self::Private => "private addresses",
            Self::Servers => "user servers to each other",
            Self::Strangers => "user servers to pods of other namespaces",
        }
    }

    /// How far it reaches, and by which rules. Points belong to the network that made them, so each makes its own.
    fn reach(
        self,
        context: &Context<'_>,
        hub: &Hub,
        network: &Network,
        class: &UserClass,
    ) -> Result<(Reach, Vec<RuleRef>), Unknown> {
        let servers = network.pods(&class.pods);
        let mut worst = (Reach::Denied, Vec::new());
        let mut add = |reach: Reach, rules: Vec<RuleRef>| {
            let rank = |reach| match reach {
                Reach::Denied => 0,
                Reach::CniDependent => 1,
                Reach::Unknown => 2,
                Reach::Allowed => 3,
            };
            if rank(reach) > rank(worst.0) {
                worst = (reach, rules);
            }
        };
        match self {
            Self::Metadata => {
                for address in metadata_addresses(context)? {
                    for from in &servers {
                        let answer = network.answer(from, &Point::Address(address), Protocol::Tcp, 80);
                        add(answer.verdict, answer.decided_by().into_iter().cloned().collect());
                    }
                }
            }
            Self::Private => {
                let ranges: Vec<_> = PRIVATE.into_iter().filter_map(AddressRange::parse).collect();
                for opening in servers.iter().flat_map(|from| network.reachable_addresses(from)) {
                    let is_private = ranges.iter().any(|range| opening.addresses.touches(range));
                    for ports in opening.ports.into_iter().filter(|_| is_private) {
                        if (ports.first, ports.last) != (53, 53) {
                            add(ports.verdict, ports.rules);
                        }
                    }
                }
            }
            Self::Servers | Self::Strangers => {
                let froms = match self {
                    Self::Servers => {
                        hub.user_classes.iter().flat_map(|class| network.pods(&class.pods)).collect()
                    }
                    _ => vec![network.stranger()],
                };
                for (from, to) in froms.iter().flat_map(|from| servers.iter().map(move |to| (from, to))) {
                    for (protocol, port) in super::servers_reach_each_other::ports(network, class, from, to) {
                        let answer = network.answer(from, to, protocol, port);
                        add(answer.verdict, answer.decided_by().into_iter().cloned().collect());
                    }
                }
            }
        }
        Ok(worst)
    }
}
