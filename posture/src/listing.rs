//! A list that knows whether it is complete, so that absence is never taken for proof by accident.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::gap::{Gap, GapReason};
use crate::kind::Kind;

/// How much of a kind was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// Everywhere that `namespaces` does not name: `None` is complete.
    pub everywhere: Option<GapReason>,
    /// Namespaces whose coverage differs: `None` is complete.
    pub namespaces: BTreeMap<String, Option<GapReason>>,
}

impl Coverage {
    /// Everything was read.
    pub fn full() -> Self {
        Self { everywhere: None, namespaces: BTreeMap::new() }
    }

    /// Nothing was read, for this reason.
    pub fn gap(reason: GapReason) -> Self {
        Self { everywhere: Some(reason), namespaces: BTreeMap::new() }
    }
}

/// An object that has a place in the cluster.
pub trait Placed {
    /// The namespace; `None` for cluster-scoped objects.
    fn namespace(&self) -> Option<&str>;
    /// The name.
    fn name(&self) -> &str;
}

/// The objects of one kind, sorted by namespace and name, with what is known of their completeness.
///
/// There is no plain slice: a check iterates over what is [`present`](Self::present), and has to ask
/// [`complete_in`](Self::complete_in) or [`complete`](Self::complete) before it concludes anything from what is not there.
#[derive(Debug, Clone)]
pub struct Listing<T> {
    kind: Kind,
    items: Arc<[Arc<T>]>,
    coverage: Coverage,
}

impl<T: Placed> Listing<T> {
    /// Makes a listing; sorts the items.
    pub fn new(kind: Kind, mut items: Vec<Arc<T>>, coverage: Coverage) -> Self {
        items.sort_by(|a, b| (a.namespace(), a.name()).cmp(&(b.namespace(), b.name())));
        Self { kind, items: items.into(), coverage }
    }

    /// The kind listed.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// How much was read.
    pub fn coverage(&self) -> &Coverage {
        &self.coverage
    }

    /// What was seen anywhere. Its presence is proof, its absence is not.
    pub fn present(&self) -> impl Iterator<Item = &Arc<T>> {
        self.items.iter()
    }

    /// What was seen in one namespace. Its presence is proof, its absence is not.
    pub fn present_in<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a Arc<T>> {
        let start = self.items.partition_point(|item| item.namespace() < Some(namespace));
        self.items[start..].iter().take_while(move |item| item.namespace() == Some(namespace))
    }

    /// One object by name, if it was seen.
    pub fn find(&self, namespace: Option<&str>, name: &str) -> Option<&Arc<T>> {
        self.items
            .binary_search_by(|item| (item.namespace(), item.name()).cmp(&(namespace, name)))
            .ok()
            .map(|i| &self.items[i])
    }

    /// One object by name: `Ok(None)` only if it is proven not to exist.
    pub fn get(&self, namespace: Option<&str>, name: &str) -> Result<Option<&Arc<T>>, Gap> {
        match self.find(namespace, name) {
            Some(item) => Ok(Some(item)),
            None => match namespace {
                Some(namespace) => self.complete_in(namespace).map(|()| None),
                None => self.complete().map(|()| None),
            },
        }
    }

    /// Everything in one namespace, or the gap that hides some of it.
    pub fn all_in<'a>(&'a self, namespace: &'a str) -> Result<impl Iterator<Item = &'a Arc<T>>, Gap> {
        self.complete_in(namespace)?;
        Ok(self.present_in(namespace))
    }

    /// Everything everywhere, or the gap that hides some of it.
    pub fn all(&self) -> Result<impl Iterator<Item = &Arc<T>>, Gap> {
        self.complete()?;
        Ok(self.present())
    }

    /// Says whether one namespace was read completely.
    pub fn complete_in(&self, namespace: &str) -> Result<(), Gap> {
        let reason = self.coverage.namespaces.get(namespace).unwrap_or(&self.coverage.everywhere);
        match reason {
            None => Ok(()),
            Some(reason) => {
                Err(Gap { kind: self.kind, namespace: Some(namespace.to_owned()), reason: reason.clone() })
            }
        }
    }

    /// Says whether everything was read completely.
    pub fn complete(&self) -> Result<(), Gap> {
        if let Some(reason) = &self.coverage.everywhere {
            return Err(Gap { kind: self.kind, namespace: None, reason: reason.clone() });
        }
        let partial = self.coverage.namespaces.iter().find_map(|(n, r)| r.clone().map(|r| (n.clone(), r)));
        partial.map_or(Ok(()), |(namespace, reason)| {
            Err(Gap { kind: self.kind, namespace: Some(namespace), reason })
        })
    }

    /// Every gap of this listing.
    pub fn gaps(&self) -> Vec<Gap> {
        let everywhere = self.coverage.everywhere.iter().map(|reason| Gap {
            kind: self.kind,
            namespace: None,
            reason: reason.clone(),
        });
        let partial = self.coverage.namespaces.iter().filter_map(|(namespace, reason)| {
            let reason = reason.clone()?;
            Some(Gap { kind: self.kind, namespace: Some(namespace.clone()), reason })
        });
        everywhere.chain(partial).collect()
    }
}
