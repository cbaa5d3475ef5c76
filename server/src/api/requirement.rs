//! `/api/designs/{id}/requirements`: whether a design does what it must, by what its runs left in the store. Nothing here
//! sets a verdict: there is no route that could.

use crate::auth::{Action, Actor, Object, can};
use crate::blob::blocking;
use crate::jobs::store::{self, Stored};
use crate::{Error, State, rooms};
use app::api::requirement::Judged;
use axum::Json;
use axum::extract::{Path, Query};
use serde::Deserialize;
use solver::design::schema::Section;
use solver::design::{Design, Id};
use solver::requirement::{Evidence, Judgement, Record, judge};
use solver::study::question::question;
use std::collections::BTreeSet;
use std::io::ErrorKind;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Runs of a study that are read: the newest counts, the others stand by in case its bytes are damaged.
const RUNS_READ: u32 = 3;

pub fn router() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(judged))
}

#[derive(Deserialize)]
struct At {
    sequence: Option<u64>,
}

/// Every requirement with its verdict, now or at a position of the log.
#[utoipa::path(get, path = "/api/designs/{id}/requirements", tag = "requirements",
    params(("id" = String, Path), ("sequence" = Option<u64>, Query)), responses((status = 200, body = Judged)))]
async fn judged(
    state: State,
    actor: Actor,
    Path(id): Path<String>,
    Query(at): Query<At>,
) -> Result<Json<Judged>, Error> {
    can(&state, &actor, Action::See, Object::Design(&id)).await?;
    let document = rooms::document(&state, &id, at.sequence).await?;
    let judgements = verdicts(&state, &id, &document.design).await?;
    Ok(Json(Judged { sequence: document.sequence, judgements }))
}

/// Verdicts on all requirements of `design`, which is the content of the design `id` at some position of its log.
///
/// # Errors
/// The database's, and the disk's. Damaged answers are no error: they are evidence of nothing, and the verdict says so.
pub async fn verdicts(state: &State, id: &str, design: &Design) -> Result<Vec<Judgement>, Error> {
    let asked: Vec<_> = design.section(Section::Requirement).filter(|r| !r.suppressed).collect();
    let studies: BTreeSet<Id> = asked.iter().flat_map(|r| r.refs("study")).collect();
    let evidence = evidence(state, id, design, studies).await?;
    Ok(asked.into_iter().map(|requirement| judge(design, requirement, &evidence)).collect())
}

/// What is stored of the runs that may count for `studies`.
///
/// # Errors
/// As [`verdicts`].
pub async fn evidence(state: &State, id: &str, design: &Design, studies: BTreeSet<Id>) -> Result<Vec<Evidence>, Error> {
    let mut evidence = Vec::new();
    for study in studies {
        evidence.extend(evidence_of(state, id, design, &study).await?);
    }
    Ok(evidence)
}

/// What is stored of the runs that may count for `study`: those on the question it asks now, else its last ones.
async fn evidence_of(state: &State, id: &str, design: &Design, study: &Id) -> Result<Vec<Evidence>, Error> {
    let runs = {
        let mut reader = state.db.reader().acquire().await?;
        let fresh = match question(design, study) {
            Some(asked) => store::answered(&mut reader, id, &study.0, Some(&asked), RUNS_READ).await?,
            None => Vec::new(),
        };
        if fresh.is_empty() { store::answered(&mut reader, id, &study.0, None, RUNS_READ).await? } else { fresh }
    };
    let blobs = state.blobs.store().clone();
    blocking(move || {
        let read = |run: Stored| {
            let artefact = run.surface.clone().unwrap_or_default();
            let bytes = match blobs.get(&artefact) {
                Ok(bytes) => bytes.unwrap_or_default(),
                // Damaged, or never stored: no bytes are not those that the run published either.
                Err(e) if matches!(e.kind(), ErrorKind::InvalidData | ErrorKind::InvalidInput) => Vec::new(),
                Err(e) => return Err(e),
            };
            Ok(Evidence::read(record(run, artefact), &bytes))
        };
        runs.into_iter().map(read).collect()
    })
    .await
}

fn record(run: Stored, artefact: String) -> Record {
    Record {
        run: run.id,
        version: run.sequence,
        created: run.created,
        study: Id(run.study),
        study_kind: run.study_kind,
        question: run.question,
        finished: true,
        artefact,
    }
}
