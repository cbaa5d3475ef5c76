//! `/api/designs/{id}/export/{form}`: bodies of a design as files for other programs.

use super::scene;
use crate::auth::{Action, Actor, Object, can};
use crate::jobs::frame::{Drawing, View};
use crate::{Error, State, rooms};
use axum::extract::{Path, Query};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use solver::geometry::export::Form;
use sqlx::Row as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(export))
}

#[derive(Deserialize)]
struct Wanted {
    sequence: Option<u64>,
    #[serde(default)]
    bodies: String,
}

/// Bodies as `stl`, `obj`, `3mf` or `step`, in mm: those named in `bodies`, with commas between them, or all; as the design is now,
/// or at a position of its log. In STEP, exact bodies are exact solids and the others faceted ones.
#[utoipa::path(get, path = "/api/designs/{id}/export/{form}", tag = "design",
    params(("id" = String, Path), ("form" = String, Path), ("bodies" = Option<String>, Query), ("sequence" = Option<u64>, Query)),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream")))]
async fn export(
    state: State,
    actor: Actor,
    Path((design, form)): Path<(String, String)>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Error> {
    let action = if wanted.sequence.is_some() { Action::Recall } else { Action::See };
    can(&state, &actor, action, Object::Design(&design)).await?;
    let known = || Form::ALL.map(|(_, e)| e).join(", ");
    let form = Form::of_extension(&form).ok_or_else(|| Error::field("form", format!("Choose one of {}.", known())))?;
    let bodies = scene::bodies(&wanted.bodies)?;
    let document = rooms::document(&state, &design, wanted.sequence).await?;
    let row = sqlx::query("SELECT name FROM design WHERE id = $1").bind(&design).fetch_one(state.db.reader()).await?;
    let name = format!("{}-v{}.{}", stem(row.get(0)), document.sequence, form.extension());
    let drawing = Drawing { design: document.design, view: View::File(form), bodies };
    // What breaks as STEP may well be had as STL, and without the body that breaks.
    let key = scene::key(&drawing);
    let bytes = state.jobs.desk().draw(&state, &design, drawing, &key).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox".to_owned()),
        (header::CACHE_CONTROL, "private, no-cache".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, bytes).into_response())
}

/// A design's name as part of a file's: letters, digits and hyphens.
fn stem(name: &str) -> String {
    let parts = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
    let stem = parts.collect::<Vec<_>>().join("-");
    if stem.is_empty() { "design".into() } else { stem }
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_become_names_of_files() {
        for (name, stem) in [("Demo bracket", "Demo-bracket"), ("a/b\"\r\nc", "a-b-c"), ("箱", "design")] {
            assert_eq!(super::stem(name), stem);
        }
    }
}
