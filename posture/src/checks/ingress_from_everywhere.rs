//! Flags ingress rules that open ports of the hub or of user servers to everybody.

use crate::check::policies::{
    KUBERNETES, SELECTION, SHOW, VALUES, addresses, faults_of_servers, ingress_rules, object_of,
    ports_in_words,
};
use crate::check::{Check, Context, Evidence, Judge, Judgement, Mapping, Outcome, Severity, Topic, Verdict};
use crate::facts::NetworkPolicy;
use crate::facts::network::PolicyPeer;
use crate::fix::{Fix, FixValue};
use crate::hub::Hub;
use crate::network::Family;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "NET-13",
    name: "ingress-from-everywhere",
    title: "No rule opens ports of the hub or of user servers to everybody",
    fault: "A rule opens ports of the hub or of user servers to everybody",
    severity: Severity::High,
    topic: Topic::NetworkPolicies,
    since: "0.1.0",
    why: "A rule with ports and no `from` lets everybody in, from inside the cluster and from outside. The proxy needs one, for it is where \
          users arrive; the hub and the user servers do not.",
    verdicts: &[Verdict::Pass, Verdict::Fail, Verdict::Unknown],
    needs: SELECTION,
    fixes: &[
        Fix::before(0, 10, "Take the rule out of `ingress` of the hub's and the user servers' policies, or name its sources in `from`."),
        Fix::from(
            0,
            10,
            "Empty `allowedIngressPorts` of the hub and of user servers, and name the sources of your own rules in `from`.",
        )
        .values(&[
            ("hub.networkPolicy.allowedIngressPorts", FixValue::List(&[])),
            ("singleuser.networkPolicy.allowedIngressPorts", FixValue::List(&[])),
        ]),
    ],
    kubectl: SHOW,
    references: &[VALUES, KUBERNETES],
    mappings: &[Mapping::Nsa("Network separation and hardening")],
    judge: Judge::Hub(judge),
};

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    let policies = &context.snapshot.network_policies;
    let namespace = &hub.key.namespace;
    let labels = &hub.deployment.template.metadata.labels;
    let of_hub = policies
        .present_in(namespace)
        .filter(|policy| policy.spec.pod_selector.matches(labels))
        .flat_map(|policy| open_rules(policy));
    let mut found: Vec<Evidence> = of_hub.collect();
    let of_servers = faults_of_servers(context, hub, open_rules);
    for fact in of_servers.iter().flatten() {
        if !found.contains(fact) {
            found.push(fact.clone());
        }
    }
    let Some(first) = found.first() else {
        of_servers?;
        policies.complete_in(namespace)?;
        return Ok(Outcome::pass(Reason::new(
            "none",
            "Every ingress rule for the hub and for user servers names its sources",
        )));
    };
    let reason =
        Reason::new("open", "{policy} opens ports to everybody").with("policy", first.object.clone());
    Ok(Outcome::fail(reason).because_all(found))
}

fn open_rules(policy: &NetworkPolicy) -> Vec<Evidence> {
    ingress_rules(policy)
        .filter(|(_, rule)| is_everybody(&rule.from))
        .map(|(index, rule)| {
            let found = Arg::text(format!("{} from everywhere", ports_in_words(rule)));
            Evidence::new(object_of(policy), format!("spec.ingress[{index}]"), found)
                .wanted(Arg::word("sources in `from`"))
        })
        .collect()
}

/// Whether no source is named, or blocks that hold nearly every address.
fn is_everybody(from: &[PolicyPeer]) -> bool {
    let addresses = addresses(from);
    Family::ALL.into_iter().any(|family| addresses.thousandths(family) >= 900)
}
