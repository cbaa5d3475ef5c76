//! From bodies to one lattice: cut cells of each part, joined; loose crumbs removed; weights for gravity.

use crate::linear::multigrid::ERSATZ;
use crate::mechanics::setup::{LoadCase, Setup};
use crate::mesh::cast::{VoxelError, Voxels, voxelize};
use crate::mesh::moment::{self, Moments};
use crate::mesh::{Grid, Lattice, Solid};
use glam::DVec3;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Volume share below which cells that touch nothing else are crumbs to drop.
const CRUMB: f64 = 1e-3;

/// The meshed model.
pub struct Meshed {
    pub lattice: Arc<Lattice>,
    pub solids: Vec<Solid>,
    /// Cells of each part.
    pub voxels: Vec<Voxels>,
    /// Young's modulus that stiffness is relative to, Pa.
    pub reference_modulus: f64,
    /// m³, per part.
    pub volumes: Vec<f64>,
    pub n_pieces: usize,
    pub n_crumbs: usize,
}

/// Why a model cannot be meshed: text for people.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{label}: {error}")]
pub struct MeshError {
    pub label: String,
    pub error: VoxelError,
}

/// Levels of halving that leave a few hundred cells.
fn n_levels(cells: f64) -> u32 {
    ((cells / 150.0).log2() / 3.0).ceil().clamp(0.0, 7.0) as u32
}

/// Meshes `setup` with cells of about `cell`.
///
/// # Errors
/// [`MeshError`] naming the body; `None` inside for cancellation between bodies.
pub fn mesh(setup: &Setup, cell: f64, cancelled: &dyn Fn() -> bool) -> Result<Option<Meshed>, MeshError> {
    let (lo, hi) = setup.bounds().unwrap_or(([0.0; 3], [1.0; 3]));
    let multiple = 1usize << n_levels(setup.n_cells(cell));
    let grid = Grid::over(lo, hi, cell, multiple);
    let reference_modulus = setup.parts.iter().map(|p| p.at_room()[0]).fold(0.0, f64::max);
    let mut voxels = Vec::new();
    for part in &setup.parts {
        if cancelled() {
            return Ok(None);
        }
        let found = voxelize(part.surface, &grid).map_err(|error| MeshError { label: part.label.clone(), error })?;
        voxels.push(found);
    }
    let mut solids = join(setup, &voxels, reference_modulus);
    let (n_pieces, n_crumbs) = drop_crumbs(&grid, &mut solids);
    let volumes = voxels.iter().map(|v| v.volume_cells() * grid.cell.powi(3)).collect();
    let lattice = Arc::new(Lattice::new(grid, &solids, ERSATZ, 0.0));
    Ok(Some(Meshed { lattice, solids, voxels, reference_modulus, volumes, n_pieces, n_crumbs }))
}

/// One list of solid cells from those of all parts, weighted by stiffness.
fn join(setup: &Setup, voxels: &[Voxels], reference: f64) -> Vec<Solid> {
    if let ([v], [part]) = (voxels, setup.parts.as_slice()) {
        let [_, poisson] = part.at_room();
        let mut out: Vec<Solid> = v.full.iter().map(|c| Solid { cell: *c, moments: None, poisson }).collect();
        out.extend(v.cut.iter().zip(&v.moments).map(|(c, m)| Solid { cell: *c, moments: Some(Box::new(*m)), poisson }));
        out.sort_unstable_by_key(|s| s.cell);
        return out;
    }
    let mut cells: BTreeMap<u32, (Moments, f64)> = BTreeMap::new();
    for (v, part) in voxels.iter().zip(&setup.parts) {
        let [young, ratio] = part.at_room();
        let weight = young / reference;
        let mut put = |cell: u32, m: &Moments| {
            let (sum, poisson) = cells.entry(cell).or_insert(([0.0; 27], 0.0));
            for (s, m) in sum.iter_mut().zip(m) {
                *s += weight * m;
            }
            *poisson += weight * m[0] * ratio;
        };
        v.full.iter().for_each(|c| put(*c, &moment::FULL));
        v.cut.iter().zip(&v.moments).for_each(|(c, m)| put(*c, m));
    }
    cells
        .into_iter()
        .map(|(cell, (mut m, poisson))| {
            let poisson = poisson / m[0];
            // Two bodies that overlap share the cell, they do not double it.
            let over = m[0] / moment::VOLUME;
            if over > 1.0 {
                m = m.map(|x| x / over);
            }
            let whole = m.iter().zip(moment::FULL).all(|(a, b)| (a - b).abs() < 1e-9);
            Solid { cell, moments: (!whole).then(|| Box::new(m)), poisson }
        })
        .collect()
}

