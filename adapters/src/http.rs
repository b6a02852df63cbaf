//! The HTTP clients we speak to other systems with.

use std::sync::Once;

use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder};
use rustls::crypto::ring;

static CRYPTO: Once = Once::new();

/// A client for the system at `url`. It follows no redirect: who we show a key to is written in the settings. Without TLS
/// it needs no authorities, which a machine that never saw the internet may not have.
pub fn client(url: &str) -> ClientBuilder {
    CRYPTO.call_once(|| {
        let _another_is_there = ring::default_provider().install_default();
    });
    let builder = Client::builder().redirect(Policy::none());
    if url.trim_start().to_ascii_lowercase().starts_with("https:") { builder } else { builder.tls_certs_only([]) }
}

/// A client for what runs on this machine: no proxy stands between.
pub fn nearby() -> ClientBuilder {
    client("http:").no_proxy()
}
