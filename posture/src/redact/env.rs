//! Environment variables: the names whose values are kept, and in which form.

mod variable;

use serde_json::Value;

pub(super) use variable::environment;

use super::class::{class_of, dropped};
use super::scalar::{self, is_path, is_word};

/// What is kept of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Worth {
    /// `0`, `1`, `true`, `false`, `yes` or `no`.
    Flag,
    /// A number or a quantity.
    Number,
    /// A name, a version or an enumeration.
    Word,
    /// A path.
    Path,
    /// Scheme, host and port.
    Url,
    /// The URL of a certificate authority.
    AuthorityUrl,
    /// The domain of an address.
    Email,
}

/// The closed list of variables whose values are kept, sorted.
const KEPT: &[(&str, Worth)] = &[
    ("CPU_GUARANTEE", Worth::Number),
    ("CPU_LIMIT", Worth::Number),
    ("GRANT_SUDO", Worth::Flag),
    ("HELM_RELEASE_NAME", Worth::Word),
    ("JUPYTERHUB_ADMIN_ACCESS", Worth::Flag),
    ("JUPYTERHUB_ALLOW_TOKEN_IN_URL", Worth::Flag),
    ("JUPYTERHUB_COOKIE_HOST_PREFIX_ENABLED", Worth::Flag),
    ("JUPYTERHUB_DEBUG", Worth::Flag),
    ("JUPYTERHUB_DISABLE_USER_CONFIG", Worth::Flag),
    ("JUPYTERHUB_PUBLIC_HUB_URL", Worth::Url),
    ("JUPYTERHUB_PUBLIC_URL", Worth::Url),
    ("LEGO_EMAIL", Worth::Email),
    ("LEGO_URL", Worth::AuthorityUrl),
    ("MEM_GUARANTEE", Worth::Number),
    ("MEM_LIMIT", Worth::Number),
    ("NB_GID", Worth::Number),
    ("NB_UID", Worth::Number),
    ("POD_NAMESPACE", Worth::Word),
    ("PYTHONASYNCIODEBUG", Worth::Flag),
    ("PYTHONUNBUFFERED", Worth::Flag),
    ("TILLER_HISTORY_MAX", Worth::Number),
    ("TILLER_NAMESPACE", Worth::Word),
    ("TILLER_TLS_CERTS", Worth::Path),
    ("TILLER_TLS_ENABLE", Worth::Flag),
    ("TILLER_TLS_VERIFY", Worth::Flag),
];

/// Beginnings of variables that `KubeSpawner` and `BinderHub` set differently for each person.
const PERSONAL: &[&str] = &["JUPYTERHUB_", "JPY_", "BINDER_", "NB_", "MEM_", "CPU_"];

/// Parts of names that announce a credential.
const CREDENTIALS: &[&str] = &["SECRET", "PASSW", "TOKEN", "KEY", "CREDENTIAL"];

/// What is kept of a value; the second part says whether values of this variable are to be compared between pods.
pub(super) fn keep(name: &str, text: &str) -> (Value, bool) {
    let kept =
        KEPT.binary_search_by_key(&name, |(known, _)| *known).ok().and_then(|row| value(KEPT[row].1, text));
    if let Some(kept) = kept {
        return (kept.into(), false);
    }
    let upper = name.to_ascii_uppercase();
    let is_credential = CREDENTIALS.iter().any(|part| upper.contains(part));
    if PERSONAL.iter().any(|start| name.starts_with(start)) {
        // The class must not differ between users of one template, or each of them would be a class of its own.
        return (dropped(if is_credential { "token" } else { "text" }), false);
    }
    (dropped(class_of(text)), is_credential && !text.is_empty())
}

fn value(worth: Worth, text: &str) -> Option<String> {
    let keep = |keep: bool| keep.then(|| text.to_owned());
    match worth {
        Worth::Flag => keep(matches!(
            text.to_ascii_lowercase().as_str(),
            "" | "0" | "1" | "true" | "false" | "yes" | "no"
        )),
        Worth::Number => keep(
            text.len() <= 24
                && text.starts_with(|c: char| c.is_ascii_digit())
                && text.chars().filter(char::is_ascii_alphabetic).count() <= 2
                && is_word(text),
        ),
        Worth::Word => keep(is_word(text)),
        Worth::Path => keep(is_path(text)),
        Worth::Url => scalar::url(text),
        Worth::AuthorityUrl => scalar::authority_url(text),
        Worth::Email => scalar::email(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_so_that_they_are_found() {
        assert!(KEPT.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn values_of_the_closed_list_are_kept_in_their_narrow_form() {
        assert_eq!(keep("MEM_LIMIT", "1073741824").0, "1073741824");
        assert_eq!(
            keep("JUPYTERHUB_PUBLIC_URL", "https://ada.hub.example/user/ada/").0,
            "https://ada.hub.example"
        );
        assert_eq!(keep("LEGO_EMAIL", "ops@uni.example").0, "*@uni.example");
        assert_eq!(keep("JUPYTERHUB_ADMIN_ACCESS", "1").0, "1");
    }

    #[test]
    fn other_values_leave_their_class() {
        assert_eq!(keep("JUPYTERHUB_API_TOKEN", "0123456789abcdef"), (dropped("token"), false));
        assert_eq!(keep("JUPYTERHUB_USER", "ada"), (dropped("text"), false));
        assert_eq!(keep("AWS_SECRET_ACCESS_KEY", "hunter2"), (dropped("text"), true));
        assert_eq!(keep("MEM_LIMIT", "hunter2hunter2").0, dropped("text"));
    }
}
