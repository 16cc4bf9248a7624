//! Flags user servers with IPv6 addresses whose policies open private IPv6 addresses along with the internet's.

use std::collections::BTreeSet;

use crate::check::paths::{PATHS, ends_of_class, enforcement_at, if_enforced, of_rule};
use crate::check::policies::{GUIDE, KUBERNETES, SHOW};
use crate::check::servers::{evidence_of, ipv6_of, judge_servers};
use crate::check::{Check, Context, Evidence, Judge, Judgement, Mapping, Outcome, Severity, Topic, Verdict};
use crate::derived::EnforcementState;
use crate::fix::egress::{PUBLIC, PUBLIC_IPV6};
use crate::fix::{Fix, FixValue};
use crate::hub::{Hub, UserClass};
use crate::network::{AddressRange, Family, OpenPorts, Verdict as Reach};
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "NET-15",
    name: "ipv6-wide-open",
    title: "Rules for IPv6 keep user servers from private addresses too",
    fault: "Private IPv6 addresses are open to user servers",
    severity: Severity::Low,
    topic: Topic::NetworkPolicies,
    since: "0.1.0",
    why: "The chart's rules are about IPv4 alone. A rule of one's own for all of IPv6, or one without destinations, reopens there what they \
          close: pods, nodes and the metadata server's other address.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Unknown, Verdict::NotApplicable],
    needs: PATHS,
    fixes: &[
        Fix::before(
            0,
            7,
            "This chart has no network policies: write one for the user servers whose rule for IPv6 excepts fc00::/7 and fe80::/10, or \
             upgrade.",
        ),
        Fix::from(
            0,
            7,
            "Turn the policy for user servers on, and except fc00::/7 and fe80::/10 in every rule for IPv6; where users need no IPv6, \
             write none. This list replaces the chart's own, and a rule without `to` is about IPv6 as well.",
        )
        .until(2, 0)
        .values(&[
            ("singleuser.networkPolicy.enabled", FixValue::Bool(true)),
            ("singleuser.networkPolicy.egress", FixValue::List(&[PUBLIC, PUBLIC_IPV6])),
        ]),
        Fix::from(
            2,
            0,
            "Turn the policy for user servers on, and except fc00::/7 and fe80::/10 in every rule for IPv6; where users need no IPv6, \
             write none. A rule without `to` is about IPv6 as well.",
        )
        .values(&[
            ("singleuser.networkPolicy.enabled", FixValue::Bool(true)),
            ("singleuser.networkPolicy.egress", FixValue::List(&[PUBLIC_IPV6])),
        ]),
    ],
    kubectl: SHOW,
    references: &[GUIDE, KUBERNETES],
    mappings: &[Mapping::Nsa("Network separation and hardening")],
    judge: Judge::Hub(judge),
};

/// The ranges that a rule for the internet has no need of, each with the prefix of one network in it: a site has a /48 of its own
/// (RFC 4193), a link a /64 (RFC 4291). What is no wider was named on purpose.
const PROTECTED: [(&str, u8); 2] = [("fc00::/7", 48), ("fe80::/10", 64)];

/// How many facts are named.
const MOST: usize = 6;

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    judge_servers(context, hub, |class| judge_class(context, hub, class))
}

fn judge_class(context: &Context<'_>, hub: &Hub, class: &UserClass) -> Judgement {
    let Some(address) = ipv6_of(class)? else {
        return Ok(Outcome::not_applicable(Reason::new("ipv4-only", "User servers have no IPv6 address")));
    };
    let enforcement = enforcement_at(context, hub, &ends_of_class(context, class));
    if enforcement.state == EnforcementState::NotEnforced {
        let reason = Reason::new(
            "not-enforced",
            "User servers have IPv6 addresses, and nothing enforces policies: all of IPv6 is open to them",
        );
        return Ok(Outcome::warn(reason).because(address).because_all(enforcement.evidence.iter().cloned()));
    }
    let seen = look(context, class);
    if !seen.ranges.is_empty() {
        let ranges = seen.ranges.into_iter().map(Arg::word).collect();
        let reason = Reason::new(
            "open",
            "User servers have IPv6 addresses, and {ranges}, where pods, nodes and metadata servers have theirs, are open to them",
        );
        return Ok(Outcome::warn(reason.with("ranges", Arg::List(ranges)))
            .because_all(seen.facts)
            .because(address));
    }
    if seen.is_unclear {
        return Err(Reason::new(
            "unclear",
            "What user servers reach over IPv6 cannot be told: policies that decide it are not evaluated or could not be read",
        )
        .into());
    }
    let closed = Outcome::pass(Reason::new(
        "closed",
        "Policies that are enforced keep user servers from private IPv6 addresses but those that rules name",
    ));
    let closed = if seen.has_any {
        closed
    } else {
        closed.note(Reason::new(
            "ipv6-denied",
            "No rule beyond those for DNS is about IPv6, so all of it is closed to them but for the pods that rules name",
        ))
    };
    if_enforced(&enforcement, closed.because(address))
}

/// What is open to servers of a class over IPv6, beside DNS.
#[derive(Default)]
struct Seen {
    ranges: BTreeSet<&'static str>,
    facts: Vec<Evidence>,
    is_unclear: bool,
    has_any: bool,
}

fn look(context: &Context<'_>, class: &UserClass) -> Seen {
    let mut seen = Seen::default();
    for end in ends_of_class(context, class) {
        for opening in context.derived.network.reachable_addresses(&end.point) {
            let all = AddressRange::all(Family::V6);
            let is_wide = |(text, prefix): &(&str, u8)| {
                AddressRange::parse(text).is_some_and(|range| {
                    opening.addresses.within(&range).any(|part| part.is_wider_than(*prefix))
                })
            };
            let ranges: Vec<_> = PROTECTED.into_iter().filter(is_wide).map(|(text, _)| text).collect();
            for ports in opening.ports.iter().filter(|ports| !is_dns(ports)) {
                seen.has_any |= opening.addresses.touches(&all);
                if ports.verdict != Reach::Allowed {
                    seen.is_unclear |= !ranges.is_empty();
                } else if !ranges.is_empty() {
                    seen.ranges.extend(&ranges);
                    seen.add(ports.rules.iter().map(|rule| of_rule(context, rule)));
                    let is_free = ports.rules.is_empty();
                    let free =
                        is_free.then(|| evidence_of(class, "egress", Arg::word("no policy restricts it")));
                    seen.add(free);
                }
            }
        }
    }
    seen
}

impl Seen {
    fn add(&mut self, facts: impl IntoIterator<Item = Evidence>) {
        for fact in facts {
            if self.facts.len() < MOST && !self.facts.contains(&fact) {
                self.facts.push(fact);
            }
        }
    }
}

/// Names are asked for everywhere; charts from 0.10 to 1.2 open the port to every address.
fn is_dns(ports: &OpenPorts) -> bool {
    (ports.first, ports.last) == (53, 53)
}
