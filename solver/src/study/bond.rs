//! Faces that a study bonds across a gap, beside those that touch.

use super::Case;
use super::part::{Part, facets_of, named};
use crate::design::schema::field;
use crate::design::{Issue, Resolved, describe_face, display_units};
use crate::fitted::Mesh;
use crate::fitted::hold::Gap;
use crate::geometry::distance::Distance;
use crate::quantity::{Dimension, Quantity, format};
use crate::surface::SurfaceMesh;
use std::sync::Arc;

/// A face is said to reach no other one where that is so many times farther off than allowed: triangles lie off round faces.
const BEYOND: f64 = 1.5;

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
        if faces.is_empty() {
            let message = "Faces bonded across gaps: none is of a body of this study; pick others, or take them out";
            issues.push(Issue::error(study, "bonded", message));
        } else if faces.windows(2).all(|f| f[0].0 == f[1].0) {
            let message = "Faces bonded across gaps: they are of one body alone; pick those of the other side, too";
            issues.push(Issue::error(study, "bonded", message));
        }
        match resolved.number(study, "bond_gap") {
            Ok(width) => {
                let bonded = Self { faces, width };
                bonded.check_reach(case, parts, issues);
                bonded
            }
            Err(issue) => {
                issues.push(issue);
                Self::default()
            }
        }
    }

    /// Says which of the faces lie farther from those of other bodies than the gap is wide: nothing would come of them.
    fn check_reach(&self, case: &Case, parts: &[Part], issues: &mut Vec<Issue>) {
        let sides: Vec<(usize, &SurfaceMesh, usize, Distance)> = self
            .faces
            .iter()
            .filter_map(|(body, face)| {
                let surface = parts.iter().find(|p| p.index == *body)?.surface;
                Some((*body, surface, *face, Distance::new(Arc::new(alone(surface, *face)))))
            })
            .collect();
        let farness = |from: &SurfaceMesh, face: usize, to: &Distance| {
            let own = from.triangles.iter().zip(&from.face_of).filter(|(_, f)| **f as usize == face);
            own.flat_map(|(t, _)| t.map(|n| from.points[n as usize]))
                .filter_map(|p| Some(to.nearest(p, None)?.distance.abs()))
                .fold(f64::INFINITY, f64::min)
        };
        for (body, surface, face, own) in &sides {
            let apart = sides
                .iter()
                .filter(|other| other.0 != *body)
                .map(|other| farness(surface, *face, &other.3).min(farness(other.1, other.2, own)))
                .fold(f64::INFINITY, f64::min);
            if apart.is_finite() && apart > BEYOND * self.width {
                let units = display_units(case.design);
                let said = |x: f64| format(Quantity::new(x, Dimension::LENGTH), units, 3);
                let message = format!(
                    "Faces bonded across gaps: {} is {} from the nearest of the other bodies', and the widest gap is {}; widen it, \
                     or take the face out",
                    describe_face(case.design, &surface.faces[*face].name),
                    said(apart),
                    said(self.width),
                );
                issues.push(Issue::error(case.study, "bonded", message));
            }
        }
    }

    /// Whether faces of both bodies, [`Part::index`], are bonded across the gap.
    pub fn joins(&self, a: usize, b: usize) -> bool {
        [a, b].iter().all(|body| self.faces.iter().any(|f| f.0 == *body))
    }

    /// The gap on a mesh of `parts`.
    pub fn on(&self, mesh: &Mesh, parts: &[Part]) -> Gap {
        Gap { facets: facets_of(mesh, parts, &self.faces).into_iter().collect(), width: self.width }
    }
}

/// One face of a surface.
fn alone(surface: &SurfaceMesh, face: usize) -> SurfaceMesh {
    let own = surface.triangles.iter().zip(&surface.face_of).filter(|(_, f)| **f as usize == face);
    SurfaceMesh { points: surface.points.clone(), triangles: own.map(|(t, _)| *t).collect(), ..SurfaceMesh::default() }
}
