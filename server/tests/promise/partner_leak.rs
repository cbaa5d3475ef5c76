//! The partner's room: what is not shared never leaves the server: not in what a guest is given, not beside it, not in what
//! they are refused with, and not in when they are told.

use super::partner::{Room, SECRET, content, holds};
use crate::live::{Client, Live};
use app::api::comment::Comment;
use app::api::share::{Allow, Share};
use app::sync::ToServer;
use axum::Json;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{HeaderName, Method, StatusCode};
use axum::response::IntoResponse;
use futures::StreamExt as _;
use serde_json::{Value as Plain, json};
use server::api::share_guest::{self, Canary};
use server::api::share_talk;
use server::auth::{Action, Actor, Guest, Object as Asked, can};
use server::clock::HOUR;
use server::testing::{Answer, Tester};
use server::{Error, State};
use solver::design::{Command, Object, Value};
use solver::format;
use solver::geometry::export::Form;
use solver::scene::Scene;
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What stands in the design beside the body that is shared, and in nothing that a guest gets.
const UNSAID: [&str; 9] =
    ["kx71", "Zebra cover", "kx72", "Quokka frame", "numbat_gap", "317.31", "gnu_bore", "no_such_gnu", "ti_6al"];
/// The shared body lies below, both others above, in x, m.
const BORDER: f64 = 0.2;

/// What the team and another partner say, and is in nothing that a guest gets either.
const WORDS: [&str; 2] = ["among ourselves", "the other partner"];

/// Everything that a guest can ask for, behind the address of the link and `way`, which a canary puts in between.
fn questions(way: &str) -> Vec<(String, Option<Form>)> {
    let mut all: Vec<_> = ["/scene", "/comments"].map(|asked| (format!("{way}{asked}"), None)).into();
    if way.is_empty() {
        all.push((String::new(), None));
    }
    all.extend(Form::ALL.map(|(form, e)| (format!("{way}/export/{e}"), Some(form))));
    all
}

/// The largest x of anything drawn in `bytes`, m; `None` where the form is not one of shapes or cannot be read here.
fn reach(asked: &str, form: Option<Form>, bytes: &[u8]) -> Option<f64> {
    let largest =
        |xs: &mut dyn Iterator<Item = f64>| xs.fold(None, |m: Option<f64>, x| Some(m.map_or(x, |m| m.max(x))));
    match form {
        Some(Form::Stl | Form::Obj) => {
            let name = if form == Some(Form::Stl) { "a.stl" } else { "a.obj" };
            let read = format::read(name, bytes).expect("triangles");
            largest(&mut read.points.iter().map(|p| p[0] / 1e3))
        }
        Some(Form::Step) => {
            let text = String::from_utf8_lossy(bytes).into_owned();
            let points = text.split("CARTESIAN_POINT(").skip(1);
            let first = |p: &str| p.split_once('(')?.1.split([',', ')']).next()?.trim().parse::<f64>().ok();
            largest(&mut points.filter_map(|p| first(p).map(|x| x / 1e3)))
        }
        None if asked.ends_with("/scene") => {
            let scene = Scene::from_bytes(bytes).expect("a scene");
            largest(&mut scene.bodies.iter().flat_map(|b| &b.surface.points).map(|p| p[0]))
        }
        _ => None,
    }
}

/// The unsaid words that stand in an answer, in its head or in its body.
fn words_in(asked: &str, answer: &Answer) -> Vec<String> {
    let head = format!("{:?}", answer.headers);
    let words = UNSAID.iter().chain(&WORDS);
    let found = words.filter_map(|word| {
        let place = match (holds(&answer.body, word.as_bytes()), head.contains(word)) {
            (true, _) => "",
            (false, true) => " in its head",
            (false, false) => return None,
        };
        Some(format!("{asked} holds “{word}”{place}"))
    });
    found.collect()
}

