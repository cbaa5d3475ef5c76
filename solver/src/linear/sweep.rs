//! One pass of an operator over a slab of layers, in vector instructions, but for the cells of boxes: see
//! [`super::bulk`].
//!
//! In a strip every row of nodes is read once per layer: its sums and differences along x and z serve the cells on both
//! sides of it along y, and the forces that both give it are carried together back to the nodes. That is about 150
//! additions and products per vector of cells, against 240 where each cell stands alone. Cut cells are few but dear, so
//! they are gathered from wherever they are to fill their vectors.

use super::block::Block;
use super::operator::Operator;
use crate::element::brick::{self, Corners, Whole, fall, rise};
use crate::element::lane::{Lane, Real};
use crate::mesh::lattice::{CutBlock, Strip, W};
use pulp::{Simd, WithSimd};
use std::ops::Range;

/// Cells that are swept one block at a time, their displacements gathered from wherever they are.
pub trait Gathered {
    /// First node in the rows (y, z), (y+1, z), (y, z+1), (y+1, z+1), `[row][lane]`.
    fn nodes(&self) -> &[[u32; W]; 4];
    /// Cells, at most [`W`].
    fn len(&self) -> usize;
    /// Nodal forces of the cells from lane `from` on, as many as a register holds.
    fn forces<S: Simd, T: Real>(&self, simd: S, u: &[Corners<S, T>; 3], from: usize) -> [Corners<S, T>; 3];
}

impl Gathered for CutBlock {
    fn nodes(&self) -> &[[u32; W]; 4] {
        &self.nodes
    }

    fn len(&self) -> usize {
        self.len
    }

    #[inline(always)]
    fn forces<S: Simd, T: Real>(&self, simd: S, u: &[Corners<S, T>; 3], from: usize) -> [Corners<S, T>; 3] {
        brick::apply_cut(simd, u, &self.coefficients, from)
    }
}

/// `y += sign A x` over some layers of cells.
pub struct Sweep<'a, T> {
    pub operator: &'a Operator,
    pub x: &'a Block<T>,
    /// The slab's nodes, `[3 case + component]`.
    pub y: Vec<&'a mut [T]>,
    pub layers: Range<usize>,
    /// Planes of nodes to set to zero before they are added to.
    pub clear: Range<usize>,
    pub sign: T,
}

impl<T: Real> WithSimd for Sweep<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let lattice = &*self.operator.lattice;
        let base = lattice.plane_ptr[self.layers.start] as usize;
        let mut scratch = Scratch::new(lattice.grid.counts[0]);
        let signs = Signs::new(self.sign);
        self.zero(self.layers.start);
        for z in self.layers.clone() {
            self.zero(z + 1);
            for (strip, rows) in lattice.strips_of(z).filter(|(s, _)| !s.bulk) {
                let whole = Whole::new(simd, strip.lame, lattice.keep);
                for k in 0..self.x.n_cases {
                    let x = [self.x.padded(k, 0), self.x.padded(k, 1), self.x.padded(k, 2)];
                    let [a, b, c] = &mut self.y[3 * k..3 * k + 3] else { unreachable!("three components") };
                    let relative = |row: usize| self.operator.relative::<T>(strip, row, z);
                    sweep_strip(simd, &whole, strip, rows, relative, x, [a, b, c], base, &signs, &mut scratch);
                }
            }
            self.blocks(simd, lattice.blocks_of(z), base, &mut scratch);
            self.blocks(simd, self.operator.full.of(z), base, &mut scratch);
            self.foundations(z, base);
        }
    }
}

