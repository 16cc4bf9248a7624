//! The history in sentences: the first line of the page, what the picture shows, and how often a fault came back.

use crate::backend::{CertificateMoment, HistorySpan, HistoryView, Recurrence, Unseen};
use crate::text::visible;
use crate::when;
use crate::words::{number, plural, sentence};

/// A span, as the form offers it.
pub(super) fn span(span: HistorySpan) -> String {
    match span.days() {
        Some(365) => "a year".to_owned(),
        Some(days) => format!("{days} days"),
        None => "all that is kept".to_owned(),
    }
}

/// How many faults, as words in a sentence: `nine open faults`.
fn faults(count: u32) -> String {
    let count = u64::from(count);
    format!("{} open {}", number(count), plural(count, "fault"))
}

/// What the beginning of the span is called: `30 days ago`, or `at the first scan, 12 days ago`.
fn earlier(view: &HistoryView, is_now: bool) -> String {
    let Some((from, to)) = view.span else { return String::new() };
    let length = when::span(to.as_second() - from.as_second());
    let ago = format!("{length} {}", if is_now { "ago" } else { "before" });
    if view.is_whole { format!("at the first scan, {ago}") } else { ago }
}

/// The comparison of the end with the beginning.
fn compared(before: u32, after: u32) -> String {
    match after.cmp(&before) {
        std::cmp::Ordering::Equal => "as many as".to_owned(),
        std::cmp::Ordering::Greater => format!("{} more than", number(u64::from(after - before))),
        std::cmp::Ordering::Less => format!("{} fewer than", number(u64::from(before - after))),
    }
}

/// The first line of the page.
/// `is_now`: the span ends with the latest scan.
pub(super) fn headline(view: &HistoryView, is_now: bool) -> String {
    let Some((before, after)) = view.ends() else { return "There is no history to show yet.".to_owned() };
    let (before, after) = (before.total(), after.total());
    let cluster = visible(&view.cluster);
    let earlier = earlier(view, is_now);
    if before == 0 && after == 0 {
        let nothing_was = view.most.is_none_or(|(_, most)| most == 0);
        return if nothing_was {
            format!("No fault was open on {cluster} in this time.")
        } else {
            format!("No fault is open on {cluster}, and none was {earlier}.")
        };
    }
    sentence(&format!("{} on {cluster}, {} {earlier}.", faults(after), compared(before, after)))
}

/// What of the span is not known, in words; nothing where all of it was seen.
pub(super) fn unseen(view: &HistoryView) -> Option<String> {
    let (pauses, gaps): (Vec<_>, Vec<_>) = view.unseen.iter().partition(|unseen| unseen.is_pause());
    let (count, seconds) =
        (pauses.len() as u64, pauses.iter().map(|pause| pause.to.as_second() - pause.from.as_second()).sum());
    let not_watched = (count > 0).then(|| {
        let length = when::span(seconds);
        format!("Nothing was watched for {length} in all, in {} {}.", number(count), plural(count, "pause"))
    });
    let count = gaps.len() as u64;
    let hidden = (count > 0).then(|| {
        let stretches = if count == 1 { "stretch" } else { "stretches" };
        format!("Not everything could be read in {} {stretches} of this time.", number(count))
    });
    let said: Vec<String> = not_watched.into_iter().chain(hidden).collect();
    (!said.is_empty()).then(|| said.join(" "))
}

/// From when to when, in UTC.
pub(super) fn stretch(unseen: &Unseen) -> String {
    let written = |at: posture::Timestamp| at.strftime("%-d %b %Y, %H:%M").to_string();
    format!("{} to {} UTC", written(unseen.from), written(unseen.to))
}

/// What was not seen.
pub(super) fn what(unseen: &Unseen) -> String {
    if unseen.is_pause() {
        return "nothing was watched; what changed meanwhile dates from the first scan afterwards".to_owned();
    }
    format!("{} could not be read", visible(&unseen.kinds.join(", ")))
}

/// What happened to a certificate, in words.
pub(super) fn certificate(moment: &CertificateMoment) -> String {
    let (place, end) = (visible(&moment.place), moment.not_after.strftime("%-d %b %Y, %H:%M UTC"));
    if moment.ran_out {
        format!("{place}: the certificate ran out at {end}")
    } else {
        format!("{place}: renewed, now until {end}")
    }
}

/// How many certificates were renewed and ran out; nothing where neither was seen.
fn certificates(view: &HistoryView) -> Option<String> {
    let over = view.certificates.iter().filter(|moment| moment.ran_out).count() as u64;
    let renewed = view.certificates.len() as u64 - over;
    let count = |count: u64, did: &str| (count > 0).then(|| format!("{} {did}", number(count)));
    let parts: Vec<String> = count(renewed, "renewed").into_iter().chain(count(over, "ran out")).collect();
    let earlier = match view.earlier_certificates {
        0 => String::new(),
        earlier => format!(", and {} earlier renewals and ends that are not shown", number(earlier)),
    };
    (!parts.is_empty()).then(|| format!("Certificates: {}{earlier}.", parts.join(", ")))
}

