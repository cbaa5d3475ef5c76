//! The queue's SQL: rows of `run` and `run_artefact`, in and out. Portable between SQLite and PostgreSQL.

use super::artefact::Kind;
use super::lease::{Job, State as LeaseState};
use crate::Error;
use crate::auth::{Person, reach};
use crate::db::Connection;
use app::api::auth::Role;
use app::api::run::{Run, RunState};
use solver::run::Asked;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

/// A row of `run`, with the names of its design and person.
#[derive(Clone, Debug)]
pub struct Stored {
    pub id: String,
    pub design: String,
    pub design_name: String,
    pub sequence: u64,
    pub question: String,
    pub study: String,
    pub study_name: String,
    pub study_kind: String,
    pub study_version: u32,
    pub document: String,
    pub person: String,
    pub person_name: String,
    pub seed: u64,
    pub created: i64,
    pub job: Job,
    pub worker_host: Option<String>,
    pub started: Option<i64>,
    pub ended: Option<i64>,
    pub core_seconds: Option<f64>,
    pub memory_bytes: Option<u64>,
    pub instruction_set: Option<String>,
    pub source: Option<String>,
    /// Hash of the surface artefact.
    pub surface: Option<String>,
    /// Hash of the last checkpoint.
    pub checkpoint: Option<String>,
    pub queue_position: Option<u32>,
}

/// What a list of runs may be narrowed by.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only of designs that they see: asked before the list is cut, so that what others hide takes no places on a page.
    pub seen_by: Option<Person>,
    pub design: Option<String>,
    pub states: Vec<LeaseState>,
    /// `created.id` of the last row of the page before.
    pub after: Option<(i64, String)>,
    pub limit: u32,
}

const SELECT: &str = "SELECT run.*, design.name AS design_name, person.name AS person_name, \
     (SELECT hash FROM run_artefact WHERE run_artefact.run = run.id AND kind = 'surface') AS surface, \
     (SELECT hash FROM run_artefact WHERE run_artefact.run = run.id AND kind = 'checkpoint') AS checkpoint, \
     CASE WHEN run.state = 'queued' THEN (SELECT COUNT(*) FROM run AS earlier WHERE earlier.state = 'queued' \
     AND (earlier.created < run.created OR (earlier.created = run.created AND earlier.id < run.id))) END AS queue_position \
     FROM run JOIN design ON design.id = run.design JOIN person ON person.id = run.person";

fn asked(word: Option<&str>) -> Asked {
    match word {
        Some("pause") => Asked::Pause,
        Some("finish") => Asked::Finish,
        _ => Asked::Nothing,
    }
}

fn asked_word(asked: Asked) -> Option<&'static str> {
    match asked {
        Asked::Nothing => None,
        Asked::Pause => Some("pause"),
        Asked::Finish => Some("finish"),
    }
}

fn read(row: &SqliteRow) -> Result<Stored, Error> {
    let state: String = row.try_get("state")?;
    let state = LeaseState::parse(&state)
        .ok_or_else(|| Error::internal(anyhow::anyhow!("unknown state {state:?} of a run in the database")))?;
    let number = |name: &str| row.try_get::<i64, _>(name);
    Ok(Stored {
        id: row.try_get("id")?,
        design: row.try_get("design")?,
        design_name: row.try_get("design_name")?,
        sequence: number("sequence")? as u64,
        question: row.try_get("question")?,
        study: row.try_get("study")?,
        study_name: row.try_get("study_name")?,
        study_kind: row.try_get("study_kind")?,
        study_version: number("study_version")? as u32,
        document: row.try_get("document")?,
        person: row.try_get("person")?,
        person_name: row.try_get("person_name")?,
        seed: number("seed")? as u64,
        created: number("created")?,
        job: Job {
            state,
            epoch: number("epoch")? as u64,
            attempt: number("attempt")? as u32,
            worker: row.try_get("worker")?,
            deadline: row.try_get("deadline")?,
            cancel_asked: row.try_get("cancel_asked")?,
            asked: asked(row.try_get::<Option<String>, _>("asked")?.as_deref()),
            last_words: row.try_get("message")?,
        },
        worker_host: row.try_get("worker_host")?,
        started: row.try_get("started")?,
        ended: row.try_get("ended")?,
        core_seconds: row.try_get("core_seconds")?,
        memory_bytes: row.try_get::<Option<i64>, _>("memory_bytes")?.map(|n| n as u64),
        instruction_set: row.try_get("instruction_set")?,
        source: row.try_get("source")?,
        surface: row.try_get("surface")?,
        checkpoint: row.try_get("checkpoint")?,
        queue_position: row.try_get::<Option<i64>, _>("queue_position")?.map(|n| n as u32),
    })
}

