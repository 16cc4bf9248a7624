//! How questions are written: on the command line and in the address of a page.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use super::{AskError, address};
use crate::network::Protocol;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum From {
    /// A pod, by name.
    Pod {
        /// Its namespace; any if it is not named.
        namespace: Option<String>,
        /// Its name.
        name: String,
    },
    /// Any user server of a hub.
    Hub {
        /// The hub's namespace; any if it is not named.
        namespace: Option<String>,
        /// Its release.
        release: String,
    },
    /// The servers of one class, by its key.
    Class(String),
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct To {
    /// The end.
    pub end: ToEnd,
    /// The port.
    pub port: u16,
    /// The protocol.
    pub protocol: Protocol,
}

/// The end of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToEnd {
    /// An address; that of a Service stands for what is behind it.
    Address(IpAddr),
    /// A pod.
    Pod {
        /// Its namespace; any if it is not named.
        namespace: Option<String>,
        /// Its name.
        name: String,
    },
    /// A Service.
    Service {
        /// Its namespace; the one that asks, or any, if it is not named.
        namespace: Option<String>,
        /// Its name.
        name: String,
    },
}

impl From {
    /// The name of the pod, if it is one.
    pub fn pod(&self) -> Option<&str> {
        match self {
            Self::Pod { name, .. } => Some(name),
            Self::Hub { .. } | Self::Class(_) => None,
        }
    }
}

impl To {
    /// Reads the fields of a form. What stands in the first one with its port is taken as it is, as answers write it.
    pub fn from_fields(end: &str, port: &str, protocol: &str) -> Result<Self, AskError> {
        let (end, port) = (end.trim(), port.trim());
        let protocol = if protocol.is_empty() { "tcp" } else { protocol };
        if let Ok((place, asked)) = protocol_of(end)
            && let Ok(to) = place.parse::<Self>()
        {
            let is_named = place.len() < end.len();
            let protocol = if is_named { asked } else { protocol_of(&format!("{end}/{protocol}"))?.1 };
            return Ok(Self { protocol, ..to });
        }
        let end = if end.parse::<std::net::Ipv6Addr>().is_ok() { format!("[{end}]") } else { end.to_owned() };
        if port.is_empty() {
            format!("{end}/{protocol}").parse()
        } else {
            format!("{end}:{port}/{protocol}").parse()
        }
    }

    /// The name of the pod, if it is one.
    pub fn pod(&self) -> Option<&str> {
        match &self.end {
            ToEnd::Pod { name, .. } => Some(name),
            ToEnd::Address(_) | ToEnd::Service { .. } => None,
        }
    }
}

/// A name with or without a namespace before it.
fn placed(text: &str) -> Option<(Option<String>, String)> {
    // Names of Pods and Services have at most 253 characters.
    let is_name = |text: &str| {
        (1..=253).contains(&text.len())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '*'))
    };
    match text.split_once('/') {
        Some((namespace, name)) if is_name(namespace) && is_name(name) => {
            Some((Some(namespace.to_owned()), name.to_owned()))
        }
        None if is_name(text) => Some((None, text.to_owned())),
        _ => None,
    }
}

impl FromStr for From {
    type Err = AskError;

    fn from_str(text: &str) -> Result<Self, AskError> {
        let unreadable = || {
            AskError::Unreadable(format!(
                "`{text}` names no source; write a pod (jupyter-ada, or namespace/pod) or hub/namespace/release for any user server of a hub"
            ))
        };
        let (word, rest) = text.split_once('/').unwrap_or(("pod", text));
        match word {
            "class" => Ok(Self::Class(rest.to_owned())),
            "hub" => {
                let (namespace, release) = placed(rest).ok_or_else(unreadable)?;
                Ok(Self::Hub { namespace, release })
            }
            _ => {
                let text = text.strip_prefix("pod/").unwrap_or(text);
                let (namespace, name) = placed(text).ok_or_else(unreadable)?;
                Ok(Self::Pod { namespace, name })
            }
        }
    }
}

impl fmt::Display for From {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Words that mean something before a slash are no namespace there.
            Self::Pod { namespace: Some(namespace), name }
                if matches!(&**namespace, "hub" | "class" | "pod") =>
            {
                write!(f, "pod/{namespace}/{name}")
            }
            Self::Pod { namespace: Some(namespace), name } => write!(f, "{namespace}/{name}"),
            Self::Pod { namespace: None, name } => f.write_str(name),
            Self::Hub { namespace: Some(namespace), release } => write!(f, "hub/{namespace}/{release}"),
            Self::Hub { namespace: None, release } => write!(f, "hub/{release}"),
            Self::Class(key) => write!(f, "class/{key}"),
        }
    }
}

impl FromStr for To {
    type Err = AskError;

