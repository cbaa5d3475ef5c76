use super::super::gesture::Modifiers;
use super::super::sample;
use super::*;
use app::viewport::StandardView;

const SIZE: DVec2 = DVec2::new(800.0, 600.0);

fn stage() -> Stage {
    let mut stage = Stage::default();
    stage.resize(SIZE, 1.0);
    stage.set_model(Model::new([
        sample::part("block", sample::cuboid([0.0; 3], [0.2, 0.1, 0.05])),
        sample::part("pin", sample::cylinder([0.1, 0.05, 0.05], 0.02, 0.04, 48)),
    ]));
    stage.tick(0.0);
    stage.take_events();
    stage.changes = Changes::default();
    stage
}

fn pixel(stage: &Stage, p: [f64; 3]) -> DVec2 {
    stage.view().project(p.into()).unwrap().0
}

fn click(stage: &mut Stage, at: DVec2) -> Vec<ViewEvent> {
    click_when(stage, at, 0.0)
}

fn click_when(stage: &mut Stage, at: DVec2, time: f64) -> Vec<ViewEvent> {
    let modifiers = Modifiers::default();
    stage.input(Input::Down { id: 1, touch: false, button: 0, at, modifiers }, time);
    stage.input(Input::Up { id: 1, at, modifiers, time }, time);
    stage.take_events()
}

#[test]
fn the_first_scene_is_fitted_and_later_ones_leave_the_camera() {
    let mut stage = stage();
    let before = stage.camera;
    stage.set_model(Model::new([sample::part("big", sample::cuboid([0.0; 3], [2.0, 1.0, 0.5]))]));
    assert_eq!(stage.camera, before);
}

#[test]
fn hovering_reports_face_and_place_and_marks_it() {
    let mut stage = stage();
    let at = pixel(&stage, [0.03, 0.03, 0.05]);
    stage.input(Input::Move { id: 1, at }, 0.0);
    stage.tick(16.0);
    let events = stage.take_events();
    let [ViewEvent::Hover(Some((Pick::Face { face, .. }, p)))] = &events[..] else { panic!("{events:?}") };
    assert_eq!(face.0, "z1");
    assert!((p[2] - 0.05).abs() < 1e-12);
    assert!(stage.changes.states && stage.changes.picture);
    stage.changes = Changes::default();
    assert!(!stage.tick(32.0), "then it is idle");
    assert!(!stage.changes.picture && stage.take_events().is_empty());
    stage.input(Input::Leave, 0.0);
    stage.tick(48.0);
    assert_eq!(stage.take_events(), [ViewEvent::Hover(None)]);
}

#[test]
fn a_click_reports_and_a_click_on_the_cube_turns() {
    let mut stage = stage();
    let at = pixel(&stage, [0.1, 0.05, 0.09]);
    let events = click(&mut stage, at);
    assert!(
        matches!(&events[..], [ViewEvent::Clicked { pick: Some(Pick::Face { body, .. }), add: false, .. }] if body == "pin")
    );
    let (origin, side) = cube::place(SIZE, 0.0, 0.0);
    assert_eq!(click(&mut stage, origin + 0.5 * side), [ViewEvent::Steered], "the cube is no empty space");
    let from = stage.camera;
    assert!(stage.tick(100.0) && stage.camera != from);
    let mut now = 100.0;
    while stage.tick(now) {
        now += 16.0;
        assert!(now < 1000.0);
    }
    assert!(stage.take_events().iter().any(|e| matches!(e, ViewEvent::Camera(_))));
}

#[test]
fn camera_events_come_at_most_ten_a_second_and_the_last_one_is_never_lost() {
    let mut stage = stage();
    let modifiers = Modifiers::default();
    stage.tick(1000.0);
    stage.take_events();
    stage.input(Input::Down { id: 1, touch: false, button: 2, at: SIZE * 0.5, modifiers }, 1000.0);
    let mut sent = Vec::new();
    for i in 0..60 {
        let now = 1000.0 + 16.0 * f64::from(i);
        stage.input(Input::Move { id: 1, at: SIZE * 0.5 + f64::from(i) * 2.0 }, now);
        stage.tick(now);
        sent.extend(stage.take_events().into_iter().filter(|e| matches!(e, ViewEvent::Camera(_))));
    }
    assert!((8..=11).contains(&sent.len()), "{}", sent.len());
    let mut now = 2000.0;
    while stage.tick(now) {
        now += 16.0;
        assert!(now < 3000.0);
    }
    sent.extend(stage.take_events());
    let c = stage.camera;
    let last = ViewEvent::Camera([c.eye(), c.target, c.up()].map(|v| v.to_array()));
    assert!(sent.contains(&last));
}

