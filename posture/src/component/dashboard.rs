//! The Kubernetes Dashboard, of any generation.

use crate::check::{Evidence, Outcome};
use crate::derived::{Derived, Grant, Reach};
use crate::facts::{Container, PolicyRule};
use crate::gap::Unknown;
use crate::kind::Kind;
use crate::snapshot::Snapshot;
use crate::text::{Arg, Reason};

use super::{Sighting, Sightings, sight, switch};

/// The images of all generations, without registry.
const IMAGES: [&str; 9] = [
    "kubernetes-dashboard-amd64",
    "kubernetes-dashboard-arm",
    "kubernetes-dashboard-arm64",
    "kubernetes-dashboard-ppc64le",
    "kubernetesui/dashboard",
    "kubernetesui/dashboard-api",
    "kubernetesui/dashboard-auth",
    "kubernetesui/dashboard-web",
    "kubernetesui/dashboard-metrics-scraper",
];

/// Looks for the Dashboard and its parts in every namespace.
pub fn dashboards(snapshot: &Snapshot) -> Sightings<'_> {
    const NAME: &str = "kubernetes-dashboard";
    sight(snapshot, |candidate| {
        candidate.name == NAME
            || candidate.name.starts_with("kubernetes-dashboard-")
            || candidate.has_label("k8s-app", NAME)
            || candidate.has_label("app.kubernetes.io/name", NAME)
            || candidate.has_label("app.kubernetes.io/part-of", NAME)
            || IMAGES.iter().any(|image| candidate.has_image(image))
    })
}

/// The outcome of checks of it where there is none.
pub fn none() -> Outcome {
    Outcome::not_applicable(Reason::new("none", "There is no Kubernetes Dashboard in the cluster"))
}

/// Whether a grant is no more than what the Dashboard's own manifests ask for: its own named objects, and metrics.
pub fn is_own_right(grant: &Grant) -> bool {
    let is_own = |rule: &PolicyRule| {
        let is_wild =
            rule.verbs.iter().chain(&rule.resources).chain(&rule.api_groups).any(|word| word == "*");
        let is_creation = grant.reach != Reach::Cluster
            && rule.verbs.iter().all(|verb| verb == "create")
            && rule.resources.iter().all(|resource| resource == "secrets" || resource == "configmaps");
        let is_metrics =
            !rule.api_groups.is_empty() && rule.api_groups.iter().all(|group| group == "metrics.k8s.io");
        !is_wild && (!rule.resource_names.is_empty() || is_creation || is_metrics)
    };
    grant.is_powerless() || grant.rules().all(is_own)
}

/// The kinds a check of the Dashboard's rights and presence reads.
pub const KINDS: [Kind; 10] = [
    Kind::Pod,
    Kind::Deployment,
    Kind::StatefulSet,
    Kind::DaemonSet,
    Kind::ReplicaSet,
    Kind::ReplicationController,
    Kind::ClusterRole,
    Kind::ClusterRoleBinding,
    Kind::Role,
    Kind::RoleBinding,
];

/// What the flags of the Dashboard do to its login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Login {
    /// It may be skipped, and the account that a visitor then acts with may do more than run the Dashboard.
    Skipped,
    /// It may be skipped, but the account may do little.
    SkippedPowerless,
    /// It is allowed over plain HTTP, or settings may be changed without it.
    Weakened,
    /// Nothing weakens it.
    Whole,
}

/// What the flags do to the login; undecided where they or the rights behind them cannot be read.
pub fn login(derived: &Derived, sighting: &Sighting<'_>) -> Result<Login, Unknown> {
    let mut login = Login::Whole;
    let mut undecided = None;
    for container in &sighting.spec.containers {
        match may_skip(container) {
            Ok(true) => {
                let rights = derived.rights.of_account(sighting.namespace, sighting.spec.account());
                let may_more = rights.any(|grant| !is_own_right(grant))?;
                login = login.min(if may_more { Login::Skipped } else { Login::SkippedPowerless });
            }
            Ok(false) if !weakening(container).is_empty() => login = login.min(Login::Weakened),
            Ok(false) => {}
            Err(reason) => undecided = Some(reason),
        }
    }
    match undecided {
        Some(reason) if login != Login::Skipped => Err(reason.into()),
        _ => Ok(login),
    }
}

/// What weakens the login, as facts: flags, or a version that always lets visitors skip it.
pub fn flags(sighting: &Sighting<'_>) -> Vec<Evidence> {
    let containers = sighting.spec.containers.iter().enumerate();
    let facts = containers.flat_map(|(index, container)| {
        let fact = move |field: &str, found: Arg, wanted: &'static str| {
            let path = sighting.path(&format!("containers[{index}].{field}"));
            Evidence::new(sighting.object.clone(), path, found).wanted(Arg::word(wanted))
        };
        let skip = (switch(container, "enable-skip-login") == Ok(true)).then_some("--enable-skip-login");
        let flags = skip.into_iter().chain(weakening(container));
        let is_old = is_before_skip_was_a_choice(container) == Ok(true);
        let old = is_old.then(|| fact("image", Arg::text(&container.image), "1.10.1 or later"));
        flags.map(move |flag| fact("args", Arg::word(flag), "no such flag")).chain(old).collect::<Vec<_>>()
    });
    facts.collect()
}

/// Whether a visitor may do without signing in.
fn may_skip(container: &Container) -> Result<bool, Reason> {
    match (switch(container, "enable-skip-login"), is_before_skip_was_a_choice(container)) {
        (Ok(true), _) | (_, Ok(true)) => Ok(true),
        (Ok(false), Ok(false)) => Ok(false),
        (Err(reason), _) | (_, Err(reason)) => Err(reason),
    }
}

/// Whether the version lets every visitor in: before 1.7 there is no login, and before 1.10.1 its page always shows a button to skip it.
fn is_before_skip_was_a_choice(container: &Container) -> Result<bool, Reason> {
    if !container.image_base().starts_with("kubernetes-dashboard-") {
        return Ok(false);
    }
    let version =
        container.image_tag().and_then(|tag| semver::Version::parse(tag.trim_start_matches('v')).ok());
    let hidden = || {
        Reason::new(
            "version-hidden",
            "The image of container {container} names no version, and those before 1.10.1 let every visitor skip the login",
        )
        .with("container", Arg::text(&container.name))
    };
    Ok(version.ok_or_else(hidden)? < semver::Version::new(1, 10, 1))
}

fn weakening(container: &Container) -> Vec<&'static str> {
    let mut flags = Vec::new();
    if switch(container, "enable-insecure-login") == Ok(true) {
        flags.push("--enable-insecure-login");
    }
    if switch(container, "disable-settings-authorizer") == Ok(true) {
        flags.push("--disable-settings-authorizer");
    }
    if container.flag("insecure-bind-address").is_some_and(|address| matches!(address, "0.0.0.0" | "::")) {
        flags.push("--insecure-bind-address=0.0.0.0");
    }
    flags
}