impl<T: Real> Sweep<'_, T> {
    /// Cells of a layer, in blocks.
    ///
    /// Displacements are gathered one block ahead and forces scattered one behind: vectors cannot be read at once where
    /// numbers were just written, nor numbers where vectors were.
    #[inline(always)]
    fn blocks<S: Simd>(&mut self, simd: S, blocks: &[impl Gathered], base: usize, scratch: &mut Scratch<T>) {
        let n_cases = self.x.n_cases;
        let steps = blocks.len() * n_cases;
        if steps > 0 {
            gather(self.x, 0, &blocks[0], &mut scratch.gathered[0].0);
        }
        for step in 0..steps {
            let half = step % 2;
            if step + 1 < steps {
                let next = &blocks[(step + 1) / n_cases];
                gather(self.x, (step + 1) % n_cases, next, &mut scratch.gathered[1 - half].0);
            }
            let block = &blocks[step / n_cases];
            let (u, f) = (&scratch.gathered[half].0, &mut scratch.forces[half].0);
            for from in (0..block.len()).step_by(T::width::<S>()) {
                let load = |n: usize| Lane::<S, T>::load(simd, &u[n][from..]);
                let mut at = [[Lane::zero(simd); 8]; 3];
                for c in 0..3 {
                    for corner in 0..8 {
                        at[c][corner] = load(8 * c + corner);
                    }
                }
                let found = block.forces(simd, &at, from);
                for c in 0..3 {
                    for corner in 0..8 {
                        found[c][corner].store(&mut f[8 * c + corner][from..]);
                    }
                }
            }
            if step > 0 {
                self.scatter((step - 1) % n_cases, &blocks[(step - 1) / n_cases], &scratch.forces[1 - half].0, base);
            }
        }
        if steps > 0 {
            self.scatter(n_cases - 1, &blocks[blocks.len() - 1], &scratch.forces[(steps - 1) % 2].0, base);
        }
    }

    #[inline(always)]
    fn scatter(&mut self, k: usize, block: &impl Gathered, f: &[[T; W]; 24], base: usize) {
        let sign = self.sign;
        if let Some(first) = run(block) {
            // All left ends first: what was just written cannot be read again at once one number on.
            for side in 0..2 {
                for c in 0..3 {
                    for (row, first) in first.iter().enumerate() {
                        let y = &mut self.y[3 * k + c][first - base + side..][..W];
                        for (y, f) in y.iter_mut().zip(&f[8 * c + 2 * row + side]) {
                            *y += sign * *f;
                        }
                    }
                }
            }
            return;
        }
        for c in 0..3 {
            let y = &mut *self.y[3 * k + c];
            for row in 0..4 {
                let (left, right) = (&f[8 * c + 2 * row], &f[8 * c + 2 * row + 1]);
                for lane in 0..block.len() {
                    let node = block.nodes()[row][lane] as usize - base;
                    let y = &mut y[node..node + 2];
                    y[0] += sign * left[lane];
                    y[1] += sign * right[lane];
                }
            }
        }
    }

    #[inline(always)]
    fn zero(&mut self, plane: usize) {
        if !self.clear.contains(&plane) {
            return;
        }
        let ptr = &self.operator.lattice.plane_ptr;
        let base = ptr[self.layers.start] as usize;
        let range = ptr[plane] as usize - base..ptr[plane + 1] as usize - base;
        for y in &mut self.y {
            y[range.clone()].fill(T::default());
        }
    }

    #[inline(always)]
    fn foundations(&mut self, z: usize, base: usize) {
        let (foundations, singles) = self.operator.foundations_of(z);
        for (foundation, single) in foundations.iter().zip(singles) {
            for k in 0..self.x.n_cases {
                let mut u = [T::default(); 24];
                for (corner, node) in foundation.nodes.iter().enumerate() {
                    u[3 * corner..3 * corner + 3].copy_from_slice(&self.x.at(k, *node));
                }
                // Columns, since the matrix is symmetric: sums run side by side.
                let mut f = [T::default(); 24];
                let matrix = T::pick(&foundation.matrix, single);
                for (u, coefs) in u.iter().zip(matrix.as_chunks::<24>().0) {
                    for (f, a) in f.iter_mut().zip(coefs) {
                        *f += *a * *u;
                    }
                }
                for (row, f) in f.into_iter().enumerate() {
                    self.y[3 * k + row % 3][foundation.nodes[row / 3] as usize - base] += self.sign * f;
                }
            }
        }
    }
}

