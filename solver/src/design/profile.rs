//! Planar outlines of lines and arcs, every coordinate an expression.

use serde::{Deserialize, Serialize};

/// One segment of an outline, from the end of the previous one to `to`. Coordinates are expressions in the sketch plane.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Segment {
    Line {
        to: [String; 2],
    },
    /// Circular arc through `via`.
    Arc {
        via: [String; 2],
        to: [String; 2],
    },
}

/// A closed loop: segments return to `start`, the last one closing the loop; or one circle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Outline {
    Path { start: [String; 2], segments: Vec<Segment> },
    Circle { centre: [String; 2], radius: String },
}

/// An outer outline with holes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    pub outer: Outline,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holes: Vec<Outline>,
}

impl Profile {
    /// A polygon through `points`, closed.
    pub fn polygon(points: &[[&str; 2]]) -> Self {
        let point = |p: &[&str; 2]| p.map(String::from);
        let start = points.first().map_or_else(|| ["0 mm".into(), "0 mm".into()], point);
        let segments = points.iter().skip(1).chain(points.first()).map(|p| Segment::Line { to: point(p) }).collect();
        Self { outer: Outline::Path { start, segments }, holes: Vec::new() }
    }

    /// Every expression of the profile with a label that says where it stands, to check, rename and list them.
    pub fn expressions_mut(&mut self) -> Vec<(String, &mut String)> {
        let mut out = Vec::new();
        let loops = std::iter::once(("outline".to_string(), &mut self.outer))
            .chain(self.holes.iter_mut().enumerate().map(|(i, h)| (format!("hole {}", i + 1), h)));
        for (label, outline) in loops {
            match outline {
                Outline::Circle { centre: [x, y], radius } => {
                    out.push((format!("{label}, centre x"), x));
                    out.push((format!("{label}, centre y"), y));
                    out.push((format!("{label}, radius"), radius));
                }
                Outline::Path { start: [x, y], segments } => {
                    out.push((format!("{label}, start x"), x));
                    out.push((format!("{label}, start y"), y));
                    for (i, segment) in segments.iter_mut().enumerate() {
                        let n = i + 1;
                        match segment {
                            Segment::Line { to: [x, y] } => {
                                out.push((format!("{label}, segment {n} x"), x));
                                out.push((format!("{label}, segment {n} y"), y));
                            }
                            Segment::Arc { via: [vx, vy], to: [x, y] } => {
                                out.push((format!("{label}, segment {n} via x"), vx));
                                out.push((format!("{label}, segment {n} via y"), vy));
                                out.push((format!("{label}, segment {n} x"), x));
                                out.push((format!("{label}, segment {n} y"), y));
                            }
                        }
                    }
                }
            }
        }
        out
    }

    pub fn expressions(&self) -> Vec<(String, String)> {
        self.clone().expressions_mut().into_iter().map(|(label, e)| (label, e.clone())).collect()
    }
}
