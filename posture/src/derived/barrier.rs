//! The init container that blocks the cloud's metadata server with iptables, judged for one class of user servers.

use super::cloud::Clouds;
use crate::hub::UserClass;

/// How much the barrier blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BlockScope {
    /// Every protocol and port: charts before 3.0.
    Everything,
    /// TCP port 80 only: charts from 3.0 on leave DNS open on purpose.
    TcpPort80,
    /// Some other single port or protocol.
    Partial,
}

/// What became of the barrier.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BarrierState {
    /// It dropped the route and ended well in every server of the class.
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
    /// No server of the class has got past it yet, or nothing says how it ended.
    Unconfirmed,
}

/// The barrier of one class of user servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Barrier {
    /// What became of it.
    pub state: BarrierState,
    /// How much it blocks; `None` where there is none or its command is not understood.
    pub scope: Option<BlockScope>,
    /// The address it blocks.
    pub address: Option<String>,
    /// Its command, as far as it was kept.
    pub command: Vec<String>,
    /// The init containers that run before it and so reach the metadata server.
    pub runs_after: Vec<String>,
    /// The position of the init container, for the field path of evidence: `spec.initContainers[1]`.
    pub index: Option<usize>,
}

impl Barrier {
    /// Whether it keeps the servers from the metadata server's HTTP port.
    pub fn is_effective(&self) -> bool {
        self.state == BarrierState::Effective && self.scope != Some(BlockScope::Partial)
    }
}

/// Judges the barrier of a class. Without known clouds every metadata address counts as right.
pub(super) fn assess(class: &UserClass, clouds: Option<&Clouds>) -> Barrier {
    let _ = (class, clouds);
    Barrier {
        state: BarrierState::Unconfirmed,
        scope: None,
        address: None,
        command: Vec::new(),
        runs_after: Vec::new(),
        index: None,
    }
}
