//! Meshes of mapped boxes and exact stress states, for verified studies against closed forms.

use super::tet_box;
use glam::DVec3;
use solver::element::tet::matrix::Stress;
use solver::element::tet::{self, Elasticity, FIFTEEN_POINTS, face};
use solver::fitted::recover::{self, Estimate, Patches};
use solver::fitted::{Facet, Mesh, Problem, Solution, Span, motion, push};
use solver::linear::constraint::Constraints;
use solver::mesh::tet::Quality;
use std::sync::atomic::AtomicBool;

/// A box of tetrahedra as one part.
pub fn mesh(size: DVec3, counts: [usize; 3], map: impl Fn(DVec3) -> DVec3) -> Mesh {
    part(tet_box::quadratic(size, counts, map))
}

/// Tetrahedra as one part.
pub fn part(made: tet_box::Mesh) -> Mesh {
    let facets: Vec<Facet> =
        made.faces(|_| true).into_iter().map(|nodes| Facet { nodes, part: 0, face: 0, tet: 0 }).collect();
    let span = Span {
        nodes: 0..made.points.len(),
        tets: 0..made.cells.len(),
        facets: 0..facets.len(),
        quality: Quality::default(),
    };
    Mesh { points: made.points, tets: made.cells, facets, parts: vec![span] }
}

pub fn select(mesh: &Mesh, on: impl Fn(DVec3) -> bool) -> Vec<u32> {
    (0..mesh.points.len() as u32).filter(|n| on(mesh.points[*n as usize])).collect()
}

/// Adds a traction, Pa, on the facets all of whose nodes satisfy `on`.
pub fn traction(mesh: &Mesh, f: &mut [f64], on: impl Fn(DVec3) -> bool, traction: impl Fn(DVec3, DVec3) -> DVec3) {
    for facet in mesh.facets.iter().filter(|f| f.nodes.iter().all(|n| on(mesh.points[*n as usize]))) {
        for (n, load) in facet.nodes.iter().zip(face::load(&mesh.facet(facet), &traction)) {
            push(f, *n, load);
        }
    }
}

/// A solved case with its recovered stresses and its error estimate.
pub struct Solved {
    pub mesh: Mesh,
    pub material: Elasticity,
    pub u: Vec<f64>,
    pub stress: Vec<Stress>,
    pub raw: recover::Raw,
    pub estimate: Estimate,
    pub iterations: u32,
}

pub fn solve(mesh: Mesh, material: Elasticity, held: &Constraints<3>, load: impl Fn(&Mesh, &mut [f64])) -> Solved {
    let materials = [material];
    let problem = Problem::new(&mesh, &materials, held).expect("held");
    let mut f = problem.zero();
    load(&mesh, &mut f);
    let Solution { mut u, iterations } =
        problem.solve(&[f], 1e-11, &AtomicBool::new(false), |_, _| true).expect("converges");
    drop(problem);
    let u = u.remove(0);
    let raw = recover::raw(&mesh, &materials, &u).expect("sound elements");
    let stress = Patches::new(&mesh).recover(&mesh, std::slice::from_ref(&raw)).remove(0);
    let estimate = recover::estimate(&mesh, &materials, &raw, &stress).expect("sound elements");
    let [material] = materials;
    Solved { mesh, material, u, stress, raw, estimate, iterations }
}

impl Solved {
    /// Displacement at the node nearest to `p`, m.
    pub fn at(&self, p: DVec3) -> DVec3 {
        motion(&self.u, self.node(p))
    }

    pub fn node(&self, p: DVec3) -> u32 {
        let away = |n: &u32| self.mesh.points[*n as usize].distance_squared(p);
        (0..self.mesh.points.len() as u32).min_by(|a, b| away(a).total_cmp(&away(b))).expect("nodes")
    }

    /// Recovered stress at the node nearest to `p`, Pa.
    pub fn stress_at(&self, p: DVec3) -> Stress {
        self.stress[self.node(p) as usize]
    }

    /// Relative error of the displacement, root mean square over the volume.
    pub fn displacement_error(&self, exact: impl Fn(DVec3) -> DVec3) -> f64 {
        let (mut error, mut size) = (0.0, 0.0);
        for t in 0..self.mesh.tets.len() {
            let x = self.mesh.nodes(t);
            for p in &FIFTEEN_POINTS {
                let w = tet::gradients(&x, &p.at).expect("sound").1 * p.share;
                let truth = exact(tet::position(&x, &p.at));
                let shape = tet::shape::<10>(&p.at);
                let found: DVec3 = self.mesh.tets[t].iter().zip(shape).map(|(n, s)| motion(&self.u, *n) * s).sum();
                error += w * found.distance_squared(truth);
                size += w * truth.length_squared();
            }
        }
        (error / size).sqrt()
    }

    /// Relative errors in the norm of energy against an exact stress: of the computed stress, and as estimated.
    pub fn errors(&self, exact: impl Fn(DVec3) -> Stress) -> (f64, f64) {
        let c = self.material.compliance();
        let twice = |s: &Stress| (0..6).map(|i| s[i] * (0..6).map(|j| c[i][j] * s[j]).sum::<f64>()).sum::<f64>();
        let (mut error, mut energy) = (0.0, 0.0);
        for t in 0..self.mesh.tets.len() {
            let x = self.mesh.nodes(t);
            for p in &FIFTEEN_POINTS {
                let w = tet::gradients(&x, &p.at).expect("sound").1 * p.share;
                let truth = exact(tet::position(&x, &p.at));
                let found = recover::read(&self.raw[t], &p.at);
                error += w * twice(&std::array::from_fn(|i| found[i] - truth[i]));
                energy += w * twice(&truth);
            }
        }
        ((error / energy).sqrt(), (self.estimate.elements.iter().sum::<f64>() / energy).sqrt())
    }
}
