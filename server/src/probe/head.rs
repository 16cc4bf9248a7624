//! One question over HTTP, `HEAD /`, and what its answer's head says. Nothing is followed.

use posture::sighting::{HstsSight, PlainSight};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// How much of a head is read.
const MOST: usize = 4 << 10;

/// The head of an answer, as far as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) status: u16,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    /// Whether all of it was read.
    is_whole: bool,
}

/// Asks, and reads the head of the answer; `None` where it is not HTTP or breaks off.
pub(super) async fn ask(mut stream: impl AsyncRead + AsyncWrite + Unpin, host: &str) -> Option<Head> {
    let question = format!(
        "HEAD / HTTP/1.1\r\nHost: {host}\r\nUser-Agent: perijove/{}\r\nAccept: */*\r\nConnection: close\r\n\r\n",
        env!("CARGO_PKG_VERSION")
    );
    stream.write_all(question.as_bytes()).await.ok()?;
    stream.flush().await.ok()?;
    let mut read = Vec::with_capacity(MOST);
    let mut stream = stream.take(u64::try_from(MOST).unwrap_or(0));
    // A connection that is closed without the word of TLS ends a head as well as any other end.
    while end(&read).is_none() && matches!(stream.read_buf(&mut read).await, Ok(more) if more > 0) {}
    parse(&read)
}

fn end(read: &[u8]) -> Option<usize> {
    read.windows(4)
        .position(|four| four == b"\r\n\r\n")
        .or_else(|| read.windows(2).position(|two| two == b"\n\n"))
}

fn parse(read: &[u8]) -> Option<Head> {
    let end = end(read);
    let text = String::from_utf8_lossy(&read[..end.unwrap_or(read.len())]);
    let mut lines = text.lines();
    let status = lines.next()?.strip_prefix("HTTP/1.")?.split(' ').nth(1)?;
    if status.len() != 3 {
        return None;
    }
    let status: u16 = status.parse().ok().filter(|status| (100..1000).contains(status))?;
    let mut headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    if end.is_none() {
        // The last line may have been cut.
        headers.pop();
    }
    Some(Head { status, headers, is_whole: end.is_some() })
}

impl Head {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// What Strict-Transport-Security says (RFC 6797): the first such header counts, and one that breaks the rules is none. It is unknown
    /// where the head was cut before it could stand there.
    pub(super) fn hsts(&self) -> HstsSight {
        match self.header("strict-transport-security").map(max_age) {
            Some(Some(max_age)) => HstsSight::Sent { max_age },
            None if !self.is_whole => HstsSight::Unknown,
            Some(None) | None => HstsSight::NotSent,
        }
    }

    /// What a server in clear does with a browser that asks for this host, whose HTTPS is on this port. What neither shows anything in clear
    /// nor leads there is not known: a server that refuses or fails may do so for all, or for this question.
    pub(super) fn plain(&self, host: &str, port: u16) -> PlainSight {
        let is_redirect = matches!(self.status, 301 | 302 | 303 | 307 | 308);
        match self.header("location") {
            Some(location) if is_redirect && leads_to_https(location, host, port) => {
                PlainSight::ToHttps { permanent: matches!(self.status, 301 | 308) }
            }
            Some(location) if is_redirect && stays_in_clear(location) => {
                PlainSight::Answers { status: self.status }
            }
            _ if matches!(self.status, 200..=299 | 401 | 405) => PlainSight::Answers { status: self.status },
            _ => PlainSight::Unknown,
        }
    }
}

fn max_age(value: &str) -> Option<i64> {
    let directives = value.split(';').filter_map(|directive| directive.split_once('='));
    let mut ages = directives.filter(|(name, _)| name.trim().eq_ignore_ascii_case("max-age"));
    let (_, age) = ages.next()?;
    if ages.next().is_some() {
        return None;
    }
    let age = age.trim();
    let age = age.strip_prefix('"').and_then(|age| age.strip_suffix('"')).unwrap_or(age);
    if age.is_empty() || !age.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(age.parse().unwrap_or(i64::MAX))
}

/// Whether a Location, asked for in clear, is in clear too: it says so, or says nothing of a scheme (RFC 3986, 4.2).
fn stays_in_clear(location: &str) -> bool {
    match location.split_once([':', '/', '?', '#']) {
        Some((scheme, _)) if location[scheme.len()..].starts_with(':') => scheme.eq_ignore_ascii_case("http"),
        _ => true,
    }
}

