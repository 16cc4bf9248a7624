//! Flags names of a hub that do not lead to it; without a look-up it says which names to look up.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::certificates::hosts::EXTERNAL_DNS;
use crate::check::certificates::{self, Connection, connections, is_private};
use crate::check::{
    Check, Context, Evidence, Judge, Judgement, Outcome, Reference, Severity, Topic, Verdict, worst,
};
use crate::derived::{Tls, TlsMode};
use crate::entrance;
use crate::facts::network::LoadBalancerAddress;
use crate::fix::Fix;
use crate::gap::Unknown;
use crate::hub::Hub;
use crate::kind::Kind;
use crate::sighting::{AddressClass, DnsFault, DnsSight};
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "TLS-04",
    name: "dns-elsewhere",
    title: "The DNS records of the hub's names lead to the hub",
    fault: "The DNS record of a name of the hub leads elsewhere",
    severity: Severity::Medium,
    topic: Topic::Https,
    since: "0.1.0",
    why: "A name that leads elsewhere sends users to somebody else, and Let's Encrypt refuses the certificate; attempts that fail use up its \
          limit.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Fail, Verdict::Unknown],
    needs: &[Kind::Service, Kind::Deployment, Kind::ConfigMap, Kind::Ingress, Kind::HttpRoute, Kind::Gateway],
    fixes: &[Fix::advice(
        "Create an A record from the domain to the address, or a CNAME or alias where the load balancer has a name (AWS), and wait for the \
         old record to expire before turning on automatic HTTPS.",
    )],
    kubectl: &["kubectl", "--namespace", "<namespace>", "get", "services,ingresses", "--output", "wide"],
    references: &[Reference {
        title: "Zero to JupyterHub: Security, HTTPS",
        url: "https://z2jh.jupyter.org/en/stable/administrator/security.html#https",
    }],
    mappings: &[],
    judge: Judge::Hub(judge),
};

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    let tls = context.derived.tls(hub)?;
    let seen = connections(context, hub);
    let parts = seen.seen.iter().map(|connection| of_name(context, hub, tls, connection));
    let unseen = seen.failed.iter().chain(&seen.unseen).cloned().map(Err);
    let outcome = worst(parts.chain(unseen)).ok_or_else(|| {
        Reason::new("no-name-seen", "No name of the hub is visible, so where it leads is not known")
    })?;
    Ok(if outcome.verdict == Verdict::Unknown {
        outcome.because_all(names(context, hub, tls)?)
    } else {
        outcome
    })
}

/// The names of the hub and its address, as objects show them: what a person would look up and compare.
fn names(context: &Context<'_>, hub: &Hub, tls: &Tls) -> Result<Vec<Evidence>, Unknown> {
    let mut evidence = Vec::new();
    if tls.mode == TlsMode::LetsEncrypt
        && let Ok(file) = entrance::dynamic_file(context, hub)
    {
        let found = entrance::hosts(&file).into_iter().map(Arg::Text).collect();
        evidence.push(file.evidence("http.routers.*.tls.domains", Arg::List(found)));
    }
    for front in &tls.fronts {
        let names = front.hosts.iter().filter_map(|host| host.host.as_deref()).map(Arg::text).collect();
        let path = if front.object.kind == Kind::Ingress { "spec.rules[*].host" } else { "spec.hostnames" };
        evidence.push(Evidence::new(front.object.clone(), path, Arg::List(names)));
    }
    if let Some(service) = entrance::public_service(context, hub)? {
        if let Some(names) = service.metadata.annotation(EXTERNAL_DNS) {
            let path = format!("metadata.annotations[{EXTERNAL_DNS}]");
            evidence.push(Evidence::new(entrance::object(service), path, Arg::text(names)));
        }
        evidence.push(entrance::addresses_seen(service));
    }
    Ok(evidence)
}

/// Where a hub is to be found from outside.
struct Ends {
    addresses: BTreeSet<IpAddr>,
    /// Names of load balancers, in lower case.
    names: BTreeSet<String>,
}

impl Ends {
    fn add(&mut self, address: &LoadBalancerAddress) {
        self.addresses.extend(address.ip.as_deref().and_then(|ip| ip.parse::<IpAddr>().ok()));
        let name = address.hostname.as_deref().map(|name| name.trim_end_matches('.').to_ascii_lowercase());
        self.names.extend(name.filter(|name| !name.is_empty()));
    }

