//! Arrows, supports and heat boundaries: the shape of each symbol and where it stands on its face.

use super::model::Body;
use super::paint::{Show, unit};
use super::stage::Stage;
use super::theme::{AXES, Rgb};
use app::viewport::{Glyph, GlyphKind};
use glam::{DVec3, Vec3};
use std::collections::BTreeMap;
use std::f32::consts::TAU;

/// A shape, made once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Axis of the origin: starts at the anchor.
    Axis,
    /// Ends at the anchor: a load pressing on it.
    Force,
    /// Starts at the anchor: a load pulling at it.
    Pull,
    Pressure,
    Moment,
    Fixed,
    Sliding,
    Symmetry,
    Elastic,
    /// Starts at the anchor: a face moved out or along.
    Way,
    /// Ends at the anchor: a face moved in.
    Push,
    Temperature,
    /// Ends at the anchor: heat that comes in.
    HeatIn,
    /// Starts at the anchor: heat that is taken out.
    HeatOut,
    Convection,
    Radiation,
}

/// A symbol on its place. `colour.a` scales it: pixels of the shape per CSS pixel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Placed {
    pub anchor: DVec3,
    pub direction: DVec3,
    pub colour: [f32; 4],
}

#[derive(Debug, Default)]
pub struct Solid {
    pub positions: Vec<[f32; 3]>,
    pub normals: Vec<[f32; 3]>,
    pub indices: Vec<u32>,
}

const SIDES: u32 = 16;
const FORCE: Rgb = [224, 62, 62];
const PRESSURE: Rgb = [196, 70, 160];
const MOMENT: Rgb = [150, 84, 220];
const SUPPORT: Rgb = [34, 150, 110];
const HEAT: Rgb = [232, 122, 28];
const AMBIENT: Rgb = [44, 128, 208];

