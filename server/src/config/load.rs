//! Reads the file and the environment, and says exactly what is wrong with them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use thiserror::Error;
use toml::{Table, Value};

use super::Config;
use super::keys::{KEYS, KeyKind, nearest};

/// What is wrong with the configuration. No message quotes a value of the environment.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error(
        "the configuration file {path} cannot be read: {why}; check the path given to --config and that this user may read it"
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why, in the operating system's words.
        why: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{path}, line {line}, column {column}: this is not valid TOML: {why}")]
    NotToml {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What the parser says.
        why: String,
    },
    /// A key that nobody knows.
    #[error(
        "{place} sets `{key}`, which is not a key of the configuration{hint}; `perijove config --reference` lists all keys"
    )]
    UnknownKey {
        /// The file, or the environment variable.
        place: String,
        /// The key as written.
        key: String,
        /// The nearest known key in words, or nothing.
        hint: String,
    },
    /// A value of the wrong type or outside what is allowed.
    #[error("{place}: {what}")]
    Invalid {
        /// The file, or the environment variable.
        place: String,
        /// What was found and what would be right.
        what: String,
    },
}

/// Reads the configuration file, if one is named, then overlays the environment.
///
/// `environment` is the list of all variables; those that begin with `PERIJOVE_` and name a section are read.
pub fn load(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Config, ConfigError> {
    let mut table = file.map_or_else(|| Ok(Table::new()), read)?;
    let mut variables = BTreeMap::new();
    let place = file.map_or_else(|| "the environment".to_owned(), |path| path.display().to_string());
    refuse_unknown(&place, "", &table)?;
    for (variable, value) in environment {
        refuse_single_underscores(&variable)?;
        if let Some(path) = variable.strip_prefix("PERIJOVE_").filter(|rest| rest.contains("__")) {
            let path = path.replace("__", ".").to_lowercase();
            overlay(&mut table, &variable, &path, &value)?;
            variables.insert(path, variable);
        }
    }
    let place_of = |path: &str| {
        variables.get(path).map_or_else(|| place.clone(), |name| format!("the environment variable {name}"))
    };
    let config = match Value::Table(table.clone()).try_into::<Config>() {
        Ok(config) => config,
        Err(error) => return Err(misfit(&table, error.message(), place_of)),
    };
    validate(&place, config)
}

/// Says which key a value does not fit, and what would, without the value.
fn misfit(table: &Table, message: &str, place_of: impl Fn(&str) -> String) -> ConfigError {
    for (section, inner) in table {
        let alone = |name: Option<&str>| {
            let mut only = Table::new();
            let value = match (inner, name) {
                (Value::Table(inner), Some(name)) => {
                    Value::Table(inner.iter().filter(|(key, _)| *key == name).map(owned).collect())
                }
                (other, _) => other.clone(),
            };
            only.insert(section.clone(), value);
            Value::Table(only).try_into::<Config>().err()
        };
        let names = inner.as_table().map_or_else(|| vec![None], |inner| inner.keys().map(Some).collect());
        for name in names {
            if let Some(error) = alone(name.map(String::as_str)) {
                let path = name.map_or_else(|| section.clone(), |name| format!("{section}.{name}"));
                let what = format!("`{path}` must be {}", wanted(error.message()));
                return ConfigError::Invalid { place: place_of(&path), what };
            }
        }
    }
    ConfigError::Invalid { place: place_of(""), what: format!("a value must be {}", wanted(message)) }
}

fn owned((key, value): (&String, &Value)) -> (String, Value) {
    (key.clone(), value.clone())
}

/// What the decoder expected, in words. The rest of its message quotes the value.
fn wanted(message: &str) -> String {
    if let Some(field) = message.strip_prefix("missing field ") {
        return format!("a table with the key {field}");
    }
    match message.rsplit_once("expected ").map(|(_, wanted)| wanted) {
        Some("a string" | "path string") => "text in quotes".to_owned(),
        Some("u32" | "u64") => "a whole number that is not negative".to_owned(),
        Some("a sequence") => "a list in brackets".to_owned(),
        Some(choices) if choices.starts_with('`') || choices.starts_with("one of `") => choices.to_owned(),
        _ => "another value; `perijove config --reference` says which".to_owned(),
    }
}

/// Refuses the likeliest slip, which would otherwise be overlooked: `PERIJOVE_SERVE_LISTEN` for `PERIJOVE_SERVE__LISTEN`.
///
/// Other variables that begin with `PERIJOVE_` are none of ours: Kubernetes makes some for a Service of that name.
fn refuse_single_underscores(variable: &str) -> Result<(), ConfigError> {
    let meant = KEYS
        .iter()
        .filter_map(super::keys::Key::variable)
        .find(|known| known != variable && known.replace("__", "_") == variable);
    match meant {
        Some(known) => Err(ConfigError::Invalid {
            place: format!("the environment variable {variable}"),
            what: format!("this is not read; did you mean {known}, with two underscores?"),
        }),
        None => Ok(()),
    }
}

fn read(path: &Path) -> Result<Table, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|why| ConfigError::Unreadable { path: path.to_owned(), why })?;
    text.parse::<Table>().map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        let before = &text[..offset.min(text.len())];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        ConfigError::NotToml { path: path.to_owned(), line, column, why: error.message().to_owned() }
    })
}

