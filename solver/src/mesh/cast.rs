//! Cut cells of a closed triangle surface, by casting columns of rays along all three axes.
//!
//! Each cell crossed by the surface takes its moments from the rays along the axis that the surface faces most (the one
//! with most hits in that cell; axes that tie share it), as a union of `SAMPLES²` square columns cut at the exact depth of the surface. Whether
//! a ray passes a triangle is decided edge by edge with the same arithmetic for both triangles of an edge, so a closed
//! surface gives closed rays whatever the rounding.

use super::grid::Grid;
use super::moment::{self, Moments};
use crate::surface::SurfaceMesh;
use rayon::prelude::*;

/// Columns per cell and axis. Four keep the volume of a slanted cut within about one per cent of a cell.
const SAMPLES: usize = 4;
/// Cells with less than this solid fraction are taken as empty.
pub const FRACTION_MIN: f64 = 1e-3;
/// Surface closer than this to a cell face, in cells, is taken as lying on it.
const SNAP: f64 = 1e-6;

/// The solid cells of one body.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Voxels {
    /// Linear index of every cell wholly inside, ascending.
    pub full: Vec<u32>,
    /// Linear index of every cell that the surface crosses, ascending, and its moments, in the same order.
    pub cut: Vec<u32>,
    pub moments: Vec<Moments>,
}

impl Voxels {
    /// Volume in units of one cell.
    pub fn volume_cells(&self) -> f64 {
        self.full.len() as f64 + self.moments.iter().map(|m| m[0]).sum::<f64>() / moment::VOLUME
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VoxelError {
    #[error(
        "its surface is not closed: {open} of {rays} sight lines enter it and do not come out; repair the file or rebuild the feature"
    )]
    Open { open: usize, rays: usize },
    #[error("the grid would need {0} cells; choose a larger cell size")]
    TooMany(usize),
    #[error("its surface has points that are not numbers")]
    NotFinite,
}

#[derive(Clone, Copy)]
struct Hit {
    /// Ray within its row of cells: `i + width · j`.
    ray: u32,
    /// In cells along the axis.
    depth: f64,
    /// +1 leaving the solid, −1 entering.
    sign: i32,
}

/// All rays along one axis, one list of hits per row of cells across it.
struct Rays {
    axis: usize,
    rows: Vec<Vec<Hit>>,
    open: usize,
    n_hit: usize,
}

/// Finds the full and the cut cells of the solid inside `surface`.
///
/// # Errors
/// [`VoxelError`] when the surface is not closed or the grid is too large to index.
pub fn voxelize(surface: &SurfaceMesh, grid: &Grid) -> Result<Voxels, VoxelError> {
    if grid.n_cells() > u32::MAX as usize / 4 {
        return Err(VoxelError::TooMany(grid.n_cells()));
    }
    if surface.points.iter().flatten().any(|c| !c.is_finite()) {
        return Err(VoxelError::NotFinite);
    }
    let casts: Vec<Rays> = (0..3).map(|axis| cast(surface, grid, axis)).collect();
    let (open, rays) = casts.iter().fold((0, 0), |(o, n), c| (o + c.open, n + c.n_hit));
    if open * 200 > rays {
        return Err(VoxelError::Open { open, rays });
    }

    // The axis with most hits in a cell is the one its surface faces most. 0: no hit.
    let mut hits = vec![[0u8; 3]; grid.n_cells()];
    for rays in &casts {
        let [d, e, f] = axes(rays.axis);
        let width = grid.counts[e] * SAMPLES;
        for (row, list) in rays.rows.iter().enumerate() {
            for hit in list {
                let mut at = [0; 3];
                at[d] = hit.depth.floor().max(0.0) as usize;
                at[e] = hit.ray as usize % width / SAMPLES;
                at[f] = row;
                if hit.depth.fract() != 0.0 && at[d] < grid.counts[d] {
                    let n = &mut hits[grid.index(at)][d];
                    *n = n.saturating_add(1);
                }
            }
        }
    }
    // One bit per axis: axes that tie share the cell, so that a turned part gives a turned answer.
    let facing: Vec<u8> = hits
        .iter()
        .map(|n| {
            let most = n.iter().copied().max().unwrap_or(0);
            (0..3).filter(|a| most > 0 && n[*a] == most).map(|a| 1 << a).sum()
        })
        .collect();
    drop(hits);

    let mut cut: Vec<(u32, Moments)> = Vec::new();
    let mut full: Vec<u32> = Vec::new();
    for rays in &casts {
        let parts: Vec<_> =
            (0..rays.rows.len()).into_par_iter().map(|row| integrate(rays, row, grid, &facing)).collect();
        for (c, f) in parts {
            cut.extend(c);
            full.extend(f);
        }
    }
    cut.sort_by_key(|c| c.0);
    cut.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            for (k, n) in kept.1.iter_mut().zip(next.1) {
                *k += n;
            }
        }
        same
    });
    full.extend(cut.iter().filter(|(_, m)| m[0] > moment::VOLUME * (1.0 - 1e-9)).map(|c| c.0));
    full.sort_unstable();
    cut.retain(|(_, m)| (moment::VOLUME * FRACTION_MIN..=moment::VOLUME * (1.0 - 1e-9)).contains(&m[0]));
    let (cut, moments) = cut.into_iter().unzip();
    Ok(Voxels { full, cut, moments })
}

