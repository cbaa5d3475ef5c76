//! The commands that change a design, and their inverses.

use super::object::{Design, Id, Object, Value};
use super::schema::{self, Section};
use crate::quantity;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Objects a design may hold.
const OBJECTS_MAX: usize = 5_000;
/// Characters in a name or a text property.
const TEXT_CHARS_MAX: usize = 4_000;
/// Commands in one batch.
const BATCH_MAX: usize = 1_000;
/// Characters in a parameter's name: it is read inside expressions.
const PARAMETER_CHARS_MAX: usize = 60;
/// Coordinates of one profile: about as many segments as a person or an import can mean.
const PROFILE_EXPRESSIONS_MAX: usize = 4_000;
/// Serialised size of one object, bytes.
const OBJECT_BYTES_MAX: usize = 256 * 1024;

/// One edit. The only way a design changes, for people, scripts and agents alike.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Command {
    /// Adds an object before another (`None`: at the end).
    Add {
        object: Object,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<Id>,
    },
    /// Removes an object. What refers to it is left, and reported as an issue there.
    Remove {
        id: Id,
    },
    /// Moves an object in the tree.
    Move {
        id: Id,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<Id>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        parent: Option<Id>,
    },
    /// Sets one property; `None` returns it to its default.
    Set {
        id: Id,
        key: String,
        value: Option<Value>,
    },
    /// Renames; a parameter's uses in expressions follow.
    Rename {
        id: Id,
        name: String,
    },
    Suppress {
        id: Id,
        suppressed: bool,
    },
    /// All or nothing, and one step of undo.
    Batch {
        commands: Vec<Command>,
    },
}

/// Why a command does not apply. The design is unchanged.
#[derive(Clone, Debug, PartialEq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Refusal {
    #[error("there is no object {id} any more")]
    Missing { id: Id },
    #[error("an object {id} is there already")]
    Exists { id: Id },
    #[error("'{id}' is not a valid id")]
    BadId { id: Id },
    #[error("Brunel has no kind of object called '{kind}'")]
    UnknownKind { kind: String },
    #[error("{kind} has no property '{key}'")]
    UnknownProperty { kind: String, key: String },
    #[error("{name}: {label} must be {expected}")]
    WrongType { name: String, label: String, expected: String },
    #[error("'{name}' cannot be a parameter's name: {reason}")]
    BadName { name: String, reason: String },
    #[error("a parameter called '{name}' is there already")]
    NameTaken { name: String },
    #[error("{what} is over the limit of {limit}")]
    TooLarge { what: String, limit: usize },
    #[error("{id} cannot stand inside itself")]
    Nested { id: Id },
}

/// Applies `command`; returns the new design and the command that takes it back.
///
/// Pure: the same on the server, in the page and in a test. The inverse applies to the new design and gives the old one
/// exactly. Replaying a log from [`Design::new`] gives the same design everywhere.
///
/// # Errors
/// [`Refusal`], with the design unchanged.
pub fn apply(design: &Design, command: &Command) -> Result<(Design, Command), Refusal> {
    let mut next = design.clone();
    let inverse = change(&mut next, command, Mode::Checked)?;
    Ok((next, inverse))
}

/// Applies a command that was accepted once, in place; returns its inverse.
///
/// Limits, names and the schema may become stricter from build to build; a log must load for ever. So this refuses only
/// what has no meaning (an object that is missing, or there already), and does what [`apply`] did in every other case.
///
/// # Errors
/// [`Refusal`], with the design unchanged.
pub fn replay(design: &mut Design, command: &Command) -> Result<Command, Refusal> {
    if let Command::Batch { .. } = command {
        let mut next = design.clone();
        let inverse = change(&mut next, command, Mode::Logged)?;
        *design = next;
        return Ok(inverse);
    }
    change(design, command, Mode::Logged)
}

/// Whether a command comes from outside, or from the log where it was checked before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Checked,
    Logged,
}

fn missing(id: &Id) -> Refusal {
    Refusal::Missing { id: id.clone() }
}