/// Whether a Location is the same host over HTTPS, on its usual port or on this one.
fn leads_to_https(location: &str, host: &str, port: u16) -> bool {
    let Ok(location) = location.parse::<http::Uri>() else { return false };
    location.scheme_str().is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"))
        && location.host().is_some_and(|to| to.trim_end_matches('.').eq_ignore_ascii_case(host))
        && location.authority().is_some_and(|authority| !authority.as_str().contains('@'))
        && [443, port].contains(&location.port_u16().unwrap_or(443))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(lines: &str) -> Head {
        parse(format!("{lines}\r\n\r\n").as_bytes()).unwrap()
    }

    #[test]
    fn the_age_of_strict_transport_security_is_read_as_browsers_read_it() {
        for (value, age) in [
            ("max-age=31536000", Some(31_536_000)),
            ("includeSubDomains; Max-Age=\"60\"; preload", Some(60)),
            ("max-age = 5", Some(5)),
            ("max-age=0", Some(0)),
            ("max-age=99999999999999999999", Some(i64::MAX)),
            ("max-age=1; max-age=2", None),
            ("max-age=-1", None),
            ("max-age=", None),
            ("includeSubDomains", None),
        ] {
            let head = head(&format!("HTTP/1.1 200 OK\r\nStrict-Transport-Security: {value}"));
            let told = age.map_or(HstsSight::NotSent, |max_age| HstsSight::Sent { max_age });
            assert_eq!(head.hsts(), told, "{value}");
        }
        let two =
            "HTTP/1.1 200 OK\r\nstrict-transport-security: max-age=1\r\nStrict-Transport-Security: max-age=2";
        assert_eq!(head(two).hsts(), HstsSight::Sent { max_age: 1 });
        assert_eq!(head("HTTP/1.1 200 OK\r\nServer: x").hsts(), HstsSight::NotSent);
    }

    #[test]
    fn a_head_that_was_cut_does_not_show_that_a_header_is_not_sent() {
        let cut = parse(b"HTTP/1.1 200 OK\r\nServer: x\r\nStrict-Transport-Security: max-age=3").unwrap();
        assert_eq!(cut.hsts(), HstsSight::Unknown);
        let cut = parse(b"HTTP/1.1 301 Moved\r\nServer: x\r\nLocation: https://hub.exa").unwrap();
        assert_eq!(cut.plain("hub.example.org", 443), PlainSight::Unknown);
    }

    #[test]
    fn a_redirect_counts_where_it_leads_to_the_same_host_over_https() {
        let plain = |status: u16, location: &str| {
            head(&format!("HTTP/1.1 {status} X\r\nLocation: {location}")).plain("hub.example.org", 8443)
        };
        for status in [301, 308] {
            assert_eq!(plain(status, "https://hub.example.org/"), PlainSight::ToHttps { permanent: true });
        }
        for status in [302, 303, 307] {
            assert_eq!(
                plain(status, "https://HUB.example.org:443/hub/"),
                PlainSight::ToHttps { permanent: false }
            );
        }
        let known = PlainSight::ToHttps { permanent: true };
        assert_eq!(plain(301, "https://hub.example.org:8443/"), known, "the port that is looked at");
        for in_clear in [
            "http://hub.example.org/",
            "HTTP://other.example.org/",
            "/hub/",
            "hub/login?next=https://hub.example.org/",
            "//hub.example.org/",
            "",
        ] {
            assert_eq!(plain(301, in_clear), PlainSight::Answers { status: 301 }, "{in_clear}");
        }
        for elsewhere in [
            "https://other.example.org/",
            "https://hub.example.org:9443/",
            "https://hub.example.org@other.example.org/",
            "https://x@hub.example.org/",
            "https://hub.example.org.other.example.org/",
            "https:/hub/",
            "ftp://hub.example.org/",
        ] {
            assert_eq!(plain(301, elsewhere), PlainSight::Unknown, "{elsewhere}");
        }
    }

    #[test]
    fn only_what_shows_something_in_clear_answers_there() {
        let plain = |status: u16| head(&format!("HTTP/1.1 {status} X")).plain("hub.example.org", 443);
        for status in [200, 204, 401, 405] {
            assert_eq!(plain(status), PlainSight::Answers { status });
        }
        for status in [100, 301, 304, 308, 400, 403, 404, 421, 429, 500, 503] {
            assert_eq!(plain(status), PlainSight::Unknown, "{status}");
        }
    }

    #[test]
    fn what_is_not_http_is_no_answer() {
        for other in [
            "SSH-2.0-OpenSSH_9.6\r\n",
            "",
            "HTTP/2 200\r\n\r\n",
            "HTTP/1.1 2000 X\r\n\r\n",
            "HTTP/1.1\r\n\r\n",
        ] {
            assert_eq!(parse(other.as_bytes()), None, "{other}");
        }
    }
}
