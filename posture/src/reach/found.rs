//! Puts answers together: one for each pair of ends, the same ones as one.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{Reach, Start};
use crate::derived::{Barrier, BarrierState, BlockScope, Enforcement};
use crate::network::{AddressRange, Answer, Basis, Point, Protocol, Verdict, parse_address};
use crate::text::{Arg, Reason};

/// What was found about one connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// Whether it comes about, with everything that is known taken in.
    pub verdict: Verdict,
    /// What that rests on.
    pub basis: Basis,
    /// The answer of the policies, if they are enforced.
    pub policies: Answer,
    /// What decides besides policies.
    pub barrier: Option<Reason>,
}

/// Places about which the same was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// What was found.
    pub found: Found,
    /// The places, sorted.
    pub places: Vec<String>,
    /// How many further places are left out.
    pub left_out: usize,
}

/// How many places and groups are kept.
const MOST: usize = 12;

/// One end, what it is called, and the port there.
#[derive(Debug, Clone)]
pub(super) struct End {
    pub(super) point: Point,
    pub(super) protocol: Protocol,
    pub(super) port: u16,
    pub(super) place: String,
}

/// How far a verdict reaches: what is open counts before what is closed.
pub(super) fn rank(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Allowed => 3,
        Verdict::Unknown => 2,
        Verdict::CniDependent => 1,
        Verdict::Denied => 0,
    }
}

/// Answers that came up so far.
#[derive(Debug, Default)]
pub(super) struct Groups(Vec<Group>);

impl Groups {
    pub(super) fn add(&mut self, place: &str, found: Found) {
        match self.0.iter_mut().find(|group| group.found == found) {
            Some(group) => {
                if let Err(at) = group.places.binary_search_by(|known| known.as_str().cmp(place)) {
                    group.places.insert(at, place.to_owned());
                }
            }
            None => self.0.push(Group { found, places: vec![place.to_owned()], left_out: 0 }),
        }
    }

    /// The groups, those that reach furthest first. Of those that reach equally far, only some are kept.
    pub(super) fn sorted(mut self) -> Vec<Group> {
        self.0.sort_by(|a, b| {
            rank(b.found.verdict).cmp(&rank(a.found.verdict)).then_with(|| a.places.cmp(&b.places))
        });
        let mut kept: Vec<Group> = Vec::new();
        for mut group in self.0 {
            group.left_out = group.places.len().saturating_sub(MOST);
            group.places.truncate(MOST);
            let alike = kept.iter().filter(|known| known.found.verdict == group.found.verdict).count();
            match kept.iter_mut().rfind(|known| known.found.verdict == group.found.verdict) {
                Some(last) if alike >= MOST => last.left_out += group.places.len() + group.left_out,
                _ => kept.push(group),
            }
        }
        kept
    }
}

impl Reach<'_> {
    /// Whether one end reaches another, as policies and their enforcement decide.
    pub(super) fn found(&self, from: &Point, to: &End, enforcement: &Enforcement) -> Found {
        let policies = self.network.answer(from, &to.point, to.protocol, to.port);
        let enforced = policies.as_enforced(enforcement);
        Found { verdict: enforced.verdict, basis: enforced.basis, policies, barrier: None }
    }

    /// Whether servers reach an end, with their init container taken in.
    pub(super) fn found_from(&self, start: &Start<'_>, to: &End, enforcement: &Enforcement) -> Vec<Found> {
        let found = |from| {
            let found = self.found(from, to, enforcement);
            behind(start.barrier, to, found)
        };
        start.points.iter().map(found).collect()
    }

    /// What servers find at some ends.
    pub(super) fn groups(&self, start: &Start<'_>, ends: &[End], enforcement: &Enforcement) -> Groups {
        let mut groups = Groups::default();
        for end in ends {
            for found in self.found_from(start, end, enforcement) {
                groups.add(&end.place, found);
            }
        }
        groups
    }
}

/// Takes the init container that blocks the metadata server into an answer.
fn behind(barrier: Option<&Barrier>, to: &End, mut found: Found) -> Found {
    let Some(barrier) = barrier else { return found };
    let Point::Address(address) = to.point else { return found };
    if !blocks(barrier, address, to) {
        return found;
    }
    let is_certain = barrier.state == BarrierState::Effective;
    let sentence = match (&barrier.undone_by, is_certain) {
        (Some(container), true) => Reason::new(
            "undone",
            "An init container drops it, but container {container} may change the network too, so a user can undo it",
        )
        .with("container", Arg::text(container)),
        (None, true) => {
            if found.verdict != Verdict::Denied {
                found.verdict = Verdict::Denied;
                found.basis = Basis::Certain;
            }
            Reason::new("blocked", "An init container drops what the server sends there")
        }
        (_, false) => {
            if found.verdict == Verdict::Allowed {
                found.verdict = Verdict::Unknown;
                found.basis = Basis::Unknown;
            }
            if barrier.index.is_none() {
                Reason::new(
                    "unseen",
                    "The chart starts servers with an init container that drops it, unless `singleuser.cloudMetadata.blockWithIptables` is false; no server is there to tell",
                )
            } else {
                Reason::new("unconfirmed", "An init container is to drop it, but no server is seen to have run past it")
            }
        }
    };
    found.barrier = Some(sentence);
    found
}

/// Whether the init container drops, or is to drop, what is sent there.
fn blocks(barrier: &Barrier, address: IpAddr, to: &End) -> bool {
    if !matches!(barrier.state, BarrierState::Effective | BarrierState::Unconfirmed) {
        return false;
    }
    let Some(text) = barrier.address.as_deref() else { return false };
    let range = parse_address(text).map(AddressRange::only).or_else(|| AddressRange::parse(text));
    let covers = match barrier.scope {
        Some(BlockScope::Everything) => true,
        Some(BlockScope::Tcp) => to.protocol == Protocol::Tcp,
        Some(BlockScope::TcpPort80) => (to.protocol, to.port) == (Protocol::Tcp, 80),
        Some(BlockScope::Partial) | None => false,
    };
    covers && range.is_some_and(|range| range.contains(address))
}
