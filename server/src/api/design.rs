//! `/api/designs/*`: the list, and what is done to a design as a whole.

use super::input::{self, Input};
use super::{compartment, project};
use crate::auth::policy::{design_state, design_state_word};
use crate::auth::{Action, Actor, Object, Person, can, can_in, reach};
use crate::rooms::{self, Revoked};
use crate::telemetry::audit;
use crate::{Error, State, db, id, release};
use app::api::Page;
use app::api::design::{ChangeDesign, CreateDesign, DesignCard, DesignQuery, DesignState};
use app::api::group::Named;
use axum::Json;
use axum::extract::{Path, Query};
use solver::design::Design;
use sqlx::Row as _;
use std::collections::HashMap;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Cards per page.
const PAGE: usize = 60;

pub fn router() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(create))
        .routes(routes!(read))
        .routes(routes!(change))
        .routes(routes!(duplicate))
        .routes(routes!(remove))
}

/// Inserts a design with its first snapshot and returns its id.
///
/// # Errors
/// When the database refuses.
pub async fn insert(
    write: &mut db::Connection,
    project: &str,
    name: &str,
    content: &Design,
    person: &str,
    now: i64,
) -> Result<String, Error> {
    let design = id::id();
    sqlx::query(
        "INSERT INTO design (id, project, name, state, sequence, created, changed, changed_by) \
         VALUES ($1, $2, $3, 'active', 0, $4, $4, $5)",
    )
    .bind(&design)
    .bind(project)
    .bind(name)
    .bind(now)
    .bind(person)
    .execute(&mut *write)
    .await?;
    rooms::found(write, &design, content, now).await?;
    Ok(design)
}

/// Gives a copy of a design the files that its past and present name.
///
/// # Errors
/// When the database refuses.
pub(super) async fn copy_files(write: &mut db::Connection, from: &str, to: &str) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO file (design, hash, name, bytes, created, created_by) \
         SELECT $2, hash, name, bytes, created, created_by FROM file WHERE design = $1",
    )
    .bind(from)
    .bind(to)
    .execute(write)
    .await?;
    Ok(())
}

const CARD: &str = "SELECT design.id, design.name, design.project, design.state, design.sequence, design.changed, \
     person.name, compartment.id, compartment.name FROM design JOIN person ON person.id = design.changed_by \
     LEFT JOIN compartment_design ON compartment_design.design = design.id \
     LEFT JOIN compartment ON compartment.id = compartment_design.compartment ";

fn card(
    state: &State,
    row: &sqlx::sqlite::SqliteRow,
    projects: &HashMap<String, (String, app::api::auth::Role)>,
) -> Result<Option<DesignCard>, Error> {
    let (id, project): (String, String) = (row.get(0), row.get(2));
    let Some((project_name, role)) = projects.get(&project).cloned() else { return Ok(None) };
    let here = state.rooms.here(&id);
    let sequence = row.get::<i64, _>(4) as u64;
    // The address changes with the picture, so that browsers may keep it.
    let thumbnail = Some(format!("/api/designs/{id}/thumbnail?at={sequence}"));
    Ok(Some(DesignCard {
        name: row.get(1),
        state: design_state(&row.get::<String, _>(3))?,
        sequence,
        changed: row.get(5),
        changed_by: row.get(6),
        compartment: row.get::<Option<String>, _>(7).zip(row.get(8)).map(|(id, name)| Named { id, name }),
        id,
        project,
        project_name,
        role,
        here,
        thumbnail,
    }))
}

async fn projects(state: &State, person: &Person) -> Result<HashMap<String, (String, app::api::auth::Role)>, Error> {
    let visible = project::visible(state, person).await?;
    Ok(visible.into_iter().map(|project| (project.id, (project.name, project.role))).collect())
}

/// Designs one may see, last changed first; `search` matches names of designs and projects; `after` continues a list.
#[utoipa::path(get, path = "/api/designs", tag = "design",
    params(("state" = Option<DesignState>, Query), ("project" = Option<String>, Query), ("search" = Option<String>, Query),
        ("after" = Option<String>, Query)),
    responses((status = 200, body = Page<DesignCard>)))]
