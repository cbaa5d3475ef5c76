//! Trilinear transfer between a lattice and the one of doubled cells.

use super::block::Block;
use super::operator::{Foundation, Release};
use crate::element::lane::Real;
use crate::mesh::Lattice;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Coarse rows that fine row `y` hangs on, with weights.
fn parents(y: usize) -> ([usize; 2], usize, f64) {
    if y.is_multiple_of(2) { ([y / 2, 0], 1, 1.0) } else { ([y / 2, y / 2 + 1], 2, 0.5) }
}

/// `fine = P coarse`.
pub fn prolong<T: Real>(fine: &Lattice, coarse: &Lattice, from: &Block<T>, to: &mut Block<T>) {
    let ny = fine.grid.counts[1];
    for (part, out) in to.parts_mut().into_iter().enumerate() {
        let source = from.part(part / 3, part % 3);
        planes(fine, out).into_par_iter().enumerate().for_each(|(z, mine)| {
            let (zs, n_z, wz) = parents(z);
            let first_node = fine.plane_ptr[z] as usize;
            // Coarse values along the row, and each with the mean of it and the next.
            let mut values = Vec::new();
            let mut pairs = Vec::new();
            for y in 0..=ny {
                let (ys, n_y, wy) = parents(y);
                for run in fine.node_row(y, z) {
                    let (x0, len) = (run.x0 as usize, run.len as usize);
                    let last = x0 + len - 1;
                    let n_pairs = last / 2 - x0 / 2 + 1;
                    let n_coarse = last.div_ceil(2) - x0 / 2 + 1;
                    values.clear();
                    values.resize(n_pairs + 1, T::default());
                    for &cz in &zs[..n_z] {
                        for &cy in &ys[..n_y] {
                            // Every coarse corner of an active fine node exists.
                            let Some(first) = coarse.node(x0 / 2, cy, cz) else { continue };
                            let row = &source[first as usize..][..n_coarse];
                            let weight = T::of(wy * wz);
                            for (v, c) in values.iter_mut().zip(row) {
                                *v += *c * weight;
                            }
                        }
                    }
                    let half = T::of(0.5);
                    pairs.clear();
                    pairs.extend(values.windows(2).map(|v| [v[0], (v[0] + v[1]) * half]));
                    mine[run.start as usize - first_node..][..len]
                        .copy_from_slice(&pairs.as_flattened()[x0 % 2..][..len]);
                }
            }
        });
    }
}

/// `coarse = scale Pᵀ fine`.
pub fn restrict<T: Real>(fine: &Lattice, coarse: &Lattice, from: &Block<T>, to: &mut Block<T>, scale: f64) {
    let [_, ny, nz] = fine.grid.counts;
    for (part, out) in to.parts_mut().into_iter().enumerate() {
        let source = from.part(part / 3, part % 3);
        planes(coarse, out).into_par_iter().enumerate().for_each(|(cz, mine)| {
            let first_node = coarse.plane_ptr[cz] as usize;
            // Fine values along the row: at each coarse node, before that the ones between.
            let mut pairs = Vec::new();
            mine.fill(T::default());
            for z in (2 * cz).saturating_sub(1)..=(2 * cz + 1).min(nz) {
                let wz = if z == 2 * cz { scale } else { 0.5 * scale };
                for y in 0..=ny {
                    let (ys, n_y, wy) = parents(y);
                    for run in fine.node_row(y, z) {
                        let (x0, len) = (run.x0 as usize, run.len as usize);
                        let n_coarse = (x0 + len - 1).div_ceil(2) - x0 / 2 + 1;
                        pairs.clear();
                        pairs.resize(n_coarse + 1, [T::default(); 2]);
                        pairs.as_flattened_mut()[1 + x0 % 2..][..len]
                            .copy_from_slice(&source[run.start as usize..][..len]);
                        for &cy in &ys[..n_y] {
                            let Some(first) = coarse.node(x0 / 2, cy, cz) else { continue };
                            let row = &mut mine[first as usize - first_node..][..n_coarse];
                            let (whole, half) = (T::of(wy * wz), T::of(0.5 * wy * wz));
                            for ((c, here), next) in row.iter_mut().zip(&pairs).zip(&pairs[1..]) {
                                *c += here[1] * whole + (here[0] + next[0]) * half;
                            }
                        }
                    }
                }
            }
        });
    }
}

