//! Label selectors whose answer says when it cannot be told.

use std::collections::{BTreeMap, BTreeSet};

use super::truth::Truth;
use crate::facts::LabelSelector;
use crate::redact::people::{SERVER_NAME, USER_NAME, token_in};

/// Labels, and whether there may be more than were seen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Labels<'a> {
    pub(super) seen: &'a BTreeMap<String, String>,
    pub(super) are_all: bool,
}

/// A label selector.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Selector {
    terms: Vec<Term>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Term {
    key: String,
    test: Test,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Test {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    DoesNotExist,
    /// An operator that Kubernetes does not have.
    Unread,
}

impl Selector {
    pub(super) fn new(selector: &LabelSelector) -> Self {
        let equal = selector
            .match_labels
            .iter()
            .map(|(key, value)| Term { key: key.clone(), test: Test::In(vec![value.clone()]) });
        let expressions = selector.match_expressions.iter().map(|expression| {
            let values = || expression.values.clone();
            let test = match expression.operator.as_str() {
                "In" => Test::In(values()),
                "NotIn" => Test::NotIn(values()),
                "Exists" => Test::Exists,
                "DoesNotExist" => Test::DoesNotExist,
                _ => Test::Unread,
            };
            Term { key: expression.key.clone(), test }
        });
        Self { terms: equal.chain(expressions).collect() }
    }

    /// Whether these labels are selected.
    pub(super) fn selects(&self, labels: Labels<'_>) -> Truth {
        let mut truth = Truth::YES;
        for term in &self.terms {
            truth = truth.and(term.holds(labels));
            if !truth.can_hold {
                break;
            }
        }
        truth
    }

    /// Adds the labels it asks for.
    pub(super) fn collect_keys<'a>(&'a self, keys: &mut BTreeSet<&'a str>) {
        keys.extend(self.terms.iter().map(|term| term.key.as_str()));
    }
}

impl Term {
    fn holds(&self, labels: Labels<'_>) -> Truth {
        let value = labels.seen.get(&self.key);
        if value.is_none() && !labels.are_all {
            return Truth::MAYBE;
        }
        match (&self.test, value) {
            (Test::In(values), Some(value)) => self.is_among(value, values),
            (Test::NotIn(values), Some(value)) => {
                let Truth { can_hold, can_fail } = self.is_among(value, values);
                Truth { can_hold: can_fail, can_fail: can_hold }
            }
            (Test::In(_), None) => Truth::NO,
            (Test::NotIn(_), None) => Truth::YES,
            (Test::Exists, value) => value.is_some().into(),
            (Test::DoesNotExist, value) => value.is_none().into(),
            (Test::Unread, _) => Truth::MAYBE,
        }
    }

    /// Values that identify a person are alike in all pods, so that no policy can be seen to select one person's pod.
    fn is_among(&self, value: &str, values: &[String]) -> Truth {
        if values.iter().any(|wanted| wanted == value) && !self.is_personal() {
            return Truth::YES;
        }
        let is_hidden = |wanted: &String| {
            (self.is_personal() && !wanted.is_empty() && !value.is_empty())
                || (token_in(wanted).is_some() && value.contains("person"))
        };
        if values.iter().any(is_hidden) {
            return Truth::MAYBE;
        }
        values.iter().any(|wanted| wanted == value).into()
    }

    fn is_personal(&self) -> bool {
        self.key == USER_NAME || self.key == SERVER_NAME
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::network::LabelExpression;

    fn selects(operator: &str, values: &[&str], labels: &[(&str, &str)], are_all: bool) -> Truth {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        let expression = LabelExpression { key: "a".to_owned(), operator: operator.to_owned(), values };
        let selector = LabelSelector { match_expressions: vec![expression], ..LabelSelector::default() };
        let seen = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Selector::new(&selector).selects(Labels { seen: &seen, are_all })
    }

    #[test]
    fn a_missing_label_is_not_in_and_not_among_those_left_out() {
        assert_eq!(selects("In", &["x"], &[], true), Truth::NO);
        assert_eq!(selects("NotIn", &["x"], &[], true), Truth::YES);
        assert_eq!(selects("Exists", &[], &[], true), Truth::NO);
        assert_eq!(selects("DoesNotExist", &[], &[], true), Truth::YES);
    }

    #[test]
    fn a_label_that_is_there_decides() {
        let labels = [("a", "x")];
        assert_eq!(selects("In", &["y", "x"], &labels, true), Truth::YES);
        assert_eq!(selects("NotIn", &["x"], &labels, true), Truth::NO);
        assert_eq!(selects("NotIn", &["y"], &labels, true), Truth::YES);
        assert_eq!(selects("Exists", &[], &labels, true), Truth::YES);
        assert_eq!(selects("DoesNotExist", &[], &labels, true), Truth::NO);
    }

    #[test]
    fn labels_that_were_not_read_decide_nothing() {
        for operator in ["In", "NotIn", "Exists", "DoesNotExist"] {
            assert_eq!(selects(operator, &["x"], &[], false), Truth::MAYBE, "{operator}");
        }
        assert_eq!(selects("In", &["x"], &[("a", "x")], false), Truth::YES);
    }

    #[test]
    fn an_operator_nobody_knows_decides_nothing() {
        assert_eq!(selects("Near", &[], &[("a", "x")], true), Truth::MAYBE);
    }

    #[test]
    fn a_policy_for_one_person_may_select_any() {
        let of = |key: &str, value: &str| {
            let selector = LabelSelector {
                match_labels: BTreeMap::from([(key.to_owned(), value.to_owned())]),
                ..LabelSelector::default()
            };
            Selector::new(&selector)
        };
        let seen = BTreeMap::from([(USER_NAME.to_owned(), "person".to_owned())]);
        let labels = Labels { seen: &seen, are_all: true };
        assert_eq!(of(USER_NAME, "p-0123456789").selects(labels), Truth::MAYBE);
        assert_eq!(of(USER_NAME, "").selects(labels), Truth::NO);
        assert_eq!(of("other", "p-0123456789").selects(labels), Truth::NO);
    }
}
