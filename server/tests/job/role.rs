//! What this binary is when the harness starts it again: a worker with stub studies, its child, or a bad worker.

use crate::stub;
use server::jobs::child::Launcher;
use server::jobs::door::{Door, DoorError};
use server::jobs::wire::{Assignment, Claim, Hello, Lease, PROTOCOL, Publish};
use server::jobs::{runner, worker};
use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;
use tokio::sync::watch;

/// Exit code of a bad worker whose publication was refused.
pub const REFUSED: i32 = 9;

fn option<'a>(arguments: &'a [String], name: &str) -> &'a str {
    let at = arguments.iter().position(|a| a == name).unwrap_or_else(|| panic!("{name} is given"));
    &arguments[at + 1]
}

fn number(arguments: &[String], name: &str) -> u64 {
    option(arguments, name).parse().unwrap_or_else(|e| panic!("{name}: {e}"))
}

pub fn job(arguments: &[String]) -> ExitCode {
    let code =
        runner::main(stub::REGISTRY, number(arguments, "--threads") as usize, Some(number(arguments, "--memory")));
    ExitCode::from(code as u8)
}

#[tokio::main]
pub async fn worker(arguments: &[String]) -> ExitCode {
    if std::env::var_os("RUST_LOG").is_some() {
        tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    }
    let (threads, memory) = (option(arguments, "--threads"), option(arguments, "--memory"));
    let child = ["worker-job", "--threads", threads, "--memory", memory, "--tag", option(arguments, "--tag")];
    let options = worker::Options {
        connect: option(arguments, "--connect").into(),
        token: option(arguments, "--token").into(),
        authority: None,
        launcher: Launcher {
            program: std::env::current_exe().expect("this program"),
            arguments: child.map(Into::into).to_vec(),
            memory_bytes: number(arguments, "--memory"),
        },
        threads: number(arguments, "--threads") as usize,
        memory_bytes: number(arguments, "--memory"),
        studies: stub::studies(),
    };
    let (_stop, stopped) = watch::channel(false);
    match worker::work(options, stopped).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("worker: {e:#}");
            ExitCode::FAILURE
        }
    }
}

async fn claimed(arguments: &[String]) -> (Door, Assignment, Lease) {
    let door = Door::new(option(arguments, "--connect"), option(arguments, "--token"), None).expect("an address");
    let hello = Hello {
        protocol: PROTOCOL,
        worker: format!("bad-{}", std::process::id()),
        host: "bad".into(),
        cores: 1,
        instruction_set: "none".into(),
        version: "0".into(),
        memory_bytes: 0,
        studies: stub::studies(),
    };
    loop {
        if let Ok(Some(assignment)) = door.claim(&Claim { hello: hello.clone(), wait_ms: 5_000 }).await {
            let lease = Lease { run: assignment.run.clone(), epoch: assignment.epoch };
            return (door, assignment, lease);
        }
    }
}

/// Claims, uploads, and after a while publishes, without ever asking whether it still may: it is stopped in between.
#[tokio::main]
pub async fn sleeper(arguments: &[String]) -> ExitCode {
    let (door, _, lease) = claimed(arguments).await;
    let bytes = format!("the sleeper's answer {}", std::process::id());
    let surface = blake3::hash(bytes.as_bytes()).to_hex().to_string();
    door.upload(&lease, &surface, bytes.into()).await.expect("an upload under a lease that lives");
    let mut out = std::io::stdout();
    writeln!(out, "ready {}", lease.epoch).and_then(|()| out.flush()).expect("a harness that listens");
    tokio::time::sleep(Duration::from_millis(200)).await;
    let publish = Publish {
        lease,
        surface,
        tensor: None,
        volume: None,
        deck: None,
        growth: None,
        core_seconds: 0.0,
        memory_bytes: 0,
        instruction_set: "none".into(),
    };
    match door.publish(&publish).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(DoorError::Fenced) => ExitCode::from(REFUSED as u8),
        Err(e) => {
            eprintln!("sleeper: {e}");
            ExitCode::FAILURE
        }
    }
}

/// Solves inside itself, as a worker must not.
pub fn reckless(arguments: &[String]) -> ExitCode {
    let assignment = {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(claimed(arguments)).1
    };
    let case = assignment.design.get(&assignment.study.as_str().into()).expect("a study");
    let model = solver::geometry::Model::default();
    let case = solver::study::Case { design: &assignment.design, study: case, model: &model, upstream: &[] };
    let never = std::sync::atomic::AtomicBool::new(false);
    let mut nobody = |_| {};
    let study = (stub::REGISTRY)("static").expect("the stub");
    let _ = study.run(&case, &mut solver::run::Ctx::new(&mut nobody, &never));
    std::thread::sleep(Duration::from_secs(60));
    ExitCode::SUCCESS
}
