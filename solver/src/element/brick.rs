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
use crate::mesh::lattice::{CutBlock, N_COEF, Solid, W};
use crate::mesh::moment;

/// Order of the coefficients in a [`CutBlock`]: centroid, retained locking, λ, μ, then the central moments.
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

/// Coefficients of a chunk of cells, unused lanes massless; at least the share `keep` of the locking terms is kept.
pub fn pack(solids: &[Solid], ersatz: f64, keep: f64) -> CutBlock {
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
    CutBlock(block)
}

/// Centroid of the solid part of the cell in `lane`, local.
pub fn centroid(block: &CutBlock, lane: usize) -> [f32; 3] {
    std::array::from_fn(|a| block.0[coef::CENTROID + a][lane])
}

/// Share of the locking terms kept in a cell of this solid fraction.
fn kept(fraction: f64) -> f64 {
    1.0 - fraction
}

/// Nodal values of one component, corner bits x, y, z.
pub type Corners<T> = [Lane<T>; 8];

/// Walsh–Hadamard transform: coefficients of the trilinear basis, times eight. Its own transpose up to signs of none.
#[inline(always)]
fn hadamard<T: Real>(u: &Corners<T>) -> Corners<T> {
    let mut c = *u;
    for bit in [1usize, 2, 4] {
        let mut next = c;
        for n in 0..8 {
            if n & bit == 0 {
                next[n] = c[n] + c[n | bit];
                next[n | bit] = c[n | bit] - c[n];
            }
        }
        c = next;
    }
    c
}

/// Transpose of [`hadamard`]: nodal forces from basis forces.
#[inline(always)]
fn hadamard_transposed<T: Real>(t: &Corners<T>) -> Corners<T> {
    let mut c = *t;
    for bit in [1usize, 2, 4] {
        let mut next = c;
        for n in 0..8 {
            if n & bit == 0 {
                next[n] = c[n] - c[n | bit];
                next[n | bit] = c[n] + c[n | bit];
            }
        }
        c = next;
    }
    c
}

#[inline(always)]
fn shift<T: Real>(c: &mut Corners<T>, by: &[Lane<T>; 3]) {
    for (axis, terms) in SHIFTS.iter().enumerate() {
        for &(low, high) in terms {
            c[low] += by[axis] * c[high];
        }
    }
}

#[inline(always)]
fn shift_transposed<T: Real>(t: &mut Corners<T>, by: &[Lane<T>; 3]) {
    for axis in [2, 1, 0] {
        for &(low, high) in &SHIFTS[axis] {
            t[high] += by[axis] * t[low];
        }
    }
}

/// Pairs (without the axis, with the axis) of basis functions; the constant is of no interest.
const SHIFTS: [[(usize, usize); 3]; 3] = [[(2, 3), (4, 5), (6, 7)], [(1, 3), (4, 6), (5, 7)], [(1, 5), (2, 6), (3, 7)]];

/// Nodal forces of a chunk of whole cells; `keep` is the share of the locking terms kept, 0 for the element itself.
#[inline(always)]
pub fn apply_whole<T: Real>(u: &[Corners<T>; 3], lame: [f64; 2], keep: f64) -> [Corners<T>; 3] {
    // Gram matrix of the basis: diagonal, 8, 8/3 and 8/9. Both transforms carry a factor 1/8.
    let (l, m) = (lame[0], lame[1]);
    let k = (1.0 - keep) * l / (l + 2.0 * m);
    let g0 = 8.0 / 64.0;
    let g1 = g0 / 3.0;
    let g2 = g0 / 9.0;
    let [u, v, w] = [hadamard(&u[0]), hadamard(&u[1]), hadamard(&u[2])];
    let z = Lane::zero();
    let (mut tu, mut tv, mut tw) = ([z; 8], [z; 8], [z; 8]);
    let s = |x: f64| T::of(x);
    // Constant strains.
    {
        let tr = (u[1] + v[2] + w[4]).scale(s(l * g0));
        let d = s(2.0 * m * g0);
        tu[1] = tr + u[1].scale(d);
        tv[2] = tr + v[2].scale(d);
        tw[4] = tr + w[4].scale(d);
        let g = s(m * g0);
        let xy = (u[2] + v[1]).scale(g);
        let yz = (v[4] + w[2]).scale(g);
        let zx = (w[1] + u[4]).scale(g);
        tu[2] = xy;
        tv[1] = xy;
        tv[4] = yz;
        tw[2] = yz;
        tw[1] = zx;
        tu[4] = zx;
    }
    // Terms linear in one coordinate: plane stress across it, and the twisting shear.
    let both = l * (1.0 - k) * (1.0 - k) + 2.0 * m * k * k;
    // A kept share of locking adds its shear to the same coefficients.
    let stiff = s((both + 2.0 * m + m * keep * keep) * g1);
    let cross = s(both * g1);
    let g = s(m * g1);
    {
        // ξ: εyy = v3, εzz = w5, γyz = v5 + w3
        tv[3] = v[3].scale(stiff) + w[5].scale(cross);
        tw[5] = w[5].scale(stiff) + v[3].scale(cross);
        let t = (v[5] + w[3]).scale(g);
        // η: εxx = u3, εzz = w6, γzx = w3 + u6
        tu[3] = u[3].scale(stiff) + w[6].scale(cross);
        tw[6] = w[6].scale(stiff) + u[3].scale(cross);
        let r = (w[3] + u[6]).scale(g);
        // ζ: εxx = u5, εyy = v6, γxy = u6 + v5
        tu[5] = u[5].scale(stiff) + v[6].scale(cross);
        tv[6] = v[6].scale(stiff) + u[5].scale(cross);
        let q = (u[6] + v[5]).scale(g);
        tv[5] = t + q;
        tw[3] = t + r;
        tu[6] = r + q;
    }
    // Bilinear terms: ηζ: εxx = u7, γxy ∋ v7 (ηζ), γzx ∋ w7 (ηζ), and so on around.
    let own = s((l + 2.0 * m + 2.0 * m) * g2);
    tu[7] = u[7].scale(own);
    tv[7] = v[7].scale(own);
    tw[7] = w[7].scale(own);
    [hadamard_transposed(&tu), hadamard_transposed(&tv), hadamard_transposed(&tw)]
}

