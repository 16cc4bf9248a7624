//! The table of destinations: what, whether, drawn, and by which rule.

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
    view! {
        <section class="mt-7" aria-labelledby="reaches">
            <SectionHead id="reaches" title="What it can reach" />
            <Destinations caption="What a notebook can reach" rows=shown now />
            {(count > 0)
                .then(|| {
                    view! {
                        <details class="mt-3">
                            <summary class="button cursor-pointer w-fit">
                                {format!("{count} metadata addresses of other clouds")}
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
fn Destinations(caption: &'static str, rows: Vec<ReachRow>, now: Timestamp) -> impl IntoView {
    view! {
        <Table
            caption=caption
            columns=vec![
                Column::new("Destination"),
                Column::new("Reached").fit(),
                Column::new("Way"),
                Column::new("Decided by"),
            ]
        >
            {rows.into_iter().map(|row| view! { <Line row now /> }).collect_view()}
        </Table>
    }
}

#[component]
fn Line(row: ReachRow, now: Timestamp) -> impl IntoView {
    let (word, tone) = says::of_row(&row);
    let name = says::name(&row.destination);
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
        (RowOutcome::Found(groups), None) => {
            groups.first().map(|group| (group.places.clone(), group.left_out))
        }
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
                {places.map(|(places, left_out)| view! { <p class="text-ink-3"><Places places left_out most=3 /></p> })}
            </Cell>
            <Cell label="" fit=true>
                <Badge verdict=tone word=word />
            </Cell>
            <Cell label="">
                <Way verdict found=worst />
            </Cell>
            <Cell label="Decided by">
                <Decided outcome=row.outcome notes=row.notes now />
            </Cell>
        </tr>
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
                        <Groups groups now />
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
pub(super) fn Groups(groups: Vec<Group>, now: Timestamp) -> impl IntoView {
    let many = groups.len() > 1;
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
                    <Explained found=group.found now />
                </div>
            }
        })
        .collect_view()
}

/// Why, sentence by sentence.
#[component]
pub(super) fn Explained(found: Found, now: Timestamp) -> impl IntoView {
    explain(&found)
        .into_iter()
        .map(|reason| view! { <p><Sentence reason=reason now full=true /></p> })
        .collect_view()
}
