//! From the finest mesh and the history of meshes to the outcome.

use super::super::answer::{self, push_fields, skin_name};
use super::super::recover::PointFields;
use super::{History, Stage};
use crate::fitted::motion;
use crate::fitted::peak::{Peak, Peaks};
use crate::fitted::skin::skin;
use crate::mechanics::setup::Setup;
use crate::quantity::Dimension;
use crate::result::flaw::{self, Flaw};
use crate::result::tensor::von_mises;
use crate::study::climb;
use crate::study::outcome::{Cell, Curve, Field, Grade, Location, Outcome, OutcomeMesh, Scalar, Table};
use crate::study::resolution::not_reached;

/// Safety on Richardson's extrapolation of the displacement.
const SAFETY: f64 = 1.25;
/// What remains however fine the mesh: the tessellated face that a load is spread over, the solver's tolerance.
const FLOOR: f64 = 1e-3;

/// Largest displacement of case `k` with its band.
fn displacement(history: &History, k: usize) -> (f64, Option<f64>, [f64; 3]) {
    let n = history.displacement.len();
    let (value, at) = history.displacement[n - 1][k];
    if n < 2 {
        return (value, None, at);
    }
    let change = (value - history.displacement[n - 2][k].0).abs();
    // The work of the loads is off by the square of the error in energy; a point beside them, by no more.
    let energy = history.energy_error[n - 1][k].powi(2) * value;
    (value, Some(SAFETY * left(history, change) + energy + FLOOR * value), at)
}

/// Pull of bolt `j` in case `k` with its band, N: it converges as the energy does.
fn bolt(history: &History, k: usize, j: usize) -> (f64, Option<f64>) {
    let n = history.bolts.len();
    let value = history.bolts[n - 1][k][j];
    if n < 2 {
        return (value, None);
    }
    let change = (value - history.bolts[n - 2][k][j]).abs();
    (value, Some(SAFETY * left(history, change) + FLOOR * value.abs()))
}

/// What is left of a value to its limit, after a last change that converges at twice the order of the energy norm; one
/// order is granted.
fn left(history: &History, change: f64) -> f64 {
    let n = history.n_tets.len();
    let ratio = (history.n_tets[n - 1] as f64 / history.n_tets[n - 2] as f64).cbrt();
    change / (ratio.powi(2) - 1.0).max(0.3)
}

/// Peaks of case `k` over all parts.
fn peaks(history: &History, k: usize) -> Option<Peaks> {
    Peaks::of(history.peaks.last()?.get(k)?)
}

/// The finite peak that comes nearest to the strength of its part, and that strength, Pa, or as a share of it and 1; `None`
/// where a part has none.
fn governing(setup: &Setup, history: &History, k: usize) -> Option<(Peak, f64)> {
    let mut worst: Option<(Peak, f64)> = None;
    let used = history.used.get(k)?;
    for (index, (part, peaks)) in setup.parts.iter().zip(history.peaks.last()?.get(k)?).enumerate() {
        let Some(strength) = part.strength() else { continue };
        // Where it depends on temperature, peaks of stress over strength count.
        let (peaks, strength) = match &used[index] {
            Some(used) => (used, 1.0),
            None => (peaks, strength.at(setup.even)),
        };
        // Without a finite peak nothing can be said of this part, nor of the whole.
        let peak = peaks.finite?;
        if peak.value > 0.0 && worst.is_none_or(|(p, s)| strength / peak.value < s / p.value) {
            worst = Some((peak, strength));
        }
    }
    worst
}

/// Whether every case's displacement, its finite peak and the peak behind its safety factor are known to within the share
/// `accuracy`.
pub fn within(setup: &Setup, history: &History, accuracy: f64) -> bool {
    let known = |p: Peak| p.error.is_some_and(|e| e <= accuracy * p.value);
    (0..setup.cases.len()).all(|k| {
        let (value, band, _) = displacement(history, k);
        band.is_some_and(|b| b <= accuracy * value)
            && peaks(history, k).and_then(|p| p.finite).is_some_and(known)
            && governing(setup, history, k).is_none_or(|(p, _)| known(p))
            && (0..setup.bolts.len()).all(|j| {
                let (value, band) = bolt(history, k, j);
                band.is_some_and(|b| b <= accuracy * value.abs())
            })
    })
}

