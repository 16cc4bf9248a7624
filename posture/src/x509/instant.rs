//! Instants: `UTCTime` and `GeneralizedTime`, as leniently as OpenSSL reads them.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::Offset;

use super::Malformed;
use super::tlv::Element;

const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

const WRONG: Malformed = Malformed("its period holds an instant that is none");

/// Whether an end stands for "never": RFC 5280, 4.1.2.5, writes that as the last second of the year 9999.
pub fn is_never(end: Timestamp) -> bool {
    end.as_second() >= Timestamp::MAX.as_second()
}

/// Reads the element of an instant. RFC 5280 wants seconds and `Z`; other zones and fractions are read too, since OpenSSL does. The last hours
/// of the year 9999, which stand for "never", are more than a [`Timestamp`] can say: they become the last one there is.
pub(super) fn read(element: Element<'_>) -> Result<Timestamp, Malformed> {
    let mut digits = Digits { rest: element.content };
    let year = match (element.tag, element.content.len()) {
        (UTC_TIME, 13..) => {
            digits.pair()?.checked_add(2000).map(|year| if year < 2050 { year } else { year - 100 })
        }
        (GENERALIZED_TIME, 15..) => Some(digits.pair()? * 100 + digits.pair()?),
        _ => None,
    };
    let year = year.ok_or(WRONG)?;
    let (month, day) = (digits.small()?, digits.small()?);
    let (hour, minute) = (digits.small()?, digits.small()?);
    let second = if matches!(digits.rest, [b'Z' | b'+' | b'-', ..]) { 0 } else { digits.small()? };
    if element.tag == GENERALIZED_TIME {
        digits.fraction()?;
    }
    let offset = digits.zone()?;
    let date = Date::new(year, month, day).map_err(|_| WRONG)?;
    let time = Time::new(hour, minute, second, 0).map_err(|_| WRONG)?;
    // Only the end of the year 9999 is out of range: years before 0 cannot be written.
    Ok(offset.to_timestamp(date.to_datetime(time)).unwrap_or(Timestamp::MAX))
}

/// What is left of the text.
struct Digits<'a> {
    rest: &'a [u8],
}

impl Digits<'_> {
    /// The next two digits.
    fn pair(&mut self) -> Result<i16, Malformed> {
        self.small().map(i16::from)
    }

    /// The next two digits.
    fn small(&mut self) -> Result<i8, Malformed> {
        let [tens @ b'0'..=b'9', ones @ b'0'..=b'9', rest @ ..] = self.rest else { return Err(WRONG) };
        self.rest = rest;
        i8::try_from((tens - b'0') * 10 + (ones - b'0')).map_err(|_| WRONG)
    }

    /// A fraction of a second, which says nothing that matters.
    fn fraction(&mut self) -> Result<(), Malformed> {
        let Some((b'.', fraction)) = self.rest.split_first() else { return Ok(()) };
        let count = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.rest = &fraction[count..];
        if count == 0 { Err(WRONG) } else { Ok(()) }
    }

    /// The zone, which must be the end.
    fn zone(mut self) -> Result<Offset, Malformed> {
        let sign = match self.rest {
            [b'Z'] => return Ok(Offset::UTC),
            [b'+', _, _, _, _] => 1,
            [b'-', _, _, _, _] => -1,
            _ => return Err(WRONG),
        };
        self.rest = &self.rest[1..];
        let (hours, minutes) = (i32::from(self.small()?), i32::from(self.small()?));
        if hours > 12 || minutes > 59 {
            return Err(WRONG);
        }
        Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).map_err(|_| WRONG)
    }
}
