//! Finds a compiler that can build for the browser: rustup's, else the one that Debian packages for its browsers.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::ValueEnum;

use super::{TARGET, sysroot};
use crate::places::{self, Places};
use crate::{packages, step};

/// Debian's compiler. The name is absolute since rustup's `rustc` comes first on most paths.
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";

/// Which compiler a person asked for.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Compiler {
    /// The first that is there or can be installed.
    Auto,
    /// The compiler of this machine with rustup's standard library for the browser.
    Rustup,
    /// The packages `rustc-web` and `rust-web-src` of Debian.
    Debian,
}

impl Compiler {
    /// The word in a stamp.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Rustup => "rustup",
            Self::Debian => "debian",
        }
    }
}

/// A compiler that can build for the browser.
pub(super) enum Found {
    /// `rustc` knows the target.
    Ordinary,
    /// Debian's `rustc`, a standard library that we built, and a linker.
    Debian { sysroot: PathBuf, linker: PathBuf },
}

impl Found {
    /// The compiler in words.
    pub(super) fn describe(&self) -> &'static str {
        match self {
            Self::Ordinary => "rustc",
            Self::Debian { .. } => "Debian's rustc-web",
        }
    }

    /// Makes a cargo command use this compiler for the browser's target.
    pub(super) fn apply(&self, cargo: &mut Command) {
        // Both would replace the flags below, and flags for this machine mean nothing to the browser.
        cargo.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
        if let Self::Debian { sysroot, linker } = self {
            cargo.env("RUSTC", DEBIAN_RUSTC).env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker).env(
                "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS",
                format!("--sysroot={}", sysroot.display()),
            );
        }
    }
}

/// Finds what was asked for, installs what can be installed, or says what a person must install.
pub(super) fn find(places: &Places, choice: Compiler) -> Result<Found> {
    if choice != Compiler::Debian && (has_ordinary() || add_with_rustup(places, choice)) {
        return Ok(Found::Ordinary);
    }
    if choice == Compiler::Rustup {
        bail!(
            "rustup could not add the target: run `rustup target add {TARGET}` where the network allows it"
        );
    }
    debian(places)
}

/// Whether the ordinary compiler has a standard library for the browser.
fn has_ordinary() -> bool {
    step::capture(Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]))
        .is_ok_and(|folder| Path::new(&folder).is_dir())
}

/// Asks rustup for the target, unless an earlier run already had to go the other way.
fn add_with_rustup(places: &Places, choice: Compiler) -> bool {
    let settled = choice == Compiler::Auto && sysroot::existing(places, DEBIAN_RUSTC).is_some();
    if settled || places::program(&["rustup"]).is_none() {
        return false;
    }
    step::say(&format!("Adding the target {TARGET} with rustup"));
    let mut rustup = Command::new("rustup");
    rustup.args(["target", "add", TARGET]);
    step::attempt(&mut rustup, Duration::from_mins(3)).unwrap_or(false) && has_ordinary()
}

/// Debian's compiler with the standard library that we build for it.
fn debian(places: &Places) -> Result<Found> {
    let missing = packages::missing(&["rustc-web", "rust-web-src"]);
    if !missing.is_empty() && !packages::install(&missing)? {
        bail!(
            "no compiler for the browser: run `rustup target add {TARGET}`, \
             or on Debian 12 or newer `apt-get install rustc-web rust-web-src` as root"
        );
    }
    check_age()?;
    let linker = linker()?;
    let sysroot = sysroot::ensure(places, DEBIAN_RUSTC, &linker)?;
    Ok(Found::Debian { sysroot, linker })
}

/// Refuses a packaged compiler that is older than the workspace wants.
fn check_age() -> Result<()> {
    let printed = step::capture(Command::new(DEBIAN_RUSTC).arg("--version"))?;
    let wanted = env!("CARGO_PKG_RUST_VERSION");
    let version = printed.split_whitespace().nth(1).unwrap_or_default();
    if numbers(version) < numbers(wanted) {
        bail!(
            "{DEBIAN_RUSTC} is {version}, and Perijove needs {wanted}: \
             update rustc-web from Debian's security suite, or run `rustup target add {TARGET}`"
        );
    }
    Ok(())
}

fn numbers(version: &str) -> Vec<u32> {
    version.split(['.', '-', '+']).map_while(|part| part.parse().ok()).collect()
}

/// The linker lies beside the compiler of rustup, off the path; elsewhere the package `lld` has it.
fn linker() -> Result<PathBuf> {
    let beside = step::capture(Command::new("rustc").args(["--print", "target-libdir"]))
        .ok()
        .and_then(|folder| Path::new(&folder).parent().map(|above| above.join("bin/rust-lld")))
        .filter(|linker| linker.is_file());
    if let Some(found) = beside.or_else(|| places::program(&["rust-lld", "wasm-ld"])) {
        return Ok(found);
    }
    if packages::install(&["lld"])?
        && let Some(found) = places::program(&["wasm-ld"])
    {
        return Ok(found);
    }
    bail!("no linker for the browser: install the package `lld`, which has `wasm-ld`")
}

#[cfg(test)]
mod tests {
    use super::numbers;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(numbers("1.100.0") > numbers("1.95"));
        assert!(numbers("1.85.0-nightly") < numbers("1.95"));
    }
}
