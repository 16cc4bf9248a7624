//! Every key of the configuration as data: the reference page, the environment variables and the nearest-name hint come from here.

use std::fmt::Write;

/// What a key holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// Text.
    Text,
    /// A whole number.
    Number,
    /// A list of texts; in the environment separated by commas.
    List,
    /// A list of tables, which only the file can hold.
    Tables,
}

/// One key.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// The dotted path; `[]` marks a list of tables: `clusters[].name`.
    pub path: &'static str,
    /// What it holds.
    pub kind: KeyKind,
    /// The default, as TOML.
    pub default: &'static str,
    /// What it does, as one or two sentences.
    pub meaning: &'static str,
}

/// Every key, in the order of the reference page.
pub const KEYS: &[Key] = &[
    key(
        "serve.listen",
        KeyKind::Text,
        "\"127.0.0.1:8474\"",
        "The address to listen on. Until a hub's sign-in guards the pages this must be a loopback address; port 0 takes a free port.",
    ),
    key(
        "serve.prefix",
        KeyKind::Text,
        "\"/\"",
        "The path below which everything is served: `/services/perijove/` behind a hub.",
    ),
    key(
        "serve.allowed_hosts",
        KeyKind::List,
        "[]",
        "Further values of the `Host` header to answer. Loopback names are always answered, everything else gets 421.",
    ),
    key(
        "store.path",
        KeyKind::Text,
        "\"perijove.db\"",
        "The SQLite file. Its folder also holds the key of keyed hashes; both are readable by the owner only.",
    ),
    key("store.keep_days", KeyKind::Number, "400", "Days of history to keep."),
    key(
        "store.max_size_mib",
        KeyKind::Number,
        "1024",
        "The size in MiB that pruning tries to hold. Where that would lose a pinned scan, a warning is logged and the data is kept.",
    ),
    key(
        "collect.tick_seconds",
        KeyKind::Number,
        "300",
        "Seconds between scans that nothing but time triggers.",
    ),
    key("collect.requests_per_second", KeyKind::Number, "20", "Requests per second to one API server."),
    key(
        "collect.request_burst",
        KeyKind::Number,
        "40",
        "Requests that may be made at once before that rate holds.",
    ),
    key(
        "collect.namespaces",
        KeyKind::List,
        "[]",
        "Namespaces to list one by one where neither the cluster-wide list nor the list of namespaces is allowed.",
    ),
    key(
        "certificates.secrets",
        KeyKind::List,
        "[]",
        "Secrets whose certificates are looked at, as `namespace/name`. Each is read with `get`, in every cluster; nothing but its certificates is kept. \
         `perijove doctor --role-secrets` prints the Roles that allow exactly this.",
    ),
    key(
        "certificates.hosts",
        KeyKind::List,
        "[]",
        "Names to connect to with TLS, as `hub.example.org` or `hub.example.org:8443`. Only a name that the cluster itself serves is resolved and connected to: \
         that of an Ingress, a Gateway, an HTTPRoute, of automatic HTTPS, or the one that external-dns publishes for a hub.",
    ),
    key(
        "certificates.private_hosts",
        KeyKind::List,
        "[]",
        "What may be connected to although it is not public: addresses, networks as in `10.20.0.0/16`, or a name with its port as in `hub.corp.internal:443`.",
    ),
    key(
        "drift.folder",
        KeyKind::Text,
        "\"\"",
        "A folder of rendered manifests, such as the output of `helm template`. The page of drift offers its `.yaml`, `.yml` and `.json` files, \
         those of folders in it excepted, to compare a cluster with; a file may have 20 MiB. Empty: none is offered.",
    ),
    key(
        "drift.releases",
        KeyKind::List,
        "[]",
        "Namespaces whose releases of Helm are read, so that the page of drift can compare the cluster with what they installed. Helm keeps them in Secrets, so that the account must be able to \
         list the Secrets of the namespace, and so could read every one of them; nothing but the redacted manifest is taken. `perijove doctor` says whether \
         it can, and `perijove doctor --role-releases` prints the Roles that allow it.",
    ),
    key(
        "clusters[].name",
        KeyKind::Tables,
        "",
        "The cluster's name on pages and in addresses: lower case letters, digits and `-`.",
    ),
    key(
        "clusters[].kubeconfig",
        KeyKind::Tables,
        "",
        "The kubeconfig. Without one the in-cluster account is used.",
    ),
    key(
        "clusters[].context",
        KeyKind::Tables,
        "",
        "The context of the kubeconfig. Only a context named here may run an `exec` plugin.",
    ),
    key(
        "privacy.names",
        KeyKind::Text,
        "\"kept\"",
        "`kept`: one table maps tokens to names of people, and administrators see names. `hashed`: names are never kept.",
    ),
    key(
        "judge.attestations[].fact",
        KeyKind::Tables,
        "",
        "What you state although the API cannot show it: `no-cloud-metadata`, `https-at-the-edge` or `policies-enforced`.",
    ),
    key(
        "judge.attestations[].hub",
        KeyKind::Tables,
        "",
        "The hub it is stated of, as `namespace/release`. Without one it is stated of the cluster.",
    ),
    key("judge.attestations[].reason", KeyKind::Tables, "", "How you know."),
    key(
        "judge.attestations[].until",
        KeyKind::Tables,
        "",
        "When it ends, as an RFC 3339 instant in quotes; after that it counts for nothing.",
    ),
    key("log.filter", KeyKind::Text, "\"info\"", "A level or a filter: `info`, `warn,server=debug`."),
    key("log.format", KeyKind::Text, "\"text\"", "`text` for people, `json` for machines."),
];

