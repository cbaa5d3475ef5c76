//! Parting a triangle surface into faces, and naming them so that a new version of the same file keeps the names.

use super::Sides;
use super::{fit, primitive};
use crate::surface::{Edge, EdgeName, Face, FaceName, Shape, SurfaceMesh};
use std::collections::{BTreeMap, HashMap};

/// Step of the lattice that names are read off, as a fraction of the part: coarse enough that a re-export of the same
/// part, off by rounding, falls on the same place.
const NAME_STEP: f64 = 5e-3;

fn sub(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn unit(v: [f64; 3]) -> [f64; 3] {
    let length = dot(v, v).sqrt();
    if length > 0.0 { v.map(|c| c / length) } else { v }
}

/// Fills faces, normals and edges of a closed surface. `crease`: neighbours that meet at a larger angle are parted, rad.
/// `marks` (by triangle, or empty): neighbours of different marks are parted. `parts`: look for planes and cylinders inside
/// smooth regions; a surface made anew has none that are true, and many that are nearly.
pub(super) fn segment(
    feature: &str,
    surface: &mut SurfaceMesh,
    sides: &Sides,
    crease: f64,
    marks: &[u32],
    parts: bool,
) {
    let n = surface.triangles.len();
    let crosses: Vec<[f64; 3]> = (0..n).map(|t| surface.triangle_cross(t)).collect();
    let normals: Vec<[f64; 3]> = crosses.iter().map(|c| unit(*c)).collect();
    let cosine = crease.cos();
    let neighbour = |t: usize, k: usize| {
        let triangle = surface.triangles[t];
        sides.get(&(triangle[(k + 1) % 3], triangle[k])).map(|t| *t as usize)
    };

    // Regions: flood across every side that is no crease. Slivers have no normal to speak of and part nothing.
    const NONE: u32 = u32::MAX;
    let mut region = vec![NONE; n];
    let mut regions: Vec<Vec<u32>> = Vec::new();
    let smooth =
        |a: usize, b: usize| dot(normals[a], normals[b]) >= cosine || normals[a] == [0.0; 3] || normals[b] == [0.0; 3];
    for seed in 0..n {
        if region[seed] != NONE {
            continue;
        }
        let id = regions.len() as u32;
        region[seed] = id;
        let mut members = vec![seed as u32];
        let mut next = 0;
        while next < members.len() {
            let t = members[next] as usize;
            next += 1;
            for k in 0..3 {
                if let Some(other) = neighbour(t, k)
                    && region[other] == NONE
                    && smooth(t, other)
                    && marks.get(t) == marks.get(other)
                {
                    region[other] = id;
                    members.push(other as u32);
                }
            }
        }
        regions.push(members);
    }

    let size = surface.bounds().map_or(1.0, |(lo, hi)| {
        let d = sub(hi, lo);
        dot(d, d).sqrt()
    });
    // A region that is neither plane nor cylinder may hold some, joined by fillets without a crease.
    let mut parted: Vec<(Vec<u32>, Option<Shape>)> = Vec::with_capacity(regions.len());
    for members in regions {
        match fit::fit(surface, &members, &crosses, size) {
            Shape::Freeform if parts => parted.extend(primitive::part(surface, &members, &crosses, sides, size)),
            shape => parted.push((members, Some(shape))),
        }
    }
    for (id, (members, _)) in parted.iter().enumerate() {
        members.iter().for_each(|t| region[*t as usize] = id as u32);
    }
    let step = 10f64.powi((NAME_STEP * size).log10().round() as i32);
    let mut faces: Vec<Face> = Vec::with_capacity(parted.len());
    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    // The largest first, so that of two faces at one place the same one is numbered second in the next version.
    let mut order: Vec<(f64, usize)> = parted
        .iter()
        .enumerate()
        .map(|(i, (members, _))| {
            (members.iter().map(|t| dot(crosses[*t as usize], crosses[*t as usize]).sqrt() / 2.0).sum(), i)
        })
        .collect();
    order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut face_of_region = vec![0; parted.len()];
    for (area, i) in order {
        let (members, shape) = &parted[i];
        let shape = shape.unwrap_or(Shape::Freeform);
        let mut centre = [0.0; 3];
        for t in members {
            let weight = dot(crosses[*t as usize], crosses[*t as usize]).sqrt() / 2.0 / area.max(f64::MIN_POSITIVE);
            for p in surface.triangles[*t as usize] {
                for (c, x) in centre.iter_mut().zip(surface.points[p as usize]) {
                    *c += weight * x / 3.0;
                }
            }
        }
        let kind = match shape {
            Shape::Plane { .. } => "plane",
            Shape::Cylinder { .. } => "cylinder",
            _ => "face",
        };
        // Millimetres on the lattice; adding zero keeps a minus from a zero.
        let [x, y, z] = centre.map(|c| (c / step).round() * step * 1e3 + 0.0);
        let digits = (-(step * 1e3).log10().round()).max(0.0) as usize;
        let base = format!("{kind} at {x:.digits$}, {y:.digits$}, {z:.digits$}");
        let count = taken.entry(base.clone()).or_insert(0);
        *count += 1;
        let part = if *count == 1 { base } else { format!("{base} ~{count}") };
        face_of_region[i] = faces.len() as u32;
        faces.push(Face { name: FaceName(format!("{feature}.{part}")), shape, area });
    }

    let face_of: Vec<u32> = region.iter().map(|r| face_of_region[*r as usize]).collect();
    let corner_normals = corner_normals(surface, &face_of, &crosses);
    let edges = edges(surface, sides, &face_of, &faces);
    surface.normals = corner_normals;
    surface.face_of = face_of;
    surface.faces = faces;
    surface.edges = edges;
}

/// Normals averaged by area within a face, so that curved faces look smooth and creases stay sharp.
pub(in crate::geometry) fn corner_normals(
    surface: &SurfaceMesh,
    face_of: &[u32],
    crosses: &[[f64; 3]],
) -> Vec<[[f32; 3]; 3]> {
    let mut sums: HashMap<(u32, u32), [f64; 3]> = HashMap::with_capacity(surface.points.len());
    for (t, triangle) in surface.triangles.iter().enumerate() {
        for p in triangle {
            let sum = sums.entry((*p, face_of[t])).or_insert([0.0; 3]);
            (0..3).for_each(|k| sum[k] += crosses[t][k]);
        }
    }
    surface
        .triangles
        .iter()
        .enumerate()
        .map(|(t, triangle)| triangle.map(|p| unit(sums[&(p, face_of[t])]).map(|c| c as f32)))
        .collect()
}

/// Polylines between faces, each from one meeting of three faces to the next, or round.
pub(in crate::geometry) fn edges(surface: &SurfaceMesh, sides: &Sides, face_of: &[u32], faces: &[Face]) -> Vec<Edge> {
    // Each border side once, as seen from the face with the lower number, by that pair of faces.
    let mut borders: BTreeMap<(u32, u32), BTreeMap<u32, Vec<u32>>> = BTreeMap::new();
    let mut degree: HashMap<u32, u32> = HashMap::new();
    for (t, triangle) in surface.triangles.iter().enumerate() {
        for k in 0..3 {
            let (a, b) = (triangle[k], triangle[(k + 1) % 3]);
            let Some(other) = sides.get(&(b, a)) else { continue };
            let (f, g) = (face_of[t], face_of[*other as usize]);
            if f < g {
                borders.entry((f, g)).or_default().entry(a).or_default().push(b);
                *degree.entry(a).or_default() += 1;
                *degree.entry(b).or_default() += 1;
            }
        }
    }
    let mut out = Vec::new();
    for ((f, g), mut from) in borders {
        let mut ends: HashMap<u32, u32> = HashMap::new();
        for to in from.values().flatten() {
            *ends.entry(*to).or_default() += 1;
        }
        // Open chains first: they begin where nothing of this pair ends, or where other edges meet.
        let mut starts: Vec<u32> = from
            .keys()
            .copied()
            .filter(|a| ends.get(a).copied().unwrap_or(0) == 0 || degree.get(a).copied().unwrap_or(0) != 2)
            .collect();
        starts.extend(from.keys().copied().collect::<Vec<_>>());
        let mut pieces: Vec<Vec<u32>> = Vec::new();
        for start in starts {
            while let Some(first) = take(&mut from, start) {
                let mut chain = vec![start, first];
                loop {
                    let last = chain[chain.len() - 1];
                    // A chain ends where it closes and where more than two border sides meet.
                    if last == start || degree.get(&last).copied().unwrap_or(0) != 2 {
                        break;
                    }
                    match take(&mut from, last) {
                        Some(next) => chain.push(next),
                        None => break,
                    }
                }
                pieces.push(chain);
            }
        }
        // Numbered by the middle of their box, along x, then y, then z, as exact edges are.
        let middle = |chain: &[u32]| -> [i64; 3] {
            std::array::from_fn(|k| {
                let (lo, hi) = chain
                    .iter()
                    .map(|p| surface.points[*p as usize][k])
                    .fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), c| (lo.min(c), hi.max(c)));
                (0.5 * (lo + hi) * 1e7).round() as i64
            })
        };
        pieces.sort_by_key(|chain| middle(chain));
        for (piece, points) in pieces.into_iter().enumerate() {
            let at = |p: u32| surface.points[p as usize];
            let length = points
                .windows(2)
                .map(|w| {
                    let d = sub(at(w[1]), at(w[0]));
                    dot(d, d).sqrt()
                })
                .sum();
            let name = EdgeName::between(faces[f as usize].name.clone(), faces[g as usize].name.clone(), piece as u32);
            out.push(Edge { name, points, length, radius: None });
        }
    }
    out
}

/// Takes one side that starts at `a`.
fn take(from: &mut BTreeMap<u32, Vec<u32>>, a: u32) -> Option<u32> {
    let list = from.get_mut(&a)?;
    let b = list.pop();
    if list.is_empty() {
        from.remove(&a);
    }
    b
}
