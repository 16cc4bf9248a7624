//! Certificates as they were looked at outside the lists of the API: in Secrets that the configuration names, and in TLS connections.
//!
//! Both are off until an operator asks for them. What is kept is public: a certificate goes over the wire in clear, and nothing else leaves
//! the decoder of a Secret.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::gap::GapReason;
use crate::x509::Der;

/// Where certificates were looked at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Spot {
    /// A Secret that the configuration names.
    Secret {
        /// The namespace.
        namespace: String,
        /// The name.
        name: String,
    },
    /// A name of the cluster to the outside, that the configuration confirms.
    Endpoint {
        /// The name, in lower case; as DNS carries it (punycode).
        host: String,
        /// The port of HTTPS.
        port: u16,
    },
    /// The API server, as the client sees it.
    ApiServer,
}

/// What was seen there, or why nothing was.
pub type Sight = Result<Seen, Unsighted>;

/// Everything that was looked at, and what was seen there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sightings {
    /// What was seen, by where; in JSON a list of pairs.
    #[serde(with = "pairs")]
    pub spots: BTreeMap<Spot, Sight>,
    /// Whether Secrets are read at all: some are named in the configuration.
    pub reads_secrets: bool,
    /// Whether TLS connections are made at all: some names are confirmed in the configuration.
    pub connects: bool,
    /// When connections were made last, by whichever run of the program. It goes on while everything looks the same, so it is no part of
    /// what is compared.
    #[serde(skip)]
    pub looked_at: Option<Timestamp>,
    /// When connections were made that an earlier run of the program made: they are told until they are made anew.
    #[serde(skip)]
    pub recalled_from: Option<Timestamp>,
}

/// What was seen at a spot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Seen {
    /// The public part of a Secret.
    Secret(SecretSight),
    /// A TLS connection, and what was asked around it.
    Endpoint(Box<EndpointSight>),
    /// The certificates that the API server presented, its own first.
    ApiServer(Vec<Der>),
}

/// The public part of a Secret.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretSight {
    /// Its type: `kubernetes.io/tls`.
    pub kind: String,
    /// What its keys hold, by key; keys that hold no certificates are left out.
    pub entries: Vec<SecretEntry>,
}

/// The certificates under one key of a Secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretEntry {
    /// The key: `tls.crt`.
    pub key: String,
    /// How they are written.
    pub form: StoreForm,
    /// The chains in it, each with its own certificate first: one for PEM, one for each certificate of traefik's store and each alias of a
    /// keystore.
    pub chains: Vec<StoredChain>,
    /// What could not be read; the text is ours and holds nothing of the value.
    pub fault: Option<String>,
}

/// How certificates are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoreForm {
    /// PEM.
    Pem,
    /// Bare DER.
    Der,
    /// The JSON of traefik's ACME store.
    AcmeJson,
    /// PKCS#12.
    Pkcs12,
    /// A Java keystore.
    Jks,
}

/// One chain as it is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredChain {
    /// The alias in a keystore, or the resolver and main domain in traefik's store.
    pub alias: Option<String>,
    /// The certificates in the order in which they are written.
    pub certificates: Vec<Der>,
    /// Whether the private key beside it is the one of the first certificate; `None` where there is no key, or it cannot be compared.
    pub key_matches: Option<bool>,
    /// Whether browsers follow it to an authority they know, with what is in it; `None` where that was not tested.
    #[serde(default)]
    pub trust: Option<Trust>,
}

/// A TLS connection to a name, and what was asked around it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointSight {
    /// What the name was resolved to.
    pub dns: DnsSight,
    /// The address that was connected to: the first that answered.
    pub address: Option<IpAddr>,
    /// The handshake, or why there was none.
    pub handshake: Option<Handshake>,
    /// Why there was no handshake; empty where there was one.
    pub fault: Option<ConnectFault>,
    /// What stands on port 80.
    pub plain: PlainSight,
    /// Where the connection was made from.
    #[serde(default, skip_serializing_if = "Vantage::is_outside")]
    pub from: Vantage,
}

/// Where connections are made from. A network policy that confines a pod may reject what it forbids, as kube-router does (`REJECT`), and that
/// looks to the pod as if nobody listened.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Vantage {
    /// From a machine that is no pod.
    #[default]
    Outside,
    /// From a pod of the cluster itself.
    Pod {
        /// Its namespace.
        namespace: String,
    },
    /// From a pod of another cluster, or one whose namespace is not known.
    OtherPod,
}

