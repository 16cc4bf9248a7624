//! What stands above a page of the past: which instant it shows, what is known of it, and ways to other instants.

use leptos::prelude::*;
use posture::Timestamp;

use super::view::Travel;
use crate::backend::{Moment, Past};
use crate::components::{Notice, Style, Tone, When};
use crate::instant::AT;
use crate::site::{at_instant, href_now};

/// The strip's width in its own units.
const WIDTH: i64 = Past::PARTS as i64;
/// Moments closer than this to each other are one mark: marks are links, and a finger needs room.
const APART: i64 = 16;

/// Says that the page shows the past, and leads to other instants and back.
#[component]
pub(super) fn PastBanner(past: Past, travel: Travel, now: Timestamp) -> impl IntoView {
    let at = past.at;
    let back = href_now(&travel.path);
    let strip = past.span.filter(|(from, to)| from < to);
    let shown = past.clone();
    view! {
        <div class="mb-5">
            <Notice
                tone=Tone::Past
                title=move || {
                    view! {
                        "You see this page as it was on "
                        <When at=at now=now style=Style::Instant />
                        ". "
                        <a class="link" href=back.clone()>"Back to now"</a>
                    }
                }
            >
                <p>{known(&past, now)}</p>
                {strip.map(|span| view! { <Strip span=span past=shown travel=travel.clone() /> })}
            </Notice>
        </div>
    }
    .into_any()
}

/// What is known of the instant.
fn known(past: &Past, now: Timestamp) -> AnyView {
    let Some(taken_at) = past.taken_at else {
        let first = past.span.map(|(first, _)| {
            view! { " The first scan that can be shown is of " <When at=first now=now style=Style::Instant /> "." }
        });
        return view! { "Nothing is known of that time." {first} }.into_any();
    };
    if let Some(until) = past.paused_until {
        return view! {
            "Nothing was watched then: Perijove was not running, or could not take a scan. What you see was confirmed last on "
            <When at=taken_at now=now style=Style::Instant />
            "; the next scan is of "
            <When at=until now=now style=Style::Instant />
            "."
        }
        .into_any();
    }
    view! {
        "The scan shown was taken on "
        <When at=taken_at now=now style=Style::Instant />
        ", and is judged as it was then. “Ago” counts from today; how long certificates hold counts from then."
    }
    .into_any()
}

/// The time that can be gone back to, with a mark for each moment at which something changed, and a slider to any instant of it.
#[component]
fn Strip(span: (Timestamp, Timestamp), past: Past, travel: Travel) -> impl IntoView {
    let (from, to) = span;
    let Past { at, moments, earlier, later, .. } = past;
    let place = move |at: Timestamp| scale(span, at);
    let path = travel.path.clone();
    let link = move |at: Timestamp| href_now(&at_instant(&path, at));
    let step = {
        let link = link.clone();
        move |moment: Option<Timestamp>, words: &'static str| {
            moment.map(|at| view! { <a class="link" href=link(at)>{words}</a> })
        }
    };
    let needle = place(at);
    view! {
        <nav class="no-print mt-2.5" aria-label="Other instants">
            <svg
                class="block w-full h-6 text-accent"
                viewBox=format!("0 0 {WIDTH} 24")
                preserveAspectRatio="none"
                role="group"
                aria-label="Moments at which something changed"
            >
                <rect class="fill-line-strong" y="11" width=WIDTH height="2"></rect>
                {marks(&moments, place)
                    .into_iter()
                    .map(|mark| {
                        let title = mark.says.clone();
                        view! {
                            <a href=link(mark.at) aria-label=mark.says>
                                <title>{title}</title>
                                <rect x=mark.x - 7 width="14" height="24" fill="transparent"></rect>
                                <rect x=mark.x - 2 y="5" width="4" height="14" fill="currentColor"></rect>
                            </a>
                        }
                    })
                    .collect_view()}
                <path d=format!("M{} 0h12l-6 8z", needle - 6) class="fill-ink"></path>
            </svg>
            <form class="flex flex-wrap items-center gap-x-4 gap-y-1" method="get" action=href_now(travel.page())>
                {travel.kept().map(|(name, value)| view! { <input type="hidden" name=name value=value /> }).collect_view()}
                <input
                    class="basis-full h-6 accent-accent"
                    type="range"
                    name=AT
                    aria-label="An instant"
                    min=from.as_second()
                    max=to.as_second()
                    step="60"
                    value=at.as_second()
                />
                <p class="basis-full flex justify-between gap-3 text-ink-2" aria-hidden="true">
                    <span>{from.strftime("%-d %b %Y").to_string()}</span>
                    <span>{to.strftime("%-d %b %Y").to_string()}</span>
                </p>
                <button class="button" type="submit">"Show this instant"</button>
                {step(earlier, "Earlier change")}
                {step(later, "Later change")}
            </form>
        </nav>
    }
    .into_any()
}

/// Where an instant stands on the strip.
fn scale((from, to): (Timestamp, Timestamp), at: Timestamp) -> i64 {
    let length = (to.as_second() - from.as_second()).max(1);
    let part = (at.as_second() - from.as_second()).clamp(0, length);
    // Thousands of seconds times a thousand stay far below 2^63.
    part * WIDTH / length
}

/// A mark on the strip.
struct Mark {
    x: i64,
    at: Timestamp,
    says: String,
}

/// The marks: moments that stand too close to each other are one, which leads to the last of them.
fn marks(moments: &[Moment], place: impl Fn(Timestamp) -> i64) -> Vec<Mark> {
    let mut groups: Vec<(i64, Moment)> = Vec::new();
    for moment in moments {
        let x = place(moment.at);
        match groups.last_mut() {
            Some((first, group)) if x - *first < APART => {
                group.at = moment.at;
                group.changes += moment.changes;
            }
            _ => groups.push((x, *moment)),
        }
    }
    let says = |moment: &Moment| {
        let when = moment.at.strftime("%-d %b %Y, %H:%M UTC");
        let plural = if moment.changes == 1 { "" } else { "s" };
        format!("{when}: {} change{plural}", moment.changes)
    };
    groups.into_iter().map(|(x, moment)| Mark { x, at: moment.at, says: says(&moment) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn an_instant_has_its_place_even_outside_the_strip() {
        let span = (second(1_000), second(2_000));
        assert_eq!(scale(span, second(1_500)), 500);
        assert_eq!((scale(span, second(0)), scale(span, second(9_000))), (0, WIDTH));
        assert_eq!(scale((second(5), second(5)), second(5)), 0);
    }

    #[test]
    fn moments_that_would_overlap_are_one_mark_that_counts_them() {
        let moments = [(0, 1), (10, 2), (500, 4)].map(|(at, changes)| Moment { at: second(at), changes });
        let marks = marks(&moments, Timestamp::as_second);
        assert_eq!(
            marks.iter().map(|mark| (mark.x, mark.at)).collect::<Vec<_>>(),
            [(0, second(10)), (500, second(500))]
        );
        assert!(marks[0].says.ends_with(": 3 changes"));
    }
}