/// Walks all keys of the file, lists of tables as `name[]`.
fn refuse_unknown(place: &str, above: &str, table: &Table) -> Result<(), ConfigError> {
    for (name, value) in table {
        let path = if above.is_empty() { name.clone() } else { format!("{above}.{name}") };
        let is_list_of_tables = KEYS.iter().any(|key| key.path.starts_with(&format!("{path}[].")));
        let tables = value
            .as_array()
            .filter(|items| items.iter().any(Value::is_table) || items.is_empty() && is_list_of_tables);
        if let Some(inner) = value.as_table() {
            known_section(place, &path)?;
            refuse_unknown(place, &path, inner)?;
        } else if let Some(items) = tables {
            let path = format!("{path}[]");
            known_section(place, &path)?;
            for inner in items.iter().filter_map(Value::as_table) {
                refuse_unknown(place, &path, inner)?;
            }
        } else if !KEYS.iter().any(|key| key.path == path) {
            return Err(unknown(place, &path));
        }
    }
    Ok(())
}

fn known_section(place: &str, path: &str) -> Result<(), ConfigError> {
    let inside = format!("{path}.");
    if KEYS.iter().any(|key| key.path.starts_with(&inside)) { Ok(()) } else { Err(unknown(place, path)) }
}

fn unknown(place: &str, path: &str) -> ConfigError {
    let hint =
        nearest(&path.replace("[]", "")).map(|near| format!(" (did you mean `{near}`?)")).unwrap_or_default();
    ConfigError::UnknownKey { place: place.to_owned(), key: path.to_owned(), hint }
}

fn overlay(table: &mut Table, variable: &str, path: &str, text: &str) -> Result<(), ConfigError> {
    let place = format!("the environment variable {variable}");
    let Some(key) = KEYS.iter().find(|key| key.path == path && key.kind != KeyKind::Tables) else {
        return Err(unknown(&place, path));
    };
    let value = match key.kind {
        KeyKind::Number => Value::Integer(text.trim().parse().map_err(|_| ConfigError::Invalid {
            place: place.clone(),
            what: "this must be a whole number".to_owned(),
        })?),
        KeyKind::List => Value::Array(
            text.split(',')
                .map(str::trim)
                .filter(|s| !s.is_empty())
                .map(|s| Value::String(s.to_owned()))
                .collect(),
        ),
        KeyKind::Text | KeyKind::Tables => Value::String(text.to_owned()),
    };
    let (section, name) = path.split_once('.').unwrap_or(("", path));
    let section = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
    if let Some(section) = section.as_table_mut() {
        section.insert(name.to_owned(), value);
    }
    Ok(())
}

