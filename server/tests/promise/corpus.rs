//! P21: bad files, made here, go the whole way: uploaded, named by a design, and read in a child of the real program.
//! Each is refused by name, with what to do, in bounded time and memory; the server does not notice.

use app::api::design::StoredFile;
use axum::http::{Method, StatusCode};
use server::jobs::child::Launcher;
use server::testing::{TestApp, Tester};
use solver::design::{Design, Object, Value};
use solver::scene::Scene;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a file may take from upload to refusal: ten times what it should, for a machine that does other things too.
const LIMIT: Duration = Duration::from_secs(30);
/// Address space of the child, bytes: whoever believes what a file says of its size does not fit.
const MEMORY: u64 = 2 << 30;
/// Every refusal says what to do, in one of these words.
const ADVICE: [&str; 6] = ["export", "reduce", "repair", "choose", "scale", "import it again"];

struct Bad {
    name: &'static str,
    file: &'static str,
    bytes: Vec<u8>,
    /// Part of what the person is told.
    said: &'static str,
}

/// Corners of a cube with sides of 10, and its triangles, outward.
const CORNERS: [[f32; 3]; 8] = [
    [0.0, 0.0, 0.0],
    [10.0, 0.0, 0.0],
    [10.0, 10.0, 0.0],
    [0.0, 10.0, 0.0],
    [0.0, 0.0, 10.0],
    [10.0, 0.0, 10.0],
    [10.0, 10.0, 10.0],
    [0.0, 10.0, 10.0],
];
const CUBE: [[usize; 3]; 12] = [
    [0, 2, 1],
    [0, 3, 2],
    [4, 5, 6],
    [4, 6, 7],
    [0, 1, 5],
    [0, 5, 4],
    [1, 2, 6],
    [1, 6, 5],
    [2, 3, 7],
    [2, 7, 6],
    [3, 0, 4],
    [3, 4, 7],
];

type Triangle = [[f32; 3]; 3];

fn cube() -> Vec<Triangle> {
    CUBE.iter().map(|t| t.map(|i| CORNERS[i])).collect()
}

/// A binary STL that says it has `count` triangles.
fn stl(count: u32, triangles: &[Triangle]) -> Vec<u8> {
    let mut out = vec![0; 80];
    out.extend(count.to_le_bytes());
    for triangle in triangles {
        out.extend([0; 12]);
        triangle.iter().flatten().for_each(|c| out.extend(c.to_le_bytes()));
        out.extend([0; 2]);
    }
    out
}

fn honest(triangles: &[Triangle]) -> Vec<u8> {
    stl(triangles.len() as u32, triangles)
}

/// The cube with every coordinate changed.
fn changed(change: impl Fn(f32) -> f32) -> Vec<u8> {
    honest(&cube().iter().map(|t| t.map(|p| p.map(&change))).collect::<Vec<_>>())
}

fn ascii(facets: &str) -> Vec<u8> {
    format!("solid part\n{facets}endsolid part\n").into_bytes()
}

fn facet(corners: [&str; 3]) -> String {
    let vertices: String = corners.iter().map(|c| format!("vertex {c}\n")).collect();
    format!("facet normal 0 0 1\nouter loop\n{vertices}endloop\nendfacet\n")
}

fn obj(faces: &str) -> Vec<u8> {
    let points: String = CORNERS.iter().map(|[x, y, z]| format!("v {x} {y} {z}\n")).collect();
    format!("o part\n{points}{faces}").into_bytes()
}

/// A stored gzip block chain: the header of a bomb, and enough of it.
fn gzip() -> Vec<u8> {
    let mut out = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03".to_vec();
    out.extend([0xec, 0xc0].repeat(50_000));
    out
}

/// A zip that says its one member of 40 bytes expands to 4 GiB.
fn zip() -> Vec<u8> {
    let mut out = b"PK\x03\x04\x14\x00\x00\x00\x08\x00".to_vec();
    out.extend([0; 8]);
    out.extend(40u32.to_le_bytes());
    out.extend(u32::MAX.to_le_bytes());
    out.extend(9u16.to_le_bytes());
    out.extend(0u16.to_le_bytes());
    out.extend(b"part.objn");
    out.extend([0; 40]);
    out
}

fn every_other(triangles: &[Triangle]) -> Vec<Triangle> {
    triangles.iter().step_by(2).copied().collect()
}

