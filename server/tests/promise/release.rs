//! P6 at the door of a release: nothing is released without fresh evidence on exactly that version, nobody approves their
//! own, and what was released stays as it was.

use super::requirement::{World, weighs};
use app::api::auth::Role;
use app::api::board::{Board, Sheet};
use app::api::comment::{Notification, NotificationKind};
use app::api::design::DesignState;
use app::api::history::Version;
use app::api::release::{Decision, Happened, Kept, Release, Releases, Stage};
use axum::http::StatusCode;
use serde_json::{Value as Json, json};
use server::retention;
use server::testing::{Answer, Tester};
use solver::design::{Design, Value};
use solver::requirement::{Canary, Verdict};
use solver::study::outcome::Grade;
use std::collections::BTreeSet;

/// Ada owns, Bo and Cy review, Vi looks on.
struct Team {
    world: World,
    bo: Tester,
    cy: Tester,
    vi: Tester,
}

impl Team {
    async fn new() -> Self {
        let world = World::new().await;
        let project: app::api::design::DesignCard =
            world.ada.get(&format!("/api/designs/{}", world.design)).await.read().expect("the design");
        let mut people = Vec::new();
        for (name, role) in [("Bo", Role::Reviewer), ("Cy", Role::Engineer), ("Vi", Role::Viewer)] {
            let person = world.app.person(name, role).await.expect("a person");
            world.app.join(&project.project, &person, role).await.expect("joined");
            people.push(person);
        }
        let vi = people.pop().expect("Vi");
        let cy = people.pop().expect("Cy");
        let bo = people.pop().expect("Bo");
        Self { world, bo, cy, vi }
    }

    /// With the requirement met by a verified run.
    async fn proven() -> Self {
        let team = Self::new().await;
        team.world.run(&weighs(0.6, 0.01, Grade::Verified)).await;
        team
    }

    async fn draft(&self, approvers: &[&Tester]) -> Release {
        let ids: Vec<&str> = approvers.iter().map(|p| p.id.as_str()).collect();
        let answer = self.world.ada.post(&self.path(), json!({"note": "First article", "approvers": ids})).await;
        answer.read().unwrap_or_else(|e| panic!("{e}"))
    }

    fn path(&self) -> String {
        format!("/api/designs/{}/releases", self.world.design)
    }

    async fn releases(&self) -> Releases {
        self.world.ada.get(&self.path()).await.read().expect("releases")
    }

    /// Drafted, submitted and approved by Bo.
    async fn released(&self) -> Release {
        let draft = self.draft(&[&self.bo]).await;
        step(&self.world.ada, &draft, "submit", json!({})).await.read::<Release>().expect("in review");
        approve(&self.bo, &draft).await.read().expect("released")
    }
}

async fn step(who: &Tester, release: &Release, step: &str, body: Json) -> Answer {
    who.post(&format!("/api/releases/{}/{step}", release.id), body).await
}

async fn approve(who: &Tester, release: &Release) -> Answer {
    step(who, release, "decide", json!({"decision": "approve", "remark": "Good"})).await
}

async fn told(who: &Tester) -> Vec<NotificationKind> {
    let all: Vec<Notification> = who.get("/api/notifications").await.read().expect("notifications");
    all.into_iter().map(|n| n.kind).collect()
}

fn refusal(answer: &Answer) -> String {
    assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.text());
    answer.problem().expect("a problem").message
}

