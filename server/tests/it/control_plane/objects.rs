//! Putting objects into the API server as an administrator would, and asking it who may do what.

use std::{
    collections::{BTreeSet, HashMap},
    time::{Duration, Instant},
};

use kube::{
    Api, Client, Error,
    api::{DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams},
    core::{ApiResource, GroupVersionKind},
    discovery::{self, Scope},
};
use serde::Deserialize as _;
use serde_json::{Value, json};

use super::ControlPlane;

/// What an object has from the server that wrote it down, and no client may set.
const SERVER_OWNED: [&str; 7] = [
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "uid",
];

/// How long the server may take to notice what it was told.
const PATIENCE: Duration = Duration::from_secs(20);

/// What RBAC says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// A role allows it.
    Allowed,
    /// No role allows it.
    Denied,
}

impl ControlPlane {
    /// [`Self::apply_objects`] for the objects of a YAML stream.
    ///
    /// # Panics
    ///
    /// When the text is not YAML or the API server refuses an object.
    pub(crate) async fn apply(&self, documents: &str) {
        let objects = serde_norway::Deserializer::from_str(documents)
            .map(|document| Value::deserialize(document).expect("a YAML document"))
            .filter(|object| !object.is_null())
            .collect();
        self.apply_objects(objects).await;
    }

    /// Creates every object, or merges it into the one that is there; namespaces that are not among them are made.
    /// A `status` is written through its subresource, as controllers do. What only a server can set is left out.
    ///
    /// # Panics
    ///
    /// When the API server refuses an object.
    pub(crate) async fn apply_objects(&self, objects: Vec<Value>) {
        let refused = self.offer_objects(objects).await;
        assert!(refused.is_empty(), "{}", refused.join("\n"));
    }

    /// As [`Self::apply_objects`]; what the API server says of those it refuses.
    pub(crate) async fn offer_objects(&self, mut objects: Vec<Value>) -> Vec<String> {
        // What other objects lean on comes first; the order is kept otherwise.
        objects.sort_by_key(|object| match object["kind"].as_str() {
            Some("Namespace") => 0,
            Some("CustomResourceDefinition" | "PriorityClass") => 1,
            _ => 2,
        });
        let mut writer = Writer { client: self.admin().await, kinds: HashMap::new() };
        let mut namespaces = BTreeSet::new();
        let mut refused = Vec::new();
        for object in objects {
            if let Some(namespace) = object["metadata"]["namespace"].as_str()
                && namespaces.insert(namespace.to_owned())
            {
                refused.extend(writer.put(&namespace_object(namespace)).await.err());
            }
            refused.extend(writer.put(&object).await.err());
        }
        refused
    }

    /// Deletes an object at once, whatever waits for it.
    ///
    /// # Panics
    ///
    /// When it is not there.
    pub(crate) async fn delete(&self, object: &Value) {
        let mut writer = Writer { client: self.admin().await, kinds: HashMap::new() };
        let name = object["metadata"]["name"].as_str().expect("an object has a name");
        let api = writer.api_of(object).await;
        let now = DeleteParams { grace_period_seconds: Some(0), ..DeleteParams::default() };
        drop(api.delete(name, &now).await.unwrap_or_else(|error| panic!("deleting {name}: {error}")));
    }

    /// The namespaces there are.
    pub(crate) async fn namespaces(&self) -> Vec<String> {
        let kind = ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", "Namespace"));
        let all: Api<DynamicObject> = Api::all_with(self.admin().await, &kind);
        let all = all.list(&ListParams::default()).await.expect("the administrator may list namespaces");
        all.items.into_iter().filter_map(|namespace| namespace.metadata.name).collect()
    }

    /// A token of a `ServiceAccount`, good for an hour, from the `TokenRequest` API.
    ///
    /// # Panics
    ///
    /// When there is no such account.
    pub(crate) async fn token(&self, namespace: &str, account: &str) -> String {
        let path = format!("/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token");
        let request = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
            "spec": {"expirationSeconds": 3600}});
        let answer = post(&self.admin().await, &path, &request).await;
        answer["status"]["token"].as_str().expect("a TokenRequest is answered with a token").to_owned()
    }

    /// A token of the account that `deploy/role.yaml` makes, with just the rights of that file. In the audit log it
    /// is `system:serviceaccount:perijove:perijove`.
    pub(crate) async fn reader(&self) -> String {
        self.apply(include_str!("../../../../deploy/role.yaml")).await;
        self.await_access(("perijove", "perijove"), ("list", "", "pods"), Access::Allowed).await;
        self.token("perijove", "perijove").await
    }

    /// Waits until a change of roles has reached the part of the server that judges: whether the `ServiceAccount`
    /// (namespace, name) may do (verb, group, resource) in the whole cluster.
    ///
    /// # Panics
    ///
    /// When it does not come to that.
    pub(crate) async fn await_access(
        &self,
        (namespace, account): (&str, &str),
        (verb, group, resource): (&str, &str, &str),
        wanted: Access,
    ) {
        let review = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": {
            "user": format!("system:serviceaccount:{namespace}:{account}"),
            "groups": ["system:authenticated", "system:serviceaccounts", format!("system:serviceaccounts:{namespace}")],
            "resourceAttributes": {"verb": verb, "group": group, "resource": resource},
        }});
        let client = self.admin().await;
        let deadline = Instant::now() + PATIENCE;
        let mut often = tokio::time::interval(Duration::from_millis(50));
        loop {
            often.tick().await;
            let answer = post(&client, "/apis/authorization.k8s.io/v1/subjectaccessreviews", &review).await;
            let access = if answer["status"]["allowed"] == true { Access::Allowed } else { Access::Denied };
            if access == wanted {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "{namespace}/{account}, {verb} {group}/{resource}: still {access:?}, not {wanted:?}"
            );
        }
    }

    /// Makes etcd forget everything but the newest revision, so that the `continue` token of a list begun before is
    /// answered with 410. The API server is restarted, because it keeps snapshots of its own.
    pub(crate) async fn forget_history(&mut self) {
        let url: http::Uri =
            format!("http://127.0.0.1:{}", self.etcd_port).parse().expect("a loopback address");
        let etcd = Client::try_from(kube::Config::new(url)).expect("a client of plain HTTP");
        // `AA==` is the key of one zero byte: any read tells the newest revision.
        let newest = post(&etcd, "/v3/kv/range", &json!({"key": "AA=="})).await;
        let revision = &newest["header"]["revision"];
        self.stop();
        post(&etcd, "/v3/kv/compaction", &json!({"revision": revision, "physical": true})).await;
        self.resume().await;
    }
}