/// What the picture shows, in words.
pub(super) fn summary(view: &HistoryView, is_now: bool) -> String {
    let Some((before, after)) = view.ends() else { return String::new() };
    let end = if is_now { "now" } else { "at the end" };
    let unconfirmed = match after.unconfirmed {
        0 => String::new(),
        count => format!(", {} of them not confirmed", number(u64::from(count))),
    };
    let compared = compared(before.total(), after.total());
    let most = view.most.filter(|(_, most)| *most > 0);
    let most =
        most.map(|(at, most)| format!("; the most at once were {most}, on {}", at.strftime("%-d %b %Y")));
    let (objects, moments) = (u64::from(view.objects), view.moment_count);
    let changed = match moments {
        0 => "Nothing changed in between.".to_owned(),
        _ => format!(
            "Something changed with {} {}: {} {} in what matters, came or went.",
            number(moments),
            plural(moments, "scan"),
            number(objects),
            if objects == 1 { "object changed" } else { "objects changed" }
        ),
    };
    format!(
        "{} {end}{unconfirmed}, {compared} {}{}. {changed}{}",
        sentence(&faults(after.total())),
        earlier(view, is_now),
        most.unwrap_or_default(),
        certificates(view).into_iter().chain(unseen(view)).fold(String::new(), |all, said| all + " " + &said),
    )
}

/// How often a fault came back, and how long its fixes took; nothing where it never did and none is known.
pub(in crate::pages) fn came_back(recurrence: &Recurrence) -> Option<String> {
    let back = recurrence.times.saturating_sub(1);
    let back = match back {
        0 => None,
        1 => Some("came back once".to_owned()),
        2 => Some("came back twice".to_owned()),
        many => Some(format!("came back {} times", number(u64::from(many)))),
    };
    let fixed = recurrence.median.map(|median| match recurrence.fixes {
        1 => format!("the fix took {}", when::span(median)),
        _ => format!("fixes took {} (median)", when::span(median)),
    });
    let parts: Vec<String> = back.into_iter().chain(fixed).collect();
    (!parts.is_empty()).then(|| format!("{}.", sentence(&parts.join("; "))))
}

#[cfg(test)]
mod tests {
    use posture::Timestamp;

    use super::*;
    use crate::backend::{OpenFaults, TrendPoint};

    const DAY: i64 = 86_400;

    fn view(before: u32, most: u32, after: u32) -> HistoryView {
        let at = |day: i64| Timestamp::from_second(day * DAY).unwrap();
        let point = |day, high| TrendPoint {
            at: at(day),
            open: OpenFaults { confirmed: [0, high, 0, 0, 0], unconfirmed: 0 },
        };
        HistoryView {
            cluster: "teaching".into(),
            now: at(31),
            asked: HistorySpan::Month,
            span: Some((at(1), at(31))),
            is_whole: false,
            points: vec![point(1, before), point(5, most), point(9, after)],
            most: Some((at(5), most)),
            moments: Vec::new(),
            changes: Vec::new(),
            objects: 7,
            moment_count: 2,
            unseen: Vec::new(),
            certificates: Vec::new(),
            earlier_certificates: 0,
            opened: Vec::new(),
        }
    }

    #[test]
    fn what_was_not_seen_is_said() {
        let mut known = view(5, 14, 9);
        assert_eq!(unseen(&known), None);
        let at = |hour: i64| Timestamp::from_second(hour * 3600).unwrap();
        known.unseen.push(Unseen { from: at(30), to: at(36), kinds: Vec::new() });
        known.unseen.push(Unseen { from: at(40), to: at(44), kinds: vec!["NetworkPolicies".into()] });
        assert_eq!(
            unseen(&known).as_deref(),
            Some(
                "Nothing was watched for 6 h in all, in one pause. Not everything could be read in one stretch of this time."
            )
        );
        assert!(summary(&known, true).ends_with("in one stretch of this time."));
    }

    #[test]
    fn renewals_that_are_not_shown_are_counted() {
        let mut known = view(5, 14, 9);
        let (at, not_after) =
            (Timestamp::from_second(DAY).unwrap(), Timestamp::from_second(99 * DAY).unwrap());
        known.certificates = vec![CertificateMoment { at, ran_out: false, place: "hub".into(), not_after }];
        assert_eq!(certificates(&known).as_deref(), Some("Certificates: one renewed."));
        known.earlier_certificates = 30;
        assert_eq!(
            certificates(&known).as_deref(),
            Some("Certificates: one renewed, and 30 earlier renewals and ends that are not shown.")
        );
    }

    #[test]
    fn the_end_is_compared_with_the_beginning() {
        assert_eq!(
            headline(&view(5, 14, 9), false),
            "Nine open faults on teaching, four more than 30 days before."
        );
        assert_eq!(headline(&view(2, 2, 1), true), "One open fault on teaching, one fewer than 30 days ago.");
        assert_eq!(
            headline(&view(2, 3, 2), false),
            "Two open faults on teaching, as many as 30 days before."
        );
    }

    #[test]
    fn what_was_open_in_between_is_not_forgotten() {
        assert_eq!(headline(&view(0, 0, 0), true), "No fault was open on teaching in this time.");
        assert_eq!(
            headline(&view(0, 3, 0), false),
            "No fault is open on teaching, and none was 30 days before."
        );
        assert!(summary(&view(5, 14, 9), true).contains("the most at once were 14, on 6 Jan 1970"));
    }

    #[test]
    fn a_history_that_is_shorter_than_asked_says_so() {
        let mut short = view(5, 14, 9);
        short.is_whole = true;
        assert!(headline(&short, true).ends_with("four more than at the first scan, 30 days ago."));
    }

    #[test]
    fn coming_back_is_counted_without_the_first_time() {
        let said = |times, fixes, median| came_back(&Recurrence { times, fixes, median, open_since: None });
        assert_eq!(
            said(3, 2, Some(3 * DAY)).as_deref(),
            Some("Came back twice; fixes took 3 days (median).")
        );
        assert_eq!(said(1, 1, Some(DAY)).as_deref(), Some("The fix took 24 h."));
        assert_eq!(said(1, 0, None), None);
    }
}
