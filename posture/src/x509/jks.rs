//! The certificates in a Java keystore of Sun's forms JKS and JCEKS, where they lie in clear. Keys are passed over by their length.

use super::{Der, MOST_BYTES, MOST_CERTIFICATES, read_bytes};
use crate::sighting::StoredChain;

/// The chains in a Java keystore: one for each alias. The password that guards it against changes is not needed, and is not asked for.
pub fn jks(bytes: &[u8]) -> Result<Vec<StoredChain>, &'static str> {
    if bytes.len() > MOST_BYTES {
        return Err("the keystore has more than 10 MB, and is not read");
    }
    let mut store = Store { rest: bytes, certificates: 0 };
    let has_magic = matches!(store.number()?, JKS | JCEKS);
    let version = store.number()?;
    if !has_magic || !matches!(version, 1 | 2) {
        return Err("the keystore is of no form that is known");
    }
    let count = store.number()?;
    let mut chains = Vec::new();
    for _ in 0..count {
        chains.push(store.entry(version)?);
    }
    if store.rest.len() == DIGEST { Ok(chains) } else { Err(CUT) }
}

const JKS: u32 = 0xfeed_feed;
const JCEKS: u32 = 0xcece_cece;

/// The SHA-1 at the end, which is keyed with the password.
const DIGEST: usize = 20;

const CUT: &str = "the keystore is cut off or broken";

struct Store<'a> {
    rest: &'a [u8],
    /// How many were read.
    certificates: usize,
}

impl<'a> Store<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], &'static str> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(CUT)?;
        self.rest = rest;
        Ok(taken)
    }

    fn number(&mut self) -> Result<u32, &'static str> {
        let (number, rest) = self.rest.split_first_chunk().ok_or(CUT)?;
        self.rest = rest;
        Ok(u32::from_be_bytes(*number))
    }

    /// Bytes after a number that says how many.
    fn block(&mut self) -> Result<&'a [u8], &'static str> {
        let length = self.number()?;
        self.take(usize::try_from(length).map_err(|_| CUT)?)
    }

    /// A text in Java's own UTF-8, after its length.
    fn text(&mut self) -> Result<String, &'static str> {
        let (length, rest) = self.rest.split_first_chunk().ok_or(CUT)?;
        self.rest = rest;
        Ok(String::from_utf8_lossy(self.take(usize::from(u16::from_be_bytes(*length)))?).into_owned())
    }

    fn entry(&mut self, version: u32) -> Result<StoredChain, &'static str> {
        let kind = self.number()?;
        let alias = self.text()?;
        // When it was made.
        self.take(8)?;
        let count = match kind {
            1 => {
                self.block()?;
                self.number()?
            }
            2 => 1,
            // It says nowhere how long it is.
            3 => return Err("the keystore holds a secret key, and what comes after it cannot be found"),
            _ => return Err(CUT),
        };
        let mut certificates = Vec::new();
        for _ in 0..count {
            certificates.push(self.certificate(version)?);
        }
        Ok(StoredChain { alias: Some(alias), certificates, key_matches: None, trust: None })
    }

    fn certificate(&mut self, version: u32) -> Result<Der, &'static str> {
        if version == 2 && self.text()? != "X.509" {
            return Err("the keystore holds a certificate that is not X.509");
        }
        self.certificates += 1;
        if self.certificates > MOST_CERTIFICATES {
            return Err("the keystore holds more than 512 certificates, and is not read");
        }
        let bytes = self.block()?;
        // What is no certificate is not kept, whatever it is called.
        read_bytes(bytes).map_err(|_| "a certificate in the keystore cannot be read")?;
        Ok(Der::new(bytes))
    }
}
