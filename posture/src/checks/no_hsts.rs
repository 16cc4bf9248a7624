//! Flags HTTPS that does not tell browsers to stay with it.

use serde_json::Value;

use crate::check::certificates::{self, Connection};
use crate::check::{Check, Context, Judge, Judgement, Outcome, Reference, Severity, Topic, Verdict};
use crate::derived::{Tls, TlsMode};
use crate::entrance::{self, File};
use crate::fix::{Fix, FixValue};
use crate::hub::Hub;
use crate::kind::Kind;
use crate::sighting::HstsSight;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "TLS-13",
    name: "no-hsts",
    title: "Browsers are told to use HTTPS only",
    fault: "Browsers are not told to use HTTPS only",
    severity: Severity::Low,
    topic: Topic::Https,
    since: "0.1.0",
    why: "Without the header Strict-Transport-Security a browser can be led back to plain HTTP by somebody on the way, before the redirect.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Unknown, Verdict::NotApplicable],
    needs: &[Kind::Service, Kind::Deployment, Kind::ConfigMap, Kind::Ingress, Kind::HttpRoute, Kind::Gateway],
    fixes: &[
        Fix::from(0, 9, "Let autohttps send the header.")
            .case("automatic")
            .values(&[("proxy.traefik.hsts.maxAge", FixValue::Number(15_724_800))]),
        Fix::advice(
            "Send the header where HTTPS ends: at the load balancer, or from the hub with \
             `hub.config.JupyterHub.tornado_settings.headers`, which covers the hub's own pages.",
        ),
    ],
    kubectl: &["kubectl", "--namespace", "<namespace>", "get", "<source>", "--output", "yaml"],
    references: &[
        Reference {
            title: "Zero to JupyterHub: Configuration reference, proxy.traefik.hsts",
            url: "https://z2jh.jupyter.org/en/stable/resources/reference.html#proxy-traefik-hsts",
        },
        Reference {
            title: "MDN: Strict-Transport-Security",
            url: "https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Strict-Transport-Security",
        },
    ],
    mappings: &[],
    judge: Judge::Hub(judge),
};

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    let tls = context.derived.tls(hub)?;
    if tls.mode == TlsMode::None {
        return by_objects(context, hub, tls);
    }
    certificates::observed(context, hub, by_objects(context, hub, tls), |connection| {
        of_connection(tls, connection)
    })
}

/// What a connection was told.
fn of_connection(tls: &Tls, connection: &Connection<'_>) -> Judgement {
    let path = "Strict-Transport-Security";
    let source = tls.service.kubectl_name();
    match connection.handshake()?.hsts {
        HstsSight::Sent { max_age } if max_age > 0 => {
            let reason = Reason::new("seen", "{host} tells browsers to use HTTPS only for {seconds} seconds");
            let reason = reason.with("host", connection.called()).with("seconds", Arg::Number(max_age));
            Ok(Outcome::pass(reason)
                .because(connection.evidence(tls, path, Arg::Number(max_age)))
                .slot("source", source))
        }
        HstsSight::Unknown => Err(Reason::new("no-answer", "{host} did not answer a request over HTTPS")
            .with("host", connection.called())
            .into()),
        sight => {
            let found = if sight == HstsSight::NotSent { Arg::word("not sent") } else { Arg::Number(0) };
            let reason = Reason::new("not-seen", "{host} does not tell browsers to use HTTPS only");
            let fact = connection.evidence(tls, path, found).wanted(Arg::word("more than 0"));
            let outcome =
                Outcome::warn(reason.with("host", connection.called())).because(fact).slot("source", source);
            Ok(if tls.mode == TlsMode::LetsEncrypt { outcome.case("automatic") } else { outcome })
        }
    }
}

/// What the configuration says.
fn by_objects(context: &Context<'_>, hub: &Hub, tls: &Tls) -> Judgement {
    match tls.mode {
        TlsMode::LetsEncrypt if entrance::kube_lego(hub).is_none() => automatic(context, hub),
        TlsMode::None => Ok(Outcome::not_applicable(Reason::new("no-https", "There is no HTTPS that browsers could stay with"))),
        TlsMode::Manual | TlsMode::Secret | TlsMode::Offload => Ok(Outcome::warn(
            Reason::new("not-by-chart", "The chart sends no such header in this mode ({mode}); a request from outside would show whether something else does")
                .with("mode", entrance::mode_in_words(tls.mode)),
        )
        .because_all(tls.evidence.clone())
        .slot("source", tls.service.kubectl_name())),
        TlsMode::LetsEncrypt | TlsMode::Outside | TlsMode::UnseenEdge => Err(Reason::new(
            "elsewhere",
            "What sends headers is not visible here ({mode}); a request from outside would show whether this one is sent",
        )
        .with("mode", entrance::mode_in_words(tls.mode))
        .into()),
    }
}

/// What the routers that serve HTTPS send; the one that sends least decides.
fn automatic(context: &Context<'_>, hub: &Hub) -> Judgement {
    let file = entrance::dynamic_file(context, hub)?;
    let secure = file.entries(&["http", "routers"]).filter(|(_, router)| router.get("tls").is_some());
    let least = secure.map(|(name, router)| (seconds(&file, router), name)).min();
    let (seconds, router) = least.ok_or_else(|| {
        Reason::new("no-router", "The configuration of autohttps shows nothing that serves HTTPS")
    })?;
    let path = format!("http.middlewares of router {router}: headers.stsSeconds");
    let evidence = file.evidence(&path, Arg::Number(seconds));
    let outcome = if seconds > 0 {
        Outcome::pass(
            Reason::new("sent", "autohttps tells browsers to use HTTPS only for {seconds} seconds")
                .with("seconds", Arg::Number(seconds)),
        )
        .because(evidence)
    } else {
        Outcome::warn(Reason::new("not-sent", "autohttps does not tell browsers to use HTTPS only"))
            .because(evidence.wanted(Arg::word("more than 0")))
            .case("automatic")
    };
    Ok(outcome.slot("source", file.object().kubectl_name()))
}

/// How long the middlewares of a router tell browsers to remember; 0 is not at all.
fn seconds(file: &File<'_>, router: &Value) -> i64 {
    let names = router.get("middlewares").and_then(Value::as_array).into_iter().flatten();
    let names = names.filter_map(|name| Some(name.as_str()?.split('@').next().unwrap_or_default()));
    names
        .filter_map(|name| file.value(&["http", "middlewares", name, "headers", "stsSeconds"])?.as_i64())
        .max()
        .unwrap_or(0)
}
