//! The facts of one kind, sorted when somebody asks.

use std::collections::BTreeMap;
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
    begun: BTreeMap<Option<String>, u32>,
    misfits: BTreeMap<ObjectRef, u32>,
    coverage: Coverage,
}

#[derive(Debug)]
struct Entry<T> {
    fact: Arc<T>,
    list: u32,
}

impl<T: Placed> Shelf<T> {
    pub(super) fn new(coverage: Coverage) -> Self {
        Self {
            sorted: Vec::new(),
            waiting: Vec::new(),
            list: 0,
            begun: BTreeMap::new(),
            misfits: BTreeMap::new(),
            coverage,
        }
    }

    pub(super) fn coverage(&mut self) -> &mut Coverage {
        &mut self.coverage
    }

    /// Adds a fact, or replaces the one of the same place.
    pub(super) fn put(&mut self, object: &ObjectRef, fact: T) {
        self.misfits.remove(object);
        let entry = Entry { fact: Arc::new(fact), list: self.list };
        match self.position(entry.fact.namespace(), entry.fact.name()) {
            Ok(at) => self.sorted[at] = entry,
            Err(_) => self.waiting.push(entry),
        }
    }

    pub(super) fn remove(&mut self, object: &ObjectRef) {
        self.merge();
        self.misfits.remove(object);
        if let Ok(at) = self.position(object.namespace.as_deref(), &object.name) {
            self.sorted.remove(at);
        }
    }

    /// An object is there, but no fact can be made of it.
    pub(super) fn put_misfit(&mut self, object: &ObjectRef) {
        self.remove(object);
        self.misfits.insert(object.clone(), self.list);
    }

    /// A list of one namespace, or of everything, begins; lists of several namespaces may run at once.
    pub(super) fn begin(&mut self, namespace: Option<&str>) {
        self.list = self.list.wrapping_add(1);
        self.begun.insert(namespace.map(str::to_owned), self.list);
    }

    /// The list is complete: what was not seen since it began is gone.
    pub(super) fn finish(&mut self, namespace: Option<&str>) {
        self.merge();
        let Some(began) = self.begun.remove(&namespace.map(str::to_owned)) else { return };
        let is_elsewhere = |place: Option<&str>| namespace.is_some_and(|n| place != Some(n));
        self.sorted.retain(|entry| entry.list >= began || is_elsewhere(entry.fact.namespace()));
        self.misfits.retain(|object, list| *list >= began || is_elsewhere(object.namespace.as_deref()));
        self.sorted.shrink_to_fit();
    }

    /// The facts as a listing; objects that could not be understood are gaps in their namespaces.
    pub(super) fn listing(&mut self, kind: Kind) -> Listing<T> {
        self.merge();
        let mut coverage = self.coverage.clone();
        for object in self.misfits.keys() {
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
    use crate::facts::{Meta, Namespace, Service};

    fn fact(name: &str, uid: &str) -> Namespace {
        Namespace { metadata: Meta { name: name.to_owned(), uid: uid.to_owned(), ..Meta::default() } }
    }

    fn put<T: Placed>(shelf: &mut Shelf<T>, fact: T) {
        let object = ObjectRef {
            kind: Kind::Service,
            namespace: fact.namespace().map(str::to_owned),
            name: fact.name().to_owned(),
        };
        shelf.put(&object, fact);
    }

    fn names(shelf: &mut Shelf<Namespace>) -> Vec<String> {
        let listing = shelf.listing(Kind::Namespace);
        listing.present().map(|n| format!("{}{}", n.metadata.name, n.metadata.uid)).collect()
    }

    #[test]
    fn the_last_fact_of_a_place_stays() {
        let mut shelf = Shelf::new(Coverage::full());
        for (name, uid) in [("b", "1"), ("a", "1"), ("b", "2")] {
            put(&mut shelf, fact(name, uid));
        }
        assert_eq!(names(&mut shelf), ["a1", "b2"]);
        put(&mut shelf, fact("a", "2"));
        assert_eq!(names(&mut shelf), ["a2", "b2"]);
        shelf.remove(&ObjectRef::cluster(Kind::Namespace, "a"));
        assert_eq!(names(&mut shelf), ["b2"]);
    }

    #[test]
    fn a_complete_list_takes_out_what_it_does_not_hold() {
        let mut shelf = Shelf::new(Coverage::full());
        put(&mut shelf, fact("a", ""));
        put(&mut shelf, fact("b", ""));
        shelf.begin(None);
        put(&mut shelf, fact("b", ""));
        shelf.finish(None);
        assert_eq!(names(&mut shelf), ["b"]);
        shelf.finish(None);
        assert_eq!(names(&mut shelf), ["b"], "a list that never began takes nothing out");
    }

    #[test]
    fn lists_of_two_namespaces_do_not_disturb_each_other() {
        let service = |namespace: &str, name: &str| Service {
            metadata: Meta {
                name: name.to_owned(),
                namespace: Some(namespace.to_owned()),
                ..Meta::default()
            },
            ..Service::default()
        };
        let mut shelf = Shelf::new(Coverage::full());
        put(&mut shelf, service("one", "old"));
        shelf.begin(Some("one"));
        put(&mut shelf, service("one", "new"));
        shelf.begin(Some("two"));
        shelf.finish(Some("two"));
        put(&mut shelf, service("one", "newer"));
        shelf.finish(Some("one"));
        let listing = shelf.listing(Kind::Service);
        assert_eq!(listing.present().map(|s| s.metadata.name.as_str()).collect::<Vec<_>>(), ["new", "newer"]);
    }
}
