//! Outlines in a drawing: where their points are, what path they make, where a dragged point lands.

use solver::design::profile::Outline;
use solver::design::{Profile, Resolved, Segment};
use solver::quantity::{Dimension, names};

/// Side of the drawing, in its own units.
pub const SIDE: f64 = 240.0;

/// A point of a profile, by its two expressions' places in [`Profile::expressions_mut`].
#[derive(Clone, Debug, PartialEq)]
pub struct Handle {
    /// Index of the x expression; y is the next.
    pub at: usize,
    pub point: [f64; 2],
    /// Both expressions are plain values and may be dragged.
    pub free: bool,
    /// The point an arc goes through.
    pub via: bool,
}

pub fn points(profile: &Profile, resolved: &Resolved) -> Vec<Handle> {
    let expressions = profile.expressions();
    let value = |i: usize| resolved.evaluate_as(&expressions[i].1, Dimension::LENGTH).ok();
    let mut out = Vec::new();
    let mut i = 0;
    while i + 1 < expressions.len() {
        let label = &expressions[i].0;
        // A circle's radius stands alone, not in a pair.
        if label.ends_with("radius") {
            i += 1;
            continue;
        }
        if let (Some(x), Some(y)) = (value(i), value(i + 1)) {
            let free = names(&expressions[i].1).is_empty() && names(&expressions[i + 1].1).is_empty();
            out.push(Handle { at: i, point: [x, y], free, via: label.ends_with("via x") });
        }
        i += 2;
    }
    out
}

/// Centre, radius of the circle through three points, and whether it turns left; `None` when they are in line.
fn circle(a: [f64; 2], b: [f64; 2], c: [f64; 2]) -> Option<(f64, bool)> {
    let cross = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
    let side = |p: [f64; 2], q: [f64; 2]| ((p[0] - q[0]).powi(2) + (p[1] - q[1]).powi(2)).sqrt();
    let product = side(a, b) * side(b, c) * side(c, a);
    (cross.abs() > 1e-9 * product.powf(2.0 / 3.0)).then(|| (product / (2.0 * cross.abs()), cross > 0.0))
}

/// SVG path data of an outline in a frame given by `map`; `scale` turns metres into drawing units.
pub fn path(outline: &Outline, resolved: &Resolved, map: &dyn Fn([f64; 2]) -> [f64; 2], scale: f64) -> Option<String> {
    let number = |e: &String| resolved.evaluate_as(e, Dimension::LENGTH).ok();
    let point = |p: &[String; 2]| Some([number(&p[0])?, number(&p[1])?]);
    match outline {
        Outline::Circle { centre, radius } => {
            let ([x, y], r) = (map(point(centre)?), number(radius)? * scale);
            Some(format!(
                "M{:.2} {y:.2}a{r:.2} {r:.2} 0 1 0 {:.2} 0a{r:.2} {r:.2} 0 1 0 {:.2} 0Z",
                x - r,
                2.0 * r,
                -2.0 * r
            ))
        }
        Outline::Path { start, segments } => {
            let mut from = point(start)?;
            let [x, y] = map(from);
            let mut d = format!("M{x:.2} {y:.2}");
            for segment in segments {
                match segment {
                    Segment::Line { to } => {
                        from = point(to)?;
                        let [x, y] = map(from);
                        d.push_str(&format!("L{x:.2} {y:.2}"));
                    }
                    Segment::Arc { via, to } => {
                        let (v, t) = (point(via)?, point(to)?);
                        let [x, y] = map(t);
                        match circle(from, v, t) {
                            Some((r, left)) => {
                                // The long way round when the middle point lies beyond the chord's half circle.
                                let dot = (from[0] - v[0]) * (t[0] - v[0]) + (from[1] - v[1]) * (t[1] - v[1]);
                                let (large, r) = (u8::from(dot > 0.0), r * scale);
                                // The drawing's y points down: a left turn sweeps the other way.
                                let sweep = u8::from(!left);
                                d.push_str(&format!("A{r:.2} {r:.2} 0 {large} {sweep} {x:.2} {y:.2}"));
                            }
                            None => d.push_str(&format!("L{x:.2} {y:.2}")),
                        }
                        from = t;
                    }
                }
            }
            Some(d)
        }
    }
}

/// Where model points go in the drawing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    pub centre: [f64; 2],
    pub scale: f64,
}

