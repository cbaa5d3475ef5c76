//! Planes of symmetry: what they cut, whether they can, and what share of the whole is left.

use super::load::Spin;
use super::setup::Setup;
use crate::design::{Issue, Object};
use crate::geometry::Model;
use crate::study::Case;
use crate::study::part::{Part, touching};
use glam::DVec3;

/// Off a plane, as a share of the bodies' size: what tessellation and files in single precision leave.
const FLAT: f64 = 1e-5;
/// Beyond a plane of symmetry, as a share of the size.
const BEYOND: f64 = 1e-3;
/// Cosine from which two normals are one direction, and below which they are square.
const SAME: f64 = 1.0 - 1e-6;
const SQUARE: f64 = 1e-3;

/// What a study of shapes says of a design cut at planes of symmetry.
pub const MODES: &str =
    "Cut at planes of symmetry, only symmetric modes are found; to find the others, model the uncut design";

/// A plane `n · p = offset` with `n` out of the body, m.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Plane {
    normal: DVec3,
    offset: f64,
}

/// The mean plane of a face and how far its points lie off it, m.
fn plane(model: &Model, (body, face): (usize, usize)) -> Option<(Plane, f64)> {
    let surface = model.bodies[body].body.surface();
    let triangles: Vec<usize> = (0..surface.triangles.len()).filter(|t| surface.face_of[*t] as usize == face).collect();
    let normal = triangles.iter().map(|t| DVec3::from(surface.triangle_cross(*t))).sum::<DVec3>().try_normalize()?;
    let heights: Vec<f64> = triangles
        .iter()
        .flat_map(|t| surface.triangles[*t])
        .map(|n| normal.dot(surface.points[n as usize].into()))
        .collect();
    let (low, high) = heights.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(*x), h.max(*x)));
    Some((Plane { normal, offset: 0.5 * (low + high) }, 0.5 * (high - low)))
}

fn size(parts: &[Part]) -> f64 {
    let length = |p: &Part| p.surface.bounds().map_or(0.0, |(lo, hi)| DVec3::from(hi).distance(lo.into()));
    parts.iter().map(length).fold(0.0, f64::max)
}

/// Says which faces of a symmetry are not planar.
pub(super) fn check_planar(
    model: &Model,
    parts: &[Part],
    object: &Object,
    faces: &[(usize, usize)],
    issues: &mut Vec<Issue>,
) {
    for face in faces {
        if plane(model, *face).is_some_and(|(_, off)| off <= FLAT * size(parts)) {
            continue;
        }
        let name = &model.bodies[face.0].body.surface().faces[face.1].name.0;
        issues.push(Issue::error(
            object,
            "faces",
            format!(
                "{name} is not planar: a plane of symmetry cuts in planar faces; pick those, or use a sliding support"
            ),
        ));
    }
}

