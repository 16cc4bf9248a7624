//! Flags proxies whose API, and hubs whose API, can be reached by pods that have no business there.

use crate::check::paths::{End, PATHS, Path, ask, ends_of_class, ends_of_part, likely, worst_path};
use crate::check::policies::{GUIDE, KUBERNETES, SHOW};
use crate::check::servers::judge_servers;
use crate::check::{
    Check, Context, Evidence, Judge, Judgement, Mapping, Outcome, Severity, Topic, Verdict, worst_with,
};
use crate::facts::{IntOrString, PodSpec};
use crate::fix::{Fix, FixValue};
use crate::gap::{Gap, Unknown};
use crate::hub::{Hub, parts};
use crate::kind::Kind;
use crate::network::Protocol;
use crate::object::ObjectRef;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "NET-04",
    name: "proxy-api-open",
    title: "Only the hub reaches the proxy's API, and only the hub's own pods reach the hub's API",
    fault: "Pods that have no business there reach the proxy's API or the hub's API",
    severity: Severity::Critical,
    topic: Topic::NetworkPolicies,
    since: "0.1.0",
    why: "Who speaks to the proxy's API with its token sends every user's traffic wherever they like. A policy is the layer that still \
          holds when the token leaks.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Fail, Verdict::Unknown],
    needs: PATHS,
    fixes: &[
        Fix::before(
            0,
            7,
            "This chart has no network policies: write one for the proxy that lets only the hub reach port 8001, or upgrade.",
        ),
        Fix::from(
            0,
            7,
            "Turn the chart's policies for hub and proxy on, take the label `hub.jupyter.org/network-access-proxy-api` from every pod but \
             the hub's, and remove rules of your own that open port 8001 or 8081. Something has to enforce policies.",
        )
        .until(0, 10)
        .values(&[
            ("hub.networkPolicy.enabled", FixValue::Bool(true)),
            ("proxy.networkPolicy.enabled", FixValue::Bool(true)),
        ]),
        Fix::from(
            0,
            10,
            "Turn the chart's policies for hub and proxy on, take the label `hub.jupyter.org/network-access-proxy-api` from every pod but \
             the hub's, and remove rules of your own that open port 8001 or 8081. Something has to enforce policies.",
        )
        .values(&[
            ("hub.networkPolicy.enabled", FixValue::Bool(true)),
            ("proxy.chp.networkPolicy.enabled", FixValue::Bool(true)),
        ]),
    ],
    kubectl: SHOW,
    references: &[GUIDE, KUBERNETES],
    mappings: &[Mapping::Cis("5.3.2"), Mapping::Nsa("Network separation and hardening")],
    judge: Judge::Hub(judge),
};

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    let Some(proxy) = &hub.proxy else {
        context.snapshot.deployments.complete_in(&hub.key.namespace)?;
        return Err(Reason::new(
            "no-proxy",
            "The proxy of this hub was not recognised, so its API cannot be judged",
        )
        .into());
    };
    let (proxies, hidden) = ends_of_part(context, proxy);
    let api = proxy_api_port(proxy.pod());
    let from_servers = judge_servers(context, hub, |class| {
        let froms = ends_of_class(context, class);
        let path = worst_of(context, hub, &froms, &proxies, api)?;
        Ok(servers_outcome(context, hub, &path, api))
    });
    let stranger = [End::stranger(context)];
    let to_proxy = worst_of(context, hub, &stranger, &proxies, api).map(|path| {
        let reason = Reason::new(
            "strangers-proxy",
            "Any pod of any other namespace reaches the proxy's API at port {port}",
        )
        .with("port", Arg::Number(api.into()));
        stranger_outcome(context, hub, &path, reason)
    });
    let (hubs, hub_hidden) = ends_of_part(context, &hub.deployment);
    let port = hub_port(hub.deployment.pod());
    let to_hub = worst_of(context, hub, &stranger, &hubs, port).map(|path| {
        let reason = Reason::new(
            "strangers-hub",
            "Any pod of any other namespace reaches the hub's API at port {port}",
        )
        .with("port", Arg::Number(port.into()));
        stranger_outcome(context, hub, &path, reason)
    });
    let hidden = [hidden, hub_hidden].into_iter().flatten().map(|gap: Gap| Err(gap.into()));
    let first = from_servers.unwrap_or_else(Outcome::from);
    Ok(worst_with(first, [to_proxy, to_hub].into_iter().chain(hidden)))
}

fn worst_of(
    context: &Context<'_>,
    hub: &Hub,
    froms: &[End],
    tos: &[End],
    port: u16,
) -> Result<Path, Unknown> {
    let pairs = froms.iter().flat_map(|from| tos.iter().map(move |to| (from, to)));
    let paths = pairs.map(|(from, to)| ask(context, Some(hub), from, to, Protocol::Tcp, port));
    worst_path(paths).ok_or_else(|| Reason::new("no-path", "there is no path to ask about").into())
}

/// The token is still asked for; it is worse where the API can be reached from outside the cluster as well.
fn servers_outcome(context: &Context<'_>, hub: &Hub, path: &Path, port: u16) -> Outcome {
    let reason = Reason::new(
        "servers",
        "User servers reach the proxy's API at port {port}, where only its token protects it",
    )
    .with("port", Arg::Number(port.into()));
    let open = match exposed(hub, port) {
        Some(way) => Outcome::fail(reason).because(way),
        None => Outcome::fail(reason).severity(Severity::Medium),
    };
    path.outcome(context, hub, open, likely(Severity::Medium), closed())
}

fn stranger_outcome(context: &Context<'_>, hub: &Hub, path: &Path, reason: Reason) -> Outcome {
    let open = Outcome::warn(reason).severity(Severity::Medium);
    path.outcome(context, hub, open, likely(Severity::Medium), closed())
}

fn closed() -> Outcome {
    Outcome::pass(Reason::new(
        "closed",
        "Policies that are enforced keep user servers from the proxy's API, and ordinary pods of other namespaces from both APIs",
    ))
}

/// A Service that leads to the API from outside the cluster.
fn exposed(hub: &Hub, api: u16) -> Option<Evidence> {
    let spec = hub.proxy.as_ref()?.pod();
    let services = hub.proxy_services.iter().chain(&hub.public_services);
    let is_outside = |kind: &str| matches!(kind, "LoadBalancer" | "NodePort");
    let service = services.into_iter().find(|service| {
        is_outside(service.spec.type_name())
            && service
                .spec
                .ports
                .iter()
                .any(|port| parts::target(port, spec) == IntOrString::Int(i64::from(api)))
    })?;
    let namespace = service.metadata.namespace.clone().unwrap_or_default();
    let object = ObjectRef::namespaced(Kind::Service, namespace, &service.metadata.name);
    let found = Arg::text(service.spec.type_name());
    Some(Evidence::new(object, "spec.type", found).wanted(Arg::word("ClusterIP")))
}

/// Where the proxy takes the hub's orders.
fn proxy_api_port(spec: &PodSpec) -> u16 {
    let flag = spec.containers.iter().find_map(|container| container.flag("api-port"));
    flag.and_then(|port| port.parse().ok()).unwrap_or(8001)
}

/// Where the hub listens: the port called `http`, as charts from 0.10 on call it.
fn hub_port(spec: &PodSpec) -> u16 {
    let mut ports = spec.containers.iter().flat_map(|container| &container.ports);
    ports.find(|port| port.name.as_deref() == Some("http")).map_or(8081, |port| port.container_port)
}
