//! Bodies as files for other programs: triangles as STL, OBJ and 3MF, solids as STEP.

use super::cache::Cache;
use super::solid::Solid;
use super::state::State;
use super::{Files, body_label, build, exact, finish};
use crate::design::Design;
use crate::format::{obj, step, stl, three_mf};
use crate::surface::SurfaceMesh;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A file format for bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    Stl,
    Obj,
    ThreeMf,
    /// Exact bodies as such; those that are fields or triangles as faceted solids.
    Step,
}

impl Form {
    /// Every form with what its files' names end with.
    pub const ALL: [(Self, &'static str); 4] =
        [(Self::Stl, "stl"), (Self::Obj, "obj"), (Self::ThreeMf, "3mf"), (Self::Step, "step")];

    pub fn of_extension(extension: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, e)| *e == extension).map(|(form, _)| form)
    }

    pub fn extension(self) -> &'static str {
        Self::ALL.into_iter().find(|(form, _)| *form == self).map_or("", |(_, e)| e)
    }
}

/// Why bodies were not written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExportError {
    #[error("this design has no body to export: add a feature, or mend those that are refused")]
    Nothing,
    #[error("there is no body '{0}' in this version of the design")]
    Unknown(String),
    #[error("{label} could not be written: {reason}")]
    Body { label: String, reason: String },
}

/// The named bodies of `design` in mm, all where none is named.
///
/// # Errors
/// [`ExportError`], for the person who asked.
pub fn export(design: &Design, files: &dyn Files, form: Form, bodies: &[String]) -> Result<Vec<u8>, ExportError> {
    let (state, _) = build(design, files, &mut Cache::default());
    if let Some(unknown) = bodies.iter().find(|name| !state.parts.iter().any(|p| p.name == **name)) {
        return Err(ExportError::Unknown(unknown.clone()));
    }
    let chosen = state.parts.iter().filter(|p| bodies.is_empty() || bodies.contains(&p.name));
    let chosen: Vec<(String, &Solid)> = chosen.map(|p| (body_label(design, &p.name), &p.solid)).collect();
    if chosen.is_empty() {
        return Err(ExportError::Nothing);
    }
    let surface = |(label, solid): &(String, &Solid)| -> Result<Arc<SurfaceMesh>, ExportError> {
        let body = finish(&state, solid).map_err(|reason| ExportError::Body { label: label.clone(), reason })?;
        Ok(body.surface().clone())
    };
    let surfaces: Vec<_> = chosen.iter().map(surface).collect::<Result<_, _>>()?;
    let named: Vec<(&str, &SurfaceMesh)> =
        chosen.iter().map(|c| c.0.as_str()).zip(surfaces.iter().map(|s| &**s)).collect();
    Ok(match form {
        Form::Step => solids(&state, &chosen, &named)?,
        Form::Stl => stl::write(&named.iter().map(|(_, s)| *s).collect::<Vec<_>>(), 1e3),
        Form::Obj => obj::write(&named, 1e3),
        Form::ThreeMf => three_mf::write(&named).map_err(|reason| ExportError::Body {
            label: named.iter().map(|(label, _)| *label).collect::<Vec<_>>().join(", "),
            reason,
        })?,
    })
}

/// STEP: exact bodies by their own kernel, the others behind them as faceted solids.
fn solids(
    state: &State,
    chosen: &[(String, &Solid)],
    surfaces: &[(&str, &SurfaceMesh)],
) -> Result<Vec<u8>, ExportError> {
    let mut exactly: Vec<(&str, &exact::Solid)> = Vec::new();
    let mut faceted: Vec<(&str, &SurfaceMesh)> = Vec::new();
    for ((label, solid), named) in chosen.iter().zip(surfaces) {
        match solid {
            Solid::Exact(solid) => exactly.push((label, solid)),
            Solid::Field(_) | Solid::Imported(_) => faceted.push(*named),
        }
    }
    if exactly.is_empty() {
        return Ok(step::write(&faceted).into_bytes());
    }
    let labels = exactly.iter().map(|(label, _)| *label).collect::<Vec<_>>().join(", ");
    let wrong = |reason: String| ExportError::Body { label: labels.clone(), reason };
    let text = exact::step(&state.kernel, &exactly).map_err(wrong)?;
    let text = step::append(&text, &faceted).ok_or_else(|| wrong("the exact kernel wrote no data section".into()))?;
    Ok(text.into_bytes())
}
