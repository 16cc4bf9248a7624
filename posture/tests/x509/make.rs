//! Makes certificates byte by byte: also such as no library would make. Their signatures are no signatures.

use data_encoding::BASE64;

/// A certificate to be encoded; every part is ready DER.
#[derive(Clone)]
pub(crate) struct Recipe {
    pub(crate) version: Option<u8>,
    /// The content of the INTEGER.
    pub(crate) serial: Vec<u8>,
    pub(crate) signature: Vec<u8>,
    pub(crate) issuer: Vec<u8>,
    pub(crate) not_before: Vec<u8>,
    pub(crate) not_after: Vec<u8>,
    pub(crate) subject: Vec<u8>,
    pub(crate) key: Vec<u8>,
    pub(crate) extensions: Vec<Vec<u8>>,
}

impl Recipe {
    /// A plain certificate of a name, signed by another.
    pub(crate) fn new(subject: &str, issuer: &str) -> Self {
        Self {
            version: Some(2),
            serial: vec![0x01, 0x02, 0x03],
            signature: algorithm("1.2.840.10045.4.3.2"),
            issuer: name(&[&[(CN, 0x0c, issuer.as_bytes())]]),
            not_before: utc("260101000000Z"),
            not_after: utc("270101000000Z"),
            subject: name(&[&[(CN, 0x0c, subject.as_bytes())]]),
            key: key("prime256v1"),
            extensions: Vec::new(),
        }
    }

    pub(crate) fn der(&self) -> Vec<u8> {
        let mut body = Vec::new();
        if let Some(version) = self.version {
            body.extend(tlv(0xa0, &tlv(0x02, &[version])));
        }
        body.extend(tlv(0x02, &self.serial));
        body.extend(&self.signature);
        body.extend(&self.issuer);
        body.extend(tlv(0x30, &[&self.not_before[..], &self.not_after].concat()));
        body.extend(&self.subject);
        body.extend(&self.key);
        if !self.extensions.is_empty() {
            body.extend(tlv(0xa3, &tlv(0x30, &self.extensions.concat())));
        }
        let signature = tlv(0x03, &[0, 0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01]);
        tlv(0x30, &[tlv(0x30, &body), self.signature.clone(), signature].concat())
    }

    pub(crate) fn with(mut self, extension: Vec<u8>) -> Self {
        self.extensions.push(extension);
        self
    }
}

pub(crate) const CN: &str = "2.5.4.3";

/// One element.
pub(crate) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut bytes = vec![tag];
    match length {
        0..0x80 => bytes.push(u8::try_from(length).unwrap()),
        0x80..0x100 => bytes.extend([0x81, u8::try_from(length).unwrap()]),
        _ => {
            bytes.push(0x82);
            bytes.extend(u16::try_from(length).unwrap().to_be_bytes());
        }
    }
    bytes.extend(content);
    bytes
}

pub(crate) fn oid(text: &str) -> Vec<u8> {
    let numbers: Vec<u64> = text.split('.').map(|number| number.parse().unwrap()).collect();
    let mut content = Vec::new();
    for number in std::iter::once(numbers[0] * 40 + numbers[1]).chain(numbers[2..].iter().copied()) {
        let digits =
            (0..10).rev().map(|place| (number >> (7 * place)) & 0x7f).skip_while(|digit| *digit == 0);
        let mut digits: Vec<u8> = digits.map(|digit| u8::try_from(digit).unwrap() | 0x80).collect();
        match digits.last_mut() {
            Some(last) => *last &= 0x7f,
            None => digits.push(0),
        }
        content.extend(digits);
    }
    tlv(0x06, &content)
}

pub(crate) fn algorithm(number: &str) -> Vec<u8> {
    tlv(0x30, &oid(number))
}

