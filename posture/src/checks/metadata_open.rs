//! Flags user servers that nothing keeps from the cloud's metadata server.

use crate::check::paths::{Fate, PATHS, to_metadata};
use crate::check::platform::may_guard_metadata;
use crate::check::servers::{
    SHOW_BLOCK, barrier_of, evidence_of, no_server, recalled, undone_evidence, worst_server,
};
use crate::check::{
    Check, Context, Evidence, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict,
};
use crate::derived::selection::selecting;
use crate::derived::{Barrier, BarrierState, BlockScope, Clouds, EnforcementState};
use crate::fix::{Fix, FixValue};
use crate::hub::{Hub, UserClass};
use crate::kind::Kind;
use crate::object::ObjectRef;
use crate::settings::AttestedFact;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "MET-01",
    name: "metadata-open",
    title: "User servers cannot reach the cloud's metadata server",
    fault: "User servers can reach the cloud's metadata server",
    severity: Severity::Critical,
    topic: Topic::CloudMetadata,
    since: "0.1.0",
    why: "The metadata server hands the credentials of the node to whoever asks from it. A user who reaches it may act as the node: read \
          images and storage, and often change the cluster.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Fail, Verdict::Unknown, Verdict::NotApplicable],
    needs: PATHS,
    fixes: &[
        Fix::advice(
            "Give the containers of user servers neither `privileged` nor NET_ADMIN, in no profile and in no extra container. Then restart \
             the user servers.",
        )
        .case("undone"),
        Fix::before(
            0,
            6,
            "Upgrade the chart: this version has no block of the metadata server. Until then, write a network policy that denies \
             egress to 169.254.169.254 and make sure that something enforces it.",
        )
        .newer_chart(),
        Fix {
            to: Some((0, 10)),
            ..Fix::from(
                0,
                6,
                "Close the metadata server again: in this chart `enabled` opens it. Then restart the user servers, for running ones \
                 keep what they were started with.",
            )
            .values(&[("singleuser.cloudMetadata.enabled", FixValue::Bool(false))])
        },
        Fix {
            to: Some((0, 11)),
            ..Fix::from(
                0,
                10,
                "Upgrade to chart 0.11 or newer: 0.10 reads another key than it documents, so its block is lost. Until then the old \
                 key, which the code still reads, brings it back. Then restart the user servers.",
            )
            .values(&[("singleuser.cloudMetadata.enabled", FixValue::Bool(false))])
        },
        Fix::from(
            0,
            11,
            "Block the metadata server in every user server. Where something enforces network policies, the chart's policy for user \
             servers does the same if it has no egress rule for the metadata server. Servers on the network of their node need \
             `hostNetwork` taken away first. Then restart the user servers, for running ones keep what they were started with.",
        )
        .values(&[
            ("singleuser.cloudMetadata.blockWithIptables", FixValue::Bool(true)),
            ("singleuser.networkPolicy.enabled", FixValue::Bool(true)),
        ]),
    ],
    kubectl: SHOW_BLOCK,
    references: &[
        Reference {
            title: "Zero to JupyterHub: Security, cloud metadata server",
            url: "https://z2jh.jupyter.org/en/stable/administrator/security.html",
        },
        Reference {
            title: "AWS: Configure the instance metadata service options",
            url: "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-options.html",
        },
    ],
    mappings: &[Mapping::Nsa("Network separation and hardening")],
    judge: Judge::Hub(judge),
};

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    // Which address counts, and how bad it is, depends on the cloud: nothing is said before it is known.
    let clouds = context.derived.clouds.as_ref().map_err(Clone::clone)?;
    let name = hub.key.to_string();
    let attested = context.settings.attested(AttestedFact::NoCloudMetadata, Some(&name), context.now);
    if let (false, Some(attestation)) = (clouds.is_cloud(), attested) {
        let reason = Reason::new(
            "attested",
            "The operator states until {until} that no metadata server is near: {why}",
        )
        .with("until", Arg::Instant(attestation.until))
        .with("why", Arg::text(&attestation.reason));
        return Ok(Outcome::not_applicable(reason));
    }
    let judged = worst_server(context, hub, |class| {
        judge_class(context, hub, clouds, class, barrier_of(context, hub, class)?)
    });
    Ok(judged.unwrap_or_else(|| without_servers(context, hub)))
}

