//! Flags clusters in which role-based access control does not decide who may do what.

use crate::check::{
    Check, Context, Evidence, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict,
};
use crate::facts::{Container, Pod};
use crate::fix::Fix;
use crate::gap::Unknown;
use crate::kind::Kind;
use crate::object::ObjectRef;
use crate::snapshot::AuthorizerReason;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "RBA-01",
    name: "rbac-off",
    title: "Role-based access control decides who may do what",
    fault: "Role-based access control does not decide who may do what",
    severity: Severity::Critical,
    topic: Topic::Rbac,
    since: "0.1.0",
    why: "Without RBAC every identity in the cluster may do everything, and with it every user who gets hold of a token. Roles and \
          bindings are then nothing but text.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Fail, Verdict::Unknown],
    needs: &[Kind::Pod],
    fixes: &[Fix::advice(
        "Start the API server with `--authorization-mode=Node,RBAC`, and take `AlwaysAllow` and `ABAC` out of the list. Managed clusters \
         have RBAC on; there, and wherever this cannot be seen, run Perijove under its own read-only role, so that its own rights do \
         not hide the answer.",
    )],
    kubectl: &["kubectl", "auth", "can-i", "delete", "nodes", "--as", "system:serviceaccount:default:nobody"],
    references: &[
        Reference {
            title: "Kubernetes: Authorization",
            url: "https://kubernetes.io/docs/reference/access-authn-authz/authorization/",
        },
        Reference {
            title: "Zero to JupyterHub: Security, RBAC",
            url: "https://z2jh.jupyter.org/en/stable/administrator/security.html",
        },
    ],
    mappings: &[
        Mapping::Cis("1.2.6"),
        Mapping::Cis("1.2.8"),
        Mapping::Nsa("Authentication and authorization"),
    ],
    judge: Judge::Cluster(judge),
};

/// Every authoriser that the API server knows.
const MODES: [&str; 6] = ["AlwaysAllow", "AlwaysDeny", "ABAC", "Node", "RBAC", "Webhook"];

/// What the start-up flags of the API servers say.
enum Modes {
    /// The modes that every server names, RBAC among them, and a fact about each server.
    Rbac { has_abac: bool, evidence: Vec<Evidence> },
    /// No server can be seen, or its flags do not tell.
    Unseen,
}

fn judge(context: &Context<'_>) -> Judgement {
    let modes = match modes(context) {
        Ok(modes) => modes,
        Err(fault) => return Ok(*fault),
    };
    // Proof of RBAC is complete only once no API server can hide that names another mode beside it.
    context.snapshot.pods.complete_in("kube-system")?;
    match modes {
        Modes::Rbac { has_abac: true, evidence } => Ok(Outcome::warn(Reason::new(
            "abac-too",
            "The API server asks a file of attribute-based rules beside RBAC, which no object shows",
        ))
        .severity(Severity::High)
        .because_all(evidence)),
        Modes::Rbac { evidence, .. } => Ok(Outcome::pass(Reason::new(
            "mode",
            "The API server names RBAC among its authorisers, and none that allows everything",
        ))
        .because_all(evidence)),
        Modes::Unseen => by_review(context),
    }
}

