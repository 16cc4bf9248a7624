//! Who looks at the pages, and what they may see.

use std::collections::BTreeSet;

/// What a viewer may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Sees the state of the hubs in scope, with names of people as tokens.
    Viewer,
    /// Also sees names of people.
    Admin,
}

/// Which hubs a viewer may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Every hub, and the clusters themselves.
    All,
    /// These hubs of the store; nothing of the clusters beyond their names.
    Hubs(BTreeSet<i64>),
}

/// The proof of identity that every question to the [`Backend`](crate::backend::Backend) takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Viewer {
    /// How the viewer is called in the page's header.
    pub name: String,
    /// What the viewer may do.
    pub role: Role,
    /// What the viewer may see.
    pub scope: Scope,
}

impl Viewer {
    /// The one viewer of a local server, who came in by the one-time link.
    pub fn local() -> Self {
        Self { name: "local".to_owned(), role: Role::Admin, scope: Scope::All }
    }
}
