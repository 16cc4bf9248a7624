//! Command lines: words of known programs and values of known flags are kept, every other word is dropped.

use serde_json::Value;

use super::class::{class_of, dropped, is_suspicious};
use super::scalar::{is_path, is_word, url};

/// Programs whose name is kept, by the last segment of their path.
const PROGRAMS: &[&str] = &[
    "jupyterhub",
    "jupyterhub-singleuser",
    "jupyter-labhub",
    "configurable-http-proxy",
    "start-singleuser.sh",
    "start-notebook.sh",
    "start.sh",
    "tini",
    "dumb-init",
    "tiller",
    "traefik",
    "kube-lego",
    "nginx",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kube-router",
    "kube-proxy",
    "cilium-agent",
    "aws-k8s-agent",
    "controller",
    "dashboard",
    "headlamp-server",
    "binderhub",
];

/// Programs of which every word that belongs to their language is kept.
const FIREWALLS: &[&str] =
    &["iptables", "iptables-nft", "iptables-legacy", "ip6tables", "ip6tables-nft", "ip6tables-legacy"];

/// Programs that start others by a script.
const SHELLS: &[&str] = &["sh", "bash", "ash", "dash", "busybox", "env"];

/// What is kept of a flag's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Worth {
    /// The flag has no value.
    Nothing,
    /// A harmless word: an address with a port, an enumeration, a number, a list with commas.
    Word,
    /// A harmless path.
    Path,
    /// Scheme, host and port of a URL.
    Url,
    /// Only that it is set.
    Hidden,
}

/// The value that stands for one that was dropped.
pub const HIDDEN: &str = "[dropped]";

/// The flags that are kept, without their dashes, sorted.
const FLAGS: &[(&str, Worth)] = &[
    ("NotebookApp.allow_origin", Worth::Word),
    ("NotebookApp.token", Worth::Hidden),
    ("ServerApp.allow_origin", Worth::Word),
    ("ServerApp.token", Worth::Hidden),
    ("allow-privileged", Worth::Word),
    ("anonymous-auth", Worth::Word),
    ("api-ip", Worth::Word),
    ("api-port", Worth::Word),
    ("api-ssl-cert", Worth::Path),
    ("api-ssl-key", Worth::Path),
    ("authentication-mode", Worth::Word),
    ("authentication-skip-lookup", Worth::Word),
    ("authorization-config", Worth::Path),
    ("authorization-mode", Worth::Word),
    ("auto-generate-certificates", Worth::Nothing),
    ("client-ca-file", Worth::Path),
    ("config", Worth::Path),
    ("configfile", Worth::Path),
    ("debug", Worth::Nothing),
    ("default-target", Worth::Url),
    ("disable-settings-authorizer", Worth::Nothing),
    ("enable-admission-plugins", Worth::Word),
    ("enable-insecure-login", Worth::Nothing),
    ("enable-network-policy", Worth::Word),
    ("enable-skip-login", Worth::Nothing),
    ("error-target", Worth::Url),
    ("host-routing", Worth::Nothing),
    ("insecure", Worth::Nothing),
    ("insecure-bind-address", Worth::Word),
    ("insecure-port", Worth::Word),
    ("ip", Worth::Word),
    ("listen", Worth::Word),
    ("log-level", Worth::Word),
    ("namespace", Worth::Word),
    ("port", Worth::Word),
    ("redirect-port", Worth::Word),
    ("redirect-to", Worth::Word),
    ("run-firewall", Worth::Word),
    ("run-router", Worth::Word),
    ("run-service-proxy", Worth::Word),
    ("ssl-cert", Worth::Path),
    ("ssl-key", Worth::Path),
    ("tls", Worth::Nothing),
    ("tls-verify", Worth::Nothing),
    ("upgrade-db", Worth::Nothing),
    ("v", Worth::Word),
];

/// Flags that may stand without a value although they can have one.
const OPTIONAL: &[&str] = &[
    "anonymous-auth",
    "disable-settings-authorizer",
    "enable-insecure-login",
    "enable-network-policy",
    "enable-skip-login",
    "run-firewall",
];

/// What the words before the present one announce.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Expected {
    /// Nothing: a program, a flag, or something unknown.
    #[default]
    Anything,
    /// The value of the flag before.
    Value(Worth),
    /// More of the language of a firewall.
    Firewall,
    /// The flags of a shell, then perhaps its script.
    Shell,
    /// The script of a shell, of which either every word is kept or none.
    Script,
    /// More of what autohttps' sidecar that keeps a Secret and a file in step is told.
    Sync,
}

/// Reads the words of one list, in order.
#[derive(Debug, Default)]
pub(super) struct Words {
    expected: Expected,
    is_begun: bool,
}

