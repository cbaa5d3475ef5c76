//! Compartments: what is in one, nobody learns who is not a member: not from a list, not from a search, not from a page, not from
//! the audit log, whatever role they hold.

use super::access::table;
use super::access_stream::is_stream;
use super::requirement::{World, weighs};
use app::api::Page;
use app::api::audit::AuditEntry;
use app::api::auth::{Role, Token};
use app::api::board::Board;
use app::api::comment::{Comment, Notification, Person};
use app::api::design::DesignCard;
use app::api::group::{Compartment, Named};
use app::api::history::Branches;
use app::api::organisation::Project;
use app::api::release::{Release, Releases};
use app::api::run::Run;
use app::api::share::Share;
use axum::Json;
use axum::http::StatusCode;
use serde_json::json;
use server::auth::{Action, Actor, Object, can};
use server::testing::{TestApp, Tester};
use server::{Error, State, retention};
use solver::study::outcome::Grade;
use sqlx::Row as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Stands in every name and text of the design, and nowhere else.
const SECRET: &str = "narwhal";

/// Ada administers the installation, Mia manages the project: neither is a member. Ben is, through a group.
struct Yard {
    world: World,
    project: String,
    mia: Tester,
    ben: Tester,
    group: String,
    compartment: String,
    share: Share,
    run: Run,
    release: Release,
    /// A branch of the design, as secret as it is.
    branch: String,
}

impl Yard {
    /// A design with all that can be said about one, seen by everyone in the project.
    async fn open() -> Self {
        let world = World::new().await;
        let (app, ada, design) = (&world.app, &world.ada, &world.design);
        let card: DesignCard = ada.get(&format!("/api/designs/{design}")).await.read().expect("a card");
        let mia = app.person("Mia", Role::Engineer).await.expect("Mia");
        let ben = app.person("Ben", Role::Engineer).await.expect("Ben");
        app.join(&card.project, &mia, Role::Owner).await.expect("joined");
        app.join(&card.project, &ben, Role::Engineer).await.expect("joined");
        let group = app.group("Turbine", &[&ben]).await.expect("a group");
        let compartment = app.compartment(&card.project, "Blade", &[]).await.expect("a compartment");
        let put = format!("/api/projects/{}/compartments/{compartment}/groups/{group}", card.project);
        assert_eq!(mia.put(&put, json!({})).await.status, StatusCode::OK);
        let path = format!("/api/designs/{design}");
        let done = ada.patch(&path, json!({"name": format!("The {SECRET}")})).await;
        assert_eq!(done.status, StatusCode::OK, "{}", done.text());
        let run = world.run(&weighs(0.6, 0.01, Grade::Verified)).await;
        let said = json!({"text": format!("How thick is the {SECRET}?"), "mentions": [mia.id, ben.id]});
        ada.post(&format!("{path}/comments"), said).await.read::<Comment>().expect("a comment");
        let said = json!({"text": format!("And the {SECRET}'s tail?"), "mentions": [ada.id]});
        ben.post(&format!("{path}/comments"), said).await.read::<Comment>().expect("a comment");
        let named = ada.post(&format!("{path}/versions"), json!({"name": format!("{SECRET} one")})).await;
        assert_eq!(named.status, StatusCode::OK, "{}", named.text());
        let share = ada.post(&format!("{path}/shares"), json!({"label": format!("{SECRET} link"), "days": 7})).await;
        let share: Share = share.read().expect("a link");
        let drafted = json!({"note": format!("{SECRET} goes out"), "approvers": [mia.id, ben.id]});
        let release: Release = ada.post(&format!("{path}/releases"), drafted).await.read().expect("a draft");
        let asked = ada.post(&format!("/api/releases/{}/submit", release.id), json!({})).await;
        assert_eq!(asked.status, StatusCode::OK, "{}", asked.text());
        let branch = ben.post(&format!("{path}/branches"), json!({"name": format!("{SECRET} branch")})).await;
        let branch = branch.read::<DesignCard>().expect("a branch").id;
        Self { project: card.project, mia, ben, group, compartment, share, run, release, branch, world }
    }

    /// The same, in the compartment.
    async fn closed() -> Self {
        let yard = Self::open().await;
        for design in [&yard.world.design, &yard.branch] {
            yard.put_in(&yard.ben, design).await;
        }
        yard
    }

    fn app(&self) -> &TestApp {
        &self.world.app
    }

