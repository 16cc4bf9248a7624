//! Keys and signatures: what a certificate certifies, and what it is signed with.

use sha2::{Digest, Sha256};

use super::tlv::{self, Element, Reader};
use super::{Fingerprint, KeyAlgorithm, Malformed, PublicKey, Signature};

/// The SHA-256 of some bytes.
pub(super) fn fingerprint(bytes: &[u8]) -> Fingerprint {
    Fingerprint(Sha256::digest(bytes).into())
}

/// An `AlgorithmIdentifier`: the object identifier, and its parameters.
pub(super) fn algorithm(content: &[u8]) -> Result<(String, Option<Element<'_>>), Malformed> {
    let mut reader = Reader::new(content);
    let oid = tlv::oid(reader.expect(tlv::OBJECT_IDENTIFIER)?.content)?;
    let parameters = if reader.is_empty() { None } else { Some(reader.next()?) };
    reader.end()?;
    Ok((oid, parameters))
}

/// Reads the element of a `SubjectPublicKeyInfo`.
pub(super) fn public_key(element: Element<'_>) -> Result<PublicKey, Malformed> {
    let mut reader = Reader::new(element.content);
    let (oid, parameters) = algorithm(reader.expect(tlv::SEQUENCE)?.content)?;
    let key = tlv::bits(reader.expect(tlv::BIT_STRING)?.content)?;
    reader.end()?;
    let algorithm = match oid.as_str() {
        // rsaEncryption, and RSA for nothing but PSS.
        RSA | RSASSA_PSS => KeyAlgorithm::Rsa(modulus_bits(key)?),
        EC => KeyAlgorithm::Ec(curve(parameters)?),
        ED25519 => KeyAlgorithm::Ed25519,
        "1.3.101.113" => KeyAlgorithm::Ed448,
        _ => KeyAlgorithm::Other(oid),
    };
    Ok(PublicKey { algorithm, fingerprint: fingerprint(element.whole) })
}

/// The length of an RSA key (RFC 8017, A.1.1).
fn modulus_bits(key: &[u8]) -> Result<u32, Malformed> {
    const WRONG: Malformed = Malformed("its RSA key cannot be read");
    let mut outer = Reader::new(key);
    let mut numbers = outer.sequence().map_err(|_| WRONG)?;
    let modulus = numbers.expect(tlv::INTEGER).map_err(|_| WRONG)?;
    numbers.expect(tlv::INTEGER).and_then(|exponent| tlv::integer(exponent.content)).map_err(|_| WRONG)?;
    numbers.end().and(outer.end()).map_err(|_| WRONG)?;
    match tlv::integer(modulus.content).map_err(|_| WRONG)? {
        // A negative modulus, or none.
        [0x80..=0xff, ..] | [0] => Err(WRONG),
        number => {
            let bytes = u32::try_from(number.len()).map_err(|_| WRONG)?;
            // The first byte may be a zero that says "not negative": then it has eight leading zeros, and the next none.
            Ok(bytes * 8 - number[0].leading_zeros())
        }
    }
}

/// The name of a curve; one that is spelled out in numbers has none.
fn curve(parameters: Option<Element<'_>>) -> Result<String, Malformed> {
    match parameters {
        Some(named) if named.tag == tlv::OBJECT_IDENTIFIER => {
            let oid = tlv::oid(named.content)?;
            let known = CURVES.iter().find(|(number, _)| *number == oid).map(|(_, name)| (*name).to_owned());
            Ok(known.unwrap_or(oid))
        }
        Some(numbers) if numbers.tag == tlv::SEQUENCE => Ok("explicit".to_owned()),
        _ => Err(Malformed("its key names no curve")),
    }
}

/// Reads the content of the `AlgorithmIdentifier` of a signature.
pub(super) fn signature(content: &[u8]) -> Result<Signature, Malformed> {
    let (oid, parameters) = algorithm(content)?;
    if oid == RSASSA_PSS {
        let is_broken =
            pss_hash_is_broken(parameters).map_err(|_| Malformed("its signature does not say its hash"))?;
        return Ok(Signature { algorithm: "rsassaPss".to_owned(), is_broken });
    }
    let known = SIGNATURES.iter().find(|(number, ..)| *number == oid);
    Ok(known.map_or(Signature { algorithm: oid, is_broken: false }, |(_, name, is_broken)| Signature {
        algorithm: (*name).to_owned(),
        is_broken: *is_broken,
    }))
}

/// Whether the hash of an RSASSA-PSS signature is broken (RFC 4055, section 3.1: one that is not named is SHA-1).
fn pss_hash_is_broken(parameters: Option<Element<'_>>) -> Result<bool, Malformed> {
    let parameters = parameters.filter(|found| found.tag == tlv::SEQUENCE);
    let parameters = parameters.ok_or(Malformed("it has no parameters"))?;
    let mut reader = Reader::new(parameters.content);
    let Some(hash) = reader.optional(0xa0)? else { return Ok(true) };
    let mut hash = Reader::new(hash.content);
    let (oid, _) = algorithm(hash.expect(tlv::SEQUENCE)?.content)?;
    hash.end()?;
    Ok(BROKEN_HASHES.contains(&oid.as_str()))
}

pub(super) const RSA: &str = "1.2.840.113549.1.1.1";
pub(super) const RSASSA_PSS: &str = "1.2.840.113549.1.1.10";
pub(super) const EC: &str = "1.2.840.10045.2.1";
pub(super) const ED25519: &str = "1.3.101.112";

