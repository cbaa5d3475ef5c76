//! Supports, prescribed motion, bonds and rigid couplings as one substitution u = T û + g.
//!
//! Every row of T is made the same way: a node moves with itself, with a weighted mean of other nodes (a bond), or with a
//! rigid reference; then the directions that are held are projected out and their values put into g:
//! `u = P (motion) + g`, `P = 1 − Σ q qᵀ` over orthonormal held directions `q`. So a support wins over a coupling, a
//! coupling over a bond, and what a support leaves free still follows. Components stay in the axes of the model, which
//! keeps K̂ = Tᵀ K T symmetric and its rigid motions known: those of the nodes, projected. A node held in one or two
//! directions keeps all its components; the held ones are decoupled by adding a multiple of `1 − P` to its diagonal block.
//! `N` is the number of components at a node: 3 for displacements, 1 for temperature.

use super::sparse::Sparse;
use super::substitution::{Origin, Transform};
use glam::DVec3;
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap};

/// Sine between two held directions below which they are meant as one, 14°, and how many times the largest displacement
/// given there what is left of the second may then have to move.
const NEARLY: f64 = 0.25;
const FAR: f64 = 3.0;
/// Sine below which a held direction counts as one already held.
const PARALLEL: f64 = 1e-6;

pub(super) type Square<const N: usize> = [[f64; N]; N];
/// A held direction and the motion along it, m (or K).
pub type Hold<const N: usize> = ([f64; N], f64);

#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ConstraintError {
    #[error("supports prescribe two different motions at node {node}")]
    Contradiction { node: u32 },
    #[error("bonds run in a circle through node {node}: every face must follow another, never itself")]
    Circle { node: u32 },
    #[error("a rigid coupling has no extent: all its nodes lie at its reference point")]
    NoExtent,
}

/// The two extra nodes of a rigid coupling, usable like any other in supports, loads and results.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reference {
    /// Motion of the reference point, m; a load on it is a force, N.
    pub translation: u32,
    /// Rotation times `length`, m; a load on it is a moment divided by `length`, N.
    pub rotation: u32,
    /// m
    pub length: f64,
}

#[derive(Clone, Debug)]
pub(super) struct Coupling {
    pub(super) point: DVec3,
    pub(super) length: f64,
}

/// What holds and joins the nodes of a mesh; [`Constraints::build`] turns it into a [`Transform`].
#[derive(Clone, Debug)]
pub struct Constraints<const N: usize> {
    n_nodes: usize,
    held: BTreeMap<u32, Vec<Hold<N>>>,
    bonds: BTreeMap<u32, Vec<(u32, f64)>>,
    rigid: BTreeMap<u32, u32>,
    couplings: Vec<Coupling>,
}

impl<const N: usize> Constraints<N> {
    pub fn new(n_nodes: usize) -> Self {
        Self { n_nodes, held: BTreeMap::new(), bonds: BTreeMap::new(), rigid: BTreeMap::new(), couplings: Vec::new() }
    }

    /// The motion of `node` along the unit vector `direction` is `value`, m (or K).
    pub fn hold(&mut self, node: u32, direction: [f64; N], value: f64) {
        self.held.entry(node).or_default().push((direction, value));
    }

    /// All components of `node` are given.
    pub fn fix(&mut self, node: u32, value: [f64; N]) {
        for c in 0..N {
            self.hold(node, std::array::from_fn(|i| f64::from(u8::from(i == c))), value[c]);
        }
    }

    /// `node` moves with the weighted sum of `masters`: the shape functions of a face at the point it is bonded to.
    pub fn bond(&mut self, node: u32, masters: &[(u32, f64)]) {
        self.bonds.insert(node, masters.to_vec());
    }

    /// Held directions of `node`.
    pub fn directions(&self, node: u32) -> &[Hold<N>] {
        self.held.get(&node).map_or(&[], Vec::as_slice)
    }

    /// Every held node with its directions.
    pub fn all_held(&self) -> impl Iterator<Item = (&u32, &Vec<Hold<N>>)> {
        self.held.iter()
    }

    /// Every bonded node with what it follows.
    pub fn bonds(&self) -> impl Iterator<Item = (&u32, &Vec<(u32, f64)>)> {
        self.bonds.iter()
    }

