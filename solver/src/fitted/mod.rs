//! Bodies as ten-node tetrahedra that follow their surface: what every verified study stands on.
//!
//! [`Mesh`] joins the parts of a set-up in one numbering; [`facet`] integrates over faces, [`hold`] turns supports and
//! touching bodies into constraints, [`recover`] smooths stresses and estimates their error, [`adapt`] says where the
//! next mesh must be finer, [`peak`] follows the largest stresses over the meshes and tells which have no finite value,
//! [`modes`] finds how a body vibrates and buckles, [`deck`] writes a problem down for other programs.

pub mod adapt;
pub mod bolt;
pub mod deck;
pub mod expansion;
pub mod facet;
pub mod heat;
pub mod hold;
pub mod ladder;
pub mod march;
pub mod material;
pub mod modes;
pub mod peak;
pub mod recover;
pub mod skin;

use crate::element::tet::{EDGES, Inverted, face, matrix};
use crate::linear::constraint::{ConstraintError, Constraints};
use crate::linear::pcg::{self, PcgError};
use crate::linear::substitution::Transform;
use crate::linear::{Amg, Connectivity, System, banded::Singular};
use crate::mesh::tet::{Quality, TetMesh};
use glam::DVec3;
use material::Materials;
use std::ops::Range;
use std::sync::atomic::AtomicBool;

/// A facet of an element on the surface of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facet {
    /// Corners turning outwards, then the middles of 12, 23 and 31.
    pub nodes: [u32; 6],
    pub part: u32,
    /// Index into the faces of the body's surface.
    pub face: u32,
    /// The element behind it.
    pub tet: u32,
}

/// One part's share of the numbering.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    pub nodes: Range<usize>,
    pub tets: Range<usize>,
    pub facets: Range<usize>,
    pub quality: Quality,
}

/// Meshes of all parts of a set-up, one after the other. World, m.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mesh {
    pub points: Vec<DVec3>,
    pub tets: Vec<[u32; 10]>,
    pub facets: Vec<Facet>,
    pub parts: Vec<Span>,
}

impl Mesh {
    /// Joins the meshes of the parts, in their order.
    pub fn join(meshes: Vec<TetMesh>) -> Self {
        let mut out = Self::default();
        for (part, mesh) in meshes.into_iter().enumerate() {
            let (n, t, f) = (out.points.len(), out.tets.len(), out.facets.len());
            let (node, tet) = (n as u32, t as u32);
            out.points.extend(mesh.points.iter().map(|p| DVec3::from(*p)));
            out.tets.extend(mesh.tets.iter().map(|c| c.map(|i| i + node)));
            out.facets.extend(mesh.boundary.iter().map(|b| Facet {
                nodes: b.nodes.map(|i| i + node),
                part: part as u32,
                face: b.face,
                tet: b.tet + tet,
            }));
            out.parts.push(Span {
                nodes: n..out.points.len(),
                tets: t..out.tets.len(),
                facets: f..out.facets.len(),
                quality: mesh.quality,
            });
        }
        out
    }

    /// Positions of an element's nodes, m.
    pub fn nodes(&self, tet: usize) -> [DVec3; 10] {
        self.tets[tet].map(|i| self.points[i as usize])
    }

    /// Positions of a facet's nodes, m.
    pub fn facet(&self, facet: &Facet) -> [DVec3; 6] {
        facet.nodes.map(|i| self.points[i as usize])
    }

    /// What the flattest elements are, where some lie below the angle that is asked of all
    /// ([`crate::mesh::tet::quality::DIHEDRAL_BAD`]).
    pub fn flat(&self) -> Option<Flat> {
        let angle = |q: &Quality| q.dihedral_min.min(std::f64::consts::PI - q.dihedral_max);
        let worst =
            |(part, span): (usize, &Span)| span.quality.bad.first().map(|tet| (part, angle(&span.quality), *tet));
        let (part, angle, tet) = self.parts.iter().enumerate().filter_map(worst).min_by(|a, b| a.1.total_cmp(&b.1))?;
        let corners = self.nodes(self.parts[part].tets.start + tet as usize);
        Some(Flat {
            n: self.parts.iter().map(|s| s.quality.bad.len()).sum(),
            part,
            angle,
            at: (corners[..4].iter().sum::<DVec3>() / 4.0).to_array(),
        })
    }

    pub fn part_of(&self, tet: usize) -> usize {
        self.parts.partition_point(|p| p.tets.end <= tet)
    }

    /// Mean edge length of an element between its corners, m.
    pub fn size(&self, tet: usize) -> f64 {
        let x = self.nodes(tet);
        EDGES.iter().map(|[i, j]| x[*i].distance(x[*j])).sum::<f64>() / 6.0
    }

    /// Middle nodes with the two ends of their sides, ascending.
    pub fn middles(&self) -> Vec<(u32, [u32; 2])> {
        let mut out: Vec<_> =
            self.tets.iter().flat_map(|c| EDGES.iter().enumerate().map(|(m, e)| (c[4 + m], e.map(|i| c[i])))).collect();
        out.sort_unstable();
        out.dedup_by_key(|m| m.0);
        out
    }

