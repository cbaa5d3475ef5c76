//! `/api/designs/{id}/history`, `…/versions`, `…/compare`: what a design was, who changed what when, and what is other.

use super::input::{self, Input};
use crate::auth::{Action, Actor, Object, can, can_in, may};
use crate::jobs::{answer_to, numbers_of};
use crate::rooms::{self, log};
use crate::telemetry::audit;
use crate::{Error, State, db, id};
use app::api::Page;
use app::api::history::{Author, Comparison, Edit, NameVersion, Point, Provenance, Reading, Results, Stretch, Version};
use app::doc::{describe, value_text};
use app::sync::Entry;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query};
use serde::Deserialize;
use solver::design::schema::Section;
use solver::design::{Command, Design, Id, Value, compare, replay};
use solver::study::question::question;
use sqlx::Row as _;
use std::collections::{BTreeMap, HashMap, HashSet};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Entries looked at for one page of history.
const ENTRIES_MAX: u64 = 300;
/// Stretches on one page: each is compared with what was before it.
const STRETCHES_MAX: usize = 40;
/// Changes of a stretch that are told; the rest is counted.
const CHANGES_TOLD_MAX: usize = 6;
/// A pause that ends a stretch, ms: about when a person has turned to something else.
const PAUSE_MS: i64 = 10 * 60 * 1000;
/// Names of one design's versions: a list that a person can still read.
const VERSIONS_MAX: i64 = 2_000;
/// Characters of a version's note.
const NOTE_CHARS_MAX: usize = 2_000;

pub fn router() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(history))
        .routes(routes!(versions))
        .routes(routes!(name_version))
        .routes(routes!(compare_versions))
}

/// A position of the log as a query or body asks for it: one that the database can hold.
///
/// # Errors
/// [`Error::NotFound`] past all positions.
pub(super) fn position(sequence: Option<u64>) -> Result<Option<u64>, Error> {
    match sequence {
        Some(sequence) if i64::try_from(sequence).is_err() => Err(Error::NotFound("version of this design")),
        other => Ok(other),
    }
}

/// What a design is called, for lists.
///
/// # Errors
/// [`Error::NotFound`] without such a design.
pub(super) async fn named(state: &State, design: &str, sequence: u64) -> Result<Point, Error> {
    let row = sqlx::query("SELECT name FROM design WHERE id = $1")
        .bind(design)
        .fetch_optional(state.db.reader())
        .await?
        .ok_or(Error::NotFound("design"))?;
    Ok(Point { design: design.to_owned(), name: row.get(0), sequence })
}

async fn author(db: &db::Db, id: &str) -> Result<Author, Error> {
    let row = sqlx::query("SELECT name, hue FROM person WHERE id = $1").bind(id).fetch_optional(db.reader()).await?;
    let (name, hue) = row.map_or(("someone".to_owned(), 0), |row| (row.get(0), row.get::<i64, _>(1) as u16));
    Ok(Author { id: id.to_owned(), name, hue })
}

#[derive(Default, Deserialize)]
struct Before {
    before: Option<u64>,
}

/// Who changed what, newest first: a person's edits that follow each other as one stretch, with what came of them.
/// `before`: the `next` of the page before.
#[utoipa::path(get, path = "/api/designs/{id}/history", tag = "history",
    params(("id" = String, Path), ("before" = Option<u64>, Query)), responses((status = 200, body = Page<Stretch>)))]
async fn history(
    state: State,
    actor: Actor,
    Path(design): Path<String>,
    query: Result<Query<Before>, QueryRejection>,
) -> Result<Json<Page<Stretch>>, Error> {
    can(&state, &actor, Action::Recall, Object::Design(&design)).await?;
    let Query(Before { before }) = query.map_err(|error| Error::field("before", error.to_string()))?;
    let last = rooms::document(&state, &design, None).await?.sequence;
    let until = position(before)?.map_or(last, |before| before.saturating_sub(1).min(last));
    let after = until.saturating_sub(ENTRIES_MAX);
    let entries = log::entries(&state.db, &design, after, until, u32::MAX).await?;
    let start = rooms::document(&state, &design, Some(after)).await?.design;
    let provenance = provenance(&state, &actor, &design, after, until).await?;
    let named = sqlx::query("SELECT sequence FROM version WHERE design = $1 AND sequence > $2 AND sequence <= $3")
        .bind(&design)
        .bind(after as i64)
        .bind(until as i64)
        .fetch_all(state.db.reader())
        .await?;
    let named: HashSet<u64> = named.iter().map(|row| row.get::<i64, _>(0) as u64).collect();
    let mut authors = HashMap::new();
    for entry in &entries {
        if !authors.contains_key(&entry.author) {
            authors.insert(entry.author.clone(), author(&state.db, &entry.author).await?);
        }
    }
    let tell = move || told(start, entries, &authors, &provenance, &named, after > 0);
    let items = tokio::task::spawn_blocking(tell).await.map_err(Error::internal)?;
    let next = items.last().map(|s| s.first).filter(|first| *first > 1).map(|first| first.to_string());
    Ok(Json(Page { items, next }))
}

