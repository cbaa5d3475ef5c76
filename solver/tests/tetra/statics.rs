//! Static problems.

use crate::tet_box::{Mesh, quadratic};
use glam::DVec3;
use solver::element::tet::{Elasticity, Inverted, face, matrix};
use solver::linear::constraint::{ConstraintError, Constraints, distribute};
use solver::linear::pcg::{self, Cause, PcgError};
use solver::linear::{Amg, Connectivity, Sparse, System};
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

#[test]
fn iterations_do_not_grow_with_the_mesh() {
    let run = |counts: [usize; 3], size: DVec3| {
        let mesh = quadratic(size, counts, |p| p);
        let c = clamped(&mesh, |p| p.x == 0.0);
        let problem = Problem::new(mesh, Elasticity::isotropic(210e9, 0.3), &c);
        let mut f = problem.zero();
        problem.traction(&mut f, |p| p.x == size.x, |_, _| DVec3::new(0.0, 1e4, -1e5));
        let iterations = problem.solve(&f, 1e-8).1;
        println!("{counts:?} {size}: {iterations} iterations, levels {:?}", problem.amg().sizes());
        iterations
    };
    let size = DVec3::new(4.0, 1.0, 1.0);
    let (coarse, fine) = (run([8, 2, 2], size), run([28, 7, 7], size));
    assert!(fine <= 30 && fine <= coarse + 14, "{coarse} {fine}");
    // Flat cells cost more: linear tetrahedra, the first coarse space, lock in bending by the square of their aspect.
    let five = run([8, 8, 8], DVec3::new(2.0, 2.0, 0.4));
    assert!(five <= 80, "{five}");
    let twenty = run([8, 8, 8], DVec3::new(2.0, 2.0, 0.1));
    assert!(twenty <= 450, "{twenty}");
}

#[test]
fn a_patch_of_distorted_elements_carries_constant_strain() {
    let bump = |p: DVec3| {
        let inside = (p.x * (1.0 - p.x) * p.y * (1.0 - p.y) * p.z * (1.0 - p.z)) * 64.0;
        p + inside * DVec3::new(0.05 * (7.0 * p.y).sin(), 0.04 * (5.0 * p.z).cos(), 0.06 * (6.0 * p.x).sin())
    };
    let field =
        |p: DVec3| DVec3::new(1e-3 * (p.x + 0.5 * p.y), 1e-3 * (p.y + 0.5 * p.x - p.z), 2e-3 * p.x - 1e-3 * p.z);
    for nu in [0.25, 0.499] {
        let mut mesh = quadratic(DVec3::ONE, [3, 3, 3], bump);
        // Straight sides: four points integrate curved ones nearly, not exactly, in every code that has this element.
        for (m, [a, b]) in mesh.middles() {
            mesh.points[m as usize] = 0.5 * (mesh.points[a as usize] + mesh.points[b as usize]);
        }
        let mut c = Constraints::new(mesh.points.len());
        let edge = |p: DVec3| p.min_element() < 1e-12 || p.max_element() > 1.0 - 1e-12;
        for n in mesh.select(edge) {
            c.fix(n, field(mesh.points[n as usize]).to_array());
        }
        let problem = Problem::new(mesh, Elasticity::isotropic(1e6, nu), &c);
        // The exact field is in balance at every inner node, to rounding.
        let exact: Vec<f64> = problem.mesh.points.iter().flat_map(|p| field(*p).to_array()).collect();
        let stiffness = |k: usize, out: &mut [f64]| element(&problem.mesh, &problem.material, k, out);
        let forces = problem.system.forces(&exact, stiffness, |_| true).unwrap();
        let size = forces.iter().fold(0.0f64, |m, f| m.max(f.abs()));
        for n in problem.mesh.select(|p| !edge(p)) {
            assert!(motion(&forces, n).abs().max_element() < 1e-12 * size);
        }
        // And the solver finds it.
        let (u, _) = problem.solve(&problem.zero(), 1e-12);
        for cell in 0..problem.mesh.cells.len() {
            let x = problem.mesh.nodes(cell);
            let v = problem.mesh.cells[cell].map(|n| motion(&u, n));
            for s in matrix::strains(&x, &v, std::slice::from_ref(&problem.material)).unwrap() {
                for (found, exact) in s.iter().zip([1e-3, 1e-3, -1e-3, 1e-3, -1e-3, 2e-3]) {
                    assert!((found - exact).abs() < 1e-9 * 1e-3, "{found} {exact}");
                }
            }
        }
    }
}

