//! The roles that run in this process: `serve`, from options to a listening server and its orderly end, and `seed`.

use anyhow::Context as _;
use app::api::auth::SignUpPolicy;
use axum_server::Handle;
use server::clock::Shifted;
use server::config::Config;
use server::demo::portfolio;
use server::{State, jobs, retention, standing, telemetry, tls};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How long requests on their way may take once the server is told to stop.
const GRACE: Duration = Duration::from_secs(3);

#[derive(clap::Args)]
pub struct Data {
    /// Folder of the database and the files.
    #[arg(long, env = "BRUNEL_DATA", default_value = "data")]
    pub data: PathBuf,
}

#[derive(clap::Args)]
pub struct Extent {
    #[arg(long, default_value_t = 20)]
    designs: usize,
    #[arg(long, default_value_t = 400)]
    runs: usize,
    /// Moments of each design's course, at least.
    #[arg(long, default_value_t = 0)]
    moments: usize,
}

/// Adds a portfolio to the organisation of the first account.
#[expect(clippy::print_stdout, reason = "the answer on the terminal")]
pub async fn seed(data: &Data, extent: &Extent) -> anyhow::Result<()> {
    let clock = Arc::new(Shifted::default());
    let state = State::open_with(Config::local(&data.data), clock.clone()).await?;
    let extent = portfolio::Extent { designs: extent.designs, runs: extent.runs, moments: extent.moments };
    let tell = |project: &str| println!("{project} …");
    let made =
        portfolio::add(&state, &clock, extent, &tell).await.map_err(|e| anyhow::anyhow!("{}", e.problem().message))?;
    println!(
        "{} designs in {} projects with {} runs of {} different questions are in {}.",
        made.designs,
        made.projects,
        made.runs,
        made.answers,
        data.data.display()
    );
    Ok(())
}

#[derive(clap::Args)]
pub struct Serve {
    #[command(flatten)]
    data: Data,
    /// Address and port to listen on; loopback unless you say otherwise.
    #[arg(long, env = "BRUNEL_BIND", default_value = "127.0.0.1:8080")]
    bind: SocketAddr,
    /// Where people reach this server: `https://cad.example`. With https and no proxy, the server speaks TLS itself, with a
    /// self-signed certificate unless you give one.
    #[arg(long, env = "BRUNEL_PUBLIC_URL")]
    public_url: Option<String>,
    /// Your own certificate (chain), PEM.
    #[arg(long, env = "BRUNEL_CERTIFICATE", requires = "key")]
    certificate: Option<PathBuf>,
    /// Its key, PEM.
    #[arg(long, env = "BRUNEL_KEY", requires = "certificate")]
    key: Option<PathBuf>,
    /// Address of a proxy that ends TLS and whose X-Forwarded-For is believed; may be given again.
    #[arg(long = "trusted-proxy", env = "BRUNEL_TRUSTED_PROXY", value_delimiter = ',')]
    trusted_proxies: Vec<IpAddr>,
    /// Who may sign up after the first person, until an administrator decides otherwise.
    #[arg(long, env = "BRUNEL_SIGN_UP", default_value = "invitation")]
    sign_up: SignUp,
    /// Give the first organisation a demo project.
    #[arg(long, env = "BRUNEL_SEED_DEMO", default_value_t = true, action = clap::ArgAction::Set, num_args = 0..=1, default_missing_value = "true")]
    seed_demo: bool,
    /// Folder of the built page.
    #[arg(long, env = "BRUNEL_ASSETS", default_value = if cfg!(debug_assertions) { "target/web/dev" } else { "target/web/release" })]
    assets: PathBuf,
    /// Local worker processes to keep running.
    #[arg(long, env = "BRUNEL_WORKERS", default_value_t = 1)]
    workers: usize,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum SignUp {
    Open,
    Invitation,
    Closed,
}

/// Serves until told to stop (interrupt or terminate).
pub async fn serve(args: Serve) -> anyhow::Result<()> {
    let listener = std::net::TcpListener::bind(args.bind)
        .with_context(|| format!("cannot listen on {}; is a server running there already?", args.bind))?;
    listener.set_nonblocking(true)?;
    let bind = listener.local_addr()?;
    let public_url = match &args.public_url {
        Some(url) => check_url(url)?,
        None => format!("http://localhost:{}", bind.port()),
    };
    let config = Config {
        data: args.data.data.clone(),
        bind,
        public_url: public_url.clone(),
        trusted_proxies: args.trusted_proxies.clone(),
        sign_up: match args.sign_up {
            SignUp::Open => SignUpPolicy::Open,
            SignUp::Invitation => SignUpPolicy::Invitation,
            SignUp::Closed => SignUpPolicy::Closed,
        },
        seed_demo: args.seed_demo,
        assets: args.assets.clone(),
        ..Config::local(&args.data.data)
    };
    telemetry::metrics::start();
    let certificate = certificate(&args, &public_url)?;
    let state = State::open(config).await?;
    state.start().await?;
    retention::start(&state);
    standing::start(&state);
    let service = server::router(state.clone()).into_make_service_with_connect_info::<SocketAddr>();
    let handle = Handle::new();
    tokio::spawn(stop_when_told(handle.clone()));
    announce(&public_url, bind);
    // Workers on this machine need no certificate's trust: they connect where the server listens.
    let local = match bind.ip() {
        ip if ip.is_unspecified() => format!("127.0.0.1:{}", bind.port()),
        _ => bind.to_string(),
    };
    match certificate {
        Some(files) => {
            let tls = tls::load(&files).await?;
            let loopback = local_door(&state).await?;
            jobs::spawn_local(&state, args.workers, &loopback)?;
            axum_server::from_tcp_rustls(listener, tls)?.handle(handle).serve(service).await?;
        }
        None => {
            jobs::spawn_local(&state, args.workers, &format!("http://{local}"))?;
            axum_server::from_tcp(listener)?.handle(handle).serve(service).await?;
        }
    }
    state.db.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// A plain door on loopback for local workers, where the public one speaks TLS with a certificate they may not trust.
async fn local_door(state: &State) -> anyhow::Result<String> {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let service = server::router(state.clone()).into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, service).await {
            tracing::error!(%error, "the local workers' door closed");
        }
    });
    Ok(format!("http://{address}"))
}

