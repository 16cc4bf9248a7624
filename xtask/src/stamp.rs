//! Remembers from which inputs something was built, by content, so that an unchanged step is skipped.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::places::Places;

/// Collects everything that decides a result.
pub(crate) struct Inputs(Sha256);

impl Inputs {
    /// Starts with the recipe's own name.
    pub(crate) fn new(recipe: &str) -> Self {
        Self(Sha256::new()).text(recipe)
    }

    /// Adds a piece of text, such as a compiler's version.
    pub(crate) fn text(mut self, text: &str) -> Self {
        self.0.update(text.len().to_le_bytes());
        self.0.update(text);
        self
    }

    /// Adds every file below the path (or the file itself) whose name ends in one of `endings`. A missing path adds nothing.
    pub(crate) fn files(mut self, path: &Path, endings: &[&str]) -> Result<Self> {
        for file in files_below(path, endings)? {
            let content = fs::read(&file).with_context(|| format!("could not read {}", file.display()))?;
            self = self.text(&file.to_string_lossy());
            self.0.update(content.len().to_le_bytes());
            self.0.update(content);
        }
        Ok(self)
    }

    /// The stamp of all inputs.
    pub(crate) fn finish(self) -> String {
        hex(&self.0.finalize())
    }
}

/// Whether `name` was last built from exactly this stamp.
pub(crate) fn is_current(places: &Places, name: &str, stamp: &str) -> bool {
    fs::read_to_string(stamp_file(places, name)).is_ok_and(|found| found == stamp)
}

/// Remembers that `name` is now built from this stamp.
pub(crate) fn remember(places: &Places, name: &str, stamp: &str) -> Result<()> {
    let file = stamp_file(places, name);
    write(&file, stamp.as_bytes())
}

/// Writes a file and the folders above it.
pub(crate) fn write(file: &Path, content: &[u8]) -> Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).with_context(|| format!("could not create {}", folder.display()))?;
    }
    fs::write(file, content).with_context(|| format!("could not write {}", file.display()))
}

/// The first 16 hexadecimal digits of the content's SHA-256: enough to name a version of a file.
pub(crate) fn short_hash(content: &[u8]) -> String {
    hex(&Sha256::digest(content)[..8])
}

/// All files below a folder with one of the endings, sorted, so that the order on the disk does not matter.
pub(crate) fn files_below(path: &Path, endings: &[&str]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut waiting = vec![path.to_path_buf()];
    while let Some(next) = waiting.pop() {
        if next.is_dir() {
            let entries =
                fs::read_dir(&next).with_context(|| format!("could not list {}", next.display()))?;
            for entry in entries {
                waiting.push(entry.with_context(|| format!("could not list {}", next.display()))?.path());
            }
        } else if next.is_file() && endings.iter().any(|ending| next.to_string_lossy().ends_with(ending)) {
            found.push(next);
        }
    }
    found.sort();
    Ok(found)
}

fn stamp_file(places: &Places, name: &str) -> PathBuf {
    places.site.with_file_name("stamps").join(name)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_border_between_two_texts_matters() {
        let one = Inputs::new("x").text("ab").text("c").finish();
        let other = Inputs::new("x").text("a").text("bc").finish();
        assert_ne!(one, other);
    }

    #[test]
    fn a_missing_folder_has_no_files() {
        assert!(files_below(Path::new("/nonexistent/folder"), &[".rs"]).unwrap().is_empty());
    }
}
