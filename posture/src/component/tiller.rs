//! Tiller, the server of Helm 2, and who can give it orders.

use crate::facts::{Container, Leaf, PodSpec};
use crate::kind::Kind;
use crate::snapshot::Snapshot;
use crate::text::{Arg, Reason};

use super::{Sighting, Sightings, flags_are_known, image_path, sight, switch};

/// The command that makes Tiller listen on the loopback address.
pub const LISTEN_LOCALLY: &[&str] = &[
    "kubectl",
    "--namespace",
    "<tiller-namespace>",
    "patch",
    "deployment",
    "<tiller-name>",
    "--type=json",
    r#"--patch=[{"op":"add","path":"/spec/template/spec/containers/0/command","value":["/tiller","--listen=localhost:44134"]}]"#,
];

/// Looks for Tiller in every namespace.
pub fn tillers(snapshot: &Snapshot) -> Sightings<'_> {
    sight(snapshot, |candidate| {
        candidate.name == "tiller-deploy"
            || (candidate.has_label("app", "helm") && candidate.has_label("name", "tiller"))
            || container(candidate.spec).is_some_and(|c| image_base(c) == "tiller")
    })
}

/// Who can give Tiller orders over its port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listening {
    /// Only who may forward a port to the pod: it listens on the loopback address.
    Loopback,
    /// Only who has a client certificate.
    Verified,
    /// Everyone who reaches it, over TLS.
    Encrypted,
    /// Everyone who reaches it.
    Open,
    /// Nobody at present: no pod is wanted. It would be open to everyone.
    Stopped,
}

/// Who can give orders to a Tiller that was seen; an error where its command cannot be read in full.
pub fn listening(sighting: &Sighting<'_>) -> Result<Listening, Reason> {
    let Some(container) = container(sighting.spec) else {
        return Err(Reason::new(
            "no-container",
            "{object} is named like Tiller but runs no container of that name; look at it by hand",
        )
        .with("object", sighting.object.clone()));
    };
    if container.flag("listen").is_some_and(is_loopback) {
        return Ok(Listening::Loopback);
    }
    if is_on(container, "tls-verify", "TILLER_TLS_VERIFY")? {
        return Ok(Listening::Verified);
    }
    flags_are_known(container)?;
    if sighting.replicas == Some(0) {
        return Ok(Listening::Stopped);
    }
    let is_encrypted = is_on(container, "tls", "TILLER_TLS_ENABLE")?;
    Ok(if is_encrypted { Listening::Encrypted } else { Listening::Open })
}

/// The container that runs Tiller, and its place among the containers.
pub fn container(spec: &PodSpec) -> Option<&Container> {
    let is_tiller = |c: &&Container| image_base(c) == "tiller" || c.name == "tiller";
    spec.containers.iter().find(is_tiller)
}

fn image_base(container: &Container) -> &str {
    image_path(&container.image).rsplit('/').next().unwrap_or_default()
}

/// Whether the host of `host:port` is this machine only; an empty host is every address.
fn is_loopback(listen: &str) -> bool {
    let host = listen.rsplit_once(':').map_or(listen, |(host, _)| host);
    host == "localhost"
        || host == "[::1]"
        || host.strip_prefix("127.").is_some_and(|rest| rest.split('.').count() == 3)
}

/// Whether Tiller's flag or its variable is set; any value of the variable counts, even `0`.
fn is_on(container: &Container, flag: &str, variable: &str) -> Result<bool, Reason> {
    let hidden = || {
        Reason::new("variable-hidden", "The value of {variable} cannot be read; look at it by hand")
            .with("variable", Arg::word(variable))
    };
    if container.words().any(|word| word.trim_start_matches('-').split('=').next() == Some(flag)) {
        return switch(container, flag);
    }
    match container.env_var(variable) {
        None => Ok(false),
        Some(entry) => match (&entry.value, &entry.value_from) {
            (Some(Leaf::Plain(value)), _) => Ok(!value.is_empty()),
            (Some(Leaf::Dropped { .. }), _) | (None, Some(_)) => Err(hidden()),
            (None, None) => Ok(false),
        },
    }
}

/// Roles that hold every right, whoever is named.
pub const CLUSTER_ADMIN: &str = "cluster-admin";

/// Whether a binding of `cluster-admin` was made for Tiller: it names an account called so, or is called so itself.
pub fn is_made_for_tiller(binding: &crate::facts::Binding) -> bool {
    let is_admin = binding.role_ref.kind == "ClusterRole" && binding.role_ref.name == CLUSTER_ADMIN;
    let names_tiller = binding.subjects.iter().any(|s| s.kind == "ServiceAccount" && s.name == "tiller");
    let accounts = binding.subjects.iter().any(|subject| subject.kind == "ServiceAccount");
    is_admin && (names_tiller || (accounts && binding.metadata.name.starts_with("tiller")))
}

/// The kinds a check of Tiller reads.
pub const KINDS: [Kind; 6] = [
    Kind::Pod,
    Kind::Deployment,
    Kind::StatefulSet,
    Kind::DaemonSet,
    Kind::ReplicaSet,
    Kind::ReplicationController,
];

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn only_the_loopback_address_is_safe() {
        for safe in ["localhost:44134", "127.0.0.1:44134", "[::1]:44134", "127.0.0.1"] {
            assert!(is_loopback(safe), "{safe}");
        }
        for open in
            [":44134", "0.0.0.0:44134", "[::]:44134", "", "127.0.0.1.example.org:44134", "localhost.evil:1"]
        {
            assert!(!is_loopback(open), "{open}");
        }
    }
}
