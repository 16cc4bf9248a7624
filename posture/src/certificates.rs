//! Certificates: each as one thing, with every place it was seen at.

mod authorities;
mod collect;
mod flaw;
pub mod hosts;
mod sighted;
mod standing;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use flaw::Flaw;
pub use sighted::found_in;
pub use standing::{Renewed, Standing, Thresholds, standing};

use crate::gap::Gap;
use crate::hub::HubKey;
use crate::kind::Kind;
use crate::object::ObjectRef;
use crate::sighting::{Spot, TlsVersion, Trust, Unsighted};
use crate::x509::{Fingerprint, X509};

/// Everything that a snapshot shows of certificates. Nothing in it follows the clock.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateTable {
    /// The certificates, by where they are kept.
    pub certificates: Vec<Certificate>,
    /// Names under which something is served that no certificate is for.
    pub uncovered: Vec<Uncovered>,
    /// What may hide more.
    pub gaps: Vec<Gap>,
    /// What is looked at beside the lists of the API.
    #[serde(default)]
    pub tiers: Tiers,
    /// What was to be looked at and could not be.
    #[serde(default)]
    pub missed: Vec<Missed>,
    /// Names that were connected to and showed no certificate.
    #[serde(default)]
    pub silent: Vec<Silent>,
}

/// What is looked at beside the lists of the API.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tiers {
    /// Whether Secrets are read: some are named in the configuration.
    pub secrets: bool,
    /// Whether TLS connections are made: some names are confirmed in the configuration.
    pub connections: bool,
    /// When the connections were made that are told, where an earlier run of the program made them and none were made since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recalled_from: Option<Timestamp>,
}

/// Something that was to be looked at and could not be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missed {
    /// What it is.
    pub spot: Spot,
    /// Why.
    pub why: Unsighted,
}

/// A name that was connected to and showed no certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silent {
    /// The name.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Why, as a clause.
    pub why: String,
}

/// One certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// Where it is kept.
    pub kept: Kept,
    /// Which of several there: the key of a Secret or a ConfigMap, with the alias in it; a field of an object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// What it is for.
    #[serde(default)]
    pub purpose: Purpose,
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
    /// What stands in it, where it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<Box<Read>>,
    /// Every place where it, or what is said of it, was seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seen: Vec<Place>,
    /// Why what is kept could not be looked at, although the configuration asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed: Option<Unsighted>,
    /// The connections in which it should have been presented, and was or was not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub served: Vec<Served>,
}

/// What a certificate is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// A server proves with it who it is.
    #[default]
    Server,
    /// Clients trust what is signed with it.
    Authority,
}

/// A certificate that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Read {
    /// What stands in it.
    pub certificate: X509,
    /// The certificates beside it, in the order in which they are written or presented.
    pub chain: Vec<X509>,
    /// How many of those beside it could not be understood.
    #[serde(default)]
    pub unreadable: usize,
    /// Whether the private key beside it is its own; `None` where there is none, or it cannot be compared.
    pub key_matches: Option<bool>,
    /// Whether it stands in a keystore, whose private keys are encrypted and never opened.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_in_keystore: bool,
    /// Whether browsers follow it to an authority they know; `None` where nobody connected.
    pub trust: Option<Trust>,
}

/// A place where a certificate was seen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// The status of a Certificate of cert-manager.
    CertManager {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// A key of a Secret.
    Secret {
        /// The namespace.
        namespace: String,
        /// The name.
        name: String,
        /// The key.
        key: String,
    },
    /// A TLS connection to a name.
    Endpoint {
        /// The name.
        host: String,
        /// The port.
        port: u16,
    },
    /// The connection to the API server.
    ApiServer,
    /// A bundle of authorities in a field of an object, or under a key of a ConfigMap.
    Bundle {
        /// The object.
        object: ObjectRef,
        /// The field or the key.
        path: String,
    },
}

