//! Lines for `config.yaml`: dotted paths and typed values, written by a serializer.

use serde_norway::{Mapping, Value};

use super::{FixValue, Slots};

/// Nests dotted paths below an optional prefix into one YAML document.
pub(super) fn render(prefix: Option<&str>, values: &[(&str, FixValue)], slots: &Slots) -> String {
    let mut document = Value::Mapping(Mapping::new());
    for (path, value) in values {
        let steps = prefix.into_iter().chain(path.split('.'));
        let mut place = &mut document;
        for step in steps {
            if !place.is_mapping() {
                *place = Value::Mapping(Mapping::new());
            }
            let mapping = place.as_mapping_mut().expect("it was made a mapping just above");
            place = mapping.entry(Value::from(step)).or_insert(Value::Null);
        }
        *place = typed(value, slots);
    }
    serde_norway::to_string(&document).unwrap_or_default()
}

/// A value with its slots filled in; an unknown slot stays as `<name>`.
fn typed(value: &FixValue, slots: &Slots) -> Value {
    match value {
        FixValue::Bool(bool) => Value::from(*bool),
        FixValue::Number(number) => Value::from(*number),
        FixValue::Str(text) => Value::from(*text),
        FixValue::Slot(name) => {
            let text = slots.value(name).map_or_else(|| format!("<{name}>"), str::to_owned);
            Value::from(crate::hostile::visible(&text))
        }
        FixValue::List(items) => Value::Sequence(items.iter().map(|item| typed(item, slots)).collect()),
        FixValue::Map(entries) => {
            let pairs = entries.iter().map(|(key, value)| (Value::from(*key), typed(value, slots)));
            Value::Mapping(pairs.collect())
        }
        FixValue::Null => Value::Null,
    }
}

/// The names of the slots in a value.
pub(super) fn slot_names(value: &FixValue) -> Vec<&'static str> {
    match value {
        FixValue::Slot(name) => vec![name],
        FixValue::List(items) => items.iter().flat_map(slot_names).collect(),
        FixValue::Map(entries) => entries.iter().flat_map(|(_, value)| slot_names(value)).collect(),
        FixValue::Bool(_) | FixValue::Number(_) | FixValue::Str(_) | FixValue::Null => Vec::new(),
    }
}
