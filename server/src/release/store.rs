//! The rows of releases, in and out.

use super::By;
use super::proof::Frozen;
use super::step::{Approver, Paper};
use crate::db::Connection;
use crate::{Error, State, id};
use app::api::history::Author;
use app::api::release::{Approval, Decision, Happened, Happening, Kept, Release, Revision, Stage, Standing};
use sqlx::Row as _;
use std::collections::HashMap;

fn stage_word(stage: Stage) -> &'static str {
    match stage {
        Stage::Draft => "draft",
        Stage::Review => "review",
        Stage::Released => "released",
        Stage::Superseded => "superseded",
        Stage::Withdrawn => "withdrawn",
    }
}

fn stage(word: &str) -> Result<Stage, Error> {
    let all = [Stage::Draft, Stage::Review, Stage::Released, Stage::Superseded, Stage::Withdrawn];
    let unknown = || Error::internal(anyhow::anyhow!("unknown state {word:?} of a release in the database"));
    all.into_iter().find(|s| stage_word(*s) == word).ok_or_else(unknown)
}

/// The word a column holds, and audit entries.
pub fn happened_word(what: Happened) -> &'static str {
    match what {
        Happened::Drafted => "drafted",
        Happened::Changed => "changed",
        Happened::Submitted => "submitted",
        Happened::Approved => "approved",
        Happened::Rejected => "rejected",
        Happened::Returned => "returned",
        Happened::Released => "released",
        Happened::Superseded => "superseded",
        Happened::Withdrawn => "withdrawn",
    }
}

fn happened(word: &str) -> Result<Happened, Error> {
    use Happened as H;
    let all = [
        H::Drafted,
        H::Changed,
        H::Submitted,
        H::Approved,
        H::Rejected,
        H::Returned,
        H::Released,
        H::Superseded,
        H::Withdrawn,
    ];
    let unknown = || Error::internal(anyhow::anyhow!("unknown event {word:?} of a release in the database"));
    all.into_iter().find(|h| happened_word(*h) == word).ok_or_else(unknown)
}

fn decision(word: Option<String>) -> Option<Decision> {
    match word.as_deref() {
        Some("approve") => Some(Decision::Approve),
        Some("reject") => Some(Decision::Reject),
        _ => None,
    }
}

/// What the rules do not look at.
#[derive(Clone, Debug)]
pub struct Stored {
    pub design: String,
    pub frozen: Option<Frozen>,
}

fn frozen(text: Option<String>) -> Result<Option<Frozen>, Error> {
    text.map(|text| serde_json::from_str(&text)).transpose().map_err(Error::internal)
}

/// The release as the rules see it.
///
/// # Errors
/// [`Error::NotFound`]
pub async fn paper(db: &mut Connection, release: &str) -> Result<(Paper, Stored), Error> {
    let row =
        sqlx::query("SELECT design, sequence, revision, state, author, submitter, proof FROM release WHERE id = $1")
            .bind(release)
            .fetch_optional(&mut *db)
            .await?
            .ok_or(Error::NotFound("release"))?;
    let approvers = sqlx::query("SELECT person, decision FROM release_approver WHERE release = $1 ORDER BY person")
        .bind(release)
        .fetch_all(db)
        .await?;
    let approvers = approvers.iter().map(|row| Approver { person: row.get(0), decision: decision(row.get(1)) });
    let paper = Paper {
        sequence: row.get::<i64, _>(1) as u64,
        revision: row.get(2),
        stage: stage(row.get(3))?,
        author: row.get(4),
        submitter: row.get(5),
        approvers: approvers.collect(),
    };
    Ok((paper, Stored { design: row.get(0), frozen: frozen(row.get(6))? }))
}

/// Whether the organisation of a design has one person only, who then approves alone.
///
/// # Errors
/// The database's.
pub async fn is_alone(db: &mut Connection, design: &str) -> Result<bool, Error> {
    let row = sqlx::query(
        "SELECT COUNT(*) FROM design JOIN project ON project.id = design.project \
         JOIN member ON member.organisation = project.organisation JOIN person ON person.id = member.person \
         WHERE design.id = $1 AND person.disabled = 0",
    )
    .bind(design)
    .fetch_one(db)
    .await?;
    Ok(row.get::<i64, _>(0) == 1)
}

/// Whether a revision of the design was ever released: then it is kept for good.
///
/// # Errors
/// The database's.
pub async fn is_kept(db: &mut Connection, design: &str) -> Result<bool, Error> {
    let row = sqlx::query("SELECT COUNT(*) FROM release WHERE design = $1 AND state IN ('released', 'superseded')")
        .bind(design)
        .fetch_one(db)
        .await?;
    Ok(row.get::<i64, _>(0) > 0)
}

/// The revision of a design that counts.
///
/// # Errors
/// The database's.
pub async fn released(state: &State, design: &str) -> Result<Option<Revision>, Error> {
    let row = sqlx::query("SELECT sequence, revision FROM release WHERE design = $1 AND state = 'released'")
        .bind(design)
        .fetch_optional(state.db.reader())
        .await?;
    Ok(row.map(|row| Revision { sequence: row.get::<i64, _>(0) as u64, letters: row.get(1) }))
}

