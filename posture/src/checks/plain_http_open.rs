//! Flags hubs that answer in clear beside HTTPS, or instead of it.

use crate::check::certificates::{self, Connection};
use crate::check::{
    Check, Context, Evidence, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict,
    worst_with,
};
use crate::derived::{Front, Tls, TlsMode};
use crate::entrance::{self, Reachable};
use crate::facts::network::ServicePort;
use crate::facts::{IntOrString, Service};
use crate::fix::{Fix, FixValue};
use crate::gap::Unknown;
use crate::hub::{Hub, parts};
use crate::kind::Kind;
use crate::settings::Attestation;
use crate::sighting::PlainSight;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "TLS-02",
    name: "plain-http-open",
    title: "Plain HTTP is closed or redirects to HTTPS",
    fault: "The hub answers over plain HTTP",
    severity: Severity::High,
    topic: Topic::Https,
    since: "0.1.0",
    why: "A browser that is sent to http:// first, by an old bookmark or by somebody on the way, sends its password and cookies in clear.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Fail, Verdict::Unknown],
    needs: &[Kind::Service, Kind::Deployment, Kind::Ingress, Kind::IngressClass, Kind::HttpRoute, Kind::Gateway],
    fixes: &[
        Fix::advice("Turn HTTPS on first; automatic HTTPS redirects plain requests by itself.").case("no-https"),
        Fix::advice(
            "Delete this Service, or let it be of type ClusterIP, so that people reach the hub only through the one that does HTTPS.",
        )
        .case("other-service")
        .commands(&[&["kubectl", "--namespace", "<namespace>", "delete", "service", "<other-service>"]]),
        Fix::advice(
            "Let the Service be of type ClusterIP, so that people reach the hub through the Ingress or the route only.",
        )
        .case("beside-a-front")
        .values(&[("proxy.service.type", FixValue::Str("ClusterIP"))]),
        Fix::from(
            1,
            0,
            "Close port 80. Do not do this with automatic HTTPS: Let's Encrypt asks for its proof on that port.",
        )
        .values(&[("proxy.service.disableHttpPort", FixValue::Bool(true))]),
        Fix::before(
            1,
            0,
            "Upgrade the chart to 1.0 or later, which can close port 80, or let the load balancer redirect it to HTTPS.",
        )
        .newer_chart(),
    ],
    kubectl: &["kubectl", "--namespace", "<namespace>", "get", "<entrances>", "--output", "wide"],
    references: &[
        Reference {
            title: "Zero to JupyterHub: Security, HTTPS",
            url: "https://z2jh.jupyter.org/en/stable/administrator/security.html#https",
        },
        Reference {
            title: "Zero to JupyterHub: Configuration reference, proxy.service.disableHttpPort",
            url: "https://z2jh.jupyter.org/en/stable/resources/reference.html#proxy-service-disablehttpport",
        },
    ],
    mappings: &[Mapping::Nsa("Network separation and hardening")],
    judge: Judge::Hub(judge),
};

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    let outcome = match context.derived.tls(hub) {
        Ok(tls) if tls.mode != TlsMode::None => {
            let by_objects = decide(context, hub);
            certificates::observed(context, hub, by_objects, |connection| {
                of_connection(context, tls, connection)
            })?
        }
        _ => decide(context, hub)?,
    };
    Ok(entrance::with_entrances(context, hub, outcome))
}

