//! Heat in fitted tetrahedra: conduction, storage and what passes through faces, `ρ c Ṫ = ∇·(K ∇T) + q`.
//!
//! Temperatures are absolute, K. With the shape functions `N`, heat balances at every node: `C Ṫ + K T + R(T) = F`, where
//! `K` holds conduction and films, `C` what the bodies store, `F` sources, flows and surroundings, and `R` radiation, whose
//! tangent is that of a film of `4 ε σ T³`. Conductivity and capacity may depend on temperature: `K(T)` and `C(T)` are then
//! made anew at each step of the iteration, without their own derivatives, which keeps the matrix symmetric. Given temperatures and bonds are one substitution, `T = M x + Σ v g`: unknowns
//! `x`, given values `v`.

mod conductivity;
mod vary;

pub use self::conductivity::Conductivity;
use self::vary::between;
use super::recover::Points;
use super::{FittedError, Mesh};
use crate::element::tet::{FOUR_POINTS, Inverted, face, gradients, matrix};
use crate::linear::constraint::Constraints;
use crate::linear::pcg;
use crate::linear::substitution::Transform;
use crate::linear::vector::{axpby, axpy, dot, norm};
use crate::linear::{Amg, Connectivity, Sparse, system};
use crate::quantity::Curve;
use glam::DVec3;
use rayon::prelude::*;
use std::sync::atomic::AtomicBool;

/// W/(m² K⁴), CODATA 2018.
pub const STEFAN_BOLTZMANN: f64 = 5.670_374_419e-8;

/// Newton steps, and halvings of one. Materials that depend on temperature converge linearly.
const NEWTON_MAX: usize = 60;
const PICARD_MAX: usize = 150;
const HALVINGS_MAX: usize = 20;
/// Relative residual of the linear solves within Newton's method, where there is radiation.
const FORCING: f64 = 1e-3;
/// Elsewhere no smaller than this: further digits are rounding.
const SHARE_MIN: f64 = 1e-12;
const ITERATIONS_MAX: u32 = 3000;
/// A preconditioner made for another step is kept while the share of storage is within this factor of its own, and while
/// it needs no more than so many iterations.
const STALE: f64 = 3.0;
const ITERATIONS_STALE: u32 = 25;

/// How heat passes through facets, by what is given for them: see [`Moment::exchanges`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Law {
    /// A flow per area.
    Flux,
    /// A film of this coefficient, W/(m² K), to surroundings.
    Film(f64),
    /// Radiation with this emissivity to black surroundings.
    Radiation(f64),
}

/// Facets, by index into [`Mesh::facets`], that share a law.
#[derive(Clone, Debug, PartialEq)]
pub struct Exchange {
    pub facets: Vec<usize>,
    pub law: Law,
}

/// What is given at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Moment {
    /// Temperature of each kept group of nodes, K.
    pub kept: Vec<f64>,
    /// By exchange: heat flux into the body, W/m², or the temperature of the surroundings, K.
    pub exchanges: Vec<f64>,
    /// By part, W/m³.
    pub sources: Vec<f64>,
}

impl Moment {
    /// Lowest and highest temperature that is given; infinite ones where none is.
    pub(in crate::fitted) fn range(&self, laws: &[Exchange]) -> (f64, f64) {
        let around = self.exchanges.iter().zip(laws).filter(|(_, e)| e.law != Law::Flux).map(|(t, _)| t);
        self.kept.iter().chain(around).fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), t| (l.min(*t), h.max(*t)))
    }
}

/// What the bodies are made of, by part.
#[derive(Clone, Debug, PartialEq)]
pub struct Matter {
    pub conductivity: Conductivity,
    /// ρ c, J/(m³ K), over the temperature, K.
    pub capacity: Curve,
}

impl Matter {
    fn varies(&self) -> bool {
        !(self.conductivity.is_constant() && self.capacity.is_constant())
    }
}

/// A matrix over all nodes and over the unknowns.
struct Both {
    full: Sparse<f64, 1, 1>,
    reduced: Sparse<f64, 1, 1>,
}

