//! Reads files of manifests: the input of `check`, and of `serve --manifests`.

pub mod follow;

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use posture::Timestamp;
use posture::kind::Kind;
use posture::object::ObjectRef;
use posture::record::Record;
use posture::redact::{Declared, ManifestError, Names, RedactionKey, Redactor, decode_manifests};
use posture::snapshot::{Origin, SnapshotBuilder};
use thiserror::Error;

use crate::collector::config_maps::needed_config_maps;

/// How much is read at most: a person who names the wrong file is told so before the memory is full.
const MOST_BYTES: u64 = 256 << 20;

/// Why files of manifests cannot be judged.
#[derive(Debug, Error)]
pub enum ManifestsError {
    /// A file or folder cannot be read.
    #[error("{} cannot be read: {why}; check the path, and that this account may read it", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// Why, in the operating system's words.
        why: std::io::Error,
    },
    /// A file is not UTF-8.
    #[error(
        "{file}:{line}:{column}: the file is not text in UTF-8; give it rendered manifests in YAML or JSON"
    )]
    NotText {
        /// The file, as errors call it.
        file: String,
        /// The line of the first byte that is no text, from 1.
        line: usize,
        /// Its column in bytes, from 1.
        column: usize,
    },
    /// There is more than is read.
    #[error("{file} brings the input to more than {} MiB; judge fewer manifests at once", MOST_BYTES >> 20)]
    TooLarge {
        /// The file at which the limit was passed.
        file: String,
    },
    /// One object is declared twice, differently, so that nobody can know which one counts.
    #[error(
        "{object} is declared twice with different content, in {first} and in {second}; judge these files apart, or name the namespace of each with `metadata.namespace`"
    )]
    Twice {
        /// The object.
        object: ObjectRef,
        /// Where it was declared first.
        first: String,
        /// Where it was declared again.
        second: String,
    },
    /// A document is broken.
    #[error("{0}; correct it there, or leave this out")]
    Broken(#[from] ManifestError),
    /// The system gives no random bytes.
    #[error("the system gives no random bytes: {0}")]
    Random(std::io::Error),
    /// There is nothing to judge.
    #[error(
        "{place}: no object that Perijove reads is in there{skipped}; give it rendered manifests, such as the output of `helm template`"
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
    /// The objects of kinds that are read, redacted; each object once.
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
    read_with(paths, namespace, &Redactor::new(RedactionKey::new(&bytes), Names::Hashed))
}

/// The same with the redactor of an installation.
pub fn read_with(
    paths: &[PathBuf],
    namespace: &str,
    redactor: &Redactor,
) -> Result<Manifests, ManifestsError> {
    let mut left = MOST_BYTES;
    let mut texts = Vec::new();
    for path in paths {
        read_path(path, &mut left, &mut texts)?;
    }
    let names: Vec<_> = paths.iter().map(|path| called(path)).collect();
    of_texts(&texts, &names.join(", "), namespace, redactor)
}

/// The same of one file that was read already, under the name that errors call it by.
pub fn of_file(
    name: &str,
    bytes: Vec<u8>,
    namespace: &str,
    redactor: &Redactor,
) -> Result<Manifests, ManifestsError> {
    let text = text(Path::new(name), bytes)?;
    of_texts(&[(name.to_owned(), text)], name, namespace, redactor)
}

/// What texts hold, each with the name of its file; `place` is what all of them are called.
fn of_texts(
    texts: &[(String, String)],
    place: &str,
    namespace: &str,
    redactor: &Redactor,
) -> Result<Manifests, ManifestsError> {
    let manifests = decode_all(texts, namespace, redactor)?;
    if manifests.records.is_empty() {
        let skipped = match manifests.skipped {
            0 => String::new(),
            1 => " (one object of another kind was passed over)".to_owned(),
            many => format!(" ({many} objects of other kinds were passed over)"),
        };
        return Err(ManifestsError::Nothing { place: place.to_owned(), skipped });
    }
    Ok(manifests)
}

/// Tells the redactor in which namespaces hubs live.
fn learn(records: &[Record], redactor: &Redactor) {
    let mut builder = SnapshotBuilder::new(Origin::Declared, "files");
    for record in records {
        // What cannot be understood is told when it is judged.
        drop(builder.apply(record));
    }
    for (namespace, _) in needed_config_maps(&builder.build(Timestamp::UNIX_EPOCH)) {
        redactor.add_hub_namespace(&namespace);
    }
}

/// Reads one text of manifests, which errors call `place`; it may hold nothing.
pub fn read_text(
    place: &str,
    text: &str,
    namespace: &str,
    redactor: &Redactor,
) -> Result<Manifests, ManifestsError> {
    decode_all(&[(place, text)], namespace, redactor)
}

/// Decodes texts, each with the name that errors call it by.
fn decode_all<T: AsRef<str>>(
    texts: &[(T, T)],
    namespace: &str,
    redactor: &Redactor,
) -> Result<Manifests, ManifestsError> {
    let mut manifests = decode(texts, namespace, redactor)?;
    if manifests.records.iter().any(|record| record.object.kind == Kind::Pod) {
        // Which namespaces are a person's is learned from pods, which may come last: then only the second pass counts.
        learn(&manifests.records, redactor);
        manifests = decode(texts, namespace, redactor)?;
    }
    Ok(manifests)
}

