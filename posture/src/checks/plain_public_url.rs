//! Flags hubs with HTTPS that tell user servers an address with http.

use std::collections::BTreeMap;

use crate::check::{
    Check, Context, Evidence, Judge, Judgement, Outcome, Reference, Severity, Topic, Verdict,
};
use crate::derived::TlsMode;
use crate::entrance;
use crate::facts::Leaf;
use crate::fix::Fix;
use crate::hub::Hub;
use crate::kind::Kind;
use crate::object::ObjectRef;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "TLS-17",
    name: "plain-public-url",
    title: "The hub knows itself by an address with https",
    fault: "The hub tells its servers an address with http",
    severity: Severity::Low,
    topic: Topic::Https,
    since: "0.1.0",
    why: "Links and redirects that are made from such an address lead people back to plain HTTP.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Unknown, Verdict::NotApplicable],
    needs: &[Kind::Service, Kind::Pod, Kind::Ingress, Kind::HttpRoute, Kind::Gateway],
    fixes: &[Fix::from(
        4,
        0,
        "Set `hub.config.JupyterHub.public_url` to the address with https, and the `oauth_callback_url` of the authenticator too, then \
         restart user servers.",
    )],
    kubectl: &[
        "kubectl",
        "--namespace",
        "<namespace>",
        "describe",
        "pods",
        "--selector",
        "component=singleuser-server",
    ],
    references: &[Reference {
        title: "JupyterHub: Web security",
        url: "https://jupyterhub.readthedocs.io/en/stable/explanation/websecurity.html",
    }],
    mappings: &[],
    judge: Judge::Hub(judge),
};

const VARIABLE: &str = "JUPYTERHUB_PUBLIC_URL";

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    let tls = context.derived.tls(hub)?;
    if tls.mode == TlsMode::None {
        return Ok(Outcome::not_applicable(Reason::new(
            "no-https",
            "There is no HTTPS that the address could name",
        )));
    }
    let mut plain = Vec::new();
    let mut schemes: BTreeMap<&str, usize> = BTreeMap::new();
    for class in &hub.user_classes {
        let container = class.spec.containers.iter().find_map(|container| container.env_var(VARIABLE));
        let scheme = match container.and_then(|variable| variable.value.as_ref()) {
            Some(Leaf::Plain(url)) => url.split("://").next().unwrap_or_default(),
            Some(Leaf::Dropped { .. }) | None => "",
        };
        if scheme == "http" {
            let object = ObjectRef::namespaced(Kind::Pod, &class.namespace, class.display_name());
            let evidence = Evidence::new(object, format!("env[{VARIABLE}]"), Arg::word("http://…"));
            plain.push(evidence.wanted(Arg::word("https://…")).count(class.pods.len()));
        }
        *schemes.entry(scheme).or_default() += class.pods.len();
    }
    if tls.mode == TlsMode::UnseenEdge && entrance::attested_edge(context, hub).is_none() {
        let reason = Reason::new(
            "unseen-edge",
            "Whether people reach the hub over HTTPS is not visible, so neither is what its address should be",
        );
        return Err(reason.into());
    }
    if !plain.is_empty() {
        let reason = Reason::new(
            "plain",
            "User servers are told that the hub's address begins with http, although it is served over HTTPS",
        );
        return Ok(Outcome::warn(reason).because_all(plain));
    }
    let servers = context.derived.servers(hub)?;
    if servers.is_empty() {
        return Err(Reason::new(
            "no-servers",
            "No user server was observed, and only they show the hub's address",
        )
        .into());
    }
    if schemes.keys().all(|scheme| *scheme == "https") {
        let object = ObjectRef::namespaced(Kind::Pod, &servers[0].namespace, servers[0].display_name());
        let reason = Reason::new("https", "User servers are told that the hub's address begins with https");
        return Ok(Outcome::pass(reason).because(Evidence::new(
            object,
            format!("env[{VARIABLE}]"),
            Arg::word("https://…"),
        )));
    }
    Err(Reason::new(
        "not-set",
        "The hub was given no public address; the address that the authenticator uses stands in a Secret, which Perijove does not read",
    )
    .into())
}
