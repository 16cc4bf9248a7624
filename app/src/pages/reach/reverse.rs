//! Who reaches a notebook, the hub's API and the proxy's API.

use leptos::prelude::*;
use posture::Timestamp;
use posture::reach::{ReverseRow, RowOutcome, Source, Target};

use super::rows::Decided;
use super::says;
use crate::components::{Badge, Cell, Column, SectionHead, Table};

const SOURCES: [Source; 7] = [
    Source::Hub,
    Source::Proxy,
    Source::Servers,
    Source::Neighbours,
    Source::OtherNamespaces,
    Source::Nodes,
    Source::Outside,
];

const TARGETS: [(Target, &str); 3] = [
    (Target::Notebook, "This notebook"),
    (Target::HubApi, "The hub's API"),
    (Target::ProxyApi, "The proxy's API"),
];

/// Who reaches what, one row for each who.
#[component]
pub(super) fn Reaching(rows: Vec<ReverseRow>, now: Timestamp) -> impl IntoView {
    let outcome = |target, source| {
        rows.iter().find(|row| row.target == target && row.source == source).map(|row| row.outcome.clone())
    };
    let lines = SOURCES
        .map(|source| (source, TARGETS.map(|(target, label)| (target, label, outcome(target, source)))));
    view! {
        <section class="mt-7" aria-labelledby="reached-by">
            <SectionHead id="reached-by" title="Who can reach it" />
            <Table
                caption="Who can reach a notebook, the hub's API and the proxy's API"
                columns=vec![
                    Column::new("Who"),
                    Column::new("This notebook"),
                    Column::new("The hub's API"),
                    Column::new("The proxy's API"),
                ]
            >
                {lines
                    .into_iter()
                    .map(|(source, cells)| {
                        view! {
                            <tr role="row">
                                <Cell label="">
                                    <span class="font-medium">{says::source(source)}</span>
                                </Cell>
                                {cells
                                    .into_iter()
                                    .map(|(target, label, outcome)| {
                                        view! {
                                            <Cell label=label>
                                                {outcome.map(|outcome| view! { <Asking target source outcome now /> })}
                                            </Cell>
                                        }
                                    })
                                    .collect_view()}
                            </tr>
                        }
                    })
                    .collect_view()}
            </Table>
        </section>
    }
}

#[component]
fn Asking(target: Target, source: Source, outcome: RowOutcome, now: Timestamp) -> impl IntoView {
    let (word, tone) = says::of_reverse(target, source, &outcome);
    let word = match word {
        "reachable" => "can",
        "reachable in part" => "can in part",
        "reached, as it must be" => "can, as it must",
        "blocked" => "cannot",
        "likely blocked" => "likely cannot",
        "blocked, though needed" => "cannot, though needed",
        other => other,
    };
    if matches!(outcome, RowOutcome::Nothing) {
        return view! { <Badge verdict=tone word=word /> }.into_any();
    }
    view! {
        <details>
            <summary class="cursor-pointer">
                <Badge verdict=tone word=word />
            </summary>
            <div class="mt-1 text-ink-2">
                <Decided outcome notes=Vec::new() now />
            </div>
        </details>
    }
    .into_any()
}
