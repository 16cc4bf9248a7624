//! Changes of what runs, in words.

use serde_json::Value;

use super::{came_and_went, last_field, plain};
use crate::drift::diff::{Difference, Step};
use crate::object::ObjectRef;
use crate::text::{Arg, Reason};

/// What a difference in a workload means; `None` where the general words are as good.
pub(super) fn field(object: &ObjectRef, difference: &Difference) -> Option<Reason> {
    let container = item_after(difference, &["containers", "initContainers"]);
    let reason = match (last_field(difference), container) {
        ("image", Some(container)) => {
            both(difference, "image", "Container {container} of {object} now runs {after}, and ran {before}")?
                .with("container", Arg::text(container))
        }
        ("privileged", Some(container)) => {
            let is_on = difference.after.as_ref() == Some(&Value::Bool(true));
            let reason = if is_on {
                Reason::new("privileged", "Container {container} of {object} now runs privileged")
            } else {
                Reason::new("unprivileged", "Container {container} of {object} no longer runs privileged")
            };
            reason.with("container", Arg::text(container))
        }
        ("env", Some(container)) => {
            let name = item_after(difference, &["env"])?;
            let reason = match (&difference.before, &difference.after) {
                (None, _) => Reason::new(
                    "variable-added",
                    "Container {container} of {object} now has the variable {name}",
                ),
                (_, None) => Reason::new(
                    "variable-gone",
                    "Container {container} of {object} no longer has the variable {name}",
                ),
                _ => return None,
            };
            reason.with("container", Arg::text(container)).with("name", Arg::text(name))
        }
        ("containers" | "initContainers", Some(container)) => {
            let reason = match (&difference.before, &difference.after) {
                (None, _) => Reason::new("container-added", "{object} has a new container {container}"),
                (_, None) => {
                    Reason::new("container-gone", "{object} no longer has the container {container}")
                }
                _ => return None,
            };
            reason.with("container", Arg::text(container))
        }
        ("command" | "args", Some(container)) => Reason::new(
            "command-line",
            "Container {container} of {object} is started with another command line",
        )
        .with("container", Arg::text(container)),
        ("add", Some(container)) if has_field(difference, "capabilities") => came_and_went(
            difference,
            ["capabilities-changed", "capabilities-added", "capabilities-withdrawn"],
            [
                "Container {container} of {object} now also has {after}, and no longer {before}",
                "Container {container} of {object} now also has the capability {after}",
                "Container {container} of {object} no longer has the capability {before}",
            ],
            plain,
        )
        .with("container", Arg::text(container)),
        ("serviceAccountName", _) => account(difference),
        ("volumes", _) => volume(difference)?,
        (key, None) if key.starts_with("checksum/") => {
            Reason::new("checksum", "The configuration behind {key} of {object} changed")
                .with("key", Arg::text(key))
        }
        _ => return None,
    };
    Some(reason.with("object", object.clone()))
}

/// A sentence about a value that was and is there.
fn both(difference: &Difference, id: &'static str, template: &'static str) -> Option<Reason> {
    let (before, after) = (difference.before.as_ref()?, difference.after.as_ref()?);
    Some(
        Reason::new(id, template)
            .with("before", Arg::text(plain(before)))
            .with("after", Arg::text(plain(after))),
    )
}

/// Pods without a named account run as `default`.
fn account(difference: &Difference) -> Reason {
    let name = |value: &Option<Value>| Arg::text(value.as_ref().map_or_else(|| "default".to_owned(), plain));
    Reason::new("account", "{object} now runs as the account {after}, and ran as {before}")
        .with("before", name(&difference.before))
        .with("after", name(&difference.after))
}

/// A volume that came or went, with what of the node it shows.
fn volume(difference: &Difference) -> Option<Reason> {
    let name = item_after(difference, &["volumes"])?;
    let is_added = match (&difference.before, &difference.after) {
        (None, Some(_)) => true,
        (Some(_), None) => false,
        _ => return None,
    };
    let volume = difference.after.as_ref().or(difference.before.as_ref())?;
    let host = volume.pointer("/hostPath/path").map(plain);
    let reason = match (is_added, &host) {
        (true, Some(_)) => Reason::new("host-path-added", "{object} now mounts {path} of its node"),
        (false, Some(_)) => Reason::new("host-path-gone", "{object} no longer mounts {path} of its node"),
        (true, None) => Reason::new("volume-added", "{object} has a new volume {name}"),
        (false, None) => Reason::new("volume-gone", "{object} no longer has the volume {name}"),
    };
    Some(reason.with("path", Arg::text(host.unwrap_or_default())).with("name", Arg::text(name)))
}

fn has_field(difference: &Difference, name: &str) -> bool {
    difference.steps.iter().any(|step| matches!(step, Step::Field(field) if field == name))
}

/// The name of the item below one of these lists.
fn item_after<'a>(difference: &'a Difference, lists: &[&str]) -> Option<&'a str> {
    difference.steps.windows(2).find_map(|pair| match pair {
        [Step::Field(list), Step::Item(name)] if lists.contains(&list.as_str()) => Some(name.as_str()),
        _ => None,
    })
}
