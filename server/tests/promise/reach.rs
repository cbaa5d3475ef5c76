//! What someone gave away or has under way when they lose a right: links of theirs rest, streams fall silent, and what was asked for
//! before is not done after.

use super::requirement::{World, weighs};
use app::api::Page;
use app::api::audit::AuditEntry;
use app::api::auth::Role;
use app::api::comment::{Comment, Notification};
use app::api::design::DesignCard;
use app::api::run::Run;
use app::api::share::Share;
use app::sync::Submission;
use axum::http::{Method, StatusCode};
use futures::StreamExt as _;
use serde_json::{Value as Plain, json};
use server::testing::{Answer, TestApp, Tester};
use solver::design::Command;
use solver::study::outcome::Grade;
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[track_caller]
fn ok(answer: Answer) {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
}

/// Ada owns the organisation; Ben and Cy are in the project and in the compartment that the design is in, Ben of the latter by
/// `through` only.
struct Yard {
    app: TestApp,
    ada: Tester,
    ben: Tester,
    cy: Tester,
    project: String,
    compartment: String,
    group: String,
    design: String,
}

impl Yard {
    async fn new(through: &str) -> Self {
        let app = TestApp::new().await.expect("a server");
        let ada = app.administrator("Ada").await.expect("Ada");
        let ben = app.person("Ben", Role::Engineer).await.expect("Ben");
        let cy = app.person("Cy", Role::Engineer).await.expect("Cy");
        let project = app.project("Frame").await.expect("a project");
        for who in [&ben, &cy] {
            app.join(&project, who, Role::Engineer).await.expect("joined");
        }
        let group = app.group("Turbine", &[]).await.expect("a group");
        let compartment = app.compartment(&project, "Blade", &[&cy]).await.expect("a compartment");
        let design = app.design(&project, &cy, &super::empty()).await.expect("a design");
        let yard = Self { app, ada, ben, cy, project, compartment, group, design };
        ok(yard.ada.put(&yard.of_compartment("groups", &yard.group), json!({})).await);
        let member = match through {
            "group" => yard.in_group(&yard.ben),
            _ => yard.of_compartment("people", &yard.ben.id),
        };
        ok(yard.ada.put(&member, json!({})).await);
        let sealed = json!({"compartment": yard.compartment});
        ok(yard.cy.put(&format!("/api/designs/{}/compartment", yard.design), sealed).await);
        yard
    }

    fn of_compartment(&self, kind: &str, id: &str) -> String {
        format!("/api/projects/{}/compartments/{}/{kind}/{id}", self.project, self.compartment)
    }

    fn in_group(&self, who: &Tester) -> String {
        format!("/api/organisation/groups/{}/people/{}", self.group, who.id)
    }

    /// A link that `who` makes, and its address.
    async fn link(&self, who: &Tester) -> (Share, String) {
        let made = who.post(&format!("/api/designs/{}/shares", self.design), json!({"label": "P", "days": 7})).await;
        let share: Share = made.read().expect("a link");
        let token = share.link.as_deref().and_then(|link| link.rsplit('/').next()).expect("a token").to_owned();
        (share, format!("/api/share/{token}"))
    }

    /// Whether a link opens, and whether those who may share the design read that it rests.
    async fn stands(&self, share: &Share, path: &str) -> (bool, bool) {
        let guest = self.app.nobody();
        let mut opens = Vec::new();
        for part in ["", "/scene"] {
            let answer = guest.get(&format!("{path}{part}")).await;
            assert!(matches!(answer.status, StatusCode::OK | StatusCode::NOT_FOUND), "{}", answer.text());
            opens.push(answer.status == StatusCode::OK);
        }
        assert_eq!(opens[0], opens[1], "whatever is asked for");
        let list: Vec<Share> =
            self.cy.get(&format!("/api/designs/{}/shares", self.design)).await.read().expect("links");
        (opens[0], list.iter().find(|s| s.id == share.id).expect("listed").rests)
    }
}

