//! Strain energy of every cell at the reference stiffness: what compliance answers to a change of density by.

use crate::element::brick::{Whole, hadamard};
use crate::element::lane::{Lane, Real};
use crate::linear::Block;
use crate::mesh::Lattice;
use crate::mesh::lattice::W;
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

/// `uᵀ K u` of every cell of a graded lattice for case `k`, with `K` that of a cell of relative stiffness 1, over
/// `E_ref h / 2`.
pub fn by_cell(lattice: &Lattice, u: &Block<f64>, k: usize) -> Vec<f64> {
    let mut out = vec![0.0; lattice.n_cells];
    let mut layers = Vec::new();
    let mut rest = out.as_mut_slice();
    let [_, ny, nz] = lattice.grid.counts;
    for z in 0..nz {
        let n: u32 = (0..ny).flat_map(|y| lattice.cell_row(y, z)).map(|r| r.len).sum();
        let (mine, others) = rest.split_at_mut(n as usize);
        layers.push(mine);
        rest = others;
    }
    layers.into_par_iter().enumerate().for_each(|(z, out)| pulp::Arch::new().dispatch(Layer { lattice, u, k, z, out }));
    out
}

struct Layer<'a> {
    lattice: &'a Lattice,
    u: &'a Block<f64>,
    k: usize,
    z: usize,
    out: &'a mut [f64],
}

impl WithSimd for Layer<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { lattice, u, k, z, out } = self;
        let width = f64::width::<S>();
        let ny = lattice.grid.counts[1];
        let Some(base) = (0..ny).flat_map(|y| lattice.cell_row(y, z)).map(|r| r.start as usize).next() else { return };
        for (strip, rows) in lattice.strips_of(z) {
            let whole = Whole::<S, f64>::new(simd, strip.lame, lattice.keep);
            for (row, pair) in rows.windows(2).enumerate() {
                let at = [strip.x0 as usize, strip.row as usize + row, z];
                // Strips are made of cells.
                let Some(cell) = lattice.cell(at) else { continue };
                let first = [pair[0][0], pair[1][0], pair[0][1], pair[1][1]].map(|n| n as usize);
                let out = &mut out[cell as usize - base..][..strip.len as usize];
                for (n, out) in out.chunks_mut(width).enumerate() {
                    let mut at = [[Lane::zero(simd); 8]; 3];
                    for c in 0..3 {
                        let u = u.padded(k, c);
                        for corner in 0..8 {
                            at[c][corner] = Lane::load(simd, &u[first[corner >> 1] + (corner & 1) + n * width..]);
                        }
                        hadamard(&mut at[c]);
                    }
                    let forces = whole.forces(&at);
                    let mut sum = Lane::zero(simd);
                    for (u, f) in at.iter().zip(&forces) {
                        for m in 1..8 {
                            sum = u[m].mul_add(f[m], sum);
                        }
                    }
                    let mut lanes = [0.0; W];
                    sum.store(&mut lanes);
                    out.copy_from_slice(&lanes[..out.len()]);
                }
            }
        }
    }
}
