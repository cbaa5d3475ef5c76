//! `/api/audit`: who did what, for administrators: read, filtered, checked, and taken away.

use crate::auth::{Action, Actor, Object, can};
use crate::telemetry::audit;
use crate::{Error, State};
use app::api::Page;
use app::api::audit::{AuditBreak, AuditCheck, AuditEntry, AuditQuery};
use app::csv::{record, text};
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Entries on one page.
const PAGE: i64 = 100;
/// Entries in one export, some tens of megabytes; older ones are had with `before`.
const EXPORT_MAX: i64 = 100_000;

pub fn router() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(check)).routes(routes!(export))
}

/// Entries that fit `$1` who, `$2` action, `$3` object, `$4` since, `$5` until, `$6` before, newest first, `$7` at most.
/// Patterns are lower case and escaped; what is null is not asked for.
const SELECT: &str = "SELECT audit.sequence, audit.time, audit.actor, person.name, audit.action, audit.object, \
     COALESCE(design.name, project.name, other.name), audit.detail, audit.hash FROM audit \
     LEFT JOIN person ON audit.actor LIKE 'person:%' AND person.id = SUBSTR(audit.actor, 8) \
     LEFT JOIN design ON audit.object LIKE 'design:%' AND design.id = SUBSTR(audit.object, 8) \
     LEFT JOIN project ON audit.object LIKE 'project:%' AND project.id = SUBSTR(audit.object, 9) \
     LEFT JOIN person AS other ON audit.object LIKE 'person:%' AND other.id = SUBSTR(audit.object, 8) \
     WHERE ($1 IS NULL OR LOWER(person.name) LIKE $1 ESCAPE '\\' OR person.email LIKE $1 ESCAPE '\\' \
     OR LOWER(audit.actor) LIKE $1 ESCAPE '\\') \
     AND ($2 IS NULL OR audit.action LIKE $2 ESCAPE '\\') \
     AND ($3 IS NULL OR LOWER(audit.object) LIKE $3 ESCAPE '\\' \
     OR LOWER(COALESCE(design.name, project.name, other.name)) LIKE $3 ESCAPE '\\') \
     AND ($4 IS NULL OR audit.time >= $4) AND ($5 IS NULL OR audit.time < $5) \
     AND ($6 IS NULL OR audit.sequence < $6) ORDER BY audit.sequence DESC LIMIT $7";

/// What LIKE matches anywhere, or with `begins` at the beginning; `None` for nothing asked.
fn pattern(text: Option<String>, begins: bool) -> Option<String> {
    let text = text.unwrap_or_default().trim().to_lowercase();
    // LIKE's own signs are meant literally.
    let text = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    (!text.is_empty()).then(|| if begins { format!("{text}%") } else { format!("%{text}%") })
}

fn read(row: &SqliteRow) -> AuditEntry {
    AuditEntry {
        sequence: row.get(0),
        time: row.get(1),
        actor: row.get(2),
        actor_name: row.get(3),
        action: row.get(4),
        object: row.get(5),
        object_name: row.get(6),
        detail: row.get(7),
        hash: row.get(8),
    }
}

async fn entries(state: &State, query: AuditQuery, limit: i64) -> Result<Vec<AuditEntry>, Error> {
    let rows = sqlx::query(SELECT)
        .bind(pattern(query.who, false))
        .bind(pattern(query.action, true))
        .bind(pattern(query.object, false))
        .bind(query.since)
        .bind(query.until)
        .bind(query.before)
        .bind(limit)
        .fetch_all(state.db.reader())
        .await?;
    Ok(rows.iter().map(read).collect())
}

fn asked(query: Result<Query<AuditQuery>, QueryRejection>) -> Result<AuditQuery, Error> {
    let Query(query) = query.map_err(|error| Error::invalid(format!("This list cannot be made: {error}.")))?;
    Ok(query)
}