#[test]
fn sliding_supports_may_lean_and_reactions_balance() {
    // A bar turned in space, on three sliding faces, drawn at its end: uniaxial stress.
    let turn = glam::DQuat::from_euler(glam::EulerRot::ZYX, 0.7, -0.4, 0.3);
    let size = DVec3::new(1.0, 0.2, 0.3);
    let mesh = quadratic(size, [4, 1, 2], |p| turn * p);
    let local = |p: DVec3| turn.inverse() * p;
    let mut c = Constraints::new(mesh.points.len());
    for axis in 0..3 {
        let normal = turn * DVec3::AXES[axis];
        for n in mesh.select(|p| local(p)[axis].abs() < 1e-12) {
            c.hold(n, normal.to_array(), 0.0);
        }
    }
    // Pulled by a given motion of the end.
    let stretch = 1e-3;
    for n in mesh.select(|p| local(p).x > 1.0 - 1e-12) {
        c.hold(n, (turn * DVec3::X).to_array(), stretch);
    }
    let (e, nu) = (70e9, 0.33);
    let problem = Problem::new(mesh, Elasticity::isotropic(e, nu), &c);
    let f = problem.zero();
    let (u, _) = problem.solve(&f, 1e-12);
    for (n, p) in problem.mesh.points.iter().enumerate() {
        let q = local(*p) * stretch;
        let exact = turn * DVec3::new(q.x, -nu * q.y, -nu * q.z);
        assert!((motion(&u, n as u32) - exact).length() < 1e-13, "{n}");
    }
    let r = problem.system.reactions(&u, &f, |k, out| element(&problem.mesh, &problem.material, k, out)).unwrap();
    let sum = |on: &dyn Fn(DVec3) -> bool| -> DVec3 {
        problem.mesh.select(|p| on(local(p))).into_iter().map(|n| motion(&r, n)).sum()
    };
    let pull = e * stretch * size.y * size.z;
    assert!((sum(&|p| p.x > 1.0 - 1e-12) - turn * DVec3::X * pull).length() < 1e-8 * pull);
    assert!(sum(&|_| true).length() < 1e-8 * pull);
}

#[test]
fn a_rigid_end_takes_a_moment_and_turns() {
    let (e, h, moment) = (210e9, 0.1, 500.0);
    let mesh = quadratic(DVec3::new(1.0, h, h), [16, 3, 3], |p| p);
    let mut c = clamped(&mesh, |p| p.x == 0.0);
    let end = mesh.select(|p| p.x == 1.0);
    let at = DVec3::new(1.0, 0.5 * h, 0.5 * h);
    let reference = c.couple(at, &end, &mesh.points).unwrap();
    // The reference may not twist: supports act on it as on any node.
    c.hold(reference.rotation, [1.0, 0.0, 0.0], 0.0);
    let problem = Problem::new(mesh, Elasticity::isotropic(e, 0.0), &c);
    let mut f = problem.zero();
    f[3 * reference.rotation as usize + 1] = moment / reference.length;
    let (u, iterations) = problem.solve(&f, 1e-10);
    let angle = motion(&u, reference.rotation).y / reference.length;
    let exact = moment * 1.0 / (e * h.powi(4) / 12.0);
    assert!((angle / exact - 1.0).abs() < 1e-3, "{}", angle / exact);
    assert!(iterations < 60, "{iterations}");
    // The end has moved as one body.
    for n in end {
        let d = problem.mesh.points[n as usize] - at;
        let rigid = motion(&u, reference.translation) + (motion(&u, reference.rotation) / reference.length).cross(d);
        assert!((motion(&u, n) - rigid).length() < 1e-15);
    }
    // With ν = 0, ∂u/∂z: the deflection of the tip is M L² / 2 E I.
    assert!((motion(&u, reference.translation).z / (-0.5 * exact) - 1.0).abs() < 2e-3);
}

