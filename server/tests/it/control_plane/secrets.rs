//! Secrets that the configuration names: read one by one with `get` and the Roles made for them, and nothing of them kept but certificates.

use std::collections::BTreeSet;

use posture::gap::GapReason;
use posture::sighting::{SecretSight, Seen, Sight, Spot, Unsighted};
use posture::x509;
use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value, json};
use server::store::{Scope, Store, clusters, sightings};

use super::objects::post;
use super::{AuditEntry, ControlPlane};
use crate::program::{Folder, Needles, Serving};

pub(super) const READER: &str = "system:serviceaccount:perijove:perijove";

/// A certificate with its key, both as PEM.
fn pair() -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["hub.example.org".to_owned()]).unwrap();
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

fn secret(name: &str, certificate: &str, key: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
        "metadata": {"namespace": "jhub", "name": name},
        "stringData": {"tls.crt": certificate, "tls.key": key, "password": "planted-password"},
    })
}

/// The digits of a key as they stand in PEM and in the database of the API server, and its bytes.
fn parts_of(key: &str) -> Vec<String> {
    let lines: Vec<&str> = key.lines().filter(|line| !line.starts_with('-')).collect();
    lines.iter().map(|line| (*line).to_owned()).chain([lines.concat()]).collect()
}

async fn spot(folder: &Folder, spot: &Spot) -> Vec<Sight> {
    let store = Store::open(&folder.database()).await.unwrap();
    let mut reading = store.read().await.unwrap();
    let cluster = clusters::find(&mut reading, &Scope::All, "cluster").await.unwrap().unwrap();
    let spans = sightings::history(&mut reading, cluster.id, spot).await.unwrap();
    spans.into_iter().map(|span| span.sight).collect()
}

fn named(name: &str) -> Spot {
    Spot::Secret { namespace: "jhub".to_owned(), name: name.to_owned() }
}

fn read(sight: &Sight) -> &SecretSight {
    match sight {
        Ok(Seen::Secret(secret)) => secret,
        other => panic!("{other:?}"),
    }
}

