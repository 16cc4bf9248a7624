//! Restarts: pods were made anew although nothing about them was to change, as `kubectl rollout restart` does it.

use jiff::Timestamp;
use serde::Serialize;

use super::Writer;
use super::writer;
use crate::kind::Kind;
use crate::object::ObjectRef;
use crate::record::Record;
use crate::text::{Arg, Reason};

/// The annotation of a pod template whose only purpose is to differ.
///
/// <https://kubernetes.io/docs/reference/kubectl/generated/kubectl_rollout/kubectl_rollout_restart/>
const RESTARTED_AT: &str = "/spec/template/metadata/annotations/kubectl.kubernetes.io~1restartedAt";

/// Kinds whose pods are made anew when their template changes.
pub const RESTARTABLE: [Kind; 3] = [Kind::Deployment, Kind::StatefulSet, Kind::DaemonSet];

/// A restart of a workload: something that happened, and no change of the object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Restart {
    /// The workload.
    pub object: ObjectRef,
    /// When, as whoever restarted it wrote it; `None` if that is no instant.
    pub at: Option<Timestamp>,
    /// Who wrote to it last in between, as far as the API server notes it.
    pub writer: Option<Writer>,
}

impl Restart {
    /// The restart in one sentence.
    pub fn sentence(&self) -> Reason {
        Reason::new("restarted", "{object} was restarted").with("object", Arg::from(self.object.clone()))
    }
}

/// The last restart between two states of one object; `None` if there was none.
pub fn restart(before: &Record, after: &Record) -> Option<Restart> {
    if !RESTARTABLE.contains(&after.object.kind) {
        return None;
    }
    let written = |record: &Record| record.body.pointer(RESTARTED_AT).cloned();
    let now = written(after)?;
    match written(before) {
        Some(then) if then == now => return None,
        // What was not kept cannot be compared.
        Some(then) if !then.is_string() => return None,
        _ => {}
    }
    let since = writer::since(&before.managed_fields, &after.managed_fields);
    Some(Restart {
        object: after.object.clone(),
        at: now.as_str().and_then(|text| text.parse().ok()),
        writer: since.into_iter().next(),
    })
}
