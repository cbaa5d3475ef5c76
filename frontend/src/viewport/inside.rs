//! What a result says inside the bodies: on the cap of a section, and under the pointer there.
//!
//! The cap is covered by a raster of values, so that its cost is bounded whatever the cut looks like.

use super::section::{Cap, Frame};
use app::viewport::{ResultView, SectionPlane};
use glam::{DVec2, DVec3};
use solver::study::outcome::{Field, Outcome, OutcomeMesh};
use solver::volume::{Deformed, Volume};
use std::cell::RefCell;
use std::rc::Rc;

/// Samples along the longer side of a cap: about what the cells of a typical result can tell apart.
const SIDE: usize = 128;

/// The volume part of an answer, decoded.
#[derive(Debug)]
pub struct Inside {
    outcome: Rc<Outcome>,
    /// By the design's body.
    bodies: Vec<(String, Volume)>,
    /// The bodies as they were drawn last: a section that moves asks for the same again and again.
    drawn: RefCell<Vec<(Drawn, Rc<Deformed>)>>,
}

/// Body, load case and scale of a deformed shape.
type Drawn = (String, Option<String>, f64);

/// Values over the bounds of a cap, row by row, each in the middle of its texel.
#[derive(Clone, Debug, PartialEq)]
pub struct Raster {
    corner: DVec3,
    /// Along the rows and across them, over the whole raster, m.
    along: DVec3,
    across: DVec3,
    pub columns: usize,
    pub rows: usize,
    /// SI; NaN outside of the body.
    pub values: Vec<f32>,
}

impl Inside {
    /// # Errors
    /// A sentence for the person when the bytes are not the inside of a result.
    pub fn new(bytes: &[u8]) -> Result<Self, String> {
        let outcome =
            Outcome::from_bytes(bytes).map_err(|e| format!("The inside of the result cannot be shown: {e}."))?;
        let inside = |m: &OutcomeMesh| Some((m.body().to_string(), Volume::new(m)?));
        let bodies = outcome.meshes.iter().filter_map(inside).collect();
        Ok(Self { outcome: Rc::new(outcome), bodies, drawn: RefCell::default() })
    }

    fn field(&self, volume: &Volume, id: &str, case: Option<&str>) -> Option<&Field> {
        super::field::pick_field(&self.outcome, volume.name(), id, case)
    }

    /// Values at `points` of the body as drawn with `scale` times its displacement; `None` where the answer says
    /// nothing about the body or has no such field inside.
    fn values(&self, body: &str, view: &ResultView, scale: f64, points: &[[f64; 3]]) -> Option<Vec<f32>> {
        let (_, volume) = self.bodies.iter().find(|(name, _)| name == body)?;
        let case = view.case.as_deref();
        let field = self.field(volume, &view.field, case)?;
        let moved = self.field(volume, "displacement", case).filter(|_| scale != 0.0);
        let rest = moved.and_then(|m| Some(volume.rest(&*self.drawn(body, case, scale, volume, m)?, m, points)));
        let values = volume.sample(field, rest.as_deref().unwrap_or(points));
        let n = usize::from(field.components).max(1);
        let size = |v: &[f32]| if n == 1 { v[0] } else { v.iter().map(|x| x * x).sum::<f32>().sqrt() };
        Some(values.chunks_exact(n).map(size).collect())
    }

    /// The body as drawn, made once per case and scale.
    fn drawn(
        &self,
        body: &str,
        case: Option<&str>,
        scale: f64,
        volume: &Volume,
        moved: &Field,
    ) -> Option<Rc<Deformed>> {
        let key: Drawn = (body.into(), case.map(Into::into), scale);
        let mut drawn = self.drawn.borrow_mut();
        if let Some((_, known)) = drawn.iter().find(|(k, _)| *k == key) {
            return Some(known.clone());
        }
        let made = Rc::new(volume.deformed(moved, scale)?);
        drawn.retain(|(k, _)| k.0 != body);
        drawn.push((key, made.clone()));
        Some(made)
    }

