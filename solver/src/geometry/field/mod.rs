//! The field kernel: solids as signed distance, whose booleans, blends and offsets cannot fail.
//!
//! A leaf is the sampled distance to a closed surface, which any solid has: an exact one through its tessellation, an
//! imported one as it is. Combining is `min` and `max`; a smooth combination is the polynomial minimum of Quilez. What
//! comes out is bounded below by the true distance, so cells far from zero are skipped, and the rest is contoured.

mod contour;
mod form;
mod round;
mod sampled;
mod tidy;
mod untangle;

pub(super) use contour::{Contour, contour_in};
pub(super) use form::Form;
pub(super) use round::{TURN_MIN, round};
pub(super) use sampled::Frame;
pub(crate) use sampled::Sampled;

use super::imported::{MeshBody, Soup};
use super::plan::{Operation, Placement};
use crate::geometry::{Body, Resolution};
use crate::surface::{Face, FaceName, MassProperties, Representation, Shape, SurfaceMesh};
use std::sync::Arc;

type Vec3 = [f64; 3];

/// An implicit solid.
pub(super) enum Node {
    Leaf(Arc<MeshBody>),
    Combine {
        operation: Operation,
        a: Arc<Node>,
        b: Arc<Node>,
        /// Radius of the transition, m; 0 is sharp.
        smooth: f64,
        /// Name of the transition's face.
        blend: FaceName,
    },
    /// `base` with what `tool` changes kept only within `reach` of a curve: a blend of some edges, not of all.
    /// `fills`: the change adds material (a concave edge); else it takes some away.
    Near {
        base: Arc<Node>,
        changed: Arc<Node>,
        curve: Arc<Curve>,
        reach: f64,
        fills: bool,
    },
    /// `distance − by` of a surface, under one name.
    Offset {
        of: Arc<MeshBody>,
        by: f64,
        blend: FaceName,
    },
    /// Within `by` of the triangles of a surface, which need not close, under one name.
    Shell {
        of: Arc<MeshBody>,
        by: f64,
        name: FaceName,
    },
    /// Where sampled values exceed `level`, under one name.
    Above {
        samples: Arc<Sampled>,
        frame: Frame,
        level: f64,
        name: FaceName,
    },
    /// Triangles of a file that do not close, under one name: only to be made a closed surface of.
    Soup {
        soup: Arc<Soup>,
        name: FaceName,
    },
}

/// A polyline that blends follow, m.
pub(super) struct Curve {
    pub segments: Vec<[Vec3; 2]>,
}

impl Curve {
    fn distance(&self, p: Vec3) -> f64 {
        let mut best = f64::INFINITY;
        for [a, b] in &self.segments {
            let (ab, ap) = (sub(*b, *a), sub(p, *a));
            let t = (dot(ab, ap) / dot(ab, ab).max(f64::MIN_POSITIVE)).clamp(0.0, 1.0);
            let d = sub(ap, ab.map(|c| c * t));
            best = best.min(dot(d, d));
        }
        best.sqrt()
    }
}

/// Where a point stands: distance, direction of steepest growth, and the face that decides it.
#[derive(Clone, Copy)]
struct Sample<'a> {
    distance: f64,
    gradient: Vec3,
    /// How fast `distance` grows along it: 1 where that is one, less where it is only bounded by one.
    steep: f64,
    face: Origin<'a>,
    /// The leaf's inside is the solid's outside here.
    inverted: bool,
}