impl Setup<'_> {
    /// Planes of symmetry, each once.
    fn planes(&self, case: &Case) -> Vec<Plane> {
        let mut out: Vec<Plane> = Vec::new();
        let near = FLAT * self.size();
        for face in self.supports.iter().filter(|s| s.object.kind == "symmetry").flat_map(|s| &s.faces) {
            let Some((p, _)) = plane(case.model, *face) else { continue };
            let same = |q: &Plane| {
                let cos = p.normal.dot(q.normal);
                cos.abs() > SAME && (p.offset - cos.signum() * q.offset).abs() <= 10.0 * near
            };
            if !out.iter().any(same) {
                out.push(p);
            }
        }
        out
    }

    /// Says where a body lies on both sides of a plane of symmetry: its mirror image would overlap it.
    pub(super) fn check_sides(&self, case: &Case, issues: &mut Vec<Issue>) {
        let groups = touching(&self.parts, self.cell(), &self.bonded);
        for support in self.supports.iter().filter(|s| s.object.kind == "symmetry") {
            for face in &support.faces {
                let Some((p, _)) = plane(case.model, *face) else { continue };
                let Some(group) = groups.iter().find(|g| g.contains(&face.0)) else { continue };
                let beyond = self.parts.iter().filter(|part| group.contains(&part.index)).find(|part| {
                    let out = |q: &[f64; 3]| p.normal.dot((*q).into()) - p.offset > BEYOND * self.size();
                    part.surface.points.iter().any(out)
                });
                if let Some(part) = beyond {
                    let name = &case.model.bodies[face.0].body.surface().faces[face.1].name.0;
                    issues.push(Issue::warning(
                        &support.object,
                        "faces",
                        format!(
                            "{} lies on both sides of the plane of {name}: the mirror image would overlap it. Is this \
                             face in the plane of symmetry?",
                            part.label
                        ),
                    ));
                }
            }
        }
    }

    /// Says what would not be its own mirror image: gravity across the plane, turning about an axis that crosses it aslant or
    /// runs beside it, a material whose directions lie aslant. Forces on faces may be anything: their image acts on the
    /// image of the face.
    pub(super) fn check_mirrored(&self, case: &Case, issues: &mut Vec<Issue>) {
        let size = self.size();
        for p in self.planes(case) {
            let [x, y, z] = p.normal.to_array();
            let plane = format!("the plane of symmetry with normal ({x:.3}, {y:.3}, {z:.3})");
            for c in &self.cases {
                if p.normal.dot(c.gravity).abs() > SQUARE * c.gravity.length() {
                    let message = format!(
                        "{}: gravity acts across {plane}, so in the mirror image it acts the other way; take the support \
                         off, or model the whole",
                        c.label
                    );
                    issues.push(Issue::warning(case.study, "supports", message));
                }
                let in_plane = |s: &Spin| {
                    p.normal.dot(s.axis).abs() < SQUARE && (p.normal.dot(s.point) - p.offset).abs() < BEYOND * size
                };
                if c.spins.iter().any(|s| !in_plane(s) && p.normal.dot(s.axis).abs() < SAME) {
                    let message = format!(
                        "{}: it turns about an axis that neither lies in nor stands square on {plane}: the mirror image \
                         would turn about another; move the axis, or model the whole",
                        c.label
                    );
                    issues.push(Issue::warning(case.study, "supports", message));
                }
            }
            for part in &self.parts {
                let Some(o) = &part.orthotropic else { continue };
                let square = |a: DVec3| a.dot(p.normal).abs() < SQUARE || a.dot(p.normal).abs() > SAME;
                if !(0..3).all(|i| square(o.frame.col(i))) {
                    let message = format!(
                        "{}: the directions of {} lie aslant of {plane}, so the mirror image has others; turn them, or \
                         model the whole",
                        part.label, o.name
                    );
                    issues.push(Issue::warning(case.study, "supports", message));
                }
            }
        }
    }

    /// What share of the whole the design is, in words; `None` without planes of symmetry.
    pub(super) fn share_of(&self, case: &Case) -> Option<String> {
        let planes = self.planes(case);
        let mut directions: Vec<DVec3> = Vec::new();
        for p in &planes {
            if !directions.iter().any(|d| d.dot(p.normal).abs() > SAME) {
                directions.push(p.normal);
            }
        }
        let n = planes.len();
        let square = (0..directions.len()).all(|i| (0..i).all(|j| directions[i].dot(directions[j]).abs() < SQUARE));
        let share = match (square, directions.len()) {
            (_, 0) => return None,
            (true, 1) => "one half",
            (true, 2) => "one quarter",
            (true, 3) => "one eighth",
            _ => "one sector",
        };
        let row = if n > directions.len() { " of a row that repeats between parallel planes" } else { "" };
        let planes = if n == 1 { "1 plane" } else { &format!("{n} planes") };
        Some(format!("{share}{row}, mirrored in {planes}: loads, mass and reactions are of this part alone"))
    }
}
