//! What studies of modes share: meshes until the values stand, their bands, shapes on the bodies.
//!
//! A value of a conforming method is too large by the square of its shape's error in the norm of energy, relatively
//! (Babuška & Osborn, Eigenvalue Problems, Handbook of Numerical Analysis II, 1991). That square, from patch recovery, and
//! what Richardson's extrapolation over the meshes leaves make the band.

use super::climb::{self, Climb, Step};
pub use super::outcome::mode_id;
use super::outcome::{
    Cell, Curve, Field, Grade, Location, Outcome, OutcomeMesh, Partial, Scalar, State, StateKind, Table,
};
use super::resolution::not_reached;
use super::{Case, Cost, StudyError};
use crate::fitted::ladder;
use crate::fitted::material::Materials;
use crate::fitted::modes::{Mode, Pencil};
use crate::fitted::recover::{self, Estimate, Patches, Raw};
use crate::fitted::skin::skin;
use crate::fitted::{Mesh, motion};
use crate::mechanics::fit::Held;
use crate::mechanics::setup::Setup;
use crate::quantity::Dimension;
use crate::run::{Ctx, Phase};

/// On the residual of each mode: its value is then off by the square, the shape by this.
pub const TOLERANCE: f64 = 1e-4;
pub const STEPS_MAX: u32 = 400;
/// Safety on Richardson's extrapolation of the values.
const SAFETY: f64 = 1.25;
/// What remains however fine the mesh: the tessellated surface.
const FLOOR: f64 = 5e-4;
/// Modes whose stresses are recovered side by side.
const SIDE_BY_SIDE: usize = 6;
/// Per unknown, and per unknown and mode, rounded up; and the factor of a count of eigenvalues. Measured on bars of 125 to
/// 192 thousand unknowns: 2.1 to 3.3 kB and 74 to 84 µs per unknown in all with 2 to 10 modes.
const BYTES_PER_UNKNOWN: f64 = 2600.0;
const BYTES_PER_UNKNOWN_AND_MODE: f64 = 260.0;
const BYTES_COUNT: f64 = 3e8;
const SECONDS_PER_UNKNOWN: f64 = 5e-5;
const SECONDS_PER_UNKNOWN_AND_MODE: f64 = 6e-6;

/// What one mesh gave.
pub struct Stage<T> {
    pub mesh: Mesh,
    /// By rising value.
    pub modes: Vec<Mode>,
    /// By mode.
    pub estimates: Vec<Estimate>,
    /// Of the state that the modes stand on, where there is one: its error adds to that of the values.
    pub base: Option<Estimate>,
    pub held: Held,
    pub unknowns: usize,
    pub steps: u32,
    pub counted: bool,
    /// What only the physics knows.
    pub own: T,
}

/// A physics whose answers are modes.
pub trait Physics {
    type Own;
    /// Id, label and dimension of the value that a mode carries.
    const VALUE: (&'static str, &'static str, Dimension);
    /// Power with which the value goes with the eigenvalue.
    const POWER: f64;
    /// From the eigenvalue to the value.
    fn value(eigenvalue: f64) -> f64;
    /// The modes on one mesh; `step` reports the share done of this mesh.
    ///
    /// # Errors
    /// [`StudyError`].
    fn on_mesh(&self, mesh: Mesh, ctx: &mut Ctx, step: &Step) -> Result<Stage<Self::Own>, StudyError>;
    /// What the physics adds to the final answer.
    fn finish(&self, stage: &Stage<Self::Own>, known: &[Known], out: &mut Outcome);
}

/// Reports a step of the search for modes, `residual` from 1 down to [`TOLERANCE`], and whether to go on.
pub fn search(step: &Step, ctx: &mut Ctx, n: u32, residual: f64) -> bool {
    if residual > 0.0 && residual.is_finite() {
        ctx.residual(n, residual);
    }
    step.falling(ctx, [0.3, 0.8], residual, TOLERANCE, format!("Looking for modes, step {n}"))
}

/// A value with its band.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Known {
    pub value: f64,
    pub error: Option<f64>,
}

/// What a mesh said of the values.
#[derive(Clone, Debug, PartialEq)]
pub struct Level {
    pub n_tets: usize,
    pub unknowns: usize,
    pub values: Vec<f64>,
    /// By mode: squared relative error in the norm of energy, with that of the base state.
    pub squared: Vec<f64>,
}

