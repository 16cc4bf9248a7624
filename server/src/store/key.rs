//! The key of the installation, in a file beside the database.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use posture::redact::RedactionKey;

use super::{Store, StoreError, lock, meta};

/// How many random bytes a key has.
const LENGTH: usize = 32;

impl Store {
    /// The key of the installation: read from `<database>.key`, which is made if there is none.
    ///
    /// It is not in the database, so that a copy of the database alone leads from no token to a name by trying names. Without the file
    /// the next key is another one: then people get other tokens, and hashes of then and now are not compared.
    pub async fn redaction_key(&self) -> Result<RedactionKey, StoreError> {
        let path = lock::beside(self.path(), ".key");
        let bytes = load(&path).map_err(|source| match source.kind() {
            io::ErrorKind::InvalidData => StoreError::Key { path: path.clone() },
            _ => StoreError::from_io(&path, source),
        })?;
        let key = RedactionKey::new(&bytes);
        self.note_key(key.id()).await?;
        Ok(key)
    }

    /// Writes down which key is in use, and says so in the log if it is another one than before.
    async fn note_key(&self, id: &str) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        let known = meta::find(&mut transaction, meta::HASH_KEY_ID).await.map_err(|e| e.at(self.path()))?;
        if known.as_deref().is_some_and(|known| known != id) {
            tracing::warn!(
                key.id = id,
                "the key beside the database is another one than before: people get other tokens, and what was hashed before cannot be compared"
            );
        }
        meta::set(&mut transaction, meta::HASH_KEY_ID, id).await.map_err(|e| e.at(self.path()))?;
        self.finish(transaction).await
    }
}

/// Reads the key, or makes one.
fn load(path: &Path) -> io::Result<Vec<u8>> {
    match fs::read(path) {
        Ok(bytes) if bytes.len() == LENGTH => Ok(bytes),
        Ok(_) => Err(io::ErrorKind::InvalidData.into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(path),
        Err(error) => Err(error),
    }
}

/// Makes a key from the system's random numbers. It gets its name only when it is whole, so that a crash leaves no half key.
fn make(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; LENGTH];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    let unfinished = lock::beside(path, ".new");
    let mut file =
        OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&unfinished)?;
    file.write_all(&bytes)?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    Ok(bytes)
}
