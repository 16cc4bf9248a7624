//! Flags user servers that the network lets reach the Kubernetes API.

use std::net::IpAddr;

use crate::check::servers::{evidence_of, judge_servers};
use crate::check::{
    Check, Context, Evidence, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict,
    gap_reason,
};
use crate::derived::token::token_mounts;
use crate::facts::Service;
use crate::fix::egress::{METADATA, PRIVATE_10, PRIVATE_172, PRIVATE_192, all_but};
use crate::fix::{Fix, FixValue};
use crate::gap::Unknown;
use crate::hub::{Hub, UserClass};
use crate::kind::Kind;
use crate::network::{self, Answer, Basis, Enforced, Point, Protocol, parse_address};
use crate::object::ObjectRef;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "API-04",
    name: "api-reachable",
    title: "The network keeps user servers from the Kubernetes API",
    fault: "The network lets user servers reach the Kubernetes API",
    severity: Severity::High,
    topic: Topic::ApiAccess,
    since: "0.1.0",
    why: "A notebook needs the Kubernetes API for nothing. Without a token it gets little there; the closed path is what still holds on the \
          day when somebody mounts one, or the API server has a hole.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Unknown],
    needs: &[
        Kind::Pod,
        Kind::Node,
        Kind::Namespace,
        Kind::Service,
        Kind::Endpoints,
        Kind::EndpointSlice,
        Kind::DaemonSet,
        Kind::ConfigMap,
        Kind::NetworkPolicy,
        Kind::CiliumNetworkPolicy,
        Kind::CiliumClusterwideNetworkPolicy,
        Kind::CalicoNetworkPolicy,
        Kind::CalicoGlobalNetworkPolicy,
        Kind::AdminNetworkPolicy,
        Kind::BaselineAdminNetworkPolicy,
    ],
    fixes: &[
        Fix::advice("Install a network plug-in that enforces policies: those that are there are without effect.").case("not-enforced"),
        Fix::advice("Make sure that policies are enforced; until then the path counts as open.").case("likely"),
        Fix::before(2, 0, "Turn the chart's policies on, with every address of the API server taken out of what user servers may reach.")
            .values(&[
                ("singleuser.networkPolicy.enabled", FixValue::Bool(true)),
                ("singleuser.networkPolicy.egress", OLD_EGRESS),
            ]),
        Fix::from(
            2,
            0,
            "Turn the chart's policies on, and replace its rule for public addresses by one that takes out every address of the API server.",
        )
        .values(&[
            ("singleuser.networkPolicy.enabled", FixValue::Bool(true)),
            ("singleuser.networkPolicy.egressAllowRules.nonPrivateIPs", FixValue::Bool(false)),
            ("singleuser.networkPolicy.egress", EGRESS),
        ]),
    ],
    kubectl: &["kubectl", "--namespace", "default", "get", "services,endpointslices", "--output", "wide"],
    references: &[
        Reference {
            title: "Zero to JupyterHub: Security, Kubernetes Network Policies",
            url: "https://z2jh.jupyter.org/en/stable/administrator/security.html",
        },
        Reference {
            title: "Kubernetes: Network Policies",
            url: "https://kubernetes.io/docs/concepts/services-networking/network-policies/",
        },
    ],
    mappings: &[Mapping::Cis("5.3.2"), Mapping::Nsa("Network separation and hardening")],
    judge: Judge::AnyHub(judge),
};

const ENDPOINT: FixValue = FixValue::Slot("endpoint-block");

/// Everything but the metadata server and the API server.
const OLD_EGRESS: FixValue = FixValue::List(&[FixValue::Map(&[(
    "to",
    all_but!("0.0.0.0/0", METADATA, FixValue::Slot("cluster-block"), ENDPOINT),
)])]);

/// The public addresses but those of the API server.
const EGRESS: FixValue = FixValue::List(&[FixValue::Map(&[(
    "to",
    all_but!("0.0.0.0/0", PRIVATE_10, PRIVATE_172, PRIVATE_192, METADATA, ENDPOINT),
)])]);

/// A path to the API server, as far as policies decide it.
struct Path {
    address: IpAddr,
    port: u16,
    answer: Answer,
    enforced: Enforced,
}

/// The Service of the API server.
fn service<'a>(context: &Context<'a>) -> Result<&'a Service, Unknown> {
    let service = context.snapshot.services.get(Some("default"), "kubernetes")?;
    let missing = || {
        Reason::new(
            "no-service",
            "Service default/kubernetes does not exist, so the API server's addresses are not known",
        )
    };
    service.map(|service| &**service).ok_or_else(|| missing().into())
}

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    judge_servers(context, hub, |class| judge_class(context, hub, class))
}