/// The number of the next revision, from 1; `None` while one is in the making.
///
/// # Errors
/// The database's.
pub async fn next(db: &mut Connection, design: &str) -> Result<Option<u64>, Error> {
    let row = sqlx::query(
        "SELECT COUNT(CASE WHEN state IN ('released', 'superseded') THEN 1 END), \
         COUNT(CASE WHEN state IN ('draft', 'review') THEN 1 END) FROM release WHERE design = $1",
    )
    .bind(design)
    .fetch_one(db)
    .await?;
    Ok((row.get::<i64, _>(1) == 0).then(|| row.get::<i64, _>(0) as u64 + 1))
}

/// Writes what [`super::step::take`] made of it, with the decision of `by`.
///
/// # Errors
/// The database's.
pub async fn save(db: &mut Connection, release: &str, paper: &Paper, by: &By<'_>, now: i64) -> Result<(), Error> {
    let released = (paper.stage == Stage::Released).then_some(now);
    sqlx::query("UPDATE release SET state = $2, submitter = $3, released = $4, changed = $5 WHERE id = $1")
        .bind(release)
        .bind(stage_word(paper.stage))
        .bind(&paper.submitter)
        .bind(released)
        .bind(now)
        .execute(&mut *db)
        .await?;
    for approver in &paper.approvers {
        let word = approver.decision.map(|d| if d == Decision::Approve { "approve" } else { "reject" });
        // Who has decided before keeps their words and time; who is asked anew has none.
        sqlx::query(
            "UPDATE release_approver SET decision = $3, remark = CASE WHEN $3 IS NULL THEN '' WHEN person = $4 THEN $5 ELSE \
             remark END, time = CASE WHEN $3 IS NULL THEN NULL WHEN person = $4 THEN $6 ELSE time END \
             WHERE release = $1 AND person = $2",
        )
        .bind(release)
        .bind(&approver.person)
        .bind(word)
        .bind(by.person)
        .bind(by.remark)
        .bind(now)
        .execute(&mut *db)
        .await?;
    }
    Ok(())
}

/// Ends the revision that counted so far; returns the ids of such. Before another one is released: there is one at a time.
///
/// # Errors
/// The database's.
pub async fn supersede(db: &mut Connection, design: &str, now: i64) -> Result<Vec<String>, Error> {
    let rows = sqlx::query(
        "UPDATE release SET state = 'superseded', changed = $2 WHERE design = $1 AND state = 'released' RETURNING id",
    )
    .bind(design)
    .bind(now)
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| row.get(0)).collect())
}

/// Writes down what happened.
///
/// # Errors
/// The database's.
pub async fn happen(
    db: &mut Connection,
    release: &str,
    now: i64,
    person: &str,
    what: Happened,
    remark: &str,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO release_event (release, n, time, person, what, remark) \
         SELECT $1, COALESCE(MAX(n), 0) + 1, $2, $3, $4, $5 FROM release_event WHERE release = $1",
    )
    .bind(release)
    .bind(now)
    .bind(person)
    .bind(happened_word(what))
    .bind(remark)
    .execute(db)
    .await?;
    Ok(())
}

