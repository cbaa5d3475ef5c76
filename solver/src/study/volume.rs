//! Fields inside a body, read at any point: trilinear between the nodes of the body's cells.
//!
//! For section caps and probes. Needs no kernel and no solver, so the page calls it on the volume part of a result.

use super::outcome::{Field, Location, Outcome, OutcomeMesh};
use std::collections::HashMap;

/// Nodes of the largest box accepted: 128 MB of marks. A result that claims more is not one of ours.
const BOX_NODES_MAX: u64 = 1 << 30;
/// Edge of a bin of displaced nodes, in cells: neighbours stay in neighbouring bins while strains as drawn are below one.
const BIN_CELLS: f64 = 2.0;
/// Rounds of the search for the point that a displacement brings to a place: each gains the inverse of the drawn
/// displacement's gradient, a factor of three or better for what is drawn automatically.
const ROUNDS_MAX: usize = 12;
/// A place is found when the way there and back ends this near, in cells.
const FOUND_CELLS: f64 = 1e-3;

/// The cells of a body's grid and the numbers of their nodes.
///
/// A node is a corner of one of the cells; nodes are numbered in the order z, y, x, and the fields of the grid hold a
/// value per node in that order.
#[derive(Clone, Debug)]
pub struct Volume {
    name: String,
    origin: [f64; 3],
    cell: f64,
    counts: [usize; 3],
    cells: Marks,
    nodes: Marks,
}

/// A point between nodes: their numbers, and weights that sum to one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stencil {
    pub nodes: [u32; 8],
    pub weights: [f64; 8],
}

impl Outcome {
    /// The grid inside a body, by the body's name.
    pub fn volume(&self, body: &str) -> Option<Volume> {
        let grid = self.meshes.iter().find(|m| matches!(m, OutcomeMesh::Grid { body: b, .. } if b == body))?;
        Volume::new(grid)
    }
}

impl Volume {
    /// Numbers the nodes of a grid; `None` for a surface, and for a grid that contradicts itself.
    pub fn new(mesh: &OutcomeMesh) -> Option<Self> {
        let OutcomeMesh::Grid { name, origin, cell, counts, runs, .. } = mesh else { return None };
        let n_box = counts.iter().try_fold(1u64, |n, c| n.checked_mul(u64::from(*c) + 1))?;
        if n_box > BOX_NODES_MAX || !(*cell > 0.0) || origin.iter().any(|x| !x.is_finite()) {
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
        Some(Self { name: name.clone(), origin: *origin, cell: *cell, counts, cells, nodes })
    }

    /// Name of the mesh in the outcome: what [`Field::mesh`] says.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn n_nodes(&self) -> usize {
        self.nodes.n
    }

