//! Whether a private key is the one of a certificate, by the public part that is written beside it. The secret part is passed over: nothing is
//! computed with it, and nothing is copied.

use super::tlv::{self, Element, Reader};
use super::{Der, Malformed, key, read};

/// How a private key is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyForm {
    /// PKCS#8 (RFC 5958).
    Pkcs8,
    /// PKCS#1 (RFC 8017, A.1.2), for RSA only.
    Pkcs1,
    /// SEC 1 (RFC 5915), for elliptic curves only.
    Sec1,
}

/// Whether a private key, in DER, is that of a certificate; `None` where no public part stands beside it, or the two cannot be compared.
pub fn key_matches(form: KeyForm, private: &[u8], certificate: &Der) -> Option<bool> {
    read(certificate).ok()?;
    let certified = certified(certificate).ok()?;
    match (public_part(form, private).ok()??, certified?) {
        (Public::Rsa(own), Public::Rsa(certified)) => Some(own == certified),
        (Public::Point(own), Public::Point(certified)) => Some(is_same_point(own, certified)),
        (Public::Ed25519(own), Public::Ed25519(certified)) => Some(own == certified),
        _ => Some(false),
    }
}

/// A public key, without how it is wrapped.
enum Public<'a> {
    /// The modulus and the exponent.
    Rsa([&'a [u8]; 2]),
    /// A point of a curve.
    Point(&'a [u8]),
    /// A point of Curve25519.
    Ed25519(&'a [u8]),
}

/// The key that a certificate certifies; `None` where it is of a kind that is not compared.
fn certified(certificate: &Der) -> Result<Option<Public<'_>>, Malformed> {
    let mut body = Reader::new(certificate.bytes()).sequence()?.sequence()?;
    body.optional(VERSION)?;
    body.expect(tlv::INTEGER)?;
    // The signature, the issuer, the period and the subject.
    for _ in 0..4 {
        body.expect(tlv::SEQUENCE)?;
    }
    let mut key = body.sequence()?;
    let (oid, _) = key::algorithm(key.expect(tlv::SEQUENCE)?.content)?;
    let bits = tlv::bits(key.expect(tlv::BIT_STRING)?.content)?;
    Ok(match Kind::of(&oid) {
        Some(Kind::Rsa) => Some(Public::Rsa(rsa(&mut Reader::new(bits).sequence()?)?)),
        Some(Kind::Ec) => Some(Public::Point(bits)),
        Some(Kind::Ed25519) => Some(Public::Ed25519(bits)),
        None => None,
    })
}

/// The public part of a private key; `None` where none stands there.
fn public_part(form: KeyForm, private: &[u8]) -> Result<Option<Public<'_>>, Malformed> {
    let mut outer = Reader::new(private);
    let mut key = outer.sequence()?;
    outer.end()?;
    match form {
        KeyForm::Pkcs1 => pkcs1(&mut key).map(Some),
        KeyForm::Sec1 => sec1(&mut key),
        KeyForm::Pkcs8 => pkcs8(&mut key),
    }
}

fn pkcs8<'a>(key: &mut Reader<'a>) -> Result<Option<Public<'a>>, Malformed> {
    key.expect(tlv::INTEGER)?;
    let (oid, _) = key::algorithm(key.expect(tlv::SEQUENCE)?.content)?;
    let mut inner = Reader::new(key.expect(tlv::OCTET_STRING)?.content);
    match Kind::of(&oid) {
        Some(Kind::Rsa) => pkcs1(&mut inner.sequence()?).map(Some),
        Some(Kind::Ec) => sec1(&mut inner.sequence()?),
        Some(Kind::Ed25519) => {
            key.optional(ATTRIBUTES)?;
            // Some programs write the bits as an element of their own.
            if let Some(wrapped) = key.optional(PUBLIC)? {
                return bits_in(wrapped).map(|bits| Some(Public::Ed25519(bits)));
            }
            let bits = key.optional(PUBLIC_IMPLICIT)?.map(|found| tlv::bits(found.content)).transpose()?;
            Ok(bits.map(Public::Ed25519))
        }
        None => Ok(None),
    }
}

/// An RSA key, which always holds its public part.
fn pkcs1<'a>(key: &mut Reader<'a>) -> Result<Public<'a>, Malformed> {
    key.expect(tlv::INTEGER)?;
    let public = rsa(key)?;
    // The exponent that is secret, two primes, and what is derived of them.
    for _ in 0..6 {
        key.expect(tlv::INTEGER)?;
    }
    Ok(Public::Rsa(public))
}

/// The key of a curve, which may leave its public part out.
fn sec1<'a>(key: &mut Reader<'a>) -> Result<Option<Public<'a>>, Malformed> {
    key.expect(tlv::INTEGER)?;
    key.expect(tlv::OCTET_STRING)?;
    key.optional(PARAMETERS)?;
    let point = key.optional(PUBLIC)?.map(bits_in).transpose()?;
    Ok(point.map(Public::Point))
}

fn rsa<'a>(numbers: &mut Reader<'a>) -> Result<[&'a [u8]; 2], Malformed> {
    let mut number = || tlv::integer(numbers.expect(tlv::INTEGER)?.content);
    Ok([number()?, number()?])
}

fn bits_in(wrapped: Element<'_>) -> Result<&[u8], Malformed> {
    tlv::bits(Reader::new(wrapped.content).expect(tlv::BIT_STRING)?.content)
}

/// Whether two are one point: it may be written in full, or by its first half and the sign of the other (SEC 1, 2.3.3).
fn is_same_point(own: &[u8], certified: &[u8]) -> bool {
    let short = |point: &[u8]| match point {
        [0x04, both @ ..] => {
            let sign = both.last()? & 1;
            Some((2 + sign, both[..both.len() / 2].to_vec()))
        }
        [sign @ (2 | 3), half @ ..] => Some((*sign, half.to_vec())),
        _ => None,
    };
    own == certified
        || own.len() != certified.len() && short(own).is_some_and(|own| short(certified) == Some(own))
}

#[derive(Clone, Copy)]
enum Kind {
    Rsa,
    Ec,
    Ed25519,
}

impl Kind {
    fn of(oid: &str) -> Option<Self> {
        match oid {
            key::RSA | key::RSASSA_PSS => Some(Self::Rsa),
            key::EC => Some(Self::Ec),
            key::ED25519 => Some(Self::Ed25519),
            _ => None,
        }
    }
}

const VERSION: u8 = 0xa0;
const ATTRIBUTES: u8 = 0xa0;
const PARAMETERS: u8 = 0xa0;
const PUBLIC: u8 = 0xa1;
const PUBLIC_IMPLICIT: u8 = 0x81;
