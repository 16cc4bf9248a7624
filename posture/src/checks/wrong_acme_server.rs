//! Flags automatic HTTPS that asks another authority than Let's Encrypt's own for its certificate.

use crate::check::{
    Check, Context, Evidence, Judge, Judgement, Outcome, Reference, Severity, Topic, Verdict, worst,
};
use crate::derived::TlsMode;
use crate::entrance;
use crate::facts::Leaf;
use crate::fix::{Fix, FixValue};
use crate::hub::Hub;
use crate::kind::Kind;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "TLS-06",
    name: "wrong-acme-server",
    title: "Certificates come from an authority that browsers trust",
    fault: "Certificates are asked of an authority that browsers do not trust",
    severity: Severity::Medium,
    topic: Topic::Https,
    since: "0.1.0",
    why: "Certificates of the staging server are rejected by browsers, and people learn to click warnings away. The first version of the \
          protocol was switched off in 2021.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Fail, Verdict::Unknown, Verdict::NotApplicable],
    needs: &[Kind::Service, Kind::Deployment, Kind::ConfigMap],
    fixes: &[
        Fix::before(0, 9, "Upgrade the chart: kube-lego knows only a protocol that was switched off.").newer_chart(),
        Fix::advice(
            "Nothing, if this authority is meant and every browser trusts it; else remove `proxy.https.letsencrypt.acmeServer` from the \
             values.",
        )
        .case("own-authority")
        .values(&[("proxy.https.letsencrypt.acmeServer", FixValue::Null)]),
        Fix::from(
            0,
            9,
            "Ask the server that browsers trust, delete the Secret in which autohttps keeps its certificates so that it asks for a new one, \
             and restart it.",
        )
        .values(&[("proxy.https.letsencrypt.acmeServer", FixValue::Str(PRODUCTION))])
        .commands(&[
            &["kubectl", "--namespace", "<namespace>", "delete", "secret", "<acme-secret>"],
            &["kubectl", "--namespace", "<namespace>", "rollout", "restart", "deployment/<autohttps>"],
        ]),
    ],
    kubectl: &["kubectl", "--namespace", "<namespace>", "get", "<acme-object>", "--output", "yaml"],
    references: &[
        Reference { title: "Let's Encrypt: Staging Environment", url: "https://letsencrypt.org/docs/staging-environment/" },
        Reference {
            title: "Let's Encrypt: End of Life Plan for ACMEv1",
            url: "https://community.letsencrypt.org/t/end-of-life-plan-for-acmev1/88430",
        },
    ],
    mappings: &[],
    judge: Judge::Hub(judge),
};

const PRODUCTION: &str = "https://acme-v02.api.letsencrypt.org/directory";

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    let tls = context.derived.tls(hub)?;
    if tls.mode != TlsMode::LetsEncrypt {
        return Ok(entrance::no_automatic_https(tls));
    }
    let mut outcome = if let Some((object, container)) = entrance::kube_lego(hub) {
        match container.env_var("LEGO_URL").and_then(|entry| entry.value.as_ref()) {
            Some(Leaf::Plain(url)) => {
                let holder = object.kubectl_name();
                of_server(url, Evidence::new(object, "env[LEGO_URL]", Arg::text(url)))?
                    .slot("acme-object", holder)
            }
            _ => {
                return Err(
                    Reason::new("lego-hidden", "The authority that kube-lego asks cannot be read").into()
                );
            }
        }
    } else {
        let file = entrance::static_file(context, hub)?;
        let parts = file.entries(&["certificatesResolvers"]).map(|(name, resolver)| {
            let path = format!("certificatesResolvers.{name}.acme.caServer");
            match resolver.pointer("/acme/caServer") {
                None => {
                    of_server(PRODUCTION, file.evidence(&path, Arg::word("not set, so Let's Encrypt's own")))
                }
                Some(server) => match server.as_str() {
                    Some(url) => of_server(url, file.evidence(&path, Arg::text(url))),
                    None => {
                        Err(Reason::new("server-hidden", "The authority that autohttps asks cannot be read")
                            .into())
                    }
                },
            }
        });
        let none = || Reason::new("no-resolver", "The configuration of autohttps names no authority");
        let outcome = worst(parts).ok_or_else(none)?;
        outcome.slot("acme-object", file.object().kubectl_name())
    };
    if let Some(secret) = &tls.secret {
        outcome.slots.set("acme-secret", secret);
    }
    if let Some(autohttps) = &hub.autohttps {
        outcome.slots.set("autohttps", &autohttps.metadata.name);
    }
    Ok(outcome)
}

fn of_server(url: &str, evidence: Evidence) -> Judgement {
    let evidence = evidence.wanted(Arg::word(PRODUCTION));
    let host =
        url.split_once("://").map_or(url, |(_, rest)| rest).split(['/', ':']).next().unwrap_or_default();
    let outcome = match host {
        "acme-v02.api.letsencrypt.org" => Outcome::pass(Reason::new("production", "Certificates come from Let's Encrypt")),
        "acme-v01.api.letsencrypt.org" => Outcome::fail(Reason::new(
            "switched-off",
            "Certificates are asked of a server of Let's Encrypt that was switched off in 2021",
        )),
        host if host.ends_with(".letsencrypt.org") && host.contains("staging") => Outcome::fail(Reason::new(
            "staging",
            "Certificates come from the staging server of Let's Encrypt, which browsers do not trust",
        )),
        "" => return Err(Reason::new("no-host", "The authority that is asked for certificates is no URL").into()),
        host if host.contains("staging") => Outcome::fail(
            Reason::new("other-staging", "Certificates come from a staging server, {host}, which browsers do not trust").with("host", Arg::text(host)),
        ),
        host => Outcome::warn(
            Reason::new("other", "Certificates come from {host}; browsers trust it only if its authority is installed in them or public")
                .with("host", Arg::text(host)),
        ).case("own-authority"),
    };
    Ok(outcome.because(evidence))
}