#[test]
fn hidden_and_isolated_bodies_cannot_be_picked() {
    let mut stage = stage();
    let at = pixel(&stage, [0.1, 0.05, 0.09]);
    stage.command(ViewCommand::Hidden(vec!["pin".into()]), 0.0);
    assert_eq!(stage.show, [Show::Solid, Show::Hidden]);
    let events = click(&mut stage, at);
    assert!(matches!(&events[..], [ViewEvent::Clicked { pick: Some(Pick::Face { body, .. }), .. }] if body == "block"));
    stage.command(ViewCommand::Hidden(Vec::new()), 0.0);
    stage.command(ViewCommand::Isolated(Some(vec!["pin".into()])), 0.0);
    assert_eq!(stage.show, [Show::Hidden, Show::Solid]);
}

#[test]
fn fit_keeps_clear_of_panels() {
    let mut stage = stage();
    stage.command(ViewCommand::Inset { top: 0.0, right: 300.0, bottom: 0.0, left: 0.0 }, 0.0);
    stage.command(ViewCommand::View(StandardView::Front), 0.0);
    stage.tick(0.0);
    stage.tick(300.0);
    for p in [[0.0, 0.0, 0.0], [0.2, 0.1, 0.05]] {
        let x = pixel(&stage, p).x;
        assert!(x > 5.0 && x < 495.0, "{x}");
    }
    let middle = pixel(&stage, [0.1, 0.05, 0.045]);
    assert!(middle.distance(DVec2::new(250.0, 300.0)) < 1.0, "{middle}");
}

#[test]
fn anchors_follow_the_camera_and_know_when_they_are_behind() {
    let mut stage = stage();
    let anchors = vec![("front".into(), [0.1, 0.0, 0.02]), ("back".into(), [0.1, 0.1, 0.02])];
    stage.command(ViewCommand::Anchors(anchors), 0.0);
    stage.tick(0.0);
    let events = stage.take_events();
    let [ViewEvent::Anchors(a)] = &events[..] else { panic!("{events:?}") };
    assert_eq!((a[0].visible, a[1].visible), (true, false));
    assert!(pixel(&stage, [0.1, 0.0, 0.02]).distance(a[0].screen.into()) < 1e-9);
    stage.tick(16.0);
    assert!(stage.take_events().is_empty(), "nothing moved");
    stage.command(ViewCommand::Anchors(Vec::new()), 16.0);
    stage.tick(32.0);
    assert!(
        matches!(&stage.take_events()[..], [ViewEvent::Anchors(none)] if none.is_empty()),
        "the page takes its labels away"
    );
}

#[test]
fn a_section_without_a_direction_is_refused_quietly() {
    let mut stage = stage();
    stage.command(ViewCommand::Section(Some(SectionPlane { point: [0.0; 3], normal: [0.0; 3] })), 0.0);
    assert_eq!(stage.section, None);
    stage.command(ViewCommand::Section(Some(SectionPlane { point: [0.0; 3], normal: [0.0, 2.0, 0.0] })), 0.0);
    assert_eq!(stage.section.unwrap().normal, [0.0, 1.0, 0.0]);
}

#[test]
fn damaged_bytes_are_said_and_nothing_else_changes() {
    let mut stage = stage();
    stage.command(ViewCommand::Scene(std::rc::Rc::from(&b"nonsense"[..])), 0.0);
    assert!(matches!(&stage.take_events()[..], [ViewEvent::Failed(text)] if text.contains("not a Brunel")));
    assert_eq!(stage.model.bodies.len(), 2);
}

/// The block sheared upwards along x by 1 cm at its far end; value 10 x.
fn result(stage: &mut Stage, scale: f64) {
    use solver::quantity::Dimension;
    use solver::study::outcome::{Field, Grade, Location, Outcome, OutcomeMesh};
    use std::sync::Arc;
    let surface = sample::cuboid([0.0; 3], [0.2, 0.1, 0.05]);
    let field = |id: &str, components, values| Field {
        id: id.into(),
        label: id.into(),
        mesh: "skin".into(),
        location: Location::Point,
        components,
        dimension: Dimension::NONE,
        case: None,
        grade: Grade::Instant,
        values,
    };
    let moved = surface.points.iter().flat_map(|p| [0.0, 0.0, 0.05 * p[0] as f32]).collect();
    let values = surface.points.iter().map(|p| 10.0 * p[0] as f32).collect();
    let outcome = Outcome {
        fields: vec![field("displacement", 3, moved), field("heat", 1, values)],
        meshes: vec![OutcomeMesh::Surface { name: "skin".into(), body: "block".into(), surface }],
        ..Outcome::default()
    };
    let view = ResultView {
        outcome: Arc::new(outcome),
        tensor: None,
        reading: solver::result::Reading::stored("heat", None),
        directions: false,
        scale: Some(scale),
        ghost: true,
        banded: false,
        range: None,
        inverted: false,
        ceiling: None,
        flags: true,
        playing: false,
    };
    stage.command(ViewCommand::Result(Some(view)), 0.0);
}

