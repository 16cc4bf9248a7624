//! Distinguished names: read as strictly as OpenSSL reads them, and written in the form of RFC 4514.

use std::fmt::Write;

use super::Malformed;
use super::tlv::{self, Element, Reader};

/// A distinguished name.
pub(super) struct DistinguishedName {
    /// In the form of RFC 4514, the last part first.
    pub(super) text: String,
    /// The common name; of several, the last, which is the most specific.
    pub(super) common_name: Option<String>,
    /// The organisation.
    pub(super) organisation: Option<String>,
}

const COMMON_NAME: &str = "2.5.4.3";
const ORGANISATION: &str = "2.5.4.10";

/// Reads the element of a name.
pub(super) fn read(element: Element<'_>) -> Result<DistinguishedName, Malformed> {
    let mut name = DistinguishedName { text: String::new(), common_name: None, organisation: None };
    // Each part with what parts it from the one before it.
    let mut parts = Vec::new();
    let mut sets = Reader::new(element.content);
    while !sets.is_empty() {
        let mut set = Reader::new(sets.expect(tlv::SET)?.content);
        let mut separator = ',';
        if set.is_empty() {
            return Err(Malformed("a name in it has an empty part"));
        }
        while !set.is_empty() {
            let mut pair = set.sequence()?;
            let kind = tlv::oid(pair.expect(tlv::OBJECT_IDENTIFIER)?.content)?;
            let value = pair.next()?;
            pair.end()?;
            let text = text(value)?;
            parts.push((separator, part(&kind, value, text.as_deref())));
            match kind.as_str() {
                COMMON_NAME => name.common_name = text.or(name.common_name),
                ORGANISATION => name.organisation = text.or(name.organisation),
                _ => {}
            }
            separator = '+';
        }
    }
    let mut parts = parts.into_iter().rev().peekable();
    while let Some((separator, part)) = parts.next() {
        name.text.push_str(&part);
        if parts.peek().is_some() {
            name.text.push(separator);
        }
    }
    Ok(name)
}

/// One part of a name; what is no text, or of an unknown type, as its encoding (RFC 4514, section 2.4).
fn part(kind: &str, value: Element<'_>, text: Option<&str>) -> String {
    let known = SHORT_NAMES.iter().find(|(oid, _)| *oid == kind).map(|(_, short)| *short);
    match (known, text) {
        (Some(short), Some(text)) => format!("{short}={}", escaped(text)),
        (known, _) => {
            let hex = data_encoding::HEXUPPER.encode(value.whole);
            format!("{}=#{hex}", known.unwrap_or(kind))
        }
    }
}

/// The text of a string, `None` where it is something else that may stand in a name.
fn text(value: Element<'_>) -> Result<Option<String>, Malformed> {
    const WRONG: Malformed = Malformed("a name in it holds text that is not encoded properly");
    let content = value.content;
    Ok(Some(match value.tag {
        // UTF8String.
        0x0c => std::str::from_utf8(content).map_err(|_| WRONG)?.to_owned(),
        // NumericString, PrintableString, T61String, IA5String: all are read as Latin-1, as OpenSSL and most others do.
        0x12 | 0x13 | 0x14 | 0x16 => content.iter().copied().map(char::from).collect(),
        // UniversalString.
        0x1c => wide::<4>(content, u32::from_be_bytes).ok_or(WRONG)?,
        // BMPString: no surrogates.
        0x1e => wide::<2>(content, |unit| u32::from(u16::from_be_bytes(unit))).ok_or(WRONG)?,
        tlv::BIT_STRING => return tlv::bits(content).map(|_| None),
        tlv::SEQUENCE => return Ok(None),
        _ => return Err(Malformed("a name in it holds something that is no text")),
    }))
}

/// Characters of a fixed width.
fn wide<const WIDTH: usize>(content: &[u8], number: impl Fn([u8; WIDTH]) -> u32) -> Option<String> {
    let (units, rest) = content.as_chunks::<WIDTH>();
    if !rest.is_empty() {
        return None;
    }
    units.iter().map(|unit| char::from_u32(number(*unit))).collect()
}

/// A value as RFC 4514 wants it; control characters are escaped as well.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let last = text.chars().count().saturating_sub(1);
    for (index, character) in text.chars().enumerate() {
        match character {
            ',' | '+' | '"' | '\\' | '<' | '>' | ';' => out.extend(['\\', character]),
            ' ' if index == 0 || index == last => out.push_str("\\ "),
            '#' if index == 0 => out.push_str("\\#"),
            '\0'..='\x1f' | '\x7f' => {
                // Writing to a String does not fail.
                let _ = write!(out, "\\{:02X}", u32::from(character));
            }
            _ => out.push(character),
        }
    }
    out
}

/// The short names of attributes, as OpenSSL writes them.
const SHORT_NAMES: [(&str, &str); 38] = [
    ("2.5.4.3", "CN"),
    ("2.5.4.4", "SN"),
    ("2.5.4.5", "serialNumber"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.9", "street"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("2.5.4.12", "title"),
    ("2.5.4.13", "description"),
    ("2.5.4.15", "businessCategory"),
    ("2.5.4.16", "postalAddress"),
    ("2.5.4.17", "postalCode"),
    ("2.5.4.18", "postOfficeBox"),
    ("2.5.4.20", "telephoneNumber"),
    ("2.5.4.41", "name"),
    ("2.5.4.42", "GN"),
    ("2.5.4.43", "initials"),
    ("2.5.4.44", "generationQualifier"),
    ("2.5.4.45", "x500UniqueIdentifier"),
    ("2.5.4.46", "dnQualifier"),
    ("2.5.4.65", "pseudonym"),
    ("2.5.4.72", "role"),
    ("2.5.4.97", "organizationIdentifier"),
    ("0.9.2342.19200300.100.1.1", "UID"),
    ("0.9.2342.19200300.100.1.3", "mail"),
    ("0.9.2342.19200300.100.1.5", "favouriteDrink"),
    ("0.9.2342.19200300.100.1.9", "host"),
    ("0.9.2342.19200300.100.1.25", "DC"),
    ("1.2.840.113549.1.9.1", "emailAddress"),
    ("1.2.840.113549.1.9.2", "unstructuredName"),
    ("1.2.840.113549.1.9.8", "unstructuredAddress"),
    ("1.3.6.1.4.1.311.60.2.1.1", "jurisdictionL"),
    ("1.3.6.1.4.1.311.60.2.1.2", "jurisdictionST"),
    ("1.3.6.1.4.1.311.60.2.1.3", "jurisdictionC"),
    ("1.2.643.3.131.1.1", "INN"),
    ("1.2.643.100.1", "OGRN"),
];