    fn from_str(text: &str) -> Result<Self, AskError> {
        let text = text.trim();
        let (place, protocol) = protocol_of(text)?;
        let (name, port) = port_of(place)?;
        let unreadable =
            || AskError::Unreadable(format!("`{name}` names no destination; {WRITE_DESTINATION}"));
        let end = if let Some(name) = name.strip_prefix("pod/") {
            let (namespace, name) = placed(name).ok_or_else(unreadable)?;
            ToEnd::Pod { namespace, name }
        } else if let Some(name) = name.strip_prefix("service/").or_else(|| name.strip_prefix("svc/")) {
            let (namespace, name) = placed(name).ok_or_else(unreadable)?;
            ToEnd::Service { namespace, name }
        } else {
            ToEnd::Address(address_of(name)?)
        };
        Ok(Self { end, port, protocol })
    }
}

const WRITE_DESTINATION: &str = "write an address (169.254.169.254:80, [fd00:ec2::254]:80, 10.0.0.10:53/udp), pod/namespace/name:8888 or \
                                 service/namespace/name:8081";

/// What is before the protocol, and the protocol; TCP if none is named.
fn protocol_of(text: &str) -> Result<(&str, Protocol), AskError> {
    let after_port = text.rfind(':').map_or(0, |colon| colon + 1);
    let Some((_, word)) = text[after_port..].split_once('/').filter(|_| after_port > 0) else {
        return Ok((text, Protocol::Tcp));
    };
    let protocol = Protocol::parse(Some(&word.to_uppercase())).ok_or_else(|| {
        AskError::Unreadable(format!(
            "`{word}` in `{text}` is no protocol of policies; write tcp, udp or sctp"
        ))
    })?;
    Ok((&text[..text.len() - word.len() - 1], protocol))
}

/// What is before the port, and the port.
fn port_of(text: &str) -> Result<(&str, u16), AskError> {
    let unreadable = |what: String| Err(AskError::Unreadable(what));
    if text.is_empty() || text.starts_with(':') {
        return unreadable(format!("no destination is named; {WRITE_DESTINATION}"));
    }
    if text.parse::<std::net::Ipv6Addr>().is_ok() {
        return unreadable(format!(
            "`{text}` may be an address with or without a port; write the address in brackets and the port behind it, as [fd00:ec2::254]:80"
        ));
    }
    let is_end = text.starts_with('[') || text.contains('/') || address(text).is_some();
    if !is_end && !text.contains(':') {
        return unreadable(format!("`{text}` names no destination; {WRITE_DESTINATION}"));
    }
    let Some((name, port)) = text.rsplit_once(':').filter(|(_, port)| !port.ends_with(']')) else {
        return unreadable(format!("`{text}` has no port; write one behind it, as {text}:80"));
    };
    match port.parse::<u16>() {
        Ok(number) if number > 0 => Ok((name, number)),
        _ => unreadable(format!("`{port}` in `{text}` is no port; ports are the numbers 1 to 65535")),
    }
}

/// One address, of either family.
fn address_of(text: &str) -> Result<IpAddr, AskError> {
    let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    let bare = inner.unwrap_or(text);
    let known = address(bare).filter(|address| inner.is_some() || address.is_ipv4());
    if let Some(address) = known {
        return nobodys(address, bare).map_or(Ok(address), |told| Err(AskError::Unreadable(told)));
    }
    known.ok_or_else(|| {
        let is_address = |text: &str| address(text).is_some();
        AskError::Unreadable(match (bare.split_once('%'), bare.split_once('/')) {
            (Some((before, _)), _) if is_address(before) => format!(
                "`{bare}` names a zone, which means something on one machine only; leave out what stands from the % on"
            ),
            (_, Some((before, _))) if is_address(before) => {
                format!("`{bare}` is a range, and what holds for one of its addresses need not hold for another; ask about one address")
            }
            _ if is_address(bare) => format!("an IPv6 address stands in brackets; write [{bare}] and the port behind it"),
            _ if bare.starts_with("pod:") || bare.starts_with("service:") || bare.contains(':') => {
                format!("`{bare}` names no destination; {WRITE_DESTINATION}")
            }
            _ => format!("`{bare}` is no address, and policies know no names of hosts; {WRITE_DESTINATION}"),
        })
    })
}

/// What is wrong with an address at which nobody in particular is.
fn nobodys(address: IpAddr, text: &str) -> Option<String> {
    let is_broadcast = matches!(address, IpAddr::V4(v4) if v4.is_broadcast());
    if address.is_unspecified() {
        let loopback = if address.is_ipv4() { "127.0.0.1" } else { "[::1]" };
        return Some(format!(
            "`{text}` is nobody's address; what is sent to it goes to the sender itself, so ask about {loopback}"
        ));
    }
    let is_group = address.is_multicast() || is_broadcast;
    is_group.then(|| format!("`{text}` is the address of a group, and policies are about connections between two ends; ask about one of its members"))
}

