//! `perijove reach` and `perijove access` say of a cluster what they say of its manifests.

use std::fs;

use jiff::Timestamp;
use serde_json::Value;

use super::demo::{cluster, start_for};
use crate::program::Folder;

/// Runs a question that has an answer.
fn answer(folder: &Folder, command: &str, question: &[&str], of: &[&str]) -> Value {
    let arguments: Vec<&str> =
        [command, "--output", "json"].iter().chain(question).chain(of).copied().collect();
    let ran = folder.run(&arguments);
    assert!(ran.status.success(), "{arguments:?}: {ran:?}");
    serde_json::from_slice(&ran.stdout).expect("the answer is JSON")
}

#[tokio::test]
async fn a_cluster_gives_the_answers_of_its_manifests() {
    let Some(control_plane) = start_for("10.96.0.0/16").await else { return };
    let objects = cluster("teaching-eu", Timestamp::now()).present();
    let folder = Folder::new();
    let documents: Vec<String> = objects.iter().map(Value::to_string).collect();
    fs::write(folder.path().join("all.yaml"), documents.join("\n---\n")).expect("our own folder");
    control_plane.apply_objects(objects).await;
    let kubeconfig = control_plane.kubeconfig(&control_plane.reader().await);
    let of_cluster = ["--kubeconfig", kubeconfig.to_str().expect("a path of ours")];
    let of_files = ["-f", "all.yaml"];
    let alike = |command: &str, question: &[&str], fields: &[&str]| -> Value {
        let cluster = answer(&folder, command, question, &of_cluster);
        let files = answer(&folder, command, question, &of_files);
        for field in fields {
            assert_eq!(cluster[*field], files[*field], "{field} of {question:?}");
        }
        cluster
    };

    let mut verdicts = Vec::new();
    for (from, to) in [
        ("jhub/jupyter-ada", "169.254.169.254:80"),
        ("jupyter-grace", "service/jhub/hub:8081"),
        ("hub/jhub/prod", "service/kube-system/kube-dns:53/udp"),
        ("hub/jhub/prod", "service/default/kubernetes:443"),
        ("hub/jhub-staging/staging", "1.1.1.1:443"),
        ("hub/binder/binder", "10.20.0.10:10250"),
        ("hub/jhub/prod", "pod/jhub/jupyter-ada:8888"),
    ] {
        let told =
            alike("reach", &["--from", from, "--to", to], &["verdict", "enforced", "reaches", "decided_by"]);
        verdicts.push(told["verdict"].as_str().map(str::to_owned));
        assert_eq!(told["enforced"], "yes", "{told}");
    }
    for wanted in ["allowed", "denied"] {
        assert!(verdicts.iter().any(|verdict| verdict.as_deref() == Some(wanted)), "{verdicts:?}");
    }

    let hub = ["--subject", "serviceaccount:jhub/hub", "--namespace", "jhub"];
    for (verb, resource, verdict) in
        [("create", "pods", "allowed"), ("get", "secrets", "allowed"), ("create", "pods/exec", "denied")]
    {
        let question: Vec<&str> =
            hub.iter().chain(&["--verb", verb, "--resource", resource]).copied().collect();
        let told = alike("access", &question, &["verdict", "decided_by", "subject", "question"]);
        assert_eq!(told["verdict"], verdict, "{told}");
    }

    // What is not there is told with what is called nearly so.
    let ran =
        folder.run(&["reach", of_cluster[0], of_cluster[1], "--from", "hub/jhub/prd", "--to", "1.1.1.1:1"]);
    let told = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert!(ran.status.code() == Some(2) && told.contains("hub/jhub/prod"), "{ran:?}");
    let ran = folder.run(&["access", of_cluster[0], of_cluster[1], "--subject", "serviceaccount:jhub/hubs"]);
    let told = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert!(ran.status.code() == Some(2) && told.contains("serviceaccount:jhub/hub"), "{ran:?}");
}
