//! Supports and rigid couplings as stiff elastic foundations, integrated over the true surface.
//!
//! The held face need not lie on the grid: `∫ β |u|² dA` over its triangles holds it where it is, with
//! `β = STIFFNESS · E / h`. The foundation gives by `traction / β`, parts in a thousand of what one cell gives, and a
//! larger β would hold neighbouring nodes rather than the face.

use crate::element::brick::shape;
use crate::linear::Block;
use crate::linear::operator::{Foundation, Release};
use crate::mechanics::load::Reaction;
use crate::mechanics::patch::Patch;
use crate::mechanics::support::Hold;
use crate::mesh::Lattice;
use glam::DVec3;
use std::collections::BTreeMap;

/// Foundation stiffness in units of E / h per area.
pub const STIFFNESS: f64 = 30.0;

/// Accumulates the foundations of many faces, cell by cell.
#[derive(Default)]
pub struct Foundations {
    cells: BTreeMap<[u32; 3], Foundation>,
}

impl Foundations {
    /// Adds `patch`; `stiffness` is what the hold's tensor is multiplied by, N/m³ over the operator's unit, N/m.
    pub fn add(&mut self, lattice: &Lattice, patch: &Patch, hold: Hold, stiffness: f64) {
        for p in &patch.points {
            let Some((at, local)) = lattice.nearest_cell(p.at.into()) else { continue };
            let Some(nodes) = lattice.cell_nodes(at) else { continue };
            let key = [at[2] as u32, at[1] as u32, at[0] as u32];
            let cell = self.cells.entry(key).or_insert_with(|| Foundation {
                at: [key[2], key[1], key[0]],
                nodes,
                matrix: vec![0.0; 576],
            });
            let k = stiffness * p.area;
            let tensor = hold.tensor(p.normal);
            let n = shape(local);
            for i in 0..8 {
                for j in 0..8 {
                    let weight = k * n[i] * n[j];
                    for a in 0..3 {
                        for b in 0..3 {
                            cell.matrix[(3 * i + a) * 24 + 3 * j + b] += weight * tensor.col(b)[a];
                        }
                    }
                }
            }
        }
    }

    pub fn finish(self) -> Vec<Foundation> {
        self.cells.into_values().collect()
    }
}

/// Lets the faces of a rigid coupling move as one solid piece: takes the six rigid motions off their foundation.
///
/// With `S` the foundation and `R` the rigid motions of the patch, `S − S R (Rᵀ S R)⁻¹ Rᵀ S`.
pub fn release(lattice: &Lattice, patch: &Patch, modulus: f64) -> Option<Release> {
    let h = lattice.grid.cell;
    let size = patch.area.sqrt();
    if !(size > 0.0) {
        return None;
    }
    let motion = |at: DVec3| -> [DVec3; 6] {
        let r = (at - patch.centroid) / size;
        [DVec3::X, DVec3::Y, DVec3::Z, DVec3::X.cross(r), DVec3::Y.cross(r), DVec3::Z.cross(r)]
    };
    let mut rows: BTreeMap<u32, [DVec3; 6]> = BTreeMap::new();
    let mut gram = [[0.0; 6]; 6];
    for p in &patch.points {
        let Some((at, local)) = lattice.nearest_cell(p.at.into()) else { continue };
        let Some(nodes) = lattice.cell_nodes(at) else { continue };
        let k = 2.0 * STIFFNESS * modulus * p.area / (h * h);
        let r = motion(p.at);
        for (row, a) in gram.iter_mut().zip(&r) {
            for (g, b) in row.iter_mut().zip(&r) {
                *g += k * a.dot(*b);
            }
        }
        for (node, n) in nodes.into_iter().zip(shape(local)) {
            let entry = rows.entry(node).or_insert([DVec3::ZERO; 6]);
            for (e, r) in entry.iter_mut().zip(&r) {
                *e += *r * (k * n);
            }
        }
    }
    // Cholesky of the 6×6 Gram matrix, then the columns of S R L⁻ᵀ.
    let mut l = [[0.0; 6]; 6];
    for i in 0..6 {
        for j in 0..=i {
            let s: f64 = gram[i][j] - (0..j).map(|k| l[i][k] * l[j][k]).sum::<f64>();
            if i == j {
                if !(s > 1e-12 * gram[i][i]) {
                    return None;
                }
                l[i][i] = s.sqrt();
            } else {
                l[i][j] = s / l[j][j];
            }
        }
    }
    let nodes: Vec<u32> = rows.keys().copied().collect();
    let mut vectors: Vec<Vec<[f64; 3]>> = (0..6).map(|_| Vec::with_capacity(nodes.len())).collect();
    for row in rows.values() {
        let mut y = [DVec3::ZERO; 6];
        for i in 0..6 {
            let mut s = row[i];
            for k in 0..i {
                s -= y[k] * l[i][k];
            }
            y[i] = s / l[i][i];
            vectors[i].push(y[i].into());
        }
    }
    Some(Release { nodes, vectors })
}

/// Stiffness per area that a hold's tensor is multiplied by, N/m³: springs bring their own.
pub fn stiffness(hold: Hold, youngs_modulus: f64, cell: f64) -> f64 {
    if hold.is_elastic() { 1.0 } else { STIFFNESS * youngs_modulus / cell }
}

/// What the foundation of `patch` exerts on the body in case `k`, with `stiffness` in N/m³ and `u` in m.
pub fn reaction(lattice: &Lattice, patch: &Patch, hold: Hold, stiffness: f64, u: &Block<f64>, k: usize) -> Reaction {
    let mut out = Reaction::default();
    for p in &patch.points {
        let Some((at, local)) = lattice.nearest_cell(p.at.into()) else { continue };
        let Some(nodes) = lattice.cell_nodes(at) else { continue };
        let mut moved = DVec3::ZERO;
        for (node, n) in nodes.into_iter().zip(shape(local)) {
            moved += DVec3::from(u.at(k, node)) * n;
        }
        out.add(p.at, hold.tensor(p.normal) * (hold.given(p.normal) - moved) * (stiffness * p.area));
    }
    out
}
