//! What lets a design pass although it does not do what it must: waivers, and requirements that are left out. Only people do
//! such things, and a release says who.

use crate::api::lineage::Lineage;
use crate::{Error, State};
use app::api::history::Author;
use app::api::release::{Dropped, How, Proof};
use app::api::requirement::Waived;
use futures::TryStreamExt as _;
use solver::design::schema::Section;
use solver::design::{Command, Design, Id, Object, Value};
use solver::requirement;
use sqlx::Row as _;
use std::collections::{BTreeMap, BTreeSet};

const WAIVER: [&str; 2] = ["waived_by", "waiver_reason"];

fn has_waiver(object: &Object) -> bool {
    WAIVER.iter().any(|key| !object.text(key).trim().is_empty())
}

/// What in `command`, sent to `design`, is no program's to decide, in words; `None`: nothing.
pub fn needs_person(design: &Design, command: &Command) -> Option<&'static str> {
    let is_requirement = |id: &Id| design.get(id).is_some_and(|o| o.section() == Some(Section::Requirement));
    match command {
        Command::Set { key, .. } if WAIVER.contains(&key.as_str()) => Some("the waiver of a requirement"),
        Command::Add { object, .. } if has_waiver(object) => Some("the waiver of a requirement"),
        Command::Set { id, key, .. } if key == "mandatory" && is_requirement(id) => {
            Some("whether a requirement is mandatory")
        }
        Command::Suppress { id, suppressed: true } | Command::Remove { id } if is_requirement(id) => {
            Some("leaving a requirement out")
        }
        Command::Batch { commands } => commands.iter().find_map(|command| needs_person(design, command)),
        Command::Add { .. }
        | Command::Remove { .. }
        | Command::Move { .. }
        | Command::Set { .. }
        | Command::Rename { .. }
        | Command::Suppress { .. } => None,
    }
}

/// Whether `command` waives the requirement `id`, or says anew by whom or why.
fn waives(command: &Command, id: &Id) -> bool {
    match command {
        Command::Set { id: of, key, value: Some(Value::Text(text)) } => {
            of == id && WAIVER.contains(&key.as_str()) && !text.trim().is_empty()
        }
        Command::Add { object, .. } => object.id == *id && has_waiver(object),
        Command::Batch { commands } => commands.iter().any(|command| waives(command, id)),
        _ => false,
    }
}

/// Who made the waivers of `wanted`, as they are at `sequence` of `design`: the authors of the edits that last said by whom or
/// why. What was waived before a design was branched off is found in the one it came from; of a copy nobody is.
///
/// # Errors
/// The database's; [`Error::Internal`] for an entry of the log that cannot be read.
pub async fn makers(
    state: &State,
    design: &str,
    sequence: u64,
    mut wanted: BTreeSet<Id>,
) -> Result<BTreeMap<Id, Waived>, Error> {
    let mut found = BTreeMap::new();
    if wanted.is_empty() {
        return Ok(found);
    }
    let lineage = Lineage::read(&state.db, design).await?;
    let mut at = Some((design.to_owned(), sequence));
    while let Some((design, until)) = at.filter(|_| !wanted.is_empty()) {
        let mut rows = sqlx::query(
            "SELECT entry.command, entry.time, entry.sequence, person.id, person.name, person.hue FROM entry \
             JOIN person ON person.id = entry.author WHERE entry.design = $1 AND entry.sequence <= $2 \
             AND (entry.command LIKE '%waived\\_by%' ESCAPE '\\' OR entry.command LIKE '%waiver\\_reason%' ESCAPE '\\') \
             ORDER BY entry.sequence DESC",
        )
        .bind(&design)
        .bind(i64::try_from(until).unwrap_or(i64::MAX))
        .fetch(state.db.reader());
        while let Some(row) = rows.try_next().await? {
            let command: Command = serde_json::from_str(row.get(0)).map_err(Error::internal)?;
            for id in wanted.extract_if(.., |id| waives(&command, id)) {
                let by = Author { id: row.get(3), name: row.get(4), hue: row.get::<i64, _>(5) as u16 };
                found.insert(id, Waived { by, time: row.get(1), sequence: row.get::<i64, _>(2) as u64 });
            }
            if wanted.is_empty() {
                break;
            }
        }
        drop(rows);
        at = lineage.origins.get(&design).cloned();
    }
    Ok(found)
}

/// Adds to `proofs`, which are about `sequence` of `design`, who made their waivers.
///
/// # Errors
/// As [`makers`].
pub async fn sign(state: &State, design: &str, sequence: u64, proofs: &mut [Proof]) -> Result<(), Error> {
    let waived = proofs.iter().filter(|p| p.judgement.waiver.is_some());
    let mut makers = makers(state, design, sequence, waived.map(|p| p.judgement.requirement.clone()).collect()).await?;
    for proof in proofs {
        proof.waived = makers.remove(&proof.judgement.requirement);
    }
    Ok(())
}

