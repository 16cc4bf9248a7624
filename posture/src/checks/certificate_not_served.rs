//! Flags hubs that present another certificate than the one that is kept for them.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use crate::certificates::{Certificate, Kept, Served, Unseen};
use crate::check::certificates::{self, called, evidence, shown};
use crate::check::{
    Check, Context, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict, worst,
};
use crate::derived::TlsMode;
use crate::fix::Fix;
use crate::hub::Hub;
use crate::kind::Kind;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "TLS-12",
    name: "certificate-not-served",
    title: "The certificate that is kept is the one that is served",
    fault: "Another certificate is served than the one that is kept",
    severity: Severity::High,
    topic: Topic::Https,
    since: "0.1.0",
    why: "A renewed certificate helps nobody until the server loads it: the old one goes on until it runs out, although everything looks renewed.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Fail, Verdict::Unknown, Verdict::NotApplicable],
    needs: &[
        Kind::Service,
        Kind::Deployment,
        Kind::ConfigMap,
        Kind::Ingress,
        Kind::HttpRoute,
        Kind::Gateway,
        Kind::Certificate,
    ],
    fixes: &[
        Fix::advice("Restart what serves it, so that it loads the new certificate.").case("proxy").commands(
            &[&["kubectl", "--namespace", "<namespace>", "rollout", "restart", "deployment/proxy"]],
        ),
        Fix::advice("Restart what serves it, so that it loads the new certificate.")
            .case("automatic")
            .commands(&[&[
                "kubectl",
                "--namespace",
                "<namespace>",
                "rollout",
                "restart",
                "deployment/autohttps",
            ]]),
        Fix::advice(
            "Restart the controller of the Ingress or the Gateway, so that it loads the new certificate; where something else stands in \
                  between, renew it there.",
        ),
    ],
    kubectl: &[
        "kubectl",
        "--namespace",
        "<certificate-namespace>",
        "get",
        "<source>",
        "--output",
        "<output>",
    ],
    references: &[Reference {
        title: "JupyterHub, issue 2653: reload certificates",
        url: "https://github.com/jupyterhub/jupyterhub/issues/2653",
    }],
    mappings: &[Mapping::Nsa("Network separation and hardening")],
    judge: Judge::Hub(judge),
};

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    let tls = context.derived.tls(hub)?;
    match tls.mode {
        TlsMode::None => return Ok(certificates::no_https()),
        TlsMode::Offload => {
            return Ok(Outcome::not_applicable(Reason::new(
                "not-kept-here",
                "The load balancer keeps the certificate, so there is nothing in the cluster to compare with",
            )));
        }
        _ => {}
    }
    let connections = certificates::connections(context, hub);
    let all = certificates::of_hub(context, hub);
    let mut by_name: BTreeMap<(&str, u16), Vec<(&Certificate, &Served)>> = BTreeMap::new();
    for certificate in all.iter().filter(|certificate| !matches!(certificate.kept, Kept::Endpoint { .. })) {
        for served in &certificate.served {
            by_name.entry((&served.host, served.port)).or_default().push((certificate, served));
        }
    }
    let parts = connections.seen.iter().map(|connection| {
        connection.proven()?;
        match by_name.get(&(connection.host, connection.port)) {
            Some(kept) => of_name(context, tls.mode, kept),
            None => Err(nothing_kept(connection.called()).into()),
        }
    });
    let unseen = connections.failed.iter().chain(&connections.unseen).cloned().map(Err);
    Ok(worst(parts.chain(unseen)).ok_or_else(|| nothing_kept(Arg::word("the hub")))?)
}

fn nothing_kept(host: Arg) -> Reason {
    Reason::new(
        "nothing-kept",
        "No certificate that is kept for {host} is known, so there is nothing to compare with",
    )
    .with("host", host)
}