/// The values on the last of the `levels` with their bands; `power` as [`Physics::POWER`].
pub fn known(levels: &[Level], power: f64) -> Vec<Known> {
    let Some(last) = levels.last() else { return Vec::new() };
    let before = levels.len().checked_sub(2).map(|k| &levels[k]);
    let band = |k: usize| {
        let value = last.values[k];
        let before = before?;
        let change = (value - before.values.get(k)?).abs();
        let ratio = (last.n_tets as f64 / before.n_tets as f64).cbrt();
        // Values converge at twice the order of the energy norm where the mesh follows the error; one order is granted.
        let left = change / (ratio.powi(2) - 1.0).max(0.3);
        Some(SAFETY * left + (power * last.squared[k] + FLOOR) * value)
    };
    (0..last.values.len()).map(|k| Known { value: last.values[k], error: band(k) }).collect()
}

/// What a run for `n_modes` will take.
pub fn cost(setup: &Setup, n_modes: f64) -> Cost {
    let unknowns = 3.0 * setup.resolution.n_nodes(&setup.parts);
    let bytes = (BYTES_PER_UNKNOWN + BYTES_PER_UNKNOWN_AND_MODE * n_modes) * ladder::EXCESS_MAX * unknowns;
    Cost {
        memory_bytes: (64e6 + BYTES_COUNT + bytes) as u64,
        core_seconds: 0.5 + (SECONDS_PER_UNKNOWN + SECONDS_PER_UNKNOWN_AND_MODE * n_modes) * unknowns,
        dofs: unknowns as u64,
    }
}

/// Error estimates of shapes.
///
/// # Errors
/// [`StudyError`].
pub fn estimates<'a>(
    pencil: &Pencil,
    materials: impl Into<Materials<'a>>,
    modes: &[Mode],
    ctx: &Ctx,
) -> Result<Vec<Estimate>, StudyError> {
    let mesh = pencil.problem.mesh;
    let materials = materials.into();
    let inverted = |e: crate::element::tet::Inverted| StudyError::Solver(e.to_string());
    let patches = Patches::new(mesh);
    let mut out = Vec::with_capacity(modes.len());
    for some in modes.chunks(SIDE_BY_SIDE) {
        let raw: Vec<Raw> =
            some.iter().map(|m| recover::raw(mesh, materials, &m.shape)).collect::<Result<_, _>>().map_err(inverted)?;
        ctx.check()?;
        for (raw, stress) in raw.iter().zip(patches.recover(mesh, &raw)) {
            out.push(recover::estimate(mesh, materials, raw, &stress).map_err(inverted)?);
            ctx.check()?;
        }
    }
    Ok(out)
}

/// Runs a set-up without errors on finer and finer meshes.
///
/// # Errors
/// [`StudyError`].
pub fn solve<P: Physics>(case: &Case, setup: &Setup, ctx: &mut Ctx, physics: &P) -> Result<Outcome, StudyError> {
    let mut climb = Climb::new(case, setup.resolution, &setup.refined, &setup.parts, ctx)?;
    let mut levels: Vec<Level> = Vec::new();
    loop {
        let level = climb.ladder.n_meshes();
        let (mesh, step) = climb.mesh(ctx)?;
        let stage = physics.on_mesh(mesh, ctx, &step)?;
        levels.push(of_stage::<P>(&stage));
        let known = known(&levels, P::POWER);
        ctx.log(format!(
            "Mesh {}: {} elements, {} unknowns, {} modes in {} steps, error {:.2} % in energy norm",
            level + 1,
            stage.mesh.tets.len(),
            stage.unknowns,
            stage.modes.len(),
            stage.steps,
            100.0 * worst(&levels[level])
        ));
        let settled = |k: &Known| k.error.is_some_and(|e| e <= setup.accuracy * k.value);
        let reached = climb.ladder.may_settle() && known.iter().all(settled);
        if climb.ladder.ends(reached) {
            ctx.progress(Phase::Recover, 0.97, "Reading shapes");
            let mut out = outcome::<P>(setup, &stage, &levels, &known);
            finish::<P>(setup, &stage, &levels, reached, &mut out);
            physics.finish(&stage, &known, &mut out);
            ctx.check()?;
            ctx.progress(Phase::Done, 1.0, "Done");
            return Ok(out);
        }
        ctx.emit(Partial { level: level as u32, outcome: outcome::<P>(setup, &stage, &levels, &known) });
        ctx.check()?;
        let sizes: Vec<f64> = (0..stage.mesh.tets.len()).map(|t| stage.mesh.size(t)).collect();
        climb.ladder.refine(&stage.mesh, &sizes, &indicator(&stage), &[]);
    }
}

