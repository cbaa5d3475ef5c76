//! `/api/organisation/groups/*`: named sets of people; `/api/projects/{id}/groups/*`: what everyone in one may do in a project.

use super::input::{self, Input};
use super::project::check_colleague;
use crate::auth::policy::{role, role_word};
use crate::auth::{Action, Actor, Object, can, can_in};
use crate::rooms::Revoked;
use crate::telemetry::audit;
use crate::{Error, State, db, id};
use app::api::comment::Person;
use app::api::group::{Group, NameGroup, Named, ProjectGroup};
use app::api::organisation::SetRole;
use axum::Json;
use axum::extract::Path;
use sqlx::Row as _;
use std::collections::HashMap;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(rename, remove))
        .routes(routes!(put_person, remove_person))
        .routes(routes!(in_project))
        .routes(routes!(set_role, remove_role))
}

/// Refuses a group of another organisation as if it did not exist; its name.
///
/// # Errors
/// [`Error::NotFound`]
pub(super) async fn check(db: &mut db::Connection, organisation: &str, group: &str) -> Result<String, Error> {
    let row = sqlx::query("SELECT name FROM people_group WHERE organisation = $1 AND id = $2")
        .bind(organisation)
        .bind(group)
        .fetch_optional(db)
        .await?;
    row.map(|row| row.get(0)).ok_or(Error::NotFound("group"))
}

/// Who is in a group now: whose rights change with it.
///
/// # Errors
/// The database's.
pub(super) async fn people(db: &mut db::Connection, group: &str) -> Result<Vec<String>, Error> {
    let rows = sqlx::query("SELECT person FROM group_person WHERE people_group = $1").bind(group).fetch_all(db).await?;
    Ok(rows.into_iter().map(|row| row.get(0)).collect())
}

/// The people that a change to a whole group concerns, for the log, which outlives the group and who is in it now.
pub(super) fn with(people: &[String]) -> String {
    if people.is_empty() {
        return ", with nobody in it".to_owned();
    }
    let people: Vec<String> = people.iter().map(|person| format!("person:{person}")).collect();
    format!(", with {}", people.join(", "))
}

/// Writes down at every project and compartment that a group counts in what changes there: who reads the log of a project would
/// otherwise have to know all groups to learn who came to see it. `project` and `compartment` are the actions.
async fn note_where(
    write: &mut db::Connection,
    now: i64,
    by: &str,
    group: &str,
    [project, compartment]: [&str; 2],
    detail: &str,
) -> Result<(), Error> {
    let sql = "SELECT project, role FROM project_group WHERE people_group = $1 ORDER BY project";
    for row in sqlx::query(sql).bind(group).fetch_all(&mut *write).await? {
        let (at, role): (String, String) = (row.get(0), row.get(1));
        audit::record(write, now, by, project, &format!("project:{at}"), &format!("{detail}, as {role}")).await?;
    }
    let sql = "SELECT compartment FROM compartment_group WHERE people_group = $1 ORDER BY compartment";
    for row in sqlx::query(sql).bind(group).fetch_all(&mut *write).await? {
        let at: String = row.get(0);
        audit::record(write, now, by, compartment, &format!("compartment:{at}"), detail).await?;
    }
    Ok(())
}

/// # Errors
/// [`Error::Invalid`] at `name` where another group, `but` for one, has it: two that nobody can tell apart give wrong rights.
async fn check_free(write: &mut db::Connection, organisation: &str, name: &str, but: &str) -> Result<(), Error> {
    let taken = sqlx::query("SELECT 1 FROM people_group WHERE organisation = $1 AND name = $2 AND id <> $3")
        .bind(organisation)
        .bind(name)
        .bind(but)
        .fetch_optional(write)
        .await?;
    taken.map_or(Ok(()), |_| Err(Error::field("name", "There is a group of this name; choose another.")))
}

/// The groups of one's organisation, with who is in them.
#[utoipa::path(get, path = "/api/organisation/groups", tag = "group", responses((status = 200, body = Vec<Group>)))]
async fn list(state: State, actor: Actor) -> Result<Json<Vec<Group>>, Error> {
    can(&state, &actor, Action::See, Object::Organisation).await?;
    let organisation = &actor.person()?.organisation;
    let rows = sqlx::query(
        "SELECT people_group.id, person.id, person.name, person.hue FROM people_group \
         JOIN group_person ON group_person.people_group = people_group.id \
         JOIN person ON person.id = group_person.person WHERE people_group.organisation = $1 \
         ORDER BY person.name, person.id",
    )
    .bind(organisation)
    .fetch_all(state.db.reader())
    .await?;
    let mut people: HashMap<String, Vec<Person>> = HashMap::new();
    for row in rows {
        let person = Person { id: row.get(1), name: row.get(2), hue: row.get::<i64, _>(3) as u16 };
        people.entry(row.get(0)).or_default().push(person);
    }
    let rows = sqlx::query("SELECT id, name FROM people_group WHERE organisation = $1 ORDER BY name, id")
        .bind(organisation)
        .fetch_all(state.db.reader())
        .await?;
    let groups = rows.into_iter().map(|row| {
        let id: String = row.get(0);
        Group { people: people.remove(&id).unwrap_or_default(), name: row.get(1), id }
    });
    Ok(Json(groups.collect()))
}

