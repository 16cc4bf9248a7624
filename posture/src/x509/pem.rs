//! Certificates in PEM (RFC 7468), as they are found in files that people put together.

use std::sync::LazyLock;

use data_encoding::{BASE64, Encoding};
use zeroize::Zeroizing;

use super::tlv::Reader;
use super::{Der, Malformed, read_bytes};

/// How many certificates of one file are read; bundles of all public authorities hold about 150.
pub const MOST_CERTIFICATES: usize = 512;

/// How many bytes a file of certificates may have; the largest Secret has a tenth of it.
pub const MOST_BYTES: usize = 10_000_000;

/// What a file of PEM holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PemFile {
    /// The certificates, in the order in which they are written. Each can be read.
    pub certificates: Vec<Der>,
    /// What could not be read.
    pub faults: Vec<PemFault>,
}

/// A part of a file that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PemFault {
    /// One block.
    #[error("certificate {number} of the file cannot be read: {why}")]
    Block {
        /// Which of the blocks of certificates, counted from 1.
        number: usize,
        /// Why.
        why: Malformed,
    },
    /// The file holds more certificates than are read.
    #[error("the file holds more than {MOST_CERTIFICATES} certificates; the rest is left out")]
    TooMany,
    /// The file is too long, and nothing of it is read.
    #[error("the file has more than {} MB, and is not read", MOST_BYTES / 1_000_000)]
    TooLong,
}

impl PemFault {
    /// Whether it is the first certificate of the file that cannot be read: in a chain that is the one the others stand for.
    pub fn is_of_first(&self) -> bool {
        matches!(self, Self::Block { number: 1, .. })
    }
}

/// The certificates in a file. Blocks of another kind are passed over without being copied, and so is what stands between blocks. What is no
/// certificate, whatever its block is called, is not kept: it may be a key.
pub fn pem(text: &[u8]) -> PemFile {
    let mut file = PemFile::default();
    if text.len() > MOST_BYTES {
        file.faults.push(PemFault::TooLong);
        return file;
    }
    let mut number = 0;
    for block in Blocks::of(text) {
        number += 1;
        if number > MOST_CERTIFICATES {
            file.faults.push(PemFault::TooMany);
            break;
        }
        match block {
            Ok(der) => file.certificates.push(der),
            Err(why) => file.faults.push(PemFault::Block { number, why }),
        }
    }
    file
}

/// The blocks of certificates in a file.
struct Blocks<'a> {
    lines: std::iter::Peekable<Box<dyn Iterator<Item = &'a [u8]> + 'a>>,
}

impl<'a> Blocks<'a> {
    fn of(text: &'a [u8]) -> Self {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let lines = text.split(|byte| matches!(byte, b'\n' | b'\r')).map(<[u8]>::trim_ascii_end);
        let lines: Box<dyn Iterator<Item = &'a [u8]> + 'a> = Box::new(lines);
        Self { lines: lines.peekable() }
    }

    /// The text of a block after its first line; the lines of a broken one stay where the next may begin.
    fn block(&mut self, label: &[u8]) -> Result<Der, Malformed> {
        let mut lines: Vec<&[u8]> = Vec::new();
        loop {
            match self.lines.peek().copied() {
                None => return Err(Malformed("its last line is missing")),
                Some(line) if begin(line).is_some() => return Err(Malformed("its last line is missing")),
                Some(line) => {
                    self.lines.next();
                    if let Some(end) = line.strip_prefix(b"-----END ") {
                        if end.strip_suffix(b"-----") != Some(label) {
                            return Err(Malformed("its first and last lines name different things"));
                        }
                        return decoded(&lines, label);
                    }
                    lines.push(line);
                }
            }
        }
    }
}

impl Iterator for Blocks<'_> {
    type Item = Result<Der, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let line = self.lines.next()?;
            if let Some(label) = begin(line)
                && matches!(label, b"CERTIFICATE" | b"X509 CERTIFICATE" | TRUSTED)
            {
                return Some(self.block(label));
            }
        }
    }
}

/// OpenSSL's own: a certificate, and after it what it is trusted for.
const TRUSTED: &[u8] = b"TRUSTED CERTIFICATE";

/// Base64 as OpenSSL reads it: the unused bits of the last digit may be anything.
static LENIENT: LazyLock<Encoding> = LazyLock::new(|| {
    let mut specification = BASE64.specification();
    specification.check_trailing_bits = false;
    specification.encoding().unwrap_or(BASE64)
});

/// What stands in the first line of a block.
fn begin(line: &[u8]) -> Option<&[u8]> {
    line.strip_prefix(b"-----BEGIN ")?.strip_suffix(b"-----")
}

/// The certificate in these lines. Until it is known to be one it stands in memory that is emptied: it may be a key under a wrong name.
fn decoded(lines: &[&[u8]], label: &[u8]) -> Result<Der, Malformed> {
    const WRONG: Malformed = Malformed("it is not Base64");
    let mut digits = Zeroizing::new(Vec::with_capacity(lines.iter().map(|line| line.len()).sum()));
    digits.extend(lines.iter().copied().flatten().filter(|byte| !byte.is_ascii_whitespace()));
    let mut bytes = Zeroizing::new(vec![0; LENIENT.decode_len(digits.len()).map_err(|_| WRONG)?]);
    let length = LENIENT.decode_mut(&digits, &mut bytes).map_err(|_| WRONG)?;
    let bytes = &bytes[..length];
    let bytes = if label == TRUSTED { Reader::new(bytes).next()?.whole } else { bytes };
    read_bytes(bytes)?;
    Ok(Der::new(bytes))
}
