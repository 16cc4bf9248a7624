//! What a program is recognised by.

use std::collections::BTreeMap;

use crate::facts::PodSpec;

/// An object that may run the program.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// The name of the controller; empty for a pod, whose name says nothing that its labels and images do not.
    pub name: &'a str,
    /// The labels of the object itself.
    pub own: &'a BTreeMap<String, String>,
    /// The labels of its pods.
    pub labels: &'a BTreeMap<String, String>,
    /// What its pods run.
    pub spec: &'a PodSpec,
}

impl Candidate<'_> {
    /// Whether the object or its pods carry a label with this value.
    pub fn has_label(&self, key: &str, value: &str) -> bool {
        [self.own, self.labels].iter().any(|labels| labels.get(key).is_some_and(|v| v == value))
    }

    /// Whether a container's image has this path, whatever registry it comes from: `kubernetesui/dashboard`.
    pub fn has_image(&self, path: &str) -> bool {
        self.spec.all_containers().any(|container| {
            let image = image_path(&container.image);
            image.strip_suffix(path).is_some_and(|before| before.is_empty() || before.ends_with('/'))
        })
    }
}

/// An image reference without tag and digest: `quay.io/jupyterhub/k8s-hub` of `quay.io/jupyterhub/k8s-hub:4.4.0`.
pub fn image_path(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or_default();
    match image.rsplit_once('/') {
        Some((before, last)) => {
            let name = last.split(':').next().unwrap_or_default();
            &image[..before.len() + 1 + name.len()]
        }
        None => image.split(':').next().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Container;

    #[test]
    fn an_image_is_recognised_behind_any_registry() {
        let spec = |image: &str| PodSpec {
            containers: vec![Container { image: image.to_owned(), ..Container::default() }],
            ..PodSpec::default()
        };
        let labels = BTreeMap::new();
        let has = |image: &str| {
            let spec = spec(image);
            Candidate { name: "x", own: &labels, labels: &labels, spec: &spec }
                .has_image("kubernetesui/dashboard")
        };
        assert!(has("kubernetesui/dashboard:v2.7.0"));
        assert!(has("mirror.example:5000/docker/kubernetesui/dashboard@sha256:00"));
        assert!(!has("kubernetesui/dashboard-web:1.0"));
        assert!(!has("notkubernetesui/dashboard:1.0"));
    }
}
