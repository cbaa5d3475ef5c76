use super::super::camera::Camera;
use super::super::sample;
use super::*;
use app::viewport::StandardView;
use solver::surface::FaceName;

const SIZE: DVec2 = DVec2::new(800.0, 600.0);

fn scene() -> Model {
    Model::new([
        sample::part("block", sample::cuboid([0.0; 3], [0.2, 0.1, 0.05])),
        sample::part("pin", sample::cylinder([0.1, 0.05, 0.05], 0.02, 0.04, 64)),
    ])
}

fn view(model: &Model, look: StandardView, perspective: bool) -> View {
    let mut camera = Camera { perspective, ..Camera::default() };
    camera.look(look);
    let (lo, hi) = model.bounds.unwrap();
    camera.fit(lo, hi, SIZE.x / SIZE.y);
    View::new(camera, SIZE, model.ball())
}

fn name(found: &Option<Found>) -> String {
    match found.as_ref().and_then(|f| f.pick.as_ref()) {
        Some(Pick::Face { body, face }) => format!("{body}/{face}"),
        Some(Pick::Edge { body, edge }) => format!("{body}/{edge}"),
        Some(Pick::Vertex { body, point }) => format!("{body}#{point}"),
        None => String::new(),
    }
}

#[test]
fn faces_edges_and_corners_are_told_apart() {
    let model = scene();
    for perspective in [false, true] {
        let view = view(&model, StandardView::Isometric, perspective);
        let sight = Sight { view: &view, model: &model, visible: &[], section: None };
        let at = |p: [f64; 3], off: [f64; 2], filter| {
            let (pixel, _) = view.project(DVec3::from_array(p)).unwrap();
            sight.find(pixel + DVec2::from_array(off), filter)
        };
        let top = at([0.03, 0.03, 0.05], [0.0; 2], PickFilter::All);
        assert_eq!(name(&top), "block/z1");
        assert!((top.unwrap().at - DVec3::new(0.03, 0.03, 0.05)).length() < 1e-12);
        assert_eq!(name(&at([0.1, 0.0, 0.05], [1.0, 2.0], PickFilter::All)), "block/y0 | z1");
        assert_eq!(name(&at([0.1, 0.0, 0.05], [1.0, 8.0], PickFilter::All)), "block/y0");
        assert_eq!(name(&at([0.2, 0.0, 0.05], [2.0, 2.0], PickFilter::All)), "block#5");
        assert_eq!(name(&at([0.2, 0.0, 0.05], [2.0, 2.0], PickFilter::Faces)), "block/x1");
        assert_eq!(name(&at([0.1, 0.0, 0.05], [1.0, 2.0], PickFilter::Vertices)), "");
        assert!(at([0.5, 0.5, 0.5], [0.0; 2], PickFilter::All).is_none());
    }
}

#[test]
fn what_is_hidden_behind_is_not_picked() {
    let model = scene();
    let view = view(&model, StandardView::Isometric, false);
    let sight = Sight { view: &view, model: &model, visible: &[], section: None };
    let (pixel, _) = view.project(DVec3::new(0.1, 0.1, 0.0)).unwrap();
    assert_ne!(name(&sight.find(pixel, PickFilter::Edges)), "block/y1 | z0");
    // with the pin gone, the top behind it is found
    let (pixel, _) = view.project(DVec3::new(0.1, 0.05, 0.09)).unwrap();
    assert_eq!(name(&sight.find(pixel, PickFilter::Faces)), "pin/top");
    let sight = Sight { visible: &[true, false], ..sight };
    assert_eq!(name(&sight.find(pixel, PickFilter::Faces)), "block/z1");
}

#[test]
fn a_section_is_looked_through_and_its_cap_is_no_face() {
    let model = scene();
    let view = view(&model, StandardView::Front, false);
    let section = Some(SectionPlane { point: [0.0, 0.05, 0.0], normal: [0.0, -1.0, 0.0] });
    let sight = Sight { view: &view, model: &model, visible: &[], section };
    let (pixel, _) = view.project(DVec3::new(0.05, 0.0, 0.025)).unwrap();
    let found = sight.find(pixel, PickFilter::All).unwrap();
    assert_eq!(found.pick, None);
    assert!((found.at - DVec3::new(0.05, 0.05, 0.025)).length() < 1e-12, "{}", found.at);
    // the front edge is cut away
    let (pixel, _) = view.project(DVec3::new(0.05, 0.0, 0.05)).unwrap();
    assert_ne!(name(&sight.find(pixel, PickFilter::Edges)), "block/y0 | z1");
    // turned round, the same plane keeps the front
    let section = Some(SectionPlane { point: [0.0, 0.05, 0.0], normal: [0.0, 1.0, 0.0] });
    let sight = Sight { section, ..sight };
    let (pixel, _) = view.project(DVec3::new(0.05, 0.0, 0.025)).unwrap();
    assert_eq!(name(&sight.find(pixel, PickFilter::All)), "block/y0");
}

#[test]
fn a_box_takes_what_lies_inside_or_what_it_touches() {
    let model = scene();
    let view = view(&model, StandardView::Top, false);
    let sight = Sight { view: &view, model: &model, visible: &[], section: None };
    let pixel = |x, y| view.project(DVec3::new(x, y, 0.0)).unwrap().0;
    let (a, b) = (pixel(0.07, 0.02), pixel(0.13, 0.08));
    let whole = sight.boxed(a, b, true, PickFilter::Faces);
    let faces = |body: &str, names: &[&str]| -> Vec<Pick> {
        names.iter().map(|n| Pick::Face { body: body.into(), face: FaceName((*n).into()) }).collect()
    };
    assert_eq!(whole, faces("pin", &["wall", "bottom", "top"]));
    let touched = sight.boxed(a, b, false, PickFilter::Faces);
    assert_eq!(touched, [faces("block", &["z0", "z1"]), faces("pin", &["wall", "bottom", "top"])].concat());
    assert_eq!(sight.boxed(a, b, true, PickFilter::Vertices), []);
    let all = sight.boxed(DVec2::ZERO, SIZE, true, PickFilter::Vertices);
    assert_eq!(all.len(), 8);
    assert_eq!(sight.boxed(DVec2::ZERO, SIZE, true, PickFilter::Edges).len(), 14);
    assert!(sight.boxed(DVec2::ZERO, SIZE, true, PickFilter::Nothing).is_empty());
}
