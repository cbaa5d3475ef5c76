//! P3: undo touches only one's own edits; P4, the pure half: offline work returns, once.

use crate::random::{Random, edit, seed};
use crate::world::{Outbox, World};
use app::doc::{Choice, Event, SaveState};
use server::rooms::room::Canary;
use solver::design::{Command, Design, Object, Value};

/// Two people with a box between them, everything delivered.
fn pair() -> World {
    let mut world = World::new(1, 2, Canary::default());
    world.faults = false;
    world.drain().unwrap();
    submit(&mut world, 0, Command::Add { object: Object::new("b", "box", "Base"), before: None });
    world
}

fn submit(world: &mut World, tab: usize, command: Command) {
    offline(world, tab, command);
    world.drain().unwrap();
}

fn offline(world: &mut World, tab: usize, command: Command) {
    world.submit(tab, command).unwrap();
}

fn set(key: &str, text: &str) -> Command {
    Command::Set { id: "b".into(), key: key.into(), value: Some(Value::Expr(text.into())) }
}

fn text(world: &mut World, key: &str) -> String {
    let (design, _) = world.room().confirmed();
    design.get(&"b".into()).map(|b| b.text(key)).unwrap_or_default()
}

fn undo(world: &mut World, tab: usize) {
    world.happen(tab, Event::Undo).unwrap();
    world.drain().unwrap();
}

#[test]
fn undo_leaves_others_edits_alone() {
    let mut world = pair();
    submit(&mut world, 0, set("dx", "11 mm"));
    submit(&mut world, 1, set("dy", "22 mm"));
    undo(&mut world, 0);
    assert_eq!((text(&mut world, "dx"), text(&mut world, "dy")), ("100 mm".into(), "22 mm".into()));
    // The other one changed the same property since: skipped, and said.
    submit(&mut world, 0, set("dx", "12 mm"));
    submit(&mut world, 1, set("dx", "13 mm"));
    undo(&mut world, 0);
    assert_eq!(text(&mut world, "dx"), "13 mm");
    assert!(world.said.last().unwrap().contains("user1"), "{:?}", world.said);
    // Undoing an own edit on top of theirs gives theirs back; going further stops at it.
    submit(&mut world, 0, set("dx", "14 mm"));
    undo(&mut world, 0);
    assert_eq!(text(&mut world, "dx"), "13 mm");
    undo(&mut world, 0);
    assert_eq!(text(&mut world, "dx"), "13 mm");
}

#[test]
fn undoing_an_addition_does_not_take_others_work_with_it() {
    let mut world = pair();
    submit(&mut world, 1, set("dz", "5 mm"));
    undo(&mut world, 0);
    assert_eq!(text(&mut world, "dz"), "5 mm");
}

#[test]
fn undo_of_an_edit_still_on_its_way_is_fresh() {
    let mut world = pair();
    submit(&mut world, 1, set("dx", "7 mm"));
    offline(&mut world, 0, set("dx", "8 mm"));
    undo(&mut world, 0);
    assert_eq!(text(&mut world, "dx"), "7 mm");
    assert_eq!(world.tabs[0].session.document.save_state(), SaveState::Saved);
}

#[test]
fn undo_all_then_redo_all_is_the_identity_when_alone() {
    let first = seed("undo");
    for seed in first..first + 200 {
        let mut world = World::new(seed, 1, Canary::default());
        world.faults = false;
        world.drain().unwrap();
        let mut random = Random::new(seed);
        for _ in 0..40 {
            let view = world.tabs[0].session.document.view().clone();
            let _ = world.submit(0, edit(&mut random, &view));
            if random.chance(50) {
                world.drain().unwrap();
            }
        }
        world.drain().unwrap();
        let whole = world.room().confirmed().0.clone();
        let mut steps = 0;
        while world.tabs[0].session.snapshot().undo.is_some() {
            world.happen(0, Event::Undo).unwrap();
            if random.chance(50) {
                world.drain().unwrap();
            }
            steps += 1;
        }
        world.drain().unwrap();
        assert_eq!(world.room().confirmed().0, &Design::new(), "seed {seed}, {steps} undone");
        while world.tabs[0].session.snapshot().redo.is_some() {
            world.happen(0, Event::Redo).unwrap();
        }
        world.drain().unwrap();
        assert_eq!(world.room().confirmed().0, &whole, "seed {seed}, {steps} redone");
    }
}

