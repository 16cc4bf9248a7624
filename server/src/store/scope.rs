//! What part of the store a viewer may see.

use std::collections::BTreeSet;

use super::HubId;

/// What part of the store a viewer may see; every query of a page takes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Everything.
    All,
    /// These hubs, and nothing about the cluster that does not belong to them.
    Hubs(BTreeSet<HubId>),
}

impl Scope {
    /// Whether a viewer may see something that belongs to this hub, or with `None` to the cluster.
    pub fn allows(&self, hub: Option<HubId>) -> bool {
        match self {
            Self::All => true,
            Self::Hubs(hubs) => hub.is_some_and(|hub| hubs.contains(&hub)),
        }
    }

    /// The form that queries take: null for everything, else a JSON list of hub ids.
    pub(super) fn parameter(&self) -> Option<String> {
        match self {
            Self::All => None,
            Self::Hubs(hubs) => {
                let ids: Vec<String> = hubs.iter().map(|hub| hub.0.to_string()).collect();
                Some(format!("[{}]", ids.join(",")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_the_cluster_is_not_shown_to_a_viewer_of_hubs() {
        let scope = Scope::Hubs(BTreeSet::from([HubId(1)]));
        assert!(scope.allows(Some(HubId(1))));
        assert!(!scope.allows(Some(HubId(2))));
        assert!(!scope.allows(None));
    }
}
