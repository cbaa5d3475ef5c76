//! The substitution u = T û + g that [`Constraints`](super::constraint::Constraints) come down to.

use super::constraint::{Coupling, Square, identity, multiply};
use super::sparse::{Connectivity, Sparse};
use glam::DVec3;
use rayon::prelude::*;

/// Where a reduced node comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Node(u32),
    Translation(u32),
    Rotation(u32),
}

/// u = T û + g.
#[derive(Clone, Debug)]
pub struct Transform<const N: usize> {
    /// Rows: nodes of the mesh, then two per coupling. Columns: reduced nodes, in an order that keeps neighbours close.
    pub matrix: Sparse<f64, N, N>,
    pub(super) transposed: Sparse<f64, N, N>,
    /// `N` per row.
    pub offset: Vec<f64>,
    /// Held directions of reduced nodes: 1 − P.
    pub(crate) held: Vec<(u32, Square<N>)>,
    pub(crate) origin: Vec<Origin>,
    pub(super) couplings: Vec<Coupling>,
}

impl<const N: usize> Transform<N> {
    /// Nodes of the mesh and of the couplings.
    pub fn n_nodes(&self) -> usize {
        self.matrix.n_rows()
    }

    pub fn n_reduced(&self) -> usize {
        self.matrix.n_columns
    }

    /// u = T û + g.
    pub fn expand(&self, reduced: &[f64]) -> Vec<f64> {
        let mut u = self.offset.clone();
        self.matrix.apply(1.0, reduced, 1.0, &mut u);
        u
    }

    /// T û alone.
    pub fn expand_linear(&self, reduced: &[f64], u: &mut [f64]) {
        self.matrix.apply(1.0, reduced, 0.0, u);
    }

    /// f̂ = Tᵀ f.
    pub fn reduce(&self, f: &[f64], reduced: &mut [f64]) {
        self.transposed.apply(1.0, f, 0.0, reduced);
    }

    /// Takes the held directions out of a reduced vector.
    pub fn project(&self, reduced: &mut [f64]) {
        let (x, _) = reduced.as_chunks_mut::<N>();
        for (r, held) in &self.held {
            let x = &mut x[*r as usize];
            let old = *x;
            for i in 0..N {
                x[i] -= (0..N).map(|j| held[i][j] * old[j]).sum::<f64>();
            }
        }
    }

    /// The node of the mesh at, or nearest to, a reduced node's origin; `None` for a coupling's.
    pub fn mesh_node(&self, reduced: usize) -> Option<u32> {
        match self.origin[reduced] {
            Origin::Node(n) => Some(n),
            Origin::Translation(_) | Origin::Rotation(_) => None,
        }
    }

    /// Reduced nodes of each element, each once, in the order of first mention.
    pub fn reduced_connectivity(&self, elements: &Connectivity) -> Connectivity {
        let mut out = Connectivity::default();
        let mut nodes = Vec::new();
        for e in 0..elements.len() {
            nodes.clear();
            for n in elements.nodes(e) {
                for k in self.matrix.row(*n as usize) {
                    if !nodes.contains(&self.matrix.column[k]) {
                        nodes.push(self.matrix.column[k]);
                    }
                }
            }
            out.push(&nodes);
        }
        out
    }

    /// The row of T that a reduced node comes from.
    fn row_of(&self, reduced: u32) -> usize {
        let references = self.n_nodes() - 2 * self.couplings.len();
        match self.origin[reduced as usize] {
            Origin::Node(n) => n as usize,
            Origin::Translation(k) => references + 2 * k as usize,
            Origin::Rotation(k) => references + 2 * k as usize + 1,
        }
    }

    /// Whether every node of an element moves with itself alone. One that follows a single other with weight 1 does not,
    /// though its row looks alike: the other may be of the same element.
    pub(crate) fn plain(&self, nodes: &[u32]) -> bool {
        nodes.iter().all(|n| {
            let row = self.matrix.row(*n as usize);
            row.len() == 1
                && self.matrix.value[row.start] == identity()
                && self.row_of(self.matrix.column[row.start]) == *n as usize
        })
    }

    /// Nodes that a constraint acts on: held or following ones, and those they follow, `[node]`.
    pub(crate) fn bound(&self) -> Vec<bool> {
        let mut out = vec![false; self.n_nodes()];
        for n in 0..out.len() {
            if self.plain(&[n as u32]) {
                continue;
            }
            out[n] = true;
            for at in self.matrix.row(n) {
                if let Some(master) = self.mesh_node(self.matrix.column[at] as usize) {
                    out[master as usize] = true;
                }
            }
        }
        out
    }

