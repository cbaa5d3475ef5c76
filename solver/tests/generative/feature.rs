//! The body that was found as a feature of the design: the same body, and one like any other.

use crate::sample::{self, Stored, cantilever, choice, faces, refs, run, run_on, surface, value, volume, wish};
use solver::design::{Design, Object, Severity, Value};
use solver::geometry::export::{Form, export};
use solver::geometry::{Model, ModelBody, evaluate};
use solver::growth::Growth;
use solver::mesh::tet::{self, Options};
use solver::study::outcome::Outcome;
use solver::surface::{Representation, Shape};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// The feature that the answer proposes, and the file it needs.
fn feature(out: &Outcome) -> (Object, Stored) {
    let growth = out.growth.clone().expect("a body for the design");
    let mut object = Object::new("outcome", "generated", "Outcome");
    object.properties.extend(growth.head.values.clone());
    let file = Value::Blob { hash: "found".into(), name: format!("Study.{}", Growth::EXTENSION) };
    (object.with("file", file), Stored(vec![("found".into(), growth.to_bytes())]))
}

fn with(design: &Design, more: Vec<Object>) -> Design {
    let mut design = design.clone();
    design.objects.extend(more.into_iter().map(Arc::new));
    design
}

fn body<'a>(model: &'a Model, name: &str) -> &'a ModelBody {
    model.bodies.iter().find(|b| b.name == name).unwrap_or_else(|| panic!("no body {name}"))
}

fn has(model: &Model, face: &str) -> bool {
    body(model, "outcome").body.surface().faces.iter().any(|f| f.name.0 == face)
}

#[test]
fn the_feature_makes_the_body_that_was_found() {
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
    let out = run(&sample);
    let (object, files) = feature(&out);
    let design = with(&sample.design, vec![object.clone()]);
    assert_eq!(solver::design::check(&design), []);
    let model = evaluate(&design, &files);
    assert_eq!(model.issues, []);
    let made = body(&model, "outcome");
    assert_eq!(made.body.representation(), Representation::Field);
    assert_eq!(made.material, body(&model, "space").material);
    assert!((made.body.mass_properties().volume / value(&out, "volume") - 1.0).abs() < 1e-12);
    let (found, made) = (surface(&out), made.body.surface());
    assert_eq!((&made.points, &made.triangles), (&found.points, &found.triangles), "to the bit");
    assert!(["space.right", "space.left", "outcome.grown"].iter().all(|f| has(&model, f)));
    // What was solved for another body is no question of this one: the study stands on its space alone.
    assert_eq!(run(&sample::Sample { model, design: design.clone(), study: "study" }).scalars, out.scalars);

    // The space grows: the body stays, and says that it is not what was found for that space.
    let mut longer = design.clone();
    let space = Object::clone(longer.get(&"space".into()).unwrap()).expr("dz", "22 mm");
    longer.objects[0] = Arc::new(space);
    let model = evaluate(&longer, &files);
    let said: Vec<_> = model.issues.iter().map(|i| (i.object.0.as_str(), i.severity)).collect();
    assert_eq!(said, [("outcome", Severity::Warning)], "{:?}", model.issues);
    assert!(model.issues[0].message.contains("run the study again"), "{}", model.issues[0].message);
    assert!(volume(body(&model, "outcome").body.surface()) < value(&out, "volume"));

    // What cannot be is said at the property.
    let wrong = |object: Object, files: &Stored| {
        let model = evaluate(&with(&sample.design, vec![object]), files);
        assert!(!model.bodies.iter().any(|b| b.name == "outcome"));
        let [issue] = &model.issues[..] else { panic!("{:?}", model.issues) };
        (issue.key.clone().unwrap_or_default(), issue.message.clone())
    };
    let (key, why) = wrong(object.clone(), &Stored(vec![]));
    assert!(key == "file" && why.contains("has not arrived"), "{why}");
    let (key, why) = wrong(object.clone(), &Stored(vec![("found".into(), b"solid".to_vec())]));
    assert!(key == "file" && why.contains("no outcome"), "{why}");
    let (key, why) = wrong(object.clone().with("keep_faces", faces(&["space.side"])), &files);
    assert!(key == "keep_faces" && why.contains("no body has the face"), "{why}");
    let (key, why) = wrong(object.clone().with("keep_bodies", refs(&["space"])), &files);
    assert!(key == "keep_bodies" && why.contains("the design space itself"), "{why}");
    let (key, why) = wrong(object.with("bodies", refs(&[])), &files);
    assert!(key == "bodies" && why.contains("choose at least one"), "{why}");
}

