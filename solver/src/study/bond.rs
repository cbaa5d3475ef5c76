//! Faces that a study bonds across a gap, beside those that touch.

use super::Case;
use super::part::{Part, facets_of, named};
use crate::design::schema::field;
use crate::design::{Issue, Resolved};
use crate::fitted::Mesh;
use crate::fitted::hold::Gap;

/// Faces bonded to one another where they lie no farther apart than a gap.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bonded {
    /// `(body, face)` of the model.
    pub faces: Vec<(usize, usize)>,
    /// m
    pub width: f64,
}

impl Bonded {
    /// Reads the properties `bonded` and `bond_gap` of the study, where it has them and they count.
    pub fn read(case: &Case, resolved: &Resolved, parts: &[Part], issues: &mut Vec<Issue>) -> Self {
        let study = case.study;
        let counts = field(&study.kind, "bonded").is_some_and(|f| study.shows(f));
        if !counts || study.faces("bonded").is_empty() {
            return Self::default();
        }
        let mut faces = named(case, "bonded", "Faces bonded across gaps", issues);
        faces.retain(|(body, _)| parts.iter().any(|p| p.index == *body));
        if faces.windows(2).all(|f| f[0].0 == f[1].0) {
            let message = "Faces bonded across gaps: they are of one body alone; pick those of the other side, too";
            issues.push(Issue::error(study, "bonded", message));
        }
        match resolved.number(study, "bond_gap") {
            Ok(width) => Self { faces, width },
            Err(issue) => {
                issues.push(issue);
                Self::default()
            }
        }
    }

    /// The gap on a mesh of `parts`.
    pub fn on(&self, mesh: &Mesh, parts: &[Part]) -> Gap {
        Gap { facets: facets_of(mesh, parts, &self.faces).into_iter().collect(), width: self.width }
    }
}
