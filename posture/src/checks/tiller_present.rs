//! Flags Tiller, the server of Helm 2, in any namespace.

use crate::check::{
    Check, Context, Evidence, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict, worst,
};
use crate::component::Sighting;
use crate::component::tiller::{self, Listening};
use crate::fix::Fix;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "TIL-01",
    name: "tiller-present",
    title: "No Tiller runs in the cluster",
    fault: "Tiller, the server of Helm 2, is still installed",
    severity: Severity::High,
    topic: Topic::Helm,
    since: "0.1.0",
    why: "Helm 2 has had no security fixes since November 2020, and Tiller usually holds every right in the cluster. Whoever can talk to \
          it can do whatever it may do.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Fail, Verdict::Unknown],
    needs: &tiller::KINDS,
    fixes: &[Fix::advice(
        "Move the releases to Helm 3 with the helm-2to3 plugin, which keeps them running, then delete Tiller and the rights it had.",
    )
    .commands(&[
        &["helm", "2to3", "convert", "<release>"],
        &["kubectl", "--namespace", "<tiller-namespace>", "delete", "<tiller-kind>", "<tiller-name>"],
        &["kubectl", "--namespace", "<tiller-namespace>", "delete", "service", "tiller-deploy"],
    ])],
    kubectl: &["kubectl", "get", "deployments,pods", "--all-namespaces", "--selector", "app=helm,name=tiller"],
    references: &[
        Reference { title: "Helm: Migrating Helm v2 to v3", url: "https://helm.sh/docs/topics/v2_v3_migration/" },
        Reference { title: "The helm-2to3 plugin", url: "https://github.com/helm/helm-2to3" },
    ],
    mappings: &[Mapping::Nsa("Upgrading and application security practices")],
    judge: Judge::Cluster(judge),
};

fn judge(context: &Context<'_>) -> Judgement {
    let tillers = tiller::tillers(context.snapshot);
    let parts = tillers.seen.iter().map(part).chain(tillers.complete().err().map(|gap| Err(gap.into())));
    if !tillers.is_present()? {
        return Ok(Outcome::pass(Reason::new("none", "No Deployment, other controller or pod is Tiller")));
    }
    let mut outcome = worst(parts).ok_or_else(|| Reason::new("none", "No Tiller was seen"))?;
    // Pods repeat what their Deployment shows.
    outcome.evidence = match outcome.verdict {
        Verdict::Unknown => tillers.seen.iter().map(presence).collect(),
        _ => outcome.evidence,
    };
    if let Some(root) = tillers.roots().next() {
        outcome.evidence.extend(root.age());
        outcome.slots.extend(&root.slots("tiller"));
    }
    Ok(outcome)
}

/// What one Tiller means: one that takes orders from the pod network is a fault, any other is only out of date.
fn part(sighting: &Sighting<'_>) -> Judgement {
    let reason = match tiller::listening(sighting)? {
        Listening::Loopback | Listening::Verified | Listening::Stopped => {
            return Ok(Outcome::warn(Reason::new(
                "closed",
                "Tiller is still installed, although it takes no orders from the pod network",
            ))
            .because(presence(sighting)));
        }
        Listening::Encrypted => {
            return Ok(Outcome::warn(Reason::new(
                "encrypted",
                "Tiller is still installed and takes orders over TLS without asking who gives them",
            ))
            .because(presence(sighting)));
        }
        Listening::Open => {
            Reason::new("open", "Tiller runs and takes orders from any pod, without asking who gives them")
        }
    };
    Ok(Outcome::fail(reason).because(presence(sighting)))
}

fn presence(sighting: &Sighting<'_>) -> Evidence {
    let image = tiller::container(sighting.spec).map_or("", |container| container.image.as_str());
    Evidence::new(sighting.object.clone(), sighting.path("containers[].image"), Arg::text(image))
        .wanted(Arg::word("no Tiller"))
}
