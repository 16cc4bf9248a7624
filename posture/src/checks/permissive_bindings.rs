//! Flags bindings that give rights to everybody: to anonymous callers, to every identity, or to every pod of the cluster.

use std::collections::BTreeMap;

use crate::access::{Lead, leading_to, pod_makers};
use crate::check::accounts::name_binding;
use crate::check::{
    Check, Context, Evidence, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict,
};
use crate::derived::{Grant, Reach, Rights};
use crate::facts::{Binding, Subject};
use crate::fix::Fix;
use crate::kind::Kind;
use crate::object::ObjectRef;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "RBA-08",
    name: "permissive-bindings",
    title: "No binding gives rights to everybody",
    fault: "A binding gives rights to everybody",
    severity: Severity::Critical,
    topic: Topic::Rbac,
    since: "0.1.0",
    why: "These bindings need no stolen token: whoever reaches the API server, or runs any pod, has the rights. Two of them come from old \
          guides of Zero to JupyterHub: `cluster-system-anonymous` from the guide for Amazon EKS up to 0.11.1, and `permissive-binding` \
          from that for kops of the time of v0.6.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Fail, Verdict::Unknown],
    needs: &[Kind::ClusterRoleBinding, Kind::RoleBinding, Kind::ClusterRole, Kind::Role],
    fixes: &[
        Fix::advice("Take the rules out of the role that Kubernetes does not give it, and leave the binding: clients need it.")
            .case("edited")
            .commands(&[&["kubectl", "edit", "clusterrole", "<role>"]]),
        Fix::advice("Delete the binding, and bind a role with only what is needed to the one account that needs it.").commands(&[&[
            "kubectl",
            "--namespace",
            "<binding-namespace>",
            "delete",
            "<binding-kind>",
            "<binding>",
        ]]),
    ],
    kubectl: &["kubectl", "get", "clusterrolebindings,rolebindings", "--all-namespaces", "--output", "wide"],
    references: &[
        Reference {
            title: "Kubernetes: Using RBAC Authorization, permissive RBAC permissions",
            url: "https://kubernetes.io/docs/reference/access-authn-authz/rbac/#permissive-rbac-permissions",
        },
        Reference {
            title: "Zero to JupyterHub 0.11.1: Step zero on Amazon EKS",
            url: "https://github.com/jupyterhub/zero-to-jupyterhub-k8s/blob/0.11.1/doc/source/kubernetes/amazon/step-zero-aws-eks.md",
        },
    ],
    mappings: &[
        Mapping::Cis("5.1.1"),
        Mapping::Cis("5.1.2"),
        Mapping::Cis("5.1.4"),
        Mapping::Nsa("Authentication and authorization"),
    ],
    judge: Judge::Cluster(judge),
};

/// Who everybody is.
const EVERYBODY: [(&str, &str); 4] = [
    ("User", "system:anonymous"),
    ("Group", "system:unauthenticated"),
    ("Group", "system:authenticated"),
    ("Group", "system:serviceaccounts"),
];

/// Roles that Kubernetes gives to everybody, whose rules are known: what gives more was edited.
const KNOWN: [&str; 4] = [
    "system:basic-user",
    "system:discovery",
    "system:public-info-viewer",
    "system:service-account-issuer-discovery",
];

/// The binding of kubeadm, and its role: it lets everybody read how to join the cluster.
const KUBEADM: &str = "kubeadm:bootstrap-signer-clusterinfo";

/// Bindings that old guides had people make.
const OLD_GUIDES: [(&str, &str); 2] = [
    ("cluster-system-anonymous", "Zero to JupyterHub's guide for Amazon EKS up to 0.11.1"),
    ("permissive-binding", "Zero to JupyterHub's guide for kops of the time of v0.6"),
];

fn judge(context: &Context<'_>) -> Judgement {
    let rights: Vec<Rights> = EVERYBODY.iter().map(|(kind, name)| of(context, kind, name)).collect();
    let mut grants: BTreeMap<&ObjectRef, Vec<&Grant>> = BTreeMap::new();
    for grant in rights.iter().flat_map(|rights| rights.with(|grant| !grant.is_powerless())) {
        grants.entry(&grant.binding).or_default().push(grant);
    }
    let found = |wanted: fn(&Grant) -> bool| -> Vec<&Vec<&Grant>> {
        grants.values().filter(|of_binding| of_binding.iter().any(|grant| wanted(grant))).collect()
    };
    let dangerous = found(is_dangerous);
    if let Some(first) = dangerous.first() {
        return Ok(fault(context, Outcome::fail(reason(first[0])), &dangerous));
    }
    for rights in &rights {
        rights.complete()?;
    }
    let unusual = found(|grant| !is_default(grant));
    let Some(first) = unusual.first() else {
        return Ok(Outcome::pass(Reason::new(
            "none",
            "Everybody has no more than what Kubernetes itself gives to everybody",
        )));
    };
    let reason = Reason::new("unusual", "{binding} gives {subject} the rights of {role}")
        .with("binding", first[0].binding.clone())
        .with("subject", Arg::word(subject_words(&first[0].subject)))
        .with("role", first[0].role.clone());
    Ok(fault(context, Outcome::warn(reason).severity(Severity::Medium), &unusual))
}