/// Waits until the account has a right to one Secret, or without a name to all of them.
pub(super) async fn await_right(control_plane: &ControlPlane, verb: &str, name: &str) {
    let review = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": {
        "user": READER,
        "resourceAttributes": {"verb": verb, "resource": "secrets", "namespace": "jhub", "name": name},
    }});
    let client = control_plane.admin().await;
    let begun = std::time::Instant::now();
    while post(&client, "/apis/authorization.k8s.io/v1/subjectaccessreviews", &review).await["status"]["allowed"]
        != true
    {
        assert!(begun.elapsed().as_secs() < 20, "{verb} of {name:?} is still refused");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn only_the_secrets_that_are_named_are_read_and_only_their_certificates_kept() {
    let Some(control_plane) = ControlPlane::start().await else { return };
    let (certificate, key) = pair();
    let (_, other_key) = pair();
    control_plane
        .apply_objects(vec![
            secret("hub-tls", &certificate, &key),
            secret("refused", &certificate, &key),
            secret("untouched", &certificate, &other_key),
        ])
        .await;
    let token = control_plane.reader().await;
    let granted =
        BTreeSet::from([("jhub".to_owned(), "hub-tls".to_owned()), ("jhub".to_owned(), "absent".to_owned())]);
    control_plane.apply(&posture::role::secrets_manifest(&granted)).await;
    await_right(&control_plane, "get", "hub-tls").await;
    let kubeconfig = control_plane.kubeconfig(&token);
    let at = ["--kubeconfig", kubeconfig.to_str().expect("our own path")];
    let asked = "jhub/hub-tls, jhub/refused, jhub/absent";
    let needles = Needles::of(
        parts_of(&key).into_iter().chain(parts_of(&other_key)).chain(["planted-password".to_owned()]),
    );
    let folder = Folder::new();

    for command in [&["doctor"][..], &["scan", "--output", "json"]] {
        let output = folder
            .command()
            .args([command, &at].concat())
            .env("PERIJOVE_CERTIFICATES__SECRETS", asked)
            .output()
            .unwrap();
        needles.assert_absent("what is printed", &output.stdout);
        needles.assert_absent("what is told", &output.stderr);
        if command == ["doctor"] {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            for part in [
                "Secret hub-tls in namespace jhub: it can be read and holds 1 certificate.",
                "Secret refused in namespace jhub: this account may not read it.",
                "Secret absent in namespace jhub: there is no such Secret.",
            ] {
                assert!(text.contains(part), "{text}");
            }
            assert_eq!(output.status.code(), Some(1));
        }
    }

    let settings = [
        ("PERIJOVE_LOG__FILTER", "trace"),
        ("PERIJOVE_CERTIFICATES__SECRETS", asked),
        ("PERIJOVE_COLLECT__TICK_SECONDS", "2"),
    ];
    let mut serving = Serving::start(&folder, &at, &settings);
    let before = serving.wait_for_scan("cluster", 1).await;
    let (renewed, renewed_key) = pair();
    control_plane.apply_objects(vec![secret("hub-tls", &renewed, &renewed_key)]).await;
    serving.wait_for_scan("cluster", before + 2).await;
    serving.kill();
    let needles_of_renewed = Needles::of(parts_of(&renewed_key));
    for (path, bytes) in folder.files() {
        needles.assert_absent(&path.display().to_string(), &bytes);
        needles_of_renewed.assert_absent(&path.display().to_string(), &bytes);
    }

    let seen = spot(&folder, &named("hub-tls")).await;
    let shown = [&renewed, &certificate].map(|pem| x509::pem(pem.as_bytes()).certificates);
    assert_eq!(
        seen.iter().map(|sight| read(sight).entries[0].chains[0].certificates.clone()).collect::<Vec<_>>(),
        shown
    );
    for sight in &seen {
        let entries = &read(sight).entries;
        assert_eq!(
            (entries.len(), entries[0].key.as_str(), entries[0].chains[0].key_matches),
            (1, "tls.crt", Some(true))
        );
    }
    assert_eq!(spot(&folder, &named("refused")).await, [Err(Unsighted::Gap(GapReason::Forbidden))]);
    assert_eq!(spot(&folder, &named("absent")).await, [Err(Unsighted::Absent)]);
    assert_eq!(spot(&folder, &named("untouched")).await, []);
    let own = x509::pem(&std::fs::read(control_plane.ca()).unwrap()).certificates;
    match &spot(&folder, &Spot::ApiServer).await[..] {
        [Ok(Seen::ApiServer(chain))] => assert_eq!(chain[0], own[0]),
        other => panic!("{other:?}"),
    }

    let is_mine = |entry: &AuditEntry| entry.user == READER && entry.resource == "secrets";
    let log: Vec<AuditEntry> = control_plane.audit_log().into_iter().filter(is_mine).collect();
    assert!(log.len() > 6, "{log:?}");
    for entry in &log {
        assert_eq!((entry.verb.as_str(), entry.subresource.as_str()), ("get", ""), "{entry:?}");
        let name = entry.uri.strip_prefix("/api/v1/namespaces/jhub/secrets/");
        assert!(name.is_some_and(|name| ["hub-tls", "refused", "absent"].contains(&name)), "{entry:?}");
    }
}

#[tokio::test]
async fn no_secret_is_asked_for_where_none_is_named() {
    let Some(control_plane) = ControlPlane::start().await else { return };
    let kubeconfig = control_plane.kubeconfig(&control_plane.reader().await);
    let folder = Folder::new();
    let scan = folder.run(&["scan", "--kubeconfig", kubeconfig.to_str().unwrap(), "--fail-on", "never"]);
    assert!(scan.status.success(), "{scan:?}");
    assert!(
        control_plane.audit_log().iter().all(|entry| entry.user != READER || entry.resource != "secrets")
    );
}
