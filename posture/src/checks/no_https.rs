//! Flags hubs whose users' passwords and cookies travel in clear.

use crate::check::certificates;
use crate::check::{
    Check, Context, Evidence, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict, worst,
};
use crate::derived::{Front, Tls, TlsMode};
use crate::entrance::{self, Reachable};
use crate::fix::{Fix, FixValue};
use crate::hub::Hub;
use crate::kind::Kind;
use crate::settings::Attestation;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "TLS-01",
    name: "no-https",
    title: "Users reach the hub over HTTPS",
    fault: "The hub is served without HTTPS",
    severity: Severity::High,
    topic: Topic::Https,
    since: "0.1.0",
    why: "Without HTTPS, everyone on the way reads passwords and cookies, and with a cookie runs code as its owner.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Fail, Verdict::Unknown],
    needs: &[Kind::Service, Kind::Ingress, Kind::HttpRoute, Kind::Gateway],
    fixes: &[
        Fix::advice("Give the load balancer a certificate, by the annotations of its cloud under `proxy.service.annotations`.")
            .case("offload"),
        Fix::advice("Give what stands in front of the hub TLS for every host; an Ingress of the chart takes these values.")
            .case("front")
            .values(&[(
                "ingress.tls",
                FixValue::List(&[FixValue::Map(&[
                    ("hosts", FixValue::List(&[FixValue::Slot("domain")])),
                    ("secretName", FixValue::Slot("tls-secret")),
                ])]),
            )]),
        Fix::before(
            0,
            9,
            "Upgrade the chart: automatic HTTPS of this version speaks a protocol that was switched off in 2021. Until then give the proxy a \
             certificate of your own with `proxy.https.hosts`, `proxy.https.type: manual` and `proxy.https.manual`, or let an Ingress in \
             front of it do HTTPS.",
        )
        .newer_chart(),
        Fix { to: Some((0, 10)), ..Fix::from(0, 9, ADVICE) }.values(&[
            ("proxy.https.hosts", FixValue::List(&[FixValue::Slot("domain")])),
            ("proxy.https.letsencrypt.contactEmail", FixValue::Slot("mail")),
        ]),
        Fix::from(0, 10, ADVICE).values(&[
            ("proxy.https.enabled", FixValue::Bool(true)),
            ("proxy.https.type", FixValue::Str("letsencrypt")),
            ("proxy.https.hosts", FixValue::List(&[FixValue::Slot("domain")])),
            ("proxy.https.letsencrypt.contactEmail", FixValue::Slot("mail")),
        ]),
    ],
    kubectl: &["kubectl", "--namespace", "<namespace>", "get", "<entrances>", "--output", "wide"],
    references: &[Reference {
        title: "Zero to JupyterHub: Security, HTTPS",
        url: "https://z2jh.jupyter.org/en/stable/administrator/security.html#https",
    }],
    mappings: &[Mapping::Nsa("Network separation and hardening")],
    judge: Judge::Hub(judge),
};

const ADVICE: &str = "Point the DNS record of a domain at the hub's address and wait until it is seen everywhere, then turn on automatic \
                      HTTPS.";

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    Ok(entrance::with_entrances(context, hub, decide(context, hub)?))
}

fn decide(context: &Context<'_>, hub: &Hub) -> Judgement {
    if let Some(attestation) = entrance::attested_front(context, hub) {
        return Ok(attested(attestation));
    }
    let tls = context.derived.tls(hub)?;
    if tls.mode == TlsMode::None {
        return in_clear(context, hub, tls);
    }
    let by_objects = by_objects(context, hub, tls);
    certificates::observed(context, hub, by_objects, |connection| connection.https(context, tls))
}

