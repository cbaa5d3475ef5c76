//! Linear and ten-node tetrahedra: shape functions, quadrature, matrices and loads.
//!
//! Nodes as in Abaqus and CalculiX (C3D4, C3D10): corners 1 to 4, the fourth where the right-hand normal of 1-2-3 points,
//! then the middles of 1-2, 2-3, 3-1, 1-4, 2-4, 3-4. Points inside are given by their four barycentric coordinates.
//! Everything takes `N`, 4 or 10, the number of nodes. Strains and stresses are xx, yy, zz, xy, yz, zx, with engineering
//! shear strain; lengths in m, stresses in Pa.

pub mod face;
#[cfg(feature = "solve")]
pub mod matrix;
#[cfg(feature = "solve")]
pub mod orthotropic;
pub mod quality;

#[cfg(feature = "solve")]
pub use matrix::{Elasticity, Strain};
#[cfg(feature = "solve")]
pub use orthotropic::Orthotropic;

use glam::DVec3;

/// Corners at the two ends of each edge; the middle of edge `e` is node `4 + e`.
pub const EDGES: [[usize; 2]; 6] = [[0, 1], [1, 2], [2, 0], [0, 3], [1, 3], [2, 3]];

/// Nodes of the faces in Abaqus' order S1 to S4 (1-2-3, 1-4-2, 2-4-3, 3-4-1), each in the order of a six-node triangle:
/// corners, then the middles that follow them. Seen from inside they turn to the right: the normal points *inwards*.
pub const FACES: [[usize; 6]; 4] = [[0, 1, 2, 4, 5, 6], [0, 3, 1, 7, 8, 4], [1, 3, 2, 8, 9, 5], [2, 3, 0, 9, 7, 6]];

/// The map from the reference tetrahedron turns over or flattens.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("an element is inverted: its Jacobian determinant is {determinant:.3e} at a Gauss point")]
pub struct Inverted {
    /// m³, six times the volume for straight edges.
    pub determinant: f64,
}

/// A quadrature point: barycentric coordinates, and its share of the element's volume.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    pub at: [f64; 4],
    pub share: f64,
}

const fn point(at: [f64; 4], share: f64) -> Point {
    Point { at, share }
}

/// Exact for linear functions.
pub const ONE_POINT: [Point; 1] = [point([0.25; 4], 1.0)];

/// (5 + 3 √5) / 20 and (5 − √5) / 20.
const NEAR: f64 = 0.585_410_196_624_968_5;
const FAR: f64 = 0.138_196_601_125_010_5;

/// Exact for quadratic functions (Hammer, Marlowe & Stroud 1956); point `i` lies near corner `i`, as in CalculiX.
pub const FOUR_POINTS: [Point; 4] = [
    point([NEAR, FAR, FAR, FAR], 0.25),
    point([FAR, NEAR, FAR, FAR], 0.25),
    point([FAR, FAR, NEAR, FAR], 0.25),
    point([FAR, FAR, FAR, NEAR], 0.25),
];

// Stroud's T3:5-1: with s = √15, the points (a, a, a, 1 − 3a) for a = (7 ± s) / 34 weigh (2665 ∓ 14 s) / 37800, and
// (b, b, c, c) for b, c = (5 ∓ s) / 20 weigh 10 / 189.
const A: f64 = 0.091_971_078_052_723_03;
const A_FAR: f64 = 0.724_086_765_841_830_9;
const A_SHARE: f64 = 0.071_937_083_779_018_62;
const B: f64 = 0.319_793_627_829_629_94;
const B_FAR: f64 = 0.040_619_116_511_110_23;
const B_SHARE: f64 = 0.069_068_207_226_272_3;
const C: f64 = 0.056_350_832_689_629_155;
const D: f64 = 0.443_649_167_310_370_85;
const CD_SHARE: f64 = 0.052_910_052_910_052_91;

/// Exact for polynomials of degree five, all weights positive (Stroud, Approximate Calculation of Multiple Integrals,
/// 1971, T3:5-1); for mass and capacity.
pub const FIFTEEN_POINTS: [Point; 15] = [
    point([0.25; 4], 16.0 / 135.0),
    point([A_FAR, A, A, A], A_SHARE),
    point([A, A_FAR, A, A], A_SHARE),
    point([A, A, A_FAR, A], A_SHARE),
    point([A, A, A, A_FAR], A_SHARE),
    point([B_FAR, B, B, B], B_SHARE),
    point([B, B_FAR, B, B], B_SHARE),
    point([B, B, B_FAR, B], B_SHARE),
    point([B, B, B, B_FAR], B_SHARE),
    point([C, C, D, D], CD_SHARE),
    point([C, D, C, D], CD_SHARE),
    point([C, D, D, C], CD_SHARE),
    point([D, C, C, D], CD_SHARE),
    point([D, C, D, C], CD_SHARE),
    point([D, D, C, C], CD_SHARE),
];

