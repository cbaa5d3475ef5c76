//! Static problems.

use crate::tet_box::{Mesh, quadratic};
use glam::DVec3;
use solver::element::tet::{Elasticity, Inverted, face, matrix};
use solver::linear::constraint::Constraints;
use solver::linear::{Amg, Connectivity, System, pcg};
use std::sync::atomic::AtomicBool;

/// One body of one material with its supports.
pub struct Problem {
    pub mesh: Mesh,
    pub material: Elasticity,
    pub system: System<3>,
}

pub fn element(mesh: &Mesh, material: &Elasticity, e: usize, out: &mut [f64]) -> Result<(), Inverted> {
    matrix::stiffness(&mesh.nodes(e), std::slice::from_ref(material), out)
}

pub fn connectivity(mesh: &Mesh) -> Connectivity {
    Connectivity::new(mesh.cells.iter().map(|c| &c[..]))
}

impl Problem {
    pub fn new(mesh: Mesh, material: Elasticity, constraints: &Constraints<3>) -> Self {
        let transform = constraints.build(&mesh.points).unwrap();
        let system = System::new(transform, connectivity(&mesh), |e, out| element(&mesh, &material, e, out)).unwrap();
        Self { mesh, material, system }
    }

    pub fn amg(&self) -> Amg {
        Amg::mechanics(&self.system.matrix, &self.system.transform, &self.mesh.points, &self.mesh.middles()).unwrap()
    }

    /// Displacements, `3` per node, and iterations.
    pub fn solve(&self, force: &[f64], tolerance: f64) -> (Vec<f64>, u32) {
        let b = vec![self.system.load(force, |e, out| element(&self.mesh, &self.material, e, out)).unwrap()];
        let mut x = vec![vec![0.0; b[0].len()]];
        let amg = self.amg();
        let done =
            pcg::solve(&self.system.matrix, &amg, &b, &mut x, tolerance, 1000, &AtomicBool::new(false), |_, _| true)
                .unwrap();
        (self.system.transform.expand(&x[0]), done.iterations)
    }

    pub fn zero(&self) -> Vec<f64> {
        vec![0.0; 3 * self.system.transform.n_nodes()]
    }

    /// Adds a traction in Pa on the surface where `on` holds.
    pub fn traction(&self, f: &mut [f64], on: impl Fn(DVec3) -> bool, traction: impl Fn(DVec3, DVec3) -> DVec3) {
        for nodes in self.mesh.faces(on) {
            let x = nodes.map(|n| self.mesh.points[n as usize]);
            for (n, load) in nodes.iter().zip(face::load(&x, &traction)) {
                for c in 0..3 {
                    f[3 * *n as usize + c] += load[c];
                }
            }
        }
    }
}

pub fn clamped(mesh: &Mesh, on: impl Fn(DVec3) -> bool) -> Constraints<3> {
    let mut c = Constraints::new(mesh.points.len());
    for n in mesh.select(on) {
        c.fix(n, [0.0; 3]);
    }
    c
}

pub fn motion(u: &[f64], n: u32) -> DVec3 {
    DVec3::from_slice(&u[3 * n as usize..])
}

/// The cantilever 1 × `h` × `h`, its deflection over Timoshenko's, and iterations.
fn cantilever(counts: [usize; 3], h: f64) -> (f64, u32) {
    let (e, nu, load) = (210e9, 0.3, 100.0);
    let mesh = quadratic(DVec3::new(1.0, h, h), counts, |p| p);
    // The root slides in its plane, carried by the shear that the tip's load becomes there; one node stops it.
    let mut c = Constraints::new(mesh.points.len());
    for n in mesh.select(|p| p.x == 0.0) {
        c.hold(n, [1.0, 0.0, 0.0], 0.0);
        let p = mesh.points[n as usize];
        if p.y == 0.5 * h && p.z == 0.5 * h {
            c.fix(n, [0.0; 3]);
        } else if p.y == 0.5 * h && p.z == 0.0 {
            c.hold(n, [0.0, 1.0, 0.0], 0.0);
        }
    }
    let problem = Problem::new(mesh, Elasticity::isotropic(e, nu), &c);
    let mut f = problem.zero();
    problem.traction(&mut f, |p| p.x == 1.0, |_, _| DVec3::Z * (-load / (h * h)));
    problem.traction(&mut f, |p| p.x == 0.0, |_, _| DVec3::Z * (load / (h * h)));
    let (u, iterations) = problem.solve(&f, 1e-9);
    let tip = problem.mesh.select(|p| p == DVec3::new(1.0, 0.5 * h, 0.5 * h))[0];
    let (inertia, shear) = (h.powi(4) / 12.0, 5.0 / 6.0 * h * h * e / (2.0 * (1.0 + nu)));
    let timoshenko = -load / (3.0 * e * inertia) - load / shear;
    (motion(&u, tip).z / timoshenko, iterations)
}

#[test]
fn a_cantilever_bends_as_timoshenko_says() {
    let (ratio, iterations) = cantilever([20, 4, 4], 0.1);
    println!("{ratio} in {iterations}");
    assert!((ratio - 1.0).abs() < 0.005, "{ratio}");
    assert!(iterations <= 40, "{iterations}");
}
