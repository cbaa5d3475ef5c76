//! A server for tests: the real router on a folder of its own, with people to act as.
//!
//! Compiled always, so that every test crate can use it; the binary never calls it.

use crate::api::input;
use crate::auth::policy::role_word;
use crate::auth::session::{COOKIE, IDLE, Signed};
use crate::clock::{DAY, Shifted};
use crate::config::{Config, PasswordCost};
use crate::{Error, State, api, id};
use app::api::Problem;
use app::api::auth::{Role, SignUpPolicy};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tower::ServiceExt as _;

/// The password of everyone made by [`TestApp::person`].
pub const PASSWORD: &str = "a password for tests";

/// A server in this process. Dropping it removes its folder.
pub struct TestApp {
    pub state: State,
    pub router: Router,
    /// The server's clock; `advance` moves it.
    pub clock: Arc<Shifted>,
    /// The organisation that [`TestApp::person`] puts people in.
    pub organisation: String,
    /// Hash of [`PASSWORD`].
    password: String,
    folder: PathBuf,
}

impl Drop for TestApp {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// What a test holds when something that must work did not.
pub type Result<T> = std::result::Result<T, anyhow::Error>;

impl TestApp {
    /// A server without people.
    ///
    /// # Errors
    /// When it cannot start.
    pub async fn new() -> Result<Self> {
        Self::with(|_| {}).await
    }

