//! Displacement and strain on the true surface and inside it, from the solution on the lattice.
//!
//! Strain is best at the centroid of a cell's solid part, where the linear terms of its error vanish. At a point of the
//! skin, a linear function is fitted to the strains of the cells around by weighted least squares and read at the point
//! (in the spirit of Zienkiewicz & Zhu, IJNME 33, 1992), so the staircase of cells does not show. Slivers weigh little.

use crate::element::brick;
use crate::linear::Block;
use crate::mechanics::setup::Part;
use crate::mesh::Lattice;
use crate::result::tensor::von_mises;
use rayon::prelude::*;

/// Reach of the fit around a point, in cells.
const REACH: f64 = 2.2;

/// Strains at the centroids of the solid parts of cells: xx, yy, zz, xy, yz, zx (engineering shear).
pub struct Strains {
    /// `[cell]`, centroid in local coordinates of the cell.
    centroids: Vec<[f32; 3]>,
    /// `[case][cell]`
    values: Vec<Vec<[f32; 6]>>,
}

impl Strains {
    /// From nodal displacements `u`, m.
    pub fn new(lattice: &Lattice, u: &Block<f64>) -> Self {
        let mut centroids = vec![[0.0f32; 3]; lattice.n_cells];
        let mut places = Vec::with_capacity(lattice.n_cells);
        let [_, ny, nz] = lattice.grid.counts;
        for z in 0..nz {
            for y in 0..ny {
                for run in lattice.cell_row(y, z) {
                    places.extend((0..run.len as usize).map(|i| [run.x0 as usize + i, y, z]));
                }
            }
        }
        for block in &lattice.blocks {
            for lane in 0..block.len {
                centroids[block.cells[lane] as usize] = brick::centroid(&block.coefficients, lane);
            }
        }
        let h = lattice.grid.cell;
        let values = (0..u.n_cases)
            .map(|k| {
                places
                    .par_iter()
                    .zip(&centroids)
                    .map(|(at, c)| {
                        let Some(nodes) = lattice.cell_nodes(*at) else { return [0.0; 6] };
                        let moved = nodes.map(|n| u.at(k, n));
                        let g = brick::gradient(&moved, c.map(f64::from), h);
                        [
                            g[0][0] as f32,
                            g[1][1] as f32,
                            g[2][2] as f32,
                            (g[0][1] + g[1][0]) as f32,
                            (g[1][2] + g[2][1]) as f32,
                            (g[2][0] + g[0][2]) as f32,
                        ]
                    })
                    .collect()
            })
            .collect();
        Self { centroids, values }
    }

    /// Strains of all cases at a node amid eight whole cells: their mean. `None` elsewhere.
    fn amid(&self, lattice: &Lattice, at: [usize; 3]) -> Option<Vec<[f64; 6]>> {
        if (0..3).any(|a| at[a] == 0 || at[a] == lattice.grid.counts[a]) {
            return None;
        }
        let mut around = [0usize; 8];
        for (corner, cell) in around.iter_mut().enumerate() {
            let n = lattice.cell(std::array::from_fn(|a| at[a] - (corner >> a & 1)))? as usize;
            if self.centroids[n] != [0.0; 3] || lattice.fraction[n] < 1.0 {
                return None;
            }
            *cell = n;
        }
        let mean = |values: &[[f32; 6]]| {
            std::array::from_fn(|c| around.iter().map(|n| f64::from(values[*n][c])).sum::<f64>() / 8.0)
        };
        Some(self.values.iter().map(|v| mean(v)).collect())
    }

    /// Strains of all cases at `p`, by a linear fit to the cells around.
    fn at(&self, lattice: &Lattice, p: [f64; 3]) -> Vec<[f64; 6]> {
        let n_cases = self.values.len();
        let Some((centre, _)) = lattice.nearest_cell(p) else { return vec![[0.0; 6]; n_cases] };
        let grid = &lattice.grid;
        let local = grid.local(centre, p);
        let reach = REACH.ceil() as usize;
        // Normal equations of [1, x, y, z], lengths in cells from the point.
        let mut m = [[0.0f64; 4]; 4];
        let mut rhs = vec![[[0.0f64; 6]; 4]; n_cases];
        let range = |a: usize| centre[a].saturating_sub(reach)..=(centre[a] + reach).min(grid.counts[a] - 1);
        for z in range(2) {
            for y in range(1) {
                let xs = range(0);
                for run in lattice.cell_row(y, z) {
                    let from = (run.x0 as usize).max(*xs.start());
                    let to = ((run.x0 + run.len) as usize).min(*xs.end() + 1);
                    for x in from..to {
                        let n = (run.start + (x as u32 - run.x0)) as usize;
                        let c = self.centroids[n];
                        let at = [x, y, z];
                        let d: [f64; 3] = std::array::from_fn(|a| {
                            at[a] as f64 - centre[a] as f64 + 0.5 * (f64::from(c[a]) - local[a])
                        });
                        let r2 = d.iter().map(|d| d * d).sum::<f64>() / (REACH * REACH);
                        if r2 >= 1.0 {
                            continue;
                        }
                        let w = (1.0 - r2).powi(2) * f64::from(lattice.fraction[n].min(1.0));
                        let basis = [1.0, d[0], d[1], d[2]];
                        for i in 0..4 {
                            for j in 0..4 {
                                m[i][j] += w * basis[i] * basis[j];
                            }
                        }
                        for (rhs, values) in rhs.iter_mut().zip(&self.values) {
                            let e = values[n];
                            for i in 0..4 {
                                for c in 0..6 {
                                    rhs[i][c] += w * basis[i] * f64::from(e[c]);
                                }
                            }
                        }
                    }
                }
            }
        }
        if !(m[0][0] > 0.0) {
            return vec![[0.0; 6]; n_cases];
        }
        // A touch of damping on the slopes: where few cells lie around, the mean is all that can be known.
        for (i, row) in m.iter_mut().enumerate().skip(1) {
            row[i] += PRIOR;
        }
        let row = first_row_of_inverse(m);
        rhs.iter().map(|rhs| std::array::from_fn(|c| (0..4).map(|i| row[i] * rhs[i][c]).sum())).collect()
    }
}

