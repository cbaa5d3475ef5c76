//! Matrices and loads of one tetrahedron. Matrices are square, row by row, `3 node + component` where there are three.
//!
//! Above ν = 0.45 a ten-node tetrahedron has more volume constraints than freedom, and locks. There the bulk stiffness
//! beyond that of ν = 0.45 acts on the mean volume strain of the element alone: selective integration in its B̄ form
//! (Hughes, Int. J. Numer. Meth. Eng. 15, 1980), the mean dilatation of Nagtegaal, Parks & Rice (CMAME 4, 1974) that Maas
//! et al. (J. Biomech. Eng. 138, 2016) use with quadratic tetrahedra. In B̄ the volume strain d with mean m becomes
//! m + α (d − m); α² κ is the bulk modulus of ν = 0.45, so that α = 1 there: nothing jumps at the limit, and what varies
//! within an element keeps enough stiffness not to flutter. Symmetric, and exact for linear fields. A linear tetrahedron
//! has one volume strain anyway and locks: it is for comparison only.

use super::{FIFTEEN_POINTS, Inverted, displacement_gradient, gradients, shape, stiffness_points, strain};
use glam::{DMat3, DVec3};

/// xx, yy, zz, xy, yz, zx; shear is engineering shear, 2 ε.
pub type Strain = [f64; 6];
/// xx, yy, zz, xy, yz, zx, Pa.
pub type Stress = [f64; 6];

/// Poisson's ratio above which the volume strain is averaged.
pub const POISSON_FULL_MAX: f64 = 0.45;
/// The same limit on the bulk over the shear modulus.
const BULK_FULL_MAX: f64 = 2.0 * (1.0 + POISSON_FULL_MAX) / (3.0 * (1.0 - 2.0 * POISSON_FULL_MAX));

/// Stress from strain.
#[derive(Clone, Debug, PartialEq)]
pub enum Elasticity {
    /// Lamé's constants, Pa.
    Isotropic { lambda: f64, mu: f64 },
    /// Symmetric, positive definite, in the axes of the model, Pa.
    General(Box<[[f64; 6]; 6]>),
}

impl Elasticity {
    /// From Young's modulus, Pa, and Poisson's ratio in (−1, ½).
    pub fn isotropic(young: f64, poisson: f64) -> Self {
        let mu = young / (2.0 * (1.0 + poisson));
        Self::Isotropic { lambda: 2.0 * mu * poisson / (1.0 - 2.0 * poisson), mu }
    }

    /// How much of the variation of the volume strain within an element is kept: α of the module, 1 up to ν = 0.45.
    pub fn kept_variation(&self) -> f64 {
        let (bulk, shear) = match self {
            Self::Isotropic { lambda, mu } => (lambda + 2.0 / 3.0 * mu, *mu),
            Self::General(c) => {
                let bulk: f64 = c[..3].iter().flat_map(|r| &r[..3]).sum::<f64>() / 9.0;
                (bulk, (c[3][3] + c[4][4] + c[5][5]) / 3.0)
            }
        };
        (BULK_FULL_MAX * shear / bulk).min(1.0).sqrt()
    }

    #[inline]
    pub fn stress(&self, e: &Strain) -> Stress {
        match self {
            Self::Isotropic { lambda, mu } => {
                let p = lambda * (e[0] + e[1] + e[2]);
                std::array::from_fn(|i| if i < 3 { p + 2.0 * mu * e[i] } else { mu * e[i] })
            }
            Self::General(c) => std::array::from_fn(|i| (0..6).map(|j| c[i][j] * e[j]).sum()),
        }
    }

    /// Strain from stress, 1/Pa, by rows.
    pub fn compliance(&self) -> [[f64; 6]; 6] {
        // Gauss–Jordan; a positive definite matrix needs no pivoting.
        let unit = |j: usize| std::array::from_fn(|i| f64::from(u8::from(i == j)));
        let mut a: [[f64; 6]; 6] = std::array::from_fn(|j| self.stress(&unit(j)));
        let mut inverse: [[f64; 6]; 6] = std::array::from_fn(unit);
        for i in 0..6 {
            let pivot = a[i][i];
            a[i] = a[i].map(|x| x / pivot);
            inverse[i] = inverse[i].map(|x| x / pivot);
            for r in (0..6).filter(|r| *r != i) {
                let by = a[r][i];
                for c in 0..6 {
                    a[r][c] -= by * a[i][c];
                    inverse[r][c] -= by * inverse[i][c];
                }
            }
        }
        inverse
    }
}

