//! A client that asks one question per connection.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

/// An answer.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

/// Sends a GET to a server on this machine, and reads the answer to its end.
pub(super) fn get(address: &str, path: &str, headers: &str) -> Result<Answer> {
    let mut connection =
        TcpStream::connect(address).with_context(|| format!("could not connect to {address}"))?;
    connection.set_read_timeout(Some(Duration::from_secs(30)))?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}\r\n");
    connection.write_all(request.as_bytes())?;
    let mut bytes = Vec::new();
    connection.read_to_end(&mut bytes).with_context(|| format!("{path} was not answered"))?;
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").context("the answer has a head")?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.split_whitespace().nth(1).and_then(|word| word.parse().ok());
    let Some(status) = status else { bail!("{path} was not answered with HTTP") };
    Ok(Answer { status, head, body: bytes.split_off(end + 4) })
}
