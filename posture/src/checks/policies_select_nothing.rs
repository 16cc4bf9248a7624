//! Flags a policy of the chart that misses the user servers it was made for.

use crate::check::policies::{SELECTION, no_foreign};
use crate::check::servers::{evidence_of, worst_server};
use crate::check::{
    Check, Context, Evidence, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict,
};
use crate::derived::selection::selecting;
use crate::facts::NetworkPolicy;
use crate::fix::{Fix, FixValue};
use crate::hub::{Hub, UserClass};
use crate::kind::Kind;
use crate::object::ObjectRef;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "NET-11",
    name: "policies-select-nothing",
    title: "The chart's policy selects the user servers",
    fault: "The chart's policy misses the user servers",
    severity: Severity::Medium,
    topic: Topic::NetworkPolicies,
    since: "0.1.0",
    why: "The policy for user servers finds them by labels. A changed component label, another name for the chart, or servers that outlive \
          a reinstallation make it select nothing, and nobody is told.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Fail, Verdict::Unknown, Verdict::NotApplicable],
    needs: SELECTION,
    fixes: &[
        Fix::before(
            1,
            0,
            "Bring the labels together: leave `KubeSpawner.component_label`, `nameOverride` and the labels of `singleuser.extraLabels` as \
             the chart sets them, then restart the user servers, for running ones keep the labels they were made with.",
        ),
        Fix::from(
            1,
            0,
            "Bring the labels together: take `nameOverride` and labels of the chart's names in `singleuser.extraLabels` out of your values, \
             and give user servers the component that the policy selects. Then restart them, for running ones keep the labels they were \
             made with.",
        )
        .values(&[("hub.config.KubeSpawner.component_label", FixValue::Str("singleuser-server"))]),
    ],
    kubectl: &["kubectl", "--namespace", "<namespace>", "get", "pods", "--show-labels"],
    references: &[
        Reference {
            title: "Zero to JupyterHub: Security, network policies",
            url: "https://z2jh.jupyter.org/en/stable/administrator/security.html",
        },
        Reference {
            title: "Kubernetes: Network Policies",
            url: "https://kubernetes.io/docs/concepts/services-networking/network-policies/",
        },
    ],
    mappings: &[Mapping::Nsa("Network separation and hardening")],
    judge: Judge::Hub(judge),
};

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    let Some(policy) = of_chart(context, hub) else {
        context.snapshot.network_policies.complete_in(&hub.key.namespace)?;
        return Ok(Outcome::not_applicable(Reason::new(
            "no-policy",
            "The chart made no policy for user servers, so there is none that could miss them",
        )));
    };
    let outcome = worst_server(context, hub, |class| judge_class(context, policy, class));
    Ok(outcome.unwrap_or_else(|| {
        let note = Reason::new(
            "no-server",
            "No user server is running, so the policy has nothing to select at present",
        );
        Outcome::pass(Reason::new("nothing-to-select", "The chart's policy misses no user server")).note(note)
    }))
}

/// The chart's policy for user servers, by its labels or by the name that the chart publishes.
fn of_chart<'a>(context: &Context<'a>, hub: &'a Hub) -> Option<&'a NetworkPolicy> {
    let mut policies = context.snapshot.network_policies.present_in(&hub.key.namespace);
    let found = policies.find(|policy| {
        let has = |legacy: &str, modern: &str, wanted: &str| {
            policy.metadata.label(legacy).or_else(|| policy.metadata.label(modern)) == Some(wanted)
        };
        has("component", "app.kubernetes.io/component", "singleuser")
            && has("release", "app.kubernetes.io/instance", &hub.key.release)
    });
    let name = hub.names.get("singleuser").map(String::as_str);
    let by_name = || context.snapshot.network_policies.find(Some(&hub.key.namespace), name?);
    found.or_else(by_name).map(|policy| &**policy)
}

fn judge_class(context: &Context<'_>, policy: &NetworkPolicy, class: &UserClass) -> Judgement {
    let namespace = policy.metadata.namespace.as_deref().unwrap_or_default();
    let object = ObjectRef::namespaced(Kind::NetworkPolicy, namespace, &policy.metadata.name);
    if namespace == class.namespace && policy.spec.pod_selector.matches(&class.labels) {
        let fact = Evidence::new(object.clone(), "spec.podSelector", selector(policy));
        let reason = Reason::new("selected", "{policy} selects the user servers").with("policy", object);
        return Ok(Outcome::pass(reason).because(fact).because(labels(policy, class)));
    }
    let facts = [Evidence::new(object.clone(), "spec.podSelector", selector(policy)), labels(policy, class)];
    let selection = selecting(context.snapshot, &class.namespace, &class.labels);
    let is_selected = !selection.ingress.is_empty() || !selection.egress.is_empty();
    if is_selected {
        let reason = Reason::new(
            "missed",
            "{policy} was made for user servers and misses some that run; other policies select those",
        )
        .with("policy", object);
        return Ok(Outcome::warn(reason).because_all(facts));
    }
    selection.gap.map_or(Ok(()), Err)?;
    no_foreign(context.snapshot, &class.namespace)?;
    let reason = Reason::new(
        "unprotected",
        "{policy} was made for user servers and misses some that run, and no other policy selects those",
    )
    .with("policy", object);
    Ok(Outcome::fail(reason).because_all(facts))
}

/// The conditions of the policy's selector.
fn selector(policy: &NetworkPolicy) -> Arg {
    let selector = &policy.spec.pod_selector;
    let equal = selector.match_labels.iter().map(|(key, value)| Arg::text(format!("{key}={value}")));
    let other = selector
        .match_expressions
        .iter()
        .map(|e| Arg::text(format!("{} {} {}", e.key, e.operator, e.values.join(" ")).trim_end()));
    Arg::List(equal.chain(other).collect())
}

/// What the servers carry of the labels that the selector asks for, or the namespace where that already differs.
fn labels(policy: &NetworkPolicy, class: &UserClass) -> Evidence {
    if policy.metadata.namespace.as_deref() != Some(&class.namespace) {
        return evidence_of(class, "metadata.namespace", Arg::text(&class.namespace))
            .wanted(Arg::text(policy.metadata.namespace.clone().unwrap_or_default()));
    }
    let selector = &policy.spec.pod_selector;
    let keys = selector.match_labels.keys().chain(selector.match_expressions.iter().map(|e| &e.key));
    let found = keys.map(|key| match class.labels.get(key) {
        Some(value) => Arg::text(format!("{key}={value}")),
        None => Arg::text(format!("{key} not set")),
    });
    evidence_of(class, "metadata.labels", Arg::List(found.collect()))
}
