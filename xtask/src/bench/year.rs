//! A year of history: how large it is, how fast every page of now and of then is, how long comparing and pruning take.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::table::{Measure, Table};
use super::work::Work;
use crate::places::Places;
use crate::step;

/// The name of the case. It takes many minutes, and runs only where it is asked for.
pub(super) const NAME: &str = "year";

/// What a year may take, as parts of it do.
const BYTES_OF_A_YEAR: u64 = 200 << 20;

/// What a page may take on its way to the browser.
const BYTES_OF_A_PAGE: u64 = 40 << 10;

/// Makes a history with the program's own commits, then asks every page.
pub(super) fn run(places: &Places, days: u32, table: &mut Table) -> Result<()> {
    let work = Work::new(places, NAME)?;
    let file = work.path("year.db");
    for task in ["make", "measure"] {
        let mut cargo = Command::new(Places::cargo());
        cargo.current_dir(&places.root).args([
            "bench",
            "--quiet",
            "--package",
            "server",
            "--bench",
            "year",
            "--",
        ]);
        cargo.arg(task).arg(&file).arg(days.to_string());
        let mut lines = Vec::new();
        if !step::follow(&mut cargo, |line| lines.push(line.to_owned()))? {
            bail!("the program that measures a year failed");
        }
        for line in lines {
            add(&line, days, table).with_context(|| format!("`{line}` is no measurement"))?;
        }
    }
    Ok(())
}

/// Adds a line of a unit, a number and a text.
fn add(line: &str, days: u32, table: &mut Table) -> Result<()> {
    let (unit, rest) = line.split_once(' ').context("a unit")?;
    let (number, what) = rest.split_once(' ').context("a number")?;
    let number: u64 = number.parse().context("a number")?;
    let measure = match unit {
        "us" => Measure::Time(Duration::from_micros(number)),
        "bytes" if what.starts_with("HTML") => Measure::Size(number),
        "bytes" => Measure::Memory(number),
        // Numbers without a goal inform; they were shown as they came.
        _ => return Ok(()),
    };
    table.add(format!("{NAME}: {what}"), measure, goal(what, days));
    Ok(())
}

fn goal(what: &str, days: u32) -> Option<Measure> {
    match what {
        "database" => Some(Measure::Memory(BYTES_OF_A_YEAR * u64::from(days.max(30)) / 365)),
        _ if what.starts_with("HTML, compressed") => Some(Measure::Size(BYTES_OF_A_PAGE)),
        // The page of drift compares two instants, as a free question does, and tries each change alone.
        _ if what.starts_with("p99 compare") || what.starts_with("p99 /drift") => {
            Some(Measure::Time(Duration::from_millis(300)))
        }
        _ if what.starts_with("p99 ") => Some(Measure::Time(Duration::from_millis(20))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_and_comparisons_have_their_own_goals() {
        let time = |what| match goal(what, 365) {
            Some(Measure::Time(time)) => Some(time.as_millis()),
            _ => None,
        };
        assert_eq!(time("p99 /checks now"), Some(20));
        assert_eq!(time("p99 compare now with 182 d before"), Some(300));
        assert_eq!(time("p99 /drift now"), Some(300));
        assert_eq!(time("median /checks now"), None);
    }
}