#[test]
fn a_result_replaces_its_body_and_is_probed_on_the_deformed_shape() {
    let mut stage = stage();
    result(&mut stage, 1.0);
    assert!(
        stage.take_events().iter().any(|e| matches!(e, ViewEvent::ResultShown { max, .. } if (max - 2.0).abs() < 1e-3))
    );
    assert_eq!(stage.show, [Show::Ghost, Show::Solid]);
    // the top's far end has risen by a centimetre
    let at = pixel(&stage, [0.18, 0.05, 0.059]);
    stage.input(Input::Move { id: 1, at }, 0.0);
    stage.tick(16.0);
    let events = stage.take_events();
    let probe = events.iter().find_map(|e| match e {
        ViewEvent::Probe(Some(p)) => Some(p.clone()),
        _ => None,
    });
    let probe = probe.unwrap_or_else(|| panic!("{events:?}"));
    // Read where it rests: the block's own top.
    assert!((probe.value - 1.8).abs() < 1e-3 && (probe.at[2] - 0.05).abs() < 1e-4, "{probe:?}");
    let flags = events.iter().find_map(|e| match e {
        ViewEvent::Flags(f) => Some(f.clone()),
        _ => None,
    });
    assert_eq!(flags.map(|f| f.len()), Some(2));
    stage.command(ViewCommand::Result(None), 0.0);
    assert_eq!(stage.show, [Show::Solid, Show::Solid]);
    assert!(stage.changes.result && stage.result.is_none());
}

#[test]
fn a_result_that_plays_swings_until_it_is_paused() {
    let mut stage = stage();
    result(&mut stage, 1.0);
    let mut view = stage.result.as_ref().map(|r| r.view.clone()).expect("a result");
    assert!(!stage.is_playing());
    view.playing = true;
    stage.command(ViewCommand::Result(Some(view.clone())), 0.0);
    stage.command(ViewCommand::Section(Some(SectionPlane { point: [0.0, 0.05, 0.0], normal: [0.0, 1.0, 0.0] })), 0.0);
    assert!(stage.caps().is_empty(), "what swings is drawn open");
    let mut drawn = Vec::new();
    for k in 0..8 {
        stage.changes = super::Changes::default();
        assert!(stage.tick(200.0 * f64::from(k)), "there is more to come");
        assert!(stage.changes.picture && !stage.changes.result, "drawn again, not uploaded again");
        drawn.push(stage.result.as_ref().map(|r| r.drawn_scale()).expect("a result"));
    }
    // A picture of it shows the full deflection, whatever the moment, and then it swings on.
    stage.tick(400.0);
    let moment = stage.result.as_ref().map(|r| r.drawn_scale());
    assert_ne!(moment, Some(1.0));
    for setup in [None, Some(Vec::new())] {
        let is_setup = setup.is_some();
        let aside = stage.lay_aside(setup);
        assert_eq!(stage.result.as_ref().map(|r| r.drawn_scale()), (!is_setup).then_some(1.0));
        assert_eq!(stage.caps().len(), 2, "it stands still");
        stage.take_back(aside);
        assert!(stage.is_playing() && stage.caps().is_empty() && stage.changes.section);
        assert_eq!(stage.result.as_ref().map(|r| r.drawn_scale()), moment);
    }
    assert!(drawn.iter().any(|s| *s > 0.99) && drawn.iter().any(|s| *s < -0.99), "{drawn:?}");
    view.playing = false;
    stage.command(ViewCommand::Result(Some(view)), 2000.0);
    stage.tick(2016.0);
    stage.changes = super::Changes::default();
    stage.tick(5000.0);
    assert!(!stage.tick(5016.0) && !stage.changes.picture, "nothing is drawn when nothing moves");
    assert_eq!(stage.result.as_ref().map(|r| r.drawn_scale()), Some(1.0));
    assert_eq!(stage.caps().len(), 2);
}

