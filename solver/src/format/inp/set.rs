//! Sets and surfaces: collected as they are written, made into indices when all of the file is known.

use super::assembly::Scope;
use super::card::{self, Card, fault, shown};
use super::{Deck, Note, Number, Set, Surface, Target, found};
use crate::format::FormatError;
use std::collections::{BTreeMap, BTreeSet};

/// One entry of a set.
pub enum Entry {
    Id(Number),
    /// From, to, step.
    Range(Number, Number, Number),
    Name(String),
    /// The nodes of an element set.
    Elements(String),
}

/// A set as written.
#[derive(Default)]
pub struct Written {
    pub line: usize,
    pub entries: Vec<Entry>,
}

/// A surface as written: entries with the face from 0, or all faces.
#[derive(Default)]
pub struct WrittenSurface {
    pub line: usize,
    pub faces: Vec<(usize, Target, Option<u8>)>,
    pub nodes: Vec<(usize, Target)>,
}

/// What a field means, before it is known where its line stands: [`Scope::placed`].
pub fn target(field: &str) -> Target {
    card::id(field).map_or_else(|| Target::Name(card::name(field)), |n| Target::Id(n.into()))
}

/// The name of a target that is one.
fn named(target: Target) -> String {
    match target {
        Target::Name(name) => name,
        Target::Id(n) => n.to_string(),
    }
}

/// Reads the lines of an `*NSET` or `*ELSET`.
pub fn entries(card: &Card, scope: &Scope, into: &mut Written) -> Result<(), FormatError> {
    let within = scope.within(card)?;
    let number = |row: &card::Row, k: usize| -> Result<Number, FormatError> {
        match scope.target_in(within, &row.id(k)?.to_string()) {
            Target::Id(n) => Ok(n),
            Target::Name(_) => Err(row.wrong(k, "a whole number from 1")),
        }
    };
    if into.entries.is_empty() {
        into.line = card.line;
    }
    if let Some(elements) = card.word("ELSET").filter(|_| card.name == "NSET") {
        into.entries.push(Entry::Elements(named(scope.target_in(within, &elements))));
    }
    for row in &card.rows {
        if card.has("GENERATE") {
            let step = if row.field(2).is_empty() { 1 } else { row.id(2)?.into() };
            into.entries.push(Entry::Range(number(row, 0)?, number(row, 1)?, step));
            continue;
        }
        for field in row.fields().filter(|f| !f.is_empty()) {
            // A number below one is a slip, not a name.
            if field.parse::<i64>().is_ok_and(|n| n < 1) {
                return Err(fault(row.line, format!("'{}' is no number of a node or element", shown(field))));
            }
            into.entries.push(match scope.target_in(within, field) {
                Target::Id(id) => Entry::Id(id),
                Target::Name(name) => Entry::Name(name),
            });
        }
    }
    Ok(())
}

/// Reads the lines of a `*SURFACE`.
pub fn surface(
    card: &Card,
    scope: &Scope,
    into: &mut WrittenSurface,
    notes: &mut Vec<Note>,
) -> Result<(), FormatError> {
    into.line = card.line;
    if card.has("COMBINE") || card.has("CROP") {
        let text = "*SURFACE made of other surfaces is not read; name its element faces";
        notes.push(Note { line: card.line, text: text.into() });
        return Ok(());
    }
    let by_nodes = card.word("TYPE").is_some_and(|t| t == "NODE");
    for row in &card.rows {
        let of = scope.target(row.field(0));
        if by_nodes {
            into.nodes.push((row.line, of));
            continue;
        }
        let label = row.field(1).to_ascii_uppercase();
        let face = match label.strip_prefix('S').and_then(|k| k.parse::<u8>().ok()) {
            Some(k @ 1..=6) => Some(k - 1),
            None if label.is_empty() => None,
            None if ["SPOS", "SNEG", "E1", "E2", "E3", "E4"].contains(&label.as_str()) => {
                let text = format!("'{}' is a side of shells, which are left out: only solids are read", shown(&label));
                notes.push(Note { line: row.line, text });
                continue;
            }
            _ => return Err(row.wrong(1, "S1 to S6")),
        };
        into.faces.push((row.line, of, face));
    }
    Ok(())
}

