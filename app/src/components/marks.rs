//! The marks of the four questions: yes, no, unknown, not applicable.

use leptos::prelude::*;
use posture::control::Mark;

/// The word for a mark.
pub fn mark_word(mark: Mark) -> &'static str {
    match mark {
        Mark::Yes => "yes",
        Mark::No => "no",
        Mark::Unknown => "unknown",
        Mark::NotApplicable => "not applicable",
    }
}

/// A small square with the mark; a screen reader hears the word.
#[component]
pub fn MarkBox(
    /// The mark.
    mark: Mark,
    /// What was asked, where nothing beside it says so: `configured`.
    #[prop(optional, into)]
    question: Option<String>,
) -> impl IntoView {
    let (colours, path) = match mark {
        Mark::Yes => ("bg-pass-soft text-pass border-transparent", "M4.3 8.3l2.6 2.6 4.8-5.4"),
        Mark::No => ("bg-fail-soft text-fail border-transparent", "M4.7 4.7l6.6 6.6M11.3 4.7l-6.6 6.6"),
        Mark::Unknown => (
            "bg-unknown-soft text-unknown border-transparent",
            "M5.8 6.1c0-3 4.6-2.8 4.5-.1 0 1.8-2.2 1.7-2.2 3.5M8.1 12v.4",
        ),
        Mark::NotApplicable => ("text-ink-3 border-line-strong", "M4.7 8h6.6"),
    };
    let word = mark_word(mark);
    let label = question.map_or_else(|| word.to_owned(), |question| format!("{question}: {word}"));
    let title = label.clone();
    view! {
        <span class=format!("inline-grid place-items-center flex-none size-[1.125rem] border rounded-sm {colours}") title=title>
            <svg class="size-3.5" viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.9" stroke-linecap="round" aria-hidden="true">
                <path d=path></path>
            </svg>
            <span class="sr-only">{label}</span>
        </span>
    }
    .into_any()
}
