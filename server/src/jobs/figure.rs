//! Figures for a run's report, captured from the viewport of whoever may run the study.
//!
//! What is taken is read as a picture and written anew from its pixels, so that nothing but a picture comes into a report; and
//! the version that it is said to show must ask what the run answered. What the picture shows is the word of whoever sent it:
//! the report says so, and keeps the server's own pictures beside it.

use super::export::{Look, SCALE_MAX};
use super::lease::State as LeaseState;
use super::route::stored;
use super::store::Stored;
use crate::auth::{Action, Actor, Object, can_in};
use crate::blob::blocking;
use crate::telemetry::audit;
use crate::{Error, State, id, rooms};
use app::api::figure::{BYTES_MAX, FIGURES_MAX, Figure, SIDE_MAX};
use app::colormap::BANDS_MAX;
use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Path, Query};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use solver::design::Id;
use solver::result::Reading;
use solver::study::question::question;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use std::io::Cursor;
use tokio::sync::Semaphore;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Shortest side of a figure, pixels: less shows nothing.
const SIDE_MIN: u32 = 16;
/// Pictures unpacked at one time: each may take 64 MiB.
static TURNS: Semaphore = Semaphore::const_new(2);
const SELECT: &str = "SELECT run_figure.id, run_figure.sequence, run_figure.look, run_figure.person, person.name, \
                      run_figure.created, run_figure.width, run_figure.height, run_figure.bytes, run_figure.hash \
                      FROM run_figure JOIN person ON person.id = run_figure.person";

pub fn router() -> OpenApiRouter<State> {
    let keep = OpenApiRouter::new().routes(routes!(list, keep)).layer(DefaultBodyLimit::max(BYTES_MAX));
    OpenApiRouter::new().merge(keep).routes(routes!(picture, remove))
}

/// What colours a result on a figure. SI.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shown {
    pub reading: Reading,
    /// Times the displacement.
    pub scale: f64,
    pub range: Option<(f64, f64)>,
    pub bands: Option<u32>,
    pub inverted: bool,
}

