//! Finds the user servers of each hub and puts those together that nothing in the catalogue can tell apart.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Hub, UserClass};
use crate::facts::Pod;
use crate::gap::Gap;
use crate::snapshot::Snapshot;

/// The label and annotation with the name of the server's user.
const USERNAME: &str = "hub.jupyter.org/username";
/// The label and annotation with the name of a named server.
const SERVERNAME: &str = "hub.jupyter.org/servername";
/// What stands in the place of a value that identifies a person.
const PERSON: &str = "person";

/// Gives every hub its user servers. The hubs are sorted by key.
pub(super) fn attach(snapshot: &Snapshot, hubs: &mut [Hub]) {
    let mut classes = Classes::default();
    for pod in snapshot.pods.present().filter(|pod| pod.is_live()) {
        if let Some(hub) = owner(pod, hubs) {
            classes.add(hub, pod);
        }
    }
    for (hub, class) in classes.found {
        hubs[hub].user_classes.push(class);
    }
}

/// Says whether every user server of a hub was read.
///
/// KubeSpawner puts either all servers into the hub's namespace or each user's into another one. So a server seen in the hub's
/// namespace proves that this namespace is all there is to read; without one, servers may be anywhere.
pub(crate) fn are_complete(snapshot: &Snapshot, hub: &Hub) -> Result<(), Gap> {
    let is_at_home = |class: &UserClass| class.namespace == hub.key.namespace;
    if !hub.user_classes.is_empty() && hub.user_classes.iter().all(is_at_home) {
        snapshot.pods.complete_in(&hub.key.namespace)
    } else {
        snapshot.pods.complete()
    }
}

/// Whether a pod is some hub's user server. A label with the modern key is not enough: volumes carry it too.
fn is_server(pod: &Pod) -> bool {
    let metadata = &pod.metadata;
    metadata.label("component") == Some("singleuser-server")
        || (metadata.owner_references.iter().all(|owner| !owner.controller)
            && (metadata.label(USERNAME).is_some()
                || metadata.annotations.contains_key(USERNAME)
                || pod.spec.containers.iter().any(|c| c.env_var("JUPYTERHUB_SERVICE_PREFIX").is_some())))
}

/// The hub that started a server, as an index.
fn owner(pod: &Pod, hubs: &[Hub]) -> Option<usize> {
    if !is_server(pod) {
        return None;
    }
    let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
    let release = pod.metadata.label("release").or_else(|| pod.metadata.label("app.kubernetes.io/instance"));
    let app = pod.metadata.label("app").or_else(|| pod.metadata.label("app.kubernetes.io/name"));
    let start = hubs.partition_point(|hub| hub.key.namespace.as_str() < namespace);
    let at_home = hubs[start..].iter().take_while(|hub| hub.key.namespace == namespace).count();
    let home = start..start + at_home;
    let has_labels_of = |hub: &Hub| release == Some(&hub.key.release) && app == Some(&hub.key.app);
    if let Some(index) = home.clone().find(|index| has_labels_of(&hubs[*index])) {
        return Some(index);
    }
    // Servers keep the labels they were started with; another `app` of the same release is a name that was changed since.
    let mut of_release = home.clone().filter(|index| release == Some(&hubs[*index].key.release));
    if let (Some(only), None) = (of_release.next(), of_release.next()) {
        return Some(only);
    }
    if release.is_none() {
        // Hubs that are not of the chart label nothing; where there is only one, it is that one's.
        return (at_home == 1).then_some(start);
    }
    // A namespace of its own for each user is called `<hub's namespace>-<user>` unless the operator chose otherwise.
    let candidates = || (0..hubs.len()).filter(|index| has_labels_of(&hubs[*index]));
    candidates()
        .filter(|index| {
            namespace.strip_prefix(&hubs[*index].key.namespace).is_some_and(|rest| rest.starts_with('-'))
        })
        .max_by_key(|index| hubs[*index].key.namespace.len())
        .or_else(|| {
            let mut all = candidates();
            let only = all.next()?;
            all.next().is_none().then_some(only)
        })
}

/// The classes found so far.
#[derive(Default)]
struct Classes {
    found: Vec<(usize, UserClass)>,
    /// Where to look for a pod's class: by hub and namespace.
    by_place: BTreeMap<(usize, String), Vec<usize>>,
    /// Pods of one shape share their specification and their labels: the addresses are a quick way to the class.
    by_address: BTreeMap<(usize, String, usize, usize), usize>,
}

impl Classes {
    fn add(&mut self, hub: usize, pod: &Arc<Pod>) {
        let namespace = pod.metadata.namespace.clone().unwrap_or_default();
        let spec = Arc::as_ptr(&pod.spec).addr();
        let labels = Arc::as_ptr(&pod.metadata.labels).addr();
        let address = (hub, namespace.clone(), spec, labels);
        if let Some(index) = self.by_address.get(&address) {
            self.found[*index].1.pods.push(Arc::clone(pod));
            return;
        }
        let labels = impersonal(pod);
        let place = self.by_place.entry((hub, namespace.clone())).or_default();
        let known = place.iter().copied().find(|index| {
            let class = &self.found[*index].1;
            class.labels == labels && (Arc::ptr_eq(&class.spec, &pod.spec) || class.spec == pod.spec)
        });
        let index = known.unwrap_or(self.found.len());
        self.by_address.insert(address, index);
        if known.is_some() {
            self.found[index].1.pods.push(Arc::clone(pod));
        } else {
            place.push(index);
            let class =
                UserClass { namespace, spec: Arc::clone(&pod.spec), labels, pods: vec![Arc::clone(pod)] };
            self.found.push((hub, class));
        }
    }
}

/// The labels without values that identify a person.
fn impersonal(pod: &Pod) -> BTreeMap<String, String> {
    let mut labels = (*pod.metadata.labels).clone();
    for key in [USERNAME, SERVERNAME] {
        if let Some(value) = labels.get_mut(key).filter(|value| !value.is_empty()) {
            PERSON.clone_into(value);
        }
    }
    labels
}
