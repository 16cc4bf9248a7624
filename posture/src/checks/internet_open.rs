//! Flags user servers that reach the whole internet on every port.

use std::net::{IpAddr, Ipv4Addr};

use crate::check::paths::{PATHS, ends_of_class, of_rule};
use crate::check::policies::{GUIDE, SHOW};
use crate::check::servers::{evidence_of, judge_servers};
use crate::check::{Check, Context, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict};
use crate::derived::EnforcementState;
use crate::fix::egress::WEB;
use crate::fix::{Fix, FixValue};
use crate::hub::{Hub, UserClass};
use crate::network::{Protocol, Verdict as Reach};
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
            url: "https://github.com/jupyterhub/mybinder.org-deploy/blob/main/mybinder/values.yaml",
        },
    ],
    mappings: &[Mapping::Nsa("Network separation and hardening")],
    judge: Judge::Hub(judge),
};

/// An address that stands for the public internet: that of a well-known resolver.
const PUBLIC: IpAddr = IpAddr::V4(Ipv4Addr::new(1, 1, 1, 1));

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    judge_servers(context, hub, |class| judge_class(context, hub, class))
}

fn judge_class(context: &Context<'_>, hub: &Hub, class: &UserClass) -> Judgement {
    // Anyone may start a server on a Binder; elsewhere the operator knows whom they let in.
    let severity = if hub.binder.is_some() { Severity::Low } else { Severity::Info };
    let enforcement = context.derived.enforcement_for(hub);
    let open = || {
        Outcome::warn(Reason::new("every-port", "User servers reach public addresses on every TCP port"))
            .severity(severity)
    };
    if enforcement.state == EnforcementState::NotEnforced {
        return Ok(open()
            .because(evidence_of(class, "egress", Arg::word("nothing enforces policies")))
            .because_all(enforcement.evidence.iter().cloned()));
    }
    let mut is_unclear = false;
    for end in ends_of_class(context, class) {
        let openings = context.derived.network.reachable_addresses(&end.point);
        let here = openings.iter().filter(|opening| opening.addresses.contains(PUBLIC));
        for ports in here.flat_map(|opening| &opening.ports) {
            let is_all = ports.protocol == Protocol::Tcp && ports.are_all();
            is_unclear |= ports.verdict != Reach::Allowed;
            if !is_all || ports.verdict != Reach::Allowed {
                continue;
            }
            let rules = ports.rules.iter().map(|rule| of_rule(context, rule));
            let outcome = open().because_all(rules);
            return Ok(if ports.rules.is_empty() {
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
