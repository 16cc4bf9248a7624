//! How long judging takes, measured by a program of `posture` that does nothing else.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::table::{Measure, Table};
use crate::places::Places;
use crate::step;

/// The name of the case.
pub(super) const NAME: &str = "judging";

/// Runs the program, which prints the median in microseconds.
pub(super) fn run(places: &Places, table: &mut Table) -> Result<()> {
    let mut cargo = Command::new(Places::cargo());
    cargo.current_dir(&places.root).args(["bench", "--quiet", "--package", "posture", "--bench", "judging"]);
    let text = step::capture(&mut cargo)?;
    for line in text.lines() {
        let (what, median) = line.rsplit_once(' ').context("the program prints what it measured")?;
        let median = median.parse().map(Duration::from_micros).context("the program prints microseconds")?;
        let goal = Some(Measure::Time(Duration::from_millis(100)));
        table.add(format!("judging: {what}"), Measure::Time(median), goal);
    }
    Ok(())
}
