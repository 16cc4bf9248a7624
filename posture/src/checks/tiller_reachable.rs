//! Flags a Tiller that user servers, or anyone outside the cluster, can connect to.

use crate::check::paths::Fate;
use crate::check::{Check, Context, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict};
use crate::component::tiller::{self, Listening};
use crate::component::{self, Sighting, paths};
use crate::fix::Fix;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "TIL-03",
    name: "tiller-reachable",
    title: "User servers cannot connect to Tiller",
    fault: "User servers can connect to Tiller",
    severity: Severity::High,
    topic: Topic::Helm,
    since: "0.1.0",
    why: "A Tiller that listens beyond the loopback address takes orders from whoever connects. Network policies are the last thing \
          between a notebook and its port, and they count only where something enforces them.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Fail, Verdict::Unknown, Verdict::NotApplicable],
    needs: component::REACHED,
    fixes: &[Fix::advice(
        "Let Tiller listen on the loopback address until it is removed, and give its Service the type ClusterIP. Policies for user \
         servers that deny private addresses, which charts from 2.0 on bring, keep them from it where something enforces policies.",
    )
    .commands(&[tiller::LISTEN_LOCALLY])],
    kubectl: &[
        "kubectl",
        "get",
        "pods,services",
        "--all-namespaces",
        "--selector",
        "app=helm,name=tiller",
        "--output",
        "wide",
    ],
    references: &[Reference {
        title: "Helm 2: Securing your Helm Installation",
        url: "https://v2.helm.sh/docs/securing_installation/",
    }],
    mappings: &[Mapping::Nsa("Network separation and hardening")],
    judge: Judge::Cluster(judge),
};

/// The port on which Tiller takes orders.
const PORT: u16 = 44134;

fn judge(context: &Context<'_>) -> Judgement {
    let tillers = tiller::tillers(context.snapshot);
    if !tillers.is_present()? {
        return Ok(Outcome::not_applicable(Reason::new("none", "There is no Tiller in the cluster")));
    }
    let mut outcome = judge_seen(context, &tillers)?;
    if let Some(root) = tillers.roots().next() {
        outcome.slots.extend(&root.slots("tiller"));
    }
    Ok(outcome)
}

fn judge_seen(context: &Context<'_>, tillers: &component::Sightings<'_>) -> Judgement {
    let mut open: Vec<&Sighting<'_>> = Vec::new();
    let mut unclear = None;
    for sighting in &tillers.seen {
        match tiller::listening(sighting) {
            Ok(Listening::Loopback | Listening::Verified | Listening::Stopped) => {}
            Ok(Listening::Open | Listening::Encrypted) => open.push(sighting),
            Err(reason) => unclear = Some(reason),
        }
    }
    if open.is_empty() {
        unclear.map_or(Ok(()), Err)?;
        tillers.complete()?;
        return Ok(Outcome::pass(Reason::new(
            "not-listening",
            "Tiller takes orders from no other pod, so no path to it matters",
        )));
    }
    let seen: Vec<Sighting<'_>> = open.iter().map(|sighting| (*sighting).clone()).collect();
    let exposure = component::exposure(context.snapshot, &seen);
    if let Some(way) = exposure.ways.first() {
        let reason = Reason::new("exposed", "Tiller can be reached from outside the cluster through {way}")
            .with("way", way.object.clone());
        return Ok(Outcome::fail(reason).because_all(exposure.ways.clone()));
    }
    let found = paths::from_servers(context, &open, |_| vec![PORT])?;
    let facts = found.path.evidence(context, Some(found.hub));
    let to = found.path.to.clone().map_or_else(|| Arg::word("Tiller"), Arg::from);
    let outcome = match &found.path.fate {
        Fate::Open => Outcome::fail(
            Reason::new("open", "User servers of {hub} can connect to {tiller} at port 44134")
                .with("hub", Arg::text(found.hub.key.to_string()))
                .with("tiller", to),
        ),
        Fate::Unclear(unknown) => Outcome::from(unknown.clone()),
        Fate::LikelyClosed | Fate::Closed => {
            unclear.map_or(Ok(()), Err)?;
            exposure.is_exposed()?;
            tillers.complete()?;
            paths::hidden(context)?;
            match found.path.fate {
                Fate::Closed => Outcome::pass(Reason::new(
                    "closed",
                    "Policies that are enforced keep user servers from Tiller",
                )),
                _ => Outcome::warn(Reason::new(
                    "likely-closed",
                    "Policies keep user servers from Tiller, and it is likely but not certain that they are enforced",
                ))
                .severity(Severity::Medium),
            }
        }
    };
    Ok(outcome.because_all(open.iter().map(|sighting| sighting.image())).because_all(facts))
}
