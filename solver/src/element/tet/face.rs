//! Six-node (and three-node) triangles: pressure, traction, foundations, convection.
//!
//! Nodes: corners, then the middles of 1-2, 2-3, 3-1. `M` is the number of nodes, 3 or 6.

use glam::DVec3;

/// Barycentric coordinates and share of the area.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    pub at: [f64; 3],
    pub share: f64,
}

const A: f64 = 0.101_286_507_323_456_34;
const A_FAR: f64 = 0.797_426_985_353_087_3;
const A_SHARE: f64 = 0.125_939_180_544_827_15;
const B: f64 = 0.470_142_064_105_115_1;
const B_FAR: f64 = 0.059_715_871_789_769_82;
const B_SHARE: f64 = 0.132_394_152_788_506_2;

const fn point(at: [f64; 3], share: f64) -> Point {
    Point { at, share }
}

/// Exact for polynomials of degree five (Radon 1948): (6 ± √15) / 21 with shares (155 ± √15) / 1200.
pub const SEVEN_POINTS: [Point; 7] = [
    point([1.0 / 3.0; 3], 0.225),
    point([A_FAR, A, A], A_SHARE),
    point([A, A_FAR, A], A_SHARE),
    point([A, A, A_FAR], A_SHARE),
    point([B_FAR, B, B], B_SHARE),
    point([B, B_FAR, B], B_SHARE),
    point([B, B, B_FAR], B_SHARE),
];

/// Values of the shape functions.
pub fn shape<const M: usize>(l: &[f64; 3]) -> [f64; M] {
    const { assert!(M == 3 || M == 6, "a triangle has 3 or 6 nodes") }
    std::array::from_fn(|n| {
        if M == 3 {
            l[n]
        } else if n < 3 {
            l[n] * (2.0 * l[n] - 1.0)
        } else {
            4.0 * l[n - 3] * l[(n - 2) % 3]
        }
    })
}

/// Derivatives of the position by the second and the third barycentric coordinate, the first following from them, m.
pub fn tangents<const M: usize>(x: &[DVec3; M], l: &[f64; 3]) -> [DVec3; 2] {
    let mut d = [DVec3::ZERO; 2];
    for (n, x) in x.iter().enumerate() {
        let mut by = [0.0; 3];
        if M == 3 {
            by[n] = 1.0;
        } else if n < 3 {
            by[n] = 4.0 * l[n] - 1.0;
        } else {
            let (i, j) = (n - 3, (n - 2) % 3);
            by[i] = 4.0 * l[j];
            by[j] = 4.0 * l[i];
        }
        d[0] += *x * (by[1] - by[0]);
        d[1] += *x * (by[2] - by[0]);
    }
    d
}

/// Area vector that a point with share 1 stands for, m²: by the right-hand rule over the corners.
pub fn area<const M: usize>(x: &[DVec3; M], l: &[f64; 3]) -> DVec3 {
    let [u, v] = tangents(x, l);
    0.5 * u.cross(v)
}

/// The point of the facet at barycentric coordinates `l`.
pub fn position<const M: usize>(x: &[DVec3; M], l: &[f64; 3]) -> DVec3 {
    shape::<M>(l).iter().zip(x).map(|(n, x)| *x * *n).sum()
}

/// Calls `f(shape values, position m, area vector m²)` at each quadrature point; the area vectors sum to the whole.
pub fn integrate<const M: usize>(x: &[DVec3; M], mut f: impl FnMut(&[f64; M], DVec3, DVec3)) {
    for p in &SEVEN_POINTS {
        let n = shape::<M>(&p.at);
        f(&n, n.iter().zip(x).map(|(n, x)| *x * *n).sum(), area(x, &p.at) * p.share);
    }
}

/// Nodal forces, N, of a traction in Pa at a position with the unit normal given.
pub fn load<const M: usize>(x: &[DVec3; M], traction: impl Fn(DVec3, DVec3) -> DVec3) -> [DVec3; M] {
    let mut out = [DVec3::ZERO; M];
    integrate(x, |n, position, area| {
        let size = area.length();
        let force = traction(position, area / size) * size;
        for (out, n) in out.iter_mut().zip(n) {
            *out += force * *n;
        }
    });
    out
}

