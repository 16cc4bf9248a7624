//! TLS connections to the names of a cluster that the configuration confirms: what they are resolved to, the certificates that are shown
//! there, and what is asked around them.
//!
//! A name is resolved once and what it was resolved to is connected to; nothing is followed. Every step has its limit in time and size.

mod head;
mod hello;
mod refusal;
mod resolve;
mod script;
mod shake;

use std::collections::BTreeMap;
use std::future::Future;
use std::io::ErrorKind;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use hickory_resolver::TokioResolver;
use jiff::Timestamp;
use posture::sighting::{
    ConnectFault, DnsFault, DnsSight, EndpointSight, Handshake, HstsSight, PlainSight, Seen, Sight, Spot,
    TlsVersion, Trust, Unsighted, Vantage,
};
use posture::x509::Der;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use tokio::net::TcpStream;
use tokio::time::Instant;

pub use refusal::Refusal;
pub use resolve::Dns;
pub use script::Script;

use hello::Answer;
use shake::{Shaken, at, shake};

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(3);

/// How long all about one name may take.
const ALL: Duration = Duration::from_secs(15);

/// How long a handshake, or an answer over HTTP, may take.
const ANSWER: Duration = Duration::from_secs(4);

/// How long all that is asked a second time may take; a connection that ends without a word ends soon.
const AGAIN: Duration = Duration::from_secs(2);

/// How long a server that refuses is given to come back: one that is started anew does not listen for a moment.
const RESTART: Duration = Duration::from_secs(2);

/// How many names are looked at at once.
const AT_ONCE: usize = 4;

/// How many addresses of a name are tried until one answers.
const ADDRESSES: usize = 3;

/// How names are looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ways {
    /// Who resolves names.
    pub dns: Dns,
    /// Where HTTP in clear stands.
    pub plain_port: u16,
    /// Where connections are made from.
    pub from: Vantage,
    /// What is shown instead of a connection, in the demo.
    pub script: Option<Arc<Script>>,
}

impl Default for Ways {
    fn default() -> Self {
        Self { dns: Dns::System, plain_port: 80, from: Vantage::Outside, script: None }
    }
}

/// What all looks of one round share.
struct Round {
    resolver: Option<TokioResolver>,
    plain_port: u16,
    from: Vantage,
    refusal: Refusal,
    provider: Arc<CryptoProvider>,
    now: Timestamp,
}