/// The material at point `p` where either one holds for the whole element or each point has its own.
pub fn at<T>(values: &[T], p: usize) -> &T {
    if values.len() == 1 { &values[0] } else { &values[p] }
}

/// Gradients and weights at the stiffness points.
struct Frame<const N: usize> {
    n_points: usize,
    gradients: [[DVec3; N]; 4],
    /// m³ per point.
    weights: [f64; 4],
}

impl<const N: usize> Frame<N> {
    #[inline(always)]
    fn new(x: &[DVec3; N]) -> Result<Self, Inverted> {
        let points = stiffness_points::<N>();
        let mut frame = Self { n_points: points.len(), gradients: [[DVec3::ZERO; N]; 4], weights: [0.0; 4] };
        for (p, point) in points.iter().enumerate() {
            let (g, v) = gradients(x, &point.at)?;
            frame.gradients[p] = g;
            frame.weights[p] = point.share * v;
        }
        Ok(frame)
    }

    /// Mean gradients and the volume, m³.
    #[inline(always)]
    fn mean(&self) -> ([DVec3; N], f64) {
        let volume: f64 = self.weights[..self.n_points].iter().sum();
        let mut mean = [DVec3::ZERO; N];
        for p in 0..self.n_points {
            for (m, g) in mean.iter_mut().zip(&self.gradients[p]) {
                *m += *g * (self.weights[p] / volume);
            }
        }
        (mean, volume)
    }
}

/// α for an element.
fn kept<const N: usize>(c: &[Elasticity]) -> f64 {
    if N == 10 { c.iter().map(Elasticity::kept_variation).fold(1.0, f64::min) } else { 1.0 }
}

/// Consistent stiffness, N/m; `c` for the element, or for each of [`stiffness_points`]. `out` is `(3N)²` long.
///
/// # Errors
/// [`Inverted`].
/// Source: Zienkiewicz & Taylor, The Finite Element Method, vol. 1; above ν = 0.45 see the module.
#[inline]
pub fn stiffness<const N: usize>(x: &[DVec3; N], c: &[Elasticity], out: &mut [f64]) -> Result<(), Inverted> {
    let frame = Frame::new(x)?;
    match c {
        [Elasticity::Isotropic { lambda, mu }] => isotropic(&frame, *lambda, *mu, kept::<N>(c), out),
        _ => general(&frame, c, kept::<N>(c), out),
    }
    Ok(())
}

/// With S = Σ w a bᵀ of the gradients a, b of two nodes, their block is λ S + μ Sᵀ + μ tr S 1.
#[inline(always)]
fn isotropic<const N: usize>(frame: &Frame<N>, lambda: f64, mu: f64, kept: f64, out: &mut [f64]) {
    let out = &mut out[..9 * N * N];
    // The bulk modulus that acts on the mean alone, over the element.
    let excess = (1.0 - kept * kept) * (lambda + 2.0 / 3.0 * mu);
    let lambda = lambda - excess;
    let (mean, volume) = if excess > 0.0 { frame.mean() } else { ([DVec3::ZERO; N], 0.0) };
    let excess = excess * volume;
    for a in 0..N {
        for b in a..N {
            let mut s = [[0.0; 3]; 3];
            for p in 0..frame.n_points {
                let ga = frame.gradients[p][a] * frame.weights[p];
                let gb = frame.gradients[p][b];
                for i in 0..3 {
                    for j in 0..3 {
                        s[i][j] += ga[i] * gb[j];
                    }
                }
            }
            let trace = mu * (s[0][0] + s[1][1] + s[2][2]);
            for i in 0..3 {
                for j in 0..3 {
                    let mut v = lambda * s[i][j] + mu * s[j][i];
                    if i == j {
                        v += trace;
                    }
                    if excess > 0.0 {
                        v += excess * mean[a][i] * mean[b][j];
                    }
                    out[(3 * a + i) * 3 * N + 3 * b + j] = v;
                    out[(3 * b + j) * 3 * N + 3 * a + i] = v;
                }
            }
        }
    }
}