/// Merges and returns among the entries in `(after, until]`.
async fn provenance(
    state: &State,
    actor: &Actor,
    design: &str,
    after: u64,
    until: u64,
) -> Result<BTreeMap<u64, Provenance>, Error> {
    let rows = sqlx::query(
        "SELECT entry.sequence, provenance.kind, provenance.source, provenance.source_sequence, design.name \
         FROM provenance JOIN entry ON entry.design = provenance.design AND entry.author = provenance.author \
         AND entry.client = provenance.client AND entry.number = provenance.number \
         LEFT JOIN design ON design.id = provenance.source \
         WHERE provenance.design = $1 AND entry.sequence > $2 AND entry.sequence <= $3",
    )
    .bind(design)
    .bind(after as i64)
    .bind(until as i64)
    .fetch_all(state.db.reader())
    .await?;
    let mut all = BTreeMap::new();
    for row in rows {
        let source: String = row.get(2);
        // A branch that was moved out of the person's sight keeps its name to itself.
        let is_seen = may(state, actor, Action::Recall, Object::Design(&source)).await?;
        let name = row.get::<Option<String>, _>(4).filter(|_| is_seen);
        let name = name.unwrap_or_else(|| "another branch".to_owned());
        let from = Point { design: source, name, sequence: row.get::<i64, _>(3) as u64 };
        let made = match row.get::<&str, _>(1) {
            "restore" => Provenance::Restore { from },
            _ => Provenance::Merge { from },
        };
        all.insert(row.get::<i64, _>(0) as u64, made);
    }
    Ok(all)
}

/// The stretches of `entries`, newest first. `cut`: there are older entries, so that the oldest stretch may be a part of one.
fn told(
    start: Design,
    entries: Vec<Entry>,
    authors: &HashMap<String, Author>,
    provenance: &BTreeMap<u64, Provenance>,
    named: &HashSet<u64>,
    cut: bool,
) -> Vec<Stretch> {
    let mut stretches: Vec<(Stretch, Design, Design)> = Vec::new();
    let mut now = start;
    for entry in entries {
        let before = now.clone();
        let text = words(&now, &entry.command);
        // As everywhere: what does not apply any more is skipped alike.
        let _ = replay(&mut now, &entry.command);
        let edit = Edit { sequence: entry.sequence, time: entry.time, text };
        let made = provenance.get(&entry.sequence).cloned();
        let goes_on = |s: &Stretch| {
            s.author.id == entry.author
                && entry.time - s.until < PAUSE_MS
                && s.provenance.is_none()
                && made.is_none()
                && !named.contains(&s.last)
        };
        match stretches.last_mut().filter(|(s, ..)| goes_on(s)) {
            Some((stretch, _, end)) => {
                stretch.last = entry.sequence;
                stretch.until = entry.time;
                stretch.edits.push(edit);
                *end = now.clone();
            }
            None => {
                let nobody = || Author { id: entry.author.clone(), name: String::new(), hue: 0 };
                let stretch = Stretch {
                    author: authors.get(&entry.author).cloned().unwrap_or_else(nobody),
                    first: entry.sequence,
                    last: entry.sequence,
                    since: entry.time,
                    until: entry.time,
                    changes: Vec::new(),
                    n_more: 0,
                    provenance: made,
                    edits: vec![edit],
                };
                stretches.push((stretch, before, now.clone()));
            }
        }
    }
    if cut && stretches.len() > 1 {
        stretches.remove(0);
    }
    let newest = stretches.into_iter().rev().take(STRETCHES_MAX);
    newest
        .map(|(mut stretch, before, after)| {
            let lines = compare(&before, &after).into_iter().flat_map(|part| part.lines);
            let mut changes: Vec<String> = lines.map(|line| format!("{}: {}", line.name, line.text)).collect();
            stretch.n_more = changes.len().saturating_sub(CHANGES_TOLD_MAX);
            changes.truncate(CHANGES_TOLD_MAX);
            stretch.changes = changes;
            stretch.edits.reverse();
            stretch
        })
        .collect()
}

