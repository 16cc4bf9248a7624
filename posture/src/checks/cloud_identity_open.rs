//! Flags user servers that reach other addresses by which a cloud hands out identities, beside the metadata server's usual one.

use crate::check::paths::{End, Fate, PATHS, Path, ask, ends_of_class, likely, worst_path};
use crate::check::policies::{GUIDE, SHOW};
use crate::check::servers::{barrier_of, judge_servers};
use crate::check::{
    Check, Context, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict, worst,
};
use crate::derived::{Barrier, BlockScope, Cloud};
use crate::fix::egress::{PRIVATE_10, PRIVATE_172, PRIVATE_192, all_but};
use crate::fix::{Fix, FixValue};
use crate::gap::Unknown;
use crate::hub::{Hub, UserClass};
use crate::network::Protocol;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "MET-05",
    name: "cloud-identity-open",
    title: "User servers reach no other address that hands out identities of the cloud",
    fault: "User servers reach an address that hands out identities of the cloud",
    severity: Severity::High,
    topic: Topic::CloudMetadata,
    since: "0.1.0",
    why: "Clouds hand out credentials and configuration at more than one address. The chart's rules and its init container close the one \
          usual address alone, and its rule for public addresses opens the others.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Fail, Verdict::Unknown, Verdict::NotApplicable],
    needs: PATHS,
    fixes: &[
        Fix::before(
            2,
            0,
            "Except these addresses in `singleuser.networkPolicy.egress`, which replaces the chart's own list. Something has to enforce \
             policies.",
        )
        .values(&[
            ("singleuser.networkPolicy.enabled", FixValue::Bool(true)),
            ("singleuser.networkPolicy.egress", FixValue::List(&[PUBLIC])),
        ]),
        Fix::from(
            2,
            0,
            "Turn the chart's rule for public addresses off and write one that excepts these addresses too. Something has to enforce \
             policies.",
        )
        .values(&[
            ("singleuser.networkPolicy.enabled", FixValue::Bool(true)),
            ("singleuser.networkPolicy.egressAllowRules.nonPrivateIPs", FixValue::Bool(false)),
            ("singleuser.networkPolicy.egress", FixValue::List(&[PUBLIC])),
        ]),
    ],
    kubectl: SHOW,
    references: &[
        GUIDE,
        Reference {
            title: "Amazon EKS: Set up the Pod Identity Agent",
            url: "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-agent-setup.html",
        },
        Reference {
            title: "Azure: What is IP address 168.63.129.16",
            url: "https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16",
        },
    ],
    mappings: &[Mapping::Nsa("Network separation and hardening")],
    judge: Judge::Hub(judge),
};

/// Public addresses without any by which clouds hand out identities.
const PUBLIC: FixValue = FixValue::Map(&[(
    "to",
    all_but!(
        "0.0.0.0/0",
        PRIVATE_10,
        PRIVATE_172,
        PRIVATE_192,
        FixValue::Str("169.254.0.0/16"),
        FixValue::Str("168.63.129.16/32"),
        FixValue::Str("100.64.0.0/10"),
    ),
)]);

/// An address of a cloud, and whether it is certain that something answers there.
struct Endpoint {
    cloud: Cloud,
    address: &'static str,
    port: u16,
    name: &'static str,
    is_certain: bool,
}

/// What EKS Pod Identity runs on each node, and what answers at its address.
const AGENT: &str = "eks-pod-identity-agent";

/// The usual address of metadata servers. The block of charts from 3.0 on, and a rule for one port, leave its other ports alone.
const USUAL: &str = "169.254.169.254";

