//! The table of destinations: what, whether, drawn, and by which rule.

use std::collections::BTreeSet;

use leptos::prelude::*;
use posture::Timestamp;
use posture::gap::Unknown;
use posture::reach::{Destination, Found, Group, ReachRow, RowOutcome, explain};
use posture::text::Reason;

use super::picture::Way;
use super::says;
use crate::components::{Badge, Cell, Code, Column, SectionHead, Sentence, Table};

/// The destinations. Metadata addresses of clouds that the nodes do not run on are folded.
#[component]
pub(super) fn Reached(rows: Vec<ReachRow>, now: Timestamp) -> impl IntoView {
    let (foreign, shown): (Vec<_>, Vec<_>) = rows.into_iter().partition(is_foreign);
    let count = foreign.len();
    let is_known =
        foreign.iter().all(|row| matches!(row.destination, Destination::Metadata { is_here: Some(_), .. }));
    let whose = if is_known { "of other clouds" } else { "of clouds that the nodes are not seen to run on" };
    view! {
        <section class="mt-7" aria-labelledby="reaches">
            <SectionHead id="reaches" title="What it can reach" />
            <Destinations caption="What a notebook can reach" rows=shown is_grouped=true now />
            {(count > 0)
                .then(|| {
                    view! {
                        <details class="mt-3">
                            <summary class="button cursor-pointer w-fit">
                                {format!("{count} metadata addresses {whose}")}
                            </summary>
                            <div class="mt-2">
                                <Destinations caption="Metadata addresses of other clouds" rows=foreign now />
                            </div>
                        </details>
                    }
                })}
        </section>
    }
}

/// Whether a row is about a cloud that the nodes are not known to run on. The common address counts everywhere.
fn is_foreign(row: &ReachRow) -> bool {
    match &row.destination {
        Destination::Metadata { address, port, is_here, .. } => {
            let is_common = address == "169.254.169.254" && *port == 80;
            !is_common && *is_here != Some(true)
        }
        _ => false,
    }
}

#[component]
fn Destinations(
    caption: &'static str,
    rows: Vec<ReachRow>,
    /// Whether a line above each kind of destination names it.
    #[prop(optional)]
    is_grouped: bool,
    now: Timestamp,
) -> impl IntoView {
    let mut last = "";
    let lines = rows.into_iter().map(|row| {
        let kind = says::kind(&row.destination);
        let is_first = is_grouped && kind != last;
        last = kind;
        (is_first.then_some(kind), row)
    });
    let lines: Vec<_> = lines.collect();
    view! {
        <Table
            caption=caption
            columns=vec![
                Column::new("Destination"),
                Column::new("Reached").fit(),
                Column::new("Decided by"),
            ]
        >
            {lines
                .into_iter()
                .map(|(kind, row)| {
                    view! {
                        {kind
                            .map(|kind| {
                                view! {
                                    <tr role="row" class="bg-raised border-t">
                                        <th role="rowheader" colspan="3" class="max-sm:block">{kind}</th>
                                    </tr>
                                }
                            })}
                        <Line row now />
                    }
                })
                .collect_view()}
        </Table>
    }
}

#[component]
fn Line(row: ReachRow, now: Timestamp) -> impl IntoView {
    let (word, tone) = says::of_row(&row);
    let name = row.destination.name();
    let verdict = row.outcome.verdict();
    let worst = row.outcome.worst().cloned();
    let address = match &row.destination {
        Destination::Metadata { address, port, provider, .. } => {
            let written = if address.contains(':') {
                format!("[{address}]:{port}")
            } else {
                format!("{address}:{port}")
            };
            let whose = (name != *provider).then(|| provider.clone());
            Some((written, whose))
        }
        _ => None,
    };
    let places = match (&row.outcome, &address) {
        (RowOutcome::Found(groups), None) => Some(Where::of(groups)),
        _ => None,
    };
    view! {
        <tr role="row">
            <Cell label="">
                <span class="font-medium">{name}</span>
                {address
                    .map(|(written, whose)| {
                        view! {
                            <p class="text-ink-3">
                                <Code text=written />
                                {whose.map(|whose| view! { " " {whose} })}
                            </p>
                        }
                    })}
                {places.map(|places| view! { <p class="text-ink-3">{places.shown()}</p> })}
            </Cell>
            <Cell label="" fit=true>
                <div class="flex flex-wrap sm:flex-nowrap items-center gap-x-3">
                    <span class="sm:min-w-52"><Badge verdict=tone word=word /></span>
                    <Way verdict found=worst />
                </div>
            </Cell>
            <Cell label="">
                <Decided outcome=row.outcome notes=row.notes now />
            </Cell>
        </tr>
    }
}