/// Looks at each of these names, a few at once.
pub async fn look(
    names: Vec<(String, u16)>,
    ways: &Ways,
    refusal: Refusal,
    now: Timestamp,
) -> BTreeMap<Spot, Sight> {
    if let Some(script) = &ways.script {
        return script.look(names, now);
    }
    let resolver = ways.dns.resolver();
    let (plain_port, from) = (ways.plain_port, ways.from.clone());
    let round = Round { resolver, plain_port, from, refusal, provider: shake::provider(), now };
    let round = &round;
    futures::stream::iter(names)
        .map(|(host, port)| async move {
            let sight = round.look(&host, port).await;
            (Spot::Endpoint { host, port }, sight.map(|sight| Seen::Endpoint(Box::new(sight))))
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await
}

/// Whether browsers follow a chain to an authority they know, with what is in it.
pub fn trust(chain: &[Der], ways: &Ways, now: Timestamp) -> Trust {
    match &ways.script {
        Some(script) => trust_with(chain, &script.authorities, now),
        None => shake::trust(chain, &shake::provider(), now),
    }
}

/// The same, where browsers know these authorities and no others.
pub fn trust_with(chain: &[Der], authorities: &[Der], now: Timestamp) -> Trust {
    let authorities: Vec<_> =
        authorities.iter().map(|authority| CertificateDer::from(authority.bytes())).collect();
    let anchors: Vec<_> =
        authorities.iter().filter_map(|authority| webpki::anchor_from_trusted_cert(authority).ok()).collect();
    shake::trust_under(chain, &anchors, &shake::provider(), now)
}

/// What a step gives, or this where it takes too long.
async fn within<T>(deadline: Instant, step: impl Future<Output = T>, otherwise: T) -> T {
    tokio::time::timeout_at(deadline, step).await.unwrap_or(otherwise)
}

impl Round {
    async fn look(&self, host: &str, port: u16) -> Result<EndpointSight, Unsighted> {
        let deadline = Instant::now() + ALL;
        let nothing = DnsSight { fault: Some(DnsFault::NoAnswer), ..DnsSight::default() };
        let dns = within(deadline, resolve::resolve(self.resolver.as_ref(), host), nothing).await;
        let mut sight = EndpointSight { dns, from: self.from.clone(), ..EndpointSight::default() };
        if sight.dns.addresses.is_empty() {
            sight.fault = Some(ConnectFault::NoAddress);
            return Ok(sight);
        }
        // One that is refused refuses the name: who is answered with a mixture is being led astray.
        if !sight.dns.addresses.iter().all(|address| self.refusal.allows(host, port, *address)) {
            if let Some(gap) = self.refusal.undecided(host, port, &sight.dns.addresses) {
                return Err(Unsighted::Gap(gap.clone()));
            }
            sight.fault = Some(ConnectFault::RefusedAddress);
            self.withhold(&mut sight.dns, host, port);
            return Ok(sight);
        }
        sight.dns.addresses.truncate(resolve::MOST);
        let connected = self.connect(&sight.dns.addresses, port);
        match within(deadline, connected, Err(ConnectFault::TimedOut)).await {
            Err(fault) => {
                sight.fault = Some(fault);
                // The name may be reached in clear all the same.
                sight.plain =
                    within(deadline, self.plain(host, port, sight.dns.addresses[0]), PlainSight::Unknown)
                        .await;
            }
            Ok((address, stream)) => {
                sight.address = Some(address);
                let shaken = futures::future::join(
                    within(
                        deadline,
                        self.handshake(stream, host, address, port),
                        Err(ConnectFault::TimedOut),
                    ),
                    within(deadline, self.plain(host, port, address), PlainSight::Unknown),
                );
                let (handshake, plain) = shaken.await;
                sight.plain = plain;
                match handshake {
                    Ok(handshake) => sight.handshake = Some(handshake),
                    Err(fault) => sight.fault = Some(fault),
                }
            }
        }
        Ok(sight)
    }

    /// Leaves of addresses that may not be told what kind each is.
    fn withhold(&self, dns: &mut DnsSight, host: &str, port: u16) {
        let withheld = |address: &IpAddr| self.refusal.withholds(host, port, *address);
        dns.withheld = dns.addresses.iter().filter_map(withheld).collect();
        dns.withheld.sort_unstable();
        dns.addresses.retain(|address| withheld(address).is_none());
        // An alias may be a name that only an inner name server knows.
        dns.aliases.clear();
    }

    /// Connects to the first address that answers.
    async fn connect(&self, addresses: &[IpAddr], port: u16) -> Result<(IpAddr, TcpStream), ConnectFault> {
        let mut refused = Vec::new();
        for address in addresses.iter().take(ADDRESSES) {
            match open(*address, port).await {
                Ok(stream) => return Ok((*address, stream)),
                Err(is_refused) => refused.push(is_refused),
            }
        }
        Err(unreached(&refused, addresses.len()))
    }

    async fn handshake(
        &self,
        stream: TcpStream,
        host: &str,
        address: IpAddr,
        port: u16,
    ) -> Result<Handshake, ConnectFault> {
        let server = at(address, port);
        let shaken = tokio::time::timeout(ANSWER, shake(stream, host, &self.provider)).await;
        let (newest, chain, hsts, oldest, is_proven) =
            match shaken.unwrap_or(Shaken::Failed(ConnectFault::TimedOut)) {
                Shaken::Shown(newest, chain, stream) => {
                    let head = async {
                        let stream = stream?;
                        let name = if port == 443 { host.to_owned() } else { format!("{host}:{port}") };
                        tokio::time::timeout(ANSWER, head::ask(stream, &name)).await.ok().flatten()
                    };
                    let (head, older) = futures::future::join(head, older(server, host, newest)).await;
                    (
                        newest,
                        chain,
                        head.map_or(HstsSight::Unknown, |head| head.hsts()),
                        older.oldest(newest),
                        true,
                    )
                }
                // The versions are those of whoever answers; the certificates may be those of somebody else, and so may be what is answered.
                Shaken::Unproven(newest) => {
                    let oldest = older(server, host, newest).await.oldest(newest);
                    (newest, Vec::new(), HstsSight::Unknown, oldest, false)
                }
                // What cannot shake hands with us may speak an older version, or with older suites. Nothing is signed in that answer, so that
                // anybody can give it with the certificates of somebody else.
                Shaken::Failed(fault @ (ConnectFault::Alert | ConnectFault::Broken)) => {
                    let older = older(server, host, TlsVersion::Tls13).await;
                    let Some(newest) = older.newest() else { return Err(fault) };
                    let oldest = older.oldest(newest);
                    (newest, Vec::new(), HstsSight::Unknown, oldest, false)
                }
                Shaken::Failed(fault) => return Err(fault),
                // It is not asked in older versions: there nothing would have to be signed.
                Shaken::Forged => return Err(ConnectFault::Broken),
            };
        let trust = shake::trust(&chain, &self.provider, self.now);
        Ok(Handshake { newest, oldest, is_proven, chain, in_turn: Vec::new(), trust, hsts })
    }

    /// What stands in clear on an address, if that port may be connected to; beside HTTPS on a port.
    async fn plain(&self, host: &str, port: u16, address: IpAddr) -> PlainSight {
        if !self.refusal.allows(host, self.plain_port, address) {
            return PlainSight::Unknown;
        }
        match open(address, self.plain_port).await {
            Ok(stream) => {
                let head = tokio::time::timeout(ANSWER, head::ask(stream, host)).await;
                head.ok().flatten().map_or(PlainSight::Unknown, |head| head.plain(host, port))
            }
            Err(true) => PlainSight::Closed,
            Err(false) => PlainSight::Unknown,
        }
    }
}

/// Connects; else whether the connection was refused, twice: a server that is started anew does not listen for a moment.
async fn open(address: IpAddr, port: u16) -> Result<TcpStream, bool> {
    let connect = async || tokio::time::timeout(CONNECT, TcpStream::connect(at(address, port))).await;
    let is_refused = |error: &std::io::Error| error.kind() == ErrorKind::ConnectionRefused;
    match connect().await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) if is_refused(&error) => {
            tokio::time::sleep(RESTART).await;
            match connect().await {
                Ok(Ok(stream)) => Ok(stream),
                Ok(Err(error)) => Err(is_refused(&error)),
                Err(_) => Err(false),
            }
        }
        Ok(Err(_)) | Err(_) => Err(false),
    }
}