/// A connection in which a certificate should have been presented.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Served {
    /// The name that was connected to.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Whether it was this one; `None` where that cannot be told.
    pub is_same: Option<bool>,
    /// Until when the one holds that was presented.
    pub not_after: Timestamp,
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
    /// Whether it is one that this certificate should have replaced: older, and by all signs presented by what this one is kept for.
    #[serde(default)]
    pub is_stale: bool,
    /// How many others the name presents in turn with that one.
    #[serde(default)]
    pub others: usize,
    /// The newest version of TLS that was agreed to.
    pub version: TlsVersion,
    /// When that was, where it is told from an earlier run of the program and was not looked at since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_at: Option<Timestamp>,
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
    /// Where only a connection shows it.
    Endpoint {
        /// The name that was connected to.
        host: String,
        /// The port.
        port: u16,
    },
    /// With the API server.
    ApiServer,
    /// In an object that tells clients whom to trust: a webhook configuration, an APIService, a ConfigMap.
    Bundle(ObjectRef),
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
    /// It was to be looked at and could not be.
    Missed(Unsighted),
    /// The store in the Secret holds no certificate for these names.
    NotInStore,
    /// It was looked at and could not be understood, for this reason.
    Unreadable(String),
}

impl Unseen {
    /// The reason as a sentence, with what would show it.
    pub fn sentence(&self) -> String {
        match self {
            Self::InSecret => {
                "It stands in a Secret that Perijove does not read. Naming the Secret under `certificates.secrets`, or one of its names under `certificates.hosts`, would show it."
                    .to_owned()
            }
            Self::Elsewhere => {
                "No object of the cluster holds it. A TLS connection to one of its names, confirmed under `certificates.hosts`, would show it.".to_owned()
            }
            Self::NoStatus => {
                "The status of its Certificate names no end. Either cert-manager has not issued it yet, or the status was not there to be read."
                    .to_owned()
            }
            Self::Hidden(gap) => {
                format!("A Certificate of cert-manager may say it, but {gap}. Needed: {}.", gap.permission())
            }
            Self::NotInStore => "The store in the Secret holds no certificate for this name.".to_owned(),
            Self::Missed(why) => format!("It was to be looked at, but {why}."),
            Self::Unreadable(why) => format!("It was looked at and cannot be understood: {why}."),
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
    /// Whoever runs the load balancer, the controller, or whatever else keeps it.
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

    /// From when on it counts as late and as running out; `None` where it is not known how long it holds in all.
    pub fn thresholds(&self) -> Option<Thresholds> {
        let validity = self.validity.as_ref().ok()?;
        Some(Thresholds::new(validity.lifetime()?, self.renewed(validity)))
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

    /// The names that are certain: those that stand in it, or that cert-manager says were issued as they were asked for.
    pub fn proven_names(&self) -> Option<&[String]> {
        (self.read.is_some() || self.is_ready == Some(true)).then_some(&self.names)
    }

    /// Whether what is kept is known, and not only what a connection showed.
    pub fn is_kept_known(&self) -> bool {
        let is_read = self.seen.iter().any(|place| matches!(place, Place::Secret { .. }));
        self.validity.is_ok() && (is_read || self.resource.is_some())
    }

    /// The hubs that are reached by it.
    pub fn hubs(&self) -> impl Iterator<Item = &HubKey> {
        self.uses.iter().flat_map(|used| &used.hubs)
    }

    /// What tells it apart from all others of a cluster, the same after a renewal: for addresses.
    pub fn key(&self) -> String {
        let entry = self.entry.as_deref().map(|entry| format!("/{entry}")).unwrap_or_default();
        let resource = self.resource.as_deref().map(|name| format!("/of-{name}")).unwrap_or_default();
        format!("{}{resource}{entry}", self.kept.key())
    }
}

impl Kept {
    /// In which namespace, and what it is called there.
    pub fn place(&self) -> (Option<&str>, &str) {
        match self {
            Self::Secret { namespace, name } => (Some(namespace), name),
            Self::With(object) | Self::Bundle(object) => (object.namespace.as_deref(), &object.name),
            Self::Endpoint { host, .. } => (None, host),
            Self::ApiServer => (None, "kubernetes"),
        }
    }

    fn key(&self) -> String {
        let of = |object: &ObjectRef| {
            let namespace = object.namespace.as_deref().map(|name| format!("{name}/")).unwrap_or_default();
            format!("{}/{namespace}{}", object.kind.info().plural, object.name)
        };
        match self {
            Self::Secret { namespace, name } => format!("secrets/{namespace}/{name}"),
            Self::With(object) | Self::Bundle(object) => of(object),
            Self::Endpoint { host, port } => format!("endpoints/{host}/{port}"),
            Self::ApiServer => "api-server".to_owned(),
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
            Self::Endpoint { .. } => "whatever answers at",
            Self::ApiServer => "the API server of",
            Self::Bundle(object) => object.kind.info().name,
        }
    }
}
