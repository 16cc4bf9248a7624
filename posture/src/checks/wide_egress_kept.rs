//! Flags egress rules of an older chart that stand beside the rules that charts from 2.0 on add by themselves.

use crate::check::policies::{
    KUBERNETES, SELECTION, SHOW, VALUES, addresses, egress_rules, faults_of_servers, object_of,
    ports_in_words,
};
use crate::check::{Check, Context, Evidence, Judge, Judgement, Mapping, Outcome, Severity, Topic, Verdict};
use crate::facts::NetworkPolicy;
use crate::facts::network::{IpBlock, PolicyPeer, PolicyPort, PolicyRule};
use crate::fix::{Fix, FixValue};
use crate::hub::{Hub, parts};
use crate::network::{AddressRange, AddressSet, Family};
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "NET-14",
    name: "wide-egress-kept",
    title: "No egress rule from before chart 2.0 undoes the defaults that came with it",
    fault: "An egress rule from before chart 2.0 undoes the defaults that came with it",
    severity: Severity::High,
    topic: Topic::NetworkPolicies,
    since: "0.1.0",
    why: "Up to chart 1.x `singleuser.networkPolicy.egress` replaced the chart's rules; from 2.0 on it adds to them. A wide rule that was \
          kept opens private addresses again, and a narrow list no longer restricts anything.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Fail, Verdict::Unknown, Verdict::NotApplicable],
    needs: SELECTION,
    fixes: &[
        Fix::advice(
            "A list of what users may reach restricts them only once the chart's rule for public addresses is off. Turn it off, or remove \
             the list.",
        )
        .case("narrow")
        .values(&[("singleuser.networkPolicy.egressAllowRules.nonPrivateIPs", FixValue::Bool(false))]),
        Fix::advice(
            "Take the wide rule out of `singleuser.networkPolicy.egress`: the chart's own rules allow the public internet and DNS.",
        )
        .values(&[("singleuser.networkPolicy.egress", FixValue::List(&[]))]),
    ],
    kubectl: SHOW,
    references: &[
        VALUES,
        KUBERNETES,
        crate::check::Reference {
            title: "Zero to JupyterHub: Changelog, 2.0",
            url: "https://z2jh.jupyter.org/en/stable/changelog.html",
        },
    ],
    mappings: &[Mapping::Nsa("Network separation and hardening")],
    judge: Judge::Hub(judge),
};

/// The ranges that the chart's rule for public addresses excepts.
const PRIVATE: [&str; 3] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];

/// The share of a family's addresses, in thousandths, from which on a rule is about the internet.
const MOST: u128 = 250;

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    let chart = hub.chart.as_ref().map_err(Clone::clone)?;
    if !chart.is_at_least(0, 7) {
        let reason = Reason::new("no-policies", "Chart {version} has no network policies");
        return Ok(Outcome::not_applicable(reason.with("version", Arg::text(&chart.found))));
    }
    if !chart.is_at_least(2, 0) {
        return Ok(Outcome::not_applicable(
            Reason::new("older-chart", "In chart {version} a list of egress rules replaces the chart's own")
                .with("version", Arg::text(&chart.found)),
        ));
    }
    let wide = faults_of_servers(context, hub, |policy| of_chart(hub, policy, is_wide));
    if let Ok(found) = &wide
        && let Some(first) = found.first()
    {
        let reason = Reason::new("wide", "{policy} holds a wide rule that opens private addresses again")
            .with("policy", first.object.clone());
        return Ok(Outcome::fail(reason).because_all(found.iter().cloned()));
    }
    wide?;
    let narrow = faults_of_servers(context, hub, |policy| {
        if of_chart(hub, policy, is_public_by_chart).is_empty() {
            Vec::new()
        } else {
            of_chart(hub, policy, is_narrow)
        }
    })?;
    let Some(first) = narrow.first() else {
        return Ok(Outcome::pass(Reason::new(
            "none",
            "The chart's policy for user servers holds no egress rule that its own rules make useless or that undoes them",
        )));
    };
    let reason = Reason::new(
        "narrow",
        "{policy} lists public destinations, which restricts nothing while the chart's rule for all of them is on",
    )
    .with("policy", first.object.clone());
    Ok(Outcome::warn(reason).severity(Severity::Low).because_all(narrow).case("narrow"))
}

/// The rules of the chart's policy for user servers that are of a kind.
fn of_chart(hub: &Hub, policy: &NetworkPolicy, is_it: fn(&PolicyRule) -> bool) -> Vec<Evidence> {
    let is_own = parts::carries_labels_of(&policy.metadata, &hub.key)
        && parts::component_of(&policy.metadata) == Some("singleuser");
    let rules = egress_rules(policy).filter(|(_, rule)| is_own && is_it(rule));
    rules
        .map(|(index, rule)| {
            let blocks: Vec<&str> = blocks(rule).map(|block| block.cidr.as_str()).collect();
            let whom = if blocks.is_empty() { "everywhere".to_owned() } else { blocks.join(", ") };
            let found = Arg::text(format!("{whom}, {}", ports_in_words(rule)));
            Evidence::new(object_of(policy), format!("spec.egress[{index}].to"), found)
                .wanted(Arg::word("no such rule"))
        })
        .collect()
}

fn blocks(rule: &PolicyRule) -> impl Iterator<Item = &IpBlock> {
    rule.to.iter().filter_map(|peer: &PolicyPeer| peer.ip_block.as_ref())
}

/// Whether a rule leads to all of some private range.
fn leads_to_private(addresses: &AddressSet) -> bool {
    PRIVATE.into_iter().filter_map(AddressRange::parse).any(|range| addresses.covers(&range))
}

/// Whether a rule is about the internet: no list of anybody's networks is that long.
fn leads_everywhere(addresses: &AddressSet) -> bool {
    Family::ALL.into_iter().any(|family| addresses.thousandths(family) >= MOST)
}

fn is_dns(rule: &PolicyRule) -> bool {
    let is_53 = |port: &PolicyPort| {
        port.end_port.is_none() && port.port.as_ref().is_some_and(|number| number.is_number(53))
    };
    !rule.ports.is_empty() && rule.ports.iter().all(is_53)
}

/// A rule for everything without the exceptions of the chart, whatever its ports; the chart's own for private addresses names them one by
/// one.
fn is_wide(rule: &PolicyRule) -> bool {
    let addresses = addresses(&rule.to);
    !is_dns(rule) && leads_everywhere(&addresses) && leads_to_private(&addresses)
}

/// The chart's rule for all public addresses.
fn is_public_by_chart(rule: &PolicyRule) -> bool {
    let addresses = addresses(&rule.to);
    rule.ports.is_empty() && addresses.thousandths(Family::V4) >= MOST && !leads_to_private(&addresses)
}

/// A rule for public addresses that is not the chart's, nor one for DNS.
fn is_narrow(rule: &PolicyRule) -> bool {
    let private = PRIVATE.into_iter().chain(["169.254.0.0/16"]).filter_map(AddressRange::parse);
    let addresses = addresses(&rule.to);
    // The chart's rule is about IPv4 alone.
    let is_ipv4 = addresses.ranges().iter().all(|range| range.family == Family::V4);
    let is_public = leads_everywhere(&addresses) && !leads_to_private(&addresses)
        || !addresses.is_empty() && !private.into_iter().any(|range| addresses.touches(&range));
    let are_blocks = !rule.to.is_empty() && rule.to.iter().all(|peer| peer.ip_block.is_some());
    are_blocks && is_ipv4 && is_public && !is_dns(rule) && !is_public_by_chart(rule)
}
