//! Our input decks, solved by CalculiX where it is installed: the same mesh must give the same answer.

use crate::calculix::{self, displacement_apart, stress_apart};
use crate::{part, run};
use glam::DVec3;
use solver::design::{Design, Object, Value};
use solver::element::tet::Elasticity;
use solver::fitted::expansion::{self, Free};
use solver::fitted::material::Materials;
use solver::fitted::recover::{self, Raw};
use solver::fitted::{Mesh, Span};
use solver::geometry::Model;
use solver::mechanics::setup::Setup;
use solver::mesh::tet::Quality;
use solver::study::Case;
use solver::study::outcome::{Outcome, OutcomeMesh};
use solver::surface::SurfaceMesh;

/// Largest difference of a displacement at any node, over the largest displacement; of a component of stress at any
/// integration point, over the largest stress.
const DISPLACEMENT: f64 = 1e-4;
const STRESS: f64 = 1e-3;

/// Displacements by node of every step, from the result file, and what was printed; `None` where the program is not
/// installed.
pub fn solved(name: &str, deck: &str) -> Option<(Vec<Vec<DVec3>>, String)> {
    let answer = calculix::solve(name, deck)?;
    let mut steps: Vec<Vec<DVec3>> = Vec::new();
    let mut inside = false;
    for line in answer.results.lines() {
        if line.starts_with(" -4  DISP") {
            steps.push(Vec::new());
            inside = true;
        } else if line.starts_with(" -3") {
            inside = false;
        } else if inside && line.starts_with(" -1") {
            // Fixed columns: ten for the node, twelve for each component.
            let number = |i: usize| line[13 + 12 * i..25 + 12 * i].trim().parse::<f64>().unwrap();
            let node: usize = line[3..13].trim().parse().unwrap();
            let step = steps.last_mut().unwrap();
            step.resize(step.len().max(node), DVec3::ZERO);
            step[node - 1] = DVec3::new(number(0), number(1), number(2));
        }
    }
    Some((steps, answer.printed))
}

pub fn agree(name: &str, objects: Vec<Object>, surface: SurfaceMesh, cell: f64) {
    agree_bodies(name, objects, vec![("part", surface, "s235jr")], cell);
}

/// Runs a design, and its deck through CalculiX: displacements agree at every node and stresses at every integration point.
fn agree_bodies(name: &str, objects: Vec<Object>, bodies: Vec<(&str, SurfaceMesh, &str)>, cell: f64) {
    agree_study(name, objects, bodies, cell, |study| study);
}

fn agree_study(
    name: &str,
    objects: Vec<Object>,
    bodies: Vec<(&str, SurfaceMesh, &str)>,
    cell: f64,
    of_study: impl Fn(Object) -> Object,
) {
    let (design, model) = verified(objects, bodies, cell, of_study);
    let out = run::run(&design, &model);
    compare(name, &own(&design, &model, &out), &out.deck, model.bodies.len());
}

/// The same deck with the other program's own load in place of our nodal forces.
fn agree_on(name: &str, objects: Vec<Object>, surface: SurfaceMesh, cell: f64, load: &str) {
    let (design, model) = verified(objects, vec![("part", surface, "s235jr")], cell, |study| study);
    let out = run::run(&design, &model);
    let (from, to) = (out.deck.find("*CLOAD").unwrap(), out.deck.find("*NODE FILE").unwrap());
    let deck = format!("{}{load}\n{}", &out.deck[..from], &out.deck[to..]);
    compare(name, &own(&design, &model, &out), &deck, 1);
}

fn verified(
    objects: Vec<Object>,
    bodies: Vec<(&str, SurfaceMesh, &str)>,
    cell: f64,
    of_study: impl Fn(Object) -> Object,
) -> (Design, Model) {
    let (mut design, model) = part::set_up_bodies(bodies, objects, cell);
    let at = design.position(&"study".into()).unwrap();
    let study = design.objects[at].as_ref().clone().with("method", Value::Choice("verified".into()));
    design.objects[at] = std::sync::Arc::new(of_study(study));
    (design, model)
}

fn compare(name: &str, own: &[calculix::Step], deck: &str, n_parts: usize) {
    let Some(answer) = calculix::solve(name, &calculix::printing(deck, n_parts)) else { return };
    let peer = calculix::steps(&answer.printed, own[0].u.len() / 3, own[0].raw.len());
    assert_eq!(own.len(), peer.len(), "{name}");
    for (own, peer) in own.iter().zip(&peer) {
        let (moved, stressed) = (displacement_apart(&own.u, &peer.u), stress_apart(&own.raw, &peer.raw));
        println!("{name}: displacements apart by {moved:.1e}, stresses by {stressed:.1e}, {} elements", own.raw.len());
        assert!(moved < DISPLACEMENT, "{name}: displacements are {moved:e} apart");
        assert!(stressed < STRESS, "{name}: stresses are {stressed:e} apart");
    }
}

