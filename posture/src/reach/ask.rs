//! One free question: does this reach that, at this port?

mod parse;
mod report;

use std::net::IpAddr;

pub use parse::{From, To, ToEnd};
pub use report::AskReport;
use thiserror::Error;

use super::found::{End, Group, Groups};
use super::rewritten::Rewritten;
use super::rows::at;
use super::{Enforcing, Reach, Start, is_same};
use crate::derived::Enforcement;
use crate::facts::Pod;
use crate::gap::{Gap, GapReason};
use crate::hub::Hub;
use crate::network::{KINDS, parse_address, service_at};
use crate::redact::people::token_in;
use crate::snapshot::Origin;
use crate::text::{Arg, Reason};

/// Why a question cannot be put.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AskError {
    /// It is not written as questions are.
    #[error("{0}")]
    Unreadable(String),
    /// There is no such thing.
    #[error("there is no {what} {name}{}", offered(.near))]
    NotFound {
        /// What was looked for: `pod`.
        what: &'static str,
        /// Its name.
        name: String,
        /// What is called nearly so.
        near: Vec<String>,
    },
    /// There are several of this name.
    #[error("there are several called {name}: name one of {}", .places.join(", "))]
    Several {
        /// The name.
        name: String,
        /// Where they are.
        places: Vec<String>,
    },
    /// A Service does not lead anywhere at this port.
    #[error("{what}")]
    LeadsNowhere {
        /// Which, and why.
        what: String,
    },
}

fn offered(names: &[String]) -> String {
    if names.is_empty() { String::new() } else { format!("; did you mean {}?", names.join(", ")) }
}

/// The answer to a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Who asked, as the answer calls it.
    pub from: String,
    /// What was asked for.
    pub to: String,
    /// What was found, what reaches furthest first; never empty.
    pub groups: Vec<Group>,
    /// Whether anything enforces policies.
    pub enforcement: Enforcing,
    /// What else is to be known.
    pub notes: Vec<Reason>,
    /// What could not be read and may matter.
    pub gaps: Vec<Gap>,
}

