//! What a ServiceAccount may do, by every way a binding can reach it.

use posture::derived::{Reach, Rights};
use posture::facts::Subject;
use posture::gap::GapReason;
use posture::kind::Kind;
use posture::testing::Fixture;

fn role(kind: &str, name: &str, rules: &str) -> String {
    let namespace = if kind == "Role" { ", namespace: jhub" } else { "" };
    format!(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\nmetadata: {{ name: {name}{namespace} }}\nrules: {rules}\n"
    )
}

fn binding(kind: &str, name: &str, subject: &str, role: &str) -> String {
    let namespace = if kind == "RoleBinding" { ", namespace: jhub" } else { "" };
    let (role_kind, role_name) = role.split_once('/').unwrap();
    format!(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\nmetadata: {{ name: {name}{namespace} }}\nsubjects: [{subject}]\nroleRef: {{ kind: {role_kind}, name: {role_name} }}\n"
    )
}

const READ_PODS: &str = "[{ apiGroups: [''], resources: [pods], verbs: [list] }]";
const ADMIN: &str =
    "[{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }, { nonResourceURLs: ['*'], verbs: ['*'] }]";

fn fixture(manifests: &[String]) -> Fixture {
    Fixture::from_yaml(&manifests.join("---\n"))
}

fn rights(manifests: &[String]) -> Rights {
    fixture(manifests).derived().rights.of_account("jhub", "default")
}

fn bindings(rights: &Rights) -> Vec<String> {
    rights.grants.iter().map(|grant| grant.binding.to_string()).collect()
}

#[test]
fn every_implied_group_counts() {
    for group in ["system:serviceaccounts", "system:serviceaccounts:jhub", "system:authenticated"] {
        let found = rights(&[
            role("ClusterRole", "reader", READ_PODS),
            binding(
                "ClusterRoleBinding",
                "b",
                &format!("{{ kind: Group, name: '{group}' }}"),
                "ClusterRole/reader",
            ),
        ]);
        assert_eq!(bindings(&found), ["ClusterRoleBinding/b"], "{group}");
        assert_eq!(found.lists_pods(), Ok(true));
        assert_eq!(found.grants[0].subject.name, group);
    }
    let other = rights(&[
        role("ClusterRole", "reader", READ_PODS),
        binding(
            "ClusterRoleBinding",
            "b",
            "{ kind: Group, name: 'system:serviceaccounts:else' }",
            "ClusterRole/reader",
        ),
    ]);
    assert!(other.grants.is_empty());
}

#[test]
fn a_subject_without_a_namespace_means_the_bindings_own() {
    let found = rights(&[
        role("Role", "reader", READ_PODS),
        binding("RoleBinding", "b", "{ kind: ServiceAccount, name: default }", "Role/reader"),
    ]);
    assert_eq!(bindings(&found), ["RoleBinding/jhub/b"]);
    assert_eq!(found.grants[0].reach, Reach::Namespace("jhub".to_owned()));
    assert!(found.grants[0].holds_in("jhub") && !found.grants[0].holds_in("else"));
}

#[test]
fn an_account_written_as_a_user_is_the_account() {
    let found = rights(&[
        role("ClusterRole", "reader", READ_PODS),
        binding(
            "ClusterRoleBinding",
            "b",
            "{ kind: User, name: 'system:serviceaccount:jhub:default' }",
            "ClusterRole/reader",
        ),
    ]);
    assert_eq!(found.lists_pods(), Ok(true));
}

#[test]
fn a_cluster_role_through_a_role_binding_holds_in_one_namespace() {
    let found = rights(&[
        role("ClusterRole", "cluster-admin", ADMIN),
        binding("RoleBinding", "b", "{ kind: ServiceAccount, name: default }", "ClusterRole/cluster-admin"),
    ]);
    assert!(found.grants[0].is_everything());
    assert_eq!(found.is_cluster_admin(), Ok(false));
    assert_eq!(found.writes(), Ok(true));
    assert_eq!(found.reads_secrets(), Ok(true));
    assert_eq!(found.enters_pods(), Ok(true));
}

#[test]
fn a_binding_to_a_missing_role_gives_nothing() {
    let found =
        rights(&[binding("RoleBinding", "b", "{ kind: ServiceAccount, name: default }", "Role/gone")]);
    assert!(found.grants.is_empty());
    assert_eq!(found.is_powerless(), Ok(true));
}

