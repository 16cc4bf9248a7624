//! Which servers of users are of a class that is known, so that one more or one less of them only changes a count.

use std::collections::BTreeMap;

use posture::record::{ContentHash, Record};

/// The number of a class in this run; [`NONE`] for what is no server of a user.
pub(super) type Class = u32;

/// No class.
pub(super) const NONE: Class = 0;

/// The classes of the live servers of users.
#[derive(Debug, Default)]
pub(super) struct Classes {
    numbers: BTreeMap<ContentHash, Class>,
    counts: BTreeMap<Class, u32>,
    last: Class,
}

impl Classes {
    /// The number of an object's class.
    pub(super) fn number(&mut self, record: &Record) -> Class {
        let Some(hash) = record.server_class() else { return NONE };
        if let Some(number) = self.numbers.get(&hash) {
            return *number;
        }
        self.last += 1;
        self.numbers.insert(hash, self.last);
        self.last
    }

    /// Notes that an object of class `before` (if it was there) is one of class `now`, or with `None` gone; says whether that is more
    /// than a count.
    pub(super) fn note(&mut self, before: Option<Class>, now: Option<Class>) -> bool {
        if before == now {
            return now == Some(NONE);
        }
        let left = before.is_some_and(|before| before == NONE || self.take_one(before));
        let came = now.is_some_and(|now| now == NONE || self.add_one(now));
        left || came
    }

    fn add_one(&mut self, class: Class) -> bool {
        let count = self.counts.entry(class).or_default();
        *count += 1;
        *count == 1
    }

    fn take_one(&mut self, class: Class) -> bool {
        let Some(count) = self.counts.get_mut(&class) else { return true };
        *count = count.saturating_sub(1);
        if *count > 0 {
            return false;
        }
        self.counts.remove(&class);
        self.numbers.retain(|_, number| *number != class);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_and_the_last_of_a_class_are_more_than_a_count() {
        let mut classes = Classes::default();
        assert!(classes.note(None, Some(1)));
        assert!(!classes.note(None, Some(1)));
        assert!(!classes.note(Some(1), Some(1)));
        assert!(!classes.note(Some(1), None));
        assert!(classes.note(Some(1), None));
    }

    #[test]
    fn every_change_of_another_object_counts() {
        let mut classes = Classes::default();
        assert!(classes.note(None, Some(NONE)));
        assert!(classes.note(Some(NONE), Some(NONE)));
        assert!(classes.note(Some(NONE), None));
    }
}
