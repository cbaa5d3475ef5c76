//! The answer in the vocabulary of all studies: the body found, how it moves, what it weighs, how it came about.

use super::brief::Goal;
use super::solve::Plan;
use crate::density::elastic::Displacement;
use crate::density::measure;
use crate::density::optimization::{Entry, Optimization};
use crate::density::pipeline::Process;
use crate::element::brick::shape;
use crate::geometry::generated::Grown;
use crate::mesh::Lattice;
use crate::quantity::Dimension;
use crate::study::outcome::{Curve, Field, Grade, Location, Outcome, OutcomeMesh, Scalar, State, StateKind};
use crate::volume::Volume;
use glam::DVec3;

/// What was solved for the design shown.
pub struct Solved<'a> {
    pub u: &'a Displacement,
    /// Of the optimiser's densities, and of the body's own cells, by load case, J; at the end.
    pub compliance: Option<&'a [f64]>,
    pub built: Option<&'a [f64]>,
    /// Largest relaxed stress of the free cells by load case, Pa; at the end.
    pub stress: Option<&'a [f64]>,
}

pub fn objective_name(goal: &Goal) -> &'static str {
    match goal {
        Goal::Share(_) => "Compliance",
        Goal::Displacement(_) | Goal::Compliance(_) | Goal::Stress(_) => "Share of the space",
    }
}

fn objective_dimension(goal: &Goal) -> Dimension {
    match goal {
        Goal::Share(_) => Dimension::MOMENT,
        Goal::Displacement(_) | Goal::Compliance(_) | Goal::Stress(_) => Dimension::NONE,
    }
}

/// The body as it is now, with the displacements of the last solve.
pub fn outcome(plan: &Plan, run: &Optimization, density: &[f64], grown: &Grown, solved: Option<&Solved>) -> Outcome {
    let mut out = Outcome::default();
    let Some(part) = plan.brief.setup.parts.first() else { return out };
    let cases = &plan.brief.setup.cases;
    out.states = cases
        .iter()
        .map(|c| State {
            id: c.id.clone(),
            label: c.label.clone(),
            kind: StateKind::LoadCase,
            value: None,
            dimension: Dimension::NONE,
        })
        .collect();
    let mut push = |id: &str, label: &str, value: f64, dimension, case: Option<&str>| {
        out.scalars.push(Scalar {
            id: id.into(),
            label: label.into(),
            value,
            error: None,
            dimension,
            grade: Grade::Instant,
            case: case.map(String::from),
            at: None,
            exponent: None,
        });
    };
    push("mass", "Mass", grown.volume * part.density, Dimension::MASS, None);
    push("volume", "Volume", grown.volume, Dimension::VOLUME, None);
    let share = density.iter().sum::<f64>() / plan.region.cells.len() as f64;
    push("share", "Share of the space", share, Dimension::NONE, None);
    if let Some(last) = run.state().history.last() {
        let (name, dimension) = (objective_name(&plan.brief.goal), objective_dimension(&plan.brief.goal));
        push("objective", &format!("Objective: {}", name.to_lowercase()), last.objective, dimension, None);
        push("grey", "Grey of the densities", last.discreteness, Dimension::NONE, None);
        push("iterations", "Iterations", f64::from(last.iteration), Dimension::NONE, None);
    }
    if let Some(stress) = solved.and_then(|s| s.stress) {
        for (case, most) in cases.iter().zip(stress) {
            let label = "Largest stress in cells, away from what is kept";
            push("stress_max", label, *most, Dimension::PRESSURE, Some(case.id.as_str()));
        }
    }
    if let Some((optimised, built)) = solved.and_then(|s| Some((s.compliance?, s.built?))) {
        for (k, case) in cases.iter().enumerate() {
            let id = Some(case.id.as_str());
            push("compliance", "Compliance of the densities", optimised[k], Dimension::MOMENT, id);
            push("compliance_body", "Compliance of the body in cells", built[k], Dimension::MOMENT, id);
            if plan.nodes.sizes[k] > 0.0 {
                let way = built[k] / plan.nodes.sizes[k];
                push("displacement_mean", "Mean displacement of the loads", way, Dimension::LENGTH, id);
            }
        }
    }
    let mesh = OutcomeMesh::Surface {
        name: format!("skin:{}", part.name),
        body: part.name.clone(),
        surface: (*grown.surface).clone(),
    };
    if let Some(solved) = solved {
        let lattice = Lattice::bare(plan.region.grid, plan.region.cells.iter().copied());
        let near: Vec<_> = grown.surface.points.iter().map(|p| lattice.nearest_cell(*p)).collect();
        for (k, case) in cases.iter().enumerate() {
            let at = |near: &Option<([usize; 3], [f64; 3])>| {
                let moved = near.map_or(DVec3::ZERO, |(cell, local)| moved(solved.u, k, cell, local));
                moved.as_vec3().to_array()
            };
            out.fields.push(displacement(mesh.name(), &case.id, near.iter().flat_map(at).collect()));
        }
    }
    out.meshes.push(mesh);
    out.curves = curves(plan, &run.state().history);
    out
}

