//! Flags pods that build images from users' repositories and reach the cloud's metadata server.

use std::sync::Arc;

use crate::check::paths::{
    End, Fate, PATHS, Path, ask, ends_of_part, likely, metadata_addresses, worst_path,
};
use crate::check::platform::may_guard_metadata;
use crate::check::policies::{GUIDE, SHOW};
use crate::check::{
    Check, Context, Evidence, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict,
    worst_with,
};
use crate::facts::Pod;
use crate::fix::{Fix, FixValue};
use crate::hub::Hub;
use crate::kind::Kind;
use crate::network::Protocol;
use crate::object::ObjectRef;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "MET-07",
    name: "builders-reach-metadata",
    title: "Pods that build images cannot reach the cloud's metadata server",
    fault: "Pods that build images can reach the cloud's metadata server",
    severity: Severity::Low,
    topic: Topic::CloudMetadata,
    since: "0.1.0",
    why: "A build runs what a stranger's repository says. The hub and the proxy may reach the metadata server by the chart's default, for \
          some clouds need it; they run nobody's code.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Unknown, Verdict::NotApplicable],
    needs: PATHS,
    fixes: &[
        Fix::advice(
            "Write a policy for the pods that build images, which denies the metadata server and private addresses. For the hub and the \
             proxy the chart's rule can be turned off where the cloud does not need it.",
        )
        .values(&[
            ("hub.networkPolicy.egressAllowRules.cloudMetadataServer", FixValue::Bool(false)),
            ("proxy.chp.networkPolicy.egressAllowRules.cloudMetadataServer", FixValue::Bool(false)),
        ]),
    ],
    kubectl: SHOW,
    references: &[
        GUIDE,
        Reference {
            title: "mybinder.org: Its own policy for builds and user servers",
            url: "https://github.com/jupyterhub/mybinder.org-deploy/blob/main/mybinder/templates/netpol.yaml",
        },
    ],
    mappings: &[Mapping::Nsa("Network separation and hardening")],
    judge: Judge::Hub(judge),
};

/// The values of the label `component` on pods that build images.
const BUILDERS: [&str; 4] = ["binderhub-build", "image-builder", "dind", "image-cleaner"];

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    let clouds = context.derived.clouds.as_ref().map_err(Clone::clone)?;
    if !clouds.is_cloud() {
        return Ok(Outcome::not_applicable(Reason::new(
            "no-cloud",
            "No node says that it runs on a cloud with a metadata server",
        )));
    }
    context.snapshot.deployments.complete_in(&hub.key.namespace)?;
    if hub.binder.is_none() {
        return Ok(Outcome::not_applicable(Reason::new(
            "no-builders",
            "Nothing here builds images for users",
        ))
        .because_all(core(context, hub)?));
    }
    let namespace = &hub.key.namespace;
    let builders: Vec<Arc<Pod>> = context
        .snapshot
        .pods
        .present_in(namespace)
        .filter(|pod| pod.metadata.label("component").is_some_and(|part| BUILDERS.contains(&part)))
        .cloned()
        .collect();
    let hidden = context.snapshot.pods.complete_in(namespace).err().map(|gap| Err(gap.into()));
    let points = context.derived.network.pods(&builders);
    let object = ObjectRef::namespaced(Kind::Pod, namespace, "build-*");
    let ends: Vec<End> =
        points.into_iter().map(|point| End { point, object: Some(object.clone()) }).collect();
    let Some(path) = to_metadata(context, hub, &ends)? else {
        if let Some(Err(unknown)) = hidden {
            return Err(unknown);
        }
        return Err(Reason::new(
            "no-build",
            "No pod that builds images is running, and only a running one shows it",
        )
        .into());
    };
    let fact =
        Evidence::new(object, "metadata.labels.component", Arg::word("builds images")).count(builders.len());
    let open = match may_guard_metadata(context, &builders) {
        Some((reason, label)) => Outcome::unknown(reason).because(label),
        None => {
            Outcome::warn(Reason::new("open", "Pods that build images reach the cloud's metadata server"))
        }
    };
    let closed = Outcome::pass(Reason::new(
        "closed",
        "Policies that are enforced keep the pods that build images from the metadata server",
    ));
    let outcome = path.outcome(context, hub, open, likely(Severity::Info), closed).because(fact);
    Ok(worst_with(outcome, hidden))
}

fn to_metadata(context: &Context<'_>, hub: &Hub, ends: &[End]) -> Result<Option<Path>, crate::gap::Unknown> {
    let mut paths = Vec::new();
    for address in metadata_addresses(context)? {
        let to = End::address(context, address);
        paths.extend(ends.iter().map(|from| ask(context, Some(hub), from, &to, Protocol::Tcp, 80)));
    }
    Ok(worst_path(paths))
}

/// Whether the hub and the proxy reach it: a fact that informs.
fn core(context: &Context<'_>, hub: &Hub) -> Result<Vec<Evidence>, crate::gap::Unknown> {
    let mut facts = Vec::new();
    for part in [Some(&hub.deployment), hub.proxy.as_ref(), hub.autohttps.as_ref()].into_iter().flatten() {
        let (ends, _) = ends_of_part(context, part);
        if let Some(path) = to_metadata(context, hub, &ends)?
            && path.fate == Fate::Open
        {
            facts.push(Evidence::new(
                part.object(),
                "egress",
                Arg::word("reaches the metadata server, as the chart has it"),
            ));
        }
    }
    Ok(facts)
}
