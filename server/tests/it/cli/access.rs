//! `perijove access`: questions about who may do what, put to files.

use serde_json::{Value, json};

use super::{Ran, folder, perijove};

/// What a chart renders: a hub's account with its Role, and one that reaches for the whole cluster. Nothing names its namespace.
const RENDERED: &str = "
apiVersion: v1
kind: ServiceAccount
metadata: {name: hub}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: admin}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: hub}
rules:
  - {apiGroups: [''], resources: [events], verbs: [get, list]}
  - {apiGroups: [''], resources: [pods, persistentvolumeclaims], verbs: [get, list, create, delete]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: hub}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: hub}
subjects: [{kind: ServiceAccount, name: hub, namespace: jhub}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: all}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{kind: ServiceAccount, name: admin, namespace: jhub}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: staff}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}
subjects: [{kind: Group, name: staff, apiGroup: rbac.authorization.k8s.io}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: guests}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: guest-tools}
subjects: [{kind: Group, name: guests, apiGroup: rbac.authorization.k8s.io}]
";

fn access(arguments: &[&str]) -> Ran {
    let place = folder(&[("rendered.yaml", RENDERED)]);
    let all: Vec<&str> = ["access", "-f", "rendered.yaml"].iter().chain(arguments).copied().collect();
    perijove(place.path(), &all)
}

fn answer(arguments: &[&str]) -> Value {
    let all: Vec<&str> = arguments.iter().chain(&["--output", "json"]).copied().collect();
    let ran = access(&all);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
    serde_json::from_str(&ran.out).unwrap()
}

const HUB: [&str; 2] = ["--subject", "serviceaccount:jhub/hub"];

fn asked(subject: &str, verb: &str, resource: &str, namespace: Option<&str>) -> Value {
    let mut arguments = vec!["--subject", subject, "--verb", verb, "--resource", resource];
    arguments.extend(["--files-namespace", "jhub"]);
    if let Some(namespace) = namespace {
        arguments.extend(["--namespace", namespace]);
    }
    answer(&arguments)
}

#[test]
fn an_allowance_names_the_rule_and_what_gives_it() {
    let told = asked("serviceaccount:jhub/hub", "create", "pods", Some("jhub"));
    assert_eq!(told["verdict"], "allowed");
    let way = json!({
        "policy": {"kind": "Role", "namespace": "jhub", "name": "hub"},
        "rule": "rules[1]",
        "binding": {"kind": "RoleBinding", "namespace": "jhub", "name": "hub"},
        "subject": "serviceaccount:jhub/hub",
    });
    assert_eq!(told["decided_by"], json!([way]));
    assert_eq!(told["enforced"], "unknown");
    let gaps = told["gaps"].to_string();
    assert!(gaps.contains("do not show whether the API server asks RBAC"), "{gaps}");
    assert!(gaps.contains("what clusterrolebindings the cluster has beside those in the files"), "{gaps}");
}

#[test]
fn files_are_taken_for_all_there_is() {
    for (resource, namespace) in [("pods", Some("kube-system")), ("pods", None), ("secrets", Some("jhub"))] {
        let told = asked("serviceaccount:jhub/hub", "create", resource, namespace);
        assert_eq!((&told["verdict"], &told["decided_by"]), (&json!("denied"), &json!([])), "{resource}");
    }
}

#[test]
fn a_role_that_files_lack_leaves_the_answer_open_and_is_named() {
    let told = asked("group:guests", "create", "pods", Some("jhub"));
    assert_eq!(told["verdict"], "unknown");
    assert!(told["gaps"].to_string().contains("clusterroles"), "{told}");
    let unresolved = json!([{
        "binding": {"kind": "RoleBinding", "namespace": "jhub", "name": "guests"},
        "role": {"kind": "ClusterRole", "namespace": null, "name": "guest-tools"},
        "subject": "group:guests",
        "namespace": "jhub",
        "is_missing": false,
        "reason": "the files do not hold that role, so what it allows is not known",
    }]);
    assert_eq!(told["unresolved"], unresolved);
    // What it gives in one namespace, it cannot give in another.
    let elsewhere = asked("group:guests", "create", "pods", Some("other"));
    assert_eq!((&elsewhere["verdict"], elsewhere.get("unresolved")), (&json!("denied"), None));
    let who = answer(&["--verb", "create", "--resource", "pods", "--namespace", "jhub"]);
    assert_eq!(who["unresolved"], unresolved);
}

#[test]
fn a_role_of_kubernetes_itself_is_known_without_being_in_the_files() {
    for (verb, resource) in [
        ("get", "secrets"),
        ("create", "pods"),
        ("create", "pods/exec"),
        ("create", "serviceaccounts/token"),
        ("impersonate", "serviceaccounts"),
        ("list", "pods"),
    ] {
        let told = asked("group:staff", verb, resource, Some("jhub"));
        assert_eq!(told["verdict"], "allowed", "{verb} {resource}: {told}");
        let way = &told["decided_by"][0];
        assert_eq!((&way["built_in"], &way["rule"]), (&json!(true), &Value::Null), "{way}");
        assert!(way["policy"]["name"].as_str().unwrap().starts_with("system:aggregate-to-"), "{way}");
    }
    assert_eq!(asked("group:staff", "create", "pods", Some("other"))["verdict"], "denied");
    // Something else may have been added to it.
    assert_eq!(asked("group:staff", "create", "rolebindings", Some("jhub"))["verdict"], "unknown");
}

