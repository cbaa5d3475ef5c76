//! Bodies with three stiffnesses: against closed forms, and what is refused.

use crate::boundary::{issues_of, of_modes, on, run_of, set_up, value};
use crate::part;
use crate::peer::agree;
use crate::run::run;
use crate::support;
use glam::DVec3;
use solver::design::{Object, Value};
use solver::study::suite::{Sample, faults};
use solver::study::{Case, study};

/// A laminate's ply on the block, its direction 1 along `first`.
pub fn ply(first: DVec3, second: DVec3) -> Object {
    let vector = |v: DVec3| Value::Vector(v.to_array().map(|c| c.to_string()));
    Object::new("ply", "orthotropic", "Ply")
        .with("bodies", Value::Refs(vec!["part".into()]))
        .with("direction_1", vector(first))
        .with("direction_2", vector(second))
        .expr("e2", "9 GPa")
        .expr("nu13", "0.25")
        .expr("g13", "4.5 GPa")
        .expr("a3", "35e-6 1/K")
}

fn bar() -> solver::surface::SurfaceMesh {
    part::block([0.06, 0.02, 0.02], |p| p)
}

fn slide() -> Object {
    on("slide", "sliding", &["x0", "y0", "z0"])
}

fn pull(force: f64) -> Object {
    on("pull", "force", &["x1"]).with("force", part::vector([force, 0.0, 0.0], "N"))
}

#[test]
fn a_bar_stretches_and_narrows_by_its_own_constants() {
    let stress = 40e3 / 4e-4;
    // Along direction 1, and along direction 3: ν31 = ν13 E3/E1, ν32 = ν23 E3/E2.
    let (e1, e2, e3) = (140e9, 9e9, 10e9);
    for (first, second, young, nu_y, nu_z) in
        [(DVec3::X, DVec3::Y, e1, 0.3, 0.25), (DVec3::Y, DVec3::Z, e3, 0.25 * e3 / e1, 0.45 * e3 / e2)]
    {
        let (design, model) = set_up(bar(), vec![ply(first, second), slide(), pull(40e3)], 8e-3, "verified");
        let out = run(&design, &model);
        let truth = stress / young * DVec3::new(0.06, nu_y * 0.02, nu_z * 0.02).length();
        let found = value(&out, "displacement_max");
        assert!((found / truth - 1.0).abs() < 1e-6, "{found:e} {truth:e}");
        assert!((value(&out, "von_mises_max") / stress - 1.0).abs() < 1e-6);
        assert!((value(&out, "mass") / (1600.0 * 0.06 * 4e-4) - 1.0).abs() < 1e-9);
        // A number that means nothing is not shown.
        assert!(out.scalars.iter().all(|s| s.id != "safety_factor_min"));
        assert!(out.fields.iter().all(|f| f.id != "safety_factor"));
        assert!(out.warnings.iter().any(|w| w.contains("without a safety factor")), "{:?}", out.warnings);
        assert!(out.balances[0].imbalance < 1e-8);
    }
}

#[test]
fn a_warm_bar_expands_by_its_own_constants_and_without_stress() {
    let (mut design, model) = set_up(bar(), vec![ply(DVec3::X, DVec3::Y), slide()], 8e-3, "verified");
    let at = design.position(&"study".into()).unwrap();
    let study = design.objects[at].as_ref().clone().with("warmth", Value::Choice("given".into()));
    design.objects[at] = std::sync::Arc::new(study.expr("temperature", "120 °C"));
    let out = run(&design, &model);
    let truth = 100.0 * DVec3::new(-0.5e-6 * 0.06, 28e-6 * 0.02, 35e-6 * 0.02).length();
    assert!((value(&out, "displacement_max") / truth - 1.0).abs() < 1e-6);
    assert!(value(&out, "von_mises_max") < 1e-3 * 10e9 * 28e-4, "no stress");
}

