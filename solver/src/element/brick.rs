//! The eight-node brick on a cubic cell, whole or cut, with strains that bend without locking.
//!
//! Displacements are trilinear. In the basis `1, ξ, η, ξη, ζ, ξζ, ηζ, ξηζ` (a Walsh–Hadamard transform of the nodal
//! values) about the centroid of the cell's solid part, gradients have at most four terms, and the energy needs only
//! the 20 moments packed below. Two changes cure locking in bending, and on a whole cell they are exactly Wilson's
//! incompatible modes, condensed (Taylor, Beresford & Wilson, IJNME 10, 1976; in strains: Simo & Rifai, IJNME 29, 1990):
//!
//! - the terms of a shear strain that are linear in one of its own two directions are dropped,
//! - the missing linear term of a normal strain along its own direction makes that stress vanish.
//!
//! Both vanish in the mean over the solid part (they stand about its centroid), so constant states of strain pass the
//! patch test in cut cells too. In a sliver the dropped terms are what holds its outer nodes, so they are kept with a
//! factor that rises from 0 in a whole cell to 1 in an empty one.
//!
//! Everything is scaled by `E_ref h / 2`, with cell edge h: the stiffness in N/m is that number times what is here.

use super::lane::{Lane, Real};
use crate::mesh::lattice::{Coefficients, N_COEF, Solid, W};
use crate::mesh::moment;
use pulp::Simd;

/// Order of the [`Coefficients`]: centroid, retained locking, λ, μ, then the central moments.
mod coef {
    pub const CENTROID: usize = 0;
    pub const KEPT: usize = 3;
    pub const LAMBDA: usize = 4;
    pub const MU: usize = 5;
    pub const MOMENT: usize = 6;
}

/// Exponents of the stored central moments; the first ones vanish.
const STORED: [[usize; 3]; 20] = [
    [0, 0, 0],
    [2, 0, 0],
    [0, 2, 0],
    [0, 0, 2],
    [1, 1, 0],
    [0, 1, 1],
    [1, 0, 1],
    [1, 1, 1],
    [2, 1, 0],
    [2, 0, 1],
    [1, 2, 0],
    [0, 2, 1],
    [1, 0, 2],
    [0, 1, 2],
    [2, 2, 0],
    [0, 2, 2],
    [2, 0, 2],
    [2, 1, 1],
    [1, 2, 1],
    [1, 1, 2],
];

/// λ and μ for E = 1.
pub fn lame(nu: f64) -> [f64; 2] {
    [nu / ((1.0 + nu) * (1.0 - 2.0 * nu)), 0.5 / (1.0 + nu)]
}

/// Coefficients of up to [`W`] cells, unused lanes massless; at least the share `keep` of the locking terms is kept.
pub fn pack(solids: &[&Solid], ersatz: f64, keep: f64) -> Coefficients {
    let mut block = [[0.0f32; W]; N_COEF];
    for lane in 0..W {
        block[coef::LAMBDA][lane] = 1.0;
        block[coef::MU][lane] = 1.0;
    }
    for (lane, solid) in solids.iter().enumerate() {
        let mut m = *solid.moments.as_deref().unwrap_or(&moment::FULL);
        // Solid fraction by stiffness; a stiffer inclusion counts as whole.
        let fraction = (m[0] / moment::VOLUME).min(1.0);
        if solid.moments.is_some() {
            for (a, f) in m.iter_mut().zip(moment::FULL) {
                *a += ersatz * f;
            }
        }
        let c = moment::centroid(&m);
        let about = moment::map(&m, 1.0, c.map(|x| -x));
        let [lambda, mu] = lame(solid.poisson);
        for axis in 0..3 {
            block[coef::CENTROID + axis][lane] = c[axis] as f32;
        }
        block[coef::KEPT][lane] = kept(fraction).max(keep) as f32;
        block[coef::LAMBDA][lane] = lambda as f32;
        block[coef::MU][lane] = mu as f32;
        for (n, [i, j, k]) in STORED.into_iter().enumerate() {
            block[coef::MOMENT + n][lane] = about[i + 3 * j + 9 * k] as f32;
        }
    }
    block
}

