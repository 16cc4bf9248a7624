//! Which addresses are not connected to: everything that is not a public address, and what belongs to the cluster itself.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use posture::network::AddressRange;

use crate::config::Private;

/// What is refused of IPv4, as address and length of the prefix: this network, private networks (RFC 1918, RFC 6598), loopback, link-local
/// with the metadata services of clouds, protocol assignments, documentation, benchmarks, multicast, reserved.
const REFUSED_V4: &[(Ipv4Addr, u32)] = &[
    (Ipv4Addr::UNSPECIFIED, 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
    // The platform address of Azure, which answers every virtual machine.
    (Ipv4Addr::new(168, 63, 129, 16), 32),
];

/// The same of IPv6: unspecified, loopback, unique local, link-local, multicast, documentation.
const REFUSED_V6: &[(Ipv6Addr, u32)] = &[
    (Ipv6Addr::UNSPECIFIED, 128),
    (Ipv6Addr::LOCALHOST, 128),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
];

/// What decides whether an address may be connected to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refusal {
    /// The cluster's own pods, Services and nodes.
    pub own: Vec<AddressRange>,
    /// What the operator lists although it is not public.
    pub private: Vec<Private>,
}

impl Refusal {
    /// Whether an address may be connected to, behind this name and on this port.
    pub fn allows(&self, host: &str, port: u16, address: IpAddr) -> bool {
        self.is_listed(host, port, address) || !self.refuses(address)
    }

    fn is_listed(&self, host: &str, port: u16, address: IpAddr) -> bool {
        self.private.iter().any(|private| match private {
            Private::Addresses(range) => range.contains(address.to_canonical()),
            Private::Host(name, on) => name == host && *on == port,
        })
    }

    fn refuses(&self, address: IpAddr) -> bool {
        let is_own = |address| self.own.iter().any(|range| range.contains(address));
        is_own(address)
            || match address {
                IpAddr::V4(v4) => is_refused_v4(v4),
                IpAddr::V6(v6) => {
                    is_refused_v6(v6)
                        || within(v6).into_iter().flatten().any(|v4| is_refused_v4(v4) || is_own(v4.into()))
                }
            }
    }
}

fn is_refused_v4(address: Ipv4Addr) -> bool {
    let is_in = |(network, prefix): &(Ipv4Addr, u32)| {
        (address.to_bits() ^ network.to_bits()).checked_shr(32 - prefix).unwrap_or(0) == 0
    };
    REFUSED_V4.iter().any(is_in)
}

fn is_refused_v6(address: Ipv6Addr) -> bool {
    let is_in = |(network, prefix): &(Ipv6Addr, u32)| {
        (address.to_bits() ^ network.to_bits()).checked_shr(128 - prefix).unwrap_or(0) == 0
    };
    REFUSED_V6.iter().any(is_in)
}

