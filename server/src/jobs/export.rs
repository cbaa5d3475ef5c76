//! Answers in the formats of other programs, and as a report.

use super::artefact::Kind;
use super::figure::{self, Shot};
use super::report::Report;
use super::store::{self, Stored};
use crate::web::header::REPORT_POLICY;
use crate::{Error, State, rooms};
use app::colormap;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Deserialize;
use solver::design::{Design, Id};
use solver::format::{csv, glb, vtu};
use solver::result::Reading;
use solver::study::outcome::Outcome;
use solver::study::question::question;
use tokio::sync::Semaphore;

/// How a drawn export looks.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Look {
    /// What colours a `glb`, as JSON: quantity, axes, state or envelope. The first field when unset.
    pub reading: Option<String>,
    /// Times the displacement; 0 when unset.
    pub scale: Option<f64>,
    /// Limits of the colours, SI; both or neither. Those of the field when unset.
    pub low: Option<f64>,
    pub high: Option<f64>,
    /// Equal bands of colour; smooth when unset or 0.
    pub bands: Option<u32>,
    /// The bright end stands for the smallest value.
    pub inverted: Option<bool>,
}

/// Largest factor of a shape.
pub(super) const SCALE_MAX: f64 = 1e9;
/// Answers taken apart at one time: each may take some hundred megabytes.
static TURNS: Semaphore = Semaphore::const_new(2);

/// The stored parts of a finished run's answer: the surface, and what else is there of `more`.
async fn parts(state: &State, run: &Stored, more: &[Kind]) -> Result<Vec<Bytes>, Error> {
    let mut out = Vec::new();
    for kind in [Kind::Surface].iter().chain(more).copied() {
        let hash = {
            let mut reader = state.db.reader().acquire().await?;
            store::artefact(&mut reader, &run.id, kind).await?
        };
        let Some(hash) = hash else { continue };
        let bytes = state.blobs.get(&hash).await?;
        out.push(bytes.ok_or_else(|| Error::internal(anyhow::anyhow!("artefact {hash} is not in the store")))?);
    }
    if out.is_empty() { Err(Error::NotFound("result")) } else { Ok(out) }
}

/// The parts as one answer.
fn outcome(parts: &[Bytes]) -> Result<Outcome, Error> {
    let mut whole: Option<Outcome> = None;
    for bytes in parts {
        let part = Outcome::from_bytes(bytes).map_err(|e| Error::Conflict(e.to_string()))?;
        match &mut whole {
            None => whole = Some(part),
            Some(whole) => {
                whole.meshes.extend(part.meshes);
                whole.fields.extend(part.fields);
            }
        }
    }
    whole.ok_or(Error::NotFound("result"))
}

/// The answer of `run` as `form`. The caller has checked the right.
///
/// # Errors
/// [`Error::NotFound`] for a run without a result and for a form there is none of.
pub async fn export(state: &State, run: Stored, form: &str, look: Look) -> Result<Response, Error> {
    let (content, name) = match form {
        "vtu" => ("model/vnd.vtu", "result.vtu"),
        "glb" => ("model/gltf-binary", "result.glb"),
        "values" => ("text/csv; charset=utf-8", "values.csv"),
        "points" => ("text/csv; charset=utf-8", "points.csv"),
        "report" => ("text/html; charset=utf-8", "report.html"),
        _ => return Err(Error::NotFound("format: there are vtu, glb, values, points and report")),
    };
    let form = form.to_string();
    let mut design = None;
    if form == "report" {
        let now = rooms::document(state, &run.design, None).await?;
        let stale = question(&now.design, &Id(run.study.clone())).as_ref() != Some(&run.question);
        let then = rooms::document(state, &run.design, Some(run.sequence)).await?.design;
        design = Some(Versions { then, now: now.design, stale, shots: Vec::new() });
    }
    let _turn = TURNS.acquire().await.map_err(Error::internal)?;
    // Some ten megabytes a report: only those whose turn it is hold them.
    if let Some(versions) = &mut design {
        versions.shots = figure::shots(state, &run.id).await?;
    }
    let more: &[Kind] = match form.as_str() {
        "vtu" => &[Kind::Volume],
        // Every component, in whatever axes.
        "points" | "glb" => &[Kind::Tensor],
        _ => &[],
    };
    let parts = parts(state, &run, more).await?;
    // Large texts and pictures are made beside the threads that answer requests.
    let made = tokio::task::spawn_blocking(move || {
        let outcome = outcome(&parts)?;
        drop(parts);
        Ok::<_, Error>(made(&form, &run, &outcome, design, look))
    })
    .await
    .map_err(Error::internal)??
    .ok_or(Error::NotFound("quantity of this name in the result"))?;

    let mut response = made.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    // A report is read in the browser; the others are for other programs.
    if name == "report.html" {
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(REPORT_POLICY));
    } else if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

/// The report on a finished run as bytes, for a version of its design that asks what the run answered.
///
/// # Errors
/// [`Error::NotFound`] for a run without a result.
pub async fn report_of(state: &State, run: Stored, design: Design) -> Result<Vec<u8>, Error> {
    let _turn = TURNS.acquire().await.map_err(Error::internal)?;
    let parts = parts(state, &run, &[]).await?;
    let shots = figure::shots(state, &run.id).await?;
    let write = move || {
        let outcome = outcome(&parts)?;
        let versions = Versions { then: design.clone(), now: design, stale: false, shots };
        made("report", &run, &outcome, Some(versions), Look::default()).ok_or(Error::NotFound("result"))
    };
    tokio::task::spawn_blocking(write).await.map_err(Error::internal)?
}

/// The design that a run answered for, and as it is now.
struct Versions {
    then: Design,
    now: Design,
    /// The run answers an earlier question than the design asks now.
    stale: bool,
    shots: Vec<Shot>,
}

fn made(form: &str, run: &Stored, outcome: &Outcome, design: Option<Versions>, look: Look) -> Option<Vec<u8>> {
    match form {
        "vtu" => Some(vtu::write(&outcome.inmost())),
        "glb" => {
            let first = || outcome.fields.first().map(|f| Reading::stored(&f.id, f.case.as_deref()));
            let reading = match &look.reading {
                Some(text) => serde_json::from_str(text).ok(),
                None => first(),
            }?;
            let scale = look.scale.filter(|s| s.abs() <= SCALE_MAX).unwrap_or(0.0);
            let range = look.low.zip(look.high).filter(|(low, high)| low < high);
            let inverted = look.inverted.unwrap_or(false);
            let colour = |share: f64| colormap::colour(if inverted { 1.0 - share } else { share }, look.bands);
            glb::write(outcome, &glb::Look { reading: &reading, scale, range, colour: &colour })
        }
        "values" => Some(csv::values(outcome).into_bytes()),
        "points" => Some(csv::points(outcome).into_bytes()),
        _ => {
            let Versions { then, now, stale, shots } = design?;
            let report = Report::new(run, &then, outcome, stale).with_probes(&now).with_figures(shots);
            Some(report.html().into_bytes())
        }
    }
}