/// Makes a group, with nobody in it.
#[utoipa::path(post, path = "/api/organisation/groups", tag = "group", request_body = NameGroup, responses((status = 200, body = Named)))]
async fn create(state: State, actor: Actor, input: Input<NameGroup>) -> Result<Json<Named>, Error> {
    can(&state, &actor, Action::Manage, Object::Organisation).await?;
    let organisation = &actor.person()?.organisation;
    let name = input::name("name", &input.read()?.name)?;
    let (id, now) = (id::id(), state.now());
    let mut write = state.db.write().await?;
    check_free(&mut write, organisation, &name, "").await?;
    sqlx::query("INSERT INTO people_group (id, organisation, name, created) VALUES ($1, $2, $3, $4)")
        .bind(&id)
        .bind(organisation)
        .bind(&name)
        .bind(now)
        .execute(&mut *write)
        .await?;
    audit::record(&mut write, now, &actor.label(), "group.create", &format!("group:{id}"), &name).await?;
    write.commit().await?;
    Ok(Json(Named { id, name }))
}

/// Renames a group.
#[utoipa::path(patch, path = "/api/organisation/groups/{id}", tag = "group", request_body = NameGroup, responses((status = 200)))]
async fn rename(
    state: State,
    actor: Actor,
    Path(group): Path<String>,
    input: Input<NameGroup>,
) -> Result<Json<()>, Error> {
    can(&state, &actor, Action::Manage, Object::Organisation).await?;
    let organisation = &actor.person()?.organisation;
    let mut write = state.db.write().await?;
    check(&mut write, organisation, &group).await?;
    let name = input::name("name", &input.read()?.name)?;
    check_free(&mut write, organisation, &name, &group).await?;
    sqlx::query("UPDATE people_group SET name = $2 WHERE id = $1")
        .bind(&group)
        .bind(&name)
        .execute(&mut *write)
        .await?;
    audit::record(&mut write, state.now(), &actor.label(), "group.rename", &format!("group:{group}"), &name).await?;
    write.commit().await?;
    Ok(Json(()))
}

/// Removes a group: what its people had only through it ends at once.
#[utoipa::path(delete, path = "/api/organisation/groups/{id}", tag = "group", responses((status = 200)))]
async fn remove(state: State, actor: Actor, Path(group): Path<String>) -> Result<Json<()>, Error> {
    can(&state, &actor, Action::Manage, Object::Organisation).await?;
    let mut write = state.db.write().await?;
    let name = check(&mut write, &actor.person()?.organisation, &group).await?;
    let people = people(&mut write, &group).await?;
    let (now, by) = (state.now(), actor.label());
    let detail = format!("group:{group}, “{name}”, which was removed{}", with(&people));
    note_where(&mut write, now, &by, &group, ["project.remove_group", "compartment.remove_group"], &detail).await?;
    sqlx::query("DELETE FROM people_group WHERE id = $1").bind(&group).execute(&mut *write).await?;
    audit::record(&mut write, now, &by, "group.remove", &format!("group:{group}"), &name).await?;
    write.commit().await?;
    state.rooms.revoke(&state, Revoked::Rights(people));
    Ok(Json(()))
}

/// Takes a colleague into a group. One who is in it already stays.
#[utoipa::path(put, path = "/api/organisation/groups/{id}/people/{user}", tag = "group", responses((status = 200)))]
async fn put_person(
    state: State,
    actor: Actor,
    Path((group, user)): Path<(String, String)>,
) -> Result<Json<()>, Error> {
    change_person(&state, &actor, &group, user, true).await
}

/// Takes someone out of a group; what they had only through it ends at once.
#[utoipa::path(delete, path = "/api/organisation/groups/{id}/people/{user}", tag = "group", responses((status = 200)))]
async fn remove_person(
    state: State,
    actor: Actor,
    Path((group, user)): Path<(String, String)>,
) -> Result<Json<()>, Error> {
    change_person(&state, &actor, &group, user, false).await
}

