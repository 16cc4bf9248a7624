//! Pages that say one thing: an error, or that nobody is signed in.

use leptos::prelude::*;
use posture::Timestamp;

use crate::components::PageHead;
use crate::error::AppError;
use crate::frame::FrameView;
use crate::page::PageView;
use crate::site::href;
use crate::words;

/// An error, with the way back.
pub fn error(error: &AppError, now: Timestamp) -> PageView {
    let title = match error {
        AppError::NotFound { .. } => "Not found",
        AppError::BadRequest { .. } => "This address cannot be understood",
        AppError::Internal { .. } => "Something of ours failed",
    };
    let sentence = format!("{}.", words::sentence(&error.to_string()));
    let advice = match error {
        AppError::Internal { .. } => "The log of the server says more. Nothing that was stored is lost.",
        AppError::NotFound { .. } => "It may have been renamed or removed since the link was made.",
        AppError::BadRequest { .. } => {
            "Nothing is wrong with the hub: only the address was mistyped or cut off."
        }
    };
    page(title, sentence, advice, true, now)
}

/// Nobody is signed in.
pub fn signed_out(now: Timestamp) -> PageView {
    page(
        "Sign in",
        "Open the link that Perijove printed when it started.".to_owned(),
        "The link works once. After each use a fresh one is printed in the same terminal, or in the log of the pod.",
        false,
        now,
    )
}

/// The one-time link was used before, or is not the newest.
pub fn spent_link(now: Timestamp) -> PageView {
    page(
        "Sign in",
        "This link has been used, or a newer one was printed.".to_owned(),
        "Look for the last link in the terminal in which Perijove runs, or in the log of the pod.",
        false,
        now,
    )
}

fn page(
    title: &'static str,
    sentence: String,
    advice: &'static str,
    with_way_back: bool,
    now: Timestamp,
) -> PageView {
    PageView::new(FrameView::bare(title, now), move || {
        view! {
            <PageHead title=move || sentence.clone() lede=move || advice />
            {with_way_back
                .then(|| view! { <p class="mt-4"><a class="link" href=href("")>"Go to the overview"</a></p> })}
        }
    })
}
