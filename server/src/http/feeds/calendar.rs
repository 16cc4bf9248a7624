//! A calendar as RFC 5545 writes it: one event for the end of each certificate.

use app::backend::CertificatesView;
use posture::Timestamp;
use posture::certificates::{Certificate, Purpose};
use posture::hostile::visible;
use posture::x509::{Fingerprint, is_never};
use sha2::{Digest, Sha256};

/// How many octets a line may have, its end aside (RFC 5545, section 3.1).
const LINE: usize = 75;

/// A time zone of UTC: a calendar must hold something, also where nothing ends (section 3.6).
const NOTHING: [(&str, &str); 8] = [
    ("BEGIN", "VTIMEZONE"),
    ("TZID", "Etc/UTC"),
    ("BEGIN", "STANDARD"),
    ("DTSTART", "19700101T000000"),
    ("TZOFFSETFROM", "+0000"),
    ("TZOFFSETTO", "+0000"),
    ("END", "STANDARD"),
    ("END", "VTIMEZONE"),
];

/// The calendar of what a view shows.
pub(super) fn write(view: &CertificatesView) -> String {
    let name = text(&format!("Certificates of {}", view.cluster));
    let mut lines = Lines::default();
    lines.add("BEGIN", "VCALENDAR");
    lines.add("VERSION", "2.0");
    lines.add("PRODID", "-//Perijove//Certificates//EN");
    lines.add("CALSCALE", "GREGORIAN");
    lines.add("NAME", &name);
    lines.add("X-WR-CALNAME", &name);
    if let Some(missing) = missing(view) {
        let missing = text(&missing);
        lines.add("DESCRIPTION", &missing);
        lines.add("X-WR-CALDESC", &missing);
    }
    lines.add("REFRESH-INTERVAL;VALUE=DURATION", "PT6H");
    lines.add("X-PUBLISHED-TTL", "PT6H");
    let certificates = view.table.iter().flat_map(|table| &table.certificates);
    let mut ends: Vec<(Timestamp, &Certificate)> = certificates
        .filter_map(|certificate| Some((certificate.validity.as_ref().ok()?.not_after, certificate)))
        .filter(|(end, _)| !is_never(*end))
        .collect();
    ends.sort_by_key(|(end, certificate)| (*end, certificate.key()));
    ends.dedup_by_key(|(end, certificate)| (*end, certificate.key()));
    for (end, certificate) in &ends {
        event(&mut lines, &view.cluster, certificate, *end, view.as_of);
    }
    if let Some(missing) = missing(view) {
        incomplete(&mut lines, view, &missing);
    } else if ends.is_empty() {
        for (property, value) in NOTHING {
            lines.add(property, value);
        }
    }
    lines.add("END", "VCALENDAR");
    lines.0
}

/// What may keep ends from standing in the calendar, as a sentence for each; `None` where nothing does.
fn missing(view: &CertificatesView) -> Option<String> {
    let Some(table) = &view.table else {
        let why = if view.is_limited {
            "Whoever made this calendar may see some hubs of the cluster only, and certificates belong to the whole."
        } else {
            "Nothing is known of the certificates of this cluster yet."
        };
        return Some(why.to_owned());
    };
    let gaps = table.gaps.iter().map(|gap| app::words::sentence(&format!("{gap}.")));
    let missed = table.missed.iter().map(|missed| format!("{} was not seen: {}.", missed.spot, missed.why));
    let silent =
        table.silent.iter().map(|silent| format!("{} showed no certificate: {}.", silent.host, silent.why));
    let unknown = table.certificates.iter().filter_map(|certificate| {
        let why = certificate.validity.as_ref().err()?.sentence();
        Some(format!("When {} runs out is not known. {why}", app::pages::certificate_words(certificate).0))
    });
    let all: Vec<String> = gaps.chain(missed).chain(silent).chain(unknown).collect();
    if all.is_empty() {
        return None;
    }
    let more = all.len().saturating_sub(MOST_GAPS);
    let mut lines = vec![format!("This calendar may lack ends of certificates in cluster {}:", view.cluster)];
    lines.extend(all.into_iter().take(MOST_GAPS));
    lines.extend((more > 0).then(|| format!("and {more} more.")));
    Some(lines.join("\n"))
}

/// How many reasons a calendar tells; the page has all.
const MOST_GAPS: usize = 10;

