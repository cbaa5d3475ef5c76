//! The blob store port: immutable bytes under the hash of their content.

use crate::error::Error;
use bytes::Bytes;
use sqlx::Row as _;
use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// Stores immutable bytes under their BLAKE3 hash (64 hex digits).
///
/// Calls block; [`Blobs`] is the asynchronous door to it.
pub trait BlobStore: Send + Sync + 'static {
    /// Stores `bytes` durably and returns their hash. Storing the same bytes again only makes them young.
    fn put(&self, bytes: &[u8]) -> io::Result<String>;
    /// The bytes under `hash`; `None` when they are not here.
    ///
    /// # Errors
    /// `InvalidData` when what is stored no longer has that hash.
    fn get(&self, hash: &str) -> io::Result<Option<Vec<u8>>>;
    fn has(&self, hash: &str) -> io::Result<bool>;
    /// Removes what was last stored before `since`; false when it was stored later, or is not here.
    fn remove_older(&self, hash: &str, since: SystemTime) -> io::Result<bool>;
    /// Hashes of everything stored.
    fn list(&self) -> io::Result<Vec<String>>;
}

/// True for the only shape a blob's name may have, so that no name can leave the folder.
pub fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// Blobs as files: `<root>/ab/cdef…`, written aside, synced, then renamed.
pub struct Folder {
    root: PathBuf,
    /// Held while deciding by a file's age, so that nothing is removed which someone has just stored again.
    ages: Mutex<()>,
}

impl Folder {
    /// # Errors
    /// When the folder cannot be made.
    pub fn open(root: &Path) -> io::Result<Self> {
        fs::create_dir_all(root.join("incoming"))?;
        for stale in fs::read_dir(root.join("incoming"))? {
            // Left by a crash between write and rename; nobody knows its name any more.
            let _ = fs::remove_file(stale?.path());
        }
        Ok(Self { root: root.to_owned(), ages: Mutex::default() })
    }

    /// A store that is only read, and left as it is: another process may be writing there.
    pub fn open_for_reading(root: &Path) -> Self {
        Self { root: root.to_owned(), ages: Mutex::default() }
    }

    fn path(&self, hash: &str) -> io::Result<PathBuf> {
        if !is_hash(hash) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a blob's hash"));
        }
        Ok(self.root.join(&hash[..2]).join(&hash[2..]))
    }
}

