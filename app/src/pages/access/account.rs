//! One account of a hub: what runs as it, what it may do, and whose rights it can take.

use std::collections::BTreeMap;

use leptos::prelude::*;
use posture::Timestamp;
use posture::access::{AccountAccess, Held, Power, Reach, Ways};
use posture::gap::Gap;

use super::rules::{Rules, Unjudged, place};
use super::{Hidden, SubjectLink};
use crate::components::{Icon, Sentence, Shape};
use crate::text::visible;
use crate::words;

/// One account.
#[component]
pub(super) fn Account(
    account: AccountAccess,
    cluster: String,
    /// Whether what hides rules of it is told for all accounts at once.
    is_gap_told: bool,
    now: Timestamp,
) -> impl IntoView {
    let runs = runs(&account);
    let may = may(&account.rules, account.gap.as_ref());
    let subject = account.subject.clone();
    view! {
        <article class="bg-surface border rounded-lg px-4 py-3.5 min-w-0">
            <div class="flex flex-wrap items-baseline justify-between gap-x-3">
                <h3 class="font-semibold min-w-0"><SubjectLink subject=account.subject cluster /></h3>
                <p class="text-ink-3">{runs}</p>
            </div>
            <p class="mt-1 max-w-[76ch] wrap-anywhere">{may}</p>
            <WaysOut ways=account.ways now />
            <Unjudged unresolved=account.unresolved of=Some(subject.clone()) />
            <RuleFold rules=account.rules usual=account.usual of=subject />
            {account.gap.filter(|_| !is_gap_told).map(|gap| view! { <Hidden gap what="rules" /> })}
        </article>
    }
    .into_any()
}

/// What runs as an account.
fn runs(account: &AccountAccess) -> String {
    let own = parts(&account.parts, account.servers);
    let others = account.also.iter().map(|also| {
        let place = subject_namespace(account).filter(|place| *place == also.hub.namespace);
        let hub = if place.is_some() { also.hub.release.clone() } else { also.hub.to_string() };
        format!("; of {} {}", visible(&hub), parts(&also.parts, also.servers))
    });
    if own.is_empty() {
        "not of the hub's own parts".to_owned()
    } else {
        format!("runs {own}{}", others.collect::<String>())
    }
}

fn subject_namespace(account: &AccountAccess) -> Option<&str> {
    account.subject.namespace.as_deref()
}