/// Why it is not known which certificate is kept, with what would help: naming a Secret, where it is one and not named already.
fn kept_not_known(context: &Context<'_>, certificate: &Certificate) -> Reason {
    if let Some(why) = &certificate.missed {
        return certificates::missed(certificate, why);
    }
    let is_unnamed = matches!(&certificate.kept, Kept::Secret { namespace, name }
        if context.snapshot.sightings.secret(namespace, name).is_none());
    let reason = if is_unnamed {
        Reason::new(
            "kept-not-known",
            "Which certificate {certificate} holds is not known; naming the Secret under `certificates.secrets` would show it",
        )
    } else {
        let why = certificate.validity.as_ref().err().map(Unseen::sentence);
        let why = why.unwrap_or_else(|| "Only its end is known.".to_owned());
        Reason::new("kept-not-read", "Which certificate {certificate} holds is not known. {why}")
            .with("why", Arg::word(why))
    };
    reason.with("certificate", called(certificate))
}

/// How long after its beginning a certificate counts as just renewed: authorities date the beginning an hour back, and a look is taken every few minutes.
const JUST_RENEWED: SignedDuration = SignedDuration::from_mins(90);

/// What a name presents, beside the certificates that are kept for it.
fn of_name(context: &Context<'_>, mode: TlsMode, kept: &[(&Certificate, &Served)]) -> Judgement {
    let case = match mode {
        TlsMode::LetsEncrypt => "automatic",
        TlsMode::Manual | TlsMode::Secret => "proxy",
        _ => "front",
    };
    if let Some((certificate, served)) = kept.iter().find(|(_, served)| served.is_same == Some(true)) {
        let reason = Reason::new("same", "{host} presents the certificate of {certificate}");
        return Ok(finished(Outcome::pass(reason), certificate, served, case));
    }
    // What is not known may be the one.
    if let Some((certificate, _)) = kept.iter().find(|(_, served)| served.is_same.is_none()) {
        return Err(kept_not_known(context, certificate).into());
    }
    let end =
        |certificate: &Certificate| certificate.validity.as_ref().map(|validity| validity.not_after).ok();
    let Some((certificate, served)) = kept.iter().max_by_key(|(certificate, _)| end(certificate)) else {
        return Err(nothing_kept(Arg::word("the name")).into());
    };
    // The name may have loaded another since.
    if let Some(at) = served.seen_at {
        let reason = Reason::new(
            "seen-before",
            "{host} presented another certificate than the one of {certificate} when it was looked at last, {at}; whether it still does shows at the next look",
        );
        return Err(reason
            .with("certificate", called(certificate))
            .with("host", Arg::text(&served.host))
            .with("at", Arg::Instant(at))
            .into());
    }
    // What was renewed just now may have been loaded after the look at the connection.
    let began = certificate.validity.as_ref().ok().and_then(|validity| validity.not_before);
    if served.is_stale && began.is_some_and(|began| context.now.duration_since(began) < JUST_RENEWED) {
        let reason = Reason::new(
            "just-renewed",
            "The certificate of {certificate} was renewed a short while ago; whether {host} has loaded it shows at the next look",
        );
        return Err(reason
            .with("certificate", called(certificate))
            .with("host", Arg::text(&served.host))
            .into());
    }
    let outcome = if served.is_stale {
        Outcome::fail(Reason::new(
            "not-reloaded",
            "{host} still presents an older certificate than the one of {certificate}: it was renewed and not loaded",
        ))
    } else {
        Outcome::warn(Reason::new(
            "another",
            "{host} presents another certificate than the one of {certificate}; something else may stand in between",
        ))
    };
    Ok(finished(outcome, certificate, served, case))
}

fn finished(outcome: Outcome, certificate: &Certificate, served: &Served, case: &'static str) -> Outcome {
    let at = certificates::seen_at(served.seen_at);
    let reason =
        outcome.reason.clone().with("host", Arg::text(&served.host)).with("certificate", called(certificate));
    let print = certificate.read.as_ref().map(|read| read.certificate.fingerprint.to_string());
    let kept = print.map_or_else(
        || {
            certificate.validity.as_ref().map_or(Arg::word("not known"), |validity| {
                Arg::text(format!("the one that ends {}", validity.not_after))
            })
        },
        Arg::text,
    );
    let presented = Arg::text(served.fingerprint.to_string());
    let outcome = Outcome { reason, ..outcome }
        .because(evidence(certificate, "SHA-256 of what is kept", kept.clone()))
        .because(
            evidence(
                certificate,
                &format!("SHA-256 of what {}:{} presents{at}", served.host, served.port),
                presented,
            )
            .wanted(kept),
        )
        .case(case);
    shown(outcome, certificate)
}
