//! What surrounds every page: header, navigation, skip link, footer, and the notice that something has changed.

mod header;
mod nav;
mod past;
mod switcher;
mod view;

use leptos::prelude::*;

use crate::components::{Notice, Style, Tone, Trouble, When};
use crate::islands::{LiveNotice, ViewerTime};
use crate::site::Site;

pub use view::{Choice, FrameView, Freshness, NavItem, Travel, Watch};

use header::Header;
use nav::Nav;
use past::PastBanner;

/// The body of the document.
#[component]
pub(crate) fn Frame(
    /// What to surround with.
    view: FrameView,
    /// What to surround.
    body: AnyView,
) -> impl IntoView {
    let FrameView { now, nav, watch, travel, .. } = view.clone();
    let rows = if nav.is_empty() {
        "grid-rows-[auto_1fr]"
    } else {
        "grid-rows-[auto_auto_1fr] lg:grid-rows-[auto_1fr] lg:grid-cols-[13rem_minmax(0,1fr)]"
    };
    // A page that stands alone says one thing, in the middle.
    let place = if nav.is_empty() { "w-full max-w-[46rem] mx-auto md:pt-[14vh]" } else { "md:pt-6" };
    let sheet = view.sheet();
    view! {
        <body class=format!("grid grid-cols-[minmax(0,1fr)] {rows} min-h-dvh")>
            <a class="skip" href="#main">"Skip to the content"</a>
            <Header view=view.clone() />
            {(!nav.is_empty()).then(|| view! { <Nav items=nav /> })}
            <div class=format!("flex flex-col min-w-0 px-4 md:px-8 pt-4 pb-10 {place}")>
                <p class="only-print">{sheet}</p>
                <main id="main" tabindex="-1" class="grow max-w-[78rem]">
                    {(!view.replays.is_empty()).then(|| view! { <ReplayBanner replays=view.replays /> })}
                    {view.trouble.map(|(why, is_judged)| view! { <div class="mb-5"><Trouble why is_judged /></div> })}
                    {view.freshness.map(|freshness| view! { <StaleBanner freshness now /> })}
                    {travel.and_then(|travel| Some(view! { <PastBanner past=travel.past.clone()? travel=travel now=now /> }))}
                    {body}
                </main>
                <Footer is_demo=view.is_demo />
            </div>
            <ViewerTime now=now.as_millisecond() />
            {watch.map(live)}
        </body>
    }
    .into_any()
}

/// The island that listens for news, with the addresses it needs.
fn live(watch: Watch) -> impl IntoView {
    let prefix = use_context::<Site>().map_or_else(|| "/".to_owned(), |site| site.prefix);
    view! { <LiveNotice prefix=prefix cluster=watch.cluster hub=watch.hub known=watch.known /> }.into_any()
}

/// Says that the demo is still on its way to the present.
#[component]
fn ReplayBanner(replays: Vec<(String, String)>) -> impl IntoView {
    view! {
        <div class="mb-5">
            <Notice tone=Tone::Past title=|| "What you see is the past: the demo has not reached the present yet.">
                {replays
                    .into_iter()
                    .map(|(cluster, how_far)| view! { <p class="wrap-anywhere">{format!("{cluster}: {how_far}")}</p> })
                    .collect_view()}
            </Notice>
        </div>
    }
    .into_any()
}

/// Says that what the page shows may no longer hold, where nothing has been heard for too long.
#[component]
fn StaleBanner(freshness: Freshness, now: posture::Timestamp) -> impl IntoView {
    freshness
        .heard_at
        .filter(|_| freshness.is_stale(now))
        .map(|at| {
            view! {
                <div class="mb-5">
                    <Notice
                        tone=Tone::Warn
                        title=move || {
                            view! {
                                "Nothing has been heard for "
                                <When at=at now=now style=Style::Span />
                                ": what you see may no longer hold."
                            }
                        }
                    />
                </div>
            }
        })
        .into_any()
}

#[component]
fn Footer(is_demo: bool) -> impl IntoView {
    view! {
        <footer class="no-print mt-12 pt-3 max-w-[78rem] border-t text-xs text-ink-3 flex flex-wrap justify-between gap-x-4">
            <span>"Perijove " {env!("CARGO_PKG_VERSION")} " reads the cluster and never writes to it."</span>
            {is_demo.then_some(view! { <span>"This is the demo: the clusters are invented, and so is what their names present."</span> })}
        </footer>
    }
    .into_any()
}
