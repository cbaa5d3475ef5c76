//! P23: the board is computed from records, and shows nobody what is not theirs to see.

use super::requirement::{World, weighs};
use app::api::auth::Role;
use app::api::board::{Board, Moment, Row, Sheet};
use server::demo::portfolio::{self, Extent};
use server::testing::{TestApp, Tester};
use solver::requirement::Verdict;
use solver::study::outcome::Grade;

async fn board(who: &Tester) -> Vec<Row> {
    who.get("/api/board").await.read::<Board>().expect("a board").rows
}

async fn sheet(world: &World) -> Sheet {
    world.ada.get(&format!("/api/board/{}", world.design)).await.read().expect("a sheet")
}

#[tokio::test]
async fn the_board_follows_the_evidence() {
    let world = World::new().await;
    let rows = board(&world.ada).await;
    assert_eq!((rows.len(), rows[0].behind, rows[0].now.as_ref()), (1, true, None), "not looked at yet");
    let found = sheet(&world).await;
    assert_eq!((found.lines[0].verdict, found.row.runs.n), (Verdict::NoEvidence, 0));
    let blocked = found.row.blocked.expect("it blocks");
    assert_eq!((blocked.name.as_str(), blocked.verdict), ("Light enough", Verdict::NoEvidence));

    world.app.clock.advance(60_000);
    world.run(&weighs(0.6, 0.013, Grade::Verified)).await;
    let found = sheet(&world).await;
    let row = board(&world.ada).await.remove(0);
    assert_eq!((row.now.as_ref().map(|n| n.counts.met), row.blocked.as_ref(), row.behind), (Some(1), None, false));
    assert_eq!((row.runs.n, row.runs.core_seconds, found.runs.len()), (1, 1.0, 1));
    let now = row.now.expect("a moment");
    assert_eq!(now.mass, Some(0.6));
    // The limit less value and band, as a share of the limit.
    let reserve = now.reserve.expect("a reserve");
    assert!((reserve - (0.65 - 0.6 - 0.013) / 0.65).abs() < 1e-12, "{reserve}");
    // The margin to each limit stands in the course of the design's own page, and not in the list of all.
    let of_each = |m: &Moment| m.reserves.get("light").copied();
    assert_eq!(found.row.course.iter().map(of_each).collect::<Vec<_>>(), [None, Some(reserve)]);
    assert!(row.course.iter().all(|m| m.reserves.is_empty()) && row.course.len() == 2);
    assert!(now.reserves.is_empty());
    assert!(found.time >= found.row.course[1].time);

    world.app.clock.advance(60_000);
    world.set("box", "dx", "81 mm").await;
    assert!(board(&world.ada).await[0].behind, "until it is looked at again, it says so");
    let found = sheet(&world).await;
    let since = found.lines[0].since;
    assert_eq!((found.lines[0].verdict, found.lines[0].reserve), (Verdict::Stale, None));
    // The same verdict keeps its time; the course has a moment for each change and none for what is no change.
    world.app.clock.advance(60_000);
    world.set("box", "dx", "82 mm").await;
    let found = sheet(&world).await;
    assert_eq!(found.lines[0].since, since);
    let course: Vec<_> =
        found.row.course.iter().map(|m| (m.counts.no_evidence, m.counts.met, m.counts.stale)).collect();
    assert_eq!(course, [(1, 0, 0), (0, 1, 0), (0, 0, 1)]);
    assert_eq!(found.row.course.iter().map(of_each).collect::<Vec<_>>(), [None, Some(reserve), None]);
}

/// The clock goes on while a test does; an hour is far more than one takes.
fn is_near(a: i64, b: i64) -> bool {
    (a - b).abs() < HOUR / 2
}

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

#[tokio::test]
async fn what_stands_in_the_way_does_so_since_the_first_time() {
    let world = World::new().await;
    world.run(&weighs(0.7, 0.013, Grade::Verified)).await;
    let first = sheet(&world).await.row.blocked.expect("it blocks");
    assert!(first.verdict == Verdict::NotMet && is_near(first.since, world.app.state.now()), "{first:?}");
    world.app.clock.advance(HOUR);
    world.set("box", "dx", "81 mm").await;
    let stale = sheet(&world).await;
    assert_eq!(stale.lines[0].verdict, Verdict::Stale);
    assert!(is_near(stale.lines[0].since, first.since + HOUR));
    assert_eq!(stale.row.blocked.expect("it blocks").since, first.since);
    world.app.clock.advance(HOUR);
    world.run(&weighs(0.7, 0.013, Grade::Verified)).await;
    let again = sheet(&world).await;
    assert_eq!((again.lines[0].verdict, again.lines[0].open_since), (Verdict::NotMet, Some(first.since)));
    assert!(is_near(again.lines[0].since, first.since + 2 * HOUR));
    assert_eq!(board(&world.ada).await[0].blocked.as_ref().map(|b| b.since), Some(first.since));
    // Once it was met, it begins anew.
    world.app.clock.advance(HOUR);
    world.set("box", "dx", "82 mm").await;
    world.run(&weighs(0.6, 0.013, Grade::Verified)).await;
    let met = sheet(&world).await;
    assert_eq!((met.row.blocked, met.lines[0].open_since), (None, None));
    world.app.clock.advance(HOUR);
    world.set("box", "dx", "83 mm").await;
    let anew = sheet(&world).await.row.blocked.expect("it blocks again");
    assert!(anew.verdict == Verdict::Stale && is_near(anew.since, first.since + 4 * HOUR), "{anew:?}");
}