/// Shape along +Z in CSS pixels, the anchor at the origin.
pub fn solid(kind: Kind) -> Solid {
    let mut s = Solid::default();
    match kind {
        Kind::Axis => {
            s.lathe(&[(0.0, 0.0), (0.9, 0.0), (0.9, 40.0)]);
            s.lathe(&[(0.0, 40.0), (3.6, 40.0), (0.0, 52.0)]);
        }
        Kind::Force => {
            s.lathe(&[(0.0, -64.0), (2.0, -64.0), (2.0, -16.0)]);
            s.lathe(&[(0.0, -16.0), (6.5, -16.0), (0.0, 0.0)]);
        }
        Kind::Pull => {
            s.lathe(&[(0.0, 0.0), (2.0, 0.0), (2.0, 48.0)]);
            s.lathe(&[(0.0, 48.0), (6.5, 48.0), (0.0, 64.0)]);
        }
        Kind::Pressure => {
            s.lathe(&[(0.0, -30.0), (1.0, -30.0), (1.0, -9.0)]);
            s.lathe(&[(0.0, -9.0), (3.6, -9.0), (0.0, 0.0)]);
        }
        Kind::Moment => {
            s.ring(22.0, 1.8, 0.0, 0.78 * TAU);
            s.ring_head(22.0, 6.5, 15.0, 0.78 * TAU);
            s.lathe(&[(0.0, -14.0), (1.0, -14.0), (1.0, 14.0)]);
        }
        Kind::Fixed => {
            // A cone whose tip touches the face from outside, on a plate.
            s.lathe(&[(0.0, 0.0), (6.0, 12.0), (0.0, 12.0)]);
            s.lathe(&[(0.0, 12.0), (8.0, 12.0), (8.0, 14.5), (0.0, 14.5)]);
        }
        Kind::Sliding => {
            // A ball between the face and a plate: free along it.
            let arc = |i: u32| {
                let (sin, cos) = (TAU * 0.5 * i as f32 / 8.0).sin_cos();
                (4.5 * sin, 4.5 - 4.5 * cos)
            };
            s.lathe(&(0..=8).map(arc).collect::<Vec<_>>());
            s.lathe(&[(0.0, 9.6), (8.0, 9.6), (8.0, 12.0), (0.0, 12.0)]);
        }
        Kind::Symmetry => {
            // Two plates, as two bars stand for a mirror in drawings.
            for z in [1.5, 6.5] {
                s.lathe(&[(0.0, z), (8.0, z), (8.0, z + 2.0), (0.0, z + 2.0)]);
            }
        }
        Kind::Elastic => {
            // A bellows between the face and a plate.
            let wave = |i: u32| (if i.is_multiple_of(2) { 2.0 } else { 5.0 }, 2.0 * i as f32);
            s.lathe(&(0..=7).map(wave).collect::<Vec<_>>());
            s.lathe(&[(0.0, 14.0), (8.0, 14.0), (8.0, 16.5), (0.0, 16.5)]);
        }
        Kind::Way | Kind::Push => {
            // An arrow with a plate: the whole face goes.
            let from = if kind == Kind::Way { 0.0 } else { -40.0 };
            let plate = if kind == Kind::Way { 0.0 } else { -2.0 };
            s.lathe(&[(0.0, from), (1.4, from), (1.4, from + 27.0)]);
            s.lathe(&[(0.0, from + 27.0), (4.6, from + 27.0), (0.0, from + 40.0)]);
            s.lathe(&[(0.0, plate), (8.0, plate), (8.0, plate + 2.0), (0.0, plate + 2.0)]);
        }
        Kind::Temperature => {
            // A thermometer: its bulb on the face.
            let bulb = |i: u32| {
                let (sin, cos) = (TAU * 0.5 * i as f32 / 8.0).sin_cos();
                (5.0 * sin, 5.0 - 5.0 * cos)
            };
            s.lathe(&(0..=7).map(bulb).collect::<Vec<_>>());
            s.lathe(&[(1.9, 9.6), (1.9, 25.0), (1.2, 26.4), (0.0, 27.0)]);
        }
        Kind::HeatIn | Kind::HeatOut => {
            // An arrow with two heads: no force has that.
            let from = if kind == Kind::HeatIn { -36.0 } else { 0.0 };
            s.lathe(&[(0.0, from), (1.3, from), (1.3, from + 18.0)]);
            for head in [from + 18.0, from + 27.0] {
                s.lathe(&[(0.0, head), (4.4, head), (0.0, head + 9.0)]);
            }
        }
        Kind::Convection => {
            // A stream that swells as it goes.
            let wave = |i: u32| (if i.is_multiple_of(2) { 0.9 } else { 2.6 }, 3.0 + 3.0 * i as f32);
            s.lathe(&(0..=6).map(wave).collect::<Vec<_>>());
            s.lathe(&[(0.0, 21.0), (4.4, 21.0), (0.0, 30.0)]);
        }
        Kind::Radiation => {
            // A ray in pieces: nothing carries it.
            for z in [3.0, 9.5, 16.0] {
                s.lathe(&[(0.0, z), (1.2, z), (1.2, z + 4.0), (0.0, z + 4.0)]);
            }
            s.lathe(&[(0.0, 22.0), (4.4, 22.0), (0.0, 31.0)]);
        }
    }
    s
}

impl Solid {
    /// Surface of revolution about Z of a profile `(radius, z)`, faceted between its points.
    fn lathe(&mut self, profile: &[(f32, f32)]) {
        for pair in profile.windows(2) {
            let ((r0, z0), (r1, z1)) = (pair[0], pair[1]);
            let (dr, dz) = (r1 - r0, z1 - z0);
            // Profiles run upwards, the solid on their left.
            let (nr, nz) = (dz, -dr);
            let first = self.positions.len() as u32;
            for i in 0..=SIDES {
                let (s, c) = (TAU * i as f32 / SIDES as f32).sin_cos();
                let normal = Vec3::new(nr * c, nr * s, nz).normalize_or(Vec3::Z);
                for (r, z) in [(r0, z0), (r1, z1)] {
                    self.positions.push([r * c, r * s, z]);
                    self.normals.push(normal.to_array());
                }
            }
            for i in 0..SIDES {
                let k = first + 2 * i;
                self.indices.extend([k, k + 2, k + 3, k, k + 3, k + 1]);
            }
        }
    }

