//! A small picture of a scene or of a result, drawn without a GPU: bodies from the front, right and above in the
//! viewport's own light, with their edges, on nothing, so that it fits a light page and a dark one.

use app::colormap;
use solver::scene::Scene;
use solver::study::outcome::{Field, Outcome, OutcomeMesh};
use solver::surface::SurfaceMesh;

type V3 = [f64; 3];

/// Size of the picture, pixels.
pub const WIDTH: usize = 640;
pub const HEIGHT: usize = 400;
/// Pixels drawn for one of the picture, each way: their mean smooths the outlines.
const FINE: usize = 2;
/// Part of the picture left free on each side.
const MARGIN: f64 = 0.07;
/// Half the width of an edge, fine pixels.
const STROKE: f64 = 1.5;
/// How far an edge stands out of the face it bounds, as a part of the scene's depth.
const STAND_OUT: f64 = 0.004;
const EDGE: [f32; 3] = [26.0, 33.0, 43.0];
/// Colours of bodies in their order, as in the viewport; sRGB.
const BODIES: [[f32; 3]; 8] = [
    [171.0, 184.0, 201.0],
    [203.0, 178.0, 140.0],
    [140.0, 182.0, 168.0],
    [196.0, 152.0, 152.0],
    [160.0, 163.0, 205.0],
    [185.0, 192.0, 140.0],
    [150.0, 188.0, 206.0],
    [196.0, 164.0, 192.0],
];
/// Of a scene without bodies: the ground and the three axes, as in the viewport; sRGB.
const GROUND: [f32; 3] = [132.0, 143.0, 158.0];
const AXES: [[f32; 3]; 3] = [[214.0, 64.0, 64.0], [62.0, 158.0, 74.0], [58.0, 112.0, 222.0]];

/// The scene as a PNG of [`WIDTH`] × [`HEIGHT`], 8-bit RGBA.
pub fn png(scene: &Scene) -> Vec<u8> {
    let mut canvas = Canvas::new();
    match scene.bounds() {
        Some(_) => bodies(&mut canvas, scene),
        None => ground(&mut canvas),
    }
    encode(&canvas.halved())
}

/// A surface as a result has it.
struct Painted<'a> {
    surface: &'a SurfaceMesh,
    /// Where its points are drawn, m.
    points: Vec<V3>,
    /// sRGB of its points, 0 to 255.
    colours: Vec<[f32; 3]>,
}

/// Surfaces in the colours of a field, as a PNG like [`png`]'s.
fn painted(parts: &[Painted]) -> Vec<u8> {
    let mut canvas = Canvas::new();
    let view = View::fit(parts.iter().flat_map(|p| p.points.iter().copied()));
    for part in parts {
        surface(&mut canvas, &view, part.surface, &part.points, |n| part.colours[n as usize]);
    }
    for part in parts {
        edges(&mut canvas, &view, part.surface, &part.points);
    }
    encode(&canvas.halved())
}

/// A picture of a field.
pub struct Pictured {
    /// PNG.
    pub png: Vec<u8>,
    /// Range of the field, in its unit.
    pub lo: f64,
    pub hi: f64,
    /// What displacements are drawn by.
    pub scale: f64,
}

/// The skins of an outcome in the colours of a field of theirs; the largest displacement is drawn as `share` of the extent.
pub fn of(outcome: &Outcome, field: &Field, share: f64) -> Option<Pictured> {
    let same = |f: &&Field, mesh: &str, id: &str| f.mesh == mesh && f.id == id && f.case == field.case;
    let mut shown = Vec::new();
    let (mut lo, mut hi, mut furthest) = (f64::INFINITY, f64::NEG_INFINITY, 0.0f64);
    let (mut least, mut most) = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]);
    for mesh in &outcome.meshes {
        let OutcomeMesh::Surface { name, surface, .. } = mesh else { continue };
        let find = |id: &str| outcome.fields.iter().find(|f| same(f, name, id));
        let Some(own) = find(&field.id) else { continue };
        let n = usize::from(own.components).max(1);
        let size = |v: &[f32]| v.iter().map(|c| f64::from(*c).powi(2)).sum::<f64>().sqrt();
        let values: Vec<f64> =
            own.values.chunks_exact(n).map(|v| if n == 1 { f64::from(v[0]) } else { size(v) }).collect();
        if values.len() != surface.points.len() {
            continue;
        }
        values.iter().for_each(|v| (lo, hi) = (lo.min(*v), hi.max(*v)));
        let moved = find("displacement").filter(|f| f.values.len() == 3 * surface.points.len());
        if let Some(moved) = moved {
            furthest = moved.values.chunks_exact(3).map(size).fold(furthest, f64::max);
        }
        for p in &surface.points {
            (0..3).for_each(|k| (least[k], most[k]) = (least[k].min(p[k]), most[k].max(p[k])));
        }
        shown.push((surface, values, moved));
    }
    if shown.is_empty() || !(lo <= hi) {
        return None;
    }
    let room = (0..3).map(|k| (most[k] - least[k]).powi(2)).sum::<f64>().sqrt();
    let scale = if furthest > 0.0 { share * room / furthest } else { 0.0 };
    let parts: Vec<Painted> = shown
        .into_iter()
        .map(|(surface, values, moved)| Painted {
            surface,
            points: surface
                .points
                .iter()
                .enumerate()
                .map(|(i, p)| match moved {
                    Some(f) => [0, 1, 2].map(|c| p[c] + scale * f64::from(f.values[3 * i + c])),
                    None => *p,
                })
                .collect(),
            colours: values
                .iter()
                .map(|v| colormap::colour(if hi > lo { (v - lo) / (hi - lo) } else { 0.0 }, None).map(f32::from))
                .collect(),
        })
        .collect();
    Some(Pictured { png: painted(&parts), lo, hi, scale })
}

