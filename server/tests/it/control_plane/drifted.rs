//! `perijove drift --against` with a live cluster: what the API server fills in is silent, what a person edits is told.

use serde_json::{Value, json};

use super::ControlPlane;
use crate::program::Folder;

pub(super) const RENDERED: &str = "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: singleuser, namespace: jhub, labels: {heritage: Helm, release: prod}}
spec:
  podSelector: {matchLabels: {component: singleuser-server}}
  policyTypes: [Egress]
  egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: 53, protocol: UDP}, {port: 53}]}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: hub, namespace: jhub, labels: {heritage: Helm, release: prod}}
spec:
  selector: {matchLabels: {component: hub}}
  template:
    metadata: {labels: {component: hub}}
    spec:
      serviceAccountName: hub
      containers:
        - name: hub
          image: quay.io/jupyterhub/k8s-hub:4.4.0
          ports: [{containerPort: 8081}]
          env: [{name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]
          resources: {limits: {memory: 1024Mi, cpu: 1000m}}
          readinessProbe: {httpGet: {path: /hub/health, port: 8081}}
          volumeMounts: [{name: config, mountPath: /etc/jupyterhub}]
      volumes: [{name: config, emptyDir: {}}]
---
apiVersion: v1
kind: Service
metadata: {name: hub, namespace: jhub, labels: {heritage: Helm, release: prod}}
spec: {selector: {component: hub}, ports: [{port: 8081}]}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: hub, namespace: jhub, labels: {heritage: Helm, release: prod}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: hub, namespace: jhub, labels: {heritage: Helm, release: prod}}
rules: [{apiGroups: [''], resources: [pods], verbs: [get, list]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: hub, namespace: jhub, labels: {heritage: Helm, release: prod}}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: hub}
subjects: [{kind: ServiceAccount, name: hub, namespace: jhub}]
";

/// The exit code, and what was printed as JSON.
fn compare(folder: &Folder, kubeconfig: &str) -> (Option<i32>, Value) {
    let arguments = ["drift", "--against", "rendered.yaml", "--kubeconfig", kubeconfig, "--output", "json"];
    let ran = folder.run(&arguments);
    let out = String::from_utf8_lossy(&ran.stdout);
    let report = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{ran:?}"));
    (ran.status.code(), report)
}

/// Adds a rule to the policy of user servers, as a person does with `kubectl edit`.
pub(super) async fn edit(control_plane: &ControlPlane) {
    let path =
        "/apis/networking.k8s.io/v1/namespaces/jhub/networkpolicies/singleuser?fieldManager=kubectl-edit";
    let edit = json!([{"op": "add", "path": "/spec/egress/-", "value": {"ports": [{"port": 80, "protocol": "TCP"}]}}]);
    let request = http::Request::patch(path)
        .header(http::header::CONTENT_TYPE, "application/json-patch+json")
        .body(edit.to_string().into_bytes())
        .unwrap();
    let _: Value = control_plane.admin().await.request(request).await.unwrap();
}

/// Expects this edit, with its author, and nothing else.
pub(super) fn assert_edit_is_told(report: &Value) {
    let [change] = report["changes"].as_array().unwrap().as_slice() else { panic!("{report:#}") };
    assert_eq!((&change["path"], &change["before"]), (&json!("spec.egress"), &Value::Null));
    assert!(change["sentence"].as_str().unwrap().ends_with("port 80"), "{change:#}");
    let newest = &change["writers"][0]["manager"];
    assert_eq!((newest, &change["manual"]), (&json!("kubectl-edit"), &json!(true)), "{change:#}");
}

#[tokio::test]
async fn defaults_of_the_api_server_are_silent_and_an_edit_by_hand_is_told_with_its_author() {
    let Some(control_plane) = ControlPlane::start().await else { return };
    let kubeconfig = control_plane.kubeconfig(&control_plane.reader().await);
    let kubeconfig = kubeconfig.to_str().unwrap();
    control_plane.apply(RENDERED).await;
    let folder = Folder::new();
    std::fs::write(folder.path().join("rendered.yaml"), RENDERED).unwrap();
    let (code, report) = compare(&folder, kubeconfig);
    assert_eq!(
        (code, &report["changes"], &report["compared"]),
        (Some(0), &json!([]), &json!(6)),
        "{report:#}"
    );

    edit(&control_plane).await;
    let (code, report) = compare(&folder, kubeconfig);
    assert_eq!(code, Some(1));
    assert_edit_is_told(&report);
}
