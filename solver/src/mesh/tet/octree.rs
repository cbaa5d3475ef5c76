//! Edge length wished for anywhere, kept in an octree whose neighbours differ at most twofold.

use glam::DVec3;
use rayon::prelude::*;
use std::collections::BinaryHeap;

/// Levels below the root: cells down to a millionth of it.
const DEPTH: u8 = 20;
/// Level at which searches start: five steps saved for a table of 128 KiB.
const START: u8 = 5;
/// A cell may be this much larger than the size wished for in it: cells halve, so that they lie between 0.65 and 1.3.
const CELL_PER_SIZE: f64 = 1.3;
/// How much the wished size may grow per length.
const GROWTH: f64 = 0.35;
/// Largest offset of a lattice point along each axis, over its cell.
const ASTRAY: f64 = 1e-3;
/// Rounds of dividing cells for sizes that grew into them.
const ROUNDS: usize = 3;

struct Cell {
    /// First of eight children, or 0.
    children: u32,
    level: u8,
    /// Lower corner in units of the finest cell.
    at: [u32; 3],
    size: f64,
}

/// The size field.
pub(super) struct Octree {
    origin: DVec3,
    /// Edge of the finest cell, m.
    unit: f64,
    cells: Vec<Cell>,
    level_max: u8,
    /// Where a search may start: for each cube of level [`START`] the cell of that level there, or the leaf above. Empty
    /// while cells are still divided.
    start: Vec<u32>,
}

/// A place that wishes a size, m.
#[derive(Clone, Copy)]
pub(super) struct Sample {
    pub point: DVec3,
    pub size: f64,
}

impl Octree {
    /// Cells of at most `1.3 size` over the box, smaller where `samples` wish so; none below `size_min`.
    pub fn new(lo: DVec3, hi: DVec3, size: f64, size_min: f64, samples: &[Sample]) -> Self {
        let extent = (hi - lo).max_element() + 2.0 * size;
        let level = (extent / size).log2().ceil().max(0.0) as u8;
        let root = size * f64::from(1_u32 << level.min(DEPTH));
        let level_max = ((root / size_min).log2().ceil().max(0.0) as u8).min(DEPTH);
        let mut tree = Self {
            origin: 0.5 * (lo + hi) - DVec3::splat(0.5 * root),
            unit: root / f64::from(1_u32 << DEPTH),
            cells: vec![Cell { children: 0, level: 0, at: [0; 3], size: f64::INFINITY }],
            level_max,
            start: Vec::new(),
        };
        // The body's box at the largest size.
        let mut stack = vec![0];
        while let Some(c) = stack.pop() {
            let (p, a) = (tree.lower(c), tree.edge(c));
            let apart = (p.cmpgt(hi) | (p + DVec3::splat(a)).cmplt(lo)).any();
            if a > CELL_PER_SIZE * size && !apart && tree.divide(c) {
                stack.extend((0..8).map(|i| tree.cells[c as usize].children + i));
            }
        }
        for s in samples {
            let mut c = tree.find(s.point);
            while tree.edge(c) > CELL_PER_SIZE * s.size && tree.divide(c) {
                c = tree.find(s.point);
            }
        }
        let mut first = 0;
        for round in 0..ROUNDS {
            tree.balance(first);
            for c in &mut tree.cells {
                c.size = f64::INFINITY;
            }
            for s in samples {
                let c = tree.find(s.point) as usize;
                tree.cells[c].size = tree.cells[c].size.min(s.size.max(size_min));
            }
            tree.grade(size);
            let large: Vec<u32> = (0..tree.cells.len() as u32)
                .filter(|c| {
                    let cell = &tree.cells[*c as usize];
                    cell.children == 0 && tree.edge(*c) > CELL_PER_SIZE * cell.size && cell.level < level_max
                })
                .collect();
            if large.is_empty() || round + 1 == ROUNDS {
                break;
            }
            first = tree.cells.len() as u32;
            for c in large {
                tree.divide(c);
            }
        }
        tree.start = (0..1_u32 << (3 * START)).map(|i| tree.find_at(i, START)).collect();
        tree
    }

