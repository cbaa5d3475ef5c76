//! P19: scripts from elsewhere do not run.

use axum::http::StatusCode;
use serde_json::json;
use server::testing::{Answer, TestApp};

/// Strings that have run in somebody's page.
const STRINGS: [&str; 30] = [
    "<script>alert(1)</script>",
    "</title><script>alert(1)</script>",
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

/// What in `html` could run or fetch something that is not ours: handlers, scripts without nonce, foreign addresses. Reads tags
/// as browsers do, so that the same letters as text or within a quoted value are no finding.
fn dangers(html: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if let Some(comment) = rest.strip_prefix("!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
            continue;
        }
        if !rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
            continue;
        }
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '>' | '/')).unwrap_or(rest.len());
        let tag = rest[..end].to_lowercase();
        rest = &rest[end..];
        let mut attributes = Vec::new();
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
            if rest.is_empty() || rest.starts_with('>') {
                break;
            }
            let end =
                rest.find(|c: char| c.is_whitespace() || matches!(c, '>' | '/' | '=')).unwrap_or(rest.len()).max(1);
            let name = rest[..end].to_lowercase();
            rest = rest[end..].trim_start();
            let mut value = "";
            if let Some(after) = rest.strip_prefix('=') {
                let after = after.trim_start();
                (value, rest) = match after.chars().next() {
                    Some(quote @ ('"' | '\'')) => after[1..].split_once(quote).unwrap_or((after, "")),
                    _ => after.split_at(after.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(after.len())),
                };
            }
            attributes.push((name, value.to_lowercase()));
        }
        for (name, value) in &attributes {
            let leads = ["src", "href", "action", "formaction", "data", "content", "srcdoc"].contains(&name.as_str());
            let is_foreign = value.starts_with("javascript:") || value.contains("//evil.example");
            if name.starts_with("on") || leads && is_foreign {
                found.push(format!("<{tag} {name}={value}>"));
            }
        }
        let has_nonce = attributes.iter().any(|(name, _)| name == "nonce");
        if tag == "script" && !has_nonce
            || matches!(tag.as_str(), "iframe" | "object" | "embed" | "base" | "math" | "template")
        {
            found.push(format!("<{tag}>"));
        }
        // What is inside these is text until their own end.
        if ["script", "style", "title", "textarea"].contains(&tag.as_str()) {
            rest = rest.split_once(&format!("</{tag}")).map_or("", |(_, after)| after);
        }
    }
    found
}

#[test]
fn canary_what_runs_is_found() {
    for text in [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<iframe src=x>",
        "<a href=javascript:alert(1)>x</a>",
    ] {
        assert!(!dangers(&format!("<p>{text}</p>")).is_empty(), "{text}");
    }
    assert!(
        !dangers("<p title=\"\" onmouseover=\"alert(1)\">x</p>").is_empty(),
        "an attribute that got out of its quotes"
    );
    assert!(!dangers("<title></title><script>alert(1)</script></title>").is_empty(), "a title that was closed early");
    let escaped = "<p title=\"&quot; onmouseover=&quot;alert(1)\">\" onmouseover=\"alert(1)</p>";
    assert_eq!(dangers(escaped), Vec::<String>::new());
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
        for path in [
            "/".to_owned(),
            "/people".to_owned(),
            "/account".to_owned(),
            format!("/?search={encoded}"),
            format!("/{encoded}"),
            format!("/design/{}", card.id),
            format!("/project/{}", project.id),
        ] {
            let page = eve.get(&path).await;
            assert_eq!(dangers(&page.text()), Vec::<String>::new(), "{path} with {text}:\n{}", page.text());
        }
        // An API answer is never a page, whatever it holds.
        let list = eve.get("/api/designs").await;
        assert_eq!(list.headers.get("content-type").and_then(|v| v.to_str().ok()), Some("application/json"));
        assert_eq!(list.headers.get("x-content-type-options").and_then(|v| v.to_str().ok()), Some("nosniff"));
    }
    drop(ada);
}

#[tokio::test]
async fn every_page_carries_a_policy_with_a_fresh_nonce() {
    let app = TestApp::new().await.expect("a server");
    let (one, other) = (app.nobody().get("/login").await, app.nobody().get("/login").await);
    assert_eq!(one.status, StatusCode::OK, "{}", one.text());
    let policy_one = policy(&one);
    for part in [
        "default-src 'none'",
        "'wasm-unsafe-eval'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "report-uri /api/csp-report",
    ] {
        assert!(policy_one.contains(part), "{part} in {policy_one}");
    }
    let scripts = policy_one.split(';').find(|part| part.trim().starts_with("script-src")).expect("a rule for scripts");
    assert!(!scripts.contains("unsafe-inline") && !scripts.contains("'unsafe-eval'"), "{scripts}");
    let nonce =
        |policy: &str| policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).map(str::to_owned);
    let (a, b) = (nonce(&policy_one).expect("a nonce"), nonce(&policy(&other)).expect("a nonce"));
    assert!(a.len() >= 16 && a != b, "{a} {b}");
    let html = one.text();
    let n_scripts = html.matches("<script").count();
    assert!(n_scripts > 0);
    assert_eq!(
        html.matches(&format!("nonce=\"{a}\"")).count(),
        html.matches(" nonce=\"").count(),
        "one nonce per page"
    );
    for script in html.split("<script").skip(1) {
        let tag = script.split('>').next().expect("a tag");
        assert!(tag.contains("nonce="), "a script without nonce: {tag}");
    }
    assert_eq!(app.nobody().get("/no/such/page").await.status, StatusCode::NOT_FOUND);
    let api = app.nobody().get("/api/no/such/route").await;
    assert_eq!(api.problem().expect("a problem").code, "not_found");
}
