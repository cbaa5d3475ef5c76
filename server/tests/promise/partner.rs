//! The partner's room: a password opens what it should, guests of one link hear nothing of another's, what is taken back is not
//! given any more, and who looked is known. That what is not shared never leaves the server: `partner_leak`.

use app::api::Problem;
use app::api::comment::{Comment, NotificationKind, Talk};
use app::api::share::{Allow, Share, ShareView, SharedDesign};
use app::sync::ToClient;
use axum::http::{Method, StatusCode, header};
use serde_json::{Value as Plain, json};
use server::testing::{Answer, TestApp, Tester};
use solver::design::{Command, Design, Object, Value, apply};
use std::time::Duration;

pub(super) const SECRET: &str = "granite under the bridge";
/// Three boxes: `seat` below the border, two others above; a parameter that one hangs on; a feature that cannot be built.
pub(super) fn content() -> Design {
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

pub(super) struct Room {
    pub app: TestApp,
    pub ada: Tester,
    pub design: String,
}

impl Room {
    pub async fn new() -> Self {
        let app = TestApp::new().await.expect("a server");
        let ada = app.administrator("Ada").await.expect("Ada");
        let project = app.project("Frame").await.expect("a project");
        let design = app.design(&project, &ada, &content()).await.expect("a design");
        Self { app, ada, design }
    }

    /// A link with these terms, and the address of its API.
    pub async fn link(&self, mut terms: Plain) -> (Share, String) {
        terms["label"] = json!("Partner");
        terms["days"] = json!(7);
        let made = self.ada.post(&format!("/api/designs/{}/shares", self.design), terms).await;
        let share: Share = made.read().unwrap_or_else(|e| panic!("{e}"));
        let token = share.link.as_deref().and_then(|link| link.rsplit('/').next()).expect("a token").to_owned();
        (share, format!("/api/share/{token}"))
    }

    pub async fn views(&self, share: &Share) -> Vec<ShareView> {
        let page = self.ada.get(&format!("/api/shares/{}/views", share.id)).await;
        page.read::<app::api::Page<ShareView>>().expect("views").items
    }

    /// The team says something, in a thread or beginning one.
    pub async fn say(&self, text: &str, thread: Option<&str>) -> Comment {
        let said = json!({"text": text, "thread": thread});
        self.ada.post(&format!("/api/designs/{}/comments", self.design), said).await.read().expect("a comment")
    }

    /// The team changes an expression of an object.
    pub async fn edit(&self, id: &str, key: &str, value: &str) {
        let now = self.ada.get(&format!("/api/designs/{}", self.design)).await;
        let base = now.read::<app::api::design::DesignCard>().expect("a card").sequence;
        let command = Command::Set { id: id.into(), key: key.into(), value: Some(Value::Expr(value.into())) };
        let edit = json!({"client": "0123456789abcdef", "number": base + 1, "base": base, "command": command});
        let made = self.ada.post(&format!("/api/designs/{}/commands", self.design), edit).await;
        assert_eq!(made.status, StatusCode::OK, "{}", made.text());
    }

    pub async fn talk(&self) -> Talk {
        self.ada.get(&format!("/api/designs/{}/comments", self.design)).await.read().expect("comments")
    }
}

pub(super) fn code(answer: &Answer) -> (StatusCode, String) {
    (answer.status, answer.problem().map(|Problem { code, .. }| code).unwrap_or_default())
}

pub(super) fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
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
    // Nor can another guest speak as the host without its showing.
    assert_eq!(
        read.comments.iter().map(|c| (c.by_guest, &c.guest)).collect::<Vec<_>>(),
        [(true, &None), (false, &None)]
    );
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
    let terms = json!({"guest": "Max Frisch", "password": SECRET, "allow": ["obj", "comment"]});
    let (share, path) = room.link(terms).await;
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
    assert_eq!(file.headers[header::CONTENT_DISPOSITION], "attachment; filename=\"shared.obj\"");
    // The team edits while the page is open: the new version is seen too.
    room.app.clock.advance(1_000);
    room.edit("seat", "dx", "42 mm").await;
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
    assert_eq!((log.items.len(), log.items[0].detail.as_str()), (1, "obj, “Partner” for Max Frisch"));
    assert_eq!(log.items[0].actor, format!("share:{}", share.id));
    let log: app::api::Page<app::api::audit::AuditEntry> =
        room.ada.get("/api/audit?action=share.create").await.read().expect("entries");
    let detail = format!("share:{}, “Partner” for Max Frisch, all bodies, comment obj", share.id);
    assert_eq!(log.items[0].detail, detail, "the log says whom, when the link itself is long gone");
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

/// An open page is one line of the record, however long it stays open: what guests did is not to be looked for.
#[tokio::test]
async fn an_idle_page_does_not_push_out_of_the_record_what_was_done() {
    let room = Room::new().await;
    let (share, path) = room.link(json!({})).await;
    let guest = room.app.nobody();
    assert_eq!(guest.get(&path).await.status, StatusCode::OK);
    for n in 0..12 {
        room.app.clock.advance(15 * server::clock::MINUTE);
        room.edit("seat", "dx", &format!("{} mm", 60 + n)).await;
        assert_eq!(guest.get(&format!("{path}/scene")).await.status, StatusCode::OK);
    }
    let lines = async || {
        let views = room.views(&share).await;
        views.into_iter().map(|v| (v.what, v.first, v.sequence)).collect::<Vec<_>>()
    };
    assert_eq!(lines().await, [("saw".to_owned(), Some(1), 12), ("opened".to_owned(), None, 0)]);
    // Opened anew, it is another visit.
    room.app.clock.advance(15 * server::clock::MINUTE);
    assert_eq!(guest.get(&path).await.status, StatusCode::OK);
    room.app.clock.advance(1_000);
    room.edit("seat", "dx", "80 mm").await;
    assert_eq!(guest.get(&format!("{path}/scene")).await.status, StatusCode::OK);
    assert_eq!(lines().await[..2], [("saw".to_owned(), None, 13), ("opened".to_owned(), None, 12)]);
    assert_eq!(lines().await.len(), 4);
}

/// Asks while the writer is held, takes the link back (or not) when the work is done, and lets the writer go.
async fn asked_meanwhile(room: &Room, share: &Share, asked: (Method, String, Plain), taken_back: bool) -> StatusCode {
    let mut write = room.app.state.db.write().await.expect("the writer");
    let (guest, (method, path, body)) = (room.app.nobody(), asked);
    let answer = tokio::spawn(async move {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        guest.send(method, &path, body).await
    });
    tokio::time::sleep(Duration::from_millis(250)).await;
    if taken_back {
        let sql = "UPDATE share SET revoked = 1 WHERE id = $1";
        sqlx::query(sql).bind(&share.id).execute(&mut *write).await.expect("revoked");
    }
    write.commit().await.expect("committed");
    answer.await.expect("an answer").status
}

#[tokio::test]
async fn what_is_under_way_when_a_link_is_taken_back_is_not_given() {
    let room = Room::new().await;
    // Everything is drawn by now, so that the time goes by in the database.
    let (_, warm) = room.link(json!({"allow": ["obj"]})).await;
    for asked in ["/scene", "/export/obj"] {
        assert_eq!(room.app.nobody().get(&format!("{warm}{asked}")).await.status, StatusCode::OK);
    }
    let said = json!({"name": "Max", "text": "Still here."});
    for taken_back in [true, false] {
        for (method, asked, body) in [
            (Method::GET, "/export/obj", Plain::Null),
            (Method::GET, "/scene", Plain::Null),
            (Method::POST, "/comments", said.clone()),
        ] {
            let (share, path) = room.link(json!({"allow": ["obj", "comment"]})).await;
            let status = asked_meanwhile(&room, &share, (method, format!("{path}{asked}"), body), taken_back).await;
            // Left alone, it is given: what refuses is that the link is gone.
            let wanted = if taken_back { StatusCode::NOT_FOUND } else { StatusCode::OK };
            assert_eq!(status, wanted, "{asked}, taken back: {taken_back}");
            assert_eq!(
                room.views(&share).await.len(),
                usize::from(!taken_back),
                "{asked} is on record if it was given"
            );
        }
    }
    assert_eq!(room.talk().await.comments.len(), 1, "nothing is said through a link that is gone");
}

#[tokio::test]
async fn guests_wait_for_one_another_and_the_team_for_none_of_them() {
    let room = Room::new().await;
    let (share, path) = room.link(json!({"allow": ["obj", "stl"]})).await;
    let (_, other) = room.link(json!({"allow": ["obj"]})).await;
    let guest = room.app.nobody();
    // What was made is not made again.
    for _ in 0..30 {
        assert_eq!(guest.get(&format!("{path}/export/obj")).await.status, StatusCode::OK);
    }
    let mut last = StatusCode::OK;
    for n in 0..13 {
        room.edit("seat", "dx", &format!("{} mm", 60 + n)).await;
        last = guest.get(&format!("{path}/export/obj")).await.status;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS, "what has to be made is counted");
    assert_eq!(guest.get(&format!("{path}/scene")).await.status, StatusCode::OK, "looking goes on");
    assert_eq!(guest.get(&format!("{other}/export/obj")).await.status, StatusCode::OK, "so does another link");
    assert_eq!(guest.get(&format!("{path}/export/obj")).await.status, StatusCode::OK, "by now it is there");
    // However busy guests keep their own place, the team has another.
    room.edit("seat", "dx", "90 mm").await;
    let turn = room.app.state.jobs.desk().guest_turn(&share.id).await.expect("a guest's turn");
    let patience = Duration::from_millis(300);
    let scene = format!("{other}/scene");
    assert!(tokio::time::timeout(patience, guest.get(&scene)).await.is_err(), "another guest waits");
    let own = room.ada.get(&format!("/api/designs/{}/export/stl", room.design)).await;
    assert_eq!(own.status, StatusCode::OK, "{}", own.text());
    drop(turn);
    assert_eq!(guest.get(&scene).await.status, StatusCode::OK);
}
