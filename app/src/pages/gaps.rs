//! What cannot be read in a cluster, what that leaves undecided, and how to grant it.

use leptos::prelude::*;
use posture::Timestamp;

use super::surround::{Here, cluster_path, surround};
use crate::backend::{GapRow, GapsView, Place};
use crate::components::{Cell, CodeBlock, Column, Crumb, Notice, PageHead, SectionHead, Table, Tone, When};
use crate::page::PageView;
use crate::words;

/// What cannot be read in a cluster.
pub fn gaps(place: &Place, view: GapsView) -> PageView {
    let frame = surround(place, Here::Gaps, None, "What I can see".to_owned());
    PageView::new(frame, move || body(view))
}

fn body(view: GapsView) -> impl IntoView {
    let headline = words::gaps(&view);
    let crumbs = vec![Crumb { label: view.cluster.clone(), path: cluster_path(&view.cluster) }];
    let lede = format!(
        "{} kinds of objects are read in full. {} Perijove never writes, and never asks for Secrets.",
        words::sentence(&words::number(view.kinds_read)),
        match view.undecided {
            0 => "No check is undecided.".to_owned(),
            1 => "One check is undecided.".to_owned(),
            many => format!(
                "{} checks are undecided, for these and other reasons.",
                words::sentence(&words::number(many))
            ),
        }
    );
    let now = view.now;
    let is_empty = view.rows.is_empty();
    view! {
        <PageHead crumbs=crumbs title=move || headline.clone() lede=move || lede.clone() />
        <section class="mt-7" aria-labelledby="gaps">
            <SectionHead id="gaps" title="What cannot be read" />
            {if is_empty {
                view! { <Notice tone=Tone::Empty title=|| "Nothing is missing." /> }.into_any()
            } else {
                view! { <GapTable rows=view.rows now /> }.into_any()
            }}
        </section>
        <section class="mt-7" aria-labelledby="grant">
            <SectionHead id="grant" title="Grant everything Perijove asks for" />
            <p class="max-w-[72ch]">
                "Save this as role.yaml and apply it with an account that may grant roles. It holds get, list and watch, and no Secrets."
            </p>
            <CodeBlock id="apply" label="Shell" text="kubectl apply --filename role.yaml" />
            <details class="mt-2">
                <summary class="button cursor-pointer w-fit">"Show role.yaml"</summary>
                <CodeBlock id="role" label="role.yaml" text=view.grant />
            </details>
        </section>
    }
}

#[component]
fn GapTable(rows: Vec<GapRow>, now: Timestamp) -> impl IntoView {
    view! {
        <Table
            caption="What cannot be read"
            columns=vec![
                Column::new("What"),
                Column::new("What would settle it"),
                Column::new("Checks that need it"),
                Column::new("Since").fit(),
            ]
        >
            {rows
                .into_iter()
                .map(|row| {
                    let (what, permission) = (row.gap.to_string(), row.gap.permission());
                    let affects = if row.affects.is_empty() { "none".to_owned() } else { row.affects.join(", ") };
                    view! {
                        <tr role="row">
                            <Cell label="What">{what}</Cell>
                            <Cell label="What would settle it">{permission}</Cell>
                            <Cell label="Checks that need it">
                                <span class="text-ink-2">{affects}</span>
                            </Cell>
                            <Cell label="Since" fit=true>
                                <span class="text-ink-3">{row.since.map(|at| view! { <When at=at now /> })}</span>
                            </Cell>
                        </tr>
                    }
                })
                .collect_view()}
        </Table>
    }
}
