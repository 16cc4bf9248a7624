//! Bundles of authorities: the certificates in them are public and kept, everything else is dropped.

use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::x509;

/// What is kept of Base64 of PEM, as fields named `caBundle` are written; `None` where no certificate stands in it.
pub(super) fn encoded(text: &str) -> Option<Value> {
    let bytes = BASE64.decode(text.trim().as_bytes()).ok()?;
    kept(&bytes)
}

/// What is kept of PEM; `None` where no certificate stands in it.
pub(super) fn plain(text: &str) -> Option<Value> {
    kept(text.as_bytes())
}

/// Only what can be read as a certificate counts as one, so that nothing else is kept under its name. That something could not be read is
/// said: what a reader is not told of would be taken for nothing.
fn kept(pem: &[u8]) -> Option<Value> {
    let x509::PemFile { certificates, faults } = x509::pem(pem);
    match faults.first() {
        Some(fault) => Some(json!({ "certificates": certificates, "fault": fault.to_string() })),
        None => (!certificates.is_empty()).then(|| json!({ "certificates": certificates })),
    }
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
    fn what_is_left_out_of_a_bundle_is_said() {
        let whole = plain(ROOT).unwrap();
        assert_eq!(whole.get("fault"), None);
        let many = plain(&ROOT.repeat(513)).unwrap();
        assert_eq!(many["certificates"].as_array().unwrap().len(), 512);
        assert!(many["fault"].as_str().unwrap().contains("more than 512 certificates"));
        let long = plain(&format!("{ROOT}{}", "\n".repeat(10_000_000))).unwrap();
        assert!(long["fault"].as_str().unwrap().contains("more than 10 MB"));
    }

    #[test]
    fn what_only_calls_itself_a_certificate_is_dropped() {
        let lie = KEY.replace("PRIVATE KEY", "CERTIFICATE");
        let fault = "certificate 1 of the file cannot be read";
        let told = plain(&lie).unwrap();
        assert_eq!(told["certificates"], json!([]));
        assert!(told["fault"].as_str().unwrap().starts_with(fault), "{told}");
        assert!(!told.to_string().contains("c2VjcmV0"), "{told}");
        assert_eq!((encoded("c2VjcmV0"), encoded("no Base64!"), plain("")), (None, None, None));
    }
}
