//! Body-fitted tetrahedra: closed, of the body's volume and genus, sound and well shaped, with its faces and edges.

#[path = "../support/part.rs"]
#[allow(dead_code)] // Each test file uses its share.
mod part;
#[path = "../support/simjeb.rs"]
#[allow(dead_code)]
mod simjeb;
#[path = "../geometry/support.rs"]
#[allow(dead_code)]
mod support;

use glam::DVec3;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use solver::design::{Object, Value, template};
use solver::geometry::{Body, evaluate};
use solver::mesh::tet::{MeshError, Options, TetMesh, mesh, quality};
use solver::surface::{FaceName, Representation, Shape, SurfaceMesh};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use support::{block, build, choice, mm, point};

fn made(body: &dyn Body, options: &Options) -> TetMesh {
    mesh(body, options, &AtomicBool::new(false)).unwrap()
}

/// Vertices − edges + triangles; every side must be used once each way.
fn euler(triangles: impl Iterator<Item = [u32; 3]>, label: &str) -> i64 {
    let mut sides: HashMap<(u32, u32), [u32; 2]> = HashMap::new();
    let mut vertices = std::collections::HashSet::new();
    let mut n = 0;
    for t in triangles {
        n += 1;
        for k in 0..3 {
            vertices.insert(t[k]);
            let (a, b) = (t[k], t[(k + 1) % 3]);
            sides.entry((a.min(b), a.max(b))).or_default()[usize::from(a < b)] += 1;
        }
    }
    assert!(sides.values().all(|s| *s == [1, 1]), "{label}: the surface is not closed");
    vertices.len() as i64 - sides.len() as i64 + n
}

fn by_name(names: &[FaceName], areas: &[f64]) -> BTreeMap<String, f64> {
    let mut out = BTreeMap::new();
    for (n, a) in names.iter().zip(areas) {
        *out.entry(n.0.clone()).or_insert(0.0) += a;
    }
    out
}

/// All that a mesh of a valid body promises. `area`: relative tolerance of each face's area.
fn check(body: &dyn Body, made: &TetMesh, area: f64, label: &str) {
    let surface = body.surface();
    let q = &made.quality;
    assert_eq!(made.n_lost, 0, "{label}: surface triangles lost");
    assert!(q.dihedral_min >= 8_f64.to_radians(), "{label}: dihedral angle {}°", q.dihedral_min.to_degrees());
    assert_eq!(q.bad, [0; 0], "{label}: bad tetrahedra");
    assert!(q.jacobian_min > 0.0, "{label}: Jacobian {}", q.jacobian_min);
    // Measured here as well, so that the report is not the only witness.
    for t in 0..made.tets.len() {
        let x = made.nodes(t);
        let p = [x[0], x[1], x[2], x[3]];
        assert!((p[1] - p[0]).cross(p[2] - p[0]).dot(p[3] - p[0]) > 0.0, "{label}: element {t} is inverted");
        let [lo, hi] = quality::dihedral(p);
        assert!(lo >= q.dihedral_min && hi <= q.dihedral_max, "{label}: element {t}");
    }
    let truth = body.mass_properties().volume;
    let volume = made.volume();
    assert!((volume / truth - 1.0).abs() < 1e-3, "{label}: volume {volume} for {truth}");

    let corners = made.boundary.iter().map(|f| [f.nodes[0], f.nodes[1], f.nodes[2]]);
    assert_eq!(euler(corners, label), euler(surface.triangles.iter().copied(), label), "{label}: genus");
    for f in &made.boundary {
        let x: Vec<DVec3> = f.nodes.iter().map(|i| DVec3::from(made.points[*i as usize])).collect();
        let centre = made.nodes(f.tet as usize)[..4].iter().sum::<DVec3>() / 4.0;
        assert!((x[1] - x[0]).cross(x[2] - x[0]).dot(x[0] - centre) > 0.0, "{label}: a facet looks inwards");
    }

    let truth: Vec<f64> = surface.faces.iter().map(|f| f.area).collect();
    let truth = by_name(&made.faces, &truth);
    for (name, measured) in by_name(&made.faces, &made.face_areas()) {
        let truth = truth[&name];
        assert!((measured - truth).abs() <= area * truth, "{label}: {name} has {measured} m² for {truth}");
    }
    if body.representation() != Representation::Exact {
        return;
    }
    let size = surface.bounds().map_or(1.0, |(lo, hi)| (DVec3::from(hi) - DVec3::from(lo)).length());
    for f in &made.boundary {
        if let Shape::Plane { point, normal } = surface.faces[f.face as usize].shape {
            for i in f.nodes {
                let off = (DVec3::from(made.points[i as usize]) - DVec3::from(point)).dot(DVec3::from(normal));
                assert!(off.abs() < 1e-9 * size, "{label}: a node {off} m off its plane");
            }
        }
    }
    // The ends of every edge are nodes, and element edges follow its whole length. Where two edges between the same two
    // faces go on from one another, at the seam of a bore, nothing ends.
    let nodes: std::collections::HashSet<[u64; 3]> =
        made.points[..made.n_corners].iter().map(|p| p.map(f64::to_bits)).collect();
    let mut meeting: HashMap<u32, Vec<&[FaceName; 2]>> = HashMap::new();
    for e in &surface.edges {
        for p in [e.points[0], e.points[e.points.len() - 1]] {
            meeting.entry(p).or_default().push(&e.name.faces);
        }
    }
    for (p, edges) in meeting.iter().filter(|(_, edges)| edges.len() != 2 || edges[0] != edges[1]) {
        let node = surface.points[*p as usize].map(f64::to_bits);
        assert!(nodes.contains(&node), "{label}: an end of the edge between {:?} is no node", edges[0]);
    }
    let along: f64 = made
        .edges
        .iter()
        .map(|[a, b, m]| {
            let [a, b, m] = [a, b, m].map(|i| DVec3::from(made.points[*i as usize]));
            // Simpson's rule on the parabola's speed.
            let (d, bend) = (b - a, 4.0 * m - 2.0 * (a + b));
            ((d + bend).length() + 4.0 * d.length() + (d - bend).length()) / 6.0
        })
        .sum();
    let truth: f64 = surface.edges.iter().map(|e| e.length).sum();
    assert!((along - truth).abs() <= 5e-3 * truth, "{label}: edges of {along} m for {truth}");
}

