//! Flags accounts of a hub's namespace that may do everything.

use crate::access::{Grant, Reach};
use crate::check::accounts::{self, Found, Mighty, name_binding};
use crate::check::{Check, Context, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict};
use crate::fix::Fix;
use crate::hub::Hub;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "RBA-06",
    name: "administrator-account",
    title: "No account of the hub's namespace may do everything",
    fault: "An account of the hub's namespace may do everything",
    severity: Severity::Critical,
    topic: Topic::Rbac,
    since: "0.1.0",
    why: "Whoever gets into a pod of such an account owns the cluster, or the namespace where the account may do everything. The hub, the \
          proxy and user servers need nothing of the kind.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Fail, Verdict::Unknown],
    needs: accounts::NEEDS,
    fixes: &[Fix::advice(
        "Delete the binding, and bind a role with only what is needed to the account that needs it.",
    )
    .commands(&[&[
        "kubectl",
        "--namespace",
        "<binding-namespace>",
        "delete",
        "<binding-kind>",
        "<binding>",
    ]])],
    kubectl: &["kubectl", "get", "clusterrolebindings,rolebindings", "--all-namespaces", "--output", "wide"],
    references: &[Reference {
        title: "Kubernetes: RBAC good practices",
        url: "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
    }],
    mappings: &[Mapping::Cis("5.1.1"), Mapping::Nsa("Authentication and authorization")],
    judge: Judge::Hub(judge),
};

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    let mut found = Found::default();
    for namespace in hub.namespaces() {
        let more = accounts::find(context, namespace, |_, grant| grant.is_everything());
        found.running.extend(more.running);
        found.idle.extend(more.idle);
        found.gap = found.gap.or(more.gap);
    }
    if !found.running.is_empty() {
        let reason = Reason::new("running", "{user} runs as {account}, which may do everything {where}")
            .with("user", found.running[0].users[0].clone());
        return Ok(fault(Outcome::fail(reason), &found.running));
    }
    found.gap.map_or(Ok(()), Err)?;
    if !found.idle.is_empty() {
        let reason = Reason::new("idle", "{account} may do everything {where}; nothing runs as it now");
        return Ok(fault(Outcome::warn(reason).severity(Severity::Medium), &found.idle));
    }
    Ok(Outcome::pass(Reason::new(
        "none",
        "No account of the hub's namespace or of user servers may do everything",
    )))
}

fn fault(mut outcome: Outcome, found: &[Mighty]) -> Outcome {
    let widest = |grant: &&Grant| grant.reach != Reach::Cluster;
    let first = &found[0];
    let Some(grant) = first.grants.iter().min_by_key(widest) else { return outcome };
    let place = match &grant.reach {
        Reach::Cluster => Arg::word("in the whole cluster"),
        Reach::Namespace(namespace) => Arg::text(format!("in namespace {namespace}")),
    };
    outcome.reason = outcome.reason.with("account", first.account.clone()).with("where", place);
    let evidence = found.iter().flat_map(|mighty| mighty.evidence("a role with fewer rights"));
    name_binding(outcome, &grant.binding).because_all(evidence)
}