#[test]
fn copies_take_their_directions_along() {
    // A plank along x, copied a quarter turn further about z, and mirrored across a plane that its directions lean to; then
    // the first is turned, which turns nothing of what was typed for it as it stands.
    let lean = DVec3::new(1.0, 0.5, 0.0).normalize();
    let mut plank = ply(lean, DVec3::new(-0.5, 1.0, 0.0));
    plank = plank.with("bodies", support::refs(&["plank"]));
    let objects = |turned: bool| {
        let mut all = vec![
            support::block("plank", 60.0, 20.0, 10.0),
            Object::new("ring", "pattern_circular", "Ring")
                .with("features", support::refs(&["plank"]))
                .with("axis", support::choice("z")),
            Object::new("image", "mirror", "Image")
                .with("features", support::refs(&["plank"]))
                .expr("offset", "-100 mm"),
        ];
        if turned {
            let turn = Object::new("turn", "move", "Turn").with("bodies", support::refs(&["plank"]));
            all.push(turn.with("axis", support::choice("z")).expr("angle", "30 deg"));
        }
        all.push(plank.clone());
        all.push(Object::new("study", "static", "Study"));
        support::design(all)
    };
    let along = |turned: bool| {
        let design = objects(turned);
        let model = solver::geometry::evaluate(&design, &support::Blobs::default());
        assert_eq!(model.issues, []);
        let study = design.get(&"study".into()).unwrap();
        let mut issues = Vec::new();
        let case = Case { design: &design, study, model: &model, upstream: &[] };
        let parts = solver::study::part::parts(&case, &mut issues);
        assert!(issues.is_empty() && parts.len() == 5, "{issues:?}");
        let first = |name: &str| {
            let part = parts.iter().find(|p| p.name.contains(name)).unwrap();
            part.orthotropic.as_ref().unwrap().frame.col(0)
        };
        [parts[0].orthotropic.as_ref().unwrap().frame.col(0), first("#ring.2"), first("#image")]
    };
    let [own, turned, mirrored] = along(false);
    assert!(own.distance(lean) < 1e-12);
    assert!(turned.distance(DVec3::new(-lean.y, lean.x, 0.0)) < 1e-12, "{turned}");
    assert!(mirrored.distance(DVec3::new(-lean.x, lean.y, 0.0)) < 1e-12, "{mirrored}");
    let [own, ..] = along(true);
    assert!(own.distance(lean) < 1e-12, "as it stands");
}

/// The lowest mode of a column of a ply, direction 1 along it.
fn column(objects: Vec<Object>, kind: &str) -> f64 {
    let mut all = vec![ply(DVec3::X, DVec3::Y)];
    all.extend(objects);
    let (design, model) = of_modes(part::block([0.2, 0.01, 0.01], |p| p), all, "5e-3 m", kind);
    let out = run_of(&design, &model, kind);
    value(&out, if kind == "modal" { "frequency_first" } else { "load_factor_first" })
}

#[test]
fn a_rod_swings_along_its_own_stiffness() {
    // Held along its length at one end and on two sides: √(E₁/ρ) / 4 L, and nothing softer is left.
    let found = column(vec![on("slide", "sliding", &["x0", "y0", "y1", "z0", "z1"])], "modal");
    // Hindered in its narrowing, it is stiffer: C₁₁ instead of E₁.
    let (e, nu): ([f64; 3], [f64; 3]) = ([140e9, 9e9, 10e9], [0.3, 0.25, 0.45]);
    let (nu21, nu31, nu32) = (nu[0] * e[1] / e[0], nu[1] * e[2] / e[0], nu[2] * e[2] / e[1]);
    let left = 1.0 - nu[0] * nu21 - nu[2] * nu32 - nu31 * nu[1] - 2.0 * nu21 * nu32 * nu[1];
    let hindered = e[0] * (1.0 - nu[2] * nu32) / left;
    let truth = (hindered / 1600.0).sqrt() / 0.8;
    assert!((found / truth - 1.0).abs() < 1e-4, "{found} {truth}");
}

#[test]
fn a_column_of_a_ply_buckles_by_its_stiffness_along() {
    let press = on("press", "force", &["x1"]).with("force", part::vector([-1000.0, 0.0, 0.0], "N"));
    let found = column(vec![on("slide", "sliding", &["y0"]), on("root", "fixed", &["x0"]), press], "buckling");
    let (l, b): (f64, f64) = (0.2, 0.01);
    // Euler's cantilever, softened by the shear in 1-3 after Engesser.
    let euler = std::f64::consts::PI.powi(2) * 140e9 * b.powi(4) / 12.0 / (2.0 * l).powi(2);
    let truth = euler / (1.0 + euler / (5.0 / 6.0 * 4.5e9 * b * b)) / 1000.0;
    assert!((found / truth - 1.0).abs() < 0.01, "{found} {truth}");
}

