//! Names the hosts whose DNS records must lead to the hub; only a look-up can say whether they do.

use std::collections::BTreeSet;

use crate::check::{
    Check, Context, Evidence, Judge, Judgement, Outcome, Reference, Severity, Topic, Verdict,
};
use crate::derived::TlsMode;
use crate::entrance;
use crate::fix::Fix;
use crate::hub::Hub;
use crate::kind::Kind;
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
    verdicts: &[Verdict::Unknown],
    needs: &[Kind::Service, Kind::ConfigMap, Kind::Ingress, Kind::HttpRoute],
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
    let mut evidence = Vec::new();
    let mut hosts = BTreeSet::new();
    if tls.mode == TlsMode::LetsEncrypt
        && let Ok(file) = entrance::dynamic_file(context, hub)
    {
        hosts.extend(entrance::hosts(&file));
        let found = hosts.iter().map(Arg::text).collect();
        evidence.push(file.evidence("http.routers.*.tls.domains", Arg::List(found)));
    }
    for front in &tls.fronts {
        let names: Vec<String> = front.hosts.iter().filter_map(|host| host.host.clone()).collect();
        let found = names.iter().map(Arg::text).collect();
        evidence.push(Evidence::new(
            front.object.clone(),
            if front.object.kind == Kind::Ingress { "spec.rules[*].host" } else { "spec.hostnames" },
            Arg::List(found),
        ));
        hosts.extend(names);
    }
    if let Some(service) = entrance::public_service(context, hub)? {
        const KEY: &str = "external-dns.alpha.kubernetes.io/hostname";
        if let Some(names) = service.metadata.annotation(KEY) {
            let path = format!("metadata.annotations[{KEY}]");
            evidence.push(Evidence::new(entrance::object(service), path, Arg::text(names)));
            hosts.extend(names.split(',').map(|name| name.trim().to_owned()));
        }
        evidence.push(entrance::addresses_seen(service));
    }
    let reason = if hosts.is_empty() {
        Reason::new(
            "no-host",
            "The names of the hub are not visible; with its name, a DNS look-up would settle where it leads",
        )
    } else {
        Reason::new("not-looked-up", "Perijove looks up no names; a DNS look-up of {hosts}, compared with the hub's address, would settle it")
            .with("hosts", Arg::List(hosts.into_iter().map(Arg::Text).collect()))
    };
    Ok(Outcome::unknown(reason).because_all(evidence))
}
