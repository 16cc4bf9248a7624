//! Flags parts of a hub that no network policy selects, or only in one direction.

use std::collections::BTreeMap;

use crate::check::policies::{SELECTION, no_foreign};
use crate::check::servers::{no_server, object_of};
use crate::check::{
    Check, Context, Evidence, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict, worst,
    worst_with,
};
use crate::derived::selection::{Selection, selecting};
use crate::facts::Workload;
use crate::fix::{Fix, FixValue};
use crate::gap::Gap;
use crate::hub::Hub;
use crate::object::ObjectRef;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "NET-01",
    name: "pods-without-policy",
    title: "Network policies select every part of the hub in both directions",
    fault: "No network policy selects some part of the hub",
    severity: Severity::High,
    topic: Topic::NetworkPolicies,
    since: "0.1.0",
    why: "A pod that no policy selects accepts from everywhere and reaches everything: user servers each other, the proxy's API, the \
          cluster's own services. What the policies then allow, and whether something enforces them, are questions of their own.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Fail, Verdict::Unknown],
    needs: SELECTION,
    fixes: &[
        Fix::before(
            0,
            7,
            "This chart has no network policies: add your own for the hub, the proxy and the user servers, or upgrade.",
        ),
        Fix {
            to: Some((0, 10)),
            ..Fix::from(0, 7, "Turn the chart's policies on. They were off by default before 0.10.").values(
                &[
                    ("hub.networkPolicy.enabled", FixValue::Bool(true)),
                    ("proxy.networkPolicy.enabled", FixValue::Bool(true)),
                    ("singleuser.networkPolicy.enabled", FixValue::Bool(true)),
                ],
            )
        },
        Fix::from(
            0,
            10,
            "Leave the chart's policies on, which is the default: remove what turns them off, or set them.",
        )
        .values(&[
            ("hub.networkPolicy.enabled", FixValue::Bool(true)),
            ("proxy.chp.networkPolicy.enabled", FixValue::Bool(true)),
            ("proxy.traefik.networkPolicy.enabled", FixValue::Bool(true)),
            ("singleuser.networkPolicy.enabled", FixValue::Bool(true)),
        ]),
    ],
    kubectl: &["kubectl", "--namespace", "<namespace>", "get", "networkpolicies", "--output", "wide"],
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
    mappings: &[Mapping::Cis("5.3.2"), Mapping::Nsa("Network separation and hardening")],
    judge: Judge::Hub(judge),
};

/// One part of the hub with one label set.
struct Part {
    what: &'static str,
    object: ObjectRef,
    namespace: String,
    labels: BTreeMap<String, String>,
    count: Option<usize>,
    /// Whether it may go without: charts before 0.10 have no policy for automatic HTTPS.
    is_optional: bool,
}

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    let parts = parts(context, hub);
    let judged: Vec<(&Part, Outcome)> =
        parts.iter().map(|part| (part, judge_part(context, part).unwrap_or_else(Outcome::from))).collect();
    let outcome = worst(judged.iter().map(|(_, outcome)| Ok(outcome.clone())));
    let mut outcome = outcome.unwrap_or_else(|| no_server(context, hub));
    // A fault that was seen is proof; anything less is not, as long as parts may be hidden or no server runs.
    if outcome.verdict != Verdict::Fail {
        context.snapshot.deployments.complete_in(&hub.key.namespace)?;
        if hub.proxy.is_none() {
            let reason = "No Deployment was recognised as the hub's proxy, so compare the policies' selectors with its labels by hand";
            return Err(Reason::new("no-proxy", reason).into());
        }
        if context.derived.servers(hub)?.is_empty() {
            outcome = worst_with(outcome, [Ok(no_server(context, hub))]);
        }
    }
    if matches!(outcome.verdict, Verdict::Fail | Verdict::Warn) {
        let alike = judged.iter().filter(|(_, other)| other.reason.id == outcome.reason.id);
        let mut names: Vec<&str> = alike.map(|(part, _)| part.what).collect();
        names.dedup();
        outcome.reason = outcome.reason.with("parts", Arg::List(names.into_iter().map(Arg::word).collect()));
    }
    // The whole matrix is the evidence, whatever decided.
    outcome.evidence = parts.iter().flat_map(|part| matrix(context, part)).collect();
    outcome.evidence.dedup();
    Ok(outcome)
}

