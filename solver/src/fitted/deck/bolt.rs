//! Bolts in a deck: cuts across their shanks, whose sides are moved over each other along the axis.
//!
//! What `*PRE-TENSION SECTION` stands for, written out, so that every program of the family reads it: the elements beyond
//! the cut have nodes of their own there, which follow the others less the shortening. That is component 1 of a node of
//! its own; the force on it is the pull of the bolt.

use super::numbered;
use crate::fitted::Mesh;
use crate::fitted::bolt::Shank;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// A tightened bolt.
pub struct Bolt<'a> {
    pub name: &'a str,
    pub part: usize,
    pub shank: &'a Shank,
    /// m
    pub shortening: f64,
}

/// A cut mesh. Numbers are those of the deck.
pub(super) struct Cut {
    /// By node of the mesh at the cut: its copy beyond.
    copies: BTreeMap<u32, usize>,
    /// Elements beyond that have one.
    far: BTreeSet<usize>,
    reference: usize,
}

impl Cut {
    pub fn new(mesh: &Mesh, bolt: &Bolt, next: &mut usize) -> Self {
        let beyond = |t: usize| {
            let corners = &mesh.tets[t][..4];
            corners.iter().map(|n| bolt.shank.share(mesh.points[*n as usize])).sum::<f64>() > 2.0
        };
        let mut sides: BTreeMap<u32, [bool; 2]> = BTreeMap::new();
        for (t, _) in &bolt.shank.tets {
            let side = usize::from(beyond(*t as usize));
            for n in mesh.tets[*t as usize] {
                sides.entry(n).or_default()[side] = true;
            }
        }
        let mut number = || {
            *next += 1;
            *next - 1
        };
        let copies: BTreeMap<u32, usize> =
            sides.into_iter().filter(|(_, on)| on[0] && on[1]).map(|(n, _)| (n, number())).collect();
        let touches = |t: &usize| mesh.tets[*t].iter().any(|n| copies.contains_key(n));
        let far = mesh.parts[bolt.part].tets.clone().filter(|t| touches(t) && beyond(*t)).collect();
        Self { copies, far, reference: number() }
    }

    /// The number of node `n` in element `t`, where it is another than the mesh's.
    pub fn number(&self, t: usize, n: u32) -> Option<usize> {
        self.copies.get(&n).copied().filter(|_| self.far.contains(&t))
    }

    /// Numbers of the copies, and the nodes of the mesh they stand at.
    pub fn copies(&self) -> impl Iterator<Item = (usize, u32)> + '_ {
        self.copies.iter().map(|(n, copy)| (*copy, *n))
    }

    /// The further nodes.
    pub fn nodes(&self, s: &mut String, mesh: &Mesh) {
        let Some((first, _)) = self.copies.first_key_value() else { return };
        s.push_str("*NODE,NSET=NALL\n");
        for (n, number) in self.copies.iter().map(|(n, c)| (*n, *c)).chain([(*first, self.reference)]) {
            let p = mesh.points[n as usize];
            let _ = writeln!(s, "{number},{:.12e},{:.12e},{:.12e}", p.x, p.y, p.z);
        }
    }

    /// What ties the two sides together.
    pub fn equations(&self, s: &mut String, bolt: &Bolt) {
        let axis = bolt.shank.axis;
        for (n, copy) in &self.copies {
            for c in 0..3 {
                let mut terms = vec![(*copy, c + 1, 1.0), (*n as usize + 1, c + 1, -1.0)];
                if axis[c].abs() > super::NOTHING {
                    terms.push((self.reference, 1, axis[c]));
                }
                numbered(s, &terms);
            }
        }
    }
}

/// The bolts' own nodes as the set BOLTS.
pub(super) fn set(s: &mut String, cuts: &[Cut]) {
    if !cuts.is_empty() {
        s.push_str("*NSET,NSET=BOLTS\n");
        cuts.iter().for_each(|c| {
            let _ = writeln!(s, "{},", c.reference);
        });
    }
}

/// The shortenings, for every step.
pub(super) fn shortenings(s: &mut String, cuts: &[Cut], bolts: &[Bolt]) {
    for (cut, bolt) in cuts.iter().zip(bolts) {
        let _ = writeln!(s, "** {}", super::one_line(bolt.name));
        let _ = writeln!(s, "*BOUNDARY\n{},1,1,{:.12e}", cut.reference, bolt.shortening);
    }
}
