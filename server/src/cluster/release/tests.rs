use std::io::Write as _;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use data_encoding::BASE64;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use kube::client::Body;
use posture::redact::{Names, RedactionKey};
use serde_json::{Value, json};

use super::*;
use crate::clock::Clock;
use crate::cluster::Tuning;

const MANIFEST: &str = "---
# Source: jupyterhub/templates/hub/secret.yaml
kind: Secret
apiVersion: v1
metadata: {name: hub}
stringData: {hub.config.ConfigurableHTTPProxy.auth_token: planted-token, values.yaml: \"password: planted-password\"}
---
# Source: jupyterhub/templates/hub/service.yaml
apiVersion: v1
kind: Service
metadata: {name: hub, labels: {heritage: Helm, release: prod}}
spec: {ports: [{port: 8081}]}
";

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// A revision as Helm keeps it.
fn body(revision: u32, status: &str, manifest: &str) -> Value {
    json!({
        "name": "prod", "namespace": "jhub", "version": revision, "manifest": manifest,
        "info": {"status": status, "notes": "planted-notes"},
        "chart": {
            "metadata": {"name": "jupyterhub", "version": "4.4.0"},
            "templates": [{"name": "a", "data": "cGxhbnRlZA=="}], "values": {"password": "planted-default"},
        },
        "config": {"proxy": {"secretToken": "planted-value"}},
        "hooks": [{"name": "pull", "manifest": "kind: planted-hook"}],
    })
}

/// The Secret that holds something as a revision.
fn holding(revision: u32, status: &str, packed: &[u8]) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1",
        "metadata": {
            "namespace": "jhub", "name": format!("sh.helm.release.v1.prod.v{revision}"),
            "labels": {"owner": "helm", "name": "prod", "version": revision.to_string(), "status": status, "modifiedAt": "1760000000"},
        },
        "data": {"release": BASE64.encode(BASE64.encode(packed).as_bytes())},
    })
}

fn secret(revision: u32, status: &str) -> Value {
    holding(revision, status, &gzip(body(revision, status, MANIFEST).to_string().as_bytes()))
}

/// An API server with nothing but Secrets in namespace `jhub`; it answers what is asked and remembers the addresses.
#[derive(Clone, Default)]
struct Secrets {
    held: Arc<Mutex<Vec<Value>>>,
    asked: Arc<Mutex<Vec<String>>>,
    /// What is done to the Secrets once they have been listed.
    after_list: Option<fn(&mut Vec<Value>)>,
}

const PLACE: &str = "/api/v1/namespaces/jhub/secrets";
const SELECTORS: &str = "&fieldSelector=type%3Dhelm.sh%2Frelease.v1&labelSelector=owner%3Dhelm";

impl Secrets {
    fn of(held: Vec<Value>) -> Self {
        Self { held: Arc::new(Mutex::new(held)), ..Self::default() }
    }

    fn answer(&self, request: &Request<Body>) -> Option<Value> {
        self.asked.lock().unwrap().push(request.uri().to_string());
        let mut held = self.held.lock().unwrap();
        if let Some(name) = request.uri().path().strip_prefix(PLACE).and_then(|rest| rest.strip_prefix('/')) {
            return held.iter().find(|secret| secret["metadata"]["name"] == name).cloned();
        }
        let query = request.uri().query()?;
        assert!(query.contains(SELECTORS.trim_start_matches('&')), "{query}");
        let accept = request.headers()["accept"].to_str().unwrap();
        assert!(accept.contains("as=PartialObjectMetadataList"), "{accept}");
        let limit: usize = query.split('&').find_map(|part| part.strip_prefix("limit=")?.parse().ok())?;
        let from: usize =
            query.split('&').find_map(|part| part.strip_prefix("continue=")?.parse().ok()).unwrap_or(0);
        let rest = held.len().saturating_sub(from + limit);
        let token = if rest > 0 { (from + limit).to_string() } else { String::new() };
        let items: Vec<_> = held
            .iter()
            .skip(from)
            .take(limit)
            .map(|secret| json!({"metadata": secret["metadata"]}))
            .collect();
        if let Some(change) = self.after_list {
            change(&mut held);
        }
        Some(json!({"metadata": {"continue": token}, "items": items}))
    }

