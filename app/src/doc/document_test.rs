use super::*;
use solver::design::{Object, Value};

fn set(id: &str, key: &str, text: &str) -> Command {
    Command::Set { id: id.into(), key: key.into(), value: Some(Value::Expr(text.into())) }
}

fn base() -> Design {
    let mut design = Design::new();
    for id in ["box_a", "box_b"] {
        let add = Command::Add { object: Object::new(id, "box", id), before: None };
        design = apply(&design, &add).expect("a box").0;
    }
    design
}

fn welcome(sequence: u64, design: Option<Design>, entries: Vec<Entry>) -> ToClient {
    ToClient::Welcome {
        sequence,
        design,
        entries,
        acknowledged: 0,
        connection: 1,
        user: "ada".into(),
        may_edit: true,
        peers: Vec::new(),
    }
}

fn entry(sequence: u64, author: &str, client: &str, number: u64, command: Command) -> Entry {
    Entry { sequence, author: author.into(), client: client.into(), number, time: 0, command }
}

/// A tab that has set `box_a`'s width at log position 3, seen by the server.
fn worked() -> Document {
    let mut tab = Document::new("first");
    tab.receive(welcome(2, Some(base()), Vec::new()));
    tab.submit(set("box_a", "dx", "70 mm")).expect("applies");
    tab.receive(ToClient::Applied { entry: entry(3, "ada", "first", 1, set("box_a", "dx", "70 mm")) });
    tab
}

/// The same tab after a reload: what was kept, through text, in a document with another name.
fn reloaded(tab: &Document) -> Document {
    let kept = serde_json::to_string(&tab.keep().expect("something to take back")).expect("text");
    let mut again = Document::new("second");
    again.revive(serde_json::from_str(&kept).expect("read back"));
    again
}

fn width(tab: &mut Document, id: &str) -> Option<Value> {
    tab.view().get(&id.into()).and_then(|o| o.get("dx"))
}

#[test]
fn undo_goes_on_after_a_reload() {
    let before = base().get(&"box_a".into()).and_then(|o| o.get("dx"));
    let mut tab = reloaded(&worked());
    assert_eq!(tab.have(), 3, "only what came since is asked for");
    // Somebody else was faster, elsewhere.
    tab.receive(welcome(4, None, vec![entry(4, "ben", "other", 1, set("box_b", "dx", "9 mm"))]));
    assert_eq!(width(&mut tab, "box_a"), Some(Value::Expr("70 mm".into())));
    assert!(tab.snapshot().undo.is_some());
    tab.undo();
    assert_eq!(width(&mut tab, "box_a"), before);
    assert_eq!(width(&mut tab, "box_b"), Some(Value::Expr("9 mm".into())));
    tab.redo();
    assert_eq!(width(&mut tab, "box_a"), Some(Value::Expr("70 mm".into())));
}

#[test]
fn a_reload_does_not_undo_what_others_wrote_meanwhile() {
    let mut tab = reloaded(&worked());
    tab.receive(welcome(4, None, vec![entry(4, "ben", "other", 1, set("box_a", "dx", "9 mm"))]));
    let said = tab.undo();
    assert!(matches!(&said[..], [Effect::Say(text)] if text.starts_with("Not undone")), "{said:?}");
    assert_eq!(width(&mut tab, "box_a"), Some(Value::Expr("9 mm".into())));
}

#[test]
fn an_edit_on_its_way_while_reloading_is_taken_back_too_or_forgotten_when_it_never_left() {
    let mut tab = worked();
    tab.submit(set("box_a", "dx", "80 mm")).expect("applies");
    let kept = tab.keep().expect("something");
    // It had arrived: its entry comes with the welcome.
    let mut arrived = Document::new("second");
    arrived.revive(kept.clone());
    arrived.receive(welcome(4, None, vec![entry(4, "ada", "first", 2, set("box_a", "dx", "80 mm"))]));
    arrived.undo();
    assert_eq!(width(&mut arrived, "box_a"), Some(Value::Expr("70 mm".into())));
    // It was lost with the tab, outbox and all: undo takes the one before.
    let before = base().get(&"box_a".into()).and_then(|o| o.get("dx"));
    let mut lost = Document::new("second");
    lost.revive(kept);
    lost.receive(welcome(3, None, Vec::new()));
    lost.undo();
    assert_eq!(width(&mut lost, "box_a"), before);
}

#[test]
fn an_edit_that_a_reload_left_in_the_outbox_is_still_taken_back() {
    let before = base().get(&"box_a".into()).and_then(|o| o.get("dx"));
    let mut tab = reloaded(&worked());
    let left = Submission {
        client: "first".into(),
        number: 1,
        base: 2,
        offline: false,
        command: set("box_a", "dx", "70 mm"),
        undo_of: None,
    };
    let unseen = Submission { client: "closed".into(), command: set("box_b", "dx", "9 mm"), ..left.clone() };
    let effects = tab.recover(vec![left, unseen]);
    assert_eq!(effects, [Effect::Forget { client: "first".into(), number: 1 }]);
    tab.receive(welcome(3, None, Vec::new()));
    assert_eq!(tab.pending().count(), 1, "only what nobody has seen is sent");
    tab.undo();
    assert_eq!(width(&mut tab, "box_a"), before);
    assert_eq!(width(&mut tab, "box_b"), Some(Value::Expr("9 mm".into())));
}

#[test]
fn a_design_given_whole_forgets_the_steps_and_nothing_is_kept_without_any() {
    let mut tab = reloaded(&worked());
    tab.receive(welcome(900, Some(base()), Vec::new()));
    assert_eq!(tab.snapshot().undo, None);
    assert_eq!(tab.keep(), None);
    let mut ended = worked();
    ended.end("You no longer have access to this design.".into());
    assert_eq!(ended.keep(), None);
}

#[test]
fn what_the_server_did_for_this_tab_is_taken_back_like_an_own_edit() {
    let before = base().get(&"box_a".into()).and_then(|o| o.get("dx"));
    let mut tab = worked();
    let merge = Command::Batch { commands: vec![set("box_a", "dx", "90 mm"), set("box_b", "dx", "8 mm")] };
    // Another tab of the same person ordered one too: that is that tab's to undo.
    tab.receive(ToClient::Applied { entry: entry(4, "ada", "firstborn-x", 1, set("box_b", "dy", "3 mm")) });
    tab.receive(ToClient::Applied { entry: entry(5, "ada", "first-x", 1, merge) });
    assert_eq!(width(&mut tab, "box_a"), Some(Value::Expr("90 mm".into())));
    assert_eq!(tab.snapshot().undo.as_deref(), Some("Set Length x of box_a and 1 more"));
    tab.undo();
    assert_eq!(width(&mut tab, "box_a"), Some(Value::Expr("70 mm".into())));
    tab.undo();
    assert_eq!(width(&mut tab, "box_a"), before);
    assert_eq!(tab.snapshot().undo, None);
    // Nobody can order something in another person's name.
    tab.receive(ToClient::Applied { entry: entry(6, "ben", "first-y", 1, set("box_a", "dx", "1 mm")) });
    assert_eq!(tab.snapshot().undo, None);
}
