//! What an account may do in a few sentences, one for each place.

use std::collections::BTreeMap;

use posture::access::{Held, Power, Reach};
use posture::gap::Gap;

use super::rules::place;
use crate::text::visible;

/// The rights in sentences, one for each place: the mightiest there, and whether it reads Secrets.
pub(super) fn may(rules: &[Held], gap: Option<&Gap>) -> String {
    if rules.is_empty() {
        let none = if gap.is_some() {
            "No rights of its own were seen."
        } else {
            "It may do no more than every identity of the cluster."
        };
        return none.to_owned();
    }
    if let Some(held) =
        rules.iter().find(|held| held.power == Power::Everything && held.reach == Reach::Cluster)
    {
        return format!("It may do everything {}.", place(&held.reach));
    }
    let mut places: BTreeMap<&Reach, Vec<&Held>> = BTreeMap::new();
    for held in rules {
        places.entry(&held.reach).or_default().push(held);
    }
    let changes = rules.iter().any(|held| held.power <= Power::Changes);
    // Places where the same may be done are told together.
    let mut told: Vec<(String, Vec<String>)> = Vec::new();
    for (reach, rules) in &places {
        let Some(what) = acts(rules, changes) else { continue };
        match told.iter_mut().find(|(known, _)| *known == what) {
            Some((_, places)) => places.push(place(reach)),
            None => told.push((what, vec![place(reach)])),
        }
    }
    if told.is_empty() {
        return "It may do no more than every identity of the cluster.".to_owned();
    }
    let more = told.len().saturating_sub(MOST_PLACES);
    let mut sentences: Vec<String> =
        told.iter().take(MOST_PLACES).map(|(what, places)| sentence(what, places)).collect();
    if more > 0 {
        sentences.push("It has other rights elsewhere.".to_owned());
    }
    sentences.join(" ")
}

/// How many sentences tell what an account may do.
const MOST_PLACES: usize = 4;

/// What rules of one place come to, with `{place}` where that place is named.
fn acts(rules: &[&Held], changes_somewhere: bool) -> Option<String> {
    let mightiest = rules.iter().map(|held| held.power).min()?;
    let nothing = if changes_somewhere { "" } else { ", and changes nothing" };
    Some(match mightiest {
        Power::Everything => "may do everything {place}".to_owned(),
        Power::Changes => {
            let all: Vec<_> = rules.iter().filter(|held| held.power == Power::Changes).collect();
            let shown = all.iter().take(3).map(|held| visible(&held.rule.words()).into_owned());
            let words = shown.collect::<Vec<_>>().join("; ");
            let more = if all.len() > 3 { "; and more" } else { "" };
            let reads = rules.iter().any(|held| held.power == Power::ReadsSecrets)
                || all.iter().skip(3).any(|held| reads_secrets(held));
            let reads = if reads { ". It reads Secrets there too" } else { "" };
            format!("may change things {{place}}: {words}{more}{reads}")
        }
        Power::ReadsSecrets => format!("reads Secrets {{place}}{nothing}"),
        Power::Reads => format!("reads {{place}}{nothing}"),
        Power::Usual => return None,
    })
}

fn reads_secrets(held: &Held) -> bool {
    let has = |words: &[String], wanted: &[&str]| words.iter().any(|word| wanted.contains(&word.as_str()));
    let rule = &held.rule;
    has(&rule.verbs, &["get", "list", "watch", "*"])
        && has(&rule.resources, &["secrets", "*"])
        && has(&rule.api_groups, &["", "*"])
}

fn sentence(what: &str, places: &[String]) -> String {
    let place = match places {
        [one] => one.clone(),
        many => format!("in {} namespaces", many.len()),
    };
    format!("It {}.", what.replacen("{place}", &place, 1))
}

#[cfg(test)]
mod tests {
    use posture::access::account;
    use posture::facts::PolicyRule;
    use posture::kind::Kind;
    use posture::object::ObjectRef;

    use super::*;

    fn held(namespace: Option<&str>, verbs: &[&str], resources: &[&str]) -> Held {
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let rule = PolicyRule {
            verbs: owned(verbs),
            resources: owned(resources),
            api_groups: vec![String::new()],
            ..PolicyRule::default()
        };
        let source = ObjectRef::cluster(Kind::ClusterRole, "r");
        Held {
            power: Power::of(&rule),
            reach: namespace.map_or(Reach::Cluster, |namespace| Reach::Namespace(namespace.to_owned())),
            rule,
            subject: account("astro", "proxy"),
            binding: ObjectRef::cluster(Kind::ClusterRoleBinding, "b"),
            holder: source.clone(),
            role: source,
            number: 0,
            is_built_in: false,
        }
    }

    #[test]
    fn each_right_is_told_where_it_holds() {
        let rules = [
            held(None, &["create", "patch"], &["events"]),
            held(Some("astro"), &["get", "create"], &["configmaps", "secrets"]),
            held(None, &["list", "watch"], &["secrets"]),
        ];
        assert_eq!(
            may(&rules, None),
            "It may change things in the whole cluster: create, patch events. It reads Secrets there too. \
             It may change things in namespace astro: get, create configmaps, secrets."
        );
    }

    #[test]
    fn who_only_reads_changes_nothing() {
        let everywhere = held(None, &["list"], &["secrets"]);
        assert_eq!(
            may(std::slice::from_ref(&everywhere), None),
            "It reads Secrets in the whole cluster, and changes nothing."
        );
        let change = held(Some("astro"), &["delete"], &["pods"]);
        assert_eq!(
            may(&[change.clone(), everywhere], None),
            "It reads Secrets in the whole cluster. It may change things in namespace astro: delete pods."
        );
        let other = held(Some("lab"), &["delete"], &["pods"]);
        assert_eq!(may(&[change, other], None), "It may change things in 2 namespaces: delete pods.");
    }
}