/// Values at the nodes of each plane.
fn planes<'a, T>(lattice: &Lattice, mut values: &'a mut [T]) -> Vec<&'a mut [T]> {
    let mut out = Vec::with_capacity(lattice.plane_ptr.len());
    for plane in lattice.plane_ptr.windows(2) {
        let (mine, tail) = values.split_at_mut((plane[1] - plane[0]) as usize);
        out.push(mine);
        values = tail;
    }
    out
}

/// Weights `[coarse corner][fine corner]` of a child cell's nodes in its parent.
fn child_weights(child: usize) -> [[f64; 8]; 8] {
    let mut w = [[0.0; 8]; 8];
    for fine in 0..8 {
        let local: [f64; 3] = std::array::from_fn(|a| (child >> a & 1) as f64 + (fine >> a & 1) as f64 - 1.0);
        for (coarse, weight) in crate::element::brick::shape(local).into_iter().enumerate() {
            w[coarse][fine] = weight;
        }
    }
    w
}

/// Foundations of the coarse lattice: `Pᵀ S P`, exactly. `ratio`: fine over coarse reference stiffness `E_ref h / 2`.
pub fn coarsen_foundations(foundations: &[Foundation], coarse: &Lattice, ratio: f64) -> Vec<Foundation> {
    let weights: Vec<_> = (0..8).map(child_weights).collect();
    let mut out: BTreeMap<[u32; 3], Foundation> = BTreeMap::new();
    for f in foundations {
        let at = f.at.map(|c| c / 2);
        let Some(nodes) = coarse.cell_nodes(at.map(|c| c as usize)) else { continue };
        let child = ((f.at[0] & 1) | (f.at[1] & 1) << 1 | (f.at[2] & 1) << 2) as usize;
        let w = &weights[child];
        let entry =
            out.entry([at[2], at[1], at[0]]).or_insert_with(|| Foundation { at, nodes, matrix: vec![0.0; 576] });
        // Half product first: (S P), then Pᵀ (S P).
        let mut half = [0.0; 576];
        for row in 0..24 {
            for corner in 0..8 {
                for c in 0..3 {
                    half[row * 24 + 3 * corner + c] =
                        (0..8).map(|n| f.matrix[row * 24 + 3 * n + c] * w[corner][n]).sum();
                }
            }
        }
        for corner in 0..8 {
            for c in 0..3 {
                for column in 0..24 {
                    entry.matrix[(3 * corner + c) * 24 + column] +=
                        ratio * (0..8).map(|n| w[corner][n] * half[(3 * n + c) * 24 + column]).sum::<f64>();
                }
            }
        }
    }
    out.into_values().collect()
}

/// Releases of the coarse lattice: `Pᵀ w`.
pub fn coarsen_releases(releases: &[Release], fine: &Lattice, coarse: &Lattice, ratio: f64) -> Vec<Release> {
    releases
        .iter()
        .map(|release| {
            let mut vectors = Vec::new();
            for vector in &release.vectors {
                let mut full = Block::<f64>::zero(fine.n_nodes, 1);
                for (n, w) in release.nodes.iter().zip(vector) {
                    full.add(0, *n, *w);
                }
                let mut small = Block::<f64>::zero(coarse.n_nodes, 1);
                restrict(fine, coarse, &full, &mut small, 1.0);
                vectors.push(small);
            }
            let nodes: Vec<u32> =
                (0..coarse.n_nodes as u32).filter(|n| vectors.iter().any(|v| v.at(0, *n) != [0.0; 3])).collect();
            let scale = ratio.sqrt();
            let vectors =
                vectors.iter().map(|v| nodes.iter().map(|n| v.at(0, *n).map(|c| c * scale)).collect()).collect();
            Release { nodes, vectors }
        })
        .collect()
}
