//! What survives redaction and what does not, seen from outside.

use posture::kind::Kind;
use posture::redact::{
    Declared, Names, RedactionKey, Redactor, WatchEvent, decode_json, decode_json_list, decode_manifests,
    decode_watch_line,
};
use serde_json::{Value, json};

fn redactor() -> Redactor {
    Redactor::new(RedactionKey::new(b"a key for tests"), Names::Resolvable)
}

fn user_pod(name: &str) -> Value {
    json!({
        "metadata": {
            "name": format!("jupyter-{name}"),
            "namespace": "jhub",
            "uid": "0c1d",
            "resourceVersion": "77",
            "labels": {
                "app": "jupyterhub", "component": "singleuser-server", "release": "hub",
                "hub.jupyter.org/username": name, "hub.jupyter.org/servername": "",
                "hub.jupyter.org/network-access-hub": "true"
            },
            "annotations": {
                "hub.jupyter.org/username": name,
                "hub.jupyter.org/jupyterhub-version": "5.5.0"
            },
            "managedFields": [
                {"manager": "OpenAPI-Generator", "operation": "Update", "time": "2026-11-01T08:00:00Z",
                 "fieldsV1": {"f:metadata": {}}}
            ]
        },
        "spec": {
            "nodeName": "node-1",
            "initContainers": [{
                "name": "block-cloud-metadata", "image": "quay.io/jupyterhub/k8s-network-tools:4.4.0",
                "command": ["iptables", "--append", "OUTPUT", "--protocol", "tcp", "--destination",
                    "169.254.169.254", "--destination-port", "80", "--jump", "DROP"],
                "securityContext": {"privileged": true, "runAsUser": 0, "capabilities": {"add": ["NET_ADMIN"]}}
            }],
            "containers": [{
                "name": "notebook", "image": "quay.io/jupyterhub/k8s-singleuser-sample:4.4.0",
                "env": [
                    {"name": "JUPYTERHUB_API_TOKEN", "value": "0123456789abcdef0123456789abcdef"},
                    {"name": "JUPYTERHUB_USER", "value": name},
                    {"name": "MEM_GUARANTEE", "value": "1073741824"}
                ],
                "volumeMounts": [{"name": format!("volume-{name}"), "mountPath": "/home/jovyan"}]
            }],
            "volumes": [{"name": format!("volume-{name}"), "persistentVolumeClaim": {"claimName": format!("claim-{name}")}}]
        },
        "status": {"phase": "Running", "podIPs": [{"ip": "10.1.2.3"}],
            "initContainerStatuses": [{"name": "block-cloud-metadata",
                "state": {"terminated": {"exitCode": 0, "message": "hunter2hunter2"}}}]}
    })
}

