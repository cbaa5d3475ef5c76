//! `/api/designs/{id}/branches`, `…/merge`, `…/restore`: designs that go their own way, and how they come together.
//!
//! A merge and a return to an older version are ordinary edits: they go through the design's room, which checks, orders and
//! logs them, so that everyone who has it open sees them, and whoever made them can take them back.

use super::history::{named, position};
use super::input::{self, Input};
use super::lineage::{Ancestors, Lineage};
use super::{compartment, design, project};
use crate::auth::policy::design_state;
use crate::auth::{Action, Actor, Object, can, can_in, may, reach};
use crate::release::waiver::needs_person;
use crate::rooms;
use crate::telemetry::audit;
use crate::{Error, State, db, id};
use app::api::auth::Role;
use app::api::design::{DesignCard, Document};
use app::api::history::{Branch, Branches, CreateBranch, Landed, Merge, Point, Preview, Restore};
use app::sync::{Refused, Submission};
use axum::Json;
use axum::extract::Path;
use solver::design::merge::{Choices, Merged};
use solver::design::{Command, Design, Refusal, Value, apply, compare, difference, merge};
use sqlx::Row as _;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Attempts at a merge or return while others edit the same properties meanwhile.
const ATTEMPTS: u32 = 5;
/// Commands in one edit: below the largest batch, as what takes some of them back is more than one.
const BATCH: usize = 500;

pub fn router() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(branches))
        .routes(routes!(create))
        .routes(routes!(preview))
        .routes(routes!(merge_branch))
        .routes(routes!(restore))
}

/// The branches of a design's family that one may see, and where this one came from.
#[utoipa::path(get, path = "/api/designs/{id}/branches", tag = "history", params(("id" = String, Path)),
    responses((status = 200, body = Branches)))]
async fn branches(state: State, actor: Actor, Path(design): Path<String>) -> Result<Json<Branches>, Error> {
    can(&state, &actor, Action::Recall, Object::Design(&design)).await?;
    let lineage = Lineage::read(&state.db, &design).await?;
    let projects = project::visible(&state, actor.person()?).await?;
    let roles: HashMap<String, Role> = projects.into_iter().map(|p| (p.id, p.role)).collect();
    let mut seen: BTreeMap<String, (Branch, i64)> = BTreeMap::new();
    for member in lineage.members() {
        let sql = format!(
            "SELECT design.name, design.state, design.sequence, design.changed, person.name, design.project, origin.time \
             FROM design JOIN person ON person.id = design.changed_by LEFT JOIN origin ON origin.design = design.id \
             WHERE design.id = $1 AND {}",
            reach::within("design.id", "$2")
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(member)
            .bind(&actor.person()?.id)
            .fetch_optional(state.db.reader())
            .await?;
        let Some(row) = row else { continue };
        let Some(role) = roles.get(&row.get::<String, _>(5)) else { continue };
        let branch = Branch {
            design: member.to_owned(),
            name: row.get(0),
            state: design_state(&row.get::<String, _>(1))?,
            role: *role,
            sequence: row.get::<i64, _>(2) as u64,
            changed: row.get(3),
            changed_by: row.get(4),
            origin: None,
            ahead: 0,
            behind: 0,
        };
        seen.insert(member.to_owned(), (branch, row.get::<Option<i64>, _>(6).unwrap_or_default()));
    }
    let origin = |of: &str| {
        let (parent, sequence) = lineage.origins.get(of)?;
        let (branch, _) = seen.get(parent)?;
        Some(Point { design: parent.clone(), name: branch.name.clone(), sequence: *sequence })
    };
    let own = rooms::document(&state, &design, None).await?.sequence;
    let here = lineage.ancestors(&(design.clone(), own));
    let not_in = |came: &Ancestors, of: &str, last: u64| last - came.get(of).copied().unwrap_or(0).min(last);
    let others = seen.iter().filter(|(id, _)| **id != design).map(|(id, (branch, _))| {
        let there = lineage.ancestors(&(id.clone(), branch.sequence));
        let (ahead, behind) = (not_in(&here, id, branch.sequence), not_in(&there, &design, own));
        Branch { origin: origin(id), ahead, behind, ..branch.clone() }
    });
    let mut others: Vec<Branch> = others.collect();
    others.sort_by(|a, b| (b.changed, &a.design).cmp(&(a.changed, &b.design)));
    let branched = lineage.origins.get(&design).and_then(|_| seen.get(&design)).map(|(_, time)| *time);
    Ok(Json(Branches { origin: origin(&design), branched, others }))
}

/// Makes a branch: a design of its own in the same project, which begins as this one was at a position of its log.
#[utoipa::path(post, path = "/api/designs/{id}/branches", tag = "history", params(("id" = String, Path)),
    request_body = CreateBranch, responses((status = 200, body = DesignCard),
        (status = 404, description = "The log does not reach that far", body = app::api::Problem)))]
