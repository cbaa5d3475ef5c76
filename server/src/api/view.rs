//! `/api/board/views`: the views of the board that a person saved. Nobody else sees them.

use super::input::{self, Input};
use crate::auth::{Action, Actor, Object, can};
use crate::{Error, State, id};
use app::api::view::{Look, SaveView, View};
use axum::Json;
use axum::extract::Path;
use sqlx::Row as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Most views a person keeps: more would not be chosen from, and each costs a row for good.
const VIEWS_MAX: i64 = 50;
/// Longest search, characters: as long as the names that it finds.
const SEARCH_MAX: usize = 200;
/// Longest id of a project or person; ours are shorter.
const ID_MAX: usize = 100;

pub fn router() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(list, save)).routes(routes!(remove))
}

/// One's saved views of the board, by name.
#[utoipa::path(get, path = "/api/board/views", tag = "board", responses((status = 200, body = Vec<View>)))]
async fn list(state: State, actor: Actor) -> Result<Json<Vec<View>>, Error> {
    can(&state, &actor, Action::See, Object::Organisation).await?;
    let person = actor.person()?;
    let rows = sqlx::query(
        "SELECT id, name, content FROM board_view WHERE organisation = $1 AND person = $2 ORDER BY LOWER(name), id",
    )
    .bind(&person.organisation)
    .bind(&person.id)
    .fetch_all(state.db.reader())
    .await?;
    // What a newer version wrote and this one cannot read is left out, and kept.
    let view = |row: &sqlx::sqlite::SqliteRow| {
        let look = serde_json::from_str(&row.get::<String, _>(2)).ok()?;
        Some(View { id: row.get(0), name: row.get(1), look })
    };
    Ok(Json(rows.iter().filter_map(view).collect()))
}

/// Saves a view of the board; under a name that one has already, in the place of that one.
#[utoipa::path(post, path = "/api/board/views", tag = "board", request_body = SaveView, responses((status = 200, body = View)))]
async fn save(state: State, actor: Actor, input: Input<SaveView>) -> Result<Json<View>, Error> {
    can(&state, &actor, Action::See, Object::Organisation).await?;
    // Looking is enough to have views; a program needs the scope to change something of its person's.
    can(&state, &actor, Action::Arrange, Object::Self_).await?;
    let person = actor.person()?;
    let SaveView { name, look } = input.read()?;
    let name = input::name("name", &name)?;
    check(&look)?;
    let content = serde_json::to_string(&look).map_err(Error::internal)?;
    let mut write = state.db.write().await?;
    let others: i64 =
        sqlx::query_scalar("SELECT COUNT(*) FROM board_view WHERE organisation = $1 AND person = $2 AND name <> $3")
            .bind(&person.organisation)
            .bind(&person.id)
            .bind(&name)
            .fetch_one(&mut *write)
            .await?;
    if others >= VIEWS_MAX {
        return Err(Error::field("name", format!("You have {VIEWS_MAX} views; delete one first, or replace one.")));
    }
    let id: String = sqlx::query_scalar(
        "INSERT INTO board_view (id, person, organisation, name, created, content) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (organisation, person, name) DO UPDATE SET created = $5, content = $6 RETURNING id",
    )
    .bind(id::id())
    .bind(&person.id)
    .bind(&person.organisation)
    .bind(&name)
    .bind(state.now())
    .bind(content)
    .fetch_one(&mut *write)
    .await?;
    write.commit().await?;
    Ok(Json(View { id, name, look }))
}

/// What is chosen from lists is known by its type; the rest is bounded.
fn check(look: &Look) -> Result<(), Error> {
    if look.search.chars().count() > SEARCH_MAX {
        return Err(Error::field("search", format!("Search with at most {SEARCH_MAX} characters.")));
    }
    for (field, id) in [("project", &look.project), ("person", &look.person)] {
        if id.len() > ID_MAX {
            return Err(Error::field(field, format!("This is no id of a {field}.")));
        }
    }
    Ok(())
}

/// Deletes one of one's views.
#[utoipa::path(delete, path = "/api/board/views/{id}", tag = "board", params(("id" = String, Path)), responses((status = 200)))]
async fn remove(state: State, actor: Actor, Path(id): Path<String>) -> Result<Json<()>, Error> {
    can(&state, &actor, Action::See, Object::Organisation).await?;
    can(&state, &actor, Action::Arrange, Object::Self_).await?;
    let person = actor.person()?;
    let mut write = state.db.write().await?;
    let gone = sqlx::query("DELETE FROM board_view WHERE id = $1 AND organisation = $2 AND person = $3")
        .bind(&id)
        .bind(&person.organisation)
        .bind(&person.id)
        .execute(&mut *write)
        .await?;
    if gone.rows_affected() == 0 {
        return Err(Error::NotFound("view"));
    }
    write.commit().await?;
    Ok(Json(()))
}