    /// Reference points of the couplings, m.
    pub fn references(&self) -> Vec<DVec3> {
        self.couplings.iter().map(|c| c.point).collect()
    }

    /// Lengths that make displacements of rotations, by coupling, m: [`Reference::length`].
    pub fn lengths(&self) -> Vec<f64> {
        self.couplings.iter().map(|c| c.length).collect()
    }

    /// Nodes of a coupling.
    pub fn coupled(&self, coupling: u32) -> impl Iterator<Item = u32> + '_ {
        self.rigid.iter().filter(move |r| *r.1 == coupling).map(|r| *r.0)
    }

    /// Whether `node` is given two different motions.
    pub fn is_contradictory(&self, node: u32) -> bool {
        self.projector(node).is_err()
    }

    /// Held directions as a projector and the prescribed motion.
    fn projector(&self, node: u32) -> Result<Option<(Square<N>, [f64; N])>, ConstraintError> {
        let Some(held) = self.held.get(&node) else { return Ok(None) };
        let mut basis: Vec<([f64; N], f64)> = Vec::new();
        let size = held.iter().fold(0.0f64, |m, (_, v)| m.max(v.abs()));
        for (direction, value) in held {
            let (mut d, mut v) = (*direction, *value);
            for (q, motion) in &basis {
                let along: f64 = d.iter().zip(q).map(|(a, b)| a * b).sum();
                for (d, q) in d.iter_mut().zip(q) {
                    *d -= along * q;
                }
                v -= along * motion;
            }
            let length = d.iter().map(|x| x * x).sum::<f64>().sqrt();
            // Nearly the same direction at another value, as on two faces that run into one another smoothly: taken by
            // the word, the small rest of the direction would have to move far.
            if length < NEARLY && v.abs() > FAR * length * size {
                return Err(ConstraintError::Contradiction { node });
            }
            if length > PARALLEL {
                basis.push((d.map(|x| x / length), v / length));
            } else if v.abs() > 10.0 * PARALLEL * size {
                return Err(ConstraintError::Contradiction { node });
            }
        }
        let mut p = identity::<N>();
        let mut g = [0.0; N];
        for (q, motion) in &basis {
            for i in 0..N {
                g[i] += q[i] * motion;
                for j in 0..N {
                    p[i][j] -= q[i] * q[j];
                }
            }
        }
        if basis.len() == N {
            p = [[0.0; N]; N];
        }
        Ok(Some((p, g)))
    }

    /// The substitution, for nodes at `points`.
    ///
    /// # Errors
    /// [`ConstraintError`].
    pub fn build(&self, points: &[DVec3]) -> Result<Transform<N>, ConstraintError> {
        let n_all = self.n_nodes + 2 * self.couplings.len();
        let mut projectors = HashMap::new();
        for node in self.held.keys() {
            if let Some(p) = self.projector(*node)? {
                projectors.insert(*node, p);
            }
        }
        let free = |n: u32| {
            let follows = self.bonds.contains_key(&n) || self.rigid.contains_key(&n);
            !follows && projectors.get(&n).is_none_or(|(p, _)| *p != [[0.0; N]; N])
        };
        let mut order: Vec<u32> = (0..self.n_nodes as u32).filter(|n| free(*n)).collect();
        let keys = curve(&points[..self.n_nodes]);
        order.sort_unstable_by_key(|n| (keys[*n as usize], *n));
        order.extend((self.n_nodes as u32..n_all as u32).filter(|n| free(*n)));
        let mut reduced = vec![u32::MAX; n_all];
        for (r, n) in order.iter().enumerate() {
            reduced[*n as usize] = r as u32;
        }
        let mut rows = Rows { this: self, points, projectors: &projectors, reduced: &reduced, made: HashMap::new() };
        for node in self.bonds.keys().chain(self.rigid.keys()) {
            rows.make(*node)?;
        }
        let made = rows.made;
        let row = |n: u32| -> (Vec<(u32, Square<N>)>, [f64; N]) {
            if let Some(Some(row)) = made.get(&n) {
                return row.clone();
            }
            let (p, g) = projectors.get(&n).copied().unwrap_or((identity(), [0.0; N]));
            let r = reduced[n as usize];
            (if r == u32::MAX { Vec::new() } else { vec![(r, p)] }, g)
        };
        let matrix = Sparse::by_rows(n_all, order.len(), || (), |(), n, entries| entries.extend(row(n as u32).0));
        let offset = (0..n_all as u32).flat_map(|n| row(n).1).collect();
        let held = projectors.iter().filter(|(n, _)| reduced[**n as usize] != u32::MAX).map(|(n, (p, _))| {
            let unit = identity::<N>();
            (reduced[*n as usize], std::array::from_fn(|i| std::array::from_fn(|j| unit[i][j] - p[i][j])))
        });
        let mut held: Vec<(u32, Square<N>)> = held.collect();
        held.sort_unstable_by_key(|h| h.0);
        let origin = order
            .iter()
            .map(|n| match n.checked_sub(self.n_nodes as u32) {
                None => Origin::Node(*n),
                Some(k) if k % 2 == 0 => Origin::Translation(k / 2),
                Some(k) => Origin::Rotation(k / 2),
            })
            .collect();
        Ok(Transform {
            transposed: matrix.transposed(),
            matrix,
            offset,
            held,
            origin,
            couplings: self.couplings.clone(),
        })
    }
}