/// The sign in every lane, then zeros: a load that begins before the zeros masks lanes off.
struct Signs<T> {
    sign: T,
    mask: [T; 2 * W],
}

impl<T: Real> Signs<T> {
    #[inline(always)]
    fn new(sign: T) -> Self {
        let mut mask = [T::default(); 2 * W];
        mask[..W].fill(sign);
        Self { sign, mask }
    }

    /// The sign in the first `n` lanes, at most as many as a register holds.
    #[inline(always)]
    fn first<S: Simd>(&self, simd: S, n: usize) -> Lane<S, T> {
        Lane::load(simd, &self.mask[W - n..])
    }
}

/// Numbers of scratch per cell along x: what a row of nodes hands to the next.
const CARRIED: usize = 24;

/// Bytes of a line of the cache.
const LINE: usize = 64;

/// Room of a sweep: a row of cells.
struct Scratch<T> {
    /// Per vector of cells, [`CARRIED`] vectors: displacements of the last row, and the forces on it. From `aligned` on,
    /// so that none lies across two lines of the cache.
    carried: Vec<T>,
    aligned: usize,
    /// Displacements of two blocks and the forces on them, `[8 component + corner][lane]`.
    gathered: [Lines<T>; 2],
    forces: [Lines<T>; 2],
}

/// Numbers at the corners of a block's cells.
#[repr(align(64))]
#[derive(Clone, Copy)]
struct Lines<T>([[T; W]; 24]);

impl<T: Real> Scratch<T> {
    #[inline(always)]
    fn new(n_cells: usize) -> Self {
        let none = [Lines([[T::default(); W]; 24]); 2];
        let carried = vec![T::default(); CARRIED * n_cells.next_multiple_of(W) + LINE / size_of::<T>()];
        let aligned = carried.as_ptr().align_offset(LINE);
        Self { carried, aligned, gathered: none, forces: none }
    }
}

/// First nodes of the four rows of a full block whose cells are neighbours along x.
#[inline(always)]
fn run(block: &impl Gathered) -> Option<[usize; 4]> {
    // Cells ascend, and so do the first nodes of a layer's rows.
    let nodes = block.nodes();
    (block.len() == W && nodes[0][W - 1] == nodes[0][0] + W as u32 - 1).then(|| nodes.map(|row| row[0] as usize))
}

/// Displacements of the corners of a block's cells.
#[inline(always)]
fn gather<T: Real>(x: &Block<T>, k: usize, block: &impl Gathered, out: &mut [[T; W]; 24]) {
    if let Some(first) = run(block) {
        for c in 0..3 {
            let x = x.part(k, c);
            for (row, first) in first.iter().enumerate() {
                for side in 0..2 {
                    out[8 * c + 2 * row + side].copy_from_slice(&x[first + side..][..W]);
                }
            }
        }
        return;
    }
    for c in 0..3 {
        let x = x.part(k, c);
        for row in 0..4 {
            for lane in 0..block.len() {
                let node = block.nodes()[row][lane] as usize;
                let x = &x[node..node + 2];
                out[8 * c + 2 * row][lane] = x[0];
                out[8 * c + 2 * row + 1][lane] = x[1];
            }
        }
    }
}

/// Sums and differences along x and z of the three components at the nodes of cells `at..` of two rows of nodes.
#[inline(always)]
fn read_row<S: Simd, T: Real>(simd: S, x: [&[T]; 3], [low, high]: [u32; 2], at: usize) -> [[Lane<S, T>; 4]; 3] {
    let mut out = [[Lane::zero(simd); 4]; 3];
    for c in 0..3 {
        let (low, high) = (&x[c][low as usize + at..], &x[c][high as usize + at..]);
        out[c] =
            [Lane::load(simd, low), Lane::load(simd, &low[1..]), Lane::load(simd, high), Lane::load(simd, &high[1..])];
        rise(&mut out[c], 1);
        rise(&mut out[c], 2);
    }
    out
}

