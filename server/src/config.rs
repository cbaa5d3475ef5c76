//! How `serve` was started.

use anyhow::Context as _;
use app::api::auth::SignUpPolicy;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

/// The settings of a running server.
#[derive(Clone, Debug)]
pub struct Config {
    /// Folder of the database, the blobs and the keys.
    pub data: PathBuf,
    pub bind: SocketAddr,
    /// Scheme, host and port under which people reach the server, without a slash at the end.
    pub public_url: String,
    /// Addresses whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Who may sign up until an administrator decides otherwise.
    pub sign_up: SignUpPolicy,
    /// Puts the demo project into the first organisation.
    pub seed_demo: bool,
    /// Folder of the web assets, with their `manifest.json`.
    pub assets: PathBuf,
    /// Argon2id passes; only tests lower it.
    pub password_cost: PasswordCost,
}

/// Argon2id's memory, KiB, and passes. The default is OWASP's first recommendation for Argon2id (2023).
#[derive(Clone, Copy, Debug)]
pub struct PasswordCost {
    pub memory_kib: u32,
    pub passes: u32,
}

impl Default for PasswordCost {
    fn default() -> Self {
        Self { memory_kib: 19 * 1024, passes: 2 }
    }
}

impl Config {
    /// Settings for a server on loopback with its data in `data`.
    pub fn local(data: &Path) -> Self {
        Self {
            data: data.to_owned(),
            bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            public_url: "http://localhost:8080".to_owned(),
            trusted_proxies: Vec::new(),
            sign_up: SignUpPolicy::Invitation,
            seed_demo: true,
            assets: PathBuf::from("target/web/release"),
            password_cost: PasswordCost::default(),
        }
    }

    pub fn database(&self) -> PathBuf {
        self.data.join("brunel.sqlite")
    }

    pub fn blobs(&self) -> PathBuf {
        self.data.join("blobs")
    }

    /// File of the secret with which workers sign in.
    pub fn worker_token_file(&self) -> PathBuf {
        self.data.join("worker.token")
    }

    /// The workers' secret, made on first use and readable by the owner only.
    ///
    /// # Errors
    /// When the file can be neither read nor written.
    pub fn worker_token(&self) -> anyhow::Result<String> {
        let path = self.worker_token_file();
        match std::fs::read_to_string(&path) {
            Ok(token) if token.trim().len() >= 32 => Ok(token.trim().to_owned()),
            _ => {
                let token = crate::id::secret();
                write_private(&path, token.as_bytes()).with_context(|| format!("cannot write {}", path.display()))?;
                Ok(token)
            }
        }
    }
}

/// Writes a file that only its owner can read.
///
/// # Errors
/// As [`std::fs::write`].
pub fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