#[test]
fn bonded_bars_stretch_as_one() {
    // Two bars end to end with different meshes: the finer one's end follows faces of the coarser one.
    let size = DVec3::new(1.0, 0.3, 0.3);
    let (a, b) = (quadratic(size, [4, 2, 2], |p| p), quadratic(size, [5, 3, 3], |p| p + DVec3::X));
    let n_a = a.points.len() as u32;
    let masters = a.faces(|p| p.x == 1.0);
    let mut mesh = Mesh { points: a.points, cells: a.cells };
    mesh.points.extend(&b.points);
    mesh.cells.extend(b.cells.iter().map(|c| c.map(|n| n + n_a)));
    let mut c = Constraints::new(mesh.points.len());
    for n in mesh.select(|p| p.x == 0.0) {
        c.hold(n, [1.0, 0.0, 0.0], 0.0);
    }
    for n in mesh.select(|p| p.y == 0.0) {
        c.hold(n, [0.0, 1.0, 0.0], 0.0);
    }
    for n in mesh.select(|p| p.z == 0.0) {
        c.hold(n, [0.0, 0.0, 1.0], 0.0);
    }
    for (n, p) in mesh.points.iter().enumerate().skip(n_a as usize).filter(|(_, p)| p.x == 1.0) {
        // The face below this node, flat with straight sides: barycentric coordinates by areas.
        let found = masters.iter().find_map(|face| {
            let [q, r, s] = [0, 1, 2].map(|i| mesh.points[face[i] as usize]);
            let area = |u: DVec3, v: DVec3, w: DVec3| (v - u).cross(w - u).x;
            let whole = area(q, r, s);
            let l = [area(*p, r, s) / whole, area(q, *p, s) / whole, area(q, r, *p) / whole];
            l.iter().all(|l| *l > -1e-12).then(|| face.iter().copied().zip(face::shape::<6>(&l)).collect::<Vec<_>>())
        });
        c.bond(n as u32, &found.unwrap());
    }
    let problem = Problem::new(mesh, Elasticity::isotropic(1e9, 0.3), &c);
    let mut f = problem.zero();
    problem.traction(&mut f, |p| p.x == 2.0, |_, n| n * 1e6);
    let (u, iterations) = problem.solve(&f, 1e-10);
    assert!(iterations < 50, "{iterations}");
    let ends = problem.mesh.select(|p| p.x == 2.0);
    let mean: f64 = ends.iter().map(|n| motion(&u, *n).x).sum::<f64>() / ends.len() as f64;
    assert!((mean / 2e-3 - 1.0).abs() < 2e-3, "{mean}");
    let r = problem.system.reactions(&u, &f, |k, out| element(&problem.mesh, &problem.material, k, out)).unwrap();
    let held: f64 = problem.mesh.select(|p| p.x == 0.0).iter().map(|n| motion(&r, *n).x).sum();
    assert!((held / (-1e6 * 0.09) - 1.0).abs() < 1e-8, "{held}");
    let circle = {
        let mut c = c.clone();
        let n = problem.mesh.select(|p| p == DVec3::new(0.5, 0.15, 0.15))[0];
        c.bond(n, &[(n, 1.0)]);
        c.build(&problem.mesh.points)
    };
    assert!(circle.is_err());
}

#[test]
fn a_nearly_incompressible_beam_does_not_lock() {
    let ratio = |nu: f64| {
        let (e, h) = (1e6, 0.2);
        let mesh = quadratic(DVec3::new(1.0, h, h), [10, 3, 3], |p| p);
        let mut c = Constraints::new(mesh.points.len());
        for n in mesh.select(|p| p.x == 0.0) {
            c.hold(n, [1.0, 0.0, 0.0], 0.0);
        }
        let centre = mesh.select(|p| p == DVec3::ZERO)[0];
        c.fix(centre, [0.0; 3]);
        c.hold(mesh.select(|p| p == DVec3::new(0.0, h, 0.0))[0], [0.0, 0.0, 1.0], 0.0);
        let problem = Problem::new(mesh, Elasticity::isotropic(e, nu), &c);
        let mut f = problem.zero();
        // Pure bending: exact in three dimensions for any ν.
        problem.traction(&mut f, |p| p.x == 1.0, |p, _| DVec3::X * (p.z - 0.5 * h));
        let (u, iterations) = problem.solve(&f, 1e-9);
        let tip = problem.mesh.select(|p| p == DVec3::new(1.0, 0.0, 0.0))[0];
        // κ = 1/E; the root's lower edge lies h/2 below the axis, both ends alike.
        let found = motion(&u, tip).z / (-0.5 / e);
        println!("ν {nu}: {found}, {iterations} iterations");
        found
    };
    assert!((ratio(0.3) - 1.0).abs() < 1e-6);
    assert!((ratio(0.49) - 1.0).abs() < 0.01);
    assert!((ratio(0.4999) - 1.0).abs() < 0.01);
}