#[tokio::test]
async fn who_worked_on_a_design_lately_stands_beside_it() {
    let mut world = World::new().await;
    let start = world.app.state.now();
    assert_eq!(board(&world.ada).await[0].people, [], "whoever made it has not worked on it since");
    world.set("box", "dx", "81 mm").await;
    world.set("box", "dx", "82 mm").await;
    world.app.clock.advance(3 * DAY);
    world.ada.cookie = Some(world.app.session(&world.ada.id).await.expect("a session"));
    world.run(&weighs(0.6, 0.013, Grade::Verified)).await;
    let row = board(&world.ada).await.remove(0);
    let found: Vec<_> = row.people.iter().map(|p| (p.name.as_str(), p.n_edits, p.n_runs)).collect();
    assert_eq!(found, [("Ada", 2, 1)]);
    assert!(is_near(row.people[0].last, start + 3 * DAY));
    assert_eq!(sheet(&world).await.row.people, row.people);
    // The edits are further back than two weeks, the run is not; then neither is lately.
    for (days, expected) in [(12, &[(0, 1)][..]), (3, &[])] {
        world.app.clock.advance(days * DAY);
        let cookie = Some(world.app.session(&world.ada.id).await.expect("a session"));
        let rows = board(&Tester { cookie, ..world.ada.clone() }).await;
        assert_eq!(rows[0].people.iter().map(|p| (p.n_edits, p.n_runs)).collect::<Vec<_>>(), expected);
    }
}

#[tokio::test]
async fn answers_that_nobody_listened_to_are_found() {
    let world = World::new().await;
    let state = &world.app.state;
    server::standing::catch_up(state, false).await.expect("looked at");
    let met = |rows: Vec<Row>| rows[0].now.as_ref().map(|n| n.counts.met);
    assert_eq!(met(board(&world.ada).await), Some(0));
    world.run(&weighs(0.6, 0.013, Grade::Verified)).await;
    server::standing::catch_up(state, false).await.expect("looked at");
    assert_eq!(met(board(&world.ada).await), Some(0), "it was not edited");
    server::standing::catch_up(state, true).await.expect("looked at");
    assert_eq!(met(board(&world.ada).await), Some(1));
}

#[tokio::test]
async fn nobody_sees_more_designs_than_are_theirs() {
    let world = World::new().await;
    sheet(&world).await;
    let outsider = world.app.person("Out", Role::Engineer).await.expect("a person");
    let stranger = world.app.stranger("Sue").await.expect("Sue");
    for who in [&outsider, &stranger] {
        assert!(board(who).await.is_empty());
        let path = format!("/api/board/{}", world.design);
        assert_eq!(who.get(&path).await.status, axum::http::StatusCode::NOT_FOUND);
    }
    assert_eq!(board(&world.ada).await.len(), 1);
}

const EXTENT: Extent = Extent { designs: 2, runs: 90, moments: 60 };

#[tokio::test]
async fn a_portfolio_has_a_past_that_the_board_shows() -> anyhow::Result<()> {
    let app = TestApp::new().await?;
    let nobody = portfolio::add(&app.state, &app.clock, EXTENT, &|_| {}).await;
    assert!(nobody.is_err_and(|e| e.problem().message.contains("sign up")));
    let manager = app.person("Manager", Role::Owner).await?;
    let now = app.state.now();
    let made = portfolio::add(&app.state, &app.clock, EXTENT, &|_| {})
        .await
        .map_err(|e| anyhow::anyhow!("{}", e.problem().message))?;
    assert_eq!((made.projects, made.designs, made.runs, made.answers), (1, 2, 90, 10));
    assert!((app.state.now() - now).abs() < 600_000, "the clock is back");
    let board: Board = manager.get("/api/board").await.read()?;
    assert_eq!(board.rows.len(), 2);
    for row in &board.rows {
        assert_eq!((row.runs.n, row.runs.active, row.sequence), (45, 0, 4));
        assert!(row.runs.core_seconds > 0.0 && !row.behind);
        // The last ones only; the design's own page has all.
        assert!(row.course.len() == 24 && row.course.is_sorted_by_key(|m| m.time), "{:?}", row.course);
        let sheet: Sheet = manager.get(&format!("/api/board/{}", row.design)).await.read()?;
        assert_eq!((sheet.lines.len(), sheet.row.course.len()), (3, EXTENT.moments));
        let reserves = |m: &Moment| Moment { reserves: Default::default(), ..m.clone() };
        let last: Vec<Moment> = sheet.row.course[EXTENT.moments - 24..].iter().map(reserves).collect();
        assert_eq!(row.course, last);
        assert!(sheet.row.course.last().is_some_and(|m| m.mass.is_some() && m.reserves.len() > 1));
        let is_verified = row.name.starts_with("Wall bracket");
        let good = if is_verified { Verdict::Met } else { Verdict::Indicated };
        assert!(sheet.lines.iter().any(|l| l.verdict == good), "{:?}", sheet.lines);
        assert!(!sheet.runs.is_empty());
        let surface = manager.get(&format!("/api/runs/{}/artefacts/surface", sheet.runs[0].id)).await;
        assert!(!surface.status.is_success() || !surface.body.is_empty());
    }
    Ok(())
}
