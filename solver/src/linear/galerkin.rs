//! The Galerkin operator `Pᵀ A P` on doubled cells, where cells differ in stiffness.
//!
//! The mean stiffness of eight children is far from what they are together once stiff ones stand beside void. Here each
//! coarse cell keeps the full stiffness that its children have for trilinear displacements: see [`super::full`]. Cells with
//! fixed nodes, which no rigid motion leaves free of force, are carried apart as [`Foundation`]s. Nothing but these depends
//! on where nodes are fixed: `P` is zero there.

use super::dense::{Cholesky, eigen};
use super::full::{FullBlock, N_ENTRIES, Packed, Refinement, whole};
use super::operator::{Foundation, Operator};
use super::transfer::coarsen_foundations;
use crate::element::brick::Whole;
use crate::element::lane::{Lane, dispatch};
use crate::mesh::Lattice;
use crate::mesh::lattice::W;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The reference stiffness `E h / 2` doubles with the cell.
pub const RATIO: f64 = 0.5;

/// A fine cell with fixed nodes.
#[derive(Clone, Debug)]
struct Supported {
    cell: u32,
    /// Of its parent.
    at: [u32; 3],
    nodes: [u32; 8],
    pattern: usize,
}

/// What makes the coarse operator of a fine one again whenever stiffness changes.
#[derive(Clone, Debug)]
pub struct Coarsening {
    /// By parent.
    supported: Vec<Supported>,
    /// What a cell of the reference stiffness adds to its parent's foundation, by place and fixed components.
    patterns: Vec<Vec<f64>>,
    /// What one adds to its parent otherwise, by place; none where the fine cells are full already.
    tables: Option<Box<[Packed; 8]>>,
}

impl Coarsening {
    /// The coarse operator of `fine`, whose cells are graded or full, and what fills it.
    pub fn new(fine: &Operator) -> (Self, Operator) {
        let lattice = &*fine.lattice;
        let grid = lattice.grid.coarser();
        let mut cells = Vec::with_capacity(lattice.n_cells / 4);
        lattice.for_each_cell(|_, at| {
            let cell = grid.index(at.map(|c| c / 2)) as u32;
            if cells.last() != Some(&cell) {
                cells.push(cell);
            }
        });
        cells.sort_unstable();
        cells.dedup();
        let coarse = Arc::new(Lattice::bare(grid, cells.into_iter()));
        let mut out = Self { supported: Vec::new(), patterns: Vec::new(), tables: None };
        if fine.relatives().is_some() {
            let lame = lattice.strips.first().map_or([0.0; 2], |s| s.lame);
            out.tables = Some(Box::new(tables(lame)));
            out.find_supported(fine, &coarse, lame);
        }
        let mut coarse = Operator::full(coarse);
        out.fill(fine, &mut coarse);
        (out, coarse)
    }

    fn find_supported(&mut self, fine: &Operator, coarse: &Lattice, lame: [f64; 2]) {
        let holds: BTreeMap<u32, [bool; 3]> = fine.fixed().iter().map(|f| (f.node, f.components)).collect();
        if holds.is_empty() {
            return;
        }
        let mut fixed = vec![false; fine.lattice.n_nodes];
        holds.keys().for_each(|n| fixed[*n as usize] = true);
        let mut patterns = BTreeMap::new();
        fine.lattice.for_each_cell(|cell, at| {
            let Some(nodes) = fine.lattice.cell_nodes(at) else { return };
            if nodes.iter().all(|n| !fixed[*n as usize]) {
                return;
            }
            let free = nodes.map(|n| holds.get(&n).map_or([true; 3], |f| f.map(|f| !f)));
            let parent = at.map(|c| (c / 2) as u32);
            let Some(nodes) = coarse.cell_nodes(at.map(|c| c / 2)) else { return };
            let child = (at[0] & 1) | (at[1] & 1) << 1 | (at[2] & 1) << 2;
            let pattern = *patterns.entry((child, free)).or_insert_with(|| {
                let at = at.map(|c| c as u32);
                let one = Foundation { at, nodes, matrix: held(lame, &free) };
                self.patterns.push(coarsen_foundations(&[one], coarse, RATIO).remove(0).matrix);
                self.patterns.len() - 1
            });
            self.supported.push(Supported { cell, at: parent, nodes, pattern });
        });
        self.supported.sort_by_key(|s| ([s.at[2], s.at[1], s.at[0]], s.cell));
    }

    /// Fills `coarse`, made by [`Self::new`], for the stiffness that `fine` has now.
    pub fn fill(&self, fine: &Operator, coarse: &mut Operator) {
        let lattice = coarse.lattice.clone();
        match (&self.tables, fine.relatives()) {
            (Some(tables), Some(relative)) => {
                let mut free = relative.to_vec();
                self.supported.iter().for_each(|s| free[s.cell as usize] = 0.0);
                coarse.full.blocks.par_iter_mut().for_each(|block| {
                    let children = children(block, &fine.lattice, &lattice);
                    dispatch(
                        #[inline(always)]
                        || fill_first(block, &children, &free, tables),
                    );
                });
                let families = self.supported.chunk_by(|a, b| a.at == b.at);
                let foundation = |family: &[Supported]| {
                    let mut matrix = vec![0.0; 576];
                    for s in family {
                        let e = relative[s.cell as usize];
                        for (to, one) in matrix.iter_mut().zip(&self.patterns[s.pattern]) {
                            *to += e * one;
                        }
                    }
                    Foundation { at: family[0].at, nodes: family[0].nodes, matrix }
                };
                coarse.set_foundations(families.map(foundation).collect());
            }
            _ => {
                let refinements: [Refinement; 8] = std::array::from_fn(Refinement::new);
                coarse.full.blocks.par_iter_mut().for_each(|block| {
                    let children = children(block, &fine.lattice, &lattice);
                    dispatch(
                        #[inline(always)]
                        || fill_next(block, &children, fine, &refinements),
                    );
                });
                coarse.set_foundations(coarsen_foundations(fine.foundations(), &lattice, RATIO));
            }
        }
    }
}

