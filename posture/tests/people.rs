//! Names of people: whatever form they take, and wherever they stand, records carry tokens.

use posture::kind::Kind;
use posture::record::Record;
use posture::redact::{Names, RedactionKey, Redactor, decode_json};
use posture::snapshot::{Origin, SnapshotBuilder};
use serde_json::{Value, json};

fn redactor() -> Redactor {
    Redactor::new(RedactionKey::new(b"a key for tests"), Names::Resolvable)
}

fn record(redactor: &Redactor, kind: Kind, object: &Value) -> Record {
    decode_json(object.to_string().as_bytes(), kind, redactor).unwrap()
}

fn labels(name: &str) -> Value {
    json!({
        "app": "jupyterhub", "component": "singleuser-server", "release": "hub",
        "hub.jupyter.org/username": name, "hub.jupyter.org/servername": ""
    })
}

/// A pod as KubeSpawner makes it: `escaped` in names of objects, `name` in the annotation.
fn pod(namespace: &str, name: &str, escaped: &str) -> Value {
    json!({
        "metadata": {
            "name": format!("jupyter-{escaped}"), "namespace": namespace, "uid": "u",
            "labels": labels(escaped), "annotations": {"hub.jupyter.org/username": name}
        },
        "spec": {
            "hostname": format!("jupyter-{escaped}"),
            "serviceAccountName": "default",
            "volumes": [
                {"name": format!("volume-{escaped}"), "persistentVolumeClaim": {"claimName": format!("claim-{escaped}")}},
                {"name": "shared", "persistentVolumeClaim": {"claimName": "course-data"}},
                {"name": "certs", "secret": {"secretName": format!("jupyter-{escaped}")}},
                {"name": "kube-api-access-x7k2m"}
            ],
            "containers": [{
                "name": "notebook",
                "env": [
                    {"name": "JUPYTERHUB_USER", "value": name},
                    {"name": "JUPYTERHUB_PUBLIC_URL", "value": format!("https://{escaped}.hub.example.org/user/{name}/")}
                ],
                "volumeMounts": [
                    {"name": format!("volume-{escaped}"), "mountPath": format!("/home/{escaped}")},
                    {"name": "shared", "mountPath": "/data", "subPath": format!("homes/{escaped}")},
                    {"name": "kube-api-access-x7k2m", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}
                ]
            }]
        },
        "status": {"phase": "Running"}
    })
}

#[test]
fn no_form_of_a_name_survives() {
    for (name, escaped) in [
        ("lovelace", "lovelace"),
        ("lovelace@uni.example", "lovelace-40uni-2eexample"),
        ("Lovelace.Ada", "-4covelace-2e-41da"),
        ("lovelace@uni.example", "lovelace-uni-example---1a2b3c4d"),
        ("лавлейс", "-d0-bb-d0-b0-d0-b2-d0-bb-d0-b5-d0-b9-d1-81"),
    ] {
        let redactor = redactor();
        let record = record(&redactor, Kind::Pod, &pod("jhub", name, escaped));
        let shown = format!("{record:?}").to_lowercase();
        for form in [name, escaped, "lovelace", "ovelace", "uni.example"] {
            assert!(!shown.contains(&form.to_lowercase()), "{form} in {shown}");
        }
        let token = redactor.token(name);
        assert_eq!(record.body["metadata"]["annotations"]["hub.jupyter.org/username"], token);
        assert_eq!(record.body["metadata"]["labels"]["hub.jupyter.org/username"], token);
        assert_eq!(record.body["metadata"]["labels"]["component"], "singleuser-server");
        assert_eq!(record.body["spec"]["volumes"][1]["persistentVolumeClaim"]["claimName"], "course-data");
        let mounts = &record.body["spec"]["containers"][0]["volumeMounts"];
        assert_eq!(mounts[0]["name"], record.body["spec"]["volumes"][0]["name"]);
        assert_eq!(mounts[2]["mountPath"], "/var/run/secrets/kubernetes.io/serviceaccount");
        let seen = redactor.take_seen();
        assert_eq!(seen.len(), 1);
        assert_eq!((seen[0].token.as_str(), seen[0].name.as_str()), (token.as_str(), name));
        assert!(!format!("{seen:?}").contains(name), "names are not for logs");
    }
}

#[test]
fn a_name_known_from_the_pod_alone_has_the_same_token() {
    let redactor = redactor();
    let mut bare = pod("jhub", "lovelace@uni.example", "lovelace-40uni-2eexample");
    bare["metadata"]["annotations"] = Value::Null;
    bare["metadata"]["labels"] = json!({"component": "singleuser-server"});
    let record = record(&redactor, Kind::Pod, &bare);
    assert_eq!(record.object.name, format!("jupyter-{}", redactor.token("lovelace@uni.example")));
}

