//! Supports: how faces are held, read off a design, and what they say together that cannot be.

use super::setup::{Method, Setup};
use super::symmetry;
use crate::design::schema::Section;
use crate::design::{Issue, Object, Resolved};
use crate::fitted::hold;
use crate::geometry::Model;
use crate::linear::constraint::Constraints;
use crate::study::Case;
use crate::study::part::Part;
use glam::{DMat3, DVec3};
use std::collections::BTreeMap;

/// How faces are held.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Hold {
    /// Components along x, y and z at these displacements, m; `None` is free.
    Axes([Option<f64>; 3]),
    /// Along the outward normal, at this displacement, m.
    Normal(f64),
    /// As one solid piece.
    Solid(Solid),
    /// By springs along the normal and in plane, N/m³.
    Elastic { normal: f64, tangential: f64 },
}

/// Motions of faces that move as one solid piece about a point; `None` is free.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Solid {
    /// m
    pub point: DVec3,
    /// Along x, y and z, m.
    pub ways: [Option<f64>; 3],
    /// About axes along x, y and z through the point, rad.
    pub turns: [Option<f64>; 3],
    /// From the point to the farthest place of the faces, m.
    pub reach: f64,
}

impl Solid {
    /// How far anything is moved at most, m.
    fn way(&self) -> f64 {
        let most = |of: &[Option<f64>; 3]| of.iter().flatten().fold(0.0f64, |m, v| m.max(v.abs()));
        most(&self.ways) + most(&self.turns) * self.reach
    }

    /// What it stops of the small motion `way + turn × (at − centre)`: a row for each motion given.
    pub fn stops(&self, centre: DVec3) -> Vec<(DVec3, DVec3)> {
        let arm = self.point - centre;
        let along = (0..3).filter(|c| self.ways[*c].is_some()).map(|c| (DVec3::AXES[c], arm.cross(DVec3::AXES[c])));
        let about = (0..3).filter(|c| self.turns[*c].is_some()).map(|c| (DVec3::ZERO, DVec3::AXES[c]));
        along.chain(about).collect()
    }
}

impl Hold {
    /// Every component at rest.
    pub const FIXED: Self = Self::Axes([Some(0.0); 3]);

    /// Force per area over displacement at a point with outward `normal`: one in every held direction, N/m³ for springs.
    pub fn tensor(&self, normal: DVec3) -> DMat3 {
        let along = DMat3::from_cols(normal * normal.x, normal * normal.y, normal * normal.z);
        match self {
            Self::Axes(given) => {
                DMat3::from_diagonal(DVec3::from_array(given.map(|g| f64::from(u8::from(g.is_some())))))
            }
            Self::Normal(_) => along,
            // What is held of it is no matter of single points.
            Self::Solid(_) => DMat3::IDENTITY,
            Self::Elastic { normal, tangential } => along * *normal + (DMat3::IDENTITY - along) * *tangential,
        }
    }

    /// The directions it holds, as a projector: springs hold where they have stiffness.
    pub fn acts(&self, normal: DVec3) -> DMat3 {
        let unit = |k: &f64| f64::from(u8::from(*k > 0.0));
        match self {
            Self::Elastic { normal: n, tangential: t } => {
                Self::Elastic { normal: unit(n), tangential: unit(t) }.tensor(normal)
            }
            rigid => rigid.tensor(normal),
        }
    }

    /// Displacement given at a point with outward `normal`, m; zero where none is.
    pub fn given(&self, normal: DVec3) -> DVec3 {
        match self {
            Self::Axes(given) => DVec3::from_array(given.map(|g| g.unwrap_or(0.0))),
            Self::Normal(way) => normal * *way,
            Self::Solid(_) | Self::Elastic { .. } => DVec3::ZERO,
        }
    }

    /// Whether it gives way: springs do, supports do not.
    pub fn is_elastic(&self) -> bool {
        matches!(self, Self::Elastic { .. })
    }

    /// The smaller of the spring stiffnesses that are not zero, N/m³.
    pub fn softest(&self) -> Option<f64> {
        let Self::Elastic { normal, tangential } = self else { return None };
        [*normal, *tangential].into_iter().filter(|k| *k > 0.0).reduce(f64::min)
    }

    /// The largest displacement given, m.
    pub fn way(&self) -> f64 {
        match self {
            Self::Axes(given) => given.iter().flatten().fold(0.0, |m, v| m.max(v.abs())),
            Self::Normal(way) => way.abs(),
            Self::Solid(solid) => solid.way(),
            Self::Elastic { .. } => 0.0,
        }
    }
}

