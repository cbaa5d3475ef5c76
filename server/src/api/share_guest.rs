//! `/api/share/{token}`: what a guest with a link gets: the design's name, the shared bodies, files where they are allowed.
//! What is not shared never leaves the server: bodies are left out before anything is drawn or written. Nor does a position
//! of the log: whoever sees one body of many would learn from it how much is worked on the others.

use super::input::Input;
use super::{scene, share};
use crate::auth::{Action, Actor, Guest, Object, actor, can, limit, origin, pass, reach, session};
use crate::clock::{DAY, MINUTE};
use crate::jobs::frame::{Drawing, View};
use crate::telemetry::audit;
use crate::{Error, State, db, id, rooms};
use app::api::design::Document;
use app::api::share::{Allow, SharedDesign, Unlock};
use axum::Json;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use solver::geometry::export::Form;
use solver::scene::Scene;
use sqlx::Row as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The same use again within so long is one line of the record, ms.
const AGAIN: i64 = 10 * MINUTE;
/// Versions that go by on an open page are one line while no longer than this lies between two of them, ms.
const SEEN_AGAIN: i64 = DAY;

/// A server that forgets what it must not, for the test of the test: is it caught? Never set outside of tests.
#[derive(Clone, Copy, Debug, Default)]
pub struct Canary {
    /// Bodies that the link does not name are drawn too.
    pub every_body: bool,
    /// Comments that did not come through the link are given too.
    pub every_comment: bool,
}

pub fn router() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(design))
        .routes(routes!(unlock))
        .routes(routes!(shared_scene))
        .routes(routes!(export))
}

pub(super) fn guest(actor: &Actor) -> Result<&Guest, Error> {
    match actor {
        Actor::Guest(guest) => Ok(guest),
        _ => Err(Error::NotFound("link")),
    }
}

/// One use of a link, as the record has it.
struct Used<'a> {
    /// `opened`, `saw`, `refused`, `commented`, or the format of a download.
    what: &'a str,
    /// Log position that was shown.
    sequence: u64,
    device: String,
    address: String,
    time: i64,
}

/// What the record has of a use already.
enum Known {
    Nothing,
    All,
    /// This line, which goes on.
    Line(String),
}

async fn known(db: &mut db::Connection, guest: &Guest, used: &Used<'_>) -> Result<Known, Error> {
    let (kinds, since) = match used.what {
        "commented" => return Ok(Known::Nothing),
        // A version is seen once, whether with the page or later.
        "saw" => ("what IN ('opened', 'saw')", used.time - SEEN_AGAIN),
        // Anything else is another time when it is done again.
        _ => ("what = $4 AND sequence = $5", used.time - AGAIN),
    };
    let sql = format!(
        "SELECT id, what, sequence, time FROM share_view WHERE share = $1 AND device = $2 AND address = $3 AND {kinds} \
         ORDER BY time DESC, sequence DESC LIMIT 1"
    );
    let row = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(&guest.share)
        .bind(&used.device)
        .bind(&used.address)
        .bind(used.what)
        .bind(used.sequence as i64)
        .fetch_optional(db)
        .await?;
    let Some(row) = row else { return Ok(Known::Nothing) };
    let is_recent = row.get::<i64, _>(3) > since;
    Ok(match used.what {
        "saw" if row.get::<i64, _>(2) >= used.sequence as i64 => Known::All,
        "saw" if is_recent && row.get::<&str, _>(1) == "saw" => Known::Line(row.get(0)),
        "saw" => Known::Nothing,
        _ if is_recent => Known::All,
        _ => Known::Nothing,
    })
}

fn used<'a>(state: &State, what: &'a str, sequence: u64, parts: &Parts) -> Used<'a> {
    let (device, address) = (session::device(&parts.headers), origin::address(&state.config, parts).to_string());
    Used { what, sequence, device, address, time: state.now() }
}

/// Writes down that a link was used.
///
/// # Errors
/// [`Error::NotFound`] where the link was taken back meanwhile; the database's.
async fn note(state: &State, guest: &Guest, what: &str, sequence: u64, parts: &Parts) -> Result<(), Error> {
    let used = used(state, what, sequence, parts);
    if what != "opened" {
        let mut reader = state.db.reader().acquire().await?;
        if let Known::All = known(&mut reader, guest, &used).await? {
            return Ok(());
        }
    }
    let mut write = state.db.write().await?;
    record(&mut write, guest, &used).await?;
    if what == "opened" {
        sqlx::query("UPDATE share SET views = views + 1 WHERE id = $1").bind(&guest.share).execute(&mut *write).await?;
    }
    Ok(write.commit().await?)
}

