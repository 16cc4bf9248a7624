//! The data of ConfigMaps: which keys keep their value, and which files are understood.

use super::scalar::is_word;

/// What is kept of the value of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Worth {
    /// A configuration file: the paths of its table.
    File(Format, File),
    /// Certificates as PEM: bundles of authorities.
    Certificates,
    /// A short word.
    Word,
    /// Nothing but class and keyed hash.
    Nothing,
}

/// How a configuration file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// YAML, and JSON with it.
    Yaml,
    /// TOML.
    Toml,
}

/// A configuration file that is understood; each has its rows in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum File {
    /// Traefik's static configuration.
    TraefikStatic,
    /// Traefik's dynamic configuration.
    TraefikDynamic,
    /// The values of charts 0.8 and 0.9.
    Values,
    /// The setting of charts up to 0.7 for the metadata server.
    CloudMetadata,
}

/// Every file that is understood.
pub(super) const FILES: &[File] =
    &[File::TraefikStatic, File::TraefikDynamic, File::Values, File::CloudMetadata];

/// Keys of the hub's ConfigMap from chart 1.0 on: the resolved names of the release's objects.
const NAMES: &[&str] = &[
    "autohttps",
    "autohttps-serviceaccount",
    "continuous-image-puller",
    "continuous-image-puller-serviceaccount",
    "fullname",
    "fullname-dash",
    "hook-image-awaiter",
    "hook-image-awaiter-serviceaccount",
    "hook-image-puller",
    "hook-image-puller-serviceaccount",
    "hub",
    "hub-existing-secret",
    "hub-existing-secret-or-default",
    "hub-pvc",
    "hub-serviceaccount",
    "image-pull-secret",
    "image-puller-priority",
    "ingress",
    "priority",
    "proxy",
    "proxy-api",
    "proxy-http",
    "proxy-public",
    "proxy-public-manual-tls",
    "proxy-public-tls",
    "singleuser",
    "user-placeholder",
    "user-placeholder-priority",
    "user-scheduler",
    "user-scheduler-deploy",
    "user-scheduler-lock",
    "user-scheduler-serviceaccount",
];

/// Keys of other ConfigMaps, and of the flat one of charts up to 0.7, whose short values are kept.
const WORDS: &[&str] = &[
    "auth.admin.access",
    "auth.type",
    "cull.enabled",
    "cull.every",
    "cull.max-age",
    "cull.timeout",
    "enable-k8s-networkpolicy",
    "enable-policy",
    "policy-cidr-match-mode",
];

/// What is kept of the value of a key.
pub(super) fn worth(key: &str) -> Worth {
    match key {
        "traefik.yaml" => Worth::File(Format::Yaml, File::TraefikStatic),
        "dynamic.yaml" => Worth::File(Format::Yaml, File::TraefikDynamic),
        "traefik.toml" => Worth::File(Format::Toml, File::TraefikStatic),
        "dynamic.toml" => Worth::File(Format::Toml, File::TraefikDynamic),
        "values.yaml" => Worth::File(Format::Yaml, File::Values),
        "singleuser.cloud-metadata" => Worth::File(Format::Yaml, File::CloudMetadata),
        "client-ca-file" | "requestheader-client-ca-file" | "ca-bundle" => Worth::Certificates,
        _ if matches!(key.rsplit_once('.'), Some((_, "crt" | "pem"))) => Worth::Certificates,
        _ if NAMES.contains(&key) || WORDS.contains(&key) => Worth::Word,
        _ => Worth::Nothing,
    }
}

/// Whether a short value may be kept: a name, a number, a truth value, or nothing.
pub(super) fn is_short(text: &str) -> bool {
    text.len() <= 128 && is_word(text)
}
