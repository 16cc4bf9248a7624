//! Whether something enforces network policies. Kubernetes accepts policies that nobody enforces, so this is never proof, only evidence.

mod engine;
mod nodes;

use jiff::Timestamp;

use crate::check::{Evidence, gap_reason};
use crate::facts::Workload;
use crate::gap::{Gap, Unknown};
use crate::hub::Hub;
use crate::kind::Kind;
use crate::object::ObjectRef;
use crate::settings::{AttestedFact, Settings};
use crate::snapshot::Snapshot;
use crate::text::{Arg, Reason};
use engine::Sighting;
pub(crate) use nodes::Weak;

/// How sure it is that policies work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EnforcementState {
    /// A network plug-in that enforces policies runs, or the operator states it.
    Enforced,
    /// The distribution has an engine built in that can be switched off where the API does not show it.
    Likely,
    /// A network plug-in that does not enforce policies runs, and none that does.
    NotEnforced,
    /// It cannot be told.
    Unknown,
}

/// Whether something enforces network policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enforcement {
    /// How sure it is.
    pub state: EnforcementState,
    /// What enforces them, in words: `Calico`.
    pub engine: Option<&'static str>,
    /// Why, in one sentence; for [`EnforcementState::Unknown`] it names what would settle it.
    pub reason: Reason,
    /// The facts behind it.
    pub evidence: Vec<Evidence>,
    /// Nodes on which the engine has no ready pod, sorted: policies may not work there.
    pub broken_nodes: Result<Vec<String>, Gap>,
    /// Nodes that run Windows, where few engines enforce policies, sorted.
    pub windows_nodes: Result<Vec<String>, Gap>,
}

impl Enforcement {
    fn new(state: EnforcementState, reason: Reason) -> Self {
        Self {
            state,
            engine: None,
            reason,
            evidence: Vec::new(),
            broken_nodes: Ok(Vec::new()),
            windows_nodes: Ok(Vec::new()),
        }
    }

    fn unknown(unknown: Unknown) -> Self {
        let reason = match unknown {
            Unknown::Gap(gap) => gap_reason(&gap),
            Unknown::Reason(reason) => reason,
        };
        Self::new(EnforcementState::Unknown, reason)
    }

    /// The same where it is not sure that policies hold.
    pub(crate) fn weakened(self, weak: &Reason) -> Self {
        match self.state {
            EnforcementState::Enforced | EnforcementState::Likely => {
                Self { state: EnforcementState::Unknown, reason: weak.clone(), ..self }
            }
            EnforcementState::NotEnforced | EnforcementState::Unknown => self,
        }
    }

    /// Takes the operator's word for one hub, or for the cluster.
    pub(super) fn attested_for(self, hub: &Hub, settings: &Settings, now: Timestamp) -> Self {
        self.attested(Some(&hub.key.to_string()), settings, now)
    }

    fn attested(self, hub: Option<&str>, settings: &Settings, now: Timestamp) -> Self {
        if self.state == EnforcementState::Enforced {
            return self;
        }
        let Some(attestation) = settings.attested(AttestedFact::PoliciesEnforced, hub, now) else {
            return self;
        };
        let reason = Reason::new(
            "enforcement-attested",
            "the operator states until {until} that policies are enforced: {why}",
        )
        .with("until", Arg::Instant(attestation.until))
        .with("why", Arg::text(attestation.reason.clone()));
        Self { state: EnforcementState::Enforced, reason, ..self }
    }
}

/// Looks for what enforces network policies.
pub(super) fn detect(snapshot: &Snapshot, settings: &Settings, now: Timestamp) -> Enforcement {
    let mut enforcement = detect_engine(snapshot);
    enforcement.windows_nodes = snapshot.nodes.complete().map(|()| {
        let nodes = snapshot.nodes.present();
        nodes.filter(|node| nodes::is_windows(node)).map(|node| node.metadata.name.clone()).collect()
    });
    enforcement.attested(None, settings, now)
}