/// The face of a leaf, or a blend by name.
#[derive(Clone, Copy)]
enum Origin<'a> {
    Face { leaf: &'a MeshBody, face: u32 },
    Blend(&'a FaceName),
}

impl Origin<'_> {
    fn name(&self) -> FaceName {
        match self {
            Origin::Face { leaf, face } => leaf.surface().faces[*face as usize].name.clone(),
            Origin::Blend(name) => (*name).clone(),
        }
    }

    fn shape(&self, inverted: bool) -> Shape {
        match self {
            Origin::Face { leaf, face } => match leaf.surface().faces[*face as usize].shape {
                // A plane's normal points out of the body it bounds now.
                Shape::Plane { point, normal } if inverted => Shape::Plane { point, normal: normal.map(|c| -c) },
                shape => shape,
            },
            Origin::Blend(_) => Shape::Freeform,
        }
    }

    /// Equal for samples of one face of one leaf.
    fn key(&self) -> (usize, u32) {
        match self {
            Origin::Face { leaf, face } => (std::ptr::from_ref(*leaf) as usize, *face),
            Origin::Blend(name) => (std::ptr::from_ref(*name) as usize, u32::MAX),
        }
    }
}

fn sub(a: Vec3, b: Vec3) -> Vec3 {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

fn dot(a: Vec3, b: Vec3) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn unit(v: Vec3) -> Vec3 {
    let length = dot(v, v).sqrt();
    if length > 0.0 { v.map(|c| c / length) } else { v }
}

impl Node {
    /// Whether no surface is as near to `p` as `radius`, m. The distance tells, where that grows no faster than the way.
    fn is_clear(&self, p: Vec3, radius: f64) -> bool {
        match self {
            Self::Soup { soup, .. } => soup.is_clear(p, radius),
            _ => self.sample(p).distance.abs() > radius,
        }
    }

    /// Edge of the smallest block, in cells, for which [`Self::is_clear`] costs less than the corners inside it.
    fn block_min(&self) -> i32 {
        if matches!(self, Self::Soup { .. }) { 1 } else { 3 }
    }

    fn sample(&self, p: Vec3) -> Sample<'_> {
        match self {
            Self::Soup { soup, name } => {
                let (distance, gradient) = soup.sample(p);
                Sample {
                    distance,
                    gradient: gradient.to_array(),
                    steep: 1.0,
                    face: Origin::Blend(name),
                    inverted: false,
                }
            }
            Self::Leaf(body) => leaf(body, p, 0.0),
            Self::Shell { of, by, name } => shell(of, p, *by, name),
            Self::Above { samples, frame, level, name } => {
                let (value, rise) = samples.read(frame.inward(p));
                Sample {
                    distance: (level - value) * samples.reach(),
                    gradient: unit(frame.turn(rise).map(|c| -c)),
                    steep: dot(rise, rise).sqrt() * samples.reach(),
                    face: Origin::Blend(name),
                    inverted: false,
                }
            }
            Self::Offset { of, by, blend } => {
                let s = leaf(of, p, *by);
                Sample { face: Origin::Blend(blend), ..s }
            }
            Self::Combine { operation, a, b, smooth, blend } => {
                let (sa, mut sb) = (a.sample(p), b.sample(p));
                if *operation == Operation::Cut {
                    sb.distance = -sb.distance;
                    sb.gradient = sb.gradient.map(|c| -c);
                    sb.inverted = !sb.inverted;
                }
                // The minimum for a join; for cut and common the maximum, which is the minimum turned inside out.
                let sense = if matches!(operation, Operation::Join | Operation::New) { 1.0 } else { -1.0 };
                let (da, db) = (sense * sa.distance, sense * sb.distance);
                // At equal distance the target's face stands, as it does in the exact kernel.
                let mut out = if da <= db { sa } else { sb };
                if *smooth > 0.0 && (da - db).abs() < *smooth {
                    // min(a, b) − h²k/4 with h = 1 − |a − b|/k, source: Quilez, "smooth minimum", quadratic.
                    let h = 1.0 - (da - db).abs() / smooth;
                    out.distance = sense * (da.min(db) - h * h * smooth / 4.0);
                    let (near, far) = if da <= db { (sa, sb) } else { (sb, sa) };
                    let w = h / 2.0;
                    let (near_share, far_share) = ((1.0 - w) * near.steep, w * far.steep);
                    let slope = std::array::from_fn(|k| near_share * near.gradient[k] + far_share * far.gradient[k]);
                    (out.gradient, out.steep) = (unit(slope), dot(slope, slope).sqrt());
                    out.face = Origin::Blend(blend);
                }
                out
            }
            Self::Near { base, changed, curve, reach, fills } => {
                let (s, c) = (base.sample(p), changed.sample(p));
                // Inside the tube about the curve the change counts, outside the base stands; both written with
                // minimum and maximum only, so that no step appears where the tube ends.
                let tube = curve.distance(p) - reach;
                if *fills {
                    if c.distance.max(tube) >= s.distance { s } else { Sample { distance: c.distance.max(tube), ..c } }
                } else if c.distance.min(-tube) <= s.distance {
                    s
                } else {
                    Sample { distance: c.distance.min(-tube), ..c }
                }
            }
        }
    }

    /// Box of the leaves that can hold material.
    pub fn bounds(&self) -> Option<(Vec3, Vec3)> {
        let grow = |b: Option<(Vec3, Vec3)>, by: f64| b.map(|(lo, hi)| (lo.map(|c| c - by), hi.map(|c| c + by)));
        match self {
            Self::Leaf(body) => body.surface().bounds(),
            Self::Soup { soup, .. } => soup.bounds(),
            Self::Offset { of, by, .. } => grow(of.surface().bounds(), by.max(0.0)),
            Self::Shell { of, by, .. } => grow(of.surface().bounds(), *by),
            Self::Above { samples, frame, .. } => Some(frame.bounds(samples.bounds())),
            Self::Combine { operation, a, b, smooth, .. } => match operation {
                Operation::Cut => a.bounds(),
                Operation::Common => a.bounds(),
                Operation::Join | Operation::New => {
                    let union = match (a.bounds(), b.bounds()) {
                        (Some((l, h)), Some((m, i))) => {
                            Some((std::array::from_fn(|k| l[k].min(m[k])), std::array::from_fn(|k| h[k].max(i[k]))))
                        }
                        (one, other) => one.or(other),
                    };
                    grow(union, smooth / 4.0)
                }
            },
            Self::Near { base, changed, .. } => match (base.bounds(), changed.bounds()) {
                (Some((l, h)), Some((m, i))) => {
                    Some((std::array::from_fn(|k| l[k].min(m[k])), std::array::from_fn(|k| h[k].max(i[k]))))
                }
                (one, other) => one.or(other),
            },
        }
    }

    /// The plane a named face lies on: a point and the outward normal.
    pub fn plane(&self, name: &FaceName) -> Option<(Vec3, Vec3)> {
        match self {
            Self::Leaf(body) => body.surface().faces.iter().find(|f| f.name == *name).and_then(|f| match f.shape {
                Shape::Plane { point, normal } => Some((point, normal)),
                _ => None,
            }),
            Self::Offset { .. } | Self::Soup { .. } | Self::Shell { .. } | Self::Above { .. } => None,
            Self::Combine { operation, a, b, .. } => a.plane(name).or_else(|| {
                let (point, normal) = b.plane(name)?;
                let sign = if *operation == Operation::Cut { -1.0 } else { 1.0 };
                Some((point, normal.map(|c| c * sign)))
            }),
            Self::Near { base, .. } => base.plane(name),
        }
    }

    /// The same solid elsewhere; faces keep their names, with `suffix` appended.
    pub fn placed(&self, placement: &Placement, suffix: &str) -> Arc<Self> {
        let renamed = |name: &FaceName| FaceName(format!("{}{suffix}", name.0));
        let body = |b: &Arc<MeshBody>| Arc::new(b.placed(placement, suffix));
        Arc::new(match self {
            // Made closed before anything can be placed.
            Self::Soup { soup, name } => Self::Soup { soup: soup.clone(), name: renamed(name) },
            Self::Leaf(b) => Self::Leaf(body(b)),
            Self::Offset { of, by, blend } => Self::Offset { of: body(of), by: *by, blend: renamed(blend) },
            Self::Shell { of, by, name } => Self::Shell { of: body(of), by: *by, name: renamed(name) },
            Self::Above { samples, frame, level, name } => Self::Above {
                samples: samples.clone(),
                frame: frame.placed(placement),
                level: *level,
                name: renamed(name),
            },
            Self::Combine { operation, a, b, smooth, blend } => Self::Combine {
                operation: *operation,
                a: a.placed(placement, suffix),
                b: b.placed(placement, suffix),
                smooth: *smooth,
                blend: renamed(blend),
            },
            Self::Near { base, changed, curve, reach, fills } => Self::Near {
                base: base.placed(placement, suffix),
                changed: changed.placed(placement, suffix),
                curve: Arc::new(Curve {
                    segments: curve.segments.iter().map(|s| s.map(|p| moved(placement, p, true))).collect(),
                }),
                reach: *reach,
                fills: *fills,
            },
        })
    }
}

