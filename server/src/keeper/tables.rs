//! Tables that are costly to compute: made again only where something that they rest on may have changed.

use std::collections::BTreeMap;

use posture::access::{AccessTable, ClusterAccess};
use posture::derived::{Derived, Enforcement};
use posture::gap::GapReason;
use posture::hub::HubKey;
use posture::kind::Kind;
use posture::listing::{Coverage, Placed};
use posture::reach::Reach;
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
            && last.reviews == *reviews
        {
            return last.tables.clone();
        }
        let tables: Vec<_> = reach(input, derived).chain(access(input, derived)).collect();
        let (coverage, reviews) = (input.coverage.clone(), reviews.clone());
        self.0 = Some(Last { coverage, enforcement, reviews, tables: tables.clone() });
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
    let namespaces = input.snapshot.namespaces.present().map(|namespace| namespace.name());
    let namespaces: Vec<&str> = namespaces.collect();
    // A namespace more changes nobody's rights.
    let of_cluster = |mut cluster: ClusterAccess| {
        let asked = std::mem::take(&mut cluster.own.asked);
        written(Computed::Access, None, &cluster, &(asked, namespaces))
    };
    let cluster = cluster.and_then(of_cluster);
    let hubs = hubs.into_iter().filter_map(|mut hub| {
        let servers = hub.take_servers();
        written(Computed::Access, Some(hub.hub.clone()), &hub, &servers)
    });
    hubs.chain(cluster)
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
