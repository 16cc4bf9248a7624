//! Flags accounts of a hub's namespace whose rights lead to those of others: they make pods, enter them, ask for tokens, change roles.

use crate::access::{Grant, LEADING, Lead, Reach};
use crate::check::accounts::{self, Mighty, name_binding};
use crate::check::{Check, Context, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict};
use crate::fix::Fix;
use crate::hub::Hub;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "RBA-10",
    name: "escalating-accounts",
    title: "Only the hub's own account may make pods, and none may take the rights of others",
    fault: "An account of the hub's namespace may take the rights of others",
    severity: Severity::High,
    topic: Topic::Rbac,
    since: "0.1.0",
    why: "Who makes a pod runs it as any account of the namespace, and who enters one, makes tokens, impersonates or changes roles takes the \
          rights of others too. The hub has to make pods; nothing else of the chart has such a right.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Fail, Verdict::Unknown],
    needs: accounts::NEEDS,
    fixes: &[Fix::advice("Take the right out of the role, or delete the binding if nothing needs it.")
        .commands(&[&[
            "kubectl",
            "--namespace",
            "<binding-namespace>",
            "delete",
            "<binding-kind>",
            "<binding>",
        ]])],
    kubectl: &[
        "kubectl",
        "auth",
        "can-i",
        "--list",
        "--namespace",
        "<namespace>",
        "--as",
        "system:serviceaccount:<namespace>:<account>",
    ],
    references: &[Reference {
        title: "Kubernetes: RBAC good practices, privilege escalation risks",
        url: "https://kubernetes.io/docs/concepts/security/rbac-good-practices/#privilege-escalation-risks",
    }],
    mappings: &[
        Mapping::Cis("5.1.4"),
        Mapping::Cis("5.1.8"),
        Mapping::Nsa("Authentication and authorization"),
    ],
    judge: Judge::Hub(judge),
};

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    let namespace = &hub.key.namespace;
    let found = accounts::find(context, namespace, |account, grant| !acts(hub, account, grant).is_empty());
    if !found.running.is_empty() {
        let reason = Reason::new("running", "{user} runs as {account}, which may {acts} {where}")
            .with("user", found.running[0].users[0].clone());
        return Ok(fault(hub, Outcome::fail(reason), &found.running));
    }
    found.gap.map_or(Ok(()), Err)?;
    if !found.idle.is_empty() {
        let reason = Reason::new("idle", "{account} may {acts} {where}; nothing runs as it now");
        return Ok(fault(hub, Outcome::warn(reason).severity(Severity::Medium), &found.idle));
    }
    let reason = Reason::new(
        "none",
        "No account of the namespace but {account} may make pods, and none may take the rights of others",
    )
    .with("account", Arg::text(hub.deployment.pod().account()));
    let note = Reason::new(
        "hub",
        "The hub has to make pods, and so could run one as any account of its namespace: give no account there more rights than users may have",
    );
    Ok(Outcome::pass(reason).note(note).slot("account", hub.deployment.pod().account()))
}

/// Whether an account has to make pods in the hub's namespace: the hub's own, and that of its BinderHub.
fn has_to_make_pods(hub: &Hub, account: &str) -> bool {
    let makers = std::iter::once(&hub.deployment).chain(&hub.binder);
    // Every pod that names no account runs as `default`: that one is nobody's own.
    account != "default" && makers.into_iter().any(|maker| maker.pod().account() == account)
}

/// What a grant allows an account that leads to the rights of others, such as `create pods/exec`.
fn acts(hub: &Hub, account: &str, grant: &Grant) -> Vec<String> {
    let is_expected =
        has_to_make_pods(hub, account) && grant.reach == Reach::Namespace(hub.key.namespace.clone());
    let others = LEADING
        .iter()
        .filter(|right| !(is_expected && right.resource == "pods" && right.lead == Lead::MakePods));
    others.filter_map(|right| Some(format!("{} {}", grant.act(right)?, right.resource))).collect()
}

fn fault(hub: &Hub, mut outcome: Outcome, found: &[Mighty]) -> Outcome {
    let first = &found[0];
    let Some(grant) = first.grants.first() else { return outcome };
    let place = match &grant.reach {
        Reach::Cluster => Arg::word("in the whole cluster"),
        Reach::Namespace(namespace) => Arg::text(format!("in namespace {namespace}")),
    };
    let acts = if grant.is_everything() {
        Arg::word("do everything")
    } else {
        Arg::List(acts(hub, &first.account.name, grant).into_iter().map(Arg::word).collect())
    };
    outcome.reason =
        outcome.reason.with("account", first.account.clone()).with("acts", acts).with("where", place);
    let evidence = found.iter().flat_map(|mighty| mighty.evidence("a role without such a right"));
    name_binding(outcome, &grant.binding).because_all(evidence).slot("account", &first.account.name)
}