/// Nodal forces of a chunk of cut cells.
#[inline(always)]
pub fn apply_cut<T: Real>(u: &[Corners<T>; 3], block: &CutBlock) -> [Corners<T>; 3] {
    let c = |n: usize| Lane::<T>::widen(&block.0[n]);
    let by = [c(coef::CENTROID), c(coef::CENTROID + 1), c(coef::CENTROID + 2)];
    let [mut u, mut v, mut w] = [hadamard(&u[0]), hadamard(&u[1]), hadamard(&u[2])];
    shift(&mut u, &by);
    shift(&mut v, &by);
    shift(&mut w, &by);

    let keep = c(coef::KEPT);
    let scale = T::of(1.0 / 64.0);
    let lambda = c(coef::LAMBDA);
    let mu = c(coef::MU);
    let two_mu = mu + mu;
    let relax = (Lane::splat(T::of(1.0)) - keep) * lambda.over(lambda + two_mu);
    let (lambda, mu, two_mu) = (lambda.scale(scale), mu.scale(scale), two_mu.scale(scale));

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
    let z = Lane::zero();
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
    let sx = [t0 + two_mu * ex0, t1 + two_mu * ex1, t2 + two_mu * ex2, t3, t4 + two_mu * ex4, t5, t6 + two_mu * ex6];
    let sy = [t0 + two_mu * ey0, t1 + two_mu * ey1, t2 + two_mu * ey2, t3, t4 + two_mu * ey4, t5 + two_mu * ey5, t6];
    let sz = [t0 + two_mu * ez0, t1 + two_mu * ez1, t2 + two_mu * ez2, t3 + two_mu * ez3, t4 + two_mu * ez4, t5, t6];
    // Shear stresses.
    let sxy = [mu * (u[2] + v[1]), mu * keep * u[3], mu * keep * v[3], z, mu * (u[6] + v[5]), mu * u[7], mu * v[7]];
    let syz = [mu * (v[4] + w[2]), mu * (v[5] + w[3]), mu * keep * v[6], mu * v[7], mu * keep * w[6], mu * w[7], z];
    let szx = [mu * (w[1] + u[4]), mu * keep * u[5], mu * (w[3] + u[6]), mu * u[7], mu * keep * w[5], z, mu * w[7]];
    // Rows of the Gram matrix; the first moments vanish about the centroid.
    let g0 = |s: &[Lane<T>; 7]| one * s[0] + xy * s[3] + zx * s[5] + yz * s[6];
    let g1 = |s: &[Lane<T>; 7]| xx * s[1] + xy * s[2] + xxy * s[3] + zx * s[4] + xxz * s[5] + xyz * s[6];
    let g2 = |s: &[Lane<T>; 7]| xy * s[1] + yy * s[2] + xyy * s[3] + yz * s[4] + xyz * s[5] + yyz * s[6];
    let g3 =
        |s: &[Lane<T>; 7]| xy * s[0] + xxy * s[1] + xyy * s[2] + xxyy * s[3] + xyz * s[4] + xxyz * s[5] + xyyz * s[6];
    let g4 = |s: &[Lane<T>; 7]| zx * s[1] + yz * s[2] + xyz * s[3] + zz * s[4] + xzz * s[5] + yzz * s[6];
    let g5 =
        |s: &[Lane<T>; 7]| zx * s[0] + xxz * s[1] + xyz * s[2] + xxyz * s[3] + xzz * s[4] + xxzz * s[5] + xyzz * s[6];
    let g6 =
        |s: &[Lane<T>; 7]| yz * s[0] + xyz * s[1] + yyz * s[2] + xyyz * s[3] + yzz * s[4] + xyzz * s[5] + yyzz * s[6];
    let (x1, y2, z4) = (relax * g1(&sx), relax * g2(&sy), relax * g4(&sz));
    let (xy0, yz0, zx0) = (g0(&sxy), g0(&syz), g0(&szx));
    let (xy4, yz1, zx2) = (g4(&sxy), g1(&syz), g2(&szx));
    let mut tu = [
        z,
        g0(&sx),
        xy0,
        g2(&sx) + keep * g1(&sxy) - y2,
        zx0,
        g4(&sx) + keep * g1(&szx) - z4,
        xy4 + zx2,
        g6(&sx) + g5(&sxy) + g3(&szx),
    ];
    let mut tv = [
        z,
        xy0,
        g0(&sy),
        g1(&sy) + keep * g2(&sxy) - x1,
        yz0,
        xy4 + yz1,
        g4(&sy) + keep * g2(&syz) - z4,
        g5(&sy) + g6(&sxy) + g3(&syz),
    ];
    let mut tw = [
        z,
        zx0,
        yz0,
        yz1 + zx2,
        g0(&sz),
        g1(&sz) + keep * g4(&szx) - x1,
        g2(&sz) + keep * g4(&syz) - y2,
        g3(&sz) + g5(&syz) + g6(&szx),
    ];
    shift_transposed(&mut tu, &by);
    shift_transposed(&mut tv, &by);
    shift_transposed(&mut tw, &by);
    [hadamard_transposed(&tu), hadamard_transposed(&tv), hadamard_transposed(&tw)]
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

    fn corners(field: impl Fn([f64; 3]) -> [f64; 3]) -> [Corners<f64>; 3] {
        let mut u = [[Lane::zero(); 8]; 3];
        for n in 0..8 {
            let p = std::array::from_fn(|a| if n >> a & 1 == 1 { 1.0 } else { -1.0 });
            for (c, value) in field(p).into_iter().enumerate() {
                u[c][n] = Lane::splat(value);
            }
        }
        u
    }

    fn whole(nu: f64) -> CutBlock {
        pack(&vec![Solid { cell: 0, moments: Some(Box::new(moment::FULL)), poisson: nu }; W], 0.0, 0.0)
    }

    #[test]
    fn a_whole_cell_is_the_same_by_both_routes() {
        let nu = 0.3;
        let u = corners(|[x, y, z]| {
            [x * 1.3 + x * y - 0.2 * y * z, 0.4 * z + x * y * z, y - 0.7 * x * z + 0.1 * x * y * z + z]
        });
        let (a, b) = (apply_whole(&u, lame(nu), 0.0), apply_cut(&u, &whole(nu)));
        for c in 0..3 {
            for n in 0..8 {
                let (p, q) = (a[c][n].0[0], b[c][n].0[0]);
                assert!((p - q).abs() < 2e-6, "{c} {n}: {p} {q}");
            }
        }
    }

    #[test]
    fn rigid_motion_costs_nothing_even_in_a_sliver() {
        let mut m = [0.0; 27];
        moment::add_box(&mut m, &moment::line(-1.0, -0.9), &moment::line(-1.0, 0.3), &moment::line(-1.0, 1.0));
        let block = pack(&[Solid { cell: 0, moments: Some(Box::new(m)), poisson: 0.3 }], 0.0, 0.0);
        let u = corners(|[x, y, z]| [1.0 - 0.5 * y + 0.2 * z, 0.5 * x - 0.1 * z, 2.0 + 0.1 * y - 0.2 * x]);
        for t in apply_cut(&u, &block).iter().flatten() {
            assert!(t.0[0].abs() < 1e-7, "{}", t.0[0]);
        }
    }

    #[test]
    fn pure_bending_of_one_whole_cell_is_exact() {
        // Bending about z with anticlastic curvature: only σxx = E y. Energy ½ E ∫ y² over the cell.
        let nu = 0.3;
        let u = corners(|[x, y, z]| [x * y, 0.0, -nu * y * z]);
        let f = apply_whole(&u, lame(nu), 0.0);
        let energy: f64 =
            (0..3).flat_map(|c| (0..8).map(move |n| (c, n))).map(|(c, n)| f[c][n].0[0] * u[c][n].0[0]).sum();
        assert!((energy - 8.0 / 3.0).abs() < 1e-12, "{energy}");
    }

    #[test]
    fn a_cut_cell_carries_constant_stress_by_its_volume() {
        let mut m = [0.0; 27];
        moment::add_box(&mut m, &moment::line(-1.0, 0.2), &moment::line(-0.5, 1.0), &moment::line(-1.0, -0.1));
        let block = pack(&[Solid { cell: 0, moments: Some(Box::new(m)), poisson: 0.0 }], 0.0, 0.0);
        let f = apply_cut(&corners(|[x, _, _]| [x, 0.0, 0.0]), &block);
        let right: f64 = (0..8).filter(|n| n & 1 == 1).map(|n| f[0][n].0[0]).sum();
        // ∫ ∂N/∂ξ summed over the right face is half the volume.
        assert!((right - 0.5 * m[0]).abs() < 1e-6, "{right}");
    }
}