fn decode<T: AsRef<str>>(
    texts: &[(T, T)],
    namespace: &str,
    redactor: &Redactor,
) -> Result<Manifests, ManifestsError> {
    let mut manifests = Manifests::default();
    let mut places: BTreeMap<ObjectRef, (usize, String)> = BTreeMap::new();
    for (file, text) in texts.iter().map(|(file, text)| (file.as_ref(), text.as_ref())) {
        for declared in decode_manifests(text, file, redactor, Some(namespace))? {
            let Declared::Object { record, line } = declared else {
                manifests.skipped += 1;
                continue;
            };
            let place = format!("{file}:{line}");
            match places.get(&record.object) {
                None => {
                    places.insert(record.object.clone(), (manifests.records.len(), place));
                    manifests.records.push(*record);
                }
                Some((index, _)) if manifests.records[*index].content == record.content => {}
                Some((_, first)) => {
                    let first = first.clone();
                    return Err(ManifestsError::Twice { object: record.object, first, second: place });
                }
            }
        }
    }
    Ok(manifests)
}

/// What errors call a file or folder.
fn called(path: &Path) -> String {
    if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() }
}

/// Adds the texts behind a path, each with the name that errors call it by.
fn read_path(path: &Path, left: &mut u64, texts: &mut Vec<(String, String)>) -> Result<(), ManifestsError> {
    let unreadable = |why| ManifestsError::Unreadable { path: path.to_owned(), why };
    let mut add = |source: &mut dyn Read| -> Result<(), ManifestsError> {
        let mut bytes = Vec::new();
        source.take(*left + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        let read = bytes.len() as u64;
        *left = left.checked_sub(read).ok_or_else(|| ManifestsError::TooLarge { file: called(path) })?;
        texts.push((called(path), text(path, bytes)?));
        Ok(())
    };
    if path == Path::new("-") {
        return add(&mut std::io::stdin().lock());
    }
    if !fs::metadata(path).map_err(unreadable)?.is_dir() {
        return add(&mut fs::File::open(path).map_err(unreadable)?);
    }
    for file in files_below(path)? {
        read_path(&file, left, texts)?;
    }
    Ok(())
}

/// The manifests in a folder and the folders below it, by path.
///
/// Hidden names are passed over and links to folders are not followed: a mounted ConfigMap keeps its files twice behind such links,
/// and a link upwards has no end.
fn files_below(folder: &Path) -> Result<Vec<PathBuf>, ManifestsError> {
    let unreadable = |why| ManifestsError::Unreadable { path: folder.to_owned(), why };
    let mut found = Vec::new();
    let mut entries =
        fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(unreadable)?;
    entries.sort_by_key(fs::DirEntry::path);
    for entry in entries {
        let path = entry.path();
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        if entry.file_type().map_err(unreadable)?.is_dir() {
            found.extend(files_below(&path)?);
        } else if is_manifest(&path) && path.is_file() {
            found.push(path);
        }
    }
    Ok(found)
}

pub(crate) fn is_manifest(path: &Path) -> bool {
    path.extension()
        .is_some_and(|e| ["yaml", "yml", "json"].iter().any(|known| e.eq_ignore_ascii_case(known)))
}

fn text(path: &Path, bytes: Vec<u8>) -> Result<String, ManifestsError> {
    String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        ManifestsError::NotText {
            file: called(path),
            line: before.split(|byte| *byte == b'\n').count(),
            column: before.rsplit(|byte| *byte == b'\n').next().map_or(0, <[u8]>::len) + 1,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    fn read_folder(folder: &tempfile::TempDir) -> Result<Manifests, ManifestsError> {
        read(&[folder.path().to_owned()], "jhub")
    }

    const SERVICE: &str = "apiVersion: v1\nkind: Service\nmetadata:\n  name: hub\n";

    #[test]
    fn a_folder_is_read_with_the_folders_below_it_but_not_what_is_hidden_or_linked() {
        let folder = folder(&[("a.yaml", SERVICE), ("b/c.yml", SERVICE), (".d/e.yaml", "{"), ("f.txt", "{")]);
        std::os::unix::fs::symlink(folder.path(), folder.path().join("loop")).unwrap();
        let manifests = read_folder(&folder).unwrap();
        assert_eq!(manifests.records.len(), 1, "the same object twice is one object");
    }

    #[test]
    fn an_object_that_is_declared_twice_differently_is_refused() {
        let other = format!("{SERVICE}spec:\n  type: NodePort\n");
        let error = read_folder(&folder(&[("a.yaml", SERVICE), ("b.yaml", &other)])).unwrap_err().to_string();
        assert!(error.contains("a.yaml:1 and in ") && error.contains("b.yaml:1"), "{error}");
    }

    #[test]
    fn bytes_that_are_no_text_are_named_by_their_place() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.yaml"), b"kind: x\nab\xff").unwrap();
        let error = read_folder(&folder).unwrap_err().to_string();
        assert!(error.contains("a.yaml:2:3: the file is not text"), "{error}");
    }

    #[test]
    fn a_persons_namespace_is_a_token_although_the_pod_comes_last() {
        let claim =
            "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: home\n  namespace: user-ada\n";
        let pod = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: jupyter-ada\n  namespace: user-ada\n  labels:\n    app: jupyterhub\n    \
                   component: singleuser-server\n  annotations:\n    hub.jupyter.org/username: ada\nspec:\n  containers: []\n";
        let manifests = read_folder(&folder(&[("a.yaml", claim), ("b.yaml", pod)])).unwrap();
        let namespace = manifests.records[0].object.namespace.clone().unwrap();
        // A token is made of letters too, and may hold these by chance.
        assert!(!namespace.split('-').any(|part| part == "ada"), "{namespace}");
    }
}
