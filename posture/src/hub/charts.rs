//! What each release of the Zero to JupyterHub chart brings along: a table of data with the day it was made.

use std::sync::LazyLock;

use semver::Version;
use serde::Deserialize;

/// The parts that one release of the chart brings along.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chart {
    /// The release.
    pub version: Version,
    /// The day, or the month, it was released.
    pub released: Option<String>,
    /// JupyterHub.
    pub jupyterhub: Option<String>,
    /// KubeSpawner, which starts the user servers.
    pub kubespawner: Option<String>,
    /// OAuthenticator.
    pub oauthenticator: Option<String>,
    /// The configurable HTTP proxy.
    pub proxy: Option<String>,
    /// Traefik, which automatic HTTPS uses.
    pub traefik: Option<String>,
    /// The oldest Kubernetes it installs on.
    pub kubernetes: Option<String>,
}

/// The table.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Charts {
    /// The day on which the table was made: nothing in it is newer.
    pub as_of: jiff::civil::Date,
    /// The releases, oldest first.
    #[serde(rename = "chart")]
    pub releases: Vec<Chart>,
}

static CHARTS: LazyLock<Charts> = LazyLock::new(|| {
    toml::from_str(include_str!("charts.toml")).expect("the table is part of the program and tested")
});

/// The table of chart releases.
pub fn charts() -> &'static Charts {
    &CHARTS
}

impl Charts {
    /// The release of this version, or the newest one before it with the same first two numbers.
    pub fn find(&self, version: &Version) -> Option<&Chart> {
        self.releases.iter().rev().find(|chart| {
            let known = &chart.version;
            (known.major, known.minor) == (version.major, version.minor)
                && (known <= version || known.patch == version.patch)
        })
    }

    /// The newest release.
    pub fn newest(&self) -> Option<&Chart> {
        self.releases.last()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_listed_once_and_oldest_first() {
        assert!(charts().releases.is_sorted_by(|a, b| a.version < b.version));
        assert!(charts().releases.iter().all(|chart| chart.jupyterhub.is_some()));
    }

    #[test]
    fn a_patch_release_that_is_not_listed_has_the_parts_of_the_one_before() {
        let find =
            |text: &str| charts().find(&Version::parse(text).unwrap()).map(|chart| chart.version.to_string());
        assert_eq!(find("0.10.3").as_deref(), Some("0.10.1"));
        assert_eq!(find("0.10.6").as_deref(), Some("0.10.5"));
        assert_eq!(find("4.4.0").as_deref(), Some("4.4.0"));
        assert_eq!(find("4.4.1-0.dev.git.7041.h1a2b3c4").as_deref(), Some("4.4.0"));
        assert_eq!(find("1.0.0-beta.1").as_deref(), Some("1.0.0"));
        assert_eq!(find("9.0.0"), None);
    }
}
