//! P21: whatever bytes come from outside, every reader answers with a value or a refusal: no panic, no endless work.
//!
//! `BRUNEL_SEED` replays a run; `BRUNEL_FUZZ_SECONDS` makes it longer than the second each reader gets.

use crate::random::{Random, seed};
use app::sync::{Submission, ToClient, ToServer};
use server::jobs::{frame, wire};
use solver::design::{Command, Design, Object, Value, apply};
use solver::format;
use solver::scene::Scene;
use solver::study::outcome::Outcome;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// One reader of bytes from outside, and bytes it accepts, to be damaged.
struct Reader {
    name: &'static str,
    good: Vec<Vec<u8>>,
    read: fn(&[u8]),
}

/// Longest answer to a few kilobytes: a hundred times what any takes.
const LIMIT: Duration = Duration::from_secs(60);
const BYTES_MAX: usize = 64 * 1024;
/// Tried of every reader, however long they take: a closed surface made of a broken one may take seconds.
const INPUTS_MIN: u64 = 12;

fn bracket() -> Design {
    (solver::design::template("bracket").expect("a template").build)()
}

fn commands() -> Vec<Command> {
    let id = |id: &str| solver::design::Id(id.into());
    let object = Object::new("b", "box", "Box").with("dx", Value::Expr("2*width + 3 mm".into()));
    vec![
        Command::Add { object, before: None },
        Command::Remove { id: id("b") },
        Command::Set { id: id("b"), key: "dx".into(), value: Some(Value::Expr("max(1 mm, 2 in) / 3".into())) },
    ]
}

fn submission(command: Command) -> Submission {
    Submission { client: "fuzzed-client-0001".into(), number: 1, base: 0, offline: false, command, undo_of: None }
}

fn json<T: serde::Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("plain values")
}

/// What the room does with a command that could be read.
fn try_command(command: &Command) {
    if let Ok((design, inverse)) = apply(&bracket(), command) {
        let _ = solver::design::check(&design);
        let _ = solver::design::resolve(&design);
        apply(&design, &inverse).expect("what was done can be undone");
    }
}

fn read_expression(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(expression) = solver::quantity::parse(text) {
        let _ = expression.evaluate(&|_| None);
    }
}