#[test]
fn the_section_cuts_the_deformed_shape_and_what_has_no_result() {
    let mut stage = stage();
    result(&mut stage, 1.0);
    stage.command(ViewCommand::Section(Some(SectionPlane { point: [0.0, 0.05, 0.0], normal: [0.0, 1.0, 0.0] })), 0.0);
    let caps = stage.caps();
    assert_eq!(caps.len(), 2);
    let top = caps[0].0.triangles.iter().flatten().map(|p| p.z).fold(0.0, f64::max);
    assert!((top - 0.06).abs() < 1e-4, "{top}");
    stage.take_events();
    stage.tick(16.0);
    let flags = stage.take_events().into_iter().find_map(|e| if let ViewEvent::Flags(f) = e { Some(f) } else { None });
    let kept = stage.result.as_ref().and_then(|r| {
        let drawn = r.extremes?.map(|p| r.displaced(p).y);
        Some(drawn.iter().filter(|y| **y < 0.05).count())
    });
    assert_eq!(flags.map(|f| f.len()), kept, "a flag whose part is cut away is not shown");
    stage.command(ViewCommand::Hidden(vec!["pin".into()]), 0.0);
    assert_eq!(stage.caps().len(), 1);
}

#[test]
fn a_section_that_stands_still_shows_the_inside_and_is_probed_there() {
    let mut stage = stage();
    let answer = solver::study::outcome::Outcome::from_bytes(&sample::block_inside()).expect("an answer");
    let inside = std::sync::Arc::new(solver::result::Inside::new(answer));
    result(&mut stage, 1.0);
    stage.command(ViewCommand::Inside(Some(inside)), 0.0);
    let plane = |y| ViewCommand::Section(Some(SectionPlane { point: [0.0, y, 0.0], normal: [0.0, -1.0, 0.0] }));
    stage.command(plane(0.05), 0.0);
    assert!(stage.tick(10.0), "it is still to come");
    assert!(stage.caps()[0].2.is_none(), "the cut follows the hand without its field");
    stage.tick(200.0);
    assert!(stage.caps()[0].2.is_some() && stage.caps()[1].2.is_none(), "nothing is known of the pin");
    // A picture of the set-up in between shows none of it, and takes nothing away.
    let aside = stage.lay_aside(Some(Vec::new()));
    assert!(stage.caps().iter().all(|cap| cap.2.is_none()));
    stage.take_back(aside);
    assert!(stage.caps()[0].2.is_some() && !stage.tick(205.0), "at once, and it stays");
    // Deformed: at x = 0.1 the middle of the block has risen by 5 mm.
    let at = pixel(&stage, [0.1, 0.05, 0.03]);
    stage.input(Input::Move { id: 1, at }, 0.0);
    stage.tick(220.0);
    let events = stage.take_events();
    let probe = events.iter().rev().find_map(|e| match e {
        ViewEvent::Probe(Some(p)) => Some(p.clone()),
        _ => None,
    });
    let probe = probe.unwrap_or_else(|| panic!("{events:?}"));
    assert!((probe.value - 10.0).abs() < 0.2 && (probe.at[2] - 0.025).abs() < 1e-4, "{probe:?}");
    stage.command(plane(0.06), 300.0);
    assert!(stage.caps()[0].2.is_none(), "moved on: the old field is gone");
    stage.command(ViewCommand::Inside(None), 310.0);
    stage.tick(320.0);
    stage.tick(500.0);
    assert!(stage.caps()[0].2.is_none());
}

#[test]
fn a_click_on_a_deformed_shape_says_where_that_rests_and_a_surface_inside_shows_through() {
    let mut stage = stage();
    result(&mut stage, 1.0);
    let at = pixel(&stage, [0.18, 0.05, 0.059]);
    let rest = click(&mut stage, at).into_iter().find_map(|e| match e {
        ViewEvent::Clicked { rest, .. } => rest,
        _ => None,
    });
    let rest = rest.expect("a place on the skin");
    assert!((rest.at[2] - 0.05).abs() < 1e-4 && rest.normal[2] > 0.99, "{rest:?}");
    let surface = std::sync::Arc::new(sample::cuboid([0.05; 3], [0.06; 3]));
    stage.command(ViewCommand::Inner(Some(app::viewport::Inner { surface, colour: [9, 9, 9] })), 20.0);
    assert!(stage.changes.inner && stage.result_show == [Show::Ghost]);
    stage.command(ViewCommand::Inner(None), 30.0);
    assert_eq!(stage.result_show, [Show::Solid]);
}

