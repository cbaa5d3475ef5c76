//! Boxes of equal whole cells, node by node.
//!
//! Inside a box the stiffness is a stencil of 27 blocks that is the same everywhere and has every symmetry of the cube. So
//! it falls apart into products of three operators along x, y and z, each of them the node itself, the sum `N` of its two
//! neighbours or their difference `C`: a component acts on itself through eight products of the first two kinds, six of
//! them different, and on another through `C C` and the node or `N` along the third axis, with two coefficients more. Rows
//! of nodes are combined along z into a row of scratch, this along x and along y, where what a row gives to the next two is
//! carried on. That is 64 additions and products per vector of nodes, against 150 where cells give to their nodes.
//!
//! At an end of the box the node itself counts half, what lies outside is zero, and a product of two antisymmetric
//! operators needs more: of a derivative of the test along one axis and of the trial along another is assembled
//! `(E − C)(E + C)`, with `E` −1 at the first node, 1 at the last and 0 between.
//!
//! Boxes come before all other cells and set the forces on their nodes, so nothing need be there before. They are swept in
//! parts, blocks of rows and planes, whose planes stay in the cache until the last of the three uses of them.

mod stencil;

use super::block::Block;
use crate::element::lane::{Lane, Real, prefetch};
use crate::mesh::bulk::{Bulk, ROW_MAX};
use crate::mesh::lattice::{Lattice, W};
use pulp::{Simd, WithSimd};
use rayon::prelude::*;
use std::ops::Range;
use stencil::{End, Kinds, Near, Side, Stencil};

/// Nodes that a plane of a part has about: four planes of three components are at hand at a time.
const PART_NODES: usize = 12 << 10;
/// Rows that a part has at least, since it also reads those on both sides.
const PART_ROWS_MIN: usize = 8;
/// Parts that there are about, if not more, and nodes that each has at least.
const PARTS: usize = 32;
const PART_NODES_MIN: usize = 16 << 10;
/// Rows that the machine is told of before they are wanted.
const AHEAD: usize = 2;

/// `y += sign A x` at the nodes of boxes in some rows and planes, for the cells of the boxes.
pub struct Part<'a, T> {
    lattice: &'a Lattice,
    x: &'a Block<T>,
    /// `[3 case + component][plane]`: the nodes of the part's rows.
    y: Vec<&'a mut [T]>,
    rows: Range<usize>,
    planes: Range<usize>,
    /// Whether what is there before does not count, in the boxes and elsewhere.
    fresh: bool,
    sign: f64,
}

impl<'a, T: Real> Part<'a, T> {
    /// Parts of all boxes, of which none writes where another does.
    pub fn all(lattice: &'a Lattice, x: &'a Block<T>, y: &'a mut Block<T>, fresh: bool, sign: f64) -> Vec<Self> {
        if lattice.bulks.is_empty() {
            return Vec::new();
        }
        let [nx, ny, nz] = lattice.grid.counts.map(|n| n + 1);
        let split = |n: usize, n_parts: usize| (0..n_parts).map(move |p| n * p / n_parts..n * (p + 1) / n_parts);
        let rows: Vec<_> = split(ny, ny.div_ceil((PART_NODES / nx).max(PART_ROWS_MIN))).collect();
        let n_parts = PARTS.min(lattice.n_nodes / PART_NODES_MIN);
        let mut parts: Vec<Self> = split(nz, n_parts.div_ceil(rows.len()).clamp(1, nz))
            .flat_map(|planes| rows.iter().map(move |rows| (planes.clone(), rows.clone())))
            .map(|(planes, rows)| Self { lattice, x, y: Vec::new(), rows, planes, fresh, sign })
            .collect();
        for mut values in y.parts_mut() {
            for of_planes in parts.chunks_mut(rows.len()) {
                for z in of_planes[0].planes.clone() {
                    for part in of_planes.iter_mut() {
                        let len = lattice.first_node(part.rows.end, z) - lattice.first_node(part.rows.start, z);
                        let (mine, others) = values.split_at_mut(len);
                        part.y.push(mine);
                        values = others;
                    }
                }
            }
        }
        parts
    }