/// As [`note`], of something that was said, with the writing of it.
pub(super) async fn note_said(
    write: &mut db::Connection,
    state: &State,
    guest: &Guest,
    sequence: u64,
    parts: &Parts,
) -> Result<(), Error> {
    record(write, guest, &used(state, "commented", sequence, parts)).await
}

async fn record(write: &mut db::Connection, guest: &Guest, used: &Used<'_>) -> Result<(), Error> {
    // Asked where nobody else writes: what is taken after the link was taken back is not given.
    reach::stands(write, &guest.share, used.time).await?.ok_or(Error::NotFound("link"))?;
    let row = sqlx::query("SELECT label FROM share WHERE id = $1").bind(&guest.share).fetch_one(&mut *write).await?;
    match known(write, guest, used).await? {
        Known::All => return Ok(()),
        Known::Line(id) => {
            let sql = "UPDATE share_view SET first = COALESCE(first, sequence), sequence = $2, time = $3 WHERE id = $1";
            sqlx::query(sql).bind(id).bind(used.sequence as i64).bind(used.time).execute(write).await?;
            return Ok(());
        }
        Known::Nothing => {}
    }
    sqlx::query(
        "INSERT INTO share_view (id, share, time, what, sequence, device, address) VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(id::id())
    .bind(&guest.share)
    .bind(used.time)
    .bind(used.what)
    .bind(used.sequence as i64)
    .bind(&used.device)
    .bind(&used.address)
    .execute(&mut *write)
    .await?;
    if Allow::FORMS.iter().any(|form| form.word() == used.what) {
        let (by, object) = (format!("share:{}", guest.share), format!("design:{}", guest.design));
        let detail = format!("{}, {}", used.what, share::title(row.get(0), guest.name.as_deref()));
        audit::record(write, used.time, &by, "share.download", &object, &detail).await?;
    }
    Ok(())
}

/// As [`note`], where looking must go on while the disk is full.
async fn note_if_possible(state: &State, guest: &Guest, what: &str, sequence: u64, parts: &Parts) {
    match note(state, guest, what, sequence, parts).await {
        // Taken back meanwhile: whoever answers asks for that.
        Ok(()) | Err(Error::NotFound(_)) => {}
        Err(error) => tracing::warn!(%error, "cannot record a view"),
    }
}

/// What a guest is shown.
#[utoipa::path(get, path = "/api/share/{token}", tag = "share", responses((status = 200, body = SharedDesign),
    (status = 401, description = "`locked`: it opens with a password", body = app::api::Problem)))]
async fn design(state: State, actor: Actor, parts: Parts) -> Result<Json<SharedDesign>, Error> {
    let guest = guest(&actor)?;
    can(&state, &actor, Action::See, Object::Design(&guest.design)).await?;
    let row = sqlx::query(
        "SELECT design.name, person.name, design.sequence FROM share JOIN design ON design.id = share.design \
         JOIN person ON person.id = share.created_by WHERE share.id = $1",
    )
    .bind(&guest.share)
    .fetch_optional(state.db.reader())
    .await?
    .ok_or(Error::NotFound("link"))?;
    note_if_possible(&state, guest, "opened", row.get::<i64, _>(2) as u64, &parts).await;
    still(&state, &actor, Action::See).await?;
    Ok(Json(SharedDesign {
        name: row.get(0),
        by: row.get(1),
        expires: guest.expires,
        allow: guest.allow.clone(),
        guest: guest.name.clone(),
    }))
}

/// Gives the password of a link; this browser then opens it for a day.
#[utoipa::path(post, path = "/api/share/{token}/unlock", tag = "share", request_body = Unlock,
    responses((status = 200), (status = 422, description = "It is another", body = app::api::Problem)))]
