//! The instant a page is asked for, as addresses write it: `at=2026-11-18T09:14:00Z`.

use jiff::civil;
use jiff::tz::TimeZone;
use posture::Timestamp;

/// The name of the parameter.
pub const AT: &str = "at";

/// Reads the instant of an address: an instant with its zone (RFC 3339), or a date with or without a time, which is meant in UTC, as
/// forms without script send it, or the seconds since 1970 of a slider.
pub fn read_instant(text: &str) -> Result<Timestamp, String> {
    // In an address a plus sign is a space, and an offset begins with one.
    let text = text.trim().replace(' ', "+");
    let civil = || {
        let at = text.parse::<civil::DateTime>().ok()?;
        Some(at.to_zoned(TimeZone::UTC).ok()?.timestamp())
    };
    let seconds = || Timestamp::from_second(text.parse().ok()?).ok();
    text.parse::<Timestamp>().ok().or_else(civil).or_else(seconds).ok_or_else(|| {
        "the address asks for an instant that cannot be read; write it like at=2026-11-18T09:14 (in UTC)"
            .to_owned()
    })
}

/// Reads an instant that has come already.
pub fn parse_instant(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    let at = read_instant(text)?;
    if at > now {
        return Err("the address asks for an instant that has not come yet".to_owned());
    }
    Ok(at)
}

/// Writes an instant for an address, to the millisecond where it has any.
pub fn write_instant(at: Timestamp) -> String {
    // What scans are taken at is kept in milliseconds, and an instant must lead to the same scan again.
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-26T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn what_a_form_sends_is_meant_in_utc() {
        let read = |text: &str| parse_instant(text, now()).map(write_instant);
        assert_eq!(read("2026-11-18T09:14").as_deref(), Ok("2026-11-18T09:14:00Z"));
        assert_eq!(read("2026-11-18").as_deref(), Ok("2026-11-18T00:00:00Z"));
        assert_eq!(read("1795000000").as_deref(), Ok("2026-11-18T11:06:40Z"));
        assert_eq!(read("2026-11-18T09:14:05.25Z").as_deref(), Ok("2026-11-18T09:14:05.25Z"));
        assert_eq!(read("2026-11-18T10:14:00 01:00").as_deref(), Ok("2026-11-18T09:14:00Z"));
    }

    #[test]
    fn what_is_no_instant_is_refused_and_so_is_the_future() {
        for text in ["", "yesterday", "2026-13-01", "9999999999999999999", "2026-11-18T25:00", "<script>"] {
            assert!(parse_instant(text, now()).unwrap_err().contains("cannot be read"), "{text}");
        }
        assert!(parse_instant("2026-11-26T12:00:01Z", now()).unwrap_err().contains("not come yet"));
    }
}