/// However the right went: what Ben gave away while he had it opens for nobody, and opens again with his right.
#[tokio::test]
async fn a_link_stands_only_while_its_maker_may_share_the_design() {
    for how in
        ["compartment", "group", "group removed from compartment", "project", "demoted", "organisation", "disabled"]
    {
        let yard = Yard::new(if how.starts_with("group") { "group" } else { "person" }).await;
        let (share, path) = yard.link(&yard.ben).await;
        let (other, others) = yard.link(&yard.cy).await;
        assert_eq!(yard.stands(&share, &path).await, (true, false), "{how}: before");
        let member = format!("/api/projects/{}/members/{}", yard.project, yard.ben.id);
        let person = format!("/api/organisation/members/{}", yard.ben.id);
        let own = yard.of_compartment("people", &yard.ben.id);
        let lent = yard.of_compartment("groups", &yard.group);
        let engineer = json!({"role": "engineer"});
        let viewer = json!({"role": "viewer"});
        let (delete, put, patch) = (Method::DELETE, Method::PUT, Method::PATCH);
        let (away, back) = match how {
            "compartment" => ((delete, own.clone(), json!({})), (put, own, json!({}))),
            "group" => ((delete, yard.in_group(&yard.ben), json!({})), (put, yard.in_group(&yard.ben), json!({}))),
            "group removed from compartment" => ((delete, lent.clone(), json!({})), (put, lent, json!({}))),
            "project" => ((delete, member.clone(), json!({})), (put, member, engineer)),
            "demoted" => ((put.clone(), member.clone(), viewer), (put, member, engineer)),
            "organisation" => ((patch.clone(), person.clone(), viewer), (patch, person, engineer)),
            _ => (
                (patch.clone(), person.clone(), json!({"disabled": true})),
                (patch, person, json!({"disabled": false})),
            ),
        };
        for ((method, path_of_right, body), wanted) in [(away, (false, true)), (back, (true, false))] {
            ok(yard.ada.send(method, &path_of_right, body.to_string().into_bytes()).await);
            assert_eq!(yard.stands(&share, &path).await, wanted, "{how}");
            assert_eq!(yard.stands(&other, &others).await, (true, false), "{how}: another's link goes on");
        }
    }
}

/// What is over does not come back with a right, and what rests can be taken back.
#[tokio::test]
async fn a_link_that_rests_can_be_taken_back_for_good() {
    let yard = Yard::new("person").await;
    let (share, path) = yard.link(&yard.ben).await;
    let own = yard.of_compartment("people", &yard.ben.id);
    ok(yard.ada.delete(&own).await);
    assert_eq!(yard.stands(&share, &path).await, (false, true));
    assert_eq!(yard.ben.delete(&format!("/api/shares/{}", share.id)).await.status, StatusCode::NOT_FOUND);
    ok(yard.cy.delete(&format!("/api/shares/{}", share.id)).await);
    ok(yard.ada.put(&own, json!({})).await);
    assert_eq!(yard.stands(&share, &path).await, (false, false));
}

/// A guest's comment and download that wait for their turn while the link's maker is taken out.
#[tokio::test]
async fn what_a_guest_has_under_way_when_the_maker_is_taken_out_is_not_done() {
    for is_lost in [true, false] {
        let yard = Yard::new("person").await;
        let made = json!({"label": "P", "days": 7, "allow": ["comment"]});
        let made = yard.ben.post(&format!("/api/designs/{}/shares", yard.design), made).await;
        let link = made.read::<Share>().expect("a link").link.expect("its address");
        let path = format!("/api/share/{}/comments", link.rsplit('/').next().expect("a token"));
        let body = json!({"name": "Max", "text": "Still here."});
        let sql = "DELETE FROM compartment_person WHERE person = $1";
        let status = meanwhile(&yard, &yard.app.nobody(), (Method::POST, path, body), is_lost.then_some(sql)).await;
        assert_eq!(status, if is_lost { StatusCode::NOT_FOUND } else { StatusCode::OK });
    }
}

