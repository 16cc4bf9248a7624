//! Single values: what is kept of a text by the rule of its place.

use jiff::Timestamp;
use serde_json::Value;

use super::bundle;
use super::class::{class_of, dropped, is_suspicious};
use super::rule::Rule;

/// The longest text that is kept, in bytes; names in Kubernetes end at 253.
pub const LONGEST_TEXT: usize = 1024;

/// The directory URLs of Let's Encrypt, past and present, and the host they share.
const LETS_ENCRYPT: &str = ".api.letsencrypt.org";

/// What is kept of a text: `Ok(None)` means nothing at all.
///
/// # Errors
/// Where the place does not take text: the error names what it takes.
pub(super) fn text(rule: Rule, text: &str) -> Result<Option<Value>, &'static str> {
    let kept = |keep: bool| Ok(keep.then(|| Value::from(text)));
    let kept_or_class = |keep: bool| Ok(Some(if keep { text.into() } else { dropped(class_of(text)) }));
    match rule {
        Rule::Text | Rule::Port => kept(text.len() <= LONGEST_TEXT),
        Rule::Word | Rule::Scalar => kept(is_word(text)),
        Rule::Path => kept(is_path(text)),
        Rule::PathLeaf => kept_or_class(is_path(text)),
        Rule::Time => Ok(text.parse::<Timestamp>().ok().map(|time| time.to_string().into())),
        Rule::Url => Ok(Some(url(text).map_or_else(|| dropped(class_of(text)), Value::from))),
        Rule::AuthorityUrl => {
            Ok(Some(authority_url(text).map_or_else(|| dropped(class_of(text)), Value::from)))
        }
        Rule::Email => Ok(Some(email(text).map_or_else(|| dropped(class_of(text)), Value::from))),
        Rule::Drop => Ok(Some(dropped(class_of(text)))),
        Rule::Bundle => Ok(Some(bundle::encoded(text).unwrap_or_else(|| dropped(class_of(text))))),
        Rule::Number => Err("a number"),
        Rule::Bool => Err("true or false"),
        Rule::Presence | Rule::Labels | Rule::Annotations | Rule::Data | Rule::BinaryData => Err("an object"),
        Rule::Words | Rule::Env => Err("a list"),
    }
}

/// Whether a rule takes a number.
pub(super) fn number(rule: Rule, number: Value) -> Result<Option<Value>, &'static str> {
    match rule {
        Rule::Number if number.is_f64() => Err("a whole number"),
        Rule::Number | Rule::Scalar | Rule::Port => Ok(Some(number)),
        Rule::Drop => Ok(Some(dropped("number"))),
        other => Err(wanted(other)),
    }
}

/// Whether a rule takes a truth value.
pub(super) fn truth(rule: Rule, truth: bool) -> Result<Option<Value>, &'static str> {
    match rule {
        Rule::Bool | Rule::Scalar => Ok(Some(truth.into())),
        Rule::Drop => Ok(Some(dropped("boolean"))),
        other => Err(wanted(other)),
    }
}

/// What a place takes, in words.
pub(super) fn wanted(rule: Rule) -> &'static str {
    match rule {
        Rule::Number => "a number",
        Rule::Bool => "true or false",
        Rule::Scalar | Rule::Port => "text or a number",
        Rule::Presence | Rule::Labels | Rule::Annotations | Rule::Data | Rule::BinaryData => "an object",
        Rule::Words | Rule::Env => "a list",
        Rule::Text
        | Rule::Word
        | Rule::Path
        | Rule::PathLeaf
        | Rule::Time
        | Rule::Url
        | Rule::AuthorityUrl
        | Rule::Email
        | Rule::Bundle
        | Rule::Drop => "text",
    }
}

/// Whether a key of a map with free keys has the form of the keys of labels, which every such map of Kubernetes keeps to.
pub(super) fn is_free_key(key: &str) -> bool {
    !key.is_empty()
        && key.len() <= 317
        && key.chars().all(|c| c.is_ascii_alphanumeric() || "._/-@:".contains(c))
}

/// Text without spaces that looks like a name, an enumeration, a quantity or a version.
pub(super) fn is_word(text: &str) -> bool {
    text.len() <= 253
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "._/-:*+".contains(c))
        && !is_suspicious(text)
}

/// A path of letters, digits and a few marks.
pub(super) fn is_path(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 253
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-*$(){}~".contains(c))
        && !is_suspicious(text)
}

/// Scheme, host and port of a URL; user, password, path, query and fragment are left out.
pub(super) fn url(text: &str) -> Option<String> {
    let (scheme, rest) = text.trim().split_once("://")?;
    if scheme.is_empty() || !scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c)) {
        return None;
    }
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let is_host = !host.is_empty()
        && host.len() <= 253
        && host.chars().all(|c| c.is_ascii_alphanumeric() || ".-_:[]$()".contains(c))
        && !is_suspicious(host);
    is_host.then(|| format!("{}://{host}", scheme.to_ascii_lowercase()))
}

pub(super) fn authority_url(text: &str) -> Option<String> {
    let short = url(text)?;
    let host = short.split_once("://")?.1;
    let is_public = host.ends_with(LETS_ENCRYPT) && text.trim().strip_prefix(&short) == Some("/directory");
    Some(if is_public { text.trim().to_owned() } else { short })
}

/// `*@domain` of an address; text without an `@` has no domain to keep.
pub(super) fn email(text: &str) -> Option<String> {
    let (user, domain) = text.trim().rsplit_once('@')?;
    let is_domain = !domain.is_empty()
        && domain.len() <= 253
        && domain.chars().all(|c| c.is_ascii_alphanumeric() || ".-".contains(c))
        && !is_suspicious(domain);
    (!user.is_empty() && is_domain).then(|| format!("*@{}", domain.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_loses_everything_but_scheme_and_host() {
        assert_eq!(
            url("https://u:p@hub.example.org:8443/a?b=c#d").as_deref(),
            Some("https://hub.example.org:8443")
        );
        assert_eq!(url("http://proxy-http:8000/").as_deref(), Some("http://proxy-http:8000"));
        assert_eq!(url("http://hub:$(HUB_SERVICE_PORT)").as_deref(), Some("http://hub:$(HUB_SERVICE_PORT)"));
        assert_eq!(url("hunter2"), None);
    }

    #[test]
    fn the_directory_of_lets_encrypt_is_kept_whole() {
        let staging = "https://acme-staging-v02.api.letsencrypt.org/directory";
        assert_eq!(authority_url(staging).as_deref(), Some(staging));
        assert_eq!(
            authority_url("https://ca.example.org/acme/key/directory").as_deref(),
            Some("https://ca.example.org")
        );
    }

    #[test]
    fn an_address_keeps_its_domain() {
        assert_eq!(email("ada.lovelace@uni.example").as_deref(), Some("*@uni.example"));
        assert_eq!(email("nobody"), None);
        assert_eq!(email("@uni.example"), None);
    }
}
