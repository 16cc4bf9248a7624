//! The four questions about HTTPS for users.

use super::{Answer, Control, ControlName};
use crate::check::{Context, Evidence};
use crate::derived::{Tls, TlsMode};
use crate::facts::Workload;
use crate::hub::Hub;
use crate::settings::{Attestation, AttestedFact};
use crate::snapshot::Origin;
use crate::text::{Arg, Reason};

/// Asks the four questions.
pub(super) fn control(context: &Context<'_>, hub: &Hub) -> Control {
    let tls = context.derived.tls(hub);
    let key = hub.key.to_string();
    let attested = context.settings.attested(AttestedFact::HttpsAtTheEdge, Some(&key), context.now);
    let answer = |ask: &dyn Fn(&Tls) -> Answer| match &tls {
        Ok(tls) => ask(tls),
        Err(unknown) => Answer::unknown(unknown.clone()),
    };
    Control {
        name: ControlName::Https,
        configured: answer(&configured),
        applied: answer(&|tls| applied(tls, attested)),
        enforced: answer(&|tls| enforced(context, hub, tls, attested)),
        observed: Answer::not_probed(),
    }
}

fn configured(tls: &Tls) -> Answer {
    match tls.mode {
        TlsMode::LetsEncrypt | TlsMode::Manual | TlsMode::Secret | TlsMode::Offload => Answer::yes(
            Reason::new("https-rendered", "the chart renders this only where its values turn HTTPS on"),
        )
        .because(tls.evidence.clone()),
        TlsMode::Outside => Answer::not_applicable(Reason::new(
            "https-in-front",
            "TLS ends in front of the hub, so the chart's own HTTPS has no part in it",
        )),
        TlsMode::UnseenEdge | TlsMode::None => Answer::unknown(Reason::new(
            "https-values-unread",
            "the chart renders no HTTPS, which values with HTTPS on but without a host do too; the values are in a Secret",
        )),
    }
}

fn applied(tls: &Tls, attested: Option<&Attestation>) -> Answer {
    match tls.mode {
        TlsMode::LetsEncrypt | TlsMode::Manual | TlsMode::Secret | TlsMode::Offload => Answer::yes(
            Reason::new("https-port", "{service} publishes port 443 with something behind it")
                .with("service", tls.service.clone()),
        )
        .because(tls.evidence.clone()),
        TlsMode::Outside => in_front(tls),
        TlsMode::None => Answer::no(
            Reason::new("https-nowhere", "no port 443 and no TLS in front of {service}")
                .with("service", tls.service.clone()),
        )
        .because(tls.evidence.clone()),
        TlsMode::UnseenEdge => edge(tls, attested),
    }
}

/// Every host of every front has to be covered.
fn in_front(tls: &Tls) -> Answer {
    let hosts = || tls.fronts.iter().flat_map(|front| &front.hosts);
    if let Some(host) = hosts().find(|host| host.tls == Ok(false)) {
        let name = host.host.clone().map_or(Arg::word("every host"), Arg::Text);
        return Answer::no(Reason::new("https-host-uncovered", "no TLS covers {host}").with("host", name))
            .because(tls.evidence.clone());
    }
    if let Some(unknown) = hosts().find_map(|host| host.tls.clone().err()) {
        return Answer::unknown(unknown);
    }
    match tls.all_fronts() {
        Err(gap) => Answer::unknown(gap),
        Ok(_) => Answer::yes(Reason::new("https-hosts-covered", "TLS covers every host in front of the hub"))
            .because(tls.evidence.clone()),
    }
}

fn edge(tls: &Tls, attested: Option<&Attestation>) -> Answer {
    match attested {
        Some(attestation) => Answer::yes(
            Reason::new("https-attested", "the operator states until {until} that an edge outside the cluster serves HTTPS: {why}")
                .with("until", Arg::Instant(attestation.until))
                .with("why", Arg::text(&attestation.reason)),
        ),
        None => Answer::unknown(Reason::new(
            "https-edge-unseen",
            "nothing in the cluster stands in front of {service}; whether an edge outside serves HTTPS can be attested or probed",
        )
        .with("service", tls.service.clone())),
    }
}

fn enforced(context: &Context<'_>, hub: &Hub, tls: &Tls, attested: Option<&Attestation>) -> Answer {
    match tls.mode {
        TlsMode::LetsEncrypt if hub.autohttps.is_some() => running(context, hub.autohttps.as_deref()),
        TlsMode::LetsEncrypt | TlsMode::Manual | TlsMode::Secret => running(context, hub.proxy.as_deref()),
        TlsMode::Offload => Answer::unknown(Reason::new(
            "https-in-the-balancer",
            "the load balancer ends TLS, and the API does not show its certificate; a probe would",
        )),
        TlsMode::Outside => Answer::unknown(Reason::new(
            "https-in-the-controller",
            "the controller in front ends TLS, and the API does not show what it serves; a probe would",
        )),
        TlsMode::UnseenEdge => edge(tls, attested),
        TlsMode::None => Answer::no(Reason::new("https-nothing-to-run", "nothing serves HTTPS")),
    }
}

/// Whether what ends TLS in the cluster has a ready pod.
fn running(context: &Context<'_>, workload: Option<&Workload>) -> Answer {
    let Some(workload) = workload else {
        return Answer::unknown(Reason::new(
            "https-server-unseen",
            "the Deployment that ends TLS was not seen",
        ));
    };
    if context.snapshot.origin == Origin::Declared {
        return Answer::unknown(Reason::new("https-not-running", "files do not show whether anything runs"));
    }
    let ready = workload.status.ready_replicas;
    let evidence = [Evidence::new(workload.object(), "status.readyReplicas", Arg::Count(u64::from(ready)))];
    let reason = |id, template| Reason::new(id, template).with("workload", workload.object());
    if ready > 0 {
        Answer::yes(reason("https-server-ready", "{workload} is ready")).because(evidence)
    } else {
        Answer::no(reason("https-server-not-ready", "{workload} has no ready pod")).because(evidence)
    }
}
