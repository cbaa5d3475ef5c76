//! Views of the board: its filters, order and grouping, saved under names by each person. `/api/board/views`

use serde::{Deserialize, Serialize};

/// Which designs are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Which {
    #[default]
    All,
    /// All that is required is met or waived.
    Met,
    /// Something mandatory is neither met nor waived.
    Blocked,
    /// Some evidence is stale.
    Stale,
    Review,
    Released,
    /// Nothing is required.
    Unasked,
}

/// What the table is ordered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Column {
    Name,
    Stage,
    Evidence,
    Reserve,
    Mass,
    Runs,
    Cost,
    Blocked,
    #[default]
    Changed,
}

/// Filters, order and grouping of the board.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Look {
    pub which: Which,
    /// Id of a project; empty for all.
    pub project: String,
    /// Id of someone who worked on the designs lately; empty for anyone.
    pub person: String,
    /// Part of the name of a design or its project.
    pub search: String,
    pub column: Column,
    /// The other way round than the column's own.
    pub reversed: bool,
    /// By project, with sums.
    pub grouped: bool,
}

/// A view that someone saved. They alone see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct View {
    pub id: String,
    pub name: String,
    pub look: Look,
}

/// Saves a view; under a name that one has already, in the place of that one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct SaveView {
    pub name: String,
    pub look: Look,
}
