//! `/api/projects/{id}/compartments/*`, `/api/designs/{id}/compartment`: designs that only those know of who need to.
//!
//! Whoever manages a project's members sees that there is a compartment and decides who is in it, themselves too, which is in
//! the audit log; what is in it only its members see. [`crate::auth::reach`] has the condition, and asks it for every route.

use super::input::{self, Input};
use super::project::check_colleague;
use super::{design, group};
use crate::auth::{Action, Actor, Object, can, can_in, may, reach};
use crate::rooms::Revoked;
use crate::telemetry::audit;
use crate::{Error, State, db, id};
use app::api::comment::Person;
use app::api::design::DesignCard;
use app::api::group::{Compartment, NameCompartment, Named, PutIn};
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
        .routes(routes!(put_group, remove_group))
        .routes(routes!(put_design, take_out))
}

/// Refuses a compartment of another project as if it did not exist; its name.
async fn check(db: &mut db::Connection, project: &str, compartment: &str) -> Result<String, Error> {
    let row = sqlx::query("SELECT name FROM compartment WHERE project = $1 AND id = $2")
        .bind(project)
        .bind(compartment)
        .fetch_optional(db)
        .await?;
    row.map(|row| row.get(0)).ok_or(Error::NotFound("compartment"))
}

/// # Errors
/// [`Error::Invalid`] at `name` where another compartment of the project, `but` for one, has it.
async fn check_free(write: &mut db::Connection, project: &str, name: &str, but: &str) -> Result<(), Error> {
    let taken = sqlx::query("SELECT 1 FROM compartment WHERE project = $1 AND name = $2 AND id <> $3")
        .bind(project)
        .bind(name)
        .bind(but)
        .fetch_optional(write)
        .await?;
    let why = "There is a compartment of this name in the project; choose another.";
    taken.map_or(Ok(()), |_| Err(Error::field("name", why)))
}

/// The compartment that a design is in.
async fn of(db: &mut db::Connection, design: &str) -> Result<Option<String>, Error> {
    let row = sqlx::query("SELECT compartment FROM compartment_design WHERE design = $1")
        .bind(design)
        .fetch_optional(db)
        .await?;
    Ok(row.map(|row| row.get(0)))
}

/// Puts a copy or a branch where the design is that it was made from: what is in a compartment leaves it only by being moved.
///
/// # Errors
/// The database's.
pub(super) async fn follow(write: &mut db::Connection, from: &str, to: &str) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO compartment_design (design, compartment) \
         SELECT $2, compartment FROM compartment_design WHERE design = $1",
    )
    .bind(from)
    .bind(to)
    .execute(write)
    .await?;
    Ok(())
}

/// Puts a design of `project` into `compartment`, in the place of the one it is in.
///
/// # Errors
/// [`Error::Invalid`] at `compartment` where `person` is no member of it, whether there is such a compartment or not.
pub(super) async fn enter(
    write: &mut db::Connection,
    person: &str,
    project: &str,
    design: &str,
    compartment: &str,
) -> Result<(), Error> {
    let sql = format!(
        "SELECT 1 FROM compartment WHERE id = $1 AND project = $2 AND {}",
        reach::inside("compartment.id", "$3")
    );
    sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(compartment)
        .bind(project)
        .bind(person)
        .fetch_optional(&mut *write)
        .await?
        .ok_or_else(|| Error::field("compartment", "Choose a compartment of this project that you are a member of."))?;
    sqlx::query(
        "INSERT INTO compartment_design (design, compartment) VALUES ($1, $2) \
         ON CONFLICT (design) DO UPDATE SET compartment = $2",
    )
    .bind(design)
    .bind(compartment)
    .execute(write)
    .await?;
    Ok(())
}

/// # Errors
/// [`Error::Invalid`] at `project` for a design in a compartment: those belong to their project.
pub(super) async fn check_outside(db: &mut db::Connection, design: &str) -> Result<(), Error> {
    let why = "This design is in a compartment of its project; move it out of the compartment first.";
    of(db, design).await?.map_or(Ok(()), |_| Err(Error::field("project", why)))
}

/// # Errors
/// [`Error::Invalid`] at `from` where a merge would carry what is in a compartment to people outside of it.
pub(super) async fn check_merge(db: &mut db::Connection, from: &str, into: &str) -> Result<(), Error> {
    let source = of(&mut *db, from).await?;
    if source.is_some() && source != of(db, into).await? {
        let why = "That branch is in a compartment and this design is not in it: others would see what was merged. Move this \
                   design into the compartment first.";
        return Err(Error::field("from", why));
    }
    Ok(())
}

/// The compartments of a project: for whoever manages its members all of them, for others those that they are members of.
#[utoipa::path(get, path = "/api/projects/{id}/compartments", tag = "compartment",
    responses((status = 200, body = Vec<Compartment>)))]
