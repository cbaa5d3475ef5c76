//! What the body keeps of its design space: names and places of faces, what was to stay and to stay free, its volume.

use crate::sample::{self, cantilever, cells, choice, faces, refs, run, surface, value, volume, wish};
use solver::design::{Object, Severity};
use solver::mesh::{Grid, voxelize};
use solver::surface::{Shape, SurfaceMesh};

/// Sides of triangles without a neighbour, and those that more than two triangles share: none of a closed surface.
fn open_sides(surface: &SurfaceMesh) -> (usize, usize) {
    let mut sides: Vec<(u32, u32)> =
        surface.triangles.iter().flat_map(|t| (0..3).map(|k| (t[k], t[(k + 1) % 3]))).collect();
    sides.sort_unstable();
    let doubled = sides.windows(2).filter(|w| w[0] == w[1]).count();
    (sides.iter().filter(|(a, b)| sides.binary_search(&(*b, *a)).is_err()).count(), doubled)
}

/// Points of the triangles of a face.
fn points_of(surface: &SurfaceMesh, name: &str) -> Vec<[f64; 3]> {
    let face = surface.faces.iter().position(|f| f.name.0 == name).unwrap_or_else(|| panic!("no face {name}"));
    let of = surface.triangles.iter().zip(&surface.face_of).filter(|t| *t.1 as usize == face);
    of.flat_map(|t| t.0.map(|p| surface.points[p as usize])).collect()
}

#[test]
fn interfaces_stay_in_place_and_the_volume_is_the_optimisers() {
    // A bore of 8 mm across, held; an end face, loaded.
    let bore = Object::new("bore", "hole", "Bore")
        .with("plane", choice("xz"))
        .expr("x", "8 mm")
        .expr("y", "12 mm")
        .expr("diameter", "8 mm");
    let pin = Object::new("pin", "fixed", "Pin").with("faces", faces(&["bore.wall"]));
    let objects = vec![sample::space(), bore, pin, sample::push(), wish().expr("cells", "32").expr("layer", "3 mm")];
    let sample = sample::sample(objects);
    assert_eq!(sample.model.issues, []);
    let out = run(&sample);
    let body = surface(&out);
    assert_eq!(open_sides(body), (0, 0));
    let space = volume(sample.model.bodies[0].body.surface());
    let wanted = value(&out, "share") * space;
    assert!((volume(body) / wanted - 1.0).abs() < 5e-3, "{} for {wanted}", volume(body));
    assert!((value(&out, "share") - 0.4).abs() < 4e-3);
    // Its own, to which the triangles of the view come near.
    assert!((value(&out, "volume") / volume(body) - 1.0).abs() < 2e-3);
    assert!((value(&out, "volume") / wanted - 1.0).abs() < 2.1e-3);
    // To a hundredth of a millimetre where they were, on what shape they are.
    let right = points_of(body, "space.right");
    assert!(right.iter().all(|p| (p[0] - 0.048).abs() < 1e-5));
    let wall = points_of(body, "bore.wall");
    let off = |p: &[f64; 3]| ((p[0] - 0.008).hypot(p[2] - 0.012) - 0.004).abs();
    let most = wall.iter().map(off).fold(0.0, f64::max);
    assert!(most < 1e-5, "{most}");
    let face = body.faces.iter().find(|f| f.name.0 == "bore.wall").unwrap();
    assert!(matches!(face.shape, Shape::Cylinder { radius, .. } if (radius - 4e-3).abs() < 1e-9), "{:?}", face.shape);
    // All of the interfaces is there.
    let area = |surface: &SurfaceMesh, name: &str| -> f64 {
        let face = surface.faces.iter().position(|f| f.name.0 == name).unwrap();
        let of = (0..surface.triangles.len()).filter(|t| surface.face_of[*t] as usize == face);
        of.map(|t| surface.triangle_cross(t).iter().map(|c| c * c).sum::<f64>().sqrt() / 2.0).sum()
    };
    for name in ["space.right", "bore.wall"] {
        let (found, whole) = (area(body, name), area(sample.model.bodies[0].body.surface(), name));
        assert!((found / whole - 1.0).abs() < 0.015, "{name}: {found} of {whole}");
    }
    assert!(body.faces.iter().any(|f| f.name.0 == "study.grown"));
}

