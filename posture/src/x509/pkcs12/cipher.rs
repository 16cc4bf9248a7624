//! Decrypts with a password: PBES2 (RFC 8018) and the older ways of PKCS#12 (RFC 7292, appendices B and C).

use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipher, BlockDecryptMut, KeyInit, KeyIvInit};
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};
use zeroize::Zeroizing;

use super::{BROKEN, PASSWORD, UNKNOWN};
use crate::x509::tlv::{self, Element, Reader};

const RC4: &str = "the keystore is encrypted with RC4, which is broken, and is not read";
const SCRYPT: &str = "the keystore turns its password into a key with scrypt, and is not read";

/// How much work may be spent on one file: rounds of a hash. A file can ask for as many as it likes.
pub(super) struct Budget(u32);

impl Default for Budget {
    fn default() -> Self {
        Self(4_000_000)
    }
}

impl Budget {
    fn spend(&mut self, rounds: u32, times: u32) -> Result<(), &'static str> {
        let left = rounds.checked_mul(times).and_then(|all| self.0.checked_sub(all));
        self.0 = left.ok_or("the keystore wants more work for its password than is spent on it")?;
        Ok(())
    }
}

/// What was encrypted with an algorithm of a content.
pub(super) fn decrypted(
    algorithm: &[u8],
    data: &[u8],
    password: &str,
    budget: &mut Budget,
) -> Result<Zeroizing<Vec<u8>>, &'static str> {
    let mut reader = Reader::new(algorithm);
    let oid = tlv::oid(reader.expect(tlv::OBJECT_IDENTIFIER)?.content)?;
    let parameters = reader.sequence()?;
    if oid == "1.2.840.113549.1.5.13" {
        return pbes2(parameters, data, password, budget);
    }
    let (kind, length) = match oid.strip_prefix("1.2.840.113549.1.12.1.") {
        Some("1" | "2") => return Err(RC4),
        Some("3") => (Kind::TripleDes, 24),
        Some("4") => (Kind::DoubleDes, 16),
        Some("5") => (Kind::Rc2, 16),
        Some("6") => (Kind::Rc2, 5),
        _ => return Err(UNKNOWN),
    };
    let (salt, rounds) = salt_and_rounds(&mut { parameters })?;
    // A password that is empty is written in two ways.
    let mut wide = Zeroizing::new(Vec::with_capacity(2 * (password.len() + 1)));
    wide.extend(password.encode_utf16().chain([0]).flat_map(u16::to_be_bytes));
    let mut forms = vec![wide];
    if password.is_empty() {
        forms.push(Zeroizing::new(Vec::new()));
    }
    let mut clear = Err(PASSWORD);
    for form in forms {
        budget.spend(rounds, 3)?;
        let key = derived(1, &form, salt, rounds, length);
        let iv = derived(2, &form, salt, rounds, 8);
        clear = kind.decrypt(&key, &iv, data);
        if clear.is_ok() {
            break;
        }
    }
    clear
}

