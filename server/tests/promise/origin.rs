//! P17: foreign pages can do nothing, and the cookie is one that browsers protect.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use server::testing::{ORIGIN, TestApp, Tester};

/// What a browser would send from a page that is not ours.
const FOREIGN: [&[(&str, &str)]; 5] = [
    &[("origin", "https://evil.example")],
    &[("origin", "http://evil.localhost:8080"), ("sec-fetch-site", "same-site")],
    &[("origin", "null")],
    &[("sec-fetch-site", "cross-site")],
    &[],
];

/// Sends as `tester` to `path` with `headers` and nothing else.
async fn forge(tester: &Tester, method: Method, path: &str, headers: &[(&str, &str)]) -> StatusCode {
    let cookie = tester.cookie.clone().expect("signed in");
    let mut request = Request::builder().method(method).uri(path).header(header::COOKIE, cookie);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    tester.carry(request.body(Body::from("{}"))).await.status
}

fn unsafe_routes() -> Vec<(Method, String)> {
    let json = serde_json::to_value(server::routes().into_openapi()).expect("a description");
    let mut routes = Vec::new();
    for (path, item) in json["paths"].as_object().expect("paths") {
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            if item.get(method.as_str().to_lowercase()).is_some() {
                routes.push((method, path.replace(['{', '}'], "")));
            }
        }
    }
    routes
}

#[tokio::test]
async fn foreign_pages_can_do_nothing() {
    let app = TestApp::new().await.expect("a server");
    let administrator = app.administrator("Ada").await.expect("an administrator");
    let routes = unsafe_routes();
    assert!(routes.len() > 20, "{}", routes.len());
    for (method, path) in &routes {
        for headers in FOREIGN {
            let status = forge(&administrator, method.clone(), path, headers).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{method} {path} {headers:?}");
        }
    }
    // The upgrade is a GET, and as dangerous.
    for headers in FOREIGN {
        let mut headers = headers.to_vec();
        headers.extend([("upgrade", "websocket"), ("connection", "upgrade")]);
        let status = forge(&administrator, Method::GET, "/api/designs/x/socket", &headers).await;
        assert!(matches!(status.as_u16(), 403 | 404), "{headers:?}: {status}");
        let status = forge(&administrator, Method::GET, "/api/auth/me", &headers).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{headers:?}");
    }
}

#[tokio::test]
async fn canary_our_own_page_is_not_refused() {
    let app = TestApp::new().await.expect("a server");
    let administrator = app.administrator("Ada").await.expect("an administrator");
    let ours = [("origin", ORIGIN), ("sec-fetch-site", "same-origin")];
    let status = forge(&administrator, Method::POST, "/api/auth/logout-all", &ours).await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn the_cookie_is_guarded_and_ends() {
    let app = TestApp::new().await.expect("a server");
    let ada = app.administrator("Ada").await.expect("an administrator");
    let login = serde_json::json!({"email": ada.email, "password": server::testing::PASSWORD});
    let answer = app.nobody().post("/api/auth/login", &login).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let set = answer.headers.get(header::SET_COOKIE).expect("a cookie").to_str().expect("text").to_owned();
    assert!(set.starts_with("__Host-"), "{set}");
    for part in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/"] {
        assert!(set.contains(part), "{set}");
    }
    assert!(!set.contains("Domain"), "{set}");
    let mut ada = ada.with_cookie_of(&answer);
    // Used every eleven hours it lives, until its thirtieth day.
    for _ in 0..65 {
        app.clock.advance(11 * server::clock::HOUR);
        assert_eq!(ada.get("/api/auth/me").await.status, StatusCode::OK);
    }
    app.clock.advance(server::clock::DAY);
    assert_eq!(ada.get("/api/auth/me").await.status, StatusCode::UNAUTHORIZED, "thirty days");
    ada.cookie = Some(app.session(&ada.id).await.expect("a session"));
    app.clock.advance(12 * server::clock::HOUR + 1);
    assert_eq!(ada.get("/api/auth/me").await.status, StatusCode::UNAUTHORIZED, "twelve hours unused");
}

#[tokio::test]
async fn a_planted_session_id_does_not_become_the_signed_in_one() {
    let app = TestApp::new().await.expect("a server");
    let (victim, attacker) = (app.administrator("Ada").await.expect("one"), app.stranger("Eve").await.expect("two"));
    let planted = Tester { cookie: attacker.cookie.clone(), ..victim.clone() };
    let login = serde_json::json!({"email": victim.email, "password": server::testing::PASSWORD});
    let answer = planted.post("/api/auth/login", &login).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(attacker.get("/api/auth/me").await.status, StatusCode::UNAUTHORIZED, "the planted id is dead");
    assert_ne!(planted.with_cookie_of(&answer).cookie, attacker.cookie);
}
