//! Flags the Kubernetes Dashboard in any namespace.

use crate::check::{
    Check, Context, Evidence, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict,
    worst_with,
};
use crate::component::dashboard::{self, Login};
use crate::component::{self, Power, Sighting};
use crate::fix::Fix;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "DSH-01",
    name: "dashboard-present",
    title: "No Kubernetes Dashboard runs in the cluster",
    fault: "The Kubernetes Dashboard is installed",
    severity: Severity::High,
    topic: Topic::Dashboards,
    since: "0.1.0",
    why: "The Dashboard is a web page that acts with its account's rights, reachable from every notebook unless a policy forbids it. The \
          project was archived in January 2026: nobody fixes it any more.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Fail, Verdict::Unknown],
    needs: component::EXPOSED,
    fixes: &[Fix::advice(
        "Delete the Dashboard. Where Helm installed it, run `helm uninstall` for its release instead; version 2 came with a namespace of \
         its own, which can be deleted as a whole.",
    )
    .commands(&[&[
        "kubectl",
        "--namespace",
        "<dashboard-namespace>",
        "delete",
        "<dashboard-kind>",
        "<dashboard-name>",
    ]])],
    kubectl: &[
        "kubectl",
        "get",
        "deployments,replicationcontrollers,daemonsets",
        "--all-namespaces",
        "--output",
        "wide",
    ],
    references: &[
        Reference {
            title: "Zero to JupyterHub: Security, Delete the Kubernetes Dashboard",
            url: "https://z2jh.jupyter.org/en/stable/administrator/security.html#delete-the-kubernetes-dashboard",
        },
        Reference {
            title: "The archived repository of the Dashboard",
            url: "https://github.com/kubernetes-retired/dashboard",
        },
    ],
    mappings: &[Mapping::Nsa("Upgrading and application security practices")],
    judge: Judge::Cluster(judge),
};

fn judge(context: &Context<'_>) -> Judgement {
    let dashboards = dashboard::dashboards(context.snapshot);
    if !dashboards.is_present()? {
        return Ok(Outcome::pass(Reason::new(
            "none",
            "No Deployment, other controller or pod is the Kubernetes Dashboard",
        )));
    }
    let present: Vec<Evidence> = dashboards.roots().map(Sighting::image).collect();
    let archived =
        Reason::new("present", "The Kubernetes Dashboard is installed, which nobody maintains any more");
    let mut parts = vec![reachable(context, &dashboards.running())];
    parts.extend(dashboards.gap.clone().map(|gap| Err(gap.into())));
    parts.extend(
        dashboards.seen.iter().flat_map(|sighting| [powerful(context, sighting), login(context, sighting)]),
    );
    let mut outcome = worst_with(Outcome::warn(archived).because_all(present.clone()), parts);
    if outcome.verdict == Verdict::Unknown {
        outcome.evidence = present;
    }
    if dashboards.seen.iter().any(lets_visitors_read_secrets) {
        outcome.note = Some(Reason::new(
            "cve-2018-18264",
            "Versions before 1.10.1 show its Secrets to visitors who did not sign in (CVE-2018-18264)",
        ));
    }
    if let Some(root) = dashboards.roots().next() {
        outcome.evidence.extend(root.age());
        outcome.slots.extend(&root.slots("dashboard"));
    }
    Ok(outcome)
}

fn lets_visitors_read_secrets(sighting: &Sighting<'_>) -> bool {
    let containers = sighting
        .spec
        .containers
        .iter()
        .filter(|container| container.image_base().starts_with("kubernetes-dashboard-"));
    let tags = containers.filter_map(|container| container.image_tag());
    let mut versions = tags.filter_map(|tag| semver::Version::parse(tag.trim_start_matches('v')).ok());
    versions.any(|version| version < semver::Version::new(1, 10, 1))
}

fn harmless() -> Outcome {
    Outcome::pass(Reason::new("harmless", "Nothing makes it worse"))
}

fn reachable(context: &Context<'_>, seen: &[Sighting<'_>]) -> Judgement {
    let exposure = component::exposure(context.snapshot, seen);
    if !exposure.is_exposed()? {
        return Ok(harmless());
    }
    let reason = Reason::new(
        "exposed",
        "The Kubernetes Dashboard is installed and reachable from outside the cluster",
    );
    Ok(Outcome::fail(reason).because_all(exposure.ways))
}

fn powerful(context: &Context<'_>, sighting: &Sighting<'_>) -> Judgement {
    let Power::Everything(grants) = component::power(context.derived, sighting)? else {
        return Ok(harmless());
    };
    let reason = Reason::new(
        "powerful",
        "The Kubernetes Dashboard is installed, and account {account} gives it {extent}",
    )
    .with("extent", component::extent(&grants))
    .with("account", Arg::text(format!("{}/{}", sighting.namespace, sighting.spec.account())));
    Ok(Outcome::fail(reason).because_all(grants.iter().map(component::binding)))
}

fn login(context: &Context<'_>, sighting: &Sighting<'_>) -> Judgement {
    if dashboard::login(context.derived, sighting)? != Login::Skipped {
        return Ok(harmless());
    }
    let reason = Reason::new(
        "skip-login",
        "The Kubernetes Dashboard is installed and lets visitors in without a password",
    );
    Ok(Outcome::fail(reason).because_all(dashboard::flags(sighting)))
}
