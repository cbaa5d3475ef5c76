//! `cargo xtask serve`: from a checkout to a running product.

use crate::process::{self, cargo, root, run};
use crate::web::{self, Profile};
use anyhow::{Context, Result, bail};
use std::fs;
use std::time::UNIX_EPOCH;

/// Top-level folders that no build reads.
const NOT_SOURCES: [&str; 5] = [".git", "target", "data", "dist", "e2e"];

/// Builds what has changed, then becomes the server.
///
/// # Errors
/// When a build step fails or the server ends with an error.
pub fn serve(options: &[String]) -> Result<()> {
    let binary = process::target().join("release/server");
    let assets = web::folder(Profile::Release);
    let stamp = assets.with_extension("stamp");
    let sources = fingerprint()?;
    // Asking cargo four times whether anything changed would take longer than the start itself.
    let is_built = binary.is_file() && assets.is_dir() && fs::read_to_string(&stamp).is_ok_and(|s| s == sources);
    if !is_built {
        println!("Building Brunel. The first time takes 10 to 20 minutes on two cores; after that, only what changed.");
        build()?;
        fs::write(&stamp, sources)?;
    }
    let mut command = std::process::Command::new(binary);
    command.arg("serve").arg("--assets").arg(assets).args(options).current_dir(root());
    let status = command.status().context("cannot start the server")?;
    std::process::exit(status.code().unwrap_or(1));
}

/// Adds a portfolio of designs to `./data`: `--large` as many as the board's figure is about.
///
/// # Errors
/// When the server cannot be built or has no account yet.
pub fn seed(options: &[String]) -> Result<()> {
    let extent: &[&str] = match options.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => &[],
        ["--large"] => &["--designs", "200", "--runs", "20000", "--moments", "500"],
        _ => bail!("seed knows --large, not '{}'", options.join(" ")),
    };
    let build = ["run", "--locked", "--release", "--package", "server", "--bin", "server", "--", "seed"];
    run("seed", cargo(&[&build[..], extent].concat()))
}

/// Server and page at a time: each has stretches in which only one core has work.
fn build() -> Result<()> {
    let told = |what: Result<()>| what.inspect_err(|e| eprintln!("{e:#}"));
    std::thread::scope(|scope| {
        let page = scope.spawn(|| told(web::build(Profile::Release).map(|_| ())));
        let server = told(run("server (release)", cargo(&["build", "--locked", "--release", "--package", "server"])));
        let page = page.join().map_err(|_| anyhow::anyhow!("building the page broke down"))?;
        server.and(page)
    })
}

/// Changes when any source does: a hash of every file's path, length and time of change.
fn fingerprint() -> Result<String> {
    let mut hash = blake3::Hasher::new();
    let mut waiting = vec![root()];
    while let Some(dir) = waiting.pop() {
        let mut entries: Vec<_> = fs::read_dir(&dir)?.collect::<Result<_, _>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            let metadata = entry.metadata()?;
            if dir == root() && NOT_SOURCES.iter().any(|name| entry.file_name() == *name) {
                continue;
            }
            if metadata.is_dir() {
                waiting.push(path);
                continue;
            }
            let changed = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
            hash.update(path.as_os_str().as_encoded_bytes());
            hash.update(&metadata.len().to_le_bytes());
            hash.update(&changed.as_nanos().to_le_bytes());
        }
    }
    Ok(hash.finalize().to_hex().to_string())
}
