//! The matrix-free stiffness of a lattice, its supports included.
//!
//! Cells are swept in slabs of layers along z. Slabs of even number write first, then those of odd number: slabs of one
//! parity share no node, so threads never meet, and the order of every sum is that of the slabs, whoever computes them.

use super::block::Block;
use super::bulk;
use super::full::{Full, Touch};
use super::sweep::{Gathered, Sweep};
use crate::element::brick::{self, Corners, Whole};
use crate::element::lane::{Lane, Real};
use crate::mesh::lattice::{Lattice, Strip, W};
use pulp::{Simd, WithSimd};
use rayon::prelude::*;
use std::ops::Range;
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

/// Components of a node that do not move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fixed {
    pub node: u32,
    pub components: [bool; 3],
}

/// Stiffness of every cell over the reference, in both precisions, padded so that a vector may be loaded from any cell.
#[derive(Clone, Debug)]
struct Graded {
    double: Vec<f64>,
    single: Vec<f32>,
}

/// Stiffness of a lattice with its supports, over `E_ref h / 2`.
///
/// Where components are fixed, the operator is `M A M` with `M` the projection on what may move: rows and columns of fixed
/// components are zero, and vectors that it is applied to are expected to be zero there.
#[derive(Clone, Debug)]
pub struct Operator {
    pub lattice: Arc<Lattice>,
    /// By layer, then row, then cell.
    foundations: Vec<Foundation>,
    /// Their matrices in single precision.
    singles: Vec<Vec<f32>>,
    /// First foundation of each layer.
    foundation_ptr: Vec<usize>,
    pub releases: Vec<Release>,
    slabs: Vec<(usize, usize)>,
    /// Where the cells of strips differ in stiffness.
    graded: Option<Graded>,
    /// Cells with a stiffness of their own each.
    pub(super) full: Full,
    fixed: Vec<Fixed>,
}

impl Operator {
    pub fn new(lattice: Arc<Lattice>, foundations: Vec<Foundation>, releases: Vec<Release>) -> Self {
        let mut out = Self::bare(lattice, Full::default());
        out.set_foundations(foundations);
        out.releases = releases;
        out
    }

    /// Cells of different stiffness: `lattice` as [`Lattice::graded`] makes it, `relative` to the reference by cell.
    pub fn graded(lattice: Arc<Lattice>, relative: &[f64], fixed: Vec<Fixed>) -> Self {
        let mut out = Self { fixed, ..Self::bare(lattice, Full::default()) };
        out.regrade(relative);
        out
    }

    /// Cells with a full stiffness each, none yet, on a lattice as [`Lattice::bare`] makes it.
    pub fn full(lattice: Arc<Lattice>) -> Self {
        let full = Full::new(&lattice);
        Self::bare(lattice, full)
    }