/// A mesh with what it is made of and how heat enters and leaves, assembled.
pub struct Conduction<'a> {
    pub mesh: &'a Mesh,
    pub exchanges: Vec<Exchange>,
    transform: Transform<1>,
    /// `[kept]`: temperatures at all nodes for 1 K at the group and 0 at the others and the unknowns.
    offsets: Vec<Vec<f64>>,
    /// `[exchange]`: ∫ N dA, m², by node.
    shares: Vec<Vec<(u32, f64)>>,
    /// ∫ N dV of the node's own part, m³.
    volumes: Vec<f64>,
    conduct: Both,
    store: Option<Both>,
    /// Radiating facets: index into the mesh's, emissivity, exchange.
    radiating: Vec<(usize, f64, usize)>,
    radiating_nodes: [Connectivity; 2],
    matter: Vec<Matter>,
    /// Elements of parts whose matter depends on temperature: `conduct` and `store` leave them out.
    varying: Vec<usize>,
    varying_nodes: [Connectivity; 2],
    middles: Vec<(u32, [u32; 2])>,
}

/// What one step leaves to the next: steps of one length share their matrix, nearly equal ones the preconditioner.
#[derive(Default)]
pub struct Precondition {
    /// The preconditioner, and the `s` it was made for.
    made: Option<(Amg, f64)>,
    last: u32,
    /// `K + s C`, and its `s`.
    combined: Option<(f64, Sparse<f64, 1, 1>)>,
}

/// Heat into the bodies, W.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Flows {
    /// Through each kept group.
    pub kept: Vec<f64>,
    /// Through each exchange.
    pub exchanges: Vec<f64>,
    /// Made in each part.
    pub sources: Vec<f64>,
    /// Stored per time.
    pub stored: f64,
}

impl Flows {
    pub fn all(&self) -> impl Iterator<Item = f64> + '_ {
        self.kept.iter().chain(&self.exchanges).chain(&self.sources).copied()
    }

    /// What comes in less what goes out and is stored, over what passes.
    pub fn imbalance(&self) -> f64 {
        let passed = 0.5 * (self.all().map(f64::abs).sum::<f64>() + self.stored.abs());
        let off = (self.all().sum::<f64>() - self.stored).abs();
        if passed > 0.0 { off / passed } else { 0.0 }
    }
}