async fn create(
    state: State,
    actor: Actor,
    Path(parent): Path<String>,
    input: Input<CreateBranch>,
) -> Result<Json<DesignCard>, Error> {
    let grant = can(&state, &actor, Action::Recall, Object::Design(&parent)).await?;
    let person = actor.person()?;
    let project = grant.project.unwrap_or_default();
    can(&state, &actor, Action::Create, Object::Project(&project)).await?;
    let request = input.read()?;
    let name = input::name("name", &request.name)?;
    let document = rooms::document(&state, &parent, position(request.sequence)?).await?;
    let now = state.now();
    let mut write = state.db.write().await?;
    design::copies_from(&mut write, &state, &actor, Action::Recall, &parent, &project).await?;
    let branch = design::insert(&mut write, &project, &name, &document.design, &person.id, now).await?;
    design::copy_files(&mut write, &parent, &branch).await?;
    compartment::follow(&mut write, &parent, &branch).await?;
    sqlx::query("INSERT INTO origin (design, parent, sequence, author, time) VALUES ($1, $2, $3, $4, $5)")
        .bind(&branch)
        .bind(&parent)
        .bind(document.sequence as i64)
        .bind(&person.id)
        .bind(now)
        .execute(&mut *write)
        .await?;
    let (object, detail) = (format!("design:{branch}"), format!("of design:{parent} at {}", document.sequence));
    audit::record(&mut write, now, &actor.label(), "design.branch", &object, &detail).await?;
    write.commit().await?;
    design::read_card(&state, person, &branch).await.map(Json)
}

/// Two branches as they stand, brought together.
struct Meeting {
    base: Point,
    ours: Document,
    theirs: Document,
    merged: Merged,
    /// Ours has everything of theirs already.
    is_known: bool,
}

async fn meet(state: &State, into: &str, request: &Merge) -> Result<Meeting, Error> {
    if request.from == into {
        let why = "A design cannot be merged into itself; to go back to an older version of it, restore that one.";
        return Err(Error::field("from", why));
    }
    let ours = rooms::document(state, into, None).await?;
    let theirs = rooms::document(state, &request.from, position(request.sequence)?).await?;
    let lineage = Lineage::read(&state.db, into).await?;
    let here = lineage.ancestors(&(into.to_owned(), ours.sequence));
    let there = lineage.ancestors(&(request.from.clone(), theirs.sequence));
    let is_known = here.get(&request.from).is_some_and(|known| *known >= theirs.sequence);
    let (at, base) = lineage.base(state, &here, &there).await?;
    let choices = request.choices.iter().map(|c| ((c.object.clone(), c.key.clone()), c.side));
    let choices: Choices = choices.collect();
    // Its design may have been removed; what both had of it counts all the same.
    let base_name = match named(state, &at.0, at.1).await {
        Ok(point) => point.name,
        Err(Error::NotFound(_)) => "another branch".to_owned(),
        Err(other) => return Err(other),
    };
    let (a, b) = (ours.design.clone(), theirs.design.clone());
    let merged = tokio::task::spawn_blocking(move || merge(&base, &a, &b, &choices)).await.map_err(Error::internal)?;
    let merged = merged.map_err(|refusal| refused(&refusal))?;
    Ok(Meeting { base: Point { design: at.0, name: base_name, sequence: at.1 }, ours, theirs, merged, is_known })
}

fn refused(refusal: &Refusal) -> Error {
    Error::Conflict(format!("That version holds something which may not be made any more: {refusal}."))
}

