//! The network plug-ins that are recognised, and when each enforces policies.

use crate::check::Evidence;
use crate::facts::{Container, Workload};
use crate::gap::Unknown;
use crate::kind::Kind;
use crate::object::ObjectRef;
use crate::snapshot::{Origin, Snapshot};
use crate::text::{Arg, Reason};

/// Namespaces of plug-ins beside those of Kubernetes and OpenShift.
pub(super) const NAMESPACES: [&str; 9] = [
    "antrea",
    "antrea-system",
    "calico-system",
    "cilium",
    "cilium-system",
    "ovn-kubernetes",
    "tigera-operator",
    "weave",
    "weave-net",
];

/// A plug-in that was seen.
pub(super) struct Sighting<'a> {
    /// What people call it.
    pub(super) name: &'static str,
    /// What it runs as.
    pub(super) daemon_set: &'a Workload,
    /// Whether it enforces policies here.
    pub(super) enforces: Result<bool, Unknown>,
    /// Whether it has no ready pod on any node: it was switched off, or it is broken.
    pub(super) is_idle: bool,
    /// The facts that decide.
    pub(super) evidence: Vec<Evidence>,
}

/// How a plug-in is known and what decides whether it enforces policies.
struct Plugin {
    name: &'static str,
    daemon_sets: &'static [&'static str],
    /// A container that gives it away under any name; empty for none.
    container: &'static str,
    rule: Rule,
}

/// What decides whether a plug-in enforces policies.
enum Rule {
    /// It always does.
    Always,
    /// It never does.
    Never,
    /// It does unless `cilium-config` says otherwise.
    Cilium,
    /// It does if its agent runs with the flag.
    Aws,
    /// It does if this container is there.
    Container(&'static str),
    /// It does unless this flag is `false`.
    UnlessFlagIsFalse(&'static str),
    /// It does from this image on.
    Kindnet,
}

/// Engines first: a DaemonSet with the containers of Calico and flannel is Canal, which enforces.
const PLUGINS: [Plugin; 14] = [
    // Runs Cilium's agent under its own rule.
    Plugin { name: "GKE Dataplane V2", daemon_sets: &["anetd"], container: "", rule: Rule::Always },
    Plugin {
        name: "Calico",
        daemon_sets: &["calico-node", "canal", "rke2-canal"],
        container: "calico-node",
        rule: Rule::Always,
    },
    Plugin { name: "Cilium", daemon_sets: &["cilium"], container: "cilium-agent", rule: Rule::Cilium },
    Plugin { name: "Antrea", daemon_sets: &["antrea-agent"], container: "antrea-agent", rule: Rule::Always },
    Plugin { name: "OVN-Kubernetes", daemon_sets: &["ovnkube-node"], container: "", rule: Rule::Always },
    Plugin { name: "Azure NPM", daemon_sets: &["azure-npm"], container: "azure-npm", rule: Rule::Always },
    Plugin {
        name: "Weave Net",
        daemon_sets: &["weave-net"],
        container: "",
        rule: Rule::Container("weave-npc"),
    },
    Plugin {
        name: "kube-router",
        daemon_sets: &["kube-router"],
        container: "kube-router",
        rule: Rule::UnlessFlagIsFalse("run-firewall"),
    },
    Plugin { name: "the AWS VPC CNI", daemon_sets: &["aws-node"], container: "aws-node", rule: Rule::Aws },
    Plugin { name: "kindnet", daemon_sets: &["kindnet"], container: "kindnet-cni", rule: Rule::Kindnet },
    // Runs beside plug-ins that enforce nothing; flannel's chart puts it into flannel's own pods.
    Plugin {
        name: "kube-network-policies",
        daemon_sets: &["kube-network-policies"],
        container: "kube-network-policies",
        rule: Rule::Always,
    },
    Plugin {
        name: "flannel",
        daemon_sets: &["kube-flannel-ds", "kube-flannel"],
        container: "kube-flannel",
        rule: Rule::Never,
    },
    // One DaemonSet for each architecture, as flannel was installed for years.
    Plugin { name: "flannel", daemon_sets: &["kube-flannel-ds-amd64"], container: "", rule: Rule::Never },
    Plugin { name: "flannel", daemon_sets: &["kube-flannel-ds-arm64"], container: "", rule: Rule::Never },
];

/// The first kindnet image that enforces policies, shipped with kind v0.24; tags begin with the day of their build.
const KINDNET_SINCE: u32 = 20_240_813;

/// Recognises a plug-in by the name of its DaemonSet or by one of its containers.
pub(super) fn recognise<'a>(snapshot: &Snapshot, daemon_set: &'a Workload) -> Option<Sighting<'a>> {
    let name = daemon_set.metadata.name.as_str();
    let has = |container: &str| daemon_set.pod().containers.iter().any(|c| c.name == container);
    let plugin = PLUGINS.iter().find(|plugin| {
        plugin.daemon_sets.contains(&name) || !plugin.container.is_empty() && has(plugin.container)
    })?;
    let (enforces, fact) = plugin.rule.apply(snapshot, daemon_set);
    let object = daemon_set.object();
    let mut evidence = vec![Evidence::new(object.clone(), "metadata.name", Arg::text(name))];
    evidence.extend(fact);
    let is_idle = snapshot.origin == Origin::Observed && daemon_set.status.ready_replicas == 0;
    if is_idle && enforces == Ok(true) {
        evidence.push(Evidence::new(object, "status.numberReady", Arg::Number(0)));
        return Some(Sighting { name: plugin.name, daemon_set, enforces: Ok(false), is_idle, evidence });
    }
    Some(Sighting { name: plugin.name, daemon_set, enforces, is_idle, evidence })
}

