//! Which images run under the same name: a tag can be moved, and then nothing that is declared differs.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::FieldChange;
use crate::hub::HubKey;
use crate::kind::Kind;
use crate::object::ObjectRef;
use crate::text::{Arg, Reason};

/// Who runs an image.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Runner {
    /// A workload: what its pods are made from.
    Workload(ObjectRef),
    /// The servers of a hub's users.
    Servers(HubKey),
}

/// An image as it ran in a container: what it is called, and what it was.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Running {
    /// Who ran it.
    pub runner: Runner,
    /// What it is called in the specification: `quay.io/jupyterhub/k8s-hub:4.4.0`.
    pub image: String,
    /// What the node said it ran: `quay.io/jupyterhub/k8s-hub@sha256:…`.
    pub digest: String,
}

impl Running {
    /// What ran in a pod, by its body; nothing of containers that have not begun.
    pub fn of(body: &Value, runner: &Runner) -> Vec<Self> {
        let mut found = Vec::new();
        for (specified, told) in [
            ("/spec/containers", "/status/containerStatuses"),
            ("/spec/initContainers", "/status/initContainerStatuses"),
        ] {
            let images: BTreeMap<_, _> = items(body, specified)
                .filter_map(|item| Some((text(item, "name")?, text(item, "image")?)))
                .collect();
            found.extend(items(body, told).filter_map(|item| {
                let (image, digest) = (images.get(text(item, "name")?)?, text(item, "imageID")?);
                Some(Self {
                    runner: runner.clone(),
                    image: (*image).to_owned(),
                    digest: bare(digest).to_owned(),
                })
            }));
        }
        found
    }
}

/// The workload that a pod belongs to, by its body; `None` for pods that nothing made, or a job, which comes and goes.
pub fn workload_of(body: &Value) -> Option<ObjectRef> {
    let owner = items(body, "/metadata/ownerReferences")
        .find(|owner| owner.get("controller") == Some(&true.into()))?;
    let (kind, name) = (text(owner, "kind")?, text(owner, "name")?);
    let namespace = body.pointer("/metadata/namespace")?.as_str()?;
    let workload = |kind, name: &str| Some(ObjectRef::namespaced(kind, namespace, name));
    match kind {
        // A Deployment makes a ReplicaSet for each of its templates, and calls it after the template's hash.
        "ReplicaSet" => {
            let hash = body.pointer("/metadata/labels/pod-template-hash")?.as_str()?;
            workload(Kind::Deployment, name.strip_suffix(hash)?.strip_suffix('-')?)
        }
        "StatefulSet" => workload(Kind::StatefulSet, name),
        "DaemonSet" => workload(Kind::DaemonSet, name),
        _ => None,
    }
}

/// Images that run with a digest that is new under their name: a change for each image of a runner. `known` is what ran before, `now` what runs.
///
/// Both are sets: pods that come and go, and nodes that hold different digests, are no change as long as no digest is new. A digest that
/// runs no longer is none either: it may only be that its pod is gone. Where nothing of a name ran before there is nothing to compare with.
pub fn images(known: &BTreeSet<Running>, now: &BTreeSet<Running>) -> Vec<FieldChange> {
    let by_image = |all: &BTreeSet<Running>| {
        let mut found: BTreeMap<(Runner, String, bool), BTreeSet<String>> = BTreeMap::new();
        for Running { runner, image, digest } in all {
            // Runtimes tell the digest of a manifest or the id of what is in it, which cannot be compared.
            let key = (runner.clone(), image.clone(), digest.contains('@'));
            found.entry(key).or_default().insert(digest.clone());
        }
        found
    };
    let (known, now) = (by_image(known), by_image(now));
    now.into_iter()
        .filter_map(|(key, after)| {
            let before = known.get(&key)?;
            let is_new = after.iter().any(|digest| !before.contains(digest));
            is_new.then(|| change(&key.0, &key.1, before, &after))
        })
        .collect()
}

fn change(runner: &Runner, image: &str, before: &BTreeSet<String>, after: &BTreeSet<String>) -> FieldChange {
    let is_mixed = after.iter().any(|digest| before.contains(digest));
    let whose = match runner {
        Runner::Workload(_) => "{object}",
        Runner::Servers(_) => "servers of hub {hub}",
    };
    let what = if is_mixed {
        "now runs another digest too, beside one that ran before"
    } else {
        "now runs another digest"
    };
    let sentence = Reason {
        id: "image-moved".to_owned(),
        template: format!("image {{image}} of {whose} {what}"),
        args: BTreeMap::new(),
    }
    .with("image", Arg::text(image));
    let sentence = match runner {
        Runner::Workload(object) => sentence.with("object", Arg::from(object.clone())),
        Runner::Servers(hub) => sentence.with("hub", Arg::text(hub.to_string())),
    };
    let list = |digests: &BTreeSet<String>| Some(digests.iter().cloned().collect::<Vec<_>>().into());
    FieldChange { path: image.to_owned(), before: list(before), after: list(after), sentence }
}