/// A closed surface of triangles that do not close, in `n_cells` cells along its diagonal, and the edge of a cell, m; `None`
/// when nothing is inside.
pub(super) fn rebuilt(soup: Arc<Soup>, n_cells: f64) -> Option<(SurfaceMesh, f64)> {
    let made = contour::contour_in(&Node::Soup { soup, name: FaceName("soup".into()) }, n_cells, &|_, _| {})?;
    Some((made.surface, made.cell))
}

fn leaf(body: &MeshBody, p: Vec3, offset: f64) -> Sample<'_> {
    let surface = body.surface();
    match body.distance().nearest(p, None) {
        Some(nearest) => Sample {
            distance: nearest.distance - offset,
            gradient: unit(surface.triangle_cross(nearest.triangle as usize)),
            steep: 1.0,
            face: Origin::Face { leaf: body, face: surface.face_of[nearest.triangle as usize] },
            inverted: false,
        },
        None => Sample {
            distance: f64::INFINITY,
            gradient: [0.0, 0.0, 1.0],
            steep: 1.0,
            face: Origin::Face { leaf: body, face: 0 },
            inverted: false,
        },
    }
}

fn shell<'a>(body: &MeshBody, p: Vec3, by: f64, name: &'a FaceName) -> Sample<'a> {
    let face = Origin::Blend(name);
    match body.distance().nearest(p, None) {
        Some(nearest) => {
            let away = sub(p, nearest.point);
            let distance = dot(away, away).sqrt();
            let gradient = if distance > 0.0 { away } else { body.surface().triangle_cross(nearest.triangle as usize) };
            Sample { distance: distance - by, gradient: unit(gradient), steep: 1.0, face, inverted: false }
        }
        None => Sample { distance: f64::INFINITY, gradient: [0.0, 0.0, 1.0], steep: 1.0, face, inverted: false },
    }
}

