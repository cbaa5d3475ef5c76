//! `server doctor`: what is wrong here, and what would mend it.

use crate::blob::{self, BlobStore as _, Folder};
use crate::config::Config;
use crate::db::migration;
use crate::telemetry::audit;
use crate::{db, jobs};
use sqlx::Row as _;
use std::fmt;

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub is_good: bool,
    pub subject: &'static str,
    pub text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.is_good { "ok  " } else { "MEND" };
        write!(f, "{mark} {}: {}", self.subject, self.text)
    }
}

/// Disk space under which a start is unwise, bytes.
const SPACE_MIN: u64 = 2 * 1024 * 1024 * 1024;

/// Looks at the data folder of `config`. Changes nothing.
pub async fn examine(config: &Config) -> Vec<Finding> {
    let mut findings = vec![good("version", format!("Brunel {}", env!("CARGO_PKG_VERSION")))];
    findings.push(disk(config));
    findings.push(workers(config));
    findings.push(match jobs::doctor::examine().await {
        Ok(text) => good("solver", text),
        Err(text) => bad("solver", text),
    });
    if !config.database().exists() {
        let text = format!("no database in {} yet; the first start makes it", config.data.display());
        findings.push(good("database", text));
        return findings;
    }
    match db::connect(&config.database(), false).await {
        Ok(db) => {
            findings.extend(database(&db).await);
            findings.push(files(&db, config).await);
            db.close().await;
        }
        Err(error) => findings.push(bad("database", format!("{error:#}"))),
    }
    findings
}

fn good(subject: &'static str, text: impl Into<String>) -> Finding {
    Finding { is_good: true, subject, text: text.into() }
}

fn bad(subject: &'static str, text: impl Into<String>) -> Finding {
    Finding { is_good: false, subject, text: text.into() }
}

fn disk(config: &Config) -> Finding {
    let probe = config.data.join("doctor.probe");
    if config.data.exists() {
        if let Err(error) = std::fs::write(&probe, b"probe") {
            return bad(
                "disk",
                format!("cannot write in {}: {error}; give this user the folder", config.data.display()),
            );
        }
        let _ = std::fs::remove_file(&probe);
    }
    let folder = if config.data.exists() { config.data.as_path() } else { std::path::Path::new(".") };
    match rustix::fs::statvfs(folder) {
        Ok(space) => {
            let free = space.f_bavail * space.f_frsize;
            let text = format!("{:.1} GB free", free as f64 / 1e9);
            if free < SPACE_MIN {
                bad("disk", format!("{text}; make room or move the data folder"))
            } else {
                good("disk", text)
            }
        }
        Err(error) => bad("disk", format!("cannot ask for the free space: {error}")),
    }
}

fn workers(config: &Config) -> Finding {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let file = config.worker_token_file();
    if std::fs::metadata(&file).is_ok() {
        good(
            "workers",
            format!("{cores} cores here; other hosts join with `server worker --connect` and {}", file.display()),
        )
    } else {
        good("workers", format!("{cores} cores here; the workers' token is made on first start"))
    }
}

async fn database(db: &db::Db) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut ask = async |subject: &'static str, sql: &'static str, wanted: &str, cure: &str| {
        let finding = match sqlx::query(sql).fetch_one(db.reader()).await {
            Ok(row) => {
                let found = row.try_get::<String, _>(0).unwrap_or_else(|_| row.get::<i64, _>(0).to_string());
                if wanted.is_empty() || found == wanted {
                    good(subject, found)
                } else {
                    bad(subject, format!("{found}; {cure}"))
                }
            }
            Err(error) => bad(subject, error.to_string()),
        };
        findings.push(finding);
    };
    ask("SQLite", "SELECT sqlite_version()", "", "").await;
    ask(
        "journal",
        "PRAGMA journal_mode",
        "wal",
        "something else opened this file; start the server once to set it back",
    )
    .await;
    ask("durability", "PRAGMA synchronous", "2", "this build does not write durably; do not use it").await;
    ask("integrity", "PRAGMA quick_check", "ok", "restore the latest backup").await;
    findings.push(migrations(db).await);
    findings.push(match audit::verify(db).await {
        Ok(Ok(whole)) => good("audit", format!("{} entries, chain whole, last {}", whole.n_rows, whole.head)),
        Ok(Err(broken)) => {
            let cure = "what stands before it is whole; find out who had the file, and compare with a backup";
            bad("audit", format!("{broken}; {cure}"))
        }
        Err(error) => bad("audit", error.to_string()),
    });
    findings
}

/// Whether everything that a row names is in the store. Bytes are checked when they are read, and by a backup.
async fn files(db: &db::Db, config: &Config) -> Finding {
    let named = match blob::named(db.reader()).await {
        Ok(named) => named,
        Err(error) => return bad("files", error.to_string()),
    };
    let store = Folder::open_for_reading(&config.blobs());
    let mut lost: Vec<&String> = named.iter().filter(|hash| !store.has(hash).unwrap_or(false)).collect();
    lost.sort();
    match lost.first() {
        None => good("files", format!("all {} there", named.len())),
        Some(first) => {
            let folder = config.blobs();
            let text = format!("{} of {} are lost, the first is {first}", lost.len(), named.len());
            bad("files", format!("{text}; copy them from a backup's folder blobs to {}", folder.display()))
        }
    }
}

async fn migrations(db: &db::Db) -> Finding {
    match judge_migrations(db).await {
        Ok(finding) => finding,
        Err(error) => bad("migrations", format!("{error}; run `server migrate`")),
    }
}

async fn judge_migrations(db: &db::Db) -> sqlx::Result<Finding> {
    let steps = migration::known();
    let applied = sqlx::query("SELECT version FROM _sqlx_migrations WHERE success = 1").fetch_all(db.reader()).await?;
    let applied: Vec<i64> = applied.into_iter().map(|row| row.get(0)).collect();
    let mut reader = db.reader().acquire().await?;
    let strange = migration::strange(&mut reader, &steps).await?;
    if let Some(why) = migration::refusal(&strange) {
        return Ok(bad(
            "migrations",
            format!("a newer Brunel forbids this one to open the file: {why}; use the newer one"),
        ));
    }
    let missing: Vec<&str> =
        steps.iter().filter(|step| !applied.contains(&step.version)).map(|step| step.name).collect();
    if !missing.is_empty() {
        return Ok(bad("migrations", format!("{} not applied; run `server migrate`", missing.join(", "))));
    }
    let n = applied.len() - strange.len();
    Ok(good(
        "migrations",
        match strange.len() {
            0 => format!("all {n} applied"),
            m => format!("all {n} applied, and {m} of a newer Brunel that this one can do without"),
        },
    ))
}
