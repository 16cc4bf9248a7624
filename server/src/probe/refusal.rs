//! Which addresses are not connected to: everything that is not a public address, and what belongs to the cluster itself.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use posture::gap::GapReason;
use posture::network::AddressRange;
use posture::sighting::AddressClass;

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The cluster's own pods, Services and nodes, or why some are not known: then any address could be one, and only what the operator
    /// lists is connected to.
    pub own: Result<Vec<AddressRange>, GapReason>,
    /// The addresses under which the cluster says that it is reached from outside, which may be told.
    pub outer: BTreeSet<IpAddr>,
    /// What the operator lists although it is not public.
    pub private: Vec<Private>,
}

impl Default for Refusal {
    /// Of a cluster without addresses, where nothing is listed.
    fn default() -> Self {
        Self { own: Ok(Vec::new()), outer: BTreeSet::new(), private: Vec::new() }
    }
}

impl Refusal {
    /// Whether an address may be connected to, behind this name and on this port.
    pub fn allows(&self, host: &str, port: u16, address: IpAddr) -> bool {
        self.is_listed(host, port, address) || self.own.is_ok() && !self.refuses(address)
    }

    /// Whether some address behind this name may be connected to, as far as can be told before it is resolved.
    pub fn may_allow(&self, host: &str, port: u16) -> bool {
        let is_for = |private: &Private| match private {
            Private::Addresses(_) => true,
            Private::Host(name, on) => name == host && *on == port,
        };
        self.own.is_ok() || self.private.iter().any(is_for)
    }

    /// Why it is not known whether these addresses may be connected to: none is refused for what it is, and one that the operator does not
    /// list could be the cluster's own.
    pub(super) fn undecided(&self, host: &str, port: u16, addresses: &[IpAddr]) -> Option<&GapReason> {
        let gap = self.own.as_ref().err()?;
        let is_decided =
            addresses.iter().any(|address| self.refuses(*address) && !self.is_listed(host, port, *address));
        (!is_decided).then_some(gap)
    }

    /// What kind of address it is, where it may not be told itself: it is refused, and neither the cluster's own nor listed.
    pub(super) fn withholds(&self, host: &str, port: u16, address: IpAddr) -> Option<AddressClass> {
        let is_told = self.is_listed(host, port, address)
            || self.outer.contains(&address.to_canonical())
            || self.is_own(address.to_canonical())
            || !self.refuses(address);
        (!is_told).then(|| class(address))
    }

    fn is_own(&self, address: IpAddr) -> bool {
        self.own.iter().flatten().any(|range| range.contains(address))
    }

    fn is_listed(&self, host: &str, port: u16, address: IpAddr) -> bool {
        self.private.iter().any(|private| match private {
            Private::Addresses(range) => range.contains(address.to_canonical()),
            Private::Host(name, on) => name == host && *on == port,
        })
    }

    fn refuses(&self, address: IpAddr) -> bool {
        self.is_own(address)
            || match address {
                IpAddr::V4(v4) => is_refused_v4(v4),
                IpAddr::V6(v6) => {
                    is_refused_v6(v6)
                        || within(v6)
                            .into_iter()
                            .flatten()
                            .any(|v4| is_refused_v4(v4) || self.is_own(v4.into()))
                }
            }
    }
}