/// What a merge would do: conflicts with both values, what it does of itself, what would be wrong, what would change.
#[utoipa::path(post, path = "/api/designs/{id}/merge/preview", tag = "history", params(("id" = String, Path)),
    request_body = Merge,
    responses((status = 200, body = Preview),
        (status = 409, description = "No common version", body = app::api::Problem)))]
async fn preview(
    state: State,
    actor: Actor,
    Path(into): Path<String>,
    input: Input<Merge>,
) -> Result<Json<Preview>, Error> {
    can(&state, &actor, Action::Recall, Object::Design(&into)).await?;
    let request = input.read()?;
    can(&state, &actor, Action::Recall, Object::Design(&request.from)).await?;
    let Meeting { mut base, ours, theirs, merged, .. } = meet(&state, &into, &request).await?;
    if !may(&state, &actor, Action::Recall, Object::Design(&base.design)).await? {
        base.name = "another branch".to_owned();
    }
    let (a, b) = (ours.design, merged.design);
    let parts = tokio::task::spawn_blocking(move || compare(&a, &b)).await.map_err(Error::internal)?;
    Ok(Json(Preview {
        base,
        ours: named(&state, &into, ours.sequence).await?,
        theirs: named(&state, &request.from, theirs.sequence).await?,
        conflicts: merged.conflicts,
        notes: merged.notes,
        issues: merged.issues,
        parts,
    }))
}

/// Brings a version of another branch into this design, as an edit of whoever asks. Every conflict needs a choice. Merging
/// again takes only what is new.
#[utoipa::path(post, path = "/api/designs/{id}/merge", tag = "history", params(("id" = String, Path)),
    request_body(content = Merge, description = "As for the preview, with a choice for every conflict"),
    responses((status = 200, body = Landed),
        (status = 409, description = "A conflict waits for a choice, or there is nothing new", body = app::api::Problem)))]
async fn merge_branch(
    state: State,
    actor: Actor,
    Path(into): Path<String>,
    input: Input<Merge>,
) -> Result<Json<Landed>, Error> {
    can(&state, &actor, Action::Edit, Object::Design(&into)).await?;
    let mut request = input.read()?;
    can(&state, &actor, Action::Recall, Object::Design(&request.from)).await?;
    compartment::check_merge(&mut *state.db.reader().acquire().await?, &request.from, &into).await?;
    for _ in 0..ATTEMPTS {
        let Meeting { ours, theirs, merged, is_known, .. } = meet(&state, &into, &request).await?;
        // What is merged does not move on between attempts.
        request.sequence = Some(theirs.sequence);
        if is_known {
            return Err(Error::Conflict("Everything of that version is in this design already.".to_owned()));
        }
        let open: Vec<String> = merged.open().map(|c| format!("{} of {}", c.label, c.name)).collect();
        if let Some(first) = open.first() {
            let rest = if open.len() > 1 { format!(" and {} more", open.len() - 1) } else { String::new() };
            return Err(Error::Conflict(format!("Both branches changed {first}{rest}; choose which edit counts.")));
        }
        bring_files(&state, &actor, &request.from, &into, &merged.design).await?;
        let landing = Landing {
            design: &into,
            now: &ours,
            kind: "merge",
            source: &request.from,
            sequence: theirs.sequence,
            tab: request.tab.as_deref(),
        };
        if let Some(sequence) = landing.land(&state, &actor, merged.commands).await? {
            return Ok(Json(Landed { sequence }));
        }
    }
    Err(busy())
}

/// Back to an older version of this design, as a new edit: nothing of what came since is lost.
#[utoipa::path(post, path = "/api/designs/{id}/restore", tag = "history", params(("id" = String, Path)),
    request_body = Restore, responses((status = 200, body = Landed),
        (status = 404, description = "The log does not reach that far", body = app::api::Problem),
        (status = 409, description = "The design is as it was then", body = app::api::Problem)))]