#[test]
fn it_is_cut_joined_moved_and_repeated_like_any_body() {
    let sample = cantilever(wish(), vec![]);
    let (object, files) = feature(&run(&sample));
    let built = |more: Vec<Object>| {
        let mut all = vec![object.clone()];
        all.extend(more);
        let model = evaluate(&with(&sample.design, all), &files);
        let wrong: Vec<_> = model.issues.iter().filter(|i| i.severity == Severity::Error).collect();
        assert!(wrong.is_empty(), "{wrong:?}");
        model
    };
    let plain = volume(body(&built(vec![]), "outcome").body.surface());
    // A bore through the layer behind the loaded face, which is full.
    let bore = Object::new("bore", "cylinder", "Bore")
        .with("origin", sample::vector([46.9, 6.0, -1.0], "mm"))
        .expr("radius", "0.6 mm")
        .expr("height", "26 mm")
        .with("operation", choice("cut"))
        .with("targets", refs(&["outcome"]));
    let model = built(vec![bore]);
    let gone = plain - volume(body(&model, "outcome").body.surface());
    let whole = std::f64::consts::PI * 0.6e-3 * 0.6e-3 * 24e-3;
    assert!((gone / whole - 1.0).abs() < 0.2, "{gone} for {whole}");
    assert!(["bore.wall", "space.right", "outcome.grown"].iter().all(|f| has(&model, f)), "cut");
    let boss = Object::new("boss", "box", "Boss")
        .with("origin", sample::vector([46.0, 0.0, 0.0], "mm"))
        .expr("dx", "6 mm")
        .expr("dy", "12 mm")
        .expr("dz", "24 mm")
        .with("operation", choice("join"))
        .with("targets", refs(&["outcome"]));
    let model = built(vec![boss]);
    let more = volume(body(&model, "outcome").body.surface()) - plain;
    assert!((more / (4.0 * 12.0 * 24.0 * 1e-9) - 1.0).abs() < 0.02, "{more}");
    assert!(has(&model, "boss.right") && !has(&model, "space.right"), "joined");
    let copy = Object::new("copy", "mirror", "Copy").with("plane", choice("yz")).with("features", refs(&["outcome"]));
    let model = built(vec![copy]);
    let other = model.bodies.iter().find(|b| b.name.starts_with("outcome#")).expect("a copy");
    let (lo, hi) = other.body.surface().bounds().unwrap();
    assert!(lo[0] < -0.0479 && hi[0] < 1e-6 && (volume(other.body.surface()) / plain - 1.0).abs() < 1e-9);
}

/// Work of the force along z on a face, N: force times the mean displacement there.
fn work(out: &Outcome, face: &str, force: f64) -> f64 {
    let field = out.fields.iter().find(|f| f.id == "displacement" && f.mesh.starts_with("skin")).unwrap();
    let mesh = surface(out);
    let face = mesh.faces.iter().position(|f| f.name.0 == face).unwrap();
    let (mut sum, mut area) = (0.0, 0.0);
    for (t, corners) in mesh.triangles.iter().enumerate().filter(|t| mesh.face_of[t.0] as usize == face) {
        let a = mesh.triangle_cross(t).iter().map(|c| c * c).sum::<f64>().sqrt() / 2.0;
        area += a;
        sum += a * corners.map(|p| f64::from(field.values[3 * p as usize + 2])).iter().sum::<f64>() / 3.0;
    }
    force * sum / area
}

