//! A question as people type it: a verb, and a resource with its group, its subresource or a path.

use crate::kind::KINDS;

use super::question::{Asked, Question};

/// Resources of Kubernetes that are not read, with their groups.
const OTHERS: &[(&str, &[&str])] = &[
    (
        "",
        &[
            "bindings",
            "componentstatuses",
            "events",
            "groups",
            "limitranges",
            "persistentvolumes",
            "podtemplates",
            "resourcequotas",
            "secrets",
            "users",
        ],
    ),
    ("admissionregistration.k8s.io", &["mutatingwebhookconfigurations", "validatingwebhookconfigurations"]),
    ("apiextensions.k8s.io", &["customresourcedefinitions"]),
    ("apps", &["controllerrevisions"]),
    ("authentication.k8s.io", &["selfsubjectreviews", "tokenreviews"]),
    (
        "authorization.k8s.io",
        &[
            "localsubjectaccessreviews",
            "selfsubjectaccessreviews",
            "selfsubjectrulesreviews",
            "subjectaccessreviews",
        ],
    ),
    ("autoscaling", &["horizontalpodautoscalers"]),
    ("certificates.k8s.io", &["certificatesigningrequests", "signers"]),
    ("coordination.k8s.io", &["leases"]),
    ("node.k8s.io", &["runtimeclasses"]),
    ("policy", &["poddisruptionbudgets", "podsecuritypolicies"]),
    ("scheduling.k8s.io", &["priorityclasses"]),
    ("storage.k8s.io", &["csidrivers", "csinodes", "storageclasses", "volumeattachments"]),
];

/// What somebody typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asking {
    /// The verb.
    pub verb: String,
    /// `pods`, `pods/exec`, `deployments.apps`, `deployments.apps/scale`, or a path such as `/metrics`.
    pub resource: String,
    /// The name of one object; empty for all.
    pub name: String,
    /// The namespace; empty for the whole cluster.
    pub namespace: String,
}

/// The question behind what somebody typed, or what is wrong with it.
///
/// The group may be left out where Kubernetes has only one such resource. A resource of another group must name it, since a question
/// about the wrong group would be answered with no.
pub fn ask(asking: &Asking) -> Result<Question, String> {
    let verb = asking.verb.trim();
    let resource = asking.resource.trim();
    if verb.is_empty() || verb.contains(char::is_whitespace) {
        return Err("name one verb, such as get, list, create, delete or impersonate".to_owned());
    }
    if resource.is_empty() || resource.contains(char::is_whitespace) {
        return Err("name one resource, such as pods, pods/exec or deployments.apps".to_owned());
    }
    if resource.starts_with('/') {
        return Ok(Question::path(verb, resource));
    }
    let (whole, part) = match resource.split_once('/') {
        Some((whole, part)) => (whole, Some(part)),
        None => (resource, None),
    };
    let (plural, group) = match whole.split_once('.') {
        Some((plural, group)) => (plural, group.to_owned()),
        None => (whole, group_of(whole).ok_or_else(|| without_group(whole))?),
    };
    let named = part.map_or_else(|| plural.to_owned(), |part| format!("{plural}/{part}"));
    let mut question = Question::new(verb, &group, &named);
    let namespace = asking.namespace.trim();
    if !namespace.is_empty() {
        question = question.within(namespace);
    }
    let name = asking.name.trim();
    Ok(if name.is_empty() { question } else { question.named(name) })
}

fn group_of(plural: &str) -> Option<String> {
    if plural == "*" {
        return Some("*".to_owned());
    }
    let read = KINDS.iter().filter(|info| info.plural == plural).map(|info| info.group);
    let others = OTHERS.iter().filter(|(_, plurals)| plurals.contains(&plural)).map(|(group, _)| *group);
    let mut groups: Vec<&str> = read.chain(others).collect();
    groups.dedup();
    match groups.as_slice() {
        [group] => Some((*group).to_owned()),
        // A resource of Kubernetes goes before one that an extension calls the same.
        _ => groups.contains(&"networking.k8s.io").then(|| "networking.k8s.io".to_owned()),
    }
}

fn without_group(plural: &str) -> String {
    format!(
        "{plural:?} is no resource of Kubernetes itself, in the plural and in lower case; name its API group too, as in {plural}.example.org"
    )
}

impl Question {
    /// The question in words: `create pods/exec in namespace jhub`.
    pub fn words(&self) -> String {
        let verb = &self.verb;
        match &self.asked {
            Asked::Path(path) => format!("{verb} the path {path}"),
            Asked::Resource { group, resource, name } => {
                let (plural, part) = resource.split_once('/').unwrap_or((resource, ""));
                let mut what = match (group.as_str(), resource.as_str()) {
                    ("*", "*") => "everything".to_owned(),
                    ("", _) => plural.to_owned(),
                    _ => format!("{plural}.{group}"),
                };
                if !part.is_empty() {
                    what = format!("{what}/{part}");
                }
                if let super::question::Named::As(name) = name {
                    what = format!("{what} named {name}");
                }
                let place = self
                    .namespace
                    .as_ref()
                    .map_or_else(|| "in the whole cluster".to_owned(), |n| format!("in namespace {n}"));
                let verb = if verb == "*" { "do everything with" } else { verb };
                format!("{verb} {what} {place}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(verb: &str, resource: &str) -> Result<Question, String> {
        ask(&Asking { verb: verb.to_owned(), resource: resource.to_owned(), ..Asking::default() })
    }

    #[test]
    fn the_group_is_found_where_kubernetes_has_one() {
        assert_eq!(typed("get", "pods/exec").unwrap(), Question::new("get", "", "pods/exec"));
        assert_eq!(typed("list", "secrets").unwrap(), Question::new("list", "", "secrets"));
        assert_eq!(typed("list", "deployments").unwrap(), Question::new("list", "apps", "deployments"));
        assert_eq!(
            typed("get", "networkpolicies").unwrap(),
            Question::new("get", "networking.k8s.io", "networkpolicies")
        );
        assert_eq!(
            typed("patch", "deployments.apps/scale").unwrap(),
            Question::new("patch", "apps", "deployments/scale")
        );
        assert_eq!(typed("get", "/metrics").unwrap(), Question::path("get", "/metrics"));
    }

    #[test]
    fn an_unknown_resource_must_name_its_group() {
        assert!(typed("get", "foos").unwrap_err().contains("foos.example.org"));
        assert!(typed("get", "pod").is_err(), "a question about `pod` would always be answered with no");
        assert_eq!(typed("get", "foos.example.org").unwrap(), Question::new("get", "example.org", "foos"));
        assert!(typed("", "pods").unwrap_err().contains("verb"));
        assert!(typed("get", " ").unwrap_err().contains("resource"));
    }

    #[test]
    fn every_kind_that_is_read_can_be_asked_for_by_its_name() {
        for info in KINDS {
            let group = typed("get", info.plural).unwrap_or_else(|error| panic!("{error}"));
            let full = typed("get", &format!("{}.{}", info.plural, info.group)).unwrap();
            let is_core_or_same = info.group.is_empty() || group == full || info.plural == "networkpolicies";
            assert!(is_core_or_same, "{}", info.plural);
        }
    }
}
