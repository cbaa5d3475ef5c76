//! Integrals over facets of elements: how an even traction or a pressure is shared among nodes.

use super::skin::{Facet, Skin};
use crate::element::tet::face;
use crate::format::inp::Deck;
use crate::format::inp::topology::Form;
use glam::DVec3;

/// Calls `add` at each quadrature point of a facet with the values of its nodes' shape functions (corners, then middles)
/// and the outward normal times the point's area.
///
/// Triangles as [`face`] does; quadrilaterals: three by three Gauss points, shape functions of Zienkiewicz & Taylor, vol. 1,
/// ch. 8.
pub fn integrate(deck: &Deck, facet: &Facet, mut add: impl FnMut(&[f64], DVec3)) {
    let x: Vec<DVec3> = facet.nodes().iter().map(|n| DVec3::from(deck.points[*n as usize])).collect();
    if let Ok(x) = <&[DVec3; 6]>::try_from(&x[..]) {
        return face::integrate(x, |shape, _, area| add(shape, area));
    }
    if let Ok(x) = <&[DVec3; 3]>::try_from(&x[..]) {
        return face::integrate(x, |shape, _, area| add(shape, area));
    }
    let quadratic = !facet.middles().is_empty();
    let mut at = |values: &[[f64; 3]], weight: f64| {
        // Value, and derivative along both of the facet's own axes.
        let along = |k: usize| values.iter().zip(&x).map(|(v, x)| *x * v[k]).sum::<DVec3>();
        let shape: Vec<f64> = values.iter().map(|v| v[0]).collect();
        add(&shape, weight * along(1).cross(along(2)));
    };
    let g = 0.6_f64.sqrt();
    let points = [(-g, 5.0 / 9.0), (0.0, 8.0 / 9.0), (g, 5.0 / 9.0)];
    let corner = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)];
    for (r, wr) in points {
        for (s, ws) in points {
            let mut values = Vec::with_capacity(8);
            for (a, b) in corner {
                let (p, q) = (1.0 + a * r, 1.0 + b * s);
                values.push(if quadratic {
                    [
                        0.25 * p * q * (a * r + b * s - 1.0),
                        0.25 * a * q * (2.0 * a * r + b * s),
                        0.25 * b * p * (a * r + 2.0 * b * s),
                    ]
                } else {
                    [0.25 * p * q, 0.25 * a * q, 0.25 * b * p]
                });
            }
            // Between corners 12, 23, 34, 41.
            for (a, b) in [(0.0, -1.0), (1.0, 0.0), (0.0, 1.0), (-1.0, 0.0)].into_iter().filter(|_| quadratic) {
                values.push(if a == 0.0 {
                    let q = 1.0 + b * s;
                    [0.5 * (1.0 - r * r) * q, -r * q, 0.5 * (1.0 - r * r) * b]
                } else {
                    let p = 1.0 + a * r;
                    [0.5 * (1.0 - s * s) * p, 0.5 * a * (1.0 - s * s), -s * p]
                });
            }
            at(&values, wr * ws);
        }
    }
}

/// Area of a facet, curved as it is.
pub fn area(deck: &Deck, facet: &Facet) -> f64 {
    let mut sum = 0.0;
    integrate(deck, facet, |_, normal| sum += normal.length());
    sum
}

/// Adds to `masses` (by node) the share of each node in the mass of its elements: ∫ρN, in the deck's units. `false`, with
/// nothing added, where an element is no tetrahedron or has no density.
pub fn masses(deck: &Deck, skin: &Skin, masses: &mut [f64]) -> bool {
    let density = |e: usize| {
        let section = &deck.sections[skin.parts[skin.part_of[e] as usize].section?];
        deck.materials.iter().find(|m| m.name == section.material)?.density
    };
    let is_tet = |form| matches!(form, Form::Tet4 | Form::Tet10);
    if !(0..deck.elements.len()).all(|e| is_tet(deck.elements[e].form) && density(e).is_some()) {
        return false;
    }
    // Gauss points on the unit interval, collapsed onto the tetrahedron: Zienkiewicz & Taylor, vol. 1, table 5.1; exact for
    // the fifth degree of a quadratic shape function times the determinant of a curved element.
    let (a, b) = ((3.0 / 7.0 - 2.0 / 7.0 * 1.2_f64.sqrt()).sqrt(), (3.0 / 7.0 + 2.0 / 7.0 * 1.2_f64.sqrt()).sqrt());
    let (v, w) = ((18.0 + 30_f64.sqrt()) / 36.0, (18.0 - 30_f64.sqrt()) / 36.0);
    let line = [(-b, w), (-a, v), (a, v), (b, w)].map(|(x, w)| (0.5 * (1.0 + x), 0.5 * w));
    for e in 0..deck.elements.len() {
        let nodes = deck.nodes(e);
        let x: Vec<DVec3> = nodes.iter().map(|n| DVec3::from(deck.points[*n as usize])).collect();
        let density = density(e).unwrap_or(0.0);
        for (p, wp) in line {
            for (q, wq) in line {
                for (r, wr) in line {
                    let l1 = p;
                    let l2 = q * (1.0 - p);
                    let l3 = r * (1.0 - p) * (1.0 - q);
                    let l = [1.0 - l1 - l2 - l3, l1, l2, l3];
                    let weight = wp * wq * wr * (1.0 - p).powi(2) * (1.0 - q);
                    let (shape, gradients) = tet(&l, nodes.len() == 10);
                    let along = |k: usize| x.iter().zip(&gradients).map(|(x, g)| *x * g[k]).sum::<DVec3>();
                    let volume = along(0).cross(along(1)).dot(along(2)).abs() * weight;
                    for (n, s) in nodes.iter().zip(&shape) {
                        masses[*n as usize] += density * s * volume;
                    }
                }
            }
        }
    }
    true
}

/// Values and derivatives of a tetrahedron's shape functions at barycentric `l`.
fn tet(l: &[f64; 4], quadratic: bool) -> (Vec<f64>, Vec<[f64; 3]>) {
    let d = [[-1.0; 3], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    if !quadratic {
        return (l.to_vec(), d.to_vec());
    }
    let mut shape: Vec<f64> = l.iter().map(|l| l * (2.0 * l - 1.0)).collect();
    let mut slope: Vec<[f64; 3]> = (0..4).map(|i| d[i].map(|d| d * (4.0 * l[i] - 1.0))).collect();
    for (i, j) in [(0, 1), (1, 2), (2, 0), (0, 3), (1, 3), (2, 3)] {
        shape.push(4.0 * l[i] * l[j]);
        slope.push(std::array::from_fn(|k| 4.0 * (l[i] * d[j][k] + l[j] * d[i][k])));
    }
    (shape, slope)
}