impl Constraints<3> {
    /// `nodes` move as one rigid body with a new reference at `point` (Abaqus' kinematic coupling, Nastran's RBE2).
    ///
    /// # Errors
    /// [`ConstraintError::NoExtent`].
    pub fn couple(&mut self, point: DVec3, nodes: &[u32], points: &[DVec3]) -> Result<Reference, ConstraintError> {
        let length = nodes.iter().map(|n| points[*n as usize].distance(point)).fold(0.0, f64::max);
        if !(length > 0.0) {
            return Err(ConstraintError::NoExtent);
        }
        let k = self.couplings.len() as u32;
        self.couplings.push(Coupling { point, length });
        self.rigid.extend(nodes.iter().map(|n| (*n, k)));
        let translation = self.n_nodes as u32 + 2 * k;
        Ok(Reference { translation, rotation: translation + 1, length })
    }
}

/// Makes the rows of nodes that follow others.
struct Rows<'a, const N: usize> {
    this: &'a Constraints<N>,
    points: &'a [DVec3],
    projectors: &'a HashMap<u32, (Square<N>, [f64; N])>,
    reduced: &'a [u32],
    /// `None` while a row is being made.
    made: HashMap<u32, Option<(Vec<(u32, Square<N>)>, [f64; N])>>,
}

impl<const N: usize> Rows<'_, N> {
    fn make(&mut self, node: u32) -> Result<(Vec<(u32, Square<N>)>, [f64; N]), ConstraintError> {
        match self.made.get(&node) {
            Some(Some(row)) => return Ok(row.clone()),
            Some(None) => return Err(ConstraintError::Circle { node }),
            None => {}
        }
        let r = self.reduced[node as usize];
        let own = self.projectors.get(&node).copied();
        let follows: Vec<(u32, Square<N>)> = if let Some(k) = self.this.rigid.get(&node) {
            let coupling = &self.this.couplings[*k as usize];
            let d = (self.points[node as usize] - coupling.point) / coupling.length;
            // u = t + θ × d; rows of −[d]×.
            let turn = [[0.0, d.z, -d.y], [-d.z, 0.0, d.x], [d.y, -d.x, 0.0]];
            let reference = self.this.n_nodes as u32 + 2 * k;
            vec![(reference, identity()), (reference + 1, std::array::from_fn(|i| std::array::from_fn(|j| turn[i][j])))]
        } else if let Some(masters) = self.this.bonds.get(&node) {
            masters.iter().map(|(m, w)| (*m, identity::<N>().map(|r| r.map(|x| x * w)))).collect()
        } else {
            let (p, g) = own.unwrap_or((identity(), [0.0; N]));
            return Ok((if r == u32::MAX { Vec::new() } else { vec![(r, p)] }, g));
        };
        self.made.insert(node, None);
        let mut row: BTreeMap<u32, Square<N>> = BTreeMap::new();
        let mut g = [0.0; N];
        for (other, weight) in follows {
            let (entries, offset) = self.make(other)?;
            for (r, block) in entries {
                let add = multiply(&weight, &block);
                let sum = row.entry(r).or_insert([[0.0; N]; N]);
                for i in 0..N {
                    for j in 0..N {
                        sum[i][j] += add[i][j];
                    }
                }
            }
            for i in 0..N {
                g[i] += (0..N).map(|j| weight[i][j] * offset[j]).sum::<f64>();
            }
        }
        let mut row: Vec<(u32, Square<N>)> = row.into_iter().collect();
        if let Some((p, given)) = own {
            for (_, block) in &mut row {
                *block = multiply(&p, block);
            }
            row.retain(|(_, block)| block.iter().flatten().any(|x| *x != 0.0));
            g = std::array::from_fn(|i| given[i] + (0..N).map(|j| p[i][j] * g[j]).sum::<f64>());
        }
        self.made.insert(node, Some((row.clone(), g)));
        Ok((row, g))
    }
}