    fn bare(lattice: Arc<Lattice>, full: Full) -> Self {
        let nz = lattice.grid.counts[2];
        // Slabs of about equal work, at least one layer each.
        let work = work_before(&lattice, &full);
        let total = work[nz];
        let n_slabs = SLABS_MAX.min(nz);
        let mut slabs = Vec::new();
        let mut from = 0;
        for s in 0..n_slabs {
            let goal = total * (s + 1) / n_slabs;
            let mut to = from;
            while to < nz && (work[to + 1] <= goal || to == from) {
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
        Self {
            lattice,
            foundations: Vec::new(),
            singles: Vec::new(),
            foundation_ptr: vec![0; nz + 1],
            releases: Vec::new(),
            slabs,
            graded: None,
            full,
            fixed: Vec::new(),
        }
    }

    /// New stiffnesses of the cells, relative to the reference.
    pub fn regrade(&mut self, relative: &[f64]) {
        let mut double = relative.to_vec();
        double.extend([0.0; W]);
        let single = double.iter().map(|e| *e as f32).collect();
        self.graded = Some(Graded { double, single });
    }

    /// Relative stiffness by cell, where cells differ.
    pub fn relatives(&self) -> Option<&[f64]> {
        self.graded.as_ref().map(|g| &g.double[..self.lattice.n_cells])
    }

    /// Relative stiffness from the first cell on of a row of cells of a strip in layer `z`.
    pub(super) fn relative<T: Real>(&self, strip: &Strip, row: usize, z: usize) -> Option<&[T]> {
        let graded = self.graded.as_ref()?;
        // Strips are made of cells.
        let first = self.lattice.cell([strip.x0 as usize, strip.row as usize + row, z])?;
        Some(&T::pick(&graded.double, &graded.single)[first as usize..])
    }

    pub fn fixed(&self) -> &[Fixed] {
        &self.fixed
    }

    /// Sets fixed components to zero.
    pub fn hold<T: Real>(&self, y: &mut Block<T>) {
        for k in 0..y.n_cases {
            let parts = y.components_mut(k);
            for (c, part) in parts.into_iter().enumerate() {
                for f in self.fixed.iter().filter(|f| f.components[c]) {
                    part[f.node as usize] = T::default();
                }
            }
        }
    }

    pub fn set_foundations(&mut self, mut foundations: Vec<Foundation>) {
        foundations.sort_by_key(|f| (f.at[2], f.at[1], f.at[0]));
        let nz = self.lattice.grid.counts[2];
        self.foundation_ptr = (0..=nz).map(|z| foundations.partition_point(|f| (f.at[2] as usize) < z)).collect();
        self.singles = foundations.iter().map(|f| f.matrix.iter().map(|a| *a as f32).collect()).collect();
        self.foundations = foundations;
    }

    pub fn foundations(&self) -> &[Foundation] {
        &self.foundations
    }

    /// Foundations of the cells of layer `z`, and their matrices in single precision.
    pub(super) fn foundations_of(&self, z: usize) -> (&[Foundation], &[Vec<f32>]) {
        let range = self.foundation_ptr[z]..self.foundation_ptr[z + 1];
        (&self.foundations[range.clone()], &self.singles[range])
    }

    /// `y = A x`.
    pub fn apply<T: Real>(&self, x: &Block<T>, y: &mut Block<T>) {
        self.sweep(x, y, 1.0, true);
    }

    /// `y −= A x`.
    pub fn subtract<T: Real>(&self, x: &Block<T>, y: &mut Block<T>) {
        self.sweep(x, y, -1.0, false);
    }

    fn sweep<T: Real>(&self, x: &Block<T>, y: &mut Block<T>, sign: f64, fresh: bool) {
        // Boxes leave zero where none is.
        let boxes = bulk::sweep(&self.lattice, x, y, fresh, sign);
        let fresh = fresh && !boxes;
        for parity in 0..2 {
            let mut parts: Vec<Vec<&mut [T]>> = Vec::new();
            for part in y.parts_mut() {
                for (n, mine) in self.slices(part, parity).into_iter().enumerate() {
                    if parts.len() <= n {
                        parts.push(Vec::with_capacity(3 * x.n_cases));
                    }
                    parts[n].push(mine);
                }
            }
            let slabs = self.slabs.iter().enumerate().skip(parity).step_by(2);
            let tasks: Vec<Sweep<T>> = slabs
                .zip(parts)
                .map(|((s, &(from, to)), y)| {
                    // Odd slabs find their outer planes cleared and added to by their neighbours.
                    let clear = match (fresh, parity) {
                        (false, _) => 0..0,
                        (true, 0) => from..to + 1,
                        (true, _) => from + 1..if s + 1 == self.slabs.len() { to + 1 } else { to },
                    };
                    Sweep { operator: self, x, y, layers: from..to, clear, sign: T::of(sign) }
                })
                .collect();
            tasks.into_par_iter().for_each(|sweep| pulp::Arch::new().dispatch(sweep));
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
                        y.add(k, *n, w.map(|c| T::of(-sign * dot * c)));
                    }
                }
            }
        }
        self.hold(y);
    }

    /// The nodes of each slab of one parity, from values at all nodes.
    fn slices<'a, V>(&self, mut values: &'a mut [V], parity: usize) -> Vec<&'a mut [V]> {
        let ptr = &self.lattice.plane_ptr;
        let mut done = 0;
        let mut out = Vec::new();
        for &(from, to) in self.slabs.iter().skip(parity).step_by(2) {
            let (first, end) = (ptr[from] as usize, ptr[to + 1] as usize);
            let (_, tail) = values.split_at_mut(first - done);
            let (mine, tail) = tail.split_at_mut(end - first);
            out.push(mine);
            values = tail;
            done = end;
        }
        out
    }

    /// The 3×3 blocks on the diagonal: xx, yy, zz, xy, yz, zx per node; of a fixed component those of the identity.
    pub fn diagonal(&self) -> Vec<[f64; 6]> {
        let mut out = vec![[0.0; 6]; self.lattice.n_nodes];
        for parity in 0..2 {
            let slabs = self.slabs.iter().skip(parity).step_by(2);
            let tasks: Vec<_> = slabs.zip(self.slices(&mut out, parity)).collect();
            tasks.into_par_iter().for_each(|(&(from, to), out)| {
                pulp::Arch::new().dispatch(Diagonal { operator: self, layers: from..to, out });
            });
        }
        for f in &self.fixed {
            let block = &mut out[f.node as usize];
            for (entry, (a, b)) in block.iter_mut().zip(PAIRS) {
                if f.components[a] || f.components[b] {
                    *entry = if a == b { 1.0 } else { 0.0 };
                }
            }
        }
        out
    }

    /// Adds every entry of the matrix, as `add(row node, row component, column node, column component, value)`.
    ///
    /// Of a fixed component only a one on the diagonal.
    pub fn for_each_entry(&self, mut add: impl FnMut(u32, usize, u32, usize, f64)) {
        let simd = pulp::Scalar::new();
        let mut holds = std::collections::BTreeMap::new();
        for f in &self.fixed {
            holds.insert(f.node, f.components);
            (0..3).filter(|c| f.components[*c]).for_each(|c| add(f.node, c, f.node, c, 1.0));
        }
        let fixed = |node: u32, c: usize| holds.get(&node).is_some_and(|f| f[c]);
        let mut add = |p: u32, a: usize, q: u32, b: usize, value: f64| {
            if !fixed(p, a) && !fixed(q, b) {
                add(p, a, q, b, value);
            }
        };
        let mut put = |nodes: [u32; 4], apply: &dyn Fn(&[Corners<pulp::Scalar, f64>; 3]) -> [Corners<_, f64>; 3]| {
            let node = |corner: usize| nodes[corner >> 1] + (corner & 1) as u32;
            for corner in 0..8 {
                for c in 0..3 {
                    for (row, f) in apply(&unit(simd, corner, c)).iter().enumerate() {
                        for (other, f) in f.iter().enumerate() {
                            add(node(other), row, node(corner), c, f.first());
                        }
                    }
                }
            }
        };
        for z in 0..self.lattice.grid.counts[2] {
            for (strip, rows) in self.lattice.strips_of(z) {
                let whole = Whole::new(simd, strip.lame, self.lattice.keep);
                for (row, pair) in rows.windows(2).enumerate() {
                    let relative = self.relative::<f64>(strip, row, z);
                    for lane in 0..strip.len {
                        let nodes = [pair[0][0], pair[1][0], pair[0][1], pair[1][1]].map(|n| n + lane);
                        let by = Lane::splat(simd, relative.map_or(1.0, |r| r[lane as usize]));
                        put(nodes, &|u| whole.apply(u).map(|f| f.map(|f| by * f)));
                    }
                }
            }
            for block in self.lattice.blocks_of(z) {
                for lane in 0..block.len {
                    put(block.nodes.map(|row| row[lane]), &|u| block.forces(simd, u, lane));
                }
            }
            for block in self.full.of(z) {
                for lane in 0..block.len {
                    put(block.nodes.map(|row| row[lane]), &|u| block.forces(simd, u, lane));
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
        self.lattice.bytes()
            + self.graded.as_ref().map_or(0, |g| g.double.len() * 12)
            + self.full.bytes()
            + self.foundations.len() * (size_of::<Foundation>() + 576 * 12)
    }
}

/// Work of the layers before each, in vectors of whole cells: one of cut cells takes about six times as long. Boxes are
/// swept apart.
fn work_before(lattice: &Lattice, full: &Full) -> Vec<usize> {
    let mut work = vec![0];
    for z in 0..lattice.grid.counts[2] {
        let strips = lattice.strips_of(z).filter(|(s, _)| !s.bulk);
        let swept: usize = strips.map(|(s, rows)| rows.len() * (s.len as usize).div_ceil(W)).sum();
        work.push(work[z] + swept + 6 * (lattice.blocks_of(z).len() + full.of(z).len()));
    }
    work
}

/// Row and column of each stored entry of a symmetric 3×3 block.
const PAIRS: [(usize, usize); 6] = [(0, 0), (1, 1), (2, 2), (0, 1), (1, 2), (2, 0)];

/// A unit displacement of one corner in one direction.
#[inline(always)]
fn unit<S: Simd>(simd: S, corner: usize, component: usize) -> [Corners<S, f64>; 3] {
    let mut u = [[Lane::zero(simd); 8]; 3];
    u[component][corner] = Lane::splat(simd, 1.0);
    u
}

/// Adds the diagonal blocks of a slab.
struct Diagonal<'a> {
    operator: &'a Operator,
    layers: Range<usize>,
    out: &'a mut [[f64; 6]],
}

impl WithSimd for Diagonal<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { operator, layers, out } = self;
        let lattice = &*operator.lattice;
        let base = lattice.plane_ptr[layers.start] as usize;
        let width = f64::width::<S>();
        let touch = Touch::default();
        for z in layers {
            for (strip, rows) in lattice.strips_of(z) {
                let whole = Whole::new(simd, strip.lame, lattice.keep);
                for corner in 0..8 {
                    let lanes = stiffness_of(
                        simd,
                        corner,
                        #[inline(always)]
                        |u| whole.apply(u),
                    );
                    let entries = lanes.map(|lanes| lanes[0]);
                    for (row, nodes) in rows[corner >> 1 & 1..][..rows.len() - 1].iter().enumerate() {
                        let node = nodes[corner >> 2] as usize + (corner & 1) - base;
                        let relative = operator.relative::<f64>(strip, row, z);
                        for (cell, out) in out[node..node + strip.len as usize].iter_mut().enumerate() {
                            let by = relative.map_or(1.0, |r| r[cell]);
                            for (out, entry) in out.iter_mut().zip(entries) {
                                *out += by * entry;
                            }
                        }
                    }
                }
            }
            for block in lattice.blocks_of(z) {
                for corner in 0..8 {
                    for from in (0..block.len).step_by(width) {
                        let entries = stiffness_of(
                            simd,
                            corner,
                            #[inline(always)]
                            |u| brick::apply_cut(simd, u, &block.coefficients, from),
                        );
                        for lane in 0..width.min(block.len - from) {
                            let node = block.nodes[corner >> 1][from + lane] as usize + (corner & 1) - base;
                            for (out, lanes) in out[node].iter_mut().zip(&entries) {
                                *out += lanes[lane];
                            }
                        }
                    }
                }
            }
            for block in operator.full.of(z) {
                for corner in 0..8 {
                    let entries = PAIRS.map(
                        #[inline(always)]
                        |(a, b)| touch.entry(block, [corner, a], [corner, b]),
                    );
                    for lane in 0..block.len {
                        let node = block.nodes[corner >> 1][lane] as usize + (corner & 1) - base;
                        for (out, lanes) in out[node].iter_mut().zip(&entries) {
                            *out += lanes[lane];
                        }
                    }
                }
            }
            for f in operator.foundations_of(z).0 {
                for (corner, node) in f.nodes.iter().enumerate() {
                    for (n, (a, b)) in PAIRS.into_iter().enumerate() {
                        out[*node as usize - base][n] += f.matrix[(3 * corner + a) * 24 + 3 * corner + b];
                    }
                }
            }
        }
    }
}

/// The block of one corner with itself, `[entry][lane]`.
#[inline(always)]
fn stiffness_of<S: Simd>(
    simd: S,
    corner: usize,
    forces: impl Fn(&[Corners<S, f64>; 3]) -> [Corners<S, f64>; 3],
) -> [[f64; W]; 6] {
    let mut out = [[0.0; W]; 6];
    for column in 0..3 {
        let f = forces(&unit(simd, corner, column));
        for (out, (a, b)) in out.iter_mut().zip(PAIRS) {
            if b == column {
                f[a][corner].store(out);
            }
        }
    }
    out
}

/// The instructions that the sweeps are dispatched to on this machine, for the record: bits are promised equal on one
/// instruction set (P11).
pub fn instruction_set() -> &'static str {
    match pulp::Arch::new() {
        #[cfg(target_arch = "x86_64")]
        pulp::Arch::V4(_) => "x86_64+avx512",
        #[cfg(target_arch = "x86_64")]
        pulp::Arch::V3(_) => "x86_64+avx2+fma",
        _ if cfg!(target_arch = "x86_64") => "x86_64",
        _ if cfg!(target_arch = "aarch64") => "aarch64",
        _ => "portable",
    }
}
