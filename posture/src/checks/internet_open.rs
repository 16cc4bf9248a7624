//! Flags user servers that reach the whole internet on every port.

use crate::check::paths::{PATHS, ends_of_class, enforcement_at, of_rule};
use crate::check::policies::{GUIDE, SHOW};
use crate::check::servers::{evidence_of, ipv6_of, judge_servers};
use crate::check::{Check, Context, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict};
use crate::derived::EnforcementState;
use crate::fix::egress::WEB;
use crate::fix::{Fix, FixValue};
use crate::hub::{Hub, UserClass};
use crate::network::{Family, OpenPorts, Opening, Protocol, RuleRef, Verdict as Reach};
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "NET-06",
    name: "internet-open",
    title: "User servers reach the internet on listed ports only",
    fault: "User servers reach the internet on every port",
    severity: Severity::Low,
    topic: Topic::NetworkPolicies,
    since: "0.1.0",
    why: "Where anyone may sign up, open ports to the whole internet draw crypto-miners and senders of spam. For a class of known \
          students it is the usual choice, and a note to know about.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Unknown],
    needs: PATHS,
    fixes: &[
        Fix::before(
            2,
            0,
            "List the ports that users need in `singleuser.networkPolicy.egress`, with private addresses and the metadata server excepted. \
             This list replaces the chart's own.",
        )
        .values(&[("singleuser.networkPolicy.egress", FixValue::List(&[WEB]))]),
        Fix::from(
            2,
            0,
            "Turn the chart's rule for public addresses off and list the ports that users need, with private addresses and the metadata \
             server excepted.",
        )
        .values(&[
            ("singleuser.networkPolicy.egressAllowRules.nonPrivateIPs", FixValue::Bool(false)),
            ("singleuser.networkPolicy.egress", FixValue::List(&[WEB])),
        ]),
    ],
    kubectl: SHOW,
    references: &[
        GUIDE,
        Reference {
            title: "mybinder.org: Its own policy for user servers",
            url: "https://github.com/jupyterhub/mybinder.org-deploy/blob/main/mybinder/templates/netpol.yaml",
        },
    ],
    mappings: &[Mapping::Nsa("Network separation and hardening")],
    judge: Judge::Hub(judge),
};

/// From how many TCP ports on a list of ports lists nothing: rules that leave a few out are for all.
const MOST_PORTS: u32 = 32_768;

/// The share of a family's addresses, in thousandths, from which on a rule is about the internet and not about somebody on it. A quarter
/// of IPv4 is more than anybody has; of IPv6 an eighth is given out at all.
const INTERNET: [(Family, u128); 2] = [(Family::V4, 250), (Family::V6, 100)];

/// How many rules are named.
const MOST_RULES: usize = 6;

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    judge_servers(context, hub, |class| judge_class(context, hub, class))
}

fn judge_class(context: &Context<'_>, hub: &Hub, class: &UserClass) -> Judgement {
    // Anyone may start a server on a Binder; elsewhere the operator knows whom they let in.
    let severity = if hub.binder.is_some() { Severity::Low } else { Severity::Info };
    let ends = ends_of_class(context, class);
    let enforcement = enforcement_at(context, hub, &ends);
    let open = |ports: u32| {
        let reason = if ports == u32::from(u16::MAX) {
            Reason::new("every-port", "User servers reach public addresses on every TCP port")
        } else {
            Reason::new("most-ports", "User servers reach public addresses on {ports} TCP ports")
                .with("ports", Arg::Count(ports.into()))
        };
        Outcome::warn(reason).severity(severity)
    };
    if enforcement.state == EnforcementState::NotEnforced {
        return Ok(open(u16::MAX.into())
            .because(evidence_of(class, "egress", Arg::word("nothing enforces policies")))
            .because_all(enforcement.evidence.iter().cloned()));
    }
    let has_ipv6 = ipv6_of(class).is_ok_and(|address| address.is_some());
    let mut is_unclear = false;
    for end in ends {
        let openings = context.derived.network.reachable_addresses(&end.point);
        for (family, least) in INTERNET.into_iter().filter(|(family, _)| has_ipv6 || *family == Family::V4) {
            let wide = |is_sure: bool| {
                let wide: Vec<_> = openings.iter().filter(|o| tcp_ports(o, is_sure) >= MOST_PORTS).collect();
                let share: u128 = wide.iter().map(|opening| opening.addresses.thousandths(family)).sum();
                (share >= least).then_some(wide)
            };
            let Some(wide) = wide(true) else {
                is_unclear |= wide(false).is_some();
                continue;
            };
            let ports = wide.iter().map(|opening| tcp_ports(opening, true)).max().unwrap_or_default();
            let mut rules: Vec<&RuleRef> =
                wide.iter().flat_map(|o| open_tcp(o)).flat_map(|p| &p.rules).collect();
            rules.sort();
            rules.dedup_by(|a, b| (&a.policy, a.rule, a.peer) == (&b.policy, b.rule, b.peer));
            let facts = rules.iter().take(MOST_RULES).map(|rule| of_rule(context, rule));
            let outcome = open(ports).because_all(facts);
            return Ok(if rules.is_empty() {
                outcome.because(evidence_of(class, "egress", Arg::word("no policy restricts it")))
            } else {
                outcome
            });
        }
    }
    if is_unclear {
        return Err(Reason::new(
            "unclear",
            "What user servers reach on the internet cannot be told: policies that decide it are not evaluated or could not be read",
        )
        .into());
    }
    match enforcement.state {
        EnforcementState::Enforced => Ok(Outcome::pass(Reason::new(
            "listed",
            "Policies that are enforced let user servers reach public addresses on listed ports only, or not at all",
        ))),
        EnforcementState::Likely => Ok(Outcome::warn(Reason::new(
            "likely-listed",
            "Policies list the ports of public addresses, and it is likely but not certain that they are enforced",
        ))
        .severity(Severity::Info)
        .because_all(enforcement.evidence.iter().cloned())),
        EnforcementState::NotEnforced | EnforcementState::Unknown => Err(Reason::new(
            "enforcement-unknown",
            "Policies list the ports of public addresses, but whether anything enforces policies is not known: {why}",
        )
        .with("why", Arg::text(enforcement.reason.to_string()))
        .into()),
    }
}

/// What is open over TCP for certain.
fn open_tcp(opening: &Opening) -> impl Iterator<Item = &OpenPorts> {
    opening.ports.iter().filter(|ports| ports.protocol == Protocol::Tcp && ports.verdict == Reach::Allowed)
}

/// How many TCP ports are open, for certain or perhaps.
fn tcp_ports(opening: &Opening, is_sure: bool) -> u32 {
    let count = |ports: &OpenPorts| u32::from(ports.last - ports.first) + 1;
    let all = opening.ports.iter().filter(|ports| ports.protocol == Protocol::Tcp);
    all.filter(|ports| !is_sure || ports.verdict == Reach::Allowed).map(count).sum()
}
