//! Joining, inviting, resetting, disabling; designs through their life. What a person does, over the API.

use app::api::Page;
use app::api::auth::{Me, Policy, Role, Session, SignUpPolicy};
use app::api::design::DesignCard;
use app::api::organisation::{Invitation, Link, Member, Project};
use axum::http::StatusCode;
use serde_json::json;
use server::testing::{PASSWORD, TestApp, Tester};

async fn sign_up(app: &TestApp, name: &str, invitation: Option<&str>) -> (server::testing::Answer, Tester) {
    let email = format!("{}@example.org", name.to_lowercase());
    let body = json!({"email": email, "name": name, "password": PASSWORD, "invitation": invitation});
    let answer = app.nobody().post("/api/auth/signup", body).await;
    let tester = app.nobody().with_cookie_of(&answer);
    (answer, tester)
}

fn token(link: &str) -> &str {
    link.rsplit('/').next().expect("a last part")
}

#[tokio::test]
async fn the_first_person_administrates_and_invites_the_second() {
    let app = TestApp::with(|config| {
        config.sign_up = SignUpPolicy::Invitation;
        config.seed_demo = true;
    });
    let app = app.await.expect("a server");
    assert!(app.nobody().get("/api/auth/policy").await.read::<Policy>().expect("a policy").first);
    let (answer, ada) = sign_up(&app, "Ada", None).await;
    let me: Me = answer.read().expect("joined");
    assert!(me.administrator && me.role == Role::Owner, "{me:?}");
    let designs: Page<DesignCard> = ada.get("/api/designs").await.read().expect("a list");
    let templates =
        ["bracket", "lug", "flange", "heat_sink"].iter().filter(|id| solver::design::template(id).is_some()).count();
    assert_eq!(designs.items.len(), templates, "the demo is there");

    let (answer, _) = sign_up(&app, "Eve", None).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "nobody else joins without an invitation");
    let invited = ada.post("/api/organisation/invitations", json!({"role": "engineer", "days": 7})).await;
    let link = invited.read::<Invitation>().expect("an invitation").link.expect("its link, once");
    let listed: Vec<Invitation> = ada.get("/api/organisation/invitations").await.read().expect("a list");
    assert!(listed.iter().all(|invitation| invitation.link.is_none()), "and never again");
    let (answer, ben) = sign_up(&app, "Ben", Some(token(&link))).await;
    let me: Me = answer.read().expect("joined");
    assert!(!me.administrator && me.role == Role::Engineer, "{me:?}");
    let seen: Page<DesignCard> = ben.get("/api/designs").await.read().expect("a list");
    assert_eq!(seen.items.len(), templates, "the demo is open to colleagues");
    assert!(seen.items.iter().all(|card| card.role == Role::Engineer));
    let (answer, _) = sign_up(&app, "Cat", Some(token(&link))).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "an invitation works once");
}

#[tokio::test]
async fn an_invitation_for_one_address_fits_no_other_and_expires() {
    let app = TestApp::new().await.expect("a server");
    let ada = app.administrator("Ada").await.expect("Ada");
    let invite = json!({"role": "viewer", "days": 1, "email": "Ben@Example.org"});
    let link = ada.post("/api/organisation/invitations", &invite).await.read::<Invitation>().expect("made").link;
    let link = link.expect("a link");
    let (answer, _) = sign_up(&app, "Cat", Some(token(&link))).await;
    assert_eq!(answer.problem().expect("a problem").field.as_deref(), Some("email"));
    app.clock.advance(2 * server::clock::DAY);
    let (answer, _) = sign_up(&app, "Ben", Some(token(&link))).await;
    assert_eq!(answer.problem().expect("a problem").field.as_deref(), Some("invitation"));
}

