//! Flags accounts of a hub's namespace whose rights lead to those of others: they make pods, enter them, ask for tokens, change roles.

use std::collections::BTreeSet;

use crate::access::{Caller, Escalations, Grant, LEADING, Lead, Means, Reach, SecretsRead, Way, account};
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
    why: "Who makes a pod runs it as any account of the namespace, and who enters one, makes or reads tokens, impersonates or changes roles takes the \
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
    let found =
        accounts::find(context, namespace, |account, grant| !acts(context, hub, account, grant).is_empty());
    if !found.running.is_empty() {
        let reason = Reason::new("running", "{user} runs as {account}, which may {acts} {where}")
            .with("user", found.running[0].users[0].clone());
        return Ok(fault(context, hub, Outcome::fail(reason), &found.running));
    }
    found.gap.map_or(Ok(()), Err)?;
    if !found.idle.is_empty() {
        let reason = Reason::new("idle", "{account} may {acts} {where}; nothing runs as it now");
        let outcome = Outcome::warn(reason).severity(Severity::Medium);
        return Ok(fault(context, hub, outcome, &found.idle));
    }
    doubt(context, hub).map_or(Ok(()), Err)?;
    let own = hub.deployment.pod().account();
    let reason = Reason::new(
        "none",
        "No account of the namespace but {account} may make pods, and no other may take the rights of others",
    )
    .with("account", Arg::text(own));
    let note = Reason::new(
        "hub",
        "The hub has to make pods, and so could run one as any account of its namespace: give no account there more rights than users may have",
    );
    let mut outcome = Outcome::pass(reason).note(note).slot("account", own);
    if let Some(keeper) = keeper(hub).filter(|keeper| makes_tokens(context, namespace, keeper)) {
        let note = Reason::new(
            "keeper",
            "{account} has to write the Secret of its certificate, and so could make one with a token of any account of the namespace",
        );
        outcome = outcome.note(note.with("account", Arg::text(keeper)));
    }
    Ok(outcome)
}

/// The account that has to write the Secret of a certificate, in the hub's namespace.
fn keeper(hub: &Hub) -> Option<&str> {
    let keeper = hub.autohttps.as_ref()?.pod().account();
    // Every pod that names no account runs as `default`: that one is nobody's own.
    (keeper != "default").then_some(keeper)
}

/// Whether an account gets tokens of others of its namespace out of Secrets.
fn makes_tokens(context: &Context<'_>, namespace: &str, name: &str) -> bool {
    let rights = context.derived.rights.of_account(namespace, name);
    let mut grants = rights.with(|grant| grant.reach == Reach::Namespace(namespace.to_owned()));
    grants.any(|grant| !token_acts(context, namespace, name, grant).is_empty())
}

/// An account that may read Secrets which may hold a token of another, for all that is known.
fn doubt(context: &Context<'_>, hub: &Hub) -> Option<Reason> {
    let namespace = hub.key.namespace.as_str();
    let readers = accounts::find(context, namespace, |name, grant| {
        grant.reads_secrets() && !has_to_read(hub, name, grant)
    });
    let escalations = Escalations::new(&context.derived.rights, context.snapshot);
    let secrets = readers.running.iter().chain(&readers.idle).find_map(|mighty| {
        let subject = account(namespace, &mighty.account.name);
        let reached = escalations.reached(&Caller::of(&subject));
        let is_bad = |read: &SecretsRead| {
            read.by == subject && mighty.grants.iter().any(|grant| grant.reach == read.reach)
        };
        reached.secrets.into_iter().find(is_bad).map(|read| (mighty, read))
    });
    let (mighty, read) = secrets?;
    let names = match &read.names {
        None => Arg::word("every Secret"),
        Some(names) => Arg::List(names.iter().map(Arg::text).collect()),
    };
    let reason = Reason::new(
        "reads-secrets",
        "{account} may read {names} {where}, and whether one holds a token of another account is not known; `kubectl get secrets --all-namespaces --field-selector type=kubernetes.io/service-account-token` tells",
    );
    let reason = reason.with("account", mighty.account.clone()).with("names", names);
    Some(reason.with("where", place(&read.reach)))
}

/// Whether reading Secrets is what an account is for: the hub's own keeps those of its servers, and another that of its certificate.
fn has_to_read(hub: &Hub, account: &str, grant: &Grant) -> bool {
    let is_keeper = has_to_make_pods(hub, account) || keeper(hub) == Some(account);
    is_keeper && grant.reach == Reach::Namespace(hub.key.namespace.clone())
}

/// Whether an account has to make pods in the hub's namespace: the hub's own, and that of its BinderHub.
fn has_to_make_pods(hub: &Hub, account: &str) -> bool {
    let makers = std::iter::once(&hub.deployment).chain(&hub.binder);
    // Every pod that names no account runs as `default`: that one is nobody's own.
    account != "default" && makers.into_iter().any(|maker| maker.pod().account() == account)
}

/// What a grant allows an account that leads to the rights of others, such as `create pods/exec`.
fn acts(context: &Context<'_>, hub: &Hub, account: &str, grant: &Grant) -> Vec<String> {
    let namespace = &hub.key.namespace;
    let is_expected = has_to_make_pods(hub, account) && grant.reach == Reach::Namespace(namespace.to_owned());
    let others = LEADING
        .iter()
        .filter(|right| !(is_expected && right.resource == "pods" && right.lead == Lead::MakePods));
    let mut acts: Vec<String> =
        others.filter_map(|right| Some(format!("{} {}", grant.act(right)?, right.resource))).collect();
    if !has_to_read(hub, account, grant) {
        acts.extend(token_acts(context, namespace, account, grant));
    }
    acts
}

/// What a grant allows an account with Secrets that surely leads to tokens of others, such as `get secrets`.
fn token_acts(context: &Context<'_>, namespace: &str, name: &str, grant: &Grant) -> Vec<String> {
    let touches = |verb: &&str| grant.allows(verb, "", "secrets");
    if !["get", "list", "watch", "create"].iter().any(touches) {
        return Vec::new();
    }
    let escalations = Escalations::new(&context.derived.rights, context.snapshot);
    let (steps, _) = escalations.steps(&Caller::of(&account(namespace, name)));
    let steps = steps.into_iter().filter(|step| matches!(step.means, Means::ReadTokens | Means::MakeTokens));
    let is_given = |way: &Way| matches!(way, Way::Rule(given) if given.binding == grant.binding && given.role == grant.role);
    let given = steps.flat_map(|step| step.acts.into_iter().zip(step.ways)).filter(|(_, way)| is_given(way));
    given.map(|(act, _)| act).collect::<BTreeSet<_>>().into_iter().collect()
}

fn place(reach: &Reach) -> Arg {
    match reach {
        Reach::Cluster => Arg::word("in the whole cluster"),
        Reach::Namespace(namespace) => Arg::text(format!("in namespace {namespace}")),
    }
}

fn fault(context: &Context<'_>, hub: &Hub, mut outcome: Outcome, found: &[Mighty]) -> Outcome {
    let first = &found[0];
    let Some(grant) = first.grants.first() else { return outcome };
    let acts = if grant.is_everything() {
        Arg::word("do everything")
    } else {
        Arg::List(acts(context, hub, &first.account.name, grant).into_iter().map(Arg::word).collect())
    };
    let reason = outcome.reason.with("account", first.account.clone()).with("acts", acts);
    outcome.reason = reason.with("where", place(&grant.reach));
    let evidence = found.iter().flat_map(|mighty| mighty.evidence("a role without such a right"));
    name_binding(outcome, &grant.binding).because_all(evidence).slot("account", &first.account.name)
}
