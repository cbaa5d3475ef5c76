//! `/api/board`: how all designs stand, for those who answer for them.

use crate::auth::{Action, Actor, Object, Person, can, reach};
use crate::clock::DAY;
use crate::jobs::{self, Stored};
use crate::release::waiver;
use crate::standing::{self, Standing};
use crate::{Error, State, release};
use app::api::auth::Role;
use app::api::board::{Board, Contributor, Moment, Row, Runs, Sheet};
use app::api::release::Standing as Revisions;
use app::api::run::Run;
use axum::Json;
use axum::extract::Path;
use solver::design::Id;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use std::collections::HashMap;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Most designs on a board.
const ROWS_MAX: i64 = 2_000;
/// Moments of each design that the board shows, and its own sheet.
const COURSE: i64 = 24;
const COURSE_OF_ONE: i64 = 500;
/// How long what people did counts as their work on a design.
const LATELY: i64 = 14 * DAY;
/// Runs on a design's sheet.
const RUNS: u32 = 20;

pub fn router() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(board)).routes(routes!(sheet))
}

const SELECT: &str = "SELECT design.id, design.name, design.project, project.name, design.sequence, design.changed, \
     person.name, standing.content, standing.sequence FROM design JOIN project ON project.id = design.project \
     JOIN person ON person.id = design.changed_by LEFT JOIN standing ON standing.design = design.id";

/// The designs that are asked about: one, `$4`, or with an empty `$4` all in work that a person may see: see
/// [`reach::design`] for the other three.
fn designs() -> String {
    format!("(design.id = $4 OR ($4 = '' AND design.state = 'active' AND {}))", reach::design())
}

/// Whose board, or which design.
struct Scope<'a> {
    person: &'a Person,
    /// Empty for all.
    design: &'a str,
}

type Query<'q> = sqlx::query::Query<'q, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>;

impl<'a> Scope<'a> {
    /// A query that begins with the four values of [`designs`].
    fn query(&self, text: String) -> Query<'a> {
        sqlx::query(sqlx::AssertSqlSafe(text))
            .bind(self.person.organisation.clone())
            .bind(self.person.id.clone())
            .bind(i64::from(self.person.role == Role::Owner))
            .bind(self.design.to_owned())
    }
}

/// Every design in work that one may see, with how it stands and how it came there.
#[utoipa::path(get, path = "/api/board", tag = "board", responses((status = 200, body = Board)))]
async fn board(state: State, actor: Actor) -> Result<Json<Board>, Error> {
    can(&state, &actor, Action::See, Object::Organisation).await?;
    let scope = Scope { person: actor.person()?, design: "" };
    let text = format!("{SELECT} WHERE {} ORDER BY design.changed DESC, design.id LIMIT {ROWS_MAX}", designs());
    let rows = scope.query(text).fetch_all(state.db.reader()).await?;
    let mut runs = sums(&state, &scope).await?;
    let mut courses = courses(&state, &scope, COURSE).await?;
    let mut releases = releases(&state, &scope).await?;
    let mut people = contributors(&state, &scope).await?;
    let rows = rows.iter().map(|row| {
        let design: String = row.get(0);
        let (runs, mut course) =
            (runs.remove(&design).unwrap_or_default(), courses.remove(&design).unwrap_or_default());
        // A row draws the least of them only, and two hundred designs have some hundred thousand.
        course.iter_mut().for_each(|moment| moment.reserves.clear());
        let (release, people) =
            (releases.remove(&design).unwrap_or_default(), people.remove(&design).unwrap_or_default());
        let mut row = Row { release, people, ..read(&state, row, runs, course) };
        row.now.iter_mut().for_each(|moment| moment.reserves.clear());
        row
    });
    Ok(Json(Board { rows: rows.collect() }))
}

/// One design for someone who does not open the model: every requirement, the course, the runs.
#[utoipa::path(get, path = "/api/board/{design}", tag = "board", params(("design" = String, Path)),
    responses((status = 200, body = Sheet)))]
async fn sheet(state: State, actor: Actor, Path(design): Path<String>) -> Result<Json<Sheet>, Error> {
    can(&state, &actor, Action::See, Object::Design(&design)).await?;
    let scope = Scope { person: actor.person()?, design: &design };
    let mut standing = standing::refresh(&state, &design).await?;
    let waived = standing.lines.iter().filter(|line| line.waived).map(|line| Id(line.requirement.clone())).collect();
    let mut makers = waiver::makers(&state, &design, standing.moment.sequence, waived).await?;
    for line in &mut standing.lines {
        line.waived_by = makers.remove(&Id(line.requirement.clone()));
    }
    let row = scope.query(format!("{SELECT} WHERE {}", designs())).fetch_optional(state.db.reader()).await?;
    let row = row.ok_or(Error::NotFound("design"))?;
    let sums = sums(&state, &scope).await?.remove(&design).unwrap_or_default();
    let course = courses(&state, &scope, COURSE_OF_ONE).await?.remove(&design).unwrap_or_default();
    let release = releases(&state, &scope).await?.remove(&design).unwrap_or_default();
    let people = contributors(&state, &scope).await?.remove(&design).unwrap_or_default();
    let filter = jobs::store::Filter { design: Some(design.clone()), limit: RUNS, ..Default::default() };
    let stored = {
        let mut reader = state.db.reader().acquire().await?;
        jobs::store::list(&mut reader, &filter).await?
    };
    let mut runs: Vec<Run> = stored.iter().map(Stored::to_run).collect();
    runs.iter_mut().for_each(|run| state.jobs.board().dress(run));
    jobs::mark_stale(&state, &mut runs).await?;
    let row = Row { release, people, ..read(&state, &row, sums, course) };
    Ok(Json(Sheet { time: state.now(), row, lines: standing.lines, runs }))
}