/// Centroid of the solid part of the cell in `lane`, local.
pub fn centroid(block: &Coefficients, lane: usize) -> [f32; 3] {
    std::array::from_fn(|a| block[coef::CENTROID + a][lane])
}

/// Share of the locking terms kept in a cell of this solid fraction.
fn kept(fraction: f64) -> f64 {
    1.0 - fraction
}

/// Nodal values of one component, corner bits x, y, z.
pub type Corners<S, T> = [Lane<S, T>; 8];

/// Sums and differences along the direction of `bit`: one stage of a Walsh–Hadamard transform.
#[inline(always)]
pub fn rise<S: Simd, T: Real, const N: usize>(c: &mut [Lane<S, T>; N], bit: usize) {
    for n in 0..N {
        if n & bit == 0 {
            (c[n], c[n | bit]) = (c[n] + c[n | bit], c[n | bit] - c[n]);
        }
    }
}

/// Transpose of [`rise`].
#[inline(always)]
pub fn fall<S: Simd, T: Real, const N: usize>(c: &mut [Lane<S, T>; N], bit: usize) {
    for n in 0..N {
        if n & bit == 0 {
            (c[n], c[n | bit]) = (c[n] - c[n | bit], c[n] + c[n | bit]);
        }
    }
}

/// Coefficients of the trilinear basis, times eight, from nodal values.
#[inline(always)]
pub fn hadamard<S: Simd, T: Real>(c: &mut Corners<S, T>) {
    rise(c, 1);
    rise(c, 2);
    rise(c, 4);
}

/// Nodal forces from basis forces.
#[inline(always)]
pub fn hadamard_transposed<S: Simd, T: Real>(c: &mut Corners<S, T>) {
    fall(c, 1);
    fall(c, 2);
    fall(c, 4);
}

#[inline(always)]
fn shift<S: Simd, T: Real>(c: &mut Corners<S, T>, by: &[Lane<S, T>; 3]) {
    for axis in 0..3 {
        for pair in 0..3 {
            let (low, high) = SHIFTS[axis][pair];
            c[low] = by[axis].mul_add(c[high], c[low]);
        }
    }
}

#[inline(always)]
fn shift_transposed<S: Simd, T: Real>(t: &mut Corners<S, T>, by: &[Lane<S, T>; 3]) {
    for axis in [2, 1, 0] {
        for pair in 0..3 {
            let (low, high) = SHIFTS[axis][pair];
            t[high] = by[axis].mul_add(t[low], t[high]);
        }
    }
}

/// Pairs (without the axis, with the axis) of basis functions; the constant is of no interest.
const SHIFTS: [[(usize, usize); 3]; 3] = [[(2, 3), (4, 5), (6, 7)], [(1, 3), (4, 6), (5, 7)], [(1, 5), (2, 6), (3, 7)]];

/// Coefficients of the stiffness of a whole cell between basis functions: numbers, or registers of them.
#[derive(Clone, Copy)]
pub struct Coupling<V> {
    /// Constant strains: the trace, a strain's own, shear.
    pub trace: V,
    pub normal: V,
    pub shear: V,
    /// Linear terms: a normal strain's own, the other's, the twisting shear.
    pub stiff: V,
    pub cross: V,
    pub twist: V,
    /// Bilinear terms.
    pub own: V,
}

impl Coupling<f64> {
    /// `keep`: share of the locking terms kept, 0 for the element itself.
    #[inline(always)]
    pub fn new([l, m]: [f64; 2], keep: f64) -> Self {
        // Gram matrix of the basis: diagonal, 8, 8/3 and 8/9. Both transforms carry a factor 1/8.
        let k = (1.0 - keep) * l / (l + 2.0 * m);
        let g0 = 8.0 / 64.0;
        let g1 = g0 / 3.0;
        let g2 = g0 / 9.0;
        let both = l * (1.0 - k) * (1.0 - k) + 2.0 * m * k * k;
        Self {
            trace: l * g0,
            normal: 2.0 * m * g0,
            shear: m * g0,
            // A kept share of locking adds its shear to the same coefficients.
            stiff: (both + 2.0 * m + m * keep * keep) * g1,
            cross: both * g1,
            twist: m * g1,
            own: (l + 4.0 * m) * g2,
        }
    }
}

