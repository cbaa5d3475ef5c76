//! Boxes of tetrahedra on a regular lattice, for tests and benchmarks of what comes after meshing.

use glam::DVec3;
use solver::element::tet::{EDGES, FACES};
use std::collections::HashMap;

/// Ten-node tetrahedra, six to a cell (Kuhn's division: conforming, since every cell has the same diagonals).
pub struct Mesh {
    pub points: Vec<DVec3>,
    pub cells: Vec<[u32; 10]>,
}

/// Ten-node mesh of a box with one corner at the origin, `size` m, `counts` cells, mapped by `map`.
pub fn quadratic(size: DVec3, counts: [usize; 3], map: impl Fn(DVec3) -> DVec3) -> Mesh {
    let n = counts.map(|c| 2 * c + 1);
    let at = |p: [usize; 3]| (p[0] + n[0] * (p[1] + n[1] * p[2])) as u32;
    let mut points = Vec::with_capacity(n.iter().product());
    for z in 0..n[2] {
        for y in 0..n[1] {
            for x in 0..n[0] {
                let t = DVec3::new(x as f64, y as f64, z as f64)
                    / DVec3::new((n[0] - 1) as f64, (n[1] - 1) as f64, (n[2] - 1) as f64);
                points.push(map(size * t));
            }
        }
    }
    let mut cells = Vec::with_capacity(6 * counts.iter().product::<usize>());
    for z in 0..counts[2] {
        for y in 0..counts[1] {
            for x in 0..counts[0] {
                for [a, b, c, even] in
                    [[0, 1, 2, 1], [1, 2, 0, 1], [2, 0, 1, 1], [0, 2, 1, 0], [1, 0, 2, 0], [2, 1, 0, 0]]
                {
                    let mut corner = [[2 * x, 2 * y, 2 * z]; 4];
                    for (k, axis) in [a, b, c].into_iter().enumerate() {
                        for later in &mut corner[k + 1..] {
                            later[axis] += 2;
                        }
                    }
                    if even == 0 {
                        corner.swap(1, 2);
                    }
                    cells.push(std::array::from_fn(|i| {
                        if i < 4 {
                            at(corner[i])
                        } else {
                            let [p, q] = EDGES[i - 4].map(|e| corner[e]);
                            at(std::array::from_fn(|d| (p[d] + q[d]) / 2))
                        }
                    }));
                }
            }
        }
    }
    Mesh { points, cells }
}

/// Several meshes as one, points within `1e-9` of each other joined.
#[allow(dead_code)]
pub fn join(meshes: impl IntoIterator<Item = Mesh>) -> Mesh {
    let mut known: HashMap<[i64; 3], u32> = HashMap::new();
    let mut out = Mesh { points: Vec::new(), cells: Vec::new() };
    for mesh in meshes {
        let mut node = |p: DVec3| {
            *known.entry(p.to_array().map(|c| (c * 1e9).round() as i64)).or_insert_with(|| {
                out.points.push(p);
                out.points.len() as u32 - 1
            })
        };
        let to: Vec<u32> = mesh.points.into_iter().map(&mut node).collect();
        out.cells.extend(mesh.cells.into_iter().map(|c| c.map(|n| to[n as usize])));
    }
    out
}

impl Mesh {
    pub fn nodes(&self, cell: usize) -> [DVec3; 10] {
        self.cells[cell].map(|n| self.points[n as usize])
    }

    /// Middle nodes with the two ends of their sides.
    pub fn middles(&self) -> Vec<(u32, [u32; 2])> {
        let mut out: Vec<_> =
            self.cells.iter().flat_map(|c| (0..6).map(|e| (c[4 + e], EDGES[e].map(|i| c[i])))).collect();
        out.sort_unstable();
        out.dedup_by_key(|m| m.0);
        out
    }

    pub fn select(&self, f: impl Fn(DVec3) -> bool) -> Vec<u32> {
        (0..self.points.len()).filter(|n| f(self.points[*n])).map(|n| n as u32).collect()
    }

    /// Six-node triangles of the surface, normals outwards, all of whose nodes satisfy `f`.
    pub fn faces(&self, f: impl Fn(DVec3) -> bool) -> Vec<[u32; 6]> {
        let mut seen: HashMap<[u32; 3], ([u32; 6], usize)> = HashMap::new();
        for cell in &self.cells {
            for face in FACES {
                let n = face.map(|i| cell[i]);
                let mut key = [n[0], n[1], n[2]];
                key.sort_unstable();
                // FACES turn inwards.
                seen.entry(key).or_insert(([n[0], n[2], n[1], n[5], n[4], n[3]], 0)).1 += 1;
            }
        }
        let mut out: Vec<[u32; 6]> = seen
            .into_values()
            .filter(|(n, count)| *count == 1 && n.iter().all(|n| f(self.points[*n as usize])))
            .map(|(n, _)| n)
            .collect();
        out.sort_unstable();
        out
    }
}
