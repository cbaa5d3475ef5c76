//! The verified method: body-fitted ten-node tetrahedra, refined where the error is until the answer stands.

mod answer;
mod bolt;

use crate::element::tet::{Elasticity, matrix};
use crate::fitted::adapt::Spot;
use crate::fitted::deck::warmth::{Expands, Warmth};
use crate::fitted::deck::{self, Deck, Steps};
use crate::fitted::expansion::{self, Free};
use crate::fitted::ladder;
use crate::fitted::material::Materials;
use crate::fitted::peak::{self, Level, Peak, Peaks};
use crate::fitted::recover::{self, Estimate, Patches, Raw};
use crate::fitted::{Mesh, Problem, Solution, Span, motion};
use crate::linear::vector::axpy;
use crate::mechanics::fit::{self, Held};
use crate::mechanics::load::{Applied, Reaction};
use crate::mechanics::setup::{self, Setup};
use crate::mechanics::support::Support;
use crate::quantity::Curve;
use crate::result::tensor::von_mises;
use crate::run::{Ctx, Phase};
use crate::study::climb::{Climb, Step};
use crate::study::isotropic;
use crate::study::outcome::{Outcome, Partial};
use crate::study::part::{Part, facets_of};
use crate::study::{Case, Cost, StudyError, thermal};
use bolt::{Bolts, Tight};
use std::collections::BTreeSet;

/// Elements near a stress peak are at most this share of their size before, within so many of them.
const SPOT_SHRINK: f64 = 0.5;
const SPOT_REACH: f64 = 1.5;
/// Share of all elements allowed that places may take that are not the highest.
const SPOTS_SHARE: f64 = 0.25;
/// Per unknown, and per unknown and case: a whole run of bracket 311 with four cases and 327,000 unknowns took 2.1 kB per
/// unknown at its most, which this rounds up to 2.4.
const BYTES_PER_UNKNOWN: f64 = 1600.0;
const BYTES_PER_UNKNOWN_AND_CASE: f64 = 200.0;
const SECONDS_PER_UNKNOWN: f64 = 4e-5;

/// What a verified run will take.
pub fn cost(setup: &Setup) -> Cost {
    let unknowns = 3.0 * setup.resolution.n_nodes(&setup.parts);
    // A bolt is solved for as a case is.
    let cases = (setup.cases.len() + setup.bolts.len()).max(1) as f64;
    let bytes = (BYTES_PER_UNKNOWN + BYTES_PER_UNKNOWN_AND_CASE * cases) * ladder::EXCESS_MAX * unknowns;
    Cost {
        memory_bytes: (64e6 + bytes) as u64,
        core_seconds: 0.5 + SECONDS_PER_UNKNOWN * (1.0 + 0.4 * cases) * unknowns,
        dofs: unknowns as u64,
    }
}

/// What one mesh gave.
pub(super) struct Stage {
    pub mesh: Mesh,
    pub solution: Solution,
    /// `[case]`
    pub raw: Vec<Raw>,
    /// `[case][node]`, Pa.
    pub stress: Vec<Vec<matrix::Stress>>,
    pub estimates: Vec<Estimate>,
    /// Mean edge of each element, m.
    pub sizes: Vec<f64>,
    /// Elements about each corner.
    pub patches: Patches,
    pub applied: Vec<Applied>,
    pub expansion: Option<Expansion>,
    pub bolts: Tight,
    /// `[case]`: of all supports, and of each.
    pub reactions: Vec<(Reaction, Vec<Reaction>)>,
    pub unknowns: usize,
    pub held: Held,
    /// Of the loads alone, `[case]`, N.
    pub forces: Vec<Vec<f64>>,
}

/// What all meshes so far say.
pub(super) struct History {
    /// `[part][level]`
    levels: Vec<Vec<Level>>,
    pub unknowns: Vec<usize>,
    pub n_tets: Vec<usize>,
    /// Of all meshes together.
    pub iterations: u32,
    /// `[level][case]`: largest displacement, m, and where.
    pub displacement: Vec<Vec<(f64, [f64; 3])>>,
    /// `[level][case]`: estimated relative error in the norm of energy.
    pub energy_error: Vec<Vec<f64>>,
    /// `[level][case][bolt]`, N.
    pub bolts: Vec<Vec<Vec<f64>>>,
    levels_used: Vec<Vec<Level>>,
    /// Peaks of stress over strength on the last mesh, where strength depends on temperature: `[case][part]`.
    pub used: Vec<Vec<Option<Peaks>>>,
    /// `[level][case][part]`
    pub peaks: Vec<Vec<Vec<Peaks>>>,
    /// How far recovered and computed stresses lie apart on the last mesh, `[case][node]`, Pa.
    pub disagreement: Vec<Vec<f64>>,
}