    fn wanted(&self) -> Arg {
        let addresses = self.addresses.iter().map(|address| Arg::text(address.to_string()));
        Arg::List(addresses.chain(self.names.iter().map(Arg::text)).collect())
    }
}

/// The addresses of what serves a name: of the Ingress with it, else of the hub's own Service.
fn ends(context: &Context<'_>, hub: &Hub, tls: &Tls, host: &str) -> Result<Ends, Unknown> {
    let mut ends = Ends { addresses: BTreeSet::new(), names: BTreeSet::new() };
    let fronts = tls.fronts.iter().filter(|front| {
        front
            .hosts
            .iter()
            .any(|served| served.host.as_deref().is_none_or(|name| crate::derived::tls::covers(name, host)))
    });
    let mut is_behind_front = false;
    for front in fronts {
        is_behind_front = true;
        if let Some(ingress) =
            context.snapshot.ingresses.find(front.object.namespace.as_deref(), &front.object.name)
            && front.object.kind == Kind::Ingress
        {
            ingress.status.load_balancer.ingress.iter().for_each(|address| ends.add(address));
        }
    }
    if !is_behind_front && let Some(service) = entrance::public_service(context, hub)? {
        service.status.load_balancer.ingress.iter().for_each(|address| ends.add(address));
        ends.addresses.extend(service.spec.external_ips.iter().filter_map(|ip| ip.parse::<IpAddr>().ok()));
    }
    if ends.addresses.is_empty() && ends.names.is_empty() {
        let reason = Reason::new(
            "no-address",
            "What serves {host} shows no address in the cluster, so where the name should lead is not known",
        );
        return Err(reason.with("host", Arg::text(host)).into());
    }
    Ok(ends)
}

fn of_name(context: &Context<'_>, hub: &Hub, tls: &Tls, connection: &Connection<'_>) -> Judgement {
    let dns = &connection.sight.dns;
    let host = Arg::text(connection.host);
    let fault = |reason: Reason, found: &str| {
        let fact = connection.evidence(tls, "addresses of the name", Arg::word(found));
        Ok(Outcome::fail(reason.with("host", host.clone()))
            .because(fact.wanted(Arg::word("the hub's address"))))
    };
    match dns.fault {
        Some(DnsFault::NoSuchName) => {
            return fault(Reason::new("no-such-name", "The name {host} does not exist"), "none");
        }
        Some(DnsFault::NoAddress) => {
            return fault(Reason::new("name-without-address", "The name {host} has no address"), "none");
        }
        Some(DnsFault::NoAnswer) if !(dns.addresses.is_empty() && dns.withheld.is_empty()) => {
            let reason = Reason::new(
                "partly-resolved",
                "Not all addresses of {host} are known: DNS answered for those of one kind, IPv4 or IPv6, and not for the other",
            );
            return Err(reason.with("host", host).into());
        }
        Some(DnsFault::NoAnswer) => {
            let reason = Reason::new(
                "not-resolved",
                "The name {host} could not be resolved, so where it leads is not known",
            );
            return Err(reason.with("host", host).into());
        }
        None => {}
    }
    let ends = ends(context, hub, tls, connection.host)?;
    let outcome = match compare(dns, &ends)? {
        elsewhere if elsewhere.verdict == Verdict::Fail && presents_own(context, hub, connection) => {
            Outcome::warn(Reason::new(
                "elsewhere-with-its-certificate",
                "{host} leads to another address than the hub's, which presents the hub's certificate: something in between may lead on to it",
            ))
        }
        outcome => outcome,
    };
    let known = dns.addresses.iter().map(|address| Arg::text(address.to_string()));
    let withheld = dns.withheld.iter().map(|class| Arg::word(class.to_string()));
    let found = Arg::List(known.chain(withheld).collect());
    let fact = connection.evidence(tls, "addresses of the name", found).wanted(ends.wanted());
    let reason = outcome.reason.clone().with("host", host);
    Ok(Outcome { reason, ..outcome }.because(fact))
}

/// Whether a connection showed a certificate that is kept for the hub.
fn presents_own(context: &Context<'_>, hub: &Hub, connection: &Connection<'_>) -> bool {
    let mut served =
        certificates::of_hub(context, hub).into_iter().flat_map(|certificate| &certificate.served);
    served.any(|served| {
        served.is_same == Some(true) && served.host == connection.host && served.port == connection.port
    })
}