fn corpus() -> Vec<Bad> {
    let bad = |name, file, bytes, said| Bad { name, file, bytes, said };
    let (cube, no_triangles) = (cube(), "holds no triangles");
    let cut = honest(&cube);
    let lies = "does not fit its number";
    let sheet: Vec<Triangle> = (0..200)
        .map(|k| {
            let (x, y) = ((k / 2 % 10) as f32, (k / 20) as f32);
            let (a, b, c, d) = ([x, y, 0.0], [x + 1.0, y, 0.0], [x + 1.0, y + 1.0, 0.0], [x, y + 1.0, 0.0]);
            if k % 2 == 0 { [a, b, c] } else { [a, c, d] }
        })
        .collect();
    let mut with_bad_name = honest(&cube);
    with_bad_name[..5].copy_from_slice(b"solid");
    with_bad_name.truncate(500);
    let exact = b"ISO-10303-21;\nDATA;\n#1=ADVANCED_FACE('',(#2),#3,.T.);\nENDSEC;\nEND-ISO-10303-21;\n";
    let laughs = {
        let mut text = String::from("<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY a0 \"ha\">");
        (1..10).for_each(|n| text += &format!("<!ENTITY a{n} \"{}\">", format!("&a{};", n - 1).repeat(10)));
        text + "]><x>&a9;</x>"
    };
    vec![
        bad("one byte", "a.stl", vec![7], lies),
        bad("STL header alone", "a.stl", vec![0; 80], lies),
        bad("STL cut in a triangle", "a.stl", cut[..cut.len() - 20].to_vec(), lies),
        bad("STL that promises a triangle more", "a.stl", stl(13, &cube), lies),
        bad("STL that promises four thousand million", "a.stl", stl(u32::MAX, &cube), lies),
        bad("STL that hides a triangle", "a.stl", stl(11, &cube), lies),
        bad("STL of no triangles", "a.stl", stl(0, &[]), no_triangles),
        bad("STL with NaN", "a.stl", changed(|c| if c == 0.0 { f32::NAN } else { c }), "not a number"),
        bad("STL with infinity", "a.stl", changed(|c| if c == 0.0 { f32::INFINITY } else { c }), "not a number"),
        bad("STL as large as numbers go", "a.stl", changed(|c| c * 3e37), "m long"),
        bad("STL smaller than an atom", "a.stl", changed(|c| c * 1e-20), "m long"),
        bad("STL of one point", "a.stl", changed(|_| 1.0), "has an area"),
        bad("STL folded flat", "a.stl", honest(&[cube[0], [cube[0][0], cube[0][2], cube[0][1]]]), "encloses no volume"),
        bad("STL of a sheet", "a.stl", honest(&sheet), "encloses nothing"),
        bad("STL of two sides of a cube", "a.stl", honest(&cube[2..6]), "is missing"),
        bad("STL of every other triangle of a sheet", "a.stl", honest(&every_other(&sheet)), "encloses nothing"),
        bad("binary STL that says solid, cut", "a.stl", with_bad_name, "STL file"),
        bad("STL of one word", "a.stl", b"solid".to_vec(), "STL file"),
        bad("ASCII STL of nothing", "a.stl", ascii(""), no_triangles),
        bad("ASCII STL cut in a facet", "a.stl", ascii(&facet(["0 0 0", "1 0 0", "0 1 0"]))[..90].to_vec(), "STL file"),
        bad("ASCII STL with words for numbers", "a.stl", ascii(&facet(["one 0 0", "1 0 0", "0 1 0"])), "STL file"),
        bad("ASCII STL with nan", "a.stl", ascii(&facet(["nan 0 0", "1 0 0", "0 1 0"])), "STL file"),
        bad("ASCII STL with two numbers a point", "a.stl", ascii(&facet(["0 0", "1 0 0", "0 1 0"])), "STL file"),
        bad(
            "ASCII STL with four corners",
            "a.stl",
            ascii(&facet(["0 0 0\nvertex 1 1 1", "1 0 0", "0 1 0"])),
            "STL file",
        ),
        bad(
            "ASCII STL of loops in loops",
            "a.stl",
            ascii(&"facet normal 0 0 1\nouter loop\n".repeat(100_000)),
            "STL file",
        ),
        bad("ASCII STL in wrong UTF-8", "a.stl", [ascii("facet normal "), vec![0xff, 0xfe, 0xc0]].concat(), "STL file"),
        bad("ASCII STL in one endless line", "a.stl", [b"solid ".to_vec(), vec![b'x'; 60 << 20]].concat(), "STL file"),
        bad("OBJ of points alone", "a.obj", obj(""), no_triangles),
        bad("OBJ of a name alone", "a.obj", b"o part\nmtllib ../../../../etc/passwd\n".to_vec(), no_triangles),
        bad("OBJ with a point too far", "a.obj", obj("f 1 2 9\n"), "OBJ file"),
        bad("OBJ with a huge index", "a.obj", obj("f 1 2 99999999999999999999999\n"), "OBJ file"),
        bad("OBJ with an index past 32 bits", "a.obj", obj("f 1 2 4294967297\n"), "OBJ file"),
        bad("OBJ with a point before the first", "a.obj", obj("f 1 2 -9\n"), "OBJ file"),
        bad("OBJ with the least index", "a.obj", obj("f 1 2 -9223372036854775808\n"), "OBJ file"),
        bad("OBJ with index zero", "a.obj", obj("f 0 1 2\n"), "OBJ file"),
        bad("OBJ with words for indices", "a.obj", obj("f one two three\n"), "OBJ file"),
        bad("OBJ with nan", "a.obj", b"v nan 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n".to_vec(), "not a number"),
        bad(
            "OBJ with a number too large",
            "a.obj",
            b"v 1e999 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n".to_vec(),
            "not a number",
        ),
        bad("OBJ of one open triangle", "a.obj", obj("f 1 2 3\n"), "encloses nothing"),
        bad("OBJ of lines", "a.obj", obj("l 1 2\nf 1 2\n"), no_triangles),
        bad(
            "OBJ with one face of five million corners",
            "a.obj",
            obj(&format!("f{}\n", " 1 2 3".repeat(1_700_000))),
            "more than 5000000",
        ),
        bad(
            "OBJ of more than five million triangles",
            "a.obj",
            obj(&"f 1 2 3\n".repeat(5_200_000)),
            "more than 5000000",
        ),
        bad("OBJ in wrong UTF-8", "a.obj", [obj("f 1 2 3\ng "), vec![0xff, 0xfe, b'\n']].concat(), "OBJ file"),
        bad(
            "OBJ with a number of a million digits",
            "a.obj",
            obj(&format!("v {} 0 0\nf 1 2 9\n", "9".repeat(1_000_000))),
            "not a number",
        ),
        bad(
            "OBJ of noise",
            "a.obj",
            (0..100_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect(),
            "OBJ file",
        ),
        bad("a zip that expands to 4 GiB", "a.stl", zip(), "STL file"),
        bad("a gzip bomb", "a.obj", gzip(), "OBJ file"),
        bad("a million laughs", "a.stl", laughs.into_bytes(), "STL file"),
        bad(
            "a picture",
            "a.stl",
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff\xff\xff\xff\xff\xff\xff\xff\x08\x06".to_vec(),
            "STL file",
        ),
        bad("a page", "a.obj", b"<html><script>alert(1)</script></html>".to_vec(), no_triangles),
        bad("a 3MF that expands to 4 GiB", "part.3mf", zip(), "3MF file"),
        bad("a 3MF that is none", "part.3mf", honest(&cube), "3MF file"),
        bad("a STEP that is none", "part.step", honest(&cube), "STEP file"),
        bad("a STEP of exact faces", "part.stp", exact.to_vec(), "only faceted solids are read"),
        bad("a format we do not read", "part.iges", zip(), "neither .stl nor .obj"),
        bad("no format at all", "part", honest(&cube), "neither .stl nor .obj"),
    ]
}

/// A server whose children are the real program's.
async fn workshop(memory_bytes: u64) -> (TestApp, Tester, String) {
    let app = TestApp::new().await.expect("a server");
    let ada = app.administrator("Ada").await.expect("Ada");
    let project = app.project("Frame").await.expect("a project");
    let memory = memory_bytes.to_string();
    let arguments = ["worker", "--job", "--threads", "1", "--memory", &memory].map(Into::into).to_vec();
    app.state.jobs.desk().use_children(Launcher {
        program: env!("CARGO_BIN_EXE_server").into(),
        arguments,
        memory_bytes,
    });
    (app, ada, project)
}

/// Uploads the file, imports it in a fresh design, and says what the person is told of it; `Err` when nothing is said.
async fn told(app: &TestApp, ada: &Tester, project: &str, file: &str, bytes: Vec<u8>) -> Result<String, String> {
    let design = app.design(project, ada, &Design::new()).await.map_err(|e| e.to_string())?;
    let uploaded = ada.send(Method::POST, &format!("/api/designs/{design}/files?name={file}"), bytes).await;
    let stored: StoredFile = uploaded.read().map_err(|e| e.to_string())?;
    let blob = Value::Blob { hash: stored.hash, name: file.into() };
    let submission = app::sync::Submission {
        client: "corpus-client-0001".into(),
        number: 1,
        base: 0,
        offline: false,
        command: solver::design::Command::Add {
            object: Object::new("part", "import", "Part").with("file", blob),
            before: None,
        },
        undo_of: None,
    };
    let added = ada.post(&format!("/api/designs/{design}/commands"), &submission).await;
    if added.status != StatusCode::OK {
        return Err(added.text());
    }
    let answer = ada.get(&format!("/api/designs/{design}/scene")).await;
    if answer.status != StatusCode::OK {
        return Err(format!("{}: {}", answer.status, answer.text()));
    }
    let scene = Scene::from_bytes(&answer.body).map_err(|e| e.to_string())?;
    match scene.issues.iter().find(|issue| issue.object.0 == "part") {
        Some(issue) if scene.bodies.is_empty() => Ok(issue.message.clone()),
        Some(issue) => Err(format!("a body in spite of: {}", issue.message)),
        None => Err(format!("accepted, with {} triangles", scene.n_triangles())),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forty_bad_files_are_refused_by_name() {
    let (app, ada, project) = workshop(MEMORY).await;
    let corpus = corpus();
    assert!(corpus.len() >= 40, "{} files", corpus.len());
    let mut wrong = Vec::new();
    for bad in corpus {
        let began = Instant::now();
        let outcome = told(&app, &ada, &project, bad.file, bad.bytes).await;
        let took = began.elapsed();
        eprintln!("{:<44} {:>5.2} s  {}", bad.name, took.as_secs_f64(), outcome.as_deref().unwrap_or("!"));
        match outcome {
            Ok(said) if !said.contains(bad.said) => wrong.push(format!("{}: said {said:?}", bad.name)),
            Ok(said) if !ADVICE.iter().any(|word| said.to_lowercase().contains(word)) => {
                wrong.push(format!("{}: says not what to do: {said:?}", bad.name));
            }
            Ok(_) if took > LIMIT => wrong.push(format!("{}: took {took:?}", bad.name)),
            Ok(_) => {}
            Err(why) => wrong.push(format!("{}: {why}", bad.name)),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(app.nobody().get("/healthz").await.status, StatusCode::OK);
}

/// What can be mended without a guess is, and the person is told what was done.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_with_small_faults_are_mended_with_a_warning() {
    let (app, ada, project) = workshop(MEMORY).await;
    let cube = cube();
    let mut turned = cube.clone();
    turned[3].swap(0, 1);
    let hole = "1 hole. The hole was closed with";
    for (name, triangles, said) in [
        (
            "a triangle missing",
            cube[1..].to_vec(),
            [hole, "1 triangle ", "50.000 mm², 8.3 %", "near 6.667, 3.333, 0.000 mm"],
        ),
        (
            "a side missing",
            cube[2..].to_vec(),
            [hole, "2 triangles ", "100.000 mm², 16.7 %", "near 5.000, 5.000, 0.000 mm"],
        ),
        (
            "a triangle turned",
            turned,
            ["1 triangle turned inside out", "They were turned", "nothing else was changed", ""],
        ),
        (
            "the body twice",
            [&cube[..], &cube].concat(),
            ["12 triangles given twice", "kept once", "nothing else was changed", ""],
        ),
    ] {
        let outcome = told(&app, &ada, &project, "a.stl", honest(&triangles)).await;
        let Err(warned) = outcome else { panic!("{name}: {outcome:?}") };
        assert!(warned.starts_with("a body in spite of: Part: the surface in the file has"), "{name}: {warned}");
        assert!(said.iter().all(|words| warned.contains(words)), "{name}: {warned}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn canary_a_good_file_and_a_child_that_dies_are_told_apart() {
    let (app, ada, project) = workshop(MEMORY).await;
    let accepted = told(&app, &ada, &project, "good.stl", honest(&cube())).await;
    assert_eq!(accepted, Err("accepted, with 12 triangles".into()));
    // A reader that takes more than its share is no refusal.
    let (app, ada, project) = workshop(100 << 20).await;
    let died = told(&app, &ada, &project, "a.obj", obj(&"v 1 2 3\n".repeat(6_000_000))).await;
    assert!(died.is_err_and(|why| why.starts_with("422")), "a child without memory went unseen");
}

/// A design that breaks the kernel ends its child, is told in words, is not tried again at once, and hurts nobody.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_design_that_breaks_its_child_does_not_break_the_server() {
    for (script, said) in
        [("kill -11 $$", "signal 11"), ("echo memory allocation of 9 bytes >&2; exit 134", "out of memory")]
    {
        let app = TestApp::new().await.expect("a server");
        let ada = app.administrator("Ada").await.expect("Ada");
        let project = app.project("Frame").await.expect("a project");
        let design = app.design(&project, &ada, &super::empty()).await.expect("a design");
        let count = app.folder().join("starts");
        let script = format!("echo start >> {}; {script}", count.display());
        let arguments = vec!["-c".into(), script.into()];
        app.state.jobs.desk().use_children(Launcher { program: "/bin/sh".into(), arguments, memory_bytes: 1 << 30 });
        for _ in 0..3 {
            for what in ["scene", "thumbnail"] {
                let answer = ada.get(&format!("/api/designs/{design}/{what}")).await;
                assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{what}: {}", answer.text());
                assert!(answer.text().contains(said), "{what}: {}", answer.text());
            }
        }
        let starts = std::fs::read_to_string(&count).expect("it was started").lines().count();
        assert_eq!(starts, 2, "once for the scene, once for the picture");
        assert_eq!(app.nobody().get("/healthz").await.status, StatusCode::OK);
    }
}

/// What is drawn in a child is what would be drawn here; and every template has a picture, a duplicate and an edit too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_design_has_a_scene_and_a_picture() {
    let (_app, ada, project) = workshop(MEMORY).await;
    for template in solver::design::TEMPLATES {
        let content = (template.build)();
        let body = serde_json::json!({"project": project, "name": template.label, "template": template.id});
        let card: app::api::design::DesignCard = ada.post("/api/designs", &body).await.read().expect("a design");
        let scene = ada.get(&format!("/api/designs/{}/scene", card.id)).await;
        let files = server::jobs::runner::Imported(Default::default());
        let here = solver::geometry::evaluate(&content, &files).scene().to_bytes();
        assert!(scene.body == here, "{}: the child's scene differs", template.id);
        let address = card.thumbnail.expect("an address");
        let picture = ada.get(&address).await;
        assert_eq!(picture.headers.get("content-type").and_then(|v| v.to_str().ok()), Some("image/png"));
        assert!(picture.body.starts_with(b"\x89PNG") && picture.body.len() > 1_000, "{}", template.id);
        assert_eq!(ada.get(&address).await.body, picture.body, "from the store");
        let copy = ada.post(&format!("/api/designs/{}/duplicate", card.id), serde_json::json!({"name": "Copy"})).await;
        let copy: app::api::design::DesignCard = copy.read().expect("a copy");
        assert_eq!(ada.get(&copy.thumbnail.expect("an address")).await.body, picture.body);
        let Some(object) = content.objects.iter().find(|o| o.kind == "box" || o.kind == "cylinder") else { continue };
        let submission = app::sync::Submission {
            client: "picture-client-01".into(),
            number: 1,
            base: 0,
            offline: false,
            command: solver::design::Command::Remove { id: object.id.clone() },
            undo_of: None,
        };
        let edited = ada.post(&format!("/api/designs/{}/commands", card.id), &submission).await;
        assert_eq!(edited.status, StatusCode::OK, "{}", edited.text());
        let changed: app::api::design::DesignCard =
            ada.get(&format!("/api/designs/{}", card.id)).await.read().expect("a card");
        let address_now = changed.thumbnail.expect("an address");
        assert_ne!(address_now, address, "another address for another picture");
        assert_ne!(ada.get(&address_now).await.body, picture.body);
    }
}

/// A file of another design opens nothing, even for who knows its hash: not in a scene, not in a pre-flight.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_of_another_design_is_not_read() {
    let (app, ada, project) = workshop(MEMORY).await;
    let theirs = app.design(&project, &ada, &Design::new()).await.expect("a design");
    let uploaded = ada.send(Method::POST, &format!("/api/designs/{theirs}/files?name=a.stl"), honest(&cube())).await;
    let stored: StoredFile = uploaded.read().expect("stored");
    let blob = Value::Blob { hash: stored.hash, name: "a.stl".into() };
    let mut content = Design::new();
    content.objects.push(Arc::new(Object::new("part", "import", "Part").with("file", blob)));
    content.objects.push(Arc::new(Object::new("st", "static", "Study")));
    let design = app.design(&project, &ada, &content).await.expect("a design");
    let answer = ada.get(&format!("/api/designs/{design}/scene")).await;
    let scene = Scene::from_bytes(&answer.body).expect("a scene");
    assert!(scene.bodies.is_empty() && scene.issues[0].message.contains("has not arrived"), "{:?}", scene.issues);
    let answer = ada.post(&format!("/api/designs/{design}/preflight"), serde_json::json!({"study": "st"})).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.text());
}
