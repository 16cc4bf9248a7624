//! Hashes over canonical JSON: the same for equal values, whatever the order of their keys was.

use std::borrow::Cow;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::ContentHash;

/// How a value is looked at while it is written: what is left out, and what stands for a text. So that nothing is copied to be hashed.
pub(super) trait View: Copy {
    /// How a field is looked at; `None` where it is left out.
    fn field(self, key: &str) -> Option<Self>;
    /// How the items of a list are looked at.
    fn item(self) -> Self;
    /// What stands for a text.
    fn text(self, text: &str) -> Cow<'_, str>;
}

/// A value as it is.
#[derive(Clone, Copy)]
pub(super) struct Whole;

impl View for Whole {
    fn field(self, _: &str) -> Option<Self> {
        Some(self)
    }

    fn item(self) -> Self {
        self
    }

    fn text(self, text: &str) -> Cow<'_, str> {
        Cow::Borrowed(text)
    }
}

/// The hash of a value.
pub(super) fn canonical(value: &Value) -> ContentHash {
    viewed(value, Whole)
}

/// The hash of what a view leaves of a value.
pub(super) fn viewed(value: &Value, view: impl View) -> ContentHash {
    let mut bytes = Vec::new();
    write(value, view, &mut bytes);
    of_bytes(&bytes)
}

/// The hash of what was written.
pub(super) fn of_bytes(bytes: &[u8]) -> ContentHash {
    let digest: [u8; 32] = Sha256::digest(bytes).into();
    let mut hash = [0; 16];
    hash.copy_from_slice(&digest[..16]);
    ContentHash(hash)
}

/// Writes a value with sorted keys and without white space.
pub(super) fn write<V: View>(value: &Value, view: V, bytes: &mut Vec<u8>) {
    match value {
        Value::Object(fields) => {
            let seen = fields.iter().filter_map(|(key, field)| Some((key, field, view.field(key)?)));
            let mut sorted: Vec<_> = seen.collect();
            sorted.sort_unstable_by_key(|(key, ..)| *key);
            bytes.push(b'{');
            for (index, (key, field, view)) in sorted.into_iter().enumerate() {
                if index > 0 {
                    bytes.push(b',');
                }
                text(key, bytes);
                bytes.push(b':');
                write(field, view, bytes);
            }
            bytes.push(b'}');
        }
        Value::Array(items) => {
            bytes.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    bytes.push(b',');
                }
                write(item, view.item(), bytes);
            }
            bytes.push(b']');
        }
        Value::String(string) => text(&view.text(string), bytes),
        Value::Null => bytes.extend_from_slice(b"null"),
        Value::Bool(truth) => bytes.extend_from_slice(if *truth { b"true" } else { b"false" }),
        Value::Number(number) => bytes.extend_from_slice(number.to_string().as_bytes()),
    }
}

/// JSON's own escapes, by the library that reads them.
fn text(string: &str, bytes: &mut Vec<u8>) {
    let is_plain = string.bytes().all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\');
    if is_plain {
        bytes.push(b'"');
        bytes.extend_from_slice(string.as_bytes());
        bytes.push(b'"');
    } else {
        bytes.extend_from_slice(Value::from(string).to_string().as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_order_of_keys_does_not_matter_and_the_order_of_items_does() {
        assert_eq!(canonical(&json!({"a": 1, "b": [1, 2]})), canonical(&json!({"b": [1, 2], "a": 1})));
        assert_ne!(canonical(&json!({"b": [1, 2]})), canonical(&json!({"b": [2, 1]})));
    }

    #[test]
    fn canonical_text_is_json() {
        let value = json!({"a\"\n": ["\\", null, true, -1.5], "é": {}});
        let mut bytes = Vec::new();
        write(&value, Whole, &mut bytes);
        assert_eq!(serde_json::from_slice::<Value>(&bytes).unwrap(), value);
    }
}
