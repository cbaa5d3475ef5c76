//! From densities of cells to a body: samples between which densities run smoothly, and the level at which the body weighs
//! what the optimiser's design does.

use super::piece::{self, Piece};
use super::region::Region;
use crate::density::{Role, measure};
use crate::design::Value;
use crate::geometry::generated::{Grown, Mould, Sampled};
use crate::growth::{Growth, Head};
use crate::mesh::Grid;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Samples around the grid, so that what is at its border runs on beyond it.
const MARGIN: usize = 3;
/// Share of the material below which a loose piece that nothing kept belongs to is dropped.
const CRUMB: f64 = 0.01;
/// How near the body's volume comes to the optimiser's, as a share.
const VOLUME_OFF: f64 = 2e-3;
/// Cells of a surface along the space's diagonal, at least: bores and edges that the body keeps are finer than coarse cells.
const CELLS_MIN: f64 = 64.0;
/// Cells of the body's surface along an edge of the design's.
pub const FINER: f64 = 1.5;
/// Surfaces made to come that near, at most.
const TRIES: u32 = 14;

/// A design's body.
pub struct Built {
    pub grown: Grown,
    pub level: f64,
    /// Volume asked for, m³.
    pub wanted: f64,
    /// Pieces of the surface that hang together, the largest first.
    pub pieces: Vec<Piece>,
    /// Loose crumbs that were left out.
    pub n_crumbs: usize,
    samples: Arc<Sampled>,
    n_cells: f64,
}

impl Built {
    /// The body as a file, for a feature with `values`.
    pub fn growth(&self, values: BTreeMap<String, Value>) -> Growth {
        let (origin, spacing, counts) = self.samples.lattice();
        let Self { level, n_cells, .. } = *self;
        let head = Head { values, level, n_cells, volume: self.grown.volume, origin, spacing, counts };
        Growth { head, samples: self.samples.values().iter().map(|v| Growth::sample(f64::from(*v))).collect() }
    }
}

/// Densities as samples at the centres of cells.
///
/// Free cells tell; what is kept, avoided and beyond the space is bounded by surfaces of its own, so there the free cells
/// beside it run on. A binomial mean over neighbours takes the steps of the cells away. Loose crumbs are left out; their
/// number comes with the samples.
pub fn samples(region: &Region, density: &[f64]) -> Option<(Arc<Sampled>, usize)> {
    let grid = &region.grid;
    let roles = region.domain.roles();
    let solid: Vec<bool> = density.iter().map(|d| *d > 0.5).collect();
    let pieces = measure::pieces(grid.counts, &solid);
    let all: usize = pieces.sizes.iter().sum();
    let mut stays: Vec<bool> = pieces.sizes.iter().map(|n| *n as f64 >= CRUMB * all as f64).collect();
    for (role, piece) in roles.iter().zip(&pieces.of) {
        if let (Role::Solid, Some(piece)) = (role, piece) {
            stays[*piece as usize] = true;
        }
    }
    let counts = grid.counts.map(|n| n + 2 * MARGIN);
    let mut values = vec![0.0f32; counts.iter().product()];
    let mut known = vec![false; values.len()];
    for (cell, value) in density.iter().enumerate() {
        let [x, y, z] = grid.position(cell).map(|c| c + MARGIN);
        let at = x + counts[0] * (y + counts[1] * z);
        if roles[cell] == Role::Free {
            let gone = pieces.of[cell].is_some_and(|p| !stays[p as usize]);
            (values[at], known[at]) = (if gone { 0.0 } else { *value as f32 }, true);
        }
    }
    for _ in 0..=MARGIN {
        spread(counts, &mut values, &mut known);
    }
    for axis in 0..3 {
        smooth(counts, axis, &mut values);
    }
    // As they will be kept, so that what is made of the kept ones is the same body.
    for value in &mut values {
        *value = Growth::density(Growth::sample(f64::from(*value)));
    }
    let origin = std::array::from_fn(|a| grid.origin[a] + (0.5 - MARGIN as f64) * grid.cell);
    let samples = Sampled::new(origin, grid.cell, counts, values)?;
    Some((Arc::new(samples), stays.iter().filter(|s| !**s).count()))
}

/// Gives unknown samples beside known ones their mean, nearer ones counting more.
fn spread(counts: [usize; 3], values: &mut [f32], known: &mut [bool]) {
    let (from, had) = (values.to_vec(), known.to_vec());
    let steps = [1, counts[0] as isize, (counts[0] * counts[1]) as isize];
    for at in (0..from.len()).filter(|at| !had[*at]) {
        let place = [at % counts[0], at / counts[0] % counts[1], at / (counts[0] * counts[1])];
        let (mut sum, mut weight) = (0.0f32, 0.0f32);
        for n in 0..27usize {
            let off = [n % 3, n / 3 % 3, n / 9].map(|o| o as isize - 1);
            let inside = (0..3).all(|a| (0..counts[a] as isize).contains(&(place[a] as isize + off[a])));
            let to = at as isize + (0..3).map(|a| off[a] * steps[a]).sum::<isize>();
            if inside && had[to as usize] {
                let w = [0.0, 1.0, 0.5, 0.25][off.iter().map(|o| o.unsigned_abs()).sum::<usize>()];
                sum += w * from[to as usize];
                weight += w;
            }
        }
        if weight > 0.0 {
            (values[at], known[at]) = (sum / weight, true);
        }
    }
}

