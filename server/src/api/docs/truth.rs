//! The description tells what is sent: every variant of what the core serialises is held against its schema, and no operation
//! takes or gives just anything.

use super::fit::Fit;
use super::{METHODS, socket};
use crate::jobs::wire;
use app::api::design::Document;
use app::api::history::{Choice, Comparison, Merge, Point, Preview, Reading, Results};
use app::api::requirement::Judged;
use app::api::run::{Preflight, Run, RunEvent};
use app::sync::{Refused, ToClient, ToServer};
use serde::Serialize;
use serde_json::{Value as Json, json};
use solver::deck;
use solver::design::compare::{Change, Line, Part};
use solver::design::merge::{Conflict, Note};
use solver::design::profile::Outline;
use solver::design::{Command, Design, Id, Issue, Object, Profile, Refusal, Segment, Severity, Side, Value};
use solver::quantity::Dimension;
use solver::requirement::{Judgement, Verdict, Waiver};
use solver::run::{Asked, Phase, Report};
use solver::study::outcome::{Grade, Scalar};
use solver::surface::{EdgeName, FaceName};
use std::collections::BTreeSet;

/// What is free of form: the description itself, whose form is OpenAPI's.
const FREE: [&str; 1] = ["/paths/~1api~1openapi.json/get/responses/200/content/application~1json/schema"];

fn description() -> Json {
    serde_json::from_str(crate::openapi_json()).expect("a description")
}

fn holds(fit: &mut Fit, name: &str, example: &impl Serialize) {
    let value = serde_json::to_value(example).expect("JSON");
    assert_eq!(fit.is(name, &value), Ok(()), "{value:#}");
}

/// Holds examples of every variant against a schema. Does not compile while one is left out; those after the semicolon are
/// never sent as JSON.
macro_rules! every {
    ($fit:expr, $name:literal, $kind:ident { $($variant:ident),+ $(; $($other:ident),+)? }, $examples:expr) => {{
        let examples: Vec<$kind> = $examples.into();
        let mut left: BTreeSet<&str> = [$(stringify!($variant)),+].into();
        for example in &examples {
            left.remove(match example {
                $($kind::$variant { .. } => stringify!($variant),)+
                $($($kind::$other { .. } => "none",)+)?
            });
            holds($fit, $name, example);
        }
        assert!(left.is_empty(), "{}: no example of {left:?}", $name);
    }};
}

fn text(text: &str) -> String {
    text.into()
}

fn id() -> Id {
    "box_1".into()
}

fn point(x: &str, y: &str) -> [String; 2] {
    [x.into(), y.into()]
}

fn outlines() -> [Outline; 2] {
    let segments = vec![
        Segment::Line { to: point("10 mm", "0 mm") },
        Segment::Arc { via: point("8 mm", "8 mm"), to: point("0 mm", "10 mm") },
    ];
    [
        Outline::Path { start: point("0 mm", "0 mm"), segments },
        Outline::Circle { centre: point("3 mm", "3 mm"), radius: "width/2".into() },
    ]
}

fn values() -> [Value; 10] {
    let [outer, hole] = outlines();
    let face = |name: &str| FaceName(name.into());
    [
        Value::Expr(text("2*width")),
        Value::Vector(["0 mm", "1 mm", "2 mm"].map(text)),
        Value::Text(text("A note")),
        Value::Flag(true),
        Value::Choice(text("new")),
        Value::Refs(vec![id()]),
        Value::Faces(vec![face("box_1.left")]),
        Value::Edges(vec![EdgeName { faces: [face("box_1.left"), face("box_1.top")], piece: 1 }]),
        Value::Profile(Profile { outer, holes: vec![hole] }),
        Value::Blob { hash: text("af1349"), name: text("part.stl") },
    ]
}

fn object() -> Object {
    let properties = [(text("dx"), Value::Expr(text("80 mm")))].into();
    Object {
        id: id(),
        kind: text("box"),
        name: text("Plate"),
        parent: Some("group_1".into()),
        suppressed: true,
        properties,
    }
}

