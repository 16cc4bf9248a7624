//! Certificates: each as one thing, with every place it was seen at, as far as that shows without reading Secrets.

mod collect;
mod standing;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use standing::{Renewed, Standing, Thresholds, standing};

use crate::gap::Gap;
use crate::hub::HubKey;
use crate::kind::Kind;
use crate::object::ObjectRef;

/// Everything that a snapshot shows of certificates. Nothing in it follows the clock.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateTable {
    /// The certificates, by where they are kept.
    pub certificates: Vec<Certificate>,
    /// Names under which something is served that no certificate is for.
    pub uncovered: Vec<Uncovered>,
    /// What may hide more.
    pub gaps: Vec<Gap>,
}

/// One certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// Where it is kept.
    pub kept: Kept,
    /// The Certificate of cert-manager that it is made from; in the namespace of its Secret.
    pub resource: Option<String>,
    /// The names that it was asked for; empty where they are not known.
    pub names: Vec<String>,
    /// Who issues it.
    pub issuer: Option<Issuer>,
    /// From when to when it holds, or why that is not known.
    pub validity: Result<Validity, Unseen>,
    /// Who renews it.
    pub renewer: Renewer,
    /// When cert-manager means to renew it.
    pub renewal_time: Option<Timestamp>,
    /// Whether the last attempt to renew it failed.
    pub is_failing: bool,
    /// Whether cert-manager says that what is kept is what was asked for; `None` where nobody says.
    pub is_ready: Option<bool>,
    /// How many times it was issued.
    pub revision: Option<i64>,
    /// Who uses it.
    pub uses: Vec<Use>,
}

/// Where a certificate is kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kept {
    /// In a Secret.
    Secret {
        /// The namespace.
        namespace: String,
        /// The name.
        name: String,
    },
    /// Where no object tells: with the load balancer of a Service, the controller of an Ingress or a Gateway, the pods of a Deployment.
    With(ObjectRef),
}

/// Who issues a certificate, as cert-manager is told.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Issuer {
    /// `Issuer`, `ClusterIssuer`, or a kind of somebody else.
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// When a certificate holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validity {
    /// From when; `None` where that is not known.
    pub not_before: Option<Timestamp>,
    /// Until when.
    pub not_after: Timestamp,
}

impl Validity {
    /// How long it holds from beginning to end, in seconds.
    pub fn lifetime(&self) -> Option<i64> {
        self.not_before.map(|start| self.not_after.as_second() - start.as_second())
    }

    /// How long it still holds, in seconds; negative where it has run out.
    pub fn remaining(&self, now: Timestamp) -> i64 {
        self.not_after.as_second() - now.as_second()
    }

    /// How much of its lifetime is left, in percent.
    pub fn share(&self, now: Timestamp) -> Option<i64> {
        let lifetime = self.lifetime().filter(|lifetime| *lifetime > 0)?;
        Some((self.remaining(now).clamp(0, lifetime)) * 100 / lifetime)
    }
}

/// Why it is not known until when a certificate holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unseen {
    /// It stands in a Secret, and Secrets are not read.
    InSecret,
    /// No object of the cluster holds it.
    Elsewhere,
    /// The status of its Certificate holds no end: it was not issued yet, or comes from a file.
    NoStatus,
    /// A Certificate of cert-manager may say it, but could not be read.
    Hidden(Gap),
}

impl Unseen {
    /// The reason as a sentence, with what would show it.
    pub fn sentence(&self) -> String {
        match self {
            Self::InSecret => {
                "It stands in a Secret, and Perijove reads no Secrets. The Secret itself, or a TLS connection to one of its names, would show it."
                    .to_owned()
            }
            Self::Elsewhere => {
                "No object of the cluster holds it. A TLS connection to one of its names would show it.".to_owned()
            }
            Self::NoStatus => {
                "The status of its Certificate names no end. Either cert-manager has not issued it yet, or the status was not there to be read."
                    .to_owned()
            }
            Self::Hidden(gap) => {
                format!("A Certificate of cert-manager may say it, but {gap}. Needed: {}.", gap.permission())
            }
        }
    }
}

/// Who renews a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Renewer {
    /// cert-manager.
    CertManager,
    /// The hub's own automatic HTTPS (autohttps, which is traefik).
    AutoHttps,
    /// kube-lego, as in charts up to 0.8.
    KubeLego,
    /// A person: it stands in the values of the chart.
    Person,
    /// Nobody that was seen: a person, unless a program does it that leaves no Certificate.
    NobodySeen,
    /// Whoever runs the load balancer or the controller.
    Operator,
    /// It may be cert-manager, whose Certificates could not be read.
    Hidden(Gap),
}

/// Who uses a certificate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Use {
    /// The hub's public Service, an Ingress or a Gateway.
    pub object: ObjectRef,
    /// The listener of a Gateway.
    pub listener: Option<String>,
    /// The names that are served with it; empty where they are not known, or are all.
    pub hosts: Vec<String>,
    /// The hubs that are reached by it.
    pub hubs: Vec<HubKey>,
}

/// A name that no certificate is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Uncovered {
    /// The name.
    pub host: String,
    /// What serves it.
    pub object: ObjectRef,
    /// The hubs that are reached by it.
    pub hubs: Vec<HubKey>,
    /// The certificates that are used for it all the same; none means that it is served without TLS.
    pub used: Vec<Kept>,
}

impl Certificate {
    /// What is to be thought of its end at an instant.
    pub fn standing(&self, now: Timestamp) -> Standing {
        let Ok(validity) = &self.validity else { return Standing::Unknown };
        standing(validity, self.renewed(validity), now)
    }

    fn renewed(&self, validity: &Validity) -> Renewed {
        match self.renewer {
            Renewer::CertManager => {
                let lead = self.renewal_time.map(|at| validity.not_after.as_second() - at.as_second());
                Renewed::ByItself { lead }
            }
            Renewer::AutoHttps => Renewed::ByItself { lead: None },
            // kube-lego renews nothing any more: it speaks a protocol that was switched off.
            Renewer::KubeLego
            | Renewer::Person
            | Renewer::NobodySeen
            | Renewer::Operator
            | Renewer::Hidden(_) => Renewed::ByHand,
        }
    }

    /// The names that are certain: those that cert-manager says were issued as they were asked for.
    pub fn proven_names(&self) -> Option<&[String]> {
        (self.is_ready == Some(true)).then_some(&self.names)
    }
}

impl Kept {
    /// In which namespace, and what it is called there.
    pub fn place(&self) -> (Option<&str>, &str) {
        match self {
            Self::Secret { namespace, name } => (Some(namespace), name),
            Self::With(object) => (object.namespace.as_deref(), &object.name),
        }
    }

    /// What keeps it, in words.
    pub fn keeper(&self) -> &'static str {
        match self {
            Self::Secret { .. } => "Secret",
            Self::With(object) => match object.kind {
                Kind::Service => "the load balancer of Service",
                Kind::Ingress => "the controller of Ingress",
                Kind::Gateway => "the controller of Gateway",
                _ => "the pods of Deployment",
            },
        }
    }
}
