//! The ClusterRole that Perijove asks for, made from the table of kinds.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crate::kind::{KINDS, Kind, Tier};

/// The name of the ClusterRole, of its binding and of the ServiceAccount.
pub const ROLE_NAME: &str = "perijove";

/// The resources of a tier by API group, both sorted.
pub fn resources(tier: Tier) -> BTreeMap<&'static str, Vec<&'static str>> {
    let mut groups: BTreeMap<&'static str, Vec<&'static str>> = BTreeMap::new();
    for info in KINDS.iter().filter(|info| info.tier == tier) {
        groups.entry(info.group).or_default().push(info.plural);
    }
    for plurals in groups.values_mut() {
        plurals.sort_unstable();
    }
    groups
}

/// The manifest of the read-only account: Namespace, ServiceAccount, ClusterRole and ClusterRoleBinding as YAML.
///
/// It holds no verb but get, list and watch, and no Secrets. The questions about its own rights need no rule: Kubernetes grants them to
/// every authenticated identity through `system:basic-user`.
pub fn manifest() -> String {
    let mut yaml = String::from(HEAD);
    for (tier, title) in [
        (Tier::R0, "What every check needs"),
        (Tier::C, "Custom resources, read where the cluster serves them"),
    ] {
        let _ = writeln!(yaml, "  # {title}.");
        yaml.push_str(&rule_lines(&resources(tier)));
    }
    yaml.push_str(TAIL);
    yaml
}

fn rule_lines(resources: &BTreeMap<&'static str, Vec<&'static str>>) -> String {
    resources.iter().fold(String::new(), |mut yaml, (group, plurals)| {
        let _ = writeln!(
            yaml,
            "  - apiGroups: [\"{group}\"]\n    resources: [{}]\n    verbs: [get, list, watch]",
            plurals.join(", ")
        );
        yaml
    })
}

/// The rules that grant these kinds and nothing else, as lines of a role.
pub fn rules(kinds: &BTreeSet<Kind>) -> String {
    let mut groups: BTreeMap<&'static str, Vec<&'static str>> = BTreeMap::new();
    for info in KINDS.iter().filter(|info| kinds.contains(&info.kind)) {
        groups.entry(info.group).or_default().push(info.plural);
    }
    rule_lines(&groups)
}

/// The manifest that lets the read-only account read single Secrets, by namespace and name: a Role and a `RoleBinding` for each namespace,
/// with `get` of these names and nothing else.
pub fn secrets_manifest(secrets: &BTreeSet<(String, String)>) -> String {
    let mut namespaces: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (namespace, name) in secrets {
        namespaces.entry(namespace).or_default().push(name);
    }
    let mut yaml = String::from(SECRETS_HEAD);
    for (namespace, names) in namespaces {
        let names = names.iter().fold(String::new(), |mut lines, name| {
            // In quotes: a name may look like a number.
            let _ = writeln!(lines, "      - \"{name}\"");
            lines
        });
        let rule = format!("    resources: [secrets]\n    resourceNames:\n{names}    verbs: [get]\n");
        yaml.push_str(&role_and_binding("perijove-certificates", namespace, &rule));
    }
    yaml
}

/// The manifest that lets the read-only account read the releases of Helm in these namespaces: a Role and a `RoleBinding` for each, with
/// `get` and `list` of all Secrets there. Names of these Secrets change with each upgrade, so that nothing narrower can be granted.
pub fn releases_manifest(namespaces: &BTreeSet<String>) -> String {
    let mut yaml = String::from(RELEASES_HEAD);
    for namespace in namespaces {
        yaml.push_str(&role_and_binding(
            "perijove-releases",
            namespace,
            "    resources: [secrets]\n    verbs: [get, list]\n",
        ));
    }
    yaml
}

