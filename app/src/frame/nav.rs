//! The navigation: a column at the side, on a phone a row that scrolls.

use leptos::prelude::*;

use super::view::NavItem;
use crate::site::href;
use crate::text::visible;

/// The navigation.
#[component]
pub(super) fn Nav(items: Vec<NavItem>) -> impl IntoView {
    view! {
        <nav
            aria-label="Main"
            class="no-print relative border-b lg:border-b-0 lg:border-r px-2.5 py-1.5 lg:py-3.5 overflow-x-auto lg:overflow-x-visible"
        >
            <ul role="list" class="flex lg:flex-col gap-0.5 lg:gap-px lg:sticky lg:top-17">
                {items.into_iter().map(|item| view! { <Item item /> }).collect_view()}
            </ul>
        </nav>
    }
    .into_any()
}

#[component]
fn Item(item: NavItem) -> impl IntoView {
    let group = if item.opens_group { "lg:mt-2.5 lg:pt-2.5 lg:border-t" } else { "" };
    let indent = if item.is_below { "lg:pl-5" } else { "" };
    let count = item.count.filter(|(number, _)| *number > 0);
    view! {
        <li class=group>
            <a
                class="relative flex justify-between gap-2 px-2.5 py-1 rounded-md text-ink-2 whitespace-nowrap hover:text-ink hover:no-underline hover:bg-raised aria-[current]:bg-accent-soft aria-[current]:text-ink aria-[current]:font-semibold"
                href=href(&item.path)
                aria-current=item.is_current.then_some("page")
            >
                <span class=format!("min-w-0 lg:whitespace-normal {indent}")>{visible(&item.label).into_owned()}</span>
                {count
                    .map(|(number, what)| {
                        view! {
                            <span class="tabular-nums text-ink-2 font-normal">
                                {number}
                                <span class="sr-only">" " {what}</span>
                            </span>
                        }
                    })}
            </a>
        </li>
    }
    .into_any()
}
