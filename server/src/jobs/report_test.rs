use super::*;
use crate::jobs::lease::{Job, State};
use solver::study::outcome::{Balance, StateKind};
use std::sync::Arc;

const HOSTILE: &str = "<script>alert(1)</script>\"";

fn run() -> Stored {
    let job = Job {
        state: State::Done,
        epoch: 1,
        attempt: 1,
        worker: None,
        deadline: None,
        cancel_asked: None,
        asked: Default::default(),
        last_words: None,
    };
    Stored {
        id: "run".into(),
        design: "design".into(),
        design_name: HOSTILE.into(),
        sequence: 7,
        question: "0f".into(),
        study: "study".into(),
        study_name: HOSTILE.into(),
        study_kind: "static".into(),
        study_version: 2,
        document: String::new(),
        person: "ada".into(),
        person_name: HOSTILE.into(),
        seed: 0,
        created: 0,
        job,
        worker_host: None,
        started: None,
        ended: None,
        core_seconds: None,
        memory_bytes: None,
        instruction_set: None,
        source: None,
        surface: None,
        checkpoint: None,
        queue_position: None,
    }
}

fn outcome() -> Outcome {
    let state = solver::study::outcome::State {
        id: "case".into(),
        label: HOSTILE.into(),
        kind: StateKind::LoadCase,
        value: None,
        dimension: Dimension::NONE,
    };
    let scalar = |id: &str, exponent| Scalar {
        id: id.into(),
        label: HOSTILE.into(),
        value: 2.5e8,
        error: Some(1e7),
        dimension: Dimension::PRESSURE,
        grade: Grade::Verified,
        case: Some("case".into()),
        at: None,
        exponent,
    };
    Outcome {
        states: vec![state],
        scalars: vec![scalar("finite", None), scalar("endless", Some(0.4))],
        balances: vec![Balance {
            case: "case".into(),
            applied_force: [0.0, 0.0, -100.0],
            reaction_force: [0.0, 0.0, 100.0],
            applied_moment: [0.0; 3],
            reaction_moment: [0.0; 3],
            imbalance: 1e-12,
        }],
        warnings: vec![HOSTILE.into()],
        facts: vec![(HOSTILE.into(), HOSTILE.into())],
        ..Outcome::default()
    }
}

fn design() -> Design {
    let mut design = Design::new();
    design.objects = [
        Object::new("b", "box", HOSTILE).expr("dx", "2 cm"),
        Object::new("s1", "fixed", "Wall"),
        Object::new("s2", "fixed", "Other wall"),
        Object::new("hot", "temperature", "Stove"),
        Object::new("study", "static", HOSTILE).with("supports", Value::Refs(vec!["s1".into()])),
    ]
    .map(Arc::new)
    .to_vec();
    design
}

#[test]
fn names_cannot_become_markup() {
    let html = Report::new(&run(), &design(), &outcome(), true).html();
    assert!(!html.contains("<script"), "{html}");
    assert!(html.matches("&lt;script&gt;").count() >= 10);
    // Nothing is fetched and nothing runs.
    assert!(!html.contains("http") && !html.contains("src=\"/"));
}

#[test]
fn it_says_what_was_asked_and_how_far_the_answer_holds() {
    let html = Report::new(&run(), &design(), &outcome(), true).html();
    assert!(html.contains("250 MPa") && html.contains("± 10 MPa"), "{html}");
    assert!(html.contains("no finite value") && html.contains("size<sup>−0.40</sup>"));
    assert!(html.contains("The design has moved on"));
    assert!(html.contains("2 cm = 20 mm"));
    // What the study does not look at is no part of the question; that it is left out is said once.
    assert!(html.contains("<td>Wall</td>") && !html.contains("<td>Other wall</td>") && !html.contains("Stove"));
    assert!(html.contains("Of the design but not of this study: Other wall."));
    // Whatever is printed has its unit, and no more.
    assert!(html.contains("<td>Pressure</td><td>MPa</td><td>1e6 Pa</td>"), "{html}");
    assert!(html.contains("<td>Force</td><td>N</td>") && !html.contains("<td>Temperature</td>"), "{html}");
    // The cases of this kind of study, and of no other.
    assert!(html.contains("Patch of crooked elements") && !html.contains("NAFEMS FV12"));
    assert!(!Report::new(&run(), &design(), &outcome(), false).html().contains("The design has moved on"));
}