/// What the mode says.
fn by_objects(context: &Context<'_>, hub: &Hub, tls: &Tls) -> Judgement {
    let mode = entrance::mode_in_words(tls.mode);
    let outcome = match tls.mode {
        TlsMode::LetsEncrypt | TlsMode::Manual | TlsMode::Secret => {
            Outcome::pass(Reason::new("https", "The hub is served over HTTPS: {mode}").with("mode", mode))
        }
        TlsMode::Offload => Outcome::warn(Reason::new(
            "offload",
            "Port 443 leads to the proxy's plain port, so HTTPS depends on the load balancer, whose settings are not visible",
        )).case("offload"),
        TlsMode::Outside => return outside(tls),
        TlsMode::UnseenEdge => match entrance::attested_edge(context, hub) {
            Some(attestation) => attested(attestation),
            None => Outcome::unknown(Reason::new(
                "unseen-edge",
                "The hub does no HTTPS itself and nothing in front of it is visible; a request from outside or a statement of the operator \
                 would settle it",
            )),
        },
        TlsMode::None => return in_clear(context, hub, tls),
    };
    Ok(outcome.because_all(tls.evidence.clone()))
}

fn attested(attestation: &Attestation) -> Outcome {
    Outcome::pass(
        Reason::new(
            "attested",
            "The operator states until {until} that an edge outside the cluster serves HTTPS: {why}",
        )
        .with("until", Arg::Instant(attestation.until))
        .with("why", Arg::text(&attestation.reason)),
    )
}

fn hosts_path(front: &Front) -> &'static str {
    if front.object.kind == Kind::Ingress { "spec.rules[*].host" } else { "spec.hostnames" }
}

/// Every host of every Ingress and route counts.
fn outside(tls: &Tls) -> Judgement {
    let hosts = tls.fronts.iter().flat_map(|front| front.hosts.iter().map(move |host| (front, host)));
    let parts = hosts.map(|(front, host)| {
        let name = host.host.clone().map_or_else(|| Arg::word("every host"), Arg::Text);
        let evidence = Evidence::new(front.object.clone(), hosts_path(front), name.clone());
        if host.tls.clone()? {
            let reason = Reason::new(
                "front",
                "An Ingress or a Gateway in front of the hub serves every host over HTTPS",
            );
            Ok(Outcome::pass(reason).because(evidence.wanted(Arg::word("TLS"))))
        } else {
            let reason = Reason::new("host-in-clear", "{front} serves {host} without HTTPS");
            let reason = reason.with("front", front.object.clone()).with("host", name);
            let outcome =
                Outcome::fail(reason).because(evidence.wanted(Arg::word("covered by TLS"))).case("front");
            Ok(host.host.iter().fold(outcome, |outcome, host| outcome.slot("domain", host)))
        }
    });
    let hidden = tls.all_fronts().err().map(|gap| Err(gap.into()));
    let none = || Reason::new("no-front", "Nothing in front of the hub was seen");
    Ok(worst(parts.chain(hidden)).ok_or_else(none)?)
}

fn in_clear(context: &Context<'_>, hub: &Hub, tls: &Tls) -> Judgement {
    let service = entrance::public_service(context, hub)?;
    let reach = service.map(entrance::reachable);
    let outcome = if let Some(front) = tls.fronts.first() {
        let reason = Reason::new("front-in-clear", "{front} serves the hub without HTTPS")
            .with("front", front.object.clone());
        let host = front.hosts.iter().find_map(|host| host.host.clone());
        let outcome = Outcome::fail(reason).case("front");
        host.into_iter().fold(outcome, |outcome, host| outcome.slot("domain", host))
    } else if reach == Some(Reachable::Pending) {
        Outcome::warn(
            Reason::new(
                "pending",
                "{service} has no HTTPS and will be served in clear as soon as it has an address",
            )
            .with("service", tls.service.clone()),
        )
    } else {
        Outcome::fail(
            Reason::new("in-clear", "{service} serves the hub in clear at {address}")
                .with("service", tls.service.clone())
                .with(
                    "address",
                    Arg::List(service.into_iter().flat_map(entrance::addresses).map(Arg::text).collect()),
                ),
        )
    };
    let outcome =
        outcome.because_all(tls.evidence.clone()).because_all(service.map(entrance::addresses_seen));
    let dead = Reason::new("dead-port", "Port 443 is published too, but there is no HTTPS behind it");
    Ok(if tls.dead_port { outcome.note(dead) } else { outcome })
}