fn judge_class(
    context: &Context<'_>,
    hub: &Hub,
    clouds: &Clouds,
    class: &UserClass,
    barrier: &Barrier,
) -> Judgement {
    let fact = barrier_evidence(class, barrier);
    if barrier.is_effective() && barrier.undone_by.is_none() {
        let reason = Reason::new("blocked", "An init container drops what user servers send to {address}")
            .with("address", Arg::text(barrier.address.clone().unwrap_or_default()));
        return Ok(Outcome::pass(reason).because(fact));
    }
    let path = to_metadata(context, hub, class)?;
    let facts = path.evidence(context, Some(hub));
    let outcome = match &path.fate {
        Fate::Closed => Outcome::pass(Reason::new(
            "denied",
            "A network policy that is enforced keeps user servers from the metadata server",
        )),
        Fate::LikelyClosed => Outcome::warn(Reason::new(
            "denied-if-enforced",
            "Only a network policy keeps user servers from the metadata server, and it is likely but not certain that it is enforced",
        ))
        .severity(Severity::Medium),
        Fate::Unclear(unknown) => Outcome::from(unknown.clone()),
        Fate::Open if let Some((reason, label)) = may_guard_metadata(context, &class.pods) => {
            Outcome::unknown(reason).because(label)
        }
        Fate::Open => {
            let outcome = unblocked(context, clouds, class, barrier)?.because(fact);
            let outcome = with_idle_policies(context, hub, class, outcome);
            return Ok(add_new(outcome, facts));
        }
    };
    Ok(outcome.because(fact).because_all(facts))
}

fn add_new(outcome: Outcome, facts: Vec<Evidence>) -> Outcome {
    let is_known = |fact: &Evidence| {
        outcome.evidence.iter().any(|known| known.object == fact.object && known.path == fact.path)
    };
    let new: Vec<_> = facts.into_iter().filter(|fact| !is_known(fact)).collect();
    outcome.because_all(new)
}

/// The outcome where no policy closes the way: what became of the init container decides.
fn unblocked(context: &Context<'_>, clouds: &Clouds, class: &UserClass, barrier: &Barrier) -> Judgement {
    let unproven = |what| Ok(Outcome::unknown(unclear(what)));
    match &barrier.state {
        BarrierState::Effective if barrier.is_effective() => {
            let container = barrier.undone_by.as_deref().unwrap_or_default();
            Ok(undone(container).severity(Severity::High).because(undone_evidence(class, container)))
        }
        // A range of ports may hold the one that matters.
        BarrierState::Effective => unproven("The init container drops only some ports or protocols"),
        BarrierState::Unrecognised => unproven("The command of the init container is not understood"),
        BarrierState::Failed(_) => {
            unproven("The init container ended with an error, so its servers do not start")
        }
        BarrierState::Unconfirmed => barrier
            .unknown
            .clone()
            .map_or_else(|| unproven("No server of this kind has run past its init container yet"), Err),
        BarrierState::Absent
        | BarrierState::Stripped
        | BarrierState::HostNetwork
        | BarrierState::OtherAddress(_) => Ok(open(context, clouds, barrier)),
    }
}

/// The rule holds until somebody takes it away.
fn undone(container: &str) -> Outcome {
    Outcome::warn(
        Reason::new(
            "undone",
            "An init container blocks the metadata server, but container {container} may change the network too, so a user can undo it",
        )
        .with("container", Arg::text(container)),
    )
    .case("undone")
}

/// The outcome where nothing keeps the servers from the metadata server.
fn open(context: &Context<'_>, clouds: &Clouds, barrier: &Barrier) -> Outcome {
    match clouds.seen.iter().next() {
        // The rule stands in the node's own table then, which holds for the pod too as long as nothing rewrites it.
        Some(_) if barrier.state == BarrierState::HostNetwork => Outcome::warn(Reason::new(
            "on-the-node",
            "User servers share the node's network: no policy holds for them, and the init container edits the node's rules",
        ))
        .severity(Severity::High),
        Some((cloud, node)) => Outcome::fail(
            Reason::new("open", "Neither an init container nor a network policy keeps user servers from the metadata server of {cloud}")
                .with("cloud", Arg::word(cloud.name())),
        )
        .because(node_evidence(context, node)),
        None => Outcome::warn(Reason::new(
            "open-elsewhere",
            "Neither an init container nor a network policy keeps user servers from a metadata server; no node says that it is on a cloud that has one",
        ))
        .severity(Severity::Medium),
    }
}

