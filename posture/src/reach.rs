//! What the servers of users reach, and who reaches them: the destinations that matter for each class of servers, as data.
//!
//! [`Reach::new`] reads a snapshot once. [`Reach::tables`] gives one table for each hub: which addresses and ports a server of each class
//! reaches, which rules decide, and what that rests on. [`ask`] answers one free question. Answers take in what is known of enforcement
//! and of the init container that blocks the metadata server; the answer of the policies alone stands beside them.

pub mod ask;
mod classes;
mod ends;
mod found;
pub mod metadata;
mod names;
mod others;
mod reverse;
mod rewritten;
mod rows;
mod words;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

pub use classes::ClassName;
use classes::{Kept, Start, is_same, notebook_port};
pub use found::{Found, Group};
pub use reverse::{Source, Target};
pub use rows::{Api, Destination};
pub use words::{explain, explain_side};

use crate::check::servers::chart_labels;
use crate::derived::barrier;
use crate::derived::{Barrier, Derived, Enforcement, EnforcementState};
use crate::facts::pod::ContainerPort;
use crate::facts::{Container, PodSpec};
use crate::gap::Unknown;
use crate::hub::{Hub, HubKey, UserClass};
use crate::network::{Network, Verdict};
use crate::object::ObjectRef;
use crate::snapshot::Snapshot;
use crate::text::Reason;

/// The port of a notebook, where its container declares none.
pub const NOTEBOOK: u16 = 8888;

/// What the servers of one hub reach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReachTable {
    /// The hub.
    pub hub: HubKey,
    /// Whether anything enforces the policies that decide.
    pub enforcement: Enforcing,
    /// The classes with the most servers when it was computed, sorted by key.
    pub classes: Vec<ClassReach>,
    /// How many further classes are left out. [`Reach::class_list`] names them, and [`Reach::table_of_class`] says what they reach.
    pub left_out: usize,
    /// Why there may be servers that were not seen.
    pub hidden: Option<Unknown>,
}

/// Whether anything enforces policies, as pages say it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enforcing {
    /// How sure it is.
    pub state: EnforcementState,
    /// What enforces them: `Calico`.
    pub engine: Option<String>,
    /// Why.
    pub reason: Reason,
    /// Nodes on which it may not work.
    pub broken_nodes: Vec<String>,
}

/// What the servers of one class reach. Servers of which everything here is true alike are one class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassReach {
    /// A short word that stays the same from scan to scan.
    pub key: String,
    /// What its servers are called: `jupyter-*`.
    pub name: String,
    /// Where they run.
    pub namespace: String,
    /// Their account.
    pub account: String,
    /// The labels that policies ask for.
    pub labels: BTreeMap<String, String>,
    /// Whether they share the network of their node, for which no policy holds.
    pub is_on_host: bool,
    /// Whether no server runs, and this is how the chart would start one.
    pub is_assumed: bool,
    /// The policies that select them for what they send, and for what they receive.
    pub policies: [Vec<ObjectRef>; 2],
    /// What they reach.
    pub rows: Vec<ReachRow>,
    /// Who reaches them, and the parts of the hub they depend on.
    pub reverse: Vec<ReverseRow>,
}

/// One destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReachRow {
    /// What it is.
    pub destination: Destination,
    /// What was found.
    pub outcome: RowOutcome,
    /// What else is to be known.
    pub notes: Vec<Reason>,
}

/// Who reaches something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReverseRow {
    /// What is reached.
    pub target: Target,
    /// Who asks.
    pub source: Source,
    /// What was found.
    pub outcome: RowOutcome,
}

/// What was found about a destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RowOutcome {
    /// The answers, those that reach furthest first; never empty.
    Found(Vec<Group>),
    /// There is nothing of this kind.
    Nothing,
    /// It cannot be told.
    Unknown(Unknown),
}

impl RowOutcome {
    /// The answer that reaches furthest.
    pub fn worst(&self) -> Option<&Found> {
        match self {
            Self::Found(groups) => groups.first().map(|group| &group.found),
            Self::Nothing | Self::Unknown(_) => None,
        }
    }

    /// Whether a connection comes about; `None` where there is nothing to connect to.
    pub fn verdict(&self) -> Option<Verdict> {
        match self {
            Self::Found(_) => self.worst().map(|found| found.verdict),
            Self::Nothing => None,
            Self::Unknown(_) => Some(Verdict::Unknown),
        }
    }

    /// The same where more may be there than was seen: what was seen to be open stays open, all else is not known.
    fn under(self, hidden: Result<(), Unknown>) -> Self {
        match hidden {
            Err(unknown) if self.verdict() != Some(Verdict::Allowed) => Self::Unknown(unknown),
            _ => self,
        }
    }

    /// Whether some of the places are reached and others are not.
    pub fn is_partial(&self) -> bool {
        match self {
            Self::Found(groups) => groups.iter().any(|group| Some(group.found.verdict) != self.verdict()),
            Self::Nothing | Self::Unknown(_) => false,
        }
    }
}

/// How many servers a class has, by its key. Numbers are no part of a table: they change without anything else having changed.
pub type ServerCounts = BTreeMap<String, usize>;

