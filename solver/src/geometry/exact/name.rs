//! Names from provenance: which feature, and which part of it, made each face and edge.

use super::Solid;
use super::refuse::Refusal;
use crate::surface::{EdgeName, FaceName};
use arris::topo::provenance::{BoxPart, Coord, CylinderPart, Role, Side, SweepPart};
use arris::topo::{Body, EdgeId, EntityId, FaceId, Model, Origin, Provenance};
use std::collections::BTreeMap;

/// Midpoints closer than this are at the same place, mm: the kernel's own tolerance.
const PLACE_TOLERANCE: f64 = 1e-7;

/// The part of a primitive or a sweep that a role means; `None` for edges, vertices and whole bodies.
pub(super) fn part_of(role: Role) -> Option<String> {
    Some(match role {
        Role::Box(BoxPart::Face(coord, side)) => match (coord, side) {
            (Coord::X, Side::Min) => "left",
            (Coord::X, Side::Max) => "right",
            (Coord::Y, Side::Min) => "front",
            (Coord::Y, Side::Max) => "back",
            (Coord::Z, Side::Min) => "bottom",
            (Coord::Z, Side::Max) => "top",
        }
        .into(),
        Role::Cylinder(CylinderPart::Wall) => "wall".into(),
        Role::Cylinder(CylinderPart::BottomCap) => "bottom".into(),
        Role::Cylinder(CylinderPart::TopCap) => "top".into(),
        Role::Extrude(part) | Role::Revolve(part) => match part {
            SweepPart::StartCap => "start".into(),
            SweepPart::EndCap => "end".into(),
            SweepPart::Side { loop_index: 0, segment } => format!("side{}", segment + 1),
            SweepPart::Side { loop_index, segment } => format!("hole{loop_index}_side{}", segment + 1),
            _ => return None,
        },
        _ => return None,
    })
}

/// Names of a fresh solid: `feature.part`, the part as `rename` wants it.
pub(super) fn fresh(
    feature: &str,
    record: &Provenance,
    rename: &dyn Fn(String) -> String,
) -> BTreeMap<FaceId, FaceName> {
    let mut names = BTreeMap::new();
    for origin in record.origins_recorded() {
        let Origin::Role(role) = origin else { continue };
        let Some(part) = part_of(role) else { continue };
        let name = FaceName(format!("{feature}.{}", rename(part)));
        for shape in record.generated_from(origin) {
            if let EntityId::Face(face) = shape.id {
                names.insert(face, name.clone());
            }
        }
    }
    names
}

/// Names of the faces of `body`, which an operation made from `operands`: a piece keeps its origin's name.
///
/// # Errors
/// A refusal when the kernel's record accounts for no origin of a face: a name is never invented.
pub(super) fn carried(
    model: &Model,
    body: Body,
    record: &Provenance,
    operands: &[&Solid],
) -> Result<BTreeMap<FaceId, FaceName>, Refusal> {
    let old = |face: &FaceId| {
        operands.iter().enumerate().find_map(|(rank, o)| o.names.get(face).map(|name| (rank, name.clone())))
    };
    // Where a face comes from two (flush faces kept once), the earlier operand's name stands.
    let mut made: BTreeMap<FaceId, (usize, FaceName)> = BTreeMap::new();
    for origin in record.origins_recorded() {
        let Origin::Entity(from) = origin else { continue };
        let EntityId::Face(from) = from.id else { continue };
        let Some(candidate) = old(&from) else { continue };
        for shape in record.modified_from(origin).iter().chain(record.generated_from(origin)) {
            if let EntityId::Face(face) = shape.id {
                let slot = made.entry(face).or_insert_with(|| candidate.clone());
                if candidate < *slot {
                    *slot = candidate.clone();
                }
            }
        }
    }
    finish(model, body, |face| made.get(&face).map(|(_, n)| n.clone()).or_else(|| old(&face).map(|(_, n)| n)))
}