    /// Positions of the nodes in the grid, in the order of their numbers.
    pub fn positions(&self) -> impl Iterator<Item = [usize; 3]> + '_ {
        let [nx, ny, _] = self.counts.map(|n| n + 1);
        self.nodes.iter().map(move |n| [n % nx, n / nx % ny, n / (nx * ny)])
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
        let mut nodes = [0; 8];
        let mut weights = [0.0; 8];
        for corner in 0..8 {
            let bit = |a: usize| corner >> a & 1;
            let node = cell[0] + bit(0) + nx * (cell[1] + bit(1) + ny * (cell[2] + bit(2)));
            nodes[corner] = self.nodes.rank(node);
            weights[corner] = (0..3).map(|a| if bit(a) == 1 { within[a] } else { 1.0 - within[a] }).product();
        }
        Some(Stencil { nodes, weights })
    }

    fn cell_at(&self, at: [i64; 3]) -> Option<[usize; 3]> {
        let inside = (0..3).all(|a| (0..self.counts[a] as i64).contains(&at[a]));
        let cell = inside.then(|| at.map(|x| x as usize))?;
        self.cells.get(cell[0] + self.counts[0] * (cell[1] + self.counts[1] * cell[2])).then_some(cell)
    }

    /// Values of `field` at `points` (world, m), `[point][component]`, SI; NaN where no cell is near.
    ///
    /// All NaN when the field does not belong to this grid.
    pub fn sample(&self, field: &Field, points: &[[f64; 3]]) -> Vec<f32> {
        let n = usize::from(field.components).max(1);
        let mut out = vec![f32::NAN; n * points.len()];
        if !self.holds(field) {
            return out;
        }
        for (point, out) in points.iter().zip(out.chunks_exact_mut(n)) {
            if let Some(stencil) = self.locate(*point) {
                for (c, out) in out.iter_mut().enumerate() {
                    *out = stencil.value(&field.values, n, c) as f32;
                }
            }
        }
        out
    }

    /// The body as `scale` times `displacement` draws it; `None` when that is no vector field of this grid. Visits every
    /// node: worth keeping while both stay.
    pub fn deformed(&self, displacement: &Field, scale: f64) -> Option<Deformed> {
        if displacement.components != 3 || !self.holds(displacement) {
            return None;
        }
        let mut out = Deformed { scale, bins: HashMap::new() };
        for (n, at) in self.positions().enumerate() {
            let rest: [f64; 3] = std::array::from_fn(|a| self.origin[a] + self.cell * at[a] as f64);
            let now = std::array::from_fn(|a| rest[a] + scale * f64::from(displacement.values[3 * n + a]));
            // The first node of a bin stands for it: the same one every time.
            out.bins.entry(self.bin(now)).or_insert((rest, now));
        }
        Some(out)
    }

    /// Where the points drawn at `points` (world, m) rest: fields are sampled there. `deformed` must be that of
    /// `displacement` in this grid. NaN where no part of the body is drawn near.
    pub fn rest(&self, deformed: &Deformed, displacement: &Field, points: &[[f64; 3]]) -> Vec<[f64; 3]> {
        let values = if self.holds(displacement) { &displacement.values[..] } else { &[] };
        points.iter().map(|p| self.rest_of(deformed, values, *p).unwrap_or([f64::NAN; 3])).collect()
    }

    fn rest_of(&self, deformed: &Deformed, values: &[f32], now: [f64; 3]) -> Option<[f64; 3]> {
        let bin = self.bin(now);
        let near = (0..27)
            .filter_map(|n| deformed.bins.get(&[bin[0] + n % 3 - 1, bin[1] + n / 3 % 3 - 1, bin[2] + n / 9 - 1]));
        let away = |p: [f64; 3]| (0..3).map(|a| (p[a] - now[a]).powi(2)).sum::<f64>();
        let (rest, drawn) = near.min_by(|a, b| away(a.1).total_cmp(&away(b.1)))?;
        let start: [f64; 3] = std::array::from_fn(|a| rest[a] + now[a] - drawn[a]);
        let mut was = start;
        for _ in 0..ROUNDS_MAX {
            let Some(stencil) = self.locate(was).filter(|_| !values.is_empty()) else { break };
            let next = std::array::from_fn(|a| now[a] - deformed.scale * stencil.value(values, 3, a));
            let step = (0..3).map(|a| f64::abs(next[a] - was[a])).fold(0.0, f64::max);
            was = next;
            if step < FOUND_CELLS * self.cell {
                return Some(was);
            }
        }
        // Where the drawn shape folds, the nearest node's neighbourhood is the best that can be said.
        Some(start)
    }

    fn bin(&self, p: [f64; 3]) -> [i64; 3] {
        std::array::from_fn(|a| ((p[a] - self.origin[a]) / (BIN_CELLS * self.cell)).floor() as i64)
    }

    fn holds(&self, field: &Field) -> bool {
        field.mesh == self.name
            && field.location == Location::Point
            && field.values.len() == self.n_nodes() * usize::from(field.components).max(1)
    }
}

/// A body drawn with its displacements, for sections through the drawn shape.
#[derive(Clone, Debug)]
pub struct Deformed {
    scale: f64,
    /// A node in each bin: where it rests and where it is drawn, m.
    bins: HashMap<[i64; 3], ([f64; 3], [f64; 3])>,
}

