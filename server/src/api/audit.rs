//! `/api/audit`: who did what, for owners of an organisation and administrators of the installation: read, filtered, checked, and
//! taken away. Everyone reads their own organisation's entries, administrators the installation's besides.

use crate::auth::{Action, Actor, Object, can, may, reach};
use crate::telemetry::audit;
use crate::{Error, State};
use app::api::Page;
use app::api::audit::{AuditBreak, AuditCheck, AuditEntry, AuditQuery};
use app::csv::{record, text};
use axum::Json;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures::Stream;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use std::collections::BTreeSet;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Entries on one page.
const PAGE: i64 = 100;
/// Entries that an export reads at a time: it has no end but the log's, and keeps neither memory nor a reader for it.
const CHUNK: i64 = 2_000;

pub fn router() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(check)).routes(routes!(export))
}

/// What stands in the place of what an entry says of a design in a compartment, for who is not a member of it.
const HIDDEN: &str = "(hidden: this design is in a compartment)";
/// The detail of another organisation's entry: an administrator sees that it is there, as the chain runs through it, and no more.
const FOREIGN: &str = "(hidden: another organisation's)";

/// The columns that [`read`] takes; `$10` who asks, `$11` for which organisation. Names and details of designs that they need not know of are told by nobody:
/// an administrator of the installation is not a member of every compartment.
fn columns() -> String {
    format!(
        "{COLUMNS}, audit.object LIKE 'design:%' AND NOT ({}), COALESCE(audit.organisation <> $11, 0), \
         CASE WHEN audit.form >= 2 THEN COALESCE(audit.organisation, '') END {FROM}",
        reach::within("SUBSTR(audit.object, 8)", "$10")
    )
}

const COLUMNS: &str = "SELECT audit.sequence, audit.time, audit.actor, person.name, audit.action, audit.object, \
     COALESCE(design.name, project.name, other.name, people_group.name, compartment.name), audit.detail, audit.hash, audit.salt";
const FROM: &str = "FROM audit \
     LEFT JOIN person ON audit.actor LIKE 'person:%' AND person.id = SUBSTR(audit.actor, 8) \
     LEFT JOIN design ON audit.object LIKE 'design:%' AND design.id = SUBSTR(audit.object, 8) \
     LEFT JOIN project ON audit.object LIKE 'project:%' AND project.id = SUBSTR(audit.object, 9) \
     LEFT JOIN person AS other ON audit.object LIKE 'person:%' AND other.id = SUBSTR(audit.object, 8) \
     LEFT JOIN people_group ON audit.object LIKE 'group:%' AND people_group.id = SUBSTR(audit.object, 7) \
     LEFT JOIN compartment ON audit.object LIKE 'compartment:%' AND compartment.id = SUBSTR(audit.object, 13)";

/// Entries that fit `$1` who or one of the actors `$2`, `$3` action, `$4` object or one of the objects `$5`, `$6` since,
/// `$7` until, `$8` before, and are for someone of the organisation `$11` who administers the installation where `$12` is 1. Patterns
/// are lower case and escaped, lists are JSON; what is null is not asked for. Of other organisations' entries nothing can be
/// asked: what they fit would tell what is in them.
const FITTING: &str = "($1 IS NULL OR LOWER(audit.actor) LIKE $1 ESCAPE '\\' \
     OR audit.actor IN (SELECT value FROM json_each($2))) \
     AND ($3 IS NULL OR audit.action LIKE $3 ESCAPE '\\') \
     AND ($4 IS NULL OR LOWER(audit.object) LIKE $4 ESCAPE '\\' OR audit.object IN (SELECT value FROM json_each($5))) \
     AND ($6 IS NULL OR audit.time >= $6) AND ($7 IS NULL OR audit.time < $7) AND ($8 IS NULL OR audit.sequence < $8) \
     AND (audit.organisation = $11 OR ($12 = 1 AND (audit.organisation IS NULL OR ($1 IS NULL AND $3 IS NULL AND $4 IS NULL))))";

const PEOPLE: &str = "SELECT 'person:' || id, name FROM person UNION ALL SELECT 'person:' || id, email FROM person";
/// `$1`: who asks. A name that they need not know of is not found either.
fn objects() -> String {
    format!(
        "SELECT 'person:' || id, name FROM person UNION ALL SELECT 'project:' || id, name FROM project \
         UNION ALL SELECT 'group:' || id, name FROM people_group UNION ALL SELECT 'compartment:' || id, name FROM compartment \
         UNION ALL SELECT 'design:' || id, name FROM design WHERE {}",
        reach::within("design.id", "$1")
    )
}

/// What is typed into a filter; `None` where nothing is.
fn typed(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_lowercase()).filter(|text| !text.is_empty())
}

