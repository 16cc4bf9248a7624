//! Changes in words: what a person sees first, with the fields behind it.

mod policy;
mod rbac;
mod workload;

use serde_json::Value;

use super::FieldChange;
use super::diff::{Difference, Step, path};
use crate::kind::Kind;
use crate::object::ObjectRef;
use crate::record::Record;
use crate::text::{Arg, Reason};

/// How many items a sentence names at most.
const MOST_NAMED: usize = 4;

/// How telling a difference is: the smaller, the earlier it is told.
pub(super) fn weight(kind: Kind, difference: &Difference) -> u8 {
    let last = last_field(difference);
    match (kind, last) {
        (Kind::NetworkPolicy, "ingress" | "egress")
        | (
            _,
            "rules" | "subjects" | "privileged" | "hostNetwork" | "hostPID" | "hostIPC"
            | "serviceAccountName",
        ) => 0,
        (_, "image" | "type" | "policyTypes") => 1,
        (_, key) if key.starts_with("checksum/") => 8,
        (_, "env") => 5,
        _ if is_label(difference) => 7,
        _ => 4,
    }
}

fn is_label(difference: &Difference) -> bool {
    difference.steps.iter().any(|step| matches!(step, Step::Field(field) if field == "labels"))
}

/// A difference with its sentence.
pub(super) fn field(object: &ObjectRef, difference: &Difference) -> FieldChange {
    let sentence = match object.kind {
        Kind::NetworkPolicy => policy::field(object, difference),
        Kind::Role | Kind::ClusterRole | Kind::RoleBinding | Kind::ClusterRoleBinding => {
            rbac::field(object, difference)
        }
        Kind::Service => service(object, difference),
        Kind::ConfigMap => config_map(object, difference),
        Kind::Namespace => namespace(object, difference),
        _ => workload::field(object, difference),
    };
    FieldChange {
        path: path(&difference.steps),
        before: single(difference.before.as_ref()),
        after: single(difference.after.as_ref()),
        sentence: sentence.unwrap_or_else(|| general(object, difference)),
    }
}

/// The one item of a list that has only one; other values as they are.
fn single(value: Option<&Value>) -> Option<Value> {
    match value? {
        Value::Array(items) if items.len() == 1 => items.first().cloned(),
        other => Some(other.clone()),
    }
}

/// That an object came or went, with what it does where that is the point of it.
pub(super) fn whole(record: &Record, is_added: bool) -> Reason {
    let object = Arg::from(record.object.clone());
    let told = match record.object.kind {
        Kind::NetworkPolicy => policy::whole(record, is_added),
        Kind::RoleBinding | Kind::ClusterRoleBinding => rbac::whole(record, is_added),
        _ => None,
    };
    told.unwrap_or_else(|| {
        if is_added {
            Reason::new("added", "{object} is new")
        } else {
            Reason::new("removed", "{object} is gone")
        }
    })
    .with("object", object)
}

/// That an object was deleted and made again under its name.
pub(super) fn replaced(object: &ObjectRef) -> Reason {
    let text = match object.kind {
        Kind::Namespace => {
            "{object} was replaced: it was deleted with everything in it, and made again under the same name"
        }
        _ => "{object} was replaced: it was deleted, and made again under the same name",
    };
    Reason::new("replaced", text).with("object", Arg::from(object.clone()))
}

fn service(object: &ObjectRef, difference: &Difference) -> Option<Reason> {
    let reason = match last_field(difference) {
        "type" => {
            let word = |value: &Option<Value>| Arg::text(value.as_ref().map_or("ClusterIP".into(), plain));
            Reason::new("service-type", "{object} is now of type {after}, and was {before}")
                .with("before", word(&difference.before))
                .with("after", word(&difference.after))
        }
        "ports" => came_and_went(
            difference,
            ["service-ports", "service-opens", "service-closes"],
            [
                "{object} now publishes {after}, and no longer {before}",
                "{object} now publishes {after}",
                "{object} no longer publishes {before}",
            ],
            service_port,
        ),
        "loadBalancerSourceRanges" => came_and_went(
            difference,
            ["service-ranges", "service-admits", "service-refuses"],
            [
                "The load balancer of {object} now admits {after}, and no longer {before}",
                "The load balancer of {object} now admits {after}",
                "The load balancer of {object} no longer admits {before}",
            ],
            plain,
        ),
        _ => return None,
    };
    Some(reason.with("object", object.clone()))
}

fn service_port(port: &Value) -> String {
    let number = port.get("port").map(plain).unwrap_or_default();
    let protocol = port.get("protocol").and_then(Value::as_str).map(|p| format!("{p} ")).unwrap_or_default();
    let target = port.get("targetPort").map(|target| format!(" (to {})", plain(target))).unwrap_or_default();
    format!("{protocol}port {number}{target}")
}

