//! Keystores, made byte by byte.

use data_encoding::BASE64;
use posture::sighting::StoredChain;
use posture::x509::{MOST_BYTES, acme_json, acme_json_with_keys, jks, pkcs12};
use serde_json::{Value, json};

use super::make::{Recipe, pem};

fn der(name: &str) -> Vec<u8> {
    Recipe::new(name, "An authority").der()
}

/// What traefik writes for a certificate: the PEM of the chain, in Base64.
fn certificate(names: &[&str]) -> String {
    let text: String = names.iter().map(|name| pem("CERTIFICATE", &der(name))).collect();
    BASE64.encode(text.as_bytes())
}

/// An alias and its certificates.
pub(crate) type Plain = (String, Vec<Vec<u8>>);

pub(crate) fn plain(chains: &[StoredChain]) -> Vec<Plain> {
    let bytes = |chain: &StoredChain| chain.certificates.iter().map(|der| der.bytes().to_vec()).collect();
    chains.iter().map(|chain| (chain.alias.clone().unwrap_or_default(), bytes(chain))).collect()
}

fn acme(store: &Value) -> Result<Vec<Plain>, &'static str> {
    acme_json(store.to_string().as_bytes()).map(|chains| plain(&chains))
}

#[test]
fn each_resolver_of_traefik_has_its_certificates() {
    let store = json!({
        "default": {
            "Account": {"Email": "a@example.org", "PrivateKey": "c2VjcmV0", "Registration": {"uri": "https://x"}},
            "Certificates": [
                {"domain": {"main": "hub.example.org", "sans": ["b"]}, "certificate": certificate(&["hub", "R1"]),
                 "key": "c2VjcmV0", "Store": "default"},
                {"domain": {"main": "other.example.org"}, "certificate": certificate(&["other"]), "key": "c2VjcmV0"}
            ]
        },
        "empty": {"Account": null, "Certificates": null},
        "new": null
    });
    let expected = vec![
        ("default: hub.example.org".to_owned(), vec![der("hub"), der("R1")]),
        ("default: other.example.org".to_owned(), vec![der("other")]),
    ];
    assert_eq!(acme(&store), Ok(expected));
}

#[test]
fn traefik_1_has_its_certificates_at_the_top() {
    let store = json!({
        "Account": {"Email": "a@example.org", "PrivateKey": "c2VjcmV0"},
        "Certificates": [{"Domain": {"Main": "hub", "SANs": null}, "Certificate": certificate(&["hub"]), "Key": "c2VjcmV0"}],
        "HTTPChallenges": {}, "TLSChallenges": null
    });
    assert_eq!(acme(&store), Ok(vec![("hub".to_owned(), vec![der("hub")])]));
}

#[test]
fn before_traefik_1_6_certificates_lay_deeper() {
    let held = json!({"Domain": "hub", "CertURL": "https://x", "PrivateKey": "c2VjcmV0", "Certificate": certificate(&["hub"])});
    let store = json!({
        "Email": "a@example.org", "Registration": {"uri": "https://x"}, "PrivateKey": "c2Vj\ncmV0",
        "DomainsCertificate": {"Certs": [{"Domains": {"Main": "hub", "SANs": null}, "Certificate": held}]},
        "ChallengeCerts": {}
    });
    assert_eq!(acme(&store), Ok(vec![("hub".to_owned(), vec![der("hub")])]));
    assert_eq!(acme(&json!({"Email": "a", "DomainsCertificate": {"Certs": null}})), Ok(vec![]));
    assert_eq!(acme(&json!({"DomainsCertificate": null})), Ok(vec![]));
}

#[test]
fn each_key_is_lent_with_the_certificate_beside_it() {
    let entry = |name: &str, key: Value| json!({"domain": {"main": name}, "certificate": certificate(&[name]), "key": key});
    let entries = [entry("a", "YQ==".into()), entry("b", "b\u{1}".into()), entry("c", Value::Null)];
    let store = json!({"r": {"Certificates": entries}}).to_string();
    let lent = std::cell::RefCell::new(Vec::new());
    let chains = acme_json_with_keys(store.as_bytes(), |key, first| {
        lent.borrow_mut().push((key.to_owned(), first.bytes().to_vec()));
        Some(false)
    });
    let matches: Vec<_> = chains.unwrap().iter().map(|chain| chain.key_matches).collect();
    assert_eq!(matches, [Some(false), None, None], "one with an escape would have to be copied");
    assert_eq!(lent.into_inner(), [("YQ==".to_owned(), der("a"))]);
}

