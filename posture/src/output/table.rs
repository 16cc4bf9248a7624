//! The table that `scan` and `check` print for a person.

use std::fmt::Write;

use crate::check::Verdict;
use crate::finding::Finding;
use crate::gap::{Gap, GapReason};
use crate::hostile::visible;

/// A plain-text table: what is wrong or undecided, worst first, then what could not be read.
///
/// Findings that pass or do not apply are counted, not listed. No character in it can control a terminal.
pub fn table(findings: &[Finding], gaps: &[Gap]) -> String {
    let mut out = String::new();
    let open = |finding: &&Finding| !matches!(finding.verdict, Verdict::Pass | Verdict::NotApplicable);
    let mut rows: Vec<&Finding> = findings.iter().filter(open).collect();
    rows.sort_by_key(|finding| (finding.verdict, finding.severity, &finding.key));
    let cells: Vec<[String; 5]> = rows.iter().map(|finding| cells(finding)).collect();
    if !cells.is_empty() {
        write_rows(&mut out, &cells);
        out.push('\n');
    }
    writeln!(out, "{}", summary(findings)).expect(STRING);
    write_gaps(&mut out, gaps);
    out
}

/// A line for each gap; what files do not hold is one sentence, since that is nearly everything.
fn write_gaps(out: &mut String, gaps: &[Gap]) {
    let (files, others): (Vec<&Gap>, Vec<&Gap>) =
        gaps.iter().partition(|gap| gap.reason == GapReason::NotInFiles && gap.namespace.is_none());
    if !others.is_empty() {
        writeln!(out, "\nWhat could not be read:").expect(STRING);
    }
    for gap in others {
        writeln!(out, "  {}; needed: {}", visible(&gap.to_string()), visible(&gap.permission()))
            .expect(STRING);
    }
    if !files.is_empty() {
        let kinds: Vec<&str> = files.iter().map(|gap| gap.kind.info().plural).collect();
        let text = format!(
            "Files prove what they hold and nothing else. What rests on the absence of one of these is unknown: {}.",
            kinds.join(", ")
        );
        writeln!(out, "\n{}", wrapped(&text)).expect(STRING);
    }
}

/// Breaks a text at its spaces into lines of at most 100 characters.
fn wrapped(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let is_full = lines.last().is_some_and(|line| !line.is_empty() && line.len() + word.len() >= 100);
        if is_full {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines.join("\n")
}

const STRING: &str = "writing to a String cannot fail";
const HEADER: [&str; 5] = ["VERDICT", "SEVERITY", "CODE", "WHERE", "REASON"];

fn cells(finding: &Finding) -> [String; 5] {
    let place =
        finding.key.hub.as_ref().map_or_else(|| "cluster".to_owned(), |hub| visible(&hub.to_string()));
    [
        finding.verdict.word().to_owned(),
        finding.severity.word().to_owned(),
        finding.key.code.clone(),
        place,
        visible(&finding.reason.to_string()),
    ]
}

fn write_rows(out: &mut String, rows: &[[String; 5]]) {
    let width = |column: usize| {
        let longest = rows.iter().map(|row| row[column].chars().count()).max();
        longest.unwrap_or(0).max(HEADER[column].len())
    };
    let widths: [usize; 4] = std::array::from_fn(width);
    let header = HEADER.map(str::to_owned);
    for row in std::iter::once(&header).chain(rows) {
        for (cell, width) in row.iter().zip(widths) {
            write!(out, "{cell:width$}  ").expect(STRING);
        }
        writeln!(out, "{}", row[4]).expect(STRING);
    }
}

/// `2 fail, 1 warn, 3 unknown, 20 pass, 4 not applicable`.
fn summary(findings: &[Finding]) -> String {
    let count = |verdict| findings.iter().filter(|finding| finding.verdict == verdict).count();
    format!(
        "{} fail, {} warn, {} unknown, {} pass, {} not applicable",
        count(Verdict::Fail),
        count(Verdict::Warn),
        count(Verdict::Unknown),
        count(Verdict::Pass),
        count(Verdict::NotApplicable)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Severity;
    use crate::kind::Kind;
    use crate::output::json::tests::finding;

    #[test]
    fn the_worst_comes_first_and_the_terminal_is_safe() {
        let warn = Finding { verdict: Verdict::Warn, severity: Severity::Critical, ..finding() };
        let pass = Finding { verdict: Verdict::Pass, ..finding() };
        let gap = Gap { kind: Kind::Role, namespace: None, reason: GapReason::Forbidden };
        insta::assert_snapshot!(table(&[warn, finding(), pass], &[gap]), @r"
        VERDICT  SEVERITY  CODE    WHERE      REASON
        fail     high      OPN-01  jhub/prod  port 80 of Service/jhub/a\u{1b}[2J\u{202e}b is open
        warn     critical  OPN-01  jhub/prod  port 80 of Service/jhub/a\u{1b}[2J\u{202e}b is open

        1 fail, 1 warn, 0 unknown, 1 pass, 0 not applicable

        What could not be read:
          Roles may not be listed; needed: list and watch roles.rbac.authorization.k8s.io
        ");
    }

    #[test]
    fn what_files_do_not_hold_is_one_sentence() {
        let gap = |kind| Gap { kind, namespace: None, reason: GapReason::NotInFiles };
        insta::assert_snapshot!(table(&[], &[gap(Kind::Node), gap(Kind::Role)]), @r"
        0 fail, 0 warn, 0 unknown, 0 pass, 0 not applicable

        Files prove what they hold and nothing else. What rests on the absence of one of these is unknown:
        nodes, roles.
        ");
    }

    #[test]
    fn an_empty_run_is_a_line() {
        assert_eq!(table(&[], &[]), "0 fail, 0 warn, 0 unknown, 0 pass, 0 not applicable\n");
    }
}