/// The id that the object at `at` stands before.
fn next_id(design: &Design, at: usize) -> Option<Id> {
    design.objects.get(at + 1).map(|o| o.id.clone())
}

/// Leaves `design` unchanged on `Err` in mode `Logged`, batches excepted; unspecified in mode `Checked`.
fn change(design: &mut Design, command: &Command, mode: Mode) -> Result<Command, Refusal> {
    let checked = mode == Mode::Checked;
    match command {
        Command::Add { object, before } => {
            if design.position(&object.id).is_some() {
                return Err(Refusal::Exists { id: object.id.clone() });
            }
            // In the log too: a loop of groups would hang whoever draws the tree.
            check_parent(design, &object.id, object.parent.as_ref())?;
            if checked {
                if design.objects.len() >= OBJECTS_MAX {
                    return Err(Refusal::TooLarge { what: "the number of objects".into(), limit: OBJECTS_MAX });
                }
                check_object(design, object)?;
            }
            let at = match before {
                // The neighbour may have been removed meanwhile: the end is a fair place, a refusal is not.
                Some(before) => design.position(before).unwrap_or(design.objects.len()),
                None => design.objects.len(),
            };
            design.objects.insert(at, Arc::new(object.clone()));
            Ok(Command::Remove { id: object.id.clone() })
        }
        Command::Remove { id } => {
            let at = design.position(id).ok_or_else(|| missing(id))?;
            let before = next_id(design, at);
            let removed = design.objects.remove(at);
            Ok(Command::Add { object: Arc::unwrap_or_clone(removed), before })
        }
        Command::Move { id, before, parent } => {
            let at = design.position(id).ok_or_else(|| missing(id))?;
            check_parent(design, id, parent.as_ref())?;
            let old_before = next_id(design, at);
            let mut object = design.objects.remove(at);
            let old_parent = std::mem::replace(&mut Arc::make_mut(&mut object).parent, parent.clone());
            let to = match before {
                Some(before) if before == id => at,
                Some(before) => design.position(before).unwrap_or(design.objects.len()),
                None => design.objects.len(),
            };
            design.objects.insert(to, object);
            Ok(Command::Move { id: id.clone(), before: old_before, parent: old_parent })
        }
        Command::Set { id, key, value } => {
            let at = design.position(id).ok_or_else(|| missing(id))?;
            let object = Arc::make_mut(&mut design.objects[at]);
            if checked {
                if let Some(value) = value {
                    check_value(object, key, value)?;
                } else if schema::field(&object.kind, key).is_none() && !object.properties.contains_key(key) {
                    return Err(Refusal::UnknownProperty { kind: object.kind.clone(), key: key.clone() });
                }
            }
            let old = match value {
                Some(value) => object.properties.insert(key.clone(), value.clone()),
                None => object.properties.remove(key),
            };
            if checked {
                check_size(object)?;
            }
            Ok(Command::Set { id: id.clone(), key: key.clone(), value: old })
        }
        Command::Rename { id, name } => {
            let at = design.position(id).ok_or_else(|| missing(id))?;
            let old = design.objects[at].name.clone();
            let mut back = vec![Command::Rename { id: id.clone(), name: old.clone() }];
            if checked {
                check_text("a name", name)?;
            }
            if design.objects[at].section() == Some(Section::Parameter) && old != *name {
                if checked {
                    check_parameter_name(design, name, Some(id))?;
                }
                back.extend(rename_uses(design, &old, name, mode)?);
            }
            Arc::make_mut(&mut design.objects[at]).name = name.clone();
            if back.len() == 1 { Ok(back.remove(0)) } else { batch(back, mode) }
        }
        Command::Suppress { id, suppressed } => {
            let at = design.position(id).ok_or_else(|| missing(id))?;
            let object = Arc::make_mut(&mut design.objects[at]);
            let old = std::mem::replace(&mut object.suppressed, *suppressed);
            Ok(Command::Suppress { id: id.clone(), suppressed: old })
        }
        Command::Batch { commands } => {
            if checked && commands.len() > BATCH_MAX {
                return Err(Refusal::TooLarge { what: "the number of commands in one batch".into(), limit: BATCH_MAX });
            }
            let mut inverses = Vec::with_capacity(commands.len());
            for command in commands {
                // One level is all that anyone needs, and it bounds the recursion.
                if matches!(command, Command::Batch { .. }) {
                    return Err(Refusal::TooLarge { what: "a batch inside a batch".into(), limit: 1 });
                }
                inverses.push(change(design, command, mode)?);
            }
            inverses.reverse();
            batch(inverses, mode)
        }
    }
}