/// Sends while the writer is held; what `lost` takes from Ben is gone before the writer is free again.
async fn meanwhile(
    yard: &Yard,
    who: &Tester,
    (method, path, body): (Method, String, Plain),
    lost: Option<&'static str>,
) -> StatusCode {
    let mut write = yard.app.state.db.write().await.expect("the writer");
    let who = who.clone();
    let answer = tokio::spawn(async move { who.send(method, &path, body.to_string().into_bytes()).await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!answer.is_finished(), "it waits for the writer");
    if let Some(sql) = lost {
        sqlx::query(sql).bind(&yard.ben.id).execute(&mut *write).await.expect("lost");
    }
    write.commit().await.expect("committed");
    let answer = answer.await.expect("an answer");
    if lost.is_none() {
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    }
    answer.status
}

/// An edit of Ben's, so that there is something to merge and to go back from.
async fn edit(yard: &Yard, design: &str, client: &str) {
    let object = solver::design::Object::new(client, "parameter", client);
    let submission = Submission {
        client: format!("{client}-of-ben-00000001"),
        number: 1,
        base: 0,
        offline: false,
        command: Command::Add { object, before: None },
        undo_of: None,
    };
    ok(yard.ben.post(&format!("/api/designs/{design}/commands"), &submission).await);
}

#[tokio::test]
async fn what_is_under_way_when_a_right_is_lost_is_not_done() {
    const PROJECT: &str = "DELETE FROM project_member WHERE person = $1";
    const COMPARTMENT: &str = "DELETE FROM compartment_person WHERE person = $1";
    for what in
        ["rename", "copy", "branch", "merge", "restore", "put in", "take out", "share", "take back", "new", "move to"]
    {
        for lost in [Some(PROJECT), Some(COMPARTMENT), None] {
            let yard = Yard::new("person").await;
            let at = format!("/api/designs/{}", yard.design);
            edit(&yard, &yard.design, "main").await;
            let branch = yard.ben.post(&format!("{at}/branches"), json!({"name": "Branch"})).await;
            let branch = branch.read::<DesignCard>().expect("a branch").id;
            edit(&yard, &branch, "side").await;
            let other = yard.app.project("Other").await.expect("a project");
            yard.app.join(&other, &yard.ben, Role::Engineer).await.expect("joined");
            let open = yard.app.design(&yard.project, &yard.ben, &super::empty()).await.expect("a design");
            let (share, _) = yard.link(&yard.ben).await;
            let new =
                json!({"project": yard.project, "name": "New", "template": "empty", "compartment": yard.compartment});
            let asked = match what {
                "rename" => (Method::PATCH, at, json!({"name": "Mine"})),
                "copy" => (Method::POST, format!("{at}/duplicate"), json!({"name": "Copy"})),
                "branch" => (Method::POST, format!("{at}/branches"), json!({"name": "Another"})),
                "merge" => (Method::POST, format!("{at}/merge"), json!({"from": branch})),
                "restore" => (Method::POST, format!("{at}/restore"), json!({"sequence": 0})),
                "put in" => {
                    (Method::PUT, format!("/api/designs/{open}/compartment"), json!({"compartment": yard.compartment}))
                }
                "take out" => (Method::DELETE, format!("{at}/compartment"), json!({})),
                "share" => (Method::POST, format!("{at}/shares"), json!({"label": "P", "days": 1})),
                "take back" => (Method::DELETE, format!("/api/shares/{}", share.id), json!({})),
                "new" => (Method::POST, "/api/designs".to_owned(), new),
                // Out of no compartment: whoever is not a member of one may move it.
                _ => (Method::PATCH, format!("/api/designs/{open}"), json!({"project": other})),
            };
            let before = count(&yard).await;
            let status = meanwhile(&yard, &yard.ben, asked, lost).await;
            let wanted = match (what, lost) {
                (_, None) | ("move to", Some(COMPARTMENT)) => StatusCode::OK,
                // Whoever is no member is told so at the field, as of a compartment that is not there.
                ("put in" | "new", Some(COMPARTMENT)) => StatusCode::UNPROCESSABLE_ENTITY,
                _ => StatusCode::NOT_FOUND,
            };
            assert_eq!(status, wanted, "{what}, lost {lost:?}");
            if wanted != StatusCode::OK {
                assert_eq!(count(&yard).await, before, "{what}: nothing was written");
            }
        }
    }
}

/// All that could have been written.
async fn count(yard: &Yard) -> (i64, i64, i64, i64, i64) {
    let sql = "SELECT (SELECT COUNT(*) FROM design), (SELECT COUNT(*) FROM entry), (SELECT COUNT(*) FROM compartment_design), \
               (SELECT COUNT(*) FROM share WHERE revoked = 0), (SELECT COUNT(*) FROM audit)";
    sqlx::query_as(sql).fetch_one(yard.app.state.db.reader()).await.expect("numbers")
}

/// Merging takes a while: a source that was sealed meanwhile does not come out of its compartment.
#[tokio::test]
async fn a_branch_that_is_sealed_meanwhile_is_not_merged_into_the_open() {
    let yard = Yard::new("person").await;
    let out = format!("/api/designs/{}/compartment", yard.design);
    ok(yard.ben.delete(&out).await);
    let at = format!("/api/designs/{}", yard.design);
    let branch = yard.ben.post(&format!("{at}/branches"), json!({"name": "Branch"})).await;
    let branch = branch.read::<DesignCard>().expect("a branch").id;
    edit(&yard, &branch, "side").await;
    let mut write = yard.app.state.db.write().await.expect("the writer");
    let (ben, path, body) = (yard.ben.clone(), format!("{at}/merge"), json!({"from": branch}));
    let answer = tokio::spawn(async move { ben.post(&path, body).await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    sqlx::query("INSERT INTO compartment_design (design, compartment) VALUES ($1, $2)")
        .bind(&branch)
        .bind(&yard.compartment)
        .execute(&mut *write)
        .await
        .expect("sealed");
    write.commit().await.expect("committed");
    let answer = answer.await.expect("an answer");
    assert_eq!(answer.problem().expect("a problem").field.as_deref(), Some("from"), "{}", answer.text());
}

/// Reads a stream into a text, until it ends.
fn listen(who: &Tester, path: &str) -> Arc<Mutex<String>> {
    let heard = Arc::new(Mutex::new(String::new()));
    let (told, request, router) = (heard.clone(), who.request(Method::GET, path), who.router.clone());
    tokio::spawn(async move {
        use tower::ServiceExt as _;
        let request = request.body(axum::body::Body::empty()).expect("a request");
        let Ok(response) = router.oneshot(request).await;
        let mut parts = response.into_body().into_data_stream();
        while let Some(Ok(part)) = parts.next().await {
            told.lock().expect("not poisoned").push_str(&String::from_utf8_lossy(&part));
        }
    });
    heard
}

/// The role in the organisation is that of now, also in a stream that was opened before.
#[tokio::test]
async fn a_stream_falls_silent_with_a_demotion_in_the_organisation() {
    let world = World::new().await;
    // In the project by nothing but the role in the organisation.
    let olga = world.app.person("Olga", Role::Owner).await.expect("Olga");
    let streams = [listen(&olga, "/api/runs/events"), listen(&world.ada, "/api/runs/events")];
    let heard = async |run: &Run, is_heard: [bool; 2]| {
        // As long as a right holds in a stream, and some more.
        tokio::time::sleep(Duration::from_millis(1_000)).await;
        let found = streams.each_ref().map(|s| s.lock().expect("not poisoned").contains(&run.id));
        assert_eq!(found, is_heard);
    };
    tokio::time::sleep(Duration::from_millis(300)).await;
    let first = world.run(&weighs(0.6, 0.01, Grade::Instant)).await;
    heard(&first, [true, true]).await;
    let path = format!("/api/organisation/members/{}", olga.id);
    assert_eq!(world.ada.patch(&path, json!({"role": "engineer"})).await.status, StatusCode::OK);
    // The same question would be answered from the store.
    world.set("box", "dx", "81 mm").await;
    let second = world.run(&weighs(0.6, 0.01, Grade::Instant)).await;
    heard(&second, [false, true]).await;
}

/// More than a page of what is hidden lies before what is not.
#[tokio::test]
async fn what_is_hidden_takes_no_place_on_a_page() {
    let world = World::new().await;
    let (app, ada, hidden) = (&world.app, &world.ada, &world.design);
    let card: DesignCard = ada.get(&format!("/api/designs/{hidden}")).await.read().expect("a card");
    let ben = app.person("Ben", Role::Engineer).await.expect("Ben");
    app.join(&card.project, &ben, Role::Engineer).await.expect("joined");
    let elsewhere = app.project("Elsewhere").await.expect("a project");
    app.join(&elsewhere, &ben, Role::Engineer).await.expect("joined");
    let seen = app.design(&card.project, ada, &super::empty()).await.expect("a design");
    let left = app.design(&elsewhere, ada, &super::empty()).await.expect("a design");
    let run = world.run(&weighs(0.6, 0.01, Grade::Instant)).await;
    for (design, n) in [(&seen, 1), (hidden, 60), (&left, 60)] {
        for i in 0..n {
            app.clock.advance(1_000);
            let said = json!({"text": format!("Look at this, {i}."), "mentions": [ben.id]});
            let said = ada.post(&format!("/api/designs/{design}/comments"), said).await;
            said.read::<Comment>().expect("a comment");
        }
    }
    let mut write = app.state.db.write().await.expect("a transaction");
    let sql = "CREATE TEMP TABLE copy AS SELECT * FROM run WHERE id = $1";
    sqlx::query(sql).bind(&run.id).execute(&mut *write).await.expect("a copy");
    for i in 0..121 {
        let design = [hidden, &left, &seen][if i == 0 { 2 } else { i % 2 }];
        sqlx::query("UPDATE copy SET id = $1, design = $2, created = created + 1")
            .bind(format!("run{i}"))
            .bind(design)
            .execute(&mut *write)
            .await
            .expect("another");
        sqlx::query("INSERT INTO run SELECT * FROM copy").execute(&mut *write).await.expect("a run");
    }
    sqlx::query("DROP TABLE copy").execute(&mut *write).await.expect("dropped");
    write.commit().await.expect("committed");
    // Ben is in no compartment, and leaves the other project.
    let compartment = app.compartment(&card.project, "Blade", &[ada]).await.expect("a compartment");
    let sealed = ada.put(&format!("/api/designs/{hidden}/compartment"), json!({"compartment": compartment})).await;
    assert_eq!(sealed.status, StatusCode::OK, "{}", sealed.text());
    let path = format!("/api/projects/{elsewhere}/members/{}", ben.id);
    assert_eq!(ada.delete(&path).await.status, StatusCode::OK);
    // The clock went on; his session of before may have ended.
    let ben = Tester { cookie: Some(app.session(&ben.id).await.expect("a session")), ..ben };
    let bell: Vec<Notification> = ben.get("/api/notifications").await.read().expect("notifications");
    assert_eq!(bell.iter().map(|n| n.design.as_str()).collect::<Vec<_>>(), [&seen]);
    let runs: Page<Run> = ben.get("/api/runs").await.read().expect("runs");
    assert_eq!(runs.items.iter().map(|r| r.id.as_str()).collect::<Vec<_>>(), ["run0"]);
    assert_eq!(runs.next, None);
    // Who sees all of them reads each once.
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let page: Page<Run> = ada.get(&format!("/api/runs{after}")).await.read().expect("runs");
        all.extend(page.items.into_iter().map(|r| r.id));
        let Some(next) = page.next else { break };
        after = format!("?after={next}");
    }
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 122);
}

/// Who checks the log of a project learns who came to see it and who no longer does, without knowing the groups.
#[tokio::test]
async fn a_groups_change_is_in_the_log_of_everything_it_counts_in() {
    let yard = Yard::new("person").await;
    let lent = format!("/api/projects/{}/groups/{}", yard.project, yard.group);
    ok(yard.ada.put(&lent, json!({"role": "viewer"})).await);
    let dee = yard.app.person("Dee", Role::Engineer).await.expect("Dee");
    let log = async |object: &str| -> Vec<(String, String)> {
        let page: Page<AuditEntry> =
            yard.ada.get(&format!("/api/audit?object={object}")).await.read().expect("the log");
        page.items.into_iter().map(|e| (e.action, e.detail)).collect()
    };
    let project = format!("project:{}", yard.project);
    let compartment = format!("compartment:{}", yard.compartment);
    let (who, group) = (format!("person:{}", dee.id), format!("group:{}", yard.group));
    let newest = async |action: &str, detail: &str| {
        let at_project = log(&project).await.remove(0);
        assert_eq!(at_project.0, format!("project.{action}"));
        assert!(at_project.1.starts_with(detail) && at_project.1.contains("viewer"), "{at_project:?}");
        let at_compartment = log(&compartment).await.remove(0);
        assert_eq!(at_compartment.0, format!("compartment.{action}"));
        assert!(at_compartment.1.starts_with(detail), "{at_compartment:?}");
        assert!(at_project.1.contains(&who) && at_compartment.1.contains(&who), "{at_project:?}, {at_compartment:?}");
    };
    ok(yard.ada.put(&yard.in_group(&dee), json!({})).await);
    newest("group_person", &format!("{who} through {group}")).await;
    // Doing it again changes nothing there, so there is nothing to be told.
    let n = log(&project).await.len();
    ok(yard.ada.put(&yard.in_group(&dee), json!({})).await);
    assert_eq!(log(&project).await.len(), n);
    ok(yard.ada.delete(&yard.in_group(&dee)).await);
    newest("remove_group_person", &format!("{who} through {group}")).await;
    ok(yard.ada.put(&yard.in_group(&dee), json!({})).await);
    ok(yard.ada.delete(&format!("/api/organisation/groups/{}", yard.group)).await);
    newest("remove_group", &format!("{group}, “Turbine”, which was removed, with ")).await;
}

/// What hides a detail hides what it could be guessed with.
#[tokio::test]
async fn a_hidden_detail_has_no_salt_to_guess_it_with() {
    let yard = Yard::new("person").await;
    let of_design = format!("/api/audit?object=design:{}", yard.design);
    ok(yard.cy.patch(&format!("/api/designs/{}", yard.design), json!({"name": "Narwhal"})).await);
    let hidden: Page<AuditEntry> = yard.ada.get(&of_design).await.read().expect("the log");
    assert!(!hidden.items.is_empty());
    assert!(hidden.items.iter().all(|e| e.detail.starts_with("(hidden") && e.salt.is_none()), "{:?}", hidden.items);
    ok(yard.ada.put(&yard.of_compartment("people", &yard.ada.id), json!({})).await);
    let shown: Page<AuditEntry> = yard.ada.get(&of_design).await.read().expect("the log");
    assert!(shown.items.iter().all(|e| e.salt.is_some()), "{:?}", shown.items);
}
