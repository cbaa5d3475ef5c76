//! `server`: serve | worker | migrate | backup | restore | doctor.

use clap::{Parser, Subcommand};
use server::config::Config;
use server::{State, db, jobs};
use std::net::SocketAddr;
use std::path::PathBuf;

#[derive(Parser)]
#[command(name = "brunel", version, about = "Brunel: co-edited CAD and simulation, self-hosted.")]
struct Cli {
    #[command(subcommand)]
    role: Role,
}

#[derive(Subcommand)]
enum Role {
    /// Serve pages, API and sockets; start local workers.
    Serve(Serve),
    /// Take runs from a server and solve them.
    Worker(jobs::worker::Args),
    /// Bring the database up to this version and stop.
    Migrate(Data),
}

#[derive(clap::Args)]
struct Data {
    /// Folder of the database and the blobs.
    #[arg(long, env = "BRUNEL_DATA", default_value = "data")]
    data: PathBuf,
}

#[derive(clap::Args)]
struct Serve {
    #[command(flatten)]
    data: Data,
    /// Address and port to listen on; loopback unless you say otherwise.
    #[arg(long, env = "BRUNEL_BIND", default_value = "127.0.0.1:8080")]
    bind: SocketAddr,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    match Cli::parse().role {
        Role::Serve(args) => serve(args).await,
        Role::Worker(args) => jobs::worker::run(args).await,
        Role::Migrate(args) => {
            db::open(&Config::local(&args.data).database()).await?.close().await;
            Ok(())
        }
    }
}

async fn serve(args: Serve) -> anyhow::Result<()> {
    let mut config = Config::local(&args.data.data);
    config.bind = args.bind;
    let state = State::open(config).await?;
    state.start().await?;
    let listener = tokio::net::TcpListener::bind(state.config.bind).await?;
    axum::serve(listener, server::router(state).into_make_service_with_connect_info::<SocketAddr>()).await?;
    Ok(())
}