impl Vantage {
    fn is_outside(&self) -> bool {
        *self == Self::Outside
    }
}

/// What a name was resolved to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DnsSight {
    /// The addresses, sorted.
    pub addresses: Vec<IpAddr>,
    /// Of addresses that are not connected to and are none of the cluster's own, what kind each is: whoever writes a name into an Ingress
    /// must not learn from here where an inner name server leads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withheld: Vec<AddressClass>,
    /// The names that aliases led through, in order, without the name itself and in lower case.
    pub aliases: Vec<String>,
    /// Why there are none.
    pub fault: Option<DnsFault>,
}

/// What kind of address it is that is not connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AddressClass {
    /// Of a private network (RFC 1918, RFC 6598, RFC 4193).
    Private,
    /// Of the machine itself.
    Loopback,
    /// Of the link, as the metadata services of clouds are.
    LinkLocal,
    /// Of any other special use: documentation, multicast, reserved.
    Special,
}

/// Why a name has no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DnsFault {
    /// The name does not exist.
    NoSuchName,
    /// The name exists and has neither IPv4 nor IPv6 addresses.
    NoAddress,
    /// The question was not answered.
    NoAnswer,
}

/// Why a connection was not made, or came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConnectFault {
    /// The name has no address.
    NoAddress,
    /// An address is not one that may be connected to, and the configuration does not list it.
    RefusedAddress,
    /// Nobody listens.
    Closed,
    /// Nobody listens at the addresses that were tried, and there are more.
    NotAllTried,
    /// Nobody answered in time.
    TimedOut,
    /// What answered does not speak TLS.
    NotTls,
    /// The server broke the handshake off.
    Alert,
    /// The connection broke.
    Broken,
}

/// A handshake that came as far as the certificates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handshake {
    /// The newest version that the server speaks.
    pub newest: TlsVersion,
    /// The oldest version that the server speaks; `None` where that was not found out.
    pub oldest: Option<TlsVersion>,
    /// Whether whoever answers has the key of the first certificate. Where only a greeting in an old version was answered nobody signed
    /// anything, and signatures of some keys cannot be checked: versions can be told then, and no certificates. Where it was not noted, it is
    /// not known.
    #[serde(default)]
    pub is_proven: bool,
    /// The certificates as they were presented, the server's own first; none where nobody proved to have their key.
    pub chain: Vec<Der>,
    /// Certificates that the name shows in turn with the first of the chain, as several servers behind one name do that do not hold the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub in_turn: Vec<Der>,
    /// Whether browsers follow the chain to an authority they know, whatever the names and the clock say.
    pub trust: Trust,
    /// The header Strict-Transport-Security of the answer over this connection.
    pub hsts: HstsSight,
}

/// Whether a server tells browsers to stay with HTTPS (RFC 6797).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HstsSight {
    /// It was not found out: nothing was answered.
    #[default]
    Unknown,
    /// The answer has no such header, or one that cannot be understood.
    NotSent,
    /// The answer has it.
    Sent {
        /// For how many seconds; 0 takes it back.
        max_age: i64,
    },
}

/// A version of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum TlsVersion {
    /// TLS 1.0.
    #[serde(rename = "1.0")]
    Tls10,
    /// TLS 1.1.
    #[serde(rename = "1.1")]
    Tls11,
    /// TLS 1.2.
    #[serde(rename = "1.2")]
    Tls12,
    /// TLS 1.3.
    #[serde(rename = "1.3")]
    Tls13,
}

/// Whether a chain leads to an authority that browsers know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trust {
    /// It does, with what the server presents.
    Public,
    /// It does not: the authority is not one that browsers know, or a link to it is missing.
    NotPublic,
}

/// What stands on port 80 of a name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlainSight {
    /// Nobody listens.
    Closed,
    /// It sends the browser to the same name over HTTPS, for good (301 or 308) or not.
    ToHttps {
        /// Whether it is for good.
        permanent: bool,
    },
    /// It answers in clear, or sends the browser somewhere else.
    Answers {
        /// The status.
        status: u16,
    },
    /// It was not found out.
    #[default]
    Unknown,
}

/// Why nothing was seen at a spot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unsighted {
    /// The API server refused, or failed.
    Gap(GapReason),
    /// There is no such Secret.
    Absent,
    /// The name is in the configuration, and nothing in the cluster serves it; nothing was connected to.
    NotOfCluster,
    /// It has not been looked at yet.
    NotYet,
}

