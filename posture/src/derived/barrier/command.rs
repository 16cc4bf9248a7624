//! Reads the iptables command of the metadata barrier.

use std::net::Ipv4Addr;

use super::BlockScope;
use crate::facts::Container;

/// A rule that drops what a pod sends to an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Drop {
    /// The address, with its prefix length if it has one.
    pub(super) address: String,
    /// How much is dropped.
    pub(super) scope: BlockScope,
}

/// The rule a container adds; `None` if its command is anything else than one plain `iptables` call that drops outgoing traffic.
pub(super) fn parse(container: &Container) -> Option<Drop> {
    // A word that was dropped could have been a `!`.
    if container.command.iter().chain(&container.args).any(|word| word.plain().is_none()) {
        return None;
    }
    let mut words = container.words();
    let program = words.next()?.rsplit('/').next()?;
    if !matches!(program, "iptables" | "iptables-legacy" | "iptables-nft") {
        return None;
    }
    let mut rule = Rule::default();
    let mut words = words.peekable();
    while let Some(word) = words.next() {
        let (flag, value) = match word.split_once('=') {
            Some((flag, value)) => (flag, Some(value)),
            None => (word, None),
        };
        match flag {
            "-w" | "--wait" => {
                let _ = words.next_if(|next| next.parse::<u32>().is_ok());
            }
            "-I" | "--insert" => {
                rule.chain = value.or_else(|| words.next());
                let _ = words.next_if(|next| next.parse::<u32>().is_ok());
            }
            _ => rule.set(flag, value.or_else(|| words.next())?)?,
        }
    }
    rule.into_drop()
}

/// The parts of a rule that were understood.
#[derive(Default)]
struct Rule<'a> {
    chain: Option<&'a str>,
    address: Option<&'a str>,
    protocol: Option<&'a str>,
    port: Option<&'a str>,
    target: Option<&'a str>,
}

impl<'a> Rule<'a> {
    /// Takes one flag; `None` for a flag that could change what the rule means.
    fn set(&mut self, flag: &str, value: &'a str) -> Option<()> {
        match flag {
            "-A" | "--append" => self.chain = Some(value),
            "-d" | "--destination" | "--dst" => self.address = Some(value),
            "-p" | "--protocol" | "--proto" => self.protocol = Some(value),
            "--dport" | "--destination-port" => self.port = Some(value),
            "-j" | "--jump" => self.target = Some(value),
            "-m" | "--match" if matches!(value, "tcp" | "udp") => {}
            "-t" | "--table" if value == "filter" => {}
            _ => return None,
        }
        Some(())
    }

    fn into_drop(self) -> Option<Drop> {
        if self.chain != Some("OUTPUT") || !matches!(self.target, Some("DROP" | "REJECT")) {
            return None;
        }
        let scope = match (self.protocol, self.port) {
            (None | Some("all"), None) => BlockScope::Everything,
            (Some("tcp" | "TCP"), None) => BlockScope::Tcp,
            (Some("tcp" | "TCP"), Some("80" | "http")) => BlockScope::TcpPort80,
            _ => BlockScope::Partial,
        };
        Some(Drop { address: self.address?.to_owned(), scope })
    }
}

/// Whether an address of a rule, with or without a prefix length, covers an address.
pub(super) fn covers(rule: &str, address: &str) -> bool {
    let (base, length) = rule.split_once('/').unwrap_or((rule, "32"));
    let (Ok(base), Ok(address)) = (base.parse::<Ipv4Addr>(), address.parse::<Ipv4Addr>()) else {
        return false;
    };
    let Ok(length @ 0..=32) = length.parse::<u32>() else { return false };
    let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
    u32::from(base) & mask == u32::from(address) & mask
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Leaf;

    fn scope(line: &str) -> Option<BlockScope> {
        let command = line.split_whitespace().map(|word| Leaf::Plain(word.to_owned())).collect();
        parse(&Container { command, ..Container::default() }).map(|drop| drop.scope)
    }

    #[test]
    fn the_commands_of_every_chart_generation_are_understood() {
        assert_eq!(scope("iptables -A OUTPUT -d 169.254.169.254 -j DROP"), Some(BlockScope::Everything));
        let since_3 = "iptables --append OUTPUT --protocol tcp --destination 169.254.169.254 --destination-port 80 --jump DROP";
        assert_eq!(scope(since_3), Some(BlockScope::TcpPort80));
    }

    #[test]
    fn a_command_that_is_not_understood_blocks_nothing() {
        assert_eq!(scope("iptables -A OUTPUT ! -d 169.254.169.254 -j DROP"), None);
        assert_eq!(scope("iptables -A OUTPUT -o eth1 -d 169.254.169.254 -j DROP"), None);
        assert_eq!(scope("iptables -A INPUT -d 169.254.169.254 -j DROP"), None);
        assert_eq!(scope("iptables -A OUTPUT -d 169.254.169.254 -j ACCEPT"), None);
        assert_eq!(scope("true"), None);
    }

    #[test]
    fn another_port_is_only_part_of_a_barrier() {
        assert_eq!(
            scope("iptables -A OUTPUT -p udp --dport 53 -d 169.254.169.254 -j DROP"),
            Some(BlockScope::Partial)
        );
    }

    #[test]
    fn a_range_covers_its_addresses() {
        assert!(covers("169.254.169.254", "169.254.169.254"));
        assert!(covers("169.254.0.0/16", "169.254.169.254"));
        assert!(covers("0.0.0.0/0", "169.254.169.254"));
        assert!(!covers("100.100.100.200/32", "169.254.169.254"));
        assert!(!covers("metadata.internal", "169.254.169.254"));
    }
}
