//! Geometry on the server's own behalf (scenes, pictures, pre-flights), away from its own process.
//!
//! Each is made in a child like a run's, with its memory limit and little time: a design that breaks a kernel must not
//! break the server. Without a launcher (tests) a blocking thread does it.

use super::child::Launcher;
use super::frame::{DeckTask, Drawing, Frame, NoAnswer, Task, View};
use super::queue::files;
use super::runner::{self, Imported};
use crate::{Error, State, blob};
use app::api::run::Preflight;
use bytes::Bytes;
use solver::deck::Reading;
use solver::design::Design;
use sqlx::Row as _;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

/// Children at a time for each purpose; the rest of the machine solves.
const CHECKS: usize = 2;
const SCENES: usize = 1;
const PICTURES: usize = 1;
/// The guests' own, so that nothing they ask for keeps the team waiting.
const GUESTS: usize = 1;
/// Longest wait for one's turn.
const TURN: Duration = Duration::from_secs(20);
/// Longest work of a child.
const PATIENCE: Duration = Duration::from_secs(30);
/// Memory of a child, bytes: geometry and counting, no matrices.
pub const MEMORY_BYTES: u64 = 4 << 30;
/// A design that broke its child is not tried again for so long: lists ask for its picture again and again.
const BROKEN_HOLDS: Duration = Duration::from_secs(600);
/// Broken ones remembered at most.
const BROKEN_MAX: usize = 1_000;

/// Where children are asked.
pub struct Desk {
    launcher: OnceLock<Launcher>,
    checks: Semaphore,
    scenes: Semaphore,
    pictures: Semaphore,
    guests: Semaphore,
    /// Of each link that someone waits through.
    links: Mutex<HashMap<String, Arc<Semaphore>>>,
    /// What came of drawings that broke their child, by key.
    broken: Mutex<HashMap<String, (Instant, String)>>,
}

impl Default for Desk {
    fn default() -> Self {
        Self {
            launcher: OnceLock::new(),
            checks: Semaphore::new(CHECKS),
            scenes: Semaphore::new(SCENES),
            pictures: Semaphore::new(PICTURES),
            guests: Semaphore::new(GUESTS),
            links: Mutex::default(),
            broken: Mutex::default(),
        }
    }
}

/// A guest's turn, for as long as it is held.
pub struct GuestTurn<'a> {
    _line: SemaphorePermit<'a>,
    _link: OwnedSemaphorePermit,
}

impl Desk {
    /// From now on children do the work.
    pub fn use_children(&self, launcher: Launcher) {
        let _ = self.launcher.set(launcher);
    }

    /// Checks study `study` of `design`, whose id is `id`.
    ///
    /// # Errors
    /// [`Error::Invalid`] when an imported file is missing, or the check breaks down or takes too long.
    pub async fn check(&self, state: &State, id: &str, design: Design, study: &str) -> Result<Preflight, Error> {
        let _turn = turn(&self.checks).await?;
        let imported = imported(state, id, &design).await?;
        if files(&design).iter().any(|hash| !imported.contains_key(hash)) {
            let lost = "an imported file of this design is not in the store any more; import it again";
            return Err(Error::field("study", lost));
        }
        let task = Task { design, study: study.into(), seed: 0, memory_bytes_max: MEMORY_BYTES };
        let Some(launcher) = self.launcher.get() else {
            let work = move || runner::preflight(solver::study::study, &task, &Imported(imported));
            return tokio::task::spawn_blocking(work).await.map_err(Error::internal);
        };
        match in_child(launcher, Frame::Check(Box::new(task)), imported).await? {
            Frame::Checked(found) => Ok(*found),
            other => Err(Error::internal(anyhow::anyhow!("a check was answered with {other:?}"))),
        }
    }

    /// Reads the input deck `bytes`.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the line that cannot be understood, or when reading breaks down or takes too long.
    pub async fn read_deck(&self, task: DeckTask, bytes: Bytes) -> Result<Reading, Error> {
        let _turn = turn(&self.checks).await?;
        let files = HashMap::from([(task.hash.clone(), bytes.to_vec())]);
        let read = match self.launcher.get() {
            Some(launcher) => match in_child(launcher, Frame::ReadDeck(task), files).await? {
                Frame::DeckRead(read) => *read,
                other => return Err(Error::internal(anyhow::anyhow!("a deck was answered with {other:?}"))),
            },
            None => {
                let work = move || runner::read_deck(&task, &Imported(files));
                tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
            }
        };
        read.map_err(Error::invalid)
    }

    /// Makes `drawing` of the design whose id is `id`. `key` names it, for those that break down.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it cannot be made, breaks down or takes too long.
    pub async fn draw(&self, state: &State, id: &str, drawing: Drawing, key: &str) -> Result<Bytes, Error> {
        if let Some(why) = self.broken(key) {
            return Err(Error::invalid(why));
        }
        let _turn = turn(if drawing.view == View::Picture { &self.pictures } else { &self.scenes }).await?;
        self.make(state, id, drawing, key).await
    }

