//! Custom resources that are read only for their presence, and cert-manager's certificates.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::meta::{Meta, placed};
use super::pod::Condition;
use crate::kind::Kind;
use crate::listing::Placed;

/// An object of which only its existence matters: a policy of Cilium or Calico, say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomResource {
    /// The kind.
    pub kind: Kind,
    /// Metadata.
    pub metadata: Meta,
}

impl Placed for CustomResource {
    fn namespace(&self) -> Option<&str> {
        self.metadata.namespace.as_deref()
    }
    fn name(&self) -> &str {
        &self.metadata.name
    }
}

/// A cert-manager Certificate.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Certificate {
    /// Metadata.
    pub metadata: Meta,
    /// The specification.
    pub spec: CertificateSpec,
    /// The allow-listed part of the status.
    pub status: CertificateStatus,
}

/// What is asked of cert-manager.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CertificateSpec {
    /// The Secret it is written to.
    pub secret_name: String,
    /// The names it is for.
    pub dns_names: Vec<String>,
    /// Who is to issue it.
    pub issuer_ref: IssuerRef,
}

/// An issuer of cert-manager.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct IssuerRef {
    /// `Issuer` unless set, or `ClusterIssuer`, or a kind of somebody else.
    pub kind: Option<String>,
    /// Its name.
    pub name: String,
}

/// What cert-manager did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CertificateStatus {
    /// The end of its validity.
    pub not_after: Option<Timestamp>,
    /// The start of its validity.
    pub not_before: Option<Timestamp>,
    /// When it will be renewed.
    pub renewal_time: Option<Timestamp>,
    /// How many times it was issued.
    pub revision: Option<i64>,
    /// Conditions without messages.
    pub conditions: Vec<Condition>,
}

placed!(Certificate);