impl BlobStore for Folder {
    fn put(&self, bytes: &[u8]) -> io::Result<String> {
        let hash = blake3::hash(bytes).to_hex().to_string();
        let path = self.path(&hash)?;
        {
            let _ages = self.ages.lock().unwrap_or_else(PoisonError::into_inner);
            match File::options().append(true).open(&path) {
                Ok(file) => return file.set_modified(SystemTime::now()).map(|()| hash),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        let folder = path.parent().unwrap_or(&self.root);
        let is_new_folder = !folder.exists();
        fs::create_dir_all(folder)?;
        let aside = self.root.join("incoming").join(crate::id::id());
        let written = (|| {
            let mut file = File::create(&aside)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&aside, &path)?;
            // The rename is durable once its folder is.
            File::open(folder)?.sync_all()?;
            if is_new_folder {
                File::open(&self.root)?.sync_all()?;
            }
            Ok(())
        })();
        if written.is_err() {
            let _ = fs::remove_file(&aside);
        }
        written.map(|()| hash)
    }

    fn get(&self, hash: &str) -> io::Result<Option<Vec<u8>>> {
        match fs::read(self.path(hash)?) {
            Ok(bytes) if blake3::hash(&bytes).to_hex().as_str() == hash => Ok(Some(bytes)),
            Ok(_) => Err(io::Error::new(io::ErrorKind::InvalidData, format!("blob {hash} is damaged"))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn has(&self, hash: &str) -> io::Result<bool> {
        self.path(hash)?.try_exists()
    }

    fn remove_older(&self, hash: &str, since: SystemTime) -> io::Result<bool> {
        let path = self.path(hash)?;
        let _ages = self.ages.lock().unwrap_or_else(PoisonError::into_inner);
        match fs::metadata(&path).and_then(|file| file.modified()) {
            Ok(stored) if stored < since => fs::remove_file(&path).map(|()| true),
            Ok(_) => Ok(false),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let mut hashes = Vec::new();
        for folder in fs::read_dir(&self.root)? {
            let folder = folder?;
            if !folder.file_type()?.is_dir() || folder.file_name() == "incoming" {
                continue;
            }
            let prefix = folder.file_name().to_string_lossy().into_owned();
            for blob in fs::read_dir(folder.path())? {
                let hash = format!("{prefix}{}", blob?.file_name().to_string_lossy());
                if is_hash(&hash) {
                    hashes.push(hash);
                }
            }
        }
        Ok(hashes)
    }
}

/// The store as handlers use it: every call on a blocking thread.
#[derive(Clone)]
pub struct Blobs(Arc<dyn BlobStore>);

impl Blobs {
    pub fn new(store: Arc<dyn BlobStore>) -> Self {
        Self(store)
    }

    /// The blocking store, for code that is on a blocking thread already.
    pub fn store(&self) -> &Arc<dyn BlobStore> {
        &self.0
    }

    /// Stores `bytes` durably and returns their hash.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the disk refuses.
    pub async fn put(&self, bytes: Bytes) -> Result<String, Error> {
        let store = self.0.clone();
        blocking(move || store.put(&bytes)).await
    }

    /// # Errors
    /// [`Error::Unavailable`] when the disk refuses or the blob is damaged.
    pub async fn get(&self, hash: &str) -> Result<Option<Bytes>, Error> {
        if !is_hash(hash) {
            return Ok(None);
        }
        let (store, hash) = (self.0.clone(), hash.to_owned());
        Ok(blocking(move || store.get(&hash)).await?.map(Bytes::from))
    }

    /// # Errors
    /// [`Error::Unavailable`] when the disk refuses.
    pub async fn has(&self, hash: &str) -> Result<bool, Error> {
        if !is_hash(hash) {
            return Ok(false);
        }
        let (store, hash) = (self.0.clone(), hash.to_owned());
        blocking(move || store.has(&hash)).await
    }
}

/// Hashes of all blobs that a row names.
///
/// # Errors
/// When the database refuses.
pub async fn named(db: &sqlx::SqlitePool) -> Result<HashSet<String>, Error> {
    let rows = sqlx::query(
        "SELECT hash FROM file UNION SELECT hash FROM run_artefact UNION SELECT document FROM run \
         UNION SELECT hash FROM cache UNION SELECT hash FROM release_artefact UNION SELECT hash FROM run_figure",
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| row.get(0)).collect())
}

/// Runs `work` on a blocking thread.
///
/// # Errors
/// [`Error::Unavailable`] when the disk refuses.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::Internal(error.into()))?.map_err(|error| {
        tracing::error!(%error, "blob store");
        Error::unavailable("The server cannot use its file store right now. Nothing was saved; try again in a moment.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn what_is_stored_again_is_young_again() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = Folder::open(folder.path()).expect("a store");
        let hash = store.put(b"bracket").expect("stored");
        let yesterday = SystemTime::now() - Duration::from_secs(86_400);
        let file = File::options().append(true).open(store.path(&hash).expect("a hash")).expect("the blob");
        file.set_modified(yesterday).expect("aged");
        store.put(b"bracket").expect("stored again");
        assert!(!store.remove_older(&hash, SystemTime::now() - Duration::from_secs(3_600)).expect("looked at"));
        assert!(store.has(&hash).expect("there"));
    }

    #[test]
    fn bytes_come_back_under_their_hash_and_damage_is_noticed() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = Folder::open(folder.path()).expect("a store");
        let hash = store.put(b"bracket").expect("stored");
        assert_eq!(store.put(b"bracket").expect("stored again"), hash);
        assert_eq!(store.get(&hash).expect("read"), Some(b"bracket".to_vec()));
        assert_eq!(store.list().expect("listed"), vec![hash.clone()]);
        fs::write(folder.path().join(&hash[..2]).join(&hash[2..]), b"brackel").expect("damaged");
        assert_eq!(store.get(&hash).expect_err("damage").kind(), io::ErrorKind::InvalidData);
        let ages = [SystemTime::now() - Duration::from_secs(60), SystemTime::now() + Duration::from_secs(60)];
        assert!(!store.remove_older(&hash, ages[0]).expect("looked at"), "it is young");
        assert!(store.remove_older(&hash, ages[1]).expect("removed"));
        assert_eq!(store.get(&hash).expect("read"), None);
        assert!(!store.remove_older(&hash, ages[1]).expect("looked at"), "it is gone");
    }

    #[test]
    fn a_name_cannot_leave_the_folder() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = Folder::open(folder.path()).expect("a store");
        for name in ["../../etc/passwd", "", "ab", &"/".repeat(64), &"A".repeat(64)] {
            assert_eq!(store.get(name).expect_err("refused").kind(), io::ErrorKind::InvalidInput, "{name}");
        }
    }
}