    /// As [`TestApp::new`], with other settings.
    ///
    /// # Errors
    /// When it cannot start.
    pub async fn with(change: impl FnOnce(&mut Config)) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("brunel-test-{}", id::id()));
        let mut config = Config::local(&folder);
        // Argon2 at its weakest; the real cost has a test of its own.
        config.password_cost = PasswordCost { memory_kib: 64, passes: 1 };
        config.sign_up = SignUpPolicy::Open;
        config.seed_demo = false;
        change(&mut config);
        let clock = Arc::new(Shifted::default());
        let state = State::open_with(config, clock.clone()).await?;
        state.start().await?;
        let router = crate::router(state.clone());
        let password = state.passwords.hash(PASSWORD).await?;
        let organisation = id::id();
        let mut write = state.db.write().await?;
        sqlx::query("INSERT INTO organisation (id, name, created) VALUES ($1, 'Works', $2)")
            .bind(&organisation)
            .bind(state.now())
            .execute(&mut *write)
            .await?;
        write.commit().await?;
        Ok(Self { state, router, clock, organisation, password, folder })
    }

    /// The folder this server keeps its data in.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Someone without an account.
    pub fn nobody(&self) -> Tester {
        Tester {
            router: self.router.clone(),
            id: String::new(),
            name: String::new(),
            email: String::new(),
            cookie: None,
            bearer: None,
        }
    }

    /// Someone holding the workers' token.
    ///
    /// # Errors
    /// When the token cannot be read.
    pub fn worker(&self) -> Result<Tester> {
        Ok(Tester { bearer: Some(self.state.config.worker_token()?), ..self.nobody() })
    }

    /// A signed-in person with `role` in the test's organisation.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn person(&self, name: &str, role: Role) -> Result<Tester> {
        self.member(&self.organisation, name, role, false).await
    }

    /// An owner of the test's organisation who administrates the installation.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn administrator(&self, name: &str) -> Result<Tester> {
        self.member(&self.organisation, name, Role::Owner, true).await
    }

    /// The owner of another organisation.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn stranger(&self, name: &str) -> Result<Tester> {
        let organisation = id::id();
        let mut write = self.state.db.write().await?;
        sqlx::query("INSERT INTO organisation (id, name, created) VALUES ($1, $2, $3)")
            .bind(&organisation)
            .bind(format!("{name}'s"))
            .bind(self.state.now())
            .execute(&mut *write)
            .await?;
        write.commit().await?;
        self.member(&organisation, name, Role::Owner, false).await
    }

    async fn member(&self, organisation: &str, name: &str, role: Role, administrator: bool) -> Result<Tester> {
        let (person, now) = (id::id(), self.state.now());
        let email = input::email(&format!("{}@{person}.example", name.to_lowercase().replace(' ', ".")))?;
        let mut write = self.state.db.write().await?;
        sqlx::query(
            "INSERT INTO person (id, email, name, hue, password, administrator, created) VALUES ($1, $2, $3, 210, $4, $5, $6)",
        )
        .bind(&person)
        .bind(&email)
        .bind(name)
        .bind(&self.password)
        .bind(i64::from(administrator))
        .bind(now)
        .execute(&mut *write)
        .await?;
        sqlx::query("INSERT INTO member (organisation, person, role, joined) VALUES ($1, $2, $3, $4)")
            .bind(organisation)
            .bind(&person)
            .bind(role_word(role))
            .bind(now)
            .execute(&mut *write)
            .await?;
        write.commit().await?;
        let cookie = self.session(&person).await?;
        Ok(Tester { id: person, name: name.to_owned(), email, cookie: Some(cookie), ..self.nobody() })
    }

    /// A fresh session of `person`, as the value of a `Cookie` header.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn session(&self, person: &str) -> Result<String> {
        use tower_sessions::SessionStore as _;
        let signed = Signed { person: person.to_owned(), session: id::id(), device: "Test".to_owned() };
        let data = [(crate::auth::session::KEY.to_owned(), serde_json::to_value(signed)?)].into_iter().collect();
        let expiry_date = time::OffsetDateTime::now_utc() + time::Duration::milliseconds(IDLE);
        let mut record =
            tower_sessions::session::Record { id: tower_sessions::session::Id::default(), data, expiry_date };
        let store = crate::auth::store::Store::new(self.state.db.clone(), self.state.clock.clone());
        store.create(&mut record).await?;
        Ok(format!("{COOKIE}={}", record.id))
    }

    /// A project of the test's organisation with nobody in it (its owners see it all the same).
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn project(&self, name: &str) -> Result<String> {
        let mut write = self.state.db.write().await?;
        let project = api::project::insert(&mut write, &self.organisation, name, false, self.state.now()).await?;
        write.commit().await?;
        Ok(project)
    }

    /// Puts `tester` into `project`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn join(&self, project: &str, tester: &Tester, role: Role) -> Result<()> {
        let mut write = self.state.db.write().await?;
        sqlx::query(
            "INSERT INTO project_member (project, person, role) VALUES ($1, $2, $3) \
             ON CONFLICT (project, person) DO UPDATE SET role = $3",
        )
        .bind(project)
        .bind(&tester.id)
        .bind(role_word(role))
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(())
    }

    /// A group of the test's organisation.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn group(&self, name: &str, people: &[&Tester]) -> Result<String> {
        let group = id::id();
        let mut write = self.state.db.write().await?;
        sqlx::query("INSERT INTO people_group (id, organisation, name, created) VALUES ($1, $2, $3, $4)")
            .bind(&group)
            .bind(&self.organisation)
            .bind(name)
            .bind(self.state.now())
            .execute(&mut *write)
            .await?;
        for person in people {
            sqlx::query("INSERT INTO group_person (people_group, person) VALUES ($1, $2)")
                .bind(&group)
                .bind(&person.id)
                .execute(&mut *write)
                .await?;
        }
        write.commit().await?;
        Ok(group)
    }

    /// A compartment of `project`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn compartment(&self, project: &str, name: &str, people: &[&Tester]) -> Result<String> {
        let compartment = id::id();
        let mut write = self.state.db.write().await?;
        sqlx::query("INSERT INTO compartment (id, project, name, created) VALUES ($1, $2, $3, $4)")
            .bind(&compartment)
            .bind(project)
            .bind(name)
            .bind(self.state.now())
            .execute(&mut *write)
            .await?;
        for person in people {
            sqlx::query("INSERT INTO compartment_person (compartment, person) VALUES ($1, $2)")
                .bind(&compartment)
                .bind(&person.id)
                .execute(&mut *write)
                .await?;
        }
        write.commit().await?;
        Ok(compartment)
    }

    /// A design with `content` in `project`, made by `by`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn design(&self, project: &str, by: &Tester, content: &solver::design::Design) -> Result<String> {
        let mut write = self.state.db.write().await?;
        let design = api::design::insert(&mut write, project, "Bracket", content, &by.id, self.state.now()).await?;
        write.commit().await?;
        Ok(design)
    }

    /// A share link's id and token for `design`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn share(&self, design: &str, by: &Tester) -> Result<(String, String)> {
        let (share, token, now) = (id::id(), id::secret(), self.state.now());
        let mut write = self.state.db.write().await?;
        sqlx::query(
            "INSERT INTO share (id, design, token_hash, label, created, created_by, expires) \
             VALUES ($1, $2, $3, 'test', $4, $5, $6)",
        )
        .bind(&share)
        .bind(design)
        .bind(id::secret_hash(&token))
        .bind(now)
        .bind(&by.id)
        .bind(now + 7 * DAY)
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok((share, token))
    }

    /// Serves on a free port of loopback, for tests that need sockets. Browsers' `Origin` is the state's public URL, as
    /// [`Tester`] sends it; the port is only where to connect.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn serve(&self) -> Result<SocketAddr> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let service = self.router.clone().into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, service).await {
                tracing::error!(%error, "the test's server ended");
            }
        });
        Ok(address)
    }
}

