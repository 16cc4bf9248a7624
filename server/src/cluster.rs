//! The Kubernetes API: the only home of the `kube` crate, which gives us configuration, TLS and authentication.
//!
//! Requests are plain HTTP. What the server sends is handed on as bytes: nothing of an object is decoded before it is redacted.

pub mod backoff;
pub mod connect;
pub mod discovery;
pub mod error;
pub mod identity;
pub mod list;
pub mod pace;
pub mod path;
mod problem;
pub mod release;
pub mod review;
pub mod secret;
pub mod shown;
pub mod source;
pub mod watch;

pub use connect::{ConnectError, Target};
pub use discovery::{Served, Serving};
pub use error::ApiError;
pub use identity::{Identity, IdentityGuard};
pub use list::{Fetched, Lister};
pub use path::{Form, ResourcePath};
pub use problem::Problem;
pub use source::{Source, Tuning};
pub use watch::{Watch, WatchEnd};