/// Refuses values that a type alone cannot refuse, and brings the prefix into its one form.
pub(crate) fn validate(place: &str, mut config: Config) -> Result<Config, ConfigError> {
    let invalid = |what: String| Err(ConfigError::Invalid { place: place.to_owned(), what });
    if config.serve.listen.parse::<std::net::SocketAddr>().is_err() {
        return invalid(format!(
            "serve.listen is `{}`; it must be an address and a port such as 127.0.0.1:8474",
            config.serve.listen
        ));
    }
    let prefix = config.serve.prefix.trim_matches('/');
    if prefix.split('/').any(|part| part == ".." || part == "." || !part.chars().all(is_prefix_character)) {
        return invalid(format!(
            "serve.prefix is `{}`; it must be a path such as / or /services/perijove/",
            config.serve.prefix
        ));
    }
    config.serve.prefix = if prefix.is_empty() { "/".to_owned() } else { format!("/{prefix}/") };
    if config.collect.tick_seconds == 0
        || config.collect.requests_per_second == 0
        || config.collect.request_burst == 0
    {
        return invalid(
            "collect.tick_seconds, collect.requests_per_second and collect.request_burst must be at least 1"
                .to_owned(),
        );
    }
    if config.store.keep_days == 0 || config.store.max_size_mib == 0 {
        return invalid("store.keep_days and store.max_size_mib must be at least 1".to_owned());
    }
    for namespace in &config.collect.namespaces {
        if let Err(why) = namespace_name(namespace) {
            return invalid(format!("collect.namespaces holds `{namespace}`; {why}"));
        }
    }
    if let Err(why) = config.certificates.sights() {
        return invalid(why);
    }
    if let Err(why) = config.drift.check() {
        return invalid(why);
    }
    for (index, cluster) in config.clusters.iter().enumerate() {
        if let Err(why) = cluster_name(&cluster.name) {
            return invalid(format!("clusters[{index}].name is `{}`; {why}", cluster.name));
        }
        if config.clusters[..index].iter().any(|other| other.name == cluster.name) {
            return invalid(format!("two clusters are called `{}`; give each its own name", cluster.name));
        }
    }
    Ok(config)
}

fn is_name_character(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'
}

/// A name that a cluster can have on pages and in addresses.
pub fn cluster_name(name: &str) -> Result<String, &'static str> {
    let fits = !name.is_empty() && name.chars().all(is_name_character);
    fits.then(|| name.to_owned()).ok_or("it must be lower case letters, digits and `-`")
}

/// A name that a namespace can have: a DNS label (RFC 1123).
pub fn namespace_name(name: &str) -> Result<String, &'static str> {
    let fits = (1..=63).contains(&name.len())
        && name.chars().all(is_name_character)
        && !name.starts_with('-')
        && !name.ends_with('-');
    fits.then(|| name.to_owned()).ok_or(
        "a namespace has at most 63 lower case letters, digits and `-`, with a letter or a digit at both ends",
    )
}