    /// Part of a torus around Z.
    fn ring(&mut self, radius: f32, tube: f32, from: f32, to: f32) {
        const STEPS: u32 = 40;
        const ROUND: u32 = 10;
        let first = self.positions.len() as u32;
        for i in 0..=STEPS {
            let (s, c) = (from + (to - from) * i as f32 / STEPS as f32).sin_cos();
            for j in 0..=ROUND {
                let (sv, cv) = (TAU * j as f32 / ROUND as f32).sin_cos();
                let r = radius + tube * cv;
                self.positions.push([r * c, r * s, tube * sv]);
                self.normals.push([cv * c, cv * s, sv]);
            }
        }
        let row = ROUND + 1;
        for i in 0..STEPS {
            for j in 0..ROUND {
                let k = first + i * row + j;
                self.indices.extend([k, k + row, k + row + 1, k, k + row + 1, k + 1]);
            }
        }
    }

    /// Arrow head at the end of a ring, along its tangent.
    fn ring_head(&mut self, radius: f32, width: f32, length: f32, at: f32) {
        let mut head = Solid::default();
        head.lathe(&[(0.0, 0.0), (width, 0.0), (0.0, length)]);
        let (s, c) = at.sin_cos();
        let (x, z) = (Vec3::new(c, s, 0.0), Vec3::new(-s, c, 0.0));
        let y = z.cross(x);
        let turn = |v: [f32; 3]| x * v[0] + y * v[1] + z * v[2];
        let first = self.positions.len() as u32;
        self.positions.extend(head.positions.iter().map(|&p| (turn(p) + x * radius).to_array()));
        self.normals.extend(head.normals.iter().map(|&n| turn(n).to_array()));
        self.indices.extend(head.indices.iter().map(|i| first + i));
    }
}

/// All symbols of a stage, by kind.
pub fn place(stage: &Stage) -> BTreeMap<Kind, Vec<Placed>> {
    let mut out: BTreeMap<Kind, Vec<Placed>> = BTreeMap::new();
    let axes = out.entry(Kind::Axis).or_default();
    for (i, colour) in AXES.into_iter().enumerate() {
        axes.push(Placed { anchor: DVec3::ZERO, direction: DVec3::AXES[i], colour: unit(colour, 255) });
    }
    for glyph in &stage.glyphs {
        for (b, body) in stage.model.bodies.iter().enumerate() {
            if stage.show.get(b).is_none_or(|&s| s != Show::Hidden) {
                add(&mut out, glyph, body);
            }
        }
    }
    out
}

