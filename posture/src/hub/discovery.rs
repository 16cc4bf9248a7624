//! Finds the hubs of a cluster by what they are made of, never by their names.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::parts::{self, Siblings, knows_proxy_token, label};
use super::{Hub, HubKey, Support, servers, version};
use crate::facts::{PodSpec, Service, Workload};
use crate::snapshot::Snapshot;

/// Every hub that can be seen, sorted by key.
pub fn discover(snapshot: &Snapshot) -> Vec<Hub> {
    let mut taken = BTreeSet::new();
    let mut hubs: Vec<Hub> = snapshot
        .deployments
        .present()
        .filter_map(|deployment| {
            let support = recognise(snapshot, deployment)?;
            let key = unique(key(deployment), deployment, &mut taken);
            Some(assemble(snapshot, key, support, deployment))
        })
        .collect();
    hubs.sort_by(|a, b| a.key.cmp(&b.key));
    servers::attach(snapshot, &mut hubs);
    hubs
}

/// What speaks for a Deployment being a hub. Labels alone do not: other products have a component called `hub` too.
struct Signals {
    /// Labels that call it a hub.
    labels: Option<LabelSet>,
    /// A command line of JupyterHub.
    program: bool,
    /// An image of Zero to JupyterHub.
    image: bool,
    /// The token of the proxy, in this Deployment or in a sibling.
    token: bool,
}

/// The labels by which charts call a Deployment a hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LabelSet {
    /// `component`, `app` and `release`, as every chart since 0.7 writes them.
    Legacy,
    /// `name=hub` on the pods, as v0.5 and v0.6 write it.
    Ancient,
    /// Only `app.kubernetes.io/component` with a chart called `jupyterhub`, as Bitnami's chart is called too.
    Modern,
}

impl LabelSet {
    fn read(deployment: &Workload) -> Option<Self> {
        let has = |key| label(deployment, key).is_some();
        let has_chart = || label(deployment, "helm.sh/chart").is_some_and(|c| c.starts_with("jupyterhub-"));
        if label(deployment, "component") == Some("hub") && has("app") && has("release") {
            Some(Self::Legacy)
        } else if parts::is_ancient(deployment) {
            Some(Self::Ancient)
        } else if label(deployment, "app.kubernetes.io/component") == Some("hub") && has_chart() {
            Some(Self::Modern)
        } else {
            None
        }
    }
}

impl Signals {
    fn read(snapshot: &Snapshot, deployment: &Workload) -> Option<Self> {
        let spec = deployment.pod();
        let labels = LabelSet::read(deployment);
        let program = runs_jupyterhub(spec);
        let image = spec.containers.iter().any(|c| matches!(c.image_base(), "k8s-hub" | "k8s-hub-slim"));
        if labels.is_none() && !program && !image {
            return None;
        }
        let token = knows_proxy_token(spec) || has_proxy_sibling(snapshot, deployment);
        Some(Self { labels, program, image, token })
    }

    fn count(&self) -> usize {
        let signals = [self.labels.is_some(), self.program, self.image, self.token];
        signals.into_iter().filter(|signal| *signal).count()
    }
}

/// Whether a Deployment is a hub, and of which kind: two signals that do not depend on each other are needed.
fn recognise(snapshot: &Snapshot, deployment: &Workload) -> Option<Support> {
    let signals = Signals::read(snapshot, deployment).filter(|signals| signals.count() >= 2)?;
    let has_volumes = has_chart_volumes(deployment.pod());
    let has_marks = version::of_labels(deployment).is_some() || label(deployment, "heritage").is_some();
    let is_chart = match signals.labels {
        Some(LabelSet::Legacy | LabelSet::Ancient) => signals.image || has_marks || has_volumes,
        // A relabelled copy of the chart's Deployment.
        Some(LabelSet::Modern) | None => signals.image && has_volumes,
    };
    Some(if is_chart { Support::ZeroToJupyterHub } else { Support::Other })
}