async fn unlock(state: State, actor: Actor, parts: Parts, input: Input<Unlock>) -> Result<Response, Error> {
    can(&state, &actor, Action::See, Object::Public).await?;
    let guest = guest(&actor)?;
    let request = input.read()?;
    let now = state.now();
    // As at the login: guesses at one link from wherever, and from one address at whatever.
    let address = origin::address(&state.config, &parts);
    state.limits.take(&format!("login:{address}"), limit::LOGIN_ADDRESS, now)?;
    state.limits.take(&format!("share:{}", guest.share), limit::LOGIN_ACCOUNT, now)?;
    let row = sqlx::query(
        "SELECT share.password, design.sequence FROM share JOIN design ON design.id = share.design WHERE share.id = $1",
    )
    .bind(&guest.share)
    .fetch_optional(state.db.reader())
    .await?
    .ok_or(Error::NotFound("link"))?;
    let Some(stored) = row.get::<Option<String>, _>(0) else { return Ok(Json(()).into_response()) };
    if !state.passwords.verify(&request.password, Some(&stored)).await? {
        note(&state, guest, "refused", row.get::<i64, _>(1) as u64, &parts).await?;
        return Err(Error::field("password", "This is not the link's password. Ask the person who sent it."));
    }
    let mut write = state.db.write().await?;
    // The password takes a while.
    reach::stands(&mut write, &guest.share, state.now()).await?.ok_or(Error::NotFound("link"))?;
    let cookie = pass::grant(&mut write, now, &guest.share, guest.expires).await?;
    write.commit().await?;
    Ok(([(header::SET_COOKIE, cookie)], Json(())).into_response())
}

/// Names of the bodies that are drawn for a guest; none for all, which only a link to all of them gives.
fn bodies(guest: &Guest, canary: Canary) -> Result<Vec<String>, Error> {
    match &guest.bodies {
        _ if canary.every_body => Ok(Vec::new()),
        None => Ok(Vec::new()),
        // To a drawing, no names mean all bodies.
        Some(names) if names.is_empty() => Err(Error::NotFound("body")),
        Some(names) => Ok(names.iter().cloned().collect()),
    }
}

/// Why something cannot be drawn quotes names and expressions that are not shared.
fn unsaid(error: Error) -> Error {
    match error {
        Error::Invalid { .. } => Error::invalid("This cannot be shown as it is now. Ask the person who sent the link."),
        other => other,
    }
}

/// Asks again what was asked before the work: a link that was taken back meanwhile gives nothing.
async fn still(state: &State, actor: &Actor, action: Action) -> Result<(), Error> {
    let guest = guest(actor)?;
    if !actor::stands(state, actor).await? {
        let is_over = guest.until < guest.expires && guest.until <= state.now();
        return Err(if is_over { Error::Locked } else { Error::NotFound("link") });
    }
    can(state, actor, action, Object::Design(&guest.design)).await.map(|_| ())
}

fn shared_view(guest: &Guest, document: &Document, canary: Canary) -> Result<Drawing, Error> {
    Ok(Drawing { design: document.design.clone(), view: View::Shared, bodies: bodies(guest, canary)? })
}

/// A drawing from the store, or made in the guests' turn and kept there, so that asking again costs nothing.
async fn made(state: &State, guest: &Guest, drawing: Drawing) -> Result<Bytes, Error> {
    let key = scene::key(&drawing);
    if let Some(bytes) = scene::stored(state, &key).await? {
        return Ok(bytes);
    }
    let desk = state.jobs.desk();
    let turn = desk.guest_turn(&guest.share).await?;
    // Someone who asked for the same may have had their turn before.
    if let Some(bytes) = scene::stored(state, &key).await? {
        return Ok(bytes);
    }
    if let View::File(_) = drawing.view {
        state.limits.take(&format!("file:{}", guest.share), limit::FILE_GUEST, state.now())?;
    }
    let bytes = desk.draw_for_guest(&turn, state, &guest.design, drawing, &key).await.map_err(unsaid)?;
    scene::keep(state, &key, &bytes).await;
    Ok(bytes)
}

/// A hash of what a guest is shown of `document`: the same for all versions that differ in nothing that is shared.
///
/// # Errors
/// As [`shared`].
pub(crate) async fn sight(state: &State, guest: &Guest, document: &Document) -> Result<String, Error> {
    let drawing = shared_view(guest, document, Canary::default())?;
    match scene::known(state, &scene::key(&drawing)).await? {
        Some(hash) => Ok(hash),
        None => Ok(blake3::hash(&made(state, guest, drawing).await?).to_hex().to_string()),
    }
}

fn scene_of(bytes: &Bytes) -> Result<Scene, Error> {
    Scene::from_bytes(bytes).map_err(|e| Error::internal(anyhow::anyhow!("a scene from the store: {e}")))
}

