//! The one function that decides what an actor may do, for every request and every socket message.

use super::actor::{Actor, Guest, Person};
use super::reach;
use crate::{Error, State};
use app::api::auth::Role;
use app::api::design::DesignState;
use app::api::share::Allow;
use sqlx::Row as _;

/// What someone wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Look at it.
    See,
    /// Look at its past: edits and their authors, versions, branches. Not for those who hold only a link to it as it is now.
    Recall,
    /// Say something about it.
    Comment,
    /// Approve or reject a release of it that names one as an approver.
    Decide,
    /// Take its bodies away as a file of this format.
    Download(Allow),
    /// Change its content: send commands, upload files.
    Edit,
    /// Start or cancel a run on it.
    Run,
    /// Give others a share link to it, or take it back.
    Share,
    /// Rename, move, archive, put in the bin, restore.
    Arrange,
    /// Make something inside it: a design in a project, a project in an organisation.
    Create,
    /// Decide about people, rights and lasting deletion.
    Manage,
    /// Claim and answer runs; workers only.
    Work,
}

/// What they want to do it to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Object<'a> {
    /// What anyone may see before signing in.
    Public,
    /// The signed-in person's own account.
    Self_,
    /// The person's own organisation.
    Organisation,
    /// The whole installation.
    Installation,
    Project(&'a str),
    Design(&'a str),
    /// The worker API.
    Queue,
}

/// A permission, and what was learnt on the way to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Grant {
    pub role: Role,
    /// Of a project or design.
    pub project: Option<String>,
    /// Of a design.
    pub state: Option<DesignState>,
}

impl Grant {
    fn of(role: Role) -> Self {
        Self { role, project: None, state: None }
    }
}

/// Decides whether `actor` may do `action` to `object`.
///
/// # Errors
/// [`Error::Unauthenticated`] without a session, [`Error::NotFound`] when the actor may not even know of the object,
/// [`Error::Forbidden`] when they see it but may not do that.
pub async fn can(state: &State, actor: &Actor, action: Action, object: Object<'_>) -> Result<Grant, Error> {
    super::gate::note_asked();
    if let Actor::Person(Person { token: Some(held), .. }) = actor
        && object != Object::Public
    {
        held.check(action)?;
    }
    if let Actor::Person(Person { must_enrol: true, .. }) = actor
        && !matches!(object, Object::Public | Object::Self_)
    {
        return Err(Error::Enrol);
    }
    match object {
        Object::Public if action == Action::See => Ok(Grant::of(Role::Viewer)),
        Object::Queue => match (actor, action) {
            (Actor::Worker, Action::Work) => Ok(Grant::of(Role::Engineer)),
            _ => Err(Error::Unauthenticated),
        },
        Object::Design(id) => match actor {
            Actor::Guest(guest) if guest.design == id => guest_on_design(state, guest, action).await,
            Actor::Guest(_) => Err(Error::NotFound("design")),
            Actor::Person(person) => person_on_design(state, person, action, id).await,
            Actor::Nobody | Actor::Worker => Err(Error::Unauthenticated),
        },
        Object::Project(id) => person_on_project(state, actor.person()?, action, id).await,
        Object::Self_ => actor.person().map(|person| Grant::of(person.role)),
        Object::Organisation => on_organisation(actor.person()?, action),
        Object::Installation => match actor.person()? {
            person if person.administrator => Ok(Grant::of(Role::Owner)),
            _ => Err(Error::forbidden("Only an administrator of this installation may do that.")),
        },
        Object::Public => Err(Error::Unauthenticated),
    }
}

/// Whether `actor` may do `action` to `object`; not being allowed is an answer, a broken database is an error.
///
/// # Errors
/// When the database cannot be read.
pub async fn may(state: &State, actor: &Actor, action: Action, object: Object<'_>) -> Result<bool, Error> {
    match can(state, actor, action, object).await {
        Ok(_) => Ok(true),
        Err(Error::NotFound(_) | Error::Forbidden(_) | Error::Unauthenticated | Error::Locked | Error::Enrol) => {
            Ok(false)
        }
        Err(e) => Err(e),
    }
}

