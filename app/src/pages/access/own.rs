//! What Perijove itself may do, by the API server's own word.

use leptos::prelude::*;
use posture::Timestamp;
use posture::access::{Missing, Own, OwnAnswer, OwnRule};
use posture::gap::GapReason;

use super::rules::{power_colour, power_word};
use crate::components::{Icon, Panel, Section, Shape, Style, When};
use crate::text::visible;
use crate::words;

/// What Perijove itself may do.
#[component]
pub(super) fn OwnRights(own: Own, now: Timestamp) -> impl IntoView {
    let (sentence, more) = told(&own);
    let (colour, shape) = match own.answer {
        OwnAnswer::CannotChange => ("text-pass", Shape::Pass),
        OwnAnswer::MayChange => ("text-fail", Shape::Fail),
        OwnAnswer::Unproven(_) | OwnAnswer::NotAsked(_) => ("text-unknown", Shape::Unknown),
    };
    let secrets = match own.reads_secrets {
        Some(true) => "It may read Secrets, though it never asks for one: take that right from it.",
        Some(false) => "It may not read Secrets.",
        None => "Whether it may read Secrets is not known; it never asks for one.",
    };
    let count = own.rules.len() as u64;
    let asked_at = own.asked_at;
    let rules = own.rules;
    view! {
        <Section title="What Perijove itself may do" id="own">
            <Panel padded=true>
                <p class=format!("flex gap-2 font-semibold {colour}")>
                    <Icon shape=shape class="size-4 mt-0.5" />
                    <span>{sentence}</span>
                </p>
                <p class="mt-1 max-w-[76ch] wrap-anywhere">{more} " " {secrets}</p>
                {asked_at
                    .map(|at| {
                        view! { <p class="mt-1 text-ink-3">"The oldest of these answers was given " <When at now style=Style::Ago /> "."</p> }
                    })}
                {(count > 0)
                    .then(|| {
                        view! {
                            <details class="mt-2">
                                <summary class="button cursor-pointer w-fit">
                                    {format!("{count} {}", words::plural(count, "rule"))}
                                </summary>
                                <ul class="mt-2 grid gap-1" role="list">
                                    {rules.into_iter().map(|rule| view! { <Rule rule /> }).collect_view()}
                                </ul>
                            </details>
                        }
                    })}
            </Panel>
        </Section>
    }
    .into_any()
}

/// The answer, and what it rests on.
fn told(own: &Own) -> (&'static str, String) {
    let asked = own.asked as u64;
    let places =
        if asked == 1 { "its one namespace".to_owned() } else { format!("each of the {asked} namespaces") };
    match &own.answer {
        OwnAnswer::CannotChange => (
            "Perijove cannot change anything.",
            format!("The API server listed every right of its account in {places}, and none of them writes, enters a pod or acts as somebody else."),
        ),
        OwnAnswer::MayChange => (
            "Perijove may change things, which it never needs.",
            "Run it with the account that `perijove doctor --role` prints.".replace('`', ""),
        ),
        OwnAnswer::Unproven(missing) => (
            "Nothing that Perijove was told it may do changes anything, but the list is not complete.",
            match missing {
                Missing::Incomplete => {
                    "The API server says that more may be allowed, as where the cloud's IAM decides beside RBAC.".to_owned()
                }
                Missing::UnknownNamespaces => {
                    format!("It was asked in {asked} {}; there may be others.", words::plural(asked, "namespace"))
                }
                Missing::Namespaces(left) => {
                    let count = left.len() as u64;
                    format!(
                        "It was not asked yet in {count} {}, or not since roles or bindings changed that may hold there.",
                        words::plural(count, "namespace")
                    )
                }
            },
        ),
        OwnAnswer::NotAsked(GapReason::NotInFiles) => (
            "What Perijove may do is not known.",
            "These objects come from files, and no API server was asked.".to_owned(),
        ),
        OwnAnswer::NotAsked(_) => (
            "What Perijove may do is not known.",
            "The API server did not answer the question about it.".to_owned(),
        ),
    }
}

#[component]
fn Rule(rule: OwnRule) -> impl IntoView {
    let place = match rule.namespaces.as_slice() {
        [] => String::new(),
        [one] => format!("in namespace {one}"),
        many => format!("in {} namespaces", many.len()),
    };
    view! {
        <li class="flex flex-wrap sm:flex-nowrap justify-between gap-x-4">
            <span class="min-w-0 wrap-anywhere">
                {visible(&rule.rule.words()).into_owned()}
                <span class="text-ink-3">" " {visible(&place).into_owned()}</span>
            </span>
            <span class=format!("flex-none {}", power_colour(rule.power))>{power_word(rule.power)}</span>
        </li>
    }
    .into_any()
}