/// The outcome on the finest mesh so far; `reached` is known at the end: whether the accuracy wished for was reached.
pub fn outcome(setup: &Setup, stage: &Stage, history: &History, reached: Option<bool>) -> Outcome {
    let mut out = Outcome { states: answer::states(setup), ..Outcome::default() };
    for (index, part) in setup.parts.iter().enumerate() {
        let (nodes, surface) = skin(&stage.mesh, index, part.surface);
        let name = skin_name(&part.name);
        for (k, case) in setup.cases.iter().enumerate() {
            let u = &stage.solution.u[k];
            let stress = &stage.stress[k];
            let fields = PointFields {
                displacement: nodes.iter().map(|n| motion(u, *n).as_vec3().to_array()).collect(),
                von_mises: nodes.iter().map(|n| von_mises(stress[*n as usize]) as f32).collect(),
                stress: nodes.iter().map(|n| stress[*n as usize].map(|c| c as f32)).collect(),
            };
            let at = |n: usize| stage.temperature(setup, nodes[n]);
            push_fields(&mut out, &name, part, &case.id, Grade::Verified, fields, at);
            warmth(stage, &name, &nodes, &case.id, &mut out);
            doubt(&history.disagreement[k], &name, &nodes, &case.id, &mut out);
        }
        out.meshes.push(OutcomeMesh::Surface { name, body: part.name.clone(), surface });
    }
    for k in 0..setup.cases.len() {
        scalars(setup, history, k, &mut out);
        compliance(setup, stage, history, k, &mut out);
    }
    bolts(setup, stage, history, &mut out);
    let mass = |part: usize| {
        let p = &setup.parts[part];
        stage.mesh.volume(part).unwrap_or(p.volume) * p.density
    };
    let mass: f64 = (0..setup.parts.len()).map(mass).sum();
    let exact: f64 = setup.parts.iter().map(|p| p.volume * p.density).sum();
    out.scalars.push(Scalar {
        id: "mass".into(),
        label: "Mass".into(),
        value: exact,
        error: Some((mass - exact).abs().max(1e-9 * exact)),
        dimension: Dimension::MASS,
        grade: Grade::Verified,
        case: None,
        at: None,
        exponent: None,
    });
    facts(setup, stage, history, &mut out);
    if let Some(reached) = reached {
        inside(setup, stage, history, &mut out);
        out.tables.extend(flaw::table(&flaws(setup, history)));
        out.warnings.extend(stage.beyond(setup));
        out.warnings.extend(climb::flat(&stage.mesh, &setup.parts));
        answer::balances(setup, &stage.applied, &stage.reactions, &mut out);
        curves(setup, history, &mut out);
        if !reached {
            out.warnings.push(not_reached(setup.accuracy));
        }
    }
    out
}

/// The temperatures that bodies expand with, on `nodes` of the mesh called `name`.
fn warmth(stage: &Stage, name: &str, nodes: &[u32], case: &str, out: &mut Outcome) {
    let Some(expansion) = &stage.expansion else { return };
    out.fields.push(Field {
        id: "temperature".into(),
        label: "Temperature".into(),
        mesh: name.into(),
        location: Location::Point,
        components: 1,
        dimension: Dimension::TEMPERATURE,
        case: Some(case.into()),
        grade: Grade::Verified,
        values: nodes.iter().map(|n| expansion.temperature[*n as usize] as f32).collect(),
    });
}

/// How far the stresses may be off on `nodes` of the mesh called `name`; `disagreement` over all nodes, Pa.
fn doubt(disagreement: &[f64], name: &str, nodes: &[u32], case: &str, out: &mut Outcome) {
    out.fields.push(Field {
        id: "stress_error".into(),
        label: "Estimated error of stress".into(),
        mesh: name.into(),
        location: Location::Point,
        components: 1,
        dimension: Dimension::PRESSURE,
        case: Some(case.into()),
        grade: Grade::Verified,
        values: nodes.iter().map(|n| disagreement[*n as usize] as f32).collect(),
    });
}

