//! The tests in a browser: Playwright, below `end2end/`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::packages;
use crate::places::{self, Places};
use crate::stamp::{self, Inputs};
use crate::step;
use crate::test::tally::Tally;

/// Names under which distributions install Chromium.
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// The first major version of Node that runs Playwright, as its package says.
const NODE: u32 = 18;

/// What is said where Node is older, or npm came without it.
const NODE_WANTED: &str = "Node 18 or newer is not installed; nodejs.org and Debian backports have it";

/// Runs the browser tests, or says why not. A run that could not start has no number of tests, so it counts as one.
pub(super) fn run(places: &Places, tally: &mut Tally) -> Result<()> {
    let folder = places.root.join("end2end");
    if !folder.join("package.json").is_file() {
        return Ok(());
    }
    if let Some(reason) = play(places, &folder, tally)? {
        println!("Browser tests are skipped: {reason}.");
        tally.skipped += 1;
    }
    Ok(())
}

/// Installs what the tests need and runs them. Returns the reason when they could not start.
fn play(places: &Places, folder: &Path, tally: &mut Tally) -> Result<Option<&'static str>> {
    // Node comes with its own npm from most sources, and without one from Debian, whose npm is a package of its own.
    let Some(npm) = program_or_package(&["npm"], "npm")? else {
        return Ok(Some("npm is not installed; on Debian `apt-get install npm` has it"));
    };
    if !is_node_new_enough() {
        return Ok(Some(NODE_WANTED));
    }
    step::say("Testing in a browser");
    if !install(places, &npm, folder)? {
        return Ok(Some("`npm ci` in end2end/ failed, see above"));
    }
    let browser = program_or_package(&BROWSERS, "chromium")?;
    if browser.is_none() {
        let mut fetch = npx(folder);
        if !fetch
            .args(["playwright", "install", "chromium"])
            .status()
            .context("could not start npx")?
            .success()
        {
            return Ok(Some("there is no Chromium; on Debian `apt-get install chromium` has it"));
        }
    }
    let report = places.root.join("target/browser-tests.json");
    let mut playwright = npx(folder);
    playwright
        .args(["playwright", "test", "--reporter=list,json"])
        .env("PLAYWRIGHT_JSON_OUTPUT_NAME", &report)
        .env("PERIJOVE_BINARY", places.target.join("debug/perijove"));
    if let Some(browser) = browser {
        playwright.env("PERIJOVE_CHROMIUM", browser);
    }
    if report.exists() {
        fs::remove_file(&report).with_context(|| format!("could not remove {}", report.display()))?;
    }
    let succeeded = playwright.status().context("could not start npx")?.success();
    count(&report, succeeded, tally);
    Ok(None)
}

/// A program of this machine, or the one that a Debian package brings where we may install it.
fn program_or_package(names: &[&str], package: &str) -> Result<Option<PathBuf>> {
    if let Some(found) = places::program(names) {
        return Ok(Some(found));
    }
    Ok(if packages::install(&[package])? { places::program(names) } else { None })
}

fn is_node_new_enough() -> bool {
    step::capture(Command::new("node").arg("--version"))
        .is_ok_and(|version| major(&version).is_some_and(|major| major >= NODE))
}

/// The first number of `v20.20.2`.
fn major(version: &str) -> Option<u32> {
    version.trim_start_matches('v').split('.').next()?.parse().ok()
}

fn npx(folder: &Path) -> Command {
    let mut npx = Command::new("npx");
    npx.current_dir(folder).arg("--no-install");
    npx
}

/// Installs exactly what the lock file lists, unless that was done already.
fn install(places: &Places, npm: &Path, folder: &Path) -> Result<bool> {
    let inputs =
        Inputs::new("npm").files(&folder.join("package-lock.json"), &["package-lock.json"])?.finish();
    if folder.join("node_modules").is_dir() && stamp::is_current(places, "npm", &inputs) {
        return Ok(true);
    }
    let mut ci = Command::new(npm);
    ci.current_dir(folder).args(["ci", "--no-audit", "--no-fund"]);
    let done = ci.status().context("could not start npm")?.success();
    if done {
        stamp::remember(places, "npm", &inputs)?;
    }
    Ok(done)
}

#[derive(Deserialize)]
struct Report {
    stats: Stats,
}

/// The counts in Playwright's report; a test that failed first and passed when repeated is flaky.
#[derive(Deserialize)]
struct Stats {
    expected: u64,
    unexpected: u64,
    flaky: u64,
    skipped: u64,
}

fn count(report: &Path, succeeded: bool, tally: &mut Tally) {
    let stats = fs::read_to_string(report).ok().and_then(|text| serde_json::from_str::<Report>(&text).ok());
    match stats {
        Some(Report { stats }) => {
            tally.passed += stats.expected + stats.flaky;
            tally.failed += stats.unexpected;
            tally.skipped += stats.skipped;
            // Errors outside of any test, such as a server that did not start, appear in no count.
            tally.failed += u64::from(!succeeded && stats.unexpected == 0);
        }
        None => tally.failed += 1,
    }
}

#[cfg(test)]
mod tests {
    use super::major;

    #[test]
    fn the_major_version_is_the_first_number() {
        assert_eq!(major("v20.20.2"), Some(20));
        assert_eq!(major("v9"), Some(9));
        assert_eq!(major("unknown"), None);
    }
}