fn check_design(objects: Vec<Object>, size_mm: f64, label: &str) -> TetMesh {
    let model = build(objects);
    assert_eq!(model.issues, [], "{label}");
    let body = &model.bodies[0].body;
    let made = made(&**body, &Options::new(1e-3 * size_mm));
    check(&**body, &made, 0.01, label);
    made
}

#[test]
fn a_box_is_filled_exactly() {
    let made = check_design(vec![block("b", 50.0, 30.0, 20.0)], 5.0, "box");
    assert!((made.volume() / 3e-5 - 1.0).abs() < 1e-12);
    assert!(made.tets.len() > 1000 && made.quality.dihedral_histogram.iter().sum::<u32>() == made.tets.len() as u32);
}

#[test]
fn a_turned_box_is_as_good_as_a_straight_one() {
    let turn = Object::new("m", "move", "Turn")
        .with("bodies", support::refs(&["b"]))
        .with("axis", choice("y"))
        .expr("angle", "33 deg")
        .with("translation", point(3.0, 7.0, 1.0));
    check_design(vec![block("b", 50.0, 30.0, 20.0), turn], 5.0, "turned box");
}

#[test]
fn a_thin_plate_has_one_layer_of_good_elements() {
    check_design(vec![block("b", 60.0, 40.0, 1.0)], 6.0, "plate");
}

#[test]
fn more_elements_across_a_wall_are_there_when_wished() {
    let model = build(vec![block("b", 20.0, 20.0, 2.0)]);
    let body = &model.bodies[0].body;
    let across = |n: f64| made(&**body, &Options { across: n, ..Options::new(5e-3) });
    let (one, three) = (across(1.0), across(3.0));
    check(&**body, &three, 0.01, "three across");
    let inner = |m: &TetMesh| m.points[..m.n_corners].iter().filter(|p| p[2] > 1e-5 && p[2] < 2e-3 - 1e-5).count();
    assert!(inner(&three) > 10 * inner(&one).max(1), "{} and {}", inner(&one), inner(&three));
}

#[test]
fn round_bodies_have_their_true_volume() {
    let cylinder = Object::new("c", "cylinder", "C").expr("radius", "10 mm").expr("height", "30 mm");
    check_design(vec![cylinder], 4.0, "cylinder");
    check_design(vec![Object::new("s", "sphere", "S").expr("radius", "12 mm")], 4.0, "sphere");
    let torus = Object::new("t", "torus", "T").expr("major", "20 mm").expr("minor", "5 mm");
    check_design(vec![torus], 3.0, "torus");
}