    async fn put_in(&self, who: &Tester, design: &str) {
        let answer =
            who.put(&format!("/api/designs/{design}/compartment"), json!({"compartment": self.compartment})).await;
        let card: DesignCard = answer.read().expect("moved");
        assert_eq!(card.compartment.map(|c| c.name).as_deref(), Some("Blade"));
    }

    fn member(&self, kind: &str, id: &str) -> String {
        format!("/api/projects/{}/compartments/{}/{kind}/{id}", self.project, self.compartment)
    }

    /// What anyone can ask for, and which of the answers to `who` tell of the design.
    async fn told(&self, who: &Tester, routes: OpenApiRouter<State>) -> Vec<String> {
        let (design, project) = (&self.world.design, &self.project);
        let mut paths: Vec<String> = Vec::new();
        for route in table(routes) {
            let Some(template) = route.strip_prefix("GET ") else { continue };
            // Streams have no end, links and workers have doors of their own.
            let is_elsewhere = template.starts_with("/api/share/") || template.starts_with("/api/worker/");
            if is_stream(&route) || is_elsewhere {
                continue;
            }
            let id = match template.split('/').nth(2) {
                Some("projects") => project,
                Some("shares") => &self.share.id,
                Some("releases") => &self.release.id,
                Some("runs") => &self.run.id,
                _ => design,
            };
            let path = template.replace("{id}", id).replace("{design}", design).replace("{kind}", "surface");
            paths.push(path.replace("{form}", "csv").replace("{hash}", "0"));
        }
        paths.extend([
            format!("/api/designs?search={SECRET}"),
            format!("/api/designs?project={project}"),
            format!("/api/runs?design={design}"),
            format!("/api/audit?object={SECRET}"),
            format!("/api/audit/export/json?object={SECRET}"),
        ]);
        paths.extend(["/", "/board", "/runs", "/audit", "/people"].map(String::from));
        paths.extend([format!("/design/{design}"), format!("/board/{design}"), format!("/project/{project}")]);
        let mut told = Vec::new();
        for path in paths {
            let text = who.get(&path).await.text();
            // That something was done to the design with this id, the log tells; and whoever asks for an id has it.
            let is_known = path.contains("audit") || path.contains(design.as_str());
            if text.contains(SECRET) || (!is_known && (text.contains(design) || text.contains(&self.branch))) {
                told.push(path.replace(design, "DESIGN").replace(project, "PROJECT"));
            }
        }
        told
    }
}

/// Lists designs by their project only.
#[utoipa::path(get, path = "/api/careless", responses((status = 200)))]
async fn careless(state: State, actor: Actor) -> Result<Json<Vec<String>>, Error> {
    can(&state, &actor, Action::See, Object::Organisation).await?;
    let rows = sqlx::query(
        "SELECT design.name FROM design JOIN project ON project.id = design.project WHERE organisation = $1",
    )
    .bind(&actor.person()?.organisation)
    .fetch_all(state.db.reader())
    .await?;
    Ok(Json(rows.iter().map(|row| row.get(0)).collect()))
}

#[tokio::test]
async fn nobody_outside_learns_what_is_in_a_compartment() {
    let mut yard = Yard::closed().await;
    for who in [&yard.mia, &yard.world.ada] {
        assert_eq!(yard.told(who, server::routes()).await, Vec::<String>::new(), "{}", who.name);
    }
    // Its member goes on as before.
    let told = yard.told(&yard.ben, server::routes()).await;
    for path in ["/api/designs", "/api/board", "/api/notifications", "/api/runs"] {
        assert!(told.iter().any(|t| t == path), "{path} among {told:?}");
    }
    // Canary: a list without the condition is caught.
    let routes = || server::routes().routes(routes!(careless));
    let router = server::assemble(yard.app().state.clone(), routes());
    yard.mia.router = router;
    assert_eq!(yard.told(&yard.mia, routes()).await, ["/api/careless"]);
}