async fn list(state: State, actor: Actor, Path(project): Path<String>) -> Result<Json<Vec<Compartment>>, Error> {
    can(&state, &actor, Action::See, Object::Project(&project)).await?;
    let manages = may(&state, &actor, Action::Manage, Object::Project(&project)).await?;
    let rows = sqlx::query(
        "SELECT compartment.id, person.id, person.name, person.hue FROM compartment \
         JOIN compartment_person ON compartment_person.compartment = compartment.id \
         JOIN person ON person.id = compartment_person.person WHERE compartment.project = $1 \
         ORDER BY person.name, person.id",
    )
    .bind(&project)
    .fetch_all(state.db.reader())
    .await?;
    let mut people: HashMap<String, Vec<Person>> = HashMap::new();
    for row in rows {
        let person = Person { id: row.get(1), name: row.get(2), hue: row.get::<i64, _>(3) as u16 };
        people.entry(row.get(0)).or_default().push(person);
    }
    let rows = sqlx::query(
        "SELECT compartment.id, people_group.id, people_group.name FROM compartment \
         JOIN compartment_group ON compartment_group.compartment = compartment.id \
         JOIN people_group ON people_group.id = compartment_group.people_group WHERE compartment.project = $1 \
         ORDER BY people_group.name, people_group.id",
    )
    .bind(&project)
    .fetch_all(state.db.reader())
    .await?;
    let mut groups: HashMap<String, Vec<Named>> = HashMap::new();
    for row in rows {
        groups.entry(row.get(0)).or_default().push(Named { id: row.get(1), name: row.get(2) });
    }
    let inside = reach::inside("compartment.id", "$2");
    let sql = format!(
        "SELECT id, name, {inside} FROM compartment WHERE project = $1 AND ($3 = 1 OR {inside}) ORDER BY name, id"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(&project)
        .bind(&actor.person()?.id)
        .bind(i64::from(manages))
        .fetch_all(state.db.reader())
        .await?;
    let compartments = rows.into_iter().map(|row| {
        let id: String = row.get(0);
        Compartment {
            people: people.remove(&id).unwrap_or_default(),
            groups: groups.remove(&id).unwrap_or_default(),
            name: row.get(1),
            is_member: row.get::<i64, _>(2) == 1,
            id,
        }
    });
    Ok(Json(compartments.collect()))
}

/// Makes a compartment, with no members.
#[utoipa::path(post, path = "/api/projects/{id}/compartments", tag = "compartment", request_body = NameCompartment,
    responses((status = 200, body = Named)))]
async fn create(
    state: State,
    actor: Actor,
    Path(project): Path<String>,
    input: Input<NameCompartment>,
) -> Result<Json<Named>, Error> {
    can(&state, &actor, Action::Manage, Object::Project(&project)).await?;
    let name = input::name("name", &input.read()?.name)?;
    let (id, now) = (id::id(), state.now());
    let mut write = state.db.write().await?;
    can_in(&mut write, &state, &actor, Action::Manage, Object::Project(&project)).await?;
    check_free(&mut write, &project, &name, "").await?;
    sqlx::query("INSERT INTO compartment (id, project, name, created) VALUES ($1, $2, $3, $4)")
        .bind(&id)
        .bind(&project)
        .bind(&name)
        .bind(now)
        .execute(&mut *write)
        .await?;
    let (object, detail) = (format!("compartment:{id}"), format!("{name}, of project:{project}"));
    audit::record(&mut write, now, &actor.label(), "compartment.create", &object, &detail).await?;
    write.commit().await?;
    Ok(Json(Named { id, name }))
}

/// Renames a compartment.
#[utoipa::path(patch, path = "/api/projects/{id}/compartments/{compartment}", tag = "compartment",
    request_body = NameCompartment, responses((status = 200)))]
async fn rename(
    state: State,
    actor: Actor,
    Path((project, compartment)): Path<(String, String)>,
    input: Input<NameCompartment>,
) -> Result<Json<()>, Error> {
    can(&state, &actor, Action::Manage, Object::Project(&project)).await?;
    let mut write = state.db.write().await?;
    can_in(&mut write, &state, &actor, Action::Manage, Object::Project(&project)).await?;
    check(&mut write, &project, &compartment).await?;
    let name = input::name("name", &input.read()?.name)?;
    check_free(&mut write, &project, &name, &compartment).await?;
    sqlx::query("UPDATE compartment SET name = $2 WHERE id = $1")
        .bind(&compartment)
        .bind(&name)
        .execute(&mut *write)
        .await?;
    let object = format!("compartment:{compartment}");
    audit::record(&mut write, state.now(), &actor.label(), "compartment.rename", &object, &name).await?;
    write.commit().await?;
    Ok(Json(()))
}

