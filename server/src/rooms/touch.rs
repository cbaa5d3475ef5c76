//! Who wrote what since when: the index behind conflicts of offline edits.

use app::sync::{Entry, Refused, Submission};
use solver::design::{Command, Design, Id, Value};
use std::collections::HashMap;

#[derive(Clone, Debug)]
struct Touch {
    sequence: u64,
    author: String,
    client: String,
}

/// The latest write, and the latest by any other client: enough to find the latest write by anyone but a given client.
#[derive(Clone, Debug, Default)]
struct Pair([Option<Touch>; 2]);

impl Pair {
    fn note(&mut self, touch: Touch) {
        let [first, second] = &mut self.0;
        if let Some(latest) = first
            && latest.sequence >= touch.sequence
        {
            // History arrives late: it only fills the second place.
            let newer = second.as_ref().is_some_and(|s| s.sequence >= touch.sequence);
            if latest.client != touch.client && !newer {
                *second = Some(touch);
            }
            return;
        }
        if first.as_ref().is_some_and(|f| f.client != touch.client) {
            *second = first.take();
        }
        *first = Some(touch);
    }

    fn by_another(&self, client: &str, since: u64) -> Option<&Touch> {
        self.0.iter().flatten().find(|t| t.client != client && t.sequence > since)
    }
}

/// Latest writes per property and per object, for every entry from a log position on.
#[derive(Debug, Default)]
pub struct Touches {
    properties: HashMap<(Id, String), Pair>,
    objects: HashMap<Id, Pair>,
}

impl Touches {
    pub fn note(&mut self, entry: &Entry) {
        for (id, key) in entry.command.touches() {
            let touch = Touch { sequence: entry.sequence, author: entry.author.clone(), client: entry.client.clone() };
            self.objects.entry(id.clone()).or_default().note(touch.clone());
            self.properties.entry((id, key)).or_default().note(touch);
        }
    }

    /// The conflict that refuses `submission`, if there is one: the first property it writes that another client wrote
    /// after its base, with a different value. `name` turns a person's id into a name.
    pub fn conflict(&self, design: &Design, submission: &Submission, name: impl Fn(&str) -> String) -> Option<Refused> {
        submission.command.touches().into_iter().find_map(|(id, key)| {
            let pair = match key.as_str() {
                // Removing an object would take along whatever others did to it.
                "-" => self.objects.get(&id),
                // Somebody else's object of the same id is `Exists`, which `apply` says.
                "+" => None,
                _ => self.properties.get(&(id.clone(), key.clone())),
            }?;
            let touch = pair.by_another(&submission.client, submission.base)?;
            let theirs = current(design, &id, &key);
            let yours = wanted(&submission.command, &id, &key);
            if theirs == yours && !matches!(key.as_str(), "-" | "place") {
                return None;
            }
            Some(Refused::Conflict { object: id.to_string(), key, by: name(&touch.author), theirs, yours })
        })
    }
}

/// What the design holds at a key of [`Command::touches`].
fn current(design: &Design, id: &Id, key: &str) -> Option<Value> {
    let object = design.get(id)?;
    match key {
        "name" => Some(Value::Text(object.name.clone())),
        "suppressed" => Some(Value::Flag(object.suppressed)),
        key => object.properties.get(key).cloned(),
    }
}

/// What a command would make of it: the last word of a batch.
fn wanted(command: &Command, id: &Id, key: &str) -> Option<Value> {
    match command {
        Command::Set { id: at, key: k, value } if at == id && k == key => value.clone(),
        Command::Rename { id: at, name } if at == id => Some(Value::Text(name.clone())),
        Command::Suppress { id: at, suppressed } if at == id => Some(Value::Flag(*suppressed)),
        Command::Batch { commands } => {
            let last = commands.iter().rev().find(|c| c.touches().iter().any(|(i, k)| i == id && k == key))?;
            wanted(last, id, key)
        }
        _ => None,
    }
}
