//! A finding as the text that a person reviews.

use std::fmt::Write;

use posture::check::{Check, Verdict};
use posture::finding::Finding;
use posture::fix;

/// Reason, evidence, rendered fix and `kubectl` line of a finding.
pub(crate) fn render(check: &Check, finding: &Finding) -> String {
    let mut text = String::new();
    let place = finding.key.hub.as_ref().map_or_else(|| "cluster".to_owned(), ToString::to_string);
    let severity = finding.severity.word();
    writeln!(text, "{} {} ({severity}), {place}", check.code, finding.verdict.word()).unwrap();
    writeln!(text, "  {}", finding.reason).unwrap();
    if let Some(note) = &finding.note {
        writeln!(text, "  Note: {note}").unwrap();
    }
    for evidence in &finding.evidence {
        let wanted = evidence.wanted.as_ref().map(|w| format!(" (wanted: {w})")).unwrap_or_default();
        let count = evidence.count.map(|count| format!(" × {count}")).unwrap_or_default();
        writeln!(text, "  - {}{count} {}: {}{wanted}", evidence.object, evidence.path, evidence.found)
            .unwrap();
    }
    if matches!(finding.verdict, Verdict::Fail | Verdict::Warn) {
        render_fix(&mut text, check, finding);
    }
    text
}

fn render_fix(text: &mut String, check: &Check, finding: &Finding) {
    let Some(fix) = fix::for_slots(check.fixes, &finding.slots) else {
        writeln!(text, "  Fix: none for this chart version").unwrap();
        return;
    };
    let range = fix.chart_range.map(|range| format!(" ({range})")).unwrap_or_default();
    writeln!(text, "  Fix{range}: {}", fix.advice).unwrap();
    for line in fix.config_yaml.iter().flat_map(|yaml| yaml.lines()) {
        writeln!(text, "    | {line}").unwrap();
    }
    for command in &fix.commands {
        writeln!(text, "    $ {command}").unwrap();
    }
    if let Some(refused) = fix.refused {
        writeln!(text, "    Not to be copied: {refused}").unwrap();
    }
    if !check.kubectl.is_empty() {
        writeln!(text, "  See: {}", fix::command_line(check.kubectl, &finding.slots).text).unwrap();
    }
}
