//! Secrets in which Helm keeps revisions, and an API that serves them beside the objects of the demo.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use data_encoding::BASE64;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use kube::client::Body;
use serde_json::{Value, json};
use server::clock::Clock;
use server::cluster::{Source, Tuning};
use server::demo_api::{Answer, DemoApi};
use tower::Service as _;

/// The Secret in which Helm keeps a revision, with secrets wherever Helm leaves some.
pub(crate) fn revision((namespace, name): (&str, &str), number: u32, status: &str, manifest: &str) -> Value {
    let release = json!({
        "name": name, "namespace": namespace, "version": number,
        "info": {"status": status, "notes": "planted-notes"},
        "chart": {"metadata": {"name": "jupyterhub", "version": "4.4.0"}, "values": {"password": "planted-default"}},
        "config": {"proxy": {"secretToken": "planted-value"}}, "manifest": manifest,
    });
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(release.to_string().as_bytes()).unwrap();
    let packed = BASE64.encode(&packed.finish().unwrap());
    json!({
        "apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1",
        "metadata": {
            "namespace": namespace, "name": format!("sh.helm.release.v1.{name}.v{number}"),
            "labels": {"owner": "helm", "name": name, "version": number.to_string(), "status": status},
        },
        "data": {"release": BASE64.encode(packed.as_bytes())},
    })
}

/// What an API holds of Helm.
#[derive(Clone, Default)]
pub(crate) struct Helm(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    secrets: Vec<Value>,
    written: u64,
    /// Namespaces and verbs, and how they are refused.
    refused: Vec<(String, &'static str, StatusCode)>,
    /// The names of the Secrets that were read, oldest first.
    read: Vec<String>,
    lists: usize,
}

impl Helm {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Writes a Secret, and gives it a resourceVersion of its own.
    pub(crate) fn put(&self, mut secret: Value) {
        let mut state = self.state();
        state.written += 1;
        secret["metadata"]["resourceVersion"] = state.written.to_string().into();
        state.secrets.retain(|other| place(other) != place(&secret));
        state.secrets.push(secret);
    }

    /// Takes every revision of a namespace out.
    pub(crate) fn uninstall(&self, namespace: &str) {
        self.state().secrets.retain(|secret| secret["metadata"]["namespace"] != namespace);
    }

    /// Refuses a verb in a namespace from now on.
    pub(crate) fn refuse(&self, namespace: &str, verb: &'static str, status: StatusCode) {
        self.state().refused.push((namespace.to_owned(), verb, status));
    }

    /// Refuses nothing any more.
    pub(crate) fn allow(&self) {
        self.state().refused.clear();
    }

    /// The Secrets that were read since this was last asked.
    pub(crate) fn take_read(&self) -> Vec<String> {
        std::mem::take(&mut self.state().read)
    }

    /// How often releases were listed.
    pub(crate) fn lists(&self) -> usize {
        self.state().lists
    }

    /// A source over the demo's API, with the Secrets of these namespaces served here.
    pub(crate) fn over(&self, api: DemoApi, namespaces: &BTreeSet<String>, clock: Clock) -> Source {
        let (helm, namespaces) = (self.clone(), namespaces.clone());
        let service = tower::service_fn(move |request: Request<Body>| {
            let path = request.uri().path();
            let rest = namespaces.iter().find_map(|namespace| {
                let rest = path.strip_prefix(&format!("/api/v1/namespaces/{namespace}/secrets"))?;
                Some((namespace.clone(), rest.trim_start_matches('/').to_owned()))
            });
            let answer = rest.map(|(namespace, name)| helm.answer(&namespace, &name, request.uri().query()));
            let mut api = api.clone();
            async move {
                let Some((status, body)) = answer else { return api.call(request).await };
                let body = Full::new(Bytes::from(body.to_string())).map_err(|never| match never {});
                let answer: Answer = body.boxed_unsync();
                let mut response = Response::new(answer);
                *response.status_mut() = status;
                Ok(response)
            }
        });
        let tuning = Tuning { requests_per_second: 0, ..Tuning::default() };
        Source::over(service, "https://demo", tuning, clock)
    }

    fn answer(&self, namespace: &str, name: &str, query: Option<&str>) -> (StatusCode, Value) {
        let mut state = self.state();
        let verb = if name.is_empty() { "list" } else { "get" };
        let refused = state.refused.iter().find(|(place, refused, _)| place == namespace && *refused == verb);
        if let Some((.., status)) = refused {
            return (*status, json!({}));
        }
        let there: Vec<_> = state
            .secrets
            .iter()
            .filter(|secret| secret["metadata"]["namespace"] == namespace)
            .cloned()
            .collect();
        if verb == "list" {
            state.lists += 1;
            let query = query.unwrap_or_default();
            assert!(query.contains("fieldSelector=type%3Dhelm.sh%2Frelease.v1"), "{query}");
            let items: Vec<_> = there.iter().map(|secret| json!({"metadata": secret["metadata"]})).collect();
            return (StatusCode::OK, json!({"metadata": {}, "items": items}));
        }
        state.read.push(name.to_owned());
        match there.into_iter().find(|secret| secret["metadata"]["name"] == name) {
            Some(secret) => (StatusCode::OK, secret),
            None => (StatusCode::NOT_FOUND, json!({})),
        }
    }
}

fn place(secret: &Value) -> (String, String) {
    let text = |field: &str| secret["metadata"][field].as_str().unwrap_or_default().to_owned();
    (text("namespace"), text("name"))
}