impl<'a> Conduction<'a> {
    /// `bonds` holds nothing but bonds; `kept` are groups of nodes with a temperature each, without a node in common, none
    /// of them bonded. With `stores` the bodies store heat.
    ///
    /// # Errors
    /// [`FittedError`].
    pub fn new(
        mesh: &'a Mesh,
        matter: &[Matter],
        bonds: &Constraints<1>,
        kept: &[Vec<u32>],
        exchanges: Vec<Exchange>,
        stores: bool,
    ) -> Result<Self, FittedError> {
        let mut held = bonds.clone();
        kept.iter().flatten().for_each(|n| held.fix(*n, [0.0]));
        let transform = held.build(&mesh.points)?;
        let any_bond = bonds.bonds().next().is_some();
        let mut offsets = Vec::new();
        for group in kept {
            if any_bond {
                let mut one = bonds.clone();
                kept.iter().filter(|k| *k != group).flatten().for_each(|n| one.fix(*n, [0.0]));
                group.iter().for_each(|n| one.fix(*n, [1.0]));
                offsets.push(one.build(&mesh.points)?.offset);
            } else {
                let mut offset = vec![0.0; mesh.points.len()];
                group.iter().for_each(|n| offset[*n as usize] = 1.0);
                offsets.push(offset);
            }
        }
        let shares = exchanges.iter().map(|e| shares(mesh, &e.facets)).collect();
        let films: Vec<(usize, f64)> = exchanges
            .iter()
            .filter_map(|e| if let Law::Film(h) = e.law { Some(e.facets.iter().map(move |f| (*f, h))) } else { None })
            .flatten()
            .collect();
        let n_tets = mesh.tets.len();
        let mut elements = Connectivity::new(mesh.tets.iter().map(|c| &c[..]));
        films.iter().for_each(|(f, _)| elements.push(&mesh.facets[*f].nodes));
        let conduct = both(&transform, &elements, |e, out| {
            if let Some((f, h)) = e.checked_sub(n_tets).map(|k| films[k]) {
                let k = face::matrix(&mesh.facet(&mesh.facets[f]), h);
                out[..36].copy_from_slice(k.as_flattened());
                return Ok(());
            }
            let own = &matter[mesh.part_of(e)];
            if own.varies() {
                out[..100].fill(0.0);
                return Ok(());
            }
            matrix::gradient_matrix(&mesh.nodes(e), &[own.conductivity.tensor(0.0)], out)
        })?;
        let store = if stores {
            // The films' facets stay in the pattern, so that both matrices add up entry by entry.
            Some(both(&transform, &elements, |e, out| {
                if e >= n_tets {
                    out[..36].fill(0.0);
                    return Ok(());
                }
                let own = &matter[mesh.part_of(e)];
                if own.varies() {
                    out[..100].fill(0.0);
                    return Ok(());
                }
                matrix::mass(&mesh.nodes(e), own.capacity.at(0.0), out)
            })?)
        } else {
            None
        };
        let radiating: Vec<(usize, f64, usize)> = exchanges
            .iter()
            .enumerate()
            .filter_map(|(k, e)| {
                if let Law::Radiation(b) = e.law { Some(e.facets.iter().map(move |f| (*f, b, k))) } else { None }
            })
            .flatten()
            .collect();
        let own = Connectivity::new(radiating.iter().map(|(f, ..)| &mesh.facets[*f].nodes[..]));
        let reduced = transform.reduced_connectivity(&own);
        let varying: Vec<usize> = (0..n_tets).filter(|t| matter[mesh.part_of(*t)].varies()).collect();
        let vary = Connectivity::new(varying.iter().map(|t| &mesh.tets[*t][..]));
        let vary_reduced = transform.reduced_connectivity(&vary);
        let mut volumes = vec![0.0; mesh.points.len()];
        for t in 0..n_tets {
            let share = matrix::body_force(&mesh.nodes(t), |_| DVec3::X)?;
            for (n, s) in mesh.tets[t].iter().zip(share) {
                volumes[*n as usize] += s.x;
            }
        }
        Ok(Self {
            mesh,
            exchanges,
            transform,
            offsets,
            shares,
            volumes,
            conduct,
            store,
            radiating,
            radiating_nodes: [own, reduced],
            matter: matter.to_vec(),
            varying,
            varying_nodes: [vary, vary_reduced],
            middles: mesh.middles(),
        })
    }

    pub fn n_unknowns(&self) -> usize {
        self.transform.n_reduced()
    }

    /// Area of an exchange's facets, m².
    pub fn area(&self, exchange: usize) -> f64 {
        self.shares[exchange].iter().map(|s| s.1).sum()
    }

    /// Volume of a part, m³.
    pub fn volume(&self, part: usize) -> f64 {
        self.volumes[self.mesh.parts[part].nodes.clone()].iter().sum()
    }

    /// Temperatures at all nodes from the unknowns.
    pub fn expand(&self, x: &[f64], moment: &Moment) -> Vec<f64> {
        let mut t = vec![0.0; self.mesh.points.len()];
        self.transform.expand_linear(x, &mut t);
        for (g, v) in self.offsets.iter().zip(&moment.kept) {
            axpy(*v, g, &mut t);
        }
        t
    }

    /// The unknowns among temperatures at all nodes.
    pub fn unknowns(&self, t: &[f64]) -> Vec<f64> {
        let own = |r: usize| self.transform.mesh_node(r).map_or(0.0, |n| t[n as usize]);
        (0..self.n_unknowns()).map(own).collect()
    }