/// Requirements that `now` does not ask for, not with force, or otherwise, and `before` did; without one before: those that are
/// suppressed.
pub fn dropped(before: Option<&Design>, now: &Design) -> Vec<Dropped> {
    let asked = |o: &Object| !o.suppressed;
    let told = |o: &Object, how: How| Dropped { name: o.name.clone(), how, changes: Vec::new() };
    let mut out = Vec::new();
    for (before, old) in before.into_iter().flat_map(|b| b.section(Section::Requirement).map(move |o| (b, o))) {
        if !asked(old) {
            continue;
        }
        match now.get(&old.id) {
            None => out.push(told(old, How::Removed)),
            // With the others, below.
            Some(new) if !asked(new) => {}
            Some(new) => {
                if old.flag("mandatory") && !new.flag("mandatory") {
                    out.push(told(old, How::Optional));
                }
                let changes = requirement::changes((before, old), (now, new));
                if !changes.is_empty() {
                    out.push(Dropped { changes, ..told(new, How::Changed) });
                }
            }
        }
    }
    let was_suppressed = |o: &Object| before.and_then(|b| b.get(&o.id)).is_some_and(|old| !asked(old));
    let suppressed = now.section(Section::Requirement).filter(|o| !asked(o) && !was_suppressed(o));
    out.extend(suppressed.map(|o| told(o, How::Suppressed)));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn required(id: &str) -> Object {
        Object::new(id, requirement::KIND, id)
    }

    fn design(objects: impl IntoIterator<Item = Object>) -> Design {
        let mut design = Design::new();
        design.objects.extend(objects.into_iter().map(Arc::new));
        design
    }

    fn set(id: &str, key: &str, value: Value) -> Command {
        Command::Set { id: id.into(), key: key.into(), value: Some(value) }
    }

    #[test]
    fn what_loosens_the_gate_is_for_people() {
        let design = design([required("r"), Object::new("b", "box", "b")]);
        let text = |text: &str| Value::Text(text.into());
        let waived = required("s").with("waived_by", text("Eva"));
        for command in [
            set("r", "waived_by", text("Eva")),
            set("r", "waiver_reason", text("")),
            set("r", "mandatory", Value::Flag(false)),
            Command::Set { id: "r".into(), key: "mandatory".into(), value: None },
            Command::Suppress { id: "r".into(), suppressed: true },
            Command::Remove { id: "r".into() },
            Command::Add { object: waived, before: None },
        ] {
            assert!(needs_person(&design, &command).is_some(), "{command:?}");
            let commands = vec![set("b", "dx", Value::Expr("1 mm".into())), command];
            assert!(needs_person(&design, &Command::Batch { commands }).is_some(), "hidden among others");
        }
        for command in [
            set("r", "limit", Value::Expr("1 kg".into())),
            Command::Suppress { id: "r".into(), suppressed: false },
            Command::Suppress { id: "b".into(), suppressed: true },
            Command::Remove { id: "b".into() },
            Command::Rename { id: "r".into(), name: "Mass".into() },
            Command::Add { object: required("s"), before: None },
        ] {
            assert_eq!(needs_person(&design, &command), None, "{command:?}");
        }
    }

    #[test]
    fn what_is_no_longer_asked_is_told() {
        let suppressed = |id: &str| Object { suppressed: true, ..required(id) };
        let optional = |id: &str| required(id).with("mandatory", Value::Flag(false));
        let before = design([required("a"), required("b"), required("c"), required("d"), suppressed("e")]);
        let now = design([suppressed("a"), optional("c"), required("d"), suppressed("e"), suppressed("f")]);
        let told = |before, now| {
            dropped(before, now)
                .into_iter()
                .map(|d: Dropped| format!("{} {}", d.name, d.how.label()))
                .collect::<Vec<_>>()
        };
        assert_eq!(told(Some(&before), &now), ["b removed", "c made optional", "a suppressed", "f suppressed"]);
        let heavier = design([required("d").with("limit", Value::Expr("2 kg".into()))]);
        let changed = dropped(Some(&design([required("d")])), &heavier);
        let line = "limit: at most 2 kg, was at most 1 kg".to_owned();
        assert_eq!(changed, [Dropped { name: "d".into(), how: How::Changed, changes: vec![line] }]);
        assert_eq!(told(Some(&now), &now), Vec::<String>::new());
        assert_eq!(told(None, &now), ["a suppressed", "e suppressed", "f suppressed"]);
    }
}
