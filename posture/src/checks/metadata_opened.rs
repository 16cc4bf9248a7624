//! Flags settings and egress rules that open the cloud's metadata server to user servers on purpose.

use crate::check::policies::{egress_policies, opens_tcp};
use crate::check::servers::label_sets;
use crate::check::{
    Check, Context, Evidence, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict,
};
use crate::derived::Cloud;
use crate::facts::NetworkPolicy;
use crate::facts::network::{PolicyPeer, PolicyRule};
use crate::fix::egress::{METADATA, all_but};
use crate::fix::{Fix, FixValue};
use crate::gap::Unknown;
use crate::hub::Hub;
use crate::kind::Kind;
use crate::object::ObjectRef;
use crate::text::{Arg, Reason};

/// What charts 0.10 to 1.2 let user servers reach: every IPv4 address but the metadata server's.
const ALL_BUT_METADATA: FixValue = FixValue::Map(&[("to", all_but!("0.0.0.0/0", METADATA))]);

pub(super) const CHECK: Check = Check {
    code: "MET-04",
    name: "metadata-opened",
    title: "The configuration does not open the metadata server to user servers",
    fault: "The configuration opens the metadata server to user servers",
    severity: Severity::High,
    topic: Topic::CloudMetadata,
    since: "0.1.0",
    why: "A setting or an egress rule lets every user ask the metadata server for the credentials of the node. What user code needs from \
          the cloud is better given by an identity of its own.",
    verdicts: &[Verdict::Pass, Verdict::Fail, Verdict::Unknown],
    needs: &[Kind::ConfigMap, Kind::NetworkPolicy, Kind::Node, Kind::Pod],
    fixes: &[
        Fix::before(
            0,
            10,
            "Close the metadata server again: in this chart `enabled` opens it. An egress rule of your own for its address has to go \
             too. Then restart the user servers.",
        )
        .values(&[("singleuser.cloudMetadata.enabled", FixValue::Bool(false))]),
        Fix {
            to: Some((2, 0)),
            ..Fix::from(
                0,
                10,
                "Take the rule for the metadata server out of `singleuser.networkPolicy.egress`, or out of the policy of your own \
                 that holds it. These lines are the chart's own list; add what else yours has to open.",
            )
            .values(&[("singleuser.networkPolicy.egress", FixValue::List(&[ALL_BUT_METADATA]))])
        },
        Fix::from(
            2,
            0,
            "Turn the rule for the metadata server off, and take it out of `singleuser.networkPolicy.egress` or of the policy of your \
             own that holds it.",
        )
        .values(&[("singleuser.networkPolicy.egressAllowRules.cloudMetadataServer", FixValue::Bool(false))]),
    ],
    kubectl: &["kubectl", "--namespace", "<opener-namespace>", "get", "<opener>", "--output", "yaml"],
    references: &[
        Reference {
            title: "Zero to JupyterHub: Security, cloud metadata server",
            url: "https://z2jh.jupyter.org/en/stable/administrator/security.html",
        },
        Reference {
            title: "Zero to JupyterHub: Configuration reference",
            url: "https://z2jh.jupyter.org/en/stable/resources/reference.html",
        },
    ],
    mappings: &[Mapping::Nsa("Network separation and hardening")],
    judge: Judge::Hub(judge),
};

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    let setting = opened_by_setting(context, hub);
    let rules = opened_by_rules(context, hub);
    let proven = [&setting, &rules].into_iter().filter_map(|part| part.as_ref().ok()).flatten();
    let mut evidence: Vec<Evidence> = Vec::new();
    for fact in proven {
        if !evidence.contains(fact) {
            evidence.push(fact.clone());
        }
    }
    if evidence.is_empty() {
        setting?;
        rules?;
        let reason = Reason::new(
            "closed",
            "No setting that can be read opens the metadata server to user servers, nor does an egress rule for its address alone; wider rules are judged by MET-01",
        );
        return Ok(Outcome::pass(reason)
            .slot("opener", "networkpolicies")
            .slot("opener-namespace", &hub.key.namespace));
    }
    let opener = evidence[0].object.clone();
    let reason = Reason::new("opened", "{object} opens the metadata server to user servers on purpose")
        .with("object", opener.clone());
    Ok(Outcome::fail(reason)
        .because_all(evidence)
        .slot("opener", opener.kubectl_name())
        .slot("opener-namespace", opener.namespace.unwrap_or_default()))
}

