//! Thousands of certificates with the encodings that are found in the wild, and odder ones.

use super::make::{
    Dice, Part, Recipe, algorithm, authority_key_id, constraints, extension, generalized, key, name, names,
    pss, rsa, subject_key_id, tlv, utc,
};

/// So many different certificates.
pub(crate) fn certificates(count: usize) -> Vec<Vec<u8>> {
    let mut dice = Dice(0x005e_ed0f_2026_1127);
    (0..count).map(|number| certificate(&mut dice, number)).collect()
}

fn certificate(dice: &mut Dice, number: usize) -> Vec<u8> {
    let mut recipe = Recipe {
        version: dice.one(&[Some(2), Some(2), Some(2), Some(1), Some(0), None]),
        serial: serial(dice, number),
        signature: signature(dice),
        issuer: distinguished(dice),
        not_before: instant(dice),
        not_after: instant(dice),
        subject: distinguished(dice),
        key: public_key(dice),
        extensions: Vec::new(),
    };
    for make in [subject_names, authority, key_ids, something] {
        if dice.below(3) > 0 {
            recipe.extensions.push(make(dice));
        }
    }
    recipe.der()
}

fn serial(dice: &mut Dice, number: usize) -> Vec<u8> {
    let mut bytes = match number % 7 {
        0 => return vec![0],
        1 => vec![0xff],
        2 => vec![0x80],
        3 => dice.bytes(21),
        4 => vec![0x00, 0x80],
        5 => dice.bytes(8),
        _ => dice.bytes(16),
    };
    // As short as can be, or OpenSSL does not take it.
    while let [0x00, 0x00..=0x7f, ..] | [0xff, 0x80..=0xff, ..] = bytes[..] {
        bytes.remove(0);
    }
    bytes
}

/// What OpenSSL 3.0 has a name for, and what nobody has.
const SIGNATURES: [&str; 34] = [
    "1.2.840.113549.1.1.2",
    "1.2.840.113549.1.1.3",
    "1.2.840.113549.1.1.4",
    "1.2.840.113549.1.1.5",
    "1.2.840.113549.1.1.11",
    "1.2.840.113549.1.1.12",
    "1.2.840.113549.1.1.13",
    "1.2.840.113549.1.1.14",
    "1.2.840.113549.1.1.15",
    "1.2.840.113549.1.1.16",
    "1.3.14.3.2.3",
    "1.3.14.3.2.13",
    "1.3.14.3.2.15",
    "1.3.14.3.2.27",
    "1.3.14.3.2.29",
    "1.3.36.3.3.1.2",
    "1.2.840.10040.4.3",
    "2.16.840.1.101.3.4.3.1",
    "2.16.840.1.101.3.4.3.2",
    "2.16.840.1.101.3.4.3.3",
    "2.16.840.1.101.3.4.3.7",
    "2.16.840.1.101.3.4.3.9",
    "2.16.840.1.101.3.4.3.12",
    "2.16.840.1.101.3.4.3.13",
    "2.16.840.1.101.3.4.3.16",
    "1.2.840.10045.4.1",
    "1.2.840.10045.4.3.1",
    "1.2.840.10045.4.3.2",
    "1.2.840.10045.4.3.3",
    "1.2.840.10045.4.3.4",
    "1.3.101.112",
    "1.3.101.113",
    "1.2.156.10197.1.501",
    "1.3.6.1.4.1.54321.7",
];

fn signature(dice: &mut Dice) -> Vec<u8> {
    match dice.below(12) {
        0 => pss(None),
        1 => pss(Some("1.3.14.3.2.26")),
        2 => pss(Some("2.16.840.1.101.3.4.2.1")),
        _ => algorithm(dice.one(&SIGNATURES)),
    }
}

fn public_key(dice: &mut Dice) -> Vec<u8> {
    const KEYS: [&str; 15] = [
        "prime192v1",
        "secp224r1",
        "prime256v1",
        "secp384r1",
        "secp521r1",
        "secp256k1",
        "brainpoolP256r1",
        "brainpoolP384r1",
        "brainpoolP512t1",
        "ED25519",
        "ED448",
        "X25519",
        "rsassaPss",
        "explicit",
        "dsa",
    ];
    if dice.below(3) == 0 {
        rsa(dice.one(&[512, 1023, 1024, 2041, 2048, 3072, 4095, 4096]))
    } else {
        key(dice.one(&KEYS))
    }
}

/// Before and after 2050 in both forms, the ends of all ranges, fractions and zones.
fn instant(dice: &mut Dice) -> Vec<u8> {
    const UTC: [&str; 8] = [
        "260101000000Z",
        "491231235959Z",
        "500101000000Z",
        "700101000000Z",
        "000229120000Z",
        "991231235959Z",
        "261127033000+0130",
        "261127033000-1200",
    ];
    const GENERALIZED: [&str; 9] = [
        "20260101000000Z",
        "20500101000000Z",
        "19491231235959Z",
        "00010101000000Z",
        "99991230120000Z",
        "20240229235959Z",
        "20261127033000.5Z",
        "20261127033000+0200",
        "19691231235959Z",
    ];
    match dice.below(3) {
        0 => generalized(dice.one(&GENERALIZED)),
        1 => utc(&format!("{:02}{:02}{:02}123456Z", dice.below(100), dice.below(12) + 1, dice.below(28) + 1)),
        _ => utc(dice.one(&UTC)),
    }
}