impl Stored {
    /// As the page sees it; progress and staleness are the caller's to add.
    pub fn to_run(&self) -> Run {
        let state = match self.job.state {
            LeaseState::Queued => RunState::Queued,
            LeaseState::Leased => RunState::Running,
            LeaseState::Paused => RunState::Paused,
            LeaseState::Done => RunState::Done,
            LeaseState::Failed => RunState::Failed,
            LeaseState::Cancelled => RunState::Cancelled,
            LeaseState::Dead => RunState::Dead,
        };
        Run {
            id: self.id.clone(),
            design: self.design.clone(),
            design_name: self.design_name.clone(),
            sequence: self.sequence,
            fingerprint: self.question.clone(),
            study: self.study.clone(),
            study_name: self.study_name.clone(),
            study_kind: self.study_kind.clone(),
            study_version: self.study_version,
            state,
            queue_position: self.queue_position,
            attempt: self.job.attempt,
            by: self.person.clone(),
            by_name: self.person_name.clone(),
            created: self.created,
            started: self.started,
            ended: self.ended,
            phase: None,
            fraction: if state == RunState::Done { 1.0 } else { 0.0 },
            // A first attempt's last words are of no interest once a later one has answered.
            message: self.job.last_words.clone().filter(|_| state != RunState::Done),
            worker: self.worker_host.clone().filter(|_| self.job.worker.is_some()),
            core_seconds: self.core_seconds,
            memory_bytes: self.memory_bytes,
            cached: self.source.is_some(),
            artefact: self.surface.clone().filter(|_| state == RunState::Done),
            stale: false,
            resumable: self.checkpoint.is_some() && !state.ended(),
            asked: self.job.asked,
            seed: self.seed,
            instruction_set: self.instruction_set.clone(),
        }
    }
}

/// # Errors
/// [`Error::NotFound`]
pub async fn get(db: &mut Connection, id: &str) -> Result<Stored, Error> {
    let row =
        sqlx::query(sqlx::AssertSqlSafe(format!("{SELECT} WHERE run.id = $1"))).bind(id).fetch_optional(db).await?;
    read(&row.ok_or(Error::NotFound("run"))?)
}

/// Newest first.
///
/// # Errors
/// The database's.
pub async fn list(db: &mut Connection, filter: &Filter) -> Result<Vec<Stored>, Error> {
    // Absent conditions are switched off by a null, so that the text, and its plan, stay one.
    let states: String = filter.states.iter().map(|s| format!(",{},", s.as_str())).collect();
    let (created, id) = filter.after.clone().map_or((None, None), |(c, i)| (Some(c), Some(i)));
    let sql = format!(
        "{SELECT} WHERE ($2 IS NULL OR {}) AND ($4 IS NULL OR run.design = $4) \
         AND ($5 = '' OR $5 LIKE '%,' || run.state || ',%') \
         AND ($6 IS NULL OR run.created < $6 OR (run.created = $6 AND run.id < $7)) \
         ORDER BY run.created DESC, run.id DESC LIMIT $8",
        reach::design()
    );
    let person = filter.seen_by.as_ref();
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(person.map(|p| &p.organisation))
        .bind(person.map(|p| &p.id))
        .bind(person.map(|p| i64::from(p.role == Role::Owner)))
        .bind(&filter.design)
        .bind(states)
        .bind(created)
        .bind(id)
        .bind(i64::from(filter.limit))
        .fetch_all(db)
        .await?;
    rows.iter().map(read).collect()
}

/// Runs of `design` that ask `question`, newest first, in one of `states`.
///
/// # Errors
/// The database's.
pub async fn asking(
    db: &mut Connection,
    design: &str,
    question: &str,
    states: &[LeaseState],
) -> Result<Option<Stored>, Error> {
    let states: String = states.iter().map(|s| format!(",{},", s.as_str())).collect();
    let sql = format!(
        "{SELECT} WHERE run.design = $1 AND run.question = $2 AND $3 LIKE '%,' || run.state || ',%' \
         AND run.cancel_asked IS NULL ORDER BY run.created DESC, run.id DESC LIMIT 1"
    );
    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(design).bind(question).bind(states).fetch_optional(db).await?;
    row.as_ref().map(read).transpose()
}