/// Whether some container starts JupyterHub with a configuration file.
fn runs_jupyterhub(spec: &PodSpec) -> bool {
    spec.containers.iter().any(|container| {
        let is_program = |word: &str| {
            word.split_whitespace().any(|part| part == "jupyterhub" || part.ends_with("/jupyterhub"))
        };
        container.words().any(is_program)
            && container.words().any(|word| word.contains("/jupyterhub_config.py"))
    })
}

/// Whether the pods mount configuration and secrets in the way the chart does.
fn has_chart_volumes(spec: &PodSpec) -> bool {
    let has = |name: &str| spec.volumes.iter().any(|volume| volume.name == name);
    has("config") && (has("secret") || has("existing-secret"))
}

fn has_proxy_sibling(snapshot: &Snapshot, hub: &Workload) -> bool {
    let namespace = hub.metadata.namespace.as_deref().unwrap_or_default();
    snapshot.deployments.present_in(namespace).any(|other| {
        other.metadata.name != hub.metadata.name
            && parts::component(other) == Some("proxy")
            && parts::release(other) == parts::release(hub)
            && knows_proxy_token(other.pod())
    })
}

fn key(deployment: &Workload) -> HubKey {
    HubKey {
        namespace: deployment.metadata.namespace.clone().unwrap_or_default(),
        release: parts::release(deployment).unwrap_or(&deployment.metadata.name).to_owned(),
        app: parts::app(deployment).unwrap_or("jupyterhub").to_owned(),
    }
}

/// Two Deployments with the same labels are two hubs: the second is told apart by its name.
fn unique(mut key: HubKey, deployment: &Workload, taken: &mut BTreeSet<HubKey>) -> HubKey {
    if !taken.insert(key.clone()) {
        key.app = format!("{} ({})", key.app, deployment.metadata.name);
        taken.insert(key.clone());
    }
    key
}

/// Puts a hub together from the objects around it.
fn assemble(snapshot: &Snapshot, key: HubKey, support: Support, deployment: &Arc<Workload>) -> Hub {
    let namespace = key.namespace.clone();
    let others: Vec<_> = snapshot
        .deployments
        .present_in(&namespace)
        .filter(|other| other.metadata.name != deployment.metadata.name)
        .collect();
    let siblings = Siblings { key: &key, support, hub: deployment };
    let proxy = siblings.part(&others, "proxy").or_else(|| siblings.proxy_without_labels(&others));
    let autohttps = siblings.part(&others, "autohttps");
    let user_scheduler = siblings.part(&others, "user-scheduler");
    let binder = siblings_binder(&key, &others);
    let image_pullers = snapshot
        .daemon_sets
        .present_in(&namespace)
        .filter(|d| parts::component(d).is_some_and(|c| c.ends_with("image-puller")) && siblings.include(d))
        .cloned()
        .collect();
    let (config_map, secret) = sources(deployment.pod());
    let names = config_map.as_deref().map(|name| published_names(snapshot, &namespace, name));
    let mut hub = Hub {
        chart: Err(version::not_read()),
        key,
        support,
        deployment: Arc::clone(deployment),
        proxy,
        autohttps,
        user_scheduler,
        image_pullers,
        binder,
        public_services: Vec::new(),
        proxy_services: Vec::new(),
        hub_services: Vec::new(),
        config_map,
        secret,
        names: names.unwrap_or_default(),
        user_classes: Vec::new(),
    };
    attach_services(snapshot, &mut hub);
    hub.chart = version::resolve(snapshot, &hub);
    hub
}

/// BinderHub's Deployment has no labels of its own; its pods do.
fn siblings_binder(key: &HubKey, others: &[&Arc<Workload>]) -> Option<Arc<Workload>> {
    others
        .iter()
        .find(|other| {
            let pods = &other.template.metadata;
            pods.label("app") == Some("binder")
                && pods.label("component") == Some("binder")
                && parts::release(other).is_none_or(|release| release == key.release)
                && other.pod().containers.iter().any(|container| container.name == "binder")
        })
        .map(|other| Arc::clone(other))
}