    /// The cell of `level`, or the leaf above it, in cube `i` of that level, counted along x first.
    fn find_at(&self, i: u32, level: u8) -> u32 {
        let at: [u32; 3] = std::array::from_fn(|k| i >> (u32::from(level) * k as u32) & ((1 << level) - 1));
        let mut c = 0;
        for bit in (0..level).rev() {
            let children = self.cells[c as usize].children;
            if children == 0 {
                break;
            }
            c = children + (0..3).map(|k| (at[k] >> bit & 1) << k).sum::<u32>();
        }
        c
    }

    fn lower(&self, c: u32) -> DVec3 {
        self.origin + DVec3::from(self.cells[c as usize].at.map(f64::from)) * self.unit
    }

    fn edge(&self, c: u32) -> f64 {
        f64::from(1_u32 << (DEPTH - self.cells[c as usize].level)) * self.unit
    }

    fn divide(&mut self, c: u32) -> bool {
        let Cell { level, at, children, size } = self.cells[c as usize];
        if children != 0 || level >= self.level_max {
            return false;
        }
        self.cells[c as usize].children = self.cells.len() as u32;
        let half = 1_u32 << (DEPTH - level - 1);
        for i in 0..8_u32 {
            let at = std::array::from_fn(|k| at[k] + (i >> k & 1) * half);
            self.cells.push(Cell { children: 0, level: level + 1, at, size });
        }
        true
    }

    fn find_unit(&self, at: [u32; 3]) -> u32 {
        let cube = (0..3).map(|k| at[k] >> (DEPTH - START) << (START * k as u8)).sum::<u32>();
        let mut c = self.start.get(cube as usize).copied().unwrap_or(0);
        loop {
            let cell = &self.cells[c as usize];
            if cell.children == 0 {
                return c;
            }
            let bit = DEPTH - cell.level - 1;
            c = cell.children + (0..3).map(|k| (at[k] >> bit & 1) << k).sum::<u32>();
        }
    }

    fn find(&self, p: DVec3) -> u32 {
        let top = f64::from((1_u32 << DEPTH) - 1);
        let at = ((p - self.origin) / self.unit).clamp(DVec3::ZERO, DVec3::splat(top));
        self.find_unit([at.x as u32, at.y as u32, at.z as u32])
    }

    /// The size wished for at `p`, m.
    pub fn size(&self, p: DVec3) -> f64 {
        self.cells[self.find(p) as usize].size
    }

    /// The leaf at the same place one step of `edge` away; `None` outside the root.
    fn neighbour(&self, c: u32, step: [i32; 3]) -> Option<u32> {
        let cell = &self.cells[c as usize];
        let edge = 1_i64 << (DEPTH - cell.level);
        let mut at = [0; 3];
        for k in 0..3 {
            let x = i64::from(cell.at[k]) + i64::from(step[k]) * edge;
            if !(0..1 << DEPTH).contains(&x) {
                return None;
            }
            at[k] = x as u32;
        }
        Some(self.find_unit(at))
    }

    /// Divides cells beside those from `first` on until neighbours differ at most twofold.
    fn balance(&mut self, first: u32) {
        let mut stack: Vec<u32> =
            (first..self.cells.len() as u32).filter(|c| self.cells[*c as usize].level > 1).collect();
        while let Some(c) = stack.pop() {
            if self.cells[c as usize].children != 0 {
                continue;
            }
            let level = self.cells[c as usize].level;
            for i in 0..27 {
                let step = [i % 3 - 1, i / 3 % 3 - 1, i / 9 - 1];
                while let Some(n) = self.neighbour(c, step) {
                    if self.cells[n as usize].level + 1 >= level || !self.divide(n) {
                        break;
                    }
                    stack.extend((0..8).map(|i| self.cells[n as usize].children + i));
                }
            }
        }
    }

    /// Lets small sizes grow outwards, by Dijkstra's method over neighbours.
    fn grade(&mut self, size: f64) {
        let mut heap: BinaryHeap<(std::cmp::Reverse<u64>, u32)> = BinaryHeap::new();
        // Positive numbers order as their bits do.
        let key = |size: f64| std::cmp::Reverse(size.to_bits());
        for (c, cell) in self.cells.iter_mut().enumerate() {
            if cell.children == 0 && cell.size < size {
                heap.push((key(cell.size), c as u32));
            }
            cell.size = cell.size.min(size);
        }
        while let Some((k, c)) = heap.pop() {
            if key(self.cells[c as usize].size) != k {
                continue;
            }
            for step in [[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]] {
                let Some(n) = self.neighbour(c, step) else { continue };
                let reach = 0.5 * (self.edge(c) + self.edge(n));
                let grown = self.cells[c as usize].size + GROWTH * reach;
                if grown < self.cells[n as usize].size {
                    self.cells[n as usize].size = grown;
                    heap.push((key(grown), n));
                }
            }
        }
    }

