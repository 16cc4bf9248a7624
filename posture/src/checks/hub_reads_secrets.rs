//! Flags hubs whose account reads every Secret of its namespace where others keep theirs there, or where nothing needs it.

use std::collections::BTreeMap;

use crate::access::Grant;
use crate::check::servers::{evidence_of, no_server};
use crate::check::{
    Check, Context, Evidence, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict,
};
use crate::facts::{Meta, PodSpec, UsedSecret};
use crate::fix::Fix;
use crate::gap::Gap;
use crate::hub::{Hub, UserClass, parts};
use crate::kind::Kind;
use crate::object::ObjectRef;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "RBA-04",
    name: "hub-reads-secrets",
    title: "The hub's account reads no Secrets but its own",
    fault: "The hub's account reads Secrets that it does not need",
    severity: Severity::Medium,
    topic: Topic::Rbac,
    since: "0.1.0",
    why: "From chart 1.0 on the hub's role reads and writes every Secret of its namespace, for one feature: TLS inside the hub \
          (`internal_ssl`). Whoever gets code into the hub reads what other programs keep there.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Unknown],
    needs: &[
        Kind::Pod,
        Kind::RoleBinding,
        Kind::ClusterRoleBinding,
        Kind::Role,
        Kind::ClusterRole,
        Kind::StatefulSet,
        Kind::DaemonSet,
        Kind::ReplicaSet,
        Kind::ReplicationController,
        Kind::Job,
        Kind::CronJob,
    ],
    fixes: &[
        Fix::advice("Give the other programs a namespace of their own, with their Secrets, or give the hub one.").case("shared"),
        Fix::before(2, 0, "Upgrade to chart 2.0 or later first: before, the hub's account cannot be kept without its role.")
            .newer_chart()
            .case("unused"),
        Fix::from(
            2,
            0,
            "Where the namespace holds nothing but this hub, this can wait. To take the right away, give the hub's account roles of its own, \
             then set `rbac.create: false`. That removes the roles of the user scheduler and of autohttps too: where they run, keep a copy \
             of theirs.",
        )
        .case("unused")
        .commands(&[
            &[
                "kubectl", "--namespace", "<namespace>", "create", "role", "hub-servers",
                "--verb=get,list,watch,create,delete", "--resource=pods,persistentvolumeclaims",
            ],
            &[
                "kubectl", "--namespace", "<namespace>", "create", "role", "hub-events",
                "--verb=get,list,watch", "--resource=events",
            ],
            &[
                "kubectl", "--namespace", "<namespace>", "create", "rolebinding", "hub-servers",
                "--role=hub-servers", "--serviceaccount=<namespace>:<account>",
            ],
            &[
                "kubectl", "--namespace", "<namespace>", "create", "rolebinding", "hub-events",
                "--role=hub-events", "--serviceaccount=<namespace>:<account>",
            ],
        ]),
    ],
    kubectl: &[
        "kubectl",
        "auth",
        "can-i",
        "list",
        "secrets",
        "--namespace",
        "<namespace>",
        "--as",
        "system:serviceaccount:<namespace>:<account>",
    ],
    references: &[
        Reference {
            title: "Zero to JupyterHub: The hub's access to Secrets",
            url: "https://github.com/jupyterhub/zero-to-jupyterhub-k8s/pull/2065",
        },
        Reference {
            title: "Kubernetes: Good practices for Secrets",
            url: "https://kubernetes.io/docs/concepts/security/secrets-good-practices/",
        },
    ],
    mappings: &[Mapping::Cis("5.1.2"), Mapping::Nsa("Authentication and authorization")],
    judge: Judge::Hub(judge),
};

