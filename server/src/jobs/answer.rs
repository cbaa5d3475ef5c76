//! Answers in the store, for those who compare versions.

use super::artefact::Kind;
use super::lease::State as LeaseState;
use super::store;
use crate::{Error, State};
use solver::study::outcome::{Outcome, Scalar};

/// The newest finished run of `design` that answers this question.
///
/// # Errors
/// When the database cannot be read.
pub async fn answer_to(state: &State, design: &str, question: &str) -> Result<Option<String>, Error> {
    let mut reader = state.db.reader().acquire().await?;
    let run = store::asking(&mut reader, design, question, &[LeaseState::Done]).await?;
    Ok(run.map(|run| run.id))
}

/// The numbers a finished run found; none where its answer is not there any more.
///
/// # Errors
/// When database or store cannot be read.
pub async fn numbers_of(state: &State, run: &str) -> Result<Vec<Scalar>, Error> {
    let hash = {
        let mut reader = state.db.reader().acquire().await?;
        store::artefact(&mut reader, run, Kind::Surface).await?
    };
    let Some(hash) = hash else { return Ok(Vec::new()) };
    let Some(bytes) = state.blobs.get(&hash).await? else { return Ok(Vec::new()) };
    let read = tokio::task::spawn_blocking(move || Outcome::from_bytes(&bytes)).await.map_err(Error::internal)?;
    // One that an older build wrote and this one cannot read has no numbers to compare.
    Ok(read.map(|outcome| outcome.scalars).unwrap_or_default())
}
