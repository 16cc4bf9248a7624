//! The steps from one identity: what each of its rights leads to, among the accounts and pods that were seen.

use std::collections::BTreeSet;

use crate::access::grant::Reach;
use crate::access::leading::pod_makers;
use crate::access::question::{Question, Way};
use crate::access::subject::{Caller, account, group};
use crate::facts::{ServiceAccount, Subject, Workload};
use crate::gap::Gap;
use crate::kind::Kind;
use crate::listing::{Listing, Placed};
use crate::object::ObjectRef;

use super::holder::{ADMISSION, APPROVAL, Act, CERTIFICATES, Holder, RBAC};
use super::secrets::{make_tokens, read_token};
use super::{Escalations, Means, Step, Taken};

/// The role that may do everything; the API server restores it at every start.
const EVERYTHING: &str = "cluster-admin";
/// The signer of certificates that the API server takes for users, and how rules name all signers of Kubernetes.
const SIGNERS: [&str; 2] = ["kubernetes.io/kube-apiserver-client", "kubernetes.io/*"];

impl Escalations<'_> {
    /// Every single step of a caller, sorted by what is taken, with what may hide more. Of several ways by the same means one stays. Who
    /// may do everything anyway has that step only.
    pub fn steps(&self, caller: &Caller) -> (Vec<Step>, Option<Gap>) {
        let rights = self.rights.of_caller(caller);
        let gap = rights.gap.or_else(|| self.hidden_objects());
        let holder = Holder::new(caller, rights.grants);
        let mut found = Found { holder: &holder, steps: Vec::new() };
        if let Some(way) = everything(&holder) {
            let act = Act { words: "do everything".to_owned(), way };
            found.add(Means::Everything, Taken::Administrator, vec![act]);
            return (found.steps, gap);
        }
        Self::to_administrator(&mut found);
        self.by_impersonation(&mut found);
        self.by_certificates(&mut found);
        self.by_kubelets(&mut found);
        for namespace in self.places(&holder) {
            self.within(&mut found, namespace);
        }
        let mut steps = found.steps;
        steps.sort();
        steps.dedup_by(|a, b| (&a.to, a.means, &a.namespace) == (&b.to, b.means, &b.namespace));
        (steps, gap)
    }

    /// The namespaces in which the rights of an identity can lead to somebody.
    fn places<'s>(&'s self, holder: &'s Holder<'_>) -> BTreeSet<&'s str> {
        let mut places = holder.namespaces();
        if holder.is_everywhere() {
            places.extend(self.snapshot.service_accounts.present().filter_map(|account| account.namespace()));
            places.extend(self.snapshot.pods.present().filter_map(|pod| pod.namespace()));
        }
        places
    }

    fn to_administrator(found: &mut Found<'_>) {
        let holder = found.holder;
        let named = |question: Question| question.named(EVERYTHING);
        let bind = holder.any(&["bind"], RBAC, "clusterroles", named);
        let write = holder
            .any(&["create"], RBAC, "clusterrolebindings", same)
            .or_else(|| holder.any(&["update", "patch"], RBAC, "clusterrolebindings", named));
        found.add_all(Means::Bind, Taken::Administrator, [bind, write]);
        for role in holder.roles_in(&Reach::Cluster) {
            let named = |question: Question| question.named(&role.name);
            let escalate = holder.any(&["escalate"], RBAC, "clusterroles", named);
            let write = holder.any(&["update", "patch"], RBAC, "clusterroles", named);
            found.add_all(Means::Escalate, Taken::Administrator, [escalate, write]);
        }
        let hook = "mutatingwebhookconfigurations";
        let webhooks = holder
            .any(&["create"], ADMISSION, hook, same)
            .or_else(|| holder.any(&["update", "patch"], ADMISSION, hook, Question::some));
        found.add_all(Means::Webhooks, Taken::Administrator, [webhooks]);
    }

    fn by_impersonation(&self, found: &mut Found<'_>) {
        let holder = found.holder;
        let of = |resource: &'static str, name: &str| {
            holder.any(&["impersonate"], "", resource, |question| question.named(name))
        };
        // A group can only be taken together with a user or an account; any will do.
        let anybody = || {
            let some = |resource| holder.any(&["impersonate"], "", resource, Question::some);
            some("users").or_else(|| some("serviceaccounts"))
        };
        let masters = [of("groups", "system:masters"), anybody()];
        found.add_all(Means::Impersonate, Taken::Administrator, masters);
        for subject in self.rights.subjects() {
            let taken = Taken::Of(subject.clone());
            match subject.kind.as_str() {
                "User" => found.add_all(Means::Impersonate, taken, [of("users", &subject.name)]),
                "Group" => {
                    found.add_all(Means::Impersonate, taken, [of("groups", &subject.name), anybody()]);
                }
                _ => {}
            }
        }
    }

    fn by_certificates(&self, found: &mut Found<'_>) {
        let holder = found.holder;
        let approve = SIGNERS.iter().find_map(|signer| {
            holder.any(&["approve"], CERTIFICATES, "signers", |question| question.named(signer))
        });
        let create = holder.any(&["create"], CERTIFICATES, "certificatesigningrequests", same);
        let update = holder.any(&["update", "patch"], CERTIFICATES, APPROVAL, same);
        if approve.is_none() || create.is_none() || update.is_none() {
            return;
        }
        // The API server refuses certificates for `system:masters`, and the group of every identity is nobody's own.
        let masters = group("system:masters");
        for subject in self.rights.subjects().filter(|subject| **subject != masters) {
            let acts = [create.clone(), update.clone(), approve.clone()];
            found.add_all(Means::Certificates, Taken::Of(subject.clone()), acts);
        }
    }

    fn within(&self, found: &mut Found<'_>, namespace: &str) {
        let accounts: Vec<_> = self.snapshot.service_accounts.present_in(namespace).collect();
        let holder = found.holder;
        let here = |question: Question| question.within(namespace);
        for (means, acts) in [
            (
                Means::RunPods,
                pod_makers().find_map(|(group, resource)| {
                    Some(vec![holder.any(&["create"], group, resource, here)?])
                }),
            ),
            (Means::MakeTokens, make_tokens(holder, namespace)),
            (Means::Bind, bind(holder, namespace)),
            (Means::Escalate, escalate(holder, namespace)),
        ] {
            let Some(acts) = acts else { continue };
            for account in &accounts {
                found.add_in(namespace, means, taken(account), acts.clone());
            }
        }
        for account in accounts {
            let named = |question: Question| here(question).named(account.name());
            let request = holder.any(&["create"], "", "serviceaccounts/token", named);
            found.add_in(namespace, Means::RequestTokens, taken(account), request.into_iter().collect());
            let impersonate = holder.any(&["impersonate"], "", "serviceaccounts", named);
            found.add_in(namespace, Means::Impersonate, taken(account), impersonate.into_iter().collect());
            let read = read_token(holder, account, namespace);
            found.add_in(namespace, Means::ReadTokens, taken(account), read.into_iter().collect());
        }
        self.by_workloads(found, namespace);
        self.by_pods(found, namespace);
    }

    /// Workloads that can be changed, so that they make pods of any account of their namespace.
    fn by_workloads(&self, found: &mut Found<'_>, namespace: &str) {
        // The template of a Job cannot be changed.
        let kinds: [(&Listing<Workload>, &str, &str); 6] = [
            (&self.snapshot.deployments, "apps", "deployments"),
            (&self.snapshot.daemon_sets, "apps", "daemonsets"),
            (&self.snapshot.stateful_sets, "apps", "statefulsets"),
            (&self.snapshot.replica_sets, "apps", "replicasets"),
            (&self.snapshot.replication_controllers, "", "replicationcontrollers"),
            (&self.snapshot.cron_jobs, "batch", "cronjobs"),
        ];
        for (listing, group, resource) in kinds {
            let first = listing.present_in(namespace).find_map(|workload| {
                let named = |question: Question| question.within(namespace).named(workload.name());
                Some((workload, found.holder.any(&["update", "patch"], group, resource, named)?))
            });
            let Some((workload, act)) = first else { continue };
            for account in self.snapshot.service_accounts.present_in(namespace) {
                let to = subject_of(account);
                found.through(Means::RunPods, Some(namespace), workload.object(), to, Some(act.clone()));
            }
        }
    }
}