/// Parts of a hub in a row.
fn parts(parts: &[String], servers: usize) -> String {
    let one = |part: &String| match (part.as_str(), servers) {
        ("user servers", 1) => "one user server".to_owned(),
        ("user servers", many) => format!("{many} user servers"),
        (other, _) => other.to_owned(),
    };
    parts.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// The rights in sentences, one for each place: the mightiest there, and whether it reads Secrets.
fn may(rules: &[Held], gap: Option<&Gap>) -> String {
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

/// The rules, folded.
#[component]
pub(super) fn RuleFold(rules: Vec<Held>, usual: usize, of: posture::facts::Subject) -> impl IntoView {
    if rules.is_empty() {
        return ().into_any();
    }
    let count = rules.len() as u64;
    let beside = (usual > 0).then(|| {
        format!("And {usual} {} that every authenticated identity has.", words::plural(usual as u64, "rule"))
    });
    view! {
        <details class="mt-2">
            <summary class="button cursor-pointer w-fit">
                {format!("{count} {}", words::plural(count, "rule"))}
            </summary>
            <div class="mt-2"><Rules rules of /></div>
            {beside.map(|text| view! { <p class="mt-1.5 text-ink-3">{text}</p> })}
        </details>
    }
    .into_any()
}

/// Whose rights can be taken, as sentences.
#[component]
pub(super) fn WaysOut(ways: Ways, now: Timestamp) -> impl IntoView {
    let headline = headline(&ways);
    let (colour, shape) = if ways.is_administrator {
        ("text-fail", Shape::Fail)
    } else if !ways.paths.is_empty() || ways.more > 0 {
        ("text-warn", Shape::Warn)
    } else if ways.gap.is_some() || has_doubt(&ways) {
        ("text-unknown", Shape::Unknown)
    } else {
        ("text-pass", Shape::Pass)
    };
    let (first, rest) = {
        let mut paths = ways.paths;
        let rest = paths.split_off(paths.len().min(2));
        (paths, rest)
    };
    let more = ways.more + rest.len();
    let hidden = ways.more;
    let secrets: Vec<_> = ways.secrets.into_iter().map(|read| vec![read]).collect();
    view! {
        <p class=format!("mt-1.5 flex gap-2 {colour}")>
            <Icon shape=shape class="size-3.5 mt-1" />
            <span class="min-w-0">{headline}</span>
        </p>
        {(!first.is_empty()).then(|| view! { <Paths paths=first now /> })}
        {(!rest.is_empty())
            .then(|| {
                view! {
                    <details class="mt-1 pl-5.5">
                        <summary class="cursor-pointer w-fit text-ink-2">{format!("{more} more")}</summary>
                        <Paths paths=rest now />
                        {(hidden > 0).then(|| view! { <p class="text-ink-3">{format!("And {hidden} more.")}</p> })}
                    </details>
                }
            })}
        {(!secrets.is_empty()).then(|| view! { <Paths paths=secrets now /> })}
    }
    .into_any()
}

/// Whether Secrets may hold tokens of further accounts, for all that is known.
fn has_doubt(ways: &Ways) -> bool {
    ways.reads_secrets || !ways.secrets.is_empty()
}

fn headline(ways: &Ways) -> String {
    let count = ways.paths.len() + ways.more;
    let end = if ways.paths.is_empty() && ways.secrets.is_empty() { "." } else { ":" };
    let perhaps = if has_doubt(ways) { ", and perhaps of more" } else { "" };
    match (ways.is_administrator, count) {
        (true, _) => format!("It administers the cluster, or can come to{end}"),
        (false, 0) if has_doubt(ways) => {
            let end = if ways.secrets.is_empty() { ", since it may read Secrets." } else { ":" };
            format!("Whether it can take the rights of another account is not known{end}")
        }
        (false, 0) if ways.gap.is_some() => {
            "No rule was seen that leads it to the rights of another account.".to_owned()
        }
        (false, 0) => "No rule leads it to the rights of another account.".to_owned(),
        (false, 1) => format!("It can take the rights of one other account{perhaps}{end}"),
        (false, many) => format!("It can take the rights of {many} other accounts{perhaps}{end}"),
    }
}

#[component]
fn Paths(paths: Vec<Vec<posture::text::Reason>>, now: Timestamp) -> impl IntoView {
    view! {
        <ul class="mt-1 pl-5.5 grid gap-1.5" role="list">
            {paths
                .into_iter()
                .map(|path| {
                    view! {
                        <li class="min-w-0 max-w-[88ch] wrap-anywhere">
                            <ol class="grid gap-0.5" role="list">
                                {path
                                    .into_iter()
                                    .enumerate()
                                    .map(|(at, step)| {
                                        view! {
                                            <li>
                                                {(at > 0).then(|| view! { <span class="text-ink-3">"then "</span> })}
                                                <Sentence reason=step now full=true />
                                            </li>
                                        }
                                    })
                                    .collect_view()}
                            </ol>
                        </li>
                    }
                })
                .collect_view()}
        </ul>
    }
    .into_any()
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
        let role = ObjectRef::cluster(Kind::ClusterRole, "r");
        Held {
            power: Power::of(&rule),
            reach: namespace.map_or(Reach::Cluster, |namespace| Reach::Namespace(namespace.to_owned())),
            rule,
            subject: account("astro", "proxy"),
            binding: ObjectRef::cluster(Kind::ClusterRoleBinding, "b"),
            holder: role.clone(),
            role,
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
            may(&[everywhere.clone()], None),
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

    #[test]
    fn a_secret_whose_content_is_not_known_is_no_all_clear() {
        let read = posture::text::Reason::new("x", "it may read every Secret");
        let ways = Ways { secrets: vec![read], ..Ways::default() };
        assert_eq!(headline(&ways), "Whether it can take the rights of another account is not known:");
        let ways = Ways { more: 2, ..ways };
        assert_eq!(headline(&ways), "It can take the rights of 2 other accounts, and perhaps of more:");
        let told = headline(&Ways { reads_secrets: true, ..Ways::default() });
        assert_eq!(
            told,
            "Whether it can take the rights of another account is not known, since it may read Secrets."
        );
    }
}