fn add(out: &mut BTreeMap<Kind, Vec<Placed>>, glyph: &Glyph, body: &Body) {
    let faces: Vec<u32> = body.surface.faces_named(&glyph.face).collect();
    if faces.is_empty() {
        return;
    }
    let given = DVec3::from_array(glyph.direction).try_normalize();
    let samples = match glyph.kind {
        GlyphKind::Force | GlyphKind::Moment => scatter(body, &faces, 1),
        GlyphKind::Pressure => spread(&scatter(body, &faces, 320), 16),
        GlyphKind::Fixed | GlyphKind::Sliding | GlyphKind::Symmetry | GlyphKind::Elastic => {
            spread(&scatter(body, &faces, 240), 10)
        }
        GlyphKind::Heat { .. } | GlyphKind::Convection | GlyphKind::Radiation => {
            spread(&scatter(body, &faces, 320), 12)
        }
        GlyphKind::Way { .. } | GlyphKind::Temperature => spread(&scatter(body, &faces, 240), 5),
    };
    for Sample { at, normal } in samples {
        let (kind, direction, colour) = match glyph.kind {
            GlyphKind::Force => {
                let direction = given.unwrap_or(-normal);
                let kind = if direction.dot(normal) > 0.0 { Kind::Pull } else { Kind::Force };
                (kind, direction, FORCE)
            }
            GlyphKind::Pressure => (Kind::Pressure, given.unwrap_or(-normal), PRESSURE),
            GlyphKind::Moment => (Kind::Moment, given.unwrap_or(normal), MOMENT),
            GlyphKind::Fixed => (Kind::Fixed, normal, SUPPORT),
            GlyphKind::Sliding => (Kind::Sliding, normal, SUPPORT),
            GlyphKind::Symmetry => (Kind::Symmetry, normal, SUPPORT),
            GlyphKind::Elastic => (Kind::Elastic, normal, SUPPORT),
            GlyphKind::Way { inward } => {
                let direction = given.unwrap_or(if inward { -normal } else { normal });
                let kind = if direction.dot(normal) < -1e-6 { Kind::Push } else { Kind::Way };
                (kind, direction, SUPPORT)
            }
            GlyphKind::Temperature => (Kind::Temperature, normal, HEAT),
            GlyphKind::Heat { inward: true } => (Kind::HeatIn, -normal, HEAT),
            GlyphKind::Heat { inward: false } => (Kind::HeatOut, normal, AMBIENT),
            GlyphKind::Convection => (Kind::Convection, normal, AMBIENT),
            GlyphKind::Radiation => (Kind::Radiation, normal, AMBIENT),
        };
        out.entry(kind).or_default().push(Placed { anchor: at, direction, colour: unit(colour, 255) });
    }
}

#[derive(Clone, Copy)]
struct Sample {
    at: DVec3,
    normal: DVec3,
}

/// `n` points spread evenly over faces by area: one every `total / n`, along a low-discrepancy walk within the triangle
/// (Roberts' R2 sequence). One point is the one of the face nearest to its centroid.
fn scatter(body: &Body, faces: &[u32], n: usize) -> Vec<Sample> {
    let mesh = &body.surface;
    let own: Vec<u32> =
        (0..mesh.triangles.len() as u32).filter(|&t| faces.contains(&mesh.face_of[t as usize])).collect();
    let cross = |t: u32| DVec3::from_array(mesh.triangle_cross(t as usize));
    let total: f64 = own.iter().map(|&t| 0.5 * cross(t).length()).sum();
    if total.is_nan() || total <= 0.0 {
        return Vec::new();
    }
    if n == 1 {
        let centroid = own
            .iter()
            .map(|&t| {
                let [a, b, c] = body.triangle(t);
                (a + b + c) / 3.0 * (0.5 * cross(t).length() / total)
            })
            .sum::<DVec3>();
        let nearest = own
            .iter()
            .map(|&t| {
                let at = closest_on(body.triangle(t), centroid);
                (at.distance(centroid), at, t)
            })
            .min_by(|a, b| a.0.total_cmp(&b.0));
        return nearest.map(|(_, at, t)| Sample { at, normal: cross(t).normalize_or_zero() }).into_iter().collect();
    }
    let mut out = Vec::with_capacity(n);
    let mut passed = 0.0;
    for &t in &own {
        let area = 0.5 * cross(t).length();
        while (out.len() as f64 + 0.5) / n as f64 * total < passed + area && out.len() < n {
            let i = out.len() as f64 + 1.0;
            let (mut u, mut v) = ((0.5 + i * 0.754_877_666_246_693).fract(), (0.5 + i * 0.569_840_290_998_053).fract());
            if u + v > 1.0 {
                (u, v) = (1.0 - u, 1.0 - v);
            }
            let [a, b, c] = body.triangle(t);
            out.push(Sample { at: a + (b - a) * u + (c - a) * v, normal: cross(t).normalize_or_zero() });
        }
        passed += area;
    }
    out
}