/// One batch of the commands, those that are batches themselves laid flat. Refused past the limit, so that whatever
/// applies can be taken back.
fn batch(commands: Vec<Command>, mode: Mode) -> Result<Command, Refusal> {
    let mut flat = Vec::with_capacity(commands.len());
    for command in commands {
        match command {
            Command::Batch { commands } => flat.extend(commands),
            one => flat.push(one),
        }
    }
    if mode == Mode::Checked && flat.len() > BATCH_MAX {
        return Err(Refusal::TooLarge { what: "the number of changes to take this back".into(), limit: BATCH_MAX });
    }
    Ok(Command::Batch { commands: flat })
}

impl Command {
    /// The `(object, property)` pairs this command writes, for offline conflicts and the activity list. Structural
    /// edits use the property names `+`, `-`, `place`, `name`, `suppressed`.
    pub fn touches(&self) -> Vec<(Id, String)> {
        let one = |id: &Id, key: &str| vec![(id.clone(), key.to_string())];
        match self {
            Self::Add { object, .. } => one(&object.id, "+"),
            Self::Remove { id } => one(id, "-"),
            Self::Move { id, .. } => one(id, "place"),
            Self::Set { id, key, .. } => one(id, key),
            Self::Rename { id, .. } => one(id, "name"),
            Self::Suppress { id, .. } => one(id, "suppressed"),
            Self::Batch { commands } => commands.iter().flat_map(Self::touches).collect(),
        }
    }
}

fn check_text(what: &str, text: &str) -> Result<(), Refusal> {
    if text.chars().count() > TEXT_CHARS_MAX {
        return Err(Refusal::TooLarge { what: format!("the length of {what}"), limit: TEXT_CHARS_MAX });
    }
    Ok(())
}

fn check_size(object: &Object) -> Result<(), Refusal> {
    let bytes = serde_json::to_vec(object).map_or(usize::MAX, |v| v.len());
    if bytes > OBJECT_BYTES_MAX {
        return Err(Refusal::TooLarge { what: format!("the size of {}", object.name), limit: OBJECT_BYTES_MAX });
    }
    Ok(())
}

fn check_object(design: &Design, object: &Object) -> Result<(), Refusal> {
    if !object.id.is_valid() {
        return Err(Refusal::BadId { id: object.id.clone() });
    }
    let kind = schema::kind(&object.kind).ok_or_else(|| Refusal::UnknownKind { kind: object.kind.clone() })?;
    check_text("a name", &object.name)?;
    if kind.section == Section::Parameter {
        check_parameter_name(design, &object.name, None)?;
    }
    for (key, value) in &object.properties {
        check_value(object, key, value)?;
    }
    check_size(object)
}

fn check_parent(design: &Design, id: &Id, parent: Option<&Id>) -> Result<(), Refusal> {
    let mut next = parent;
    // Groups nest, but never into themselves; the chain is bounded by the number of objects,
    // one that is missing at its end, and the end itself.
    for _ in 0..design.objects.len() + 2 {
        let Some(parent) = next else { return Ok(()) };
        if parent == id {
            return Err(Refusal::Nested { id: id.clone() });
        }
        next = design.get(parent).and_then(|o| o.parent.as_ref());
    }
    Err(Refusal::Nested { id: id.clone() })
}

