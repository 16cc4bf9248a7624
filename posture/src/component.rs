//! Programs that run beside the hubs and that checks look for: Tiller, the Kubernetes Dashboard, other consoles.

pub mod console;
pub mod dashboard;
mod exposure;
mod matching;
pub mod paths;
mod power;
pub mod tiller;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::check::Evidence;
use crate::facts::{Container, Leaf, Meta, PodSpec};
use crate::fix::Slots;
use crate::gap::Gap;
use crate::kind::Kind;
use crate::object::ObjectRef;
use crate::snapshot::Snapshot;
use crate::text::{Arg, Reason};

pub use exposure::{Exposure, exposure};
pub use matching::{Candidate, image_path};
pub use power::{Power, binding, extent, power};

/// The kinds that a check reads which asks how a program is reached, and what its account may do.
pub const EXPOSED: &[Kind] = &[
    Kind::Pod,
    Kind::Deployment,
    Kind::StatefulSet,
    Kind::DaemonSet,
    Kind::ReplicaSet,
    Kind::ReplicationController,
    Kind::Service,
    Kind::Ingress,
    Kind::HttpRoute,
    Kind::ClusterRole,
    Kind::ClusterRoleBinding,
    Kind::Role,
    Kind::RoleBinding,
];

/// The kinds that a check reads which asks who reaches a program, from outside the cluster and from user servers.
pub const REACHED: &[Kind] = &[
    Kind::Pod,
    Kind::Deployment,
    Kind::StatefulSet,
    Kind::DaemonSet,
    Kind::ReplicaSet,
    Kind::ReplicationController,
    Kind::Service,
    Kind::Ingress,
    Kind::HttpRoute,
    Kind::Namespace,
    Kind::Node,
    Kind::ConfigMap,
    Kind::NetworkPolicy,
    Kind::CiliumNetworkPolicy,
    Kind::CiliumClusterwideNetworkPolicy,
    Kind::CalicoNetworkPolicy,
    Kind::CalicoGlobalNetworkPolicy,
    Kind::AdminNetworkPolicy,
    Kind::BaselineAdminNetworkPolicy,
];

/// A controller or a pod that runs the program.
#[derive(Debug, Clone)]
pub struct Sighting<'a> {
    /// The object; a pod that a controller made is named after it: `tiller-deploy-*`.
    pub object: ObjectRef,
    /// Its namespace.
    pub namespace: &'a str,
    /// The labels of its pods.
    pub labels: &'a BTreeMap<String, String>,
    /// What its pods run.
    pub spec: &'a PodSpec,
    /// How many pods are wanted; `None` for a pod and for controllers without a number.
    pub replicas: Option<u32>,
    /// When the object was created.
    pub created_at: Option<Timestamp>,
    /// Whether a controller made it.
    pub is_owned: bool,
}

/// Everything that runs the program, as far as it can be seen.
#[derive(Debug)]
pub struct Sightings<'a> {
    /// What was seen, controllers before pods.
    pub seen: Vec<Sighting<'a>>,
    /// What may hide more.
    pub gap: Option<Gap>,
}

/// Looks through all controllers and pods of the cluster.
///
/// ReplicaSets that a Deployment made are left out: their pods say what runs, and old revisions say nothing.
pub fn sight(snapshot: &Snapshot, is_it: impl Fn(&Candidate<'_>) -> bool) -> Sightings<'_> {
    let mut seen = Vec::new();
    let mut gap = None;
    for listing in snapshot.workload_listings() {
        gap = gap.or(listing.complete().err());
        for workload in listing.present() {
            let meta = &workload.metadata;
            let is_owned = meta.owner_references.iter().any(|owner| owner.controller);
            let labels = &*workload.template.metadata.labels;
            let candidate = Candidate { name: &meta.name, own: &meta.labels, labels, spec: workload.pod() };
            if !(is_owned && workload.kind == Kind::ReplicaSet) && is_it(&candidate) {
                seen.push(Sighting {
                    object: workload.object(),
                    namespace: meta.namespace.as_deref().unwrap_or_default(),
                    labels,
                    spec: workload.pod(),
                    replicas: workload.replicas,
                    created_at: meta.creation_timestamp,
                    is_owned,
                });
            }
        }
    }
    gap = gap.or(snapshot.pods.complete().err());
    // Ten thousand servers of one shape share specification and labels: one look is enough for all of them.
    let mut looked_at = BTreeMap::new();
    for pod in snapshot.pods.present() {
        let meta = &pod.metadata;
        let shape = (Arc::as_ptr(&pod.spec), Arc::as_ptr(&meta.labels));
        let is_program = *looked_at.entry(shape).or_insert_with(|| {
            let labels = &*meta.labels;
            is_it(&Candidate { name: "", own: labels, labels, spec: &pod.spec })
        });
        let is_over = matches!(pod.status.phase.as_deref(), Some("Succeeded" | "Failed"));
        if is_program && !is_over {
            let namespace = meta.namespace.as_deref().unwrap_or_default();
            seen.push(Sighting {
                object: ObjectRef::namespaced(Kind::Pod, namespace, pod_name(meta)),
                namespace,
                labels: &meta.labels,
                spec: &pod.spec,
                replicas: None,
                created_at: meta.creation_timestamp,
                is_owned: meta.owner_references.iter().any(|owner| owner.controller),
            });
        }
    }
    Sightings { seen, gap }
}

/// A name that outlives the pod where a controller replaces it: `tiller-deploy-*`.
fn pod_name(meta: &Meta) -> String {
    let Some(owner) = meta.owner_references.iter().find(|owner| owner.controller) else {
        return meta.name.clone();
    };
    let hash = meta.label("pod-template-hash").map(|hash| format!("-{hash}"));
    let name = hash.and_then(|hash| owner.name.strip_suffix(&hash)).unwrap_or(&owner.name);
    format!("{name}-*")
}

impl Sightings<'_> {
    /// Whether the program runs: `Ok(false)` only if it is proven that it does not.
    pub fn is_present(&self) -> Result<bool, Gap> {
        match (&self.gap, self.seen.is_empty()) {
            (_, false) => Ok(true),
            (Some(gap), true) => Err(gap.clone()),
            (None, true) => Ok(false),
        }
    }

    /// Everything seen was everything there is, or the gap that may hide more.
    pub fn complete(&self) -> Result<(), Gap> {
        self.gap.clone().map_or(Ok(()), Err)
    }

    /// What runs or may run: controllers that want no pods are left out.
    pub fn running(&self) -> Vec<Sighting<'_>> {
        self.seen.iter().filter(|sighting| sighting.replicas != Some(0)).cloned().collect()
    }

    /// What a person would delete: the objects that no controller made, or everything where only pods were seen.
    pub fn roots(&self) -> impl Iterator<Item = &Sighting<'_>> {
        let is_rootless = self.seen.iter().all(|sighting| sighting.is_owned);
        self.seen.iter().filter(move |sighting| is_rootless || !sighting.is_owned)
    }

    /// The ServiceAccounts it runs as, by namespace and name, each with an object that does.
    pub fn accounts(&self) -> BTreeMap<(&str, &str), &Sighting<'_>> {
        self.seen.iter().rev().map(|s| ((s.namespace, s.spec.account()), s)).collect()
    }
}