fn commands() -> Vec<Command> {
    let all = vec![
        Command::Add { object: object(), before: Some(id()) },
        Command::Add { object: Object::new("hole_1", "hole", "Hole"), before: None },
        Command::Remove { id: id() },
        Command::Move { id: id(), before: Some("hole_1".into()), parent: Some("group_1".into()) },
        Command::Move { id: id(), before: None, parent: None },
        Command::Set { id: id(), key: text("dx"), value: Some(Value::Expr(text("80 mm"))) },
        Command::Set { id: id(), key: text("dx"), value: None },
        Command::Rename { id: id(), name: text("Base") },
        Command::Suppress { id: id(), suppressed: true },
    ];
    let batch = Command::Batch { commands: all.clone() };
    [all, vec![batch]].concat()
}

fn changes() -> [Change; 8] {
    let value = Some(Value::Flag(true));
    [
        Change::Added,
        Change::Removed,
        Change::Renamed { before: text("Plate"), after: text("Base") },
        Change::Moved { before: None, after: Some(id()) },
        Change::Moved { before: Some(id()), after: None },
        Change::Grouped { before: Some(id()), after: Some(id()) },
        Change::Suppressed { after: true },
        Change::Property { key: text("dx"), before: value.clone(), after: value },
    ]
}

fn parts() -> Vec<Part> {
    let line =
        |change| Line { object: id(), kind: text("box"), name: text("Plate"), change, text: text("Plate: added") };
    vec![Part { label: text("Features"), lines: changes().map(line).into() }]
}

fn issue() -> Issue {
    Issue { object: id(), key: Some(text("dx")), severity: Severity::Error, message: text("Give Length x a value.") }
}

fn scalar() -> Scalar {
    Scalar {
        id: text("stress_max"),
        label: text("Largest stress"),
        value: 1.2e8,
        error: Some(3e6),
        dimension: Dimension::PRESSURE,
        grade: Grade::Verified,
        case: Some(text("case_1")),
        at: Some([0.0, 0.01, 0.02]),
        exponent: Some(0.5),
    }
}

fn judgement(waiver: Option<Waiver>) -> Judgement {
    Judgement {
        requirement: id(),
        verdict: Verdict::Met,
        reason: text("0.6 kg ± 0.01 kg"),
        run: Some(text("a91c")),
        version: Some(4),
        state: Some(text("Full load")),
        value: Some(0.6),
        error: Some(0.01),
        limit: Some(0.65),
        margin: Some(0.05),
        dimension: Dimension::MASS,
        mandatory: true,
        waiver,
    }
}

fn run() -> Run {
    let run = json!({
        "id": "a91c", "design": "d", "design_name": "Bracket", "sequence": 4, "fingerprint": "f", "study": "st",
        "study_name": "Strength", "study_kind": "static", "study_version": 1, "state": "running", "queue_position": 0,
        "attempt": 1, "by": "p", "by_name": "Ada", "created": 1, "started": 2, "ended": null, "phase": "solve", "fraction": 0.4,
        "message": null, "worker": "w", "core_seconds": 1.5, "memory_bytes": 1024, "cached": false, "artefact": null,
        "stale": false, "resumable": true, "asked": "pause", "seed": 7, "instruction_set": "avx2",
    });
    serde_json::from_value(run).expect("a run")
}

fn deck_reading() -> deck::Reading {
    let body = deck::BodyRead {
        name: text("Body 1"),
        material: text("Steel"),
        n_elements: 8,
        n_faces: 6,
        volume: 1e-6,
        density: Some(7850.0),
    };
    deck::Reading {
        heading: text("A box"),
        n_nodes: 27,
        n_elements: 8,
        size: [0.01; 3],
        bodies: vec![body],
        objects: vec![object()],
        notes: vec![deck::Note { line: 3, text: text("*AMPLITUDE is left out.") }],
    }
}

fn refusals() -> [Refusal; 10] {
    let name = || text("width");
    [
        Refusal::Missing { id: id() },
        Refusal::Exists { id: id() },
        Refusal::BadId { id: id() },
        Refusal::UnknownKind { kind: name() },
        Refusal::UnknownProperty { kind: name(), key: name() },
        Refusal::WrongType { name: name(), label: name(), expected: name() },
        Refusal::BadName { name: name(), reason: name() },
        Refusal::NameTaken { name: name() },
        Refusal::TooLarge { what: name(), limit: 5_000 },
        Refusal::Nested { id: id() },
    ]
}

