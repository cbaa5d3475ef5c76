//! The physics of the published topology optimisation scripts: squares in plane stress, cubes in space, of edge 1 with
//! Young's modulus 1 and Poisson's ratio 0.3, assembled in a band and solved by Cholesky.

use solver::density::physics::{Physics, Response};

pub struct Structure {
    counts: [usize; 3],
    /// 2 or 3: components of a node's displacement.
    dim: usize,
    /// Step in node numbers along each axis; the longest axis has the longest, which keeps the band narrow.
    strides: [usize; 3],
    n_nodes: usize,
    held: Vec<bool>,
    loads: Vec<Vec<f64>>,
    /// Stiffness matrix of one cell, row by row.
    cell: Vec<f64>,
    band: usize,
}

impl Structure {
    /// Without supports and loads; plane where one cell thick.
    pub fn new(counts: [usize; 3]) -> Self {
        let dim = if counts[2] == 1 { 2 } else { 3 };
        let mut axes: Vec<usize> = (0..dim).collect();
        axes.sort_by_key(|a| counts[*a]);
        let (mut strides, mut n_nodes) = ([0; 3], 1);
        for a in axes {
            strides[a] = n_nodes;
            n_nodes *= counts[a] + 1;
        }
        let band = dim * (1 + strides.iter().sum::<usize>());
        Self { counts, dim, strides, n_nodes, held: vec![false; dim * n_nodes], loads: vec![], cell: matrix(dim), band }
    }

    fn node(&self, at: [usize; 3]) -> usize {
        at.iter().zip(self.strides).map(|(p, s)| p * s).sum()
    }

    /// Holds the components for which `which` says so, at every node.
    pub fn hold(mut self, which: impl Fn([usize; 3]) -> [bool; 3]) -> Self {
        for at in nodes(self.counts, self.dim) {
            let node = self.node(at);
            for (c, held) in which(at).into_iter().take(self.dim).enumerate() {
                self.held[self.dim * node + c] |= held;
            }
        }
        self
    }

    /// Adds a load case of forces on nodes.
    pub fn load(mut self, forces: &[([usize; 3], [f64; 3])]) -> Self {
        let mut load = vec![0.0; self.dim * self.n_nodes];
        for (at, force) in forces {
            let node = self.node(*at);
            (0..self.dim).for_each(|c| load[self.dim * node + c] += force[c]);
        }
        self.loads.push(load);
        self
    }

    /// The half of a beam on two supports that bears a force in the middle (the MBB beam): held across its left side, on a
    /// roller at the lower right corner, pressed at the upper left one.
    pub fn half_beam(nx: usize, ny: usize) -> Self {
        Self::new([nx, ny, 1])
            .hold(|[x, y, _]| [x == 0, x == nx && y == 0, false])
            .load(&[([0, ny, 0], [0.0, -1.0, 0.0])])
    }

    /// Clamped at its left side, pulled down along the lower right edge by a unit force at every node.
    pub fn cantilever(counts: [usize; 3]) -> Self {
        let [nx, _, nz] = counts;
        let edge: Vec<_> = (0..=if nz == 1 { 0 } else { nz }).map(|z| ([nx, 0, z], [0.0, -1.0, 0.0])).collect();
        Self::new(counts).hold(|[x, ..]| [x == 0; 3]).load(&edge)
    }

    fn unknowns(&self, cell: usize) -> Vec<usize> {
        let [nx, ny, _] = self.counts;
        let at = [cell % nx, cell / nx % ny, cell / (nx * ny)];
        (0..1usize << self.dim)
            .flat_map(|corner| {
                let node = self.node(std::array::from_fn(|a| at[a] + (corner >> a & 1)));
                (0..self.dim).map(move |c| self.dim * node + c)
            })
            .collect()
    }
}

fn nodes(counts: [usize; 3], dim: usize) -> impl Iterator<Item = [usize; 3]> {
    let [nx, ny, nz] = [counts[0], counts[1], if dim == 2 { 0 } else { counts[2] }];
    (0..=nz).flat_map(move |z| (0..=ny).flat_map(move |y| (0..=nx).map(move |x| [x, y, z])))
}

