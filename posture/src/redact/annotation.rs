//! Annotations: every key is kept, few values are.

use serde_json::Value;

use super::class::{class_of, dropped};
use super::scalar::{is_path, is_word};

/// What is kept of an annotation's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Worth {
    /// A name, a version, a truth value, an enumeration, or several with commas.
    Word,
    /// A path.
    Path,
    /// How long the checksum is; its keyed hash says whether it changed.
    Checksum,
    /// The name of a person, to be replaced by a token before anything else sees it.
    Person,
}

/// Keys whose values are kept; a key that ends in `/` stands for all keys that begin so.
const KEPT: &[(&str, Worth)] = &[
    ("alb.ingress.kubernetes.io/scheme", Worth::Word),
    ("alb.ingress.kubernetes.io/ssl-redirect", Worth::Word),
    ("cert-manager.io/cluster-issuer", Worth::Word),
    ("cert-manager.io/issuer", Worth::Word),
    ("checksum/", Worth::Checksum),
    ("container.apparmor.security.beta.kubernetes.io/", Worth::Word),
    ("external-dns.alpha.kubernetes.io/hostname", Worth::Word),
    ("haproxy-ingress.github.io/ssl-redirect", Worth::Word),
    ("haproxy.org/ssl-redirect", Worth::Word),
    ("helm.sh/hook", Worth::Word),
    ("helm.sh/resource-policy", Worth::Word),
    ("hub.jupyter.org/https-type", Worth::Word),
    ("hub.jupyter.org/jupyterhub-version", Worth::Word),
    ("hub.jupyter.org/kubespawner-version", Worth::Word),
    ("hub.jupyter.org/servername", Worth::Person),
    ("hub.jupyter.org/username", Worth::Person),
    ("ingress.kubernetes.io/force-ssl-redirect", Worth::Word),
    ("ingress.kubernetes.io/ssl-redirect", Worth::Word),
    ("ingressclass.kubernetes.io/is-default-class", Worth::Word),
    ("kubectl.kubernetes.io/restartedAt", Worth::Word),
    ("kubernetes.io/ingress.allow-http", Worth::Word),
    ("kubernetes.io/ingress.class", Worth::Word),
    ("kubernetes.io/tls-acme", Worth::Word),
    ("meta.helm.sh/release-name", Worth::Word),
    ("meta.helm.sh/release-namespace", Worth::Word),
    ("networking.gke.io/managed-certificates", Worth::Word),
    ("networking.gke.io/v1beta1.FrontendConfig", Worth::Word),
    ("nginx.ingress.kubernetes.io/force-ssl-redirect", Worth::Word),
    ("nginx.ingress.kubernetes.io/ssl-redirect", Worth::Word),
    ("prometheus.io/path", Worth::Path),
    ("prometheus.io/port", Worth::Word),
    ("prometheus.io/scrape", Worth::Word),
    ("rbac.authorization.kubernetes.io/autoupdate", Worth::Word),
    ("seccomp.security.alpha.kubernetes.io/pod", Worth::Word),
    ("service.beta.kubernetes.io/aws-load-balancer-backend-protocol", Worth::Word),
    ("service.beta.kubernetes.io/aws-load-balancer-internal", Worth::Word),
    ("service.beta.kubernetes.io/aws-load-balancer-scheme", Worth::Word),
    ("service.beta.kubernetes.io/aws-load-balancer-ssl-ports", Worth::Word),
    ("service.beta.kubernetes.io/aws-load-balancer-type", Worth::Word),
    ("service.beta.kubernetes.io/azure-load-balancer-internal", Worth::Word),
    ("service.beta.kubernetes.io/do-loadbalancer-protocol", Worth::Word),
    ("service.beta.kubernetes.io/do-loadbalancer-redirect-http-to-https", Worth::Word),
    ("service.beta.kubernetes.io/do-loadbalancer-tls-ports", Worth::Word),
    ("service.beta.kubernetes.io/oci-load-balancer-ssl-ports", Worth::Word),
    ("storageclass.kubernetes.io/is-default-class", Worth::Word),
    ("traefik.ingress.kubernetes.io/router.entrypoints", Worth::Word),
    ("traefik.ingress.kubernetes.io/router.tls", Worth::Word),
];

/// What is kept of an annotation.
#[derive(Debug, PartialEq)]
pub(super) enum Kept {
    /// A value or a dropped leaf.
    Value(Value),
    /// A dropped leaf that is to be compared: its class.
    Comparable(String),
    /// The name of a person.
    Person,
}

/// What is kept of the value of an annotation.
pub(super) fn keep(key: &str, text: &str) -> Kept {
    let is_list = || text.split(',').all(|part| is_word(part.trim()));
    let kept = match worth(key) {
        Some(Worth::Person) => return Kept::Person,
        Some(Worth::Checksum) => return Kept::Comparable(format!("checksum-{}", text.len())),
        Some(Worth::Word) => is_list(),
        Some(Worth::Path) => is_path(text),
        None => false,
    };
    Kept::Value(if kept { text.into() } else { dropped(class_of(text)) })
}

fn worth(key: &str) -> Option<Worth> {
    let exact = KEPT.binary_search_by_key(&key, |(known, _)| *known).ok();
    let family = || {
        let (start, _) = key.split_once('/')?;
        KEPT.binary_search_by(|(known, _)| known.trim_end_matches('/').cmp(start)).ok()
    };
    exact.or_else(family).map(|row| KEPT[row].1)
}

/// Whether the value of an annotation is kept: it decides something.
pub(crate) fn annotation_is_kept(key: &str) -> bool {
    worth(key).is_some()
}

/// The keys whose values are kept, for the reference and its test.
pub fn kept_keys() -> impl Iterator<Item = &'static str> {
    KEPT.iter().map(|(key, _)| *key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_sorted_so_that_they_are_found() {
        assert!(
            KEPT.windows(2).all(|pair| pair[0].0.trim_end_matches('/') < pair[1].0.trim_end_matches('/'))
        );
    }

    #[test]
    fn listed_values_are_kept_and_all_others_dropped() {
        let kept = |key: &str, text: &str| keep(key, text) == Kept::Value(text.into());
        assert!(kept("nginx.ingress.kubernetes.io/force-ssl-redirect", "true"));
        assert!(kept("hub.jupyter.org/https-type", "letsencrypt"));
        assert!(kept("service.beta.kubernetes.io/aws-load-balancer-ssl-ports", "443,https"));
        assert!(!kept("nginx.ingress.kubernetes.io/configuration-snippet", "return 301"));
        assert!(!kept("kubectl.kubernetes.io/last-applied-configuration", "{}"));
        assert!(!kept("meta.helm.sh/release-name", "token=hunter2"));
    }

    #[test]
    fn a_checksum_leaves_its_length() {
        assert_eq!(keep("checksum/auth-token", "1a2b"), Kept::Comparable("checksum-4".to_owned()));
    }
}
