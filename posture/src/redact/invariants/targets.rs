//! What fuzzers run: each function takes any bytes and panics where an invariant is broken. Tests run them too.

use super::planted::{Plant, unnamed_field};
use super::{kind, list, manifests, object, watch_line};

/// A text that no table, no fixture and no message holds.
const TEXT: &str = "xq7WpZ0kVj";

/// Bytes of the API server: the first one chooses the kind, the rest is an object, a page and a line of a watch.
///
/// # Panics
/// If an invariant is broken.
pub fn json(bytes: &[u8]) {
    let Some((number, text)) = bytes.split_first() else { return };
    let kind = kind(*number);
    object(kind, text);
    list(kind, text);
    watch_line(kind, text);
}

/// A file of manifests; files that are no UTF-8 never reach the decoder.
///
/// # Panics
/// If an invariant is broken.
pub fn manifest(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        manifests(text);
    }
}

/// A secret in a field that the table does not name: four bytes choose the place and the form, the rest is the field's name.
///
/// # Panics
/// If the secret survives.
pub fn redact(bytes: &[u8]) {
    let Some(([object, high, low, form], name)) = bytes.split_first_chunk() else { return };
    let Ok(name) = std::str::from_utf8(name) else { return };
    unnamed_field(&Plant {
        object: usize::from(*object),
        place: usize::from(u16::from_be_bytes([*high, *low])),
        name,
        text: TEXT,
        form: *form,
    });
}
