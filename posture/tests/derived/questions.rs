//! Single questions to RBAC, by the subtle rules of the API server's authoriser.

use posture::access::{Answer, Caller, Question, Way, account, group, user};
use posture::gap::GapReason;
use posture::kind::Kind;
use posture::testing::Fixture;

/// One ClusterRole with one rule, bound to the account `jhub/default` everywhere.
fn everywhere(rule: &str) -> Fixture {
    bound(rule, "{ kind: ClusterRoleBinding, metadata: { name: b }")
}

/// The same role, bound in the namespace `jhub` only.
fn in_jhub(rule: &str) -> Fixture {
    bound(rule, "{ kind: RoleBinding, metadata: { name: b, namespace: jhub }")
}

fn bound(rule: &str, binding: &str) -> Fixture {
    let version = "apiVersion: rbac.authorization.k8s.io/v1";
    Fixture::from_yaml(&format!(
        "{{ {version}, kind: ClusterRole, metadata: {{ name: r }}, rules: [{{ {rule} }}] }}\n---\n{binding}, {version},
         subjects: [{{ kind: ServiceAccount, name: default, namespace: jhub }}], roleRef: {{ kind: ClusterRole, name: r }} }}\n"
    ))
}

fn is_allowed(fixture: &Fixture, question: &Question) -> bool {
    let rights = fixture.derived().rights;
    let answer = rights.may(&Caller::account("jhub", "default"), question);
    // Both directions agree.
    let is_holder = rights.who_may(question).ways.contains_key(&account("jhub", "default"));
    assert_eq!(matches!(answer, Answer::Allowed(_)), is_holder, "{question:?}");
    answer.is_allowed().unwrap()
}

fn get(resource: &str) -> Question {
    Question::new("get", "", resource)
}

#[test]
fn a_resource_is_not_its_subresource() {
    let pods = everywhere("verbs: [get], apiGroups: [''], resources: [pods]");
    assert!(is_allowed(&pods, &get("pods")));
    assert!(!is_allowed(&pods, &get("pods/log")));
    let log = everywhere("verbs: [get], apiGroups: [''], resources: [pods/log]");
    assert!(!is_allowed(&log, &get("pods")));
    assert!(is_allowed(&log, &get("pods/log")));
}

#[test]
fn an_asterisk_stands_for_every_resource_and_subresource_but_only_alone_or_in_front() {
    let every = everywhere("verbs: [get], apiGroups: [''], resources: ['*']");
    assert!(is_allowed(&every, &get("pods")) && is_allowed(&every, &get("pods/log")));
    let of_all = everywhere("verbs: [get], apiGroups: ['*'], resources: ['*/scale']");
    assert!(is_allowed(&of_all, &Question::new("get", "apps", "deployments/scale")));
    assert!(!is_allowed(&of_all, &Question::new("get", "apps", "deployments")));
    assert!(!is_allowed(&of_all, &Question::new("get", "apps", "deployments/status")));
    let behind = everywhere("verbs: [get], apiGroups: [''], resources: ['pods/*', 'po*']");
    assert!(!is_allowed(&behind, &get("pods/log")) && !is_allowed(&behind, &get("pods")));
}

#[test]
fn a_request_without_a_name_matches_no_rule_with_names() {
    let one = everywhere("verbs: ['*'], apiGroups: [''], resources: [secrets], resourceNames: [hub]");
    assert!(is_allowed(&one, &get("secrets").named("hub")));
    assert!(!is_allowed(&one, &get("secrets").named("else")));
    for verb in ["list", "watch", "create", "deletecollection", "get"] {
        assert!(!is_allowed(&one, &Question::new(verb, "", "secrets")), "{verb}");
    }
    // A list with a field selector for the name carries it.
    assert!(is_allowed(&one, &Question::new("list", "", "secrets").named("hub")));
    assert!(is_allowed(&one, &get("secrets").some()));
}

#[test]
fn the_core_group_is_not_every_group() {
    let core = everywhere("verbs: [get], apiGroups: [''], resources: [events]");
    assert!(!is_allowed(&core, &Question::new("get", "events.k8s.io", "events")));
}

#[test]
fn a_binding_of_a_namespace_gives_nothing_in_the_whole_cluster_and_no_paths() {
    let local = in_jhub("verbs: ['*'], apiGroups: ['*'], resources: ['*']");
    assert!(is_allowed(&local, &get("pods").within("jhub")));
    assert!(!is_allowed(&local, &get("pods").within("else")));
    assert!(!is_allowed(&local, &get("pods")));
    let path = in_jhub("verbs: [get], nonResourceURLs: [/metrics]");
    assert!(!is_allowed(&path, &Question::path("get", "/metrics").within("jhub")));
}