fn of_stage<P: Physics>(stage: &Stage<P::Own>) -> Level {
    let base = stage.base.as_ref().map_or(0.0, |e| e.relative().powi(2));
    Level {
        n_tets: stage.mesh.tets.len(),
        unknowns: stage.unknowns,
        values: stage.modes.iter().map(|m| P::value(m.value)).collect(),
        squared: stage.estimates.iter().map(|e| e.relative().powi(2) + base).collect(),
    }
}

/// Largest relative error in the norm of energy.
fn worst(level: &Level) -> f64 {
    level.squared.iter().copied().fold(0.0, f64::max).sqrt()
}

/// Squared errors of the elements, the modes on one scale.
fn indicator<T>(stage: &Stage<T>) -> Vec<f64> {
    let mut out = vec![0.0; stage.mesh.tets.len()];
    for estimate in stage.estimates.iter().chain(&stage.base) {
        let total = estimate.energy + estimate.elements.iter().sum::<f64>();
        if total > 0.0 {
            for (o, e) in out.iter_mut().zip(&estimate.elements) {
                *o += e / total;
            }
        }
    }
    out
}

/// The same for people.
pub fn mode_label(k: usize) -> String {
    format!("Mode {}", k + 1)
}

/// The shape with its largest displacement scaled to one, and where that is, m.
fn unit(mesh: &Mesh, shape: &[f64]) -> (Vec<f32>, [f64; 3]) {
    let mut most = (0.0, 0);
    for n in 0..mesh.points.len() {
        let size = motion(shape, n as u32).length();
        if size > most.0 {
            most = (size, n);
        }
    }
    // The largest component there points along its axis.
    let there = motion(shape, most.1 as u32);
    let sign = if there[there.abs().max_position()] < 0.0 { -1.0 } else { 1.0 };
    let scale = if most.0 > 0.0 { sign / most.0 } else { 0.0 };
    (shape.iter().map(|c| (c * scale) as f32).collect(), mesh.points[most.1].to_array())
}

/// Values and shapes on the last mesh so far.
fn outcome<P: Physics>(setup: &Setup, stage: &Stage<P::Own>, levels: &[Level], known: &[Known]) -> Outcome {
    let (id, label, dimension) = P::VALUE;
    let mut out = Outcome::default();
    let mesh = &stage.mesh;
    let shapes: Vec<(Vec<f32>, [f64; 3])> = stage.modes.iter().map(|m| unit(mesh, &m.shape)).collect();
    for (k, (value, (_, at))) in known.iter().zip(&shapes).enumerate() {
        out.states.push(State {
            id: mode_id(k),
            label: mode_label(k),
            kind: StateKind::Mode,
            value: Some(value.value),
            dimension,
        });
        out.scalars.push(Scalar {
            id: id.into(),
            label: label.into(),
            value: value.value,
            error: value.error,
            dimension,
            grade: Grade::Verified,
            case: Some(mode_id(k)),
            at: Some(*at),
            exponent: None,
        });
    }
    for (index, part) in setup.parts.iter().enumerate() {
        let (nodes, surface) = skin(mesh, index, part.surface);
        let name = format!("skin:{}", part.name);
        push_shapes(&mut out, &name, nodes.iter().map(|n| *n as usize), &shapes);
        out.meshes.push(OutcomeMesh::Surface { name, body: part.name.clone(), surface });
    }
    let quality = stage.mesh.parts.iter().map(|p| &p.quality);
    let angle = quality.clone().map(|q| q.dihedral_min.to_degrees()).fold(f64::INFINITY, f64::min);
    let mut push = |key: &str, value: String| out.facts.push((key.into(), value));
    push(
        "method",
        "ten-node tetrahedra on the true surface, locally optimal block preconditioned conjugate gradients".into(),
    );
    push("shapes", "scaled so that the largest displacement is 1; their size means nothing".into());
    push("elements", mesh.tets.len().to_string());
    push("unknowns", stage.unknowns.to_string());
    push("meshes", levels.len().to_string());
    push("steps", stage.steps.to_string());
    push(
        "completeness",
        if stage.counted {
            "a factorisation counted as many modes below the last as were found".into()
        } else {
            "a second random block found no mode that was missed".into()
        },
    );
    push("smallest dihedral angle", format!("{angle:.1}°"));
    push("estimated error in energy norm", format!("{:.2} %", 100.0 * levels.last().map_or(0.0, worst)));
    if stage.held.n_bonded > 0 {
        push("bonded nodes", stage.held.n_bonded.to_string());
    }
    for part in &setup.parts {
        let (name, source) = part.matter();
        push(&format!("material of {}", part.label), format!("{name} ({source})"));
    }
    setup.facts().into_iter().for_each(|(key, value)| push(&key, value));
    push("instruction set", crate::linear::operator::instruction_set().into());
    out
}

