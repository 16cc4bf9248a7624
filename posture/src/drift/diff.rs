//! Where two forms differ: paths with what stood there before and what stands there after.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::form::Form;

/// One place in which two states of an object differ.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Difference {
    /// The way down: fields, and names of items in brackets.
    pub(super) steps: Vec<Step>,
    /// What stood there; of a set, what was taken out of it. `None` where nothing was.
    pub(super) before: Option<Value>,
    /// What stands there; of a set, what was put into it. `None` where nothing is.
    pub(super) after: Option<Value>,
    /// Whether both sides are parts of a set: items that went and items that came.
    pub(super) is_set: bool,
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// A field.
    Field(String),
    /// An item of a list, by its name.
    Item(String),
}

/// Every place in which two forms differ.
pub(super) fn differences(before: &Form, after: &Form) -> Vec<Difference> {
    let mut walk = Walk { steps: Vec::new(), found: Vec::new() };
    walk.compare(Some(before), Some(after));
    walk.found
}

struct Walk {
    steps: Vec<Step>,
    found: Vec<Difference>,
}

impl Walk {
    fn compare(&mut self, before: Option<&Form>, after: Option<&Form>) {
        match (before, after) {
            (Some(Form::Fields(one)), Some(Form::Fields(other))) => self.entries(one, other, Step::Field),
            // A group of fields that is new is told field by field, an item that is new as a whole.
            (None, Some(Form::Fields(other))) if self.is_group() && !other.is_empty() => {
                self.entries(&BTreeMap::new(), other, Step::Field);
            }
            (Some(Form::Fields(one)), None) if self.is_group() && !one.is_empty() => {
                self.entries(one, &BTreeMap::new(), Step::Field);
            }
            (Some(Form::Named(one)), Some(Form::Named(other))) => self.entries(one, other, Step::Item),
            (None, Some(Form::Named(other))) => self.entries(&BTreeMap::new(), other, Step::Item),
            (Some(Form::Named(one)), None) => self.entries(one, &BTreeMap::new(), Step::Item),
            (Some(Form::Set(one)), Some(Form::Set(other))) => self.sets(one, other),
            (Some(Form::Set(one)), None) => self.sets(one, &BTreeMap::new()),
            (None, Some(Form::Set(other))) => self.sets(&BTreeMap::new(), other),
            (one, other) if is_same(one, other) => {}
            (one, other) => self.push(one.map(Form::shown), other.map(Form::shown), false),
        }
    }

    fn is_group(&self) -> bool {
        !matches!(self.steps.last(), Some(Step::Item(_)))
    }

    fn entries(
        &mut self,
        one: &BTreeMap<String, Form>,
        other: &BTreeMap<String, Form>,
        step: fn(String) -> Step,
    ) {
        let keys: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
        for key in keys {
            self.steps.push(step(key.clone()));
            self.compare(one.get(key), other.get(key));
            self.steps.pop();
        }
    }

    fn sets(&mut self, one: &BTreeMap<String, Value>, other: &BTreeMap<String, Value>) {
        let only = |these: &BTreeMap<String, Value>, those: &BTreeMap<String, Value>| -> Vec<Value> {
            these.iter().filter(|(key, _)| !those.contains_key(*key)).map(|(_, item)| item.clone()).collect()
        };
        let (gone, come) = (only(one, other), only(other, one));
        if gone.is_empty() && come.is_empty() {
            return;
        }
        let list = |items: Vec<Value>| (!items.is_empty()).then_some(Value::Array(items));
        self.push(list(gone), list(come), true);
    }

    fn push(&mut self, before: Option<Value>, after: Option<Value>, is_set: bool) {
        self.found.push(Difference { steps: self.steps.clone(), before, after, is_set });
    }
}

/// Whether two values mean the same. Two hashes made with different keys cannot be compared, and are no difference.
fn is_same(one: Option<&Form>, other: Option<&Form>) -> bool {
    match (one, other) {
        (Some(Form::Leaf { meaning: one, .. }), Some(Form::Leaf { meaning: other, .. })) => {
            one == other || are_incomparable(one, other)
        }
        (one, other) => one == other,
    }
}

/// Whether two values were dropped with hashes of different keys, or one with a hash and one without.
fn are_incomparable(one: &Value, other: &Value) -> bool {
    let is_dropped = |value: &Value| value.get("redacted").is_some();
    let key = |value: &Value| {
        let hmac = value.get("hmac").and_then(Value::as_str)?;
        hmac.split_once(':').map(|(key, _)| key.to_owned())
    };
    is_dropped(one) && is_dropped(other) && key(one) != key(other)
}

/// The path as people write it: `spec.template.spec.containers[hub].image`.
pub(super) fn path(steps: &[Step]) -> String {
    let mut path = String::new();
    for step in steps {
        match step {
            Step::Field(name) if !name.contains(['.', '/']) => {
                path.extend((!path.is_empty()).then_some("."));
                path.push_str(name);
            }
            Step::Field(name) | Step::Item(name) => path.extend(["[", name, "]"]),
        }
    }
    path
}
