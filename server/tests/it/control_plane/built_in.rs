//! What we say of the roles that every cluster starts with is what a real API server starts with.

use std::collections::{BTreeMap, BTreeSet};

use posture::access::{LEADING, built_in_roles};
use posture::facts::{PolicyRule, Role};
use posture::listing::Placed as _;
use serde_json::Value;

use super::{ControlPlane, get};

/// What versions of Kubernetes later than 1.30 added to the aggregated roles, and what stands in groups that are served no more.
const ADDED_LATER: [&str; 2] = ["resource.k8s.io", "extensions"];

/// One verb on one thing: (verb, group, resource, name), a path standing for the resource.
type Right = (String, String, String, String);

fn rights(rules: &[PolicyRule]) -> BTreeSet<Right> {
    let or_empty = |words: &[String]| if words.is_empty() { vec![String::new()] } else { words.to_vec() };
    let mut rights = BTreeSet::new();
    for rule in rules {
        let things: Vec<&String> = rule.resources.iter().chain(&rule.non_resource_urls).collect();
        for verb in &rule.verbs {
            for group in or_empty(&rule.api_groups) {
                for name in or_empty(&rule.resource_names) {
                    let right =
                        |thing: &&String| (verb.clone(), group.clone(), (*thing).clone(), name.clone());
                    rights.extend(things.iter().map(right));
                }
            }
        }
    }
    rights
}

async fn installed(control_plane: &ControlPlane) -> BTreeMap<String, Role> {
    let path = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
    let text = control_plane.admin().await.request_text(get(path)).await.expect("the roles");
    let list: Value = serde_json::from_str(&text).expect("a list");
    let items = list["items"].as_array().expect("items").iter();
    items
        .map(|item| {
            // An empty list is written as `null`.
            let mut item = item.clone();
            if item["rules"].is_null() {
                item["rules"] = Value::Array(Vec::new());
            }
            let role: Role = serde_json::from_value(item).expect("a role");
            (role.name().to_owned(), role)
        })
        .collect()
}

#[tokio::test]
async fn the_built_in_roles_are_those_that_the_api_server_installs() {
    let Some(control_plane) = ControlPlane::start().await else { return };
    let installed = installed(&control_plane).await;
    let mut compared = 0;
    for fact in built_in_roles() {
        let real = installed.get(fact.name()).unwrap_or_else(|| panic!("no {}", fact.name()));
        let (ours, theirs) = (rights(&fact.rules), rights(&real.rules));
        let invented: Vec<_> = ours.difference(&theirs).collect();
        assert!(invented.is_empty(), "{} does not give {invented:?}", fact.name());
        assert_eq!(fact.aggregation_rule, real.aggregation_rule, "{}", fact.name());
        for (key, value) in fact.metadata.labels.iter() {
            assert_eq!(real.metadata.labels.get(key), Some(value), "{}", fact.name());
        }
        let missing = theirs.difference(&ours).filter(|(_, group, resource, _)| {
            let is_event = resource == "events";
            !ADDED_LATER.contains(&group.as_str()) && !is_event
        });
        let missing: Vec<_> = missing.collect();
        if fact.name().starts_with("system:aggregate-to-") || fact.name() == "cluster-admin" {
            assert!(missing.is_empty(), "{} gives {missing:?} too", fact.name());
        }
        // What leads further is complete in every role.
        let leads = |(verb, group, resource, _): &&Right| {
            let is_secret = group.is_empty() && resource == "secrets";
            let leads = |right: &posture::access::Leading| {
                right.group == group && right.resource == resource && right.verbs.contains(&verb.as_str())
            };
            [verb, group, resource].iter().any(|word| *word == "*") || is_secret || LEADING.iter().any(leads)
        };
        let is_fine_grained = |right: &&Right| {
            // Parts of the kubelet's API that rights on `nodes/proxy` cover as well.
            right.2.starts_with("nodes/")
        };
        let leading: Vec<_> =
            missing.iter().filter(|right| leads(right) && !is_fine_grained(right)).collect();
        assert!(leading.is_empty(), "{} gives {leading:?} too", fact.name());
        compared += ours.len();
    }
    assert!(compared > 400, "{compared}");
}
