//! What a material's keywords say.

use super::card::{Card, fault};
use super::{Elastic, Material, Note};
use crate::format::FormatError;

/// Reads a keyword below `*MATERIAL`; `false` when it is none that is read.
pub fn read(card: &Card, material: &mut Material, notes: &mut Vec<Note>) -> Result<bool, FormatError> {
    let kind = card.word("TYPE").unwrap_or_default();
    let mut note = |text: String| notes.push(Note { line: card.line, text });
    // How many lines one set of values takes.
    let mut lines = 1;
    match (card.name.as_str(), kind.as_str()) {
        ("ELASTIC", "" | "ISO" | "ISOTROPIC") => {
            let row = card.first()?;
            let (young, poisson) = (row.number(0)?, row.real(1)?.unwrap_or(0.0));
            if !(young > 0.0 && poisson > -1.0 && poisson < 0.5) {
                let text = format!("Young's modulus {young} with Poisson's ratio {poisson} is no elastic material");
                return Err(fault(row.line, text));
            }
            material.elastic = Some(Elastic::Isotropic { young, poisson });
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
        ("EXPANSION", "" | "ISO" | "ISOTROPIC") => material.expansion = Some([card.first()?.number(0)?; 3]),
        ("EXPANSION", "ORTHO") => {
            let row = card.first()?;
            material.expansion = Some([row.number(0)?, row.number(1)?, row.number(2)?]);
        }
        ("CONDUCTIVITY", "" | "ISO" | "ISOTROPIC") => material.conductivity = Some(positive(card, "a conductivity")?),
        ("SPECIFIC HEAT", _) => material.specific_heat = Some(positive(card, "a specific heat")?),
        ("PLASTIC", _) => {
            lines = usize::MAX;
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
    if card.rows.len() > lines {
        note(format!("*{} of {} depends on temperature; its first values are taken", card.name, material.name));
    }
    Ok(true)
}

fn positive(card: &Card, what: &str) -> Result<f64, FormatError> {
    let row = card.first()?;
    let value = row.number(0)?;
    if value > 0.0 { Ok(value) } else { Err(fault(row.line, format!("{value} is not {what}; it must be above zero"))) }
}