/// What LIKE matches anywhere, or with `begins` at the beginning.
fn pattern(text: &str, begins: bool) -> String {
    // LIKE's own signs are meant literally.
    let text = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    if begins { format!("{text}%") } else { format!("%{text}%") }
}

/// Which of those that `sql` lists for `person` have `text` in their name, as a list in JSON. They are compared here: SQLite knows the
/// capitals of ASCII only, and people are called Özgür.
async fn named(state: &State, sql: String, person: Option<&str>, text: Option<&str>) -> Result<String, Error> {
    let Some(text) = text else { return Ok("[]".to_owned()) };
    let query = sqlx::query(sqlx::AssertSqlSafe(sql));
    let query = if let Some(person) = person { query.bind(person) } else { query };
    let rows = query.fetch_all(state.db.reader()).await?;
    let all = rows.iter().map(|row| (row.get::<String, _>(0), row.get::<String, _>(1)));
    let fitting: BTreeSet<String> =
        all.filter(|(_, name)| name.to_lowercase().contains(text)).map(|(who, _)| who).collect();
    serde_json::to_string(&fitting).map_err(Error::internal)
}

/// An [`AuditQuery`] as the database is asked it.
struct Asked {
    /// Who asks, for which organisation, and whether they administer the installation.
    person: String,
    organisation: String,
    is_administrator: bool,
    who: Option<String>,
    actors: String,
    action: Option<String>,
    object: Option<String>,
    objects: String,
    since: Option<i64>,
    until: Option<i64>,
    before: Option<i64>,
}

impl Asked {
    async fn read(
        state: &State,
        actor: &Actor,
        query: Result<Query<AuditQuery>, QueryRejection>,
    ) -> Result<Self, Error> {
        let asking = actor.person()?;
        let person = asking.id.clone();
        let Query(query) = query.map_err(|error| Error::invalid(format!("This list cannot be made: {error}.")))?;
        let AuditQuery { who, action, object, since, until, before } = query;
        let (who, action, object) = (typed(who), typed(action), typed(object));
        Ok(Self {
            actors: named(state, PEOPLE.to_owned(), None, who.as_deref()).await?,
            objects: named(state, objects(), Some(&person), object.as_deref()).await?,
            person,
            organisation: asking.organisation.clone(),
            is_administrator: asking.administrator,
            who: who.map(|text| pattern(&text, false)),
            action: action.map(|text| pattern(&text, true)),
            object: object.map(|text| pattern(&text, false)),
            since,
            until,
            before,
        })
    }

    /// The rows of `select` that fit, newest first. It names who asks, as `$10`.
    async fn rows(&self, state: &State, select: &str, limit: i64) -> Result<Vec<SqliteRow>, Error> {
        let sql = format!("{select} WHERE {FITTING} ORDER BY audit.sequence DESC LIMIT $9");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(&self.who)
            .bind(&self.actors)
            .bind(&self.action)
            .bind(&self.object)
            .bind(&self.objects)
            .bind(self.since)
            .bind(self.until)
            .bind(self.before)
            .bind(limit)
            .bind(&self.person)
            .bind(&self.organisation)
            .bind(i64::from(self.is_administrator))
            .fetch_all(state.db.reader())
            .await?;
        Ok(rows)
    }

    async fn entries(&self, state: &State, limit: i64) -> Result<Vec<AuditEntry>, Error> {
        Ok(self.rows(state, &columns(), limit).await?.iter().map(read).collect())
    }

    /// How many entries fit, and the newest of them.
    async fn extent(&self, state: &State) -> Result<(i64, Option<i64>), Error> {
        let rows = self.rows(state, "SELECT COUNT(*) OVER (), audit.sequence, $10 FROM audit", 1).await?;
        Ok(rows.first().map_or((0, None), |row| (row.get(0), Some(row.get(1)))))
    }
}

fn read(row: &SqliteRow) -> AuditEntry {
    if row.get::<i64, _>(11) == 1 {
        return AuditEntry {
            sequence: row.get(0),
            time: row.get(1),
            actor: String::new(),
            actor_name: None,
            action: String::new(),
            object: String::new(),
            object_name: None,
            detail: FOREIGN.to_owned(),
            hash: row.get(8),
            salt: None,
            organisation: None,
        };
    }
    let is_hidden = row.get::<i64, _>(10) == 1;
    AuditEntry {
        sequence: row.get(0),
        time: row.get(1),
        actor: row.get(2),
        actor_name: row.get(3),
        action: row.get(4),
        object: row.get(5),
        object_name: row.get::<Option<String>, _>(6).filter(|_| !is_hidden),
        detail: if is_hidden { HIDDEN.to_owned() } else { row.get(7) },
        hash: row.get(8),
        salt: row.get::<Option<String>, _>(9).filter(|_| !is_hidden),
        organisation: row.get::<Option<String>, _>(12).filter(|_| !is_hidden),
    }
}

