//! The run: mesh, loads, nested iteration from the coarsest grid to the finest, answer.

use super::answer::{self, Stage};
use super::support::{self, Foundations};
use super::verified;
use super::voxel::{self, Meshed};
use crate::design::{Issue, Severity};
use crate::fitted::worst_place;
use crate::linear::cg::{self, CgError};
use crate::linear::{Block, Multigrid, transfer};
use crate::mechanics::carry::carry;
use crate::mechanics::load::{self, Applied, Reaction};
use crate::mechanics::patch::{Patch, Point};
use crate::mechanics::setup::{Method, Setup};
use crate::mechanics::support::Hold;
use crate::mesh::skin;
use crate::run::{Ctx, Phase};
use crate::study::outcome::{Outcome, Partial};
use crate::study::resolution::afford;
use crate::study::{Case, Cost, Study, StudyError};
use crate::surface::SurfaceMesh;
use glam::DVec3;

/// The linear static study.
pub struct Static;

/// Relative residual of the final solve, and of the coarser grids on the way.
const TOLERANCE: f64 = 1e-8;
/// The same where supports give displacements: their stiff foundations make up most of the load that it is measured by.
const TOLERANCE_GIVEN: f64 = 1e-11;
const TOLERANCE_COARSE: f64 = 1e-6;
const ITERATIONS_MAX: u32 = 1000;
/// Solid cells of the first look, and the relative residual it is content with: a picture within half a second, whose
/// displacements are those of the final answer within a third.
const CELLS_FIRST: f64 = 8_000.0;
const TOLERANCE_FIRST: f64 = 1e-3;
/// Triangles of the skin that results are shown on, all bodies: 16-bit fields of one case stay below 1 MB.
const SKIN_TRIANGLES_MAX: usize = 150_000;
/// A coarser grid is worth showing from this many cells.
const CELLS_SHOWN_MIN: usize = 300;

impl Study for Static {
    fn id(&self) -> &'static str {
        super::FORM.id
    }

    fn check(&self, case: &Case) -> Vec<Issue> {
        Setup::read(case).1
    }

    fn cost(&self, case: &Case) -> Cost {
        let (setup, _) = Setup::read(case);
        cost(&setup)
    }

    fn run(&self, case: &Case, ctx: &mut Ctx) -> Result<Outcome, StudyError> {
        ctx.progress(Phase::Geometry, 0.0, "Reading the set-up");
        let (setup, issues) = Setup::read(case);
        if issues.iter().any(|i| i.severity == Severity::Error) {
            return Err(StudyError::Setup(issues.into_iter().filter(|i| i.severity == Severity::Error).collect()));
        }
        ctx.check()?;
        let cost = cost(&setup);
        afford(&cost, ctx, "a coarser resolution")?;
        let mut out = match setup.method {
            Method::Instant => {
                let tolerance = if setup.way() > 0.0 { TOLERANCE_GIVEN } else { TOLERANCE };
                solve(case, &setup, ctx, tolerance)?
            }
            Method::Verified => verified::solve(case, &setup, ctx)?,
        };
        out.warnings.extend(issues.into_iter().map(|i| i.message));
        Ok(out)
    }
}

/// Measured on the reference brackets, rounded up: bytes per cell of the mesh and its levels, per node and case of the
/// vectors, and of casting per cell of the bounding box.
const BYTES_PER_CELL: f64 = 900.0;
const BYTES_PER_NODE_AND_CASE: f64 = 190.0;
const BYTES_PER_BOX_CELL: f64 = 8.0;
const SECONDS_PER_CELL: f64 = 8e-6;
const SECONDS_PER_CELL_AND_CASE: f64 = 1.5e-5;

fn cost(setup: &Setup) -> Cost {
    let Some((lo, hi)) = setup.bounds() else { return Cost::default() };
    if setup.method == Method::Verified {
        return verified::cost(setup);
    }
    let h = setup.cell();
    let cells = setup.n_cells(h);
    let nodes = 1.35 * cells + 1000.0;
    let n_cases = setup.cases.len().max(1) as f64;
    let boxed: f64 = (0..3).map(|a| (hi[a] - lo[a]) / h + 8.0).product();
    let surface: usize = setup.parts.iter().map(|p| p.surface.triangles.len()).sum();
    let bytes = 32e6
        + BYTES_PER_CELL * cells
        + BYTES_PER_NODE_AND_CASE * nodes * n_cases
        + BYTES_PER_BOX_CELL * boxed
        + 200.0 * (surface as f64 + SKIN_TRIANGLES_MAX as f64) * n_cases;
    Cost {
        memory_bytes: bytes as u64,
        core_seconds: 0.2 + (SECONDS_PER_CELL + SECONDS_PER_CELL_AND_CASE * n_cases) * cells,
        dofs: (3.0 * nodes) as u64,
    }
}

