//! Stresses or heat flows at nodes and the error of what was computed, by superconvergent patch recovery.
//!
//! The values at an element's four integration points are better than elsewhere. Around each corner node a full
//! quadratic is fitted to those of the elements about it, and read at the node; a middle node takes the mean of what its
//! two ends' quadratics say. The difference between the recovered and the computed values, in the norm of energy,
//! estimates the error. Source: Zienkiewicz & Zhu, IJNME 33, 1331 and 1365 (1992).

use super::heat::Matter;
use super::material::Materials;
use super::{Mesh, motion};
use crate::element::tet::matrix::{self, Stress};
use crate::element::tet::{self, Elasticity, FIFTEEN_POINTS, FOUR_POINTS, Inverted};
use glam::DVec3;
use rayon::prelude::*;

/// A patch takes in more elements round about until it has this many: near corners and edges of the body.
const PATCH_MIN: usize = 10;
const RINGS_MAX: usize = 2;
/// Weight of an element that does not touch the patch's node: enough to settle what the near ones leave open, so little
/// that a wide patch does not smooth the field away (effectivity on rings and holes: 1.0 to 1.2, against 2 with 0.3).
const FAR: f64 = 0.03;
/// Terms of a full quadratic in space, and of a linear function.
const QUADRATIC: usize = 10;
const LINEAR: usize = 4;
/// Pivot, relative to its diagonal entry, below which a fit has too few points in some direction.
const PIVOT_MIN: f64 = 1e-7;

/// Values at the four integration points of each element: `C` components.
pub type Points<const C: usize> = Vec<[[f64; C]; 4]>;
/// Stress at the four integration points of each element, Pa.
pub type Raw = Points<6>;

/// Stresses that displacements `u` call forth.
///
/// # Errors
/// [`Inverted`].
pub fn raw<'a>(mesh: &Mesh, materials: impl Into<Materials<'a>>, u: &[f64]) -> Result<Raw, Inverted> {
    let materials = materials.into();
    (0..mesh.tets.len())
        .into_par_iter()
        .map(|t| {
            let c = materials.of(mesh, t);
            let moved = mesh.tets[t].map(|n| motion(u, n));
            let strains = matrix::strains(&mesh.nodes(t), &moved, c)?;
            Ok(std::array::from_fn(|p| matrix::at(c, p).stress(&strains[p])))
        })
        .collect()
}

/// Elements about each corner node.
pub struct Patches {
    first: Vec<u32>,
    tets: Vec<u32>,
}

impl Patches {
    pub fn new(mesh: &Mesh) -> Self {
        let mut first = vec![0u32; mesh.points.len() + 1];
        for tet in &mesh.tets {
            for n in &tet[..4] {
                first[*n as usize + 1] += 1;
            }
        }
        for i in 1..first.len() {
            first[i] += first[i - 1];
        }
        let mut at = first.clone();
        let mut tets = vec![0; first[mesh.points.len()] as usize];
        for (t, tet) in mesh.tets.iter().enumerate() {
            for n in &tet[..4] {
                tets[at[*n as usize] as usize] = t as u32;
                at[*n as usize] += 1;
            }
        }
        Self { first, tets }
    }

    /// Elements that have corner node `n`; none for a middle.
    pub fn about(&self, n: usize) -> &[u32] {
        &self.tets[self.first[n] as usize..self.first[n + 1] as usize]
    }

    /// Elements to fit over for node `n`: those about it first, then as many round them as it takes.
    fn patch(&self, mesh: &Mesh, n: usize) -> Vec<u32> {
        let mut out = self.about(n).to_vec();
        let mut from = 0;
        for _ in 0..RINGS_MAX {
            if out.len() >= PATCH_MIN {
                break;
            }
            let to = out.len();
            for i in from..to {
                for c in &mesh.tets[out[i] as usize][..4] {
                    for t in self.about(*c as usize) {
                        if !out.contains(t) {
                            out.push(*t);
                        }
                    }
                }
            }
            from = to;
        }
        out
    }