    /// Volume of a part's curved elements, m³.
    ///
    /// # Errors
    /// [`Inverted`].
    pub fn volume(&self, part: usize) -> Result<f64, Inverted> {
        self.parts[part].tets.clone().map(|t| crate::element::tet::volume(&self.nodes(t))).sum()
    }
}

/// Elements that are flatter than they should be.
#[derive(Clone, Debug, PartialEq)]
pub struct Flat {
    pub n: usize,
    /// The part with the flattest of them.
    pub part: usize,
    /// Its smallest dihedral angle, or what its largest lacks to 180°, rad.
    pub angle: f64,
    /// Its centre, m.
    pub at: [f64; 3],
}

/// Smallest and largest coordinates.
pub fn bounds(points: &[DVec3]) -> (DVec3, DVec3) {
    points.iter().fold((DVec3::INFINITY, DVec3::NEG_INFINITY), |(lo, hi), p| (lo.min(*p), hi.max(*p)))
}

/// Why a problem has no solution.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum FittedError {
    #[error("cancelled")]
    Cancelled,
    #[error(transparent)]
    Inverted(#[from] Inverted),
    #[error(transparent)]
    Constraint(#[from] ConstraintError),
    #[error("the supports leave a motion free; hold more faces")]
    Loose,
    #[error(
        "Newton's method stopped at a residual of {residual:.1e}: what faces radiate outruns what the bodies conduct"
    )]
    Unsettled { residual: f64 },
    #[error("the temperature changes too fast to follow at {time:.3e} s: look for a jump in what is given there")]
    Abrupt { time: f64 },
    #[error("{error}{place}")]
    Stagnated { error: PcgError, place: String },
}

impl From<Singular> for FittedError {
    fn from(_: Singular) -> Self {
        Self::Loose
    }
}

/// Springs all over a facet: an elastic foundation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spring {
    pub nodes: [u32; 6],
    /// Along the normal and in plane, N/m³.
    pub normal: f64,
    pub tangential: f64,
}

impl Spring {
    /// Positions of its nodes, m.
    pub(super) fn points(&self, mesh: &Mesh) -> [DVec3; 6] {
        self.nodes.map(|n| mesh.points[n as usize])
    }

    /// Calls `f(position m, force on the body N)` at each quadrature point for the displacements `u`.
    pub fn push_back(&self, mesh: &Mesh, u: &[f64], mut f: impl FnMut(DVec3, DVec3)) {
        let moved = self.nodes.map(|n| motion(u, n));
        face::integrate(&self.points(mesh), |shape, at, area| {
            let way: DVec3 = moved.iter().zip(shape).map(|(u, n)| *u * *n).sum();
            let size = area.length();
            let along = area * (way.dot(area) / (size * size));
            f(at, -size * (along * self.normal + (way - along) * self.tangential));
        });
    }
}

/// A mesh with its materials, held and assembled.
pub struct Problem<'a> {
    pub mesh: &'a Mesh,
    pub materials: Materials<'a>,
    pub springs: &'a [Spring],
    pub system: System<3>,
    pub amg: Amg,
}

/// Displacements of every load case.
#[derive(Clone, Debug, PartialEq)]
pub struct Solution {
    /// `[case]`, three per node of the mesh and of the couplings, m.
    pub u: Vec<Vec<f64>>,
    pub iterations: u32,
}

impl<'a> Problem<'a> {
    /// Assembles the stiffness and its multigrid.
    ///
    /// # Errors
    /// [`FittedError`].
    pub fn new(
        mesh: &'a Mesh,
        materials: impl Into<Materials<'a>>,
        held: &Constraints<3>,
    ) -> Result<Self, FittedError> {
        Self::sprung(mesh, materials, &[], held)
    }

    /// The same on an elastic foundation.
    ///
    /// # Errors
    /// [`FittedError`].
    pub fn sprung(
        mesh: &'a Mesh,
        materials: impl Into<Materials<'a>>,
        springs: &'a [Spring],
        held: &Constraints<3>,
    ) -> Result<Self, FittedError> {
        let materials = materials.into();
        Self::assemble(mesh, materials, springs, held, |e, out| stiffness(mesh, materials, springs, e, out))
    }

    /// The same with element matrices other than the stiffness alone: positive definite once held.
    fn assemble(
        mesh: &'a Mesh,
        materials: Materials<'a>,
        springs: &'a [Spring],
        held: &Constraints<3>,
        element: impl Fn(usize, &mut [f64]) -> Result<(), Inverted> + Sync,
    ) -> Result<Self, FittedError> {
        let transform = held.build(&mesh.points)?;
        let elements = connectivity(mesh, springs);
        let system = System::new(transform, elements, element)?;
        let amg = Amg::mechanics(&system.matrix, &system.transform, &mesh.points, &mesh.middles())?;
        Ok(Self { mesh, materials, springs, system, amg })
    }

    /// A load vector of zeros: three components per node of the mesh and of the couplings, N.
    pub fn zero(&self) -> Vec<f64> {
        vec![0.0; 3 * self.system.transform.n_nodes()]
    }

