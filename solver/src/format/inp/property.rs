//! What a material's keywords say.

use super::card::{Card, Row, fault};
use super::{Elastic, Material, Note, Property};
use crate::format::FormatError;

/// Columns of conductivities along three directions.
const ALONG: [(Property, usize); 3] =
    [(Property::ConductivityAlong(0), 0), (Property::ConductivityAlong(1), 1), (Property::ConductivityAlong(2), 2)];

/// Reads a keyword below `*MATERIAL`; `false` when it is none that is read.
pub fn read(card: &Card, material: &mut Material, notes: &mut Vec<Note>) -> Result<bool, FormatError> {
    let kind = card.word("TYPE").unwrap_or_default();
    let mut note = |text: String| notes.push(Note { line: card.line, text });
    // How many lines one set of values takes, and which columns of later lines are read over temperature.
    let mut lines = 1;
    let mut columns: &[(Property, usize)] = &[];
    match (card.name.as_str(), kind.as_str()) {
        ("ELASTIC", "" | "ISO" | "ISOTROPIC") => {
            let row = card.first()?;
            let (young, poisson) = (row.number(0)?, row.real(1)?.unwrap_or(0.0));
            if !(young > 0.0 && poisson > -1.0 && poisson < 0.5) {
                let text = format!("Young's modulus {young} with Poisson's ratio {poisson} is no elastic material");
                return Err(fault(row.line, text));
            }
            material.elastic = Some(Elastic::Isotropic { young, poisson });
            columns = &[(Property::Young, 0), (Property::Poisson, 1)];
        }
        ("ELASTIC", "ENGINEERING CONSTANTS" | "ENGINEERINGCONSTANTS") => {
            lines = 2;
            let mut values = [0.0; 9];
            for (k, v) in values.iter_mut().enumerate() {
                let row =
                    card.rows.get(k / 8).ok_or_else(|| fault(card.line, "nine constants on two lines belong here"))?;
                *v = row.number(k % 8)?;
            }
            material.elastic = Some(Elastic::Engineering(values));
        }
        ("ELASTIC", _) => {
            note(format!("*ELASTIC, TYPE={kind} is not read; give {} its stiffness by hand", material.name));
            return Ok(true);
        }
        ("DENSITY", _) => material.density = Some(positive(card, "a density")?),
        ("EXPANSION", "" | "ISO" | "ISOTROPIC") => {
            material.expansion = Some([card.first()?.number(0)?; 3]);
            columns = &[(Property::Expansion, 0)];
        }
        ("EXPANSION", "ORTHO") => {
            let row = card.first()?;
            material.expansion = Some([row.number(0)?, row.number(1)?, row.number(2)?]);
        }
        ("CONDUCTIVITY", "" | "ISO" | "ISOTROPIC") => {
            material.conductivity = Some([positive(card, "a conductivity")?; 3]);
            material.tables.retain(|p, _| !matches!(p, Property::ConductivityAlong(_)));
            columns = &[(Property::Conductivity, 0)];
        }
        ("CONDUCTIVITY", "ORTHO" | "ORTHOTROPIC") => {
            let mut three = [0.0; 3];
            for row in &card.rows {
                for (k, v) in three.iter_mut().enumerate() {
                    *v = above_zero(row, k, "a conductivity")?;
                }
            }
            let row = card.first()?;
            material.conductivity = Some([row.number(0)?, row.number(1)?, row.number(2)?]);
            material.tables.remove(&Property::Conductivity);
            columns = &ALONG;
        }
        ("SPECIFIC HEAT", _) => {
            material.specific_heat = Some(positive(card, "a specific heat")?);
            columns = &[(Property::SpecificHeat, 0)];
        }
        ("PLASTIC", _) => {
            columns = &[(Property::Yield, 0)];
            material.yield_strength = Some(positive(card, "a yield stress")?);
            note(format!(
                "*PLASTIC: the first stress becomes the yield strength of {}; the flow beyond it is not computed",
                material.name
            ));
        }
        ("EXPANSION" | "CONDUCTIVITY", _) => {
            note(format!("*{}, TYPE={kind} is not read; give {} its values by hand", card.name, material.name));
            return Ok(true);
        }
        _ => return Ok(false),
    }
    if let Some(zero) = card.text("ZERO") {
        let zero = zero.parse().ok().filter(|z: &f64| z.is_finite());
        material.zero = zero.ok_or_else(|| fault(card.line, "ZERO must be a temperature"))?;
    }
    if card.rows.len() > lines {
        let tables =
            columns.iter().map(|(p, column)| Ok((*p, table(card, *column)?))).collect::<Result<Vec<_>, _>>()?;
        if tables.is_empty() || tables.iter().any(|(_, t)| t.is_none()) {
            let why =
                if tables.is_empty() { "depends on temperature" } else { "has lines whose temperatures do not rise" };
            note(format!("*{} of {} {why}; its first values are taken", card.name, material.name));
        }
        material.tables.retain(|p, _| columns.iter().all(|(q, _)| p != q));
        for (property, table) in tables {
            // A curve of flow at one temperature is none over temperature.
            if let Some(table) = table.filter(|t| t.len() > 1) {
                material.tables.insert(property, table);
            }
        }
    }
    Ok(true)
}

/// Temperature and the value of a column, line by line; of a curve of flow, the first stress at each temperature. `None`
/// where temperatures do not rise.
fn table(card: &Card, column: usize) -> Result<Option<Vec<[f64; 2]>>, FormatError> {
    let flow = card.name == "PLASTIC";
    // The temperature stands behind the values.
    let at = match card.name.as_str() {
        "ELASTIC" | "PLASTIC" => 2,
        "CONDUCTIVITY" if matches!(card.word("TYPE").as_deref(), Some("ORTHO" | "ORTHOTROPIC")) => 3,
        _ => 1,
    };
    let mut out: Vec<[f64; 2]> = Vec::new();
    for row in &card.rows {
        let (value, t) = (row.real(column)?.unwrap_or(0.0), row.real(at)?.unwrap_or(0.0));
        match out.last() {
            Some([last, _]) if flow && *last == t => {}
            Some([last, _]) if t <= *last => return Ok(None),
            _ if !flow || row.real(1)?.unwrap_or(0.0) == 0.0 => out.push([t, value]),
            _ => return Ok(None),
        }
    }
    Ok(Some(out))
}

fn positive(card: &Card, what: &str) -> Result<f64, FormatError> {
    above_zero(&card.first()?, 0, what)
}

fn above_zero(row: &Row, column: usize, what: &str) -> Result<f64, FormatError> {
    let value = row.number(column)?;
    if value > 0.0 { Ok(value) } else { Err(fault(row.line, format!("{value} is not {what}; it must be above zero"))) }
}