    /// Waits for a guest's turn: behind whoever holds the same link, and then one link behind the other, so that however
    /// much is asked through one, the others wait for one drawing of it.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when it does not come in time.
    pub async fn guest_turn(&self, share: &str) -> Result<GuestTurn<'_>, Error> {
        let link = {
            let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
            // Held by nobody but this map, it stops nobody.
            links.retain(|_, link| Arc::strong_count(link) > 1);
            links.entry(share.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(1))).clone()
        };
        let link = tokio::time::timeout(TURN, link.acquire_owned()).await.map_err(|_| busy())?;
        Ok(GuestTurn { _link: link.map_err(Error::internal)?, _line: turn(&self.guests).await? })
    }

    /// As [`Self::draw`], in a guest's turn.
    ///
    /// # Errors
    /// As there.
    pub async fn draw_for_guest(
        &self,
        _turn: &GuestTurn<'_>,
        state: &State,
        id: &str,
        drawing: Drawing,
        key: &str,
    ) -> Result<Bytes, Error> {
        match self.broken(key) {
            Some(why) => Err(Error::invalid(why)),
            None => self.make(state, id, drawing, key).await,
        }
    }

    async fn make(&self, state: &State, id: &str, drawing: Drawing, key: &str) -> Result<Bytes, Error> {
        let imported = imported(state, id, &drawing.design).await?;
        let drawn = match self.launcher.get() {
            Some(launcher) => in_child(launcher, Frame::Draw(Box::new(drawing)), imported).await,
            None => {
                let work = move || runner::draw(&drawing, &Imported(imported));
                tokio::task::spawn_blocking(work).await.map_err(Error::internal)
            }
        };
        match drawn {
            Ok(Frame::Drawn(bytes)) => Ok(bytes.into()),
            // Nothing broke: what was asked for cannot be.
            Ok(Frame::NoAnswer(NoAnswer::Failed { message })) => Err(Error::invalid(message)),
            Ok(other) => Err(Error::internal(anyhow::anyhow!("a drawing was answered with {other:?}"))),
            Err(error) => {
                tracing::warn!(design = id, %error, "a design cannot be drawn");
                self.remember(key, &error);
                Err(error)
            }
        }
    }

    fn broken(&self, key: &str) -> Option<String> {
        let broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        broken.get(key).filter(|(at, _)| at.elapsed() < BROKEN_HOLDS).map(|(_, why)| why.clone())
    }

    fn remember(&self, key: &str, error: &Error) {
        let Error::Invalid { .. } = error else { return };
        let mut broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        if broken.len() >= BROKEN_MAX {
            broken.retain(|_, (at, _)| at.elapsed() < BROKEN_HOLDS);
        }
        if broken.len() < BROKEN_MAX {
            broken.insert(key.to_owned(), (Instant::now(), error.problem().message));
        }
    }
}

fn busy() -> Error {
    Error::unavailable("The server is evaluating other designs; try again in a moment.")
}

async fn turn(turns: &Semaphore) -> Result<SemaphorePermit<'_>, Error> {
    tokio::time::timeout(TURN, turns.acquire()).await.map_err(|_| busy())?.map_err(Error::internal)
}

/// The files that `design` names and owns; knowing the hash of another's file opens nothing.
async fn imported(state: &State, id: &str, design: &Design) -> Result<HashMap<String, Vec<u8>>, Error> {
    let wanted = files(design);
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = sqlx::query("SELECT hash FROM file WHERE design = $1").bind(id).fetch_all(state.db.reader()).await?;
    let own: HashSet<String> = rows.iter().map(|row| row.get(0)).collect();
    let mut imported = HashMap::new();
    for hash in wanted.into_iter().filter(|hash| own.contains(hash) && blob::is_hash(hash)) {
        if let Some(bytes) = state.blobs.get(&hash).await? {
            imported.insert(hash, bytes.to_vec());
        }
    }
    Ok(imported)
}

/// Asks a fresh child and returns its answer.
async fn in_child(launcher: &Launcher, question: Frame, imported: HashMap<String, Vec<u8>>) -> Result<Frame, Error> {
    let mut child = launcher.start().map_err(Error::internal)?;
    let talk = async {
        for (hash, bytes) in imported {
            child.send(Frame::File { hash, bytes }).await?;
        }
        child.send(question).await?;
        loop {
            match child.receive().await {
                Some(Ok(answer @ (Frame::Checked(_) | Frame::Drawn(_) | Frame::DeckRead(_) | Frame::NoAnswer(_)))) => {
                    return Ok(Some(answer));
                }
                Some(Ok(_)) => {}
                Some(Err(e)) => return Err(e),
                None => return Ok(None),
            }
        }
    };
    match tokio::time::timeout(PATIENCE, talk).await {
        Ok(Ok(Some(answer))) => Ok(answer),
        Ok(Ok(None) | Err(_)) => Err(Error::invalid(child.last_words().await)),
        Err(_) => {
            child.kill().await;
            let seconds = PATIENCE.as_secs();
            Err(Error::invalid(format!(
                "building the bodies took more than {seconds} s; simplify or suppress the last feature and try again"
            )))
        }
    }
}
