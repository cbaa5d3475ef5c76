//! Vibration and buckling of bodies: K φ = ω² M φ and K φ = −λ Kσ φ.
//!
//! What stands on the right, mass or the geometric stiffness of a prestress, acts alike on the three components of a
//! motion, so it is kept as one number per pair of nodes.

use super::material::Materials;
use super::{FittedError, Mesh, Problem, Spring, connectivity, motion, place, stiffness};
use crate::element::tet::Inverted;
use crate::element::tet::matrix::{self, tensor};
use crate::fitted::recover::Raw;
use crate::linear::constraint::Constraints;
use crate::linear::eigen::{self, EigenError, Wanted};
use crate::linear::inertia::Envelope;
use crate::linear::{Sparse, System};
use glam::DVec3;
use std::sync::atomic::AtomicBool;

/// Entries of the matrix with one number per pair of nodes, of a ten-node element and of a spring's triangle.
const PAIRS: usize = 100;
const PAIRS_SPRING: usize = 36;

/// What the stiffness is set against.
#[derive(Clone, Copy)]
pub enum Right<'a> {
    /// Consistent mass, densities by part, kg/m³: values are ω², 1/s².
    Mass(&'a [f64]),
    /// Minus the geometric stiffness of a stress at the integration points, Pa: values are load factors.
    Stress(&'a Raw),
}

impl Right<'_> {
    /// One component's matrix of element `e`; springs weigh nothing and bear no stress.
    fn element(&self, mesh: &Mesh, e: usize, out: &mut [f64]) -> Result<(), Inverted> {
        if e >= mesh.tets.len() {
            out[..PAIRS_SPRING].fill(0.0);
            return Ok(());
        }
        match self {
            Self::Mass(densities) => matrix::mass(&mesh.nodes(e), densities[mesh.part_of(e)], out),
            Self::Stress(raw) => matrix::gradient_matrix(&mesh.nodes(e), &raw[e].map(|s| -tensor(&s)), out),
        }
    }

    /// Adds `by` times element `e` to its stiffness.
    fn add(&self, mesh: &Mesh, e: usize, by: f64, out: &mut [f64]) -> Result<(), Inverted> {
        if e >= mesh.tets.len() {
            return Ok(());
        }
        let mut own = [0.0; PAIRS];
        self.element(mesh, e, &mut own)?;
        for (k, v) in own.iter().enumerate() {
            let (a, b) = (k / 10, k % 10);
            for i in 0..3 {
                out[(3 * a + i) * 30 + 3 * b + i] += by * v;
            }
        }
        Ok(())
    }
}

/// A stiffness with what stands on the right.
pub struct Pencil<'a> {
    /// Stiffness plus `shift` times the right side.
    pub problem: Problem<'a>,
    pub shift: f64,
    right: Right<'a>,
    /// The right side over the nodes of the mesh and of the couplings, for one component.
    matrix: Sparse<f64, 1, 1>,
}

/// A shape and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Mode {
    /// ω², 1/s², or the load factor.
    pub value: f64,
    /// Three components per node of the mesh and of the couplings. With a mass on the right φᵀ M φ = 1.
    pub shape: Vec<f64>,
}

/// Modes by rising value.
#[derive(Clone, Debug, PartialEq)]
pub struct Modes {
    pub modes: Vec<Mode>,
    pub steps: u32,
    /// As in [`eigen::Pairs::counted`].
    pub counted: bool,
}

#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ModesError {
    #[error(transparent)]
    Fitted(#[from] FittedError),
    #[error(transparent)]
    Eigen(EigenError),
    /// With the place where most is left.
    #[error("{error}{place}")]
    Stagnated { error: EigenError, place: String },
}

impl From<EigenError> for ModesError {
    fn from(error: EigenError) -> Self {
        if error == EigenError::Cancelled { Self::Fitted(FittedError::Cancelled) } else { Self::Eigen(error) }
    }
}

impl From<Inverted> for ModesError {
    fn from(error: Inverted) -> Self {
        Self::Fitted(error.into())
    }
}

