//! P18: guessing is slow, and the service stays quick.

use axum::http::{StatusCode, header};
use serde_json::json;
use server::config::PasswordCost;
use server::testing::{Answer, PASSWORD, TestApp, Tester};
use std::time::{Duration, Instant};

async fn guess(tester: &Tester, email: &str, password: &str) -> Answer {
    tester.post("/api/auth/login", json!({"email": email, "password": password})).await
}

#[tokio::test]
async fn an_account_can_be_guessed_ten_times_and_then_slowly() {
    let app = TestApp::new().await.expect("a server");
    let ada = app.administrator("Ada").await.expect("Ada");
    for _ in 0..10 {
        assert_eq!(guess(&app.nobody(), &ada.email, "wrong").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let answer = guess(&app.nobody(), &ada.email.to_uppercase(), PASSWORD).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS, "even the right password, even in other letters");
    assert!(answer.headers.contains_key(header::RETRY_AFTER));
    app.clock.advance(31 * server::clock::SECOND);
    assert_eq!(guess(&app.nobody(), &ada.email, PASSWORD).await.status, StatusCode::OK);
}

#[tokio::test]
async fn one_address_cannot_try_many_accounts() {
    let app = TestApp::new().await.expect("a server");
    let mut refused = 0;
    for n in 0..60 {
        let status = guess(&app.nobody(), &format!("user{n}@example.org"), "wrong").await.status;
        refused += usize::from(status == StatusCode::TOO_MANY_REQUESTS);
    }
    assert!(refused >= 15, "{refused}");
}

#[tokio::test]
async fn known_and_unknown_people_get_the_same_answer_in_the_same_time() {
    let cost = PasswordCost { memory_kib: 8 * 1024, passes: 2 };
    // The limits are tested above; here they would end the measurement.
    let app = TestApp::with(|config| config.password_cost = cost).await.expect("a server");
    let ada = app.administrator("Ada").await.expect("Ada");
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for _ in 0..20 {
        app.clock.advance(server::clock::MINUTE);
        // Whatever else the machine does hits both alike, in turns; the quickest of each tells.
        let started = Instant::now();
        let one = guess(&app.nobody(), &ada.email, "wrong").await;
        known.push(started.elapsed());
        let started = Instant::now();
        let other = guess(&app.nobody(), "nobody@example.org", "wrong").await;
        unknown.push(started.elapsed());
        assert_eq!((one.status, one.body), (other.status, other.body));
    }
    // The same work in each case; the times below only catch a gross difference, such a machine does other things too.
    assert_eq!(app.state.passwords.n_verified(), 40);
    let least = |times: &[Duration]| times.iter().min().expect("some").as_secs_f64();
    let ratio = least(&known) / least(&unknown);
    assert!((0.1..10.0).contains(&ratio), "known {known:?}, unknown {unknown:?}");
    // Canary: without the decoy an unknown address would be answered at once, and this figure would show it.
    let mut plain = Vec::new();
    for _ in 0..20 {
        let started = Instant::now();
        app.nobody().get("/api/auth/policy").await;
        plain.push(started.elapsed());
    }
    assert!(least(&plain) < least(&unknown) / 2.0, "the hash is what takes the time: {plain:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_logins_leaves_the_rest_quick() {
    let app = TestApp::with(|config| config.password_cost = PasswordCost::default()).await.expect("a server");
    let flood: Vec<_> = (0..30)
        .map(|n| {
            let nobody = app.nobody();
            tokio::spawn(async move { guess(&nobody, &format!("u{n}@example.org"), "wrong").await.status })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(20)).await;
    let started = Instant::now();
    assert_eq!(app.nobody().get("/api/auth/policy").await.status, StatusCode::OK);
    // Ten times the figure wanted, to catch queueing behind the hashes, not a busy machine.
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    for one in flood {
        one.await.expect("ended");
    }
}

#[tokio::test]
async fn one_person_cannot_ask_without_end() {
    let app = TestApp::new().await.expect("a server");
    let ada = app.administrator("Ada").await.expect("Ada");
    let bea = app.person("Bea", app::api::auth::Role::Engineer).await.expect("Bea");
    let mut last = StatusCode::OK;
    for _ in 0..2000 {
        last = ada.get("/api/auth/me").await.status;
        if last == StatusCode::TOO_MANY_REQUESTS {
            break;
        }
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(bea.get("/api/auth/me").await.status, StatusCode::OK, "others are not held up");
}
