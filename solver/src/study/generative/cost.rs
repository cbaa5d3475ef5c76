//! What a run will take, told before it: most bytes at any time of it, and the work.

use super::body;
use super::brief::{Brief, Duty, Goal};
use super::solve::wishes;
use super::solver;
use crate::density::footprint::Footprint;
use crate::mesh::Grid;
use crate::study::Cost;

/// What every run has, of code's own and of small meshes.
const BYTES: f64 = 32e6;
/// Per cell of the box: roles, cells of the space and the share of each that lies in it, twice where they are copied.
const BYTES_PER_CELL: f64 = 26.0;
/// Of a surface of the body, for the lattice that it is found on, its points and triangles, and what tells its faces:
/// `BYTES_SURFACE (cells of the box)^POWER (edge of a cell over that of a surface's)²`. Of a cantilever in 3 500 to a
/// million cells it was 2 740 to 4 420: where a body is twice as finely parted, or a surface is made anew in finer cells as its
/// triangles pass through one another, it is twice that.
const BYTES_SURFACE: f64 = 6500.0;
const POWER: f64 = 0.8;
/// The body as it is kept, of what finding it takes.
const SURFACE_KEPT: f64 = 0.25;
/// Per cell, numbers: samples, their neighbours and which are known, and pieces; densities and what is filled of cells.
const BYTES_SAMPLED: f64 = 5.0 * 8.0;
const BYTES_ANSWERED: f64 = 6.0 * 8.0;
/// Per input triangle.
const BYTES_PER_TRIANGLE: f64 = 400.0;
/// Displacements of a node, and the vectors of a solve beside them that are given back after it.
const BYTES_OF_NODE: f64 = 24.0;
const BYTES_GIVEN_BACK: f64 = 4.0 * BYTES_OF_NODE;

/// Of one step, per cell, and per cell and load case.
const SECONDS_PER_CELL: f64 = 2e-6;
const SECONDS_PER_CELL_AND_CASE: f64 = 4e-6;
/// Of heat, whose preconditioner is made anew at every step.
const SECONDS_PER_CELL_OF_HEAT: f64 = 1.2e-5;

pub fn cost(brief: &Brief) -> Cost {
    let (Some(grid), Some(part)) = (brief.grid(), brief.parts.first()) else { return Cost::default() };
    // With a layer of them at the border: no fewer than nodes, but where the space is thinner than that.
    let cells = (part.volume + part.area * grid.cell) / grid.cell.powi(3);
    let n_cases = brief.cases().len().max(1);
    let bytes =
        BYTES + bytes_at_once(brief, &grid, cells, n_cases) + BYTES_PER_TRIANGLE * part.surface.triangles.len() as f64;
    // A limit on stress solves every case twice.
    let n_solves = if matches!(brief.goal, Goal::Stress(_)) { 2 * n_cases } else { n_cases };
    let (each, per_node) = match brief.duty {
        Duty::Mechanical(_) => (SECONDS_PER_CELL_AND_CASE * n_solves as f64, 3.0),
        Duty::Thermal(_) => (SECONDS_PER_CELL_OF_HEAT, 1.0),
    };
    Cost {
        memory_bytes: bytes as u64,
        core_seconds: 1.0 + (SECONDS_PER_CELL + each) * cells * f64::from(brief.iterations_max),
        dofs: (per_node * 1.15 * cells) as u64 + 3,
    }
}

/// The most that is held at once, in a step, while a body is made, or in the solve of the body.
fn bytes_at_once(brief: &Brief, grid: &Grid, cells: f64, n_cases: usize) -> f64 {
    let n = grid.n_cells() as f64;
    let run = Footprint::new(&wishes(brief, grid, &vec![1.0; n_cases]), n_cases);
    let solving = solver::bytes_expected(brief, cells as usize, n_cases) as f64;
    let (answer, given_back) = match brief.duty {
        Duty::Mechanical(_) => {
            let of_cases = cells * n_cases as f64;
            (BYTES_OF_NODE * of_cases, BYTES_GIVEN_BACK * of_cases)
        }
        Duty::Thermal(_) => (8.0 * cells, 0.0),
    };
    let between = solving - given_back;
    let finer = body::surface_cells(grid, body::FINER) / body::diagonal(grid);
    let surface = BYTES_SURFACE * n.powf(POWER) * finer.powi(2);
    let step = (solving + run.solving * n).max(between + run.improving * n);
    let body = between + BYTES_SAMPLED * n + surface;
    let last = solving + answer + BYTES_ANSWERED * n + SURFACE_KEPT * surface;
    (BYTES_PER_CELL + run.held) * n + step.max(body).max(last)
}
