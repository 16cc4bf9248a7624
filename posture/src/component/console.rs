//! Web consoles for Kubernetes other than the Dashboard.

use crate::snapshot::Snapshot;

use super::{Candidate, Sightings, sight};

/// A console and what it is recognised by.
pub struct Console {
    /// What people call it.
    pub name: &'static str,
    images: &'static [&'static str],
    label: Option<(&'static str, &'static str)>,
}

/// The consoles that are known.
pub const CONSOLES: &[Console] = &[
    Console {
        name: "Headlamp",
        images: &["headlamp-k8s/headlamp"],
        label: Some(("app.kubernetes.io/name", "headlamp")),
    },
    Console { name: "Rancher", images: &["rancher/rancher"], label: None },
    Console {
        name: "Portainer",
        images: &["portainer/portainer", "portainer/portainer-ce", "portainer/portainer-ee"],
        label: Some(("app.kubernetes.io/name", "portainer")),
    },
    Console { name: "Octant", images: &["octant", "antrea/octant-antrea-ubuntu"], label: None },
    Console { name: "Skooner", images: &["skooner-k8s/skooner", "herbrandson/k8dash"], label: None },
    Console {
        name: "KubeView",
        images: &["benc-uk/kubeview"],
        label: Some(("app.kubernetes.io/name", "kubeview")),
    },
    Console { name: "Weave Scope", images: &["weaveworks/scope"], label: None },
    Console {
        name: "Kubeapps",
        images: &["bitnami/kubeapps-dashboard", "bitnami/kubeapps-apis", "kubeapps/dashboard"],
        label: Some(("app.kubernetes.io/name", "kubeapps")),
    },
    Console { name: "Argo CD", images: &[], label: Some(("app.kubernetes.io/name", "argocd-server")) },
];

impl Console {
    /// Looks for the console in every namespace.
    pub fn sight<'a>(&self, snapshot: &'a Snapshot) -> Sightings<'a> {
        sight(snapshot, |candidate: &Candidate<'_>| {
            self.images.iter().any(|image| candidate.has_image(image))
                || self.label.is_some_and(|(key, value)| candidate.has_label(key, value))
        })
    }
}
