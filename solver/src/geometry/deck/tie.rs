//! Bodies that a deck joins: by ties between surfaces, and by equations that let the nodes of one body follow the faces of
//! another, as our own decks have it.
//!
//! Bodies that touch are bonded by every study anyway; where there is a gap between them, the faces are named.

use super::problem::Reader;
use super::skin::split;
use crate::format::inp::{Target, Tie};
use crate::geometry::distance::Distance;
use crate::surface::SurfaceMesh;
use glam::DVec3;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Tolerance of a tie that gives none, as a share of the mean edge of the surface that is followed: what CalculiX takes.
const TOLERANCE: f64 = 0.025;
/// Share of that edge below which surfaces touch: a study bonds what lies within a twentieth of an element of its own.
const TOUCHES: f64 = 1e-3;
/// How much wider than at the nodes of the deck a gap may be between them, on curved faces.
const BETWEEN: f64 = 1.25;
/// Gaps that differ by more than this are told.
const APART: f64 = 2.0;
/// How far from one the weights of an equation may sum for a node that follows.
const WHOLE: f64 = 1e-6;

/// Facets of two or more bodies, to be bonded across a gap.
#[derive(Clone, Debug, PartialEq)]
pub struct Tied {
    pub line: usize,
    /// Indices into [`super::skin::Skin::facets`], ascending.
    pub facets: Vec<u32>,
    /// In the deck's unit of length.
    pub gap: f64,
}

/// How the nodes of one body follow those of another.
#[derive(Default)]
struct Followed {
    line: usize,
    /// Components of each node, as bits.
    slaves: BTreeMap<u32, u16>,
    masters: BTreeSet<u32>,
    gap: f64,
    equations: Vec<usize>,
}