impl Frame {
    pub fn around(handles: &[Handle], radii: &[f64]) -> Self {
        let reach = radii.iter().copied().fold(0.0, f64::max);
        let (mut lo, mut hi) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        for p in handles.iter().map(|h| h.point) {
            for i in 0..2 {
                lo[i] = lo[i].min(p[i] - reach);
                hi[i] = hi[i].max(p[i] + reach);
            }
        }
        if lo[0] > hi[0] {
            (lo, hi) = ([-0.05; 2], [0.05; 2]);
        }
        let size = (hi[0] - lo[0]).max(hi[1] - lo[1]).max(1e-6);
        Self { centre: [(lo[0] + hi[0]) / 2.0, (lo[1] + hi[1]) / 2.0], scale: (SIDE - 40.0) / size }
    }

    pub fn to(&self, p: [f64; 2]) -> [f64; 2] {
        [SIDE / 2.0 + (p[0] - self.centre[0]) * self.scale, SIDE / 2.0 - (p[1] - self.centre[1]) * self.scale]
    }

    pub fn from(&self, p: [f64; 2]) -> [f64; 2] {
        [self.centre[0] + (p[0] - SIDE / 2.0) / self.scale, self.centre[1] - (p[1] - SIDE / 2.0) / self.scale]
    }
}

/// A round step of which some fifty make the picture, so that dragged points land on readable values.
pub fn snap(value: f64, frame: Frame, inch: bool) -> f64 {
    let unit = if inch { 0.0254 } else { 1e-3 };
    let span = SIDE / frame.scale / unit;
    let decade = 10f64.powf((span / 100.0).log10().floor());
    (value / unit / decade).round() * decade * unit
}

pub fn set_expression(profile: &mut Profile, at: usize, text: String) {
    if let Some((_, e)) = profile.expressions_mut().into_iter().nth(at) {
        *e = text;
    }
}

pub fn radii(profile: &Profile, resolved: &Resolved) -> Vec<f64> {
    profile
        .expressions()
        .iter()
        .filter(|(label, _)| label.ends_with("radius"))
        .filter_map(|(_, e)| resolved.evaluate_as(e, Dimension::LENGTH).ok())
        .collect()
}

/// The last segment of a path returns to its start.
pub fn keep_closed(profile: &mut Profile) {
    for outline in std::iter::once(&mut profile.outer).chain(&mut profile.holes) {
        if let Outline::Path { start, segments } = outline {
            let start = start.clone();
            match segments.last_mut() {
                Some(Segment::Line { to } | Segment::Arc { to, .. }) => *to = start,
                None => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_square_with_a_round_hole_is_drawn() {
        let mut p = Profile::polygon(&[["0 mm", "0 mm"], ["20 mm", "0 mm"], ["20 mm", "20 mm"], ["0 mm", "20 mm"]]);
        p.holes.push(Outline::Circle { centre: ["10 mm".into(), "10 mm".into()], radius: "2 mm".into() });
        let r = Resolved::default();
        let handles = points(&p, &r);
        // Start, four ends, one centre.
        assert_eq!(handles.len(), 6);
        let frame = Frame::around(&handles, &[]);
        assert_eq!(frame.to([0.01, 0.01]), [120.0, 120.0]);
        let back = frame.from(frame.to([0.003, 0.017]));
        assert!((back[0] - 0.003).abs() < 1e-12 && (back[1] - 0.017).abs() < 1e-12);
        let d = path(&p.outer, &r, &|q| frame.to(q), frame.scale).expect("all values are known");
        assert!(d.starts_with("M20.00 220.00L220.00 220.00L220.00 20.00"), "{d}");
    }

    #[test]
    fn arcs_go_through_their_middle_point() {
        let (r, left) = circle([1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]).expect("not in line");
        assert!((r - 1.0).abs() < 1e-12 && left);
        assert!(circle([0.0, 0.0], [1.0, 1.0], [2.0, 2.0]).is_none());
    }

    #[test]
    fn the_last_segment_follows_the_start() {
        let mut p = Profile::polygon(&[["0 mm", "0 mm"], ["20 mm", "0 mm"], ["20 mm", "20 mm"]]);
        set_expression(&mut p, 0, "5 mm".into());
        keep_closed(&mut p);
        let Outline::Path { segments, .. } = &p.outer else { unreachable!("a polygon is a path") };
        assert_eq!(segments.last(), Some(&Segment::Line { to: ["5 mm".into(), "0 mm".into()] }));
    }

    #[test]
    fn dragged_points_land_on_readable_values() {
        let frame = Frame { centre: [0.0, 0.0], scale: 2000.0 };
        assert!((snap(0.012_345, frame, false) - 0.012).abs() < 1e-12);
    }
}
