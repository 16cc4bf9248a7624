//! What `perijove drift` prints: changes with what they did, as one JSON object or as text.

use std::fmt::Write;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::json::{ObjectView, to_json};
use crate::drift::{Change, Effect, Event, Fate, Restart, Upgrade, Writer, why_uncompared};
use crate::gap::Gap;
use crate::hostile::visible;
use crate::object::ObjectRef;
use crate::release::{Installed, Status};

/// A comparison and everything known about it.
#[derive(Debug, Clone)]
pub struct DriftReport {
    /// What happened, with what each change did; `None` where there were too many changes to try each.
    pub events: Vec<(Event, Vec<Option<Effect>>)>,
    /// What all changes did together.
    pub effect: Effect,
    /// What could not be compared, and why.
    pub uncompared: Vec<(ObjectRef, Gap)>,
    /// How many objects were compared.
    pub compared: usize,
    /// The release whose manifest is compared with; `None` where that is files.
    pub release: Option<Installed>,
    /// Workloads that were restarted: no changes.
    pub restarts: Vec<Restart>,
}

#[derive(Serialize)]
struct Report<'a> {
    changes: Vec<ChangeView<'a>>,
    restarts: Vec<RestartView<'a>>,
    effect: EffectView,
    compared: usize,
    uncompared: Vec<UncomparedView>,
    release: Option<ReleaseView<'a>>,
}

#[derive(Serialize)]
struct ReleaseView<'a> {
    namespace: &'a str,
    name: &'a str,
    revision: u32,
    chart: Option<&'a str>,
    newest: NewestView,
}

#[derive(Serialize)]
struct NewestView {
    revision: u32,
    status: Status,
}

impl<'a> ReleaseView<'a> {
    fn new(release: &'a Installed) -> Self {
        let (revision, status) = release.newest;
        Self {
            namespace: &release.namespace,
            name: &release.name,
            revision: release.revision,
            chart: release.chart.as_deref(),
            newest: NewestView { revision, status },
        }
    }
}

#[derive(Serialize)]
struct RestartView<'a> {
    object: ObjectView,
    at: Option<Timestamp>,
    writer: Option<&'a Writer>,
    sentence: String,
}

#[derive(Serialize)]
struct ChangeView<'a> {
    object: ObjectView,
    path: &'a str,
    before: Option<&'a Value>,
    after: Option<&'a Value>,
    sentence: String,
    effect: Option<EffectView>,
    fate: Fate,
    writers: &'a [Writer],
    manual: bool,
    upgrade: Option<&'a Upgrade>,
}

#[derive(Serialize)]
struct EffectView {
    findings: Vec<FindingEffectView>,
    reach: Vec<ReachEffectView>,
}

#[derive(Serialize)]
struct FindingEffectView {
    code: String,
    hub: Option<crate::hub::HubKey>,
    subject: Option<ObjectView>,
    before: Option<crate::check::Verdict>,
    after: Option<crate::check::Verdict>,
}

#[derive(Serialize)]
struct ReachEffectView {
    hub: crate::hub::HubKey,
    class: String,
    destination: String,
    before: Option<crate::network::Verdict>,
    after: Option<crate::network::Verdict>,
}

#[derive(Serialize)]
struct UncomparedView {
    object: ObjectView,
    reason: String,
}

impl EffectView {
    fn new(effect: &Effect) -> Self {
        Self {
            findings: effect
                .findings
                .iter()
                .map(|finding| FindingEffectView {
                    code: finding.code.clone(),
                    hub: finding.hub.clone(),
                    subject: finding.subject.as_ref().map(ObjectView::new),
                    before: finding.before,
                    after: finding.after,
                })
                .collect(),
            reach: effect
                .reach
                .iter()
                .map(|reach| ReachEffectView {
                    hub: reach.hub.clone(),
                    class: reach.class.clone(),
                    destination: reach.destination.name(),
                    before: reach.before,
                    after: reach.after,
                })
                .collect(),
        }
    }
}

