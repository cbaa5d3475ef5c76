//! From an implicit solid to a closed, named surface: dual contouring on the cells that the surface passes.
//!
//! Each cell gets one point for every piece of surface in it, placed where the tangent planes of that piece's crossings
//! meet, so that sharp edges stay sharp (Ju, Losasso, Schaefer & Warren, "Dual contouring of Hermite data", SIGGRAPH
//! 2002). One point per *piece* instead of per cell keeps the surface manifold (Nielson, "Dual marching cubes", IEEE
//! Visualization 2004). Where one piece passes an ambiguous cell side twice in both its cells, the two passes would
//! share a mesh edge: there, each pass gets a point of its own in the middle.

use super::tidy::tidy;
use super::untangle::untangle;
use super::{Faces, Node, dot, sub, unit};
use crate::geometry::imported::fit::eigen;
use crate::geometry::imported::{closed_sides, segment};
use crate::surface::SurfaceMesh;
use glam::{DMat3, DVec3};
use std::collections::HashMap;

type Vec3 = [f64; 3];
/// A lattice corner, or the cell whose lowest corner it is.
type Corner = [i32; 3];

/// Cells along the diagonal of a body.
const CELLS: f64 = 120.0;
/// Empty cells around the body.
const MARGIN: i32 = 2;
/// Cells in a block that is skipped as a whole when it is far from the surface; a power of two.
const BLOCK: i32 = 16;
/// Directions in which the tangent planes say this little, relative to the strongest, are left at the mean.
const QEF_CUTOFF: f64 = 0.05;

pub(in crate::geometry) struct Contour {
    pub surface: SurfaceMesh,
    pub cell: f64,
    pub thin: f64,
    /// Pairs of triangles that pass through one another.
    pub n_tangled: usize,
}

/// Where the surface crosses a lattice edge.
struct Crossing {
    point: Vec3,
    normal: Vec3,
    face: u32,
    thin: bool,
}

/// The twelve edges of a cell: lowest corner and direction.
const EDGES: [(Corner, usize); 12] = [
    ([0, 0, 0], 0),
    ([0, 1, 0], 0),
    ([0, 0, 1], 0),
    ([0, 1, 1], 0),
    ([0, 0, 0], 1),
    ([1, 0, 0], 1),
    ([0, 0, 1], 1),
    ([1, 0, 1], 1),
    ([0, 0, 0], 2),
    ([1, 0, 0], 2),
    ([0, 1, 0], 2),
    ([1, 1, 0], 2),
];

fn plus(a: Corner, b: Corner) -> Corner {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

fn step(axis: usize) -> Corner {
    std::array::from_fn(|k| i32::from(k == axis))
}

/// Corners of a cell's side in cyclic order, and the edges between them (edge `i` from corner `i` to `i + 1`).
fn side(axis: usize, high: i32) -> ([Corner; 4], [usize; 4]) {
    let (b, c) = (step((axis + 1) % 3), step((axis + 2) % 3));
    let base = step(axis).map(|s| s * high);
    let corners = [base, plus(base, b), plus(plus(base, b), c), plus(base, c)];
    let edge = |from: Corner, direction: usize| EDGES.iter().position(|e| *e == (from, direction)).unwrap_or_default();
    let (ib, ic) = ((axis + 1) % 3, (axis + 2) % 3);
    (corners, [edge(corners[0], ib), edge(corners[1], ic), edge(corners[3], ib), edge(corners[0], ic)])
}

/// Arcs of the surface on a cell's side, as pairs of its edges. Of a side whose corners are inside and outside by turns, each
/// arc goes around a corner that is not `joined` with the one across.
fn arcs(inside: [bool; 4], edges: [usize; 4], joined: bool) -> Vec<[usize; 2]> {
    let crossed: Vec<usize> = (0..4).filter(|i| inside[*i] != inside[(*i + 1) % 4]).collect();
    match crossed.as_slice() {
        [a, b] => vec![[edges[*a], edges[*b]]],
        [_, _, _, _] => {
            // Edge i - 1 and edge i meet in corner i.
            let first = usize::from(inside[0] == joined);
            [first, first + 2].iter().map(|i| [edges[(*i + 3) % 4], edges[*i % 4]]).collect()
        }
        _ => Vec::new(),
    }
}

struct Lattice<'a> {
    node: &'a Node,
    origin: Vec3,
    cell: f64,
    values: HashMap<Corner, f64>,
    cells: Vec<Corner>,
}