impl History {
    fn new(setup: &Setup) -> Self {
        Self {
            levels: setup.parts.iter().map(|_| Vec::new()).collect(),
            unknowns: Vec::new(),
            n_tets: Vec::new(),
            iterations: 0,
            displacement: Vec::new(),
            energy_error: Vec::new(),
            bolts: Vec::new(),
            levels_used: setup.parts.iter().map(|_| Vec::new()).collect(),
            used: Vec::new(),
            peaks: Vec::new(),
            disagreement: Vec::new(),
        }
    }

    /// Adds a stage.
    fn note(&mut self, setup: &Setup, stage: &Stage) {
        let mesh = &stage.mesh;
        let values: Vec<Vec<f64>> = stage.stress.iter().map(|s| s.iter().map(|s| von_mises(*s)).collect()).collect();
        let rigid = setup.loads.iter().filter(|l| l.rigid).map(|l| &l.faces);
        // A foundation gives way, and beyond a plane of symmetry the body goes on: nothing is singular at their rims.
        let is_rim = |s: &&Support| !s.hold.is_elastic() && s.object.kind != "symmetry";
        let supports = setup.supports.iter().filter(is_rim);
        let held: Vec<(usize, usize)> = supports.map(|s| &s.faces).chain(rigid).flatten().copied().collect();
        let held: BTreeSet<usize> = facets_of(mesh, &setup.parts, &held).into_iter().collect();
        let suspect = peak::suspects(mesh, &held, &stage.held.constraints);
        for (part, levels) in self.levels.iter_mut().enumerate() {
            levels.push(Level::new(mesh, part, &stage.patches, &stage.sizes, &values, &suspect));
        }
        for (part, levels) in self.levels_used.iter_mut().enumerate() {
            if let Some(strength) = varying(setup, stage, part) {
                let share = |of: &Vec<f64>| {
                    let of = of.iter().enumerate();
                    of.map(|(n, s)| s / local(strength, stage.temperature(setup, n as u32))).collect()
                };
                let shares: Vec<Vec<f64>> = values.iter().map(share).collect();
                levels.push(Level::new(mesh, part, &stage.patches, &stage.sizes, &shares, &suspect));
            }
        }
        self.unknowns.push(stage.unknowns);
        self.n_tets.push(mesh.tets.len());
        self.iterations += stage.solution.iterations;
        self.displacement.push(stage.solution.u.iter().map(|u| furthest(mesh, u)).collect());
        self.energy_error.push(stage.estimates.iter().map(Estimate::relative).collect());
        self.bolts.push(stage.bolts.force.clone());
        self.disagreement =
            stage.raw.iter().zip(&stage.stress).map(|(raw, s)| recover::disagreement(mesh, raw, s)).collect();
        let of_part = |k: usize, part: usize| {
            let nodes = mesh.parts[part].nodes.clone();
            peak::peaks(&self.levels[part], k, &self.disagreement[k][nodes])
        };
        let used = |k: usize, part: usize| {
            let strength = varying(setup, stage, part)?;
            let nodes = mesh.parts[part].nodes.clone();
            let at = |n: usize| local(strength, stage.temperature(setup, n as u32));
            let apart: Vec<f64> = nodes.map(|n| self.disagreement[k][n] / at(n)).collect();
            peak::peaks(&self.levels_used[part], k, &apart)
        };
        self.used = (0..setup.cases.len()).map(|k| (0..mesh.parts.len()).map(|p| used(k, p)).collect()).collect();
        let of_case = |k: usize| (0..mesh.parts.len()).filter_map(|part| of_part(k, part)).collect();
        self.peaks.push((0..setup.cases.len()).map(of_case).collect());
    }
}

/// The strength of a part whose places are of different temperatures that it depends on.
fn varying<'s>(setup: &'s Setup, stage: &Stage, part: usize) -> Option<&'s Curve> {
    setup.parts[part].strength().filter(|s| stage.expansion.is_some() && !s.is_constant())
}