/// What stands on port 80 of a name.
fn of_connection(context: &Context<'_>, tls: &Tls, connection: &Connection<'_>) -> Judgement {
    let path = "port 80";
    let with_host = |reason: Reason| reason.with("host", connection.called());
    match connection.sight.plain {
        PlainSight::Closed => {
            if let Some(reason) = connection.may_be_rejected(context) {
                return Err(reason.into());
            }
            let reason = Reason::new("closed-seen", "Nobody listens on port 80 of {host}");
            Ok(Outcome::pass(with_host(reason)).because(connection.evidence(tls, path, Arg::word("closed"))))
        }
        PlainSight::ToHttps { permanent: true } => {
            let reason = Reason::new("redirect-seen", "{host} redirects plain requests to HTTPS");
            Ok(Outcome::pass(with_host(reason)).because(connection.evidence(
                tls,
                path,
                Arg::word("redirects for good"),
            )))
        }
        PlainSight::ToHttps { permanent: false } => {
            let reason = Reason::new(
                "temporary-redirect",
                "{host} redirects plain requests to HTTPS, but not for good, so browsers ask in clear again",
            );
            let fact = connection
                .evidence(tls, path, Arg::word("redirects for now"))
                .wanted(Arg::word("a redirect with status 301 or 308"));
            Ok(Outcome::warn(with_host(reason)).because(fact))
        }
        PlainSight::Answers { .. } if connection.may_pass_by_balancer(context, tls) => {
            let reason = Reason::new(
                "past-the-balancer",
                "{host} answered a plain request, but that may have been led past the load balancer, as nodes of the cluster do; ask from outside",
            );
            Err(with_host(reason).into())
        }
        PlainSight::Answers { status } => {
            let reason = Reason::new(
                "answers-in-clear",
                "{host} answers a plain request with status {status} instead of a redirect to HTTPS",
            );
            let fact = connection
                .evidence(tls, path, Arg::Number(status.into()))
                .wanted(Arg::word("a redirect to HTTPS"));
            Ok(Outcome::fail(with_host(reason).with("status", Arg::Number(status.into()))).because(fact))
        }
        PlainSight::Unknown => {
            let reason =
                Reason::new("port-80-not-known", "What stands on port 80 of {host} could not be found out");
            Err(with_host(reason).into())
        }
    }
}

fn decide(context: &Context<'_>, hub: &Hub) -> Judgement {
    if let Some(attestation) = entrance::attested_front(context, hub)
        && let Some(service) = entrance::public_service(context, hub)?
        && entrance::reachable(service) == Reachable::Unseen
        && other_service(context, hub, service)?.is_none()
    {
        context.snapshot.services.complete_in(&hub.key.namespace)?;
        return Ok(attested(attestation));
    }
    let tls = context.derived.tls(hub)?;
    let Some(service) = entrance::public_service(context, hub)? else {
        return Err(Reason::new(
            "no-service",
            "No Service leads to the hub's proxy, so how people reach it is not visible",
        )
        .into());
    };
    let outcome = by_mode(context, hub, tls, service);
    let is_fault = outcome.as_ref().is_ok_and(|outcome| outcome.verdict == Verdict::Fail);
    // Where the proxy does HTTPS itself, its plain port answers everybody alike.
    if is_fault || matches!(tls.mode, TlsMode::Manual | TlsMode::Secret) {
        return outcome;
    }
    if let Some(other) = other_service(context, hub, service)? {
        return Ok(other);
    }
    let hidden = context.snapshot.services.complete_in(&hub.key.namespace).err();
    Ok(worst_with(outcome?, hidden.map(|gap| Err(gap.into()))))
}

/// Another Service than the one whose HTTPS was judged, through which people reach the proxy's plain port.
fn other_service(context: &Context<'_>, hub: &Hub, judged: &Service) -> Result<Option<Outcome>, Unknown> {
    let Some(proxy) = &hub.proxy else {
        context.snapshot.deployments.complete_in(&hub.key.namespace)?;
        return Err(no_proxy().into());
    };
    let is_plain = |port: &&ServicePort| {
        port.port != 443 && matches!(parts::target(port, proxy.pod()), IntOrString::Int(8000))
    };
    let others = hub.public_services.iter().filter(|other| other.metadata.name != judged.metadata.name);
    let mut open = others
        .filter(|other| entrance::reachable(other) == Reachable::Yes)
        .filter(|other| other.selects(&proxy.template.metadata.labels))
        .filter_map(|other| Some((other, other.spec.ports.iter().find(is_plain)?)));
    Ok(open.next().map(|(other, port)| {
        let object = entrance::object(other);
        let reason = Reason::new(
            "other-service",
            "{service} leads to the proxy too and serves the hub in clear on port {port}",
        );
        Outcome::fail(reason.with("service", object.clone()).with("port", Arg::Number(port.port.into())))
            .because(
                Evidence::new(object.clone(), "spec.type", Arg::text(other.spec.type_name()))
                    .wanted(Arg::word("ClusterIP")),
            )
            .because(entrance::addresses_seen(other))
            .case("other-service")
            .slot("other-service", object.name)
    }))
}

