//! A certificate in whose place another one stands.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::FieldChange;
use crate::text::{Arg, Reason};
use crate::x509::{Fingerprint, X509};

/// A certificate of a server as it stood in its place; of what only a controller tells, without what it does not tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// What tells it from every other.
    pub fingerprint: Option<Fingerprint>,
    /// Who issued it.
    pub issuer: Option<String>,
    /// From when it holds.
    pub not_before: Option<Timestamp>,
    /// Until when it holds.
    pub not_after: Timestamp,
}

impl Standing {
    /// That of a certificate that was read.
    pub fn of(certificate: &X509) -> Self {
        Self {
            fingerprint: Some(certificate.fingerprint),
            issuer: Some(certificate.issuer.clone()),
            not_before: Some(certificate.not_before),
            not_after: certificate.not_after,
        }
    }

    fn shown(&self) -> Value {
        json!({
            "sha256": self.fingerprint.map(|fingerprint| fingerprint.to_string()),
            "issuer": self.issuer,
            "notBefore": self.not_before,
            "notAfter": self.not_after,
        })
    }
}

/// What it means that another certificate stands in a place, or nothing where it is the same.
pub fn succeeded(place: &str, before: &Standing, after: &Standing) -> Option<FieldChange> {
    if before == after {
        return None;
    }
    let template = if before.issuer != after.issuer {
        "the certificate of {place} was replaced by one of another issuer, {issuer}, before {old_issuer}; it runs out {end}"
    } else if after.not_after > before.not_after {
        "the certificate of {place} was renewed: it runs out {end}, the one before {old_end}"
    } else {
        "the certificate of {place} was replaced by one that does not hold longer: it runs out {end}, the one before {old_end}"
    };
    let issuer = |one: &Standing| Arg::text(one.issuer.clone().unwrap_or_else(|| "not known".to_owned()));
    let sentence = Reason::new("certificate-succeeded", template)
        .with("place", Arg::text(place))
        .with("issuer", issuer(after))
        .with("old_issuer", issuer(before))
        .with("end", Arg::Instant(after.not_after))
        .with("old_end", Arg::Instant(before.not_after));
    Some(FieldChange {
        path: place.to_owned(),
        before: Some(before.shown()),
        after: Some(after.shown()),
        sentence,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(byte: u8, issuer: &str, until: &str) -> Standing {
        Standing {
            fingerprint: Some(Fingerprint([byte; 32])),
            issuer: Some(issuer.to_owned()),
            not_before: None,
            not_after: until.parse().unwrap(),
        }
    }

    #[test]
    fn it_is_told_whether_it_was_renewed_replaced_or_issued_by_another() {
        let old = standing(1, "CN=R3", "2026-11-30T00:00:00Z");
        let told = |new: &Standing| {
            succeeded("hub.example.org:443", &old, new).map(|change| change.sentence.to_string())
        };
        assert_eq!(told(&old), None);
        for (new, words) in [
            (
                standing(2, "CN=R3", "2027-02-28T00:00:00Z"),
                "hub.example.org:443 was renewed: it runs out 2027-02-28",
            ),
            (
                standing(3, "CN=Evil", "2027-02-28T00:00:00Z"),
                "was replaced by one of another issuer, CN=Evil, before CN=R3",
            ),
            (
                standing(4, "CN=R3", "2026-11-30T00:00:00Z"),
                "was replaced by one that does not hold longer: it runs out 2026-11-30",
            ),
        ] {
            let told = told(&new).unwrap();
            assert!(told.contains(words), "{told}");
        }
    }
}