impl DriftReport {
    /// One JSON object with `changes`, one for each field that differs, the `effect` of all of them, and `restarts`, which are no changes.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        let mut changes = Vec::new();
        for (event, effects) in &self.events {
            for (change, effect) in event.changes.iter().zip(effects) {
                changes.extend(change.fields.iter().map(|field| ChangeView {
                    object: ObjectView::new(&change.object),
                    path: &field.path,
                    before: field.before.as_ref(),
                    after: field.after.as_ref(),
                    sentence: field.sentence.to_string(),
                    effect: effect.as_ref().map(EffectView::new),
                    fate: change.fate,
                    writers: &change.writers,
                    manual: change.is_manual_edit(),
                    upgrade: event.upgrade.as_ref(),
                }));
            }
        }
        let uncompared = self.uncompared.iter().map(|(object, gap)| UncomparedView {
            object: ObjectView::new(object),
            reason: why_uncompared(object, gap),
        });
        let restarts = self.restarts.iter().map(|restart| RestartView {
            object: ObjectView::new(&restart.object),
            at: restart.at,
            writer: restart.writer.as_ref(),
            sentence: restart.sentence().to_string(),
        });
        to_json(&Report {
            changes,
            restarts: restarts.collect(),
            effect: EffectView::new(&self.effect),
            compared: self.compared,
            uncompared: uncompared.collect(),
            release: self.release.as_ref().map(ReleaseView::new),
        })
    }

    /// How many objects differ.
    pub fn changes(&self) -> usize {
        self.events.iter().map(|(event, _)| event.changes.len()).sum()
    }

    /// The comparison for a person. No character in it can control a terminal.
    pub fn text(&self) -> String {
        let mut out = String::new();
        if let Some(release) = &self.release {
            line(&mut out, "", &format!("Compared with {}.", release.sentence()));
            out.push('\n');
        }
        for (event, effects) in &self.events {
            if let Some(upgrade) = &event.upgrade {
                line(&mut out, "", &upgrade_in_words(upgrade));
            }
            let indent = if event.upgrade.is_some() { "  " } else { "" };
            for (change, effect) in event.changes.iter().zip(effects) {
                write_change(&mut out, indent, change, effect.as_ref());
            }
        }
        if !self.events.is_empty() {
            out.push('\n');
        }
        line(&mut out, "", &self.summary());
        for (object, gap) in &self.uncompared {
            line(&mut out, "  ", &format!("{object} was not compared: {}", why_uncompared(object, gap)));
        }
        if !self.restarts.is_empty() {
            line(&mut out, "", "Restarted, which is no difference:");
        }
        for restart in &self.restarts {
            line(&mut out, "  ", &restart_in_words(restart));
        }
        out
    }

    fn summary(&self) -> String {
        let compared = counted(self.compared, "object");
        let mut summary = match self.changes() {
            0 if self.uncompared.is_empty() => format!("Nothing differs. {compared} compared."),
            0 => format!("Nothing differs in what could be compared, which is {compared}."),
            many => format!("{} of {compared} compared differ{}.", many, if many == 1 { "s" } else { "" }),
        };
        if !self.effect.is_empty() {
            summary.push_str(" In all:");
            for words in effect_in_words(&self.effect) {
                write!(summary, "\n  {words}").expect("writing to a String cannot fail");
            }
        }
        summary
    }
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// A line; only the line break at its end is one.
fn line(out: &mut String, indent: &str, text: &str) {
    for part in text.split('\n') {
        writeln!(out, "{indent}{}", visible(part)).expect("writing to a String cannot fail");
    }
}

fn write_change(out: &mut String, indent: &str, change: &Change, effect: Option<&Effect>) {
    for (index, field) in change.fields.iter().enumerate() {
        let mark = if index == 0 { "* " } else { "  " };
        line(out, indent, &format!("{mark}{}", field.sentence));
        if !field.path.is_empty() {
            line(out, indent, &format!("    {}", field.path));
        }
    }
    let inner = format!("{indent}    ");
    if change.is_manual_edit() {
        line(
            out,
            &inner,
            "edited by hand although a Helm release owns it: the next upgrade may undo it, or fight it",
        );
    }
    if let Some(writer) = change.writers.first() {
        let time = writer.time.map(|time| format!(", {time}")).unwrap_or_default();
        line(out, &inner, &format!("written by {}{time}", writer.manager));
    }
    for words in effect.map(effect_in_words).unwrap_or_default() {
        line(out, &inner, &words);
    }
}

/// A restart in words: what, when, and who.
fn restart_in_words(restart: &Restart) -> String {
    let at = restart.at.map(|at| format!(" at {at}")).unwrap_or_default();
    let writer = restart.writer.as_ref().map(|writer| format!("; last written by {}", writer.manager));
    format!("{}{at}{}", restart.sentence(), writer.unwrap_or_default())
}

/// An upgrade in words.
pub fn upgrade_in_words(upgrade: &Upgrade) -> String {
    let release = format!("Helm release {}/{}", upgrade.namespace, upgrade.release);
    match &upgrade.charts {
        Some([before, after]) => format!("{release} went from {before} to {after}:"),
        None => format!("{release} was upgraded:"),
    }
}

/// What a change did, a line for each thing.
pub fn effect_in_words(effect: &Effect) -> Vec<String> {
    let word = |verdict: Option<crate::check::Verdict>| {
        verdict.map_or("not asked".to_owned(), |verdict| verdict.word().to_owned())
    };
    let findings = effect.findings.iter().map(|finding| {
        let hub = finding.hub.as_ref().map(|hub| format!(" of {}/{}", hub.namespace, hub.release));
        format!(
            "{}{}: {}, was {}",
            finding.code,
            hub.unwrap_or_default(),
            word(finding.after),
            word(finding.before)
        )
    });
    let answer = |verdict: Option<crate::network::Verdict>| match verdict {
        Some(crate::network::Verdict::Allowed) => "reached",
        Some(crate::network::Verdict::Denied) => "not reached",
        Some(crate::network::Verdict::CniDependent) => "reached or not, as the network plug-in decides",
        Some(crate::network::Verdict::Unknown) => "not known",
        None => "not there",
    };
    let reach = effect.reach.iter().map(|reach| {
        format!(
            "From {} of {}/{}, {} is now {}, and was {}",
            reach.class,
            reach.hub.namespace,
            reach.hub.release,
            reach.destination.name(),
            answer(reach.after),
            answer(reach.before)
        )
    });
    findings.chain(reach).collect()
}