    /// Sets to zero what no box sets in plane `z`.
    #[inline(always)]
    fn clear(&mut self, z: usize) {
        let [first, end] = [self.rows.start, self.rows.end].map(|row| self.lattice.first_node(row, z));
        for [from, to] in self.lattice.bulks.outer_of(z, first..end) {
            for y in self.y[z - self.planes.start..].iter_mut().step_by(self.planes.len()) {
                y[from - first..to - first].fill(T::default());
            }
        }
    }
}

/// Sweeps all boxes: `y = sign A x`, zero where none is, or `y += sign A x` if not `fresh`. Returns whether there are any.
pub fn sweep<T: Real>(lattice: &Lattice, x: &Block<T>, y: &mut Block<T>, fresh: bool, sign: f64) -> bool {
    let parts = Part::all(lattice, x, y, fresh, sign);
    let some = !parts.is_empty();
    parts
        .into_par_iter()
        .for_each_init(Scratch::new, |scratch, part| pulp::Arch::new().dispatch(Run { part, scratch }));
    some
}

/// A part, and room for it.
pub struct Run<'a, 'b, T> {
    pub part: Part<'a, T>,
    pub scratch: &'b mut Scratch<T>,
}

impl<T: Real> WithSimd for Run<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        self.part.run(simd, self.scratch);
    }
}

impl<T: Real> Part<'_, T> {
    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S, scratch: &mut Scratch<T>) {
        let mut boxes = Vec::new();
        for bulk in self.lattice.bulks.boxes() {
            let rows = within(&self.rows, bulk.row, bulk.n_rows);
            let planes = within(&self.planes, bulk.plane, bulk.n_planes);
            if !rows.is_empty() && !planes.is_empty() {
                boxes.push((bulk, rows, planes, Stencil::new(simd, bulk.lame, self.lattice.keep, self.sign)));
            }
        }
        let longest = boxes.iter().map(|(bulk, ..)| bulk.len as usize).max().unwrap_or(0);
        scratch.carried.resize(longest.div_ceil(T::width::<S>()), Carried::none());
        for z in self.planes.clone() {
            if self.fresh {
                self.clear(z);
            }
            for (bulk, rows, planes, stencil) in &boxes {
                let plane = z.wrapping_sub(bulk.plane as usize);
                if planes.contains(&plane) {
                    scratch.fit(bulk.len as usize);
                    for k in 0..self.x.n_cases {
                        self.plane(stencil, bulk, k, plane, rows, scratch);
                    }
                }
            }
        }
    }
}

/// What of `range` is in the `len` from `first` on, seen from there.
#[inline(always)]
fn within(range: &Range<usize>, first: u32, len: u32) -> Range<usize> {
    let (first, len) = (first as usize, len as usize);
    range.start.saturating_sub(first)..range.end.saturating_sub(first).min(len)
}