/// An edit in words, with the value where it is short.
fn words(design: &Design, command: &Command) -> String {
    let text = describe(design, command);
    match command {
        Command::Set { value: value @ Some(Value::Expr(_) | Value::Vector(_) | Value::Flag(_)), .. } => {
            format!("{text} to {}", value_text(value.as_ref()))
        }
        Command::Batch { commands } => match commands.as_slice() {
            [one] => words(design, one),
            [] => "Nothing to change".to_owned(),
            _ => text,
        },
        _ => text,
    }
}

/// The named versions of a design, newest position first.
#[utoipa::path(get, path = "/api/designs/{id}/versions", tag = "history", params(("id" = String, Path)),
    responses((status = 200, body = Vec<Version>)))]
async fn versions(state: State, actor: Actor, Path(design): Path<String>) -> Result<Json<Vec<Version>>, Error> {
    can(&state, &actor, Action::Recall, Object::Design(&design)).await?;
    let rows = sqlx::query(
        "SELECT version.id, version.sequence, version.name, version.note, version.time, person.id, person.name, person.hue \
         FROM version JOIN person ON person.id = version.author WHERE version.design = $1 \
         ORDER BY version.sequence DESC, version.time DESC, version.id",
    )
    .bind(&design)
    .fetch_all(state.db.reader())
    .await?;
    let all = rows.into_iter().map(|row| Version {
        id: row.get(0),
        sequence: row.get::<i64, _>(1) as u64,
        name: row.get(2),
        note: row.get(3),
        time: row.get(4),
        author: Author { id: row.get(5), name: row.get(6), hue: row.get::<i64, _>(7) as u16 },
    });
    Ok(Json(all.collect()))
}

/// Gives a version a name. A name stands for one version for good: it is neither changed nor given away.
#[utoipa::path(post, path = "/api/designs/{id}/versions", tag = "history", params(("id" = String, Path)),
    request_body = NameVersion, responses((status = 200, body = Version),
        (status = 404, description = "The log does not reach that far", body = app::api::Problem),
        (status = 409, description = "Another version has this name", body = app::api::Problem)))]
async fn name_version(
    state: State,
    actor: Actor,
    Path(design): Path<String>,
    input: Input<NameVersion>,
) -> Result<Json<Version>, Error> {
    can(&state, &actor, Action::Edit, Object::Design(&design)).await?;
    let person = actor.person()?;
    let request = input.read()?;
    let name = input::name("name", &request.name)?;
    let note = request.note.trim().to_owned();
    if note.chars().count() > NOTE_CHARS_MAX {
        return Err(Error::field("note", format!("Use at most {NOTE_CHARS_MAX} characters.")));
    }
    let now = state.now();
    let mut write = state.db.write().await?;
    can_in(&mut write, &state, &actor, Action::Edit, Object::Design(&design)).await?;
    let row = sqlx::query(
        "SELECT sequence, (SELECT COUNT(*) FROM version WHERE version.design = design.id), \
         (SELECT sequence FROM version WHERE version.design = design.id AND version.name = $2) FROM design WHERE id = $1",
    )
    .bind(&design)
    .bind(&name)
    .fetch_optional(&mut *write)
    .await?
    .ok_or(Error::NotFound("design"))?;
    let last = row.get::<i64, _>(0) as u64;
    let sequence = position(request.sequence)?.unwrap_or(last);
    if sequence > last {
        return Err(Error::NotFound("version of this design"));
    }
    if let Some(taken) = row.get::<Option<i64>, _>(2) {
        let why = format!("Version {taken} of this design is called {name} already, for good. Choose another name.");
        return Err(Error::Conflict(why));
    }
    if row.get::<i64, _>(1) >= VERSIONS_MAX {
        return Err(Error::Conflict(format!("This design has {VERSIONS_MAX} named versions, and may not have more.")));
    }
    let id = id::id();
    sqlx::query(
        "INSERT INTO version (id, design, sequence, name, note, author, time) VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(&id)
    .bind(&design)
    .bind(sequence as i64)
    .bind(&name)
    .bind(&note)
    .bind(&person.id)
    .bind(now)
    .execute(&mut *write)
    .await?;
    let detail = format!("{sequence} {name}");
    audit::record(&mut write, now, &actor.label(), "design.name_version", &format!("design:{design}"), &detail).await?;
    write.commit().await?;
    let author = Author { id: person.id.clone(), name: person.name.clone(), hue: person.hue };
    Ok(Json(Version { id, sequence, name, note, author, time: now }))
}

#[derive(Default, Deserialize)]
struct Between {
    before: Option<u64>,
    with: Option<String>,
    after: Option<u64>,
}

/// What is other in version `after` of this design than in version `before` of design `with`: by object, in words, with the
/// answers of studies. `with` left out is this design; versions left out are now.
#[utoipa::path(get, path = "/api/designs/{id}/compare", tag = "history",
    params(("id" = String, Path), ("before" = Option<u64>, Query), ("with" = Option<String>, Query), ("after" = Option<u64>, Query)),
    responses((status = 200, body = Comparison),
        (status = 404, description = "No such design, or a log does not reach that far", body = app::api::Problem)))]
