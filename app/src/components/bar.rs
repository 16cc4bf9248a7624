//! Counts of verdicts as a bar and in words.

use leptos::prelude::*;
use posture::check::Verdict;

use super::verdict::{Badge, verdict_word};

/// The order in which verdicts are counted: the worst first. What is not applicable is not counted.
const ORDER: [Verdict; 4] = [Verdict::Fail, Verdict::Warn, Verdict::Unknown, Verdict::Pass];

fn fill(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Fail => "fill-fail",
        Verdict::Warn => "fill-warn",
        Verdict::Unknown => "fill-unknown",
        Verdict::Pass => "fill-pass",
        Verdict::NotApplicable => "fill-line-strong",
    }
}

/// A bar whose parts are as long as the counts. It repeats what [`CountWords`] says, so screen readers skip it.
#[component]
pub fn CountBar(
    /// How many there are of each verdict; what is missing counts as zero.
    counts: Vec<(Verdict, u64)>,
) -> impl IntoView {
    let parts = parts(&counts);
    view! {
        <svg class="block w-full h-1.5 rounded-full overflow-hidden" viewBox="0 0 1000 6" preserveAspectRatio="none" aria-hidden="true">
            {if parts.is_empty() {
                view! { <rect class="fill-line" width="1000" height="6"></rect> }.into_any()
            } else {
                parts
                    .into_iter()
                    .map(|part| {
                        view! {
                            <rect class=fill(part.verdict) x=part.start.to_string() width=part.length.to_string() height="6"></rect>
                        }
                    })
                    .collect_view()
                    .into_any()
            }}
        </svg>
    }
    .into_any()
}

/// A part of the bar, in thousandths.
#[derive(Debug, PartialEq, Eq)]
struct Part {
    verdict: Verdict,
    start: u64,
    length: u64,
}

/// Lays the parts out with gaps between them; even one of many stays wide enough to be seen.
fn parts(counts: &[(Verdict, u64)]) -> Vec<Part> {
    const GAP: u64 = 6;
    const LEAST: u64 = 12;
    let present: Vec<(Verdict, u64)> =
        ORDER.into_iter().map(|verdict| (verdict, count(counts, verdict))).filter(|(_, n)| *n > 0).collect();
    let total: u64 = present.iter().map(|(_, n)| n).sum();
    let Some(room) =
        (present.len() as u64).checked_sub(1).map(|gaps| 1000 - gaps * GAP - present.len() as u64 * LEAST)
    else {
        return Vec::new();
    };
    let mut start = 0;
    let last = present.len() - 1;
    present
        .into_iter()
        .enumerate()
        .map(|(at, (verdict, n))| {
            let length = if at == last { 1000 - start } else { LEAST + room * n / total };
            let part = Part { verdict, start, length };
            start += length + GAP;
            part
        })
        .collect()
}

fn count(counts: &[(Verdict, u64)], verdict: Verdict) -> u64 {
    counts.iter().filter(|(of, _)| *of == verdict).map(|(_, n)| n).sum()
}

/// The counts in words with their shapes: `6 fail · 7 warn · 25 pass`. Zeros are left out, except when there is nothing else.
#[component]
pub fn CountWords(
    /// How many there are of each verdict.
    counts: Vec<(Verdict, u64)>,
) -> impl IntoView {
    let present: Vec<(Verdict, u64)> =
        ORDER.into_iter().map(|verdict| (verdict, count(&counts, verdict))).filter(|(_, n)| *n > 0).collect();
    if present.is_empty() {
        return view! { <p class="text-ink-3">"nothing judged yet"</p> }.into_any();
    }
    view! {
        <ul class="flex flex-wrap gap-x-3.5 gap-y-0.5 tabular-nums" role="list">
            {present
                .into_iter()
                .map(|(verdict, n)| {
                    view! {
                        <li>
                            <Badge verdict=verdict word=format!("{n} {}", verdict_word(verdict)) quiet=true />
                        </li>
                    }
                })
                .collect_view()}
        </ul>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_fill_the_bar_exactly() {
        let parts = parts(&[(Verdict::Pass, 34), (Verdict::Fail, 3), (Verdict::Warn, 4)]);
        assert_eq!(
            parts.iter().map(|part| part.verdict).collect::<Vec<_>>(),
            [Verdict::Fail, Verdict::Warn, Verdict::Pass]
        );
        let last = parts.last().unwrap();
        assert_eq!(last.start + last.length, 1000);
    }

    #[test]
    fn one_among_thousands_is_still_seen() {
        let parts = parts(&[(Verdict::Fail, 1), (Verdict::Pass, 9_999)]);
        assert_eq!(parts[0].length, 12);
    }

    #[test]
    fn nothing_judged_is_no_bar() {
        assert_eq!(parts(&[(Verdict::NotApplicable, 4)]), []);
    }
}
