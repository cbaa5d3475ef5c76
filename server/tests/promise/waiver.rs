//! Whatever lets a design pass although it does not do what it must is a person's doing, and a release says whose.

use super::access_stream::{Ear, handshake};
use super::requirement::World;
use app::api::auth::Token;
use app::api::board::{Line, Sheet};
use app::api::design::{DesignCard, Document};
use app::api::release::{How, Release};
use app::sync::{PROTOCOL, Refused, Submission, ToClient, ToServer};
use axum::http::StatusCode;
use serde_json::json;
use server::testing::{Answer, Tester};
use solver::design::{Command, Design, Object, Value};
use std::cell::Cell;

/// Someone, or something, that edits.
struct Editor<'a> {
    tester: &'a Tester,
    client: &'static str,
    n_edits: Cell<u64>,
}

impl<'a> Editor<'a> {
    fn new(tester: &'a Tester, client: &'static str) -> Self {
        Self { tester, client, n_edits: Cell::new(0) }
    }

    async fn edit(&self, design: &str, command: Command) -> Answer {
        self.n_edits.set(self.n_edits.get() + 1);
        let (client, number) = (self.client.to_owned(), self.n_edits.get());
        let submission = Submission { client, number, base: 0, offline: false, command, undo_of: None };
        self.tester.post(&format!("/api/designs/{design}/commands"), &submission).await
    }
}

