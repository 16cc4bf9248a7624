//! The way of a packet, drawn: a line from the notebook to the destination, with a wall where it stops.

use leptos::prelude::*;
use posture::network::{Because, Verdict};
use posture::reach::Found;

/// Where the line meets a wall: near the source for what it may not send, near the destination for what is not accepted.
fn wall(found: &Found) -> &'static str {
    let egress = &found.policies.egress;
    let stops_here = found.barrier.is_some() || egress.verdict != Verdict::Allowed;
    if stops_here || egress.because == Because::Rule { "40" } else { "84" }
}

/// Draws an answer. The word beside it says the same, so screen readers skip it.
#[component]
pub(super) fn Way(
    /// The verdict; `None` where there is no destination.
    verdict: Option<Verdict>,
    /// The answer that reaches furthest.
    found: Option<Found>,
) -> impl IntoView {
    let at = found.as_ref().map_or("62", wall);
    let x: u16 = at.parse().unwrap_or(62);
    let (before, behind) = ((x - 5).to_string(), (x + 5).to_string());
    let colour = match verdict {
        Some(Verdict::Allowed) => "text-ink-2",
        Some(Verdict::Denied) => "text-ink-3",
        Some(Verdict::CniDependent | Verdict::Unknown) => "text-unknown",
        None => "text-line-strong",
    };
    let gate = match verdict {
        // A wall with a gap in it, and the line going through.
        Some(Verdict::Allowed) => view! {
            <path d=format!("M{x} 0v6M{x} 14v6") stroke-width="3"></path>
            <path d="M10 10H104M99 6l5 4-5 4" stroke-width="1.5"></path>
        }
        .into_any(),
        // A whole wall: the line ends, and behind it there is nothing but dots.
        Some(Verdict::Denied) => view! {
            <path d=format!("M10 10H{before}") stroke-width="1.5"></path>
            <path d=format!("M{x} 1v18") stroke-width="4"></path>
            <path d=format!("M{behind} 10H104") stroke-width="1.5" stroke-dasharray="1 5"></path>
        }
        .into_any(),
        // A wall that may be one: drawn with gaps, with a question on it.
        Some(Verdict::CniDependent | Verdict::Unknown) => view! {
            <path d=format!("M10 10H{}M{} 10H104", x - 10, x + 10) stroke-width="1.5" stroke-dasharray="5 4"></path>
            <circle cx=at cy="10" r="8" stroke-width="1.25" stroke-dasharray="3 2"></circle>
            <path
                d=format!("M{} 7.6c0-1.6 1.2-2.4 2.5-2.4s2.4.8 2.4 2.1c0 1.7-2.4 1.8-2.4 3.6M{x} 13.6v1.2", f32::from(x) - 2.5)
                stroke-width="1.4"
            ></path>
        }
        .into_any(),
        None => view! { <path d="M10 10H104" stroke-width="1" stroke-dasharray="1 5"></path> }.into_any(),
    };
    view! {
        <svg class=format!("block w-32 h-5 {colour}") viewBox="0 0 124 20" fill="none" stroke="currentColor" aria-hidden="true">
            <circle cx="6" cy="10" r="4" fill="currentColor" stroke="none"></circle>
            {gate}
            <rect x="109" y="5" width="10" height="10" rx="2" stroke-width="1.75"></rect>
        </svg>
    }
}