/// The six rows of nodes (component, z) that forces on the ends of cells are added to, from left to right.
struct Ends<'a, 'b, S: Simd, T: Real> {
    y: &'a mut [&'b mut [T]; 3],
    /// First node of each row, in `y`.
    nodes: [usize; 2],
    /// Cells of the row.
    len: usize,
    /// Forces on the right ends of the last cells, turned by one lane: the first belongs to the node that comes next.
    right: [[Lane<S, T>; 2]; 3],
}

impl<'a, 'b, S: Simd, T: Real> Ends<'a, 'b, S, T> {
    #[inline(always)]
    fn new(simd: S, y: &'a mut [&'b mut [T]; 3], rows: [u32; 2], base: usize, len: usize) -> Self {
        let nodes = [rows[0] as usize - base, rows[1] as usize - base];
        Self { y, nodes, len, right: [[Lane::zero(simd); 2]; 3] }
    }

    /// Carries forces on the sums and differences along x and z back to the ends of the cells from `at` on, and adds them.
    #[inline(always)]
    fn add(&mut self, simd: S, [mut u, mut v, mut w]: [[Lane<S, T>; 4]; 3], at: usize, signs: &Signs<T>) {
        let width = T::width::<S>();
        let n = width.min(self.len - at);
        let before = signs.first(simd, 1);
        let lanes = Lanes { n, own: signs.first(simd, n), right: signs.first(simd, width.min(n + 1)) - before, before };
        for f in [&mut u, &mut v, &mut w] {
            fall(f, 2);
            fall(f, 1);
        }
        // Not a loop: what is indexed by a variable is kept in memory.
        self.add_row(simd, 0, 0, u[0], u[1], at, signs, &lanes);
        self.add_row(simd, 0, 1, u[2], u[3], at, signs, &lanes);
        self.add_row(simd, 1, 0, v[0], v[1], at, signs, &lanes);
        self.add_row(simd, 1, 1, v[2], v[3], at, signs, &lanes);
        self.add_row(simd, 2, 0, w[0], w[1], at, signs, &lanes);
        self.add_row(simd, 2, 1, w[2], w[3], at, signs, &lanes);
    }

    #[inline(always)]
    fn add_row(
        &mut self,
        simd: S,
        c: usize,
        z: usize,
        left: Lane<S, T>,
        right: Lane<S, T>,
        at: usize,
        signs: &Signs<T>,
        lanes: &Lanes<S, T>,
    ) {
        let width = T::width::<S>();
        let turned = right.turn();
        let last = std::mem::replace(&mut self.right[c][z], turned);
        let y = &mut self.y[c][self.nodes[z] + at..];
        if let Some(y) = y.get_mut(..width) {
            let sum = lanes.own.mul_add(left, Lane::load(simd, y));
            lanes.before.mul_add(last, lanes.right.mul_add(turned, sum)).store(y);
        } else {
            // Nothing follows the last row of a slab.
            let mut sum = [T::default(); W];
            lanes.before.mul_add(last, lanes.right.mul_add(turned, lanes.own * left)).store(&mut sum);
            add_short(y, &sum);
        }
        if lanes.n == width && at + width == self.len {
            self.y[c][self.nodes[z] + self.len] += signs.sign * turned.first();
        }
    }
}

/// The sign in lanes of left ends, of right ends of the same cells turned, and of the right end of the cell before.
struct Lanes<S: Simd, T: Real> {
    n: usize,
    own: Lane<S, T>,
    right: Lane<S, T>,
    before: Lane<S, T>,
}

#[inline(never)]
fn add_short<T: Real>(y: &mut [T], by: &[T; W]) {
    for (y, by) in y.iter_mut().zip(by) {
        *y += *by;
    }
}

/// What the last row of nodes hands on at the cells from `at`: its displacements and the forces on it so far, twelve
/// registers each.
#[inline(always)]
fn carried<T>(scratch: &mut Scratch<T>, at: usize, width: usize) -> [&mut [T]; 2] {
    scratch.carried[scratch.aligned + CARRIED * at..][..CARRIED * width].split_at_mut(12 * width).into()
}

