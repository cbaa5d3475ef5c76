//! The API's routes: a method each.

use super::{Answering, Client, encode, query, word};
use crate::api::Page;
use crate::api::audit::{AuditCheck, AuditEntry, AuditQuery};
use crate::api::auth::{
    ChangePassword, CreateToken, Factor, FactorCode, FactorPassword, FactorSetup, LogIn, Me, Policy, Recovery, Reset,
    Role, Session, SignUp, Token,
};
use crate::api::board::{Board, Sheet};
use crate::api::comment::{ChangeComment, Comment, Notification, Person, Say, Seen, Talk};
use crate::api::design::{
    ChangeDesign, CreateDesign, DesignCard, DesignQuery, DesignState, Document, ReadDeck, StoredFile,
};
use crate::api::figure::Figure;
use crate::api::group::{Compartment, Group, NameCompartment, NameGroup, Named, ProjectGroup, PutIn};
use crate::api::history::{
    Branches, Comparison, CreateBranch, Landed, Merge, NameVersion, Preview, Restore, Stretch, Version,
};
use crate::api::organisation::{
    ChangeMember, ChangeOrganisation, Invitation, Invite, Link, Member, NameProject, Organisation, Project,
    ProjectMember, SetRole,
};
use crate::api::release::{ChangeRelease, Decide, DraftRelease, Reason, Release, Releases};
use crate::api::requirement::Judged;
use crate::api::run::{Preflight, Run, RunState, StartRun, Worker};
use crate::api::share::{CreateShare, GuestSay, Share, ShareView, SharedDesign, Unlock};
use crate::api::view::{SaveView, View};
use crate::sync::{Entry, Submission};
use solver::deck::{Reading, Units};

/// An answer whose body says nothing.
type Done = Answering<serde_json::Value>;

/// People and sessions.
impl Client {
    pub fn policy(&self) -> Answering<Policy> {
        self.get("/api/auth/policy")
    }
    pub fn me(&self) -> Answering<Me> {
        self.get("/api/auth/me")
    }
    pub fn signup(&self, request: &SignUp) -> Done {
        self.with("POST", "/api/auth/signup", request)
    }
    pub fn login(&self, request: &LogIn) -> Done {
        self.with("POST", "/api/auth/login", request)
    }
    pub fn logout(&self) -> Done {
        self.ask("POST", "/api/auth/logout".into(), None)
    }
    pub fn logout_all(&self) -> Done {
        self.ask("POST", "/api/auth/logout-all".into(), None)
    }
    pub fn reset(&self, request: &Reset) -> Done {
        self.with("POST", "/api/auth/reset", request)
    }
    pub fn change_password(&self, request: &ChangePassword) -> Done {
        self.with("POST", "/api/auth/password", request)
    }
    pub fn factor(&self) -> Answering<Factor> {
        self.get("/api/auth/factor")
    }
    pub fn begin_factor(&self, request: &FactorPassword) -> Answering<FactorSetup> {
        self.with("POST", "/api/auth/factor", request)
    }
    pub fn confirm_factor(&self, request: &FactorCode) -> Answering<Recovery> {
        self.with("POST", "/api/auth/factor/confirm", request)
    }
    pub fn renew_recovery(&self, request: &FactorCode) -> Answering<Recovery> {
        self.with("POST", "/api/auth/factor/recovery", request)
    }
    pub fn remove_factor(&self, request: &FactorCode) -> Done {
        self.with("POST", "/api/auth/factor/remove", request)
    }
    /// Takes away the second factor of someone who lost it.
    pub fn reset_factor(&self, user: &str) -> Done {
        self.ask("DELETE", format!("/api/organisation/members/{}/factor", encode(user)), None)
    }
    pub fn sessions(&self) -> Answering<Vec<Session>> {
        self.get("/api/auth/sessions")
    }
    pub fn tokens(&self) -> Answering<Vec<Token>> {
        self.get("/api/auth/tokens")
    }
    pub fn create_token(&self, request: &CreateToken) -> Answering<Token> {
        self.with("POST", "/api/auth/tokens", request)
    }
    pub fn delete_token(&self, id: &str) -> Done {
        self.ask("DELETE", format!("/api/auth/tokens/{}", encode(id)), None)
    }
    pub fn end_session(&self, id: &str) -> Done {
        self.ask("DELETE", format!("/api/auth/sessions/{}", encode(id)), None)
    }
}

