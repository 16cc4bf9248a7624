//! Flags hubs whose account may do more than the chart asks for, or too little to start servers.

use crate::access::{Answer, Caller, Grant, Question, Reach};
use crate::check::accounts::name_binding;
use crate::check::{
    Check, Context, Evidence, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict,
};
use crate::facts::PolicyRule;
use crate::fix::Fix;
use crate::hub::{ChartVersion, Hub};
use crate::kind::Kind;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "RBA-03",
    name: "hub-rights-differ",
    title: "The hub's account may do what the chart asks for, and no more",
    fault: "The hub's account may do more than the chart asks for, or too little",
    severity: Severity::High,
    topic: Topic::Rbac,
    since: "0.1.0",
    why: "The hub runs code that users talk to, with the rights of its account. What it may do beyond starting and stopping servers helps \
          nobody but whoever breaks into it.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Fail, Verdict::Unknown],
    needs: &[Kind::Pod, Kind::RoleBinding, Kind::ClusterRoleBinding, Kind::Role, Kind::ClusterRole],
    fixes: &[
        Fix::advice("Let the hub's account make pods again: bring back the chart's Role and RoleBinding, or give its own role what is missing.")
            .case("missing"),
        Fix::advice("Delete the binding that gives more, or take the added rules out of its role.").commands(&[&[
            "kubectl",
            "--namespace",
            "<binding-namespace>",
            "delete",
            "<binding-kind>",
            "<binding>",
        ]]),
    ],
    kubectl: &["kubectl", "auth", "can-i", "--list", "--namespace", "<namespace>", "--as", "system:serviceaccount:<namespace>:<account>"],
    references: &[Reference {
        title: "Zero to JupyterHub: the chart's templates/hub/rbac.yaml",
        url: "https://github.com/jupyterhub/zero-to-jupyterhub-k8s/blob/main/jupyterhub/templates/hub/rbac.yaml",
    }],
    mappings: &[Mapping::Nsa("Authentication and authorization")],
    judge: Judge::Hub(judge),
};

const CHANGING: &[&str] = &["get", "watch", "list", "create", "delete"];
const READING: &[&str] = &["get", "watch", "list"];

/// What the chart gives the hub, all of it in the core group and in the hub's namespace: resource and verbs.
fn reference(chart: &ChartVersion) -> Vec<(&'static str, &'static [&'static str])> {
    let mut rules = vec![("pods", CHANGING), ("persistentvolumeclaims", CHANGING)];
    if chart.is_at_least(0, 7) {
        rules.push(("events", READING));
    }
    if chart.is_at_least(1, 0) {
        rules.extend([("secrets", CHANGING), ("services", CHANGING)]);
    }
    rules
}

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    let namespace = &hub.key.namespace;
    let account = hub.deployment.pod().account();
    let rights = context.derived.rights.of_account(namespace, account);
    let own = || rights.with(Grant::is_excess);
    let filled = |outcome: Outcome| outcome.slot("account", account);
    let named = |reason: Reason| reason.with("account", Arg::text(account));
    let grave: Vec<_> =
        own().filter_map(|grant| Some((grant, extra(grant, |rule| is_grave(grant, rule))?))).collect();
    if let Some((grant, found)) = grave.first() {
        let reason = Reason::new(
            "grave",
            "{binding} allows the hub's account {account} to {what}, which no version of the chart asks for",
        );
        return Ok(filled(fault(Outcome::fail(named(reason)), grant, found, &grave)));
    }
    rights.complete()?;
    // A hub can start its servers in other namespaces alone.
    let question = Question::new("create", "", "pods").within(namespace);
    let is_denied =
        context.derived.rights.may(&Caller::account(namespace, account), &question) == Answer::Denied;
    if is_denied && !rights.any(|grant| grant.allows("create", "", "pods"))? {
        let reason = Reason::new(
            "missing",
            "The hub's account {account} may not make pods, so that it can start no server",
        );
        let fact = Evidence::new(
            hub.deployment.object(),
            "spec.template.spec.serviceAccountName",
            Arg::text(account),
        )
        .wanted(Arg::word("an account that may make pods"));
        return Ok(filled(
            Outcome::warn(named(reason)).severity(Severity::Medium).case("missing").because(fact),
        ));
    }
    let chart = hub.chart.clone()?;
    let reference = reference(&chart);
    // Where its servers run in other namespaces, it needs there what the chart gives it in its own.
    let places = hub.namespaces();
    let is_within_reference = |rule: &PolicyRule| is_within(rule, &reference);
    let is_within = |grant: &Grant, rule: &PolicyRule| {
        let is_place = matches!(&grant.reach, Reach::Namespace(name) if places.contains(name.as_str()));
        is_place && is_within_reference(rule)
    };
    let more: Vec<_> = own()
        .filter_map(|grant| {
            Some((grant, extra(grant, |rule| !grant.is_harmless(rule) && !is_within(grant, rule))?))
        })
        .collect();
    // Servers that are not seen may run where it has the rights for them.
    let is_elsewhere = |grant: &Grant| {
        matches!(&grant.reach, Reach::Namespace(name) if name != namespace)
            && grant.rules().all(|rule| grant.is_harmless(rule) || is_within_reference(rule))
    };
    if !more.is_empty() && more.iter().all(|(grant, _)| is_elsewhere(grant)) {
        context.derived.servers(hub)?;
    }
    if let Some((grant, found)) = more.first() {
        let reason = Reason::new(
            "more",
            "{binding} allows the hub's account {account} to {what}, which chart {chart} does not ask for",
        )
        .with("chart", Arg::text(&chart.found));
        return Ok(filled(fault(
            Outcome::warn(named(reason)).severity(Severity::Medium),
            grant,
            found,
            &more,
        )));
    }
    let reason = Reason::new(
        "equal",
        "The hub's account {account} may do nothing that chart {chart} does not ask for",
    )
    .with("chart", Arg::text(&chart.found));
    Ok(filled(Outcome::pass(named(reason))))
}