impl Lattice<'_> {
    fn at(&self, c: Corner) -> Vec3 {
        std::array::from_fn(|k| self.origin[k] + f64::from(c[k]) * self.cell)
    }

    fn value(&mut self, c: Corner) -> f64 {
        let p = self.at(c);
        let node = self.node;
        *self.values.entry(c).or_insert_with(|| {
            let d = node.sample(p).distance;
            // The surface never passes exactly through a corner.
            if d == 0.0 { f64::MIN_POSITIVE } else { d }
        })
    }

    /// Finds the cells that the surface passes, below a block of `size` cells. The field grows no faster than
    /// distance, so a block farther from zero than its corners are from its centre holds no surface.
    fn visit(&mut self, low: Corner, size: i32) {
        let half = f64::from(size) / 2.0;
        if size >= self.node.block_min() {
            let middle = std::array::from_fn(|k| self.origin[k] + (f64::from(low[k]) + half) * self.cell);
            if self.node.is_clear(middle, half * self.cell * 3f64.sqrt() * 1.000_001) {
                return;
            }
        }
        if size > 1 {
            let h = size / 2;
            for i in 0..8 {
                self.visit(plus(low, [h * (i & 1), h * (i >> 1 & 1), h * (i >> 2 & 1)]), h);
            }
            return;
        }
        let n_inside = (0..8).filter(|i| self.value(plus(low, [i & 1, i >> 1 & 1, i >> 2 & 1])) < 0.0).count();
        if (1..8).contains(&n_inside) {
            self.cells.push(low);
        }
    }

    /// Crossing of the edge from `c` along `axis`, by the Illinois variant of false position.
    fn crossing(&mut self, c: Corner, axis: usize, faces: &mut Faces) -> Crossing {
        let (mut fa, mut fb) = (self.value(c), self.value(plus(c, step(axis))));
        let base = self.at(c);
        let at = |t: f64| {
            let mut p = base;
            p[axis] += t * self.cell;
            p
        };
        let (mut a, mut b) = (0.0, 1.0);
        let mut t = 0.5;
        for _ in 0..8 {
            t = (a * fb - b * fa) / (fb - fa);
            let f = self.node.sample(at(t)).distance;
            if f.abs() < 1e-6 * self.cell {
                break;
            }
            if (f < 0.0) == (fb < 0.0) {
                (b, fb) = (t, f);
                fa /= 2.0;
            } else {
                (a, fa) = (t, f);
                fb /= 2.0;
            }
        }
        let point = at(t.clamp(0.0, 1.0));
        let sample = self.node.sample(point);
        let normal = sample.gradient;
        let face = faces.of(&sample);
        let behind = std::array::from_fn(|k| point[k] - 2.0 * self.cell * normal[k]);
        let thin = self.node.sample(behind).distance > 0.0;
        Crossing { point, normal, face, thin }
    }
}

/// Whether the inside corners of a side that the surface passes twice are joined: whether the middle between the arcs around
/// the two outside corners, each where its tangent planes meet, is inside. Edges are those of the cell at `cell`.
fn is_joined(
    lattice: &Lattice,
    crossings: &HashMap<(Corner, usize), Crossing>,
    cell: Corner,
    axis: usize,
    (inside, corners, edges): ([bool; 4], [Corner; 4], [usize; 4]),
) -> bool {
    let outer = arcs(inside, edges, true);
    let [one, other] = &outer[..] else { return false };
    let level = lattice.at(plus(cell, corners[0]))[axis];
    let [a, b] = [one, other].map(|arc| {
        let ends = arc.map(|e| crossings.get(&(plus(cell, EDGES[e].0), EDGES[e].1)));
        let ends: Vec<&Crossing> = ends.into_iter().flatten().collect();
        let mut at = meeting(&ends, lattice.at(cell), lattice.cell).0;
        at[axis] = level;
        at
    });
    lattice.node.sample(std::array::from_fn(|k| 0.5 * (a[k] + b[k]))).distance < 0.0
}

