//! Addresses, ranges of them and sets of ranges, of both families.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

/// A family of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// Both.
    pub const ALL: [Self; 2] = [Self::V4, Self::V6];

    /// The family of an address.
    pub fn of(address: IpAddr) -> Self {
        if address.is_ipv4() { Self::V4 } else { Self::V6 }
    }

    /// The last address as a number.
    pub(super) fn last(self) -> u128 {
        match self {
            Self::V4 => u32::MAX.into(),
            Self::V6 => u128::MAX,
        }
    }

    fn bits(self) -> u8 {
        match self {
            Self::V4 => 32,
            Self::V6 => 128,
        }
    }

    /// The address of this number.
    pub(super) fn address(self, number: u128) -> IpAddr {
        match self {
            Self::V4 => Ipv4Addr::from_bits(u32::try_from(number).unwrap_or(u32::MAX)).into(),
            Self::V6 => Ipv6Addr::from_bits(number).into(),
        }
    }
}

/// An address as a number.
pub(super) fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_bits().into(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

/// Reads an address; an IPv4 address written as IPv6 (`::ffff:10.0.0.1`) is the IPv4 address.
pub fn parse_address(text: &str) -> Option<IpAddr> {
    text.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

/// Addresses from the first to the last, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddressRange {
    /// The family.
    pub family: Family,
    pub(super) first: u128,
    pub(super) last: u128,
}

impl AddressRange {
    /// Reads a range as Kubernetes writes it (`10.0.0.0/8`). Bits behind the prefix are ignored, as Kubernetes does, and a range of IPv4
    /// addresses written as IPv6 is one of IPv4 addresses.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/')?;
        let address: IpAddr = address.parse().ok()?;
        if !prefix.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let prefix: u8 = prefix.parse().ok()?;
        match address {
            IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some() && (96..=128).contains(&prefix) => {
                Self::new(address.to_canonical(), prefix - 96)
            }
            _ => Self::new(address, prefix),
        }
    }

    fn new(address: IpAddr, prefix: u8) -> Option<Self> {
        let family = Family::of(address);
        let free = family.bits().checked_sub(prefix)?;
        let host = 1_u128.checked_shl(free.into()).map_or(u128::MAX, |size| size - 1);
        let first = number(address) & !host;
        Some(Self { family, first, last: first | host })
    }

    /// One address.
    pub fn only(address: IpAddr) -> Self {
        let number = number(address);
        Self { family: Family::of(address), first: number, last: number }
    }

    /// All addresses of a family.
    pub fn all(family: Family) -> Self {
        Self { family, first: 0, last: family.last() }
    }

    /// Whether an address lies in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.family == Family::of(address) && (self.first..=self.last).contains(&number(address))
    }

    /// Whether it holds more addresses than a block with this prefix.
    pub fn is_wider_than(&self, prefix: u8) -> bool {
        let free = self.family.bits().saturating_sub(prefix);
        1_u128.checked_shl(free.into()).is_some_and(|size| self.last - self.first >= size)
    }

    /// What is left of it without some addresses.
    pub fn without(&self, except: &AddressSet) -> Vec<Self> {
        let (mut left, mut first) = (Vec::new(), Some(self.first));
        for hole in except.within(self) {
            let Some(start) = first else { break };
            if start < hole.first {
                left.push(Self { first: start, last: hole.first - 1, ..*self });
            }
            first = hole.last.checked_add(1).filter(|next| *next <= self.last);
        }
        left.extend(first.map(|first| Self { first, ..*self }));
        left
    }

    /// The first address.
    pub fn first(&self) -> IpAddr {
        self.family.address(self.first)
    }

    /// The last address.
    pub fn last(&self) -> IpAddr {
        self.family.address(self.last)
    }

    /// The range as the fewest blocks with a prefix: `10.0.0.0/8`.
    pub fn blocks(&self) -> Vec<String> {
        let mut blocks = Vec::new();
        let mut first = self.first;
        loop {
            // The largest block that begins here: as aligned as its first address, and not beyond the last one.
            let mut free = first.trailing_zeros().min(self.family.bits().into());
            let end = |free: u32| first | 1_u128.checked_shl(free).map_or(u128::MAX, |size| size - 1);
            while end(free) > self.last {
                free -= 1;
            }
            blocks.push(format!("{}/{}", self.family.address(first), u32::from(self.family.bits()) - free));
            match end(free) {
                end if end >= self.last => return blocks,
                end => first = end + 1,
            }
        }
    }
}

