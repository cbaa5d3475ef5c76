//! Groups: what a group may, everyone in it may, for as long as they are in it.

use app::api::auth::Role;
use app::api::design::DesignCard;
use app::api::group::{Group, Named, ProjectGroup};
use app::api::organisation::Project;
use axum::http::StatusCode;
use serde_json::json;
use server::testing::{TestApp, Tester};

struct World {
    app: TestApp,
    ada: Tester,
    ben: Tester,
    project: String,
    design: String,
    group: String,
}

/// Ada owns the organisation; Ben is in a group, and in no project.
async fn world() -> World {
    let app = TestApp::new().await.expect("a server");
    let ada = app.administrator("Ada").await.expect("Ada");
    let ben = app.person("Ben", Role::Engineer).await.expect("Ben");
    let project = app.project("Frame").await.expect("a project");
    let design = app.design(&project, &ada, &super::empty()).await.expect("a design");
    let made: Named = ada.post("/api/organisation/groups", json!({"name": " Turbine "})).await.read().expect("a group");
    assert_eq!(made.name, "Turbine");
    let w = World { app, ada, ben, project, design, group: made.id };
    assert_eq!(w.ada.put(&w.person(&w.ben.id), json!({})).await.status, StatusCode::OK);
    w
}

impl World {
    fn person(&self, user: &str) -> String {
        format!("/api/organisation/groups/{}/people/{user}", self.group)
    }

    async fn lend(&self, role: &str) {
        let path = format!("/api/projects/{}/groups/{}", self.project, self.group);
        let done = self.ada.put(&path, json!({"role": role})).await;
        assert_eq!(done.status, StatusCode::OK, "{}", done.text());
    }

    /// Someone's role on the design; `None` where it is not there for them.
    async fn role(&self, who: &Tester) -> Option<Role> {
        let answer = who.get(&format!("/api/designs/{}", self.design)).await;
        let project: Vec<Project> = who.get("/api/projects").await.read().expect("projects");
        let role = (answer.status != StatusCode::NOT_FOUND).then(|| answer.read::<DesignCard>().expect("a card").role);
        assert_eq!(project.first().map(|p| p.role), role, "the list says the same");
        role
    }
}

#[tokio::test]
async fn a_role_is_the_highest_of_ones_own_and_ones_groups() {
    let w = world().await;
    assert_eq!(w.role(&w.ben).await, None);
    w.lend("viewer").await;
    assert_eq!(w.role(&w.ben).await, Some(Role::Viewer));
    w.lend("engineer").await;
    assert_eq!(w.role(&w.ben).await, Some(Role::Engineer));
    w.app.join(&w.project, &w.ben, Role::Reviewer).await.expect("joined");
    assert_eq!(w.role(&w.ben).await, Some(Role::Engineer), "the group's is higher");
    w.app.join(&w.project, &w.ben, Role::Owner).await.expect("joined");
    assert_eq!(w.role(&w.ben).await, Some(Role::Owner), "their own is higher");
    let projects: Vec<Project> = w.ben.get("/api/projects").await.read().expect("projects");
    assert_eq!(projects[0].members, 1, "once, though they are in it twice");
    // A viewer of the organisation stays one, whatever a group may.
    let vi = w.app.person("Vi", Role::Viewer).await.expect("Vi");
    assert_eq!(w.ada.put(&w.person(&vi.id), json!({})).await.status, StatusCode::OK);
    assert_eq!(w.role(&vi).await, Some(Role::Viewer));
    let path = format!("/api/projects/{}/groups", w.project);
    let groups: Vec<ProjectGroup> = w.ben.get(&path).await.read().expect("groups");
    let wanted = ProjectGroup { group: w.group.clone(), name: "Turbine".into(), role: Role::Engineer };
    assert_eq!(groups, [wanted]);
}

#[tokio::test]
async fn leaving_a_group_and_the_end_of_one_end_what_it_gave() {
    let w = world().await;
    w.lend("engineer").await;
    assert_eq!(w.ada.delete(&w.person(&w.ben.id)).await.status, StatusCode::OK);
    assert_eq!(w.role(&w.ben).await, None);
    assert_eq!(w.ada.put(&w.person(&w.ben.id), json!({})).await.status, StatusCode::OK);
    assert_eq!(w.role(&w.ben).await, Some(Role::Engineer));
    let of_project = format!("/api/projects/{}/groups/{}", w.project, w.group);
    assert_eq!(w.ada.delete(&of_project).await.status, StatusCode::OK);
    assert_eq!(w.role(&w.ben).await, None);
    w.lend("viewer").await;
    assert_eq!(w.ada.delete(&format!("/api/organisation/groups/{}", w.group)).await.status, StatusCode::OK);
    assert_eq!(w.role(&w.ben).await, None);
    let log = w.ada.get("/api/audit?action=group.").await.text();
    for action in ["group.create", "group.person", "group.remove_person", "group.remove"] {
        assert!(log.contains(&format!("\"{action}\"")), "{action} in {log}");
    }
}

#[tokio::test]
async fn a_group_is_its_organisations_and_its_name_is_its_own() {
    let w = world().await;
    let again = w.ada.post("/api/organisation/groups", json!({"name": "Turbine"})).await;
    assert_eq!(again.problem().expect("a problem").field.as_deref(), Some("name"), "{}", again.text());
    let path = format!("/api/organisation/groups/{}", w.group);
    let same = w.ada.patch(&path, json!({"name": "Turbine"})).await;
    assert_eq!(same.status, StatusCode::OK, "its own name is not taken: {}", same.text());
    let groups: Vec<Group> = w.ben.get("/api/organisation/groups").await.read().expect("groups");
    assert_eq!((groups.len(), groups[0].people.len()), (1, 1));
    let sue = w.app.stranger("Sue").await.expect("Sue");
    assert!(sue.get("/api/organisation/groups").await.read::<Vec<Group>>().expect("none").is_empty());
    for answer in [
        sue.delete(&path).await,
        sue.put(&w.person(&sue.id), json!({})).await,
        // Nor comes anyone of another organisation into one.
        w.ada.put(&w.person(&sue.id), json!({})).await,
    ] {
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{}", answer.text());
    }
}