/// The organisation and its projects.
impl Client {
    pub fn organisation(&self) -> Answering<Organisation> {
        self.get("/api/organisation")
    }
    pub fn change_organisation(&self, change: &ChangeOrganisation) -> Done {
        self.with("PATCH", "/api/organisation", change)
    }
    pub fn members(&self) -> Answering<Vec<Member>> {
        self.get("/api/organisation/members")
    }
    pub fn change_member(&self, user: &str, change: &ChangeMember) -> Done {
        self.with("PATCH", format!("/api/organisation/members/{}", encode(user)), change)
    }
    pub fn reset_link(&self, user: &str) -> Answering<Link> {
        self.ask("POST", format!("/api/organisation/members/{}/reset", encode(user)), None)
    }
    pub fn invitations(&self) -> Answering<Vec<Invitation>> {
        self.get("/api/organisation/invitations")
    }
    pub fn invite(&self, request: &Invite) -> Answering<Invitation> {
        self.with("POST", "/api/organisation/invitations", request)
    }
    pub fn delete_invitation(&self, id: &str) -> Done {
        self.ask("DELETE", format!("/api/organisation/invitations/{}", encode(id)), None)
    }
    pub fn projects(&self) -> Answering<Vec<Project>> {
        self.get("/api/projects")
    }
    pub fn create_project(&self, request: &NameProject) -> Answering<Project> {
        self.with("POST", "/api/projects", request)
    }
    pub fn rename_project(&self, id: &str, request: &NameProject) -> Done {
        self.with("PATCH", format!("/api/projects/{}", encode(id)), request)
    }
    pub fn project_members(&self, id: &str) -> Answering<Vec<ProjectMember>> {
        self.get(format!("/api/projects/{}/members", encode(id)))
    }
    pub fn set_project_member(&self, id: &str, user: &str, role: Role) -> Done {
        self.with("PUT", format!("/api/projects/{}/members/{}", encode(id), encode(user)), SetRole { role })
    }
    pub fn remove_project_member(&self, id: &str, user: &str) -> Done {
        self.ask("DELETE", format!("/api/projects/{}/members/{}", encode(id), encode(user)), None)
    }
}

