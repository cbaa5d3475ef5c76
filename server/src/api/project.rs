//! `/api/projects/*`

use super::input::{self, Input};
use crate::auth::policy::{effective, role, role_at, role_word};
use crate::auth::{Action, Actor, Object, Person, can, can_in, reach};
use crate::rooms::Revoked;
use crate::telemetry::audit;
use crate::{Error, State, db, id};
use app::api::auth::Role;
use app::api::organisation::{NameProject, Project, ProjectMember, SetRole};
use axum::Json;
use axum::extract::Path;
use sqlx::Row as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn router() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(create))
        .routes(routes!(rename))
        .routes(routes!(members))
        .routes(routes!(set_member))
        .routes(routes!(remove_member))
}

/// Inserts a project and returns its id.
///
/// # Errors
/// When the database refuses.
pub async fn insert(
    write: &mut db::Connection,
    organisation: &str,
    name: &str,
    everyone: bool,
    now: i64,
) -> Result<String, Error> {
    let project = id::id();
    sqlx::query("INSERT INTO project (id, organisation, name, everyone, created) VALUES ($1, $2, $3, $4, $5)")
        .bind(&project)
        .bind(organisation)
        .bind(name)
        .bind(i64::from(everyone))
        .bind(now)
        .execute(write)
        .await?;
    Ok(project)
}

/// People in a project, themselves or through groups.
const N_MEMBERS: &str = "(SELECT COUNT(*) FROM (SELECT own.person FROM project_member AS own WHERE own.project = project.id \
     UNION SELECT of_group.person FROM project_group AS lent \
     JOIN group_person AS of_group ON of_group.people_group = lent.people_group WHERE lent.project = project.id) AS people)";

/// The projects one may see.
///
/// # Errors
/// When the database refuses.
pub async fn visible(state: &State, person: &Person) -> Result<Vec<Project>, Error> {
    let sql = format!(
        "SELECT project.id, project.name, project.everyone, {}, \
         (SELECT COUNT(*) FROM design WHERE design.project = project.id AND design.state = 'active' AND {}), {N_MEMBERS}, \
         (SELECT COUNT(*) FROM member WHERE member.organisation = project.organisation) \
         FROM project WHERE {} ORDER BY project.name, project.id",
        reach::held("$2"),
        reach::within("design.id", "$2"),
        reach::project()
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(&person.organisation)
        .bind(&person.id)
        .bind(i64::from(person.role == Role::Owner))
        .fetch_all(state.db.reader())
        .await?;
    let projects = rows.into_iter().map(|row| {
        let everyone = row.get::<i64, _>(2) == 1;
        let role = effective(person.role, everyone, role_at(row.get(3))?).ok_or(Error::NotFound("project"))?;
        let members = if everyone { row.get::<i64, _>(6) } else { row.get::<i64, _>(5) };
        Ok(Project {
            id: row.get(0),
            name: row.get(1),
            role,
            designs: row.get::<i64, _>(4) as u32,
            members: members as u32,
        })
    });
    projects.collect()
}

/// The projects one may see.
#[utoipa::path(get, path = "/api/projects", tag = "project", responses((status = 200, body = Vec<Project>)))]
async fn list(state: State, actor: Actor) -> Result<Json<Vec<Project>>, Error> {
    can(&state, &actor, Action::See, Object::Organisation).await?;
    visible(&state, actor.person()?).await.map(Json)
}

/// Makes a project, owned by whoever makes it.
#[utoipa::path(post, path = "/api/projects", tag = "project", request_body = NameProject, responses((status = 200, body = Project)))]
async fn create(state: State, actor: Actor, input: Input<NameProject>) -> Result<Json<Project>, Error> {
    can(&state, &actor, Action::Create, Object::Organisation).await?;
    let person = actor.person()?;
    let name = input::name("name", &input.read()?.name)?;
    let now = state.now();
    let mut write = state.db.write().await?;
    let project = insert(&mut write, &person.organisation, &name, false, now).await?;
    put_member(&mut write, &project, &person.id, Role::Owner).await?;
    audit::record(&mut write, now, &actor.label(), "project.create", &format!("project:{project}"), &name).await?;
    write.commit().await?;
    Ok(Json(Project { id: project, name, role: Role::Owner, designs: 0, members: 1 }))
}

/// Renames a project.
#[utoipa::path(patch, path = "/api/projects/{id}", tag = "project", request_body = NameProject, responses((status = 200)))]
async fn rename(
    state: State,
    actor: Actor,
    Path(project): Path<String>,
    input: Input<NameProject>,
) -> Result<Json<()>, Error> {
    can(&state, &actor, Action::Manage, Object::Project(&project)).await?;
    let name = input::name("name", &input.read()?.name)?;
    let mut write = state.db.write().await?;
    can_in(&mut write, &state, &actor, Action::Manage, Object::Project(&project)).await?;
    sqlx::query("UPDATE project SET name = $2 WHERE id = $1").bind(&project).bind(&name).execute(&mut *write).await?;
    audit::record(&mut write, state.now(), &actor.label(), "project.rename", &format!("project:{project}"), &name)
        .await?;
    write.commit().await?;
    Ok(Json(()))
}

/// Who is in a project.
#[utoipa::path(get, path = "/api/projects/{id}/members", tag = "project", responses((status = 200, body = Vec<ProjectMember>)))]
async fn members(state: State, actor: Actor, Path(project): Path<String>) -> Result<Json<Vec<ProjectMember>>, Error> {
    can(&state, &actor, Action::See, Object::Project(&project)).await?;
    let rows = sqlx::query(
        "SELECT person.id, person.name, person.email, project_member.role FROM project_member \
         JOIN person ON person.id = project_member.person WHERE project_member.project = $1 ORDER BY person.name, person.id",
    )
    .bind(&project)
    .fetch_all(state.db.reader())
    .await?;
    let members = rows.into_iter().map(|row| {
        Ok(ProjectMember {
            user: row.get(0),
            name: row.get(1),
            email: row.get(2),
            role: role(&row.get::<String, _>(3))?,
        })
    });
    members.collect::<Result<_, Error>>().map(Json)
}

async fn put_member(write: &mut db::Connection, project: &str, person: &str, role: Role) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO project_member (project, person, role) VALUES ($1, $2, $3) \
         ON CONFLICT (project, person) DO UPDATE SET role = $3",
    )
    .bind(project)
    .bind(person)
    .bind(role_word(role))
    .execute(write)
    .await?;
    Ok(())
}