/// The rules of a grant that have a property, in words; `None` if there are none.
fn extra(grant: &Grant, is_extra: impl Fn(&PolicyRule) -> bool) -> Option<String> {
    let rules: Vec<_> = grant.rules().filter(|rule| is_extra(rule)).map(words).collect();
    (!rules.is_empty()).then(|| rules.join("; "))
}

/// A rule as people say it: `get, list pods, secrets`.
fn words(rule: &PolicyRule) -> String {
    let what = if rule.resources.is_empty() { &rule.non_resource_urls } else { &rule.resources };
    format!("{} {}", rule.verbs.join(", "), what.join(", "))
}

/// Whether a rule is one that no hub should have: with an asterisk, for entering pods, writing bindings, acting as others, or for Secrets or
/// nodes of the whole cluster, their kubelets included.
fn is_grave(grant: &Grant, rule: &PolicyRule) -> bool {
    const WRITING: &[&str] = &["create", "update", "patch", "delete", "deletecollection"];
    let has =
        |values: &[String], wanted: &[&str]| values.iter().any(|value| wanted.contains(&value.as_str()));
    let has_asterisk =
        has(&rule.verbs, &["*"]) || has(&rule.resources, &["*"]) || has(&rule.api_groups, &["*"]);
    // Other groups have Secrets and nodes of their own, such as the metrics of nodes.
    let of_core = |wanted: &[&str]| has(&rule.api_groups, &[""]) && has(&rule.resources, wanted);
    let enters = of_core(&["pods/exec", "pods/attach", "pods/ephemeralcontainers"])
        || of_core(&["*/exec", "*/attach", "*/ephemeralcontainers"]);
    let binds = has(&rule.resources, &["rolebindings", "clusterrolebindings"]) && has(&rule.verbs, WRITING);
    let is_wide = grant.reach == Reach::Cluster && of_core(&["secrets", "nodes", "nodes/proxy", "*/proxy"]);
    has_asterisk || enters || binds || is_wide || has(&rule.verbs, &["impersonate"])
}

/// Whether the reference holds everything that a rule allows.
fn is_within(rule: &PolicyRule, reference: &[(&str, &[&str])]) -> bool {
    let is_core = rule.api_groups.iter().all(String::is_empty);
    let is_known = |resource: &String| {
        let verbs = reference.iter().find(|(known, _)| known == resource).map(|(_, verbs)| *verbs);
        verbs.is_some_and(|verbs| rule.verbs.iter().all(|verb| verbs.contains(&verb.as_str())))
    };
    is_core && rule.resources.iter().all(is_known) && rule.non_resource_urls.is_empty()
}

fn fault(mut outcome: Outcome, grant: &Grant, found: &str, all: &[(&Grant, String)]) -> Outcome {
    outcome.reason = outcome.reason.with("binding", grant.binding.clone()).with("what", Arg::text(found));
    let facts = all.iter().map(|(grant, found)| {
        let found = format!("{} {}: {found}", grant.role.kind, grant.role.name);
        Evidence::new(grant.binding.clone(), "roleRef", Arg::text(found))
            .wanted(Arg::word("no more than the chart asks for"))
    });
    name_binding(outcome, &grant.binding).because_all(facts)
}
