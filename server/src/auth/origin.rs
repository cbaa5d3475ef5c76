//! Where a request comes from: which page sent it, which address, over what.

use crate::config::Config;
use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Marks a request that the server makes to itself while rendering; nobody outside can set it.
#[derive(Clone, Copy)]
pub struct Internal;

/// Whether a request changes something or opens a socket, and so must come from our own page.
pub fn is_unsafe(method: &Method, headers: &HeaderMap) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) || headers.contains_key(header::UPGRADE)
}

/// Whether an unsafe request may pass: sent by our own page, or by a program that carries a token and no cookie.
///
/// Browsers send `Origin` with every unsafe request and every upgrade, and pages cannot forge it.
pub fn is_ours(config: &Config, headers: &HeaderMap) -> bool {
    if headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none") {
        return false;
    }
    match headers.get(header::ORIGIN) {
        Some(origin) => origin.to_str().is_ok_and(|origin| origins(config).any(|ours| ours == origin)),
        // No page, hence no foreign page: a program. A cookie without an origin is neither.
        None => headers.contains_key(header::AUTHORIZATION) && !headers.contains_key(header::COOKIE),
    }
}

/// The origins of our own page: the public one, and on loopback every name of this machine.
fn origins(config: &Config) -> impl Iterator<Item = String> {
    let port = config.bind.port();
    let local = config.bind.ip().is_loopback() && config.trusted_proxies.is_empty();
    let names = if local { &["localhost", "127.0.0.1", "[::1]"][..] } else { &[] };
    let scheme = if config.public_url.starts_with("https:") { "https" } else { "http" };
    std::iter::once(config.public_url.clone()).chain(names.iter().map(move |name| format!("{scheme}://{name}:{port}")))
}

/// The address of the one who asks: the peer's, or what a trusted proxy says.
pub fn address(config: &Config, parts: &Parts) -> IpAddr {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    // Without a peer the request was made in memory, by ourselves or a test.
    let peer = peer.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    if !config.trusted_proxies.contains(&peer) {
        return peer;
    }
    // From the right: the last entry that no trusted proxy wrote about itself. What is left of it can be forged.
    let forwarded = parts.headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let mut hops: Vec<IpAddr> =
        forwarded.flat_map(|line| line.split(',')).filter_map(|hop| hop.trim().parse().ok()).collect();
    while let Some(hop) = hops.pop() {
        if !config.trusted_proxies.contains(&hop) {
            return hop;
        }
    }
    peer
}

/// Why signing in cannot work the way this request came, if so: browsers keep a `Secure` cookie only over HTTPS or on
/// this very machine.
pub fn insecure(config: &Config, headers: &HeaderMap) -> Option<String> {
    if config.public_url.starts_with("https:") {
        return None;
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let name =
        host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit())).map_or(host, |(n, _)| n);
    let is_local = name == "localhost" || name.ends_with(".localhost") || name == "[::1]" || {
        name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    };
    (!is_local).then(|| {
        format!(
            "This page came over plain HTTP from {name}. Browsers refuse to keep a sign-in there, because anyone on the way \
             could copy it. Start the server with --public-url https://{name} (it makes a certificate by itself), or open it \
             on the machine it runs on as http://localhost:{}.",
            config.bind.port()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(k, v)| (k.parse().expect("a name"), v.parse().expect("a value"))).collect()
    }

    #[test]
    fn only_our_own_page_may_change_things() {
        let mut config = Config::local(Path::new("data"));
        let ours = |config: &Config, pairs: &[(&'static str, &str)]| is_ours(config, &headers(pairs));
        assert!(ours(&config, &[("origin", "http://localhost:8080"), ("cookie", "x=y")]));
        assert!(ours(&config, &[("origin", "http://127.0.0.1:8080")]));
        assert!(!ours(&config, &[("origin", "http://localhost:9090")]));
        assert!(!ours(&config, &[("origin", "null")]));
        assert!(!ours(&config, &[("origin", "http://localhost:8080"), ("sec-fetch-site", "same-site")]));
        assert!(!ours(&config, &[("cookie", "x=y")]), "a cookie without an origin");
        assert!(!ours(&config, &[("cookie", "x=y"), ("authorization", "Bearer t")]));
        assert!(ours(&config, &[("authorization", "Bearer t")]));
        config.bind = "0.0.0.0:443".parse().expect("an address");
        config.public_url = "https://cad.example".to_owned();
        assert!(ours(&config, &[("origin", "https://cad.example")]));
        assert!(!ours(&config, &[("origin", "https://cad.example.evil")]));
        assert!(!ours(&config, &[("origin", "http://localhost:443")]));
    }

    #[test]
    fn the_login_page_knows_when_it_cannot_work() {
        let config = Config::local(Path::new("data"));
        for host in ["localhost:8080", "127.0.0.1:8080", "[::1]:8080", "brunel.localhost"] {
            assert_eq!(insecure(&config, &headers(&[("host", host)])), None, "{host}");
        }
        assert!(
            insecure(&config, &headers(&[("host", "192.168.1.7:8080")]))
                .is_some_and(|why| why.contains("--public-url"))
        );
    }

    #[test]
    fn a_forwarded_address_counts_only_from_a_trusted_proxy() {
        let mut config = Config::local(Path::new("data"));
        let mut request = axum::http::Request::new(());
        request.headers_mut().insert("x-forwarded-for", "6.6.6.6, 9.9.9.9".parse().expect("a value"));
        let (mut parts, ()) = request.into_parts();
        parts.extensions.insert(ConnectInfo(SocketAddr::from(([10, 0, 0, 1], 1))));
        assert_eq!(address(&config, &parts).to_string(), "10.0.0.1");
        config.trusted_proxies = vec!["10.0.0.1".parse().expect("an address")];
        assert_eq!(address(&config, &parts).to_string(), "9.9.9.9", "not what the client wrote in front");
    }
}