/// Of every list there is: that it would be seen if it told of the design, as it does while that is outside.
#[tokio::test]
async fn canary_every_list_that_tells_of_a_design_is_looked_at() {
    let yard = Yard::open().await;
    let told = yard.told(&yard.world.ada, server::routes()).await;
    for path in [
        "/api/designs",
        "/api/designs?search=narwhal",
        "/api/designs?project=PROJECT",
        "/api/designs/DESIGN",
        "/api/designs/DESIGN/branches",
        "/api/designs/DESIGN/comments",
        "/api/designs/DESIGN/releases",
        "/api/designs/DESIGN/shares",
        "/api/designs/DESIGN/versions",
        "/api/board",
        "/api/board/DESIGN",
        "/api/notifications",
        "/api/runs",
        "/api/runs?design=DESIGN",
        "/api/audit",
        "/api/audit?object=narwhal",
        "/api/audit/export/csv",
        "/api/audit/export/json?object=narwhal",
        "/",
        "/board",
        "/runs",
        "/audit",
    ] {
        assert!(told.iter().any(|t| t == path), "{path} among {told:?}");
    }
}

#[tokio::test]
async fn a_managers_role_shows_that_there_is_a_compartment_and_who_is_in_it() {
    let yard = Yard::closed().await;
    let path = format!("/api/projects/{}/compartments", yard.project);
    let seen: Vec<Compartment> = yard.mia.get(&path).await.read().expect("compartments");
    assert_eq!((seen.len(), seen[0].name.as_str(), seen[0].is_member), (1, "Blade", false));
    assert_eq!(seen[0].groups, [Named { id: yard.group.clone(), name: "Turbine".into() }]);
    let seen: Vec<Compartment> = yard.ben.get(&path).await.read().expect("compartments");
    assert!(seen.len() == 1 && seen[0].is_member, "{seen:?}");
    // Someone of the project without a part in it does not hear of it.
    let eve = yard.app().person("Eve", Role::Engineer).await.expect("Eve");
    yard.app().join(&yard.project, &eve, Role::Engineer).await.expect("joined");
    assert!(eve.get(&path).await.read::<Vec<Compartment>>().expect("none").is_empty());
    let designs: Vec<Project> = yard.mia.get("/api/projects").await.read().expect("projects");
    assert_eq!(designs[0].designs, 0, "nor are they counted");
    // A manager takes themselves in, and everyone can read that they did.
    assert_eq!(eve.put(&yard.member("people", &eve.id), json!({})).await.status, StatusCode::FORBIDDEN);
    assert_eq!(yard.mia.put(&yard.member("people", &yard.mia.id), json!({})).await.status, StatusCode::OK);
    let design = format!("/api/designs/{}", yard.world.design);
    assert_eq!(yard.mia.get(&design).await.status, StatusCode::OK);
    let log: Page<AuditEntry> = yard.world.ada.get("/api/audit?action=compartment.").await.read().expect("the log");
    let last = &log.items[0];
    assert_eq!((last.action.as_str(), last.detail.clone()), ("compartment.person", format!("person:{}", yard.mia.id)));
    assert_eq!((last.actor_name.as_deref(), last.object_name.as_deref()), (Some("Mia"), Some("Blade")));
    assert!(log.items.iter().any(|e| e.action == "compartment.put_in"), "{:?}", log.items);
    assert_eq!(yard.mia.delete(&yard.member("people", &yard.mia.id)).await.status, StatusCode::OK);
    assert_eq!(yard.mia.get(&design).await.status, StatusCode::NOT_FOUND);
}

/// The page asks nothing of its own: it offers what `PUT /api/projects/{id}/…` takes, to those from whom it takes it.
#[tokio::test]
async fn a_projects_page_is_open_to_those_who_decide_about_its_people() {
    let yard = Yard::open().await;
    let group = format!("/api/projects/{}/groups/{}", yard.project, yard.group);
    let sue = yard.app().stranger("Sue").await.expect("Sue");
    for (who, shown, status) in [
        (&yard.world.ada, "project-compartments", StatusCode::OK),
        (&yard.mia, "project-compartments", StatusCode::OK),
        (&yard.ben, "not-managed", StatusCode::FORBIDDEN),
        (&sue, "no-project", StatusCode::NOT_FOUND),
    ] {
        let page = who.get(&format!("/project/{}", yard.project)).await.text();
        for part in ["project-compartments", "not-managed", "no-project"] {
            let is_there = page.contains(&format!("data-testid=\"{part}\""));
            assert_eq!(is_there, part == shown, "{part} for {}: {page}", who.name);
        }
        assert_eq!(who.put(&group, json!({"role": "viewer"})).await.status, status, "{}", who.name);
    }
}

