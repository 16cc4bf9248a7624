//! Flags user servers that share the network of their node, where no policy holds.

use crate::check::policies::KUBERNETES;
use crate::check::servers::{evidence_of, judge_servers};
use crate::check::{Check, Context, Judge, Mapping, Outcome, Reference, Severity, Topic, Verdict};
use crate::fix::{Fix, FixValue};
use crate::kind::Kind;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "NET-16",
    name: "servers-on-node-network",
    title: "No user server shares the network of its node",
    fault: "User servers share the network of their node",
    severity: Severity::Critical,
    topic: Topic::NetworkPolicies,
    since: "0.1.0",
    why: "A pod on the network of its node is outside every network policy. It reaches what the node reaches, the metadata server and the \
          kubelet first of all, and can listen in its name.",
    verdicts: &[Verdict::Pass, Verdict::Fail, Verdict::Unknown],
    needs: &[Kind::Pod],
    fixes: &[Fix::advice(
        "Take `hostNetwork` out of `singleuser.extraPodConfig`, out of profiles and out of `extraConfig`. Then restart the user servers.",
    )
    .values(&[("singleuser.extraPodConfig.hostNetwork", FixValue::Null)])],
    kubectl: &[
        "kubectl",
        "--namespace",
        "<namespace>",
        "get",
        "pods",
        "--selector",
        "component=singleuser-server",
        "--output",
        "custom-columns=NAME:.metadata.name,HOSTNETWORK:.spec.hostNetwork",
    ],
    references: &[
        KUBERNETES,
        Reference {
            title: "Kubernetes: Pod Security Standards, Host Namespaces",
            url: "https://kubernetes.io/docs/concepts/security/pod-security-standards/",
        },
    ],
    mappings: &[Mapping::Pss("baseline: Host Namespaces"), Mapping::Cis("5.2.5")],
    judge: Judge::AnyHub(|context: &Context<'_>, hub| {
        judge_servers(context, hub, |class| {
            let found = Arg::word(if class.spec.host_network { "true" } else { "false" });
            let fact = evidence_of(class, "spec.hostNetwork", found);
            Ok(if class.spec.host_network { Outcome::fail(Reason::new(
                "node-network",
                "User servers share the network of their node, where no network policy holds",
            ))
            .because(fact.wanted(Arg::word("false"))) } else { Outcome::pass(Reason::new("own-network", "Every user server has a network of its own"))
            .because(fact) })
        })
    }),
};