/// A Role with one rule of the core group, and its binding to the read-only account.
fn role_and_binding(name: &str, namespace: &str, rule: &str) -> String {
    format!(
        "---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: {name}
  namespace: \"{namespace}\"
rules:
  - apiGroups: [\"\"]
{rule}---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: {name}
  namespace: \"{namespace}\"
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: {name}
subjects:
  - kind: ServiceAccount
    name: perijove
    namespace: perijove
"
    )
}

const RELEASES_HEAD: &str = "# Optional: lets the account of role.yaml read the releases that Helm keeps in Secrets, to compare their manifests with what is there.
#
# This is what it looks like: the account can then read EVERY Secret of the namespace, passwords and keys among them. Kubernetes can grant
# single Secrets by name only, and the names of these change with each upgrade. Perijove asks for the Secrets of type helm.sh/release.v1
# and keeps nothing of them but the redacted manifest. `perijove drift --against` compares with a rendering and needs none of this.
#
# This one is for `releases = [\"jhub\"]` in the section [drift] of the configuration; `perijove doctor --role-releases` prints it for yours.
";

const SECRETS_HEAD: &str = "# Optional: lets the account of role.yaml read single Secrets, of which Perijove keeps the certificates only.
# This one is for `secrets = [\"jhub/hub-tls\", \"jhub/proxy-public-tls-acme\"]` in the section [certificates] of the configuration;
# `perijove doctor --role-secrets` prints it for yours.
";

const HEAD: &str = "# The read-only account of Perijove: get, list and watch, and no Secrets.
# Apply it with: kubectl apply -f deploy/role.yaml
apiVersion: v1
kind: Namespace
metadata:
  name: perijove
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: perijove
  namespace: perijove
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: perijove
rules:
";

const TAIL: &str = "---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: perijove
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: perijove
subjects:
  - kind: ServiceAccount
    name: perijove
    namespace: perijove
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_in_deploy_is_the_one_the_table_makes() {
        let tracked = include_str!("../../deploy/role.yaml");
        assert!(
            tracked == manifest(),
            "deploy/role.yaml differs from the table of kinds; it should be:\n{}",
            manifest()
        );
    }

    #[test]
    fn the_manifest_of_secrets_in_deploy_is_the_one_that_is_made_for_its_example() {
        let secrets = ["hub-tls", "proxy-public-tls-acme"].map(|name| ("jhub".to_owned(), name.to_owned()));
        let made = secrets_manifest(&BTreeSet::from(secrets));
        let tracked = include_str!("../../deploy/role-secrets.yaml");
        assert!(tracked == made, "deploy/role-secrets.yaml should be:\n{made}");
    }

    #[test]
    fn single_secrets_are_granted_by_name_and_with_get_only() {
        let secrets = [("a", "x"), ("a", "y"), ("b", "1e3")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        let yaml = secrets_manifest(&BTreeSet::from(secrets));
        assert_eq!((yaml.matches("kind: Role\n").count(), yaml.matches("kind: RoleBinding").count()), (4, 2));
        assert_eq!(yaml.matches("verbs: [get]\n").count(), 2);
        assert!(!yaml.contains("list") && !yaml.contains("watch") && yaml.contains("- \"1e3\""), "{yaml}");
        assert_eq!(yaml.matches("resourceNames:").count(), yaml.matches("resources:").count());
    }

    #[test]
    fn the_manifest_of_releases_in_deploy_is_the_one_that_is_made_for_its_example() {
        let made = releases_manifest(&BTreeSet::from(["jhub".to_owned()]));
        let tracked = include_str!("../../deploy/role-releases.yaml");
        assert!(tracked == made, "deploy/role-releases.yaml should be:\n{made}");
    }

    #[test]
    fn releases_are_read_with_a_role_of_each_namespace_and_a_warning() {
        let yaml = releases_manifest(&BTreeSet::from(["a".to_owned(), "1e3".to_owned()]));
        assert_eq!((yaml.matches("kind: Role\n").count(), yaml.matches("kind: RoleBinding").count()), (4, 2));
        assert_eq!(yaml.matches("verbs: [get, list]\n").count(), 2);
        assert!(yaml.contains("EVERY Secret") && yaml.contains("namespace: \"1e3\""), "{yaml}");
        assert!(!yaml.contains("ClusterRole"), "{yaml}");
    }

    #[test]
    fn what_is_missing_is_granted_by_rules_of_its_own() {
        let kinds = BTreeSet::from([Kind::Service, Kind::Pod, Kind::NetworkPolicy]);
        let yaml = rules(&kinds);
        assert_eq!(yaml.matches("apiGroups").count(), 2, "{yaml}");
        assert!(yaml.contains("resources: [networkpolicies]") && !yaml.contains("secrets"), "{yaml}");
        assert!(rules(&BTreeSet::new()).is_empty());
    }

    #[test]
    fn the_role_reads_and_never_writes() {
        let verbs: Vec<_> = manifest().lines().filter(|l| l.contains("verbs:")).map(str::to_owned).collect();
        assert!(!verbs.is_empty());
        assert!(verbs.iter().all(|line| line.trim() == "verbs: [get, list, watch]"), "{verbs:?}");
    }
}
