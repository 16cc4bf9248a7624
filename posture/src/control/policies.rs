//! The four questions about network policies.

use std::collections::BTreeMap;

use super::{Answer, Control, ControlName};
use crate::check::paths::{ends_of_class, enforcement_at};
use crate::check::policies::no_foreign;
use crate::check::{Context, Evidence};
use crate::derived::EnforcementState;
use crate::derived::selection::selecting;
use crate::gap::Unknown;
use crate::hub::{Hub, parts};
use crate::kind::Kind;
use crate::listing::Placed;
use crate::object::ObjectRef;
use crate::text::{Arg, Reason};

/// Asks the four questions.
pub(super) fn control(context: &Context<'_>, hub: &Hub) -> Control {
    Control {
        name: ControlName::Policies,
        configured: configured(context, hub),
        applied: applied(context, hub),
        enforced: enforced(context, hub),
        observed: Answer::not_probed(),
    }
}

fn configured(context: &Context<'_>, hub: &Hub) -> Answer {
    let namespace = hub.key.namespace.as_str();
    let of_chart: Vec<_> = context
        .snapshot
        .network_policies
        .present_in(namespace)
        .filter(|policy| parts::carries_labels_of(&policy.metadata, &hub.key))
        .map(|policy| {
            let object = ObjectRef::namespaced(Kind::NetworkPolicy, namespace, policy.name());
            let component = parts::component_of(&policy.metadata).unwrap_or_default();
            Evidence::new(object, "metadata.labels.component", Arg::text(component))
        })
        .collect();
    let has = |component: &str| of_chart.iter().any(|fact| fact.found == Arg::text(component));
    if ["hub", "proxy", "singleuser"].into_iter().all(has) {
        return Answer::yes(Reason::new("policies-of-the-chart", "the chart's network policies exist"))
            .because(of_chart);
    }
    if let Err(gap) = context.snapshot.network_policies.complete_in(namespace) {
        return Answer::unknown(gap);
    }
    if !of_chart.is_empty() {
        let reason = "only some of the chart's network policies exist; whether the values turn the others off is in a Secret";
        return Answer::unknown(Reason::new("policies-in-part", reason)).because(of_chart);
    }
    match &hub.chart {
        Err(unknown) => Answer::unknown(unknown.clone()),
        Ok(chart) if !chart.is_at_least(0, 7) => {
            Answer::no(Reason::new("policies-not-in-chart", "charts before 0.7 have no network policies"))
        }
        Ok(_) => Answer::unknown(Reason::new(
            "policies-values-unread",
            "none of the chart's network policies exists; whether the values turn them off is in a Secret",
        )),
    }
}

/// Something whose pods policies should select.
struct Part<'a> {
    what: ObjectRef,
    namespace: &'a str,
    labels: &'a BTreeMap<String, String>,
}

fn parts(hub: &Hub) -> Vec<Part<'_>> {
    let workloads = [Some(&hub.deployment), hub.proxy.as_ref(), hub.autohttps.as_ref()];
    let of_workloads = workloads.into_iter().flatten().map(|workload| Part {
        what: workload.object(),
        namespace: &hub.key.namespace,
        labels: &workload.template.metadata.labels,
    });
    let of_servers = hub.user_classes.iter().map(|class| Part {
        what: ObjectRef::namespaced(Kind::Pod, &class.namespace, class.display_name()),
        namespace: &class.namespace,
        labels: &class.labels,
    });
    of_workloads.chain(of_servers).collect()
}

fn applied(context: &Context<'_>, hub: &Hub) -> Answer {
    let mut doubt: Option<Unknown> = None;
    for part in parts(hub) {
        let selection = selecting(context.snapshot, part.namespace, part.labels);
        for (direction, answer) in
            [("incoming", selection.has_ingress()), ("outgoing", selection.has_egress())]
        {
            match answer {
                Ok(true) => {}
                Ok(false) if let Err(unknown) = no_foreign(context.snapshot, part.namespace) => {
                    doubt.get_or_insert(unknown);
                }
                Ok(false) => {
                    return Answer::no(
                        Reason::new(
                            "policies-leave-open",
                            "no policy restricts {direction} traffic of {part}",
                        )
                        .with("direction", Arg::word(direction))
                        .with("part", part.what),
                    );
                }
                Err(gap) => {
                    doubt.get_or_insert(gap.into());
                }
            }
        }
    }
    if let Err(gap) = context.snapshot.deployments.complete_in(&hub.key.namespace) {
        doubt.get_or_insert(gap.into());
    }
    if let Some(unknown) = doubt {
        return Answer::unknown(unknown);
    }
    if hub.proxy.is_none() {
        return Answer::unknown(Reason::new("policies-proxy-unseen", "the hub's proxy was not recognised"));
    }
    match context.derived.servers(hub) {
        Err(unknown) => Answer::unknown(unknown),
        Ok([]) => Answer::no_server_seen(),
        Ok(_) => Answer::yes(Reason::new(
            "policies-select-all",
            "policies restrict both directions of the hub, the proxy and every user server",
        )),
    }
}

fn enforced(context: &Context<'_>, hub: &Hub) -> Answer {
    let ends: Vec<_> = hub.user_classes.iter().flat_map(|class| ends_of_class(context, class)).collect();
    let enforcement = enforcement_at(context, hub, &ends);
    let reason = enforcement.reason.clone();
    let answer = match enforcement.state {
        EnforcementState::Enforced => Answer::yes(reason),
        EnforcementState::NotEnforced => Answer::no(reason),
        EnforcementState::Likely | EnforcementState::Unknown => Answer::unknown(reason),
    };
    answer.because(enforcement.evidence.clone())
}