/// The volume in which KubeSpawner gives a server its certificates where TLS inside the hub is on.
const INTERNAL_CERTIFICATES: &str = "jupyterhub-internal-certs";

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    let namespace = hub.key.namespace.as_str();
    let account = hub.deployment.pod().account();
    let filled = |outcome: Outcome| outcome.slot("account", account);
    let reason = |id, template| Reason::new(id, template).with("account", Arg::text(account));
    let rights = context.derived.rights.of_account(namespace, account);
    let grants: Vec<&Grant> =
        rights.with(|grant| grant.holds_in(namespace) && grant.reads_any_secret()).collect();
    if grants.is_empty() {
        rights.complete()?;
        let reason = reason("not", "The hub's account {account} cannot read whatever Secret it likes");
        return Ok(filled(Outcome::pass(reason)));
    }
    let facts = grants.iter().map(|grant| {
        let role = format!("{} {}", grant.role.kind, grant.role.name);
        Evidence::new(grant.binding.clone(), "roleRef", Arg::text(role))
    });
    let (others, gap) = others(context, hub);
    if let Some((other, used)) = others.first_key_value() {
        let reason = reason(
            "shared",
            "The hub's account {account} reads every Secret of the namespace, and {other} keeps {secret} there",
        )
        .with("other", other.clone())
        .with("secret", Arg::text(&used.name));
        let used = others.iter().map(|(other, used)| {
            let path = template_path(other.kind, &used.path);
            Evidence::new(other.clone(), path, Arg::text(&used.name))
                .wanted(Arg::word("in another namespace"))
        });
        return Ok(filled(Outcome::warn(reason).case("shared").because_all(used).because_all(facts)));
    }
    let has_certificates =
        |class: &&UserClass| class.spec.volumes.iter().any(|volume| volume.name == INTERNAL_CERTIFICATES);
    if let Some(class) = hub.user_classes.iter().find(has_certificates) {
        gap.map_or(Ok(()), Err)?;
        let reason = reason(
            "needed",
            "The hub's account {account} reads every Secret of the namespace for its TLS inside the hub, and nobody else uses one there",
        );
        let fact = evidence_of(class, "spec.volumes[].name", Arg::text(INTERNAL_CERTIFICATES));
        return Ok(filled(Outcome::pass(reason).because(fact).because_all(facts)));
    }
    if context.derived.servers(hub)?.is_empty() {
        return Ok(filled(no_server(context, hub)));
    }
    let reason = reason(
        "unused",
        "The hub's account {account} reads every Secret of the namespace, which only TLS inside the hub needs, and that is off",
    );
    let outcome = Outcome::warn(reason).severity(Severity::Low).case("unused");
    let facts = facts.map(|fact| fact.wanted(Arg::word("a role without Secrets")));
    Ok(filled(outcome.because_all(facts)))
}

/// The other programs of the hub's namespace that use a Secret, with one that each uses, and what may hide more.
fn others(context: &Context<'_>, hub: &Hub) -> (BTreeMap<ObjectRef, UsedSecret>, Option<Gap>) {
    let (snapshot, namespace) = (context.snapshot, hub.key.namespace.as_str());
    let mut found = BTreeMap::new();
    let mut add = |object: ObjectRef, spec: &PodSpec| {
        if let Some(used) = spec.used_secrets().into_iter().next() {
            found.insert(object, used);
        }
    };
    let is_made = |metadata: &Meta| metadata.owner_references.iter().any(|owner| owner.controller);
    let mut gap = None;
    for listing in snapshot.workload_listings().into_iter().chain([&snapshot.jobs, &snapshot.cron_jobs]) {
        gap = gap.or(listing.complete_in(namespace).err());
        for workload in listing.present_in(namespace).filter(|workload| !is_made(&workload.metadata)) {
            if parts::release(workload) != Some(&hub.key.release) {
                add(workload.object(), workload.pod());
            }
        }
    }
    gap = gap.or(snapshot.pods.complete_in(namespace).err());
    for pod in snapshot.pods.present_in(namespace).filter(|pod| !is_made(&pod.metadata)) {
        let component = pod.metadata.label("component");
        let is_hubs = pod.metadata.label("release") == Some(&hub.key.release)
            || hub
                .user_classes
                .iter()
                .any(|class| class.pods.iter().any(|other| std::sync::Arc::ptr_eq(other, pod)))
            || hub.binder.is_some() && component == Some("binderhub-build");
        if !is_hubs {
            add(ObjectRef::namespaced(Kind::Pod, namespace, pod.metadata.name.as_str()), &pod.spec);
        }
    }
    (found, gap)
}

/// Where a field of a pod stands in an object of this kind.
fn template_path(kind: Kind, path: &str) -> String {
    match kind {
        Kind::Pod => path.to_owned(),
        Kind::CronJob => format!("spec.jobTemplate.spec.template.{path}"),
        _ => format!("spec.template.{path}"),
    }
}