/// A map whose keys are no text, as a list of pairs.
mod pairs {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serializer};

    use super::{Sight, Spot};

    pub(super) fn serialize<S: Serializer>(
        spots: &BTreeMap<Spot, Sight>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(spots)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<Spot, Sight>, D::Error> {
        Ok(Vec::<(Spot, Sight)>::deserialize(deserializer)?.into_iter().collect())
    }
}

impl Sightings {
    /// What was seen in a Secret; `None` where it is not one that the configuration names.
    pub fn secret(&self, namespace: &str, name: &str) -> Option<Result<&SecretSight, &Unsighted>> {
        let spot = Spot::Secret { namespace: namespace.to_owned(), name: name.to_owned() };
        match self.spots.get(&spot)? {
            Ok(Seen::Secret(sight)) => Some(Ok(sight)),
            Ok(_) => None,
            Err(why) => Some(Err(why)),
        }
    }

    /// What was seen in connections, by name and port.
    pub fn connections(&self) -> impl Iterator<Item = (&str, u16, Result<&EndpointSight, &Unsighted>)> {
        self.spots.iter().filter_map(|(spot, sight)| match (spot, sight) {
            (Spot::Endpoint { host, port }, Ok(Seen::Endpoint(sight))) => {
                Some((host.as_str(), *port, Ok(&**sight)))
            }
            (Spot::Endpoint { host, port }, Err(why)) => Some((host.as_str(), *port, Err(why))),
            _ => None,
        })
    }

    /// Whether the same was seen, whenever it was looked at.
    pub fn says_the_same(&self, other: &Self) -> bool {
        self.spots == other.spots
            && (self.reads_secrets, self.connects, self.recalled_from)
                == (other.reads_secrets, other.connects, other.recalled_from)
    }
}

impl EndpointSight {
    /// The handshake, where whoever answers proved to have the key of the first certificate.
    pub fn proven(&self) -> Option<&Handshake> {
        self.handshake.as_ref().filter(|handshake| handshake.is_proven)
    }
}

impl fmt::Display for Unsighted {
    /// A clause: what kept it from being seen, with what would help.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gap(GapReason::Forbidden) => f.write_str(
                "the API server refused what it takes: for a Secret the right to get it by its name; for a name the right to list what serves it, and nodes, pods \
                 and Services, whose addresses are never connected to",
            ),
            Self::Gap(GapReason::Failed(what)) => write!(f, "it could not be read: {what}"),
            Self::Gap(_) => f.write_str("the API server did not answer for it"),
            Self::Absent => f.write_str("there is no such Secret"),
            Self::NotOfCluster => {
                f.write_str("nothing in the cluster serves this name, so nothing was connected to")
            }
            Self::NotYet => f.write_str("it was not looked at yet"),
        }
    }
}

impl fmt::Display for AddressClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Private => "a private address",
            Self::Loopback => "a loopback address",
            Self::LinkLocal => "a link-local address",
            Self::Special => "an address of special use",
        })
    }
}

impl fmt::Display for TlsVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tls10 => "TLS 1.0",
            Self::Tls11 => "TLS 1.1",
            Self::Tls12 => "TLS 1.2",
            Self::Tls13 => "TLS 1.3",
        })
    }
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret { namespace, name } => write!(f, "Secret {name} in namespace {namespace}"),
            Self::Endpoint { host, port } => write!(f, "{host}:{port}"),
            Self::ApiServer => f.write_str("the API server"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_survives_json() {
        let secret = Spot::Secret { namespace: "jhub".into(), name: "tls".into() };
        let endpoint = Spot::Endpoint { host: "hub.example.org".into(), port: 443 };
        let sight = SecretSight { kind: "kubernetes.io/tls".into(), entries: Vec::new() };
        let spots = BTreeMap::from([
            (secret, Ok(Seen::Secret(sight))),
            (endpoint, Ok(Seen::Endpoint(Box::default()))),
            (Spot::ApiServer, Ok(Seen::ApiServer(vec![Der::new(*b"\x30\x00")]))),
        ]);
        let all = Sightings { spots, reads_secrets: true, connects: true, ..Sightings::default() };
        let json = serde_json::to_string(&all).unwrap();
        assert_eq!(serde_json::from_str::<Sightings>(&json).unwrap(), all);
    }
}