/// The ConfigMap and the Secret that the hub mounts.
fn sources(spec: &PodSpec) -> (Option<String>, Option<String>) {
    let volume = |name: &str| spec.volumes.iter().find(|volume| volume.name == name);
    let config_map = volume("config").and_then(|v| v.config_map.as_ref()).map(|source| source.name.clone());
    let secret = ["secret", "existing-secret"]
        .into_iter()
        .find_map(|name| volume(name)?.secret.as_ref().map(|source| source.secret_name.clone()));
    (config_map, secret)
}

/// The names that charts from 1.0 on publish as keys of the hub's ConfigMap.
fn published_names(snapshot: &Snapshot, namespace: &str, config_map: &str) -> BTreeMap<String, String> {
    let Ok(Some(config_map)) = snapshot.config_map(namespace, config_map) else { return BTreeMap::new() };
    let is_name = |key: &str| !key.contains('.') && !key.starts_with("checksum");
    config_map
        .data
        .iter()
        .flatten()
        .filter(|(key, _)| is_name(key))
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}

/// Attaches the Services whose selectors lead to pods of the hub, whatever the Services are called.
fn attach_services(snapshot: &Snapshot, hub: &mut Hub) {
    let namespace = hub.key.namespace.clone();
    let live = label_sets(snapshot, &namespace);
    let of_hub = Reached::new(Some(&hub.deployment), &live);
    let of_proxy = Reached::new(hub.proxy.as_deref(), &live);
    let of_autohttps = Reached::new(hub.autohttps.as_deref(), &live);
    let (mut public, mut inner, mut to_hub) = (Vec::new(), Vec::new(), Vec::new());
    for service in snapshot.services.present_in(&namespace) {
        if of_hub.by(service) {
            to_hub.push(Arc::clone(service));
        } else if of_autohttps.by(service) || is_public_service(service, hub) {
            public.push(Arc::clone(service));
        } else if of_proxy.by(service) {
            let proxy = hub.proxy.as_ref().map(|proxy| proxy.pod());
            // `proxy-http` leads autohttps to the proxy; it is labelled as part of autohttps and selects the proxy.
            let is_inner = parts::component_of(&service.metadata) == Some("autohttps")
                && service.spec.type_name() == "ClusterIP";
            if !is_inner && proxy.is_some_and(|proxy| parts::leads_to_users(service, proxy)) {
                public.push(Arc::clone(service));
            } else {
                inner.push(Arc::clone(service));
            }
        }
    }
    public.sort_by_key(|service| !is_public_service(service, hub));
    (hub.public_services, hub.proxy_services, hub.hub_services) = (public, inner, to_hub);
}

/// The different label sets of the live pods of a namespace: pods that are alike share theirs, so there are few.
fn label_sets<'a>(snapshot: &'a Snapshot, namespace: &'a str) -> Vec<&'a BTreeMap<String, String>> {
    let mut seen = BTreeSet::new();
    let labels = snapshot.pods.present_in(namespace).map(|pod| &pod.metadata.labels);
    labels.filter(|labels| seen.insert(Arc::as_ptr(labels))).map(|labels| &**labels).collect()
}

/// The label sets by which a Service can lead to the pods of a controller: those of its template and of its live pods.
struct Reached<'a>(Vec<&'a BTreeMap<String, String>>);

impl<'a> Reached<'a> {
    fn new(workload: Option<&'a Workload>, live: &[&'a BTreeMap<String, String>]) -> Self {
        let Some(workload) = workload else { return Self(Vec::new()) };
        let template = &*workload.template.metadata.labels;
        let selector = workload.selector.as_ref().filter(|selector| !selector.is_empty());
        let of_pods = live.iter().filter(|labels| selector.is_some_and(|selector| selector.matches(labels)));
        Self(std::iter::once(&template).chain(of_pods).copied().collect())
    }

    fn by(&self, service: &Service) -> bool {
        self.0.iter().any(|labels| service.selects(labels))
    }
}

/// Whether this is the Service through which the chart publishes the hub.
pub(crate) fn is_public_service(service: &Service, hub: &Hub) -> bool {
    parts::component_of(&service.metadata) == Some("proxy-public")
        && parts::carries_labels_of(&service.metadata, &hub.key)
}