#[test]
fn aggregated_rules_are_collected_where_no_controller_did() {
    let aggregated = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: { name: all }\naggregationRule: { clusterRoleSelectors: [{ matchLabels: { to-all: 'true' } }] }\nrules: []\n".to_owned();
    let part = role("ClusterRole", "part", READ_PODS)
        .replace("name: part", "name: part, labels: { to-all: 'true' }");
    let bound = binding(
        "ClusterRoleBinding",
        "b",
        "{ kind: ServiceAccount, name: default, namespace: jhub }",
        "ClusterRole/all",
    );
    assert_eq!(rights(&[aggregated.clone(), part.clone(), bound.clone()]).lists_pods(), Ok(true));
    let merged =
        aggregated.replace("rules: []", "rules: [{ apiGroups: [''], resources: [events], verbs: [get] }]");
    let found = rights(&[merged, part, bound]);
    assert_eq!((found.lists_pods(), found.is_powerless()), (Ok(false), Ok(false)));
}

#[test]
fn what_an_aggregated_role_collects_may_collect_in_turn() {
    let collecting = |name: &str, label: &str, own: &str| {
        format!(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {{ name: {name}, labels: {{ {own}: 'true' }} }}\naggregationRule: {{ clusterRoleSelectors: [{{ matchLabels: {{ {label}: 'true' }} }}] }}\nrules: []\n"
        )
    };
    let part = role("ClusterRole", "part", READ_PODS)
        .replace("name: part", "name: part, labels: { to-edit: 'true' }");
    let bound = binding(
        "ClusterRoleBinding",
        "b",
        "{ kind: ServiceAccount, name: default, namespace: jhub }",
        "ClusterRole/admin",
    );
    // Each collects the other as well, and that ends.
    let found = rights(&[
        collecting("admin", "to-admin", "to-edit"),
        collecting("edit", "to-edit", "to-admin"),
        part,
        bound,
    ]);
    assert_eq!(found.lists_pods(), Ok(true));
    let places: Vec<_> =
        found.grants[0].placed_rules().map(|(role, number, _)| (role.name, number)).collect();
    assert_eq!(places, [("part".to_owned(), 0)]);
}

#[test]
fn a_part_that_was_seen_is_proof_while_others_are_hidden() {
    let aggregated = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: { name: all }\naggregationRule: { clusterRoleSelectors: [{ matchLabels: { to-all: 'true' } }] }\nrules: []\n".to_owned();
    let part = role("ClusterRole", "part", READ_PODS)
        .replace("name: part", "name: part, labels: { to-all: 'true' }");
    let bound = binding(
        "ClusterRoleBinding",
        "b",
        "{ kind: ServiceAccount, name: default, namespace: jhub }",
        "ClusterRole/all",
    );
    let header = "perijove: { origin: declared }\n".to_owned();
    let found = rights(&[header, aggregated, part, bound]);
    assert_eq!(found.lists_pods(), Ok(true));
    assert!(found.reads_secrets().is_err());
}

#[test]
fn a_rule_for_named_objects_is_not_everything() {
    let all = role(
        "ClusterRole",
        "all",
        "[{ apiGroups: ['*'], resources: ['*'], verbs: ['*'], resourceNames: [one] }]",
    );
    let bound = binding(
        "ClusterRoleBinding",
        "b",
        "{ kind: ServiceAccount, name: default, namespace: jhub }",
        "ClusterRole/all",
    );
    let found = rights(&[all, bound]);
    assert_eq!((found.is_cluster_admin(), found.writes()), (Ok(false), Ok(true)));
}

#[test]
fn a_service_account_without_a_namespace_is_nobody_in_the_whole_cluster() {
    let bound =
        binding("ClusterRoleBinding", "b", "{ kind: ServiceAccount, name: default }", "ClusterRole/reader");
    let found = fixture(&[role("ClusterRole", "reader", READ_PODS), bound]);
    assert!(found.derived().rights.in_namespace("jhub").grants.is_empty());
}

