//! `cargo xtask dist`: one binary with the assets inside.

use crate::process::{self, cargo, run};
use crate::web::{self, Profile};
use anyhow::{Context, Result};

/// # Errors
/// When a build step fails.
pub fn dist() -> Result<()> {
    let assets = web::build(Profile::Dist)?;
    let mut build = cargo(&["build", "--locked", "--profile", "dist", "--package", "server", "--features", "embed"]);
    build.env("BRUNEL_ASSETS", &assets);
    run("server (dist)", build)?;
    let out = process::root().join("dist");
    std::fs::create_dir_all(&out)?;
    let binary = out.join("brunel");
    std::fs::copy(process::target().join("dist/server"), &binary).context("cannot copy the binary")?;
    println!("{}: {} MB", binary.display(), std::fs::metadata(&binary)?.len() / 1_000_000);
    Ok(())
}