/// Lets in who reads the log at all.
async fn enter(state: &State, actor: &Actor) -> Result<(), Error> {
    if may(state, actor, Action::Manage, Object::Installation).await? {
        return Ok(());
    }
    can(state, actor, Action::Manage, Object::Organisation).await.map(drop)
}

/// The audit log as far as it is one's organisation's, or the installation's for who administers that, newest first. `who` and `object` match parts of names, `action` the beginning of one; `before` continues.
#[utoipa::path(get, path = "/api/audit", tag = "audit",
    params(("who" = Option<String>, Query), ("action" = Option<String>, Query), ("object" = Option<String>, Query),
        ("since" = Option<i64>, Query), ("until" = Option<i64>, Query), ("before" = Option<i64>, Query)),
    responses((status = 200, body = Page<AuditEntry>)))]
async fn list(
    state: State,
    actor: Actor,
    query: Result<Query<AuditQuery>, QueryRejection>,
) -> Result<Json<Page<AuditEntry>>, Error> {
    enter(&state, &actor).await?;
    let mut items = Asked::read(&state, &actor, query).await?.entries(&state, PAGE + 1).await?;
    let more = items.len() > PAGE as usize;
    items.truncate(PAGE as usize);
    let next = items.last().filter(|_| more).map(|last| last.sequence.to_string());
    Ok(Json(Page { items, next }))
}

/// Reads the whole log, and says whether every entry is as it was written, or which is not.
#[utoipa::path(get, path = "/api/audit/check", tag = "audit", responses((status = 200, body = AuditCheck)))]
async fn check(state: State, actor: Actor) -> Result<Json<AuditCheck>, Error> {
    enter(&state, &actor).await?;
    let (whole, broken) = match audit::verify(&state.db).await? {
        Ok(whole) => (whole, None),
        Err(broken) => {
            let why = broken.to_string();
            (broken.before, Some(AuditBreak { sequence: broken.sequence, why }))
        }
    };
    Ok(Json(AuditCheck { n_entries: whole.n_rows, head: whole.head, broken }))
}

/// All entries that fit, as `csv` or `json`, with their hashes and salts: whoever holds them can check the chain without this server,
/// but for entries whose detail is hidden, as their design is in a compartment or they are another organisation's; those the
/// server checks, as it does those between an organisation's own.
/// That they were taken is itself an entry, which is not among them.
#[utoipa::path(get, path = "/api/audit/export/{form}", tag = "audit",
    params(("form" = String, Path), ("who" = Option<String>, Query), ("action" = Option<String>, Query),
        ("object" = Option<String>, Query), ("since" = Option<i64>, Query), ("until" = Option<i64>, Query),
        ("before" = Option<i64>, Query)),
    responses((status = 200, content_type = "text/csv")))]
async fn export(
    state: State,
    actor: Actor,
    Path(form): Path<String>,
    query: Result<Query<AuditQuery>, QueryRejection>,
) -> Result<Response, Error> {
    enter(&state, &actor).await?;
    if !matches!(form.as_str(), "csv" | "json") {
        return Err(Error::NotFound("format: there are csv and json"));
    }
    let mut asked = Asked::read(&state, &actor, query).await?;
    let (n_entries, newest) = asked.extent(&state).await?;
    // What is written meanwhile is not among what was counted.
    asked.before = Some(newest.map_or(0, |newest| newest + 1));
    let object = match asked.is_administrator {
        true => "installation".to_owned(),
        false => format!("organisation:{}", asked.organisation),
    };
    audit::note(&state, &actor.label(), "audit.export", &object, &format!("{n_entries} entries as {form}")).await?;
    let (content, name, part): (_, _, Part) = match form.as_str() {
        "csv" => ("text/csv; charset=utf-8", "attachment; filename=\"audit.csv\"", csv_part),
        _ => ("application/json", "attachment; filename=\"audit.json\"", json_part),
    };
    let headers = [
        (header::CONTENT_TYPE, content),
        (header::CONTENT_DISPOSITION, name),
        (header::CACHE_CONTROL, "private, no-store"),
    ];
    Ok((headers, Body::from_stream(parts(state, asked, part))).into_response())
}

/// Writes some of the entries of a file: which of them are its first ones and its last ones.
type Part = fn(entries: &[AuditEntry], is_first: bool, is_last: bool) -> String;

