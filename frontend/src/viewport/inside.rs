//! What a result says inside the bodies: on the cap of a section, and under the pointer there.
//!
//! The cap is covered by a raster of values, so that its cost is bounded whatever the cut looks like.

use super::field::{Line, Shown, lines_at};
use super::section::{Cap, Frame};
use app::viewport::SectionPlane;
use glam::{DVec2, DVec3};
use solver::result::{self, Over};
use solver::volume::{Deformed, Volume};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

/// Samples along the longer side of a cap: about what the cells of a typical result can tell apart.
const SIDE: usize = 128;

/// The inside of an answer, and how it was drawn last.
#[derive(Debug)]
pub struct Inside {
    answer: Arc<result::Inside>,
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
    pub fn new(answer: Arc<result::Inside>) -> Self {
        Self { answer, drawn: RefCell::default() }
    }

    /// Where `points` of a body as drawn rest; `None` where the answer says nothing about the body.
    pub fn rest(&self, body: &str, shown: &Shown, points: &[[f64; 3]]) -> Option<Vec<[f64; 3]>> {
        let volume = self.answer.volume(body)?;
        let case = shown.view.reading.case.as_deref();
        if shown.scale == 0.0 || shown.view.reading.over != Over::State {
            return Some(points.to_vec());
        }
        let Some(moved) = self.answer.field(volume, "displacement", case) else { return Some(points.to_vec()) };
        let key: Drawn = (body.into(), case.map(Into::into), shown.scale);
        let known = self.drawn.borrow().iter().find(|(k, _)| *k == key).map(|(_, d)| d.clone());
        let drawn = match known {
            Some(known) => known,
            None => {
                let made = Rc::new(volume.deformed(moved, shown.scale)?);
                let mut drawn = self.drawn.borrow_mut();
                drawn.retain(|(k, _)| k.0 != body);
                drawn.push((key, made.clone()));
                made
            }
        };
        Some(volume.rest(&drawn, moved, points))
    }

    /// The shown quantity over a cap of `body`, and lines along the principal stresses where they are wanted.
    pub fn over(&self, cap: &Cap, body: &str, plane: &SectionPlane, shown: &Shown) -> Option<(Raster, Vec<Line>)> {
        let frame = Frame::new(plane);
        let flat = cap.border.iter().flatten().map(|p| frame.flat(*p));
        let (lo, hi) = flat.map(|p| (p, p)).reduce(|(l, h), (a, b)| (l.min(a), h.max(b)))?;
        let size = (hi - lo).max(DVec2::splat(1e-12));
        let spread = |columns: usize, rows: usize| -> Vec<[f64; 3]> {
            let at = |i: usize, j: usize| {
                lo + size * DVec2::new((i as f64 + 0.5) / columns as f64, (j as f64 + 0.5) / rows as f64)
            };
            let all = (0..rows).flat_map(|j| (0..columns).map(move |i| (i, j)));
            all.map(|(i, j)| frame.world(at(i, j)).to_array()).collect()
        };
        let step = size.max_element() / SIDE as f64;
        let [columns, rows] = [size.x, size.y].map(|s| ((s / step).ceil() as usize).clamp(1, SIDE));
        let rest = self.rest(body, shown, &spread(columns, rows))?;
        let values = self.answer.read(body, &shown.view.reading, &rest)?;
        let corner = frame.world(lo);
        let along = frame.world(DVec2::new(lo.x + size.x, lo.y)) - corner;
        let across = frame.world(DVec2::new(lo.x, lo.y + size.y)) - corner;
        let mut lines = Vec::new();
        let span = shown.line_span();
        if shown.line_stress > 0.0 && span > 0.0 {
            let [columns, rows] = [size.x, size.y].map(|s| ((s / span).round() as usize).clamp(1, SIDE));
            let points = spread(columns, rows);
            let rest = self.rest(body, shown, &points)?;
            let only = shown.view.reading.quantity.principal();
            let case = shown.view.reading.case.as_deref();
            for (at, rest) in points.into_iter().zip(rest) {
                // Of this body, not of one that touches it there.
                let holds = || self.answer.volume(body).is_some_and(|v: &Volume| v.locate(rest).is_some());
                if let Some(stress) = self.answer.stress(case, rest).filter(|_| holds()) {
                    lines.extend(lines_at(stress, at.into(), only, shown.line_stress, span));
                }
            }
        }
        Some((Raster { corner, along, across, columns, rows, values }, lines))
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
    use app::viewport::ResultView;
    use solver::result::Reading;
    use solver::study::outcome::{Field, Outcome, OutcomeMesh};

    fn shown(field: &str, scale: f64) -> Shown {
        let mut outcome = Outcome::from_bytes(&sample::block_inside()).expect("decodes");
        // On its skin too, so that there is something to show.
        let surface = sample::cuboid([0.0; 3], [0.2, 0.1, 0.05]);
        let n = surface.points.len();
        outcome.fields = ["heat", "noise"]
            .map(|id| {
                let own = outcome.fields[0].clone();
                Field { id: id.into(), mesh: "skin".into(), values: vec![0.0; n], ..own }
            })
            .to_vec();
        outcome.meshes = vec![OutcomeMesh::Surface { name: "skin".into(), body: "block".into(), surface }];
        let view = ResultView {
            outcome: Arc::new(outcome),
            tensor: None,
            reading: Reading::stored(field, Some("a")),
            directions: false,
            scale: Some(scale),
            ghost: false,
            banded: false,
            range: None,
            inverted: false,
            ceiling: None,
            flags: false,
            playing: false,
        };
        Shown::new(view, None).expect("a field")
    }

    #[test]
    fn a_cap_shows_what_lies_inside_at_rest_and_deformed() {
        let answer = result::Inside::new(Outcome::from_bytes(&sample::block_inside()).expect("decodes"));
        let inside = Inside::new(Arc::new(answer));
        let plane = SectionPlane { point: [0.0, 0.05, 0.0], normal: [0.0, 1.0, 0.0] };
        for scale in [0.0, 1.0] {
            let mut mesh = sample::cuboid([0.0; 3], [0.2, 0.1, 0.05]);
            mesh.points.iter_mut().for_each(|p| p[2] += scale * 0.05 * p[0]);
            let model = Model::new([sample::part("block", mesh)]);
            let cap = section::cut(&model.bodies[0], &plane);
            let (raster, lines) = inside.over(&cap, "block", &plane, &shown("heat", scale)).expect("a raster");
            assert!(lines.is_empty());
            for x in [0.02, 0.1, 0.17] {
                let point = DVec3::new(x, 0.05, 0.025 + scale * 0.05 * x);
                let value = raster.value(point).expect("inside");
                assert!((value - 100.0 * x).abs() < 0.1, "{value} at {x}, scale {scale}");
            }
            let ends = raster.texels((0.0, 1.0 / 20.0));
            assert_eq!(ends.len(), raster.columns * raster.rows);
            assert!(ends.iter().any(|t| t[0] > 245) && ends.iter().any(|t| t[1] == 255 && t[0] < 10));
            assert!(inside.over(&cap, "block", &plane, &shown("noise", scale)).is_none());
            assert!(inside.over(&cap, "pin", &plane, &shown("heat", scale)).is_none());
        }
    }
}