const fn key(path: &'static str, kind: KeyKind, default: &'static str, meaning: &'static str) -> Key {
    Key { path, kind, default, meaning }
}

impl Key {
    /// The environment variable that sets it; `None` for what only the file can hold.
    pub fn variable(&self) -> Option<String> {
        (self.kind != KeyKind::Tables)
            .then(|| format!("PERIJOVE_{}", self.path.replace('.', "__").to_uppercase()))
    }
}

/// The key or table name nearest to what was written.
pub fn nearest(written: &str) -> Option<&'static str> {
    if !written.contains('.')
        && let Some(path) = nearest_section(written)
    {
        return Some(path);
    }
    // A name that was cut short is nearer than its length says.
    let longer = |path: &&str| written.len() > "serve.".len() && path.starts_with(written);
    if let Some(path) = KEYS.iter().map(|key| key.path).find(longer) {
        return Some(path);
    }
    KEYS.iter()
        .map(|key| key.path)
        .map(|path| (strsim::damerau_levenshtein(&path.replace("[]", ""), written), path))
        .min()
        .filter(|(distance, path)| *distance <= path.len() / 3 + 1)
        .map(|(_, path)| path)
}

/// The name of the table nearest to what was written; for the name of a key without its table, the whole key.
fn nearest_section(written: &str) -> Option<&'static str> {
    let whole = KEYS.iter().map(|key| key.path).find(|path| path.rsplit('.').next() == Some(written));
    whole.or_else(|| {
        KEYS.iter()
            .filter_map(|key| key.path.split('.').next())
            .map(|section| section.trim_end_matches("[]"))
            .map(|section| (strsim::damerau_levenshtein(section, written), section))
            .min()
            .filter(|(distance, section)| *distance <= section.len() / 3 + 1)
            .map(|(_, section)| section)
    })
}

/// The reference page of all keys, in Markdown.
pub fn reference_page() -> String {
    let mut page = String::from(
        "# Configuration\n\nPerijove reads one TOML file (`--config FILE`) and then the environment, which wins. An unknown key is an error that names the nearest known one.\n",
    );
    for key in KEYS {
        let _ = write!(page, "\n## `{}`\n\n{}\n", key.path, key.meaning);
        if !key.default.is_empty() {
            let _ = write!(page, "\nDefault: `{}`\n", key.default);
        }
        if let Some(variable) = key.variable() {
            let _ = write!(page, "\nEnvironment: `{variable}`\n");
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn every_default_of_the_table_is_the_default_of_the_program() {
        let written =
            KEYS.iter().filter(|k| k.kind != KeyKind::Tables).fold(String::new(), |mut text, key| {
                let _ = writeln!(text, "{} = {}", key.path, key.default);
                text
            });
        assert_eq!(toml::from_str::<Config>(&written).unwrap(), Config::default());
    }

    #[test]
    fn every_key_of_the_program_is_in_the_table() {
        let defaults = toml::Value::try_from(Config::default()).unwrap();
        for (section, values) in defaults.as_table().unwrap() {
            for name in values.as_table().into_iter().flat_map(|t| t.keys()) {
                let path = format!("{section}.{name}");
                assert!(KEYS.iter().any(|k| k.path.starts_with(&path)), "{path} is missing from the table");
            }
        }
    }

    #[test]
    fn a_slip_of_the_pen_finds_its_key() {
        assert_eq!(nearest("serve.listn"), Some("serve.listen"));
        assert_eq!(nearest("store.keepdays"), Some("store.keep_days"));
        assert_eq!(nearest("collect.tick"), Some("collect.tick_seconds"));
        assert_eq!(nearest("servr"), Some("serve"));
        assert_eq!(nearest("cluster"), Some("clusters"));
        assert_eq!(nearest("listen"), Some("serve.listen"));
        assert_eq!(nearest("zebra"), None);
    }
}
