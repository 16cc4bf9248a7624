//! Light, dark, or as the system says.

use leptos::prelude::*;

/// A choice of colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Theme {
    Light,
    Dark,
    Auto,
}

impl Theme {
    const ALL: [Self; 3] = [Self::Light, Self::Dark, Self::Auto];

    /// The word on the button and in the browser's storage.
    fn word(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
            Self::Auto => "auto",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Light => "Light colours",
            Self::Dark => "Dark colours",
            Self::Auto => "Colours of the system",
        }
    }

    /// A sun, a moon, and a disc that is half of each.
    fn path(self) -> &'static str {
        match self {
            Self::Light => {
                "M8 4.8a3.2 3.2 0 100 6.4 3.2 3.2 0 000-6.4zM7.3 .8h1.4v2.3H7.3zm0 12.1h1.4v2.3H7.3zM.8 7.3h2.3v1.4H.8zm12.1 0h2.3v1.4h-2.3zM2.4 3.4l1-1L5 4l-1 1zm8.6 8.6l1-1 1.6 1.6-1 1zM2.4 12.6L4 11l1 1-1.6 1.6zM11 4l1.6-1.6 1 1L12 5z"
            }
            Self::Dark => "M6.2 1.7a6.5 6.5 0 108.1 8.1A5.4 5.4 0 016.2 1.7z",
            Self::Auto => "M8 1.3a6.7 6.7 0 100 13.4A6.7 6.7 0 008 1.3zm0 1.5v10.4A5.2 5.2 0 018 2.8z",
        }
    }
}

/// Three buttons, one of them pressed. Without islands they are not there and the system decides.
#[island]
pub fn ThemeSwitch() -> impl IntoView {
    let chosen = RwSignal::new(Theme::Auto);
    Effect::new(move || {
        #[cfg(feature = "hydrate")]
        chosen.set(browser::stored());
        #[cfg(not(feature = "hydrate"))]
        let _ = chosen;
    });
    let choose = move |theme: Theme| {
        chosen.set(theme);
        #[cfg(feature = "hydrate")]
        browser::store(theme);
    };
    view! {
        <div class="with-islands flex rounded-md border p-px" role="group" aria-label="Colours">
            {Theme::ALL
                .map(|theme| {
                    view! {
                        <button
                            type="button"
                            class="grid place-items-center size-6.5 rounded-sm text-ink-3 hover:text-ink aria-pressed:bg-accent-soft aria-pressed:text-ink"
                            aria-pressed=move || (chosen.get() == theme).to_string()
                            aria-label=theme.label()
                            title=theme.label()
                            data-theme-choice=theme.word()
                            on:click=move |_| choose(theme)
                        >
                            <svg class="size-3.5" viewBox="0 0 16 16" fill="currentColor" aria-hidden="true">
                                <path d=theme.path()></path>
                            </svg>
                        </button>
                    }
                })
                .collect_view()}
        </div>
    }
}

#[cfg(feature = "hydrate")]
mod browser {
    use leptos::prelude::{document, window};

    use super::Theme;

    /// The key in the browser's storage; the page's first script reads it too.
    const KEY: &str = "perijove.theme";

    fn storage() -> Option<web_sys::Storage> {
        window().local_storage().ok().flatten()
    }

    /// What was chosen earlier. Any other word is no choice: pages of others can share this storage.
    pub(super) fn stored() -> Theme {
        let word = storage().and_then(|storage| storage.get_item(KEY).ok().flatten());
        Theme::ALL.into_iter().find(|theme| Some(theme.word()) == word.as_deref()).unwrap_or(Theme::Auto)
    }

    /// Shows the choice now, and on later pages where there is storage.
    pub(super) fn store(theme: Theme) {
        if let Some(root) = document().document_element() {
            let _ = match theme {
                Theme::Auto => root.remove_attribute("data-theme"),
                Theme::Light | Theme::Dark => root.set_attribute("data-theme", theme.word()),
            };
        }
        if let Some(storage) = storage() {
            let _ = match theme {
                Theme::Auto => storage.remove_item(KEY),
                Theme::Light | Theme::Dark => storage.set_item(KEY, theme.word()),
            };
        }
    }
}