fn config_map(object: &ObjectRef, difference: &Difference) -> Option<Reason> {
    let [Step::Field(data), Step::Field(key), ..] = difference.steps.as_slice() else { return None };
    if data != "data" && data != "binaryData" {
        return None;
    }
    let reason = if difference.steps.len() > 2 {
        return None;
    } else if difference.before.is_none() {
        Reason::new("configuration-added", "{object} has a new entry {key}")
    } else if difference.after.is_none() {
        Reason::new("configuration-removed", "{object} no longer has the entry {key}")
    } else {
        Reason::new("configuration-changed", "The entry {key} of {object} has another content")
    };
    Some(reason.with("object", object.clone()).with("key", Arg::text(key.clone())))
}

fn namespace(object: &ObjectRef, difference: &Difference) -> Option<Reason> {
    let label = last_field(difference).strip_prefix("pod-security.kubernetes.io/")?;
    let value = |value: &Option<Value>| Arg::text(value.as_ref().map(plain).unwrap_or_default());
    let reason = match (&difference.before, &difference.after) {
        (_, None) => Reason::new(
            "pod-security-gone",
            "Pod Security no longer has {mode} set for {object}; it was {before}",
        ),
        (None, _) => {
            Reason::new("pod-security-set", "Pod Security now has {mode} set to {after} for {object}")
        }
        _ => Reason::new(
            "pod-security",
            "Pod Security now has {mode} set to {after} for {object}, and had {before}",
        ),
    };
    Some(
        reason
            .with("object", object.clone())
            .with("mode", Arg::text(label))
            .with("before", value(&difference.before))
            .with("after", value(&difference.after)),
    )
}

/// The sentence for what has none of its own.
fn general(object: &ObjectRef, difference: &Difference) -> Reason {
    let reason = if difference.is_set {
        came_and_went(
            difference,
            ["items-changed", "items-added", "items-removed"],
            [
                "{path} of {object} now has {after}, and no longer {before}",
                "{path} of {object} now has {after}",
                "{path} of {object} no longer has {before}",
            ],
            plain,
        )
    } else {
        let (before, after) = (difference.before.as_ref(), difference.after.as_ref());
        let is_hidden = |value: Option<&Value>| value.is_some_and(|value| value.get("redacted").is_some());
        let is_short = |value: Option<&Value>| value.is_none_or(|value| !value.is_object());
        let reason = match (before, after) {
            _ if is_hidden(before) && is_hidden(after) => {
                Reason::new("hidden-changed", "{path} of {object} has another value")
            }
            (None, after) if is_hidden(after) || !is_short(after) => {
                Reason::new("field-appeared", "{object} now has {path}")
            }
            (_, None) if is_hidden(before) || !is_short(before) => {
                Reason::new("field-gone", "{object} no longer has {path}")
            }
            (None, _) => Reason::new("field-set", "{path} of {object} is now {after}, and was not set"),
            (_, None) => Reason::new("field-unset", "{path} of {object} is no longer set, and was {before}"),
            _ if is_short(before) && is_short(after) => {
                Reason::new("field-changed", "{path} of {object} is now {after}, and was {before}")
            }
            _ => Reason::new("field-differs", "{path} of {object} differs"),
        };
        let text = |value: Option<&Value>| Arg::text(value.map(plain).unwrap_or_default());
        reason.with("before", text(before)).with("after", text(after))
    };
    reason.with("object", object.clone()).with("path", Arg::text(path(&difference.steps)))
}

/// A sentence about items of a set: which came and went, which only came, which only went.
fn came_and_went(
    difference: &Difference,
    ids: [&'static str; 3],
    templates: [&'static str; 3],
    words: impl Fn(&Value) -> String,
) -> Reason {
    let [before, after] = [&difference.before, &difference.after].map(|value| items(value.as_ref(), &words));
    let which = match (&before, &after) {
        (Some(_), Some(_)) => 0,
        (None, _) => 1,
        (Some(_), None) => 2,
    };
    let mut reason = Reason::new(ids[which], templates[which]);
    for (name, items) in [("before", before), ("after", after)] {
        if let Some(items) = items {
            reason = reason.with(name, items);
        }
    }
    reason
}

/// The items of a list in words, the first few by name.
fn items(value: Option<&Value>, words: impl Fn(&Value) -> String) -> Option<Arg> {
    let items = value?.as_array()?;
    let mut named: Vec<_> = items.iter().map(|item| Arg::text(words(item))).collect();
    named.sort();
    named.dedup();
    let more = named.len().saturating_sub(MOST_NAMED);
    if more > 1 {
        named.truncate(MOST_NAMED);
        named.push(Arg::word(format!("{more} more")));
    }
    Some(Arg::List(named))
}

/// The last field of the path: `image` of `spec.containers[hub].image`.
fn last_field(difference: &Difference) -> &str {
    let fields = difference.steps.iter().rev().filter_map(|step| match step {
        Step::Field(field) => Some(field.as_str()),
        Step::Item(_) => None,
    });
    fields.into_iter().next().unwrap_or_default()
}

/// A value as people write it: text without quotation marks, the rest as JSON; of what redaction dropped, what it looked like.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        Value::Object(fields) if fields.get("redacted").is_some() => "a value that is not kept".to_owned(),
        Value::Object(fields) => {
            let entries = fields.iter().map(|(key, value)| format!("{key} {}", plain(value)));
            entries.collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}
