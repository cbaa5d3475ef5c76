//! Ten-node tetrahedra: middle nodes of surface edges on the true surface, as far as every element stays sound.

use super::delaunay::{FACETS, NONE};
use super::domain::Domain;
use super::quality;
use super::volume::{OUTSIDE, Volume};
use super::{BoundaryFace, MIDDLES, TetMesh};
use glam::DVec3;
use rayon::prelude::*;

/// The least Jacobian determinant in an element, over the largest: below, its edges are drawn back to straight.
const JACOBIAN_MIN: f64 = 0.3;

/// Derivatives of the ten shape functions by the three reference coordinates.
pub(super) type Gradients = [[f64; 3]; 10];

/// Shape function gradients at one reference point.
pub(super) fn gradients_at([x, y, z]: [f64; 3]) -> Gradients {
    let l = [1.0 - x - y - z, x, y, z];
    let d = [[-1.0, -1.0, -1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    let mut out = [[0.0; 3]; 10];
    for i in 0..4 {
        out[i] = d[i].map(|g| g * (4.0 * l[i] - 1.0));
    }
    for (m, [i, j]) in MIDDLES.iter().enumerate() {
        out[4 + m] = std::array::from_fn(|k| 4.0 * (l[*i] * d[*j][k] + l[*j] * d[*i][k]));
    }
    out
}

/// Where an element's Jacobian is checked: corners, middles of the edges, and the four Gauss points of degree two.
pub(super) fn gradients() -> &'static [Gradients; 14] {
    static ALL: std::sync::OnceLock<[Gradients; 14]> = std::sync::OnceLock::new();
    ALL.get_or_init(|| {
        let corners = [[0.0; 3], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
        let gauss = {
            let (a, b) = (0.25 - 0.05 * 5_f64.sqrt(), 0.25 + 0.15 * 5_f64.sqrt());
            [[a, a, a], [b, a, a], [a, b, a], [a, a, b]]
        };
        std::array::from_fn(|i| {
            gradients_at(match i {
                0..4 => corners[i],
                4..10 => {
                    let [p, q] = MIDDLES[i - 4].map(|m| corners[m]);
                    std::array::from_fn(|k| 0.5 * (p[k] + q[k]))
                }
                _ => gauss[i - 10],
            })
        })
    })
}

/// Jacobian determinant, m³, at the point of `gradients` in an element with nodes `x`.
pub(super) fn determinant(x: &[DVec3; 10], gradients: &Gradients) -> f64 {
    let mut j = [DVec3::ZERO; 3];
    for (p, g) in x.iter().zip(gradients) {
        for k in 0..3 {
            j[k] += *p * g[k];
        }
    }
    j[0].cross(j[1]).dot(j[2])
}

/// The finished mesh of `volume`.
pub(super) fn finish(volume: &Volume, domain: &Domain) -> TetMesh {
    let mut to = vec![NONE; volume.points.len()];
    let mut points: Vec<DVec3> = Vec::new();
    let each: Vec<u32> = volume.each().collect();
    for t in &each {
        for v in volume.tets[*t as usize] {
            if to[v as usize] == NONE {
                to[v as usize] = points.len() as u32;
                points.push(volume.points[v as usize]);
            }
        }
    }
    let n_corners = points.len();

    let corners: Vec<[u32; 4]> = each.iter().map(|t| volume.tets[*t as usize]).collect();
    let sides = Sides::new(&corners, volume.points.len());
    let tets: Vec<[u32; 10]> = corners
        .par_iter()
        .zip(&sides.of)
        .map(|(v, sides)| {
            std::array::from_fn(|i| match i {
                0..4 => to[v[i] as usize],
                _ => n_corners as u32 + sides[i - 4],
            })
        })
        .collect();
    // The patch of each surface edge, where one is beside it that it is on no curve of.
    let mut surface = vec![NONE; sides.ends.len()];
    let mut facets: Vec<(u32, usize, u32)> = Vec::new();
    for (i, t) in each.iter().enumerate() {
        for k in 0..4 {
            let code = volume.neighbours[*t as usize][k];
            if code >= OUTSIDE {
                facets.push((i as u32, k, code & !OUTSIDE));
                for m in (0..6).filter(|m| !MIDDLES[*m].contains(&k)) {
                    surface[sides.of[i][m] as usize] = code & !OUTSIDE;
                }
            }
        }
    }
    // Straight middles, and how far the true surface lies from each.
    let lifts: Vec<DVec3> = sides
        .ends
        .par_iter()
        .zip(&surface)
        .map(|(&[a, b], patch)| {
            if *patch == NONE {
                return DVec3::ZERO;
            }
            let [p, q] = [a, b].map(|v| volume.points[v as usize]);
            let straight = 0.5 * (p + q);
            let chain = volume.curve(a, b).unwrap_or(NONE);
            let ends = [a, b].map(|v| {
                (domain_vertex(volume, domain, chain, v), volume.place[v as usize], volume.points[v as usize])
            });
            let (_, point) = domain.middle(ends, chain, *patch);
            let lift = point - straight;
            if lift.is_finite() && lift.length() < 0.3 * (q - p).length() { lift } else { DVec3::ZERO }
        })
        .collect();
    points.extend(sides.ends.iter().map(|&[a, b]| 0.5 * (volume.points[a as usize] + volume.points[b as usize])));
    bend(&mut points, &tets, &lifts, n_corners);

    let mut mesh = TetMesh {
        points: points.iter().map(|p| p.to_array()).collect(),
        n_corners,
        tets,
        faces: domain.surface.faces.iter().map(|f| f.name.clone()).collect(),
        ..TetMesh::default()
    };
    mesh.boundary = facets
        .par_iter()
        .map(|&(t, k, patch)| {
            let nodes = mesh.tets[t as usize];
            let f = FACETS[k].map(|j| nodes[j]);
            let side = |m: usize| {
                let ends = [FACETS[k][m], FACETS[k][(m + 1) % 3]];
                MIDDLES.iter().position(|e| ends.contains(&e[0]) && ends.contains(&e[1])).unwrap_or(0)
            };
            let p = f.map(|v| points[v as usize]);
            BoundaryFace {
                nodes: [f[0], f[1], f[2], nodes[4 + side(0)], nodes[4 + side(1)], nodes[4 + side(2)]],
                face: domain.face(patch, (p[0] + p[1] + p[2]) / 3.0),
                tet: t,
            }
        })
        .collect();
    mesh.edges = volume
        .curves
        .keys()
        .filter_map(|&(a, b)| Some([to[a as usize], to[b as usize], n_corners as u32 + sides.find(a, b)?]))
        .collect();
    mesh.quality = quality::measure(&mesh);
    mesh
}

/// The edges of tetrahedra, numbered in the order in which those first name them.
struct Sides {
    /// Ends, the smaller first.
    ends: Vec<[u32; 2]>,
    /// Of each tetrahedron, in the order of [`MIDDLES`].
    of: Vec<[u32; 6]>,
    /// Where the row of each vertex starts in `rows`.
    at: Vec<u32>,
    /// For each vertex the larger ends of its edges and their numbers, as many as `filled` says.
    rows: Vec<[u32; 2]>,
    filled: Vec<u32>,
}

impl Sides {
    fn new(tets: &[[u32; 4]], n_vertices: usize) -> Self {
        let keys = |v: &[u32; 4]| MIDDLES.map(|[i, j]| [v[i].min(v[j]), v[i].max(v[j])]);
        let mut at = vec![0_u32; n_vertices + 1];
        for v in tets {
            keys(v).iter().for_each(|[a, _]| at[*a as usize + 1] += 1);
        }
        for i in 0..n_vertices {
            at[i + 1] += at[i];
        }
        let mut out = Self {
            ends: Vec::new(),
            of: Vec::with_capacity(tets.len()),
            rows: vec![[0; 2]; at[n_vertices] as usize],
            at,
            filled: vec![0; n_vertices],
        };
        for v in tets {
            let of = keys(v).map(|[a, b]| {
                out.find(a, b).unwrap_or_else(|| {
                    let (new, n) = (out.ends.len() as u32, &mut out.filled[a as usize]);
                    out.rows[(out.at[a as usize] + *n) as usize] = [b, new];
                    *n += 1;
                    out.ends.push([a, b]);
                    new
                })
            });
            out.of.push(of);
        }
        out
    }

    /// Number of the edge from `a` to the larger `b`.
    fn find(&self, a: u32, b: u32) -> Option<u32> {
        let first = self.at[a as usize] as usize;
        let row = &self.rows[first..first + self.filled[a as usize] as usize];
        row.iter().find(|r| r[0] == b).map(|r| r[1])
    }
}

/// A chain knows its end by the number the vertex had in the body's surface; here the nearer end tells which it is.
fn domain_vertex(volume: &Volume, domain: &Domain, chain: u32, v: u32) -> u32 {
    let Some(curve) = domain.chains.get(chain as usize) else { return NONE };
    let p = volume.points[v as usize];
    let first = (p - curve.points[0]).length_squared();
    let last = (p - curve.points[curve.points.len() - 1]).length_squared();
    if first <= last { curve.ends[0] } else { curve.ends[1] }
}

/// Moves the middle nodes by their lifts, or by as much of them as keeps every element sound.
fn bend(points: &mut [DVec3], tets: &[[u32; 10]], lifts: &[DVec3], n_corners: usize) {
    let straight: Vec<DVec3> = points[n_corners..].to_vec();
    let mut share = vec![1.0_f64; lifts.len()];
    for (i, lift) in lifts.iter().enumerate() {
        points[n_corners + i] += *lift;
    }
    // Full, half, a quarter, none.
    for round in 0..3 {
        let unsound: Vec<usize> = (0..tets.len())
            .into_par_iter()
            .filter(|t| {
                let nodes = &tets[*t];
                if nodes[4..].iter().all(|m| lifts[*m as usize - n_corners] == DVec3::ZERO) {
                    return false;
                }
                let x = nodes.map(|i| points[i as usize]);
                let dets = gradients().iter().map(|g| determinant(&x, g));
                let (lo, hi) = dets.fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), d| (lo.min(d), hi.max(d)));
                lo < JACOBIAN_MIN * hi || lo <= 0.0
            })
            .collect();
        if unsound.is_empty() {
            return;
        }
        let mut touched = vec![false; lifts.len()];
        for t in unsound {
            for m in &tets[t][4..] {
                touched[*m as usize - n_corners] = true;
            }
        }
        for (i, _) in touched.iter().enumerate().filter(|(_, t)| **t) {
            share[i] = if round == 2 { 0.0 } else { 0.5 * share[i] };
            points[n_corners + i] = straight[i] + lifts[i] * share[i];
        }
    }
    // A straight element is sound, but its neighbour may have become unsound by losing one side of a pair: straight all
    // round until nothing is left.
    let sound = |nodes: &[u32; 10], points: &[DVec3]| {
        let x = nodes.map(|i| points[i as usize]);
        gradients().iter().all(|g| determinant(&x, g) > 0.0)
    };
    let bent: Vec<&[u32; 10]> =
        tets.par_iter().filter(|n| n[4..].iter().any(|m| lifts[*m as usize - n_corners] != DVec3::ZERO)).collect();
    loop {
        let mut changed = false;
        if bent.par_iter().all(|nodes| sound(nodes, points)) {
            return;
        }
        for nodes in &bent {
            if sound(nodes, points) {
                continue;
            }
            for m in &nodes[4..] {
                let i = *m as usize - n_corners;
                changed |= points[n_corners + i] != straight[i];
                points[n_corners + i] = straight[i];
            }
        }
        if !changed {
            return;
        }
    }
}
