//! A set-up on tetrahedra: its materials, and its supports and loads on the nodes.

use super::load::{self, Applied, Reaction};
use super::patch::Patch;
use super::setup::{Part, Setup};
use super::support::{Hold, Solid};
use crate::design::{Issue, Object};
use crate::element::tet::{Elasticity, Orthotropic, matrix};
use crate::fitted::facet::FacetPatch;
use crate::fitted::{Facet, FittedError, Mesh, Problem, Spring, hold, motion, push};
use crate::geometry::Model;
use crate::linear::constraint::{ConstraintError, Constraints};
use crate::study::StudyError;
use crate::study::part::facets_of;
use glam::DVec3;
use std::collections::{BTreeMap, BTreeSet};

/// Relative residual of a solve under loads.
const TOLERANCE: f64 = 1e-9;
/// The same where supports give displacements: what those call forth next to them is far more than what they call forth in
/// a slender body as a whole, and its share must be known too.
const TOLERANCE_GIVEN: f64 = 1e-12;

impl Setup<'_> {
    /// Relative residual to solve for.
    pub fn tolerance(&self) -> f64 {
        if self.way() > 0.0 { TOLERANCE_GIVEN } else { TOLERANCE }
    }

    /// By part, at the temperature that is everywhere.
    pub fn elasticities(&self) -> Vec<Elasticity> {
        self.parts.iter().map(|p| p.elasticity(self.even)).collect()
    }

    /// By part, kg/m³.
    pub fn densities(&self) -> Vec<f64> {
        self.parts.iter().map(|p| p.density).collect()
    }

    /// Names of the parts and of their materials with their sources.
    pub fn names(&self) -> Vec<(String, String)> {
        let of = |p: &Part| {
            let (name, source) = p.matter();
            (p.label.clone(), format!("{name}: {source}"))
        };
        self.parts.iter().map(of).collect()
    }

    /// Orthotropic materials by part.
    pub fn orthotropic(&self) -> Vec<Option<Orthotropic>> {
        self.parts.iter().map(|p| p.orthotropic.clone()).collect()
    }
}

/// The facets of `faces`, `(body, face)`, among the parts.
fn facets<'m>(mesh: &'m Mesh, parts: &[Part], faces: &[(usize, usize)]) -> Vec<&'m Facet> {
    facets_of(mesh, parts, faces).into_iter().map(|i| &mesh.facets[i]).collect()
}

/// Sine above which a held direction is a new one.
const NEW: f64 = 1e-6;

/// Supports, rigid couplings and bonds on the nodes of a mesh.
#[derive(Clone, Debug)]
pub struct Held {
    pub constraints: Constraints<3>,
    /// Elastic foundations, and the support that each spring belongs to.
    pub springs: Vec<Spring>,
    bed: Vec<usize>,
    /// Couplings that are supports, and which.
    solid: Vec<(u32, usize)>,
    /// The supports of a node's held directions, in the order of [`Constraints::directions`].
    owners: BTreeMap<u32, Vec<usize>>,
    pub n_bonded: usize,
}

impl Held {
    /// Nodes that are held along `axis`, bonded, or one piece with others.
    pub fn attached(&self, axis: DVec3) -> BTreeSet<u32> {
        let along = |d: &[f64; 3]| DVec3::from(*d).dot(axis).abs() > NEW;
        let held = self.constraints.all_held().filter(|(_, all)| all.iter().any(|(d, _)| along(d))).map(|(n, _)| *n);
        let mut out: BTreeSet<u32> = held.collect();
        for (slave, masters) in self.constraints.bonds() {
            out.insert(*slave);
            out.extend(masters.iter().map(|m| m.0));
        }
        for k in 0..self.constraints.references().len() {
            out.extend(self.constraints.coupled(k as u32));
        }
        out.extend(self.springs.iter().flat_map(|s| s.nodes));
        out
    }
}

/// Faces that move as one solid piece.
struct Piece<'a> {
    /// What makes them one.
    object: &'a Object,
    faces: BTreeSet<(usize, usize)>,
    /// The support that holds it.
    support: Option<(usize, Solid)>,
}

