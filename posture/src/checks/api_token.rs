//! Flags user servers that hold a token of the Kubernetes API.

use crate::check::servers::{evidence_of, judge_servers};
use crate::check::{
    Check, Context, Evidence, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict,
};
use crate::derived::Grant;
use crate::derived::token::{TokenMount, token_mounts};
use crate::fix::{Fix, FixValue};
use crate::gap::{Gap, Unknown};
use crate::hub::{Hub, UserClass};
use crate::kind::Kind;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "API-01",
    name: "api-token",
    title: "User servers hold no token of the Kubernetes API",
    fault: "User servers hold a token of the Kubernetes API",
    severity: Severity::High,
    topic: Topic::ApiAccess,
    since: "0.1.0",
    why: "A user's code reads the token and may do whatever its account may: list the servers of other people, read Secrets, start pods. \
          The chart mounts none unless it is told to.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Fail, Verdict::Unknown],
    needs: &[Kind::Pod, Kind::RoleBinding, Kind::ClusterRoleBinding, Kind::Role, Kind::ClusterRole],
    fixes: &[
        Fix::before(
            1,
            0,
            "Give user servers no account of their own; without one, no token is mounted. Then restart the user servers.",
        )
        .values(&[("singleuser.serviceAccountName", FixValue::Null)]),
        Fix::from(
            1,
            0,
            "Mount no token. The account may stay where user servers need it as an identity of the cloud; otherwise remove \
             `singleuser.serviceAccountName` too. Then restart the user servers.",
        )
        .values(&[("hub.config.KubeSpawner.automount_service_account_token", FixValue::Bool(false))]),
    ],
    kubectl: &[
        "kubectl",
        "--namespace",
        "<user-namespace>",
        "get",
        "pods",
        "--output",
        "custom-columns=NAME:.metadata.name,ACCOUNT:.spec.serviceAccountName,MOUNTS:.spec.containers[*].volumeMounts[*].mountPath",
    ],
    references: &[
        Reference {
            title: "Zero to JupyterHub: Security, Kubernetes API access",
            url: "https://z2jh.jupyter.org/en/stable/administrator/security.html",
        },
        Reference {
            title: "Kubernetes: Configure Service Accounts for Pods",
            url: "https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/",
        },
    ],
    mappings: &[Mapping::Cis("5.1.6"), Mapping::Nsa("Authentication and authorization")],
    judge: Judge::AnyHub(judge),
};

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    judge_servers(context, hub, |class| Ok(judge_class(context, class)))
}

fn judge_class(context: &Context<'_>, class: &UserClass) -> Outcome {
    let mounts = token_mounts(&class.spec);
    let account = class.spec.account();
    if mounts.is_empty() {
        let fact = evidence_of(class, "spec.containers[].volumeMounts", Arg::word("no token"));
        return Outcome::pass(Reason::new("none", "No container of a user server mounts a token of the API"))
            .because(fact)
            .slot("user-namespace", &class.namespace);
    }
    let facts = mounts.iter().map(|mount| mount_evidence(class, mount));
    let named = evidence_of(class, "spec.serviceAccountName", Arg::text(account));
    let rights = context.derived.rights.of_account(&class.namespace, account);
    let reason = |id, template| Reason::new(id, template).with("account", Arg::text(account));
    let outcome = match rights.is_powerless() {
        Ok(true) => Outcome::warn(reason(
            "powerless",
            "User servers hold a token of account {account}, which has no rights now: one binding, and every user has them",
        ))
        .severity(Severity::Medium),
        Ok(false) => Outcome::fail(reason("powerful", "User servers hold a token of account {account}, which has rights in the cluster"))
            .because_all(rights.with(Grant::is_excess).map(grant_evidence)),
        Err(gap) => Outcome::from(Unknown::from(rights_hidden(account, &gap))),
    };
    outcome.because_all(facts).because(named).slot("user-namespace", &class.namespace)
}

fn rights_hidden(account: &str, gap: &Gap) -> Reason {
    Reason::new("rights-hidden", "User servers hold a token of account {account}, and what it may do is hidden: {what}; needed: {permission}")
        .with("account", Arg::text(account))
        .with("what", Arg::text(gap.to_string()))
        .with("permission", Arg::text(gap.permission()))
}

fn mount_evidence(class: &UserClass, mount: &TokenMount) -> Evidence {
    let index =
        |containers: &[crate::facts::Container]| containers.iter().position(|c| c.name == mount.container);
    let path = match (index(&class.spec.containers), index(&class.spec.init_containers)) {
        (Some(index), _) => format!("spec.containers[{index}].volumeMounts"),
        (None, index) => format!("spec.initContainers[{}].volumeMounts", index.unwrap_or_default()),
    };
    let found = Arg::List(vec![Arg::text(&mount.volume), Arg::text(&mount.path)]);
    evidence_of(class, path, found).wanted(Arg::word("no token"))
}

fn grant_evidence(grant: &Grant) -> Evidence {
    let role = format!("{} {}", grant.role.kind, grant.role.name);
    Evidence::new(grant.binding.clone(), "roleRef", Arg::text(role))
}