/// Number and layer of each child of the cells of a block, `[child][lane]`.
fn children(block: &FullBlock, fine: &Lattice, coarse: &Lattice) -> [[Option<(u32, usize)>; W]; 8] {
    let mut out = [[None; W]; 8];
    for lane in 0..block.len {
        let at = coarse.grid.position(block.at[lane] as usize);
        for (child, out) in out.iter_mut().enumerate() {
            let at: [usize; 3] = std::array::from_fn(|a| 2 * at[a] + (child >> a & 1));
            let inside = at.iter().zip(fine.grid.counts).all(|(c, n)| *c < n);
            out[lane] = if inside { fine.cell(at).map(|n| (n, at[2])) } else { None };
        }
    }
    out
}

#[inline(always)]
fn fill_first(
    block: &mut FullBlock,
    children: &[[Option<(u32, usize)>; W]; 8],
    relative: &[f64],
    tables: &[Packed; 8],
) {
    let weights = children.map(|lanes| lanes.map(|c| c.map_or(0.0, |(cell, _)| relative[cell as usize])));
    for (entry, lanes) in block.entries.iter_mut().enumerate() {
        let mut sum = [0.0; W];
        for (weights, table) in weights.iter().zip(tables) {
            for (sum, weight) in sum.iter_mut().zip(weights) {
                *sum += table[entry] * weight;
            }
        }
        *lanes = sum.map(|k| k as f32);
    }
}

#[inline(always)]
fn fill_next(
    block: &mut FullBlock,
    children: &[[Option<(u32, usize)>; W]; 8],
    fine: &Operator,
    refinements: &[Refinement; 8],
) {
    let mut sum = [[0.0; W]; N_ENTRIES];
    let mut child = [[0.0; W]; N_ENTRIES];
    for (lanes, refinement) in children.iter().zip(refinements) {
        for (lane, place) in lanes.iter().enumerate() {
            match place {
                Some((cell, z)) => {
                    let (from, at) = fine.full.find(*cell, *z);
                    for (to, k) in child.iter_mut().zip(&fine.full.blocks[from].entries) {
                        to[lane] = f64::from(k[at]);
                    }
                }
                None => child.iter_mut().for_each(|to| to[lane] = 0.0),
            }
        }
        refinement.add(RATIO, &child, &mut sum);
    }
    for (to, sum) in block.entries.iter_mut().zip(&sum) {
        *to = sum.map(|k| k as f32);
    }
}

/// What a child of the reference stiffness adds to its parent, by place.
fn tables(lame: [f64; 2]) -> [Packed; 8] {
    let one = whole(lame);
    std::array::from_fn(|child| {
        let mut lanes = [[0.0; W]; N_ENTRIES];
        Refinement::new(child).add(RATIO, &one.map(|k| [k; W]), &mut lanes);
        lanes.map(|k| k[0])
    })
}

/// Largest eigenvalue of the stiffness of a whole cell over its own diagonal blocks.
///
/// No sum of cells has a larger one over the sum of their blocks, however they differ in stiffness: the Rayleigh quotient
/// is a mean of theirs (Fried, Int. J. Solids Struct. 8, 1972).
pub fn largest(lame: [f64; 2]) -> f64 {
    let k = held(lame, &[[true; 3]; 8]);
    // With D = L Lᵀ in blocks, of L⁻¹ K L⁻ᵀ, by columns and then by rows.
    let mut scaled = k.clone();
    for _ in 0..2 {
        let mut turned = vec![0.0; 576];
        for corner in 0..8 {
            let block = (0..9).map(|n| k[(3 * corner + n / 3) * 24 + 3 * corner + n % 3]).collect();
            // A cell's block is positive: no motion of one node alone is rigid.
            let Ok(factor) = Cholesky::new(3, block) else { return f64::INFINITY };
            for column in 0..24 {
                let mut x: [f64; 3] = std::array::from_fn(|c| scaled[(3 * corner + c) * 24 + column]);
                factor.forward(&mut x);
                for (c, x) in x.into_iter().enumerate() {
                    turned[column * 24 + 3 * corner + c] = x;
                }
            }
        }
        scaled = turned;
    }
    eigen(24, &scaled).0[23]
}

/// The stiffness of a whole cell between components that are `free`, 24×24.
fn held(lame: [f64; 2], free: &[[bool; 3]; 8]) -> Vec<f64> {
    let simd = pulp::Scalar::new();
    let whole = Whole::<_, f64>::new(simd, lame, 1.0);
    let mut matrix = vec![0.0; 576];
    for corner in 0..8 {
        for c in (0..3).filter(|c| free[corner][*c]) {
            let mut u = [[Lane::zero(simd); 8]; 3];
            u[c][corner] = Lane::splat(simd, 1.0);
            let f = whole.apply(&u);
            for other in 0..8 {
                for a in (0..3).filter(|a| free[other][*a]) {
                    matrix[(3 * other + a) * 24 + 3 * corner + c] = f[a][other].first();
                }
            }
        }
    }
    matrix
}