/// A point, or a direction, under a placement.
fn moved(placement: &Placement, p: Vec3, is_point: bool) -> Vec3 {
    match placement {
        Placement::Motion { origin, axis, angle, shift } => {
            let d = if is_point { sub(p, *origin) } else { p };
            let (sin, cos) = angle.sin_cos();
            let (i, j) = ((axis + 1) % 3, (axis + 2) % 3);
            let mut out = d;
            out[i] = cos * d[i] - sin * d[j];
            out[j] = sin * d[i] + cos * d[j];
            if is_point { std::array::from_fn(|k| out[k] + origin[k] + shift[k]) } else { out }
        }
        Placement::Mirror { origin, axis } => {
            let mut out = p;
            out[*axis] = if is_point { 2.0 * origin[*axis] - p[*axis] } else { -p[*axis] };
            out
        }
    }
}

/// A shape under a placement.
fn moved_shape(placement: &Placement, shape: Shape) -> Shape {
    let point = |p: Vec3| moved(placement, p, true);
    let direction = |d: Vec3| moved(placement, d, false);
    match shape {
        Shape::Plane { point: p, normal } => Shape::Plane { point: point(p), normal: direction(normal) },
        Shape::Cylinder { point: p, axis, radius } => {
            Shape::Cylinder { point: point(p), axis: direction(axis), radius }
        }
        Shape::Cone { apex, axis, half_angle } => Shape::Cone { apex: point(apex), axis: direction(axis), half_angle },
        Shape::Sphere { centre, radius } => Shape::Sphere { centre: point(centre), radius },
        Shape::Torus { centre, axis, major, minor } => {
            Shape::Torus { centre: point(centre), axis: direction(axis), major, minor }
        }
        Shape::Freeform => Shape::Freeform,
    }
}

