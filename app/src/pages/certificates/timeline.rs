//! What runs out when, drawn: a line for each certificate from now to its end, on one scale.

use leptos::prelude::*;
use posture::Timestamp;
use posture::certificates::{Certificate, CertificateTable, Flaw, Purpose, Standing, Validity};

use super::rows::Flawed;
use super::says;
use crate::components::{Code, Icon, Section, Style, When};
use crate::pages::surround::certificate_path;
use crate::site::href;
use crate::when::span;

const DAY: i64 = 86_400;
/// The width of the picture in its own units.
const WIDTH: i64 = 1000;
/// How many certificates of servers are drawn, and how many of authorities; the table has all.
const DRAWN: usize = 24;
const DRAWN_AUTHORITIES: usize = 6;

/// Where an instant stands in the picture, whose right edge is `horizon` seconds away.
fn place(away: i64, horizon: i64) -> i64 {
    (away.clamp(0, horizon) * WIDTH) / horizon.max(1)
}

/// How many seconds the picture shows: up to the last end, from 30 to 400 days.
fn horizon(ends: impl Iterator<Item = i64>) -> i64 {
    ends.max().unwrap_or_default().clamp(30 * DAY, 400 * DAY)
}

/// Those that are drawn, by what they are for and then by their end; and how many more there are.
fn drawn(certificates: Vec<Certificate>) -> (Vec<(Validity, Certificate)>, usize) {
    let mut known: Vec<(Validity, Certificate)> = certificates
        .into_iter()
        .filter_map(|certificate| Some((*certificate.validity.as_ref().ok()?, certificate)))
        .collect();
    let all = known.len();
    known.sort_by_key(|(validity, certificate)| (certificate.purpose, validity.not_after));
    let (mut servers, mut authorities) = (DRAWN, DRAWN_AUTHORITIES);
    known.retain(|(_, certificate)| {
        let left = match certificate.purpose {
            Purpose::Server => &mut servers,
            Purpose::Authority => &mut authorities,
        };
        let is_drawn = *left > 0;
        *left = left.saturating_sub(1);
        is_drawn
    });
    let more = all - known.len();
    (known, more)
}

#[component]
pub(super) fn Timeline(
    /// All certificates; those whose end is known are drawn.
    table: CertificateTable,
    /// The cluster.
    cluster: String,
    /// The instant at the left edge.
    as_of: Timestamp,
) -> impl IntoView {
    let (known, more) = drawn(table.certificates.clone());
    if known.is_empty() {
        return ().into_any();
    }
    let horizon = horizon(known.iter().map(|(validity, _)| validity.remaining(as_of)));
    let marks = [span(horizon / 2), span(horizon)];
    view! {
        <Section title="What runs out when" id="timeline">
            <figure class="panel bg-surface border rounded-lg overflow-hidden">
                <div class="px-3.5 pt-2.5 flex justify-between text-xs text-ink-3" aria-hidden="true">
                    <span>"now"</span>
                    {marks.into_iter().map(|mark| view! { <span>{mark}</span> }).collect_view()}
                </div>
                <ol role="list">
                    {known
                        .into_iter()
                        .map(|(validity, certificate)| {
                            let faults = table.flaws(&certificate, as_of).into_iter().filter(Flaw::is_fault).collect();
                            view! { <Line validity certificate faults cluster=cluster.clone() horizon as_of /> }
                        })
                        .collect_view()}
                </ol>
                <figcaption class="px-3.5 py-2.5 border-t text-xs text-ink-3">
                    "Each line goes from now to the end of a certificate; it is dashed where a renewal is late, dotted where the certificate is about to run out. The upright mark is when cert-manager means to renew it."
                    {(more > 0).then(|| format!(" {more} more, which end later, stand in the list below."))}
                </figcaption>
            </figure>
        </Section>
    }
    .into_any()
}

