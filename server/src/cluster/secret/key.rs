//! Whether a private key is the one of a certificate. Nothing of the key leaves this file but the answer.

use posture::x509::{self, Der, Fingerprint, KeyForm};
use rustls::crypto::ring::sign::any_eddsa_type;
use rustls::pki_types::PrivatePkcs8KeyDer;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::value::decode;

/// Whether the first private key in a PEM file is that of a certificate; `None` where there is none, or it cannot be compared.
pub(super) fn matches(pem: &[u8], certificate: &Der) -> Option<bool> {
    let (form, bytes) = private_key(pem)?;
    x509::key_matches(form, &bytes, certificate).or_else(|| derived_matches(form, &bytes, certificate))
}

/// The same of a key of Ed25519 that is written without its public part, as is usual: only the library derives that, and it keeps what it
/// derives it from in memory that is not emptied. It takes no other key, and looks at what kind it is before anything else.
fn derived_matches(form: KeyForm, private: &[u8], certificate: &Der) -> Option<bool> {
    if form != KeyForm::Pkcs8 {
        return None;
    }
    let key = any_eddsa_type(&PrivatePkcs8KeyDer::from(private)).ok()?;
    let public = key.public_key()?;
    let certified = x509::read(certificate).ok()?.key.fingerprint;
    Some(certified == Fingerprint(Sha256::digest(&*public).into()))
}

/// The same of a PEM file in Base64.
pub(super) fn matches_base64(key: &str, certificate: &Der) -> Option<bool> {
    matches(&decode(key.as_bytes())?, certificate)
}

/// The first private key of a PEM file; one that is protected by a password is none.
fn private_key(pem: &[u8]) -> Option<(KeyForm, Zeroizing<Vec<u8>>)> {
    let labels = [
        (KeyForm::Pkcs8, &b"-----BEGIN PRIVATE KEY-----"[..]),
        (KeyForm::Pkcs1, b"-----BEGIN RSA PRIVATE KEY-----"),
        (KeyForm::Sec1, b"-----BEGIN EC PRIVATE KEY-----"),
    ];
    let found = labels.iter().filter_map(|(kind, label)| {
        let at = pem.windows(label.len()).position(|window| window == *label)?;
        Some((at, *kind, at + label.len()))
    });
    let (_, kind, start) = found.min_by_key(|(at, ..)| *at)?;
    let text = pem.get(start..)?;
    let length = text.iter().position(|byte| *byte == b'-')?;
    let mut digits = Zeroizing::new(Vec::with_capacity(length));
    digits.extend(text[..length].iter().filter(|byte| !byte.is_ascii_whitespace()));
    Some((kind, decode(&digits)?))
}
