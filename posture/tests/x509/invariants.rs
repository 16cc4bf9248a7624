//! What fuzzers look for, in every run: any bytes, and good ones with a wound.

use posture::x509::invariants::{acme, der, java, pem, pkcs12};
use proptest::prelude::*;

use super::{make, many, stores};

fn everything(bytes: &[u8]) {
    der(bytes);
    pem(bytes);
    pkcs12(bytes);
    java(bytes);
    acme(bytes);
}

proptest! {
    #[test]
    fn they_hold_of_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        everything(&bytes);
    }

    #[test]
    fn they_hold_of_certificates_with_a_wound(number in 0..40_usize, at in any::<prop::sample::Index>(), wound in prop::collection::vec(any::<u8>(), 0..4)) {
        let mut bytes = many::certificates(number + 1).remove(number);
        let at = at.index(bytes.len());
        bytes.splice(at..(at + 2).min(bytes.len()), wound);
        der(&bytes);
        pem(make::pem("CERTIFICATE", &bytes).as_bytes());
    }

    #[test]
    fn they_hold_of_keystores_with_a_wound(at in any::<prop::sample::Index>(), wound in prop::collection::vec(any::<u8>(), 0..4)) {
        for mut bytes in [stores::keystore(0xfeed_feed, 2), include_bytes!("store.p12").to_vec(), stores::traefik()] {
            let at = at.index(bytes.len());
            bytes.splice(at..(at + 2).min(bytes.len()), wound.iter().copied());
            everything(&bytes);
        }
    }
}
