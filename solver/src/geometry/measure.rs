//! Volume, centroid and inertia of a closed triangle surface.

use crate::surface::{MassProperties, SurfaceMesh};

/// Mass properties at unit density: exact for the polyhedron.
pub(super) fn mass_properties(surface: &SurfaceMesh) -> MassProperties {
    Moments::new(surface).about_centroid()
}

/// Volume, area and moments of what a surface encloses, about one point.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Moments {
    origin: [f64; 3],
    volume: f64,
    area: f64,
    first: [f64; 3],
    /// xx, yy, zz, xy, yz, zx.
    second: [f64; 6],
}

impl Moments {
    /// About the first point, so that distant parts lose nothing.
    pub fn new(surface: &SurfaceMesh) -> Self {
        surface.points.first().map_or_else(Self::default, |origin| Self::about(surface, *origin))
    }

    /// By the divergence theorem over the triangles.
    ///
    /// Source: Tonon, "Explicit exact formulas for the 3-D tetrahedron inertia tensor", J. Math. Stat. 1(1), 2005; the sums
    /// are those of signed tetrahedra to the origin.
    pub fn about(surface: &SurfaceMesh, origin: [f64; 3]) -> Self {
        let mut out = Self { origin, ..Self::default() };
        for (t, triangle) in surface.triangles.iter().enumerate() {
            let p = triangle.map(|i| {
                let q = surface.points[i as usize];
                [q[0] - origin[0], q[1] - origin[1], q[2] - origin[2]]
            });
            let cross = surface.triangle_cross(t);
            out.area += cross.iter().map(|c| c * c).sum::<f64>().sqrt() / 2.0;
            let v = (0..3).map(|k| p[0][k] * cross[k]).sum::<f64>() / 6.0;
            out.volume += v;
            let sum: [f64; 3] = std::array::from_fn(|k| p[0][k] + p[1][k] + p[2][k]);
            for k in 0..3 {
                out.first[k] += v * sum[k] / 4.0;
            }
            for (s, (i, j)) in out.second.iter_mut().zip([(0, 0), (1, 1), (2, 2), (0, 1), (1, 2), (2, 0)]) {
                let corners: f64 = p.iter().map(|q| q[i] * q[j]).sum();
                *s += v * (corners + sum[i] * sum[j]) / 20.0;
            }
        }
        out
    }

    /// The limit of a sequence of surfaces with triangles of half the size each time, of which these are the last and `before`
    /// the one before, about the same point: Richardson's, for an error that goes with the square.
    pub fn beyond(&self, before: &Self) -> Self {
        let limit = |fine: f64, coarse: f64| fine + (fine - coarse) / 3.0;
        Self {
            origin: self.origin,
            volume: limit(self.volume, before.volume),
            area: limit(self.area, before.area),
            first: std::array::from_fn(|k| limit(self.first[k], before.first[k])),
            second: std::array::from_fn(|k| limit(self.second[k], before.second[k])),
        }
    }

    pub fn about_centroid(&self) -> MassProperties {
        let Self { origin, volume, area, first, second } = *self;
        if volume == 0.0 {
            return MassProperties { area, ..MassProperties::default() };
        }
        let c: [f64; 3] = std::array::from_fn(|k| first[k] / volume);
        let about = |s: f64, i: usize, j: usize| s - volume * c[i] * c[j];
        let (xx, yy, zz) = (about(second[0], 0, 0), about(second[1], 1, 1), about(second[2], 2, 2));
        let (xy, yz, zx) = (about(second[3], 0, 1), about(second[4], 1, 2), about(second[5], 2, 0));
        MassProperties {
            volume,
            area,
            centroid: [c[0] + origin[0], c[1] + origin[1], c[2] + origin[2]],
            inertia: [yy + zz, zz + xx, xx + yy, -xy, -yz, -zx],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_off_the_origin() {
        let (o, d) = ([10.0, -3.0, 2.0], [2.0, 3.0, 5.0]);
        let points = (0..8).map(|i| std::array::from_fn(|k| o[k] + f64::from(i >> k & 1) * d[k])).collect();
        let quads = [[0, 2, 3, 1], [4, 5, 7, 6], [0, 1, 5, 4], [2, 6, 7, 3], [0, 4, 6, 2], [1, 3, 7, 5]];
        let triangles = quads.iter().flat_map(|q| [[q[0], q[1], q[2]], [q[0], q[2], q[3]]]).collect();
        let m = mass_properties(&SurfaceMesh { points, triangles, ..SurfaceMesh::default() });
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{a} for {b}");
        close(m.volume, 30.0);
        close(m.area, 62.0);
        (0..3).for_each(|k| close(m.centroid[k], o[k] + d[k] / 2.0));
        close(m.inertia[0], 30.0 * (9.0 + 25.0) / 12.0);
        close(m.inertia[1], 30.0 * (4.0 + 25.0) / 12.0);
        close(m.inertia[2], 30.0 * (4.0 + 9.0) / 12.0);
        (3..6).for_each(|k| close(m.inertia[k], 0.0));
    }
}
