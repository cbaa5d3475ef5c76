//! What was found at the nodes, as fields on the body's skin and in its cells.

use super::solve::Plan;
use super::solver::View;
use crate::density::elastic::Displacement;
use crate::density::thermal::Rise;
use crate::element::brick::shape;
use crate::mesh::Lattice;
use crate::quantity::Dimension;
use crate::study::outcome::{Field, Grade, Location, Outcome, OutcomeMesh};
use crate::surface::SurfaceMesh;
use crate::volume::Volume;
use glam::DVec3;

/// A cell and a place in it.
type Near = Option<([usize; 3], [f64; 3])>;

/// The fields of every load case on the points of a surface; heat has one state.
pub fn on_skin(plan: &Plan, view: View, mesh: &str, surface: &SurfaceMesh) -> Vec<Field> {
    let lattice = Lattice::bare(plan.region.grid, plan.region.cells.iter().copied());
    let near: Vec<Near> = surface.points.iter().map(|p| lattice.nearest_cell(*p)).collect();
    match view {
        View::Displacement(u) => {
            let of = |k: usize| {
                let at = |near: &Near| {
                    let moved = near.map_or(DVec3::ZERO, |(cell, local)| moved(u, k, cell, local));
                    moved.as_vec3().to_array()
                };
                near.iter().flat_map(at).collect()
            };
            displacements(plan, mesh, &of)
        }
        View::Rise(t) => {
            let at = |near: &Near| near.map_or(0.0, |(cell, local)| risen(t, cell, local));
            vec![temperature(mesh, near.iter().map(|n| (plan.brief.temperature() + at(n)) as f32).collect())]
        }
    }
}

/// The solid cells with the fields at their nodes, for sections and probes.
pub fn inside(plan: &Plan, solid: &[bool], view: View, out: &mut Outcome) {
    let Some(part) = plan.brief.parts.first() else { return };
    let grid = &plan.region.grid;
    let row = grid.counts[0] as u32;
    let mut runs: Vec<[u32; 2]> = Vec::new();
    for cell in (0..solid.len() as u32).filter(|c| solid[*c as usize]) {
        match runs.last_mut() {
            Some(run) if run[0] + run[1] == cell && cell % row != 0 => run[1] += 1,
            _ => runs.push([cell, 1]),
        }
    }
    let mesh = OutcomeMesh::Grid {
        name: format!("volume:{}", part.name),
        body: part.name.clone(),
        origin: grid.origin,
        cell: grid.cell,
        counts: grid.counts.map(|n| n as u32),
        runs,
    };
    let Some(volume) = Volume::new(&mesh) else { return };
    let places: Vec<[usize; 3]> = volume.positions().collect();
    out.fields.extend(match view {
        View::Displacement(u) => {
            let of = |k: usize| {
                let at = |place: &[usize; 3]| u.at(k, *place).unwrap_or_default().map(|c| c as f32);
                places.iter().flat_map(at).collect()
            };
            displacements(plan, mesh.name(), &of)
        }
        View::Rise(t) => {
            let at = |place: &[usize; 3]| (plan.brief.temperature() + t.at(0, *place).unwrap_or(0.0)) as f32;
            vec![temperature(mesh.name(), places.iter().map(at).collect())]
        }
    });
    out.meshes.push(mesh);
}

/// Highest temperature, K, at the nodes of cells that `counts` admits, and where, m.
pub fn hottest(plan: &Plan, rise: &Rise, counts: impl Fn(usize) -> bool) -> Option<(f64, [f64; 3])> {
    let grid = &plan.region.grid;
    let mut most: Option<(f64, [usize; 3])> = None;
    for cell in plan.region.cells.iter().map(|c| *c as usize).filter(|c| counts(*c)) {
        let at = grid.position(cell);
        for corner in 0..8usize {
            let place = std::array::from_fn(|a| at[a] + (corner >> a & 1));
            if let Some(t) = rise.at(0, place)
                && most.is_none_or(|m| t > m.0)
            {
                most = Some((t, place));
            }
        }
    }
    let (rise, place) = most?;
    let at = std::array::from_fn(|a| grid.origin[a] + place[a] as f64 * grid.cell);
    Some((plan.brief.temperature() + rise, at))
}

/// Displacement of case `k` at a place of a cell, m.
fn moved(u: &Displacement, k: usize, cell: [usize; 3], local: [f64; 3]) -> DVec3 {
    let corner = |(n, w): (usize, f64)| {
        let at = std::array::from_fn(|a| cell[a] + (n >> a & 1));
        u.at(k, at).map_or(DVec3::ZERO, |v| DVec3::from(v) * w)
    };
    shape(local.map(|c| c.clamp(-1.0, 1.0))).into_iter().enumerate().map(corner).sum()
}

/// Rise of temperature at a place of a cell, K.
fn risen(t: &Rise, cell: [usize; 3], local: [f64; 3]) -> f64 {
    let corner = |(n, w): (usize, f64)| t.at(0, std::array::from_fn(|a| cell[a] + (n >> a & 1))).unwrap_or(0.0) * w;
    shape(local.map(|c| c.clamp(-1.0, 1.0))).into_iter().enumerate().map(corner).sum()
}

fn displacements(plan: &Plan, mesh: &str, of: &dyn Fn(usize) -> Vec<f32>) -> Vec<Field> {
    let one = |(k, case): (usize, &crate::mechanics::setup::LoadCase)| Field {
        id: "displacement".into(),
        label: "Displacement".into(),
        mesh: mesh.into(),
        location: Location::Point,
        components: 3,
        dimension: Dimension::LENGTH,
        case: Some(case.id.clone()),
        grade: Grade::Instant,
        values: of(k),
    };
    plan.brief.cases().iter().enumerate().map(one).collect()
}

fn temperature(mesh: &str, values: Vec<f32>) -> Field {
    Field {
        id: "temperature".into(),
        label: "Temperature".into(),
        mesh: mesh.into(),
        location: Location::Point,
        components: 1,
        dimension: Dimension::TEMPERATURE,
        case: None,
        grade: Grade::Instant,
        values,
    }
}