/// Where stresses have no finite value, each with the label of its case.
fn flaws(setup: &Setup, history: &History) -> Vec<(String, Flaw)> {
    let of = |k: usize| peaks(history, k).map_or(Vec::new(), |p| p.singular);
    let all = setup.cases.iter().enumerate().flat_map(|(k, case)| of(k).into_iter().map(move |s| (case, s)));
    all.map(|(case, (at, radius))| (case.label.clone(), Flaw { at, radius })).collect()
}

/// The elements of each part and the fields on them, for sections and probes.
fn inside(setup: &Setup, stage: &Stage, history: &History, out: &mut Outcome) {
    for (part, span) in setup.parts.iter().zip(&stage.mesh.parts) {
        let name = format!("volume:{}", part.name);
        let nodes = span.nodes.clone();
        let first = nodes.start as u32;
        for (k, case) in setup.cases.iter().enumerate() {
            let (u, stress) = (&stage.solution.u[k], &stage.stress[k][nodes.clone()]);
            let fields = PointFields {
                displacement: nodes.clone().map(|n| motion(u, n as u32).as_vec3().to_array()).collect(),
                von_mises: stress.iter().map(|s| von_mises(*s) as f32).collect(),
                stress: stress.iter().map(|s| s.map(|c| c as f32)).collect(),
            };
            let at = |n: usize| stage.temperature(setup, first + n as u32);
            let numbers: Vec<u32> = nodes.clone().map(|n| n as u32).collect();
            push_fields(out, &name, part, &case.id, Grade::Verified, fields, at);
            warmth(stage, &name, &numbers, &case.id, out);
            doubt(&history.disagreement[k], &name, &numbers, &case.id, out);
        }
        out.meshes.push(OutcomeMesh::Solid {
            name,
            body: part.name.clone(),
            points: stage.mesh.points[nodes].iter().map(|p| p.to_array()).collect(),
            tets: stage.mesh.tets[span.tets.clone()].iter().map(|t| t.map(|n| n - first)).collect(),
        });
    }
}

fn scalars(setup: &Setup, history: &History, k: usize, out: &mut Outcome) {
    let case = &setup.cases[k];
    let mut push = |id: &str, label: &str, value, error, dimension, at, exponent| {
        out.scalars.push(Scalar {
            id: id.into(),
            label: label.into(),
            value,
            error,
            dimension,
            grade: Grade::Verified,
            case: Some(case.id.clone()),
            at: Some(at),
            exponent,
        });
    };
    let (value, error, at) = displacement(history, k);
    push("displacement_max", "Largest displacement", value, error, Dimension::LENGTH, at, None);
    let Some(Peaks { largest, finite, singular }) = peaks(history, k) else { return };
    let p = largest;
    push("von_mises_max", "Largest von Mises stress", p.value, p.error, Dimension::PRESSURE, p.at, p.exponent);
    if let (Some(p), true) = (finite, largest.exponent.is_some()) {
        let label = "Largest von Mises stress away from singular places";
        push("von_mises_max_finite", label, p.value, p.error, Dimension::PRESSURE, p.at, None);
    }
    if let Some((p, strength)) = governing(setup, history, k) {
        let safety = strength / p.value;
        let error = p.error.map(|e| safety * e / p.value);
        let away = !singular.is_empty();
        let label = if away { "Smallest safety factor away from singular places" } else { "Smallest safety factor" };
        push("safety_factor_min", label, safety, error, Dimension::NONE, p.at, None);
    }
    if let Some(exponent) = largest.exponent {
        let radius = singular.iter().map(|s| s.1).fold(0.0, f64::max) * 1e3;
        let [x, y, z] = largest.at.map(|c| c * 1e3);
        out.warnings.push(format!(
            "{}: the stress at ({x:.2}, {y:.2}, {z:.2}) mm has no finite value; it grows as the element size to the power \
             −{exponent:.2}, as at a sharp inner corner, a point load or the rim of a held face. Round the corner, or \
             judge the stress beside it: {} such places are left out within {radius:.1} mm",
            case.label,
            singular.len()
        ));
    }
}

