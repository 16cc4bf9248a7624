//! The evaluation of RBAC agrees with a slow and simple one, written beside it, on random roles and bindings; and hiding objects only
//! ever makes an answer unknown.

use std::collections::BTreeSet;
use std::sync::Arc;

use posture::access::{Answer, Asked, Caller, Named, Question, Taken, account, group, user};
use posture::access::{Escalations, RightsIndex};
use posture::facts::rbac::AggregationRule;
use posture::facts::{Binding, LabelSelector, PolicyRule, Role, RoleRef, Subject};
use posture::gap::GapReason;
use posture::kind::Kind;
use posture::listing::{Coverage, Listing};
use posture::snapshot::Snapshot;
use posture::testing::Fixture;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

const NAMESPACES: [&str; 2] = ["a", "b"];
const NAMES: [&str; 4] = ["one", "two", "three", "four"];

/// Everything that RBAC reads.
#[derive(Debug, Clone)]
struct World {
    roles: Vec<Role>,
    bindings: Vec<Binding>,
}

fn words(choices: &'static [&'static str]) -> impl Strategy<Value = Vec<String>> {
    vec(select(choices).prop_map(str::to_owned), 0..3)
}

fn rule() -> impl Strategy<Value = PolicyRule> {
    let resources = (
        words(&["get", "list", "*"]),
        words(&["", "apps", "*"]),
        words(&["pods", "pods/log", "*/log", "pods/*", "*"]),
        words(&["x", "*"]),
        words(&["/metrics", "/metrics*", "*", "/x/*"]),
        any::<bool>(),
    );
    resources.prop_map(|(verbs, api_groups, resources, names, paths, is_of_paths)| PolicyRule {
        verbs,
        api_groups: if is_of_paths { Vec::new() } else { api_groups },
        resources: if is_of_paths { Vec::new() } else { resources },
        resource_names: if is_of_paths { Vec::new() } else { names },
        non_resource_urls: if is_of_paths { paths } else { Vec::new() },
    })
}

fn role() -> impl Strategy<Value = Role> {
    let namespace = prop::option::of(select(&NAMESPACES[..]));
    let labels = vec(select(&["l", "m"][..]), 0..2);
    let collects = prop::option::weighted(0.3, vec(select(&["l", "m"][..]), 0..2));
    (select(&NAMES[..]), namespace, vec(rule(), 0..3), labels, collects).prop_map(
        |(name, namespace, rules, labels, collects)| {
            let mut role = Role { rules, ..Role::default() };
            name.clone_into(&mut role.metadata.name);
            role.metadata.namespace = namespace.map(str::to_owned);
            role.metadata.labels =
                Arc::new(labels.into_iter().map(|label| (label.to_owned(), "true".to_owned())).collect());
            // Roles of a namespace cannot collect.
            role.aggregation_rule = collects.filter(|_| namespace.is_none()).map(|labels| {
                let selector = |label: &str| LabelSelector {
                    match_labels: [(label.to_owned(), "true".to_owned())].into(),
                    ..LabelSelector::default()
                };
                AggregationRule { cluster_role_selectors: labels.into_iter().map(selector).collect() }
            });
            role
        },
    )
}

fn subject() -> impl Strategy<Value = Subject> {
    let fact = |kind: &'static str, names: &'static [&'static str]| {
        (select(names), prop::option::of(select(&["", "a", "b"][..]))).prop_map(move |(name, namespace)| {
            let namespace = namespace.filter(|_| kind == "ServiceAccount").map(str::to_owned);
            Subject { kind: kind.to_owned(), name: name.to_owned(), namespace }
        })
    };
    prop_oneof![
        fact("ServiceAccount", &["hub", "default"]),
        fact("User", &["ada", "system:serviceaccount:a:hub", "system:anonymous"]),
        fact(
            "Group",
            &["staff", "system:authenticated", "system:serviceaccounts:a", "system:unauthenticated"]
        ),
        fact("Moon", &["ada"]),
    ]
}

fn binding(number: usize) -> impl Strategy<Value = Binding> {
    let kind = select(&["Role", "ClusterRole"][..]);
    (prop::option::of(select(&NAMESPACES[..])), kind, select(&NAMES[..]), vec(subject(), 0..3)).prop_map(
        move |(namespace, kind, name, subjects)| {
            let mut binding = Binding { subjects, ..Binding::default() };
            binding.metadata.name = format!("b{number}");
            binding.metadata.namespace = namespace.map(str::to_owned);
            binding.role_ref = RoleRef { kind: kind.to_owned(), name: name.to_owned() };
            binding
        },
    )
}

