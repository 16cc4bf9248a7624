//! Whether a private key is the one of a certificate. Nothing of the key leaves this file but the answer.

use posture::x509::{self, Der, Fingerprint};
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::value::decode;

/// Whether the first private key in a PEM file is that of a certificate; `None` where there is none, or it cannot be compared.
pub(super) fn matches(pem: &[u8], certificate: &Der) -> Option<bool> {
    let (kind, bytes) = private_key(pem)?;
    let key = match kind {
        Kind::Pkcs8 => PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(bytes.as_slice())),
        Kind::Pkcs1 => PrivateKeyDer::Pkcs1(PrivatePkcs1KeyDer::from(bytes.as_slice())),
        Kind::Sec1 => PrivateKeyDer::Sec1(PrivateSec1KeyDer::from(bytes.as_slice())),
    };
    let key = any_supported_type(&key).ok()?;
    let public = key.public_key()?;
    let public: &[u8] = public.as_ref();
    let certified = x509::read(certificate).ok()?.key.fingerprint;
    if certified == Fingerprint(Sha256::digest(public).into()) {
        return Some(true);
    }
    // The same key may be written in more than one way.
    let (core, is_point) = core(public)?;
    let is_in = |part: &[u8]| certificate.bytes().windows(part.len()).any(|window| window == part);
    match is_in(core) {
        true => Some(true),
        // A point of a curve may be written by its first half and a sign.
        false if is_point && is_in(&core[..core.len() / 2]) => None,
        false => Some(false),
    }
}

/// The same of a PEM file in Base64.
pub(super) fn matches_base64(key: &str, certificate: &Der) -> Option<bool> {
    matches(&decode(key.as_bytes())?, certificate)
}

/// The part of a public key that is the same however it is written, and whether that is a point of a curve.
fn core(public: &[u8]) -> Option<(&[u8], bool)> {
    match public.len() {
        // Ed25519; P-256; P-384.
        44 => Some((public.get(12..)?, false)),
        91 => Some((public.get(27..)?, true)),
        120 => Some((public.get(24..)?, true)),
        // RSA: the modulus and the exponent, behind the headers.
        length if length > 256 => Some((public.get(24..)?, false)),
        _ => None,
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Pkcs8,
    Pkcs1,
    Sec1,
}

/// The first private key of a PEM file; one that is protected by a password is none.
fn private_key(pem: &[u8]) -> Option<(Kind, Zeroizing<Vec<u8>>)> {
    let labels = [
        (Kind::Pkcs8, &b"-----BEGIN PRIVATE KEY-----"[..]),
        (Kind::Pkcs1, b"-----BEGIN RSA PRIVATE KEY-----"),
        (Kind::Sec1, b"-----BEGIN EC PRIVATE KEY-----"),
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
