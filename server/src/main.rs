//! `server`: serve | worker | migrate | backup | restore | seed | doctor | remote.

mod role;

use clap::{Parser, Subcommand};
use server::config::Config;
use server::{backup, db, doctor, jobs, remote, telemetry};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "brunel", version, about = "Brunel: co-edited CAD and simulation, self-hosted.")]
struct Cli {
    #[command(subcommand)]
    role: Role,
    /// Log as JSON lines instead of text.
    #[arg(long, env = "BRUNEL_LOG_JSON", global = true)]
    log_json: bool,
}

#[derive(Subcommand)]
enum Role {
    /// Serve pages, API and sockets; start local workers.
    Serve(role::Serve),
    /// Take runs from a server and solve them.
    Worker(jobs::worker::Args),
    /// Bring the database up to this version and stop.
    Migrate(role::Data),
    /// Copy database and files into a new folder, also while the server runs.
    Backup {
        #[command(flatten)]
        data: role::Data,
        /// The folder to make.
        to: PathBuf,
    },
    /// Make a data folder from a backup, after checking every byte of it.
    Restore {
        #[command(flatten)]
        data: role::Data,
        /// The backup's folder.
        from: PathBuf,
    },
    /// Add a portfolio of designs with half a year of edits and runs, to see the board with.
    Seed {
        #[command(flatten)]
        data: role::Data,
        #[command(flatten)]
        extent: role::Extent,
    },
    /// Say what is wrong here, and what would mend it.
    Doctor(role::Data),
    /// Use a server from the command line: upload, run, wait, read, export, check.
    Remote(remote::Args),
}

#[expect(clippy::print_stdout, reason = "the answer on the terminal")]
fn tell(folder: &Path, extent: &backup::Extent) {
    println!("{}: {} files, {:.1} MB", folder.display(), extent.n_blobs, extent.bytes as f64 / 1e6);
    for hash in &extent.missing {
        println!(
            "MEND files: {hash} is named by a design or run and was lost before the backup; look in an earlier one"
        );
    }
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "these roles answer on the terminal")]
async fn main() -> anyhow::Result<ExitCode> {
    let cli = Cli::parse();
    telemetry::log::start(cli.log_json);
    match cli.role {
        Role::Serve(args) => role::serve(args).await?,
        Role::Worker(args) => jobs::worker::run(args).await?,
        Role::Migrate(data) => {
            db::open(&Config::local(&data.data).database()).await?.close().await;
            println!("The database in {} is up to date.", data.data.display());
        }
        Role::Backup { data, to } => {
            let extent = backup::backup(&Config::local(&data.data), &to).await?;
            tell(&to, &extent);
        }
        Role::Restore { data, from } => {
            let extent = backup::restore(&from, &Config::local(&data.data)).await?;
            tell(&data.data, &extent);
        }
        Role::Seed { data, extent } => role::seed(&data, &extent).await?,
        Role::Remote(args) => return remote::run(args).await,
        Role::Doctor(data) => {
            let findings = doctor::examine(&Config::local(&data.data)).await;
            for finding in &findings {
                println!("{finding}");
            }
            if findings.iter().any(|finding| !finding.is_good) {
                return Ok(ExitCode::FAILURE);
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