    fn source(&self, page_size: u32) -> Source {
        let api = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let answer = api.answer(&request);
            async move {
                let status = if answer.is_some() { StatusCode::OK } else { StatusCode::NOT_FOUND };
                let body = Full::new(Bytes::from(answer.unwrap_or_default().to_string()));
                let mut response = Response::new(body);
                *response.status_mut() = status;
                Ok::<_, std::convert::Infallible>(response)
            }
        });
        let tuning = Tuning { page_size, ..Tuning::default() };
        Source::over(service, "https://test", tuning, Clock::System)
    }

    async fn read(&self) -> Result<Deployed, ReleaseError> {
        read(&self.source(200), &redactor(), "jhub", "prod").await
    }
}

fn redactor() -> Arc<Redactor> {
    Arc::new(Redactor::new(RedactionKey::new(&[7; 32]), Names::Hashed))
}

async fn why_not(secrets: Vec<Value>) -> String {
    let error = Secrets::of(secrets).read().await.unwrap_err();
    let told = format!("{error} {error:?}");
    for planted in ["planted", "cGxhbnRlZ"] {
        assert!(!told.contains(planted), "{told}");
    }
    error.to_string()
}

#[tokio::test]
async fn the_newest_deployed_revision_is_read_and_no_other_secret() {
    let revisions = [(1, "superseded"), (2, "deployed"), (3, "deployed"), (10, "failed")];
    let api = Secrets::of(revisions.map(|(revision, status)| secret(revision, status)).to_vec());
    let deployed = read(&api.source(2), &redactor(), "jhub", "prod").await.unwrap();
    assert_eq!(
        deployed.installed.sentence(),
        "Helm release jhub/prod, revision 3 of chart jupyterhub-4.4.0; its newest revision is 10 with the status failed: \
         parts of it may be there"
    );
    let list = format!("{PLACE}?limit=2{SELECTORS}");
    assert_eq!(
        *api.asked.lock().unwrap(),
        [list.clone(), format!("{list}&continue=2"), format!("{PLACE}/sh.helm.release.v1.prod.v3")]
    );
}

#[tokio::test]
async fn nothing_but_the_redacted_manifest_leaves_a_release() {
    let deployed = Secrets::of(vec![secret(1, "deployed")]).read().await.unwrap();
    let told = format!("{deployed:?}");
    assert!(!told.contains("planted"), "{told}");
    let objects: Vec<_> = deployed.records.iter().map(|record| record.object.to_string()).collect();
    assert_eq!((objects, deployed.skipped), (vec!["Service/jhub/hub".to_owned()], 1));
}

#[tokio::test]
async fn a_release_that_is_not_deployed_is_told_with_where_it_stands() {
    assert_eq!(
        why_not(vec![secret(1, "pending-install")]).await,
        "no revision of Helm release jhub/prod is deployed; its newest revision is 1 with the status pending-install: it is under way \
         or broke off, and parts of it may be there. Look at it with `helm history`"
    );
}

#[tokio::test]
async fn a_release_that_is_not_there_is_told_with_those_that_are() {
    let mut other = secret(1, "deployed");
    other["metadata"]["labels"]["name"] = "exam".into();
    other["metadata"]["name"] = "sh.helm.release.v1.exam.v1".into();
    assert!(why_not(vec![other]).await.contains("holds no Helm release prod, but exam; "));
    assert!(why_not(Vec::new()).await.contains("holds no Helm release prod; "));
}