/// Displacement of case `k` at a place of a cell, m.
fn moved(u: &Displacement, k: usize, cell: [usize; 3], local: [f64; 3]) -> DVec3 {
    let corner = |(n, w): (usize, f64)| {
        let at = std::array::from_fn(|a| cell[a] + (n >> a & 1));
        u.at(k, at).map_or(DVec3::ZERO, |v| DVec3::from(v) * w)
    };
    shape(local.map(|c| c.clamp(-1.0, 1.0))).into_iter().enumerate().map(corner).sum()
}

fn displacement(mesh: &str, case: &str, values: Vec<f32>) -> Field {
    Field {
        id: "displacement".into(),
        label: "Displacement".into(),
        mesh: mesh.into(),
        location: Location::Point,
        components: 3,
        dimension: Dimension::LENGTH,
        case: Some(case.into()),
        grade: Grade::Instant,
        values,
    }
}

fn curves(plan: &Plan, history: &[Entry]) -> Vec<Curve> {
    let curve = |id: &str, label: &str, y_dimension, log_y, of: &dyn Fn(&Entry) -> f64| Curve {
        id: id.into(),
        label: label.into(),
        x_label: "Iteration".into(),
        x_dimension: Dimension::NONE,
        y_label: label.into(),
        y_dimension,
        log_y,
        x: history.iter().map(|e| f64::from(e.iteration)).collect(),
        y: history.iter().map(of).collect(),
    };
    let goal = &plan.brief.goal;
    let none = Dimension::NONE;
    let mut out =
        vec![curve("objective", objective_name(goal), objective_dimension(goal), false, &|e: &Entry| e.objective)];
    if matches!(goal, Goal::Share(_)) {
        out.push(curve("share", "Share of the space", none, false, &|e| e.volume));
    }
    for (k, case) in plan.brief.setup.cases.iter().enumerate() {
        let of = |e: &Entry| e.compliance.get(k).copied().unwrap_or(0.0);
        let (id, label) = (format!("compliance_{}", case.id), format!("Compliance, {}", case.label));
        out.push(curve(&id, &label, Dimension::MOMENT, false, &of));
    }
    out.push(curve("grey", "Grey of the densities", none, false, &|e| e.discreteness));
    out.push(curve("change", "Largest change of a density", none, false, &|e| e.change));
    out
}

/// What only the end knows: the inside of the body, what the process can make of it, figures for the record.
pub fn finish(
    plan: &Plan,
    run: &Optimization,
    density: &[f64],
    grown: &Grown,
    u: Option<&Displacement>,
    out: &mut Outcome,
) {
    let region = &plan.region;
    let (grid, domain) = (&region.grid, run.domain());
    let solid: Vec<bool> = density.iter().map(|d| *d > 0.5).collect();
    let mut fact = |key: &str, value: String| out.facts.push((key.into(), value));
    fact("cells of the design space", region.cells.len().to_string());
    fact("edge of a cell", format!("{:.4} mm", grid.cell * 1e3));
    fact("solid cells", solid.iter().filter(|s| **s).count().to_string());
    fact("edge of a cell of the surface", format!("{:.4} mm", grown.cell * 1e3));
    if grown.thin > 0.0 {
        fact("share of the surface on walls under two of its cells", format!("{:.2} %", 100.0 * grown.thin));
    }
    match plan.wishes.process {
        Process::Printed { build, slope } => {
            let n =
                measure::unsupported(domain, &solid, build, slope).into_iter().filter(|c| domain.is_free(*c)).count();
            fact("cells without support below", n.to_string());
            fact("flattest overhang", format!("{:.1}°", slope.angle().to_degrees()));
        }
        Process::Cast { draw } => {
            fact("cells a mould cannot leave", measure::undercuts(domain, &solid, draw).len().to_string())
        }
        Process::Any | Process::Extruded { .. } => {}
    }
    if let Some(width) = plan.wishes.size_max {
        let n = measure::thick(domain, &solid, width.floor() as usize + 1).len();
        fact("cells of members wider than asked for", n.to_string());
    }
    if let Some(u) = u {
        inside(plan, &solid, u, out);
    }
}

/// The solid cells with the displacement of their nodes, for sections and probes.
fn inside(plan: &Plan, solid: &[bool], u: &Displacement, out: &mut Outcome) {
    let Some(part) = plan.brief.setup.parts.first() else { return };
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
    for (k, case) in plan.brief.setup.cases.iter().enumerate() {
        let at = |place: &[usize; 3]| u.at(k, *place).unwrap_or_default().map(|c| c as f32);
        out.fields.push(displacement(mesh.name(), &case.id, places.iter().flat_map(at).collect()));
    }
    out.meshes.push(mesh);
}
