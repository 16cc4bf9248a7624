//! Counts results across test runners.

use std::fmt;

/// How many tests ended how.
#[derive(Default, Debug, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) passed: u64,
    pub(super) failed: u64,
    pub(super) skipped: u64,
}

impl Tally {
    /// Adds a line of cargo's test output, if it is one that sums up. Filtered tests are those left out for want of an
    /// API server or a program.
    pub(super) fn read_libtest(&mut self, line: &str) {
        let Some(counts) = line.strip_prefix("test result: ") else { return };
        let mut words = counts.split_whitespace().peekable();
        while let Some(word) = words.next() {
            let (Ok(number), Some(kind)) = (word.parse::<u64>(), words.peek()) else { continue };
            match kind.trim_end_matches(';') {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" | "filtered" => self.skipped += number,
                _ => {}
            }
        }
    }

    /// Whether nothing failed.
    pub(super) fn is_good(&self) -> bool {
        self.failed == 0
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn results_of_several_crates_add_up() {
        let mut tally = Tally::default();
        tally.read_libtest("running 4 tests");
        tally.read_libtest(
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.10s",
        );
        tally.read_libtest("test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s");
        assert_eq!(tally, Tally { passed: 4, failed: 2, skipped: 3 });
        assert_eq!(tally.to_string(), "4 passed, 2 failed, 3 skipped");
    }
}