    /// The shown field over a cap of `body`.
    pub fn over(&self, cap: &Cap, body: &str, plane: &SectionPlane, view: &ResultView, scale: f64) -> Option<Raster> {
        let frame = Frame::new(plane);
        let flat = cap.border.iter().flatten().map(|p| frame.flat(*p));
        let (lo, hi) = flat.map(|p| (p, p)).reduce(|(l, h), (a, b)| (l.min(a), h.max(b)))?;
        let size = (hi - lo).max(DVec2::splat(1e-12));
        let step = size.max_element() / SIDE as f64;
        let [columns, rows] = [size.x, size.y].map(|s| ((s / step).ceil() as usize).clamp(1, SIDE));
        let at = |i: usize, j: usize| {
            lo + size * DVec2::new((i as f64 + 0.5) / columns as f64, (j as f64 + 0.5) / rows as f64)
        };
        let points: Vec<[f64; 3]> = (0..rows)
            .flat_map(|j| (0..columns).map(move |i| (i, j)))
            .map(|(i, j)| frame.world(at(i, j)).to_array())
            .collect();
        let values = self.values(body, view, scale, &points)?;
        let corner = frame.world(lo);
        let along = frame.world(DVec2::new(lo.x + size.x, lo.y)) - corner;
        let across = frame.world(DVec2::new(lo.x, lo.y + size.y)) - corner;
        Some(Raster { corner, along, across, columns, rows, values })
    }
}

impl Raster {
    /// Place of a point of the cap on the raster, 0…1 each way.
    pub fn place(&self, point: DVec3) -> DVec2 {
        let off = point - self.corner;
        DVec2::new(
            off.dot(self.along) / self.along.length_squared(),
            off.dot(self.across) / self.across.length_squared(),
        )
    }

    /// Value at a point of the cap: that of the texel it lies in. `None` where nothing is known.
    pub fn value(&self, point: DVec3) -> Option<f64> {
        let place = self.place(point);
        let cell = |s: f64, n: usize| ((s * n as f64).max(0.0) as usize).min(n - 1);
        let value = self.values[cell(place.y, self.rows) * self.columns + cell(place.x, self.columns)];
        value.is_finite().then_some(f64::from(value))
    }

    /// Texels for the shader: place on the colour scale, and how much of the texel is known; premultiplied, so that
    /// blending between texels never mixes in what is not there. `ramp`: see [`super::field::Shown::ramp`].
    pub fn texels(&self, (start, rate): (f64, f64)) -> Vec<[u8; 4]> {
        let texel = |v: &f32| {
            if !v.is_finite() {
                return [0; 4];
            }
            let s = ((f64::from(*v) - start) * rate).clamp(0.0, 1.0);
            [(s * 255.0).round() as u8, 255, 0, 0]
        };
        self.values.iter().map(texel).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::model::Model;
    use super::super::{sample, section};
    use super::*;
    use std::sync::Arc;

    fn inside() -> Inside {
        Inside::new(&sample::block_inside()).expect("decodes")
    }

    fn view(field: &str) -> ResultView {
        ResultView {
            outcome: Arc::default(),
            field: field.into(),
            case: Some("a".into()),
            scale: None,
            ghost: false,
            banded: false,
            range: None,
            inverted: false,
            ceiling: None,
            flags: false,
            playing: false,
        }
    }

    #[test]
    fn a_cap_shows_what_lies_inside_at_rest_and_deformed() {
        let inside = inside();
        let plane = SectionPlane { point: [0.0, 0.05, 0.0], normal: [0.0, 1.0, 0.0] };
        for scale in [0.0, 1.0] {
            let mut mesh = sample::cuboid([0.0; 3], [0.2, 0.1, 0.05]);
            mesh.points.iter_mut().for_each(|p| p[2] += scale * 0.05 * p[0]);
            let model = Model::new([sample::part("block", mesh)]);
            let cap = section::cut(&model.bodies[0], &plane);
            let raster = inside.over(&cap, "block", &plane, &view("heat"), scale).expect("a raster");
            for x in [0.02, 0.1, 0.17] {
                let point = DVec3::new(x, 0.05, 0.025 + scale * 0.05 * x);
                let value = raster.value(point).expect("inside");
                assert!((value - 100.0 * x).abs() < 0.1, "{value} at {x}, scale {scale}");
            }
            let ends = raster.texels((0.0, 1.0 / 20.0));
            assert_eq!(ends.len(), raster.columns * raster.rows);
            assert!(ends.iter().any(|t| t[0] > 245) && ends.iter().any(|t| t[1] == 255 && t[0] < 10));
            assert!(inside.over(&cap, "block", &plane, &view("noise"), scale).is_none());
            assert!(inside.over(&cap, "pin", &plane, &view("heat"), scale).is_none());
        }
        assert!(Inside::new(b"no result").is_err());
    }
}
