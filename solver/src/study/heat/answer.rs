//! From the finest mesh and the history of meshes to the outcome.

use super::history::History;
use super::solve::Stage;
use crate::design::ROOM;
use crate::fitted::heat::{Conductivity, Law};
use crate::fitted::peak::Peaks;
use crate::fitted::recover::Estimate;
use crate::fitted::skin::skin;
use crate::quantity::Dimension;
use crate::study::climb;
use crate::study::outcome::{
    Cell, Curve, Field, Grade, Location, Outcome, OutcomeMesh, Scalar, State, StateKind, Table,
};
use crate::study::resolution::not_reached;
use crate::study::thermal::{Boundary, Setup};

/// Temperatures that differ by less are one, K.
const SAME: f64 = 1e-6;

/// Meshes of the answer and the nodes they show.
struct Shown {
    name: String,
    nodes: Vec<u32>,
}

/// The outcome on the finest mesh so far; `reached` is known at the end: whether the accuracy wished for was reached.
pub fn outcome(setup: &Setup, stage: &Stage, history: &History, reached: Option<bool>) -> Outcome {
    let mut out = Outcome { states: states(stage), ..Outcome::default() };
    let mut shown = Vec::new();
    for (index, part) in setup.parts.iter().enumerate() {
        let (nodes, surface) = skin(&stage.mesh, index, part.surface);
        let name = format!("skin:{}", part.name);
        out.meshes.push(OutcomeMesh::Surface { name: name.clone(), body: part.name.clone(), surface });
        shown.push(Shown { name, nodes });
    }
    if reached.is_some() {
        for (part, span) in setup.parts.iter().zip(&stage.mesh.parts) {
            let name = format!("volume:{}", part.name);
            let nodes = span.nodes.clone();
            let first = nodes.start as u32;
            out.meshes.push(OutcomeMesh::Solid {
                name: name.clone(),
                body: part.name.clone(),
                points: stage.mesh.points[nodes.clone()].iter().map(|p| p.to_array()).collect(),
                tets: stage.mesh.tets[span.tets.clone()].iter().map(|t| t.map(|n| n - first)).collect(),
            });
            shown.push(Shown { name, nodes: nodes.map(|n| n as u32).collect() });
        }
    }
    for mesh in &shown {
        fields(stage, history, mesh, &mut out);
    }
    for k in 0..stage.states.len() {
        scalars(setup, stage, history, k, &mut out);
    }
    facts(setup, stage, history, &mut out);
    if let Some(reached) = reached {
        balance(setup, stage, history, &mut out);
        curves(setup, stage, history, &mut out);
        out.warnings.extend(climb::flat(&stage.mesh, &setup.parts));
        if !reached {
            out.warnings.push(not_reached(setup.accuracy));
        }
    }
    out
}

/// What fields and scalars of state `k` belong to; nothing for the one steady state.
fn case(stage: &Stage, k: usize) -> Option<String> {
    stage.states[k].time.map(|_| format!("time_{}", k + 1))
}

fn states(stage: &Stage) -> Vec<State> {
    let state = |k: usize| {
        Some(State {
            id: case(stage, k)?,
            label: String::new(),
            kind: StateKind::Time,
            value: stage.states[k].time,
            dimension: Dimension::TIME,
        })
    };
    (0..stage.states.len()).filter_map(state).collect()
}

fn fields(stage: &Stage, history: &History, mesh: &Shown, out: &mut Outcome) {
    for (k, state) in stage.states.iter().enumerate() {
        let mut push = |id: &str, label: &str, components, dimension, values| {
            out.fields.push(Field {
                id: id.into(),
                label: label.into(),
                mesh: mesh.name.clone(),
                location: Location::Point,
                components,
                dimension,
                case: case(stage, k),
                grade: Grade::Verified,
                values,
            });
        };
        let nodes = || mesh.nodes.iter().map(|n| *n as usize);
        let temperature = nodes().map(|n| state.temperature[n] as f32).collect();
        push("temperature", "Temperature", 1, Dimension::TEMPERATURE, temperature);
        let flux = nodes().flat_map(|n| state.flux[n].map(|q| q as f32)).collect();
        push("heat_flux", "Heat flux", 3, Dimension::HEAT_FLUX, flux);
        // Of a march, the last moment's stands for all: pictures of every moment are many.
        if k + 1 == stage.states.len() {
            let apart = nodes().map(|n| history.disagreement[k][n] as f32).collect();
            push("heat_flux_error", "Estimated error of heat flux", 1, Dimension::HEAT_FLUX, apart);
        }
    }
}

