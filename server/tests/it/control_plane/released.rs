//! Releases of Helm as an API server keeps them: read with the Role made for it, and nothing of their Secrets told.

use std::collections::BTreeSet;

use serde::Deserialize as _;
use serde_json::{Value, json};

use super::ControlPlane;
use super::drifted::{RENDERED, assert_edit_is_told, edit};
use super::secrets::{READER, await_right};
use crate::helm;
use crate::program::{Folder, Needles, Serving};

/// A Secret of the chart, as its manifest has it.
const SECRET: &str = "---
apiVersion: v1
kind: Secret
metadata: {name: hub, namespace: jhub}
stringData: {hub.config.ConfigurableHTTPProxy.auth_token: planted-token}
";

/// The Secret in which Helm keeps a revision.
fn revision(number: u32, status: &str) -> Value {
    helm::revision(("jhub", "prod"), number, status, &format!("{SECRET}---{RENDERED}"))
}

/// What Helm makes of its manifest when it installs it.
fn installed() -> Vec<Value> {
    let documents = serde_norway::Deserializer::from_str(RENDERED);
    let objects = documents.map(|document| Value::deserialize(document).unwrap());
    let mut objects: Vec<_> = objects.filter(|object| !object.is_null()).collect();
    for object in &mut objects {
        object["metadata"]["labels"]["app.kubernetes.io/managed-by"] = "Helm".into();
        object["metadata"]["annotations"] =
            json!({"meta.helm.sh/release-name": "prod", "meta.helm.sh/release-namespace": "jhub"});
    }
    objects
}

/// Expects the edit on the page of drift, and no value that Helm keeps on it, in the database or in the log.
async fn assert_page_tells(folder: &Folder, at: &[&str], needles: &Needles) {
    let settings = [("PERIJOVE_LOG__FILTER", "trace"), ("PERIJOVE_DRIFT__RELEASES", "jhub")];
    let mut serving = Serving::start(folder, at, &settings);
    serving.wait_for_scan("cluster", 1).await;
    let browser = serving.browser();
    let path = "/clusters/cluster/drift?against=release:jhub/prod";
    let page = browser.read(path);
    for told in [
        "One object differs from what revision 2 of Helm release jhub/prod declares; one was edited by hand although Helm owns it.",
        "Its newest revision is 3 with the status failed",
        "port 80",
        "Written by",
        "edited by hand",
    ] {
        assert!(page.contains(told), "{told}: {page}");
    }
    needles.assert_absent(path, browser.get(path));
    serving.kill();
    for (path, bytes) in folder.files() {
        needles.assert_absent(&path.display().to_string(), &bytes);
    }
}

#[tokio::test]
async fn what_helm_installed_is_silent_and_an_edit_by_hand_is_told_with_its_author() {
    let Some(control_plane) = ControlPlane::start().await else { return };
    let mut objects = installed();
    objects.extend([
        revision(1, "superseded"),
        revision(2, "deployed"),
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"namespace": "jhub", "name": "other"},
            "stringData": {"password": "planted-password"}}),
    ]);
    control_plane.apply_objects(objects).await;
    let kubeconfig = control_plane.kubeconfig(&control_plane.reader().await);
    let at = ["--kubeconfig", kubeconfig.to_str().expect("our own path")];
    let folder = Folder::new();
    let needles = Needles::of(["planted-"]);
    let run = |arguments: &[&str]| {
        let ran = folder
            .command()
            .args([arguments, &at].concat())
            .env("PERIJOVE_DRIFT__RELEASES", "jhub")
            .output()
            .unwrap();
        needles.assert_absent("what is printed", &ran.stdout);
        needles.assert_absent("what is told", &ran.stderr);
        let [out, err] = [&ran.stdout, &ran.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
        (ran.status.code(), out, err)
    };
    let compare = || {
        let (code, out, err) = run(&["drift", "--release", "jhub/prod", "--output", "json"]);
        (code, serde_json::from_str::<Value>(&out).unwrap_or_else(|_| panic!("{out}{err}")))
    };

    let (code, _, err) = run(&["drift", "--release", "jhub/prod"]);
    assert!(code == Some(3) && err.contains("may not list the Secrets of namespace jhub"), "{err}");
    let (code, out, _) = run(&["doctor"]);
    assert!(code == Some(1) && out.contains("perijove doctor --role-releases | kubectl apply -f -"), "{out}");

    control_plane.apply(&posture::role::releases_manifest(&BTreeSet::from(["jhub".to_owned()]))).await;
    await_right(&control_plane, "list", "").await;
    let (_, out, _) = run(&["doctor"]);
    assert!(
        out.contains(
            "Namespace jhub: it can read Helm release jhub/prod, revision 2 of chart jupyterhub-4.4.0."
        ),
        "{out}"
    );
    let (code, report) = compare();
    assert_eq!(
        (code, &report["changes"], &report["compared"], &report["uncompared"]),
        (Some(0), &json!([]), &json!(6), &json!([])),
        "{report:#}"
    );

    edit(&control_plane).await;
    let failed = revision(3, "failed");
    control_plane.apply_objects(vec![failed]).await;
    let (code, report) = compare();
    assert_eq!(code, Some(1));
    assert_edit_is_told(&report);
    assert_eq!(
        report["release"],
        json!({"namespace": "jhub", "name": "prod", "revision": 2, "chart": "jupyterhub-4.4.0",
            "newest": {"revision": 3, "status": "failed"}})
    );
    let (_, out, _) = run(&["drift", "--release", "prod", "--namespace", "jhub"]);
    assert!(
        out.starts_with(
            "Compared with Helm release jhub/prod, revision 2 of chart jupyterhub-4.4.0; its newest"
        ),
        "{out}"
    );
    assert!(out.contains("edited by hand although a Helm release owns it"), "{out}");

    assert_page_tells(&folder, &at, &needles).await;

    let releases = |uri: &str| {
        let list = "/api/v1/namespaces/jhub/secrets?limit=200&fieldSelector=type%3Dhelm.sh%2Frelease.v1&labelSelector=owner%3Dhelm";
        uri == list || uri == "/api/v1/namespaces/jhub/secrets/sh.helm.release.v1.prod.v2"
    };
    let log = control_plane.audit_log();
    let asked: Vec<_> =
        log.iter().filter(|entry| entry.user == READER && entry.resource == "secrets").collect();
    assert!(asked.len() > 6, "{asked:?}");
    for entry in asked {
        assert!(["get", "list"].contains(&entry.verb.as_str()) && releases(&entry.uri), "{entry:?}");
    }
}
