//! What goes with time: ended sessions, used links, the bin, drawings, blobs that nothing names, the write-ahead log.

use crate::clock::DAY;
use crate::rooms::Revoked;
use crate::telemetry::audit;
use crate::{Error, State, blob};
use app::api::share::RECENT_DAYS;
use sqlx::Row as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long a design stays in the bin, ms.
pub const BIN: i64 = 30 * DAY;
/// How long ended invitations stay visible, ms, and which devices and addresses ended links were used from.
pub const ENDED: i64 = RECENT_DAYS * DAY;
/// How long a drawing is kept, ms: it can be made again.
const DRAWING: i64 = 7 * DAY;
/// How long a blob that nothing names is kept, ms. A run uploads its answer before the row that names it, at the latest
/// when its time is up.
const UNNAMED: i64 = DAY;
const _: () = assert!(UNNAMED > 2 * crate::jobs::BUDGET_MS as i64);
const SWEEP: Duration = Duration::from_secs(3600);
const CHECKPOINT: Duration = Duration::from_secs(300);

/// Sweeps now and then, for as long as the runtime lives.
pub fn start(state: &State) {
    let sweeping = state.clone();
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(SWEEP);
        loop {
            ticks.tick().await;
            match sweep(&sweeping).await {
                Ok(0) => {}
                Ok(n_designs) => tracing::info!(n_designs, "emptied the bin"),
                Err(error) => tracing::error!(%error, "cannot sweep"),
            }
            match collect(&sweeping).await {
                Ok(0) => {}
                Ok(n_blobs) => tracing::info!(n_blobs, "removed blobs that nothing names"),
                Err(error) => tracing::error!(%error, "cannot remove blobs"),
            }
        }
    });
    let checkpointing = state.clone();
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(CHECKPOINT);
        loop {
            ticks.tick().await;
            if let Err(error) = checkpoint(&checkpointing).await {
                tracing::warn!(%error, "cannot checkpoint");
            }
        }
    });
}

/// Removes what has ended; returns how many designs left the bin.
///
/// # Errors
/// When the database refuses.
pub async fn sweep(state: &State) -> Result<u64, Error> {
    let now = state.now();
    let mut write = state.db.write().await?;
    let sessions =
        sqlx::query("DELETE FROM session WHERE expires <= $1 RETURNING id").bind(now).fetch_all(&mut *write).await?;
    sqlx::query("DELETE FROM session WHERE seen <= $1")
        .bind(now - crate::auth::session::IDLE)
        .execute(&mut *write)
        .await?;
    sqlx::query("DELETE FROM cache WHERE created <= $1").bind(now - DRAWING).execute(&mut *write).await?;
    sqlx::query("DELETE FROM reset WHERE expires <= $1").bind(now).execute(&mut *write).await?;
    sqlx::query("DELETE FROM invitation WHERE expires <= $1").bind(now - ENDED).execute(&mut *write).await?;
    // Who saw what and when stays on record, and the link for its name; what is known of its guests' devices goes. A link through
    // which something was said stays too, for the mark that it came from a guest.
    for sql in [
        "UPDATE share_view SET device = '', address = '' WHERE (device <> '' OR address <> '') \
         AND share IN (SELECT id FROM share WHERE expires <= $1)",
        "DELETE FROM share WHERE expires <= $1 AND NOT EXISTS (SELECT 1 FROM comment WHERE comment.share = share.id) \
         AND NOT EXISTS (SELECT 1 FROM share_view WHERE share_view.share = share.id)",
    ] {
        sqlx::query(sql).bind(now - ENDED).execute(&mut *write).await?;
    }
    let designs = sqlx::query(
        "DELETE FROM design WHERE state = 'bin' AND changed <= $1 AND NOT EXISTS (SELECT 1 FROM release \
         WHERE release.design = design.id AND release.state IN ('released', 'superseded')) \
         RETURNING id, (SELECT organisation FROM project WHERE project.id = design.project)",
    )
    .bind(now - BIN)
    .fetch_all(&mut *write)
    .await?;
    let designs: Vec<(String, Option<String>)> = designs.into_iter().map(|row| (row.get(0), row.get(1))).collect();
    for (design, organisation) in &designs {
        let texts = ["server", "design.expire", &format!("design:{design}"), ""];
        audit::record_of(&mut write, now, organisation.as_deref(), texts).await?;
    }
    write.commit().await?;
    for session in sessions {
        state.rooms.revoke(state, Revoked::Session(session.get(0)));
    }
    for (design, _) in &designs {
        state.rooms.revoke(state, Revoked::Design(design.clone()));
    }
    Ok(designs.len() as u64)
}

/// Removes blobs that nothing names any more; returns how many.
///
/// # Errors
/// When database or disk refuse.
pub async fn collect(state: &State) -> Result<usize, Error> {
    // First the blobs, then the names: what is stored and named in between is young, and stays for that.
    let store = state.blobs.store().clone();
    let blobs = blob::blocking(move || store.list()).await?;
    let named = blob::named(state.db.reader()).await?;
    let since = u64::try_from(state.now() - UNNAMED).unwrap_or(0);
    let since: SystemTime = UNIX_EPOCH + Duration::from_millis(since);
    let store = state.blobs.store().clone();
    blob::blocking(move || {
        let mut n_removed = 0;
        for hash in blobs.iter().filter(|hash| !named.contains(*hash)) {
            n_removed += usize::from(store.remove_older(hash, since)?);
        }
        Ok(n_removed)
    })
    .await
}

async fn checkpoint(state: &State) -> Result<(), Error> {
    let mut writer = state.db.writer().await?;
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut *writer).await?;
    Ok(())
}