#[test]
fn discovery_and_questions_about_oneself_are_no_power() {
    let rules = "[{ nonResourceURLs: [/api, '/api/*', /apis, '/apis/*', /healthz, /version, '/openapi/*', /.well-known/openid-configuration, /openid/v1/jwks], verbs: [get] },
      { apiGroups: [authorization.k8s.io], resources: [selfsubjectaccessreviews, selfsubjectrulesreviews], verbs: [create] },
      { apiGroups: [authentication.k8s.io], resources: [selfsubjectreviews], verbs: [create] }]";
    let bound = binding(
        "ClusterRoleBinding",
        "b",
        "{ kind: Group, name: 'system:authenticated' }",
        "ClusterRole/basic",
    );
    let found = rights(&[role("ClusterRole", "basic", rules), bound.clone()]);
    assert_eq!((found.is_powerless(), found.writes()), (Ok(true), Ok(false)));
    for more in [
        "[{ nonResourceURLs: [/metrics], verbs: [get] }]",
        "[{ nonResourceURLs: ['*'], verbs: [get] }]",
        "[{ apiGroups: [''], resources: [configmaps], verbs: [get] }]",
    ] {
        let found = rights(&[role("ClusterRole", "basic", more), bound.clone()]);
        assert_eq!((found.is_powerless(), found.writes()), (Ok(false), Ok(false)), "{more}");
    }
}

#[test]
fn the_usual_ways_to_harm_are_told_apart() {
    let of = |rules: &str| {
        rights(&[
            role("Role", "r", rules),
            binding("RoleBinding", "b", "{ kind: ServiceAccount, name: default }", "Role/r"),
        ])
    };
    let rule = |resource: &str, verb: &str| {
        format!("[{{ apiGroups: [''], resources: ['{resource}'], verbs: [{verb}] }}]")
    };
    assert_eq!(of(&rule("secrets", "get")).reads_secrets(), Ok(true));
    assert_eq!(of(&rule("secrets", "create")).reads_secrets(), Ok(false));
    assert_eq!(of(&rule("pods/exec", "create")).enters_pods(), Ok(true));
    assert_eq!(of(&rule("*/exec", "create")).enters_pods(), Ok(true));
    assert_eq!(of(&rule("pods/ephemeralcontainers", "patch")).enters_pods(), Ok(true));
    assert_eq!(of(&rule("pods", "get")).lists_pods(), Ok(false));
    assert_eq!(of(&rule("pods", "watch")).lists_pods(), Ok(true));
    assert_eq!(of(&rule("pods", "delete")).writes(), Ok(true));
    assert_eq!(
        of("[{ apiGroups: [policy], resources: [podsecuritypolicies], verbs: [use] }]").writes(),
        Ok(false)
    );
    assert_eq!(of("[{ apiGroups: [apps], resources: [secrets], verbs: [get] }]").reads_secrets(), Ok(false));
}

#[test]
fn what_was_seen_is_proof_and_what_is_hidden_is_not() {
    let manifests = [
        role("ClusterRole", "reader", READ_PODS),
        binding(
            "ClusterRoleBinding",
            "b",
            "{ kind: Group, name: 'system:serviceaccounts' }",
            "ClusterRole/reader",
        ),
        role("Role", "writer", "[{ apiGroups: [''], resources: [pods], verbs: [create] }]"),
        binding("RoleBinding", "w", "{ kind: ServiceAccount, name: default }", "Role/writer"),
    ];
    for hidden in [Kind::RoleBinding, Kind::Role] {
        let found = fixture(&manifests).without(hidden).derived().rights.of_account("jhub", "default");
        assert_eq!(found.lists_pods(), Ok(true));
        assert_eq!(found.is_powerless(), Ok(false));
        assert_eq!(found.writes().unwrap_err().kind, hidden);
        assert!(found.complete().is_err());
    }
    let elsewhere = fixture(&manifests).with_gap(Kind::RoleBinding, Some("else"), &GapReason::Forbidden);
    assert!(elsewhere.derived().rights.of_account("jhub", "default").reads_secrets().is_err());
}

#[test]
fn cluster_admin_is_known_where_its_role_cannot_be_read() {
    let manifests = [binding(
        "ClusterRoleBinding",
        "b",
        "{ kind: ServiceAccount, name: default, namespace: jhub }",
        "ClusterRole/cluster-admin",
    )];
    let found = fixture(&manifests).without(Kind::ClusterRole).derived().rights.of_account("jhub", "default");
    assert_eq!(found.is_cluster_admin(), Ok(true));
}

