//! P19: scripts from elsewhere do not run.

use axum::http::StatusCode;
use serde_json::json;
use server::testing::{Answer, TestApp};

/// Strings that have run in somebody's page.
const STRINGS: [&str; 30] = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "\"><script>alert(1)</script>",
    "'><img src=x onerror=alert(1)>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg/onload=alert(1)//",
    "<body onload=alert(1)>",
    "<iframe src=javascript:alert(1)>",
    "<a href=javascript:alert(1)>x</a>",
    "javascript:alert(1)",
    "\" onmouseover=\"alert(1)",
    "' onfocus='alert(1)' autofocus='",
    "<input autofocus onfocus=alert(1)>",
    "<details open ontoggle=alert(1)>",
    "<video><source onerror=alert(1)>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<style>@import'//evil.example'</style>",
    "<link rel=stylesheet href=//evil.example>",
    "<meta http-equiv=refresh content=0;url=//evil.example>",
    "<base href=//evil.example>",
    "<object data=//evil.example>",
    "<embed src=//evil.example>",
    "<template><script>alert(1)</script></template>",
    "<!--<script>alert(1)//-->",
    "]]><script>alert(1)</script>",
    "{{constructor.constructor('alert(1)')()}}",
    "${alert(1)}",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<ScRiPt>alert(1)</sCrIpT>",
];

fn policy(answer: &Answer) -> String {
    answer.headers.get("content-security-policy").and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned()
}

/// Whether `html` carries `text` as markup rather than as text: raw, with a bracket or a quote that could close something.
fn runs(html: &str, text: &str) -> bool {
    text.contains(['<', '"']) && html.contains(text)
}

#[tokio::test]
async fn what_people_type_comes_back_as_text() {
    let app = TestApp::new().await.expect("a server");
    let ada = app.administrator("Ada").await.expect("Ada");
    for (n, text) in STRINGS.iter().enumerate() {
        // In every field that takes text from people.
        let email = format!("x{n}@example.org");
        let body = json!({"email": email, "name": text, "password": "a password for tests", "organisation": text});
        app.clock.advance(server::clock::MINUTE);
        let joined = app.nobody().post("/api/auth/signup", &body).await;
        assert_eq!(joined.status, StatusCode::OK, "{text}: {}", joined.text());
        let eve = app.nobody().with_cookie_of(&joined);
        let project = eve.post("/api/projects", json!({"name": text})).await;
        let project: app::api::organisation::Project = project.read().expect("a project");
        assert_eq!(project.name, *text, "kept as typed");
        let create = json!({"project": project.id, "name": text, "template": "empty"});
        let card: app::api::design::DesignCard = eve.post("/api/designs", &create).await.read().expect("a design");
        let share = eve.post(&format!("/api/designs/{}/shares", card.id), json!({"label": text, "days": 1})).await;
        assert_eq!(share.status, StatusCode::OK);
        let encoded = app::api::client::encode(text);
        for path in ["/".to_owned(), "/people".to_owned(), "/account".to_owned(), format!("/?search={encoded}"), format!("/{encoded}"), format!("/design/{}", card.id)] {
            let page = eve.get(&path).await;
            assert!(!runs(&page.text(), text), "{path} with {text}:\n{}", page.text());
        }
        // An API answer is never a page, whatever it holds.
        let list = eve.get("/api/designs").await;
        assert_eq!(list.headers.get("content-type").and_then(|v| v.to_str().ok()), Some("application/json"));
        assert_eq!(list.headers.get("x-content-type-options").and_then(|v| v.to_str().ok()), Some("nosniff"));
    }
    // Canary: the check sees a string that is not escaped.
    assert!(runs(&format!("<p>{}</p>", STRINGS[0]), STRINGS[0]));
    drop(ada);
}

#[tokio::test]
async fn every_page_carries_a_policy_with_a_fresh_nonce() {
    let app = TestApp::new().await.expect("a server");
    let (one, other) = (app.nobody().get("/login").await, app.nobody().get("/login").await);
    assert_eq!(one.status, StatusCode::OK, "{}", one.text());
    let policy_one = policy(&one);
    for part in ["default-src 'none'", "'wasm-unsafe-eval'", "frame-ancestors 'none'", "base-uri 'none'", "report-uri /api/csp-report"] {
        assert!(policy_one.contains(part), "{part} in {policy_one}");
    }
    let scripts = policy_one.split(';').find(|part| part.trim().starts_with("script-src")).expect("a rule for scripts");
    assert!(!scripts.contains("unsafe-inline") && !scripts.contains("'unsafe-eval'"), "{scripts}");
    let nonce = |policy: &str| policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).map(str::to_owned);
    let (a, b) = (nonce(&policy_one).expect("a nonce"), nonce(&policy(&other)).expect("a nonce"));
    assert!(a.len() >= 16 && a != b, "{a} {b}");
    let html = one.text();
    let n_scripts = html.matches("<script").count();
    assert!(n_scripts > 0);
    assert_eq!(html.matches(&format!("nonce=\"{a}\"")).count(), html.matches(" nonce=\"").count(), "one nonce per page");
    for script in html.split("<script").skip(1) {
        let tag = script.split('>').next().expect("a tag");
        assert!(tag.contains("nonce="), "a script without nonce: {tag}");
    }
    assert_eq!(app.nobody().get("/no/such/page").await.status, StatusCode::NOT_FOUND);
    let api = app.nobody().get("/api/no/such/route").await;
    assert_eq!(api.problem().expect("a problem").code, "not_found");
}