fn push_shapes(
    out: &mut Outcome,
    mesh: &str,
    nodes: impl Iterator<Item = usize> + Clone,
    shapes: &[(Vec<f32>, [f64; 3])],
) {
    for (k, (shape, _)) in shapes.iter().enumerate() {
        out.fields.push(Field {
            id: "displacement".into(),
            label: "Mode shape".into(),
            mesh: mesh.into(),
            location: Location::Point,
            components: 3,
            dimension: Dimension::NONE,
            case: Some(mode_id(k)),
            grade: Grade::Verified,
            values: nodes.clone().flat_map(|n| shape[3 * n..3 * n + 3].to_vec()).collect(),
        });
    }
}

/// The inside, the history of the meshes and whether the accuracy was reached.
fn finish<P: Physics>(setup: &Setup, stage: &Stage<P::Own>, levels: &[Level], reached: bool, out: &mut Outcome) {
    let mesh = &stage.mesh;
    let shapes: Vec<(Vec<f32>, [f64; 3])> = stage.modes.iter().map(|m| unit(mesh, &m.shape)).collect();
    for (part, span) in setup.parts.iter().zip(&mesh.parts) {
        let name = format!("volume:{}", part.name);
        let first = span.nodes.start as u32;
        push_shapes(out, &name, span.nodes.clone(), &shapes);
        out.meshes.push(OutcomeMesh::Solid {
            name,
            body: part.name.clone(),
            points: mesh.points[span.nodes.clone()].iter().map(|p| p.to_array()).collect(),
            tets: mesh.tets[span.tets.clone()].iter().map(|t| t.map(|n| n - first)).collect(),
        });
    }
    let (_, label, dimension) = P::VALUE;
    let unknowns: Vec<f64> = levels.iter().map(|l| l.unknowns as f64).collect();
    out.curves.push(Curve {
        id: "meshes_error".into(),
        label: "Error over the meshes".into(),
        x_label: "Unknowns".into(),
        x_dimension: Dimension::NONE,
        y_label: "Largest relative error in energy norm".into(),
        y_dimension: Dimension::NONE,
        log_y: true,
        x: unknowns.clone(),
        y: levels.iter().map(worst).collect(),
    });
    let n_modes = levels.iter().map(|l| l.values.len()).min().unwrap_or(0);
    for k in 0..n_modes {
        out.curves.push(Curve {
            id: format!("meshes_value:{}", mode_id(k)),
            label: format!("{}: {} over the meshes", mode_label(k), label.to_lowercase()),
            x_label: "Unknowns".into(),
            x_dimension: Dimension::NONE,
            y_label: label.into(),
            y_dimension: dimension,
            log_y: false,
            x: unknowns.clone(),
            y: levels.iter().map(|l| l.values[k]).collect(),
        });
    }
    let mut columns = vec![("Mode".to_string(), Dimension::NONE)];
    columns.extend(unknowns.iter().map(|n| (format!("{n:.0} unknowns"), dimension)));
    let row = |k: usize| {
        let mut row = vec![Cell::Text(mode_label(k))];
        row.extend(levels.iter().map(|l| Cell::Number(l.values[k])));
        row
    };
    out.tables.push(Table {
        id: "meshes".into(),
        label: format!("{label} over the meshes"),
        columns,
        rows: (0..n_modes).map(row).collect(),
    });
    out.warnings.extend(climb::flat(mesh, &setup.parts));
    if !reached {
        out.warnings.push(not_reached(setup.accuracy));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_band_covers_what_a_converging_sequence_still_lacks() {
        // Values 100 (1 + 10 h⁴) on meshes of halving size, the energy error as theory has it.
        let level = |h: f64| {
            let off: f64 = 10.0 * h.powi(4);
            Level { n_tets: h.powi(-3) as usize, unknowns: 0, values: vec![100.0 * (1.0 + off)], squared: vec![off] }
        };
        let mut levels = vec![level(0.25)];
        assert_eq!(known(&levels, 1.0)[0].error, None, "one mesh says nothing");
        for h in [0.125, 0.0625] {
            levels.push(level(h));
            let Known { value, error } = known(&levels, 1.0)[0];
            let error = error.unwrap();
            assert!((value - 100.0).abs() <= error && error < 2.0, "{value} {error}");
        }
        // A frequency is a root: half the relative error.
        let (whole, half) = (known(&levels, 1.0)[0].error.unwrap(), known(&levels, 0.5)[0].error.unwrap());
        assert!(half < whole);
        // A mode that the mesh before did not have carries no band.
        levels[1].values.clear();
        assert_eq!(known(&levels, 1.0)[0].error, None);
    }
}
