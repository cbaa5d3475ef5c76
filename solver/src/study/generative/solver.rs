//! What answers for a design, to the run as one: elasticity where it is to carry forces, conduction where it is to lead heat.

use super::brief::{Brief, Duty};
use super::conductor::Conductor;
use super::nodes::{Nodes, Put};
use super::region::Region;
use super::structure::{Structure, relative};
use crate::density::elastic::{Accuracy, Displacement, Elastic, ElasticError, Space};
use crate::density::physics::{Physics, Pulled, Response};
use crate::density::stress::Brick;
use crate::density::thermal::{self, Rise, ThermalError};
use crate::linear::cg::CgError;
use crate::linear::pcg::PcgError;
use std::sync::atomic::AtomicBool;

/// Relative residual on the way (sensitivities settle long before) and of the answer. That of heat is smaller: even sources
/// leave an error that is smooth, of little residual, and digits come cheap.
const TOLERANCE: f64 = 1e-3;
const TOLERANCE_HEAT: f64 = 1e-5;
const TOLERANCE_ANSWER: f64 = 1e-7;
const ITERATIONS_MAX: u32 = 2000;

/// The physics of a run.
pub enum Solver<'a> {
    Structure(Box<Structure<'a>>),
    Conductor(Box<Conductor<'a>>),
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SolverError {
    #[error(transparent)]
    Elastic(#[from] ElasticError),
    #[error(transparent)]
    Thermal(#[from] ThermalError),
}

impl SolverError {
    pub fn is_cancelled(&self) -> bool {
        matches!(
            self,
            Self::Elastic(ElasticError::Solve(CgError::Cancelled))
                | Self::Thermal(ThermalError::Solve(PcgError::Cancelled))
        )
    }
}

/// What was found at the nodes.
pub enum Nodal {
    Displacement(Displacement),
    Rise(Rise),
}

/// The same, looked at.
#[derive(Clone, Copy)]
pub enum View<'a> {
    Displacement(&'a Displacement),
    Rise(&'a Rise),
}

impl Nodal {
    pub fn view(&self) -> View<'_> {
        match self {
            Self::Displacement(u) => View::Displacement(u),
            Self::Rise(t) => View::Rise(t),
        }
    }
}

impl<'a> Solver<'a> {
    /// For a first design whose cells have the relative stiffness, or conductivity, `start`.
    ///
    /// # Errors
    /// [`SolverError`].
    pub fn new(
        brief: &Brief,
        region: &'a Region,
        nodes: &'a Nodes,
        start: &[f64],
        cancel: &'a AtomicBool,
    ) -> Result<Self, SolverError> {
        let (grid, cells, start) = (region.grid, region.cells.clone(), relative(region, start));
        match &nodes.put {
            Put::Forces { supports, loads } => {
                let [young, poisson] = brief.parts.first().map_or([1.0, 0.3], |p| p.at_room());
                let space = Space { grid, cells, young, poisson, supports: supports.clone(), skip_below: None };
                Ok(Self::Structure(Box::new(Structure {
                    elastic: Elastic::new(space, &start)?,
                    brick: Brick { young, poisson, cell: grid.cell },
                    loads,
                    region,
                    last: None,
                    accuracy: Accuracy { tolerance: TOLERANCE, iterations_max: ITERATIONS_MAX },
                    cancel,
                })))
            }
            Put::Heat { sinks, loads } => {
                let conductivity = if let Duty::Thermal(c) = &brief.duty { c.conductivity } else { 1.0 };
                let space = thermal::Space { grid, cells, conductivity, sinks: sinks.clone() };
                Ok(Self::Conductor(Box::new(Conductor {
                    conduction: thermal::Conduction::new(space, &start)?,
                    loads,
                    region,
                    last: None,
                    accuracy: Accuracy { tolerance: TOLERANCE_HEAT, iterations_max: ITERATIONS_MAX },
                    cancel,
                })))
            }
        }
    }

    /// What the next solve starts from, as numbers; empty before the first.
    pub fn values(&self) -> Vec<f64> {
        match self {
            Self::Structure(s) => s.last.as_ref().map(Displacement::values),
            Self::Conductor(c) => c.last.as_ref().map(Rise::values),
        }
        .unwrap_or_default()
    }

    /// Starts the next solve from [`Self::values`], where they fit.
    pub fn restore(&mut self, values: &[f64]) {
        match self {
            Self::Structure(s) => s.last = s.elastic.restored(values),
            Self::Conductor(c) => c.last = c.conduction.restored(values),
        }
    }

    /// As last solved.
    pub fn last(&self) -> Option<View<'_>> {
        match self {
            Self::Structure(s) => s.last.as_ref().map(View::Displacement),
            Self::Conductor(c) => c.last.as_ref().map(View::Rise),
        }
    }

    /// The same to keep; the next solve then starts from nothing.
    pub fn take(&mut self) -> Option<Nodal> {
        match self {
            Self::Structure(s) => s.last.take().map(Nodal::Displacement),
            Self::Conductor(c) => c.last.take().map(Nodal::Rise),
        }
    }

    /// From now on as exact as an answer must be.
    pub fn refine(&mut self) {
        let accuracy = match self {
            Self::Structure(s) => &mut s.accuracy,
            Self::Conductor(c) => &mut c.accuracy,
        };
        accuracy.tolerance = TOLERANCE_ANSWER;
    }

    /// Largest relaxed stress of the free cells by load case, Pa; heat has none.
    pub fn largest_stress(&self, density: &[f64]) -> Vec<f64> {
        match self {
            Self::Structure(s) => s.largest(density),
            Self::Conductor(_) => Vec::new(),
        }
    }
}

impl Physics for Solver<'_> {
    type Error = SolverError;

    fn n_cases(&self) -> usize {
        match self {
            Self::Structure(s) => s.n_cases(),
            Self::Conductor(c) => c.n_cases(),
        }
    }

    fn solve(&mut self, stiffness: &[f64]) -> Result<Response, SolverError> {
        Ok(match self {
            Self::Structure(s) => s.solve(stiffness)?,
            Self::Conductor(c) => c.solve(stiffness)?,
        })
    }

    fn stresses(&self) -> Vec<Vec<f64>> {
        match self {
            Self::Structure(s) => s.stresses(),
            Self::Conductor(c) => c.stresses(),
        }
    }

    fn pulls(&mut self, density: &[f64], slopes: &[Vec<f64>]) -> Result<Vec<Pulled>, SolverError> {
        Ok(match self {
            Self::Structure(s) => s.pulls(density, slopes)?,
            Self::Conductor(c) => c.pulls(density, slopes)?,
        })
    }
}

/// Most bytes that solves of `n_cells` cells and `n_cases` load cases take.
pub fn bytes_expected(brief: &Brief, n_cells: usize, n_cases: usize) -> usize {
    match brief.duty {
        Duty::Mechanical(_) => Elastic::bytes_expected(n_cells, n_cases),
        Duty::Thermal(_) => thermal::Conduction::bytes_expected(n_cells, n_cases),
    }
}