/// MD2, MD4, MD5 and SHA-1.
const BROKEN_HASHES: [&str; 4] =
    ["1.2.840.113549.2.2", "1.2.840.113549.2.4", "1.2.840.113549.2.5", "1.3.14.3.2.26"];

/// Curves by their NIST name, else by the one that OpenSSL has.
const CURVES: [(&str, &str); 21] = [
    ("1.2.840.10045.3.1.1", "P-192"),
    ("1.3.132.0.33", "P-224"),
    ("1.2.840.10045.3.1.7", "P-256"),
    ("1.3.132.0.34", "P-384"),
    ("1.3.132.0.35", "P-521"),
    ("1.3.132.0.10", "secp256k1"),
    ("1.2.156.10197.1.301", "SM2"),
    ("1.3.36.3.3.2.8.1.1.1", "brainpoolP160r1"),
    ("1.3.36.3.3.2.8.1.1.2", "brainpoolP160t1"),
    ("1.3.36.3.3.2.8.1.1.3", "brainpoolP192r1"),
    ("1.3.36.3.3.2.8.1.1.4", "brainpoolP192t1"),
    ("1.3.36.3.3.2.8.1.1.5", "brainpoolP224r1"),
    ("1.3.36.3.3.2.8.1.1.6", "brainpoolP224t1"),
    ("1.3.36.3.3.2.8.1.1.7", "brainpoolP256r1"),
    ("1.3.36.3.3.2.8.1.1.8", "brainpoolP256t1"),
    ("1.3.36.3.3.2.8.1.1.9", "brainpoolP320r1"),
    ("1.3.36.3.3.2.8.1.1.10", "brainpoolP320t1"),
    ("1.3.36.3.3.2.8.1.1.11", "brainpoolP384r1"),
    ("1.3.36.3.3.2.8.1.1.12", "brainpoolP384t1"),
    ("1.3.36.3.3.2.8.1.1.13", "brainpoolP512r1"),
    ("1.3.36.3.3.2.8.1.1.14", "brainpoolP512t1"),
];

/// Signatures by the name that OpenSSL has, and whether their hash is broken.
const SIGNATURES: [(&str, &str, bool); 41] = [
    ("1.2.840.113549.1.1.2", "md2WithRSAEncryption", true),
    ("1.2.840.113549.1.1.3", "md4WithRSAEncryption", true),
    ("1.2.840.113549.1.1.4", "md5WithRSAEncryption", true),
    ("1.2.840.113549.1.1.5", "sha1WithRSAEncryption", true),
    ("1.2.840.113549.1.1.11", "sha256WithRSAEncryption", false),
    ("1.2.840.113549.1.1.12", "sha384WithRSAEncryption", false),
    ("1.2.840.113549.1.1.13", "sha512WithRSAEncryption", false),
    ("1.2.840.113549.1.1.14", "sha224WithRSAEncryption", false),
    ("1.2.840.113549.1.1.15", "sha512-224WithRSAEncryption", false),
    ("1.2.840.113549.1.1.16", "sha512-256WithRSAEncryption", false),
    ("1.3.14.3.2.3", "md5WithRSA", true),
    ("1.3.14.3.2.13", "dsaWithSHA", true),
    ("1.3.14.3.2.15", "shaWithRSAEncryption", true),
    ("1.3.14.3.2.27", "dsaWithSHA1-old", true),
    ("1.3.14.3.2.29", "sha1WithRSA", true),
    ("1.3.36.3.3.1.2", "ripemd160WithRSA", false),
    ("1.2.840.10040.4.3", "dsaWithSHA1", true),
    ("2.16.840.1.101.3.4.3.1", "dsa_with_SHA224", false),
    ("2.16.840.1.101.3.4.3.2", "dsa_with_SHA256", false),
    ("2.16.840.1.101.3.4.3.3", "dsa_with_SHA384", false),
    ("2.16.840.1.101.3.4.3.4", "dsa_with_SHA512", false),
    ("2.16.840.1.101.3.4.3.5", "dsa_with_SHA3-224", false),
    ("2.16.840.1.101.3.4.3.6", "dsa_with_SHA3-256", false),
    ("2.16.840.1.101.3.4.3.7", "dsa_with_SHA3-384", false),
    ("2.16.840.1.101.3.4.3.8", "dsa_with_SHA3-512", false),
    ("2.16.840.1.101.3.4.3.9", "ecdsa_with_SHA3-224", false),
    ("2.16.840.1.101.3.4.3.10", "ecdsa_with_SHA3-256", false),
    ("2.16.840.1.101.3.4.3.11", "ecdsa_with_SHA3-384", false),
    ("2.16.840.1.101.3.4.3.12", "ecdsa_with_SHA3-512", false),
    ("2.16.840.1.101.3.4.3.13", "RSA-SHA3-224", false),
    ("2.16.840.1.101.3.4.3.14", "RSA-SHA3-256", false),
    ("2.16.840.1.101.3.4.3.15", "RSA-SHA3-384", false),
    ("2.16.840.1.101.3.4.3.16", "RSA-SHA3-512", false),
    ("1.2.840.10045.4.1", "ecdsa-with-SHA1", true),
    ("1.2.840.10045.4.3.1", "ecdsa-with-SHA224", false),
    ("1.2.840.10045.4.3.2", "ecdsa-with-SHA256", false),
    ("1.2.840.10045.4.3.3", "ecdsa-with-SHA384", false),
    ("1.2.840.10045.4.3.4", "ecdsa-with-SHA512", false),
    ("1.3.101.112", "ED25519", false),
    ("1.3.101.113", "ED448", false),
    ("1.2.156.10197.1.501", "SM2-with-SM3", false),
];