#[test]
fn a_face_may_be_finer_than_the_rest() {
    let model = build(vec![block("b", 40.0, 40.0, 40.0)]);
    let body = &model.bodies[0].body;
    let name = body.surface().faces[0].name.clone();
    let options = Options { face_sizes: vec![(name, 1.5e-3)], ..Options::new(8e-3) };
    let fine = made(&**body, &options);
    check(&**body, &fine, 1e-9, "fine face");
    let n = |face: u32| fine.boundary.iter().filter(|f| f.face == face).count();
    assert!((1..6).all(|f| n(0) > 3 * n(f)), "{:?}", (0..6).map(n).collect::<Vec<_>>());
}

#[test]
fn the_templates_mesh() {
    for (id, size) in [("bracket", 6.0), ("flange", 8.0), ("heat_sink", 6.0)] {
        let model = evaluate(&(template(id).unwrap().build)(), &support::Blobs::default());
        let body = &model.bodies[0].body;
        check(&**body, &made(&**body, &Options::new(1e-3 * size)), 0.01, id);
    }
}

#[test]
fn threads_do_not_change_a_bit() {
    let hole = Object::new("h", "hole", "H").expr("x", "20 mm").expr("y", "15 mm").expr("diameter", "9 mm");
    let model = build(vec![block("b", 40.0, 30.0, 8.0), hole]);
    let body = &model.bodies[0].body;
    let on = |n: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap();
        pool.install(|| made(&**body, &Options::new(3e-3)))
    };
    assert!(on(1) == on(2));
}

#[test]
fn what_is_no_body_is_refused() {
    let whole = part::block([0.04, 0.02, 0.01], |p| p);
    let refuse = |surface: SurfaceMesh, size: f64| {
        mesh(&part::Triangles(Arc::new(surface)), &Options::new(size), &AtomicBool::new(false)).unwrap_err()
    };
    let mut open = whole.clone();
    open.triangles.truncate(11);
    assert!(matches!(refuse(open, 0.004), MeshError::Open { .. }));
    let mut nan = whole.clone();
    nan.points[3][1] = f64::NAN;
    assert!(matches!(refuse(nan, 0.004), MeshError::NotFinite { .. }));
    assert!(matches!(refuse(SurfaceMesh::default(), 0.004), MeshError::Empty));
    assert!(matches!(refuse(whole.clone(), 0.0), MeshError::Size { .. }));
    let stopped = mesh(&part::Triangles(Arc::new(whole)), &Options::new(0.004), &AtomicBool::new(true));
    assert!(matches!(stopped, Err(MeshError::Cancelled(_))));
}

#[test]
#[allow(clippy::print_stdout)]
fn real_brackets_mesh() {
    for id in ["311", "64"] {
        let Some(bracket) = simjeb::bracket(id, |study| study) else {
            println!("skipped: the reference brackets are not beside this checkout (../shared/simjeb)");
            return;
        };
        let body = &bracket.model.bodies[0].body;
        // Faces of these files meet in smooth, ragged borders, which the mesh follows to half an element only.
        check(&**body, &made(&**body, &Options::new(4e-3)), 0.05, id);
    }
}

#[test]
#[allow(clippy::print_stdout)]
fn what_is_finer_than_the_elements_leaves_the_surface_whole() {
    // Lips of 1 mm that fold over, in 64, and a step of 15 µm along a whole rib of 21: triangles of the wished size cut one
    // another there. 64 lost hundreds of triangles and had angles of 0.04°.
    for (id, size, least) in [("64", 16e-3, 4.2e-3), ("64", 16e-3, 4.6e-3), ("21", 12e-3, 3.6e-3)] {
        let Some(bracket) = simjeb::bracket(id, |study| study) else {
            println!("skipped: the reference brackets are not beside this checkout (../shared/simjeb)");
            return;
        };
        let body = &bracket.model.bodies[0].body;
        let made = made(&**body, &Options { size_min: least, ..Options::new(size) });
        let label = format!("{id} at {size} m");
        assert_eq!(made.n_lost, 0, "{label}");
        assert!(made.quality.dihedral_min > 5_f64.to_radians(), "{label}: {}°", made.quality.dihedral_min.to_degrees());
        let corners = made.boundary.iter().map(|f| [f.nodes[0], f.nodes[1], f.nodes[2]]);
        let whole = euler(body.surface().triangles.iter().copied(), &label);
        assert_eq!(euler(corners, &label), whole, "{label}: genus");
        let truth = body.mass_properties().volume;
        // Elements of 16 mm cut across what is round.
        assert!((made.volume() / truth - 1.0).abs() < 0.02, "{label}: {} m³ for {truth}", made.volume());
    }
}

