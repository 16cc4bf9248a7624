//! Copies the text of an element to the clipboard.

use leptos::prelude::*;

/// What happened last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(feature = "hydrate"), expect(dead_code, reason = "on the server nothing has happened yet"))]
enum Outcome {
    Waiting,
    Copied,
    /// The clipboard is closed to this page; the text is selected, so that one key copies it.
    Selected,
}

impl Outcome {
    fn word(self) -> &'static str {
        match self {
            Self::Waiting => "Copy",
            Self::Copied => "Copied",
            Self::Selected => "Press Ctrl+C",
        }
    }
}

/// A button that copies the text of the element with the id `target`. Without islands it is not there.
#[island]
pub fn CopyButton(
    /// The id of the element.
    target: String,
) -> impl IntoView {
    let outcome = RwSignal::new(Outcome::Waiting);
    let copy = move |_| {
        #[cfg(feature = "hydrate")]
        browser::copy(target.clone(), outcome);
        #[cfg(not(feature = "hydrate"))]
        let _ = &target;
    };
    view! {
        <button type="button" class="with-islands button border-transparent bg-transparent hover:border-line-strong" on:click=copy>
            <span aria-live="polite">{move || outcome.get().word()}</span>
        </button>
    }
}

#[cfg(feature = "hydrate")]
mod browser {
    use std::time::Duration;

    use leptos::prelude::*;
    use leptos::task::spawn_local;
    use wasm_bindgen_futures::JsFuture;

    use super::Outcome;

    /// How long the button says what it did.
    const SHOWN_FOR: Duration = Duration::from_secs(2);

    pub(super) fn copy(target: String, outcome: RwSignal<Outcome>) {
        spawn_local(async move {
            let Some(element) = document().get_element_by_id(&target) else { return };
            let text = element.text_content().unwrap_or_default();
            outcome.set(if write(&text).await { Outcome::Copied } else { select(&element) });
            set_timeout(move || outcome.set(Outcome::Waiting), SHOWN_FOR);
        });
    }

    /// Uses the clipboard, which only secure contexts have.
    async fn write(text: &str) -> bool {
        window().is_secure_context()
            && JsFuture::from(window().navigator().clipboard().write_text(text)).await.is_ok()
    }

    /// Selects the text instead.
    fn select(element: &web_sys::Element) -> Outcome {
        if let Ok(Some(selection)) = window().get_selection() {
            // Nothing is lost where the element cannot be selected: the text is on the page.
            let _ = selection.select_all_children(element);
        }
        Outcome::Selected
    }
}
