//! Connections to names, over real TLS on loopback with authorities made for each test, and name servers of our own.

mod followed;
mod names;
mod old;
mod servers;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use jiff::Timestamp;
use posture::network::AddressRange;
use posture::sighting::{
    AddressClass, ConnectFault, DnsFault, EndpointSight, Handshake, HstsSight, PlainSight, Seen, Spot,
    TlsVersion, Trust,
};
use posture::x509;
use server::config::Private;
use server::probe::{Dns, Refusal, Ways, look};

use names::{Answers, NameServer};
use servers::{Authority, Served, Server};

const HUB: &str = "hub.example.org";

/// A name server that knows the hub on loopback, and a port in clear where nobody listens.
struct Place {
    names: NameServer,
    plain_port: u16,
    private: Vec<Private>,
}

impl Place {
    async fn new() -> Self {
        let names = NameServer::start(vec![(HUB, Answers::v4(&[Ipv4Addr::LOCALHOST]))]).await;
        Self { names, plain_port: servers::free_port(), private: vec![loopback()] }
    }

    async fn look_at(&self, host: &str, port: u16) -> EndpointSight {
        let ways = Ways {
            dns: Dns::Servers(vec![self.names.address]),
            plain_port: self.plain_port,
            ..Ways::default()
        };
        let refusal = Refusal { private: self.private.clone(), ..Refusal::default() };
        let seen = look(vec![(host.to_owned(), port)], &ways, refusal, Timestamp::now()).await;
        let spot = Spot::Endpoint { host: host.to_owned(), port };
        match seen.into_iter().next() {
            Some((at, Ok(Seen::Endpoint(sight)))) if at == spot => *sight,
            other => panic!("{other:?}"),
        }
    }

    async fn look(&self, server: SocketAddr) -> EndpointSight {
        self.look_at(HUB, server.port()).await
    }
}

fn loopback() -> Private {
    Private::Addresses(AddressRange::parse("127.0.0.0/8").unwrap())
}

fn shaken(sight: &EndpointSight) -> &Handshake {
    sight.handshake.as_ref().unwrap_or_else(|| panic!("no handshake: {sight:?}"))
}

#[tokio::test]
async fn a_server_of_today_is_seen_with_its_chain_its_versions_and_its_header() {
    let place = Place::new().await;
    let authority = Authority::new();
    let chain = authority.chain(&[HUB]);
    let answer =
        "HTTP/1.1 302 Found\r\nLocation: /hub/\r\nStrict-Transport-Security: max-age=15724800\r\n\r\n";
    let server = Server::start(&chain, Served::Http(answer)).await;
    let sight = place.look(server.address).await;
    assert_eq!(sight.dns.addresses, [IpAddr::V4(Ipv4Addr::LOCALHOST)]);
    assert_eq!((sight.address, sight.fault.clone()), (Some(IpAddr::V4(Ipv4Addr::LOCALHOST)), None));
    assert_eq!(sight.plain, PlainSight::Closed);
    let seen = shaken(&sight);
    assert_eq!(seen.chain, chain.shown());
    assert_eq!((seen.newest, seen.oldest), (TlsVersion::Tls13, Some(TlsVersion::Tls12)));
    assert_eq!(seen.hsts, HstsSight::Sent { max_age: 15_724_800 });
    assert_eq!(seen.trust, Trust::NotPublic);
    assert_eq!(server.asked(), ["HEAD / HTTP/1.1"], "the redirect is not followed");
    assert_eq!(server.names(), [HUB; 2], "each greeting that a server looks into says which name is meant");
}

#[tokio::test]
async fn what_a_certificate_is_worth_does_not_keep_it_from_being_seen() {
    let place = Place::new().await;
    let authority = Authority::new();
    let expired = authority.chain_between(&[HUB], 2020, 2021);
    let not_yet = authority.chain_between(&[HUB], 2090, 2091);
    let wrong_host = authority.chain(&["other.example.com"]);
    for chain in [expired, not_yet, wrong_host] {
        let server = Server::start(&chain, Served::Http("HTTP/1.1 200 OK\r\n\r\n")).await;
        let sight = place.look(server.address).await;
        let seen = shaken(&sight);
        assert_eq!((&seen.chain, seen.hsts), (&chain.shown(), HstsSight::NotSent));
        assert!(x509::read(&seen.chain[0]).is_ok());
    }
}

#[tokio::test]
async fn a_missing_intermediate_is_missing_in_what_is_seen() {
    let place = Place::new().await;
    let chain = Authority::new().chain(&[HUB]).without_intermediate();
    let server = Server::start(&chain, Served::Nothing).await;
    let sight = place.look(server.address).await;
    assert_eq!(shaken(&sight).chain.len(), 1);
    assert_eq!(shaken(&sight).trust, Trust::NotPublic);
    assert_eq!(shaken(&sight).hsts, HstsSight::Unknown, "nothing was answered");
}

