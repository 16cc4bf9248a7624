//! The certificates in a PKCS#12 file (RFC 7292). Keys are never decrypted; what lies beside certificates under the same encryption is wiped.
//!
//! The checksum that is keyed with the password is not looked at: a certificate that can be read is public, and a password that does not fit
//! gives nothing that could be read.

mod cipher;

use super::tlv::{self, Element, Reader};
use super::{Der, MOST_BYTES, MOST_CERTIFICATES, Malformed, X509, chain, read_bytes};
use crate::sighting::StoredChain;
use cipher::{Budget, decrypted};

/// The chains in a PKCS#12 file: one for each key, which begins with the key's certificate, and one for each certificate beyond these. The
/// passwords are tried in their order, where one is needed.
pub fn pkcs12(bytes: &[u8], passwords: &[&str]) -> Result<Vec<StoredChain>, &'static str> {
    if bytes.len() > MOST_BYTES {
        return Err("the keystore has more than 10 MB, and is not read");
    }
    if bytes.starts_with(&[0x30, 0x80]) {
        return Err(BER);
    }
    let mut budget = Budget::default();
    let mut tried = Err(PASSWORD);
    // Without encryption any password does.
    for password in passwords.iter().copied().chain([""].into_iter().filter(|_| passwords.is_empty())) {
        let mut found = Found::default();
        tried = found.file(bytes, password, &mut budget).map(|()| found);
        if !matches!(tried, Err(PASSWORD)) {
            break;
        }
    }
    tried.map(Found::chains)
}

const PASSWORD: &str = "protected by a password";
const BROKEN: &str = "the keystore is cut off or broken";
const BER: &str = "the keystore leaves lengths open or cuts its contents up (BER), and is not read; written anew as DER it would be";
const UNKNOWN: &str = "the keystore is encrypted in a way that is not known";

impl From<Malformed> for &'static str {
    fn from(_: Malformed) -> Self {
        BROKEN
    }
}

/// A certificate in its bag.
struct Bag {
    der: Der,
    read: X509,
    alias: Option<String>,
    /// Whether a key has the same mark.
    is_marked: bool,
}

/// What was found so far.
#[derive(Default)]
struct Found {
    bags: Vec<Bag>,
}

