//! Who is told of a release: its approvers when they are asked, whoever asked when it is decided.

use super::By;
use super::step::Paper;
use crate::auth::{Person, reach};
use crate::{Error, State, db, id};
use app::api::auth::Role;
use app::api::comment::{Notification, NotificationKind};
use app::api::release::Happened;
use sqlx::Row as _;
use std::collections::BTreeSet;

fn word(kind: NotificationKind) -> &'static str {
    match kind {
        NotificationKind::Approved => "approved",
        NotificationKind::Rejected => "rejected",
        NotificationKind::Returned => "returned",
        NotificationKind::Released => "released",
        NotificationKind::Review | NotificationKind::Mention | NotificationKind::Answer | NotificationKind::Guest => {
            "review"
        }
    }
}

fn kind(word: &str) -> NotificationKind {
    match word {
        "approved" => NotificationKind::Approved,
        "rejected" => NotificationKind::Rejected,
        "returned" => NotificationKind::Returned,
        "released" => NotificationKind::Released,
        _ => NotificationKind::Review,
    }
}

/// Tells people what `happened` to a release, but for `by` who did it. Of several things the last one matters.
///
/// # Errors
/// The database's.
pub async fn tell(
    write: &mut db::Connection,
    now: i64,
    release: &str,
    paper: &Paper,
    happened: &[Happened],
    by: &By<'_>,
) -> Result<(), Error> {
    let approvers = paper.approvers.iter().map(|a| a.person.as_str());
    let asked = [Some(paper.author.as_str()), paper.submitter.as_deref()].into_iter().flatten();
    let (kind, people): (_, BTreeSet<&str>) = match happened {
        [.., Happened::Released] => (NotificationKind::Released, approvers.chain(asked).collect()),
        [Happened::Rejected, ..] => (NotificationKind::Rejected, approvers.chain(asked).collect()),
        [Happened::Submitted] => (NotificationKind::Review, approvers.collect()),
        [Happened::Approved] => (NotificationKind::Approved, asked.collect()),
        [Happened::Returned] => (NotificationKind::Returned, approvers.chain(asked).collect()),
        // Nobody but those who were asked before has heard of it.
        [Happened::Withdrawn] if paper.submitter.is_some() => {
            (NotificationKind::Returned, approvers.chain(asked).collect())
        }
        _ => return Ok(()),
    };
    for person in people.into_iter().filter(|p| *p != by.person) {
        sqlx::query(
            "INSERT INTO release_notice (id, person, time, kind, release, by_person, remark) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(id::id())
        .bind(person)
        .bind(now)
        .bind(word(kind))
        .bind(release)
        .bind(by.person)
        .bind(by.remark)
        .execute(&mut *write)
        .await?;
    }
    Ok(())
}

/// The newest of a person, of designs that they still see.
///
/// # Errors
/// The database's.
pub async fn list(state: &State, person: &Person, limit: i64) -> Result<Vec<Notification>, Error> {
    let sql = format!(
        "SELECT release_notice.id, kind, release_notice.time, seen, person.name, person.hue, design.id, design.name, \
         release.id, release.revision, release_notice.remark FROM release_notice \
         JOIN release ON release.id = release_notice.release JOIN design ON design.id = release.design \
         JOIN person ON person.id = release_notice.by_person \
         WHERE release_notice.person = $2 AND {} ORDER BY release_notice.time DESC, release_notice.id LIMIT $4",
        reach::design()
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(&person.organisation)
        .bind(&person.id)
        .bind(i64::from(person.role == Role::Owner))
        .bind(limit)
        .fetch_all(state.db.reader())
        .await?;
    let read = |row: sqlx::sqlite::SqliteRow| {
        let (revision, remark): (String, String) = (row.get(9), row.get(10));
        let text = if remark.is_empty() { revision.clone() } else { format!("{revision}: {remark}") };
        Notification {
            id: row.get(0),
            kind: kind(row.get(1)),
            time: row.get(2),
            seen: row.get::<i64, _>(3) == 1,
            by_name: row.get(4),
            hue: row.get::<i64, _>(5) as u16,
            design: row.get(6),
            design_name: row.get(7),
            comment: String::new(),
            thread: String::new(),
            release: Some(row.get(8)),
            text: format!("Revision {text}"),
        }
    };
    Ok(rows.into_iter().map(read).collect())
}

/// Marks a person's as seen.
///
/// # Errors
/// The database's.
pub async fn seen(write: &mut db::Connection, person: &str, until: i64) -> Result<(), Error> {
    sqlx::query("UPDATE release_notice SET seen = 1 WHERE person = $1 AND time <= $2 AND seen = 0")
        .bind(person)
        .bind(until)
        .execute(write)
        .await?;
    Ok(())
}