async fn restore(
    state: State,
    actor: Actor,
    Path(design): Path<String>,
    input: Input<Restore>,
) -> Result<Json<Landed>, Error> {
    can(&state, &actor, Action::Edit, Object::Design(&design)).await?;
    let request = input.read()?;
    let old = rooms::document(&state, &design, position(Some(request.sequence))?).await?;
    for _ in 0..ATTEMPTS {
        let now = rooms::document(&state, &design, None).await?;
        let commands = difference(&now.design, &old.design).map_err(|refusal| refused(&refusal))?;
        if commands.is_empty() {
            return Err(Error::Conflict("The design is just as it was then; there is nothing to restore.".to_owned()));
        }
        let landing = Landing {
            design: &design,
            now: &now,
            kind: "restore",
            source: &design,
            sequence: old.sequence,
            tab: request.tab.as_deref(),
        };
        if let Some(sequence) = landing.land(&state, &actor, commands).await? {
            return Ok(Json(Landed { sequence }));
        }
    }
    Err(busy())
}

fn busy() -> Error {
    Error::unavailable("Others are editing the same things right now; try again in a moment.")
}

/// Asks where nobody else writes whether what is in `source` may come into `design`: bringing both together takes a while, and
/// rights and compartments may have changed since it began.
///
/// # Errors
/// As [`can`], and of [`compartment::check_merge`].
async fn check_landing(
    write: &mut db::Connection,
    state: &State,
    actor: &Actor,
    source: &str,
    design: &str,
) -> Result<(), Error> {
    can_in(write, state, actor, Action::Edit, Object::Design(design)).await?;
    can_in(write, state, actor, Action::Recall, Object::Design(source)).await?;
    compartment::check_merge(write, source, design).await
}

/// Lets `into` use the files of `from` that its content names.
async fn bring_files(state: &State, actor: &Actor, from: &str, into: &str, content: &Design) -> Result<(), Error> {
    let values = content.objects.iter().flat_map(|o| o.properties.values());
    let hashes: BTreeSet<&str> = values
        .filter_map(|value| match value {
            Value::Blob { hash, .. } if !hash.is_empty() => Some(hash.as_str()),
            _ => None,
        })
        .collect();
    if hashes.is_empty() {
        return Ok(());
    }
    let mut write = state.db.write().await?;
    check_landing(&mut write, state, actor, from, into).await?;
    for hash in hashes {
        sqlx::query(
            "INSERT INTO file (design, hash, name, bytes, created, created_by) \
             SELECT $2, hash, name, bytes, created, created_by FROM file WHERE design = $1 AND hash = $3 \
             ON CONFLICT (design, hash) DO NOTHING",
        )
        .bind(from)
        .bind(into)
        .bind(hash)
        .execute(&mut *write)
        .await?;
    }
    Ok(write.commit().await?)
}

/// The commands as edits: one each, unless they are more than one edit may hold.
fn edits(design: &Design, commands: Vec<Command>) -> Result<Vec<Command>, Refusal> {
    let mut now = design.clone();
    let mut edits = Vec::new();
    let mut waiting: Vec<Vec<Command>> = commands.chunks(BATCH).rev().map(<[Command]>::to_vec).collect();
    if waiting.is_empty() {
        // A merge that changes nothing is an entry all the same: from then on both have this version in common.
        return Ok(vec![Command::Batch { commands }]);
    }
    while let Some(mut chunk) = waiting.pop() {
        let edit = Command::Batch { commands: chunk.clone() };
        match apply(&now, &edit) {
            Ok((next, _)) => {
                now = next;
                edits.push(edit);
            }
            // What takes it back would be too large: a parameter's new name changes many expressions.
            Err(Refusal::TooLarge { .. }) if chunk.len() > 1 => {
                let rest = chunk.split_off(chunk.len() / 2);
                waiting.extend([rest, chunk]);
            }
            Err(refusal) => return Err(refusal),
        }
    }
    Ok(edits)
}

/// Edits on their way into a design, and what they were made from.
struct Landing<'a> {
    design: &'a str,
    /// What they were computed on.
    now: &'a Document,
    kind: &'a str,
    source: &'a str,
    sequence: u64,
    tab: Option<&'a str>,
}