/// An event of this day, all day long (section 3.6.1): programs that show no description of a calendar show this. It is the same event
/// each time, so that it moves on from day to day and goes once everything can be read.
fn incomplete(lines: &mut Lines, view: &CertificatesView, missing: &str) {
    let uid = Fingerprint(Sha256::digest(format!("{}\nincomplete", view.cluster)).into());
    lines.add("BEGIN", "VEVENT");
    lines.add("UID", &format!("{uid}@perijove"));
    lines.add("DTSTAMP", &instant(view.as_of));
    lines.add("DTSTART;VALUE=DATE", &view.as_of.strftime("%Y%m%d").to_string());
    lines.add("SUMMARY", &text(&format!("Not all ends of certificates of {} are known", view.cluster)));
    lines.add("DESCRIPTION", &text(missing));
    lines.add("TRANSP", "TRANSPARENT");
    lines.add("END", "VEVENT");
}

fn event(lines: &mut Lines, cluster: &str, certificate: &Certificate, end: Timestamp, now: Timestamp) {
    let (name, kept) = app::pages::certificate_words(certificate);
    let what = match certificate.purpose {
        Purpose::Server => "Certificate of",
        Purpose::Authority => "Authority",
    };
    let uid = uid(cluster, certificate, end);
    let details = format!(
        "{what} {name}, kept in {kept}, in cluster {cluster}.\nRenewed by {}.",
        app::pages::renewer_word(&certificate.renewer)
    );
    lines.add("BEGIN", "VEVENT");
    lines.add("UID", &uid);
    lines.add("DTSTAMP", &instant(now));
    lines.add("DTSTART", &instant(end));
    lines.add("SUMMARY", &text(&format!("{what} {name} runs out")));
    lines.add("DESCRIPTION", &text(&details));
    lines.add("TRANSP", "TRANSPARENT");
    lines.add("END", "VEVENT");
}

/// The same for as long as the certificate ends then: a renewal is another event.
fn uid(cluster: &str, certificate: &Certificate, end: Timestamp) -> String {
    let text = format!("{cluster}\n{}\n{}", certificate.key(), end.as_second());
    format!("{}@perijove", Fingerprint(Sha256::digest(text).into()))
}

/// An instant in UTC (section 3.3.5).
fn instant(at: Timestamp) -> String {
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// A text value (section 3.3.11). What could deceive a reader or is no text is written as its escape first; lines of ours stay lines.
fn text(value: &str) -> String {
    let lines: Vec<String> = value
        .split('\n')
        .map(|line| visible(line).replace('\\', "\\\\").replace(';', "\\;").replace(',', "\\,"))
        .collect();
    lines.join("\\n")
}

/// Content lines, each ended by CR LF and folded where it is long.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn add(&mut self, property: &str, value: &str) {
        let mut room = LINE;
        for character in property.chars().chain([':']).chain(value.chars()) {
            if character.len_utf8() > room {
                self.0.push_str("\r\n ");
                room = LINE - 1;
            }
            room -= character.len_utf8();
            self.0.push(character);
        }
        self.0.push_str("\r\n");
    }
}

#[cfg(test)]
mod tests {
    use posture::certificates::{CertificateTable, Kept, Missed, Renewer, Silent, Unseen, Validity};
    use posture::sighting::{Spot, Unsighted};

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn certificate(name: &str, end: i64) -> Certificate {
        let json = serde_json::json!({
            "kept": Kept::Secret { namespace: "jhub".into(), name: "tls".into() },
            "resource": null, "names": [name], "issuer": null, "renewal_time": null, "is_failing": false,
            "is_ready": null, "revision": null, "uses": [], "renewer": Renewer::Person,
            "validity": { "Ok": Validity { not_before: Some(at(0)), not_after: at(end) } },
        });
        serde_json::from_value(json).unwrap()
    }

    fn view(certificates: Vec<Certificate>) -> CertificatesView {
        CertificatesView {
            cluster: "teaching".into(),
            is_judged: true,
            table: Some(CertificateTable { certificates, ..CertificateTable::default() }),
            is_limited: false,
            as_of: at(1_000),
            feeds: None,
        }
    }

    fn unfolded(calendar: &str) -> String {
        calendar.replace("\r\n ", "")
    }

    #[test]
    fn an_end_is_an_event_without_an_alarm() {
        let calendar = unfolded(&write(&view(vec![certificate("hub.example.edu", 86_400)])));
        for line in [
            "BEGIN:VCALENDAR",
            "REFRESH-INTERVAL;VALUE=DURATION:PT6H",
            "DTSTAMP:19700101T001640Z",
            "DTSTART:19700102T000000Z",
            "SUMMARY:Certificate of hub.example.edu runs out",
            "DESCRIPTION:Certificate of hub.example.edu\\, kept in Secret jhub/tls\\, in cluster teaching.\\nRenewed by a person\\, in the chart's values.",
        ] {
            assert!(calendar.contains(&format!("{line}\r\n")), "{line}\n{calendar}");
        }
        assert!(!calendar.contains("VALARM") && !calendar.contains("VTIMEZONE"), "{calendar}");
    }

