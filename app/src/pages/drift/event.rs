//! What happened: an upgrade with its parts, or one change, each with its fields behind a click.

use leptos::prelude::*;
use posture::Timestamp;
use posture::check::Verdict;
use posture::drift::{FieldChange, Upgrade, Writer};

use super::effect::Alone;
use super::turned::verdicts;
use crate::backend::{DriftChange, DriftEvent, TurnedRow, Untried};
use crate::components::{Badge, Code, Icon, Panel, Prose, Section, Sentence, Shape, Style, When};
use crate::pages::surround::check_path;
use crate::site::href;
use crate::words;

/// How many fields of a change are told before the rest is folded.
const TOLD: usize = 3;

/// Everything that happened.
#[component]
pub(super) fn Events(
    cluster: String,
    events: Vec<DriftEvent>,
    untried: Option<Untried>,
    now: Timestamp,
    title: &'static str,
) -> impl IntoView {
    view! {
        <Section id="changes" title=title>
            {untried.map(|untried| view! { <p class="text-ink-3 mb-2">{untried_words(untried)}</p> })}
            <div class="grid gap-4">
                {events
                    .into_iter()
                    .map(|event| {
                        let cluster = cluster.clone();
                        let DriftEvent { upgrade, changes, together } = event;
                        let (of_upgrade, of_change) =
                            if upgrade.is_some() { (together, Vec::new()) } else { (Vec::new(), together) };
                        let whole = cluster.clone();
                        view! {
                            <Panel>
                                {upgrade.map(|upgrade| head(whole, upgrade, changes.len(), of_upgrade, now))}
                                <ul role="list">
                                    {changes
                                        .into_iter()
                                        .map(|change| {
                                            view! { <Change cluster=cluster.clone() change together=of_change.clone() now /> }
                                        })
                                        .collect_view()}
                                </ul>
                            </Panel>
                        }
                    })
                    .collect_view()}
            </div>
        </Section>
    }
    .into_any()
}

/// Why it does not stand beside each change what it did alone.
fn untried_words(untried: Untried) -> String {
    match untried.most {
        0 => "This cluster is too large to try what each change does alone while a page is made.".to_owned(),
        most => format!(
            "What each change does alone is shown for up to {} {} in a cluster of this size; there are more here.",
            words::number(most as u64),
            words::plural(most as u64, "change")
        ),
    }
}

/// The head of an upgrade.
fn head(
    cluster: String,
    upgrade: Upgrade,
    parts: usize,
    together: Vec<TurnedRow>,
    now: Timestamp,
) -> AnyView {
    let charts = upgrade.charts.map(|[before, after]| {
        view! { " from " <Code text=before /> " to " <Code text=after /> }
    });
    let parts = parts as u64;
    view! {
        <div class="px-4 py-3 border-b bg-raised">
            <h3 class="font-semibold">
                "Helm upgraded release " <Code text=format!("{}/{}", upgrade.namespace, upgrade.release) /> {charts}
            </h3>
            <p class="text-ink-3">
                {format!("{} {} of it", words::sentence(&words::number(parts)), words::plural(parts, "object"))}
                " changed in what matters"
                {upgrade.time.map(|at| view! { ", the last written " <When at=at now=now style=Style::Instant /> })}
            </p>
            <Together cluster rows=together />
        </div>
    }
    .into_any()
}