impl<'a> Pencil<'a> {
    /// Vibration of bodies that may be free: `shift`, 1/s², above zero and below ω² of the first elastic mode, makes the
    /// matrix definite.
    ///
    /// # Errors
    /// [`FittedError`].
    pub fn vibration(
        mesh: &'a Mesh,
        materials: impl Into<Materials<'a>>,
        densities: &'a [f64],
        springs: &'a [Spring],
        held: &Constraints<3>,
        shift: f64,
    ) -> Result<Self, FittedError> {
        let right = Right::Mass(densities);
        let materials = materials.into();
        let problem = Problem::assemble(mesh, materials, springs, held, |e, out| {
            stiffness(mesh, materials, springs, e, out)?;
            right.add(mesh, e, shift, out)
        })?;
        Self::new(problem, right, shift)
    }

    /// Buckling of `problem` under a load that calls forth the stress `raw` at factor 1.
    ///
    /// # Errors
    /// [`FittedError`].
    pub fn buckling(problem: Problem<'a>, raw: &'a Raw) -> Result<Self, FittedError> {
        Self::new(problem, Right::Stress(raw), 0.0)
    }

    fn new(problem: Problem<'a>, right: Right<'a>, shift: f64) -> Result<Self, FittedError> {
        let elements = &problem.system.elements;
        let mut matrix = Sparse::pattern(problem.system.transform.n_nodes(), elements);
        matrix.assemble(elements, |e, out| right.element(problem.mesh, e, out))?;
        Ok(Self { problem, shift, right, matrix })
    }

    /// The right side times `u`, three per node of the mesh and of the couplings.
    pub fn right(&self, u: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; u.len()];
        self.matrix.apply_each::<3>(u, &mut out);
        out
    }

    /// The modes of smallest positive value. `monitor(step, residual)` stops the search by returning `false`.
    ///
    /// # Errors
    /// [`ModesError`].
    pub fn solve(
        &self,
        wanted: Wanted,
        cancel: &AtomicBool,
        monitor: impl FnMut(u32, f64) -> bool,
    ) -> Result<Modes, ModesError> {
        let Problem { mesh, materials, springs, system, amg } = &self.problem;
        let materials = *materials;
        let t = &system.transform;
        let apply = |x: &[f64], y: &mut [f64]| {
            let mut u = vec![0.0; 3 * t.n_nodes()];
            t.expand_linear(x, &mut u);
            t.reduce(&self.right(&u), y);
        };
        let envelope = Envelope::new(&system.matrix);
        let below = |s: f64| {
            let envelope = envelope.as_ref()?;
            let elements = connectivity(mesh, springs);
            let shifted = System::new(t.clone(), elements, |e, out| {
                stiffness(mesh, materials, springs, e, out)?;
                self.right.add(mesh, e, self.shift - s, out)
            });
            envelope.negative(&shifted.ok()?.matrix, cancel)
        };
        let pairs =
            eigen::solve(&system.matrix, amg, &apply, &below, wanted, cancel, monitor).map_err(|e| match e {
                EigenError::Stagnated { node, .. } => ModesError::Stagnated { place: place(mesh, t, node), error: e },
                e => e.into(),
            })?;
        let modes = pairs.values.iter().zip(&pairs.vectors).map(|(value, x)| {
            // xᵀ A x = 1.
            let size = value.sqrt();
            let mut shape = vec![0.0; 3 * t.n_nodes()];
            t.expand_linear(x, &mut shape);
            shape.iter_mut().for_each(|c| *c *= size);
            Mode { value: value - self.shift, shape }
        });
        Ok(Modes { modes: modes.collect(), steps: pairs.steps, counted: pairs.counted })
    }

    /// Effective mass of a mode along x, y and z, kg: (Σ M φ)² for φᵀ M φ = 1. Over all modes they sum to the mass that is
    /// free to move. Needs a mass on the right.
    pub fn effective_mass(&self, mode: &Mode) -> DVec3 {
        let momentum = self.right(&mode.shape);
        let n = self.problem.mesh.points.len() as u32;
        let sum: DVec3 = (0..n).map(|i| motion(&momentum, i)).sum();
        sum * sum
    }
}
