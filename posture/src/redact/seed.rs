//! The redactor itself: a visitor that follows the table while the decoder reads, and skips what no path names.

use std::cell::{Cell, RefCell};
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::annotation::{self, Kept};
use super::class::{class_of, dropped, dropped_comparable};
use super::data::{self, Format, Worth};
use super::env;
use super::error::Mismatch;
use super::key::RedactionKey;
use super::rule::{Node, Rule};
use super::scalar;
use super::table;
use super::words::Words;

/// A step from the object to the value being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// A field that the table names.
    Field(&'static str),
    /// A key that the table does not know; it is not told, since it may be a secret.
    Key,
    /// An item of a list.
    Item(usize),
}

/// What to do with a value that has another type than its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Types {
    /// Stop with an error: files, where somebody can mend it.
    Strict,
    /// Leave it out and count it: one odd object must not hide a page of others.
    Lenient,
}

/// What all visitors of one document share.
#[derive(Debug)]
pub(super) struct Reading<'a> {
    key: &'a RedactionKey,
    types: Types,
    path: RefCell<Vec<Step>>,
    mismatch: Cell<Option<Mismatch>>,
    malformed: Cell<usize>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(key: &'a RedactionKey, types: Types) -> Self {
        Self { key, types, path: RefCell::default(), mismatch: Cell::new(None), malformed: Cell::new(0) }
    }

    /// Where reading stopped: `spec.ports[0].port`.
    pub(super) fn place(&self) -> String {
        let mut text = String::new();
        for step in self.path.borrow().iter() {
            match step {
                Step::Field(name) => {
                    if !text.is_empty() {
                        text.push('.');
                    }
                    text.push_str(name);
                }
                Step::Key => text.push_str(".*"),
                Step::Item(index) => {
                    text.push('[');
                    text.push_str(&index.to_string());
                    text.push(']');
                }
            }
        }
        text
    }

    /// What was wrong with the type of the value where reading stopped.
    pub(super) fn mismatch(&self) -> Option<Mismatch> {
        self.mismatch.get()
    }

    /// How many values were left out because of their type.
    pub(super) fn malformed(&self) -> usize {
        self.malformed.get()
    }

    /// Reads below a step; the path keeps the step if reading fails, since that is where it failed.
    pub(super) fn at<T, E>(&self, step: Step, read: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        self.path.borrow_mut().push(step);
        let value = read()?;
        self.path.borrow_mut().pop();
        Ok(value)
    }

    fn wrong<T, E: Error>(&self, wanted: &'static str, found: &'static str) -> Result<Option<T>, E> {
        match self.types {
            Types::Lenient => {
                self.malformed.set(self.malformed.get() + 1);
                Ok(None)
            }
            Types::Strict => {
                self.mismatch.set(Some(Mismatch { wanted, found }));
                Err(E::custom("a value of another type"))
            }
        }
    }
}

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
            Node::Leaf(Rule::Env) => environment(items, self.reading),
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
        while let Some(key) = entries.next_key_seed(Key)? {
            let Some((name, node)) = key.and_then(|key| fields.get_key_value(key.as_str())) else {
                entries.next_value::<IgnoredAny>()?;
                continue;
            };
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
        Worth::Nothing => hidden(class_of(text)),
        Worth::Word if data::is_short(text) => text.into(),
        Worth::Word => hidden(class_of(text)),
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

fn environment<'de, A: SeqAccess<'de>>(
    mut items: A,
    reading: &Reading<'_>,
) -> Result<Option<Value>, A::Error> {
    let mut kept = Vec::new();
    for index in 0.. {
        match reading.at(Step::Item(index), || items.next_element_seed(Variable { reading }))? {
            Some(value) => kept.extend(value),
            None => break,
        }
    }
    Ok(Some(Value::Array(kept)))
}

/// One environment variable, whose value is judged by its name; the name may stand behind the value.
struct Variable<'a> {
    reading: &'a Reading<'a>,
}

impl<'de> DeserializeSeed<'de> for Variable<'_> {
    type Value = Option<Value>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Variable<'_> {
    type Value = Option<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let reading = self.reading;
        let (mut name, mut text, mut source) = (None, None, None);
        while let Some(key) = entries.next_key_seed(Key)? {
            match key.as_deref() {
                Some("name") => {
                    let seed = Text { reading, keep: str::to_owned };
                    name = reading.at(Step::Field("name"), || entries.next_value_seed(seed))?;
                }
                Some("value") => {
                    let seed = Text { reading, keep: str::to_owned };
                    text = reading.at(Step::Field("value"), || entries.next_value_seed(seed))?;
                }
                Some("valueFrom") => {
                    let seed = Seed::new(table::env_source(), reading);
                    source = reading.at(Step::Field("valueFrom"), || entries.next_value_seed(seed))?;
                }
                _ => {
                    entries.next_value::<IgnoredAny>()?;
                }
            }
        }
        let Some(name) = name.filter(|name| scalar::is_free_key(name)) else { return Ok(None) };
        let mut kept = Map::new();
        if let Some(text) = text {
            kept.insert("value".to_owned(), self.value(&name, &text));
        }
        if let Some(source) = source {
            kept.insert("valueFrom".to_owned(), source);
        }
        kept.insert("name".to_owned(), name.into());
        Ok(Some(Value::Object(kept)))
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
        self.reading.wrong("an object", "text")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        self.reading.wrong("an object", "a truth value")
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        self.reading.wrong("an object", "a number")
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        self.reading.wrong("an object", "a number")
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        self.reading.wrong("an object", "a number")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let outcome = self.reading.wrong("an object", "a list")?;
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(outcome)
    }
}

impl Variable<'_> {
    fn value(&self, name: &str, text: &str) -> Value {
        match env::keep(name, text) {
            (Value::Object(mut leaf), true) => {
                leaf.insert("hmac".to_owned(), self.reading.key.hmac(text).into());
                Value::Object(leaf)
            }
            (value, _) => value,
        }
    }
}

/// A text of which `keep` decides what is left; `None` for `null` and for what is no text.
struct Text<'a, F> {
    reading: &'a Reading<'a>,
    keep: F,
}

impl<'de, T, F: FnOnce(&str) -> T> DeserializeSeed<'de> for Text<'_, F> {
    type Value = Option<T>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T, F: FnOnce(&str) -> T> Visitor<'de> for Text<'_, F> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some((self.keep)(text)))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        self.reading.wrong("text", "a truth value")
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        self.reading.wrong("text", "a number")
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        self.reading.wrong("text", "a number")
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        self.reading.wrong("text", "a number")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let outcome = self.reading.wrong("text", "a list")?;
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(outcome)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let outcome = self.reading.wrong("text", "an object")?;
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(outcome)
    }
}

/// A key of a map; `None` for one that is no text.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Option<String>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
        Ok(Some(key.to_owned()))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }
}