/// Sets of one kind (nodes, or elements) by the numbers of the file.
pub fn resolve(
    written: &BTreeMap<String, Written>,
    by_id: &BTreeMap<Number, u32>,
    unread: &BTreeSet<Number>,
    nodes_of: impl Fn(&str) -> Option<Vec<u32>>,
    flat: bool,
    notes: &mut Vec<Note>,
) -> BTreeMap<String, Set> {
    let mut done: BTreeMap<String, Set> = BTreeMap::new();
    for name in written.keys() {
        // Depth first with a stack of its own: a file may name sets as deep as it likes, and in circles.
        let mut stack = vec![(name, false)];
        let mut open: BTreeSet<&String> = BTreeSet::new();
        while let Some((name, ready)) = stack.pop() {
            let Some(w) = written.get(name) else { continue };
            if done.contains_key(name) {
                continue;
            }
            if !ready {
                if !open.insert(name) {
                    continue;
                }
                stack.push((name, true));
                for entry in &w.entries {
                    if let Entry::Name(other) = entry
                        && let Some((other, _)) = written.get_key_value(other).or_else(|| tail(written, other, flat))
                        && !open.contains(other)
                    {
                        stack.push((other, false));
                    }
                }
                continue;
            }
            let set = collect(w, by_id, unread, (&done, flat), &nodes_of, notes);
            done.insert(name.clone(), set);
        }
    }
    done
}

fn tail<'a, T>(map: &'a BTreeMap<String, T>, name: &str, flat: bool) -> Option<(&'a String, &'a T)> {
    map.get_key_value(name.rsplit_once('.').filter(|_| flat)?.1)
}

fn collect(
    w: &Written,
    by_id: &BTreeMap<Number, u32>,
    unread: &BTreeSet<Number>,
    (done, flat): (&BTreeMap<String, Set>, bool),
    nodes_of: &impl Fn(&str) -> Option<Vec<u32>>,
    notes: &mut Vec<Note>,
) -> Set {
    let mut members = BTreeSet::new();
    let mut lost: Option<(usize, String)> = None;
    let mut lose = |what: String| {
        let count = lost.as_ref().map_or(0, |l| l.0);
        lost = Some((count + 1, lost.take().map_or(what, |l| l.1)));
    };
    for entry in &w.entries {
        match entry {
            Entry::Id(id) => match by_id.get(id) {
                Some(index) => drop(members.insert(*index)),
                None if unread.contains(id) => {}
                None => lose((*id as u32).to_string()),
            },
            Entry::Range(from, to, step) => {
                if from <= to {
                    members.extend(by_id.range(from..=to).filter(|(id, _)| (*id - from) % step == 0).map(|(_, k)| *k));
                }
            }
            Entry::Name(name) => match found(done, name, flat) {
                Some(set) => members.extend(&set.members),
                None => lose(shown(name)),
            },
            Entry::Elements(name) => match nodes_of(name) {
                Some(nodes) => members.extend(nodes),
                None => lose(shown(name)),
            },
        }
    }
    if let Some((n, first)) = lost {
        let more = if n > 1 { format!(" and {} more", n - 1) } else { String::new() };
        notes.push(Note { line: w.line, text: format!("the set names {first}{more}, which the deck does not define") });
    }
    Set { line: w.line, members: members.into_iter().collect() }
}

/// Surfaces by index, when all sets are known.
pub fn surfaces(written: &BTreeMap<String, WrittenSurface>, deck: &mut Deck) {
    for (name, w) in written {
        let mut out = Surface { line: w.line, ..Surface::default() };
        for (line, target, face) in &w.faces {
            let Some(elements) = deck.elements_of(target) else {
                deck.notes
                    .push(Note { line: *line, text: "the surface names elements the deck does not define".into() });
                continue;
            };
            for e in elements {
                let n = deck.elements[*e as usize].form.faces().len() as u8;
                match face {
                    Some(face) if *face < n => out.faces.push((*e, *face)),
                    Some(_) => {}
                    None => out.faces.extend((0..n).map(|k| (*e, k))),
                }
            }
        }
        for (line, target) in &w.nodes {
            match deck.nodes_of(target) {
                Some(nodes) => out.nodes.extend(nodes),
                None => {
                    deck.notes
                        .push(Note { line: *line, text: "the surface names nodes the deck does not define".into() });
                }
            }
        }
        out.faces.sort_unstable();
        out.faces.dedup();
        out.nodes.sort_unstable();
        out.nodes.dedup();
        deck.surfaces.insert(name.clone(), out);
    }
}
