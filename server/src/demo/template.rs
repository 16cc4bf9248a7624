//! Placeholders and patches: how a manifest template becomes an object.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::instant::{Offset, rfc3339};

/// Lists whose items a patch meets by name instead of replacing the whole list, as `kubectl patch` does.
const BY_NAME: [&str; 6] =
    ["containers", "initContainers", "env", "volumes", "containerStatuses", "initContainerStatuses"];

/// The variable that holds the instant taken for now, in seconds.
pub(super) const NOW: &str = "now";

/// What placeholders stand for.
pub(super) type Vars = Map<String, Value>;

/// Replaces every `${name}` in the strings of `value`. Substitution happens after parsing, so no value can change the
/// shape of the document. A string that is one placeholder takes the variable's own type. `${-29d}` is the instant that
/// long before `now`.
pub(super) fn fill(value: &Value, vars: &Vars) -> Result<Value, String> {
    Ok(match value {
        Value::String(text) => fill_text(text, vars)?,
        Value::Array(items) => {
            Value::Array(items.iter().map(|item| fill(item, vars)).collect::<Result<_, _>>()?)
        }
        Value::Object(fields) => {
            let mut filled = Map::new();
            for (key, item) in fields {
                filled.insert(plain(&fill_text(key, vars)?), fill(item, vars)?);
            }
            Value::Object(filled)
        }
        other => other.clone(),
    })
}

fn fill_text(text: &str, vars: &Vars) -> Result<Value, String> {
    let Some(start) = text.find("${") else { return Ok(Value::String(text.to_owned())) };
    let end = text[start..]
        .find('}')
        .map(|at| start + at)
        .ok_or_else(|| format!("`{text}` has no closing brace"))?;
    let name = &text[start + 2..end];
    let found = look_up(name, vars)?;
    if start == 0 && end + 1 == text.len() {
        return Ok(found);
    }
    let rest = plain(&fill_text(&text[end + 1..], vars)?);
    Ok(Value::String(format!("{}{}{rest}", &text[..start], plain(&found))))
}

fn look_up(name: &str, vars: &Vars) -> Result<Value, String> {
    if name.starts_with(['+', '-']) {
        let now =
            vars.get(NOW).and_then(Value::as_i64).and_then(|seconds| Timestamp::from_second(seconds).ok());
        let now = now.ok_or_else(|| format!("`${{{name}}}` stands where now is not known"))?;
        return Ok(rfc3339(Offset::try_from(name.to_owned())?.from(now)).into());
    }
    vars.get(name).cloned().ok_or_else(|| format!("nothing is known for `${{{name}}}`"))
}

/// The text of a scalar without quotes.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Applies `patch` to `target`: objects merge, `null` removes, lists are replaced except those known to merge by name, where
/// an item with `$patch: delete` removes its namesake.
pub(super) fn merge(target: &mut Value, patch: &Value) {
    let (Value::Object(fields), Value::Object(changes)) = (&mut *target, patch) else {
        *target = patch.clone();
        return;
    };
    for (key, change) in changes {
        match (fields.get_mut(key), change) {
            (_, Value::Null) => {
                fields.shift_remove(key);
            }
            (Some(Value::Array(items)), Value::Array(more)) if BY_NAME.contains(&key.as_str()) => {
                merge_named(items, more);
            }
            (Some(field), _) => merge(field, change),
            (None, _) => {
                fields.insert(key.clone(), change.clone());
            }
        }
    }
}

/// Drops fields that say nothing, as the API server does.
pub(super) fn prune(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, field| !field.is_null());
            fields.values_mut().for_each(prune);
        }
        Value::Array(items) => items.iter_mut().for_each(prune),
        _ => {}
    }
}

fn merge_named(items: &mut Vec<Value>, more: &[Value]) {
    for change in more {
        let found = items.iter().position(|item| item["name"] == change["name"]);
        match (found, change["$patch"].as_str()) {
            (Some(at), Some("delete")) => {
                items.remove(at);
            }
            (None, Some("delete")) => {}
            (Some(at), _) => merge(&mut items[at], change),
            (None, _) => items.push(change.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{fill, merge};

    fn vars() -> super::Vars {
        let Value::Object(vars) = json!({"user": "ada: {x}", "port": 6443}) else { unreachable!() };
        vars
    }

    #[test]
    fn a_value_cannot_change_the_shape_of_the_document() {
        assert_eq!(fill(&json!({"a": "u-${user}"}), &vars()), Ok(json!({"a": "u-ada: {x}"})));
    }

    #[test]
    fn a_lone_placeholder_keeps_the_type() {
        assert_eq!(fill(&json!(["${port}", "p${port}/${port}"]), &vars()), Ok(json!([6443, "p6443/6443"])));
    }

    #[test]
    fn a_signed_placeholder_is_an_instant_relative_to_now() {
        let mut vars = vars();
        assert!(fill(&json!("${-1d}"), &vars).is_err());
        vars.insert(super::NOW.to_owned(), 86_400.into());
        assert_eq!(fill(&json!("${-1d}"), &vars), Ok(json!("1970-01-01T00:00:00Z")));
    }

    #[test]
    fn an_unknown_placeholder_is_an_error() {
        assert!(fill(&json!("${nobody}"), &vars()).is_err());
    }

    #[test]
    fn containers_meet_by_name_and_ports_are_replaced() {
        let mut target = json!({"containers": [{"name": "a", "image": "x", "ports": [1, 2]}, {"name": "b"}]});
        let patch = json!({"containers": [{"name": "a", "ports": [3]}, {"name": "b", "$patch": "delete"}, {"name": "c"}]});
        merge(&mut target, &patch);
        assert_eq!(target, json!({"containers": [{"name": "a", "image": "x", "ports": [3]}, {"name": "c"}]}));
    }
}
