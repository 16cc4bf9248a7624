//! Which findings make a run fail.

use std::fmt;
use std::str::FromStr;

use crate::check::{Severity, Verdict};
use crate::finding::Finding;

/// Which findings make a run fail: the mildest verdict that counts, and the lowest severity.
///
/// Written `never`, `fail`, `warn` or `unknown`, and with a severity after a colon: `fail:high`. Each verdict includes the worse ones,
/// in the order fail, warn, unknown. Findings of severity `info` never count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailOn {
    verdict: Option<Verdict>,
    severity: Severity,
}

impl FailOn {
    /// Nothing makes the run fail.
    pub const NEVER: Self = Self { verdict: None, severity: Severity::Low };

    /// Whether this finding makes the run fail.
    pub fn counts(self, finding: &Finding) -> bool {
        self.verdict.is_some_and(|mildest| finding.verdict <= mildest) && finding.severity <= self.severity
    }

    /// The exit code of the run: 1 if any finding counts, else 0. Other codes are for runs that could not be made.
    pub fn exit_code(self, findings: &[Finding]) -> u8 {
        u8::from(findings.iter().any(|finding| self.counts(finding)))
    }
}

impl Default for FailOn {
    /// `fail`: any proven fault.
    fn default() -> Self {
        Self { verdict: Some(Verdict::Fail), severity: Severity::Low }
    }
}

/// A policy that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{found}` is not a policy for the exit code: write never, fail, warn or unknown, and a severity after a colon if wanted (fail:high)"
)]
pub struct ParseFailOnError {
    found: String,
}

impl FromStr for FailOn {
    type Err = ParseFailOnError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ParseFailOnError { found: crate::hostile::visible(text) };
        let (verdict, severity) = match text.split_once(':') {
            Some((verdict, severity)) => (verdict, Some(severity)),
            None => (text, None),
        };
        let verdict = match verdict {
            "never" if severity.is_none() => return Ok(Self::NEVER),
            "fail" => Verdict::Fail,
            "warn" => Verdict::Warn,
            "unknown" => Verdict::Unknown,
            _ => return Err(error()),
        };
        let severity = match severity {
            Some("critical") => Severity::Critical,
            Some("high") => Severity::High,
            Some("medium") => Severity::Medium,
            Some("low") | None => Severity::Low,
            Some(_) => return Err(error()),
        };
        Ok(Self { verdict: Some(verdict), severity })
    }
}

impl fmt::Display for FailOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(verdict) = self.verdict else { return f.write_str("never") };
        match self.severity {
            Severity::Low => f.write_str(verdict.word()),
            severity => write!(f, "{}:{}", verdict.word(), severity.word()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::json::tests::finding;

    #[test]
    fn a_policy_is_read_and_written_alike() {
        for text in ["never", "fail", "warn:high", "unknown:critical"] {
            assert_eq!(text.parse::<FailOn>().unwrap().to_string(), text);
        }
        assert!("fail:info".parse::<FailOn>().is_err());
        assert!("never:high".parse::<FailOn>().is_err());
        assert!("pass".parse::<FailOn>().unwrap_err().to_string().starts_with("`pass` is not a policy"));
    }

    #[test]
    fn worse_verdicts_and_severities_count_too() {
        let warn: FailOn = "warn:high".parse().unwrap();
        let found = |verdict, severity| {
            let mut finding = finding();
            (finding.verdict, finding.severity) = (verdict, severity);
            [finding]
        };
        assert_eq!(warn.exit_code(&found(Verdict::Fail, Severity::Critical)), 1);
        assert_eq!(warn.exit_code(&found(Verdict::Warn, Severity::High)), 1);
        assert_eq!(warn.exit_code(&found(Verdict::Fail, Severity::Medium)), 0);
        assert_eq!(warn.exit_code(&found(Verdict::Unknown, Severity::Critical)), 0);
        assert_eq!(FailOn::NEVER.exit_code(&found(Verdict::Fail, Severity::Critical)), 0);
        let all: FailOn = "unknown".parse().unwrap();
        assert_eq!(all.exit_code(&found(Verdict::NotApplicable, Severity::Critical)), 0);
        assert_eq!(all.exit_code(&found(Verdict::Fail, Severity::Info)), 0);
    }
}
