//! Changes of roles and bindings in words.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{came_and_went, last_field, plain};
use crate::drift::diff::Difference;
use crate::object::ObjectRef;
use crate::record::Record;
use crate::text::{Arg, Reason};

/// What a difference in a role or binding means.
pub(super) fn field(object: &ObjectRef, difference: &Difference) -> Option<Reason> {
    let reason = match last_field(difference) {
        "rules" => {
            let gathered = Difference {
                before: difference.before.as_ref().map(gather),
                after: difference.after.as_ref().map(gather),
                ..difference.clone()
            };
            came_and_went(
                &gathered,
                ["rights-changed", "rights-added", "rights-withdrawn"],
                [
                    "{object} now allows {after}, and no longer {before}",
                    "{object} now allows {after}",
                    "{object} no longer allows {before}",
                ],
                plain,
            )
        }
        "subjects" => came_and_went(
            difference,
            ["subjects-changed", "subjects-added", "subjects-withdrawn"],
            [
                "{object} now gives its role to {after}, and no longer to {before}",
                "{object} now gives its role to {after}",
                "{object} no longer gives its role to {before}",
            ],
            subject,
        ),
        _ => return None,
    };
    Some(reason.with("object", object.clone()))
}

/// A binding that came or went: which role it gives to whom.
pub(super) fn whole(record: &Record, is_added: bool) -> Option<Reason> {
    let role = record.body.get("roleRef")?;
    let text = |field: &str| role.get(field).and_then(Value::as_str).unwrap_or_default();
    let role = format!("{} {}", text("kind"), text("name"));
    let subjects = super::items(record.body.get("subjects"), subject)?;
    let reason = if is_added {
        Reason::new("binding-added", "{object} is new: it gives {role} to {subjects}")
    } else {
        Reason::new("binding-removed", "{object} is gone: it gives {role} to {subjects} no more")
    };
    Some(reason.with("role", Arg::text(role)).with("subjects", subjects))
}

fn subject(subject: &Value) -> String {
    let text = |field: &str| subject.get(field).and_then(Value::as_str).unwrap_or_default();
    match text("namespace") {
        "" => format!("{} {}", text("kind"), text("name")),
        namespace => format!("{} {namespace}/{}", text("kind"), text("name")),
    }
}

/// Single rights put together again: the verbs of each resource, as `get, list pods`.
fn gather(rights: &Value) -> Value {
    let mut verbs: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut other = Vec::new();
    for right in rights.as_array().into_iter().flatten() {
        let text = |field: &str| right.get(field).and_then(Value::as_str).map(str::to_owned);
        let Some(verb) = text("verb") else {
            other.push(plain(right));
            continue;
        };
        verbs.entry(on_what(&text)).or_default().push(verb);
    }
    let gathered = verbs.into_iter().map(|(what, verbs)| format!("{} {what}", verbs.join(", ")));
    gathered.chain(other).map(Value::from).collect()
}

fn on_what(text: &dyn Fn(&str) -> Option<String>) -> String {
    if let Some(path) = text("path") {
        return format!("the path {path}");
    }
    let resource = text("resource").unwrap_or_default();
    let resource = if resource == "*" { "every resource".to_owned() } else { resource };
    let group = match text("apiGroup").unwrap_or_default().as_str() {
        "" => String::new(),
        "*" => " of every group".to_owned(),
        group => format!(".{group}"),
    };
    let name = text("resourceName").map(|name| format!(" named {name}")).unwrap_or_default();
    format!("{resource}{group}{name}")
}
