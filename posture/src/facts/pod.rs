//! Pods and their specifications.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::meta::{Leaf, Meta, placed};

/// A live pod.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pod {
    /// Metadata, names of people replaced.
    pub metadata: Meta,
    /// The specification, shared by all pods of one shape. In live pods it names no node, and what belongs to one person (the claim,
    /// the volume) is called `person`.
    pub spec: Arc<PodSpec>,
    /// The node, kept outside the shape; ask [`Pod::node`].
    pub node_name: Option<Arc<str>>,
    /// The allow-listed part of the status.
    pub status: PodStatus,
}
placed!(Pod);

impl Pod {
    /// The node it runs on.
    pub fn node(&self) -> Option<&str> {
        self.node_name.as_deref().or(self.spec.node_name.as_deref())
    }

    /// Whether it has not ended; the address of one that has may be another's.
    pub fn is_live(&self) -> bool {
        !matches!(self.status.phase.as_deref(), Some("Succeeded" | "Failed"))
    }
}

/// What a pod runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodSpec {
    /// Ordinary containers.
    pub containers: Vec<Container>,
    /// Init containers, in the order in which they run.
    pub init_containers: Vec<Container>,
    /// Volumes.
    pub volumes: Vec<Volume>,
    /// The ServiceAccount; in live pods the admission plugin has filled in `default`.
    pub service_account_name: Option<String>,
    /// Whether a token is mounted; `None` leaves it to the ServiceAccount.
    pub automount_service_account_token: Option<bool>,
    /// Whether the pod shares the node's network.
    pub host_network: bool,
    /// Whether the pod shares the node's process ids.
    #[serde(rename = "hostPID")]
    pub host_pid: bool,
    /// Whether the pod shares the node's IPC.
    #[serde(rename = "hostIPC")]
    pub host_ipc: bool,
    /// The node a template or a manifest asks for; of a live pod ask [`Pod::node`].
    pub node_name: Option<String>,
    /// The scheduler.
    pub scheduler_name: Option<String>,
    /// Whether Service addresses are put into the environment.
    pub enable_service_links: Option<bool>,
    /// Pod-level security settings.
    pub security_context: Option<SecurityContext>,
}

impl PodSpec {
    /// Init containers, then containers.
    pub fn all_containers(&self) -> impl Iterator<Item = &Container> {
        self.init_containers.iter().chain(&self.containers)
    }

    /// The container of this name, of either kind.
    pub fn container(&self, name: &str) -> Option<&Container> {
        self.all_containers().find(|c| c.name == name)
    }

    /// The ServiceAccount, `default` where none is named.
    pub fn account(&self) -> &str {
        self.service_account_name.as_deref().filter(|name| !name.is_empty()).unwrap_or("default")
    }
}

/// One container.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Container {
    /// The name.
    pub name: String,
    /// The image reference.
    pub image: String,
    /// The entry point; arguments that may carry secrets are dropped leaves.
    pub command: Vec<Leaf>,
    /// The arguments; arguments that may carry secrets are dropped leaves.
    pub args: Vec<Leaf>,
    /// Environment variables.
    pub env: Vec<EnvVar>,
    /// Sources of whole environments.
    pub env_from: Vec<EnvFrom>,
    /// Ports.
    pub ports: Vec<ContainerPort>,
    /// Volume mounts.
    pub volume_mounts: Vec<VolumeMount>,
    /// Security settings of the container.
    pub security_context: Option<SecurityContext>,
}

impl Container {
    /// Command and arguments in order, those that were kept.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.command.iter().chain(&self.args).filter_map(Leaf::plain)
    }

    /// The value of a flag, written `--flag=value` or `--flag value`, with one dash or two.
    pub fn flag(&self, name: &str) -> Option<&str> {
        let mut words = self.words().peekable();
        while let Some(word) = words.next() {
            let Some(bare) = word.strip_prefix("--").or_else(|| word.strip_prefix('-')) else { continue };
            if bare == name {
                return Some(words.peek().filter(|next| !next.starts_with('-')).copied().unwrap_or(""));
            }
            if let Some(value) = bare.strip_prefix(name).and_then(|rest| rest.strip_prefix('=')) {
                return Some(value);
            }
        }
        None
    }

    /// An environment variable.
    pub fn env_var(&self, name: &str) -> Option<&EnvVar> {
        self.env.iter().find(|e| e.name == name)
    }

    /// The last path segment of the image without tag and digest: `k8s-hub` of `quay.io/jupyterhub/k8s-hub:4.4.0`.
    pub fn image_base(&self) -> &str {
        let path = self.image.split('@').next().unwrap_or_default();
        let last = path.rsplit('/').next().unwrap_or_default();
        last.split(':').next().unwrap_or_default()
    }

    /// The tag of the image, if it has one.
    pub fn image_tag(&self) -> Option<&str> {
        let path = self.image.split('@').next().unwrap_or_default();
        path.rsplit('/').next().unwrap_or_default().split_once(':').map(|(_, tag)| tag)
    }
}

/// An environment variable.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EnvVar {
    /// The name.
    pub name: String,
    /// The value; dropped unless its name is on the closed list.
    pub value: Option<Leaf>,
    /// Where the value comes from.
    pub value_from: Option<EnvSource>,
}

/// Where an environment variable's value comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EnvSource {
    /// A key of a Secret.
    pub secret_key_ref: Option<KeyRef>,
    /// A key of a ConfigMap.
    pub config_map_key_ref: Option<KeyRef>,
}

/// A key of a named Secret or ConfigMap.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeyRef {
    /// The object's name.
    pub name: String,
    /// The key.
    pub key: String,
}

