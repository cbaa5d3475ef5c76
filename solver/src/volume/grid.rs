//! The cubic cells of a body, found by place.

use super::Stencil;

/// Nodes of the largest box accepted: 128 MB of marks. A result that claims more is not one of ours.
const BOX_NODES_MAX: u64 = 1 << 30;

/// The cells of a body's grid and the numbers of their nodes.
///
/// A node is a corner of one of the cells; nodes are numbered in the order z, y, x, and the fields of the grid hold a
/// value per node in that order.
#[derive(Clone, Debug)]
pub struct Grid {
    origin: [f64; 3],
    pub cell: f64,
    counts: [usize; 3],
    cells: Marks,
    nodes: Marks,
}

impl Grid {
    /// Numbers the nodes of a grid of `counts` cells of edge `cell`; `None` when it contradicts itself.
    pub fn new(origin: [f64; 3], cell: f64, counts: [u32; 3], runs: &[[u32; 2]]) -> Option<Self> {
        let n_box = counts.iter().try_fold(1u64, |n, c| n.checked_mul(u64::from(*c) + 1))?;
        if n_box > BOX_NODES_MAX || !(cell > 0.0) || origin.iter().any(|x| !x.is_finite()) {
            return None;
        }
        let counts = counts.map(|n| n as usize);
        let [nx, ny, nz] = counts;
        let mut cells = Marks::new(nx * ny * nz);
        let mut nodes = Marks::new(n_box as usize);
        for [first, n] in runs {
            let (first, n) = (*first as usize, *n as usize);
            let end = first.checked_add(n)?;
            if n == 0 || end > nx * ny * nz || first % nx + n > nx {
                return None;
            }
            cells.mark(first..end);
            let [x, y, z] = [first % nx, first / nx % ny, first / (nx * ny)];
            for (y, z) in [(y, z), (y + 1, z), (y, z + 1), (y + 1, z + 1)] {
                let row = (nx + 1) * (y + (ny + 1) * z);
                nodes.mark(row + x..row + x + n + 1);
            }
        }
        cells.count();
        nodes.count();
        Some(Self { origin, cell, counts, cells, nodes })
    }

    pub fn n_nodes(&self) -> usize {
        self.nodes.n
    }

    /// Positions of the nodes in the grid, in the order of their numbers.
    pub fn positions(&self) -> impl Iterator<Item = [usize; 3]> + '_ {
        let [nx, ny, _] = self.counts.map(|n| n + 1);
        self.nodes.iter().map(move |n| [n % nx, n / nx % ny, n / (nx * ny)])
    }

    /// Position of a node of the grid, world, m.
    pub fn point(&self, at: [usize; 3]) -> [f64; 3] {
        std::array::from_fn(|a| self.origin[a] + self.cell * at[a] as f64)
    }

    /// The cell that holds `point` (world, m), or the nearest one within a cell's edge, where the point is taken to lie
    /// on that cell's wall; `None` further out.
    pub fn locate(&self, point: [f64; 3]) -> Option<Stencil> {
        let place: [f64; 3] = std::array::from_fn(|a| (point[a] - self.origin[a]) / self.cell);
        if place.iter().any(|p| !p.is_finite()) {
            return None;
        }
        let at = place.map(|p| p.floor() as i64);
        let mut best: Option<(f64, [usize; 3])> = self.cell_at(at).map(|c| (0.0, c));
        if best.is_none() {
            for step in 0..27 {
                let near = [at[0] + step % 3 - 1, at[1] + step / 3 % 3 - 1, at[2] + step / 9 - 1];
                let Some(cell) = self.cell_at(near) else { continue };
                let away: f64 = (0..3).map(|a| outside(place[a] - near[a] as f64).powi(2)).sum();
                if best.is_none_or(|b| away < b.0) {
                    best = Some((away, cell));
                }
            }
        }
        let (_, cell) = best?;
        let within: [f64; 3] = std::array::from_fn(|a| (place[a] - cell[a] as f64).clamp(0.0, 1.0));
        let [nx, ny, _] = self.counts.map(|n| n + 1);
        let mut nodes = [0; 10];
        let mut weights = [0.0; 10];
        for corner in 0..8 {
            let bit = |a: usize| corner >> a & 1;
            let node = cell[0] + bit(0) + nx * (cell[1] + bit(1) + ny * (cell[2] + bit(2)));
            nodes[corner] = self.nodes.rank(node);
            weights[corner] = (0..3).map(|a| if bit(a) == 1 { within[a] } else { 1.0 - within[a] }).product();
        }
        Some(Stencil { nodes, weights })
    }

    /// Corners of the cells in the order of their numbers, eight each, x fastest, then y.
    pub fn voxels(&self) -> Vec<u32> {
        let [nx, ny, _] = self.counts;
        let corner = |cell: usize, k: usize| {
            let at = [cell % nx + (k & 1), cell / nx % ny + (k >> 1 & 1), cell / (nx * ny) + (k >> 2)];
            self.nodes.rank(at[0] + (nx + 1) * (at[1] + (ny + 1) * at[2]))
        };
        self.cells.iter().flat_map(|cell| (0..8).map(move |k| corner(cell, k))).collect()
    }

    fn cell_at(&self, at: [i64; 3]) -> Option<[usize; 3]> {
        let inside = (0..3).all(|a| (0..self.counts[a] as i64).contains(&at[a]));
        let cell = inside.then(|| at.map(|x| x as usize))?;
        self.cells.get(cell[0] + self.counts[0] * (cell[1] + self.counts[1] * cell[2])).then_some(cell)
    }
}

/// How far `x` lies outside `0..1`.
fn outside(x: f64) -> f64 {
    (-x).max(x - 1.0).max(0.0)
}

/// A set of numbers below a limit that knows how many lie below each.
#[derive(Clone, Debug)]
struct Marks {
    words: Vec<u64>,
    /// Marks before each word.
    before: Vec<u32>,
    n: usize,
}

impl Marks {
    fn new(limit: usize) -> Self {
        Self { words: vec![0; limit.div_ceil(64)], before: Vec::new(), n: 0 }
    }

    fn mark(&mut self, range: std::ops::Range<usize>) {
        for n in range {
            self.words[n / 64] |= 1 << (n % 64);
        }
    }

    /// To be called once all marks are set, before [`Self::rank`].
    fn count(&mut self) {
        self.before = self
            .words
            .iter()
            .map(|w| {
                let before = self.n as u32;
                self.n += w.count_ones() as usize;
                before
            })
            .collect();
    }

    fn get(&self, n: usize) -> bool {
        self.words[n / 64] >> (n % 64) & 1 == 1
    }

    /// Marks below `n`.
    fn rank(&self, n: usize) -> u32 {
        let below = self.words[n / 64] & ((1 << (n % 64)) - 1);
        self.before[n / 64] + below.count_ones()
    }

    fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().enumerate().flat_map(|(i, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = (left != 0).then(|| left.trailing_zeros() as usize)?;
                left &= left - 1;
                Some(64 * i + bit)
            })
        })
    }
}
