//! `perijove drift`: manifests compared with what is declared, as a person does before and after an upgrade.

use serde_json::Value;

use super::{Ran, folder, perijove};

const HEAD: &str = "apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: singleuser, namespace: jhub, labels: { heritage: Helm, release: prod, chart: jupyterhub-4.4.0 } }
spec:
  podSelector: { matchLabels: { component: singleuser-server } }
  policyTypes: [Egress]
  egress:
    - to: [{ ipBlock: { cidr: 10.0.0.0/8 } }]
";

fn drift(declared: &str, actual: &str, more: &[&str]) -> Ran {
    let place = folder(&[("old.yaml", declared), ("new.yaml", actual)]);
    let arguments: Vec<&str> =
        ["drift", "--against", "old.yaml", "--manifests", "new.yaml"].iter().chain(more).copied().collect();
    perijove(place.path(), &arguments)
}

#[test]
fn what_means_the_same_is_no_drift() {
    let rewritten = HEAD.replace("10.0.0.0/8", "10.7.0.0/8").replace(
        "{ matchLabels: { component: singleuser-server } }",
        "{ matchExpressions: [{ key: component, operator: In, values: [singleuser-server] }] }",
    );
    let ran = drift(HEAD, &rewritten, &[]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "Nothing differs. 1 object compared.\n"), "{ran:?}");
}

#[test]
fn a_wider_rule_is_told_with_what_it_opens_and_what_it_does() {
    let ran = drift(HEAD, &format!("{HEAD}    - ports: [{{ port: 80 }}]\n"), &[]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(
        ran.out.contains("NetworkPolicy/jhub/singleuser now allows egress to anywhere on port 80"),
        "{ran:?}"
    );
    let ran = drift(HEAD, &format!("{HEAD}    - ports: [{{ port: 80 }}]\n"), &["--output", "json"]);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    let change = &report["changes"][0];
    assert_eq!(change["object"]["name"], "singleuser");
    assert_eq!((&change["path"], &change["before"]), (&Value::from("spec.egress"), &Value::Null));
    assert_eq!(change["after"]["ports"][0]["port"], 80);
    assert!(change["sentence"].as_str().unwrap().contains("port 80"), "{change}");
    assert!(change["effect"]["findings"].is_array() && change["effect"]["reach"].is_array(), "{change}");
}

#[test]
fn an_effect_is_told_where_there_is_one() {
    let binding = "apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: open }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin }
subjects: [{ kind: Group, apiGroup: rbac.authorization.k8s.io, name: \"system:unauthenticated\" }]
";
    // Nothing of the files owns the binding: files that name it do.
    let empty = binding.replace(
        "subjects: [{ kind: Group, apiGroup: rbac.authorization.k8s.io, name: \"system:unauthenticated\" }]",
        "subjects: []",
    );
    let ran = drift(&format!("{HEAD}---\n{empty}"), &format!("{HEAD}---\n{binding}"), &["--output", "json"]);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    let effects = report["changes"][0]["effect"]["findings"].as_array().unwrap();
    assert!(effects.iter().any(|effect| effect["code"] == "RBA-08" && effect["after"] == "fail"), "{report}");
    assert_eq!(report["effect"]["findings"], report["changes"][0]["effect"]["findings"]);
}

#[test]
fn what_one_side_lacks_is_told_and_what_no_release_owns_is_not() {
    let second = HEAD.replace("name: singleuser", "name: second");
    let foreign = "apiVersion: v1\nkind: Service\nmetadata: { name: mine, namespace: jhub }\nspec: { ports: [{ port: 80 }] }\n";
    let ran = drift(&format!("{HEAD}---\n{second}"), &format!("{HEAD}---\n{foreign}"), &[]);
    assert!(ran.out.contains("NetworkPolicy/jhub/second is gone"), "{ran:?}");
    assert!(!ran.out.contains("mine"), "{ran:?}");
    let ran = drift(HEAD, &format!("{HEAD}---\n{second}"), &[]);
    assert!(ran.out.contains("NetworkPolicy/jhub/second is new"), "{ran:?}");
}

#[test]
fn a_restart_is_told_apart_and_is_no_difference() {
    let hub = "apiVersion: apps/v1
kind: Deployment
metadata: { name: hub, namespace: jhub }
spec:
  template:
    metadata: { labels: { component: hub } }
    spec: { containers: [{ name: hub, image: hub:1 }] }
";
    let restarted = hub.replace(
        "metadata: { labels: { component: hub } }",
        "metadata: { labels: { component: hub }, annotations: { kubectl.kubernetes.io/restartedAt: \"2026-11-20T09:00:00Z\" } }",
    );
    let ran = drift(hub, &restarted, &[]);
    let told = "Nothing differs. 1 object compared.\nRestarted, which is no difference:\n  Deployment/jhub/hub was restarted at 2026-11-20T09:00:00Z\n";
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), told), "{ran:?}");
    let ran = drift(hub, &restarted, &["--output", "json"]);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["changes"], serde_json::json!([]));
    let [restart] = report["restarts"].as_array().unwrap().as_slice() else { panic!("{report}") };
    assert_eq!((&restart["object"]["name"], &restart["at"]), (&"hub".into(), &"2026-11-20T09:00:00Z".into()));
    assert_eq!(restart["sentence"], "Deployment/jhub/hub was restarted");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        drift(&restarted, hub, &[]).out.ends_with("compared.\n"),
        "what is declared was not restarted since"
    );
}

#[test]
fn bad_input_is_named() {
    drift("kind: [", HEAD, &[]).stopped(2, &["old.yaml:2:1"]);
    let place = folder(&[("a.yaml", HEAD)]);
    perijove(place.path(), &["drift", "--against", "nope", "--manifests", "a.yaml"])
        .stopped(2, &["nope cannot be read"]);
    perijove(place.path(), &["drift", "--against", "-", "--manifests", "-"])
        .stopped(2, &["can be read once only"]);
    for arguments in [
        &["drift"][..],
        &["drift", "--release", "jhub/prod", "--against", "a.yaml"],
        &["drift", "--release", "jhub/prod", "--manifests", "a.yaml"],
        &["drift", "--release", "jhub/../prod"],
    ] {
        let ran = perijove(place.path(), arguments);
        assert_eq!(ran.code, Some(2), "{ran:?}");
    }
}