/// A surface elsewhere, with its faces renamed.
pub(super) fn place(surface: &SurfaceMesh, placement: &Placement, suffix: &str) -> SurfaceMesh {
    let point = |p: Vec3| moved(placement, p, true);
    let direction = |d: Vec3| moved(placement, d, false);
    let renamed = |name: &FaceName| FaceName(format!("{}{suffix}", name.0));
    let mut out = surface.clone();
    out.points.iter_mut().for_each(|p| *p = point(*p));
    for n in out.normals.iter_mut().flatten() {
        *n = direction(n.map(f64::from)).map(|c| c as f32);
    }
    for face in &mut out.faces {
        face.name = renamed(&face.name);
        face.shape = moved_shape(placement, face.shape);
    }
    for edge in &mut out.edges {
        edge.name.faces.iter_mut().for_each(|f| *f = renamed(f));
    }
    if matches!(placement, Placement::Mirror { .. }) {
        out.triangles.iter_mut().for_each(|t| t.swap(1, 2));
        out.normals.iter_mut().for_each(|n| n.swap(1, 2));
    }
    out
}

/// A meshed implicit solid.
pub(super) struct FieldBody {
    node: Arc<Node>,
    surface: Arc<SurfaceMesh>,
    form: Form,
    mass: MassProperties,
    resolution: Resolution,
}

impl FieldBody {
    /// Contours `node`; `None` when it holds no material.
    pub fn new(node: Arc<Node>) -> Option<Self> {
        let contour = contour::contour(&node)?;
        let form = Form::new(&node, &contour.surface.faces, contour.cell);
        let mass = form.mass_properties(&contour.surface);
        let resolution = Resolution { cell: contour.cell, thin: contour.thin };
        Some(Self { surface: Arc::new(contour.surface), node, form, mass, resolution })
    }
}

impl Body for FieldBody {
    fn representation(&self) -> Representation {
        Representation::Field
    }

    fn surface(&self) -> &Arc<SurfaceMesh> {
        &self.surface
    }

    fn mass_properties(&self) -> MassProperties {
        self.mass
    }

    fn signed_distance(&self, points: &[[f64; 3]], out: &mut [f64]) {
        for (p, o) in points.iter().zip(out) {
            *o = self.node.sample(*p).distance;
        }
    }

    fn resolution(&self) -> Option<Resolution> {
        Some(self.resolution)
    }

    fn onto(&self, face: u32, p: [f64; 3]) -> Option<[f64; 3]> {
        self.form.onto(face, p)
    }
}

/// Faces of a contour, gathered as samples name them.
#[derive(Default)]
struct Faces {
    index: std::collections::HashMap<((usize, u32), bool), u32>,
    list: Vec<Face>,
}

impl Faces {
    fn of(&mut self, sample: &Sample) -> u32 {
        let list = &mut self.list;
        *self.index.entry((sample.face.key(), sample.inverted)).or_insert_with(|| {
            list.push(Face { name: sample.face.name(), shape: sample.face.shape(sample.inverted), area: 0.0 });
            list.len() as u32 - 1
        })
    }
}
