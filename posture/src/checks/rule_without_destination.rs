//! Flags egress rules for user servers that name ports and no destination, and so open them everywhere.

use crate::check::policies::{
    GUIDE, KUBERNETES, SELECTION, egress_rules, faults_of_servers, object_of, opens_tcp, ports_in_words,
};
use crate::check::{Check, Context, Evidence, Judge, Judgement, Mapping, Outcome, Severity, Topic, Verdict};
use crate::facts::NetworkPolicy;
use crate::facts::network::PolicyRule;
use crate::fix::egress::WEB;
use crate::fix::{Fix, FixValue};
use crate::hub::{Hub, parts};
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "NET-08",
    name: "rule-without-destination",
    title: "Every egress rule for user servers names its destinations",
    fault: "An egress rule without a destination opens its ports everywhere",
    severity: Severity::High,
    topic: Topic::NetworkPolicies,
    since: "0.1.0",
    why: "A rule with ports and no `to` opens them to every address: with port 80 that is the cloud's metadata server and every private \
          web server. The guide's old example was written so.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Fail, Verdict::Unknown],
    needs: SELECTION,
    fixes: &[
        Fix::before(
            2,
            0,
            "Give each rule in `singleuser.networkPolicy.egress` a destination that excepts the metadata server and private addresses. \
             This list replaces the chart's own, its exception included.",
        )
        .values(&[("singleuser.networkPolicy.egress", FixValue::List(&[WEB]))]),
        Fix::from(
            2,
            0,
            "Give each rule in `singleuser.networkPolicy.egress` a destination that excepts the metadata server and private addresses, or \
             remove it: the chart's own rules already allow DNS and the public internet.",
        )
        .values(&[("singleuser.networkPolicy.egress", FixValue::List(&[WEB]))]),
    ],
    kubectl: &["kubectl", "--namespace", "<policy-namespace>", "get", "networkpolicy", "<policy>", "--output", "yaml"],
    references: &[GUIDE, KUBERNETES],
    mappings: &[Mapping::Nsa("Network separation and hardening")],
    judge: Judge::Hub(judge),
};

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    let look = |is_it: &dyn Fn(&PolicyRule) -> bool| {
        faults_of_servers(context, hub, |policy| {
            let rules = egress_rules(policy).filter(|(_, rule)| rule.to.is_empty() && is_it(rule));
            rules
                .filter(|(_, rule)| !is_dns_of_chart(hub, policy, rule))
                .map(|(index, rule)| fact(policy, index, rule))
                .collect()
        })
    };
    let web = look(&|rule| opens_tcp(rule, 80));
    if let Ok(found) = &web
        && let Some(first) = found.first()
    {
        let reason = Reason::new(
            "web-everywhere",
            "{policy} opens port 80 to every address: the metadata server and private web servers included",
        );
        return Ok(with_policy(Outcome::fail(reason.with("policy", first.object.clone())), found));
    }
    web?;
    let others = look(&|_| true)?;
    if let Some(first) = others.first() {
        let reason =
            Reason::new("ports-everywhere", "{policy} opens ports to every address, private ones included")
                .with("policy", first.object.clone());
        return Ok(with_policy(Outcome::warn(reason).severity(Severity::Medium), &others));
    }
    let outcome =
        Outcome::pass(Reason::new("none", "Every egress rule for user servers names its destinations"));
    Ok(if has_dns_of_chart(context, hub) {
        outcome.note(Reason::new(
        "dns-of-chart",
        "The chart's own rule opens port 53 to every address, and these charts have no value to remove it",
    ))
    } else {
        outcome
    })
}

fn with_policy(outcome: Outcome, found: &[Evidence]) -> Outcome {
    let policy = found.first().map(|fact| fact.object.clone());
    let outcome = outcome.because_all(found.iter().cloned());
    match policy {
        Some(policy) => {
            outcome.slot("policy", policy.name).slot("policy-namespace", policy.namespace.unwrap_or_default())
        }
        None => outcome,
    }
}

fn fact(policy: &NetworkPolicy, index: usize, rule: &PolicyRule) -> Evidence {
    let found = Arg::text(format!("{} to everywhere", ports_in_words(rule)));
    Evidence::new(object_of(policy), format!("spec.egress[{index}]"), found)
        .wanted(Arg::word("destinations in `to`"))
}

/// The rule for DNS that charts from 0.10 to 1.2 put into their own policies.
fn is_dns_of_chart(hub: &Hub, policy: &NetworkPolicy, rule: &PolicyRule) -> bool {
    let is_old = hub.chart.as_ref().is_ok_and(|chart| chart.is_between((0, 10), (2, 0)));
    let is_dns = rule.ports.len() == 2
        && rule.ports.iter().all(|port| {
            port.port.as_ref().is_some_and(|number| number.is_number(53)) && port.end_port.is_none()
        });
    is_old && is_dns && parts::carries_labels_of(&policy.metadata, &hub.key)
}

fn has_dns_of_chart(context: &Context<'_>, hub: &Hub) -> bool {
    let policies = context.snapshot.network_policies.present_in(&hub.key.namespace);
    policies.filter(|policy| parts::component_of(&policy.metadata) == Some("singleuser")).any(|policy| {
        egress_rules(policy).any(|(_, rule)| rule.to.is_empty() && is_dns_of_chart(hub, policy, rule))
    })
}
