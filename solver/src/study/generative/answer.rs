//! The answer in the vocabulary of all studies: the body found, how it moves or how warm it gets, what it weighs, how it came
//! about.

use super::brief::{Duty, Goal};
use super::field;
use super::limit::OVER_MAX;
use super::solve::Plan;
use super::solver::View;
use crate::density::measure::{self, Thin};
use crate::density::optimization::{Entry, Optimization};
use crate::density::pipeline::Process;
use crate::geometry::generated::Grown;
use crate::quantity::Dimension;
use crate::study::outcome::{Curve, Field, Grade, Outcome, OutcomeMesh, Scalar, State, StateKind};
use crate::surface::SurfaceMesh;

/// What was solved for the design shown.
pub struct Solved<'a> {
    pub view: View<'a>,
    /// Of the optimiser's densities, and of the body's own cells, by load case, J or W K; at the end.
    pub compliance: Option<&'a [f64]>,
    pub built: Option<&'a [f64]>,
    /// Largest relaxed stress of the free cells by load case, Pa; at the end.
    pub stress: Option<&'a [f64]>,
    /// How far each load case is over its limit, as a share of it; empty on the way and without one.
    pub over: &'a [f64],
}

impl Solved<'_> {
    /// A label of what is limited, flagged where load case `case` ended over its limit.
    fn flagged(&self, label: &str, case: usize) -> String {
        let is_over = self.over.get(case).is_some_and(|o| *o > OVER_MAX);
        if is_over { format!("{label}, above its limit") } else { label.into() }
    }
}

pub fn objective_name(goal: &Goal) -> &'static str {
    match goal {
        Goal::Share(_) => "Compliance",
        Goal::Conduction(_) => "Thermal compliance",
        Goal::Displacement(_) | Goal::Compliance(_) | Goal::Stress(_) => "Share of the space",
    }
}

fn objective_dimension(goal: &Goal) -> Dimension {
    match goal {
        Goal::Share(_) => Dimension::MOMENT,
        Goal::Conduction(_) => Dimension::THERMAL_COMPLIANCE,
        Goal::Displacement(_) | Goal::Compliance(_) | Goal::Stress(_) => Dimension::NONE,
    }
}

/// The body as it is now, with the displacements of the last solve.
pub fn outcome(plan: &Plan, run: &Optimization, density: &[f64], grown: &Grown, solved: Option<&Solved>) -> Outcome {
    let mut out = Outcome::default();
    let Some(part) = plan.brief.parts.first() else { return out };
    let cases = plan.brief.cases();
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
    let is_stress = matches!(plan.brief.goal, Goal::Stress(_));
    if let Some((solved, stress)) = solved.and_then(|s| Some((s, s.stress?))) {
        for (k, (case, most)) in cases.iter().zip(stress).enumerate() {
            let label = "Largest stress in cells, away from what is kept";
            let label = if is_stress { solved.flagged(label, k) } else { label.into() };
            push("stress_max", &label, *most, Dimension::PRESSURE, Some(case.id.as_str()));
        }
    }
    if let Some((solved, optimised, built)) = solved.and_then(|s| Some((s, s.compliance?, s.built?))) {
        for (k, case) in cases.iter().enumerate() {
            let id = Some(case.id.as_str());
            let label = "Compliance of the densities";
            let label = if is_stress { label.into() } else { solved.flagged(label, k) };
            push("compliance", &label, optimised[k], Dimension::MOMENT, id);
            push("compliance_body", "Compliance of the body in cells", built[k], Dimension::MOMENT, id);
            if plan.nodes.sizes[k] > 0.0 {
                let way = built[k] / plan.nodes.sizes[k];
                push("displacement_mean", "Mean displacement of the loads", way, Dimension::LENGTH, id);
            }
        }
    }
    if let Some(solved) = solved {
        heat(plan, density, solved, &mut out);
    }
    let mesh = OutcomeMesh::Surface {
        name: format!("skin:{}", part.name),
        body: part.name.clone(),
        surface: (*grown.surface).clone(),
    };
    if let Some(solved) = solved {
        let fields = field::on_skin(plan, solved.view, mesh.name(), &grown.surface);
        out.scalars.extend(fields.iter().filter_map(|f| farthest(f, &grown.surface)));
        out.fields.extend(fields);
    }
    out.meshes.push(mesh);
    out.curves = curves(plan, &run.state().history);
    out
}

/// The largest displacement of a field on the body's skin, and where.
fn farthest(field: &Field, surface: &SurfaceMesh) -> Option<Scalar> {
    let moved = field.values.chunks_exact(3).map(|u| u.iter().map(|c| f64::from(*c).powi(2)).sum::<f64>().sqrt());
    let (point, value) = moved.enumerate().filter(|_| field.components == 3).max_by(|a, b| a.1.total_cmp(&b.1))?;
    Some(Scalar {
        id: "displacement_max".into(),
        label: "Largest displacement".into(),
        value,
        error: None,
        dimension: Dimension::LENGTH,
        grade: Grade::Instant,
        case: field.case.clone(),
        at: surface.points.get(point).copied(),
        exponent: None,
    })
}

/// What a conductor's temperatures come to.
fn heat(plan: &Plan, density: &[f64], solved: &Solved, out: &mut Outcome) {
    let (View::Rise(rise), Duty::Thermal(conduction)) = (solved.view, &plan.brief.duty) else { return };
    let mut push = |id: &str, label: &str, value: f64, dimension, at| {
        out.scalars.push(Scalar {
            id: id.into(),
            label: label.into(),
            value,
            error: None,
            dimension,
            grade: Grade::Instant,
            case: None,
            at,
            exponent: None,
        });
    };
    if let ([optimised, ..], [built, ..]) = (solved.compliance.unwrap_or_default(), solved.built.unwrap_or_default()) {
        let unit = Dimension::THERMAL_COMPLIANCE;
        push("thermal_compliance", "Thermal compliance of the densities", *optimised, unit, None);
        push("thermal_compliance_body", "Thermal compliance of the body in cells", *built, unit, None);
        let size = plan.nodes.sizes.iter().sum::<f64>();
        let mean = conduction.temperature + built / size;
        push("temperature_mean", "Mean temperature where heat enters", mean, Dimension::TEMPERATURE, None);
    }
    if let Some((value, at)) = field::hottest(plan, rise, |c| density[c] > 0.5) {
        push("temperature_max", "Highest temperature", value, Dimension::TEMPERATURE, Some(at));
    }
    // Heat that is made between members warms what is there.
    if conduction.is_everywhere()
        && let Some((value, at)) = field::hottest(plan, rise, |_| true)
    {
        push("temperature_max_space", "Highest temperature of the space", value, Dimension::TEMPERATURE, Some(at));
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
    if matches!(goal, Goal::Share(_) | Goal::Conduction(_)) {
        out.push(curve("share", "Share of the space", none, false, &|e| e.volume));
    }
    for (k, case) in plan.brief.cases().iter().enumerate() {
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
    view: Option<View>,
    thin: Option<&Thin>,
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
    if let Some(thin) = thin {
        fact("cells of members thinner than asked for", thin.members.len().to_string());
        fact("cells of gaps thinner than asked for", thin.gaps.len().to_string());
    }
    if let Some(width) = plan.wishes.size_max {
        let n = measure::thick(domain, &solid, width.floor() as usize + 1).len();
        fact("cells of members wider than asked for", n.to_string());
    }
    if let Some(view) = view {
        field::inside(plan, &solid, view, out);
    }
}