/// A support on faces of the model.
pub struct Support {
    pub object: Object,
    pub hold: Hold,
    pub faces: Vec<(usize, usize)>,
}

/// A given displacement beyond this share of the bodies' size bends the meaning of small displacements.
const WAY_LARGE: f64 = 0.1;

/// The supports that the study names, all where it names none.
pub fn read(
    case: &Case,
    resolved: &Resolved,
    parts: &[Part],
    faces_of: &dyn Fn(&Object, &mut Vec<Issue>) -> Vec<(usize, usize)>,
    issues: &mut Vec<Issue>,
) -> Vec<Support> {
    let study = case.study;
    let (chosen, free) = (study.refs("supports"), study.flag("free"));
    let mut supports = Vec::new();
    for object in case.design.section(Section::Support).filter(|o| !o.suppressed && !free) {
        if !chosen.is_empty() && !chosen.contains(&object.id) {
            continue;
        }
        let mut hold = match hold_of(object, resolved) {
            Ok(Some(hold)) => hold,
            Ok(None) => continue,
            Err(issue) => {
                issues.push(issue);
                continue;
            }
        };
        let faces = faces_of(object, issues);
        if let Hold::Solid(solid) = &mut hold {
            solid.reach = reach(case.model, &faces, solid.point);
        }
        if object.kind == "symmetry" {
            symmetry::check_planar(case.model, parts, object, &faces, issues);
        }
        supports.push(Support { object: object.clone(), hold, faces });
    }
    if supports.is_empty() && !chosen.is_empty() && !free {
        let message = "None of its supports acts: they are suppressed or gone; activate one, or choose others";
        issues.push(Issue::error(study, "supports", message));
    }
    supports
}

/// From `point` to the farthest place of faces, m.
fn reach(model: &Model, faces: &[(usize, usize)], point: DVec3) -> f64 {
    let surface = |body: usize| model.bodies[body].body.surface();
    let on = |(body, face): &(usize, usize)| {
        let (surface, face) = (surface(*body), *face);
        let triangles = surface.triangles.iter().zip(&surface.face_of).filter(move |t| *t.1 as usize == face);
        triangles.flat_map(|t| t.0.map(|n| point.distance(surface.points[n as usize].into()))).fold(0.0, f64::max)
    };
    faces.iter().map(on).fold(0.0, f64::max)
}

/// How a support object holds; `None` for a kind that is no support of this build.
fn hold_of(object: &Object, resolved: &Resolved) -> Result<Option<Hold>, Issue> {
    let number = |key: &str| resolved.number(object, key);
    Ok(Some(match object.kind.as_str() {
        "fixed" => Hold::FIXED,
        "sliding" | "symmetry" => Hold::Normal(0.0),
        "displacement" if object.choice("by") == "normal" => Hold::Normal(number("normal")?),
        "displacement" => {
            let mut given = [None; 3];
            for (given, axis) in given.iter_mut().zip(["x", "y", "z"]) {
                if object.choice(&format!("along_{axis}")) == "given" {
                    *given = Some(number(axis)?);
                }
            }
            if given.iter().all(Option::is_none) {
                return Err(Issue::error(object, "along_x", "Nothing is given: give it at least one component"));
            }
            Hold::Axes(given)
        }
        "remote_displacement" => {
            let point = resolved.vector(object, "point")?.into();
            let (mut ways, mut turns) = ([None; 3], [None; 3]);
            for (k, axis) in ["x", "y", "z"].into_iter().enumerate() {
                if object.choice(&format!("along_{axis}")) == "given" {
                    ways[k] = Some(number(axis)?);
                }
                if object.choice(&format!("about_{axis}")) == "given" {
                    turns[k] = Some(number(&format!("r{axis}"))?);
                }
            }
            if ways.iter().chain(&turns).all(Option::is_none) {
                return Err(Issue::error(object, "along_x", "Nothing is given: give it at least one way or turn"));
            }
            Hold::Solid(Solid { point, ways, turns, reach: 0.0 })
        }
        "elastic" => {
            let (normal, tangential) = (number("stiffness")?, number("tangential")?);
            if normal == 0.0 && tangential == 0.0 {
                return Err(Issue::error(object, "stiffness", "Its stiffness is zero: it holds nothing"));
            }
            Hold::Elastic { normal, tangential }
        }
        _ => return Ok(None),
    }))
}

