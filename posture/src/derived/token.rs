//! Whether a pod holds a token of the Kubernetes API. The mount is what counts: admission has already resolved every field.

use crate::facts::pod::{ProjectedSource, Volume};
use crate::facts::{Container, PodSpec};

/// Where the kubelet puts a ServiceAccount's token.
pub const TOKEN_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// A token mounted into a container.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TokenMount {
    /// The container.
    pub container: String,
    /// The volume.
    pub volume: String,
    /// Where it is mounted.
    pub path: String,
}

/// The tokens of the API server that a pod's containers can read; tokens for other audiences are not among them.
///
/// KubeSpawner up to 0.8.1 mounts an empty folder over the path instead, which leaves no token either.
pub fn token_mounts(spec: &PodSpec) -> Vec<TokenMount> {
    spec.all_containers().flat_map(|container| of_container(spec, container)).collect()
}

fn of_container<'a>(spec: &'a PodSpec, container: &'a Container) -> impl Iterator<Item = TokenMount> + 'a {
    container.volume_mounts.iter().filter_map(|mount| {
        let volume = spec.volumes.iter().find(|volume| volume.name == mount.name)?;
        let is_at_path = mount.mount_path.trim_end_matches('/') == TOKEN_PATH;
        // Before tokens were projected, admission mounted the account's Secret at the path.
        let holds_token = has_projected_token(volume) || is_at_path && volume.secret.is_some();
        holds_token.then(|| TokenMount {
            container: container.name.clone(),
            volume: volume.name.clone(),
            path: mount.mount_path.clone(),
        })
    })
}

fn has_projected_token(volume: &Volume) -> bool {
    let is_for_the_api = |source: &ProjectedSource| {
        source.service_account_token.as_ref().is_some_and(|token| {
            token.audience.as_deref().is_none_or(|audience| {
                audience.is_empty()
                    || audience.trim_start_matches("https://").starts_with("kubernetes.default.svc")
            })
        })
    };
    volume.projected.as_ref().is_some_and(|projected| projected.sources.iter().any(is_for_the_api))
}