/// Removes a compartment that has no designs, in the bin neither.
#[utoipa::path(delete, path = "/api/projects/{id}/compartments/{compartment}", tag = "compartment",
    responses((status = 200), (status = 409, description = "Designs are in it", body = app::api::Problem)))]
async fn remove(
    state: State,
    actor: Actor,
    Path((project, compartment)): Path<(String, String)>,
) -> Result<Json<()>, Error> {
    can(&state, &actor, Action::Manage, Object::Project(&project)).await?;
    let mut write = state.db.write().await?;
    can_in(&mut write, &state, &actor, Action::Manage, Object::Project(&project)).await?;
    let name = check(&mut write, &project, &compartment).await?;
    let row = sqlx::query(
        "SELECT COUNT(*) FROM compartment_design JOIN design ON design.id = compartment_design.design \
         WHERE compartment_design.compartment = $1",
    )
    .bind(&compartment)
    .fetch_one(&mut *write)
    .await?;
    if row.get::<i64, _>(0) > 0 {
        let why = "Designs are in this compartment, perhaps in the bin; a member must move them out first.";
        return Err(Error::Conflict(why.to_owned()));
    }
    // The rows of designs that are gone stay: without a compartment nobody is a member, and the audit log keeps them hidden.
    sqlx::query("DELETE FROM compartment WHERE id = $1").bind(&compartment).execute(&mut *write).await?;
    let object = format!("compartment:{compartment}");
    audit::record(&mut write, state.now(), &actor.label(), "compartment.remove", &object, &name).await?;
    write.commit().await?;
    Ok(Json(()))
}

/// Who comes into a compartment or leaves it.
enum Member {
    Person(String),
    Group(String),
}

/// Makes a colleague a member. Their role in the project stays what it is: who has none there sees nothing.
#[utoipa::path(put, path = "/api/projects/{id}/compartments/{compartment}/people/{user}", tag = "compartment",
    responses((status = 200)))]
async fn put_person(
    state: State,
    actor: Actor,
    Path((project, compartment, user)): Path<(String, String, String)>,
) -> Result<Json<()>, Error> {
    change_member(&state, &actor, &project, &compartment, Member::Person(user), true).await
}

/// Takes someone out of a compartment; their sockets to its designs close at once, unless a group of theirs is a member.
#[utoipa::path(delete, path = "/api/projects/{id}/compartments/{compartment}/people/{user}", tag = "compartment",
    responses((status = 200)))]
async fn remove_person(
    state: State,
    actor: Actor,
    Path((project, compartment, user)): Path<(String, String, String)>,
) -> Result<Json<()>, Error> {
    change_member(&state, &actor, &project, &compartment, Member::Person(user), false).await
}

/// Makes everyone in a group a member, for as long as they are in it.
#[utoipa::path(put, path = "/api/projects/{id}/compartments/{compartment}/groups/{group}", tag = "compartment",
    responses((status = 200)))]
async fn put_group(
    state: State,
    actor: Actor,
    Path((project, compartment, group)): Path<(String, String, String)>,
) -> Result<Json<()>, Error> {
    change_member(&state, &actor, &project, &compartment, Member::Group(group), true).await
}

/// Takes a group out of a compartment.
#[utoipa::path(delete, path = "/api/projects/{id}/compartments/{compartment}/groups/{group}", tag = "compartment",
    responses((status = 200)))]
async fn remove_group(
    state: State,
    actor: Actor,
    Path((project, compartment, group)): Path<(String, String, String)>,
) -> Result<Json<()>, Error> {
    change_member(&state, &actor, &project, &compartment, Member::Group(group), false).await
}

async fn change_member(
    state: &State,
    actor: &Actor,
    project: &str,
    compartment: &str,
    member: Member,
    is_in: bool,
) -> Result<Json<()>, Error> {
    can(state, actor, Action::Manage, Object::Project(project)).await?;
    let person = actor.person()?;
    if let Member::Person(user) = &member {
        check_colleague(state, person, user).await?;
    }
    let mut write = state.db.write().await?;
    can_in(&mut write, state, actor, Action::Manage, Object::Project(project)).await?;
    check(&mut write, project, compartment).await?;
    if let Member::Group(group) = &member {
        group::check(&mut write, &person.organisation, group).await?;
    }
    let (sql, action) = match (&member, is_in) {
        (Member::Person(_), true) => (
            "INSERT INTO compartment_person (compartment, person) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            "compartment.person",
        ),
        (Member::Person(_), false) => {
            ("DELETE FROM compartment_person WHERE compartment = $1 AND person = $2", "compartment.remove_person")
        }
        (Member::Group(_), true) => (
            "INSERT INTO compartment_group (compartment, people_group) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            "compartment.group",
        ),
        (Member::Group(_), false) => {
            ("DELETE FROM compartment_group WHERE compartment = $1 AND people_group = $2", "compartment.remove_group")
        }
    };
    let (Member::Person(id) | Member::Group(id)) = &member;
    sqlx::query(sql).bind(compartment).bind(id).execute(&mut *write).await?;
    let (detail, people) = match member {
        Member::Person(user) => (format!("person:{user}"), vec![user]),
        Member::Group(group) => {
            let people = group::people(&mut write, &group).await?;
            (format!("group:{group}{}", group::with(&people)), people)
        }
    };
    let object = format!("compartment:{compartment}");
    audit::record(&mut write, state.now(), &actor.label(), action, &object, &detail).await?;
    write.commit().await?;
    state.rooms.revoke(state, Revoked::Rights(people));
    Ok(Json(()))
}