/// Keeps what is under review in the place of what was; `None`: nothing any more.
///
/// # Errors
/// The database's.
pub async fn freeze(db: &mut Connection, release: &str, proof: Option<&Frozen>, kept: &[Kept]) -> Result<(), Error> {
    let text = proof.map(serde_json::to_string).transpose().map_err(Error::internal)?;
    sqlx::query("UPDATE release SET proof = $2 WHERE id = $1").bind(release).bind(text).execute(&mut *db).await?;
    sqlx::query("DELETE FROM release_artefact WHERE release = $1").bind(release).execute(&mut *db).await?;
    for kept in kept {
        sqlx::query(
            "INSERT INTO release_artefact (release, run, name, kind, hash, bytes) VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(release)
        .bind(&kept.run)
        .bind(&kept.name)
        .bind(&kept.kind)
        .bind(&kept.hash)
        .bind(kept.bytes as i64)
        .execute(&mut *db)
        .await?;
    }
    Ok(())
}

/// Gives the released version its name: `Revision A`, or with a number where someone took that name for another.
///
/// # Errors
/// The database's.
pub async fn name(db: &mut Connection, release: &str, now: i64) -> Result<(), Error> {
    let row = sqlx::query("SELECT design, sequence, revision, note, author FROM release WHERE id = $1")
        .bind(release)
        .fetch_one(&mut *db)
        .await?;
    let (design, letters): (String, String) = (row.get(0), row.get(2));
    let taken = sqlx::query("SELECT name FROM version WHERE design = $1").bind(&design).fetch_all(&mut *db).await?;
    let taken: Vec<String> = taken.into_iter().map(|row| row.get(0)).collect();
    let mut name = format!("Revision {letters}");
    for n in 2.. {
        if !taken.contains(&name) {
            break;
        }
        name = format!("Revision {letters} ({n})");
    }
    let version = id::id();
    sqlx::query(
        "INSERT INTO version (id, design, sequence, name, note, author, time) VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(&version)
    .bind(&design)
    .bind(row.get::<i64, _>(1))
    .bind(name)
    .bind(row.get::<String, _>(3))
    .bind(row.get::<String, _>(4))
    .bind(now)
    .execute(&mut *db)
    .await?;
    sqlx::query("UPDATE release SET version = $2 WHERE id = $1").bind(release).bind(version).execute(db).await?;
    Ok(())
}

/// Names the approvers of a draft, in the place of those before.
///
/// # Errors
/// The database's.
pub async fn appoint(db: &mut Connection, release: &str, people: &[String]) -> Result<(), Error> {
    sqlx::query("DELETE FROM release_approver WHERE release = $1").bind(release).execute(&mut *db).await?;
    for person in people {
        sqlx::query("INSERT INTO release_approver (release, person) VALUES ($1, $2)")
            .bind(release)
            .bind(person)
            .execute(&mut *db)
            .await?;
    }
    Ok(())
}

fn author(row: &sqlx::sqlite::SqliteRow, at: usize) -> Author {
    Author { id: row.get(at), name: row.get(at + 1), hue: row.get::<i64, _>(at + 2) as u16 }
}

/// All releases of a design, or the one `release` of it, newest first; what a person may do is the caller's to add.
///
/// # Errors
/// The database's.
pub async fn list(state: &State, design: &str, release: &str) -> Result<Vec<Release>, Error> {
    const OF: &str = "(SELECT id FROM release WHERE design = $1 AND ($2 = '' OR id = $2))";
    let ask = async |text: String| {
        sqlx::query(sqlx::AssertSqlSafe(text)).bind(design).bind(release).fetch_all(state.db.reader()).await
    };
    let mut approvals: HashMap<String, Vec<Approval>> = HashMap::new();
    let text = format!(
        "SELECT release, person.id, person.name, person.hue, decision, remark, time FROM release_approver \
         JOIN person ON person.id = release_approver.person WHERE release IN {OF} ORDER BY person.name, person.id"
    );
    for row in ask(text).await? {
        approvals.entry(row.get(0)).or_default().push(Approval {
            person: author(&row, 1),
            decision: decision(row.get(4)),
            remark: row.get(5),
            time: row.get(6),
        });
    }
    let mut courses: HashMap<String, Vec<Happening>> = HashMap::new();
    let text = format!(
        "SELECT release, person.id, person.name, person.hue, time, what, remark FROM release_event \
         JOIN person ON person.id = release_event.person WHERE release IN {OF} ORDER BY release, n"
    );
    for row in ask(text).await? {
        let what = happened(row.get(5))?;
        let happening = Happening { time: row.get(4), by: author(&row, 1), what, remark: row.get(6) };
        courses.entry(row.get(0)).or_default().push(happening);
    }
    let mut kept: HashMap<String, Vec<Kept>> = HashMap::new();
    let text = format!(
        "SELECT release, run, kind, hash, bytes, name FROM release_artefact WHERE release IN {OF} ORDER BY run, kind"
    );
    for row in ask(text).await? {
        let bytes = row.get::<i64, _>(4) as u64;
        let one = Kept { run: row.get(1), name: row.get(5), kind: row.get(2), hash: row.get(3), bytes };
        kept.entry(row.get(0)).or_default().push(one);
    }
    let text = format!(
        "SELECT release.id, person.id, person.name, person.hue, revision, sequence, state, note, release.created, changed, \
         released, proof FROM release JOIN person ON person.id = release.author WHERE release.id IN {OF} \
         ORDER BY release.created DESC, release.id DESC"
    );
    let mut all = Vec::new();
    for row in ask(text).await? {
        let id: String = row.get(0);
        let frozen = frozen(row.get(11))?.unwrap_or_default();
        all.push(Release {
            design: design.to_owned(),
            author: author(&row, 1),
            revision: row.get(4),
            sequence: row.get::<i64, _>(5) as u64,
            stage: stage(row.get(6))?,
            note: row.get(7),
            created: row.get(8),
            changed: row.get(9),
            released: row.get(10),
            approvals: approvals.remove(&id).unwrap_or_default(),
            proofs: frozen.proofs,
            dropped: frozen.dropped,
            since: frozen.since,
            kept: kept.remove(&id).unwrap_or_default(),
            course: courses.remove(&id).unwrap_or_default(),
            may: Default::default(),
            id,
        });
    }
    Ok(all)
}

/// What counts of each design and what is in the making, from rows of design, revision, sequence and state.
pub fn standings(rows: &[sqlx::sqlite::SqliteRow]) -> HashMap<String, Standing> {
    let mut all: HashMap<String, Standing> = HashMap::new();
    for row in rows {
        let revision = Revision { letters: row.get(1), sequence: row.get::<i64, _>(2) as u64 };
        let of = all.entry(row.get(0)).or_default();
        match row.get::<&str, _>(3) {
            "released" => of.current = Some(revision),
            word => (of.open, of.in_review) = (Some(revision), word == "review"),
        }
    }
    all
}