/// A figure with its bytes, for a report.
pub struct Shot {
    pub figure: Figure,
    /// Of a result; `None` of the set-up.
    pub shown: Option<Shown>,
    pub png: Bytes,
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct At {
    /// Log position of the design on the screen: it must ask what the run answered.
    sequence: Option<u64>,
}

fn row(row: &SqliteRow) -> Figure {
    Figure {
        id: row.get(0),
        sequence: row.get::<i64, _>(1) as u64,
        of_result: row.get::<Option<String>, _>(2).is_some(),
        by: row.get(3),
        by_name: row.get(4),
        created: row.get(5),
        width: row.get::<i64, _>(6) as u32,
        height: row.get::<i64, _>(7) as u32,
        bytes: row.get::<i64, _>(8) as u64,
    }
}

async fn rows(state: &State, run: &str) -> Result<Vec<SqliteRow>, Error> {
    let sql = format!("{SELECT} WHERE run_figure.run = $1 ORDER BY run_figure.created, run_figure.id");
    Ok(sqlx::query(sqlx::AssertSqlSafe(sql)).bind(run).fetch_all(state.db.reader()).await?)
}

/// The figures of a run with their bytes, oldest first.
///
/// # Errors
/// The database's and the disk's.
pub async fn shots(state: &State, run: &str) -> Result<Vec<Shot>, Error> {
    let mut out = Vec::new();
    for found in rows(state, run).await? {
        let hash: String = found.get(9);
        let figure = row(&found);
        // One that is lost from the disk is for the doctor to tell; the report is worth having without it.
        let Some(png) = state.blobs.get(&hash).await? else { continue };
        // So it is without one of which nobody can say any more what it shows.
        let look: Option<String> = found.get(2);
        let shown = match look.as_deref().map(serde_json::from_str).transpose() {
            Ok(shown) => shown,
            Err(error) => {
                tracing::warn!(%run, figure = figure.id, %error, "what a figure shows cannot be read");
                continue;
            }
        };
        out.push(Shot { figure, shown, png });
    }
    Ok(out)
}

/// What `look` says, checked; `None` where it names no reading: the set-up.
fn shown(look: &Look) -> Result<Option<Shown>, Error> {
    let Some(text) = &look.reading else { return Ok(None) };
    let reading = serde_json::from_str(text)
        .map_err(|e| Error::field("reading", format!("This does not say what colours the result: {e}.")))?;
    let scale = look.scale.unwrap_or(0.0);
    if !(scale.abs() <= SCALE_MAX) {
        return Err(Error::field("scale", "Displacements are drawn at most a thousand million times as large."));
    }
    let range = match (look.low, look.high) {
        (None, None) => None,
        (Some(low), Some(high)) if low <= high && low.is_finite() && high.is_finite() => Some((low, high)),
        _ => return Err(Error::field("low", "Give both limits of the colours, the lower one first, or neither.")),
    };
    // A legend is written band by band.
    if look.bands.is_some_and(|bands| bands > BANDS_MAX) {
        return Err(Error::field("bands", format!("Colours are told apart in at most {BANDS_MAX} bands.")));
    }
    Ok(Some(Shown { reading, scale, range, bands: look.bands, inverted: look.inverted.unwrap_or(false) }))
}

/// A picture's pixels as a PNG that holds nothing else, with its width and height.
///
/// # Errors
/// [`Error::Invalid`] for what is no PNG, is damaged, or has sides out of bounds.
fn plain(png: &[u8]) -> Result<(Vec<u8>, u32, u32), Error> {
    let refuse = |why: String| Error::invalid(format!("This is no picture that a report takes: {why}."));
    let wrong = |e: png::DecodingError| refuse(e.to_string());
    let mut decoder = png::Decoder::new(Cursor::new(png));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let (width, height) = decoder.read_header_info().map_err(wrong)?.size();
    // Before any pixel is unpacked: a small file may promise a large picture.
    if !(SIDE_MIN..=SIDE_MAX).contains(&width) || !(SIDE_MIN..=SIDE_MAX).contains(&height) {
        return Err(refuse(format!(
            "it is {width} × {height} pixels, and each side must have {SIDE_MIN} to {SIDE_MAX}"
        )));
    }
    let mut reader = decoder.read_info().map_err(wrong)?;
    let size = reader.output_buffer_size().ok_or_else(|| refuse("it is too large".into()))?;
    let mut pixels = vec![0; size];
    let frame = reader.next_frame(&mut pixels).map_err(wrong)?;
    reader.finish().map_err(wrong)?;
    pixels.truncate(frame.buffer_size());
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, width, height);
    encoder.set_color(frame.color_type);
    encoder.set_depth(frame.bit_depth);
    let mut writer = encoder.write_header().map_err(Error::internal)?;
    writer.write_image_data(&pixels).map_err(Error::internal)?;
    writer.finish().map_err(Error::internal)?;
    Ok((out, width, height))
}

/// That version `sequence` of the run's design asks what the run answered.
///
/// # Errors
/// [`Error::Invalid`] for a version that is missing or not there, [`Error::Conflict`] for one that asks something else.
async fn same_question(state: &State, run: &Stored, sequence: Option<u64>) -> Result<u64, Error> {
    let sequence =
        sequence.ok_or_else(|| Error::field("sequence", "Say which version of the design is on the screen."))?;
    let document = match rooms::document(state, &run.design, Some(sequence)).await {
        Ok(document) => document,
        Err(Error::NotFound(_)) => return Err(Error::field("sequence", "The design has no such version.")),
        Err(e) => return Err(e),
    };
    if question(&document.design, &Id(run.study.clone())).as_ref() != Some(&run.question) {
        return Err(Error::Conflict(format!(
            "version {sequence} asks something else than this run answered, so a picture of it is none of this run; run \
             the study again"
        )));
    }
    Ok(sequence)
}

/// The figures that people captured for a run's report, oldest first.
#[utoipa::path(get, path = "/api/runs/{id}/figures", params(("id" = String, Path)),
    responses((status = 200, body = Vec<Figure>)), tag = "runs")]
async fn list(state: State, actor: Actor, Path(run): Path<String>) -> Result<Json<Vec<Figure>>, Error> {
    let run = stored(&state, &actor, &run, Action::See).await?;
    Ok(Json(rows(&state, &run.id).await?.iter().map(row).collect()))
}

/// Keeps a picture of the viewport for a run's report; the body is a PNG of at most 4 MiB and 4096 pixels each way. The query
/// says which version of the design is on the screen, and for a result what colours it, as for a `glb`; without a reading it
/// is the set-up. The same picture of the same version and reading again is the same figure.
#[utoipa::path(post, path = "/api/runs/{id}/figures", params(("id" = String, Path), At, Look), tag = "runs",
    request_body(content = Vec<u8>, content_type = "image/png"),
    responses((status = 200, body = Figure), (status = 409, body = app::api::Problem, description =
        "The run has no answer, the version asks something else, or the run has as many figures as it may have")))]