#[test]
fn what_is_to_stay_stays_and_what_is_to_stay_free_is_free() {
    let rod = Object::new("rod", "cylinder", "Rod")
        .with("origin", sample::vector([24.0, 0.0, 20.0], "mm"))
        .with("axis", choice("y"))
        .expr("radius", "3 mm")
        .expr("height", "12 mm");
    let tool = Object::new("tool", "box", "Tool")
        .with("origin", sample::vector([14.0, 3.0, 4.0], "mm"))
        .expr("dx", "20 mm")
        .expr("dy", "20 mm")
        .expr("dz", "9 mm");
    let study = wish()
        .with("keep_bodies", refs(&["rod"]))
        .with("avoid_bodies", refs(&["tool"]))
        .with("avoid_faces", faces(&["space.bottom"]))
        .expr("distance", "1.5 mm");
    let sample = cantilever(study, vec![rod, tool]);
    assert_eq!(sample.model.issues, []);
    let out = run(&sample);
    let body = surface(&out);
    assert_eq!(open_sides(body), (0, 0));
    // On the surface: none of its points is in what is avoided.
    let rounding = 1e-5;
    let of = |name: &str| sample.model.bodies.iter().find(|b| b.name == name).unwrap().body.clone();
    let mut distance = vec![0.0; body.points.len()];
    of("tool").signed_distance(&body.points, &mut distance);
    let deepest = distance.iter().copied().fold(f64::INFINITY, f64::min);
    assert!(deepest > -rounding, "{deepest}");
    // Near the bottom nothing is, but where held and loaded faces would keep it, were it not avoided.
    assert!(body.points.iter().all(|p| p[2] > 1.4e-3));
    // In the volume: fine cells of the rod are full, of the tool empty, but for chords of triangles at its border.
    let grid = Grid::over([0.0; 3], [0.048, 0.012, 0.024], 5e-4, 1);
    let built = voxelize(body, &grid).unwrap();
    let deep = |name: &str| -> Vec<u32> {
        let centres: Vec<[f64; 3]> = (0..grid.n_cells()).map(|c| grid.centre(grid.position(c))).collect();
        let mut distance = vec![0.0; centres.len()];
        of(name).signed_distance(&centres, &mut distance);
        (0..centres.len() as u32).filter(|c| distance[*c as usize] < -6e-4).collect()
    };
    let (rod, tool) = (deep("rod"), deep("tool"));
    assert!(rod.len() > 1000 && tool.len() > 5000, "canary");
    assert!(rod.iter().all(|c| built.full.binary_search(c).is_ok()));
    assert!(tool.iter().all(|c| built.full.binary_search(c).is_err() && built.cut.binary_search(c).is_err()));
    // The cells of the optimiser say the same.
    let (grid, _, solid) = cells(&out);
    let fine = |c: usize| grid.centre(grid.position(c));
    for c in 0..solid.len() {
        let p = [fine(c)];
        let mut d = [0.0];
        of("tool").signed_distance(&p, &mut d);
        assert!(!(solid[c] && d[0] < 0.0), "{p:?} is in the tool");
        of("rod").signed_distance(&p, &mut d);
        assert!(solid[c] || d[0] > -0.5 * grid.cell, "{p:?} is in the rod");
    }
}

#[test]
fn the_lightest_keeps_its_displacement_and_weights_count() {
    let goal = wish().with("goal", choice("displacement")).expr("displacement", "0.012 mm").expr("iterations", "40");
    let out = run(&cantilever(goal, vec![]));
    let mean = value(&out, "compliance") / 100.0;
    assert!(mean < 1.02 * 12e-6 && mean > 0.9 * 12e-6, "{mean}");
    assert!(out.warnings.iter().all(|w| !w.contains("above its limit")), "{:?}", out.warnings);
    assert!(value(&out, "share") < 0.9);
    // Two load cases: the one that counts more gets stiffer.
    let side = Object::new("side", "force", "Side")
        .with("faces", faces(&["space.right"]))
        .with("force", sample::vector([0.0, 50.0, 0.0], "N"));
    let case = |id: &str, load: &str, weight: &str| {
        Object::new(id, "load_case", id).with("loads", refs(&[load])).expr("weight", weight)
    };
    let of = |weight: &str| {
        let more = vec![side.clone(), case("down", "push", "1"), case("across", "side", weight)];
        let out = run(&cantilever(wish().expr("iterations", "16"), more));
        let across = out.scalars.iter().find(|s| s.id == "compliance" && s.case.as_deref() == Some("across"));
        across.unwrap().value
    };
    assert!(of("10") < 0.95 * of("0.1"));
}

/// A limit that the whole space cannot keep is refused with what it can, before anything is run.
#[test]
fn a_limit_out_of_reach_is_refused_with_what_the_space_reaches() {
    use solver::study::{StudyError, study, suite};
    let generative = study("generative").unwrap();
    let within = |goal: &str, key: &str, limit: &str| {
        sample::cantilever(wish().with("goal", choice(goal)).expr(key, limit).expr("iterations", "4"), vec![])
    };
    // By Timoshenko the whole space moves by 4.6 µm and bears 4.2 MPa at its root.
    for (goal, key, limit, least) in [
        ("displacement", "displacement", "0.003 mm", 4.3e-3..4.9e-3),
        ("compliance", "compliance", "0.0003 J", 4.3e-4..4.9e-4),
        ("stress", "stress", "1 MPa", 2.5..4.5),
    ] {
        let sample = within(goal, key, limit);
        let Err(StudyError::Setup(issues)) = suite::run(generative, &sample, None).result else {
            panic!("{goal} is run")
        };
        let [issue] = &issues[..] else { panic!("{issues:?}") };
        assert_eq!((issue.key.as_deref(), issue.severity), (Some(key), Severity::Error));
        let after = issue.message.split(" filled ").nth(1).unwrap_or_default();
        let number = after.split(' ').find_map(|word| word.parse::<f64>().ok());
        assert!(number.is_some_and(|n| least.contains(&n)), "{}", issue.message);
        assert_eq!(sample.with(|case| generative.check(case)), issues, "the check says the same");
    }
}
