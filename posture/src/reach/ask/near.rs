//! Offers what is called nearly so, and says where was looked.

use std::collections::BTreeSet;

use crate::listing::{Listing, Placed};
use crate::reach::Reach;

/// How many names are said at most.
const MOST: usize = 5;

/// What is called nearly as it was written, as the question may name it: with its namespace where one was written.
pub(super) fn offers<'n>(
    name: &str,
    namespace: Option<&str>,
    known: impl Iterator<Item = (&'n str, &'n str)>,
    write: &dyn Fn(Option<&str>, &str) -> String,
) -> Vec<String> {
    let mut near: Vec<(usize, &str, Option<&str>)> = known
        .filter_map(|(place, other)| {
            let distance = distance(name, other);
            let is_near = distance <= (name.chars().count() / 3).clamp(1, 3)
                || other.contains(name)
                || name.contains(other);
            is_near.then_some((distance, other, namespace.map(|_| place)))
        })
        .collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter().take(MOST).map(|(_, other, place)| write(place, other)).collect()
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

impl Reach<'_> {
    /// Where something was looked for, and what of it could not be read.
    pub(super) fn searched<T: Placed>(&self, listing: &Listing<T>, namespace: Option<&str>) -> String {
        let place = namespace.map_or_else(|| self.namespaces_seen(), |name| format!(" in namespace {name}"));
        let complete = match namespace {
            Some(namespace) => listing.complete_in(namespace),
            None => listing.complete(),
        };
        match complete {
            Err(gap) if self.counts(&gap) => format!("{place} as far as could be read ({gap})"),
            _ => place,
        }
    }

    /// The namespaces in which something that has pods or Services was seen.
    fn namespaces_seen(&self) -> String {
        let snapshot = self.snapshot;
        let pods = snapshot.pods.present().filter_map(|pod| pod.metadata.namespace.as_deref());
        let services = snapshot.services.present().filter_map(|s| s.metadata.namespace.as_deref());
        let workloads = snapshot.workload_listings().into_iter().flat_map(Listing::present);
        let workloads = workloads.filter_map(|workload| workload.metadata.namespace.as_deref());
        let all: BTreeSet<&str> = pods.chain(services).chain(workloads).collect();
        match all.len() {
            0 => String::new(),
            1 => format!(" in namespace {}", all.into_iter().collect::<String>()),
            few if few <= MOST => {
                format!(" in namespaces {}", all.into_iter().collect::<Vec<_>>().join(", "))
            }
            many => format!(" in any of {many} namespaces"),
        }
    }
}