impl Landing<'_> {
    /// Makes the edits; returns the position of the last. `None`: someone else changed the same meanwhile, so that they must
    /// be computed anew.
    async fn land(&self, state: &State, actor: &Actor, commands: Vec<Command>) -> Result<Option<u64>, Error> {
        let person = actor.person()?;
        // Before the first edit: what takes several would else be left half done.
        let decides = commands.iter().filter(|_| person.token.is_some());
        if let Some(what) = decides.filter_map(|command| needs_person(&self.now.design, command)).next() {
            return Err(Error::forbidden(Refused::NeedsPerson { what: what.to_owned() }.to_string()));
        }
        let edits = edits(&self.now.design, commands).map_err(|refusal| refused(&refusal))?;
        let client = self.client()?;
        let last = edits.len() as i64;
        let mut write = state.db.write().await?;
        check_landing(&mut write, state, actor, self.source, self.design).await?;
        sqlx::query(
            "INSERT INTO provenance (design, author, client, number, kind, source, source_sequence) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(self.design)
        .bind(&person.id)
        .bind(&client)
        .bind(last)
        .bind(self.kind)
        .bind(self.source)
        .bind(self.sequence as i64)
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        let mut sequence = self.now.sequence;
        for (number, command) in (1..).zip(edits) {
            let submission = Submission {
                client: client.clone(),
                number,
                base: self.now.sequence,
                // Computed on a version that may not be the newest: what others changed since must not be overwritten.
                offline: true,
                command,
                undo_of: None,
            };
            if number > 1 {
                // What does not fit one edit takes long enough for a right to end on the way.
                let mut reader = state.db.reader().acquire().await?;
                check_landing(&mut reader, state, actor, self.source, self.design).await?;
            }
            match state.rooms.apply_command(state, actor, self.design, submission).await {
                Ok(entry) => sequence = entry.sequence,
                Err(error @ (Error::Conflict(_) | Error::Invalid { .. })) => {
                    let moved_on = rooms::document(state, self.design, None).await?.sequence > sequence;
                    return if moved_on { Ok(None) } else { Err(error) };
                }
                Err(other) => return Err(other),
            }
        }
        let mut write = state.db.write().await?;
        sqlx::query(
            "UPDATE provenance SET sequence = $1 WHERE design = $2 AND author = $3 AND client = $4 AND number = $5",
        )
        .bind(sequence as i64)
        .bind(self.design)
        .bind(&person.id)
        .bind(&client)
        .bind(last)
        .execute(&mut *write)
        .await?;
        let detail = format!("design:{} at {}, as entry {sequence}", self.source, self.sequence);
        let (action, object) = (format!("design.{}", self.kind), format!("design:{}", self.design));
        audit::record(&mut write, state.now(), &actor.label(), &action, &object, &detail).await?;
        write.commit().await?;
        Ok(Some(sequence))
    }

    /// A client id of its own, which the page that asked knows by its beginning.
    fn client(&self) -> Result<String, Error> {
        /// Characters of the page's own id: with the rest they fit a client id.
        const TAB_CHARS: std::ops::RangeInclusive<usize> = 16..=40;
        let fresh = id::id();
        match self.tab {
            None => Ok(fresh),
            Some(tab) if TAB_CHARS.contains(&tab.len()) && tab.bytes().all(|b| b.is_ascii_alphanumeric()) => {
                Ok(format!("{tab}-{fresh}"))
            }
            Some(_) => Err(Error::field("tab", "A client's name here is 16 to 40 letters and digits.")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use solver::design::Object as Thing;

    #[test]
    fn a_large_difference_is_several_edits_that_can_be_taken_back() {
        let mut to = Design::new();
        for i in 0..1_300 {
            let object = Thing::new(format!("b{i}").as_str(), "box", "Box");
            to = apply(&to, &Command::Add { object, before: None }).expect("a box").0;
        }
        let commands = difference(&Design::new(), &to).expect("a way");
        let edits = edits(&Design::new(), commands).expect("edits");
        assert_eq!(edits.len(), 3);
        let made = edits.iter().fold(Design::new(), |d, edit| apply(&d, edit).expect("it applies").0);
        assert_eq!(made, to);
    }

    #[test]
    fn a_merge_without_change_is_an_entry() {
        let edits = edits(&Design::new(), Vec::new()).expect("an edit");
        assert_eq!(edits, [Command::Batch { commands: Vec::new() }]);
    }
}
