//! Protocols and ports.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::facts::PodSpec;

/// A protocol with ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Protocol {
    /// TCP, the default everywhere.
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}

impl Protocol {
    /// Every protocol.
    pub const ALL: [Self; 3] = [Self::Tcp, Self::Udp, Self::Sctp];

    /// Reads a protocol as Kubernetes writes it; `None` for what Kubernetes does not know.
    pub fn parse(text: Option<&str>) -> Option<Self> {
        match text {
            None | Some("" | "TCP") => Some(Self::Tcp),
            Some("UDP") => Some(Self::Udp),
            Some("SCTP") => Some(Self::Sctp),
            Some(_) => None,
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
            Self::Sctp => "SCTP",
        })
    }
}

/// A port that a pod has a name for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct NamedPort {
    pub(super) name: String,
    pub(super) protocol: Protocol,
    pub(super) number: u16,
}

/// The named ports of a pod, sorted.
pub(super) fn named_ports(spec: &PodSpec) -> Vec<NamedPort> {
    let mut ports: Vec<_> = spec
        .containers
        .iter()
        .flat_map(|container| &container.ports)
        .filter_map(|port| {
            let protocol = Protocol::parse(port.protocol.as_deref())?;
            Some(NamedPort { name: port.name.clone()?, protocol, number: port.container_port })
        })
        .collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

/// Which ports an entry of a rule covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ports {
    /// All of one protocol.
    All(Protocol),
    /// A range of one protocol.
    Range(Protocol, u16, u16),
    /// Those that the destination calls so, of this protocol or of any.
    Named(Option<Protocol>, String),
    /// None: a number that no port has, say.
    None,
    /// It could not be understood.
    Unread,
}