/// Groups, and compartments of projects.
impl Client {
    pub fn groups(&self) -> Answering<Vec<Group>> {
        self.get("/api/organisation/groups")
    }
    pub fn create_group(&self, request: &NameGroup) -> Answering<Named> {
        self.with("POST", "/api/organisation/groups", request)
    }
    pub fn rename_group(&self, id: &str, request: &NameGroup) -> Done {
        self.with("PATCH", format!("/api/organisation/groups/{}", encode(id)), request)
    }
    pub fn delete_group(&self, id: &str) -> Done {
        self.ask("DELETE", format!("/api/organisation/groups/{}", encode(id)), None)
    }
    /// Takes someone into a group or out of it.
    pub fn set_group_person(&self, id: &str, user: &str, is_in: bool) -> Done {
        self.ask(put(is_in), format!("/api/organisation/groups/{}/people/{}", encode(id), encode(user)), None)
    }
    pub fn project_groups(&self, id: &str) -> Answering<Vec<ProjectGroup>> {
        self.get(format!("/api/projects/{}/groups", encode(id)))
    }
    pub fn set_project_group(&self, id: &str, group: &str, role: Role) -> Done {
        self.with("PUT", format!("/api/projects/{}/groups/{}", encode(id), encode(group)), SetRole { role })
    }
    pub fn remove_project_group(&self, id: &str, group: &str) -> Done {
        self.ask("DELETE", format!("/api/projects/{}/groups/{}", encode(id), encode(group)), None)
    }
    pub fn compartments(&self, project: &str) -> Answering<Vec<Compartment>> {
        self.get(format!("/api/projects/{}/compartments", encode(project)))
    }
    pub fn create_compartment(&self, project: &str, request: &NameCompartment) -> Answering<Named> {
        self.with("POST", format!("/api/projects/{}/compartments", encode(project)), request)
    }
    pub fn rename_compartment(&self, project: &str, id: &str, request: &NameCompartment) -> Done {
        self.with("PATCH", format!("/api/projects/{}/compartments/{}", encode(project), encode(id)), request)
    }
    pub fn delete_compartment(&self, project: &str, id: &str) -> Done {
        self.ask("DELETE", format!("/api/projects/{}/compartments/{}", encode(project), encode(id)), None)
    }
    /// Makes someone, or everyone in a group, a member of a compartment, or takes them out.
    pub fn set_compartment_member(&self, project: &str, id: &str, member: &Insider, is_in: bool) -> Done {
        let member = match member {
            Insider::Person(user) => format!("people/{}", encode(user)),
            Insider::Group(group) => format!("groups/{}", encode(group)),
        };
        let path = format!("/api/projects/{}/compartments/{}/{member}", encode(project), encode(id));
        self.ask(put(is_in), path, None)
    }
    /// Moves a design into a compartment of its project, or with `None` out of the one it is in.
    pub fn move_to_compartment(&self, design: &str, compartment: Option<String>) -> Answering<DesignCard> {
        let path = format!("/api/designs/{}/compartment", encode(design));
        match compartment {
            Some(compartment) => self.with("PUT", path, PutIn { compartment }),
            None => self.ask("DELETE", path, None),
        }
    }
}

/// Who is a member of a compartment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Insider {
    Person(String),
    Group(String),
}

/// The method that takes someone in, or out.
fn put(is_in: bool) -> &'static str {
    if is_in { "PUT" } else { "DELETE" }
}

/// The audit log.
impl Client {
    pub fn audit(&self, q: &AuditQuery) -> Answering<Page<AuditEntry>> {
        self.get(format!("/api/audit{}", audit_query(q)))
    }
    pub fn check_audit(&self) -> Answering<AuditCheck> {
        self.get("/api/audit/check")
    }
}

/// As [`query`], of the entries that `q` asks for.
pub fn audit_query(q: &AuditQuery) -> String {
    let number = |n: Option<i64>| n.map(|n| n.to_string());
    query(&[
        ("who", q.who.clone()),
        ("action", q.action.clone()),
        ("object", q.object.clone()),
        ("since", number(q.since)),
        ("until", number(q.until)),
        ("before", number(q.before)),
    ])
}

