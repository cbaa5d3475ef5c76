//! Ties: pairs of surfaces that stay together.
//!
//! Source: CalculiX 2.20, *CrunchiX User's Manual*, `*TIE`.

use super::Target;
use super::assembly::Scope;
use super::card::{Card, fault};
use crate::deck::Note;
use crate::format::FormatError;

/// A dependent surface that follows another.
#[derive(Clone, Debug, PartialEq)]
pub struct Tie {
    pub line: usize,
    /// As the deck calls it, or empty.
    pub name: String,
    pub slave: Target,
    pub master: Target,
    /// Nodes of the dependent surface that are farther from the other are not tied; the deck's unit of length.
    pub tolerance: Option<f64>,
    /// Nodes are moved onto the other surface before anything is solved.
    pub adjusts: bool,
}

/// Reads a `*TIE`, one pair of surfaces a line. One that ties something else than surfaces of solids is noted and none.
///
/// # Errors
/// [`FormatError::Deck`] for a tolerance that is no length and for a line without two names.
pub fn read(card: &Card, scope: &Scope, notes: &mut Vec<Note>) -> Result<Vec<Tie>, FormatError> {
    if let Some(key) = ["CYCLICSYMMETRY", "MULTISTAGE", "FLUIDPERIODIC"].into_iter().find(|k| card.has(k)) {
        let text = format!("*TIE with {key} joins sectors, not bodies, and is left out");
        notes.push(Note { line: card.line, text });
        return Ok(Vec::new());
    }
    let tolerance = match card.text("POSITIONTOLERANCE") {
        None => None,
        Some(text) => match text.trim().parse::<f64>() {
            Ok(t) if t >= 0.0 && t.is_finite() => Some(t),
            _ => return Err(fault(card.line, "*TIE: POSITION TOLERANCE must be a length of zero or more")),
        },
    };
    card.first()?;
    let mut out = Vec::new();
    for row in &card.rows {
        let side = |k: usize| match (row.field(k), scope.target(row.field(k))) {
            ("", _) => Err(fault(row.line, "a tie is two surfaces: the dependent one, then the one that it follows")),
            (_, Target::Id(_)) => Err(row.wrong(k, "the name of a surface")),
            (_, name) => Ok(name),
        };
        out.push(Tie {
            line: row.line,
            name: card.word("NAME").unwrap_or_default(),
            slave: side(0)?,
            master: side(1)?,
            tolerance,
            adjusts: card.word("ADJUST").is_none_or(|w| w != "NO"),
        });
    }
    Ok(out)
}