/// The solid pieces of a set-up: remote displacements and rigid couplings, as one where they have faces in common.
fn pieces<'a>(setup: &'a Setup) -> Result<Vec<Piece<'a>>, StudyError> {
    let mut out: Vec<Piece> = Vec::new();
    for (s, support) in setup.supports.iter().enumerate() {
        if let Hold::Solid(solid) = support.hold {
            let faces = support.faces.iter().copied().collect();
            out.push(Piece { object: &support.object, faces, support: Some((s, solid)) });
        }
    }
    for load in setup.loads.iter().filter(|l| l.rigid) {
        let mut piece = Piece { object: &load.object, faces: load.faces.iter().copied().collect(), support: None };
        let mut rest = Vec::new();
        for other in out {
            if piece.faces.is_disjoint(&other.faces) {
                rest.push(other);
                continue;
            }
            if piece.support.is_some() && other.support.is_some() {
                let message = format!(
                    "{}: it joins the faces of {} with those of another remote displacement to one solid piece; let it                      leave one of them out",
                    load.object.name, other.object.name
                );
                return Err(StudyError::Setup(vec![Issue::error(&load.object, "faces", message)]));
            }
            piece.faces.extend(&other.faces);
            piece.support = piece.support.or(other.support);
            piece.object = other.object;
        }
        rest.push(piece);
        out = rest;
    }
    Ok(out)
}

/// Supports, rigid couplings and bonds.
///
/// # Errors
/// [`StudyError::Setup`] naming a coupling that cannot be.
pub fn hold(setup: &Setup, mesh: &Mesh) -> Result<Held, StudyError> {
    let mut held = Constraints::<3>::new(mesh.points.len());
    let mut owners: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    let (mut springs, mut bed) = (Vec::new(), Vec::new());
    for (s, support) in setup.supports.iter().enumerate() {
        let on = facets(mesh, &setup.parts, &support.faces);
        match support.hold {
            Hold::Axes(given) => hold::axes(&mut held, on.iter().flat_map(|f| f.nodes), given),
            Hold::Normal(way) => hold::along(&mut held, hold::corners(mesh, on.iter().copied()), way),
            Hold::Solid(_) => continue,
            Hold::Elastic { normal, tangential } => {
                springs.extend(on.iter().map(|f| Spring { nodes: f.nodes, normal, tangential }));
                bed.resize(springs.len(), s);
                continue;
            }
        }
        for n in on.iter().flat_map(|f| f.nodes) {
            owners.entry(n).or_default().resize(held.directions(n).len(), s);
        }
    }
    let mut taken: BTreeSet<u32> = owners.keys().copied().collect();
    let mut solid = Vec::new();
    for (k, piece) in pieces(setup)?.iter().enumerate() {
        let faces: Vec<(usize, usize)> = piece.faces.iter().copied().collect();
        let on = FacetPatch::new(mesh, facets(mesh, &setup.parts, &faces).into_iter());
        let nodes = on.nodes();
        taken.extend(&nodes);
        let point = piece.support.map_or(on.patch.centroid, |(_, solid)| solid.point);
        let reference = held.couple(point, &nodes, &mesh.points).map_err(|e| {
            let message = format!("{}: {e}", piece.object.name);
            StudyError::Setup(vec![Issue::error(piece.object, "faces", message)])
        })?;
        let Some((s, own)) = piece.support else { continue };
        solid.push((k as u32, s));
        for (axis, (way, turn)) in DVec3::AXES.iter().zip(own.ways.iter().zip(own.turns)) {
            way.iter().for_each(|way| held.hold(reference.translation, axis.to_array(), *way));
            turn.iter().for_each(|turn| held.hold(reference.rotation, axis.to_array(), turn * reference.length));
        }
    }
    let n_bonded = if mesh.parts.len() > 1 {
        hold::bond(mesh, &mut held, &taken, &setup.bonded.on(mesh, &setup.parts))
    } else {
        0
    };
    Ok(Held { constraints: held, springs, bed, solid, owners, n_bonded })
}