/// Names of the faces after a blend: a blend face is told by the edge, or the corner, it was rolled along.
///
/// # Errors
/// As [`carried`].
pub(super) fn blended(
    model: &Model,
    body: Body,
    record: &Provenance,
    solid: &Solid,
    feature: &str,
    part: &str,
    edges: &[(EdgeId, EdgeName)],
) -> Result<BTreeMap<FaceId, FaceName>, Refusal> {
    let mut from_edges: BTreeMap<FaceId, Vec<&EdgeName>> = BTreeMap::new();
    let mut from_face: BTreeMap<FaceId, FaceName> = BTreeMap::new();
    for origin in record.origins_recorded() {
        let Origin::Entity(from) = origin else { continue };
        for shape in record.modified_from(origin).iter().chain(record.generated_from(origin)) {
            let EntityId::Face(face) = shape.id else { continue };
            match from.id {
                EntityId::Edge(edge) => {
                    if let Some((_, name)) = edges.iter().find(|(id, _)| *id == edge) {
                        from_edges.entry(face).or_default().push(name);
                    }
                }
                EntityId::Face(from) => {
                    if let Some(name) = solid.names.get(&from) {
                        from_face.entry(face).or_insert_with(|| name.clone());
                    }
                }
                _ => {}
            }
        }
    }
    finish(model, body, |face| {
        if let Some(name) = from_face.get(&face).or_else(|| solid.names.get(&face)) {
            return Some(name.clone());
        }
        let edges = from_edges.get(&face)?;
        let mut faces: Vec<&str> = edges.iter().flat_map(|e| e.faces.iter().map(|f| f.0.as_str())).collect();
        faces.sort_unstable();
        faces.dedup();
        let (part, mut of) = match edges.as_slice() {
            [edge] => (part, faces.join("|") + &piece_suffix(edge.piece)),
            _ => ("corner", faces.join("|")),
        };
        // A blend of a blend of a blend would repeat its ancestors without end: beyond this, a digest stands for them.
        const NESTED_CHARS_MAX: usize = 160;
        if of.len() > NESTED_CHARS_MAX {
            of = blake3::hash(of.as_bytes()).to_hex()[..12].to_string();
        }
        Some(FaceName(format!("{feature}.{part}({of})")))
    })
}

fn piece_suffix(piece: u32) -> String {
    if piece == 0 { String::new() } else { format!("~{}", piece + 1) }
}

fn finish(
    model: &Model,
    body: Body,
    name: impl Fn(FaceId) -> Option<FaceName>,
) -> Result<BTreeMap<FaceId, FaceName>, Refusal> {
    let faces = model.faces(body).map_err(|e| Refusal::broken(e.to_string()))?;
    faces
        .into_iter()
        .map(|f| match name(f.id) {
            Some(name) => Ok((f.id, name)),
            None => Err(Refusal::broken(format!("the kernel did not say where {} comes from", f.id))),
        })
        .collect()
}

/// Every real edge of a solid with its name: no seams, no points.
///
/// Edges that share a pair of faces are numbered by the middle of their box, along x, then y, then z.
pub(in crate::geometry) fn edges(model: &Model, solid: &Solid) -> Vec<(EdgeId, EdgeName)> {
    let mut sides: BTreeMap<EdgeId, Vec<FaceId>> = BTreeMap::new();
    for face in model.faces(solid.body).unwrap_or_default() {
        let Ok(entity) = model.face(face.id) else { continue };
        for coedge in entity.loops().iter().flat_map(|l| l.coedges()) {
            sides.entry(coedge.edge()).or_default().push(face.id);
        }
    }
    let mut by_pair: BTreeMap<[&FaceName; 2], Vec<([f64; 3], EdgeId)>> = BTreeMap::new();
    for (edge, faces) in sides {
        let [a, b] = faces[..] else { continue };
        if a == b {
            continue;
        }
        let Some((curve, range)) = model.edge(edge).ok().and_then(|e| e.curve()) else { continue };
        let Some(middle) = model.curve(curve).ok().and_then(|c| c.bounds(range)).map(|b| b.center()) else { continue };
        let (Some(a), Some(b)) = (solid.names.get(&a), solid.names.get(&b)) else { continue };
        by_pair.entry(if a <= b { [a, b] } else { [b, a] }).or_default().push((middle, edge));
    }
    let mut out = Vec::new();
    for ([a, b], mut edges) in by_pair {
        edges.sort_by(|(p, i), (q, j)| place(*p).cmp(&place(*q)).then(i.cmp(j)));
        for (piece, (_, edge)) in edges.into_iter().enumerate() {
            out.push((edge, EdgeName::between(a.clone(), b.clone(), piece as u32)));
        }
    }
    out.sort_by_key(|(edge, _)| *edge);
    out
}

/// A point on a lattice coarser than rounding, so that equal coordinates compare equal and the next axis decides.
fn place(p: [f64; 3]) -> [i64; 3] {
    p.map(|c| (c / (1e3 * PLACE_TOLERANCE)).round() as i64)
}
