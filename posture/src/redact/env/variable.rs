//! Reads environment variables, whose values are judged by their names.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::super::leaf::{Key, Text};
use super::super::reading::{Reading, Step};
use super::super::seed::Seed;
use super::super::{scalar, table};

/// A list of environment variables.
pub(in crate::redact) fn environment<'de, A: SeqAccess<'de>>(
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
        match super::keep(name, text) {
            (Value::Object(mut leaf), true) => {
                leaf.insert("hmac".to_owned(), self.reading.key.hmac(text).into());
                Value::Object(leaf)
            }
            (value, _) => value,
        }
    }
}
