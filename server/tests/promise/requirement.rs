//! P6 over the whole way: a verdict follows what a worker published on exactly this version, and nothing else.

use app::api::requirement::Judged;
use app::api::run::Run;
use app::sync::Submission;
use axum::http::StatusCode;
use serde_json::json;
use server::jobs::wire::{Hello, Lease, PROTOCOL, Publish};
use server::testing::{Answer, TestApp, Tester};
use solver::design::{Command, Design, Object, Value};
use solver::quantity::Dimension;
use solver::requirement::{Judgement, Verdict};
use solver::study::outcome::{Grade, Outcome, Scalar};
use solver::surface::FaceName;
use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

pub struct World {
    pub app: TestApp,
    pub ada: Tester,
    pub design: String,
    /// Edits sent so far.
    n_edits: Cell<u64>,
}

/// A plate that must weigh at most 0.65 kg.
pub fn plate() -> Design {
    let face = |name: &str| Value::Faces(vec![FaceName(name.into())]);
    let refs = |id: &str| Value::Refs(vec![id.into()]);
    let objects = [
        Object::new("box", "box", "Plate").expr("dx", "80 mm"),
        Object::new("wall", "fixed", "Wall").with("faces", face("box.left")),
        Object::new("pull", "force", "Pull").with("faces", face("box.right")),
        Object::new("st", "static", "Strength"),
        Object::new("light", "requirement", "Light enough").expr("limit", "0.65 kg").with("study", refs("st")),
    ];
    let mut design = Design::new();
    design.objects.extend(objects.into_iter().map(Arc::new));
    design
}

pub fn weighs(mass: f64, error: f64, grade: Grade) -> Outcome {
    let scalar = Scalar {
        id: "mass".into(),
        label: "Mass".into(),
        value: mass,
        error: Some(error),
        dimension: Dimension::MASS,
        grade,
        case: None,
        at: None,
        exponent: None,
    };
    Outcome { scalars: vec![scalar], ..Outcome::default() }
}

/// Runs the study of a [`plate`], as `who` asks for it; `answer` is what its worker publishes.
pub async fn run(app: &TestApp, who: &Tester, design: &str, answer: &Outcome) -> Run {
    let asked = who.post(&format!("/api/designs/{}/runs", design), json!({"study": "st"})).await;
    let run: Run = asked.read().expect("a run");
    assert_eq!(publish(app, answer, None).await, run.id);
    run
}

/// A worker waits for the next run and publishes `answer` to it, with a deck of the problem where it has one. The run's id.
pub async fn publish(app: &TestApp, answer: &Outcome, deck: Option<&str>) -> String {
    let hello = Hello {
        protocol: PROTOCOL,
        worker: "w".into(),
        host: "here".into(),
        cores: 1,
        instruction_set: "none".into(),
        version: "0".into(),
        memory_bytes: 1 << 40,
        studies: vec![("static".into(), solver::study::statics::FORM.version)],
    };
    let state = &app.state;
    // Someone may still be on the way to ask for it.
    let claimed = state.jobs.claim(state, &hello, Duration::from_secs(60)).await.expect("an answer");
    let claimed = claimed.expect("the run");
    let surface = state.blobs.put(answer.surface_part().to_bytes().into()).await.expect("stored");
    let deck = match deck {
        Some(text) => Some(state.blobs.put(text.as_bytes().to_vec().into()).await.expect("stored")),
        None => None,
    };
    let publish = Publish {
        lease: Lease { run: claimed.run.clone(), epoch: claimed.epoch },
        surface,
        tensor: None,
        volume: None,
        deck,
        growth: None,
        core_seconds: 1.0,
        memory_bytes: 1,
        instruction_set: "none".into(),
    };
    state.jobs.publish(state, &publish).await.expect("published");
    claimed.run
}

impl World {
    pub async fn new() -> Self {
        let app = TestApp::new().await.expect("a server");
        let ada = app.administrator("Ada").await.expect("Ada");
        let project = app.project("Frame").await.expect("a project");
        let design = app.design(&project, &ada, &plate()).await.expect("a design");
        app.state.jobs.start(&app.state).await.expect("a queue");
        Self { app, ada, design, n_edits: Cell::new(0) }
    }

    /// Runs the study; `answer` is what its worker publishes.
    pub async fn run(&self, answer: &Outcome) -> Run {
        run(&self.app, &self.ada, &self.design, answer).await
    }

