//! What steps say: supports, loads and heat, and which question is asked.

use super::card::{Card, Row, fault, name, shown};
use super::set::target;
use super::{Act, Action, Family, Note, Procedure, Target};
use crate::format::FormatError;

/// Reads a keyword that holds, loads or heats; `None` when it is none.
pub fn action(card: &Card, notes: &mut Vec<Note>) -> Result<Option<Action>, FormatError> {
    type Reader = fn(&Card, Row) -> Result<Option<(Target, Act)>, FormatError>;
    let (family, reader): (Family, Reader) = match card.name.as_str() {
        "BOUNDARY" => (Family::Boundary, boundary),
        "CLOAD" => (Family::NodeForce, |_, row| {
            let component = component(row, 1)?;
            Ok(Some((target(row.field(0)), Act::Force { component, value: row.number(2)? })))
        }),
        "DLOAD" | "DSLOAD" => (Family::Distributed, distributed),
        "CFLUX" => (Family::NodeHeat, |_, row| Ok(Some((target(row.field(0)), Act::NodeHeat(row.number(2)?))))),
        "DFLUX" | "DSFLUX" => (Family::Flux, flux),
        "FILM" | "SFILM" => (Family::Film, |card, row| {
            let Some((to, face)) = faced(card, row, 'F')? else { return Ok(None) };
            Ok(Some((to, Act::Film { face, ambient: row.number(2)?, film: row.number(3)? })))
        }),
        "RADIATE" | "SRADIATE" => (Family::Radiation, |card, row| {
            let Some((to, face)) = faced(card, row, 'R')? else { return Ok(None) };
            Ok(Some((to, Act::Radiation { face, ambient: row.number(2)?, emissivity: row.number(3)? })))
        }),
        "TEMPERATURE" => (Family::Temperature, temperature),
        "INITIAL CONDITIONS" if card.word("TYPE").is_some_and(|t| t == "TEMPERATURE") => (Family::Initial, temperature),
        _ => return Ok(None),
    };
    for other in ["FILE", "USER", "LOADCASE", "TIMEDELAY", "SUBMODEL", "TYPE"] {
        let known =
            other == "TYPE" && (family == Family::Initial || card.word(other).is_some_and(|t| t == "DISPLACEMENT"));
        if card.has(other) && !known {
            notes.push(Note { line: card.line, text: format!("*{} with {other} is not read", card.name) });
            return Ok(Some(Action { line: card.line, family, fresh: false, amplitude: None, rows: Vec::new() }));
        }
    }
    let mut rows = Vec::with_capacity(card.rows.len());
    for row in &card.rows {
        match reader(card, *row)? {
            Some((to, act)) => rows.push((row.line, to, act)),
            None => notes.push(Note {
                line: row.line,
                text: format!("'{}' under *{} is not read", shown(row.field(1)), card.name),
            }),
        }
    }
    let fresh = card.word("OP").is_some_and(|op| op == "NEW");
    Ok(Some(Action { line: card.line, family, fresh, amplitude: card.word("AMPLITUDE"), rows }))
}

fn component(row: Row, k: usize) -> Result<u8, FormatError> {
    row.field(k)
        .parse()
        .ok()
        .filter(|c| (1..=11).contains(c))
        .ok_or_else(|| row.wrong(k, "a component such as 1, 2 or 3"))
}

fn boundary(_: &Card, row: Row) -> Result<Option<(Target, Act)>, FormatError> {
    let to = target(row.field(0));
    let hold = |first, last, value| Ok(Some((to.clone(), Act::Hold { first, last, value })));
    // Rotations mean nothing in solids.
    match name(row.field(1)).as_str() {
        "ENCASTRE" => return hold(1, 6, 0.0),
        "PINNED" => return hold(1, 3, 0.0),
        "XSYMM" => return hold(1, 1, 0.0),
        "YSYMM" => return hold(2, 2, 0.0),
        "ZSYMM" => return hold(3, 3, 0.0),
        _ => {}
    }
    let first = component(row, 1)?;
    let last = if row.field(2).is_empty() { first } else { component(row, 2)? };
    if last < first {
        return Err(fault(row.line, format!("components {first} to {last} are none")));
    }
    hold(first, last, row.real(3)?.unwrap_or(0.0))
}