/// What supports exert on the bodies: all together, and each of the set-up's.
///
/// Of several supports at a node each counts for the directions that those before it leave; what a bonded node transfers
/// counts where it hangs.
///
/// # Errors
/// [`FittedError`].
pub fn reactions(
    setup: &Setup,
    held: &Held,
    problem: &Problem,
    u: &[f64],
    f: &[f64],
) -> Result<(Reaction, Vec<Reaction>), FittedError> {
    let mesh = problem.mesh;
    let mut r = problem.reactions(u, f)?;
    let mut all = Reaction::default();
    for (n, p) in mesh.points.iter().enumerate() {
        all.add(*p, motion(&r, n as u32));
    }
    let mut each = vec![Reaction::default(); setup.supports.len()];
    // Of two bodies the later one hangs on the earlier, so that a chain of bonds is folded from its end.
    let bonds: Vec<_> = held.constraints.bonds().collect();
    for (slave, masters) in bonds.into_iter().rev().filter(|b| !held.owners.contains_key(b.0)) {
        let moved = motion(&r, *slave);
        masters.iter().for_each(|(m, w)| push(&mut r, *m, moved * *w));
    }
    for (k, s) in &held.solid {
        let own = held.constraints.coupled(*k).filter(|n| !held.owners.contains_key(n));
        own.for_each(|n| each[*s].add(mesh.points[n as usize], motion(&r, n)));
    }
    for (n, owners) in &held.owners {
        // Each direction takes what those before it leave.
        let mut left = motion(&r, *n);
        let mut basis: Vec<DVec3> = Vec::new();
        for ((d, _), s) in held.constraints.directions(*n).iter().zip(owners) {
            let own = basis.iter().fold(DVec3::from(*d), |d, q| d - *q * q.dot(d));
            if let Some(q) = (own.length() > NEW).then(|| own.normalize()) {
                each[*s].add(mesh.points[*n as usize], q * q.dot(left));
                left -= q * q.dot(left);
                basis.push(q);
            }
        }
    }
    for (spring, s) in held.springs.iter().zip(&held.bed) {
        spring.push_back(mesh, u, |at, force| {
            all.add(at, force);
            each[*s].add(at, force);
        });
    }
    Ok((all, each))
}

/// Nodal forces of every case, N, and their resultants; `n_nodes` counts the couplings' too.
///
/// # Errors
/// [`StudyError::Setup`] naming a load that its faces cannot take.
pub fn forces(
    model: &Model,
    setup: &Setup,
    mesh: &Mesh,
    n_nodes: usize,
) -> Result<(Vec<Vec<f64>>, Vec<Applied>), StudyError> {
    let mut forces: Vec<Vec<f64>> = setup.cases.iter().map(|_| vec![0.0; 3 * n_nodes]).collect();
    let mut applied = vec![Applied::default(); setup.cases.len()];
    for (at, one) in setup.loads.iter().enumerate() {
        let on = facets(mesh, &setup.parts, &one.faces);
        let patch = if one.by_points {
            // Shares go by the points of the body's own surface, which no refinement changes.
            FacetPatch::at(mesh, &on, &Patch::vertices(model, &one.faces).points)
        } else {
            FacetPatch::new(mesh, on.into_iter())
        };
        let spread = load::forces(&patch.patch, one.traction).map_err(|e| {
            StudyError::Setup(vec![Issue::error(&one.object, "faces", format!("{}: {e}", one.object.name))])
        })?;
        let (mut force, mut moment) = (DVec3::ZERO, DVec3::ZERO);
        for (p, f) in patch.patch.points.iter().zip(&spread) {
            force += *f;
            moment += p.at.cross(*f);
        }
        for (k, case) in setup.cases.iter().enumerate() {
            for (_, factor) in case.loads.iter().filter(|l| l.0 == at) {
                patch.carry(&spread, *factor, &mut forces[k]);
                applied[k].force += force * *factor;
                applied[k].moment += moment * *factor;
            }
        }
    }
    for (k, case) in setup.cases.iter().enumerate().filter(|c| c.1.is_heavy()) {
        for (part, span) in setup.parts.iter().zip(&mesh.parts) {
            let density = part.density;
            for t in span.tets.clone() {
                let f = matrix::body_force(&mesh.nodes(t), |p| case.acceleration(p) * density)
                    .map_err(|e| StudyError::Solver(e.to_string()))?;
                for (n, f) in mesh.tets[t].iter().zip(f) {
                    push(&mut forces[k], *n, f);
                    applied[k].force += f;
                    applied[k].moment += mesh.points[*n as usize].cross(f);
                }
            }
        }
    }
    Ok((forces, applied))
}