/// Meshes a solid; `None` when it is empty.
pub(super) fn contour(node: &Node) -> Option<Contour> {
    contour_in(node, CELLS, &|_, _| {})
}

/// The same in `n_cells` cells along the diagonal. `settle` puts points where it knows better, given the surface with its
/// faces and the edge of a cell, m.
pub(in crate::geometry) fn contour_in(
    node: &Node,
    n_cells: f64,
    settle: &dyn Fn(&mut SurfaceMesh, f64),
) -> Option<Contour> {
    let (lo, hi) = node.bounds()?;
    let size = sub(hi, lo);
    let cell = dot(size, size).sqrt() / n_cells;
    if !(cell.is_finite() && cell > 0.0) {
        return None;
    }
    // Off the body's own planes by an uneven fraction, so that faces seldom lie in a layer of corners.
    let origin = std::array::from_fn(|k| lo[k] - (f64::from(MARGIN) + 0.382) * cell);
    let mut lattice = Lattice { node, origin, cell, values: HashMap::new(), cells: Vec::new() };
    let count: Corner = std::array::from_fn(|k| (size[k] / cell).ceil() as i32 + 2 * MARGIN + 1);
    for i in (0..count[0]).step_by(BLOCK as usize) {
        for j in (0..count[1]).step_by(BLOCK as usize) {
            for k in (0..count[2]).step_by(BLOCK as usize) {
                lattice.visit([i, j, k], BLOCK);
            }
        }
    }
    if lattice.cells.is_empty() {
        return None;
    }
    lattice.cells.sort_unstable();
    Some(connect(&mut lattice, settle))
}

