//! What reading Secrets leads to. Secrets are not read here, so which of them hold a token of an account is seldom known: since Kubernetes
//! 1.24 an account no longer names them. Who may read them is told with that doubt.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::access::grant::{Grant, Reach};
use crate::access::question::{Question, Way};
use crate::access::rule;
use crate::access::subject::Caller;
use crate::facts::{PolicyRule, ServiceAccount, Subject};
use crate::listing::Placed;
use crate::text::{Arg, Reason};

use super::holder::{Act, Holder};
use super::sentence::subject;
use super::steps::subject_of;
use super::{Escalations, Taken};

/// The verbs that give the content of a Secret.
const READ: [&str; 3] = ["get", "list", "watch"];

/// Secrets that somebody may read and that may hold a token of another account, for all that is known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecretsRead {
    /// Who may.
    pub by: Subject,
    /// Where.
    pub reach: Reach,
    /// The names of those that it may read; `None` means every one.
    pub names: Option<Vec<String>>,
    /// The rule that allows it.
    pub way: Way,
}

impl SecretsRead {
    /// What it comes to, such as ``ServiceAccount/jhub/hub may read every Secret of namespace jhub; whether one …``.
    pub fn sentence(&self) -> Reason {
        let is_local = matches!(self.reach, Reach::Namespace(_));
        let (id, template) = match (is_local, &self.names) {
            (true, None) => (
                "reads-secrets-in-namespace",
                "{from} may read every Secret of namespace {namespace}; whether one holds a token of another account is not known",
            ),
            (false, None) => (
                "reads-secrets",
                "{from} may read every Secret of the cluster; whether one holds a token of another account is not known",
            ),
            (true, Some(_)) => (
                "reads-named-secrets-in-namespace",
                "{from} may read the Secrets {names} of namespace {namespace}; whether one holds a token of another account is not known",
            ),
            (false, Some(_)) => (
                "reads-named-secrets",
                "{from} may read the Secrets {names} of every namespace; whether one holds a token of another account is not known",
            ),
        };
        let mut reason = Reason::new(id, template).with("from", subject(&self.by));
        if let Reach::Namespace(namespace) = &self.reach {
            reason = reason.with("namespace", Arg::text(namespace));
        }
        if let Some(names) = &self.names {
            reason = reason.with("names", Arg::List(names.iter().map(Arg::text).collect()));
        }
        reason
    }
}

impl Escalations<'_> {
    /// The Secrets that a caller may read and that may lead it to an account which is not `reached` without them.
    pub fn secrets_read(&self, caller: &Caller, reached: &BTreeSet<Taken>) -> Vec<SecretsRead> {
        let own = caller.identity();
        let rights = self.rights.of_caller(caller);
        let mut all: Vec<SecretsRead> = Vec::new();
        let is_new = |account: &&Arc<ServiceAccount>| {
            let subject = subject_of(account);
            subject != *own && !reached.contains(&Taken::Of(subject))
        };
        for grant in &rights.grants {
            let Some(way) = read_by(grant) else { continue };
            let accounts: Vec<_> = match &grant.reach {
                Reach::Cluster => self.snapshot.service_accounts.present().collect(),
                Reach::Namespace(namespace) => self.snapshot.service_accounts.present_in(namespace).collect(),
            };
            let names = (!grant.reads_any_secret()).then(|| unknown_names(grant, &accounts));
            let leads = accounts.iter().any(is_new) && names.as_ref().is_none_or(|names| !names.is_empty());
            let covers = |known: &SecretsRead| {
                known.names.is_none() && (known.reach == Reach::Cluster || known.reach == grant.reach)
            };
            if leads && !all.iter().any(covers) {
                all.push(SecretsRead { by: own.clone(), reach: grant.reach.clone(), names, way });
            }
        }
        all.sort();
        all
    }
}

/// The names of the Secrets that a grant lets somebody read, without those of which it is known whose token they hold.
fn unknown_names(grant: &Grant, accounts: &[&Arc<ServiceAccount>]) -> Vec<String> {
    let reads = |rule: &PolicyRule| READ.iter().any(|verb| rule::allows(rule, verb, "", "secrets"));
    let rules = grant.rules().filter(|rule| reads(rule));
    let mut names: BTreeSet<String> = rules.flat_map(|rule| rule.resource_names.clone()).collect();
    for account in accounts {
        names.retain(|name| token_secrets(account).all(|secret| secret != name));
    }
    names.into_iter().collect()
}

/// The rule by which a grant lets somebody read Secrets.
fn read_by(grant: &Grant) -> Option<Way> {
    READ.iter().find_map(|verb| {
        let question = Question::new(verb, "", "secrets").some();
        grant.way(&match &grant.reach {
            Reach::Cluster => question,
            Reach::Namespace(namespace) => question.within(namespace),
        })
    })
}

/// Making a Secret for a token of any account of a namespace, and reading it.
pub(super) fn make_tokens(holder: &Holder<'_>, namespace: &str) -> Option<Vec<Act>> {
    let here = |question: Question| question.within(namespace);
    let create = holder.any(&["create"], "", "secrets", here)?;
    // A Secret of a name that may be read can be made.
    let read = holder
        .any(&["get"], "", "secrets", |question| here(question).some())
        .or_else(|| holder.any(&["list", "watch"], "", "secrets", here))?;
    Some(vec![create, read])
}

/// Reading a Secret that is known to hold a token of an account, since the account names it, as up to Kubernetes 1.23.
pub(super) fn read_token(holder: &Holder<'_>, account: &ServiceAccount, namespace: &str) -> Option<Act> {
    token_secrets(account).find_map(|secret| {
        let here = |question: Question| question.within(namespace);
        holder
            .any(&["get"], "", "secrets", |question| here(question).named(secret))
            .or_else(|| holder.any(&["list", "watch"], "", "secrets", here))
    })
}

/// The Secrets that an account names and that hold a token of it.
fn token_secrets(account: &ServiceAccount) -> impl Iterator<Item = &str> {
    let prefix = format!("{}-token-", account.name());
    let names = account.secrets.iter().map(|secret| secret.name.as_str());
    names.filter(move |name| name.starts_with(&prefix))
}
