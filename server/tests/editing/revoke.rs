//! P16: whoever loses a right loses every open socket at once, whatever they are doing; nobody else loses any.

use crate::live::{Client, Live, boxes, set};
use app::api::auth::Role;
use app::sync::{PROTOCOL, ToClient, ToServer};
use axum::http::{Method, StatusCode};
use futures::StreamExt as _;
use serde_json::json;
use server::testing::Tester;
use std::time::{Duration, Instant};

/// Ten times the promised second, for a machine that does other things too.
const LIMIT: Duration = Duration::from_secs(10);

struct World {
    live: Live,
    root: Tester,
    project: String,
}

/// Two people and an administrator in one project with one design.
async fn world() -> World {
    let live = Live::start(&boxes(3), 2).await;
    let root = live.app.administrator("Root").await.expect("an administrator");
    let card = live.people[0].get(&format!("/api/designs/{}", live.design)).await;
    let project = card.read::<app::api::design::DesignCard>().expect("a card").project;
    World { live, root, project }
}

impl World {
    /// A socket of person `i` in another session than theirs.
    async fn elsewhere(&self, i: usize) -> (Client, String) {
        let cookie = self.live.app.session(&self.live.people[i].id).await.expect("a session");
        let path = format!("/api/designs/{}/socket", self.live.design);
        let mut socket = self.live.open(&path, Some(&cookie)).await.expect("a socket");
        socket.name = "other-device-client".into();
        say_hello(&mut socket).await;
        assert!(matches!(socket.next().await, Some(ToClient::Welcome { .. })));
        (socket, cookie)
    }

    async fn guest(&self) -> (Client, String) {
        let (share, token) = self.live.app.share(&self.live.design, &self.live.people[0]).await.expect("a link");
        let guest = self.live.open(&format!("/api/share/{token}/socket"), None).await.expect("the guest's socket");
        (guest, share)
    }

