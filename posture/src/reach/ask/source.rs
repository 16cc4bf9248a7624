//! Who asks: a pod, the servers of a class, or what a chart or a controller would start.

use std::sync::Arc;

use super::near::offers;
use super::{AskError, From, assumed};
use crate::facts::{Pod, Workload};
use crate::hub::Hub;
use crate::listing::Listing;
use crate::network::Point;
use crate::object::ObjectRef;
use crate::reach::found::End;
use crate::reach::{Reach, Start, is_same, notebook_port};
use crate::redact::people::token_in;
use crate::snapshot::Origin;
use crate::text::Reason;

/// Those who ask.
pub(super) struct Source<'a> {
    /// The hub whose servers they are.
    pub(super) hub: Option<&'a Hub>,
    /// Each of them.
    pub(super) starts: Vec<Start<'a>>,
    /// Whether it is one pod, and not any of several.
    is_one: bool,
}

impl Source<'_> {
    /// What is put before a place to tell who asks, where that are several.
    pub(super) fn called(&self, start: &Start<'_>) -> String {
        if self.starts.len() < 2 {
            return String::new();
        }
        let differs = |key: &String, value: &String| {
            self.starts.iter().any(|other| other.labels.get(key) != Some(value))
        };
        let own: Vec<String> = start
            .labels
            .iter()
            .filter(|(key, value)| differs(key, value))
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        let account = start.class.map_or("default", |class| class.spec.account());
        let told = if own.is_empty() { format!("account {account}") } else { own.join(", ") };
        format!("{} ({told}) to ", start.name)
    }

    /// Whether an end is the very pod that asks.
    pub(super) fn is_itself(&self, start: &Start<'_>, end: &End) -> bool {
        let [Point::Pod(asking)] = &start.points[..] else { return false };
        let Point::Pod(asked) = &end.point else { return false };
        let own = Point::Pod(asking.clone());
        let is_at = !own.addresses().is_empty() && own.addresses() == end.point.addresses();
        // A server that does not run yet is known by its name.
        let is_named = own.addresses().is_empty()
            && start.name.starts_with("jupyter-")
            && asking.namespace() == asked.namespace()
            && end.place == format!("{}:{}", start.name, end.port);
        self.is_one && (is_at || is_named)
    }
}

