//! URLs of the Kubernetes API.

use std::fmt::Write as _;

use posture::kind::KindInfo;

/// In which form objects are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The whole object.
    Whole,
    /// Only its metadata, in a list.
    MetadataList,
    /// Only its metadata, one object or a watch.
    Metadata,
}

impl Form {
    /// The `Accept` header. The metadata forms have no fallback: a server that cannot give them must refuse rather than send everything.
    pub fn accept(self) -> &'static str {
        match self {
            Self::Whole => "application/json",
            Self::MetadataList => "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
            Self::Metadata => "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
        }
    }
}

/// The URL of a collection of objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourcePath {
    path: String,
    /// What selects among the objects of a list, as a piece of the query; nothing of a cluster is part of it.
    selectors: &'static str,
}

impl ResourcePath {
    /// All objects of a kind, in one namespace or everywhere.
    pub fn new(info: &KindInfo, version: &str, namespace: Option<&str>) -> Self {
        let mut path = group_version(info.group, version);
        if let Some(namespace) = namespace {
            path.push_str("/namespaces/");
            path.push_str(&segment(namespace));
        }
        path.push('/');
        path.push_str(info.plural);
        Self { path, selectors: "" }
    }

    /// The Secrets of a namespace, of which only single ones are ever asked for.
    pub fn secrets(namespace: &str) -> Self {
        Self { path: format!("/api/v1/namespaces/{}/secrets", segment(namespace)), selectors: "" }
    }

    /// The Secrets of a namespace in which Helm keeps its releases; lists leave out all others.
    pub fn releases(namespace: &str) -> Self {
        Self {
            selectors: "&fieldSelector=type%3Dhelm.sh%2Frelease.v1&labelSelector=owner%3Dhelm",
            ..Self::secrets(namespace)
        }
    }

    /// One page of a list.
    pub fn list(&self, limit: u32, token: Option<&str>) -> String {
        let mut url = format!("{}?limit={limit}{}", self.path, self.selectors);
        if let Some(token) = token {
            url.push_str("&continue=");
            url.push_str(&segment(token));
        }
        url
    }

    /// A watch from a resourceVersion.
    pub fn watch(&self, resource_version: &str, timeout_seconds: u64) -> String {
        format!(
            "{}?watch=1&allowWatchBookmarks=true&timeoutSeconds={timeout_seconds}&resourceVersion={}",
            self.path,
            segment(resource_version)
        )
    }

    /// One object.
    pub fn object(&self, name: &str) -> String {
        format!("{}/{}", self.path, segment(name))
    }
}

/// The URL of an API group's version; the core group has a place of its own.
pub fn group_version(group: &str, version: &str) -> String {
    if group.is_empty() {
        format!("/api/{}", segment(version))
    } else {
        format!("/apis/{}/{}", segment(group), segment(version))
    }
}

/// Text as one segment or value of a URL: whatever is not plainly harmless is escaped, so that a name cannot lead elsewhere.
pub fn segment(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'~' => escaped.push(char::from(byte)),
            // A lone dot or two would be read as a step in the path.
            b'.' if text != "." && text != ".." => escaped.push('.'),
            // Writing to a String cannot fail.
            _ => drop(write!(escaped, "%{byte:02X}")),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use posture::kind::Kind;

    use super::*;

    #[test]
    fn the_core_group_has_a_place_of_its_own() {
        let pods = ResourcePath::new(Kind::Pod.info(), "v1", None);
        assert_eq!(pods.list(200, None), "/api/v1/pods?limit=200");
        let policies = ResourcePath::new(Kind::NetworkPolicy.info(), "v1", Some("hub"));
        assert_eq!(
            policies.list(50, Some("a=/b")),
            "/apis/networking.k8s.io/v1/namespaces/hub/networkpolicies?limit=50&continue=a%3D%2Fb"
        );
    }

    #[test]
    fn releases_are_listed_without_any_other_secret() {
        let releases = ResourcePath::releases("jhub");
        assert_eq!(
            releases.list(200, Some("t")),
            "/api/v1/namespaces/jhub/secrets?limit=200&fieldSelector=type%3Dhelm.sh%2Frelease.v1&labelSelector=owner%3Dhelm&continue=t"
        );
        assert_eq!(releases.object("x"), "/api/v1/namespaces/jhub/secrets/x");
    }

    #[test]
    fn a_name_cannot_lead_to_another_path() {
        let maps = ResourcePath::new(Kind::ConfigMap.info(), "v1", Some(".."));
        assert_eq!(
            maps.object("../secrets?x#y"),
            "/api/v1/namespaces/%2E%2E/configmaps/..%2Fsecrets%3Fx%23y"
        );
    }
}
