//! Bolts with preload, read off a design: which shanks, along which axis, how tight.

use super::setup::{FaceLoad, Method};
use super::support::Support;
use crate::design::schema::Section;
use crate::design::{Issue, Object, Resolved};
use crate::fitted::bolt::Cylinder;
use crate::geometry::select;
use crate::study::Case;
use crate::study::part::Part;
use crate::surface::{Shape, SurfaceMesh};
use glam::DVec3;
use std::f64::consts::TAU;

/// Two faces are of one shank up to this sine between their axes, and this share of the radius off each other: what a
/// fit to an imported file's triangles leaves.
const SAME: f64 = 1e-2;
/// A shank's faces cover this share of a cylinder at least, where planes through its axis cut it: a quarter with two planes
/// of symmetry. Without such planes the second holds.
const COVERED_MIN: f64 = 0.2;
const COVERED_WHOLE: f64 = 0.9;
/// A shortening beyond this share of the shank tears any bolt.
const SHORTENING_LARGE: f64 = 0.05;

/// How tight a bolt is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Preload {
    /// Pull in the shank once all bolts are tightened, N.
    Force(f64),
    /// How much shorter the shank gets, m.
    Shortening(f64),
}

/// One bolt.
#[derive(Clone, Debug, PartialEq)]
pub struct Bolt {
    pub object: Object,
    pub label: String,
    /// Index into the parts.
    pub part: usize,
    pub cylinder: Cylinder,
    /// `(body, face)` of the model.
    pub faces: Vec<(usize, usize)>,
    pub preload: Preload,
}

/// A cylindrical face whose outside is away from the axis.
struct Wall {
    cylinder: Cylinder,
    /// m²
    area: f64,
}

/// The bolts of a study that is loaded, and what is wrong with them.
pub fn read(case: &Case, resolved: &Resolved, parts: &[Part], issues: &mut Vec<Issue>) -> Vec<Bolt> {
    let mut bolts: Vec<Bolt> = Vec::new();
    for object in case.design.section(Section::Load).filter(|o| o.kind == "bolt_preload" && !o.suppressed) {
        if case.study.kind != "static" {
            let message = format!("{} is left out: the load case alone is what loads the design here", object.name);
            issues.push(Issue::warning(case.study, "cases", message));
            continue;
        }
        let preload = match preload(object, resolved) {
            Ok(preload) => preload,
            Err(issue) => {
                issues.push(issue);
                continue;
            }
        };
        let (faces, found) = select::faces(case.design, case.model, object);
        issues.extend(found);
        if faces.is_empty() {
            issues.push(Issue::error(object, "faces", "It has no face left to act on: pick the shank's cylinder"));
            continue;
        }
        let first = bolts.len();
        let mut areas: Vec<f64> = Vec::new();
        for face in &faces {
            let Some(part) = parts.iter().position(|p| p.index == face.0) else { continue };
            let wall = match wall(parts[part].surface, face.1) {
                Ok(wall) => wall,
                Err(message) => {
                    issues.push(Issue::error(object, "faces", message));
                    continue;
                }
            };
            if let Some(other) = bolts[..first].iter().find(|b| b.faces.contains(face)) {
                let message = format!("{} preloads one of its faces already", other.object.name);
                issues.push(Issue::error(object, "faces", message));
            }
            let own =
                (first..bolts.len()).find(|b| bolts[*b].part == part && coaxial(&bolts[*b].cylinder, &wall.cylinder));
            match own {
                Some(b) => {
                    let of = bolts[b].cylinder;
                    let [from, to] =
                        wall.cylinder.ends.map(|s| of.place(wall.cylinder.point + wall.cylinder.axis * s).0);
                    let ends = &mut bolts[b].cylinder.ends;
                    *ends = [ends[0].min(from.min(to)), ends[1].max(from.max(to))];
                    bolts[b].faces.push(*face);
                    areas[b - first] += wall.area;
                }
                None => {
                    let cylinder = wall.cylinder;
                    bolts.push(Bolt {
                        object: object.clone(),
                        label: object.name.clone(),
                        part,
                        cylinder,
                        faces: vec![*face],
                        preload,
                    });
                    areas.push(wall.area);
                }
            }
        }
        let own = &mut bolts[first..];
        if own.is_empty() && !issues.iter().any(|i| i.object == object.id) {
            let message = format!("{}: its bolts belong to bodies that this study leaves out", object.name);
            issues.push(Issue::warning(object, "faces", message));
        }
        let several = own.len() > 1;
        for (k, (bolt, area)) in own.iter_mut().zip(areas).enumerate() {
            if several {
                bolt.label = format!("{} {}", object.name, k + 1);
            }
            issues.extend(fault(bolt, parts[bolt.part].surface, area));
        }
    }
    bolts
}

