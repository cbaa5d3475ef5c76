//! The one client of the REST API: in the browser over `fetch`, while rendering on the server through the same router in
//! memory, so that both meet the same policy.

use super::audit::{AuditCheck, AuditEntry, AuditQuery};
use super::auth::{
    ChangePassword, CreateToken, Factor, FactorCode, FactorPassword, FactorSetup, LogIn, Me, Policy, Recovery, Reset,
    Role, Session, SignUp, Token,
};
use super::board::{Board, Sheet};
use super::comment::{ChangeComment, Comment, Notification, Person, Say, Seen, Talk};
use super::design::{ChangeDesign, CreateDesign, DesignCard, DesignQuery, DesignState, Document, ReadDeck, StoredFile};
use super::history::{
    Branches, Comparison, CreateBranch, Landed, Merge, NameVersion, Preview, Restore, Stretch, Version,
};
use super::organisation::{
    ChangeMember, ChangeOrganisation, Invitation, Invite, Link, Member, NameProject, Organisation, Project,
    ProjectMember, SetRole,
};
use super::release::{ChangeRelease, Decide, DraftRelease, Reason, Release, Releases};
use super::requirement::Judged;
use super::run::{Preflight, Run, RunState, StartRun, Worker};
use super::share::{CreateShare, GuestSay, Share, ShareView, SharedDesign, Unlock};
use super::{Page, Problem};
use crate::sync::{Entry, Submission};
use serde::Serialize;
use serde::de::DeserializeOwned;
use solver::deck::{Reading, Units};
#[cfg(feature = "ssr")]
use std::sync::Arc;

/// Status and body of an answer.
pub type Answer = (u16, Vec<u8>);

/// The router in memory, with the cookies of the request being rendered.
#[cfg(feature = "ssr")]
pub trait Door: Send + Sync {
    /// `path` begins with `/api/`; `body` is JSON.
    fn call(
        &self,
        method: &'static str,
        path: String,
        body: Option<Vec<u8>>,
    ) -> std::pin::Pin<Box<dyn Future<Output = Answer> + Send>>;
}

/// A handle on the API. On the server it is provided as context; in the browser [`Client::current`] makes one.
#[derive(Clone, Default)]
pub struct Client {
    #[cfg(feature = "ssr")]
    door: Option<Arc<dyn Door>>,
}

fn unavailable() -> Problem {
    Problem {
        code: "unavailable".into(),
        message: "The server does not answer. Check the connection and try again.".into(),
        field: None,
    }
}

/// Reads a status and body as the answer's value or its problem.
///
/// # Errors
/// The server's [`Problem`], or one that says that it could not be understood.
fn read<T: DeserializeOwned>((status, body): Answer) -> Result<T, Problem> {
    if (200..300).contains(&status) {
        let body: &[u8] = if body.is_empty() { b"null" } else { &body };
        return serde_json::from_slice(body).map_err(|_| Problem {
            code: "unavailable".into(),
            message: "The server answered in a form this page does not know. Reload the page.".into(),
            field: None,
        });
    }
    Err(serde_json::from_slice(&body).unwrap_or_else(|_| match status {
        401 => Problem { code: "unauthenticated".into(), message: "Sign in first.".into(), field: None },
        403 => Problem { code: "forbidden".into(), message: "You may not do this.".into(), field: None },
        404 => Problem { code: "not_found".into(), message: "This is not here any more.".into(), field: None },
        413 => Problem { code: "invalid".into(), message: "The file is too large.".into(), field: None },
        429 => Problem { code: "too_fast".into(), message: "Too many at once; wait a moment.".into(), field: None },
        _ => unavailable(),
    }))
}

/// Percent-encodes a path segment or query value.
pub fn encode(text: &str) -> String {
    text.bytes()
        .map(|b| match b {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => (b as char).to_string(),
            b => format!("%{b:02X}"),
        })
        .collect()
}

/// `?a=1&b=2` of the pairs that have a value.
fn query(pairs: &[(&str, Option<String>)]) -> String {
    let parts: Vec<String> =
        pairs.iter().filter_map(|(k, v)| v.as_ref().map(|v| format!("{k}={}", encode(v)))).collect();
    if parts.is_empty() { String::new() } else { format!("?{}", parts.join("&")) }
}

fn word<T: Serialize>(value: T) -> Option<String> {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(String::from))
}

impl Client {
    #[cfg(feature = "ssr")]
    pub fn in_memory(door: Arc<dyn Door>) -> Self {
        Self { door: Some(door) }
    }

    /// The server's client of this request, or the browser's.
    pub fn current() -> Self {
        leptos::prelude::use_context::<Self>().unwrap_or_default()
    }

    #[cfg(feature = "ssr")]
    fn send(
        &self,
        method: &'static str,
        path: String,
        body: Option<Vec<u8>>,
    ) -> impl Future<Output = Answer> + Send + use<> {
        let door = self.door.clone();
        async move {
            match door {
                Some(door) => door.call(method, path, body).await,
                None => (503, Vec::new()),
            }
        }
    }

    #[cfg(all(feature = "browser", not(feature = "ssr")))]
    fn send(
        &self,
        method: &'static str,
        path: String,
        body: Option<Vec<u8>>,
    ) -> impl Future<Output = Answer> + Send + use<> {
        send_wrapper::SendWrapper::new(async move {
            use gloo_net::http::{Method, RequestBuilder};
            let method = method.parse::<Method>().unwrap_or(Method::GET);
            let request = RequestBuilder::new(&path).method(method).header("accept", "application/json");
            let sent = match body {
                Some(body) => {
                    let text = String::from_utf8(body).unwrap_or_default();
                    request.header("content-type", "application/json").body(text)
                }
                None => request.build(),
            };
            let Ok(request) = sent else { return (503, Vec::new()) };
            match request.send().await {
                Ok(response) => (response.status(), response.binary().await.unwrap_or_default()),
                Err(_) => (503, Vec::new()),
            }
        })
    }