impl Reach<'_> {
    /// Who asks.
    pub(super) fn asking(&self, from: &From, notes: &mut Vec<Reason>) -> Result<Source<'_>, AskError> {
        match from {
            From::Pod { namespace, name } => self.asking_pod(namespace.as_deref(), name, notes),
            From::Hub { namespace, release } => {
                let hub = self.hub_called(namespace.as_deref(), release)?;
                if hub.user_classes.is_empty() {
                    notes.push(assumed(hub));
                }
                Ok(Source { hub: Some(hub), starts: self.starts(hub), is_one: false })
            }
            From::Class(key) => self.asking_class(key, notes),
        }
    }

    fn asking_class(&self, key: &str, notes: &mut Vec<Reason>) -> Result<Source<'_>, AskError> {
        for hub in &self.derived.hubs {
            let starts = self.starts(hub);
            let Some(class) = self.class_called(hub, key) else { continue };
            let is_its = |start: &Start<'_>| is_same(&self.class(hub, start, &starts), &class);
            let places: Vec<usize> = (0..starts.len()).filter(|i| is_its(&starts[*i])).collect();
            let chosen = starts.into_iter().enumerate().filter(|(i, _)| places.contains(i));
            if class.is_assumed {
                notes.push(assumed(hub));
            }
            let starts = chosen.map(|(_, start)| start).collect();
            return Ok(Source { hub: Some(hub), starts, is_one: false });
        }
        Err(AskError::NotFound {
            what: "class of servers",
            name: key.to_owned(),
            place: String::new(),
            near: Vec::new(),
        })
    }

    fn asking_pod(
        &self,
        namespace: Option<&str>,
        name: &str,
        notes: &mut Vec<Reason>,
    ) -> Result<Source<'_>, AskError> {
        let write = |namespace: Option<&str>, name: &str| {
            From::Pod { namespace: namespace.map(str::to_owned), name: name.to_owned() }.to_string()
        };
        match self.named(namespace, name, None, &write)? {
            Named::Pod(pod) => Ok(self.asking_one(pod)),
            // A chart that is not installed yet has no server of a user: it is asked how it would start one.
            Named::Server(hub) => {
                notes.push(assumed(hub));
                let start = Start { name: name.to_owned(), ..self.assumed(hub) };
                Ok(Source { hub: Some(hub), starts: vec![start], is_one: true })
            }
            Named::Controller(object, workload) => {
                notes.push(taken_as(name, &object, self.snapshot.origin));
                let start = Start {
                    points: self.pods_of(workload),
                    class: None,
                    barrier: None,
                    name: name.to_owned(),
                    namespace: object.namespace.unwrap_or_default(),
                    labels: (*workload.template.metadata.labels).clone(),
                    port: notebook_port(workload.pod()),
                    servers: 0,
                };
                Ok(Source { hub: None, starts: vec![start], is_one: false })
            }
        }
    }

    fn asking_one(&self, pod: &Pod) -> Source<'_> {
        let is_it = |other: &Pod| {
            other.metadata.name == pod.metadata.name && other.metadata.namespace == pod.metadata.namespace
        };
        let owner = self.derived.hubs.iter().find_map(|hub| {
            let mut classes = self.derived.barriers(hub);
            let (class, barrier) = classes.find(|(class, _)| class.pods.iter().any(|other| is_it(other)))?;
            Some((hub, class, barrier))
        });
        let start = Start {
            points: vec![self.network.pod(pod)],
            class: owner.map(|(_, class, _)| class),
            barrier: owner.map(|(_, _, barrier)| barrier),
            name: pod.metadata.name.clone(),
            namespace: pod.metadata.namespace.clone().unwrap_or_default(),
            labels: (*pod.metadata.labels).clone(),
            port: notebook_port(&pod.spec),
            servers: 1,
        };
        Source { hub: owner.map(|(hub, ..)| hub), starts: vec![start], is_one: true }
    }

    fn hub_called(&self, namespace: Option<&str>, release: &str) -> Result<&Hub, AskError> {
        let is_called =
            |hub: &&Hub| hub.key.release == release && namespace.is_none_or(|n| n == hub.key.namespace);
        let found: Vec<&Hub> = self.derived.hubs.iter().filter(is_called).collect();
        match found[..] {
            [hub] => Ok(hub),
            [] => Err(AskError::NotFound {
                what: "hub",
                name: namespace.map_or_else(|| release.to_owned(), |name| format!("{name}/{release}")),
                place: String::new(),
                near: self.derived.hubs.iter().map(|hub| format!("hub/{}", hub.key)).take(5).collect(),
            }),
            _ => Err(AskError::Several {
                name: release.to_owned(),
                places: found.iter().map(|hub| format!("hub/{}", hub.key)).collect(),
            }),
        }
    }

    /// What the name of a pod stands for: a pod that runs; the pods of a controller of this name, or, in files, of one whose pods would be
    /// called so; in files, a server as the chart would start it. Of several, the one in the namespace `home` is meant.
    pub(super) fn named(
        &self,
        namespace: Option<&str>,
        name: &str,
        home: Option<&str>,
        write: &dyn Fn(Option<&str>, &str) -> String,
    ) -> Result<Named<'_>, AskError> {
        let mut found: Vec<(&str, Named<'_>)> = Vec::new();
        let live = || self.snapshot.pods.present().filter(|pod| pod.is_live());
        let is_there = |place: &str| namespace.is_none_or(|wanted| wanted == place);
        for pod in live().filter(|pod| pod.metadata.name == name) {
            found.push((pod.metadata.namespace.as_deref().unwrap_or_default(), Named::Pod(pod)));
        }
        found.retain(|(place, _)| is_there(place));
        if found.is_empty() {
            found = self.controllers(name).filter(|(place, _)| is_there(place)).collect();
        }
        if found.is_empty() {
            let hubs = self.would_start(namespace, name).into_iter();
            found = hubs.map(|hub| (hub.key.namespace.as_str(), Named::Server(hub))).collect();
        }
        if let Some(home) = home
            && found.len() > 1
            && found.iter().any(|(place, _)| *place == home)
        {
            found.retain(|(place, _)| *place == home);
        }
        match found.len() {
            0 => Err(self.no_pod(namespace, name, write)),
            1 => Ok(found.remove(0).1),
            _ => {
                let mut places: Vec<String> =
                    found.iter().map(|(place, _)| write(Some(place), name)).collect();
                places.dedup();
                Err(AskError::Several { name: name.to_owned(), places })
            }
        }
    }

    /// The controllers of this name, or, in files, those whose pods would be called so. A set of replicas that another controller made is
    /// that one's.
    fn controllers(&self, name: &str) -> impl Iterator<Item = (&str, Named<'_>)> {
        let in_files = self.snapshot.origin == Origin::Declared;
        let is_called = move |workload: &Workload| {
            let own = workload.metadata.name.as_str();
            own == name
                || (in_files
                    && name.strip_prefix(own).and_then(|rest| rest.strip_prefix('-')).is_some_and(is_made))
        };
        let listings = self.snapshot.workload_listings().into_iter();
        let all =
            listings.flat_map(|listing| listing.present().map(move |workload| (listing.kind(), workload)));
        all.filter(move |(_, workload)| is_called(workload)).map(|(kind, workload)| {
            let namespace = workload.metadata.namespace.as_deref().unwrap_or_default();
            let object = ObjectRef::namespaced(kind, namespace, &workload.metadata.name);
            (namespace, Named::Controller(object, workload))
        })
    }

    fn no_pod(
        &self,
        namespace: Option<&str>,
        name: &str,
        write: &dyn Fn(Option<&str>, &str) -> String,
    ) -> AskError {
        let pods = self.snapshot.pods.present().filter(|pod| pod.is_live()).map(|pod| &pod.metadata);
        let listings = self.snapshot.workload_listings().into_iter();
        let workloads = listings.flat_map(Listing::present).map(|workload| &workload.metadata);
        let known = pods
            .chain(workloads)
            .map(|metadata| (metadata.namespace.as_deref().unwrap_or_default(), metadata.name.as_str()));
        // Names of people are not offered to whoever mistypes one.
        let known = known.filter(|(_, name)| token_in(name).is_none());
        AskError::NotFound {
            what: "pod",
            name: name.to_owned(),
            place: self.searched(&self.snapshot.pods, namespace),
            near: offers(name, namespace, known, write),
        }
    }
}