fn world() -> impl Strategy<Value = World> {
    let bindings: Vec<_> = (0..4).map(binding).collect();
    (vec(role(), 0..6), bindings).prop_map(|(mut roles, bindings)| {
        let mut seen = BTreeSet::new();
        roles.retain(|role| seen.insert(role.object()));
        World { roles, bindings }
    })
}

fn question() -> impl Strategy<Value = Question> {
    let resource = (
        select(&["get", "list", "*"][..]),
        select(&["", "apps"][..]),
        select(&["pods", "pods/log", "nodes/log", "nodes"][..]),
        prop::option::of(select(&["x", "y", "*"][..])),
        prop::option::of(select(&NAMESPACES[..])),
    );
    let resource = resource.prop_map(|(verb, group, resource, name, namespace)| {
        let question = Question::new(verb, group, resource);
        let question = name.into_iter().fold(question, Question::named);
        namespace.into_iter().fold(question, Question::within)
    });
    let path = (select(&["get", "post"][..]), select(&["/metrics", "/metrics/x", "/x", "/x/"][..]))
        .prop_map(|(verb, path)| Question::path(verb, path));
    prop_oneof![3 => resource, 1 => path]
}

fn caller() -> impl Strategy<Value = Caller> {
    let subjects = vec![
        account("a", "hub"),
        account("b", "default"),
        user("ada"),
        user("system:anonymous"),
        group("staff"),
        group("system:serviceaccounts:a"),
    ];
    (select(subjects), any::<bool>()).prop_map(|(subject, is_staff)| {
        let caller = Caller::of(&subject);
        if is_staff { caller.with_group("staff") } else { caller }
    })
}

fn snapshot(world: &World) -> Snapshot {
    let mut snapshot = Fixture::from_yaml("").snapshot;
    let full = Coverage::full;
    let roles = |is_local: bool| {
        world
            .roles
            .iter()
            .filter(move |role| role.metadata.namespace.is_some() == is_local)
            .cloned()
            .map(Arc::new)
    };
    let bindings = |is_local: bool| {
        world
            .bindings
            .iter()
            .filter(move |b| b.metadata.namespace.is_some() == is_local)
            .cloned()
            .map(Arc::new)
    };
    snapshot.roles = Listing::new(Kind::Role, roles(true).collect(), full());
    snapshot.cluster_roles = Listing::new(Kind::ClusterRole, roles(false).collect(), full());
    snapshot.role_bindings = Listing::new(Kind::RoleBinding, bindings(true).collect(), full());
    snapshot.cluster_role_bindings =
        Listing::new(Kind::ClusterRoleBinding, bindings(false).collect(), full());
    snapshot
}

/// The slow and simple evaluation, step by step as the API server describes it.
mod naive {
    use super::*;

    pub(super) fn may(world: &World, caller: &Caller, question: &Question) -> bool {
        let identity = caller.identity();
        let name = match identity.kind.as_str() {
            "User" => identity.name.clone(),
            "ServiceAccount" => {
                format!("system:serviceaccount:{}:{}", identity.namespace.as_deref().unwrap(), identity.name)
            }
            _ => String::new(),
        };
        let groups: Vec<_> =
            caller.subjects().iter().filter(|s| s.kind == "Group").map(|s| s.name.clone()).collect();
        let mut is_allowed = false;
        for binding in &world.bindings {
            let place = binding.metadata.namespace.as_deref();
            let holds = match (&question.asked, place) {
                (_, None) => true,
                (Asked::Path(_), Some(_)) => false,
                (Asked::Resource { .. }, Some(place)) => question.namespace.as_deref() == Some(place),
            };
            let applies = binding.subjects.iter().any(|subject| match subject.kind.as_str() {
                "User" => subject.name == name,
                "Group" => groups.contains(&subject.name),
                "ServiceAccount" => {
                    let own = subject.namespace.as_deref().filter(|namespace| !namespace.is_empty());
                    own.or(place).is_some_and(|namespace| {
                        name == format!("system:serviceaccount:{namespace}:{}", subject.name)
                    })
                }
                _ => false,
            });
            if holds && applies {
                let rules = rules(world, binding);
                is_allowed |= rules.iter().any(|rule| allows(rule, question));
            }
        }
        is_allowed
    }