fn scalars(setup: &Setup, stage: &Stage, history: &History, k: usize, out: &mut Outcome) {
    let case = case(stage, k);
    let mut push = |id: &str, label: &str, value, error, dimension, at, exponent| {
        out.scalars.push(Scalar {
            id: id.into(),
            label: label.into(),
            value,
            error,
            dimension,
            grade: Grade::Verified,
            case: case.clone(),
            at,
            exponent,
        });
    };
    let steps = stage.step_error;
    let ((value, at), error) = history.extreme(k, |s| s.highest, steps);
    push("temperature_max", "Highest temperature", value, error, Dimension::TEMPERATURE, Some(at), None);
    let ((value, at), error) = history.extreme(k, |s| s.lowest, steps);
    push("temperature_min", "Lowest temperature", value, error, Dimension::TEMPERATURE, Some(at), None);
    for (i, (id, label)) in through(setup).into_iter().enumerate() {
        let (value, error) = history.flow(setup, k, i, steps);
        push(&format!("heat:{id}"), &format!("Heat in: {label}"), value, error, Dimension::POWER, None, None);
    }
    if is_compliant(stage, k) {
        // ∫ q²/k is the heat times the rise of temperature where it enters; elements find too little of it, by their error.
        let Estimate { energy, elements } = &stage.states[k].estimate;
        let (label, error) = ("Thermal compliance: heat times its rise", elements.iter().sum());
        push("thermal_compliance", label, *energy, Some(error), Dimension::THERMAL_COMPLIANCE, None, None);
    }
    let Some(said) = history.said.last().and_then(|s| s.get(k)) else { return };
    let Some(Peaks { largest: p, finite, singular }) = Peaks::of(&said.peaks) else { return };
    push("heat_flux_max", "Largest heat flux", p.value, p.error, Dimension::HEAT_FLUX, Some(p.at), p.exponent);
    let Some(exponent) = p.exponent else { return };
    if let Some(f) = finite {
        let label = "Largest heat flux away from singular places";
        push("heat_flux_max_finite", label, f.value, f.error, Dimension::HEAT_FLUX, Some(f.at), None);
    }
    if k + 1 == stage.states.len() {
        let [x, y, z] = p.at.map(|c| c * 1e3);
        out.warnings.push(format!(
            "The heat flux at ({x:.2}, {y:.2}, {z:.2}) mm has no finite value; it grows as the element size to the power \
             −{exponent:.2}, as at a sharp inner corner or the rim of a face that is kept at a temperature; {} such places \
             are left out of the value beside it. Temperatures are not touched by it",
            singular.len()
        ));
    }
}

/// Whether heat that is given goes to one temperature, in a steady state: what a best conductor is sought for.
fn is_compliant(stage: &Stage, k: usize) -> bool {
    let state = &stage.states[k];
    let mut kept = stage.groups.iter().filter_map(|g| g.first()).map(|n| state.temperature[*n as usize]);
    let Some(first) = kept.next() else { return false };
    let given = stage.exchanges.iter().all(|e| e.law == Law::Flux);
    state.time.is_none() && given && kept.all(|t| (t - first).abs() < SAME)
}

/// Id and label of everything through which heat comes, in the order of [`Flows::all`](crate::fitted::heat::Flows::all):
/// sources by part.
fn through(setup: &Setup) -> Vec<(String, String)> {
    let of = |b: &Boundary| (b.object.id.0.clone(), b.object.name.clone());
    let mut out: Vec<(String, String)> = setup.kept().map(of).collect();
    out.extend(setup.passing().map(|(b, ..)| of(b)));
    if !setup.sources.is_empty() {
        out.extend(setup.parts.iter().map(|p| (p.name.clone(), format!("made in {}", p.label))));
    }
    out
}

/// Heat in and out, always in sight.
fn balance(setup: &Setup, stage: &Stage, history: &History, out: &mut Outcome) {
    let mut columns = vec![("Through".to_string(), Dimension::NONE), ("Heat in".into(), Dimension::POWER)];
    columns.push(("Known to".into(), Dimension::POWER));
    let timed = !setup.is_steady();
    if timed {
        columns.insert(0, ("Time".into(), Dimension::TIME));
    }
    let mut rows = Vec::new();
    for (k, state) in stage.states.iter().enumerate() {
        let mut push = |what: String, heat: f64, known: Option<f64>| {
            let mut row = vec![Cell::Text(what), Cell::Number(heat)];
            row.push(known.map_or(Cell::Text(String::new()), Cell::Number));
            if let Some(t) = state.time {
                row.insert(0, Cell::Number(t));
            }
            rows.push(row);
        };
        for (i, (_, label)) in through(setup).into_iter().enumerate() {
            let (value, error) = history.flow(setup, k, i, stage.step_error);
            push(label, value, error);
        }
        if timed {
            push("stored".into(), -state.flows.stored, None);
        }
        push("sum".into(), state.flows.all().sum::<f64>() - state.flows.stored, None);
    }
    out.tables.push(Table { id: "heat".into(), label: "Heat in and out".into(), columns, rows });
    let worst = stage.states.iter().map(|s| s.flows.imbalance()).fold(0.0, f64::max);
    out.scalars.push(Scalar {
        id: "heat_imbalance".into(),
        label: "Heat in less heat out, as a share".into(),
        value: worst,
        error: None,
        dimension: Dimension::NONE,
        grade: Grade::Verified,
        case: None,
        at: None,
        exponent: None,
    });
}