/// What the name of a pod stands for.
pub(super) enum Named<'a> {
    /// A pod that runs.
    Pod(&'a Pod),
    /// The pods of a controller.
    Controller(ObjectRef, &'a Arc<Workload>),
    /// A server as the chart of a hub starts it.
    Server(&'a Hub),
}

/// What a name was taken for.
pub(super) fn taken_as(name: &str, object: &ObjectRef, origin: Origin) -> Reason {
    let sentence = match origin {
        Origin::Declared => {
            Reason::new("declared-pods", "{name} stands for the pods of {object}, as the files declare them")
        }
        Origin::Observed => {
            Reason::new("pods-of", "No pod is called {name}: it stands for the pods of {object}")
        }
    };
    sentence.with("name", crate::text::Arg::text(name)).with("object", object.clone())
}

/// Whether the end of a name is one that controllers make: a number, or words of the letters and digits that Kubernetes draws from, which
/// spell no word for they hold no vowel.
fn is_made(end: &str) -> bool {
    let is_number = !end.is_empty() && end.bytes().all(|byte| byte.is_ascii_digit());
    let drawn = |word: &str| {
        (5..=10).contains(&word.len())
            && word.bytes().all(|byte| b"bcdfghjklmnpqrstvwxz2456789".contains(&byte))
    };
    is_number || (end.split('-').count() <= 2 && end.split('-').all(drawn))
}

#[cfg(test)]
mod tests {
    use super::is_made;

    #[test]
    fn names_of_pods_end_as_controllers_make_them() {
        for end in ["0", "12", "7d9f8c6b5-x2k4q", "6bfc9", "7c5ddbdf54-9qwzb"] {
            assert!(is_made(end), "{end}");
        }
        for end in ["", "db", "api", "public", "user-scheduler", "7d9f8c6b5-x2k4q-0", "-"] {
            assert!(!is_made(end), "{end}");
        }
    }
}
