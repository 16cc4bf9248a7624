//! Flags user servers with an IPv6 address that reach the metadata server by its IPv6 address.

use crate::check::paths::{End, PATHS, ask, ends_of_class, likely, worst_path};
use crate::check::policies::GUIDE;
use crate::check::servers::{ipv6_of, judge_servers};
use crate::check::{Check, Context, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict};
use crate::derived::Cloud;
use crate::fix::{Fix, FixValue};
use crate::hub::{Hub, UserClass};
use crate::network::Protocol;
use crate::text::Reason;

pub(super) const CHECK: Check = Check {
    code: "MET-06",
    name: "metadata-over-ipv6",
    title: "User servers cannot reach the metadata server over IPv6",
    fault: "User servers can reach the metadata server over IPv6",
    severity: Severity::Medium,
    topic: Topic::CloudMetadata,
    since: "0.1.0",
    why: "The chart's init container writes a rule for IPv4 alone. Where pods have IPv6 addresses as well, the metadata server's other \
          address stays open unless a network policy closes it.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Fail, Verdict::Unknown, Verdict::NotApplicable],
    needs: PATHS,
    fixes: &[Fix::advice(
        "Keep the policy for user servers on, without a rule for all of IPv6, and have it enforced. Turn the IPv6 endpoint of the metadata \
         service off where nothing needs it.",
    )
    .values(&[("singleuser.networkPolicy.enabled", FixValue::Bool(true))])],
    kubectl: &[
        "kubectl",
        "--namespace",
        "<namespace>",
        "get",
        "pods",
        "--selector",
        "component=singleuser-server",
        "--output",
        "custom-columns=NAME:.metadata.name,ADDRESSES:.status.podIPs[*].ip",
    ],
    references: &[
        GUIDE,
        Reference {
            title: "AWS: Configure instance metadata options, the IPv6 endpoint",
            url: "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-IMDS-new-instances.html",
        },
    ],
    mappings: &[Mapping::Nsa("Network separation and hardening")],
    judge: Judge::Hub(judge),
};

/// The addresses of AWS: the metadata service, and EKS Pod Identity.
const ADDRESSES: [&str; 2] = ["fd00:ec2::254", "fd00:ec2::23"];

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    let clouds = context.derived.clouds.as_ref().map_err(Clone::clone)?;
    if !clouds.seen.contains_key(&Cloud::Aws) {
        return Ok(Outcome::not_applicable(Reason::new(
            "no-endpoint",
            "No node runs on a cloud whose metadata server is known to have an IPv6 address",
        )));
    }
    judge_servers(context, hub, |class| judge_class(context, hub, class))
}

fn judge_class(context: &Context<'_>, hub: &Hub, class: &UserClass) -> Judgement {
    let Some(fact) = ipv6_of(class)? else {
        return Ok(Outcome::pass(Reason::new("ipv4-only", "User servers have no IPv6 address")));
    };
    let froms = ends_of_class(context, class);
    let tos: Vec<End> = ADDRESSES.into_iter().filter_map(|text| End::parse(context, text)).collect();
    let pairs = froms.iter().flat_map(|from| tos.iter().map(move |to| (from, to)));
    let path = worst_path(pairs.map(|(from, to)| ask(context, Some(hub), from, to, Protocol::Tcp, 80)));
    let Some(path) = path else { return Err(Reason::new("no-server", "No user server is running").into()) };
    let open = Outcome::fail(Reason::new(
        "open",
        "User servers have IPv6 addresses, and nothing keeps them from the metadata server's; the init container blocks IPv4 alone",
    ));
    let closed = Outcome::pass(Reason::new(
        "closed",
        "Policies that are enforced keep user servers from the metadata server's IPv6 address",
    ));
    Ok(path.outcome(context, hub, open, likely(Severity::Low), closed).because(fact))
}
