//! The second factor: asked for at the sign-in, a code good for once, guessing slow, lost ones replaced, and required of
//! everyone where the administrator says so.

use crate::live::Live;
use app::api::auth::{Factor, FactorSetup, Me, Recovery, Role};
use app::api::organisation::Member;
use app::sync::ToClient;
use axum::http::StatusCode;
use serde_json::json;
use server::auth::totp;
use server::clock::{HOUR, MINUTE};
use server::testing::{Answer, PASSWORD, TestApp, Tester};
use std::time::Duration;

/// A step of the codes, ms.
const STEP: i64 = 30_000;

struct World {
    app: TestApp,
    ada: Tester,
    bo: Tester,
}

impl World {
    async fn new() -> Self {
        let app = TestApp::new().await.expect("a server");
        let ada = app.administrator("Ada").await.expect("Ada");
        let bo = app.person("Bo", Role::Engineer).await.expect("Bo");
        // At the beginning of a step, so that none ends between two requests.
        app.clock.advance(STEP - app.state.now().rem_euclid(STEP));
        Self { app, ada, bo }
    }

    fn code(&self, secret: &[u8]) -> String {
        totp::code(secret, self.app.state.now())
    }

    async fn set_up(&self, who: &Tester) -> (Vec<u8>, Vec<String>) {
        set_up(&self.app, who).await
    }

    /// Whether a code that signed someone in does so again; `forget`: by a server that does not know which it took.
    async fn takes_twice(&self, who: &Tester, secret: &[u8], forget: bool) -> bool {
        self.app.clock.advance(STEP);
        let code = self.code(secret);
        assert_eq!(self.log_in(who, Some(&code)).await.status, StatusCode::OK);
        if forget {
            let mut write = self.app.state.db.write().await.expect("a transaction");
            sqlx::query("UPDATE factor SET step = 0").execute(&mut *write).await.expect("forgotten");
            write.commit().await.expect("committed");
        }
        self.log_in(who, Some(&code)).await.status == StatusCode::OK
    }

    async fn log_in(&self, who: &Tester, code: Option<&str>) -> Answer {
        let login = json!({"email": who.email, "password": PASSWORD, "code": code});
        self.app.nobody().post("/api/auth/login", login).await
    }

    async fn actions(&self) -> Vec<String> {
        let page: app::api::Page<app::api::audit::AuditEntry> =
            self.ada.get("/api/audit?action=factor.").await.read().expect("entries");
        page.items.into_iter().map(|e| e.action).collect()
    }
}

/// Sets it up, and returns the secret and the recovery codes.
async fn set_up(app: &TestApp, who: &Tester) -> (Vec<u8>, Vec<String>) {
    let began = who.post("/api/auth/factor", json!({"password": PASSWORD})).await;
    let setup: FactorSetup = began.read().unwrap_or_else(|e| panic!("{e}"));
    let secret = totp::of_base32(&setup.secret).expect("base 32");
    assert_eq!(secret.len(), totp::SECRET_BYTES);
    assert!(setup.address.contains(&format!("secret={}&", setup.secret)) && setup.address.contains("%40"), "{setup:?}");
    // Version 6 and up: four modules more an edge for each.
    assert!(setup.size >= 41 && (setup.size - 17).is_multiple_of(4) && setup.path.len() > 1_000);
    let code = totp::code(&secret, app.state.now());
    let confirmed = who.post("/api/auth/factor/confirm", json!({"code": code})).await;
    let codes = confirmed.read::<Recovery>().unwrap_or_else(|e| panic!("{e}")).codes;
    (secret, codes)
}

fn said(answer: &Answer) -> (StatusCode, String, Option<String>) {
    let problem = answer.problem().unwrap_or_else(|e| panic!("{e}"));
    (answer.status, problem.code, problem.field)
}