/// One certificate. The words say what the line shows, so screen readers skip it.
#[component]
fn Line(
    validity: Validity,
    certificate: Certificate,
    faults: Vec<Flaw>,
    cluster: String,
    horizon: i64,
    as_of: Timestamp,
) -> impl IntoView {
    let address = href(&certificate_path(&cluster, &certificate.key()));
    let is_authority = certificate.purpose == Purpose::Authority;
    let standing = certificate.standing(as_of);
    let (word, shape, colour) = says::standing(standing);
    let remaining = validity.remaining(as_of);
    let end = place(remaining, horizon);
    let dashes = match standing {
        Standing::Late => Some("12 6"),
        Standing::RunningOut => Some("3 5"),
        _ => None,
    };
    let is_over = remaining <= 0;
    let is_beyond = remaining > horizon;
    let renewal = certificate
        .renewal_time
        .map(|at| at.as_second() - as_of.as_second())
        .filter(|away| (1..=horizon).contains(away))
        .map(|away| place(away, horizon));
    let away = says::away(as_of, validity.not_after);
    let verb = if is_over { "ran out" } else { "ends" };
    view! {
        <li>
            <div class="flex flex-wrap items-baseline justify-between gap-x-4">
                <span class="min-w-0 wrap-anywhere">
                    <a class="font-medium hover:underline" href=address><Code text=says::name(&certificate) /></a>
                    {is_authority.then(|| view! { <span class="text-ink-3">", an authority"</span> })}
                </span>
                <span class="text-ink-2">
                    <span class=format!("{colour} font-medium whitespace-nowrap")><Icon shape=shape />" "{word}</span>
                    {format!(" · {verb} {away}, ")}
                    <When at=validity.not_after now=as_of style=Style::Date />
                </span>
            </div>
            // A long life is no comfort where clients are shown something else.
            {faults.into_iter().map(|flaw| view! { <Flawed flaw /> }).collect_view()}
            <svg
                class=format!("block w-full h-4 mt-1 {colour}")
                viewBox="0 0 1000 16"
                preserveAspectRatio="none"
                fill="none"
                stroke="currentColor"
                aria-hidden="true"
            >
                <path class="text-line" d="M0 8H1000M0 0V16M500 0V16M1000 0V16" stroke-width="1" vector-effect="non-scaling-stroke"></path>
                {(!is_over)
                    .then(|| {
                        view! {
                            <path
                                d=format!("M0 8H{end}")
                                stroke-width="6"
                                stroke-dasharray=dashes
                                vector-effect="non-scaling-stroke"
                            ></path>
                        }
                    })}
                {(!is_beyond).then(|| view! { <path d=format!("M{end} 1V15") stroke-width="3" vector-effect="non-scaling-stroke"></path> })}
                {renewal
                    .map(|at| {
                        view! { <path class="text-ink" d=format!("M{at} 0V16") stroke-width="2" vector-effect="non-scaling-stroke"></path> }
                    })}
            </svg>
        </li>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_the_first_to_end_are_drawn_and_the_rest_is_counted() {
        let end = |day: i64| Timestamp::from_second(day * DAY).unwrap();
        let mut all: Vec<Certificate> =
            (0..300).map(|day| says::tests::ending("s", end(1_000 - day))).collect();
        let authority =
            |day| Certificate { purpose: Purpose::Authority, ..says::tests::ending("a", end(day)) };
        all.extend((1..=10).map(authority));
        all.push(says::tests::unknown("x"));
        let (known, more) = drawn(all);
        assert_eq!((known.len(), more), (DRAWN + DRAWN_AUTHORITIES, 280));
        assert_eq!(known[0].0.not_after, end(701), "the first server to end");
        assert_eq!(known[DRAWN].0.not_after, end(1), "the first authority to end");
        assert_eq!(drawn(Vec::new()).1, 0);
    }

    #[test]
    fn the_scale_ends_with_the_last_certificate_within_reason() {
        assert_eq!(horizon([9 * DAY, 61 * DAY].into_iter()), 61 * DAY);
        assert_eq!(horizon([2 * DAY].into_iter()), 30 * DAY);
        assert_eq!(horizon([3_650 * DAY].into_iter()), 400 * DAY);
        assert_eq!(
            (place(-DAY, 30 * DAY), place(15 * DAY, 30 * DAY), place(99 * DAY, 30 * DAY)),
            (0, 500, WIDTH)
        );
    }
}