pub(crate) fn identity<const N: usize>() -> Square<N> {
    std::array::from_fn(|i| std::array::from_fn(|j| f64::from(u8::from(i == j))))
}

pub(super) fn multiply<const N: usize>(a: &Square<N>, b: &Square<N>) -> Square<N> {
    std::array::from_fn(|i| std::array::from_fn(|j| (0..N).map(|k| a[i][k] * b[k][j]).sum()))
}

/// Places of points along a Z-order curve (Morton 1966) through their box.
fn curve(points: &[DVec3]) -> Vec<u64> {
    let (low, high) = points.iter().fold((DVec3::INFINITY, DVec3::NEG_INFINITY), |(l, h), p| (l.min(*p), h.max(*p)));
    let scale = f64::from((1u32 << 21) - 1) / (high - low).max_element().max(f64::MIN_POSITIVE);
    let spread = |x: f64| {
        let mut v = x as u64 & 0x1f_ffff;
        for (shift, mask) in [
            (32, 0x001f_0000_0000_ffff),
            (16, 0x001f_0000_ff00_00ff),
            (8, 0x100f_00f0_0f00_f00f),
            (4, 0x10c3_0c30_c30c_30c3),
            (2, 0x1249_2492_4924_9249),
        ] {
            v = (v | v << shift) & mask;
        }
        v
    };
    points
        .par_iter()
        .map(|p| {
            let q = (*p - low) * scale;
            spread(q.x) | spread(q.y) << 1 | spread(q.z) << 2
        })
        .collect()
}

/// Nodal forces on `nodes` that have together the given `force`, N, and `moment` about `reference`, N m: Abaqus'
/// distributing coupling, Nastran's RBE3 (least squares, with `weights`).
///
/// Each node takes its share of the force, and the moment about the weighted centre by forces that grow with the distance
/// from it: fᵢ = wᵢ (F + (J⁻¹ M) × rᵢ).
pub fn distribute(
    reference: DVec3,
    force: DVec3,
    moment: DVec3,
    points: &[DVec3],
    weights: &[f64],
) -> Result<Vec<DVec3>, ConstraintError> {
    let total: f64 = weights.iter().sum();
    let centre: DVec3 = points.iter().zip(weights).map(|(p, w)| *p * *w).sum::<DVec3>() / total;
    let moment = moment + (reference - centre).cross(force);
    let mut inertia = glam::DMat3::ZERO;
    for (p, w) in points.iter().zip(weights) {
        let r = *p - centre;
        let outer = glam::DMat3::from_cols(r * r.x, r * r.y, r * r.z);
        inertia += (glam::DMat3::from_diagonal(DVec3::splat(r.length_squared())) - outer) * *w;
    }
    let size = inertia.x_axis.x + inertia.y_axis.y + inertia.z_axis.z;
    let spin = if moment == DVec3::ZERO {
        DVec3::ZERO
    } else if inertia.determinant() > 1e-12 * size.powi(3) {
        inertia.inverse() * moment
    } else {
        return Err(ConstraintError::NoExtent);
    };
    Ok(points.iter().zip(weights).map(|(p, w)| (force / total + spin.cross(*p - centre)) * *w).collect())
}
