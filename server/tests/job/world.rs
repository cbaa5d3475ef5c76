//! A server in this process, workers and their children in others.

use app::api::run::{Run, RunEvent, RunState};
use rustix::process::{Pid, Signal, kill_process};
use server::State;
use server::config::Config;
use server::jobs::lease::Terms;
use server::jobs::{Question, Settings, Stored};
use solver::design::{Design, Object};
use std::collections::HashMap;
use std::future::Future;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

pub const MEMORY: u64 = 2 << 30;

/// Leases short enough for a test, long enough for a loaded machine.
pub const SHORT: Settings = Settings {
    terms: Terms { lease_ms: 1_500, attempts_max: 3, cancel_grace_ms: 1_700, fenced: true },
    budget_ms: 60_000,
};

pub struct World {
    pub state: State,
    pub url: String,
    token: String,
    pub tag: String,
    /// How often each run was told to be done.
    pub done: Arc<Mutex<HashMap<String, u32>>>,
    _folder: tempfile::TempDir,
}

/// Runs an asynchronous promise.
pub fn play<F: Future<Output = Result<(), String>>>(act: F) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|e| e.to_string())?;
    let outcome = runtime.block_on(act);
    // Long polls of dead workers would otherwise be waited for.
    runtime.shutdown_timeout(Duration::from_millis(200));
    outcome
}

impl World {
    pub async fn new(settings: Settings) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let config = Config::local(folder.path());
        let token = config.worker_token().expect("a token");
        let state = State::open(config).await.expect("a server");
        state.jobs.configure(settings);
        let mut write = state.db.write().await.expect("a writer");
        for sql in [
            "INSERT INTO organisation (id, name, created) VALUES ('o', 'O', 0)",
            "INSERT INTO person (id, email, name, hue, password, created) VALUES ('p', 'p@example.org', 'P', 0, '', 0)",
            "INSERT INTO person (id, email, name, hue, password, created) VALUES ('q', 'q@example.org', 'Q', 0, '', 0)",
            "INSERT INTO person (id, email, name, hue, password, created) VALUES ('r', 'r@example.org', 'R', 0, '', 0)",
            "INSERT INTO project (id, organisation, name, created) VALUES ('pr', 'o', 'PR', 0)",
            "INSERT INTO design (id, project, name, state, created, changed, changed_by) VALUES ('d', 'pr', 'D', 'active', 0, 0, 'p')",
        ] {
            sqlx::query(sql).execute(&mut *write).await.expect(sql);
        }
        write.commit().await.expect("a commit");
        state.jobs.start(&state).await.expect("a queue");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let router = server::router(state.clone());
        tokio::spawn(async move {
            axum::serve(listener, router.into_make_service_with_connect_info::<std::net::SocketAddr>()).await
        });
        let done: Arc<Mutex<HashMap<String, u32>>> = Arc::default();
        let (mut events, counted) = (state.jobs.events(), done.clone());
        tokio::spawn(async move {
            while let Ok((_, event)) = events.recv().await {
                if let RunEvent::State { run } = event
                    && run.state == RunState::Done
                {
                    *counted.lock().expect("the count").entry(run.id).or_default() += 1;
                }
            }
        });
        let tag = format!("tag-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        Self { state, url, token, tag, done, _folder: folder }
    }

    /// Asks for a run of the stub `what` does; `question` tells it from others.
    pub async fn ask(&self, what: &str, question: &str) -> Run {
        self.ask_from(what, question, None).await
    }

    /// The same, to begin where a paused run stands.
    pub async fn ask_from(&self, what: &str, question: &str, from: Option<&Stored>) -> Run {
        self.ask_of(&[Object::new("st", "static", what)], question, from).await
    }

    /// Asks for a run of the last of `objects`, a study, on the design of them all.
    pub async fn ask_of(&self, objects: &[Object], question: &str, from: Option<&Stored>) -> Run {
        let study = objects.last().expect("a study").clone();
        let mut content = Design::new();
        content.objects.extend(objects.iter().cloned().map(Arc::new));
        // One person may have a hundred runs waiting: three share the storm's.
        let person =
            ["p", "q", "r"][question.len().wrapping_add(usize::from(question.bytes().last().unwrap_or(0))) % 3];
        let fingerprint = blake3::hash(question.as_bytes()).to_hex().to_string();
        let question =
            Question { design: "d", sequence: 0, content: &content, study: &study, fingerprint, person, from };
        self.state.jobs.submit(&self.state, question).await.expect("a queued run")
    }

    pub fn start(&self, role: &str, threads: usize) -> Process {
        let child = Command::new(std::env::current_exe().expect("this program"))
            .args([role, "--connect", &self.url, "--token", &self.token, "--tag", &self.tag])
            .args(["--threads", &threads.to_string(), "--memory", &MEMORY.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a process");
        Process(child)
    }

    pub fn worker(&self, threads: usize) -> Process {
        self.start("stub-worker", threads)
    }

    pub async fn run(&self, id: &str) -> Run {
        self.state.jobs.find(&self.state, id).await.expect("a run").to_run()
    }

    /// Waits until the run is as `wanted` says.
    pub async fn until(&self, id: &str, limit: Duration, wanted: impl Fn(&Run) -> bool) -> Result<Run, String> {
        let over = Instant::now() + limit;
        loop {
            let run = self.run(id).await;
            if wanted(&run) {
                return Ok(run);
            }
            if Instant::now() > over {
                return Err(format!("after {limit:?}, run {id} is {:?}: {:?}", run.state, run.message));
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// That a run is done is told once: after its commit, so perhaps a moment after it can be read.
    pub async fn told_once(&self, id: &str) -> Result<(), String> {
        let over = Instant::now() + Duration::from_secs(5);
        loop {
            let times = self.done.lock().map_err(|e| e.to_string())?.get(id).copied();
            if times == Some(1) {
                return Ok(());
            }
            ensure(times.is_none() && Instant::now() < over, || format!("{id} was told to be done {times:?} times"))?;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub async fn ended(&self, id: &str, limit: Duration) -> Result<Run, String> {
        self.until(id, limit, |run| run.state.ended()).await
    }

    /// Processes of this world that still live.
    pub fn processes(&self) -> Vec<u32> {
        let Ok(folder) = std::fs::read_dir("/proc") else { return Vec::new() };
        let ids = folder.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
        ids.filter(|id| {
            let line = std::fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&line).contains(&self.tag)
        })
        .collect()
    }
}

/// A process that ends with its owner.
pub struct Process(pub Child);

impl Process {
    pub fn signal(&self, signal: Signal) {
        let id = Pid::from_child(&self.0);
        // It may be gone already.
        let _ = kill_process(id, signal);
    }

    pub fn alive(&mut self) -> bool {
        matches!(self.0.try_wait(), Ok(None))
    }

    /// Exit code, once it is gone.
    pub async fn code(&mut self, limit: Duration) -> Option<i32> {
        let over = Instant::now() + limit;
        while Instant::now() < over {
            if let Ok(Some(status)) = self.0.try_wait() {
                return status.code();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        None
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub fn ensure(that: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if that { Ok(()) } else { Err(otherwise()) }
}