/// A design's content and what is said about it.
fn designs(fit: &mut Fit) {
    every!(
        fit,
        "Segment",
        Segment { Line, Arc },
        match &outlines()[0] {
            Outline::Path { segments, .. } => segments.clone(),
            Outline::Circle { .. } => Vec::new(),
        }
    );
    every!(fit, "Outline", Outline { Path, Circle }, outlines());
    every!(
        fit,
        "PropertyValue",
        Value { Expr, Vector, Text, Flag, Choice, Refs, Faces, Edges, Profile, Blob },
        values()
    );
    every!(fit, "Command", Command { Add, Remove, Move, Set, Rename, Suppress, Batch }, commands());
    every!(
        fit,
        "Refusal",
        Refusal {
            Missing,
            Exists,
            BadId,
            UnknownKind,
            UnknownProperty,
            WrongType,
            BadName,
            NameTaken,
            TooLarge,
            Nested
        },
        refusals()
    );
    every!(fit, "Change", Change { Added, Removed, Renamed, Moved, Grouped, Suppressed, Property }, changes());
    every!(fit, "Severity", Severity { Error, Warning }, [Severity::Error, Severity::Warning]);
    every!(fit, "Side", Side { Ours, Theirs }, [Side::Ours, Side::Theirs]);
    let units = deck::Units::ALL.map(|(units, ..)| units);
    use deck::Units;
    every!(fit, "Units", Units { Millimetre, Metre, MillimetreKilogram, Inch }, units);
    holds(fit, "DesignObject", &object());
    holds(fit, "Issue", &issue());
    holds(fit, "DeckReading", &deck_reading());
    for template in solver::design::TEMPLATES {
        let design: Design = (template.build)();
        holds(fit, "Design", &design);
        holds(fit, "Document", &Document { sequence: 0, design });
    }
}

/// What runs say and show.
fn runs(fit: &mut Fit) {
    every!(
        fit,
        "Verdict",
        Verdict { NoEvidence, Stale, NoFiniteValue, NotMet, Indicated, Met },
        [
            Verdict::NoEvidence,
            Verdict::Stale,
            Verdict::NoFiniteValue,
            Verdict::NotMet,
            Verdict::Indicated,
            Verdict::Met
        ]
    );
    every!(fit, "Grade", Grade { Instant, Verified }, [Grade::Instant, Grade::Verified]);
    every!(fit, "Asked", Asked { Nothing, Pause, Finish }, [Asked::Nothing, Asked::Pause, Asked::Finish]);
    let phases = [Phase::Geometry, Phase::Mesh, Phase::Assemble, Phase::Solve, Phase::Recover, Phase::Done];
    every!(fit, "Phase", Phase { Geometry, Mesh, Assemble, Solve, Recover, Done }, phases);
    let reports = [
        Report::Progress { phase: Phase::Mesh, fraction: 0.1, note: text("round 2") },
        Report::Residual { iteration: 3, value: 1e-4 },
        Report::Log { line: text("12 000 elements") },
    ];
    every!(fit, "Report", Report { Progress, Residual, Log; Partial, Checkpoint }, reports.clone());
    let events = [
        RunEvent::State { run: Box::new(run()) },
        RunEvent::Report { run: text("a91c"), report: reports[0].clone() },
        RunEvent::Partial { run: text("a91c"), level: 2 },
    ];
    every!(fit, "RunEvent", RunEvent { State, Report, Partial }, events);
    holds(fit, "Run", &run());
    holds(fit, "Scalar", &scalar());
    let waiver = Waiver { by: text("Ada"), reason: text("A prototype.") };
    holds(fit, "Judged", &Judged { sequence: 4, judgements: vec![judgement(Some(waiver)), judgement(None)] });
    holds(
        fit,
        "Preflight",
        &Preflight { issues: vec![issue()], memory_bytes: 1 << 30, core_seconds: 12.0, dofs: 30_000 },
    );
    let lease = wire::Lease { run: text("a91c"), epoch: 2 };
    holds(fit, "Reports", &wire::Reports { lease, reports: reports.into() });
    let hello = wire::Hello {
        protocol: wire::PROTOCOL,
        worker: text("w"),
        host: text("here"),
        cores: 4,
        instruction_set: text("avx2"),
        version: text("0.1.0"),
        memory_bytes: 1 << 33,
        studies: vec![(text("static"), 3)],
    };
    holds(fit, "Claim", &wire::Claim { hello, wait_ms: 100 });
    let assignment = wire::Assignment {
        run: text("a91c"),
        epoch: 2,
        attempt: 1,
        lease_ms: 10_000,
        design: Design::new(),
        study: text("st"),
        seed: 7,
        budget_ms: 60_000,
        files: vec![text("af1349")],
        checkpoint: Some(text("af1350")),
        asked: Asked::Finish,
    };
    holds(fit, "Assignment", &assignment);
}

