//! How an identity could become another one: a graph whose steps are rights, and the shortest way through it.
//!
//! A step is drawn only where it was seen to be possible: the rule, and the account, pod or object that it needs. What a step does not
//! claim: that an admission plugin or a policy outside RBAC lets it happen. Writing a binding without `bind` or a role without `escalate`
//! gives nothing new, since the API server grants only what the writer has; and signing certificates needs the key of the authority.

mod holder;
mod pods;
mod secrets;
mod sentence;
mod steps;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::facts::Subject;
use crate::gap::Gap;
use crate::object::ObjectRef;
use crate::snapshot::Snapshot;

use super::question::Way;
use super::rights::RightsIndex;
use super::subject::Caller;

pub use secrets::SecretsRead;

/// The steps that the objects of a snapshot allow.
#[derive(Debug, Clone, Copy)]
pub struct Escalations<'a> {
    rights: &'a RightsIndex,
    snapshot: &'a Snapshot,
}

/// Whose rights somebody can take.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Taken {
    /// The administrator of the cluster: everything, everywhere.
    Administrator,
    /// Those of a ServiceAccount, a user or a group.
    Of(Subject),
}

/// The means of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Means {
    /// It may do everything already.
    Everything,
    /// It starts a pod that runs as the account, itself or through a workload.
    RunPods,
    /// It enters a running pod of the account that holds its token: `pods/exec`, `pods/attach`, another image, a container beside it.
    EnterPods,
    /// It asks for a token of the account: `create serviceaccounts/token`.
    RequestTokens,
    /// It reads a Secret that holds a token of the account.
    ReadTokens,
    /// It makes a Secret into which the cluster writes a token of the account, and reads it.
    MakeTokens,
    /// It acts under the other's name.
    Impersonate,
    /// It binds any role to itself: `bind` and a binding to write.
    Bind,
    /// It adds any rule to a role that it has: `escalate` and the role to write.
    Escalate,
    /// It enters any pod of a node through the kubelet: `nodes/proxy`.
    Kubelets,
    /// It approves a certificate for any name.
    Certificates,
    /// It changes whatever anybody writes to the API: a mutating webhook.
    Webhooks,
}

/// One step: whose rights, by which means, and the rules that allow it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step {
    /// Whose rights are used.
    pub from: Subject,
    /// Whose rights are taken.
    pub to: Taken,
    /// How.
    pub means: Means,
    /// The namespace where it happens; `None` where it is of the whole cluster.
    pub namespace: Option<String>,
    /// The pod or the workload that it needs, if it needs one.
    pub through: Option<ObjectRef>,
    /// What it may do for that, such as `create pods`.
    pub acts: Vec<String>,
    /// The rules that allow it, one for each act.
    pub ways: Vec<Way>,
}

/// The steps from one identity to another, in order; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// The steps.
    pub steps: Vec<Step>,
}

/// Everybody whose rights an identity can take, with the shortest path to each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// The last step to each.
    last: BTreeMap<Taken, Step>,
    /// Secrets that may hold tokens of further accounts, for all that is known; empty where the administrator is reached.
    pub secrets: Vec<SecretsRead>,
    /// What may hide more.
    pub gap: Option<Gap>,
}

impl<'a> Escalations<'a> {
    /// Looks at the objects of a snapshot; the index must be of the same one.
    pub fn new(rights: &'a RightsIndex, snapshot: &'a Snapshot) -> Self {
        Self { rights, snapshot }
    }

    /// Everybody whose rights a caller can take, over any number of steps. Nobody is beyond the administrator: where that is reached, only
    /// what is as near is listed beside it.
    pub fn reached(&self, caller: &Caller) -> Reached {
        let start = Taken::Of(caller.identity().clone());
        let mut reached = Reached { last: BTreeMap::new(), secrets: Vec::new(), gap: self.hidden_objects() };
        let mut waiting = VecDeque::from([caller.clone()]);
        while let Some(caller) = waiting.pop_front() {
            let (steps, gap) = self.steps(&caller);
            reached.gap = reached.gap.or(gap);
            for step in steps {
                if step.to == start || reached.last.contains_key(&step.to) {
                    continue;
                }
                if let Taken::Of(subject) = &step.to {
                    waiting.push_back(Caller::of(subject));
                }
                reached.last.insert(step.to.clone(), step);
            }
            if reached.last.contains_key(&Taken::Administrator) {
                return reached;
            }
        }
        let taken: BTreeSet<Taken> = reached.last.keys().cloned().collect();
        let others = taken.iter().filter_map(|taken| match taken {
            Taken::Of(subject) => Some(Caller::of(subject)),
            Taken::Administrator => None,
        });
        // The caller itself has been reached too.
        let mut known = taken.clone();
        known.insert(start);
        let all = std::iter::once(caller.clone()).chain(others);
        reached.secrets = all.flat_map(|caller| self.secrets_read(&caller, &known)).collect();
        reached
    }

    /// What may hide accounts and pods whose rights can be taken.
    fn hidden_objects(&self) -> Option<Gap> {
        let accounts = self.snapshot.service_accounts.complete();
        accounts.and_then(|()| self.snapshot.pods.complete()).err()
    }
}

impl Reached {
    /// Whose rights can be taken, sorted: the administrator first.
    pub fn all(&self) -> impl Iterator<Item = &Taken> {
        self.last.keys()
    }

    /// The shortest path: `Ok(None)` only if there is none and no gap could hide one; what Secrets may lead to is told by `secrets`. Where only the administrator is reached, it is the
    /// path there, who has the rights of everybody.
    pub fn path(&self, to: &Taken) -> Result<Option<Path>, Gap> {
        let mut steps = Vec::new();
        let is_reached = self.last.contains_key(to);
        let mut wanted = if is_reached { to.clone() } else { Taken::Administrator };
        while let Some(step) = self.last.get(&wanted) {
            wanted = Taken::Of(step.from.clone());
            steps.push(step.clone());
        }
        steps.reverse();
        match (steps.is_empty(), &self.gap) {
            (false, _) => Ok(Some(Path { steps })),
            (true, None) => Ok(None),
            (true, Some(gap)) => Err(gap.clone()),
        }
    }
}
