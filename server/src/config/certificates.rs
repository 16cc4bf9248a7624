//! The section `[certificates]`: which Secrets are read and which names are connected to. Both are empty, and so off, by default.

use std::collections::BTreeSet;
use std::net::IpAddr;

use posture::network::{AddressRange, parse_address};
use serde::{Deserialize, Serialize};

use super::load::namespace_name;

/// Where certificates are looked at outside the lists of the API.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CertificatesConfig {
    /// Secrets to read with `get`, as `namespace/name`; only certificates are kept of them.
    pub secrets: Vec<String>,
    /// Names that may be connected to with TLS, as `host` or `host:port`; only those that the cluster itself serves are.
    pub hosts: Vec<String>,
    /// Addresses, networks, or `host:port` that may be connected to although they are not public.
    pub private_hosts: Vec<String>,
}

/// What may be connected to although it is not public.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Private {
    /// Addresses, on any port and behind any name.
    Addresses(AddressRange),
    /// One name on one port, wherever it leads.
    Host(String, u16),
}

/// The section as it is used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sights {
    /// Secrets to read, by namespace and name.
    pub secrets: BTreeSet<(String, String)>,
    /// Names to connect to, with the port.
    pub hosts: BTreeSet<(String, u16)>,
    /// What may be connected to although it is not public.
    pub private: Vec<Private>,
}

/// The port of HTTPS.
const HTTPS: u16 = 443;

impl CertificatesConfig {
    /// The section as it is used; the first value that is wrong, with its key and what would be right.
    pub fn sights(&self) -> Result<Sights, String> {
        let wrong_in = |key: &'static str| {
            move |value: &str, why: &str| {
                // A value that was pasted by mistake is cut; nothing in this section is a secret.
                let shown: String = value.chars().take(80).collect();
                format!("certificates.{key} holds `{}`; {why}", posture::hostile::visible(&shown))
            }
        };
        let mut sights = Sights::default();
        let wrong = wrong_in("private_hosts");
        for text in &self.private_hosts {
            sights.private.push(private(text).map_err(|why| wrong(text, why))?);
        }
        let wrong = wrong_in("secrets");
        for text in &self.secrets {
            sights.secrets.insert(secret(text).map_err(|why| wrong(text, why))?);
        }
        let wrong = wrong_in("hosts");
        for text in &self.hosts {
            let (host, port) = host(text).map_err(|why| wrong(text, why))?;
            if !is_public(&host) && !sights.private.contains(&Private::Host(host.clone(), port)) {
                return Err(wrong(
                    text,
                    &format!(
                        "names like this do not lead out of a private network; to connect to it nevertheless, list `{host}:{port}` in certificates.private_hosts too"
                    ),
                ));
            }
            sights.hosts.insert((host, port));
        }
        Ok(sights)
    }
}

/// Reads `namespace/name`.
fn secret(text: &str) -> Result<(String, String), &'static str> {
    let why = "it must be namespace/name, as in jhub/proxy-public-tls";
    let (namespace, name) = text.split_once('/').ok_or(why)?;
    let namespace = namespace_name(namespace)?;
    if is_subdomain(name) { Ok((namespace, name.to_owned())) } else { Err(why) }
}

/// Reads `host` or `host:port`.
fn host(text: &str) -> Result<(String, u16), &'static str> {
    if text.contains("://") || text.contains('/') {
        return Err(
            "it must be a name without a scheme and a path, as in hub.example.org or hub.example.org:8443",
        );
    }
    if text.contains('*') {
        return Err("a wildcard cannot be connected to; list each name");
    }
    if text.parse::<IpAddr>().is_ok() || text.starts_with('[') {
        return Err("it must be a name; an address is not one that the cluster serves");
    }
    let (name, port) = match text.split_once(':') {
        None => (text, HTTPS),
        Some((name, port)) => (name, port_number(port)?),
    };
    if !name.is_ascii() {
        return Err("write it as DNS carries it: each label in its form with xn--");
    }
    let name = name.to_ascii_lowercase();
    if name.parse::<IpAddr>().is_ok()
        || name
            .rsplit('.')
            .next()
            .is_some_and(|last| !last.is_empty() && last.bytes().all(|b| b.is_ascii_digit()))
    {
        return Err("it must be a name; an address is not one that the cluster serves");
    }
    if !is_subdomain(&name) {
        return Err("it must be a name of DNS, as in hub.example.org or hub.example.org:8443");
    }
    Ok((name, port))
}

fn private(text: &str) -> Result<Private, &'static str> {
    if let Some(address) = parse_address(text) {
        return Ok(Private::Addresses(AddressRange::only(address)));
    }
    if text.contains('/') {
        return AddressRange::parse(text)
            .map(Private::Addresses)
            .ok_or("it must be a network as in 10.20.0.0/16");
    }
    match host(text) {
        Ok((name, port)) if text.contains(':') => Ok(Private::Host(name, port)),
        _ => Err(
            "it must be an address, a network as in 10.20.0.0/16, or a name with its port as in hub.corp.internal:443",
        ),
    }
}