/// Designs.
impl Client {
    pub fn designs(&self, q: &DesignQuery) -> Answering<Page<DesignCard>> {
        let state = Some(q.state).filter(|s| *s != DesignState::Active).and_then(word);
        let pairs = [
            ("state", state),
            ("project", q.project.clone()),
            ("search", q.search.clone()),
            ("after", q.after.clone()),
        ];
        self.get(format!("/api/designs{}", query(&pairs)))
    }
    pub fn design(&self, id: &str) -> Answering<DesignCard> {
        self.get(format!("/api/designs/{}", encode(id)))
    }
    pub fn create_design(&self, request: &CreateDesign) -> Answering<DesignCard> {
        self.with("POST", "/api/designs", request)
    }
    pub fn change_design(&self, id: &str, change: &ChangeDesign) -> Done {
        self.with("PATCH", format!("/api/designs/{}", encode(id)), change)
    }
    pub fn duplicate_design(&self, id: &str, name: &str) -> Answering<DesignCard> {
        let change = ChangeDesign { name: Some(name.into()), ..Default::default() };
        self.with("POST", format!("/api/designs/{}/duplicate", encode(id)), change)
    }
    pub fn delete_design(&self, id: &str) -> Done {
        self.ask("DELETE", format!("/api/designs/{}", encode(id)), None)
    }
    pub fn document(&self, id: &str, sequence: Option<u64>) -> Answering<Document> {
        self.get(format!(
            "/api/designs/{}/document{}",
            encode(id),
            query(&[("sequence", sequence.map(|s| s.to_string()))])
        ))
    }
    /// What an input deck among the design's files comes to; changes nothing.
    pub fn read_deck(&self, id: &str, hash: &str, units: Units) -> Answering<Reading> {
        let path = format!("/api/designs/{}/files/{}/deck", encode(id), encode(hash));
        self.with("POST", path, ReadDeck { units })
    }
    /// Makes an edit without having the design open.
    pub fn edit(&self, id: &str, submission: &Submission) -> Answering<Entry> {
        self.with("POST", format!("/api/designs/{}/commands", encode(id)), submission)
    }
    /// Stores bytes with the design, as a file of this name.
    pub fn store(&self, id: &str, name: &str, bytes: Vec<u8>) -> Answering<StoredFile> {
        Self::post_bytes(format!("/api/designs/{}/files?name={}", encode(id), encode(name)), bytes)
    }
    /// Sends bytes that are no JSON, in the browser only.
    fn post_bytes<T: serde::de::DeserializeOwned + Send + 'static>(path: String, bytes: Vec<u8>) -> Answering<T> {
        #[cfg(all(feature = "browser", not(feature = "ssr")))]
        return super::post_raw(path, js_sys::Uint8Array::from(&bytes[..]).into());
        #[cfg(not(all(feature = "browser", not(feature = "ssr"))))]
        {
            let _ = (path, bytes);
            Box::pin(std::future::ready(Err(super::unavailable())))
        }
    }
    /// Stores a file's bytes with the design, in the browser only.
    #[cfg(all(feature = "browser", not(feature = "ssr")))]
    pub fn upload(&self, id: &str, file: &web_sys::File) -> Answering<StoredFile> {
        let path = format!("/api/designs/{}/files?name={}", encode(id), encode(&file.name()));
        super::post_raw(path, file.clone().into())
    }
}

/// The past of a design.
impl Client {
    pub fn history(&self, id: &str, before: Option<&str>) -> Answering<Page<Stretch>> {
        self.get(format!("/api/designs/{}/history{}", encode(id), query(&[("before", before.map(String::from))])))
    }
    pub fn versions(&self, id: &str) -> Answering<Vec<Version>> {
        self.get(format!("/api/designs/{}/versions", encode(id)))
    }
    pub fn name_version(&self, id: &str, request: &NameVersion) -> Answering<Version> {
        self.with("POST", format!("/api/designs/{}/versions", encode(id)), request)
    }
    pub fn branches(&self, id: &str) -> Answering<Branches> {
        self.get(format!("/api/designs/{}/branches", encode(id)))
    }
    pub fn create_branch(&self, id: &str, request: &CreateBranch) -> Answering<DesignCard> {
        self.with("POST", format!("/api/designs/{}/branches", encode(id)), request)
    }
    /// What is other in version `after` of a design than in version `before` of `with`; `None`: this design, now.
    pub fn compare(
        &self,
        id: &str,
        after: Option<u64>,
        with: Option<&str>,
        before: Option<u64>,
    ) -> Answering<Comparison> {
        let number = |n: Option<u64>| n.map(|n| n.to_string());
        let pairs = [("after", number(after)), ("with", with.map(String::from)), ("before", number(before))];
        self.get(format!("/api/designs/{}/compare{}", encode(id), query(&pairs)))
    }
    pub fn preview_merge(&self, id: &str, request: &Merge) -> Answering<Preview> {
        self.with("POST", format!("/api/designs/{}/merge/preview", encode(id)), request)
    }
    pub fn merge(&self, id: &str, request: &Merge) -> Answering<Landed> {
        self.with("POST", format!("/api/designs/{}/merge", encode(id)), request)
    }
    pub fn restore(&self, id: &str, request: &Restore) -> Answering<Landed> {
        self.with("POST", format!("/api/designs/{}/restore", encode(id)), request)
    }
}

