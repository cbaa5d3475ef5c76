//! Cuts across bolts, whose two sides are moved over each other by a node of their own: `*PRE-TENSION SECTION`, and the same
//! written out as equations between two sets of nodes, as our own decks have it.
//!
//! Source: CalculiX 2.20, *CrunchiX User's Manual*, `*PRE-TENSION SECTION`.

use super::assembly::{Number, Scope};
use super::card::{Card, fault};
use super::{Cut, Deck, Note, Target};
use crate::format::FormatError;
use glam::DVec3;
use std::collections::{BTreeMap, BTreeSet};

/// How far from one the length of the direction may be that equations write out.
const UNIT: f64 = 1e-6;

/// A `*PRE-TENSION SECTION` as written.
pub struct Written {
    line: usize,
    surface: Target,
    reference: Number,
    axis: Option<[f64; 3]>,
}

/// Reads the keyword; `None` for one across a beam.
///
/// # Errors
/// [`FormatError::Deck`] without its node.
pub fn read(card: &Card, scope: &Scope) -> Result<Option<Written>, FormatError> {
    let Some(surface) = card.text("SURFACE") else { return Ok(None) };
    let node = scope.target(&card.required("NODE")?);
    let Target::Id(reference) = node else {
        return Err(fault(card.line, "*PRE-TENSION SECTION needs the number of a node as NODE="));
    };
    let axis = card.rows.first().map(|row| row.vector(0)).transpose()?;
    Ok(Some(Written { line: card.line, surface: scope.target(surface), reference, axis }))
}

/// Makes cuts of what is written as such.
pub fn resolve(written: Vec<Written>, deck: &mut Deck) {
    for w in written {
        let reference = deck.nodes_by_id.get(&w.reference).copied();
        let faces = deck.surface_of(&w.surface).map(|s| s.faces.clone()).unwrap_or_default();
        let (mut nodes, mut normal) = (BTreeSet::new(), DVec3::ZERO);
        for (e, face) in faces {
            let Some((corners, middles)) = deck.face(e, face) else { continue };
            let at = |k: usize| DVec3::from(deck.points[corners[k] as usize]);
            normal += (at(1) - at(0)).cross(at(2) - at(0));
            nodes.extend(corners.into_iter().chain(middles));
        }
        let axis = w.axis.map_or(normal, DVec3::from).try_normalize();
        match (reference, axis) {
            (Some(reference), Some(axis)) if !nodes.is_empty() => {
                deck.cuts.push(Cut {
                    line: w.line,
                    reference,
                    axis: axis.to_array(),
                    nodes: nodes.into_iter().collect(),
                });
            }
            _ => {
                let text = "*PRE-TENSION SECTION names a surface without faces, a node that the deck does not define or no \
                            direction; it is left out";
                deck.notes.push(Note { line: w.line, text: text.into() });
            }
        }
    }
}

/// Two nodes of one place that an equation moves over each other.
struct Pair {
    line: usize,
    reference: Option<u32>,
    axis: DVec3,
    equations: Vec<usize>,
}

/// Joins the two sides of cuts that are written as equations.
pub fn heal(deck: &mut Deck) {
    let solid: BTreeSet<u32> = deck.connectivity.iter().copied().collect();
    let mut pairs: BTreeMap<[u32; 2], Pair> = BTreeMap::new();
    for (k, equation) in deck.equations.iter().enumerate() {
        let [(a, c, one), (b, same, other), rest @ ..] = &equation.terms[..] else { continue };
        let apart = deck.points[*a as usize] != deck.points[*b as usize];
        if a == b || c != same || !(1..=3).contains(c) || *one == 0.0 || *other != -one || apart {
            continue;
        }
        let moved = match rest {
            [] => None,
            [(r, 1, weight)] if !solid.contains(r) => Some((*r, weight / one)),
            _ => continue,
        };
        if !solid.contains(a) || !solid.contains(b) {
            continue;
        }
        let fresh = || Pair { line: equation.line, reference: None, axis: DVec3::ZERO, equations: Vec::new() };
        let pair = pairs.entry([*a, *b]).or_insert_with(fresh);
        pair.equations.push(k);
        if let Some((r, weight)) = moved {
            pair.reference = Some(r);
            pair.axis[usize::from(*c) - 1] = weight;
        }
    }
    let mut gone: BTreeSet<usize> = BTreeSet::new();
    let mut instead: BTreeMap<u32, u32> = BTreeMap::new();
    let mut cuts: BTreeMap<u32, Cut> = BTreeMap::new();
    for ([a, b], pair) in pairs {
        // Without a node that moves them they are but tied.
        let Some(reference) = pair.reference.filter(|_| (pair.axis.length() - 1.0).abs() < UNIT) else { continue };
        let cut = cuts.entry(reference).or_insert_with(|| Cut {
            line: pair.line,
            reference,
            axis: pair.axis.to_array(),
            nodes: Vec::new(),
        });
        if DVec3::from(cut.axis).distance(pair.axis) > UNIT {
            continue;
        }
        cut.line = cut.line.min(pair.line);
        cut.nodes.push(b);
        instead.insert(a, b);
        gone.extend(pair.equations);
    }
    for n in &mut deck.connectivity {
        *n = *instead.get(n).unwrap_or(n);
    }
    let mut k = 0;
    deck.equations.retain(|_| {
        k += 1;
        !gone.contains(&(k - 1))
    });
    deck.cuts.extend(cuts.into_values());
}
