//! The table behind the picture: one row for each moment at which something changed.

use leptos::prelude::*;
use posture::Timestamp;

use super::{certificates_path, cluster_path, drift_path, says};
use crate::backend::{HistoryMoment, HistoryView};
use crate::components::{Cell, Column, Style, Table, When};
use crate::instant::write_instant;
use crate::site::{at_instant, href_now};
use crate::text::visible;
use crate::words;

/// How many pauses and gaps are listed.
const NOT_SEEN: usize = 100;

/// The moments, the newest first, behind a click.
#[component]
pub(super) fn Moments(view: HistoryView) -> impl IntoView {
    let count = view.moment_count;
    let shown = view.moments.len() as u64;
    let said = format!(
        "{} {} at which something changed",
        words::sentence(&words::number(count)),
        words::plural(count, "moment")
    );
    let (cluster, now) = (view.cluster, view.now);
    view! {
        <details class="mt-3">
            <summary class="link w-fit">{said}</summary>
            {(shown < count)
                .then(|| view! { <p class="mt-2 text-ink-2">{format!("The newest {shown} are listed; a shorter span, or an earlier instant, shows others.")}</p> })}
            <div class="mt-2.5">
                <Table
                    caption="Moments at which something changed, the newest first"
                    columns=vec![
                        Column::new("Moment"),
                        Column::new("Opened").fit().number(),
                        Column::new("Over").fit().number(),
                        Column::new("Open then").fit().number(),
                        Column::new("Changed objects").fit().number(),
                        Column::new("What changed").fit(),
                    ]
                >
                    {view
                        .moments
                        .into_iter()
                        .rev()
                        .map(|moment| view! { <Row cluster=cluster.clone() moment now /> })
                        .collect_view()}
                </Table>
            </div>
        </details>
    }
    .into_any()
}

/// What happened to certificates, the newest first, behind a click.
#[component]
pub(super) fn Certificates(view: HistoryView) -> impl IntoView {
    let now = view.now;
    let page = href_now(&certificates_path(&view.cluster));
    let count = view.certificates.len() as u64;
    let said = format!(
        "{} {} of certificates",
        words::sentence(&words::number(count)),
        if count == 1 { "renewal or end" } else { "renewals and ends" }
    );
    let said = match view.earlier_certificates {
        0 => said,
        earlier => format!("{said}, the newest; {} earlier ones are not shown", words::number(earlier)),
    };
    view! {
        <details class="mt-3">
            <summary class="link w-fit">{said}</summary>
            <div class="mt-2.5">
                <Table
                    caption="Renewals and ends of certificates, the newest first"
                    columns=vec![Column::new("Moment"), Column::new("What happened"), Column::new("Where"), Column::new("Holds until")]
                >
                    {view
                        .certificates
                        .into_iter()
                        .rev()
                        .map(|moment| {
                            let what = if moment.ran_out { "ran out" } else { "renewed" };
                            let place = visible(&moment.place).into_owned();
                            let page = page.clone();
                            view! {
                                <tr role="row">
                                    <Cell><When at=moment.at now=now style=Style::Instant /></Cell>
                                    <Cell label="What">{what}</Cell>
                                    <Cell label="Where"><a class="quiet wrap-anywhere" href=page>{place}</a></Cell>
                                    <Cell label="Until"><When at=moment.not_after now=now style=Style::Instant /></Cell>
                                </tr>
                            }
                        })
                        .collect_view()}
                </Table>
            </div>
        </details>
    }
    .into_any()
}

/// Pauses and gaps, the newest first, behind a click.
#[component]
pub(super) fn NotSeen(view: HistoryView) -> impl IntoView {
    let now = view.now;
    let count = view.unseen.len() as u64;
    let said =
        format!("{} {} and gaps", words::sentence(&words::number(count)), words::plural(count, "pause"));
    let said = if count == 1 { "One pause or gap".to_owned() } else { said };
    view! {
        <details class="mt-3">
            <summary class="link w-fit">{said}</summary>
            <div class="mt-2.5">
                <Table
                    caption="Times of which not everything is known, the newest first"
                    columns=vec![Column::new("From"), Column::new("To"), Column::new("What was not seen")]
                >
                    {view
                        .unseen
                        .into_iter()
                        .rev()
                        .take(NOT_SEEN)
                        .map(|unseen| {
                            let what = says::what(&unseen);
                            view! {
                                <tr role="row">
                                    <Cell><When at=unseen.from now=now style=Style::Instant /></Cell>
                                    <Cell label="To"><When at=unseen.to now=now style=Style::Instant /></Cell>
                                    <Cell label="What">{what}</Cell>
                                </tr>
                            }
                        })
                        .collect_view()}
                </Table>
            </div>
        </details>
    }
    .into_any()
}

#[component]
fn Row(cluster: String, moment: HistoryMoment, now: Timestamp) -> impl IntoView {
    let at = moment.at;
    let then = href_now(&at_instant(&cluster_path(&cluster), at));
    // The scan before it is the last one before this instant.
    let before = Timestamp::from_millisecond(at.as_millisecond() - 1).unwrap_or(at);
    let drift = format!("{}?from={}", drift_path(&cluster), write_instant(before));
    let drift = href_now(&at_instant(&drift, at));
    let label = format!("Drift of {}", at.strftime("%-d %b %Y, %H:%M UTC"));
    view! {
        <tr role="row">
            <Cell>
                <a class="quiet" href=then><When at=at now=now style=Style::Instant /></a>
            </Cell>
            <Cell label="Opened" fit=true number=true>{moment.opened}</Cell>
            <Cell label="Over" fit=true number=true>{moment.closed}</Cell>
            <Cell label="Open then" fit=true number=true>{moment.open}</Cell>
            <Cell label="Objects" fit=true number=true>{moment.objects}</Cell>
            <Cell fit=true><a class="link" href=drift aria-label=label>"Drift"</a></Cell>
        </tr>
    }
    .into_any()
}