fn connect(lattice: &mut Lattice, settle: &dyn Fn(&mut SurfaceMesh, f64)) -> Contour {
    let cells = std::mem::take(&mut lattice.cells);
    let mut faces = Faces::default();
    let mut crossings: HashMap<(Corner, usize), Crossing> = HashMap::new();
    // In order, so that faces are numbered the same way every time.
    let mut order: Vec<(Corner, usize)> = Vec::new();
    for &cell in &cells {
        for (low, axis) in EDGES {
            let at = plus(cell, low);
            let crosses = (lattice.value(at) < 0.0) != (lattice.value(plus(at, step(axis))) < 0.0);
            if crosses && !crossings.contains_key(&(at, axis)) {
                let crossing = lattice.crossing(at, axis, &mut faces);
                crossings.insert((at, axis), crossing);
                order.push((at, axis));
            }
        }
    }

    // A point per piece of surface in a cell; `piece` maps a cell's edges to it.
    let mut surface = SurfaceMesh::default();
    // Where each point may go when it stands in the way of others.
    let mut means: Vec<Vec3> = Vec::new();
    let mut piece: HashMap<Corner, [u32; 12]> = HashMap::with_capacity(cells.len());
    for &cell in &cells {
        let mut group: [usize; 12] = std::array::from_fn(|i| i);
        for axis in 0..3 {
            for high in 0..2 {
                let (corners, edges) = side(axis, high);
                let inside = corners.map(|c| lattice.value(plus(cell, c)) < 0.0);
                let joined = is_joined(lattice, &crossings, cell, axis, (inside, corners, edges));
                for [a, b] in arcs(inside, edges, joined) {
                    let (from, to) = (group[a].max(group[b]), group[a].min(group[b]));
                    group.iter_mut().filter(|g| **g == from).for_each(|g| *g = to);
                }
            }
        }
        let mut points = [u32::MAX; 12];
        for root in 0..12 {
            let members: Vec<&Crossing> = (0..12)
                .filter(|e| group[*e] == root)
                .filter_map(|e| crossings.get(&(plus(cell, EDGES[e].0), EDGES[e].1)))
                .collect();
            if members.is_empty() {
                continue;
            }
            let index = surface.points.len() as u32;
            let (point, mean) = meeting(&members, lattice.at(cell), lattice.cell);
            surface.points.push(point);
            means.push(mean);
            (0..12).filter(|e| group[*e] == root).for_each(|e| points[e] = index);
        }
        piece.insert(cell, points);
    }

    let mut middles: HashMap<(Corner, usize, usize), u32> = HashMap::new();
    let first_middle = surface.points.len() as u32;
    let mut n_thin = 0;
    for (at, axis) in &order {
        let crossing = &crossings[&(*at, *axis)];
        n_thin += usize::from(crossing.thin);
        let polygon = polygon(lattice, &crossings, &piece, &mut middles, &mut surface, *at, *axis);
        let outward = lattice.value(*at) < 0.0;
        fan(&mut surface, &polygon, first_middle, crossing, outward);
    }

    means.extend_from_slice(&surface.points[first_middle as usize..]);
    surface.faces = faces.list;
    settle(&mut surface, lattice.cell);
    // Means of crossings beside an inner edge lie beyond it.
    std::mem::swap(&mut surface.points, &mut means);
    settle(&mut surface, lattice.cell);
    std::mem::swap(&mut surface.points, &mut means);
    tidy(&mut surface, &mut means, lattice.cell);
    let n_tangled = untangle(&mut surface, &means, lattice.cell);

    for t in 0..surface.triangles.len() {
        let cross = surface.triangle_cross(t);
        surface.faces[surface.face_of[t] as usize].area += dot(cross, cross).sqrt() / 2.0;
    }
    let crosses: Vec<Vec3> = (0..surface.triangles.len()).map(|t| surface.triangle_cross(t)).collect();
    surface.normals = segment::corner_normals(&surface, &surface.face_of, &crosses);
    if let Ok(sides) = closed_sides(&surface) {
        surface.edges = segment::edges(&surface, &sides, &surface.face_of, &surface.faces);
    }
    Contour { surface, cell: lattice.cell, thin: n_thin as f64 / order.len().max(1) as f64, n_tangled }
}

/// The points around a crossing, counter-clockwise about `+axis`.
fn polygon(
    lattice: &mut Lattice,
    crossings: &HashMap<(Corner, usize), Crossing>,
    piece: &HashMap<Corner, [u32; 12]>,
    middles: &mut HashMap<(Corner, usize, usize), u32>,
    surface: &mut SurfaceMesh,
    at: Corner,
    axis: usize,
) -> Vec<u32> {
    let (ib, ic) = ((axis + 1) % 3, (axis + 2) % 3);
    let (b, c) = (step(ib), step(ic));
    // The four cells around the edge by their side of it along b and c, and the local place of the edge in each.
    let around = [(1, 1), (0, 1), (0, 0), (1, 0)];
    let cell = |(nb, nc): (i32, i32)| plus(at, std::array::from_fn(|k| -nb * b[k] - nc * c[k]));
    let local = |(nb, nc): (i32, i32)| {
        let low = std::array::from_fn(|k| nb * b[k] + nc * c[k]);
        EDGES.iter().position(|e| *e == (low, axis)).unwrap_or_default()
    };
    let mut out = Vec::with_capacity(4);
    for i in 0..4 {
        let (here, next) = (around[i], around[(i + 1) % 4]);
        let (from, to) = (cell(here), cell(next));
        let (Some(p), Some(q)) = (piece.get(&from), piece.get(&to)) else { continue };
        out.push(p[local(here)]);
        // The side between the two cells: its normal is the axis along which they differ.
        let normal = if here.0 == next.0 { ic } else { ib };
        let upper = if from[normal] > to[normal] { from } else { to };
        let (corners, edges) = side(normal, 0);
        let inside = corners.map(|c| lattice.value(plus(upper, c)) < 0.0);
        let joined = is_joined(lattice, crossings, upper, normal, (inside, corners, edges));
        let arcs = arcs(inside, edges, joined);
        if arcs.len() < 2 {
            continue;
        }
        // Edge numbers as the lower cell has them: the same edges on its high side.
        let (_, high) = side(normal, 1);
        let lower = if from[normal] > to[normal] { q } else { p };
        let higher = if from[normal] > to[normal] { p } else { q };
        let same = |map: &[u32; 12], e: [usize; 4]| e.iter().all(|i| map[*i] == map[e[0]]);
        if !(same(higher, edges) && same(lower, high)) {
            continue;
        }
        let of_crossing = |e: usize| plus(upper, EDGES[e].0) == at && EDGES[e].1 == axis;
        let Some(k) = arcs.iter().position(|arc| arc.iter().any(|e| of_crossing(*e))) else { continue };
        let middle = *middles.entry((upper, normal, k)).or_insert_with(|| {
            let ends = arcs[k].map(|e| crossings.get(&(plus(upper, EDGES[e].0), EDGES[e].1)).map(|c| c.point));
            let [a, b] = ends.map(|p| p.unwrap_or_else(|| lattice.at(upper)));
            surface.points.push(std::array::from_fn(|k| 0.5 * (a[k] + b[k])));
            surface.points.len() as u32 - 1
        });
        out.push(middle);
    }
    out
}