/// The digest without the way a runtime got it: Docker writes `docker-pullable://` before it.
fn bare(id: &str) -> &str {
    id.split_once("://").map_or(id, |(_, rest)| rest)
}

fn items<'v>(body: &'v Value, pointer: &str) -> impl Iterator<Item = &'v Value> {
    body.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

fn text<'v>(value: &'v Value, field: &str) -> Option<&'v str> {
    value.get(field)?.as_str().filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn hub() -> Runner {
        Runner::Workload(ObjectRef::namespaced(Kind::Deployment, "jhub", "hub"))
    }

    fn set(digests: &[&str]) -> BTreeSet<Running> {
        let running = |digest: &&str| Running {
            runner: hub(),
            image: "quay.io/x:1".into(),
            digest: (*digest).to_owned(),
        };
        digests.iter().map(running).collect()
    }

    fn told(known: &[&str], now: &[&str]) -> Vec<String> {
        images(&set(known), &set(now)).iter().map(|change| change.sentence.to_string()).collect()
    }

    #[test]
    fn another_digest_under_the_same_name_is_a_change() {
        assert_eq!(
            told(&["x@sha256:a"], &["x@sha256:b"]),
            ["image quay.io/x:1 of Deployment/jhub/hub now runs another digest"]
        );
        assert_eq!(
            told(&["x@sha256:a"], &["x@sha256:b", "x@sha256:a"]),
            [
                "image quay.io/x:1 of Deployment/jhub/hub now runs another digest too, beside one that ran before"
            ]
        );
        let servers = |digest: &str| {
            let runner = Runner::Servers(HubKey {
                namespace: "jhub".into(),
                release: "prod".into(),
                app: "jupyterhub".into(),
            });
            BTreeSet::from([Running { runner, image: "y:1".into(), digest: digest.into() }])
        };
        let of_servers = images(&servers("y@sha256:a"), &servers("y@sha256:b"));
        assert_eq!(
            of_servers[0].sentence.to_string(),
            "image y:1 of servers of hub jhub/prod now runs another digest"
        );
    }

    #[test]
    fn pods_that_come_and_go_and_nodes_that_differ_are_none() {
        for (known, now) in [
            (&["x@sha256:a"][..], &["x@sha256:a"][..]),
            (&["x@sha256:a", "x@sha256:b"], &["x@sha256:b"]),
            (&["x@sha256:a", "x@sha256:b"], &["x@sha256:b", "x@sha256:a"]),
            (&["x@sha256:a"], &[]),
            (&[], &["x@sha256:a"]),
            // The node's runtime was replaced by one that tells something else.
            (&["x@sha256:a"], &["sha256:c"]),
        ] {
            assert_eq!(told(known, now), Vec::<String>::new(), "{known:?} {now:?}");
        }
    }

    #[test]
    fn what_ran_is_read_by_the_name_that_the_specification_gives_it() {
        let body = json!({
            "metadata": {
                "name": "hub-6d5f-x1", "namespace": "jhub", "labels": {"pod-template-hash": "6d5f"},
                "ownerReferences": [{"kind": "ReplicaSet", "name": "hub-6d5f", "controller": true}]
            },
            "spec": {
                "containers": [{"name": "a", "image": "hub:1"}, {"name": "b", "image": "b:1"}],
                "initContainers": [{"name": "i", "image": "init:1"}]
            },
            "status": {
                "containerStatuses": [
                    {"name": "b", "image": "docker.io/library/b:1", "imageID": ""},
                    {"name": "a", "image": "docker.io/library/hub:1", "imageID": "docker-pullable://hub@sha256:7"}
                ],
                "initContainerStatuses": [{"name": "i", "image": "init:1", "imageID": "init@sha256:8"}]
            }
        });
        let runner = Runner::Workload(workload_of(&body).unwrap());
        assert_eq!(runner, hub());
        let found: Vec<_> =
            Running::of(&body, &runner).into_iter().map(|ran| (ran.image, ran.digest)).collect();
        assert_eq!(
            found,
            [("hub:1".into(), "hub@sha256:7".into()), ("init:1".to_owned(), "init@sha256:8".to_owned())]
        );
    }

    #[test]
    fn the_workload_of_a_pod_is_the_one_that_stays() {
        let of = |kind: &str, name: &str| {
            workload_of(
                &json!({"metadata": {"namespace": "jhub", "ownerReferences": [{"kind": kind, "name": name, "controller": true}]}}),
            )
        };
        assert_eq!(of("DaemonSet", "puller"), Some(ObjectRef::namespaced(Kind::DaemonSet, "jhub", "puller")));
        assert_eq!(of("StatefulSet", "db"), Some(ObjectRef::namespaced(Kind::StatefulSet, "jhub", "db")));
        assert_eq!((of("Job", "hook"), of("ReplicaSet", "bare")), (None, None));
    }
}
