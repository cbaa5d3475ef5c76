//! A preloaded joint as springs side by side.

use crate::closed_form::E;
use crate::row::{Basis, Row};
use crate::truth;
use glam::DVec3;
use solver::element::tet::Elasticity;
use solver::fitted::bolt::{Cylinder, Shank};
use solver::fitted::material::Materials;
use solver::fitted::{Facet, Mesh, Problem, Span, recover};
use solver::linear::constraint::Constraints;
use std::sync::atomic::AtomicBool;

/// Meshes in one, each a part.
fn join(meshes: Vec<Mesh>) -> Mesh {
    let mut out = Mesh::default();
    for (part, mesh) in meshes.into_iter().enumerate() {
        let (n, t, f) = (out.points.len(), out.tets.len(), out.facets.len());
        let [span] = &mesh.parts[..] else { panic!("one part") };
        out.parts.push(Span {
            nodes: n..n + mesh.points.len(),
            tets: t..t + mesh.tets.len(),
            facets: f..f + mesh.facets.len(),
            quality: span.quality.clone(),
        });
        out.points.extend(&mesh.points);
        out.tets.extend(mesh.tets.iter().map(|c| c.map(|i| i + n as u32)));
        let facet = |x: &Facet| Facet { nodes: x.nodes.map(|i| i + n as u32), part: part as u32, ..*x };
        out.facets.extend(mesh.facets.iter().map(facet));
    }
    out
}

/// A shank between two halves of what it clamps, all between two rigid plates, without narrowing sideways: springs k and K, of which a pull P on the
/// plates takes the share k/(k + K) to the bolt; F shortens by F (1/k + 1/K). VDI 2230 part 1.
pub fn preloaded_joint() -> Vec<Row> {
    let (length, force, pull) = (0.1, 20e3, 8e3);
    let bar = |at: f64, wide: f64| {
        truth::mesh(DVec3::new(wide, 0.01, length), [2, 2, 10], |p| p + DVec3::new(at - 0.5 * wide, -0.005, 0.0))
    };
    let mesh = join(vec![bar(0.0, 0.01), bar(-0.02, 0.015), bar(0.02, 0.015)]);
    let soft = Elasticity::isotropic(0.5 * E, 0.0);
    let materials = [Elasticity::isotropic(E, 0.0), soft.clone(), soft];
    let (k, clamp) = (E * 1e-4 / length, 0.5 * E * 3e-4 / length);
    let mut held = Constraints::new(mesh.points.len());
    for n in truth::select(&mesh, |p| p.z < 1e-9) {
        held.fix(n, [0.0; 3]);
    }
    let top = truth::select(&mesh, |p| p.z > length - 1e-9);
    let plate = held.couple(DVec3::Z * length, &top, &mesh.points).expect("some extent");

    let cylinder = Cylinder { point: DVec3::ZERO, axis: DVec3::Z, radius: 0.0075, ends: [0.0, length] };
    let attached = truth::select(&mesh, |p| p.z < 1e-9 || p.z > length - 1e-9).into_iter().collect();
    let shank = Shank::new(&mesh, 0, &cylinder, &attached).expect("free");
    let of = Materials::from(&materials);
    let problem = Problem::new(&mesh, of, &held).expect("held");
    let unit = shank.pull(&mesh, of, mesh.points.len() + 2).expect("sound elements");
    let mut load = problem.zero();
    load[3 * plate.translation as usize + 2] = pull;
    let flag = AtomicBool::new(false);
    let units = [unit.forces.clone()];
    let solved = problem.solve_with(&[load], &units, 1e-12, &flag, |_, _| true).expect("converges");
    let mut raw: Vec<_> = solved.u.iter().map(|u| recover::raw(&mesh, of, u).expect("sound elements")).collect();
    shank.relieve(&unit, &mut raw[1]);
    let [by_load, by_unit] = [0, 1].map(|i| shank.force(&mesh, of, &raw[i]).expect("sound elements"));
    let row = |quantity, unit, reference, found| Row {
        case: 0,
        name: "Preloaded bolt between rigid plates",
        mesh: format!("{} tetrahedra, {} nodes", mesh.tets.len(), mesh.points.len()),
        quantity,
        unit,
        reference,
        basis: Basis::Form,
        found,
        tolerance: 1e-5,
    };
    vec![
        row("shortening for 20 kN", "m", force * (1.0 / k + 1.0 / clamp), force / by_unit),
        row("share of a pull on the joint", "", k / (k + clamp), by_load / pull),
    ]
}
