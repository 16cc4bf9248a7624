//! Secrets and names of people in a real cluster: they get into nothing that the program writes, prints or shows.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;
use server::demo;

use super::demo::start_for;
use crate::program::{Folder, Needles, Serving};

/// With this every planted secret of the demo begins.
const PLANTED: &str = "planted-";

/// Every object of the demo's three clusters as one cluster, where Services get their addresses from the server.
fn objects() -> Vec<Value> {
    let clusters = demo::clusters(Timestamp::now()).expect("the demo's files are sound");
    let mut objects: Vec<Value> = clusters.iter().flat_map(demo::DemoCluster::present).collect();
    for object in objects.iter_mut().filter(|object| object["kind"] == "Service") {
        if let Some(spec) = object["spec"].as_object_mut().filter(|spec| spec["clusterIP"] != "None") {
            spec.retain(|field, _| field != "clusterIP" && field != "clusterIPs");
            for port in spec["ports"].as_array_mut().into_iter().flatten() {
                port.as_object_mut().expect("a port").remove("nodePort");
            }
        }
    }
    objects
}

/// Names of people that are no part of an everyday word.
fn people(objects: &[Value]) -> BTreeSet<String> {
    let names = objects.iter().filter_map(|object| {
        object.pointer("/metadata/annotations/hub.jupyter.org~1username")?.as_str().map(str::to_owned)
    });
    names.filter(|name| name.len() > 4 && name != "grace").collect()
}

const CHANGE: &str = "
apiVersion: v1
kind: Service
metadata:
  name: late
  namespace: jhub
  annotations: {kubectl.kubernetes.io/last-applied-configuration: '{\"password\": \"planted-late\"}'}
spec: {type: NodePort, selector: {component: proxy}, ports: [{port: 80}]}
";

#[tokio::test]
async fn what_is_planted_in_a_real_cluster_gets_into_nothing() {
    let Some(control_plane) = start_for("10.96.0.0/12").await else { return };
    let objects = objects();
    let people = people(&objects);
    assert!(people.len() > 8, "{people:?}");
    let refused = control_plane.offer_objects(objects.clone()).await;
    assert!(refused.len() < 10, "{}", refused.join("\n"));
    let token = control_plane.reader().await;
    let kubeconfig = control_plane.kubeconfig(&token);
    let at = ["--kubeconfig", kubeconfig.to_str().expect("our own path")];
    let held = held(&control_plane).await;
    assert!(held > 60, "only {held} planted secrets are in the API server");

    let secrets = Needles::of([PLANTED, token.as_str()]);
    let names = Needles::of(&people);
    let folder = Folder::new();
    for command in [&["doctor"][..], &["scan", "--output", "json"], &["scan", "--output", "table"]] {
        let output = folder.run(&[command, &at].concat());
        assert!(output.stdout.len() > 500, "{command:?}: {output:?}");
        for said in [&output.stdout, &output.stderr] {
            secrets.assert_absent(&format!("the output of {command:?}"), said);
            names.assert_absent(&format!("the output of {command:?}"), said);
        }
    }

    let settings = [("PERIJOVE_LOG__FILTER", "trace"), ("PERIJOVE_PRIVACY__NAMES", "hashed")];
    let mut serving = Serving::start(&folder, &at, &settings);
    serving.wait_for_scan("cluster", 1).await;
    let browser = serving.browser();
    let events = browser.events();
    control_plane.apply(CHANGE).await;
    let event = events.first();
    secrets.assert_absent("the event stream", &event);
    names.assert_absent("the event stream", &event);
    let pages = browser.walk();
    assert!(pages.len() > 300, "only {} pages", pages.len());
    for (path, page) in &pages {
        secrets.assert_absent(path, page);
        names.assert_absent(path, page);
        names.assert_absent("an address", path);
    }
    serving.kill();
    let session = Needles::of([browser.session()]);
    let files = folder.files();
    let written: BTreeSet<String> =
        files.iter().filter_map(|(path, _)| Some(path.file_name()?.to_str()?.to_owned())).collect();
    for file in ["perijove.db", "perijove.db-wal", "perijove.db-shm", "serve.log"] {
        assert!(written.contains(file), "{file} is not among {written:?}");
    }
    for (path, bytes) in &files {
        for needles in [&secrets, &names, &session] {
            needles.assert_absent(&path.display().to_string(), bytes);
        }
    }
}

/// How many planted secrets the API server holds, as far as Perijove could read them.
async fn held(control_plane: &super::ControlPlane) -> usize {
    let admin = control_plane.admin().await;
    let mut held = 0;
    for path in ["/api/v1/pods", "/api/v1/configmaps", "/apis/apps/v1/deployments", "/apis/batch/v1/cronjobs"]
    {
        let text = admin.request_text(super::get(path)).await.expect("the administrator may list");
        held += text.matches(PLANTED).count();
    }
    held
}
