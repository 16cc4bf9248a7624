//! The redactor itself: a visitor that follows the table while the decoder reads, and skips what no path names.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::annotation::{self, Kept};
use super::bundle;
use super::class::{class_of, dropped, dropped_comparable};
use super::data::{self, Format, Worth};
use super::env;
use super::leaf::{Key, Text};
use super::reading::{Reading, Step, Types};
use super::rule::{Node, Rule};
use super::scalar;
use super::table;
use super::words::Words;

/// What YAML's merge types put the fields of another mapping with.
pub(super) const MERGE_KEY: &str = "<<";

/// Reads one value by its node of the table; `None` where nothing is left of it.
#[derive(Clone, Copy)]
pub(super) struct Seed<'a> {
    pub(super) node: &'a Node,
    pub(super) reading: &'a Reading<'a>,
}

impl<'a> Seed<'a> {
    pub(super) fn new(node: &'a Node, reading: &'a Reading<'a>) -> Self {
        Self { node, reading }
    }

    fn wanted(&self) -> &'static str {
        match self.node {
            Node::Leaf(rule) => scalar::wanted(*rule),
            Node::Fields(_) | Node::Entries(_) => "an object",
            Node::Items(_) => "a list",
        }
    }

    fn scalar<E: Error>(
        self,
        found: &'static str,
        keep: impl FnOnce(Rule) -> Result<Option<Value>, &'static str>,
    ) -> Result<Option<Value>, E> {
        match self.node {
            Node::Leaf(rule) => keep(*rule).map_or_else(|wanted| self.reading.wrong(wanted, found), Ok),
            _ => self.reading.wrong(self.wanted(), found),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Option<Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Option<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.wanted())
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<Self::Value, E> {
        self.scalar("a truth value", |rule| scalar::truth(rule, truth))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        self.scalar("a number", |rule| scalar::number(rule, number.into()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        self.scalar("a number", |rule| scalar::number(rule, number.into()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        let number = Number::from_f64(number).map_or(Value::Null, Value::Number);
        self.scalar("a number", |rule| scalar::number(rule, number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        self.scalar("text", |rule| scalar::text(rule, text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        match self.node {
            Node::Items(item) => self.items(items, item),
            Node::Leaf(Rule::Words) => words(items, self.reading),
            Node::Leaf(Rule::Env) => env::environment(items, self.reading),
            node => {
                if *node == Node::Leaf(Rule::Drop) {
                    while items.next_element::<IgnoredAny>()?.is_some() {}
                    return Ok(Some(dropped("list")));
                }
                let outcome = self.reading.wrong(self.wanted(), "a list")?;
                while items.next_element::<IgnoredAny>()?.is_some() {}
                Ok(outcome)
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        match self.node {
            Node::Fields(_) => self.fields(entries),
            Node::Entries(inner) => self.entries(entries, inner),
            Node::Leaf(Rule::Labels) => self.entries(entries, &Node::Leaf(Rule::Text)),
            Node::Leaf(Rule::Annotations) => {
                named(entries, self.reading, |key, text| match annotation::keep(key, text) {
                    Kept::Value(value) => value,
                    Kept::Person => text.into(),
                    Kept::Comparable(class) => dropped_comparable(&class, &self.reading.key.hmac(text)),
                })
            }
            Node::Leaf(Rule::Data) => {
                named(entries, self.reading, |key, text| datum(key, text, self.reading))
            }
            Node::Leaf(Rule::BinaryData) => named(entries, self.reading, |_, text| {
                dropped_comparable("binary", &self.reading.key.hmac(text))
            }),
            node => {
                let kept = match node {
                    Node::Leaf(Rule::Presence) => Some(Value::Object(Map::new())),
                    Node::Leaf(Rule::Drop) => Some(dropped("object")),
                    _ => self.reading.wrong(self.wanted(), "an object")?,
                };
                while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(kept)
            }
        }
    }
}

impl Seed<'_> {
    fn items<'de, A: SeqAccess<'de>>(self, mut items: A, item: &Node) -> Result<Option<Value>, A::Error> {
        let mut kept = Vec::new();
        for index in 0.. {
            let seed = Seed::new(item, self.reading);
            let next = self.reading.at(Step::Item(index), || items.next_element_seed(seed))?;
            match (next, item) {
                (None, _) => break,
                (Some(Some(value)), _) => kept.push(value),
                // The API server reads `- null` in a list of objects as an empty object, which for a rule means "everything".
                (Some(None), Node::Fields(_)) => kept.push(Value::Object(Map::new())),
                (Some(None), _) => {}
            }
        }
        Ok(Some(Value::Array(kept)))
    }

    fn fields<'de, A: MapAccess<'de>>(self, mut entries: A) -> Result<Option<Value>, A::Error> {
        let Node::Fields(fields) = self.node else { return Ok(None) };
        let mut kept = Map::new();
        let mut met = BTreeSet::new();
        while let Some(key) = entries.next_key_seed(Key)? {
            if key.as_deref() == Some(MERGE_KEY) {
                // Nothing here merges, and a field that is not seen must not count as one that is not there.
                self.reading.wrong::<(), _>("fields", "the merge key <<, which is not followed")?;
            }
            let Some((name, node)) = key.and_then(|key| fields.get_key_value(key.as_str())) else {
                entries.next_value::<IgnoredAny>()?;
                continue;
            };
            if !met.insert(name) {
                self.reading.at(Step::Field(name), || {
                    self.reading.wrong::<(), A::Error>("a key that stands once", "it again")
                })?;
            }
            let seed = Seed::new(node, self.reading);
            if let Some(value) = self.reading.at(Step::Field(name), || entries.next_value_seed(seed))? {
                kept.insert((*name).to_owned(), value);
            }
        }
        Ok(Some(Value::Object(kept)))
    }

    fn entries<'de, A: MapAccess<'de>>(
        self,
        mut entries: A,
        inner: &Node,
    ) -> Result<Option<Value>, A::Error> {
        let mut kept = Map::new();
        while let Some(key) = entries.next_key_seed(Key)? {
            let Some(key) = key.filter(|key| scalar::is_free_key(key)) else {
                self.reading.wrong::<(), _>("the key of a label", "another key")?;
                entries.next_value::<IgnoredAny>()?;
                continue;
            };
            let seed = Seed::new(inner, self.reading);
            if let Some(value) = self.reading.at(Step::Key, || entries.next_value_seed(seed))? {
                kept.insert(key, value);
            }
        }
        Ok(Some(Value::Object(kept)))
    }
}

/// A map of which every key is kept, and of every value what `keep` leaves of its text.
fn named<'de, A: MapAccess<'de>>(
    mut entries: A,
    reading: &Reading<'_>,
    keep: impl Fn(&str, &str) -> Value,
) -> Result<Option<Value>, A::Error> {
    let mut kept = Map::new();
    while let Some(key) = entries.next_key_seed(Key)? {
        let Some(key) = key.filter(|key| scalar::is_free_key(key)) else {
            reading.wrong::<(), _>("the key of an annotation or a ConfigMap", "another key")?;
            entries.next_value::<IgnoredAny>()?;
            continue;
        };
        let seed = Text { reading, keep: |text: &str| keep(&key, text) };
        if let Some(value) = reading.at(Step::Key, || entries.next_value_seed(seed))? {
            kept.insert(key, value);
        }
    }
    Ok(Some(Value::Object(kept)))
}

/// What is left of the value of a ConfigMap's key.
fn datum(key: &str, text: &str, reading: &Reading<'_>) -> Value {
    let hidden = |class: &str| dropped_comparable(class, &reading.key.hmac(text));
    match data::worth(key) {
        _ if text.is_empty() => dropped("empty"),
        Worth::Certificates => bundle::plain(text).unwrap_or_else(|| hidden(class_of(text))),
        Worth::Word if data::is_short(text) => text.into(),
        Worth::Word | Worth::Nothing => hidden(class_of(text)),
        Worth::File(format, file) => {
            // The file is read leniently: what stands at a path may be anything, and only what fits is kept.
            let inner = Reading::new(reading.key, Types::Lenient);
            let seed = Seed::new(table::file(file), &inner);
            let parsed = match format {
                Format::Yaml => {
                    serde_norway::Deserializer::from_str(text).next().and_then(|d| seed.deserialize(d).ok())
                }
                Format::Toml => {
                    toml::Deserializer::parse(text).ok().and_then(|document| seed.deserialize(document).ok())
                }
            };
            match parsed.flatten() {
                Some(Value::Object(parsed)) => {
                    let mut kept = Map::new();
                    kept.insert("parsed".to_owned(), Value::Object(parsed));
                    Value::Object(kept)
                }
                _ => hidden("unreadable"),
            }
        }
    }
}

fn words<'de, A: SeqAccess<'de>>(mut items: A, reading: &Reading<'_>) -> Result<Option<Value>, A::Error> {
    let state = RefCell::new(Words::default());
    let mut kept = Vec::new();
    for index in 0.. {
        let seed = Text { reading, keep: |text: &str| state.borrow_mut().keep(text) };
        match reading.at(Step::Item(index), || items.next_element_seed(seed))? {
            Some(value) => kept.extend(value),
            None => break,
        }
    }
    Ok(Some(Value::Array(kept)))
}