/// Someone who sends requests.
#[derive(Clone)]
pub struct Tester {
    pub router: Router,
    /// Person's id; empty for nobody and workers.
    pub id: String,
    pub name: String,
    pub email: String,
    /// Value of the `Cookie` header.
    pub cookie: Option<String>,
    pub bearer: Option<String>,
}

/// The origin of the server's own page.
pub const ORIGIN: &str = "http://localhost:8080";

impl Tester {
    /// Sends a request as the page would, with the cookie and the page's origin, or as a program with its token.
    pub async fn send(&self, method: Method, path: &str, body: Vec<u8>) -> Answer {
        let request = self.request(method, path).body(Body::from(body));
        self.carry(request).await
    }

    /// The head of such a request, to be changed by tests that forge one.
    pub fn request(&self, method: Method, path: &str) -> axum::http::request::Builder {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, "localhost:8080");
        if let Some(bearer) = &self.bearer {
            let request = request.header(header::CONTENT_TYPE, "application/json");
            return request.header(header::AUTHORIZATION, format!("Bearer {bearer}"));
        }
        request = request.header(header::ORIGIN, ORIGIN).header(header::CONTENT_TYPE, "application/json");
        match &self.cookie {
            Some(cookie) => request.header(header::COOKIE, cookie),
            None => request,
        }
    }

    /// Carries any request to the server.
    pub async fn carry(&self, request: std::result::Result<Request<Body>, axum::http::Error>) -> Answer {
        let request = match request {
            Ok(request) => request,
            Err(error) => return Answer::broken(&error.to_string()),
        };
        let Ok(response) = self.router.clone().oneshot(request).await;
        let (parts, body) = response.into_parts();
        match axum::body::to_bytes(body, usize::MAX).await {
            Ok(body) => Answer { status: parts.status, headers: parts.headers, body: body.to_vec() },
            Err(error) => Answer::broken(&error.to_string()),
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, Vec::new()).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, Vec::new()).await
    }

    pub async fn post(&self, path: &str, body: impl Serialize) -> Answer {
        self.send(Method::POST, path, serde_json::to_vec(&body).unwrap_or_default()).await
    }

    pub async fn patch(&self, path: &str, body: impl Serialize) -> Answer {
        self.send(Method::PATCH, path, serde_json::to_vec(&body).unwrap_or_default()).await
    }

    pub async fn put(&self, path: &str, body: impl Serialize) -> Answer {
        self.send(Method::PUT, path, serde_json::to_vec(&body).unwrap_or_default()).await
    }

    /// Takes the cookie an answer sets, as a browser would.
    #[must_use]
    pub fn with_cookie_of(&self, answer: &Answer) -> Self {
        let set = answer.headers.get(header::SET_COOKIE).and_then(|value| value.to_str().ok());
        let cookie = set.and_then(|set| set.split(';').next()).map(str::to_owned);
        Self { cookie, ..self.clone() }
    }
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    fn broken(why: &str) -> Self {
        Self { status: StatusCode::IM_A_TEAPOT, headers: HeaderMap::new(), body: why.as_bytes().to_vec() }
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as a value.
    ///
    /// # Errors
    /// With status and body, when it is not a success of that shape.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T> {
        anyhow::ensure!(self.status.is_success(), "{}: {}", self.status, self.text());
        serde_json::from_slice(&self.body).map_err(|error| anyhow::anyhow!("{error}: {}", self.text()))
    }

    /// The problem in the body.
    ///
    /// # Errors
    /// When it is none.
    pub fn problem(&self) -> Result<Problem> {
        serde_json::from_slice(&self.body).map_err(|error| anyhow::anyhow!("{}: {error}: {}", self.status, self.text()))
    }
}

impl From<Error> for Answer {
    fn from(error: Error) -> Self {
        let body = serde_json::to_vec(&error.problem()).unwrap_or_default();
        Self { status: error.status().0, headers: HeaderMap::new(), body }
    }
}