/// Strain of a unit displacement of each component at a node with gradient `g`, `mean` over the element; `[component]`.
#[inline(always)]
fn unit_strains(g: DVec3, mean: DVec3, kept: f64) -> [Strain; 3] {
    let mut b = [[g.x, 0.0, 0.0, g.y, 0.0, g.z], [0.0, g.y, 0.0, g.x, g.z, 0.0], [0.0, 0.0, g.z, 0.0, g.y, g.x]];
    if kept < 1.0 {
        for c in 0..3 {
            for normal in &mut b[c][..3] {
                *normal += (1.0 - kept) * (mean[c] - g[c]) / 3.0;
            }
        }
    }
    b
}

fn general<const N: usize>(frame: &Frame<N>, c: &[Elasticity], kept: f64, out: &mut [f64]) {
    let out = &mut out[..9 * N * N];
    out.fill(0.0);
    let (mean, _) = frame.mean();
    for p in 0..frame.n_points {
        let b: [[Strain; 3]; N] = std::array::from_fn(|n| unit_strains(frame.gradients[p][n], mean[n], kept));
        let t: [[Stress; 3]; N] = b.map(|b| b.map(|e| at(c, p).stress(&e).map(|s| s * frame.weights[p])));
        for row in 0..3 * N {
            for column in row..3 * N {
                let (e, s) = (&b[row / 3][row % 3], &t[column / 3][column % 3]);
                out[row * 3 * N + column] += (0..6).map(|k| e[k] * s[k]).sum::<f64>();
            }
        }
    }
    mirror(out, 3 * N);
}

/// Copies the upper triangle to the lower.
fn mirror(out: &mut [f64], n: usize) {
    for i in 0..n {
        for j in 0..i {
            out[i * n + j] = out[j * n + i];
        }
    }
}

/// Strains at the [`stiffness_points`]; those beyond their number are zero. B̄ as in [`stiffness`] of `c`.
///
/// # Errors
/// [`Inverted`].
pub fn strains<const N: usize>(x: &[DVec3; N], u: &[DVec3; N], c: &[Elasticity]) -> Result<[Strain; 4], Inverted> {
    let frame = Frame::new(x)?;
    let (mean, _) = frame.mean();
    let mean_dilatation: f64 = mean.iter().zip(u).map(|(m, u)| m.dot(*u)).sum();
    let mut out = [[0.0; 6]; 4];
    for p in 0..frame.n_points {
        let mut e = strain(&displacement_gradient(&frame.gradients[p], u));
        let shift = (1.0 - kept::<N>(c)) * (mean_dilatation - e[0] - e[1] - e[2]) / 3.0;
        for normal in &mut e[..3] {
            *normal += shift;
        }
        out[p] = e;
    }
    Ok(out)
}

/// Nodal forces in balance with the stress at the [`stiffness_points`] (`[1]` for all), N: ∫ Bᵀ σ.
///
/// With σ = C ε₀ these are the loads of an initial strain, such as thermal expansion. `c` decides as in [`stiffness`].
///
/// # Errors
/// [`Inverted`].
pub fn internal_force<const N: usize>(
    x: &[DVec3; N],
    c: &[Elasticity],
    stress: &[Stress],
) -> Result<[DVec3; N], Inverted> {
    let frame = Frame::new(x)?;
    let (mean, _) = frame.mean();
    let kept = kept::<N>(c);
    let mut f = [DVec3::ZERO; N];
    for p in 0..frame.n_points {
        let s = at(stress, p);
        for n in 0..N {
            let b = unit_strains(frame.gradients[p][n], mean[n], kept);
            for i in 0..3 {
                f[n][i] += frame.weights[p] * (0..6).map(|k| b[i][k] * s[k]).sum::<f64>();
            }
        }
    }
    Ok(f)
}