/// The stiffness of a whole cell.
#[derive(Clone, Copy)]
pub struct Whole<S: Simd, T: Real> {
    zero: Lane<S, T>,
    by: Coupling<Lane<S, T>>,
}

impl<S: Simd, T: Real> Whole<S, T> {
    /// `keep`: share of the locking terms kept, 0 for the element itself.
    #[inline(always)]
    pub fn new(simd: S, lame: [f64; 2], keep: f64) -> Self {
        let c = Coupling::new(lame, keep);
        let splat = |x: f64| Lane::splat(simd, T::of(x));
        let by = Coupling {
            trace: splat(c.trace),
            normal: splat(c.normal),
            shear: splat(c.shear),
            stiff: splat(c.stiff),
            cross: splat(c.cross),
            twist: splat(c.twist),
            own: splat(c.own),
        };
        Self { zero: Lane::zero(simd), by }
    }

    /// Basis forces from basis coefficients; the first of either is of no interest.
    #[inline(always)]
    pub fn forces(&self, [u, v, w]: &[Corners<S, T>; 3]) -> [Corners<S, T>; 3] {
        let (mut tu, mut tv, mut tw) = ([self.zero; 8], [self.zero; 8], [self.zero; 8]);
        // Constant strains.
        let tr = (u[1] + v[2] + w[4]) * self.by.trace;
        tu[1] = self.by.normal.mul_add(u[1], tr);
        tv[2] = self.by.normal.mul_add(v[2], tr);
        tw[4] = self.by.normal.mul_add(w[4], tr);
        let xy = (u[2] + v[1]) * self.by.shear;
        let yz = (v[4] + w[2]) * self.by.shear;
        let zx = (w[1] + u[4]) * self.by.shear;
        (tu[2], tv[1]) = (xy, xy);
        (tv[4], tw[2]) = (yz, yz);
        (tw[1], tu[4]) = (zx, zx);
        // Terms linear in one coordinate: plane stress across it, and the twisting shear.
        let plane = |a: Lane<S, T>, b: Lane<S, T>| self.by.stiff.mul_add(a, self.by.cross * b);
        // ξ: εyy = v3, εzz = w5, γyz = v5 + w3
        tv[3] = plane(v[3], w[5]);
        tw[5] = plane(w[5], v[3]);
        let t = (v[5] + w[3]) * self.by.twist;
        // η: εxx = u3, εzz = w6, γzx = w3 + u6
        tu[3] = plane(u[3], w[6]);
        tw[6] = plane(w[6], u[3]);
        let r = (w[3] + u[6]) * self.by.twist;
        // ζ: εxx = u5, εyy = v6, γxy = u6 + v5
        tu[5] = plane(u[5], v[6]);
        tv[6] = plane(v[6], u[5]);
        let q = (u[6] + v[5]) * self.by.twist;
        tv[5] = t + q;
        tw[3] = t + r;
        tu[6] = r + q;
        // Bilinear terms: ηζ: εxx = u7, γxy ∋ v7 (ηζ), γzx ∋ w7 (ηζ), and so on around.
        tu[7] = u[7] * self.by.own;
        tv[7] = v[7] * self.by.own;
        tw[7] = w[7] * self.by.own;
        [tu, tv, tw]
    }

    /// Nodal forces from nodal displacements.
    #[inline(always)]
    pub fn apply(&self, u: &[Corners<S, T>; 3]) -> [Corners<S, T>; 3] {
        let mut u = *u;
        for c in 0..3 {
            hadamard(&mut u[c]);
        }
        let mut t = self.forces(&u);
        for c in 0..3 {
            hadamard_transposed(&mut t[c]);
        }
        t
    }
}

/// Σ a b.
#[inline(always)]
fn sum<S: Simd, T: Real, const N: usize>(terms: [(Lane<S, T>, Lane<S, T>); N]) -> Lane<S, T> {
    let mut sum = terms[0].0 * terms[0].1;
    for n in 1..N {
        sum = terms[n].0.mul_add(terms[n].1, sum);
    }
    sum
}