#[test]
fn a_list_hands_over_records_and_says_where_a_watch_continues() {
    let page = json!({
        "kind": "PodList", "apiVersion": "v1",
        "metadata": {"resourceVersion": "100", "continue": "abc", "remainingItemCount": 7},
        "items": [user_pod("lovelace"), user_pod("hopper")]
    });
    let redactor = redactor();
    let mut records = Vec::new();
    let meta =
        decode_json_list(page.to_string().as_bytes(), Kind::Pod, &redactor, |record| records.push(record))
            .unwrap();
    assert_eq!((meta.resource_version.as_str(), meta.continue_token.as_deref()), ("100", Some("abc")));
    assert_eq!((meta.remaining, meta.records, meta.malformed), (Some(7), 2, 0));
    let text = serde_json::to_string(&records).unwrap();
    for secret in ["lovelace", "hopper", "0123456789abcdef", "hunter2"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    let token = redactor.token("lovelace");
    assert_eq!(records[0].object.name, format!("jupyter-{token}"));
    assert_eq!(
        records[0].body["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"],
        format!("claim-{token}")
    );
    assert_eq!(records[0].body["spec"]["initContainers"][0]["command"][10], "DROP");
    assert_eq!(records[0].managed_fields[0].manager, "OpenAPI-Generator");
    assert_eq!(records[0].drift, records[1].drift, "two users of one template");
    assert_eq!(redactor.take_seen().len(), 2);
}

#[test]
fn a_watch_line_is_an_event() {
    let redactor = redactor();
    let line = |value: Value| decode_watch_line(value.to_string().as_bytes(), Kind::Pod, &redactor).unwrap();
    let WatchEvent::Deleted(record) = line(json!({"type": "DELETED", "object": user_pod("lovelace")})) else {
        panic!()
    };
    assert_eq!(record.resource_version, "77");
    assert_eq!(
        line(json!({"type": "BOOKMARK", "object": {"kind": "Pod", "metadata": {"resourceVersion": "9"}}})),
        WatchEvent::Bookmark { resource_version: "9".to_owned() }
    );
    assert_eq!(
        line(json!({"type": "ERROR", "object": {"kind": "Status", "code": 410, "message": "too old"}})),
        WatchEvent::Error { code: 410 }
    );
}

#[test]
fn a_file_holds_documents_lists_and_kinds_that_are_not_read() {
    let text = "\
# a chart
---
apiVersion: v1
kind: Service
metadata: {name: hub, namespace: jhub}
spec: {ports: [{port: 8081, targetPort: http}]}
---
# nothing
---
apiVersion: v1
kind: Secret
metadata: {name: hub}
stringData: {token: hunter2hunter2}
---
apiVersion: v1
kind: List
items:
  - {apiVersion: v1, kind: ServiceAccount, metadata: {name: hub}}
  - {apiVersion: v1, kind: Secret, metadata: {name: x}}
";
    let found = decode_manifests(text, "chart.yaml", &redactor(), None).unwrap();
    let shown: Vec<_> = found
        .iter()
        .map(|declared| match declared {
            Declared::Object { record, line } => format!("{} {line}", record.object),
            Declared::Unsupported { kind, line } => format!("({kind}) {line}"),
        })
        .collect();
    assert_eq!(shown, ["Service/jhub/hub 2", "(Secret) 9", "ServiceAccount/default/hub 14", "(Secret) 14"]);
    assert!(!format!("{found:?}").contains("hunter2"));
}

#[test]
fn a_broken_document_is_named_by_file_line_and_column() {
    let error = |text: &str| decode_manifests(text, "x.yaml", &redactor(), None).unwrap_err().to_string();
    let text = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n---\napiVersion: v1\nkind: Service\nmetadata:\n  name: b\nspec:\n  ports:\n    - port: hunter2hunter2\n";
    assert_eq!(error(text), "x.yaml:11:13: expected a number, found text, in spec.ports[0].port");
    assert_eq!(
        error("apiVersion: v1\nkind: Service\nmetadata: [hunter2hunter2\n"),
        "x.yaml:4:1: the text is broken"
    );
    assert_eq!(error("name: x\n"), "x.yaml:1:1: there is no kind");
    assert_eq!(
        error("{\"apiVersion\": \"v1\", \"kind\": \"Service\",\n \"metadata\": {\"name\": 3}}"),
        "x.yaml:2:23: expected text, found a number, in metadata.name"
    );
}

#[test]
fn what_nobody_can_mean_is_refused_and_not_guessed() {
    let error = |text: &str| decode_manifests(text, "x.yaml", &redactor(), None).unwrap_err().to_string();
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n";
    assert_eq!(
        error(&format!("{service}spec:\n  type: ClusterIP\n  type: hunter2hunter2\n")),
        "x.yaml:5:3: expected a key that stands once, found it again, in spec.type",
        "the line is that at which the object begins"
    );
    assert!(error(&format!("{service}kind: Pod\n")).contains("kind or items stands twice in one object"));
    assert!(error(&format!("{service}spec:\n  <<: {{type: NodePort}}\n")).contains("found the merge key <<"));
    assert!(error(&format!("base: &b {{}}\n<<: *b\n{service}")).contains("found the merge key <<"));
    assert_eq!(error("[hunter2hunter2]"), "x.yaml:1:1: expected an object, found a list");
    assert_eq!(error("hunter2hunter2"), "x.yaml:1:1: expected an object, found text");
}

#[test]
fn json_objects_in_a_row_are_read_each() {
    let one = |name: &str| {
        format!("{{\"apiVersion\":\"v1\",\"kind\":\"Service\",\n\"metadata\":{{\"name\":\"{name}\"}}}}")
    };
    let found =
        decode_manifests(&format!("{}\n{}\n", one("a"), one("b")), "x.json", &redactor(), None).unwrap();
    assert_eq!(found.len(), 2);
    let broken = decode_manifests(
        &format!("{}\n{}", one("a"), one("b").replace("\"b\"", "7")),
        "x.json",
        &redactor(),
        None,
    );
    let error = broken.unwrap_err().to_string();
    assert!(error.starts_with("x.json:4:"), "{error}");
}

#[test]
fn an_object_that_cannot_be_read_is_named_by_its_place() {
    let error =
        decode_json(b"{\"metadata\": {\"name\": \"hunter2hunter2\"", Kind::Node, &redactor()).unwrap_err();
    assert_eq!(error.to_string(), "the text ends too early at line 1, column 38, in metadata");
}
