//! The steps into pods that run, for the tokens they hold. Files hold the templates of workloads, which stand for their pods.

use std::sync::Arc;

use crate::access::question::Question;
use crate::access::subject::account;
use crate::derived::token::token_mounts;
use crate::facts::{Pod, PodSpec, Subject, Workload};
use crate::kind::Kind;
use crate::listing::{Listing, Placed};
use crate::object::ObjectRef;
use crate::snapshot::{Origin, Snapshot};

use super::steps::Found;
use super::{Escalations, Means};

/// Something that holds a token of its account: a pod, or the template of a workload's pods.
struct Entered {
    object: ObjectRef,
    account: Subject,
    /// The name of the pod; unknown for those that a workload makes.
    name: Option<String>,
    /// The node it runs on.
    node: Option<String>,
}

impl Escalations<'_> {
    /// Pods that can be entered through the kubelet, wherever they run.
    pub(super) fn by_kubelets(&self, found: &mut Found<'_>) {
        for entered in self.entered(None) {
            let on = |question: Question| match &entered.node {
                Some(node) => question.named(node),
                None => question,
            };
            let enter = found.holder.any(&["get", "create"], "", "nodes/proxy", on);
            found.through(Means::Kubelets, None, entered.object, entered.account, enter);
        }
    }

    /// Pods of a namespace that can be entered.
    pub(super) fn by_pods(&self, found: &mut Found<'_>, namespace: &str) {
        let holder = found.holder;
        for entered in self.entered(Some(namespace)) {
            let named = |question: Question| match &entered.name {
                Some(name) => question.within(namespace).named(name),
                None => question.within(namespace),
            };
            // A WebSocket is opened with GET, which API servers before 1.31 authorise as `get`.
            let enter = holder
                .any(&["create", "get"], "", "pods/exec", named)
                .or_else(|| holder.any(&["create", "get"], "", "pods/attach", named))
                .or_else(|| holder.any(&["update", "patch"], "", "pods/ephemeralcontainers", named))
                .or_else(|| holder.any(&["update", "patch"], "", "pods", named));
            found.through(Means::EnterPods, Some(namespace), entered.object, entered.account, enter);
        }
    }

    /// What holds a token, in one namespace or in all: pods first.
    fn entered(&self, namespace: Option<&str>) -> Vec<Entered> {
        let is_here = |place: Option<&str>| namespace.is_none() || place == namespace;
        let pods = self.snapshot.pods.present().filter(|pod| is_here(pod.namespace()));
        let mut all: Vec<Entered> =
            pods.filter(|pod| holds_token(self.snapshot, pod)).map(|pod| of_pod(pod)).collect();
        if self.snapshot.origin == Origin::Declared {
            let workloads = makers(self.snapshot).into_iter().flat_map(Listing::present);
            let workloads = workloads.filter(|workload| is_here(workload.namespace()));
            all.extend(workloads.filter_map(|workload| of_template(self.snapshot, workload)));
        }
        all
    }
}

/// The workloads whose pods run all the time.
fn makers(snapshot: &Snapshot) -> [&Listing<Workload>; 5] {
    [
        &snapshot.deployments,
        &snapshot.stateful_sets,
        &snapshot.daemon_sets,
        &snapshot.replica_sets,
        &snapshot.replication_controllers,
    ]
}

/// Whether a pod runs, or may run soon, and holds a token of its account.
fn holds_token(snapshot: &Snapshot, pod: &Arc<Pod>) -> bool {
    let is_over = matches!(pod.status.phase.as_deref(), Some("Succeeded" | "Failed"));
    let is_given = || {
        snapshot.origin == Origin::Declared
            && will_mount(snapshot, pod.namespace().unwrap_or_default(), &pod.spec)
    };
    !is_over && (!token_mounts(&pod.spec).is_empty() || is_given())
}

/// Whether admission will give a pod of files a token: unless the pod refuses one, or its account does and the pod says nothing.
fn will_mount(snapshot: &Snapshot, namespace: &str, spec: &PodSpec) -> bool {
    spec.automount_service_account_token.unwrap_or_else(|| {
        let account = snapshot.service_accounts.get(Some(namespace), spec.account()).ok().flatten();
        account.and_then(|account| account.automount_service_account_token).unwrap_or(true)
    })
}

fn of_pod(pod: &Pod) -> Entered {
    Entered {
        object: ObjectRef {
            kind: Kind::Pod,
            namespace: pod.metadata.namespace.clone(),
            name: pod.name().to_owned(),
        },
        account: account(pod.namespace().unwrap_or_default(), pod.spec.account()),
        name: Some(pod.name().to_owned()),
        node: pod.node().map(ToString::to_string),
    }
}

fn of_template(snapshot: &Snapshot, workload: &Workload) -> Option<Entered> {
    let namespace = workload.namespace()?;
    let spec = workload.pod();
    let holds_token = !token_mounts(spec).is_empty() || will_mount(snapshot, namespace, spec);
    let makes_pods = workload.replicas != Some(0);
    (holds_token && makes_pods).then(|| Entered {
        object: workload.object(),
        account: account(namespace, spec.account()),
        name: None,
        node: None,
    })
}