fn facts(setup: &Setup, stage: &Stage, history: &History, out: &mut Outcome) {
    let quality = stage.mesh.parts.iter().map(|p| &p.quality);
    let angle = quality.clone().map(|q| q.dihedral_min.to_degrees()).fold(f64::INFINITY, f64::min);
    let jacobian = quality.clone().map(|q| q.jacobian_min).fold(f64::INFINITY, f64::min);
    let worst = history.said.last().map_or(0.0, |s| s.iter().map(|s| s.error).fold(0.0, f64::max));
    let mut push = |key: &str, value: String| out.facts.push((key.into(), value));
    push("method", "ten-node tetrahedra on the true surface, algebraic multigrid conjugate gradients".into());
    push("elements", stage.mesh.tets.len().to_string());
    push("unknowns", stage.unknowns.to_string());
    push("meshes", history.said.len().to_string());
    push("iterations", history.iterations.to_string());
    push("smallest dihedral angle", format!("{angle:.1}°"));
    push("least scaled Jacobian", format!("{jacobian:.2}"));
    push("estimated error in energy norm", format!("{:.2} %", 100.0 * worst));
    if !setup.is_steady() {
        push("time integration", "backward differences of second order, steps by their error".into());
        push("steps in time", stage.n_steps.to_string());
        push("error of the steps", format!("{:.3e} K at most", stage.step_error));
        let (came, stored) = stage.energy;
        push("heat that came in, all steps", format!("{came:.5e} J"));
        push("heat stored since the start", format!("{stored:.5e} J"));
    }
    if stage.n_bonded > 0 {
        push("bonded nodes", stage.n_bonded.to_string());
    }
    for part in &setup.parts {
        let (label, m) = (&part.label, &part.thermal);
        let said = |[name, source]: &[String; 2]| format!("{name} ({source})");
        push(&format!("material of {label}"), said(&m.conducts));
        if let Conductivity::Along { .. } = m.conductivity {
            let [a, b, c] = m.conductivity.at(ROOM);
            let when = if m.conductivity.is_constant() { "" } else { " at 20 °C" };
            push(
                &format!("conductivity of {label}"),
                format!("{a:.4}, {b:.4} and {c:.4} W/(m·K) along its directions{when}"),
            );
        }
        if !setup.is_steady() && m.stores != m.conducts {
            push(&format!("specific heat and density of {label}"), said(&m.stores));
        }
    }
    push("instruction set", crate::linear::operator::instruction_set().into());
}

/// Extremes over time, and convergence over the meshes, as curves and as a table.
fn curves(setup: &Setup, stage: &Stage, history: &History, out: &mut Outcome) {
    let mut push = |id: String, label: String, x: (&str, Dimension, Vec<f64>), y: (&str, Dimension, Vec<f64>)| {
        out.curves.push(Curve {
            id,
            label,
            x_label: x.0.into(),
            x_dimension: x.1,
            y_label: y.0.into(),
            y_dimension: y.1,
            // An error falls by powers.
            log_y: y.1 == Dimension::NONE,
            x: x.2,
            y: y.2,
        });
    };
    for (i, id, label) in [(2, "highest", "Highest temperature"), (1, "lowest", "Lowest temperature")] {
        if setup.is_steady() {
            break;
        }
        let column = |i: usize| stage.course.iter().map(|c| c[i]).collect::<Vec<f64>>();
        let (time, values) = (("Time", Dimension::TIME, column(0)), ("Temperature", Dimension::TEMPERATURE, column(i)));
        push(format!("{id}_over_time"), format!("{label} over time"), time, values);
    }
    let unknowns: Vec<f64> = history.unknowns.iter().map(|n| *n as f64).collect();
    // The last state stands for all.
    let last: Vec<_> = history.said.iter().filter_map(|s| s.last()).collect();
    let highest: Vec<f64> = last.iter().map(|s| s.highest.0).collect();
    let lowest: Vec<f64> = last.iter().map(|s| s.lowest.0).collect();
    let error: Vec<f64> = last.iter().map(|s| s.error).collect();
    for (id, label, dimension, y) in [
        ("highest", "Highest temperature", Dimension::TEMPERATURE, &highest),
        ("lowest", "Lowest temperature", Dimension::TEMPERATURE, &lowest),
        ("error", "Relative error in energy norm", Dimension::NONE, &error),
    ] {
        let x = ("Unknowns", Dimension::NONE, unknowns.clone());
        push(format!("meshes_{id}"), format!("{label} over the meshes"), x, (label, dimension, y.clone()));
    }
    let row = |i: usize| [unknowns[i], highest[i], lowest[i], error[i]].map(Cell::Number).to_vec();
    out.tables.push(Table {
        id: "meshes".into(),
        label: "Convergence over the meshes".into(),
        columns: vec![
            ("Unknowns".into(), Dimension::NONE),
            ("Highest temperature".into(), Dimension::TEMPERATURE),
            ("Lowest temperature".into(), Dimension::TEMPERATURE),
            ("Relative error in energy norm".into(), Dimension::NONE),
        ],
        rows: (0..unknowns.len()).map(row).collect(),
    });
}