#[test]
fn what_lies_over_the_model_is_seen_and_not_picked() {
    let mut stage = stage();
    let at = pixel(&stage, [0.18, 0.05, 0.05]);
    let before = click(&mut stage, at);
    let surface = std::sync::Arc::new(sample::cuboid([-1.0; 3], [1.0; 3]));
    stage.command(ViewCommand::Overlays(vec![app::viewport::Overlay { surface, colour: [9, 9, 9] }]), 20.0);
    assert!(stage.changes.overlay && stage.overlay.as_ref().is_some_and(|o| o.n_faces == 6));
    // Late enough that it is not the second half of a double click.
    assert_eq!(click_when(&mut stage, at, 2000.0), before, "the model behind it");
    stage.command(ViewCommand::Overlays(Vec::new()), 2010.0);
    assert!(stage.overlay.is_none());
}

#[test]
fn a_mirrored_view_follows_at_once_and_does_not_answer() {
    let (mut one, mut other) = (stage(), stage());
    one.command(ViewCommand::Mirrored(true), 0.0);
    one.tick(0.0);
    one.take_events();
    one.input(Input::Wheel { at: glam::DVec2::new(300.0, 200.0), delta: -120.0, ctrl: false }, 1.0);
    one.tick(2.0);
    let sent = one.take_events().into_iter().find_map(|e| if let ViewEvent::Camera(c) = e { Some(c) } else { None });
    other.tick(0.0);
    other.take_events();
    other.command(ViewCommand::Mirror(sent.expect("told without delay")), 3.0);
    other.tick(500.0);
    assert!(!other.take_events().iter().any(|e| matches!(e, ViewEvent::Camera(_))));
    assert!((other.camera.height / one.camera.height - 1.0).abs() < 1e-9);
}

#[test]
fn room_for_a_view_beside_keeps_what_is_seen_across() {
    let mut stage = stage();
    let before = stage.camera.height;
    stage.command(ViewCommand::Mirrored(true), 0.0);
    stage.resize(SIZE * glam::DVec2::new(0.5, 1.0), 1.0);
    assert!((stage.camera.height / before - 2.0).abs() < 1e-9);
    // A window that changes later zooms nothing.
    stage.resize(SIZE * glam::DVec2::new(0.4, 1.0), 1.0);
    stage.resize(SIZE * glam::DVec2::new(0.5, 1.0), 1.0);
    stage.command(ViewCommand::Mirrored(false), 1.0);
    stage.resize(SIZE, 1.0);
    assert!((stage.camera.height / before - 1.0).abs() < 1e-9);
    // One above the other, both are as wide as before.
    stage.command(ViewCommand::Mirrored(true), 2.0);
    stage.resize(SIZE * glam::DVec2::new(1.0, 0.5), 1.0);
    stage.command(ViewCommand::Mirrored(false), 3.0);
    stage.resize(SIZE, 1.0);
    assert!((stage.camera.height / before - 1.0).abs() < 1e-9);
}

#[test]
fn getting_ready_for_a_result_survives_a_new_model() {
    let mut stage = stage();
    stage.tick(0.0);
    stage.changes = Default::default();
    stage.command(ViewCommand::Warm, 0.0);
    assert!(stage.changes.warm && stage.changes.picture);
    stage.set_model(Default::default());
    assert!(stage.changes.warm);
}

#[test]
fn a_picture_is_free_of_marks_and_what_was_seen_comes_back() {
    let mut stage = stage();
    result(&mut stage, 1.0);
    stage.command(ViewCommand::Selected(vec![Pick::Vertex { body: "block".into(), point: 0 }]), 0.0);
    let shown = (stage.show.clone(), stage.result_show.clone(), stage.selected.clone());
    let aside = stage.lay_aside(None);
    assert!(stage.selected.is_empty() && stage.result.is_some(), "the view as it is, without what is selected");
    stage.take_back(aside);
    assert_eq!(stage.selected, shown.2);
    // The set-up: bodies under symbols, where the result was.
    let glyph = Glyph { face: FaceName("z1".into()), kind: app::viewport::GlyphKind::Fixed, direction: [0.0; 3] };
    let aside = stage.lay_aside(Some(vec![glyph]));
    assert!(stage.result.is_none() && stage.glyphs.len() == 1);
    assert_eq!(stage.show, [Show::Solid, Show::Solid]);
    stage.changes = Changes::default();
    stage.take_back(aside);
    assert!(stage.changes.result && stage.changes.picture && stage.result.is_some() && stage.glyphs.is_empty());
    assert_eq!((stage.show.clone(), stage.result_show.clone(), stage.selected.clone()), shown);
}
