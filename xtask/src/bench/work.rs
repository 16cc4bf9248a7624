//! A folder below `target/` for what one case writes.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::places::Places;

/// A folder that is removed when the case ends well.
pub(super) struct Work {
    folder: PathBuf,
    keep: std::cell::Cell<bool>,
}

impl Work {
    /// An empty folder.
    pub(super) fn new(places: &Places, name: &str) -> Result<Self> {
        let folder = places.target.join("bench").join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("could not empty {}", folder.display()))?;
        }
        fs::create_dir_all(&folder).with_context(|| format!("could not make {}", folder.display()))?;
        Ok(Self { folder, keep: std::cell::Cell::new(false) })
    }

    /// A file in it.
    pub(super) fn path(&self, file: &str) -> PathBuf {
        self.folder.join(file)
    }

    /// Keeps the folder, for whoever looks for the reason of a failure.
    pub(super) fn keep(&self) -> &Path {
        self.keep.set(true);
        &self.folder
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        if !self.keep.get() {
            // What is left lies in target/, and the next run removes it.
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}