/// Runs and workers.
impl Client {
    /// `from`: a paused run to go on from.
    pub fn start_run(&self, design: &str, study: &str, from: Option<&str>) -> Answering<Run> {
        let start = StartRun { study: study.into(), from: from.map(String::from) };
        self.with("POST", format!("/api/designs/{}/runs", encode(design)), start)
    }
    pub fn preflight(&self, design: &str, study: &str) -> Answering<Preflight> {
        let start = StartRun { study: study.into(), from: None };
        self.with("POST", format!("/api/designs/{}/preflight", encode(design)), start)
    }
    pub fn runs(&self, design: Option<&str>, state: Option<RunState>, after: Option<&str>) -> Answering<Page<Run>> {
        let pairs =
            [("design", design.map(String::from)), ("state", state.and_then(word)), ("after", after.map(String::from))];
        self.get(format!("/api/runs{}", query(&pairs)))
    }
    pub fn run(&self, id: &str) -> Answering<Run> {
        self.get(format!("/api/runs/{}", encode(id)))
    }
    /// The numbers of a finished run.
    pub fn numbers(&self, id: &str) -> Answering<Vec<solver::study::outcome::Scalar>> {
        self.get(format!("/api/runs/{}/numbers", encode(id)))
    }
    /// What was captured for the run's report.
    pub fn figures(&self, run: &str) -> Answering<Vec<Figure>> {
        self.get(format!("/api/runs/{}/figures", encode(run)))
    }
    /// Keeps a picture (PNG) of version `sequence` for the run's report; `look` as in the query of a `glb`, empty for the set-up.
    pub fn keep_figure(&self, run: &str, sequence: u64, look: &str, png: Vec<u8>) -> Answering<Figure> {
        let path = format!("/api/runs/{}/figures?sequence={sequence}{look}", encode(run));
        Self::post_bytes(path, png)
    }
    /// Takes a figure out of the run's report.
    pub fn remove_figure(&self, run: &str, figure: &str) -> Answering<Vec<Figure>> {
        self.ask("DELETE", format!("/api/runs/{}/figures/{}", encode(run), encode(figure)), None)
    }
    pub fn cancel_run(&self, id: &str) -> Done {
        self.ask("POST", format!("/api/runs/{}/cancel", encode(id)), None)
    }
    pub fn pause_run(&self, id: &str) -> Done {
        self.ask("POST", format!("/api/runs/{}/pause", encode(id)), None)
    }
    pub fn resume_run(&self, id: &str) -> Done {
        self.ask("POST", format!("/api/runs/{}/resume", encode(id)), None)
    }
    pub fn finish_run(&self, id: &str) -> Done {
        self.ask("POST", format!("/api/runs/{}/finish", encode(id)), None)
    }
    pub fn workers(&self) -> Answering<Vec<Worker>> {
        self.get("/api/workers")
    }
}

/// Releases.
impl Client {
    /// Releases of a design, and who could approve the next.
    pub fn releases(&self, design: &str) -> Answering<Releases> {
        self.get(format!("/api/designs/{}/releases", encode(design)))
    }
    pub fn draft_release(&self, design: &str, request: &DraftRelease) -> Answering<Release> {
        self.with("POST", format!("/api/designs/{}/releases", encode(design)), request)
    }
    pub fn change_release(&self, id: &str, request: &ChangeRelease) -> Answering<Release> {
        self.with("PATCH", format!("/api/releases/{}", encode(id)), request)
    }
    pub fn submit_release(&self, id: &str) -> Answering<Release> {
        self.ask("POST", format!("/api/releases/{}/submit", encode(id)), None)
    }
    pub fn decide_release(&self, id: &str, request: &Decide) -> Answering<Release> {
        self.with("POST", format!("/api/releases/{}/decide", encode(id)), request)
    }
    /// Takes a review back to the draft.
    pub fn return_release(&self, id: &str, request: &Reason) -> Answering<Release> {
        self.with("POST", format!("/api/releases/{}/return", encode(id)), request)
    }
    pub fn withdraw_release(&self, id: &str, request: &Reason) -> Answering<Release> {
        self.with("POST", format!("/api/releases/{}/withdraw", encode(id)), request)
    }
}

