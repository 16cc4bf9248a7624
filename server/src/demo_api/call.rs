//! Understands a URL of the Kubernetes API.

use std::collections::BTreeMap;

/// What a URL asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Call {
    /// `/version`.
    Version,
    /// `/api`.
    CoreVersions,
    /// `/apis`.
    Groups,
    /// The resources of a group's version.
    Resources {
        /// The group.
        group: String,
        /// Its version.
        version: String,
    },
    /// Objects.
    Objects(Objects),
}

/// Objects that a URL asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Objects {
    pub(super) group: String,
    pub(super) version: String,
    pub(super) plural: String,
    pub(super) namespace: Option<String>,
    pub(super) name: Option<String>,
}

impl Call {
    /// Understands a path; `None` for what nobody serves.
    pub(super) fn parse(path: &str) -> Option<Self> {
        let segments: Vec<String> =
            path.split('/').filter(|segment| !segment.is_empty()).map(unescape).collect::<Option<_>>()?;
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match segments.as_slice() {
            ["version"] => Some(Self::Version),
            ["api"] => Some(Self::CoreVersions),
            ["apis"] => Some(Self::Groups),
            ["api", version, rest @ ..] => Self::within("", version, rest),
            ["apis", group, version, rest @ ..] => Self::within(group, version, rest),
            _ => None,
        }
    }

    fn within(group: &str, version: &str, rest: &[&str]) -> Option<Self> {
        let objects = |plural: &str, namespace: Option<&str>, name: Option<&str>| {
            Some(Self::Objects(Objects {
                group: group.to_owned(),
                version: version.to_owned(),
                plural: plural.to_owned(),
                namespace: namespace.map(str::to_owned),
                name: name.map(str::to_owned),
            }))
        };
        match rest {
            [] => Some(Self::Resources { group: group.to_owned(), version: version.to_owned() }),
            [plural] => objects(plural, None, None),
            [plural, name] => objects(plural, None, Some(name)),
            ["namespaces", namespace, plural] => objects(plural, Some(namespace), None),
            ["namespaces", namespace, plural, name] => objects(plural, Some(namespace), Some(name)),
            _ => None,
        }
    }
}

/// The parameters behind the `?`.
pub(super) fn parameters(query: Option<&str>) -> Option<BTreeMap<String, String>> {
    query
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((unescape(key)?, unescape(value)?))
        })
        .collect()
}

fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
            }
            b'+' => bytes.push(b' '),
            other => bytes.push(other),
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_can_be_an_object_and_a_place() {
        let Some(Call::Objects(one)) = Call::parse("/api/v1/namespaces/hub") else { panic!("objects") };
        assert_eq!((one.plural.as_str(), one.name.as_deref()), ("namespaces", Some("hub")));
        let Some(Call::Objects(pods)) = Call::parse("/api/v1/namespaces/hub/pods") else { panic!("objects") };
        assert_eq!((pods.plural.as_str(), pods.namespace.as_deref()), ("pods", Some("hub")));
    }

    #[test]
    fn parameters_are_unescaped() {
        let parameters = parameters(Some("continue=a%3D%2Fb&limit=2")).unwrap();
        assert_eq!(parameters["continue"], "a=/b");
        assert_eq!(parameters["limit"], "2");
    }

    #[test]
    fn broken_escapes_are_refused() {
        assert_eq!(parameters(Some("a=%zz")), None);
        assert_eq!(parameters(Some("a=%2")), None);
    }
}
