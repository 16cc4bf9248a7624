//! Flags certificates that have run out, do not hold yet, or should have been renewed.

use crate::certificates::{Certificate, Renewer, Standing, Unseen};
use crate::check::certificates::{self, called, evidence, shown};
use crate::check::{
    Check, Context, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict, worst,
    worst_with,
};
use crate::derived::TlsMode;
use crate::fix::{Fix, FixValue};
use crate::hub::Hub;
use crate::kind::Kind;
use crate::sighting::Unsighted;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "TLS-10",
    name: "certificate-runs-out",
    title: "The certificate holds, and is renewed in time",
    fault: "A certificate has run out, or is about to",
    severity: Severity::Critical,
    topic: Topic::Https,
    since: "0.1.0",
    why: "Browsers refuse a certificate that has run out, and people who click the warning away are used to doing so when it matters. How \
          near is too near follows the lifetime, which shrinks: 47 days for public certificates from 2029 on.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Fail, Verdict::Unknown, Verdict::NotApplicable],
    needs: &[
        Kind::Service, Kind::Deployment, Kind::ConfigMap, Kind::Ingress, Kind::HttpRoute, Kind::Gateway, Kind::Certificate,
    ],
    fixes: &[
        Fix::advice("Put a new certificate with its key into the chart's values.").case("manual").values(&[
            ("proxy.https.manual.key", FixValue::Slot("key-in-pem")),
            ("proxy.https.manual.cert", FixValue::Slot("certificate-in-pem")),
        ]),
        Fix::advice(
            "Write a new certificate with its key into the Secret, then restart the proxy, which reads the files when it starts.",
        )
        .case("secret")
        .commands(&[
            &[
                "kubectl", "--namespace", "<namespace>", "create", "secret", "tls", "<secret>", "--cert=tls.crt", "--key=tls.key",
                "--dry-run=client", "--output=yaml", "--save-config",
            ],
            &["kubectl", "--namespace", "<namespace>", "rollout", "restart", "deployment/proxy"],
        ]),
        Fix::advice("See why cert-manager does not renew it; its events name the failed step.").case("cert-manager").commands(&[
            &["kubectl", "--namespace", "<certificate-namespace>", "describe", "<source>"],
            &["kubectl", "--namespace", "<certificate-namespace>", "get", "certificaterequests,orders.acme.cert-manager.io,challenges.acme.cert-manager.io"],
        ]),
        Fix::advice("See why automatic HTTPS does not renew it, then restart it.").case("automatic").commands(&[
            &["kubectl", "--namespace", "<namespace>", "logs", "deployment/autohttps", "--container=traefik"],
            &["kubectl", "--namespace", "<namespace>", "rollout", "restart", "deployment/autohttps"],
        ]),
        Fix::advice("Renew the certificate where it is kept, and let a program do it from then on: cert-manager, or the service that keeps it."),
    ],
    kubectl: &["kubectl", "--namespace", "<certificate-namespace>", "get", "<source>", "--output", "<output>"],
    references: &[
        Reference {
            title: "CA/Browser Forum: Baseline Requirements, validity periods",
            url: "https://cabforum.org/working-groups/server/baseline-requirements/requirements/",
        },
        Reference {
            title: "RFC 5280, section 4.1.2.5: Validity",
            url: "https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.5",
        },
    ],
    mappings: &[Mapping::Nsa("Network separation and hardening")],
    judge: Judge::Hub(judge),
};

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    let tls = context.derived.tls(hub)?;
    if tls.mode == TlsMode::None {
        return Ok(certificates::no_https());
    }
    let parts = certificates::of_hub(context, hub).into_iter().map(|certificate| {
        let missed = certificate.missed.as_ref().filter(|why| **why != Unsighted::Absent);
        let missed = missed.map(|why| Err(certificates::missed(certificate, why).into()));
        Ok(worst_with(of_one(context, certificate).unwrap_or_else(Outcome::from), missed))
    });
    // What stands in front may use others.
    let hidden = (!tls.ends_in_hub()).then(|| tls.hidden_fronts.clone()).flatten();
    let parts = parts.chain(hidden.map(|gap| Err(gap.into())));
    // What a name that was to be looked at presents may be worse.
    let parts = parts.chain(certificates::connections(context, hub).not_shown().into_iter().map(Err));
    Ok(worst(parts).ok_or_else(|| {
        Reason::new(
            "no-certificate",
            "No certificate that the hub is reached by is visible; a connection to its name, confirmed under `certificates.hosts`, would show it",
        )
    })?)
}