/// Asks everything, and tells what came that was not shared.
async fn leaks(room: &Room, path: &str, way: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (asked, form) in questions(way) {
        let answer = room.app.nobody().get(&format!("{path}{asked}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{asked}: {}", answer.text());
        found.extend(words_in(&asked, &answer));
        if let Some(x) = reach(&asked, form, &answer.body).filter(|x| *x > BORDER) {
            found.push(format!("{asked} has a point at x = {x} m"));
        }
        // Compressed, it can be searched for nothing; but the team's own file of that body alone is the same.
        if form == Some(Form::ThreeMf) {
            let own = room.ada.get(&format!("/api/designs/{}/export/3mf?bodies=seat", room.design)).await;
            assert!(own.body.starts_with(b"PK"), "{}", own.text());
            if own.body != answer.body {
                found.push(format!("{asked} is not the file of the shared body alone"));
            }
        }
    }
    found
}

/// Asks for what is refused, and tells what the refusals say that was not shared. With `way`, which a canary puts in
/// between, only for a file in a form that there is not.
async fn leaks_refused(room: &Room, path: &str, way: &str) -> Vec<String> {
    let guest = room.app.nobody();
    let mut asked = vec![(Method::GET, format!("{way}/export/dwg"), Plain::Null)];
    if way.is_empty() {
        let said = |said: Plain| (Method::POST, "/comments".to_owned(), said);
        asked.push(said(json!({"name": "M", "text": "Hm.", "thread": "nosuch"})));
        asked.push(said(json!({"name": "M", "text": "Hm.", "anchor": {"face": "nosuch.top"}})));
        asked.push(said(json!({"name": "M", "text": "Hm.", "anchor": {"object": "p1"}})));
        asked.push(said(json!({"text": "Hm."})));
        asked.push((Method::GET, "/views".into(), Plain::Null));
        asked.push((Method::GET, "/socket".into(), Plain::Null));
    }
    let mut found = Vec::new();
    for (method, asked, body) in asked {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let answer = guest.send(method, &format!("{path}{asked}"), body).await;
        assert!(!answer.status.is_success(), "{asked} is refused");
        found.extend(words_in(&asked, &answer));
    }
    found
}

/// A room with something to leak: bodies, names, what the team says and what another partner says.
async fn furnished() -> (Room, String) {
    let room = Room::new().await;
    let whole = room.ada.get(&format!("/api/designs/{}/scene", room.design)).await;
    let scene = Scene::from_bytes(&whole.body).expect("a scene");
    assert_eq!(scene.bodies.iter().map(|b| b.name.as_str()).collect::<Vec<_>>(), ["seat", "kx71", "kx72"]);
    assert!(!scene.issues.is_empty(), "a feature that cannot be built");
    let all: Vec<&str> = Allow::ALL.iter().map(|a| a.word()).collect();
    let (_, path) = room.link(json!({"bodies": ["seat"], "allow": all})).await;
    room.say("Said among ourselves: kx72 is too dear.", None).await;
    let (_, second) = room.link(json!({"bodies": ["kx71"], "allow": ["comment"]})).await;
    let said = json!({"name": "Sue", "text": "I am the other partner."});
    let answer = room.app.nobody().post(&format!("{second}/comments"), said).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let said = json!({"name": "Max", "text": "How thick is this?", "anchor": {"face": "seat.top"}});
    let own: Comment =
        room.app.nobody().post(&format!("{path}/comments"), said).await.read().unwrap_or_else(|e| panic!("{e}"));
    room.say("20 mm.", Some(&own.id)).await;
    (room, path)
}

#[tokio::test]
async fn what_is_not_shared_never_leaves_the_server() {
    let (room, path) = furnished().await;
    assert_eq!(leaks(&room, &path, "").await, Vec::<String>::new());
    assert_eq!(leaks_refused(&room, &path, "").await, Vec::<String>::new());
    let guest = room.app.nobody();
    let seen = Scene::from_bytes(&guest.get(&format!("{path}/scene")).await.body).expect("the shared scene");
    assert_eq!(seen.bodies.iter().map(|b| b.label.as_str()).collect::<Vec<_>>(), ["Seat rail"]);
    // What is made later is not shared either, and when the shared body is gone there is nothing, not everything.
    let edit = |command: Command, number: u64| json!({"client": "0123456789abcdef", "number": number, "base": 0, "command": command});
    let commands = format!("/api/designs/{}/commands", room.design);
    let late = Object::new("late", "box", "Zebra cover two").with("operation", Value::Choice("new".into()));
    let added = room.ada.post(&commands, edit(Command::Add { object: late, before: None }, 1)).await;
    assert_eq!(added.status, StatusCode::OK, "{}", added.text());
    let now = Scene::from_bytes(&guest.get(&format!("{path}/scene")).await.body).expect("the shared scene");
    assert_eq!(now.bodies.len(), 1);
    let (_, all) = room.link(json!({})).await;
    let everything = Scene::from_bytes(&guest.get(&format!("{all}/scene")).await.body).expect("a scene");
    assert_eq!(everything.bodies.len(), 4, "a link to all bodies has the later ones too");
    let removed = room.ada.post(&commands, edit(Command::Remove { id: "seat".into() }, 2)).await;
    assert_eq!(removed.status, StatusCode::OK, "{}", removed.text());
    let nothing = Scene::from_bytes(&guest.get(&format!("{path}/scene")).await.body).expect("a scene");
    assert!(nothing.bodies.is_empty());
    for (_, e) in Form::ALL {
        let answer = guest.get(&format!("{path}/export/{e}")).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{e}");
        assert!(answer.text().contains("None of the bodies"), "{}", answer.text());
    }
}

/// Before the password is given, a link tells nothing of the design, not even its name.
#[tokio::test]
async fn a_locked_link_tells_nothing() {
    let (room, _) = furnished().await;
    let all: Vec<&str> = Allow::ALL.iter().map(|a| a.word()).collect();
    let (_, path) = room.link(json!({"password": SECRET, "allow": all})).await;
    let guest = room.app.nobody();
    let mut answers = Vec::new();
    for (asked, _) in questions("") {
        answers.push((asked.clone(), guest.get(&format!("{path}{asked}")).await));
    }
    let said = json!({"name": "M", "text": "Hm."});
    answers.push(("saying".into(), guest.post(&format!("{path}/comments"), said).await));
    let wrong = json!({"password": "granite over the bridge"});
    answers.push(("unlocking".into(), guest.post(&format!("{path}/unlock"), wrong).await));
    let page = guest.get(&path.replace("/api/", "/")).await;
    for (asked, answer) in &answers {
        assert!(matches!(answer.status.as_u16(), 401 | 422), "{asked}: {}", answer.status);
    }
    answers.push(("the page".into(), page));
    // In the other's hands, who has given it, the words are there: the search finds them.
    let opened = guest.with_cookie_of(&guest.post(&format!("{path}/unlock"), json!({"password": SECRET})).await);
    for word in ["Bracket", "Seat rail", "seat.top", "Partner"].into_iter().chain(UNSAID) {
        for (asked, answer) in &answers {
            assert!(!holds(&answer.body, word.as_bytes()), "{asked} holds “{word}”");
            assert!(!format!("{:?}", answer.headers).contains(word), "{asked} holds “{word}” in its head");
        }
    }
    assert!(holds(&opened.get(&path).await.body, b"Bracket"));
    assert!(holds(&opened.get(&format!("{path}/scene")).await.body, b"Zebra cover"), "all bodies, after the password");
}

type Careless<T> = std::result::Result<T, Error>;

async fn held(state: &State, actor: &Actor) -> Careless<Guest> {
    let Actor::Guest(guest) = actor else { return Err(Error::NotFound("link")) };
    can(state, actor, Action::See, Asked::Design(&guest.design)).await?;
    Ok(guest.clone())
}

const FORGETS: Canary = Canary { every_body: true, every_comment: true };
const POSITION: HeaderName = HeaderName::from_static("x-brunel-sequence");
const AUTHOR: HeaderName = HeaderName::from_static("x-brunel-body");

#[utoipa::path(get, path = "/api/share/{token}/careless/scene", responses((status = 200)))]
async fn careless_scene(state: State, actor: Actor) -> Careless<impl IntoResponse> {
    let guest = held(&state, &actor).await?;
    let (bytes, sequence) = share_guest::shared(&state, &guest, FORGETS).await?;
    Ok(([(POSITION, sequence.to_string()), (AUTHOR, "gnu_bore".to_owned())], bytes))
}

#[utoipa::path(get, path = "/api/share/{token}/careless/export/{form}", responses((status = 200)))]
async fn careless_file(state: State, actor: Actor, Path((_token, form)): Path<(String, String)>) -> Careless<Bytes> {
    let guest = held(&state, &actor).await?;
    let form = Form::of_extension(&form).ok_or_else(|| Error::invalid("There is no such form for kx72."))?;
    Ok(share_guest::file(&state, &guest, form, FORGETS).await?.0)
}

#[utoipa::path(get, path = "/api/share/{token}/careless/comments", responses((status = 200)))]
async fn careless_talk(state: State, actor: Actor) -> Careless<Json<Vec<Comment>>> {
    let guest = held(&state, &actor).await?;
    Ok(Json(share_talk::shared(&state, &guest, FORGETS).await?))
}

/// The same server with its checks forgotten.
fn forgetful(room: &mut Room) {
    let careless: OpenApiRouter<State> =
        server::routes().routes(routes!(careless_scene)).routes(routes!(careless_file)).routes(routes!(careless_talk));
    room.app.router = server::assemble(room.app.state.clone(), careless);
}

/// The harness sees it in everything that a guest can ask for.
#[tokio::test]
async fn canary_a_server_that_forgets_what_is_shared_is_caught() {
    let (mut room, path) = furnished().await;
    forgetful(&mut room);
    let found = leaks(&room, &path, "/careless").await;
    for (asked, _) in questions("/careless") {
        assert!(found.iter().any(|leak| leak.starts_with(&format!("{asked} "))), "{asked} leaks unseen: {found:?}");
    }
    // Each way of looking sees it: words, places, and words beside what is given.
    for leak in [
        "/scene holds “Zebra cover”",
        "/scene has a point",
        "/export/step has a point",
        "/export/stl has",
        "“among",
        "/scene holds “gnu_bore” in its head",
    ] {
        assert!(found.iter().any(|f| f.contains(leak)), "{leak}: {found:?}");
    }
    assert_eq!(leaks_refused(&room, &path, "/careless").await, ["/careless/export/dwg holds “kx72”"]);
    assert_eq!(leaks(&room, &path, "").await, Vec::<String>::new(), "what is asked properly is kept");
}

/// All that a guest is given, to the byte, with what stands beside it.
async fn given(guest: &Tester, path: &str, way: &str) -> Vec<(String, String, Vec<u8>)> {
    let mut all = Vec::new();
    for (asked, _) in questions(way) {
        let mut answer = guest.get(&format!("{path}{asked}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{asked}: {}", answer.text());
        // Another for each request.
        answer.headers.remove("x-request-id");
        all.push((asked, format!("{:?}", answer.headers), answer.body));
    }
    all
}

/// Whoever sees one body of many does not learn how much is worked on the others.
#[tokio::test]
async fn what_a_guest_gets_does_not_change_with_what_they_do_not_see() {
    let (mut room, path) = furnished().await;
    forgetful(&mut room);
    let guest = room.app.nobody();
    let before = (given(&guest, &path, "").await, given(&guest, &path, "/careless").await);
    for n in 0..3 {
        room.edit("kx71", "dx", &format!("{} mm", 50 + n)).await;
    }
    // Files that have to be made are counted.
    room.app.clock.advance(HOUR);
    assert!(given(&guest, &path, "").await == before.0, "an edit of another body shows");
    assert!(given(&guest, &path, "/careless").await != before.1, "canary: where everything is shown, it does");
    room.edit("seat", "dx", "42 mm").await;
    room.app.clock.advance(HOUR);
    assert!(given(&guest, &path, "").await != before.0, "an edit of their own body is theirs to see");
}

/// Long enough for what is to come on a machine that does other things too, and for what is not.
const SOON: Duration = Duration::from_secs(20);
const LONG: Duration = Duration::from_secs(2);

/// The next text on a guest's socket that is no sign of life, as it came; `None` where none does in time.
async fn heard(socket: &mut Client, within: Duration) -> Option<String> {
    let next = async {
        loop {
            match socket.socket.next().await?.ok()? {
                Message::Text(text) if !text.contains("pong") => return Some(text.to_string()),
                _ => {}
            }
        }
    };
    tokio::time::timeout(within, next).await.ok().flatten()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guests_hear_of_edits_to_what_they_see_and_of_no_others() {
    let live = Live::start(&content(), 1).await;
    let ada = &live.people[0];
    let mut sockets = Vec::new();
    for bodies in [json!(["seat"]), json!(["kx71"]), Plain::Null] {
        let terms = json!({"label": "x", "days": 1, "bodies": bodies});
        let made = ada.post(&format!("/api/designs/{}/shares", live.design), terms).await;
        let share: Share = made.read().expect("a link");
        let token = share.link.as_deref().and_then(|l| l.rsplit('/').next()).expect("a token").to_owned();
        sockets.push(live.open(&format!("/api/share/{token}/socket"), None).await.expect("a socket"));
    }
    let mut editor = live.connect(0).await;
    let mut edit = async |id: &str, value: &str| {
        let command = Command::Set { id: id.into(), key: "dx".into(), value: Some(Value::Expr(value.into())) };
        let submission = editor.submission(command);
        editor.send(&submission).await;
        assert!(matches!(submission, ToServer::Submit { .. }));
    };
    let told = Some(r#"{"type":"scene"}"#.to_owned());
    edit("kx71", "51 mm").await;
    assert_eq!(heard(&mut sockets[1], SOON).await, told, "it says nothing but that there is something");
    assert_eq!(heard(&mut sockets[2], SOON).await, told, "a link to everything hears of everything");
    assert_eq!(heard(&mut sockets[0], LONG).await, None, "an edit of another body is heard of");
    edit("seat", "43 mm").await;
    assert_eq!(heard(&mut sockets[0], SOON).await, told);
    assert_eq!(heard(&mut sockets[2], SOON).await, told);
    assert_eq!(heard(&mut sockets[1], LONG).await, None);
}
