//! The stencil of equal whole cells along x, row by row, and how it ends.

use crate::element::brick::Coupling;
use crate::element::lane::{Lane, Real};
use crate::mesh::lattice::W;
use pulp::Simd;

/// Coefficients of the products, with the sign of the whole.
pub struct Stencil<S: Simd, T: Real> {
    pub simd: S,
    /// Of a component with itself: with the node itself and with `N` along its own axis, by the number of `N` along the
    /// others.
    own: [[Lane<S, T>; 3]; 2],
    /// Of two components, with the node itself and with `N` along the third axis: of `C C`, negative of `E E`.
    cross: [Lane<S, T>; 2],
    /// Of `E C`.
    skew: [Lane<S, T>; 2],
    zero: Lane<S, T>,
    /// Far from the ends of a row.
    pub far: Side<S, T>,
}

impl<S: Simd, T: Real> Stencil<S, T> {
    #[inline(always)]
    pub fn new(simd: S, lame: [f64; 2], keep: f64, sign: f64) -> Self {
        let by = Coupling::new(lame, keep);
        // Between equal functions along an axis the node itself counts twice and a neighbour once, between their
        // derivatives the neighbour negative.
        let own = |own: f64, a: f64, b: f64| {
            let factor = [own, a, b].map(|d| if d > 0.0 { 2.0 } else { 1.0 }).iter().product::<f64>();
            let constant = (by.normal + by.trace) * own + by.shear * (a + b);
            let linear = by.stiff * own * (a + b) + 2.0 * by.twist * a * b;
            sign * factor * (constant + linear + by.own * own * a * b)
        };
        let of = |d: f64| [own(d, 1.0, 1.0), own(d, 1.0, -1.0), own(d, -1.0, -1.0)].map(|c| T::of(c).double());
        let [[_, face, edge], [own_face, own_edge, corner]] = [of(1.0), of(-1.0)];
        // A motion of all nodes takes no force, to the last bit of a coefficient.
        let node = -(4.0 * face + 4.0 * edge + 2.0 * own_face + 8.0 * own_edge + 8.0 * corner);
        let splat = |x: f64| Lane::splat(simd, T::of(sign * x));
        let own = [[node, face, edge], [own_face, own_edge, corner]];
        let (both, apart) = (by.trace + by.shear, by.trace - by.shear);
        let (linear, across) = (by.cross + by.twist, by.cross - by.twist);
        Self {
            simd,
            own: own.map(|c| c.map(|c| Lane::splat(simd, T::of(c)))),
            cross: [splat(-2.0 * (both + linear)), splat(linear - both)],
            skew: [splat(2.0 * (apart + across)), splat(apart - across)],
            zero: Lane::zero(simd),
            far: Side::new(simd, 4 * W, 2 * W, 0, None),
        }
    }
}

/// How a place lies to the ends of its box along an axis.
pub struct End<S: Simd, T: Real> {
    pub simd: S,
    /// 1 where there is one before and after, else 0.
    pub before: Lane<S, T>,
    pub after: Lane<S, T>,
    /// What the node itself counts, and `E`.
    pub half: Lane<S, T>,
    pub e: Lane<S, T>,
}

impl<S: Simd, T: Real> End<S, T> {
    /// Of place `n` of `len`.
    #[inline(always)]
    pub fn new(simd: S, n: usize, len: usize) -> Self {
        let (half, e) = end(n, len);
        Self {
            simd,
            before: Lane::splat(simd, T::of(f64::from(n > 0))),
            after: Lane::splat(simd, T::of(f64::from(n + 1 < len))),
            half: Lane::splat(simd, T::of(half)),
            e: Lane::splat(simd, T::of(e)),
        }
    }
}

/// What node `n` of `len` itself counts, and `E` there.
#[inline(always)]
pub fn end(n: usize, len: usize) -> (f64, f64) {
    match n {
        0 => (0.5, -1.0),
        _ if n + 1 == len => (0.5, 1.0),
        _ => (1.0, 0.0),
    }
}

/// How a vector of nodes lies to the ends of its row.
pub struct Side<S: Simd, T: Real> {
    /// What the nodes themselves count, and `E`.
    pub half: Lane<S, T>,
    pub e: Lane<S, T>,
    /// 1 at nodes to be found, else 0.
    pub inside: Lane<S, T>,
    /// The one to which another box gives.
    pub shared: Option<usize>,
}

impl<S: Simd, T: Real> Side<S, T> {
    /// Of nodes from `at` of `len` on, to be found from `first` on.
    #[inline(always)]
    pub fn new(simd: S, len: usize, at: usize, first: usize, shared: Option<usize>) -> Self {
        let (mut halves, mut es, mut inside) = ([T::default(); W], [T::default(); W], [T::default(); W]);
        for lane in 0..W {
            let (half, e) = end(at + lane, len);
            (halves[lane], es[lane]) = (T::of(half), T::of(e));
            inside[lane] = T::of(f64::from(at + lane >= first));
        }
        let load = [Lane::load(simd, &halves), Lane::load(simd, &es), Lane::load(simd, &inside)];
        Self { half: load[0], e: load[1], inside: load[2], shared }
    }
}

/// The node itself, `N`, `C` and `E` along an axis.
#[derive(Clone)]
pub struct Kinds<V> {
    pub m: V,
    pub n: V,
    pub c: V,
    pub e: V,
}

/// Numbers to the left, here and to the right.
pub type Near<S, T> = [Lane<S, T>; 3];

