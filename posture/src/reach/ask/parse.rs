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

/// A name with or without a namespace before it.
fn placed(text: &str) -> Option<(Option<String>, String)> {
    let is_name = |text: &str| {
        !text.is_empty()
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
        let unreadable = || {
            AskError::Unreadable(format!(
                "`{text}` names no destination; write 169.254.169.254:80, [fd00:ec2::254]:80, 10.0.0.10:53/udp, pod/namespace/name:8888 or service/namespace/name:8081"
            ))
        };
        let (text, protocol) = match text.rsplit_once('/') {
            Some((before, word)) if before.contains(':') && !word.contains(':') => {
                let protocol = Protocol::parse(Some(&word.to_uppercase())).ok_or_else(unreadable)?;
                (before, protocol)
            }
            _ => (text, Protocol::Tcp),
        };
        let (name, port) = text.rsplit_once(':').ok_or_else(unreadable)?;
        let port: u16 = port.parse().ok().filter(|port| *port > 0).ok_or_else(unreadable)?;
        let end = if let Some(name) = name.strip_prefix("pod/") {
            let (namespace, name) = placed(name).ok_or_else(unreadable)?;
            ToEnd::Pod { namespace, name }
        } else if let Some(name) = name.strip_prefix("service/").or_else(|| name.strip_prefix("svc/")) {
            let (namespace, name) = placed(name).ok_or_else(unreadable)?;
            ToEnd::Service { namespace, name }
        } else {
            let is_bare_v6 = name.contains(':') && !name.starts_with('[');
            ToEnd::Address(address(name).filter(|_| !is_bare_v6).ok_or_else(unreadable)?)
        };
        Ok(Self { end, port, protocol })
    }
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
    fn what_names_nothing_is_refused_with_what_to_write() {
        for text in
            ["", "80", "169.254.169.254", "fd00::1:80", "1.2.3.4:0", "1.2.3.4:80/icmp", "pod/a/b/c:1", "x:80"]
        {
            let error = text.parse::<To>().unwrap_err().to_string();
            assert!(error.contains("169.254.169.254:80"), "{text}: {error}");
        }
        for text in ["", "a/b/c", "a b"] {
            assert!(text.parse::<From>().is_err(), "{text}");
        }
    }
}