/// Runs a set-up without errors to `tolerance`.
///
/// # Errors
/// [`StudyError`].
pub fn solve(case: &Case, setup: &Setup, ctx: &mut Ctx, tolerance: f64) -> Result<Outcome, StudyError> {
    let n_cases = setup.cases.len();
    ctx.progress(Phase::Mesh, 0.02, "Taking a first look");
    first_look(case, setup, ctx)?;
    ctx.progress(Phase::Mesh, 0.05, "Cutting the bodies into cells");
    let System { meshed, held, mg, b, applied } = System::new(case, setup, setup.cell(), ctx)?;
    let lattice = meshed.lattice.clone();
    let flag = ctx.cancel_flag();
    ctx.log(format!(
        "{} cells of {:.4} mm, {} unknowns, {} pieces",
        lattice.n_cells,
        lattice.grid.cell * 1e3,
        3 * lattice.n_nodes,
        meshed.n_pieces
    ));
    ctx.progress(Phase::Assemble, 0.3, "Spreading the loads over the grids");

    // Loads on every level: Pᵀ b, and the reference stiffness doubles with the cell.
    let mut loads = vec![b];
    for l in 1..mg.levels.len() {
        let (fine, coarse) = (&mg.levels[l - 1].operator.lattice, &mg.levels[l].operator.lattice);
        let mut out = Block::zero(coarse.n_nodes, n_cases);
        transfer::restrict(fine, coarse, &loads[l - 1], &mut out, 0.5);
        loads.push(out);
    }
    let skins = skins(setup, lattice.grid.cell);
    ctx.check()?;

    let last = mg.levels.len() - 1;
    let mut x = Block::zero(mg.levels[last].operator.lattice.n_nodes, n_cases);
    let mut stages: Vec<Stage> = Vec::new();
    let mut iterations = 0;
    let mut curve: Vec<f64> = Vec::new();
    // The first look was level 0.
    let mut shown = 1;
    for l in (0..=last).rev() {
        if l < last {
            let (fine, coarse) = (&mg.levels[l].operator.lattice, &mg.levels[l + 1].operator.lattice);
            let mut next = Block::zero(fine.n_nodes, n_cases);
            transfer::prolong(fine, coarse, &x, &mut next);
            x = next;
        }
        let goal = if l == 0 { tolerance } else { TOLERANCE_COARSE.max(tolerance) };
        let mut work = mg.workspace(l, n_cases);
        // Shares of the run by cells: each level costs about an eighth of the next finer one.
        let (from, to) = (0.3 + 0.6 * 0.5f64.powi(l as i32 + 1), 0.3 + 0.6 * 0.5f64.powi(l as i32));
        let cells = mg.levels[l].operator.lattice.n_cells;
        let result = cg::solve(&mg, l, &mut work, &loads[l], &mut x, goal, ITERATIONS_MAX, flag, |i, residual| {
            if l == 0 {
                ctx.residual(i, residual);
                curve.push(residual);
            }
            let done = if residual > 0.0 { (residual.log10() / goal.log10()).clamp(0.0, 1.0) } else { 1.0 };
            ctx.progress(Phase::Solve, from + (to - from) * done, format!("Solving on {cells} cells"));
            ctx.check().is_ok()
        });
        let done = match result {
            Ok(done) => done,
            Err(CgError::Cancelled) => return Err(StudyError::Cancelled),
            Err(e @ CgError::Stagnated { node, .. }) => {
                let place = worst_place(mg.levels[l].operator.lattice.place(node));
                return Err(StudyError::Solver(format!("{e}{place}")));
            }
        };
        drop(work);
        if l == 0 {
            iterations = done.iterations;
        }
        let worth = cells >= CELLS_SHOWN_MIN || l == 0;
        if worth && l <= 2 {
            let level = &mg.levels[l].operator.lattice;
            stages.push(Stage::new(setup, level, &x, &skins, l <= 1));
            ctx.check()?;
            if l == 1 {
                let outcome = answer::outcome(setup, &stages, &skins, None);
                ctx.emit(Partial { level: shown, outcome });
                shown += 1;
            }
        }
    }
    ctx.progress(Phase::Recover, 0.92, "Reading stresses on the surface");
    let none = || (Reaction::default(), vec![Reaction::default(); setup.supports.len()]);
    let mut reactions: Vec<(Reaction, Vec<Reaction>)> = (0..n_cases).map(|_| none()).collect();
    for one in &held {
        for (k, (all, each)) in reactions.iter_mut().enumerate() {
            let r = support::reaction(&lattice, &one.patch, one.hold, one.stiffness, &x, k);
            for sum in [all, &mut each[one.support]] {
                sum.force += r.force;
                sum.moment += r.moment;
            }
        }
    }
    ctx.check()?;
    let record = answer::Record {
        meshed: &meshed,
        applied: &applied,
        reactions: &reactions,
        iterations,
        curve,
        bytes: mg.bytes(),
        n_levels: mg.levels.len(),
        u: &x,
    };
    let out = answer::outcome(setup, &stages, &skins, Some(&record));
    ctx.progress(Phase::Done, 1.0, "Done");
    Ok(out)
}

