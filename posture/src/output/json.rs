//! One JSON object for a whole run; `scan.schema.json` beside this file documents it.

use std::fmt::Write;

use serde::Serialize;

use crate::check::{Evidence, Severity, Verdict};
use crate::checks;
use crate::finding::Finding;
use crate::fix;
use crate::gap::Gap;
use crate::hostile;
use crate::hub::HubKey;
use crate::object::ObjectRef;
use crate::text::{Arg, Part, Reason};

/// The JSON Schema of the object, as text.
pub const SCHEMA: &str = include_str!("scan.schema.json");

/// Everything a run found and everything it could not read.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    findings: Vec<FindingView>,
    gaps: Vec<GapView>,
}

impl Report {
    /// A report of findings and gaps; `hub_id` gives the store's id of a hub where there is a store.
    pub fn new(findings: &[Finding], gaps: &[Gap], hub_id: impl Fn(&HubKey) -> Option<i64>) -> Self {
        Self {
            findings: findings.iter().map(|finding| FindingView::new(finding, &hub_id)).collect(),
            gaps: gaps.iter().map(GapView::new).collect(),
        }
    }

    /// The JSON text with a final line break. Characters that a terminal or a reader could trip over are written as escapes, which
    /// any JSON reader turns back.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        to_json(self)
    }
}

/// Any value as JSON, as [`Report::to_json`] writes its own.
pub fn to_json(value: &impl Serialize) -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(value)?;
    text.push('\n');
    Ok(escape(&text))
}

/// Outside strings JSON is ASCII, so what is replaced here is always inside one.
fn escape(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c == '\n' || hostile::trouble(c).is_none() {
            out.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            write!(out, "\\u{unit:04x}").expect("writing to a String cannot fail");
        }
    }
    out
}

#[derive(Debug, Clone, Serialize)]
struct FindingView {
    code: String,
    name: &'static str,
    title: &'static str,
    verdict: Verdict,
    severity: Severity,
    cluster: String,
    hub: Option<HubView>,
    subject: Option<ObjectView>,
    reason: String,
    note: Option<String>,
    evidence: Vec<EvidenceView>,
    fix: Option<FixView>,
    kubectl: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
struct HubView {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<i64>,
    namespace: String,
    release: String,
    app: String,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct ObjectView {
    kind: String,
    namespace: Option<String>,
    name: String,
}

#[derive(Debug, Clone, Serialize)]
struct EvidenceView {
    object: ObjectView,
    path: String,
    found: String,
    wanted: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
}

#[derive(Debug, Clone, Serialize)]
struct FixView {
    advice: String,
    chart_range: Option<String>,
    config: Option<String>,
    commands: Vec<String>,
    refused: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
struct GapView {
    kind: String,
    namespace: Option<String>,
    reason: String,
    permission: String,
}

impl FindingView {
    fn new(finding: &Finding, hub_id: &impl Fn(&HubKey) -> Option<i64>) -> Self {
        let key = &finding.key;
        let check = checks::find(&key.code);
        let is_fault = matches!(finding.verdict, Verdict::Fail | Verdict::Warn);
        let fix = check.filter(|_| is_fault).and_then(|check| fix::for_slots(check.fixes, &finding.slots));
        let kubectl = check.filter(|check| !check.kubectl.is_empty());
        Self {
            code: key.code.clone(),
            name: check.map_or("", |check| check.name),
            title: check.map_or("", |check| check.title),
            verdict: finding.verdict,
            severity: finding.severity,
            cluster: key.cluster.clone(),
            hub: key.hub.as_ref().map(|hub| HubView {
                id: hub_id(hub),
                namespace: hub.namespace.clone(),
                release: hub.release.clone(),
                app: hub.app.clone(),
            }),
            subject: key.subject.as_ref().map(ObjectView::new),
            reason: sentence(&finding.reason),
            note: finding.note.as_ref().map(sentence),
            evidence: finding.evidence.iter().map(EvidenceView::new).collect(),
            fix: fix.map(|fix| FixView {
                advice: fix.advice,
                chart_range: fix.chart_range,
                config: fix.config_yaml,
                commands: fix.commands,
                refused: fix.refused,
            }),
            kubectl: kubectl.map(|check| fix::command_line(check.kubectl, &finding.slots).text),
        }
    }
}

impl ObjectView {
    pub(super) fn new(object: &ObjectRef) -> Self {
        Self { kind: object.kind.to_string(), namespace: object.namespace.clone(), name: object.name.clone() }
    }
}

impl EvidenceView {
    fn new(evidence: &Evidence) -> Self {
        Self {
            object: ObjectView::new(&evidence.object),
            path: evidence.path.clone(),
            found: evidence.found.to_string(),
            wanted: evidence.wanted.as_ref().map(ToString::to_string),
            count: evidence.count,
        }
    }
}

impl GapView {
    fn new(gap: &Gap) -> Self {
        Self {
            kind: gap.kind.to_string(),
            namespace: gap.namespace.clone(),
            reason: gap.to_string(),
            permission: gap.permission(),
        }
    }
}

/// A reason as a sentence that ends with a period, and starts with a capital letter unless a name begins it: names are written as they are.
fn sentence(reason: &Reason) -> String {
    let text = reason.to_string();
    if matches!(reason.parts().first(), Some(Part::Arg(Arg::Text(_) | Arg::Object(_)))) {
        return if text.ends_with('.') { text } else { format!("{text}.") };
    }
    let mut characters = text.chars();
    let first = characters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    let period = if text.ends_with('.') { "" } else { "." };
    format!("{first}{}{period}", characters.as_str())
}

#[cfg(test)]
pub(super) mod tests;