/// Points at which stiffness, conductivity and stress are taken: one for `N` = 4, four for `N` = 10.
pub const fn stiffness_points<const N: usize>() -> &'static [Point] {
    const { assert!(N == 4 || N == 10, "a tetrahedron has 4 or 10 nodes") }
    if N == 4 { &ONE_POINT } else { &FOUR_POINTS }
}

/// Values of the shape functions at barycentric coordinates `l`.
#[inline(always)]
pub fn shape<const N: usize>(l: &[f64; 4]) -> [f64; N] {
    const { assert!(N == 4 || N == 10, "a tetrahedron has 4 or 10 nodes") }
    std::array::from_fn(|n| {
        if N == 4 {
            l[n]
        } else if n < 4 {
            l[n] * (2.0 * l[n] - 1.0)
        } else {
            let [i, j] = EDGES[n - 4];
            4.0 * l[i] * l[j]
        }
    })
}

/// Derivatives of the shape functions by the barycentric coordinates of corners 2, 3 and 4, the first following from them.
#[inline(always)]
pub fn derivatives<const N: usize>(l: &[f64; 4]) -> [[f64; 3]; N] {
    const { assert!(N == 4 || N == 10, "a tetrahedron has 4 or 10 nodes") }
    // By all four coordinates, taken as independent.
    let free: [[f64; 4]; N] = std::array::from_fn(|n| {
        let mut d = [0.0; 4];
        if N == 4 {
            d[n] = 1.0;
        } else if n < 4 {
            d[n] = 4.0 * l[n] - 1.0;
        } else {
            let [i, j] = EDGES[n - 4];
            d[i] = 4.0 * l[j];
            d[j] = 4.0 * l[i];
        }
        d
    });
    free.map(|d| [d[1] - d[0], d[2] - d[0], d[3] - d[0]])
}

/// Gradients of the shape functions in space, 1/m, and the volume that a point with share 1 stands for, m³.
///
/// # Errors
/// [`Inverted`].
#[inline(always)]
pub fn gradients<const N: usize>(x: &[DVec3; N], l: &[f64; 4]) -> Result<([DVec3; N], f64), Inverted> {
    let d = derivatives::<N>(l);
    let mut j = [DVec3::ZERO; 3];
    for (x, d) in x.iter().zip(&d) {
        for a in 0..3 {
            j[a] += *x * d[a];
        }
    }
    // The rows of the inverse are the reciprocal vectors of the columns of J.
    let reciprocal = [j[1].cross(j[2]), j[2].cross(j[0]), j[0].cross(j[1])];
    let determinant = j[0].dot(reciprocal[0]);
    if !(determinant > 0.0) {
        return Err(Inverted { determinant });
    }
    let r = reciprocal.map(|r| r / determinant);
    Ok((d.map(|d| r[0] * d[0] + r[1] * d[1] + r[2] * d[2]), determinant / 6.0))
}

/// Volume, m³.
///
/// # Errors
/// [`Inverted`].
pub fn volume<const N: usize>(x: &[DVec3; N]) -> Result<f64, Inverted> {
    stiffness_points::<N>().iter().map(|p| Ok(p.share * gradients(x, &p.at)?.1)).sum()
}

/// The point of the element at barycentric coordinates `l`.
pub fn position<const N: usize>(x: &[DVec3; N], l: &[f64; 4]) -> DVec3 {
    shape::<N>(l).iter().zip(x).map(|(n, x)| *x * *n).sum()
}

/// Displacement gradient `[component][axis]` from gradients and nodal displacements.
#[inline(always)]
pub fn displacement_gradient<const N: usize>(g: &[DVec3; N], u: &[DVec3; N]) -> [DVec3; 3] {
    let mut h = [DVec3::ZERO; 3];
    for (g, u) in g.iter().zip(u) {
        for c in 0..3 {
            h[c] += *g * u[c];
        }
    }
    h
}

