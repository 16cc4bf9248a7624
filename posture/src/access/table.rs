//! What the page of access shows of a cluster: the accounts of each hub first, then who administers the cluster, and what Perijove may do.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::derived::Derived;
use crate::facts::{PodSpec, Subject};
use crate::gap::Gap;
use crate::hub::{Hub, HubKey};
use crate::listing::Placed;
use crate::snapshot::Snapshot;
use crate::text::Reason;

use super::escalation::{Escalations, SecretsRead, Taken};
use super::held::Held;
use super::own::{Own, own};
use super::question::Question;
use super::rights::RightsIndex;
use super::subject::{Caller, account, key};
use super::unresolved::Unresolved;

/// How many identities are named to which an account finds a way; what is left out is counted.
const MOST_WAYS: usize = 8;

/// Who can do what in a cluster, as far as it concerns its hubs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessTable {
    /// The hubs, by key.
    pub hubs: Vec<HubAccess>,
    /// What concerns no hub; `None` for those who may see no more than hubs.
    pub cluster: Option<ClusterAccess>,
}

/// Who administers a cluster, and what Perijove may do there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterAccess {
    /// The subjects that may do everything everywhere.
    pub administrators: Vec<Subject>,
    /// What may hide more of them.
    pub administrators_gap: Option<Gap>,
    /// What Perijove itself may do.
    pub own: Own,
}

/// The accounts of one hub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HubAccess {
    /// The hub.
    pub hub: HubKey,
    /// The accounts that its parts and its user servers run as, the hub's own first; then the others of its namespaces that may do more
    /// than everybody.
    pub accounts: Vec<AccountAccess>,
    /// Accounts that its parts run as too, and that are listed under another hub.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub elsewhere: Vec<Subject>,
    /// What may hide more accounts.
    pub gap: Option<Gap>,
}

/// What of another hub runs as an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlsoRuns {
    /// The other hub.
    pub hub: HubKey,
    /// Its parts, in our words.
    pub parts: Vec<String>,
    /// How many of its live user servers.
    pub servers: usize,
}

/// One account: what runs as it, what it may do, and whose rights it can take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountAccess {
    /// The account.
    pub subject: Subject,
    /// What runs as it, in our words: `the hub`, `the proxy`, `user servers`; empty where no part of the hub does.
    pub parts: Vec<String>,
    /// How many live user servers run as it.
    pub servers: usize,
    /// What of other hubs runs as it too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<AlsoRuns>,
    /// Its rules, the mightiest first, without those that everybody has.
    pub rules: Vec<Held>,
    /// The bindings that give it a role which is not there to be judged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unresolved: Vec<Unresolved>,
    /// How many rules it shares with every authenticated identity.
    pub usual: usize,
    /// What may hide more rules.
    pub gap: Option<Gap>,
    /// Whose rights it can take.
    pub ways: Ways,
}

/// The ways from one identity to others.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ways {
    /// Whether it comes as far as administering the cluster.
    pub is_administrator: bool,
    /// To each identity the shortest path, a sentence for each step. If it leads to the administrator, only that.
    pub paths: Vec<Vec<Reason>>,
    /// How many identities more it reaches.
    pub more: usize,
    /// Secrets that may be read on the way and that may hold tokens of further accounts, a sentence for each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<Reason>,
    /// Whether there are such Secrets, though no sentence may be shown of them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reads_secrets: bool,
    /// What may hide more.
    pub gap: Option<Gap>,
}

impl AccessTable {
    /// Computes the table.
    pub fn new(snapshot: &Snapshot, derived: &Derived) -> Self {
        let escalations = Escalations::new(&derived.rights, snapshot);
        let holders = derived.rights.who_may(&Question::new("*", "*", "*"));
        let cluster = ClusterAccess {
            administrators: holders.ways.into_keys().collect(),
            administrators_gap: holders.gap,
            own: own(snapshot.reviews.as_ref(), &snapshot.namespaces),
        };
        Self {
            hubs: derived.hubs.iter().map(|hub| of_hub(hub, snapshot, derived, &escalations)).collect(),
            cluster: Some(cluster),
        }
    }
}

impl AccessTable {
    /// Lists each account once: under the first hub with a part that runs as it, else under the first hub that has it. Hubs that share a
    /// namespace all have its accounts.
    pub fn list_once(&mut self) {
        let mut homes: BTreeMap<String, (bool, usize)> = BTreeMap::new();
        for (at, hub) in self.hubs.iter().enumerate() {
            for account in &hub.accounts {
                let runs_it = !account.parts.is_empty();
                let home = homes.entry(key(&account.subject)).or_insert((runs_it, at));
                if runs_it && !home.0 {
                    *home = (true, at);
                }
            }
        }
        let mut also: BTreeMap<String, Vec<AlsoRuns>> = BTreeMap::new();
        for (at, hub) in self.hubs.iter_mut().enumerate() {
            let is_home = |account: &AccountAccess| {
                homes.get(&key(&account.subject)).is_none_or(|(_, home)| *home == at)
            };
            let (here, away): (Vec<_>, Vec<_>) =
                std::mem::take(&mut hub.accounts).into_iter().partition(is_home);
            hub.accounts = here;
            for account in away.into_iter().filter(|account| !account.parts.is_empty()) {
                let AccountAccess { subject, parts, servers, .. } = account;
                also.entry(key(&subject)).or_default().push(AlsoRuns {
                    hub: hub.hub.clone(),
                    parts,
                    servers,
                });
                hub.elsewhere.push(subject);
            }
        }
        for account in self.hubs.iter_mut().flat_map(|hub| &mut hub.accounts) {
            account.also = also.remove(&key(&account.subject)).unwrap_or_default();
        }
    }
}

