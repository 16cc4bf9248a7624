//! The init container that blocks the cloud's metadata server with iptables, judged for one class of user servers.

mod command;

use std::sync::LazyLock;

use super::cloud::{Cloud, Clouds};
use crate::facts::{Container, Pod, PodSpec};
use crate::gap::Unknown;
use crate::hub::{Confidence, Hub, UserClass};

/// The name KubeSpawner's configuration in the chart gives the init container.
const NAME: &str = "block-cloud-metadata";

/// How much the barrier blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BlockScope {
    /// Every protocol and port: charts before 3.0.
    Everything,
    /// Every TCP port.
    Tcp,
    /// TCP port 80 only: charts from 3.0 on leave DNS open on purpose.
    TcpPort80,
    /// Something else than the metadata server's HTTP port.
    Partial,
}

/// What became of the barrier.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BarrierState {
    /// It dropped the route and ended well in every server of the class that has started.
    Effective,
    /// There is none.
    Absent,
    /// It may not change the network: admission took its privileges away.
    Stripped,
    /// It ended with this exit code in at least one server.
    Failed(i32),
    /// The servers share the node's network, which it edits instead of their own.
    HostNetwork,
    /// Its command is not the chart's and is not understood.
    Unrecognised,
    /// It blocks an address that is not the metadata server's of this cloud.
    OtherAddress(String),
    /// No server of the class has got past it yet, or the cloud is not known for lack of a permission.
    Unconfirmed,
}

/// The barrier of one class of user servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Barrier {
    /// What became of it.
    pub state: BarrierState,
    /// Why it is not confirmed, where something could not be read.
    pub unknown: Option<Unknown>,
    /// How much it blocks; `None` where there is none or its command is not understood.
    pub scope: Option<BlockScope>,
    /// The address it blocks, with its prefix length if it has one.
    pub address: Option<String>,
    /// Its command, as far as it was kept.
    pub command: Vec<String>,
    /// The init containers that run before it and so reach the metadata server.
    pub runs_after: Vec<String>,
    /// An ordinary container that may change the network as well, so that a user can take the rule away.
    pub undone_by: Option<String>,
    /// The position of the init container, for the field path of evidence: `spec.initContainers[1]`.
    pub index: Option<usize>,
}

impl Barrier {
    /// Whether it keeps the servers from the metadata server's HTTP port.
    pub fn is_effective(&self) -> bool {
        self.state == BarrierState::Effective && self.scope != Some(BlockScope::Partial)
    }
}

/// The barrier that the chart gives a server unless values take it away, for a hub without a server to see it in. Charts 0.10 lost theirs,
/// those before 0.6 had none, and those from 3.0 on block one port only.
pub(crate) fn of_chart(hub: &Hub) -> Option<&'static Barrier> {
    static EVERYTHING: LazyLock<Barrier> = LazyLock::new(|| by_default(BlockScope::Everything));
    static PORT_80: LazyLock<Barrier> = LazyLock::new(|| by_default(BlockScope::TcpPort80));
    match &hub.chart {
        Ok(chart) if chart.is_at_least(3, 0) => Some(&PORT_80),
        Ok(chart) if chart.confidence != Confidence::Low && chart.is_between((0, 10), (0, 11)) => None,
        Ok(chart) if !chart.is_at_least(0, 6) => None,
        Ok(_) | Err(_) => Some(&EVERYTHING),
    }
}

fn by_default(scope: BlockScope) -> Barrier {
    Barrier {
        state: BarrierState::Unconfirmed,
        unknown: None,
        scope: Some(scope),
        address: Some(Cloud::Other.metadata_address().to_owned()),
        command: Vec::new(),
        runs_after: Vec::new(),
        undone_by: None,
        index: None,
    }
}