/// An engine that was seen decides. Otherwise nothing is concluded from absence before DaemonSets and nodes were read completely.
fn detect_engine(snapshot: &Snapshot) -> Enforcement {
    let sightings: Vec<_> = snapshot
        .daemon_sets
        .present()
        .filter(|daemon_set| is_of_the_system(daemon_set))
        .filter_map(|daemon_set| engine::recognise(snapshot, daemon_set))
        .collect();
    let engines: Vec<_> = sightings.iter().filter(|sighting| sighting.enforces == Ok(true)).collect();
    if let [sighting, ..] = engines[..] {
        let broken_nodes = nodes::broken(snapshot, engines.iter().map(|engine| engine.daemon_set));
        return Enforcement { broken_nodes, ..enforced(sighting) };
    }
    if let Some(unknown) = sightings.iter().find_map(|sighting| sighting.enforces.clone().err()) {
        return Enforcement::unknown(unknown);
    }
    match snapshot.daemon_sets.complete().and_then(|()| snapshot.nodes.complete()) {
        Err(gap) => Enforcement::unknown(gap.into()),
        Ok(()) => {
            built_in(snapshot).or_else(|| not_enforced(&sightings)).unwrap_or_else(|| nothing_seen(snapshot))
        }
    }
}

fn enforced(sighting: &Sighting<'_>) -> Enforcement {
    let object = sighting.daemon_set.object();
    let reason = Reason::new("engine-runs", "{engine} runs as {object} and enforces policies")
        .with("engine", Arg::word(sighting.name))
        .with("object", object);
    Enforcement {
        engine: Some(sighting.name),
        evidence: sighting.evidence.clone(),
        ..Enforcement::new(EnforcementState::Enforced, reason)
    }
}

/// Distributions that carry kube-router inside their own process.
fn built_in(snapshot: &Snapshot) -> Option<Enforcement> {
    let is_built_in = |version: &str| version.contains("+k3s") || version.contains("+rke2");
    let node = snapshot.nodes.present().find(|node| is_built_in(&node.status.node_info.kubelet_version))?;
    let version = &node.status.node_info.kubelet_version;
    let reason = Reason::new(
        "engine-built-in",
        "{version} has a policy engine built in, which a flag of the server that the API does not show can switch off; a probe would tell",
    )
    .with("version", Arg::text(version));
    let object = ObjectRef::cluster(Kind::Node, &node.metadata.name);
    let evidence = Evidence::new(object, "status.nodeInfo.kubeletVersion", Arg::text(version));
    let engine = if version.contains("+k3s") { "k3s" } else { "RKE2" };
    Some(Enforcement {
        engine: Some(engine),
        evidence: vec![evidence],
        ..Enforcement::new(EnforcementState::Likely, reason)
    })
}

fn not_enforced(sightings: &[Sighting<'_>]) -> Option<Enforcement> {
    let sighting = sightings.first()?;
    let reason = if sighting.is_idle {
        Reason::new("engine-idle", "{plugin} is installed as {object}, which has no ready pod")
    } else {
        Reason::new("engine-missing", "{plugin} runs as {object} and does not enforce policies")
    };
    let reason = reason.with("plugin", Arg::word(sighting.name)).with("object", sighting.daemon_set.object());
    let evidence = sightings.iter().flat_map(|sighting| sighting.evidence.clone()).collect();
    Some(Enforcement { evidence, ..Enforcement::new(EnforcementState::NotEnforced, reason) })
}

fn nothing_seen(snapshot: &Snapshot) -> Enforcement {
    let has = |prefix: &str| {
        snapshot
            .nodes
            .present()
            .any(|node| node.spec.provider_id.as_deref().is_some_and(|id| id.starts_with(prefix)))
    };
    let reason = if has("azure://") {
        Reason::new(
            "no-engine-on-aks",
            "no policy engine was seen; AKS enforces policies only if the cluster was made with `--network-policy`",
        )
    } else if has("gce://") {
        Reason::new(
            "no-engine-on-gke",
            "no policy engine was seen; GKE enforces policies only with Dataplane V2 or network policy enabled",
        )
    } else {
        Reason::new(
            "no-engine-seen",
            "no network plug-in was recognised among the DaemonSets; an attestation of the operator or a probe would tell",
        )
    };
    Enforcement::new(EnforcementState::Unknown, reason)
}

/// Whether a namespace belongs to the system. An editor of any other namespace could run a DaemonSet called `calico-node` there.
fn is_of_the_system(daemon_set: &Workload) -> bool {
    let namespace = daemon_set.metadata.namespace.as_deref().unwrap_or_default();
    namespace.starts_with("kube-")
        || namespace.starts_with("openshift-")
        || engine::NAMESPACES.contains(&namespace)
}
