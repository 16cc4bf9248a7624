//! What Perijove knows about a cluster and how it judges it.
//!
//! Everything here is a pure function of its arguments: no I/O, no clock, no environment. The modules in reading order follow an
//! object from the Kubernetes API to a finding:
//!
//! `kind` (what is read, and with which permission) → `redact` (what is kept) → `record` (the redacted object and its hashes) →
//! `facts` (typed values) → `snapshot` (all facts at one instant, with the gaps) → `hub`, `access` and `derived` (what several checks need) →
//! `check` and `checks` (the catalogue) → `judge` (the engine) → `finding` and `output` (what people and machines read). Beside it stand `certificates`: every
//! certificate with the places it was seen at (`x509` and `sighting` are what it is made of), and `drift`: what differs between two states of records
//! (`release` is what Helm says of what it installed).

pub mod access;
pub mod certificates;
pub mod check;
pub mod checks;
pub mod component;
pub mod control;
pub mod derived;
pub mod drift;
pub mod entrance;
pub mod facts;
pub mod finding;
pub mod fix;
pub mod gap;
pub mod hostile;
pub mod hub;
pub mod judge;
pub mod kind;
pub mod listing;
pub mod network;
pub mod object;
pub mod output;
pub mod reach;
pub mod record;
pub mod redact;
pub mod release;
pub mod role;
pub mod settings;
pub mod sighting;
pub mod snapshot;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod text;
pub mod x509;

pub use jiff::Timestamp;
