//! What goes with time goes, whatever hangs on it: one row that cannot be removed must not keep all the others.

use super::partner::Room;
use app::api::comment::{Comment, Talk};
use app::api::share::Share;
use axum::http::StatusCode;
use serde_json::json;
use server::clock::DAY;
use server::retention::{BIN, ENDED, sweep};
use server::testing::Tester;
use sqlx::Row as _;

async fn count(room: &Room, sql: &'static str) -> i64 {
    sqlx::query(sql).fetch_one(room.app.state.db.reader()).await.expect("counted").get(0)
}

/// Signed in anew: a session sleeps no month.
async fn awake(room: &Room) -> Tester {
    let cookie = room.app.session(&room.ada.id).await.expect("a session");
    Tester { cookie: Some(cookie), ..room.ada.clone() }
}

#[tokio::test]
async fn a_link_that_was_spoken_through_ends_and_the_comment_stays_a_guests() {
    let room = Room::new().await;
    let (_, silent) = room.link(json!({})).await;
    let (_, spoken) = room.link(json!({"allow": ["comment"]})).await;
    for path in [&silent, &spoken] {
        assert_eq!(room.app.nobody().get(path).await.status, StatusCode::OK);
    }
    let said = room.app.nobody().post(&format!("{spoken}/comments"), json!({"name": "Max", "text": "Why?"})).await;
    said.read::<Comment>().expect("a comment");
    room.app.clock.advance(7 * DAY + ENDED - DAY);
    assert_eq!(sweep(&room.app.state).await.expect("swept"), 0);
    assert_eq!(count(&room, "SELECT COUNT(*) FROM share").await, 2, "not yet");
    room.app.clock.advance(2 * DAY);
    assert_eq!(sweep(&room.app.state).await.expect("what hangs on a link keeps no sweep"), 0);
    assert_eq!(count(&room, "SELECT COUNT(*) FROM share").await, 1, "the one that nobody spoke through");
    assert_eq!(count(&room, "SELECT COUNT(*) FROM share_view").await, 0, "who looked is forgotten of both");
    let ada = awake(&room).await;
    let shares: Vec<Share> =
        ada.get(&format!("/api/designs/{}/shares", room.design)).await.read().expect("a list of links");
    assert_eq!(shares, [], "neither is listed");
    let talk: Talk = ada.get(&format!("/api/designs/{}/comments", room.design)).await.read().expect("comments");
    assert_eq!(talk.comments[0].guest.as_deref(), Some("Partner"), "the mark stays");
    // With the last word of the design the link goes too.
    let binned = ada.patch(&format!("/api/designs/{}", room.design), json!({"state": "bin"})).await;
    assert_eq!(binned.status, StatusCode::OK);
    room.app.clock.advance(BIN + 1);
    assert_eq!(sweep(&room.app.state).await.expect("swept"), 1);
    assert_eq!(count(&room, "SELECT (SELECT COUNT(*) FROM share) + (SELECT COUNT(*) FROM comment)").await, 0);
}
