//! The certificates in the store of traefik's ACME client, `acme.json`. Keys are passed over while decoding.

use std::borrow::Cow;
use std::fmt;

use data_encoding::BASE64;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::{MOST_BYTES, MOST_CERTIFICATES, pem};
use crate::sighting::StoredChain;

/// The chains in the store of traefik 1.6 and later: one for each certificate, called by its resolver and main domain.
pub fn acme_json(bytes: &[u8]) -> Result<Vec<StoredChain>, &'static str> {
    if bytes.len() > MOST_BYTES {
        return Err("the store has more than 10 MB, and is not read");
    }
    let mut decoder = serde_json::Deserializer::from_slice(bytes);
    let entries = Level::Store
        .deserialize(&mut decoder)
        .map_err(|_| "the store is not written as traefik writes it")?;
    decoder.end().map_err(|_| "the store is not written as traefik writes it")?;
    entries.into_iter().map(chain).collect()
}

fn chain((resolver, entry): (Option<String>, Entry<'_>)) -> Result<StoredChain, &'static str> {
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
    Ok(StoredChain { alias: Some(alias), certificates: file.certificates, key_matches: None, trust: None })
}

/// One certificate; its key is a field that is not named here, so that no decoder copies it.
#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(alias = "Domain", borrow)]
    domain: Domain<'a>,
    #[serde(alias = "Certificate", borrow)]
    certificate: Cow<'a, str>,
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
                // The form of traefik before 1.6: to read past it would be to say that there is nothing.
                (Self::Store, "DomainsCertificate") => {
                    return Err(A::Error::custom("older than what is read"));
                }
                (Self::Store, name) => found.extend(map.next_value_seed(Self::Resolver(name.to_owned()))?),
                (Self::Resolver(_), _) => drop(map.next_value::<IgnoredAny>()?),
            }
            if found.len() > MOST_CERTIFICATES {
                return Err(A::Error::custom("too many certificates"));
            }
        }
        Ok(found)
    }
}
