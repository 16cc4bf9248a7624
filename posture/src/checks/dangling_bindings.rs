//! Flags bindings that wait for an account or a role that does not exist: whoever makes it gets the rights.

use crate::access::subject::meant;
use crate::check::accounts::name_binding;
use crate::check::{
    Check, Context, Evidence, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict,
};
use crate::facts::{Binding, Subject};
use crate::fix::Fix;
use crate::gap::Gap;
use crate::hub::Hub;
use crate::kind::Kind;
use crate::object::ObjectRef;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "RBA-12",
    name: "dangling-bindings",
    title: "Every binding of the hub's namespace names a role and accounts that exist",
    fault: "A binding of the hub's namespace names a role or an account that does not exist",
    severity: Severity::Low,
    topic: Topic::Rbac,
    since: "0.1.0",
    why: "A binding gives its rights to whatever gets the name later: who may make an account or a role of that name takes them, and nobody \
          sees a binding being made.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Unknown],
    needs: &[
        Kind::RoleBinding,
        Kind::ClusterRoleBinding,
        Kind::Role,
        Kind::ClusterRole,
        Kind::ServiceAccount,
    ],
    fixes: &[Fix::advice("Delete the binding, or take the missing account out of it.").commands(&[&[
        "kubectl",
        "--namespace",
        "<binding-namespace>",
        "delete",
        "<binding-kind>",
        "<binding>",
    ]])],
    kubectl: &[
        "kubectl",
        "--namespace",
        "<namespace>",
        "get",
        "rolebindings,roles,serviceaccounts",
        "--output",
        "wide",
    ],
    references: &[Reference {
        title: "Kubernetes: Using RBAC Authorization",
        url: "https://kubernetes.io/docs/reference/access-authn-authz/rbac/",
    }],
    mappings: &[Mapping::Nsa("Authentication and authorization")],
    judge: Judge::Hub(judge),
};

/// What a binding names that does not exist.
enum Missing {
    Role,
    Account(String, String),
}

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    let namespace = hub.key.namespace.as_str();
    let (local, global) = (&context.snapshot.role_bindings, &context.snapshot.cluster_role_bindings);
    let mut found: Vec<(&Binding, Missing)> = Vec::new();
    let mut hidden = local.complete_in(namespace).and_then(|()| global.complete()).err();
    for binding in local.present_in(namespace).chain(global.present()) {
        match missing(context, namespace, binding) {
            Ok(missing) => found.extend(missing.into_iter().map(|missing| (&**binding, missing))),
            Err(gap) => hidden = hidden.or(Some(gap)),
        }
    }
    let Some((binding, missing)) = found.first() else {
        hidden.map_or(Ok(()), Err)?;
        let reason = Reason::new(
            "none",
            "Every binding of namespace {namespace} names a role and accounts that exist",
        );
        return Ok(Outcome::pass(reason.with("namespace", Arg::text(namespace))));
    };
    let reason = match missing {
        Missing::Role => Reason::new("role", "{binding} refers to {role}, which does not exist")
            .with("role", role(binding)),
        Missing::Account(namespace, name) => {
            Reason::new("account", "{binding} gives {role} to {account}, which does not exist")
                .with("role", role(binding))
                .with("account", ObjectRef::namespaced(Kind::ServiceAccount, namespace, name))
        }
    };
    let outcome = Outcome::warn(reason.with("binding", binding.object()));
    Ok(name_binding(outcome, &binding.object()).because_all(found.iter().map(evidence)))
}

/// What a binding names that does not exist, as far as it concerns a namespace: its own bindings, those of the cluster for its accounts,
/// and those for administrators wherever they are.
fn missing(context: &Context<'_>, namespace: &str, binding: &Binding) -> Result<Vec<Missing>, Gap> {
    let is_local = binding.metadata.namespace.is_some();
    let is_administrators = !is_local && binding.role_ref.name == "cluster-admin";
    let mut accounts =
        binding.subjects.iter().filter_map(|subject| account_of(subject, binding)).collect::<Vec<_>>();
    accounts.retain(|(place, _)| is_local || is_administrators || place == namespace);
    let mut missing = Vec::new();
    // A ClusterRoleBinding without a role of this cluster concerns a namespace only through an account of it.
    if (is_local || accounts.iter().any(|(place, _)| place == namespace)) && !has_role(context, binding)? {
        missing.push(Missing::Role);
    }
    for (place, name) in accounts {
        if context.snapshot.service_accounts.get(Some(&place), &name)?.is_none() {
            missing.push(Missing::Account(place, name));
        }
    }
    Ok(missing)
}

/// The namespace and the name of a ServiceAccount that a binding means, also where its user name is written out.
fn account_of(subject: &Subject, binding: &Binding) -> Option<(String, String)> {
    let meant = meant(subject, binding).filter(|meant| meant.kind == "ServiceAccount")?;
    Some((meant.namespace?, meant.name))
}

fn has_role(context: &Context<'_>, binding: &Binding) -> Result<bool, Gap> {
    let name = &binding.role_ref.name;
    let role = match binding.role_ref.kind.as_str() {
        "Role" => context.snapshot.roles.get(binding.metadata.namespace.as_deref(), name)?,
        // The API server restores this one at every start.
        _ if name == "cluster-admin" => return Ok(true),
        _ => context.snapshot.cluster_roles.get(None, name)?,
    };
    Ok(role.is_some())
}

fn role(binding: &Binding) -> Arg {
    Arg::text(format!("{} {}", binding.role_ref.kind, binding.role_ref.name))
}

fn evidence((binding, missing): &(&Binding, Missing)) -> Evidence {
    let (path, found, wanted) = match missing {
        Missing::Role => ("roleRef", role(binding), "a role that exists"),
        Missing::Account(namespace, name) => {
            ("subjects", Arg::text(format!("ServiceAccount {namespace}/{name}")), "an account that exists")
        }
    };
    Evidence::new(binding.object(), path, found).wanted(Arg::word(wanted))
}
