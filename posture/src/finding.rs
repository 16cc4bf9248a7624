//! A finding: what one check said about one subject.

use serde::{Deserialize, Serialize};

use crate::check::{Evidence, Severity, Verdict};
use crate::fix::Slots;
use crate::hub::HubKey;
use crate::object::ObjectRef;
use crate::text::Reason;

/// What identifies a finding across scans: no uid, no shape, no message.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FindingKey {
    /// The cluster's name in the configuration.
    pub cluster: String,
    /// The check's code.
    pub code: String,
    /// The hub; `None` for a check of the cluster.
    pub hub: Option<HubKey>,
    /// The object it is about; `None` for the hub or the cluster itself.
    pub subject: Option<ObjectRef>,
}

/// What one check said about one subject.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Its identity.
    pub key: FindingKey,
    /// The verdict, before exemptions.
    pub verdict: Verdict,
    /// The severity.
    pub severity: Severity,
    /// Why.
    pub reason: Reason,
    /// A remark that does not change the verdict.
    pub note: Option<Reason>,
    /// The facts that support it.
    pub evidence: Vec<Evidence>,
    /// Live values for the fix and the `kubectl` line.
    pub slots: Slots,
}