/// Charts before 0.10 keep the setting where it can be read; later ones keep it in a Secret, and show it by what they render.
fn opened_by_setting(context: &Context<'_>, hub: &Hub) -> Result<Vec<Evidence>, Unknown> {
    let chart = hub.chart.as_ref().map_err(Clone::clone)?;
    if chart.is_at_least(0, 10) {
        return Ok(Vec::new());
    }
    let namespace = &hub.key.namespace;
    let unclear = || {
        Reason::new(
            "setting-hidden",
            "The hub's ConfigMap does not show `singleuser.cloudMetadata`; look at the chart's values",
        )
    };
    let name = hub.config_map.as_deref().ok_or_else(unclear)?;
    let config_map = context.snapshot.config_map(namespace, name)?.ok_or_else(unclear)?;
    let has = |key: &str| config_map.data.as_ref().is_some_and(|data| data.contains_key(key));
    let (key, path): (_, &[&str]) = if has("values.yaml") {
        ("values.yaml", &["singleuser", "cloudMetadata", "enabled"])
    } else if has("singleuser.cloud-metadata") {
        ("singleuser.cloud-metadata", &["enabled"])
    } else if !chart.is_at_least(0, 6) {
        // Version 0.5 has no block that could be opened.
        return Ok(Vec::new());
    } else {
        return Err(unclear().into());
    };
    if config_map.parsed(key, &[]).is_none() {
        return Err(unclear().into());
    }
    let is_opened = config_map.parsed(key, path).and_then(serde_json::Value::as_bool) == Some(true);
    let object = ObjectRef::namespaced(Kind::ConfigMap, namespace, name);
    let path = format!("data[{key}] {}", path.join("."));
    let evidence = || Evidence::new(object, path, Arg::word("true")).wanted(Arg::word("false"));
    Ok(is_opened.then(evidence).into_iter().collect())
}

/// Egress rules for the address of the metadata server and nothing else. The chart's own rule for DNS at that address is not one.
fn opened_by_rules(context: &Context<'_>, hub: &Hub) -> Result<Vec<Evidence>, Unknown> {
    let sets = label_sets(hub);
    let mut evidence = Vec::new();
    let mut open_question = None;
    for (namespace, labels) in &sets {
        for (policy, is_certain) in egress_policies(context, hub, namespace, labels) {
            match opening(context, policy) {
                Ok(Some(found)) if is_certain => evidence.push(found),
                Ok(Some(found)) => open_question = Some(whom(&found.object).into()),
                Ok(None) => {}
                Err(unknown) => open_question = Some(unknown),
            }
        }
    }
    if !evidence.is_empty() {
        return Ok(evidence);
    }
    open_question.map_or(Ok(()), Err)?;
    for (namespace, _) in &sets {
        context.snapshot.network_policies.complete_in(namespace)?;
    }
    context.derived.servers(hub)?;
    Ok(evidence)
}

fn whom(policy: &ObjectRef) -> Reason {
    Reason::new(
        "selects-unseen",
        "{policy} opens the metadata server, and whether it selects user servers cannot be seen while none runs",
    )
    .with("policy", policy.clone())
}

fn opening(context: &Context<'_>, policy: &NetworkPolicy) -> Result<Option<Evidence>, Unknown> {
    let rules = policy.spec.egress.iter().flatten().enumerate();
    for (index, rule) in rules.filter(|(_, rule)| opens_tcp(rule, 80)) {
        if let Some((peer, cidr)) = metadata_peer(context, rule)? {
            let namespace = policy.metadata.namespace.as_deref().unwrap_or_default();
            let object = ObjectRef::namespaced(Kind::NetworkPolicy, namespace, &policy.metadata.name);
            let path = format!("spec.egress[{index}].to[{peer}].ipBlock.cidr");
            return Ok(Some(Evidence::new(object, path, Arg::text(cidr)).wanted(Arg::word("no such rule"))));
        }
    }
    Ok(None)
}

/// The peer that is exactly the metadata server. On most clouds the address of Alibaba's is an ordinary one.
fn metadata_peer<'a>(
    context: &Context<'_>,
    rule: &'a PolicyRule,
) -> Result<Option<(usize, &'a str)>, Unknown> {
    let cidr = |peer: &'a PolicyPeer| peer.ip_block.as_ref().map(|block| block.cidr.as_str());
    for (index, cidr) in rule.to.iter().enumerate().filter_map(|(index, peer)| Some((index, cidr(peer)?))) {
        let is_metadata = match cidr.strip_suffix("/32") {
            Some(address) if address == Cloud::Other.metadata_address() => true,
            Some(address) if address == Cloud::Alibaba.metadata_address() => {
                context.derived.clouds.as_ref().map_err(Clone::clone)?.seen.contains_key(&Cloud::Alibaba)
            }
            _ => false,
        };
        if is_metadata {
            return Ok(Some((index, cidr)));
        }
    }
    Ok(None)
}
