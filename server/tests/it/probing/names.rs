//! A name server that knows a few names, over UDP on loopback.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use tokio::net::UdpSocket;
use tokio::task::JoinSet;

/// What is answered about a name.
#[derive(Debug, Clone, Default)]
pub(super) struct Answers {
    pub(super) v4: Vec<Ipv4Addr>,
    pub(super) v6: Vec<Ipv6Addr>,
    /// Where the name leads, one after the other.
    pub(super) aliases: Vec<&'static str>,
    pub(super) code: u8,
    /// The code for IPv6 alone.
    pub(super) v6_code: u8,
    pub(super) is_silent: bool,
}

impl Answers {
    pub(super) fn v4(addresses: &[Ipv4Addr]) -> Self {
        Self { v4: addresses.to_vec(), ..Self::default() }
    }

    pub(super) fn no_such_name() -> Self {
        Self { code: 3, ..Self::default() }
    }

    pub(super) fn failure() -> Self {
        Self { code: 2, ..Self::default() }
    }

    pub(super) fn silent() -> Self {
        Self { is_silent: true, ..Self::default() }
    }
}

/// A running name server; dropping it ends it.
pub(super) struct NameServer {
    pub(super) address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    _tasks: JoinSet<()>,
}

impl NameServer {
    pub(super) async fn start(names: Vec<(&'static str, Answers)>) -> Self {
        let socket = UdpSocket::bind(("127.0.0.1", 0)).await.unwrap();
        let address = socket.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = asked.clone();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut packet = [0; 1500];
            while let Ok((length, from)) = socket.recv_from(&mut packet).await {
                let Some(question) = Question::read(&packet[..length]) else { continue };
                let family = if question.kind == 1 { "A" } else { "AAAA" };
                log.lock().unwrap().push(format!("{} {family}", question.name));
                let known = names.iter().find(|(name, _)| *name == question.name);
                let answers = known.map_or_else(Answers::no_such_name, |(_, answers)| answers.clone());
                if !answers.is_silent {
                    drop(socket.send_to(&question.answer(&answers), from).await);
                }
            }
        });
        Self { address, asked, _tasks: tasks }
    }

    /// What was asked so far, sorted.
    pub(super) fn asked(&self) -> Vec<String> {
        let mut asked = self.asked.lock().unwrap().clone();
        asked.sort();
        asked
    }
}

/// A question as it came.
struct Question<'a> {
    packet: &'a [u8],
    name: String,
    kind: u16,
    end: usize,
}

impl<'a> Question<'a> {
    fn read(packet: &'a [u8]) -> Option<Self> {
        let (mut at, mut labels) = (12, Vec::new());
        loop {
            let length = usize::from(*packet.get(at)?);
            at += 1;
            if length == 0 {
                break;
            }
            labels.push(String::from_utf8_lossy(packet.get(at..at + length)?).to_lowercase());
            at += length;
        }
        let kind = u16::from_be_bytes([*packet.get(at)?, *packet.get(at + 1)?]);
        Some(Self { packet, name: labels.join("."), kind, end: at + 4 })
    }

    fn answer(&self, answers: &Answers) -> Vec<u8> {
        let mut records = Vec::new();
        let mut owner = self.name.clone();
        for alias in &answers.aliases {
            records.push(record(&owner, 5, &encoded(alias)));
            (*alias).clone_into(&mut owner);
        }
        match self.kind {
            1 => records.extend(answers.v4.iter().map(|address| record(&owner, 1, &address.octets()))),
            _ => records.extend(answers.v6.iter().map(|address| record(&owner, 28, &address.octets()))),
        }
        let mut reply = self.packet[..2].to_vec();
        // An answer with authority, recursion available.
        let code = if self.kind == 1 { answers.code } else { answers.code | answers.v6_code };
        reply.extend([0x85, 0x80 | code, 0, 1]);
        reply.extend(u16::try_from(records.len()).unwrap().to_be_bytes());
        reply.extend([0; 4]);
        reply.extend(&self.packet[12..self.end]);
        reply.extend(records.concat());
        reply
    }
}

fn encoded(name: &str) -> Vec<u8> {
    let mut encoded = Vec::new();
    for label in name.split('.') {
        encoded.push(u8::try_from(label.len()).unwrap());
        encoded.extend(label.bytes());
    }
    encoded.push(0);
    encoded
}

fn record(owner: &str, kind: u16, data: &[u8]) -> Vec<u8> {
    let mut record = encoded(owner);
    record.extend(kind.to_be_bytes());
    record.extend([0, 1, 0, 0, 0, 60]);
    record.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
    record.extend(data);
    record
}
