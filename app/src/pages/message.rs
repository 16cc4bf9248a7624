//! Pages that say one thing: an error, or that nobody is signed in.

use leptos::prelude::*;
use posture::Timestamp;

use crate::components::PageHead;
use crate::error::AppError;
use crate::frame::FrameView;
use crate::page::PageView;
use crate::site::href_now;
use crate::words;

/// An error, with the way back; `back_to_now` is the same page as of now, where the past was asked for.
pub fn error(error: &AppError, back_to_now: Option<&str>, now: Timestamp) -> PageView {
    let title = match error {
        AppError::NotFound { .. } => "Not found",
        AppError::BadRequest { .. } => "This address cannot be understood",
        AppError::Forbidden { .. } => "You may look and not change",
        AppError::Internal { .. } => "Something of ours failed",
    };
    let sentence = format!("{}.", words::sentence(&error.to_string()));
    let advice = match error {
        AppError::Forbidden { .. } => "Ask somebody who administers this Perijove.",
        AppError::Internal { .. } => "The log of the server says more. Nothing that was stored is lost.",
        AppError::NotFound { .. } if back_to_now.is_some() => {
            "It may not have been there yet at the instant you look at, or have had another name."
        }
        AppError::NotFound { .. } => "It may have been renamed or removed since the link was made.",
        AppError::BadRequest { .. } => {
            "Nothing is wrong with the hub: only the address was mistyped or cut off."
        }
    };
    let mut ways = vec![("Go to the overview", String::new())];
    ways.extend(back_to_now.map(|path| ("See this page as of now", path.to_owned())));
    page(title, sentence, advice, ways, now)
}

/// Nobody is signed in.
pub fn signed_out(now: Timestamp) -> PageView {
    page(
        "Sign in",
        "Open the link that Perijove printed when it started.".to_owned(),
        "The link works once. After each use a fresh one is printed in the same terminal, or in the log of the pod.",
        Vec::new(),
        now,
    )
}

/// The one-time link was used before, or is not the newest.
pub fn spent_link(now: Timestamp) -> PageView {
    page(
        "Sign in",
        "This link has been used, or a newer one was printed.".to_owned(),
        "Look for the last link in the terminal in which Perijove runs, or in the log of the pod.",
        Vec::new(),
        now,
    )
}

fn page(
    title: &'static str,
    sentence: String,
    advice: &'static str,
    ways: Vec<(&'static str, String)>,
    now: Timestamp,
) -> PageView {
    PageView::new(FrameView::bare(title, now), move || {
        view! {
            <PageHead title=move || sentence.clone() lede=move || advice />
            {ways
                .into_iter()
                .map(|(words, path)| view! { <p class="mt-4"><a class="link" href=href_now(&path)>{words}</a></p> })
                .collect_view()}
        }
    })
}