fn no_proxy() -> Reason {
    Reason::new("no-proxy", "The Deployment of the proxy cannot be seen")
}

fn by_mode(context: &Context<'_>, hub: &Hub, tls: &Tls, service: &Service) -> Judgement {
    match tls.mode {
        TlsMode::LetsEncrypt => {
            Ok(Outcome::pass(Reason::new("automatic", "Automatic HTTPS redirects plain requests")).because_all(tls.evidence.clone()))
        }
        TlsMode::Manual | TlsMode::Secret => in_proxy(hub, service),
        TlsMode::Offload => offloaded(service),
        TlsMode::Outside => outside(context, tls, service),
        TlsMode::UnseenEdge => match entrance::attested_edge(context, hub) {
            Some(attestation) => Ok(attested(attestation).because_all(tls.evidence.clone())),
            None => Err(Reason::new(
                "unseen-edge",
                "Nothing in front of the hub is visible; a request over plain HTTP from outside would settle whether it is redirected",
            )
            .into()),
        },
        TlsMode::None => Ok(in_clear(tls, service)),
    }
}

fn attested(attestation: &Attestation) -> Outcome {
    Outcome::pass(
        Reason::new(
            "attested",
            "The operator states until {until} that an edge outside the cluster redirects plain HTTP: {why}",
        )
        .with("until", Arg::Instant(attestation.until))
        .with("why", Arg::text(&attestation.reason)),
    )
}

fn port_80(service: &Service) -> Evidence {
    let index = service.spec.ports.iter().position(|port| port.port == 80).unwrap_or_default();
    Evidence::new(entrance::object(service), format!("spec.ports[{index}].port"), Arg::Number(80))
        .wanted(Arg::word("closed"))
}

fn closed(service: &Service) -> Outcome {
    let ports = service.spec.ports.iter().map(|port| Arg::Number(port.port.into())).collect();
    let evidence = Evidence::new(entrance::object(service), "spec.ports[*].port", Arg::List(ports));
    Outcome::pass(
        Reason::new("closed", "{service} publishes no port 80").with("service", entrance::object(service)),
    )
    .because(evidence)
}

/// The proxy ends TLS itself and redirects, if it was told where to.
fn in_proxy(hub: &Hub, service: &Service) -> Judgement {
    if service.port(80).is_none() {
        return Ok(closed(service));
    }
    let proxy = hub.proxy.as_ref().ok_or_else(no_proxy)?;
    let chp = proxy.pod().containers.iter().find(|container| container.flag("ssl-key").is_some());
    let (from, to) = chp.map_or((None, None), |chp| (chp.flag("redirect-port"), chp.flag("redirect-to")));
    let path = "spec.template.spec.containers[].command";
    let flag = |name: &str, value: Option<&str>| {
        let found = value
            .map_or_else(|| Arg::word(format!("no {name}")), |value| Arg::text(format!("{name}={value}")));
        Evidence::new(proxy.object(), path, found)
    };
    let outcome = match (from, to) {
        (Some(_), Some(_)) => {
            Outcome::pass(Reason::new("redirected", "The proxy redirects plain requests to HTTPS"))
        }
        (Some(_), None) => Outcome::warn(Reason::new(
            "redirected-nowhere",
            "The proxy redirects plain requests to its own port, which the Service does not publish, so they end nowhere",
        )),
        (None, _) => Outcome::unknown(Reason::new(
            "no-redirect",
            "Port 80 is published and the proxy was told no redirect; a request over plain HTTP from outside would settle what answers",
        )),
    };
    Ok(outcome
        .because(port_80(service))
        .because(flag("--redirect-port", from))
        .because(flag("--redirect-to", to).wanted(Arg::word("--redirect-to=443"))))
}

