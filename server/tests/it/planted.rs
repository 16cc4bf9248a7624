//! Secrets where no real API server would take them, and in what fails: they get into nothing either.

use std::collections::BTreeSet;
use std::fs;

use jiff::Timestamp;
use serde::Deserialize as _;
use serde_json::Value;
use server::clock::Clock;
use server::cluster::{Source, Tuning};
use server::collector::Settings;
use server::demo_api::DemoApi;

use crate::followed::{CLUSTER, Followed};
use crate::helm::{Helm, revision};
use crate::program::{Folder, Needles, Serving};

/// Objects with secrets in every place that is known, some of which a real API server refuses.
const OBJECTS: &str = include_str!("../../../posture/tests/planted/objects.yaml");

/// With this each of them begins.
const PLANTED: &str = "xyzzyPlanted";

fn objects() -> Vec<Value> {
    let documents = serde_norway::Deserializer::from_str(OBJECTS);
    documents.map(|document| Value::deserialize(document).unwrap()).collect()
}

#[tokio::test]
async fn what_an_api_sends_gets_into_no_file_and_on_no_page() {
    let clock = Clock::at(Timestamp::now());
    let mut all = objects();
    let hub = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: hub, namespace: jhub, labels: {app: jupyterhub, component: hub, release: hub, chart: jupyterhub-0.7.0, heritage: Tiller}}, spec: {selector: {matchLabels: {component: hub}}, template: {metadata: {labels: {app: jupyterhub, component: hub, release: hub}}, spec: {containers: [{name: hub, image: 'jupyterhub/k8s-hub:0.7.0'}], volumes: [{name: config, configMap: {name: hub-config}}]}}}}";
    let system = "{apiVersion: v1, kind: Namespace, metadata: {name: kube-system, uid: 11111111-1111-4111-8111-111111111111}}";
    all.extend([hub, system].map(|document| serde_norway::from_str::<Value>(document).unwrap()));
    let api = DemoApi::new(all, Vec::new(), "v1.34.2", clock.clone());
    let tuning = Tuning { requests_per_second: 0, ..Tuning::default() };
    let followed = Followed::start(Source::over(api, "https://demo", tuning, clock)).await;
    assert!(followed.handle.scan_now().await);
    let needles = Needles::of([PLANTED]);
    let read = followed.texts("select kind from objects order by kind").await;
    assert!(read.contains(&"ConfigMap".to_owned()), "{read:?}");
    let mut paths = vec![
        format!("/clusters/{CLUSTER}"),
        format!("/clusters/{CLUSTER}/gaps"),
        format!("/clusters/{CLUSTER}/certificates"),
    ];
    for place in [format!("/clusters/{CLUSTER}"), format!("/clusters/{CLUSTER}/hubs/jhub/hub")] {
        let list = if place.contains("/hubs/") { place.clone() } else { format!("{place}/checks") };
        let page = followed.get(&list).await;
        let marker = format!("{place}/checks/");
        let codes = page.split(&marker).skip(1).filter_map(|rest| rest.split(['"', '#', '?']).next());
        paths.extend(codes.map(|code| format!("{marker}{code}")));
        paths.push(list);
    }
    assert!(paths.len() > 30, "{paths:?}");
    for path in paths {
        needles.assert_absent(&path, followed.get(&path).await);
    }
    for (path, bytes) in followed.folder.files() {
        needles.assert_absent(&path.display().to_string(), bytes);
    }
}

#[tokio::test]
async fn what_helm_keeps_gets_into_no_file_and_on_no_page() {
    let clock = Clock::at(Timestamp::now());
    let system = "{apiVersion: v1, kind: Namespace, metadata: {name: kube-system, uid: 11111111-1111-4111-8111-111111111111}}";
    let system: Value = serde_norway::from_str(system).unwrap();
    let api = DemoApi::new(vec![system], Vec::new(), "v1.34.2", clock.clone());
    let helm = Helm::default();
    helm.put(revision(("jhub", "prod"), 1, "deployed", OBJECTS));
    let releases = BTreeSet::from(["jhub".to_owned()]);
    let source = helm.over(api, &releases, clock);
    let settings = Settings { releases, ..Settings::new(CLUSTER) };
    let followed = Followed::start_with(source, settings).await;
    assert!(followed.handle.scan_now().await);
    let kept = "select c.body from releases r join contents c on c.id = r.content_id";
    let [kept] = followed.texts(kept).await.try_into().unwrap();
    assert!(kept.len() > 5_000 && kept.contains("jupyter-labhub"), "{kept}");
    let needles = Needles::of([PLANTED, "planted-"]);
    for query in ["", "?against=release:jhub/prod"] {
        let path = format!("/clusters/{CLUSTER}/drift{query}");
        let page = followed.get(&path).await;
        assert!(page.contains("release:jhub/prod"), "{page}");
        needles.assert_absent(&path, page);
    }
    for (path, bytes) in followed.folder.files() {
        needles.assert_absent(&path.display().to_string(), bytes);
    }
}