/// The newest run of a study object.
///
/// # Errors
/// The database's.
pub async fn latest(db: &mut Connection, design: &str, study: &str) -> Result<Option<Stored>, Error> {
    let sql =
        format!("{SELECT} WHERE run.design = $1 AND run.study = $2 ORDER BY run.created DESC, run.id DESC LIMIT 1");
    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(design).bind(study).fetch_optional(db).await?;
    row.as_ref().map(read).transpose()
}

/// Runs of a study object that ended with an answer, newest first: those that asked `question`, or any.
///
/// # Errors
/// The database's.
pub async fn answered(
    db: &mut Connection,
    design: &str,
    study: &str,
    question: Option<&str>,
    limit: u32,
) -> Result<Vec<Stored>, Error> {
    let sql = format!(
        "{SELECT} WHERE run.design = $1 AND run.study = $2 AND run.state = 'done' AND ($3 IS NULL OR run.question = $3) \
         ORDER BY run.created DESC, run.id DESC LIMIT $4"
    );
    let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(design).bind(study).bind(question).bind(i64::from(limit));
    query.fetch_all(db).await?.iter().map(read).collect()
}

/// Waiting runs in the order they are taken: id, study kind, study version.
///
/// # Errors
/// The database's.
pub async fn waiting(db: &mut Connection, limit: u32) -> Result<Vec<(String, String, u32)>, Error> {
    let rows = sqlx::query(
        "SELECT id, study_kind, study_version FROM run WHERE state = 'queued' ORDER BY created, id LIMIT $1",
    )
    .bind(i64::from(limit))
    .fetch_all(db)
    .await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get::<i64, _>(2)? as u32))).collect()
}

/// Leased runs that time has something to say about.
///
/// # Errors
/// The database's.
pub async fn overdue(db: &mut Connection, now: i64, cancel_grace_ms: i64) -> Result<Vec<String>, Error> {
    let rows = sqlx::query("SELECT id FROM run WHERE state = 'leased' AND (deadline <= $1 OR cancel_asked <= $2)")
        .bind(now)
        .bind(now - cancel_grace_ms)
        .fetch_all(db)
        .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Number of queued and of leased runs.
///
/// # Errors
/// The database's.
pub async fn counts(db: &mut Connection) -> Result<(u64, u64), Error> {
    let row = sqlx::query(
        "SELECT COALESCE(SUM(CASE WHEN state = 'queued' THEN 1 ELSE 0 END), 0), \
         COALESCE(SUM(CASE WHEN state = 'leased' THEN 1 ELSE 0 END), 0) FROM run WHERE state IN ('queued', 'leased')",
    )
    .fetch_one(db)
    .await?;
    Ok((row.try_get::<i64, _>(0)? as u64, row.try_get::<i64, _>(1)? as u64))
}

/// Number of runs of one person that wait.
///
/// # Errors
/// The database's.
pub async fn waiting_of(db: &mut Connection, person: &str) -> Result<u64, Error> {
    let row = sqlx::query("SELECT COUNT(*) FROM run WHERE state = 'queued' AND person = $1")
        .bind(person)
        .fetch_one(db)
        .await?;
    Ok(row.try_get::<i64, _>(0)? as u64)
}

/// # Errors
/// The database's.
pub async fn insert(db: &mut Connection, run: &Stored) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO run (id, design, sequence, question, study, study_name, study_kind, study_version, document, person, \
         seed, created, state, started, ended, core_seconds, memory_bytes, instruction_set, source) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)",
    )
    .bind(&run.id)
    .bind(&run.design)
    .bind(run.sequence as i64)
    .bind(&run.question)
    .bind(&run.study)
    .bind(&run.study_name)
    .bind(&run.study_kind)
    .bind(i64::from(run.study_version))
    .bind(&run.document)
    .bind(&run.person)
    .bind(run.seed as i64)
    .bind(run.created)
    .bind(run.job.state.as_str())
    .bind(run.started)
    .bind(run.ended)
    .bind(run.core_seconds)
    .bind(run.memory_bytes.map(|n| n as i64))
    .bind(&run.instruction_set)
    .bind(&run.source)
    .execute(db)
    .await?;
    Ok(())
}

