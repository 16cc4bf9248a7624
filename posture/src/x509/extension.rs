//! Extensions: the four that are read. The others may say what they like.

use std::net::IpAddr;

use data_encoding::HEXLOWER;

use super::tlv::{self, Element, Reader};
use super::{AltName, Malformed, name};

/// What the extensions say.
#[derive(Default)]
pub(super) struct Extensions {
    pub(super) names: Option<Vec<AltName>>,
    pub(super) constraints: Option<Constraints>,
    pub(super) subject_key_id: Option<String>,
    pub(super) authority_key: Option<AuthorityKey>,
}

/// The authority key identifier.
pub(super) struct AuthorityKey {
    pub(super) id: Option<String>,
}

/// The basic constraints.
#[derive(Default)]
pub(super) struct Constraints {
    pub(super) is_authority: bool,
    pub(super) path_length: Option<u32>,
}

/// Reads the content of the sequence of extensions. One that is read and cannot be is an error: no names would be a claim.
pub(super) fn read(content: &[u8]) -> Result<Extensions, Malformed> {
    let mut found = Extensions::default();
    let mut list = Reader::new(content);
    while !list.is_empty() {
        let mut extension = list.sequence()?;
        let oid = tlv::oid(extension.expect(tlv::OBJECT_IDENTIFIER)?.content)?;
        if let Some(critical) = extension.optional(tlv::BOOLEAN)? {
            boolean(critical.content)?;
        }
        let value = extension.expect(tlv::OCTET_STRING)?.content;
        extension.end()?;
        match oid.as_str() {
            "2.5.29.14" => once(&mut found.subject_key_id, subject_key_id(value).map_err(|_| KEY_ID)?)?,
            "2.5.29.17" => once(&mut found.names, names(value).map_err(|_| NAMES)?)?,
            "2.5.29.19" => once(&mut found.constraints, constraints(value).map_err(|_| CONSTRAINTS)?)?,
            "2.5.29.35" => once(&mut found.authority_key, authority_key(value).map_err(|_| KEY_ID)?)?,
            _ => {}
        }
    }
    Ok(found)
}

const NAMES: Malformed = Malformed("its alternative names cannot be read");
const CONSTRAINTS: Malformed = Malformed("its basic constraints cannot be read");
const KEY_ID: Malformed = Malformed("its key identifiers cannot be read");

fn once<T>(place: &mut Option<T>, value: T) -> Result<(), Malformed> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(Malformed("it holds the same extension twice")),
    }
}

/// DER has two bytes for it; OpenSSL takes any but zero for true, and so does this: whoever may issue is not overlooked.
fn boolean(content: &[u8]) -> Result<bool, Malformed> {
    match content {
        [byte] => Ok(*byte != 0),
        _ => Err(Malformed("a truth value in it is not written as DER wants it")),
    }
}

fn subject_key_id(value: &[u8]) -> Result<String, Malformed> {
    let mut reader = Reader::new(value);
    let id = reader.expect(tlv::OCTET_STRING)?.content;
    reader.end()?;
    Ok(HEXLOWER.encode(id))
}

fn authority_key(value: &[u8]) -> Result<AuthorityKey, Malformed> {
    let mut outer = Reader::new(value);
    let mut reader = outer.sequence()?;
    outer.end()?;
    let id = reader.optional(0x80)?.map(|id| HEXLOWER.encode(id.content));
    // The name and the serial number of the issuer's own certificate, which nothing here needs.
    reader.optional(0xa1)?;
    if let Some(serial) = reader.optional(0x82)? {
        tlv::integer(serial.content)?;
    }
    reader.end()?;
    Ok(AuthorityKey { id })
}

fn constraints(value: &[u8]) -> Result<Constraints, Malformed> {
    let mut outer = Reader::new(value);
    let mut reader = outer.sequence()?;
    outer.end()?;
    let is_authority = reader.optional(tlv::BOOLEAN)?.map_or(Ok(false), |found| boolean(found.content))?;
    let path_length = match reader.optional(tlv::INTEGER)? {
        Some(number) => Some(small(tlv::integer(number.content)?)?),
        None => None,
    };
    reader.end()?;
    Ok(Constraints { is_authority, path_length })
}

/// A number of authorities; so many that it does not matter become the largest number.
fn small(number: &[u8]) -> Result<u32, Malformed> {
    if number[0] >= 0x80 {
        return Err(Malformed("a number in it is negative"));
    }
    let value =
        number.iter().try_fold(0_u32, |value, byte| value.checked_mul(256)?.checked_add(u32::from(*byte)));
    Ok(value.unwrap_or(u32::MAX))
}

fn names(value: &[u8]) -> Result<Vec<AltName>, Malformed> {
    let mut outer = Reader::new(value);
    let mut reader = outer.sequence()?;
    outer.end()?;
    let mut names = Vec::new();
    while !reader.is_empty() {
        let element = reader.next()?;
        let other = |word: &str| AltName::Other(word.to_owned());
        names.push(match element.tag {
            0xa0 => {
                let mut parts = Reader::new(element.content);
                parts.expect(tlv::OBJECT_IDENTIFIER)?;
                explicit(parts.expect(0xa0)?)?;
                parts.end()?;
                other("othername")
            }
            0x81 => other("email"),
            // What is no UTF-8 is no name of a host either.
            0x82 => AltName::Dns(String::from_utf8_lossy(element.content).into_owned()),
            0xa3 => other("X400Name"),
            0xa4 => {
                let mut inner = Reader::new(element.content);
                name::read(inner.expect(tlv::SEQUENCE)?)?;
                inner.end()?;
                other("DirName")
            }
            0xa5 => {
                let mut parts = Reader::new(element.content);
                if let Some(assigner) = parts.optional(0xa0)? {
                    explicit(assigner)?;
                }
                explicit(parts.expect(0xa1)?)?;
                parts.end()?;
                other("EdiPartyName")
            }
            0x86 => other("URI"),
            0x87 => address(element.content).map_or_else(|| other("IP Address"), AltName::Ip),
            0x88 => {
                tlv::oid(element.content)?;
                other("Registered ID")
            }
            _ => return Err(NAMES),
        });
    }
    Ok(names)
}

/// An element around exactly one other.
fn explicit(outer: Element<'_>) -> Result<(), Malformed> {
    let mut inner = Reader::new(outer.content);
    inner.next()?;
    inner.end()
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let four = <[u8; 4]>::try_from(bytes).map(IpAddr::from).ok();
    four.or_else(|| <[u8; 16]>::try_from(bytes).map(IpAddr::from).ok())
}
