//! How long a certificate holds, drawn, with the instants from which it is late and running out.

use leptos::prelude::*;
use posture::Timestamp;
use posture::certificates::{Certificate, Renewer, Standing, Thresholds, Validity};

use super::says;
use crate::components::{Facts, Icon, Panel, Section, Style, When};
use crate::when::span;

/// The width of the picture in its own units.
const WIDTH: i64 = 1000;

/// Where an instant stands between beginning and end.
fn place(validity: (i64, i64), at: i64) -> i64 {
    let (start, end) = validity;
    // Nothing keeps an authority from signing an end that is before the beginning.
    let length = (end - start).max(1);
    (at - start).clamp(0, length) * WIDTH / length
}

fn instant(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or(Timestamp::MAX)
}

#[component]
pub(super) fn Holds(
    /// The certificate.
    certificate: Certificate,
    /// The instant that is shown.
    as_of: Timestamp,
) -> impl IntoView {
    let Ok(validity) = certificate.validity.clone() else { return ().into_any() };
    let standing = certificate.standing(as_of);
    let (word, shape, colour) = says::standing(standing);
    let thresholds = certificate.thresholds();
    let when = |at: Timestamp| view! { <When at=at now=as_of style=Style::Instant /> }.into_any();
    let mut facts: Vec<(String, AnyView)> = Vec::new();
    let mut add = |name: &str, value: AnyView| facts.push((name.to_owned(), value));
    add(
        "State",
        view! { <span class=format!("{colour} font-medium")><Icon shape=shape />" "{word}</span> }.into_any(),
    );
    match validity.not_before {
        Some(start) => add("Holds from", when(start)),
        None => add("Holds from", "not known, so what is late cannot be told".into_any()),
    }
    add("Until", when(validity.not_after));
    add("Left", left(&validity, as_of).into_any());
    if let Some(Thresholds { late_below, running_out_below }) = thresholds {
        let end = validity.not_after.as_second();
        add("Late from", when(instant(end - late_below)));
        add("Running out from", when(instant(end - running_out_below)));
    }
    if let Some(at) = certificate.renewal_time {
        add("Renewal meant for", when(at));
    }
    add("Renewed by", renewal(&certificate, standing).into_any());
    view! {
        <Section title="How long it holds" id="validity">
            <Panel padded=true>
                {thresholds.map(|thresholds| view! { <Bar validity thresholds renewal=certificate.renewal_time as_of /> })}
                <Facts facts />
            </Panel>
        </Section>
    }
    .into_any()
}

fn left(validity: &Validity, as_of: Timestamp) -> String {
    let remaining = validity.remaining(as_of);
    if validity.lifetime().is_some_and(|lifetime| lifetime < 0) {
        return "nothing: it ends before it begins, so it never holds".to_owned();
    }
    if remaining <= 0 {
        return "nothing".to_owned();
    }
    match (validity.share(as_of), validity.lifetime()) {
        (Some(share), Some(lifetime)) => {
            format!("{}, {share} % of {}", long(remaining.min(lifetime)), long(lifetime))
        }
        _ => span(remaining),
    }
}

/// A length of time beside another, which it must not look like: days also where words would say months.
fn long(seconds: i64) -> String {
    const DAY: i64 = 86_400;
    if (2 * DAY..1_000 * DAY).contains(&seconds) { format!("{} days", seconds / DAY) } else { span(seconds) }
}

/// Who renews it, and whether that is on its way.
fn renewal(certificate: &Certificate, standing: Standing) -> String {
    let mut text = says::renewer(&certificate.renewer).to_owned();
    if certificate.renewer == Renewer::NobodySeen {
        text += ": a person, or a program that leaves no Certificate of cert-manager";
    }
    if certificate.is_failing {
        text += "; the last attempt failed";
    } else if matches!(standing, Standing::Late | Standing::RunningOut) {
        text += "; it is late";
    }
    text
}

/// From beginning to end: what has passed is solid; where it is late and running out is textured. The facts beside it say the same.
#[component]
fn Bar(
    validity: Validity,
    thresholds: Thresholds,
    renewal: Option<Timestamp>,
    as_of: Timestamp,
) -> impl IntoView {
    let Some(start) = validity.not_before else { return ().into_any() };
    let end = validity.not_after.as_second();
    let whole = (start.as_second(), end);
    let late = place(whole, end - thresholds.late_below);
    let running_out = place(whole, end - thresholds.running_out_below);
    let now = place(whole, as_of.as_second());
    let renewal = renewal.map(|at| place(whole, at.as_second()));
    view! {
        <figure class="mb-3">
            <svg class="block w-full h-8" viewBox="0 0 1000 32" preserveAspectRatio="none" fill="none" stroke="currentColor" aria-hidden="true">
                <path class="text-line" d="M0 16H1000M0 6V26M1000 6V26" stroke-width="1" vector-effect="non-scaling-stroke"></path>
                <path class="text-pass" d=format!("M0 16H{late}") stroke-width="8" vector-effect="non-scaling-stroke"></path>
                <path class="text-warn" d=format!("M{late} 16H{running_out}") stroke-width="8" stroke-dasharray="9 4" vector-effect="non-scaling-stroke"></path>
                <path class="text-fail" d=format!("M{running_out} 16H1000") stroke-width="8" stroke-dasharray="3 4" vector-effect="non-scaling-stroke"></path>
                {renewal.map(|at| view! { <path class="text-ink-3" d=format!("M{at} 6V26") stroke-width="2" vector-effect="non-scaling-stroke"></path> })}
                <path class="text-ink" d=format!("M{now} 0V32") stroke-width="3" vector-effect="non-scaling-stroke"></path>
            </svg>
            <figcaption class="mt-1 text-xs text-ink-3">
                "From its beginning to its end; the thick upright mark is the instant shown"
                {renewal.map(|_| ", the thin one when cert-manager means to renew it")}
                ". Dashed: its renewal is late. Dotted: it is running out."
            </figcaption>
        </figure>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::super::super::says::tests::ending;
    use super::*;

    const DAY: i64 = 86_400;

    #[test]
    fn instants_stand_where_they_belong_and_never_outside() {
        assert_eq!([-5, 0, 25, 100, 900].map(|at| place((0, 100), at)), [0, 0, 250, 1000, 1000]);
        assert_eq!(place((7, 7), 7), 0);
        assert_eq!(place((9, 3), 5), 0, "a hostile certificate ends before it begins");
    }

    #[test]
    fn what_is_left_has_a_length_and_a_share() {
        let now = Timestamp::from_second(1_000 * DAY).unwrap();
        let of = |days: i64| *ending("a", instant((1_000 + days) * DAY)).validity.as_ref().unwrap();
        assert_eq!(left(&of(45), now), "45 days, 50 % of 90 days");
        assert_eq!(left(&of(-1), now), "nothing");
        assert_eq!(left(&Validity { not_before: None, ..of(45) }, now), "45 days");
        let turned = Validity { not_before: Some(instant(2_000 * DAY)), ..of(45) };
        assert_eq!(left(&turned, now), "nothing: it ends before it begins, so it never holds");
    }
}