/// Σ over points of ∇a · T ∇b, `N²` long: conductivity for `T` in W/(m K); geometric stiffness, one component, for `T`
/// the stress in Pa. `tensor`: one for the element, or one for each of [`stiffness_points`]; symmetric.
///
/// # Errors
/// [`Inverted`].
pub fn gradient_matrix<const N: usize>(x: &[DVec3; N], tensor: &[DMat3], out: &mut [f64]) -> Result<(), Inverted> {
    let frame = Frame::new(x)?;
    let out = &mut out[..N * N];
    out.fill(0.0);
    for p in 0..frame.n_points {
        for a in 0..N {
            let flow = *at(tensor, p) * (frame.gradients[p][a] * frame.weights[p]);
            for b in a..N {
                out[a * N + b] += flow.dot(frame.gradients[p][b]);
            }
        }
    }
    mirror(out, N);
    Ok(())
}

/// The tensor of a stress, for [`gradient_matrix`].
pub fn tensor(s: &Stress) -> DMat3 {
    DMat3::from_cols(DVec3::new(s[0], s[3], s[5]), DVec3::new(s[3], s[1], s[4]), DVec3::new(s[5], s[4], s[2]))
}

/// ∫ ρ N_a N_b, `N²` long: consistent mass of one component for ρ in kg/m³, capacity for ρ c in J/(m³ K).
///
/// # Errors
/// [`Inverted`].
pub fn mass<const N: usize>(x: &[DVec3; N], density: f64, out: &mut [f64]) -> Result<(), Inverted> {
    mass_of(x, |_| density, out)
}

/// The same for ρ that varies, by barycentric coordinates.
///
/// # Errors
/// [`Inverted`].
pub fn mass_of<const N: usize>(
    x: &[DVec3; N],
    density: impl Fn(&[f64; 4]) -> f64,
    out: &mut [f64],
) -> Result<(), Inverted> {
    let out = &mut out[..N * N];
    out.fill(0.0);
    for point in &FIFTEEN_POINTS {
        let (_, v) = gradients(x, &point.at)?;
        let n = shape::<N>(&point.at);
        let density = density(&point.at);
        for a in 0..N {
            let w = density * point.share * v * n[a];
            for b in a..N {
                out[a * N + b] += w * n[b];
            }
        }
    }
    mirror(out, N);
    Ok(())
}

