//! What OpenSSL says of certificates: one process reads many.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::net::IpAddr;
use std::process::{Command, Stdio};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use posture::x509::{AltName, KeyAlgorithm, X509};

/// What is compared, apart from the names of subject and issuer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) serial: String,
    pub(crate) signature: String,
    pub(crate) not_before: Option<Timestamp>,
    pub(crate) not_after: Option<Timestamp>,
    pub(crate) key: String,
    pub(crate) names: Vec<String>,
    pub(crate) is_authority: bool,
    pub(crate) path_length: Option<u32>,
    pub(crate) subject_key_id: Option<String>,
    pub(crate) authority_key_id: Option<String>,
}

/// Whether the program is there; says loudly where it is not.
pub(crate) fn is_there(program: &str, argument: &str) -> bool {
    let found =
        Command::new(program).arg(argument).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !found {
        let thread = std::thread::current();
        // Written past the test harness, which keeps the output of a test that passes to itself.
        let _ = writeln!(
            io::stderr(),
            "skipped: {}: it needs the program `{program}`, which is not on the path",
            thread.name().unwrap_or("a test")
        );
    }
    found
}

/// Runs OpenSSL with an input and gives its output, whether it was content or not.
pub(crate) fn run(arguments: &[&str], input: &[u8]) -> Vec<u8> {
    // An input of a file cannot fill a pipe while the other one is full.
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(input).unwrap();
    let path = file.path().to_str().unwrap();
    let arguments = arguments.iter().map(|argument| if *argument == "INPUT" { path } else { argument });
    Command::new("openssl").args(arguments).stderr(Stdio::null()).output().unwrap().stdout
}

/// The text of every certificate in a bundle that OpenSSL can read, in order.
pub(crate) fn texts(bundle: &str) -> Vec<Said> {
    let text = run(&["storeutl", "-certs", "-text", "-noout", "INPUT"], bundle.as_bytes());
    let text = String::from_utf8_lossy(&text).into_owned();
    text.split("\nCertificate:\n").skip(1).map(said).collect()
}

/// Subject and issuer as RFC 4514 writes them, by the PEM of the certificate.
pub(crate) fn subjects(bundle: &str) -> BTreeMap<String, (String, String)> {
    let packed = run(&["crl2pkcs7", "-nocrl", "-certfile", "INPUT"], bundle.as_bytes());
    let text = String::from_utf8(run(&["pkcs7", "-print_certs", "-in", "INPUT"], &packed)).unwrap();
    let mut found = BTreeMap::new();
    for part in text.split("subject=").skip(1) {
        let (subject, rest) = part.split_once("\nissuer=").unwrap();
        let (issuer, pem) = rest.split_once('\n').unwrap();
        found.insert(pem.trim().to_owned(), (rfc_4514(subject), rfc_4514(issuer)));
    }
    found
}

impl Said {
    /// What we say, in the same words.
    pub(crate) fn of(read: &X509) -> Self {
        Self {
            serial: shortened(&read.serial),
            signature: read.signature.algorithm.clone(),
            not_before: Some(read.not_before),
            not_after: Some(read.not_after),
            key: match &read.key.algorithm {
                KeyAlgorithm::Rsa(bits) => format!("RSA {bits}"),
                KeyAlgorithm::Ec(curve) => curve.clone(),
                KeyAlgorithm::Ed25519 => "ED25519".to_owned(),
                KeyAlgorithm::Ed448 => "ED448".to_owned(),
                KeyAlgorithm::Other(number) => number.clone(),
            },
            names: read.names.iter().map(alternative).collect(),
            is_authority: read.is_authority,
            path_length: read.path_length,
            subject_key_id: read.subject_key_id.clone(),
            authority_key_id: read.authority_key_id.clone(),
        }
    }
}

fn alternative(name: &AltName) -> String {
    match name {
        AltName::Dns(name) => format!("DNS:{name}"),
        AltName::Ip(address) => format!("IP Address:{address}"),
        AltName::Other(word) => word.clone(),
    }
}

fn said(text: &str) -> Said {
    let signature = after(text, "Signature Algorithm: ").unwrap_or_default();
    let constraints = extension(text, "X509v3 Basic Constraints:").unwrap_or_default();
    Said {
        serial: serial(text),
        signature: signature.trim().to_owned(),
        not_before: after(text, "Not Before: ").and_then(instant),
        not_after: after(text, "Not After : ").and_then(instant),
        key: public_key(text),
        names: extension(text, "X509v3 Subject Alternative Name:").map(alternatives).unwrap_or_default(),
        is_authority: constraints.contains("CA:TRUE"),
        path_length: constraints.split_once("pathlen:").map(|(_, number)| number.trim().parse().unwrap()),
        subject_key_id: extension(text, "X509v3 Subject Key Identifier:").map(key_id),
        authority_key_id: extension(text, "X509v3 Authority Key Identifier:").map(key_id),
    }
}

/// The rest of the line after a heading.
fn after<'a>(text: &'a str, heading: &str) -> Option<&'a str> {
    text.split_once(heading)?.1.lines().next()
}

/// The line below the heading of an extension.
fn extension<'a>(text: &'a str, heading: &str) -> Option<&'a str> {
    text.split_once(heading)?.1.lines().nth(1).map(str::trim)
}

fn key_id(text: &str) -> String {
    text.trim_start_matches("keyid:").replace(':', "").to_lowercase()
}

