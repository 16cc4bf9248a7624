//! Flags bindings that make Tiller, or an account left over from it, the administrator of the cluster.

use std::collections::BTreeSet;

use crate::check::{
    Check, Context, Evidence, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict,
};
use crate::component::tiller;
use crate::derived::{Grant, Reach, Rights};
use crate::fix::Fix;
use crate::kind::Kind;
use crate::object::ObjectRef;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "TIL-04",
    name: "tiller-admin",
    title: "Nothing made for Tiller holds every right in the cluster",
    fault: "A binding made for Tiller gives every right in the cluster",
    severity: Severity::High,
    topic: Topic::Helm,
    since: "0.1.0",
    why: "The old guides made Tiller the administrator of the cluster. The binding outlives Tiller: whoever can start a pod with that \
          account, or read its token, has every right.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Unknown],
    needs: &[
        Kind::Pod,
        Kind::Deployment,
        Kind::StatefulSet,
        Kind::DaemonSet,
        Kind::ReplicaSet,
        Kind::ReplicationController,
        Kind::ClusterRole,
        Kind::ClusterRoleBinding,
    ],
    fixes: &[Fix::advice(
        "Delete the binding, and the account if nothing else uses it. Do this after the releases are moved to Helm 3.",
    )
    .commands(&[
        &["kubectl", "delete", "clusterrolebinding", "<binding>"],
        &["kubectl", "--namespace", "<account-namespace>", "delete", "serviceaccount", "<account>"],
    ])],
    kubectl: &["kubectl", "get", "clusterrolebindings", "--output", "wide"],
    references: &[Reference { title: "Helm 2: Role-based Access Control", url: "https://v2.helm.sh/docs/rbac/" }],
    mappings: &[Mapping::Cis("5.1.1"), Mapping::Nsa("Authentication and authorization")],
    judge: Judge::Cluster(judge),
};

fn judge(context: &Context<'_>) -> Judgement {
    let tillers = tiller::tillers(context.snapshot);
    let bindings = &context.snapshot.cluster_role_bindings;
    let accounts = tillers.accounts();
    let rights: Vec<Rights> =
        accounts.keys().map(|(namespace, name)| context.derived.rights.of_account(namespace, name)).collect();
    let admin = |grant: &Grant| grant.reach == Reach::Cluster && grant.is_everything();
    let held = rights.iter().flat_map(|rights| rights.with(admin)).map(|grant| grant.binding.clone());
    let left_over = bindings.present().filter(|b| tiller::is_made_for_tiller(b)).map(|b| b.object());
    let found: BTreeSet<ObjectRef> = held.chain(left_over).collect();
    let Some(first) = found.first() else {
        tillers.complete()?;
        bindings.complete()?;
        for rights in &rights {
            rights.complete()?;
        }
        return Ok(Outcome::pass(Reason::new(
            "none",
            "No account of Tiller holds every right in the cluster",
        )));
    };
    let reason = if tillers.seen.is_empty() {
        Reason::new(
            "left-over",
            "Binding {binding} still gives an account made for Tiller every right in the cluster",
        )
    } else {
        Reason::new("bound", "Binding {binding} gives Tiller every right in the cluster")
    };
    let outcome = Outcome::warn(reason.with("binding", first.clone()))
        .because_all(found.iter().map(|object| evidence(context, object)))
        .slot("binding", &first.name);
    let binding = bindings.find(None, &first.name);
    let account = binding.and_then(|binding| binding.subjects.iter().find(|s| s.kind == "ServiceAccount"));
    Ok(match account {
        // Everything else in the namespace runs as `default` too.
        Some(account) if account.name != "default" => outcome
            .slot("account", &account.name)
            .slot("account-namespace", account.namespace.clone().unwrap_or_default()),
        _ => outcome,
    })
}

fn evidence(context: &Context<'_>, object: &ObjectRef) -> Evidence {
    let binding = context.snapshot.cluster_role_bindings.find(None, &object.name);
    let role = binding.map_or("", |binding| binding.role_ref.name.as_str());
    Evidence::new(object.clone(), "roleRef.name", Arg::text(role)).wanted(Arg::word("no such binding"))
}