fn encode(pixels: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, WIDTH as u32, HEIGHT as u32);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    // Writing to memory fails for wrong sizes only, and these are constants.
    let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(pixels));
    debug_assert!(written.is_ok());
    out
}

fn dot(a: V3, b: V3) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// Orthographic view along the isometric axis: right, up and towards the eye, unit length.
fn axes() -> [V3; 3] {
    let (h, t, s) = (0.5f64.sqrt(), (1.0f64 / 3.0).sqrt(), (1.0f64 / 6.0).sqrt());
    [[h, h, 0.0], [-s, s, 2.0 * s], [t, -t, t]]
}

/// World to fine pixels and depth (larger is nearer), so that all of `points` fits.
struct View {
    axes: [V3; 3],
    centre: [f64; 2],
    scale: f64,
    /// Extent along the line of sight, m.
    depth: f64,
}

impl View {
    fn fit(points: impl Iterator<Item = V3>) -> Self {
        let axes = axes();
        let (mut lo, mut hi) = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]);
        for p in points {
            for k in 0..3 {
                let x = dot(axes[k], p);
                (lo[k], hi[k]) = (lo[k].min(x), hi[k].max(x));
            }
        }
        let size = |k: usize, pixels: usize| (hi[k] - lo[k]).max(1e-12) / (pixels as f64 * (1.0 - 2.0 * MARGIN));
        let scale = 1.0 / size(0, FINE * WIDTH).max(size(1, FINE * HEIGHT));
        Self { axes, centre: [0, 1].map(|k| (lo[k] + hi[k]) / 2.0), scale, depth: (hi[2] - lo[2]).max(1e-12) }
    }

    fn project(&self, p: V3) -> V3 {
        let [right, up, back] = self.axes;
        [
            (FINE * WIDTH) as f64 / 2.0 + (dot(right, p) - self.centre[0]) * self.scale,
            (FINE * HEIGHT) as f64 / 2.0 - (dot(up, p) - self.centre[1]) * self.scale,
            dot(back, p),
        ]
    }
}

struct Canvas {
    /// sRGB and cover, 0 or 1.
    pixels: Vec<[f32; 4]>,
    depth: Vec<f32>,
}

impl Canvas {
    fn new() -> Self {
        let n = FINE * WIDTH * FINE * HEIGHT;
        Self { pixels: vec![[0.0; 4]; n], depth: vec![f32::NEG_INFINITY; n] }
    }