/// Small strain of a displacement gradient.
#[cfg(feature = "solve")]
#[inline(always)]
pub fn strain(h: &[DVec3; 3]) -> Strain {
    [h[0].x, h[1].y, h[2].z, h[0].y + h[1].x, h[1].z + h[2].y, h[2].x + h[0].z]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The reference element of CalculiX, mid-side nodes in place.
    pub fn reference() -> [DVec3; 10] {
        let c = [DVec3::ZERO, DVec3::X, DVec3::Y, DVec3::Z];
        std::array::from_fn(|n| if n < 4 { c[n] } else { 0.5 * (c[EDGES[n - 4][0]] + c[EDGES[n - 4][1]]) })
    }

    fn factorial(n: usize) -> f64 {
        (1..=n).map(|i| i as f64).product()
    }

    #[test]
    fn rules_are_exact_to_their_degree() {
        let check = |points: &[Point], degree: usize| {
            for a in 0..=degree {
                for b in 0..=degree - a {
                    for c in 0..=degree - a - b {
                        let sum: f64 = points
                            .iter()
                            .map(|p| p.share * p.at[1].powi(a as i32) * p.at[2].powi(b as i32) * p.at[3].powi(c as i32))
                            .sum();
                        let exact = 6.0 * factorial(a) * factorial(b) * factorial(c) / factorial(a + b + c + 3);
                        assert!((sum - exact).abs() < 1e-15, "{a}{b}{c}: {sum} {exact}");
                    }
                }
            }
            for p in points {
                assert!((p.at.iter().sum::<f64>() - 1.0).abs() < 1e-15);
            }
        };
        check(&ONE_POINT, 1);
        check(&FOUR_POINTS, 2);
        check(&FIFTEEN_POINTS, 5);
    }

    #[test]
    fn nodes_are_numbered_as_in_abaqus() {
        let x = reference();
        // Abaqus, C3D10: node 5 between 1 and 2, 6 between 2 and 3, 7 between 1 and 3, 8, 9, 10 towards 4.
        let expected =
            [[0.5, 0.0, 0.0], [0.5, 0.5, 0.0], [0.0, 0.5, 0.0], [0.0, 0.0, 0.5], [0.5, 0.0, 0.5], [0.0, 0.5, 0.5]];
        for (n, e) in expected.iter().enumerate() {
            assert_eq!(x[4 + n].to_array(), *e);
        }
        for (n, x) in x.iter().enumerate() {
            let l = [1.0 - x.x - x.y - x.z, x.x, x.y, x.z];
            for (m, value) in shape::<10>(&l).iter().enumerate() {
                assert!((value - f64::from(u8::from(m == n))).abs() < 1e-15);
            }
        }
        for face in FACES {
            let [a, b, c] = [x[face[0]], x[face[1]], x[face[2]]];
            let other = (0..4).find(|n| !face[..3].contains(n)).map(|n| x[n]).unwrap();
            assert!((b - a).cross(c - a).dot(other - a) > 0.0, "the normal points inwards");
            for m in 0..3 {
                assert_eq!(x[face[3 + m]], 0.5 * (x[face[m]] + x[face[(m + 1) % 3]]));
            }
        }
    }

    #[test]
    fn gradients_differentiate_a_quadratic_exactly() {
        let x: [DVec3; 10] =
            reference().map(|p| DVec3::new(2.0 * p.x + 0.3 * p.y, p.y - 0.2 * p.z, 1.5 * p.z + 0.1 * p.x));
        let f = |p: DVec3| 1.0 + p.x * p.y - 2.0 * p.z * p.z + 3.0 * p.y;
        for p in FIFTEEN_POINTS {
            let (g, _) = gradients(&x, &p.at).unwrap();
            let found: DVec3 = g.iter().zip(&x).map(|(g, x)| *g * f(*x)).sum();
            let at = position(&x, &p.at);
            assert!((found - DVec3::new(at.y, at.x + 3.0, -4.0 * at.z)).length() < 1e-12);
        }
        // det of the map: 2 · 1.5 − 0.3 · 0.2 · 0.1.
        assert!((volume(&x).unwrap() - 2.994 / 6.0).abs() < 1e-14);
    }

    #[test]
    fn an_inverted_element_is_refused() {
        let x = reference().map(|p| DVec3::new(-p.x, p.y, p.z));
        assert!(gradients(&x, &[0.25; 4]).unwrap_err().determinant < 0.0);
        // A middle node beyond the corner it belongs to.
        let mut x = reference();
        x[4].x = 1.2;
        assert!(volume(&x).is_err());
    }
}
