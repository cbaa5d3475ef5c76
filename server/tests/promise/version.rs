//! History, named versions, branches, comparison, merge and return, on two branches with live rooms.

use crate::live::{Client, Live, boxes};
use crate::requirement::{World, weighs};
use app::api::Page;
use app::api::auth::Role;
use app::api::design::{DesignCard, Document};
use app::api::history::{Branches, Comparison, Landed, Preview, Provenance, Stretch, Version};
use app::sync::{Entry, Submission, ToClient};
use axum::http::{Method, StatusCode};
use serde_json::{Value as Json, json};
use server::Error;
use server::auth::actor::{Actor, Guest};
use server::auth::{Action, Object, can};
use server::testing::{Answer, Tester};
use solver::design::{Command, Value};
use solver::quantity::Dimension;
use solver::study::outcome::Grade;

/// Minutes of the test's clock that make a pause between stretches.
const PAUSE_MS: i64 = 11 * 60 * 1000;

async fn edit(client: &mut Client, command: Command) -> Entry {
    let message = client.submission(command);
    let (name, number) = (client.name.clone(), client.number);
    client.send(&message).await;
    let applied = client.until(|m| match m {
        ToClient::Applied { entry } if entry.client == name && entry.number == number => Some(entry),
        _ => None,
    });
    let entry = applied.await.expect("the edit is acknowledged");
    client.sequence = entry.sequence;
    entry
}

fn set(id: &str, key: &str, value: &str) -> Command {
    Command::Set { id: id.into(), key: key.into(), value: Some(Value::Expr(value.into())) }
}

async fn document(tester: &Tester, design: &str, sequence: Option<u64>) -> Document {
    let at = sequence.map(|s| format!("?sequence={s}")).unwrap_or_default();
    tester.get(&format!("/api/designs/{design}/document{at}")).await.read().expect("a document")
}

async fn value(tester: &Tester, design: &str, id: &str, key: &str) -> String {
    let document = document(tester, design, None).await;
    match document.design.get(&id.into()).and_then(|o| o.get(key)) {
        Some(Value::Expr(text)) => text,
        other => panic!("{id}.{key} is {other:?}"),
    }
}

async fn branch(tester: &Tester, design: &str, request: Json) -> String {
    tester.post(&format!("/api/designs/{design}/branches"), request).await.read::<DesignCard>().expect("a branch").id
}

async fn preview(tester: &Tester, into: &str, from: &str) -> Preview {
    let request = json!({"from": from});
    tester.post(&format!("/api/designs/{into}/merge/preview"), request).await.read().expect("a preview")
}

async fn merge(tester: &Tester, into: &str, request: Json) -> Answer {
    tester.post(&format!("/api/designs/{into}/merge"), request).await
}

async fn history(tester: &Tester, design: &str) -> Page<Stretch> {
    tester.get(&format!("/api/designs/{design}/history")).await.read().expect("a history")
}

/// Names of the conflicts, with both values.
fn conflicts(preview: &Preview) -> Vec<(&str, &str, &str, &str)> {
    preview.conflicts.iter().map(|c| (c.name.as_str(), c.label.as_str(), c.ours.as_str(), c.theirs.as_str())).collect()
}