impl Reach<'_> {
    /// Answers one question.
    pub fn ask(&self, from: &From, to: &To) -> Result<Asked, AskError> {
        let mut notes = Vec::new();
        let (hub, starts) = self.asking(from, &mut notes)?;
        let home = starts.first().map(|start| start.namespace.clone()).unwrap_or_default();
        let rewritten = self.rewritten(to);
        let ends = if rewritten.is_some() { Vec::new() } else { self.asked_for(to, &home)? };
        let enforcement: &Enforcement =
            hub.map_or_else(|| self.derived.enforcement(), |hub| self.derived.enforcement_for(hub));
        let mut groups = Groups::default();
        for start in &starts {
            for end in &ends {
                for found in self.found_from(start, end, enforcement) {
                    groups.add(&end.place, found);
                }
            }
            if let Some(Rewritten { place, ends, is_whole }) = &rewritten
                && let Some(found) = self.found_rewritten(start, ends, *is_whole, enforcement)
            {
                groups.add(place, found);
            }
            let is_v6 = |end: &End| end.point.addresses().iter().any(IpAddr::is_ipv6);
            let meant = rewritten.as_ref().map_or(&ends, |rewritten| &rewritten.ends);
            if start.lacks_ipv6() && meant.iter().all(is_v6) && notes.is_empty() {
                notes.push(Reason::new("no-ipv6", "The source has no IPv6 address"));
            }
        }
        let gaps = self.snapshot.gaps().into_iter().filter(|gap| KINDS.contains(&gap.kind));
        let gaps = gaps.filter(|gap| self.counts(gap)).collect();
        Ok(Asked {
            from: from.to_string(),
            to: to.to_string(),
            groups: groups.sorted(),
            enforcement: Enforcing::of(enforcement),
            notes,
            gaps,
        })
    }

    /// The source with a person's name replaced by the token that stands for it.
    pub fn from_recorded(&self, from: &From, tokens: &[String]) -> Result<From, AskError> {
        let From::Pod { namespace, name } = from else { return Ok(from.clone()) };
        let name = self.recorded(namespace.as_deref(), name, tokens)?;
        Ok(From::Pod { namespace: namespace.clone(), name })
    }

    /// The same for a destination.
    pub fn to_recorded(&self, to: &To, tokens: &[String]) -> Result<To, AskError> {
        let ToEnd::Pod { namespace, name } = &to.end else { return Ok(to.clone()) };
        let name = self.recorded(namespace.as_deref(), name, tokens)?;
        Ok(To { end: ToEnd::Pod { namespace: namespace.clone(), name }, ..to.clone() })
    }

    /// The name under which records keep a pod. Names of people are not in them: a server is found by the token of its person, and a named
    /// server only where that leaves one.
    fn recorded(&self, namespace: Option<&str>, name: &str, tokens: &[String]) -> Result<String, AskError> {
        if tokens.is_empty() || !matches!(self.pod_called(namespace, name), Err(AskError::NotFound { .. })) {
            return Ok(name.to_owned());
        }
        let of_person = |pod: &&std::sync::Arc<Pod>| {
            namespace.is_none_or(|wanted| pod.metadata.namespace.as_deref() == Some(wanted))
                && token_in(&pod.metadata.name).is_some_and(|token| tokens.iter().any(|known| known == token))
        };
        let pods = self.snapshot.pods.present().filter(|pod| pod.is_live()).filter(of_person);
        let mut found: Vec<&str> = pods.map(|pod| pod.metadata.name.as_str()).collect();
        let is_usual = |pod: &str| tokens.iter().any(|token| pod.strip_prefix("jupyter-") == Some(token));
        // The server without a name of its own is called as its person is.
        let is_named = name.contains("--");
        if found.iter().any(|pod| is_usual(pod)) {
            found.retain(|pod| is_usual(pod) != is_named);
        }
        found.sort_unstable();
        found.dedup();
        match found[..] {
            [] => Ok(name.to_owned()),
            [one] => Ok(one.to_owned()),
            _ => Err(AskError::Several {
                name: name.to_owned(),
                places: found.into_iter().map(str::to_owned).collect(),
            }),
        }
    }

    /// Of files every kind is a gap; what matters of it is said in one sentence.
    fn counts(&self, gap: &Gap) -> bool {
        self.snapshot.origin == Origin::Observed || gap.reason != GapReason::NotInFiles
    }

    /// Who asks: a pod, the servers of a class, or a server as the chart would start it.
    fn asking(
        &self,
        from: &From,
        notes: &mut Vec<Reason>,
    ) -> Result<(Option<&Hub>, Vec<Start<'_>>), AskError> {
        match from {
            From::Pod { namespace, name } => self.asking_pod(namespace.as_deref(), name, notes),
            From::Hub { namespace, release } => {
                let hub = self.hub_called(namespace.as_deref(), release)?;
                if hub.user_classes.is_empty() {
                    notes.push(assumed(hub));
                }
                Ok((Some(hub), self.starts(hub)))
            }
            From::Class(key) => {
                for hub in &self.derived.hubs {
                    let starts = self.starts(hub);
                    let table = self.table(hub).0;
                    let Some(class) = table.classes.iter().find(|class| class.key == *key) else { continue };
                    let is_its = |start: &Start<'_>| is_same(&self.class(hub, start, &starts), class);
                    let places: Vec<usize> = (0..starts.len()).filter(|i| is_its(&starts[*i])).collect();
                    let chosen = starts.into_iter().enumerate().filter(|(i, _)| places.contains(i));
                    if class.is_assumed {
                        notes.push(assumed(hub));
                    }
                    return Ok((Some(hub), chosen.map(|(_, start)| start).collect()));
                }
                Err(AskError::NotFound { what: "class of servers", name: key.clone(), near: Vec::new() })
            }
        }
    }

    fn asking_pod(
        &self,
        namespace: Option<&str>,
        name: &str,
        notes: &mut Vec<Reason>,
    ) -> Result<(Option<&Hub>, Vec<Start<'_>>), AskError> {
        let pod = match self.pod_called(namespace, name) {
            Ok(pod) => pod,
            // A chart that is not installed yet has no server of a user: it is asked how it would start one.
            Err(AskError::NotFound { .. }) if self.would_start(name) => {
                let hub = &self.derived.hubs[0];
                notes.push(assumed(hub));
                return Ok((Some(hub), vec![self.assumed(hub)]));
            }
            Err(error) => return Err(error),
        };
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
            port: super::notebook_port(&pod.spec),
            servers: 1,
        };
        Ok((owner.map(|(hub, ..)| hub), vec![start]))
    }

    /// Whether a name is that of a server which the only hub of some files would start.
    fn would_start(&self, name: &str) -> bool {
        self.snapshot.origin == Origin::Declared
            && self.derived.hubs.len() == 1
            && self.derived.hubs[0].user_classes.is_empty()
            && name.starts_with("jupyter-")
    }

    fn hub_called(&self, namespace: Option<&str>, release: &str) -> Result<&Hub, AskError> {
        let is_called =
            |hub: &&Hub| hub.key.release == release && namespace.is_none_or(|n| n == hub.key.namespace);
        let found: Vec<&Hub> = self.derived.hubs.iter().filter(is_called).collect();
        match found[..] {
            [hub] => Ok(hub),
            [] => Err(AskError::NotFound {
                what: "hub",
                name: release.to_owned(),
                near: self.derived.hubs.iter().map(|hub| format!("hub/{}", hub.key)).take(5).collect(),
            }),
            _ => Err(AskError::Several {
                name: release.to_owned(),
                places: found.iter().map(|hub| format!("hub/{}", hub.key)).collect(),
            }),
        }
    }

    fn pod_called(&self, namespace: Option<&str>, name: &str) -> Result<&Pod, AskError> {
        let live = || self.snapshot.pods.present().filter(|pod| pod.is_live());
        let place = |pod: &Pod| pod.metadata.namespace.clone().unwrap_or_default();
        let is_called = |pod: &&std::sync::Arc<Pod>| {
            pod.metadata.name == name && namespace.is_none_or(|n| n == place(pod))
        };
        let found: Vec<&std::sync::Arc<Pod>> = live().filter(is_called).collect();
        match found[..] {
            [pod] => Ok(pod),
            [] => {
                // Names of people are not offered to whoever mistypes one.
                let known =
                    live().map(|pod| pod.metadata.name.as_str()).filter(|name| token_in(name).is_none());
                Err(AskError::NotFound { what: "pod", name: name.to_owned(), near: alike(name, known) })
            }
            _ => Err(AskError::Several {
                name: name.to_owned(),
                places: found.iter().map(|pod| format!("{}/{name}", place(pod))).collect(),
            }),
        }
    }

    /// What is asked for, as ends of connections.
    fn asked_for(&self, to: &To, home: &str) -> Result<Vec<End>, AskError> {
        let end = |point, place| End { point, protocol: to.protocol, port: to.port, place };
        match &to.end {
            ToEnd::Address(address) => {
                if let Some(service) = service_at(self.snapshot, *address) {
                    return self.behind(service, to);
                }
                Ok(vec![end(self.network.point_at(*address), at(*address, to.port))])
            }
            ToEnd::Pod { namespace, name } => {
                let pod = match self.pod_called(namespace.as_deref(), name) {
                    Err(AskError::Several { .. }) if namespace.is_none() => {
                        self.pod_called(Some(home), name)?
                    }
                    found => found?,
                };
                Ok(vec![end(self.network.pod(pod), format!("{name}:{}", to.port))])
            }
            ToEnd::Service { namespace, name } => {
                let services = || self.snapshot.services.present();
                let place = |s: &crate::facts::Service| s.metadata.namespace.clone().unwrap_or_default();
                let wanted = namespace.as_deref();
                let of_name = || services().filter(|s| s.metadata.name == *name);
                let mut found: Vec<_> = of_name().filter(|s| wanted.is_none_or(|n| n == place(s))).collect();
                if wanted.is_none() && found.len() > 1 && found.iter().any(|s| place(s) == home) {
                    found.retain(|s| place(s) == home);
                }
                match found[..] {
                    [service] => self.behind(service, to),
                    [] => Err(AskError::NotFound {
                        what: "Service",
                        name: name.clone(),
                        near: alike(name, services().map(|s| s.metadata.name.as_str())),
                    }),
                    _ => Err(AskError::Several {
                        name: name.clone(),
                        places: found.iter().map(|s| format!("service/{}/{name}", place(s))).collect(),
                    }),
                }
            }
        }
    }

    fn behind(&self, service: &crate::facts::Service, to: &To) -> Result<Vec<End>, AskError> {
        let name = &service.metadata.name;
        let ends = self.behind_service(service, to.protocol, to.port).map_err(|gap| {
            AskError::LeadsNowhere { what: format!("where Service {name} leads cannot be told: {gap}") }
        })?;
        if !ends.is_empty() {
            return Ok(ends);
        }
        let ports = service.spec.ports.iter().map(|port| {
            format!("{}/{}", port.port, port.protocol.as_deref().unwrap_or("TCP").to_lowercase())
        });
        let ports: Vec<_> = ports.collect();
        let what = format!(
            "Service {name} leads to no pod at {}/{}; it publishes {}",
            to.port,
            to.protocol.to_string().to_lowercase(),
            if ports.is_empty() { "nothing".to_owned() } else { ports.join(", ") }
        );
        Err(AskError::LeadsNowhere { what })
    }
}

/// What stands in for a server where none runs.
fn assumed(hub: &Hub) -> Reason {
    Reason::new(
        "assumed",
        "No server of {hub} is there: this is the answer for one as the chart starts it, with the chart's own labels and no init container; labels and containers of your own values are not seen",
    )
    .with("hub", Arg::text(hub.key.to_string()))
}

/// The names that are nearest to one, at most five.
fn alike<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Vec<String> {
    let mut near: Vec<(usize, &str)> = known
        .filter_map(|other| {
            let distance = distance(name, other);
            let is_near = distance <= 3 || other.contains(name) || name.contains(other);
            is_near.then_some((distance, other))
        })
        .collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter().take(5).map(|(_, other)| other.to_owned()).collect()
}

/// How many letters have to be changed, added or taken away.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in other.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = (diagonal + usize::from(a != *b)).min(above + 1).min(row[j] + 1);
            diagonal = above;
        }
    }
    row[other.len()]
}

/// The address of a question, where it is one.
pub(super) fn address(text: &str) -> Option<IpAddr> {
    parse_address(text)
}