/// Target and face of a line whose label is `letter` and a face, or `letter` alone on a surface; `None` for other labels.
fn faced(card: &Card, row: Row, letter: char) -> Result<Option<(Target, Option<u8>)>, FormatError> {
    let label = row.field(1).to_ascii_uppercase();
    let Some(rest) = label.strip_prefix(letter) else { return Ok(None) };
    // *DSLOAD, *SFILM and their like act on surfaces.
    let on_surface = card.name.starts_with('S') || card.name.starts_with("DS");
    match (rest.parse::<u8>(), on_surface) {
        (Ok(k @ 1..=6), false) => Ok(Some((target(row.field(0)), Some(k - 1)))),
        (Ok(_), false) => Err(row.wrong(1, &format!("{letter}1 to {letter}6"))),
        (Err(_), true) if rest.is_empty() => Ok(Some((target(row.field(0)), None))),
        _ => Ok(None),
    }
}

fn distributed(card: &Card, row: Row) -> Result<Option<(Target, Act)>, FormatError> {
    let to = target(row.field(0));
    Ok(match row.field(1).to_ascii_uppercase().as_str() {
        "GRAV" => {
            let (size, along) = (row.number(2)?, row.vector(3)?);
            let length = along.iter().map(|c| c * c).sum::<f64>().sqrt();
            if !(length > 0.0) {
                return Err(fault(row.line, "gravity needs a direction: size, x, y, z"));
            }
            Some((to, Act::Gravity(along.map(|c| size * c / length))))
        }
        "CENTRIF" => {
            let (squared, point, axis) = (row.number(2)?, row.vector(3)?, row.vector(6)?);
            if !(squared >= 0.0) || axis == [0.0; 3] {
                let text = "turning needs the square of its speed, a point and a direction of the axis";
                return Err(fault(row.line, text));
            }
            Some((to, Act::Spin { squared, point, axis }))
        }
        "TRVEC" if card.name == "DSLOAD" => {
            let (size, along) = (row.number(2)?, row.vector(3)?);
            let length = along.iter().map(|c| c * c).sum::<f64>().sqrt();
            (length > 0.0).then(|| (to, Act::Traction(along.map(|c| size * c / length))))
        }
        _ => match faced(card, row, 'P')? {
            Some((to, face)) => Some((to, Act::Pressure { face, value: row.number(2)? })),
            None => None,
        },
    })
}

fn flux(card: &Card, row: Row) -> Result<Option<(Target, Act)>, FormatError> {
    if row.field(1).eq_ignore_ascii_case("BF") {
        return Ok(Some((target(row.field(0)), Act::Source(row.number(2)?))));
    }
    let Some((to, face)) = faced(card, row, 'S')? else { return Ok(None) };
    Ok(Some((to, Act::Flux { face, value: row.number(2)? })))
}

fn temperature(_: &Card, row: Row) -> Result<Option<(Target, Act)>, FormatError> {
    Ok(Some((target(row.field(0)), Act::Temperature(row.number(1)?))))
}

/// The question that a keyword asks; `None` when it asks none.
pub fn procedure(card: &Card) -> Result<Option<Procedure>, FormatError> {
    let count = |default: u32| -> Result<u32, FormatError> {
        let Some(row) = card.rows.first() else { return Ok(default) };
        match row.field(0) {
            "" => Ok(default),
            _ => row.id(0),
        }
    };
    Ok(Some(match card.name.as_str() {
        "STATIC" => Procedure::Static,
        "FREQUENCY" => Procedure::Frequency { n: count(1)? },
        "BUCKLE" => Procedure::Buckle { n: count(1)? },
        "HEAT TRANSFER" if card.has("STEADYSTATE") => Procedure::Heat { duration: None },
        "HEAT TRANSFER" if !card.has("MODALDYNAMIC") => {
            let row = card.first()?;
            let duration = row.number(1)?;
            if !(duration > 0.0) {
                return Err(fault(row.line, format!("a step of {duration} seconds has no length")));
            }
            Procedure::Heat { duration: Some(duration) }
        }
        "HEAT TRANSFER"
        | "DYNAMIC"
        | "MODAL DYNAMIC"
        | "STEADY STATE DYNAMICS"
        | "VISCO"
        | "COMPLEX FREQUENCY"
        | "COUPLED TEMPERATURE-DISPLACEMENT"
        | "UNCOUPLED TEMPERATURE-DISPLACEMENT"
        | "ELECTROMAGNETICS"
        | "GREEN"
        | "SENSITIVITY"
        | "RANDOM RESPONSE"
        | "RESPONSE SPECTRUM"
        | "STEADY STATE"
        | "SUBSTRUCTURE GENERATE" => Procedure::Other(card.name.clone()),
        _ => return Ok(None),
    }))
}