impl<T: Real> Part<'_, T> {
    /// Some rows of one plane of a box.
    #[inline(always)]
    fn plane<S: Simd>(
        &mut self,
        stencil: &Stencil<S, T>,
        bulk: &Bulk,
        k: usize,
        plane: usize,
        part: &Range<usize>,
        scratch: &mut Scratch<T>,
    ) {
        let (lattice, simd, width) = (self.lattice, stencil.simd, T::width::<S>());
        let [len, n_rows, n_planes] = [bulk.len as usize, bulk.n_rows as usize, bulk.n_planes as usize];
        let z = bulk.plane as usize + plane;
        let first = 3 * k * self.planes.len() + z - self.planes.start;
        let parts = [first, first + self.planes.len(), first + 2 * self.planes.len()];
        let Ok([u, v, w]) = self.y.get_disjoint_mut(parts) else { return };
        let base = lattice.first_node(self.rows.start, z);
        let of = &lattice.bulks;
        let here = of.rows_of(bulk, plane);
        let below = of.rows_of(bulk, plane.saturating_sub(1));
        let above = of.rows_of(bulk, (plane + 1).min(n_planes - 1));
        let x = [self.x.padded(k, 0), self.x.padded(k, 1), self.x.padded(k, 2)];

        let end_plane = plane == 0 || plane + 1 == n_planes;
        let [[x_low, x_high], y_shared, z_shared] = bulk.shared;
        let fresh = self.fresh && !shared(z_shared, plane, n_planes);
        let along_z = End::new(simd, plane, n_planes);
        // The last vector ends with the row, and gives only what the one before did not.
        let (last, n_columns) = (len - width, len.div_ceil(width));
        let left = Side::new(simd, len, 0, 0, x_low.then_some(0));
        let right = Side::new(simd, len, last, (n_columns - 1) * width, x_high.then_some(width - 1));

        scratch.carried[..n_columns].fill(Carried::none());
        for row in part.start.saturating_sub(1)..(part.end + 1).min(n_rows) {
            let nodes = [below[row] as usize, here[row] as usize, above[row] as usize];
            let along_y = End::new(simd, row, n_rows);
            let end = end_plane || row == 0 || row + 1 == n_rows;
            for c in 0..3 {
                if end {
                    combine::<S, T, true>(&along_z, x[c], nodes, len, &mut scratch.rows[c]);
                } else {
                    combine::<S, T, false>(&along_z, x[c], nodes, len, &mut scratch.rows[c]);
                }
            }
            let found = row > part.start;
            let set = fresh && found && !shared(y_shared, row - 1, n_rows);
            let before = if found { row - 1 } else { row };
            let start = if found { here[before] as usize - base } else { 0 };
            let wanted = here[(before + AHEAD).min(n_rows - 1)] as usize - here[before] as usize;
            let (u, later_u) = split(&mut u[start..], len, wanted);
            let (v, later_v) = split(&mut v[start..], len, wanted);
            let (w, later_w) = split(&mut w[start..], len, wanted);
            let wanted = above[(row + AHEAD).min(n_rows - 1)] as usize;
            let mut row = Row {
                stencil,
                end: &along_y,
                x: &scratch.rows,
                y: [u, v, w],
                wanted: [&x[0][wanted..], &x[1][wanted..], &x[2][wanted..]],
                later: [later_u, later_v, later_w],
                found,
                set,
            };
            let (carried, at_last) = scratch.carried[..n_columns].split_at_mut(n_columns - 1);
            for (column, carried) in carried.iter_mut().enumerate() {
                let at = column * width;
                if end {
                    row.column::<true, true>(if at == 0 { &left } else { &stencil.far }, at, carried);
                } else if at == 0 {
                    row.column::<true, false>(&left, at, carried);
                } else {
                    row.column::<false, false>(&stencil.far, at, carried);
                }
            }
            if end {
                row.column::<true, true>(&right, last, &mut at_last[0]);
            } else {
                row.column::<true, false>(&right, last, &mut at_last[0]);
            }
        }
        if part.end == n_rows {
            // Nothing comes after the last row.
            let from = here[n_rows - 1] as usize - base;
            let set = fresh && !shared(y_shared, n_rows - 1, n_rows);
            for (column, carried) in scratch.carried[..n_columns].iter().enumerate() {
                let side = if column == 0 { &left } else { &stencil.far };
                let side = if column + 1 == n_columns { &right } else { side };
                let at = (column * width).min(last);
                put::<S, T, true>(side, &mut u[from + at..][..width], carried.done::<S>(simd, 0), set);
                put::<S, T, true>(side, &mut v[from + at..][..width], carried.done::<S>(simd, 1), set);
                put::<S, T, true>(side, &mut w[from + at..][..width], carried.done::<S>(simd, 2), set);
            }
        }
    }
}

/// Whether place `n` of `len` is at an end that is shared.
#[inline(always)]
fn shared([first, last]: [bool; 2], n: usize, len: usize) -> bool {
    (first && n == 0) || (last && n + 1 == len)
}

/// The first `len` numbers of a row of the result, and all from the one `later` on, if that is after them.
#[inline(always)]
fn split<T>(y: &mut [T], len: usize, later: usize) -> (&mut [T], &[T]) {
    let (row, rest) = y.split_at_mut(len);
    (row, rest.get(later.wrapping_sub(len)..).unwrap_or_default())
}

