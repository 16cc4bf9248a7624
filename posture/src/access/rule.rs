//! What one rule of a role allows.

use crate::facts::PolicyRule;

use super::question::{Asked, Named, Question};

/// Verbs that change nothing; `head` and `options` are those of paths outside resources.
const READING: [&str; 5] = ["get", "list", "watch", "head", "options"];

/// Questions about oneself, which every authenticated identity may ask.
const ABOUT_ONESELF: [&str; 4] = [
    "selfsubjectaccessreviews",
    "selfsubjectrulesreviews",
    "selfsubjectreviews",
    "selfsubjectattributesreviews",
];

/// Questions that the API server answers when they are created: they change nothing.
const QUESTIONS: [&str; 3] = ["subjectaccessreviews", "localsubjectaccessreviews", "tokenreviews"];

/// Paths outside resources that the default roles open to every authenticated identity.
const OPEN_PATHS: [&str; 12] = [
    "/api",
    "/apis",
    "/healthz",
    "/livez",
    "/readyz",
    "/version",
    "/openapi",
    "/swagger.json",
    "/swaggerapi",
    "/swagger-2.0.0.pb-v1",
    "/.well-known",
    "/openid/v1/jwks",
];

fn is_any(values: &[String], wanted: &str) -> bool {
    values.iter().any(|value| value == "*" || value == wanted)
}

/// Whether a list of resources holds this one; `*/exec` stands for a subresource of everything.
fn has_resource(rule: &PolicyRule, wanted: &str) -> bool {
    is_any(&rule.resources, wanted)
        || wanted.split_once('/').is_some_and(|(_, part)| {
            rule.resources.iter().any(|value| value.strip_prefix("*/") == Some(part))
        })
}

/// Whether a rule allows a verb on a resource of a group.
pub(super) fn allows(rule: &PolicyRule, verb: &str, group: &str, resource: &str) -> bool {
    is_any(&rule.verbs, verb) && is_any(&rule.api_groups, group) && has_resource(rule, resource)
}

/// Whether a rule allows what is asked, namespaces aside: `RuleAllows` of the API server's authoriser.
pub(super) fn answers(rule: &PolicyRule, question: &Question) -> bool {
    match &question.asked {
        Asked::Resource { group, resource, name } => {
            allows(rule, &question.verb, group, resource) && has_name(rule, name)
        }
        Asked::Path(path) => is_any(&rule.verbs, &question.verb) && has_path(rule, path),
    }
}

/// Whether a rule holds for objects of this name. One with names never holds for a request that has none, such as `list` or `create`.
fn has_name(rule: &PolicyRule, name: &Named) -> bool {
    rule.resource_names.is_empty()
        || match name {
            Named::Not => false,
            Named::As(name) => rule.resource_names.contains(name),
            Named::Any => true,
        }
}

/// Whether a rule names a path; an asterisk counts at its end only.
fn has_path(rule: &PolicyRule, path: &str) -> bool {
    rule.non_resource_urls
        .iter()
        .any(|url| url == path || url.ends_with('*') && path.starts_with(url.trim_end_matches('*')))
}

/// Whether a rule allows everything; one for named objects does not.
pub(super) fn is_everything(rule: &PolicyRule) -> bool {
    let has_all = |values: &[String]| values.iter().any(|value| value == "*");
    rule.resource_names.is_empty()
        && has_all(&rule.verbs)
        && has_all(&rule.api_groups)
        && has_all(&rule.resources)
}

/// Whether a rule changes something. `use` lets a pod take a policy or a class, which changes nothing by itself.
pub(super) fn writes(rule: &PolicyRule) -> bool {
    let asks_only = !rule.resources.is_empty()
        && rule.resources.iter().all(|resource| {
            ABOUT_ONESELF.contains(&resource.as_str()) || QUESTIONS.contains(&resource.as_str())
        });
    let is_of_resources = !rule.resources.is_empty();
    is_of_resources
        && !asks_only
        && rule.verbs.iter().any(|verb| verb != "use" && !READING.contains(&verb.as_str()))
}

/// Subresources that a GET opens too: a shell, a tunnel, or whatever answers behind them.
const OPENED_BY_GET: [&str; 6] =
    ["pods/exec", "pods/attach", "pods/portforward", "pods/proxy", "services/proxy", "nodes/proxy"];

/// Whether a rule could change anything at all: it writes, it sends to a path, or it opens a way into what runs.
pub(super) fn may_change(rule: &PolicyRule) -> bool {
    let sends = || rule.verbs.iter().any(|verb| !READING.contains(&verb.as_str()));
    writes(rule) || !rule.non_resource_urls.is_empty() && sends() || opens_what_runs(rule)
}

/// Whether a rule opens a way into what runs in pods, behind Services or on nodes.
pub(super) fn opens_what_runs(rule: &PolicyRule) -> bool {
    OPENED_BY_GET.iter().any(|part| allows(rule, "get", "", part))
}

/// Whether a rule gives no more than every authenticated identity has.
pub(super) fn is_powerless(rule: &PolicyRule) -> bool {
    let asks_about_oneself = rule.resources.iter().all(|resource| ABOUT_ONESELF.contains(&resource.as_str()));
    let reads = || rule.verbs.iter().all(|verb| READING.contains(&verb.as_str()));
    let is_open = |path: &String| {
        let path = path.trim_end_matches('*').trim_end_matches('/');
        OPEN_PATHS
            .iter()
            .any(|open| path == *open || path.strip_prefix(open).is_some_and(|r| r.starts_with('/')))
    };
    asks_about_oneself
        && (rule.non_resource_urls.is_empty() || reads() && rule.non_resource_urls.iter().all(is_open))
}