impl Setup<'_> {
    /// The largest displacement that a support gives, m.
    pub fn way(&self) -> f64 {
        self.supports.iter().map(|s| s.hold.way()).fold(0.0, f64::max)
    }

    /// Says what faces that move as one solid piece cannot be: in the instant method, and in two pieces at once.
    pub(super) fn check_solid(&self, case: &Case, issues: &mut Vec<Issue>) {
        let mut solid = Vec::new();
        for s in self.supports.iter().filter(|s| matches!(s.hold, Hold::Solid(_))) {
            if self.method == Method::Instant {
                let message = format!(
                    "{}: a remote displacement needs body-fitted elements; choose the method Verified",
                    s.object.name
                );
                issues.push(Issue::error(case.study, "method", message));
            }
            solid.push(s);
        }
        for (k, s) in solid.iter().enumerate() {
            let other = solid[..k].iter().find(|o| o.faces.iter().any(|f| s.faces.contains(f)));
            if let Some(other) = other {
                let message = format!(
                    "{} moves faces that {} moves, too: a face is one solid piece once; let one of them leave it out",
                    s.object.name, other.object.name
                );
                issues.push(Issue::error(&s.object, "faces", message));
            }
        }
    }

    /// Says where displacements are given that are far too large, or that two supports give differently.
    pub(super) fn check_ways(&self, case: &Case, issues: &mut Vec<Issue>) {
        let size = self.size();
        for s in self.supports.iter().filter(|s| s.hold.way() > WAY_LARGE * size) {
            issues.push(Issue::warning(
                &s.object,
                "by",
                format!(
                    "{}: it moves its faces by {:.4} mm, {:.0} % of the design's size; displacements are taken as small",
                    s.object.name,
                    s.hold.way() * 1e3,
                    100.0 * s.hold.way() / size
                ),
            ));
        }
        if self.way() == 0.0 {
            return;
        }
        for part in &self.parts {
            if let Some((one, other, at)) = self.contradiction(case, part) {
                let [x, y, z] = (at * 1e3).to_array();
                issues.push(Issue::error(
                    &one.object,
                    "faces",
                    format!(
                        "{} and {} give two different displacements where their faces meet, at ({x:.3}, {y:.3}, {z:.3}) mm: \
                         let one of them leave that face out, or give both the same",
                        one.object.name, other.object.name
                    ),
                ));
            }
        }
    }

    /// Two supports that cannot both be kept at a point of a part's surface, m.
    fn contradiction(&self, case: &Case, part: &Part) -> Option<(&Support, &Support, DVec3)> {
        let surface = case.model.bodies[part.index].body.surface();
        let corners = |s: &usize| {
            let faces = &self.supports[*s].faces;
            let on = |t: &usize| faces.contains(&(part.index, surface.face_of[*t] as usize));
            let corners = |t: usize| {
                let area = DVec3::from(surface.triangle_cross(t));
                surface.triangles[t].map(|n| (n, area))
            };
            (0..surface.triangles.len()).filter(on).flat_map(corners).collect::<Vec<_>>()
        };
        let held_by = |all: &[usize]| {
            let mut held = Constraints::<3>::new(surface.points.len());
            for s in all {
                match self.supports[*s].hold {
                    Hold::Normal(way) => hold::along(&mut held, corners(s).into_iter(), way),
                    Hold::Axes(given) => hold::axes(&mut held, corners(s).into_iter().map(|c| c.0), given),
                    // A support wins over a solid piece.
                    Hold::Solid(_) | Hold::Elastic { .. } => {}
                }
            }
            held
        };
        let rigid: Vec<usize> = (0..self.supports.len()).filter(|s| !self.supports[*s].hold.is_elastic()).collect();
        let mut owners: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for s in &rigid {
            for (n, _) in corners(s) {
                let owners = owners.entry(n).or_default();
                if owners.last() != Some(s) {
                    owners.push(*s);
                }
            }
        }
        let held = held_by(&rigid);
        let (n, of) = owners.iter().find(|(n, of)| of.len() > 1 && held.is_contradictory(**n))?;
        // Of several, the two that cannot be kept even alone; three may clash only together.
        let mut pairs = (0..of.len()).flat_map(|i| (0..i).map(move |j| (of[j], of[i])));
        let (a, b) = pairs.find(|(a, b)| held_by(&[*a, *b]).is_contradictory(*n)).unwrap_or((of[0], of[1]));
        Some((&self.supports[a], &self.supports[b], surface.points[*n as usize].into()))
    }
}