fn readers() -> Vec<Reader> {
    let scene = solver::geometry::evaluate(&bracket(), &server::jobs::runner::Imported(Default::default())).scene();
    let surface = scene.bodies[0].surface.clone();
    let small = surface.triangles.len().min(200);
    let mut piece = (*surface).clone();
    piece.triangles.truncate(small);
    piece.normals.truncate(small);
    piece.face_of.truncate(small);
    let expressions = ["2*width + 3 mm", "35.6 kN", "=max(1 in; 2 ft)/3", "-(((1e3))) * sin(30 deg)^2", "5 N/mm^2"];
    let hello = ToServer::Hello { protocol: 2, client: "fuzzed-client-0001".into(), have: 0, pending: Vec::new() };
    let mut framed = Vec::new();
    let task = frame::Drawing { design: bracket(), view: frame::View::Picture, bodies: Vec::new() };
    frame::write(&mut framed, frame::Frame::Draw(Box::new(task))).expect("written");
    let mut partial = Vec::new();
    frame::write(&mut partial, frame::Frame::Partial { level: 1, bytes: vec![1; 100] }).expect("written");
    vec![
        Reader {
            name: "STL",
            good: vec![format::stl::write(&[&piece], 1e3), b"solid x\nfacet normal 0 0 1\nouter loop\nvertex 0 0 0\nvertex 1 0 0\nvertex 0 1 0\nendloop\nendfacet\nendsolid x\n".to_vec()],
            read: |bytes| drop(format::read("a.stl", bytes)),
        },
        Reader {
            name: "OBJ",
            good: vec![format::obj::write(&[("part", &piece)], 1e3), b"v 0 0 0\nv 1 0 0\nv 0 1 0\nvn 0 0 1\nf 1//1 2//1 -1//1\n".to_vec()],
            read: |bytes| drop(format::read("a.obj", bytes)),
        },
        Reader {
            name: "3MF",
            good: vec![format::three_mf::write(&[("part", &piece)]).expect("packed")],
            read: |bytes| drop(format::read("a.3mf", bytes)),
        },
        Reader {
            name: "STEP",
            good: vec![format::step::write(&[("part", &piece)]).into_bytes()],
            read: |bytes| drop(format::read("a.step", bytes)),
        },
        Reader {
            name: "imported body",
            good: vec![format::stl::write(&[&surface], 1e3), format::obj::write(&[("part", &surface)], 1e3)],
            read: |bytes| {
                let file = if bytes.starts_with(b"# Brunel") { "a.obj" } else { "a.stl" };
                let blob = Value::Blob { hash: "h".into(), name: file.into() };
                let mut design = Design::new();
                design.objects.push(std::sync::Arc::new(Object::new("p", "import", "P").with("file", blob)));
                let files = server::jobs::runner::Imported([("h".to_string(), bytes.to_vec())].into());
                let _ = solver::geometry::evaluate(&design, &files);
            },
        },
        Reader {
            name: "command",
            good: commands().iter().map(|c| json(&submission(c.clone()))).collect(),
            read: |bytes| {
                if let Ok(submission) = serde_json::from_slice::<Submission>(bytes) {
                    try_command(&submission.command);
                }
            },
        },
        Reader {
            name: "socket message up",
            good: commands()
                .into_iter()
                .map(|c| json(&ToServer::Submit { submission: submission(c) }))
                .chain([json(&hello), json(&ToServer::Ping { nonce: 7 })])
                .collect(),
            read: |bytes| {
                if let Ok(ToServer::Submit { submission }) = serde_json::from_slice(bytes) {
                    try_command(&submission.command);
                }
            },
        },
        Reader {
            name: "socket message down",
            good: vec![json(&ToClient::Renamed { name: "x".into() }), json(&ToClient::Pong { nonce: 1 })],
            read: |bytes| drop(serde_json::from_slice::<ToClient>(bytes)),
        },
        Reader { name: "expression", good: expressions.map(|e| e.as_bytes().to_vec()).to_vec(), read: read_expression },
        Reader { name: "scene", good: vec![scene.to_bytes()], read: |bytes| drop(Scene::from_bytes(bytes)) },
        Reader {
            name: "result",
            good: vec![Outcome::default().to_bytes(), outcome()],
            read: |bytes| drop(Outcome::from_bytes(bytes)),
        },
        Reader {
            name: "frame of a child",
            good: vec![framed, partial],
            read: |bytes| {
                let mut input = bytes;
                while let Ok(Some(_)) = frame::read(&mut input) {}
            },
        },
        Reader {
            name: "worker's message",
            good: vec![
                br#"{"protocol":1,"worker":"w","host":"h","cores":1,"instruction_set":"i","version":"0","memory_bytes":1,"studies":[["static",1]],"wait_ms":5}"#.to_vec(),
                br#"{"run":"r","epoch":1,"reports":[{"kind":"log","line":"x"}]}"#.to_vec(),
            ],
            read: |bytes| {
                let _ = serde_json::from_slice::<wire::Claim>(bytes);
                let _ = serde_json::from_slice::<wire::Reports>(bytes);
                let _ = serde_json::from_slice::<wire::Publish>(bytes);
            },
        },
    ]
}

/// A real, small result.
fn outcome() -> Vec<u8> {
    use solver::quantity::Dimension;
    use solver::study::outcome::{Grade, Scalar};
    let scalar = Scalar {
        id: "mass".into(),
        label: "Mass".into(),
        value: 1.0,
        error: Some(0.1),
        dimension: Dimension::NONE,
        grade: Grade::Instant,
        case: None,
        at: None,
        exponent: None,
    };
    Outcome { scalars: vec![scalar], ..Outcome::default() }.to_bytes()
}