/// The axis and the two across it, right-handed.
fn axes(axis: usize) -> [usize; 3] {
    [axis, (axis + 1) % 3, (axis + 2) % 3]
}

fn cast(surface: &SurfaceMesh, grid: &Grid, axis: usize) -> Rays {
    let [d, e, f] = axes(axis);
    // In cells from the grid's origin.
    let scaled = |p: [f64; 3], a: usize| (p[a] - grid.origin[a]) / grid.cell;
    let n_rows = grid.counts[f];
    let mut buckets: Vec<Vec<u32>> = vec![Vec::new(); n_rows];
    for (t, triangle) in surface.triangles.iter().enumerate() {
        let z = triangle.map(|i| scaled(surface.points[i as usize], f));
        let lo = z.iter().copied().fold(f64::INFINITY, f64::min).floor().max(0.0) as usize;
        let hi = z.iter().copied().fold(f64::NEG_INFINITY, f64::max).floor().max(0.0) as usize;
        for row in buckets.iter_mut().take((hi + 1).min(n_rows)).skip(lo) {
            row.push(t as u32);
        }
    }
    let width = grid.counts[e] * SAMPLES;
    let spacing = 1.0 / SAMPLES as f64;
    // First ray at or beyond `x`: the one rule that both triangles of an edge share.
    let first_ray = |x: f64| ((x / spacing - 0.5).ceil().clamp(0.0, width as f64)) as usize;
    let results: Vec<(Vec<Hit>, usize, usize)> = (0..n_rows)
        .into_par_iter()
        .map(|row| {
            let mut hits = Vec::new();
            for &t in &buckets[row] {
                let [a, b, c] = surface.triangles[t as usize].map(|i| {
                    let p = surface.points[i as usize];
                    [scaled(p, d), scaled(p, e), scaled(p, f)]
                });
                let lo = a[0].min(b[0]).min(c[0]);
                let hi = a[0].max(b[0]).max(c[0]);
                let u = [b[0] - a[0], b[1] - a[1], b[2] - a[2]];
                let v = [c[0] - a[0], c[1] - a[1], c[2] - a[2]];
                let n = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
                for j in 0..SAMPLES {
                    let y = row as f64 + (j as f64 + 0.5) * spacing;
                    // At most two of the three edges cross a line.
                    let mut crossings = [(0usize, 0i32); 3];
                    let mut n_cross = 0;
                    for (p, q) in [(a, b), (b, c), (c, a)] {
                        if (p[2] <= y) == (q[2] <= y) {
                            continue;
                        }
                        let (low, high, sign) = if p[2] <= y { (p, q, 1) } else { (q, p, -1) };
                        let x = low[1] + (y - low[2]) * (high[1] - low[1]) / (high[2] - low[2]);
                        crossings[n_cross] = (first_ray(x), sign);
                        n_cross += 1;
                    }
                    if n_cross < 2 {
                        continue;
                    }
                    let (left, right) = if crossings[0].0 <= crossings[1].0 {
                        (crossings[0], crossings[1])
                    } else {
                        (crossings[1], crossings[0])
                    };
                    for i in left.0..right.0 {
                        let x = (i as f64 + 0.5) * spacing;
                        let depth = if n[0] == 0.0 {
                            0.5 * (lo + hi)
                        } else {
                            (a[0] - (n[1] * (x - a[1]) + n[2] * (y - a[2])) / n[0]).clamp(lo, hi)
                        };
                        let near = depth.round();
                        let depth = if (depth - near).abs() < SNAP { near } else { depth };
                        hits.push(Hit { ray: (i + width * j) as u32, depth, sign: right.1 });
                    }
                }
            }
            hits.sort_unstable_by(|p, q| p.ray.cmp(&q.ray).then(p.depth.total_cmp(&q.depth)).then(p.sign.cmp(&q.sign)));
            let (mut open, mut rays) = (0, 0);
            for ray in hits.chunk_by(|p, q| p.ray == q.ray) {
                rays += 1;
                open += usize::from(ray.iter().map(|h| h.sign).sum::<i32>() != 0);
            }
            (hits, open, rays)
        })
        .collect();
    let open = results.iter().map(|r| r.1).sum();
    let n_hit = results.iter().map(|r| r.2).sum();
    Rays { axis, rows: results.into_iter().map(|r| r.0).collect(), open, n_hit }
}