/// The answer by load case, as it was published: displacements at the nodes, and the stresses that they call forth at the
/// integration points.
fn own(design: &Design, model: &Model, out: &Outcome) -> Vec<calculix::Step> {
    let case = Case { design, study: design.get(&"study".into()).unwrap(), model, upstream: &[] };
    let (setup, _) = Setup::read(&case);
    let (mut mesh, mut names) = (Mesh::default(), Vec::new());
    for solid in &out.meshes {
        let OutcomeMesh::Solid { name, points, tets, .. } = solid else { continue };
        let (n, t) = (mesh.points.len(), mesh.tets.len());
        mesh.points.extend(points.iter().map(|p| DVec3::from(*p)));
        mesh.tets.extend(tets.iter().map(|c| c.map(|i| i + n as u32)));
        let (nodes, tets) = (n..mesh.points.len(), t..mesh.tets.len());
        mesh.parts.push(Span { nodes, tets, facets: 0..0, quality: Quality::default() });
        names.push(name.clone());
    }
    assert_eq!(names.len(), setup.parts.len());
    let nodal = |id: &str, case: &str| -> Option<Vec<f64>> {
        let of = |mesh: &String| {
            let is =
                |f: &&solver::study::outcome::Field| f.id == id && f.mesh == *mesh && f.case.as_deref() == Some(case);
            Some(out.fields.iter().find(is)?.values.iter().map(|v| f64::from(*v)).collect::<Vec<f64>>())
        };
        Some(names.iter().map(of).collect::<Option<Vec<_>>>()?.concat())
    };
    let each = setup.cases.iter().map(|case| {
        let u = nodal("displacement", &case.id).unwrap();
        let warm = nodal("temperature", &case.id);
        assert_eq!(warm.is_some(), setup.warmth.is_some());
        let temperature = warm.unwrap_or_else(|| vec![setup.even; mesh.points.len()]);
        let at = expansion::at_points(&mesh, &temperature);
        let of = |(t, at): (usize, &[f64; 4])| at.map(|at| setup.parts[mesh.part_of(t)].elasticity(at));
        let points: Vec<[Elasticity; 4]> = at.iter().enumerate().map(of).collect();
        let mut raw: Raw = recover::raw(&mesh, Materials::Points(&points), &u).unwrap();
        if let Some((_, rest)) = &setup.warmth {
            let free: Free = expansion::free(&mesh, &at, |part, t| setup.parts[part].growth(*rest, t));
            expansion::relieve(&mesh, Materials::Points(&points), &free, &mut raw);
        }
        calculix::Step { u, raw }
    });
    each.collect()
}

fn force(id: &str, face: &str, f: [f64; 3]) -> Object {
    Object::new(id, "force", id).with("faces", part::faces(&[face])).with("force", part::vector(f, "N"))
}

fn case(id: &str, loads: &[&str]) -> Object {
    Object::new(id, "load_case", id).with("loads", Value::Refs(loads.iter().map(|l| (*l).into()).collect()))
}

fn held(kind: &str, faces: &[&str]) -> Object {
    Object::new(&*format!("{kind}_{}", faces[0]), kind, kind).with("faces", part::faces(faces))
}