/// Names the policies that would select the servers if anything enforced them.
fn with_idle_policies(context: &Context<'_>, hub: &Hub, class: &UserClass, outcome: Outcome) -> Outcome {
    let enforcement = context.derived.enforcement_for(hub);
    let policies = selecting(context.snapshot, &class.namespace, &class.labels).egress;
    if class.spec.host_network {
        return outcome
            .because(evidence_of(class, "spec.hostNetwork", Arg::word("true")).wanted(Arg::word("false")));
    }
    if enforcement.state != EnforcementState::NotEnforced || policies.is_empty() {
        return outcome;
    }
    let policies = Arg::List(policies.into_iter().map(Arg::from).collect());
    outcome
        .note(
            Reason::new("idle", "{policies} would select them, but nothing enforces policies")
                .with("policies", policies),
        )
        .because_all(enforcement.evidence.iter().cloned())
}

fn unclear(what: &'static str) -> Reason {
    Reason::new("barrier-unclear", "{what}; ask for http://169.254.169.254/ from a server to see")
        .with("what", Arg::word(what))
}

/// What became of the barrier, as a fact of the class.
fn barrier_evidence(class: &UserClass, barrier: &Barrier) -> Evidence {
    let (path, found) = match barrier.index {
        None => ("spec.initContainers".to_owned(), Arg::word("no block of the metadata server")),
        Some(index) => {
            (format!("spec.initContainers[{index}].command"), Arg::text(barrier.command.join(" ")))
        }
    };
    let evidence = match &barrier.state {
        BarrierState::Stripped => evidence_of(
            class,
            path.replace(".command", ".securityContext"),
            Arg::word("may not change the network"),
        ),
        BarrierState::Failed(code) => evidence_of(
            class,
            "status.initContainerStatuses[].state.terminated.exitCode",
            Arg::Number(i64::from(*code)),
        ),
        _ => evidence_of(class, path, found),
    };
    if barrier.is_effective() {
        return evidence;
    }
    let wanted = match barrier.scope {
        Some(BlockScope::Partial) => "a block of TCP port 80 at least",
        _ => "an init container that blocks 169.254.169.254 and ends with 0",
    };
    evidence.wanted(Arg::word(wanted))
}

fn node_evidence(context: &Context<'_>, node: &str) -> Evidence {
    let id = context.snapshot.nodes.find(None, node).and_then(|node| node.spec.provider_id.clone());
    Evidence::new(ObjectRef::cluster(Kind::Node, node), "spec.providerID", Arg::text(id.unwrap_or_default()))
}

/// Without servers the image puller hints at what is configured, except in chart 0.10, where user servers never get what it shows.
fn without_servers(context: &Context<'_>, hub: &Hub) -> Outcome {
    let mut outcome = no_server(context, hub);
    if let Some(servers) = recalled(context, hub) {
        let reason = if servers.barrier {
            Reason::new("last-seen-blocked", "The last servers, at {when}, all carried an effective block")
        } else {
            Reason::new("last-seen-open", "Of the last servers, at {when}, some carried no effective block")
        };
        outcome = outcome.note(reason.with("when", Arg::Instant(servers.seen_at)));
    }
    let is_misleading = hub.chart.as_ref().is_ok_and(|chart| chart.is_between((0, 10), (0, 11)));
    let hints = hub.image_pullers.iter().map(|puller| {
        let pulls = puller.pod().container("image-pull-metadata-block").is_some();
        let found = match (pulls, is_misleading) {
            (true, false) => "pulls the image of the block: it is configured",
            (false, false) => "does not pull the image of the block: it is not configured",
            (_, true) => "says nothing in chart 0.10, whose user servers never get the block",
        };
        Evidence::new(puller.object(), "spec.template.spec.initContainers", Arg::word(found))
    });
    outcome.because_all(hints)
}
