//! When a certificate's end is too near: relative to its lifetime, for lifetimes shrink. The one home of these thresholds.

use jiff::Timestamp;

use super::Validity;

const DAY: i64 = 86_400;

/// What is to be thought of the end of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// It has run out.
    Expired,
    /// It does not hold yet.
    NotYet,
    /// It runs out so soon that nobody should wait for anything any more.
    RunningOut,
    /// It should have been renewed by now.
    Late,
    /// Nobody needs to do anything.
    Good,
    /// Its end is not known, or how long it holds in all, which decides what is near.
    Unknown,
}

/// How a certificate comes to be renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewed {
    /// By a program.
    ByItself {
        /// How long before the end that is meant to happen, in seconds; `None` means after two thirds of the lifetime, as ACME clients do.
        lead: Option<i64>,
    },
    /// By a person, who has to be told early.
    ByHand,
}

/// How many seconds before its end a certificate is late, and is running out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thresholds {
    /// With less than this left, its renewal is late.
    pub late_below: i64,
    /// With less than this left, it is running out; never more than `late_below`.
    pub running_out_below: i64,
}

impl Thresholds {
    /// For a certificate that holds for `lifetime` seconds in all.
    ///
    /// By hand: late with less than a third of the lifetime left, 30 days at most. By itself: late with less than 0.7 of the lead that it is
    /// meant to have. Running out: with less than 5 % of the lifetime left or less than three days, where three days are no more than a tenth of it, so
    /// that a certificate of six days is not running out for half its life.
    pub fn new(lifetime: i64, renewed: Renewed) -> Self {
        let lifetime = lifetime.max(0);
        let late_below = match renewed {
            Renewed::ByHand => (lifetime / 3).min(30 * DAY),
            Renewed::ByItself { lead } => {
                let lead = lead.filter(|lead| *lead > 0).map_or(lifetime / 3, |lead| lead.min(lifetime));
                lead * 7 / 10
            }
        };
        let running_out_below = (lifetime / 20).max((lifetime / 10).min(3 * DAY));
        Self { late_below, running_out_below: running_out_below.min(late_below) }
    }
}

/// What is to be thought of a certificate at an instant.
pub fn standing(validity: &Validity, renewed: Renewed, now: Timestamp) -> Standing {
    let remaining = validity.remaining(now);
    if remaining <= 0 {
        return Standing::Expired;
    }
    if validity.not_before.is_some_and(|start| start > now) {
        return Standing::NotYet;
    }
    let Some(lifetime) = validity.lifetime() else { return Standing::Unknown };
    let thresholds = Thresholds::new(lifetime, renewed);
    if remaining < thresholds.running_out_below {
        Standing::RunningOut
    } else if remaining < thresholds.late_below {
        Standing::Late
    } else {
        Standing::Good
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: i64 = 3_600;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// The standing of a certificate of `lifetime` seconds with `remaining` seconds left.
    fn with_left(lifetime: i64, remaining: i64, renewed: Renewed) -> Standing {
        let validity = Validity { not_before: Some(at(0)), not_after: at(lifetime) };
        standing(&validity, renewed, at(lifetime - remaining))
    }

    fn lead(seconds: i64) -> Renewed {
        Renewed::ByItself { lead: Some(seconds) }
    }

    #[test]
    fn a_certificate_of_six_days_is_good_until_its_renewal_is_late() {
        let (life, renewed) = (160 * HOUR, lead(53 * HOUR));
        assert_eq!(with_left(life, 54 * HOUR, renewed), Standing::Good);
        assert_eq!(with_left(life, 38 * HOUR, renewed), Standing::Good);
        assert_eq!(with_left(life, 37 * HOUR, renewed), Standing::Late);
        assert_eq!(with_left(life, 15 * HOUR, renewed), Standing::RunningOut);
    }

    #[test]
    fn a_certificate_of_ninety_days_is_late_nine_days_after_it_should_have_been_renewed() {
        let renewed = lead(30 * DAY);
        assert_eq!(with_left(90 * DAY, 21 * DAY, renewed), Standing::Good);
        assert_eq!(with_left(90 * DAY, 21 * DAY - 1, renewed), Standing::Late);
        assert_eq!(with_left(90 * DAY, 4 * DAY, renewed), Standing::RunningOut);
        assert_eq!(with_left(90 * DAY, 0, renewed), Standing::Expired);
        assert_eq!(with_left(90 * DAY, 21 * DAY - 1, Renewed::ByItself { lead: None }), Standing::Late);
    }

    #[test]
    fn who_renews_by_hand_is_told_a_third_of_the_lifetime_ahead_but_no_more_than_thirty_days() {
        assert_eq!(with_left(47 * DAY, 16 * DAY, Renewed::ByHand), Standing::Good);
        assert_eq!(with_left(47 * DAY, 15 * DAY, Renewed::ByHand), Standing::Late);
        assert_eq!(with_left(398 * DAY, 31 * DAY, Renewed::ByHand), Standing::Good);
        assert_eq!(with_left(398 * DAY, 29 * DAY, Renewed::ByHand), Standing::Late);
    }

    #[test]
    fn a_renewal_that_is_meant_to_be_close_to_the_end_is_not_late_before_it() {
        assert_eq!(with_left(90 * DAY, 2 * DAY, lead(DAY)), Standing::Good);
    }

    #[test]
    fn without_a_beginning_only_the_end_is_certain() {
        let validity = Validity { not_before: None, not_after: at(DAY) };
        assert_eq!(standing(&validity, Renewed::ByHand, at(0)), Standing::Unknown);
        assert_eq!(standing(&validity, Renewed::ByHand, at(DAY)), Standing::Expired);
    }

    #[test]
    fn what_does_not_hold_yet_is_said() {
        let validity = Validity { not_before: Some(at(DAY)), not_after: at(90 * DAY) };
        assert_eq!(standing(&validity, Renewed::ByHand, at(0)), Standing::NotYet);
    }

    fn any_renewed() -> impl Strategy<Value = Renewed> {
        let lead = proptest::option::of(-DAY..800 * DAY);
        prop_oneof![Just(Renewed::ByHand), lead.prop_map(|lead| Renewed::ByItself { lead })]
    }

    proptest! {
        #[test]
        fn a_new_certificate_is_good_and_only_gets_worse(
            life in HOUR..4_000 * DAY, renewed in any_renewed(), one in 0.0..1.0f64, other in 0.0..1.0f64,
        ) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "any instant of the lifetime will do")]
            let left = |share: f64| (life as f64 * share) as i64;
            let (more, less) = (left(one.max(other)), left(one.min(other)));
            prop_assert_eq!(with_left(life, life, renewed), Standing::Good);
            prop_assert!(with_left(life, less, renewed) <= with_left(life, more, renewed));
        }

        #[test]
        fn nothing_runs_out_before_it_is_late_and_nothing_is_late_in_the_first_fifth(
            life in HOUR..4_000 * DAY, renewed in any_renewed(),
        ) {
            let thresholds = Thresholds::new(life, renewed);
            prop_assert!(thresholds.running_out_below <= thresholds.late_below);
            prop_assert!(thresholds.late_below <= life * 4 / 5);
        }
    }
}