impl Stencil {
    /// Component `c` of `n` of `values`, `[node][component]`.
    fn value(&self, values: &[f32], n: usize, c: usize) -> f64 {
        self.nodes.iter().zip(self.weights).map(|(node, w)| w * f64::from(values[*node as usize * n + c])).sum()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quantity::Dimension;
    use crate::study::outcome::Grade;

    /// An L of cells of 0.1 m: a row of five along x and two more above its first, one step up in z.
    fn grid() -> OutcomeMesh {
        OutcomeMesh::Grid {
            name: "volume:part".into(),
            body: "part".into(),
            origin: [1.0, 2.0, 3.0],
            cell: 0.1,
            counts: [6, 3, 2],
            runs: vec![[0, 5], [18, 1], [24, 1]],
        }
    }

    fn field(volume: &Volume, components: u8, f: impl Fn([f64; 3]) -> Vec<f64>) -> Field {
        let values = volume
            .positions()
            .flat_map(|at| f(std::array::from_fn(|a| volume.origin[a] + 0.1 * at[a] as f64)))
            .map(|v| v as f32)
            .collect();
        Field {
            id: "f".into(),
            label: "F".into(),
            mesh: "volume:part".into(),
            location: Location::Point,
            components,
            dimension: Dimension::NONE,
            case: None,
            grade: Grade::Instant,
            values,
        }
    }

    #[test]
    fn a_trilinear_field_is_read_exactly_inside_and_at_the_wall_outside() {
        let volume = Volume::new(&grid()).unwrap();
        // 2 × 2 × 6 of the row, the four nodes over its first cell, then four and two more.
        assert_eq!(volume.n_nodes(), 24 + 4 + 2 + 2);
        let truth = |[x, y, z]: [f64; 3]| vec![x - 2.0 * y + 3.0 * z, x * y * z];
        let field = field(&volume, 2, truth);
        for point in [[1.04, 2.07, 3.02], [1.49, 2.0, 3.1], [1.05, 2.15, 3.19], [1.0, 2.0, 3.0]] {
            let found = volume.sample(&field, &[point]);
            for (a, b) in found.iter().zip(truth(point)) {
                assert!((f64::from(*a) - b).abs() < 1e-5, "{point:?}: {a} {b}");
            }
        }
        // Half a cell outside: as at the wall. Further out, and no number: nothing.
        assert_eq!(volume.sample(&field, &[[1.3, 2.05, 3.15]]), volume.sample(&field, &[[1.3, 2.05, 3.1]]));
        assert!(volume.sample(&field, &[[1.3, 2.05, 3.35], [f64::NAN, 2.0, 3.0]]).iter().all(|v| v.is_nan()));
        let mut other = field.clone();
        other.mesh = "skin:part".into();
        assert!(volume.sample(&other, &[[1.0, 2.0, 3.0]]).iter().all(|v| v.is_nan()), "a field of another mesh");
    }

    #[test]
    fn a_point_of_the_deformed_shape_is_led_back_to_where_it_rests() {
        let volume = Volume::new(&grid()).unwrap();
        // A turn and a stretch, and a shift by many cells.
        let moved = |[x, y, z]: [f64; 3]| vec![0.05 * (y - 2.0) + 0.9, 0.04 * (x - 1.0), -0.03 * (z - 3.0)];
        let displacement = field(&volume, 3, moved);
        let drawn = volume.deformed(&displacement, 2.0).unwrap();
        let rests = [[1.22, 2.04, 3.05], [1.45, 2.09, 3.01], [1.05, 2.19, 3.15]];
        let now = rests.map(|p| std::array::from_fn(|a| p[a] + 2.0 * moved(p)[a]));
        for (found, rest) in volume.rest(&drawn, &displacement, &now).into_iter().zip(rests) {
            for a in 0..3 {
                assert!((found[a] - rest[a]).abs() < 1e-4, "{found:?} {rest:?}");
            }
        }
        assert!(volume.rest(&drawn, &displacement, &rests)[0][0].is_nan(), "nothing is drawn where it rested");
        assert!(volume.deformed(&field(&volume, 2, |_| vec![0.0; 2]), 1.0).is_none());
    }

    #[test]
    fn a_grid_that_contradicts_itself_is_refused() {
        let with = |counts: [u32; 3], runs: Vec<[u32; 2]>| OutcomeMesh::Grid {
            name: "v".into(),
            body: "b".into(),
            origin: [0.0; 3],
            cell: 1.0,
            counts,
            runs,
        };
        assert!(Volume::new(&with([2, 2, 2], vec![[6, 2]])).is_some());
        assert!(Volume::new(&with([2, 2, 2], vec![[7, 2]])).is_none(), "beyond the last cell");
        assert!(Volume::new(&with([2, 2, 2], vec![[1, 2]])).is_none(), "around the end of a row");
        assert!(Volume::new(&with([0, 2, 2], vec![[0, 1]])).is_none(), "a cell in an empty box");
        assert!(Volume::new(&with([u32::MAX; 3], vec![[0, 1]])).is_none(), "too large");
    }
}
