//! Asks the API server about our own rights: `SelfSubjectAccessReview` and `SelfSubjectRulesReview`.

use std::collections::BTreeSet;

use posture::gap::GapReason;
use posture::kind::{Kind, KindInfo};
use posture::snapshot::{AccessAnswer, AuthorizerReason, Reviews};
use serde::Deserialize;
use serde_json::json;

use super::error::ApiError;
use super::source::Source;

/// Asks the two questions: about something that is granted, and about something that never is.
///
/// `readable` is a kind that could be listed, which is asked about where pods may not be.
pub async fn ask(source: &Source, readable: Option<Kind>) -> Result<Reviews, GapReason> {
    let mut granted = access(source, "list", Kind::Pod.info(), None).await.map_err(|error| error.gap())?;
    if !granted.allowed
        && let Some(kind) = readable.filter(|kind| *kind != Kind::Pod)
    {
        granted = access(source, "list", kind.info(), None).await.map_err(|error| error.gap())?;
    }
    let not_granted = access(source, "delete", Kind::Node.info(), None).await.map_err(|error| error.gap())?;
    Ok(Reviews { granted: Some(granted), not_granted: Some(not_granted) })
}

/// Asks whether one thing is allowed.
pub async fn access(
    source: &Source,
    verb: &str,
    info: &KindInfo,
    namespace: Option<&str>,
) -> Result<AccessAnswer, ApiError> {
    let mut attributes = json!({"verb": verb, "group": info.group, "resource": info.plural});
    if let Some(namespace) = namespace {
        attributes["namespace"] = namespace.into();
    }
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    });
    let body = source.review("selfsubjectaccessreviews", review.to_string().into_bytes()).await?;
    let answer: Answer<AccessStatus> = parse(&body)?;
    Ok(AccessAnswer {
        question: format!("{verb} {}", info.plural),
        allowed: answer.status.allowed,
        reason: class_of(&answer.status.reason),
    })
}

/// The kinds that may be listed in one namespace, or `None` where the server cannot tell completely.
pub async fn readable_in(
    source: &Source,
    namespace: &str,
) -> Result<Option<BTreeSet<(String, String)>>, ApiError> {
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": namespace},
    });
    let body = source.review("selfsubjectrulesreviews", review.to_string().into_bytes()).await?;
    let answer: Answer<RulesStatus> = parse(&body)?;
    if answer.status.incomplete {
        return Ok(None);
    }
    let lists =
        |rule: &&Rule| rule.resource_names.is_empty() && rule.verbs.iter().any(|v| v == "list" || v == "*");
    let mut readable = BTreeSet::new();
    for rule in answer.status.resource_rules.iter().filter(lists) {
        for group in &rule.api_groups {
            readable.extend(rule.resources.iter().map(|resource| (group.clone(), resource.clone())));
        }
    }
    Ok(Some(readable))
}

/// Whether a set of [`readable_in`] holds a kind.
pub fn holds(readable: &BTreeSet<(String, String)>, info: &KindInfo) -> bool {
    readable.iter().any(|(group, resource)| {
        (group == "*" || group == info.group) && (resource == "*" || resource == info.plural)
    })
}

/// The class of an authoriser's reason.
fn class_of(reason: &str) -> AuthorizerReason {
    if reason.is_empty() {
        AuthorizerReason::None
    } else if reason.starts_with("RBAC: allowed by") {
        AuthorizerReason::Rbac
    } else if reason.contains("IAM") || reason.contains("iam.") {
        AuthorizerReason::Iam
    } else {
        AuthorizerReason::Other
    }
}

fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(|_| {
        ApiError::Malformed("the API server's answer to a review is not what it should be".to_owned())
    })
}

#[derive(Deserialize)]
struct Answer<S> {
    status: S,
}

#[derive(Deserialize)]
struct AccessStatus {
    #[serde(default)]
    allowed: bool,
    #[serde(default)]
    reason: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RulesStatus {
    #[serde(default)]
    incomplete: bool,
    #[serde(default)]
    resource_rules: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Rule {
    verbs: Vec<String>,
    api_groups: Vec<String>,
    resources: Vec<String>,
    resource_names: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_kept_as_a_class_only() {
        let text =
            "RBAC: allowed by ClusterRoleBinding \"x\" of ClusterRole \"y\" to User \"ada@example.org\"";
        assert_eq!(class_of(text), AuthorizerReason::Rbac);
        assert_eq!(class_of("access granted by IAM permissions."), AuthorizerReason::Iam);
        assert_eq!(class_of(""), AuthorizerReason::None);
        assert_eq!(class_of("webhook says so"), AuthorizerReason::Other);
    }
}
