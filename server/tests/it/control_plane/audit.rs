//! Who asked the API server for what, read from its audit log.

use std::path::Path;

use serde::Deserialize;

/// Every request is written once, on arrival: before it is answered, so that a test which has its answer also finds
/// the entry, and a watch that never ends is there too.
pub(super) const POLICY: &str = r#"
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: ["ResponseStarted", "ResponseComplete"]
rules:
- level: Metadata
"#;

/// One request that reached the API server, allowed or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AuditEntry {
    /// The name after authentication, such as `system:serviceaccount:perijove:perijove`.
    pub(crate) user: String,
    /// The verb that RBAC judges: `list`, `watch`, `create`, …; for paths outside the API the HTTP method in lower
    /// case.
    pub(crate) verb: String,
    /// The API group; empty for the core group and for what is not a resource.
    pub(crate) group: String,
    /// The plural resource name; empty for paths such as `/version`.
    pub(crate) resource: String,
    /// Such as `status` or `log`; empty for the object itself.
    pub(crate) subresource: String,
    /// Empty for cluster-wide requests.
    pub(crate) namespace: String,
    /// Path and query, as sent.
    pub(crate) uri: String,
}

/// The entries of an audit log, oldest first.
///
/// # Panics
///
/// On a line that is not an audit event: the proof would have a hole.
pub(super) fn read(log: &Path) -> Vec<AuditEntry> {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    parse(&text)
}

fn parse(text: &str) -> Vec<AuditEntry> {
    // The last line may be half written.
    let complete = text.rfind('\n').map_or("", |end| &text[..end]);
    complete
        .lines()
        .map(|line| {
            serde_json::from_str::<Event>(line)
                .unwrap_or_else(|error| panic!("not an audit event ({error}): {line}"))
        })
        .map(AuditEntry::from)
        .collect()
}

impl From<Event> for AuditEntry {
    fn from(event: Event) -> Self {
        let object = event.object_ref.unwrap_or_default();
        Self {
            user: event.user.username,
            verb: event.verb,
            group: object.api_group,
            resource: object.resource,
            subresource: object.subresource,
            namespace: object.namespace,
            uri: event.request_uri,
        }
    }
}

/// The fields we read of `audit.k8s.io/v1` Event.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    #[serde(rename = "requestURI")]
    request_uri: String,
    verb: String,
    user: User,
    object_ref: Option<ObjectReference>,
}

#[derive(Deserialize)]
struct User {
    username: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ObjectReference {
    api_group: String,
    resource: String,
    subresource: String,
    namespace: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    const REVIEW: &str = r#"{"stage":"RequestReceived","requestURI":"/apis/authorization.k8s.io/v1/selfsubjectaccessreviews","verb":"create","user":{"username":"ada","groups":["system:authenticated"]},"objectRef":{"resource":"selfsubjectaccessreviews","apiGroup":"authorization.k8s.io","apiVersion":"v1"}}"#;
    const VERSION: &str = r#"{"requestURI":"/version","verb":"get","user":{"username":"ada"}}"#;

    #[test]
    fn an_event_becomes_an_entry() {
        let entries = parse(&format!("{REVIEW}\n"));
        assert_eq!(entries.len(), 1);
        let entry = &entries[0];
        assert_eq!((entry.user.as_str(), entry.verb.as_str()), ("ada", "create"));
        assert_eq!(entry.group, "authorization.k8s.io");
        assert_eq!(entry.resource, "selfsubjectaccessreviews");
        assert_eq!((entry.subresource.as_str(), entry.namespace.as_str()), ("", ""));
    }

    #[test]
    fn a_path_outside_the_api_has_no_resource() {
        let entries = parse(&format!("{VERSION}\n"));
        assert_eq!((entries[0].uri.as_str(), entries[0].resource.as_str()), ("/version", ""));
    }

    #[test]
    fn a_half_written_last_line_is_left_for_later() {
        assert_eq!(parse(&format!("{VERSION}\n{}", &REVIEW[..40])).len(), 1);
        assert_eq!(parse(&REVIEW[..40]), []);
    }

    #[test]
    #[should_panic(expected = "not an audit event")]
    fn a_line_that_is_no_event_is_a_hole_in_the_proof() {
        parse("tampered\n");
    }
}
