//! A class beside another one, or beside itself some days ago.

use leptos::prelude::*;
use posture::Timestamp;
use posture::object::ObjectRef;
use posture::reach::{ClassReach, RowOutcome};

use super::DAYS;
use super::classes::{traits, unlike};
use super::differences::{Answered, Pair, Pairs, in_words, policies_of_one};
use super::picture::Way;
use super::rows::{Decided, Where};
use crate::backend::{Compare, ComparedWith, ReachView};
use crate::components::{Badge, Cell, Code, Column, KeepInstant, Notice, SectionHead, Table, Tone, When};
use crate::pages::surround::reach_path;
use crate::site::href;
use crate::words;

/// The choice of the other side, and what differs.
#[component]
pub(super) fn Comparison(view: ReachView, class: ClassReach) -> impl IntoView {
    let action = href(&reach_path(&view.cluster, &view.hub));
    let chosen = match &view.query.compare {
        Some(Compare::Class(key)) => format!("class-{key}"),
        Some(Compare::Days(days)) => format!("{days}d"),
        None => String::new(),
    };
    let days = DAYS.map(|days| {
        let label = if days == 1 { "yesterday".to_owned() } else { format!("{days} days ago") };
        (format!("{days}d"), label)
    });
    let others = view.classes.iter().zip(unlike(&view.classes));
    let others = others.filter(|(choice, _)| choice.key != class.key);
    let others = others.map(|(choice, name)| (format!("class-{}", choice.key), name));
    let choices: Vec<(String, String)> = days.into_iter().chain(others).collect();
    let told = |key: &str| view.classes.iter().find(|choice| choice.key == key).map(traits);
    let names = view.compared.as_ref().and_then(|compared| {
        let other = compared.class.as_ref().filter(|_| compared.with == ComparedWith::Class)?;
        Some([told(&class.key)?, told(&other.key)?])
    });
    let now = view.now;
    let key = class.key.clone();
    let is_empty = view.compared.is_none();
    view! {
        <section class="mt-7 scroll-mt-16" class:no-print=is_empty aria-labelledby="compare">
            <SectionHead id="compare" title="Compare" />
            <form class="no-print flex flex-wrap items-end gap-x-4 gap-y-2" method="get" action=format!("{action}#compare")>
                    <KeepInstant />
                <input type="hidden" name="class" value=key />
                <label class="flex flex-col min-w-0 max-w-full">
                    <span class="text-xs text-ink-3">"With"</span>
                    <select class="field max-w-full" name="compare">
                        {choices
                            .into_iter()
                            .map(|(value, label)| {
                                let selected = value == chosen;
                                view! { <option value=value selected=selected>{label}</option> }
                            })
                            .collect_view()}
                    </select>
                </label>
                <button class="button" type="submit">"Compare"</button>
            </form>
            {view
                .compared
                .map(|compared| {
                    let (with, other) = (compared.with, compared.class);
                    match (with, other) {
                        (ComparedWith::Nothing, _) => {
                            view! { <div class="mt-3"><Notice tone=Tone::Past title=|| "There is no scan from then." /></div> }.into_any()
                        }
                        (ComparedWith::Class, None) => {
                            view! {
                                <div class="mt-3">
                                    <Notice tone=Tone::Past title=|| "There is no such other class at this instant; choose one of those above." />
                                </div>
                            }
                                .into_any()
                        }
                        (_, None) => {
                            view! {
                                <div class="mt-3">
                                    <Notice tone=Tone::Past title=|| "What these servers reached then is not known: there was no such class, or nothing was computed." />
                                </div>
                            }
                                .into_any()
                        }
                        (with, Some(other)) => view! { <Compared class=class.clone() other names with now /> }.into_any(),
                    }
                })}
        </section>
    }
}