async fn keep(
    state: State,
    actor: Actor,
    Path(run): Path<String>,
    Query(at): Query<At>,
    Query(look): Query<Look>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Figure>, Error> {
    let run = stored(&state, &actor, &run, Action::Run).await?;
    let person = actor.person()?;
    if run.job.state != LeaseState::Done {
        return Err(Error::Conflict("this run has no answer that a report could be about".into()));
    }
    let body = body.map_err(|_| {
        Error::TooLarge(format!("This picture is too large; the limit is {} MiB.", BYTES_MAX / (1024 * 1024)))
    })?;
    let shown = shown(&look)?;
    let sequence = same_question(&state, &run, at.sequence).await?;
    // Unpacked beside the threads that answer requests; the turn lasts as long as that does, whoever hangs up meanwhile.
    let turn = TURNS.acquire().await.map_err(Error::internal)?;
    let (png, width, height) = blocking(move || {
        let _turn = turn;
        Ok(plain(&body))
    })
    .await??;
    if png.len() > 2 * BYTES_MAX {
        return Err(Error::TooLarge("This picture is too large; make the view smaller.".into()));
    }
    let bytes = png.len() as u64;
    let hash = state.blobs.put(png.into()).await?;
    let look = shown.as_ref().map(serde_json::to_string).transpose().map_err(Error::internal)?;
    let now = state.now();
    let mut write = state.db.write().await?;
    can_in(&mut write, &state, &actor, Action::Run, Object::Design(&run.design)).await?;
    // A plain body may look the same in two states: what is said of the picture is part of the figure.
    let sql = format!(
        "{SELECT} WHERE run_figure.run = $1 AND run_figure.hash = $2 AND run_figure.sequence = $3 \
         AND run_figure.look IS NOT DISTINCT FROM $4"
    );
    let same = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(&run.id)
        .bind(&hash)
        .bind(sequence as i64)
        .bind(&look)
        .fetch_optional(&mut *write)
        .await?;
    if let Some(same) = same {
        return Ok(Json(row(&same)));
    }
    let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM run_figure WHERE run = $1")
        .bind(&run.id)
        .fetch_one(&mut *write)
        .await?;
    if count >= FIGURES_MAX as i64 {
        return Err(Error::Conflict(format!(
            "a run has at most {FIGURES_MAX} figures; take one out of its report first"
        )));
    }
    let id = id::id();
    sqlx::query(
        "INSERT INTO run_figure (id, run, hash, bytes, width, height, sequence, look, person, created) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(&id)
    .bind(&run.id)
    .bind(&hash)
    .bind(bytes as i64)
    .bind(i64::from(width))
    .bind(i64::from(height))
    .bind(sequence as i64)
    .bind(&look)
    .bind(&person.id)
    .bind(now)
    .execute(&mut *write)
    .await?;
    let detail = format!("{} {hash}", run.id);
    let object = format!("design:{}", run.design);
    audit::record(&mut write, now, &actor.label(), "figure.keep", &object, &detail).await?;
    write.commit().await?;
    Ok(Json(Figure {
        id,
        sequence,
        of_result: look.is_some(),
        by: person.id.clone(),
        by_name: person.name.clone(),
        created: now,
        width,
        height,
        bytes,
    }))
}

/// A figure as PNG.
#[utoipa::path(get, path = "/api/runs/{id}/figures/{figure}", tag = "runs",
    params(("id" = String, Path), ("figure" = String, Path)),
    responses((status = 200, body = Vec<u8>, content_type = "image/png")))]
async fn picture(state: State, actor: Actor, Path((run, figure)): Path<(String, String)>) -> Result<Response, Error> {
    let run = stored(&state, &actor, &run, Action::See).await?;
    let hash: Option<String> = sqlx::query_scalar("SELECT hash FROM run_figure WHERE run = $1 AND id = $2")
        .bind(&run.id)
        .bind(&figure)
        .fetch_optional(state.db.reader())
        .await?;
    let bytes = state.blobs.get(&hash.ok_or(Error::NotFound("figure"))?).await?.ok_or(Error::NotFound("figure"))?;
    let headers =
        [(header::CONTENT_TYPE, "image/png"), (header::CACHE_CONTROL, "private, max-age=31536000, immutable")];
    Ok((headers, bytes).into_response())
}