/// Moves a design into a compartment of its project that one is a member of. From then on nobody else sees it; sockets of others
/// close, and its share links end: members make new ones.
#[utoipa::path(put, path = "/api/designs/{id}/compartment", tag = "compartment", request_body = PutIn,
    responses((status = 200, body = DesignCard)))]
async fn put_design(
    state: State,
    actor: Actor,
    Path(design): Path<String>,
    input: Input<PutIn>,
) -> Result<Json<DesignCard>, Error> {
    can(&state, &actor, Action::Arrange, Object::Design(&design)).await?;
    let person = actor.person()?;
    let PutIn { compartment } = input.read()?;
    let now = state.now();
    let mut write = state.db.write().await?;
    // Of the project that it is in by now: a move to another may have come between.
    let grant = can_in(&mut write, &state, &actor, Action::Arrange, Object::Design(&design)).await?;
    let project = grant.project.ok_or(Error::NotFound("design"))?;
    let before = of(&mut write, &design).await?;
    if before.as_ref() == Some(&compartment) {
        drop(write);
        return design::read_card(&state, person, &design).await.map(Json);
    }
    enter(&mut write, &person.id, &project, &design, &compartment).await?;
    let shares = sqlx::query(
        "UPDATE share SET revoked = 1, expires = MIN(expires, $2) WHERE design = $1 AND revoked = 0 RETURNING id",
    )
    .bind(&design)
    .bind(state.now())
    .fetch_all(&mut *write)
    .await?;
    let shares: Vec<String> = shares.into_iter().map(|row| row.get(0)).collect();
    let (by, of_design) = (actor.label(), format!("design:{design}"));
    note_moved(&mut write, now, &by, &design, before.as_deref(), Some(&compartment)).await?;
    for share in &shares {
        audit::record(&mut write, now, &by, "share.revoke", &of_design, &format!("share:{share}")).await?;
    }
    write.commit().await?;
    for share in shares {
        state.rooms.revoke(&state, Revoked::Share(share));
    }
    state.rooms.revoke(&state, Revoked::Design(design.clone()));
    design::read_card(&state, person, &design).await.map(Json)
}

/// Takes a design out of its compartment: everyone in the project sees it.
#[utoipa::path(delete, path = "/api/designs/{id}/compartment", tag = "compartment",
    responses((status = 200, body = DesignCard)))]
async fn take_out(state: State, actor: Actor, Path(design): Path<String>) -> Result<Json<DesignCard>, Error> {
    can(&state, &actor, Action::Arrange, Object::Design(&design)).await?;
    let person = actor.person()?;
    let mut write = state.db.write().await?;
    can_in(&mut write, &state, &actor, Action::Arrange, Object::Design(&design)).await?;
    // Taking out what is in none is done already.
    if let Some(before) = of(&mut write, &design).await? {
        sqlx::query("DELETE FROM compartment_design WHERE design = $1").bind(&design).execute(&mut *write).await?;
        note_moved(&mut write, state.now(), &actor.label(), &design, Some(&before), None).await?;
        write.commit().await?;
    }
    design::read_card(&state, person, &design).await.map(Json)
}

/// What moves is told of the compartments, not of the design: so whoever checks the log sees it without being a member, and
/// reads no name.
async fn note_moved(
    write: &mut db::Connection,
    now: i64,
    by: &str,
    design: &str,
    out_of: Option<&str>,
    into: Option<&str>,
) -> Result<(), Error> {
    let detail = format!("design:{design}");
    for (compartment, action) in [(out_of, "compartment.take_out"), (into, "compartment.put_in")] {
        if let Some(compartment) = compartment {
            audit::record(write, now, by, action, &format!("compartment:{compartment}"), &detail).await?;
        }
    }
    Ok(())
}
