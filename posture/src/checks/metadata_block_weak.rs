//! Flags iptables blocks of the metadata server that do not work, or that leave something open.

use crate::check::paths::{Fate, PATHS, ends_of_class, metadata_addresses, to_metadata};
use crate::check::servers::{barrier_of, evidence_of, judge_servers, undone_evidence};
use crate::check::{
    Check, Context, Evidence, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict,
};
use crate::derived::{Barrier, BarrierState, BlockScope};
use crate::fix::{Fix, FixValue};
use crate::gap::Unknown;
use crate::hub::{Hub, UserClass};
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "MET-02",
    name: "metadata-block-weak",
    title: "The iptables block of the metadata server works and leaves nothing open",
    fault: "The iptables block of the metadata server does not work or leaves something open",
    severity: Severity::Critical,
    topic: Topic::CloudMetadata,
    since: "0.1.0",
    why: "The block is an init container that changes the server's own network. It needs privileges that admission may take away, it \
          protects only what starts after it, and charts from 3.0 on let it drop TCP port 80 alone.",
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
            11,
            "Give the init container its privileges back, move what need not run before it out of `singleuser.initContainers`, and \
             upgrade the chart. Then restart the user servers.",
        )
        .newer_chart(),
        Fix {
            to: Some((2, 0)),
            ..Fix::from(
                0,
                11,
                "Give the init container its privileges back, or let a network policy that something enforces do the work. Then \
                 restart the user servers.",
            )
            .values(&[
                ("singleuser.cloudMetadata.blockWithIptables", FixValue::Bool(true)),
                ("singleuser.networkPolicy.enabled", FixValue::Bool(true)),
            ])
        },
        Fix::from(
            2,
            0,
            "Let a network policy that something enforces close the metadata server: it covers every port, the init containers too, \
             and needs no privileges. Where nothing enforces policies, give the init container its privileges back. Then restart the \
             user servers.",
        )
        .values(&[
            ("singleuser.networkPolicy.enabled", FixValue::Bool(true)),
            ("singleuser.networkPolicy.egressAllowRules.cloudMetadataServer", FixValue::Bool(false)),
        ]),
    ],
    kubectl: &[
        "kubectl",
        "--namespace",
        "<namespace>",
        "get",
        "pods",
        "--selector",
        "component=singleuser-server",
        "--output",
        "custom-columns=NAME:.metadata.name,COMMAND:.spec.initContainers[*].command,EXIT:.status.initContainerStatuses[*].state.terminated.exitCode",
    ],
    references: &[
        Reference {
            title: "Zero to JupyterHub: Security, cloud metadata server",
            url: "https://z2jh.jupyter.org/en/stable/administrator/security.html",
        },
        Reference {
            title: "Zero to JupyterHub: The block and Pod Security admission",
            url: "https://github.com/jupyterhub/zero-to-jupyterhub-k8s/issues/1408",
        },
    ],
    mappings: &[Mapping::Nsa("Network separation and hardening")],
    judge: Judge::Hub(judge),
};

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    judge_servers(context, hub, |class| judge_class(context, hub, class, barrier_of(context, hub, class)?))
}

fn judge_class(context: &Context<'_>, hub: &Hub, class: &UserClass, barrier: &Barrier) -> Judgement {
    let command = || command_evidence(class, barrier);
    Ok(match &barrier.state {
        BarrierState::Absent => Outcome::not_applicable(Reason::new(
            "absent",
            "User servers carry no init container that blocks the metadata server",
        )),
        BarrierState::Effective => covered(context, hub, class, effective(class, barrier))?,
        BarrierState::Stripped => Outcome::fail(Reason::new(
            "stripped",
            "The init container that should block the metadata server may not change the network, so it blocks nothing",
        ))
        .because(
            at(class, barrier, "securityContext", Arg::word("neither privileged nor NET_ADMIN as root"))
                .wanted(Arg::word("privileged or NET_ADMIN, as root")),
        ),
        BarrierState::OtherAddress(address) => other_address(context, address)?.because(command()),
        BarrierState::Failed(code) => Outcome::warn(
            Reason::new("failed", "The init container that blocks the metadata server ended with {code}: its servers do not start")
                .with("code", Arg::Number(i64::from(*code))),
        )
        .severity(Severity::Medium)
        .because(
            evidence_of(
                class,
                "status.initContainerStatuses[].state.terminated.exitCode",
                Arg::Number(i64::from(*code)),
            )
            .wanted(Arg::Number(0)),
        ),
        BarrierState::HostNetwork => Outcome::warn(Reason::new(
            "on-the-node",
            "User servers share the node's network, so the init container edits the rules of the node and not their own",
        ))
        .severity(Severity::Medium)
        .because(evidence_of(class, "spec.hostNetwork", Arg::word("true")).wanted(Arg::word("false"))),
        BarrierState::Unrecognised => Outcome::unknown(Reason::new(
            "unrecognised",
            "The command of the init container is not the chart's and is not understood; look at it by hand",
        ))
        .because(command()),
        BarrierState::Unconfirmed => return Err(unconfirmed(barrier)),
    })
}