async fn change_person(
    state: &State,
    actor: &Actor,
    group: &str,
    user: String,
    is_in: bool,
) -> Result<Json<()>, Error> {
    can(state, actor, Action::Manage, Object::Organisation).await?;
    let person = actor.person()?;
    check_colleague(state, person, &user).await?;
    let mut write = state.db.write().await?;
    check(&mut write, &person.organisation, group).await?;
    let sql = match is_in {
        true => "INSERT INTO group_person (people_group, person) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        false => "DELETE FROM group_person WHERE people_group = $1 AND person = $2",
    };
    let changed = sqlx::query(sql).bind(group).bind(&user).execute(&mut *write).await?.rows_affected() > 0;
    let (action, there) = match is_in {
        true => ("group.person", ["project.group_person", "compartment.group_person"]),
        false => ("group.remove_person", ["project.remove_group_person", "compartment.remove_group_person"]),
    };
    let (now, by, detail) = (state.now(), actor.label(), format!("person:{user}"));
    audit::record(&mut write, now, &by, action, &format!("group:{group}"), &detail).await?;
    if changed {
        note_where(&mut write, now, &by, group, there, &format!("{detail} through group:{group}")).await?;
    }
    write.commit().await?;
    state.rooms.revoke(state, Revoked::Rights(vec![user]));
    Ok(Json(()))
}

/// Which groups are in a project.
#[utoipa::path(get, path = "/api/projects/{id}/groups", tag = "project", responses((status = 200, body = Vec<ProjectGroup>)))]
async fn in_project(state: State, actor: Actor, Path(project): Path<String>) -> Result<Json<Vec<ProjectGroup>>, Error> {
    can(&state, &actor, Action::See, Object::Project(&project)).await?;
    let rows = sqlx::query(
        "SELECT people_group.id, people_group.name, project_group.role FROM project_group \
         JOIN people_group ON people_group.id = project_group.people_group WHERE project_group.project = $1 \
         ORDER BY people_group.name, people_group.id",
    )
    .bind(&project)
    .fetch_all(state.db.reader())
    .await?;
    let groups = rows
        .into_iter()
        .map(|row| Ok(ProjectGroup { group: row.get(0), name: row.get(1), role: role(&row.get::<String, _>(2))? }));
    groups.collect::<Result<_, Error>>().map(Json)
}

/// Takes a group into a project, or changes its role in it. Whoever is in it has at least that role, within what they may in
/// the organisation.
#[utoipa::path(put, path = "/api/projects/{id}/groups/{group}", tag = "project", request_body = SetRole, responses((status = 200)))]
async fn set_role(
    state: State,
    actor: Actor,
    Path((project, group)): Path<(String, String)>,
    input: Input<SetRole>,
) -> Result<Json<()>, Error> {
    can(&state, &actor, Action::Manage, Object::Project(&project)).await?;
    let mut write = state.db.write().await?;
    can_in(&mut write, &state, &actor, Action::Manage, Object::Project(&project)).await?;
    check(&mut write, &actor.person()?.organisation, &group).await?;
    let role = input.read()?.role;
    sqlx::query(
        "INSERT INTO project_group (project, people_group, role) VALUES ($1, $2, $3) \
         ON CONFLICT (project, people_group) DO UPDATE SET role = $3",
    )
    .bind(&project)
    .bind(&group)
    .bind(role_word(role))
    .execute(&mut *write)
    .await?;
    let people = people(&mut write, &group).await?;
    let detail = format!("group:{group} {}{}", role_word(role), with(&people));
    let object = format!("project:{project}");
    audit::record(&mut write, state.now(), &actor.label(), "project.group", &object, &detail).await?;
    write.commit().await?;
    state.rooms.revoke(&state, Revoked::Rights(people));
    Ok(Json(()))
}

/// Takes a group out of a project; what its people had only through it ends at once.
#[utoipa::path(delete, path = "/api/projects/{id}/groups/{group}", tag = "project", responses((status = 200)))]
async fn remove_role(
    state: State,
    actor: Actor,
    Path((project, group)): Path<(String, String)>,
) -> Result<Json<()>, Error> {
    can(&state, &actor, Action::Manage, Object::Project(&project)).await?;
    let mut write = state.db.write().await?;
    can_in(&mut write, &state, &actor, Action::Manage, Object::Project(&project)).await?;
    check(&mut write, &actor.person()?.organisation, &group).await?;
    // Taking out one that is not in it is done already.
    sqlx::query("DELETE FROM project_group WHERE project = $1 AND people_group = $2")
        .bind(&project)
        .bind(&group)
        .execute(&mut *write)
        .await?;
    let people = people(&mut write, &group).await?;
    let (object, detail) = (format!("project:{project}"), format!("group:{group}{}", with(&people)));
    audit::record(&mut write, state.now(), &actor.label(), "project.remove_group", &object, &detail).await?;
    write.commit().await?;
    state.rooms.revoke(&state, Revoked::Rights(people));
    Ok(Json(()))
}