#[tokio::test]
async fn a_member_may_do_what_their_role_allows_and_no_more() {
    let yard = Yard::closed().await;
    let vi = yard.app().person("Vi", Role::Engineer).await.expect("Vi");
    let design = format!("/api/designs/{}", yard.world.design);
    assert_eq!(yard.mia.put(&yard.member("people", &vi.id), json!({})).await.status, StatusCode::OK);
    assert_eq!(vi.get(&design).await.status, StatusCode::NOT_FOUND, "no role in the project");
    yard.app().join(&yard.project, &vi, Role::Viewer).await.expect("joined");
    assert_eq!(vi.get(&design).await.status, StatusCode::OK);
    assert_eq!(vi.delete(&format!("{design}/compartment")).await.status, StatusCode::FORBIDDEN);
    assert_eq!(vi.patch(&design, json!({"name": "x"})).await.status, StatusCode::FORBIDDEN);
    // Nor may a member decide who else is one.
    assert_eq!(yard.ben.put(&yard.member("people", &yard.mia.id), json!({})).await.status, StatusCode::FORBIDDEN);
    // Only members are there to be mentioned, and to approve.
    let people: Vec<Person> = yard.ben.get(&format!("{design}/people")).await.read().expect("people");
    assert_eq!(people.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["Ben", "Vi"]);
    let found: Releases = yard.ben.get(&format!("{design}/releases")).await.read().expect("releases");
    assert!(found.approvers.iter().all(|p| p.name != "Mia" && p.name != "Ada"), "{:?}", found.approvers);
    // A token is its person, also here.
    let token = |who: Tester| async move {
        let made = who.post("/api/auth/tokens", json!({"name": "CI", "scopes": ["edit"], "days": 7})).await;
        made.read::<Token>().expect("a token").secret
    };
    for (who, wanted) in [(&yard.mia, StatusCode::NOT_FOUND), (&yard.ben, StatusCode::OK)] {
        let program = Tester { bearer: token(who.clone()).await, ..yard.app().nobody() };
        assert_eq!(program.get(&design).await.status, wanted, "{}", who.name);
        let add = program.put(&yard.member("people", &who.id), json!({})).await;
        assert_eq!(add.status, StatusCode::FORBIDDEN, "no token decides about people");
    }
}

