//! A browser without a screen: signs in, reads pages, follows links, listens to the event stream.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::PATIENCE;

/// Signed in at one address.
pub(crate) struct Browser {
    address: String,
    cookie: String,
}

/// An answer as it came.
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Browser {
    pub(super) fn sign_in(address: &str, link: &str) -> Self {
        let mut browser = Self { address: address.to_owned(), cookie: String::new() };
        let path = link.split_once(address).expect("the link is of this address").1;
        let answer = browser.ask(path);
        let cookie = answer.head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("set-cookie").then(|| value.trim().to_owned())
        });
        let cookie = cookie.unwrap_or_else(|| panic!("no cookie: {}\n{}", answer.head, answer.body));
        cookie.split(';').next().expect("a cookie has a value").clone_into(&mut browser.cookie);
        browser
    }

    /// The value of the cookie that shows who is signed in.
    pub(crate) fn session(&self) -> &str {
        self.cookie.split_once('=').expect("a cookie has a value").1
    }

    fn open(&self, path: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).expect("the program listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        // HTTP/1.0: the answer comes in one piece and ends with the connection.
        let request = format!(
            "GET {path} HTTP/1.0\r\nHost: {}\r\nCookie: {}\r\nSec-Fetch-Site: same-origin\r\n\r\n",
            self.address, self.cookie
        );
        stream.write_all(request.as_bytes()).expect("the program takes a request");
        stream
    }

    fn ask(&self, path: &str) -> Answer {
        let mut bytes = Vec::new();
        self.open(path).read_to_end(&mut bytes).expect("the program answers");
        let text = String::from_utf8_lossy(&bytes);
        let (head, body) = text.split_once("\r\n\r\n").expect("an answer has a head");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        Answer { status, head: head.to_owned(), body: body.to_owned() }
    }

    /// A page that is there.
    pub(crate) fn get(&self, path: &str) -> String {
        let answer = self.ask(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body
    }

    /// What a person reads of a page that is there.
    pub(crate) fn read(&self, path: &str) -> String {
        words(&self.get(path))
    }

    /// What a person reads of a page, as soon as it shows something.
    pub(crate) async fn wait_for(&self, path: &str, shows: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        let mut often = tokio::time::interval(Duration::from_millis(100));
        loop {
            often.tick().await;
            let page = self.read(path);
            if shows(&page) {
                return page;
            }
            assert!(Instant::now() < deadline, "{path} still reads:\n{page}");
        }
    }

    /// Every page that links lead to, beginning at `/`, by its address; pages that are errors too. Each page was as it was at hundreds of
    /// instants: of the past one is taken of each.
    pub(crate) fn walk(&self) -> BTreeMap<String, String> {
        let mut pages = BTreeMap::new();
        let mut past = BTreeSet::new();
        let mut waiting = BTreeSet::from(["/".to_owned()]);
        while let Some(path) = waiting.pop_first() {
            let answer = self.ask(&path);
            let new = links(&answer.body).filter(|link| !pages.contains_key(link) && *link != path);
            let new = new.filter(|link| match link.split_once('?') {
                Some((page, query)) if query.contains("at=") => past.insert(page.to_owned()),
                _ => true,
            });
            waiting.extend(new);
            pages.insert(path, format!("{}\n{}", answer.head, answer.body));
        }
        pages
    }

    /// The event stream, from now until something has come.
    pub(crate) fn events(&self) -> Events {
        Events { stream: self.open("/api/events") }
    }
}

/// The event stream.
pub(crate) struct Events {
    stream: TcpStream,
}

impl Events {
    /// Everything up to the end of the first event that comes.
    pub(crate) fn first(mut self) -> String {
        let mut bytes = Vec::new();
        let mut piece = [0; 4096];
        loop {
            let read = self.stream.read(&mut piece).expect("the stream goes on");
            assert!(read > 0, "the stream ended: {}", String::from_utf8_lossy(&bytes));
            bytes.extend_from_slice(&piece[..read]);
            let text = String::from_utf8_lossy(&bytes);
            if text.contains("data:") && text.ends_with("\n\n") {
                return text.into_owned();
            }
        }
    }
}

/// What a person reads of a page.
pub(crate) fn words(page: &str) -> String {
    let texts = page.split('<').filter_map(|piece| Some(piece.split_once('>')?.1.trim()));
    texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n")
}

/// The addresses of our own that a page names, without fragments.
fn links(page: &str) -> impl Iterator<Item = String> {
    ["href=\"", "src=\"", "action=\""].into_iter().flat_map(move |attribute| {
        page.split(attribute).skip(1).filter_map(|rest| {
            let link = rest.split('"').next()?.replace("&amp;", "&");
            let link = link.split('#').next().unwrap_or_default().to_owned();
            (link.starts_with('/') && !link.starts_with("//")).then_some(link)
        })
    })
}
