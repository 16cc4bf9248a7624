//! Asks the API server about our own rights: `SelfSubjectAccessReview` and `SelfSubjectRulesReview`.

use std::collections::BTreeSet;

use posture::facts::PolicyRule;
use posture::gap::GapReason;
use posture::kind::{Kind, KindInfo};
use posture::snapshot::{AccessAnswer, AuthorizerReason, Reviews};
use serde::Deserialize;
use serde_json::json;

use super::error::ApiError;
use super::source::Source;

/// What may be done in one namespace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RulesIn {
    /// The rules that hold there, those of the whole cluster among them; sorted, each once.
    pub rules: Vec<PolicyRule>,
    /// Whether the API server says that more may be allowed.
    pub is_incomplete: bool,
}

/// Asks the two questions, about something that is granted and about something that never is.
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
    Ok(Reviews { granted: Some(granted), not_granted: Some(not_granted), ..Reviews::default() })
}

/// Asks for everything that may be done in one namespace.
pub async fn own_rules(source: &Source, namespace: &str) -> Result<RulesIn, ApiError> {
    let status = rules_in(source, namespace).await?;
    let mut rules = status.resource_rules.unwrap_or_default();
    rules.extend(status.non_resource_rules.unwrap_or_default());
    rules.sort();
    rules.dedup();
    Ok(RulesIn { rules, is_incomplete: status.incomplete })
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
    let status = rules_in(source, namespace).await?;
    if status.incomplete {
        return Ok(None);
    }
    let lists = |rule: &&PolicyRule| {
        rule.resource_names.is_empty() && rule.verbs.iter().any(|v| v == "list" || v == "*")
    };
    let mut readable = BTreeSet::new();
    for rule in status.resource_rules.iter().flatten().filter(lists) {
        for group in &rule.api_groups {
            readable.extend(rule.resources.iter().map(|resource| (group.clone(), resource.clone())));
        }
    }
    Ok(Some(readable))
}

async fn rules_in(source: &Source, namespace: &str) -> Result<RulesStatus, ApiError> {
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": namespace},
    });
    let body = source.review("selfsubjectrulesreviews", review.to_string().into_bytes()).await?;
    let answer: Answer<RulesStatus> = parse(&body)?;
    Ok(answer.status)
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
    /// An empty list is written as `null`.
    resource_rules: Option<Vec<PolicyRule>>,
    non_resource_rules: Option<Vec<PolicyRule>>,
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