fn compare(dns: &DnsSight, ends: &Ends) -> Result<Outcome, Unknown> {
    let (found, aliases) = (&dns.addresses, &dns.aliases);
    if aliases.iter().any(|alias| ends.names.contains(alias.trim_end_matches('.'))) {
        return Ok(Outcome::pass(Reason::new("alias", "{host} is an alias of the load balancer's name")));
    }
    let own = found.iter().filter(|address| ends.addresses.contains(*address)).count();
    if own == found.len() && own > 0 && dns.withheld.is_empty() {
        if ends.addresses.iter().any(IpAddr::is_ipv6) && !found.iter().any(IpAddr::is_ipv6) {
            return Ok(Outcome::warn(Reason::new(
                "no-ipv6",
                "{host} leads to the hub over IPv4 only, although the hub has an IPv6 address",
            )));
        }
        return Ok(Outcome::pass(Reason::new("leads-here", "{host} leads to the hub")));
    }
    if own > 0 {
        return Ok(Outcome::warn(Reason::new(
            "partly",
            "{host} leads to the hub with some of its addresses, and elsewhere with others",
        )));
    }
    let is_inner = |class: &AddressClass| matches!(class, AddressClass::Private | AddressClass::LinkLocal);
    if found.iter().any(is_private) || dns.withheld.iter().any(is_inner) {
        return Err(Reason::new(
            "asked-from-inside",
            "{host} leads to a private address where it was asked, as names do inside a network; where it leads outside cannot be told",
        )
        .into());
    }
    if !ends.names.is_empty() {
        return Err(Reason::new(
            "balancer-has-a-name",
            "Whether {host} leads to the load balancer cannot be told: that has a name with changing addresses, and an alias record shows no name",
        )
        .into());
    }
    if ends.addresses.iter().all(is_private) {
        return Err(Reason::new(
            "private-address",
            "Whether {host} leads to the hub cannot be told: the hub's address is a private one, and what translates to it is not visible",
        )
        .into());
    }
    if dns.withheld.is_empty() && found.iter().all(is_of_proxy)
        || aliases.iter().any(|alias| is_name_of_proxy(alias))
    {
        return Ok(Outcome::warn(Reason::new(
            "behind-a-proxy",
            "{host} leads to a content network, which may lead on to the hub",
        )));
    }
    Ok(Outcome::fail(Reason::new("elsewhere", "{host} leads to another address than the hub's")))
}

/// Whether an alias is a name of a content network.
fn is_name_of_proxy(alias: &str) -> bool {
    const DOMAINS: [&str; 9] = [
        "akamaiedge.net",
        "azureedge.net",
        "azurefd.net",
        "cdn.cloudflare.net",
        "cloudfront.net",
        "edgekey.net",
        "edgesuite.net",
        "fastly.net",
        "impervadns.net",
    ];
    let alias = alias.trim_end_matches('.');
    DOMAINS.iter().any(|domain| alias.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')))
}

/// Networks of large content networks, as they publish them; those of Cloudflare have not changed in years.
const PROXIES: &[([u8; 4], u32)] = &[
    ([173, 245, 48, 0], 20),
    ([103, 21, 244, 0], 22),
    ([103, 22, 200, 0], 22),
    ([103, 31, 4, 0], 22),
    ([141, 101, 64, 0], 18),
    ([108, 162, 192, 0], 18),
    ([190, 93, 240, 0], 20),
    ([188, 114, 96, 0], 20),
    ([197, 234, 240, 0], 22),
    ([198, 41, 128, 0], 17),
    ([162, 158, 0, 0], 15),
    ([104, 16, 0, 0], 13),
    ([104, 24, 0, 0], 14),
    ([172, 64, 0, 0], 13),
    ([131, 0, 72, 0], 22),
    // Fastly.
    ([151, 101, 0, 0], 16),
    ([199, 232, 0, 0], 16),
];

/// The same for IPv6.
const PROXIES_SIX: &[[u16; 2]] = &[
    [0x2400, 0xcb00],
    [0x2606, 0x4700],
    [0x2803, 0xf800],
    [0x2405, 0xb500],
    [0x2405, 0x8100],
    [0x2a04, 0x4e42],
];

fn is_of_proxy(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let bits = u32::from(*address);
            PROXIES
                .iter()
                .any(|(network, length)| (bits ^ u32::from_be_bytes(*network)) >> (32 - length) == 0)
        }
        IpAddr::V6(address) => {
            let [first, second, ..] = address.segments();
            PROXIES_SIX.contains(&[first, second]) || (first == 0x2a06 && second & 0xfff8 == 0x98c0)
        }
    }
}