    /// Points of the graded body-centred lattice: centres and corners of the leaves, each once. `outside` says of a ball,
    /// by its centre and radius, whether no point in it is asked for; it may keep a hint from one to the next.
    pub fn lattice(&self, outside: impl Fn(DVec3, f64, &mut Option<u32>) -> bool + Sync) -> Vec<DVec3> {
        let mut points: Vec<([u32; 3], u8)> = self
            .cells
            .par_chunks(512)
            .flat_map_iter(|cells| {
                let mut hint = None;
                let mut out = Vec::new();
                for cell in cells.iter().filter(|c| c.children == 0) {
                    let edge = 1_u32 << (DEPTH - cell.level);
                    let half = 0.5 * f64::from(edge) * self.unit;
                    let centre = self.origin + DVec3::from(cell.at.map(f64::from)) * self.unit + DVec3::splat(half);
                    // Its points lie within half the diagonal, and go astray a little.
                    if outside(centre, (3_f64.sqrt() + 4.0 * ASTRAY) * half, &mut hint) {
                        continue;
                    }
                    for i in 0..8_u32 {
                        // Doubled, so that the centre of the finest cell is whole.
                        out.push((std::array::from_fn(|k| 2 * (cell.at[k] + (i >> k & 1) * edge)), cell.level));
                    }
                    out.push((cell.at.map(|a| 2 * a + edge), cell.level));
                }
                out
            })
            .collect();
        points.par_sort_unstable_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
        points.dedup_by(|b, a| a.0 == b.0);
        points
            .into_iter()
            .map(|(at, level)| {
                // By the smallest leaf it belongs to.
                let edge = f64::from(1_u32 << (DEPTH - level)) * self.unit;
                self.origin + DVec3::from(at.map(f64::from)) * (0.5 * self.unit) + astray(at) * edge
            })
            .collect()
    }
}

/// A small offset that follows from the place: points of a lattice lie on common spheres, which costs exact predicates
/// their short cut and gains nothing.
fn astray(at: [u32; 3]) -> DVec3 {
    let mut x = at.iter().fold(0_u64, |x, a| (x ^ u64::from(*a)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29));
    DVec3::from_array(std::array::from_fn(|_| {
        // SplitMix64 (Steele, Lea & Flood, OOPSLA 2014).
        x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ASTRAY * ((z >> 11) as f64 / (1_u64 << 52) as f64 - 1.0)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_grow_no_faster_than_allowed_and_neighbours_differ_twofold() {
        let sample = Sample { point: DVec3::splat(0.3), size: 0.01 };
        let tree = Octree::new(DVec3::ZERO, DVec3::ONE, 0.2, 0.005, &[sample]);
        assert!(tree.size(sample.point) <= 0.01);
        assert!(tree.size(DVec3::splat(0.95)) > 0.1);
        for (i, c) in tree.cells.iter().enumerate().filter(|(_, c)| c.children == 0) {
            assert!(tree.edge(i as u32) <= 2.0 * CELL_PER_SIZE * c.size);
            for step in [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 1, 1]] {
                if let Some(n) = tree.neighbour(i as u32, step) {
                    assert!(
                        tree.cells[n as usize].level.abs_diff(c.level) <= 1 || c.level < tree.cells[n as usize].level
                    );
                }
            }
        }
        let lattice = tree.lattice(|_, _, _| false);
        assert!(lattice.windows(2).all(|w| w[0] != w[1]));
        // What lies in balls that nobody asks for is left out, and nothing else.
        let near = |p: DVec3| (p - sample.point).length() < 0.3;
        let asked = tree.lattice(|centre, reach, _| (centre - sample.point).length() > 0.3 + reach);
        assert!(asked.len() < lattice.len());
        assert!(lattice.iter().filter(|p| near(**p)).eq(asked.iter().filter(|p| near(**p))));
    }
}