/// The places that a row is about: those of the answer that reaches furthest, and how many others there are.
#[derive(Debug, PartialEq)]
pub(super) struct Where {
    places: Vec<String>,
    left_out: usize,
    others: Vec<(&'static str, usize)>,
}

impl Where {
    pub(super) fn of(groups: &[Group]) -> Self {
        let verdict = groups.first().map(|group| group.found.verdict);
        let (same, rest): (Vec<_>, Vec<_>) =
            groups.iter().partition(|group| Some(group.found.verdict) == verdict);
        // One place may have several answers, as a Service with a port for each protocol has.
        let places: BTreeSet<&String> = same.iter().flat_map(|group| &group.places).collect();
        let mut others: Vec<(&'static str, usize)> = Vec::new();
        for group in rest {
            let (word, _) = says::plain(group.found.verdict, group.found.basis);
            let count = group.places.iter().filter(|place| !places.contains(place)).count() + group.left_out;
            match others.iter_mut().find(|(known, _)| *known == word) {
                Some((_, counted)) => *counted += count,
                None => others.push((word, count)),
            }
        }
        others.retain(|(_, count)| *count > 0);
        Self {
            places: places.into_iter().cloned().collect(),
            left_out: same.iter().map(|group| group.left_out).sum(),
            others,
        }
    }

    pub(super) fn shown(self) -> impl IntoView {
        let others = self.others.into_iter().map(|(word, count)| format!("; {word}: {count} more"));
        view! {
            <Places places=self.places left_out=self.left_out most=3 />
            {others.collect_view()}
        }
    }
}

/// What is meant, as far as it is named.
#[component]
pub(super) fn Places(places: Vec<String>, left_out: usize, most: usize) -> impl IntoView {
    let more = places.len().saturating_sub(most) + left_out;
    let shown = places.into_iter().filter(|place| !place.is_empty()).take(most).enumerate();
    view! {
        {shown.map(|(at, place)| view! { {(at > 0).then_some(", ")} <Code text=place /> }).collect_view()}
        {(more > 0).then(|| format!(" and {more} more"))}
    }
}

/// The rule that decides, and behind a click everything else.
#[component]
pub(super) fn Decided(outcome: RowOutcome, notes: Vec<Reason>, now: Timestamp) -> impl IntoView {
    match outcome {
        RowOutcome::Nothing => {
            view! { <span class="text-ink-3">"There is none in this cluster."</span> }.into_any()
        }
        RowOutcome::Unknown(unknown) => {
            let reason = match unknown {
                Unknown::Gap(gap) => posture::check::gap_reason(&gap),
                Unknown::Reason(reason) => reason,
            };
            view! { <Sentence reason=reason now full=true /> <Notes notes now /> }.into_any()
        }
        RowOutcome::Found(groups) => {
            let first = groups.first().and_then(|group| explain(&group.found).into_iter().next());
            let Some(first) = first else {
                return view! { <span class="text-ink-3">"No policy is in the way."</span> <Notes notes now /> }.into_any();
            };
            let rest: usize = groups.iter().map(|group| explain(&group.found).len()).sum();
            if rest < 2 && notes.is_empty() {
                return view! { <Sentence reason=first now full=true /> }.into_any();
            }
            view! {
                <details>
                    <summary class="cursor-pointer">
                        <Sentence reason=first now full=true />
                    </summary>
                    <div class="mt-1.5 pl-3 border-l text-ink-2">
                        <Groups groups now skip=1 />
                        <Notes notes now />
                    </div>
                </details>
            }
            .into_any()
        }
    }
}

#[component]
fn Notes(notes: Vec<Reason>, now: Timestamp) -> impl IntoView {
    notes
        .into_iter()
        .map(|note| view! { <p class="mt-1 text-ink-3"><Sentence reason=note now full=true /></p> })
        .collect_view()
}

/// Every answer, with the sentences behind it.
#[component]
pub(super) fn Groups(
    groups: Vec<Group>,
    now: Timestamp,
    /// How many sentences of a single answer are said already.
    #[prop(optional)]
    skip: usize,
) -> impl IntoView {
    let many = groups.len() > 1;
    let skip = if many { 0 } else { skip };
    groups
        .into_iter()
        .map(|group| {
            let (word, tone) = says::plain(group.found.verdict, group.found.basis);
            view! {
                <div class="mb-1.5">
                    {many
                        .then(|| {
                            view! {
                                <p>
                                    <Badge verdict=tone word=word quiet=true />
                                    " "
                                    <Places places=group.places.clone() left_out=group.left_out most=12 />
                                </p>
                            }
                        })}
                    <Explained found=group.found now skip />
                </div>
            }
        })
        .collect_view()
}

/// Why, sentence by sentence.
#[component]
pub(super) fn Explained(
    found: Found,
    now: Timestamp,
    /// How many sentences are said already.
    #[prop(optional)]
    skip: usize,
) -> impl IntoView {
    explain(&found)
        .into_iter()
        .skip(skip)
        .map(|reason| view! { <p><Sentence reason=reason now full=true /></p> })
        .collect_view()
}
