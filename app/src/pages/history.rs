//! How a cluster came to where it is: open faults and changes over time, what came back, and how long fixes take.

mod axis;
mod often;
mod picture;
mod says;
mod table;

use leptos::prelude::*;

use super::surround::{Here, certificates_path, cluster_path, drift_path, history_path, surround};
use crate::backend::{HistorySpan, HistoryView, Place};
use crate::components::{Crumb, KeepInstant, Notice, PageHead, Section, Stack, Style, Tone, When};
use crate::page::PageView;
use crate::site::{href, href_now, shown};

pub(super) use says::came_back;

/// How a span is written in an address.
fn key(span: HistorySpan) -> &'static str {
    match span {
        HistorySpan::Week => "7d",
        HistorySpan::Month => "30d",
        HistorySpan::Quarter => "90d",
        HistorySpan::Year => "365d",
        HistorySpan::All => "all",
    }
}

/// Reads the span of an address.
pub fn parse_history(pairs: &[(String, String)]) -> Result<HistorySpan, String> {
    let asked = pairs.iter().find(|(name, value)| name == "span" && !value.is_empty());
    let Some((_, value)) = asked else { return Ok(HistorySpan::default()) };
    HistorySpan::ALL.into_iter().find(|span| key(*span) == value).ok_or_else(|| {
        let known = HistorySpan::ALL.map(key).join(", ");
        format!("the address asks for a span that does not exist; it can be {known}")
    })
}

/// The history of a cluster.
pub fn history(place: &Place, view: HistoryView) -> PageView {
    let frame = surround(place, Here::History, None, format!("History of {}", view.cluster));
    let is_told = place.trouble.is_some();
    PageView::new(frame, move || body(view, is_told))
}

/// `is_told`: it stands above already why nothing is known.
fn body(view: HistoryView, is_told: bool) -> AnyView {
    let crumbs = vec![Crumb { label: view.cluster.clone(), path: cluster_path(&view.cluster) }];
    let (headline, now, span, is_whole) =
        (says::headline(&view, shown().is_none()), view.now, view.span, view.is_whole);
    let drift = href(&drift_path(&view.cluster));
    view! {
        <Stack>
            <PageHead
                crumbs=crumbs
                title=move || headline.clone()
                lede=move || {
                    span.map(|(from, to)| {
                        view! {
                            <p>
                                "From " <When at=from now=now style=Style::Instant /> " to "
                                <When at=to now=now style=Style::Instant />
                                {is_whole.then_some("; nothing older is kept")}
                                ". What exactly changed stands on " <a class="link" href=drift.clone()>"the page of drift"</a> "."
                            </p>
                        }
                    })
                }
            />
            <Choose cluster=view.cluster.clone() asked=view.asked />
            {(span.is_none() && !is_told).then(|| view! {
                <Notice tone=Tone::Past title=|| "There is no history to show yet.">
                    <p>"It takes two scans; this is the first, or the span begins after the last one."</p>
                </Notice>
            })}
            {span.map(|span| trends(&view, span))}
            {(!view.opened.is_empty()).then(|| view! { <often::Often cluster=view.cluster.clone() rows=view.opened.clone() now /> })}
        </Stack>
    }
    .into_any()
}

fn trends(view: &HistoryView, span: (posture::Timestamp, posture::Timestamp)) -> AnyView {
    let summary = says::summary(view, shown().is_none());
    let picture = view.clone();
    let listed = (!view.moments.is_empty()).then(|| view.clone());
    let certificates = (!view.certificates.is_empty()).then(|| view.clone());
    let not_seen = (!view.unseen.is_empty()).then(|| view.clone());
    view! {
        <Section id="trends" title="Open faults, changes and certificates">
            <div class="panel bg-surface border rounded-lg px-4 py-3.5">
                <p class="mb-3 max-w-[76ch]">{summary}</p>
                <picture::Picture view=picture span=span />
                {listed.map(|view| view! { <table::Moments view /> })}
                {certificates.map(|view| view! { <table::Certificates view /> })}
                {not_seen.map(|view| view! { <table::NotSeen view /> })}
            </div>
        </Section>
    }
    .into_any()
}

/// The choice of how far to look back.
#[component]
fn Choose(cluster: String, asked: HistorySpan) -> impl IntoView {
    let action = href_now(&history_path(&cluster));
    view! {
        <form class="no-print flex flex-wrap items-end gap-x-3 gap-y-2" method="get" action=action aria-label="How far to look back">
            <KeepInstant />
            <label class="flex flex-col">
                <span class="text-xs text-ink-3">"Look back"</span>
                <select class="field" name="span">
                    {HistorySpan::ALL
                        .into_iter()
                        .map(|span| {
                            view! { <option value=key(span) selected=span == asked>{says::span(span)}</option> }
                        })
                        .collect_view()}
                </select>
            </label>
            <button class="button" type="submit">"Show"</button>
        </form>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(value: &str) -> Result<HistorySpan, String> {
        parse_history(&[("span".to_owned(), value.to_owned())])
    }

    #[test]
    fn the_span_is_read_from_the_address() {
        assert_eq!(parse_history(&[]), Ok(HistorySpan::Month));
        assert_eq!(parse(""), Ok(HistorySpan::Month));
        for span in HistorySpan::ALL {
            assert_eq!(parse(key(span)), Ok(span));
        }
    }

    #[test]
    fn a_span_that_does_not_exist_is_refused_without_being_repeated() {
        let error = parse("<script>").unwrap_err();
        assert!(error.contains("90d") && !error.contains("script"), "{error}");
    }
}