#[tokio::test]
async fn a_code_is_asked_for_besides_the_password_and_is_good_for_once() {
    let w = World::new().await;
    // Begun and not ended, it asks for nothing; a wrong password begins nothing.
    let wrong = w.bo.post("/api/auth/factor", json!({"password": "not this one"})).await;
    assert_eq!(said(&wrong).2.as_deref(), Some("password"));
    assert_eq!(w.bo.post("/api/auth/factor", json!({"password": PASSWORD})).await.status, StatusCode::OK);
    assert_eq!(w.log_in(&w.bo, None).await.status, StatusCode::OK);
    let (secret, codes) = w.set_up(&w.bo).await;
    let standing: Factor = w.bo.get("/api/auth/factor").await.read().expect("a standing");
    assert!(standing.since.is_some() && standing.n_recovery == 10 && !standing.required);
    let again = w.bo.post("/api/auth/factor", json!({"password": PASSWORD})).await;
    assert_eq!(again.status, StatusCode::CONFLICT, "the secret in use is not given away");
    // The password alone does not sign in, and without it nobody learns that a code is asked for.
    let without = w.log_in(&w.bo, None).await;
    assert_eq!(said(&without), (StatusCode::UNAUTHORIZED, "factor".into(), None));
    assert!(without.headers.get("set-cookie").is_none(), "no session yet");
    let guess = json!({"email": w.bo.email, "password": "not this one", "code": w.code(&secret)});
    assert_eq!(said(&w.app.nobody().post("/api/auth/login", guess).await).1, "invalid");
    // The code that ended the setting up is used.
    let used = w.log_in(&w.bo, Some(&w.code(&secret))).await;
    assert_eq!(said(&used), (StatusCode::UNPROCESSABLE_ENTITY, "invalid".into(), Some("code".into())));
    w.app.clock.advance(STEP);
    let code = w.code(&secret);
    let spaced = format!("{} {}", &code[..3], &code[3..]);
    let right = w.log_in(&w.bo, Some(&spaced)).await;
    assert_eq!(right.status, StatusCode::OK, "{}", right.text());
    let signed = w.app.nobody().with_cookie_of(&right);
    assert_eq!(signed.get("/api/auth/me").await.read::<Me>().expect("Bo").id, w.bo.id);
    // Nobody who looked over the shoulder uses it again, nor an older one.
    for code in [code, totp::code(&secret, w.app.state.now() - STEP)] {
        assert_eq!(said(&w.log_in(&w.bo, Some(&code)).await).2.as_deref(), Some("code"));
    }
    // A recovery code signs in, once, however it is typed; the bucket of guesses has filled again meanwhile.
    w.app.clock.advance(10 * MINUTE);
    let typed = codes[3].to_uppercase().replace('-', " ");
    assert_eq!(w.log_in(&w.bo, Some(&typed)).await.status, StatusCode::OK);
    assert_eq!(said(&w.log_in(&w.bo, Some(&codes[3])).await).2.as_deref(), Some("code"));
    let standing: Factor = w.bo.get("/api/auth/factor").await.read().expect("a standing");
    assert_eq!(standing.n_recovery, 9);
    // Neither secret nor codes are in the audit log; the recovery codes are in the database as hashes only.
    let rows: Vec<(String, String)> =
        sqlx::query_as("SELECT detail, object FROM audit").fetch_all(w.app.state.db.reader()).await.expect("the log");
    let log = format!("{rows:?}");
    assert!(log.contains("with a second factor") && log.contains("with a recovery code"), "{log}");
    let file = std::fs::read(w.app.folder().join("brunel.sqlite-wal")).expect("the database");
    for code in &codes {
        let plain = code.replace('-', "");
        assert!(!log.contains(&plain) && !file.windows(plain.len()).any(|w| w == plain.as_bytes()), "{code}");
    }
    assert!(!log.contains(&totp::base32(&secret)));
    let mut actions = w.actions().await;
    actions.sort();
    actions.dedup();
    assert_eq!(actions, ["factor.refused", "factor.set_up"]);
}

#[tokio::test]
async fn two_sign_ins_at_once_with_one_code_are_one() {
    let w = World::new().await;
    let (secret, _) = w.set_up(&w.bo).await;
    w.app.clock.advance(STEP);
    let code = w.code(&secret);
    let both = futures::future::join_all((0..4).map(|_| w.log_in(&w.bo, Some(&code)))).await;
    let n = both.iter().filter(|a| a.status == StatusCode::OK).count();
    assert_eq!(n, 1, "{:?}", both.iter().map(|a| a.status).collect::<Vec<_>>());
}

#[tokio::test]
async fn guessing_codes_is_slow() {
    let w = World::new().await;
    let (secret, _) = w.set_up(&w.bo).await;
    w.app.clock.advance(10 * MINUTE);
    let mut answers = Vec::new();
    for n in 0..8 {
        answers.push(w.log_in(&w.bo, Some(&format!("00000{n}"))).await.status);
    }
    assert_eq!(answers[..5], [StatusCode::UNPROCESSABLE_ENTITY; 5]);
    assert_eq!(answers[5..], [StatusCode::TOO_MANY_REQUESTS; 3]);
    // The right one is not heard either, until it is time.
    assert_eq!(w.log_in(&w.bo, Some(&w.code(&secret))).await.status, StatusCode::TOO_MANY_REQUESTS);
    w.app.clock.advance(MINUTE);
    assert_eq!(w.log_in(&w.bo, Some(&w.code(&secret))).await.status, StatusCode::OK);
    assert_eq!(w.actions().await.iter().filter(|a| *a == "factor.refused").count(), 5);
}

