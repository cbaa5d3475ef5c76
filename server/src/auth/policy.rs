//! The one function that decides what an actor may do, for every request and every socket message.

use super::actor::{Actor, Guest, Person};
use super::reach::{self, InProject};
use crate::{Error, State, db};
use app::api::auth::Role;
use app::api::design::DesignState;
use app::api::share::Allow;

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
    enter(actor, action, object)?;
    match object {
        Object::Design(_) | Object::Project(_) => {
            let mut reader = state.db.reader().acquire().await?;
            at_place(&mut reader, state.now(), actor, action, object).await
        }
        _ => elsewhere(actor, action, object),
    }
}

/// As [`can`], inside of the transaction that writes: nobody else writes meanwhile, so that a right that was lost after the
/// question at the door refuses, and one that is lost later comes after what is written.
///
/// # Errors
/// As [`can`].
pub async fn can_in(
    write: &mut db::Connection,
    state: &State,
    actor: &Actor,
    action: Action,
    object: Object<'_>,
) -> Result<Grant, Error> {
    enter(actor, action, object)?;
    match object {
        Object::Design(_) | Object::Project(_) => at_place(write, state.now(), actor, action, object).await,
        _ => elsewhere(actor, action, object),
    }
}

/// What is asked of everyone, whatever it is about.
fn enter(actor: &Actor, action: Action, object: Object<'_>) -> Result<(), Error> {
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
    Ok(())
}

/// Designs and projects, where roles and compartments count as the database has them now.
async fn at_place(
    db: &mut db::Connection,
    now: i64,
    actor: &Actor,
    action: Action,
    object: Object<'_>,
) -> Result<Grant, Error> {
    match (object, actor) {
        (Object::Design(id), Actor::Guest(guest)) if guest.design == id => {
            guest_on_design(db, now, guest, action).await
        }
        (Object::Design(_), Actor::Guest(_)) => Err(Error::NotFound("design")),
        (Object::Design(id), Actor::Person(person)) => person_on_design(db, person, action, id).await,
        (Object::Project(id), Actor::Person(person)) => person_on_project(db, person, action, id).await,
        _ => Err(Error::Unauthenticated),
    }
}

/// Everything that stands with the actor themselves.
fn elsewhere(actor: &Actor, action: Action, object: Object<'_>) -> Result<Grant, Error> {
    match object {
        Object::Public if action == Action::See => Ok(Grant::of(Role::Viewer)),
        Object::Queue => match (actor, action) {
            (Actor::Worker, Action::Work) => Ok(Grant::of(Role::Engineer)),
            _ => Err(Error::Unauthenticated),
        },
        Object::Self_ => actor.person().map(|person| Grant::of(person.role)),
        Object::Organisation => on_organisation(actor.person()?, action),
        Object::Installation => match actor.person()? {
            person if person.administrator => Ok(Grant::of(Role::Owner)),
            _ => Err(Error::forbidden("Only an administrator of this installation may do that.")),
        },
        Object::Public | Object::Design(_) | Object::Project(_) => Err(Error::Unauthenticated),
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

/// A guest looks, and does besides what their link allows, for as long as the link stands.
async fn guest_on_design(db: &mut db::Connection, now: i64, guest: &Guest, action: Action) -> Result<Grant, Error> {
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
    let place = reach::stands(db, &guest.share, now).await?.ok_or(Error::NotFound("link"))?;
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

pub(super) fn needed(action: Action) -> Role {
    match action {
        Action::See | Action::Recall | Action::Download(_) => Role::Viewer,
        Action::Comment | Action::Decide => Role::Reviewer,
        Action::Edit | Action::Run | Action::Share | Action::Arrange | Action::Create => Role::Engineer,
        Action::Manage | Action::Work => Role::Owner,
    }
}

async fn person_on_project(db: &mut db::Connection, person: &Person, action: Action, id: &str) -> Result<Grant, Error> {
    let missing = || Error::NotFound("project");
    let place = reach::in_project(db, id, &person.id).await?.ok_or_else(missing)?;
    let role = own_role(&place, person).ok_or_else(missing)?;
    let role = require(role, needed(action), "project")?;
    Ok(Grant { role, project: Some(id.to_owned()), state: None })
}

async fn person_on_design(db: &mut db::Connection, person: &Person, action: Action, id: &str) -> Result<Grant, Error> {
    let missing = || Error::NotFound("design");
    let at = reach::at_design(db, id, &person.id).await?.filter(|at| at.is_within).ok_or_else(missing)?;
    let role = own_role(&at.place, person).ok_or_else(missing)?;
    let role = require(role, needed(action), "project")?;
    if matches!(action, Action::Edit | Action::Run | Action::Comment | Action::Decide)
        && at.state != DesignState::Active
    {
        return Err(Error::forbidden("This design is archived or in the bin; restore it first."));
    }
    Ok(Grant { role, project: Some(at.project), state: Some(at.state) })
}

/// The person's role, in the organisation they act for only: lists are made for that one too.
fn own_role(place: &InProject, person: &Person) -> Option<Role> {
    place.role.filter(|_| place.organisation == person.organisation)
}

/// The role in a project of someone who is `role` in the organisation and `own` among the project's members, themselves or
/// through a group.
pub fn effective(role: Role, everyone: bool, own: Option<Role>) -> Option<Role> {
    let open = everyone.then_some(role);
    let owner = (role == Role::Owner).then_some(Role::Owner);
    // `Owner` orders first, so the smaller one is the greater right.
    let greatest = [owner, open, own].into_iter().flatten().min();
    greatest.map(|greatest| greatest.within(role))
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
