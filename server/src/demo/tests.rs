//! The demo's promises: whole objects, whole references, nothing that depends on the day.

mod judged;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use jiff::Timestamp;
use serde_json::Value;

use super::{DemoCluster, Op, clusters, files};

fn now() -> Timestamp {
    "2026-11-23T10:00:00Z".parse().unwrap()
}

fn all() -> &'static [DemoCluster] {
    static ALL: LazyLock<Vec<DemoCluster>> = LazyLock::new(|| clusters(now()).unwrap());
    &ALL
}

fn text<'v>(value: &'v Value, path: &str) -> &'v str {
    value.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

/// Every object that is ever served.
fn ever(cluster: &DemoCluster) -> Vec<Value> {
    let mut objects = cluster.objects.clone();
    let moments = cluster.past.iter().cloned().chain(cluster.live.clone().take(40));
    objects.extend(moments.flat_map(|moment| moment.ops).filter_map(|op| match op {
        Op::Put(object) => Some(object),
        Op::Delete(_) => None,
    }));
    objects
}

#[test]
fn every_embedded_file_parses() {
    let mut folders = vec![&files::FILES];
    let mut found = 0;
    while let Some(folder) = folders.pop() {
        folders.extend(folder.dirs());
        for file in folder.files() {
            let path = file.path().to_str().unwrap();
            assert!(!files::all(path).unwrap().is_empty(), "{path} is empty");
            found += 1;
        }
    }
    assert!(found > 8, "only {found} files");
}

#[test]
fn every_object_is_whole() {
    for cluster in all() {
        for object in ever(cluster) {
            for path in [
                "/apiVersion",
                "/kind",
                "/metadata/name",
                "/metadata/uid",
                "/metadata/creationTimestamp",
                "/metadata/resourceVersion",
            ] {
                assert!(!text(&object, path).is_empty(), "{}: {path} is missing in {object}", cluster.name);
            }
            assert!(
                !object.to_string().contains("${"),
                "{}: a placeholder is left in {object}",
                cluster.name
            );
        }
    }
}

