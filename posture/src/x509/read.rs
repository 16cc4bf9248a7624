//! Reads a certificate (RFC 5280, section 4.1).
//!
//! What OpenSSL refuses is refused here too, and no part is passed over: a name that is cut short would be a false one.

use data_encoding::HEXLOWER;

use super::tlv::{self, Reader};
use super::{Der, Malformed, X509, extension, instant, key, name};

/// Reads one certificate, all of its bytes.
pub fn read(der: &Der) -> Result<X509, Malformed> {
    read_bytes(der.bytes())
}

/// The same of bytes that may be something else, a key even, and are copied nowhere.
pub fn read_bytes(bytes: &[u8]) -> Result<X509, Malformed> {
    let mut outer = Reader::new(bytes);
    let mut certificate = outer.sequence()?;
    outer.end().map_err(|_| Malformed("bytes follow after it"))?;
    let mut body = certificate.sequence()?;
    let outer_signature = certificate.expect(tlv::SEQUENCE)?.content;
    tlv::bits(certificate.expect(tlv::BIT_STRING)?.content)?;
    certificate.end()?;

    version(&mut body)?;
    let serial = serial(tlv::integer(body.expect(tlv::INTEGER)?.content)?);
    if body.expect(tlv::SEQUENCE)?.content != outer_signature {
        return Err(Malformed("it says in two places what it is signed with, and they differ"));
    }
    let issuer_element = body.expect(tlv::SEQUENCE)?;
    let mut period = body.sequence()?;
    let (not_before, not_after) = (instant::read(period.next()?)?, instant::read(period.next()?)?);
    period.end()?;
    let subject_element = body.expect(tlv::SEQUENCE)?;
    let public_key = key::public_key(body.expect(tlv::SEQUENCE)?)?;
    // The unique identifiers that nobody uses.
    for tag in [0x81, 0x82] {
        if let Some(unique) = body.optional(tag)? {
            tlv::bits(unique.content)?;
        }
    }
    let extensions = extensions(&mut body)?;
    body.end()?;

    let (issuer, subject) = (name::read(issuer_element)?, name::read(subject_element)?);
    let constraints = extensions.constraints.unwrap_or_default();
    Ok(X509 {
        fingerprint: key::fingerprint(bytes),
        serial,
        subject: subject.text,
        common_name: subject.common_name,
        issuer: issuer.text,
        issuer_name: issuer.common_name.or(issuer.organisation),
        subject_hash: key::fingerprint(subject_element.whole),
        issuer_hash: key::fingerprint(issuer_element.whole),
        not_before,
        not_after,
        names: extensions.names.unwrap_or_default(),
        key: public_key,
        signature: key::signature(outer_signature)?,
        is_authority: constraints.is_authority,
        path_length: constraints.path_length,
        subject_key_id: extensions.subject_key_id,
        authority_key_id: extensions.authority_key.and_then(|key| key.id),
    })
}

/// There are three versions; none is said for the first.
fn version(body: &mut Reader<'_>) -> Result<(), Malformed> {
    let Some(version) = body.optional(0xa0)? else { return Ok(()) };
    let mut inner = Reader::new(version.content);
    let number = tlv::integer(inner.expect(tlv::INTEGER)?.content)?;
    inner.end()?;
    if matches!(number, [0..=2]) { Ok(()) } else { Err(Malformed("it is of a version that does not exist")) }
}

fn extensions(body: &mut Reader<'_>) -> Result<extension::Extensions, Malformed> {
    let Some(found) = body.optional(0xa3)? else { return Ok(extension::Extensions::default()) };
    let mut inner = Reader::new(found.content);
    let list = inner.expect(tlv::SEQUENCE)?.content;
    inner.end()?;
    extension::read(list)
}

/// A serial number in hexadecimal, from the shortest two's complement.
fn serial(number: &[u8]) -> String {
    match number {
        [0x80..=0xff, ..] => format!("-{}", HEXLOWER.encode(&magnitude(number))),
        [0, rest @ ..] if !rest.is_empty() => HEXLOWER.encode(rest),
        _ => HEXLOWER.encode(number),
    }
}

/// The positive number of a negative one, without leading zero bytes.
fn magnitude(negative: &[u8]) -> Vec<u8> {
    let mut digits: Vec<u8> = negative.iter().map(|byte| !byte).collect();
    for digit in digits.iter_mut().rev() {
        let carries;
        (*digit, carries) = digit.overflowing_add(1);
        if !carries {
            break;
        }
    }
    let zeros = digits.iter().take_while(|digit| **digit == 0).count();
    digits.split_off(zeros)
}
