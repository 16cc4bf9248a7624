//! The header: brand, where one is, how fresh it is, and how it looks.

use leptos::prelude::*;

use super::switcher::{Moment, Switcher};
use super::view::{FrameView, Freshness};
use crate::components::{Icon, Shape, When};
use crate::islands::ThemeSwitch;
use crate::site::href;

/// The header.
#[component]
pub(super) fn Header(view: FrameView) -> impl IntoView {
    let FrameView { now, clusters, hubs, freshness, travel, .. } = view;
    view! {
        <header class="no-print col-span-full md:sticky md:top-0 z-10 flex flex-wrap items-center gap-x-3 gap-y-2 px-4 md:px-5 py-2.5 min-h-13 border-b bg-surface">
            <a class="flex items-center gap-2 font-semibold tracking-tight md:mr-2 hover:no-underline" href=href("")>
                <Brand />
                "Perijove"
            </a>
            <div class="flex gap-2 min-w-0 order-last basis-full md:order-none md:basis-auto">
                <Switcher id="switch-cluster" name="Cluster" choices=clusters />
                <Switcher id="switch-hub" name="Hub" choices=hubs />
            </div>
            <div class="flex items-center gap-3 ml-auto">
                {freshness.map(|freshness| view! { <Seen freshness=freshness now=now /> })}
                {travel.map(|travel| view! { <Moment travel=travel /> })}
                <ThemeSwitch />
            </div>
        </header>
    }
    .into_any()
}

/// A planet and the orbit that comes closest to it.
#[component]
fn Brand() -> impl IntoView {
    view! {
        <svg class="size-5 flex-none" viewBox="0 0 20 20" fill="none" stroke="currentColor" aria-hidden="true">
            <circle class="fill-planet" cx="7.4" cy="10" r="4.1" stroke="none"></circle>
            <ellipse cx="10.3" cy="10" rx="9" ry="5.2" stroke-width="1.3" transform="rotate(-18 10.3 10)"></ellipse>
        </svg>
    }
    .into_any()
}

/// How long ago the cluster was heard of. The browser keeps it true while the page is open.
#[component]
fn Seen(freshness: Freshness, now: posture::Timestamp) -> impl IntoView {
    let Some(at) = freshness.heard_at else {
        return view! {
            <span class="flex items-center gap-1.5 text-unknown">
                <Icon shape=Shape::Unknown />
                "not seen yet"
            </span>
        }
        .into_any();
    };
    let state = if freshness.is_stale(now) { "stale" } else { "fresh" };
    view! {
        <span class="seen flex items-center gap-1.5 text-ink-2" data-state=state data-stale-after=freshness.stale_after_seconds.to_string()>
            <svg class="seen-fresh size-2 flex-none" viewBox="0 0 8 8" aria-hidden="true">
                <circle class="fill-pass" cx="4" cy="4" r="4"></circle>
            </svg>
            <span class="seen-stale font-semibold text-warn flex items-center gap-1.5">
                <Icon shape=Shape::Warn />
                "stale,"
            </span>
            <span class="whitespace-nowrap">"seen " <When at=at now=now /></span>
        </span>
    }
    .into_any()
}