#[test]
fn nothing_depends_on_the_day_but_times() {
    let then: Timestamp = "2027-03-01T00:00:00Z".parse().unwrap();
    for (one, other) in all().iter().zip(clusters(then).unwrap()) {
        let uids = |cluster: &DemoCluster| {
            cluster
                .present()
                .iter()
                .map(|object| text(object, "/metadata/uid").to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(uids(one), uids(&other));
    }
}

#[test]
fn the_past_replayed_is_the_present() {
    for cluster in all() {
        let key = |object: &Value| super::world::key_of(object).unwrap();
        let mut objects: std::collections::BTreeMap<_, _> =
            cluster.objects.iter().map(|object| (key(object), object.clone())).collect();
        for op in cluster.past.iter().flat_map(|moment| moment.ops.clone()) {
            match op {
                Op::Put(object) => drop(objects.insert(key(&object), object)),
                Op::Delete(key) => {
                    assert!(objects.remove(&key).is_some(), "{}: {key:?} was not there", cluster.name);
                }
            }
        }
        assert_eq!(objects.into_values().collect::<Vec<_>>(), cluster.present());
    }
}

#[test]
fn time_runs_forward_and_no_object_is_from_the_future() {
    for cluster in all() {
        let mut last = cluster.begins;
        for moment in cluster.past.iter().cloned().chain(cluster.live.clone().take(60)) {
            assert!(moment.at > last, "{}: {} is not after the moment before", cluster.name, moment.why);
            assert!(!moment.ops.is_empty(), "{}: nothing happens at `{}`", cluster.name, moment.why);
            last = moment.at;
            for op in &moment.ops {
                if let Op::Put(object) = op {
                    let created: Timestamp = text(object, "/metadata/creationTimestamp").parse().unwrap();
                    assert!(created <= moment.at, "{object}");
                }
            }
        }
        assert!(cluster.past.last().unwrap().at < now());
    }
}

#[test]
fn the_script_while_one_looks_has_no_end() {
    for cluster in all() {
        assert_eq!(cluster.live.clone().take(200).count(), 200, "{}", cluster.name);
    }
}

#[test]
fn a_still_cluster_keeps_its_past_and_does_not_change() {
    for cluster in all() {
        let still = cluster.clone().still();
        assert_eq!(still.past, cluster.past);
        assert_eq!(still.present(), cluster.present());
        assert_eq!(still.live.clone().count(), 0, "{}", cluster.name);
    }
}

#[test]
fn pods_name_accounts_and_configmaps_that_exist() {
    for cluster in all() {
        let objects = cluster.present();
        let named: BTreeSet<(String, String, String)> = objects
            .iter()
            .map(|object| {
                (
                    text(object, "/kind").to_owned(),
                    text(object, "/metadata/namespace").to_owned(),
                    text(object, "/metadata/name").to_owned(),
                )
            })
            .collect();
        let has = |kind: &str, namespace: &str, name: &str| {
            named.contains(&(kind.to_owned(), namespace.to_owned(), name.to_owned()))
        };
        for pod in objects.iter().filter(|object| object["kind"] == "Pod") {
            let namespace = text(pod, "/metadata/namespace");
            assert!(
                has("ServiceAccount", namespace, text(pod, "/spec/serviceAccountName")),
                "{}: account of {pod}",
                cluster.name
            );
            assert!(has("Node", "", text(pod, "/spec/nodeName")), "{}: node of {pod}", cluster.name);
            for volume in pod["spec"]["volumes"].as_array().into_iter().flatten() {
                for (path, kind) in [
                    ("/configMap/name", "ConfigMap"),
                    ("/secret/secretName", "Secret"),
                    ("/persistentVolumeClaim/claimName", "PersistentVolumeClaim"),
                ] {
                    let name = text(volume, path);
                    assert!(
                        name.is_empty()
                            || volume.pointer("/secret/optional") == Some(&true.into())
                            || has(kind, namespace, name),
                        "{}: {kind} {namespace}/{name}",
                        cluster.name
                    );
                }
            }
        }
    }
}

#[test]
fn pods_and_their_nodes_have_addresses() {
    for cluster in all() {
        for pod in cluster.present().iter().filter(|object| object["kind"] == "Pod") {
            for path in ["/status/podIP", "/status/hostIP"] {
                let address = text(pod, path).parse::<std::net::IpAddr>();
                let name = text(pod, "/metadata/name");
                assert!(address.is_ok(), "{}: {path} of {name} is {:?}", cluster.name, text(pod, path));
            }
        }
    }
}

#[test]
fn pod_addresses_differ() {
    for cluster in all() {
        let mut seen = BTreeSet::new();
        for pod in cluster
            .present()
            .iter()
            .filter(|object| object["kind"] == "Pod" && object["spec"]["hostNetwork"] != true)
        {
            assert!(
                seen.insert(text(pod, "/status/podIP").to_owned()),
                "{}: address of {}",
                cluster.name,
                text(pod, "/metadata/name")
            );
        }
    }
}

#[test]
fn services_select_pods() {
    for cluster in all() {
        let objects = cluster.present();
        for service in objects.iter().filter(|object| object["kind"] == "Service") {
            let Some(selector) = service["spec"]["selector"].as_object() else { continue };
            let found = objects.iter().any(|object| {
                object["kind"] == "Pod"
                    && object["metadata"]["namespace"] == service["metadata"]["namespace"]
                    && selector.iter().all(|(name, value)| object["metadata"]["labels"][name] == *value)
            });
            assert!(found, "{}: {} selects nothing", cluster.name, text(service, "/metadata/name"));
        }
    }
}

#[test]
fn bindings_and_workloads_refer_to_what_exists() {
    for cluster in all() {
        let objects = cluster.present();
        let exists = |kind: &Value, namespace: &Value, name: &Value| {
            objects.iter().any(|object| {
                object["kind"] == *kind
                    && object["metadata"]["name"] == *name
                    && (kind == "ClusterRole" || object["metadata"]["namespace"] == *namespace)
            })
        };
        for binding in objects.iter().filter(|object| text(object, "/kind").ends_with("RoleBinding")) {
            let role = &binding["roleRef"];
            assert!(
                exists(&role["kind"], &binding["metadata"]["namespace"], &role["name"]),
                "{}: {binding}",
                cluster.name
            );
        }
    }
}

#[test]
fn planted_secrets_lie_wherever_people_put_them() {
    let everything: String = all().iter().flat_map(ever).map(|object| object.to_string()).collect();
    for place in [
        "planted-user-token-ada",
        "--NotebookApp.token=planted-",
        "hub:planted-db-password-physics@",
        "planted-oauth-secret-astro",
        "planted-helm2-release-physics-3",
        "planted-last-applied-env",
        "planted-annotation-token",
        "planted-kubeconfig-token",
        "planted-private-key",
        "planted-argument-password",
        "planted-shell-password",
        "planted-probe-header",
        "planted-volume-attribute",
        "planted-snippet-key",
        "planted-termination-message",
        "planted-git-credential",
    ] {
        assert!(everything.contains(place), "{place} is nowhere");
    }
}

#[test]
fn expectations_name_hubs_and_verdicts_that_exist() {
    for cluster in all() {
        let hubs = files::one::<files::ClusterFile>(&format!("clusters/{}.yaml", cluster.name)).unwrap().hubs;
        let expected = &cluster.expected;
        assert!(!expected.hubs.is_empty());
        for name in expected.hubs.keys() {
            assert!(
                hubs.iter().any(|hub| &hub.release == name) || cluster.live.has_hub(name),
                "{}: {name}",
                cluster.name
            );
        }
        for verdicts in expected.hubs.values().chain([&expected.cluster]) {
            for verdict in verdicts.values() {
                assert!(
                    ["pass", "warn", "fail", "unknown", "not-applicable"].contains(&verdict.as_str()),
                    "{verdict}"
                );
            }
        }
    }
}
