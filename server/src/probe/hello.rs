//! Old versions of TLS, as far as their servers answer in clear: a greeting made by hand, and its answer with the certificates (RFC 5246).
//!
//! Nothing is agreed on: the connection is closed once the server has said which version it takes.

use std::net::SocketAddr;

use posture::sighting::TlsVersion;
use posture::x509::Der;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// How much of an answer is read; a chain of certificates has a few thousand bytes.
const MOST: usize = 128 << 10;

/// The suites that are offered: whatever a server of the last twenty years may take, so that a refusal is one of the version. The last one
/// is no suite and says that renegotiation is secure.
const SUITES: &[u16] = &[
    0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc009, 0xc013, 0xc00a, 0xc014, 0xc023, 0xc027, 0xc024,
    0xc028, 0x009e, 0x009f, 0x0033, 0x0039, 0x0067, 0x006b, 0x009c, 0x009d, 0x002f, 0x0035, 0x003c, 0x003d,
    0x0032, 0x0038, 0x000a, 0xc008, 0xc012, 0x0016, 0x0005, 0x0004, 0xc007, 0xc011, 0x00ff,
];

const GROUPS: &[u16] = &[0x001d, 0x0017, 0x0018, 0x0019];

const SIGNATURES: &[u16] =
    &[0x0403, 0x0503, 0x0603, 0x0807, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0203, 0x0201, 0x0202];

/// What a server says to a greeting in one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// It takes this version; with the certificates it shows.
    Takes(TlsVersion, Vec<Der>),
    /// It breaks off with a word, or without one whenever it is asked: it does not speak this version.
    Refuses,
    /// The connection ended without a word. It may have been cut by who stands between, or by a server that has enough to do.
    Ended,
    /// It does not speak TLS.
    NotTls,
    /// It was not found out.
    Unclear,
}

/// Greets a server in one version and in no other.
pub(super) async fn greet(server: SocketAddr, host: &str, version: TlsVersion) -> Answer {
    let (Ok(Ok(mut stream)), Some(hello)) =
        (tokio::time::timeout(super::CONNECT, TcpStream::connect(server)).await, hello(host, version))
    else {
        return Answer::Unclear;
    };
    if stream.write_all(&hello).await.is_err() {
        return Answer::Unclear;
    }
    let mut read = Vec::new();
    loop {
        let heard = Heard::of(&read);
        if heard.is_enough || read.len() >= MOST {
            return heard.answer(false);
        }
        match stream.read_buf(&mut read).await {
            Ok(0) | Err(_) => return Heard::of(&read).answer(true),
            Ok(_) => {}
        }
    }
}

fn code(version: TlsVersion) -> u16 {
    match version {
        TlsVersion::Tls10 => 0x0301,
        TlsVersion::Tls11 => 0x0302,
        TlsVersion::Tls12 | TlsVersion::Tls13 => 0x0303,
    }
}

/// The greeting; `None` if the system gives no random bytes.
fn hello(host: &str, version: TlsVersion) -> Option<Vec<u8>> {
    let mut random = [0_u8; 32];
    getrandom::fill(&mut random).ok()?;
    let mut body = code(version).to_be_bytes().to_vec();
    body.extend(random);
    body.push(0);
    body.extend(list(SUITES));
    body.extend([1, 0]);
    let mut name = vec![0];
    name.extend(sized(host.as_bytes()));
    let mut extensions = extension(0x0000, &sized(&name));
    extensions.extend(extension(0x000a, &list(GROUPS)));
    extensions.extend(extension(0x000b, &[1, 0]));
    if version == TlsVersion::Tls12 {
        extensions.extend(extension(0x000d, &list(SIGNATURES)));
    }
    body.extend(sized(&extensions));
    let mut message = vec![1, 0];
    message.extend(sized(&body));
    let mut record = vec![22, 3, 1];
    record.extend(sized(&message));
    Some(record)
}

fn sized(bytes: &[u8]) -> Vec<u8> {
    // Everything here is made by us and far shorter.
    let mut sized = u16::try_from(bytes.len()).unwrap_or(0).to_be_bytes().to_vec();
    sized.extend(bytes);
    sized
}

fn list(values: &[u16]) -> Vec<u8> {
    sized(&values.iter().flat_map(|value| value.to_be_bytes()).collect::<Vec<_>>())
}

fn extension(kind: u16, body: &[u8]) -> Vec<u8> {
    let mut extension = kind.to_be_bytes().to_vec();
    extension.extend(sized(body));
    extension
}

/// What was heard so far.
#[derive(Debug, Default, PartialEq, Eq)]
struct Heard {
    version: Option<u16>,
    chain: Vec<Der>,
    is_alert: bool,
    is_other: bool,
    /// Whether nothing more has to be heard.
    is_enough: bool,
}

