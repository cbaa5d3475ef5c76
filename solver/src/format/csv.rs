//! Results as comma-separated values (RFC 4180), SI.

use crate::quantity::{Dimension, si_unit};
use crate::study::outcome::{Cell, Grade, Location, Outcome, OutcomeMesh};
use std::fmt::Write as _;

/// Every scalar with its band, then every table.
pub fn values(outcome: &Outcome) -> String {
    let mut out = String::from("quantity,state,value,error,unit,grade,x m,y m,z m\r\n");
    for s in &outcome.scalars {
        let value = match s.exponent {
            Some(exponent) => format!("no finite value (grows as size^-{exponent:.2})"),
            None => number(s.value),
        };
        let place = s.at.map_or([const { String::new() }; 3], |at| at.map(number));
        let grade = if s.grade == Grade::Verified { "verified" } else { "indicative" };
        row(
            &mut out,
            [
                text(&s.label),
                text(outcome.label(s.case.as_deref()).unwrap_or_default()),
                value,
                s.error.map_or(String::new(), number),
                si_unit(s.dimension).into(),
                grade.into(),
            ]
            .into_iter()
            .chain(place),
        );
    }
    for table in &outcome.tables {
        out.push_str("\r\n");
        row(&mut out, [text(&table.label)].into_iter());
        row(&mut out, table.columns.iter().map(|(label, dimension)| text(&with_unit(label, *dimension))));
        for cells in &table.rows {
            row(
                &mut out,
                cells.iter().map(|c| match c {
                    Cell::Number(x) => number(*x),
                    Cell::Text(words) => text(words),
                }),
            );
        }
    }
    out
}

/// The points of every surface with all their fields, a line each.
pub fn points(outcome: &Outcome) -> String {
    let on_surface =
        |name: &str| outcome.meshes.iter().any(|m| matches!(m, OutcomeMesh::Surface { name: n, .. } if n == name));
    // Id, state and number of components.
    let mut columns: Vec<(&str, Option<&str>, usize)> = Vec::new();
    let mut head = vec!["body".to_string(), "x m".into(), "y m".into(), "z m".into()];
    for f in outcome.fields.iter().filter(|f| f.location == Location::Point && on_surface(&f.mesh)) {
        let key = (f.id.as_str(), f.case.as_deref(), usize::from(f.components));
        if columns.contains(&key) {
            continue;
        }
        columns.push(key);
        let state = match outcome.label(f.case.as_deref()) {
            Some(label) if outcome.states.len() > 1 => format!(", {label}"),
            _ => String::new(),
        };
        let axes = match f.components {
            3 => &[" x", " y", " z"][..],
            6 => &[" xx", " yy", " zz", " xy", " yz", " zx"],
            _ => &[""],
        };
        head.extend(axes.iter().map(|a| text(&with_unit(&format!("{}{a}{state}", f.label), f.dimension))));
    }
    let mut out = String::new();
    row(&mut out, head.into_iter());
    for mesh in &outcome.meshes {
        let OutcomeMesh::Surface { name, body, surface } = mesh else { continue };
        let fields: Vec<_> = columns
            .iter()
            .map(|(id, case, _)| {
                outcome.fields.iter().find(|f| f.mesh == *name && f.id == *id && f.case.as_deref() == *case)
            })
            .collect();
        for (n, p) in surface.points.iter().enumerate() {
            let values = fields.iter().zip(&columns).flat_map(|(field, (.., width))| {
                (0..*width).map(move |c| {
                    field.and_then(|f| f.values.get(n * width + c)).map_or(String::new(), |v| number(f64::from(*v)))
                })
            });
            row(&mut out, [text(body)].into_iter().chain(p.map(number)).chain(values));
        }
    }
    out
}

/// Words of a person: a spreadsheet must not take them for a formula.
fn text(words: &str) -> String {
    if words.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{words}") } else { words.into() }
}

fn with_unit(label: &str, dimension: Dimension) -> String {
    match si_unit(dimension) {
        "" => label.into(),
        unit => format!("{label} {unit}"),
    }
}

fn number(x: f64) -> String {
    if x == 0.0 { "0".into() } else { format!("{x:.7e}") }
}

fn row(out: &mut String, cells: impl Iterator<Item = String>) {
    for (i, cell) in cells.enumerate() {
        if i > 0 {
            out.push(',');
        }
        if cell.contains(['"', ',', '\n', '\r']) {
            let _ = write!(out, "\"{}\"", cell.replace('"', "\"\""));
        } else {
            out.push_str(&cell);
        }
    }
    out.push_str("\r\n");
}