/// Bodies, supports and loads on cells of one size.
struct System {
    meshed: Meshed,
    held: Vec<Held>,
    mg: Multigrid,
    b: Block<f64>,
    applied: Vec<Applied>,
}

impl System {
    /// `h`: edge of the cells, m.
    fn new(case: &Case, setup: &Setup, h: f64, ctx: &mut Ctx) -> Result<Self, StudyError> {
        let flag = ctx.cancel_flag();
        let stopped = || flag.load(std::sync::atomic::Ordering::Relaxed);
        let meshed = voxel::mesh(setup, h, &stopped)
            .map_err(|e| StudyError::Solver(e.to_string()))?
            .ok_or(StudyError::Cancelled)?;
        ctx.check()?;
        let lattice = meshed.lattice.clone();
        let held = held_patches(case, setup, lattice.grid.cell);
        let mut foundations = Foundations::default();
        // What the operator counts stiffness in, N/m.
        let unit = 0.5 * meshed.reference_modulus * lattice.grid.cell;
        for one in &held {
            foundations.add(&lattice, &one.patch, one.hold, one.stiffness / unit);
            ctx.check()?;
        }
        let (mut b, applied, releases) = assemble_loads(case, setup, &meshed, &mut foundations, ctx)?;
        for one in held.iter().filter(|h| h.hold.way() > 0.0) {
            let pull = |p: &Point| one.hold.tensor(p.normal) * one.hold.given(p.normal) * (one.stiffness * p.area);
            let forces: Vec<DVec3> = one.patch.points.iter().map(pull).collect();
            for k in 0..setup.cases.len() {
                carry(&lattice, &one.patch, &forces, 1.0 / unit, |_, node, f| b.add(k, node, f.into()));
            }
        }
        ctx.check()?;
        let mg = Multigrid::new(lattice, meshed.solids.clone(), foundations.finish(), releases).map_err(|_| {
            StudyError::Solver(if meshed.n_pieces > 1 {
                format!(
                    "the bodies form {} pieces that do not touch, and one of them is held by nothing; \
                     move them together or add a support on each",
                    meshed.n_pieces
                )
            } else {
                "the supports leave a motion free; hold more faces".into()
            })
        })?;
        ctx.check()?;
        Ok(Self { meshed, held, mg, b, applied })
    }
}

/// An answer on few cells, to look at while the real one is made. What hinders it (walls thinner than its cells) is not
/// told: it may not hinder the real one. Whether one was shown.
pub(super) fn first_look(case: &Case, setup: &Setup, ctx: &mut Ctx) -> Result<bool, StudyError> {
    let h = setup.cell_for(CELLS_FIRST);
    if h < 1.5 * setup.cell() {
        return Ok(false);
    }
    let system = match System::new(case, setup, h, ctx) {
        Err(StudyError::Cancelled) => return Err(StudyError::Cancelled),
        Err(_) => return Ok(false),
        Ok(system) => system,
    };
    let (mg, n_cases) = (&system.mg, setup.cases.len());
    let lattice = &mg.levels[0].operator.lattice;
    let mut x = Block::zero(lattice.n_nodes, n_cases);
    let mut work = mg.workspace(0, n_cases);
    let flag = ctx.cancel_flag();
    let goal = TOLERANCE_FIRST;
    match cg::solve(mg, 0, &mut work, &system.b, &mut x, goal, ITERATIONS_MAX, flag, |_, _| ctx.check().is_ok()) {
        Err(CgError::Cancelled) => return Err(StudyError::Cancelled),
        Err(CgError::Stagnated { .. }) => return Ok(false),
        Ok(_) => {}
    }
    let skins = skins(setup, h);
    let stages = [Stage::new(setup, lattice, &x, &skins, true)];
    ctx.check()?;
    ctx.emit(Partial { level: 0, outcome: answer::outcome(setup, &stages, &skins, None) });
    Ok(true)
}

