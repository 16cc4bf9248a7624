//! A step as a sentence.

use crate::facts::Subject;
use crate::kind::Kind;
use crate::object::ObjectRef;
use crate::text::{Arg, Reason};

use super::{Means, Step, Taken};

impl Step {
    /// What the step says, such as ``ServiceAccount/jhub/hub may create pods in namespace jhub, and a pod there can run as …``.
    pub fn sentence(&self) -> Reason {
        let (id, template) = template(self);
        let acts = self.acts.iter().map(Arg::word).collect();
        let mut reason = Reason::new(id, template)
            .with("from", subject(&self.from))
            .with("acts", Arg::List(acts))
            .with("to", taken(&self.to));
        if let Some(namespace) = &self.namespace {
            reason = reason.with("namespace", Arg::text(namespace));
        }
        if let Some(through) = &self.through {
            reason = reason.with("through", through.clone());
        }
        reason
    }
}

/// A subject of a binding, as an argument.
pub(super) fn subject(subject: &Subject) -> Arg {
    match (subject.kind.as_str(), &subject.namespace) {
        ("ServiceAccount", Some(namespace)) => {
            ObjectRef::namespaced(Kind::ServiceAccount, namespace, &subject.name).into()
        }
        _ => Arg::text(&subject.name),
    }
}

fn taken(taken: &Taken) -> Arg {
    match taken {
        Taken::Administrator => Arg::word("an administrator of the cluster"),
        Taken::Of(of) => subject(of),
    }
}

fn template(step: &Step) -> (&'static str, &'static str) {
    let is_local = step.namespace.is_some();
    match (step.means, &step.through) {
        (Means::Everything, _) => ("everything", "{from} may do everything in the cluster"),
        (Means::RunPods, None) => {
            ("run-pods", "{from} may {acts} in namespace {namespace}, and a pod there can run as {to}")
        }
        (Means::RunPods, Some(_)) => (
            "change-workload",
            "{from} may {acts} in namespace {namespace}, so that {through} makes pods that run as {to}",
        ),
        (Means::EnterPods, Some(through)) if through.kind != Kind::Pod => (
            "enter-pods-of",
            "{from} may {acts} in namespace {namespace}, where a pod of {through} will hold a token of {to}",
        ),
        (Means::EnterPods, _) => (
            "enter-pods",
            "{from} may {acts} in namespace {namespace}, where {through} holds a token of {to}",
        ),
        (Means::RequestTokens, _) => ("request-tokens", "{from} may {acts} for {to}"),
        (Means::ReadTokens, _) => (
            "read-tokens",
            "{from} may {acts} in namespace {namespace}, and a Secret there holds a token of {to}",
        ),
        (Means::MakeTokens, _) => (
            "make-tokens",
            "{from} may {acts} in namespace {namespace}, and a Secret there can be made to hold a token of {to}",
        ),
        (Means::Impersonate, _) => ("impersonate", "{from} may {acts}, and so act as {to}"),
        (Means::Bind, _) if is_local => (
            "bind-in-namespace",
            "{from} may {acts} in namespace {namespace}, and so give itself every right there, that to run pods as {to} among them",
        ),
        (Means::Bind, _) => ("bind", "{from} may {acts}, and so make itself {to}"),
        (Means::Escalate, _) if is_local => (
            "escalate-in-namespace",
            "{from} may {acts} in namespace {namespace}, and so add every right there to its own role, that to run pods as {to} among them",
        ),
        (Means::Escalate, _) => {
            ("escalate", "{from} may {acts}, and so make itself {to} by changing its own role")
        }
        (Means::Kubelets, Some(through)) if through.kind != Kind::Pod => (
            "kubelets-of",
            "{from} may {acts}, which enters every pod of a node; a pod of {through} will hold a token of {to}",
        ),
        (Means::Kubelets, _) => (
            "kubelets",
            "{from} may {acts}, which enters every pod of a node; {through} holds a token of {to}",
        ),
        (Means::Certificates, _) => {
            ("certificates", "{from} may {acts}, and so get itself a certificate with the name of {to}")
        }
        (Means::Webhooks, _) => (
            "webhooks",
            "{from} may {acts}, and so change whatever is written to the API, as only {to} should",
        ),
    }
}