impl fmt::Display for To {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place =
            |namespace: &Option<String>| namespace.as_ref().map(|n| format!("{n}/")).unwrap_or_default();
        match &self.end {
            ToEnd::Address(IpAddr::V6(address)) => write!(f, "[{address}]")?,
            ToEnd::Address(address) => write!(f, "{address}")?,
            ToEnd::Pod { namespace, name } => write!(f, "pod/{}{name}", place(namespace))?,
            ToEnd::Service { namespace, name } => write!(f, "service/{}{name}", place(namespace))?,
        }
        write!(f, ":{}", self.port)?;
        match self.protocol {
            Protocol::Tcp => Ok(()),
            other => write!(f, "/{}", other.to_string().to_lowercase()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_writes_is_read_and_written_again_alike() {
        for text in [
            "169.254.169.254:80",
            "[fd00:ec2::254]:80",
            "10.0.0.10:53/udp",
            "pod/jhub/hub-1:8081",
            "pod/hub-1:8081",
            "service/kube-system/kube-dns:53/udp",
        ] {
            assert_eq!(text.parse::<To>().unwrap().to_string(), text);
        }
        for text in ["jupyter-ada", "jhub/jupyter-ada", "hub/jhub/prod", "hub/prod", "class/a1b2c3"] {
            assert_eq!(text.parse::<From>().unwrap().to_string(), text);
        }
        assert_eq!("svc/hub:8081/TCP".parse::<To>().unwrap().to_string(), "service/hub:8081");
    }

    #[test]
    fn what_cannot_be_asked_is_refused_with_what_is_wrong_and_what_to_write() {
        for (text, told) in [
            ("", "no destination is named; write an address"),
            ("80", "`80` names no destination; write"),
            ("metadata", "`metadata` names no destination; write"),
            ("pod/jhub/hub", "`pod/jhub/hub` has no port; write one behind it, as pod/jhub/hub:80"),
            ("169.254.169.254", "`169.254.169.254` has no port; write one behind it, as 169.254.169.254:80"),
            ("[fd00::1]", "`[fd00::1]` has no port"),
            ("fd00::1:80", "write the address in brackets and the port behind it"),
            ("fd00:0:0:0:0:0:0:1:80", "an IPv6 address stands in brackets; write [fd00:0:0:0:0:0:0:1]"),
            ("[fe80::1%eth0]:80", "`fe80::1%eth0` names a zone"),
            ("10.0.0.0/8:80", "`10.0.0.0/8` is a range"),
            ("[fd00::/8]:80", "`fd00::/8` is a range"),
            ("1.2.3.4:0", "`0` in `1.2.3.4:0` is no port; ports are the numbers 1 to 65535"),
            ("1.2.3.4:65536", "`65536` in `1.2.3.4:65536` is no port"),
            ("1.2.3.4:http", "`http` in `1.2.3.4:http` is no port"),
            ("1.2.3.4:-1", "`-1` in `1.2.3.4:-1` is no port"),
            (
                "1.2.3.4:80/icmp",
                "`icmp` in `1.2.3.4:80/icmp` is no protocol of policies; write tcp, udp or sctp",
            ),
            ("pod/a/b/c:1", "`pod/a/b/c` names no destination; write"),
            (
                "0.0.0.0:80",
                "`0.0.0.0` is nobody's address; what is sent to it goes to the sender itself, so ask about 127.0.0.1",
            ),
            ("[::]:80", "so ask about [::1]"),
            ("224.0.0.1:80", "`224.0.0.1` is the address of a group"),
            ("255.255.255.255:67/udp", "is the address of a group"),
            ("[ff02::1]:80", "`ff02::1` is the address of a group"),
            ("example.org:443", "`example.org` is no address, and policies know no names of hosts"),
            ("1.2.3.256:80", "`1.2.3.256` is no address"),
        ] {
            let error = text.parse::<To>().unwrap_err().to_string();
            assert!(error.contains(told), "{text}: {error}");
        }
        let long = "a".repeat(254);
        for text in ["", "a/b/c", "a b", long.as_str()] {
            assert!(text.parse::<From>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_namespace_called_like_a_word_of_questions_is_written_so_that_it_can_be_read_again() {
        for namespace in ["hub", "class", "pod"] {
            let from = From::Pod { namespace: Some(namespace.to_owned()), name: "a".to_owned() };
            assert_eq!(from.to_string().parse::<From>().unwrap(), from);
        }
    }

    #[test]
    fn the_fields_of_a_form_are_read_and_what_an_answer_offers_fits_in_the_first_one() {
        for (end, port, protocol, expected) in [
            ("169.254.169.254", "80", "", "169.254.169.254:80"),
            ("fd00:ec2::254", "80", "udp", "[fd00:ec2::254]:80/udp"),
            ("pod/jhub/hub-1", " 8081 ", "tcp", "pod/jhub/hub-1:8081"),
            ("pod/jhub/hub-1:8081", "80", "udp", "pod/jhub/hub-1:8081/udp"),
            ("service/kube-dns:53/udp", "80", "tcp", "service/kube-dns:53/udp"),
            ("10.0.0.1:53/tcp", "", "udp", "10.0.0.1:53"),
        ] {
            assert_eq!(To::from_fields(end, port, protocol).unwrap().to_string(), expected, "{end} {port}");
        }
        for (end, port, told) in [
            ("", "80", "no destination is named"),
            ("pod/a", "", "has no port"),
            ("pod/a", "x", "`x` in `pod/a:x` is no port"),
            ("pod/a:70000", "80", "names no destination"),
        ] {
            let error = To::from_fields(end, port, "tcp").unwrap_err().to_string();
            assert!(error.contains(told), "{end}: {error}");
        }
    }
}
