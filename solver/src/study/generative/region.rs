//! The design space as cells: which may be filled, which stay, which stay empty.

use super::brief::{Brief, Given};
use crate::density::{Domain, Invalid, Role, measure};
use crate::design::Issue;
use crate::geometry::distance::Distance;
use crate::geometry::generated::{Bounds, Layer, patch};
use crate::mesh::{Grid, Voxels, moment, voxelize};
use crate::study::Case;
use crate::surface::SurfaceMesh;
use std::sync::Arc;

/// Pieces of the space of less than this share of it are rounding at its border.
const CRUMB: f64 = 1e-3;

/// The cells of a study.
pub struct Region {
    pub grid: Grid,
    pub domain: Domain,
    /// Linear indices of the cells of the design space, ascending, and the share of each that lies in it.
    pub cells: Vec<u32>,
    pub fill: Vec<f64>,
    /// Volume of the space itself, m³.
    pub volume: f64,
}

/// Why a region cannot be made.
pub enum RegionError {
    Cancelled,
    Issue(Issue),
}

impl From<Issue> for RegionError {
    fn from(issue: Issue) -> Self {
        Self::Issue(issue)
    }
}

impl Region {
    /// # Errors
    /// [`RegionError`], with an issue that names the property to change.
    pub fn new(case: &Case, brief: &Brief, cancelled: &dyn Fn() -> bool) -> Result<Self, RegionError> {
        let study = case.study;
        let none = || Issue::error(study, "bodies", "Design space: choose the body that may be filled");
        let grid = brief.grid().ok_or_else(none)?;
        let part = brief.parts.first().ok_or_else(none)?;
        let inside = filled(study, part.surface, &part.label, &grid)?;
        let role = |share: &f64| if *share >= HALF { Role::Free } else { Role::Outside };
        let mut roles: Vec<Role> = inside.iter().map(role).collect();
        check_whole(case, &grid, &mut roles)?;
        for (given, role) in [(&brief.keep, Role::Solid), (&brief.avoid, Role::Void)] {
            if cancelled() {
                return Err(RegionError::Cancelled);
            }
            for cell in covered(case, given, &grid)? {
                // What is avoided is avoided: room for a tool is no use with material in it.
                if roles[cell] != Role::Outside {
                    roles[cell] = role;
                }
            }
        }
        let mut cells: Vec<u32> = (0..roles.len()).filter(|c| roles[*c] != Role::Outside).map(|c| c as u32).collect();
        cells.shrink_to_fit();
        let fill = cells.iter().map(|c| inside[*c as usize]).collect();
        let domain = Domain::new(grid.counts, roles).map_err(|e| at(study, &e))?;
        Ok(Self { grid, domain, cells, fill, volume: part.volume })
    }

    /// Cells that hold material whatever the design.
    pub fn kept(&self) -> Vec<u32> {
        (0..self.domain.n_cells()).filter(|c| self.domain.roles()[*c] == Role::Solid).map(|c| c as u32).collect()
    }
}

/// A set-up that the optimiser refuses, at the property that it is about.
pub fn at(study: &crate::design::Object, error: &Invalid) -> Issue {
    // A goal is named after its limit, but that of conduction, which is a share too.
    let limit = || if super::is_conduction(study) { "share".into() } else { study.choice("goal") };
    let key = match error {
        Invalid::Volume { .. } | Invalid::Range { .. } => limit(),
        Invalid::Undercut { .. } => "draw".into(),
        Invalid::Axis { .. } => "process".into(),
        Invalid::NothingFree | Invalid::Empty { .. } => "bodies".into(),
        _ => "goal".into(),
    };
    let mut text = error.to_string();
    if let Some(first) = text.get(..1) {
        text = format!("{}{}", first.to_uppercase(), &text[1..]);
    }
    Issue::error(study, &key, text)
}

/// Share of a cell in a body from which on it belongs to it.
const HALF: f64 = 0.5;

/// Share of each cell that lies in a body.
pub fn filled(
    study: &crate::design::Object,
    surface: &SurfaceMesh,
    label: &str,
    grid: &Grid,
) -> Result<Vec<f64>, Issue> {
    let Voxels { full, cut, moments } =
        voxelize(surface, grid).map_err(|e| Issue::error(study, "bodies", format!("{label}: {e}")))?;
    let mut out = vec![0.0; grid.n_cells()];
    full.iter().for_each(|c| out[*c as usize] = 1.0);
    for (cell, m) in cut.iter().zip(&moments) {
        out[*cell as usize] = m[0] / moment::VOLUME;
    }
    Ok(out)
}