/// A salt, and how often it is hashed.
fn salt_and_rounds<'a>(parameters: &mut Reader<'a>) -> Result<(&'a [u8], u32), &'static str> {
    let salt = parameters.expect(tlv::OCTET_STRING)?.content;
    let rounds = tlv::integer(parameters.expect(tlv::INTEGER)?.content)?;
    let rounds = match rounds {
        [0x80..=0xff, ..] | [0] => return Err(BROKEN),
        digits => {
            digits.iter().try_fold(0_u32, |all, digit| all.checked_mul(256)?.checked_add(u32::from(*digit)))
        }
    };
    if salt.len() > 1024 { Err(BROKEN) } else { Ok((salt, rounds.unwrap_or(u32::MAX))) }
}

fn pbes2(
    mut parameters: Reader<'_>,
    data: &[u8],
    password: &str,
    budget: &mut Budget,
) -> Result<Zeroizing<Vec<u8>>, &'static str> {
    let mut derivation = parameters.sequence()?;
    match tlv::oid(derivation.expect(tlv::OBJECT_IDENTIFIER)?.content)?.as_str() {
        "1.2.840.113549.1.5.12" => {}
        "1.3.6.1.4.1.11591.4.11" => return Err(SCRYPT),
        _ => return Err(UNKNOWN),
    }
    let mut derivation = derivation.sequence()?;
    let (salt, rounds) = salt_and_rounds(&mut derivation)?;
    derivation.optional(tlv::INTEGER)?;
    let hash = match derivation.optional(tlv::SEQUENCE)? {
        Some(named) => tlv::oid(Reader::new(named.content).expect(tlv::OBJECT_IDENTIFIER)?.content)?,
        None => "1.2.840.113549.2.7".to_owned(),
    };
    let mut scheme = parameters.sequence()?;
    let oid = tlv::oid(scheme.expect(tlv::OBJECT_IDENTIFIER)?.content)?;
    let iv: Element<'_> = scheme.expect(tlv::OCTET_STRING)?;
    let (kind, length) = match oid.as_str() {
        "2.16.840.1.101.3.4.1.2" => (Kind::Aes128, 16),
        "2.16.840.1.101.3.4.1.22" => (Kind::Aes192, 24),
        "2.16.840.1.101.3.4.1.42" => (Kind::Aes256, 32),
        "1.2.840.113549.3.7" => (Kind::TripleDes, 24),
        _ => return Err(UNKNOWN),
    };
    let mut key = Zeroizing::new(vec![0; length]);
    budget.spend(rounds, 2)?;
    let password = password.as_bytes();
    match hash.as_str() {
        "1.2.840.113549.2.7" => pbkdf2::pbkdf2_hmac::<Sha1>(password, salt, rounds, &mut key),
        "1.2.840.113549.2.8" => pbkdf2::pbkdf2_hmac::<Sha224>(password, salt, rounds, &mut key),
        "1.2.840.113549.2.9" => pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, rounds, &mut key),
        "1.2.840.113549.2.10" => pbkdf2::pbkdf2_hmac::<Sha384>(password, salt, rounds, &mut key),
        "1.2.840.113549.2.11" => pbkdf2::pbkdf2_hmac::<Sha512>(password, salt, rounds, &mut key),
        _ => return Err(UNKNOWN),
    }
    kind.decrypt(&key, iv.content, data)
}

/// A cipher, in CBC.
#[derive(Clone, Copy)]
enum Kind {
    Aes128,
    Aes192,
    Aes256,
    TripleDes,
    DoubleDes,
    Rc2,
}

impl Kind {
    fn decrypt(self, key: &[u8], iv: &[u8], data: &[u8]) -> Result<Zeroizing<Vec<u8>>, &'static str> {
        match self {
            Self::Aes128 => cbc::<aes::Aes128>(key, iv, data),
            Self::Aes192 => cbc::<aes::Aes192>(key, iv, data),
            Self::Aes256 => cbc::<aes::Aes256>(key, iv, data),
            Self::TripleDes => cbc::<des::TdesEde3>(key, iv, data),
            Self::DoubleDes => cbc::<des::TdesEde2>(key, iv, data),
            Self::Rc2 => cbc::<rc2::Rc2>(key, iv, data),
        }
    }
}

fn cbc<C: BlockCipher + BlockDecryptMut + KeyInit>(
    key: &[u8],
    iv: &[u8],
    data: &[u8],
) -> Result<Zeroizing<Vec<u8>>, &'static str> {
    let cipher = Decryptor::<C>::new_from_slices(key, iv).map_err(|_| BROKEN)?;
    let mut clear = Zeroizing::new(data.to_vec());
    let length = cipher.decrypt_padded_mut::<Pkcs7>(&mut clear).map_err(|_| PASSWORD)?.len();
    clear.truncate(length);
    Ok(clear)
}

/// A key or an initial vector from a password with SHA-1 (RFC 7292, appendix B.2).
fn derived(purpose: u8, password: &[u8], salt: &[u8], rounds: u32, length: usize) -> Zeroizing<Vec<u8>> {
    const BLOCK: usize = 64;
    let whole = |bytes: &[u8]| bytes.len().div_ceil(BLOCK) * BLOCK;
    // Both have their size from the start: what grows leaves what it held behind.
    let mut input = Zeroizing::new(Vec::with_capacity(whole(salt) + whole(password)));
    input.extend(salt.iter().cycle().take(whole(salt)));
    input.extend(password.iter().cycle().take(whole(password)));
    let mut output = Zeroizing::new(Vec::with_capacity(length + BLOCK));
    while output.len() < length {
        let mut hash = Sha1::new().chain_update([purpose; BLOCK]).chain_update(&*input).finalize();
        for _ in 1..rounds {
            hash = Sha1::digest(hash);
        }
        output.extend_from_slice(&hash);
        for block in input.chunks_exact_mut(BLOCK) {
            // The block plus the hash, repeated, plus one.
            let mut carry = 1_u16;
            for (place, byte) in block.iter_mut().enumerate().rev() {
                let sum = u16::from(*byte) + u16::from(hash[place % hash.len()]) + carry;
                [_, *byte] = sum.to_be_bytes();
                carry = sum >> 8;
            }
        }
    }
    output.truncate(length);
    output
}
