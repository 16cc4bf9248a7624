//! Tables that are costly to compute: made again only where something that they rest on may have changed.

use std::collections::BTreeMap;

use posture::derived::{Derived, Enforcement};
use posture::kind::Kind;
use posture::listing::Coverage;
use posture::reach::Reach;

use crate::collector::ScanInput;
use crate::store::{Computed, ComputedTable};

/// The tables of the last scan, and what they rested on besides the objects.
#[derive(Debug, Default)]
pub(super) struct Tables(Option<Last>);

#[derive(Debug)]
struct Last {
    coverage: BTreeMap<Kind, Coverage>,
    enforcement: Vec<Enforcement>,
    tables: Vec<ComputedTable>,
}

impl Tables {
    /// The tables of a scan; `is_same` says that no object changed since the scan before.
    pub(super) fn of(&mut self, input: &ScanInput, derived: &Derived, is_same: bool) -> Vec<ComputedTable> {
        // What the operator states ends with time.
        let enforcement: Vec<Enforcement> =
            derived.hubs.iter().map(|hub| derived.enforcement_for(hub).clone()).collect();
        if let Some(last) = &self.0
            && is_same
            && last.coverage == input.coverage
            && last.enforcement == enforcement
        {
            return last.tables.clone();
        }
        let tables = reach(input, derived);
        let coverage = input.coverage.clone();
        self.0 = Some(Last { coverage, enforcement, tables: tables.clone() });
        tables
    }
}

fn reach(input: &ScanInput, derived: &Derived) -> Vec<ComputedTable> {
    let reach = Reach::new(&input.snapshot, derived);
    let mut tables = Vec::new();
    for (table, counts) in reach.tables() {
        let written =
            serde_json::to_string(&table).and_then(|body| Ok((body, serde_json::to_string(&counts)?)));
        match written {
            Ok((body, counts)) => tables.push(ComputedTable {
                kind: Computed::Reach,
                hub: Some(table.hub),
                key: String::new(),
                body,
                counts,
            }),
            Err(error) => {
                tracing::error!(hub = %table.hub, error = %error, "a table cannot be written as JSON");
            }
        }
    }
    tables
}