impl Words {
    /// What is kept of the next word.
    pub(super) fn keep(&mut self, word: &str) -> Value {
        let kept = match self.expected {
            Expected::Firewall => is_firewall_word(word).then(|| word.to_owned()),
            Expected::Sync => is_sync_word(word).then(|| word.to_owned()),
            Expected::Shell => self.of_shell(word),
            Expected::Script => {
                self.expected = Expected::Anything;
                is_plain_script(word).then(|| word.to_owned())
            }
            Expected::Value(worth) if !word.starts_with('-') => {
                self.expected = Expected::Anything;
                value(worth, word)
            }
            Expected::Value(_) | Expected::Anything => self.first(word),
        };
        self.is_begun = true;
        kept.map_or_else(|| dropped(class_of(word)), Value::from)
    }

    /// Flags of a shell are few letters; one with a `c` announces a script.
    fn of_shell(&mut self, word: &str) -> Option<String> {
        let Some(letters) = word.strip_prefix('-').filter(|_| word.len() <= 5) else {
            return self.first(word);
        };
        if !letters.chars().all(|c| c.is_ascii_lowercase()) {
            return self.first(word);
        }
        self.expected = if letters.contains('c') { Expected::Script } else { Expected::Shell };
        Some(word.to_owned())
    }

    fn first(&mut self, word: &str) -> Option<String> {
        self.expected = Expected::Anything;
        let program = word.rsplit('/').next().unwrap_or_default();
        if !self.is_begun && SHELLS.contains(&program) && is_path(word) {
            self.expected = Expected::Shell;
            return Some(word.to_owned());
        }
        // The path of the program says whether its flags can be believed, whichever program it is.
        if !self.is_begun && word.starts_with('/') && is_path(word) && !FIREWALLS.contains(&program) {
            return Some(word.to_owned());
        }
        if FIREWALLS.contains(&program) && is_path(word) {
            self.expected = Expected::Firewall;
            return Some(word.to_owned());
        }
        if matches!(word, "load" | "watch-save") {
            self.expected = Expected::Sync;
            return Some(word.to_owned());
        }
        if word == "--" || (PROGRAMS.contains(&program) && is_path(word)) {
            return Some(word.to_owned());
        }
        self.flag(word)
    }

    fn flag(&mut self, word: &str) -> Option<String> {
        let bare = word.strip_prefix("--").or_else(|| word.strip_prefix('-'))?;
        let (name, given) = bare.split_once('=').map_or((bare, None), |(name, value)| (name, Some(value)));
        let row = FLAGS.binary_search_by_key(&name, |(flag, _)| *flag).ok()?;
        let worth = FLAGS[row].1;
        let Some(given) = given else {
            if worth != Worth::Nothing && !OPTIONAL.contains(&name) {
                self.expected = Expected::Value(worth);
            }
            return Some(word.to_owned());
        };
        let dashes = &word[..word.len() - bare.len()];
        let kept = value(worth, given).unwrap_or_else(|| HIDDEN.to_owned());
        Some(format!("{dashes}{name}={kept}"))
    }
}

/// What is kept of a flag's value; a flag that takes none may be told `true` or `false`.
fn value(worth: Worth, given: &str) -> Option<String> {
    let is_list = || given.split(',').all(is_word);
    match worth {
        Worth::Nothing => matches!(given, "true" | "false").then(|| given.to_owned()),
        Worth::Word => (is_list() || is_bracketed(given)).then(|| given.to_owned()),
        Worth::Path => is_path(given).then(|| given.to_owned()),
        Worth::Url => url(given),
        Worth::Hidden => Some(if given.is_empty() { String::new() } else { HIDDEN.to_owned() }),
    }
}

/// `[::1]:44134`, and other addresses of that form.
fn is_bracketed(given: &str) -> bool {
    given.starts_with('[')
        && given.len() <= 64
        && given.chars().all(|c| c.is_ascii_hexdigit() || "[]:.".contains(c))
        && !is_suspicious(given)
}

/// A script without anything that its first program does not know.
fn is_plain_script(script: &str) -> bool {
    let mut words = Words { is_begun: true, ..Words::default() };
    let script = script.strip_prefix("exec ").unwrap_or(script);
    !script.is_empty() && script.split(' ').all(|word| words.keep(word).is_string())
}

