//! The findings that were open most often: how often, how long fixes take, and since when they are open now.

use leptos::prelude::*;
use posture::Timestamp;

use crate::backend::OpenedRow;
use crate::components::{Cell, Column, Prose, Section, Style, Table, When};
use crate::pages::parts::Whose;
use crate::pages::surround::check_path;
use crate::site::href;
use crate::text::visible;
use crate::when;

/// The findings that were open most often.
#[component]
pub(super) fn Often(cluster: String, rows: Vec<OpenedRow>, now: Timestamp) -> impl IntoView {
    view! {
        <Section id="often" title="What was open most often">
            <p class="mb-2.5 max-w-[76ch] text-ink-2">
                "A fix takes from the scan that first saw the fault to the one that proves it is over, be it repaired or its object gone. Half of the fixes took less than the time shown."
            </p>
            <Table
                caption="The findings that were open most often"
                columns=vec![
                    Column::new("Fault"),
                    Column::new("Opened").fit(),
                    Column::new("Time to fix").fit(),
                    Column::new("Open now").fit(),
                ]
            >
                {rows.into_iter().map(|row| view! { <Row cluster=cluster.clone() row now /> }).collect_view()}
            </Table>
        </Section>
    }
    .into_any()
}

#[component]
fn Row(cluster: String, row: OpenedRow, now: Timestamp) -> impl IntoView {
    let recurrence = row.recurrence;
    let times = match recurrence.times {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        many => format!("{many} times"),
    };
    let address = row.has_page.then(|| href(&check_path(&cluster, row.hub.as_ref(), &row.code)));
    view! {
        <tr role="row">
            <Cell>
                {match address {
                    Some(address) => {
                        view! { <a class="font-medium hover:underline" href=address><Prose text=row.fault /></a> }.into_any()
                    }
                    None => view! { <span class="font-medium"><Prose text=row.fault /></span> }.into_any(),
                }}
                <p class="text-ink-3">
                    {if row.has_page {
                        view! { <Whose cluster=cluster hub=row.hub with_cluster=false /> }.into_any()
                    } else {
                        let name = row.hub.map_or_else(String::new, |hub| visible(&hub.release).into_owned());
                        view! { {name} ", which is gone" }.into_any()
                    }}
                    " · "
                    {row.code}
                </p>
            </Cell>
            <Cell label="Opened" fit=true>{times}</Cell>
            <Cell label="Time to fix" fit=true>
                {match recurrence.median {
                    Some(median) => view! { {when::span(median)} }.into_any(),
                    None => view! { <span class="text-ink-3">"never fixed"</span> }.into_any(),
                }}
            </Cell>
            <Cell label="Open now" fit=true>
                {match recurrence.open_since {
                    Some(since) => view! { "since " <When at=since now=now style=Style::Date /> }.into_any(),
                    None => view! { <span class="text-ink-3">"no"</span> }.into_any(),
                }}
            </Cell>
        </tr>
    }
    .into_any()
}
