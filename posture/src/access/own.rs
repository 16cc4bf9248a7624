//! What Perijove itself may do, by the API server's own word.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::facts::PolicyRule;
use crate::gap::GapReason;
use crate::listing::{Listing, Placed};
use crate::snapshot::Reviews;

use super::held::Power;

/// What Perijove itself may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Own {
    /// The answer.
    pub answer: OwnAnswer,
    /// Whether it may read Secrets: `None` where that is not known completely and none was seen.
    pub reads_secrets: Option<bool>,
    /// The rules that the API server listed, each with the namespaces where it holds, the mightiest first.
    pub rules: Vec<OwnRule>,
    /// In how many namespaces the API server was asked.
    pub asked: usize,
    /// When the oldest of its answers was given; `None` where that is not known.
    #[serde(default)]
    pub asked_at: Option<jiff::Timestamp>,
}

/// Whether Perijove could change anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OwnAnswer {
    /// It cannot: the API server lists all of its rules in every namespace, and none changes anything.
    CannotChange,
    /// It could: these rules say so.
    MayChange,
    /// No rule that was listed changes anything, but something may be missing.
    Unproven(Missing),
    /// The API server was not asked, or did not answer.
    NotAsked(GapReason),
}

/// Why the answer is not complete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Missing {
    /// The API server says that its list is not complete, as where the cloud's IAM decides too.
    Incomplete,
    /// It was not asked in these namespaces, or not since a role or a binding changed that may hold there.
    Namespaces(Vec<String>),
    /// Not all namespaces are known.
    UnknownNamespaces,
}

/// One rule of Perijove's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnRule {
    /// What it is good for.
    pub power: Power,
    /// What it says.
    pub rule: PolicyRule,
    /// Where it holds; empty means in every namespace that was asked about.
    pub namespaces: Vec<String>,
}

/// Judges the answers of the API server about Perijove's own rights.
pub fn own<N: Placed>(reviews: Result<&Reviews, &GapReason>, namespaces: &Listing<N>) -> Own {
    let silent = |reason: GapReason| Own {
        answer: OwnAnswer::NotAsked(reason),
        reads_secrets: None,
        rules: Vec::new(),
        asked: 0,
        asked_at: None,
    };
    let reviews = match reviews {
        Ok(reviews) if reviews.rules.is_empty() => return silent(GapReason::NotRead),
        Ok(reviews) => reviews,
        Err(reason) => return silent(reason.clone()),
    };
    let asked: BTreeSet<&str> =
        reviews.rules.iter().flat_map(|part| &part.namespaces).map(String::as_str).collect();
    let rules = rules(reviews, asked.len());
    let missing = missing(reviews, &asked, namespaces);
    let mightiest = rules.first().map_or(Power::Usual, |rule| rule.power);
    let may_delete = reviews.not_granted.as_ref().is_some_and(|answer| answer.allowed);
    let answer = match missing.clone() {
        _ if may_delete || mightiest <= Power::Changes => OwnAnswer::MayChange,
        Some(missing) => OwnAnswer::Unproven(missing),
        None => OwnAnswer::CannotChange,
    };
    let sees_secrets = rules.iter().any(|rule| reads_secrets(&rule.rule));
    let reads_secrets = if sees_secrets { Some(true) } else { missing.is_none().then_some(false) };
    Own { answer, reads_secrets, rules, asked: asked.len(), asked_at: reviews.asked_at }
}

fn reads_secrets(rule: &PolicyRule) -> bool {
    ["get", "list", "watch"].iter().any(|verb| super::rule::allows(rule, verb, "", "secrets"))
}

/// Every rule once, with where it holds.
fn rules(reviews: &Reviews, asked: usize) -> Vec<OwnRule> {
    let mut places: std::collections::BTreeMap<&PolicyRule, BTreeSet<&String>> =
        std::collections::BTreeMap::new();
    for part in &reviews.rules {
        for rule in &part.rules {
            places.entry(rule).or_default().extend(&part.namespaces);
        }
    }
    let mut rules: Vec<OwnRule> = places
        .into_iter()
        .map(|(rule, places)| OwnRule {
            power: Power::of(rule),
            rule: rule.clone(),
            namespaces: if places.len() == asked {
                Vec::new()
            } else {
                places.into_iter().cloned().collect()
            },
        })
        .collect();
    rules.sort_by_key(|rule| rule.power);
    rules
}