fn effective(class: &UserClass, barrier: &Barrier) -> Outcome {
    let fact = command_evidence(class, barrier);
    if !barrier.runs_after.is_empty() {
        let names = barrier.runs_after.iter().map(Arg::text).collect();
        return Outcome::warn(
            Reason::new(
                "too-late",
                "Init containers that run before the block reach the metadata server: {containers}",
            )
            .with("containers", Arg::List(names)),
        )
        .severity(Severity::Medium)
        .because(
            at(class, barrier, "name", Arg::word("not the first"))
                .wanted(Arg::word("the first init container")),
        )
        .because(fact);
    }
    if let Some(container) = &barrier.undone_by {
        return Outcome::warn(
            Reason::new(
                "undone",
                "Container {container} may change the network too, so a user can undo the block",
            )
            .with("container", Arg::text(container)),
        )
        .severity(Severity::High)
        .because(undone_evidence(class, container))
        .because(fact)
        .case("undone");
    }
    match barrier.scope {
        Some(BlockScope::Everything) => {
            Outcome::pass(Reason::new("whole", "The init container drops everything sent to the metadata server"))
                .because(fact)
        }
        Some(BlockScope::Tcp) => {
            Outcome::pass(Reason::new("tcp", "The init container drops every TCP port of the metadata server"))
                .note(Reason::new("udp-open", "UDP stays open, which DNS at this address needs"))
                .because(fact)
        }
        Some(BlockScope::TcpPort80) => Outcome::warn(Reason::new(
            "port-80-only",
            "The init container drops TCP port 80 of the metadata server alone; its other ports stay open, DNS among them on purpose",
        ))
        .severity(Severity::Low)
        .because(fact.wanted(Arg::word("a network policy that closes the other ports"))),
        Some(BlockScope::Partial) | None => Outcome::unknown(Reason::new(
            "partial",
            "The init container drops only some ports or protocols, and whether HTTP is among them is not understood; look at it by hand",
        ))
        .because(fact),
    }
}

/// What the block leaves open counts only where no policy that is enforced closes it: one that lets no more than DNS through to the
/// metadata server covers every port, every container and init containers too.
fn covered(context: &Context<'_>, hub: &Hub, class: &UserClass, weak: Outcome) -> Judgement {
    if weak.verdict != Verdict::Warn {
        return Ok(weak);
    }
    let path = to_metadata(context, hub, class)?;
    match &path.fate {
        Fate::Open => return Ok(weak),
        // It is a weakness only if policies are not enforced after all.
        Fate::LikelyClosed => return Ok(weak.because_all(path.evidence(context, Some(hub)))),
        Fate::Unclear(unknown) => {
            return Ok(Outcome { evidence: weak.evidence, ..Outcome::from(unknown.clone()) });
        }
        Fate::Closed => {}
    }
    let addresses = metadata_addresses(context)?;
    let open: Vec<_> = ends_of_class(context, class)
        .iter()
        .flat_map(|end| context.derived.network.reachable_addresses(&end.point))
        .filter(|opening| addresses.iter().any(|address| opening.addresses.contains(*address)))
        .flat_map(|opening| opening.ports)
        .filter(|ports| (ports.first, ports.last) != (53, 53))
        .collect();
    if !open.is_empty() {
        return Ok(weak);
    }
    let reason = Reason::new(
        "covered",
        "What the init container leaves open, a network policy that is enforced closes; DNS at the metadata server's address may stay open",
    );
    Ok(Outcome::pass(reason).because_all(weak.evidence).because_all(path.evidence(context, Some(hub))))
}

/// A block of the wrong address is proof on a cloud; elsewhere nobody knows which address is right.
fn other_address(context: &Context<'_>, address: &str) -> Result<Outcome, Unknown> {
    let clouds = context.derived.clouds.as_ref().map_err(Clone::clone)?;
    let reason = |id, template| Reason::new(id, template).with("address", Arg::text(address));
    Ok(match clouds.seen.keys().next() {
        Some(cloud) => Outcome::fail(
            reason("other-address", "The init container blocks {address}, but the metadata server of {cloud} is at {right}")
                .with("cloud", Arg::word(cloud.name()))
                .with("right", Arg::word(cloud.metadata_address())),
        ),
        None => Outcome::warn(reason(
            "unusual-address",
            "The init container blocks {address}, while metadata servers are nearly always at 169.254.169.254",
        ))
        .severity(Severity::Medium),
    })
}

fn unconfirmed(barrier: &Barrier) -> Unknown {
    barrier.unknown.clone().unwrap_or_else(|| {
        Reason::new(
            "unconfirmed",
            "No server of this kind has run past its init container yet; wait until one has started",
        )
        .into()
    })
}

fn command_evidence(class: &UserClass, barrier: &Barrier) -> Evidence {
    at(class, barrier, "command", Arg::text(barrier.command.join(" ")))
}

/// A field of the init container.
fn at(class: &UserClass, barrier: &Barrier, field: &str, found: Arg) -> Evidence {
    let index = barrier.index.unwrap_or_default();
    evidence_of(class, format!("spec.initContainers[{index}].{field}"), found)
}