impl Heard {
    /// Reads what a server has sent: records of handshake messages, which may be cut anywhere, or an alert.
    fn of(mut read: &[u8]) -> Self {
        let mut heard = Self::default();
        let mut messages = Vec::new();
        while let Some((kind, rest)) = read.split_first() {
            let is_tls = matches!(kind, 20..=23) && rest.first().is_none_or(|major| *major == 3);
            if !is_tls {
                heard.is_other = heard.version.is_none() && messages.is_empty();
                heard.is_enough = true;
                break;
            }
            let Some((header, rest)) = rest.split_at_checked(4) else { break };
            let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
            let body = &rest[..length.min(rest.len())];
            match kind {
                // A warning, as of a name it does not know, is no refusal; the end of the connection is.
                21 if body.first() == Some(&1) && body.get(1) != Some(&0) => {}
                21 => (heard.is_alert, heard.is_enough) = (body.len() >= 2, body.len() >= 2),
                22 => messages.extend_from_slice(body),
                _ => heard.is_enough = true,
            }
            if heard.is_enough || rest.len() < length {
                break;
            }
            read = &rest[length..];
        }
        heard.take(&messages);
        heard
    }

    fn take(&mut self, mut messages: &[u8]) {
        while let Some((header, rest)) = messages.split_at_checked(4) {
            let length = usize::from(header[1]) << 16 | usize::from(header[2]) << 8 | usize::from(header[3]);
            let Some((body, rest)) = rest.split_at_checked(length) else { return };
            match (header[0], body) {
                (2, [major, minor, ..]) => self.version = Some(u16::from_be_bytes([*major, *minor])),
                (11, body) => self.chain = certificates(body),
                _ => {}
            }
            // The certificates are the second message, where there are any.
            if header[0] != 2 {
                self.is_enough = true;
                return;
            }
            messages = rest;
        }
    }

    fn answer(self, has_ended: bool) -> Answer {
        match self.version {
            Some(0x0301) => Answer::Takes(TlsVersion::Tls10, self.chain),
            Some(0x0302) => Answer::Takes(TlsVersion::Tls11, self.chain),
            Some(0x0303) => Answer::Takes(TlsVersion::Tls12, self.chain),
            None if self.is_other => Answer::NotTls,
            None if self.is_alert => Answer::Refuses,
            None if has_ended => Answer::Ended,
            Some(_) | None => Answer::Unclear,
        }
    }
}

/// The certificates of the message that shows them.
fn certificates(body: &[u8]) -> Vec<Der> {
    let mut chain = Vec::new();
    let mut rest = body.get(3..).unwrap_or_default();
    while let Some((header, after)) = rest.split_at_checked(3) {
        let length = usize::from(header[0]) << 16 | usize::from(header[1]) << 8 | usize::from(header[2]);
        let Some((certificate, after)) = after.split_at_checked(length) else { break };
        chain.push(Der::new(certificate));
        rest = after;
    }
    chain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: u8, body: &[u8]) -> Vec<u8> {
        let mut record = vec![kind, 3, 1];
        record.extend(sized(body));
        record
    }

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let mut message = vec![kind, 0];
        message.extend(sized(body));
        message
    }

    fn answer() -> Vec<u8> {
        let hello = message(2, &[&[3, 2][..], &[0; 36]].concat());
        let certificates = message(11, &[0, 0, 10, 0, 0, 2, 0x30, 0, 0, 0, 2, 0x30, 1]);
        [hello, certificates, message(14, &[])].concat()
    }

    #[test]
    fn an_answer_is_read_however_its_records_are_cut() {
        let whole = Answer::Takes(TlsVersion::Tls11, vec![Der::new(*b"\x30\0"), Der::new(*b"\x30\x01")]);
        for size in 1..answer().len() {
            let records: Vec<u8> = answer().chunks(size).flat_map(|piece| record(22, piece)).collect();
            assert_eq!(Heard::of(&records).answer(false), whole, "{size}");
        }
    }

    #[test]
    fn whatever_is_missing_of_an_answer_it_is_not_taken_for_another_version() {
        let whole = record(22, &answer());
        for end in 0..whole.len() {
            let heard = Heard::of(&whole[..end]).answer(false);
            assert!(
                matches!(heard, Answer::Unclear | Answer::Takes(TlsVersion::Tls11, _)),
                "{end}: {heard:?}"
            );
        }
    }

    #[test]
    fn an_alert_refuses_an_end_does_not_yet_and_other_words_are_no_tls() {
        assert_eq!(Heard::of(&record(21, &[2, 70])).answer(false), Answer::Refuses);
        let warned = [record(21, &[1, 112]), record(22, &answer())].concat();
        assert!(matches!(Heard::of(&warned).answer(false), Answer::Takes(TlsVersion::Tls11, _)));
        assert_eq!(Heard::of(b"").answer(true), Answer::Ended);
        assert_eq!(Heard::of(b"").answer(false), Answer::Unclear);
        assert_eq!(Heard::of(b"HTTP/1.1 400 Bad Request\r\n").answer(true), Answer::NotTls);
        assert_eq!(Heard::of(b"SSH-2.0-x\r\n").answer(false), Answer::NotTls);
    }

    #[test]
    fn hostile_lengths_are_no_trouble() {
        for read in [
            &[22, 3, 1, 0xff, 0xff, 2, 0xff, 0xff, 0xff][..],
            &[22, 3, 1, 0, 7, 11, 0, 0, 3, 0xff, 0xff, 0xff],
            &[22, 3, 1, 0, 10, 11, 0, 0, 6, 0, 0, 9, 0xff, 0xff, 0xff],
            &[22, 3, 1, 0, 0],
            &[21, 3, 1, 0, 0],
        ] {
            drop(Heard::of(read).answer(true));
        }
    }
}
