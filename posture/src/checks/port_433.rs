//! Flags egress rules with port 433, a slip for 443 that stood in the old guide.

use std::collections::BTreeMap;

use crate::check::policies::{SELECTION, egress_policies, is_tcp, no_foreign, opens_tcp};
use crate::check::servers::label_sets;
use crate::check::{
    Check, Context, Evidence, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict, worst,
};
use crate::facts::NetworkPolicy;
use crate::facts::network::{PolicyPort, PolicyRule};
use crate::fix::egress::{DNS_PORTS, WEB};
use crate::fix::{Fix, FixValue};
use crate::gap::Unknown;
use crate::hub::Hub;
use crate::kind::Kind;
use crate::object::ObjectRef;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "NET-07",
    name: "port-433",
    title: "No egress rule for user servers names port 433",
    fault: "An egress rule names port 433 where 443 was meant",
    severity: Severity::Medium,
    topic: Topic::NetworkPolicies,
    since: "0.1.0",
    why: "From April to August 2018 the guide's example of an egress policy said 433 where HTTPS is 443. Where such a policy is enforced, \
          users have no HTTPS; where something else allows 443, the rule is a useless hole.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Fail, Verdict::Unknown],
    needs: SELECTION,
    fixes: &[
        Fix::before(
            0,
            10,
            "Write 443 for 433 in `singleuser.networkPolicy.egress`, and give every rule a destination: one without opens its ports \
             everywhere, the metadata server included. This list replaces the chart's own.",
        )
        .values(&[("singleuser.networkPolicy.egress", FixValue::List(&[DNS, WEB]))]),
        Fix {
            to: Some((2, 0)),
            ..Fix::from(
                0,
                10,
                "Write 443 for 433 in `singleuser.networkPolicy.egress`, and give every rule a destination: one without opens its ports \
                 everywhere, the metadata server included. This list replaces the chart's own, which adds DNS all the same.",
            )
        }
        .values(&[("singleuser.networkPolicy.egress", FixValue::List(&[WEB]))]),
        Fix::from(
            2,
            0,
            "Write 443 for 433 in `singleuser.networkPolicy.egress`, and give every rule a destination. The chart's own rules already \
             allow DNS and the public internet, so the list may as well go unless `egressAllowRules.nonPrivateIPs` is off.",
        )
        .values(&[("singleuser.networkPolicy.egress", FixValue::List(&[WEB]))]),
    ],
    kubectl: &["kubectl", "--namespace", "<policy-namespace>", "get", "networkpolicy", "<policy>", "--output", "yaml"],
    references: &[
        Reference {
            title: "Zero to JupyterHub: The commit that corrected the example",
            url: "https://github.com/jupyterhub/zero-to-jupyterhub-k8s/commit/15e87d69",
        },
        Reference {
            title: "Zero to JupyterHub: Security, network policies",
            url: "https://z2jh.jupyter.org/en/stable/administrator/security.html",
        },
    ],
    mappings: &[Mapping::Nsa("Network separation and hardening")],
    judge: Judge::Hub(judge),
};

/// DNS inside the cluster, for the list that in charts before 0.10 is all there is.
const DNS: FixValue = FixValue::Map(&[
    ("ports", DNS_PORTS),
    ("to", FixValue::List(&[FixValue::Map(&[("namespaceSelector", FixValue::Map(&[]))])])),
]);

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    let sets = label_sets(hub);
    let parts = sets.iter().map(|(namespace, labels)| judge_set(context, hub, namespace, labels));
    let hidden = context.derived.servers(hub).err().map(Err);
    worst(parts.chain(hidden))
        .ok_or_else(|| Reason::new("no-part", "the hub has no user servers to ask about").into())
}

fn judge_set(
    context: &Context<'_>,
    hub: &Hub,
    namespace: &str,
    labels: &BTreeMap<String, String>,
) -> Judgement {
    let policies: Vec<(&NetworkPolicy, bool)> = egress_policies(context, hub, namespace, labels).collect();
    let found: Vec<Evidence> =
        policies.iter().filter(|(_, is_certain)| *is_certain).flat_map(|(policy, _)| slips(policy)).collect();
    let Some(first) = found.first() else {
        context.snapshot.network_policies.complete_in(namespace)?;
        let unseen = policies.iter().flat_map(|(policy, _)| slips(policy)).next();
        return match unseen {
            Some(slip) => Err(whom(&slip.object)),
            None => Ok(Outcome::pass(Reason::new("none", "No egress rule for user servers names port 433"))),
        };
    };
    let certain = policies.iter().filter(|(_, is_certain)| *is_certain);
    let has_https = certain
        .flat_map(|(policy, _)| policy.spec.egress.iter().flatten())
        .any(|rule| opens_tcp(rule, 443) && leads_outside(rule));
    let policy = first.object.clone();
    let outcome = if has_https {
        Outcome::warn(
            Reason::new(
                "useless",
                "{policy} opens port 433, surely meant as 443, which another rule opens anyway",
            )
            .with("policy", policy.clone()),
        )
        .severity(Severity::Low)
    } else {
        // Whatever is hidden may open 443.
        context.snapshot.network_policies.complete_in(namespace)?;
        no_foreign(context.snapshot, namespace)?;
        Outcome::fail(
            Reason::new(
                "no-https",
                "{policy} opens port 433 in place of 443: where it is enforced, users have no HTTPS",
            )
            .with("policy", policy.clone()),
        )
    };
    let ages =
        policies.iter().filter(|(other, _)| other.metadata.name == policy.name).filter_map(|(other, _)| {
            let made = other.metadata.creation_timestamp?;
            Some(Evidence::new(policy.clone(), "metadata.creationTimestamp", Arg::Instant(made)))
        });
    Ok(outcome
        .because_all(ages)
        .because_all(found)
        .slot("policy", &policy.name)
        .slot("policy-namespace", namespace))
}

/// The entries of a policy that name TCP port 433 and no range.
fn slips(policy: &NetworkPolicy) -> Vec<Evidence> {
    let namespace = policy.metadata.namespace.as_deref().unwrap_or_default();
    let object = ObjectRef::namespaced(Kind::NetworkPolicy, namespace, &policy.metadata.name);
    let rules = policy.spec.egress.iter().flatten().enumerate();
    let ports = rules.flat_map(|(rule, of_rule)| {
        of_rule.ports.iter().enumerate().map(move |(port, entry)| (rule, port, entry))
    });
    ports
        .filter(|(_, _, entry)| is_slip(entry))
        .map(|(rule, port, _)| {
            let path = format!("spec.egress[{rule}].ports[{port}].port");
            Evidence::new(object.clone(), path, Arg::Number(433)).wanted(Arg::Number(443))
        })
        .collect()
}

fn is_slip(entry: &PolicyPort) -> bool {
    is_tcp(entry)
        && entry.port.as_ref().is_some_and(|port| port.is_number(433))
        && entry.end_port.is_none_or(|last| last == 433)
}

/// Whether a rule lets out of the cluster: to everywhere, or to some range of addresses.
fn leads_outside(rule: &PolicyRule) -> bool {
    rule.to.is_empty() || rule.to.iter().any(|peer| peer.ip_block.is_some())
}

fn whom(policy: &ObjectRef) -> Unknown {
    Reason::new(
        "selects-unseen",
        "{policy} names port 433, and whether it selects user servers cannot be seen while none runs",
    )
    .with("policy", policy.clone())
    .into()
}