    /// Tᵀ K T of one element: `k` for its `nodes`, `out` for its `reduced` nodes.
    pub(crate) fn congruence(&self, nodes: &[u32], k: &[f64], reduced: &[u32], out: &mut [f64]) {
        let (n, m) = (N * nodes.len(), N * reduced.len());
        // T of this element, dense.
        let mut t = vec![0.0; n * m];
        for (a, node) in nodes.iter().enumerate() {
            for at in self.matrix.row(*node as usize) {
                let Some(b) = reduced.iter().position(|r| *r == self.matrix.column[at]) else { continue };
                for i in 0..N {
                    for j in 0..N {
                        t[(N * a + i) * m + N * b + j] = self.matrix.value[at][i][j];
                    }
                }
            }
        }
        let mut kt = vec![0.0; n * m];
        for i in 0..n {
            for l in 0..n {
                let v = k[i * n + l];
                for j in 0..m {
                    kt[i * m + j] += v * t[l * m + j];
                }
            }
        }
        let out = &mut out[..m * m];
        out.fill(0.0);
        for l in 0..n {
            for i in 0..m {
                let v = t[l * m + i];
                if v != 0.0 {
                    for j in 0..m {
                        out[i * m + j] += v * kt[l * m + j];
                    }
                }
            }
        }
    }

    /// The reduced nodes that stay when the middles of sides follow the two ends, and the interpolation from them.
    ///
    /// `middles`: middle node and the two ends of its side. `None` when no node is a middle.
    pub(crate) fn vertices(&self, middles: &[(u32, [u32; 2])]) -> Option<(Vec<u32>, Sparse<f64, N, N>)> {
        let mut ends = vec![[u32::MAX; 2]; self.n_nodes()];
        for (m, e) in middles {
            ends[*m as usize] = *e;
        }
        let end = |r: usize| self.mesh_node(r).map_or([u32::MAX; 2], |n| ends[n as usize]);
        let kept: Vec<u32> = (0..self.n_reduced()).filter(|r| end(*r)[0] == u32::MAX).map(|r| r as u32).collect();
        if kept.len() == self.n_reduced() || kept.is_empty() {
            return None;
        }
        let mut place = vec![u32::MAX; self.n_reduced()];
        for (c, r) in kept.iter().enumerate() {
            place[*r as usize] = c as u32;
        }
        let interpolation = Sparse::by_rows(
            self.n_reduced(),
            kept.len(),
            || (),
            |(), r, entries: &mut Vec<(u32, Square<N>)>| self.follow(r, &identity(), 0, &place, &end, entries),
        );
        Some((kept, interpolation))
    }

    /// Adds `weight` times the interpolation of reduced node `r` to `entries`.
    fn follow(
        &self,
        r: usize,
        weight: &Square<N>,
        depth: u32,
        place: &[u32],
        end: &(impl Fn(usize) -> [u32; 2] + Sync),
        entries: &mut Vec<(u32, Square<N>)>,
    ) {
        if place[r] != u32::MAX {
            match entries.iter_mut().find(|e| e.0 == place[r]) {
                Some((_, sum)) => *sum = std::array::from_fn(|i| std::array::from_fn(|j| sum[i][j] + weight[i][j])),
                None => entries.push((place[r], *weight)),
            }
            return;
        }
        // A bond may lead to another middle, and so on; the preconditioner may forget what lies deeper.
        if depth == 4 {
            return;
        }
        let mut half = weight.map(|w| w.map(|x| 0.5 * x));
        if let Ok(k) = self.held.binary_search_by_key(&(r as u32), |h| h.0) {
            let unit = identity::<N>();
            let held = &self.held[k].1;
            half = multiply(&half, &std::array::from_fn(|i| std::array::from_fn(|j| unit[i][j] - held[i][j])));
        }
        for n in end(r) {
            for k in self.matrix.row(n as usize) {
                let weight = multiply(&half, &self.matrix.value[k]);
                self.follow(self.matrix.column[k] as usize, &weight, depth + 1, place, end, entries);
            }
        }
    }

    pub fn bytes(&self) -> usize {
        self.matrix.bytes() + self.transposed.bytes() + self.offset.len() * 8 + self.origin.len() * 8
    }
}

impl Transform<3> {
    /// Rigid motions at the reduced nodes: three translations, three rotations about the centre of the body in units of
    /// its size, so that all columns are of like magnitude.
    pub fn rigid_motions(&self, points: &[DVec3]) -> Vec<[[f64; 6]; 3]> {
        let (low, high) =
            points.iter().fold((DVec3::INFINITY, DVec3::NEG_INFINITY), |(l, h), p| (l.min(*p), h.max(*p)));
        let (centre, size) = (0.5 * (low + high), (0.5 * (high - low).length()).max(f64::MIN_POSITIVE));
        let at = |p: DVec3| {
            let d = (p - centre) / size;
            [[1.0, 0.0, 0.0, 0.0, d.z, -d.y], [0.0, 1.0, 0.0, -d.z, 0.0, d.x], [0.0, 0.0, 1.0, d.y, -d.x, 0.0]]
        };
        let mut out: Vec<[[f64; 6]; 3]> = self
            .origin
            .par_iter()
            .map(|o| match *o {
                Origin::Node(n) => at(points[n as usize]),
                Origin::Translation(k) => at(self.couplings[k as usize].point),
                Origin::Rotation(k) => {
                    let l = self.couplings[k as usize].length / size;
                    [[0.0, 0.0, 0.0, l, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, l, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0, l]]
                }
            })
            .collect();
        for (r, held) in &self.held {
            let b = &mut out[*r as usize];
            let old = *b;
            for i in 0..3 {
                for m in 0..6 {
                    b[i][m] -= (0..3).map(|j| held[i][j] * old[j][m]).sum::<f64>();
                }
            }
        }
        out
    }
}