/// Triangles of a polygon, turned outward, cut along the diagonal that keeps them facing as the surface does. From
/// `first_middle` on, points stand between passes that would share a side: triangles are cut from such a one, or the
/// diagonal past it would be that very side.
fn fan(surface: &mut SurfaceMesh, polygon: &[u32], first_middle: u32, crossing: &Crossing, outward: bool) {
    let mut ring: Vec<u32> = polygon.to_vec();
    if !outward {
        ring.reverse();
    }
    let n = ring.len();
    let triangles_from =
        |start: usize| (1..n.saturating_sub(1)).map(move |i| [start % n, (start + i) % n, (start + i + 1) % n]);
    let quality = |surface: &SurfaceMesh, start: usize| {
        triangles_from(start)
            .map(|t| {
                let [a, b, c] = t.map(|i| surface.points[ring[i] as usize]);
                let (u, v) = (sub(b, a), sub(c, a));
                let cross = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
                dot(unit(cross), crossing.normal)
            })
            .fold(f64::INFINITY, f64::min)
    };
    let middle = ring.iter().position(|p| *p >= first_middle);
    let start = middle.unwrap_or_else(|| usize::from(n == 4 && quality(surface, 1) > quality(surface, 0)));
    let triangles: Vec<[u32; 3]> = triangles_from(start).map(|t| t.map(|i| ring[i])).collect();
    for t in triangles {
        surface.triangles.push(t);
        surface.face_of.push(crossing.face);
    }
}

/// Where the tangent planes of a piece's crossings meet, kept inside its cell, and the mean of its crossings.
fn meeting(crossings: &[&Crossing], low: Vec3, cell: f64) -> (Vec3, Vec3) {
    let n = crossings.len() as f64;
    let mean = crossings.iter().map(|c| DVec3::from(c.point)).sum::<DVec3>() / n;
    let (mut m, mut rhs) = (DMat3::ZERO, DVec3::ZERO);
    for c in crossings {
        let normal = DVec3::from(c.normal);
        m += DMat3::from_cols(normal * normal.x, normal * normal.y, normal * normal.z);
        rhs += normal * normal.dot(DVec3::from(c.point) - mean);
    }
    let (values, vectors) = eigen(m);
    let strongest = values.iter().copied().fold(0.0, f64::max);
    let mut x = mean;
    for (value, v) in values.into_iter().zip(vectors) {
        if value > QEF_CUTOFF * strongest {
            x += v * (v.dot(rhs) / value);
        }
    }
    (std::array::from_fn(|k| x[k].clamp(low[k], low[k] + cell)), mean.to_array())
}