    /// As [`publish`], in this world.
    pub async fn publish(&self, answer: &Outcome, deck: Option<&str>) -> String {
        publish(&self.app, answer, deck).await
    }

    async fn verdict(&self) -> Judgement {
        let judged = self.ada.get(&format!("/api/designs/{}/requirements", self.design)).await;
        let mut judged: Judged = judged.read().expect("verdicts");
        assert_eq!(judged.judgements.len(), 1);
        judged.judgements.remove(0)
    }

    /// What the server says to an edit.
    pub async fn edit(&self, object: &str, key: &str, value: Value) -> Answer {
        self.n_edits.set(self.n_edits.get() + 1);
        let submission = Submission {
            client: "requirement-client-1".into(),
            number: self.n_edits.get(),
            base: 0,
            offline: false,
            command: Command::Set { id: object.into(), key: key.into(), value: Some(value) },
            undo_of: None,
        };
        self.ada.post(&format!("/api/designs/{}/commands", self.design), &submission).await
    }

    pub async fn set(&self, object: &str, key: &str, text: &str) {
        let answer = self.edit(object, key, Value::Expr(text.into())).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    }
}

#[tokio::test]
async fn a_verdict_follows_what_runs_published_on_this_version() {
    let world = World::new().await;
    let found = world.verdict().await;
    assert_eq!((found.verdict, found.run), (Verdict::NoEvidence, None), "{}", found.reason);

    world.run(&weighs(0.6, 0.01, Grade::Instant)).await;
    let found = world.verdict().await;
    assert_eq!(found.verdict, Verdict::Indicated, "an instant run proves nothing: {}", found.reason);

    world.set("box", "dx", "81 mm").await;
    assert_eq!(world.verdict().await.verdict, Verdict::Stale);

    let run = world.run(&weighs(0.6, 0.01, Grade::Verified)).await;
    let found = world.verdict().await;
    assert_eq!((found.verdict, found.run.as_deref()), (Verdict::Met, Some(run.id.as_str())), "{}", found.reason);
    assert_eq!((found.value, found.error, found.limit), (Some(0.6), Some(0.01), Some(0.65)));

    // An edit that the study does not see leaves the proof; one back to an earlier version finds its own again.
    world.set("light", "limit", "0.605 kg").await;
    assert_eq!(world.verdict().await.verdict, Verdict::Indicated, "the band reaches over the limit");
    world.set("box", "dx", "80 mm").await;
    assert_eq!(world.verdict().await.verdict, Verdict::Indicated, "the first run answers this again");
    world.set("light", "limit", "0.5 kg").await;
    world.set("box", "dx", "81 mm").await;
    let found = world.verdict().await;
    assert_eq!((found.verdict, found.run.as_deref()), (Verdict::NotMet, Some(run.id.as_str())));
}

#[tokio::test]
async fn damaged_and_missing_bytes_prove_nothing() {
    let world = World::new().await;
    let run = world.run(&weighs(0.6, 0.01, Grade::Verified)).await;
    assert_eq!(world.verdict().await.verdict, Verdict::Met);
    let run: Run = world.ada.get(&format!("/api/runs/{}", run.id)).await.read().expect("the run");
    let hash = run.artefact.expect("its answer");
    let path = world.app.folder().join("blobs").join(&hash[..2]).join(&hash[2..]);
    let mut bytes = std::fs::read(&path).expect("the blob");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, &bytes).expect("damaged");
    let found = world.verdict().await;
    assert_eq!(found.verdict, Verdict::NoEvidence, "{}", found.reason);
    std::fs::remove_file(&path).expect("removed");
    assert_eq!(world.verdict().await.verdict, Verdict::NoEvidence);
}

#[tokio::test]
async fn nobody_sets_a_verdict() {
    let world = World::new().await;
    for key in ["verdict", "met", "value", "run"] {
        let answer = world.edit("light", key, Value::Text("met".into())).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{key}: {}", answer.text());
    }
    let path = format!("/api/designs/{}/requirements", world.design);
    for sent in [world.ada.post(&path, json!({})).await, world.ada.put(&path, json!({})).await] {
        assert_eq!(sent.status, StatusCode::METHOD_NOT_ALLOWED);
    }
    assert_eq!(world.verdict().await.verdict, Verdict::NoEvidence);
}