/// A store with one certificate.
pub(crate) fn traefik() -> Vec<u8> {
    let entry = json!({"domain": {"main": "x"}, "certificate": certificate(&["x"])});
    json!({"r": {"Certificates": [entry]}}).to_string().into_bytes()
}

#[test]
fn a_store_that_cannot_be_read_is_a_fault() {
    let with = |certificate: &str| json!({"r": {"Certificates": [{"domain": {"main": "x"}, "certificate": certificate}]}});
    assert_eq!(acme(&with("?")), Err("a certificate in the store is not Base64"));
    assert_eq!(acme(&with(&BASE64.encode(b"no PEM"))), Err("a certificate in the store cannot be read"));
    assert_eq!(acme(&json!({"DomainsCertificate": 5})), Err("the store is not written as traefik writes it"));
    assert_eq!(acme(&json!([])), Err("the store is not written as traefik writes it"));
    assert_eq!(acme(&json!({})), Ok(vec![]));
    let whole =
        json!({"r": {"Certificates": [{"domain": {"main": "x"}, "certificate": certificate(&["x"])}]}})
            .to_string();
    for length in 0..whole.len() {
        assert!(acme_json(&whole.as_bytes()[..length]).is_err(), "{length}");
    }
    assert!(acme_json(&vec![b' '; MOST_BYTES + 1]).is_err());
}

/// A keystore with a key and its chain, and an authority.
pub(crate) fn keystore(magic: u32, version: u32) -> Vec<u8> {
    let text = |text: &str| [&u16::try_from(text.len()).unwrap().to_be_bytes()[..], text.as_bytes()].concat();
    let block = |bytes: &[u8]| [&u32::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat();
    let certificate = |name: &str| {
        let kind = if version == 2 { text("X.509") } else { Vec::new() };
        [kind, block(&der(name))].concat()
    };
    let number = |number: u32| number.to_be_bytes().to_vec();
    let date = vec![0; 8];
    let key = [
        number(1),
        text("hub"),
        date.clone(),
        block(b"secret"),
        number(2),
        certificate("hub"),
        certificate("R1"),
    ];
    let authority = [number(2), text("root"), date, certificate("Root")];
    [[number(magic), number(version), number(2)].concat(), key.concat(), authority.concat(), vec![7; 20]]
        .concat()
}

#[test]
fn both_forms_and_versions_of_a_java_keystore_are_read() {
    let expected =
        vec![("hub".to_owned(), vec![der("hub"), der("R1")]), ("root".to_owned(), vec![der("Root")])];
    for (magic, version) in [(0xfeed_feed, 1), (0xfeed_feed, 2), (0xcece_cece, 2)] {
        assert_eq!(jks(&keystore(magic, version)).map(|chains| plain(&chains)), Ok(expected.clone()));
    }
}

#[test]
fn a_java_keystore_that_is_cut_off_or_of_another_form_is_a_fault() {
    let whole = keystore(0xfeed_feed, 2);
    for length in 0..whole.len() {
        assert!(jks(&whole[..length]).is_err(), "{length}");
    }
    assert!(jks(&keystore(0xfeed_feee, 2)).is_err());
    assert!(jks(&keystore(0xfeed_feed, 3)).is_err());
    assert!(jks(&[whole, vec![0]].concat()).is_err(), "more than belongs there");
    assert!(jks(&vec![0; MOST_BYTES + 1]).is_err());
    let endless = [&[0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2, 0xff, 0xff, 0xff, 0xff][..], &[0; 200]].concat();
    assert!(jks(&endless).is_err());
}

/// Made by `openssl pkcs12 -export -name hub -iter 1`, with the password that Java has by habit.
#[test]
fn a_pkcs_12_file_is_read_with_its_password() {
    let store = include_bytes!("store.p12");
    let chains = pkcs12(store, &["", "changeit"]).unwrap();
    assert_eq!(chains.len(), 1);
    assert_eq!((chains[0].alias.as_deref(), chains[0].certificates.len()), (Some("hub"), 1));
    assert_eq!(pkcs12(store, &["wrong"]), Err("protected by a password"));
    for length in 0..store.len() {
        assert!(pkcs12(&store[..length], &["changeit"]).is_err(), "{length}");
    }
}