fn offloaded(service: &Service) -> Judgement {
    if service.port(80).is_none() {
        return Ok(closed(service));
    }
    let object = entrance::object(service);
    let outcome = match entrance::reachable(service) {
        Reachable::Yes => Outcome::fail(
            Reason::new(
                "offload-open",
                "{service} serves the hub in clear on port 80, beside HTTPS at the load balancer",
            )
            .with("service", object),
        ),
        Reachable::Pending => Outcome::warn(
            Reason::new(
                "offload-pending",
                "{service} will be served in clear on port 80 as soon as it has an address",
            )
            .with("service", object),
        ),
        Reachable::Unseen => {
            return Err(Reason::new("offload-unseen", "What leads to port 80 of {service} is not visible; a request over plain HTTP would settle it")
                .with("service", object)
                .into());
        }
    };
    Ok(outcome.because(port_80(service)).because(entrance::addresses_seen(service)))
}

fn in_clear(tls: &Tls, service: &Service) -> Outcome {
    let outcome = if tls.fronts.is_empty() && entrance::reachable(service) == Reachable::Pending {
        Outcome::warn(
            Reason::new("pending", "{service} will be served in clear as soon as it has an address")
                .with("service", tls.service.clone()),
        )
    } else {
        Outcome::fail(Reason::new(
            "no-https",
            "There is no HTTPS to which plain requests could be redirected",
        ))
    };
    outcome.because_all(tls.evidence.clone()).because(entrance::addresses_seen(service)).case("no-https")
}

/// An Ingress or a Gateway ends TLS; the hub's own Service must not be open beside it.
fn outside(context: &Context<'_>, tls: &Tls, service: &Service) -> Judgement {
    let plain = service.spec.ports.iter().position(|port| port.port != 443);
    if let (Reachable::Yes, Some(index)) = (entrance::reachable(service), plain) {
        let port = i64::from(service.spec.ports[index].port);
        let reason = Reason::new(
            "beside-a-front",
            "{service} serves the hub in clear on port {port}, beside what stands in front of it",
        )
        .with("service", tls.service.clone())
        .with("port", Arg::Number(port));
        let evidence = Evidence::new(tls.service.clone(), "spec.type", Arg::text(service.spec.type_name()));
        return Ok(Outcome::fail(reason)
            .because(evidence.wanted(Arg::word("ClusterIP")))
            .because(entrance::addresses_seen(service))
            .case("beside-a-front"));
    }
    let fronts = tls.all_fronts()?;
    Ok(worst_with(redirected(), fronts.iter().map(|front| of_front(context, front))))
}

fn redirected() -> Outcome {
    Outcome::pass(Reason::new("fronts-redirect", "What stands in front of the hub redirects plain requests"))
}

fn of_front(context: &Context<'_>, front: &Front) -> Judgement {
    if let Some(evidence) = entrance::redirect(context, front)? {
        return Ok(redirected().because(evidence));
    }
    let reason = match front.plain {
        Some(true) => Reason::new(
            "plain-listener",
            "{front} is attached to a listener for plain HTTP too; a request over plain HTTP from outside would settle whether another \
             route redirects it",
        ),
        Some(false) => Reason::new(
            "secure-listeners",
            "{front} is attached to HTTPS listeners only; a request over plain HTTP from outside would settle whether anything else answers",
        ),
        None => Reason::new(
            "front-undecided",
            "Whether {front} redirects plain requests depends on its controller; a request over plain HTTP from outside would settle it",
        ),
    };
    Err(reason.with("front", front.object.clone()).into())
}
