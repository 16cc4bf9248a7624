//! The facts of one kind, sorted when somebody asks.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::gap::GapReason;
use crate::kind::Kind;
use crate::listing::{Coverage, Listing, Placed};
use crate::object::ObjectRef;

/// The facts of one kind.
///
/// Lists of the API server come sorted by real names, and tokens are not: so new facts wait in a heap of their own, which is merged when
/// a snapshot is taken. Each entry is a pointer and the number of the list that confirmed it.
#[derive(Debug)]
pub(super) struct Shelf<T> {
    sorted: Vec<Entry<T>>,
    waiting: Vec<Entry<T>>,
    list: u32,
    coverage: Coverage,
}

#[derive(Debug)]
struct Entry<T> {
    fact: Arc<T>,
    list: u32,
}

impl<T: Placed> Shelf<T> {
    pub(super) fn new(coverage: Coverage) -> Self {
        Self { sorted: Vec::new(), waiting: Vec::new(), list: 0, coverage }
    }

    pub(super) fn coverage(&mut self) -> &mut Coverage {
        &mut self.coverage
    }

    /// Adds a fact, or replaces the one of the same place.
    pub(super) fn put(&mut self, fact: T) {
        let entry = Entry { fact: Arc::new(fact), list: self.list };
        match self.position(entry.fact.namespace(), entry.fact.name()) {
            Ok(at) => self.sorted[at] = entry,
            Err(_) => self.waiting.push(entry),
        }
    }

    pub(super) fn remove(&mut self, namespace: Option<&str>, name: &str) {
        self.merge();
        if let Ok(at) = self.position(namespace, name) {
            self.sorted.remove(at);
        }
    }

    /// A list begins.
    pub(super) fn begin(&mut self) {
        self.list = self.list.wrapping_add(1);
    }

    /// The list is complete: what it did not confirm is gone.
    pub(super) fn finish(&mut self, namespace: Option<&str>) {
        self.merge();
        let list = self.list;
        self.sorted.retain(|entry| {
            entry.list == list || namespace.is_some_and(|n| entry.fact.namespace() != Some(n))
        });
        self.sorted.shrink_to_fit();
    }

    /// The facts as a listing; objects that could not be understood are gaps in their namespaces.
    pub(super) fn listing(&mut self, kind: Kind, misfits: &BTreeSet<ObjectRef>) -> Listing<T> {
        self.merge();
        let mut coverage = self.coverage.clone();
        for object in misfits.iter().filter(|object| object.kind == kind) {
            let reason = GapReason::Failed(format!("{object} could not be understood"));
            match &object.namespace {
                Some(namespace) => {
                    coverage.namespaces.entry(namespace.clone()).or_insert(None).get_or_insert(reason);
                }
                None => {
                    coverage.everywhere.get_or_insert(reason);
                }
            }
        }
        Listing::new(kind, self.sorted.iter().map(|entry| Arc::clone(&entry.fact)).collect(), coverage)
    }

    fn merge(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        self.sorted.append(&mut self.waiting);
        self.waiting.shrink_to_fit();
        // The sort is stable: of two entries for one place the later one comes last, and stays.
        self.sorted.sort_by(|a, b| place(&a.fact).cmp(&place(&b.fact)));
        self.sorted.dedup_by(|later, first| {
            let is_same = place(&later.fact) == place(&first.fact);
            if is_same {
                std::mem::swap(later, first);
            }
            is_same
        });
    }

    fn position(&self, namespace: Option<&str>, name: &str) -> Result<usize, usize> {
        self.sorted.binary_search_by(|entry| place(&entry.fact).cmp(&(namespace, name)))
    }
}

fn place<T: Placed>(fact: &Arc<T>) -> (Option<&str>, &str) {
    (fact.namespace(), fact.name())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Meta, Namespace};

    fn fact(name: &str, uid: &str) -> Namespace {
        Namespace { metadata: Meta { name: name.to_owned(), uid: uid.to_owned(), ..Meta::default() } }
    }

    fn names(shelf: &mut Shelf<Namespace>) -> Vec<String> {
        let listing = shelf.listing(Kind::Namespace, &BTreeSet::new());
        listing.present().map(|n| format!("{}{}", n.metadata.name, n.metadata.uid)).collect()
    }

    #[test]
    fn the_last_fact_of_a_place_stays() {
        let mut shelf = Shelf::new(Coverage::full());
        for (name, uid) in [("b", "1"), ("a", "1"), ("b", "2")] {
            shelf.put(fact(name, uid));
        }
        assert_eq!(names(&mut shelf), ["a1", "b2"]);
        shelf.put(fact("a", "2"));
        assert_eq!(names(&mut shelf), ["a2", "b2"]);
        shelf.remove(None, "a");
        assert_eq!(names(&mut shelf), ["b2"]);
    }

    #[test]
    fn a_complete_list_takes_out_what_it_does_not_hold() {
        let mut shelf = Shelf::new(Coverage::full());
        shelf.put(fact("a", ""));
        shelf.put(fact("b", ""));
        shelf.begin();
        shelf.put(fact("b", ""));
        shelf.finish(None);
        assert_eq!(names(&mut shelf), ["b"]);
    }
}