/// Why nothing was connected to, from whether each address that was tried refused, of so many: that nobody listens, only all of them say
/// together.
fn unreached(refused: &[bool], addresses: usize) -> ConnectFault {
    let is_closed = !refused.is_empty() && refused.iter().all(|is_refused| *is_refused);
    match is_closed {
        true if refused.len() == addresses => ConnectFault::Closed,
        true => ConnectFault::NotAllTried,
        false => ConnectFault::TimedOut,
    }
}

/// What a server says to versions older than one, the oldest first.
struct Older(Vec<(TlsVersion, Answer)>);

async fn older(server: std::net::SocketAddr, host: &str, newest: TlsVersion) -> Older {
    let versions = [TlsVersion::Tls10, TlsVersion::Tls11, TlsVersion::Tls12];
    let asked = versions.into_iter().filter(|version| *version < newest).map(|version| async move {
        let answer = tokio::time::timeout(CONNECT + ANSWER, hello::greet(server, host, version)).await;
        (version, answer.unwrap_or(Answer::Unclear))
    });
    let mut older = Older(futures::future::join_all(asked).await);
    older.ask_again(|version| hello::greet(server, host, version)).await;
    older
}

impl Older {
    /// Asks once more, one version after the other, where a connection ended without a word: only who ends it again refuses.
    async fn ask_again<F: Future<Output = Answer>>(&mut self, greet: impl Fn(TlsVersion) -> F) {
        let deadline = Instant::now() + AGAIN;
        for (version, answer) in self.0.iter_mut().filter(|(_, answer)| *answer == Answer::Ended) {
            *answer = match within(deadline, greet(*version), Answer::Unclear).await {
                Answer::Ended => Answer::Refuses,
                Answer::NotTls => Answer::Unclear,
                clearer => clearer,
            };
        }
    }

