//! Bundles of authorities: the certificates in them are public and kept, everything else is dropped.

use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::x509;

/// More than any bundle of a distribution holds.
const MOST: usize = 1024;

/// What is kept of Base64 of PEM, as fields named `caBundle` are written; `None` where no certificate stands in it.
pub(super) fn encoded(text: &str) -> Option<Value> {
    let bytes = BASE64.decode(text.trim().as_bytes()).ok()?;
    kept(&bytes)
}

/// What is kept of PEM; `None` where no certificate stands in it.
pub(super) fn plain(text: &str) -> Option<Value> {
    kept(text.as_bytes())
}

/// Only what can be read as a certificate counts as one, so that nothing else is kept under its name.
fn kept(pem: &[u8]) -> Option<Value> {
    let found = x509::pem(pem).certificates;
    let certificates: Vec<_> = found.into_iter().filter(|der| x509::read(der).is_ok()).take(MOST).collect();
    (!certificates.is_empty()).then(|| json!({ "certificates": certificates }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = include_str!("../../tests/bases/certificates/root.pem");

    /// A block as keys are written, with something in it that is none.
    const KEY: &str = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0IHZhbHVl\n-----END PRIVATE KEY-----\n";

    #[test]
    fn of_a_file_with_a_key_only_the_certificate_is_kept() {
        let kept = plain(&format!("{KEY}{ROOT}")).unwrap();
        assert_eq!(kept["certificates"].as_array().unwrap().len(), 1);
        assert!(!kept.to_string().contains("c2VjcmV0"), "{kept}");
        assert_eq!(encoded(&BASE64.encode(format!("{ROOT}{KEY}").as_bytes())), Some(kept));
    }

    #[test]
    fn what_only_calls_itself_a_certificate_is_dropped() {
        let lie = KEY.replace("PRIVATE KEY", "CERTIFICATE");
        assert_eq!(plain(&lie), None);
        assert_eq!((encoded("c2VjcmV0"), encoded("no Base64!"), plain("")), (None, None, None));
    }
}