#[tokio::test]
async fn a_server_that_wants_a_certificate_of_ours_is_seen_nevertheless() {
    let place = Place::new().await;
    let authority = Authority::new();
    let chain = authority.chain(&[HUB]);
    for versions in [&[&rustls::version::TLS13][..], &[&rustls::version::TLS12]] {
        let server = Server::wanting_certificates(&chain, &authority, versions).await;
        let sight = place.look(server.address).await;
        assert_eq!(shaken(&sight).chain, chain.shown());
        let version = if versions[0].version == rustls::ProtocolVersion::TLSv1_3 {
            TlsVersion::Tls13
        } else {
            TlsVersion::Tls12
        };
        assert_eq!(shaken(&sight).newest, version);
    }
}

#[tokio::test]
async fn a_server_that_shows_more_than_is_read_speaks_tls_all_the_same() {
    let place = Place::new().await;
    let chain = Authority::new().chain(&[HUB]).with_many(250);
    let server = Server::start(&chain, Served::Nothing).await;
    let sight = place.look(server.address).await;
    assert_ne!(sight.fault, Some(ConnectFault::NotTls));
    assert!(sight.proven().is_none(), "nothing of it was read");
}

#[tokio::test]
async fn a_server_that_is_started_anew_meanwhile_is_waited_for() {
    let place = Place::new().await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let comes_back = async {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        tokio::net::TcpListener::bind(address).await.unwrap()
    };
    let (sight, _listener) = futures::future::join(place.look(address), comes_back).await;
    assert_eq!(sight.address, Some(address.ip()), "{:?}", sight.fault);
}

#[tokio::test]
async fn what_does_not_speak_tls_is_told_from_what_does_not_answer() {
    let place = Place::new().await;
    let http = servers::plain("HTTP/1.1 400 Bad Request\r\n\r\n").await;
    let ssh = servers::greeting("SSH-2.0-OpenSSH_9.6\r\n").await;
    let (closing, silent) = (servers::closing().await, servers::silent().await);
    let (http, ssh, closing, silent) = futures::future::join4(
        place.look(http.address),
        place.look(ssh.address),
        place.look(closing.address),
        place.look(silent.address),
    )
    .await;
    assert_eq!(http.fault, Some(ConnectFault::NotTls));
    assert_eq!(ssh.fault, Some(ConnectFault::NotTls));
    assert_eq!(closing.fault, Some(ConnectFault::Broken));
    assert_eq!(silent.fault, Some(ConnectFault::TimedOut));
    for sight in [http, ssh, closing, silent] {
        assert_eq!((sight.handshake, sight.address), (None, Some(IpAddr::V4(Ipv4Addr::LOCALHOST))));
    }
    let closed = place.look_at(HUB, servers::free_port()).await;
    assert_eq!((closed.fault, closed.address), (Some(ConnectFault::Closed), None));
}

#[tokio::test]
async fn an_address_that_is_not_public_is_not_connected_to_unless_it_is_listed() {
    let mut place = Place::new().await;
    place.private.clear();
    let chain = Authority::new().chain(&[HUB]);
    let server = Server::start(&chain, Served::Nothing).await;
    let plain = servers::plain("HTTP/1.1 200 OK\r\n\r\n").await;
    place.plain_port = plain.address.port();
    let sight = place.look(server.address).await;
    assert_eq!(sight.fault, Some(ConnectFault::RefusedAddress));
    assert_eq!((sight.address, sight.plain), (None, PlainSight::Unknown));
    assert_eq!((sight.dns.addresses, sight.dns.withheld), (Vec::new(), vec![AddressClass::Loopback]));
    assert_eq!((server.connections(), plain.connections()), (0, 0));
    // A name is listed with its port, which says nothing of the one in clear.
    place.private = vec![Private::Host(HUB.to_owned(), server.address.port())];
    let sight = place.look(server.address).await;
    assert_eq!(shaken(&sight).chain, chain.shown());
    assert_eq!((sight.plain, plain.connections()), (PlainSight::Unknown, 0));
}

#[tokio::test]
async fn one_refused_address_among_others_refuses_the_name() {
    let mut place = Place::new().await;
    let server = Server::start(&Authority::new().chain(&[HUB]), Served::Nothing).await;
    let mixed = Answers::v4(&[Ipv4Addr::LOCALHOST, Ipv4Addr::new(169, 254, 169, 254)]);
    place.names = NameServer::start(vec![(HUB, mixed)]).await;
    let sight = place.look(server.address).await;
    assert_eq!((sight.fault, server.connections()), (Some(ConnectFault::RefusedAddress), 0));
    let mapped =
        Answers { v6: vec!["::ffff:10.0.0.1".parse().unwrap()], ..Answers::v4(&[Ipv4Addr::LOCALHOST]) };
    place.names = NameServer::start(vec![(HUB, mapped)]).await;
    let sight = place.look(server.address).await;
    assert_eq!((sight.fault, server.connections()), (Some(ConnectFault::RefusedAddress), 0));
}

