//! `cargo xtask sqlx`: renews `server/.sqlx`, against which builds check every query without a database.
//!
//! A database is made from the migrations with the `sqlite3` command, and the server is compiled against it: the query macros then ask
//! it and write down what it answers.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

use anyhow::{Context, Result, bail};

/// What to do with query data that differs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Write it.
    Renew,
    /// Fail, for a check of what is committed.
    Compare,
}

/// Renews or compares the query data.
pub(crate) fn run(mode: Mode) -> Result<()> {
    let root =
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask lies in a folder of the clone")?;
    let work = root.join("target/sqlx");
    let fresh = work.join("data");
    // What an earlier run left must not pass for fresh.
    if work.exists() {
        fs::remove_dir_all(&work).with_context(|| format!("could not empty {}", work.display()))?;
    }
    fs::create_dir_all(&fresh).with_context(|| format!("could not make {}", fresh.display()))?;
    let database = work.join("queries.db");
    make_database(&root.join("migrations"), &database)?;
    compile(root, &database, &fresh)?;
    let committed = root.join("server/.sqlx");
    let (new, old) = (read(&fresh)?, read(&committed)?);
    if new == old {
        return Ok(());
    }
    if mode == Mode::Compare {
        bail!("server/.sqlx does not fit the queries; run `cargo xtask sqlx` and commit what it writes");
    }
    for name in old.keys().filter(|name| !new.contains_key(*name)) {
        fs::remove_file(committed.join(name)).with_context(|| format!("could not remove {name}"))?;
    }
    for (name, data) in &new {
        fs::write(committed.join(name), data).with_context(|| format!("could not write {name}"))?;
    }
    println!("server/.sqlx holds the data of {} queries", new.len());
    Ok(())
}

/// Applies every migration to a new database.
fn make_database(migrations: &Path, database: &Path) -> Result<()> {
    let mut child = Command::new("sqlite3")
        .arg("-bail")
        .arg(database)
        .stdin(Stdio::piped())
        .spawn()
        .context("could not start `sqlite3`; install it (`apt-get install sqlite3`), 3.37 or newer")?;
    let mut input = child.stdin.take().context("the input was asked for one line above")?;
    let files = read(migrations)?;
    let is_migration = |name: &str| Path::new(name).extension().is_some_and(|extension| extension == "sql");
    for (name, sql) in files.iter().filter(|(name, _)| is_migration(name)) {
        input.write_all(sql).with_context(|| format!("`sqlite3` did not take {name}"))?;
    }
    drop(input);
    if !child.wait().context("could not wait for `sqlite3`")?.success() {
        bail!("the migrations could not be applied");
    }
    Ok(())
}

/// Compiles the server against the database, so that its macros write their data.
fn compile(root: &Path, database: &Path, fresh: &Path) -> Result<()> {
    // Cargo does not know that the macros read the environment; a newer file makes it run them again.
    let source = root.join("server/src/lib.rs");
    let touched =
        File::options().append(true).open(&source).and_then(|file| file.set_modified(SystemTime::now()));
    touched.with_context(|| format!("could not touch {}", source.display()))?;
    let cargo = std::env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from);
    let status = Command::new(cargo)
        .args(["check", "--package", "server", "--lib"])
        .current_dir(root)
        .env("DATABASE_URL", format!("sqlite:{}", database.display()))
        .env("SQLX_OFFLINE", "false")
        .env("SQLX_OFFLINE_DIR", fresh)
        .status()
        .context("could not start cargo")?;
    if !status.success() {
        bail!("the server does not compile against the migrations");
    }
    Ok(())
}

/// The files of a folder by name.
fn read(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).with_context(|| format!("could not read {}", folder.display()))? {
        let entry = entry.with_context(|| format!("could not read {}", folder.display()))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let data = fs::read(entry.path()).with_context(|| format!("could not read {name}"))?;
        files.insert(name, data);
    }
    Ok(files)
}
