//! Which cluster it is, so that another one under the same name is never taken for it.

use std::sync::Arc;
use std::time::Duration;

use posture::kind::Kind;
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::error::ApiError;
use super::path::{Form, ResourcePath};
use super::source::Source;

/// How long an answer about the identity counts.
const FRESH: Duration = Duration::from_secs(20);

/// What identifies a cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Identity {
    /// The uid of the namespace `kube-system`.
    Uid(String),
    /// Where that may not be read: the server's URL and its certificate authority.
    Server(String),
}

impl Identity {
    /// The natural key under which the cluster's history is kept.
    pub fn key(&self) -> String {
        match self {
            Self::Uid(uid) => format!("uid:{uid}"),
            Self::Server(server) => format!("server:{server}"),
        }
    }

    /// Asks the cluster.
    pub async fn ask(source: &Source) -> Result<Self, ApiError> {
        let url = ResourcePath::new(Kind::Namespace.info(), "v1", None).object("kube-system");
        match source.get(&url, Form::Metadata).await {
            Ok(body) => {
                let object: Object = serde_json::from_slice(&body).map_err(|_| {
                    ApiError::Malformed("the namespace kube-system is not what it should be".to_owned())
                })?;
                // A uid goes into a key of the store: nothing but what uids are made of may pass.
                let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
                if object.metadata.uid.is_empty() || !object.metadata.uid.chars().all(plain) {
                    return Err(ApiError::Malformed(
                        "the uid of the namespace kube-system is no uid".to_owned(),
                    ));
                }
                Ok(Self::Uid(object.metadata.uid))
            }
            Err(ApiError::Forbidden | ApiError::NotFound) => {
                Ok(Self::Server(format!("{}#{}", source.server(), source.authority())))
            }
            Err(error) => Err(error),
        }
    }
}

#[derive(Deserialize)]
struct Object {
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(default)]
    uid: String,
}

/// Makes sure, before anything is concluded from absence, that it is still the same cluster.
#[derive(Debug, Clone)]
pub struct IdentityGuard {
    expected: Identity,
    confirmed: Arc<Mutex<Instant>>,
}

/// Another cluster answers under the configured name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GuardError {
    /// It is another cluster.
    #[error("another cluster answers now: its namespace kube-system has another uid")]
    AnotherCluster,
    /// It could not be asked.
    #[error(transparent)]
    Api(#[from] ApiError),
}

impl IdentityGuard {
    /// Guards an identity that was just asked for.
    pub fn new(expected: Identity) -> Self {
        Self { expected, confirmed: Arc::new(Mutex::new(Instant::now())) }
    }

    /// Asks again, unless that was done a moment ago.
    pub async fn confirm(&self, source: &Source) -> Result<(), GuardError> {
        let mut confirmed = self.confirmed.lock().await;
        if confirmed.elapsed() < FRESH {
            return Ok(());
        }
        match (Identity::ask(source).await?, &self.expected) {
            // The right to read the namespace came or went; the server is the same one.
            (Identity::Server(_), _) | (_, Identity::Server(_)) => {}
            (now, expected) if now == *expected => {}
            _ => return Err(GuardError::AnotherCluster),
        }
        *confirmed = Instant::now();
        Ok(())
    }
}