    /// F: sources, flows and what films bring from the surroundings, W by node.
    fn load(&self, moment: &Moment) -> Vec<f64> {
        let mut f = vec![0.0; self.mesh.points.len()];
        for (part, q) in self.mesh.parts.iter().zip(&moment.sources) {
            axpy(*q, &self.volumes[part.nodes.clone()], &mut f[part.nodes.clone()]);
        }
        for ((e, shares), value) in self.exchanges.iter().zip(&self.shares).zip(&moment.exchanges) {
            let size = match e.law {
                Law::Flux => *value,
                Law::Film(h) => h * value,
                Law::Radiation(_) => continue,
            };
            shares.iter().for_each(|(n, s)| f[*n as usize] += size * s);
        }
        f
    }

    /// Heat radiated by the nodes of each radiating facet, W.
    fn radiated(&self, t: &[f64], moment: &Moment) -> Vec<[f64; 6]> {
        self.radiating
            .par_iter()
            .map(|(f, emissivity, exchange)| {
                let facet = &self.mesh.facets[*f];
                let nodal = facet.nodes.map(|n| t[n as usize]);
                let around = moment.exchanges[*exchange].powi(4);
                let mut out = [0.0; 6];
                face::integrate(&self.mesh.facet(facet), |n: &[f64; 6], _, area| {
                    let t: f64 = n.iter().zip(&nodal).map(|(n, t)| n * t).sum();
                    let flow = emissivity * STEFAN_BOLTZMANN * (t.powi(4) - around) * area.length();
                    for (o, n) in out.iter_mut().zip(n) {
                        *o += flow * n;
                    }
                });
                out
            })
            .collect()
    }

    /// F − K T − R(T), W by node; what `C Ṫ` must be.
    fn unbalanced(&self, t: &[f64], moment: &Moment) -> Vec<f64> {
        let mut r = self.load(moment);
        self.conduct.full.apply(-1.0, t, 1.0, &mut r);
        self.conduct_varying(t, &mut r);
        for ((f, ..), flow) in self.radiating.iter().zip(self.radiated(t, moment)) {
            for (n, q) in self.mesh.facets[*f].nodes.iter().zip(flow) {
                r[*n as usize] -= q;
            }
        }
        r
    }

    /// Heat through every boundary at temperatures `t` that change by `rate`, K/s, where they change.
    pub fn flows(&self, t: &[f64], rate: Option<&[f64]>, moment: &Moment) -> Flows {
        let mut r = self.unbalanced(t, moment);
        let mut stored = 0.0;
        if let (Some(rate), true) = (rate, self.store.is_some()) {
            let c = self.storing(t, rate);
            stored = c.iter().sum();
            axpy(-1.0, &c, &mut r);
        }
        let mut radiated = vec![0.0; self.exchanges.len()];
        for ((.., k), flow) in self.radiating.iter().zip(self.radiated(t, moment)) {
            radiated[*k] += flow.iter().sum::<f64>();
        }
        let through = |k: usize| match self.exchanges[k].law {
            Law::Flux => moment.exchanges[k] * self.area(k),
            Law::Film(h) => {
                self.shares[k].iter().map(|(n, s)| h * s * (moment.exchanges[k] - t[*n as usize])).sum::<f64>()
            }
            Law::Radiation(_) => -radiated[k],
        };
        Flows {
            kept: self.offsets.iter().map(|g| -dot(g, &r)).collect(),
            exchanges: (0..self.exchanges.len()).map(through).collect(),
            sources: moment.sources.iter().enumerate().map(|(p, q)| q * self.volume(p)).collect(),
            stored,
        }
    }

    /// The steady temperatures at all nodes, K, and the iterations they took. `monitor(iteration, residual)` stops the
    /// solve by returning `false`.
    ///
    /// # Errors
    /// [`FittedError`]; [`FittedError::Loose`] where nothing fixes the temperature.
    pub fn steady(
        &self,
        moment: &Moment,
        tolerance: f64,
        cancel: &AtomicBool,
        monitor: impl FnMut(u32, f64) -> bool,
    ) -> Result<(Vec<f64>, u32), FittedError> {
        let (low, high) = moment.range(&self.exchanges);
        let start = if high >= low { 0.5 * (low + high) } else { 0.0 };
        let mut x = vec![start; self.n_unknowns()];
        let iterations = self.solve(moment, None, &mut x, tolerance, &mut Precondition::default(), cancel, monitor)?;
        Ok((self.expand(&x, moment), iterations))
    }

