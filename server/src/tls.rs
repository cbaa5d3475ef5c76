//! Certificates: one's own, or a self-signed one made on first start.

use crate::config::write_private;
use anyhow::Context as _;
use axum_server::tls_rustls::RustlsConfig;
use std::path::{Path, PathBuf};

/// Files of a certificate (chain) and its key, PEM.
#[derive(Clone, Debug)]
pub struct Files {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// The self-signed certificate for `host` in `data/tls`, made when it is not there or made for another host.
///
/// # Errors
/// When it cannot be made or written.
pub fn self_signed(data: &Path, host: &str) -> anyhow::Result<Files> {
    let folder = data.join("tls");
    let files = Files { certificate: folder.join("certificate.pem"), key: folder.join("key.pem") };
    let note = folder.join("host");
    let is_there = files.certificate.exists() && files.key.exists();
    if is_there && std::fs::read_to_string(&note).is_ok_and(|made_for| made_for == host) {
        return Ok(files);
    }
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let mut names = vec![host.to_owned()];
    names.extend(["localhost", "127.0.0.1", "::1"].map(str::to_owned).into_iter().filter(|name| name != host));
    let made = rcgen::generate_simple_self_signed(names).context("cannot make a certificate")?;
    write_private(&files.key, made.signing_key.serialize_pem().as_bytes())?;
    std::fs::write(&files.certificate, made.cert.pem())?;
    std::fs::write(&note, host)?;
    tracing::info!("made a self-signed certificate for {host}: {}", files.certificate.display());
    Ok(files)
}

/// Reads a certificate and its key for serving.
///
/// # Errors
/// When they do not fit together or cannot be read.
pub async fn load(files: &Files) -> anyhow::Result<RustlsConfig> {
    // Refused only when a provider is installed already, which is just as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    RustlsConfig::from_pem_file(&files.certificate, &files.key).await.with_context(|| {
        format!("cannot use the certificate {} with the key {}", files.certificate.display(), files.key.display())
    })
}

/// Host of an address such as `https://cad.example:8443`, without brackets.
pub fn host(public_url: &str) -> &str {
    let rest = public_url.split_once("://").map_or(public_url, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or(rest);
    if let Some((v6, _)) = authority.strip_prefix('[').and_then(|inside| inside.split_once(']')) {
        return v6;
    }
    authority.split(':').next().unwrap_or(authority)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_found() {
        for (url, wanted) in [
            ("https://cad.example", "cad.example"),
            ("https://cad.example:8443/x", "cad.example"),
            ("https://[::1]:8443", "::1"),
            ("http://10.0.0.2:80", "10.0.0.2"),
        ] {
            assert_eq!(host(url), wanted);
        }
    }

    #[tokio::test]
    async fn a_certificate_is_made_once_and_again_for_another_host() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let files = self_signed(folder.path(), "cad.example").expect("made");
        let first = std::fs::read(&files.certificate).expect("read");
        self_signed(folder.path(), "cad.example").expect("kept");
        assert_eq!(std::fs::read(&files.certificate).expect("read"), first);
        self_signed(folder.path(), "10.0.0.2").expect("made again");
        assert_ne!(std::fs::read(&files.certificate).expect("read"), first);
        load(&files).await.expect("usable");
    }
}
