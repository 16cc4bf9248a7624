//! One X.509 certificate (RFC 5280): what is read of it, and how it is read.

mod acme;
mod chain;
mod der;
mod extension;
mod instant;
pub mod invariants;
mod jks;
mod key;
mod name;
mod pem;
mod pkcs12;
mod private;
mod read;
mod tlv;

use std::fmt;
use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use acme::{acme_json, acme_json_with_keys};
pub use chain::{Chain, End, Weakest, chain};
pub use der::Der;
pub use instant::is_never;
pub use jks::jks;
pub use pem::{MOST_BYTES, MOST_CERTIFICATES, PemFault, PemFile, pem};
pub use pkcs12::pkcs12;
pub use private::{KeyForm, key_matches};
pub use read::{read, read_bytes};

/// What is read of a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct X509 {
    /// The SHA-256 of the whole certificate.
    pub fingerprint: Fingerprint,
    /// The serial number in hexadecimal, without a leading zero byte; with `-` where it is negative, which RFC 5280 forbids.
    pub serial: String,
    /// The subject, in the form of RFC 4514: `CN=hub.example.org,O=Example`. Hostile text.
    pub subject: String,
    /// The common name of the subject.
    pub common_name: Option<String>,
    /// The issuer, in the same form.
    pub issuer: String,
    /// The common name of the issuer, else its organisation.
    pub issuer_name: Option<String>,
    /// The SHA-256 of the subject's encoding: the issuer of another certificate is this one only if these are equal.
    pub subject_hash: Fingerprint,
    /// The SHA-256 of the issuer's encoding.
    pub issuer_hash: Fingerprint,
    /// From when it holds.
    pub not_before: Timestamp,
    /// Until when it holds, this instant included.
    pub not_after: Timestamp,
    /// The names it is for: the subject alternative names.
    pub names: Vec<AltName>,
    /// The key that it certifies.
    pub key: PublicKey,
    /// What it is signed with.
    pub signature: Signature,
    /// Whether it may issue others.
    pub is_authority: bool,
    /// How many authorities may stand below it, where it says so.
    pub path_length: Option<u32>,
    /// The subject key identifier in hexadecimal.
    pub subject_key_id: Option<String>,
    /// The authority key identifier in hexadecimal.
    pub authority_key_id: Option<String>,
}

/// A SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Fingerprint(pub [u8; 32]);

/// A subject alternative name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AltName {
    /// A DNS name, as it stands there.
    Dns(String),
    /// An address.
    Ip(IpAddr),
    /// Something else, by the word OpenSSL has for it: `email`, `URI`, `DirName`.
    Other(String),
}

/// The key that a certificate certifies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicKey {
    /// What it is.
    pub algorithm: KeyAlgorithm,
    /// The SHA-256 of the encoded `SubjectPublicKeyInfo`: two keys are equal if these are.
    pub fingerprint: Fingerprint,
}

/// A kind of public key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyAlgorithm {
    /// RSA, with the length of the modulus in bits.
    Rsa(u32),
    /// An elliptic curve, by its NIST or own name: `P-256`.
    Ec(String),
    /// Ed25519.
    Ed25519,
    /// Ed448.
    Ed448,
    /// Another one, by its object identifier.
    Other(String),
}

/// What a certificate is signed with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// The name, as OpenSSL has it: `sha256WithRSAEncryption`; for an unknown one the object identifier.
    pub algorithm: String,
    /// Whether its hash is broken: MD2, MD5 or SHA-1.
    pub is_broken: bool,
}

/// Why a certificate cannot be read; never the text of a library.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub &'static str);

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa(bits) => write!(f, "RSA {bits}"),
            Self::Ec(curve) => write!(f, "ECDSA {curve}"),
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::Ed448 => f.write_str("Ed448"),
            Self::Other(identifier) => write!(f, "key of algorithm {identifier}"),
        }
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

impl X509 {
    /// The names and addresses of hosts that it is for, as text; what stands in the common name alone counts for no browser.
    pub fn host_names(&self) -> Vec<String> {
        let names = self.names.iter().filter_map(|name| match name {
            AltName::Dns(name) => Some(name.clone()),
            AltName::Ip(address) => Some(address.to_string()),
            AltName::Other(_) => None,
        });
        names.collect()
    }

    /// Whether the names of its issuer and its subject are the same, as those of a root are.
    pub fn is_self_issued(&self) -> bool {
        self.subject_hash == self.issuer_hash
    }
}