/// How many classes a table holds. Hubs that give each user a namespace would have as many classes as users.
const MOST_CLASSES: usize = 24;

/// The policies of a snapshot, ready to answer.
#[derive(Debug)]
pub struct Reach<'a> {
    snapshot: &'a Snapshot,
    derived: &'a Derived,
    network: Arc<Network>,
    parts: OnceLock<Vec<others::PartEnds>>,
    strangers: OnceLock<Vec<others::Stranger>>,
}

impl<'a> Reach<'a> {
    /// Takes the policies of a snapshot.
    pub fn new(snapshot: &'a Snapshot, derived: &'a Derived) -> Self {
        Self::with(snapshot, derived, Arc::clone(&derived.network))
    }

    /// Reads the policies of files as if the cluster held no other.
    pub fn of_files(snapshot: &'a Snapshot, derived: &'a Derived) -> Self {
        Self::with(snapshot, derived, Arc::new(Network::of_files(snapshot, derived.enforcement())))
    }

    fn with(snapshot: &'a Snapshot, derived: &'a Derived, network: Arc<Network>) -> Self {
        Self { snapshot, derived, network, parts: OnceLock::new(), strangers: OnceLock::new() }
    }

    /// What the servers of every hub reach.
    pub fn tables(&self) -> Vec<(ReachTable, ServerCounts)> {
        self.derived.hubs.iter().map(|hub| self.table(hub)).collect()
    }

    /// What the servers of one hub reach: of the classes with the most servers, sorted by key.
    pub fn table(&self, hub: &Hub) -> (ReachTable, ServerCounts) {
        let all = self.starts(hub);
        let mut kept = Kept::default();
        let mut left_out = 0;
        for shape in self.shapes(&all) {
            if kept.0.len() < MOST_CLASSES {
                shape.starts.iter().for_each(|start| kept.add(self.class(hub, start, &all), start.servers));
            } else {
                left_out += 1;
            }
        }
        let (classes, counts) = kept.named();
        let enforcement = Enforcing::of(self.derived.enforcement_for(hub));
        let hidden = self.derived.servers(hub).err();
        (ReachTable { hub: hub.key.clone(), enforcement, classes, left_out, hidden }, counts)
    }

    /// The classes of a hub as ends of connections; where none runs, the one that the chart would start.
    fn starts(&self, hub: &'a Hub) -> Vec<Start<'a>> {
        if hub.user_classes.is_empty() {
            return vec![self.assumed(hub)];
        }
        let start = |(class, barrier): (&'a UserClass, &'a Barrier)| Start {
            points: self.network.pods(&class.pods),
            class: Some(class),
            barrier: Some(barrier),
            name: class.display_name(),
            namespace: class.namespace.clone(),
            labels: class.labels.clone(),
            port: notebook_port(&class.spec),
            servers: class.pods.len(),
        };
        self.derived.barriers(hub).map(start).collect()
    }

    /// A server as the chart would start it.
    fn assumed(&self, hub: &Hub) -> Start<'a> {
        let labels = chart_labels(hub);
        let port = ContainerPort {
            name: Some("notebook-port".to_owned()),
            container_port: NOTEBOOK,
            ..ContainerPort::default()
        };
        let container = Container { ports: vec![port], ..Container::default() };
        let spec = PodSpec { containers: vec![container], ..PodSpec::default() };
        Start {
            points: vec![self.network.future_pod(&hub.key.namespace, &labels, &spec)],
            class: None,
            barrier: barrier::of_chart(hub),
            name: "jupyter-*".to_owned(),
            namespace: hub.key.namespace.clone(),
            labels,
            port: NOTEBOOK,
            servers: 0,
        }
    }

    fn class(&self, hub: &Hub, start: &Start<'_>, all: &[Start<'_>]) -> ClassReach {
        let labels = self.asked_labels(start);
        let account = start.account().to_owned();
        let rows = self.rows(hub, start, all);
        let reverse = self.reverse(hub, start, all);
        ClassReach {
            key: self.key(start),
            name: start.name.clone(),
            namespace: start.namespace.clone(),
            account,
            labels,
            is_on_host: start.class.is_some_and(|class| class.spec.host_network),
            is_assumed: start.class.is_none(),
            policies: self.selecting(start),
            rows,
            reverse,
        }
    }

    /// The policies that select the servers, for what they send and for what they receive.
    fn selecting(&self, start: &Start<'_>) -> [Vec<ObjectRef>; 2] {
        let selecting = crate::derived::selection::selecting(self.snapshot, &start.namespace, &start.labels);
        if start.class.is_some_and(|class| class.spec.host_network) {
            return [Vec::new(), Vec::new()];
        }
        [selecting.egress, selecting.ingress]
    }
}

impl Enforcing {
    fn of(enforcement: &Enforcement) -> Self {
        Self {
            state: enforcement.state,
            engine: enforcement.engine.map(str::to_owned),
            reason: enforcement.reason.clone(),
            broken_nodes: enforcement.broken_nodes.clone().unwrap_or_default(),
        }
    }
}
