//! Flags roles with an asterisk that an account of a hub's namespace has.

use crate::access::Grant;
use crate::check::accounts::{self, Mighty, name_binding};
use crate::check::{Check, Context, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict};
use crate::fix::Fix;
use crate::hub::Hub;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "RBA-09",
    name: "wildcard-rights",
    title: "No account of the hub's namespace has a role with an asterisk",
    fault: "An account of the hub's namespace has a role with an asterisk",
    severity: Severity::High,
    topic: Topic::Rbac,
    since: "0.1.0",
    why: "An asterisk gives more than anybody read when the role was written, and more with each new version of Kubernetes and each new \
          custom resource.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Fail, Verdict::Unknown],
    needs: accounts::NEEDS,
    fixes: &[Fix::advice(
        "Write the verbs, resources and groups that are needed into the role instead of the asterisk.",
    )],
    kubectl: &["kubectl", "--namespace", "<namespace>", "get", "roles,rolebindings", "--output", "yaml"],
    references: &[Reference {
        title: "Kubernetes: RBAC good practices, least privilege",
        url: "https://kubernetes.io/docs/concepts/security/rbac-good-practices/#least-privilege",
    }],
    mappings: &[Mapping::Cis("5.1.3"), Mapping::Nsa("Authentication and authorization")],
    judge: Judge::Hub(judge),
};

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    let namespace = &hub.key.namespace;
    let found = accounts::find(context, namespace, |_, grant| has_asterisk(grant));
    // Whether something runs as the account now makes no difference here.
    let all: Vec<Mighty> = found.running.into_iter().chain(found.idle).collect();
    let grave = all.iter().find_map(|mighty| {
        Some((mighty, mighty.grants.iter().find(|grant| grave_resource(grant).is_some())?))
    });
    if let Some((mighty, grant)) = grave {
        let reason = Reason::new("grave", "{binding} gives {account} every verb on {resource}")
            .with("resource", Arg::word(grave_resource(grant).unwrap_or_default()));
        return Ok(fault(Outcome::fail(reason), mighty, grant, &all));
    }
    found.gap.map_or(Ok(()), Err)?;
    let first = all.first().and_then(|mighty| Some((mighty, mighty.grants.first()?)));
    if let Some((mighty, grant)) = first {
        let reason = Reason::new("asterisk", "{binding} gives {account} a role with an asterisk");
        return Ok(fault(Outcome::warn(reason).severity(Severity::Medium), mighty, grant, &all));
    }
    let reason = Reason::new("none", "No account of namespace {namespace} has a role with an asterisk");
    Ok(Outcome::pass(reason.with("namespace", Arg::text(namespace))))
}

/// Whether some rule has an asterisk for verbs, groups or resources. What every identity has does not count.
fn has_asterisk(grant: &Grant) -> bool {
    // `*/scale` is a subresource of everything.
    let is_any = |values: &[String]| values.iter().any(|value| value == "*" || value.starts_with("*/"));
    !grant.is_distributions()
        && grant
            .rules()
            .any(|rule| is_any(&rule.verbs) || is_any(&rule.api_groups) || is_any(&rule.resources))
}

/// Of Pods, Secrets and roles the first of which a rule allows every verb.
fn grave_resource(grant: &Grant) -> Option<&'static str> {
    const GRAVE: [(&str, &str); 6] = [
        ("", "secrets"),
        ("", "pods"),
        ("rbac.authorization.k8s.io", "roles"),
        ("rbac.authorization.k8s.io", "rolebindings"),
        ("rbac.authorization.k8s.io", "clusterroles"),
        ("rbac.authorization.k8s.io", "clusterrolebindings"),
    ];
    GRAVE.iter().find(|(group, resource)| grant.allows("*", group, resource)).map(|(_, resource)| *resource)
}

fn fault(mut outcome: Outcome, mighty: &Mighty, grant: &Grant, all: &[Mighty]) -> Outcome {
    outcome.reason =
        outcome.reason.with("binding", grant.binding.clone()).with("account", mighty.account.clone());
    let evidence = all.iter().flat_map(|mighty| mighty.evidence("a role without an asterisk"));
    name_binding(outcome, &grant.binding).because_all(evidence)
}