/// The fact of a DaemonSet that decides, as a field path and what was found.
type Fact = Option<(String, Arg)>;

impl Rule {
    fn apply(&self, snapshot: &Snapshot, daemon_set: &Workload) -> (Result<bool, Unknown>, Option<Evidence>) {
        let (enforces, fact) = match self {
            Self::Always => (Ok(true), None),
            Self::Never => (Ok(false), None),
            Self::Cilium => return cilium(snapshot, daemon_set),
            Self::Aws => with_flag(daemon_set, "aws-eks-nodeagent", "enable-network-policy", Default::Off),
            Self::Container(name) => (Ok(daemon_set.pod().container(name).is_some()), None),
            Self::UnlessFlagIsFalse(flag) => with_flag(daemon_set, "kube-router", flag, Default::On),
            Self::Kindnet => kindnet(daemon_set),
        };
        (enforces, fact.map(|(path, found)| Evidence::new(daemon_set.object(), path, found)))
    }
}

/// What holds where a flag is not given.
enum Default {
    On,
    Off,
}

fn with_flag(
    daemon_set: &Workload,
    container: &str,
    flag: &str,
    default: Default,
) -> (Result<bool, Unknown>, Fact) {
    let containers = &daemon_set.pod().containers;
    let Some(index) = containers.iter().position(|c| c.name == container) else {
        let fact = ("spec.template.spec.containers[*].name".to_owned(), names(containers));
        return (Ok(matches!(default, Default::On)), Some(fact));
    };
    let found = containers[index].flag(flag);
    let is_on = match (found, default) {
        (Some(value), _) => value != "false",
        (None, default) => matches!(default, Default::On),
    };
    let path = format!("spec.template.spec.containers[{index}].args");
    let found = found.map_or(Arg::word("not set"), |value| Arg::text(format!("--{flag}={value}")));
    (Ok(is_on), Some((path, found)))
}

fn names(containers: &[Container]) -> Arg {
    Arg::List(containers.iter().map(|container| Arg::text(&container.name)).collect())
}

/// Cilium enforces the policies of Kubernetes unless its configuration says that it enforces none, or not these; a configuration that
/// does not exist leaves the defaults.
fn cilium(snapshot: &Snapshot, daemon_set: &Workload) -> (Result<bool, Unknown>, Option<Evidence>) {
    const OFF: [(&str, &str); 2] = [("enable-policy", "never"), ("enable-k8s-networkpolicy", "false")];
    let namespace = daemon_set.metadata.namespace.as_deref().unwrap_or_default();
    let config_map = match snapshot.config_map(namespace, "cilium-config") {
        Ok(Some(config_map)) => config_map,
        Ok(None) => return (Ok(true), None),
        Err(gap) => return (Err(gap.into()), None),
    };
    let off = OFF.iter().find(|(key, value)| config_map.text(key) == Some(value));
    let object = || ObjectRef::namespaced(Kind::ConfigMap, namespace, "cilium-config");
    let fact = off.map(|(key, value)| Evidence::new(object(), format!("data.{key}"), Arg::word(*value)));
    (Ok(off.is_none()), fact)
}

fn kindnet(daemon_set: &Workload) -> (Result<bool, Unknown>, Fact) {
    let Some((index, container)) =
        daemon_set.pod().containers.iter().enumerate().find(|(_, c)| c.image_base().contains("kindnet"))
    else {
        return (Err(kindnet_of_unknown_age()), None);
    };
    let path = format!("spec.template.spec.containers[{index}].image");
    let fact = Some((path, Arg::text(&container.image)));
    let day = container.image_tag().and_then(|tag| tag.trim_start_matches('v').get(..8)?.parse::<u32>().ok());
    (day.map(|day| day >= KINDNET_SINCE).ok_or_else(kindnet_of_unknown_age), fact)
}

fn kindnet_of_unknown_age() -> Unknown {
    Reason::new(
        "kindnet-of-unknown-age",
        "kindnet enforces policies since kind v0.24, and its image does not say how old it is",
    )
    .into()
}