/// The audit log, newest first. `who` and `object` match parts of names, `action` the beginning of one; `before` continues.
#[utoipa::path(get, path = "/api/audit", tag = "audit",
    params(("who" = Option<String>, Query), ("action" = Option<String>, Query), ("object" = Option<String>, Query),
        ("since" = Option<i64>, Query), ("until" = Option<i64>, Query), ("before" = Option<i64>, Query)),
    responses((status = 200, body = Page<AuditEntry>)))]
async fn list(
    state: State,
    actor: Actor,
    query: Result<Query<AuditQuery>, QueryRejection>,
) -> Result<Json<Page<AuditEntry>>, Error> {
    can(&state, &actor, Action::Manage, Object::Installation).await?;
    let mut items = entries(&state, asked(query)?, PAGE + 1).await?;
    let more = items.len() > PAGE as usize;
    items.truncate(PAGE as usize);
    let next = items.last().filter(|_| more).map(|last| last.sequence.to_string());
    Ok(Json(Page { items, next }))
}

/// Reads the whole log, and says whether every entry is as it was written, or which is not.
#[utoipa::path(get, path = "/api/audit/check", tag = "audit", responses((status = 200, body = AuditCheck)))]
async fn check(state: State, actor: Actor) -> Result<Json<AuditCheck>, Error> {
    can(&state, &actor, Action::Manage, Object::Installation).await?;
    let (whole, broken) = match audit::verify(&state.db).await? {
        Ok(whole) => (whole, None),
        Err(broken) => {
            let why = broken.to_string();
            (broken.before, Some(AuditBreak { sequence: broken.sequence, why }))
        }
    };
    Ok(Json(AuditCheck { n_entries: whole.n_rows, head: whole.head, broken }))
}

/// The entries that fit, as `csv` or `json`, with their hashes: whoever holds them can check the chain without this server.
/// That they were taken is itself an entry.
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
    can(&state, &actor, Action::Manage, Object::Installation).await?;
    if !matches!(form.as_str(), "csv" | "json") {
        return Err(Error::NotFound("format: there are csv and json"));
    }
    let found = entries(&state, asked(query)?, EXPORT_MAX).await?;
    let detail = format!("{} entries as {form}", found.len());
    audit::note(&state, &actor.label(), "audit.export", "installation", &detail).await?;
    let (content, name, bytes) = match form.as_str() {
        "csv" => ("text/csv; charset=utf-8", "attachment; filename=\"audit.csv\"", csv(&found).into_bytes()),
        _ => {
            let bytes = serde_json::to_vec_pretty(&found).map_err(Error::internal)?;
            ("application/json", "attachment; filename=\"audit.json\"", bytes)
        }
    };
    let headers = [
        (header::CONTENT_TYPE, content),
        (header::CONTENT_DISPOSITION, name),
        (header::CACHE_CONTROL, "private, no-store"),
    ];
    Ok((headers, bytes).into_response())
}

/// One line per entry, times in UTC as ISO 8601 has them.
fn csv(entries: &[AuditEntry]) -> String {
    let mut out = "sequence,time,epoch ms,actor,name,action,object,object name,detail,hash\r\n".to_owned();
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
        assert_eq!(pattern(Some(" Ada_1% ".into()), false).as_deref(), Some("%ada\\_1\\%%"));
        assert_eq!(pattern(Some("release.".into()), true).as_deref(), Some("release.%"));
        assert_eq!((pattern(Some("  ".into()), false), pattern(None, true)), (None, None));
    }

    #[test]
    fn a_spreadsheet_gets_no_formulas() {
        let entry = AuditEntry {
            sequence: 7,
            time: 1_000,
            actor: "person:1".into(),
            actor_name: Some("=HYPERLINK(\"x\")".into()),
            action: "design.create".into(),
            object: "design:1".into(),
            object_name: None,
            detail: "a, b".into(),
            hash: "0".into(),
        };
        let text = csv(&[entry]);
        let line = text.lines().nth(1).expect("a line");
        assert!(
            line.starts_with("7,1970-01-01T00:00:01Z,1000,") && line.contains("\"'=HYPERLINK(\"\"x\"\")\""),
            "{line}"
        );
    }
}