/// What histories and sockets say.
fn messages(fit: &mut Fit) {
    let point = || Point { design: text("d"), name: text("Bracket"), sequence: 4 };
    let reading = Reading { label: text("Mass"), dimension: Dimension::MASS, before: Some(0.6), after: None };
    let results = Results {
        study: "st".into(),
        name: text("Strength"),
        before: Some(text("a91c")),
        after: None,
        readings: vec![reading],
    };
    holds(fit, "Comparison", &Comparison { before: point(), after: point(), parts: parts(), results: vec![results] });
    let choices = vec![Choice { object: id(), key: text("dx"), side: Side::Theirs }];
    holds(fit, "Merge", &Merge { from: text("d2"), sequence: Some(3), choices, tab: Some(text("tab")) });
    let conflict = |choice| Conflict {
        object: id(),
        key: text("dx"),
        name: text("Plate"),
        label: text("Length x"),
        base: text("80 mm"),
        ours: text("81 mm"),
        theirs: text("82 mm"),
        choice,
    };
    let preview = Preview {
        base: point(),
        ours: point(),
        theirs: point(),
        conflicts: vec![conflict(None), conflict(Some(Side::Ours))],
        notes: vec![Note { object: id(), text: text("Both added it.") }],
        issues: vec![issue()],
        parts: parts(),
    };
    holds(fit, "Preview", &preview);
    let value = || Some(Value::Flag(true));
    let refused = [
        Refused::DoesNotApply { refusal: Refusal::Missing { id: id() } },
        Refused::Conflict { object: text("box_1"), key: text("dx"), by: text("Ben"), theirs: value(), yours: None },
        Refused::Forbidden,
        Refused::NeedsPerson { what: text("waivers of requirements") },
        Refused::TooFast,
        Refused::Invalid { why: text("number 3 came before 2") },
    ];
    every!(fit, "Refused", Refused { DoesNotApply, Conflict, Forbidden, NeedsPerson, TooFast, Invalid }, refused);
    every!(fit, "ToServer", ToServer { Hello, Submit, Presence, Ping }, socket::to_server());
    every!(
        fit,
        "ToClient",
        ToClient { Welcome, Applied, Known, Refused, Peer, Left, Run, Renamed, Talked, Scene, Locked, Pong, Closing },
        socket::to_client()
    );
    holds(fit, "Submission", &socket::submission());
}

#[test]
fn what_is_sent_is_as_described_and_what_is_described_is_sent() {
    let description = description();
    let mut fit = Fit::new(&description);
    designs(&mut fit);
    runs(&mut fit);
    messages(&mut fit);
    // Every shape that is told by hand: nothing of it is without a true value that has it.
    let by_hand = include_str!("../../../../app/src/api/schema.rs").lines();
    let by_hand = by_hand.filter_map(|l| l.strip_prefix("pub struct ").or_else(|| l.strip_prefix("pub enum ")));
    let names: Vec<&str> = by_hand.filter_map(|l| l.split([' ', '(']).next()).collect();
    assert!(names.len() > 20 && names.contains(&"Command"), "{names:?}");
    for name in names {
        assert_eq!(fit.unseen(name), Vec::<String>::new(), "{name}");
    }
}

