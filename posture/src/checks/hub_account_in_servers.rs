//! Flags user servers that hold the token of the hub's account, or of another that may make pods.

use crate::check::servers::{evidence_of, judge_servers};
use crate::check::{
    Check, Context, Evidence, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict,
};
use crate::derived::Grant;
use crate::derived::token::token_mounts;
use crate::fix::{Fix, FixValue};
use crate::hub::{Hub, UserClass};
use crate::kind::Kind;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "API-03",
    name: "hub-account-in-servers",
    title: "User servers do not run as the hub's account",
    fault: "User servers run as the hub's account or as another that may make pods",
    severity: Severity::Critical,
    topic: Topic::ApiAccess,
    since: "0.1.0",
    why: "The hub's account starts and stops every server, and from chart 1.0 on reads every Secret of the namespace. Whoever may make \
          pods borrows any other account and any volume there. In the hands of users, each of them owns the hub.",
    verdicts: &[Verdict::Pass, Verdict::Fail, Verdict::Unknown],
    needs: &[Kind::Pod, Kind::RoleBinding, Kind::ClusterRoleBinding, Kind::Role, Kind::ClusterRole],
    fixes: &[
        Fix::before(1, 0, "Give user servers no account, or one of their own without rights. Then restart the user servers.")
            .values(&[("singleuser.serviceAccountName", FixValue::Null)]),
        Fix::from(
            1,
            0,
            "Give user servers no account, or one of their own without rights, and mount no token. Then restart the user servers.",
        )
        .values(&[
            ("singleuser.serviceAccountName", FixValue::Null),
            ("hub.config.KubeSpawner.automount_service_account_token", FixValue::Bool(false)),
        ]),
    ],
    kubectl: &[
        "kubectl",
        "--namespace",
        "<user-namespace>",
        "get",
        "pods",
        "--output",
        "custom-columns=NAME:.metadata.name,ACCOUNT:.spec.serviceAccountName",
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
    mappings: &[Mapping::Cis("5.1.4"), Mapping::Nsa("Authentication and authorization")],
    judge: Judge::AnyHub(judge),
};

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    judge_servers(context, hub, |class| {
        Ok(judge_class(context, hub, class)?.slot("user-namespace", &class.namespace))
    })
}

fn judge_class(context: &Context<'_>, hub: &Hub, class: &UserClass) -> Judgement {
    let account = class.spec.account();
    let is_hubs = class.namespace == hub.key.namespace && account == hub.deployment.pod().account();
    let fact = evidence_of(class, "spec.serviceAccountName", Arg::text(account));
    let reason = |id, template| Reason::new(id, template).with("account", Arg::text(account));
    if token_mounts(&class.spec).is_empty() {
        // Admission writes `default` into every pod that names no account, the hub's and the users' alike.
        let reason =
            reason("no-token", "User servers hold no token, so account {account} gives them nothing");
        return Ok(Outcome::pass(reason).because(fact));
    }
    if is_hubs {
        let hubs = hub.deployment.pod().service_account_name.as_deref().unwrap_or("not set");
        let path = "spec.template.spec.serviceAccountName";
        return Ok(Outcome::fail(reason(
            "hubs",
            "User servers hold the token of {account}, the account of the hub",
        ))
        .because(fact.wanted(Arg::word("another account than the hub's, or no token")))
        .because(Evidence::new(hub.deployment.object(), path, Arg::text(hubs))));
    }
    let rights = context.derived.rights.of_account(&class.namespace, account);
    if rights.any(Grant::makes_pods)? {
        let grants = rights.with(Grant::makes_pods).map(|grant| {
            let role = format!("{} {}", grant.role.kind, grant.role.name);
            Evidence::new(grant.binding.clone(), "roleRef", Arg::text(role))
                .wanted(Arg::word("a role that makes no pods"))
        });
        return Ok(Outcome::fail(reason(
            "makes-pods",
            "User servers hold the token of {account}, which may make pods",
        ))
        .because(fact)
        .because_all(grants));
    }
    Ok(Outcome::pass(reason(
        "other",
        "User servers hold the token of {account}, which is not the hub's and makes no pods",
    ))
    .because(fact))
}
