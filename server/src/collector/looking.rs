//! Looks at certificates outside the lists of the API, where the configuration asks for it: Secrets before a scan, names beside the scans.

mod turns;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use posture::entrance::{outer_addresses, own_ranges, public_names};
use posture::gap::GapReason;
use posture::hub::discover;
use posture::sighting::{Seen, Sight, Sightings, Spot, Unsighted};
use posture::snapshot::Snapshot;
use tokio::task::JoinSet;

use self::turns::Turns;
use super::Settings;
use crate::cluster::{Source, secret};
use crate::config::Sights;
use crate::probe::{self, Refusal, Ways};

/// For how many seconds what an earlier run of the program saw is told, until names are looked at anew: renewals are rarer than that, and
/// longer than a program takes to be exchanged.
const RECALLED: i64 = 3_600;

/// Why nothing is known of names after a round that ended in a mistake of the program.
const BROKE_OFF: &str = "looking at it has failed, and is tried again at the next scan";

/// What is looked at, and what was seen.
#[derive(Debug)]
pub(super) struct Looking {
    sights: Sights,
    ways: Ways,
    spots: BTreeMap<Spot, Sight>,
    looked_at: Option<Timestamp>,
    /// When connections were looked at that an earlier run of the program made, as long as they are told.
    recalled_from: Option<Timestamp>,
    /// What names have shown lately.
    turns: BTreeMap<Spot, Turns>,
    /// The round of connections under way, if there is one; it ends with this.
    round: JoinSet<BTreeMap<Spot, Sight>>,
    /// The names that it connects to.
    in_round: Vec<Spot>,
    /// Whether a scan waits for the round that it begins.
    waits: bool,
}

/// What a Secret holds, with whether browsers follow its chains. Only servers' certificates are to be followed anywhere.
pub(crate) fn with_trust(mut seen: Seen, ways: &Ways, now: Timestamp) -> Seen {
    if let Seen::Secret(secret) = &mut seen {
        for chain in secret
            .entries
            .iter_mut()
            .filter(|entry| entry.key != "ca.crt")
            .flat_map(|entry| &mut entry.chains)
        {
            chain.trust = Some(probe::trust(&chain.certificates, ways, now));
        }
    }
    seen
}

impl Looking {
    pub(super) fn new(settings: &Settings, now: Timestamp) -> Self {
        let (sights, ways) = (settings.sights.clone(), settings.ways.clone());
        let recalled = settings
            .recalled
            .as_ref()
            .filter(|(at, _)| (0..=RECALLED).contains(&(now.as_second() - at.as_second())));
        let mut recalled_from = None;
        let mut spots = BTreeMap::new();
        for (namespace, name) in &sights.secrets {
            let spot = Spot::Secret { namespace: namespace.clone(), name: name.clone() };
            spots.insert(spot, Err(Unsighted::NotYet));
        }
        for (host, port) in &sights.hosts {
            let spot = Spot::Endpoint { host: host.clone(), port: *port };
            let seen =
                recalled.and_then(|(at, sightings)| Some((at, sightings.spots.get(&spot)?.clone().ok()?)));
            recalled_from = recalled_from.or(seen.as_ref().map(|(at, _)| **at));
            spots.insert(spot, seen.map(|(_, seen)| seen).ok_or(Unsighted::NotYet));
        }
        Self {
            sights,
            ways,
            spots,
            looked_at: recalled_from,
            recalled_from,
            turns: BTreeMap::new(),
            round: JoinSet::new(),
            in_round: Vec::new(),
            waits: false,
        }
    }

    /// Whether names are to be connected to, for which the snapshot has to be known.
    pub(super) fn connects(&self) -> bool {
        !self.sights.hosts.is_empty()
    }

    /// Reads the Secrets that are asked for, one by one.
    pub(super) async fn read_secrets(&mut self, source: &Source) {
        for (namespace, name) in &self.sights.secrets {
            let now = source.clock().now();
            let sight =
                secret::look(source, namespace, name).await.map(|seen| with_trust(seen, &self.ways, now));
            let spot = Spot::Secret { namespace: namespace.clone(), name: name.clone() };
            self.spots.insert(spot, sight);
        }
    }