/// Twenty edits in half a minute without a network; the tab closed, and opened again three times.
fn away(outbox: Outbox) -> Result<(), String> {
    let mut world = pair();
    world.outbox = outbox;
    world.happen(0, Event::Offline)?;
    let made: Vec<Command> = (0..20).map(|i| set("dx", &format!("{} mm", i + 1))).collect();
    for command in &made {
        offline(&mut world, 0, command.clone());
        world.pass(1_500)?;
    }
    let state = world.tabs[0].session.document.save_state();
    if state != SaveState::Offline(20) {
        return Err(format!("the person is told {state:?}"));
    }
    for _ in 0..3 {
        // Opened, closed and opened again: still once each.
        world.reopen(0)?;
        world.drain()?;
    }
    // Behind the box that the pair began with.
    let logged: Vec<&Command> = world.log[1..].iter().map(|e| &e.command).collect();
    if logged != made.iter().collect::<Vec<_>>() {
        return Err(format!("the log has {} of 20 edits, or in another order", logged.len()));
    }
    let shown = text(&mut world, "dx");
    if shown != "20 mm" {
        return Err(format!("the room shows {shown}"));
    }
    if !world.tabs[0].stored.is_empty() {
        return Err("the outbox keeps what is done".into());
    }
    world.settle()?;
    world.check()
}

#[test]
fn twenty_edits_made_offline_return_once_after_the_tab_was_closed() {
    away(Outbox::Sound).unwrap();
}

#[test]
fn canary_an_outbox_that_forgets_or_resends_is_caught() {
    for outbox in [Outbox::Forgets, Outbox::Resends] {
        let fault = away(outbox).expect_err("unseen");
        assert!(fault.contains("of 20 edits"), "{outbox:?}: {fault}");
    }
}

#[test]
fn an_offline_edit_of_what_another_changed_meanwhile_asks_with_both_values() {
    let mut world = pair();
    world.happen(0, Event::Offline).unwrap();
    offline(&mut world, 0, set("dx", "1 mm"));
    offline(&mut world, 0, set("dx", "2 mm"));
    offline(&mut world, 0, set("dy", "3 mm"));
    submit(&mut world, 1, set("dx", "9 mm"));
    world.happen(0, Event::Online).unwrap();
    world.drain().unwrap();
    assert_eq!((text(&mut world, "dx"), text(&mut world, "dy")), ("9 mm".into(), "3 mm".into()));
    let notices = world.tabs[0].session.snapshot().notices;
    assert_eq!(notices.len(), 1, "{notices:?}");
    let conflict = notices[0].conflict.clone().unwrap();
    assert_eq!((conflict.theirs.as_str(), conflict.yours.as_str()), ("9 mm", "2 mm"));
    assert!(notices[0].message.contains("user1") && notices[0].message.contains("Length x of Base"));
    world.happen(0, Event::Resolve(notices[0].id, Choice::KeepMine)).unwrap();
    world.drain().unwrap();
    assert_eq!(text(&mut world, "dx"), "2 mm");
    assert_eq!(world.tabs[0].session.document.save_state(), SaveState::Saved);
}

#[test]
fn an_edit_of_what_was_removed_meanwhile_names_it() {
    let mut world = pair();
    world.happen(0, Event::Offline).unwrap();
    offline(&mut world, 0, set("dx", "1 mm"));
    submit(&mut world, 1, Command::Remove { id: "b".into() });
    world.happen(0, Event::Online).unwrap();
    world.drain().unwrap();
    let notices = world.tabs[0].session.snapshot().notices;
    assert!(notices[0].message.contains("Base has been removed"), "{notices:?}");
}

#[test]
fn a_drag_is_seen_by_others_and_committed_once() {
    let mut world = pair();
    let before = world.log.len();
    for i in 0..10 {
        world.happen(0, Event::Drag(vec![set("dx", &format!("{} mm", i + 1))])).unwrap();
        world.pass(60).unwrap();
        world.drain().unwrap();
    }
    let other = world.tabs[1].session.snapshot();
    let length = |d: &Design| d.get(&"b".into()).unwrap().text("dx");
    assert_eq!((length(&other.shown), length(&other.design)), ("10 mm".into(), "100 mm".into()));
    submit(&mut world, 0, set("dx", "10 mm"));
    world.pass(60).unwrap();
    world.drain().unwrap();
    assert_eq!(world.log.len(), before + 1);
    let other = world.tabs[1].session.snapshot();
    assert!(other.peers.iter().all(|p| p.presence.preview.is_empty()), "the preview outlives the edit");
    assert_eq!(length(&other.shown), "10 mm");
}

#[test]
fn fifty_thousand_edits_are_quick() {
    let mut world = World::new(1, 1, Canary::default());
    world.faults = false;
    world.drain().unwrap();
    for i in 0..100 {
        let object = Object::new(format!("b{i}").as_str(), "box", "B");
        world.submit(0, Command::Add { object, before: None }).unwrap();
    }
    world.drain().unwrap();
    let start = std::time::Instant::now();
    let document = &mut world.tabs[0].session.document;
    for i in 0..50_000_u64 {
        let id = format!("b{}", i % 100);
        let value = Some(Value::Expr(format!("{i} mm")));
        document.submit(Command::Set { id: id.as_str().into(), key: "dx".into(), value }).unwrap();
    }
    let seconds = start.elapsed().as_secs_f64();
    eprintln!("50,000 edits queued offline: {seconds:.2} s");
    assert!(seconds < 20.0);
}
