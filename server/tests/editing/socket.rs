//! What sockets are told of each other, take only once, and refuse.

use crate::live::{Live, boxes, set};
use app::api::auth::Role;
use app::sync::{Presence, ToClient, ToServer};
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_home_page_knows_who_is_here_and_revocation_is_immediate() {
    let live = Live::start(&boxes(2), 3).await;
    let mut first = live.connect(0).await;
    let mut second = live.connect(1).await;
    assert_eq!(live.state().rooms.here(&live.design).len(), 2);
    let joined = first.until(|m| matches!(m, ToClient::Peer { .. }).then_some(())).await;
    assert!(joined.is_some(), "nobody told of the second one");
    let begin = Instant::now();
    live.state().rooms.revoke(live.state(), server::rooms::Revoked::Person(live.people[1].id.clone()));
    let closing = second.until(|m| match m {
        ToClient::Closing { reconnect, .. } => Some(reconnect),
        _ => None,
    });
    assert_eq!(closing.await, Some(false));
    assert_eq!(second.next().await, None, "the socket stays open");
    assert!(begin.elapsed() < Duration::from_secs(1), "it took {:?}", begin.elapsed());
    assert!(first.until(|m| matches!(m, ToClient::Left { .. }).then_some(())).await.is_some());
    assert_eq!(live.state().rooms.here(&live.design).len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_sent_again_is_known_and_a_gap_hangs_up() {
    let live = Live::start(&boxes(2), 1).await;
    let mut client = live.connect(0).await;
    let edit = client.submission(set(0, 1));
    client.send(&edit).await;
    let sequence = client.until(|m| match m {
        ToClient::Applied { entry } => Some(entry.sequence),
        _ => None,
    });
    assert_eq!(sequence.await, Some(1));
    client.send(&edit).await;
    let known = client.until(|m| match m {
        ToClient::Known { number, sequence, .. } => Some((number, sequence)),
        _ => None,
    });
    assert_eq!(known.await, Some((1, 1)));
    client.number += 1;
    let after_a_gap = client.submission(set(0, 3));
    client.send(&after_a_gap).await;
    let closing = client.until(|m| match m {
        ToClient::Closing { reconnect, .. } => Some(reconnect),
        _ => None,
    });
    assert_eq!(closing.await, Some(true));
    let log = server::rooms::log::entries(&live.state().db, &live.design, 0, u64::MAX, 10).await.expect("the log");
    assert_eq!(log.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_share_link_looks_on_and_changes_nothing() {
    let live = Live::start(&boxes(1), 1).await;
    let (share, token) = live.app.share(&live.design, &live.people[0]).await.expect("a share link");
    let path = format!("/api/share/{token}/socket");
    let mut guest = live.open(&path, None).await.expect("the guest's socket opens");
    // Forged: an edit, and the people's socket.
    guest.name = "forged-client-0001".into();
    let forged = guest.submission(set(0, 9));
    guest.send(&forged).await;
    assert_eq!(live.open(&format!("/api/designs/{}/socket", live.design), None).await.err(), Some(401));
    // An edit by someone who may is heard of, and no more than that.
    let mut editor = live.connect(0).await;
    let edit = editor.submission(set(0, 1));
    editor.send(&edit).await;
    loop {
        match guest.next().await.expect("the guest hears of it") {
            ToClient::Scene => break,
            ToClient::Pong { .. } => {}
            other => panic!("a guest must not be told {other:?}"),
        }
    }
    let log = server::rooms::log::entries(&live.state().db, &live.design, 0, u64::MAX, 10).await.expect("the log");
    assert_eq!(log.len(), 1, "the forged edit was taken");
    let begin = Instant::now();
    live.state().rooms.revoke(live.state(), server::rooms::Revoked::Share(share));
    let closing = guest.until(|m| match m {
        ToClient::Closing { reconnect, .. } => Some(reconnect),
        _ => None,
    });
    assert_eq!(closing.await, Some(false));
    assert!(begin.elapsed() < Duration::from_secs(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_viewer_sees_and_may_not_edit_and_a_new_role_counts_at_once() {
    use app::sync::Refused;
    let live = Live::start(&boxes(1), 1).await;
    let viewer = live.app.person("Viewer", Role::Viewer).await.expect("a person");
    let project: String = sqlx::query_scalar("SELECT project FROM design WHERE id = $1")
        .bind(&live.design)
        .fetch_one(live.state().db.reader())
        .await
        .expect("its project");
    live.app.join(&project, &viewer, Role::Viewer).await.expect("a member");
    let path = format!("/api/designs/{}/socket", live.design);
    let mut socket = live.open(&path, viewer.cookie.as_deref()).await.expect("a viewer may look");
    socket.name = "viewer-client-0001".into();
    let hello =
        ToServer::Hello { protocol: app::sync::PROTOCOL, client: socket.name.clone(), have: 0, pending: Vec::new() };
    socket.send(&hello).await;
    let may_edit = socket.until(|m| match m {
        ToClient::Welcome { may_edit, .. } => Some(may_edit),
        _ => None,
    });
    assert_eq!(may_edit.await, Some(false));
    let edit = socket.submission(set(0, 1));
    socket.send(&edit).await;
    let refused = socket.until(|m| match m {
        ToClient::Refused { refusal, .. } => Some(refusal),
        _ => None,
    });
    assert_eq!(refused.await, Some(Refused::Forbidden));
    let revoked = server::rooms::Revoked::Rights(vec![viewer.id.clone()]);
    sqlx::query("DELETE FROM project_member WHERE person = $1")
        .bind(&viewer.id)
        .execute(&mut *live.state().db.writer().await.expect("the writer"))
        .await
        .expect("taken out");
    live.state().rooms.revoke(live.state(), revoked);
    let closing = socket.until(|m| match m {
        ToClient::Closing { reconnect, .. } => Some(reconnect),
        _ => None,
    });
    assert_eq!(closing.await, Some(false));
}

/// What `watching` is told of the next one who selects `object`.
async fn presence_of(watching: &mut crate::live::Client, object: &str) -> Presence {
    let told = watching.until(|m| match m {
        ToClient::Peer { peer } => (peer.presence.object.as_deref() == Some(object)).then_some(peer.presence),
        _ => None,
    });
    told.await.expect("presence of the others")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_whoever_may_edit_draws_a_preview_on_the_others_screens() {
    let live = Live::start(&boxes(1), 2).await;
    let card = live.people[0].get(&format!("/api/designs/{}", live.design)).await;
    let project = card.read::<app::api::design::DesignCard>().expect("a card").project;
    let mut watching = live.connect(0).await;
    let dragging = |object: &str| ToServer::Presence {
        presence: Presence { object: Some(object.into()), preview: vec![set(0, 7)], ..Presence::default() },
    };
    let path = format!("/api/designs/{}/socket", live.design);
    for role in [Role::Viewer, Role::Reviewer] {
        let name = format!("{role:?}");
        let looker = live.app.person(&name, role).await.expect("a person");
        live.app.join(&project, &looker, role).await.expect("a member");
        let mut socket = live.open(&path, looker.cookie.as_deref()).await.expect("they may look");
        let client = format!("{name}-client-0001");
        socket.send(&ToServer::Hello { protocol: app::sync::PROTOCOL, client, have: 0, pending: Vec::new() }).await;
        socket.send(&dragging(&name)).await;
        // What they look at is theirs to tell.
        assert_eq!(presence_of(&mut watching, &name).await.preview, Vec::new(), "{name}");
        drop(socket);
    }
    let mut editor = live.connect(1).await;
    editor.send(&dragging("mine")).await;
    assert_eq!(presence_of(&mut watching, "mine").await.preview, vec![set(0, 7)], "an engineer's drag is seen");
    // And with the right goes the preview.
    let owner = live.app.administrator("Root").await.expect("an administrator");
    let member = format!("/api/projects/{project}/members/{}", live.people[1].id);
    let lowered = owner.put(&member, serde_json::json!({"role": "viewer"})).await;
    assert!(lowered.status.is_success(), "{}", lowered.text());
    let closing = editor.until(|m| match m {
        ToClient::Closing { reconnect, .. } => Some(reconnect),
        _ => None,
    });
    assert_eq!(closing.await, Some(true), "to come back as a viewer");
    let mut lowered = live.connect(1).await;
    lowered.send(&dragging("lowered")).await;
    assert_eq!(presence_of(&mut watching, "lowered").await.preview, Vec::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scripts_edit_through_the_same_room() {
    let live = Live::start(&boxes(1), 1).await;
    let mut socket = live.connect(0).await;
    let submission = app::sync::Submission {
        client: "script-client-0001".into(),
        number: 1,
        base: 0,
        offline: false,
        command: set(0, 41),
        undo_of: None,
    };
    let path = format!("/api/designs/{}/commands", live.design);
    let first: app::sync::Entry = live.people[0].post(&path, &submission).await.read().expect("the entry");
    let again: app::sync::Entry = live.people[0].post(&path, &submission).await.read().expect("the entry again");
    assert_eq!((first.sequence, &first), (1, &again));
    let seen = socket.until(|m| match m {
        ToClient::Applied { entry } => Some(entry),
        _ => None,
    });
    assert_eq!(seen.await, Some(first));
    let bad = app::sync::Submission { number: 2, command: set(7, 1), ..submission };
    assert_eq!(live.people[0].post(&path, &bad).await.status.as_u16(), 422);
    let document: app::api::design::Document =
        live.people[0].get(&format!("/api/designs/{}/document", live.design)).await.read().expect("the document");
    assert_eq!(document.sequence, 1);
}