/// Bytes nobody meant: noise, or good ones with bits turned, pieces cut, repeated, moved, and numbers made extreme.
fn make(random: &mut Random, good: &[Vec<u8>]) -> Vec<u8> {
    if random.chance(10) {
        return (0..random.below(300)).map(|_| random.next() as u8).collect();
    }
    let mut bytes = random.pick(good).clone();
    for _ in 0..=random.below(6) {
        if bytes.is_empty() {
            break;
        }
        let at = random.below(bytes.len());
        let end = (at + 1 + random.below(40)).min(bytes.len());
        match random.below(8) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes[at] = random.next() as u8,
            2 => bytes.truncate(at),
            3 => drop(bytes.drain(at..end)),
            4 => {
                let piece = bytes[at..end].repeat(1 + random.below(30));
                bytes.splice(at..at, piece);
            }
            5 => {
                let extreme = [0u32, 1, 0x7fff_ffff, 0x8000_0000, u32::MAX, 0x7fc0_0000, 0x7f80_0000];
                let word = random.pick(&extreme).to_le_bytes();
                let n = word.len().min(bytes.len() - at);
                bytes[at..at + n].copy_from_slice(&word[..n]);
            }
            6 => {
                let words: [&[u8]; 12] = [
                    b"null",
                    b"1e999",
                    b"-1",
                    b"18446744073709551616",
                    b"\"\\ud800\"",
                    b"[[[[[[[[[[[[[[[[",
                    b"((((((((((((((((",
                    b"NaN",
                    b"{}",
                    b"-9223372036854775808",
                    b"\xff\xfe",
                    b"0.1e-400",
                ];
                let word = random.pick(&words).to_vec();
                bytes.splice(at..end, word);
            }
            _ => {
                let piece: Vec<u8> = bytes[at..end].to_vec();
                let to = random.below(bytes.len());
                bytes.splice(to..to, piece);
            }
        }
        bytes.truncate(BYTES_MAX);
    }
    bytes
}

/// The first fault found within `time`, or how many inputs were tried.
fn try_all(reader: &Reader, seed: u64, time: Duration) -> Result<u64, String> {
    let mut random =
        Random::new(seed ^ reader.name.bytes().fold(0, |h: u64, b| h.wrapping_mul(31).wrapping_add(u64::from(b))));
    let (began, mut n) = (Instant::now(), 0);
    for good in &reader.good {
        (reader.read)(good);
    }
    while began.elapsed() < time || n < INPUTS_MIN {
        let bytes = make(&mut random, &reader.good);
        let started = Instant::now();
        let read = catch_unwind(AssertUnwindSafe(|| (reader.read)(&bytes)));
        let shown = || String::from_utf8_lossy(&bytes[..bytes.len().min(400)]).into_owned();
        if read.is_err() {
            return Err(format!("{}: panics at input {n} of seed {seed}: {:?}", reader.name, shown()));
        }
        if started.elapsed() > LIMIT {
            return Err(format!(
                "{}: takes {:?} for input {n} of seed {seed}: {:?}",
                reader.name,
                started.elapsed(),
                shown()
            ));
        }
        n += 1;
    }
    Ok(n)
}

#[test]
fn no_reader_breaks() {
    let seed = seed("bytes");
    let seconds = std::env::var("BRUNEL_FUZZ_SECONDS").ok().and_then(|s| s.parse().ok()).unwrap_or(1.0);
    let mut faults = Vec::new();
    for reader in readers() {
        match try_all(&reader, seed, Duration::from_secs_f64(seconds)) {
            Ok(n) => eprintln!("{:<20} {n} inputs", reader.name),
            Err(fault) => faults.push(fault),
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn canary_a_reader_that_believes_a_length_is_caught() {
    let reader = Reader {
        name: "believer",
        good: vec![vec![3, 1, 2, 3]],
        read: |bytes| {
            if let Some(n) = bytes.first() {
                assert_eq!(bytes[1..=*n as usize].len(), *n as usize);
            }
        },
    };
    let caught = try_all(&reader, 1, Duration::from_secs(5));
    assert!(caught.is_err_and(|fault| fault.contains("panics")), "a reader that panics went unseen");
}

#[test]
fn nesting_is_bounded() {
    for n in [64, 1_000, 100_000] {
        let text = format!("{}1{}", "(".repeat(n), ")".repeat(n));
        assert!(n == 64 || solver::quantity::parse(&text).is_err(), "{n} brackets");
        let array = format!("{}{}", "[".repeat(n), "]".repeat(n));
        let message = format!(r#"{{"type":"presence","presence":{{"preview":{array}}}}}"#);
        assert!(serde_json::from_str::<ToServer>(&message).is_err(), "{n} arrays");
    }
    let minus = "-".repeat(100_000) + "1";
    assert!(solver::quantity::parse(&minus).is_err());
    let tower = vec!["2"; 100_000].join("^");
    assert!(solver::quantity::parse(&tower).is_err());
}
