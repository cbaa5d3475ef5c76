//! Fields inside a body, read at any point: trilinear between the nodes of cubic cells, quadratic in ten-node tetrahedra.
//!
//! For section caps and probes. Needs no kernel and no solver, so the page calls it on the volume part of a result.

mod grid;
mod solid;

use crate::study::outcome::{Field, Location, Outcome, OutcomeMesh};
use grid::Grid;
use solid::Solid;
use std::collections::HashMap;

/// Edge of a bin of displaced nodes, in cells or element edges: neighbours stay in neighbouring bins while strains as drawn are below one.
const BIN_CELLS: f64 = 2.0;
/// Rounds of the search for the point that a displacement brings to a place: each gains the inverse of the drawn
/// displacement's gradient, a factor of three or better for what is drawn automatically.
const ROUNDS_MAX: usize = 12;
/// A place is found when the way there and back ends this near, in cells or element edges.
const FOUND_CELLS: f64 = 1e-3;

/// A cell as tetrahedra about its main diagonal, corners x fastest, then y: neighbours split their common side alike.
const SIXTHS: [[usize; 4]; 6] = [[0, 1, 3, 7], [0, 1, 5, 7], [0, 2, 3, 7], [0, 2, 6, 7], [0, 4, 5, 7], [0, 4, 6, 7]];
/// A ten-node tetrahedron as eight: one at each corner, four about the line between the middles of 12 and 34.
const EIGHTHS: [[usize; 4]; 8] =
    [[0, 4, 6, 7], [1, 5, 4, 8], [2, 6, 5, 9], [3, 7, 8, 9], [4, 9, 5, 6], [4, 9, 6, 7], [4, 9, 7, 8], [4, 9, 8, 5]];

/// The inside of a body as an outcome has it.
#[derive(Clone, Debug)]
pub struct Volume {
    name: String,
    cells: Cells,
}

#[derive(Clone, Debug)]
enum Cells {
    Grid(Grid),
    Solid(Solid),
}

/// A point between nodes: their numbers, and weights that sum to one; where there are fewer than ten nodes, the rest weigh
/// nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stencil {
    pub nodes: [u32; 10],
    pub weights: [f64; 10],
}

impl Outcome {
    /// What stands inside a body, by the body's name.
    pub fn volume(&self, body: &str) -> Option<Volume> {
        self.meshes.iter().filter(|m| m.body() == body).find_map(Volume::new)
    }
}

impl Volume {
    /// Makes a mesh ready for reading; `None` for a surface, and for a mesh that contradicts itself.
    pub fn new(mesh: &OutcomeMesh) -> Option<Self> {
        let cells = match mesh {
            OutcomeMesh::Surface { .. } => return None,
            OutcomeMesh::Grid { origin, cell, counts, runs, .. } => {
                Cells::Grid(Grid::new(*origin, *cell, *counts, runs)?)
            }
            OutcomeMesh::Solid { points, tets, .. } => Cells::Solid(Solid::new(points, tets)?),
        };
        Some(Self { name: mesh.name().into(), cells })
    }

