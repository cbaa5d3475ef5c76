//! Designs. `/api/designs/*`

use super::auth::Role;
use super::group::Named;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub enum DesignState {
    #[default]
    Active,
    Archived,
    Bin,
}

/// `GET /api/designs?state=&project=&search=&after=` → `Page<DesignCard>`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct DesignCard {
    pub id: String,
    pub name: String,
    pub project: String,
    pub project_name: String,
    pub state: DesignState,
    pub role: Role,
    pub sequence: u64,
    pub changed: i64,
    pub changed_by: String,
    /// Who has it open now.
    pub here: Vec<Here>,
    /// Path of the thumbnail picture, when there is one.
    pub thumbnail: Option<String>,
    /// The compartment that it is in: nobody else sees it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compartment: Option<Named>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Here {
    pub name: String,
    pub hue: u16,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct DesignQuery {
    #[serde(default)]
    pub state: DesignState,
    #[serde(default)]
    pub project: Option<String>,
    #[serde(default)]
    pub search: Option<String>,
    #[serde(default)]
    pub after: Option<String>,
}

/// `POST /api/designs`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct CreateDesign {
    pub project: String,
    pub name: String,
    /// One of `solver::design::TEMPLATES`.
    pub template: String,
    /// A compartment of the project that one is a member of: nobody else ever sees the design.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compartment: Option<String>,
}

/// `PATCH /api/designs/{id}`: rename, move, archive, bin, restore. `POST /api/designs/{id}/duplicate` takes the name only.
/// `DELETE /api/designs/{id}` removes for good, only from the bin.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ChangeDesign {
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub project: Option<String>,
    #[serde(default)]
    pub state: Option<DesignState>,
}

/// `GET /api/designs/{id}/document?sequence=`: the design at a moment (`None`: now).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Document {
    pub sequence: u64,
    #[cfg_attr(feature = "ssr", schema(value_type = super::schema::Design))]
    pub design: solver::design::Design,
}

/// `GET /api/designs/{id}/log?after=&limit=` → `Page<Entry>`.
/// `POST /api/designs/{id}/commands` takes a `sync::Submission` and answers with the `sync::Entry`.
/// `POST /api/designs/{id}/files/{hash}/deck`: what an input deck comes to, as a `solver::deck::Reading`.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ReadDeck {
    /// The system of units the deck is written in.
    #[serde(default)]
    #[cfg_attr(feature = "ssr", schema(value_type = super::schema::Units))]
    pub units: solver::deck::Units,
}

/// `POST /api/designs/{id}/files?name=` takes bytes and answers with this; `GET /api/designs/{id}/files/{hash}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct StoredFile {
    pub hash: String,
    pub name: String,
    pub bytes: u64,
}