/// ∫ k N_a N_b dA, row by row: elastic foundation of one component for k in N/m³, convection for k in W/(m² K).
pub fn matrix<const M: usize>(x: &[DVec3; M], k: f64) -> [[f64; M]; M] {
    let mut out = [[0.0; M]; M];
    integrate(x, |n, _, area| {
        let w = k * area.length();
        for a in 0..M {
            for b in 0..M {
                out[a][b] += w * n[a] * n[b];
            }
        }
    });
    out
}

/// Stiffness of springs all over a triangle, N/m, `(3M)²` row by row, `3 node + component`: `normal` and `tangential` in
/// N/m³, the normal that of the place.
pub fn foundation<const M: usize>(x: &[DVec3; M], normal: f64, tangential: f64, out: &mut [f64]) {
    let out = &mut out[..9 * M * M];
    out.fill(0.0);
    integrate(x, |n, _, area| {
        let size = area.length();
        let d = area / size;
        for a in 0..M {
            for b in 0..M {
                let w = size * n[a] * n[b];
                for i in 0..3 {
                    for j in 0..3 {
                        let same = if i == j { tangential } else { 0.0 };
                        out[(3 * a + i) * 3 * M + 3 * b + j] += w * ((normal - tangential) * d[i] * d[j] + same);
                    }
                }
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_is_exact_to_degree_five() {
        let f = |n: usize| (1..=n).map(|i| i as f64).product::<f64>();
        for a in 0..=5 {
            for b in 0..=5 - a {
                let sum: f64 =
                    SEVEN_POINTS.iter().map(|p| p.share * p.at[1].powi(a as i32) * p.at[2].powi(b as i32)).sum();
                assert!((sum - 2.0 * f(a) * f(b) / f(a + b + 2)).abs() < 1e-15);
            }
        }
    }

    #[test]
    fn pressure_on_a_flat_quadratic_face_goes_to_the_middles() {
        let c = [DVec3::ZERO, DVec3::X * 2.0, DVec3::Y];
        let x: [DVec3; 6] = std::array::from_fn(|n| if n < 3 { c[n] } else { 0.5 * (c[n - 3] + c[(n - 2) % 3]) });
        let f = load(&x, |_, n| -3.0 * n);
        for n in 0..6 {
            let share = if n < 3 { 0.0 } else { -1.0 };
            assert!((f[n] - DVec3::Z * share).length() < 1e-15, "{n} {}", f[n]);
        }
        let m = matrix(&x, 2.0);
        assert!((m.iter().flatten().sum::<f64>() - 2.0).abs() < 1e-15);
    }

    #[test]
    fn a_linear_traction_on_a_curved_face_keeps_its_resultant() {
        // An eighth of a unit sphere's corner triangle: pressure on a closed patch equals that on its boundary's cone.
        let c = [DVec3::X, DVec3::Y, DVec3::Z];
        let x: [DVec3; 6] = std::array::from_fn(|n| if n < 3 { c[n] } else { (c[n - 3] + c[(n - 2) % 3]).normalize() });
        let total: DVec3 = load(&x, |_, n| n).into_iter().sum();
        // ∫ n dA depends on the edge curve alone: ½ ∮ x × dx along three parabolas.
        let mut ring = DVec3::ZERO;
        for e in 0..3 {
            let (a, m, b) = (x[e], x[3 + e], x[(e + 1) % 3]);
            let at = |t: f64| a * (2.0 * t - 1.0) * (t - 1.0) + m * 4.0 * t * (1.0 - t) + b * t * (2.0 * t - 1.0);
            let slope = |t: f64| a * (4.0 * t - 3.0) + m * (4.0 - 8.0 * t) + b * (4.0 * t - 1.0);
            for (t, w) in
                [(0.5 - 0.6f64.sqrt() / 2.0, 5.0 / 18.0), (0.5, 8.0 / 18.0), (0.5 + 0.6f64.sqrt() / 2.0, 5.0 / 18.0)]
            {
                ring += 0.5 * w * at(t).cross(slope(t));
            }
        }
        assert!((total - ring).length() < 1e-14);
    }
}