/// Whoever knows the password and has time gets a few guesses a day, and keeps nobody out who has a recovery code.
#[tokio::test]
async fn guessing_codes_for_days_is_slower_still() {
    let w = World::new().await;
    let (secret, codes) = w.set_up(&w.bo).await;
    w.app.clock.advance(10 * MINUTE);
    let mut answers = Vec::new();
    for n in 0..24 {
        w.app.clock.advance(STEP + 1_000);
        answers.push(w.log_in(&w.bo, Some(&format!("0000{n:02}"))).await.status);
    }
    assert_eq!(answers[..20], [StatusCode::UNPROCESSABLE_ENTITY; 20]);
    assert_eq!(answers[20..], [StatusCode::TOO_MANY_REQUESTS; 4]);
    assert_eq!(w.actions().await.iter().filter(|a| *a == "factor.refused").count(), 20, "not heard is not refused");
    w.app.clock.advance(MINUTE);
    assert_eq!(w.log_in(&w.bo, Some(&w.code(&secret))).await.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(w.log_in(&w.bo, Some(&codes[0])).await.status, StatusCode::OK);
    w.app.clock.advance(HOUR);
    // Right ones are no guesses.
    for _ in 0..4 {
        w.app.clock.advance(MINUTE);
        assert_eq!(w.log_in(&w.bo, Some(&w.code(&secret))).await.status, StatusCode::OK);
    }
    assert_eq!(w.log_in(&w.bo, Some("000000")).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    w.app.clock.advance(MINUTE);
    assert_eq!(w.log_in(&w.bo, Some("000001")).await.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn canary_a_server_that_forgets_which_codes_it_took_is_caught() {
    let w = World::new().await;
    let (secret, _) = w.set_up(&w.bo).await;
    assert!(!w.takes_twice(&w.bo, &secret, false).await);
    assert!(w.takes_twice(&w.bo, &secret, true).await, "the harness would see it");
}

/// On real sockets: what is open when it is asked of everyone ends for those who have none, and for no others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asking_it_of_everyone_ends_what_is_open_without_one() {
    let live = Live::start(&crate::live::boxes(1), 2).await;
    let root = live.app.administrator("Root").await.expect("an administrator");
    let (with, without) = (&live.people[0], &live.people[1]);
    let (secret, _) = set_up(&live.app, with).await;
    let mut enrolled = live.connect(0).await;
    let mut open = live.connect(1).await;
    let stream = tokio::spawn({
        let without = without.clone();
        async move { without.get("/api/runs/events").await.status }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!stream.is_finished());
    assert_eq!(root.patch("/api/organisation", json!({"factor": true})).await.status, StatusCode::OK);
    let goodbye = |m| match m {
        ToClient::Closing { reason, reconnect } => Some((reason, reconnect)),
        _ => None,
    };
    let (reason, again) = open.until(goodbye).await.expect("it ends");
    assert!(reason.contains("second factor") && !again, "{reason}");
    let ended = tokio::time::timeout(Duration::from_secs(10), stream).await.expect("the stream ends too");
    assert_eq!(ended.expect("an answer"), StatusCode::OK);
    let path = format!("/api/designs/{}/socket", live.design);
    assert_eq!(live.open(&path, without.cookie.as_deref()).await.err(), Some(403));
    let edit = enrolled.submission(crate::live::set(0, 7));
    enrolled.send(&edit).await;
    let applied = enrolled.until(|m| matches!(m, ToClient::Applied { .. }).then_some(()));
    assert_eq!(applied.await, Some(()), "who has one goes on");
    // Until they take it away.
    live.app.clock.advance(2 * STEP);
    let code = totp::code(&secret, live.state().now());
    let taken = with.post("/api/auth/factor/remove", json!({"password": PASSWORD, "code": code})).await;
    assert_eq!(taken.status, StatusCode::OK, "{}", taken.text());
    assert!(enrolled.until(goodbye).await.is_some());
}

#[tokio::test]
async fn what_is_lost_is_renewed_taken_away_or_reset() {
    let w = World::new().await;
    let (secret, old) = w.set_up(&w.bo).await;
    w.app.clock.advance(STEP);
    // Taking it away needs password and code, renewing too.
    for (password, code, field) in [("not this one", w.code(&secret), "password"), (PASSWORD, "000000".into(), "code")]
    {
        let refused = w.bo.post("/api/auth/factor/remove", json!({"password": password, "code": code})).await;
        assert_eq!(said(&refused).2.as_deref(), Some(field));
    }
    let renew = json!({"password": PASSWORD, "code": w.code(&secret)});
    let new = w.bo.post("/api/auth/factor/recovery", renew).await.read::<Recovery>().expect("codes").codes;
    assert!(new.iter().all(|code| !old.contains(code)));
    assert_eq!(said(&w.log_in(&w.bo, Some(&old[0])).await).2.as_deref(), Some("code"), "the old ones are void");
    let token = w.bo.post("/api/auth/tokens", json!({"name": "x", "scopes": [], "days": 1})).await;
    let secret_of = token.read::<app::api::auth::Token>().expect("a token").secret;
    let program = Tester { bearer: secret_of, ..w.app.nobody() };
    let by_token = program.post("/api/auth/factor/remove", json!({"password": PASSWORD, "code": new[1]})).await;
    assert_eq!(by_token.status, StatusCode::FORBIDDEN, "no program takes it away");
    w.app.clock.advance(10 * MINUTE);
    let taken = w.bo.post("/api/auth/factor/remove", json!({"password": PASSWORD, "code": new[0]})).await;
    assert_eq!(taken.status, StatusCode::OK, "{}", taken.text());
    assert_eq!(w.log_in(&w.bo, None).await.status, StatusCode::OK);
    // Phone and codes are gone: an owner resets it, for members of their own organisation alone.
    w.app.clock.advance(10 * MINUTE);
    w.set_up(&w.bo).await;
    let members: Vec<Member> = w.ada.get("/api/organisation/members").await.read().expect("members");
    assert_eq!(members.iter().map(|m| (m.name.as_str(), m.factor)).collect::<Vec<_>>(), [("Ada", false), ("Bo", true)]);
    let at = format!("/api/organisation/members/{}/factor", w.bo.id);
    let stranger = w.app.stranger("Sue").await.expect("Sue");
    assert_eq!(stranger.delete(&at).await.status, StatusCode::NOT_FOUND);
    assert_eq!(w.bo.delete(&at).await.status, StatusCode::FORBIDDEN);
    assert_eq!(w.ada.delete(&at).await.status, StatusCode::OK);
    assert_eq!(w.bo.get("/api/auth/me").await.status, StatusCode::UNAUTHORIZED, "signed out everywhere");
    assert_eq!(w.log_in(&w.bo, None).await.status, StatusCode::OK);
    // An owner who administrates nothing cannot unlock an administrator.
    let owner = w.app.person("Olga", Role::Owner).await.expect("Olga");
    let at = format!("/api/organisation/members/{}/factor", w.ada.id);
    assert_eq!(owner.delete(&at).await.status, StatusCode::FORBIDDEN);
    assert!(w.actions().await.contains(&"factor.reset".to_owned()));
}

#[tokio::test]
async fn where_it_is_required_nothing_else_opens_first() {
    let w = World::new().await;
    let project = w.app.project("Frame").await.expect("a project");
    w.app.join(&project, &w.bo, Role::Engineer).await.expect("joined");
    let design = w.app.design(&project, &w.bo, &super::empty()).await.expect("a design");
    let token = w.bo.post("/api/auth/tokens", json!({"name": "x", "scopes": ["edit"], "days": 1})).await;
    let secret = token.read::<app::api::auth::Token>().expect("a token").secret;
    let program = Tester { bearer: secret, ..w.app.nobody() };
    let paths = ["/api/designs".to_owned(), format!("/api/designs/{design}"), "/api/runs".into(), "/api/board".into()];
    // Only an administrator decides it.
    let owner = w.app.person("Olga", Role::Owner).await.expect("Olga");
    assert_eq!(owner.patch("/api/organisation", json!({"factor": true})).await.status, StatusCode::FORBIDDEN);
    for path in &paths {
        assert_eq!(w.bo.get(path).await.status, StatusCode::OK, "{path}");
    }
    assert_eq!(w.ada.patch("/api/organisation", json!({"factor": true})).await.status, StatusCode::OK);
    // Neither the person nor their program comes any further; who they are and how to set it up stays open.
    for who in [&w.bo, &program] {
        for path in &paths {
            assert_eq!(said(&who.get(path).await), (StatusCode::FORBIDDEN, "enrol".into(), None), "{path}");
        }
    }
    let me: Me = w.bo.get("/api/auth/me").await.read().expect("Bo");
    assert!(me.must_enrol);
    let signed = w.app.nobody().with_cookie_of(&w.log_in(&w.bo, None).await);
    assert_eq!(said(&signed.get(&paths[0]).await).1, "enrol", "nor by signing in again");
    w.set_up(&w.bo).await;
    for path in &paths {
        assert_eq!(w.bo.get(path).await.status, StatusCode::OK, "{path}");
        assert_eq!(program.get(path).await.status, StatusCode::OK, "{path}");
    }
    assert!(!w.bo.get("/api/auth/me").await.read::<Me>().expect("Bo").must_enrol);
    // The administrator too; once set up, they can take the rule back.
    assert_eq!(said(&w.ada.patch("/api/organisation", json!({"factor": false})).await).1, "enrol");
    w.set_up(&w.ada).await;
    assert_eq!(w.ada.patch("/api/organisation", json!({"factor": false})).await.status, StatusCode::OK);
    assert_eq!(owner.get("/api/organisation").await.status, StatusCode::OK);
}
