//! What the servers of a hub's users reach, and who reaches them.

use std::collections::BTreeSet;

use posture::Timestamp;
use posture::reach::ask::Asked;
use posture::reach::{ClassName, ClassReach, ReachTable};

use super::place::HubName;

/// What the address asks to see.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReachQuery {
    /// The class, by its key; the first one if none is named.
    pub class: Option<String>,
    /// Whether every class is to be listed, those that the table leaves out too.
    pub lists_all: bool,
    /// What it is compared with.
    pub compare: Option<Compare>,
    /// The source of a question.
    pub from: String,
    /// The name of one pod as the source, instead of `from`; empty where none is named.
    pub pod: String,
    /// Its destination: an address, `pod/…` or `service/…`; empty where nothing is asked.
    pub to: String,
    /// Its port.
    pub port: String,
    /// Its protocol: `tcp`, `udp` or `sctp`.
    pub protocol: String,
}

/// What a class is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compare {
    /// Another class of the hub, by its key.
    Class(String),
    /// The same class some days ago.
    Days(u16),
}

/// The other side of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// What it is: another class, or the same one at an instant.
    pub with: ComparedWith,
    /// What it reached; `None` if that is not known.
    pub class: Option<ClassReach>,
}

/// What the other side of a comparison is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComparedWith {
    /// Another class at the same scan.
    Class,
    /// The class as it was at an instant.
    Past(Timestamp),
    /// Nothing: there was no scan yet.
    Nothing,
}

/// A class to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassChoice {
    /// Its key.
    pub key: String,
    /// What it is called.
    pub name: String,
    /// What tells it from the other classes, in words: `account gpu`, `course=statistics`.
    pub traits: Vec<String>,
    /// How many servers it has now.
    pub servers: usize,
}

impl ClassChoice {
    /// Some classes in their order, each with what tells it from the others.
    pub fn of(classes: &[ClassName]) -> Vec<Self> {
        let of_all =
            |aspect: &dyn Fn(&ClassName) -> String| -> Vec<String> { classes.iter().map(aspect).collect() };
        let network = |class: &ClassName| {
            if class.is_on_host { "on the node's network" } else { "on the pods' network" }.to_owned()
        };
        let mut aspects = vec![
            of_all(&|class| format!("namespace {}", class.namespace)),
            of_all(&|class| format!("account {}", class.account)),
            of_all(&network),
        ];
        let labels: BTreeSet<&String> = classes.iter().flat_map(|class| class.labels.keys()).collect();
        aspects.extend(labels.into_iter().map(|label| {
            of_all(&|class| match class.labels.get(label) {
                Some(value) => format!("{label}={value}"),
                None => format!("without {label}"),
            })
        }));
        aspects.retain(|values| values.iter().any(|value| *value != values[0]));
        let choice = |(place, class): (usize, &ClassName)| Self {
            key: class.key.clone(),
            name: class.name.clone(),
            traits: aspects.iter().map(|values| values[place].clone()).collect(),
            servers: class.servers,
        };
        classes.iter().enumerate().map(choice).collect()
    }
}

/// What the servers of a hub's users reach.
#[derive(Debug, Clone, PartialEq)]
pub struct ReachView {
    /// The cluster.
    pub cluster: String,
    /// The hub.
    pub hub: HubName,
    /// The table; `None` where it was not computed.
    pub table: Option<ReachTable>,
    /// The classes, in the order of the table.
    pub classes: Vec<ClassChoice>,
    /// Every class, those with the most servers first, where they were asked for.
    pub every_class: Option<Vec<ClassChoice>>,
    /// The place of the class shown; `None` where there is no class of the key that is asked for.
    pub class: Option<usize>,
    /// Since when the table is as it is.
    pub since: Option<Timestamp>,
    /// The other side of a comparison, where one is asked for.
    pub compared: Option<Compared>,
    /// The answer to the question, or why it cannot be put.
    pub asked: Option<Result<Asked, String>>,
    /// What the address asks.
    pub query: ReachQuery,
    /// The present instant.
    pub now: Timestamp,
}