fn judge_class(context: &Context<'_>, hub: &Hub, class: &UserClass) -> Judgement {
    let service = service(context)?;
    let (network, snapshot) = (&context.derived.network, context.snapshot);
    let port = service.spec.ports.first().map_or(443, |port| port.port);
    let backends = network.backends(snapshot, service, Protocol::Tcp, port)?;
    let froms = network.pods(&class.pods);
    let ask = |to: &Point, address: IpAddr, port: u16| -> Vec<Path> {
        let path = |from: &Point| {
            let answer = network.answer(from, to, Protocol::Tcp, port);
            let enforced = answer.as_enforced(context.derived.enforcement_for(hub));
            Path { address, port, answer, enforced }
        };
        froms.iter().map(path).collect()
    };
    // Plug-ins see what a Service's address was rewritten to, so that the endpoints decide.
    let ends: Vec<_> = backends.iter().flat_map(|to| ask(&to.point, to.address, to.port)).collect();
    let addresses = service.spec.cluster_ip.iter().chain(&service.spec.cluster_ips);
    let addresses = addresses.filter_map(|text| parse_address(text));
    let fronts: Vec<_> = addresses.flat_map(|at| ask(&network.point_at(at), at, port)).collect();
    let is_open = |path: &&Path| path.enforced.verdict == network::Verdict::Allowed;
    if let Some(path) = ends.iter().find(is_open) {
        let blocks = [
            ("endpoint-block", Some(path.address)),
            ("cluster-block", fronts.first().map(|path| path.address)),
        ];
        let outcome = blocks
            .into_iter()
            .filter(|(_, address)| address.is_some_and(|address| address.is_ipv4()))
            .fold(open(context, hub, class, path), |outcome, (slot, address)| {
                outcome.slot(slot, address.map_or_else(String::new, |address| format!("{address}/32")))
            });
        return Ok(outcome);
    }
    if ends.is_empty() {
        let reason = Reason::new(
            "no-endpoint",
            "Service default/kubernetes has no endpoint, so the API server's addresses are not known",
        );
        return Ok(Outcome::unknown(reason));
    }
    if let Some(path) = ends.iter().find(|path| path.enforced.verdict != network::Verdict::Denied) {
        return Err(unclear(context, hub, path));
    }
    snapshot.endpoint_slices.complete_in("default")?;
    if let Some(path) = fronts.iter().find(|path| path.enforced.verdict != network::Verdict::Denied) {
        let reason = Reason::new(
            "before-or-after",
            "Policies close the way to the API server's endpoints and not to its Service at {address}: which of them the network plug-in \
             sees is not known",
        );
        return Ok(Outcome::unknown(reason.with("address", Arg::text(path.address.to_string()))));
    }
    let closers = ends.iter().flat_map(|path| &path.answer.egress.isolated_by);
    let facts =
        closers.map(|policy| Evidence::new(policy.clone(), "spec.egress", Arg::word("no rule allows it")));
    let mut facts: Vec<_> = facts.collect();
    facts.dedup();
    let is_likely = |path: &Path| path.enforced.basis == Basis::Likely;
    if ends.iter().chain(&fronts).any(is_likely) {
        let reason = Reason::new(
            "likely",
            "Policies keep user servers from the Kubernetes API, and it is likely but not certain that they are enforced",
        );
        let outcome = Outcome::warn(reason).severity(Severity::Low).case("likely").because_all(facts);
        return Ok(outcome.because_all(context.derived.enforcement_for(hub).evidence.clone()));
    }
    let reason =
        Reason::new("closed", "Policies that are enforced keep user servers from the Kubernetes API");
    Ok(Outcome::pass(reason).because_all(facts))
}

fn open(context: &Context<'_>, hub: &Hub, class: &UserClass, path: &Path) -> Outcome {
    let at = format!("{}:{}", path.address, path.port);
    let reason = |id, template| Reason::new(id, template).with("at", Arg::text(&at));
    // A token with rights makes more of the path than a layer of defence.
    let rights = context.derived.rights.of_account(&class.namespace, class.spec.account());
    let has_rights = !token_mounts(&class.spec).is_empty() && rights.is_powerless() == Ok(false);
    let severity = if has_rights { Severity::High } else { Severity::Medium };
    let endpoint = ObjectRef::namespaced(Kind::Service, "default", "kubernetes");
    let endpoint = Evidence::new(endpoint, "endpoints", Arg::text(&at));
    if path.enforced.basis == Basis::NoPolicies && path.answer.verdict != network::Verdict::Allowed {
        let reason = reason(
            "not-enforced",
            "User servers reach the Kubernetes API at {at}: policies would close the way, and nothing enforces them",
        );
        let outcome = Outcome::warn(reason).severity(severity).case("not-enforced").because(endpoint);
        return outcome.because_all(context.derived.enforcement_for(hub).evidence.clone());
    }
    let rules: Vec<_> = path.answer.decided_by();
    let facts = rules.iter().map(|rule| {
        Evidence::new(rule.policy.clone(), rule.path(), Arg::word("allows it"))
            .wanted(Arg::word("the API server taken out"))
    });
    let outcome = match rules.first() {
        Some(rule) => Outcome::warn(
            reason("rule", "User servers reach the Kubernetes API at {at}: {policy} allows it")
                .with("policy", rule.policy.clone()),
        ),
        None => Outcome::warn(reason(
            "no-policy",
            "User servers reach the Kubernetes API at {at}: no policy restricts what they send",
        ))
        .because(evidence_of(class, "egress", Arg::word("no policy restricts it"))),
    };
    outcome.severity(severity).because_all(facts).because(endpoint)
}

/// Why it cannot be told whether a path is open.
fn unclear(context: &Context<'_>, hub: &Hub, path: &Path) -> Unknown {
    let at = Arg::text(format!("{}:{}", path.address, path.port));
    let why = match (path.answer.unknown.first(), path.answer.verdict) {
        (Some(Unknown::Gap(gap)), _) => gap_reason(gap).to_string(),
        (Some(Unknown::Reason(reason)), _) => reason.to_string(),
        (None, network::Verdict::CniDependent) => {
            "network plug-ins read its rules in different ways".to_owned()
        }
        (None, _) if let Some(weak) = &path.answer.weak => weak.to_string(),
        (None, _) => context.derived.enforcement_for(hub).reason.to_string(),
    };
    Reason::new("unclear", "Whether user servers reach the Kubernetes API at {at} cannot be told: {why}")
        .with("at", at)
        .with("why", Arg::text(why))
        .into()
}