    /// Values at every node, `[case][node]`, from those of each case at integration points.
    pub fn recover<const C: usize>(&self, mesh: &Mesh, raw: &[Points<C>]) -> Vec<Vec<[f64; C]>> {
        let n_cases = raw.len();
        // Coefficients of each corner's quadratic, `[case]`, about the corner and over its patch's size.
        let fits: Vec<Option<Fit<C>>> = (0..mesh.points.len())
            .into_par_iter()
            .map(|n| (!self.about(n).is_empty()).then(|| self.fit(mesh, raw, n)))
            .collect();
        let middles = mesh.middles();
        (0..n_cases)
            .map(|k| {
                let mut out = vec![[0.0; C]; mesh.points.len()];
                for (n, fit) in fits.iter().enumerate() {
                    if let Some(fit) = fit {
                        out[n] = fit.at(k, DVec3::ZERO);
                    }
                }
                let read: Vec<[f64; C]> = middles
                    .par_iter()
                    .map(|(m, ends)| {
                        let mut sum = [0.0; C];
                        for e in ends {
                            let Some(fit) = &fits[*e as usize] else { continue };
                            let s = fit.at(k, mesh.points[*m as usize] - mesh.points[*e as usize]);
                            for c in 0..C {
                                sum[c] += 0.5 * s[c];
                            }
                        }
                        sum
                    })
                    .collect();
                for ((m, _), s) in middles.iter().zip(read) {
                    out[*m as usize] = s;
                }
                out
            })
            .collect()
    }

    fn fit<const C: usize>(&self, mesh: &Mesh, raw: &[Points<C>], n: usize) -> Fit<C> {
        let centre = mesh.points[n];
        let patch = self.patch(mesh, n);
        let touching = self.about(n).len();
        let mut samples: Vec<(DVec3, f64, u32, usize)> = Vec::with_capacity(4 * patch.len());
        let mut size = 0.0f64;
        for (i, t) in patch.iter().enumerate() {
            let x = mesh.nodes(*t as usize);
            for (p, point) in FOUR_POINTS.iter().enumerate() {
                let d = tet::position(&x, &point.at) - centre;
                size = size.max(d.length());
                samples.push((d, if i < touching { 1.0 } else { FAR }, *t, p));
            }
        }
        let scale = 1.0 / size.max(f64::MIN_POSITIVE);
        for terms in [QUADRATIC, LINEAR] {
            if samples.len() < terms + 2 {
                continue;
            }
            let mut gram = [[0.0; QUADRATIC]; QUADRATIC];
            let mut right = vec![[[0.0; C]; QUADRATIC]; raw.len()];
            for (d, w, t, p) in &samples {
                let b = basis(*d * scale);
                for i in 0..terms {
                    for j in 0..=i {
                        gram[i][j] += w * b[i] * b[j];
                    }
                }
                for (right, raw) in right.iter_mut().zip(raw) {
                    let s = &raw[*t as usize][*p];
                    for i in 0..terms {
                        for c in 0..C {
                            right[i][c] += w * b[i] * s[c];
                        }
                    }
                }
            }
            if solve(&mut gram, &mut right, terms) {
                return Fit { scale, terms, coefficients: right };
            }
        }
        // Too few points for either: the mean.
        let mean = |raw: &Points<C>| {
            let mut out = [[0.0; C]; QUADRATIC];
            for (_, _, t, p) in &samples {
                for c in 0..C {
                    out[0][c] += raw[*t as usize][*p][c] / samples.len() as f64;
                }
            }
            out
        };
        Fit { scale, terms: 1, coefficients: raw.iter().map(mean).collect() }
    }
}

/// Polynomials about a node.
struct Fit<const C: usize> {
    scale: f64,
    terms: usize,
    /// `[case][term][component]`
    coefficients: Vec<[[f64; C]; QUADRATIC]>,
}

