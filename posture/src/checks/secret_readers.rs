//! Flags who else can read a hub's Secrets: directly, or through a pod of its namespace.

use std::collections::BTreeMap;

use crate::access::{LEADING, Lead, Question, Way};
use crate::check::accounts::name_binding;
use crate::check::{
    Check, Context, Evidence, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict,
};
use crate::facts::Subject;
use crate::fix::Fix;
use crate::gap::Gap;
use crate::hub::Hub;
use crate::kind::Kind;
use crate::object::ObjectRef;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "RBA-13",
    name: "secret-readers",
    title: "Only the cluster's own accounts can read the hub's Secrets",
    fault: "Accounts or groups from elsewhere can read the hub's Secrets",
    severity: Severity::Medium,
    topic: Topic::Rbac,
    since: "0.1.0",
    why: "The hub's Secret holds the token of the proxy, the key of the cookies and the passwords of the login. Who reads it, or enters or \
          makes a pod in its namespace, can act as the hub and as every user.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Unknown],
    needs: &[Kind::RoleBinding, Kind::ClusterRoleBinding, Kind::Role, Kind::ClusterRole],
    fixes: &[Fix::advice(
        "Bind a role for the namespaces that the account or group needs instead of the whole cluster, or one without Secrets and pods.",
    )
    .commands(&[&["kubectl", "--namespace", "<binding-namespace>", "get", "<binding-kind>", "<binding>", "--output", "yaml"]])],
    kubectl: &["kubectl", "get", "clusterrolebindings,rolebindings", "--all-namespaces", "--output", "wide"],
    references: &[Reference {
        title: "Kubernetes: Good practices for Secrets",
        url: "https://kubernetes.io/docs/concepts/security/secrets-good-practices/",
    }],
    mappings: &[Mapping::Cis("5.1.2"), Mapping::Nsa("Authentication and authorization")],
    judge: Judge::Hub(judge),
};

/// Namespaces of the cluster's own programs and of well-known operators, which have to read Secrets everywhere.
const OPERATORS: [&str; 15] = [
    "argocd",
    "calico-system",
    "cattle-system",
    "cert-manager",
    "external-secrets",
    "flux-system",
    "gatekeeper-system",
    "ingress-nginx",
    "istio-system",
    "kyverno",
    "linkerd",
    "longhorn-system",
    "rook-ceph",
    "tigera-operator",
    "velero",
];

/// Groups of people who may do everything anyway.
const ADMINISTRATORS: [&str; 2] = ["system:masters", "kubeadm:cluster-admins"];

/// Reading Secrets itself.
const READ: (&[&str], &str, &str, &str) = (&["get", "list", "watch"], "", "secrets", "read Secrets");

/// What making a workload comes to.
const MAKE: &str = "make pods";

/// The questions: verbs, API group, resource, and what it comes to.
fn questions() -> impl Iterator<Item = (&'static [&'static str], &'static str, &'static str, &'static str)> {
    let into = LEADING.iter().filter_map(|right| {
        let act = match right.lead {
            Lead::EnterPods => "enter pods",
            Lead::MakePods => MAKE,
            Lead::TakeRights => return None,
        };
        Some((right.verbs, right.group, right.resource, act))
    });
    std::iter::once(READ).chain(into)
}

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    let namespace = hub.key.namespace.as_str();
    let (holders, gap) = holders(context, hub);
    let strangers: Vec<_> = holders.iter().filter(|(subject, _)| is_stranger(subject, namespace)).collect();
    if let Some((subject, (act, way))) = strangers.first() {
        let reason = Reason::new("strangers", "{subject} may {act} in namespace {namespace}")
            .with("subject", words(subject))
            .with("act", Arg::word(*act))
            .with("namespace", Arg::text(namespace));
        let facts = strangers.iter().filter_map(|(subject, (act, way))| {
            let Way::Rule(given) = way else { return None };
            let found = format!("{} {}: {act}", subject.kind, subject.name);
            Some(
                Evidence::new(given.binding.clone(), "subjects", Arg::text(found))
                    .wanted(Arg::word("a narrower role")),
            )
        });
        let outcome = Outcome::warn(reason).because_all(facts);
        return Ok(match way {
            Way::Rule(given) => name_binding(outcome, &given.binding),
            Way::Masters => outcome,
        });
    }
    gap.map_or(Ok(()), Err)?;
    let names: Vec<_> = holders.keys().map(words).collect();
    let note = Reason::new("holders", "Who can: {subjects}").with("subjects", Arg::List(names));
    let reason = Reason::new(
        "own",
        "Only accounts of namespace {namespace} and of the cluster's own programs, and users by name, can read the hub's Secrets",
    );
    Ok(Outcome::pass(reason.with("namespace", Arg::text(namespace))).note(note))
}

/// Everybody who gets at the hub's Secrets, with one way each, and what may hide more.
fn holders(context: &Context<'_>, hub: &Hub) -> (BTreeMap<Subject, (&'static str, Way)>, Option<Gap>) {
    let mut all = BTreeMap::new();
    let mut gap = None;
    for (verbs, group, resource, act) in questions() {
        for verb in verbs {
            let question = Question::new(verb, group, resource).within(&hub.key.namespace);
            let question = match (&hub.secret, *verb) {
                // Making something takes a rule without names; entering a pod, which is made too, does not.
                (_, "create") if !resource.contains('/') => question,
                // A rule for other Secrets only does not lead to the hub's.
                (Some(secret), _) if resource == "secrets" => question.named(secret),
                _ => question.some(),
            };
            let holders = context.derived.rights.who_may(&question);
            gap = gap.or(holders.gap);
            for (subject, ways) in holders.ways {
                if let Some(way) = ways.into_iter().next() {
                    let act = if act == MAKE && *verb != "create" { "change what makes pods" } else { act };
                    all.entry(subject).or_insert((act, way));
                }
            }
        }
    }
    (all, gap)
}

/// Whether a subject is an account from elsewhere, a group of people who are no administrators, or anybody at all.
fn is_stranger(subject: &Subject, namespace: &str) -> bool {
    match (subject.kind.as_str(), subject.namespace.as_deref()) {
        ("ServiceAccount", Some(place)) => {
            let is_systems = place.starts_with("kube-") || place.starts_with("openshift-");
            place != namespace && !is_systems && !OPERATORS.contains(&place)
        }
        ("Group", _) => {
            let of_namespace = format!("system:serviceaccounts:{namespace}");
            let of_system = "system:serviceaccounts:kube-system";
            subject.name != of_namespace
                && subject.name != of_system
                && !ADMINISTRATORS.contains(&subject.name.as_str())
        }
        // Whoever sends no credentials at all.
        ("User", _) => subject.name == "system:anonymous",
        _ => false,
    }
}

fn words(subject: &Subject) -> Arg {
    match &subject.namespace {
        Some(namespace) => ObjectRef::namespaced(Kind::ServiceAccount, namespace, &subject.name).into(),
        None => Arg::text(format!("{} {}", subject.kind, subject.name)),
    }
}
