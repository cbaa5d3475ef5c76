//! A number that depends on another: straight lines between points.

/// Values in SI at rising places, straight lines between them, held beyond the ends.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// Place and value; one at least.
    points: Vec<[f64; 2]>,
}

impl From<f64> for Curve {
    fn from(value: f64) -> Self {
        Self { points: vec![[0.0, value]] }
    }
}

impl Curve {
    /// Through points whose places rise; `None` where they do not, or there is none.
    pub fn through(points: Vec<[f64; 2]>) -> Option<Self> {
        let rises = points.windows(2).all(|w| w[1][0] > w[0][0]);
        (!points.is_empty() && rises).then_some(Self { points })
    }

    pub fn points(&self) -> &[[f64; 2]] {
        &self.points
    }

    /// Whether it has one value everywhere.
    pub fn is_constant(&self) -> bool {
        self.points.iter().all(|p| p[1] == self.points[0][1])
    }

    /// The first of the two points that `x` lies between, and how far from it to the next, 0 to 1.
    fn place(&self, x: f64) -> (usize, f64) {
        let after = self.points.partition_point(|p| p[0] <= x);
        if after == 0 {
            return (0, 0.0);
        }
        let Some(next) = self.points.get(after) else { return (after - 1, 0.0) };
        let [from, _] = self.points[after - 1];
        (after - 1, (x - from) / (next[0] - from))
    }

    pub fn at(&self, x: f64) -> f64 {
        let (k, s) = self.place(x);
        let [_, value] = self.points[k];
        if s > 0.0 { value + s * (self.points[k + 1][1] - value) } else { value }
    }

    /// ∫ from `a` to `b`.
    pub fn integral(&self, a: f64, b: f64) -> f64 {
        self.area_to(b) - self.area_to(a)
    }

    /// ∫ from the first point to `x`.
    fn area_to(&self, x: f64) -> f64 {
        let [[first, value], ..] = self.points[..] else { return 0.0 };
        if x <= first {
            return value * (x - first);
        }
        let mut sum = 0.0;
        for (k, [from, value]) in self.points.iter().enumerate() {
            match self.points.get(k + 1) {
                Some([to, next]) if x > *to => sum += 0.5 * (value + next) * (to - from),
                _ => return sum + 0.5 * (value + self.at(x)) * (x - from),
            }
        }
        sum
    }

    /// Every value times `by`.
    #[must_use]
    pub fn scaled(&self, by: f64) -> Self {
        Self { points: self.points.iter().map(|[x, y]| [*x, y * by]).collect() }
    }

    /// The least and the largest value.
    pub fn range(&self) -> [f64; 2] {
        self.points.iter().fold([f64::INFINITY, f64::NEG_INFINITY], |[l, h], p| [l.min(p[1]), h.max(p[1])])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_between_points_held_beyond() {
        let c = Curve::through(vec![[1.0, 2.0], [3.0, 6.0], [4.0, 5.0]]).unwrap();
        for (x, y) in [(0.0, 2.0), (1.0, 2.0), (2.0, 4.0), (3.0, 6.0), (3.5, 5.5), (4.0, 5.0), (9.0, 5.0)] {
            assert_eq!(c.at(x), y, "{x}");
        }
        for (a, b, area) in
            [(0.0, 1.0, 2.0), (1.0, 3.0, 8.0), (2.0, 3.5, 5.0 + 0.5 * 5.75), (4.0, 6.0, 10.0), (3.0, 1.0, -8.0)]
        {
            assert!((c.integral(a, b) - area).abs() < 1e-12, "{a} {b}: {}", c.integral(a, b));
        }
        assert_eq!(c.range(), [2.0, 6.0]);
        assert!(!c.is_constant() && Curve::from(3.0).is_constant());
        assert_eq!(Curve::from(3.0).integral(-1.0, 2.0), 9.0);
        assert_eq!(Curve::through(vec![[1.0, 2.0], [1.0, 3.0]]), None);
    }
}