    /// Improves `x` until `F − K T − R(T) + C (p − s T)` is the share `tolerance` of what it was at the start; `stored`
    /// gives `s`, 1/s, and `p`, K/s. Returns the iterations taken.
    ///
    /// # Errors
    /// [`FittedError`].
    pub(super) fn solve(
        &self,
        moment: &Moment,
        stored: Option<(f64, &[f64])>,
        x: &mut [f64],
        tolerance: f64,
        precondition: &mut Precondition,
        cancel: &AtomicBool,
        mut monitor: impl FnMut(u32, f64) -> bool,
    ) -> Result<u32, FittedError> {
        if self.n_unknowns() == 0 {
            return Ok(0);
        }
        let residual = |x: &[f64]| {
            let t = self.expand(x, moment);
            let mut r = self.unbalanced(&t, moment);
            if let Some((s, p)) = stored {
                let mut rate = p.to_vec();
                axpy(-s, &t, &mut rate);
                axpy(1.0, &self.storing(&t, &rate), &mut r);
            }
            let mut reduced = vec![0.0; x.len()];
            self.transform.reduce(&r, &mut reduced);
            (reduced, t)
        };
        let shift = stored.map_or(0.0, |s| s.0);
        let linear = self.radiating.is_empty() && self.varying.is_empty();
        let Precondition { made, last, combined } = precondition;
        let base = if let (Some((s, _)), Some(store)) = (stored, &self.store) {
            if combined.as_ref().is_some_and(|(of, _)| *of != s) {
                *combined = None;
            }
            let sum = combined.get_or_insert_with(|| {
                let mut sum = self.conduct.reduced.clone();
                axpy(
                    s,
                    store.reduced.value.as_flattened().as_flattened(),
                    sum.value.as_flattened_mut().as_flattened_mut(),
                );
                (s, sum)
            });
            &sum.1
        } else {
            &self.conduct.reduced
        };
        let (mut r, mut t) = residual(x);
        // Below this the residual is the rounding of terms that cancel.
        let largest = x.iter().fold(0.0f64, |m, x| m.max(x.abs()));
        let tangent_at = |t: &[f64]| {
            let mut sum = base.clone();
            self.add_tangent(t, &mut sum);
            self.add_varying(t, shift, &mut sum).map(|()| sum)
        };
        let mut tangent = if linear { None } else { Some(tangent_at(&t)?) };
        let diagonal = tangent.as_ref().unwrap_or(base).diagonal().iter().map(|d| d[0][0].powi(2)).sum::<f64>().sqrt();
        let rounding = 1e-14 * largest * diagonal;
        let first = norm(&r);
        let goal = (tolerance * first).max(rounding);
        let mut iterations = 0;
        for step in 0..if self.varying.is_empty() { NEWTON_MAX } else { PICARD_MAX } {
            let size = norm(&r);
            if size <= goal {
                return Ok(iterations);
            }
            if step > 0 && !linear {
                tangent = Some(tangent_at(&t)?);
            }
            let matrix = tangent.as_ref().unwrap_or(base);
            let known = made.as_ref().filter(|(_, of)| {
                let ratio = if shift > 0.0 { of / shift } else { 1.0 };
                *last <= ITERATIONS_STALE && (1.0 / STALE..=STALE).contains(&ratio)
            });
            if known.is_none() {
                *made = Some((Amg::heat(matrix, &self.transform, &self.middles)?, shift));
            }
            let Some((amg, _)) = &*made else { unreachable!("made just now") };
            let mut step = vec![vec![0.0; r.len()]];
            let share = (goal / size).clamp(if linear { SHARE_MIN } else { FORCING }, 0.5);
            let done = pcg::solve(
                matrix,
                amg,
                std::slice::from_ref(&r),
                &mut step,
                share,
                ITERATIONS_MAX,
                cancel,
                |i, residual| monitor(iterations + i, residual * size / first),
            )
            .map_err(|e| super::describe(self.mesh, &self.transform, e))?;
            *last = done.iterations;
            iterations += done.iterations;
            let from = x.to_vec();
            let mut length = 1.0;
            for halving in 0.. {
                axpby(1.0, &from, 0.0, x);
                axpy(length, &step[0], x);
                (r, t) = residual(x);
                // Radiation turns on below absolute zero, and far above the answer it outruns its tangent.
                if linear || halving == HALVINGS_MAX || (norm(&r) < size && t.iter().all(|t| *t >= 0.0)) {
                    break;
                }
                length *= 0.5;
            }
        }
        let residual = norm(&r) / first;
        if residual <= tolerance.max(1e-7) {
            return Ok(iterations);
        }
        Err(FittedError::Unsettled { residual })
    }