/// Nodal forces of the cut cells of a block from lane `from` on, as many as a register holds.
#[inline(always)]
pub fn apply_cut<S: Simd, T: Real>(
    simd: S,
    u: &[Corners<S, T>; 3],
    block: &Coefficients,
    from: usize,
) -> [Corners<S, T>; 3] {
    let c = |n: usize| Lane::<S, T>::widen(simd, &block[n][from..]);
    let by = [c(coef::CENTROID), c(coef::CENTROID + 1), c(coef::CENTROID + 2)];
    let [mut u, mut v, mut w] = *u;
    hadamard(&mut u);
    hadamard(&mut v);
    hadamard(&mut w);
    shift(&mut u, &by);
    shift(&mut v, &by);
    shift(&mut w, &by);

    let keep = c(coef::KEPT);
    let scale = Lane::splat(simd, T::of(1.0 / 64.0));
    let lambda = c(coef::LAMBDA);
    let mu = c(coef::MU);
    let two_mu = mu + mu;
    let relax = (Lane::splat(simd, T::of(1.0)) - keep) * lambda.over(lambda + two_mu);
    let (lambda, mu, two_mu) = (lambda * scale, mu * scale, two_mu * scale);

    let m = |n: usize| c(coef::MOMENT + n);
    let (one, xx, yy, zz) = (m(0), m(1), m(2), m(3));
    let (xy, yz, zx, xyz) = (m(4), m(5), m(6), m(7));
    let (xxy, xxz, xyy, yyz, xzz, yzz) = (m(8), m(9), m(10), m(11), m(12), m(13));
    let (xxyy, yyzz, xxzz) = (m(14), m(15), m(16));
    let (xxyz, xyyz, xyzz) = (m(17), m(18), m(19));

    // Normal strains, coefficient by basis function.
    let (ex0, ex2, ex4, ex6) = (u[1], u[3], u[5], u[7]);
    let (ey0, ey1, ey4, ey5) = (v[2], v[3], v[6], v[7]);
    let (ez0, ez1, ez2, ez3) = (w[4], w[5], w[6], w[7]);
    let z = Lane::zero(simd);
    let ex1 = z - relax * (ey1 + ez1);
    let ey2 = z - relax * (ex2 + ez2);
    let ez4 = z - relax * (ex4 + ey4);
    let t0 = lambda * (ex0 + ey0 + ez0);
    let t1 = lambda * (ex1 + ey1 + ez1);
    let t2 = lambda * (ex2 + ey2 + ez2);
    let t4 = lambda * (ex4 + ey4 + ez4);
    let t3 = lambda * ez3;
    let t5 = lambda * ey5;
    let t6 = lambda * ex6;
    let own = |t: Lane<S, T>, e: Lane<S, T>| two_mu.mul_add(e, t);
    let sx = [own(t0, ex0), own(t1, ex1), own(t2, ex2), t3, own(t4, ex4), t5, own(t6, ex6)];
    let sy = [own(t0, ey0), own(t1, ey1), own(t2, ey2), t3, own(t4, ey4), own(t5, ey5), t6];
    let sz = [own(t0, ez0), own(t1, ez1), own(t2, ez2), own(t3, ez3), own(t4, ez4), t5, t6];
    // Shear stresses; the fourth or fifth or sixth coefficient vanishes.
    let kept = mu * keep;
    let sxy = [mu * (u[2] + v[1]), kept * u[3], kept * v[3], z, mu * (u[6] + v[5]), mu * u[7], mu * v[7]];
    let syz = [mu * (v[4] + w[2]), mu * (v[5] + w[3]), kept * v[6], mu * v[7], kept * w[6], mu * w[7], z];
    let szx = [mu * (w[1] + u[4]), kept * u[5], mu * (w[3] + u[6]), mu * u[7], kept * w[5], z, mu * w[7]];
    // Rows of the Gram matrix; the first moments vanish about the centroid.
    type Stress<S, T> = [Lane<S, T>; 7];
    let g0 = |s: &Stress<S, T>| sum([(one, s[0]), (xy, s[3]), (zx, s[5]), (yz, s[6])]);
    let g1 = |s: &Stress<S, T>| sum([(xx, s[1]), (xy, s[2]), (xxy, s[3]), (zx, s[4]), (xxz, s[5]), (xyz, s[6])]);
    let g2 = |s: &Stress<S, T>| sum([(xy, s[1]), (yy, s[2]), (xyy, s[3]), (yz, s[4]), (xyz, s[5]), (yyz, s[6])]);
    let g4 = |s: &Stress<S, T>| sum([(zx, s[1]), (yz, s[2]), (xyz, s[3]), (zz, s[4]), (xzz, s[5]), (yzz, s[6])]);
    let g3 = |s: &Stress<S, T>| {
        sum([(xy, s[0]), (xxy, s[1]), (xyy, s[2]), (xxyy, s[3]), (xyz, s[4]), (xxyz, s[5]), (xyyz, s[6])])
    };
    let g5 = |s: &Stress<S, T>| {
        sum([(zx, s[0]), (xxz, s[1]), (xyz, s[2]), (xxyz, s[3]), (xzz, s[4]), (xxzz, s[5]), (xyzz, s[6])])
    };
    let g6 = |s: &Stress<S, T>| {
        sum([(yz, s[0]), (xyz, s[1]), (yyz, s[2]), (xyyz, s[3]), (yzz, s[4]), (xyzz, s[5]), (yyzz, s[6])])
    };
    let (x1, y2, z4) = (relax * g1(&sx), relax * g2(&sy), relax * g4(&sz));
    let (xy0, yz0, zx0) = (g0(&sxy), g0(&syz), g0(&szx));
    let (xy4, yz1, zx2) = (g4(&sxy), g1(&syz), g2(&szx));
    let mut tu = [
        z,
        g0(&sx),
        xy0,
        keep.mul_add(g1(&sxy), g2(&sx)) - y2,
        zx0,
        keep.mul_add(g1(&szx), g4(&sx)) - z4,
        xy4 + zx2,
        g6(&sx) + g5(&sxy) + g3(&szx),
    ];
    let mut tv = [
        z,
        xy0,
        g0(&sy),
        keep.mul_add(g2(&sxy), g1(&sy)) - x1,
        yz0,
        xy4 + yz1,
        keep.mul_add(g2(&syz), g4(&sy)) - z4,
        g5(&sy) + g6(&sxy) + g3(&syz),
    ];
    let mut tw = [
        z,
        zx0,
        yz0,
        yz1 + zx2,
        g0(&sz),
        keep.mul_add(g4(&szx), g1(&sz)) - x1,
        keep.mul_add(g4(&syz), g2(&sz)) - y2,
        g3(&sz) + g5(&syz) + g6(&szx),
    ];
    for t in [&mut tu, &mut tv, &mut tw] {
        shift_transposed(t, &by);
        hadamard_transposed(t);
    }
    [tu, tv, tw]
}