#[component]
fn Change(cluster: String, change: DriftChange, together: Vec<TurnedRow>, now: Timestamp) -> impl IntoView {
    let DriftChange { change, seen_at, alone, .. } = change;
    let is_manual = change.is_manual_edit();
    let writer = change.writers.first().cloned();
    let fields = change.fields;
    let told: Vec<_> = fields.iter().take(TOLD).map(|field| field.sentence.clone()).collect();
    let more = fields.len().saturating_sub(TOLD) as u64;
    let count = fields.len() as u64;
    view! {
        <li class="block">
            {told
                .into_iter()
                .enumerate()
                .map(|(at, reason)| {
                    let class = if at == 0 { "font-medium wrap-anywhere" } else { "text-ink-2 wrap-anywhere" };
                    view! { <p class=class><Sentence reason=reason now full=true /></p> }
                })
                .collect_view()}
            {(more > 0).then(|| view! { <p class="text-ink-2">{format!("And {} {} more.", words::number(more), words::plural(more, "field"))}</p> })}
            <p class="text-ink-3 flex flex-wrap items-baseline gap-x-2">
                {is_manual.then(|| view! { <Badge verdict=Verdict::Warn word="edited by hand" /> })}
                <span>
                    {writer.map(|writer| by(writer, now, seen_at.is_some()))}
                    {seen_at.map(|at| view! { "first seen " <When at=at now=now style=Style::Instant /> })}
                </span>
            </p>
            {is_manual.then(|| view! { <p class="text-ink-2">"A Helm release owns this object: the next upgrade may undo the edit, or fight it."</p> })}
            {match alone {
                Some(effect) => view! { <Alone cluster effect /> }.into_any(),
                None => view! { <Together cluster rows=together /> }.into_any(),
            }}
            <details class="mt-1">
                <summary class="link cursor-pointer w-fit">{format!("{} {}, before and after", words::sentence(&words::number(count)), words::plural(count, "field"))}</summary>
                <div class="mt-2 grid gap-3">{fields.into_iter().map(|field| view! { <Field field /> }).collect_view()}</div>
            </details>
        </li>
    }
    .into_any()
}

/// Who wrote; `goes_on`: something follows on the line.
pub(super) fn by(writer: Writer, now: Timestamp, goes_on: bool) -> AnyView {
    let at = writer.time.map(|at| view! { " on " <When at=at now=now style=Style::Instant /> });
    view! { "Written by " <Code text=writer.manager /> {at} {goes_on.then_some(" · ")} }.into_any()
}

/// How many checks are named before they are folded.
const NAMED: usize = 5;

/// What turned with the same scan; folded where it is much.
#[component]
fn Together(cluster: String, rows: Vec<TurnedRow>) -> impl IntoView {
    let count = rows.len();
    let list = view! {
        <ul class="mt-1 grid gap-0.5" role="list" aria-label="Checks that turned with the same scan">
            {rows
                .into_iter()
                .map(|row| {
                    let address = href(&check_path(&cluster, row.hub.as_ref(), &row.code));
                    view! {
                        <li class="flex flex-wrap items-baseline gap-x-2 border-0 p-0">
                            {verdicts(row.before, row.after)}
                            <a class="quiet" href=address>{row.code} " · " <Prose text=row.title /></a>
                        </li>
                    }
                })
                .collect_view()}
        </ul>
    };
    match count {
        0 => ().into_any(),
        1..=NAMED => list.into_any(),
        many => {
            let words =
                format!("{} checks say something else since", words::sentence(&words::number(many as u64)));
            view! { <details class="mt-1"><summary class="link cursor-pointer w-fit">{words}</summary>{list}</details> }.into_any()
        }
    }
}

/// One field, before and after.
#[component]
pub(super) fn Field(field: FieldChange) -> impl IntoView {
    let [before, after] = field.written();
    let path = if field.path.is_empty() { "the whole object".to_owned() } else { field.path };
    view! {
        <div class="min-w-0">
            <p class="text-xs text-ink-3"><Code text=path /></p>
            <div class="grid gap-2 md:grid-cols-2 mt-1">
                <Side label="Before" value=before />
                <Side label="After" value=after />
            </div>
        </div>
    }
    .into_any()
}

#[component]
fn Side(label: &'static str, value: Option<String>) -> impl IntoView {
    view! {
        <div class="min-w-0 border rounded-md bg-raised px-3 py-2">
            <p class="text-xs text-ink-3">{label}</p>
            {match value {
                Some(text) => {
                    view! { <pre class="overflow-x-auto max-h-80" tabindex="0" role="group" aria-label=label><code>{crate::text::visible_lines(&text)}</code></pre> }.into_any()
                }
                None => view! { <p class="text-ink-3"><Icon shape=Shape::Gap class="size-3.5 inline" /> " nothing"</p> }.into_any(),
            }}
        </div>
    }
    .into_any()
}
