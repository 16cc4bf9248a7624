//! The engine: asks every check, and makes sure that one broken check is never an outage.

use std::panic::{AssertUnwindSafe, catch_unwind};

use jiff::Timestamp;

use crate::check::{Check, Context, Evidence, Judge, Judgement, Outcome, Recall, Verdict};
use crate::checks::CHECKS;
use crate::derived::{Derived, MissingHub};
use crate::finding::{Finding, FindingKey};
use crate::fix::Slots;
use crate::gap::Gap;
use crate::hub::{Hub, HubKey, Support};
use crate::settings::Settings;
use crate::snapshot::{Origin, Snapshot};
use crate::text::Reason;

/// Asks every check of the catalogue about the cluster and about each hub, seen or hidden; the findings are sorted by key.
pub fn judge(
    snapshot: &Snapshot,
    derived: &Derived,
    recall: &Recall,
    settings: &Settings,
    now: Timestamp,
) -> Vec<Finding> {
    judge_with(CHECKS, &Context { snapshot, derived, recall, settings, now })
}

/// Asks some checks; the findings are sorted by key.
pub fn judge_with(checks: &[&Check], context: &Context<'_>) -> Vec<Finding> {
    let hidden = context.derived.missing_hubs(context.recall);
    let mut findings: Vec<Finding> =
        checks.iter().flat_map(|check| Asker { check, context, hidden: &hidden }.ask()).collect();
    findings.sort_by(|a, b| a.key.cmp(&b.key));
    findings
}

/// One check and what it is asked with.
struct Asker<'a> {
    check: &'a Check,
    context: &'a Context<'a>,
    hidden: &'a [MissingHub],
}

impl Asker<'_> {
    fn ask(&self) -> Vec<Finding> {
        match self.check.judge {
            Judge::Cluster(judge) => {
                vec![self.finding(None, Slots::default(), || judge(self.context))]
            }
            Judge::Hub(judge) => self.ask_hubs(|hub| match hub.support {
                Support::ZeroToJupyterHub => judge(self.context, hub),
                Support::Other => Err(unsupported().into()),
            }),
            Judge::AnyHub(judge) => self.ask_hubs(|hub| judge(self.context, hub)),
        }
    }

    fn ask_hubs(&self, judge: impl Fn(&Hub) -> Judgement) -> Vec<Finding> {
        let seen = self
            .context
            .derived
            .hubs
            .iter()
            .map(|hub| self.finding(Some(&hub.key), Slots::of_hub(hub), || judge(hub)));
        let hidden = self
            .hidden
            .iter()
            .map(|hub| self.finding(Some(&hub.key), Slots::of_key(&hub.key), || Err(hub.unknown.clone())));
        let mut findings: Vec<Finding> = seen.chain(hidden).collect();
        if findings.is_empty()
            && let Err(gap) = self.context.snapshot.deployments.complete()
        {
            // No hub was found, but one may be hidden: silence would read as safe.
            let slots = Slots::default();
            findings.push(self.finding(None, slots, || Err(no_hub_visible(self.context, &gap).into())));
        }
        findings
    }

    /// Runs a check and completes its outcome; a panic becomes `unknown`, without its text, which may quote the cluster.
    fn finding(&self, hub: Option<&HubKey>, mut slots: Slots, judge: impl FnOnce() -> Judgement) -> Finding {
        let outcome = match catch_unwind(AssertUnwindSafe(judge)) {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(unknown)) => Outcome::from(unknown),
            Err(_) => Outcome::unknown(broken()),
        };
        slots.extend(&outcome.slots);
        Finding {
            key: FindingKey {
                cluster: self.context.snapshot.cluster.clone(),
                code: self.check.code.to_owned(),
                hub: hub.cloned(),
                subject: outcome.subject,
            },
            verdict: outcome.verdict,
            severity: outcome.severity.unwrap_or(self.check.severity),
            reason: outcome.reason,
            note: outcome.note,
            evidence: informing(outcome.verdict, outcome.evidence),
            slots,
        }
    }
}

/// Where nothing is wrong, facts only inform: nothing else is wanted.
fn informing(verdict: Verdict, mut evidence: Vec<Evidence>) -> Vec<Evidence> {
    if matches!(verdict, Verdict::Pass | Verdict::NotApplicable) {
        for fact in &mut evidence {
            fact.wanted = None;
        }
    }
    evidence
}

fn broken() -> Reason {
    Reason::new("check-failed", "The check itself failed, which is a fault of Perijove; please report it")
}

fn unsupported() -> Reason {
    Reason::new(
        "unsupported-hub",
        "This JupyterHub was not installed with the Zero to JupyterHub chart, whose objects this check reads; only its pods can be judged",
    )
}

fn no_hub_visible(context: &Context<'_>, gap: &Gap) -> Reason {
    let reason = match context.snapshot.origin {
        Origin::Declared => Reason::new(
            "no-hub-in-files",
            "These files hold no JupyterHub, so nothing can be said; needed: the manifests of one, or {permission}",
        ),
        Origin::Observed => {
            Reason::new("no-hub-visible", "No JupyterHub is visible, but {what}; needed: {permission}")
                .with("what", crate::text::Arg::text(gap.to_string()))
        }
    };
    reason.with("permission", crate::text::Arg::text(gap.permission()))
}

#[cfg(test)]
mod tests;