const TYPES: [&str; 40] = [
    "2.5.4.3",
    "2.5.4.3",
    "2.5.4.3",
    "2.5.4.4",
    "2.5.4.5",
    "2.5.4.6",
    "2.5.4.7",
    "2.5.4.8",
    "2.5.4.9",
    "2.5.4.10",
    "2.5.4.11",
    "2.5.4.12",
    "2.5.4.13",
    "2.5.4.15",
    "2.5.4.16",
    "2.5.4.17",
    "2.5.4.18",
    "2.5.4.20",
    "2.5.4.41",
    "2.5.4.42",
    "2.5.4.43",
    "2.5.4.44",
    "2.5.4.45",
    "2.5.4.46",
    "2.5.4.65",
    "2.5.4.72",
    "2.5.4.97",
    "0.9.2342.19200300.100.1.1",
    "0.9.2342.19200300.100.1.3",
    "0.9.2342.19200300.100.1.5",
    "0.9.2342.19200300.100.1.9",
    "0.9.2342.19200300.100.1.25",
    "1.2.840.113549.1.9.1",
    "1.2.840.113549.1.9.2",
    "1.2.840.113549.1.9.8",
    "1.3.6.1.4.1.311.60.2.1.1",
    "1.3.6.1.4.1.311.60.2.1.2",
    "1.3.6.1.4.1.311.60.2.1.3",
    "1.2.643.3.131.1.1",
    "1.2.643.100.1",
];

const TEXTS: [&str; 14] = [
    "hub.example.org",
    "*.example.org",
    "Example, Inc.",
    " led by a space",
    "#number",
    "trailing ",
    "a+b=c;<d>\\\"e\"",
    "Universität Zürich",
    "Ελλάδα 日本",
    "",
    "line\nbreak\0",
    "x",
    " ",
    "ÿ",
];

fn distinguished(dice: &mut Dice) -> Vec<u8> {
    let texts: Vec<(&str, u8, Vec<u8>)> = (0..dice.below(5)).map(|_| part(dice)).collect();
    let parts: Vec<Part<'_>> = texts.iter().map(|(kind, tag, text)| (*kind, *tag, text.as_slice())).collect();
    let mut rest = &parts[..];
    let mut sets = Vec::new();
    while !rest.is_empty() {
        let (set, after) = rest.split_at((1 + dice.below(5) / 3).min(rest.len()));
        sets.push(set);
        rest = after;
    }
    name(&sets)
}

fn part(dice: &mut Dice) -> (&'static str, u8, Vec<u8>) {
    let kind = dice.one(&TYPES);
    let text = dice.one(&TEXTS);
    let latin = text.chars().map(|character| u8::try_from(u32::from(character)).unwrap_or(b'?')).collect();
    let (tag, bytes) = match dice.below(9) {
        0 => (0x13, latin),
        1 => (0x14, latin),
        2 => (0x16, text.chars().filter(char::is_ascii).map(|character| character as u8).collect()),
        3 => (0x1e, text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        4 => (0x1c, text.chars().flat_map(|character| u32::from(character).to_be_bytes()).collect()),
        5 => (0x12, b"0123 456".to_vec()),
        6 if dice.below(4) == 0 => (0x03, vec![4, 0xf0]),
        6 if dice.below(4) == 0 => (0x30, tlv(0x02, &[7])),
        _ => (0x0c, text.as_bytes().to_vec()),
    };
    (kind, tag, bytes)
}

fn subject_names(dice: &mut Dice) -> Vec<u8> {
    const NAMES: [(u8, &[u8]); 13] = [
        (0x82, b"hub.example.org"),
        (0x82, b"*.example.org"),
        (0x82, b"xn--mnchen-3ya.example"),
        (0x82, b"HUB.example.org."),
        (0x82, b"localhost"),
        (0x87, &[192, 0, 2, 7]),
        (0x87, &[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
        (0x87, &[0; 16]),
        (0x87, &[10, 0, 0, 0, 255, 0, 0, 0]),
        (0x81, b"person@example.org"),
        (0x86, b"spiffe://cluster.local/ns/x"),
        (0x88, &[0x2a, 0x03, 0x04]),
        (0xa4, &[0x30, 0x0c, 0x31, 0x0a, 0x30, 0x08, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0c, 0x01, b'x']),
    ];
    let chosen: Vec<(u8, &[u8])> = (0..dice.below(6)).map(|_| dice.one(&NAMES)).collect();
    names(&chosen)
}

fn authority(dice: &mut Dice) -> Vec<u8> {
    constraints(dice.below(2) == 0, dice.one(&[None, None, Some(0), Some(3)]))
}

fn key_ids(dice: &mut Dice) -> Vec<u8> {
    let length = dice.one(&[1, 8, 20, 32]);
    let id = dice.bytes(length);
    if dice.below(2) == 0 { subject_key_id(&id) } else { authority_key_id(&id) }
}

/// An extension that nobody reads.
fn something(dice: &mut Dice) -> Vec<u8> {
    let value = dice.bytes(12);
    extension("1.3.6.1.4.1.54321.8", &value)
}
