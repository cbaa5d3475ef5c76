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
    /// More than one is none.
    references: BTreeSet<u32>,
    axis: DVec3,
    /// How many equations each component has.
    tied: [u8; 3],
    equations: Vec<usize>,
}

impl Pair {
    /// What moves them over each other; `None` where they are but tied, or tied in part.
    fn reference(&self) -> Option<u32> {
        let whole = self.tied == [1; 3] && self.references.len() == 1 && (self.axis.length() - 1.0).abs() < UNIT;
        self.references.first().copied().filter(|_| whole)
    }
}

/// The node that takes the place of `n` in the end.
fn last(instead: &BTreeMap<u32, u32>, mut n: u32) -> u32 {
    while let Some(next) = instead.get(&n) {
        n = *next;
    }
    n
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
        let fresh = || Pair {
            line: equation.line,
            references: BTreeSet::new(),
            axis: DVec3::ZERO,
            tied: [0; 3],
            equations: Vec::new(),
        };
        let pair = pairs.entry([*a, *b]).or_insert_with(fresh);
        let c = usize::from(*c) - 1;
        pair.tied[c] = pair.tied[c].saturating_add(1);
        pair.equations.push(k);
        if let Some((r, weight)) = moved {
            pair.references.insert(r);
            pair.axis[c] = weight;
        }
    }
    let mut gone: BTreeSet<usize> = BTreeSet::new();
    let mut instead: BTreeMap<u32, u32> = BTreeMap::new();
    let mut cuts: BTreeMap<u32, Cut> = BTreeMap::new();
    for ([a, b], pair) in pairs {
        let Some(reference) = pair.reference() else { continue };
        // A node goes over into one other, and no ring of them into itself.
        if instead.contains_key(&a) || last(&instead, b) == a {
            continue;
        }
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
        *n = last(&instead, *n);
    }
    for cut in cuts.values_mut() {
        // A node of one cut may have gone over into another.
        let nodes: BTreeSet<u32> = cut.nodes.iter().map(|n| last(&instead, *n)).collect();
        cut.nodes = nodes.into_iter().collect();
    }
    let mut k = 0;
    deck.equations.retain(|_| {
        k += 1;
        !gone.contains(&(k - 1))
    });
    deck.cuts.extend(cuts.into_values());
}

#[cfg(test)]
mod tests {
    use super::super::{Deck, read};
    use std::fmt::Write as _;

    /// Three tetrahedra on one triangle, each with nodes of its own: 1 to 3, 11 to 13 and 21 to 23; node 31 moves them.
    /// Indices are 0 to 2, 3 to 5, 6 to 8 and 9. `equations`: dependent node, other node, component.
    fn deck(equations: &[(u32, u32, u8)]) -> Deck {
        let mut s = String::from("*NODE\n");
        for first in [1, 11, 21] {
            let _ = writeln!(s, "{first},0.,0.,0.\n{},1.,0.,0.\n{},0.,1.,0.", first + 1, first + 2);
        }
        s.push_str("31,0.,0.,0.\n41,0.,0.,1.\n42,0.,0.,-1.\n43,0.,0.,2.\n*ELEMENT,TYPE=C3D4,ELSET=BODY\n");
        s.push_str("1,1,2,3,41\n2,11,13,12,42\n3,21,22,23,43\n*EQUATION\n");
        for (a, b, c) in equations {
            let moved = if *c == 3 { ",31,1,1." } else { "" };
            let _ = writeln!(s, "{}\n{a},{c},1.,{b},{c},-1.{moved}", if *c == 3 { 3 } else { 2 });
        }
        read(s.as_bytes()).unwrap()
    }

    /// All components of the triangle that begins with `a` tied to that of `b`.
    fn tied(a: u32, b: u32) -> Vec<(u32, u32, u8)> {
        (0..3).flat_map(|n| (1..=3).map(move |c| (a + n, b + n, c))).collect()
    }

    #[test]
    fn sides_that_are_tied_whole_are_joined() {
        let deck = deck(&tied(11, 1));
        assert_eq!(deck.nodes(1)[..3], [0, 2, 1]);
        assert!(deck.equations.is_empty());
        assert_eq!(deck.cuts.len(), 1);
        let cut = &deck.cuts[0];
        assert_eq!((cut.reference, cut.axis, &cut.nodes[..]), (9, [0.0, 0.0, 1.0], &[0, 1, 2][..]));
    }

    #[test]
    fn sides_that_are_tied_in_part_stay_apart() {
        let all = tied(11, 1);
        let along: Vec<_> = all.iter().copied().filter(|e| e.2 == 3).collect();
        let twice: Vec<_> = all.iter().map(|e| (e.0, e.1, e.2.max(2))).collect();
        for equations in [along, twice] {
            let deck = deck(&equations);
            assert_eq!(deck.nodes(1)[..3], [3, 5, 4]);
            assert_eq!((deck.cuts.len(), deck.equations.len()), (0, equations.len()));
        }
        // One node of three without a component of its own.
        let most = deck(&all[..8]);
        assert_eq!((most.cuts.len(), most.equations.len()), (1, 2));
        assert_eq!(most.cuts[0].nodes, [0, 1]);
        assert_eq!(most.nodes(1)[..3], [0, 5, 1]);
    }

    #[test]
    fn sides_in_a_row_are_all_joined() {
        for equations in [[tied(11, 1), tied(21, 11)], [tied(1, 11), tied(11, 21)]] {
            let deck = deck(&equations.concat());
            let at = deck.nodes(0)[..3].to_vec();
            assert_eq!(deck.nodes(1)[..3], [at[0], at[2], at[1]]);
            assert_eq!(deck.nodes(2)[..3], at);
            assert_eq!((deck.cuts.len(), &deck.cuts[0].nodes), (1, &at));
            assert!(deck.equations.is_empty());
        }
    }

    #[test]
    fn sides_that_follow_each_other_end() {
        let deck = deck(&[tied(1, 11), tied(11, 1)].concat());
        assert_eq!((deck.cuts.len(), deck.equations.len()), (1, 9));
        assert_eq!(deck.nodes(0)[..3], [3, 4, 5]);
        assert_eq!(deck.nodes(1)[..3], [3, 5, 4]);
    }
}
