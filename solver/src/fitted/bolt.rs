//! Preloaded bolts: shanks that are made shorter between their ends.
//!
//! Tightening takes a length δ out of the shank: what lies beyond moves by −δ n towards what lies before, along the axis n.
//! With `g = −w n`, where w rises from 0 to 1 along the free shank, that is the initial strain `δ ε(g)` in the shank alone:
//! `σ = C (ε(u) − δ ε(g))`. The nodes carry w, so `ε(g)` is the strain of a motion that the elements know: another w gives
//! the same stresses, and the same as a cut across the shank whose sides are moved over each other by δ, which other
//! programs call a pre-tension section. The force that works on δ, `N = −∫ ε(g) : σ`, is the pull across that section.

use super::material::Materials;
use super::recover::Raw;
use super::{Mesh, push};
use crate::element::tet::{Inverted, matrix};
use glam::DVec3;
use std::collections::BTreeSet;

/// Off the axis by at most so many radii a point is of the shank: facets and fitted cylinders are not round.
const ROUND: f64 = 1.01;

/// A straight round shank. World, m.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cylinder {
    pub point: DVec3,
    /// Of length one.
    pub axis: DVec3,
    pub radius: f64,
    /// Its two ends along the axis, from the point.
    pub ends: [f64; 2],
}

impl Cylinder {
    /// Way along the axis, and distance from it, m.
    pub fn place(&self, p: DVec3) -> (f64, f64) {
        let r = p - self.point;
        let along = r.dot(self.axis);
        (along, (r - self.axis * along).length())
    }
}

/// A shank on a mesh.
#[derive(Clone, Debug, PartialEq)]
pub struct Shank {
    /// On the axis, m.
    pub point: DVec3,
    pub axis: DVec3,
    /// Ends along the axis, from the point, of the longest stretch to which nothing is attached, m.
    pub free: [f64; 2],
    /// Elements that reach into it, and w at their nodes.
    pub tets: Vec<(u32, [f64; 10])>,
}

/// What a unit of shortening does.
pub struct Pull {
    /// Nodal forces ∫ Bᵀ C ε(g), N/m, three per node.
    pub forces: Vec<f64>,
    /// What the shank's own elements resist with, N/m: about E A / l.
    pub stiffness: f64,
    /// C ε(g) at the integration points of the shank's elements, Pa/m.
    spared: Vec<[matrix::Stress; 4]>,
}

impl Shank {
    /// The shank of `part` in `cylinder`; nodes of `attached` are held, or bonded to something. Where nothing of it is free,
    /// the longest free stretch and the mean edge of its elements, m.
    ///
    /// # Errors
    /// See above.
    pub fn new(mesh: &Mesh, part: usize, cylinder: &Cylinder, attached: &BTreeSet<u32>) -> Result<Self, [f64; 2]> {
        let [from, to] = cylinder.ends;
        let inside = |p: DVec3| {
            let (along, off) = cylinder.place(p);
            (off <= ROUND * cylinder.radius && (from..=to).contains(&along)).then_some(along)
        };
        let span = mesh.parts[part].nodes.clone();
        let mut stops: Vec<f64> = attached
            .range(span.start as u32..span.end as u32)
            .filter_map(|n| inside(mesh.points[*n as usize]))
            .chain([from, to])
            .collect();
        stops.sort_by(f64::total_cmp);
        let longest = stops.windows(2).max_by(|a, b| (a[1] - a[0]).total_cmp(&(b[1] - b[0])));
        let free = longest.map_or([from, to], |w| [w[0], w[1]]);
        let length = free[1] - free[0];
        let mut shank = Self { point: cylinder.point, axis: cylinder.axis, free, tets: Vec::new() };
        let share = |n: u32| {
            let p = mesh.points[n as usize];
            let w = shank.share(p);
            (w, inside(p).is_some() && w > 0.0 && w < 1.0)
        };
        let mut tets = Vec::new();
        let mut size = 0.0;
        for t in mesh.parts[part].tets.clone() {
            let shares = mesh.tets[t].map(share);
            if shares.iter().any(|s| s.1) {
                tets.push((t as u32, shares.map(|s| s.0)));
                size += mesh.size(t);
            }
        }
        let size = size / tets.len().max(1) as f64;
        if tets.is_empty() || length < size {
            return Err([length, size]);
        }
        shank.tets = tets;
        Ok(shank)
    }

    /// w: how far along the free shank a place is, from 0 to 1.
    pub fn share(&self, p: DVec3) -> f64 {
        let [from, to] = self.free;
        (((p - self.point).dot(self.axis) - from) / (to - from)).clamp(0.0, 1.0)
    }

    fn motion(&self, shares: &[f64; 10]) -> [DVec3; 10] {
        shares.map(|w| self.axis * -w)
    }

    /// # Errors
    /// [`Inverted`].
    pub fn pull(&self, mesh: &Mesh, materials: Materials, n_nodes: usize) -> Result<Pull, Inverted> {
        let mut forces = vec![0.0; 3 * n_nodes];
        let mut spared = Vec::with_capacity(self.tets.len());
        let mut stiffness = 0.0;
        for (t, shares) in &self.tets {
            let t = *t as usize;
            let (x, c) = (mesh.nodes(t), materials.of(mesh, t));
            let g = self.motion(shares);
            let strains = matrix::strains(&x, &g, c)?;
            let stress = std::array::from_fn(|p| matrix::at(c, p).stress(&strains[p]));
            for ((n, g), f) in mesh.tets[t].iter().zip(g).zip(matrix::internal_force(&x, c, &stress)?) {
                push(&mut forces, *n, f);
                stiffness += g.dot(f);
            }
            spared.push(stress);
        }
        Ok(Pull { forces, stiffness, spared })
    }

    /// Takes out of the stresses that displacements give, Pa, what a unit of shortening does without.
    pub fn relieve(&self, pull: &Pull, raw: &mut Raw) {
        for ((t, _), spared) in self.tets.iter().zip(&pull.spared) {
            for (s, free) in raw[*t as usize].iter_mut().zip(spared) {
                for c in 0..6 {
                    s[c] -= free[c];
                }
            }
        }
    }

    /// The pull across the shank at stresses at integration points, N.
    ///
    /// # Errors
    /// [`Inverted`].
    pub fn force(&self, mesh: &Mesh, materials: Materials, raw: &Raw) -> Result<f64, Inverted> {
        let mut sum = 0.0;
        for (t, shares) in &self.tets {
            let t = *t as usize;
            let f = matrix::internal_force(&mesh.nodes(t), materials.of(mesh, t), &raw[t])?;
            sum -= self.motion(shares).iter().zip(f).map(|(g, f)| g.dot(f)).sum::<f64>();
        }
        Ok(sum)
    }
}