/// Removes groups of cells that hang on nothing and weigh next to nothing; returns (pieces left, cells dropped).
fn drop_crumbs(grid: &Grid, solids: &mut Vec<Solid>) -> (usize, usize) {
    let mut parent: Vec<u32> = (0..solids.len() as u32).collect();
    fn root(parent: &mut [u32], mut i: u32) -> u32 {
        while parent[i as usize] != i {
            parent[i as usize] = parent[parent[i as usize] as usize];
            i = parent[i as usize];
        }
        i
    }
    let [nx, ny, _] = grid.counts;
    // Cells that share a face, an edge or a corner, each pair once: 13 neighbours behind.
    let mut behind = Vec::new();
    for dz in -1i64..=1 {
        for dy in -1i64..=1 {
            for dx in -1i64..=1 {
                if (dz, dy, dx) < (0, 0, 0) {
                    behind.push([dx, dy, dz]);
                }
            }
        }
    }
    let mut cursor = vec![0usize; behind.len()];
    for n in 0..solids.len() {
        let cell = solids[n].cell;
        let at = grid.position(cell as usize);
        for (d, cursor) in behind.iter().zip(&mut cursor) {
            let to: [i64; 3] = std::array::from_fn(|a| at[a] as i64 + d[a]);
            if (0..3).any(|a| to[a] < 0 || to[a] >= grid.counts[a] as i64) {
                continue;
            }
            let other = (to[0] + nx as i64 * (to[1] + ny as i64 * to[2])) as u32;
            // Both lists ascend, so each neighbour direction keeps its own place.
            while solids[*cursor].cell < other {
                *cursor += 1;
            }
            if solids[*cursor].cell == other {
                let (a, b) = (root(&mut parent, n as u32), root(&mut parent, *cursor as u32));
                parent[a.max(b) as usize] = a.min(b);
            }
        }
    }
    let mut weight: BTreeMap<u32, f64> = BTreeMap::new();
    let roots: Vec<u32> = (0..solids.len() as u32).map(|i| root(&mut parent, i)).collect();
    let mut total = 0.0;
    for (solid, r) in solids.iter().zip(&roots) {
        let m = solid.moments.as_ref().map_or(moment::VOLUME, |m| m[0]);
        *weight.entry(*r).or_default() += m;
        total += m;
    }
    let keep = |r: &u32| weight[r] >= CRUMB * total;
    let before = solids.len();
    let mut flags = roots.iter().map(keep);
    solids.retain(|_| flags.next().unwrap_or(true));
    (weight.values().filter(|w| **w >= CRUMB * total).count(), before - solids.len())
}

/// Adds the forces of a load case on the mass of every part to the nodes of case `k`, times `scale`; returns (force, moment
/// about the origin). Exact: shape functions times an acceleration that is linear in place are what the moments hold.
pub fn weigh(
    setup: &Setup,
    meshed: &Meshed,
    case: &LoadCase,
    scale: f64,
    k: usize,
    b: &mut crate::linear::Block<f64>,
) -> (DVec3, DVec3) {
    let lattice = &*meshed.lattice;
    let grid = &lattice.grid;
    let half = 0.5 * grid.cell;
    let (mut force, mut moment) = (DVec3::ZERO, DVec3::ZERO);
    // The acceleration's change along each axis over half a cell, the same everywhere.
    let at_origin = case.acceleration(DVec3::ZERO);
    let slopes = DVec3::AXES.map(|a| case.acceleration(a * half) - at_origin);
    for (part, v) in setup.parts.iter().zip(&meshed.voxels) {
        let density = part.density * half.powi(3);
        let mut put = |cell: u32, m: &Moments| {
            let at = grid.position(cell as usize);
            let Some(nodes) = lattice.cell_nodes(at) else { return };
            let centre = DVec3::from(grid.centre(at));
            let mean = case.acceleration(centre);
            for (corner, node) in nodes.into_iter().enumerate() {
                // ∫ N and ∫ N ξ = 1/8 Σ over the monomials of the trilinear basis, signed by the corner.
                let mut f = DVec3::ZERO;
                for basis in 0..8usize {
                    let index = (basis & 1) + 3 * (basis >> 1 & 1) + 9 * (basis >> 2);
                    let sign = if (basis & !corner).count_ones() % 2 == 1 { -0.125 } else { 0.125 };
                    f += mean * (sign * m[index]);
                    for (slope, step) in slopes.iter().zip([1, 3, 9]) {
                        f += *slope * (sign * m[index + step]);
                    }
                }
                let f = f * density;
                let sides: [f64; 3] = std::array::from_fn(|a| if corner >> a & 1 == 1 { half } else { -half });
                force += f;
                moment += (centre + DVec3::from(sides)).cross(f);
                b.add(k, node, (f * scale).into());
            }
        };
        v.full.iter().for_each(|c| put(*c, &moment::FULL));
        v.cut.iter().zip(&v.moments).for_each(|(c, m)| put(*c, m));
    }
    (force, moment)
}