impl Reader<'_> {
    /// The ties of a deck, each with a note where it does not come to a bond.
    pub(super) fn ties(&mut self) -> Vec<Tied> {
        let ties: Vec<Tie> = self.deck.ties.clone();
        ties.iter().filter_map(|tie| self.tie(tie)).collect()
    }

    /// Says which bonds reach farther than the deck has them: a study has one widest gap for all.
    pub(super) fn note_widest(&mut self) {
        let ties = &self.problem.ties;
        let widest = ties.iter().map(|t| t.gap).fold(0.0, f64::max);
        let narrow = ties.iter().filter(|t| t.gap < widest / APART);
        let notes: Vec<(usize, f64)> = narrow.map(|t| (t.line, t.gap)).collect();
        for (line, gap) in notes {
            let text = format!(
                "faces tied here lie up to {gap:.3e} apart, others of the deck up to {widest:.3e}: studies bond all of them over \
                 that width; bond these by a study of their own where more of them come within it"
            );
            self.note(line, text);
        }
    }

    fn tie(&mut self, tie: &Tie) -> Option<Tied> {
        let mut sides = [Vec::new(), Vec::new()];
        for (side, target) in sides.iter_mut().zip([&tie.slave, &tie.master]) {
            let Target::Name(name) = target else { continue };
            match self.side(target) {
                Some(facets) if !facets.is_empty() => *side = facets,
                found => {
                    let why = if found.is_some() {
                        "has no face on the outside of a body"
                    } else {
                        "the deck does not define"
                    };
                    self.note(tie.line, format!("*TIE names the surface {name}, which {why}: nothing is bonded by it"));
                    return None;
                }
            }
        }
        let [slave, master] = sides;
        let part = |k: &u32| self.skin.facets[*k as usize].part;
        let edge = self.edge(&master);
        let tolerance = tie.tolerance.unwrap_or(TOLERANCE * edge);
        let (mut gap, mut least, mut n_all, mut n_far) = (None::<f64>, f64::INFINITY, 0, 0);
        let slaves: BTreeSet<u32> = slave.iter().map(part).collect();
        for own in slaves {
            let others: Vec<u32> = master.iter().copied().filter(|k| part(k) != own).collect();
            if others.is_empty() {
                continue;
            }
            let distance = self.distance(&others);
            let facets = slave.iter().filter(|k| part(k) == own);
            let nodes: BTreeSet<u32> = facets.flat_map(|k| self.skin.facets[*k as usize].nodes().to_vec()).collect();
            for node in nodes {
                let Some(d) = distance.nearest(self.deck.points[node as usize], None) else { continue };
                let d = d.distance.abs();
                n_all += 1;
                least = least.min(d);
                if d <= tolerance + TOUCHES * TOLERANCE * edge {
                    gap = Some(gap.unwrap_or(0.0).max(d));
                } else {
                    n_far += 1;
                }
            }
        }
        let name = if tie.name.is_empty() { String::new() } else { format!(" {}", tie.name) };
        if n_all == 0 {
            let text = format!("*TIE{name}: both surfaces are of one body, which cannot be bonded to itself; left out");
            self.note(tie.line, text);
            return None;
        }
        let Some(gap) = gap else {
            let text = format!(
                "*TIE{name}: the surfaces are {least:.3e} apart or more, beyond its position tolerance of {tolerance:.3e}: \
                 nothing is bonded by it"
            );
            self.note(tie.line, text);
            return None;
        };
        if n_far > 0 {
            let text = format!(
                "*TIE{name}: {n_far} of {n_all} nodes lie beyond its position tolerance of {tolerance:.3e} and are not tied"
            );
            self.note(tie.line, text);
        }
        if gap <= TOUCHES * edge {
            // Bodies that touch are bonded by every study.
            return None;
        }
        if tie.adjusts {
            let text = format!(
                "*TIE{name}: nodes are not moved onto the other surface; the bodies stay as they are and are bonded across a \
                 gap of up to {gap:.3e}"
            );
            self.note(tie.line, text);
        }
        let mut facets = [slave, master].concat();
        facets.sort_unstable();
        facets.dedup();
        let width = if tie.tolerance.is_some() { (BETWEEN * gap).min(tolerance).max(gap) } else { BETWEEN * gap };
        Some(Tied { line: tie.line, facets, gap: width })
    }

    /// Facets of a surface, given by faces of elements or by nodes; `None` for one the deck does not have.
    fn side(&self, target: &Target) -> Option<Vec<u32>> {
        let surface = self.deck.surface_of(target)?;
        let mut facets: Vec<u32> = surface.faces.iter().filter_map(|f| self.facet(*f)).collect();
        if !surface.nodes.is_empty() {
            facets.extend(self.on(&|n| surface.nodes.binary_search(&n).is_ok()));
        }
        facets.sort_unstable();
        facets.dedup();
        Some(facets)
    }

    /// Mean edge of facets.
    fn edge(&self, facets: &[u32]) -> f64 {
        let at = |n: u32| DVec3::from(self.deck.points[n as usize]);
        let (mut sum, mut n) = (0.0, 0);
        for k in facets {
            let corners = self.skin.facets[*k as usize].corners();
            for i in 0..corners.len() {
                sum += at(corners[i]).distance(at(corners[(i + 1) % corners.len()]));
                n += 1;
            }
        }
        if n > 0 { sum / f64::from(n) } else { 0.0 }
    }

    /// How far points are from facets.
    fn distance(&self, facets: &[u32]) -> Distance {
        let mut surface = SurfaceMesh::default();
        let mut index: BTreeMap<u32, u32> = BTreeMap::new();
        for k in facets {
            for triangle in split(self.deck, &self.skin.facets[*k as usize]) {
                let corners = triangle.map(|node| {
                    *index.entry(node).or_insert_with(|| {
                        surface.points.push(self.deck.points[node as usize]);
                        surface.points.len() as u32 - 1
                    })
                });
                surface.triangles.push(corners);
            }
        }
        Distance::new(Arc::new(surface))
    }

    /// Bonds written as equations: the indices of these, and those across a gap.
    pub(super) fn followed_faces(&self) -> (BTreeSet<usize>, Vec<Tied>) {
        let mut part_of: Vec<Option<u32>> = vec![None; self.deck.points.len()];
        for e in 0..self.deck.elements.len() {
            self.deck.nodes(e).iter().for_each(|n| part_of[*n as usize] = Some(self.skin.part_of[e]));
        }
        let mut pairs: BTreeMap<(u32, u32), Followed> = BTreeMap::new();
        for (k, equation) in self.deck.equations.iter().enumerate() {
            let Some(((own, component, weight), others)) = equation.terms.split_first() else { continue };
            let Some(slave) = part_of[*own as usize] else { continue };
            let Some(master) = others.first().and_then(|t| part_of[t.0 as usize]).filter(|m| *m != slave) else {
                continue;
            };
            let alike = others.iter().all(|t| t.1 == *component && part_of[t.0 as usize] == Some(master));
            let sum: f64 = others.iter().map(|t| t.2).sum::<f64>() / -weight;
            if !alike || !matches!(component, 1..=3 | 11) || !((sum - 1.0).abs() <= WHOLE) {
                continue;
            }
            let at = |n: u32| DVec3::from(self.deck.points[n as usize]);
            let place: DVec3 = others.iter().map(|t| at(t.0) * (t.2 / -weight)).sum();
            let pair =
                pairs.entry((slave, master)).or_insert_with(|| Followed { line: equation.line, ..Followed::default() });
            pair.gap = pair.gap.max(place.distance(at(*own)));
            *pair.slaves.entry(*own).or_default() |= 1 << component;
            pair.masters.extend(others.iter().map(|t| t.0));
            pair.equations.push(k);
        }
        let (mut equations, mut ties) = (BTreeSet::new(), Vec::new());
        for ((slave, master), pair) in pairs {
            // A node that follows along one axis alone slides along the others: that is no bond.
            let whole = |bits: u16| bits == 0b1110 || bits == 1 << 11 || bits == (0b1110 | 1 << 11);
            if !pair.slaves.values().all(|bits| whole(*bits)) {
                continue;
            }
            let facets = self.skin.facets.iter().enumerate().filter(|(_, f)| {
                let nodes = f.nodes();
                f.part == slave && nodes.iter().all(|n| pair.slaves.contains_key(n))
                    || f.part == master && nodes.iter().all(|n| pair.masters.contains(n))
            });
            let facets: Vec<u32> = facets.map(|(k, _)| k as u32).collect();
            let touches = pair.gap <= TOUCHES * self.edge(&facets);
            let sides: BTreeSet<u32> = facets.iter().map(|k| self.skin.facets[*k as usize].part).collect();
            if !touches && sides.len() < 2 {
                continue;
            }
            equations.extend(pair.equations);
            if !touches {
                ties.push(Tied { line: pair.line, facets, gap: BETWEEN * pair.gap });
            }
        }
        (equations, ties)
    }
}
