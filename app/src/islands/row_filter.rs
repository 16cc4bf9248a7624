//! Filters rows while one types; the form around it does the same without it.

use leptos::prelude::*;

/// Says how many rows are left. Listens to the input with the id `input` and shows or hides the elements inside the element
/// with the id `target` by the text in their `data-filter`; what carries `data-filter-none` is shown where no row is. The address follows, so that it can be shared.
#[island]
pub fn RowFilter(
    /// The id of the input.
    input: String,
    /// The id of the element around the rows.
    target: String,
    /// What the rows are, in the plural.
    noun: String,
) -> impl IntoView {
    let left = RwSignal::new(String::new());
    Effect::new(move || {
        #[cfg(feature = "hydrate")]
        browser::start(&input, &target, &noun, left);
        #[cfg(not(feature = "hydrate"))]
        let _ = (&input, &target, &noun, left);
    });
    view! {
        <output class="with-islands text-ink-3 tabular-nums">{move || left.get()}</output>
    }
}

#[cfg(feature = "hydrate")]
mod browser {
    use leptos::prelude::*;
    use wasm_bindgen::prelude::Closure;
    use wasm_bindgen::{JsCast, JsValue};
    use web_sys::{Element, HtmlInputElement};

    use crate::filter::matches;

    pub(super) fn start(input: &str, target: &str, noun: &str, left: RwSignal<String>) -> Option<()> {
        let input: HtmlInputElement = document().get_element_by_id(input)?.dyn_into().ok()?;
        let target = document().get_element_by_id(target)?;
        let noun = noun.to_owned();
        let typed = input.clone();
        let apply = move || {
            let filter = typed.value();
            let (shown, all) = show(&target, &filter);
            left.set(if filter.trim().is_empty() {
                String::new()
            } else {
                format!("{shown} of {all} {noun}")
            });
            filter
        };
        apply();
        let listener = Closure::<dyn FnMut()>::new(move || {
            remember(&apply());
        });
        input.add_event_listener_with_callback("input", listener.as_ref().unchecked_ref()).ok()?;
        listener.forget();
        Some(())
    }

    /// Shows the rows that match; returns how many of how many.
    fn show(target: &Element, filter: &str) -> (usize, usize) {
        let rows = all(target, "[data-filter]");
        let mut shown = 0;
        for row in &rows {
            let is_shown = matches(filter, &row.get_attribute("data-filter").unwrap_or_default());
            shown += usize::from(is_shown);
            set_hidden(row, !is_shown);
        }
        for group in all(target, "[data-filter-group]") {
            set_hidden(&group, all(&group, "[data-filter]:not([hidden])").is_empty());
        }
        for none in all(target, "[data-filter-none]") {
            set_hidden(&none, shown > 0);
        }
        (shown, rows.len())
    }

    fn all(inside: &Element, selector: &str) -> Vec<Element> {
        let Ok(found) = inside.query_selector_all(selector) else { return Vec::new() };
        (0..found.length()).filter_map(|at| found.item(at)?.dyn_into().ok()).collect()
    }

    fn set_hidden(element: &Element, is_hidden: bool) {
        let _ =
            if is_hidden { element.set_attribute("hidden", "") } else { element.remove_attribute("hidden") };
    }

    /// Puts the filter into the address without a new entry in the history.
    fn remember(filter: &str) -> Option<()> {
        let address = web_sys::Url::new(&window().location().href().ok()?).ok()?;
        if filter.is_empty() {
            address.search_params().delete("q");
        } else {
            address.search_params().set("q", filter);
        }
        window().history().ok()?.replace_state_with_url(&JsValue::NULL, "", Some(&address.href())).ok()
    }
}