/// ∫ N_a f(x): nodal forces of a body force `f`, N/m³, at points of space; exact up to cubic products of shape and force.
///
/// # Errors
/// [`Inverted`].
pub fn body_force<const N: usize>(x: &[DVec3; N], f: impl Fn(DVec3) -> DVec3) -> Result<[DVec3; N], Inverted> {
    let mut out = [DVec3::ZERO; N];
    for point in &FIFTEEN_POINTS {
        let (_, v) = gradients(x, &point.at)?;
        let n = shape::<N>(&point.at);
        let position: DVec3 = n.iter().zip(x).map(|(n, x)| *x * *n).sum();
        let force = f(position) * (point.share * v);
        for (out, n) in out.iter_mut().zip(n) {
            *out += force * n;
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::super::EDGES;
    use super::*;

    /// A distorted element with curved sides.
    fn curved() -> [DVec3; 10] {
        let c = [
            DVec3::new(0.1, -0.2, 0.05),
            DVec3::new(1.2, 0.1, -0.1),
            DVec3::new(0.2, 0.9, 0.2),
            DVec3::new(-0.1, 0.3, 1.1),
        ];
        std::array::from_fn(|n| {
            if n < 4 {
                return c[n];
            }
            let bump = DVec3::new((n as f64).sin(), (2.0 * n as f64).cos(), (n as f64 * 0.7).sin()) * 0.03;
            0.5 * (c[EDGES[n - 4][0]] + c[EDGES[n - 4][1]]) + bump
        })
    }

    fn straight<const N: usize>() -> [DVec3; N] {
        let c = curved();
        std::array::from_fn(|n| if n < 4 { c[n] } else { 0.5 * (c[EDGES[n - 4][0]] + c[EDGES[n - 4][1]]) })
    }

    fn orthotropic() -> Elasticity {
        let mut c = [[0.0; 6]; 6];
        for (i, d) in [130.0, 90.0, 70.0, 40.0, 30.0, 25.0].into_iter().enumerate() {
            c[i][i] = d;
        }
        for (i, j, v) in [(0, 1, 35.0), (0, 2, 28.0), (1, 2, 22.0)] {
            c[i][j] = v;
            c[j][i] = v;
        }
        Elasticity::General(Box::new(c))
    }

    fn forces<const N: usize>(k: &[f64], u: &[DVec3; N]) -> [DVec3; N] {
        std::array::from_fn(|a| {
            DVec3::from_array(std::array::from_fn(|i| {
                (0..3 * N).map(|q| k[(3 * a + i) * 3 * N + q] * u[q / 3][q % 3]).sum()
            }))
        })
    }

    fn check<const N: usize>(x: &[DVec3; N], c: &Elasticity) {
        let mut k = vec![0.0; 9 * N * N];
        stiffness(x, std::slice::from_ref(c), &mut k).unwrap();
        let size = k.iter().fold(0.0f64, |m, v| m.max(v.abs()));
        for i in 0..3 * N {
            for j in 0..3 * N {
                assert!((k[i * 3 * N + j] - k[j * 3 * N + i]).abs() <= 1e-14 * size);
            }
        }
        // Six rigid motions store nothing.
        for r in 0..6 {
            let axis = [DVec3::X, DVec3::Y, DVec3::Z][r % 3];
            let u = x.map(|x| if r < 3 { axis } else { axis.cross(x) });
            for f in forces(&k, &u) {
                assert!(f.abs().max_element() < 1e-13 * size, "{r}: {f}");
            }
        }
        // A linear field: constant strain, and forces that balance its stress.
        let h = [DVec3::new(0.3, -0.1, 0.2), DVec3::new(0.05, -0.2, 0.4), DVec3::new(-0.3, 0.15, 0.1)];
        let u = x.map(|x| DVec3::new(h[0].dot(x), h[1].dot(x), h[2].dot(x)));
        let e = strain(&h);
        for (p, found) in
            strains(x, &u, std::slice::from_ref(c)).unwrap()[..stiffness_points::<N>().len()].iter().enumerate()
        {
            for i in 0..6 {
                assert!((found[i] - e[i]).abs() < 1e-13, "{p}");
            }
        }
        let f = forces(&k, &u);
        let g = internal_force(x, std::slice::from_ref(c), &[c.stress(&e)]).unwrap();
        for n in 0..N {
            assert!((f[n] - g[n]).abs().max_element() < 1e-13 * size);
        }
        // Energy ½ uᵀ K u = ½ V σ ε.
        let energy: f64 = u.iter().zip(&f).map(|(u, f)| u.dot(*f)).sum();
        let volume = super::super::volume(x).unwrap();
        let exact: f64 = volume * c.stress(&e).iter().zip(&e).map(|(s, e)| s * e).sum::<f64>();
        assert!((energy - exact).abs() < 1e-12 * exact.abs(), "{energy} {exact}");
    }

    #[test]
    fn stiffness_knows_rigid_motion_and_constant_strain() {
        for c in [Elasticity::isotropic(210.0, 0.3), Elasticity::isotropic(1.0, 0.4999), orthotropic()] {
            check::<10>(&curved(), &c);
            check::<10>(&straight(), &c);
            check::<4>(&straight(), &c);
        }
    }

    #[test]
    fn both_paths_agree() {
        for nu in [0.3, 0.49] {
            let c = Elasticity::isotropic(3.0, nu);
            let columns: [Stress; 6] =
                std::array::from_fn(|j| c.stress(&std::array::from_fn(|i| f64::from(u8::from(i == j)))));
            let g = Elasticity::General(Box::new(columns));
            assert_eq!(c.kept_variation() < 1.0, nu > 0.45);
            assert!((c.kept_variation() - g.kept_variation()).abs() < 1e-14);
            let (mut a, mut b, mut d) = (vec![0.0; 900], vec![0.0; 900], vec![0.0; 900]);
            stiffness(&curved(), std::slice::from_ref(&c), &mut a).unwrap();
            stiffness(&curved(), &[g], &mut b).unwrap();
            stiffness(&curved(), &vec![c; 4], &mut d).unwrap();
            for i in 0..900 {
                assert!((a[i] - b[i]).abs() < 1e-12 && (a[i] - d[i]).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn only_the_variation_of_the_volume_strain_is_reduced() {
        let x = straight::<10>();
        let u = x.map(|x| DVec3::new(x.x * x.x, 0.0, 0.0));
        let c = Elasticity::isotropic(1.0, 0.4999);
        let full = strains(&x, &u, &[Elasticity::isotropic(1.0, 0.45)]).unwrap();
        let reduced = strains(&x, &u, std::slice::from_ref(&c)).unwrap();
        let dilatation = |e: &Strain| e[0] + e[1] + e[2];
        let mean: f64 = full.iter().map(dilatation).sum::<f64>() / 4.0;
        for (f, r) in full.iter().zip(&reduced) {
            let kept = (dilatation(r) - mean) / (dilatation(f) - mean);
            assert!((kept - c.kept_variation()).abs() < 1e-9 && kept < 0.06, "{kept}");
            assert!((f[0] - f[1] - r[0] + r[1]).abs() < 1e-13 && f[3] == r[3]);
        }
    }

    #[test]
    fn mass_sums_to_the_mass_and_capacity_to_moments() {
        let x = curved();
        let mut m = vec![0.0; 100];
        mass(&x, 7.0, &mut m).unwrap();
        let exact: f64 = FIFTEEN_POINTS.iter().map(|p| 7.0 * p.share * gradients(&x, &p.at).unwrap().1).sum();
        assert!((m.iter().sum::<f64>() - exact).abs() < 1e-13);
        // Straight sides, closed form for corners of the linear element: ρ V (1 + δ) / 20.
        let x = straight::<4>();
        let v = super::super::volume(&x).unwrap();
        mass(&x, 1.0, &mut m).unwrap();
        for a in 0..4 {
            for b in 0..4 {
                assert!((m[4 * a + b] - v * if a == b { 0.1 } else { 0.05 }).abs() < 1e-15);
            }
        }
        // Quadratic, straight: a corner with itself V/70, with a middle −V/105 or −V/70, middles 8V/105 (fourfold tables).
        let x = straight::<10>();
        mass(&x, 1.0, &mut m).unwrap();
        for (a, b, value) in
            [(0, 0, 6.0), (0, 1, 1.0), (0, 4, -4.0), (0, 5, -6.0), (4, 4, 32.0), (4, 5, 16.0), (4, 9, 8.0)]
        {
            assert!(
                (m[10 * a + b] - v * value / 420.0).abs() < 1e-15,
                "{a} {b} {} {}",
                m[10 * a + b] / v * 420.0,
                value
            );
        }
        // A body force: total, and the same as the mass matrix for a constant.
        let f = body_force(&x, |_| DVec3::new(0.0, 0.0, -3.0)).unwrap();
        for a in 0..10 {
            let row: f64 = (0..10).map(|b| m[10 * a + b]).sum();
            assert!((f[a].z + 3.0 * row).abs() < 1e-15);
        }
    }

    #[test]
    fn conduction_and_geometric_stiffness_measure_the_gradient() {
        let x = curved();
        let slope = DVec3::new(0.3, -1.0, 0.7);
        let k = DMat3::from_cols(DVec3::new(2.0, 0.1, 0.0), DVec3::new(0.1, 1.0, 0.2), DVec3::new(0.0, 0.2, 3.0));
        let mut a = vec![0.0; 100];
        gradient_matrix(&x, &[k], &mut a).unwrap();
        let t = x.map(|x| slope.dot(x));
        let q: f64 = (0..100).map(|i| t[i / 10] * a[i] * t[i % 10]).sum();
        let exact = super::super::volume(&x).unwrap() * slope.dot(k * slope);
        assert!((q - exact).abs() < 1e-13);
        assert_eq!(tensor(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).row(1), DVec3::new(4.0, 2.0, 5.0));
    }
}