#[test]
fn the_group_of_masters_needs_no_rule() {
    let told = asked("group:system:masters", "delete", "nodes", None);
    assert_eq!((&told["verdict"], &told["decided_by"][0]["policy"]), (&json!("allowed"), &Value::Null));
}

#[test]
fn an_account_is_told_with_every_rule_and_its_ways_to_others() {
    let told = answer(&HUB);
    let rules: Vec<(&str, &str)> = told["rules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| (rule["power"].as_str().unwrap(), rule["decided_by"]["rule"].as_str().unwrap()))
        .collect();
    assert_eq!(rules, [("changes", "rules[1]"), ("reads", "rules[0]")]);
    assert_eq!(told["ways"]["is_administrator"], true);
    let steps = told["ways"]["paths"][0].as_array().unwrap();
    assert_eq!(steps.len(), 2, "{steps:?}");
    assert_eq!(
        steps[0],
        "ServiceAccount/jhub/hub may create pods in namespace jhub, and a pod there can run as ServiceAccount/jhub/admin."
    );
}

#[test]
fn who_may_do_something_is_told_with_the_ways() {
    let told = answer(&["--verb", "delete", "--resource", "pods", "--namespace", "jhub"]);
    let names: Vec<&str> = told["subjects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|subject| subject["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["staff", "system:masters", "admin", "hub"]);
    assert_eq!(told["subjects"][3]["decided_by"][0]["rule"], "rules[1]");
}

#[test]
fn the_text_says_the_same_in_sentences() {
    let question = ["--verb", "create", "--resource", "pods", "--namespace", "jhub"];
    let all: Vec<&str> = HUB.iter().chain(&question).copied().collect();
    let ran = access(&all);
    assert!(
        ran.out.starts_with("serviceaccount:jhub/hub may create pods in namespace jhub.\n"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("by rules[1] of Role/jhub/hub, given by RoleBinding/jhub/hub"), "{}", ran.out);
    let ran = access(&["--subject", "serviceaccount:jhub/default"]);
    assert!(ran.out.starts_with("serviceaccount:jhub/default may nothing.\n"), "{}", ran.out);
    // What its binding gives stands in a role that the files do not hold.
    let guests = ["--subject", "group:guests", "--files-namespace", "jhub"];
    let ran = access(&guests);
    assert!(ran.out.starts_with("No right of group:guests was seen, "), "{}", ran.out);
    assert!(
        ran.out.contains(
            "\nRoleBinding/jhub/guests gives ClusterRole/guest-tools to group:guests: the files do not hold that role, so what it allows is not known.\n"
        ),
        "{}",
        ran.out
    );
    let ran = access(&["--subject", "group:staff", "--files-namespace", "jhub"]);
    assert!(
        ran.out.contains(
            "  impersonate serviceaccounts in namespace jhub\n    by ClusterRole/system:aggregate-to-edit (built in, as Kubernetes 1.30 and later install it; aggregation may add to it), given by RoleBinding/jhub/staff to group:staff\n"
        ),
        "{}",
        ran.out
    );
}

#[test]
fn an_account_that_is_not_there_is_an_error_with_near_names() {
    access(&["--subject", "serviceaccount:jhub/hubs"])
        .stopped(2, &["these files hold no serviceaccount:jhub/hubs", "there is serviceaccount:jhub/hub"]);
}

#[test]
fn a_question_that_cannot_be_understood_says_what_would_be_right() {
    access(&["--subject", "serviceaccount:jhub/hub", "--verb", "get", "--resource", "widgets"])
        .stopped(2, &["widgets.example.org"]);
    let ran = access(&["--subject", "hub"]);
    assert!(ran.code == Some(2) && ran.err.contains("serviceaccount:NAMESPACE/NAME"), "{ran:?}");
    assert_eq!(access(&[]).code, Some(2));
}

#[test]
fn nothing_in_a_file_controls_the_terminal() {
    let hostile = RENDERED.replace("[get, list]", "[get, \"list\\e[2J\"]");
    let place = folder(&[("x.yaml", &hostile)]);
    let ran = perijove(place.path(), &["access", "-f", "x.yaml", HUB[0], HUB[1]]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(!ran.out.contains('\u{1b}'), "{}", ran.out);
}

#[test]
fn reading_secrets_is_no_all_clear() {
    let place = folder(&[(
        "rendered.yaml",
        &RENDERED.replace(
            "resources: [pods, persistentvolumeclaims], verbs: [get, list, create, delete]",
            "resources: [secrets], verbs: [list]",
        ),
    )]);
    let ran = perijove(place.path(), &["access", "-f", "rendered.yaml", HUB[0], HUB[1]]);
    assert!(
        ran.out.contains(
            "Whether it can take the rights of another account is not known:\n  ? ServiceAccount/jhub/hub may read every Secret of namespace jhub; whether one holds a token of another account is not known.\n"
        ),
        "{}",
        ran.out
    );
}

#[test]
fn the_template_of_a_deployment_stands_for_its_pods() {
    let deployment = "
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: tools}
spec: {template: {spec: {serviceAccountName: admin, containers: [{name: c, image: i}]}}}
";
    let role = RENDERED.replace("resources: [pods, persistentvolumeclaims]", "resources: [pods/exec]");
    let place = folder(&[("rendered.yaml", &format!("{role}{deployment}"))]);
    let ran = perijove(place.path(), &["access", "-f", "rendered.yaml", HUB[0], HUB[1]]);
    assert!(
        ran.out.contains(
            "pods/exec in namespace jhub, where a pod of Deployment/jhub/tools will hold a token of ServiceAccount/jhub/admin."
        ),
        "{}",
        ran.out
    );
}