#[tokio::test]
async fn two_branches_meet() {
    let live = Live::start(&boxes(3), 2).await;
    let (main, ada, ben) = (live.design.clone(), &live.people[0], &live.people[1]);
    let mut on_main = live.connect(0).await;
    edit(&mut on_main, set("b0", "dx", "10 mm")).await;
    let lighter = branch(ben, &main, json!({"name": "Lighter"})).await;
    let mut on_branch = live.connect_to(&lighter, 1).await;

    // Edits that do not overlap come together without a question, and whoever has the design open sees it happen.
    edit(&mut on_main, set("b0", "dy", "20 mm")).await;
    edit(&mut on_branch, set("b1", "dx", "30 mm")).await;
    edit(&mut on_branch, Command::Rename { id: "b2".into(), name: "Rib".into() }).await;
    let seen = preview(ben, &main, &lighter).await;
    assert_eq!(conflicts(&seen), []);
    assert_eq!((seen.base.design.as_str(), seen.base.sequence, seen.theirs.sequence), (main.as_str(), 1, 2));
    assert_eq!(document(ada, &main, None).await.sequence, 2, "looking changes nothing");
    let landed: Landed = merge(ben, &main, json!({"from": lighter})).await.read().expect("merged");
    let entry = on_main.until(|m| match m {
        ToClient::Applied { entry } if entry.sequence == landed.sequence => Some(entry),
        _ => None,
    });
    assert_eq!(entry.await.expect("everyone sees the merge").author, ben.id);
    assert_eq!(value(ada, &main, "b0", "dy").await, "20 mm");
    assert_eq!(value(ada, &main, "b1", "dx").await, "30 mm");
    assert_eq!(document(ada, &main, None).await.design.get(&"b2".into()).expect("b2").name, "Rib");
    assert_eq!(merge(ben, &main, json!({"from": lighter})).await.status, StatusCode::CONFLICT, "nothing is new");

    // Edits of one property always meet, with both values.
    on_main.sequence = landed.sequence;
    edit(&mut on_main, set("b2", "dz", "5 mm")).await;
    edit(&mut on_branch, set("b2", "dz", "6 mm")).await;
    edit(&mut on_branch, set("b2", "dx", "7 mm")).await;
    // Taken over before and changed here since: the branch has not touched it again.
    edit(&mut on_main, set("b1", "dx", "31 mm")).await;
    let seen = preview(ada, &main, &lighter).await;
    assert_eq!(conflicts(&seen), [("Rib", "Height z", "5 mm", "6 mm")]);
    assert_eq!((seen.base.design.as_str(), seen.base.sequence), (lighter.as_str(), 2), "only what is new since");
    let refused = merge(ada, &main, json!({"from": lighter})).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.problem().expect("why").message.contains("Height z of Rib"), "{}", refused.text());
    let choice = json!([{"object": "b2", "key": "dz", "side": "theirs"}]);
    merge(ada, &main, json!({"from": lighter, "choices": choice})).await.read::<Landed>().expect("merged");
    for (id, key, expected) in [("b2", "dz", "6 mm"), ("b2", "dx", "7 mm"), ("b1", "dx", "31 mm")] {
        assert_eq!(value(ada, &main, id, key).await, expected, "{id} {key}");
    }

    // A choice for one's own side is kept too: it is not asked again.
    edit(&mut on_branch, set("b2", "dz", "8 mm")).await;
    on_main.sequence = document(ada, &main, None).await.sequence;
    edit(&mut on_main, set("b2", "dz", "9 mm")).await;
    let choice = json!([{"object": "b2", "key": "dz", "side": "ours"}]);
    merge(ada, &main, json!({"from": lighter, "choices": choice})).await.read::<Landed>().expect("merged");
    assert_eq!(value(ada, &main, "b2", "dz").await, "9 mm");
    edit(&mut on_branch, set("b0", "dz", "3 mm")).await;
    let seen = preview(ada, &main, &lighter).await;
    assert_eq!(conflicts(&seen), []);
    assert_eq!(seen.parts.iter().map(|p| p.lines.len()).sum::<usize>(), 1, "{:?}", seen.parts);

    // And back: the branch takes what happened here.
    merge(ben, &lighter, json!({"from": main})).await.read::<Landed>().expect("merged");
    assert_eq!(value(ben, &lighter, "b2", "dz").await, "9 mm");
    assert_eq!(value(ben, &lighter, "b0", "dz").await, "3 mm");
    let family: Branches = ada.get(&format!("/api/designs/{main}/branches")).await.read().expect("branches");
    assert_eq!((family.origin, family.others.len()), (None, 1));
    let other = &family.others[0];
    assert_eq!((other.name.as_str(), other.behind), ("Lighter", 0), "{other:?}");
    assert!(other.ahead > 0, "{other:?}");
    assert_eq!(other.origin.as_ref().map(|p| (p.design.as_str(), p.sequence)), Some((main.as_str(), 1)));
}

#[tokio::test]
async fn merges_across_ask_about_choices_that_differ() {
    let live = Live::start(&boxes(1), 1).await;
    let (main, ada) = (live.design.clone(), &live.people[0]);
    let other = branch(ada, &main, json!({"name": "Other"})).await;
    let (mut on_main, mut on_other) = (live.connect(0).await, live.connect_to(&other, 0).await);
    edit(&mut on_main, set("b0", "dx", "2 mm")).await;
    edit(&mut on_other, set("b0", "dx", "3 mm")).await;
    let ours = json!([{"object": "b0", "key": "dx", "side": "ours"}]);
    let request = |from: &str| json!({"from": from, "sequence": 1, "choices": ours});
    merge(ada, &main, request(&other)).await.read::<Landed>().expect("merged");
    merge(ada, &other, request(&main)).await.read::<Landed>().expect("merged");
    let seen = preview(ada, &main, &other).await;
    assert_eq!(conflicts(&seen), [("Box", "Length x", "2 mm", "3 mm")]);
}