    /// Fills a projected triangle; `normals` in view space and `colours`, one per corner.
    fn triangle(&mut self, [a, b, c]: [V3; 3], normals: [V3; 3], colours: [[f32; 3]; 3], sky: V3) {
        let area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
        if !(area.abs() > 1e-12) {
            return;
        }
        let range = |k: usize, end: usize| {
            let lo = a[k].min(b[k]).min(c[k]).floor().max(0.0) as usize;
            let hi = (a[k].max(b[k]).max(c[k]).ceil().max(0.0) as usize).min(end);
            lo..hi
        };
        for y in range(1, FINE * HEIGHT) {
            for x in range(0, FINE * WIDTH) {
                let (px, py) = (x as f64 + 0.5, y as f64 + 0.5);
                let wb = ((px - a[0]) * (c[1] - a[1]) - (py - a[1]) * (c[0] - a[0])) / area;
                let wc = ((b[0] - a[0]) * (py - a[1]) - (b[1] - a[1]) * (px - a[0])) / area;
                let wa = 1.0 - wb - wc;
                if wa < 0.0 || wb < 0.0 || wc < 0.0 {
                    continue;
                }
                let depth = (wa * a[2] + wb * b[2] + wc * c[2]) as f32;
                let i = y * FINE * WIDTH + x;
                if depth <= self.depth[i] {
                    continue;
                }
                let n = [0, 1, 2].map(|k| wa * normals[0][k] + wb * normals[1][k] + wc * normals[2][k]);
                let share = [wa, wb, wc].map(|w| w as f32);
                let colour = [0, 1, 2].map(|k| (0..3).map(|corner| share[corner] * colours[corner][k]).sum());
                let [r, g, b] = lit(colour, n, sky);
                self.depth[i] = depth;
                self.pixels[i] = [r, g, b, 1.0];
            }
        }
    }

    /// Draws a projected segment where nothing nearer than `slack` stands before it.
    fn segment(&mut self, a: V3, b: V3, colour: [f32; 3], slack: f64) {
        let steps = (2.0 * (b[0] - a[0]).abs().max((b[1] - a[1]).abs())).ceil().clamp(1.0, 1e5);
        for s in 0..=steps as usize {
            let t = s as f64 / steps;
            let [x, y, z] = [0, 1, 2].map(|k| a[k] + t * (b[k] - a[k]));
            let around = |c: f64, end: usize| {
                ((c - STROKE).floor().max(0.0) as usize)..((c + STROKE).ceil().max(0.0) as usize).min(end)
            };
            for v in around(y, FINE * HEIGHT) {
                for u in around(x, FINE * WIDTH) {
                    let away = (u as f64 + 0.5 - x).hypot(v as f64 + 0.5 - y);
                    let i = v * FINE * WIDTH + u;
                    if away <= STROKE && z + slack >= f64::from(self.depth[i]) {
                        self.pixels[i] = [colour[0], colour[1], colour[2], 1.0];
                    }
                }
            }
        }
    }

    /// Mean of the fine pixels of each pixel, RGBA with straight alpha.
    fn halved(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(4 * WIDTH * HEIGHT);
        for y in 0..HEIGHT {
            for x in 0..WIDTH {
                let mut sum = [0.0f32; 4];
                for v in 0..FINE {
                    for u in 0..FINE {
                        let p = self.pixels[(FINE * y + v) * FINE * WIDTH + FINE * x + u];
                        for k in 0..3 {
                            sum[k] += p[k] * p[3];
                        }
                        sum[3] += p[3];
                    }
                }
                let cover = sum[3].max(1.0);
                out.extend([0, 1, 2].map(|k| (sum[k] / cover).round().clamp(0.0, 255.0) as u8));
                out.push((255.0 * sum[3] / (FINE * FINE) as f32).round() as u8);
            }
        }
        out
    }
}

fn bodies(canvas: &mut Canvas, scene: &Scene) {
    let view = View::fit(scene.bodies.iter().flat_map(|b| b.surface.points.iter().copied()));
    for (i, body) in scene.bodies.iter().enumerate() {
        surface(canvas, &view, &body.surface, &body.surface.points, |_| BODIES[i % BODIES.len()]);
    }
    for body in &scene.bodies {
        edges(canvas, &view, &body.surface, &body.surface.points);
    }
}

/// Fills the triangles of a closed surface whose points are at `points`.
fn surface(canvas: &mut Canvas, view: &View, mesh: &SurfaceMesh, points: &[V3], colour: impl Fn(u32) -> [f32; 3]) {
    let [right, up, back] = view.axes;
    let sky = [0.0, up[2], back[2]];
    let turn = |n: V3| [dot(right, n), dot(up, n), dot(back, n)];
    for (t, triangle) in mesh.triangles.iter().enumerate() {
        let [a, b, c] = triangle.map(|p| points[p as usize]);
        let [u, v] = [b, c].map(|p| [0, 1, 2].map(|k| p[k] - a[k]));
        let cross = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
        let flat = unit(turn(cross));
        if !(flat[2] > 0.0) {
            // Turned away: the body is closed, so something else covers it.
            continue;
        }
        let normals = mesh.normals.get(t).map_or([flat; 3], |corners| corners.map(|n| turn(n.map(f64::from))));
        canvas.triangle([a, b, c].map(|p| view.project(p)), normals, triangle.map(&colour), sky);
    }
}

