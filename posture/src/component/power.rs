//! What the accounts of a program may do.

use crate::check::Evidence;
use crate::derived::{Derived, Grant, Reach};
use crate::gap::Gap;
use crate::text::Arg;

use super::Sighting;

/// How much an account may do, by what matters for a console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Power {
    /// Everything, everywhere, through these grants; or everything in the core group, which holds Secrets and pods.
    Everything(Vec<Grant>),
    /// Reading every Secret of the cluster, through these grants.
    EverySecret(Vec<Grant>),
    /// Less than that.
    Less,
}

/// What the account of a program may do, or the gap that may hide more than was seen.
pub fn power(derived: &Derived, sighting: &Sighting<'_>) -> Result<Power, Gap> {
    let rights = derived.rights.of_account(sighting.namespace, sighting.spec.account());
    let collect = |property: fn(&Grant) -> bool| -> Vec<Grant> { rights.with(property).cloned().collect() };
    let everything = collect(|grant| grant.reach == Reach::Cluster && grant.is_everything_of_core());
    if !everything.is_empty() {
        return Ok(Power::Everything(everything));
    }
    rights.complete()?;
    let secrets = collect(|grant| grant.reach == Reach::Cluster && grant.reads_any_secret());
    Ok(if secrets.is_empty() { Power::Less } else { Power::EverySecret(secrets) })
}

/// What these grants come to, in words: `every right in the cluster`.
pub fn extent(grants: &[Grant]) -> Arg {
    Arg::word(if grants.iter().any(Grant::is_everything) {
        "every right in the cluster"
    } else {
        "every right over Secrets, pods and the rest of the core API in the cluster"
    })
}

/// The binding of a grant, as a fact.
pub fn binding(grant: &Grant) -> Evidence {
    Evidence::new(grant.binding.clone(), "roleRef.name", Arg::text(&grant.role.name))
        .wanted(Arg::word("a role with fewer rights"))
}
