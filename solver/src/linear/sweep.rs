//! One pass of an operator over a slab of layers, in vector instructions.
//!
//! In a strip every row of nodes is read once per layer: its sums and differences along x and z serve the cells on both
//! sides of it along y, and the forces that both give it are carried together back to the nodes. That is about 150
//! additions and products per vector of cells, against 240 where each cell stands alone.

use super::block::Block;
use super::operator::Operator;
use crate::element::brick::{self, Corners, Whole, fall, rise};
use crate::element::lane::{Lane, Real};
use crate::mesh::lattice::{Chunk, Strip, W};
use pulp::{Simd, WithSimd};
use std::ops::Range;

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
            for strip in &lattice.strips[lattice.strip_ptr[z] as usize..lattice.strip_ptr[z + 1] as usize] {
                let whole = Whole::new(simd, strip.lame, lattice.keep);
                let rows = &lattice.strip_rows[strip.first_row as usize..][..strip.n_rows as usize];
                for k in 0..self.x.n_cases {
                    let x = [self.x.padded(k, 0), self.x.padded(k, 1), self.x.padded(k, 2)];
                    let [a, b, c] = &mut self.y[3 * k..3 * k + 3] else { unreachable!("three components") };
                    sweep_strip(simd, &whole, strip, rows, x, [a, b, c], base, &signs, &mut scratch);
                }
            }
            // A chunk's forces are added while the next one is worked on: what was just stored cannot be read at once.
            let mut last: Option<(&Chunk, usize)> = None;
            let mut half = 0;
            for chunk in &lattice.chunks[lattice.layer_ptr[z] as usize..lattice.layer_ptr[z + 1] as usize] {
                for k in 0..self.x.n_cases {
                    let x = [self.x.padded(k, 0), self.x.padded(k, 1), self.x.padded(k, 2)];
                    sweep_chunk(simd, self.operator, chunk, x, &mut scratch, half);
                    half = 1 - half;
                    if let Some((last, k)) = last {
                        add_chunk(simd, last, &mut self.y[3 * k..3 * k + 3], base, &signs, &scratch, half);
                    }
                    last = Some((chunk, k));
                }
            }
            if let Some((last, k)) = last {
                add_chunk(simd, last, &mut self.y[3 * k..3 * k + 3], base, &signs, &scratch, 1 - half);
            }
            self.foundations(z, base);
        }
    }
}

impl<T: Real> Sweep<'_, T> {
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

/// Room of a sweep: a row of cells.
struct Scratch<T> {
    /// Per vector of cells, [`CARRIED`] vectors: displacements of the last row, and the forces on it.
    carried: Vec<T>,
    /// Forces on the left and on the right end of each cell of six rows of nodes (component, z), `stride` apart.
    left: Vec<T>,
    right: Vec<T>,
    stride: usize,
    /// The same of two chunks, of twelve rows each (component, row).
    chunk_left: [T; 2 * CHUNK_ROWS * CHUNK_STRIDE],
    chunk_right: [T; 2 * CHUNK_ROWS * CHUNK_STRIDE],
}

const STRIP_ROWS: usize = 6;
const CHUNK_ROWS: usize = 12;
const CHUNK_STRIDE: usize = 2 * W;

