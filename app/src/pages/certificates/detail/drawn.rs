//! Pages of certificates that were read, as they are drawn.

use posture::Timestamp;
use posture::certificates::{
    Certificate, CertificateTable, Kept, Place as Seen, Purpose, Read, Served, Validity,
};
use posture::sighting::{TlsVersion, Trust};
use posture::x509::{Fingerprint, KeyAlgorithm, X509, pem, read};

use super::super::says::tests::unknown;
use super::certificate;
use crate::backend::{CertificateView, Place, Renewal};
use crate::page::render;
use crate::site::Site;

const HUB: &str = include_str!("../../../../../posture/tests/bases/certificates/hub.pem");
const RSA_1024: &str = include_str!("../../../../../posture/tests/bases/certificates/hub-rsa-1024.pem");
const ISSUING: &str = include_str!("../../../../../posture/tests/bases/certificates/issuing.pem");
const ROOT: &str = include_str!("../../../../../posture/tests/bases/certificates/root.pem");

fn now() -> Timestamp {
    "2026-11-02T12:00:00Z".parse().unwrap()
}

fn place() -> Place {
    Place {
        clusters: vec!["teaching".into()],
        cluster: Some("teaching".into()),
        hubs: Vec::new(),
        heard_at: Some(now()),
        stale_after_seconds: 900,
        replays: Vec::new(),
        trouble: None,
        known: Vec::new(),
        cluster_faults: 0,
        gaps: 0,
        past: None,
        now: now(),
        is_demo: false,
    }
}

fn of(text: &str) -> X509 {
    read(&pem(text.as_bytes()).certificates[0]).unwrap()
}

/// A certificate that was read, with those beside it.
fn with(own: &str, beside: &[&str]) -> Certificate {
    let found = Read {
        certificate: of(own),
        chain: beside.iter().map(|text| of(text)).collect(),
        unreadable: 0,
        key_matches: Some(true),
        is_in_keystore: false,
        trust: None,
    };
    let (from, until) = (found.certificate.not_before, found.certificate.not_after);
    Certificate {
        names: found.certificate.host_names(),
        validity: Ok(Validity { not_before: Some(from), not_after: until }),
        read: Some(Box::new(found)),
        seen: vec![Seen::Secret { namespace: "jhub".into(), name: "tls".into(), key: "tls.crt".into() }],
        ..unknown("tls")
    }
}

/// What a person reads of its page.
fn words(shown: Certificate) -> String {
    let table = CertificateTable { certificates: vec![shown], ..CertificateTable::default() };
    let renewals = Vec::<Renewal>::new();
    let view = CertificateView { cluster: "teaching".into(), table, index: 0, as_of: now(), renewals };
    let site = Site { prefix: "/".into(), nonce: "n".into(), css: "", js: "", wasm: "", icon: "" };
    let html = render(&site, certificate(&place(), view));
    let html = html.replace("<wbr>", "").replace("<!>", "");
    let texts = html.split('<').filter_map(|piece| Some(piece.split_once('>')?.1.trim()));
    texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ")
}

fn says(shown: Certificate, expected: &[&str]) {
    let words = words(shown);
    for text in expected {
        assert!(words.contains(text), "{text}\n{words}");
    }
}

#[test]
fn a_whole_chain_is_listed_with_where_it_ends_first() {
    says(
        with(HUB, &[ISSUING, ROOT]),
        &["three certificates", "ends first", "nobody connected", "the private key beside it is its own"],
    );
}

#[test]
fn a_key_is_the_weakest_only_where_all_others_are_stronger() {
    let mut shown = with(HUB, &[ISSUING, ROOT]);
    assert!(!words(shown.clone()).contains("has the weakest key"), "all are of one strength");
    shown.read.as_mut().unwrap().certificate.key.algorithm = KeyAlgorithm::Rsa(2048);
    says(shown, &["has the weakest key"]);
}

#[test]
fn what_is_missing_and_what_stands_in_the_wrong_order_is_said() {
    says(with(HUB, &[]), &["whose issuer is not beside it", "its issuer's certificate is missing"]);
    says(with(HUB, &[ROOT, ISSUING]), &["not in order", "its chain is not in order"]);
    says(with(HUB, &[ISSUING, HUB]), &["no part of the way to an authority"]);
}

#[test]
fn a_weak_key_and_a_key_of_another_are_faults() {
    let mut shown = with(RSA_1024, &[ISSUING]);
    shown.read.as_mut().unwrap().key_matches = Some(false);
    says(
        shown,
        &["weak key: RSA 1024", "has a key that is too weak", "the private key beside it is not its own"],
    );
}

#[test]
fn what_is_presented_stands_beside_what_is_kept_with_both_fingerprints() {
    let mut shown = with(HUB, &[ISSUING]);
    let own = of(HUB).fingerprint.to_string();
    let other = Fingerprint([7; 32]);
    shown.read.as_mut().unwrap().trust = Some(Trust::NotPublic);
    shown.served = vec![Served {
        host: "hub.example.org".into(),
        port: 8443,
        is_same: Some(false),
        is_stale: true,
        not_after: now(),
        fingerprint: other,
        others: 1,
        version: TlsVersion::Tls12,
        seen_at: Some(now()),
    }];
    let other = other.to_string();
    says(
        shown,
        &[
            "hub.example.org:8443 presented an older one at",
            "another one",
            ", seen",
            "in turn with one other",
            "TLS 1.2",
            &own,
            &other,
            "does not lead to an authority that browsers know",
        ],
    );
}

#[test]
fn an_authority_is_called_by_its_own_name_and_needs_no_browser() {
    let mut shown = with(ROOT, &[]);
    shown.purpose = Purpose::Authority;
    shown.kept = Kept::ApiServer;
    let name = of(ROOT).common_name.unwrap();
    let words = words(shown);
    assert!(words.contains(&format!("The authority {name} runs out")), "{words}");
    assert!(!words.contains("browsers") && !words.contains("What is wrong"), "{words}");
}