/// The answer of a comparison: what differs first, what is alike folded.
#[component]
fn Compared(
    class: ClassReach,
    other: ClassReach,
    /// What tells the two classes apart, where there are two.
    names: Option<[String; 2]>,
    with: ComparedWith,
    now: Timestamp,
) -> impl IntoView {
    let Pairs { different, same } = Pairs::of(&class, &other);
    let sides = match with {
        ComparedWith::Class => ["This class", "The other"],
        _ => ["Now", "Then"],
    };
    let then = match with {
        ComparedWith::Past(at) => Some(at),
        _ => None,
    };
    let told = if different.is_empty() {
        "Both answer every question alike.".to_owned()
    } else {
        in_words(&different, with)
    };
    let selecting =
        [(sides[0], policies_of_one(&class, &other)), (sides[1], policies_of_one(&other, &class))];
    let selecting: Vec<(&str, Vec<ObjectRef>)> =
        selecting.into_iter().map(|(side, found)| (side, found.into_iter().cloned().collect())).collect();
    let (count, is_different) = (same.len() as u64, !different.is_empty());
    let summary =
        format!("{} {} alike", words::sentence(&words::number(count)), words::plural(count, "answer"));
    view! {
        <div class="mt-3">
            <div class="mb-3 max-w-[76ch]">
                {then.map(|at| view! { <p class="text-ink-2">"Compared with the scan " <When at=at now /> "."</p> })}
                {names
                    .map(|[here, there]| {
                        view! {
                            <p class="text-ink-2 wrap-anywhere">
                                {sides[0]} ": " <Code text=here /> ". " {sides[1]} ": " <Code text=there /> "."
                            </p>
                        }
                    })}
                <p class="font-medium">{told}</p>
                {selecting
                    .into_iter()
                    .filter(|(_, policies)| !policies.is_empty())
                    .map(|(side, policies)| view! { <Selecting side policies /> })
                    .collect_view()}
            </div>
            {is_different.then(|| view! { <Both caption="What differs" pairs=different sides now /> })}
            {(count > 0)
                .then(|| {
                    view! {
                        <details class="mt-3">
                            <summary class="button cursor-pointer w-fit">{summary}</summary>
                            <div class="mt-2">
                                <Alike pairs=same now />
                            </div>
                        </details>
                    }
                })}
        </div>
    }
}

/// The policies that select one side only.
#[component]
fn Selecting(side: &'static str, policies: Vec<ObjectRef>) -> impl IntoView {
    let start = match side {
        "Now" => "Selected now and not then by ",
        "Then" => "Selected then and no more by ",
        "This class" => "Only this class is selected by ",
        _ => "Only the other class is selected by ",
    };
    let policies = policies.into_iter().enumerate();
    view! {
        <p class="text-ink-2 wrap-anywhere">
            {start}
            {policies.map(|(at, policy)| view! { {(at > 0).then_some(", ")} <Code text=policy.to_string() /> }).collect_view()}
            "."
        </p>
    }
}

/// What two sides say, side by side.
#[component]
fn Both(caption: &'static str, pairs: Vec<Pair>, sides: [&'static str; 2], now: Timestamp) -> impl IntoView {
    view! {
        <Table caption=caption columns=vec![Column::new("What"), Column::new(sides[0]), Column::new(sides[1])]>
            {pairs
                .into_iter()
                .map(|pair| {
                    view! {
                        <tr role="row">
                            <Cell label="">
                                <span class="font-medium">{pair.name}</span>
                            </Cell>
                            <Cell label=sides[0]><Side answered=pair.here now /></Cell>
                            <Cell label=sides[1]><Side answered=pair.there now /></Cell>
                        </tr>
                    }
                })
                .collect_view()}
        </Table>
    }
}

/// What one side says: the word, the way, and the rule that decides.
#[component]
fn Side(answered: Option<Answered>, now: Timestamp) -> impl IntoView {
    let Some(Answered { said: (word, tone), outcome }) = answered else {
        return view! { <span class="text-ink-3">"not judged"</span> }.into_any();
    };
    let (verdict, worst) = (outcome.verdict(), outcome.worst().cloned());
    let places = match &outcome {
        RowOutcome::Found(groups) if outcome.is_partial() => Some(Where::of(groups)),
        _ => None,
    };
    view! {
        <div class="flex flex-wrap items-center gap-x-3 gap-y-0.5">
            <Badge verdict=tone word=word />
            <Way verdict found=worst />
        </div>
        {places.map(|places| view! { <p class="text-ink-3">{places.shown()}</p> })}
        <div class="mt-0.5 text-ink-2">
            <Decided outcome notes=Vec::new() now />
        </div>
    }
    .into_any()
}

/// What both sides say alike.
#[component]
fn Alike(pairs: Vec<Pair>, now: Timestamp) -> impl IntoView {
    view! {
        <Table
            caption="What is alike"
            columns=vec![Column::new("What"), Column::new("Both").fit(), Column::new("Decided by")]
        >
            {pairs
                .into_iter()
                .filter_map(|pair| Some((pair.name, pair.here?)))
                .map(|(name, answered)| {
                    let (word, tone) = answered.said;
                    view! {
                        <tr role="row">
                            <Cell label="">
                                <span class="font-medium">{name}</span>
                            </Cell>
                            <Cell label="" fit=true>
                                <Badge verdict=tone word=word />
                            </Cell>
                            <Cell label="Decided by">
                                <Decided outcome=answered.outcome notes=Vec::new() now />
                            </Cell>
                        </tr>
                    }
                })
                .collect_view()}
        </Table>
    }
}