/// A set of addresses as ranges that are sorted and do not touch.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddressSet {
    ranges: Vec<AddressRange>,
}

impl AddressSet {
    /// The addresses of any of these ranges.
    pub fn new(mut ranges: Vec<AddressRange>) -> Self {
        ranges.sort_unstable();
        let mut merged: Vec<AddressRange> = Vec::new();
        for range in ranges {
            match merged.last_mut() {
                Some(known)
                    if known.family == range.family && known.last.saturating_add(1) >= range.first =>
                {
                    known.last = known.last.max(range.last);
                }
                _ => merged.push(range),
            }
        }
        Self { ranges: merged }
    }

    /// The ranges, sorted.
    pub fn ranges(&self) -> &[AddressRange] {
        &self.ranges
    }

    /// Whether it has no address.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Whether an address is in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.ranges.iter().any(|range| range.contains(address))
    }

    /// Whether a whole range is in it.
    pub fn covers(&self, range: &AddressRange) -> bool {
        self.ranges.iter().any(|known| {
            known.family == range.family && known.first <= range.first && range.last <= known.last
        })
    }

    /// Whether some address of a range is in it.
    pub fn touches(&self, range: &AddressRange) -> bool {
        self.ranges.iter().any(|known| {
            known.family == range.family && known.first <= range.last && range.first <= known.last
        })
    }

    /// The parts of it that lie in a range.
    pub fn within(&self, range: &AddressRange) -> impl Iterator<Item = AddressRange> {
        let AddressRange { family, first, last } = *range;
        let parts = self.ranges.iter().filter(move |known| known.family == family);
        parts
            .map(move |known| AddressRange {
                family,
                first: known.first.max(first),
                last: known.last.min(last),
            })
            .filter(|part| part.first <= part.last)
    }

    /// The share of a family's addresses that are in it, in thousandths.
    pub fn thousandths(&self, family: Family) -> u128 {
        let all = family.last() / 1000;
        let parts = self.ranges.iter().filter(|range| range.family == family);
        parts.map(|range| (range.last - range.first) / all).sum()
    }

    /// The set as blocks with prefixes.
    pub fn blocks(&self) -> Vec<String> {
        self.ranges.iter().flat_map(AddressRange::blocks).collect()
    }
}

impl fmt::Display for AddressSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.blocks().join(", "))
    }
}

/// The places at which rules cut the space of addresses: addresses between two neighbouring cuts cannot be told apart by any rule.
#[derive(Debug, Clone, Default)]
pub(super) struct Cuts {
    v4: Vec<u128>,
    v6: Vec<u128>,
}