/// How designs stand.
impl Client {
    pub fn board(&self) -> Answering<Board> {
        self.get("/api/board")
    }
    /// One design as the board has it, in full.
    pub fn sheet(&self, design: &str) -> Answering<Sheet> {
        self.get(format!("/api/board/{}", encode(design)))
    }
    /// One's saved views of the board.
    pub fn views(&self) -> Answering<Vec<View>> {
        self.get("/api/board/views")
    }
    pub fn save_view(&self, request: &SaveView) -> Answering<View> {
        self.with("POST", "/api/board/views", request)
    }
    pub fn delete_view(&self, id: &str) -> Done {
        self.ask("DELETE", format!("/api/board/views/{}", encode(id)), None)
    }
    /// Verdicts on the requirements of a design, as it is now.
    pub fn requirements(&self, design: &str) -> Answering<Judged> {
        self.get(format!("/api/designs/{}/requirements", encode(design)))
    }
}

/// What people say, and who is told.
impl Client {
    pub fn comments(&self, design: &str) -> Answering<Talk> {
        self.get(format!("/api/designs/{}/comments", encode(design)))
    }
    pub fn comment(&self, design: &str, say: &Say) -> Answering<Comment> {
        self.with("POST", format!("/api/designs/{}/comments", encode(design)), say)
    }
    pub fn change_comment(&self, id: &str, change: &ChangeComment) -> Answering<Comment> {
        self.with("PATCH", format!("/api/comments/{}", encode(id)), change)
    }
    pub fn delete_comment(&self, id: &str) -> Done {
        self.ask("DELETE", format!("/api/comments/{}", encode(id)), None)
    }
    /// Who can be mentioned in comments on a design.
    pub fn people(&self, design: &str) -> Answering<Vec<Person>> {
        self.get(format!("/api/designs/{}/people", encode(design)))
    }
    pub fn notifications(&self) -> Answering<Vec<Notification>> {
        self.get("/api/notifications")
    }
    /// Marks one's notifications up to a time, epoch ms, as seen.
    pub fn notifications_seen(&self, until: i64) -> Done {
        self.with("POST", "/api/notifications/seen", Seen { until })
    }
}

/// Share links.
impl Client {
    pub fn shares(&self, design: &str) -> Answering<Vec<Share>> {
        self.get(format!("/api/designs/{}/shares", encode(design)))
    }
    pub fn create_share(&self, design: &str, request: &CreateShare) -> Answering<Share> {
        self.with("POST", format!("/api/designs/{}/shares", encode(design)), request)
    }
    pub fn revoke_share(&self, id: &str) -> Done {
        self.ask("DELETE", format!("/api/shares/{}", encode(id)), None)
    }
    /// Who used a link, newest first. `after`: `next` of the page before.
    pub fn share_views(&self, id: &str, after: Option<&str>) -> Answering<Page<ShareView>> {
        let after = after.map(|after| format!("?after={}", encode(after))).unwrap_or_default();
        self.get(format!("/api/shares/{}/views{after}", encode(id)))
    }
    /// Gives the password of a link.
    pub fn unlock_share(&self, token: &str, request: &Unlock) -> Done {
        self.with("POST", format!("/api/share/{}/unlock", encode(token)), request)
    }
    /// What was said through a link, and the answers to it.
    pub fn shared_comments(&self, token: &str) -> Answering<Talk> {
        self.get(format!("/api/share/{}/comments", encode(token)))
    }
    pub fn say_as_guest(&self, token: &str, say: &GuestSay) -> Answering<Comment> {
        self.with("POST", format!("/api/share/{}/comments", encode(token)), say)
    }
    pub fn shared_design(&self, token: &str) -> Answering<SharedDesign> {
        self.get(format!("/api/share/{}", encode(token)))
    }
}
