//! Offsets such as `-29d14h` or `+90s`, relative to the instant the demo takes for now.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

/// Seconds from now; negative in the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Offset(pub(super) i64);

impl Offset {
    /// The instant this far from `now`.
    pub(super) fn from(self, now: Timestamp) -> Timestamp {
        now.checked_add(SignedDuration::from_secs(self.0)).unwrap_or(now)
    }
}

impl TryFrom<String> for Offset {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not an offset such as -29d14h or +90s");
        let (sign, mut rest) = match text.split_at_checked(1) {
            Some(("-", rest)) => (-1, rest),
            Some(("+", rest)) => (1, rest),
            _ => return Err(wrong()),
        };
        let mut seconds = 0;
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
            let count: i64 = rest[..digits].parse().map_err(|_| wrong())?;
            let unit = match &rest[digits..=digits] {
                "d" => 86_400,
                "h" => 3_600,
                "m" => 60,
                "s" => 1,
                _ => return Err(wrong()),
            };
            seconds += count * unit;
            rest = &rest[digits + 1..];
        }
        Ok(Self(sign * seconds))
    }
}

/// The form Kubernetes writes times in.
pub(super) fn rfc3339(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::Offset;

    #[test]
    fn units_add_up_and_the_sign_covers_all_of_them() {
        assert_eq!(
            Offset::try_from("-2d3h4m5s".to_owned()),
            Ok(Offset(-(2 * 86_400 + 3 * 3_600 + 4 * 60 + 5)))
        );
        assert_eq!(Offset::try_from("+90s".to_owned()), Ok(Offset(90)));
    }

    #[test]
    fn an_offset_without_sign_or_unit_is_refused() {
        for text in ["2d", "-2", "-2w", "", "-d"] {
            assert!(Offset::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
