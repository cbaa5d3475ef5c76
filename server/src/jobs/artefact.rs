//! What a run leaves behind: bytes by kind, stored under the hash of their content.

use solver::study::outcome::{Outcome, OutcomeMesh};

/// Kinds of artefact, as they stand in addresses and in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Skin, fields on it, numbers, balances: what the viewport shows at once.
    Surface,
    /// Fields inside the body, for sections and probes.
    Volume,
    /// Reports of the run, as JSON lines.
    Log,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Surface => "surface",
            Self::Volume => "volume",
            Self::Log => "log",
        }
    }
}

/// The part of an outcome that lives on skins, with every number, curve, table and balance, as bytes.
///
/// # Errors
/// A sentence for the run's log when the outcome cannot be written down.
pub fn surface(outcome: &Outcome) -> Result<Vec<u8>, String> {
    encode(&part(outcome, |mesh| matches!(mesh, OutcomeMesh::Surface { .. })))
}

/// The fields inside bodies, as bytes; `None` when there are none.
///
/// # Errors
/// As [`surface`].
pub fn volume(outcome: &Outcome) -> Result<Option<Vec<u8>>, String> {
    let inside = part(outcome, |mesh| !matches!(mesh, OutcomeMesh::Surface { .. }));
    if inside.meshes.is_empty() {
        return Ok(None);
    }
    // Numbers stand in the surface artefact; twice would be once too often.
    encode(&Outcome { meshes: inside.meshes, fields: inside.fields, ..Outcome::default() }).map(Some)
}

fn part(outcome: &Outcome, keep: impl Fn(&OutcomeMesh) -> bool) -> Outcome {
    let mut out = outcome.clone();
    out.meshes.retain(|mesh| keep(mesh));
    out.fields.retain(|field| out.meshes.iter().any(|mesh| mesh.name() == field.mesh));
    out
}

fn encode(outcome: &Outcome) -> Result<Vec<u8>, String> {
    serde_json::to_vec(outcome).map_err(|e| format!("the result cannot be written down: {e}"))
}
