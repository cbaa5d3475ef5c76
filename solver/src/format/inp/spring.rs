//! Springs between a node and the ground: `*ELEMENT, TYPE=SPRING1` with the `*SPRING` of their set.
//!
//! Source: CalculiX 2.20, *CrunchiX User's Manual*, `*SPRING` and § 6.2.39.

use super::assembly::Number;
use super::card::{Card, fault, shown};
use super::{Note, Spring};
use crate::format::FormatError;
use std::collections::BTreeMap;

/// The element type that is read.
pub const TYPE: &str = "SPRING1";

/// Springs as written, by the set of their elements.
#[derive(Default)]
pub struct Springs {
    nodes: BTreeMap<String, Vec<Number>>,
    /// Line, set, component, stiffness.
    laws: Vec<(usize, String, u8, f64)>,
}

impl Springs {
    /// Reads the elements of a set, whose full name is `set`; `number` gives a node's in the whole deck.
    pub fn elements(&mut self, card: &Card, set: String, number: impl Fn(u32) -> Number) -> Result<(), FormatError> {
        let nodes = self.nodes.entry(set).or_default();
        for row in &card.rows {
            nodes.push(number(row.id(1)?));
        }
        Ok(())
    }

    /// Reads a `*SPRING`: the component, then the stiffness.
    pub fn law(&mut self, card: &Card, set: String, notes: &mut Vec<Note>) -> Result<(), FormatError> {
        if card.has("NONLINEAR") {
            let text = "*SPRING: only those whose force grows in proportion are read";
            notes.push(Note { line: card.line, text: text.into() });
            return Ok(());
        }
        let component = card.first()?.id(0)?;
        let Some(row) = card.rows.get(1) else {
            return Err(fault(card.line, "*SPRING has two lines: the component, then the stiffness"));
        };
        if component > 3 {
            return Err(card.rows[0].wrong(0, "1, 2 or 3"));
        }
        self.laws.push((card.line, set, component as u8, row.number(0)?));
        Ok(())
    }

    /// The springs, when all nodes are known; the lines of laws whose set has no element that is read are returned beside.
    pub fn finish(self, by_id: &BTreeMap<Number, u32>, notes: &mut Vec<Note>) -> (Vec<Spring>, Vec<usize>) {
        let (mut out, mut unread) = (Vec::new(), Vec::new());
        for (line, set, component, stiffness) in self.laws {
            let Some(nodes) = self.nodes.get(&set) else {
                unread.push(line);
                continue;
            };
            let known = nodes.iter().filter_map(|n| by_id.get(n));
            out.extend(known.map(|node| Spring { line, node: *node, component, stiffness }));
            let n = nodes.iter().filter(|n| !by_id.contains_key(n)).count();
            if n > 0 {
                let text = format!("{n} springs of {} are at nodes that the deck does not define", shown(&set));
                notes.push(Note { line, text });
            }
        }
        (out, unread)
    }
}
