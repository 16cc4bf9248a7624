//! Reads files of manifests: the input of `check`, and of `serve --manifests`.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use posture::record::Record;
use posture::redact::{Declared, ManifestError, Names, RedactionKey, Redactor, decode_manifests};
use thiserror::Error;

/// Why files of manifests cannot be judged.
#[derive(Debug, Error)]
pub enum ManifestsError {
    /// A file or folder cannot be read.
    #[error("{} cannot be read: {why}", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// Why, in the operating system's words.
        why: std::io::Error,
    },
    /// A file is not UTF-8.
    #[error("{} is not a text file in UTF-8", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
    },
    /// A document is broken.
    #[error("{0}")]
    Broken(#[from] ManifestError),
    /// The system gives no random bytes.
    #[error("the system gives no random bytes: {0}")]
    Random(std::io::Error),
    /// There is nothing to judge.
    #[error(
        "{place} holds no object that Perijove reads{skipped}; give it rendered manifests, such as the output of `helm template`"
    )]
    Nothing {
        /// The file or folder.
        place: String,
        /// What was passed over, in words, or nothing.
        skipped: String,
    },
}

/// What files of manifests hold.
#[derive(Debug, Default)]
pub struct Manifests {
    /// The objects of kinds that are read, redacted.
    pub records: Vec<Record>,
    /// How many objects of other kinds there were; nothing of them was kept.
    pub skipped: usize,
}

/// Reads files and folders (`-` is standard input); objects that name no namespace are put into `namespace`.
///
/// Hashes and tokens are made with a key that lives as long as the call.
pub fn read(paths: &[PathBuf], namespace: &str) -> Result<Manifests, ManifestsError> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|e| ManifestsError::Random(std::io::Error::other(e)))?;
    let redactor = Redactor::new(RedactionKey::new(&bytes), Names::Hashed);
    let mut manifests = Manifests::default();
    for path in paths {
        for (name, text) in texts(path)? {
            for declared in decode_manifests(&text, &name, &redactor, Some(namespace))? {
                match declared {
                    Declared::Object { record, .. } => manifests.records.push(*record),
                    Declared::Unsupported { .. } => manifests.skipped += 1,
                }
            }
        }
    }
    if manifests.records.is_empty() {
        let place = paths.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", ");
        let skipped = match manifests.skipped {
            0 => String::new(),
            1 => " (one object of another kind was passed over)".to_owned(),
            many => format!(" ({many} objects of other kinds were passed over)"),
        };
        return Err(ManifestsError::Nothing { place, skipped });
    }
    Ok(manifests)
}

/// The texts behind a path, with the name that errors call them by.
fn texts(path: &Path) -> Result<Vec<(String, String)>, ManifestsError> {
    let unreadable = |why| ManifestsError::Unreadable { path: path.to_owned(), why };
    if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).map_err(unreadable)?;
        return Ok(vec![("standard input".to_owned(), text(path, bytes)?)]);
    }
    if !fs::metadata(path).map_err(unreadable)?.is_dir() {
        let bytes = fs::read(path).map_err(unreadable)?;
        return Ok(vec![(path.display().to_string(), text(path, bytes)?)]);
    }
    let mut found = Vec::new();
    let mut entries =
        fs::read_dir(path).and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(unreadable)?;
    entries.sort_by_key(fs::DirEntry::path);
    for entry in entries {
        let path = entry.path();
        let is_manifest = path
            .extension()
            .is_some_and(|e| ["yaml", "yml", "json"].iter().any(|known| e.eq_ignore_ascii_case(known)));
        if path.is_dir() || is_manifest {
            found.extend(texts(&path)?);
        }
    }
    Ok(found)
}

fn text(path: &Path, bytes: Vec<u8>) -> Result<String, ManifestsError> {
    String::from_utf8(bytes).map_err(|_| ManifestsError::NotText { path: path.to_owned() })
}