#[test]
fn everybody_with_rights_in_a_namespace_is_listed() {
    let fixture = fixture(&[
        role("ClusterRole", "reader", READ_PODS),
        role("Role", "writer", "[{ apiGroups: [''], resources: [pods], verbs: [create] }]"),
        binding(
            "ClusterRoleBinding",
            "b",
            "{ kind: User, name: ann }, { kind: Group, name: staff }",
            "ClusterRole/reader",
        ),
        binding("RoleBinding", "w", "{ kind: ServiceAccount, name: hub }", "Role/writer"),
    ]);
    let derived = fixture.derived();
    let names = |namespace: &str| -> Vec<String> {
        derived.rights.in_namespace(namespace).grants.iter().map(|grant| grant.subject.name.clone()).collect()
    };
    assert_eq!(names("jhub"), ["hub", "staff", "ann"]);
    assert_eq!(names("else"), ["staff", "ann"]);
    let ann =
        Subject { kind: "User".to_owned(), name: "ann".to_owned(), namespace: Some("ignored".to_owned()) };
    assert_eq!(derived.rights.of_subject(&ann).lists_pods(), Ok(true));
}

#[test]
fn a_binding_to_a_role_that_is_not_there_is_named() {
    let account = "{ kind: ServiceAccount, name: default }";
    let found = rights(&[binding("RoleBinding", "b", account, "Role/gone")]);
    assert_eq!((found.grants.len(), found.gap.as_ref()), (0, None));
    let [one] = found.unresolved.as_slice() else { panic!("{:?}", found.unresolved) };
    assert_eq!(
        (one.binding.to_string(), one.role.to_string()),
        ("RoleBinding/jhub/b".into(), "Role/jhub/gone".into())
    );
    assert_eq!(one.words(), "there is no such role, so it gives nothing until somebody makes one");
}

#[test]
fn a_binding_to_a_role_that_cannot_be_read_is_named_with_what_hides_it() {
    let manifests = [
        "perijove: { gaps: [{ kind: ClusterRole, reason: forbidden }] }\n".to_owned(),
        binding("RoleBinding", "b", "{ kind: ServiceAccount, name: default }", "ClusterRole/edit"),
    ];
    let found = rights(&manifests);
    let [one] = found.unresolved.as_slice() else { panic!("{:?}", found.unresolved) };
    assert_eq!(one.gap.as_ref().map(|gap| &gap.reason), Some(&GapReason::Forbidden));
    assert!(one.words().starts_with("what that role allows is not known: "), "{}", one.words());
    assert_eq!(found.gap, one.gap, "in a cluster, what an administrator made of the role is not known");
}

#[test]
fn what_files_add_to_a_role_of_kubernetes_counts_beside_what_it_is_installed_with() {
    let more = format!(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {{ name: more, labels: {{ rbac.authorization.k8s.io/aggregate-to-view: 'true' }} }}\nrules: {}\n",
        "[{ apiGroups: [example.org], resources: [widgets], verbs: [delete] }]",
    );
    let found = rights(&[
        "perijove: { origin: declared }\n".to_owned(),
        more,
        binding("RoleBinding", "b", "{ kind: ServiceAccount, name: default }", "ClusterRole/edit"),
    ]);
    let grant = &found.grants[0];
    assert!(grant.allows("delete", "example.org", "widgets"), "edit collects view");
    assert!(grant.enters_pods() && grant.makes_pods() && grant.reads_any_secret());
    assert!(!grant.allows("create", "rbac.authorization.k8s.io", "rolebindings"), "that is admin's");
    assert!(found.gap.is_some(), "aggregation may add to it");
    let built_in: Vec<bool> = found
        .held()
        .iter()
        .filter(|held| held.holder.name == "more" || held.holder.name == "system:aggregate-to-edit")
        .map(|held| held.is_built_in == (held.holder.name != "more"))
        .collect();
    assert!(built_in.len() > 2 && built_in.iter().all(|right| *right));
}

#[test]
fn a_role_binding_gives_no_paths() {
    let account = "{ kind: ServiceAccount, name: default, namespace: jhub }";
    let of = |kind| {
        let admin = role("ClusterRole", "all", ADMIN);
        rights(&[admin, binding(kind, "b", account, "ClusterRole/all")])
    };
    let words = |rights: &Rights| rights.held().iter().map(|held| held.rule.words()).collect::<Vec<_>>();
    let local = of("RoleBinding");
    assert_eq!(words(&local), ["do everything"]);
    assert!(!local.grants[0].rules().any(|rule| !rule.non_resource_urls.is_empty()));
    assert_eq!(words(&of("ClusterRoleBinding")), ["do everything", "do everything with the paths *"]);
}