fn check_value(object: &Object, key: &str, value: &Value) -> Result<(), Refusal> {
    let field = schema::field(&object.kind, key)
        .ok_or_else(|| Refusal::UnknownProperty { kind: object.kind.clone(), key: key.into() })?;
    if !field.accepts(value) {
        return Err(Refusal::WrongType {
            name: object.name.clone(),
            label: field.label.into(),
            expected: field.expects(),
        });
    }
    match value {
        Value::Text(text) | Value::Expr(text) | Value::Blob { name: text, .. } => check_text(field.label, text),
        Value::Vector(texts) => texts.iter().try_for_each(|text| check_text(field.label, text)),
        Value::Profile(profile) => {
            let expressions = profile.expressions();
            if expressions.len() > PROFILE_EXPRESSIONS_MAX {
                let what = format!("the number of coordinates of {}", field.label);
                return Err(Refusal::TooLarge { what, limit: PROFILE_EXPRESSIONS_MAX });
            }
            expressions.iter().try_for_each(|(label, text)| check_text(label, text))
        }
        Value::Faces(faces) => faces.iter().try_for_each(|face| check_text(field.label, &face.0)),
        Value::Edges(edges) => {
            edges.iter().flat_map(|e| &e.faces).try_for_each(|face| check_text(field.label, &face.0))
        }
        Value::Refs(refs) => match refs.iter().find(|id| !id.is_valid()) {
            Some(id) => Err(Refusal::BadId { id: id.clone() }),
            None => Ok(()),
        },
        // The schema's own words.
        Value::Flag(_) | Value::Choice(_) => Ok(()),
    }
}

/// A parameter's name must read as one word in an expression and mean nothing else there.
fn check_parameter_name(design: &Design, name: &str, own: Option<&Id>) -> Result<(), Refusal> {
    let bad = |reason: &str| Refusal::BadName { name: name.into(), reason: reason.into() };
    let mut chars = name.chars();
    if !chars.next().is_some_and(|c| c.is_alphabetic() || c == '_') || !chars.all(|c| c.is_alphanumeric() || c == '_') {
        return Err(bad("use letters, digits and _, beginning with a letter"));
    }
    if name.chars().count() > PARAMETER_CHARS_MAX {
        return Err(bad("it is longer than 60 characters"));
    }
    if quantity::unit(name).is_some() {
        return Err(bad("it is a unit"));
    }
    if quantity::FUNCTIONS.contains(&name) || ["pi", super::TIME, super::TEMPERATURE].contains(&name) {
        return Err(bad("it is a function or constant"));
    }
    if design.section(Section::Parameter).any(|p| p.name == name && Some(&p.id) != own) {
        return Err(Refusal::NameTaken { name: name.into() });
    }
    Ok(())
}

/// Renames a parameter's uses. Returns a `Set` for each property that renaming back would not restore: one that used
/// the new name before anything was called so, or one that is too long to be read with the new name.
fn rename_uses(design: &mut Design, from: &str, to: &str, mode: Mode) -> Result<Vec<Command>, Refusal> {
    let mut restore = Vec::new();
    for object in &mut design.objects {
        let uses = |e: &str| e.contains(from) || e.contains(to);
        let keys: Vec<String> = object
            .properties
            .iter()
            .filter(|(_, v)| match v {
                Value::Expr(e) => uses(e),
                Value::Vector(v) => v.iter().any(|e| uses(e)),
                Value::Profile(p) => p.expressions().iter().any(|(_, e)| uses(e)),
                _ => false,
            })
            .map(|(key, _)| key.clone())
            .collect();
        for key in keys {
            let old = &object.properties[&key];
            let new = rename_in(old, from, to);
            if rename_in(&new, to, from) != *old {
                restore.push(Command::Set { id: object.id.clone(), key: key.clone(), value: Some(old.clone()) });
            }
            if new != *old {
                let object = Arc::make_mut(object);
                object.properties.insert(key, new);
                if mode == Mode::Checked {
                    check_size(object)?;
                }
            }
        }
    }
    Ok(restore)
}

fn rename_in(value: &Value, from: &str, to: &str) -> Value {
    value.rename_with(&|name| (name == from).then(|| to.to_owned()))
}
