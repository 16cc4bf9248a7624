//! The key of the installation: comparable hashes of what was dropped, and tokens for names of people.

use std::fmt::{self, Write as _};

use hmac::{Hmac, Mac};
use sha2::Sha256;

/// Lower-case letters and digits that are hard to confuse; 32 of them, five bits each.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The per-installation key. Its bytes never leave it.
#[derive(Clone)]
pub struct RedactionKey {
    id: String,
    mac: Hmac<Sha256>,
}

impl RedactionKey {
    /// A key from its bytes, of which there should be 32 random ones. The id is derived from them and gives nothing away.
    ///
    /// # Panics
    /// Never: HMAC takes keys of every length.
    pub fn new(bytes: &[u8]) -> Self {
        let mac = Hmac::<Sha256>::new_from_slice(bytes).expect("HMAC takes keys of every length");
        let mut key = Self { id: String::new(), mac };
        key.id = hex(&key.digest("id", "")[..4]);
        key
    }

    /// The id that stands before each hash, so that hashes of different keys are never compared.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// `keyid:hex` of a dropped value.
    pub(super) fn hmac(&self, text: &str) -> String {
        format!("{}:{}", self.id, hex(&self.digest("value", text)[..16]))
    }

    /// Ten letters and digits that stand for a text: 50 bits, so that a hundred thousand people hardly ever share one.
    pub(super) fn letters(&self, purpose: &str, text: &str) -> String {
        let digest = self.digest(purpose, text);
        let bits = digest[..8].iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        (0..10).map(|at| char::from(ALPHABET[(bits >> (at * 5) & 31) as usize])).collect()
    }

    fn digest(&self, purpose: &str, text: &str) -> [u8; 32] {
        let mut mac = self.mac.clone();
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for RedactionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedactionKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Whether this is a letter or digit of a token.
pub(crate) fn is_token_letter(letter: char) -> bool {
    u8::try_from(letter).is_ok_and(|byte| ALPHABET.contains(&byte))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_names_its_key_and_depends_on_it() {
        let (one, other) = (RedactionKey::new(b"one"), RedactionKey::new(b"other"));
        assert!(one.hmac("x").starts_with(&format!("{}:", one.id())));
        assert_ne!(one.hmac("x"), other.hmac("x"));
        assert_ne!(one.hmac("x"), one.hmac("y"));
        assert_eq!(one.hmac("x"), one.hmac("x"));
    }

    #[test]
    fn the_key_is_not_printed() {
        assert_eq!(
            format!("{:?}", RedactionKey::new(b"hunter2")),
            format!("RedactionKey {{ id: {:?}, .. }}", RedactionKey::new(b"hunter2").id())
        );
    }
}