/// Leaves out crumbs of the space, and says where it falls apart.
fn check_whole(case: &Case, grid: &Grid, roles: &mut [Role]) -> Result<(), Issue> {
    let inside: Vec<bool> = roles.iter().map(|r| *r != Role::Outside).collect();
    let pieces = measure::pieces(grid.counts, &inside);
    let all: usize = pieces.sizes.iter().sum();
    let crumb = |piece: u32| (pieces.sizes[piece as usize] as f64) < CRUMB * all as f64;
    let n = (0..pieces.sizes.len() as u32).filter(|p| !crumb(*p)).count();
    if n != 1 {
        let message = format!(
            "Design space: in cells of {:.3} mm {}; take more cells",
            grid.cell * 1e3,
            if n == 0 { "nothing of it is left".into() } else { format!("it falls into {n} pieces") }
        );
        return Err(Issue::error(case.study, "cells", message));
    }
    for (role, piece) in roles.iter_mut().zip(&pieces.of) {
        if piece.is_some_and(crumb) {
            *role = Role::Outside;
        }
    }
    Ok(())
}

/// The triangles of faces of the model, and how far from them something holds.
fn layer(case: &Case, given: &Given) -> Option<Layer> {
    if given.faces.is_empty() || given.distance <= 0.0 {
        return None;
    }
    let of = given.faces.iter().map(|(b, f)| (&**case.model.bodies[*b].body.surface(), *f));
    Some(Layer { faces: patch(of), thickness: given.distance })
}

/// Cells in the given bodies, and with their centre no farther from the given faces than said.
fn covered(case: &Case, given: &Given, grid: &Grid) -> Result<Vec<usize>, Issue> {
    let mut out = vec![false; grid.n_cells()];
    for body in &given.bodies {
        let one = &case.model.bodies[*body];
        for (cell, share) in filled(case.study, one.body.surface(), &one.label, grid)?.into_iter().enumerate() {
            out[cell] |= share >= HALF;
        }
    }
    if let Some(Layer { faces, thickness }) = layer(case, given) {
        let bounds = faces.bounds();
        let near = Distance::new(Arc::new(faces));
        // A layer holds at least the cells at its faces.
        let reach = thickness.max(0.75 * grid.cell);
        let Some((lo, hi)) = bounds else { return Ok(Vec::new()) };
        let (from, to) = (grid.locate(lo.map(|c| c - reach)), grid.locate(hi.map(|c| c + reach)));
        for z in from[2]..=to[2] {
            for y in from[1]..=to[1] {
                for x in from[0]..=to[0] {
                    let cell = grid.index([x, y, z]);
                    let centre = grid.centre([x, y, z]);
                    out[cell] |= near.nearest(centre, None).is_some_and(|n| n.distance.abs() <= reach);
                }
            }
        }
    }
    Ok((0..out.len()).filter(|c| out[*c]).collect())
}

/// The same as surfaces: what bounds the outcome.
pub fn bounds(case: &Case, brief: &Brief) -> Option<Bounds> {
    let space = brief.parts.first()?;
    let surface = |body: &usize| case.model.bodies[*body].body.surface().clone();
    Some(Bounds {
        space: surface(&space.index),
        kept: brief.keep.bodies.iter().map(surface).collect(),
        kept_layer: layer(case, &brief.keep),
        avoided: brief.avoid.bodies.iter().map(surface).collect(),
        avoided_layer: layer(case, &brief.avoid),
    })
}

/// Share of what each cell has of the design space that lies in a surface's body; 0 outside the space.
pub fn fractions(surface: &SurfaceMesh, region: &Region) -> Vec<f64> {
    let mut shares = vec![0.0; region.grid.n_cells()];
    // What dual contouring made is closed.
    let Ok(Voxels { full, cut, moments }) = voxelize(surface, &region.grid) else { return shares };
    full.iter().for_each(|c| shares[*c as usize] = 1.0);
    for (cell, m) in cut.iter().zip(&moments) {
        shares[*cell as usize] = m[0] / moment::VOLUME;
    }
    let mut out = vec![0.0; shares.len()];
    for (cell, fill) in region.cells.iter().zip(&region.fill) {
        out[*cell as usize] = (shares[*cell as usize] / fill).min(1.0);
    }
    out
}