/// Reads the flags of the API servers that run as pods; a server without RBAC is a fault.
fn modes(context: &Context<'_>) -> Result<Modes, Box<Outcome>> {
    let servers = context.snapshot.pods.present_in("kube-system").filter_map(|pod| Some((pod, server(pod)?)));
    let mut evidence = Vec::new();
    let mut has_abac = false;
    let mut is_hidden = false;
    for (pod, (index, container)) in servers {
        let object = ObjectRef::namespaced(Kind::Pod, "kube-system", &pod.metadata.name);
        let fact = |found: Arg| Evidence::new(object, format!("spec.containers[{index}].command"), found);
        let Some(modes) = container.flag("authorization-mode") else {
            if has_every_flag(container) && container.flag("authorization-config").is_none() {
                let reason = Reason::new(
                    "no-mode",
                    "The API server names no authoriser, so it allows everything to everyone",
                );
                return Err(Box::new(
                    Outcome::fail(reason)
                        .because(fact(Arg::word("no --authorization-mode")).wanted(Arg::word("Node,RBAC"))),
                ));
            }
            is_hidden = true;
            continue;
        };
        if !modes.split(',').all(|mode| MODES.contains(&mode)) {
            // The value was dropped, or something else stands in its place.
            is_hidden = true;
            continue;
        }
        let has = |wanted: &str| modes.split(',').any(|mode| mode == wanted);
        let fact = fact(Arg::text(format!("--authorization-mode={modes}")));
        if has("AlwaysAllow") || !has("RBAC") {
            let reason = if has("AlwaysAllow") {
                Reason::new(
                    "always-allow",
                    "The API server allows everything to everyone: AlwaysAllow is among its authorisers",
                )
            } else {
                Reason::new("no-rbac", "RBAC is not among the authorisers of the API server")
            };
            return Err(Box::new(Outcome::fail(reason).because(fact.wanted(Arg::word("Node,RBAC")))));
        }
        has_abac |= has("ABAC");
        evidence.push(if has("ABAC") { fact.wanted(Arg::word("Node,RBAC")) } else { fact });
    }
    let is_unseen = evidence.is_empty() || is_hidden && !has_abac;
    Ok(if is_unseen { Modes::Unseen } else { Modes::Rbac { has_abac, evidence } })
}

/// The API server's container in one of its pods.
fn server(pod: &Pod) -> Option<(usize, &Container)> {
    let is_static = pod.metadata.label("component") == Some("kube-apiserver")
        || pod.metadata.name.starts_with("kube-apiserver");
    let mut containers = pod.spec.containers.iter().enumerate();
    containers.find(|(_, container)| {
        is_static && (container.name == "kube-apiserver" || container.image_base() == "kube-apiserver")
    })
}

/// Whether every word of the command was kept and is a flag of its own, so that what is not seen is not there.
fn has_every_flag(container: &Container) -> bool {
    let mut words = container.command.iter().chain(&container.args);
    words.all(|word| word.plain().is_some_and(|word| !word.contains(char::is_whitespace)))
}

/// What the API server's answers about Perijove's own rights say.
fn by_review(context: &Context<'_>) -> Judgement {
    let reviews = context.snapshot.reviews.as_ref().map_err(|_| not_asked())?;
    let (Some(granted), Some(not_granted)) = (&reviews.granted, &reviews.not_granted) else {
        return Err(not_asked());
    };
    if !granted.allowed {
        let reason =
            "Perijove was refused what it could read, so the answers contradict each other; scan again";
        return Err(Reason::new("contradiction", reason).into());
    }
    if not_granted.allowed {
        return too_many_rights(not_granted.reason);
    }
    match granted.reason {
        AuthorizerReason::Rbac => Ok(Outcome::pass(Reason::new(
            "answer",
            "The API server allows by RBAC what was granted, and refuses what was not",
        ))),
        AuthorizerReason::Iam => Err(Reason::new(
            "iam",
            "The cloud's IAM answered instead of RBAC, which managed clusters have on beside it; scan with a ServiceAccount of the cluster to see",
        )
        .into()),
        AuthorizerReason::Other | AuthorizerReason::None => Err(Reason::new(
            "other-authoriser",
            "Another authoriser than RBAC answered; look at the flags of the API server, or scan with a ServiceAccount of the cluster",
        )
        .into()),
    }
}

/// An account that may delete nodes cannot tell a cluster without RBAC from its own rights.
fn too_many_rights(reason: AuthorizerReason) -> Judgement {
    if matches!(reason, AuthorizerReason::Rbac | AuthorizerReason::Iam) {
        return Err(Reason::new(
            "own-rights",
            "Perijove itself may delete nodes, so the answers prove nothing; scan with its own read-only role",
        )
        .into());
    }
    let node = ObjectRef::cluster(Kind::Node, "*");
    Ok(Outcome::warn(Reason::new(
        "allowed-without-role",
        "The API server lets Perijove delete nodes and names no role for it: either everything is allowed to everyone, or this scan runs as a superuser; scan with Perijove's own role to tell",
    ))
    .because(Evidence::new(node, "delete", Arg::word("allowed")).wanted(Arg::word("refused"))))
}

fn not_asked() -> Unknown {
    Reason::new(
        "not-asked",
        "The API server's flags cannot be seen, and it was not asked about Perijove's own rights; needed: create selfsubjectaccessreviews",
    )
    .into()
}
