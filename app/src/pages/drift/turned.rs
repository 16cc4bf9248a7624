//! What the changes did: checks that say something else, and what user servers reach differently.

use leptos::prelude::*;
use posture::Timestamp;
use posture::check::Verdict;
use posture::drift::ReachEffect;
use posture::network;

use super::effect::hub_name;
use crate::backend::TurnedRow;
use crate::components::{Badge, Cell, Column, Prose, Section, Style, Table, When};
use crate::pages::parts::Whose;
use crate::pages::surround::{check_path, reach_path};
use crate::site::href;
use crate::text::visible;

/// What turned.
#[component]
pub(super) fn Turned(
    cluster: String,
    rows: Vec<TurnedRow>,
    reach: Vec<ReachEffect>,
    now: Timestamp,
) -> impl IntoView {
    let columns = vec![
        Column::new("Check"),
        Column::new("Before").fit(),
        Column::new("After").fit(),
        Column::new("Since").fit(),
    ];
    let of_reach = cluster.clone();
    view! {
        {(!rows.is_empty()).then(|| view! {
            <Section id="turned" title="What checks say differently">
                <Table caption="Checks with another verdict" columns=columns>
                    {rows.into_iter().map(|row| view! { <Line cluster=cluster.clone() row now /> }).collect_view()}
                </Table>
            </Section>
        })}
        {(!reach.is_empty()).then(|| view! {
            <Section id="reach" title="What notebooks reach differently">
                <Table
                    caption="Destinations with another answer"
                    columns=vec![Column::new("Destination"), Column::new("Before").fit(), Column::new("After").fit()]
                >
                    {reach.into_iter().map(|effect| reach_line(&of_reach, effect)).collect_view()}
                </Table>
            </Section>
        })}
    }
    .into_any()
}

#[component]
fn Line(cluster: String, row: TurnedRow, now: Timestamp) -> impl IntoView {
    let address = href(&check_path(&cluster, row.hub.as_ref(), &row.code));
    view! {
        <tr role="row">
            <Cell label="Check">
                <a class="inline-block py-1 font-medium hover:underline" href=address><Prose text=row.title /></a>
                <p class="text-ink-3">{row.code} " · " <Whose cluster=cluster hub=row.hub with_cluster=false /></p>
            </Cell>
            <Cell label="Before" fit=true>{said(row.before)}</Cell>
            <Cell label="After" fit=true>{said(row.after)}</Cell>
            <Cell label="Since" fit=true><When at=row.at now=now style=Style::Instant /></Cell>
        </tr>
    }
    .into_any()
}

/// A verdict, or that none was given.
fn said(verdict: Option<Verdict>) -> AnyView {
    match verdict {
        Some(verdict) => view! { <Badge verdict=verdict quiet=true /> }.into_any(),
        None => view! { <span class="text-ink-3 whitespace-nowrap">"not judged"</span> }.into_any(),
    }
}

/// Both verdicts in a line.
pub(super) fn verdicts(before: Option<Verdict>, after: Option<Verdict>) -> AnyView {
    view! { {said(before)} <span class="text-ink-3">"to"</span> {said(after)} }.into_any()
}

fn reach_line(cluster: &str, effect: ReachEffect) -> AnyView {
    let hub = hub_name(&effect.hub);
    let address = href(&reach_path(cluster, &hub));
    view! {
        <tr role="row">
            <Cell label="Destination">
                <a class="inline-block py-1 font-medium hover:underline" href=address>{effect.destination.name()}</a>
                <p class="text-ink-3">{visible(&effect.class).into_owned()} " of " {visible(&hub.release).into_owned()}</p>
            </Cell>
            <Cell label="Before" fit=true>{answered(effect.before)}</Cell>
            <Cell label="After" fit=true>{answered(effect.after)}</Cell>
        </tr>
    }
    .into_any()
}

/// An answer about the network, or that there was nothing to answer.
pub(super) fn answered(verdict: Option<network::Verdict>) -> AnyView {
    let (verdict, word) = match verdict {
        Some(network::Verdict::Allowed) => (Verdict::Warn, "reached"),
        Some(network::Verdict::Denied) => (Verdict::Pass, "not reached"),
        Some(network::Verdict::CniDependent) => (Verdict::Unknown, "depends"),
        Some(network::Verdict::Unknown) => (Verdict::Unknown, "not known"),
        None => (Verdict::NotApplicable, "not there"),
    };
    view! { <Badge verdict=verdict word=word quiet=true /> }.into_any()
}