fn missing<N: Placed>(reviews: &Reviews, asked: &BTreeSet<&str>, namespaces: &Listing<N>) -> Option<Missing> {
    if reviews.rules.iter().any(|part| part.is_incomplete) {
        return Some(Missing::Incomplete);
    }
    if namespaces.complete().is_err() {
        return Some(Missing::UnknownNamespaces);
    }
    let left: Vec<String> = namespaces
        .present()
        .map(|n| n.name().to_owned())
        .filter(|name| !asked.contains(name.as_str()))
        .collect();
    (!left.is_empty()).then_some(Missing::Namespaces(left))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::facts::Namespace;
    use crate::kind::Kind;
    use crate::listing::Coverage;
    use crate::snapshot::{AccessAnswer, AuthorizerReason, OwnRules};

    fn rule(verb: &str, resource: &str) -> PolicyRule {
        PolicyRule {
            verbs: vec![verb.to_owned()],
            api_groups: vec![String::new()],
            resources: vec![resource.to_owned()],
            ..PolicyRule::default()
        }
    }

    fn listing(names: &[&str], coverage: Coverage) -> Listing<Namespace> {
        let namespace = |name: &&str| {
            let mut namespace = Namespace::default();
            namespace.metadata.name = (*name).to_owned();
            Arc::new(namespace)
        };
        Listing::new(Kind::Namespace, names.iter().map(namespace).collect(), coverage)
    }

    fn reviews(parts: &[(&[&str], &[PolicyRule], bool)]) -> Reviews {
        let rules = parts.iter().map(|(names, rules, is_incomplete)| OwnRules {
            namespaces: names.iter().map(|name| (*name).to_owned()).collect(),
            rules: rules.to_vec(),
            is_incomplete: *is_incomplete,
        });
        Reviews { rules: rules.collect(), ..Reviews::default() }
    }

    #[test]
    fn it_cannot_change_anything_only_where_every_namespace_says_so() {
        let seen = reviews(&[(&["a", "b"], &[rule("list", "pods")], false)]);
        let all = listing(&["a", "b"], Coverage::full());
        assert_eq!(own(Ok(&seen), &all).answer, OwnAnswer::CannotChange);
        assert_eq!(own(Ok(&seen), &all).reads_secrets, Some(false));
        let more = listing(&["a", "b", "c"], Coverage::full());
        let left = Missing::Namespaces(vec!["c".to_owned()]);
        assert_eq!(own(Ok(&seen), &more).answer, OwnAnswer::Unproven(left));
        let hidden = listing(&["a", "b"], Coverage::gap(GapReason::Forbidden));
        assert_eq!(own(Ok(&seen), &hidden).answer, OwnAnswer::Unproven(Missing::UnknownNamespaces));
    }

    #[test]
    fn an_incomplete_answer_proves_nothing_but_what_it_lists() {
        let all = listing(&["a"], Coverage::full());
        let reading = reviews(&[(&["a"], &[rule("list", "pods")], true)]);
        let told = own(Ok(&reading), &all);
        assert_eq!(told.answer, OwnAnswer::Unproven(Missing::Incomplete));
        assert_eq!(told.reads_secrets, None);
        let writing = reviews(&[(&["a"], &[rule("delete", "pods"), rule("get", "secrets")], true)]);
        let told = own(Ok(&writing), &all);
        assert_eq!((told.answer, told.reads_secrets), (OwnAnswer::MayChange, Some(true)));
        assert_eq!(told.rules[0].rule, rule("delete", "pods"), "the mightiest comes first");
    }

    #[test]
    fn the_answer_about_one_forbidden_thing_counts_too() {
        let all = listing(&["a"], Coverage::full());
        let mut seen = reviews(&[(&["a"], &[rule("list", "pods")], false)]);
        let reason = AuthorizerReason::Other;
        seen.not_granted = Some(AccessAnswer { question: "delete nodes".into(), allowed: true, reason });
        assert_eq!(own(Ok(&seen), &all).answer, OwnAnswer::MayChange);
    }

    #[test]
    fn no_rule_that_writes_hides_behind_a_wildcard_or_a_subresource() {
        let all = listing(&["a", "b"], Coverage::full());
        for (verb, resource) in [
            ("*", "pods"),
            ("*", "*"),
            ("create", "pods/exec"),
            ("get", "nodes/proxy"),
            ("impersonate", "users"),
            ("escalate", "clusterroles"),
            ("bind", "*"),
            ("create", "serviceaccounts/token"),
            ("deletecollection", "*"),
        ] {
            // One namespace of two is enough.
            let seen = reviews(&[
                (&["a"], &[rule("list", "pods")], false),
                (&["b"], &[rule("list", "pods"), rule(verb, resource)], false),
            ]);
            assert_eq!(own(Ok(&seen), &all).answer, OwnAnswer::MayChange, "{verb} {resource}");
        }
        let reading = reviews(&[(&["a", "b"], &[rule("list", "*"), rule("watch", "*")], false)]);
        let told = own(Ok(&reading), &all);
        assert_eq!((told.answer, told.reads_secrets), (OwnAnswer::CannotChange, Some(true)));
    }

    #[test]
    fn without_an_answer_nothing_is_claimed() {
        let all = listing(&["a"], Coverage::full());
        assert_eq!(own(Ok(&Reviews::default()), &all).answer, OwnAnswer::NotAsked(GapReason::NotRead));
        let reason = GapReason::Forbidden;
        assert_eq!(own(Err(&reason), &all).answer, OwnAnswer::NotAsked(GapReason::Forbidden));
    }

    #[test]
    fn a_rule_of_one_namespace_names_it() {
        let seen = reviews(&[
            (&["a"], &[rule("list", "pods"), rule("list", "nodes")], false),
            (&["b"], &[rule("list", "nodes")], false),
        ]);
        let told = own(Ok(&seen), &listing(&["a", "b"], Coverage::full()));
        let places: Vec<_> =
            told.rules.iter().map(|rule| (rule.rule.resources[0].as_str(), rule.namespaces.len())).collect();
        assert_eq!(places, [("nodes", 0), ("pods", 1)]);
    }
}