fn namespace_object(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
}

/// Writes objects, and remembers where each kind is served.
struct Writer {
    client: Client,
    kinds: HashMap<GroupVersionKind, (ApiResource, Scope)>,
}

impl Writer {
    /// Creates one object with its status, or merges it into the one that is there.
    async fn put(&mut self, object: &Value) -> Result<(), String> {
        let mut object = object.clone();
        let status = object.as_object_mut().and_then(|fields| fields.remove("status"));
        if let Some(metadata) = object["metadata"].as_object_mut() {
            metadata.retain(|key, _| !SERVER_OWNED.contains(&key.as_str()));
        }
        let name = object["metadata"]["name"].as_str().expect("an object has a name").to_owned();
        let api = self.api_of(&object).await;
        let what = format!("{} {name}", object["kind"].as_str().unwrap_or_default());
        // Trying to create it would not always tell: for a Service, its address is refused before its name.
        let present = api.get_opt(&name).await.unwrap_or_else(|error| panic!("looking for {what}: {error}"));
        let written = if present.is_some() {
            api.patch(&name, &PatchParams::default(), &Patch::Merge(&object)).await
        } else {
            let typed: DynamicObject = serde_json::from_value(object).expect("an object has metadata");
            api.create(&PostParams::default(), &typed).await
        };
        written.map_err(|error| format!("writing {what}: {error}"))?;
        match status {
            Some(status) => put_status(&api, &name, &what, status).await,
            None => Ok(()),
        }
    }

    /// The endpoint for an object, in its namespace if its kind lives in one.
    async fn api_of(&mut self, object: &Value) -> Api<DynamicObject> {
        let version = object["apiVersion"].as_str().expect("an object has an apiVersion");
        let kind = object["kind"].as_str().expect("an object has a kind");
        let (group, version) = version.rsplit_once('/').unwrap_or(("", version));
        let kind = GroupVersionKind::gvk(group, version, kind);
        if !self.kinds.contains_key(&kind) {
            let found = resource_of(&self.client, &kind).await;
            self.kinds.insert(kind.clone(), found);
        }
        let (resource, scope) = &self.kinds[&kind];
        match scope {
            Scope::Namespaced => {
                let namespace = object["metadata"]["namespace"].as_str().unwrap_or("default");
                Api::namespaced_with(self.client.clone(), namespace, resource)
            }
            Scope::Cluster => Api::all_with(self.client.clone(), resource),
        }
    }
}

/// Writes a status, where the kind has one that can be written.
async fn put_status(
    api: &Api<DynamicObject>,
    name: &str,
    what: &str,
    mut status: Value,
) -> Result<(), String> {
    if let Some(fields) = status.as_object_mut() {
        // The server derives it from the resources of a pod, and refuses any other.
        fields.remove("qosClass");
    }
    let patch = json!({"status": status});
    match api.patch_status(name, &PatchParams::default(), &Patch::Merge(&patch)).await {
        // A custom resource whose definition does not set it apart has its status among its other fields.
        Err(Error::Api(refusal)) if refusal.is_not_found() => {
            let written = api.patch(name, &PatchParams::default(), &Patch::Merge(&patch)).await;
            written.map(drop).map_err(|error| format!("writing the status of {what}: {error}"))
        }
        written => written.map(drop).map_err(|error| format!("writing the status of {what}: {error}")),
    }
}

/// Looks a kind up. A custom resource is served a moment after its definition is made.
async fn resource_of(client: &Client, kind: &GroupVersionKind) -> (ApiResource, Scope) {
    let deadline = Instant::now() + PATIENCE;
    let mut often = tokio::time::interval(Duration::from_millis(100));
    loop {
        often.tick().await;
        match discovery::pinned_kind(client, kind).await {
            Ok((resource, capabilities)) => return (resource, capabilities.scope),
            Err(error) => {
                assert!(Instant::now() < deadline, "the API server does not serve {kind:?}: {error}");
            }
        }
    }
}

/// Posts JSON and gives the answer.
pub(super) async fn post(client: &Client, path: &str, body: &Value) -> Value {
    let request = http::Request::post(path)
        .header(http::header::CONTENT_TYPE, "application/json")
        .body(body.to_string().into_bytes())
        .expect("a path is a legal request target");
    client.request(request).await.unwrap_or_else(|error| panic!("POST {path}: {error}"))
}
