//! The classes of a hub: which servers are one, what they are called, and which of them a table holds.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::{ClassReach, Enforcing, NOTEBOOK, Reach, ReachTable, ServerCounts};
use crate::derived::Barrier;
use crate::facts::PodSpec;
use crate::hub::{Hub, HubKey, UserClass};
use crate::network::Point;

/// A class by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassName {
    /// Its key.
    pub key: String,
    /// What its servers are called.
    pub name: String,
    /// Where they run.
    pub namespace: String,
    /// Their account.
    pub account: String,
    /// The labels that policies ask for.
    pub labels: BTreeMap<String, String>,
    /// Whether they share the network of their node.
    pub is_on_host: bool,
    /// How many there are.
    pub servers: usize,
}

impl ClassName {
    /// That of a class with so many servers.
    pub fn of(class: &ClassReach, servers: usize) -> Self {
        Self {
            key: class.key.clone(),
            name: class.name.clone(),
            namespace: class.namespace.clone(),
            account: class.account.clone(),
            labels: class.labels.clone(),
            is_on_host: class.is_on_host,
            servers,
        }
    }
}

impl<'a> Reach<'a> {
    /// The hub of a key, if it was found.
    pub fn hub(&self, key: &HubKey) -> Option<&'a Hub> {
        self.derived.hubs.iter().find(|hub| hub.key == *key)
    }

    /// Every class of a hub by its key, those with the most servers first. Classes that a table shows as one are several here.
    pub fn class_list(&self, hub: &Hub) -> Vec<ClassName> {
        let all = self.starts(hub);
        let name = |shape: Shape<'_, '_>| {
            let start = shape.starts[0];
            ClassName {
                key: shape.key,
                name: start.name.clone(),
                namespace: start.namespace.clone(),
                account: start.account().to_owned(),
                labels: self.asked_labels(start),
                is_on_host: start.class.is_some_and(|class| class.spec.host_network),
                servers: shape.servers,
            }
        };
        self.shapes(&all).into_iter().map(name).collect()
    }

    /// The table of one class alone, whichever place it has; nothing where there is none of this key.
    pub fn table_of_class(&self, hub: &Hub, key: &str) -> Option<(ReachTable, ServerCounts)> {
        let all = self.starts(hub);
        let mut kept = Kept::default();
        let shape = self.shapes(&all).into_iter().find(|shape| key.starts_with(&shape.key))?;
        shape.starts.iter().for_each(|start| kept.add(self.class(hub, start, &all), start.servers));
        let (mut classes, counts) = kept.named();
        classes.retain(|class| class.key == key);
        classes.first()?;
        let enforcement = Enforcing::of(self.derived.enforcement_for(hub));
        let hidden = self.derived.servers(hub).err();
        Some((ReachTable { hub: hub.key.clone(), enforcement, classes, left_out: 0, hidden }, counts))
    }

    /// The class of a key, also of one that the table leaves out.
    pub(super) fn class_called(&self, hub: &Hub, key: &str) -> Option<ClassReach> {
        let of_table = self.table(hub).0.classes.into_iter().find(|class| class.key == key);
        of_table.or_else(|| self.table_of_class(hub, key)?.0.classes.pop())
    }

    /// The servers of a hub put together by what a class is called after, those with the most servers first.
    pub(super) fn shapes<'s>(&self, all: &'s [Start<'a>]) -> Vec<Shape<'s, 'a>> {
        let mut shapes: BTreeMap<String, Shape<'s, 'a>> = BTreeMap::new();
        for start in all {
            let key =
                key_of(&[&start.namespace, start.account(), &format!("{:?}", self.asked_labels(start))]);
            let shape = shapes.entry(key.clone()).or_insert(Shape { key, starts: Vec::new(), servers: 0 });
            shape.starts.push(start);
            shape.servers += start.servers;
        }
        let mut shapes: Vec<_> = shapes.into_values().collect();
        shapes.sort_by(|one, other| other.servers.cmp(&one.servers).then_with(|| one.key.cmp(&other.key)));
        shapes
    }

    /// What the class of some servers is called.
    pub(super) fn key(&self, start: &Start<'_>) -> String {
        key_of(&[&start.namespace, start.account(), &format!("{:?}", self.asked_labels(start))])
    }

    /// The labels of servers that some policy asks for.
    pub(super) fn asked_labels(&self, start: &Start<'_>) -> BTreeMap<String, String> {
        let keys = self.network.label_keys();
        let is_asked = |key: &str| keys.iter().any(|asked| asked == key);
        let labels = start.labels.iter().filter(|(key, _)| is_asked(key));
        labels.map(|(key, value)| (key.clone(), value.clone())).collect()
    }
}

