//! Flags hubs that leave HTTPS to a load balancer that shows no certificate.

use crate::check::certificates;
use crate::check::{
    Check, Context, Evidence, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict,
};
use crate::derived::TlsMode;
use crate::derived::tls::BALANCER_CERTIFICATES;
use crate::entrance;
use crate::facts::Service;
use crate::fix::{Fix, FixValue};
use crate::hub::Hub;
use crate::kind::Kind;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "TLS-09",
    name: "unproven-offload",
    title: "The load balancer that does HTTPS has a certificate",
    fault: "Nothing shows that the load balancer does HTTPS",
    severity: Severity::Medium,
    topic: Topic::Https,
    since: "0.1.0",
    why: "Without a certificate at the load balancer, port 443 carries plain HTTP, or nothing.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Fail, Verdict::Unknown, Verdict::NotApplicable],
    needs: &[Kind::Service, Kind::Deployment],
    fixes: &[Fix::advice(
        "Give the Service the annotations by which your cloud's load balancer takes its certificate. These are those of AWS, with the name \
         (ARN) of your certificate to fill in; for another cloud, see its documentation.",
    )
    .values(&[(
        "proxy.service.annotations",
        FixValue::Map(&[
            ("service.beta.kubernetes.io/aws-load-balancer-ssl-cert", FixValue::Slot("certificate-arn")),
            ("service.beta.kubernetes.io/aws-load-balancer-ssl-ports", FixValue::Str("https")),
            ("service.beta.kubernetes.io/aws-load-balancer-backend-protocol", FixValue::Str("tcp")),
        ]),
    )])],
    kubectl: &[
        "kubectl",
        "--namespace",
        "<namespace>",
        "get",
        "service",
        "<service>",
        "--output",
        "jsonpath={.metadata.annotations}",
    ],
    references: &[Reference {
        title: "Zero to JupyterHub: Security, Off-loading SSL to a Load Balancer",
        url: "https://z2jh.jupyter.org/en/stable/administrator/security.html#off-loading-ssl-to-a-load-balancer",
    }],
    mappings: &[Mapping::Nsa("Network separation and hardening")],
    judge: Judge::Hub(judge),
};

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    let tls = context.derived.tls(hub)?;
    if tls.mode != TlsMode::Offload {
        let reason = Reason::new("other-mode", "HTTPS is not left to a load balancer: {mode}");
        return Ok(Outcome::not_applicable(reason.with("mode", entrance::mode_in_words(tls.mode))));
    }
    certificates::observed(context, hub, by_objects(context, hub), |connection| {
        Ok(connection.https(context, tls)?.slot("service", &tls.service.name))
    })
}

/// What the annotations of the Service say.
fn by_objects(context: &Context<'_>, hub: &Hub) -> Judgement {
    let service = entrance::public_service(context, hub)?;
    let service = service.ok_or_else(|| Reason::new("no-service", "The hub's Service cannot be seen"))?;
    let object = entrance::object(service);
    let annotations = &service.metadata.annotations;
    let Some((certificate, ports)) =
        BALANCER_CERTIFICATES.iter().find(|(key, _)| annotations.contains_key(*key))
    else {
        let names: Vec<Arg> = annotations.keys().map(Arg::text).collect();
        let names = if names.is_empty() { Arg::word("none") } else { Arg::List(names) };
        let reason = Reason::new(
            "no-annotation",
            "{service} carries no annotation by which a load balancer is known to take a certificate",
        );
        let evidence = Evidence::new(object.clone(), "metadata.annotations", names);
        return Ok(Outcome::warn(reason.with("service", object.clone()))
            .because(evidence.wanted(Arg::word("the certificate of the load balancer")))
            .slot("service", object.name));
    };
    let evidence =
        Evidence::new(object.clone(), format!("metadata.annotations[{certificate}]"), Arg::word("set"));
    let outcome = match ports.and_then(|key| annotations.get(key).map(|value| (key, value))) {
        None => Outcome::pass(
            Reason::new("annotated", "{service} gives the load balancer a certificate")
                .with("service", object.clone()),
        ),
        Some((key, value)) => match value.plain() {
            Some(text) if covers_443(service, text) => {
                let reason =
                    Reason::new("covered", "{service} gives the load balancer a certificate for port 443");
                Outcome::pass(reason.with("service", object.clone())).because(Evidence::new(
                    object.clone(),
                    format!("metadata.annotations[{key}]"),
                    Arg::text(text),
                ))
            }
            Some(text) => {
                let reason = Reason::new(
                    "other-ports",
                    "{service} gives the load balancer a certificate, but not for port 443",
                );
                let ports =
                    Evidence::new(object.clone(), format!("metadata.annotations[{key}]"), Arg::text(text));
                Outcome::warn(reason.with("service", object.clone())).because(ports.wanted(Arg::word("443")))
            }
            None => Outcome::unknown(Reason::new(
                "ports-hidden",
                "The ports for which the load balancer uses its certificate cannot be read; look at the annotation by hand",
            )),
        },
    };
    Ok(outcome.because(evidence).slot("service", object.name))
}

/// Whether a list of ports, by number or by name, holds port 443.
fn covers_443(service: &Service, ports: &str) -> bool {
    let name = service.port(443).and_then(|port| port.name.as_deref());
    ports.split(',').map(str::trim).any(|port| port == "443" || port == "*" || Some(port) == name)
}