/// The parts of the hub with the labels of their templates, and of those live pods that differ from them.
fn parts(context: &Context<'_>, hub: &Hub) -> Vec<Part> {
    let mut parts = of_workload(context, &hub.deployment, "the hub", false);
    parts.extend(hub.proxy.iter().flat_map(|proxy| of_workload(context, proxy, "the proxy", false)));
    parts.extend(hub.autohttps.iter().flat_map(|auto| of_workload(context, auto, "automatic HTTPS", true)));
    parts.extend(hub.user_classes.iter().map(|class| Part {
        what: "the user servers",
        object: object_of(class),
        namespace: class.namespace.clone(),
        labels: class.labels.clone(),
        count: Some(class.pods.len()),
        is_optional: false,
    }));
    parts
}

fn of_workload(
    context: &Context<'_>,
    workload: &Workload,
    what: &'static str,
    is_optional: bool,
) -> Vec<Part> {
    let namespace = workload.metadata.namespace.clone().unwrap_or_default();
    let template = &*workload.template.metadata.labels;
    let selects = |labels: &BTreeMap<String, String>| {
        workload.selector.as_ref().is_some_and(|selector| !selector.is_empty() && selector.matches(labels))
    };
    let has_template =
        |labels: &BTreeMap<String, String>| template.iter().all(|(k, v)| labels.get(k) == Some(v));
    let pods = context.snapshot.pods.present_in(&namespace);
    // Pods of an older revision keep the labels they were made with.
    let differing = pods
        .filter(|pod| !matches!(pod.status.phase.as_deref(), Some("Succeeded" | "Failed")))
        .map(|pod| &*pod.metadata.labels)
        .filter(|labels| selects(labels) && !has_template(labels));
    let sets: Vec<BTreeMap<String, String>> = std::iter::once(template).chain(differing).cloned().collect();
    sets.into_iter()
        .map(|labels| Part {
            what,
            object: workload.object(),
            namespace: namespace.clone(),
            labels,
            count: None,
            is_optional,
        })
        .collect()
}

fn judge_part(context: &Context<'_>, part: &Part) -> Judgement {
    let selection = selecting(context.snapshot, &part.namespace, &part.labels);
    Ok(match both(&selection)? {
        (true, true) => Outcome::pass(Reason::new(
            "selected",
            "Network policies select every part of the hub in both directions",
        )),
        (false, false) if part.is_optional => {
            Outcome::warn(Reason::new("optional-unselected", "No network policy selects {parts}"))
                .severity(Severity::Medium)
        }
        (false, false) => {
            no_foreign(context.snapshot, &part.namespace)?;
            Outcome::fail(Reason::new("unselected", "No network policy selects {parts}"))
        }
        (true, false) => one_direction("egress-free", "No network policy restricts what {parts} may reach"),
        (false, true) => one_direction("ingress-free", "No network policy restricts who may reach {parts}"),
    })
}

fn one_direction(id: &'static str, template: &'static str) -> Outcome {
    Outcome::warn(Reason::new(id, template)).severity(Severity::Medium)
}

fn both(selection: &Selection) -> Result<(bool, bool), Gap> {
    Ok((selection.has_ingress()?, selection.has_egress()?))
}

/// Which policies select a part, by direction; nothing is said of a direction that a gap keeps open.
fn matrix(context: &Context<'_>, part: &Part) -> Vec<Evidence> {
    let selection = selecting(context.snapshot, &part.namespace, &part.labels);
    let directions = [("ingress", &selection.ingress), ("egress", &selection.egress)];
    let is_known = |policies: &[ObjectRef]| !policies.is_empty() || selection.gap.is_none();
    let known = directions.into_iter().filter(|(_, policies)| is_known(policies));
    known.map(|(name, policies)| direction(part, name, policies)).collect()
}

/// Which policies select a part in one direction.
fn direction(part: &Part, direction: &'static str, policies: &[ObjectRef]) -> Evidence {
    let found = match policies {
        [] => Arg::word("no policy"),
        _ => Arg::List(policies.iter().map(|policy| Arg::text(&policy.name)).collect()),
    };
    let mut evidence = Evidence::new(part.object.clone(), direction, found);
    if policies.is_empty() {
        evidence = evidence.wanted(Arg::word("a policy that selects it"));
    }
    match part.count {
        Some(count) => evidence.count(count),
        None => evidence,
    }
}
