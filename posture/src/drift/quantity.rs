//! Quantities: `1`, `1000m` and `1e0` are the same amount.

/// The number of billionths that a quantity of Kubernetes stands for; `None` for what is no quantity, or no whole number of
/// billionths.
///
/// A suffix is one of `n u m k M G T P E`, one of `Ki Mi Gi Ti Pi Ei`, or an exponent (`e3`).
/// <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/>
pub(super) fn billionths(text: &str) -> Option<i128> {
    let split = text.find(|c: char| !matches!(c, '0'..='9' | '.' | '+' | '-')).unwrap_or(text.len());
    let (number, suffix) = text.split_at(split);
    let (is_negative, digits) = match number.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, number.strip_prefix('+').unwrap_or(number)),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    if (whole.is_empty() && part.is_empty()) || !whole.bytes().chain(part.bytes()).all(|b| b.is_ascii_digit())
    {
        return None;
    }
    let mantissa: i128 = format!("0{whole}{part}").parse().ok()?;
    let mut power = 9 - i32::try_from(part.len()).ok()?;
    let mut factor = 1_i128;
    match unit(suffix)? {
        Unit::Ten(exponent) => power = power.checked_add(exponent)?,
        Unit::Two(exponent) => factor <<= exponent,
    }
    let scaled = mantissa.checked_mul(factor)?;
    let amount = if power >= 0 {
        scaled.checked_mul(10_i128.checked_pow(power.unsigned_abs())?)?
    } else {
        let divisor = 10_i128.checked_pow(power.unsigned_abs())?;
        if scaled % divisor != 0 {
            return None;
        }
        scaled / divisor
    };
    Some(if is_negative { -amount } else { amount })
}

enum Unit {
    Ten(i32),
    Two(u32),
}

fn unit(suffix: &str) -> Option<Unit> {
    let found = match suffix {
        "" => Unit::Ten(0),
        "n" => Unit::Ten(-9),
        "u" => Unit::Ten(-6),
        "m" => Unit::Ten(-3),
        "k" => Unit::Ten(3),
        "M" => Unit::Ten(6),
        "G" => Unit::Ten(9),
        "T" => Unit::Ten(12),
        "P" => Unit::Ten(15),
        "E" => Unit::Ten(18),
        "Ki" => Unit::Two(10),
        "Mi" => Unit::Two(20),
        "Gi" => Unit::Two(30),
        "Ti" => Unit::Two(40),
        "Pi" => Unit::Two(50),
        "Ei" => Unit::Two(60),
        _ => Unit::Ten(suffix.strip_prefix(['e', 'E'])?.parse().ok()?),
    };
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_amount_is_the_same_number_however_it_is_written() {
        for (one, other) in [
            ("1", "1000m"),
            ("0.5", "500m"),
            ("1Gi", "1024Mi"),
            ("1G", "1000M"),
            ("1e3", "1k"),
            ("1E3", "1000"),
            ("2E", "2e18"),
            ("-1", "-1000m"),
            ("1.5Gi", "1536Mi"),
            (".5", "0.50"),
        ] {
            assert!(billionths(one).is_some(), "{one}");
            assert_eq!(billionths(one), billionths(other), "{one} {other}");
        }
        assert_ne!(billionths("1G"), billionths("1Gi"));
    }

    #[test]
    fn what_is_no_quantity_has_no_number() {
        for text in ["", "Gi", "1 Gi", "one", "1e", "1.2.3", "--1", "1e99999", "1KiB", "50%"] {
            assert_eq!(billionths(text), None, "{text}");
        }
    }
}
