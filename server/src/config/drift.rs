//! The section `[drift]`: what a cluster may be compared with beside its own past. Nothing that takes a right of its own, by default.

use std::collections::BTreeSet;
use std::path::PathBuf;

use posture::hostile::visible;
use serde::{Deserialize, Serialize};

use super::load::namespace_name;
use crate::declared::DeclaredFolder;

/// What a cluster may be compared with beside its own past.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DriftConfig {
    /// Namespaces whose releases of Helm are read for the page of drift. That takes the right to list the Secrets there.
    pub releases: Vec<String>,
    /// A folder of rendered manifests that the page of drift offers to compare with; none where it is empty.
    pub folder: PathBuf,
}

impl DriftConfig {
    /// The folder, where one is set.
    pub fn declared(&self) -> Option<DeclaredFolder> {
        (!self.folder.as_os_str().is_empty()).then(|| DeclaredFolder::new(self.folder.clone()))
    }

    /// The namespaces whose releases are to be read.
    pub fn namespaces(&self) -> BTreeSet<String> {
        self.releases.iter().cloned().collect()
    }

    /// Refuses what is no namespace: the first value that is wrong, with its key and what would be right.
    pub fn check(&self) -> Result<(), String> {
        self.releases.iter().try_for_each(|namespace| {
            let shown: String = namespace.chars().take(80).collect();
            let why = if namespace.contains('/') {
                Err("it must be a namespace; all releases in it may be read")
            } else if namespace.contains('*') {
                Err("name each namespace, since Secrets are not read everywhere")
            } else {
                namespace_name(namespace).map(drop)
            };
            why.map_err(|why| format!("drift.releases holds `{}`; {why}", visible(&shown)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn releases(namespaces: &[&str]) -> DriftConfig {
        DriftConfig {
            releases: namespaces.iter().map(|name| (*name).to_owned()).collect(),
            ..DriftConfig::default()
        }
    }

    #[test]
    fn no_release_is_read_by_default() {
        assert!(DriftConfig::default().namespaces().is_empty());
    }

    #[test]
    fn releases_are_read_in_namespaces_that_are_named() {
        let config = releases(&["jhub", "exam", "jhub"]);
        assert_eq!((config.check(), config.namespaces().len()), (Ok(()), 2));
    }

    #[test]
    fn what_is_no_namespace_is_refused_with_what_would_be_one() {
        for (wrong, why) in [
            ("jhub/prod", "it must be a namespace"),
            ("*", "name each namespace"),
            ("", "a namespace has"),
            ("JHub", "a namespace has"),
            ("../kube-system", "it must be a namespace"),
            ("a\u{202e}b", "a namespace has"),
        ] {
            let message = releases(&[wrong]).check().unwrap_err();
            assert!(message.starts_with("drift.releases holds `") && message.contains(why), "{message}");
            assert!(!message.contains('\u{202e}'), "{message}");
        }
    }
}