#[test]
fn calculix_agrees_on_the_same_mesh() {
    let block = |turn: glam::DQuat| part::block([0.06, 0.02, 0.02], move |p| turn * p);
    let straight = glam::DQuat::IDENTITY;
    let turned = glam::DQuat::from_euler(glam::EulerRot::ZYX, 0.5, 0.3, -0.2);
    let pressure = Object::new("p", "pressure", "p")
        .with("faces", part::faces(&["z1"]))
        .with("pressure", Value::Expr("2 MPa".into()));
    let moment = |coupling: &str| {
        Object::new("m", "remote_moment", "m")
            .with("faces", part::faces(&["x1"]))
            .with("moment", part::vector([30.0, 10.0, -20.0], "N*m"))
            .with("coupling", Value::Choice(coupling.into()))
    };
    agree("bending", vec![held("fixed", &["x0"]), force("f", "x1", [0.0, 0.0, -500.0])], block(straight), 8e-3);
    agree(
        "cases",
        vec![
            held("fixed", &["x0"]),
            force("f", "x1", [0.0, 300.0, 0.0]),
            force("g", "z1", [900.0, 0.0, -200.0]),
            case("one", &["f"]),
            case("two", &["f", "g"]),
        ],
        block(straight),
        8e-3,
    );
    agree("weight", vec![held("fixed", &["x0"]), Object::new("g", "gravity", "g")], block(straight), 8e-3);
    agree("pressure", vec![held("fixed", &["x0", "x1"]), pressure.clone()], block(turned), 8e-3);
    // Sliding on faces that lean: equations instead of boundary lines.
    agree("sliding", vec![held("sliding", &["x0", "y0", "z0"]), pressure.clone()], block(turned), 8e-3);
    agree("spread", vec![held("fixed", &["x0"]), moment("distributing")], block(turned), 8e-3);
    agree("rigid", vec![held("fixed", &["x0"]), moment("rigid")], block(turned), 8e-3);
    let beside = part::block([0.03, 0.03, 0.03], |p| p + DVec3::new(0.06, -0.005, -0.005));
    let push = Object::new("f", "force", "f")
        .with("faces", Value::Faces(vec![solver::surface::FaceName("cap.x1".into())]))
        .with("force", part::vector([0.0, 150.0, -500.0], "N"));
    let bodies = vec![("part", block(straight), "s235jr"), ("cap", beside, "en_aw_6061_t6")];
    agree_bodies("bonded", vec![held("fixed", &["x0"]), push], bodies, 8e-3);
    let ring = |o| agree("ring", o, part::quarter_ring(0.1, 0.2, 0.05, 24), 2e-2);
    let inside = Object::new("p", "pressure", "p")
        .with("faces", part::faces(&["inner"]))
        .with("pressure", Value::Expr("100 MPa".into()));
    ring(vec![held("sliding", &["x0", "y0", "bottom", "top"]), inside.clone()]);
    agree("ring_held", vec![held("fixed", &["x0"]), inside], part::quarter_ring(0.1, 0.2, 0.05, 24), 2e-2);
    let bearing = Object::new("b", "bearing", "b")
        .with("faces", part::faces(&["inner"]))
        .with("force", part::vector([800.0, 600.0, 0.0], "N"));
    agree("bearing", vec![held("fixed", &["y0"]), bearing], part::quarter_ring(0.1, 0.2, 0.05, 24), 2e-2);
}

/// What the comparison is for: another order of the points or of the shears is seen.
#[test]
fn stresses_of_another_order_do_not_agree() {
    let twist = Object::new("m", "remote_moment", "m")
        .with("faces", part::faces(&["x1"]))
        .with("moment", part::vector([30.0, 10.0, -20.0], "N*m"));
    let bar = vec![("part", part::block([0.06, 0.02, 0.02], |p| p), "s235jr")];
    let (design, model) = verified(vec![held("fixed", &["x0"]), twist], bar, 8e-3, |study| study);
    let out = run::run(&design, &model);
    let raw = own(&design, &model, &out).remove(0).raw;
    assert_eq!(stress_apart(&raw, &raw), 0.0);
    let shears: Raw = raw.iter().map(|e| e.map(|s| [s[0], s[1], s[2], s[3], s[5], s[4]])).collect();
    let points: Raw = raw.iter().map(|e| [e[1], e[0], e[2], e[3]]).collect();
    for other in [shears, points] {
        assert!(stress_apart(&raw, &other) > 10.0 * STRESS);
    }
}

#[test]
fn calculix_agrees_on_what_hardly_changes_its_volume() {
    // Beyond ν = 0.45 the volume strain is averaged over an element here and not there, so that nothing is to agree.
    let rubber = Object::new("rubber", "isotropic", "Rubber")
        .with("bodies", Value::Refs(vec!["part".into()]))
        .expr("youngs_modulus", "50 MPa")
        .expr("poisson_ratio", "0.449");
    let push = Object::new("p", "pressure", "p").with("faces", part::faces(&["z1"])).expr("pressure", "0.1 MPa");
    let block = part::block([0.06, 0.02, 0.02], |p| p);
    agree("rubber", vec![rubber, held("fixed", &["x0", "x1"]), push], block, 8e-3);
}