#[tokio::test]
async fn a_reset_link_works_once_and_ends_every_session() {
    let app = TestApp::new().await.expect("a server");
    let ada = app.administrator("Ada").await.expect("Ada");
    let ben = app.person("Ben", Role::Engineer).await.expect("Ben");
    let link: Link = ada.post(&format!("/api/organisation/members/{}/reset", ben.id), ()).await.read().expect("a link");
    let reset = json!({"token": token(&link.link), "password": "another password"});
    assert_eq!(app.nobody().post("/api/auth/reset", &reset).await.status, StatusCode::OK);
    assert_eq!(ben.get("/api/auth/me").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(app.nobody().post("/api/auth/reset", &reset).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let login = |password: &str| json!({"email": ben.email, "password": password});
    assert_eq!(app.nobody().post("/api/auth/login", login(PASSWORD)).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(app.nobody().post("/api/auth/login", login("another password")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_disabled_account_ends_at_once_and_the_last_owner_stays() {
    let app = TestApp::new().await.expect("a server");
    let ada = app.administrator("Ada").await.expect("Ada");
    let ben = app.person("Ben", Role::Engineer).await.expect("Ben");
    let path = format!("/api/organisation/members/{}", ben.id);
    assert_eq!(ada.patch(&path, json!({"disabled": true})).await.status, StatusCode::OK);
    assert_eq!(ben.get("/api/auth/me").await.status, StatusCode::UNAUTHORIZED);
    let login = json!({"email": ben.email, "password": PASSWORD});
    assert_eq!(app.nobody().post("/api/auth/login", &login).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let members: Vec<Member> = ada.get("/api/organisation/members").await.read().expect("members");
    assert!(members.iter().any(|member| member.user == ben.id && member.disabled));
    let own = format!("/api/organisation/members/{}", ada.id);
    assert_eq!(ada.patch(&own, json!({"role": "viewer"})).await.status, StatusCode::FORBIDDEN);
    let owner = app.person("Olga", Role::Owner).await.expect("Olga");
    assert_eq!(
        owner.patch(&own, json!({"disabled": true})).await.status,
        StatusCode::FORBIDDEN,
        "not an administrator"
    );
}

#[tokio::test]
async fn devices_are_listed_and_signed_out() {
    let app = TestApp::new().await.expect("a server");
    let ada = app.administrator("Ada").await.expect("Ada");
    let phone = Tester { cookie: Some(app.session(&ada.id).await.expect("a session")), ..ada.clone() };
    let sessions: Vec<Session> = ada.get("/api/auth/sessions").await.read().expect("sessions");
    assert_eq!(sessions.len(), 2);
    let other = sessions.iter().find(|session| !session.current).expect("the phone");
    assert_eq!(ada.delete(&format!("/api/auth/sessions/{}", other.id)).await.status, StatusCode::OK);
    assert_eq!(phone.get("/api/auth/me").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(ada.get("/api/auth/me").await.status, StatusCode::OK);
    assert_eq!(ada.post("/api/auth/logout-all", ()).await.status, StatusCode::OK);
    assert_eq!(ada.get("/api/auth/me").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_design_lives_from_template_to_bin() {
    let app = TestApp::new().await.expect("a server");
    let ada = app.administrator("Ada").await.expect("Ada");
    let project: Project = ada.post("/api/projects", json!({"name": "Frame"})).await.read().expect("a project");
    let create = json!({"project": project.id, "name": "50 % wall_a", "template": "empty"});
    let card: DesignCard = ada.post("/api/designs", &create).await.read().expect("a design");
    let path = format!("/api/designs/{}", card.id);
    let search = async |text: &str| {
        let page: Page<DesignCard> =
            ada.get(&format!("/api/designs?search={}", app::api::client::encode(text))).await.read().expect("a list");
        page.items.len()
    };
    assert_eq!(search("WALL").await, 1);
    assert_eq!(search("50 %").await, 1);
    assert_eq!(search("50_%").await, 0, "the search's signs are meant literally");
    assert_eq!(search("frame").await, 1, "projects are searched too");
    let bad = ada.patch(&path, json!({"name": "a\nb"})).await;
    assert_eq!(bad.problem().expect("a problem").field.as_deref(), Some("name"));
    assert_eq!(ada.delete(&path).await.status, StatusCode::CONFLICT, "only from the bin");
    assert_eq!(ada.patch(&path, json!({"state": "bin"})).await.status, StatusCode::OK);
    assert_eq!(search("wall").await, 0);
    let bin: Page<DesignCard> = ada.get("/api/designs?state=bin").await.read().expect("a list");
    assert_eq!(bin.items.len(), 1);
    let upload = ada.post(&format!("{path}/files?name=a.stl"), "x").await;
    assert_eq!(upload.status, StatusCode::FORBIDDEN, "what is in the bin is not edited");
    assert_eq!(ada.patch(&path, json!({"state": "active"})).await.status, StatusCode::OK);
    assert_eq!(ada.patch(&path, json!({"state": "bin"})).await.status, StatusCode::OK);
    app.clock.advance(server::retention::BIN + 1);
    assert_eq!(server::retention::sweep(&app.state).await.expect("swept"), 1);
    let ada = Tester { cookie: Some(app.session(&ada.id).await.expect("a session")), ..ada.clone() };
    assert_eq!(ada.get(&path).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn long_lists_come_in_pages_without_gaps() {
    let app = TestApp::new().await.expect("a server");
    let ada = app.administrator("Ada").await.expect("Ada");
    let project = app.project("Frame").await.expect("a project");
    for _ in 0..130 {
        app.design(&project, &ada, &super::empty()).await.expect("a design");
    }
    let (mut ids, mut after) = (std::collections::BTreeSet::new(), String::new());
    for _ in 0..4 {
        let page: Page<DesignCard> = ada.get(&format!("/api/designs?{after}")).await.read().expect("a page");
        ids.extend(page.items.into_iter().map(|card| card.id));
        match page.next {
            Some(next) => after = format!("after={next}"),
            None => break,
        }
    }
    assert_eq!(ids.len(), 130);
}

#[tokio::test]
async fn machines_learn_how_it_goes_and_strangers_do_not() {
    let app = TestApp::new().await.expect("a server");
    let ada = app.administrator("Ada").await.expect("Ada");
    let ben = app.person("Ben", Role::Owner).await.expect("Ben");
    server::telemetry::metrics::start();
    assert_eq!(app.nobody().get("/healthz").await.text(), "ok\n");
    assert_eq!(app.nobody().get("/metrics").await.status, StatusCode::NOT_FOUND);
    assert_eq!(ben.get("/metrics").await.status, StatusCode::NOT_FOUND);
    let figures = ada.get("/metrics").await;
    assert_eq!(figures.status, StatusCode::OK);
    assert!(figures.text().contains("http_requests_total"), "{}", figures.text());
    let openapi: serde_json::Value = app.nobody().get("/api/openapi.json").await.read().expect("a description");
    assert!(openapi["paths"]["/api/designs"]["post"].is_object());
    assert!(openapi["info"]["contact"].is_null(), "{}", openapi["info"]);
}