#[tokio::test]
async fn what_is_not_what_helm_writes_is_told_without_its_content() {
    let mut no_base64 = secret(1, "deployed");
    no_base64["data"]["release"] = "planted!".into();
    let mut once = secret(1, "deployed");
    once["data"]["release"] = BASE64.encode(b"planted!").into();
    let mut no_value = secret(1, "deployed");
    no_value["data"] = json!({"other": BASE64.encode(b"planted")});
    let mut opaque = secret(1, "deployed");
    opaque["type"] = "Opaque".into();
    let packed = gzip(body(1, "deployed", MANIFEST).to_string().as_bytes());
    let release = |change: &dyn Fn(&mut Value)| {
        let mut release = body(1, "deployed", MANIFEST);
        change(&mut release);
        holding(1, "deployed", &gzip(release.to_string().as_bytes()))
    };
    for (secret, why) in [
        (no_base64, "cannot be understood as a Secret with values in Base64"),
        (once, "is not Base64 once more"),
        (no_value, "no value under the key release"),
        (opaque, "its type is not helm.sh/release.v1"),
        (holding(1, "deployed", b"planted"), "is not the JSON of a release"),
        (holding(1, "deployed", &packed[..packed.len() / 2]), "broken gzip"),
        (holding(1, "deployed", &gzip(b"planted")), "is not the JSON of a release"),
        (release(&|release| drop(release.as_object_mut().unwrap().remove("manifest"))), "has no manifest"),
        (release(&|release| release["manifest"] = json!({"planted": 1})), "is not the JSON of a release"),
        (release(&|release| release["version"] = 2.into()), "it is another revision"),
        (release(&|release| release["name"] = "planted".into()), "it is another revision"),
        (release(&|release| release["namespace"] = "planted".into()), "it is another revision"),
        (release(&|release| release["manifest"] = "".into()), "holds no object that Perijove reads"),
        (
            release(&|release| {
                release["manifest"] = "kind: Secret\napiVersion: v1\ndata: {a: cGxhbnRlZA==}".into();
            }),
            "holds no object that Perijove reads",
        ),
    ] {
        let told = why_not(vec![secret]).await;
        assert!(
            told.contains("Secret sh.helm.release.v1.prod.v1 in namespace jhub") && told.contains(why),
            "{why}: {told}"
        );
    }
    let broken = release(&|release| {
        release["manifest"] = "kind: Service\napiVersion: v1\nspec: {ports: planted}".into();
    });
    let told = why_not(vec![broken]).await;
    assert!(told.contains("the manifest of Helm release jhub/prod, revision 1:3:"), "{told}");
}

#[tokio::test]
async fn an_old_release_that_is_not_compressed_is_read() {
    let secret = holding(1, "deployed", body(1, "deployed", MANIFEST).to_string().as_bytes());
    assert_eq!(Secrets::of(vec![secret]).read().await.unwrap().records.len(), 1);
}

#[tokio::test]
async fn a_release_that_inflates_to_more_than_any_release_is_refused() {
    let bomb = gzip(&vec![b' '; (32 << 20) + 1]);
    assert!(bomb.len() < 64 << 10, "{}", bomb.len());
    assert!(why_not(vec![holding(1, "deployed", &bomb)]).await.contains("more than 32 MiB"));
}

#[tokio::test]
async fn names_and_labels_that_helm_does_not_write_count_for_nothing() {
    let forged = |change: &dyn Fn(&mut Value)| {
        let mut secret = secret(9, "deployed");
        change(&mut secret["metadata"]);
        secret
    };
    let secrets = vec![
        forged(&|metadata| metadata["name"] = "copy-of-a-release".into()),
        forged(&|metadata| metadata["labels"]["version"] = "-9".into()),
        forged(&|metadata| metadata["labels"]["version"] = "99999999999".into()),
        forged(&|metadata| metadata["labels"]["name"] = "../prod".into()),
        forged(&|metadata| drop(metadata.as_object_mut().unwrap().remove("labels"))),
        secret(2, "deployed"),
    ];
    assert_eq!(Secrets::of(secrets).read().await.unwrap().installed.revision, 2);
}

#[tokio::test]
async fn a_release_that_is_upgraded_meanwhile_is_read_again() {
    let upgrade = |held: &mut Vec<Value>| {
        if held.len() == 1 {
            *held = vec![secret(1, "superseded"), secret(2, "deployed")];
        }
    };
    let api = Secrets { after_list: Some(upgrade), ..Secrets::of(vec![secret(1, "deployed")]) };
    assert_eq!(api.read().await.unwrap().installed.revision, 2);
    let endless = |held: &mut Vec<Value>| {
        held[0]["metadata"]["name"] = "gone".into();
        held.rotate_left(1);
    };
    let api = Secrets {
        after_list: Some(endless),
        ..Secrets::of((1..=5).map(|n| secret(n, "deployed")).rev().collect())
    };
    let error = api.read().await.unwrap_err().to_string();
    assert!(error.contains("jhub/prod changes while it is read"), "{error}");
}

#[tokio::test]
async fn a_refusal_says_what_may_not_be_done() {
    let service = tower::service_fn(|_: Request<Body>| async {
        let mut response = Response::new(Full::new(Bytes::new()));
        *response.status_mut() = StatusCode::FORBIDDEN;
        Ok::<_, std::convert::Infallible>(response)
    });
    let source = Source::over(service, "https://test", Tuning::default(), Clock::System);
    let error = read(&source, &redactor(), "jhub", "prod").await.unwrap_err().to_string();
    assert_eq!(
        error,
        "the account may not list the Secrets of namespace jhub, in which Helm keeps its releases"
    );
}