#[test]
fn a_pod_of_another_label_is_known_by_its_environment() {
    let redactor = redactor();
    let mut other = pod("jhub", "lovelace", "lovelace");
    other["metadata"]["annotations"] = Value::Null;
    other["metadata"]["labels"] = json!({"component": "my-servers"});
    let record = record(&redactor, Kind::Pod, &other);
    assert!(!format!("{record:?}").contains("lovelace"));
}

#[test]
fn two_servers_of_one_person_have_two_names() {
    let redactor = redactor();
    let mut named = pod("jhub", "lovelace", "lovelace");
    named["metadata"]["name"] = "jupyter-lovelace--lab".into();
    named["metadata"]["labels"]["hub.jupyter.org/servername"] = "secret-project".into();
    let one = record(&redactor, Kind::Pod, &pod("jhub", "lovelace", "lovelace"));
    let two = record(&redactor, Kind::Pod, &named);
    let token = redactor.token("lovelace");
    assert_eq!(one.object.name, format!("jupyter-{token}"));
    assert!(two.object.name.starts_with(&format!("jupyter-{token}-")));
    assert!(!format!("{two:?}").contains("secret-project"));
}

#[test]
fn a_claim_has_the_token_of_its_owner_wherever_it_stands() {
    let redactor = redactor();
    let claim = json!({
        "metadata": {"name": "claim-hopper", "namespace": "jhub", "labels": {"component": "singleuser-storage"}},
        "spec": {"accessModes": ["ReadWriteOnce"]}
    });
    let claim = record(&redactor, Kind::PersistentVolumeClaim, &claim);
    let mut foreign = pod("jhub", "lovelace", "lovelace");
    foreign["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"] = "claim-hopper".into();
    let foreign = record(&redactor, Kind::Pod, &foreign);
    assert_eq!(claim.object.name, format!("claim-{}", redactor.token("hopper")));
    assert_eq!(foreign.body["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"], claim.object.name);
    let mut builder = SnapshotBuilder::new(Origin::Observed, "test");
    builder.apply(&foreign).unwrap();
    let snapshot = builder.build(posture::Timestamp::UNIX_EPOCH);
    let volume = &snapshot.pods.present().next().unwrap().spec.volumes[0];
    let claim_name = &volume.persistent_volume_claim.as_ref().unwrap().claim_name;
    assert_eq!(claim_name, "claim-other-person", "the shape still says that it is not the owner's");
}

#[test]
fn a_person_called_like_a_part_of_kubernetes_changes_nothing_that_is_judged() {
    for name in
        ["jupyterhub", "hub", "singleuser-server", "default", "var", "run", "docker", "notebook", "jhub", "p"]
    {
        let redactor = redactor();
        redactor.add_hub_namespace("jhub");
        let mut object = pod("jhub", name, name);
        object["spec"]["volumes"][3] = json!({"name": "sock", "hostPath": {"path": "/var/run/docker.sock"}});
        let record = record(&redactor, Kind::Pod, &object);
        let metadata = &record.body["metadata"];
        assert_eq!(metadata["labels"]["app"], "jupyterhub", "{name}");
        assert_eq!(metadata["labels"]["component"], "singleuser-server", "{name}");
        assert_eq!(metadata["labels"]["release"], "hub", "{name}");
        assert_eq!(metadata["namespace"], "jhub", "{name}");
        assert_eq!(record.object.namespace.as_deref(), Some("jhub"));
        let spec = &record.body["spec"];
        assert_eq!(spec["serviceAccountName"], "default", "{name}");
        assert_eq!(spec["volumes"][3]["hostPath"]["path"], "/var/run/docker.sock", "{name}");
        let mounts = &spec["containers"][0]["volumeMounts"];
        assert_eq!(mounts[2]["mountPath"], "/var/run/secrets/kubernetes.io/serviceaccount", "{name}");
        assert_eq!(record.object.name, format!("jupyter-{}", redactor.token(name)), "{name}");
    }
}

