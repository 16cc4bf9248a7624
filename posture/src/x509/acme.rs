//! The certificates in the store of traefik's ACME client, `acme.json`. Keys are lent to whoever compares them, and never copied here.

use std::borrow::Cow;
use std::fmt;

use data_encoding::BASE64;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::{Der, MOST_BYTES, MOST_CERTIFICATES, pem};
use crate::sighting::StoredChain;

/// The chains in a store: one for each certificate, called by its resolver and main domain.
pub fn acme_json(bytes: &[u8]) -> Result<Vec<StoredChain>, &'static str> {
    acme_json_with_keys(bytes, |_, _| None)
}

/// The same; `matches` is lent each private key as it is written, in Base64, with the certificate beside it, and says whether it is its own.
pub fn acme_json_with_keys(
    bytes: &[u8],
    matches: impl Fn(&str, &Der) -> Option<bool>,
) -> Result<Vec<StoredChain>, &'static str> {
    if bytes.len() > MOST_BYTES {
        return Err("the store has more than 10 MB, and is not read");
    }
    let mut decoder = serde_json::Deserializer::from_slice(bytes);
    let entries = Level::Store
        .deserialize(&mut decoder)
        .map_err(|_| "the store is not written as traefik writes it")?;
    decoder.end().map_err(|_| "the store is not written as traefik writes it")?;
    entries.into_iter().map(|found| chain(found, &matches)).collect()
}

fn chain(
    (resolver, entry): (Option<String>, Entry<'_>),
    matches: &impl Fn(&str, &Der) -> Option<bool>,
) -> Result<StoredChain, &'static str> {
    let text = BASE64
        .decode(entry.certificate.as_bytes())
        .map_err(|_| "a certificate in the store is not Base64")?;
    let file = pem(&text);
    if file.certificates.is_empty() || !file.faults.is_empty() {
        return Err("a certificate in the store cannot be read");
    }
    let alias = match resolver {
        Some(resolver) => format!("{resolver}: {}", entry.domain.main),
        None => entry.domain.main.into_owned(),
    };
    let key_matches = entry.key.0.and_then(|key| matches(key, file.certificates.first()?));
    Ok(StoredChain { alias: Some(alias), certificates: file.certificates, key_matches, trust: None })
}

/// One certificate with its key.
#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(alias = "Domain", borrow)]
    domain: Domain<'a>,
    #[serde(alias = "Certificate", borrow)]
    certificate: Cow<'a, str>,
    #[serde(alias = "Key", borrow, default)]
    key: Key<'a>,
}

/// A private key where it stands in the bytes of the file. One that would have to be copied to be read, as an escape in it does, is none.
#[derive(Default)]
struct Key<'a>(Option<&'a str>);

impl<'de: 'a, 'a> Deserialize<'de> for Key<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Lent)
    }
}

struct Lent;

impl<'de> Visitor<'de> for Lent {
    type Value = Key<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Key(Some(text)))
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Key(None))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Key(None))
    }
}

/// What traefik kept before 1.6.
#[derive(Deserialize)]
struct Older<'a> {
    #[serde(rename = "Certs", borrow, default)]
    certificates: Option<Vec<OlderEntry<'a>>>,
}

#[derive(Deserialize)]
struct OlderEntry<'a> {
    #[serde(rename = "Domains", borrow)]
    domain: Domain<'a>,
    #[serde(rename = "Certificate", borrow)]
    held: OlderHeld<'a>,
}

#[derive(Deserialize)]
struct OlderHeld<'a> {
    #[serde(rename = "Certificate", borrow)]
    certificate: Cow<'a, str>,
    #[serde(rename = "PrivateKey", borrow, default)]
    key: Key<'a>,
}

impl<'a> From<OlderEntry<'a>> for Entry<'a> {
    fn from(OlderEntry { domain, held }: OlderEntry<'a>) -> Self {
        Self { domain, certificate: held.certificate, key: held.key }
    }
}

#[derive(Deserialize)]
struct Domain<'a> {
    #[serde(alias = "Main", borrow)]
    main: Cow<'a, str>,
}

/// A resolver, and a certificate that it got.
type Found<'a> = Vec<(Option<String>, Entry<'a>)>;

/// Where in the store: traefik 1 lists certificates at the top, traefik 2 and later below each resolver.
enum Level {
    Store,
    Resolver(String),
}

impl<'de> DeserializeSeed<'de> for Level {
    type Value = Found<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        // An account of traefik 1 stands where later ones have a resolver, and may be null.
        deserializer.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for Level {
    type Value = Found<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a store or a resolver")
    }

    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = Vec::new();
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            match (&self, key.as_ref()) {
                (_, "Certificates") => {
                    let entries = map.next_value::<Option<Vec<Entry<'de>>>>()?.unwrap_or_default();
                    let resolver = match &self {
                        Self::Store => None,
                        Self::Resolver(name) => Some(name.clone()),
                    };
                    found.extend(entries.into_iter().map(|entry| (resolver.clone(), entry)));
                }
                (Self::Store, "DomainsCertificate") => {
                    let older = map.next_value::<Option<Older<'de>>>()?;
                    let entries = older.and_then(|older| older.certificates).unwrap_or_default();
                    found.extend(entries.into_iter().map(|entry| (None, entry.into())));
                }
                // What an account and its proofs were before 1.6, at the top, and what else a resolver holds.
                (
                    Self::Store,
                    "Email" | "Registration" | "PrivateKey" | "ChallengeCerts" | "HTTPChallenge",
                )
                | (Self::Resolver(_), _) => {
                    map.next_value::<IgnoredAny>()?;
                }
                (Self::Store, name) => found.extend(map.next_value_seed(Self::Resolver(name.to_owned()))?),
            }
            if found.len() > MOST_CERTIFICATES {
                return Err(A::Error::custom("too many certificates"));
            }
        }
        Ok(found)
    }
}