    /// Solves for the nodal forces of every case, N, to a relative residual of `tolerance`.
    ///
    /// `monitor(iteration, residual)` stops the solve by returning `false`.
    ///
    /// # Errors
    /// [`FittedError`].
    pub fn solve(
        &self,
        forces: &[Vec<f64>],
        tolerance: f64,
        cancel: &AtomicBool,
        monitor: impl FnMut(u32, f64) -> bool,
    ) -> Result<Solution, FittedError> {
        self.solve_with(forces, &[], tolerance, cancel, monitor)
    }

    /// The same; after the cases come the displacements for `units` of nodal forces, with given displacements at rest.
    ///
    /// # Errors
    /// [`FittedError`].
    pub fn solve_with(
        &self,
        forces: &[Vec<f64>],
        units: &[Vec<f64>],
        tolerance: f64,
        cancel: &AtomicBool,
        monitor: impl FnMut(u32, f64) -> bool,
    ) -> Result<Solution, FittedError> {
        let transform = &self.system.transform;
        let load = |f: &Vec<f64>| self.system.load(f, |e, out| self.stiffness(e, out));
        let mut b = forces.iter().map(load).collect::<Result<Vec<_>, _>>()?;
        for f in units {
            let mut reduced = vec![0.0; 3 * transform.n_reduced()];
            transform.reduce(f, &mut reduced);
            transform.project(&mut reduced);
            b.push(reduced);
        }
        let mut x: Vec<Vec<f64>> = b.iter().map(|b| vec![0.0; b.len()]).collect();
        let done = pcg::solve(&self.system.matrix, &self.amg, &b, &mut x, tolerance, ITERATIONS_MAX, cancel, monitor)
            .map_err(|e| describe(self.mesh, transform, e))?;
        let expand = |(k, x): (usize, &Vec<f64>)| {
            if k < forces.len() {
                return transform.expand(x);
            }
            let mut u = self.zero();
            transform.expand_linear(x, &mut u);
            u
        };
        let u = x.iter().enumerate().map(expand).collect();
        Ok(Solution { u, iterations: done.iterations })
    }

    /// Forces of supports, bonds and couplings on the nodes, N, for displacements `u` under nodal forces `f`.
    ///
    /// # Errors
    /// [`FittedError`].
    pub fn reactions(&self, u: &[f64], f: &[f64]) -> Result<Vec<f64>, FittedError> {
        Ok(self.system.reactions(u, f, |e, out| self.stiffness(e, out))?)
    }

    /// Stiffness of element `e` of the system, N/m.
    fn stiffness(&self, e: usize, out: &mut [f64]) -> Result<(), Inverted> {
        stiffness(self.mesh, self.materials, self.springs, e, out)
    }
}

/// A solver's error with the place it went wrong at.
fn describe<const N: usize>(mesh: &Mesh, transform: &Transform<N>, error: PcgError) -> FittedError {
    let PcgError::Stagnated { node, .. } = &error else { return FittedError::Cancelled };
    let place = place(mesh, transform, *node);
    FittedError::Stagnated { error, place }
}

/// Where a reduced node is, for the end of a sentence; nothing for a node that only couples others.
fn place<const N: usize>(mesh: &Mesh, transform: &Transform<N>, node: usize) -> String {
    let point = transform.mesh_node(node).and_then(|n| mesh.points.get(n as usize));
    point.map_or(String::new(), |p| worst_place(p.to_array()))
}

/// The end of a sentence about a solve that went wrong at `at`, m.
pub fn worst_place(at: [f64; 3]) -> String {
    let [x, y, z] = at.map(|c| c * 1e3);
    format!("; the worst place is at ({x:.2}, {y:.2}, {z:.2}) mm")
}

const ITERATIONS_MAX: u32 = 3000;

/// Nodes of the elements: the tetrahedra, then the springs.
fn connectivity(mesh: &Mesh, springs: &[Spring]) -> Connectivity {
    Connectivity::new(mesh.tets.iter().map(|c| &c[..]).chain(springs.iter().map(|s| &s.nodes[..])))
}

/// Stiffness of element `e` of [`connectivity`], N/m.
fn stiffness(mesh: &Mesh, materials: Materials, springs: &[Spring], e: usize, out: &mut [f64]) -> Result<(), Inverted> {
    if let Some(spring) = e.checked_sub(mesh.tets.len()).map(|s| &springs[s]) {
        face::foundation(&spring.points(mesh), spring.normal, spring.tangential, out);
        return Ok(());
    }
    matrix::stiffness(&mesh.nodes(e), materials.of(mesh, e), out)
}

/// The displacement of node `n`, m.
pub fn motion(u: &[f64], n: u32) -> DVec3 {
    DVec3::from_slice(&u[3 * n as usize..][..3])
}

/// Adds `f` to the load of node `n`.
pub fn push(load: &mut [f64], n: u32, f: DVec3) {
    for c in 0..3 {
        load[3 * n as usize + c] += f[c];
    }
}