/// Weight, in whole cells, of the prior that strain does not vary.
const PRIOR: f64 = 0.02;

/// First row of the inverse of a symmetric positive 4×4 matrix.
fn first_row_of_inverse(mut m: [[f64; 4]; 4]) -> [f64; 4] {
    let mut e = [1.0, 0.0, 0.0, 0.0];
    for i in 0..4 {
        for j in i + 1..4 {
            let f = m[j][i] / m[i][i];
            for k in i..4 {
                m[j][k] -= f * m[i][k];
            }
            e[j] -= f * e[i];
        }
    }
    for i in (0..4).rev() {
        for j in i + 1..4 {
            e[i] -= m[i][j] * e[j];
        }
        e[i] /= m[i][i];
    }
    e
}

/// Fields at points of one part, one case.
#[derive(Clone)]
pub struct PointFields {
    /// `[point]`, m.
    pub displacement: Vec<[f32; 3]>,
    /// `[point]`, Pa.
    pub von_mises: Vec<f32>,
    /// `[point]`: xx, yy, zz, xy, yz, zx, Pa.
    pub stress: Vec<[f32; 6]>,
}

/// Fields of all cases at `points` of the skin of `part`, m.
pub fn skin(
    lattice: &Lattice,
    u: &Block<f64>,
    strains: &Strains,
    part: &Part,
    points: &[[f64; 3]],
) -> Vec<PointFields> {
    gather(u.n_cases, points, part, |p| (displacement(lattice, u, *p), strains.at(lattice, *p)))
}

/// Fields of all cases at nodes of the grid, by their positions in it.
///
/// Amid whole cells strain is the mean of the eight around, which for a uniform grid is as good as the fit and far
/// cheaper; at walls it is the fit, so that a section meets the skin in the same colour.
pub fn nodes(
    lattice: &Lattice,
    u: &Block<f64>,
    strains: &Strains,
    part: &Part,
    positions: &[[usize; 3]],
) -> Vec<PointFields> {
    let grid = &lattice.grid;
    gather(u.n_cases, positions, part, |at| {
        let moved = match lattice.node(at[0], at[1], at[2]) {
            Some(node) => (0..u.n_cases).map(|k| u.at(k, node)).collect(),
            None => vec![[0.0; 3]; u.n_cases],
        };
        let strained = strains
            .amid(lattice, *at)
            .unwrap_or_else(|| strains.at(lattice, std::array::from_fn(|a| grid.origin[a] + grid.cell * at[a] as f64)));
        (moved, strained)
    })
}

/// Runs `read`, which returns displacement and strain of every case at a point, over all points of `part`.
fn gather<P: Sync>(
    n_cases: usize,
    points: &[P],
    part: &Part,
    read: impl Fn(&P) -> (Vec<[f64; 3]>, Vec<[f64; 6]>) + Sync,
) -> Vec<PointFields> {
    let rows: Vec<Vec<([f32; 3], f32, [f32; 6])>> = points
        .par_iter()
        .map(|p| {
            let (moved, strained) = read(p);
            moved
                .into_iter()
                .zip(strained)
                .map(|(d, e)| {
                    let s = stress(part, e);
                    (d.map(|c| c as f32), von_mises(s) as f32, s.map(|c| c as f32))
                })
                .collect()
        })
        .collect();
    (0..n_cases)
        .map(|k| PointFields {
            displacement: rows.iter().map(|r| r[k].0).collect(),
            von_mises: rows.iter().map(|r| r[k].1).collect(),
            stress: rows.iter().map(|r| r[k].2).collect(),
        })
        .collect()
}

/// Displacement of all cases at `p`, m.
pub fn displacement(lattice: &Lattice, u: &Block<f64>, p: [f64; 3]) -> Vec<[f64; 3]> {
    let place = lattice.nearest_cell(p).and_then(|(at, local)| Some((lattice.cell_nodes(at)?, brick::shape(local))));
    let Some((nodes, shape)) = place else { return vec![[0.0; 3]; u.n_cases] };
    (0..u.n_cases)
        .map(|k| {
            let mut d = [0.0; 3];
            for (node, n) in nodes.iter().zip(shape) {
                for (d, v) in d.iter_mut().zip(u.at(k, *node)) {
                    *d += n * v;
                }
            }
            d
        })
        .collect()
}

/// Stress of a part from strain, Pa: xx, yy, zz, xy, yz, zx.
pub fn stress(part: &Part, e: [f64; 6]) -> [f64; 6] {
    let [young, poisson] = part.at_room();
    let [lambda, mu] = brick::lame(poisson).map(|x| x * young);
    let trace = lambda * (e[0] + e[1] + e[2]);
    [trace + 2.0 * mu * e[0], trace + 2.0 * mu * e[1], trace + 2.0 * mu * e[2], mu * e[3], mu * e[4], mu * e[5]]
}
