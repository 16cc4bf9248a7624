//! A box to filter rows: a form without JavaScript, as you type with it.

use leptos::prelude::*;

use super::time::KeepInstant;
use crate::islands::RowFilter;

/// A form that sends the filter as `q`. The page renders every row inside `target`: with the text to filter by in `data-filter`, and
/// with `hidden` where [`matches`](crate::filter::matches) says no. Then typing needs no server. A group of rows inside `target` carries `data-filter-group` and disappears with its rows.
#[component]
pub fn FilterBox(
    /// The full address of this page.
    #[prop(into)]
    action: String,
    /// What is typed now.
    #[prop(into)]
    value: String,
    /// The id of the element around the rows.
    #[prop(into)]
    target: String,
    /// What the rows are, in the plural: `checks`.
    noun: &'static str,
    /// Other parameters of the address, which the form keeps.
    #[prop(optional)]
    keep: Vec<(String, String)>,
) -> impl IntoView {
    let input = format!("{target}-filter");
    view! {
        <form class="flex flex-wrap items-center gap-2" role="search" method="get" action=action>
            <KeepInstant />
            {keep
                .into_iter()
                .map(|(name, value)| view! { <input type="hidden" name=name value=value /> })
                .collect_view()}
            <label class="sr-only" for=input.clone()>{format!("Filter {noun}")}</label>
            <input
                class="field w-56 max-w-full"
                type="search"
                id=input.clone()
                name="q"
                value=value
                placeholder=format!("Filter {noun}")
                autocomplete="off"
                spellcheck="false"
            />
            <button class="button without-islands" type="submit">"Filter"</button>
            <RowFilter input=input target=target noun=noun.to_owned() />
        </form>
    }
    .into_any()
}