/// Displacement gradient at local point `p` of a cell with edge `h` from nodal values `[corner][component]`.
/// Returns `[component][axis]`.
pub fn gradient(u: &[[f64; 3]; 8], p: [f64; 3], h: f64) -> [[f64; 3]; 3] {
    let mut g = [[0.0; 3]; 3];
    for (n, value) in u.iter().enumerate() {
        let s: [f64; 3] = std::array::from_fn(|a| if n >> a & 1 == 1 { 1.0 } else { -1.0 });
        for axis in 0..3 {
            let (e, f) = ((axis + 1) % 3, (axis + 2) % 3);
            let d = 0.125 * s[axis] * (1.0 + s[e] * p[e]) * (1.0 + s[f] * p[f]) * 2.0 / h;
            for c in 0..3 {
                g[c][axis] += d * value[c];
            }
        }
    }
    g
}

/// Trilinear shape functions at local point `p`, also beyond the cell.
pub fn shape(p: [f64; 3]) -> [f64; 8] {
    std::array::from_fn(|n| (0..3).map(|a| 0.5 * if n >> a & 1 == 1 { 1.0 + p[a] } else { 1.0 - p[a] }).product())
}

#[cfg(test)]
mod tests {
    use super::*;
    use pulp::Scalar;

    type Cell = [Corners<Scalar, f64>; 3];