#[tokio::test]
async fn nobodys_edit_is_lost_while_a_branch_comes_in() {
    let live = Live::start(&boxes(4), 2).await;
    let (main, ada) = (live.design.clone(), &live.people[0]);
    let other = branch(ada, &main, json!({"name": "Other"})).await;
    let mut on_other = live.connect_to(&other, 0).await;
    for i in 0..4 {
        edit(&mut on_other, set(&format!("b{i}"), "dy", "50 mm")).await;
    }
    // Ben edits other properties of the same objects all the while.
    let mut on_main = live.connect(1).await;
    let editing = tokio::spawn(async move {
        for n in 0..60 {
            edit(&mut on_main, set(&format!("b{}", n % 4), "dx", &format!("{} mm", n + 1))).await;
        }
    });
    merge(ada, &main, json!({"from": other})).await.read::<Landed>().expect("merged");
    editing.await.expect("he edits");
    for i in 0..4 {
        assert_eq!(value(ada, &main, &format!("b{i}"), "dy").await, "50 mm");
        assert_eq!(value(ada, &main, &format!("b{i}"), "dx").await, format!("{} mm", 57 + i));
    }
}

#[tokio::test]
async fn the_past_is_kept_named_compared_and_returned_to() {
    let live = Live::start(&boxes(2), 2).await;
    let (main, ada, ben) = (live.design.clone(), &live.people[0], &live.people[1]);
    let mut by_ada = live.connect(0).await;
    let first = edit(&mut by_ada, set("b0", "dx", "10 mm")).await;
    edit(&mut by_ada, set("b0", "dx", "12 mm")).await;
    live.app.clock.advance(PAUSE_MS);
    edit(&mut by_ada, set("b0", "dy", "4 mm")).await;
    let mut by_ben = live.connect(1).await;
    edit(&mut by_ben, Command::Remove { id: "b1".into() }).await;

    // Who, when and what, in stretches; the newest first.
    let told = history(ada, &main).await;
    assert_eq!(told.next, None);
    let heads: Vec<_> = told.items.iter().map(|s| (s.author.name.as_str(), s.first, s.last, s.edits.len())).collect();
    assert_eq!(heads, [("Person 1", 4, 4, 1), ("Person 0", 3, 3, 1), ("Person 0", 1, 2, 2)]);
    assert_eq!(told.items[0].changes, ["Box: removed"]);
    assert_eq!(told.items[2].changes, ["Box: Length x: 100 mm → 12 mm"], "what came of both edits");
    assert_eq!(told.items[2].edits[0].text, "Set Length x of Box to 12 mm");
    assert_eq!(told.items[2].since, first.time);
    let older: Page<Stretch> =
        ada.get(&format!("/api/designs/{main}/history?before=3")).await.read().expect("a page of history");
    assert_eq!(older.items.len(), 1);
    assert_eq!(older.items[0].last, 2);

    // A name stands for one version for good.
    let versions = format!("/api/designs/{main}/versions");
    let request = json!({"name": "To the supplier", "note": "as sent", "sequence": 2});
    let named: Version = ada.post(&versions, &request).await.read().expect("a version");
    assert_eq!((named.sequence, named.author.id.as_str(), named.note.as_str()), (2, ada.id.as_str(), "as sent"));
    let again = json!({"name": "To the supplier", "sequence": 3});
    assert_eq!(ben.post(&versions, again).await.status, StatusCode::CONFLICT);
    assert_eq!(ada.post(&versions, json!({"name": "x", "sequence": 99})).await.status, StatusCode::NOT_FOUND);
    assert_eq!(ada.post(&versions, json!({"name": " "})).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    for method in [Method::PUT, Method::PATCH, Method::DELETE] {
        let status = ada.send(method, &format!("{versions}/{}", named.id), b"{}".to_vec()).await.status;
        assert!(matches!(status, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED), "{status}");
    }
    let listed: Vec<Version> = ben.get(&versions).await.read().expect("versions");
    assert_eq!(listed, [named]);

    // Any two versions, by object in words.
    let between: Comparison =
        ben.get(&format!("/api/designs/{main}/compare?before=1&after=4")).await.read().expect("a comparison");
    let lines: Vec<String> = between.parts.iter().flat_map(|p| &p.lines).map(|l| l.text.clone()).collect();
    assert_eq!(lines, ["Length x: 10 mm → 12 mm", "Width y: 60 mm → 4 mm", "removed"]);
    let other = branch(ben, &main, json!({"name": "Before the removal", "sequence": 3})).await;
    let between: Comparison =
        ben.get(&format!("/api/designs/{other}/compare?with={main}")).await.read().expect("a comparison");
    assert_eq!((between.before.sequence, between.after.sequence), (4, 0));
    assert_eq!(between.parts.iter().flat_map(|p| &p.lines).map(|l| l.text.as_str()).collect::<Vec<_>>(), ["added"]);

    // A return is a new edit; everything before it stays in the log.
    let restore = format!("/api/designs/{main}/restore");
    let landed: Landed = ben.post(&restore, json!({"sequence": 2})).await.read().expect("restored");
    assert_eq!(landed.sequence, 5);
    assert_eq!(document(ada, &main, None).await.design, document(ada, &main, Some(2)).await.design);
    assert!(document(ada, &main, Some(4)).await.design.get(&"b1".into()).is_none(), "the past is as it was");
    let told = history(ada, &main).await;
    assert_eq!((told.items[0].author.id.as_str(), told.items[0].edits.len()), (ben.id.as_str(), 1));
    match &told.items[0].provenance {
        Some(Provenance::Restore { from }) => assert_eq!((from.design.as_str(), from.sequence), (main.as_str(), 2)),
        other => panic!("{other:?}"),
    }
    assert_eq!(ben.post(&restore, json!({"sequence": 2})).await.status, StatusCode::CONFLICT, "it is so already");
    assert_eq!(ben.post(&restore, json!({"sequence": 77})).await.status, StatusCode::NOT_FOUND);
    assert_eq!(ben.post(&restore, json!({"sequence": u64::MAX})).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn answers_of_two_versions_stand_side_by_side_and_a_branch_inherits_its_own() {
    let world = World::new().await;
    let (main, ada) = (world.design.as_str(), &world.ada);
    let compared = async |design: &str, query: &str| -> Comparison {
        ada.get(&format!("/api/designs/{design}/compare?{query}")).await.read().expect("a comparison")
    };
    let masses = |found: &Comparison| -> Vec<(Option<f64>, Option<f64>)> {
        let all = found.results.iter().flat_map(|r| &r.readings);
        all.filter(|r| r.label == "Mass" && r.dimension == Dimension::MASS).map(|r| (r.before, r.after)).collect()
    };
    let runs = |found: &Comparison| match found.results.as_slice() {
        [one] => (one.before.clone(), one.after.clone()),
        other => panic!("{other:?}"),
    };
    let first = world.run(&weighs(0.6, 0.01, Grade::Verified)).await.id;
    // An edit that the study does not see: the same question has the same answer, of which nothing is said.
    world.set("light", "limit", "0.7 kg").await;
    let found = compared(main, "before=0&after=1").await;
    assert_eq!((found.parts.len(), found.results.len()), (1, 0), "{found:?}");
    world.set("box", "dx", "81 mm").await;
    let half = compared(main, "before=0&after=2").await;
    assert_eq!((runs(&half), masses(&half)), ((Some(first.clone()), None), vec![(Some(0.6), None)]));
    let second = world.run(&weighs(0.62, 0.01, Grade::Verified)).await.id;
    assert_ne!(first, second);
    let both = compared(main, "before=0&after=2").await;
    assert_eq!((both.results[0].study.0.as_str(), both.results[0].name.as_str()), ("st", "Strength"));
    assert_eq!(runs(&both), (Some(first.clone()), Some(second.clone())));
    assert_eq!(masses(&both), [(Some(0.6), Some(0.62))]);
    assert_eq!(masses(&compared(main, "before=2&after=1").await), [(Some(0.62), Some(0.6))], "the other way round");

    // A branch has run nothing itself: its answer is the one to the same question where it came from.
    let other = branch(ada, main, json!({"name": "Other", "sequence": 1})).await;
    let found = compared(&other, &format!("with={main}")).await;
    assert_eq!(runs(&found), (Some(second.clone()), Some(first)));
    assert_eq!(masses(&found), [(Some(0.62), Some(0.6))]);
    // What it has changed has no answer anywhere.
    let submission = Submission {
        client: "version-client-one".into(),
        number: 1,
        base: 0,
        offline: false,
        command: set("box", "dx", "82 mm"),
        undo_of: None,
    };
    let sent = ada.post(&format!("/api/designs/{other}/commands"), &submission).await;
    assert_eq!(sent.status, StatusCode::OK, "{}", sent.text());
    let found = compared(&other, &format!("with={main}")).await;
    assert_eq!((runs(&found), masses(&found)), ((Some(second), None), vec![(Some(0.62), None)]));
}

#[tokio::test]
async fn who_may_only_look_reads_the_past_and_a_guest_does_not() {
    let live = Live::start(&boxes(1), 1).await;
    let (main, ada) = (live.design.clone(), &live.people[0]);
    let mut on_main = live.connect(0).await;
    edit(&mut on_main, set("b0", "dx", "2 mm")).await;
    let viewer = live.app.person("Viewer", Role::Viewer).await.expect("a viewer");
    let card: DesignCard = ada.get(&format!("/api/designs/{main}")).await.read().expect("a card");
    live.app.join(&card.project, &viewer, Role::Viewer).await.expect("a member");
    assert_eq!(history(&viewer, &main).await.items.len(), 1);
    for (path, body) in [
        ("restore", json!({"sequence": 0})),
        ("branches", json!({"name": "Mine"})),
        ("versions", json!({"name": "Mine"})),
        ("merge", json!({"from": main})),
    ] {
        let answer = viewer.post(&format!("/api/designs/{main}/{path}"), body).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}: {}", answer.text());
    }
    // A design that one may not see is no branch that one could merge, compare with or learn of.
    let hidden = live.app.project("Hidden").await.expect("a project");
    let owner = live.app.person("Owner", Role::Owner).await.expect("an owner");
    let secret = branch(&owner, &main, json!({"name": "Secret"})).await;
    owner
        .patch(&format!("/api/designs/{secret}"), json!({"project": hidden}))
        .await
        .read::<DesignCard>()
        .expect("moved");
    assert_eq!(merge(ada, &main, json!({"from": secret})).await.status, StatusCode::NOT_FOUND);
    let seen = ada.post(&format!("/api/designs/{main}/merge/preview"), json!({"from": secret})).await;
    assert_eq!(seen.status, StatusCode::NOT_FOUND);
    assert_eq!(ada.get(&format!("/api/designs/{main}/compare?with={secret}")).await.status, StatusCode::NOT_FOUND);
    let family: Branches = ada.get(&format!("/api/designs/{main}/branches")).await.read().expect("branches");
    assert_eq!(family.others, []);
    // Whoever holds a link sees the design, and that it has a past is not theirs to know.
    let (share, _) = live.app.share(&main, ada).await.expect("a link");
    let guest = Actor::Guest(Guest {
        share,
        maker: ada.id.clone(),
        design: main.clone(),
        name: None,
        expires: i64::MAX,
        until: i64::MAX,
        locked: false,
        allow: Default::default(),
        bodies: None,
    });
    assert!(can(live.state(), &guest, Action::See, Object::Design(&main)).await.is_ok());
    let recalled = can(live.state(), &guest, Action::Recall, Object::Design(&main)).await;
    assert!(matches!(recalled, Err(Error::NotFound(_))), "{recalled:?}");
}

#[tokio::test]
async fn strangers_do_not_merge_and_kinship_outlives_the_one_in_between() {
    let live = Live::start(&boxes(2), 1).await;
    let (main, ada) = (live.design.clone(), &live.people[0]);
    let unrelated = ada
        .post(&format!("/api/designs/{main}/duplicate"), json!({"name": "Copy"}))
        .await
        .read::<DesignCard>()
        .expect("a copy")
        .id;
    assert_eq!(merge(ada, &main, json!({"from": unrelated})).await.status, StatusCode::CONFLICT);
    assert_eq!(merge(ada, &main, json!({"from": main})).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    // Two branches of one that is removed for good: they began alike, so that still is what they have in common.
    let middle = branch(ada, &main, json!({"name": "Middle"})).await;
    let mut on_middle = live.connect_to(&middle, 0).await;
    edit(&mut on_middle, set("b0", "dx", "2 mm")).await;
    let (a, b) = (branch(ada, &middle, json!({"name": "A"})).await, branch(ada, &middle, json!({"name": "B"})).await);
    let (mut on_a, mut on_b) = (live.connect_to(&a, 0).await, live.connect_to(&b, 0).await);
    edit(&mut on_a, set("b0", "dy", "3 mm")).await;
    edit(&mut on_b, set("b1", "dy", "4 mm")).await;
    let owner = live.app.person("Owner", Role::Owner).await.expect("an owner");
    owner.patch(&format!("/api/designs/{middle}"), json!({"state": "bin"})).await.read::<DesignCard>().expect("binned");
    assert_eq!(owner.delete(&format!("/api/designs/{middle}")).await.status, StatusCode::OK);
    let seen = preview(ada, &a, &b).await;
    assert_eq!((conflicts(&seen), seen.base.name.as_str()), (vec![], "another branch"));
    merge(ada, &a, json!({"from": b})).await.read::<Landed>().expect("merged");
    assert_eq!(value(ada, &a, "b1", "dy").await, "4 mm");
    assert_eq!(value(ada, &a, "b0", "dx").await, "2 mm");
}
