//! How the parts of a hub are told apart: labels of every generation of the chart, and ports of Services.

use std::sync::Arc;

use super::{HubKey, Support};
use crate::facts::network::ServicePort;
use crate::facts::{IntOrString, Meta, PodSpec, Service, Workload};

/// The environment variable by which the hub and the proxy know each other.
pub(crate) const PROXY_TOKEN: &str = "CONFIGPROXY_AUTH_TOKEN";

/// A label of a controller, or else of its pods: charts before 0.7 leave the hub's Deployment without labels.
pub(crate) fn label<'a>(workload: &'a Workload, key: &str) -> Option<&'a str> {
    workload.metadata.label(key).or_else(|| workload.template.metadata.label(key))
}

/// What part of a hub an object is.
pub(crate) fn component(workload: &Workload) -> Option<&str> {
    label(workload, "component")
        .or_else(|| label(workload, "app.kubernetes.io/component"))
        .or_else(|| workload.template.metadata.label("name"))
}

/// What part of a hub an object is that has no pods of its own.
pub(crate) fn component_of(metadata: &Meta) -> Option<&str> {
    metadata.label("component").or_else(|| metadata.label("app.kubernetes.io/component"))
}

/// The Helm release of a controller, as far as labels and annotations say.
pub(crate) fn release(workload: &Workload) -> Option<&str> {
    label(workload, "release")
        .or_else(|| workload.metadata.annotation("meta.helm.sh/release-name"))
        .or_else(|| label(workload, "app.kubernetes.io/instance"))
}

/// The application a controller belongs to.
pub(crate) fn app(workload: &Workload) -> Option<&str> {
    label(workload, "app").or_else(|| label(workload, "app.kubernetes.io/name"))
}

/// Whether an object without pods carries the labels of a hub.
pub(crate) fn carries_labels_of(metadata: &Meta, key: &HubKey) -> bool {
    let release = metadata.label("release").or_else(|| metadata.label("app.kubernetes.io/instance"));
    let app = metadata.label("app").or_else(|| metadata.label("app.kubernetes.io/name"));
    // Charts v0.5 and v0.6 write no `app` on the objects around the hub.
    release == Some(&key.release) && app.is_none_or(|app| app == key.app)
}

/// Whether this is a hub of chart v0.5 or v0.6: its Deployment has no labels, and its pods are called `name=hub`.
pub(crate) fn is_ancient(deployment: &Workload) -> bool {
    deployment.metadata.label("component").is_none()
        && deployment.template.metadata.label("name") == Some("hub")
        && deployment.template.metadata.label("component") == Some("hub")
}

/// Whether some container speaks to the proxy's API.
pub(crate) fn knows_proxy_token(spec: &PodSpec) -> bool {
    spec.containers.iter().any(|container| container.env_var(PROXY_TOKEN).is_some())
}

/// The controllers of one kind that belong to a hub.
pub(super) struct Siblings<'a> {
    pub(super) key: &'a HubKey,
    pub(super) support: Support,
    pub(super) hub: &'a Workload,
}

impl Siblings<'_> {
    /// Whether a controller of the hub's namespace belongs to the hub.
    pub(super) fn include(&self, workload: &Workload) -> bool {
        if release(workload) != Some(&self.key.release) {
            return false;
        }
        // In v0.5 and v0.6 the proxy's pods carry `app=kube-lego` or no `app` at all.
        is_ancient(self.hub) || app(workload).is_none_or(|app| app == self.key.app)
    }

    /// The controller that is this part of the hub.
    pub(super) fn part(&self, workloads: &[&Arc<Workload>], name: &str) -> Option<Arc<Workload>> {
        workloads.iter().find(|w| component(w) == Some(name) && self.include(w)).map(|w| Arc::clone(w))
    }

    /// The proxy, where labels do not name it: the only other Deployment that knows the token and runs the proxy's program.
    pub(super) fn proxy_without_labels(&self, workloads: &[&Arc<Workload>]) -> Option<Arc<Workload>> {
        let mut proxies = workloads.iter().filter(|workload| {
            let pod = workload.pod();
            let is_proxy = pod.containers.iter().any(|c| c.image_base() == "configurable-http-proxy");
            let is_foreign = self.support == Support::ZeroToJupyterHub
                && release(workload).is_some_and(|release| release != self.key.release);
            is_proxy && knows_proxy_token(pod) && !is_foreign
        });
        let proxy = proxies.next()?;
        proxies.next().is_none().then(|| Arc::clone(proxy))
    }
}

/// Where a port of a Service leads in pods of this shape: the number, or the name where no container declares it.
pub(crate) fn target(port: &ServicePort, spec: &PodSpec) -> IntOrString {
    let target = port.target_port.clone().unwrap_or(IntOrString::Int(i64::from(port.port)));
    let IntOrString::String(name) = &target else { return target };
    if let Ok(number) = name.parse() {
        return IntOrString::Int(number);
    }
    spec.containers
        .iter()
        .flat_map(|container| &container.ports)
        .find(|declared| declared.name.as_deref() == Some(name))
        .map_or(target.clone(), |declared| IntOrString::Int(i64::from(declared.container_port)))
}

/// Whether a Service leads users to the proxy, and not only to the proxy's API or metrics.
pub(super) fn leads_to_users(service: &Service, proxy: &PodSpec) -> bool {
    let flag = |name: &str| proxy.containers.iter().find_map(|c| c.flag(name)).and_then(|v| v.parse().ok());
    let api = flag("api-port").unwrap_or(8001);
    let metrics = flag("metrics-port");
    service.spec.ports.iter().any(|port| match target(port, proxy) {
        IntOrString::Int(number) => number != api && Some(number) != metrics,
        IntOrString::String(name) => name != "api" && name != "metrics",
    })
}
