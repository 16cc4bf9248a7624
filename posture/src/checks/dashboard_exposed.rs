//! Flags a Kubernetes Dashboard that can be reached from outside the cluster, or from user servers.

use crate::check::paths::Fate;
use crate::check::{Check, Context, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict};
use crate::component::{self, Sighting, Sightings, dashboard, paths};
use crate::facts::IntOrString;
use crate::fix::Fix;
use crate::hub::parts;
use crate::kind::Kind;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "DSH-03",
    name: "dashboard-exposed",
    title: "The Kubernetes Dashboard is reachable by port-forward only",
    fault: "The Kubernetes Dashboard is reachable from outside the cluster",
    severity: Severity::Critical,
    topic: Topic::Dashboards,
    since: "0.1.0",
    why: "Exposed Dashboards are found by scanners within hours; several well-known takeovers of clusters began with one.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Fail, Verdict::Unknown, Verdict::NotApplicable],
    needs: component::REACHED,
    fixes: &[
        Fix::advice(
            "Delete the Dashboard. Until then a policy in its namespace that lets in only what needs it keeps user servers away, and so do \
             policies of user servers that deny private addresses, which charts from 2.0 on bring; both only where something enforces them.",
        )
        .case("inside"),
        Fix::advice(
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

/// Whether user servers reach what nothing leads to from outside.
fn from_servers(context: &Context<'_>, dashboards: &Sightings<'_>) -> Judgement {
    let seen: Vec<_> = dashboards.seen.iter().collect();
    let found = paths::from_servers(context, &seen, |sighting| ports(context, sighting))?;
    let facts = found.path.evidence(context, Some(found.hub));
    let to = found.path.to.clone().map_or_else(|| Arg::word("the Dashboard"), Arg::from);
    let outcome = match &found.path.fate {
        Fate::Open => Outcome::warn(
            Reason::new(
                "from-servers",
                "No way leads to the Dashboard from outside, but user servers reach {object} at port {port}",
            )
            .with("object", to)
            .with("port", Arg::Number(found.path.port.into())),
        ),
        Fate::Unclear(unknown) => Outcome::from(unknown.clone()),
        Fate::LikelyClosed => {
            paths::hidden(context)?;
            Outcome::warn(Reason::new(
                "likely-closed",
                "No way leads to the Dashboard from outside, and the policies that keep user servers from it are likely but not certainly enforced",
            ))
        }
        Fate::Closed => {
            paths::hidden(context)?;
            Outcome::pass(Reason::new(
                "closed",
                "No way leads to the Dashboard from outside, and policies that are enforced keep user servers from it",
            ))
        }
    };
    let is_fault = outcome.verdict == Verdict::Warn;
    let mut outcome = outcome
        .because_all(dashboards.roots().map(component::Sighting::image))
        .because_all(facts)
        .case("inside");
    if is_fault {
        outcome = outcome.severity(Severity::Medium);
    }
    if let Some(root) = dashboards.roots().next() {
        outcome.slots.extend(&root.slots("dashboard"));
    }
    Ok(outcome)
}

/// The ports that Services lead to, or else those that the containers declare.
fn ports(context: &Context<'_>, sighting: &Sighting<'_>) -> Vec<u16> {
    let services = context.snapshot.services.present_in(sighting.namespace);
    let mut ports: Vec<u16> = services
        .filter(|service| service.selects(sighting.labels))
        .flat_map(|service| &service.spec.ports)
        .filter_map(|port| match parts::target(port, sighting.spec) {
            IntOrString::Int(number) => u16::try_from(number).ok(),
            IntOrString::String(_) => None,
        })
        .collect();
    ports.extend(sighting.spec.containers.iter().flat_map(|c| &c.ports).map(|port| port.container_port));
    if ports.is_empty() {
        ports.extend([8443, 9090]);
    }
    ports.sort_unstable();
    ports.dedup();
    ports
}

fn judge(context: &Context<'_>) -> Judgement {
    let dashboards = dashboard::dashboards(context.snapshot);
    if !dashboards.is_present()? {
        return Ok(dashboard::none());
    }
    let running = dashboards.running();
    if running.is_empty() {
        dashboards.complete()?;
        let reason =
            Reason::new("stopped", "The Dashboard is scaled to zero, so nothing answers behind its Services");
        let note = Reason::new("scale-up", "Whoever scales it up exposes it again; better, delete it");
        return Ok(Outcome::pass(reason).note(note).because_all(dashboards.roots().map(Sighting::image)));
    }
    let exposure = component::exposure(context.snapshot, &running);
    if !exposure.is_exposed()? {
        dashboards.complete()?;
        return from_servers(context, &dashboards);
    }
    let reason = Reason::new("exposed", "The Dashboard is reachable from outside the cluster through {way}");
    let way = exposure.ways.first().map(|way| way.object.clone());
    let mut outcome =
        Outcome::fail(reason.with("way", way.clone().map_or_else(|| Arg::word("a port"), Into::into)))
            .because_all(exposure.ways);
    if let Some(service) = way.filter(|object| object.kind == Kind::Service) {
        outcome.slots.set("service", service.name);
    }
    if let Some(root) = dashboards.roots().next() {
        outcome.slots.extend(&root.slots("dashboard"));
    }
    Ok(outcome)
}
