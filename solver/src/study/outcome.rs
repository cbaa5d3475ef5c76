//! The one vocabulary in which every study answers, so that viewport, export, requirements and reports know no physics.

use crate::quantity::Dimension;
use crate::surface::SurfaceMesh;
use crate::volume::Volume;
use serde::{Deserialize, Serialize};

/// How far a number may be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// From a method made for thinking: indicative.
    Instant,
    /// From a body-fitted mesh with an error estimate: may prove a requirement.
    Verified,
}

/// A number with its error band.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scalar {
    /// Stable key, `displacement_max`.
    pub id: String,
    pub label: String,
    /// SI.
    pub value: f64,
    /// Half width of the band the study states, SI; the truth is expected in `value ± error`. `None`: not estimated.
    pub error: Option<f64>,
    pub dimension: Dimension,
    pub grade: Grade,
    /// [`State`] this belongs to, by its id; `None` for the whole run.
    pub case: Option<String>,
    /// World position the value was found at, m.
    pub at: Option<[f64; 3]>,
    /// Where the quantity has no finite value: it grows as this power of the inverse of the element size, and `value` is
    /// only what the finest mesh shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exponent: Option<f64>,
}

/// Where the values of a field live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Location {
    Point,
    Cell,
}

/// A field on a named mesh. `values` is `[n][components]`, row-major, SI.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// Stable key, `von_mises`, `displacement`.
    pub id: String,
    pub label: String,
    /// Name of the mesh it lives on.
    pub mesh: String,
    pub location: Location,
    pub components: u8,
    pub dimension: Dimension,
    /// [`State`] this belongs to, by its id; `None` for the whole run.
    pub case: Option<String>,
    pub grade: Grade,
    pub values: Vec<f32>,
}

/// A named mesh of an outcome.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum OutcomeMesh {
    /// The skin that results are shown on.
    Surface { name: String, body: String, surface: SurfaceMesh },
    /// The cubic cells of a body, for sections and probes: [`Volume`](crate::volume::Volume) reads fields on it. A box of
    /// `counts` cells of edge `cell` from `origin`, m; `runs` are the body's cells, `[first, number]` of neighbours along
    /// x by linear index (x fastest), ascending, never around the end of a row.
    Grid { name: String, body: String, origin: [f64; 3], cell: f64, counts: [u32; 3], runs: Vec<[u32; 2]> },
    /// The ten-node tetrahedra of a body, for sections and probes: corners, then the middles of 12, 23, 31, 14, 24, 34.
    /// World, m.
    Solid { name: String, body: String, points: Vec<[f64; 3]>, tets: Vec<[u32; 10]> },
}

impl OutcomeMesh {
    /// Values per component that a field at `location` has on this mesh. A grid's points are the nodes of its cells.
    pub fn n_values(&self, location: Location) -> usize {
        match (self, location) {
            (Self::Surface { surface, .. }, Location::Point) => surface.points.len(),
            (Self::Surface { surface, .. }, Location::Cell) => surface.triangles.len(),
            (Self::Grid { runs, .. }, Location::Cell) => runs.iter().map(|r| r[1] as usize).sum(),
            (Self::Grid { .. }, Location::Point) => Volume::new(self).map_or(0, |v| v.n_nodes()),
            (Self::Solid { points, .. }, Location::Point) => points.len(),
            (Self::Solid { tets, .. }, Location::Cell) => tets.len(),
        }
    }

    pub fn name(&self) -> &str {
        match self {
            Self::Surface { name, .. } | Self::Grid { name, .. } | Self::Solid { name, .. } => name,
        }
    }

    /// Name of the body it belongs to.
    pub fn body(&self) -> &str {
        match self {
            Self::Surface { body, .. } | Self::Grid { body, .. } | Self::Solid { body, .. } => body,
        }
    }
}

/// A curve to plot: `x` and `y` of equal length, SI.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    pub id: String,
    pub label: String,
    pub x_label: String,
    pub x_dimension: Dimension,
    pub y_label: String,
    pub y_dimension: Dimension,
    pub log_y: bool,
    pub x: Vec<f64>,
    pub y: Vec<f64>,
}

/// A table to print, cells already in words or SI numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Table {
    pub id: String,
    pub label: String,
    pub columns: Vec<(String, Dimension)>,
    /// `[rows][columns]`.
    pub rows: Vec<Vec<Cell>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Cell {
    Number(f64),
    Text(String),
}

/// Reaction against applied load for one case; always shown. N and N·m about the world origin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Balance {
    pub case: String,
    pub applied_force: [f64; 3],
    pub reaction_force: [f64; 3],
    pub applied_moment: [f64; 3],
    pub reaction_moment: [f64; 3],
    /// |applied + reaction| / |applied|, forces.
    pub imbalance: f64,
}

/// What tells the states of one answer apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StateKind {
    /// Loads that act together.
    LoadCase,
    /// A shape with its frequency, Hz, or its load factor.
    Mode,
    /// A moment, s.
    Time,
}

/// One of the states that an answer has fields and scalars of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// What `case` of fields and scalars holds: a load case's object id, or a key of the study's own.
    pub id: String,
    pub label: String,
    pub kind: StateKind,
    /// Frequency, load factor or time, SI; `None` for a load case.
    pub value: Option<f64>,
    /// Of `value`.
    pub dimension: Dimension,
}

/// Key of mode `k` from zero, as a state's id.
pub fn mode_id(k: usize) -> String {
    format!("mode_{}", k + 1)
}

/// What a study answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// In the order to offer them; empty where the answer has one state, and in results of older versions.
    #[serde(default)]
    pub states: Vec<State>,
    pub scalars: Vec<Scalar>,
    pub meshes: Vec<OutcomeMesh>,
    pub fields: Vec<Field>,
    pub curves: Vec<Curve>,
    pub tables: Vec<Table>,
    pub balances: Vec<Balance>,
    /// Sentences for the person: what limits this answer.
    pub warnings: Vec<String>,
    /// The tensors of stress on the skins stand beside this, in the tensor part.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tensors: bool,
    /// Facts for the record: cells, dof, iterations, instruction set.
    pub facts: Vec<(String, String)>,
    /// The problem as an input deck for CalculiX or Abaqus; empty where there is none. Kept beside the outcome's bytes, not
    /// in them.
    #[serde(skip)]
    pub deck: String,
    /// The body that was found, as a file for the design; kept beside the outcome's bytes as well.
    #[serde(skip)]
    pub growth: Option<crate::growth::Growth>,
}

impl Outcome {
    pub fn state(&self, id: &str) -> Option<&State> {
        self.states.iter().find(|s| s.id == id)
    }

    /// The label of a state, by its id; `None` where the answer lists none.
    pub fn label(&self, case: Option<&str>) -> Option<&str> {
        self.state(case?).map(|s| s.label.as_str())
    }
}

/// An intermediate answer on its way to the final one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Partial {
    /// 0 for the first answer, rising with refinement.
    pub level: u32,
    pub outcome: Outcome,
}
