//! What must hold of certificates and keystores, whatever their bytes are: each function panics where it does not. Fuzzers and tests run them.

use super::{Der, MOST_CERTIFICATES, X509, acme_json, chain, jks, read};
use crate::sighting::StoredChain;

/// One certificate. What can be read is exactly that many bytes, and its texts hold no control characters.
///
/// # Panics
/// If an invariant is broken.
pub fn der(bytes: &[u8]) {
    let Ok(found) = read(&Der::new(bytes)) else { return };
    assert!(read(&Der::new([bytes, &[0]].concat())).is_err());
    assert!(read(&Der::new(&bytes[..bytes.len() - 1])).is_err());
    assert!(!found.subject.contains(|one: char| one.is_ascii_control()));
    assert!(!found.issuer.contains(|one: char| one.is_ascii_control()));
    assert!(!found.serial.is_empty());
}

/// A file of PEM, and the chain in it.
///
/// # Panics
/// If an invariant is broken.
pub fn pem(bytes: &[u8]) {
    let file = super::pem(bytes);
    assert!(file.certificates.len() + file.faults.len() <= MOST_CERTIFICATES + 1);
    let certificates: Vec<X509> = file.certificates.iter().map(readable).collect();
    let said = chain(&certificates);
    assert_eq!(said.path.len() + said.superfluous.len(), certificates.len());
}

/// A keystore of PKCS#12, with a password.
///
/// # Panics
/// If an invariant is broken.
pub fn pkcs12(bytes: &[u8]) {
    stored(super::pkcs12(bytes, &["", "changeit"]));
}

/// A Java keystore.
///
/// # Panics
/// If an invariant is broken.
pub fn java(bytes: &[u8]) {
    stored(jks(bytes));
}

/// The store of traefik.
///
/// # Panics
/// If an invariant is broken.
pub fn acme(bytes: &[u8]) {
    stored(acme_json(bytes));
}

/// Nothing but certificates is kept.
fn stored(chains: Result<Vec<StoredChain>, &'static str>) {
    for der in chains.unwrap_or_default().iter().flat_map(|chain| &chain.certificates) {
        readable(der);
    }
}

fn readable(der: &Der) -> X509 {
    read(der).unwrap_or_else(|why| panic!("what is kept should be a certificate: {why}"))
}
