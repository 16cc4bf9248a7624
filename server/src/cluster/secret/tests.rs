use data_encoding::BASE64;
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519};
use serde_json::json;

use super::*;
use crate::clock::Clock;
use crate::cluster::Tuning;
use crate::demo_api::DemoApi;

/// A certificate for a key, both as PEM.
fn pair(algorithm: &'static rcgen::SignatureAlgorithm) -> (String, String) {
    let key = KeyPair::generate_for(algorithm).unwrap();
    let params = CertificateParams::new(vec!["hub.example.org".to_owned()]).unwrap();
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

fn ec() -> (String, String) {
    pair(&PKCS_ECDSA_P256_SHA256)
}

fn secret(data: &[(&str, &[u8])]) -> SecretSight {
    let data: serde_json::Map<_, _> =
        data.iter().map(|(key, value)| ((*key).to_owned(), BASE64.encode(value).into())).collect();
    let annotation = json!({"kubectl.kubernetes.io/last-applied-configuration": "hunter2"});
    let body = json!({"kind": "Secret", "metadata": {"annotations": annotation}, "type": "kubernetes.io/tls", "data": data});
    decode(body.to_string().as_bytes()).unwrap()
}

fn key_matches(sight: &SecretSight) -> Option<bool> {
    sight.entries[0].chains[0].key_matches
}

#[test]
fn only_certificates_leave_a_secret() {
    let (certificate, key) = ec();
    let combined = format!("{key}{certificate}");
    let sight = secret(&[
        ("tls.crt", certificate.as_bytes()),
        ("tls.key", key.as_bytes()),
        ("password", b"hunter2"),
        ("haproxy.pem", combined.as_bytes()),
        ("binary", &[0, 159, 146, 150]),
    ]);
    let keys: Vec<_> = sight.entries.iter().map(|entry| entry.key.as_str()).collect();
    assert_eq!(keys, ["haproxy.pem", "tls.crt"]);
    let told = format!("{sight:?} {}", serde_json::to_string(&sight).unwrap());
    let body: String = key.lines().filter(|line| !line.starts_with('-')).collect();
    for part in ["hunter2", "PRIVATE KEY", &body, &body[..24]] {
        assert!(!told.contains(part), "{part}");
    }
    let private = BASE64.decode(body.as_bytes()).unwrap();
    for certificate in
        sight.entries.iter().flat_map(|entry| &entry.chains).flat_map(|chain| &chain.certificates)
    {
        assert!(!holds(certificate.bytes(), &private[36..68]), "the secret number of the key");
    }
}

#[test]
fn a_key_is_compared_with_the_first_certificate() {
    for algorithm in [&PKCS_ECDSA_P256_SHA256, &PKCS_ECDSA_P384_SHA384, &PKCS_ED25519] {
        let (certificate, key) = pair(algorithm);
        let (_, other) = pair(algorithm);
        let with = |key: &str| secret(&[("tls.crt", certificate.as_bytes()), ("tls.key", key.as_bytes())]);
        assert_eq!(key_matches(&with(&key)), Some(true), "{algorithm:?}");
        assert_eq!(key_matches(&with(&other)), Some(false), "{algorithm:?}");
        assert_eq!(
            key_matches(&with("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")),
            None
        );
        assert_eq!(key_matches(&with("")), None);
    }
    let (certificate, key) = ec();
    assert_eq!(key_matches(&secret(&[("tls.crt", certificate.as_bytes())])), None);
    let combined = format!("{certificate}{key}");
    assert_eq!(key_matches(&secret(&[("site.pem", combined.as_bytes())])), Some(true));
}

#[test]
fn keys_of_openssl_are_compared_too() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let openssl = |args: &[&str]| {
        let done = std::process::Command::new("openssl").args(args).output().unwrap();
        assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
    };
    let read = |name: &str| std::fs::read(at(name)).unwrap();
    openssl(&["genrsa", "-traditional", "-out", &at("rsa.key"), "2048"]);
    openssl(&["ecparam", "-name", "prime256v1", "-genkey", "-out", &at("ec.key")]);
    openssl(&["genrsa", "-out", &at("short.key"), "1024"]);
    openssl(&["ecparam", "-name", "secp521r1", "-genkey", "-out", &at("odd.key")]);
    openssl(&[
        "genpkey",
        "-algorithm",
        "rsa-pss",
        "-pkeyopt",
        "rsa_keygen_bits:2048",
        "-out",
        &at("pss.key"),
    ]);
    openssl(&["genpkey", "-algorithm", "ed25519", "-out", &at("seed.key")]);
    openssl(&["genpkey", "-algorithm", "ed448", "-out", &at("rare.key")]);
    for (name, told) in [
        ("rsa", Some(true)),
        ("ec", Some(true)),
        ("short", Some(true)),
        ("odd", Some(true)),
        ("pss", Some(true)),
        ("seed", Some(true)),
        ("rare", None),
    ] {
        let (key, certificate) = (format!("{name}.key"), format!("{name}.crt"));
        openssl(&["req", "-x509", "-new", "-key", &at(&key), "-subj", "/CN=hub", "-out", &at(&certificate)]);
        let sight = secret(&[("tls.crt", &read(&certificate)), ("tls.key", &read(&key))]);
        assert_eq!(key_matches(&sight), told, "{name}");
    }
    for (certificate, key) in
        [("rsa", "ec"), ("rsa", "short"), ("ec", "odd"), ("odd", "seed"), ("seed", "rsa"), ("pss", "rsa")]
    {
        let (certificate, key) = (read(&format!("{certificate}.crt")), read(&format!("{key}.key")));
        let wrong = secret(&[("tls.crt", &certificate), ("tls.key", &key)]);
        assert_eq!(key_matches(&wrong), Some(false));
    }
    // Keys of the same point, written in other ways.
    let same: [(&[&str], _); 4] = [
        (&["pkcs8", "-topk8", "-nocrypt"], Some(true)),
        (&["ec", "-conv_form", "compressed"], Some(true)),
        (&["ec", "-param_enc", "explicit"], Some(true)),
        (&["ec", "-no_public"], None),
    ];
    for (how, told) in same {
        openssl(&[how, &["-in", &at("ec.key"), "-out", &at("same.key")]].concat());
        let sight = secret(&[("tls.crt", &read("ec.crt")), ("tls.key", &read("same.key"))]);
        assert_eq!(key_matches(&sight), told, "{how:?}");
    }
}