/// Servers of one class, as one end of a connection.
#[derive(Debug)]
pub(super) struct Start<'a> {
    pub(super) points: Vec<Point>,
    pub(super) class: Option<&'a UserClass>,
    pub(super) barrier: Option<&'a Barrier>,
    pub(super) name: String,
    pub(super) namespace: String,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) port: u16,
    pub(super) servers: usize,
}

impl Start<'_> {
    /// The account that servers run under.
    pub(super) fn account(&self) -> &str {
        self.class.map_or("default", |class| class.spec.account())
    }

    /// Whether it is sure that no server has an IPv6 address.
    pub(super) fn lacks_ipv6(&self) -> bool {
        let mut addresses = self.points.iter().flat_map(Point::addresses).peekable();
        addresses.peek().is_some() && addresses.all(std::net::IpAddr::is_ipv4)
    }
}

/// The port on which a notebook listens.
pub(super) fn notebook_port(spec: &PodSpec) -> u16 {
    let ports = || spec.containers.iter().flat_map(|container| &container.ports);
    let named = ports().find(|port| port.name.as_deref() == Some("notebook-port"));
    named.or_else(|| ports().next()).map_or(NOTEBOOK, |port| port.container_port)
}

/// Whether everything that a table says of two classes is the same.
pub(super) fn is_same(one: &ClassReach, other: &ClassReach) -> bool {
    one.namespace == other.namespace
        && one.account == other.account
        && one.is_on_host == other.is_on_host
        && one.policies == other.policies
        && one.rows == other.rows
        && one.reverse == other.reverse
}

/// Classes that something tells apart, with their servers.
#[derive(Debug, Default)]
pub(super) struct Kept(pub(super) Vec<(ClassReach, usize)>);

impl Kept {
    /// Adds servers to the class of which everything is true that is true of them.
    pub(super) fn add(&mut self, class: ClassReach, servers: usize) {
        match self.0.iter_mut().find(|(known, _)| is_same(known, &class)) {
            Some((known, counted)) => {
                known.labels.retain(|key, value| class.labels.get(key) == Some(value));
                // Which of them has more servers changes from scan to scan; the name may not.
                if class.key < known.key {
                    known.key = class.key;
                }
                *counted += servers;
            }
            None => self.0.push((class, servers)),
        }
    }

    /// The classes sorted by key, those that would be called alike told apart by a number, and how many servers each has.
    pub(super) fn named(mut self) -> (Vec<ClassReach>, ServerCounts) {
        self.0.sort_by(|(one, _), (other, _)| one.key.cmp(&other.key));
        let mut taken = BTreeSet::new();
        for (class, _) in &mut self.0 {
            let base = class.key.clone();
            let mut number = 2;
            while !taken.insert(class.key.clone()) {
                class.key = format!("{base}-{number}");
                number += 1;
            }
        }
        let counts = self.0.iter().map(|(class, servers)| (class.key.clone(), *servers)).collect();
        (self.0.into_iter().map(|(class, _)| class).collect(), counts)
    }
}

/// Servers that policies and accounts do not tell apart.
#[derive(Debug)]
pub(super) struct Shape<'s, 'a> {
    pub(super) key: String,
    pub(super) starts: Vec<&'s Start<'a>>,
    pub(super) servers: usize,
}

/// A short word for some texts, the same wherever it is computed.
fn key_of(texts: &[&str]) -> String {
    let digest: [u8; 32] = Sha256::digest(texts.join("\n").as_bytes()).into();
    let [first, second, third, ..] = digest;
    format!("{first:02x}{second:02x}{third:02x}")
}