    /// Waits until the server has entered so many sockets.
    async fn connected(&self, n: usize) {
        let until = Instant::now() + LIMIT;
        while self.live.state().rooms.size().1 != n {
            assert!(Instant::now() < until, "{} sockets, not {n}", self.live.state().rooms.size().1);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

async fn say_hello(socket: &mut Client) {
    let client = if socket.name.is_empty() { "revoked-client-001".into() } else { socket.name.clone() };
    socket.send(&ToServer::Hello { protocol: PROTOCOL, client, have: 0, pending: Vec::new() }).await;
}

/// Waits for the socket's end; whether its client should come back. `Err` when it stays open.
async fn closed(socket: &mut Client, limit: Duration) -> Result<bool, String> {
    let mut again = true;
    let ended = tokio::time::timeout(limit, async {
        while let Some(Ok(message)) = socket.socket.next().await {
            if let Ok(text) = message.to_text()
                && let Ok(ToClient::Closing { reconnect, .. }) = serde_json::from_str(text)
            {
                again = reconnect;
            }
        }
    });
    ended.await.map(|()| again).map_err(|_| format!("still open after {limit:?}"))
}

/// Each of `sockets` ends in time and for good.
async fn all_closed(sockets: &mut [Client], since: Instant) {
    for (i, socket) in sockets.iter_mut().enumerate() {
        assert_eq!(closed(socket, LIMIT.saturating_sub(since.elapsed())).await, Ok(false), "socket {i}");
    }
    eprintln!("{} sockets closed within {:.0} ms", sockets.len(), since.elapsed().as_secs_f64() * 1e3);
}

async fn still_edits(socket: &mut Client, value: u64) {
    let edit = socket.submission(set(2, value));
    let number = socket.number;
    let name = socket.name.clone();
    socket.send(&edit).await;
    let applied = socket.until(|m| match m {
        ToClient::Applied { entry } => (entry.client == name && entry.number == number).then_some(()),
        _ => None,
    });
    assert_eq!(applied.await, Some(()), "a bystander was hurt");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_link_closes_its_sockets_and_no_others() {
    let w = world().await;
    let (first, share) = w.guest().await;
    let (mut other, _) = w.guest().await;
    let mut person = w.live.connect(0).await;
    w.connected(3).await;
    let since = Instant::now();
    assert_eq!(w.live.people[0].delete(&format!("/api/shares/{share}")).await.status, StatusCode::OK);
    all_closed(&mut [first], since).await;
    still_edits(&mut person, 1).await;
    let notice = other.until(|m| matches!(m, ToClient::Scene).then_some(()));
    assert_eq!(notice.await, Some(()), "the other link goes on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disabled_person_is_cut_off_everywhere() {
    let w = world().await;
    let mut bystander = w.live.connect(0).await;
    let (first, (second, _)) = (w.live.connect(1).await, w.elsewhere(1).await);
    let since = Instant::now();
    let path = format!("/api/organisation/members/{}", w.live.people[1].id);
    let done = w.root.patch(&path, json!({"disabled": true})).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text());
    all_closed(&mut [first, second], since).await;
    let path = format!("/api/designs/{}/socket", w.live.design);
    let refused = w.live.open(&path, w.live.people[1].cookie.as_deref()).await;
    assert_eq!(refused.err(), Some(401));
    still_edits(&mut bystander, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_taken_out_of_a_project_is_cut_off_and_a_new_role_asks_to_reconnect() {
    let w = world().await;
    let mut bystander = w.live.connect(0).await;
    let mut lowered = w.live.connect(1).await;
    let path = format!("/api/projects/{}/members/{}", w.project, w.live.people[1].id);
    let done = w.root.put(&path, json!({"role": "viewer"})).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text());
    assert_eq!(closed(&mut lowered, LIMIT).await, Ok(true), "to come back as a viewer");
    let viewing = w.live.connect(1).await;
    let since = Instant::now();
    assert_eq!(w.root.delete(&path).await.status, StatusCode::OK);
    all_closed(&mut [viewing], since).await;
    still_edits(&mut bystander, 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_groups_role_that_comes_or_goes_reaches_open_sockets() {
    let w = world().await;
    let app = &w.live.app;
    let mut bystander = w.live.connect(0).await;
    let group = app.group("Turbine", &[]).await.expect("a group");
    let member = format!("/api/projects/{}/members/{}", w.project, w.live.people[1].id);
    let inside = format!("/api/organisation/groups/{group}/people/{}", w.live.people[1].id);
    let lent = format!("/api/projects/{}/groups/{group}", w.project);
    let ok = async |answer: server::testing::Answer| assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    // A viewer who becomes an engineer through a group comes back as one.
    ok(w.root.put(&member, json!({"role": "viewer"})).await).await;
    let mut viewing = w.live.connect(1).await;
    ok(w.root.put(&lent, json!({"role": "engineer"})).await).await;
    ok(w.root.put(&inside, json!({})).await).await;
    assert_eq!(closed(&mut viewing, LIMIT).await, Ok(true), "to come back as an engineer");
    let mut editing = w.live.connect(1).await;
    still_edits(&mut editing, 1).await;
    // Out of the group: a viewer again.
    ok(w.root.delete(&inside).await).await;
    assert_eq!(closed(&mut editing, LIMIT).await, Ok(true), "to come back as a viewer");
    // In the project only through the group: what the group loses, they lose.
    ok(w.root.put(&inside, json!({})).await).await;
    ok(w.root.delete(&member).await).await;
    let through = w.live.connect(1).await;
    let since = Instant::now();
    ok(w.root.delete(&lent).await).await;
    all_closed(&mut [through], since).await;
    ok(w.root.put(&lent, json!({"role": "engineer"})).await).await;
    let through = w.live.connect(1).await;
    let since = Instant::now();
    ok(w.root.delete(&format!("/api/organisation/groups/{group}")).await).await;
    all_closed(&mut [through], since).await;
    still_edits(&mut bystander, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_compartment_closes_the_sockets_of_those_outside() {
    let w = world().await;
    let app = &w.live.app;
    let group = app.group("Turbine", &[&w.live.people[1]]).await.expect("a group");
    let compartment = app.compartment(&w.project, "Blade", &[&w.live.people[0]]).await.expect("a compartment");
    let (mut member, outside) = (w.live.connect(0).await, w.live.connect(1).await);
    let (guest, _) = w.guest().await;
    w.connected(3).await;
    let since = Instant::now();
    let path = format!("/api/designs/{}/compartment", w.live.design);
    let moved = w.live.people[0].put(&path, json!({"compartment": compartment})).await;
    assert_eq!(moved.status, StatusCode::OK, "{}", moved.text());
    all_closed(&mut [outside, guest], since).await;
    still_edits(&mut member, 1).await;
    let socket = format!("/api/designs/{}/socket", w.live.design);
    assert_eq!(w.live.open(&socket, w.live.people[1].cookie.as_deref()).await.err(), Some(404));
    assert_eq!(w.live.open(&socket, w.root.cookie.as_deref()).await.err(), Some(404), "no role opens it");
    // Through a group, and out again with it.
    let lent = format!("/api/projects/{}/compartments/{compartment}/groups/{group}", w.project);
    for end in [lent.clone(), format!("/api/organisation/groups/{group}/people/{}", w.live.people[1].id)] {
        assert_eq!(w.root.put(&lent, json!({})).await.status, StatusCode::OK);
        let through = w.live.connect(1).await;
        let since = Instant::now();
        assert_eq!(w.root.delete(&end).await.status, StatusCode::OK);
        all_closed(&mut [through], since).await;
    }
    still_edits(&mut member, 2).await;
}

/// The role in the organisation is not that of when a socket was opened.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_demotion_in_the_organisation_reaches_open_sockets() {
    let w = world().await;
    let mut bystander = w.live.connect(0).await;
    let person = format!("/api/organisation/members/{}", w.live.people[1].id);
    let set_role = async |role: &str| {
        let done = w.root.patch(&person, json!({"role": role})).await;
        assert_eq!(done.status, StatusCode::OK, "{}", done.text());
    };
    // A viewer of the organisation is one in every project.
    let mut editing = w.live.connect(1).await;
    still_edits(&mut editing, 1).await;
    set_role("viewer").await;
    assert_eq!(closed(&mut editing, LIMIT).await, Ok(true), "to come back as a viewer");
    let mut viewing = w.live.connect(1).await;
    set_role("engineer").await;
    assert_eq!(closed(&mut viewing, LIMIT).await, Ok(true), "to come back as an engineer");
    // In the project by nothing but owning the organisation.
    set_role("owner").await;
    let member = format!("/api/projects/{}/members/{}", w.project, w.live.people[1].id);
    assert_eq!(w.root.delete(&member).await.status, StatusCode::OK);
    let owning = w.live.connect(1).await;
    let since = Instant::now();
    set_role("engineer").await;
    all_closed(&mut [owning], since).await;
    still_edits(&mut bystander, 2).await;
}

/// Where the one who made a link may not share the design any more, its guests are gone; guests of others look on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guests_go_with_the_right_of_the_one_who_let_them_in() {
    let w = world().await;
    let app = &w.live.app;
    let (mut others, _) = w.guest().await;
    let mut bystander = w.live.connect(0).await;
    let (_, token) = app.share(&w.live.design, &w.live.people[1]).await.expect("a link");
    let path = format!("/api/share/{token}/socket");
    let id = &w.live.people[1].id;
    let group = app.group("Turbine", &[&w.live.people[1]]).await.expect("a group");
    let compartment = app.compartment(&w.project, "Blade", &[&w.live.people[0]]).await.expect("a compartment");
    let mut write = w.live.state().db.write().await.expect("a transaction");
    sqlx::query("INSERT INTO compartment_design (design, compartment) VALUES ($1, $2)")
        .bind(&w.live.design)
        .bind(&compartment)
        .execute(&mut *write)
        .await
        .expect("sealed");
    write.commit().await.expect("committed");
    let lent = format!("/api/projects/{}/compartments/{compartment}/groups/{group}", w.project);
    let inside = format!("/api/organisation/groups/{group}/people/{id}");
    let member = format!("/api/projects/{}/members/{id}", w.project);
    let person = format!("/api/organisation/members/{id}");
    let (delete, put, patch) = (Method::DELETE, Method::PUT, Method::PATCH);
    let (engineer, viewer) = (json!({"role": "engineer"}), json!({"role": "viewer"}));
    let send = async |method: &Method, path: &str, body: &serde_json::Value| {
        let done = w.root.send(method.clone(), path, body.to_string().into_bytes()).await;
        assert_eq!(done.status, StatusCode::OK, "{}", done.text());
    };
    send(&put, &lent, &json!({})).await;
    for (away, gone, back, come) in [
        (&delete, (&inside, &viewer), &put, (&inside, &engineer)),
        (&delete, (&lent, &viewer), &put, (&lent, &engineer)),
        (&delete, (&member, &viewer), &put, (&member, &engineer)),
        (&put, (&member, &viewer), &put, (&member, &engineer)),
        (&patch, (&person, &viewer), &patch, (&person, &engineer)),
    ] {
        let guest = w.live.open(&path, None).await.expect("the guest's socket");
        w.connected(3).await;
        let since = Instant::now();
        send(away, gone.0, gone.1).await;
        all_closed(&mut [guest], since).await;
        assert_eq!(w.live.open(&path, None).await.err(), Some(404), "while the link rests");
        w.connected(2).await;
        send(back, come.0, come.1).await;
    }
    // With the group goes what it gave, to its people and to their guests.
    let (guest, through) = (w.live.open(&path, None).await.expect("the guest's socket"), w.live.connect(1).await);
    w.connected(4).await;
    let since = Instant::now();
    send(&delete, &format!("/api/organisation/groups/{group}"), &json!({})).await;
    all_closed(&mut [guest, through], since).await;
    still_edits(&mut bystander, 1).await;
    let notice = others.until(|m| matches!(m, ToClient::Scene).then_some(()));
    assert_eq!(notice.await, Some(()), "the other link goes on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_out_closes_that_device_and_signing_out_everywhere_all() {
    let w = world().await;
    let mut bystander = w.live.connect(0).await;
    let mut here = w.live.connect(1).await;
    let (elsewhere, cookie) = w.elsewhere(1).await;
    let other = Tester { cookie: Some(cookie), ..w.live.people[1].clone() };
    let since = Instant::now();
    assert_eq!(other.post("/api/auth/logout", json!({})).await.status, StatusCode::OK);
    all_closed(&mut [elsewhere], since).await;
    still_edits(&mut here, 4).await;

    let (elsewhere, _) = w.elsewhere(1).await;
    // The stream of the runs page ends as well.
    let stream = tokio::spawn({
        let person = w.live.people[1].clone();
        async move { person.get("/api/runs/events").await.status }
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!stream.is_finished());
    let since = Instant::now();
    assert_eq!(w.live.people[1].post("/api/auth/logout-all", json!({})).await.status, StatusCode::OK);
    all_closed(&mut [here, elsewhere], since).await;
    let status = tokio::time::timeout(LIMIT, stream).await.expect("the stream ends").expect("ended");
    assert_eq!(status, StatusCode::OK);
    still_edits(&mut bystander, 5).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_design_that_goes_takes_its_sockets_along() {
    let w = world().await;
    let sockets = [w.live.connect(0).await, w.live.connect(1).await];
    let path = format!("/api/designs/{}", w.live.design);
    let [mut first, mut second] = sockets;
    let (guest, _) = w.guest().await;
    w.connected(3).await;
    let since = Instant::now();
    assert_eq!(w.root.patch(&path, json!({"state": "bin"})).await.status, StatusCode::OK);
    // In the bin it can be looked at, and no longer changed.
    assert_eq!(closed(&mut first, LIMIT).await, Ok(true));
    assert_eq!(closed(&mut second, LIMIT).await, Ok(true));
    // A link to what is in the bin shows nothing.
    all_closed(&mut [guest], since).await;
    let (first, second) = (w.live.connect(0).await, w.live.connect(1).await);
    let since = Instant::now();
    assert_eq!(w.root.delete(&path).await.status, StatusCode::OK);
    all_closed(&mut [first, second], since).await;
}

/// A socket that was let in, and says Hello only after its right has ended.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_who_waits_with_hello_does_not_slip_through() {
    let w = world().await;
    let path = format!("/api/designs/{}/socket", w.live.design);
    let mut waiting = w.live.open(&path, w.live.people[1].cookie.as_deref()).await.expect("a socket");
    w.connected(1).await;
    let since = Instant::now();
    assert_eq!(w.live.people[1].post("/api/auth/logout-all", json!({})).await.status, StatusCode::OK);
    let hello =
        ToServer::Hello { protocol: PROTOCOL, client: "late-client-000001".into(), have: 0, pending: Vec::new() };
    use futures::SinkExt as _;
    let text = serde_json::to_string(&hello).expect("plain values");
    // The server may have hung up by now: just as well.
    let _ = waiting.socket.send(tokio_tungstenite::tungstenite::Message::text(text)).await;
    let mut welcomed = false;
    let ended = tokio::time::timeout(LIMIT, async {
        while let Some(Ok(message)) = waiting.socket.next().await {
            welcomed |= message.to_text().is_ok_and(|text| text.contains("\"welcome\""));
        }
    });
    assert!(ended.await.is_ok() && !welcomed, "let in after {:?}", since.elapsed());
}

/// One who takes nothing off the line is cut, not asked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_who_does_not_read_is_cut_off_too() {
    let w = world().await;
    let deaf = w.live.connect(1).await;
    let mut editor = w.live.connect(0).await;
    for value in 0..200 {
        still_edits(&mut editor, value).await;
    }
    w.connected(2).await;
    assert_eq!(w.live.people[1].post("/api/auth/logout-all", json!({})).await.status, StatusCode::OK);
    w.connected(1).await;
    // The room hears of it a moment later.
    let until = Instant::now() + LIMIT;
    while w.live.state().rooms.here(&w.live.design).len() != 1 {
        assert!(Instant::now() < until, "home still shows who is gone");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    drop(deaf);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn canary_a_revocation_that_nobody_tells_the_sockets_is_caught() {
    let w = world().await;
    let (mut guest, share) = w.guest().await;
    let mut person = w.live.connect(1).await;
    w.connected(2).await;
    // Past the question at the door, which would see what happens next.
    say_hello(&mut guest).await;
    assert!(guest.until(|m| matches!(m, ToClient::Pong { .. }).then_some(())).await.is_some(), "the guest is heard");
    let mut write = w.live.state().db.write().await.expect("a transaction");
    sqlx::query("UPDATE share SET revoked = 1 WHERE id = $1").bind(&share).execute(&mut *write).await.expect("revoked");
    sqlx::query("DELETE FROM session WHERE person = $1")
        .bind(&w.live.people[1].id)
        .execute(&mut *write)
        .await
        .expect("ended");
    write.commit().await.expect("committed");
    let patience = Duration::from_millis(1_500);
    assert!(closed(&mut guest, patience).await.is_err(), "nobody told this socket");
    assert!(closed(&mut person, patience).await.is_err(), "nobody told this socket");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_name_reaches_everyone_who_is_here() {
    let w = world().await;
    let mut person = w.live.connect(0).await;
    let renamed = w.root.patch(&format!("/api/designs/{}", w.live.design), json!({"name": "Gusset"})).await;
    assert_eq!(renamed.status, StatusCode::OK);
    let name = person.until(|m| match m {
        ToClient::Renamed { name } => Some(name),
        _ => None,
    });
    assert_eq!(name.await.as_deref(), Some("Gusset"));
    // A viewer of the project, who may not rename, changes nothing for anyone.
    let viewer = w.live.app.person("Viewer", Role::Viewer).await.expect("a viewer");
    w.live.app.join(&w.project, &viewer, Role::Viewer).await.expect("a member");
    let refused = viewer.patch(&format!("/api/designs/{}", w.live.design), json!({"name": "Mine"})).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}
