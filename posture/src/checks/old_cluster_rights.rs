//! Flags roles for the whole cluster that old versions of the chart made, and that often outlive an upgrade.

use crate::check::{
    Check, Context, Evidence, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict,
};
use crate::facts::{Binding, Meta, PolicyRule, Role};
use crate::fix::Fix;
use crate::hub::Hub;
use crate::kind::Kind;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "RBA-05",
    name: "old-cluster-rights",
    title: "No rights in the whole cluster are left from old versions of the chart",
    fault: "Rights in the whole cluster are left from an old version of the chart",
    severity: Severity::High,
    topic: Topic::Rbac,
    since: "0.1.0",
    why: "Charts up to 0.8 gave the proxy a role that lists the Secrets of every namespace, and charts 0.8 and 0.9 made the user scheduler a \
          scheduler of the whole cluster. The hub needs neither, and an upgrade does not always remove them.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Fail, Verdict::Unknown],
    needs: &[Kind::ClusterRole, Kind::ClusterRoleBinding],
    fixes: &[
        Fix::before(0, 9, "Upgrade the chart: from 0.9 on the proxy needs no such role. Then see that both objects are gone.")
            .newer_chart()
            .case("nginx"),
        Fix::from(0, 9, "Delete the role and its binding: the chart that runs does not use them.")
            .case("nginx")
            .commands(&[&["kubectl", "delete", "clusterrole,clusterrolebinding", "nginx-<release>"]]),
        Fix::before(0, 10, "Upgrade the chart: from 0.10 on the user scheduler has a role of its own.").case("scheduler").newer_chart(),
        Fix::from(0, 10, "Delete the binding: the user scheduler of the chart that runs has a role of its own.")
            .case("scheduler")
            .commands(&[&["kubectl", "delete", "clusterrolebinding", "<binding>"]]),
    ],
    kubectl: &["kubectl", "get", "clusterroles,clusterrolebindings", "--selector", "release=<release>"],
    references: &[Reference {
        title: "Zero to JupyterHub: Upgrading",
        url: "https://z2jh.jupyter.org/en/stable/administrator/upgrading/index.html",
    }],
    mappings: &[Mapping::Cis("5.1.2"), Mapping::Nsa("Authentication and authorization")],
    judge: Judge::Hub(judge),
};

/// The role of Kubernetes' own scheduler.
const SCHEDULER: &str = "system:kube-scheduler";

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    let (roles, bindings) = (&context.snapshot.cluster_roles, &context.snapshot.cluster_role_bindings);
    let nginx = format!("nginx-{}", hub.key.release);
    if let Some(role) = roles.get(None, &nginx)?
        && is_charts(&role.metadata, hub)
        && let Some((index, rule)) = secrets_rule(role)
    {
        let path = format!("rules[{index}]");
        let found = format!("{} {}", rule.verbs.join(", "), rule.resources.join(", "));
        let fact = Evidence::new(role.object(), path, Arg::text(found)).wanted(Arg::word("no such role"));
        let is_its = |binding: &&Binding| {
            binding.role_ref.kind == "ClusterRole"
                && binding.role_ref.name == nginx
                && !binding.subjects.is_empty()
        };
        let mut bound = bindings.present().map(|binding| &**binding).filter(is_its);
        let reason = |id, template| Reason::new(id, template).with("role", role.object());
        let outcome = if let Some(binding) = bound.next() {
            let subjects: Vec<_> =
                binding.subjects.iter().map(|s| format!("{} {}", s.kind, s.name)).collect();
            Outcome::fail(
                reason(
                    "nginx",
                    "{role} of an old chart reads Secrets in every namespace, and {binding} gives it to {subjects}",
                )
                .with("binding", binding.object())
                .with("subjects", Arg::List(subjects.iter().map(Arg::text).collect())),
            )
            .because(Evidence::new(binding.object(), "subjects", Arg::text(subjects.join(", "))))
        } else {
            bindings.complete()?;
            Outcome::warn(reason(
                "nginx-unbound",
                "{role} of an old chart reads Secrets in every namespace; no ClusterRoleBinding gives it to anybody now",
            ))
            .severity(Severity::Low)
        };
        return Ok(outcome.case("nginx").because(fact));
    }
    let base = format!("{}-user-scheduler-base", hub.key.release);
    if let Some(binding) = bindings.get(None, &base)?.filter(|binding| binding.role_ref.name == SCHEDULER) {
        let reason = Reason::new(
            "scheduler",
            "{binding} of an old chart makes the user scheduler a scheduler of the whole cluster",
        );
        let fact = Evidence::new(binding.object(), "roleRef", Arg::text(SCHEDULER))
            .wanted(Arg::word("a role of its own"));
        let outcome = Outcome::warn(reason.with("binding", binding.object())).severity(Severity::Medium);
        return Ok(outcome.case("scheduler").slot("binding", base).because(fact));
    }
    let reason =
        Reason::new("none", "Nothing of what old charts gave release {release} in the whole cluster is left");
    Ok(Outcome::pass(reason.with("release", Arg::text(&hub.key.release))))
}

/// Whether a role is of this hub's chart. The controller of ingresses is often installed under such a name too.
fn is_charts(metadata: &Meta, hub: &Hub) -> bool {
    let is_named = metadata.label("chart").is_some_and(|chart| chart.starts_with("jupyterhub-"));
    is_named && metadata.label("release").is_none_or(|release| release == hub.key.release)
}

/// The rule that reads Secrets, and its number.
fn secrets_rule(role: &Role) -> Option<(usize, &PolicyRule)> {
    let has =
        |values: &[String], wanted: &[&str]| values.iter().any(|value| wanted.contains(&value.as_str()));
    let reads = |rule: &PolicyRule| {
        has(&rule.resources, &["secrets", "*"])
            && has(&rule.api_groups, &["", "*"])
            && has(&rule.verbs, &["get", "list", "watch", "*"])
    };
    role.rules.iter().enumerate().find(|(_, rule)| reads(rule))
}
