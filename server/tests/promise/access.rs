//! P15: no one reaches another's object. Every route × fourteen actors, from the route table itself.

use super::access_stream::is_stream;
use super::figure::png;
use super::requirement::{plate, run, weighs};
use app::api::auth::{Role, Session, Token};
use app::api::comment::Comment;
use app::api::figure::Figure;
use axum::Json;
use axum::extract::Path;
use axum::http::{Method, StatusCode};
use server::auth::{Action, Actor, Object, can};
use server::testing::{Answer, Result, TestApp, Tester};
use server::{Error, State};
use solver::study::outcome::Grade;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The actors, least powerful first, so that what one changes does not decide about the next.
pub(super) const ACTORS: [&str; 14] = [
    "nobody",
    "ended",
    "worker",
    "guest",
    // Holds a link whose password they have not given.
    "locked",
    // An engineer of the project without the second factor that is asked of everyone.
    "unenrolled",
    "stranger",
    "outsider",
    // Manages the project, and is no member of the compartment that the design is in.
    "uninformed",
    "viewer",
    "reviewer",
    "engineer",
    "owner",
    "administrator",
];

/// What a rule expects of each actor, in that order: `+` is let in, `u` 401, `f` 403, `n` 404.
#[derive(Clone, Copy)]
pub(super) struct Row {
    pub(super) route: &'static str,
    pub(super) expected: &'static str,
    body: &'static str,
}

pub(super) const fn row(route: &'static str, expected: &'static str) -> Row {
    Row { route, expected, body: "{}" }
}

const fn with(route: &'static str, expected: &'static str, body: &'static str) -> Row {
    Row { route, expected, body }
}

const PUBLIC: &str = "++++++++++++++";
const SELF: &str = "uuuuu+++++++++";
/// A session or a token of the engineer's; nobody else has one of that name.
const OWN: &str = "uuuuunnnnnn+nn";
/// The words of a comment, which are the engineer's.
const AUTHOR: &str = "uuuuufnnnff+ff";
pub(super) const MEMBER: &str = "uuuuuf++++++++";
/// A view of the board that the engineer saved; nobody else in the organisation has one of that name.
const MEMBER_OWN: &str = "uuuuufnnnnn+nn";
const MEMBER_ENGINEER: &str = "uuuuuf+++ff+++";
const MEMBER_OWNER: &str = "uuuuuf+ffffff+";
const MEMBER_OWNER_OF: &str = "uuuuufnffffff+";
const IN_PROJECT: &str = "uuuuufnn++++++";
const CREATE_IN: &str = "uuuuufnn+ff+++";
const MANAGE_PROJECT: &str = "uuuuufnn+fff++";
/// Of a design in a compartment: no role opens it.
pub(super) const SEE: &str = "uuuuufnnn+++++";
const EDIT: &str = "uuuuufnnnff+++";
const COMMENT: &str = "uuuuufnnnf++++";
const MANAGE: &str = "uuuuufnnnfff++";
/// What the link does not allow, though it could.
const GUEST_LOOKS: &str = "nnnfunnnnnnnnn";
pub(super) const GUEST: &str = "nnn+unnnnnnnnn";
/// Where a link that opens with a password opens.
const GUEST_DOOR: &str = "nnn++nnnnnnnnn";
const WORK: &str = "uu+uufuuuuuuuu";

