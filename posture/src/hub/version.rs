//! Which version of the chart a hub was installed with, from the surest source that can be read.

use semver::{BuildMetadata, Prerelease, Version};

use super::charts::charts;
use super::{ChartVersion, Confidence, Hub, Support, parts};
use crate::facts::{Container, Meta, Workload};
use crate::gap::Unknown;
use crate::kind::Kind;
use crate::object::ObjectRef;
use crate::snapshot::Snapshot;
use crate::text::Reason;

/// The labels that name the chart, modern one first.
const CHART_LABELS: [&str; 2] = ["helm.sh/chart", "chart"];

/// The annotation with the version of JupyterHub that started a server, from chart 4.0 on.
const STAMP: &str = "hub.jupyter.org/jupyterhub-version";

/// The answer before anything was read.
pub(super) fn not_read() -> Unknown {
    Reason::new("chart-version-not-read", "the chart version has not been read").into()
}

/// The chart version of a hub.
pub(super) fn resolve(snapshot: &Snapshot, hub: &Hub) -> Result<ChartVersion, Unknown> {
    if hub.support == Support::Other {
        return Err(
            Reason::new("not-the-chart", "this JupyterHub was not installed by Zero to JupyterHub").into()
        );
    }
    if let Some(version) = of_labels(&hub.deployment).or_else(|| of_image(hub)) {
        return Ok(version);
    }
    of_siblings(snapshot, hub).or_else(|| of_policies_and_bindings(snapshot, hub)).map_or_else(
        || {
            let namespace = &hub.key.namespace;
            snapshot.services.complete_in(namespace)?;
            snapshot.network_policies.complete_in(namespace)?;
            snapshot.role_bindings.complete_in(namespace)?;
            guess(snapshot, hub)
        },
        Ok,
    )
}

/// The version that a controller's own labels name.
pub(super) fn of_labels(workload: &Workload) -> Option<ChartVersion> {
    of_meta(&workload.metadata, &workload.object())
}

/// The version that the tag of an official hub image names: stable charts and their images are released together.
pub fn of_image(hub: &Hub) -> Option<ChartVersion> {
    let container = hub.deployment.pod().containers.iter().find(|container| is_official(container))?;
    let tag = container.image_tag()?;
    Some(ChartVersion {
        version: parse(tag)?,
        found: tag.to_owned(),
        confidence: Confidence::High,
        source: format!("image tag of container {} of {}", container.name, hub.deployment.object()),
    })
}

/// A version of JupyterHub, and where it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunningVersion {
    /// The version.
    pub version: String,
    /// How sure it is.
    pub confidence: Confidence,
    /// Where it was read: `annotation hub.jupyter.org/jupyterhub-version of Pod/jhub/jupyter-*`.
    pub source: String,
}

/// The version of JupyterHub a hub runs: what it wrote on the user server it started last, or else what its chart brings along.
pub fn of_jupyterhub(hub: &Hub) -> Option<RunningVersion> {
    let stamped = hub.user_classes.iter().flat_map(|class| class.pods.iter().map(move |pod| (class, pod)));
    let newest = stamped
        .filter_map(|(class, pod)| {
            Some((pod.metadata.creation_timestamp, class, pod.metadata.annotation(STAMP)?))
        })
        .max_by_key(|(created, _, version)| (*created, *version));
    if let Some((_, class, version)) = newest {
        let object = ObjectRef::namespaced(Kind::Pod, &class.namespace, class.display_name());
        return Some(RunningVersion {
            version: version.to_owned(),
            confidence: Confidence::High,
            source: format!("annotation {STAMP} of {object}"),
        });
    }
    let chart = hub.chart.as_ref().ok()?;
    Some(RunningVersion {
        version: charts().find(&chart.version)?.jupyterhub.clone()?,
        confidence: chart.confidence,
        source: format!("chart {}", chart.found),
    })
}

fn is_official(container: &Container) -> bool {
    let path = container.image.split('@').next().unwrap_or_default();
    let path = path
        .rsplit_once(':')
        .map_or(path, |(path, tag)| if tag.contains('/') { container.image.as_str() } else { path });
    let path = path
        .strip_prefix("quay.io/")
        .or_else(|| path.strip_prefix("docker.io/"))
        .or_else(|| path.strip_prefix("index.docker.io/"))
        .unwrap_or(path);
    matches!(path, "jupyterhub/k8s-hub" | "jupyterhub/k8s-hub-slim")
}

fn of_meta(metadata: &Meta, object: &ObjectRef) -> Option<ChartVersion> {
    CHART_LABELS.iter().find_map(|label| {
        let found = metadata.label(label)?;
        Some(ChartVersion {
            version: parse_chart(found)?,
            found: found.to_owned(),
            confidence: Confidence::High,
            source: format!("label {label} of {object}"),
        })
    })
}

/// The labels of the proxy and of the Services survive when somebody edits the hub's Deployment.
fn of_siblings(snapshot: &Snapshot, hub: &Hub) -> Option<ChartVersion> {
    let workloads = [&hub.proxy, &hub.autohttps, &hub.user_scheduler];
    workloads.into_iter().flatten().find_map(|workload| of_labels(workload)).or_else(|| {
        let services = snapshot.services.present_in(&hub.key.namespace);
        services.filter(|service| parts::carries_labels_of(&service.metadata, &hub.key)).find_map(|service| {
            of_meta(
                &service.metadata,
                &ObjectRef::namespaced(Kind::Service, &hub.key.namespace, &service.metadata.name),
            )
        })
    })
}

