//! Pieces that a body's surface is in, and which of them belong to nothing.

use super::region::Region;
use crate::density::Role;
use crate::mesh::voxelize;
use crate::surface::SurfaceMesh;
use glam::DVec3;
use std::collections::BTreeMap;

/// How far behind a triangle the cell is that it bounds, in cells.
const BEHIND: f64 = 0.25;

/// Material that hangs together.
pub struct Piece {
    triangles: Vec<[u32; 3]>,
    /// Within its outer surface, m³.
    pub volume: f64,
    /// The middle of its surface, m.
    pub at: [f64; 3],
    /// Whether something that is kept belongs to it: a held or loaded face's layer, or a body.
    pub is_kept: bool,
}

/// Pieces of a closed surface, the largest first; surfaces of voids are none.
pub fn pieces(region: &Region, surface: &SurfaceMesh) -> Vec<Piece> {
    let mut root: Vec<u32> = (0..surface.points.len() as u32).collect();
    fn find(root: &mut [u32], mut i: u32) -> u32 {
        while root[i as usize] != i {
            root[i as usize] = root[root[i as usize] as usize];
            i = root[i as usize];
        }
        i
    }
    for [a, b, c] in &surface.triangles {
        let first = find(&mut root, *a);
        for other in [b, c] {
            let other = find(&mut root, *other);
            root[other as usize] = first;
        }
    }
    let mut parted: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (t, corners) in surface.triangles.iter().enumerate() {
        parted.entry(find(&mut root, corners[0])).or_default().push(t);
    }
    let of = |all: Vec<usize>| {
        let (mut volume, mut middle, mut is_kept) = (0.0, DVec3::ZERO, false);
        for t in &all {
            let [a, b, c] = surface.triangles[*t].map(|p| DVec3::from(surface.points[p as usize]));
            let cross = DVec3::from(surface.triangle_cross(*t));
            volume += a.dot(cross) / 6.0;
            let centre = (a + b + c) / 3.0;
            middle += centre / all.len() as f64;
            let behind = centre - BEHIND * region.grid.cell * cross.normalize_or_zero();
            let cell = region.grid.index(region.grid.locate(behind.to_array()));
            is_kept |= region.domain.roles()[cell] == Role::Solid;
        }
        let triangles = all.into_iter().map(|t| surface.triangles[t]).collect();
        Piece { triangles, volume, at: middle.to_array(), is_kept }
    };
    let mut out: Vec<Piece> = parted.into_values().map(of).filter(|p| p.volume > 0.0).collect();
    out.sort_by(|a, b| b.volume.total_cmp(&a.volume));
    out
}

/// The free cells that a piece fills or cuts.
pub fn cells(region: &Region, surface: &SurfaceMesh, piece: &Piece) -> Vec<usize> {
    let alone = SurfaceMesh {
        points: surface.points.clone(),
        triangles: piece.triangles.clone(),
        face_of: vec![0; piece.triangles.len()],
        faces: surface.faces.clone(),
        ..SurfaceMesh::default()
    };
    // What dual contouring made is closed, piece by piece.
    let Ok(found) = voxelize(&alone, &region.grid) else { return Vec::new() };
    let all = found.full.into_iter().chain(found.cut).map(|c| c as usize);
    all.filter(|c| region.domain.is_free(*c)).collect()
}

/// Where the pieces beside the largest lie, in words; at most three of them.
pub fn places(pieces: &[Piece]) -> String {
    let word = |p: &Piece| {
        let [x, y, z] = p.at.map(|c| c * 1e3);
        format!("({x:.1}, {y:.1}, {z:.1}) mm")
    };
    pieces.iter().skip(1).take(3).map(word).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::density::Domain;
    use crate::mesh::Grid;

    fn cube(out: &mut SurfaceMesh, lo: [f64; 3], edge: f64, inward: bool) {
        let first = out.points.len() as u32;
        let corner = |k: usize| [0, 1, 2].map(|a| lo[a] + edge * (k >> a & 1) as f64);
        out.points.extend((0..8).map(corner));
        for [a, b, c, d] in [[0, 2, 3, 1], [4, 5, 7, 6], [0, 1, 5, 4], [2, 6, 7, 3], [0, 4, 6, 2], [1, 3, 7, 5]] {
            for [p, q, r] in [[a, b, c], [a, c, d]] {
                out.triangles.push(if inward { [p, r, q] } else { [p, q, r] }.map(|i| first + i));
            }
        }
    }

    #[test]
    fn pieces_are_told_from_voids_and_from_what_is_kept() {
        let grid = Grid { origin: [0.0; 3], cell: 1.0, counts: [12, 6, 6] };
        let mut roles = vec![Role::Free; grid.n_cells()];
        roles[grid.index([1, 2, 3])] = Role::Solid; // Behind the middle of a triangle at x = 1.05.
        let cells_all: Vec<u32> = (0..grid.n_cells() as u32).collect();
        let region = Region {
            grid,
            domain: Domain::new(grid.counts, roles).unwrap(),
            fill: vec![1.0; cells_all.len()],
            cells: cells_all,
            volume: 432.0,
        };
        let mut surface = SurfaceMesh::default();
        cube(&mut surface, [1.05, 1.05, 1.05], 3.9, false);
        cube(&mut surface, [2.1, 2.1, 2.1], 0.8, true);
        cube(&mut surface, [8.1, 2.1, 2.1], 0.8, false);
        let found = pieces(&region, &surface);
        let told: Vec<_> = found.iter().map(|p| (p.volume.round() as i32, p.is_kept)).collect();
        assert_eq!(told, [(59, true), (1, false)], "the void is none");
        assert_eq!(cells(&region, &surface, &found[1]), [grid.index([8, 2, 2])]);
        assert_eq!(places(&found), "(8500.0, 2500.0, 2500.0) mm");
    }
}