impl<const C: usize> Fit<C> {
    /// Value of case `k` at `d` from the node, m.
    fn at(&self, k: usize, d: DVec3) -> [f64; C] {
        let b = basis(d * self.scale);
        let a = &self.coefficients[k];
        std::array::from_fn(|c| (0..self.terms).map(|i| b[i] * a[i][c]).sum())
    }
}

fn basis(d: DVec3) -> [f64; QUADRATIC] {
    let DVec3 { x, y, z } = d;
    [1.0, x, y, z, x * x, y * y, z * z, x * y, y * z, z * x]
}

/// Cholesky of the leading `n` rows and the solution in place of `right`; false when a direction has too few points.
fn solve<const C: usize>(a: &mut [[f64; QUADRATIC]; QUADRATIC], right: &mut [[[f64; C]; QUADRATIC]], n: usize) -> bool {
    for i in 0..n {
        for j in 0..=i {
            let sum: f64 = (0..j).map(|k| a[i][k] * a[j][k]).sum();
            let rest = a[i][j] - sum;
            if i == j {
                if !(rest > PIVOT_MIN * a[i][i]) {
                    return false;
                }
                a[i][i] = rest.sqrt();
            } else {
                a[i][j] = rest / a[j][j];
            }
        }
    }
    for b in right {
        for c in 0..C {
            for i in 0..n {
                let sum: f64 = (0..i).map(|k| a[i][k] * b[k][c]).sum();
                b[i][c] = (b[i][c] - sum) / a[i][i];
            }
            for i in (0..n).rev() {
                let sum: f64 = (i + 1..n).map(|k| a[k][i] * b[k][c]).sum();
                b[i][c] = (b[i][c] - sum) / a[i][i];
            }
        }
    }
    true
}

/// The estimated error of one case.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// Squared error of each element in the norm of energy, J (W K for heat).
    pub elements: Vec<f64>,
    /// Energy of the computed stresses, twice, J (of the computed flow, W K).
    pub energy: f64,
}

impl Estimate {
    /// Error over solution, both in the norm of energy.
    pub fn relative(&self) -> f64 {
        let error: f64 = self.elements.iter().sum();
        if error > 0.0 { (error / (error + self.energy)).sqrt() } else { 0.0 }
    }
}

/// Compares the stresses at integration points with the recovered ones at nodes.
///
/// # Errors
/// [`Inverted`].
pub fn estimate<'a>(
    mesh: &Mesh,
    materials: impl Into<Materials<'a>>,
    raw: &Raw,
    recovered: &[Stress],
) -> Result<Estimate, Inverted> {
    let materials = materials.into();
    let parts: Vec<[[f64; 6]; 6]> = match materials {
        Materials::Parts(parts) => parts.iter().map(Elasticity::compliance).collect(),
        Materials::Points(_) => Vec::new(),
    };
    let of = |t: usize| {
        let compliance = match materials {
            Materials::Parts(_) => parts[mesh.part_of(t)],
            // Their mean: materials change little within an element.
            Materials::Points(points) => {
                let each = points[t].each_ref().map(Elasticity::compliance);
                std::array::from_fn(|i| std::array::from_fn(|j| each.iter().map(|c| 0.25 * c[i][j]).sum()))
            }
        };
        move |s: &Stress| twice_energy(&compliance, s)
    };
    compare(mesh, raw, recovered, of)
}

/// Compares heat flows at integration points, W/m², with the recovered ones at nodes, at temperatures at nodes, K.
///
/// # Errors
/// [`Inverted`].
pub fn estimate_flow(
    mesh: &Mesh,
    matter: &[Matter],
    temperature: &[f64],
    raw: &Points<3>,
    recovered: &[[f64; 3]],
) -> Result<Estimate, Inverted> {
    compare(mesh, raw, recovered, |t| {
        // In the middle: the matter changes little within an element.
        let middle = mesh.tets[t][..4].iter().map(|n| 0.25 * temperature[*n as usize]).sum();
        matter[mesh.part_of(t)].conductivity.dissipation(middle)
    })
}

