//! Rows about addresses outside the cluster: what clouds hand out, and the internet.

use super::super::found::End;
use super::super::metadata::{SERVICES, Service as Metadata};
use super::{Destination, Rows, at};
use crate::derived::Cloud;
use crate::network::{Family, Opening, Protocol, parse_address};
use crate::text::{Arg, Reason};

/// Ports that stand for those that nobody speaks of: SSH, mail, a database, a pool of miners.
const ELSEWHERE: [(Protocol, u16); 5] = [
    (Protocol::Tcp, 22),
    (Protocol::Tcp, 25),
    (Protocol::Tcp, 3333),
    (Protocol::Tcp, 5432),
    (Protocol::Udp, 443),
];

impl Rows<'_, '_> {
    pub(super) fn metadata(&mut self) {
        for service in SERVICES {
            let Some(address) = parse_address(service.address) else { continue };
            let point = self.reach.network.point_at(address);
            let place = at(address, service.port);
            let end = End { point, protocol: Protocol::Tcp, port: service.port, place };
            let mut notes = Vec::new();
            notes.extend((address.is_ipv6() && self.start.lacks_ipv6()).then(no_ipv6));
            let destination = Destination::Metadata {
                provider: service.provider.to_owned(),
                address: service.address.to_owned(),
                port: service.port,
                is_here: self.is_here(&service),
            };
            self.push(destination, Ok(vec![end]), notes);
        }
    }

    /// Whether the nodes run on a cloud of this address.
    fn is_here(&self, service: &Metadata) -> Option<bool> {
        let clouds = self.reach.derived.clouds.as_ref().ok()?;
        if service.clouds.is_empty() && clouds.seen.contains_key(&Cloud::Other) {
            return None;
        }
        Some(service.clouds.iter().any(|cloud| clouds.seen.contains_key(cloud)))
    }

    pub(super) fn public_ends(&self, protocol: Protocol, port: u16) -> Vec<End> {
        let families = Family::ALL.into_iter().filter(|f| *f == Family::V4 || !self.start.lacks_ipv6());
        let end = |family| End {
            point: self.reach.public(family),
            protocol,
            port,
            place: match family {
                Family::V4 => format!("IPv4: {protocol} {port}"),
                Family::V6 => format!("IPv6: {protocol} {port}"),
            },
        };
        families.map(end).collect()
    }

    pub(super) fn internet(&mut self) {
        for (protocol, port) in [(Protocol::Tcp, 443), (Protocol::Tcp, 80), (Protocol::Udp, 53)] {
            let ends = self.public_ends(protocol, port);
            self.push(Destination::Internet { protocol, port }, Ok(ends), Vec::new());
        }
        let ends = ELSEWHERE.into_iter().flat_map(|(protocol, port)| self.public_ends(protocol, port));
        let ends: Vec<End> = ends.collect();
        let openings: Vec<Opening> = self
            .start
            .points
            .first()
            .map(|point| self.reach.network.reachable_addresses(point))
            .unwrap_or_default();
        let notes = openings_in_words(&openings);
        self.push(Destination::InternetElsewhere, Ok(ends), notes);
    }
}

/// What policies open outside the cluster, one sentence for each set of addresses.
fn openings_in_words(openings: &[Opening]) -> Vec<Reason> {
    const MOST: usize = 4;
    let sentence = |opening: &Opening| {
        let mut blocks = opening.addresses.blocks();
        let more = blocks.len().saturating_sub(MOST);
        blocks.truncate(MOST);
        if more > 0 {
            blocks.push(format!("{more} further ranges"));
        }
        let ports = opening.ports.iter().map(|ports| match (ports.are_all(), ports.first == ports.last) {
            (true, _) => format!("{} at every port", ports.protocol),
            (false, true) => format!("{} {}", ports.protocol, ports.first),
            (false, false) => format!("{} {}–{}", ports.protocol, ports.first, ports.last),
        });
        let ports: Vec<Arg> = ports.map(Arg::word).collect();
        Reason::new("opening", "Policies let it send to {addresses}: {ports}")
            .with("addresses", Arg::List(blocks.into_iter().map(Arg::text).collect()))
            .with("ports", Arg::List(ports))
    };
    openings.iter().take(8).map(sentence).collect()
}

fn no_ipv6() -> Reason {
    Reason::new(
        "no-ipv6",
        "None of these servers has an IPv6 address, so the way is open or closed on paper only",
    )
}