#[test]
fn a_path_ends_in_an_asterisk_or_is_meant_exactly() {
    let paths = everywhere("verbs: [get], nonResourceURLs: [/logs/*, /metrics]");
    for (path, allowed) in
        [("/logs/", true), ("/logs/x/y", true), ("/logs", false), ("/metrics", true), ("/metrics/x", false)]
    {
        assert_eq!(is_allowed(&paths, &Question::path("get", path)), allowed, "{path}");
    }
    let resources = everywhere("verbs: ['*'], apiGroups: ['*'], resources: ['*']");
    assert!(!is_allowed(&resources, &Question::path("get", "/metrics")));
}

#[test]
fn masters_need_no_binding() {
    let rights = Fixture::from_yaml("").derived().rights;
    let question = get("secrets");
    assert_eq!(rights.may(&Caller::of(&group("system:masters")), &question), Answer::Allowed(Way::Masters));
    let admin = Caller::of(&user("ada")).with_group("system:masters");
    assert_eq!(rights.may(&admin, &question), Answer::Allowed(Way::Masters));
    assert_eq!(rights.may(&Caller::of(&user("ada")), &question), Answer::Denied);
}

#[test]
fn who_is_nobody_is_in_the_group_of_those_without_credentials_only() {
    let groups = |caller: &Caller| -> Vec<String> {
        caller.subjects()[1..].iter().map(|subject| subject.name.clone()).collect()
    };
    assert_eq!(groups(&Caller::of(&user("system:anonymous"))), ["system:unauthenticated"]);
    assert_eq!(groups(&Caller::of(&user("ada"))), ["system:authenticated"]);
    assert_eq!(
        groups(&Caller::of(&user("system:serviceaccount:jhub:hub"))),
        ["system:serviceaccounts", "system:serviceaccounts:jhub", "system:authenticated"]
    );
    assert_eq!(
        groups(&Caller::of(&group("system:serviceaccounts:jhub"))),
        ["system:serviceaccounts", "system:authenticated"]
    );
    assert!(groups(&Caller::of(&group("system:unauthenticated"))).is_empty());
}

#[test]
fn the_answer_names_the_binding_the_role_and_the_rule() {
    let fixture = everywhere(
        "verbs: [list], apiGroups: [''], resources: [pods] }, { verbs: [get], apiGroups: [''], resources: [pods]",
    );
    let Answer::Allowed(Way::Rule(given)) =
        fixture.derived().rights.may(&Caller::account("jhub", "default"), &get("pods"))
    else {
        panic!("it is allowed by a rule")
    };
    assert_eq!(
        (given.binding.to_string(), given.role.to_string(), given.rule),
        ("ClusterRoleBinding/b".into(), "ClusterRole/r".into(), 1)
    );
    assert_eq!(given.holder, given.role);
}

#[test]
fn what_is_hidden_makes_denials_unknown_and_leaves_allowances() {
    let rule = "verbs: [get], apiGroups: [''], resources: [pods]";
    let caller = Caller::account("jhub", "default");
    for kind in [Kind::ClusterRoleBinding, Kind::RoleBinding, Kind::ClusterRole, Kind::Role] {
        let fixture = everywhere(rule).without(kind);
        let rights = fixture.derived().rights;
        let answer = rights.may(&caller, &get("secrets").within("jhub"));
        match kind {
            // No binding refers to one.
            Kind::Role => assert_eq!(answer, Answer::Denied),
            _ => assert!(matches!(&answer, Answer::Unknown(gap) if gap.kind == kind), "{kind}: {answer:?}"),
        }
        assert_eq!(rights.who_may(&get("secrets").within("jhub")).gap.is_some(), kind != Kind::Role);
        // RoleBindings say nothing of the whole cluster.
        let of_cluster = rights.may(&caller, &get("secrets"));
        assert_eq!(of_cluster == Answer::Denied, matches!(kind, Kind::Role | Kind::RoleBinding), "{kind}");
    }
    let elsewhere = everywhere(rule).with_gap(Kind::RoleBinding, Some("else"), &GapReason::Forbidden);
    let rights = elsewhere.derived().rights;
    assert_eq!(rights.may(&caller, &get("secrets").within("jhub")), Answer::Denied);
    assert!(matches!(rights.may(&caller, &get("secrets").within("else")), Answer::Unknown(_)));
    assert!(matches!(rights.may(&caller, &get("pods").within("else")), Answer::Allowed(_)));
}