    fn rules(world: &World, binding: &Binding) -> Vec<PolicyRule> {
        let place = match binding.role_ref.kind.as_str() {
            "Role" if binding.metadata.namespace.is_none() => return Vec::new(),
            "Role" => binding.metadata.namespace.clone(),
            _ => None,
        };
        let mut names = BTreeSet::from([binding.role_ref.name.clone()]);
        loop {
            let before = names.len();
            for role in world.roles.iter().filter(|role| role.metadata.namespace == place) {
                let Some(aggregation) = &role.aggregation_rule else { continue };
                if !names.contains(&role.metadata.name) || !role.rules.is_empty() {
                    continue;
                }
                for other in world.roles.iter().filter(|other| other.metadata.namespace.is_none()) {
                    let selects = |selector: &LabelSelector| {
                        selector.match_labels.keys().all(|key| other.metadata.labels.contains_key(key))
                    };
                    if aggregation.cluster_role_selectors.iter().any(selects) {
                        names.insert(other.metadata.name.clone());
                    }
                }
            }
            if names.len() == before {
                break;
            }
        }
        let behind = world
            .roles
            .iter()
            .filter(|role| role.metadata.namespace == place && names.contains(&role.metadata.name));
        behind.flat_map(|role| role.rules.clone()).collect()
    }

    fn allows(rule: &PolicyRule, question: &Question) -> bool {
        let has = |values: &[String], wanted: &str| {
            values.contains(&"*".to_owned()) || values.contains(&wanted.to_owned())
        };
        if !has(&rule.verbs, &question.verb) {
            return false;
        }
        match &question.asked {
            Asked::Path(path) => rule.non_resource_urls.iter().any(|url| {
                let prefix = url.trim_end_matches('*');
                if prefix.len() < url.len() { path.starts_with(prefix) } else { path == url }
            }),
            Asked::Resource { group, resource, name } => {
                let subresource = resource.split('/').nth(1);
                let of_all = subresource.map(|part| format!("*/{part}"));
                has(&rule.api_groups, group)
                    && (has(&rule.resources, resource)
                        || of_all.is_some_and(|all| rule.resources.contains(&all)))
                    && match name {
                        _ if rule.resource_names.is_empty() => true,
                        Named::As(name) => rule.resource_names.contains(name),
                        Named::Not | Named::Any => false,
                    }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_answer_is_that_of_the_simple_evaluation(world in world(), caller in caller(), asked in vec(question(), 8)) {
        let rights = RightsIndex::new(&snapshot(&world));
        let all = rights.of_caller(&caller);
        for question in asked {
            let expected = naive::may(&world, &caller, &question);
            prop_assert_eq!(rights.may(&caller, &question).is_allowed(), Ok(expected), "{:?}", &question);
            prop_assert_eq!(all.any(|grant| grant.answers(&question)), Ok(expected));
            let holders = rights.who_may(&question);
            prop_assert_eq!(caller.subjects().iter().any(|s| holders.ways.contains_key(s)), expected);
        }
    }

    #[test]
    fn hiding_objects_only_makes_answers_unknown(
        world in world(), caller in caller(), question in question(),
        kind in select(&[Kind::Role, Kind::ClusterRole, Kind::RoleBinding, Kind::ClusterRoleBinding][..]),
        place in prop::option::of(select(&NAMESPACES[..])),
    ) {
        let expected = naive::may(&world, &caller, &question);
        let place = place.filter(|_| matches!(kind, Kind::Role | Kind::RoleBinding));
        let mut fixture = Fixture::from_yaml("");
        fixture.snapshot = snapshot(&world);
        let hidden = fixture.with_gap(kind, place, &GapReason::Forbidden).snapshot;
        let rights = RightsIndex::new(&hidden);
        match rights.may(&caller, &question) {
            Answer::Allowed(_) => prop_assert!(expected),
            Answer::Denied => prop_assert!(!expected),
            Answer::Unknown(_) => {}
        }
        let reached = Escalations::new(&rights, &hidden).reached(&caller);
        if kind == Kind::ClusterRoleBinding {
            prop_assert!(reached.path(&Taken::Administrator).is_err());
        }
    }
}
