//! What a modal answer says besides values and shapes: effective masses, rigid motions, the problem for other programs.

use super::solve::{Own, Vibration};
use crate::fitted::deck::{Deck, Steps};
use crate::quantity::Dimension;
use crate::study::modes::{Known, Stage, mode_label};
use crate::study::outcome::{Cell, Grade, Outcome, Scalar, Table};
use glam::DVec3;

/// Effective masses below this share of the whole are rounding.
const NOTHING: f64 = 1e-9;

/// Adds what only this physics knows.
pub fn finish(physics: &Vibration, stage: &Stage<Own>, known: &[Known], out: &mut Outcome) {
    let parts = &physics.setup.parts;
    let mass: f64 = parts.iter().map(|p| p.volume * p.density).sum();
    let of_part = |k: usize| stage.mesh.volume(k).unwrap_or(parts[k].volume) * parts[k].density;
    let meshed: f64 = (0..parts.len()).map(of_part).sum();
    let mut push = |id: &str, label: &str, value: f64, error: Option<f64>, dimension| {
        out.scalars.push(Scalar {
            id: id.into(),
            label: label.into(),
            value,
            error,
            dimension,
            grade: Grade::Verified,
            case: None,
            at: None,
            exponent: None,
        });
    };
    if let Some(first) = known.first() {
        push("frequency_first", "First natural frequency", first.value, first.error, Dimension::FREQUENCY);
    }
    push("mass", "Mass", mass, Some((meshed - mass).abs().max(1e-9 * mass)), Dimension::MASS);
    if stage.own.n_rigid > 0 {
        let n = stage.own.n_rigid;
        out.facts.push(("rigid motions left out".into(), n.to_string()));
        out.warnings.push(format!(
            "The supports leave {n} rigid motion{} free, at 0 Hz; the modes listed are those above",
            if n == 1 { "" } else { "s" }
        ));
    }
    if known.len() < physics.n_wanted {
        out.warnings.push(format!("Only {} of the {} modes wanted were found", known.len(), physics.n_wanted));
    }
    participation(stage, known, mass, out);
    out.deck = Deck {
        title: &physics.case.study.name,
        mesh: &stage.mesh,
        parts: &physics.setup.names(),
        materials: &physics.materials,
        orthotropic: &physics.setup.orthotropic(),
        densities: &physics.densities,
        held: &stage.held.constraints,
        springs: &stage.held.springs,
        bolts: &[],
        curves: &[],
        warmth: None,
        steps: Steps::Frequency { n: known.len() + stage.own.n_rigid },
    }
    .write();
}

/// Effective masses against the whole mass.
fn participation(stage: &Stage<Own>, known: &[Known], mass: f64, out: &mut Outcome) {
    let settled = |m: f64| if m.abs() < NOTHING * mass { 0.0 } else { m };
    let row = |label: String, frequency: Cell, m: DVec3| {
        let mut row = vec![Cell::Text(label), frequency];
        row.extend(m.to_array().map(|m| Cell::Number(settled(m))));
        row.push(Cell::Text(m.to_array().map(|m| format!("{:.1}", 100.0 * settled(m) / mass)).join(", ")));
        row
    };
    let none = || Cell::Text(String::new());
    let mut rows: Vec<Vec<Cell>> = known
        .iter()
        .zip(&stage.own.effective)
        .enumerate()
        .map(|(k, (known, m))| row(mode_label(k), Cell::Number(known.value), *m))
        .collect();
    let sum: DVec3 = stage.own.effective.iter().sum();
    rows.push(row("Sum of these modes".into(), none(), sum));
    rows.push(row("Whole mass".into(), none(), DVec3::splat(mass)));
    out.tables.push(Table {
        id: "participation".into(),
        label: "Effective mass of the modes".into(),
        columns: vec![
            ("Mode".into(), Dimension::NONE),
            ("Frequency".into(), Dimension::FREQUENCY),
            ("Along x".into(), Dimension::MASS),
            ("Along y".into(), Dimension::MASS),
            ("Along z".into(), Dimension::MASS),
            ("Share of the whole, %: x, y, z".into(), Dimension::NONE),
        ],
        rows,
    });
    if stage.own.n_rigid == 0 {
        // Rules for response spectra ask for nine tenths (EN 1998-1, 4.3.3.3.1); who needs that takes more modes.
        let least = sum.to_array().into_iter().fold(f64::INFINITY, f64::min) / mass;
        out.facts.push(("mass moved along the axis these modes reach least".into(), format!("{:.0} %", 100.0 * least)));
    }
}
