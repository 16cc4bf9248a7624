//! The shape of a pod: what pods of one template share, with everything that belongs to one pod or one person taken out.

use serde_json::{Map, Value, json};

use crate::record::ContentHash;
use crate::redact::people::{SERVER_NAME, USER_NAME, token_in, without_tokens};

/// The token of the person a pod belongs to.
pub(crate) fn owner(body: &Value) -> Option<&str> {
    let metadata = body.get("metadata")?;
    let named = |group: &str| metadata.get(group)?.get(USER_NAME)?.as_str();
    let token = named("annotations").or_else(|| named("labels")).or_else(|| metadata.get("name")?.as_str());
    token.and_then(token_in)
}

/// The class of a pod that belongs to a person; `None` for other pods.
pub(crate) fn class(body: &Value) -> Option<ContentHash> {
    let owner = owner(body)?;
    let none = Map::new();
    let labels = body.pointer("/metadata/labels").and_then(Value::as_object).unwrap_or(&none);
    let mut namespace = body.pointer("/metadata/namespace").cloned().unwrap_or_default();
    settle(&mut namespace, Some(owner));
    let spec = shape(body.get("spec").unwrap_or(&Value::Null), Some(owner));
    Some(ContentHash::of(&json!([namespace, faceless(labels, Some(owner)), spec])))
}

/// The specification of a pod as its shape has it: no node, `person` where the owner's token stood, no letters that were
/// rolled for this one pod.
pub(crate) fn shape(spec: &Value, owner: Option<&str>) -> Value {
    let mut shaped = spec.clone();
    if let Value::Object(fields) = &mut shaped {
        fields.shift_remove("nodeName");
        fields.shift_remove("hostname");
    }
    settle(&mut shaped, owner);
    shaped
}

/// Labels or annotations without what tells one person from another: the values of those keys are `person`.
pub(crate) fn faceless(entries: &Map<String, Value>, owner: Option<&str>) -> Value {
    let settled = entries.iter().map(|(key, value)| {
        let value = if key == USER_NAME {
            "person".into()
        } else if key == SERVER_NAME {
            if value == "" { value.clone() } else { "server".into() }
        } else {
            let mut value = value.clone();
            settle(&mut value, owner);
            value
        };
        (key.clone(), value)
    });
    Value::Object(settled.collect())
}

fn settle(value: &mut Value, owner: Option<&str>) {
    match value {
        Value::String(text) => {
            if let Some(settled) = without_tokens(text, owner) {
                *text = settled;
            }
            // The admission plugin names the volume of the account's token `kube-api-access-` and five random letters.
            if text.len() == 21 && text.starts_with("kube-api-access-") {
                text.truncate(15);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| settle(item, owner)),
        Value::Object(fields) => {
            // Keyed hashes of environment values differ between people and no fact reads them.
            fields.shift_remove("hmac");
            fields.iter_mut().for_each(|(_, field)| settle(field, owner));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_of_two_people_are_of_one_class_and_other_pods_of_none() {
        let pod = |name: &str, image: &str| {
            json!({
                "metadata": {"name": format!("jupyter-{name}"), "namespace": "hub", "labels": {USER_NAME: name}},
                "spec": {"containers": [{"name": "notebook", "image": image}]}
            })
        };
        let ada = class(&pod("p-0123456789", "one"));
        assert!(ada.is_some());
        assert_eq!(ada, class(&pod("p-abcdefghjk", "one")));
        assert_ne!(ada, class(&pod("p-abcdefghjk", "two")));
        assert_eq!(class(&json!({"metadata": {"name": "proxy"}, "spec": {}})), None);
    }

    #[test]
    fn pods_of_two_people_have_one_shape() {
        let spec = |token: &str, node: &str, letters: &str| {
            json!({
                "nodeName": node,
                "volumes": [
                    {"name": format!("volume-{token}"), "persistentVolumeClaim": {"claimName": format!("claim-{token}")}},
                    {"name": format!("kube-api-access-{letters}")}
                ]
            })
        };
        let (ada, bob) = ("p-0123456789", "p-abcdefghjk");
        let one = shape(&spec(ada, "a", "x7k2m"), Some(ada));
        assert_eq!(one, shape(&spec(bob, "b", "q9z4p"), Some(bob)));
        assert_eq!(one["volumes"][0]["persistentVolumeClaim"]["claimName"], "claim-person");
        assert_ne!(
            one,
            shape(&spec(bob, "b", "q9z4p"), Some(ada)),
            "another person's claim is another shape"
        );
    }
}
