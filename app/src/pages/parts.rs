//! Pieces that several pages share.

use leptos::prelude::*;
use posture::Timestamp;
use posture::check::Verdict;

use super::surround::{check_path, checklist_path};
use crate::backend::{Counts, HubName, OpenRow};
use crate::components::{Badge, Cell, Code, Prose, Sentence, SeverityBadge, Style, Table, When};
use crate::site::href;
use crate::text::visible;

/// Counts as the bar and its words take them.
pub(super) fn pairs(counts: Counts) -> Vec<(Verdict, u64)> {
    vec![
        (Verdict::Fail, counts.fail),
        (Verdict::Warn, counts.warn),
        (Verdict::Unknown, counts.unknown),
        (Verdict::Pass, counts.pass),
    ]
}

/// Where a finding belongs: a link to the checklist of its hub or of the cluster itself.
#[component]
pub(super) fn Whose(
    /// The cluster.
    cluster: String,
    /// The hub; `None` for the cluster itself.
    hub: Option<HubName>,
    /// Whether the cluster's name is said too.
    with_cluster: bool,
) -> impl IntoView {
    let address = href(&checklist_path(&cluster, hub.as_ref()));
    let name = hub.map_or_else(|| "the cluster itself".to_owned(), |hub| visible(&hub.release).into_owned());
    view! {
        <a class="quiet" href=address>
            {name}
        </a>
        {with_cluster.then(|| view! { " on " {visible(&cluster).into_owned()} })}
    }
}

/// For how long a verdict has been this one, and whether it could be confirmed lately.
#[component]
pub(super) fn Since(
    /// When it was first seen.
    since: Timestamp,
    /// Set where it could not be confirmed lately.
    not_confirmed_since: Option<Timestamp>,
    /// The present instant.
    now: Timestamp,
) -> impl IntoView {
    view! {
        "for "
        <When at=since now style=Style::Span />
        {not_confirmed_since
            .map(|at| {
                view! {
                    " · "
                    <Badge verdict=Verdict::Unknown word="not confirmed" quiet=true />
                    " for "
                    <When at=at now style=Style::Span />
                }
            })}
    }
}

/// Open findings, the worst first.
#[component]
pub(super) fn OpenTable(
    /// What the table is, for screen readers.
    caption: &'static str,
    /// The findings.
    rows: Vec<OpenRow>,
    /// Whether the rows are of several clusters.
    with_cluster: bool,
    /// The present instant.
    now: Timestamp,
) -> impl IntoView {
    view! {
        <Table caption=caption columns=Vec::new()>
            {rows
                .into_iter()
                .map(|row| {
                    let address = href(&check_path(&row.cluster, row.hub.as_ref(), &row.code));
                    view! {
                        <tr role="row">
                            <Cell fit=true>
                                <SeverityBadge verdict=row.verdict severity=row.severity />
                            </Cell>
                            <Cell>
                                <a class="font-medium hover:underline" href=address>
                                    <Prose text=row.fault />
                                </a>
                                <p class="text-ink-2">
                                    <Sentence reason=row.reason now />
                                </p>
                                <p class="text-ink-3">
                                    <Whose cluster=row.cluster hub=row.hub with_cluster />
                                    " · "
                                    {row.code}
                                    {row.subject.map(|object| view! { " · " <Code text=object.to_string() /> })}
                                    " · "
                                    <Since since=row.since not_confirmed_since=row.not_confirmed_since now />
                                </p>
                            </Cell>
                        </tr>
                    }
                })
                .collect_view()}
        </Table>
    }
}
