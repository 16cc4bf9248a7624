//! `cargo xtask check`: everything about the source that needs no test run.

use std::process::{Command, ExitCode};

use clap::Args;

use crate::places::{self, Places};
use crate::{sqlx, step};

/// Check format, lints on both sides, documentation, dependencies, and that tracked files are as generated.
///
/// Every check runs, also after one failed; the end lists those that did.
#[derive(Args)]
pub(crate) struct Options {
    /// Fail when `cargo deny` is not installed, instead of saying so and going on.
    #[arg(long)]
    require_deny: bool,
}

/// Runs the recipe.
pub(crate) fn run(places: &Places, options: &Options) -> ExitCode {
    let before = tracked_changes(places);
    let mut failed = Vec::new();
    for check in CHECKS {
        step::say(check.name);
        let mut cargo = Command::new(Places::cargo());
        cargo.current_dir(&places.root).args(check.arguments).envs(check.environment.iter().copied());
        if step::run(&mut cargo).is_err() {
            failed.push(check.name);
        }
    }
    if !dependencies(places, options.require_deny) {
        failed.push("Dependencies");
    }
    if !query_data() {
        failed.push("Query data");
    }
    if !generated(places, before.as_deref()) {
        failed.push("Generated files");
    }
    if failed.is_empty() {
        println!("All checks passed.");
        return ExitCode::SUCCESS;
    }
    println!("Failed: {}.", failed.join(", "));
    ExitCode::FAILURE
}

/// One call of cargo that must succeed.
struct Check {
    name: &'static str,
    arguments: &'static [&'static str],
    environment: &'static [(&'static str, &'static str)],
}

const CHECKS: &[Check] = &[
    Check {
        name: "Lock file",
        arguments: &["metadata", "--locked", "--format-version=1", "--no-deps", "--quiet"],
        environment: &[],
    },
    Check { name: "Format", arguments: &["fmt", "--all", "--check"], environment: &[] },
    Check {
        name: "Lints, server side",
        arguments: &["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"],
        environment: &[],
    },
    // On this machine's own target: the lints of browser code do not depend on where it runs.
    Check {
        name: "Lints, browser side",
        arguments: &[
            "clippy",
            "--package",
            "app",
            "--lib",
            "--no-default-features",
            "--features",
            "hydrate",
            "--",
            "--deny",
            "warnings",
        ],
        environment: &[],
    },
    Check {
        name: "Documentation",
        arguments: &["doc", "--workspace", "--no-deps"],
        environment: &[("RUSTDOCFLAGS", "--deny warnings")],
    },
];

/// Licences, sources and forbidden dependencies; security advisories too where their database can be had.
fn dependencies(places: &Places, required: bool) -> bool {
    step::say("Dependencies");
    let kept = places.cache.join("tools/bin/cargo-deny");
    let Some(deny) = places::program(&["cargo-deny"]).or_else(|| kept.is_file().then_some(kept.clone()))
    else {
        println!(
            "`cargo deny` is not installed, so licences, sources and forbidden dependencies are not checked. \
             To have it: `cargo install --locked cargo-deny --root {}` (some minutes, once).",
            places.cache.join("tools").display()
        );
        return !required;
    };
    let run = |what: &[&str]| {
        let mut command = Command::new(&deny);
        step::run(command.current_dir(&places.root).arg("check").args(what)).is_ok()
    };
    let good = run(&["bans", "licenses", "sources"]);
    if !run(&["advisories"]) {
        println!("Advisories were not checked or name a dependency, see above; they do not fail this check.");
    }
    good
}

/// Whether `server/.sqlx` fits the queries. Needs the `sqlite3` command.
fn query_data() -> bool {
    step::say("Query data");
    if places::program(&["sqlite3"]).is_none() {
        println!("`sqlite3` is not installed, so `server/.sqlx` is not compared with the queries.");
        return true;
    }
    match sqlx::run(sqlx::Mode::Compare) {
        Ok(()) => true,
        Err(error) => {
            println!("{error:#}");
            false
        }
    }
}

/// Whether the checks left every tracked file as it was: lock file, query data and snapshots are generated and tracked.
fn generated(places: &Places, before: Option<&str>) -> bool {
    step::say("Generated files");
    let after = tracked_changes(places);
    if after.as_deref() == before {
        return true;
    }
    println!("These tracked files changed while checking; commit them:\n{}", after.unwrap_or_default());
    false
}

/// What git says about tracked files; nothing outside a clone, for example in a source archive.
fn tracked_changes(places: &Places) -> Option<String> {
    let mut git = Command::new("git");
    step::capture(git.current_dir(&places.root).args(["diff", "--stat"])).ok()
}