#[test]
fn a_keystore_is_opened_with_the_password_that_stands_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (certificate, key) = ec();
    std::fs::write(at("tls.crt"), certificate).unwrap();
    std::fs::write(at("tls.key"), key).unwrap();
    let made = std::process::Command::new("openssl")
        .args(["pkcs12", "-export", "-passout", "pass:hunter2", "-in"])
        .arg(at("tls.crt"))
        .arg("-inkey")
        .arg(at("tls.key"))
        .arg("-out")
        .arg(at("keystore.p12"))
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let store = std::fs::read(at("keystore.p12")).unwrap();
    let opened = secret(&[("keystore.p12", &store), ("keystore-password", b"hunter2\n")]);
    assert_eq!((opened.entries.len(), opened.entries[0].form), (1, StoreForm::Pkcs12));
    assert_eq!(opened.entries[0].chains[0].certificates.len(), 1, "{opened:?}");
    let closed = secret(&[("keystore.p12", &store)]);
    assert!(closed.entries[0].chains.is_empty() && closed.entries[0].fault.is_some(), "{closed:?}");
    assert!(!format!("{opened:?}{closed:?}").contains("hunter2"));
}

#[test]
fn only_so_many_keystores_of_a_secret_are_opened() {
    let names: Vec<String> = (0..=KEYSTORES).map(|at| format!("{at:02}.p12")).collect();
    let all: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b"hunter2"[..])).collect();
    let sight = secret(&all);
    let last = "the Secret holds more than 8 keystores, and this one is not read";
    let faults: Vec<_> = sight.entries.iter().map(|entry| entry.fault.as_deref().unwrap()).collect();
    assert_eq!(faults.iter().position(|fault| *fault == last), Some(KEYSTORES), "{faults:?}");
    assert_eq!(faults.len(), KEYSTORES + 1);
}

#[test]
fn what_should_be_a_certificate_and_is_none_is_told() {
    let broken = b"-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
    let sight = secret(&[("ca.crt", b"hunter2"), ("tls.crt", b""), ("x.pem", broken)]);
    let faults: Vec<_> = sight.entries.iter().map(|entry| entry.fault.clone().unwrap()).collect();
    assert_eq!(faults[..2], ["it holds no certificate", "it is empty"]);
    assert!(faults[2].starts_with("certificate 1 of the file cannot be read"), "{}", faults[2]);
    assert!(sight.entries.iter().all(|entry| entry.chains.is_empty()));
}

