//! What repairs a fault: text, chart values and commands, with live values filled in and quoted for where they go.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A value of a fix, typed so that a serializer writes it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FixValue {
    /// A boolean.
    Bool(bool),
    /// A number.
    Number(i64),
    /// Text of ours.
    Str(&'static str),
    /// A live value, `<name>` where it is not known: `Slot("domain")`.
    Slot(&'static str),
    /// A list.
    List(&'static [FixValue]),
    /// A mapping.
    Map(&'static [(&'static str, FixValue)]),
    /// `null`, which removes a key in Helm.
    Null,
}

/// What repairs a fault for a range of chart versions.
#[derive(Debug, Clone, Copy)]
pub struct Fix {
    /// The chart versions it is for, half-open `[from, to)` by major and minor; `None` is unbounded.
    pub from: Option<(u64, u64)>,
    /// See `from`.
    pub to: Option<(u64, u64)>,
    /// What to do, in sentences with a final period.
    pub advice: &'static str,
    /// Lines for `config.yaml`: dotted path and value. Where there are any, the `helm upgrade` command follows.
    pub values: &'static [(&'static str, FixValue)],
    /// Commands, as argument lists in which `<name>` is a slot, also within an argument.
    pub commands: &'static [&'static [&'static str]],
}

impl Fix {
    /// A fix for every chart version, without values or commands.
    pub const fn advice(advice: &'static str) -> Self {
        Self { from: None, to: None, advice, values: &[], commands: &[] }
    }
}

/// Live values by slot name: `namespace`, `release`, `chart-version` are filled by the engine, the others by the check.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slots(BTreeMap<String, String>);

impl Slots {
    /// Fills a slot.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// The live value of a slot.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}