#[tokio::test]
async fn without_fresh_evidence_nothing_goes_into_review() {
    let team = Team::new().await;
    let (world, ada) = (&team.world, &team.world.ada);
    let draft = team.draft(&[&team.bo]).await;
    assert_eq!((draft.revision.as_str(), draft.sequence, draft.stage), ("A", 0, Stage::Draft));
    assert_eq!(draft.proofs[0].judgement.verdict, Verdict::NoEvidence, "what is missing is told beforehand");
    let why = refusal(&step(ada, &draft, "submit", json!({})).await);
    assert!(why.contains("“Light enough” is no evidence") && why.contains("version 0"), "{why}");

    world.run(&weighs(0.6, 0.01, Grade::Instant)).await;
    let why = refusal(&step(ada, &draft, "submit", json!({})).await);
    assert!(why.contains("“Light enough” is indicated only"), "{why}");

    // A proof of another version is none of this one.
    world.set("box", "dx", "80.5 mm").await;
    world.run(&weighs(0.6, 0.01, Grade::Verified)).await;
    world.set("box", "dx", "81 mm").await;
    let later = json!({"sequence": 2});
    ada.patch(&format!("/api/releases/{}", draft.id), later).await.read::<Release>().expect("changed");
    let why = refusal(&step(ada, &draft, "submit", json!({})).await);
    assert!(why.contains("“Light enough” is stale") && why.contains("version 2"), "{why}");
    world.run(&weighs(0.7, 0.01, Grade::Verified)).await;
    let why = refusal(&step(ada, &draft, "submit", json!({})).await);
    assert!(why.contains("“Light enough” is not met"), "{why}");
    assert!(told(&team.bo).await.is_empty(), "nobody is asked about what is refused");

    // A waiver is an edit, and so makes a version of its own: with name and reason it passes, and stands in the release.
    let waived = |key: &'static str, text: &'static str| world.edit("light", key, Value::Text(text.into()));
    assert_eq!(waived("waived_by", "Dr. Eva Lang").await.status, StatusCode::OK);
    assert_eq!(waived("waiver_reason", "Prototype").await.status, StatusCode::OK);
    let why = refusal(&step(ada, &draft, "submit", json!({})).await);
    assert!(why.contains("version 2"), "the draft is still of the version before: {why}");
    let later = json!({"sequence": 4});
    ada.patch(&format!("/api/releases/{}", draft.id), later).await.read::<Release>().expect("changed");
    let review: Release = step(ada, &draft, "submit", json!({})).await.read().expect("in review");
    let waiver = review.proofs[0].judgement.waiver.as_ref().expect("the waiver");
    assert_eq!((review.stage, waiver.by.as_str()), (Stage::Review, "Dr. Eva Lang"));
    let released: Release = approve(&team.bo, &draft).await.read().expect("released");
    assert_eq!(released.stage, Stage::Released);
}

#[tokio::test]
async fn what_is_met_is_released_when_all_have_approved_and_supersedes_what_was() {
    let team = Team::proven().await;
    let (world, ada) = (&team.world, &team.world.ada);
    let draft = team.draft(&[&team.bo, &team.cy]).await;
    assert_eq!(step(ada, &draft, "submit", json!({})).await.read::<Release>().expect("in review").stage, Stage::Review);
    assert_eq!(
        (told(&team.bo).await, told(&team.cy).await),
        (vec![NotificationKind::Review], vec![NotificationKind::Review])
    );
    // The design goes on; the release is about the version that it is about.
    world.set("box", "dx", "85 mm").await;
    world.app.clock.advance(1_000);
    let seen: Release = approve(&team.bo, &draft).await.read().expect("approved");
    assert_eq!((seen.stage, seen.approvals.iter().filter(|a| a.decision.is_some()).count()), (Stage::Review, 1));
    assert_eq!(told(ada).await, [NotificationKind::Approved]);
    world.app.clock.advance(1_000);
    let first: Release = approve(&team.cy, &draft).await.read().expect("released");
    assert_eq!((first.stage, first.revision.as_str(), first.sequence), (Stage::Released, "A", 0));
    assert_eq!(first.approvals.iter().map(|a| a.remark.as_str()).collect::<Vec<_>>(), ["Good", "Good"]);
    assert_eq!(told(ada).await[0], NotificationKind::Released);
    let versions: Vec<Version> =
        ada.get(&format!("/api/designs/{}/versions", world.design)).await.read().expect("versions");
    assert_eq!(versions.iter().map(|v| (v.name.as_str(), v.sequence)).collect::<Vec<_>>(), [("Revision A", 0)]);
    let board: Board = ada.get("/api/board").await.read().expect("a board");
    let current = board.rows[0].release.current.clone().expect("a revision");
    assert_eq!((current.letters.as_str(), current.sequence, &board.rows[0].release.open), ("A", 0, &None));

    // The next one takes its place, in one step.
    world.run(&weighs(0.62, 0.01, Grade::Verified)).await;
    let second = team.released().await;
    assert_eq!((second.revision.as_str(), second.stage, second.sequence), ("B", Stage::Released, 1));
    let all = team.releases().await;
    let stages: Vec<_> = all.items.iter().map(|r| (r.revision.as_str(), r.stage)).collect();
    assert_eq!(stages, [("B", Stage::Released), ("A", Stage::Superseded)]);
    assert_eq!((all.next.as_str(), all.may_draft), ("C", true));
    assert_eq!(all.items[1].course.last().map(|h| h.what), Some(Happened::Superseded));

    // What was released is neither changed nor taken back, nor does its design go.
    for old in [&first, &second] {
        for (name, body) in
            [("submit", json!({})), ("return", json!({"reason": "x"})), ("withdraw", json!({"reason": "x"}))]
        {
            refusal(&step(ada, old, name, body).await);
        }
        refusal(&ada.patch(&format!("/api/releases/{}", old.id), json!({"note": "y"})).await);
    }
    let path = format!("/api/designs/{}", world.design);
    assert!(refusal(&ada.patch(&path, json!({"state": DesignState::Bin})).await).contains("kept for good"));
}

