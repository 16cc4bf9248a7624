//! The folder of declared files that the page of drift offers to compare with: its names, and one of its files.
//!
//! Only files of the folder itself count, not those of folders in it. A link counts as what it leads to, as in a mounted `ConfigMap`,
//! unless that is outside the folder.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use thiserror::Error;

/// How large a file may be.
const MOST_BYTES: u64 = 20 << 20;

/// How many files are offered.
const MOST_FILES: usize = 200;

/// Why a file is not compared with.
#[derive(Debug, Error)]
pub enum DeclaredError {
    /// There is no such file among those that are offered.
    #[error("there is no file of this name in the folder of declared files; choose one that is offered")]
    NotThere,
    /// It is there and cannot be read.
    #[error("the file cannot be read: {0}; check that the account of Perijove may read it")]
    Unreadable(io::Error),
    /// It is larger than what is read.
    #[error("the file is larger than {} MiB; compare one release at a time", MOST_BYTES >> 20)]
    TooLarge,
}

/// The files that are offered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Offered {
    /// Their names, sorted.
    pub names: Vec<String>,
    /// Whether there are more than are offered.
    pub is_more: bool,
}

/// The folder.
#[derive(Debug, Clone)]
pub struct DeclaredFolder {
    path: PathBuf,
}

impl DeclaredFolder {
    /// The folder at a path; it may be gone by the time it is read.
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// The files in it that can be compared with.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn offered(&self) -> io::Result<Offered> {
        let folder = fs::canonicalize(&self.path)?;
        let mut names = Vec::new();
        for entry in fs::read_dir(&folder)? {
            // A name that is no text can stand in no address.
            let Ok(name) = entry?.file_name().into_string() else { continue };
            if is_manifest(&name) && inside(&folder, &name).is_some() {
                names.push(name);
            }
        }
        names.sort();
        let is_more = names.len() > MOST_FILES;
        names.truncate(MOST_FILES);
        Ok(Offered { names, is_more })
    }

    /// What a file of the folder holds.
    ///
    /// # Errors
    /// If it is not one of its files, cannot be read, or is too large.
    pub fn read(&self, name: &str) -> Result<Vec<u8>, DeclaredError> {
        let folder = fs::canonicalize(&self.path).map_err(DeclaredError::Unreadable)?;
        let path = inside(&folder, name).filter(|_| is_manifest(name)).ok_or(DeclaredError::NotThere)?;
        let mut bytes = Vec::new();
        let file = File::open(path).map_err(DeclaredError::Unreadable)?;
        file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(DeclaredError::Unreadable)?;
        if bytes.len() as u64 > MOST_BYTES { Err(DeclaredError::TooLarge) } else { Ok(bytes) }
    }
}

fn is_manifest(name: &str) -> bool {
    !name.starts_with('.') && crate::manifests::is_manifest(Path::new(name))
}

/// Where a name leads, if that is a file in the folder.
fn inside(folder: &Path, name: &str) -> Option<PathBuf> {
    let mut parts = Path::new(name).components();
    let is_one_name = matches!((parts.next(), parts.next()), (Some(std::path::Component::Normal(part)), None) if part == name);
    // Of a link only the end counts, and that must be a file: a pipe would never end.
    let path = fs::canonicalize(folder.join(name)).ok().filter(|_| is_one_name)?;
    (path.starts_with(folder) && path.is_file()).then_some(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// A folder `declared` beside a file that is none of it.
    fn folder() -> (tempfile::TempDir, DeclaredFolder) {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("declared");
        fs::create_dir_all(path.join("below")).unwrap();
        fs::write(place.path().join("secret.yaml"), "kind: x").unwrap();
        for name in ["b.yaml", "a.yml", "c.JSON", "notes.txt", ".hidden.yaml", "below/d.yaml"] {
            fs::write(path.join(name), "kind: x").unwrap();
        }
        (place, DeclaredFolder::new(path))
    }

    #[test]
    fn the_manifests_of_the_folder_itself_are_offered_by_name() {
        let (_place, folder) = folder();
        let offered = folder.offered().unwrap();
        assert_eq!(
            (offered.names, offered.is_more),
            (vec!["a.yml".into(), "b.yaml".into(), "c.JSON".into()], false)
        );
    }

    #[test]
    fn only_what_is_offered_can_be_read() {
        let (place, folder) = folder();
        assert_eq!(folder.read("b.yaml").unwrap(), b"kind: x");
        let absolute = place.path().join("secret.yaml").display().to_string();
        let names = [
            "../secret.yaml",
            "./b.yaml",
            "b.yaml/",
            "below/d.yaml",
            "below/../b.yaml",
            "",
            ".",
            "..",
            "/",
            "notes.txt",
            ".hidden.yaml",
            "below",
            "none.yaml",
            "b.yaml\0",
            "..\\secret.yaml",
            "%2e%2e/secret.yaml",
            &absolute,
        ];
        for name in names {
            assert!(matches!(folder.read(name), Err(DeclaredError::NotThere)), "{name}");
        }
    }

    #[test]
    fn a_link_is_followed_as_long_as_it_stays_in_the_folder() {
        let (place, folder) = folder();
        fs::write(folder.path.join("below/real.yaml"), "kind: y").unwrap();
        symlink("below/real.yaml", folder.path.join("inside.yaml")).unwrap();
        symlink(place.path().join("secret.yaml"), folder.path.join("outside.yaml")).unwrap();
        symlink("../secret.yaml", folder.path.join("above.yaml")).unwrap();
        symlink(place.path(), folder.path.join("folder.yaml")).unwrap();
        symlink("loop.yaml", folder.path.join("loop.yaml")).unwrap();
        assert_eq!(folder.read("inside.yaml").unwrap(), b"kind: y");
        let names = folder.offered().unwrap().names;
        assert_eq!(names, ["a.yml", "b.yaml", "c.JSON", "inside.yaml"]);
        for name in ["outside.yaml", "above.yaml", "folder.yaml", "loop.yaml", "folder.yaml/secret.yaml"] {
            assert!(matches!(folder.read(name), Err(DeclaredError::NotThere)), "{name}");
        }
    }

    #[test]
    fn what_is_too_large_is_refused() {
        let (_place, folder) = folder();
        let file = File::create(folder.path.join("large.yaml")).unwrap();
        file.set_len(MOST_BYTES + 1).unwrap();
        assert!(matches!(folder.read("large.yaml"), Err(DeclaredError::TooLarge)));
        file.set_len(MOST_BYTES).unwrap();
        assert_eq!(folder.read("large.yaml").unwrap().len() as u64, MOST_BYTES);
    }

    #[test]
    fn more_files_than_are_offered_are_said_to_be_more() {
        let (_place, folder) = folder();
        for number in 0..MOST_FILES {
            fs::write(folder.path.join(format!("z{number:03}.yaml")), "").unwrap();
        }
        let offered = folder.offered().unwrap();
        assert_eq!((offered.names.len(), offered.is_more), (MOST_FILES, true));
    }
}
