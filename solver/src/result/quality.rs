//! How good the elements of a mesh are, one by one.

use crate::element::tet::quality::{dihedral, jacobian_ratio};
use crate::study::outcome::OutcomeMesh;
use glam::DVec3;

/// Smallest dihedral angle, rad, and scaled Jacobian of each ten-node tetrahedron.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Elements {
    pub dihedral: Vec<f32>,
    /// Least over largest Jacobian determinant within the element; 1 where its edges are straight.
    pub jacobian: Vec<f32>,
}

/// Of a mesh of tetrahedra; `None` for others.
pub fn elements(mesh: &OutcomeMesh) -> Option<Elements> {
    let OutcomeMesh::Solid { points, tets, .. } = mesh else { return None };
    let mut out = Elements::default();
    for tet in tets {
        let x = tet.map(|n| DVec3::from(points[n as usize]));
        out.dihedral.push(dihedral([x[0], x[1], x[2], x[3]])[0] as f32);
        out.jacobian.push(jacobian_ratio(&x) as f32);
    }
    Some(out)
}

/// Number of `values` in each of `n` equal bins from 0 to `top`; what lies beyond counts in the last.
pub fn histogram(values: &[f32], top: f32, n: usize) -> Vec<u32> {
    let mut out = vec![0; n];
    for v in values.iter().filter(|v| v.is_finite()) {
        out[((v / top * n as f32).max(0.0) as usize).min(n - 1)] += 1;
    }
    out
}

/// Numbers of the `n` smallest of `values`, the smallest first.
pub fn worst(values: &[f32], n: usize) -> Vec<u32> {
    let mut order: Vec<u32> = (0..values.len() as u32).collect();
    let by = |a: &u32, b: &u32| values[*a as usize].total_cmp(&values[*b as usize]).then(a.cmp(b));
    if n < order.len() {
        order.select_nth_unstable_by(n, by);
        order.truncate(n);
    }
    order.sort_by(by);
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bent_sliver_stands_out_of_a_regular_mesh() {
        let corners = [[1.0, 1.0, 1.0], [-1.0, -1.0, 1.0], [-1.0, 1.0, -1.0], [1.0, -1.0, -1.0]].map(DVec3::from);
        let ten = |p: [DVec3; 4], bulge: DVec3| {
            let mut x = p.to_vec();
            x.extend(crate::element::tet::EDGES.map(|[i, j]| 0.5 * (p[i] + p[j])));
            x[4] += bulge;
            x.into_iter().map(|p| p.to_array()).collect::<Vec<_>>()
        };
        let mut flat = corners;
        flat[3] = flat[0].lerp(flat[1], 0.5) + (flat[3] - flat[0].lerp(flat[1], 0.5)) * 0.02;
        let mut points = ten(corners, DVec3::ZERO);
        points.extend(ten(flat, DVec3::ZERO));
        points.extend(ten(corners, DVec3::new(0.2, 0.1, 0.0)));
        let tets = (0..3u32).map(|t| std::array::from_fn(|n| 10 * t + n as u32)).collect();
        let mesh = OutcomeMesh::Solid { name: "s".into(), body: "b".into(), points, tets };
        let found = elements(&mesh).unwrap();
        assert!((found.dihedral[0] - (1.0f32 / 3.0).acos()).abs() < 1e-6 && (found.jacobian[0] - 1.0).abs() < 1e-6);
        assert_eq!(worst(&found.dihedral, 1), [1]);
        assert!(found.dihedral[1] < 0.1 && (found.jacobian[1] - 1.0).abs() < 1e-6, "{found:?}");
        assert_eq!(worst(&found.jacobian, 2)[0], 2);
        assert!(found.jacobian[2] < 0.9);
        assert_eq!(histogram(&found.jacobian, 1.0, 10).iter().sum::<u32>(), 3);
        assert_eq!(histogram(&[0.05, 0.95, 1.0, 2.0, f32::NAN], 1.0, 10), [1, 0, 0, 0, 0, 0, 0, 0, 0, 3]);
    }
}
