//! Flags a Kubernetes Dashboard that can be reached from outside the cluster.

use crate::check::{Check, Context, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict};
use crate::component;
use crate::component::dashboard;
use crate::fix::Fix;
use crate::kind::Kind;
use crate::text::Reason;

pub(super) const CHECK: Check = Check {
    code: "DSH-03",
    name: "dashboard-exposed",
    title: "The Kubernetes Dashboard is reachable by port-forward only",
    fault: "The Kubernetes Dashboard is reachable from outside the cluster",
    severity: Severity::Critical,
    topic: Topic::Dashboards,
    since: "0.1.0",
    why: "Exposed Dashboards are found by scanners within hours; several well-known takeovers of clusters began with one.",
    verdicts: &[Verdict::Fail, Verdict::Unknown, Verdict::NotApplicable],
    needs: &[
        Kind::Pod,
        Kind::Deployment,
        Kind::StatefulSet,
        Kind::DaemonSet,
        Kind::ReplicaSet,
        Kind::ReplicationController,
        Kind::Service,
        Kind::Ingress,
        Kind::HttpRoute,
    ],
    fixes: &[Fix::advice(
        "Delete the Ingress or the route to it, and let its Service be of type ClusterIP; whoever needs it forwards a port. Better, delete \
         the Dashboard.",
    )
    .commands(&[&[
        "kubectl",
        "--namespace",
        "<dashboard-namespace>",
        "patch",
        "service",
        "<service>",
        "--patch",
        r#"{"spec":{"type":"ClusterIP"}}"#,
    ]])],
    kubectl: &["kubectl", "--namespace", "<dashboard-namespace>", "get", "services,ingresses"],
    references: &[Reference {
        title: "Kubernetes Dashboard: Accessing the Dashboard",
        url: "https://github.com/kubernetes-retired/dashboard/blob/master/docs/user/accessing-dashboard/README.md",
    }],
    mappings: &[Mapping::Nsa("Network separation and hardening")],
    judge: Judge::Cluster(judge),
};

fn judge(context: &Context<'_>) -> Judgement {
    let dashboards = dashboard::dashboards(context.snapshot);
    if !dashboards.is_present()? {
        return Ok(Outcome::not_applicable(Reason::new(
            "none",
            "There is no Kubernetes Dashboard in the cluster",
        )));
    }
    let exposure = component::exposure(context.snapshot, &dashboards.seen);
    if !exposure.is_exposed()? {
        dashboards.complete()?;
        return Ok(Outcome::unknown(Reason::new(
            "inside",
            "No Service, Ingress or route leads to the Dashboard from outside; whether user servers reach it is undecided: policy path not \
             evaluated",
        ))
        .because_all(dashboards.roots().map(component::Sighting::image)));
    }
    let reason = Reason::new("exposed", "The Dashboard is reachable from outside the cluster through {way}");
    let way = exposure.ways.first().map(|way| way.object.clone());
    let mut outcome = Outcome::fail(
        reason.with("way", way.clone().map_or_else(|| crate::text::Arg::word("a port"), Into::into)),
    )
    .because_all(exposure.ways);
    if let Some(service) = way.filter(|object| object.kind == Kind::Service) {
        outcome.slots.set("service", service.name);
    }
    if let Some(root) = dashboards.roots().next() {
        outcome.slots.extend(&root.slots("dashboard"));
    }
    Ok(outcome)
}
