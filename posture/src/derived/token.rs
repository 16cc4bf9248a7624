//! Whether a pod holds a token of the Kubernetes API. The mount is what counts: admission has already resolved every field.

use crate::facts::PodSpec;

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
pub fn token_mounts(spec: &PodSpec) -> Vec<TokenMount> {
    let _ = spec;
    Vec::new()
}