/// RSASSA-PSS with a hash.
pub(crate) fn pss(hash: Option<&str>) -> Vec<u8> {
    let hash = hash.map(|number| tlv(0xa0, &algorithm(number))).unwrap_or_default();
    tlv(0x30, &[oid("1.2.840.113549.1.1.10"), tlv(0x30, &hash)].concat())
}

/// A type, the tag of its text, and the text: one part of a name.
pub(crate) type Part<'a> = (&'a str, u8, &'a [u8]);

/// A name: the relative names, each of one or several parts.
pub(crate) fn name(parts: &[&[Part<'_>]]) -> Vec<u8> {
    let sets = parts.iter().map(|set| {
        let pairs = set.iter().map(|(kind, tag, text)| tlv(0x30, &[oid(kind), tlv(*tag, text)].concat()));
        let mut pairs: Vec<Vec<u8>> = pairs.collect();
        // As DER wants a set.
        pairs.sort();
        tlv(0x31, &pairs.concat())
    });
    tlv(0x30, &sets.collect::<Vec<_>>().concat())
}

pub(crate) fn utc(text: &str) -> Vec<u8> {
    tlv(0x17, text.as_bytes())
}

pub(crate) fn generalized(text: &str) -> Vec<u8> {
    tlv(0x18, text.as_bytes())
}

/// A public key that OpenSSL made.
pub(crate) fn key(kind: &str) -> Vec<u8> {
    let mut lines = include_str!("keys.txt").lines().filter_map(|line| line.split_once(' '));
    let (_, text) = lines.find(|(name, _)| *name == kind).unwrap_or_else(|| panic!("no key of {kind}"));
    BASE64.decode(text.as_bytes()).unwrap()
}

/// A public RSA key whose modulus has so many bits; it is no product of primes, which does not show.
pub(crate) fn rsa(bits: usize) -> Vec<u8> {
    let mut modulus = vec![0xa5_u8; bits.div_ceil(8)];
    modulus[0] = u8::try_from(0xff_u16 >> ((8 - bits % 8) % 8)).unwrap();
    if modulus[0] >= 0x80 {
        modulus.insert(0, 0);
    }
    let numbers = tlv(0x30, &[tlv(0x02, &modulus), tlv(0x02, &[1, 0, 1])].concat());
    let kind = tlv(0x30, &[oid("1.2.840.113549.1.1.1"), tlv(0x05, &[])].concat());
    tlv(0x30, &[kind, tlv(0x03, &[&[0], &numbers[..]].concat())].concat())
}

pub(crate) fn extension(number: &str, value: &[u8]) -> Vec<u8> {
    tlv(0x30, &[oid(number), tlv(0x04, value)].concat())
}

/// Alternative names: tags and contents.
pub(crate) fn names(names: &[(u8, &[u8])]) -> Vec<u8> {
    let names: Vec<u8> = names.iter().flat_map(|(tag, content)| tlv(*tag, content)).collect();
    extension("2.5.29.17", &tlv(0x30, &names))
}

pub(crate) fn constraints(is_authority: bool, path_length: Option<u8>) -> Vec<u8> {
    let mut content = if is_authority { tlv(0x01, &[0xff]) } else { Vec::new() };
    content.extend(path_length.map(|number| tlv(0x02, &[number])).unwrap_or_default());
    extension("2.5.29.19", &tlv(0x30, &content))
}

pub(crate) fn subject_key_id(id: &[u8]) -> Vec<u8> {
    extension("2.5.29.14", &tlv(0x04, id))
}

pub(crate) fn authority_key_id(id: &[u8]) -> Vec<u8> {
    extension("2.5.29.35", &tlv(0x30, &tlv(0x80, id)))
}

/// PEM with a label.
pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    let text = BASE64.encode(der);
    let lines = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap());
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.collect::<Vec<_>>().join("\n"))
}

/// Numbers that look random and are the same in every run.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap() % limit
    }

    pub(crate) fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| u8::try_from(self.below(256)).unwrap()).collect()
    }
}