/// Means by ¼, ½, ¼ along an axis; the ends stay.
fn smooth(counts: [usize; 3], axis: usize, values: &mut [f32]) {
    let from = values.to_vec();
    let step = [1, counts[0], counts[0] * counts[1]][axis];
    for at in 0..from.len() {
        let place = at / step % counts[axis];
        if place > 0 && place + 1 < counts[axis] {
            values[at] = 0.25 * from[at - step] + 0.5 * from[at] + 0.25 * from[at + step];
        }
    }
}

/// The level above which as many free cells are as the free cells' densities fill.
pub fn level_by_cells(region: &Region, density: &[f64]) -> f64 {
    let mut free: Vec<f64> =
        density.iter().zip(region.domain.roles()).filter(|(_, r)| **r == Role::Free).map(|(d, _)| *d).collect();
    free.sort_by(|a, b| b.total_cmp(a));
    let n = free.iter().sum::<f64>().round() as usize;
    free.get(n.min(free.len().saturating_sub(1))).map_or(0.5, |d| d.clamp(0.2, 0.8))
}

/// Cells of a surface along the space's diagonal: finer than the design's, within what a view and a mesher want.
pub fn surface_cells(grid: &Grid, finer: f64) -> f64 {
    (finer * diagonal(grid)).clamp(CELLS_MIN, Growth::CELLS.1)
}

/// Length of the grid's diagonal, cells.
pub fn diagonal(grid: &Grid) -> f64 {
    grid.counts.iter().map(|n| (*n as f64).powi(2)).sum::<f64>().sqrt()
}

/// The body of a design, whose volume is that of the densities' share of the space, as near as [`VOLUME_OFF`] where a level
/// gives that. What its surface has of loose crumbs, between the cells, is left out too. `None` where there is no material, or
/// `stopped` says so.
pub fn build(region: &Region, mould: &Mould, density: &[f64], share: f64, stopped: &dyn Fn() -> bool) -> Option<Built> {
    let mut density = density.to_vec();
    let mut n_crumbs = 0;
    for last in [false, false, true] {
        let mut built = at_volume(region, mould, &density, share, stopped)?;
        let all: f64 = built.pieces.iter().map(|p| p.volume).sum();
        let is_crumb = |p: &&Piece| !p.is_kept && p.volume < CRUMB * all;
        let crumbs: Vec<&Piece> = built.pieces.iter().skip(1).filter(is_crumb).collect();
        if crumbs.is_empty() || last {
            built.n_crumbs += n_crumbs;
            return Some(built);
        }
        n_crumbs += crumbs.len();
        for cell in crumbs.into_iter().flat_map(|c| piece::cells(region, &built.grown.surface, c)) {
            density[cell] = 0.0;
        }
    }
    None
}

fn at_volume(region: &Region, mould: &Mould, density: &[f64], share: f64, stopped: &dyn Fn() -> bool) -> Option<Built> {
    let (samples, n_crumbs) = samples(region, density)?;
    let wanted = share * region.volume;
    let n_cells = surface_cells(&region.grid, FINER);
    // Volume falls as the level rises: a bracket, narrowed by false position with halved ends (Illinois).
    let (mut low, mut high) = ((0.0, region.volume - wanted), (1.0, -wanted));
    let mut level = level_by_cells(region, density);
    let mut best: Option<Built> = None;
    let mut last_side = 0;
    for _ in 0..TRIES {
        if stopped() {
            return None;
        }
        let grown = mould.grow(&samples, level, n_cells);
        let off = grown.as_ref().map_or(0.0, |g| g.volume) - wanted;
        if let Some(grown) = grown
            && best.as_ref().is_none_or(|b| off.abs() < (b.grown.volume - wanted).abs())
        {
            let pieces = piece::pieces(region, &grown.surface);
            best = Some(Built { grown, level, wanted, pieces, n_crumbs, samples: samples.clone(), n_cells });
        }
        if off.abs() <= VOLUME_OFF * wanted {
            break;
        }
        let side = if off > 0.0 { 1 } else { -1 };
        if side > 0 {
            low = (level, off);
            if last_side == side {
                high.1 *= 0.5;
            }
        } else {
            high = (level, off);
            if last_side == side {
                low.1 *= 0.5;
            }
        }
        last_side = side;
        level = (low.0 * high.1 - high.0 * low.1) / (high.1 - low.1);
        if !(level > low.0 && level < high.0) {
            level = 0.5 * (low.0 + high.0);
        }
    }
    best
}
