//! Flags user servers whose account may do something at the Kubernetes API.

use crate::access::Grant;
use crate::check::accounts::name_binding;
use crate::check::servers::{evidence_of, judge_servers};
use crate::check::{
    Check, Context, Evidence, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict,
};
use crate::derived::token::token_mounts;
use crate::fix::{Fix, FixValue};
use crate::hub::{Hub, UserClass};
use crate::kind::Kind;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "API-02",
    name: "server-account-rights",
    title: "The account of user servers has no rights at the Kubernetes API",
    fault: "The account of user servers has rights at the Kubernetes API",
    severity: Severity::Critical,
    topic: Topic::ApiAccess,
    since: "0.1.0",
    why: "What the account may do, every user may do from a notebook. Whoever reads pods reads the tokens of other people's servers in \
          their environment; whoever reads Secrets or changes something soon owns the hub.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Fail, Verdict::Unknown],
    needs: &[Kind::Pod, Kind::RoleBinding, Kind::ClusterRoleBinding, Kind::Role, Kind::ClusterRole],
    fixes: &[
        Fix::before(
            1,
            0,
            "Let user servers run without an account, or as one of their own that a minimal role is bound to; never as `default` if that \
             has rights. Delete the binding that gives more, then restart the user servers.",
        )
        .values(&[("singleuser.serviceAccountName", FixValue::Null)])
        .commands(&[&["kubectl", "--namespace", "<binding-namespace>", "delete", "<binding-kind>", "<binding>"]]),
        Fix::from(
            1,
            0,
            "Mount no token, and let user servers run without an account or as one of their own that a minimal role is bound to; never as \
             `default` if that has rights. Delete the binding that gives more, then restart the user servers.",
        )
        .values(&[
            ("singleuser.serviceAccountName", FixValue::Null),
            ("hub.config.KubeSpawner.automount_service_account_token", FixValue::Bool(false)),
        ])
        .commands(&[&["kubectl", "--namespace", "<binding-namespace>", "delete", "<binding-kind>", "<binding>"]]),
    ],
    kubectl: &[
        "kubectl",
        "auth",
        "can-i",
        "--list",
        "--namespace",
        "<user-namespace>",
        "--as",
        "system:serviceaccount:<user-namespace>:<account>",
    ],
    references: &[
        Reference {
            title: "Zero to JupyterHub: Security, Kubernetes API access",
            url: "https://z2jh.jupyter.org/en/stable/administrator/security.html",
        },
        Reference {
            title: "Kubernetes: RBAC good practices",
            url: "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
        },
    ],
    mappings: &[Mapping::Cis("5.1.5"), Mapping::Nsa("Authentication and authorization")],
    judge: Judge::AnyHub(judge),
};

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    judge_servers(context, hub, |class| judge_class(context, class))
}

fn judge_class(context: &Context<'_>, class: &UserClass) -> Judgement {
    let account = class.spec.account();
    let rights = context.derived.rights.of_account(&class.namespace, account);
    let grants: Vec<&Grant> = rights.with(Grant::is_excess).collect();
    let mounts = token_mounts(&class.spec);
    let grave = grants.iter().find_map(|grant| Some((*grant, grave(grant)?)));
    let outcome = match (grave, grants.first()) {
        (Some((grant, act)), _) if !mounts.is_empty() => {
            let reason = named(
                "grave",
                "User servers hold a token of {account}, which {binding} allows to {act}",
                grant,
            );
            fault(Outcome::fail(reason.with("act", Arg::word(act))), grant, &grants)
        }
        (Some((grant, act)), _) => {
            let reason = named(
                "grave-no-token",
                "{binding} allows the account of user servers, {account}, to {act}; no token is mounted: one line of spec away",
                grant,
            );
            let outcome = Outcome::warn(reason.with("act", Arg::word(act))).severity(Severity::Medium);
            fault(outcome, grant, &grants)
        }
        (None, first) => {
            // With a token, what is hidden may be worse than what was seen.
            if first.is_none() || !mounts.is_empty() {
                rights.complete()?;
            }
            match first {
                Some(grant) => {
                    let reason = named(
                        "reading",
                        "{binding} gives {role} to the account of user servers, {account}, which changes nothing and reads no Secrets or pods",
                        grant,
                    );
                    let outcome =
                        Outcome::warn(reason.with("role", grant.role.clone())).severity(Severity::Low);
                    fault(outcome, grant, &grants)
                }
                None => Outcome::pass(Reason::new(
                    "powerless",
                    "The account of user servers, {account}, may do no more than every identity of the cluster",
                )),
            }
        }
    };
    Ok(finished(outcome, class, account, mounts.first().map(|mount| mount.path.as_str())))
}

fn named(id: &'static str, template: &'static str, grant: &Grant) -> Reason {
    Reason::new(id, template).with("binding", grant.binding.clone())
}

fn fault(outcome: Outcome, grant: &Grant, all: &[&Grant]) -> Outcome {
    let facts = all.iter().map(|grant| {
        let role = format!("{} {}", grant.role.kind, grant.role.name);
        Evidence::new(grant.binding.clone(), "roleRef", Arg::text(role)).wanted(Arg::word("no such binding"))
    });
    name_binding(outcome, &grant.binding).because_all(facts)
}

/// Adds what every outcome says of the class.
fn finished(mut outcome: Outcome, class: &UserClass, account: &str, mount: Option<&str>) -> Outcome {
    outcome.reason = outcome.reason.with("account", Arg::text(account));
    let mounted = mount.map(|path| evidence_of(class, "spec.containers[].volumeMounts", Arg::text(path)));
    outcome
        .because(evidence_of(class, "spec.serviceAccountName", Arg::text(account)))
        .because_all(mounted)
        .slot("user-namespace", &class.namespace)
        .slot("account", account)
}

/// What a grant allows that no user should be able to do, in words.
fn grave(grant: &Grant) -> Option<&'static str> {
    if grant.is_everything() {
        Some("do everything")
    } else if grant.enters_pods() {
        Some("enter pods")
    } else if grant.reads_secrets() {
        Some("read Secrets")
    } else if grant.lists_pods() || grant.allows("get", "", "pods") {
        Some("read pods")
    } else if grant.writes() {
        Some("change objects")
    } else if grant.opens_what_runs() {
        Some("reach what runs in pods, behind Services or on nodes")
    } else {
        grant.may_change().then_some("send what it likes to paths of the API server")
    }
}
