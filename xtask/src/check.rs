//! `cargo xtask doctor`: what building, testing and running need, and how to get it.

use crate::process::{self, available};
use anyhow::{Result, bail};
use std::path::Path;

/// Chromium for the browser tests, where Debian and others put it.
pub fn chromium() -> Option<&'static str> {
    ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
        .into_iter()
        .find(|p| Path::new(p).exists())
}

/// # Errors
/// When something that building needs is missing.
pub fn doctor() -> Result<()> {
    let mut missing = 0;
    let mut say = |what: &str, ok: bool, mend: &str| {
        println!("{} {what}{}", if ok { "✓" } else { "✗" }, if ok { String::new() } else { format!(": {mend}") });
        missing += u32::from(!ok);
    };
    say("rustc", available("rustc", "--version"), "install Rust with rustup");
    say("C compiler (for SQLite)", available("cc", "--version"), "install gcc or clang");
    let libdir = process::output(
        "rustc",
        process::command("rustc", &["--print", "target-libdir", "--target", "wasm32-unknown-unknown"]),
    )?;
    say("wasm32 target", Path::new(libdir.trim()).is_dir(), "rustup target add wasm32-unknown-unknown");
    say("node (browser tests)", available("node", "--version"), "install Node.js 20 or newer");
    say("npm (browser tests)", available("npm", "--version"), "install npm");
    say("chromium (browser tests)", chromium().is_some(), "apt-get install chromium");
    let server = process::target().join("release/server");
    if server.exists() {
        let status = std::process::Command::new(server).arg("doctor").status()?;
        missing += u32::from(!status.success());
    }
    if missing > 0 {
        bail!("{missing} to mend");
    }
    Ok(())
}