    fn corners(field: impl Fn([f64; 3]) -> [f64; 3]) -> Cell {
        let mut u = [[Lane::zero(Scalar::new()); 8]; 3];
        for n in 0..8 {
            let p = std::array::from_fn(|a| if n >> a & 1 == 1 { 1.0 } else { -1.0 });
            for (c, value) in field(p).into_iter().enumerate() {
                u[c][n] = Lane::splat(Scalar::new(), value);
            }
        }
        u
    }

    fn cut(u: &Cell, block: &Coefficients) -> Cell {
        apply_cut(Scalar::new(), u, block, 0)
    }

    fn whole(nu: f64) -> Whole<Scalar, f64> {
        Whole::new(Scalar::new(), lame(nu), 0.0)
    }

    fn whole_as_cut(nu: f64) -> Coefficients {
        pack(&[&Solid { cell: 0, moments: Some(Box::new(moment::FULL)), poisson: nu }; W], 0.0, 0.0)
    }

    #[test]
    fn a_whole_cell_is_the_same_by_both_routes() {
        let nu = 0.3;
        let u = corners(|[x, y, z]| {
            [x * 1.3 + x * y - 0.2 * y * z, 0.4 * z + x * y * z, y - 0.7 * x * z + 0.1 * x * y * z + z]
        });
        let (a, b) = (whole(nu).apply(&u), cut(&u, &whole_as_cut(nu)));
        for c in 0..3 {
            for n in 0..8 {
                let (p, q) = (a[c][n].first(), b[c][n].first());
                assert!((p - q).abs() < 2e-6, "{c} {n}: {p} {q}");
            }
        }
    }

    #[test]
    fn rigid_motion_costs_nothing_even_in_a_sliver() {
        let mut m = [0.0; 27];
        moment::add_box(&mut m, &moment::line(-1.0, -0.9), &moment::line(-1.0, 0.3), &moment::line(-1.0, 1.0));
        let block = pack(&[&Solid { cell: 0, moments: Some(Box::new(m)), poisson: 0.3 }], 0.0, 0.0);
        let u = corners(|[x, y, z]| [1.0 - 0.5 * y + 0.2 * z, 0.5 * x - 0.1 * z, 2.0 + 0.1 * y - 0.2 * x]);
        for t in cut(&u, &block).iter().flatten() {
            assert!(t.first().abs() < 1e-7, "{}", t.first());
        }
    }

    #[test]
    fn pure_bending_of_one_whole_cell_is_exact() {
        // Bending about z with anticlastic curvature: only σxx = E y. Energy ½ E ∫ y² over the cell.
        let nu = 0.3;
        let u = corners(|[x, y, z]| [x * y, 0.0, -nu * y * z]);
        let f = whole(nu).apply(&u);
        let energy: f64 =
            (0..3).flat_map(|c| (0..8).map(move |n| (c, n))).map(|(c, n)| f[c][n].first() * u[c][n].first()).sum();
        assert!((energy - 8.0 / 3.0).abs() < 1e-12, "{energy}");
    }

    #[test]
    fn a_cut_cell_carries_constant_stress_by_its_volume() {
        let mut m = [0.0; 27];
        moment::add_box(&mut m, &moment::line(-1.0, 0.2), &moment::line(-0.5, 1.0), &moment::line(-1.0, -0.1));
        let block = pack(&[&Solid { cell: 0, moments: Some(Box::new(m)), poisson: 0.0 }], 0.0, 0.0);
        let f = cut(&corners(|[x, _, _]| [x, 0.0, 0.0]), &block);
        let right: f64 = (0..8).filter(|n| n & 1 == 1).map(|n| f[0][n].first()).sum();
        // ∫ ∂N/∂ξ summed over the right face is half the volume.
        assert!((right - 0.5 * m[0]).abs() < 1e-6, "{right}");
    }
}