/// Stiffness of a square (plane stress) or a cube by two Gauss points along each axis, which is exact.
fn matrix(dim: usize) -> Vec<f64> {
    let (nu, corners) = (0.3, 1usize << dim);
    let n = dim * corners;
    let (lame, shear) =
        (if dim == 2 { nu / (1.0 - nu * nu) } else { nu / ((1.0 + nu) * (1.0 - 2.0 * nu)) }, 0.5 / (1.0 + nu));
    let mut out = vec![0.0; n * n];
    for point in 0..corners {
        let x: Vec<f64> =
            (0..dim).map(|a| 0.5 + (if point >> a & 1 == 1 { 0.5 } else { -0.5 }) / 3.0f64.sqrt()).collect();
        let gradient = |corner: usize, along: usize| -> f64 {
            (0..dim)
                .map(|a| match (corner >> a & 1 == 1, a == along) {
                    (upper, true) => {
                        if upper {
                            1.0
                        } else {
                            -1.0
                        }
                    }
                    (true, false) => x[a],
                    (false, false) => 1.0 - x[a],
                })
                .product()
        };
        for p in 0..n {
            for q in 0..n {
                let (i, j) = (p % dim, q % dim);
                let (gp, gq): (Vec<f64>, Vec<f64>) =
                    (0..dim).map(|a| (gradient(p / dim, a), gradient(q / dim, a))).unzip();
                let mut k = lame * gp[i] * gq[j] + shear * gp[j] * gq[i];
                if i == j {
                    k += shear * gp.iter().zip(&gq).map(|(a, b)| a * b).sum::<f64>();
                }
                out[p * n + q] += k / corners as f64;
            }
        }
    }
    out
}

#[derive(Debug)]
pub struct Singular;

impl Physics for Structure {
    type Error = Singular;

    fn n_cases(&self) -> usize {
        self.loads.len()
    }

    fn solve(&mut self, stiffness: &[f64]) -> Result<Response, Singular> {
        let n = self.held.len();
        let width = self.band;
        // Row i holds columns i − width + 1 ..= i.
        let mut a = vec![0.0; n * width];
        let size = self.dim << self.dim;
        for (cell, e) in stiffness.iter().enumerate().filter(|(_, e)| **e > 0.0) {
            let unknowns = self.unknowns(cell);
            for (p, i) in unknowns.iter().enumerate() {
                for (q, j) in unknowns.iter().enumerate().filter(|(_, j)| *j <= i) {
                    if !self.held[*i] && !self.held[*j] {
                        a[i * width + width - 1 - (i - j)] += e * self.cell[p * size + q];
                    }
                }
            }
        }
        // Unknowns that are held, or belong to no cell, stay where they are.
        let alive: Vec<bool> = (0..n).map(|i| a[i * width + width - 1] > 0.0).collect();
        (0..n).filter(|i| !alive[*i]).for_each(|i| a[i * width + width - 1] = 1.0);
        for i in 0..n {
            let first = (i + 1).saturating_sub(width);
            let (done, rest) = a.split_at_mut(i * width);
            let row = &mut rest[..width];
            let at = |j: usize| width - 1 - (i - j);
            for j in first..i {
                let low = first.max((j + 1).saturating_sub(width));
                let other = &done[j * width..][..width];
                let off = width - 1 - (j - low);
                let s = dot(&row[at(low)..at(j)], &other[off..width - 1]);
                row[at(j)] = (row[at(j)] - s) / other[width - 1];
            }
            let pivot = row[width - 1] - dot(&row[at(first)..width - 1], &row[at(first)..width - 1]);
            if !(pivot > 0.0) {
                return Err(Singular);
            }
            row[width - 1] = pivot.sqrt();
        }
        let mut response = Response::default();
        for load in &self.loads {
            let mut u: Vec<f64> = load.iter().zip(&alive).map(|(f, a)| if *a { *f } else { 0.0 }).collect();
            for i in 0..n {
                let first = (i + 1).saturating_sub(width);
                let row = &a[i * width..][..width];
                u[i] = (u[i] - dot(&row[width - 1 - (i - first)..width - 1], &u[first..i])) / row[width - 1];
            }
            for i in (0..n).rev() {
                let first = (i + 1).saturating_sub(width);
                let row = &a[i * width..][..width];
                u[i] /= row[width - 1];
                let value = u[i];
                let part = &row[width - 1 - (i - first)..width - 1];
                u[first..i].iter_mut().zip(part).for_each(|(u, l)| *u -= l * value);
            }
            response.compliance.push(dot(load, &u));
            let energy = |cell: usize| -> f64 {
                let local: Vec<f64> = self.unknowns(cell).into_iter().map(|i| u[i]).collect();
                (0..size).map(|p| local[p] * dot(&self.cell[p * size..][..size], &local)).sum()
            };
            response.energies.push((0..stiffness.len()).map(energy).collect());
        }
        Ok(response)
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    solver::linear::vector::dot_serial(a, b)
}