/// Refuses a person of another organisation as if they did not exist.
pub(super) async fn check_colleague(state: &State, actor: &Person, person: &str) -> Result<(), Error> {
    sqlx::query("SELECT 1 FROM member WHERE organisation = $1 AND person = $2")
        .bind(&actor.organisation)
        .bind(person)
        .fetch_optional(state.db.reader())
        .await?
        .map(|_| ())
        .ok_or(Error::NotFound("person"))
}

/// Takes a colleague into a project, or changes their role in it.
#[utoipa::path(put, path = "/api/projects/{id}/members/{user}", tag = "project", request_body = SetRole, responses((status = 200)))]
async fn set_member(
    state: State,
    actor: Actor,
    Path((project, user)): Path<(String, String)>,
    input: Input<SetRole>,
) -> Result<Json<()>, Error> {
    can(&state, &actor, Action::Manage, Object::Project(&project)).await?;
    check_colleague(&state, actor.person()?, &user).await?;
    let role = input.read()?.role;
    let mut write = state.db.write().await?;
    can_in(&mut write, &state, &actor, Action::Manage, Object::Project(&project)).await?;
    put_member(&mut write, &project, &user, role).await?;
    let detail = format!("person:{user} {}", role_word(role));
    audit::record(&mut write, state.now(), &actor.label(), "project.member", &format!("project:{project}"), &detail)
        .await?;
    write.commit().await?;
    state.rooms.revoke(&state, Revoked::Rights(vec![user]));
    Ok(Json(()))
}

/// Takes someone out of a project; their sockets to its designs close at once.
#[utoipa::path(delete, path = "/api/projects/{id}/members/{user}", tag = "project", responses((status = 200)))]
async fn remove_member(
    state: State,
    actor: Actor,
    Path((project, user)): Path<(String, String)>,
) -> Result<Json<()>, Error> {
    can(&state, &actor, Action::Manage, Object::Project(&project)).await?;
    let mut write = state.db.write().await?;
    can_in(&mut write, &state, &actor, Action::Manage, Object::Project(&project)).await?;
    // Taking out someone who is not in it is done already.
    sqlx::query("DELETE FROM project_member WHERE project = $1 AND person = $2")
        .bind(&project)
        .bind(&user)
        .execute(&mut *write)
        .await?;
    let object = format!("project:{project}");
    audit::record(&mut write, state.now(), &actor.label(), "project.remove_member", &object, &format!("person:{user}"))
        .await?;
    write.commit().await?;
    state.rooms.revoke(&state, Revoked::Rights(vec![user]));
    Ok(Json(()))
}