/// Room for a row of nodes.
pub struct Scratch<T> {
    /// Of each component.
    rows: Vec<Kinds<Line<T>>>,
    /// Of each vector.
    carried: Vec<Carried<T>>,
}

/// Numbers at the nodes of a row from [`W`] on, zero next to them.
#[repr(align(64))]
#[derive(Clone)]
struct Line<T>([T; ROW_MAX + 2 * W]);

/// Per component, what is known of the row before, and what it gives to the next.
#[repr(align(64))]
#[derive(Clone)]
struct Carried<T>([[[T; W]; 2]; 3]);

impl<T: Real> Scratch<T> {
    pub fn new() -> Self {
        let none = Line([T::default(); ROW_MAX + 2 * W]);
        let kinds = Kinds { m: none.clone(), n: none.clone(), c: none.clone(), e: none };
        Self { rows: vec![kinds; 3], carried: Vec::new() }
    }

    /// Makes ready for rows of `len` nodes: zero after them, as is always before.
    #[inline(always)]
    fn fit(&mut self, len: usize) {
        for rows in &mut self.rows {
            for row in [&mut rows.m, &mut rows.n, &mut rows.c, &mut rows.e] {
                row.0[W + len] = T::default();
            }
        }
    }
}

impl<T: Real> Carried<T> {
    #[inline(always)]
    fn none() -> Self {
        Self([[[T::default(); W]; 2]; 3])
    }

    #[inline(always)]
    fn done<S: Simd>(&self, simd: S, component: usize) -> Lane<S, T> {
        Lane::load(simd, &self.0[component][0])
    }

    #[inline(always)]
    fn next<S: Simd>(&self, simd: S, component: usize) -> Lane<S, T> {
        Lane::load(simd, &self.0[component][1])
    }
}

impl<T: Real> Kinds<Line<T>> {
    /// At nodes from `at` on.
    #[inline(always)]
    fn near<S: Simd>(&self, simd: S, at: usize) -> Kinds<Near<S, T>> {
        Kinds { m: self.m.near(simd, at), n: self.n.near(simd, at), c: self.c.near(simd, at), e: self.e.near(simd, at) }
    }
}

impl<T: Real> Line<T> {
    #[inline(always)]
    fn near<S: Simd>(&self, simd: S, at: usize) -> Near<S, T> {
        let row = &self.0[at + W - 1..][..T::width::<S>() + 2];
        [Lane::load(simd, row), Lane::load(simd, &row[1..]), Lane::load(simd, &row[2..])]
    }
}

/// Combines three rows of nodes along z; where there is none before or after, `nodes` names another. `END`: whether at an end.
#[inline(always)]
fn combine<S: Simd, T: Real, const END: bool>(
    ends: &End<S, T>,
    x: &[T],
    nodes: [usize; 3],
    len: usize,
    to: &mut Kinds<Line<T>>,
) {
    let (simd, width) = (ends.simd, T::width::<S>());
    let (low, mid, high) = (&x[nodes[0]..][..len], &x[nodes[1]..][..len], &x[nodes[2]..][..len]);
    let (m, n) = (&mut to.m.0[W..][..len], &mut to.n.0[W..][..len]);
    let (c, e) = (&mut to.c.0[W..][..len], &mut to.e.0[W..][..len]);
    for first in (0..len).step_by(width) {
        let at = first.min(len - width);
        let (mut low, mut mid) = (Lane::load(simd, &low[at..][..width]), Lane::load(simd, &mid[at..][..width]));
        let mut high = Lane::load(simd, &high[at..][..width]);
        if END {
            (ends.e * mid).store(&mut e[at..][..width]);
            (low, mid, high) = (ends.before * low, ends.half * mid, ends.after * high);
        }
        mid.store(&mut m[at..][..width]);
        (low + high).store(&mut n[at..][..width]);
        (high - low).store(&mut c[at..][..width]);
    }
}