/// A row of [`SELECT`].
fn read(state: &State, row: &SqliteRow, runs: Runs, course: Vec<Moment>) -> Row {
    let design: String = row.get(0);
    let sequence = row.get::<i64, _>(4) as u64;
    let standing: Option<Standing> =
        row.get::<Option<String>, _>(7).and_then(|content| serde_json::from_str(&content).ok());
    Row {
        here: state.rooms.here(&design),
        people: Vec::new(),
        name: row.get(1),
        project: row.get(2),
        project_name: row.get(3),
        sequence,
        changed: row.get(5),
        changed_by: row.get(6),
        now: standing.as_ref().map(|s| s.moment.clone()),
        behind: standing.is_none() || row.get::<Option<i64>, _>(8) != Some(sequence as i64),
        blocked: standing.as_ref().and_then(Standing::blocked),
        runs,
        course,
        release: Default::default(),
        design,
    }
}

/// Runs of every design in the scope, in sum. An answer from the store cost nothing again.
async fn sums(state: &State, scope: &Scope<'_>) -> Result<HashMap<String, Runs>, Error> {
    let text = format!(
        "SELECT run.design, COUNT(*), SUM(CASE WHEN run.state IN ('queued', 'leased') THEN 1 ELSE 0 END), \
         SUM(CASE WHEN run.state IN ('failed', 'dead') THEN 1 ELSE 0 END), \
         COALESCE(SUM(CASE WHEN run.source IS NULL THEN run.core_seconds END), 0.0), MAX(run.ended) \
         FROM run JOIN design ON design.id = run.design WHERE {} GROUP BY run.design",
        designs()
    );
    let rows = scope.query(text).fetch_all(state.db.reader()).await?;
    let sum = |row: SqliteRow| {
        let runs = Runs {
            n: row.get::<i64, _>(1) as u32,
            active: row.get::<i64, _>(2) as u32,
            failed: row.get::<i64, _>(3) as u32,
            core_seconds: row.get(4),
            last: row.get(5),
        };
        (row.get(0), runs)
    };
    Ok(rows.into_iter().map(sum).collect())
}

/// Who edited or ran each design in the scope lately, the last one first. Whoever sees a design sees its history, and so their
/// names.
async fn contributors(state: &State, scope: &Scope<'_>) -> Result<HashMap<String, Vec<Contributor>>, Error> {
    let text = format!(
        "SELECT work.design, person.id, person.name, person.hue, SUM(work.edits), SUM(work.runs), MAX(work.last) FROM (\
         SELECT entry.design AS design, entry.author AS who, COUNT(*) AS edits, 0 AS runs, MAX(entry.time) AS last \
         FROM design JOIN entry ON entry.design = design.id AND entry.time >= $5 \
         WHERE {0} GROUP BY entry.design, entry.author \
         UNION ALL SELECT run.design, run.person, 0, COUNT(*), MAX(run.created) \
         FROM design JOIN run ON run.design = design.id AND run.created >= $5 \
         WHERE {0} GROUP BY run.design, run.person) AS work JOIN person ON person.id = work.who \
         GROUP BY work.design, person.id ORDER BY work.design, MAX(work.last) DESC, person.name",
        designs()
    );
    let rows = scope.query(text).bind(state.now() - LATELY).fetch_all(state.db.reader()).await?;
    let mut out: HashMap<String, Vec<Contributor>> = HashMap::new();
    for row in rows {
        let contributor = Contributor {
            person: row.get(1),
            name: row.get(2),
            hue: row.get::<i64, _>(3) as u16,
            n_edits: row.get::<i64, _>(4) as u32,
            n_runs: row.get::<i64, _>(5) as u32,
            last: row.get(6),
        };
        out.entry(row.get(0)).or_default().push(contributor);
    }
    Ok(out)
}

/// The last moments of every design in the scope, oldest first. Each design's are sought from the end of its own by their key:
/// whatever else is kept of it is not read.
async fn courses(state: &State, scope: &Scope<'_>, limit: i64) -> Result<HashMap<String, Vec<Moment>>, Error> {
    let text = format!(
        "SELECT course.design, course.content FROM design JOIN standing_course AS course ON course.design = design.id \
         AND course.time >= COALESCE((SELECT nth.time FROM standing_course AS nth WHERE nth.design = design.id \
         ORDER BY nth.time DESC LIMIT 1 OFFSET $5), 0) WHERE {} ORDER BY course.design, course.time",
        designs()
    );
    let rows = scope.query(text).bind(limit - 1).fetch_all(state.db.reader()).await?;
    let mut out: HashMap<String, Vec<Moment>> = HashMap::new();
    for row in rows {
        // A moment that an older version wrote and this one cannot read leaves a gap.
        if let Ok(moment) = serde_json::from_str(&row.get::<String, _>(1)) {
            out.entry(row.get(0)).or_default().push(moment);
        }
    }
    Ok(out)
}

/// What is released of every design in the scope, and what is in the making.
async fn releases(state: &State, scope: &Scope<'_>) -> Result<HashMap<String, Revisions>, Error> {
    let text = format!(
        "SELECT release.design, release.revision, release.sequence, release.state FROM release \
         JOIN design ON design.id = release.design \
         WHERE {} AND release.state IN ('draft', 'review', 'released')",
        designs()
    );
    Ok(release::store::standings(&scope.query(text).fetch_all(state.db.reader()).await?))
}
