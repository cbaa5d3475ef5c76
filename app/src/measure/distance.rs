//! The shortest line between two sets of points, segments or triangles.

use super::vector::{V, add, cross, dot, length, scale, sub};

/// Simplices of one kind: one corner a point, two a segment, three a triangle. Each with its bounds.
pub struct Set {
    pieces: Vec<Piece>,
}

struct Piece {
    corners: [V; 3],
    n: usize,
    lo: V,
    hi: V,
}

impl Piece {
    fn new(points: &[V]) -> Self {
        let mut corners = [points[0]; 3];
        corners[..points.len()].copy_from_slice(points);
        let pick = |f: fn(f64, f64) -> f64| [0, 1, 2].map(|k| corners.iter().map(|c| c[k]).reduce(f).unwrap_or(0.0));
        Self { n: points.len(), lo: pick(f64::min), hi: pick(f64::max), corners }
    }

    /// Squared distance of the bounds, a lower limit for what is inside.
    fn apart(&self, other: &Self) -> f64 {
        (0..3).map(|k| (self.lo[k] - other.hi[k]).max(other.lo[k] - self.hi[k]).max(0.0).powi(2)).sum()
    }

    fn sides(&self) -> impl Iterator<Item = [V; 2]> + '_ {
        let n = match self.n {
            1 => 0,
            2 => 1,
            _ => 3,
        };
        (0..n).map(|i| [self.corners[i], self.corners[(i + 1) % 3]])
    }
}

impl Set {
    pub fn point(p: V) -> Self {
        Self { pieces: vec![Piece::new(&[p])] }
    }

    pub fn segments(segments: impl Iterator<Item = [V; 2]>) -> Self {
        Self { pieces: segments.map(|s| Piece::new(&s)).collect() }
    }

    pub fn triangles(triangles: impl Iterator<Item = [V; 3]>) -> Self {
        Self { pieces: triangles.map(|t| Piece::new(&t)).collect() }
    }
}

/// The shortest line from `a` to `b`; both ends equal where they touch. `None` when one of them is empty.
pub fn nearest(a: &Set, b: &Set) -> Option<[V; 2]> {
    let mut best: Option<([V; 2], f64)> = None;
    for p in &a.pieces {
        for q in &b.pieces {
            if best.is_some_and(|(_, d)| p.apart(q) >= d) {
                continue;
            }
            let line = pieces(p, q);
            let d = dot(sub(line[1], line[0]), sub(line[1], line[0]));
            if best.is_none_or(|(_, least)| d < least) {
                best = Some((line, d));
            }
        }
    }
    best.map(|(line, _)| line)
}

/// Two triangles that do not cross are closest at a corner of one or between two sides; where they cross, a side of one
/// passes through the other.
fn pieces(p: &Piece, q: &Piece) -> [V; 2] {
    let mut best = ([p.corners[0], q.corners[0]], f64::INFINITY);
    let mut offer = |line: [V; 2]| {
        let d = length(sub(line[1], line[0]));
        if d < best.1 {
            best = (line, d);
        }
    };
    for &c in &p.corners[..p.n] {
        offer([c, on_piece(c, q)]);
    }
    for &c in &q.corners[..q.n] {
        offer([on_piece(c, p), c]);
    }
    for s in p.sides() {
        q.sides().for_each(|t| offer(between_segments(s, t)));
        if let Some(x) = pierce(s, q) {
            offer([x, x]);
        }
    }
    for t in q.sides() {
        if let Some(x) = pierce(t, p) {
            offer([x, x]);
        }
    }
    best.0
}

fn on_piece(p: V, piece: &Piece) -> V {
    let [a, b, c] = piece.corners;
    match piece.n {
        1 => a,
        2 => on_segment(p, [a, b]),
        _ => on_triangle(p, [a, b, c]),
    }
}

fn on_segment(p: V, [a, b]: [V; 2]) -> V {
    let ab = sub(b, a);
    let ll = dot(ab, ab);
    if ll == 0.0 { a } else { add(a, scale(ab, (dot(sub(p, a), ab) / ll).clamp(0.0, 1.0))) }
}

/// Inside: the foot of the perpendicular; else the nearest of the three sides.
fn on_triangle(p: V, [a, b, c]: [V; 3]) -> V {
    let n = cross(sub(b, a), sub(c, a));
    let nn = dot(n, n);
    if nn > 0.0 {
        let foot = sub(p, scale(n, dot(sub(p, a), n) / nn));
        let inside = |u: V, v: V| dot(cross(sub(v, u), sub(foot, u)), n) >= 0.0;
        if inside(a, b) && inside(b, c) && inside(c, a) {
            return foot;
        }
    }
    let sides = [[a, b], [b, c], [c, a]].map(|s| on_segment(p, s));
    sides.into_iter().min_by(|x, y| length(sub(*x, p)).total_cmp(&length(sub(*y, p)))).unwrap_or(a)
}

/// Where a segment passes through a triangle.
fn pierce([s, t]: [V; 2], piece: &Piece) -> Option<V> {
    if piece.n < 3 {
        return None;
    }
    let [a, b, c] = piece.corners;
    let n = cross(sub(b, a), sub(c, a));
    let (h, k) = (dot(sub(s, a), n), dot(sub(t, a), n));
    if h * k > 0.0 || h == k {
        return None;
    }
    let x = add(s, scale(sub(t, s), h / (h - k)));
    let inside = |u: V, v: V| dot(cross(sub(v, u), sub(x, u)), n) >= 0.0;
    (inside(a, b) && inside(b, c) && inside(c, a)).then_some(x)
}

/// Closest points of two segments (Ericson, Real-Time Collision Detection, 5.1.9).
fn between_segments([p, q]: [V; 2], [r, s]: [V; 2]) -> [V; 2] {
    let (d, e, w) = (sub(q, p), sub(s, r), sub(p, r));
    let (dd, ee, de) = (dot(d, d), dot(e, e), dot(d, e));
    let (dw, ew) = (dot(d, w), dot(e, w));
    let det = dd * ee - de * de;
    let mut u = if det > 1e-14 * dd * ee { ((de * ew - dw * ee) / det).clamp(0.0, 1.0) } else { 0.0 };
    let mut v = if ee > 0.0 { (de * u + ew) / ee } else { 0.0 };
    if !(0.0..=1.0).contains(&v) {
        v = v.clamp(0.0, 1.0);
        u = if dd > 0.0 { ((de * v - dw) / dd).clamp(0.0, 1.0) } else { 0.0 };
    }
    [add(p, scale(d, u)), add(r, scale(e, v))]
}
