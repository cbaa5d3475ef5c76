//! Springs over faces. A deck has them at nodes of their own, which follow the points of a facet by equations, each scaled
//! by the root of the area that its point stands for: one stiffness per area serves all.

use super::posed::What;
use super::problem::Reader;
use super::shape;
use glam::DVec3;
use std::collections::{BTreeMap, BTreeSet};

/// Cosine between a spring and its facet's normal, above which it is along the normal; its sine, for one in plane.
const ALONG: f64 = 0.94;
/// Share of a facet's area that its springs may lack or have too much: that of a curved one is not that of its chords.
const AREA: f64 = 0.02;

/// What springs come to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Foundations {
    /// First line, what, and the facets.
    pub beds: Vec<(usize, What, Vec<u32>)>,
    /// Nodes that belong to springs alone.
    pub helpers: BTreeSet<u32>,
    /// Indices of the equations by which they follow faces.
    pub equations: BTreeSet<usize>,
}

impl Reader<'_> {
    /// Reads the springs of a deck.
    pub(super) fn foundations(&mut self) -> Foundations {
        let mut out = Foundations::default();
        let Some(first) = self.deck.springs.first().map(|s| s.line) else { return out };
        let follows: BTreeMap<(u32, u8), usize> = (self.deck.equations.iter().enumerate())
            .filter_map(|(k, e)| e.terms.first().map(|t| ((t.0, t.1), k)))
            .collect();
        let mut facets_at: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (k, facet) in self.skin.facets.iter().enumerate().filter(|(_, f)| !f.is_inner) {
            facet.nodes().iter().for_each(|n| facets_at.entry(*n).or_default().push(k as u32));
        }
        // By facet: each spring's line, stiffness, and direction times the root of its area.
        let mut on: BTreeMap<u32, Vec<(usize, f64, DVec3)>> = BTreeMap::new();
        let mut lost = BTreeSet::new();
        for spring in &self.deck.springs {
            let at = (spring.node, spring.component);
            let followed = follows.get(&at).filter(|_| !self.is_solid(spring.node));
            let found = followed.and_then(|k| Some((*k, self.followed(*k, &facets_at)?)));
            let Some((equation, (facet, along))) = found else {
                lost.insert(spring.node);
                continue;
            };
            out.helpers.insert(spring.node);
            out.equations.insert(equation);
            on.entry(facet).or_default().push((spring.line, spring.stiffness, along));
        }
        let mut beds: BTreeMap<[u64; 2], (usize, Vec<u32>)> = BTreeMap::new();
        let mut uneven = 0;
        for (facet, springs) in on {
            let line = springs.iter().map(|s| s.0).min().unwrap_or(first);
            match self.stiffness(facet, &springs) {
                Some(stiffness) => {
                    let bed = beds.entry(stiffness.map(f64::to_bits)).or_insert((line, Vec::new()));
                    bed.0 = bed.0.min(line);
                    bed.1.push(facet);
                }
                None => uneven += 1,
            }
        }
        if !lost.is_empty() {
            let text = format!(
                "springs at {} nodes follow no face and are left out: set an elastic foundation on the faces instead",
                lost.len()
            );
            self.note(first, text);
        }
        if uneven > 0 {
            let text = format!("springs on {uneven} faces of elements do not cover them evenly and are left out");
            self.note(first, text);
        }
        out.beds = (beds.into_iter())
            .map(|([normal, tangential], (line, facets))| {
                let (normal, tangential) = (f64::from_bits(normal), f64::from_bits(tangential));
                (line, What::Elastic { normal, tangential }, facets)
            })
            .collect();
        out
    }

    /// The facet whose point the first node of an equation follows, and what it follows: a direction times the scale.
    fn followed(&self, equation: usize, facets_at: &BTreeMap<u32, Vec<u32>>) -> Option<(u32, DVec3)> {
        let terms = &self.deck.equations[equation].terms;
        let (own, others) = terms.split_first()?;
        let mut along = DVec3::ZERO;
        let mut nodes = BTreeSet::new();
        for (node, c, weight) in others {
            if !(1..=3).contains(c) || !self.is_solid(*node) {
                return None;
            }
            along[usize::from(*c) - 1] -= weight / own.2;
            nodes.insert(*node);
        }
        let candidates = facets_at.get(nodes.first()?)?;
        let has_all = |k: &&u32| nodes.iter().all(|n| self.skin.facets[**k as usize].nodes().contains(n));
        candidates.iter().find(has_all).map(|k| (*k, along))
    }

    /// Stiffness per area of a facet along its normal and in plane; `None` where its springs do not cover it evenly.
    fn stiffness(&self, facet: u32, springs: &[(usize, f64, DVec3)]) -> Option<[f64; 2]> {
        let facet = &self.skin.facets[facet as usize];
        let normal = facet.cross(self.deck).try_normalize()?;
        let mut stiffness: [Option<f64>; 2] = [None; 2];
        let mut area = [0.0; 2];
        for (_, k, along) in springs {
            let cosine = along.try_normalize()?.dot(normal).abs();
            let is_across = cosine * cosine < 1.0 - ALONG * ALONG;
            if cosine <= ALONG && !is_across {
                return None;
            }
            let which = usize::from(is_across);
            if *stiffness[which].get_or_insert(*k) != *k {
                return None;
            }
            // In plane there are two at every point.
            area[which] += along.length_squared() / (1.0 + which as f64);
        }
        let whole = shape::area(self.deck, facet);
        let even = (0..2).all(|i| stiffness[i].is_none() || (area[i] / whole - 1.0).abs() < AREA);
        even.then(|| stiffness.map(|k| k.unwrap_or(0.0)))
    }
}