/// The steps found so far.
pub(super) struct Found<'h> {
    pub(super) holder: &'h Holder<'h>,
    steps: Vec<Step>,
}

impl Found<'_> {
    fn push(
        &mut self,
        means: Means,
        to: Taken,
        namespace: Option<&str>,
        through: Option<ObjectRef>,
        acts: Vec<Act>,
    ) {
        let caller = self.holder.caller;
        if matches!(&to, Taken::Of(subject) if caller.subjects().contains(subject)) {
            return;
        }
        let from = caller.identity().clone();
        let namespace = namespace.map(str::to_owned);
        let (acts, ways) = acts.into_iter().map(|act| (act.words, act.way)).unzip();
        self.steps.push(Step { from, to, means, namespace, through, acts, ways });
    }

    /// A step of the whole cluster.
    fn add(&mut self, means: Means, to: Taken, acts: Vec<Act>) {
        self.push(means, to, None, None, acts);
    }

    /// A step of the whole cluster, if all of its acts are allowed.
    fn add_all<const COUNT: usize>(&mut self, means: Means, to: Taken, acts: [Option<Act>; COUNT]) {
        if let Some(acts) = acts.into_iter().collect() {
            self.add(means, to, acts);
        }
    }

    /// A step in a namespace, if something allows it.
    fn add_in(&mut self, namespace: &str, means: Means, to: Taken, acts: Vec<Act>) {
        if !acts.is_empty() {
            self.push(means, to, Some(namespace), None, acts);
        }
    }

    /// A step that needs an object, if something allows it.
    pub(super) fn through(
        &mut self,
        means: Means,
        namespace: Option<&str>,
        through: ObjectRef,
        to: Subject,
        act: Option<Act>,
    ) {
        if let Some(act) = act {
            self.push(means, Taken::Of(to), namespace, Some(through), vec![act]);
        }
    }
}

