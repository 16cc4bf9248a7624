//! The baselines of a cluster: scans that a person pinned as known to be good.

use leptos::prelude::*;

use crate::backend::{BaselineRow, DriftView};
use crate::components::{Cell, Column, Notice, Section, Style, Table, Tone, When};
use crate::instant::write_instant;
use crate::pages::surround::{cluster_path, drift_path};
use crate::site::{href, href_now};
use crate::text::visible;

/// How long a name and a note may be.
const LONGEST_NAME: usize = 60;
const LONGEST_NOTE: usize = 500;

/// The baselines, and the form that pins one.
#[component]
pub(super) fn Baselines(view: DriftView) -> impl IntoView {
    let action = href_now(&format!("{}/baselines", cluster_path(&view.cluster)));
    let now = view.now;
    let suggested = view.suggested.filter(|_| view.may_pin);
    let pins = view.to.filter(|_| view.may_pin);
    let cluster = view.cluster.clone();
    let may_pin = view.may_pin;
    let rows = view.baselines;
    view! {
        <Section id="baselines" title="Baselines">
            {rows.is_empty().then(|| view! {
                <Notice tone=Tone::Empty title=|| "No scan is pinned as known to be good yet.">
                    <p>
                        "A baseline is what drift is measured against, and is never pruned. "
                        {suggested.map(|at| view! { "A start is the first scan that saw everything, of " <When at=at now=now style=Style::Instant /> "." })}
                    </p>
                </Notice>
            })}
            {(!rows.is_empty()).then(|| view! {
                <Table
                    caption="Baselines"
                    columns=vec![Column::new("Name"), Column::new("Scan of").fit(), Column::new("Pinned").fit(), Column::new("").fit()]
                >
                    {rows.into_iter().map(|row| line(&cluster, row, now, may_pin)).collect_view()}
                </Table>
            })}
            {pins.map(|shown| {
                let choices: Vec<_> = std::iter::once((shown, "the later scan shown here"))
                    .chain(suggested.filter(|at| *at != shown).map(|at| (at, "the first scan that saw everything")))
                    .collect();
                view! {
                    <form class="no-print mt-3 panel bg-surface border rounded-lg px-4 py-3.5" method="post" action=action.clone() aria-label="Pin a scan">
                        <div class="flex flex-wrap items-end gap-x-4 gap-y-2.5">
                            <label class="flex flex-col min-w-0 grow basis-52">
                                <span class="text-xs text-ink-3">"Pin"</span>
                                <select class="field w-full" name="at">
                                    {choices.into_iter().map(|(at, label)| view! {
                                        <option value=write_instant(at)>{format!("{label}, {}", at.strftime("%-d %b %Y, %H:%M UTC"))}</option>
                                    }).collect_view()}
                                </select>
                            </label>
                            <label class="flex flex-col min-w-0 grow basis-52">
                                <span class="text-xs text-ink-3">"Name"</span>
                                <input class="field w-full" type="text" name="name" required=true maxlength=LONGEST_NAME placeholder="after the audit" autocomplete="off" />
                            </label>
                            <label class="flex flex-col min-w-0 grow basis-52">
                                <span class="text-xs text-ink-3">"Note"</span>
                                <input class="field w-full" type="text" name="note" maxlength=LONGEST_NOTE autocomplete="off" />
                            </label>
                            <button class="button" type="submit">"Pin as known good"</button>
                        </div>
                    </form>
                }
            })}
        </Section>
    }
    .into_any()
}

fn line(cluster: &str, row: BaselineRow, now: posture::Timestamp, may_pin: bool) -> AnyView {
    let compare = href(&format!("{}?with=baseline-{}", drift_path(cluster), row.id));
    let remove = href_now(&format!("{}/baselines/{}/remove", cluster_path(cluster), row.id));
    let name = visible(&row.name).into_owned();
    let label = format!("Unpin {name}");
    view! {
        <tr role="row">
            <Cell label="Name">
                <a class="font-medium hover:underline" href=compare>{name}</a>
                {(!row.note.is_empty()).then(|| view! { <p class="text-ink-2 wrap-anywhere">{visible(&row.note).into_owned()}</p> })}
            </Cell>
            <Cell label="Scan of" fit=true><When at=row.taken_at now=now style=Style::Instant /></Cell>
            <Cell label="Pinned" fit=true><When at=row.pinned_at now=now /></Cell>
            <Cell label="" fit=true>
                {may_pin.then(|| view! {
                    <form class="no-print" method="post" action=remove>
                        <button class="button" type="submit" aria-label=label>"Unpin"</button>
                    </form>
                })}
            </Cell>
        </tr>
    }
    .into_any()
}