/// A row of nodes that gives to itself, to the one before and to the next.
struct Row<'a, S: Simd, T: Real> {
    stencil: &'a Stencil<S, T>,
    end: &'a End<S, T>,
    x: &'a [Kinds<Line<T>>],
    /// The row before, whether it is to be found, and whether it is set, not added to.
    y: [&'a mut [T]; 3],
    found: bool,
    set: bool,
    /// Rows that will be read and written soon, told to the machine, since there are more streams than it foresees.
    wanted: [&'a [T]; 3],
    later: [&'a [T]; 3],
}

impl<S: Simd, T: Real> Row<'_, S, T> {
    /// A vector of nodes. `X`: whether an end may be near along x, `YZ`: along y or z.
    #[inline(always)]
    fn column<const X: bool, const YZ: bool>(&mut self, side: &Side<S, T>, at: usize, carried: &mut Carried<T>) {
        let simd = self.stencil.simd;
        let [u, v, w] = self.x else { return };
        let (u, v, w) = (u.near(simd, at), v.near(simd, at), w.near(simd, at));
        for c in 0..3 {
            prefetch(self.wanted[c], at);
            prefetch(self.later[c], at);
        }
        // Not loops: what is indexed by a variable is kept in memory.
        let next = [carried.next(simd, 0), carried.next(simd, 1), carried.next(simd, 2)];
        let [f, g, h] = self.stencil.along_x::<X, YZ>(side, &u, &v, &w, next);
        self.give::<X, YZ>(0, side, at, &f, carried);
        self.give::<X, YZ>(1, side, at, &g, carried);
        self.give::<X, YZ>(2, side, at, &h, carried);
    }

    /// Gives what acts along y on a component.
    #[inline(always)]
    fn give<const X: bool, const YZ: bool>(
        &mut self,
        c: usize,
        side: &Side<S, T>,
        at: usize,
        f: &Kinds<Lane<S, T>>,
        carried: &mut Carried<T>,
    ) {
        let (simd, width) = (self.stencil.simd, T::width::<S>());
        let own = if YZ { self.end.half.mul_add(f.m, self.end.e.mul_add(f.e, carried.next(simd, c))) } else { f.m };
        if self.found {
            let sum = carried.done(simd, c) + (f.n + f.c);
            put::<S, T, X>(side, &mut self.y[c][at..][..width], sum, self.set);
        }
        own.store(&mut carried.0[c][0]);
        (f.n - f.c).store(&mut carried.0[c][1]);
    }
}

/// Sets forces or adds to them.
#[inline(always)]
fn put<S: Simd, T: Real, const X: bool>(side: &Side<S, T>, y: &mut [T], f: Lane<S, T>, set: bool) {
    if !set {
        let f = if X { side.inside * f } else { f };
        (Lane::load(f.simd(), y) + f).store(y);
    } else if X && let Some(shared) = side.shared {
        let before = y[shared];
        f.store(y);
        y[shared] += before;
    } else {
        f.store(y);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linear::operator::Operator;
    use crate::linear::truth::{off, product};
    use crate::mesh::{Grid, Solid, moment};
    use std::sync::Arc;

    /// A lattice of whole cells but for those that `of` calls cut (`None`) or void; else Poisson's ratio.
    fn operator(counts: [usize; 3], of: impl Fn([usize; 3]) -> Option<Option<f64>>) -> Operator {
        let grid = Grid { origin: [0.0; 3], cell: 1e-3, counts };
        let cut = || Some(Box::new(moment::to_parent(&moment::FULL, 0)));
        let solids: Vec<Solid> = (0..grid.n_cells())
            .filter_map(|c| of(grid.position(c)).map(|poisson| (c as u32, poisson)))
            .map(|(cell, poisson)| Solid {
                cell,
                moments: if poisson.is_none() { cut() } else { None },
                poisson: poisson.unwrap_or(0.3),
            })
            .collect();
        Operator::new(Arc::new(Lattice::new(grid, &solids, 1e-5, 0.25)), Vec::new(), Vec::new())
    }

    /// The same numbers at every call, without a pattern that a stencil may not see.
    fn random<T: Real>(op: &Operator, n_cases: usize) -> Block<T> {
        let mut x = Block::zero(op.lattice.n_nodes, n_cases);
        let mut state = 1u64;
        for v in x.parts_mut().into_iter().flatten() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *v = T::of((state >> 40) as f64 / (1u64 << 24) as f64 - 0.5);
        }
        x
    }

    /// Compares the product of all precisions and instruction sets with the sum of all cells.
    fn check(op: &Operator) {
        let n_nodes = op.lattice.n_nodes;
        let x = random::<f64>(op, 2);
        let truth = product(op, &x);
        let mut y = x.clone();
        op.apply(&x, &mut y);
        assert!(off(&y, &truth) < 1e-13, "{:e}", off(&y, &truth));
        op.subtract(&x, &mut y);
        assert!(off(&y, &Block::zero(n_nodes, 2)) < 1e-13);
        let single = random::<f32>(op, 2);
        let mut y = single.clone();
        op.apply(&single, &mut y);
        assert!(off(&y, &truth) < 3e-6, "{:e}", off(&y, &truth));
        op.subtract(&single, &mut y);
        assert!(off(&y, &Block::zero(n_nodes, 2)) < 3e-6);
    }

    #[test]
    fn boxes_multiply_by_the_sum_of_their_cells_up_to_their_ends() {
        // Nodes of a row: a vector and little more, whole vectors, and a tail.
        for len in [18, 32, 48, 61] {
            let op = operator([len - 1, 9, 13], |_| Some(Some(0.3)));
            assert_eq!(op.lattice.bulks.boxes().len(), 1);
            check(&op);
        }
    }

    #[test]
    fn boxes_of_several_parts_are_one() {
        let op = operator([201, 130, 6], |_| Some(Some(0.25)));
        let mut y = Block::<f32>::zero(op.lattice.n_nodes, 1);
        let n_parts = Part::all(&op.lattice, &Block::zero(op.lattice.n_nodes, 1), &mut y, true, 1.0).len();
        assert!(op.lattice.bulks.boxes().len() == 1 && n_parts > 8, "{n_parts}");
        check(&op);
    }

    /// Materials that meet along x, y and z, with holes, cut cells and strips between.
    #[test]
    fn boxes_meet_each_other_and_all_else() {
        let op = operator([75, 34, 41], |[x, y, z]| match (x, y, z) {
            (37..40, 10..14, 8..12) => None,
            (_, _, 20) if (x + y) % 7 == 0 => Some(None),
            (20.., 17.., _) => Some(Some(0.2)),
            (.., 0..4, 21..) => (x > z).then_some(Some(0.3)),
            (.., 30..) => Some(Some(0.1)),
            _ => Some(Some(0.3)),
        });
        let boxes = op.lattice.bulks.boxes();
        let faces = |axis: usize| boxes.iter().filter(|b| b.shared[axis] != [false; 2]).count();
        assert!(boxes.len() > 5 && (0..3).all(|axis| faces(axis) > 0), "{boxes:?}");
        assert!(op.lattice.strips.iter().any(|s| !s.bulk) && !op.lattice.blocks.is_empty());
        check(&op);
    }

    #[test]
    fn a_rigid_motion_takes_no_force() {
        let op = operator([60, 20, 20], |_| Some(Some(0.3)));
        let mut x = Block::<f32>::zero(op.lattice.n_nodes, 1);
        x.part_mut(0, 1).fill(1.0);
        let mut y = x.clone();
        op.apply(&x, &mut y);
        assert!(off(&y, &Block::zero(op.lattice.n_nodes, 1)) < 2e-6);
    }

    #[test]
    fn bits_do_not_depend_on_the_number_of_threads() {
        let op = operator([90, 40, 70], |[x, y, z]| Some(Some(if x + y > 60 && z > 30 { 0.2 } else { 0.3 })));
        let x = random::<f32>(&op, 1);
        let on = |n: usize| {
            let mut y = Block::zero(op.lattice.n_nodes, 1);
            rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap().install(|| op.apply(&x, &mut y));
            y
        };
        assert!(on(1) == on(2) && on(2) == on(3));
    }
}