/// `relative`: stiffness of a row of cells over that of `whole`, where each cell has its own.
#[inline(always)]
fn sweep_strip<'r, S: Simd, T: Real>(
    simd: S,
    whole: &Whole<S, T>,
    strip: &Strip,
    rows: &[[u32; 2]],
    relative: impl Fn(usize) -> Option<&'r [T]>,
    x: [&[T]; 3],
    mut y: [&mut [T]; 3],
    base: usize,
    signs: &Signs<T>,
    scratch: &mut Scratch<T>,
) {
    let width = T::width::<S>();
    let len = strip.len as usize;
    let zero = Lane::zero(simd);
    let steps = || (0..len).step_by(width);
    for at in steps() {
        let u = read_row(simd, x, rows[0], at);
        let [displaced, forced] = carried(scratch, at, width);
        for c in 0..3 {
            for p in 0..4 {
                u[c][p].store(&mut displaced[(4 * c + p) * width..]);
                zero.store(&mut forced[(4 * c + p) * width..]);
            }
        }
    }
    for row in 1..rows.len() {
        let mut ends = Ends::new(simd, &mut y, rows[row - 1], base, len);
        let relative = relative(row - 1);
        for at in steps() {
            let next = read_row(simd, x, rows[row], at);
            let [displaced, forced] = carried(scratch, at, width);
            let mut u = [[zero; 8]; 3];
            for c in 0..3 {
                for p in 0..4 {
                    let place = &mut displaced[(4 * c + p) * width..];
                    let (low, high) = (Lane::load(simd, place), next[c][p]);
                    high.store(place);
                    (u[c][LOW[p]], u[c][LOW[p] | 2]) = (low + high, high - low);
                }
            }
            let mut f = whole.forces(&u);
            if let Some(relative) = relative {
                let by = Lane::load(simd, &relative[at..]);
                for f in f.as_flattened_mut() {
                    *f = by * *f;
                }
            }
            let mut done = [[zero; 4]; 3];
            for c in 0..3 {
                // The constant has no force.
                let slope = f[c][2];
                done[c][0] = Lane::load(simd, &forced[4 * c * width..]) - slope;
                slope.store(&mut forced[4 * c * width..]);
                for p in 1..4 {
                    let place = &mut forced[(4 * c + p) * width..];
                    let (mean, slope) = (f[c][LOW[p]], f[c][LOW[p] | 2]);
                    done[c][p] = Lane::load(simd, place) + (mean - slope);
                    (mean + slope).store(place);
                }
            }
            ends.add(simd, done, at, signs);
        }
    }
    let mut ends = Ends::new(simd, &mut y, rows[rows.len() - 1], base, len);
    for at in steps() {
        let [_, forced] = carried(scratch, at, width);
        let mut done = [[zero; 4]; 3];
        for c in 0..3 {
            for p in 0..4 {
                done[c][p] = Lane::load(simd, &forced[(4 * c + p) * width..]);
            }
        }
        ends.add(simd, done, at, signs);
    }
}

