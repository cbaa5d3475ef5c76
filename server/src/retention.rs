//! What goes with time: ended sessions, used links, the bin, the write-ahead log.

use crate::clock::DAY;
use crate::rooms::Revoked;
use crate::telemetry::audit;
use crate::{Error, State};
use sqlx::Row as _;
use std::time::Duration;

/// How long a design stays in the bin, ms.
pub const BIN: i64 = 30 * DAY;
/// How long ended links stay visible, ms.
const ENDED: i64 = 30 * DAY;
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
    sqlx::query("DELETE FROM session WHERE expires <= $1 OR seen <= $2")
        .bind(now)
        .bind(now - crate::auth::session::IDLE)
        .execute(&mut *write)
        .await?;
    sqlx::query("DELETE FROM reset WHERE expires <= $1").bind(now).execute(&mut *write).await?;
    sqlx::query("DELETE FROM invitation WHERE expires <= $1").bind(now - ENDED).execute(&mut *write).await?;
    sqlx::query("DELETE FROM share WHERE expires <= $1").bind(now - ENDED).execute(&mut *write).await?;
    let designs = sqlx::query("DELETE FROM design WHERE state = 'bin' AND changed <= $1 RETURNING id")
        .bind(now - BIN)
        .fetch_all(&mut *write)
        .await?;
    let designs: Vec<String> = designs.into_iter().map(|row| row.get(0)).collect();
    for design in &designs {
        audit::record(&mut write, now, "server", "design.expire", &format!("design:{design}"), "").await?;
    }
    write.commit().await?;
    for design in &designs {
        state.rooms.revoke(state, Revoked::Design(design.clone()));
    }
    Ok(designs.len() as u64)
}

async fn checkpoint(state: &State) -> Result<(), Error> {
    let mut writer = state.db.writer().await?;
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut *writer).await?;
    Ok(())
}