#[test]
fn calculix_agrees_on_what_warms_and_softens() {
    let bar = || vec![("part", part::block([0.06, 0.02, 0.02], |p| p), "s235jr")];
    let warm = |o: Object| o.with("warmth", Value::Choice("given".into())).expr("temperature", "150 °C");
    let bend = || force("f", "x1", [0.0, 200.0, -500.0]);
    let root = || held("fixed", &["x0"]);
    agree_study("warm", vec![root(), bend()], bar(), 8e-3, warm);
    let steel = || {
        Object::new("hot_steel", "isotropic", "Hot steel")
            .with("bodies", Value::Refs(vec!["part".into()]))
            .expr("youngs_modulus", "table(temperature, 20 °C, 210 GPa, 150 °C, 180 GPa, 420 °C, 130 GPa)")
            .expr("poisson_ratio", "table(temperature, 20 °C, 0.28, 420 °C, 0.33)")
            .expr("expansion", "table(temperature, 20 °C, 12e-6 1/K, 420 °C, 15e-6 1/K)")
            .expr("reference", "40 °C")
            .expr("conductivity", "40 W/(m*K)")
    };
    agree_study("soft", vec![steel(), root(), bend()], bar(), 8e-3, warm);
    // From free of stress at another temperature, warm along its length: temperatures rise evenly, as the other program
    // reads them between corners.
    let at = |id: &str, face: &str, t: &str| {
        Object::new(id, "temperature", id).with("faces", part::faces(&[face])).expr("temperature", t)
    };
    let heat = |o: Object| {
        o.with("warmth", Value::Choice("heat".into()))
            .with("heat", Value::Refs(vec!["heat".into()]))
            .expr("stress_free", "80 °C")
    };
    let sloped = || vec![at("cold", "x0", "20 °C"), at("hot", "x1", "400 °C"), Object::new("heat", "heat", "heat")];
    let mut objects = vec![steel(), root(), bend()];
    objects.extend(sloped());
    agree_study("sloped", objects, bar(), 8e-3, heat);
    let ply = crate::orthotropic::ply(DVec3::new(1.0, 0.6, -0.3), DVec3::new(0.2, 1.0, 0.5));
    agree_study("warm_ply", vec![ply, root(), bend()], bar(), 8e-3, warm);
}

#[test]
fn calculix_agrees_on_given_ways_springs_and_turning() {
    let block = |turn: glam::DQuat| part::block([0.06, 0.02, 0.02], move |p| turn * p);
    let straight = glam::DQuat::IDENTITY;
    let turned = glam::DQuat::from_euler(glam::EulerRot::ZYX, 0.5, 0.3, -0.2);
    let lift = Object::new("lift", "displacement", "lift")
        .with("faces", part::faces(&["x1"]))
        .with("along_y", Value::Choice("given".into()))
        .expr("y", "0.05 mm")
        .expr("z", "-0.1 mm");
    agree("given", vec![held("fixed", &["x0"]), lift], block(straight), 8e-3);
    // Along a normal that leans: an extra node brings the way.
    let pull = Object::new("pull", "displacement", "pull")
        .with("faces", part::faces(&["x1"]))
        .with("by", Value::Choice("normal".into()))
        .expr("normal", "0.1 mm");
    let load = force("f", "z1", [0.0, 300.0, 0.0]);
    agree("given_normal", vec![held("fixed", &["x0"]), pull, load], block(turned), 8e-3);
    let bed = Object::new("bed", "elastic", "bed")
        .with("faces", part::faces(&["z0"]))
        .expr("stiffness", "20 N/mm^3")
        .expr("tangential", "5 N/mm^3");
    agree("bed", vec![bed.clone(), force("f", "x1", [200.0, 0.0, -500.0])], block(turned), 8e-3);
    let bed = bed.expr("tangential", "0 N/mm^3");
    let ring = || part::quarter_ring(0.1, 0.2, 0.05, 24);
    let mut round = bed;
    round.properties.insert("faces".into(), part::faces(&["outer"]));
    let push = force("f", "inner", [3000.0, 2000.0, 0.0]);
    agree("round_bed", vec![round, held("symmetry", &["x0", "y0", "bottom"]), push], ring(), 2e-2);
    let spin = Object::new("spin", "rotation", "spin")
        .expr("speed", "300 rad/s")
        .with("point", part::vector([0.01, 0.0, 0.0], "m"))
        .with("direction", part::vector([0.0, 1.0, 1.0], ""));
    let axis = "*DLOAD\nPART1,CENTRIF,90000.0,0.01,0.0,0.0,0.0,0.7071067811865475,0.7071067811865475";
    agree_on("spin", vec![held("fixed", &["x0"]), spin], block(straight), 8e-3, axis);
}