/// Takes a figure out of a run's report; one that is not there any more is no fault. Answers with those that are left.
#[utoipa::path(delete, path = "/api/runs/{id}/figures/{figure}", tag = "runs",
    params(("id" = String, Path), ("figure" = String, Path)), responses((status = 200, body = Vec<Figure>)))]
async fn remove(
    state: State,
    actor: Actor,
    Path((run, figure)): Path<(String, String)>,
) -> Result<Json<Vec<Figure>>, Error> {
    let run = stored(&state, &actor, &run, Action::Run).await?;
    let mut write = state.db.write().await?;
    can_in(&mut write, &state, &actor, Action::Run, Object::Design(&run.design)).await?;
    let gone = sqlx::query("DELETE FROM run_figure WHERE run = $1 AND id = $2")
        .bind(&run.id)
        .bind(&figure)
        .execute(&mut *write)
        .await?;
    if gone.rows_affected() > 0 {
        let (object, detail) = (format!("design:{}", run.design), format!("{} {figure}", run.id));
        audit::record(&mut write, state.now(), &actor.label(), "figure.remove", &object, &detail).await?;
    }
    write.commit().await?;
    Ok(Json(rows(&state, &run.id).await?.iter().map(row).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut out = Vec::new();
        let mut encoder = png::Encoder::new(&mut out, width, height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.add_text_chunk("Comment".into(), "<script>".into()).expect("a comment");
        let mut writer = encoder.write_header().expect("a header");
        writer.write_image_data(&vec![200; (3 * width * height) as usize]).expect("pixels");
        writer.finish().expect("written");
        out
    }

    #[test]
    fn only_pixels_come_in() {
        let sent = png(32, 20);
        assert!(sent.windows(8).any(|w| w == b"<script>"));
        let (kept, width, height) = plain(&sent).expect("a picture");
        assert_eq!((width, height), (32, 20));
        assert!(!kept.windows(8).any(|w| w == b"<script>"), "its comment is gone");
        assert_eq!(plain(&kept).expect("again").0, kept, "the same picture is the same bytes");
    }

    #[test]
    fn what_is_no_sound_picture_is_refused() {
        let sound = png(32, 20);
        for bytes in [&b""[..], b"{}", b"<svg/>", &sound[..sound.len() / 2], &sound[..40]] {
            assert!(matches!(plain(bytes), Err(Error::Invalid { .. })), "{bytes:?}");
        }
    }

    #[test]
    fn a_sound_picture_with_sides_out_of_bounds_is_refused_for_them() {
        for (width, height) in [(SIDE_MAX + 1, SIDE_MIN), (SIDE_MIN, SIDE_MAX + 1), (SIDE_MIN - 1, SIDE_MIN)] {
            let why = plain(&png(width, height)).expect_err("out of bounds").to_string();
            assert!(why.contains("each side must have 16 to 4096"), "{why}");
        }
        assert!(plain(&png(SIDE_MAX, SIDE_MIN)).is_ok());
    }

    #[test]
    fn what_it_shows_is_checked_by_field() {
        let reading = serde_json::to_string(&Reading::stored("von_mises", None)).expect("plain");
        let look = |reading: &str, low, high, scale| Look {
            reading: Some(reading.into()),
            low,
            high,
            scale,
            ..Look::default()
        };
        assert_eq!(shown(&Look::default()).expect("the set-up"), None);
        assert!(shown(&look(&reading, Some(0.0), Some(1.0), Some(12.0))).expect("a result").is_some());
        let field = |look: Look| match shown(&look) {
            Err(Error::Invalid { field, .. }) => field.unwrap_or_default(),
            other => panic!("{other:?}"),
        };
        assert_eq!(field(look("stress", None, None, None)), "reading");
        assert_eq!(field(look(&reading, Some(1.0), None, None)), "low");
        assert_eq!(field(look(&reading, Some(2.0), Some(1.0), None)), "low");
        assert_eq!(field(look(&reading, None, None, Some(f64::NAN))), "scale");
        let banded = |bands| Look { bands: Some(bands), ..look(&reading, None, None, None) };
        assert_eq!(field(banded(u32::MAX)), "bands");
        assert_eq!(field(banded(BANDS_MAX + 1)), "bands");
        assert!(shown(&banded(BANDS_MAX)).is_ok());
    }
}