    #[test]
    fn what_never_runs_out_is_no_event() {
        let never = certificate("hub.example.edu", Timestamp::MAX.as_second());
        assert!(!write(&view(vec![never])).contains("VEVENT"));
    }

    #[test]
    fn a_calendar_without_ends_is_still_one() {
        let calendar = write(&view(Vec::new()));
        assert!(calendar.contains("BEGIN:VTIMEZONE") && !calendar.contains("VEVENT"), "{calendar}");
        let limited = CertificatesView { table: None, is_limited: true, ..view(Vec::new()) };
        let calendar = unfolded(&write(&limited));
        assert!(calendar.ends_with("END:VCALENDAR\r\n"));
        assert!(calendar.contains("DESCRIPTION:Whoever made this calendar may see some hubs"), "{calendar}");
    }

    #[test]
    fn what_could_not_be_read_stands_in_the_calendar_and_on_this_day() {
        let mut gapped = view(vec![certificate("hub.example.edu", 86_400)]);
        let table = gapped.table.as_mut().unwrap();
        let spot = Spot::Secret { namespace: "jhub".into(), name: "tls\r\nEND:VEVENT".into() };
        table.missed.push(Missed { spot, why: Unsighted::Absent });
        let why = "nobody answered in time".to_owned();
        table.silent.push(Silent { host: "hub.example.edu".into(), port: 443, why });
        let calendar = unfolded(&write(&gapped));
        let why = "hub.example.edu showed no certificate: nobody answered in time.";
        assert_eq!(calendar.matches(why).count(), 3, "{calendar}");
        assert!(calendar.contains("X-WR-CALDESC:This calendar may lack ends"), "{calendar}");
        assert!(calendar.contains("DTSTART;VALUE=DATE:19700101\r\n"), "{calendar}");
        assert!(
            calendar.contains("SUMMARY:Not all ends of certificates of teaching are known\r\n"),
            "{calendar}"
        );
        assert_eq!(calendar.matches("\r\nEND:VEVENT").count(), 2, "{calendar}");
        let whole = write(&view(vec![certificate("hub.example.edu", 86_400)]));
        assert!(!whole.contains("CALDESC") && !whole.contains("are known"), "{whole}");
    }

    #[test]
    fn a_certificate_whose_end_is_not_known_is_told_and_not_passed_over() {
        let mut unknown = certificate("hub.example.edu", 86_400);
        unknown.validity = Err(Unseen::InSecret);
        let calendar = unfolded(&write(&view(vec![unknown])));
        assert!(
            calendar.contains("When hub.example.edu runs out is not known. It stands in a Secret"),
            "{calendar}"
        );
        assert!(
            calendar.contains("SUMMARY:Not all ends of certificates of teaching are known\r\n"),
            "{calendar}"
        );
    }

    #[test]
    fn lines_are_folded_at_75_octets_and_never_within_a_character() {
        let name = "ü".repeat(200);
        let calendar = write(&view(vec![certificate(&name, 86_400)]));
        assert!(calendar.split("\r\n").all(|line| line.len() <= LINE), "{calendar}");
        assert!(!calendar.replace("\r\n", "").contains(['\r', '\n']), "{calendar}");
        assert!(unfolded(&calendar).contains(&name));
    }

    #[test]
    fn a_hostile_name_can_neither_end_its_line_nor_begin_a_property() {
        let name = "a\r\nEND:VEVENT\nBEGIN:VALARM\u{202e};x,y\\n\u{0}";
        let calendar = write(&view(vec![certificate(name, 86_400)]));
        assert_eq!(calendar.matches("\r\nEND:VEVENT").count(), 1, "{calendar}");
        assert!(!calendar.contains("\r\nBEGIN:VALARM") && !calendar.contains(['\u{202e}', '\u{0}']));
        assert!(unfolded(&calendar).contains("\\;x\\,y\\\\n"), "{calendar}");
    }

    #[test]
    fn the_event_of_a_certificate_is_another_one_after_a_renewal_only() {
        let of = |end| uid("teaching", &certificate("a", end), at(end));
        assert_eq!(of(5), of(5));
        assert_ne!(of(5), of(6));
        assert_ne!(uid("other", &certificate("a", 5), at(5)), of(5));
    }
}
