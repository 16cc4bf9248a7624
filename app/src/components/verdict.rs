//! Verdicts: shape, word and colour, in this order of trust.

use leptos::prelude::*;
use posture::check::{Severity, Verdict};

use super::icon::Icon;

/// The word for a verdict on pages.
pub fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Fail => "fail",
        Verdict::Warn => "warn",
        Verdict::Unknown => "unknown",
        Verdict::Pass => "pass",
        Verdict::NotApplicable => "not applicable",
    }
}

/// The colour class for a verdict.
pub fn verdict_colour(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Fail => "text-fail",
        Verdict::Warn => "text-warn",
        Verdict::Unknown => "text-unknown",
        Verdict::Pass => "text-pass",
        Verdict::NotApplicable => "text-na",
    }
}

/// A verdict with its shape and colour. The word may be another where the place asks for one: `9 days`, `6 fail`.
#[component]
pub fn Badge(
    /// Decides shape and colour.
    verdict: Verdict,
    /// What it says, instead of the verdict's own word.
    #[prop(optional, into)]
    word: Option<String>,
    /// Medium weight instead of bold, for numbers in a row.
    #[prop(optional)]
    quiet: bool,
) -> impl IntoView {
    let weight = if quiet { "font-medium" } else { "font-semibold" };
    view! {
        <span class=format!("inline-flex items-baseline gap-1.5 whitespace-nowrap {weight} {}", verdict_colour(verdict))>
            <Icon shape=verdict class="size-3.5 self-center" />
            {word.unwrap_or_else(|| verdict_word(verdict).to_owned())}
        </span>
    }
    .into_any()
}

/// The word for a severity.
fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "critical",
        Severity::High => "high",
        Severity::Medium => "medium",
        Severity::Low => "low",
        Severity::Info => "info",
    }
}

/// How bad an open finding is: the shape of its verdict with the word of its severity.
#[component]
pub fn SeverityBadge(
    /// Decides shape and colour.
    verdict: Verdict,
    /// Decides the word.
    severity: Severity,
    /// Also say the verdict: `fail · critical`.
    #[prop(optional)]
    full: bool,
) -> impl IntoView {
    let word = severity_word(severity);
    let word = if full { format!("{} · {word}", verdict_word(verdict)) } else { word.to_owned() };
    view! { <Badge verdict=verdict word=word /> }.into_any()
}