/// Of numbers to the left, here and to the right, along x: the node itself, `N`, `C` and `E`.
#[inline(always)]
fn m<S: Simd, T: Real, const X: bool>(side: &Side<S, T>, q: &Near<S, T>) -> Lane<S, T> {
    if X { side.half * q[1] } else { q[1] }
}
#[inline(always)]
fn n<S: Simd, T: Real>(q: &Near<S, T>) -> Lane<S, T> {
    q[0] + q[2]
}
#[inline(always)]
fn c<S: Simd, T: Real>(q: &Near<S, T>) -> Lane<S, T> {
    q[2] - q[0]
}
#[inline(always)]
fn e<S: Simd, T: Real>(side: &Side<S, T>, q: &Near<S, T>) -> Lane<S, T> {
    side.e * q[1]
}

/// Sum of two products.
#[inline(always)]
fn two<S: Simd, T: Real>(by: &[Lane<S, T>; 2], a: Lane<S, T>, b: Lane<S, T>) -> Lane<S, T> {
    by[0].mul_add(a, by[1] * b)
}

impl<S: Simd, T: Real> Stencil<S, T> {
    /// What acts on each component along y.
    #[inline(always)]
    pub fn along_x<const X: bool, const YZ: bool>(
        &self,
        side: &Side<S, T>,
        u: &Kinds<Near<S, T>>,
        v: &Kinds<Near<S, T>>,
        w: &Kinds<Near<S, T>>,
        next: [Lane<S, T>; 3],
    ) -> [Kinds<Lane<S, T>>; 3] {
        let [[node, face, edge], [own_face, own_edge, corner]] = self.own;
        let [cross, cross_n] = self.cross;
        // At an end along y the node itself does not count as one.
        let start = if YZ { [self.zero; 3] } else { next };

        let (umm, umn, unm, unn) = (m::<S, T, X>(side, &u.m), m::<S, T, X>(side, &u.n), n(&u.m), n(&u.n));
        let mut zx = c(&w.c);
        if X && YZ {
            zx = zx - e(side, &w.e);
        }
        let mut a = Kinds {
            m: node.mul_add(
                umm,
                face.mul_add(umn, own_face.mul_add(unm, own_edge.mul_add(unn, cross.mul_add(zx, start[0])))),
            ),
            n: face.mul_add(umm, edge.mul_add(umn, own_edge.mul_add(unm, corner.mul_add(unn, cross_n * zx)))),
            c: two(&self.cross, c(&v.m), c(&v.n)),
            e: self.zero,
        };

        let (vmm, vnn, vmn) = (m::<S, T, X>(side, &v.m), n(&v.n), n(&v.m) + m::<S, T, X>(side, &v.n));
        let mut b = Kinds {
            m: node.mul_add(vmm, face.mul_add(vmn, edge.mul_add(vnn, start[1]))),
            n: own_face.mul_add(vmm, own_edge.mul_add(vmn, corner * vnn)),
            c: two(&self.cross, c(&u.m) + m::<S, T, X>(side, &w.c), c(&u.n) + n(&w.c)),
            e: self.zero,
        };

        let (wmm, wmn, wnm, wnn) = (m::<S, T, X>(side, &w.m), m::<S, T, X>(side, &w.n), n(&w.m), n(&w.n));
        let mut zx = c(&u.c);
        if X && YZ {
            zx = zx - e(side, &u.e);
        }
        let mut d = Kinds {
            m: node.mul_add(
                wmm,
                own_face.mul_add(wmn, face.mul_add(wnm, own_edge.mul_add(wnn, cross.mul_add(zx, start[2])))),
            ),
            n: face.mul_add(wmm, own_edge.mul_add(wmn, edge.mul_add(wnm, corner.mul_add(wnn, cross_n * zx)))),
            c: two(&self.cross, m::<S, T, X>(side, &v.c), n(&v.c)),
            e: self.zero,
        };

        let (skew, skew_n) = (self.skew[0], self.skew[1]);
        if X {
            let (zx_u, zx_w) = (e(side, &u.c), e(side, &w.c));
            (a.m, a.n) = (skew.mul_add(zx_w, a.m), skew_n.mul_add(zx_w, a.n));
            (d.m, d.n) = (d.m - skew * zx_u, d.n - skew_n * zx_u);
            a.c = a.c + two(&self.skew, e(side, &v.m), e(side, &v.n));
            b.c = b.c - two(&self.skew, e(side, &u.m), e(side, &u.n));
        }
        if YZ {
            let (zx_u, zx_w) = (c(&u.e), c(&w.e));
            (a.m, a.n) = (a.m - skew * zx_w, a.n - skew_n * zx_w);
            (d.m, d.n) = (skew.mul_add(zx_u, d.m), skew_n.mul_add(zx_u, d.n));
            b.c = b.c - two(&self.skew, m::<S, T, X>(side, &w.e), n(&w.e));
            d.c = d.c + two(&self.skew, m::<S, T, X>(side, &v.e), n(&v.e));
            a.e = self.zero - two(&self.skew, c(&v.m), c(&v.n));
            b.e = two(&self.skew, c(&u.m) + m::<S, T, X>(side, &w.c), c(&u.n) + n(&w.c));
            d.e = self.zero - two(&self.skew, m::<S, T, X>(side, &v.c), n(&v.c));
            if X {
                a.e = a.e - two(&self.cross, e(side, &v.m), e(side, &v.n));
                b.e = b.e - two(&self.cross, e(side, &u.m), e(side, &u.n));
            }
            b.e = b.e - two(&self.cross, m::<S, T, X>(side, &w.e), n(&w.e));
            d.e = d.e - two(&self.cross, m::<S, T, X>(side, &v.e), n(&v.e));
        }
        [a, b, d]
    }
}