/// Pa; never nothing.
fn local(strength: &Curve, temperature: f64) -> f64 {
    strength.at(temperature).max(1.0)
}

impl Stage {
    /// Of a node, K.
    pub fn temperature(&self, setup: &Setup, n: u32) -> f64 {
        self.expansion.as_ref().map_or(setup.even, |e| e.temperature[n as usize])
    }

    /// Says which parts get hotter or colder than their materials are known.
    pub fn beyond(&self, setup: &Setup) -> Vec<String> {
        // What is given was compared before the run.
        let Some((setup::Warmth::Heat(_), rest)) = &setup.warmth else { return Vec::new() };
        let of = |(part, span): (&Part, &Span)| {
            let all = span.nodes.clone().map(|n| self.temperature(setup, n as u32));
            let [low, high] = all.fold([*rest; 2], |[l, h], t| [l.min(t), h.max(t)]);
            let known = if part.orthotropic.is_some() { &[][..] } else { part.material.mechanical.as_slice() };
            isotropic::beyond(&part.label, known, low, high)
        };
        setup.parts.iter().zip(&self.mesh.parts).filter_map(of).collect()
    }
}

/// The largest displacement, m, and where.
fn furthest(mesh: &Mesh, u: &[f64]) -> (f64, [f64; 3]) {
    let mut most = (0.0, [0.0; 3]);
    for (n, p) in mesh.points.iter().enumerate() {
        let size = motion(u, n as u32).length();
        if size > most.0 {
            most = (size, p.to_array());
        }
    }
    most
}

/// Runs a set-up without errors.
///
/// # Errors
/// [`StudyError`].
pub fn solve(case: &Case, setup: &Setup, ctx: &mut Ctx) -> Result<Outcome, StudyError> {
    ctx.progress(Phase::Mesh, 0.01, "Taking a first look");
    // The instant method knows neither expansion, bolts nor directions.
    let plain = setup.warmth.is_none() && setup.bolts.is_empty() && setup.parts.iter().all(|p| p.orthotropic.is_none());
    let shown = u32::from(plain && super::solve::first_look(case, setup, ctx)?);
    let materials = setup.elasticities();
    let mut climb = Climb::new(case, setup.resolution, &setup.refined, &setup.parts, ctx)?;
    let mut history = History::new(setup);
    loop {
        let level = climb.ladder.n_meshes();
        let (mesh, step) = climb.mesh(ctx)?;
        let stage = one(case, setup, mesh, &materials, history.iterations, ctx, step)?;
        history.note(setup, &stage);
        let worst = history.energy_error[level].iter().copied().fold(0.0, f64::max);
        ctx.log(format!(
            "Mesh {}: {} elements, {} unknowns, smallest angle {:.1}°, {} iterations, error {:.2} % in energy norm",
            level + 1,
            stage.mesh.tets.len(),
            stage.unknowns,
            stage.mesh.parts.iter().map(|p| p.quality.dihedral_min.to_degrees()).fold(f64::INFINITY, f64::min),
            stage.solution.iterations,
            100.0 * worst
        ));
        let reached = climb.ladder.may_settle() && answer::within(setup, &history, setup.accuracy);
        if climb.ladder.ends(reached) {
            ctx.progress(Phase::Recover, 0.97, "Reading stresses");
            let mut out = answer::outcome(setup, &stage, &history, Some(reached));
            ctx.check()?;
            out.deck = deck(case, setup, &stage, &materials);
            ctx.progress(Phase::Done, 1.0, "Done");
            return Ok(out);
        }
        ctx.emit(Partial { level: level as u32 + shown, outcome: answer::outcome(setup, &stage, &history, None) });
        ctx.check()?;
        climb.ladder.refine(
            &stage.mesh,
            &stage.sizes,
            &indicator(&stage),
            &spots(&stage.mesh, &history, climb.ladder.allowed()),
        );
    }
}