#[tokio::test]
async fn a_rejection_makes_it_a_draft_again_and_nobody_approves_their_own() {
    let team = Team::proven().await;
    let ada = &team.world.ada;
    // Naming oneself: neither the author nor whoever submits.
    let own = team.draft(&[ada]).await;
    assert_eq!(step(ada, &own, "submit", json!({})).await.status, StatusCode::FORBIDDEN);
    assert_eq!(step(&team.cy, &own, "submit", json!({})).await.status, StatusCode::FORBIDDEN);
    assert!(!team.releases().await.approvers.iter().any(|p| p.id == ada.id), "nor is one offered");
    let named = json!({"approvers": [team.bo.id, team.cy.id]});
    ada.patch(&format!("/api/releases/{}", own.id), named).await.read::<Release>().expect("changed");
    assert_eq!(step(&team.cy, &own, "submit", json!({})).await.status, StatusCode::FORBIDDEN, "Cy is an approver");
    step(ada, &own, "submit", json!({})).await.read::<Release>().expect("in review");
    for (who, why) in [(ada, "she asked"), (&team.vi, "she looks on")] {
        assert_eq!(approve(who, &own).await.status, StatusCode::FORBIDDEN, "{why}");
    }
    approve(&team.bo, &own).await.read::<Release>().expect("approved");
    let silent = step(&team.cy, &own, "decide", json!({"decision": "reject"})).await;
    assert_eq!(silent.problem().expect("a problem").field.as_deref(), Some("remark"));
    let no = json!({"decision": Decision::Reject, "remark": "The edge is sharp"});
    let back: Release = step(&team.cy, &own, "decide", no).await.read().expect("rejected");
    assert_eq!((back.stage, back.kept.len()), (Stage::Draft, 0));
    assert!(back.approvals.iter().all(|a| a.decision.is_none()), "everyone is asked again");
    let last: Vec<_> = back.course.iter().rev().take(2).map(|h| (h.what, h.remark.as_str())).collect();
    assert_eq!(last, [(Happened::Returned, ""), (Happened::Rejected, "The edge is sharp")]);
    assert!(told(ada).await.contains(&NotificationKind::Rejected));
    // One in the making at a time; given up, its letters are free.
    refusal(&ada.post(&team.path(), json!({})).await);
    assert_eq!(step(ada, &own, "withdraw", json!({"reason": ""})).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    step(ada, &own, "withdraw", json!({"reason": "Another way"})).await.read::<Release>().expect("withdrawn");
    assert_eq!(team.draft(&[&team.bo]).await.revision, "A");
    // Nobody learns by naming approvers who else is here.
    let stranger = team.world.app.stranger("Sue").await.expect("Sue");
    let again = team.releases().await.items.remove(0);
    for id in [stranger.id.as_str(), team.vi.id.as_str(), "nosuch"] {
        let answer = ada.patch(&format!("/api/releases/{}", again.id), json!({"approvers": [id]})).await;
        assert_eq!(answer.problem().expect("a problem").field.as_deref(), Some("approvers"), "{id}");
    }
}

#[tokio::test]
async fn whoever_is_alone_approves_alone_until_someone_joins() {
    let world = World::new().await;
    world.run(&weighs(0.6, 0.01, Grade::Verified)).await;
    let path = format!("/api/designs/{}/releases", world.design);
    let list: Releases = world.ada.get(&path).await.read().expect("releases");
    assert_eq!(list.approvers.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["Ada"]);
    let draft = world.ada.post(&path, json!({"approvers": [world.ada.id]})).await.read::<Release>().expect("a draft");
    step(&world.ada, &draft, "submit", json!({})).await.read::<Release>().expect("in review");
    world.app.person("Bo", Role::Engineer).await.expect("Bo");
    assert_eq!(approve(&world.ada, &draft).await.status, StatusCode::FORBIDDEN, "there is someone else now");
}

#[tokio::test]
async fn approvals_that_race_release_once() {
    let team = Team::proven().await;
    let draft = team.draft(&[&team.bo, &team.cy]).await;
    step(&team.world.ada, &draft, "submit", json!({})).await.read::<Release>().expect("in review");
    // Each sends their approval twice, all at the same time.
    let answers = futures::join!(
        approve(&team.bo, &draft),
        approve(&team.cy, &draft),
        approve(&team.bo, &draft),
        approve(&team.cy, &draft)
    );
    let all = [answers.0, answers.1, answers.2, answers.3];
    let taken = all.iter().filter(|a| a.status == StatusCode::OK).count();
    assert_eq!(taken, 2, "{:?}", all.iter().map(Answer::text).collect::<Vec<_>>());
    let found = team.releases().await.items.remove(0);
    assert_eq!(found.stage, Stage::Released);
    let n = |what: Happened| found.course.iter().filter(|h| h.what == what).count();
    assert_eq!((n(Happened::Approved), n(Happened::Released)), (2, 1));
    let path = format!("/api/designs/{}/versions", team.world.design);
    assert_eq!(team.world.ada.get(&path).await.read::<Vec<Version>>().expect("versions").len(), 1);
}

#[tokio::test]
async fn evidence_that_falls_during_the_review_stops_the_release() {
    let team = Team::proven().await;
    let draft = team.draft(&[&team.bo]).await;
    let review: Release = step(&team.world.ada, &draft, "submit", json!({})).await.read().expect("in review");
    // The bytes that it keeps are damaged: what was approved is not there any more.
    let surface = review.kept.iter().find(|k| k.kind == "surface").expect("the answer");
    let path = team.world.app.folder().join("blobs").join(&surface.hash[..2]).join(&surface.hash[2..]);
    let whole = std::fs::read(&path).expect("the blob");
    std::fs::write(&path, b"something else").expect("damaged");
    let why = refusal(&approve(&team.bo, &draft).await);
    assert!(why.contains("cannot be released") && why.contains("“Light enough” is no evidence"), "{why}");
    assert_eq!(team.releases().await.items[0].stage, Stage::Review);
    std::fs::write(&path, whole).expect("mended");
    assert_eq!(approve(&team.bo, &draft).await.read::<Release>().expect("released").stage, Stage::Released);
}

#[tokio::test]
async fn what_a_release_keeps_outlives_its_runs() {
    let team = Team::proven().await;
    let (world, ada) = (&team.world, &team.world.ada);
    let release = team.released().await;
    let kinds: BTreeSet<&str> = release.kept.iter().map(|k| k.kind.as_str()).collect();
    assert_eq!(kinds, BTreeSet::from(["design", "log", "report", "surface"]));
    let fetch = async |kept: &Kept| ada.get(&format!("/api/releases/{}/artefacts/{}", release.id, kept.hash)).await;
    let mut before = Vec::new();
    for kept in &release.kept {
        let answer = fetch(kept).await;
        assert_eq!(blake3::hash(&answer.body).to_hex().as_str(), kept.hash, "{}", kept.kind);
        before.push(answer.body);
    }
    let report = release.kept.iter().position(|k| k.kind == "report").expect("a report");
    assert!(String::from_utf8_lossy(&before[report]).contains("report of a run"));
    let design: Design = serde_json::from_slice(&before[0]).expect("the design");
    assert_eq!(design.get(&"box".into()).map(|o| o.name.clone()).as_deref(), Some("Plate"));

    // The run goes, and everything that nothing names; what also stands in the release stays. The log goes on.
    let unnamed = world.app.state.blobs.put("of nothing".into()).await.expect("stored");
    let mut write = world.app.state.db.write().await.expect("a writer");
    sqlx::query("DELETE FROM run").execute(&mut *write).await.expect("removed");
    write.commit().await.expect("committed");
    world.set("box", "dx", "99 mm").await;
    world.app.clock.advance(400 * server::clock::DAY);
    retention::sweep(&world.app.state).await.expect("swept");
    retention::collect(&world.app.state).await.expect("collected");
    assert!(!world.app.state.blobs.has(&unnamed).await.expect("asked"), "the sweep does remove blobs");
    let cookie = world.app.session(&ada.id).await.expect("a session");
    let ada = Tester { cookie: Some(cookie), ..ada.clone() };
    let again: Release = ada.get(&format!("/api/releases/{}", release.id)).await.read().expect("the release");
    assert_eq!((&again.proofs, &again.kept), (&release.proofs, &release.kept));
    for (kept, before) in release.kept.iter().zip(&before) {
        let answer = ada.get(&format!("/api/releases/{}/artefacts/{}", release.id, kept.hash)).await;
        assert_eq!(&answer.body, before, "{}", kept.kind);
    }
    // Neither a way past the page: a design that is in the bin all the same is not emptied with it.
    let mut write = world.app.state.db.write().await.expect("a writer");
    sqlx::query("UPDATE design SET state = 'bin', changed = 0").execute(&mut *write).await.expect("put there");
    write.commit().await.expect("committed");
    assert_eq!(retention::sweep(&world.app.state).await.expect("swept"), 0);
    refusal(&ada.delete(&format!("/api/designs/{}", world.design)).await);
}

#[tokio::test]
async fn nobody_without_the_right_sees_or_decides() {
    let team = Team::proven().await;
    let app = &team.world.app;
    let release = team.released().await;
    let outsider = app.person("Out", Role::Engineer).await.expect("a person");
    let stranger = app.stranger("Sue").await.expect("Sue");
    let hash = &release.kept[0].hash;
    let paths = [
        team.path(),
        format!("/api/releases/{}", release.id),
        format!("/api/releases/{}/artefacts/{hash}", release.id),
    ];
    for path in &paths {
        for who in [&outsider, &stranger] {
            assert_eq!(who.get(path).await.status, StatusCode::NOT_FOUND, "{path} as {}", who.name);
        }
        assert_eq!(app.nobody().get(path).await.status, StatusCode::UNAUTHORIZED, "{path}");
        assert_eq!(team.vi.get(path).await.status, StatusCode::OK, "{path}: who may look sees what is released");
    }
    for who in [&outsider, &stranger] {
        assert_eq!(approve(who, &release).await.status, StatusCode::NOT_FOUND);
    }
    // The bytes of one release are not had through another's address.
    let other = team.draft(&[&team.bo]).await;
    let crossed = format!("/api/releases/{}/artefacts/{hash}", other.id);
    assert_eq!(team.world.ada.get(&crossed).await.status, StatusCode::NOT_FOUND);
    // A program may draft, and not approve.
    step(&team.world.ada, &other, "submit", json!({})).await.read::<Release>().expect("in review");
    let made =
        team.bo.post("/api/auth/tokens", json!({"name": "x", "scopes": ["edit", "run", "share"], "days": 1})).await;
    let secret = made.read::<app::api::auth::Token>().expect("a token").secret.expect("its secret");
    let program = Tester { bearer: Some(secret), cookie: None, ..team.bo.clone() };
    assert_eq!(approve(&program, &other).await.status, StatusCode::FORBIDDEN);
    // Who is disabled or has left is not told any more, nor decides.
    let mut write = app.state.db.write().await.expect("a writer");
    sqlx::query("DELETE FROM project_member WHERE person = $1")
        .bind(&team.bo.id)
        .execute(&mut *write)
        .await
        .expect("left");
    write.commit().await.expect("committed");
    assert_eq!(approve(&team.bo, &other).await.status, StatusCode::NOT_FOUND);
    assert_eq!(told(&team.bo).await, []);
}

#[tokio::test]
async fn what_happens_to_a_release_is_in_the_audit_log() {
    let team = Team::proven().await;
    team.released().await;
    let rows = sqlx::query("SELECT action FROM audit WHERE action LIKE 'release.%' ORDER BY sequence")
        .fetch_all(team.world.app.state.db.reader())
        .await
        .expect("the audit");
    let actions: Vec<String> = rows.iter().map(|row| sqlx::Row::get(row, 0)).collect();
    assert_eq!(actions, ["release.drafted", "release.submitted", "release.approved", "release.released"]);
    let sheet: Sheet = team.world.ada.get(&format!("/api/board/{}", team.world.design)).await.read().expect("a sheet");
    assert_eq!(sheet.row.release.current.map(|r| r.letters).as_deref(), Some("A"));
}

/// The harness above would see a checker that takes runs on any version: the stale proof passes it.
#[tokio::test]
async fn canary_a_checker_that_ignores_the_version_is_caught() {
    let team = Team::proven().await;
    let world = &team.world;
    world.set("box", "dx", "81 mm").await;
    let document: app::api::design::Document =
        world.ada.get(&format!("/api/designs/{}/document", world.design)).await.read().expect("the design");
    let evidence = server::api::requirement::evidence(
        &world.app.state,
        &world.design,
        &document.design,
        BTreeSet::from(["st".into()]),
    );
    let evidence = evidence.await.expect("evidence");
    use server::release::proof::{judged, open};
    assert!(open(&judged(&document.design, &evidence, Canary::default())).is_some_and(|why| why.contains("stale")));
    assert_eq!(open(&judged(&document.design, &evidence, Canary { any_version: true })), None);
}