async fn list(
    state: State,
    actor: Actor,
    query: Result<Query<DesignQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Page<DesignCard>>, Error> {
    can(&state, &actor, Action::See, Object::Organisation).await?;
    let person = actor.person()?;
    let Query(query) = query.map_err(|error| Error::invalid(format!("This list cannot be made: {error}.")))?;
    let projects = projects(&state, person).await?;
    let (changed, last) = match query.after.as_deref() {
        None => (i64::MAX, String::new()),
        Some(after) => after
            .split_once('.')
            .and_then(|(changed, id)| Some((changed.parse().ok()?, id.to_owned())))
            .ok_or_else(|| Error::field("after", "Start the list anew."))?,
    };
    // LIKE's own signs in the search are meant literally.
    let search = query.search.unwrap_or_default().trim().to_lowercase();
    let pattern = format!("%{}%", search.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"));
    let mut rows = sqlx::query(sqlx::AssertSqlSafe(format!(
        "{CARD} JOIN project ON project.id = design.project WHERE {} AND design.state = $4 AND ($5 = '' OR design.project = $5) \
         AND (LOWER(design.name) LIKE $6 ESCAPE '\\' OR LOWER(project.name) LIKE $6 ESCAPE '\\') \
         AND (design.changed < $7 OR (design.changed = $7 AND design.id < $8)) \
         ORDER BY design.changed DESC, design.id DESC LIMIT $9",
        reach::design()
    )))
    .bind(&person.organisation)
    .bind(&person.id)
    .bind(i64::from(person.role == app::api::auth::Role::Owner))
    .bind(design_state_word(query.state))
    .bind(query.project.unwrap_or_default())
    .bind(pattern)
    .bind(changed)
    .bind(last)
    .bind(PAGE as i64 + 1)
    .fetch_all(state.db.reader())
    .await?;
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    let mut items = Vec::with_capacity(rows.len());
    for row in &rows {
        items.extend(card(&state, row, &projects)?);
    }
    let next = items.last().filter(|_| more).map(|last| format!("{}.{}", last.changed, last.id));
    Ok(Json(Page { items, next }))
}

pub(super) async fn read_card(state: &State, person: &Person, design: &str) -> Result<DesignCard, Error> {
    let projects = projects(state, person).await?;
    let sql = format!("{CARD} WHERE design.id = $1 AND {}", reach::within("design.id", "$2"));
    let row = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(design)
        .bind(&person.id)
        .fetch_optional(state.db.reader())
        .await?
        .ok_or(Error::NotFound("design"))?;
    card(state, &row, &projects)?.ok_or(Error::NotFound("design"))
}

/// Makes a design from a template.
#[utoipa::path(post, path = "/api/designs", tag = "design", request_body = CreateDesign, responses((status = 200, body = DesignCard)))]
async fn create(state: State, actor: Actor, input: Input<CreateDesign>) -> Result<Json<DesignCard>, Error> {
    // What may be created depends on the project in the body; someone without any right hears nothing about the body.
    can(&state, &actor, Action::See, Object::Organisation).await?;
    let person = actor.person()?;
    let request = input.read()?;
    can(&state, &actor, Action::Create, Object::Project(&request.project)).await?;
    let name = input::name("name", &request.name)?;
    let template = solver::design::template(&request.template)
        .ok_or_else(|| Error::field("template", "There is no such template; choose one from the list."))?;
    let now = state.now();
    let mut write = state.db.write().await?;
    can_in(&mut write, &state, &actor, Action::Create, Object::Project(&request.project)).await?;
    let design = insert(&mut write, &request.project, &name, &(template.build)(), &person.id, now).await?;
    if let Some(compartment) = &request.compartment {
        compartment::enter(&mut write, &person.id, &request.project, &design, compartment).await?;
    }
    audit::record(&mut write, now, &actor.label(), "design.create", &format!("design:{design}"), &name).await?;
    write.commit().await?;
    read_card(&state, person, &design).await.map(Json)
}

/// One design's card.
#[utoipa::path(get, path = "/api/designs/{id}", tag = "design", responses((status = 200, body = DesignCard)))]
async fn read(state: State, actor: Actor, Path(design): Path<String>) -> Result<Json<DesignCard>, Error> {
    can(&state, &actor, Action::See, Object::Design(&design)).await?;
    read_card(&state, actor.person()?, &design).await.map(Json)
}

/// Renames, moves, archives, puts into the bin or restores.
#[utoipa::path(patch, path = "/api/designs/{id}", tag = "design", request_body = ChangeDesign, responses((status = 200, body = DesignCard)))]
async fn change(
    state: State,
    actor: Actor,
    Path(design): Path<String>,
    input: Input<ChangeDesign>,
) -> Result<Json<DesignCard>, Error> {
    can(&state, &actor, Action::Arrange, Object::Design(&design)).await?;
    let person = actor.person()?;
    let request = input.read()?;
    if let Some(project) = &request.project {
        can(&state, &actor, Action::Create, Object::Project(project)).await?;
    }
    let name = request.name.as_deref().map(|name| input::name("name", name)).transpose()?;
    let now = state.now();
    let mut write = state.db.write().await?;
    let grant = can_in(&mut write, &state, &actor, Action::Arrange, Object::Design(&design)).await?;
    if let Some(project) = &request.project {
        can_in(&mut write, &state, &actor, Action::Create, Object::Project(project)).await?;
    }
    if request.state == Some(DesignState::Bin) {
        keep_released(&mut write, &design).await?;
    }
    if request.project.is_some() && request.project != grant.project {
        compartment::check_outside(&mut write, &design).await?;
    }
    sqlx::query(
        "UPDATE design SET name = COALESCE($2, name), project = COALESCE($3, project), state = COALESCE($4, state), \
         changed = $5, changed_by = $6 WHERE id = $1",
    )
    .bind(&design)
    .bind(&name)
    .bind(&request.project)
    .bind(request.state.map(design_state_word))
    .bind(now)
    .bind(&person.id)
    .execute(&mut *write)
    .await?;
    let detail = format!("name {name:?}, project {:?}, state {:?}", request.project, request.state);
    audit::record(&mut write, now, &actor.label(), "design.change", &format!("design:{design}"), &detail).await?;
    write.commit().await?;
    if let Some(name) = &name {
        state.rooms.rename(&design, name);
    }
    if request.project.is_some() || request.state.is_some() {
        state.rooms.revoke(&state, Revoked::Design(design.clone()));
    }
    read_card(&state, person, &design).await.map(Json)
}

/// Asks once more, where nobody else writes, whether `actor` may look at `from` in the way of `action` and make another design
/// beside it: reading all of it took a while.
///
/// # Errors
/// As [`can`]; [`Error::Conflict`] where it is in another project than `project` by now.
pub(super) async fn copies_from(
    write: &mut db::Connection,
    state: &State,
    actor: &Actor,
    action: Action,
    from: &str,
    project: &str,
) -> Result<(), Error> {
    let grant = can_in(write, state, actor, action, Object::Design(from)).await?;
    if grant.project.as_deref() != Some(project) {
        return Err(Error::Conflict("The design was moved to another project meanwhile; look again.".to_owned()));
    }
    can_in(write, state, actor, Action::Create, Object::Project(project)).await.map(|_| ())
}

/// Makes a copy as it is now, without its history.
#[utoipa::path(post, path = "/api/designs/{id}/duplicate", tag = "design", request_body = ChangeDesign, responses((status = 200, body = DesignCard)))]
async fn duplicate(
    state: State,
    actor: Actor,
    Path(design): Path<String>,
    input: Input<ChangeDesign>,
) -> Result<Json<DesignCard>, Error> {
    let grant = can(&state, &actor, Action::See, Object::Design(&design)).await?;
    let person = actor.person()?;
    let project = grant.project.unwrap_or_default();
    can(&state, &actor, Action::Create, Object::Project(&project)).await?;
    let request = input.read()?;
    let name = input::name("name", &request.name.unwrap_or_default())?;
    let document = rooms::document(&state, &design, None).await?;
    let now = state.now();
    let mut write = state.db.write().await?;
    copies_from(&mut write, &state, &actor, Action::See, &design, &project).await?;
    let copy = insert(&mut write, &project, &name, &document.design, &person.id, now).await?;
    copy_files(&mut write, &design, &copy).await?;
    compartment::follow(&mut write, &design, &copy).await?;
    let (object, detail) = (format!("design:{copy}"), format!("of design:{design}"));
    audit::record(&mut write, now, &actor.label(), "design.duplicate", &object, &detail).await?;
    write.commit().await?;
    read_card(&state, person, &copy).await.map(Json)
}

/// # Errors
/// [`Error::Conflict`] for a design of which a revision was released.
async fn keep_released(write: &mut db::Connection, design: &str) -> Result<(), Error> {
    if release::store::is_kept(write, design).await? {
        let why = "Revisions of this design are released, and such are kept for good. Archive it instead.";
        return Err(Error::Conflict(why.to_owned()));
    }
    Ok(())
}

/// Removes a design for good; only from the bin.
#[utoipa::path(delete, path = "/api/designs/{id}", tag = "design", responses((status = 200)))]
async fn remove(state: State, actor: Actor, Path(design): Path<String>) -> Result<Json<()>, Error> {
    can(&state, &actor, Action::Manage, Object::Design(&design)).await?;
    let mut write = state.db.write().await?;
    let grant = can_in(&mut write, &state, &actor, Action::Manage, Object::Design(&design)).await?;
    if grant.state != Some(DesignState::Bin) {
        return Err(Error::Conflict("Put the design into the bin first.".to_owned()));
    }
    keep_released(&mut write, &design).await?;
    sqlx::query("DELETE FROM design WHERE id = $1 AND state = 'bin'").bind(&design).execute(&mut *write).await?;
    audit::record(&mut write, state.now(), &actor.label(), "design.remove", &format!("design:{design}"), "").await?;
    write.commit().await?;
    state.rooms.revoke(&state, Revoked::Design(design));
    Ok(Json(()))
}
