//! What may hide more certificates, and what was to be looked at and could not be.

use leptos::prelude::*;
use posture::certificates::{Missed, Silent};
use posture::gap::Gap;

use super::says;
use crate::components::{Notice, Prose, Tone};
use crate::words::sentence;

/// What may hide more certificates.
#[component]
pub(super) fn Hidden(
    /// What could not be read.
    gaps: Vec<Gap>,
) -> impl IntoView {
    let lines = gaps.into_iter().map(|gap| format!("{gap}. Needed: {}.", gap.permission())).collect();
    view! {
        <Notice tone=Tone::Gap title=|| "There may be more certificates, and more that uses them.">
            <Lines lines />
        </Notice>
    }
    .into_any()
}

/// What the configuration names and nothing was seen of.
#[component]
pub(super) fn Unseen(
    /// What could not be looked at.
    missed: Vec<Missed>,
    /// What was connected to and showed no certificate.
    silent: Vec<Silent>,
) -> impl IntoView {
    let missed = missed.into_iter().map(|missed| format!("{}: {}.", missed.spot, missed.why));
    let silent =
        silent.into_iter().map(|silent| format!("{}: {}.", says::at(&silent.host, silent.port), silent.why));
    let lines = missed.chain(silent).collect();
    view! {
        <Notice tone=Tone::Gap title=|| "The configuration names more than could be seen.">
            <Lines lines />
        </Notice>
    }
    .into_any()
}

#[component]
fn Lines(lines: Vec<String>) -> impl IntoView {
    view! {
        <ul role="list">
            {lines
                .into_iter()
                .map(|line| view! { <li class="wrap-anywhere"><Prose text=capital(&line) /></li> })
                .collect_view()}
        </ul>
    }
    .into_any()
}

/// As a sentence of its own, unless a host's name begins it.
fn capital(line: &str) -> String {
    let first = line.split([' ', ':']).next().unwrap_or_default();
    if first.contains('.') { line.to_owned() } else { sentence(line) }
}