/// What kind of address one is that is not public.
fn class(address: IpAddr) -> AddressClass {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            if v4.is_private() || a == 100 && (64..128).contains(&b) {
                AddressClass::Private
            } else if v4.is_loopback() {
                AddressClass::Loopback
            } else if v4.is_link_local() {
                AddressClass::LinkLocal
            } else {
                AddressClass::Special
            }
        }
        IpAddr::V6(v6) if v6.is_unique_local() => AddressClass::Private,
        IpAddr::V6(v6) if v6.is_loopback() => AddressClass::Loopback,
        IpAddr::V6(v6) if v6.is_unicast_link_local() => AddressClass::LinkLocal,
        IpAddr::V6(v6) => {
            let inner = within(v6).into_iter().flatten().find(|v4| is_refused_v4(*v4));
            inner.map_or(AddressClass::Special, |v4| class(v4.into()))
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
        let refusal = Refusal { own: Ok(own), ..Refusal::default() };
        for own in ["9.9.9.9", "::ffff:9.9.9.9", "64:ff9b::9.9.9.9", "2002:909:909::1", "2600::1"] {
            assert!(!allows(&refusal, own), "{own}");
        }
        assert!(allows(&refusal, "9.9.8.9") && allows(&refusal, "2601::1"));
    }

    #[test]
    fn what_the_operator_lists_is_allowed_and_nothing_beside_it() {
        let network = Private::Addresses(AddressRange::parse("10.1.0.0/16").unwrap());
        let name = Private::Host("hub.example.org".to_owned(), 443);
        let of = |private| Refusal { private: vec![private], ..Refusal::default() };
        assert!(allows(&of(network.clone()), "10.1.2.3") && !allows(&of(network.clone()), "10.2.2.3"));
        assert!(allows(&of(network.clone()), "::ffff:10.1.2.3"));
        assert!(of(network).allows("other.example.org", 80, ip("10.1.2.3")));
        assert!(allows(&of(name.clone()), "127.0.0.1"));
        assert!(!of(name.clone()).allows("hub.example.org", 80, ip("127.0.0.1")));
        assert!(!of(name).allows("other.example.org", 443, ip("127.0.0.1")));
    }

    #[test]
    fn where_the_clusters_own_addresses_are_hidden_only_what_is_listed_is_allowed() {
        let hidden =
            |private: Vec<Private>| Refusal { own: Err(GapReason::Forbidden), private, ..Refusal::default() };
        let name = Private::Host("hub.example.org".to_owned(), 443);
        let network = Private::Addresses(AddressRange::parse("10.1.0.0/16").unwrap());
        let nothing = hidden(Vec::new());
        assert!(!allows(&nothing, "8.8.8.8") && !nothing.may_allow("hub.example.org", 443));
        let named = hidden(vec![name]);
        assert!(allows(&named, "10.1.2.3") && named.may_allow("hub.example.org", 443));
        assert!(!named.may_allow("hub.example.org", 8443) && !named.may_allow("other.example.org", 443));
        let listed = hidden(vec![network]);
        assert!(
            allows(&listed, "10.1.2.3") && !allows(&listed, "8.8.8.8") && !allows(&listed, "169.254.169.254")
        );
        let undecided = |addresses: &[&str]| {
            let addresses: Vec<IpAddr> = addresses.iter().map(|text| ip(text)).collect();
            listed.undecided("hub.example.org", 443, &addresses).is_some()
        };
        assert!(undecided(&["10.1.2.3", "8.8.8.8"]), "8.8.8.8 may be a node");
        assert!(!undecided(&["8.8.8.8", "169.254.169.254"]), "this one is refused whatever the cluster has");
    }

    #[test]
    fn of_a_refused_address_only_its_kind_is_told_unless_it_is_the_clusters_own() {
        let own = Ok(vec![AddressRange::parse("10.96.0.0/16").unwrap()]);
        let refusal = Refusal { own, outer: [ip("10.9.9.9")].into(), ..Refusal::default() };
        let told = |address: &str| refusal.withholds("hub.example.org", 443, ip(address));
        for open in ["10.96.0.1", "10.9.9.9", "8.8.8.8"] {
            assert_eq!(told(open), None, "{open}");
        }
        for (address, class) in [
            ("10.0.0.1", AddressClass::Private),
            ("100.64.0.1", AddressClass::Private),
            ("fd00::1", AddressClass::Private),
            ("127.0.0.1", AddressClass::Loopback),
            ("::1", AddressClass::Loopback),
            ("169.254.169.254", AddressClass::LinkLocal),
            ("::ffff:169.254.169.254", AddressClass::LinkLocal),
            ("64:ff9b::10.0.0.1", AddressClass::Private),
            ("224.0.0.1", AddressClass::Special),
            ("2001:db8::1", AddressClass::Special),
        ] {
            assert_eq!(told(address), Some(class), "{address}");
        }
    }
}