/// `n` of many samples, evenly apart: the ones nearest to the means of their neighbourhoods (Lloyd 1982).
fn spread(samples: &[Sample], n: usize) -> Vec<Sample> {
    const ROUNDS: usize = 12;
    if samples.len() <= n {
        return samples.to_vec();
    }
    let mut centres: Vec<DVec3> = (0..n).map(|i| samples[i * samples.len() / n].at).collect();
    let nearest = |p: DVec3, among: &mut dyn Iterator<Item = DVec3>| {
        among.enumerate().min_by(|a, b| a.1.distance_squared(p).total_cmp(&b.1.distance_squared(p))).map_or(0, |f| f.0)
    };
    for _ in 0..ROUNDS {
        let mut sums = vec![(DVec3::ZERO, 0.0); n];
        for sample in samples {
            let sum = &mut sums[nearest(sample.at, &mut centres.iter().copied())];
            *sum = (sum.0 + sample.at, sum.1 + 1.0);
        }
        for (centre, (sum, count)) in centres.iter_mut().zip(sums) {
            if count > 0.0 {
                *centre = sum / count;
            }
        }
    }
    centres.into_iter().map(|c| samples[nearest(c, &mut samples.iter().map(|s| s.at))]).collect()
}

/// Point of a triangle closest to `p` (Ericson, Real-Time Collision Detection, 5.1.5).
fn closest_on([a, b, c]: [DVec3; 3], p: DVec3) -> DVec3 {
    let (ab, ac, ap) = (b - a, c - a, p - a);
    let (d1, d2) = (ab.dot(ap), ac.dot(ap));
    if d1 <= 0.0 && d2 <= 0.0 {
        return a;
    }
    let bp = p - b;
    let (d3, d4) = (ab.dot(bp), ac.dot(bp));
    if d3 >= 0.0 && d4 <= d3 {
        return b;
    }
    let vc = d1 * d4 - d3 * d2;
    if vc <= 0.0 && d1 >= 0.0 && d3 <= 0.0 {
        return a + ab * (d1 / (d1 - d3));
    }
    let cp = p - c;
    let (d5, d6) = (ab.dot(cp), ac.dot(cp));
    if d6 >= 0.0 && d5 <= d6 {
        return c;
    }
    let vb = d5 * d2 - d1 * d6;
    if vb <= 0.0 && d2 >= 0.0 && d6 <= 0.0 {
        return a + ac * (d2 / (d2 - d6));
    }
    let va = d3 * d6 - d5 * d4;
    if va <= 0.0 && d4 >= d3 && d5 >= d6 {
        return b + (c - b) * ((d4 - d3) / ((d4 - d3) + (d5 - d6)));
    }
    let sum = va + vb + vc;
    if sum > 0.0 { a + ab * (vb / sum) + ac * (vc / sum) } else { a }
}

#[cfg(test)]
mod tests {
    use super::super::model::Model;
    use super::super::sample;
    use super::*;
    use solver::surface::FaceName;

    fn stage(kind: GlyphKind, face: &str, direction: [f64; 3]) -> Stage {
        let mut stage = Stage::default();
        stage.set_model(Model::new([sample::part("a", sample::cuboid([0.0; 3], [0.2, 0.1, 0.05]))]));
        stage.glyphs = vec![Glyph { face: FaceName(face.into()), kind, direction }];
        stage
    }

    #[test]
    fn a_force_stands_in_the_middle_of_its_face_and_points_its_way() {
        let placed = place(&stage(GlyphKind::Force, "z1", [0.0, 0.0, -3.0]));
        let [force] = placed[&Kind::Force][..] else { panic!("one arrow") };
        assert!((force.anchor - DVec3::new(0.1, 0.05, 0.05)).length() < 1e-12, "{}", force.anchor);
        assert_eq!(force.direction, -DVec3::Z);
        let pulled = place(&stage(GlyphKind::Force, "z1", [0.0, 0.0, 3.0]));
        assert_eq!(pulled[&Kind::Pull].len(), 1);
    }

