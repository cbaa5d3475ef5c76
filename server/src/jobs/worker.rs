//! The worker role: claims runs from a server over HTTP and solves them.

/// `server worker`
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Address of the server, `https://brunel.example`.
    #[arg(long)]
    pub connect: String,
    /// The server's `worker.token`; better given in the environment.
    #[arg(long, env = "BRUNEL_WORKER_TOKEN", hide_env_values = true)]
    pub token: String,
}

/// Works until stopped.
///
/// # Errors
/// When the server refuses the token.

pub async fn run(_args: Args) -> anyhow::Result<()> {
    Ok(())
}
