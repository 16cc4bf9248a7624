//! Instants in words: the same text on the server and, as time passes, in the browser.

/// How long ago `then` was, in words: `12 s ago`, `5 days ago`; an instant to come reads `in 9 days`. Both in milliseconds since 1970.
pub fn ago(now: i64, then: i64) -> String {
    let seconds = now.saturating_sub(then) / 1000;
    match seconds {
        -4..=4 => "just now".to_owned(),
        5.. => format!("{} ago", span(seconds)),
        _ => format!("in {}", span(seconds.saturating_neg())),
    }
}

/// How long it has lasted since `then`, in words: `12 s`, `5 days`. Both in milliseconds since 1970.
pub fn lasting(now: i64, then: i64) -> String {
    span((now.saturating_sub(then) / 1000).max(0))
}

/// A length of time in one unit, rounded down: `47 min`, `26 h`, `5 days`.
pub fn span(seconds: i64) -> String {
    const MINUTE: i64 = 60;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    // Averages are good enough for words; the exact instant stands beside them.
    const MONTH: i64 = 30 * DAY;
    const YEAR: i64 = 365 * DAY;
    if seconds < MINUTE {
        return format!("{seconds} s");
    }
    if seconds < HOUR {
        return format!("{} min", seconds / MINUTE);
    }
    if seconds < 2 * DAY {
        return format!("{} h", seconds / HOUR);
    }
    let (count, unit) = match seconds {
        _ if seconds < 2 * MONTH => (seconds / DAY, "day"),
        _ if seconds < YEAR => (seconds / MONTH, "month"),
        _ => (seconds / YEAR, "year"),
    };
    if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_grows_with_the_distance() {
        let at = |seconds: i64| ago(1_000 * 1_000 * 86_400, 1_000 * (1_000 * 86_400 - seconds));
        assert_eq!(at(0), "just now");
        assert_eq!(at(12), "12 s ago");
        assert_eq!(at(59 * 60), "59 min ago");
        assert_eq!(at(47 * 3600), "47 h ago");
        assert_eq!(at(5 * 86_400), "5 days ago");
        assert_eq!(at(59 * 86_400), "59 days ago");
        assert_eq!(at(60 * 86_400), "2 months ago");
        assert_eq!(at(364 * 86_400), "12 months ago");
        assert_eq!(at(365 * 86_400), "1 year ago");
        assert_eq!(at(-9 * 86_400), "in 9 days");
    }

    #[test]
    fn what_lasts_has_a_length_and_no_direction() {
        assert_eq!(lasting(5 * 86_400_000, 0), "5 days");
        assert_eq!(lasting(0, 3_000), "0 s");
    }

    #[test]
    fn clocks_that_differ_a_little_do_not_speak_of_the_future() {
        assert_eq!(ago(0, 3_000), "just now");
    }

    #[test]
    fn the_longest_distance_has_words() {
        assert!(ago(i64::MAX, i64::MIN).ends_with("years ago"));
    }
}