#[test]
fn calculix_agrees_on_leaning_directions() {
    let first = DVec3::new(1.0, 0.6, -0.3);
    let lean = ply(first, DVec3::new(0.2, 1.0, 0.5));
    let bend = on("bend", "force", &["x1"]).with("force", part::vector([100.0, -200.0, -500.0], "N"));
    agree("ply", vec![lean, on("root", "fixed", &["x0"]), bend], bar(), 8e-3);
}

#[test]
fn what_cannot_be_is_refused_by_name() {
    let objects = |ply: Object| vec![ply, slide(), pull(1e3)];
    let plain = || ply(DVec3::X, DVec3::Y);
    let (errors, _) = issues_of(bar(), objects(plain()), "instant");
    assert!(errors.iter().any(|e| e.contains("choose Verified")), "{errors:?}");
    let (errors, warnings) = issues_of(bar(), objects(plain()), "verified");
    assert!(errors.is_empty() && warnings.iter().any(|w| w.contains("von Mises stress knows no directions")));
    let (errors, _) = issues_of(bar(), objects(plain().expr("nu23", "1.2")), "verified");
    assert!(errors.iter().any(|e| e.contains("ν23 is 1.2: its size must be below √(E2/E3)")), "{errors:?}");
    let (errors, _) = issues_of(bar(), objects(ply(DVec3::X, -DVec3::X)), "verified");
    assert!(errors.iter().any(|e| e.contains("parallel to direction 1")), "{errors:?}");
    // Cut where its directions lean, the mirror image is another ply.
    let cut = |first: DVec3| {
        let mirror = on("mirror", "symmetry", &["y0"]);
        issues_of(
            bar(),
            vec![ply(first, DVec3::new(-0.3, 1.0, 0.0)), on("root", "fixed", &["x0"]), mirror, pull(1e3)],
            "verified",
        )
        .1
    };
    let leans = |w: &String| w.contains("lie aslant of the plane of symmetry");
    assert!(cut(DVec3::new(1.0, 0.3, 0.0)).iter().any(leans) && !cut(DVec3::X).iter().any(leans));
    let mut twice = objects(plain());
    let mut other = plain();
    other.id = "other".into();
    twice.push(other);
    let (errors, _) = issues_of(bar(), twice, "verified");
    assert!(errors.iter().any(|e| e.contains("is of Ply already")), "{errors:?}");
    // A feature that joined a body is not the body.
    let joined = Object::new("boss", "cylinder", "Boss").with("operation", Value::Choice("join".into()));
    let of_boss = plain().with("bodies", Value::Refs(vec!["boss".into()]));
    let (errors, _) = issues_of(bar(), vec![joined, of_boss, slide(), pull(1e3)], "verified");
    assert!(errors.iter().any(|e| e.contains("Boss has no body of its own")), "{errors:?}");
}

#[test]
fn orthotropic_bodies_conform_to_the_suite() {
    let sample = |ply: Object| {
        let bend = on("bend", "force", &["x1"]).with("force", part::vector([0.0, 0.0, -500.0], "N"));
        let (design, model) = set_up(bar(), vec![ply, on("root", "fixed", &["x0"]), bend], 8e-3, "verified");
        Sample { design, model, study: "study" }
    };
    let lean = || ply(DVec3::new(1.0, 0.5, 0.0), DVec3::Z);
    let broken = [
        ("a stiffness that is no number", sample(lean().expr("e1", "0 GPa / 0"))),
        ("a stiffness of nothing", sample(lean().expr("g12", "0 GPa"))),
        ("a direction without length", sample(ply(DVec3::ZERO, DVec3::Z))),
    ];
    let on_threads = |n: usize, f: &mut (dyn FnMut() + Send)| {
        rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap().install(f);
    };
    let found = faults(study("static").unwrap(), &sample(lean()), &broken, &on_threads);
    assert!(found.is_empty(), "{found:?}");
}
