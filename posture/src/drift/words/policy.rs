//! Changes of network policies in words.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{came_and_went, last_field, plain};
use crate::drift::diff::Difference;
use crate::object::ObjectRef;
use crate::record::Record;
use crate::text::{Arg, Reason};

/// What a difference in a policy means.
pub(super) fn field(object: &ObjectRef, difference: &Difference) -> Option<Reason> {
    let reason = match last_field(difference) {
        "egress" => came_and_went(
            &gathered(difference, "to"),
            ["egress-changed", "egress-allowed", "egress-withdrawn"],
            [
                "{object} now allows egress to {after}, and no longer to {before}",
                "{object} now allows egress to {after}",
                "{object} no longer allows egress to {before}",
            ],
            plain,
        ),
        "ingress" => came_and_went(
            &gathered(difference, "from"),
            ["ingress-changed", "ingress-allowed", "ingress-withdrawn"],
            [
                "{object} now allows ingress from {after}, and no longer from {before}",
                "{object} now allows ingress from {after}",
                "{object} no longer allows ingress from {before}",
            ],
            plain,
        ),
        "policyTypes" => came_and_went(
            difference,
            ["isolation-changed", "isolates", "isolates-no-longer"],
            [
                "{object} now restricts {after}, and no longer {before}",
                "{object} now restricts {after}: what no rule allows is cut off",
                "{object} no longer restricts {before}: everything is let through in that direction",
            ],
            |direction| plain(direction).to_lowercase(),
        ),
        _ => return None,
    };
    Some(reason.with("object", object.clone()))
}

/// A policy that came or went, and what it restricts.
pub(super) fn whole(record: &Record, is_added: bool) -> Option<Reason> {
    let spec = record.body.get("spec")?;
    let pods = spec.get("podSelector").map_or_else(|| "all pods".to_owned(), pods);
    let reason = if is_added {
        Reason::new("policy-added", "{object} is new: it restricts {pods}")
    } else {
        Reason::new("policy-removed", "{object} is gone: it restricts {pods} no more")
    };
    Some(reason.with("pods", Arg::text(pods)))
}

/// Single openings put together again, in words: whom they let through, on which ports.
fn gathered(difference: &Difference, peers: &str) -> Difference {
    let gather = |openings: &Value| -> Value {
        let mut ports: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for opening in openings.as_array().into_iter().flatten() {
            let one = |field: &str| opening.get(field).and_then(|items| items.get(0));
            let whom = one(peers).map_or_else(|| "anywhere".to_owned(), peer);
            ports.entry(whom).or_default().insert(one("ports").map_or_else(|| "every port".to_owned(), port));
        }
        let mut whom: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (peer, ports) in ports {
            whom.entry(ports.into_iter().collect::<Vec<_>>().join(", ")).or_default().push(peer);
        }
        whom.into_iter().map(|(ports, peers)| format!("{} on {ports}", peers.join(" or "))).collect()
    };
    Difference {
        before: difference.before.as_ref().map(gather),
        after: difference.after.as_ref().map(gather),
        ..difference.clone()
    }
}

fn peer(peer: &Value) -> String {
    if let Some(block) = peer.get("ipBlock") {
        let cidr = block.get("cidr").map(plain).unwrap_or_default();
        return match block.get("except").map(plain) {
            Some(except) => format!("{cidr} except {except}"),
            None => cidr,
        };
    }
    match (peer.get("podSelector"), peer.get("namespaceSelector")) {
        (Some(selector), None) => pods(selector),
        (None, Some(namespaces)) => format!("all pods in {}", in_namespaces(namespaces)),
        (Some(selector), Some(namespaces)) => format!("{} in {}", pods(selector), in_namespaces(namespaces)),
        (None, None) => "nobody".to_owned(),
    }
}

fn pods(selector: &Value) -> String {
    match selector_in_words(selector) {
        Some(labels) => format!("pods with {labels}"),
        None => "all pods".to_owned(),
    }
}

fn in_namespaces(selector: &Value) -> String {
    match selector_in_words(selector) {
        Some(labels) => format!("namespaces with {labels}"),
        None => "all namespaces".to_owned(),
    }
}

/// The labels that a selector asks for; `None` for one that selects everything.
fn selector_in_words(selector: &Value) -> Option<String> {
    let labels = selector.get("matchLabels").and_then(Value::as_object).into_iter().flatten();
    let mut words: Vec<_> = labels.map(|(key, value)| format!("{key}={}", plain(value))).collect();
    let expressions = selector.get("matchExpressions").and_then(Value::as_array).into_iter().flatten();
    words.extend(expressions.map(|expression| {
        let text = |field: &str| expression.get(field).map(plain).unwrap_or_default();
        match text("operator").as_str() {
            "Exists" => text("key"),
            "DoesNotExist" => format!("no {}", text("key")),
            "NotIn" => format!("{} not in ({})", text("key"), text("values")),
            _ => format!("{} in ({})", text("key"), text("values")),
        }
    }));
    (!words.is_empty()).then(|| words.join(", "))
}

fn port(port: &Value) -> String {
    let protocol = port.get("protocol").and_then(Value::as_str).unwrap_or("TCP");
    let protocol = if protocol == "TCP" { String::new() } else { format!("{protocol} ") };
    match (port.get("port").map(plain), port.get("endPort").map(plain)) {
        (Some(first), Some(last)) => format!("{protocol}ports {first} to {last}"),
        (Some(port), None) => format!("{protocol}port {port}"),
        (None, _) => format!("every {protocol}port"),
    }
}
