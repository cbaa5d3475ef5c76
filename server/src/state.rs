//! What every handler can reach.

use crate::auth::limit::Limits;
use crate::auth::password::Passwords;
use crate::blob::{Blobs, Folder};
use crate::clock::{Clock, Wall};
use crate::config::Config;
use crate::db::{self, Db};
use crate::web::asset::Assets;
use crate::{jobs, rooms};
use anyhow::Context as _;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use std::convert::Infallible;
use std::ops::Deref;
use std::sync::Arc;

/// The server's state; cloning shares it. As an extractor it hands itself to handlers: `async fn list(state: State)`.
#[derive(Clone)]
pub struct State(Arc<Shared>);

pub struct Shared {
    pub config: Config,
    pub db: Db,
    pub blobs: Blobs,
    pub clock: Arc<dyn Clock>,
    pub rooms: rooms::Hub,
    pub jobs: jobs::Queue,
    pub passwords: Passwords,
    pub limits: Limits,
    pub assets: Assets,
    /// Hash of the secret with which workers sign in.
    pub worker_token_hash: String,
}

impl Deref for State {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl FromRequestParts<State> for State {
    type Rejection = Infallible;

    async fn from_request_parts(_parts: &mut Parts, state: &State) -> Result<Self, Infallible> {
        Ok(state.clone())
    }
}

impl State {
    /// Opens the data folder of `config`, creating it on first start.
    ///
    /// # Errors
    /// Names the file that cannot be used.
    pub async fn open(config: Config) -> anyhow::Result<Self> {
        Self::open_with(config, Arc::new(Wall)).await
    }

    /// As [`State::open`], with the time told by `clock`.
    ///
    /// # Errors
    /// Names the file that cannot be used.
    pub async fn open_with(config: Config, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&config.data)
            .with_context(|| format!("cannot create the data folder {}", config.data.display()))?;
        let db = db::open(&config.database()).await?;
        let folder = Folder::open(&config.blobs())
            .with_context(|| format!("cannot use the blob folder {}", config.blobs().display()))?;
        let worker_token = config.worker_token()?;
        let shared = Shared {
            db,
            blobs: Blobs::new(Arc::new(folder)),
            clock,
            rooms: rooms::Hub::default(),
            jobs: jobs::Queue::default(),
            passwords: Passwords::new(config.password_cost)?,
            limits: Limits::default(),
            assets: Assets::open(&config.assets),
            worker_token_hash: crate::id::secret_hash(&worker_token),
            config,
        };
        Ok(Self(Arc::new(shared)))
    }

    /// Epoch milliseconds.
    pub fn now(&self) -> i64 {
        self.clock.now()
    }

    /// Starts the background work of rooms and queue. Call once, within the runtime that serves.
    ///
    /// # Errors
    /// When what they left behind cannot be read.
    pub async fn start(&self) -> Result<(), crate::Error> {
        self.rooms.start(self).await?;
        self.jobs.start(self).await
    }
}