/// The canary: a harness that takes what does not fit proves nothing.
#[test]
fn what_is_other_than_described_is_found() {
    let description = description();
    let good = json!({"do": "set", "id": "box_1", "key": "dx", "value": {"type": "expr", "value": "80 mm"}});
    assert_eq!(Fit::new(&description).is("Command", &good), Ok(()));
    let faults = [
        json!({"do": "set", "id": "box_1", "key": "dx", "value": {"type": "expr", "value": "80 mm"}, "unit": "mm"}),
        json!({"do": "set", "id": 1, "key": "dx", "value": null}),
        json!({"do": "set", "id": "box_1", "value": null}),
        json!({"do": "sit", "id": "box_1"}),
        json!({"do": "set", "id": "box_1", "key": "dx", "value": {"type": "vector", "value": "1 mm"}}),
        json!({"do": "batch", "commands": [{"do": "remove"}]}),
        json!("set"),
    ];
    for fault in faults {
        assert!(Fit::new(&description).is("Command", &fault).is_err(), "{fault} passes");
    }
    let mut fit = Fit::new(&description);
    holds(&mut fit, "Command", &Command::Remove { id: id() });
    assert!(!fit.unseen("Command").is_empty(), "one example does not show all");
}

/// Places under `at` where the description says nothing.
fn open(description: &Json, at: &str, visited: &mut BTreeSet<String>, found: &mut Vec<String>) {
    let Some(schema) = description.pointer(at) else { return found.push(at.to_owned()) };
    if !visited.insert(at.to_owned()) {
        return;
    }
    let mut says = false;
    if let Some(target) = schema["$ref"].as_str() {
        says = true;
        open(description, target.trim_start_matches('#'), visited, found);
    }
    for key in ["oneOf", "anyOf", "allOf", "prefixItems"] {
        for i in 0..schema[key].as_array().map_or(0, Vec::len) {
            says = true;
            open(description, &format!("{at}/{key}/{i}"), visited, found);
        }
    }
    for key in schema["properties"].as_object().into_iter().flat_map(|p| p.keys()) {
        says = true;
        open(description, &format!("{at}/properties/{key}"), visited, found);
    }
    for key in ["items", "additionalProperties"] {
        if schema[key].is_object() {
            says = true;
            open(description, &format!("{at}/{key}"), visited, found);
        }
    }
    let plain = |word: &str| !["object", "array"].contains(&word);
    says |= match &schema["type"] {
        Json::String(word) => plain(word),
        Json::Array(words) => words.iter().filter_map(Json::as_str).any(|w| plain(w) && w != "null"),
        _ => false,
    };
    if !says {
        found.push(at.to_owned());
    }
}

fn pointer(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// What is open in the JSON that operations take and give.
fn open_operations(description: &Json) -> Vec<String> {
    let (mut visited, mut found) = (BTreeSet::new(), Vec::new());
    for (path, item) in description["paths"].as_object().expect("paths") {
        for method in METHODS.iter().filter(|m| item.get(**m).is_some()) {
            let at = format!("/paths/{}/{method}", pointer(path));
            let answers = item[method]["responses"].as_object().into_iter().flat_map(|r| r.keys());
            let places = answers.map(|status| format!("{at}/responses/{status}/content/application~1json"));
            for place in places.chain([format!("{at}/requestBody/content/application~1json")]) {
                if description.pointer(&place).is_some() {
                    open(description, &format!("{place}/schema"), &mut visited, &mut found);
                }
            }
        }
    }
    for message in ["ToServer", "ToClient"] {
        open(description, &super::fit::component(message), &mut visited, &mut found);
    }
    found
}

#[test]
fn no_operation_takes_or_gives_just_anything() {
    let description = description();
    assert_eq!(open_operations(&description), FREE);

    // The canary: what used to be.
    let mut anything = description.clone();
    anything["components"]["schemas"]["Command"] = json!({"type": "object"});
    anything["components"]["schemas"]["Preflight"]["properties"]["issues"]["items"] = json!({});
    let found = open_operations(&anything);
    assert_eq!(found.len(), FREE.len() + 2, "{found:?}");
}