/// The IPv4 addresses that an IPv6 address leads to: mapped, through NAT64 (RFC 6052), 6to4 (RFC 3056), and Teredo's server and client
/// (RFC 4380).
fn within(address: Ipv6Addr) -> [Option<Ipv4Addr>; 2] {
    let bits = address.to_bits();
    let v4 = |shift: u32| Ipv4Addr::from_bits(u32::try_from((bits >> shift) & 0xffff_ffff).unwrap_or(0));
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => [Some(v4(0)), None],
        [0x2002, ..] => [Some(v4(80)), None],
        [0x2001, 0, ..] => [Some(v4(64)), Some(Ipv4Addr::from_bits(!v4(0).to_bits()))],
        _ => [None, None],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn allows(refusal: &Refusal, address: &str) -> bool {
        refusal.allows("hub.example.org", 443, ip(address))
    }

    /// The first and the last address of everything that is refused, and its neighbours where those are not.
    const EDGES: &[(&str, &str, Option<&str>, Option<&str>)] = &[
        ("0.0.0.0", "0.255.255.255", None, Some("1.0.0.0")),
        ("10.0.0.0", "10.255.255.255", Some("9.255.255.255"), Some("11.0.0.0")),
        ("100.64.0.0", "100.127.255.255", Some("100.63.255.255"), Some("100.128.0.0")),
        ("127.0.0.0", "127.255.255.255", Some("126.255.255.255"), Some("128.0.0.0")),
        ("169.254.0.0", "169.254.255.255", Some("169.253.255.255"), Some("169.255.0.0")),
        ("172.16.0.0", "172.31.255.255", Some("172.15.255.255"), Some("172.32.0.0")),
        ("192.0.0.0", "192.0.0.255", Some("191.255.255.255"), Some("192.0.1.0")),
        ("192.0.2.0", "192.0.2.255", Some("192.0.1.255"), Some("192.0.3.0")),
        ("192.168.0.0", "192.168.255.255", Some("192.167.255.255"), Some("192.169.0.0")),
        ("198.18.0.0", "198.19.255.255", Some("198.17.255.255"), Some("198.20.0.0")),
        ("198.51.100.0", "198.51.100.255", Some("198.51.99.255"), Some("198.51.101.0")),
        ("203.0.113.0", "203.0.113.255", Some("203.0.112.255"), Some("203.0.114.0")),
        ("224.0.0.0", "239.255.255.255", Some("223.255.255.255"), None),
        ("240.0.0.0", "255.255.255.255", None, None),
        ("168.63.129.16", "168.63.129.16", Some("168.63.129.15"), Some("168.63.129.17")),
        ("::", "::1", None, Some("::2")),
        ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Some("fbff:ffff::"), Some("fe00::")),
        ("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Some("fe7f:ffff::"), Some("fec0::")),
        ("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Some("feff:ffff::"), None),
        ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", Some("2001:db7:ffff::"), Some("2001:db9::")),
    ];

    #[test]
    fn every_range_is_refused_to_its_edges_and_no_further() {
        let refusal = Refusal::default();
        for (first, last, before, after) in EDGES {
            assert!(!allows(&refusal, first), "{first}");
            assert!(!allows(&refusal, last), "{last}");
            for neighbour in [before, after].into_iter().flatten() {
                assert!(allows(&refusal, neighbour), "{neighbour}");
            }
        }
        assert_eq!(EDGES.iter().filter(|edge| edge.0.contains('.')).count(), REFUSED_V4.len());
    }

    #[test]
    fn an_ipv4_address_inside_an_ipv6_address_is_judged_itself() {
        let refusal = Refusal::default();
        for (refused, allowed) in [
            ("::ffff:10.0.0.1", "::ffff:8.8.8.8"),
            ("::ffff:169.254.169.254", "::ffff:11.0.0.1"),
            ("64:ff9b::192.168.0.1", "64:ff9b::8.8.8.8"),
            ("64:ff9b::168.63.129.16", "64:ff9b::168.63.129.17"),
            ("2002:7f00:1::1", "2002:808:808::1"),
            ("2002:a9fe:a9fe::", "2002:a8fe:a9fe::"),
            // Teredo: the server in clear, the client with its bits turned.
            ("2001:0:a00:1::f7f7:f7f7", "2001:0:808:808::f7f7:f7f7"),
            ("2001:0:808:808::80ff:fffe", "2001:0:808:808::81ff:fffe"),
        ] {
            assert!(!allows(&refusal, refused), "{refused}");
            assert!(allows(&refusal, allowed), "{allowed}");
        }
    }

    #[test]
    fn what_belongs_to_the_cluster_is_refused_although_it_is_public() {
        let own = ["9.9.9.0/24", "2600::/32"].map(|range| AddressRange::parse(range).unwrap()).to_vec();
        let refusal = Refusal { own, ..Refusal::default() };
        for own in ["9.9.9.9", "::ffff:9.9.9.9", "64:ff9b::9.9.9.9", "2002:909:909::1", "2600::1"] {
            assert!(!allows(&refusal, own), "{own}");
        }
        assert!(allows(&refusal, "9.9.8.9") && allows(&refusal, "2601::1"));
    }

    #[test]
    fn what_the_operator_lists_is_allowed_and_nothing_beside_it() {
        let network = Private::Addresses(AddressRange::parse("10.1.0.0/16").unwrap());
        let name = Private::Host("hub.example.org".to_owned(), 443);
        let of = |private| Refusal { own: Vec::new(), private: vec![private] };
        assert!(allows(&of(network.clone()), "10.1.2.3") && !allows(&of(network.clone()), "10.2.2.3"));
        assert!(allows(&of(network.clone()), "::ffff:10.1.2.3"));
        assert!(of(network).allows("other.example.org", 80, ip("10.1.2.3")));
        assert!(allows(&of(name.clone()), "127.0.0.1"));
        assert!(!of(name.clone()).allows("hub.example.org", 80, ip("127.0.0.1")));
        assert!(!of(name).allows("other.example.org", 443, ip("127.0.0.1")));
    }
}