#[tokio::test]
async fn links_end_where_a_compartment_begins_and_only_members_make_new_ones() {
    let yard = Yard::open().await;
    let guest = yard.app().nobody();
    let path = |share: &Share| {
        let token = share.link.as_deref().and_then(|link| link.rsplit('/').next()).expect("a token");
        format!("/api/share/{token}")
    };
    assert_eq!(guest.get(&path(&yard.share)).await.status, StatusCode::OK);
    yard.put_in(&yard.ben, &yard.world.design).await;
    assert_eq!(guest.get(&path(&yard.share)).await.status, StatusCode::NOT_FOUND);
    let shares = format!("/api/designs/{}/shares", yard.world.design);
    let terms = json!({"label": "Partner", "days": 1});
    assert_eq!(yard.mia.post(&shares, &terms).await.status, StatusCode::NOT_FOUND);
    let made: Share = yard.ben.post(&shares, &terms).await.read().expect("a link");
    assert_eq!(guest.get(&path(&made)).await.status, StatusCode::OK);
    assert_eq!(yard.mia.delete(&format!("/api/shares/{}", made.id)).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_is_inside_leaves_only_by_being_moved() {
    let yard = Yard::closed().await;
    let design = format!("/api/designs/{}", yard.world.design);
    // A copy and a branch are where the design is.
    let copy: DesignCard =
        yard.ben.post(&format!("{design}/duplicate"), json!({"name": "Copy"})).await.read().expect("a copy");
    let branch: DesignCard =
        yard.ben.post(&format!("{design}/branches"), json!({"name": "Branch"})).await.read().expect("a branch");
    for made in [&copy, &branch] {
        assert_eq!(made.compartment.as_ref().map(|c| &c.id), Some(&yard.compartment));
        assert_eq!(yard.mia.get(&format!("/api/designs/{}", made.id)).await.status, StatusCode::NOT_FOUND);
    }
    // Nor does it go to another project, or into a design outside by a merge.
    let other = yard.app().project("Other").await.expect("a project");
    yard.app().join(&other, &yard.ben, Role::Engineer).await.expect("joined");
    let refused = yard.ben.patch(&design, json!({"project": other})).await;
    assert_eq!(refused.problem().expect("a problem").field.as_deref(), Some("project"), "{}", refused.text());
    let out: DesignCard =
        yard.ben.delete(&format!("/api/designs/{}/compartment", branch.id)).await.read().expect("out");
    assert_eq!(out.compartment, None);
    assert_eq!(yard.mia.get(&format!("/api/designs/{}", out.id)).await.status, StatusCode::OK);
    let refused = yard.ben.post(&format!("/api/designs/{}/merge", out.id), json!({"from": yard.world.design})).await;
    assert_eq!(refused.problem().expect("a problem").field.as_deref(), Some("from"), "{}", refused.text());
    // Who sees only the branch hears of no family.
    let family: Branches = yard.mia.get(&format!("/api/designs/{}/branches", out.id)).await.read().expect("branches");
    assert!(family.others.is_empty() && family.origin.is_none(), "{family:?}");
    // A design can begin inside; into a compartment that one is not in nobody puts anything.
    let inside = json!({"project": yard.project, "name": "New", "template": "empty", "compartment": yard.compartment});
    let made: DesignCard = yard.ben.post("/api/designs", &inside).await.read().expect("a design");
    assert_eq!(yard.mia.get(&format!("/api/designs/{}", made.id)).await.status, StatusCode::NOT_FOUND);
    for answer in [
        yard.mia.post("/api/designs", &inside).await,
        yard.mia.put(&format!("/api/designs/{}/compartment", out.id), json!({"compartment": yard.compartment})).await,
        yard.mia.put(&format!("/api/designs/{}/compartment", out.id), json!({"compartment": "nosuch"})).await,
    ] {
        let problem = answer.problem().expect("a problem");
        assert_eq!(problem.field.as_deref(), Some("compartment"), "{}", answer.text());
    }
    let left: Page<DesignCard> = yard.mia.get("/api/designs").await.read().expect("designs");
    assert_eq!(left.items.len(), 1, "the refused design was not made: {:?}", left.items);
}

#[tokio::test]
async fn what_the_log_says_of_a_removed_design_stays_hidden() {
    let yard = Yard::closed().await;
    let compartment = format!("/api/projects/{}/compartments/{}", yard.project, yard.compartment);
    assert_eq!(yard.mia.delete(&compartment).await.status, StatusCode::CONFLICT, "designs are in it");
    for design in [&yard.world.design, &yard.branch] {
        let binned = yard.ben.patch(&format!("/api/designs/{design}"), json!({"state": "bin"})).await;
        assert_eq!(binned.status, StatusCode::OK, "{}", binned.text());
    }
    yard.app().clock.advance(400 * server::clock::DAY);
    retention::sweep(&yard.app().state).await.expect("swept");
    let ada = Tester {
        cookie: Some(yard.app().session(&yard.world.ada.id).await.expect("a session")),
        ..yard.world.ada.clone()
    };
    let mia = Tester { cookie: Some(yard.app().session(&yard.mia.id).await.expect("a session")), ..yard.mia.clone() };
    let log = |text: String| {
        assert!(text.contains(&yard.world.design), "the log tells that there was one");
        assert!(!text.contains(SECRET), "{text}");
    };
    log(ada.get("/api/audit?object=design:").await.text());
    let gone = mia.delete(&compartment).await;
    assert_eq!(gone.status, StatusCode::OK, "{}", gone.text());
    log(ada.get("/api/audit/export/json").await.text());
    let whole: app::api::audit::AuditCheck = ada.get("/api/audit/check").await.read().expect("a check");
    assert_eq!(whole.broken, None);
}

#[tokio::test]
async fn the_board_and_the_bell_of_a_member_who_leaves_fall_silent() {
    let yard = Yard::closed().await;
    let sees = async || {
        let board: Board = yard.ben.get("/api/board").await.read().expect("a board");
        let bell: Vec<Notification> = yard.ben.get("/api/notifications").await.read().expect("notifications");
        (board.rows.len(), bell.iter().any(|n| n.design == yard.world.design))
    };
    assert_eq!(sees().await, (2, true));
    let out = format!("/api/organisation/groups/{}/people/{}", yard.group, yard.ben.id);
    assert_eq!(yard.world.ada.delete(&out).await.status, StatusCode::OK);
    assert_eq!(sees().await, (0, false));
}