/// Writes what [`super::lease::step`] made of `before`, if the row still is as `before` says: the epoch and the state
/// stand in the condition, so that no other road to this table can slip in between.
///
/// # Errors
/// [`Error::Conflict`] when the row has moved on.
pub async fn update(
    db: &mut Connection,
    id: &str,
    before: &Job,
    after: &Job,
    host: Option<&str>,
    now: i64,
) -> Result<(), Error> {
    let started = (after.epoch != before.epoch).then_some(now);
    let ended = (after.state.ended() && !before.state.ended()).then_some(now);
    let done = sqlx::query(
        "UPDATE run SET state = $4, epoch = $5, attempt = $6, worker = $7, deadline = $8, cancel_asked = $9, message = $10, \
         worker_host = COALESCE($11, worker_host), started = COALESCE(started, $12), ended = COALESCE($13, ended), asked = $14 \
         WHERE id = $1 AND epoch = $2 AND state = $3",
    )
    .bind(id)
    .bind(before.epoch as i64)
    .bind(before.state.as_str())
    .bind(after.state.as_str())
    .bind(after.epoch as i64)
    .bind(i64::from(after.attempt))
    .bind(&after.worker)
    .bind(after.deadline)
    .bind(after.cancel_asked)
    .bind(&after.last_words)
    .bind(host)
    .bind(started)
    .bind(ended)
    .bind(asked_word(after.asked))
    .execute(db)
    .await?;
    match done.rows_affected() {
        1 => Ok(()),
        _ => Err(Error::Conflict("this run has moved on".into())),
    }
}

/// What an answer took, and on what.
///
/// # Errors
/// The database's.
pub async fn spent(
    db: &mut Connection,
    id: &str,
    core_seconds: f64,
    memory_bytes: u64,
    instruction_set: &str,
) -> Result<(), Error> {
    sqlx::query("UPDATE run SET core_seconds = $2, memory_bytes = $3, instruction_set = $4 WHERE id = $1")
        .bind(id)
        .bind(core_seconds)
        .bind(memory_bytes as i64)
        .bind(instruction_set)
        .execute(db)
        .await?;
    Ok(())
}

/// Notes an artefact of a run; a later one of the same kind takes its place.
///
/// # Errors
/// The database's.
pub async fn keep(db: &mut Connection, run: &str, kind: Kind, hash: &str, bytes: u64) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO run_artefact (run, kind, hash, bytes) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (run, kind) DO UPDATE SET hash = excluded.hash, bytes = excluded.bytes",
    )
    .bind(run)
    .bind(kind.as_str())
    .bind(hash)
    .bind(bytes as i64)
    .execute(db)
    .await?;
    Ok(())
}

/// Gives `run` the artefacts of `source`, but for its checkpoint.
///
/// # Errors
/// The database's.
pub async fn share(db: &mut Connection, run: &str, source: &str) -> Result<(), Error> {
    sqlx::query("INSERT INTO run_artefact (run, kind, hash, bytes) SELECT $1, kind, hash, bytes FROM run_artefact WHERE run = $2 AND kind <> 'checkpoint'")
        .bind(run)
        .bind(source)
        .execute(db)
        .await?;
    Ok(())
}

/// Gives `run` the last checkpoint of another, to begin with.
///
/// # Errors
/// The database's.
pub async fn hand_on(db: &mut Connection, from: &str, run: &str) -> Result<(), Error> {
    sqlx::query("INSERT INTO run_artefact (run, kind, hash, bytes) SELECT $1, kind, hash, bytes FROM run_artefact WHERE run = $2 AND kind = 'checkpoint'")
        .bind(run)
        .bind(from)
        .execute(db)
        .await?;
    Ok(())
}

/// Hash of an artefact.
///
/// # Errors
/// The database's.
pub async fn artefact(db: &mut Connection, run: &str, kind: Kind) -> Result<Option<String>, Error> {
    let row = sqlx::query("SELECT hash FROM run_artefact WHERE run = $1 AND kind = $2")
        .bind(run)
        .bind(kind.as_str())
        .fetch_optional(db)
        .await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

/// Kind, hash and size of everything a run left that people may fetch.
///
/// # Errors
/// The database's.
pub async fn artefacts(db: &mut Connection, run: &str) -> Result<Vec<(String, String, u64)>, Error> {
    let rows =
        sqlx::query("SELECT kind, hash, bytes FROM run_artefact WHERE run = $1 AND kind <> 'checkpoint' ORDER BY kind")
            .bind(run)
            .fetch_all(db)
            .await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get::<i64, _>(2)? as u64))).collect()
}
