//! One account of a hub: what runs as it, what it may do, and whose rights it can take.

use leptos::prelude::*;
use posture::Timestamp;
use posture::access::{AccountAccess, Held, Ways};

use super::may::may;
use super::rules::{Rules, Unjudged};
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
    use super::*;

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
