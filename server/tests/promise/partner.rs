//! The partner's room: what is not shared never leaves the server, a password opens what it should, guests of one link hear
//! nothing of another's, and who looked is known.

use app::api::Problem;
use app::api::comment::{Comment, NotificationKind, Talk};
use app::api::share::{Allow, Share, ShareView, SharedDesign};
use app::sync::ToClient;
use axum::Json;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{Method, StatusCode, header};
use serde_json::{Value as Plain, json};
use server::api::share_guest::{self, Canary};
use server::api::share_talk;
use server::auth::{Action, Actor, Guest, Object as Asked, can};
use server::testing::{Answer, TestApp, Tester};
use server::{Error, State};
use solver::design::{Command, Design, Object, Value, apply};
use solver::format;
use solver::geometry::export::Form;
use solver::scene::Scene;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

const SECRET: &str = "granite under the bridge";
/// What stands in the design beside the body that is shared, and in nothing that a guest gets.
const UNSAID: [&str; 9] =
    ["kx71", "Zebra cover", "kx72", "Quokka frame", "numbat_gap", "317.31", "gnu_bore", "no_such_gnu", "ti_6al"];
/// The shared body lies below, both others above, in x, m.
const BORDER: f64 = 0.2;

/// Three boxes: `seat` below the border, two others above; a parameter that one hangs on; a feature that cannot be built.
fn content() -> Design {
    let vector = |x: &str| Value::Vector([x, "0 mm", "0 mm"].map(Into::into));
    let block = |id: &str, name: &str, x: &str, dx: &str| {
        Object::new(id, "box", name)
            .with("operation", Value::Choice("new".into()))
            .with("origin", vector(x))
            .with("dx", Value::Expr(dx.into()))
    };
    let objects = [
        Object::new("p1", "parameter", "numbat_gap").with("value", Value::Expr("317.31 mm".into())),
        block("seat", "Seat rail", "0 mm", "41 mm"),
        block("kx71", "Zebra cover", "numbat_gap", "43 mm"),
        block("kx72", "Quokka frame", "2*numbat_gap", "47 mm").with("material", Value::Choice("ti_6al_4v".into())),
        block("h1", "gnu_bore", "0 mm", "no_such_gnu"),
    ];
    objects.into_iter().fold(Design::new(), |design, object| {
        apply(&design, &Command::Add { object, before: None }).expect("it goes in").0
    })
}

struct Room {
    app: TestApp,
    ada: Tester,
    design: String,
}

impl Room {
    async fn new() -> Self {
        let app = TestApp::new().await.expect("a server");
        let ada = app.administrator("Ada").await.expect("Ada");
        let project = app.project("Frame").await.expect("a project");
        let design = app.design(&project, &ada, &content()).await.expect("a design");
        Self { app, ada, design }
    }

    /// A link with these terms, and the address of its API.
    async fn link(&self, mut terms: Plain) -> (Share, String) {
        terms["label"] = json!("Partner");
        terms["days"] = json!(7);
        let made = self.ada.post(&format!("/api/designs/{}/shares", self.design), terms).await;
        let share: Share = made.read().unwrap_or_else(|e| panic!("{e}"));
        let token = share.link.as_deref().and_then(|link| link.rsplit('/').next()).expect("a token").to_owned();
        (share, format!("/api/share/{token}"))
    }

    async fn views(&self, share: &Share) -> Vec<ShareView> {
        self.ada.get(&format!("/api/shares/{}/views", share.id)).await.read().expect("views")
    }

    /// The team says something, in a thread or beginning one.
    async fn say(&self, text: &str, thread: Option<&str>) -> Comment {
        let said = json!({"text": text, "thread": thread});
        self.ada.post(&format!("/api/designs/{}/comments", self.design), said).await.read().expect("a comment")
    }

    async fn talk(&self) -> Talk {
        self.ada.get(&format!("/api/designs/{}/comments", self.design)).await.read().expect("comments")
    }
}

