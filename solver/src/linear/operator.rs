//! The matrix-free stiffness of a lattice, its supports included.
//!
//! Cells are swept in slabs of layers along z. Slabs of even number write first, then those of odd number: slabs of one
//! parity share no node, so threads never meet, and the order of every sum is that of the slabs, whoever computes them.

use super::block::Block;
use crate::element::brick::{self, Corners};
use crate::element::lane::{Lane, Real};
use crate::mesh::lattice::{Chunk, Lattice, W};
use rayon::prelude::*;
use std::sync::Arc;

/// Most slabs a lattice is cut into.
const SLABS_MAX: usize = 32;

/// Extra stiffness of one cell, dense: elastic supports integrated over the true surface.
#[derive(Clone, Debug, PartialEq)]
pub struct Foundation {
    /// Position of the cell.
    pub at: [u32; 3],
    pub nodes: [u32; 8],
    /// 24×24, row-major, index `3 corner + component`; symmetric.
    pub matrix: Vec<f64>,
}

/// A symmetric positive update of low rank taken off the stiffness: `− Σ w wᵀ`, for rigid couplings.
#[derive(Clone, Debug, PartialEq)]
pub struct Release {
    /// Nodes it touches, ascending.
    pub nodes: Vec<u32>,
    /// `[vectors][nodes]` of three components.
    pub vectors: Vec<Vec<[f64; 3]>>,
}

/// Stiffness of a lattice with its supports, over `E_ref h / 2`.
#[derive(Clone, Debug)]
pub struct Operator {
    pub lattice: Arc<Lattice>,
    /// By layer, then row, then cell.
    foundations: Vec<Foundation>,
    /// First foundation of each layer.
    foundation_ptr: Vec<usize>,
    pub releases: Vec<Release>,
    slabs: Vec<(usize, usize)>,
}

impl Operator {
    pub fn new(lattice: Arc<Lattice>, mut foundations: Vec<Foundation>, releases: Vec<Release>) -> Self {
        foundations.sort_by_key(|f| (f.at[2], f.at[1], f.at[0]));
        let nz = lattice.grid.counts[2];
        let foundation_ptr = (0..=nz).map(|z| foundations.partition_point(|f| (f.at[2] as usize) < z)).collect();
        // Slabs of about equal work, at least one layer each.
        let total = lattice.chunks.len();
        let n_slabs = SLABS_MAX.min(nz);
        let mut slabs = Vec::new();
        let mut from = 0;
        for s in 0..n_slabs {
            let goal = total * (s + 1) / n_slabs;
            let mut to = from;
            while to < nz && ((lattice.layer_ptr[to + 1] as usize) <= goal || to == from) {
                to += 1;
            }
            if s + 1 == n_slabs {
                to = nz;
            }
            if to > from {
                slabs.push((from, to));
            }
            from = to;
        }
        Self { lattice, foundations, foundation_ptr, releases, slabs }
    }

    pub fn foundations(&self) -> &[Foundation] {
        &self.foundations
    }

    /// `y = A x`.
    pub fn apply<T: Real>(&self, x: &Block<T>, y: &mut Block<T>) {
        y.clear();
        let lattice = &*self.lattice;
        for parity in 0..2 {
            let mut tasks: Vec<(usize, usize, Vec<&mut [T]>)> =
                self.slabs.iter().skip(parity).step_by(2).map(|&(a, b)| (a, b, Vec::new())).collect();
            for part in y.parts_mut() {
                let mut rest = part;
                let mut done = 0;
                for (from, to, parts) in &mut tasks {
                    let (first, end) = (lattice.plane_ptr[*from] as usize, lattice.plane_ptr[*to + 1] as usize);
                    let (_, tail) = rest.split_at_mut(first - done);
                    let (mine, tail) = tail.split_at_mut(end - first);
                    parts.push(mine);
                    rest = tail;
                    done = end;
                }
            }
            tasks.into_par_iter().for_each(|(from, to, mut out)| {
                // The closure and all it calls are inlined into code for the best instructions of this machine.
                pulp::Arch::new().dispatch(
                    #[inline(always)]
                    || self.sweep(x, &mut out, from, to),
                );
            });
        }
        for release in &self.releases {
            for k in 0..x.n_cases {
                for vector in &release.vectors {
                    let dot: f64 = release
                        .nodes
                        .iter()
                        .zip(vector)
                        .map(|(n, w)| {
                            let u = x.at(k, *n);
                            w[0] * u[0].double() + w[1] * u[1].double() + w[2] * u[2].double()
                        })
                        .sum();
                    for (n, w) in release.nodes.iter().zip(vector) {
                        y.add(k, *n, w.map(|c| T::of(-dot * c)));
                    }
                }
            }
        }
    }

