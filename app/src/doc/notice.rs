//! Notices: edits that did not go through, in words, with what the person can do about it.

use crate::sync::Refused;
use solver::design::{Command, Design, Id, Refusal, Value, schema};
use std::collections::BTreeMap;

/// An edit the server did not take.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    pub id: u64,
    /// "Length x of Bracket".
    pub title: String,
    /// What happened, a sentence.
    pub message: String,
    /// The edit itself.
    pub command: Command,
    /// Both values, where someone else changed the same property.
    pub conflict: Option<Conflict>,
}

/// Two people's values of one property.
#[derive(Clone, Debug, PartialEq)]
pub struct Conflict {
    pub object: Id,
    pub key: String,
    pub by: String,
    /// In words, ready to show.
    pub theirs: String,
    pub yours: String,
}

/// What the person answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Make the edit again, over the other one.
    KeepMine,
    /// Leave the design as it is.
    TakeTheirs,
    /// Seen; for notices without a conflict.
    Dismiss,
}

impl Notice {
    /// `removed`: what objects that are gone were called.
    pub(super) fn new(
        id: u64,
        design: &Design,
        removed: &BTreeMap<Id, String>,
        command: Command,
        refusal: &Refused,
    ) -> Self {
        let title = describe(design, &command);
        let (message, conflict) = match refusal {
            Refused::Conflict { object, key, by, theirs, yours } => {
                let object = Id(object.clone());
                let what = property(design, &object, key);
                let conflict = Conflict {
                    theirs: value_text(theirs.as_ref()),
                    yours: value_text(yours.as_ref()),
                    object,
                    key: key.clone(),
                    by: by.clone(),
                };
                (format!("{by} changed {what} meanwhile"), Some(conflict))
            }
            Refused::DoesNotApply { refusal: Refusal::Missing { id } } => {
                let name = removed.get(id).cloned().unwrap_or_else(|| name(design, id));
                (format!("{name} has been removed meanwhile"), None)
            }
            other => (other.to_string(), None),
        };
        Self { id, title, message, command, conflict }
    }
}

/// Name of an object, or its id when it is gone.
pub fn name(design: &Design, id: &Id) -> String {
    design.get(id).map(|o| o.name.clone()).filter(|n| !n.is_empty()).unwrap_or_else(|| id.to_string())
}

/// "Length x of Bracket", for a property or a structural key of [`Command::touches`].
pub fn property(design: &Design, id: &Id, key: &str) -> String {
    let name = name(design, id);
    match key {
        "+" | "-" => name,
        "place" => format!("the place of {name}"),
        "name" => format!("the name of {name}"),
        "suppressed" => format!("whether {name} is suppressed"),
        key => {
            let label = design.get(id).and_then(|o| schema::field(&o.kind, key)).map_or(key, |f| f.label);
            format!("{label} of {name}")
        }
    }
}

/// What a command does, for undo's tooltip and the activity list: "Set Length x of Bracket".
pub fn describe(design: &Design, command: &Command) -> String {
    match command {
        Command::Add { object, .. } => format!("Add {}", object.name),
        Command::Remove { id } => format!("Remove {}", name(design, id)),
        Command::Move { id, .. } => format!("Move {}", name(design, id)),
        Command::Set { id, key, .. } => format!("Set {}", property(design, id, key)),
        Command::Rename { id, name: to } => format!("Rename {} to {to}", name(design, id)),
        Command::Suppress { id, suppressed: true } => format!("Suppress {}", name(design, id)),
        Command::Suppress { id, suppressed: false } => format!("Unsuppress {}", name(design, id)),
        Command::Batch { commands } => match commands.as_slice() {
            [] => "Nothing".into(),
            [one] => describe(design, one),
            [first, rest @ ..] => format!("{} and {} more", describe(design, first), rest.len()),
        },
    }
}

/// A value in words.
pub fn value_text(value: Option<&Value>) -> String {
    let listed = |items: Vec<String>| if items.is_empty() { "none".to_string() } else { items.join(", ") };
    match value {
        None => "the default".into(),
        Some(Value::Expr(t) | Value::Text(t) | Value::Choice(t)) => t.clone(),
        Some(Value::Vector(v)) => v.join(", "),
        Some(Value::Flag(true)) => "yes".into(),
        Some(Value::Flag(false)) => "no".into(),
        Some(Value::Refs(refs)) => listed(refs.iter().map(ToString::to_string).collect()),
        Some(Value::Faces(faces)) => listed(faces.iter().map(ToString::to_string).collect()),
        Some(Value::Edges(edges)) => listed(edges.iter().map(ToString::to_string).collect()),
        Some(Value::Profile(p)) => format!("a profile with {} coordinates", p.expressions().len()),
        Some(Value::Blob { name, .. }) => name.clone(),
    }
}
