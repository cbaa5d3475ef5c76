//! Parts and their instances: what a part says is read again for each of its instances, with names and numbers of its own.
//!
//! Source: Abaqus Keywords Guide, `*INSTANCE`; Abaqus Analysis User's Guide, *Defining an assembly*.

use super::card::{Card, fault, id, name, shown};
use super::{Deck, Target};
use crate::format::FormatError;
use glam::{DMat3, DVec3};
use std::collections::BTreeMap;
use std::ops::Range;

/// Lines that instances may come to together: a file of a few lines must not ask for a mesh that fits no memory.
const LINES_MAX: usize = 20_000_000;
/// Instances of one deck; a design holds no more bodies.
const INSTANCES_MAX: usize = 1000;

/// A node or an element in the whole deck: the instance (from 1) times 2³² plus the number in the file. Outside instances
/// that is the number in the file.
pub type Number = u64;

/// A part in its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Instance {
    pub line: usize,
    /// As the deck writes it.
    pub name: String,
    /// `world = turn · part + shift`
    turn: DMat3,
    shift: DVec3,
}

impl Instance {
    /// Of an `*INSTANCE`: its first line moves it, its second then turns it about an axis through two points.
    fn read(card: &Card) -> Result<Self, FormatError> {
        let (mut turn, mut shift) = (DMat3::IDENTITY, DVec3::ZERO);
        if let Some(row) = card.rows.first() {
            shift = row.vector(0)?.into();
        }
        if let Some(row) = card.rows.get(1) {
            let (a, b) = (DVec3::from(row.vector(0)?), DVec3::from(row.vector(3)?));
            let degrees = row.number(6)?;
            let axis = (b - a).try_normalize().ok_or_else(|| {
                fault(
                    row.line,
                    "*INSTANCE turns about an axis whose two points are one: write x, y, z twice and an angle",
                )
            })?;
            turn = DMat3::from_axis_angle(axis, degrees.to_radians());
            shift = turn * (shift - a) + a;
        }
        if let Some(row) = card.rows.get(2) {
            return Err(fault(row.line, "*INSTANCE has two lines at most: how it is moved, then how it is turned"));
        }
        Ok(Self { line: card.line, name: title(card), turn, shift })
    }

    /// Where a point of the part is.
    pub fn place(&self, at: [f64; 3]) -> [f64; 3] {
        (self.turn * DVec3::from(at) + self.shift).into()
    }

    /// How a direction of the part points.
    pub fn direct(&self, along: [f64; 3]) -> [f64; 3] {
        (self.turn * DVec3::from(along)).into()
    }
}

