//! How the parts of a page are arranged. A page is a [`Stack`] of a head, sections and columns.

use leptos::prelude::*;

use super::heading::section_head;

/// Parts below each other.
#[component]
pub fn Stack(
    /// The parts.
    children: Children,
) -> impl IntoView {
    view! { <div class="grid grid-cols-[minmax(0,1fr)] gap-7 content-start min-w-0">{children()}</div> }
        .into_any()
}

/// Two columns, the first wider; on narrow windows below each other. Both are [`Stack`]s.
#[component]
pub fn Columns(
    /// The two columns.
    children: Children,
) -> impl IntoView {
    view! { <div class="grid gap-x-6 gap-y-7 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">{children()}</div> }
        .into_any()
}

/// Cards beside each other, as many as there is room for.
#[component]
pub fn Cards(
    /// The cards.
    children: Children,
) -> impl IntoView {
    view! { <div class="grid gap-3 grid-cols-[repeat(auto-fill,minmax(min(20rem,100%),1fr))]">{children()}</div> }.into_any()
}

/// A section with its heading, and at the end of that line something small such as a count or a link.
#[component]
pub fn Section(
    /// What the section is.
    #[prop(into)]
    title: String,
    /// The id of the heading, unique on the page; the address `#id` leads here.
    id: &'static str,
    /// What stands at the end of the line.
    #[prop(optional, into)]
    aside: Option<ViewFn>,
    /// The content.
    children: Children,
) -> impl IntoView {
    view! {
        <section class="min-w-0" aria-labelledby=id>
            {section_head(title, Some(id.to_owned()), aside)}
            {children()}
        </section>
    }
    .into_any()
}
