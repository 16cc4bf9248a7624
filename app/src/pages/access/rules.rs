//! Rules and what gives them, as lists.

use leptos::prelude::*;
use posture::access::{BUILT_IN, Held, Power, Reach, Unresolved, Way, rule_path, subject};
use posture::facts::Subject;
use posture::object::ObjectRef;

use crate::components::{Code, ObjectName, Panel};
use crate::text::visible;

/// What a rule is good for, in a word or two.
pub(super) fn power_word(power: Power) -> &'static str {
    match power {
        Power::Everything => "everything",
        Power::Changes => "changes",
        Power::ReadsSecrets => "reads Secrets",
        Power::Reads => "reads",
        Power::Usual => "usual",
    }
}

/// The colour of that word: only what is out of the ordinary has one.
pub(super) fn power_colour(power: Power) -> &'static str {
    match power {
        Power::Everything => "text-fail font-semibold",
        Power::ReadsSecrets => "text-warn font-semibold",
        Power::Changes => "text-ink font-semibold",
        Power::Reads | Power::Usual => "text-ink-3",
    }
}

/// Where a rule holds.
pub(super) fn place(reach: &Reach) -> String {
    match reach {
        Reach::Cluster => "in the whole cluster".to_owned(),
        Reach::Namespace(namespace) => format!("in namespace {}", visible(namespace)),
    }
}

/// Rules, each with where it holds and what gives it.
#[component]
pub(super) fn Rules(rules: Vec<Held>, of: Subject) -> impl IntoView {
    view! {
        <Panel>
            <ul role="list">
                {rules.into_iter().map(|held| view! { <Rule held of=of.clone() /> }).collect_view()}
            </ul>
        </Panel>
    }
    .into_any()
}

#[component]
fn Rule(held: Held, of: Subject) -> impl IntoView {
    let words = visible(&held.rule.words()).into_owned();
    let place = place(&held.reach);
    let path = (!held.is_built_in).then(|| held.path());
    view! {
        <li>
            <div class="flex flex-wrap sm:flex-nowrap justify-between gap-x-4">
                <p class="min-w-0 wrap-anywhere">{words} <span class="text-ink-3">" " {place}</span></p>
                <p class=format!("flex-none {}", power_colour(held.power))>{power_word(held.power)}</p>
            </div>
            <Source path holder=held.holder binding=held.binding subject=held.subject of=Some(of) />
        </li>
    }
    .into_any()
}

/// What allows something.
#[component]
pub(super) fn WayLine(way: Way, of: Option<Subject>) -> impl IntoView {
    match way {
        Way::Masters => view! {
            <p class="text-ink-3">"The API server allows the group " <Code text="system:masters" /> " everything, whatever roles say."</p>
        }
        .into_any(),
        Way::Rule(given) => view! {
            <Source path=(!given.is_built_in).then(|| rule_path(given.rule)) holder=given.holder binding=given.binding subject=given.subject of=of />
        }
        .into_any(),
    }
}

#[component]
fn Source(
    /// Where the rule stands in the role; `None` where the role was not read and its rules are those it is installed with.
    path: Option<String>,
    holder: ObjectRef,
    binding: ObjectRef,
    subject: Subject,
    of: Option<Subject>,
) -> impl IntoView {
    let installed = path.is_none().then(|| format!(" ({BUILT_IN})"));
    // Through which group it comes is news; that it comes to the subject itself is not.
    let through = (of.as_ref() != Some(&subject)).then(|| subject::key(&subject));
    view! {
        <p class="text-ink-3 wrap-anywhere">
            {path.map(|path| view! { <Code text=path /> " of " })}
            <ObjectName object=holder />
            {installed}
            ", given by "
            <ObjectName object=binding />
            {through.map(|name| view! { " to " <Code text=name /> })}
        </p>
    }
    .into_any()
}

/// Bindings whose roles are not there to be judged.
#[component]
pub(super) fn Unjudged(unresolved: Vec<Unresolved>, of: Option<Subject>) -> impl IntoView {
    if unresolved.is_empty() {
        return ().into_any();
    }
    view! {
        <ul class="mt-1.5 grid gap-1" role="list">
            {unresolved
                .into_iter()
                .map(|one| {
                    let told = format!(": {}.", visible(&one.words()));
                    let colour = if one.gap.is_some() { "text-unknown" } else { "text-ink-2" };
                    let to = (of.as_ref() != Some(&one.subject)).then(|| subject::key(&one.subject));
                    view! {
                        <li class=format!("min-w-0 max-w-[88ch] wrap-anywhere {colour}")>
                            <ObjectName object=one.binding />
                            " gives "
                            <ObjectName object=one.role />
                            {to.map(|to| view! { " to " <Code text=to /> })}
                            {told}
                        </li>
                    }
                })
                .collect_view()}
        </ul>
    }
    .into_any()
}