fn code(answer: &Answer) -> (StatusCode, String) {
    (answer.status, answer.problem().map(|Problem { code, .. }| code).unwrap_or_default())
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

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

/// Asks everything, and tells what came that was not shared.
async fn leaks(room: &Room, path: &str, way: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (asked, form) in questions(way) {
        let answer = room.app.nobody().get(&format!("{path}{asked}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{asked}: {}", answer.text());
        for unsaid in UNSAID.iter().chain(&["among ourselves", "the other partner"]) {
            if holds(&answer.body, unsaid.as_bytes()) {
                found.push(format!("{asked} holds “{unsaid}”"));
            }
        }
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

type Careless<T> = std::result::Result<T, Error>;

async fn held(state: &State, actor: &Actor) -> Careless<Guest> {
    let Actor::Guest(guest) = actor else { return Err(Error::NotFound("link")) };
    can(state, actor, Action::See, Asked::Design(&guest.design)).await?;
    Ok(guest.clone())
}

const FORGETS: Canary = Canary { every_body: true, every_comment: true };

#[utoipa::path(get, path = "/api/share/{token}/careless/scene", responses((status = 200)))]
async fn careless_scene(state: State, actor: Actor) -> Careless<Bytes> {
    let guest = held(&state, &actor).await?;
    Ok(share_guest::shared(&state, &guest, FORGETS).await?.0)
}

#[utoipa::path(get, path = "/api/share/{token}/careless/export/{form}", responses((status = 200)))]
async fn careless_file(state: State, actor: Actor, Path((_token, form)): Path<(String, String)>) -> Careless<Bytes> {
    let guest = held(&state, &actor).await?;
    let form = Form::of_extension(&form).ok_or(Error::NotFound("format"))?;
    Ok(share_guest::file(&state, &guest, form, FORGETS).await?.0)
}

#[utoipa::path(get, path = "/api/share/{token}/careless/comments", responses((status = 200)))]
async fn careless_talk(state: State, actor: Actor) -> Careless<Json<Vec<Comment>>> {
    let guest = held(&state, &actor).await?;
    Ok(Json(share_talk::shared(&state, &guest, FORGETS).await?))
}

/// The same server with its checks forgotten: the harness sees it in everything that a guest can ask for.
#[tokio::test]
async fn canary_a_server_that_forgets_what_is_shared_is_caught() {
    let (mut room, path) = furnished().await;
    let careless: OpenApiRouter<State> =
        server::routes().routes(routes!(careless_scene)).routes(routes!(careless_file)).routes(routes!(careless_talk));
    room.app.router = server::assemble(room.app.state.clone(), careless);
    let found = leaks(&room, &path, "/careless").await;
    for (asked, _) in questions("/careless") {
        assert!(found.iter().any(|leak| leak.starts_with(&format!("{asked} "))), "{asked} leaks unseen: {found:?}");
    }
    // Both ways of looking see it: words, and places.
    for leak in
        ["/scene holds “Zebra cover”", "/scene has a point", "/export/step has a point", "/export/stl has", "“among"]
    {
        assert!(found.iter().any(|f| f.contains(leak)), "{leak}: {found:?}");
    }
    assert_eq!(leaks(&room, &path, "").await, Vec::<String>::new(), "what is asked properly is kept");
}

#[tokio::test]
async fn a_link_allows_each_tool_and_each_format_by_itself() {
    let room = Room::new().await;
    let guest = room.app.nobody();
    for allowed in Allow::ALL {
        let (_, path) = room.link(json!({"allow": [allowed.word()]})).await;
        let seen: SharedDesign = guest.get(&path).await.read().expect("a view");
        assert_eq!(seen.allow.into_iter().collect::<Vec<_>>(), [allowed]);
        for form in Allow::FORMS {
            let wanted = if form == allowed { StatusCode::OK } else { StatusCode::FORBIDDEN };
            let answer = guest.get(&format!("{path}/export/{}", form.word())).await;
            assert_eq!(answer.status, wanted, "{} where {} is allowed", form.word(), allowed.word());
        }
        let wanted = if allowed == Allow::Comment { StatusCode::OK } else { StatusCode::FORBIDDEN };
        assert_eq!(guest.get(&format!("{path}/comments")).await.status, wanted);
        let said = json!({"name": "Max", "text": "Why?"});
        assert_eq!(guest.post(&format!("{path}/comments"), said).await.status, wanted);
        assert_eq!(guest.get(&format!("{path}/export/dwg")).await.status, StatusCode::NOT_FOUND);
    }
    let terms = json!({"label": "x", "days": 1, "bodies": []});
    let none = room.ada.post(&format!("/api/designs/{}/shares", room.design), terms).await;
    assert_eq!(none.problem().expect("a problem").field.as_deref(), Some("bodies"), "no bodies are not all bodies");
}

#[tokio::test]
async fn guests_speak_by_name_and_the_team_knows_whom_it_answers() {
    let room = Room::new().await;
    let terms = json!({"label": "x", "days": 1, "guest": "Max Frisch", "allow": ["comment"]});
    let refused = room.ada.post(&format!("/api/designs/{}/shares", room.design), terms).await;
    assert_eq!(refused.problem().expect("a problem").field.as_deref(), Some("password"), "a name needs a password");
    let (share, path) = room.link(json!({"guest": "Max Frisch", "password": SECRET, "allow": ["comment"]})).await;
    let guest = room.app.nobody();
    let guest = guest.with_cookie_of(&guest.post(&format!("{path}/unlock"), json!({"password": SECRET})).await);
    let seen: SharedDesign = guest.get(&path).await.read().expect("a view");
    assert_eq!(seen.guest.as_deref(), Some("Max Frisch"));
    // Whatever name they give, they are who the link is for.
    let comments = format!("{path}/comments");
    let said: Comment =
        guest.post(&comments, json!({"name": "Ada", "text": "Too thin?"})).await.read().expect("a comment");
    assert_eq!((said.author_name.as_str(), said.author.as_str(), said.guest), ("Max Frisch", "", None));
    // The team sees it, marked, and who made the link is told.
    let heard = room.talk().await.comments.remove(0);
    assert_eq!((heard.author_name.as_str(), heard.guest.as_deref()), ("Max Frisch", Some("Partner")));
    let told: Vec<app::api::comment::Notification> =
        room.ada.get("/api/notifications").await.read().expect("notifications");
    assert_eq!((told.len(), told[0].kind, told[0].text.as_str()), (1, NotificationKind::Guest, "Too thin?"));
    let answer = room.say("No.", Some(&heard.id)).await;
    let own = room.say("He cannot read this.", None).await;
    let read: Talk = guest.get(&comments).await.read().expect("comments");
    assert_eq!(read.comments.iter().map(|c| c.text.as_str()).collect::<Vec<_>>(), ["Too thin?", "No."]);
    assert!(read.comments.iter().all(|c| c.author.is_empty()), "accounts are not a guest's to know");
    // Into the team's own threads a guest says nothing, nor into those of another link.
    let (_, second) = room.link(json!({"allow": ["comment"]})).await;
    for (path, thread) in [(&comments, &own.id), (&format!("{second}/comments"), &heard.id)] {
        let said = guest.post(path, json!({"name": "M", "text": "Hm.", "thread": thread})).await;
        assert_eq!(said.problem().expect("a problem").field.as_deref(), Some("thread"));
    }
    let further = guest.post(&comments, json!({"text": "Thanks.", "thread": answer.id})).await;
    assert_eq!(further.read::<Comment>().expect("an answer to an answer").thread.as_ref(), Some(&heard.id));
    // A pin must be on what they see; a link for anyone asks for a name.
    let (_, part) = room.link(json!({"bodies": ["seat"], "allow": ["comment"]})).await;
    for (anchor, fits) in [("seat.top", true), ("kx71.top", false), ("nosuch.top", false)] {
        let said = json!({"name": "Eve", "text": "Here.", "anchor": {"face": anchor}});
        let answer = guest.post(&format!("{part}/comments"), said).await;
        assert_eq!(answer.status == StatusCode::OK, fits, "{anchor}: {}", answer.text());
    }
    let nameless = guest.post(&format!("{part}/comments"), json!({"text": "Here."})).await;
    assert_eq!(nameless.problem().expect("a problem").field.as_deref(), Some("name"));
    // Guests have no account: nobody signs in as one, and nobody can be mentioned who is none.
    let people: Vec<app::api::comment::Person> =
        room.ada.get(&format!("/api/designs/{}/people", room.design)).await.read().expect("people");
    assert_eq!(people.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["Ada"]);
    let login = json!({"email": format!("guest:{}", heard.author), "password": ""});
    assert_eq!(guest.post("/api/auth/login", login).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    // What a guest said, whoever makes links can remove, and a reviewer cannot.
    let eve = room.talk().await.comments.into_iter().find(|c| c.author_name == "Eve").expect("Eve's");
    let bo = room.app.person("Bo", app::api::auth::Role::Reviewer).await.expect("Bo");
    let project = room.ada.get(&format!("/api/designs/{}", room.design)).await;
    let project = project.read::<app::api::design::DesignCard>().expect("a card").project;
    room.app.join(&project, &bo, app::api::auth::Role::Reviewer).await.expect("joined");
    assert_eq!(bo.delete(&format!("/api/comments/{}", eve.id)).await.status, StatusCode::FORBIDDEN);
    assert_eq!(room.ada.delete(&format!("/api/comments/{}", eve.id)).await.status, StatusCode::OK);
    // Taken back, the link says nothing and hears nothing; what was said stays.
    assert_eq!(room.ada.delete(&format!("/api/shares/{}", share.id)).await.status, StatusCode::OK);
    assert_eq!(guest.get(&comments).await.status, StatusCode::NOT_FOUND);
    assert_eq!(guest.post(&comments, json!({"text": "Still here."})).await.status, StatusCode::NOT_FOUND);
    assert!(room.talk().await.comments.iter().any(|c| c.text == "Thanks."));
}

#[tokio::test]
async fn a_guest_cannot_fill_the_design_with_words() {
    let room = Room::new().await;
    let (_, path) = room.link(json!({"allow": ["comment"]})).await;
    let guest = room.app.nobody();
    let mut last = StatusCode::OK;
    for n in 0..25 {
        let said = guest.post(&format!("{path}/comments"), json!({"name": "Max", "text": format!("No. {n}")})).await;
        last = said.status;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(room.talk().await.comments.len(), 20);
}

/// On real sockets: each link's guests hear of their own comments, and all of them end within a second.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guests_of_one_link_hear_nothing_of_another() {
    let live = crate::live::Live::start(&crate::live::boxes(1), 1).await;
    let ada = &live.people[0];
    let link = async |label: &str| {
        let terms = json!({"label": label, "days": 1, "allow": ["comment"]});
        let made = ada.post(&format!("/api/designs/{}/shares", live.design), terms).await;
        let share: Share = made.read().expect("a link");
        let token = share.link.as_deref().and_then(|l| l.rsplit('/').next()).expect("a token").to_owned();
        (share, format!("/api/share/{token}"))
    };
    let ((first, one), (_, two)) = (link("one").await, link("two").await);
    let mut sockets = Vec::new();
    for path in [&one, &two] {
        sockets.push(live.open(&format!("{path}/socket"), None).await.expect("a socket"));
    }
    while live.state().rooms.size().1 < 2 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let guest = live.app.nobody();
    let said = json!({"name": "Max", "text": "Why?"});
    assert_eq!(guest.post(&format!("{one}/comments"), said).await.status, StatusCode::OK);
    let own = json!({"text": "Among ourselves."});
    assert_eq!(ada.post(&format!("/api/designs/{}/comments", live.design), own).await.status, StatusCode::OK);
    let talked = |m: ToClient| matches!(m, ToClient::Talked).then_some(());
    assert!(sockets[0].until(talked).await.is_some(), "the guest's own");
    let patience = std::time::Duration::from_millis(700);
    assert!(tokio::time::timeout(patience, sockets[1].until(talked)).await.is_err(), "the other hears nothing");
    assert!(
        tokio::time::timeout(patience, sockets[0].until(talked)).await.is_err(),
        "nor what the team says to itself"
    );
    // Withdrawn while open: closed within a second, with the reason; the other goes on.
    let began = std::time::Instant::now();
    assert_eq!(ada.delete(&format!("/api/shares/{}", first.id)).await.status, StatusCode::OK);
    let goodbye = sockets[0].until(|m| match m {
        ToClient::Closing { reason, reconnect } => Some((reason, reconnect)),
        _ => None,
    });
    let (reason, reconnect) = goodbye.await.expect("a goodbye");
    assert!(began.elapsed() < std::time::Duration::from_secs(1), "{:?}", began.elapsed());
    assert!(reason.contains("withdrawn") && !reconnect, "{reason}");
    assert_eq!(live.open(&format!("{one}/socket"), None).await.err(), Some(404));
    assert!(live.open(&format!("{two}/socket"), None).await.is_ok());
}

#[tokio::test]
async fn a_password_opens_this_link_in_this_browser_for_a_while() {
    let room = Room::new().await;
    let (share, path) = room.link(json!({"password": SECRET, "allow": ["stl", "comment"]})).await;
    assert!(share.locked);
    let (other, other_path) = room.link(json!({"password": "another long secret"})).await;
    let guest = room.app.nobody();
    let asked = ["", "/scene", "/export/stl", "/comments"];
    for asked in asked {
        let answer = guest.get(&format!("{path}{asked}")).await;
        assert_eq!(code(&answer), (StatusCode::UNAUTHORIZED, "locked".into()), "{asked}");
        assert!(!holds(&answer.body, b"Bracket"), "{asked} does not even tell the name");
    }
    let said = guest.post(&format!("{path}/comments"), json!({"name": "M", "text": "Hm."})).await;
    assert_eq!(code(&said).1, "locked");
    let unlock = async |password: &str| guest.post(&format!("{path}/unlock"), json!({"password": password})).await;
    let wrong = unlock("granite over the bridge").await;
    assert_eq!(wrong.problem().expect("a problem").field.as_deref(), Some("password"));
    assert!(wrong.headers.get(header::SET_COOKIE).is_none());
    let right = unlock(SECRET).await;
    assert_eq!(right.status, StatusCode::OK, "{}", right.text());
    let set = right.headers[header::SET_COOKIE].to_str().expect("a cookie");
    for part in ["__Host-brunel-share-", "Path=/", "Secure", "HttpOnly", "SameSite=Lax"] {
        assert!(set.contains(part), "{set}");
    }
    let opened = guest.with_cookie_of(&right);
    for asked in asked {
        assert_eq!(opened.get(&format!("{path}{asked}")).await.status, StatusCode::OK, "{asked}");
    }
    // It opens no other link, and not another browser.
    assert_eq!(code(&opened.get(&other_path).await).1, "locked");
    assert_eq!(code(&guest.get(&path).await).1, "locked");
    let name = format!("__Host-brunel-share-{}", other.id);
    let secret = opened.cookie.as_deref().and_then(|c| c.split_once('=')).expect("a cookie").1.to_owned();
    let moved = Tester { cookie: Some(format!("{name}={secret}")), ..guest.clone() };
    assert_eq!(code(&moved.get(&other_path).await).1, "locked", "under another link's name it opens nothing");
    // A password that is too short is none.
    let body = json!({"label": "x", "days": 1, "password": "short"});
    let short = room.ada.post(&format!("/api/designs/{}/shares", room.design), body).await;
    assert_eq!(short.problem().expect("a problem").field.as_deref(), Some("password"));
    // For a day.
    room.app.clock.advance(server::clock::DAY + 1);
    assert_eq!(code(&opened.get(&path).await).1, "locked");
    // Neither password nor cookie stands in the database.
    let bytes = std::fs::read(room.app.folder().join("brunel.sqlite-wal")).expect("the database");
    assert!(!holds(&bytes, SECRET.as_bytes()) && !holds(&bytes, secret.as_bytes()));
    assert!(holds(&bytes, b"$argon2id$"), "the search finds what is there");
}

#[tokio::test]
async fn guessing_a_links_password_is_as_slow_as_at_the_login() {
    let room = Room::new().await;
    let (_, path) = room.link(json!({"password": SECRET})).await;
    let guest = room.app.nobody();
    let mut answers = Vec::new();
    for n in 0..12 {
        let guess = json!({"password": format!("guess number {n}")});
        answers.push(guest.post(&format!("{path}/unlock"), guess).await.status);
    }
    assert_eq!(answers[..10], [StatusCode::UNPROCESSABLE_ENTITY; 10]);
    assert_eq!(answers[10..], [StatusCode::TOO_MANY_REQUESTS; 2]);
    let right = json!({"password": SECRET});
    assert_eq!(guest.post(&format!("{path}/unlock"), &right).await.status, StatusCode::TOO_MANY_REQUESTS);
    room.app.clock.advance(60_000);
    assert_eq!(guest.post(&format!("{path}/unlock"), &right).await.status, StatusCode::OK);
    // From a foreign page it is not even heard.
    let request = guest.request(Method::POST, &format!("{path}/unlock"));
    let mut request = request.body(axum::body::Body::from(right.to_string())).expect("a request");
    request.headers_mut().insert(header::ORIGIN, "https://elsewhere.example".parse().expect("an origin"));
    assert_eq!(guest.carry(Ok(request)).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn who_looked_and_took_what_is_known_to_who_shared() {
    let room = Room::new().await;
    let (share, path) = room.link(json!({"password": SECRET, "allow": ["obj", "comment"]})).await;
    let guest = room.app.nobody();
    guest.post(&format!("{path}/unlock"), json!({"password": "wrong, quite wrong"})).await;
    room.app.clock.advance(1_000);
    let opened = guest.with_cookie_of(&guest.post(&format!("{path}/unlock"), json!({"password": SECRET})).await);
    // As the browser does it: the page, which asks in memory, then its picture.
    assert_eq!(opened.get(&path).await.status, StatusCode::OK);
    assert_eq!(opened.get(&format!("{path}/scene")).await.status, StatusCode::OK);
    room.app.clock.advance(1_000);
    let refused = opened.get(&format!("{path}/export/stl")).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.text());
    let file = opened.get(&format!("{path}/export/obj")).await;
    assert!(file.text().lines().filter(|l| l.starts_with("v ")).count() >= 24, "three boxes");
    // The team edits while the page is open: the new version is seen too.
    room.app.clock.advance(1_000);
    let command = Command::Set { id: "seat".into(), key: "dx".into(), value: Some(Value::Expr("42 mm".into())) };
    let edit = json!({"client": "0123456789abcdef", "number": 1, "base": 0, "command": command});
    assert_eq!(room.ada.post(&format!("/api/designs/{}/commands", room.design), edit).await.status, StatusCode::OK);
    opened.get(&format!("{path}/scene")).await;
    opened.get(&format!("{path}/scene")).await;
    room.app.clock.advance(1_000);
    opened.post(&format!("{path}/comments"), json!({"name": "Max", "text": "Longer!"})).await;
    let views = room.views(&share).await;
    let lines: Vec<(&str, u64)> = views.iter().map(|v| (v.what.as_str(), v.sequence)).collect();
    assert_eq!(lines, [("commented", 1), ("saw", 1), ("obj", 0), ("opened", 0), ("refused", 0)]);
    assert!(views.windows(2).all(|w| w[0].time > w[1].time));
    // A download is in the audit log besides.
    let log: app::api::Page<app::api::audit::AuditEntry> =
        room.ada.get("/api/audit?action=share.download").await.read().expect("entries");
    assert_eq!((log.items.len(), log.items[0].detail.as_str()), (1, "obj"));
    assert_eq!(log.items[0].actor, format!("share:{}", share.id));
    // Nobody else learns of it: neither the guest nor who may not share.
    let stranger = room.app.stranger("Sue").await.expect("Sue");
    let at = format!("/api/shares/{}/views", share.id);
    assert_eq!(stranger.get(&at).await.status, StatusCode::NOT_FOUND);
    assert_eq!(opened.get(&at).await.status, StatusCode::UNAUTHORIZED);
    // Taken back, it gives nothing, whoever had the password.
    assert_eq!(room.ada.delete(&format!("/api/shares/{}", share.id)).await.status, StatusCode::OK);
    for asked in ["", "/scene", "/export/obj", "/comments"] {
        assert_eq!(opened.get(&format!("{path}{asked}")).await.status, StatusCode::NOT_FOUND, "{asked}");
    }
    assert_eq!(room.views(&share).await.len(), 5, "what was seen stays known");
}
