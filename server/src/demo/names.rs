//! Values that look drawn by lot and are the same at every start: uids, name suffixes, addresses, digests.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// The characters Kubernetes draws name suffixes from.
const SAFE: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// 32 bytes that depend on every part of `seed`.
pub(super) fn bytes(seed: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in seed {
        hash.update(part.len().to_le_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

/// A number below `bound`.
pub(super) fn number(seed: &[&str], bound: u32) -> u32 {
    let drawn = bytes(seed);
    u32::from_le_bytes([drawn[0], drawn[1], drawn[2], drawn[3]]) % bound
}

/// A name suffix of `length` (at most 32) characters.
pub(super) fn suffix(seed: &[&str], length: usize) -> String {
    bytes(seed).iter().take(length).map(|byte| char::from(SAFE[usize::from(*byte) % SAFE.len()])).collect()
}

/// 64 hexadecimal digits.
pub(super) fn digest(seed: &[&str]) -> String {
    bytes(seed).iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A uid of version 4.
pub(super) fn uid(seed: &[&str]) -> String {
    let hex = digest(seed);
    format!("{}-{}-4{}-a{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32])
}

/// Base64 with padding, for the `data` of Secrets.
pub(super) fn base64(input: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in input.chunks(3) {
        let joined =
            chunk.iter().fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            if place <= chunk.len() {
                let index = (joined >> (18 - 6 * place)) & 63;
                text.push(char::from(ALPHABET[index as usize]));
            } else {
                text.push('=');
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_pads_to_four_characters() {
        assert_eq!(base64(b""), "");
        assert_eq!(base64(b"f"), "Zg==");
        assert_eq!(base64(b"fo"), "Zm8=");
        assert_eq!(base64(b"foo"), "Zm9v");
        assert_eq!(base64(b"foob"), "Zm9vYg==");
    }
}
