//! The relevant fields of an object in a form that is equal where the meaning is: sets as sets, named items by name, quantities as
//! amounts.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::defaults::{self, ORDER};
use super::{fields, quantity};
use crate::kind::Kind;
use crate::record::ContentHash;

/// A value by its meaning.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Form {
    /// A single value: as it is shown, and what is compared.
    Leaf {
        /// As it was written.
        shown: Value,
        /// What it means.
        meaning: Value,
    },
    /// The fields of an object.
    Fields(BTreeMap<String, Form>),
    /// A list whose items have names, by name.
    Named(BTreeMap<String, Form>),
    /// A list without order, each item by its canonical text.
    Set(BTreeMap<String, Value>),
    /// A list with an order.
    List(Vec<Value>),
}

impl Form {
    /// What of an object counts.
    pub(super) fn of(kind: Kind, body: &Value) -> Self {
        let mut relevant = fields::relevant(kind, body);
        defaults::settle(kind, &mut relevant);
        let shape = Shape { is_ordered: is_admin_policy(kind) };
        shape.form("", "", &relevant).unwrap_or(Self::Fields(BTreeMap::new()))
    }

    /// Its hash.
    pub(super) fn hash(&self) -> ContentHash {
        ContentHash::of(&self.meaning())
    }

    fn meaning(&self) -> Value {
        match self {
            Self::Leaf { meaning, .. } => meaning.clone(),
            Self::Fields(entries) | Self::Named(entries) => {
                Value::Object(entries.iter().map(|(key, form)| (key.clone(), form.meaning())).collect())
            }
            Self::Set(items) => items.keys().map(String::as_str).collect(),
            Self::List(items) => Value::Array(items.clone()),
        }
    }

    /// The value as it is shown to a person.
    pub(super) fn shown(&self) -> Value {
        match self {
            Self::Leaf { shown, .. } => shown.clone(),
            Self::Fields(entries) => {
                Value::Object(entries.iter().map(|(key, form)| (key.clone(), form.shown())).collect())
            }
            Self::Named(entries) => entries.values().map(Self::shown).collect(),
            Self::Set(items) => items.values().cloned().collect(),
            Self::List(items) => Value::Array(items.clone()),
        }
    }
}

/// The first rule that matches decides in these: the order of their rules means something.
fn is_admin_policy(kind: Kind) -> bool {
    matches!(kind, Kind::AdminNetworkPolicy | Kind::BaselineAdminNetworkPolicy)
}

/// How the lists of a kind are read.
#[derive(Clone, Copy)]
struct Shape {
    is_ordered: bool,
}

impl Shape {
    /// The form of a value at a field; `None` for what stands for nothing.
    fn form(self, parent: &str, field: &str, value: &Value) -> Option<Form> {
        match value {
            Value::Null => None,
            Value::Object(fields) if fields.get("redacted").is_some() => Some(leaf(value, value.clone())),
            Value::Object(fields) => self.fields(field, fields),
            Value::Array(items) if items.is_empty() => None,
            Value::Array(items) => Some(self.list(parent, field, items)),
            _ => Some(leaf(value, amount(parent, field, value))),
        }
    }

    fn fields(self, field: &str, fields: &Map<String, Value>) -> Option<Form> {
        let entries: BTreeMap<_, _> = fields
            .iter()
            .filter_map(|(key, value)| Some((key.clone(), self.form(field, key, value)?)))
            .collect();
        (!entries.is_empty() || means_something_when_empty(field)).then_some(Form::Fields(entries))
    }

    fn list(self, parent: &str, field: &str, items: &[Value]) -> Form {
        let is_list = matches!(field, "command" | "args")
            || field == ORDER
            || (self.is_ordered && matches!(field, "ingress" | "egress"));
        if is_list {
            return Form::List(items.iter().map(|item| plain(parent, field, item)).collect());
        }
        if let Some(named) = name_of(parent, field).and_then(|name| self.named(field, name, items)) {
            return named;
        }
        let set = items.iter().map(|item| {
            let plain = plain(parent, field, item);
            (canonical(&plain), plain)
        });
        Form::Set(set.collect())
    }

    /// The items by the field that names them, if every one has it and no two have the same.
    fn named(self, field: &str, name: &str, items: &[Value]) -> Option<Form> {
        let mut entries = BTreeMap::new();
        for item in items {
            let key = item.get(name)?.as_str()?.to_owned();
            let form = self.form(field, "", item)?;
            if entries.insert(key, form).is_some() {
                return None;
            }
        }
        Some(Form::Named(entries))
    }
}

/// An item of a list as a plain value, with its own lists in canonical order.
fn plain(parent: &str, field: &str, item: &Value) -> Value {
    match item {
        Value::Object(fields) if fields.get("redacted").is_some() => item.clone(),
        Value::Object(fields) => Value::Object(
            fields
                .iter()
                .filter(|(_, value)| !value.is_null() && value.as_array().is_none_or(|v| !v.is_empty()))
                .map(|(key, value)| (key.clone(), plain(field, key, value)))
                .collect(),
        ),
        Value::Array(items) => {
            let mut plain: Vec<_> = items
                .iter()
                .map(|item| {
                    let plain = plain(parent, field, item);
                    (canonical(&plain), plain)
                })
                .collect();
            plain.sort_by(|a, b| a.0.cmp(&b.0));
            plain.dedup_by(|a, b| a.0 == b.0);
            plain.into_iter().map(|(_, plain)| plain).collect()
        }
        _ => amount(parent, field, item),
    }
}

fn leaf(shown: &Value, meaning: Value) -> Form {
    Form::Leaf { shown: shown.clone(), meaning }
}

/// Text that is the same for equal values.
fn canonical(value: &Value) -> String {
    let mut bytes = Vec::new();
    crate::record::write_canonical(value, &mut bytes);
    String::from_utf8(bytes).unwrap_or_default()
}

/// The field by which the items of a list are told apart.
fn name_of(parent: &str, field: &str) -> Option<&'static str> {
    match field {
        "containers"
        | "initContainers"
        | "ephemeralContainers"
        | "env"
        | "volumes"
        | "sysctls"
        | "listeners"
        | "webhooks" => Some("name"),
        "volumeMounts" => Some("mountPath"),
        "limits" if parent == "spec" => Some("type"),
        _ => None,
    }
}

/// Selectors, peers and markers mean something also when nothing stands in them: everything.
fn means_something_when_empty(field: &str) -> bool {
    field.ends_with("elector")
        || matches!(field, "emptyDir" | "nfs" | "flexVolume" | "ephemeral" | "downwardAPI")
}

/// An amount by its number where a quantity stands; other values as they are.
fn amount(parent: &str, field: &str, value: &Value) -> Value {
    let is_quantity = field == "sizeLimit"
        || matches!(parent, "limits" | "requests" | "hard" | "max" | "min" | "default" | "defaultRequest");
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return value.clone(),
    };
    match quantity::billionths(&text).filter(|_| is_quantity) {
        Some(amount) => format!("{amount}n").into(),
        None => value.clone(),
    }
}