async fn compare_versions(
    state: State,
    actor: Actor,
    Path(design): Path<String>,
    query: Result<Query<Between>, QueryRejection>,
) -> Result<Json<Comparison>, Error> {
    can(&state, &actor, Action::Recall, Object::Design(&design)).await?;
    let Query(query) = query.map_err(|error| Error::invalid(format!("These versions cannot be read: {error}.")))?;
    let with = query.with.unwrap_or_else(|| design.clone());
    can(&state, &actor, Action::Recall, Object::Design(&with)).await?;
    let old = rooms::document(&state, &with, position(query.before)?).await?;
    let new = rooms::document(&state, &design, position(query.after)?).await?;
    let (before, after) = (named(&state, &with, old.sequence).await?, named(&state, &design, new.sequence).await?);
    let results = results(&state, (&with, &old.design), (&design, &new.design)).await?;
    let parts =
        tokio::task::spawn_blocking(move || compare(&old.design, &new.design)).await.map_err(Error::internal)?;
    Ok(Json(Comparison { before, after, parts, results }))
}

/// What the studies of two versions answer, where it is other.
async fn results(state: &State, before: (&str, &Design), after: (&str, &Design)) -> Result<Vec<Results>, Error> {
    let mut studies: Vec<(Id, String)> = Vec::new();
    for study in after.1.section(Section::Study).chain(before.1.section(Section::Study)) {
        if !studies.iter().any(|(id, _)| *id == study.id) {
            studies.push((study.id.clone(), study.name.clone()));
        }
    }
    let mut all = Vec::new();
    for (study, name) in studies {
        let asked = [question(before.1, &study), question(after.1, &study)];
        // The same question has the same answer.
        if asked[0] == asked[1] {
            continue;
        }
        let mut runs = [None, None];
        for (at, design) in [before.0, after.0].into_iter().enumerate() {
            // A branch has the answers to what it has not changed from where it came from.
            for (home, question) in [design, before.0, after.0].into_iter().zip(std::iter::repeat(&asked[at])) {
                if let (None, Some(question)) = (&runs[at], question) {
                    runs[at] = answer_to(state, home, question).await?;
                }
            }
        }
        let mut readings: Vec<((String, Option<String>), Reading)> = Vec::new();
        for (at, run) in runs.iter().enumerate() {
            let Some(run) = run else { continue };
            for scalar in numbers_of(state, run).await? {
                // Of one quantity in several load cases each is a number of its own.
                let label = match &scalar.case {
                    Some(case) => format!("{} ({case})", scalar.label),
                    None => scalar.label,
                };
                let key = (scalar.id, scalar.case);
                let known = readings.iter().position(|(k, _)| *k == key).unwrap_or(readings.len());
                if known == readings.len() {
                    readings.push((key, Reading { label, dimension: scalar.dimension, before: None, after: None }));
                }
                let reading = &mut readings[known].1;
                *if at == 0 { &mut reading.before } else { &mut reading.after } = Some(scalar.value);
            }
        }
        let readings = readings.into_iter().map(|(_, reading)| reading).collect();
        let [before, after] = runs;
        if before.is_some() || after.is_some() {
            all.push(Results { study, name, before, after, readings });
        }
    }
    Ok(all)
}
