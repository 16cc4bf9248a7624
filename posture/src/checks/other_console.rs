//! Flags consoles other than the Kubernetes Dashboard that hold every right or are reachable from outside.

use crate::access::Grant;
use crate::check::{
    Check, Context, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict, worst,
};
use crate::component::console::{CONSOLES, Console};
use crate::component::{self, Power, Sighting, Sightings};
use crate::fix::Fix;
use crate::gap::Gap;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "DSH-05",
    name: "other-console",
    title: "No other console holds every right or is reachable from outside",
    fault: "Another console holds every right or is reachable from outside",
    severity: Severity::Medium,
    topic: Topic::Dashboards,
    since: "0.1.0",
    why: "A web console that acts as the cluster's administrator is what the Dashboard was: one stolen session, or one flaw, is the whole \
          cluster.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Fail, Verdict::Unknown],
    needs: component::EXPOSED,
    fixes: &[Fix::advice(
        "Give the console's account the role `view` (charts have a value for it; Headlamp's is clusterRoleBinding), let people sign in with \
         their own rights, and put what is exposed behind single sign-on.",
    )],
    kubectl: &["kubectl", "get", "clusterrolebindings", "--output", "wide"],
    references: &[Reference {
        title: "Headlamp: Installation in a cluster",
        url: "https://headlamp.dev/docs/latest/installation/in-cluster/",
    }],
    mappings: &[Mapping::Cis("5.1.1"), Mapping::Nsa("Authentication and authorization")],
    judge: Judge::Cluster(judge),
};

fn judge(context: &Context<'_>) -> Judgement {
    let sightings: Vec<_> =
        CONSOLES.iter().map(|console| (console, console.sight(context.snapshot))).collect();
    let seen = sightings.iter().filter(|(_, sightings)| !sightings.seen.is_empty());
    let outcome = worst(seen.map(|(console, sightings)| part(context, console, sightings)));
    let gap = sightings.iter().find_map(|(_, sightings)| sightings.gap.clone());
    match (outcome, gap) {
        // What is hidden may be worse than what was seen, unless that is as bad as it gets.
        (Some(outcome), Some(_)) if outcome.verdict == Verdict::Fail => Ok(outcome),
        (_, Some(gap)) => Err(gap.into()),
        (Some(outcome), None) => Ok(outcome),
        (None, None) => Ok(Outcome::pass(Reason::new(
            "none",
            "None of the consoles that Perijove knows runs in the cluster",
        ))),
    }
}

fn part(context: &Context<'_>, console: &Console, sightings: &Sightings<'_>) -> Judgement {
    let exposure = component::exposure(context.snapshot, &sightings.seen);
    let (admin, grants) = administrator(context, &sightings.seen);
    let extent = component::extent(&grants);
    let name = Arg::word(console.name);
    let outcome = match (admin, exposure.is_exposed()) {
        (Ok(true), Ok(true)) => Outcome::fail(
            Reason::new("both", "{console} holds {extent} and is reachable from outside")
                .with("console", name)
                .with("extent", extent),
        ),
        (Ok(true), Ok(false)) => Outcome::warn(
            Reason::new("admin", "{console} holds {extent}").with("console", name).with("extent", extent),
        ),
        (Ok(false), Ok(true)) => Outcome::warn(
            Reason::new("exposed", "{console} is reachable from outside the cluster").with("console", name),
        ),
        (Ok(false), Ok(false)) => Outcome::pass(
            Reason::new("present", "{console} neither holds every right nor is reachable from outside")
                .with("console", name),
        ),
        (Err(gap), _) | (_, Err(gap)) => return Err(gap.into()),
    };
    Ok(outcome
        .because_all(sightings.roots().map(Sighting::image))
        .because_all(grants.iter().map(component::binding))
        .because_all(exposure.ways))
}

/// Whether any of its accounts holds every right, and through which grants.
fn administrator(context: &Context<'_>, seen: &[Sighting<'_>]) -> (Result<bool, Gap>, Vec<Grant>) {
    let mut hidden = None;
    for sighting in seen {
        match component::power(context.derived, sighting) {
            Ok(Power::Everything(grants)) => {
                return (Ok(true), grants);
            }
            Ok(_) => {}
            Err(gap) => hidden = Some(gap),
        }
    }
    (hidden.map_or(Ok(false), Err), Vec::new())
}
