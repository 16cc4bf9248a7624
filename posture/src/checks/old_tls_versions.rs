//! Flags automatic HTTPS that accepts versions of TLS which are broken.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::check::certificates::{self, Connection};
use crate::check::{
    Check, Context, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict, worst,
};
use crate::derived::{Tls, TlsMode};
use crate::entrance::{self, File};
use crate::fix::{Fix, FixValue};
use crate::hub::Hub;
use crate::kind::Kind;
use crate::sighting::TlsVersion;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "TLS-14",
    name: "old-tls-versions",
    title: "Only TLS 1.2 and later are accepted",
    fault: "Versions of TLS before 1.2 are accepted",
    severity: Severity::Medium,
    topic: Topic::Https,
    since: "0.1.0",
    why: "TLS 1.0 and 1.1 were withdrawn in 2021: somebody on the way can make old clients use ciphers that are broken.",
    verdicts: &[Verdict::Pass, Verdict::Fail, Verdict::Unknown, Verdict::NotApplicable],
    needs: &[Kind::Service, Kind::Deployment, Kind::ConfigMap, Kind::Ingress, Kind::HttpRoute, Kind::Gateway],
    fixes: &[Fix::advice(
        "Set the lowest version back to what the chart itself asks for, also in any other option of TLS that you added to \
         `proxy.traefik.extraDynamicConfig`.",
    )
    .values(&[("proxy.traefik.extraDynamicConfig.tls.options.default.minVersion", FixValue::Str("VersionTLS12"))])],
    kubectl: &[
        "kubectl",
        "--namespace",
        "<namespace>",
        "get",
        "configmap",
        "<config-map>",
        "--output",
        "yaml",
    ],
    references: &[Reference {
        title: "RFC 8996: Deprecating TLS 1.0 and TLS 1.1",
        url: "https://www.rfc-editor.org/rfc/rfc8996",
    }],
    mappings: &[Mapping::Nsa("Network separation and hardening")],
    judge: Judge::Hub(judge),
};

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    let tls = context.derived.tls(hub)?;
    let is_visible = tls.mode == TlsMode::LetsEncrypt && entrance::kube_lego(hub).is_none();
    if tls.mode == TlsMode::None {
        return Ok(Outcome::not_applicable(Reason::new(
            "no-https",
            "There is no HTTPS whose versions could be judged",
        )));
    }
    certificates::observed(context, hub, by_objects(context, hub, tls, is_visible), |connection| {
        of_connection(tls, connection)
    })
}

/// The oldest version that a connection was made with.
fn of_connection(tls: &Tls, connection: &Connection<'_>) -> Judgement {
    let handshake = connection.handshake()?;
    let Some(oldest) = handshake.oldest else {
        let reason = Reason::new(
            "oldest-not-known",
            "Whether {host} accepts versions of TLS before 1.2 could not be found out",
        );
        return Err(reason.with("host", connection.called()).into());
    };
    let version = Arg::text(oldest.to_string());
    let fact = connection.evidence(tls, "oldest version", version.clone());
    if oldest < TlsVersion::Tls12 {
        let reason = Reason::new("old-accepted", "{host} accepts {version}");
        let reason = reason.with("host", connection.called()).with("version", version);
        return Ok(Outcome::fail(reason)
            .because(fact.wanted(Arg::word("TLS 1.2 or later")))
            .slot("config-map", "autohttps"));
    }
    connection.proven()?;
    let reason = Reason::new("modern-seen", "{host} accepts TLS 1.2 and later only");
    Ok(Outcome::pass(reason.with("host", connection.called())).because(fact))
}

/// What the configuration says.
fn by_objects(context: &Context<'_>, hub: &Hub, tls: &Tls, is_visible: bool) -> Judgement {
    if !is_visible {
        let reason = Reason::new(
            "elsewhere",
            "Which versions are accepted is not visible here ({mode}); a handshake from outside would show it",
        );
        return Err(reason.with("mode", entrance::mode_in_words(tls.mode)).into());
    }
    let file = entrance::dynamic_file(context, hub)?;
    let secure = file.entries(&["http", "routers"]).filter_map(|(_, router)| router.get("tls"));
    let options = secure.map(|tls| tls.get("options").and_then(Value::as_str).unwrap_or("default"));
    let options: BTreeSet<&str> = options.map(|name| name.split('@').next().unwrap_or_default()).collect();
    let parts = options.iter().map(|name| of_options(&file, name));
    Ok(worst(parts).ok_or_else(not_set)?.slot("config-map", &file.object().name))
}

/// The options of TLS that a router uses.
fn of_options(file: &File<'_>, name: &str) -> Judgement {
    let version =
        file.value(&["tls", "options", name, "minVersion"]).and_then(Value::as_str).ok_or_else(not_set)?;
    let outcome = match version {
        "VersionTLS12" | "VersionTLS13" => {
            Outcome::pass(Reason::new("modern", "autohttps accepts TLS 1.2 and later only"))
        }
        "VersionTLS10" | "VersionTLS11" | "VersionSSL30" => Outcome::fail(
            Reason::new("old", "autohttps accepts {version}").with("version", Arg::text(version)),
        ),
        _ => return Err(not_set().into()),
    };
    let path = format!("tls.options.{name}.minVersion");
    Ok(outcome.because(file.evidence(&path, Arg::text(version)).wanted(Arg::word("VersionTLS12"))))
}

/// What traefik does then depends on its version.
fn not_set() -> Reason {
    Reason::new(
        "not-set",
        "The configuration of autohttps names no lowest version of TLS; a handshake from outside would show which are accepted",
    )
}
