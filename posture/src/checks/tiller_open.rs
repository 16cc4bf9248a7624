//! Flags a Tiller that takes orders from the pod network.

use crate::check::{
    Check, Context, Evidence, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict, worst,
};
use crate::component::Sighting;
use crate::component::tiller::{self, Listening};
use crate::fix::Fix;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "TIL-02",
    name: "tiller-open",
    title: "Tiller takes orders over the loopback address only",
    fault: "Any pod can give orders to Tiller",
    severity: Severity::Critical,
    topic: Topic::Helm,
    since: "0.1.0",
    why: "Tiller asks nobody for a password. A notebook that reaches its port 44134 can install anything with Tiller's rights, which are \
          those of the cluster's administrator in most old installations.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Fail, Verdict::Unknown, Verdict::NotApplicable],
    needs: &tiller::KINDS,
    fixes: &[Fix::advice(
        "Let Tiller listen on the loopback address until it is removed. Its Service stops answering; Helm 2 still works, for it forwards \
         a port to the pod.",
    )
    .commands(&[tiller::LISTEN_LOCALLY])],
    kubectl: &[
        "kubectl",
        "get",
        "pods",
        "--all-namespaces",
        "--selector",
        "app=helm,name=tiller",
        "--output",
        r#"jsonpath={range .items[*].spec.containers[*]}{.command}{.args}{"\n"}{end}"#,
    ],
    references: &[
        Reference {
            title: "Helm 2: Securing your Helm Installation",
            url: "https://v2.helm.sh/docs/securing_installation/",
        },
        Reference { title: "Helm: Migrating Helm v2 to v3", url: "https://helm.sh/docs/topics/v2_v3_migration/" },
    ],
    mappings: &[Mapping::Nsa("Authentication and authorization")],
    judge: Judge::Cluster(judge),
};

fn judge(context: &Context<'_>) -> Judgement {
    let tillers = tiller::tillers(context.snapshot);
    let parts = tillers.seen.iter().map(part).chain(tillers.complete().err().map(|gap| Err(gap.into())));
    if !tillers.is_present()? {
        return Ok(Outcome::not_applicable(Reason::new("none", "There is no Tiller in the cluster")));
    }
    let mut outcome = worst(parts).ok_or_else(|| Reason::new("none", "No Tiller was seen"))?;
    if let Some(root) = tillers.roots().next() {
        outcome.slots.extend(&root.slots("tiller"));
    }
    Ok(outcome)
}

/// A Deployment and its pods are judged apart: after a rollout that failed, the old pod still listens as before.
fn part(sighting: &Sighting<'_>) -> Judgement {
    let outcome = match tiller::listening(sighting)? {
        Listening::Loopback => {
            Outcome::pass(Reason::new("loopback", "Tiller listens on the loopback address only"))
        }
        Listening::Verified => Outcome::pass(Reason::new("verified", "Tiller asks for a client certificate")),
        Listening::Encrypted => Outcome::warn(Reason::new(
            "encrypted",
            "Tiller uses TLS but does not ask for a client certificate, so any pod can give it orders",
        )),
        Listening::Stopped => Outcome::warn(Reason::new(
            "stopped",
            "Tiller is scaled to zero; once started, it would take orders from any pod",
        )),
        Listening::Open => Outcome::fail(Reason::new(
            "open",
            "Tiller listens on every address, so any pod can give it orders",
        )),
    };
    let evidence = command(sighting);
    Ok(match outcome.verdict {
        Verdict::Pass => outcome.because(evidence),
        _ => outcome.because(evidence.wanted(Arg::word("--listen=localhost:44134"))),
    })
}

/// The words that decide: command and arguments as far as they are known.
fn command(sighting: &Sighting<'_>) -> Evidence {
    let words =
        tiller::container(sighting.spec).map(|container| container.words().collect::<Vec<_>>().join(" "));
    let found = match words {
        Some(words) if !words.is_empty() => Arg::text(words),
        _ => Arg::word("not set, so the image's default: every address"),
    };
    Evidence::new(sighting.object.clone(), sighting.path("containers[].command"), found)
}