/// Which certificate to serve with, if this server speaks TLS itself.
fn certificate(args: &Serve, public_url: &str) -> anyhow::Result<Option<tls::Files>> {
    if let (Some(certificate), Some(key)) = (&args.certificate, &args.key) {
        anyhow::ensure!(public_url.starts_with("https:"), "a certificate needs --public-url https://…");
        return Ok(Some(tls::Files { certificate: certificate.clone(), key: key.clone() }));
    }
    if !public_url.starts_with("https:") || !args.trusted_proxies.is_empty() {
        return Ok(None);
    }
    std::fs::create_dir_all(&args.data.data)?;
    tls::self_signed(&args.data.data, tls::host(public_url)).map(Some)
}

/// The public address as origins are written: scheme, host, port; nothing behind.
fn check_url(url: &str) -> anyhow::Result<String> {
    let url = url.trim_end_matches('/');
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let is_origin = rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(['/', '?', '#', '@', ' ']));
    anyhow::ensure!(is_origin, "--public-url is scheme and host: https://cad.example or http://10.0.0.2:8080");
    let url = url.to_lowercase();
    // Browsers leave the scheme's own port out of an origin.
    let own = if url.starts_with("https:") { ":443" } else { ":80" };
    Ok(url.strip_suffix(own).unwrap_or(&url).to_owned())
}

#[expect(clippy::print_stdout, reason = "the address is what the person at the terminal waits for")]
fn announce(public_url: &str, bind: SocketAddr) {
    println!("Brunel is at {public_url}");
    if public_url.starts_with("http:") && !bind.ip().is_loopback() {
        println!(
            "Signing in works only on this machine: browsers keep no sign-in over plain HTTP. For others, start with --public-url https://<this host>."
        );
    }
}

async fn stop_when_told(handle: Handle<SocketAddr>) {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut terminate) => {
                tokio::select! {
                    _ = interrupt => {}
                    _ = terminate.recv() => {}
                }
            }
            Err(_) => drop(interrupt.await),
        }
    }
    #[cfg(not(unix))]
    drop(interrupt.await);
    tracing::info!("stopping");
    handle.graceful_shutdown(Some(GRACE));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_addresses_become_origins() {
        for (given, wanted) in [
            ("https://cad.example/", "https://cad.example"),
            ("https://CAD.example:443", "https://cad.example"),
            ("http://10.0.0.2:8080", "http://10.0.0.2:8080"),
        ] {
            assert_eq!(check_url(given).expect("an origin"), wanted);
        }
        for bad in ["cad.example", "https://", "https://a/b", "ftp://a", "https://user@a"] {
            assert!(check_url(bad).is_err(), "{bad}");
        }
    }
}