fn is_prefix_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> Result<Config, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("perijove.toml");
        std::fs::write(&path, text).unwrap();
        load(Some(&path), [])
    }

    #[test]
    fn the_environment_wins_over_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("perijove.toml");
        std::fs::write(&path, "[collect]\ntick_seconds = 60\n").unwrap();
        let config =
            load(Some(&path), [("PERIJOVE_COLLECT__TICK_SECONDS".to_owned(), "7".to_owned())]).unwrap();
        assert_eq!(config.collect.tick_seconds, 7);
    }

    #[test]
    fn an_unknown_key_is_refused_with_the_nearest_name() {
        let message = file("[serve]\nlistn = \"127.0.0.1:1\"\n").unwrap_err().to_string();
        assert!(
            message.contains("`serve.listn`") && message.contains("did you mean `serve.listen`?"),
            "{message}"
        );
    }

    #[test]
    fn an_unknown_key_inside_a_list_of_tables_is_refused() {
        let message = file("[[clusters]]\nname = \"a\"\ncontxt = \"x\"\n").unwrap_err().to_string();
        assert!(message.contains("did you mean `clusters[].context`?"), "{message}");
    }

    #[test]
    fn a_namespace_that_cannot_be_is_refused() {
        assert_eq!(file("[collect]\nnamespaces = [\"jhub-1\"]\n").unwrap().collect.namespaces, ["jhub-1"]);
        for wrong in ["", "A", "a/b", "-a", "a-", "a b", &"a".repeat(64)] {
            let message = file(&format!("[collect]\nnamespaces = [\"{wrong}\"]\n")).unwrap_err().to_string();
            assert!(
                message.contains("collect.namespaces") && message.contains("at most 63"),
                "{wrong}: {message}"
            );
        }
    }

    #[test]
    fn what_may_be_looked_at_is_checked_wherever_it_comes_from() {
        let message =
            file("[certificates]\nhosts = [\"https://hub.example.org\"]\n").unwrap_err().to_string();
        assert!(message.contains("certificates.hosts holds `https://hub.example.org`"), "{message}");
        let listed =
            |value: &str| load(None, [("PERIJOVE_CERTIFICATES__SECRETS".to_owned(), value.to_owned())]);
        assert_eq!(listed("jhub/a, jhub/b").unwrap().certificates.secrets, ["jhub/a", "jhub/b"]);
        assert!(listed("jhub").unwrap_err().to_string().contains("certificates.secrets"));
    }

    #[test]
    fn broken_toml_names_line_and_column() {
        let message = file("[serve]\nlisten = \n").unwrap_err().to_string();
        assert!(message.contains("line 2, column"), "{message}");
    }

    #[test]
    fn a_value_that_does_not_fit_names_its_key_and_what_would_fit() {
        for (text, wanted) in [
            ("[serve]\nlisten = 5\n", "`serve.listen` must be text in quotes"),
            (
                "[collect]\ntick_seconds = -5\n",
                "`collect.tick_seconds` must be a whole number that is not negative",
            ),
            ("[log]\nformat = \"xml\"\n", "`log.format` must be `text` or `json`"),
            ("[serve]\nallowed_hosts = \"a\"\n", "`serve.allowed_hosts` must be a list in brackets"),
            (
                "[judge]\nattestations = [{ fact = \"x\", reason = \"y\" }]\n",
                "must be one of `no-cloud-metadata`",
            ),
        ] {
            let message = file(text).unwrap_err().to_string();
            assert!(message.contains(wanted), "{text}: {message}");
        }
    }

    #[test]
    fn what_config_prints_can_be_read_again() {
        let printed = toml::to_string_pretty(&Config::default()).unwrap();
        assert_eq!(file(&printed).unwrap(), Config::default());
    }

    #[test]
    fn a_variable_with_one_underscore_too_few_is_refused_and_those_of_kubernetes_are_not() {
        let variable = |name: &str| load(None, [(name.to_owned(), "1".to_owned())]);
        let message = variable("PERIJOVE_SERVE_LISTEN").unwrap_err().to_string();
        assert!(message.contains("did you mean PERIJOVE_SERVE__LISTEN"), "{message}");
        assert!(variable("PERIJOVE_SERVICE_HOST").is_ok());
        assert!(variable("PERIJOVE_PORT_80_TCP").is_ok());
    }

    #[test]
    fn the_prefix_has_one_form() {
        assert_eq!(file("serve.prefix = \"services/perijove\"").unwrap().serve.prefix, "/services/perijove/");
        assert!(file("serve.prefix = \"/a/../b\"").is_err());
    }

    #[test]
    fn a_value_of_the_environment_is_not_quoted() {
        let error =
            load(None, [("PERIJOVE_COLLECT__TICK_SECONDS".to_owned(), "hunter2".to_owned())]).unwrap_err();
        assert!(!error.to_string().contains("hunter2"));
        let error = load(None, [("PERIJOVE_LOG__FORMAT".to_owned(), "hunter2".to_owned())]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the environment variable PERIJOVE_LOG__FORMAT: `log.format` must be `text` or `json`"
        );
    }
}
