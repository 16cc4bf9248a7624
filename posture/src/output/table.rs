//! The table that `scan` and `check` print for a person.

use std::fmt::Write;

use crate::check::Verdict;
use crate::finding::Finding;
use crate::gap::Gap;
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
    if !gaps.is_empty() {
        writeln!(out, "\nWhat could not be read:").expect(STRING);
        for gap in gaps {
            writeln!(out, "  {}; needed: {}", visible(&gap.to_string()), visible(&gap.permission()))
                .expect(STRING);
        }
    }
    out
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
    use crate::gap::GapReason;
    use crate::kind::Kind;
    use crate::output::json::tests::finding;

    #[test]
    fn the_worst_comes_first_and_the_terminal_is_safe() {
        let warn = Finding { verdict: Verdict::Warn, severity: Severity::Critical, ..finding() };
        let pass = Finding { verdict: Verdict::Pass, ..finding() };
        let gap = Gap { kind: Kind::Role, namespace: None, reason: GapReason::Forbidden };
        insta::assert_snapshot!(table(&[warn, finding(), pass], &[gap]), @r"
        VERDICT  SEVERITY  CODE    WHERE      REASON
        fail     high      XXX-01  jhub/prod  port 80 of Service/jhub/a\u{1b}[2J\u{202e}b is open
        warn     critical  XXX-01  jhub/prod  port 80 of Service/jhub/a\u{1b}[2J\u{202e}b is open

        1 fail, 1 warn, 0 unknown, 1 pass, 0 not applicable

        What could not be read:
          roles may not be listed; needed: list and watch roles.rbac.authorization.k8s.io
        ");
    }

    #[test]
    fn an_empty_run_is_a_line() {
        assert_eq!(table(&[], &[]), "0 fail, 0 warn, 0 unknown, 0 pass, 0 not applicable\n");
    }
}