/// A guest looks, and does besides what their link allows.
async fn guest_on_design(state: &State, guest: &Guest, action: Action) -> Result<Grant, Error> {
    if guest.locked {
        return Err(Error::Locked);
    }
    let needed = match action {
        Action::See => None,
        Action::Comment => Some(Allow::Comment),
        Action::Download(form) => Some(form),
        // That a design has a past is not a guest's to know.
        Action::Recall => return Err(Error::NotFound("design")),
        _ => {
            return Err(Error::forbidden(
                "A share link is for looking only; ask for an account to change this design.",
            ));
        }
    };
    if needed.is_some_and(|allow| !guest.allow.contains(&allow)) {
        return Err(Error::forbidden("This link does not allow that; ask the person who sent it for one that does."));
    }
    // A link shows its design whoever is in the compartment: only a member can have made it.
    let place = design(state, &guest.design, "").await?;
    if place.state == DesignState::Bin {
        return Err(Error::NotFound("design"));
    }
    if action == Action::Comment && place.state != DesignState::Active {
        return Err(Error::forbidden("This design is archived; nothing can be said about it any more."));
    }
    Ok(Grant { role: Role::Viewer, project: Some(place.project), state: Some(place.state) })
}

fn on_organisation(person: &Person, action: Action) -> Result<Grant, Error> {
    let needed = match action {
        Action::See | Action::Recall | Action::Download(_) => Role::Viewer,
        Action::Create => Role::Engineer,
        _ => Role::Owner,
    };
    require(person.role, needed, "organisation").map(Grant::of)
}

/// Roles are ordered from owner down, so `<=` reads "at least".
fn require(role: Role, needed: Role, place: &str) -> Result<Role, Error> {
    if role <= needed {
        return Ok(role);
    }
    let needed = match needed {
        Role::Owner => "an owner",
        Role::Engineer => "an engineer or owner",
        Role::Reviewer => "a reviewer, an engineer or an owner",
        Role::Viewer => "a viewer",
    };
    Err(Error::forbidden(format!("You may look, but not do that here; it needs {needed} of this {place}.")))
}

fn needed(action: Action) -> Role {
    match action {
        Action::See | Action::Recall | Action::Download(_) => Role::Viewer,
        Action::Comment | Action::Decide => Role::Reviewer,
        Action::Edit | Action::Run | Action::Share | Action::Arrange | Action::Create => Role::Engineer,
        Action::Manage | Action::Work => Role::Owner,
    }
}

async fn person_on_project(state: &State, person: &Person, action: Action, id: &str) -> Result<Grant, Error> {
    let role = project_role(state, person, id).await?.ok_or(Error::NotFound("project"))?;
    let role = require(role, needed(action), "project")?;
    Ok(Grant { role, project: Some(id.to_owned()), state: None })
}

async fn person_on_design(state: &State, person: &Person, action: Action, id: &str) -> Result<Grant, Error> {
    let place = design(state, id, &person.id).await?;
    if !place.is_within {
        return Err(Error::NotFound("design"));
    }
    let role = project_role(state, person, &place.project).await?.ok_or(Error::NotFound("design"))?;
    let role = require(role, needed(action), "project")?;
    if matches!(action, Action::Edit | Action::Run | Action::Comment | Action::Decide)
        && place.state != DesignState::Active
    {
        return Err(Error::forbidden("This design is archived or in the bin; restore it first."));
    }
    Ok(Grant { role, project: Some(place.project), state: Some(place.state) })
}

struct Place {
    project: String,
    state: DesignState,
    /// The person is a member of the compartment that it is in, or it is in none.
    is_within: bool,
}

