//! The head of a page: the way back, and the answer in words.

use leptos::prelude::*;

use super::icon::{Icon, Shape};
use crate::site::href;
use crate::text::visible;

/// A step on the way to this page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crumb {
    /// What it says.
    pub label: String,
    /// Its address below the prefix.
    pub path: String,
}

/// The head of a page: where it stands, and the answer in its first line.
#[component]
pub fn PageHead(
    /// The way to this page, without the page itself.
    #[prop(optional)]
    crumbs: Vec<Crumb>,
    /// The answer, in words. Names in it go into [`Code`](super::Code).
    #[prop(into)]
    title: ViewFn,
    /// What stands below the answer.
    #[prop(optional, into)]
    lede: Option<ViewFn>,
) -> impl IntoView {
    view! {
        <div class="min-w-0">
            {(!crumbs.is_empty()).then(|| view! { <Crumbs crumbs /> })}
            <h1 class="text-lg md:text-xl font-semibold tracking-tight text-balance max-w-[64ch] wrap-anywhere">{title.run()}</h1>
            {lede.map(|lede| view! { <div class="mt-1.5 text-ink-2 max-w-[76ch] wrap-anywhere">{lede.run()}</div> })}
        </div>
    }
    .into_any()
}

#[component]
fn Crumbs(crumbs: Vec<Crumb>) -> impl IntoView {
    view! {
        <nav aria-label="Breadcrumb" class="mb-1.5">
            <ol class="flex flex-wrap items-center gap-x-1.5 text-ink-3" role="list">
                {crumbs
                    .into_iter()
                    .enumerate()
                    .map(|(at, crumb)| {
                        view! {
                            <li class="flex items-center gap-1.5 min-w-0">
                                {(at > 0).then(|| view! { <Icon shape=Shape::Next class="size-2.5" /> })}
                                <a class="hover:text-ink min-w-0 wrap-anywhere" href=href(&crumb.path)>
                                    {visible(&crumb.label).into_owned()}
                                </a>
                            </li>
                        }
                    })
                    .collect_view()}
            </ol>
        </nav>
    }
    .into_any()
}

/// The head of a section: what it is, and at its end something small such as a count or a link.
#[component]
pub fn SectionHead(
    /// What the section is.
    #[prop(into)]
    title: String,
    /// The id of the heading, for `aria-labelledby` and links.
    #[prop(optional, into)]
    id: Option<String>,
    /// What stands at the end of the line.
    #[prop(optional, into)]
    aside: Option<ViewFn>,
) -> impl IntoView {
    section_head(title, id, aside)
}

/// The head of a section, for callers that may or may not have something at its end.
pub(super) fn section_head(title: String, id: Option<String>, aside: Option<ViewFn>) -> AnyView {
    view! {
        <div class="flex items-baseline justify-between gap-3 mb-2">
            <h2 id=id class="text-[0.8125rem] font-semibold text-ink-2">{title}</h2>
            {aside.map(|aside| view! { <div class="text-ink-3 tabular-nums">{aside.run()}</div> })}
        </div>
    }
    .into_any()
}