    /// The oldest version that the server speaks, where what is older is known to be refused.
    fn oldest(&self, newest: TlsVersion) -> Option<TlsVersion> {
        for (_, answer) in self.0.iter().filter(|(version, _)| *version < newest) {
            match answer {
                Answer::Takes(taken, _) => return Some(*taken),
                Answer::Refuses => {}
                Answer::Ended | Answer::NotTls | Answer::Unclear => return None,
            }
        }
        Some(newest)
    }

    /// The newest of them that the server speaks as far as its certificates.
    fn newest(&self) -> Option<TlsVersion> {
        self.0.iter().rev().find_map(|(_, answer)| match answer {
            Answer::Takes(version, chain) if !chain.is_empty() => Some(*version),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn older(answers: [Answer; 3]) -> Older {
        let versions = [TlsVersion::Tls10, TlsVersion::Tls11, TlsVersion::Tls12];
        Older(versions.into_iter().zip(answers).collect())
    }

    #[tokio::test]
    async fn a_connection_that_ends_without_a_word_refuses_only_when_it_ends_again() {
        let takes = Answer::Takes(TlsVersion::Tls12, Vec::new());
        for (again, oldest) in [
            (Answer::Ended, Some(TlsVersion::Tls12)),
            (Answer::Refuses, Some(TlsVersion::Tls12)),
            (Answer::Takes(TlsVersion::Tls10, Vec::new()), Some(TlsVersion::Tls10)),
            (Answer::Unclear, None),
            (Answer::NotTls, None),
        ] {
            let mut older = older([Answer::Ended, Answer::Refuses, takes.clone()]);
            assert_eq!(older.oldest(TlsVersion::Tls13), None, "asked once");
            older
                .ask_again(|version| {
                    assert_eq!(version, TlsVersion::Tls10, "what was clear is not asked again");
                    std::future::ready(again.clone())
                })
                .await;
            assert_eq!(older.oldest(TlsVersion::Tls13), oldest, "{again:?}");
        }
    }

    #[test]
    fn nobody_listens_where_every_address_refuses() {
        assert_eq!(unreached(&[true, true], 2), ConnectFault::Closed);
        assert_eq!(unreached(&[true, true, true], 4), ConnectFault::NotAllTried, "the last may listen");
        for some_silent in [&[true, false][..], &[false, true], &[false], &[]] {
            assert_eq!(unreached(some_silent, some_silent.len()), ConnectFault::TimedOut, "{some_silent:?}");
        }
    }

    #[test]
    fn the_oldest_version_is_known_where_every_older_one_is_refused() {
        let takes = |version| Answer::Takes(version, Vec::new());
        let refused = || Answer::Refuses;
        let all = older([refused(), refused(), takes(TlsVersion::Tls12)]);
        assert_eq!(all.oldest(TlsVersion::Tls13), Some(TlsVersion::Tls12));
        let none = older([refused(), refused(), refused()]);
        assert_eq!(none.oldest(TlsVersion::Tls13), Some(TlsVersion::Tls13));
        let old = older([takes(TlsVersion::Tls10), Answer::Unclear, takes(TlsVersion::Tls12)]);
        assert_eq!(old.oldest(TlsVersion::Tls13), Some(TlsVersion::Tls10));
        let unclear = older([Answer::Unclear, takes(TlsVersion::Tls11), takes(TlsVersion::Tls12)]);
        assert_eq!(unclear.oldest(TlsVersion::Tls13), None);
    }
}