    #[inline(always)]
    fn sweep<T: Real>(&self, x: &Block<T>, out: &mut [&mut [T]], from: usize, to: usize) {
        let lattice = &*self.lattice;
        let base = lattice.plane_ptr[from] as usize;
        for z in from..to {
            let chunks = &lattice.chunks[lattice.layer_ptr[z] as usize..lattice.layer_ptr[z + 1] as usize];
            for chunk in chunks {
                for k in 0..x.n_cases {
                    let u = std::array::from_fn(|c| gather(x.padded(k, c), chunk));
                    let f = if chunk.block == u32::MAX {
                        brick::apply_whole(&u, chunk.lame, lattice.keep)
                    } else {
                        brick::apply_cut(&u, &lattice.blocks[chunk.block as usize])
                    };
                    for (c, f) in f.iter().enumerate() {
                        scatter(out[3 * k + c], base, chunk, f);
                    }
                }
            }
            for foundation in &self.foundations[self.foundation_ptr[z]..self.foundation_ptr[z + 1]] {
                for k in 0..x.n_cases {
                    let mut u = [T::default(); 24];
                    for (corner, node) in foundation.nodes.iter().enumerate() {
                        u[3 * corner..3 * corner + 3].copy_from_slice(&x.at(k, *node));
                    }
                    for (row, coefs) in foundation.matrix.chunks_exact(24).enumerate() {
                        let mut sum = T::default();
                        for (a, u) in coefs.iter().zip(&u) {
                            sum += T::of(*a) * *u;
                        }
                        out[3 * k + row % 3][foundation.nodes[row / 3] as usize - base] += sum;
                    }
                }
            }
        }
    }

    /// The 3×3 blocks on the diagonal: xx, yy, zz, xy, yz, zx per node.
    pub fn diagonal(&self) -> Vec<[f64; 6]> {
        let lattice = &*self.lattice;
        let mut out = vec![[0.0; 6]; lattice.n_nodes];
        for parity in 0..2 {
            let mut tasks = Vec::new();
            let mut rest = out.as_mut_slice();
            let mut done = 0;
            for &(from, to) in self.slabs.iter().skip(parity).step_by(2) {
                let (first, end) = (lattice.plane_ptr[from] as usize, lattice.plane_ptr[to + 1] as usize);
                let (_, tail) = rest.split_at_mut(first - done);
                let (mine, tail) = tail.split_at_mut(end - first);
                tasks.push((from, to, first, mine));
                rest = tail;
                done = end;
            }
            tasks.into_par_iter().for_each(|(from, to, base, mine)| {
                for z in from..to {
                    let chunks = &lattice.chunks[lattice.layer_ptr[z] as usize..lattice.layer_ptr[z + 1] as usize];
                    for chunk in chunks {
                        for corner in 0..8 {
                            let rows = unit_rows(lattice, chunk, corner);
                            let node = chunk.nodes[corner >> 1] as usize + (corner & 1) - base;
                            for lane in 0..chunk.len as usize {
                                for (n, (a, b)) in PAIRS.into_iter().enumerate() {
                                    mine[node + lane][n] += rows[a][b].0[lane];
                                }
                            }
                        }
                    }
                    for f in &self.foundations[self.foundation_ptr[z]..self.foundation_ptr[z + 1]] {
                        for (corner, node) in f.nodes.iter().enumerate() {
                            for (n, (a, b)) in PAIRS.into_iter().enumerate() {
                                mine[*node as usize - base][n] += f.matrix[(3 * corner + a) * 24 + 3 * corner + b];
                            }
                        }
                    }
                }
            });
        }
        out
    }