    /// Name of the mesh in the outcome: what [`Field::mesh`] says.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn n_nodes(&self) -> usize {
        match &self.cells {
            Cells::Grid(grid) => grid.n_nodes(),
            Cells::Solid(solid) => solid.points().len(),
        }
    }

    /// Positions of the nodes of a grid, in cells and in the order of their numbers; none of tetrahedra.
    pub fn positions(&self) -> impl Iterator<Item = [usize; 3]> + '_ {
        let grid = if let Cells::Grid(grid) = &self.cells { Some(grid) } else { None };
        grid.into_iter().flat_map(Grid::positions)
    }

    /// Corners of the cells of a grid, eight each, x fastest, then y; none of tetrahedra.
    pub fn voxels(&self) -> Vec<u32> {
        match &self.cells {
            Cells::Grid(grid) => grid.voxels(),
            Cells::Solid(_) => Vec::new(),
        }
    }

    /// Nodes of the ten-node tetrahedra; none of a grid.
    pub fn tets(&self) -> &[[u32; 10]] {
        match &self.cells {
            Cells::Grid(_) => &[],
            Cells::Solid(solid) => solid.tets(),
        }
    }

    /// All of the inside as linear tetrahedra between its nodes: six to a cell, eight to a ten-node tetrahedron.
    pub fn linear_tets(&self) -> impl Iterator<Item = [u32; 4]> + '_ {
        let voxels = self.voxels();
        let cells = (0..voxels.len() / 8).flat_map(move |i| {
            let cell: [u32; 8] = std::array::from_fn(|k| voxels[8 * i + k]);
            SIXTHS.map(|t| t.map(|k| cell[k]))
        });
        cells.chain(self.tets().iter().flat_map(|tet| EIGHTHS.map(|t| t.map(|k| tet[k]))))
    }

    /// The nodes' places, world, m.
    pub fn points(&self) -> Box<dyn Iterator<Item = [f64; 3]> + '_> {
        match &self.cells {
            Cells::Grid(grid) => Box::new(grid.positions().map(|at| grid.point(at))),
            Cells::Solid(solid) => Box::new(solid.points().iter().copied()),
        }
    }

    /// Edge of a cell, or mean edge of the tetrahedra, m.
    fn size(&self) -> f64 {
        match &self.cells {
            Cells::Grid(grid) => grid.cell,
            Cells::Solid(solid) => solid.size,
        }
    }

    /// The cell or element that holds `point` (world, m), or one just beside it, where the point is taken to lie on its
    /// wall; `None` further out.
    pub fn locate(&self, point: [f64; 3]) -> Option<Stencil> {
        match &self.cells {
            Cells::Grid(grid) => grid.locate(point),
            Cells::Solid(solid) => solid.locate(point),
        }
    }

    /// Values of `field` at `points` (world, m), `[point][component]`, SI; NaN where no cell is near.
    ///
    /// All NaN when the field does not belong to this mesh.
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

    /// The body as `scale` times `displacement` draws it; `None` when that is no vector field of this mesh. Visits every
    /// node: worth keeping while both stay.
    pub fn deformed(&self, displacement: &Field, scale: f64) -> Option<Deformed> {
        if displacement.components != 3 || !self.holds(displacement) {
            return None;
        }
        let mut out = Deformed { scale, bins: HashMap::new() };
        for (n, rest) in self.points().enumerate() {
            let now = std::array::from_fn(|a| rest[a] + scale * f64::from(displacement.values[3 * n + a]));
            // The first node of a bin stands for it: the same one every time.
            out.bins.entry(self.bin(now)).or_insert((rest, now));
        }
        Some(out)
    }

    /// Where the points drawn at `points` (world, m) rest: fields are sampled there. `deformed` must be that of
    /// `displacement` in this mesh. NaN where no part of the body is drawn near.
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
            if step < FOUND_CELLS * self.size() {
                return Some(was);
            }
        }
        // Where the drawn shape folds, the nearest node's neighbourhood is the best that can be said.
        Some(start)
    }

    fn bin(&self, p: [f64; 3]) -> [i64; 3] {
        std::array::from_fn(|a| (p[a] / (BIN_CELLS * self.size())).floor() as i64)
    }

    /// Whether `field` has a value for each node.
    pub(crate) fn holds(&self, field: &Field) -> bool {
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
    pub(crate) fn value(&self, values: &[f32], n: usize, c: usize) -> f64 {
        self.nodes.iter().zip(self.weights).map(|(node, w)| w * f64::from(values[*node as usize * n + c])).sum()
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
        let values = volume.points().flat_map(f).map(|v| v as f32).collect();
        Field {
            id: "f".into(),
            label: "F".into(),
            mesh: volume.name().into(),
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

    /// A unit cube of tetrahedra, six to a cell, one side bulged.
    fn tetrahedra() -> OutcomeMesh {
        let n = 5usize;
        let at = |p: [usize; 3]| (p[0] + n * (p[1] + n * p[2])) as u32;
        let points = (0..n * n * n)
            .map(|i| [i % n, i / n % n, i / (n * n)].map(|c| c as f64 / 4.0))
            .map(|[x, y, z]| [x + 0.1 * y * (1.0 - y) * x, y, z])
            .collect();
        let mut tets = Vec::new();
        for cell in 0..8 {
            let low = [cell & 1, cell >> 1 & 1, cell >> 2].map(|c| 2 * c);
            for [a, b, c] in [[0, 1, 2], [1, 2, 0], [2, 0, 1], [0, 2, 1], [1, 0, 2], [2, 1, 0]] {
                let mut corner = [low; 4];
                for (k, axis) in [a, b, c].into_iter().enumerate() {
                    corner[k + 1..].iter_mut().for_each(|p| p[axis] += 2);
                }
                let mut nodes = corner.map(at).to_vec();
                for [i, j] in [[0, 1], [1, 2], [2, 0], [0, 3], [1, 3], [2, 3]] {
                    nodes.push(at(std::array::from_fn(|d| (corner[i][d] + corner[j][d]) / 2)));
                }
                tets.push(nodes.try_into().unwrap());
            }
        }
        OutcomeMesh::Solid { name: "solid:part".into(), body: "part".into(), points, tets }
    }

    #[test]
    fn a_quadratic_field_is_read_in_tetrahedra() {
        let volume = Volume::new(&tetrahedra()).unwrap();
        assert_eq!(volume.n_nodes(), 125);
        // Linear in space is exact in curved elements too.
        let linear = |[x, y, z]: [f64; 3]| vec![1.0 + x - 2.0 * y + 0.5 * z];
        let field = field(&volume, 1, linear);
        for i in 0..200 {
            let p = [0.0137, 0.0731, 0.0411].map(|s| (f64::from(i) * s + 0.01).fract());
            let found = f64::from(volume.sample(&field, &[p])[0]);
            assert!((found - linear(p)[0]).abs() < 1e-5, "{p:?} {found}");
        }
        // Just outside: as at the wall; far outside: nothing.
        let near = f64::from(volume.sample(&field, &[[-0.01, 0.4, 0.3]])[0]);
        assert!((near - linear([0.0, 0.4, 0.3])[0]).abs() < 0.05, "{near}");
        assert!(volume.sample(&field, &[[-0.5, 0.4, 0.3], [2.0, 0.4, 0.3]]).iter().all(|v| v.is_nan()));
        let OutcomeMesh::Solid { points, mut tets, .. } = tetrahedra() else { unreachable!() };
        tets[3][7] = 125;
        let broken = OutcomeMesh::Solid { name: "s".into(), body: "b".into(), points, tets };
        assert!(Volume::new(&broken).is_none(), "a node that is not there");
    }

    #[test]
    fn deformed_tetrahedra_are_led_back() {
        let volume = Volume::new(&tetrahedra()).unwrap();
        let moved = |[x, y, z]: [f64; 3]| vec![0.05 * y + 0.9, 0.04 * x, -0.03 * z];
        let displacement = field(&volume, 3, moved);
        let drawn = volume.deformed(&displacement, 2.0).unwrap();
        let rests = [[0.22, 0.54, 0.35], [0.85, 0.19, 0.61]];
        let now = rests.map(|p| std::array::from_fn(|a| p[a] + 2.0 * moved(p)[a]));
        for (found, rest) in volume.rest(&drawn, &displacement, &now).into_iter().zip(rests) {
            for a in 0..3 {
                assert!((found[a] - rest[a]).abs() < 1e-3, "{found:?} {rest:?}");
            }
        }
    }
}
