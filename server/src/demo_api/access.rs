//! Who may read what in the demo, and what the SelfSubject reviews say about it.

use posture::kind::{KINDS, KindInfo};
use serde_json::{Value, json};

use super::state::{Place, State};
use crate::demo::Denied;

/// What a role for Perijove would be called; real authorisers name it in their reasons.
const REASON: &str = "RBAC: allowed by ClusterRoleBinding \"perijove\" of ClusterRole \"perijove\" to ServiceAccount \"perijove/perijove\"";

/// Whether a permission is denied: for one namespace, or with `None` for all of them at once.
///
/// What lies in no namespace is not closed with one.
fn closed(denied: &[Denied], info: &KindInfo, namespace: Option<&str>) -> bool {
    denied.iter().any(|denied| {
        (denied.group == "*" || denied.group == info.group)
            && (denied.resource == "*" || denied.resource == info.plural)
            && match (&denied.namespace, namespace) {
                (None, _) => true,
                (Some(_), None) => info.namespaced,
                (Some(closed), Some(asked)) => info.namespaced && closed == asked,
            }
    })
}

impl State {
    /// Whether the account may read a resource.
    pub(super) fn may_read(&self, group: &str, plural: &str, namespace: Option<&str>) -> bool {
        KINDS
            .iter()
            .find(|info| info.group == group && info.plural == plural)
            .is_some_and(|info| !closed(&self.denied, info, namespace))
    }

    /// Whether the account may read one object by its name.
    pub(super) fn may_get(&self, group: &str, plural: &str, place: &Place) -> bool {
        let namespace = Some(place.0.as_str()).filter(|namespace| !namespace.is_empty());
        let is_granted = group.is_empty() && plural == "secrets" && self.granted.contains(place);
        is_granted || self.may_read(group, plural, namespace)
    }

    /// Answers a `SelfSubjectAccessReview`.
    pub(super) fn review_access(&self, review: &Value) -> Value {
        let asked = &review["spec"]["resourceAttributes"];
        let text = |key: &str| asked[key].as_str().unwrap_or_default();
        let namespace = Some(text("namespace")).filter(|namespace| !namespace.is_empty());
        let allowed = matches!(text("verb"), "get" | "list" | "watch")
            && self.may_read(text("group"), text("resource"), namespace);
        let mut answer = review.clone();
        answer["status"] =
            if allowed { json!({"allowed": true, "reason": REASON}) } else { json!({"allowed": false}) };
        answer
    }

    /// Answers a `SelfSubjectRulesReview`.
    pub(super) fn review_rules(&self, review: &Value) -> Value {
        let namespace = review["spec"]["namespace"].as_str();
        let rules: Vec<Value> = KINDS
            .iter()
            .filter(|info| self.may_read(info.group, info.plural, namespace))
            .map(|info| {
                json!({"verbs": ["get", "list", "watch"], "apiGroups": [info.group], "resources": [info.plural]})
            })
            .collect();
        let mut answer = review.clone();
        answer["status"] = json!({"resourceRules": rules, "nonResourceRules": [], "incomplete": false});
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_namespace_hides_its_objects_and_not_those_that_live_in_none() {
        let denied =
            Denied { group: "*".into(), resource: "*".into(), namespace: Some("kube-system".into()) };
        let state = State::new(vec![denied], "v1.31.13");
        assert!(!state.may_read("", "pods", None));
        assert!(!state.may_read("", "pods", Some("kube-system")));
        assert!(state.may_read("", "pods", Some("exam")));
        assert!(state.may_read("", "namespaces", None));
        assert!(!state.may_read("", "secrets", Some("exam")));
    }
}
