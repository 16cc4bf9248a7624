//! Flags rules that name the cluster address of a Service, which most network plug-ins never see.

use std::net::IpAddr;

use crate::check::policies::{KUBERNETES, SHOW, egress_rules, ingress_rules, object_of};
use crate::check::{Check, Context, Evidence, Judge, Judgement, Outcome, Severity, Topic, Verdict};
use crate::facts::NetworkPolicy;
use crate::facts::network::PolicyPeer;
use crate::fix::Fix;
use crate::gap::Gap;
use crate::hub::Hub;
use crate::kind::Kind;
use crate::network::{parse_address, service_at};
use crate::object::ObjectRef;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "NET-18",
    name: "rule-for-service-address",
    title: "No rule names the cluster address of a Service",
    fault: "A rule names the cluster address of a Service, which most plug-ins never see",
    severity: Severity::Low,
    topic: Topic::NetworkPolicies,
    since: "0.1.0",
    why: "Most network plug-ins look at a packet after its Service address was replaced by that of a pod, so such a rule allows nothing. \
          What its author wanted is closed, or is open by another rule that they did not mean.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Unknown],
    needs: &[Kind::Pod, Kind::NetworkPolicy, Kind::Service],
    fixes: &[Fix::advice(
        "Name the pods behind the Service by their labels, or the addresses of its endpoints where it leads out of the cluster.",
    )],
    kubectl: SHOW,
    references: &[KUBERNETES],
    mappings: &[],
    judge: Judge::Hub(judge),
};

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    let policies = &context.snapshot.network_policies;
    let namespaces = hub.namespaces();
    let seen = namespaces.iter().flat_map(|namespace| policies.present_in(namespace));
    let single: Vec<(Evidence, IpAddr)> = seen.flat_map(|policy| single_addresses(policy)).collect();
    let found: Vec<(Evidence, ObjectRef)> = single
        .iter()
        .filter_map(|(fact, address)| {
            let service = service_at(context.snapshot, *address)?;
            let namespace = service.metadata.namespace.clone().unwrap_or_default();
            Some((fact.clone(), ObjectRef::namespaced(Kind::Service, namespace, &service.metadata.name)))
        })
        .collect();
    let Some((fact, service)) = found.first() else {
        for namespace in &namespaces {
            policies.complete_in(namespace)?;
        }
        // A hub's servers may be elsewhere, and so may be policies for them.
        context.derived.servers(hub)?;
        let hidden: Result<(), Gap> = context.snapshot.services.complete();
        if !single.is_empty() {
            hidden?;
        }
        return Ok(Outcome::pass(Reason::new("none", "No rule names the cluster address of a Service")));
    };
    let reason = Reason::new(
        "service-address",
        "{policy} names the cluster address of {service}, and most plug-ins never see it",
    )
    .with("policy", fact.object.clone())
    .with("service", service.clone());
    Ok(Outcome::warn(reason).because_all(found.iter().map(|(fact, _)| fact.clone())))
}

/// The blocks of a policy that are one address.
fn single_addresses(policy: &NetworkPolicy) -> Vec<(Evidence, IpAddr)> {
    let egress = egress_rules(policy).map(|(index, rule)| (format!("spec.egress[{index}].to"), &rule.to));
    let ingress =
        ingress_rules(policy).map(|(index, rule)| (format!("spec.ingress[{index}].from"), &rule.from));
    egress
        .chain(ingress)
        .flat_map(|(path, peers)| {
            peers.iter().enumerate().filter_map(move |(index, peer)| {
                let (cidr, address) = single(peer)?;
                Some((format!("{path}[{index}].ipBlock.cidr"), cidr, address))
            })
        })
        .map(|(path, cidr, address)| {
            let fact = Evidence::new(object_of(policy), path, Arg::text(cidr))
                .wanted(Arg::word("the pods behind the Service"));
            (fact, address)
        })
        .collect()
}

fn single(peer: &PolicyPeer) -> Option<(String, IpAddr)> {
    let cidr = &peer.ip_block.as_ref()?.cidr;
    let (text, prefix) = cidr.split_once('/')?;
    let address = parse_address(text)?;
    let is_single = prefix == if text.contains(':') { "128" } else { "32" };
    is_single.then(|| (cidr.clone(), address))
}
