//! `cargo xtask serve`: from a checkout to a running product.

use crate::process::{self, cargo, run};
use crate::web::{self, Profile};
use anyhow::{Context, Result};

/// Builds what has changed, then becomes the server.
///
/// # Errors
/// When a build step fails or the server ends with an error.
pub fn serve(options: &[String]) -> Result<()> {
    println!("Building Brunel. The first time takes 10 to 20 minutes on two cores; after that, seconds.");
    run("server (release)", cargo(&["build", "--locked", "--release", "--package", "server"]))?;
    let assets = web::build(Profile::Release)?;
    let mut command = std::process::Command::new(process::target().join("release/server"));
    command.arg("serve").arg("--assets").arg(assets).args(options).current_dir(process::root());
    let status = command.status().context("cannot start the server")?;
    std::process::exit(status.code().unwrap_or(1));
}
