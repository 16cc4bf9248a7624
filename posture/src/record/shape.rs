//! The shape of a pod: what pods of one template share, with everything that belongs to one pod or one person taken out.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::hash::{self, View, Whole};
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
    let mut bytes = vec![b'['];
    hash::write(&namespace, Whole, &mut bytes);
    bytes.push(b',');
    hash::write(&faceless(labels, Some(owner)), Whole, &mut bytes);
    bytes.push(b',');
    hash::write(body.get("spec").unwrap_or(&Value::Null), Shaped::spec(Some(owner)), &mut bytes);
    bytes.push(b']');
    Some(hash::of_bytes(&bytes))
}

/// The hash of what [`shape`] makes of a specification.
pub(crate) fn shape_hash(spec: &Value, owner: Option<&str>) -> ContentHash {
    hash::viewed(spec, Shaped::spec(owner))
}

/// The hash of a specification's shape without the values of environment variables, of which only names and sources count.
pub(super) fn drift(spec: &Value, owner: Option<&str>) -> ContentHash {
    hash::viewed(spec, Shaped { has_values: false, ..Shaped::spec(owner) })
}

/// Looks at a specification as [`shape`] leaves it.
#[derive(Clone, Copy)]
struct Shaped<'a> {
    owner: Option<&'a str>,
    has_values: bool,
    place: Place,
}

/// Where in a specification a value stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Spec,
    Containers,
    Container,
    Environment,
    Variable,
    Elsewhere,
}

impl<'a> Shaped<'a> {
    fn spec(owner: Option<&'a str>) -> Self {
        Self { owner, has_values: true, place: Place::Spec }
    }
}

impl View for Shaped<'_> {
    fn field(self, key: &str) -> Option<Self> {
        let place = match (self.place, key) {
            (_, "hmac") | (Place::Spec, "nodeName" | "hostname") => return None,
            (Place::Variable, "value") if !self.has_values => return None,
            (Place::Spec, "containers" | "initContainers" | "ephemeralContainers") => Place::Containers,
            (Place::Container, "env") => Place::Environment,
            _ => Place::Elsewhere,
        };
        Some(Self { place, ..self })
    }

    fn item(self) -> Self {
        let place = match self.place {
            Place::Containers => Place::Container,
            Place::Environment => Place::Variable,
            _ => Place::Elsewhere,
        };
        Self { place, ..self }
    }

    fn text(self, text: &str) -> Cow<'_, str> {
        settle_text(text, self.owner)
    }
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

/// A text without what tells one person or one pod from another.
pub(crate) fn settle_text<'a>(text: &'a str, owner: Option<&str>) -> Cow<'a, str> {
    let mut settled = without_tokens(text, owner).map_or(Cow::Borrowed(text), Cow::Owned);
    // The admission plugin names the volume of the account's token `kube-api-access-` and five random letters.
    if settled.len() == 21 && settled.starts_with("kube-api-access-") {
        settled = Cow::Owned(settled[..15].to_owned());
    }
    settled
}

fn settle(value: &mut Value, owner: Option<&str>) {
    match value {
        Value::String(text) => {
            if let Cow::Owned(settled) = settle_text(text, owner) {
                *text = settled;
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
    use serde_json::json;

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
    fn the_drift_of_a_pod_is_that_of_its_shape_without_values_of_variables() {
        let with = |values: &[&str]| {
            let env: Vec<Value> = values.iter().map(|value| json!({"name": "A", "value": value})).collect();
            let container = json!({"name": "x", "env": env, "value": "kept", "args": [{"value": "kept"}]});
            json!({"nodeName": "node", "hostname": "host", "containers": [container], "initContainers": [container]})
        };
        let none = json!([{"name": "A"}]);
        let mut bare = shape(&with(&["b"]), None);
        bare["containers"][0]["env"] = none.clone();
        bare["initContainers"][0]["env"] = none;
        assert_eq!(drift(&with(&["b"]), None), hash::canonical(&bare));
        assert_eq!(drift(&with(&["b"]), None), drift(&with(&["c"]), None));
        assert_ne!(drift(&with(&["b"]), None), drift(&with(&["b", "b"]), None));
        assert_eq!(drift(&Value::Null, None), hash::canonical(&Value::Null));
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
        assert_eq!(shape_hash(&spec(bob, "b", "q9z4p"), Some(bob)), ContentHash::of(&one));
        assert_eq!(one, shape(&spec(bob, "b", "q9z4p"), Some(bob)));
        assert_eq!(one["volumes"][0]["persistentVolumeClaim"]["claimName"], "claim-person");
        assert_ne!(
            one,
            shape(&spec(bob, "b", "q9z4p"), Some(ada)),
            "another person's claim is another shape"
        );
    }
}