#[test]
fn an_authority_is_never_taken_for_a_server_whose_own_certificate_is_broken() {
    let key = KeyPair::generate().unwrap();
    let whole = CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap().pem();
    let broken = whole.replacen("MII", "M?I", 1);
    assert_ne!(whole, broken);
    let sight = secret(&[("tls.crt", format!("{broken}{whole}").as_bytes())]);
    assert_eq!(sight.entries[0].chains, []);
    assert!(sight.entries[0].fault.as_ref().unwrap().starts_with("certificate 1 of the file"));
    let sight = secret(&[("tls.crt", format!("{whole}{broken}").as_bytes())]);
    assert_eq!(sight.entries[0].chains[0].certificates.len(), 1);
    assert!(sight.entries[0].fault.as_ref().unwrap().starts_with("certificate 2 of the file"));
    // Authorities stand beside each other.
    let sight = secret(&[("ca.crt", format!("{broken}{whole}").as_bytes()), ("tls.crt", whole.as_bytes())]);
    assert_eq!(sight.entries[0].chains[0].certificates.len(), 1);
    assert!(secret(&[("ca.crt", b"")]).entries.is_empty(), "an issuer without an authority of its own");
}

#[test]
fn a_certificate_in_der_is_read_and_a_key_in_der_is_not() {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap();
    let sight = secret(&[("ca.crt", certificate.der()), ("x.der", &key.serialize_der())]);
    assert_eq!(sight.entries.len(), 1);
    assert_eq!((sight.entries[0].form, sight.entries[0].chains.len()), (StoreForm::Der, 1));
}

#[test]
fn what_is_no_secret_is_refused_without_a_word_of_it() {
    for body in [
        "hunter2",
        r#"{"data":{"a":"hunter2!"}}"#,
        r#"{"data":{"a":5}}"#,
        r#"{"data":"hunter2"}"#,
        r#"{"type":5}"#,
        "",
    ] {
        let why = decode(body.as_bytes()).unwrap_err();
        assert_eq!(why, "the API server's answer is not a Secret that can be understood", "{body}");
    }
    assert_eq!(decode(br#"{"data":null}"#), Ok(SecretSight::default()));
}

#[test]
fn the_store_of_automatic_https_is_read_without_its_keys() {
    let (certificate, key) = ec();
    let store = json!({"default": {
        "Account": {"PrivateKey": BASE64.encode(b"hunter2")},
        "Certificates": [{
            "domain": {"main": "hub.example.org"},
            "certificate": BASE64.encode(certificate.as_bytes()),
            "key": BASE64.encode(key.as_bytes()),
        }],
    }});
    let sight = secret(&[("acme.json", store.to_string().as_bytes()), ("broken.jks", b"hunter2")]);
    let chain = &sight.entries[0].chains[0];
    assert_eq!((sight.entries[0].form, chain.certificates.len()), (StoreForm::AcmeJson, 1));
    assert!(chain.alias.as_ref().is_some_and(|alias| alias.contains("hub.example.org")), "{chain:?}");
    assert_eq!(chain.key_matches, Some(true));
    assert_eq!((sight.entries[1].form, sight.entries[1].chains.len()), (StoreForm::Jks, 0));
    assert!(sight.entries[1].fault.is_some());
    let told = format!("{sight:?} {}", serde_json::to_string(&sight).unwrap());
    assert!(!told.contains("hunter2") && !told.contains(&BASE64.encode(b"hunter2")), "{told}");
    assert!(!told.contains(&BASE64.encode(key.as_bytes())[..40]), "{told}");
    let other = ec().1;
    let exchanged =
        store.to_string().replace(&BASE64.encode(key.as_bytes()), &BASE64.encode(other.as_bytes()));
    assert_eq!(key_matches(&secret(&[("acme.json", exchanged.as_bytes())])), Some(false));
}

#[tokio::test]
async fn a_secret_that_is_larger_than_any_is_not_read_and_says_so() {
    for (size, told) in
        [(5 << 20, Ok("it holds no certificate")), (10 << 20, Err("the answer is larger than 8 MiB"))]
    {
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"namespace": "jhub", "name": "large", "uid": "1"},
            "type": "kubernetes.io/tls", "data": {"tls.crt": BASE64.encode(&vec![b'A'; size])},
        });
        let api = DemoApi::new(vec![secret], Vec::new(), "v1.36.3", Clock::System);
        api.grant([("jhub".to_owned(), "large".to_owned())].into());
        let source = Source::over(api, "https://demo", Tuning::default(), Clock::System);
        let said = match look(&source, "jhub", "large").await {
            Ok(Seen::Secret(sight)) => Ok(sight.entries[0].fault.clone().unwrap()),
            Err(Unsighted::Gap(GapReason::Failed(why))) => Err(why),
            other => panic!("{other:?}"),
        };
        assert_eq!(said, told.map(str::to_owned).map_err(str::to_owned), "{size}");
    }
}