/// Corner of a cell at the lower y, by the bits (x, z).
const LOW: [usize; 4] = [0, 1, 4, 5];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linear::bulk;
    use crate::linear::operator::Foundation;
    use crate::linear::truth::{off, product};
    use crate::mesh::{Grid, Lattice, Solid, moment};
    use std::sync::Arc;

    /// Strips with tails and of changing width, a tall box of them between two cut columns, cut cells, holes, two materials
    /// and a foundation.
    fn operator() -> Operator {
        let grid = Grid { origin: [0.0; 3], cell: 1e-3, counts: [53, 9, 17] };
        let mut part = [0.0; 27];
        moment::add_box(&mut part, &moment::line(-1.0, 0.3), &moment::line(-0.4, 1.0), &moment::line(-1.0, 0.9));
        let solids: Vec<Solid> = (0..grid.n_cells())
            .filter(|c| {
                let [x, y, z] = grid.position(*c);
                z != 3 || (x > 4 + y && x % 17 != 5)
            })
            .map(|c| {
                let [x, y, z] = grid.position(c);
                let cut = match z {
                    1 => x < 2 || x > 47 + y % 3,
                    4 => x % 11 == 3,
                    6.. => x == 2 || x == 50,
                    _ => false,
                };
                Solid {
                    cell: c as u32,
                    moments: cut.then(|| Box::new(part)),
                    poisson: if z == 2 && x > 30 { 0.1 } else { 0.3 },
                }
            })
            .collect();
        let lattice = Arc::new(Lattice::new(grid, &solids, 1e-5, 0.0));
        assert!(lattice.strips.len() > 5 && lattice.blocks.len() > 5);
        assert!(lattice.bulks.boxes().iter().any(|b| b.len == 48 && b.n_planes == 12), "{:?}", lattice.bulks.boxes());
        let nodes = lattice.cell_nodes([0, 4, 2]).unwrap();
        let mut matrix = vec![0.0; 576];
        for i in 0..24 {
            for j in 0..24 {
                matrix[24 * i + j] = if i == j { 5.0 } else { 0.01 * ((i * j) % 7) as f64 };
            }
        }
        Operator::new(lattice, vec![Foundation { at: [0, 4, 2], nodes, matrix }], Vec::new())
    }

    fn some<T: Real>(n_nodes: usize) -> Block<T> {
        let mut x = Block::zero(n_nodes, 2);
        for (c, part) in x.parts_mut().into_iter().enumerate() {
            part.iter_mut().enumerate().for_each(|(n, v)| *v = T::of(((n * 7919 + c * 31) % 1009) as f64 * 1e-3 - 0.5));
        }
        x
    }

    #[test]
    fn the_sweep_multiplies_by_the_sum_of_all_cells() {
        let op = operator();
        let x = some::<f64>(op.lattice.n_nodes);
        let truth = product(&op, &x);
        // What was in the result before does not matter.
        let mut y = x.clone();
        op.apply(&x, &mut y);
        assert!(off(&y, &truth) < 1e-13, "{:e}", off(&y, &truth));
        op.subtract(&x, &mut y);
        assert!(off(&y, &Block::zero(op.lattice.n_nodes, 2)) < 1e-13);
        let mut single = some::<f32>(op.lattice.n_nodes);
        op.apply(&some::<f32>(op.lattice.n_nodes), &mut single);
        assert!(off(&single, &truth) < 1e-5, "{:e}", off(&single, &truth));
    }

    #[test]
    fn the_diagonal_is_that_of_all_cells() {
        let op = operator();
        let mut truth = vec![[0.0f64; 6]; op.lattice.n_nodes];
        op.for_each_entry(|p, a, q, b, value| {
            let pairs = [(0, 0), (1, 1), (2, 2), (0, 1), (1, 2), (2, 0)];
            if let (true, Some(n)) = (p == q, pairs.iter().position(|x| *x == (a, b))) {
                truth[p as usize][n] += value;
            }
        });
        for (a, b) in op.diagonal().iter().flatten().zip(truth.iter().flatten()) {
            assert!((a - b).abs() < 1e-13, "{a} {b}");
        }
    }

    #[test]
    fn every_instruction_set_gives_the_same_within_rounding() {
        let op = operator();
        let x = some::<f64>(op.lattice.n_nodes);
        let mut dispatched = Block::zero(op.lattice.n_nodes, 2);
        op.apply(&x, &mut dispatched);
        let mut plain = Block::<f64>::zero(op.lattice.n_nodes, 2);
        for part in bulk::Part::all(&op.lattice, &x, &mut plain, true, 1.0) {
            bulk::Run { part, scratch: &mut bulk::Scratch::new() }.with_simd(pulp::Scalar::new());
        }
        let layers = 0..op.lattice.grid.counts[2];
        Sweep { operator: &op, x: &x, y: plain.parts_mut(), layers, clear: 0..0, sign: 1.0 }
            .with_simd(pulp::Scalar::new());
        assert!(off(&dispatched, &plain) < 1e-14, "{:e}", off(&dispatched, &plain));
    }
}