fn of(context: &Context<'_>, kind: &str, name: &str) -> Rights {
    let subject = Subject { kind: kind.to_owned(), name: name.to_owned(), namespace: None };
    context.derived.rights.of_subject(&subject)
}

/// Rights over Secrets, over pods, over whatever makes pods, or over everything, or those that lead to the rights of others.
fn is_dangerous(grant: &Grant) -> bool {
    const WRITING: [&str; 5] = ["create", "update", "patch", "delete", "deletecollection"];
    let writes = |group: &str, resource: &str| WRITING.iter().any(|verb| grant.allows(verb, group, resource));
    grant.is_everything()
        || grant.reads_secrets()
        || writes("", "secrets")
        || grant.enters_pods()
        || takes_rights(grant)
        || pod_makers().any(|(group, resource)| writes(group, resource))
}

/// Rights that lead to those of others at once, such as `impersonate`.
fn takes_rights(grant: &Grant) -> bool {
    leading_to(Lead::TakeRights).any(|right| grant.act(right).is_some())
}

/// What Kubernetes makes itself; distributions call their own the same way.
fn is_default(grant: &Grant) -> bool {
    let (binding, role) = (grant.binding.name.as_str(), grant.role.name.as_str());
    let is_named = binding.starts_with("system:") && role.starts_with("system:") && !KNOWN.contains(&role);
    (binding, role) == (KUBEADM, KUBEADM) || is_named
}

fn reason(grant: &Grant) -> Reason {
    let name = grant.binding.name.as_str();
    let guide = OLD_GUIDES.iter().find(|(binding, _)| *binding == name);
    let what = match (&grant.reach, grant.is_everything()) {
        (Reach::Cluster, true) => "every right in the cluster",
        (Reach::Namespace(_), true) => "every right in its namespace",
        (_, false) if takes_rights(grant) => "a way to take the rights of others",
        (_, false) => "rights over Secrets or pods",
    };
    let reason = match guide {
        Some((_, guide)) => {
            Reason::new("old-guide", "{binding} gives {subject} {what}; it comes from {guide}")
                .with("guide", Arg::word(*guide))
        }
        None => Reason::new("dangerous", "{binding} gives {subject} {what}"),
    };
    reason
        .with("binding", grant.binding.clone())
        .with("subject", Arg::word(subject_words(&grant.subject)))
        .with("what", Arg::word(what))
}

/// Who a subject of [`EVERYBODY`] is, in words.
fn subject_words(subject: &Subject) -> &'static str {
    match subject.name.as_str() {
        "system:anonymous" | "system:unauthenticated" => "callers without any credentials",
        "system:authenticated" => "every identity",
        _ => "every ServiceAccount of the cluster",
    }
}

fn fault(context: &Context<'_>, outcome: Outcome, found: &[&Vec<&Grant>]) -> Outcome {
    let grants = found.iter().flat_map(|of_binding| of_binding.iter());
    let facts = grants.map(|grant| {
        let found = format!(
            "{} {} has {} {}",
            grant.subject.kind, grant.subject.name, grant.role.kind, grant.role.name
        );
        Evidence::new(grant.binding.clone(), "subjects", Arg::text(found))
            .wanted(Arg::word("no such binding"))
    });
    let ages = found.iter().filter_map(|of_binding| {
        let binding = &of_binding[0].binding;
        let made = binding_of(context, binding)?.metadata.creation_timestamp?;
        Some(Evidence::new(binding.clone(), "metadata.creationTimestamp", Arg::Instant(made)))
    });
    let first = found[0][0];
    let outcome = name_binding(outcome.because_all(facts).because_all(ages), &first.binding);
    let role = first.role.name.as_str();
    if KNOWN.contains(&role) { outcome.case("edited").slot("role", role) } else { outcome }
}

fn binding_of<'a>(context: &Context<'a>, object: &ObjectRef) -> Option<&'a Binding> {
    let listing = match object.namespace {
        Some(_) => &context.snapshot.role_bindings,
        None => &context.snapshot.cluster_role_bindings,
    };
    listing.find(object.namespace.as_deref(), &object.name).map(|binding| &**binding)
}
