//! Templates: built without an issue, the same bytes every time, with a cache and without.

use crate::support::{Blobs, check_all};
use solver::design::schema::Section;
use solver::design::{TEMPLATES, template};
use solver::geometry::{Cache, evaluate, evaluate_cached, select};
use solver::scene::Scene;
use solver::surface::{Representation, Shape};

#[test]
fn every_template_is_built_and_every_pick_is_found() {
    for t in TEMPLATES {
        let design = (t.build)();
        let model = evaluate(&design, &Blobs::default());
        assert_eq!(model.issues, [], "{}", t.id);
        // Beside the lug's space, room for the tools of its four bolts.
        let n_bodies = match t.id {
            "empty" => 0,
            "lug" => 5,
            _ => 1,
        };
        assert_eq!(model.bodies.len(), n_bodies, "{}", t.id);
        check_all(&model);
        for section in [Section::Support, Section::Load, Section::Thermal, Section::Selection] {
            for object in design.section(section) {
                let (found, issues) = select::faces(&design, &model, object);
                assert_eq!(issues, [], "{}: {}", t.id, object.name);
                assert!(!found.is_empty(), "{}: {}", t.id, object.name);
            }
        }
    }
}

#[test]
fn bytes_are_the_same_every_time_and_with_a_cache() {
    for t in TEMPLATES {
        let design = (t.build)();
        let bytes = || evaluate(&design, &Blobs::default()).scene().to_bytes();
        let first = bytes();
        assert!(first == bytes(), "{}: two evaluations differ", t.id);
        let mut cache = Cache::default();
        // Any other state of the design may have been built before.
        let mut other = design.clone();
        let last = other.objects.iter().rposition(|o| o.section() == Some(Section::Feature));
        if let Some(last) = last {
            other.objects.remove(last);
        }
        evaluate_cached(&other, &Blobs::default(), &mut cache);
        let cold = evaluate_cached(&design, &Blobs::default(), &mut cache);
        assert!(cache.n_built <= 1, "{}: {} features built for one", t.id, cache.n_built);
        assert!(first == cold.scene().to_bytes(), "{}: the cache changes the result", t.id);
        let warm = evaluate_cached(&design, &Blobs::default(), &mut cache);
        assert_eq!(cache.n_built, 0, "{}", t.id);
        assert!(first == warm.scene().to_bytes(), "{}: the cache changes the result", t.id);
        Scene::from_bytes(&first).expect("own bytes");
    }
}

#[test]
fn the_bracket_has_the_faces_a_person_expects() {
    let model = evaluate(&(template("bracket").expect("it").build)(), &Blobs::default());
    let surface = model.bodies[0].body.surface();
    assert_eq!(model.bodies[0].body.representation(), Representation::Exact);
    let bolts = surface.faces.iter().filter(|f| f.name.feature() == "hole_bolt").count();
    assert_eq!(bolts, 4);
    let bore = surface.faces.iter().find(|f| f.name.0 == "hole_bore.wall").expect("the bore");
    let Shape::Cylinder { radius, axis, point } = bore.shape else { panic!("{:?}", bore.shape) };
    assert!((radius - 12.5e-3).abs() < 1e-12 && axis[1].abs() > 1.0 - 1e-12 && (point[2] - 58e-3).abs() < 1e-12);
    assert!(surface.edges.iter().any(|e| e.radius.is_some_and(|r| (r - 4.5e-3).abs() < 1e-12)), "bolt hole rims");
}
