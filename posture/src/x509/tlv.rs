//! Reads DER (X.690): one element after the other, strictly, so that nothing is passed over.

use super::Malformed;

pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;

/// What is left to read inside one element.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

/// One element.
#[derive(Clone, Copy)]
pub(super) struct Element<'a> {
    /// Class, form and number, in one byte: nothing in a certificate needs more.
    pub(super) tag: u8,
    /// What it holds.
    pub(super) content: &'a [u8],
    /// Tag, length and content.
    pub(super) whole: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The next element, whatever it is.
    pub(super) fn next(&mut self) -> Result<Element<'a>, Malformed> {
        let (tag, length, header) = header(self.rest)?;
        let end = header.checked_add(length).ok_or(CUT)?;
        let (whole, rest) = self.rest.split_at_checked(end).ok_or(CUT)?;
        self.rest = rest;
        Ok(Element { tag, content: &whole[header..], whole })
    }

    /// The next element, if it has this tag.
    pub(super) fn optional(&mut self, tag: u8) -> Result<Option<Element<'a>>, Malformed> {
        if self.rest.first() == Some(&tag) { self.next().map(Some) } else { Ok(None) }
    }

    /// The next element, which must have this tag.
    pub(super) fn expect(&mut self, tag: u8) -> Result<Element<'a>, Malformed> {
        self.optional(tag)?.ok_or(if self.is_empty() { CUT } else { OTHER })
    }

    /// What a sequence holds.
    pub(super) fn sequence(&mut self) -> Result<Self, Malformed> {
        Ok(Self::new(self.expect(SEQUENCE)?.content))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Nothing may be left.
    pub(super) fn end(&self) -> Result<(), Malformed> {
        if self.is_empty() { Ok(()) } else { Err(Malformed("it holds more than belongs there")) }
    }
}

const CUT: Malformed = Malformed("it is cut off");
const OTHER: Malformed = Malformed("it is not built as a certificate is");

/// The tag, the length of the content and the length of the header.
fn header(bytes: &[u8]) -> Result<(u8, usize, usize), Malformed> {
    let [tag, first, rest @ ..] = bytes else { return Err(CUT) };
    if tag & 0x1f == 0x1f {
        return Err(OTHER);
    }
    if *first < 0x80 {
        return Ok((*tag, usize::from(*first), 2));
    }
    let count = usize::from(first & 0x7f);
    if count == 0 || count > 4 {
        return Err(Malformed("a length in it is not written as DER wants it"));
    }
    let digits = rest.get(..count).ok_or(CUT)?;
    let length = digits.iter().fold(0_usize, |length, digit| (length << 8) | usize::from(*digit));
    if digits[0] == 0 || length < 0x80 {
        return Err(Malformed("a length in it is not written as DER wants it"));
    }
    Ok((*tag, length, 2 + count))
}

/// What an INTEGER holds, in two's complement and as short as can be.
pub(super) fn integer(content: &[u8]) -> Result<&[u8], Malformed> {
    match content {
        [] | [0x00, 0x00..=0x7f, ..] | [0xff, 0x80..=0xff, ..] => {
            Err(Malformed("a number in it is not written as DER wants it"))
        }
        number => Ok(number),
    }
}

/// What a BIT STRING of whole bytes, or with unused bits at its end, holds.
pub(super) fn bits(content: &[u8]) -> Result<&[u8], Malformed> {
    match content {
        [unused @ 0..=7, bits @ ..] if *unused == 0 || !bits.is_empty() => Ok(bits),
        _ => Err(Malformed("a bit string in it is not written as DER wants it")),
    }
}

/// An OBJECT IDENTIFIER, as numbers with dots.
pub(super) fn oid(content: &[u8]) -> Result<String, Malformed> {
    const WRONG: Malformed = Malformed("an object identifier in it is not written as DER wants it");
    let mut text = String::new();
    let mut number = 0_u128;
    let mut is_inside = false;
    for byte in content {
        if (!is_inside && *byte == 0x80) || number >> 121 != 0 {
            return Err(WRONG);
        }
        number = (number << 7) | u128::from(byte & 0x7f);
        is_inside = byte & 0x80 != 0;
        if is_inside {
            continue;
        }
        if text.is_empty() {
            let first = (number / 40).min(2);
            text = format!("{first}.{}", number - first * 40);
        } else {
            text.push('.');
            text.push_str(&number.to_string());
        }
        number = 0;
    }
    if is_inside || text.is_empty() { Err(WRONG) } else { Ok(text) }
}