const ENDPOINTS: [Endpoint; 6] = [
    Endpoint {
        cloud: Cloud::Aws,
        address: "169.254.170.23",
        port: 80,
        name: "EKS Pod Identity",
        is_certain: false,
    },
    Endpoint {
        cloud: Cloud::Aws,
        address: "169.254.170.2",
        port: 80,
        name: "credentials of ECS and Fargate",
        is_certain: false,
    },
    Endpoint {
        cloud: Cloud::Azure,
        address: "168.63.129.16",
        port: 80,
        name: "the wire server of Azure",
        is_certain: true,
    },
    Endpoint {
        cloud: Cloud::Azure,
        address: "168.63.129.16",
        port: 32526,
        name: "the wire server of Azure",
        is_certain: true,
    },
    Endpoint {
        cloud: Cloud::Ibm,
        address: USUAL,
        port: 8080,
        name: "the metadata server of IBM Cloud",
        is_certain: false,
    },
    Endpoint {
        cloud: Cloud::Oracle,
        address: USUAL,
        port: 8080,
        name: "the metadata server of Oracle Cloud",
        is_certain: false,
    },
];

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    let clouds = context.derived.clouds.as_ref().map_err(Clone::clone)?;
    let here: Vec<&Endpoint> =
        ENDPOINTS.iter().filter(|endpoint| clouds.seen.contains_key(&endpoint.cloud)).collect();
    if here.is_empty() {
        return Ok(Outcome::not_applicable(Reason::new(
            "no-endpoint",
            "No node runs on a cloud that is known to hand out identities at another address",
        )));
    }
    judge_servers(context, hub, |class| {
        let parts = here.iter().map(|endpoint| judge_endpoint(context, hub, class, endpoint));
        worst(parts).ok_or_else(|| Reason::new("no-endpoint", "there is no address to ask about").into())
    })
}

fn judge_endpoint(context: &Context<'_>, hub: &Hub, class: &UserClass, endpoint: &Endpoint) -> Judgement {
    if endpoint.address == USUAL && is_blocked(barrier_of(context, hub, class)?) {
        return Ok(Outcome::pass(Reason::new(
            "blocked",
            "The init container of user servers blocks every port of the metadata server",
        )));
    }
    let Some(path) = path(context, hub, class, endpoint) else {
        return Err(Reason::new("no-server", "No user server is running").into());
    };
    let words = |reason: Reason| {
        reason
            .with("name", Arg::word(endpoint.name))
            .with("address", Arg::word(endpoint.address))
            .with("port", Arg::Number(endpoint.port.into()))
    };
    let open = match path.fate {
        Fate::Open if answers(context, endpoint)? => {
            Outcome::fail(words(Reason::new("open", "User servers reach {name} at {address}:{port}")))
        }
        _ => Outcome::warn(words(Reason::new(
            "may-answer",
            "User servers reach {address}:{port}, where {name} answers if it is in use",
        )))
        .severity(Severity::Medium),
    };
    let closed = Outcome::pass(Reason::new(
        "closed",
        "Policies that are enforced keep user servers from the other addresses that hand out identities",
    ));
    Ok(path.outcome(context, hub, open, likely(Severity::Medium), closed))
}

/// Whether the init container keeps servers from every TCP port of the usual address, and no user can undo it.
fn is_blocked(barrier: &Barrier) -> bool {
    let is_whole = matches!(barrier.scope, Some(BlockScope::Everything | BlockScope::Tcp));
    let is_its = barrier.address.as_deref().is_some_and(|address| address.split('/').next() == Some(USUAL));
    barrier.is_effective() && barrier.undone_by.is_none() && is_whole && is_its
}

fn path(context: &Context<'_>, hub: &Hub, class: &UserClass, endpoint: &Endpoint) -> Option<Path> {
    let to = End::parse(context, endpoint.address)?;
    let froms = ends_of_class(context, class);
    worst_path(froms.iter().map(|from| ask(context, Some(hub), from, &to, Protocol::Tcp, endpoint.port)))
}

/// Whether it is known that something answers there; an agent that may be hidden leaves it open.
fn answers(context: &Context<'_>, endpoint: &Endpoint) -> Result<bool, Unknown> {
    if endpoint.is_certain || endpoint.address != "169.254.170.23" {
        return Ok(endpoint.is_certain);
    }
    Ok(context.snapshot.daemon_sets.get(Some("kube-system"), AGENT)?.is_some())
}
