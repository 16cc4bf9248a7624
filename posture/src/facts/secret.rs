//! The Secrets that a pod uses, by name: nothing of what they hold is ever read.

use super::pod::{Container, PodSpec};

/// A Secret that a pod uses.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct UsedSecret {
    /// The name of the Secret, in the pod's namespace.
    pub name: String,
    /// The volume that holds it; `None` where it is in an environment.
    pub volume: Option<String>,
    /// The container that gets at it.
    pub container: String,
    /// Where that container has it: the folder of a volume; `None` where it is in an environment.
    pub mount_path: Option<String>,
    /// The field of the pod that names it: `spec.volumes[0].secret.secretName`.
    pub path: String,
}

impl PodSpec {
    /// The Secrets that the pod's containers get at, init containers left out, which have ended when the others run: those of volumes
    /// that are mounted, and those of environments. In the order of containers.
    pub fn used_secrets(&self) -> Vec<UsedSecret> {
        let mut found = Vec::new();
        for (index, container) in self.containers.iter().enumerate() {
            self.mounted(container, &mut found);
            in_environment(container, index, &mut found);
        }
        found
    }

    fn mounted(&self, container: &Container, found: &mut Vec<UsedSecret>) {
        for mount in &container.volume_mounts {
            let named = self.volumes.iter().enumerate().filter(|(_, volume)| volume.name == mount.name);
            for (index, volume) in named {
                let mut add = |name: &str, path: String| {
                    found.push(UsedSecret {
                        name: name.to_owned(),
                        volume: Some(volume.name.clone()),
                        container: container.name.clone(),
                        mount_path: Some(mount.mount_path.clone()),
                        path,
                    });
                };
                if let Some(secret) = &volume.secret {
                    add(&secret.secret_name, format!("spec.volumes[{index}].secret.secretName"));
                }
                let sources = volume.projected.iter().flat_map(|projected| &projected.sources).enumerate();
                for (source, secret) in sources.filter_map(|(at, source)| Some((at, source.secret.as_ref()?)))
                {
                    add(
                        &secret.name,
                        format!("spec.volumes[{index}].projected.sources[{source}].secret.name"),
                    );
                }
            }
        }
    }
}

fn in_environment(container: &Container, index: usize, found: &mut Vec<UsedSecret>) {
    let mut add = |name: &str, path: String| {
        let (name, container) = (name.to_owned(), container.name.clone());
        found.push(UsedSecret { name, volume: None, container, mount_path: None, path });
    };
    for (at, variable) in container.env.iter().enumerate() {
        if let Some(key) = variable.value_from.as_ref().and_then(|source| source.secret_key_ref.as_ref()) {
            add(&key.name, format!("spec.containers[{index}].env[{at}].valueFrom.secretKeyRef.name"));
        }
    }
    for (at, source) in container.env_from.iter().enumerate() {
        if let Some(secret) = &source.secret_ref {
            add(&secret.name, format!("spec.containers[{index}].envFrom[{at}].secretRef.name"));
        }
    }
}
