//! Cholesky factors of a small symmetric positive matrix within its envelope: the coarsest level of multigrid.

use super::operator::Operator;

/// Lower factor, row by row from each row's first entry, and the order of the unknowns.
#[derive(Clone, Debug)]
pub struct Banded {
    /// Place of each unknown (`3 node + component`) in the factor.
    place: Vec<u32>,
    first: Vec<usize>,
    start: Vec<usize>,
    values: Vec<f64>,
}

/// The matrix has a pivot that is not positive: a part of the body is held by nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stiffness is singular: a part of the body is not held")]
pub struct Singular;

impl Banded {
    /// Factorises `operator`.
    ///
    /// # Errors
    /// [`Singular`].
    pub fn new(operator: &Operator) -> Result<Self, Singular> {
        Self::factorise(operator, false)
    }

    /// Factorises a coarse operator that may have directions without stiffness, which are then left at rest: what nothing
    /// holds there carries no load either, and where cells hang on by almost nothing, rounding decides.
    pub fn semidefinite(operator: &Operator) -> Self {
        let Ok(out) = Self::factorise(operator, true) else { unreachable!("small pivots are left out") };
        out
    }

    fn factorise(operator: &Operator, leave_out: bool) -> Result<Self, Singular> {
        let lattice = &operator.lattice;
        let [nx, ny, nz] = lattice.grid.counts;
        // Nodes in order along the longest side keep the envelope narrow.
        let mut nodes: Vec<([usize; 3], u32)> = Vec::with_capacity(lattice.n_nodes);
        for z in 0..=nz {
            for y in 0..=ny {
                for run in lattice.node_row(y, z) {
                    nodes.extend((0..run.len).map(|i| ([(run.x0 + i) as usize, y, z], run.start + i)));
                }
            }
        }
        let mut axes = [(nx, 0), (ny, 1), (nz, 2)];
        axes.sort_by_key(|a| std::cmp::Reverse(*a));
        nodes.sort_by_key(|(p, _)| axes.map(|(_, a)| p[a]));
        let mut place = vec![0u32; 3 * lattice.n_nodes];
        for (n, (_, node)) in nodes.iter().enumerate() {
            for c in 0..3 {
                place[3 * *node as usize + c] = (3 * n + c) as u32;
            }
        }
        let n = place.len();
        let mut first: Vec<usize> = (0..n).collect();
        let at = |node: u32, c: usize| place[3 * node as usize + c] as usize;
        operator.for_each_entry(|p, a, q, b, _| {
            let (row, column) = (at(p, a), at(q, b));
            first[row] = first[row].min(column);
        });
        let mut start = Vec::with_capacity(n + 1);
        start.push(0);
        for row in 0..n {
            start.push(start[row] + row - first[row] + 1);
        }
        let mut values = vec![0.0; start[n]];
        operator.for_each_entry(|p, a, q, b, v| {
            let (row, column) = (at(p, a), at(q, b));
            if column <= row {
                values[start[row] + column - first[row]] += v;
            }
        });
        for i in 0..n {
            let (done, rest) = values.split_at_mut(start[i]);
            let row = &mut rest[..=i - first[i]];
            let diagonal = row[i - first[i]];
            for j in first[i]..i {
                let low = first[i].max(first[j]);
                let other = &done[start[j]..start[j + 1]];
                let (a, b) = (&row[low - first[i]..j - first[i]], &other[low - first[j]..j - first[j]]);
                row[j - first[i]] = (row[j - first[i]] - dot(a, b)) / other[j - first[j]];
            }
            let (body, last) = row.split_at_mut(i - first[i]);
            let pivot = last[0] - dot(body, body);
            last[0] = match pivot > 1e-12 * diagonal {
                true => pivot.sqrt(),
                // What is divided by it vanishes.
                false if leave_out => f64::INFINITY,
                false => return Err(Singular),
            };
        }
        Ok(Self { place, first, start, values })
    }

    /// Solves in place; `get(unknown)` and `set(unknown, value)` with unknown `3 node + component`.
    pub fn solve(&self, get: impl Fn(usize) -> f64, mut set: impl FnMut(usize, f64)) {
        let n = self.first.len();
        let mut x = vec![0.0; n];
        for (unknown, place) in self.place.iter().enumerate() {
            x[*place as usize] = get(unknown);
        }
        for i in 0..n {
            let row = &self.values[self.start[i]..self.start[i + 1]];
            let (body, pivot) = row.split_at(i - self.first[i]);
            x[i] = (x[i] - dot(body, &x[self.first[i]..i])) / pivot[0];
        }
        for i in (0..n).rev() {
            let row = &self.values[self.start[i]..self.start[i + 1]];
            let (body, pivot) = row.split_at(i - self.first[i]);
            x[i] /= pivot[0];
            let value = x[i];
            for (x, l) in x[self.first[i]..i].iter_mut().zip(body) {
                *x -= value * l;
            }
        }
        for (unknown, place) in self.place.iter().enumerate() {
            set(unknown, x[*place as usize]);
        }
    }

    pub fn bytes(&self) -> usize {
        self.values.len() * 8 + self.first.len() * 20
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut s = [0.0f64; 8];
    let (mut x, mut y) = (a.chunks_exact(8), b.chunks_exact(8));
    for (p, q) in (&mut x).zip(&mut y) {
        for i in 0..8 {
            s[i] += p[i] * q[i];
        }
    }
    let tail: f64 = x.remainder().iter().zip(y.remainder()).map(|(p, q)| p * q).sum();
    s.iter().sum::<f64>() + tail
}
