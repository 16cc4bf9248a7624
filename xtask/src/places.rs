//! Where things lie: the clone, what is built from it, and the cache that outlives a clean checkout.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The folders that the recipes read and write.
pub(crate) struct Places {
    /// The root of the clone.
    pub(crate) root: PathBuf,
    /// Where cargo builds for this machine.
    pub(crate) target: PathBuf,
    /// The assets that the server embeds. Always below the clone, since the server's build script looks there.
    pub(crate) site: PathBuf,
    /// What takes long to make and belongs to no clone, such as a standard library for the browser.
    pub(crate) cache: PathBuf,
}

impl Places {
    /// Finds the folders; creates none of them.
    pub(crate) fn find() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .context("the manifest of xtask lies in a folder of the clone")?
            .to_path_buf();
        let target = folder("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |given| root.join(given));
        let cache = folder("XDG_CACHE_HOME")
            .or_else(|| folder("HOME").map(|home| home.join(".cache")))
            .context("neither XDG_CACHE_HOME nor HOME is set; set one, long builds are kept below it")?
            .join("perijove");
        Ok(Self { site: root.join("target/site"), root, target, cache })
    }

    /// The cargo that runs this recipe, so that every build uses the same one.
    pub(crate) fn cargo() -> PathBuf {
        folder("CARGO").unwrap_or_else(|| PathBuf::from("cargo"))
    }
}

/// A path from the environment; an empty variable counts as unset.
fn folder(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// The first of the names that is a program on `PATH`.
pub(crate) fn program(names: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    names
        .iter()
        .flat_map(|name| env::split_paths(&path).map(move |folder| folder.join(name)))
        .find(|candidate| candidate.is_file())
}
