//! Surfaces: a panel for what belongs together, a card that is one link, and a list of facts.

use leptos::prelude::*;

/// A surface with a border. Lists in it are drawn as rows.
#[component]
pub fn Panel(
    /// Room inside the border; off for lists and tables, which bring their own.
    #[prop(optional)]
    padded: bool,
    /// What is on it.
    children: Children,
) -> impl IntoView {
    let padding = if padded { "px-4 py-3.5" } else { "" };
    view! { <div class=format!("panel bg-surface border rounded-lg overflow-hidden {padding}")>{children()}</div> }.into_any()
}

/// A surface that leads somewhere: the link in its heading covers the whole card, further links in it stay reachable.
#[component]
pub fn Card(
    /// The full address, as [`href`](crate::site::href) gives it.
    #[prop(into)]
    address: String,
    /// The name, which is the link's text.
    #[prop(into)]
    title: ViewFn,
    /// What stands beside the name.
    #[prop(optional, into)]
    aside: Option<ViewFn>,
    /// The content.
    children: Children,
) -> impl IntoView {
    view! {
        <article class="relative bg-surface border rounded-lg px-4 py-3.5 hover:border-line-strong">
            <div class="flex flex-wrap items-baseline justify-between gap-x-3">
                <h3 class="text-[0.9375rem] font-semibold min-w-0">
                    <a class="after:absolute after:inset-0 after:rounded-lg" href=address>{title.run()}</a>
                </h3>
                {aside.map(|aside| view! { <p class="text-ink-3">{aside.run()}</p> })}
            </div>
            {children()}
        </article>
    }
    .into_any()
}

/// A list of rows; goes onto a [`Panel`].
#[component]
pub fn Rows(
    /// The rows: [`Row`]s.
    children: Children,
) -> impl IntoView {
    view! { <ul role="list">{children()}</ul> }.into_any()
}

/// One row: what, at its end when or how much, and below it a remark.
#[component]
pub fn Row(
    /// What stands before the row, such as a mark.
    #[prop(optional, into)]
    lead: Option<ViewFn>,
    /// What stands at the end of the line.
    #[prop(optional, into)]
    aside: Option<ViewFn>,
    /// What stands below the line.
    #[prop(optional, into)]
    note: Option<ViewFn>,
    /// What the row is about.
    children: Children,
) -> impl IntoView {
    view! {
        <li class="flex gap-2.5">
            {lead.map(|lead| view! { <span class="flex-none pt-0.5">{lead.run()}</span> })}
            <div class="grow min-w-0">
                <div class="flex justify-between gap-3">
                    <span class="min-w-0">{children()}</span>
                    {aside.map(|aside| view! { <span class="flex-none text-ink-3 tabular-nums">{aside.run()}</span> })}
                </div>
                {note.map(|note| view! { <div class="text-ink-3">{note.run()}</div> })}
            </div>
        </li>
    }
    .into_any()
}

/// Names and values in two columns.
#[component]
pub fn Facts(
    /// The facts, in order.
    facts: Vec<(String, AnyView)>,
) -> impl IntoView {
    view! {
        <dl class="grid grid-cols-[max-content_minmax(0,1fr)] gap-x-4 gap-y-1.5">
            {facts
                .into_iter()
                .map(|(name, value)| {
                    view! {
                        <dt class="text-ink-3">{name}</dt>
                        <dd class="min-w-0">{value}</dd>
                    }
                })
                .collect_view()}
        </dl>
    }
    .into_any()
}
