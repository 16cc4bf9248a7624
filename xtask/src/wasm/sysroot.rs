//! A standard library for the browser, built from Debian's sources once per compiler and kept outside the clone.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::TARGET;
use crate::places::Places;
use crate::stamp;
use crate::step;

/// The name of the empty crate that makes cargo build the standard library.
const SEED: &str = "seed";

/// The folder of the library, if it was built for exactly this compiler.
pub(super) fn existing(places: &Places, rustc: &str) -> Option<PathBuf> {
    let folder = folder(places, rustc).ok()?;
    libraries(&folder).is_dir().then_some(folder)
}

/// The folder of the library; builds it first when it is missing, which takes about a minute.
pub(super) fn ensure(places: &Places, rustc: &str, linker: &Path) -> Result<PathBuf> {
    if let Some(found) = existing(places, rustc) {
        return Ok(found);
    }
    step::say("Building the standard library for the browser (once, about a minute)");
    let done = folder(places, rustc)?;
    // Built aside and renamed: a build that was interrupted must not look finished.
    let aside = done.with_extension("partial");
    if aside.exists() {
        fs::remove_dir_all(&aside).with_context(|| format!("could not remove {}", aside.display()))?;
    }
    let built = compile(&aside, rustc, linker)?;
    collect(&built, &libraries(&aside))?;
    fs::remove_dir_all(aside.join(SEED)).with_context(|| format!("could not clear {}", aside.display()))?;
    fs::rename(&aside, &done).with_context(|| format!("could not move {} into place", aside.display()))?;
    Ok(done)
}

/// One folder per compiler, told apart by everything it says about itself.
fn folder(places: &Places, rustc: &str) -> Result<PathBuf> {
    let version = step::capture(Command::new(rustc).arg("-vV"))?;
    Ok(places.cache.join("sysroot").join(stamp::short_hash(version.as_bytes())))
}

fn libraries(sysroot: &Path) -> PathBuf {
    sysroot.join("lib/rustlib").join(TARGET).join("lib")
}

/// Builds an empty crate with its own standard library and returns the folder with the result.
fn compile(aside: &Path, rustc: &str, linker: &Path) -> Result<PathBuf> {
    let seed = aside.join(SEED);
    let manifest = format!(
        "[package]\nname = \"{SEED}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n[profile.release]\npanic = \"abort\"\n"
    );
    stamp::write(&seed.join("Cargo.toml"), manifest.as_bytes())?;
    stamp::write(&seed.join("src/lib.rs"), b"")?;
    let mut cargo = Command::new(Places::cargo());
    cargo
        .current_dir(&seed)
        .args(["build", "--release", "-Zbuild-std=std,panic_abort", "--target", TARGET, "--target-dir"])
        .arg(seed.join("target"))
        .env("RUSTC", rustc)
        // Building the standard library is a nightly feature; the packaged sources fit the packaged compiler.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker)
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    step::run(&mut cargo)?;
    Ok(seed.join("target").join(TARGET).join("release/deps"))
}

/// Copies the libraries, without the empty crate's own.
fn collect(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("could not create {}", to.display()))?;
    let own = format!("lib{SEED}-");
    for library in stamp::files_below(from, &[".rlib"])? {
        let name = library.file_name().context("a file found in a folder has a name")?;
        if !name.to_string_lossy().starts_with(&own) {
            fs::copy(&library, to.join(name))
                .with_context(|| format!("could not copy {}", library.display()))?;
        }
    }
    Ok(())
}
