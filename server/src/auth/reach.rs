//! Who reaches what, as conditions on rows: the policy asks them about one design, and every list about all of them, so that
//! no list can show what the policy would refuse.
//!
//! `person` and `design` are expressions of SQL (`$2`, `person.id`), never text from outside.

use super::policy::{effective, role, role_at};
use crate::{Error, State};
use app::api::auth::Role;
use sqlx::Row as _;

/// The rank of the column `role`, owner first: words do not compare. What this binary does not know is below all ranks, and
/// [`role_at`] refuses it.
const RANK: &str = "CASE role WHEN 'owner' THEN 0 WHEN 'engineer' THEN 1 WHEN 'reviewer' THEN 2 WHEN 'viewer' THEN 3 \
     ELSE -1 END";

/// The rank of the greatest role that `person` holds among the members of the query's `project`, by themselves or through
/// their groups; null without one.
pub fn held(person: &str) -> String {
    format!(
        "(SELECT MIN({RANK}) FROM (SELECT own.role FROM project_member AS own \
         WHERE own.project = project.id AND own.person = {person} \
         UNION ALL SELECT lent.role FROM project_group AS lent \
         JOIN group_person AS of_group ON of_group.people_group = lent.people_group \
         WHERE lent.project = project.id AND of_group.person = {person}) AS roles)"
    )
}

/// That `person` needs to know of `design`: it is in no compartment, or they are among its members, by themselves or through
/// a group. Whatever role they hold: no role opens a compartment.
pub fn within(design: &str, person: &str) -> String {
    format!(
        "NOT EXISTS (SELECT 1 FROM compartment_design AS sealed WHERE sealed.design = {design} AND NOT {})",
        inside("sealed.compartment", person)
    )
}

/// That `person` is a member of `compartment`, by themselves or through a group.
pub fn inside(compartment: &str, person: &str) -> String {
    format!(
        "(EXISTS (SELECT 1 FROM compartment_person AS own WHERE own.compartment = {compartment} AND own.person = {person}) \
         OR EXISTS (SELECT 1 FROM compartment_group AS lent \
         JOIN group_person AS of_group ON of_group.people_group = lent.people_group \
         WHERE lent.compartment = {compartment} AND of_group.person = {person}))"
    )
}

/// Of the query's `project`: one sees it. `$1` organisation, `$2` person, `$3` 1 for an owner of the organisation.
pub fn project() -> String {
    format!("(project.organisation = $1 AND (project.everyone = 1 OR $3 = 1 OR {} IS NOT NULL))", held("$2"))
}

/// Of the query's `design`: one sees it. The same three values as [`project`].
pub fn design() -> String {
    format!(
        "(design.project IN (SELECT project.id FROM project WHERE {}) AND {})",
        project(),
        within("design.id", "$2")
    )
}

/// Someone who sees a design, and their role in its project.
pub struct Onlooker {
    pub id: String,
    pub name: String,
    pub hue: u16,
    pub role: Role,
}

/// Everyone who may see a design and is not disabled, by name.
///
/// # Errors
/// The database's.
pub async fn onlookers(state: &State, design: &str) -> Result<Vec<Onlooker>, Error> {
    let sql = format!(
        "SELECT person.id, person.name, person.hue, member.role, project.everyone, {} \
         FROM design JOIN project ON project.id = design.project \
         JOIN member ON member.organisation = project.organisation JOIN person ON person.id = member.person \
         WHERE design.id = $1 AND person.disabled = 0 AND {} ORDER BY person.name, person.id",
        held("person.id"),
        within("design.id", "person.id")
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(design).fetch_all(state.db.reader()).await?;
    let mut people = Vec::new();
    for row in rows {
        let own = role_at(row.get(5))?;
        if let Some(role) = effective(role(&row.get::<String, _>(3))?, row.get::<i64, _>(4) == 1, own) {
            people.push(Onlooker { id: row.get(0), name: row.get(1), hue: row.get::<i64, _>(2) as u16, role });
        }
    }
    Ok(people)
}