#[test]
fn a_namespace_of_a_person_is_replaced_everywhere() {
    let redactor = redactor();
    let pod = record(&redactor, Kind::Pod, &pod("hub-lovelace", "lovelace", "lovelace"));
    let personal = redactor.namespace("hub-lovelace");
    assert_eq!(personal, format!("hub-{}", redactor.token("lovelace")));
    assert_eq!(pod.object.namespace.as_deref(), Some(personal.as_str()));
    let namespace = json!({
        "metadata": {"name": "hub-lovelace", "labels": {"kubernetes.io/metadata.name": "hub-lovelace"}}
    });
    let namespace = record(&redactor, Kind::Namespace, &namespace);
    assert_eq!(namespace.object.name, personal);
    let binding = json!({
        "metadata": {"name": "b", "namespace": "hub-lovelace"},
        "roleRef": {"kind": "Role", "name": "r"},
        "subjects": [
            {"kind": "ServiceAccount", "name": "default", "namespace": "hub-lovelace"},
            {"kind": "Group", "name": "system:serviceaccounts:hub-lovelace"}
        ]
    });
    let binding = record(&redactor, Kind::RoleBinding, &binding);
    let policy = json!({
        "metadata": {"name": "p", "namespace": "jhub"},
        "spec": {"ingress": [{"from": [
            {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "hub-lovelace"}}},
            {"namespaceSelector": {"matchExpressions": [
                {"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["hub-lovelace"]}
            ]}},
            {"podSelector": {"matchLabels": {"hub.jupyter.org/username": "lovelace"}}}
        ]}]}
    });
    let policy = record(&redactor, Kind::NetworkPolicy, &policy);
    for found in [&pod, &namespace, &binding, &policy] {
        assert!(!format!("{found:?}").contains("lovelace"), "{found:?}");
    }
    assert_eq!(binding.body["subjects"][1]["name"], format!("system:serviceaccounts:{personal}"));
}

#[test]
fn the_namespace_of_a_hub_is_nobodys() {
    let redactor = redactor();
    let hub = json!({
        "metadata": {"name": "hub-7d9f-x", "namespace": "ada-lab",
            "labels": {"app": "jupyterhub", "component": "hub", "release": "ada-lab"}},
        "spec": {"containers": []}
    });
    record(&redactor, Kind::Pod, &hub);
    let pod = record(&redactor, Kind::Pod, &pod("ada-lab", "ada", "ada"));
    assert_eq!(pod.object.namespace.as_deref(), Some("ada-lab"));
}

#[test]
fn objects_that_are_named_after_a_pod_are_replaced_with_it() {
    let redactor = redactor();
    let service = json!({
        "metadata": {"name": "jupyter-lovelace", "namespace": "jhub", "labels": labels("lovelace")},
        "spec": {"selector": labels("lovelace"), "ports": [{"port": 8888}]}
    });
    let service = record(&redactor, Kind::Service, &service);
    assert_eq!(service.object.name, format!("jupyter-{}", redactor.token("lovelace")));
    let slice = json!({
        "metadata": {"name": "jupyter-lovelace-x7k2m", "namespace": "jhub", "labels": {
            "component": "singleuser-server", "hub.jupyter.org/username": "lovelace",
            "kubernetes.io/service-name": "jupyter-lovelace"
        }},
        "addressType": "IPv4", "endpoints": [{"addresses": ["10.0.0.1"], "targetRef": {"name": "jupyter-lovelace"}}]
    });
    let slice = record(&redactor, Kind::EndpointSlice, &slice);
    for found in [&service, &slice] {
        assert!(!format!("{found:?}").contains("lovelace"), "{found:?}");
    }
    assert_eq!(slice.body["metadata"]["labels"]["kubernetes.io/service-name"], service.object.name);
}

#[test]
fn hashed_names_are_told_to_nobody_and_give_the_same_tokens() {
    let hashed = Redactor::new(RedactionKey::new(b"a key for tests"), Names::Hashed);
    let found = record(&hashed, Kind::Pod, &pod("jhub", "lovelace", "lovelace"));
    assert_eq!(found, record(&redactor(), Kind::Pod, &pod("jhub", "lovelace", "lovelace")));
    assert!(hashed.take_seen().is_empty());
}

#[test]
fn users_of_one_template_share_everything_but_their_place() {
    let redactor = redactor();
    let mut builder = SnapshotBuilder::new(Origin::Observed, "test");
    for (index, name) in ["lovelace", "hopper", "noether@uni.example"].into_iter().enumerate() {
        let escaped = name.replace('@', "-40").replace('.', "-2e");
        let mut object = pod("jhub", name, &escaped);
        object["spec"]["nodeName"] = format!("node-{index}").into();
        object["spec"]["volumes"][3]["name"] = format!("kube-api-access-abcd{index}").into();
        object["spec"]["containers"][0]["volumeMounts"][2]["name"] =
            format!("kube-api-access-abcd{index}").into();
        builder.apply(&record(&redactor, Kind::Pod, &object)).unwrap();
    }
    let snapshot = builder.build(posture::Timestamp::UNIX_EPOCH);
    let pods: Vec<_> = snapshot.pods.present().collect();
    assert_eq!(pods.len(), 3);
    for pod in &pods[1..] {
        assert!(std::sync::Arc::ptr_eq(&pod.spec, &pods[0].spec), "{:#?}\n{:#?}", pod.spec, pods[0].spec);
        assert!(std::sync::Arc::ptr_eq(&pod.metadata.labels, &pods[0].metadata.labels));
        assert!(std::sync::Arc::ptr_eq(&pod.metadata.annotations, &pods[0].metadata.annotations));
    }
    assert_eq!(pods[0].metadata.label("hub.jupyter.org/username"), Some("person"));
}