/// Judges the barrier of a class.
pub(super) fn assess(class: &UserClass, clouds: &Result<Clouds, Unknown>) -> Barrier {
    let containers = &class.spec.init_containers;
    let Some(index) = find(containers) else {
        return Barrier {
            state: BarrierState::Absent,
            unknown: None,
            scope: None,
            address: None,
            command: Vec::new(),
            runs_after: Vec::new(),
            undone_by: None,
            index: None,
        };
    };
    let container = &containers[index];
    let drop = command::parse(container);
    let (state, unknown) = state(class, container, drop.as_ref(), clouds);
    Barrier {
        state,
        unknown,
        scope: drop.as_ref().map(|drop| drop.scope),
        address: drop.map(|drop| drop.address),
        command: container.words().map(str::to_owned).collect(),
        runs_after: containers[..index].iter().map(|container| container.name.clone()).collect(),
        undone_by: class.spec.containers.iter().find(|c| may_undo(&class.spec, c)).map(|c| c.name.clone()),
        index: Some(index),
    }
}

fn find(containers: &[Container]) -> Option<usize> {
    containers
        .iter()
        .position(|container| container.name == NAME)
        .or_else(|| containers.iter().position(|container| command::parse(container).is_some()))
}

fn state(
    class: &UserClass,
    container: &Container,
    drop: Option<&command::Drop>,
    clouds: &Result<Clouds, Unknown>,
) -> (BarrierState, Option<Unknown>) {
    if class.spec.host_network {
        return (BarrierState::HostNetwork, None);
    }
    if !may_change_the_network(&class.spec, container) {
        return (BarrierState::Stripped, None);
    }
    let Some(drop) = drop else { return (BarrierState::Unrecognised, None) };
    if let Some(code) =
        class.pods.iter().filter_map(|pod| exit_code(pod, &container.name)).find(|code| *code != 0)
    {
        return (BarrierState::Failed(code), None);
    }
    let addresses = match clouds {
        // The right address depends on the cloud.
        Err(unknown) => return (BarrierState::Unconfirmed, Some(unknown.clone())),
        Ok(clouds) if clouds.is_cloud() => clouds.seen.keys().map(|cloud| cloud.metadata_address()).collect(),
        Ok(_) => vec![Cloud::Other.metadata_address()],
    };
    if !addresses.iter().all(|address| command::covers(&drop.address, address)) {
        return (BarrierState::OtherAddress(drop.address.clone()), None);
    }
    if class.pods.iter().any(|pod| is_past(pod, &container.name)) {
        (BarrierState::Effective, None)
    } else {
        (BarrierState::Unconfirmed, None)
    }
}

/// Changing the network takes root with the capability for it.
fn may_change_the_network(spec: &PodSpec, container: &Container) -> bool {
    let user = user(spec, container);
    has_capability(container) && user.is_none_or(|user| user == 0)
}

/// Whether a user can take the rule away: with the capability for it, as root or with a way to become root.
fn may_undo(spec: &PodSpec, container: &Container) -> bool {
    let own = container.security_context.as_ref();
    let stays_a_user = user(spec, container).is_some_and(|user| user != 0)
        && own.and_then(|own| own.allow_privilege_escalation) == Some(false);
    has_capability(container) && !stays_a_user
}

fn has_capability(container: &Container) -> bool {
    let own = container.security_context.as_ref();
    let has_it = own.and_then(|own| own.capabilities.as_ref()).is_some_and(|capabilities| {
        capabilities.add.iter().any(|name| matches!(name.trim_start_matches("CAP_"), "NET_ADMIN" | "ALL"))
    });
    has_it || own.and_then(|own| own.privileged) == Some(true)
}

fn user(spec: &PodSpec, container: &Container) -> Option<i64> {
    let own = container.security_context.as_ref().and_then(|own| own.run_as_user);
    own.or_else(|| spec.security_context.as_ref().and_then(|pod| pod.run_as_user))
}

fn exit_code(pod: &Pod, container: &str) -> Option<i32> {
    let statuses = pod.status.init_container_statuses.iter();
    let status = statuses.into_iter().find(|status| status.name == container)?;
    status.state.terminated.as_ref().map(|terminated| terminated.exit_code)
}

/// Kubernetes starts a pod's containers only once every init container has ended well.
fn is_past(pod: &Pod, container: &str) -> bool {
    exit_code(pod, container) == Some(0) || pod.status.phase.as_deref() == Some("Running")
}
