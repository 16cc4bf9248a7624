//! Instants: relative in words, absolute on hover. The server writes UTC; the browser, where it helps, the viewer's own zone.

use leptos::prelude::*;
use posture::Timestamp;
use posture::x509::is_never;

use crate::instant::{AT, write_instant};
use crate::site::shown;
use crate::when::{ago, lasting};

/// How an instant is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Style {
    /// `5 days ago`; grows older while the page is open.
    #[default]
    Ago,
    /// `5 days`, for what has lasted since; grows while the page is open.
    Span,
    /// `18 Nov 2026, 09:14 UTC`.
    Instant,
    /// `18 Nov 2026`.
    Date,
}

impl Style {
    /// The name that the browser reads.
    fn name(self) -> &'static str {
        match self {
            Self::Ago => "ago",
            Self::Span => "span",
            Self::Instant => "instant",
            Self::Date => "date",
        }
    }
}

/// In a form that leads to a page: keeps the instant that this page shows.
#[component]
pub fn KeepInstant() -> impl IntoView {
    shown().map(|at| view! { <input type="hidden" name=AT value=write_instant(at) /> }).into_any()
}

/// An instant.
#[component]
pub fn When(
    /// The instant.
    at: Timestamp,
    /// The present instant; the one the whole page was made at.
    now: Timestamp,
    /// How to write it.
    #[prop(optional)]
    style: Style,
) -> impl IntoView {
    // The last hours of the year 9999 cannot be told apart; as an end they mean that there is none.
    if is_never(at) {
        return view! { <span class="whitespace-nowrap">"the end of 9999"</span> }.into_any();
    }
    let full = at.strftime("%a %-d %b %Y, %H:%M:%S UTC").to_string();
    let text = match style {
        Style::Ago => ago(now.as_millisecond(), at.as_millisecond()),
        Style::Span => lasting(now.as_millisecond(), at.as_millisecond()),
        Style::Instant => at.strftime("%-d %b %Y, %H:%M UTC").to_string(),
        Style::Date => at.strftime("%-d %b %Y").to_string(),
    };
    view! {
        <time class="whitespace-nowrap" datetime=at.to_string() title=full data-when=style.name()>
            {text}
        </time>
    }
    .into_any()
}
