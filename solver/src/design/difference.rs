//! The commands that lead from one design to another: what a merge or a return to an older version is logged as.

use super::command::{Command, Refusal, apply};
use super::object::{Design, Id};
use super::order::still;
use super::schema::Section;
use std::collections::{BTreeMap, BTreeSet};

/// Ordinary commands that, applied in turn, make `to` of `from`. Empty where they are equal.
///
/// What is alike in both is not touched: a parameter that has another name is renamed, and only the expressions that do
/// not follow from it are set.
///
/// # Errors
/// [`Refusal`] where `to` holds what no command may make any more, such as a name from before names were checked.
pub fn difference(from: &Design, to: &Design) -> Result<Vec<Command>, Refusal> {
    let mut way = Way { now: from.clone(), commands: Vec::new() };
    way.remove(to)?;
    way.rename(to)?;
    way.add(to)?;
    way.place(to)?;
    way.set(to)?;
    debug_assert_eq!(way.now.objects, to.objects, "the commands lead elsewhere");
    Ok(way.commands)
}

/// A design on its way to another.
struct Way {
    now: Design,
    commands: Vec<Command>,
}

impl Way {
    fn take(&mut self, command: Command) -> Result<(), Refusal> {
        self.now = apply(&self.now, &command)?.0;
        self.commands.push(command);
        Ok(())
    }

    /// What is not there any more, or is of another kind now.
    fn remove(&mut self, to: &Design) -> Result<(), Refusal> {
        let kinds: BTreeMap<&Id, &str> = to.objects.iter().map(|o| (&o.id, o.kind.as_str())).collect();
        let gone = self.now.objects.iter().filter(|o| kinds.get(&o.id) != Some(&o.kind.as_str()));
        let gone: Vec<Id> = gone.map(|o| o.id.clone()).collect();
        gone.into_iter().try_for_each(|id| self.take(Command::Remove { id }))
    }

    /// Names. A parameter's may be that of one which is still to be renamed.
    fn rename(&mut self, to: &Design) -> Result<(), Refusal> {
        let names: BTreeMap<&Id, &str> = to.objects.iter().map(|o| (&o.id, o.name.as_str())).collect();
        let other = self.now.objects.iter().filter(|o| names.get(&o.id).is_some_and(|n| *n != o.name));
        let mut waiting: Vec<(Id, bool)> =
            other.map(|o| (o.id.clone(), o.section() == Some(Section::Parameter))).collect();
        while !waiting.is_empty() {
            let taken: BTreeMap<&str, &Id> =
                self.now.section(Section::Parameter).map(|o| (o.name.as_str(), &o.id)).collect();
            let holder = |(id, parameter): &(Id, bool)| {
                taken.get(names[id]).copied().filter(|holder| *parameter && *holder != id)
            };
            let waits = |holder: &Id| waiting.iter().any(|(id, _)| id == holder);
            // One that is held by an object which keeps it is refused, and that says why.
            let next = waiting.iter().position(|w| holder(w).is_none_or(|by| !waits(by)));
            if let Some(at) = next {
                let (id, _) = waiting.remove(at);
                let name = names[&id].to_owned();
                self.take(Command::Rename { id, name })?;
                continue;
            }
            // Names go round in a ring: one that another wants is given up for a while.
            let Some(id) = waiting.first().and_then(holder).cloned() else { break };
            let used = |name: &str| taken.contains_key(name) || names.values().any(|n| *n == name);
            let name = (1..).map(|n| format!("moving_{n}")).find(|n| !used(n)).unwrap_or_default();
            self.take(Command::Rename { id, name })?;
        }
        Ok(())
    }

    /// From the end, so that what an object stands before is there.
    fn add(&mut self, to: &Design) -> Result<(), Refusal> {
        let known: BTreeSet<Id> = self.now.objects.iter().map(|o| o.id.clone()).collect();
        let mut before = None;
        for object in to.objects.iter().rev() {
            if !known.contains(&object.id) {
                let mut object = object.as_ref().clone();
                let add = |object| Command::Add { object, before: before.clone() };
                match self.take(add(object.clone())) {
                    // Groups that change places with one another: it goes into its own when they stand right.
                    Err(Refusal::Nested { .. }) => {
                        object.parent = None;
                        self.take(add(object))?;
                    }
                    done => done?,
                }
            }
            before = Some(object.id.clone());
        }
        Ok(())
    }

    /// Order and groups.
    fn place(&mut self, to: &Design) -> Result<(), Refusal> {
        let parents: BTreeMap<&Id, Option<&Id>> = to.objects.iter().map(|o| (&o.id, o.parent.as_ref())).collect();
        // Groups leave theirs first: those that change places would stand inside themselves on the way.
        let now = self.now.objects.iter().filter_map(|o| o.parent.as_ref());
        let groups: BTreeSet<&Id> = now.chain(parents.values().copied().flatten()).collect();
        let leaves = |id: &Id, parent: Option<&Id>| {
            parent.is_some() && groups.contains(id) && parents.get(id).is_some_and(|p| *p != parent)
        };
        let moving: Vec<(Id, Option<Id>)> = (self.now.objects.iter().enumerate())
            .filter(|(_, o)| leaves(&o.id, o.parent.as_ref()))
            .map(|(i, o)| (o.id.clone(), self.now.objects.get(i + 1).map(|o| o.id.clone())))
            .collect();
        for (id, before) in moving {
            self.take(Command::Move { id, before, parent: None })?;
        }
        let (was, is): (Vec<&Id>, Vec<&Id>) =
            (self.now.objects.iter().map(|o| &o.id).collect(), to.objects.iter().map(|o| &o.id).collect());
        let still: BTreeSet<Id> = still(&was, &is).into_iter().cloned().collect();
        let mut before: Option<Id> = None;
        let mut moves = Vec::new();
        for object in to.objects.iter().rev() {
            let parent = self.now.get(&object.id).and_then(|o| o.parent.as_ref());
            if !still.contains(&object.id) || parent != object.parent.as_ref() {
                let (id, parent) = (object.id.clone(), object.parent.clone());
                moves.push(Command::Move { id, before: before.clone(), parent });
            }
            before = Some(object.id.clone());
        }
        moves.into_iter().try_for_each(|command| self.take(command))
    }

    /// What remains: suppression and properties.
    fn set(&mut self, to: &Design) -> Result<(), Refusal> {
        for object in &to.objects {
            let id = &object.id;
            let Some(now) = self.now.get(id).filter(|now| **now != **object).cloned() else { continue };
            if now.suppressed != object.suppressed {
                self.take(Command::Suppress { id: id.clone(), suppressed: object.suppressed })?;
            }
            // What goes, first: an object has a largest size.
            let gone = now.properties.keys().filter(|key| !object.properties.contains_key(*key));
            for key in gone.chain(object.properties.keys()) {
                let value = object.properties.get(key);
                if now.properties.get(key) != value {
                    self.take(Command::Set { id: id.clone(), key: key.clone(), value: value.cloned() })?;
                }
            }
        }
        Ok(())
    }
}