#[test]
fn a_loose_body_and_a_stalled_solve_are_reported() {
    let mesh = || quadratic(DVec3::new(1.0, 0.5, 0.5), [4, 2, 2], |p| p);
    let material = Elasticity::isotropic(1.0, 0.3);
    let m = mesh();
    let mut sliding = Constraints::new(m.points.len());
    for n in m.select(|p| p.z == 0.0) {
        sliding.hold(n, [0.0, 0.0, 1.0], 0.0);
    }
    for c in [Constraints::new(m.points.len()), sliding] {
        let p = Problem::new(mesh(), material.clone(), &c);
        let s = &p.system;
        assert!(Amg::mechanics(&s.matrix, &s.transform, &p.mesh.points, &p.mesh.middles()).is_err());
    }
    let p = Problem::new(mesh(), material, &clamped(&m, |p| p.x == 0.0));
    let mut f = p.zero();
    p.traction(&mut f, |p| p.x == 1.0, |_, n| n);
    let b = vec![p.system.load(&f, |e, out| element(&p.mesh, &p.material, e, out)).unwrap()];
    let run = |matrix: &Sparse<f64, 3, 3>, iterations: u32| {
        let mut x = vec![vec![0.0; b[0].len()]];
        pcg::solve(matrix, &p.amg(), &b, &mut x, 1e-10, iterations, &AtomicBool::new(false), |_, _| true).unwrap_err()
    };
    let PcgError::Stagnated { node, iterations, .. } = run(&p.system.matrix, 2) else { panic!("not stagnated") };
    assert!(iterations == 2 && p.system.transform.mesh_node(node).is_some());
    let mut broken = p.system.matrix.clone();
    broken.value[7][1][1] = f64::NAN;
    assert!(matches!(run(&broken, 100), PcgError::Stagnated { cause: Cause::NotFinite, .. }));
    for block in &mut broken.value {
        *block = block.map(|r| r.map(|v| -v));
    }
    broken.value[7][1][1] = 0.0;
    assert!(matches!(run(&broken, 100), PcgError::Stagnated { cause: Cause::Indefinite, .. }));
    let two = {
        let mut c = Constraints::<3>::new(m.points.len());
        c.hold(0, [1.0, 0.0, 0.0], 1.0);
        c.hold(0, [-1.0, 0.0, 0.0], 1.0);
        c.build(&m.points)
    };
    assert_eq!(two.unwrap_err(), ConstraintError::Contradiction { node: 0 });
    // Two faces that run into one another smoothly, one at rest and one moved: the thousandth of a radian between them
    // must not send the node a thousand times as far. At 30° both can be had.
    let faces = |angle: f64| {
        let mut c = Constraints::<3>::new(m.points.len());
        c.hold(0, [1.0, 0.0, 0.0], 0.0);
        c.hold(0, [angle.cos(), angle.sin(), 0.0], 1e-4);
        c.build(&m.points).map(|_| ())
    };
    assert_eq!(faces(1e-3), Err(ConstraintError::Contradiction { node: 0 }));
    assert_eq!(faces(0.5), Ok(()));
}

#[test]
fn the_same_bits_on_one_and_two_threads() {
    let run = |threads: usize| {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| cantilever([12, 3, 3], 0.1).0)
    };
    assert_eq!(run(1).to_bits(), run(2).to_bits());
}

#[test]
fn several_loads_are_solved_side_by_side() {
    let mesh = quadratic(DVec3::new(1.0, 0.4, 0.4), [6, 3, 3], |p| p);
    let c = clamped(&mesh, |p| p.x == 0.0);
    let problem = Problem::new(mesh, Elasticity::isotropic(1e9, 0.3), &c);
    let loads: Vec<Vec<f64>> = DVec3::AXES
        .iter()
        .map(|a| {
            let mut f = problem.zero();
            problem.traction(&mut f, |p| p.x == 1.0, |_, _| *a);
            problem.system.load(&f, |e, out| element(&problem.mesh, &problem.material, e, out)).unwrap()
        })
        .collect();
    let amg = problem.amg();
    let run = |b: &[Vec<f64>]| {
        let mut x = vec![vec![0.0; b[0].len()]; b.len()];
        pcg::solve(&problem.system.matrix, &amg, b, &mut x, 1e-10, 200, &AtomicBool::new(false), |_, _| true).unwrap();
        x
    };
    let all = run(&loads);
    for (k, b) in loads.iter().enumerate() {
        let alone = run(std::slice::from_ref(b));
        let size = alone[0].iter().fold(0.0f64, |m, v| m.max(v.abs()));
        assert!(alone[0].iter().zip(&all[k]).all(|(p, q)| (p - q).abs() < 1e-8 * size));
    }
}

#[test]
fn shared_loads_keep_force_and_moment() {
    let points: Vec<DVec3> =
        (0..17).map(|i| DVec3::new((i as f64).sin(), (2.3 * i as f64).cos(), 0.1 * i as f64)).collect();
    let weights: Vec<f64> = (0..17).map(|i| 1.0 + 0.1 * i as f64).collect();
    let (reference, force, moment) =
        (DVec3::new(3.0, 1.0, -2.0), DVec3::new(1.0, -2.0, 0.5), DVec3::new(4.0, 0.0, -1.0));
    let f = distribute(reference, force, moment, &points, &weights).unwrap();
    let total: DVec3 = f.iter().sum();
    let turn: DVec3 = f.iter().zip(&points).map(|(f, p)| (*p - reference).cross(*f)).sum();
    assert!((total - force).length() < 1e-13 && (turn - moment).length() < 1e-12);
    let line: Vec<DVec3> = (0..5).map(|i| DVec3::X * i as f64).collect();
    assert!(distribute(DVec3::Y, DVec3::ZERO, DVec3::X, &line, &[1.0; 5]).is_err());
}
