//! Who may do what at the Kubernetes API: the rules of RBAC exactly as the API server's authoriser reads them.
//!
//! [`RightsIndex`] sorts the bindings by subject. It answers what one identity may do ([`Rights`]), whether it may do one thing
//! ([`RightsIndex::may`]), and who may do it ([`RightsIndex::who_may`]).
//! [`Escalations`] asks how an identity could become another one.
//!
//! What was seen is proof: an allowance stands whatever else is hidden. A denial needs every binding that could hold, with its role.
//!
//! Two answers of the API server come from outside RBAC. The group `system:masters` may do everything without any binding, which is
//! answered here too. What the node authoriser gives to a kubelet (`system:node:<name>` in `system:nodes`) is not.

mod built_in;
pub mod escalation;
mod grant;
mod held;
mod leading;
mod own;
pub mod question;
mod resource;
mod rights;
mod roles;
mod rule;
pub mod subject;
mod table;
mod unresolved;

pub use built_in::{BUILT_IN, built_in_roles};
pub use escalation::{Escalations, Means, Path, Reached, SecretsRead, Step, Taken};
pub use grant::{Grant, Reach};
pub use held::{Held, Power, rule_path};
pub use leading::{LEADING, Lead, Leading, leading_to, pod_makers};
pub use own::{Missing, Own, OwnAnswer, OwnRule, own};
pub use question::{Answer, Asked, Given, Holders, Named, Question, Way};
pub use resource::{Asking, ask};
pub use rights::{Rights, RightsIndex};
pub use subject::{Caller, account, group, user};
pub use table::{
    AccessTable, AccountAccess, AccountServers, AlsoRuns, ClusterAccess, HubAccess, Ways, ways_of,
};
pub use unresolved::Unresolved;