/// The same check of the same body, gone out as a file and come back as that file's.
fn reimported(design: &Design, files: &Stored, form: Form) -> Outcome {
    let bytes = export(design, files, form, &["outcome".into()]).unwrap();
    let file = Value::Blob { hash: "file".into(), name: format!("outcome.{}", form.extension()) };
    let files = Stored(vec![("file".into(), bytes)]);
    let import = || Object::new("back", "import", "Back").with("file", file.clone());
    let model = evaluate(&with(&Design::new(), vec![import()]), &files);
    let side = |sense: f64| {
        let faces = &body(&model, "back").body.surface().faces;
        let flat = faces.iter().filter(|f| matches!(f.shape, Shape::Plane { normal, .. } if sense * normal[0] > 0.999));
        flat.max_by(|a, b| a.area.total_cmp(&b.area)).expect("a flat side").name.0.clone()
    };
    let [left, right] = [-1.0, 1.0].map(side);
    let check = Object::clone(design.get(&"check".into()).unwrap()).with("bodies", refs(&["back"]));
    let all = vec![
        import(),
        sample::wall().with("faces", faces(&[&left])),
        sample::push().with("faces", faces(&[&right])),
        check,
    ];
    let design = with(&Design::new(), all);
    run_on(&design, &evaluate(&design, &files), "check")
}

/// The body is re-solved by the verified static study, on elements that follow it.
#[test]
fn a_verified_run_on_the_feature_agrees() {
    let sample = cantilever(wish().expr("cells", "32").expr("iterations", "50").expr("layer", "3 mm"), vec![]);
    let out = run(&sample);
    let (object, files) = feature(&out);
    let check = Object::new("check", "static", "Check")
        .with("bodies", refs(&["outcome"]))
        .with("method", choice("verified"))
        .with("resolution", choice("coarse"))
        .expr("accuracy", "5 %");
    let design = with(&sample.design, vec![object, check]);
    let verified = run_on(&design, &evaluate(&design, &files), "check");
    let found = value(&verified, "compliance");
    let by_hand = work(&verified, "space.right", -100.0);
    assert!((by_hand / found - 1.0).abs() < 2e-3, "{found}, by the mean way of the face {by_hand}");
    let (cells, densities) = (value(&out, "compliance_body"), value(&out, "compliance"));
    println!("compliance: verified {found:.6e}, body in cells {cells:.6e}, densities {densities:.6e}");
    assert!((densities / found - 1.0).abs() < 0.05, "{densities} for {found}");
    let [moved, truly] = [&out, &verified].map(|o| value(o, "displacement_max"));
    println!("largest displacement: verified {truly:.6e}, of the densities {moved:.6e}");
    assert!((moved / truly - 1.0).abs() < 0.05, "{moved} for {truly}");
    // Cells that are filled in part are as stiff as their share, which is stiffer than a thin wall in them.
    assert!(cells < found && cells > 0.94 * found, "{cells} for {found}");
    for form in [Form::Stl, Form::ThreeMf, Form::Step] {
        let other = value(&reimported(&design, &files, form), "compliance");
        println!("compliance: exported as {form:?} and imported again {other:.6e}");
        assert!((other / found - 1.0).abs() < 0.02, "{form:?}: {other} for {found}");
    }
    // It is a good design: the whole space, a beam by Timoshenko, is 2.5 times as heavy.
    let (e, nu, [l, b, h]) = (68.9e9, 0.33, [0.048, 0.012f64, 0.024]);
    let (inertia, shear) = (b * h.powi(3) / 12.0, 5.0 / 6.0 * e / (2.0 * (1.0 + nu)) * b * h);
    let least = 100.0f64.powi(2) * (l * l * l / (3.0 * e * inertia) + l / shear);
    assert!(found > least && found < 3.0 * least, "{found}, {least} of the whole space");
}

