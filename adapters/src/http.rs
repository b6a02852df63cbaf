//! The HTTP clients we speak to other systems with.

use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder};

/// A client for the system at `url`. It follows no redirect: who we show a key to is written in the settings. Without TLS
/// it needs no authorities, which a machine that never saw the internet may not have.
pub fn client(url: &str) -> ClientBuilder {
    let builder = Client::builder().redirect(Policy::none());
    if url.trim_start().to_ascii_lowercase().starts_with("https:") { builder } else { builder.tls_certs_only([]) }
}
