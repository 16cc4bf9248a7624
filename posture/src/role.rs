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