fn of_one(context: &Context<'_>, certificate: &Certificate) -> Judgement {
    let name = called(certificate);
    let validity = match &certificate.validity {
        Ok(validity) => validity,
        Err(Unseen::Missed(Unsighted::Absent)) => return Ok(absent(certificate)),
        Err(Unseen::NotInStore) => return Ok(not_in_store(certificate)),
        Err(Unseen::Hidden(gap)) => return Err(gap.clone().into()),
        Err(unseen) => {
            let reason = Reason::new(
                "end-not-known",
                "Until when the certificate of {certificate} holds is not known. {why}",
            );
            return Err(reason.with("certificate", name).with("why", Arg::word(unseen.sentence())).into());
        }
    };
    let end = Arg::Instant(validity.not_after);
    let standing = certificate.standing(context.now);
    let outcome = match (standing, &certificate.renewer) {
        (Standing::Expired, _) => {
            Outcome::fail(Reason::new("expired", "The certificate of {certificate} ran out {end}"))
        }
        (Standing::NotYet, _) => {
            let start = validity.not_before.unwrap_or(validity.not_after);
            let reason =
                Reason::new("not-yet", "The certificate of {certificate} holds only from {start} on");
            Outcome::fail(reason.with("start", Arg::Instant(start)))
        }
        // Who renews it decides when that is late.
        (_, Renewer::Hidden(gap)) => return Err(gap.clone().into()),
        (Standing::RunningOut, _) => Outcome::fail(Reason::new(
            "running-out",
            "The certificate of {certificate} runs out {end}, and was not renewed",
        )),
        (Standing::Late, Renewer::CertManager | Renewer::AutoHttps) => Outcome::warn(Reason::new(
            "renewal-late",
            "The certificate of {certificate} runs out {end}; a program renews it, and should have done so by now",
        )),
        (Standing::Late, _) => Outcome::warn(Reason::new(
            "renew-now",
            "The certificate of {certificate} runs out {end}, and nothing that renews it is visible",
        )),
        (Standing::Good, _) => {
            Outcome::pass(Reason::new("in-time", "The certificate of {certificate} runs out {end}"))
        }
        (Standing::Unknown, _) => {
            let reason = Reason::new(
                "lifetime-not-known",
                "Since when the certificate of {certificate} holds is not known, which decides when it is late",
            );
            return Err(reason.with("certificate", name).into());
        }
    };
    let reason = outcome.reason.clone().with("certificate", name).with("end", end.clone());
    let fact = evidence(certificate, end_path(certificate), end).wanted(Arg::word("later"));
    let outcome = Outcome { reason, ..outcome }.because(fact);
    Ok(shown(outcome.case(case(certificate)), certificate))
}

/// A Secret that something serves with, and that does not exist.
fn absent(certificate: &Certificate) -> Outcome {
    let reason =
        Reason::new("absent", "{certificate} does not exist, so there is no certificate to serve with");
    let fact =
        evidence(certificate, "metadata.name", Arg::word("not there")).wanted(Arg::word("a certificate"));
    let outcome = Outcome::fail(reason.with("certificate", called(certificate))).because(fact);
    shown(outcome.case(case(certificate)), certificate)
}

/// Names that automatic HTTPS is to serve, and for which it has no certificate.
fn not_in_store(certificate: &Certificate) -> Outcome {
    let hosts = Arg::List(certificate.names.iter().map(Arg::text).collect());
    let reason = Reason::new("not-in-store", "The store in {certificate} holds no certificate for {hosts}");
    let fact = evidence(certificate, "acme.json", Arg::word("no certificate")).wanted(hosts.clone());
    let reason = reason.with("certificate", called(certificate)).with("hosts", hosts);
    shown(Outcome::fail(reason).because(fact).case("automatic"), certificate)
}

fn end_path(certificate: &Certificate) -> &'static str {
    if certificate.read.is_none() { "status.notAfter" } else { "notAfter" }
}

fn case(certificate: &Certificate) -> &'static str {
    match certificate.renewer {
        Renewer::CertManager => "cert-manager",
        Renewer::AutoHttps => "automatic",
        Renewer::Person => "manual",
        Renewer::NobodySeen if certificate.uses.iter().any(|used| used.object.kind == Kind::Service) => {
            "secret"
        }
        _ => "elsewhere",
    }
}
