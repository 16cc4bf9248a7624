//! The control plane itself works: what other tests rely on, tried once.

use kube::{
    Api, Client, Error,
    api::{DynamicObject, ListParams, PostParams},
    core::{ApiResource, GroupVersionKind},
};
use serde_json::{Value, json};

use super::{Access, ControlPlane, get};

const READER: &str = "system:serviceaccount:perijove:perijove";

fn api(client: &Client, kind: &str) -> Api<DynamicObject> {
    Api::all_with(client.clone(), &ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", kind)))
}

fn namespace(name: &str) -> DynamicObject {
    let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
    serde_json::from_value(object).unwrap()
}

fn code_of<T: std::fmt::Debug>(answer: Result<T, Error>) -> u16 {
    match answer {
        Err(Error::Api(status)) => status.code,
        other => panic!("expected a refusal by the API server, got {other:?}"),
    }
}

#[tokio::test]
async fn a_restart_keeps_the_data_and_the_audit_log() {
    let Some(mut control_plane) = ControlPlane::start().await else { return };
    let namespaces = api(&control_plane.admin().await, "Namespace");
    namespaces.create(&PostParams::default(), &namespace("kept")).await.unwrap();

    control_plane.stop();
    assert!(matches!(namespaces.get("kept").await, Err(Error::Service(_))));
    control_plane.resume().await;

    // The client from before goes on with the same address, certificate and token.
    let kept = namespaces.get("kept").await.unwrap();
    assert_eq!(kept.metadata.name.as_deref(), Some("kept"));
    let log = control_plane.audit_log();
    let asked = |verb: &str| {
        log.iter().any(|entry| entry.user == "admin" && entry.verb == verb && entry.resource == "namespaces")
    };
    assert!(asked("create"), "{log:#?}");
    assert!(asked("get"), "{log:#?}");
}

#[tokio::test]
async fn the_reader_reads_and_cannot_write_or_see_secrets() {
    let Some(control_plane) = ControlPlane::start().await else { return };
    let token = control_plane.reader().await;
    let reader = control_plane.client(&token).await;

    api(&reader, "Pod").list(&ListParams::default()).await.unwrap();
    assert_eq!(code_of(api(&reader, "Secret").list(&ListParams::default()).await), 403);
    let refused = api(&reader, "Namespace").create(&PostParams::default(), &namespace("refused")).await;
    assert_eq!(code_of(refused), 403);

    let asked: Vec<(String, String)> = control_plane
        .audit_log()
        .into_iter()
        .filter(|entry| entry.user == READER)
        .map(|entry| (entry.verb, entry.resource))
        .collect();
    let expected = [("list", "pods"), ("list", "secrets"), ("create", "namespaces")];
    assert_eq!(asked, expected.map(|(verb, resource)| (verb.to_owned(), resource.to_owned())));

    control_plane
        .apply("{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: perijove}, rules: []}")
        .await;
    control_plane.await_access(("perijove", "perijove"), ("list", "", "pods"), Access::Denied).await;
    assert_eq!(code_of(api(&reader, "Pod").list(&ListParams::default()).await), 403);
}

const HUB: &str = "
apiVersion: v1
kind: Pod
metadata: {name: hub, namespace: science, uid: made-up, resourceVersion: '7'}
spec: {containers: [{name: hub, image: 'hub:1', securityContext: {privileged: true}}]}
status: {phase: Running, podIP: 10.1.2.3, qosClass: Guaranteed}
---
apiVersion: v1
kind: Service
metadata: {name: kubernetes, namespace: default, labels: {seen: 'yes'}}
spec: {clusterIP: 10.96.0.1, ports: [{name: https, port: 443, targetPort: 6443}]}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: moons.example.test}
spec:
  group: example.test
  names: {kind: Moon, plural: moons}
  scope: Cluster
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object}}
---
apiVersion: example.test/v1
kind: Moon
metadata: {name: io}
";

#[tokio::test]
async fn manifests_are_applied_with_their_status_and_custom_resources() {
    let Some(control_plane) = ControlPlane::start_with(&["--min-request-timeout=60"]).await else { return };
    control_plane.apply(HUB).await;
    control_plane.apply(&HUB.replace("hub:1", "hub:2")).await;

    let kubeconfig = std::fs::read_to_string(control_plane.kubeconfig(control_plane.admin_token())).unwrap();
    assert!(kubeconfig.contains(&control_plane.url()));
    let admin = control_plane.admin().await;
    let pod: Value = admin.request(get("/api/v1/namespaces/science/pods/hub")).await.unwrap();
    assert_eq!(pod["status"]["podIP"], "10.1.2.3");
    assert_eq!(pod["spec"]["containers"][0]["image"], "hub:2");
    // The server makes this one itself.
    let service: Value = admin.request(get("/api/v1/namespaces/default/services/kubernetes")).await.unwrap();
    assert_eq!(service["metadata"]["labels"]["seen"], "yes");
    let moon: Value = admin.request(get("/apis/example.test/v1/moons/io")).await.unwrap();
    assert_eq!(moon["kind"], "Moon");
}

#[tokio::test]
async fn a_list_begun_before_the_history_was_forgotten_cannot_go_on() {
    let Some(mut control_plane) = ControlPlane::start().await else { return };
    let admin = control_plane.admin().await;
    let namespaces = api(&admin, "Namespace");
    let page = namespaces.list(&ListParams::default().limit(1)).await.unwrap();
    let token = page.metadata.continue_.expect("a cluster starts with several namespaces");
    namespaces.create(&PostParams::default(), &namespace("later")).await.unwrap();

    control_plane.forget_history().await;

    let next = namespaces.list(&ListParams::default().limit(1).continue_token(&token)).await;
    assert_eq!(code_of(next), 410);
}

#[tokio::test]
async fn a_watch_from_before_a_restart_gets_410() {
    let Some(mut control_plane) = ControlPlane::start().await else { return };
    let admin = control_plane.admin().await;
    let namespaces = api(&admin, "Namespace");
    let seen = namespaces.list(&ListParams::default()).await.unwrap().metadata.resource_version.unwrap();
    namespaces.create(&PostParams::default(), &namespace("later")).await.unwrap();

    control_plane.restart().await;

    let watch = format!("/api/v1/namespaces?watch=1&timeoutSeconds=1&resourceVersion={seen}");
    let first = admin.request_text(get(&watch)).await.unwrap();
    let event: Value = serde_json::from_str(first.lines().next().unwrap()).unwrap();
    assert_eq!((event["type"].as_str(), event["object"]["code"].as_u64()), (Some("ERROR"), Some(410)));
}
