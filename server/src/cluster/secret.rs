//! Reads one Secret, and lets nothing of it out but its certificates.
//!
//! The answer and what is decoded of it stand in memory that is emptied afterwards; no value is part of an error or a log. `SECURITY.md` says what
//! libraries leave behind.

mod key;
pub(super) mod value;

use std::collections::BTreeMap;

use posture::gap::GapReason;
use posture::sighting::{SecretEntry, SecretSight, Seen, Sight, StoreForm, StoredChain, Unsighted};
use posture::x509::{self, Der, PemFault};
use serde::Deserialize;

use super::error::ApiError;
use super::path::ResourcePath;
use super::source::Source;
use value::Value;

/// The longest type of a Secret that is kept; it is free text.
const KIND: usize = 253;

/// How many keystores of one Secret are opened: each may ask for a second of work for its password.
const KEYSTORES: usize = 8;

/// Looks at one Secret with `get`.
pub async fn look(source: &Source, namespace: &str, name: &str) -> Sight {
    let path = ResourcePath::secrets(namespace);
    match source.private_object(&path, name).await {
        Ok(body) => {
            // Opening keystores is work, and nobody else should wait for it.
            let decoded = tokio::task::spawn_blocking(move || decode(&body)).await;
            let decoded = decoded.unwrap_or(Err("decoding it failed"));
            decoded.map(Seen::Secret).map_err(|why| failed(why.to_owned()))
        }
        Err(ApiError::NotFound) => Err(Unsighted::Absent),
        Err(ApiError::Forbidden) => Err(Unsighted::Gap(GapReason::Forbidden)),
        Err(error) => Err(failed(error.to_string())),
    }
}

fn failed(why: String) -> Unsighted {
    Unsighted::Gap(GapReason::Failed(why))
}

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(rename = "type", default, borrow)]
    kind: std::borrow::Cow<'a, str>,
    #[serde(default)]
    data: Option<BTreeMap<String, Value>>,
}

/// The public part of a Secret, from the JSON of the API server.
///
/// # Errors
/// If it is not the JSON of a Secret. The text is ours: that of the decoder may quote a value.
pub fn decode(body: &[u8]) -> Result<SecretSight, &'static str> {
    let body: Body<'_> = serde_json::from_slice(body)
        .map_err(|_| "the API server's answer is not a Secret that can be understood")?;
    let data = body.data.unwrap_or_default();
    let mut left = KEYSTORES;
    let entries =
        data.iter().filter_map(|(name, value)| entry(name, value.bytes(), &data, &mut left)).collect();
    Ok(SecretSight { kind: body.kind.chars().take(KIND).collect(), entries })
}

/// What stands under one key; `None` where that is no certificate.
fn entry(name: &str, value: &[u8], data: &BTreeMap<String, Value>, left: &mut usize) -> Option<SecretEntry> {
    let of = |form, chains, fault| Some(SecretEntry { key: name.to_owned(), form, chains, fault });
    if let Some(form) = keystore_form(name, value) {
        let read = match left.checked_sub(1) {
            Some(less) => {
                *left = less;
                keystore(form, value, data)
            }
            None => Err("the Secret holds more than 8 keystores, and this one is not read"),
        };
        return match read {
            Ok(chains) => of(form, chains, None),
            Err(why) => of(form, Vec::new(), Some(why.to_owned())),
        };
    }
    let is_expected = matches!(name, "tls.crt" | "ca.crt");
    if holds(value, b"-----BEGIN ") && holds(value, b"CERTIFICATE-----") {
        let mut file = x509::pem(value);
        // The first block is the server's own certificate: where that is broken, the next must not be taken for it.
        if name != "ca.crt" && file.faults.iter().any(PemFault::is_of_first) {
            file.certificates.clear();
        }
        let fault = file.faults.first().map(ToString::to_string);
        return of(StoreForm::Pem, chain(file.certificates, name, value, data), fault);
    }
    let may_be_der = is_expected || has_ending(name, &["der", "cer", "crt"]);
    // It is copied only once it is known to be a certificate.
    if may_be_der && x509::read_bytes(value).is_ok() {
        return of(StoreForm::Der, chain(vec![Der::new(value)], name, value, data), None);
    }
    // Issuers without an authority of their own leave its key empty.
    if name == "ca.crt" && value.is_empty() {
        return None;
    }
    // An empty one is what waits for its issuer.
    let fault = if value.is_empty() { "it is empty" } else { "it holds no certificate" };
    if is_expected { of(StoreForm::Pem, Vec::new(), Some(fault.to_owned())) } else { None }
}

/// How a file is written that holds several chains, each with its key; `None` where it is no such file.
fn keystore_form(name: &str, value: &[u8]) -> Option<StoreForm> {
    let is_java =
        [[0xfe, 0xed, 0xfe, 0xed], [0xce, 0xce, 0xce, 0xce]].iter().any(|magic| value.starts_with(magic));
    if name == "acme.json" {
        Some(StoreForm::AcmeJson)
    } else if is_java || has_ending(name, &["jks"]) {
        Some(StoreForm::Jks)
    } else if has_ending(name, &["p12", "pfx"]) {
        Some(StoreForm::Pkcs12)
    } else {
        None
    }
}

/// The chains of such a file.
fn keystore(
    form: StoreForm,
    value: &[u8],
    data: &BTreeMap<String, Value>,
) -> Result<Vec<StoredChain>, &'static str> {
    match form {
        StoreForm::AcmeJson => x509::acme_json_with_keys(value, key::matches_base64),
        StoreForm::Jks => x509::jks(value),
        StoreForm::Pkcs12 => x509::pkcs12(value, &passwords(data)),
        StoreForm::Pem | StoreForm::Der => Ok(Vec::new()),
    }
}

/// The passwords that may open a keystore: none, the usual one, and what stands beside it under the key of a password.
fn passwords(data: &BTreeMap<String, Value>) -> Vec<&str> {
    let named = data.iter().filter(|(name, _)| *name == "password" || name.ends_with("-password"));
    let beside = named.filter_map(|(_, value)| std::str::from_utf8(value.bytes()).ok());
    ["", "changeit"]
        .into_iter()
        .chain(beside.map(|password| password.trim_end_matches(['\r', '\n'])))
        .collect()
}

/// One chain with the word on its key, where there is one.
fn chain(
    certificates: Vec<Der>,
    name: &str,
    value: &[u8],
    data: &BTreeMap<String, Value>,
) -> Vec<StoredChain> {
    let Some(first) = certificates.first() else { return Vec::new() };
    let beside = name.rsplit_once('.').map(|(stem, _)| format!("{stem}.key"));
    let key = beside.and_then(|beside| data.get(&beside)).map_or(value, Value::bytes);
    let key_matches = key::matches(key, first);
    vec![StoredChain { alias: None, certificates, key_matches, trust: None }]
}

fn has_ending(name: &str, endings: &[&str]) -> bool {
    name.rsplit_once('.')
        .is_some_and(|(_, end)| endings.iter().any(|ending| ending.eq_ignore_ascii_case(end)))
}

fn holds(text: &[u8], needle: &[u8]) -> bool {
    text.windows(needle.len()).any(|window| window == needle)
}

#[cfg(test)]
mod tests;