impl Sighting<'_> {
    /// The field path of something in the pod specification.
    pub fn path(&self, below: &str) -> String {
        match self.object.kind {
            Kind::Pod => format!("spec.{below}"),
            _ => format!("spec.template.spec.{below}"),
        }
    }

    /// The slots `<program>-namespace`, `<program>-kind` and `<program>-name` for a command; those that a controller replaces stay open.
    pub fn slots(&self, program: &str) -> Slots {
        let mut slots = Slots::default();
        slots.set(&format!("{program}-namespace"), self.namespace);
        if !self.is_owned {
            slots.set(&format!("{program}-kind"), self.object.kind.to_string().to_lowercase());
            slots.set(&format!("{program}-name"), &self.object.name);
        }
        slots
    }

    /// When it was created, as a fact.
    pub fn age(&self) -> Option<Evidence> {
        let created_at = Arg::Instant(self.created_at?);
        Some(Evidence::new(self.object.clone(), "metadata.creationTimestamp", created_at))
    }

    /// The image of its first container, as a fact.
    pub fn image(&self) -> Evidence {
        let image = self.spec.containers.first().map_or("", |container| container.image.as_str());
        Evidence::new(self.object.clone(), self.path("containers[0].image"), Arg::text(image))
    }
}

/// Whether a boolean flag is given, written `--name` or `--name=true`, with one dash or two; the last one counts.
///
/// Undecided if it is not seen but some words were dropped, or if the program is started by a shell.
pub fn switch(container: &Container, name: &str) -> Result<bool, Reason> {
    let value = |word: &str| -> Option<bool> {
        let bare = word.strip_prefix("--").or_else(|| word.strip_prefix('-'))?;
        match bare.strip_prefix(name)? {
            "" => Some(true),
            rest => rest
                .strip_prefix('=')
                .map(|value| !matches!(value, "false" | "f" | "F" | "FALSE" | "False" | "0")),
        }
    };
    match container.words().filter_map(value).last() {
        Some(is_set) => Ok(is_set),
        None => flags_are_known(container).map(|()| false),
    }
}

/// Whether the program is started directly, so that a flag that is not seen is not there: of a program's own words redaction drops only
/// what is no flag that a check looks for. What a shell makes of its script is not read.
pub fn flags_are_known(container: &Container) -> Result<(), Reason> {
    const SHELLS: [&str; 6] = ["sh", "bash", "ash", "dash", "busybox", "env"];
    let program = container.command.first().or_else(|| container.args.first().filter(|word| is_path(word)));
    let is_direct = match program {
        None => true,
        Some(Leaf::Plain(word)) => !SHELLS.contains(&word.rsplit('/').next().unwrap_or_default()),
        Some(Leaf::Dropped { .. }) => false,
    };
    if is_direct {
        return Ok(());
    }
    Err(Reason::new(
        "flags-hidden",
        "Container {container} is not started directly, so its flags cannot be told; look at its command by hand",
    )
    .with("container", Arg::text(&container.name)))
}

/// Whether a word is a program rather than a flag.
fn is_path(word: &Leaf) -> bool {
    word.plain().is_some_and(|word| word.starts_with('/'))
}