/// Work of the loads: force times way over all nodes, J. Elements that follow the displacements of the truth at most part of
/// the way give too little of it, by the square of their error in energy.
fn compliance(setup: &Setup, stage: &Stage, history: &History, k: usize, out: &mut Outcome) {
    let value: f64 = stage.forces[k].iter().zip(&stage.solution.u[k]).map(|(f, u)| f * u).sum();
    if value <= 0.0 {
        return;
    }
    let error = history.energy_error.last().and_then(|e| e.get(k));
    out.scalars.push(Scalar {
        id: "compliance".into(),
        label: "Compliance: work of the loads".into(),
        value,
        error: error.map(|e| e * e * value),
        dimension: Dimension::MOMENT,
        grade: Grade::Verified,
        case: Some(setup.cases[k].id.clone()),
        at: None,
        exponent: None,
    });
}

/// What each bolt pulls with, in every case.
fn bolts(setup: &Setup, stage: &Stage, history: &History, out: &mut Outcome) {
    if setup.bolts.is_empty() {
        return;
    }
    let tight = &stage.bolts;
    let mut rows = Vec::new();
    for (k, case) in setup.cases.iter().enumerate() {
        for (j, own) in setup.bolts.iter().enumerate() {
            let (value, error) = bolt(history, k, j);
            let (mid, axis) = (0.5 * (tight.shanks[j].free[0] + tight.shanks[j].free[1]), own.cylinder.axis);
            out.scalars.push(Scalar {
                id: format!("bolt_force_{}", j + 1),
                label: format!("Bolt force, {}", own.label),
                value,
                error,
                dimension: Dimension::FORCE,
                grade: Grade::Verified,
                case: Some(case.id.clone()),
                at: Some((own.cylinder.point + axis * mid).to_array()),
                exponent: None,
            });
            if value < 0.0 {
                out.warnings.push(format!(
                    "{}: {} is pressed instead of pulled; in truth it would come loose, so that this answer is none",
                    case.label, own.label
                ));
            }
            rows.push(vec![
                Cell::Text(case.label.clone()),
                Cell::Text(own.label.clone()),
                Cell::Number(tight.preload[j]),
                Cell::Number(tight.shortening[j]),
                Cell::Number(value),
                Cell::Number(value - tight.preload[j]),
            ]);
        }
    }
    for (own, shank) in setup.bolts.iter().zip(&tight.shanks) {
        let [from, to] = shank.free;
        out.facts.push((format!("free shank of {}", own.label), format!("{:.3} mm", (to - from) * 1e3)));
    }
    let text = |name: &str| (name.to_string(), Dimension::NONE);
    let force = |name: &str| (name.to_string(), Dimension::FORCE);
    out.tables.push(Table {
        id: "bolts".into(),
        label: "Bolts".into(),
        columns: vec![
            text("Load case"),
            text("Bolt"),
            force("Preload force"),
            ("Shortening".into(), Dimension::LENGTH),
            force("Bolt force"),
            force("Change by the loads"),
        ],
        rows,
    });
}