/// Flags, addresses, numbers, chains and protocols, and a flag with one of them behind `=`.
fn is_firewall_word(word: &str) -> bool {
    if let Some((flag, value)) = word.split_once('=') {
        return flag.starts_with('-') && is_firewall_word(flag) && is_firewall_word(value);
    }
    let is_flag = word
        .strip_prefix('-')
        .is_some_and(|rest| word.len() <= 32 && rest.chars().all(|c| c.is_ascii_alphabetic() || c == '-'));
    let is_address = {
        let (address, length) = word.split_once('/').unwrap_or((word, "0"));
        address.parse::<std::net::IpAddr>().is_ok() && length.parse::<u8>().is_ok()
    };
    let is_number = word.len() <= 11 && word.chars().all(|c| c.is_ascii_digit() || c == ':' || c == ',');
    let is_chain = word.len() <= 28 && word.chars().all(|c| c.is_ascii_uppercase() || "-_,".contains(c));
    let is_protocol = matches!(
        word,
        "tcp"
            | "udp"
            | "icmp"
            | "all"
            | "filter"
            | "nat"
            | "mangle"
            | "raw"
            | "multiport"
            | "conntrack"
            | "!"
    );
    is_flag || is_address || is_number || is_chain || is_protocol
}

/// The Secret, the key and the file of the certificate store.
fn is_sync_word(word: &str) -> bool {
    let is_store = word.ends_with("tls-acme") && is_word(word);
    word == "acme.json" || is_store || (word.starts_with('/') && is_path(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(words: &[&str]) -> Vec<Option<String>> {
        let mut reader = Words::default();
        words.iter().map(|word| reader.keep(word).as_str().map(str::to_owned)).collect()
    }

    fn all(words: &[&str]) -> bool {
        kept(words).iter().zip(words).all(|(kept, word)| kept.as_deref() == Some(word))
    }

    #[test]
    fn flags_are_sorted_so_that_they_are_found() {
        assert!(FLAGS.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn commands_that_the_chart_writes_are_kept() {
        assert!(all(&[
            "jupyterhub",
            "--config",
            "/usr/local/etc/jupyterhub/jupyterhub_config.py",
            "--debug",
            "--upgrade-db"
        ]));
        assert!(all(&[
            "configurable-http-proxy",
            "--ip=",
            "--api-ip=",
            "--api-port=8001",
            "--default-target=http://hub:$(HUB_SERVICE_PORT)",
            "--port=8443",
            "--redirect-port=8000",
            "--redirect-to=443",
            "--ssl-key=/etc/chp/tls/tls.key",
            "--ssl-cert=/etc/chp/tls/tls.crt",
            "--host-routing",
            "--log-level=debug"
        ]));
        assert!(all(&["load", "proxy-public-tls-acme", "acme.json", "/etc/acme/acme.json"]));
    }

    #[test]
    fn the_metadata_block_is_kept_in_full() {
        assert!(all(&[
            "iptables",
            "--append",
            "OUTPUT",
            "--protocol",
            "tcp",
            "--destination",
            "169.254.169.254",
            "--destination-port",
            "80",
            "--jump",
            "DROP"
        ]));
        assert!(all(&["iptables", "-A", "OUTPUT", "-d", "169.254.169.254", "-j", "DROP"]));
    }

    #[test]
    fn flags_of_clusters_are_kept() {
        assert!(all(&["/tiller", "--listen=localhost:44134"]));
        assert!(all(&["/tiller", "-listen", "[::1]:44134"]));
        assert!(all(&["kube-apiserver", "--authorization-mode=Node,RBAC", "--anonymous-auth=false"]));
        assert!(all(&["--enable-skip-login", "--insecure-bind-address=0.0.0.0"]));
        assert!(all(&["--enable-network-policy=true"]));
    }

    #[test]
    fn what_may_be_a_secret_is_dropped() {
        assert_eq!(
            kept(&["jupyter-labhub", "--ServerApp.token=hunter2hunter2", "--password=hunter2", "hunter2"]),
            [Some("jupyter-labhub".to_owned()), Some(format!("--ServerApp.token={HIDDEN}")), None, None]
        );
        assert_eq!(kept(&["iptables", "--comment", "hunter2x"])[2], None);
        assert_eq!(kept(&["/bin/sh", "-c", "curl -u admin:hunter2 http://x"])[2], None);
        assert_eq!(kept(&["sh", "-c", "jupyterhub; echo hunter2 > x"])[2], None);
        assert_eq!(kept(&["sh", "-c", "iptables -A OUTPUT; hunter2x"])[2], None);
        assert_eq!(kept(&["--ssl-key=/etc/key", "/opt/hunter2/hunter2"])[1], None);
    }

    #[test]
    fn a_script_of_known_words_is_kept() {
        assert!(all(&["sh", "-c", "jupyterhub --config /srv/jupyterhub_config.py --debug"]));
        assert!(all(&["/bin/sh", "-ec", "exec iptables -A OUTPUT -d 169.254.169.254 -j DROP"]));
        assert!(all(&["/dashboard", "--enable-skip-login"]));
    }
}