#[tokio::test]
async fn what_stands_in_clear_is_classified_and_not_followed() {
    let mut place = Place::new().await;
    let server = Server::start(&Authority::new().chain(&[HUB]), Served::Nothing).await;
    for (answer, seen) in [
        (
            "HTTP/1.1 301 Moved\r\nLocation: https://hub.example.org/\r\n\r\n",
            PlainSight::ToHttps { permanent: true },
        ),
        (
            "HTTP/1.1 302 Found\r\nLocation: https://hub.example.org/\r\n\r\n",
            PlainSight::ToHttps { permanent: false },
        ),
        (
            "HTTP/1.1 301 Moved\r\nLocation: http://evil.example.com/\r\n\r\n",
            PlainSight::Answers { status: 301 },
        ),
        ("HTTP/1.1 301 Moved\r\nLocation: https://evil.example.com/\r\n\r\n", PlainSight::Unknown),
        ("HTTP/1.1 404 Not Found\r\n\r\n", PlainSight::Unknown),
        ("HTTP/1.1 200 OK\r\n\r\n", PlainSight::Answers { status: 200 }),
        ("hello\r\n\r\n", PlainSight::Unknown),
    ] {
        let plain = servers::plain(answer).await;
        place.plain_port = plain.address.port();
        let sight = place.look(server.address).await;
        assert_eq!(sight.plain, seen, "{answer}");
        assert_eq!(plain.connections(), 1, "{answer}");
    }
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_told_from_one_without_addresses_and_from_silence() {
    let place = Place::new().await;
    let names = [
        ("gone.example.org", Answers::no_such_name()),
        ("empty.example.org", Answers::default()),
        ("silent.example.org", Answers::silent()),
        ("broken.example.org", Answers::failure()),
        ("dangling.example.org", Answers { aliases: vec!["gone.example.net"], ..Answers::no_such_name() }),
    ];
    let place = Place { names: NameServer::start(names.to_vec()).await, ..place };
    for (name, fault) in [
        ("gone.example.org", DnsFault::NoSuchName),
        ("empty.example.org", DnsFault::NoAddress),
        ("silent.example.org", DnsFault::NoAnswer),
        ("broken.example.org", DnsFault::NoAnswer),
        ("dangling.example.org", DnsFault::NoSuchName),
    ] {
        let sight = place.look_at(name, 443).await;
        assert_eq!((sight.dns.fault, sight.fault), (Some(fault), Some(ConnectFault::NoAddress)), "{name}");
    }
}

#[tokio::test]
async fn a_name_of_which_one_family_is_not_answered_is_connected_to_and_not_called_resolved() {
    let mut place = Place::new().await;
    let server = Server::start(&Authority::new().chain(&[HUB]), Served::Nothing).await;
    let answers = Answers { v6_code: 2, ..Answers::v4(&[Ipv4Addr::LOCALHOST]) };
    place.names = NameServer::start(vec![(HUB, answers)]).await;
    let sight = place.look(server.address).await;
    assert_eq!(sight.dns.addresses, [IpAddr::V4(Ipv4Addr::LOCALHOST)]);
    assert_eq!((sight.dns.fault, sight.fault.clone()), (Some(DnsFault::NoAnswer), None));
    assert!(sight.handshake.is_some());
}

#[tokio::test]
async fn a_name_is_resolved_once_with_both_families_and_its_aliases() {
    let mut place = Place::new().await;
    let server = Server::start(&Authority::new().chain(&[HUB]), Served::Nothing).await;
    let answers = Answers {
        aliases: vec!["Balancer.example.net", "edge.example.net"],
        v6: vec!["::1".parse().unwrap()],
        ..Answers::v4(&[Ipv4Addr::LOCALHOST])
    };
    place.names = NameServer::start(vec![(HUB, answers)]).await;
    place.private.push(Private::Addresses(AddressRange::only("::1".parse().unwrap())));
    let sight = place.look(server.address).await;
    assert_eq!(sight.dns.aliases, ["balancer.example.net", "edge.example.net"]);
    assert_eq!(sight.dns.addresses.len(), 2);
    assert!(sight.handshake.is_some());
    assert_eq!(place.names.asked(), ["hub.example.org A", "hub.example.org AAAA"]);
}