impl<T: Real> Scratch<T> {
    #[inline(always)]
    fn new(n_cells: usize) -> Self {
        // The number before a row on the right is read as the end of a cell that does not exist, so it stays zero.
        let stride = n_cells.next_multiple_of(W) + W;
        let rows = || vec![T::default(); STRIP_ROWS * stride];
        let ends = [T::default(); 2 * CHUNK_ROWS * CHUNK_STRIDE];
        Self {
            carried: vec![T::default(); CARRIED * stride],
            left: rows(),
            right: rows(),
            stride,
            chunk_left: ends,
            chunk_right: ends,
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

/// Carries forces on the sums and differences along x and z back to the ends of the cells.
#[inline(always)]
fn write_row<S: Simd, T: Real>(mut f: [[Lane<S, T>; 4]; 3], at: usize, scratch: &mut Scratch<T>) {
    let stride = scratch.stride;
    for c in 0..3 {
        fall(&mut f[c], 2);
        fall(&mut f[c], 1);
        for z in 0..2 {
            let row = (2 * c + z) * stride + W + at;
            f[c][2 * z].store(&mut scratch.left[row..]);
            f[c][2 * z + 1].store(&mut scratch.right[row..]);
        }
    }
}

/// Adds the forces on the ends of `len` cells to their `len + 1` nodes from `node` on.
#[inline(always)]
fn add_ends<S: Simd, T: Real>(
    simd: S,
    y: &mut [T],
    node: usize,
    len: usize,
    left: &[T],
    right: &[T],
    signs: &Signs<T>,
) {
    // Node n is the left end of cell n and the right end of cell n − 1.
    let width = T::width::<S>();
    let sign = Lane::splat(simd, signs.sign);
    let y = &mut y[node..];
    let padded = len.next_multiple_of(width);
    let (left, right) = (&left[..padded], &right[..padded + 1]);
    let mut n = 0;
    while n + width <= len {
        let y = &mut y[n..n + width];
        let ends = Lane::load(simd, &left[n..]) + Lane::load(simd, &right[n..]);
        sign.mul_add(ends, Lane::load(simd, y)).store(y);
        n += width;
    }
    let rest = len - n;
    if rest == 0 {
        y[n] += signs.sign * right[n];
    } else if let Some(y) = y.get_mut(n..n + width) {
        // Beyond the row's end nothing is added to whatever is there.
        let with_left = signs.first(simd, rest).mul_add(Lane::load(simd, &left[n..]), Lane::load(simd, y));
        signs.first(simd, rest + 1).mul_add(Lane::load(simd, &right[n..]), with_left).store(y);
    } else {
        for (i, y) in y[n..=len].iter_mut().enumerate() {
            let own = if i < rest { left[n + i] } else { T::default() };
            *y += signs.sign * (own + right[n + i]);
        }
    }
}

/// Adds the six finished rows.
#[inline(always)]
fn finish_row<S: Simd, T: Real>(
    simd: S,
    y: &mut [&mut [T]; 3],
    rows: [u32; 2],
    base: usize,
    len: usize,
    signs: &Signs<T>,
    scratch: &Scratch<T>,
) {
    for c in 0..3 {
        for z in 0..2 {
            let row = (2 * c + z) * scratch.stride + W;
            let (left, right) = (&scratch.left[row..], &scratch.right[row - 1..]);
            add_ends(simd, y[c], rows[z] as usize - base, len, left, right, signs);
        }
    }
}

/// What the last row of nodes hands on at the cells from `at`: its displacements and the forces on it so far, twelve
/// registers each.
#[inline(always)]
fn carried<T>(scratch: &mut Scratch<T>, at: usize, width: usize) -> [&mut [T]; 2] {
    scratch.carried[CARRIED * at..][..CARRIED * width].split_at_mut(12 * width).into()
}

#[inline(always)]
fn sweep_strip<S: Simd, T: Real>(
    simd: S,
    whole: &Whole<S, T>,
    strip: &Strip,
    rows: &[[u32; 2]],
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
            let f = whole.forces(&u);
            let mut done = [[zero; 4]; 3];
            for c in 0..3 {
                for p in 0..4 {
                    let place = &mut forced[(4 * c + p) * width..];
                    let (mean, slope) = (f[c][LOW[p]], f[c][LOW[p] | 2]);
                    done[c][p] = Lane::load(simd, place) + (mean - slope);
                    (mean + slope).store(place);
                }
            }
            write_row(done, at, scratch);
        }
        finish_row(simd, &mut y, rows[row - 1], base, len, signs, scratch);
    }
    for at in steps() {
        let [_, forced] = carried(scratch, at, width);
        let mut done = [[zero; 4]; 3];
        for c in 0..3 {
            for p in 0..4 {
                done[c][p] = Lane::load(simd, &forced[(4 * c + p) * width..]);
            }
        }
        write_row(done, at, scratch);
    }
    finish_row(simd, &mut y, rows[rows.len() - 1], base, len, signs, scratch);
}

/// Corner of a cell at the lower y, by the bits (x, z).
const LOW: [usize; 4] = [0, 1, 4, 5];

/// Forces on the ends of a chunk's cells, into one half of the scratch.
#[inline(always)]
fn sweep_chunk<S: Simd, T: Real>(
    simd: S,
    operator: &Operator,
    chunk: &Chunk,
    x: [&[T]; 3],
    scratch: &mut Scratch<T>,
    half: usize,
) {
    let lattice = &*operator.lattice;
    let width = T::width::<S>();
    for from in (0..usize::from(chunk.len)).step_by(width) {
        let mut u: [Corners<S, T>; 3] = [[Lane::zero(simd); 8]; 3];
        for c in 0..3 {
            for row in 0..4 {
                let x = &x[c][chunk.nodes[row] as usize + from..][..width + 1];
                u[c][2 * row] = Lane::load(simd, x);
                u[c][2 * row + 1] = Lane::load(simd, &x[1..]);
            }
        }
        let f = match lattice.blocks.get(chunk.block as usize) {
            None => Whole::new(simd, chunk.lame, lattice.keep).apply(&u),
            Some(block) => brick::apply_cut(simd, &u, block, from),
        };
        for c in 0..3 {
            for row in 0..4 {
                let at = (CHUNK_ROWS * half + 4 * c + row) * CHUNK_STRIDE + W + from;
                f[c][2 * row].store(&mut scratch.chunk_left[at..]);
                f[c][2 * row + 1].store(&mut scratch.chunk_right[at..]);
            }
        }
    }
}

/// Adds what [`sweep_chunk`] found.
#[inline(always)]
fn add_chunk<S: Simd, T: Real>(
    simd: S,
    chunk: &Chunk,
    y: &mut [&mut [T]],
    base: usize,
    signs: &Signs<T>,
    scratch: &Scratch<T>,
    half: usize,
) {
    for c in 0..3 {
        for row in 0..4 {
            let at = (CHUNK_ROWS * half + 4 * c + row) * CHUNK_STRIDE + W;
            let (left, right) = (&scratch.chunk_left[at..], &scratch.chunk_right[at - 1..]);
            add_ends(simd, y[c], chunk.nodes[row] as usize - base, usize::from(chunk.len), left, right, signs);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linear::operator::Foundation;
    use crate::mesh::{Grid, Lattice, Solid, moment};
    use std::sync::Arc;

    /// Strips with tails and of changing width, chunks beside them, cut cells, holes, two materials and a foundation.
    fn operator() -> Operator {
        let grid = Grid { origin: [0.0; 3], cell: 1e-3, counts: [53, 9, 5] };
        let mut part = [0.0; 27];
        moment::add_box(&mut part, &moment::line(-1.0, 0.3), &moment::line(-0.4, 1.0), &moment::line(-1.0, 0.9));
        let solids: Vec<Solid> = (0..grid.n_cells())
            .filter(|c| {
                let [x, y, z] = grid.position(*c);
                z != 3 || (x > 4 + y && x % 17 != 5)
            })
            .map(|c| {
                let [x, y, z] = grid.position(c);
                let cut = (z == 1 && (x < 2 || x > 47 + y % 3)) || (z == 4 && x % 11 == 3);
                Solid {
                    cell: c as u32,
                    moments: cut.then(|| Box::new(part)),
                    poisson: if z == 2 && x > 30 { 0.1 } else { 0.3 },
                }
            })
            .collect();
        let lattice = Arc::new(Lattice::new(grid, &solids, 1e-5, 0.0));
        assert!(lattice.strips.len() > 5 && lattice.blocks.len() > 20, "{} strips", lattice.strips.len());
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

    fn off<T: Real>(a: &Block<T>, b: &Block<f64>) -> f64 {
        let pairs = || (0..2).flat_map(|k| a.case(k).iter().zip(b.case(k)));
        pairs().map(|(a, b)| (a.double() - b).abs()).fold(0.0, f64::max)
    }

    #[test]
    fn the_sweep_multiplies_by_the_sum_of_all_cells() {
        let op = operator();
        let x = some::<f64>(op.lattice.n_nodes);
        let mut truth = Block::<f64>::zero(op.lattice.n_nodes, 2);
        op.for_each_entry(|p, a, q, b, value| {
            for k in 0..2 {
                let mut f = [0.0; 3];
                f[a] = value * x.at(k, q)[b];
                truth.add(k, p, f);
            }
        });
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
        let layers = 0..op.lattice.grid.counts[2];
        Sweep { operator: &op, x: &x, y: plain.parts_mut(), layers, clear: 0..0, sign: 1.0 }
            .with_simd(pulp::Scalar::new());
        assert!(off(&dispatched, &plain) < 1e-14, "{:e}", off(&dispatched, &plain));
    }
}
