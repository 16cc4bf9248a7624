//! Hashes over canonical JSON: the same for equal values, whatever the order of their keys was.

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::ContentHash;

/// The hash of a value.
pub(super) fn canonical(value: &Value) -> ContentHash {
    let mut bytes = Vec::new();
    write(value, &mut bytes);
    let digest: [u8; 32] = Sha256::digest(&bytes).into();
    let mut hash = [0; 16];
    hash.copy_from_slice(&digest[..16]);
    ContentHash(hash)
}

/// Writes a value with sorted keys and without white space.
pub(super) fn write(value: &Value, bytes: &mut Vec<u8>) {
    match value {
        Value::Object(fields) => {
            let mut sorted: Vec<_> = fields.iter().collect();
            sorted.sort_unstable_by_key(|(key, _)| *key);
            bytes.push(b'{');
            for (index, (key, field)) in sorted.into_iter().enumerate() {
                if index > 0 {
                    bytes.push(b',');
                }
                text(key, bytes);
                bytes.push(b':');
                write(field, bytes);
            }
            bytes.push(b'}');
        }
        Value::Array(items) => {
            bytes.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    bytes.push(b',');
                }
                write(item, bytes);
            }
            bytes.push(b']');
        }
        Value::String(string) => text(string, bytes),
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
        write(&value, &mut bytes);
        assert_eq!(serde_json::from_slice::<Value>(&bytes).unwrap(), value);
    }
}