fn of_policies_and_bindings(snapshot: &Snapshot, hub: &Hub) -> Option<ChartVersion> {
    let namespace = &hub.key.namespace;
    let policies =
        snapshot.network_policies.present_in(namespace).map(|policy| (Kind::NetworkPolicy, &policy.metadata));
    let bindings =
        snapshot.role_bindings.present_in(namespace).map(|binding| (Kind::RoleBinding, &binding.metadata));
    policies.chain(bindings).filter(|(_, metadata)| parts::carries_labels_of(metadata, &hub.key)).find_map(
        |(kind, metadata)| of_meta(metadata, &ObjectRef::namespaced(kind, namespace, &metadata.name)),
    )
}

/// The generation that names and the contents of the hub's ConfigMap give away.
fn guess(snapshot: &Snapshot, hub: &Hub) -> Result<ChartVersion, Unknown> {
    let guessed = |major, minor, found: &str, source: &str| ChartVersion {
        version: Version::new(major, minor, 0),
        found: found.to_owned(),
        confidence: Confidence::Low,
        source: format!("{source} of {}", hub.deployment.object()),
    };
    if parts::is_ancient(&hub.deployment) {
        return Ok(guessed(0, 5, "≈0.5–0.6", "pod labels"));
    }
    let unsettled = || {
        Unknown::from(Reason::new(
            "chart-version-not-found",
            "no label and no image tag names the chart version; a label `helm.sh/chart` on the hub's Deployment would",
        ))
    };
    let name = hub.config_map.as_deref().ok_or_else(unsettled)?;
    let config_map = snapshot.config_map(&hub.key.namespace, name)?.ok_or_else(unsettled)?;
    let has = |key: &str| config_map.data.as_ref().is_some_and(|data| data.contains_key(key));
    let has_flat_keys = config_map.data.iter().flatten().any(|(key, _)| key.starts_with("singleuser."));
    Ok(match () {
        () if has("fullname") || has("proxy-public") => {
            guessed(1, 0, "≥1.0", "names published by the ConfigMap")
        }
        () if has("values.yaml") => guessed(0, 8, "≈0.8–0.9", "values in the ConfigMap"),
        () if has_flat_keys => guessed(0, 7, "≈0.7", "keys of the ConfigMap"),
        () if name == "hub-config" => guessed(0, 10, "≈0.10–0.11", "name of the ConfigMap"),
        () => return Err(unsettled()),
    })
}

/// The version in a chart label: `jupyterhub-4.4.0`, `jupyterhub-v0.6`, `hub-1.2.0` under an alias, with `_` for `+`.
pub(super) fn parse_chart(label: &str) -> Option<Version> {
    label.match_indices('-').find_map(|(dash, _)| parse(&label[dash + 1..]))
}

/// A version as charts write it: with or without `v`, with two numbers or three.
pub(super) fn parse(text: &str) -> Option<Version> {
    let text = text.strip_prefix('v').unwrap_or(text).replace('_', "+");
    if let Ok(version) = Version::parse(&text) {
        return Some(version);
    }
    let end = text.find(['-', '+']).unwrap_or(text.len());
    let (core, rest) = text.split_at(end);
    let mut numbers = core.split('.').map(|number| number.parse::<u64>().ok());
    let (major, minor) = (numbers.next()??, numbers.next()??);
    let patch = numbers.next().unwrap_or(Some(0))?;
    if numbers.next().is_some() {
        return None;
    }
    // What follows is kept where it is well-formed; `0.9-174bbd5` is a development build after 0.9.
    let (before, build) = rest.split_once('+').unwrap_or((rest, ""));
    Some(Version {
        pre: Prerelease::new(before.trim_start_matches('-')).unwrap_or_default(),
        build: BuildMetadata::new(build).unwrap_or_default(),
        ..Version::new(major, minor, patch)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Option<String> {
        parse_chart(text).map(|version| version.to_string())
    }

    #[test]
    fn chart_labels_of_every_generation_are_understood() {
        assert_eq!(version("jupyterhub-v0.6").as_deref(), Some("0.6.0"));
        assert_eq!(version("jupyterhub-0.8.2").as_deref(), Some("0.8.2"));
        assert_eq!(version("jupyterhub-4.4.0").as_deref(), Some("4.4.0"));
        assert_eq!(
            version("jupyterhub-4.4.1-0.dev.git.7041.h1a2b3c4").as_deref(),
            Some("4.4.1-0.dev.git.7041.h1a2b3c4")
        );
        assert_eq!(version("jupyterhub-0.9-174bbd5").as_deref(), Some("0.9.0-174bbd5"));
        assert_eq!(version("jupyterhub-1.1.3_n410.hd5f1a6c2").as_deref(), Some("1.1.3+n410.hd5f1a6c2"));
    }

    #[test]
    fn an_alias_of_the_chart_does_not_hide_its_version() {
        assert_eq!(version("hub-4.4.0").as_deref(), Some("4.4.0"));
        assert_eq!(version("my-own-hub-1.2.0").as_deref(), Some("1.2.0"));
    }

    #[test]
    fn text_without_a_version_is_none() {
        assert_eq!(version("jupyterhub"), None);
        assert_eq!(version("jupyterhub-latest"), None);
        assert_eq!(version("jupyterhub-1.2.3.4"), None);
    }
}