/// `of(element)` gives twice the energy per volume of values there.
fn compare<const C: usize, E: Fn(&[f64; C]) -> f64>(
    mesh: &Mesh,
    raw: &Points<C>,
    recovered: &[[f64; C]],
    of: impl Fn(usize) -> E + Sync,
) -> Result<Estimate, Inverted> {
    let each: Vec<(f64, f64)> = (0..mesh.tets.len())
        .into_par_iter()
        .map(|t| {
            let x = mesh.nodes(t);
            let twice = of(t);
            let nodal = mesh.tets[t].map(|n| recovered[n as usize]);
            let (mut error, mut energy) = (0.0, 0.0);
            for point in &FIFTEEN_POINTS {
                let (_, volume) = tet::gradients(&x, &point.at)?;
                let weight = volume * point.share;
                let computed = read(&raw[t], &point.at);
                let n = tet::shape::<10>(&point.at);
                let off: [f64; C] =
                    std::array::from_fn(|i| n.iter().zip(&nodal).map(|(n, s)| n * s[i]).sum::<f64>() - computed[i]);
                error += weight * twice(&off);
                energy += weight * twice(&computed);
            }
            Ok((error, energy))
        })
        .collect::<Result<_, Inverted>>()?;
    Ok(Estimate { energy: each.iter().map(|e| e.1).sum(), elements: each.into_iter().map(|e| e.0).collect() })
}

/// The computed values anywhere in an element: linear between the integration points, as the gradients of an element with
/// straight sides are.
pub fn read<const C: usize>(raw: &[[f64; C]; 4], l: &[f64; 4]) -> [f64; C] {
    // Integration point `i` lies near corner `i`.
    let (near, far) = (FOUR_POINTS[0].at[0], FOUR_POINTS[0].at[1]);
    let w = l.map(|l| (l - far) / (near - far));
    std::array::from_fn(|c| raw.iter().zip(&w).map(|(s, w)| w * s[c]).sum())
}

fn twice_energy(compliance: &[[f64; 6]; 6], s: &Stress) -> f64 {
    (0..6).map(|i| s[i] * (0..6).map(|j| compliance[i][j] * s[j]).sum::<f64>()).sum()
}

/// How far computed and recovered stress lie apart at each node, Pa: the von Mises norm of the difference, in the mean over
/// the elements about it. `[node]`.
pub fn disagreement(mesh: &Mesh, raw: &Raw, recovered: &[Stress]) -> Vec<f64> {
    apart(mesh, raw, recovered, |s| crate::result::tensor::von_mises(*s))
}

/// The same of any values, by their `norm`.
pub fn apart<const C: usize>(
    mesh: &Mesh,
    raw: &Points<C>,
    recovered: &[[f64; C]],
    norm: impl Fn(&[f64; C]) -> f64,
) -> Vec<f64> {
    let mut sum = vec![(0.0, 0u32); mesh.points.len()];
    for (t, tet) in mesh.tets.iter().enumerate() {
        for (k, n) in tet.iter().enumerate() {
            let mut l = [0.0; 4];
            if k < 4 {
                l[k] = 1.0;
            } else {
                tet::EDGES[k - 4].iter().for_each(|i| l[*i] = 0.5);
            }
            let computed = read(&raw[t], &l);
            let off: [f64; C] = std::array::from_fn(|i| recovered[*n as usize][i] - computed[i]);
            let entry = &mut sum[*n as usize];
            entry.0 += norm(&off);
            entry.1 += 1;
        }
    }
    sum.into_iter().map(|(s, n)| if n > 0 { s / f64::from(n) } else { 0.0 }).collect()
}
