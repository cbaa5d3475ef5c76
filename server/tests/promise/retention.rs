//! What goes with time goes, whatever hangs on it: one row that cannot be removed must not keep all the others.

use super::partner::Room;
use app::api::Page;
use app::api::comment::{Comment, Talk};
use app::api::share::{Share, ShareView};
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
async fn a_link_ends_and_who_saw_what_stays_known_but_for_the_device() {
    let room = Room::new().await;
    // Nobody opens this one.
    room.link(json!({})).await;
    let (opened, silent) = room.link(json!({})).await;
    let (_, spoken) = room.link(json!({"allow": ["comment"]})).await;
    for path in [&silent, &spoken] {
        assert_eq!(room.app.nobody().get(path).await.status, StatusCode::OK);
    }
    let said = room.app.nobody().post(&format!("{spoken}/comments"), json!({"name": "Max", "text": "Why?"})).await;
    said.read::<Comment>().expect("a comment");
    room.app.clock.advance(7 * DAY + ENDED - DAY);
    assert_eq!(sweep(&room.app.state).await.expect("swept"), 0);
    assert_eq!(count(&room, "SELECT COUNT(*) FROM share").await, 3, "not yet");
    assert_eq!(count(&room, "SELECT COUNT(*) FROM share_view WHERE address = ''").await, 0, "nor what was used");
    room.app.clock.advance(2 * DAY);
    assert_eq!(sweep(&room.app.state).await.expect("what hangs on a link keeps no sweep"), 0);
    assert_eq!(count(&room, "SELECT COUNT(*) FROM share").await, 2, "the one that nobody opened is gone");
    assert_eq!(count(&room, "SELECT COUNT(*) FROM share_view").await, 3, "opened, opened, commented");
    let told = "SELECT COUNT(*) FROM share_view WHERE address <> '' OR device <> ''";
    assert_eq!(count(&room, told).await, 0, "from where is forgotten");
    let ada = awake(&room).await;
    let shares: Vec<Share> =
        ada.get(&format!("/api/designs/{}/shares", room.design)).await.read().expect("a list of links");
    let labels: Vec<&str> = shares.iter().map(|s| s.label.as_str()).collect();
    assert_eq!(labels, ["Partner", "Partner"], "those that were used are listed for as long as the design is there");
    let record: Page<ShareView> =
        ada.get(&format!("/api/shares/{}/views", opened.id)).await.read().expect("its record");
    let [view] = &record.items[..] else { panic!("{record:?}") };
    assert_eq!((view.what.as_str(), view.sequence, view.device.as_str()), ("opened", 0, ""));
    assert!(view.time < room.app.state.now() - ENDED, "when it was opened: {view:?}");
    let talk: Talk = ada.get(&format!("/api/designs/{}/comments", room.design)).await.read().expect("comments");
    assert_eq!(talk.comments[0].guest.as_deref(), Some("Partner"), "the mark stays");
    // With the last word of the design the link goes too.
    let binned = ada.patch(&format!("/api/designs/{}", room.design), json!({"state": "bin"})).await;
    assert_eq!(binned.status, StatusCode::OK);
    room.app.clock.advance(BIN + 1);
    assert_eq!(sweep(&room.app.state).await.expect("swept"), 1);
    let sql =
        "SELECT (SELECT COUNT(*) FROM share) + (SELECT COUNT(*) FROM comment) + (SELECT COUNT(*) FROM share_view)";
    assert_eq!(count(&room, sql).await, 0);
}

/// The record has no end but its first line.
#[tokio::test]
async fn a_long_record_is_read_to_its_first_line() {
    const N: usize = 1_203;
    let room = Room::new().await;
    let (share, _) = room.link(json!({})).await;
    let mut write = room.app.state.db.write().await.expect("a transaction");
    // Several in each millisecond, and pages that begin and end among those.
    sqlx::query(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $2) \
         INSERT INTO share_view (id, share, time, what, sequence, device, address) \
         SELECT printf('%06d', i), $1, i / 7, 'opened', i, 'd', 'a' FROM n",
    )
    .bind(&share.id)
    .bind(N as i64)
    .execute(&mut *write)
    .await
    .expect("a long record");
    write.commit().await.expect("committed");
    let at = format!("/api/shares/{}/views", share.id);
    let (mut seen, mut next) = (Vec::new(), None::<String>);
    loop {
        let after = next.as_ref().map(|next| format!("?after={next}")).unwrap_or_default();
        let page: Page<ShareView> = room.ada.get(&format!("{at}{after}")).await.read().expect("a page");
        seen.extend(page.items.into_iter().map(|view| (view.time, view.sequence)));
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    assert!(seen.windows(2).all(|w| w[0].0 >= w[1].0), "newest first");
    seen.sort_unstable_by_key(|(_, sequence)| *sequence);
    assert!(seen.iter().map(|(_, sequence)| *sequence).eq(1..=N as u64), "each once: {} lines", seen.len());
    assert_eq!(room.ada.get(&format!("{at}?after=yesterday")).await.status, StatusCode::UNPROCESSABLE_ENTITY);
}