    /// Begins to connect to the names that the cluster serves, unless that is still under way.
    pub(super) fn begin_round(&mut self, snapshot: &Snapshot, now: Timestamp) {
        if !self.round.is_empty() {
            return;
        }
        let names = public_names(snapshot, &discover(snapshot));
        // Where some of the cluster's own addresses are hidden, only what the operator lists may be connected to: all else could be one.
        let own = own_ranges(snapshot);
        let refusal = Refusal {
            own: own.clone().map_err(|gap| gap.reason),
            outer: outer_addresses(snapshot),
            private: self.sights.private.clone(),
        };
        self.in_round.clear();
        let mut served = Vec::new();
        for (host, port) in &self.sights.hosts {
            let spot = Spot::Endpoint { host: host.clone(), port: *port };
            let is_served = names.serves(host).map_err(Clone::clone);
            let is_served = match &own {
                Err(gap) if is_served == Ok(true) && !refusal.may_allow(host, *port) => Err(gap.clone()),
                _ => is_served,
            };
            match is_served {
                Ok(true) => {
                    served.push((host.clone(), *port));
                    self.in_round.push(spot.clone());
                    // What was no name of the cluster before has not been looked at as one.
                    let sight = self.spots.entry(spot).or_insert(Err(Unsighted::NotYet));
                    if sight.is_err() {
                        *sight = Err(Unsighted::NotYet);
                    }
                }
                Ok(false) => drop(self.spots.insert(spot, Err(Unsighted::NotOfCluster))),
                Err(gap) => drop(self.spots.insert(spot, Err(Unsighted::Gap(gap.reason)))),
            }
        }
        // What is told from before is over where none of it is left.
        if !self.in_round.iter().any(|spot| self.spots.get(spot).is_some_and(Sight::is_ok)) {
            self.recalled_from = None;
        }
        if served.is_empty() {
            return;
        }
        let ways = Arc::new(self.ways.clone());
        self.round.spawn(async move { probe::look(served, &ways, refusal, now).await });
    }

    /// Waits for the round under way, for ever if there is none; says whether it saw something else than the one before.
    pub(super) async fn round_ended(&mut self, now: impl Fn() -> Timestamp) -> bool {
        let Some(ended) = self.round.join_next().await else { return std::future::pending().await };
        let Ok(seen) = ended else {
            tracing::error!(
                "looking at the certificates of names has failed; it is tried again at the next scan"
            );
            // What was seen before may be so no longer.
            for spot in std::mem::take(&mut self.in_round) {
                self.spots.insert(spot, Err(Unsighted::Gap(GapReason::Failed(BROKE_OFF.to_owned()))));
            }
            self.recalled_from = None;
            return true;
        };
        self.looked_at = Some(now());
        let mut is_change = self.recalled_from.take().is_some();
        for (spot, mut sight) in seen {
            if let Ok(Seen::Endpoint(endpoint)) = &mut sight
                && let Some(handshake) = &mut endpoint.handshake
            {
                self.turns.entry(spot.clone()).or_default().note(handshake, now());
            }
            is_change |= self.spots.insert(spot, sight.clone()).is_none_or(|before| before != sight);
        }
        is_change
    }

    /// Whether each scan waits for the round that it begins, because it is the only one or belongs to an instant of the past.
    pub(super) fn waits(&mut self, waits: bool) {
        self.waits = waits;
    }

    /// Waits for the round under way, where rounds are waited for.
    pub(super) async fn wait(&mut self, now: impl Fn() -> Timestamp) {
        if self.waits && !self.round.is_empty() {
            self.round_ended(now).await;
        }
    }

    /// What is told of it now.
    pub(super) fn told(&self, source: &Source) -> Sightings {
        let mut spots = self.spots.clone();
        if let Some(chain) = source.certificates() {
            spots.insert(Spot::ApiServer, Ok(Seen::ApiServer(chain)));
        }
        Sightings {
            spots,
            reads_secrets: !self.sights.secrets.is_empty(),
            connects: self.connects(),
            looked_at: self.looked_at,
            recalled_from: self.recalled_from,
        }
    }
}

#[cfg(test)]
mod tests {
    use posture::sighting::EndpointSight;
    use posture::snapshot::{Origin, SnapshotBuilder};

    use super::*;

    #[tokio::test]
    async fn a_round_that_panics_leaves_a_gap_where_something_was_seen() {
        let mut looking = Looking::new(&Settings::new("test"), Timestamp::UNIX_EPOCH);
        let spot = Spot::Endpoint { host: "hub.example.org".to_owned(), port: 443 };
        looking.spots.insert(spot.clone(), Ok(Seen::Endpoint(Box::<EndpointSight>::default())));
        looking.in_round.push(spot.clone());
        looking.round.spawn(async { panic!("a mistake") });
        assert!(looking.round_ended(|| Timestamp::UNIX_EPOCH).await, "that is news");
        assert!(matches!(looking.spots[&spot], Err(Unsighted::Gap(_))));
    }

    #[tokio::test]
    async fn nothing_is_told_to_be_from_before_once_none_of_it_is_left() {
        let spot = Spot::Endpoint { host: "hub.example.org".to_owned(), port: 443 };
        let mut settings = Settings::new("test");
        settings.sights.hosts.insert(("hub.example.org".to_owned(), 443));
        let spots = BTreeMap::from([(spot.clone(), Ok(Seen::Endpoint(Box::<EndpointSight>::default())))]);
        let seen = Sightings { spots, connects: true, ..Sightings::default() };
        settings.recalled = Some((Timestamp::UNIX_EPOCH, seen));
        let mut looking = Looking::new(&settings, Timestamp::UNIX_EPOCH);
        assert_eq!(looking.recalled_from, Some(Timestamp::UNIX_EPOCH));
        let unread = SnapshotBuilder::new(Origin::Observed, "test").build(Timestamp::UNIX_EPOCH);
        looking.begin_round(&unread, Timestamp::UNIX_EPOCH);
        assert!(looking.spots[&spot].is_err(), "that the cluster serves the name is not known any more");
        assert_eq!(looking.recalled_from, None);
    }
}
