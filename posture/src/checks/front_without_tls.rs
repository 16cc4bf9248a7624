//! Flags Ingresses and routes to the hub that leave a host without TLS.

use crate::check::{
    Check, Context, Evidence, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict,
    worst_with,
};
use crate::derived::{Front, FrontHost};
use crate::fix::{Fix, FixValue};
use crate::gap::Unknown;
use crate::hub::Hub;
use crate::kind::Kind;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "TLS-15",
    name: "front-without-tls",
    title: "What stands in front of the hub has TLS for every host",
    fault: "An Ingress or a route in front of the hub lacks TLS",
    severity: Severity::High,
    topic: Topic::Https,
    since: "0.1.0",
    why: "A host without TLS is served in clear, or with a certificate of the controller's that browsers reject.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Fail, Verdict::Unknown, Verdict::NotApplicable],
    needs: &[Kind::Service, Kind::Ingress, Kind::HttpRoute, Kind::Gateway],
    fixes: &[
        Fix::advice("Attach the route to the HTTPS listener only, and give the HTTP listener a route of its own that redirects.").case("route"),
        Fix::advice("Cover every host of the Ingress with TLS, and name the Secret of its certificate.").values(&[
            ("ingress.enabled", FixValue::Bool(true)),
            ("ingress.hosts", FixValue::List(&[FixValue::Slot("domain")])),
            (
                "ingress.tls",
                FixValue::List(&[FixValue::Map(&[
                    ("hosts", FixValue::List(&[FixValue::Slot("domain")])),
                    ("secretName", FixValue::Slot("tls-secret")),
                ])]),
            ),
        ]),
    ],
    kubectl: &["kubectl", "--namespace", "<front-namespace>", "get", "<front>", "--output", "yaml"],
    references: &[Reference {
        title: "Zero to JupyterHub: Advanced topics, Ingress",
        url: "https://z2jh.jupyter.org/en/stable/administrator/advanced.html#ingress",
    }],
    mappings: &[Mapping::Nsa("Network separation and hardening")],
    judge: Judge::Hub(judge),
};

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    let tls = context.derived.tls(hub)?;
    let hidden = tls.all_fronts().err();
    if tls.fronts.is_empty() {
        return match hidden {
            Some(gap) => Err(gap.into()),
            None => Ok(Outcome::not_applicable(Reason::new(
                "no-front",
                "No Ingress and no route leads to the hub",
            ))),
        };
    }
    let covered =
        Outcome::pass(Reason::new("covered", "Every host of every Ingress and route to the hub has TLS"));
    let hosts =
        tls.fronts.iter().flat_map(|front| front.hosts.iter().map(|host| of_host(context, front, host)));
    let plain = tls.fronts.iter().map(of_listeners);
    let outcome = worst_with(covered, hosts.chain(plain).chain(hidden.map(|gap| Err(gap.into()))));
    // The front that decides is the first one named.
    let named = outcome.evidence.first().map_or(&tls.fronts[0].object, |fact| &fact.object).clone();
    Ok(outcome
        .slot("front", named.kubectl_name())
        .slot("front-namespace", named.namespace.unwrap_or_default()))
}

fn of_host(context: &Context<'_>, front: &Front, host: &FrontHost) -> Judgement {
    let name = host.host.clone().map_or_else(|| Arg::word("every host"), Arg::Text);
    let (hosts, secret) = match front.object.kind {
        Kind::Ingress => ("spec.rules[*].host", "spec.tls[*].secretName"),
        _ => ("spec.hostnames", "spec.parentRefs"),
    };
    let outcome = if !host.tls.clone()? {
        let reason = Reason::new("uncovered", "{front} has no TLS for {host}")
            .with("front", front.object.clone())
            .with("host", name.clone());
        Outcome::fail(reason)
            .because(Evidence::new(front.object.clone(), hosts, name).wanted(Arg::word("covered by TLS")))
    } else if front.object.kind == Kind::Ingress
        && host.secret.is_none()
        && !has_certificate_elsewhere(context, front)?
    {
        let reason = Reason::new(
            "no-secret",
            "{front} names no certificate for {host}, so the controller shows its own",
        )
        .with("front", front.object.clone())
        .with("host", name);
        Outcome::warn(reason).because(
            Evidence::new(front.object.clone(), secret, Arg::word("none"))
                .wanted(Arg::word("the Secret of a certificate")),
        )
    } else {
        let reason = Reason::new("covered", "Every host of every Ingress and route to the hub has TLS");
        return Ok(Outcome::pass(reason).because(Evidence::new(front.object.clone(), hosts, name)));
    };
    let outcome = host.host.iter().fold(outcome, |outcome, host| outcome.slot("domain", host));
    Ok(if front.object.kind == Kind::Ingress { outcome } else { outcome.case("route") })
}

/// Whether the Ingress takes its certificate by an annotation, or its class cannot be told, so that no Secret need be named.
fn has_certificate_elsewhere(context: &Context<'_>, front: &Front) -> Result<bool, Unknown> {
    let ingress = context.snapshot.ingresses.get(front.object.namespace.as_deref(), &front.object.name)?;
    Ok(ingress.is_some_and(|ingress| {
        let mut keys = ingress.metadata.annotations.keys();
        keys.any(|key| crate::derived::tls::CERTIFICATE_ANNOTATIONS.contains(&key.as_str()))
    }))
}

/// A route that is attached to a plain listener too. What leads to the hub cannot redirect at the same time.
fn of_listeners(front: &Front) -> Judgement {
    let covered =
        || Outcome::pass(Reason::new("covered", "Every host of every Ingress and route to the hub has TLS"));
    if front.object.kind != Kind::HttpRoute {
        return Ok(covered());
    }
    match front.plain {
        Some(false) => Ok(covered()),
        Some(true) => {
            let reason = Reason::new(
                "plain-listener",
                "{front} is attached to a listener for plain HTTP and does not redirect",
            )
            .with("front", front.object.clone());
            let evidence = Evidence::new(
                front.object.clone(),
                "spec.parentRefs",
                Arg::word("a listener of protocol HTTP"),
            );
            Ok(Outcome::warn(reason)
                .because(evidence.wanted(Arg::word("HTTPS listeners only")))
                .case("route"))
        }
        None => {
            Err(Reason::new("listeners-hidden", "The listeners that {front} is attached to cannot be seen")
                .with("front", front.object.clone())
                .into())
        }
    }
}