/// The name as written.
fn title(card: &Card) -> String {
    let text = card.text("NAME").unwrap_or_default().trim().trim_matches('"');
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The cards to read in one place, of a part and of its instance, if any are to be read, and the card after them.
pub type Placed = (Option<[Range<usize>; 2]>, usize);

/// Which cards a part has, and whether there are instances.
pub struct Outline {
    /// By name, without `*PART` and `*END PART`.
    parts: BTreeMap<String, Range<usize>>,
    has_instances: bool,
    /// One part at most and no instance: the deck is read as if it knew neither.
    pub is_flat: bool,
}

impl Outline {
    pub fn of(cards: &[Card]) -> Result<Self, FormatError> {
        let n_parts = cards.iter().filter(|c| c.name == "PART").count();
        let has_instances = cards.iter().any(|c| c.name == "INSTANCE");
        let mut outline = Self { parts: BTreeMap::new(), has_instances, is_flat: !has_instances && n_parts < 2 };
        if outline.is_flat {
            return Ok(outline);
        }
        for first in (0..cards.len()).filter(|k| cards[*k].name == "PART") {
            let last = end(cards, first, "PART")?;
            if outline.parts.insert(cards[first].required("NAME")?, first + 1..last).is_some() {
                return Err(fault(cards[first].line, "there is a *PART of this name already: give it another"));
            }
        }
        Ok(outline)
    }

    /// The cards that an instance at `at`, or a part that is its own instance, has to read, and the card after it; `None`
    /// for every other card and for parts that instances place.
    ///
    /// # Errors
    /// [`FormatError::Deck`] for an instance without its part, or either without its end.
    pub fn placed(&self, cards: &[Card], at: usize) -> Result<Option<Placed>, FormatError> {
        let card = &cards[at];
        match card.name.as_str() {
            "PART" if !self.is_flat => {
                let last = end(cards, at, "PART")?;
                let own = (!self.has_instances).then_some([at + 1..last, last..last]);
                Ok(Some((own, last + 1)))
            }
            "INSTANCE" => {
                let last = end(cards, at, "INSTANCE")?;
                let part = card.required("PART").map_err(|_| {
                    let text =
                        "*INSTANCE needs PART=: instances of an earlier analysis are in another file, and not read";
                    fault(card.line, text)
                })?;
                let of = self.parts.get(&part).cloned().ok_or_else(|| {
                    let text = format!("*INSTANCE names the part {}, which no *PART defines", shown(&part));
                    fault(card.line, text)
                })?;
                Ok(Some((Some([of, at + 1..last]), last + 1)))
            }
            _ => Ok(None),
        }
    }
}

/// The card that ends what begins at `first`.
fn end(cards: &[Card], first: usize, what: &str) -> Result<usize, FormatError> {
    for (k, card) in cards.iter().enumerate().skip(first + 1) {
        if card.name.strip_prefix("END ") == Some(what) {
            return Ok(k);
        }
        if ["PART", "INSTANCE", "ASSEMBLY", "STEP"].contains(&card.name.as_str()) {
            let text = format!("*{} stands inside a *{what}: end that with *END {what} before", card.name);
            return Err(fault(card.line, text));
        }
    }
    Err(fault(cards[first].line, format!("this *{what} has no *END {what}")))
}

/// What names and numbers mean where a line stands.
#[derive(Default)]
pub struct Scope {
    /// Names of instances as the language compares them.
    names: Vec<String>,
    /// Of the assembly, with its dot.
    assembly: String,
    /// The instance whose lines are read, from 1.
    now: u32,
    n_lines: usize,
}

impl Scope {
    /// Begins an instance with `n_lines` lines.
    pub fn enter(&mut self, card: &Card, n_lines: usize, deck: &mut Deck) -> Result<(), FormatError> {
        let key = card.required("NAME")?;
        if self.names.contains(&key) {
            let text = format!("there is an instance {} already: give this one another name", shown(&key));
            return Err(fault(card.line, text));
        }
        if self.names.len() == INSTANCES_MAX {
            let text = format!("the deck has more than {INSTANCES_MAX} instances: import fewer of them");
            return Err(fault(card.line, text));
        }
        self.n_lines += n_lines;
        if self.n_lines > LINES_MAX {
            let text = format!("the instances up to here come to more than {LINES_MAX} lines: import fewer of them");
            return Err(fault(card.line, text));
        }
        let is_part = card.name == "PART";
        let own = Instance { line: card.line, name: title(card), turn: DMat3::IDENTITY, shift: DVec3::ZERO };
        deck.instances.push(if is_part { own } else { Instance::read(card)? });
        self.names.push(key);
        self.now = self.names.len() as u32;
        Ok(())
    }

    pub fn leave(&mut self) {
        self.now = 0;
    }

    pub fn assembly(&mut self, card: &Card) {
        self.assembly = card.word("NAME").map(|n| format!("{n}.")).unwrap_or_default();
    }

    /// The instance whose lines are read, from 1.
    pub fn now(&self) -> u32 {
        self.now
    }

    /// The scope of a set of an instance: `INSTANCE=`.
    pub fn within(&self, card: &Card) -> Result<u32, FormatError> {
        let Some(key) = card.word("INSTANCE") else { return Ok(self.now) };
        let at = self.instance(self.bare(&key)).ok_or_else(|| {
            fault(card.line, format!("*{} names the instance {}, which is not there", card.name, shown(&key)))
        })?;
        Ok(at)
    }

    pub fn number(&self, id: u32) -> Number {
        numbered(self.now, id)
    }

    /// How a name that a line here defines is known in the whole deck.
    pub fn name(&self, name: String) -> String {
        self.named(self.now, name)
    }

    fn named(&self, within: u32, name: String) -> String {
        match within.checked_sub(1) {
            Some(k) => format!("{}.{name}", self.names[k as usize]),
            None => name,
        }
    }

    fn bare<'a>(&self, text: &'a str) -> &'a str {
        text.strip_prefix(self.assembly.as_str()).unwrap_or(text)
    }

    fn instance(&self, key: &str) -> Option<u32> {
        self.names.iter().position(|n| n == key).map(|k| k as u32 + 1)
    }

    /// What a field of a line here means.
    pub fn target(&self, field: &str) -> Target {
        self.target_in(self.now, field)
    }

    /// What a field means inside an instance.
    pub fn target_in(&self, within: u32, field: &str) -> Target {
        if let Some(n) = id(field) {
            return Target::Id(numbered(within, n));
        }
        let text = name(field);
        if within > 0 {
            return Target::Name(self.named(within, text));
        }
        let text = self.bare(&text);
        // Names may hold dots themselves: the longest that is an instance's counts.
        let dots = text.rmatch_indices('.').map(|(k, _)| (&text[..k], &text[k + 1..]));
        for (head, tail) in dots {
            if let Some(k) = self.instance(head.trim_matches('"')) {
                return self.target_in(k, tail);
            }
        }
        match text.rsplit_once('.').and_then(|(_, tail)| id(tail)) {
            Some(n) if self.names.is_empty() => Target::Id(numbered(0, n)),
            _ => Target::Name(text.into()),
        }
    }

    /// A target as a line here means it, which was read without knowing where it stands.
    pub fn placed(&self, target: Target) -> Target {
        match target {
            Target::Name(name) => self.target(&name),
            Target::Id(n) => Target::Id(numbered(self.now, n as u32)),
        }
    }
}

/// The number of node or element `id` of an instance from 1, or of none.
pub fn numbered(instance: u32, id: u32) -> Number {
    (Number::from(instance) << 32) | Number::from(id)
}