#[tokio::test]
async fn the_demo_served_with_every_word_logged_tells_no_secret() {
    let folder = Folder::new();
    let mut serving = Serving::start(&folder, &["--demo"], &[("PERIJOVE_LOG__FILTER", "trace")]);
    serving.wait_for_scan("campus-shared", 3).await;
    let needles = Needles::of(["planted-"]);
    let browser = serving.browser();
    for (path, page) in browser.walk() {
        needles.assert_absent(&path, page);
    }
    serving.kill();
    let mut is_there = false;
    for (path, bytes) in folder.files() {
        // The renderings that the demo compares with are what it reads, and stand there as a user's files do.
        if !path.components().any(|part| part.as_os_str() == "declared") {
            needles.assert_absent(&path.display().to_string(), &bytes);
        }
        is_there |= path.ends_with("demo.db");
    }
    assert!(is_there, "the demo's database is in the folder");
}

#[tokio::test]
async fn what_fails_does_not_quote_what_it_read() {
    let folder = Folder::new();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let secret = PLANTED;
    let kubeconfig = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: [{{name: c, context: {{cluster: c, user: u}}}}]\n\
         clusters: [{{name: c, cluster: {{server: 'https://u:{secret}@127.0.0.1:1'}}}}]\n"
    );
    let cut = &OBJECTS[..OBJECTS.len() / 3];
    let broken = format!("{cut}\n  ]: [{{ {secret}: \"{secret}\n");
    let objects = write("objects.yaml", OBJECTS);
    let broken = write("broken.yaml", &broken);
    let users = [
        format!("{{token: {secret}}}"),
        format!("{{username: u, password: {secret}}}"),
        format!("{{client-key-data: {secret}, client-certificate-data: {secret}}}"),
        format!("{{tokenFile: /nowhere/{secret}}}"),
        format!(
            "{{exec: {{apiVersion: client.authentication.k8s.io/v1, command: sh, args: ['-c', 'echo {secret}; echo {secret} >&2; exit 3'], interactiveMode: Never}}}}"
        ),
        format!("[{secret}]"),
        format!("{{token: {secret}"),
    ];
    let mut runs: Vec<Vec<String>> = vec![
        vec!["check".into(), "-f".into(), objects.clone()],
        vec!["check".into(), "-f".into(), objects, "--output".into(), "json".into()],
        vec!["check".into(), "-f".into(), broken],
        vec![
            "--config".into(),
            write("unknown.toml", &format!("[store]\npasword = \"{secret}\"\n")),
            "config".into(),
        ],
        vec!["--config".into(), write("no.toml", &format!("[log\nfilter = \"{secret}\"\n")), "config".into()],
    ];
    for (number, user) in users.iter().enumerate() {
        let text = format!("{kubeconfig}users: [{{name: u, user: {user}}}]\n");
        let path = write(&format!("kubeconfig-{number}"), &text);
        for command in ["scan", "doctor"] {
            runs.push([command, "--kubeconfig", &path, "--context", "c"].map(str::to_owned).to_vec());
        }
    }
    let needles = Needles::of([PLANTED]);
    for run in runs {
        let arguments: Vec<&str> = run.iter().map(String::as_str).collect();
        let output = folder.run(&arguments);
        assert!(!output.stdout.is_empty() || !output.stderr.is_empty(), "{run:?} says nothing");
        for said in [&output.stdout, &output.stderr] {
            needles.assert_absent(&format!("the output of {run:?}"), said);
            assert!(!String::from_utf8_lossy(said).contains("panicked"), "{run:?} panicked");
        }
    }
}