/// A file of all entries that fit, some at a time. An error ends it before its end, so that no browser takes it for whole.
fn parts(state: State, asked: Asked, part: Part) -> impl Stream<Item = Result<String, Error>> {
    futures::stream::try_unfold(Some((asked, true)), move |next| {
        let state = state.clone();
        async move {
            let Some((mut asked, is_first)) = next else { return Ok(None) };
            let entries = asked.entries(&state, CHUNK).await?;
            let is_last = (entries.len() as i64) < CHUNK;
            asked.before = entries.last().map(|last| last.sequence).or(asked.before);
            Ok(Some((part(&entries, is_first, is_last), (!is_last).then_some((asked, false)))))
        }
    })
}

fn json_part(entries: &[AuditEntry], is_first: bool, is_last: bool) -> String {
    // Plain values with text keys: serialising cannot fail.
    let lines = entries.iter().map(|entry| serde_json::to_string(entry).unwrap_or_default());
    let lines = lines.collect::<Vec<_>>().join(",\n");
    let before = if is_first {
        "[\n"
    } else if entries.is_empty() {
        ""
    } else {
        ",\n"
    };
    format!("{before}{lines}{}", if is_last { "\n]\n" } else { "" })
}

fn csv_part(entries: &[AuditEntry], is_first: bool, _is_last: bool) -> String {
    let text = csv(entries);
    // The names of the columns stand once.
    if is_first { text } else { text.split_once("\r\n").map_or_else(String::new, |(_, lines)| lines.to_owned()) }
}

/// One line per entry, times in UTC as ISO 8601 has them.
fn csv(entries: &[AuditEntry]) -> String {
    let mut out =
        "sequence,time,epoch ms,actor,name,action,object,object name,detail,hash,salt,organisation\r\n".to_owned();
    for e in entries {
        let time = time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(e.time) * 1_000_000).ok();
        let time = time.and_then(|t| t.format(&time::format_description::well_known::Rfc3339).ok()).unwrap_or_default();
        let fields = [
            e.sequence.to_string(),
            time,
            e.time.to_string(),
            text(&e.actor),
            text(e.actor_name.as_deref().unwrap_or_default()),
            text(&e.action),
            text(&e.object),
            text(e.object_name.as_deref().unwrap_or_default()),
            text(&e.detail),
            e.hash.clone(),
            e.salt.clone().unwrap_or_default(),
            e.organisation.clone().unwrap_or_default(),
        ];
        out.push_str(&record(&fields));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_what_is_typed() {
        assert_eq!(typed(Some(" Ada_1% ".into())).as_deref(), Some("ada_1%"));
        assert_eq!(typed(Some("ÖZGÜR".into())).as_deref(), Some("özgür"));
        assert_eq!((typed(Some("  ".into())), typed(None)), (None, None));
        assert_eq!((pattern("ada_1%", false), pattern("release.", true)), ("%ada\\_1\\%%".into(), "release.%".into()));
    }

    fn entry(sequence: i64) -> AuditEntry {
        AuditEntry {
            sequence,
            time: 1_000,
            actor: "person:1".into(),
            actor_name: Some("=HYPERLINK(\"x\")".into()),
            action: "design.create".into(),
            object: "design:1".into(),
            object_name: None,
            detail: "a, b".into(),
            hash: "0".into(),
            salt: None,
            organisation: None,
        }
    }

    /// However the entries are cut, and also where the last cut falls on the last entry.
    #[test]
    fn parts_make_one_file() {
        for cuts in [vec![vec![]], vec![vec![3, 2], vec![1]], vec![vec![3], vec![2], vec![1], vec![]]] {
            let n_entries: usize = cuts.iter().map(Vec::len).sum();
            let file = |part: Part| {
                let entries = |cut: &Vec<i64>| cut.iter().map(|n| entry(*n)).collect::<Vec<_>>();
                let parts = cuts.iter().enumerate();
                parts.map(|(i, cut)| part(&entries(cut), i == 0, i + 1 == cuts.len())).collect::<String>()
            };
            let json = file(json_part);
            let read: Vec<AuditEntry> = serde_json::from_str(&json).unwrap_or_else(|e| panic!("{e}: {json}"));
            assert_eq!(read.len(), n_entries);
            let csv = file(csv_part);
            assert_eq!((csv.lines().count(), csv.matches("sequence").count()), (n_entries + 1, 1), "{csv}");
        }
    }

    #[test]
    fn a_spreadsheet_gets_no_formulas() {
        let entry = entry(7);
        let text = csv(&[entry]);
        let line = text.lines().nth(1).expect("a line");
        assert!(
            line.starts_with("7,1970-01-01T00:00:01Z,1000,") && line.contains("\"'=HYPERLINK(\"\"x\"\")\""),
            "{line}"
        );
    }
}