/// A whole Secret or ConfigMap as environment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EnvFrom {
    /// A Secret.
    pub secret_ref: Option<NameRef>,
    /// A ConfigMap.
    pub config_map_ref: Option<NameRef>,
}

/// A reference by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NameRef {
    /// The name.
    pub name: String,
}

/// A port of a container.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ContainerPort {
    /// The name, if it has one.
    pub name: Option<String>,
    /// The number.
    pub container_port: u16,
    /// `TCP` unless set.
    pub protocol: Option<String>,
    /// The port on the node.
    pub host_port: Option<u16>,
}

/// A volume mounted into a container.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VolumeMount {
    /// The volume's name.
    pub name: String,
    /// Where it is mounted.
    pub mount_path: String,
    /// Whether it cannot be written.
    pub read_only: bool,
    /// The part of the volume that is mounted.
    pub sub_path: Option<Leaf>,
    /// The same, made of the environment: always a dropped leaf.
    pub sub_path_expr: Option<Leaf>,
}

/// Security settings of a pod or of a container.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SecurityContext {
    /// Full access to the node.
    pub privileged: Option<bool>,
    /// Whether a process may gain more rights than its parent.
    pub allow_privilege_escalation: Option<bool>,
    /// Refuse to start as root.
    pub run_as_non_root: Option<bool>,
    /// The user id.
    pub run_as_user: Option<i64>,
    /// The group id.
    pub run_as_group: Option<i64>,
    /// The group of volumes.
    pub fs_group: Option<i64>,
    /// Whether the root file system is read-only.
    pub read_only_root_filesystem: Option<bool>,
    /// Linux capabilities.
    pub capabilities: Option<Capabilities>,
    /// The seccomp profile.
    pub seccomp_profile: Option<SeccompProfile>,
}

/// Linux capabilities added and dropped.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Capabilities {
    /// Added.
    pub add: Vec<String>,
    /// Dropped.
    pub drop: Vec<String>,
}

/// A seccomp profile.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SeccompProfile {
    /// `RuntimeDefault`, `Localhost` or `Unconfined`.
    #[serde(rename = "type")]
    pub kind: String,
}

/// A volume and its source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Volume {
    /// The name.
    pub name: String,
    /// A Secret.
    pub secret: Option<SecretVolume>,
    /// A ConfigMap.
    pub config_map: Option<NameRef>,
    /// A claim.
    pub persistent_volume_claim: Option<ClaimVolume>,
    /// A folder of the node.
    pub host_path: Option<HostPath>,
    /// An empty folder.
    pub empty_dir: Option<EmptyDir>,
    /// Several sources in one folder.
    pub projected: Option<Projected>,
}

/// A Secret as a volume.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SecretVolume {
    /// The Secret's name.
    pub secret_name: String,
}

/// A claim as a volume.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClaimVolume {
    /// The claim's name, names of people replaced.
    pub claim_name: String,
    /// Whether it cannot be written.
    pub read_only: bool,
}

/// A folder of the node as a volume.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HostPath {
    /// The path on the node.
    pub path: String,
}

/// An empty folder as a volume.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EmptyDir {
    /// `Memory` or empty.
    pub medium: Option<String>,
}

/// Several sources as one volume.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Projected {
    /// The sources.
    pub sources: Vec<ProjectedSource>,
}

/// One source of a projected volume.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ProjectedSource {
    /// A ServiceAccount token.
    pub service_account_token: Option<TokenSource>,
    /// A Secret.
    pub secret: Option<NameRef>,
    /// A ConfigMap.
    pub config_map: Option<NameRef>,
}

/// A projected ServiceAccount token.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TokenSource {
    /// The audience; empty means the API server.
    pub audience: Option<String>,
    /// The file.
    pub path: String,
}

/// The allow-listed part of a pod's status.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodStatus {
    /// `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`.
    pub phase: Option<Arc<str>>,
    /// The addresses of the pod, of every family.
    #[serde(rename = "podIPs")]
    pub pod_ips: Vec<PodIp>,
    /// The address of the node.
    #[serde(rename = "hostIP")]
    pub host_ip: Option<Arc<str>>,
    /// Conditions: type and status only. Shared by pods in the same state, as are the statuses of containers.
    pub conditions: Arc<[Condition]>,
    /// Containers.
    pub container_statuses: Arc<[ContainerStatus]>,
    /// Init containers.
    pub init_container_statuses: Arc<[ContainerStatus]>,
}

/// An address of a pod.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PodIp {
    /// The address.
    pub ip: String,
}

/// A condition without its message.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Condition {
    /// The type, `Ready` for example.
    #[serde(rename = "type")]
    pub kind: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// A machine-readable reason in CamelCase.
    pub reason: Option<String>,
    /// When it last changed.
    pub last_transition_time: Option<jiff::Timestamp>,
}

/// The state of one container.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ContainerStatus {
    /// The container's name.
    pub name: String,
    /// Whether it is ready.
    pub ready: bool,
    /// How often it was restarted.
    pub restart_count: u32,
    /// The image that runs.
    pub image: String,
    /// The image's digest.
    #[serde(rename = "imageID")]
    pub image_id: String,
    /// The current state.
    pub state: ContainerState,
}

/// The current state of a container.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContainerState {
    /// Set while it waits, with the reason (`CrashLoopBackOff`).
    pub waiting: Option<StateReason>,
    /// Set while it runs.
    pub running: Option<BTreeMap<String, serde_json::Value>>,
    /// Set once it ended.
    pub terminated: Option<Terminated>,
}

/// Why a container waits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StateReason {
    /// A machine-readable reason in CamelCase.
    pub reason: Option<String>,
}

/// How a container ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Terminated {
    /// The exit code.
    pub exit_code: i32,
    /// A machine-readable reason in CamelCase.
    pub reason: Option<String>,
}