/// What falls into pieces is refused with the piece that hangs on nothing, not with a word about supports alone.
#[test]
fn a_body_in_pieces_is_refused_with_the_one_that_is_loose() {
    use solver::study::{Case, StudyError, study};
    let cube = |x: f64, first: usize| -> String {
        let corner = |k: usize| [x + 10.0 * (k & 1) as f64, 10.0 * (k >> 1 & 1) as f64, 10.0 * (k >> 2) as f64];
        let point = |k: usize| corner(k).map(|c| c.to_string()).join(" ");
        let sides = [[0, 2, 3, 1], [4, 5, 7, 6], [0, 1, 5, 4], [2, 6, 7, 3], [0, 4, 6, 2], [1, 3, 7, 5]];
        let side = |s: &[usize; 4]| format!("f {}\n", s.map(|k| (first + k).to_string()).join(" "));
        let points: String = (0..8).map(|k| format!("v {}\n", point(k))).collect();
        points + &sides.iter().map(side).collect::<String>()
    };
    let files = Stored(vec![("two".into(), (cube(0.0, 1) + &cube(20.0, 9)).into_bytes())]);
    let file = Value::Blob { hash: "two".into(), name: "two.obj".into() };
    let import = || Object::new("two", "import", "Two cubes").with("file", file.clone());
    let model = evaluate(&with(&Design::new(), vec![import()]), &files);
    let at = |x: f64| {
        let surface = body(&model, "two").body.surface();
        let is_there =
            |t: &usize| surface.triangles[*t].iter().all(|p| (surface.points[*p as usize][0] - 1e-3 * x).abs() < 1e-9);
        let found = (0..surface.triangles.len()).find(is_there).expect("a side");
        surface.faces[surface.face_of[found] as usize].name.0.clone()
    };
    let said = |held: f64| {
        let check = Object::new("check", "static", "Check")
            .with("method", choice("verified"))
            .with("resolution", choice("coarse"));
        let all = vec![
            import(),
            sample::wall().with("faces", faces(&[&at(held)])),
            sample::push().with("faces", faces(&[&at(10.0)])),
            check,
        ];
        let design = with(&Design::new(), all);
        let model = evaluate(&design, &files);
        let (cancel, mut sink) = (AtomicBool::new(false), |_| {});
        let case = Case { design: &design, study: design.get(&"check".into()).unwrap(), model: &model, upstream: &[] };
        let result = study("static").unwrap().run(&case, &mut solver::run::Ctx::new(&mut sink, &cancel));
        let Err(StudyError::Solver(message)) = result else { panic!("it was solved or refused as a set-up") };
        message
    };
    let message = said(0.0);
    assert!(
        message.contains("Two cubes is in 2 pieces; the piece near (25.0, 5.0, 5.0) mm is held by nothing"),
        "{message}"
    );
    let message = said(30.0);
    assert!(message.contains("the piece near (5.0, 5.0, 5.0) mm"), "{message}");
}

/// The template that a person starts from, from set-up to a body in the design, in coarse cells.
#[test]
fn the_lug_of_the_templates_is_made_and_taken_over() {
    let mut design = (solver::design::template("lug").unwrap().build)();
    let at = design.position(&"study_generative".into()).unwrap();
    let study = Object::clone(&design.objects[at]).expr("cells", "32").expr("iterations", "40");
    design.objects[at] = Arc::new(study);
    let model = evaluate(&design, &Stored(vec![]));
    assert_eq!(model.issues, []);
    assert_eq!(model.bodies.len(), 5, "the space and room for four tools");
    let sample = sample::Sample { design: design.clone(), model, study: "study_generative" };
    let out = run(&sample);
    assert!(out.warnings.iter().all(|w| !w.contains("pieces")), "{:?}", out.warnings);
    let (object, files) = feature(&out);
    let made = evaluate(&with(&design, vec![object]), &files);
    let wrong: Vec<_> = made.issues.iter().filter(|i| i.severity == Severity::Error).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    assert_eq!(body(&made, "outcome").body.surface().points, surface(&out).points, "all four tools are avoided");
    // It can be meshed in elements of any size.
    for size in [8e-3, 5e-3, 3e-3] {
        let options = Options { size_min: size / 6.0, ..Options::new(size) };
        let mesh = tet::mesh(&*body(&made, "outcome").body, &options, &AtomicBool::new(false)).unwrap();
        assert_eq!(mesh.n_lost, 0, "{size} m");
        assert!((mesh.volume() / value(&out, "volume") - 1.0).abs() < 1e-3, "{size} m");
    }
    for name in ["hole_pin.wall", "hole_bolt.wall", "hole_bolt.wall#pattern_sides_hole_bolt.2"] {
        assert!(has(&made, name), "{name}");
    }
}

