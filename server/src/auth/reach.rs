//! Who reaches what, as conditions on rows: the policy asks them about one design, and every list about all of them, so that
//! no list can show what the policy would refuse.
//!
//! `person` and `design` are expressions of SQL (`$2`, `person.id`), never text from outside.

use super::policy::{Action, design_state, effective, needed, role, role_at};
use crate::{Error, State, db};
use app::api::auth::Role;
use app::api::design::DesignState;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

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

/// What gives someone a role in the query's `project`: the organisation's role, the project being open, and what is held in it.
/// Read together and anew for every question, so that a change of any of them counts at once, however long ago a socket or a
/// stream was opened. Who is disabled has none.
fn roles(person: &str) -> (String, String) {
    let columns = format!("project.organisation, mine.role, project.everyone, {}", held(person));
    let join = format!(
        "LEFT JOIN member AS mine ON mine.organisation = project.organisation AND mine.person = {person} \
         AND EXISTS (SELECT 1 FROM person WHERE person.id = mine.person AND person.disabled = 0)"
    );
    (columns, join)
}

/// A person's place in a project, as it is now.
pub struct InProject {
    pub organisation: String,
    pub role: Option<Role>,
}

impl InProject {
    /// From the columns of [`roles`].
    fn read(row: &SqliteRow) -> Result<Self, Error> {
        let everyone = row.get::<i64, _>(2) == 1;
        let own = role_at(row.get(3))?;
        let of_organisation = row.get::<Option<String>, _>(1).map(|word| role(&word)).transpose()?;
        let role = of_organisation.and_then(|organisation| effective(organisation, everyone, own));
        Ok(Self { organisation: row.get(0), role })
    }
}

/// Where `person` stands in `project`; `None` where there is no such project.
///
/// # Errors
/// The database's.
pub async fn in_project(db: &mut db::Connection, project: &str, person: &str) -> Result<Option<InProject>, Error> {
    let (columns, join) = roles("$2");
    let sql = format!("SELECT {columns} FROM project {join} WHERE project.id = $1");
    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(project).bind(person).fetch_optional(db).await?;
    row.as_ref().map(InProject::read).transpose()
}

/// A person's place around a design, as it is now.
pub struct AtDesign {
    pub project: String,
    pub state: DesignState,
    /// The person is a member of the compartment that it is in, or it is in none.
    pub is_within: bool,
    pub place: InProject,
}

impl AtDesign {
    /// Whether the person may give links to the design.
    pub fn may_share(&self) -> bool {
        self.is_within && self.place.role.is_some_and(|role| role <= needed(Action::Share))
    }
}

/// Where `person` stands with `design`; `None` where there is no such design.
///
/// # Errors
/// The database's.
pub async fn at_design(db: &mut db::Connection, design: &str, person: &str) -> Result<Option<AtDesign>, Error> {
    let (columns, join) = roles("$2");
    let sql = format!(
        "SELECT {columns}, design.project, design.state, {} FROM design \
         JOIN project ON project.id = design.project {join} WHERE design.id = $1",
        within("design.id", "$2")
    );
    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(design).bind(person).fetch_optional(db).await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(AtDesign {
        project: row.get(4),
        state: design_state(row.get(5))?,
        is_within: row.get::<i64, _>(6) == 1,
        place: InProject::read(&row)?,
    }))
}

/// The design that a link shows, if the link stands at `now`: it is not taken back and not over, the design is not in the bin,
/// and whoever made it may share that design now. Otherwise someone who was taken out would go on looking, and showing
/// others, through links from before. Nothing is written down when a link rests: it works again when its maker may again.
///
/// # Errors
/// The database's.
pub async fn stands(db: &mut db::Connection, share: &str, now: i64) -> Result<Option<AtDesign>, Error> {
    let row = sqlx::query("SELECT design, created_by FROM share WHERE id = $1 AND revoked = 0 AND expires > $2")
        .bind(share)
        .bind(now)
        .fetch_optional(&mut *db)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let maker = at_design(db, row.get(0), row.get(1)).await?;
    Ok(maker.filter(|maker| maker.state != DesignState::Bin && maker.may_share()))
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