/// Holds, loads and solves one mesh, `iterations` after those of the meshes before.
fn one(
    case: &Case,
    setup: &Setup,
    mesh: Mesh,
    materials: &[Elasticity],
    iterations: u32,
    ctx: &mut Ctx,
    step: Step,
) -> Result<Stage, StudyError> {
    step.report(ctx, 0.3, "Assembling");
    let held = fit::hold(setup, &mesh)?;
    fit::check_pieces(setup, &mesh, &held)?;
    ctx.check()?;
    let expansion = expand(setup, &mesh, ctx)?;
    let softened = softened(setup, &mesh, expansion.as_ref());
    let materials = softened.as_ref().map_or(Materials::Parts(materials), |points| Materials::Points(points));
    let problem =
        Problem::sprung(&mesh, materials, &held.springs, &held.constraints).map_err(|e| fit::failed(&mesh, e))?;
    ctx.check()?;
    let n_nodes = problem.system.transform.n_nodes();
    let (outer, mut applied) = fit::forces(case.model, setup, &mesh, n_nodes)?;
    let mut forces = outer.clone();
    if let Some(e) = &expansion {
        let mut f = vec![0.0; 3 * n_nodes];
        expansion::load(&mesh, materials, &e.free, &mut f).map_err(|e| StudyError::Solver(e.to_string()))?;
        forces.iter_mut().for_each(|to| axpy(1.0, &f, to));
    }
    ctx.check()?;
    let bolts = Bolts::new(setup, &mesh, &held, materials, n_nodes)?;
    let note = format!("Solving for {} unknowns", 3 * mesh.points.len());
    step.report(ctx, 0.5, &*note);
    let tolerance = setup.tolerance();
    let mut solution = problem
        .solve_with(&forces, &bolts.units(), tolerance, ctx.cancel_flag(), |i, residual| {
            ctx.residual(iterations + i, residual);
            step.falling(ctx, [0.5, 0.85], residual, tolerance, &*note)
        })
        .map_err(|e| fit::failed(&mesh, e))?;
    ctx.check()?;
    let inverted = |e: crate::element::tet::Inverted| StudyError::Solver(e.to_string());
    let mut raw = solution
        .u
        .iter()
        .map(|u| recover::raw(&mesh, materials, u))
        .collect::<Result<Vec<Raw>, _>>()
        .map_err(inverted)?;
    if let Some(e) = &expansion {
        raw[..setup.cases.len()].iter_mut().for_each(|raw| expansion::relieve(&mesh, materials, &e.free, raw));
    }
    let bolts = bolts.tighten(setup, &mesh, materials, &mut solution, &mut raw, &mut forces)?;
    for ((applied, f), outer) in applied.iter_mut().zip(&forces).zip(&outer) {
        // What balances among itself.
        let size = |k: usize| (motion(f, k as u32) - motion(outer, k as u32)).length();
        applied.inner = 0.5 * (0..n_nodes).map(size).sum::<f64>();
    }
    ctx.check()?;
    let mut reactions = Vec::new();
    for (u, f) in solution.u.iter().zip(&forces) {
        reactions.push(fit::reactions(setup, &held, &problem, u, f).map_err(|e| fit::failed(&mesh, e))?);
    }
    let unknowns = 3 * problem.system.transform.n_reduced();
    drop(problem);
    ctx.check()?;
    step.report(ctx, 0.9, "Estimating the error");
    let patches = Patches::new(&mesh);
    let stress = patches.recover(&mesh, &raw);
    ctx.check()?;
    let estimates = raw
        .iter()
        .zip(&stress)
        .map(|(raw, s)| recover::estimate(&mesh, materials, raw, s))
        .collect::<Result<Vec<_>, _>>()
        .map_err(inverted)?;
    let sizes = (0..mesh.tets.len()).map(|t| mesh.size(t)).collect();
    let stage = Stage {
        mesh,
        solution,
        raw,
        stress,
        estimates,
        sizes,
        patches,
        applied,
        expansion,
        bolts,
        reactions,
        unknowns,
        held,
        forces: outer,
    };
    Ok(stage)
}

/// What bodies expand by.
pub(super) struct Expansion {
    /// At all nodes, K.
    pub temperature: Vec<f64>,
    free: Free,
}

/// Finds the temperatures on a mesh and the strain of free expansion.
fn expand(setup: &Setup, mesh: &Mesh, ctx: &mut Ctx) -> Result<Option<Expansion>, StudyError> {
    let Some((warmth, rest)) = &setup.warmth else { return Ok(None) };
    let temperature = match warmth {
        setup::Warmth::Given(t) => vec![*t; mesh.points.len()],
        setup::Warmth::Heat(heat) => thermal::temperatures(heat, mesh, ctx)?,
    };
    let growth = |part: usize, t: f64| setup.parts[part].growth(*rest, t);
    let free = expansion::free(mesh, &expansion::at_points(mesh, &temperature), growth);
    Ok(Some(Expansion { temperature, free }))
}

