//! One free question: does this reach that, at this port?

mod destination;
mod near;
mod parse;
mod recorded;
mod report;
mod source;
mod special;

use std::net::IpAddr;

pub use parse::{From, To, ToEnd};
pub use report::AskReport;
use thiserror::Error;

use self::destination::Wanted;
use self::source::Source;
use super::found::{End, Found, Group, Groups};
use super::{Enforcing, Reach, Start};
use crate::derived::Enforcement;
use crate::gap::{Gap, GapReason};
use crate::hub::Hub;
use crate::network::{KINDS, Point, parse_address};
use crate::snapshot::Origin;
use crate::text::{Arg, Reason};

/// Why a question cannot be put.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AskError {
    /// It is not written as questions are.
    #[error("{0}")]
    Unreadable(String),
    /// There is no such thing.
    #[error("there is no {what} {name}{place}{}", offered(.near))]
    NotFound {
        /// What was looked for: `pod`.
        what: &'static str,
        /// Its name.
        name: String,
        /// Where it was looked for, with a space before it: ` in namespace jhub`; empty where that says nothing.
        place: String,
        /// What is called nearly so, as it can be asked for.
        near: Vec<String>,
    },
    /// There are several of this name.
    #[error("there are several called {name}: name one of {}", .places.join(", "))]
    Several {
        /// The name.
        name: String,
        /// Each of them, as it can be asked for.
        places: Vec<String>,
    },
    /// A person has several servers, and the name does not say which is meant.
    #[error(
        "there are {count} servers that may be called {name}: write the whole name of the pod, as kubectl shows it"
    )]
    SeveralServers {
        /// The name.
        name: String,
        /// How many there are.
        count: usize,
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

impl Asked {
    /// Whether some of what was asked for is reached and some is not.
    pub fn is_partial(&self) -> bool {
        self.groups.iter().any(|group| group.found.verdict != self.groups[0].found.verdict)
    }

    /// Calls a pod in the places of the answer as the person calls it who asked for it.
    pub fn call(&mut self, recorded: &str, typed: &str) {
        if recorded == typed || recorded.is_empty() {
            return;
        }
        for place in self.groups.iter_mut().flat_map(|group| &mut group.places) {
            let (pod, port) = place.rsplit_once(':').unwrap_or((place, ""));
            if pod.rsplit(['/', ' ']).next() == Some(recorded) {
                *place = format!("{}{typed}:{port}", &pod[..pod.len() - recorded.len()]);
            }
        }
    }
}

impl Reach<'_> {
    /// Answers one question.
    pub fn ask(&self, from: &From, to: &To) -> Result<Asked, AskError> {
        let mut notes = Vec::new();
        let source = self.asking(from, &mut notes)?;
        let home = source.starts.first().map(|start| start.namespace.clone()).unwrap_or_default();
        let wanted = self.wanted(to, &home, &mut notes)?;
        let enforcement =
            source.hub.map_or_else(|| self.derived.enforcement(), |hub| self.derived.enforcement_for(hub));
        let mut groups = Groups::default();
        for start in &source.starts {
            let asker = source.called(start);
            for (place, found) in self.answered(&source, start, &wanted, enforcement) {
                groups.add(&format!("{asker}{place}"), found);
            }
        }
        let is_v6 = |end: &End| {
            let mut addresses = end.point.addresses().iter().peekable();
            addresses.peek().is_some() && addresses.all(IpAddr::is_ipv6)
        };
        let ends = wanted.ends();
        if !ends.is_empty() && ends.iter().all(is_v6) && source.starts.iter().all(Start::lacks_ipv6) {
            notes.push(Reason::new("no-ipv6", "The source has no IPv6 address"));
        }
        let groups = groups.sorted();
        let gaps = self.snapshot.gaps().into_iter().filter(|gap| KINDS.contains(&gap.kind));
        let gaps = gaps.filter(|gap| self.counts(gap)).collect();
        notes.dedup();
        Ok(Asked {
            from: from.to_string(),
            to: to.to_string(),
            groups,
            enforcement: Enforcing::of(enforcement),
            notes,
            gaps,
        })
    }

    /// The answers for one of those that ask, each with the place it is about.
    fn answered(
        &self,
        source: &Source<'_>,
        start: &Start<'_>,
        wanted: &Wanted,
        enforcement: &Enforcement,
    ) -> Vec<(String, Found)> {
        match wanted {
            Wanted::Ends(ends) => {
                let of_end = |end: &End| -> Vec<(String, Found)> {
                    if source.is_itself(start, end) {
                        return vec![(end.place.clone(), special::itself())];
                    }
                    let found = self.found_from(start, end, enforcement);
                    found.into_iter().map(|found| (end.place.clone(), found)).collect()
                };
                ends.iter().flat_map(of_end).collect()
            }
            Wanted::Rewritten(rewritten) => {
                let found = self.found_rewritten(start, &rewritten.ends, rewritten.is_whole, enforcement);
                found.into_iter().map(|found| (rewritten.place.clone(), found)).collect()
            }
            Wanted::Loopback(place) => {
                let on_host = start.points.iter().any(|point| matches!(point, Point::Host(_)));
                vec![(place.clone(), special::loopback(on_host))]
            }
            Wanted::Unseen(place, reason) => {
                vec![(place.clone(), special::unseen(reason.clone(), enforcement))]
            }
        }
    }

    /// Of files every kind is a gap; what matters of it is said in one sentence.
    fn counts(&self, gap: &Gap) -> bool {
        self.snapshot.origin == Origin::Observed || gap.reason != GapReason::NotInFiles
    }

    /// The hubs of a namespace whose servers the chart would start, and of which files hold none: of those, any name of a server is asked
    /// about the server as the chart starts it.
    fn would_start(&self, namespace: Option<&str>, name: &str) -> Vec<&Hub> {
        let is_asked = self.snapshot.origin == Origin::Declared && name.starts_with("jupyter-");
        let hubs = self.derived.hubs.iter().filter(move |_| is_asked);
        hubs.filter(|hub| namespace.is_none_or(|wanted| wanted == hub.key.namespace))
            .filter(|hub| hub.user_classes.is_empty())
            .collect()
    }
}

/// What stands in for a server where none runs.
fn assumed(hub: &Hub) -> Reason {
    Reason::new(
        "assumed",
        "No server of {hub} is there: this is the answer for one as the chart starts it, with the chart's own labels; labels and containers of your own values are not seen",
    )
    .with("hub", Arg::text(hub.key.to_string()))
}

/// The address of a question, where it is one.
pub(super) fn address(text: &str) -> Option<IpAddr> {
    parse_address(text)
}