impl Found {
    /// The PFX: its version, its content, and the checksum.
    fn file(&mut self, bytes: &[u8], password: &str, budget: &mut Budget) -> Result<(), &'static str> {
        let mut outer = Reader::new(bytes);
        let mut file = outer.sequence()?;
        outer.end()?;
        if file.expect(tlv::INTEGER)?.content != [3] {
            return Err(BROKEN);
        }
        let mut safe = file.sequence()?;
        if tlv::oid(safe.expect(tlv::OBJECT_IDENTIFIER)?.content)? != DATA {
            return Err("the keystore is signed with a key, and is not read");
        }
        let content = inside(&mut safe)?;
        let mut safes = Reader::new(content).sequence()?;
        while !safes.is_empty() {
            self.safe(safes.sequence()?, password, budget)?;
        }
        Ok(())
    }

    /// A part of the file, encrypted or not.
    fn safe(
        &mut self,
        mut safe: Reader<'_>,
        password: &str,
        budget: &mut Budget,
    ) -> Result<(), &'static str> {
        match tlv::oid(safe.expect(tlv::OBJECT_IDENTIFIER)?.content)?.as_str() {
            DATA => self.bags(Reader::new(inside(&mut safe)?).sequence()?, NESTED),
            "1.2.840.113549.1.7.6" => {
                let mut explicit = Reader::new(safe.expect(0xa0)?.content);
                let mut encrypted = explicit.sequence()?;
                encrypted.expect(tlv::INTEGER)?;
                let mut info = encrypted.sequence()?;
                info.expect(tlv::OBJECT_IDENTIFIER)?;
                let algorithm = info.expect(tlv::SEQUENCE)?.content;
                let Some(content) = info.optional(0x80)? else { return Ok(()) };
                let clear = decrypted(algorithm, content.content, password, budget)?;
                // With a wrong password in one of some hundred cases bytes come out that are none.
                let bags = Reader::new(&clear).sequence().map_err(|_| PASSWORD)?;
                self.bags(bags, NESTED)
            }
            _ => Err(UNKNOWN),
        }
    }

    fn bags(&mut self, mut bags: Reader<'_>, depth: u8) -> Result<(), &'static str> {
        while !bags.is_empty() {
            let mut bag = bags.sequence()?;
            let kind = tlv::oid(bag.expect(tlv::OBJECT_IDENTIFIER)?.content)?;
            let mut value = Reader::new(bag.expect(0xa0)?.content);
            match kind.as_str() {
                "1.2.840.113549.1.12.10.1.3" => {
                    let attributes = bag.optional(tlv::SET)?;
                    self.certificate(value.sequence()?, attributes)?;
                }
                "1.2.840.113549.1.12.10.1.6" if depth > 0 => self.bags(value.sequence()?, depth - 1)?,
                "1.2.840.113549.1.12.10.1.6" => return Err(BROKEN),
                // Keys, revocation lists and secrets are passed over.
                _ => {}
            }
        }
        Ok(())
    }

    fn certificate(
        &mut self,
        mut bag: Reader<'_>,
        attributes: Option<Element<'_>>,
    ) -> Result<(), &'static str> {
        if tlv::oid(bag.expect(tlv::OBJECT_IDENTIFIER)?.content)? != "1.2.840.113549.1.9.22.1" {
            return Err("the keystore holds a certificate that is not X.509");
        }
        if self.bags.len() == MOST_CERTIFICATES {
            return Err("the keystore holds more than 512 certificates, and is not read");
        }
        let bytes = inside(&mut bag)?;
        let read = read_bytes(bytes).map_err(|_| "a certificate in the keystore cannot be read")?;
        let der = Der::new(bytes);
        let (mut alias, mut is_marked) = (None, false);
        let mut attributes = Reader::new(attributes.map_or(&[], |found| found.content));
        while !attributes.is_empty() {
            let mut attribute = attributes.sequence()?;
            let kind = tlv::oid(attribute.expect(tlv::OBJECT_IDENTIFIER)?.content)?;
            let mut values = Reader::new(attribute.expect(tlv::SET)?.content);
            match kind.as_str() {
                "1.2.840.113549.1.9.20" => alias = values.optional(0x1e)?.map(|text| utf_16(text.content)),
                "1.2.840.113549.1.9.21" => is_marked = true,
                _ => {}
            }
        }
        self.bags.push(Bag { der, read, alias, is_marked });
        Ok(())
    }

    /// Certificates of keys first, each with the authorities above it; then those that are in no chain.
    fn chains(self) -> Vec<StoredChain> {
        let (own, others): (Vec<Bag>, Vec<Bag>) = self.bags.into_iter().partition(|bag| bag.is_marked);
        let mut is_used = vec![false; others.len()];
        let mut chains = Vec::new();
        for bag in own {
            let presented: Vec<X509> =
                std::iter::once(&bag).chain(&others).map(|bag| bag.read.clone()).collect();
            let mut certificates = vec![bag.der];
            for place in chain(&presented).path.into_iter().skip(1) {
                is_used[place - 1] = true;
                certificates.push(others[place - 1].der.clone());
            }
            chains.push(StoredChain { alias: bag.alias, certificates, key_matches: None, trust: None });
        }
        for (bag, _) in others.into_iter().zip(is_used).filter(|(_, is_used)| !is_used) {
            chains.push(StoredChain {
                alias: bag.alias,
                certificates: vec![bag.der],
                key_matches: None,
                trust: None,
            });
        }
        chains
    }
}

const DATA: &str = "1.2.840.113549.1.7.1";

/// How deep bags may lie in bags.
const NESTED: u8 = 4;

/// An octet string that is cut up into several, as only BER allows.
const IN_PIECES: u8 = 0x24;

/// The bytes in the octet string of a content.
fn inside<'a>(content: &mut Reader<'a>) -> Result<&'a [u8], &'static str> {
    let mut explicit = Reader::new(content.expect(0xa0)?.content);
    let string = explicit.next()?;
    explicit.end()?;
    match string.tag {
        tlv::OCTET_STRING => Ok(string.content),
        IN_PIECES => Err(BER),
        _ => Err(BROKEN),
    }
}

fn utf_16(content: &[u8]) -> String {
    let units: Vec<u16> = content.as_chunks().0.iter().map(|unit| u16::from_be_bytes(*unit)).collect();
    String::from_utf16_lossy(&units)
}