/// Elements a tenth of the cells that the surface is of, all along the borders of its faces: what is behind the triangles
/// must have no step there that finer elements would find.
#[test]
fn a_body_is_meshed_much_finer_than_its_triangles() {
    let rod = Object::new("rod", "cylinder", "Rod")
        .with("origin", sample::vector([24.0, 0.0, 20.0], "mm"))
        .with("axis", choice("y"))
        .expr("radius", "3 mm")
        .expr("height", "12 mm");
    let sample = cantilever(wish().with("keep_bodies", refs(&["rod"])), vec![rod]);
    let (object, files) = feature(&run(&sample));
    let model = evaluate(&with(&sample.design, vec![object]), &files);
    let body = &body(&model, "outcome").body;
    let surface = body.surface();
    let of = |name: &str| surface.faces.iter().position(|f| f.name.0 == name).map(|f| f as u32).expect("the face");
    let (wall, grown) = (of("rod.wall"), of("outcome.grown"));
    let mut beside = vec![[false; 2]; surface.points.len()];
    for (t, corners) in surface.triangles.iter().enumerate() {
        for k in (0..2).filter(|k| surface.face_of[t] == [wall, grown][*k]) {
            corners.iter().for_each(|v| beside[*v as usize][k] = true);
        }
    }
    let border: Vec<[f64; 3]> =
        surface.points.iter().zip(&beside).filter(|(_, b)| **b == [true; 2]).map(|(p, _)| *p).collect();
    assert!(border.len() > 10, "{} points where the rod comes out of what was grown", border.len());
    let side = |t: &[u32; 3]| {
        let [a, b] = [0, 1].map(|k| glam::DVec3::from(surface.points[t[k] as usize]));
        a.distance(b)
    };
    let cell = surface.triangles.iter().map(side).sum::<f64>() / surface.triangles.len() as f64;
    let wishes = border.iter().map(|at| tet::Wish { at: *at, size: 0.1 * cell }).collect();
    let options = Options { wishes, size_min: 0.05 * cell, ..Options::new(3.0 * cell) };
    let mesh = tet::mesh(&**body, &options, &AtomicBool::new(false)).expect("a mesh");
    assert_eq!(mesh.n_lost, 0);
    assert!(mesh.quality.dihedral_min.to_degrees() > 8.0, "{}", mesh.quality.dihedral_min.to_degrees());
    // Away from the borders its nodes are on the cylinder, of which the triangles are chords.
    let border: Vec<glam::DVec3> = border.into_iter().map(glam::DVec3::from).collect();
    let mut n = 0;
    for facet in mesh.boundary.iter().filter(|f| mesh.faces[f.face as usize].0 == "rod.wall") {
        for p in facet.nodes.map(|i| glam::DVec3::from(mesh.points[i as usize])) {
            let inside = (2e-3..10e-3).contains(&p.y);
            if inside && border.iter().all(|b| b.distance(p) > 2.0 * cell) {
                let off = ((p.x - 24e-3).hypot(p.z - 20e-3) - 3e-3).abs();
                assert!(off < 1e-6, "{off} m off the cylinder at {p}");
                n += 1;
            }
        }
    }
    assert!(n > 20, "{n} nodes were looked at");
}
