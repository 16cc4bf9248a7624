//! Tables that are costly to compute: made again only where something that they rest on may have changed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use posture::access::{AccessTable, ClusterAccess};
use posture::derived::{Derived, Enforcement};
use posture::gap::GapReason;
use posture::hub::HubKey;
use posture::kind::Kind;
use posture::listing::{Coverage, Placed};
use posture::reach::Reach;
use posture::sighting::Sightings;
use posture::snapshot::Reviews;
use serde::Serialize;

use crate::collector::ScanInput;
use crate::store::{Computed, ComputedTable};

/// The tables of the last scan, and what they rested on besides the objects.
#[derive(Debug, Default)]
pub(super) struct Tables(Option<Last>);

#[derive(Debug)]
struct Last {
    coverage: BTreeMap<Kind, Coverage>,
    enforcement: Vec<Enforcement>,
    reviews: Result<Reviews, GapReason>,
    sightings: Sightings,
    tables: Vec<ComputedTable>,
}

impl Tables {
    /// The tables of a scan; `is_same` says that no object changed since the scan before.
    pub(super) fn of(&mut self, input: &ScanInput, derived: &Derived, is_same: bool) -> Vec<ComputedTable> {
        // What the operator states ends with time.
        let enforcement: Vec<Enforcement> =
            derived.hubs.iter().map(|hub| derived.enforcement_for(hub).clone()).collect();
        let reviews = &input.snapshot.reviews;
        if let Some(last) = &self.0
            && is_same
            && last.coverage == input.coverage
            && last.enforcement == enforcement
            && is_same_answer(&last.reviews, reviews)
            && last.sightings.says_the_same(&input.snapshot.sightings)
        {
            let mut tables = last.tables.clone();
            let of_cluster =
                tables.iter_mut().find(|table| table.kind == Computed::Access && table.hub.is_none());
            // The answers were given again.
            if let (Some(table), Ok(reviews)) = (of_cluster, reviews)
                && let Some(counts) = counts_of(input, asked_in(reviews))
            {
                table.counts = counts;
            }
            return tables;
        }
        let tables: Vec<_> =
            reach(input, derived).chain(access(input, derived)).chain(certificates(derived)).collect();
        let (coverage, reviews) = (input.coverage.clone(), reviews.clone());
        let sightings = input.snapshot.sightings.clone();
        self.0 = Some(Last { coverage, enforcement, reviews, sightings, tables: tables.clone() });
        tables
    }
}

/// What the servers of each hub reach.
fn reach(input: &ScanInput, derived: &Derived) -> impl Iterator<Item = ComputedTable> {
    let tables = Reach::new(&input.snapshot, derived).tables();
    tables
        .into_iter()
        .filter_map(|(table, counts)| written(Computed::Reach, Some(table.hub.clone()), &table, &counts))
}

/// Who may do what: the accounts of each hub, and of the cluster what concerns no hub.
fn access(input: &ScanInput, derived: &Derived) -> impl Iterator<Item = ComputedTable> {
    let AccessTable { hubs, cluster } = AccessTable::new(&input.snapshot, derived);
    // A namespace more changes nobody's rights, nor does an answer that is given again.
    let of_cluster = |mut cluster: ClusterAccess| {
        let asked = std::mem::take(&mut cluster.own.asked);
        cluster.own.asked_at = None;
        written(Computed::Access, None, &cluster, &counts(input, asked))
    };
    let cluster = cluster.and_then(of_cluster);
    let hubs = hubs.into_iter().filter_map(|mut hub| {
        let servers = hub.take_servers();
        written(Computed::Access, Some(hub.hub.clone()), &hub, &servers)
    });
    hubs.chain(cluster)
}

/// Which certificates there are. What the clock makes of them is left to whoever reads the table.
fn certificates(derived: &Derived) -> Option<ComputedTable> {
    written(Computed::Certificates, None, &derived.certificates, &())
}

/// What follows the cluster while nobody's rights change: in how many namespaces Perijove's own were asked, the namespaces, and when the
/// oldest answer was given.
type Counts<'a> = (usize, Vec<&'a str>, Option<Timestamp>);

fn counts(input: &ScanInput, asked: usize) -> Counts<'_> {
    let namespaces = input.snapshot.namespaces.present().map(|namespace| namespace.name());
    let asked_at = input.snapshot.reviews.as_ref().ok().and_then(|reviews| reviews.asked_at);
    (asked, namespaces.collect(), asked_at)
}

fn counts_of(input: &ScanInput, asked: usize) -> Option<String> {
    serde_json::to_string(&counts(input, asked)).ok()
}

fn asked_in(reviews: &Reviews) -> usize {
    reviews.rules.iter().map(|part| part.namespaces.len()).sum()
}

fn is_same_answer(one: &Result<Reviews, GapReason>, other: &Result<Reviews, GapReason>) -> bool {
    match (one, other) {
        (Ok(one), Ok(other)) => one.says_the_same(other),
        _ => one == other,
    }
}

fn written(
    kind: Computed,
    hub: Option<HubKey>,
    table: &impl Serialize,
    counts: &impl Serialize,
) -> Option<ComputedTable> {
    let body = serde_json::to_string(table);
    match body.and_then(|body| Ok((body, serde_json::to_string(counts)?))) {
        Ok((body, counts)) => Some(ComputedTable { kind, hub, key: String::new(), body, counts }),
        Err(error) => {
            tracing::error!(hub = hub.map(|hub| hub.to_string()), error = %error, "a table cannot be written as JSON");
            None
        }
    }
}