fn port_number(text: &str) -> Result<u16, &'static str> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let port = text.parse::<u16>().ok().filter(|port| digits && *port > 0);
    port.ok_or("the port must be a number from 1 to 65535")
}

/// Whether a name has the form of a DNS subdomain (RFC 1123), which names of Secrets have too.
fn is_subdomain(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(is_label)
}

/// Whether a name may lead out of a private network.
fn is_public(host: &str) -> bool {
    let private = ["local", "internal", "svc", "localhost"];
    host.contains('.') && !private.contains(&host.rsplit('.').next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(secrets: &[&str], hosts: &[&str], private_hosts: &[&str]) -> Result<Sights, String> {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        CertificatesConfig {
            secrets: owned(secrets),
            hosts: owned(hosts),
            private_hosts: owned(private_hosts),
        }
        .sights()
    }

    #[test]
    fn nothing_is_read_and_nothing_connected_to_by_default() {
        assert_eq!(CertificatesConfig::default().sights(), Ok(Sights::default()));
    }

    #[test]
    fn a_host_has_the_port_of_https_unless_it_names_one() {
        let sights = section(&["jhub/hub.tls"], &["Hub.Example.org", "hub.example.org:8443"], &[]).unwrap();
        let names: Vec<_> = sights.hosts.iter().map(|(host, port)| format!("{host}:{port}")).collect();
        assert_eq!(names, ["hub.example.org:443", "hub.example.org:8443"]);
        assert_eq!(sights.secrets.first().unwrap(), &("jhub".to_owned(), "hub.tls".to_owned()));
    }

    #[test]
    fn what_is_not_a_name_to_connect_to_is_refused_with_what_would_be() {
        for (wrong, why) in [
            ("https://hub.example.org", "without a scheme"),
            ("hub.example.org/hub", "without a scheme"),
            ("*.example.org", "a wildcard"),
            ("192.0.2.1", "must be a name"),
            ("192.0.2.1:443", "must be a name"),
            ("[::1]:443", "must be a name"),
            ("2001:db8::1", "must be a name"),
            ("0x7f.1", "must be a name"),
            ("hub.example.org:0", "from 1 to 65535"),
            ("hub.example.org:https", "from 1 to 65535"),
            ("hub.example.org:+44", "from 1 to 65535"),
            ("hüb.example.org", "xn--"),
            ("hub..example.org", "a name of DNS"),
            ("hub.example.org.", "a name of DNS"),
            ("a@hub.example.org", "a name of DNS"),
            ("", "a name of DNS"),
            ("hub", "certificates.private_hosts"),
            ("localhost", "certificates.private_hosts"),
            ("hub.corp.internal", "certificates.private_hosts"),
            ("hub.local", "certificates.private_hosts"),
            ("proxy-public.jhub.svc", "certificates.private_hosts"),
            ("proxy-public.jhub.svc.cluster.local", "certificates.private_hosts"),
        ] {
            let message = section(&[], &[wrong], &[]).unwrap_err();
            assert!(
                message.starts_with("certificates.hosts holds `") && message.contains(why),
                "{wrong}: {message}"
            );
        }
    }

    #[test]
    fn a_name_of_a_private_network_is_taken_where_it_is_listed_with_its_port() {
        assert!(section(&[], &["hub.corp.internal"], &["hub.corp.internal:443"]).is_ok());
        assert!(section(&[], &["hub.corp.internal:8443"], &["hub.corp.internal:443"]).is_err());
        assert!(section(&[], &["hub.corp.internal"], &["10.0.0.0/8"]).is_err());
    }

    #[test]
    fn what_may_be_connected_to_is_an_address_a_network_or_a_name_with_its_port() {
        for right in ["10.1.2.3", "10.0.0.0/8", "fd00::/8", "::1", "hub.example.org:443"] {
            assert!(section(&[], &[], &[right]).is_ok(), "{right}");
        }
        for wrong in ["hub.example.org", "10.0.0.0/33", "10.0.0/8", "*", "https://a:1", "10.0.0.1:443"] {
            assert!(
                section(&[], &[], &[wrong]).unwrap_err().contains("certificates.private_hosts"),
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_secret_is_named_with_its_namespace() {
        for wrong in ["hub", "jhub/", "/hub", "jhub/a/b", "jhub/*", "JHub/hub", "jhub/../x", "jhub/Hub"] {
            assert!(
                section(&[wrong], &[], &[]).unwrap_err().starts_with("certificates.secrets holds"),
                "{wrong}"
            );
        }
    }
}