/// Small ones stand on the line of the heading, in two forms; others on the line below.
fn serial(text: &str) -> String {
    let rest = text.split_once("Serial Number:").unwrap().1;
    let line = rest.lines().next().unwrap().trim();
    match line.split_once("0x") {
        Some((before, digits)) => {
            let sign = if before.ends_with('-') { "-" } else { "" };
            shortened(&format!("{sign}{}", digits.trim_end_matches(')')))
        }
        None => shortened(&rest.lines().nth(1).unwrap().trim().replace("(Negative)", "-").replace(':', "")),
    }
}

/// Without leading zeros.
fn shortened(serial: &str) -> String {
    let (sign, digits) = serial.strip_prefix('-').map_or(("", serial), |digits| ("-", digits));
    format!("{sign}{}", digits.trim_start_matches('0'))
}

const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";

/// `Nov 27 03:33:42 2026 GMT`, perhaps with a fraction; the last hours of the year 9999 are one instant to us.
fn instant(text: &str) -> Option<Timestamp> {
    let words: Vec<&str> = text.trim_end_matches(" GMT").split_whitespace().collect();
    let [month, day, time, year] = words[..] else { return None };
    let month = i8::try_from(MONTHS.find(month)? / 3 + 1).ok()?;
    let time: Vec<i8> = time.split('.').next()?.split(':').map(|part| part.parse().unwrap()).collect();
    let civil =
        DateTime::new(year.parse().ok()?, month, day.parse().ok()?, time[0], time[1], time[2], 0).ok()?;
    Some(Offset::UTC.to_timestamp(civil).unwrap_or(Timestamp::MAX))
}

fn public_key(text: &str) -> String {
    let algorithm = after(text, "Public Key Algorithm: ").unwrap_or_default();
    let is_unreadable = text.contains("Unable to load Public Key");
    match algorithm {
        _ if is_unreadable => "unreadable".to_owned(),
        "rsaEncryption" | "rsassaPss" => {
            format!("RSA {}", after(text, "Public-Key: (").unwrap().trim_end_matches(" bit)"))
        }
        "id-ecPublicKey" => {
            let name = after(text, "NIST CURVE: ").or_else(|| after(text, "ASN1 OID: "));
            name.unwrap_or("explicit").to_owned()
        }
        "X25519" => "1.3.101.110".to_owned(),
        "dsaEncryption" => "1.2.840.10040.4.1".to_owned(),
        other => other.to_owned(),
    }
}

fn alternatives(line: &str) -> Vec<String> {
    let names = line.split(", ").filter(|name| *name != "<EMPTY>" && !name.is_empty());
    names
        .map(|name| match name.split_once(':') {
            Some(("IP Address", address)) => match address.parse::<IpAddr>() {
                Ok(address) => format!("IP Address:{address}"),
                Err(_) => "IP Address".to_owned(),
            },
            Some((word, _)) if word != "DNS" => word.to_owned(),
            _ => name.to_owned(),
        })
        .collect()
}

/// From OpenSSL's own form on one line: `O = "Example, Inc." + CN = x`, the first part first.
fn rfc_4514(line: &str) -> String {
    let mut parts: Vec<(&str, String)> = Vec::new();
    let (mut rest, mut separator) = (line, ",");
    while !rest.is_empty() {
        let (kind, after) = rest.split_once(" = ").unwrap();
        let (value, after) = value(after);
        parts.push((separator, format!("{kind}={value}")));
        (separator, rest) = match after.strip_prefix(" + ") {
            Some(after) => ("+", after),
            None => (",", after.strip_prefix(", ").unwrap_or(after)),
        };
    }
    let mut text = String::new();
    for (index, (separator, part)) in parts.iter().rev().enumerate() {
        text.push_str(part);
        if index + 1 < parts.len() {
            text.push_str(separator);
        }
    }
    text
}

/// The value at the beginning of a text, escaped as RFC 4514 wants it, and what follows.
fn value(text: &str) -> (String, &str) {
    let is_quoted = text.starts_with('"');
    let bytes = text.as_bytes();
    let mut at = usize::from(is_quoted);
    let mut value = Vec::new();
    while at < bytes.len() {
        let here = &text[at..];
        if is_quoted && here.starts_with('"') {
            at += 1;
            break;
        }
        if !is_quoted && (here.starts_with(", ") || here.starts_with(" + ")) {
            break;
        }
        if let Some(escaped) = here.strip_prefix('\\') {
            if let Some(byte) = escaped.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
                value.push(byte);
                at += 3;
            } else {
                value.push(escaped.as_bytes()[0]);
                at += 2;
            }
        } else {
            value.push(bytes[at]);
            at += 1;
        }
    }
    let value = String::from_utf8(value).unwrap();
    let is_encoding = !is_quoted && value.starts_with('#');
    (if is_encoding { value } else { escape(&value) }, &text[at..])
}

fn escape(value: &str) -> String {
    let mut text = String::new();
    for (index, character) in value.char_indices() {
        let is_end = index == 0 || index + 1 == value.len();
        if character.is_ascii_control() {
            write!(text, "\\{:02X}", u32::from(character)).unwrap();
            continue;
        }
        if ",+\"\\<>;".contains(character) || (character == ' ' && is_end) || (character == '#' && index == 0)
        {
            text.push('\\');
        }
        text.push(character);
    }
    text
}
