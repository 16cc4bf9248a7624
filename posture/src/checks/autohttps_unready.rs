//! Flags automatic HTTPS that does not run, or that the certificate authority cannot reach.

use jiff::SignedDuration;

use crate::check::{
    Check, Context, Evidence, Judge, Judgement, Outcome, Reference, Severity, Topic, Verdict, worst_with,
};
use crate::derived::TlsMode;
use crate::entrance;
use crate::facts::{Service, Workload};
use crate::fix::{Fix, FixValue};
use crate::hub::Hub;
use crate::kind::Kind;
use crate::snapshot::Origin;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "TLS-08",
    name: "autohttps-unready",
    title: "Automatic HTTPS runs and the certificate authority can reach it",
    fault: "Automatic HTTPS does not work",
    severity: Severity::High,
    topic: Topic::Https,
    since: "0.1.0",
    why: "While it is down nobody can sign in, and a certificate that is not renewed in time ends.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Fail, Verdict::Unknown, Verdict::NotApplicable],
    needs: &[Kind::Service, Kind::Deployment, Kind::Pod],
    fixes: &[
        Fix::before(1, 0, OPEN)
            .case("closed-to-authority")
            .values(&[("proxy.service.loadBalancerSourceRanges", FixValue::List(&[]))]),
        Fix::from(1, 0, OPEN).case("closed-to-authority").values(&[
            ("proxy.service.disableHttpPort", FixValue::Bool(false)),
            ("proxy.service.loadBalancerSourceRanges", FixValue::List(&[])),
        ]),
        Fix::before(0, 9, "Upgrade the chart: kube-lego knows only a protocol that was switched off.")
            .newer_chart(),
        Fix::from(0, 9, "Read what it says, repair the DNS record or port 80, then restart it.").commands(&[
            &[
                "kubectl",
                "--namespace",
                "<namespace>",
                "logs",
                "deployment/<autohttps>",
                "--container",
                "<container>",
            ],
            &["kubectl", "--namespace", "<namespace>", "rollout", "restart", "deployment/<autohttps>"],
        ]),
    ],
    kubectl: &["kubectl", "--namespace", "<namespace>", "get", "deployment", "<autohttps>"],
    references: &[
        Reference {
            title: "Zero to JupyterHub: Security, HTTPS",
            url: "https://z2jh.jupyter.org/en/stable/administrator/security.html#https",
        },
        Reference {
            title: "Let's Encrypt: Challenge Types, HTTP-01",
            url: "https://letsencrypt.org/docs/challenge-types/#http-01-challenge",
        },
    ],
    mappings: &[],
    judge: Judge::Hub(judge),
};

const OPEN: &str =
    "Let everyone reach port 80: Let's Encrypt asks there for its proof and names no addresses.";

/// How long a start may take.
const PATIENCE: SignedDuration = SignedDuration::from_mins(10);

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    let tls = context.derived.tls(hub)?;
    if tls.mode != TlsMode::LetsEncrypt {
        return Ok(entrance::no_automatic_https(tls));
    }
    let engine = hub.autohttps.as_ref().or(hub.proxy.as_ref());
    let engine =
        engine.ok_or_else(|| Reason::new("no-engine", "The Deployment of automatic HTTPS cannot be seen"))?;
    let service = entrance::public_service(context, hub)?;
    let outcome =
        worst_with(health(context, engine), service.into_iter().flat_map(closed_to_authority).map(Ok));
    let container = if entrance::kube_lego(hub).is_some() { "kube-lego" } else { "traefik" };
    Ok(outcome.slot("autohttps", &engine.metadata.name).slot("container", container))
}

fn health(context: &Context<'_>, engine: &Workload) -> Outcome {
    let ready = engine.status.ready_replicas;
    let object = engine.object();
    let evidence = Evidence::new(object.clone(), "status.readyReplicas", Arg::Number(ready.into()))
        .wanted(Arg::Number(1));
    let crashing = crashing(context, engine);
    let outcome = if context.snapshot.origin == Origin::Declared {
        Outcome::unknown(Reason::new("no-status", "Only a live cluster shows whether automatic HTTPS runs"))
    } else if engine.replicas == Some(0) {
        Outcome::fail(Reason::new("stopped", "{engine} is scaled to zero").with("engine", object))
    } else if ready > 0 {
        Outcome::pass(Reason::new("ready", "Automatic HTTPS runs")).note(Reason::new(
            "store-unseen",
            "Whether it has a certificate stands in a Secret, which Perijove does not read",
        ))
    } else if is_starting(context, engine) && crashing.is_none() {
        Outcome::unknown(
            Reason::new("starting", "{engine} is not ready yet; it may be starting").with("engine", object),
        )
    } else {
        Outcome::fail(
            Reason::new("unready", "{engine} is not ready, so nobody reaches the hub over HTTPS")
                .with("engine", object),
        )
    };
    outcome.because(evidence).because_all(crashing)
}

/// Whether it was ready, or did not exist, a moment ago.
fn is_starting(context: &Context<'_>, engine: &Workload) -> bool {
    let available = engine.status.conditions.iter().find(|condition| condition.kind == "Available");
    let since =
        available.and_then(|condition| condition.last_transition_time).or(engine.metadata.creation_timestamp);
    since.is_some_and(|since| context.now.duration_since(since) < PATIENCE)
}

/// A container of it that waits to be started again.
fn crashing(context: &Context<'_>, engine: &Workload) -> Option<Evidence> {
    let namespace = engine.metadata.namespace.as_deref().unwrap_or_default();
    let selector = engine.selector.as_ref().filter(|selector| !selector.is_empty())?;
    let pods =
        context.snapshot.pods.present_in(namespace).filter(|pod| selector.matches(&pod.metadata.labels));
    let mut statuses = pods.flat_map(|pod| {
        pod.status.init_container_statuses.iter().chain(pod.status.container_statuses.iter())
    });
    statuses.find_map(|status| {
        let reason = status.state.waiting.as_ref()?.reason.as_deref()?;
        let path = format!("status of the pod's container {}", status.name);
        let evidence = Evidence::new(engine.object(), path, Arg::text(reason));
        reason.ends_with("BackOff").then(|| evidence.wanted(Arg::word("running")))
    })
}

/// What keeps the authority from asking for its proof over HTTP.
fn closed_to_authority(service: &Service) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    let object = entrance::object(service);
    if service.port(80).is_none() {
        let reason = Reason::new(
            "no-port-80",
            "{service} publishes no port 80, where Let's Encrypt asks for its proof",
        );
        let ports = service.spec.ports.iter().map(|port| Arg::Number(port.port.into())).collect();
        let evidence =
            Evidence::new(object.clone(), "spec.ports[*].port", Arg::List(ports)).wanted(Arg::Number(80));
        outcomes.push(Outcome::warn(reason.with("service", object.clone())).because(evidence));
    }
    if !service.spec.load_balancer_source_ranges.is_empty() {
        let reason = Reason::new(
            "source-ranges",
            "{service} lets only some addresses in, so Let's Encrypt cannot ask for its proof",
        );
        let ranges = service.spec.load_balancer_source_ranges.iter().map(Arg::text).collect();
        let evidence = Evidence::new(object.clone(), "spec.loadBalancerSourceRanges", Arg::List(ranges))
            .wanted(Arg::word("none"));
        outcomes.push(Outcome::warn(reason.with("service", object)).because(evidence));
    }
    outcomes.into_iter().map(|outcome| outcome.case("closed-to-authority")).collect()
}