const ROWS: &[Row] = &[
    row("GET /api/openapi.json", PUBLIC),
    row("GET /api/docs", PUBLIC),
    row("POST /api/csp-report", PUBLIC),
    row("GET /api/auth/policy", PUBLIC),
    row("POST /api/auth/signup", PUBLIC),
    row("POST /api/auth/login", PUBLIC),
    row("POST /api/auth/reset", PUBLIC),
    row("GET /api/auth/me", SELF),
    row("POST /api/auth/logout", SELF),
    row("POST /api/auth/logout-all", SELF),
    row("POST /api/auth/password", SELF),
    row("GET /api/auth/factor", SELF),
    with("POST /api/auth/factor", SELF, r#"{"password":"x"}"#),
    with("POST /api/auth/factor/confirm", SELF, r#"{"code":"x"}"#),
    with("POST /api/auth/factor/recovery", SELF, r#"{"password":"x","code":"x"}"#),
    with("POST /api/auth/factor/remove", SELF, r#"{"password":"x","code":"x"}"#),
    row("DELETE /api/organisation/members/{user}/factor", MEMBER_OWNER_OF),
    row("GET /api/auth/sessions", SELF),
    row("DELETE /api/auth/sessions/{id}", OWN),
    row("GET /api/auth/tokens", SELF),
    with("POST /api/auth/tokens", SELF, r#"{"name":"x","scopes":[],"days":1}"#),
    row("DELETE /api/auth/tokens/{id}", OWN),
    row("GET /api/organisation", MEMBER),
    row("PATCH /api/organisation", MEMBER_OWNER),
    row("GET /api/organisation/members", MEMBER),
    row("PATCH /api/organisation/members/{user}", MEMBER_OWNER_OF),
    row("POST /api/organisation/members/{user}/reset", MEMBER_OWNER_OF),
    row("GET /api/organisation/invitations", MEMBER_OWNER),
    row("POST /api/organisation/invitations", MEMBER_OWNER),
    row("DELETE /api/organisation/invitations/{id}", MEMBER_OWNER_OF),
    row("GET /api/board", MEMBER),
    row("GET /api/board/{design}", SEE),
    row("GET /api/board/views", MEMBER),
    with("POST /api/board/views", MEMBER, r#"{"name":"x","look":{}}"#),
    row("DELETE /api/board/views/{id}", MEMBER_OWN),
    row("GET /api/audit", MEMBER_OWNER),
    row("GET /api/audit/check", MEMBER_OWNER),
    row("GET /api/audit/export/{form}", MEMBER_OWNER),
    row("GET /api/projects", MEMBER),
    row("POST /api/projects", MEMBER_ENGINEER),
    row("PATCH /api/projects/{id}", MANAGE_PROJECT),
    row("GET /api/projects/{id}/members", IN_PROJECT),
    with("PUT /api/projects/{id}/members/{user}", MANAGE_PROJECT, r#"{"role":"viewer"}"#),
    row("DELETE /api/projects/{id}/members/{user}", MANAGE_PROJECT),
    // Groups. One of another organisation is not there.
    row("GET /api/organisation/groups", MEMBER),
    with("POST /api/organisation/groups", MEMBER_OWNER, r#"{"name":"x"}"#),
    with("PATCH /api/organisation/groups/{id}", MEMBER_OWNER_OF, r#"{"name":"x"}"#),
    row("DELETE /api/organisation/groups/{id}", MEMBER_OWNER_OF),
    row("PUT /api/organisation/groups/{id}/people/{user}", MEMBER_OWNER_OF),
    row("DELETE /api/organisation/groups/{id}/people/{user}", MEMBER_OWNER_OF),
    row("GET /api/projects/{id}/groups", IN_PROJECT),
    with("PUT /api/projects/{id}/groups/{group}", MANAGE_PROJECT, r#"{"role":"viewer"}"#),
    row("DELETE /api/projects/{id}/groups/{group}", MANAGE_PROJECT),
    // Compartments: whoever manages the project's members manages theirs, and sees nothing in them for that.
    row("GET /api/projects/{id}/compartments", IN_PROJECT),
    with("POST /api/projects/{id}/compartments", MANAGE_PROJECT, r#"{"name":"x"}"#),
    with("PATCH /api/projects/{id}/compartments/{compartment}", MANAGE_PROJECT, r#"{"name":"x"}"#),
    row("DELETE /api/projects/{id}/compartments/{compartment}", MANAGE_PROJECT),
    row("PUT /api/projects/{id}/compartments/{compartment}/people/{user}", MANAGE_PROJECT),
    row("DELETE /api/projects/{id}/compartments/{compartment}/people/{user}", MANAGE_PROJECT),
    row("PUT /api/projects/{id}/compartments/{compartment}/groups/{group}", MANAGE_PROJECT),
    row("DELETE /api/projects/{id}/compartments/{compartment}/groups/{group}", MANAGE_PROJECT),
    with("PUT /api/designs/{id}/compartment", EDIT, r#"{"compartment":"COMPARTMENT"}"#),
    row("DELETE /api/designs/{id}/compartment", EDIT),
    row("GET /api/designs", MEMBER),
    with("POST /api/designs", CREATE_IN, r#"{"project":"PROJECT","name":"x","template":"empty"}"#),
    row("GET /api/designs/{id}", SEE),
    row("PATCH /api/designs/{id}", EDIT),
    row("DELETE /api/designs/{id}", MANAGE),
    row("POST /api/designs/{id}/duplicate", EDIT),
    row("POST /api/designs/{id}/files", EDIT),
    row("GET /api/designs/{id}/files/{hash}", SEE),
    row("POST /api/designs/{id}/files/{hash}/deck", EDIT),
    row("GET /api/designs/{id}/thumbnail", SEE),
    row("GET /api/designs/{id}/scene", SEE),
    row("GET /api/designs/{id}/export/{form}", SEE),
    row("GET /api/designs/{id}/shares", EDIT),
    row("POST /api/designs/{id}/shares", EDIT),
    row("DELETE /api/shares/{id}", EDIT),
    row("GET /api/shares/{id}/views", EDIT),
    row("GET /api/share/{token}", GUEST),
    // Whoever holds no link hears that there is none, whatever they say.
    with("POST /api/share/{token}/unlock", GUEST_DOOR, r#"{"password":"x"}"#),
    row("GET /api/share/{token}/export/{form}", GUEST_LOOKS),
    row("GET /api/share/{token}/comments", GUEST_LOOKS),
    with("POST /api/share/{token}/comments", GUEST_LOOKS, r#"{"name":"x","text":"x"}"#),
    row("GET /api/share/{token}/scene", GUEST),
    // The document and its log.
    row("GET /api/designs/{id}/document", SEE),
    row("GET /api/designs/{id}/log", SEE),
    row("POST /api/designs/{id}/commands", EDIT),
    // Its past. What is merged from elsewhere must be seen too: without one there is nothing.
    row("GET /api/designs/{id}/history", SEE),
    row("GET /api/designs/{id}/versions", SEE),
    with("POST /api/designs/{id}/versions", EDIT, r#"{"name":"x"}"#),
    row("GET /api/designs/{id}/compare", SEE),
    row("GET /api/designs/{id}/branches", SEE),
    with("POST /api/designs/{id}/branches", EDIT, r#"{"name":"x"}"#),
    with("POST /api/designs/{id}/merge/preview", SEE, r#"{"from":"DESIGN"}"#),
    with("POST /api/designs/{id}/merge", EDIT, r#"{"from":"DESIGN"}"#),
    with("POST /api/designs/{id}/restore", EDIT, r#"{"sequence":0}"#),
    // Releases. Whoever may not see a design knows of none; who may only look decides nothing.
    row("GET /api/designs/{id}/releases", SEE),
    row("POST /api/designs/{id}/releases", EDIT),
    row("GET /api/releases/{id}", SEE),
    row("PATCH /api/releases/{id}", EDIT),
    row("POST /api/releases/{id}/submit", EDIT),
    with("POST /api/releases/{id}/decide", COMMENT, r#"{"decision":"approve"}"#),
    with("POST /api/releases/{id}/return", EDIT, r#"{"reason":"x"}"#),
    with("POST /api/releases/{id}/withdraw", EDIT, r#"{"reason":"x"}"#),
    // The release is there; it keeps nothing of that name.
    row("GET /api/releases/{id}/artefacts/{hash}", "uuuuufnnnnnnnn"),
    // Runs: one that has ended is neither stopped nor laid aside, and whoever may not is told so first.
    row("POST /api/designs/{id}/runs", EDIT),
    row("POST /api/designs/{id}/preflight", SEE),
    row("GET /api/designs/{id}/requirements", SEE),
    row("GET /api/designs/{id}/comments", SEE),
    with("POST /api/designs/{id}/comments", COMMENT, r#"{"text":"Is this edge broken?"}"#),
    row("GET /api/designs/{id}/people", COMMENT),
    with("PATCH /api/comments/{id}", COMMENT, r#"{"resolved":true}"#),
    with("PATCH /api/comments/{id}", AUTHOR, r#"{"text":"Never mind."}"#),
    row("DELETE /api/comments/{id}", AUTHOR),
    row("GET /api/notifications", SELF),
    with("POST /api/notifications/seen", SELF, r#"{"until":0}"#),
    row("GET /api/runs", MEMBER),
    row("GET /api/runs/{id}", SEE),
    row("POST /api/runs/{id}/cancel", EDIT),
    row("POST /api/runs/{id}/pause", EDIT),
    row("POST /api/runs/{id}/resume", EDIT),
    row("POST /api/runs/{id}/finish", EDIT),
    row("GET /api/runs/{id}/artefacts/{kind}", SEE),
    row("GET /api/runs/{id}/numbers", SEE),
    row("GET /api/runs/{id}/export/{form}", SEE),
    row("GET /api/runs/{id}/figures", SEE),
    row("POST /api/runs/{id}/figures", EDIT),
    row("GET /api/runs/{id}/figures/{figure}", SEE),
    row("DELETE /api/runs/{id}/figures/{figure}", EDIT),
    row("GET /api/workers", MEMBER),
    row("POST /api/worker/claim", WORK),
    row("POST /api/worker/heartbeat", WORK),
    row("POST /api/worker/report", WORK),
    row("POST /api/worker/publish", WORK),
    row("POST /api/worker/end", WORK),
    row("POST /api/worker/checkpoint", WORK),
    row("PUT /api/worker/partials/{level}", WORK),
    row("PUT /api/worker/artefacts/{hash}", WORK),
    row("GET /api/worker/files/{hash}", WORK),
];

pub(super) struct World {
    pub(super) app: TestApp,
    pub(super) people: Vec<(Tester, &'static str)>,
    project: String,
    pub(super) design: String,
    share: String,
    token: String,
    /// That of a link with a password.
    locked: String,
    /// A colleague whom rows act upon.
    target: String,
    invitation: String,
    /// The engineer is in it.
    group: String,
    /// The design is in it; its members are all who have a role in the project but one, the engineer through the group.
    compartment: String,
    /// A draft.
    release: String,
    hash: String,
    /// A finished run of the design; only where the row is about one, as it takes its time.
    run: Option<String>,
    /// Captured for its report.
    figure: Option<String>,
    /// Said by the engineer, and answered.
    comment: String,
    /// Of the board, saved by the engineer.
    view: String,
    /// Of the engineer, on another device.
    session: String,
    /// Of the engineer.
    program: String,
}

/// A world for one row. A machine under load may be too slow to build it; then it is built anew.
pub(super) async fn world(route: &str) -> Result<World> {
    for _ in 0..4 {
        if let Ok(world) = build(route).await {
            return Ok(world);
        }
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
    build(route).await
}

async fn build(route: &str) -> Result<World> {
    let app = TestApp::new().await?;
    let administrator = app.administrator("Administrator").await?;
    let owner = app.person("Owner", Role::Engineer).await?;
    let engineer = app.person("Engineer", Role::Engineer).await?;
    let viewer = app.person("Viewer", Role::Viewer).await?;
    let reviewer = app.person("Reviewer", Role::Reviewer).await?;
    let outsider = app.person("Outsider", Role::Engineer).await?;
    let uninformed = app.person("Uninformed", Role::Engineer).await?;
    let stranger = app.stranger("Stranger").await?;
    let target = app.person("Target", Role::Engineer).await?.id;
    let project = app.project("Frame").await?;
    app.join(&project, &owner, Role::Owner).await?;
    app.join(&project, &uninformed, Role::Owner).await?;
    app.join(&project, &engineer, Role::Engineer).await?;
    app.join(&project, &viewer, Role::Viewer).await?;
    app.join(&project, &reviewer, Role::Reviewer).await?;
    let design = app.design(&project, &owner, &plate()).await?;
    let (share, token) = app.share(&design, &owner).await?;
    let (behind, locked) = app.share(&design, &owner).await?;
    let password = app.state.passwords.hash("granite under the bridge").await?;
    let unenrolled = app.person("Unenrolled", Role::Engineer).await?;
    app.join(&project, &unenrolled, Role::Engineer).await?;
    let uploaded =
        owner.send(Method::POST, &format!("/api/designs/{design}/files?name=a.stl"), b"solid".to_vec()).await;
    let hash = uploaded.read::<app::api::design::StoredFile>()?.hash;
    let drafted = owner.post(&format!("/api/designs/{design}/releases"), serde_json::json!({"note": "First"})).await;
    let release = drafted.read::<app::api::release::Release>()?.id;
    let run = match route.contains("/api/runs/{id}") {
        true => {
            app.state.jobs.start(&app.state).await?;
            Some(run(&app, &owner, &design, &weighs(0.6, 0.01, Grade::Verified)).await.id)
        }
        false => None,
    };
    let figure = match &run {
        Some(run) if route.ends_with("{figure}") => {
            let path = format!("/api/runs/{run}/figures?sequence=0");
            Some(owner.send(Method::POST, &path, png(1)).await.read::<Figure>()?.id)
        }
        _ => None,
    };
    let comments = format!("/api/designs/{design}/comments");
    let comment = engineer.post(&comments, serde_json::json!({"text": "Why so thick?"})).await.read::<Comment>()?.id;
    let answer = serde_json::json!({"text": "It was thinner once.", "thread": comment});
    owner.post(&comments, answer).await.read::<Comment>()?;
    let view = engineer.post("/api/board/views", serde_json::json!({"name": "Mine", "look": {}})).await;
    let view = view.read::<app::api::view::View>()?.id;
    app.session(&engineer.id).await?;
    let sessions: Vec<Session> = engineer.get("/api/auth/sessions").await.read()?;
    let session = sessions.into_iter().find(|s| !s.current).ok_or(anyhow::anyhow!("no second session"))?.id;
    let program = engineer
        .post("/api/auth/tokens", serde_json::json!({"name": "CI", "scopes": [], "days": 1}))
        .await
        .read::<Token>()?
        .id;
    let invited =
        administrator.post("/api/organisation/invitations", serde_json::json!({"role":"viewer","days":1})).await;
    let invitation = invited.read::<app::api::organisation::Invitation>()?.id;
    let group = app.group("Turbine", &[&engineer]).await?;
    let compartment = app.compartment(&project, "Blade", &[&viewer, &reviewer, &owner, &administrator]).await?;
    let mut write = app.state.db.write().await?;
    sqlx::query("INSERT INTO compartment_group (compartment, people_group) VALUES ($1, $2)")
        .bind(&compartment)
        .bind(&group)
        .execute(&mut *write)
        .await?;
    sqlx::query("INSERT INTO compartment_design (compartment, design) VALUES ($1, $2)")
        .bind(&compartment)
        .bind(&design)
        .execute(&mut *write)
        .await?;
    sqlx::query("UPDATE share SET password = $2 WHERE id = $1")
        .bind(&behind)
        .bind(password)
        .execute(&mut *write)
        .await?;
    sqlx::query(
        "INSERT INTO factor (person, secret, created, confirmed) SELECT id, 'A', 0, 0 FROM person WHERE id <> $1",
    )
    .bind(&unenrolled.id)
    .execute(&mut *write)
    .await?;
    sqlx::query("INSERT INTO setting (key, value) VALUES ('factor_required', '1')").execute(&mut *write).await?;
    write.commit().await?;
    let ended =
        Tester { cookie: Some(format!("{}=AAAAAAAAAAAAAAAAAAAAAA", server::auth::session::COOKIE)), ..app.nobody() };
    let people = vec![
        (app.nobody(), "nobody"),
        (ended, "ended"),
        (app.worker()?, "worker"),
        (app.nobody(), "guest"),
        (app.nobody(), "locked"),
        (unenrolled, "unenrolled"),
        (stranger, "stranger"),
        (outsider, "outsider"),
        (uninformed, "uninformed"),
        (viewer, "viewer"),
        (reviewer, "reviewer"),
        (engineer, "engineer"),
        (owner, "owner"),
        (administrator, "administrator"),
    ];
    assert_eq!(people.iter().map(|(_, name)| *name).collect::<Vec<_>>(), ACTORS);
    let world = World {
        app,
        people,
        project,
        design,
        share,
        token,
        locked,
        target,
        invitation,
        group,
        compartment,
        release,
        hash,
        run,
        figure,
        comment,
        view,
        session,
        program,
    };
    Ok(world)
}

impl World {
    /// The route's path with this world's objects, as `actor` would ask for it.
    pub(super) fn path(&self, template: &str, actor: &str) -> String {
        let id = match template {
            t if t.starts_with("/api/projects/") => &self.project,
            t if t.starts_with("/api/shares/") => &self.share,
            t if t.starts_with("/api/organisation/invitations/") => &self.invitation,
            t if t.starts_with("/api/organisation/groups/") => &self.group,
            t if t.starts_with("/api/releases/") => &self.release,
            t if t.starts_with("/api/designs/") => &self.design,
            t if t.starts_with("/api/runs/") => self.run.as_deref().unwrap_or("nosuch"),
            t if t.starts_with("/api/comments/") => &self.comment,
            t if t.starts_with("/api/board/views/") => &self.view,
            t if t.starts_with("/api/auth/sessions/") => &self.session,
            t if t.starts_with("/api/auth/tokens/") => &self.program,
            // A name that stands for nothing would hide whatever its handler forgets.
            t => {
                assert!(!t.contains("{id}"), "{t}: what does its id name in this world?");
                ""
            }
        };
        // Only these two hold a link.
        let token = match actor {
            "guest" => self.token.as_str(),
            "locked" => self.locked.as_str(),
            _ => "guessed",
        };
        let form = match template {
            t if t.starts_with("/api/share/") => "stl",
            t if t.starts_with("/api/runs/") => "values",
            _ => "csv",
        };
        let path = template
            .replace("{id}", id)
            .replace("{user}", &self.target)
            .replace("{group}", &self.group)
            .replace("{compartment}", &self.compartment)
            .replace("{design}", &self.design)
            .replace("{figure}", self.figure.as_deref().unwrap_or("nosuch"))
            .replace("{hash}", &self.hash);
        let path =
            path.replace("{token}", token).replace("{kind}", "surface").replace("{form}", form).replace("{level}", "0");
        if path.ends_with("/files") { format!("{path}?name=b.stl") } else { path }
    }

    /// What `route` does that `expected` does not say.
    async fn check(&self, row: &Row) -> Result<Vec<String>> {
        let (method, template) = row.route.split_once(' ').expect("a method and a path");
        let method = Method::from_bytes(method.as_bytes())?;
        let mut wrong = Vec::new();
        for ((tester, name), expected) in self.people.iter().zip(row.expected.chars()) {
            let mut tester = tester.clone();
            if !tester.id.is_empty() {
                // A row may sign its actor out; the next one begins with a fresh session.
                tester.cookie = Some(self.app.session(&tester.id).await?);
            }
            let path = self.path(template, name);
            let body = row.body.replace("PROJECT", &self.project).replace("DESIGN", &self.design);
            let body = body.replace("COMPARTMENT", &self.compartment);
            let answer = patiently(&tester, &method, &path, body.as_bytes()).await;
            if !is_right(expected, answer.status) {
                wrong.push(format!(
                    "{} as {name}: wanted {expected}, got {} {}",
                    row.route,
                    answer.status,
                    answer.text()
                ));
            }
        }
        Ok(wrong)
    }
}

/// Whether an answer of `status` is what a letter of [`Row::expected`] says.
pub(super) fn is_right(expected: char, status: StatusCode) -> bool {
    match expected {
        'u' => status == StatusCode::UNAUTHORIZED,
        'f' => status == StatusCode::FORBIDDEN,
        'n' => status == StatusCode::NOT_FOUND,
        _ => !matches!(status.as_u16(), 401 | 403 | 404 | 405 | 500..),
    }
}

/// Asks again while the server says that it is busy: that is about the machine, not about rights, and is no answer that
/// any row expects.
async fn patiently(tester: &Tester, method: &Method, path: &str, body: &[u8]) -> Answer {
    for _ in 0..20 {
        let answer = tester.send(method.clone(), path, body.to_vec()).await;
        if answer.status != StatusCode::SERVICE_UNAVAILABLE {
            return answer;
        }
        tokio::time::sleep(std::time::Duration::from_millis(250)).await;
    }
    tester.send(method.clone(), path, body.to_vec()).await
}

/// Every route of `routes`, as `METHOD path`.
pub(super) fn table(routes: OpenApiRouter<State>) -> Vec<String> {
    let openapi = routes.into_openapi();
    let json = serde_json::to_value(&openapi).expect("a description");
    let mut table = Vec::new();
    for (path, item) in json["paths"].as_object().into_iter().flatten() {
        for method in ["get", "post", "put", "patch", "delete"] {
            if item.get(method).is_some() {
                table.push(format!("{} {path}", method.to_uppercase()));
            }
        }
    }
    table
}

fn without_row(table: &[String]) -> Vec<&String> {
    let has_row = |route: &&String| ROWS.iter().any(|row| row.route == **route) || is_stream(route);
    table.iter().filter(|route| !has_row(route)).collect()
}

#[tokio::test]
async fn every_route_lets_in_exactly_whom_it_should() {
    let table = table(server::routes());
    assert!(table.len() > 40, "the route table is read: {}", table.len());
    assert_eq!(without_row(&table), Vec::<&String>::new(), "routes without a row in the matrix");
    let mut wrong = Vec::new();
    for row in ROWS.iter().filter(|row| table.iter().any(|route| route == row.route)) {
        let world = world(row.route).await.expect("a world");
        wrong.extend(world.check(row).await.expect("a checked row"));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A handler that forgets to ask.
#[utoipa::path(get, path = "/api/designs/{id}/forgetful", responses((status = 200)))]
async fn forgetful() -> Json<&'static str> {
    Json("everything")
}

/// A handler that asks about the wrong thing.
#[utoipa::path(get, path = "/api/designs/{id}/careless", responses((status = 200)))]
async fn careless(state: State, actor: Actor) -> std::result::Result<Json<&'static str>, Error> {
    can(&state, &actor, Action::See, Object::Public).await?;
    Ok(Json("everything"))
}

/// A handler of a run's that asks about the wrong thing: whoever is in any organisation may see all that there are.
#[utoipa::path(get, path = "/api/runs/{id}/careless", responses((status = 200)))]
async fn careless_of_runs(
    state: State,
    actor: Actor,
    Path(id): Path<String>,
) -> std::result::Result<Json<String>, Error> {
    can(&state, &actor, Action::See, Object::Organisation).await?;
    let found: Option<String> =
        sqlx::query_scalar("SELECT study FROM run WHERE id = $1").bind(id).fetch_optional(state.db.reader()).await?;
    found.map(Json).ok_or(Error::NotFound("run"))
}

#[tokio::test]
async fn canary_handlers_that_forget_are_caught() {
    let routes = || {
        let routes = server::routes().routes(routes!(forgetful));
        routes.routes(routes!(careless)).routes(routes!(careless_of_runs))
    };
    let table = table(routes());
    assert_eq!(without_row(&table).len(), 3, "new routes are missed in the matrix");
    let mut world = world("GET /api/runs/{id}/careless").await.expect("a world");
    let router = server::assemble(world.app.state.clone(), routes());
    for (tester, _) in &mut world.people {
        tester.router = router.clone();
    }
    // Forgetting altogether: the gate gives nothing to anyone, not even to those who might have it.
    for (tester, name) in &world.people {
        let answer = tester.get(&format!("/api/designs/{}/forgetful", world.design)).await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR, "{name}");
        assert!(!answer.text().contains("everything"), "{name}");
    }
    // Asking the wrong question: the matrix sees it.
    let wrong = world.check(&row("GET /api/designs/{id}/careless", SEE)).await.expect("checked");
    assert!(wrong.len() >= 6, "{wrong:?}");
    let wrong = world.check(&row("GET /api/runs/{id}/careless", SEE)).await.expect("checked");
    assert_eq!(wrong.len(), 3, "the stranger, the outsider and the uninformed get it: {wrong:?}");
}