    /// Adds the tangent of radiation at temperatures `t`, W/K.
    fn add_tangent(&self, t: &[f64], k: &mut Sparse<f64, 1, 1>) {
        let [own, reduced] = &self.radiating_nodes;
        let element = |e: usize, out: &mut [f64]| -> Result<(), std::convert::Infallible> {
            let (f, emissivity, _) = self.radiating[e];
            let facet = &self.mesh.facets[f];
            let nodal = facet.nodes.map(|n| t[n as usize]);
            let mut k = [[0.0; 6]; 6];
            face::integrate(&self.mesh.facet(facet), |n: &[f64; 6], _, area| {
                let t: f64 = n.iter().zip(&nodal).map(|(n, t)| n * t).sum();
                let film = 4.0 * emissivity * STEFAN_BOLTZMANN * t.max(0.0).powi(3) * area.length();
                for a in 0..6 {
                    for b in 0..6 {
                        k[a][b] += film * n[a] * n[b];
                    }
                }
            });
            out[..36].copy_from_slice(k.as_flattened());
            Ok(())
        };
        let Ok(()) = system::assemble(&self.transform, own, reduced, element, k);
    }
}

/// Heat flux −K ∇T at the integration points, W/m².
///
/// # Errors
/// [`Inverted`].
pub fn flux(mesh: &Mesh, matter: &[Matter], t: &[f64]) -> Result<Points<3>, Inverted> {
    (0..mesh.tets.len())
        .into_par_iter()
        .map(|e| {
            let x = mesh.nodes(e);
            let k = &matter[mesh.part_of(e)].conductivity;
            let nodal = mesh.tets[e].map(|n| t[n as usize]);
            let mut out = [[0.0; 3]; 4];
            for (out, point) in out.iter_mut().zip(&FOUR_POINTS) {
                let (g, _) = gradients(&x, &point.at)?;
                let slope: DVec3 = g.iter().zip(&nodal).map(|(g, t)| *g * *t).sum();
                *out = k.flow(between(&point.at, &nodal), slope, -1.0).to_array();
            }
            Ok(out)
        })
        .collect()
}

fn shares(mesh: &Mesh, facets: &[usize]) -> Vec<(u32, f64)> {
    let mut out = Vec::new();
    for f in facets {
        let facet = &mesh.facets[*f];
        let mut share = [0.0; 6];
        face::integrate(&mesh.facet(facet), |n: &[f64; 6], _, area| {
            for (s, n) in share.iter_mut().zip(n) {
                *s += n * area.length();
            }
        });
        out.extend(facet.nodes.into_iter().zip(share));
    }
    out
}

fn both(
    transform: &Transform<1>,
    elements: &Connectivity,
    matrix: impl Fn(usize, &mut [f64]) -> Result<(), Inverted> + Sync,
) -> Result<Both, Inverted> {
    let mut full = Sparse::pattern(transform.n_nodes(), elements);
    full.assemble(elements, &matrix)?;
    let joined = transform.reduced_connectivity(elements);
    let mut reduced = Sparse::pattern(transform.n_reduced(), &joined);
    system::assemble(transform, elements, &joined, &matrix, &mut reduced)?;
    Ok(Both { full, reduced })
}