#[test]
fn a_surface_that_cuts_itself_is_refused_where_it_does() {
    // A block with one corner drawn through the opposite one: no elements keep that, however small.
    let body = part::Triangles(Arc::new(part::block([0.04, 0.02, 0.01], |p| p)));
    let mut crossed = (*body.0).clone();
    let last = crossed.points.iter().position(|p| p.iter().zip([0.04, 0.02, 0.01]).all(|(a, b)| (a - b).abs() < 1e-9));
    crossed.points[last.unwrap()] = [-0.02, -0.01, -0.005];
    let crossed = part::Triangles(Arc::new(crossed));
    let refused = mesh(&crossed, &Options::new(0.004), &AtomicBool::new(false));
    assert!(matches!(refused, Err(MeshError::Folded { .. })), "{:?}", refused.map(|m| (m.n_lost, m.quality)));
}

#[test]
fn a_thin_plate_with_a_small_hole_and_a_boss_meshes() {
    let d = [59.007097704860115, 20.0, 3.0];
    let (hole, boss, h) = ((0.3469654144104958, 0.658567821615065, 0.1), (0.65, 0.6963051710429188, 0.15), 2.0);
    let least = f64::min(d[0], d[1]);
    let at = |x: f64, y: f64, z: f64| point(x * d[0], y * d[1], z);
    let boss_object = Object::new("boss", "cylinder", "Boss")
        .with("operation", choice("join"))
        .with("origin", at(boss.0, boss.1, 0.5 * d[2]))
        .with("axis", choice("z"))
        .expr("radius", &mm(0.5 * boss.2 * least))
        .expr("height", &mm(0.5 * d[2] + h));
    let hole_object = Object::new("h", "hole", "H")
        .expr("x", &mm(hole.0 * d[0]))
        .expr("y", &mm(hole.1 * d[1]))
        .expr("diameter", &mm(hole.2 * least));
    check_design(vec![block("b", d[0], d[1], d[2]), boss_object, hole_object], 5.0, "thin plate");
}

#[test]
fn bores_a_hundred_times_as_long_as_wide_mesh() {
    // Their wall's triangles are as long as the bores: each must ask for its size all along.
    let bore = Object::new("h", "hole", "H").expr("x", "0.5 mm").expr("y", "2.5 mm").expr("diameter", "0.3 mm");
    let row = Object::new("row", "pattern_linear", "Row")
        .with("features", Value::Refs(vec!["h".into()]))
        .expr("count", "3")
        .expr("spacing", "0.6 mm");
    check_design(vec![block("b", 3.0, 5.0, 30.0), bore, row], 5.0, "bores");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 20, rng_seed: RngSeed::Fixed(7), ..ProptestConfig::default() })]

    #[test]
    fn random_plates_with_holes_bosses_and_pockets_mesh(
        d in [20.0..60.0, 20.0..50.0, 3.0..20.0],
        hole in (0.25..0.4, 0.3..0.7, 0.1..0.35),
        boss in (0.65..0.8, 0.3..0.7, 0.15..0.4),
        h in 2.0..12.0,
    ) {
        let least = f64::min(d[0], d[1]);
        let at = |x: f64, y: f64, z: f64| point(x * d[0], y * d[1], z);
        let boss_object = Object::new("boss", "cylinder", "Boss").with("operation", choice("join"))
            .with("origin", at(boss.0, boss.1, 0.5 * d[2])).with("axis", choice("z"))
            .expr("radius", &mm(0.5 * boss.2 * least)).expr("height", &mm(0.5 * d[2] + h));
        let hole_object = Object::new("h", "hole", "H").expr("x", &mm(hole.0 * d[0])).expr("y", &mm(hole.1 * d[1]))
            .expr("diameter", &mm(hole.2 * least));
        check_design(vec![block("b", d[0], d[1], d[2]), boss_object, hole_object], 5.0, "random plate");
    }
}