/// Materials at the integration points, where temperatures differ and stiffness depends on them.
fn softened(setup: &Setup, mesh: &Mesh, expansion: Option<&Expansion>) -> Option<Vec<[Elasticity; 4]>> {
    let differs = matches!(setup.warmth, Some((setup::Warmth::Heat(_), _))) && setup.parts.iter().any(|p| p.softens());
    let points = expansion::at_points(mesh, &expansion.filter(|_| differs)?.temperature);
    let of = |(t, at): (usize, &[f64; 4])| at.map(|at| setup.parts[mesh.part_of(t)].elasticity(at));
    Some(points.iter().enumerate().map(of).collect())
}

/// The finest problem for other programs.
fn deck(case: &Case, setup: &Setup, stage: &Stage, materials: &[Elasticity]) -> String {
    let cases: Vec<String> = setup.cases.iter().map(|c| c.label.clone()).collect();
    let tight = setup.bolts.iter().zip(&stage.bolts.shanks).zip(&stage.bolts.shortening);
    let bolts: Vec<deck::bolt::Bolt> = tight
        .map(|((b, shank), way)| deck::bolt::Bolt { name: &b.label, part: b.part, shank, shortening: *way })
        .collect();
    let expands: Vec<Expands> = setup.parts.iter().map(|p| p.expands()).collect();
    let warmth = stage.expansion.as_ref().zip(setup.warmth.as_ref());
    let warmth = warmth.map(|(e, (_, rest))| Warmth { temperature: &e.temperature, rest: *rest, expands: &expands });
    let curves: Vec<Option<[Curve; 2]>> = setup
        .parts
        .iter()
        .map(|p| (warmth.is_some() && p.softens()).then(|| [p.material.young.clone(), p.material.poisson.clone()]))
        .collect();
    Deck {
        title: &case.study.name,
        mesh: &stage.mesh,
        parts: &setup.names(),
        materials,
        curves: &curves,
        orthotropic: &setup.orthotropic(),
        densities: &setup.densities(),
        held: &stage.held.constraints,
        springs: &stage.held.springs,
        bolts: &bolts,
        warmth,
        steps: Steps::Static { cases: &cases, forces: &stage.forces },
    }
    .write()
}

/// Squared errors of the elements, the cases on one scale.
fn indicator(stage: &Stage) -> Vec<f64> {
    let mut out = vec![0.0; stage.mesh.tets.len()];
    for estimate in &stage.estimates {
        let total = estimate.energy + estimate.elements.iter().sum::<f64>();
        if total > 0.0 {
            for (o, e) in out.iter_mut().zip(&estimate.elements) {
                *o += e / total;
            }
        }
    }
    out
}

/// Where the largest stresses are, and what may turn out to be larger: the band there is what the person waits for.
fn spots(mesh: &Mesh, history: &History, allowed: f64) -> Vec<Spot> {
    let Some(peaks) = history.peaks.last() else { return Vec::new() };
    let (mut out, mut others) = (Vec::new(), Vec::new());
    let spot = |p: Peak| Spot { at: p.at, radius: SPOT_REACH * p.size, size: SPOT_SHRINK * p.size };
    for (k, of_case) in peaks.iter().enumerate() {
        for ((peaks, levels), part) in of_case.iter().zip(&history.levels).zip(&mesh.parts) {
            // A place without a finite value needs no finer mesh once that is known.
            let largest = peaks.largest.exponent.is_none().then_some(peaks.largest);
            let apart = &history.disagreement[k][part.nodes.clone()];
            // Where the largest one is finite, both are it.
            out.extend(largest.or(peaks.finite).map(spot));
            let rivals = peak::rivals(levels, k, peaks, apart, SPOT_REACH);
            let most = rivals.first().map_or(1.0, |p| p.value);
            others.extend(rivals.into_iter().map(|p| (p.value / most, spot(p))));
        }
    }
    others.sort_by(|a, b| b.0.total_cmp(&a.0));
    out.extend(others.into_iter().take((SPOTS_SHARE * allowed / ladder::SPOT_TETS) as usize).map(|(_, spot)| spot));
    out
}