    /// Adds every entry of the matrix, as `add(row node, row component, column node, column component, value)`.
    pub fn for_each_entry(&self, mut add: impl FnMut(u32, usize, u32, usize, f64)) {
        for chunk in &self.lattice.chunks {
            for corner in 0..8 {
                for c in 0..3 {
                    let f = response(&self.lattice, chunk, corner, c);
                    for lane in 0..chunk.len as u32 {
                        let node = |corner: usize| chunk.nodes[corner >> 1] + (corner & 1) as u32 + lane;
                        for (row, f) in f.iter().enumerate() {
                            for (other, f) in f.iter().enumerate() {
                                add(node(other), row, node(corner), c, f.0[lane as usize]);
                            }
                        }
                    }
                }
            }
        }
        for f in &self.foundations {
            for (n, value) in f.matrix.iter().enumerate() {
                let (row, column) = (n / 24, n % 24);
                add(f.nodes[row / 3], row % 3, f.nodes[column / 3], column % 3, *value);
            }
        }
        for release in &self.releases {
            for vector in &release.vectors {
                for (p, v) in release.nodes.iter().zip(vector) {
                    for (q, w) in release.nodes.iter().zip(vector) {
                        for a in 0..3 {
                            for b in 0..3 {
                                add(*p, a, *q, b, -v[a] * w[b]);
                            }
                        }
                    }
                }
            }
        }
    }

    pub fn bytes(&self) -> usize {
        self.lattice.bytes() + self.foundations.len() * (size_of::<Foundation>() + 576 * 8)
    }
}

/// Row and column of each stored entry of a symmetric 3×3 block.
const PAIRS: [(usize, usize); 6] = [(0, 0), (1, 1), (2, 2), (0, 1), (1, 2), (2, 0)];

/// Forces of a chunk for a unit displacement of one corner in one direction.
fn response(lattice: &Lattice, chunk: &Chunk, corner: usize, component: usize) -> [Corners<f64>; 3] {
    let mut u = [[Lane::zero(); 8]; 3];
    u[component][corner] = Lane::splat(1.0);
    if chunk.block == u32::MAX {
        brick::apply_whole(&u, chunk.lame, lattice.keep)
    } else {
        brick::apply_cut(&u, &lattice.blocks[chunk.block as usize])
    }
}

/// The 3×3 block of one corner with itself, per lane.
fn unit_rows(lattice: &Lattice, chunk: &Chunk, corner: usize) -> [[Lane<f64>; 3]; 3] {
    let columns: [_; 3] = std::array::from_fn(|c| response(lattice, chunk, corner, c));
    std::array::from_fn(|row| std::array::from_fn(|c| columns[c][row][corner]))
}

#[inline(always)]
fn gather<T: Real>(x: &[T], chunk: &Chunk) -> Corners<T> {
    let mut u = [Lane::zero(); 8];
    for (row, node) in chunk.nodes.iter().enumerate() {
        let s = &x[*node as usize..][..W + 1];
        u[2 * row] = Lane::load(s);
        u[2 * row + 1] = Lane::load(&s[1..]);
    }
    u
}

#[inline(always)]
fn scatter<T: Real>(y: &mut [T], base: usize, chunk: &Chunk, f: &Corners<T>) {
    for (row, node) in chunk.nodes.iter().enumerate() {
        let len = chunk.len as usize;
        let s = &mut y[*node as usize - base..][..len + 1];
        let (left, right) = (&f[2 * row].0, &f[2 * row + 1].0);
        if len == W {
            let mut both = [T::default(); W + 1];
            both[..W].copy_from_slice(left);
            for (b, r) in both[1..].iter_mut().zip(right) {
                *b += *r;
            }
            for (s, b) in s[..W + 1].iter_mut().zip(&both) {
                *s += *b;
            }
        } else {
            for l in 0..len {
                s[l] += left[l];
                s[l + 1] += right[l];
            }
        }
    }
}

/// The instructions that the sweeps are dispatched to on this machine, for the record: bits are promised equal on one
/// instruction set (P11).
pub fn instruction_set() -> &'static str {
    match pulp::Arch::new() {
        #[cfg(target_arch = "x86_64")]
        pulp::Arch::V3(_) => "x86_64+avx2+fma",
        _ if cfg!(target_arch = "x86_64") => "x86_64",
        _ if cfg!(target_arch = "aarch64") => "aarch64",
        _ => "portable",
    }
}
