//! Backup and restore: a consistent copy of the database with every blob and key, and the way back.

use crate::blob::{self, BlobStore as _, Folder};
use crate::config::{Config, write_private};
use crate::db;
use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Files beside database and blobs that others know this server by: workers on other hosts hold the token, and trust the
/// certificate that was made here. One that was given on the command line lies elsewhere and is its owner's to keep.
const KEYS: [&str; 4] = ["worker.token", "tls/certificate.pem", "tls/key.pem", "tls/host"];

/// What a backup holds, written last: without it a folder is not a backup.
#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    format: u32,
    version: String,
    /// BLAKE3 of the database file.
    database: String,
    blobs: Vec<String>,
    /// Named by the database, but lost before the backup was made.
    #[serde(default)]
    missing: Vec<String>,
    /// Those of [`KEYS`] that were there, with BLAKE3 of each. Backups from before they were kept have none.
    #[serde(default)]
    keys: BTreeMap<String, String>,
}

const FORMAT: u32 = 1;
const MANIFEST: &str = "backup.json";
const DATABASE: &str = "brunel.sqlite";

/// What was copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extent {
    pub n_blobs: usize,
    pub bytes: u64,
    /// Hashes of blobs that the database names and the store has lost.
    pub missing: Vec<String>,
}

/// Copies the data of `config` into the new folder `to`, while a server may be running on it: the database as it is at
/// one moment, the blobs it names, and the keys. Lost blobs are listed, and the rest is saved all the same. Only the owner can
/// enter the folder, as whoever has it can be anyone.
///
/// # Errors
/// When `to` exists, or something cannot be read or written; then `to` holds no manifest and is not a backup.
pub async fn backup(config: &Config, to: &Path) -> anyhow::Result<Extent> {
    anyhow::ensure!(config.database().exists(), "there is no database in {}", config.data.display());
    create_private(to).with_context(|| format!("cannot create the folder {}", to.display()))?;
    let db = db::connect(&config.database(), false).await?;
    let target = to.join(DATABASE);
    let text = target.to_str().context("the backup's folder has a name that is not text")?;
    let mut connection = db.writer().await.map_err(anyhow::Error::from)?;
    // First the database, then the blobs: a blob is stored before the row that names it.
    sqlx::query("VACUUM INTO $1").bind(text).execute(&mut *connection).await.context("cannot copy the database")?;
    drop(connection);
    db.close().await;
    let copied = db::look_into(&target).await?;
    let mut named: Vec<String> = blob::named(&copied).await.map_err(anyhow::Error::from)?.into_iter().collect();
    copied.close().await;
    named.sort();
    let from = Folder::open_for_reading(&config.blobs());
    let copy = Folder::open(&to.join("blobs"))?;
    let mut bytes = fs::metadata(&target)?.len();
    let (mut blobs, mut missing) = (Vec::new(), Vec::new());
    for hash in named {
        match from.get(&hash).with_context(|| format!("cannot read blob {hash}; restore it from an earlier backup"))? {
            Some(blob) => {
                bytes += blob.len() as u64;
                copy.put(&blob)?;
                blobs.push(hash);
            }
            None => missing.push(hash),
        }
    }
    let mut keys = BTreeMap::new();
    for name in KEYS {
        match fs::read(config.data.join(name)) {
            Ok(key) => {
                bytes += key.len() as u64;
                keys.insert(name.to_owned(), blake3::hash(&key).to_hex().to_string());
                put_key(to, name, &key)?;
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_context(|| format!("cannot read {name}")),
        }
    }
    fs::File::open(&target)?.sync_all()?;
    let database = blake3::hash(&fs::read(&target)?).to_hex().to_string();
    let n_blobs = blobs.len();
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let manifest = Manifest { format: FORMAT, version, database, blobs, missing: missing.clone(), keys };
    fs::write(to.join(MANIFEST), serde_json::to_vec_pretty(&manifest)?)?;
    fs::File::open(to.join(MANIFEST))?.sync_all()?;
    Ok(Extent { n_blobs, bytes, missing })
}

/// Makes the data folder of `config` from the backup in `from`, after checking every byte of it.
///
/// # Errors
/// When the data folder has a database already, or the backup is incomplete or damaged.
pub async fn restore(from: &Path, config: &Config) -> anyhow::Result<Extent> {
    let text = fs::read(from.join(MANIFEST))
        .with_context(|| format!("{} is not a complete backup: it has no {MANIFEST}", from.display()))?;
    let manifest: Manifest = serde_json::from_slice(&text).context("the backup's list cannot be read")?;
    anyhow::ensure!(
        manifest.format == FORMAT,
        "this backup has format {}, made by Brunel {}",
        manifest.format,
        manifest.version
    );
    anyhow::ensure!(
        !config.database().exists(),
        "{} holds a database already; restore into a new folder",
        config.data.display()
    );
    let database = fs::read(from.join(DATABASE)).context("the backup has no database")?;
    anyhow::ensure!(
        blake3::hash(&database).to_hex().as_str() == manifest.database,
        "the backup's database is damaged: its bytes changed since it was made"
    );
    fs::create_dir_all(&config.data)?;
    let source = Folder::open_for_reading(&from.join("blobs"));
    let target = Folder::open(&config.blobs())?;
    let mut bytes = database.len() as u64;
    for hash in &manifest.blobs {
        let blob = source.get(hash).with_context(|| format!("blob {hash} of the backup is damaged"))?;
        let blob = blob.with_context(|| format!("the backup lacks blob {hash}"))?;
        bytes += blob.len() as u64;
        target.put(&blob)?;
    }
    for (name, hash) in &manifest.keys {
        // Never a path of the list's choosing.
        let known = KEYS.contains(&name.as_str());
        anyhow::ensure!(
            known,
            "the backup has {name}, which this Brunel does not know; restore with {}",
            manifest.version
        );
        let key = fs::read(from.join(name)).with_context(|| format!("the backup lacks {name}"))?;
        anyhow::ensure!(blake3::hash(&key).to_hex().as_str() == hash, "{name} of the backup is damaged");
        bytes += key.len() as u64;
        put_key(&config.data, name, &key)?;
    }
    // The database comes last, so that an interrupted restore does not look like data.
    let aside = config.data.join("restoring.sqlite");
    fs::write(&aside, &database)?;
    fs::File::open(&aside)?.sync_all()?;
    fs::rename(&aside, config.database())?;
    fs::File::open(&config.data)?.sync_all()?;
    db::open(&config.database()).await?.close().await;
    Ok(Extent { n_blobs: manifest.blobs.len(), bytes, missing: manifest.missing })
}

/// Makes a folder that only its owner can enter.
fn create_private(folder: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Writes a key below `folder`, readable by its owner only.
fn put_key(folder: &Path, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
    let path = folder.join(name);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    // A file that is there already would keep the rights it has.
    match fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    write_private(&path, bytes).with_context(|| format!("cannot write {}", path.display()))
}
