//! What a dropped value looked like, in one word, and the test for text that must not be kept wherever it stands.

use serde_json::{Value, json};

/// Beginnings of tokens that well-known services issue.
const TOKEN_BEGINNINGS: &[&str] = &[
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "gldt-",
    "glrt-",
    "xoxb-",
    "xoxp-",
    "xoxa-",
    "xoxs-",
    "xapp-",
    "AKIA",
    "ASIA",
    "AIza",
    "ya29.",
    "sk-",
    "sk_live_",
    "pk_live_",
    "rk_live_",
    "hf_",
    "npm_",
    "pypi-",
    "dop_v1_",
    "SG.",
    "hvs.",
];

/// Words that announce a secret when a value stands behind them.
const ANNOUNCEMENTS: &[&str] = &[
    "token=",
    "password=",
    "passwd=",
    "pwd=",
    "secret=",
    "apikey=",
    "api_key=",
    "api-key=",
    "key=",
    "auth=",
    "credential=",
    "credentials=",
    "signature=",
    "sig=",
    "token:",
    "password:",
    "secret:",
    "bearer ",
    "basic ",
];

/// A dropped leaf of this class.
pub(super) fn dropped(class: &str) -> Value {
    json!({ "redacted": true, "class": class })
}

/// A dropped leaf of this class that can be compared with others of the same key.
pub(super) fn dropped_comparable(class: &str, hmac: &str) -> Value {
    json!({ "redacted": true, "class": class, "hmac": hmac })
}

/// What a text looks like.
pub(super) fn class_of(text: &str) -> &'static str {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return "empty";
    }
    if trimmed.contains("-----BEGIN") {
        return if trimmed.contains("PRIVATE KEY") { "private-key" } else { "certificate" };
    }
    if trimmed.contains("://") {
        return if has_credentials(trimmed) { "url-with-credentials" } else { "url" };
    }
    if is_jwt(trimmed) || TOKEN_BEGINNINGS.iter().any(|start| trimmed.starts_with(start)) {
        return "token";
    }
    if trimmed.parse::<f64>().is_ok() {
        return "number";
    }
    if matches!(trimmed, "true" | "false" | "yes" | "no" | "on" | "off") {
        return "boolean";
    }
    if trimmed.parse::<std::net::IpAddr>().is_ok() {
        return "address";
    }
    if trimmed.contains('\n') {
        return "lines";
    }
    if trimmed.starts_with(['{', '[']) {
        return "json";
    }
    if trimmed.starts_with("arn:") {
        return "arn";
    }
    if is_email(trimmed) {
        return "email";
    }
    if is_random(trimmed) {
        return "key";
    }
    if trimmed.starts_with('/') {
        return "path";
    }
    "text"
}

/// Whether a text must not be kept, whatever the table says of its place.
pub(super) fn is_suspicious(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    text.contains("-----BEGIN")
        || ANNOUNCEMENTS.iter().any(|word| lower.contains(word))
        || has_credentials(text)
        || text.split(|c: char| !(c.is_ascii_alphanumeric() || "+_-.".contains(c))).any(is_token)
}

fn is_token(word: &str) -> bool {
    let is_issued = |start: &&str| {
        let rest = word.strip_prefix(*start).unwrap_or_default();
        let letters = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        letters >= 16 && rest[..letters].chars().any(|c| c.is_ascii_digit() || c.is_ascii_uppercase())
    };
    is_jwt(word) || TOKEN_BEGINNINGS.iter().any(is_issued) || word.split(['.', '-', '_']).any(is_random)
}

/// `user:password@host` in a URL.
fn has_credentials(text: &str) -> bool {
    text.match_indices("://").any(|(at, _)| {
        let rest = &text[at + 3..];
        let authority = rest.split(['/', '?', '#', ' ']).next().unwrap_or_default();
        authority.contains('@')
    })
}

fn is_jwt(text: &str) -> bool {
    text.starts_with("eyJ") && text.len() >= 20
}

fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(user, domain)| {
        !user.is_empty() && domain.contains('.') && !text.contains([' ', '/', '\n'])
    })
}

/// Long hexadecimal, or long mixed letters and digits without separators: keys, tokens and hashes. Labels of domains and names of
/// classes, long as they may be, have letters of one case or no digits.
fn is_random(word: &str) -> bool {
    let count = |test: fn(char) -> bool| word.chars().filter(|c| test(*c)).count();
    let digits = count(|c| c.is_ascii_digit());
    let lower = count(|c| c.is_ascii_lowercase());
    let upper = count(|c| c.is_ascii_uppercase());
    let other = word.chars().count() - digits - lower - upper;
    if other > count(|c| "+/=".contains(c)) {
        return false;
    }
    let is_hex = word.chars().all(|c| c.is_ascii_hexdigit());
    (is_hex && word.len() >= 16 && digits >= 2)
        || (word.len() >= 20 && digits >= 1 && lower >= 2 && upper >= 2)
        || (word.len() >= 32 && digits >= 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_says_what_a_value_looked_like() {
        for (text, class) in [
            ("", "empty"),
            ("-----BEGIN RSA PRIVATE KEY-----\nx", "private-key"),
            ("-----BEGIN CERTIFICATE-----\nx", "certificate"),
            ("postgres://hub:hunter2@db/hub", "url-with-credentials"),
            ("http://hub:8081/hub/api", "url"),
            ("eyJhbGciOiJIUzI1NiJ9.e30.abc", "token"),
            ("ghp_0123456789abcdef", "token"),
            ("0123456789abcdef0123456789abcdef", "key"),
            ("ada@uni.example", "email"),
            ("1073741824", "number"),
            ("10.0.0.7", "address"),
            ("true", "boolean"),
            ("/user/ada/", "path"),
            ("hello", "text"),
        ] {
            assert_eq!(class_of(text), class, "{text}");
        }
    }

    #[test]
    fn ordinary_names_and_paths_are_not_suspicious() {
        for text in [
            "/usr/local/etc/jupyterhub/jupyterhub_config.py",
            "/etc/chp/tls/tls.key",
            "proxy-public-tls-acme",
            "localhost:44134",
            "hub.jupyter.org",
            "continuous-image-puller",
            "4.4.1-0.dev.git.7041.h1234abcd",
            "sk-hub.uni.example.org",
            "jupyterhub2026universitaet",
        ] {
            assert!(!is_suspicious(text), "{text}");
        }
    }

    #[test]
    fn keys_tokens_and_announced_secrets_are_suspicious() {
        for text in [
            "/run/0123456789abcdef0123456789abcdef",
            "x-token=abc",
            "https://user:pass@host/",
            "dGhpc0lzQVZlcnlMb25nU2VjcmV0S2V5",
            "AKIAABCDEFGH12345678",
            "ghp_0123456789abcdefABCD",
            "prefix-0123456789abcdef0123",
        ] {
            assert!(is_suspicious(text), "{text}");
        }
    }
}
