//! How fine a study solves: its property, what that means for tetrahedra, and what is said where it cannot be.

use super::part::{self, Part};
use super::{Case, Cost, StudyError};
use crate::design::schema::field;
use crate::design::{Issue, Object, Resolved};
use crate::fitted::ladder::{self, Fineness, LadderError};
use crate::run::Ctx;

/// Solid cells of each named resolution.
const CELLS_COARSE: f64 = 20_000.0;
const CELLS_NORMAL: f64 = 120_000.0;
const CELLS_FINE: f64 = 400_000.0;
/// Tetrahedra allowed on top of the cells of the named resolutions.
const TETS_MORE: f64 = 20_000.0;

/// How fine to solve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Resolution {
    /// About this many solid cells.
    Cells(f64),
    /// This cell, m.
    Size(f64),
}

impl Resolution {
    /// Reads the properties `resolution` and `cell` of `study`.
    pub fn read(study: &Object, resolved: &Resolved, issues: &mut Vec<Issue>) -> Self {
        match study.choice("resolution").as_str() {
            "coarse" => Self::Cells(CELLS_COARSE),
            "fine" => Self::Cells(CELLS_FINE),
            "cell" => match resolved.number(study, "cell") {
                Ok(h) if h > 0.0 => Self::Size(h),
                Ok(_) => {
                    issues.push(Issue::error(study, "cell", "Cell size must be above zero"));
                    Self::Cells(CELLS_NORMAL)
                }
                Err(issue) => {
                    issues.push(issue);
                    Self::Cells(CELLS_NORMAL)
                }
            },
            _ => Self::Cells(CELLS_NORMAL),
        }
    }

    /// Nodes of the last mesh of `parts`, about.
    pub fn n_nodes(self, parts: &[Part]) -> f64 {
        ladder::n_nodes(self.fineness(), parts.iter().map(|p| (p.volume, p.area)))
    }

    /// What it allows tetrahedra.
    pub fn fineness(self) -> Fineness {
        match self {
            Self::Cells(n) => Fineness::Elements(n + TETS_MORE),
            Self::Size(h) => Fineness::Edge(h),
        }
    }
}

/// Faces with elements of a size of their own.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Refined {
    /// `(body, face)` of the model.
    pub faces: Vec<(usize, usize)>,
    /// m
    pub size: f64,
}

impl Refined {
    /// Reads the properties `refine` and `refine_size` of the study, where it has them.
    pub fn read(case: &Case, resolved: &Resolved, issues: &mut Vec<Issue>) -> Self {
        let study = case.study;
        if field(&study.kind, "refine").is_none() || study.faces("refine").is_empty() {
            return Self::default();
        }
        let faces = part::named(case, "refine", "Faces to refine", issues);
        match resolved.number(study, "refine_size") {
            Ok(size) if size > 0.0 => Self { faces, size },
            Ok(_) => {
                issues.push(Issue::error(study, "refine_size", "Elements on them: their size must be above zero"));
                Self::default()
            }
            Err(issue) => {
                issues.push(issue);
                Self::default()
            }
        }
    }
}

/// What a person reads where `study` gets no mesh.
pub fn refusal(study: &Object, resolution: Resolution, error: LadderError) -> StudyError {
    let LadderError::TooMany { .. } = error else {
        return match error {
            LadderError::Cancelled => StudyError::Cancelled,
            other => StudyError::Solver(other.to_string()),
        };
    };
    let (field, advice) = match resolution {
        Resolution::Cells(_) => ("resolution", "choose a finer resolution"),
        Resolution::Size(_) => ("cell", "choose a larger cell, or a named resolution"),
    };
    let message = format!(
        "Meshing stopped: {error}; {advice}, larger elements on faces to refine, or suppress details that carry nothing"
    );
    StudyError::Setup(vec![Issue::error(study, field, message)])
}

/// Refuses a run that would take more memory than `ctx` allows; `coarser` says what to change.
///
/// # Errors
/// [`StudyError::Solver`].
pub fn afford(cost: &Cost, ctx: &Ctx, coarser: &str) -> Result<(), StudyError> {
    if cost.memory_bytes <= ctx.memory_bytes_max {
        return Ok(());
    }
    Err(StudyError::Solver(format!(
        "it would take about {:.1} GB of memory and {:.1} GB are allowed; choose {coarser}",
        cost.memory_bytes as f64 / 1e9,
        ctx.memory_bytes_max as f64 / 1e9
    )))
}

/// The warning of an answer whose bands are wider than wished for.
pub fn not_reached(accuracy: f64) -> String {
    format!(
        "The accuracy of {:.1} % was not reached with the elements allowed; the bands say how far the values are known. \
         Choose a finer resolution to go on",
        100.0 * accuracy
    )
}
