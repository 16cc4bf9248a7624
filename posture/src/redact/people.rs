//! Names of people: replaced by tokens before a record is made.
//!
//! What tells that an object belongs to a person, and where the name stands in it, is in [`identity`]; this file keeps what was learned.

pub(super) mod identity;
mod replace;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::key::RedactionKey;

pub(crate) use identity::{SERVER_NAME, USER_NAME};
pub(super) use replace::replace;

/// Whether the table of names is to be filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// Tokens stand in records, and the name behind each is told to the store.
    Resolvable,
    /// Tokens stand in records, and nobody learns the names.
    Hashed,
}

/// A token and the name it stands for, seen for the first time since the program started.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seen {
    /// The token: `p-7k2m9q4x0c`.
    pub token: String,
    /// The name.
    pub name: String,
}

impl std::fmt::Debug for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seen").field("token", &self.token).finish_non_exhaustive()
    }
}

/// What was learned about people: which tokens the store knows, which namespaces are personal.
#[derive(Debug)]
pub(super) struct People {
    names: Names,
    told: HashSet<String>,
    seen: Vec<Seen>,
    hubs: BTreeSet<String>,
    namespaces: BTreeMap<String, String>,
}

impl People {
    pub(super) fn new(names: Names) -> Self {
        Self {
            names,
            told: HashSet::new(),
            seen: Vec::new(),
            hubs: BTreeSet::new(),
            namespaces: BTreeMap::new(),
        }
    }

    /// The pairs of token and name that were new since the last call.
    pub(super) fn take_seen(&mut self) -> Vec<Seen> {
        std::mem::take(&mut self.seen)
    }

    /// A hub lives in this namespace, so it is nobody's.
    pub(super) fn add_hub(&mut self, namespace: &str) {
        if !self.hubs.contains(namespace) {
            self.namespaces.remove(namespace);
            self.hubs.insert(namespace.to_owned());
        }
    }

    /// A namespace as records call it.
    pub(super) fn namespace<'a>(&'a self, namespace: &'a str) -> &'a str {
        self.namespaces.get(namespace).map_or(namespace, String::as_str)
    }

    fn token(&mut self, key: &RedactionKey, name: &str) -> String {
        let token = token(key, name);
        if self.names == Names::Resolvable && self.told.insert(token.clone()) {
            self.seen.push(Seen { token: token.clone(), name: name.to_owned() });
        }
        token
    }
}

/// The token of a name: `p-` and ten letters and digits, a valid DNS label.
pub(super) fn token(key: &RedactionKey, name: &str) -> String {
    format!("p-{}", key.letters("person", name))
}

/// The names of people that the name of a server's pod may hold: KubeSpawner escapes them, and puts a named server's behind `--`.
pub fn names_in_pod(pod: &str) -> Vec<String> {
    let Some(rest) = pod.strip_prefix("jupyter-") else { return Vec::new() };
    let owner = rest.split_once("--").map(|(owner, _)| owner);
    let mut names: Vec<String> = [Some(rest), owner]
        .into_iter()
        .flatten()
        .flat_map(|name| [name.to_owned(), identity::unescape(name)])
        .collect();
    names.dedup();
    names
}

/// What may stand in records for the pod of a user's server: tokens, and whole names as [`replace`] makes them.
pub(super) fn pod_names(key: &RedactionKey, pod: &str) -> Vec<String> {
    let of_owner = |name: &String| {
        let token = token(key, name);
        let own = format!("jupyter-{token}-{}", suffix(key, pod));
        let usual = (!pod.contains("--")).then(|| format!("jupyter-{token}"));
        [Some(own), usual, Some(token)]
    };
    names_in_pod(pod).iter().flat_map(of_owner).flatten().collect()
}

/// Letters that tell objects of one person apart whose names do not follow the usual pattern.
fn suffix(key: &RedactionKey, name: &str) -> String {
    key.letters("object", name)[..6].to_owned()
}

/// Replaces every token in a text: the one of `own` by `person`, every other by `other-person`.
pub(crate) fn without_tokens(text: &str, own: Option<&str>) -> Option<String> {
    // Most texts are shorter than a token, or hold none.
    next_token(text, None)?;
    let mut kept = String::new();
    let mut rest = text;
    while let Some(at) = next_token(rest, kept.chars().next_back()) {
        let word = if Some(&rest[at..at + 12]) == own { "person" } else { "other-person" };
        kept.push_str(&rest[..at]);
        kept.push_str(word);
        rest = &rest[at + 12..];
    }
    (rest.len() < text.len()).then(|| kept + rest)
}

/// The first token in a text.
pub(crate) fn token_in(text: &str) -> Option<&str> {
    next_token(text, None).map(|at| &text[at..at + 12])
}

/// Where a token starts: at a word's beginning, and not followed by more of the same word.
fn next_token(text: &str, before: Option<char>) -> Option<usize> {
    if text.len() < 12 {
        return None;
    }
    text.match_indices("p-").map(|(at, _)| at).find(|at| {
        let previous = text[..*at].chars().next_back().or(before);
        let letters = text.get(at + 2..at + 12);
        previous.is_none_or(|c| !c.is_ascii_alphanumeric())
            && letters.is_some_and(|letters| letters.chars().all(super::key::is_token_letter))
            && text[at + 12..].chars().next().is_none_or(|c| !c.is_ascii_alphanumeric())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_found_and_nothing_else_is() {
        let key = RedactionKey::new(b"key");
        let (ada, bob) = (token(&key, "ada"), token(&key, "bob"));
        assert_eq!(ada.len(), 12);
        assert_eq!(without_tokens(&format!("claim-{ada}"), Some(&ada)).as_deref(), Some("claim-person"));
        assert_eq!(
            without_tokens(&format!("{bob}/{ada}"), Some(&ada)).as_deref(),
            Some("other-person/person")
        );
        assert_eq!(without_tokens("http-proxy-public", None), None);
        assert_eq!(token_in(&format!("jupyter-{ada}--x")), Some(ada.as_str()));
    }

    #[test]
    fn a_name_is_told_once() {
        let key = RedactionKey::new(b"key");
        let mut people = People::new(Names::Resolvable);
        people.token(&key, "ada");
        people.token(&key, "ada");
        assert_eq!(people.take_seen().len(), 1);
        let mut hashed = People::new(Names::Hashed);
        hashed.token(&key, "ada");
        assert!(hashed.take_seen().is_empty());
    }
}
