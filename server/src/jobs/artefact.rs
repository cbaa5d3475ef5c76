//! What a run leaves behind: bytes by kind, stored under the hash of their content.

use solver::study::outcome::Outcome;

/// Kinds of artefact, as they stand in addresses and in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Skin, fields on it, numbers, balances: what the viewport shows at once.
    Surface,
    /// Stress tensors on the skin: components in any frame, and directions.
    Tensor,
    /// Fields inside the body, for sections and probes.
    Volume,
    /// The problem as an input deck for CalculiX or Abaqus.
    Deck,
    /// A body that was found, as a file for the design.
    Growth,
    /// Reports of the run, as JSON lines.
    Log,
    /// Where the run stands, for its next attempt; nobody else is given it.
    Checkpoint,
}

impl Kind {
    /// What people may fetch.
    pub const OPEN: [Self; 6] = [Self::Surface, Self::Tensor, Self::Volume, Self::Deck, Self::Growth, Self::Log];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Surface => "surface",
            Self::Tensor => "tensor",
            Self::Volume => "volume",
            Self::Deck => "deck",
            Self::Growth => "growth",
            Self::Log => "log",
            Self::Checkpoint => "checkpoint",
        }
    }
}

/// What a finished outcome leaves for people to fetch.
pub fn artefacts(outcome: &Outcome) -> Vec<(Kind, Vec<u8>)> {
    let more = [(Kind::Tensor, tensor(outcome)), (Kind::Volume, volume(outcome))];
    let more = more.into_iter().filter_map(|(kind, bytes)| Some((kind, bytes?)));
    std::iter::once((Kind::Surface, surface(outcome))).chain(more).collect()
}

/// The part of an outcome that lives on skins, with every number, curve, table and balance, as bytes.
pub fn surface(outcome: &Outcome) -> Vec<u8> {
    outcome.surface_part().to_bytes()
}

/// The stress tensors on skins, as bytes; `None` when there are none.
pub fn tensor(outcome: &Outcome) -> Option<Vec<u8>> {
    let part = outcome.tensor_part();
    (!part.fields.is_empty()).then(|| part.to_bytes())
}

/// The fields inside bodies, as bytes; `None` when there are none.
pub fn volume(outcome: &Outcome) -> Option<Vec<u8>> {
    let part = outcome.volume_part();
    (!part.meshes.is_empty()).then(|| part.to_bytes())
}
