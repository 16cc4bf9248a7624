//! Resolves a name once: both families, with the aliases on the way, and what kind of nothing there was.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_resolver::config::{
    ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolveHosts, ResolverConfig,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hickory_resolver::{Resolver, TokioResolver};
use posture::sighting::{DnsFault, DnsSight};

/// How long one question waits for its answer, and how often it is asked.
const PATIENCE: Duration = Duration::from_secs(2);
const ATTEMPTS: usize = 2;

/// How many aliases and addresses of a name are kept.
pub(super) const MOST: usize = 16;

/// Who is asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Dns {
    /// The name servers and the hosts file of the system.
    #[default]
    System,
    /// These name servers and no hosts file, over UDP.
    Servers(Vec<SocketAddr>),
}

impl Dns {
    /// A resolver without anything remembered; `None` where the system names no name server.
    pub(super) fn resolver(&self) -> Option<TokioResolver> {
        let mut builder = match self {
            Self::System => TokioResolver::builder_tokio().ok()?,
            Self::Servers(servers) => {
                let servers = servers.iter().map(|server| {
                    let mut connection = ConnectionConfig::udp();
                    connection.port = server.port();
                    NameServerConfig::new(server.ip(), true, vec![connection])
                });
                let config = ResolverConfig::from_name_servers(servers.collect());
                let mut builder = Resolver::builder_with_config(config, TokioRuntimeProvider::default());
                builder.options_mut().use_hosts_file = ResolveHosts::Never;
                builder
            }
        };
        let options = builder.options_mut();
        (options.timeout, options.attempts) = (PATIENCE, ATTEMPTS);
        options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
        options.preserve_intermediates = true;
        builder.build().ok()
    }
}

/// What a name is resolved to.
pub(super) async fn resolve(resolver: Option<&TokioResolver>, host: &str) -> DnsSight {
    // With the last dot nothing is appended to it.
    let (Some(resolver), Ok(name)) = (resolver, Name::from_ascii(format!("{host}."))) else {
        return DnsSight { fault: Some(DnsFault::NoAnswer), ..DnsSight::default() };
    };
    let (v4, v6) = futures::future::join(
        resolver.lookup(name.clone(), RecordType::A),
        resolver.lookup(name.clone(), RecordType::AAAA),
    )
    .await;
    let mut sight = DnsSight::default();
    let mut faults = Vec::new();
    for answer in [v4, v6] {
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                faults.push(fault(&error));
                continue;
            }
        };
        for record in answer.answers() {
            match &record.data {
                RData::A(address) => sight.addresses.push(IpAddr::V4(address.0)),
                RData::AAAA(address) => sight.addresses.push(IpAddr::V6(address.0)),
                RData::CNAME(alias) => {
                    let alias = alias.0.to_ascii().trim_end_matches('.').to_ascii_lowercase();
                    if !sight.aliases.contains(&alias) {
                        sight.aliases.push(alias);
                    }
                }
                _ => {}
            }
        }
    }
    sight.addresses.sort_unstable();
    sight.addresses.dedup();
    sight.aliases.truncate(MOST);
    if sight.addresses.is_empty() {
        // That a name does not exist is said of the name, whatever was asked; that it has no address only both answers together say.
        sight.fault = Some(if faults.contains(&DnsFault::NoSuchName) {
            DnsFault::NoSuchName
        } else if faults.contains(&DnsFault::NoAnswer) {
            DnsFault::NoAnswer
        } else {
            DnsFault::NoAddress
        });
    } else if faults.iter().any(|fault| *fault != DnsFault::NoAddress) {
        // Where one family was not answered, there may be more addresses than these.
        sight.fault = Some(DnsFault::NoAnswer);
    }
    sight
}

fn fault(error: &NetError) -> DnsFault {
    match error {
        NetError::Dns(DnsError::NoRecordsFound(nothing)) => match nothing.response_code {
            ResponseCode::NXDomain => DnsFault::NoSuchName,
            ResponseCode::NoError => DnsFault::NoAddress,
            _ => DnsFault::NoAnswer,
        },
        _ => DnsFault::NoAnswer,
    }
}
