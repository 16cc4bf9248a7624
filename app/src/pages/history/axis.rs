//! Where instants and numbers stand in the picture, and which of them are named at its edges.

use jiff::ToSpan;
use posture::Timestamp;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// How far the names of instants are apart, in seconds: what people count in.
const STEPS: [i64; 14] = [
    HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    5 * DAY,
    7 * DAY,
    14 * DAY,
    30 * DAY,
    61 * DAY,
    91 * DAY,
    182 * DAY,
    365 * DAY,
];

/// Where an instant stands between the two ends of a span, from `left` on.
pub(super) fn across((from, to): (Timestamp, Timestamp), at: Timestamp, left: f64, width: f64) -> f64 {
    let length = (to.as_second() - from.as_second()).max(1);
    let part = (at.as_second() - from.as_second()).clamp(0, length);
    left + width * exact(part) / exact(length)
}

/// A number of seconds, which is far below 2^53.
#[expect(clippy::cast_precision_loss, reason = "seconds of some years are exact in a float")]
fn exact(seconds: i64) -> f64 {
    seconds as f64
}

/// The instants that are named, at most `most` of them, each with its name.
pub(super) fn instants((from, to): (Timestamp, Timestamp), most: i64) -> Vec<(Timestamp, String)> {
    let (begins, ends) = (from.as_second(), to.as_second());
    let length = ends - begins;
    let step = STEPS.into_iter().find(|step| length / step <= most);
    let step = step.unwrap_or_else(|| (length / most.max(1)).max(DAY));
    let form = match step {
        ..DAY => "%-d %b, %H:%M",
        _ if length > 300 * DAY => "%b %Y",
        _ => "%-d %b",
    };
    // Days begin at midnight; so do the names of days.
    let unit = step.min(DAY);
    let first = (begins + unit - 1).div_euclid(unit) * unit;
    let mut at = Timestamp::from_second(first).ok();
    let mut named = Vec::new();
    while let Some(instant) = at.filter(|at| *at <= to) {
        named.push((instant, instant.strftime(form).to_string()));
        at = instant.checked_add(step.seconds()).ok();
    }
    named
}

/// The numbers that are named between nothing and a number, and the highest of them, which is not below that number.
pub(super) fn numbers(most: u32) -> Vec<u32> {
    let most = most.max(1);
    let step = [1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000, 5000, 10_000]
        .into_iter()
        .find(|step| most.div_ceil(*step) <= 5)
        .unwrap_or_else(|| most.div_ceil(4));
    (0..=most.div_ceil(step)).map(|at| at * step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn days_are_named_at_midnight_and_there_are_not_too_many() {
        let month = (at("2026-10-27T13:20:00Z"), at("2026-11-26T13:20:00Z"));
        let named = instants(month, 6);
        assert_eq!(
            named.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>(),
            ["28 Oct", "2 Nov", "7 Nov", "12 Nov", "17 Nov", "22 Nov"]
        );
        assert!(named.iter().all(|(at, _)| at.as_second() % DAY == 0));
        assert!(instants((month.0, month.0 + 5.hours()), 6).len() <= 6);
        assert!(instants((at("2020-01-01T00:00:00Z"), month.1), 6).len() <= 7);
    }

    #[test]
    fn numbers_are_round_and_reach_the_highest() {
        assert_eq!(numbers(0), [0, 1]);
        assert_eq!(numbers(3), [0, 1, 2, 3]);
        assert_eq!(numbers(14), [0, 5, 10, 15]);
        assert!(*numbers(123_456).last().unwrap() >= 123_456);
    }

    #[test]
    fn an_instant_outside_stands_at_the_edge() {
        let span = (at("2026-11-01T00:00:00Z"), at("2026-11-03T00:00:00Z"));
        let place = |text: &str| across(span, at(text), 10.0, 100.0).to_string();
        assert_eq!(place("2026-11-02T00:00:00Z"), "60");
        assert_eq!(
            (place("2026-10-01T00:00:00Z").as_str(), place("2026-12-01T00:00:00Z").as_str()),
            ("10", "110")
        );
    }
}