/// Moments of the cut cells of one row that face this axis; for z also the cells wholly inside.
fn integrate(rays: &Rays, row: usize, grid: &Grid, facing: &[u8]) -> (Vec<(u32, Moments)>, Vec<u32>) {
    let [d, e, f] = axes(rays.axis);
    let (nd, ne) = (grid.counts[d], grid.counts[e]);
    let width = ne * SAMPLES;
    let mut slot = vec![u32::MAX; nd * ne];
    let mut cut: Vec<(u32, Moments)> = Vec::new();
    let mut full = Vec::new();
    let column = |i: usize| {
        let s = 2.0 / SAMPLES as f64;
        moment::line(-1.0 + i as f64 * s, -1.0 + (i + 1) as f64 * s)
    };
    let columns: [[f64; 3]; SAMPLES] = std::array::from_fn(column);
    for ray in rays.rows[row].chunk_by(|p, q| p.ray == q.ray) {
        let (i, j) = (ray[0].ray as usize % width, ray[0].ray as usize / width);
        let mut inside = 0;
        for pair in ray.windows(2) {
            inside -= pair[0].sign;
            if inside <= 0 {
                continue;
            }
            let (from, to) = (pair[0].depth.max(0.0), pair[1].depth.min(nd as f64));
            if to <= from {
                continue;
            }
            for k in from.floor() as usize..(to.ceil() as usize).min(nd) {
                let mut at = [0; 3];
                at[d] = k;
                at[e] = i / SAMPLES;
                at[f] = row;
                let cell = grid.index(at);
                let here = &mut slot[k * ne + at[e]];
                if facing[cell] == 0 {
                    if rays.axis == 2 && *here == u32::MAX {
                        *here = 0;
                        full.push(cell as u32);
                    }
                    continue;
                }
                if facing[cell] >> rays.axis & 1 == 0 {
                    continue;
                }
                if *here == u32::MAX {
                    *here = cut.len() as u32;
                    cut.push((cell as u32, [0.0; 27]));
                }
                let low = (from - k as f64).max(0.0);
                let high = (to - k as f64).min(1.0);
                let mut lines = [[0.0; 3]; 3];
                let share = 1.0 / f64::from(facing[cell].count_ones());
                lines[d] = moment::line(2.0 * low - 1.0, 2.0 * high - 1.0).map(|m| m * share);
                lines[e] = columns[i % SAMPLES];
                lines[f] = columns[j];
                moment::add_box(&mut cut[*here as usize].1, &lines[0], &lines[1], &lines[2]);
            }
        }
    }
    (cut, full)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::skin::tests::{block, sphere};

    #[test]
    fn an_aligned_block_has_only_full_cells() {
        let surface = block([0.0; 3], [0.04, 0.02, 0.01]);
        let grid = Grid::over([0.0; 3], [0.04, 0.02, 0.01], 0.002, 4);
        let v = voxelize(&surface, &grid).unwrap();
        assert_eq!((v.full.len(), v.cut.len()), (20 * 10 * 5, 0));
    }

    #[test]
    fn a_shifted_block_keeps_volume_and_centroid() {
        let (lo, hi) = ([0.0013, -0.0007, 0.0004], [0.0413, 0.0204, 0.0107]);
        let surface = block(lo, hi);
        let grid = Grid { origin: [-0.002; 3], cell: 0.002, counts: [24, 12, 8] };
        let v = voxelize(&surface, &grid).unwrap();
        let volume = v.volume_cells() * grid.cell.powi(3);
        let truth: f64 = (0..3).map(|a| hi[a] - lo[a]).product();
        assert!((volume / truth - 1.0).abs() < 0.02, "{volume} {truth}");
    }

    #[test]
    fn a_sphere_has_its_volume() {
        let r = 0.01;
        let surface = sphere([0.0003, 0.0001, -0.0002], r, 5);
        let (lo, hi) = surface.bounds().unwrap();
        let grid = Grid::over(lo, hi, r / 10.0, 2);
        let v = voxelize(&surface, &grid).unwrap();
        let volume = v.volume_cells() * grid.cell.powi(3);
        // The polyhedron itself, by the divergence theorem.
        let truth: f64 = surface
            .triangles
            .iter()
            .map(|t| {
                let [a, b, c] = t.map(|i| glam::DVec3::from(surface.points[i as usize]));
                a.dot(b.cross(c)) / 6.0
            })
            .sum();
        assert!((volume / truth - 1.0).abs() < 1e-3, "{volume} {truth}");
    }

    #[test]
    fn an_open_surface_is_refused() {
        let mut surface = block([0.0; 3], [0.04, 0.02, 0.01]);
        surface.triangles.truncate(10);
        surface.face_of.truncate(10);
        let grid = Grid::over([0.0; 3], [0.04, 0.02, 0.01], 0.002, 4);
        assert!(matches!(voxelize(&surface, &grid), Err(VoxelError::Open { .. })));
    }
}