/// The scene as a guest gets it, with the log position it shows, which is the record's alone.
///
/// # Errors
/// The database's and the disk's; [`Error::Unavailable`] where it cannot be drawn now.
pub async fn shared(state: &State, guest: &Guest, canary: Canary) -> Result<(Bytes, u64), Error> {
    let document = rooms::document(state, &guest.design, None).await?;
    let drawing = shared_view(guest, &document, canary)?;
    Ok((made(state, guest, drawing).await?, document.sequence))
}

/// Whether a face of this name is on a body that the guest sees.
pub(super) async fn has_face(state: &State, guest: &Guest, face: &str) -> Result<bool, Error> {
    let (bytes, _) = shared(state, guest, Canary::default()).await?;
    let face = face.to_owned();
    let found = move || {
        let scene = scene_of(&bytes)?;
        let mut faces = scene.bodies.iter().flat_map(|b| &b.surface.faces);
        Ok::<_, Error>(faces.any(|f| f.name.0 == face))
    };
    tokio::task::spawn_blocking(found).await.map_err(Error::internal)?
}

/// The bodies that a guest sees as a file, with the log position it shows.
///
/// # Errors
/// As [`shared`], and [`Error::Invalid`] where none of them is in the design now.
pub async fn file(state: &State, guest: &Guest, form: Form, canary: Canary) -> Result<(Bytes, u64), Error> {
    let document = rooms::document(state, &guest.design, None).await?;
    let mut bodies = bodies(guest, canary)?;
    if !bodies.is_empty() {
        // A file of a body that is gone is refused; of those that are left it is made.
        let drawing = shared_view(guest, &document, canary)?;
        let scene = scene_of(&made(state, guest, drawing).await?)?;
        bodies.retain(|name| scene.bodies.iter().any(|b| b.name == *name));
        if bodies.is_empty() {
            return Err(Error::invalid("None of the bodies of this link is in the design now."));
        }
    }
    let drawing = Drawing { design: document.design, view: View::File(form), bodies };
    Ok((made(state, guest, drawing).await?, document.sequence))
}

/// The scene behind a share link: the geometry and names of the bodies it shares, and nothing else of the design.
#[utoipa::path(get, path = "/api/share/{token}/scene", tag = "share",
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream")))]
async fn shared_scene(state: State, actor: Actor, parts: Parts) -> Result<Response, Error> {
    let guest = guest(&actor)?;
    can(&state, &actor, Action::See, Object::Design(&guest.design)).await?;
    let (bytes, sequence) = shared(&state, guest, Canary::default()).await?;
    note_if_possible(&state, guest, "saw", sequence, &parts).await;
    still(&state, &actor, Action::See).await?;
    // Of what is given, not of the design: a hash of the rest would let a guess at it be tested.
    let tag = format!("\"{}\"", blake3::hash(&bytes).to_hex());
    let cached = [(header::ETAG, tag.clone()), (header::CACHE_CONTROL, "private, no-cache".to_owned())];
    if parts.headers.get(header::IF_NONE_MATCH).is_some_and(|seen| seen.as_bytes() == tag.as_bytes()) {
        return Ok((StatusCode::NOT_MODIFIED, cached).into_response());
    }
    let kind = [(header::CONTENT_TYPE, "application/octet-stream")];
    Ok((cached, kind, bytes).into_response())
}

/// The shared bodies as a file, in mm, in a format that the link allows: `step`, `3mf`, `stl` or `obj`.
#[utoipa::path(get, path = "/api/share/{token}/export/{form}", tag = "share",
    params(("token" = String, Path), ("form" = String, Path)),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 403, description = "The link does not allow it", body = app::api::Problem)))]
async fn export(
    state: State,
    actor: Actor,
    Path((_token, form)): Path<(String, String)>,
    parts: Parts,
) -> Result<Response, Error> {
    let guest = guest(&actor)?;
    can(&state, &actor, Action::See, Object::Design(&guest.design)).await?;
    let known = Allow::FORMS.into_iter().find(|allow| allow.word() == form).zip(Form::of_extension(&form));
    let (allow, form) = known.ok_or(Error::NotFound("format: there are step, 3mf, stl and obj"))?;
    can(&state, &actor, Action::Download(allow), Object::Design(&guest.design)).await?;
    let (bytes, sequence) = file(&state, guest, form, Canary::default()).await?;
    // Who took what is known, or nobody takes it.
    note(&state, guest, allow.word(), sequence, &parts).await?;
    still(&state, &actor, Action::Download(allow)).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox".to_owned()),
        (header::CACHE_CONTROL, "private, no-store".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"shared.{}\"", allow.word())),
    ];
    Ok((headers, bytes).into_response())
}