/// Refuses bodies of which a piece hangs on nothing: it is in several, and no support, bond or coupling reaches that one.
///
/// # Errors
/// [`StudyError::Solver`], with how many pieces there are and where the loose one is.
pub fn check_pieces(setup: &Setup, mesh: &Mesh, held: &Held) -> Result<(), StudyError> {
    let mut pieces = Pieces::new(mesh);
    let n = pieces.count(mesh);
    if n <= mesh.parts.len() {
        return Ok(());
    }
    // What hangs on another piece is held as that is.
    for (slave, masters) in held.constraints.bonds() {
        masters.iter().for_each(|(master, _)| pieces.join(*slave, *master));
    }
    let n_nodes = mesh.points.len() as u32;
    let held_nodes = held.constraints.all_held().map(|(n, _)| *n).filter(|n| *n < n_nodes);
    let mut firm: BTreeSet<u32> = held_nodes.chain(held.springs.iter().flat_map(|s| s.nodes)).collect();
    for k in 0..held.constraints.references().len() as u32 {
        let coupled: Vec<u32> = held.constraints.coupled(k).collect();
        coupled.windows(2).for_each(|pair| pieces.join(pair[0], pair[1]));
        if held.solid.iter().any(|(own, _)| *own == k) {
            firm.extend(coupled.first());
        }
    }
    let firm: BTreeSet<u32> = firm.into_iter().map(|n| pieces.of(n)).collect();
    for (part, span) in setup.parts.iter().zip(&mesh.parts) {
        let Some(tet) = span.tets.clone().find(|t| !firm.contains(&pieces.of(mesh.tets[*t][0]))) else { continue };
        let loose = pieces.of(mesh.tets[tet][0]);
        let corners = span.tets.clone().flat_map(|t| mesh.tets[t][..4].to_vec()).filter(|n| pieces.of(*n) == loose);
        let points = corners.map(|n| mesh.points[n as usize]);
        let (lo, hi) = points.fold((DVec3::INFINITY, DVec3::NEG_INFINITY), |(lo, hi), p| (lo.min(p), hi.max(p)));
        let [x, y, z] = (0.5 * (lo + hi) * 1e3).to_array();
        return Err(StudyError::Solver(format!(
            "{} is in {} pieces; the piece near ({x:.1}, {y:.1}, {z:.1}) mm is held by nothing: join it to the rest, cut it away, \
             or hold one of its faces",
            part.label,
            Pieces::new(mesh).within(mesh, span.tets.clone())
        )));
    }
    Ok(())
}

/// Nodes that elements join.
struct Pieces(Vec<u32>);

impl Pieces {
    fn new(mesh: &Mesh) -> Self {
        let mut out = Self((0..mesh.points.len() as u32).collect());
        for tet in &mesh.tets {
            tet[1..].iter().for_each(|n| out.join(tet[0], *n));
        }
        out
    }

    fn of(&mut self, mut n: u32) -> u32 {
        while self.0[n as usize] != n {
            let up = self.0[n as usize];
            self.0[n as usize] = self.0[up as usize];
            n = up;
        }
        n
    }

    fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.of(a), self.of(b));
        self.0[b as usize] = a;
    }

    fn within(&mut self, mesh: &Mesh, tets: std::ops::Range<usize>) -> usize {
        tets.map(|t| self.of(mesh.tets[t][0])).collect::<BTreeSet<_>>().len()
    }

    fn count(&mut self, mesh: &Mesh) -> usize {
        self.within(mesh, 0..mesh.tets.len())
    }
}

/// What a person reads where a problem has no solution.
pub fn failed(mesh: &Mesh, error: FittedError) -> StudyError {
    match error {
        FittedError::Cancelled => StudyError::Cancelled,
        FittedError::Constraint(ConstraintError::Contradiction { node }) => {
            let [x, y, z] = (mesh.points[node as usize] * 1e3).to_array();
            StudyError::Solver(format!(
                "supports give two different displacements at ({x:.3}, {y:.3}, {z:.3}) mm: let one of them leave that \
                 place out"
            ))
        }
        FittedError::Loose if mesh.parts.len() > 1 => StudyError::Solver(
            "the supports leave a motion free, or a body touches no other; hold more faces, or move the bodies together"
                .into(),
        ),
        FittedError::Loose if Pieces::new(mesh).count(mesh) > 1 => StudyError::Solver(format!(
            "the body is in {} pieces, and the supports leave one of them a motion; join the pieces, or hold more faces",
            Pieces::new(mesh).count(mesh)
        )),
        other => StudyError::Solver(other.to_string()),
    }
}
