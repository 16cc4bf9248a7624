//! What was measured, beside what we want.

use std::fmt;
use std::time::Duration;

/// What a measurement shall not exceed.
#[derive(Clone, Copy)]
pub(super) enum Measure {
    /// Bytes, shown in MiB.
    Memory(u64),
    /// Bytes, shown in KiB.
    Size(u64),
    /// A time.
    Time(Duration),
}

/// One line.
struct Row {
    what: String,
    measured: Measure,
    goal: Option<Measure>,
}

/// All lines.
#[derive(Default)]
pub(super) struct Table {
    rows: Vec<Row>,
}

impl Table {
    /// Adds a measurement, and prints it at once for whoever waits; without a goal it only informs.
    pub(super) fn add(&mut self, what: impl Into<String>, measured: Measure, goal: Option<Measure>) {
        let row = Row { what: what.into(), measured, goal };
        println!("{row}");
        self.rows.push(row);
    }

    /// Prints all lines together.
    pub(super) fn print(&self) {
        println!("\n{:<58} {:>12} {:>12}", "what", "measured", "goal");
        self.rows.iter().for_each(|row| println!("{row}"));
        let missed = self.rows.iter().filter(|row| row.is_met() == Some(false)).count();
        let held = self.rows.iter().filter(|row| row.is_met() == Some(true)).count();
        println!("\n{held} goals met, {missed} missed");
    }
}

impl Row {
    fn is_met(&self) -> Option<bool> {
        self.goal.map(|goal| match (self.measured, goal) {
            (Measure::Time(measured), Measure::Time(goal)) => measured <= goal,
            (
                Measure::Memory(measured) | Measure::Size(measured),
                Measure::Memory(goal) | Measure::Size(goal),
            ) => measured <= goal,
            _ => false,
        })
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let goal = self.goal.map_or_else(String::new, |goal| format!("≤ {goal}"));
        let verdict = match self.is_met() {
            None => "",
            Some(true) => "met",
            Some(false) => "MISSED",
        };
        let line = format!("{:<58} {:>12} {goal:>12}  {verdict}", self.what, self.measured.to_string());
        f.write_str(line.trim_end())
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A tenth of the unit is more than the measurements are good for.
        let in_units = |f: &mut fmt::Formatter<'_>, bytes: u64, unit: u64, name: &str| {
            write!(f, "{}.{} {name}", bytes / unit, bytes % unit * 10 / unit)
        };
        match self {
            Self::Memory(bytes) => in_units(f, *bytes, 1 << 20, "MiB"),
            Self::Size(bytes) => in_units(f, *bytes, 1 << 10, "KiB"),
            Self::Time(time) if *time < Duration::from_secs(1) => {
                write!(f, "{:.1} ms", time.as_secs_f64() * 1e3)
            }
            Self::Time(time) => write!(f, "{:.2} s", time.as_secs_f64()),
        }
    }
}

/// The value below which so many of a hundred lie.
pub(super) fn percentile(times: &mut [Duration], of_a_hundred: usize) -> Duration {
    times.sort_unstable();
    let last = times.len().saturating_sub(1);
    times.get(last.min(times.len() * of_a_hundred / 100)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_that_is_reached_exactly_is_met() {
        let row = |measured| Row { what: String::new(), measured, goal: Some(Measure::Memory(64 << 20)) };
        assert_eq!(row(Measure::Memory(64 << 20)).is_met(), Some(true));
        assert_eq!(row(Measure::Memory((64 << 20) + 1)).is_met(), Some(false));
    }

    #[test]
    fn percentiles_are_measured_values() {
        let mut times: Vec<Duration> = (1..=200).rev().map(Duration::from_millis).collect();
        assert_eq!(percentile(&mut times, 50), Duration::from_millis(101));
        assert_eq!(percentile(&mut times, 99), Duration::from_millis(199));
        assert_eq!(percentile(&mut [], 99), Duration::ZERO);
    }
}