/// What results are shown on: the bodies' surfaces, fine enough for cells of edge `h`, m.
fn skins(setup: &Setup, h: f64) -> Vec<SurfaceMesh> {
    let total: usize = setup.parts.iter().map(|p| p.surface.triangles.len()).sum();
    let share = |p: &SurfaceMesh| SKIN_TRIANGLES_MAX * p.triangles.len() / total.max(1);
    setup.parts.iter().map(|p| skin::refine(p.surface, 1.5 * h, share(p.surface))).collect()
}

/// A support on the faces of one body.
struct Held {
    patch: Patch,
    hold: Hold,
    /// What its tensor is multiplied by, N/m³.
    stiffness: f64,
    /// Index into the set-up's.
    support: usize,
}

/// One patch per support and body.
fn held_patches(case: &Case, setup: &Setup, cell: f64) -> Vec<Held> {
    let mut out = Vec::new();
    for (index, support) in setup.supports.iter().enumerate() {
        for part in &setup.parts {
            let faces: Vec<_> = support.faces.iter().copied().filter(|(b, _)| *b == part.index).collect();
            if !faces.is_empty() {
                let stiffness = support::stiffness(support.hold, part.at_room()[0], cell);
                let patch = Patch::new(case.model, &faces, 0.5 * cell);
                out.push(Held { patch, hold: support.hold, stiffness, support: index });
            }
        }
    }
    out
}

type Loads = (Block<f64>, Vec<Applied>, Vec<crate::linear::operator::Release>);

fn assemble_loads(
    case: &Case,
    setup: &Setup,
    meshed: &Meshed,
    foundations: &mut Foundations,
    ctx: &mut Ctx,
) -> Result<Loads, StudyError> {
    let lattice = &*meshed.lattice;
    let h = lattice.grid.cell;
    let scale = 2.0 / (meshed.reference_modulus * h);
    let mut b = Block::zero(lattice.n_nodes, setup.cases.len());
    let mut applied = vec![Applied::default(); setup.cases.len()];
    let mut releases = Vec::new();
    for (at, one) in setup.loads.iter().enumerate() {
        ctx.check()?;
        let patch = if one.by_points {
            Patch::vertices(case.model, &one.faces)
        } else {
            Patch::new(case.model, &one.faces, 0.5 * h)
        };
        let forces = load::forces(&patch, one.traction).map_err(|e| {
            StudyError::Setup(vec![Issue::error(&one.object, "faces", format!("{}: {e}", one.object.name))])
        })?;
        let (mut force, mut moment) = (DVec3::ZERO, DVec3::ZERO);
        for (p, f) in patch.points.iter().zip(&forces) {
            force += *f;
            moment += p.at.cross(*f);
        }
        for (k, case) in setup.cases.iter().enumerate() {
            for (_, factor) in case.loads.iter().filter(|l| l.0 == at) {
                let add = |_, node, f: DVec3| b.add(k, node, f.into());
                let lost = carry(lattice, &patch, &forces, factor * scale, add);
                if lost > 0 {
                    return Err(StudyError::Setup(vec![Issue::error(
                        &one.object,
                        "faces",
                        format!(
                            "{}: part of its faces is thinner than the cells of {:.3} mm resolve; choose a finer resolution",
                            one.object.name,
                            h * 1e3
                        ),
                    )]));
                }
                applied[k].force += force * *factor;
                applied[k].moment += moment * *factor;
            }
        }
        if one.rigid {
            // What is stiff is the faces' area, however the load is shared.
            let patch = Patch::new(case.model, &one.faces, 0.5 * h);
            let stiffness = support::stiffness(Hold::FIXED, meshed.reference_modulus, h);
            foundations.add(lattice, &patch, Hold::FIXED, stiffness * scale);
            let release = support::release(lattice, &patch, 1.0).ok_or_else(|| {
                let message = format!("{}: a rigid coupling needs faces of some extent", one.object.name);
                StudyError::Setup(vec![Issue::error(&one.object, "coupling", message)])
            })?;
            releases.push(release);
        }
    }
    for (k, case) in setup.cases.iter().enumerate() {
        if case.is_heavy() {
            let (force, moment) = voxel::weigh(setup, meshed, case, scale, k, &mut b);
            applied[k].force += force;
            applied[k].moment += moment;
        }
    }
    Ok((b, applied, releases))
}