fn edges(canvas: &mut Canvas, view: &View, mesh: &SurfaceMesh, points: &[V3]) {
    for edge in &mesh.edges {
        for side in edge.points.windows(2) {
            let [a, b] = [side[0], side[1]].map(|p| view.project(points[p as usize]));
            canvas.segment(a, b, EDGE, STAND_OUT * view.depth);
        }
    }
}

/// A design that has no body yet: a square of ground with the axes on it.
fn ground(canvas: &mut Canvas) {
    const LINES: i32 = 4;
    let room = [[-1.6, -1.6, -0.6], [1.6, 1.6, -0.6], [0.0, 0.0, 1.8]];
    let view = View::fit(room.into_iter());
    let mut line = |a: V3, b: V3, colour| {
        let (a, b) = (view.project(a), view.project(b));
        canvas.segment(a, b, colour, f64::INFINITY);
    };
    for k in -LINES..=LINES {
        let at = f64::from(k) / f64::from(LINES);
        line([at, -1.0, 0.0], [at, 1.0, 0.0], GROUND);
        line([-1.0, at, 0.0], [1.0, at, 0.0], GROUND);
    }
    for (axis, colour) in AXES.into_iter().enumerate() {
        let mut end = [0.0; 3];
        end[axis] = 1.0;
        line([0.0; 3], end, colour);
    }
}

fn unit(v: V3) -> V3 {
    let length = dot(v, v).sqrt();
    v.map(|x| x / length)
}

/// Two soft lights that travel with the eye, a sky and a floor, a faint rim: `light.glsl` of the viewport. `n` and `sky`
/// in view space; colours sRGB, 0 to 255.
fn lit(colour: [f32; 3], n: V3, sky: V3) -> [f32; 3] {
    let n = unit(n);
    let key_at = unit([-0.42, 0.58, 0.70]);
    let key = dot(n, key_at).max(0.0);
    let fill = dot(n, unit([0.65, -0.10, 0.55])).max(0.0);
    let above = 0.5 + 0.5 * dot(n, sky);
    let half_way = unit([key_at[0], key_at[1], key_at[2] + 1.0]);
    let gloss = dot(n, half_way).max(0.0).powi(48) * 0.10;
    let rim = (1.0 - n[2].clamp(0.0, 1.0)).powi(4) * 0.10;
    let (floor, skies) = ([0.16, 0.17, 0.19], [0.28, 0.29, 0.31]);
    let (keys, fills) = ([0.58, 0.57, 0.55], [0.17, 0.18, 0.20]);
    [0, 1, 2].map(|k| {
        let base = (f64::from(colour[k]) / 255.0).powf(2.2);
        let light = floor[k] + above * skies[k] + key * keys[k] + fill * fills[k];
        (255.0 * (base * light + gloss + rim * base).powf(1.0 / 2.2)) as f32
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pixels(scene: &Scene) -> Vec<[u8; 4]> {
        let bytes = png(scene);
        let mut reader = png::Decoder::new(std::io::Cursor::new(&bytes)).read_info().expect("a PNG");
        assert_eq!((reader.info().width, reader.info().height), (WIDTH as u32, HEIGHT as u32));
        let mut out = vec![0; 4 * WIDTH * HEIGHT];
        reader.next_frame(&mut out).expect("its pixels");
        out.as_chunks::<4>().0.to_vec()
    }

    fn template(id: &str) -> Scene {
        let design = (solver::design::template(id).expect(id).build)();
        solver::geometry::evaluate(&design, &crate::jobs::runner::Imported(Default::default())).scene()
    }

    #[test]
    fn bodies_stand_in_the_middle_of_nothing() {
        for id in ["bracket", "flange", "heat_sink"] {
            let pixels = pixels(&template(id));
            let covered = pixels.iter().filter(|p| p[3] == 255).count();
            let part = covered as f64 / pixels.len() as f64;
            assert!((0.1..0.7).contains(&part), "{id} covers {part}");
            let corners = [0, WIDTH - 1, WIDTH * (HEIGHT - 1), WIDTH * HEIGHT - 1];
            assert!(corners.iter().all(|i| pixels[*i][3] == 0), "{id} leaves the corners free");
            let mut tones: Vec<u8> = pixels.iter().filter(|p| p[3] == 255).map(|p| p[1]).collect();
            tones.sort_unstable();
            tones.dedup();
            assert!(tones.len() > 8, "{id} is shaded: {tones:?}");
        }
    }

    #[test]
    fn an_empty_design_has_a_picture_too() {
        let pixels = pixels(&Scene::default());
        assert!(pixels.iter().any(|p| p[3] > 0));
    }
}