async fn design(state: &State, id: &str, person: &str) -> Result<Place, Error> {
    let sql = format!("SELECT project, state, {} FROM design WHERE id = $1", reach::within("design.id", "$2"));
    let row = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(id)
        .bind(person)
        .fetch_optional(state.db.reader())
        .await?
        .ok_or(Error::NotFound("design"))?;
    let name: String = row.get(1);
    Ok(Place { project: row.get(0), state: design_state(&name)?, is_within: row.get::<i64, _>(2) == 1 })
}

/// A person's role in a project: the greatest of what the organisation's ownership, a membership, their groups' memberships,
/// or a project open to everyone gives; never more than their own role for a reviewer or viewer of the organisation.
async fn project_role(state: &State, person: &Person, project: &str) -> Result<Option<Role>, Error> {
    let held = reach::held("$2");
    let sql = format!("SELECT project.organisation, project.everyone, {held} FROM project WHERE project.id = $1");
    let row =
        sqlx::query(sqlx::AssertSqlSafe(sql)).bind(project).bind(&person.id).fetch_optional(state.db.reader()).await?;
    let Some(row) = row else { return Ok(None) };
    if row.get::<String, _>(0) != person.organisation {
        return Ok(None);
    }
    Ok(effective(person.role, row.get::<i64, _>(1) == 1, role_at(row.get(2))?))
}

/// The role in a project of someone who is `role` in the organisation and `own` among the project's members, themselves or
/// through a group.
pub fn effective(role: Role, everyone: bool, own: Option<Role>) -> Option<Role> {
    let open = everyone.then_some(role);
    let owner = (role == Role::Owner).then_some(Role::Owner);
    // `Owner` orders first, so the smaller one is the greater right.
    let greatest = [owner, open, own].into_iter().flatten().min();
    greatest.map(|greatest| if role >= Role::Reviewer { greatest.max(role) } else { greatest })
}

/// The role a column holds.
///
/// # Errors
/// [`Error::Internal`] for a word this binary does not know.
pub fn role(word: &str) -> Result<Role, Error> {
    match word {
        "owner" => Ok(Role::Owner),
        "engineer" => Ok(Role::Engineer),
        "reviewer" => Ok(Role::Reviewer),
        "viewer" => Ok(Role::Viewer),
        other => Err(Error::internal(anyhow::anyhow!("unknown role {other:?} in the database"))),
    }
}

/// The role of a rank that [`reach::held`] finds.
///
/// # Errors
/// [`Error::Internal`] where a column holds a word this binary does not know.
pub fn role_at(rank: Option<i64>) -> Result<Option<Role>, Error> {
    let role = match rank {
        None => return Ok(None),
        Some(0) => Role::Owner,
        Some(1) => Role::Engineer,
        Some(2) => Role::Reviewer,
        Some(3) => Role::Viewer,
        Some(_) => return Err(Error::internal(anyhow::anyhow!("unknown role of a project's member in the database"))),
    };
    Ok(Some(role))
}

/// The word a column holds for `role`.
pub fn role_word(role: Role) -> &'static str {
    match role {
        Role::Owner => "owner",
        Role::Engineer => "engineer",
        Role::Reviewer => "reviewer",
        Role::Viewer => "viewer",
    }
}

/// The state a column holds.
///
/// # Errors
/// [`Error::Internal`] for a word this binary does not know.
pub fn design_state(word: &str) -> Result<DesignState, Error> {
    match word {
        "active" => Ok(DesignState::Active),
        "archived" => Ok(DesignState::Archived),
        "bin" => Ok(DesignState::Bin),
        other => Err(Error::internal(anyhow::anyhow!("unknown design state {other:?} in the database"))),
    }
}

/// The word a column holds for `state`.
pub fn design_state_word(state: DesignState) -> &'static str {
    match state {
        DesignState::Active => "active",
        DesignState::Archived => "archived",
        DesignState::Bin => "bin",
    }
}