fn facts(setup: &Setup, stage: &Stage, history: &History, out: &mut Outcome) {
    let quality = stage.mesh.parts.iter().map(|p| &p.quality);
    let angle = quality.clone().map(|q| q.dihedral_min.to_degrees()).fold(f64::INFINITY, f64::min);
    let jacobian = quality.clone().map(|q| q.jacobian_min).fold(f64::INFINITY, f64::min);
    let n_bad: usize = quality.map(|q| q.bad.len()).sum();
    let worst = history.energy_error.last().map_or(0.0, |e| e.iter().copied().fold(0.0, f64::max));
    let mut push = |key: &str, value: String| out.facts.push((key.into(), value));
    push("method", "ten-node tetrahedra on the true surface, algebraic multigrid conjugate gradients".into());
    push("elements", stage.mesh.tets.len().to_string());
    push("unknowns", stage.unknowns.to_string());
    push("meshes", history.n_tets.len().to_string());
    push("iterations", stage.solution.iterations.to_string());
    push("smallest dihedral angle", format!("{angle:.1}°"));
    push("elements below 8°", n_bad.to_string());
    push("least scaled Jacobian", format!("{jacobian:.2}"));
    push("estimated error in energy norm", format!("{:.2} %", 100.0 * worst));
    if stage.held.n_bonded > 0 {
        push("bonded nodes", stage.held.n_bonded.to_string());
    }
    for part in &setup.parts {
        let (name, source) = part.matter();
        push(&format!("material of {}", part.label), format!("{name} ({source})"));
        if stage.expansion.is_some() {
            let text = match &part.orthotropic {
                Some(o) => {
                    let [a, b, c] = o.expansion.map(|a| a * 1e6);
                    format!("{a:.1}e-6/K, {b:.1}e-6/K and {c:.1}e-6/K along its directions ({source})")
                }
                None => {
                    let [low, high] = part.material.expansion.range().map(|a| a * 1e6);
                    let source = &part.material.thermal_source;
                    if low == high {
                        format!("{low:.1}e-6/K ({source})")
                    } else {
                        format!("{low:.1}e-6/K to {high:.1}e-6/K ({source})")
                    }
                }
            };
            push(&format!("expansion of {}", part.label), text);
        }
    }
    setup.facts().into_iter().for_each(|(key, value)| push(&key, value));
    push("instruction set", crate::linear::operator::instruction_set().into());
}

/// Convergence over the meshes, as curves and as a table.
fn curves(setup: &Setup, history: &History, out: &mut Outcome) {
    let unknowns: Vec<f64> = history.unknowns.iter().map(|n| *n as f64).collect();
    let mut rows = Vec::new();
    for (k, case) in setup.cases.iter().enumerate() {
        let peak = |p: &Vec<Vec<Peaks>>| Peaks::of(&p[k]).map_or(0.0, |p| p.finite.unwrap_or(p.largest).value);
        let peaks: Vec<f64> = history.peaks.iter().map(peak).collect();
        let moved: Vec<f64> = history.displacement.iter().map(|d| d[k].0).collect();
        let error: Vec<f64> = history.energy_error.iter().map(|e| e[k]).collect();
        for level in 0..unknowns.len() {
            rows.push(vec![
                Cell::Text(case.label.clone()),
                Cell::Number(unknowns[level]),
                Cell::Number(moved[level]),
                Cell::Number(peaks[level]),
                Cell::Number(error[level]),
            ]);
        }
        for (id, label, y_label, y_dimension, log_y, y) in [
            ("displacement", "displacement over the meshes", "Largest displacement", Dimension::LENGTH, false, moved),
            ("stress", "stress over the meshes", "Largest von Mises stress", Dimension::PRESSURE, false, peaks),
            ("error", "error over the meshes", "Relative error in energy norm", Dimension::NONE, true, error),
        ] {
            out.curves.push(Curve {
                id: format!("meshes_{id}:{}", case.id),
                label: format!("{}: {label}", case.label),
                x_label: "Unknowns".into(),
                x_dimension: Dimension::NONE,
                y_label: y_label.into(),
                y_dimension,
                log_y,
                x: unknowns.clone(),
                y,
            });
        }
    }
    out.tables.push(Table {
        id: "meshes".into(),
        label: "Convergence over the meshes".into(),
        columns: vec![
            ("Load case".into(), Dimension::NONE),
            ("Unknowns".into(), Dimension::NONE),
            ("Largest displacement".into(), Dimension::LENGTH),
            ("Largest von Mises stress".into(), Dimension::PRESSURE),
            ("Relative error in energy norm".into(), Dimension::NONE),
        ],
        rows,
    });
}