    #[cfg(not(any(feature = "ssr", feature = "browser")))]
    fn send(&self, _: &'static str, _: String, _: Option<Vec<u8>>) -> impl Future<Output = Answer> + Send + use<> {
        std::future::ready((503, Vec::new()))
    }

    fn ask<T: DeserializeOwned + 'static>(
        &self,
        method: &'static str,
        path: String,
        body: Option<Vec<u8>>,
    ) -> Answering<T> {
        let answer = self.send(method, path, body);
        Box::pin(async move { read(answer.await) })
    }

    fn get<T: DeserializeOwned + 'static>(&self, path: impl Into<String>) -> Answering<T> {
        self.ask("GET", path.into(), None)
    }

    fn with<T: DeserializeOwned + 'static>(
        &self,
        method: &'static str,
        path: impl Into<String>,
        body: impl Serialize,
    ) -> Answering<T> {
        // Plain request types always serialise.
        self.ask(method, path.into(), Some(serde_json::to_vec(&body).unwrap_or_default()))
    }
}

/// An answer on its way.
pub type Answering<T> = std::pin::Pin<Box<dyn Future<Output = Result<T, Problem>> + Send>>;

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
        let path = format!("/api/designs/{}/files?name={}", encode(id), encode(name));
        #[cfg(all(feature = "browser", not(feature = "ssr")))]
        return post_raw(path, js_sys::Uint8Array::from(&bytes[..]).into());
        #[cfg(not(all(feature = "browser", not(feature = "ssr"))))]
        {
            let _ = (path, bytes);
            Box::pin(std::future::ready(Err(unavailable())))
        }
    }
    /// Stores a file's bytes with the design, in the browser only.
    #[cfg(all(feature = "browser", not(feature = "ssr")))]
    pub fn upload(&self, id: &str, file: &web_sys::File) -> Answering<StoredFile> {
        let path = format!("/api/designs/{}/files?name={}", encode(id), encode(&file.name()));
        post_raw(path, file.clone().into())
    }
}

/// Sends bytes that are no JSON.
#[cfg(all(feature = "browser", not(feature = "ssr")))]
fn post_raw(path: String, body: wasm_bindgen::JsValue) -> Answering<StoredFile> {
    Box::pin(send_wrapper::SendWrapper::new(async move {
        let request =
            gloo_net::http::Request::post(&path).header("content-type", "application/octet-stream").body(body);
        let Ok(request) = request else { return Err(unavailable()) };
        let response = request.send().await.map_err(|_| unavailable())?;
        read((response.status(), response.binary().await.unwrap_or_default()))
    }))
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
    pub fn start_run(&self, design: &str, study: &str) -> Answering<Run> {
        self.with("POST", format!("/api/designs/{}/runs", encode(design)), StartRun { study: study.into() })
    }
    pub fn preflight(&self, design: &str, study: &str) -> Answering<Preflight> {
        self.with("POST", format!("/api/designs/{}/preflight", encode(design)), StartRun { study: study.into() })
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
    pub fn board(&self) -> Answering<Board> {
        self.get("/api/board")
    }

    /// One design as the board has it, in full.
    pub fn sheet(&self, design: &str) -> Answering<Sheet> {
        self.get(format!("/api/board/{}", encode(design)))
    }

    /// Verdicts on the requirements of a design, as it is now.
    pub fn requirements(&self, design: &str) -> Answering<Judged> {
        self.get(format!("/api/designs/{}/requirements", encode(design)))
    }

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

    pub fn workers(&self) -> Answering<Vec<Worker>> {
        self.get("/api/workers")
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
    /// Who used a link, newest first.
    pub fn share_views(&self, id: &str) -> Answering<Vec<ShareView>> {
        self.get(format!("/api/shares/{}/views", encode(id)))
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
    /// Bytes at `path`, for scenes and artefacts.
    pub fn bytes(&self, path: &str) -> std::pin::Pin<Box<dyn Future<Output = Result<Vec<u8>, Problem>> + Send>> {
        let answer = self.send("GET", path.into(), None);
        Box::pin(async move {
            let (status, body) = answer.await;
            if (200..300).contains(&status) {
                Ok(body)
            } else {
                read::<serde_json::Value>((status, body)).map(|_| Vec::new())
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_carry_only_what_is_given_and_are_encoded() {
        let pairs = [("state", None), ("search", Some("a b&c".to_string()))];
        assert_eq!(query(&pairs), "?search=a%20b%26c");
        assert_eq!(query(&[("state", None)]), "");
        assert_eq!(word(DesignState::Bin).as_deref(), Some("bin"));
    }

    #[test]
    fn answers_become_values_or_problems() {
        assert_eq!(read::<Vec<u32>>((200, b"[1,2]".to_vec())), Ok(vec![1, 2]));
        assert_eq!(read::<serde_json::Value>((204, Vec::new())), Ok(serde_json::Value::Null));
        let problem = br#"{"code":"invalid","message":"too short","field":"name"}"#.to_vec();
        assert_eq!(read::<u32>((422, problem)).unwrap_err().field.as_deref(), Some("name"));
        assert_eq!(read::<u32>((401, Vec::new())).unwrap_err().code, "unauthenticated");
        assert_eq!(read::<u32>((200, b"{".to_vec())).unwrap_err().code, "unavailable");
    }
}