impl Cuts {
    pub(super) fn new<'a>(ranges: impl Iterator<Item = &'a AddressRange>) -> Self {
        let mut cuts = Self { v4: vec![0], v6: vec![0] };
        for range in ranges {
            let list = match range.family {
                Family::V4 => &mut cuts.v4,
                Family::V6 => &mut cuts.v6,
            };
            list.push(range.first);
            if range.last < range.family.last() {
                list.push(range.last + 1);
            }
        }
        for list in [&mut cuts.v4, &mut cuts.v6] {
            list.sort_unstable();
            list.dedup();
        }
        cuts
    }

    fn of(&self, family: Family) -> &[u128] {
        match family {
            Family::V4 => &self.v4,
            Family::V6 => &self.v6,
        }
    }

    /// Which piece an address lies in.
    pub(super) fn piece(&self, address: IpAddr) -> (Family, usize) {
        let family = Family::of(address);
        let number = number(address);
        (family, self.of(family).partition_point(|cut| *cut <= number))
    }

    /// All pieces of a family.
    pub(super) fn pieces(&self, family: Family) -> impl Iterator<Item = AddressRange> {
        let cuts = self.of(family);
        cuts.iter().enumerate().map(move |(index, first)| AddressRange {
            family,
            first: *first,
            last: cuts.get(index + 1).map_or(family.last(), |next| next - 1),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(text: &str) -> AddressRange {
        AddressRange::parse(text).unwrap()
    }

    fn address(text: &str) -> IpAddr {
        parse_address(text).unwrap()
    }

    #[test]
    fn bits_behind_the_prefix_are_ignored() {
        assert_eq!(range("10.1.2.3/8"), range("10.0.0.0/8"));
        assert!(range("10.0.0.0/8").contains(address("10.255.255.255")));
        assert!(!range("10.0.0.0/8").contains(address("11.0.0.0")));
    }

    #[test]
    fn holes_leave_what_lies_around_them() {
        let without = |except: &[&str]| {
            let except = AddressSet::new(except.iter().map(|text| range(text)).collect());
            AddressSet::new(range("10.0.0.0/29").without(&except)).blocks()
        };
        assert_eq!(without(&["10.0.0.0/30"]), ["10.0.0.4/30"]);
        assert_eq!(without(&["10.0.0.2/31", "10.0.0.7/32"]), ["10.0.0.0/31", "10.0.0.4/31", "10.0.0.6/32"]);
        assert_eq!(without(&["10.0.0.0/8"]), Vec::<String>::new());
        assert_eq!(without(&["fc00::/7", "11.0.0.0/8"]), ["10.0.0.0/29"]);
        assert!(range("::/0").without(&AddressSet::new(vec![range("8000::/1")])).contains(&range("::/1")));
    }

    #[test]
    fn everything_of_one_family_holds_nothing_of_the_other() {
        assert!(range("0.0.0.0/0").contains(address("255.255.255.255")));
        assert!(!range("0.0.0.0/0").contains(address("::1")));
        assert!(!range("::/0").contains(address("10.0.0.1")));
        assert!(range("::/0").contains(address("ffff::1")));
    }

    #[test]
    fn an_ipv4_address_in_ipv6_clothes_is_an_ipv4_address() {
        assert!(range("10.0.0.0/8").contains(address("::ffff:10.1.2.3")));
        assert_eq!(range("::ffff:10.0.0.0/104"), range("10.0.0.0/8"));
    }

    #[test]
    fn what_is_no_range_is_not_read() {
        for text in ["10.0.0.0", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "::/129", "x/8", "10.0.0.0/"] {
            assert_eq!(AddressRange::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_range_is_written_as_the_fewest_blocks() {
        let odd =
            AddressRange { last: number(address("10.0.0.6")), ..AddressRange::only(address("10.0.0.1")) };
        assert_eq!(odd.blocks(), ["10.0.0.1/32", "10.0.0.2/31", "10.0.0.4/31", "10.0.0.6/32"]);
        assert_eq!(AddressRange::all(Family::V6).blocks(), ["::/0"]);
        assert_eq!(AddressRange::all(Family::V4).blocks(), ["0.0.0.0/0"]);
    }

    #[test]
    fn neighbouring_ranges_become_one() {
        let set = AddressSet::new(vec![range("10.0.0.128/25"), range("10.0.0.0/25"), range("::/0")]);
        assert_eq!(set.blocks(), ["10.0.0.0/24", "::/0"]);
    }

    #[test]
    fn pieces_cover_the_space_without_overlap() {
        let ranges = [range("10.0.0.0/8"), range("0.0.0.0/0"), range("255.255.255.255/32")];
        let cuts = Cuts::new(ranges.iter());
        let pieces: Vec<_> = cuts.pieces(Family::V4).collect();
        assert_eq!(pieces.len(), 4);
        assert_eq!(AddressSet::new(pieces).blocks(), ["0.0.0.0/0"]);
        assert_ne!(cuts.piece(address("10.0.0.1")), cuts.piece(address("11.0.0.1")));
        assert_eq!(cuts.piece(address("10.0.0.1")), cuts.piece(address("10.9.9.9")));
    }
}
