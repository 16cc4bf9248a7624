//! Values that several checks need, computed once per snapshot. No check reads another check's verdict.
//!
//! Everything here follows one rule: what was seen is proof, what was not seen is proof only under a complete list. A question that
//! a gap keeps open answers `Err`, which makes a check `unknown` through `?`.

pub mod barrier;
pub mod cloud;
pub mod enforcement;
pub mod selection;
pub mod tls;
pub mod token;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

pub use barrier::{Barrier, BarrierState, BlockScope};
pub use cloud::{Cloud, Clouds};
pub use enforcement::{Enforcement, EnforcementState};
pub use tls::{Front, FrontHost, Tls, TlsMode};

pub use crate::access::{Grant, Reach, Rights, RightsIndex};
use crate::certificates::CertificateTable;
use crate::check::Recall;
use crate::facts::Workload;
use crate::gap::{Gap, Unknown};
use crate::hub::{Hub, HubKey, UserClass, discovery, servers};
use crate::listing::Listing;
use crate::network::Network;
use crate::settings::Settings;
use crate::snapshot::Snapshot;
use crate::text::Reason;

/// Values that several checks need.
#[derive(Debug)]
pub struct Derived {
    /// The hubs, sorted by key.
    pub hubs: Vec<Hub>,
    /// The clouds the nodes run on.
    pub clouds: Result<Clouds, Unknown>,
    /// Who may do what.
    pub rights: RightsIndex,
    /// What may connect to what, as far as policies decide it.
    pub network: Arc<Network>,
    /// Every certificate that was seen, and what uses it.
    pub certificates: CertificateTable,
    enforcement: Enforcement,
    of_hubs: BTreeMap<HubKey, OfHub>,
    deployments: Listing<Workload>,
}

/// What is derived for one hub.
#[derive(Debug)]
struct OfHub {
    tls: Result<Tls, Unknown>,
    enforcement: Enforcement,
    /// One for each of the hub's user classes, in their order.
    barriers: Vec<Barrier>,
    servers: Result<(), Gap>,
}

/// A hub that was seen before and cannot be seen now because something may not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingHub {
    /// The hub.
    pub key: HubKey,
    /// What hides it: every check of this hub is unknown for this reason.
    pub unknown: Unknown,
}

/// Computes the values that several checks need.
pub fn derive(snapshot: &Snapshot, settings: &Settings, now: Timestamp) -> Derived {
    let rights = RightsIndex::new(snapshot);
    let clouds = cloud::clouds(snapshot);
    let hubs = discovery::discover(snapshot);
    let enforcement = enforcement::detect(snapshot, settings, now);
    let network = Arc::new(Network::new(snapshot, &enforcement));
    let of_hubs = hubs
        .iter()
        .map(|hub| {
            let of_hub = OfHub {
                tls: tls::detect(snapshot, hub),
                enforcement: enforcement.clone().attested_for(hub, settings, now),
                barriers: hub.user_classes.iter().map(|class| barrier::assess(class, &clouds)).collect(),
                servers: servers::are_complete(snapshot, hub),
            };
            (hub.key.clone(), of_hub)
        })
        .collect();
    let deployments = snapshot.deployments.clone();
    let certificates = CertificateTable::default();
    let mut derived =
        Derived { hubs, clouds, rights, network, certificates, enforcement, of_hubs, deployments };
    derived.certificates = CertificateTable::new(snapshot, &derived);
    derived
}

impl Derived {
    /// The hub of this key.
    pub fn hub(&self, key: &HubKey) -> Option<&Hub> {
        self.hubs.binary_search_by(|hub| hub.key.cmp(key)).ok().map(|index| &self.hubs[index])
    }

    /// Hubs that were seen before and that a gap hides now. A hub that is proven gone is not among them.
    pub fn missing_hubs(&self, recall: &Recall) -> Vec<MissingHub> {
        let mut missing: Vec<_> = recall
            .hubs
            .iter()
            .filter(|key| self.hub(key).is_none())
            .filter_map(|key| {
                let gap = self.deployments.complete_in(&key.namespace).err()?;
                Some(MissingHub { key: key.clone(), unknown: gap.into() })
            })
            .collect();
        missing.sort_by(|a, b| a.key.cmp(&b.key));
        missing.dedup_by(|a, b| a.key == b.key);
        missing
    }

    /// How users reach the hub.
    pub fn tls(&self, hub: &Hub) -> Result<&Tls, Unknown> {
        self.of_hub(hub)?.tls.as_ref().map_err(Clone::clone)
    }

    /// The user servers of a hub, or the gap that may hide some. An empty slice means that none runs.
    ///
    /// For faults, [`Hub::user_classes`] holds what was seen whatever may be hidden.
    pub fn servers<'h>(&self, hub: &'h Hub) -> Result<&'h [UserClass], Unknown> {
        self.of_hub(hub)?.servers.clone()?;
        Ok(&hub.user_classes)
    }

    /// The iptables barrier of each class of user servers that was seen.
    pub fn barriers<'a>(&'a self, hub: &'a Hub) -> impl Iterator<Item = (&'a UserClass, &'a Barrier)> {
        let barriers = self.of_hubs.get(&hub.key).map_or(&[][..], |of_hub| &of_hub.barriers);
        hub.user_classes.iter().zip(barriers)
    }

    /// Whether something in the cluster enforces network policies, as far as it can be known.
    pub fn enforcement(&self) -> &Enforcement {
        &self.enforcement
    }

    /// The same for one hub, of which the operator may have stated more.
    pub fn enforcement_for(&self, hub: &Hub) -> &Enforcement {
        self.of_hubs.get(&hub.key).map_or(&self.enforcement, |of_hub| &of_hub.enforcement)
    }

    fn of_hub(&self, hub: &Hub) -> Result<&OfHub, Unknown> {
        self.of_hubs
            .get(&hub.key)
            .ok_or_else(|| Reason::new("foreign-hub", "the hub is not one of this snapshot").into())
    }
}