/// How many user servers run as each account, by its key. They come and go without anybody's rights having changed.
pub type AccountServers = BTreeMap<String, usize>;

impl HubAccess {
    /// Takes the numbers of servers out.
    pub fn take_servers(&mut self) -> AccountServers {
        let accounts = self.accounts.iter_mut().filter(|account| account.servers > 0);
        accounts.map(|account| (key(&account.subject), std::mem::take(&mut account.servers))).collect()
    }

    /// Puts them in again.
    pub fn put_servers(&mut self, servers: &AccountServers) {
        for account in &mut self.accounts {
            account.servers = servers.get(&key(&account.subject)).copied().unwrap_or_default();
        }
    }
}

fn of_hub(hub: &Hub, snapshot: &Snapshot, derived: &Derived, escalations: &Escalations<'_>) -> HubAccess {
    let mut parts: BTreeMap<(String, String), (Vec<String>, usize)> = BTreeMap::new();
    let mut order: Vec<(String, String)> = Vec::new();
    let mut add = |namespace: &str, spec: &PodSpec, part: &str, servers: usize| {
        let key = (namespace.to_owned(), spec.account().to_owned());
        let known = parts.entry(key.clone()).or_insert_with(|| {
            order.push(key);
            (Vec::new(), 0)
        });
        if !known.0.iter().any(|known| known == part) {
            known.0.push(part.to_owned());
        }
        known.1 += servers;
    };
    let own = hub.key.namespace.as_str();
    add(own, hub.deployment.pod(), "the hub", 0);
    for class in &hub.user_classes {
        add(&class.namespace, &class.spec, "user servers", class.pods.len());
    }
    let others = [
        (&hub.proxy, "the proxy"),
        (&hub.autohttps, "autohttps"),
        (&hub.user_scheduler, "the user scheduler"),
        (&hub.binder, "BinderHub"),
    ];
    for (workload, part) in others {
        if let Some(workload) = workload {
            add(own, workload.pod(), part, 0);
        }
    }
    for puller in &hub.image_pullers {
        add(own, puller.pod(), "the image pullers", 0);
    }
    let mut accounts: Vec<AccountAccess> = order
        .iter()
        .filter_map(|key| {
            let (parts, servers) = parts.remove(key)?;
            let access = of_account(&key.0, &key.1, &derived.rights, escalations);
            Some(AccountAccess { parts, servers, ..access })
        })
        .collect();
    accounts.extend(
        beside(hub, snapshot, &order)
            .into_iter()
            .map(|(namespace, name)| of_account(&namespace, &name, &derived.rights, escalations))
            .filter(|access| {
                !access.rules.is_empty() || access.gap.is_some() || !access.unresolved.is_empty()
            }),
    );
    let complete = |namespace| snapshot.service_accounts.complete_in(namespace).err();
    let gap = derived.servers(hub).err().and_then(|unknown| match unknown {
        crate::gap::Unknown::Gap(gap) => Some(gap),
        crate::gap::Unknown::Reason(_) => None,
    });
    HubAccess {
        hub: hub.key.clone(),
        accounts,
        elsewhere: Vec::new(),
        gap: hub.namespaces().into_iter().find_map(complete).or(gap),
    }
}

/// The other accounts of a hub's namespaces.
fn beside(hub: &Hub, snapshot: &Snapshot, known: &[(String, String)]) -> BTreeSet<(String, String)> {
    let all = hub.namespaces().into_iter().flat_map(|namespace| {
        let accounts = snapshot.service_accounts.present_in(namespace);
        accounts.map(|account| (namespace.to_owned(), account.name().to_owned())).collect::<Vec<_>>()
    });
    all.filter(|key| !known.contains(key)).collect()
}

fn of_account(
    namespace: &str,
    name: &str,
    rights: &RightsIndex,
    escalations: &Escalations<'_>,
) -> AccountAccess {
    let subject = account(namespace, name);
    let caller = Caller::of(&subject);
    let found = rights.of_caller(&caller);
    let (usual, rules): (Vec<_>, Vec<_>) =
        found.held().into_iter().partition(|held| held.power == super::held::Power::Usual);
    AccountAccess {
        subject,
        parts: Vec::new(),
        servers: 0,
        also: Vec::new(),
        rules,
        unresolved: found.unresolved,
        usual: usual.len(),
        gap: found.gap,
        ways: ways_of(&caller, escalations),
    }
}

/// The shortest path from an identity to each whose rights it can take, as sentences.
pub fn ways_of(caller: &Caller, escalations: &Escalations<'_>) -> Ways {
    let reached = escalations.reached(caller);
    let all: Vec<&Taken> = reached.all().collect();
    let is_administrator = all.first() == Some(&&Taken::Administrator);
    let wanted = if is_administrator { &all[..1] } else { &all[..] };
    let sentences = |taken: &&Taken| {
        let path = reached.path(taken).ok().flatten()?;
        Some(path.steps.iter().map(super::escalation::Step::sentence).collect())
    };
    Ways {
        is_administrator,
        paths: wanted.iter().take(MOST_WAYS).filter_map(sentences).collect(),
        more: wanted.len().saturating_sub(MOST_WAYS),
        secrets: reached.secrets.iter().take(MOST_WAYS).map(SecretsRead::sentence).collect(),
        reads_secrets: false,
        gap: reached.gap.clone(),
    }
}