fn preload(object: &Object, resolved: &Resolved) -> Result<Preload, Issue> {
    Ok(if object.choice("by") == "length" {
        Preload::Shortening(resolved.number(object, "length")?)
    } else {
        Preload::Force(resolved.number(object, "force")?)
    })
}

/// Whether a plane face passes through the axis.
fn is_cut(surface: &SurfaceMesh, cylinder: &Cylinder) -> bool {
    surface.faces.iter().any(|face| {
        let Shape::Plane { point, normal } = face.shape else { return false };
        let normal = DVec3::from(normal);
        let off = (DVec3::from(point) - cylinder.point).dot(normal);
        normal.dot(cylinder.axis).abs() < SAME && off.abs() < SAME * cylinder.radius
    })
}

/// What is odd about a bolt whose faces have this area, m².
fn fault(bolt: &Bolt, surface: &SurfaceMesh, area: f64) -> Option<Issue> {
    let Cylinder { radius, ends: [from, to], .. } = bolt.cylinder;
    let covered = area / (TAU * radius * (to - from));
    let least = if is_cut(surface, &bolt.cylinder) { COVERED_MIN } else { COVERED_WHOLE };
    if covered < least {
        let message = format!(
            "{}: its faces cover {:.0} % of a cylinder, as a rounded edge does; pick all faces of the bolt's shank, or cut it \
             at planes through its axis",
            bolt.label,
            100.0 * covered
        );
        return Some(Issue::error(&bolt.object, "faces", message));
    }
    match bolt.preload {
        Preload::Shortening(way) if way > SHORTENING_LARGE * (to - from) => {
            let share = 100.0 * way / (to - from);
            let message =
                format!("{}: it shortens its shank by {share:.0} %, which no bolt bears; check the unit", bolt.label);
            Some(Issue::warning(&bolt.object, "length", message))
        }
        _ => None,
    }
}

/// The cylinder of a face, or why it is no shank.
fn wall(surface: &SurfaceMesh, face: usize) -> Result<Wall, String> {
    let name = &surface.faces[face].name.0;
    let Shape::Cylinder { point, axis, radius } = surface.faces[face].shape else {
        return Err(format!("{name} is not a cylinder: pick the cylindrical face of the bolt's shank"));
    };
    let axis = DVec3::from(axis).normalize_or_zero();
    let mut cylinder = Cylinder { point: point.into(), axis, radius, ends: [f64::INFINITY, f64::NEG_INFINITY] };
    let (mut outwards, mut area) = (0.0, 0.0);
    for t in (0..surface.triangles.len()).filter(|t| surface.face_of[*t] as usize == face) {
        let cross = DVec3::from(surface.triangle_cross(t));
        let corners = surface.triangles[t].map(|n| DVec3::from(surface.points[n as usize]));
        let r = (corners[0] + corners[1] + corners[2]) / 3.0 - cylinder.point;
        outwards += cross.dot(r - axis * r.dot(axis));
        area += 0.5 * cross.length();
        for p in corners {
            let (along, _) = cylinder.place(p);
            cylinder.ends = [cylinder.ends[0].min(along), cylinder.ends[1].max(along)];
        }
    }
    if outwards <= 0.0 {
        return Err(format!(
            "{name} is the wall of a hole: pick the cylindrical face of the bolt that passes through it"
        ));
    }
    Ok(Wall { cylinder, area })
}

fn coaxial(a: &Cylinder, b: &Cylinder) -> bool {
    let near = SAME * a.radius;
    a.axis.cross(b.axis).length() < SAME && (a.radius - b.radius).abs() < near && a.place(b.point).1 < near
}

/// What a study cannot do with its bolts.
pub fn check(
    case: &Case,
    method: Method,
    bolts: &[Bolt],
    supports: &[Support],
    loads: &[FaceLoad],
    issues: &mut Vec<Issue>,
) {
    let Some(first) = bolts.first() else { return };
    if method == Method::Instant {
        let message =
            format!("{}: bolt preload needs body-fitted elements; choose the method Verified", first.object.name);
        issues.push(Issue::error(case.study, "method", message));
    }
    for bolt in bolts {
        let holds = supports.iter().map(|s| (&s.object, &s.faces));
        let rigid = loads.iter().filter(|l| l.rigid).map(|l| (&l.object, &l.faces));
        for (object, faces) in holds.chain(rigid) {
            if faces.iter().any(|f| bolt.faces.contains(f)) {
                let message = format!(
                    "{}: {} holds its shank, which then cannot get shorter; leave that face out",
                    bolt.label, object.name
                );
                issues.push(Issue::error(object, "faces", message));
            }
        }
    }
}
