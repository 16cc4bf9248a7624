//! Flags rights of the account `default`, as which every pod runs that names no other.

use crate::access::Grant;
use crate::check::accounts::name_binding;
use crate::check::{
    Check, Context, Evidence, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict,
};
use crate::fix::Fix;
use crate::hub::Hub;
use crate::kind::Kind;
use crate::object::ObjectRef;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "RBA-07",
    name: "default-account-rights",
    title: "The account `default` of the hub's namespace has no rights",
    fault: "The account `default` of the hub's namespace has rights",
    severity: Severity::High,
    topic: Topic::Rbac,
    since: "0.1.0",
    why: "Every pod that names no account runs as `default`, with its token mounted unless somebody turned that off: the proxy, which the \
          internet reaches, and the build pods of a BinderHub among them.",
    verdicts: &[Verdict::Pass, Verdict::Fail, Verdict::Unknown],
    needs: &[Kind::RoleBinding, Kind::ClusterRoleBinding, Kind::Role, Kind::ClusterRole],
    fixes: &[Fix::advice(
        "Bind the role to an account of its own instead, let the pods that need it run as that, and delete the binding. Then take the token \
         from `default`.",
    )
    .commands(&[
        &["kubectl", "--namespace", "<binding-namespace>", "delete", "<binding-kind>", "<binding>"],
        &[
            "kubectl",
            "--namespace",
            "<namespace>",
            "patch",
            "serviceaccount",
            "default",
            "--patch",
            "{\"automountServiceAccountToken\":false}",
        ],
    ])],
    kubectl: &["kubectl", "auth", "can-i", "--list", "--as", "system:serviceaccount:<namespace>:default"],
    references: &[Reference {
        title: "Kubernetes: RBAC good practices",
        url: "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
    }],
    mappings: &[Mapping::Cis("5.1.5"), Mapping::Nsa("Authentication and authorization")],
    judge: Judge::Hub(judge),
};

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    let namespace = &hub.key.namespace;
    let rights = context.derived.rights.of_account(namespace, "default");
    let account = ObjectRef::namespaced(Kind::ServiceAccount, namespace, "default");
    let grants: Vec<&Grant> = rights.with(Grant::is_excess).collect();
    let Some(first) = grants.first() else {
        rights.complete()?;
        let reason = Reason::new("none", "{account} may do no more than every identity of the cluster");
        return Ok(Outcome::pass(reason.with("account", account)));
    };
    let reason = Reason::new("rights", "{binding} gives {role} to {account}")
        .with("binding", first.binding.clone())
        .with("role", first.role.clone())
        .with("account", account);
    let facts = grants.iter().map(|grant| {
        let found = format!(
            "{} {} has {} {}",
            grant.subject.kind, grant.subject.name, grant.role.kind, grant.role.name
        );
        Evidence::new(grant.binding.clone(), "subjects", Arg::text(found))
            .wanted(Arg::word("no such binding"))
    });
    Ok(name_binding(Outcome::fail(reason), &first.binding).because_all(facts))
}