fn set(id: &str, key: &str, value: Value) -> Command {
    Command::Set { id: id.into(), key: key.into(), value: Some(value) }
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

/// The design now, and its position.
async fn document(who: &Tester, design: &str) -> (u64, Design) {
    let document = who.get(&format!("/api/designs/{design}/document")).await;
    let Document { sequence, design } = document.read().expect("the document");
    (sequence, design)
}

async fn program(world: &World) -> Tester {
    let made = world.ada.post("/api/auth/tokens", json!({"name": "CI", "scopes": ["edit", "run"], "days": 7})).await;
    Tester { bearer: made.read::<Token>().expect("a token").secret, ..world.app.nobody() }
}

/// Everything that would let a design pass the gate without doing what it must.
fn loosening() -> Vec<Command> {
    let waived = Object::new("light_too", "requirement", "Light").with("waived_by", text("CI"));
    let each = vec![
        set("light", "waived_by", text("Dr. Eva Lang")),
        set("light", "waiver_reason", text("The program says so")),
        set("light", "mandatory", Value::Flag(false)),
        Command::Suppress { id: "light".into(), suppressed: true },
        Command::Remove { id: "light".into() },
        Command::Add { object: waived, before: None },
    ];
    let hidden = Command::Batch { commands: vec![set("box", "dx", Value::Expr("85 mm".into())), each[3].clone()] };
    each.into_iter().chain([hidden]).collect()
}

#[tokio::test]
async fn no_token_waives_a_requirement_or_leaves_one_out() {
    let world = World::new().await;
    let program = program(&world).await;
    let ci = Editor::new(&program, "program-client-001");
    let before = document(&world.ada, &world.design).await;
    for command in loosening() {
        let answer = ci.edit(&world.design, command.clone()).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{command:?}: {}", answer.text());
        let why = answer.problem().expect("a problem").message;
        assert!(why.contains("No token may") && why.contains("sign in"), "{why}");
    }
    assert_eq!(document(&world.ada, &world.design).await, before, "nothing of it was done");
    // What it is for, it does.
    let answer = ci.edit(&world.design, set("box", "dx", Value::Expr("81 mm".into()))).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    // Neither does it bring back what a person took back, in one piece or in part.
    assert_eq!(world.edit("light", "waived_by", text("Dr. Eva Lang")).await.status, StatusCode::OK);
    assert_eq!(world.edit("light", "waiver_reason", text("Prototype")).await.status, StatusCode::OK);
    let waived = document(&world.ada, &world.design).await;
    for key in ["waived_by", "waiver_reason"] {
        assert_eq!(world.edit("light", key, text("")).await.status, StatusCode::OK);
    }
    world.set("box", "dx", "82 mm").await;
    let now = document(&world.ada, &world.design).await;
    let restore = format!("/api/designs/{}/restore", world.design);
    let back = program.post(&restore, json!({"sequence": waived.0})).await;
    assert_eq!(back.status, StatusCode::FORBIDDEN, "{}", back.text());
    assert_eq!(document(&world.ada, &world.design).await, now);
    // The person whose token it is does all of it, signed in.
    let ada = Editor::new(&world.ada, "person-client-0001");
    let back = world.ada.post(&restore, json!({"sequence": waived.0})).await;
    assert_eq!(back.status, StatusCode::OK, "{}", back.text());
    for command in loosening().into_iter().take(5) {
        let answer = ada.edit(&world.design, command.clone()).await;
        assert_eq!(answer.status, StatusCode::OK, "{command:?}: {}", answer.text());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_token_does_so_through_a_socket_either() {
    let world = World::new().await;
    let program = program(&world).await;
    let address = world.app.serve().await.expect("a free port");
    let path = format!("/api/designs/{}/socket", world.design);
    let mut ear = Ear(handshake(address, &path, &program).await.expect("a socket"));
    let client = "program-client-002".to_owned();
    ear.say(&ToServer::Hello { protocol: PROTOCOL, client: client.clone(), have: 0, pending: Vec::new() }).await;
    let may_edit = ear.hear(|m| if let ToClient::Welcome { may_edit, .. } = m { Some(may_edit) } else { None }).await;
    assert!(may_edit, "all the rest it may");
    for (number, command) in (1..).zip(loosening()) {
        let client = client.clone();
        let submission = Submission { client, number, base: 0, offline: false, command, undo_of: None };
        ear.say(&ToServer::Submit { submission: submission.clone() }).await;
        let refusal = ear.hear(|m| match m {
            ToClient::Refused { number: n, refusal, .. } if n == number => Some(Some(refusal)),
            ToClient::Applied { .. } => Some(None),
            _ => None,
        });
        assert!(matches!(refusal.await, Some(Refused::NeedsPerson { .. })), "{:?}", submission.command);
    }
    assert_eq!(document(&world.ada, &world.design).await.0, 0);
}

async fn draft(world: &World) -> Release {
    let asked = json!({"approvers": [world.ada.id]});
    world.ada.post(&format!("/api/designs/{}/releases", world.design), asked).await.read().expect("a draft")
}

/// Submitted and approved; who is alone approves alone.
async fn release(world: &World, draft: &Release) -> Release {
    let path = format!("/api/releases/{}", draft.id);
    world.ada.post(&format!("{path}/submit"), json!({})).await.read::<Release>().expect("in review");
    world.ada.post(&format!("{path}/decide"), json!({"decision": "approve"})).await.read().expect("released")
}

async fn line(world: &World, design: &str) -> Line {
    let sheet: Sheet = world.ada.get(&format!("/api/board/{design}")).await.read().expect("a sheet");
    sheet.lines.into_iter().find(|line| line.requirement == "light").expect("its line")
}

#[tokio::test]
async fn a_release_and_the_board_say_who_made_a_waiver_whatever_name_it_carries() {
    let world = World::new().await;
    assert_eq!(line(&world, &world.design).await.waived_by, None);
    for (key, value) in [("waived_by", "Dr. Eva Lang"), ("waiver_reason", "Prototype")] {
        assert_eq!(world.edit("light", key, text(value)).await.status, StatusCode::OK);
    }
    // An edit to the requirement that is not about the waiver makes nobody its maker.
    world.set("light", "limit", "0.7 kg").await;
    let found = line(&world, &world.design).await;
    let made = found.waived_by.expect("who made it");
    assert_eq!((made.by.name.as_str(), made.sequence), ("Ada", 2));
    assert_eq!(found.waiver.map(|w| w.by).as_deref(), Some("Dr. Eva Lang"), "as it was typed");
    let first = release(&world, &draft(&world).await).await;
    assert_eq!(first.proofs[0].waived.as_ref().map(|w| w.by.name.as_str()), Some("Ada"), "frozen with it");
    // In a branch, too, it is who made it and not who branched.
    let made = world.ada.post(&format!("/api/designs/{}/branches", world.design), json!({"name": "Lighter"})).await;
    let branch = made.read::<DesignCard>().expect("a branch").id;
    assert_eq!(line(&world, &branch).await.waived_by.map(|w| (w.by.name, w.sequence)), Some(("Ada".to_owned(), 2)));
}

#[tokio::test]
async fn a_release_says_what_is_asked_no_more_since_the_last_one() {
    let world = World::new().await;
    let ada = Editor::new(&world.ada, "person-client-0001");
    let done = async |command: Command| {
        let answer = ada.edit(&world.design, command).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    };
    done(set("light", "waived_by", text("Ada"))).await;
    done(set("light", "waiver_reason", text("Prototype"))).await;
    let first = draft(&world).await;
    assert_eq!((first.dropped.len(), &first.since), (0, &None));
    let first = release(&world, &first).await;
    // Suppressed, nothing is left to be met: it passes, and the card says how.
    done(Command::Suppress { id: "light".into(), suppressed: true }).await;
    let second = draft(&world).await;
    let told = |release: &Release| release.dropped.iter().map(|d| (d.name.clone(), d.how)).collect::<Vec<_>>();
    assert_eq!(told(&second), [("Light enough".to_owned(), How::Suppressed)]);
    assert_eq!((second.since.as_deref(), second.proofs.len()), (Some("A"), 0));
    let second = release(&world, &second).await;
    assert_eq!(told(&second), [("Light enough".to_owned(), How::Suppressed)], "frozen with it");
    // Against this one nothing more is left out; the other ways are told as well.
    let third = draft(&world).await;
    assert_eq!((told(&third), third.since.as_deref()), (Vec::new(), Some("B")));
    done(Command::Suppress { id: "light".into(), suppressed: false }).await;
    let change = async |release: &Release| {
        let now = document(&world.ada, &world.design).await.0;
        let path = format!("/api/releases/{}", release.id);
        world.ada.patch(&path, json!({"sequence": now})).await.read::<Release>().expect("changed")
    };
    assert_eq!(told(&change(&third).await), []);
    let third = release(&world, &third).await;
    // What is asked otherwise, as it was and as it is.
    done(set("light", "limit", Value::Expr("900 kg".into()))).await;
    let fourth = draft(&world).await;
    assert_eq!(told(&fourth), [("Light enough".to_owned(), How::Changed)]);
    assert!(fourth.dropped[0].changes[0].starts_with("limit: at most 900 kg, was at most "), "{:?}", fourth.dropped);
    done(set("light", "mandatory", Value::Flag(false))).await;
    let both = [How::Optional, How::Changed].map(|how| ("Light enough".to_owned(), how));
    assert_eq!(told(&change(&fourth).await), both);
    done(Command::Remove { id: "light".into() }).await;
    assert_eq!(told(&change(&fourth).await), [("Light enough".to_owned(), How::Removed)]);
    assert_eq!(third.since.as_deref(), Some("B"));
    assert_eq!(first.since, None);
}
