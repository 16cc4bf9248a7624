//! Which pods are user servers of which hub, and which of them are alike.

use posture::gap::GapReason;
use posture::kind::Kind;
use posture::testing::Fixture;

use crate::scenes::{Scene, V4_4, server};

const NOTEBOOK: &str = "{ containers: [{ name: notebook, image: 'a:1' }] }";

/// The namespace and the number of servers of each class.
fn classes(fixture: &Fixture) -> Vec<(String, usize)> {
    let hubs = fixture.derived().hubs;
    let mut classes: Vec<_> =
        hubs[0].user_classes.iter().map(|class| (class.namespace.clone(), class.pods.len())).collect();
    classes.sort();
    classes
}

fn class(namespace: &str, servers: usize) -> (String, usize) {
    (namespace.to_owned(), servers)
}

#[test]
fn servers_of_one_shape_are_one_class_and_profiles_are_others() {
    let ada = server("ada", NOTEBOOK);
    let bob = server("bob", NOTEBOOK);
    let gpu = server(
        "eve",
        "{ containers: [{ name: notebook, image: 'gpu:1', securityContext: { privileged: true } }] }",
    );
    let fixture = Scene::new("4.0.0").with(&[ada, bob, gpu].join("---"));
    assert_eq!(classes(&fixture), [class("jhub", 1), class("jhub", 2)]);
    let derived = fixture.derived();
    let labels = &derived.hubs[0].user_classes[0].labels;
    assert_eq!(labels["component"], "singleuser-server");
    assert!(labels.values().all(|value| value != "ada"), "{labels:?}");
    assert_eq!(derived.hubs[0].user_classes[0].display_name(), "jupyter-*");
}

#[test]
fn servers_that_have_ended_do_not_count() {
    let ended = server("ada", NOTEBOOK).replace("phase: Running", "phase: Succeeded");
    assert!(classes(&Scene::new("4.0.0").with(&ended)).is_empty());
}

#[test]
fn servers_of_another_release_belong_to_nobody_here() {
    let foreign = server("ada", NOTEBOOK).replace("release: prod", "release: else");
    assert!(classes(&Scene::new("4.0.0").with(&foreign)).is_empty());
}

#[test]
fn servers_that_were_started_before_the_name_changed_still_count() {
    let older = server("ada", NOTEBOOK).replace("app: jupyterhub", "app: physics");
    assert_eq!(classes(&Scene::new("4.0.0").with(&older)), [class("jhub", 1)]);
}

#[test]
fn a_custom_component_label_does_not_hide_servers() {
    let renamed = server("ada", NOTEBOOK).replace("component: singleuser-server", "component: notebook");
    assert_eq!(classes(&Scene::new("4.0.0").with(&renamed)), [class("jhub", 1)]);
    // Charts before 1.0 have no label with the user's name; the environment gives the server away.
    let env =
        "{ containers: [{ name: notebook, env: [{ name: JUPYTERHUB_SERVICE_PREFIX, value: /user/ada/ }] }] }";
    let old = server("ada", env)
        .replace("component: singleuser-server", "component: notebook")
        .replace(", hub.jupyter.org/username: ada", "");
    assert_eq!(classes(&Scene::new("0.11.1").with(&old)), [class("jhub", 1)]);
}

#[test]
fn pods_of_a_controller_with_such_an_environment_are_no_servers() {
    let service = server(
        "ada",
        "{ containers: [{ name: x, env: [{ name: JUPYTERHUB_SERVICE_PREFIX, value: /services/x/ }] }] }",
    )
    .replace("component: singleuser-server", "component: service")
    .replace("  labels:", "  ownerReferences: [{ kind: ReplicaSet, name: x, controller: true }]\n  labels:")
    .replace(", hub.jupyter.org/username: ada", "");
    assert!(classes(&Scene::new("4.0.0").with(&service)).is_empty());
}

fn in_namespace(namespace: &str, pod: &str) -> String {
    pod.replace("metadata:", &format!("metadata:\n  namespace: {namespace}"))
}

#[test]
fn servers_in_a_namespace_for_each_user_are_found_by_their_labels() {
    let pods = [
        in_namespace("jhub-ada", &server("ada", NOTEBOOK)),
        in_namespace("jhub-bob", &server("bob", NOTEBOOK)),
    ];
    let found = classes(&Scene::new("4.0.0").with(&pods.join("---")));
    assert_eq!(found.len(), 2);
    assert!(found.iter().all(|(namespace, servers)| namespace.starts_with("jhub-") && *servers == 1));
}

#[test]
fn two_hubs_with_the_same_release_keep_their_own_servers() {
    let first = Scene::new("4.0.0").yaml();
    let second = first
        .split_once("---")
        .unwrap()
        .1
        .replace("metadata: { name", "metadata: { namespace: jhub-test, name");
    let pods = [
        server("ada", NOTEBOOK),
        in_namespace("jhub-test", &server("bob", NOTEBOOK)),
        in_namespace("jhub-test-eve", &server("eve", NOTEBOOK)),
        in_namespace("elsewhere", &server("mal", NOTEBOOK)),
    ];
    let fixture = Fixture::from_yaml(&format!("{first}\n---\n{second}\n---\n{}", pods.join("---")));
    let hubs = fixture.derived().hubs;
    let servers = |index: usize| -> Vec<&str> {
        let classes: &Vec<posture::hub::UserClass> = &hubs[index].user_classes;
        classes.iter().map(|class| class.namespace.as_str()).collect()
    };
    assert_eq!(hubs[1].key.namespace, "jhub-test");
    assert_eq!(servers(0), ["jhub"]);
    assert_eq!(servers(1).len(), 2);
    assert!(servers(1).iter().all(|namespace| namespace.starts_with("jhub-test")));
}

#[test]
fn a_server_at_home_makes_the_home_namespace_enough() {
    let fixture = Fixture::from_yaml(V4_4).with_gap(Kind::Pod, Some("elsewhere"), &GapReason::Forbidden);
    let derived = fixture.derived();
    assert_eq!(derived.servers(&derived.hubs[0]).unwrap().len(), 1);
}

#[test]
fn no_server_at_all_takes_every_namespace_to_prove() {
    let complete = Scene::new("4.0.0").fixture();
    let derived = complete.derived();
    assert!(derived.servers(&derived.hubs[0]).unwrap().is_empty());
    let partial = complete.with_gap(Kind::Pod, Some("elsewhere"), &GapReason::Forbidden);
    let derived = partial.derived();
    assert!(derived.servers(&derived.hubs[0]).is_err());
}