    #[test]
    fn pressure_is_spread_over_the_whole_face() {
        let placed = place(&stage(GlyphKind::Pressure, "z1", [0.0; 3]));
        let arrows = &placed[&Kind::Pressure];
        assert_eq!(arrows.len(), 16);
        assert!(arrows.iter().all(|p| p.direction == -DVec3::Z && (p.anchor.z - 0.05).abs() < 1e-12));
        for quarter in [(0.0, 0.0), (0.1, 0.0), (0.0, 0.05), (0.1, 0.05)] {
            let inside = |p: &&Placed| {
                let (x, y) = (p.anchor.x - quarter.0, p.anchor.y - quarter.1);
                (0.0..=0.1).contains(&x) && (0.0..=0.05).contains(&y)
            };
            assert!(arrows.iter().filter(inside).count() >= 3, "{quarter:?}");
        }
        assert_eq!(place(&stage(GlyphKind::Pressure, "gone", [0.0; 3])).len(), 1, "only the axes");
    }

    #[test]
    fn a_pin_s_moment_stands_on_its_wall_not_in_the_air() {
        let mut stage = stage(GlyphKind::Moment, "wall", [0.0; 3]);
        stage.set_model(Model::new([sample::part("pin", sample::cylinder([0.0; 3], 0.01, 0.04, 64))]));
        let placed = place(&stage);
        let at = placed[&Kind::Moment][0].anchor;
        assert!((at.truncate().length() - 0.01).abs() < 1e-4 && (at.z - 0.02).abs() < 1e-9, "{at}");
    }

    #[test]
    fn a_given_way_shows_where_the_face_goes() {
        let out = place(&stage(GlyphKind::Way { inward: false }, "z1", [0.0; 3]));
        assert!(out[&Kind::Way].iter().all(|p| p.direction == DVec3::Z), "out along the normal");
        let pressed = place(&stage(GlyphKind::Way { inward: true }, "z1", [0.0; 3]));
        assert!(pressed[&Kind::Push].iter().all(|p| p.direction == -DVec3::Z));
        let aside = place(&stage(GlyphKind::Way { inward: false }, "z1", [-2e-4, 0.0, 0.0]));
        assert!(aside[&Kind::Way].iter().all(|p| p.direction == -DVec3::X), "along the face");
    }

    #[test]
    fn heat_goes_in_and_is_taken_out_across_the_face() {
        let warmed = place(&stage(GlyphKind::Heat { inward: true }, "z1", [0.0; 3]));
        assert!(warmed[&Kind::HeatIn].len() == 12 && warmed[&Kind::HeatIn].iter().all(|p| p.direction == -DVec3::Z));
        let cooled = place(&stage(GlyphKind::Heat { inward: false }, "z1", [0.0; 3]));
        assert!(cooled[&Kind::HeatOut].iter().all(|p| p.direction == DVec3::Z));
        for (glyph, kind) in [
            (GlyphKind::Temperature, Kind::Temperature),
            (GlyphKind::Convection, Kind::Convection),
            (GlyphKind::Radiation, Kind::Radiation),
        ] {
            assert!(place(&stage(glyph, "z1", [0.0; 3]))[&kind].iter().all(|p| p.direction == DVec3::Z), "{kind:?}");
        }
    }

    #[test]
    fn every_shape_is_sound() {
        for kind in [
            Kind::Axis,
            Kind::Force,
            Kind::Pull,
            Kind::Pressure,
            Kind::Moment,
            Kind::Fixed,
            Kind::Sliding,
            Kind::Symmetry,
            Kind::Elastic,
            Kind::Way,
            Kind::Push,
            Kind::Temperature,
            Kind::HeatIn,
            Kind::HeatOut,
            Kind::Convection,
            Kind::Radiation,
        ] {
            let s = solid(kind);
            assert_eq!(s.positions.len(), s.normals.len());
            assert!(s.indices.iter().all(|&i| (i as usize) < s.positions.len()));
            assert!(s.normals.iter().all(|n| (Vec3::from_array(*n).length() - 1.0).abs() < 1e-3), "{kind:?}");
        }
    }
}
