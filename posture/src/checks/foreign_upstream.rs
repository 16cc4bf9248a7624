//! Flags automatic HTTPS that forwards to the proxy of another hub, or to nothing.

use crate::check::{
    Check, Context, Evidence, Judge, Judgement, Outcome, Reference, Severity, Topic, Verdict, worst,
};
use crate::derived::TlsMode;
use crate::entrance::{self, File};
use crate::fix::{Fix, FixValue};
use crate::hub::Hub;
use crate::kind::Kind;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "TLS-18",
    name: "foreign-upstream",
    title: "Automatic HTTPS forwards to the hub's own proxy",
    fault: "Automatic HTTPS forwards to another hub or to nothing",
    severity: Severity::High,
    topic: Topic::Https,
    since: "0.1.0",
    why: "The chart writes the name proxy-http into the configuration of autohttps, whatever the Service is called. Where the names of a hub \
          are overridden, its users end at the other hub of the namespace and type their passwords there, or nowhere.",
    verdicts: &[Verdict::Pass, Verdict::Fail, Verdict::Unknown, Verdict::NotApplicable],
    needs: &[Kind::Service, Kind::Deployment, Kind::ConfigMap],
    fixes: &[Fix::from(
        0,
        10,
        "Tell autohttps the name of the hub's own Service, or give each hub a namespace of its own.",
    )
    .values(&[(
        "proxy.traefik.extraDynamicConfig.http.services.default.loadBalancer.servers",
        FixValue::List(&[FixValue::Map(&[("url", FixValue::Slot("upstream"))])]),
    )])],
    kubectl: &[
        "kubectl",
        "--namespace",
        "<namespace>",
        "get",
        "services",
        "--selector",
        "component=autohttps",
        "--output",
        "wide",
    ],
    references: &[Reference {
        title: "Zero to JupyterHub: the template of autohttps",
        url: "https://github.com/jupyterhub/zero-to-jupyterhub-k8s/tree/main/jupyterhub/templates/proxy/autohttps",
    }],
    mappings: &[],
    judge: Judge::Hub(judge),
};

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    let tls = context.derived.tls(hub)?;
    if tls.mode != TlsMode::LetsEncrypt {
        return Ok(entrance::no_automatic_https(tls));
    }
    if entrance::kube_lego(hub).is_some() {
        return Ok(Outcome::not_applicable(Reason::new(
            "nginx",
            "Automatic HTTPS of this chart forwards to the pod it runs in or by label",
        )));
    }
    let file = entrance::dynamic_file(context, hub)?;
    // `chp` in 0.9, `default` since then; what extra configuration adds beside it leads to no hub.
    let services = file.entries(&["http", "services"]).filter(|(name, _)| matches!(*name, "default" | "chp"));
    let urls = services.flat_map(|(name, service)| {
        let servers = service.pointer("/loadBalancer/servers").and_then(|servers| servers.as_array());
        servers
            .into_iter()
            .flatten()
            .map(move |server| (name, server.get("url").and_then(|url| url.as_str())))
    });
    let outcome = worst(urls.map(|(name, url)| of_url(context, hub, &file, name, url)));
    Ok(outcome
        .ok_or_else(|| Reason::new("no-upstream", "The configuration of autohttps shows no upstream"))?)
}

fn of_url(context: &Context<'_>, hub: &Hub, file: &File<'_>, name: &str, url: Option<&str>) -> Judgement {
    let hidden = || Reason::new("url-hidden", "The upstream of autohttps cannot be read");
    let url = url.ok_or_else(hidden)?;
    let host =
        url.split_once("://").map_or(url, |(_, rest)| rest).split(['/', ':']).next().unwrap_or_default();
    let mut labels = host.split('.');
    let service = labels.next().filter(|label| !label.is_empty()).ok_or_else(hidden)?;
    let namespace = labels.next().unwrap_or(&hub.key.namespace);
    if labels.next().is_some_and(|label| label != "svc") {
        let reason = "autohttps forwards to {host}, and whether that leads to the hub's proxy is not visible; follow it by hand";
        return Err(Reason::new("outside", reason).with("host", Arg::text(host)).into());
    }
    let evidence =
        file.evidence(&format!("http.services.{name}.loadBalancer.servers[*].url"), Arg::text(url));
    let own = hub.proxy_services.iter().find(|service| {
        let component = service.metadata.label("component");
        component == Some("autohttps") && service.port(8000).is_some()
    });
    let repaired = |outcome: Outcome| match own {
        Some(own) => outcome.slot("upstream", format!("http://{}:8000/", own.metadata.name)),
        None => outcome,
    };
    let Some(found) = context.snapshot.services.get(Some(namespace), service)? else {
        let reason = Reason::new("no-service", "autohttps forwards to {service}, which does not exist")
            .with("service", Arg::text(host));
        return Ok(repaired(
            Outcome::fail(reason).because(evidence.wanted(Arg::word("a Service of this hub"))),
        ));
    };
    let proxy = hub
        .proxy
        .as_ref()
        .ok_or_else(|| Reason::new("no-proxy", "The Deployment of the proxy cannot be seen"))?;
    let selector =
        found.spec.selector.iter().map(|(key, value)| Arg::text(format!("{key}={value}"))).collect();
    let selected = Evidence::new(entrance::object(found), "spec.selector", Arg::List(selector));
    if namespace == hub.key.namespace && found.selects(&proxy.template.metadata.labels) {
        let reason = Reason::new("own", "autohttps forwards to the hub's own proxy");
        return Ok(Outcome::pass(reason).because(evidence).because(selected));
    }
    let own_release = found.spec.selector.get("release").is_some_and(|release| *release == hub.key.release)
        && found.spec.selector.get("app").is_none_or(|app| *app == hub.key.app);
    if own_release || found.spec.selector.is_empty() {
        let reason = Reason::new(
            "unclear",
            "autohttps forwards to {service}, and whether that leads to the hub's proxy is not visible",
        );
        return Err(reason.with("service", entrance::object(found)).into());
    }
    let reason = Reason::new(
        "foreign",
        "autohttps forwards to {service}, which leads to pods that are not this hub's proxy",
    );
    let wanted = Arg::text(format!("release={}", hub.key.release));
    Ok(repaired(
        Outcome::fail(reason.with("service", entrance::object(found)))
            .because(evidence)
            .because(selected.wanted(wanted)),
    ))
}