/// The rule that lets an identity do everything in the whole cluster.
fn everything(holder: &Holder<'_>) -> Option<Way> {
    if holder.caller.is_master() {
        return Some(Way::Masters);
    }
    let grant = holder.grants.iter().find(|grant| grant.reach == Reach::Cluster && grant.is_everything())?;
    grant.way(&Question::new("*", "*", "*"))
}

fn same(question: Question) -> Question {
    question
}

fn bind(holder: &Holder<'_>, namespace: &str) -> Option<Vec<Act>> {
    let here = |question: Question| question.within(namespace);
    let bind = holder.any(&["bind"], RBAC, "clusterroles", |question| here(question).named(EVERYTHING))?;
    let write = holder.any(&["create"], RBAC, "rolebindings", here)?;
    Some(vec![bind, write])
}

fn escalate(holder: &Holder<'_>, namespace: &str) -> Option<Vec<Act>> {
    let place = Reach::Namespace(namespace.to_owned());
    holder.roles_in(&place).filter(|role| role.kind == Kind::Role).find_map(|role| {
        let named = |question: Question| question.within(namespace).named(&role.name);
        let escalate = holder.any(&["escalate"], RBAC, "roles", named)?;
        Some(vec![escalate, holder.any(&["update", "patch"], RBAC, "roles", named)?])
    })
}

fn taken(account: &ServiceAccount) -> Taken {
    Taken::Of(subject_of(account))
}

pub(super) fn subject_of(of: &ServiceAccount) -> Subject {
    account(of.namespace().unwrap_or_default(), of.name())
}
